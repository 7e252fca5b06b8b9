//! Any order of what can happen to a journal, beside the plainest thing that could be one: a list, and how far it was
//! delivered.

use std::sync::Arc;

use amberglass_domain::{device_key::DeviceKey, ports::Clock as _};
use amberglass_testkit::SeededEntropy;
use amberglass_wire::{SessionId, UnixMillis, audit::EventBody, event_stream::ChainHead, problem::ErrorCode};
use proptest::prelude::*;

use super::{
    Desk, note,
    server::{Fault, Server, signer},
};
use crate::{Journal, JournalKey, SyncOutcome, Syncer};

#[derive(Debug, Clone)]
enum Step {
    /// So many, at the same time.
    Append(usize),
    /// One attempt at delivery.
    Attempt(Option<Trouble>),
    /// The power goes: only what the disk has by then is there afterwards.
    PowerCut,
    Reopen,
    /// What was delivered goes: bodies, or whole records as well.
    Tidy {
        records: bool,
    },
    /// The bodies are encrypted with another key from here on.
    ChangeKey,
    /// Somebody asks for what is held to be tried again.
    RetryHeld,
    /// The server is put back by so many records.
    ServerForgets(usize),
    /// The server calls the next record invalid, or takes everything again.
    ServerRejects(bool),
}

#[derive(Debug, Clone, Copy)]
enum Trouble {
    Unreachable,
    AnswerLost,
    TooLarge,
    Busy,
    NotOurs,
    SignInFirst,
    /// It answers with a record that nobody wrote.
    Lies,
}

impl Trouble {
    fn fault(self) -> Fault {
        match self {
            Self::Unreachable => Fault::Unreachable,
            Self::AnswerLost => Fault::AnswerLost,
            Self::TooLarge => Fault::Refused(ErrorCode::PayloadTooLarge),
            Self::Busy => Fault::NotOurs { status: 503, retry_after_seconds: Some(3) },
            Self::NotOurs => Fault::NotOurs { status: 200, retry_after_seconds: None },
            Self::SignInFirst => Fault::Refused(ErrorCode::DeviceRefused),
            Self::Lies => Fault::Claims(ChainHead { seq: 1, hash: "f".repeat(64) }),
        }
    }
}

fn trouble() -> impl Strategy<Value = Trouble> {
    use Trouble::*;
    prop::sample::select(vec![Unreachable, AnswerLost, TooLarge, Busy, NotOurs, SignInFirst, Lies])
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..6_usize).prop_map(Step::Append),
        6 => prop::option::of(trouble()).prop_map(Step::Attempt),
        1 => Just(Step::PowerCut),
        1 => Just(Step::Reopen),
        2 => any::<bool>().prop_map(|records| Step::Tidy { records }),
        1 => Just(Step::ChangeKey),
        2 => Just(Step::RetryHeld),
        1 => (1..8_usize).prop_map(Step::ServerForgets),
        2 => any::<bool>().prop_map(Step::ServerRejects),
    ]
}

/// The list, and how far it was delivered as far as the journal knows.
#[derive(Default)]
struct Model {
    bodies: Vec<String>,
    hashes: Vec<String>,
    delivered: usize,
    /// Bodies, and records, that are no longer kept.
    erased: usize,
    retired: usize,
    held: bool,
}

struct Scene {
    desk: Desk,
    journal: Journal,
    server: Arc<Server>,
    device_key: Arc<DeviceKey>,
    syncer: Syncer,
    model: Model,
}

fn syncer(desk: &Desk, journal: &Journal, server: &Arc<Server>, device_key: &Arc<DeviceKey>) -> Syncer {
    let entropy = Arc::new(SeededEntropy::new(4));
    Syncer::new(journal.clone(), server.clone(), device_key.clone(), Arc::new(desk.clock.clone()), entropy)
}

impl Scene {
    async fn new() -> Self {
        let desk = Desk::new();
        let journal = desk.open().await;
        let device_key = Arc::new(DeviceKey::generate(&SeededEntropy::new(9)));
        let server = Arc::new(Server::new(device_key.public_key()));
        server.state().own = Some(ChainHead { seq: 3, hash: "a".repeat(64) });
        let syncer = syncer(&desk, &journal, &server, &device_key);
        let mut scene = Self { desk, journal, server, device_key, syncer, model: Model::default() };
        scene.journal.trust(vec![signer().verifier_key()]).await.unwrap();
        scene.take_in().await;
        scene
    }

    /// What the journal has said of itself stands in the list as well.
    async fn take_in(&mut self) {
        let head = self.journal.status().borrow().head.seq;
        for seq in self.model.bodies.len() as i64 + 1..=head {
            let record = self.journal.record_at(seq).await.unwrap().unwrap();
            self.model.bodies.push(record.body);
            self.model.hashes.push(record.hash);
        }
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Append(count) => self.append(count).await,
            Step::Attempt(trouble) => {
                self.server.fails_with(trouble.map(Trouble::fault));
                self.attempt().await;
                self.server.state().faults.clear();
            }
            Step::PowerCut => {
                let after = self.desk.like();
                for name in ["journal.db", "journal.db-wal"] {
                    let from = self.desk.folder.path().join(name);
                    if from.exists() {
                        std::fs::copy(from, after.folder.path().join(name)).unwrap();
                    }
                }
                self.go_on_at(after).await;
            }
            Step::Reopen => {
                self.journal.clone().close().await;
                self.journal = self.desk.open().await;
                self.syncer = syncer(&self.desk, &self.journal, &self.server, &self.device_key);
            }
            // What a server has lost meanwhile comes to light first.
            Step::Tidy { .. } if self.server.state().held.len() < self.model.delivered => {}
            Step::Tidy { records } => {
                let (now, long_ago) = (self.desk.clock.now().plus_millis(1), UnixMillis(0));
                let tidied = self.journal.tidy(now, if records { now } else { long_ago }).await.unwrap();
                let before = self.model.delivered;
                assert!(tidied.erased_through as usize <= before, "what was not delivered is kept");
                self.model.erased = self.model.erased.max(tidied.erased_through as usize);
                self.model.retired = self.model.retired.max(tidied.retired_through as usize);
            }
            Step::ChangeKey => {
                let key = JournalKey::generate(&amberglass_system::OsEntropy);
                self.journal.rotate_key(key.clone()).await.unwrap();
                self.desk.keys = vec![key];
            }
            Step::RetryHeld => {
                self.journal.retry_held().await.unwrap();
                self.model.held = false;
            }
            Step::ServerForgets(count) => {
                let mut state = self.server.state();
                // What is no longer here can't be sent again.
                let left = state.held.len().saturating_sub(count).max(self.model.erased.min(state.held.len()));
                state.held.truncate(left);
            }
            Step::ServerRejects(rejects) => {
                let mut state = self.server.state();
                let next = state.held.len() as i64 + 1;
                state.rejects = rejects.then_some(next);
            }
        }
    }

    async fn go_on_at(&mut self, desk: Desk) {
        self.journal = desk.open().await;
        self.syncer = syncer(&desk, &self.journal, &self.server, &self.device_key);
        self.desk = desk;
    }

    async fn append(&mut self, count: usize) {
        let first = self.model.bodies.len();
        let bodies: Vec<EventBody> = (0..count).map(|n| note(&format!("note {}", first + n))).collect();
        let appended =
            futures_util::future::join_all(bodies.iter().map(|body| self.journal.append(body.clone()))).await;
        let mut appended: Vec<_> =
            appended.into_iter().map(Result::unwrap).zip(bodies).map(|(at, body)| (at.seq, at.hash, body)).collect();
        appended.sort_by_key(|(seq, _, _)| *seq);
        for (seq, hash, body) in appended {
            assert_eq!(seq, self.model.bodies.len() as i64 + 1);
            self.model.bodies.push(serde_json::to_string(&body).unwrap());
            self.model.hashes.push(hash);
        }
    }

    async fn attempt(&mut self) {
        match self.syncer.sync_once().await {
            SyncOutcome::Delivered { records } => self.model.delivered += records as usize,
            SyncOutcome::Resumed { after } => self.model.delivered = after as usize,
            SyncOutcome::Held { .. } => self.model.held = true,
            SyncOutcome::Idle => assert_eq!(self.model.delivered, self.model.bodies.len(), "idle with work to do"),
            SyncOutcome::Split | SyncOutcome::Wait { .. } | SyncOutcome::Retry | SyncOutcome::SignInFirst => {}
            SyncOutcome::JournalFailed(error) => panic!("{error}"),
        }
    }

    async fn compare(&mut self) {
        self.take_in().await;
        let Model { bodies, hashes, delivered, erased, retired, held } = &self.model;
        let status = self.journal.status().borrow().clone();
        assert_eq!(status.head.seq, bodies.len() as i64);
        assert_eq!(status.head.hash, hashes.last().cloned().unwrap_or_default());
        assert_eq!(status.waiting, (bodies.len() - delivered) as u64, "waiting");
        assert_eq!((status.held > 0, status.hold.is_some()), (*held, *held), "held");
        assert_eq!(status.oldest_at.is_some(), *delivered < bodies.len());
        let unsent = self.journal.unsent_of(&SessionId::new("session-1")).await.unwrap();
        let unsent: Vec<&String> = unsent.iter().map(|record| &record.body).collect();
        let notes = bodies[*delivered..].iter().filter(|body| body.contains("session-1"));
        assert_eq!(unsent, notes.collect::<Vec<_>>());
        for (place, body) in bodies.iter().enumerate() {
            let kept = self.journal.record_at(place as i64 + 1).await.unwrap();
            match kept {
                None => assert!(place < *retired, "record {} is gone", place + 1),
                Some(record) => {
                    assert!(place >= *retired, "record {} is still there", place + 1);
                    let expected = if place < *erased { "" } else { body.as_str() };
                    assert_eq!((record.body.as_str(), &record.hash), (expected, &hashes[place]));
                }
            }
        }
        self.compare_server();
    }

    /// What the server holds is a beginning of the list, nothing twice and nothing in another order.
    fn compare_server(&self) {
        let state = self.server.state();
        for (place, record) in state.held.iter().enumerate() {
            assert_eq!(record.seq, place as i64 + 1);
            assert_eq!((&record.body, &record.hash), (&self.model.bodies[place], &self.model.hashes[place]));
        }
    }

    /// All troubles end; then everything arrives.
    async fn settle(&mut self) {
        self.server.state().rejects = None;
        self.take_in().await;
        // What a server has lost comes to light with the next record.
        self.append(1).await;
        self.journal.retry_held().await.unwrap();
        self.model.held = false;
        for _ in 0..200 {
            self.take_in().await;
            if self.server.state().held.len() == self.model.bodies.len()
                && self.model.delivered == self.model.bodies.len()
            {
                break;
            }
            self.attempt().await;
        }
        assert_eq!(self.server.state().held.len(), self.model.bodies.len(), "not everything arrived");
        self.compare_server();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_in_whatever_order_the_journal_is_the_list(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut scene = Scene::new().await;
            for step in steps {
                scene.step(step).await;
                scene.compare().await;
            }
            scene.settle().await;
        });
    }
}

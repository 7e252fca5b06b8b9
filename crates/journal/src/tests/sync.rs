//! Delivery against a server that loses answers, forgets, refuses and lies.

use std::sync::Arc;

use amberglass_domain::{device_key::DeviceKey, ports::Clock as _};
use amberglass_testkit::{SeededEntropy, wait_until};
use amberglass_wire::{event_stream::ChainHead, problem::ErrorCode};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{
    Desk, LIMIT, append_many, note, raw,
    server::{Fault, Server},
};
use crate::{HoldReason, Journal, NextAttempt, SyncOutcome, Syncer};

struct Scene {
    desk: Desk,
    journal: Journal,
    server: Arc<Server>,
    device_key: Arc<DeviceKey>,
}

impl Scene {
    async fn new(records: usize) -> Self {
        let desk = Desk::new();
        let journal = desk.open().await;
        append_many(&journal, records).await;
        let device_key = Arc::new(DeviceKey::generate(&SeededEntropy::new(9)));
        let server = Arc::new(Server::new(device_key.public_key()));
        Self { desk, journal, server, device_key }
    }

    fn syncer(&self) -> Syncer {
        let entropy = Arc::new(SeededEntropy::new(4));
        let clock = Arc::new(self.desk.clock.clone());
        Syncer::new(self.journal.clone(), self.server.clone(), self.device_key.clone(), clock, entropy)
    }

    /// Attempts until nothing can be done at once, at most so many.
    async fn drain(&self, syncer: &mut Syncer) -> SyncOutcome {
        for _ in 0..50 {
            let outcome = syncer.sync_once().await;
            if !matches!(outcome, SyncOutcome::Delivered { .. } | SyncOutcome::Split | SyncOutcome::Resumed { .. }) {
                return outcome;
            }
        }
        panic!("delivery goes in circles: {:?}", self.server.state().batches);
    }

    fn waiting(&self) -> u64 {
        self.journal.status().borrow().waiting
    }

    async fn all_arrived(&self, count: i64) {
        wait_until("all records at the server", LIMIT, || async {
            (self.server.seqs().len() as i64 == count).then_some(())
        })
        .await;
        assert_eq!(self.server.seqs(), (1..=count).collect::<Vec<i64>>());
    }

    async fn attempts(&self, count: usize) {
        wait_until("attempts", LIMIT, || async { (self.server.state().batches.len() >= count).then_some(()) }).await;
    }

    /// A syncer at work; ends with the guard.
    fn run(&self, nudge: &Arc<Notify>) -> tokio_util::sync::DropGuard {
        let stop = CancellationToken::new();
        tokio::spawn(self.syncer().run(nudge.clone(), stop.clone()));
        stop.drop_guard()
    }
}

#[tokio::test]
async fn records_arrive_in_order_in_bounded_batches() {
    let scene = Scene::new(600).await;
    let mut syncer = scene.syncer();
    assert!(matches!(syncer.sync_once().await, SyncOutcome::Delivered { records: 256 }));
    assert!(matches!(scene.drain(&mut syncer).await, SyncOutcome::Idle));
    scene.all_arrived(600).await;
    assert_eq!(scene.server.state().batches, [256, 256, 88]);
    let status = scene.journal.status().borrow().clone();
    assert_eq!((status.waiting, status.oldest_at, status.held), (0, None, 0));
    assert_eq!(status.last_synced_at, Some(amberglass_domain::ports::Clock::now(&scene.desk.clock)));
    // Also for the next start.
    scene.journal.clone().close().await;
    assert_eq!(*scene.desk.open().await.status().borrow(), status);
}

#[tokio::test]
async fn large_records_make_small_batches() {
    let scene = Scene::new(0).await;
    for _ in 0..5 {
        scene.journal.append(note(&"x".repeat(100 * 1024))).await.unwrap();
    }
    scene.journal.append(note(&"x".repeat(300 * 1024))).await.unwrap();
    assert!(matches!(scene.drain(&mut scene.syncer()).await, SyncOutcome::Idle));
    scene.all_arrived(6).await;
    assert_eq!(scene.server.state().batches, [2, 2, 1, 1]);
}

#[tokio::test]
async fn an_answer_lost_after_the_commit_makes_no_duplicate() {
    let scene = Scene::new(5).await;
    scene.server.fails_with([Fault::AnswerLost]);
    let mut syncer = scene.syncer();
    assert!(matches!(syncer.sync_once().await, SyncOutcome::Retry));
    assert_eq!(scene.waiting(), 5);
    append_many(&scene.journal, 2).await;
    assert!(matches!(scene.drain(&mut syncer).await, SyncOutcome::Idle));
    scene.all_arrived(7).await;
    assert_eq!(scene.server.state().batches, [5, 7]);
}

#[tokio::test]
async fn a_batch_that_is_too_large_is_halved_until_it_fits() {
    let scene = Scene::new(100).await;
    scene.server.state().max_records = Some(30);
    assert!(matches!(scene.drain(&mut scene.syncer()).await, SyncOutcome::Idle));
    scene.all_arrived(100).await;
    assert!(scene.server.state().batches.starts_with(&[100, 50, 25]), "{:?}", scene.server.state().batches);
}

#[tokio::test]
async fn a_record_too_large_even_alone_is_held_until_retry_is_asked_also_over_a_restart() {
    let mut scene = Scene::new(3).await;
    scene.server.state().max_records = Some(0);
    assert!(matches!(scene.drain(&mut scene.syncer()).await, SyncOutcome::Held { reason: HoldReason::TooLarge }));
    scene.journal.clone().close().await;
    scene.journal = scene.desk.open().await;
    scene.server.state().max_records = None;
    let status = scene.journal.status().borrow().clone();
    assert_eq!((status.waiting, status.held, status.hold), (3, 1, Some(HoldReason::TooLarge)));
    let asked = scene.server.state().batches.len();
    assert!(matches!(scene.syncer().sync_once().await, SyncOutcome::Held { reason: HoldReason::TooLarge }));
    assert_eq!(scene.server.state().batches.len(), asked);
    let nudge = Arc::new(Notify::new());
    let _running = scene.run(&nudge);
    scene.journal.retry_held().await.unwrap();
    scene.all_arrived(3).await;
    wait_until("an empty queue", LIMIT, || async { (scene.waiting() == 0).then_some(()) }).await;
    assert_eq!(scene.journal.status().borrow().held, 0);
}

#[tokio::test]
async fn a_record_that_is_never_accepted_stops_delivery_before_itself_only() {
    let scene = Scene::new(40).await;
    scene.server.state().rejects = Some(23);
    assert!(matches!(scene.drain(&mut scene.syncer()).await, SyncOutcome::Held { reason: HoldReason::Rejected }));
    scene.all_arrived(22).await;
    assert_eq!(scene.waiting(), 18);
    let mut raw = scene.desk.raw().await;
    let delivery: (i64, String) =
        sqlx::query_as("select through, held_reason from delivery").fetch_one(&mut raw).await.unwrap();
    assert_eq!(delivery, (22, "rejected".to_owned()));
}

#[tokio::test]
async fn a_server_that_lost_records_gets_them_again() {
    let scene = Scene::new(10).await;
    let mut syncer = scene.syncer();
    scene.drain(&mut syncer).await;
    scene.server.state().held.truncate(6);
    append_many(&scene.journal, 1).await;
    assert!(matches!(syncer.sync_once().await, SyncOutcome::Resumed { after: 6 }));
    assert_eq!(scene.waiting(), 6, "four lost ones, the new one, and what says that they were lost");
    assert!(matches!(scene.drain(&mut syncer).await, SyncOutcome::Idle));
    scene.all_arrived(12).await;
    scene.server.state().held.clear();
    append_many(&scene.journal, 1).await;
    assert!(matches!(scene.drain(&mut syncer).await, SyncOutcome::Idle));
    scene.all_arrived(14).await;
    let said: Vec<String> = scene.server.state().held.iter().map(|record| record.kind.clone()).collect();
    assert_eq!(said.iter().filter(|kind| *kind == "server_contradicted").count(), 2);
}

#[tokio::test]
async fn a_server_that_holds_something_else_is_not_believed() {
    let hash = |digit: &str| digit.repeat(64);
    for claim in [
        ChainHead { seq: 4, hash: hash("a") },
        ChainHead { seq: 2, hash: hash("b") },
        // More than this journal has: somebody set it back, or writes under its name.
        ChainHead { seq: 9, hash: hash("c") },
        ChainHead { seq: 0, hash: hash("d") },
    ] {
        let scene = Scene::new(4).await;
        scene.server.fails_with([Fault::Claims(claim.clone())]);
        let outcome = scene.syncer().sync_once().await;
        assert!(matches!(outcome, SyncOutcome::Held { reason: HoldReason::Fork }), "{claim:?}: {outcome:?}");
        let status = scene.journal.status().borrow().clone();
        assert_eq!((status.waiting, status.held, status.last_synced_at), (4, 1, None), "{claim:?}");
    }
    let scene = Scene::new(4).await;
    scene.server.fails_with([Fault::Refused(ErrorCode::JournalFork)]);
    assert!(matches!(scene.syncer().sync_once().await, SyncOutcome::Held { reason: HoldReason::Fork }));
}

#[tokio::test]
async fn a_server_that_takes_nothing_is_not_asked_in_a_circle() {
    let scene = Scene::new(2).await;
    scene.server.fails_with([Fault::Refused(ErrorCode::JournalGap)]);
    assert!(matches!(scene.syncer().sync_once().await, SyncOutcome::Retry));
    assert_eq!(scene.waiting(), 2);
}

#[tokio::test]
async fn a_record_changed_before_it_was_sent_is_held_and_what_stands_before_it_arrives() {
    let scene = Scene::new(5).await;
    let mut raw = scene.desk.raw().await;
    for statement in ["drop trigger records_stay", "update records set sealed = substr(sealed, 2) where seq = 4"] {
        sqlx::query(statement).execute(&mut raw).await.unwrap();
    }
    assert!(matches!(scene.drain(&mut scene.syncer()).await, SyncOutcome::Held { reason: HoldReason::Unreadable }));
    scene.all_arrived(3).await;
    assert_eq!(scene.waiting(), 2);
}

#[tokio::test]
async fn an_append_wakes_an_idle_syncer() {
    let scene = Scene::new(0).await;
    let _running = scene.run(&Arc::new(Notify::new()));
    append_many(&scene.journal, 1).await;
    scene.all_arrived(1).await;
    append_many(&scene.journal, 1).await;
    scene.all_arrived(2).await;
}

#[tokio::test]
async fn the_pause_a_server_asks_for_is_kept_whatever_happens() {
    let scene = Scene::new(1).await;
    scene.server.fails_with([Fault::NotOurs { status: 429, retry_after_seconds: Some(17) }]);
    let nudge = Arc::new(Notify::new());
    let _running = scene.run(&nudge);
    scene.attempts(1).await;
    append_many(&scene.journal, 1).await;
    nudge.notify_one();
    scene.desk.clock.advance_millis(16_900);
    // Whatever would wake it wrongly has had its turn when this append returned.
    append_many(&scene.journal, 1).await;
    assert_eq!(scene.server.state().batches.len(), 1);
    wait_until("the pause to end", LIMIT, || async {
        scene.desk.clock.advance_millis(100);
        (!scene.server.seqs().is_empty()).then_some(())
    })
    .await;
    scene.all_arrived(3).await;
}

#[tokio::test]
async fn an_unreachable_server_is_asked_less_and_less_often_and_at_once_after_a_nudge() {
    let scene = Scene::new(1).await;
    scene.server.fails_with(vec![Fault::Unreachable; 9]);
    let nudge = Arc::new(Notify::new());
    let _running = scene.run(&nudge);
    scene.attempts(1).await;
    // The pauses lie between half and all of 1, 2, 4 ... 60 s.
    for (attempt, longest) in [(2, 1_000), (3, 2_000), (4, 4_000), (5, 8_000), (6, 16_000), (7, 32_000), (8, 60_000)] {
        let mut waited = 0;
        wait_until("the next attempt", LIMIT, || {
            let seen = scene.server.state().batches.len();
            if seen < attempt {
                scene.desk.clock.advance_millis(longest / 20);
                waited += longest / 20;
            }
            async move { (seen >= attempt).then_some(()) }
        })
        .await;
        // A step or two may pass before the syncer sees the last one.
        assert!((longest / 2..=longest * 3 / 2).contains(&waited), "{waited} of {longest} before attempt {attempt}");
    }
    nudge.notify_one();
    scene.attempts(9).await;
    let file = scene.desk.file();
    wait_until("the attempts on record", LIMIT, || async {
        let attempts = sqlx::query_scalar("select attempts from delivery").fetch_one(&mut raw(&file).await).await;
        (attempts.unwrap_or(0_i64) == 9).then_some(())
    })
    .await;
    nudge.notify_one();
    scene.all_arrived(1).await;
    wait_until("an empty queue", LIMIT, || async { (scene.waiting() == 0).then_some(()) }).await;
}

#[tokio::test]
async fn what_comes_next_is_told_after_each_attempt() {
    let scene = Scene::new(1).await;
    scene.server.fails_with([
        Fault::NotOurs { status: 429, retry_after_seconds: Some(17) },
        Fault::Unreachable,
        Fault::Refused(ErrorCode::DeviceRefused),
    ]);
    let syncer = scene.syncer();
    let mut progress = syncer.progress();
    assert_eq!((progress.borrow().attempts, progress.borrow().next), (0, NextAttempt::AtOnce));
    let nudge = Arc::new(Notify::new());
    tokio::spawn(syncer.run(nudge.clone(), CancellationToken::new()));
    let now = scene.desk.clock.monotonic_millis();
    let told = progress.wait_for(|progress| progress.attempts == 1).await.unwrap().clone();
    assert!(matches!(told.outcome, Some(SyncOutcome::Wait { seconds: 17 })), "{told:?}");
    assert_eq!(told.next, NextAttempt::NotBefore { monotonic_millis: now + 17_000 });
    scene.desk.clock.advance_millis(17_000);
    let told = progress.wait_for(|progress| progress.attempts == 2).await.unwrap().clone();
    assert!(matches!(told.outcome, Some(SyncOutcome::Retry)), "{told:?}");
    let NextAttempt::At { monotonic_millis } = told.next else { panic!("{told:?}") };
    assert!((500..=1_000).contains(&(monotonic_millis - now - 17_000)), "{monotonic_millis}");
    nudge.notify_one();
    let told = progress.wait_for(|progress| progress.attempts == 3).await.unwrap().clone();
    assert!(matches!(told.outcome, Some(SyncOutcome::SignInFirst)), "{told:?}");
    nudge.notify_one();
    let told = progress.wait_for(|progress| progress.next == NextAttempt::WithWork).await.unwrap().clone();
    assert!(matches!(told.outcome, Some(SyncOutcome::Idle)), "{told:?}");
}

#[tokio::test]
async fn a_device_that_is_not_accepted_waits_for_a_sign_in() {
    let scene = Scene::new(1).await;
    scene.server.fails_with([Fault::Refused(ErrorCode::DeviceRefused)]);
    let nudge = Arc::new(Notify::new());
    let _running = scene.run(&nudge);
    scene.attempts(1).await;
    nudge.notify_one();
    scene.all_arrived(1).await;
}

#[tokio::test]
async fn the_syncer_ends_when_it_is_stopped_and_when_the_journal_is_closed() {
    let scene = Scene::new(0).await;
    let stop = CancellationToken::new();
    let stopped = tokio::spawn(scene.syncer().run(Arc::new(Notify::new()), stop.clone()));
    stop.cancel();
    tokio::time::timeout(LIMIT, stopped).await.unwrap().unwrap();
    let closed = tokio::spawn(scene.syncer().run(Arc::new(Notify::new()), CancellationToken::new()));
    scene.journal.clone().close().await;
    tokio::time::timeout(LIMIT, closed).await.unwrap().unwrap();
}

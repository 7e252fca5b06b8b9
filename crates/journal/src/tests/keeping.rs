//! Keys that change, what is no longer kept, what servers have signed, and who else can read the file.

use std::sync::Arc;

use amberglass_domain::{chain, device_key::DeviceKey, ports::Clock as _, recovery::RecoverySecret};
use amberglass_testkit::SeededEntropy;
use amberglass_wire::{
    SessionId,
    audit::{Contradiction, EventBody, EventDetail},
    event_stream::ChainHead,
};

use super::{
    Desk, append_many, note,
    server::{Server, signer},
};
use crate::{Journal, JournalError, JournalKey, Recovery, SyncOutcome, Syncer, Tidied};

const DAY: i64 = 24 * 60 * 60 * 1000;

/// A journal whose server signs what it holds.
struct Scene {
    desk: Desk,
    journal: Journal,
    server: Arc<Server>,
    device_key: Arc<DeviceKey>,
}

impl Scene {
    async fn new() -> Self {
        let desk = Desk::new();
        let journal = desk.open().await;
        let device_key = Arc::new(DeviceKey::generate(&SeededEntropy::new(9)));
        let server = Arc::new(Server::new(device_key.public_key()));
        Self { desk, journal, server, device_key }
    }

    async fn deliver(&self) {
        let (clock, entropy) = (Arc::new(self.desk.clock.clone()), Arc::new(SeededEntropy::new(4)));
        let mut syncer =
            Syncer::new(self.journal.clone(), self.server.clone(), self.device_key.clone(), clock, entropy);
        while !matches!(syncer.sync_once().await, SyncOutcome::Idle) {}
    }

    fn server_is_at(&self, seq: i64, letter: &str) {
        self.server.state().own = Some(ChainHead { seq, hash: letter.repeat(64) });
    }

    fn arrived(&self) -> Vec<EventDetail> {
        let state = self.server.state();
        state.held.iter().map(|record| serde_json::from_str::<EventBody>(&record.body).unwrap().detail).collect()
    }

    async fn reopen(&mut self) {
        self.journal.clone().close().await;
        self.journal = self.desk.open().await;
    }

    async fn in_days(&self, erase: i64, retire: i64) -> Tidied {
        let now = self.desk.clock.now();
        self.journal.tidy(now.plus_millis(-erase * DAY), now.plus_millis(-retire * DAY)).await.unwrap()
    }
}

fn key(seed: u64) -> JournalKey {
    JournalKey::generate(&SeededEntropy::new(seed))
}

#[tokio::test]
async fn a_changed_key_reads_what_older_ones_have_sealed_and_they_read_nothing_new() {
    let mut desk = Desk::with_records(2).await;
    let (first, second, third) = (desk.keys[0].clone(), key(2), key(3));
    let journal = desk.open().await;
    for (next, text) in [(&second, "under the second"), (&third, "under the third")] {
        journal.rotate_key(next.clone()).await.unwrap();
        journal.append(note(text)).await.unwrap();
    }
    journal.close().await;
    for older in [first.clone(), second.clone()] {
        desk.keys = vec![older];
        assert!(matches!(desk.try_open().await, Err(JournalError::WrongKey)));
    }
    // A program that died while it changed keys offers both.
    desk.keys = vec![second, third];
    let journal = desk.open().await;
    assert_eq!(journal.opened_with_key(), 1);
    let texts: Vec<String> = journal
        .unsent_of(&SessionId::new("session-1"))
        .await
        .unwrap()
        .into_iter()
        .map(|record| {
            let detail = serde_json::from_str::<EventBody>(&record.body).unwrap().detail;
            let EventDetail::NoteAdded { note } = detail else { panic!("{detail:?}") };
            note
        })
        .collect();
    assert_eq!(texts, ["note 1", "note 2", "under the second", "under the third"]);
    // Two records tell of the changes, in the chain.
    assert_eq!(journal.status().borrow().head.seq, 6);
}

#[tokio::test]
async fn the_server_reads_a_journal_whose_key_store_is_lost_and_nobody_else_does() {
    let desk = Desk::with_records(3).await;
    let (secret, stranger) = (RecoverySecret::from_seed(&[5; 32]), RecoverySecret::from_seed(&[6; 32]));
    let journal = desk.open().await;
    let folder = tempfile::tempdir().unwrap();
    let unsealed = Recovery::open(&desk.file(), folder.path(), &secret).await;
    assert!(matches!(unsealed, Err(JournalError::WrongKey)), "{unsealed:?}");
    journal.seal_to(secret.recovery_key()).await.unwrap();
    // Also when the key changes later.
    journal.rotate_key(key(2)).await.unwrap();
    journal.append(note("the last one")).await.unwrap();
    journal.close().await;

    let before = std::fs::read(desk.file()).unwrap();
    let other = tempfile::tempdir().unwrap();
    assert!(matches!(Recovery::open(&desk.file(), other.path(), &stranger).await, Err(JournalError::WrongKey)));
    let folder = tempfile::tempdir().unwrap();
    let mut recovery = Recovery::open(&desk.file(), folder.path(), &secret).await.unwrap();
    assert_eq!(recovery.writer(), "device-1");
    let records = recovery.after(&ChainHead::default(), 100).await.unwrap();
    assert_eq!(records.len(), 5);
    assert!(records[4].body.contains("the last one"));
    assert!(std::fs::read(desk.file()).unwrap() == before, "the file stays as it is");
}

#[tokio::test]
async fn delivered_bodies_go_first_and_records_later_and_both_are_on_record() {
    let mut scene = Scene::new().await;
    scene.server_is_at(1, "a");
    scene.journal.trust(vec![signer().verifier_key()]).await.unwrap();
    append_many(&scene.journal, 3).await;
    scene.deliver().await;
    append_many(&scene.journal, 2).await;
    assert_eq!(scene.in_days(7, 30).await, Tidied::default(), "nothing is old enough");
    scene.desk.clock.advance_millis(8 * DAY);

    // Delivered: the key's record and three notes, and what was recorded of the server's word; two notes are not.
    let delivered = scene.server.state().held.len() as i64;
    assert_eq!(scene.in_days(7, 30).await, Tidied { erased_through: delivered, retired_through: 0 });
    assert_eq!(scene.in_days(7, 30).await, Tidied::default(), "and once only");
    scene.reopen().await;
    assert_eq!(scene.journal.unsent_of(&SessionId::new("session-1")).await.unwrap().len(), 2);
    scene.deliver().await;
    assert!(matches!(scene.arrived().last(), Some(EventDetail::JournalTidied { .. })), "{:?}", scene.arrived());

    scene.desk.clock.advance_millis(40 * DAY);
    let head = scene.journal.status().borrow().head.clone();
    let tidied = scene.in_days(7, 30).await;
    assert_eq!(tidied, Tidied { erased_through: head.seq, retired_through: head.seq - 1 });
    scene.reopen().await;
    let rows: Vec<i64> =
        sqlx::query_scalar("select seq from records").fetch_all(&mut scene.desk.raw().await).await.unwrap();
    assert_eq!(rows, [head.seq, head.seq + 1], "the last delivered one and what says that the others are gone");
    append_many(&scene.journal, 1).await;
    scene.deliver().await;
    let state = scene.server.state();
    let mut whole = ChainHead::default();
    for record in &state.held {
        whole = chain::verify_next("device-1", &whole, record).unwrap();
    }
    assert_eq!(whole.seq, head.seq + 2, "the server has all of it");
}

#[tokio::test]
async fn without_a_servers_signed_word_no_record_is_removed() {
    let scene = Scene::new().await;
    append_many(&scene.journal, 3).await;
    scene.deliver().await;
    scene.desk.clock.advance_millis(99 * DAY);
    assert_eq!(scene.in_days(7, 30).await, Tidied { erased_through: 3, retired_through: 0 });
}

#[tokio::test]
async fn a_servers_signed_word_covers_no_record_behind_its_own() {
    let scene = Scene::new().await;
    scene.server_is_at(1, "a");
    scene.journal.trust(vec![signer().verifier_key()]).await.unwrap();
    append_many(&scene.journal, 2).await;
    scene.deliver().await;
    let vouched = scene.server.state().held.len() as i64;
    // From now on it confirms and signs nothing.
    scene.server.state().own = None;
    append_many(&scene.journal, 3).await;
    scene.deliver().await;
    assert!(scene.server.state().held.len() as i64 > vouched + 1);
    scene.desk.clock.advance_millis(99 * DAY);
    let through = scene.in_days(7, 30).await.retired_through;
    assert!((1..=vouched).contains(&through), "{through} of {vouched}");
}

#[tokio::test]
async fn what_is_gone_without_a_record_of_it_is_found_at_the_next_start() {
    for (change, what) in [
        ("update records set sealed = x'' where seq = 2", "an erased body"),
        ("update records set sealed = x'' where seq = 5", "an erased body that was never sent"),
        (
            "insert into retired values (1, 2, (select hash from records where seq = 2), 'note');
             delete from records where seq <= 2",
            "a removed beginning",
        ),
    ] {
        let desk = Desk::with_records(5).await;
        let mut raw = desk.raw().await;
        for statement in ["drop trigger records_stay", "drop trigger records_remain", "drop trigger retired_once"] {
            sqlx::query(statement).execute(&mut raw).await.unwrap();
        }
        sqlx::query("update delivery set through = 3").execute(&mut raw).await.unwrap();
        sqlx::raw_sql(change).execute(&mut raw).await.unwrap();
        drop(raw);
        let found = desk.try_open().await;
        assert!(matches!(found, Err(JournalError::Unreadable { .. })), "{what}: {found:?}");
    }
}

#[tokio::test]
async fn a_server_that_takes_back_what_it_signed_is_on_record_in_the_devices_own_chain() {
    let mut scene = Scene::new().await;
    scene.journal.trust(vec![signer().verifier_key(), "server:x+no key".into()]).await.unwrap();
    scene.server_is_at(40, "a");
    scene.deliver().await;
    // It remembers over a restart, and is not told the key anew.
    scene.reopen().await;
    scene.journal.trust(vec![signer().verifier_key()]).await.unwrap();
    scene.server_is_at(30, "b");
    append_many(&scene.journal, 1).await;
    scene.deliver().await;
    append_many(&scene.journal, 1).await;
    scene.deliver().await;
    let pinned = scene.arrived().iter().filter(|detail| matches!(detail, EventDetail::ServerKeyPinned { .. })).count();
    let witnessed =
        scene.arrived().iter().filter(|detail| matches!(detail, EventDetail::CheckpointWitnessed { .. })).count();
    let contradictions: Vec<EventDetail> =
        scene.arrived().into_iter().filter(|detail| matches!(detail, EventDetail::ServerContradicted { .. })).collect();
    assert_eq!((pinned, witnessed), (1, 1));
    let head = |seq, letter: &str| ChainHead { seq, hash: letter.repeat(64) };
    assert_eq!(
        contradictions,
        [EventDetail::ServerContradicted {
            signer: "server:a".into(),
            cause: Contradiction::RolledBack,
            held: head(40, "a"),
            shown: head(30, "b"),
        }]
    );
}

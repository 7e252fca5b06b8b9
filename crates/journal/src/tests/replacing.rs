//! Files that can't go on: put aside with their bytes kept, and a new chain that names the old one.

use std::{io::Seek as _, io::SeekFrom, io::Write as _, path::PathBuf};

use amberglass_testkit::SeededEntropy;
use amberglass_wire::{
    SessionId,
    audit::{EventBody, EventDetail, JournalLoss},
};

use super::{Desk, append_many, note};
use crate::{Journal, JournalError, JournalKey, Opened, Replaced, open_or_replace, replace};

impl Desk {
    async fn start(&self, chain: Option<u32>) -> Result<Opened, JournalError> {
        open_or_replace(&self.file(), self.options(), chain).await
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> =
            std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }
}

/// What the first record of the journal says of the one before.
async fn said(journal: &Journal) -> EventDetail {
    let first = journal.next_batch(1, 1 << 20).await.unwrap();
    let crate::journal::NextBatch::Records(records) = first else { panic!("nothing to deliver") };
    serde_json::from_str::<EventBody>(&records[0].body).unwrap().detail
}

async fn change(desk: &Desk, statement: &'static str) {
    let mut raw = desk.raw().await;
    for trigger in ["drop trigger records_stay", "drop trigger records_remain"] {
        sqlx::query(trigger).execute(&mut raw).await.unwrap();
    }
    sqlx::query(statement).execute(&mut raw).await.unwrap();
    sqlx::query("pragma wal_checkpoint(truncate)").execute(&mut raw).await.unwrap();
    // Windows moves no file that somebody holds, and what is only dropped is let go of some time later.
    sqlx::Connection::close(raw).await.unwrap();
}

#[tokio::test]
async fn an_altered_row_puts_the_file_aside_and_a_new_chain_names_the_old_one() {
    let desk = Desk::with_records(5).await;
    let whole = desk.open().await;
    let third = whole.hash_at(3).await.unwrap().unwrap();
    whole.close().await;
    change(&desk, "update records set kind = 'page_viewed' where seq = 4").await;
    let bytes = std::fs::read(desk.file()).unwrap();

    let Opened { journal, replaced } = desk.start(Some(1)).await.unwrap();
    let Some(Replaced { cause: JournalLoss::Damaged, aside: Some(aside) }) = replaced else { panic!("{replaced:?}") };
    assert!(std::fs::read(&aside).unwrap() == bytes, "its bytes are kept");
    assert!(std::fs::metadata(&aside).unwrap().permissions().readonly());
    assert_eq!(journal.writer(), "device-1/2");
    assert_eq!(
        said(&journal).await,
        EventDetail::JournalReplaced { cause: JournalLoss::Damaged, former: "device-1".into(), seq: 3, hash: third }
    );
    journal.append(note("and on it goes")).await.unwrap();
    journal.close().await;
    // The next start finds nothing wrong.
    let Opened { journal, replaced } = desk.start(Some(2)).await.unwrap();
    assert_eq!((journal.writer(), replaced), ("device-1/2", None));
    assert_eq!(journal.status().borrow().head.seq, 2);
}

#[tokio::test]
async fn a_torn_page_is_found_and_so_is_a_file_that_was_cut() {
    type Tear = fn(&mut std::fs::File, u64);
    let tears: [(&str, Tear); 5] = [
        ("half of the last page is of another time", |file, length| {
            file.seek(SeekFrom::Start(length - 2048)).unwrap();
            file.write_all(&[0xA5; 2048]).unwrap();
        }),
        ("a page is zeros", |file, length| {
            file.seek(SeekFrom::Start(length - 4096)).unwrap();
            file.write_all(&[0; 4096]).unwrap();
        }),
        ("the last page is gone", |file, length| file.set_len(length - 4096).unwrap()),
        ("a part of the last page is gone", |file, length| file.set_len(length - 1000).unwrap()),
        ("the file is empty", |file, _| file.set_len(0).unwrap()),
    ];
    for (what, tear) in tears {
        let desk = Desk::with_records(40).await;
        change(&desk, "update delivery set through = 30").await;
        let mut file = std::fs::OpenOptions::new().write(true).open(desk.file()).unwrap();
        let length = file.metadata().unwrap().len();
        tear(&mut file, length);
        drop(file);
        let bytes = std::fs::read(desk.file()).unwrap();
        let Opened { journal, replaced } = desk.start(Some(1)).await.unwrap();
        let Some(Replaced { aside: Some(aside), .. }) = replaced else { panic!("{what}: {replaced:?}") };
        assert!(std::fs::read(aside).unwrap() == bytes);
        assert_eq!(journal.writer(), "device-1/2");
        journal.append(note("next")).await.unwrap();
    }
}

#[tokio::test]
async fn a_journal_that_has_vanished_is_missed() {
    let desk = Desk::with_records(2).await;
    for file in desk.files() {
        std::fs::remove_file(file).unwrap();
    }
    let Opened { journal, replaced } = desk.start(Some(3)).await.unwrap();
    assert_eq!(replaced, Some(Replaced { cause: JournalLoss::Missing, aside: None }));
    assert_eq!(journal.writer(), "device-1/4");
    assert!(matches!(
        said(&journal).await,
        EventDetail::JournalReplaced { cause: JournalLoss::Missing, seq: 0, former, .. } if former == "device-1/3"
    ));
    drop(journal);
    // Who never had one has lost none.
    let fresh = Desk::new();
    let Opened { journal, replaced } = fresh.start(None).await.unwrap();
    assert_eq!((journal.writer(), replaced, journal.status().borrow().waiting), ("device-1", None, 0));
}

#[tokio::test]
async fn an_earlier_chain_in_the_place_of_the_last_one_is_not_gone_on_with() {
    let desk = Desk::with_records(2).await;
    let Opened { journal, replaced } = desk.start(Some(3)).await.unwrap();
    assert!(matches!(replaced, Some(Replaced { cause: JournalLoss::Missing, aside: Some(_) })), "{replaced:?}");
    assert_eq!(journal.writer(), "device-1/4");
    // The server takes it only in the place of the third; how far that went nobody here can say.
    let EventDetail::JournalReplaced { former, seq, .. } = said(&journal).await else { panic!("another first record") };
    assert_eq!((former.as_str(), seq), ("device-1/3", 0));
}

#[tokio::test]
async fn a_program_that_died_before_it_could_remember_a_new_chain_does_not_begin_the_first_one_again() {
    let desk = Desk::with_records(2).await;
    std::fs::rename(desk.file(), desk.folder.path().join("journal-chain-1-set-aside-5.sqlite")).unwrap();
    let Opened { journal, replaced } = desk.start(None).await.unwrap();
    assert_eq!((journal.writer(), replaced.unwrap().cause), ("device-1/2", JournalLoss::Missing));
}

#[tokio::test]
async fn a_lost_key_puts_the_file_aside_for_the_recovery_key() {
    let mut desk = Desk::with_records(4).await;
    desk.keys = vec![JournalKey::generate(&SeededEntropy::new(77))];
    let Opened { journal, replaced } = desk.start(Some(1)).await.unwrap();
    assert!(matches!(replaced, Some(Replaced { cause: JournalLoss::KeyLost, aside: Some(_) })), "{replaced:?}");
    // Hashes need no key: it is known how far the old chain went.
    assert!(matches!(said(&journal).await, EventDetail::JournalReplaced { seq: 4, .. }));
}

#[tokio::test]
async fn what_passes_by_itself_puts_nothing_aside() {
    let desk = Desk::with_records(2).await;
    let open = desk.open().await;
    assert!(matches!(desk.start(Some(1)).await, Err(JournalError::InUse)));
    open.close().await;
    let mut raw = desk.raw().await;
    sqlx::query("begin exclusive").execute(&mut raw).await.unwrap();
    let locked = desk.start(Some(1)).await;
    assert!(matches!(locked, Err(JournalError::Locked)), "{locked:?}");
    drop(raw);
    let mut other = desk.options();
    other.device = amberglass_wire::DeviceId::new("device-2");
    let foreign = open_or_replace(&desk.file(), other, Some(1)).await;
    assert!(matches!(foreign, Err(JournalError::ForeignWriter { .. })), "{foreign:?}");
    assert!(!desk.files().iter().any(|file| file.to_string_lossy().contains("set-aside")));
    assert_eq!(desk.open().await.status().borrow().head.seq, 2);
}

#[tokio::test]
async fn a_program_that_died_while_it_put_a_file_aside_finishes_that_first() {
    // A file with a log that has gone ahead of it.
    let desk = Desk::with_records(3).await;
    let still_open = desk.open().await;
    append_many(&still_open, 2).await;
    let copy = desk.like();
    let aside = copy.folder.path().join("journal-chain-1-set-aside-5.sqlite");
    std::fs::copy(desk.file(), &aside).unwrap();
    let log = |file: &std::path::Path| PathBuf::from(format!("{}-wal", file.display()));
    std::fs::copy(log(&desk.file()), log(&copy.file())).unwrap();

    let Opened { journal, .. } = copy.start(Some(1)).await.unwrap();
    assert_eq!(journal.writer(), "device-1/2");
    assert!(std::fs::read(log(&aside)).unwrap() == std::fs::read(log(&desk.file())).unwrap());
    assert!(journal.unsent_of(&SessionId::new("session-1")).await.unwrap().is_empty(), "nothing of the old one");
}

#[tokio::test]
async fn somebody_may_decide_that_a_new_chain_begins() {
    let desk = Desk::with_records(2).await;
    let Opened { journal, replaced } =
        replace(&desk.file(), desk.options(), JournalLoss::Contradicted, Some(1)).await.unwrap();
    assert!(matches!(replaced, Some(Replaced { cause: JournalLoss::Contradicted, aside: Some(_) })));
    assert_eq!(journal.writer(), "device-1/2");
    journal.close().await;
    let Opened { journal, .. } = replace(&desk.file(), desk.options(), JournalLoss::Contradicted, None).await.unwrap();
    assert_eq!(journal.writer(), "device-1/3", "also when the key store has forgotten");
}

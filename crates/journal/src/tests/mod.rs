//! The journal as a whole, on real files.

mod children;
mod durability;
mod earlier;
mod keeping;
mod model;
mod replacing;
mod server;
mod sync;
mod tampering;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use amberglass_testkit::{ManualClock, SeededEntropy};
use amberglass_wire::{
    CustomerId, DeviceId, SessionId, StaffId,
    audit::{EventBody, EventDetail, EventSubject},
};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use crate::{Journal, JournalError, JournalKey, JournalOptions};

const LIMIT: Duration = Duration::from_secs(10);

/// A folder with a journal in it, and what is needed to open it.
struct Desk {
    folder: TempDir,
    clock: ManualClock,
    /// As the key store has them.
    keys: Vec<JournalKey>,
    writer: DeviceId,
}

impl Desk {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            clock: ManualClock::default(),
            keys: vec![JournalKey::generate(&SeededEntropy::new(1))],
            writer: DeviceId::new("device-1"),
        }
    }

    /// Another folder of the same device.
    fn like(&self) -> Self {
        let (clock, keys, writer) = (self.clock.clone(), self.keys.clone(), self.writer.clone());
        Self { folder: TempDir::new().unwrap(), clock, keys, writer }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    fn options(&self) -> JournalOptions {
        JournalOptions {
            device: self.writer.clone(),
            keys: self.keys.clone(),
            client: "amberglass/test".into(),
            clock: Arc::new(self.clock.clone()),
            entropy: Arc::new(amberglass_system::OsEntropy),
        }
    }

    async fn try_open(&self) -> Result<Journal, JournalError> {
        Journal::open(&self.file(), self.options()).await
    }

    async fn open(&self) -> Journal {
        self.try_open().await.unwrap()
    }

    /// A journal with so many records, closed again.
    async fn with_records(count: usize) -> Self {
        let desk = Self::new();
        let journal = desk.open().await;
        append_many(&journal, count).await;
        journal.close().await;
        desk
    }

    /// Somebody else's connection to the file.
    async fn raw(&self) -> SqliteConnection {
        raw(&self.file()).await
    }
}

async fn raw(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(1));
    SqliteConnection::connect_with(&options).await.unwrap()
}

fn note(text: &str) -> EventBody {
    note_in("session-1", text)
}

fn note_in(session: &str, text: &str) -> EventBody {
    let subject = EventSubject {
        staff: Some(StaffId::new("staff-1")),
        customer: Some(CustomerId::new("customer-1")),
        session: Some(SessionId::new(session)),
        ..EventSubject::default()
    };
    EventBody::new(subject, "amberglass/test", EventDetail::NoteAdded { note: text.into() })
}

async fn append_many(journal: &Journal, count: usize) {
    for n in 1..=count {
        journal.append(note(&format!("note {n}"))).await.unwrap();
    }
}

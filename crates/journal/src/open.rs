//! Opening a journal: whose it is, whether it is ours alone, and whether its end is whole.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    path::Path,
};

use amberglass_domain::{chain, checkpoint::TrustedKeys, ports::Entropy};
use amberglass_wire::{
    UnixMillis,
    audit::{ChainedRecord, EventBody, EventDetail},
    event_stream::ChainHead,
};
use sqlx::{Connection as _, SqliteConnection};

use crate::{
    JournalError, JournalKey, QueueStatus,
    seal::{Seal, Sealing},
    store::{self, Delivered, FORMAT, KeyRow},
    witness::Witness,
};

/// Records that are read at once.
const PAGE: i64 = 1000;
/// `EventDetail::kind()` of what says that something is gone.
const TIDIED: &str = "journal_tidied";

/// What is written down when the file turns out to be a new one.
pub(crate) struct Beginning {
    /// Of the chain that begins.
    pub(crate) writer: String,
    /// What its first record says of the one before.
    pub(crate) replaces: Option<EventDetail>,
    /// There must be a journal already: an empty file is one that was emptied.
    pub(crate) must_exist: bool,
}

/// Held as long as the journal is open; the system takes it back when the process dies.
pub(crate) fn lock(file: &Path) -> Result<File, JournalError> {
    let mut name = OsString::from(file);
    name.push(".lock");
    let lock = private().open(Path::new(&name))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Creates the file if there is none, readable by its owner alone, and makes sure that it can be written to.
pub(crate) fn create(file: &Path) -> Result<(), JournalError> {
    let existed = file.exists();
    let opened = private().open(file)?;
    restrict(&opened)?;
    if !existed {
        opened.sync_all()?;
        sync_folder(file)?;
    }
    Ok(())
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(unix)]
fn restrict(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(mode & 0o700))?;
    }
    Ok(())
}

/// The profile's folder is the person's own there.
#[cfg(not(unix))]
fn restrict(_file: &File) -> std::io::Result<()> {
    Ok(())
}

/// A new name is durable once its folder is.
#[cfg(unix)]
pub(crate) fn sync_folder(file: &Path) -> std::io::Result<()> {
    match file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

/// NTFS journals names itself.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_file: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Writes down whose journal this is, or checks it, and gives its keys and what its first record still has to say.
///
/// # Errors
/// [`JournalError::ForeignWriter`], [`JournalError::WrongKey`] when none of `keys` is its newest one,
/// [`JournalError::FormatTooNew`].
pub(crate) async fn identify(
    connection: &mut SqliteConnection,
    device: &str,
    beginning: &Beginning,
    keys: &[JournalKey],
    (entropy, now): (&dyn Entropy, UnixMillis),
) -> Result<Identified, JournalError> {
    let mut transaction = connection.begin_with("begin immediate").await?;
    let identified = match store::meta(&mut transaction).await? {
        None if beginning.must_exist => {
            return Err(JournalError::Damaged(sqlx::Error::Protocol("the file is empty".into()).into()));
        }
        None => {
            let Beginning { writer, replaces, must_exist: _ } = beginning;
            let key = keys.first().ok_or(JournalError::WrongKey)?;
            let text = replaces.as_ref().map(serde_json::to_string).transpose()?;
            store::write_meta(&mut transaction, writer, text.as_deref(), now).await?;
            let row = KeyRow {
                number: 1,
                first_seq: 1,
                key_check: Sealing::new(1, 1, key.clone()).key_check(writer, entropy)?,
                older: None,
                recovery: None,
                recovery_key: None,
                created_at: now.0,
            };
            store::insert_key(&mut transaction, &row).await?;
            let seal = Seal::new(writer.clone(), key.clone());
            Identified { seal, replaces: replaces.clone(), key: 0, key_created_at: now }
        }
        Some(meta) if meta.format > FORMAT => return Err(JournalError::FormatTooNew { found: meta.format }),
        Some(meta) if chain::device_of(&meta.writer) != device => {
            return Err(JournalError::ForeignWriter { found: meta.writer });
        }
        Some(meta) => {
            let rows = store::key_rows(&mut transaction).await?;
            let (key, seal) = keys
                .iter()
                .enumerate()
                .find_map(|(place, key)| Some((place, Seal::open_keys(meta.writer.clone(), key.clone(), &rows).ok()?)))
                .ok_or(JournalError::WrongKey)?;
            let replaces = meta.replaces.as_deref().map(serde_json::from_str).transpose()?;
            let key_created_at = rows.last().map_or(now, KeyRow::created_at);
            Identified { seal, replaces, key, key_created_at }
        }
    };
    transaction.commit().await?;
    Ok(identified)
}

/// Whose journal it is.
pub(crate) struct Identified {
    pub(crate) seal: Seal,
    /// To be the first record, if there is none yet.
    pub(crate) replaces: Option<EventDetail>,
    /// Which of the keys that were offered is the newest one.
    pub(crate) key: usize,
    pub(crate) key_created_at: UnixMillis,
}

/// Recomputes the chain from its beginning, bodies included, and gives its head. Repairs nothing.
///
/// # Errors
/// [`JournalError::Damaged`] when the file does not hang together, [`JournalError::BrokenChain`] and
/// [`JournalError::Unreadable`] when a record is not as it was written.
pub(crate) async fn check(connection: &mut SqliteConnection, seal: &Seal) -> Result<ChainHead, JournalError> {
    if let Some(word) = store::damage(connection).await? {
        return Err(JournalError::Damaged(sqlx::Error::Protocol(word).into()));
    }
    let mut head = beginning(connection).await?;
    let mut gone = Gone { retired: head.seq, ..Gone::default() };
    loop {
        let rows = store::after(connection, head.seq, PAGE).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let record = seal.open(row)?;
            head = chain::verify_next(seal.writer(), &head, &record)?;
            gone.note(&record)?;
        }
    }
    let delivered = store::delivery(connection).await?.through;
    if delivered > head.seq {
        return Err(JournalError::HeadLost { seq: delivered });
    }
    gone.is_accounted_for()?;
    Ok(head)
}

/// What is not there any more, and what the journal itself has put on record of that.
#[derive(Default)]
struct Gone {
    erased: i64,
    retired: i64,
    erased_by_record: i64,
    retired_by_record: i64,
}

impl Gone {
    fn note(&mut self, record: &ChainedRecord) -> Result<(), JournalError> {
        if chain::is_erased(record) {
            self.erased = record.seq;
        } else if record.kind == TIDIED
            && let EventDetail::JournalTidied { erased_through, retired_through } =
                serde_json::from_str::<EventBody>(&record.body)?.detail
        {
            // Never beyond itself.
            self.erased_by_record = self.erased_by_record.max(erased_through.min(record.seq));
            self.retired_by_record = self.retired_by_record.max(retired_through.min(record.seq));
        }
        Ok(())
    }

    fn is_accounted_for(&self) -> Result<(), JournalError> {
        if self.erased > self.erased_by_record {
            return Err(JournalError::Unreadable { seq: self.erased });
        }
        if self.retired > self.retired_by_record {
            return Err(JournalError::Unreadable { seq: self.retired });
        }
        Ok(())
    }
}

/// How far the chain holds, bodies aside, in a file of which nothing is certain.
pub(crate) async fn whole_through(connection: &mut SqliteConnection, writer: &str) -> ChainHead {
    let Ok(mut head) = beginning(connection).await else { return ChainHead::default() };
    while let Ok(rows) = store::after(connection, head.seq, PAGE).await {
        let before = head.seq;
        for row in rows {
            match chain::verify_next(writer, &head, &row.header(writer)) {
                Ok(next) => head = next,
                Err(_) => return head,
            }
        }
        if head.seq == before {
            break;
        }
    }
    head
}

/// What the first record that is there has to follow.
async fn beginning(connection: &mut SqliteConnection) -> Result<ChainHead, JournalError> {
    Ok(match store::retired(connection).await? {
        Some(retired) => ChainHead { seq: retired.through, hash: retired.hash },
        None => ChainHead::default(),
    })
}

/// What servers have signed, as far as this device has seen it.
pub(crate) async fn witness(connection: &mut SqliteConnection) -> Result<Witness, JournalError> {
    let mut trusted = TrustedKeys::default();
    for key in store::server_keys(connection).await? {
        if trusted.add(&key).is_err() {
            tracing::warn!(key, "a pinned key of a server can't be read; it is not believed");
        }
    }
    Ok(Witness::new(trusted, store::witnesses(connection).await?))
}

/// The queue as the file has it.
pub(crate) async fn status(connection: &mut SqliteConnection, head: ChainHead) -> Result<QueueStatus, JournalError> {
    let Delivered { through, synced_at, hold, note: _ } = store::delivery(connection).await?;
    let oldest_at = store::occurred_at(connection, through.saturating_add(1)).await?;
    let mut status = QueueStatus { head, ..QueueStatus::default() };
    status.set_delivered(through, synced_at, oldest_at, hold);
    Ok(status)
}

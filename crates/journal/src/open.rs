//! Opening a journal: whose it is, whether it is ours alone, and whether its end is whole.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    path::Path,
};

use amberglass_domain::{chain, ports::Entropy};
use amberglass_wire::{UnixMillis, event_stream::ChainHead};
use sqlx::{Connection as _, SqliteConnection};

use crate::{
    JournalError, QueueStatus,
    seal::{Seal, before},
    store::{self, Delivered, FORMAT},
};

/// Records at the end whose hashes and bodies are checked at every start.
const CHECKED_TAIL: i64 = 100;

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
fn sync_folder(file: &Path) -> std::io::Result<()> {
    match file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

/// NTFS journals names itself.
#[cfg(not(unix))]
fn sync_folder(_file: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Writes down whose journal this is, or checks it.
pub(crate) async fn identify(
    connection: &mut SqliteConnection,
    seal: &Seal,
    entropy: &dyn Entropy,
    now: UnixMillis,
) -> Result<(), JournalError> {
    let mut transaction = connection.begin_with("begin immediate").await?;
    match store::meta(&mut transaction).await? {
        None => {
            let key_check = seal.key_check(entropy)?;
            store::write_meta(&mut transaction, seal.writer().as_str(), &key_check, now).await?;
        }
        Some(meta) if meta.format > FORMAT => return Err(JournalError::FormatTooNew { found: meta.format }),
        Some(meta) if meta.writer != seal.writer().as_str() => {
            return Err(JournalError::ForeignWriter { found: meta.writer });
        }
        Some(meta) if !seal.fits(&meta.key_check) => return Err(JournalError::WrongKey),
        Some(_) => {}
    }
    Ok(transaction.commit().await?)
}

/// Recomputes the end of the chain and gives its head. Repairs nothing.
pub(crate) async fn check_tail(connection: &mut SqliteConnection, seal: &Seal) -> Result<ChainHead, JournalError> {
    let rows = store::tail(connection, CHECKED_TAIL).await?;
    let mut head = rows.first().map_or_else(ChainHead::default, |first| before(first.seq, &first.prev_hash));
    for row in rows {
        head = chain::verify_next(seal.writer().as_str(), &head, &seal.open(row)?)?;
    }
    Ok(head)
}

/// The queue as the file has it.
pub(crate) async fn status(connection: &mut SqliteConnection, head: ChainHead) -> Result<QueueStatus, JournalError> {
    let Delivered { through, synced_at, hold } = store::delivery(connection).await?;
    let oldest_at = store::occurred_at(connection, through.saturating_add(1)).await?;
    let mut status = QueueStatus { head, ..QueueStatus::default() };
    status.set_delivered(through, synced_at, oldest_at, hold);
    Ok(status)
}

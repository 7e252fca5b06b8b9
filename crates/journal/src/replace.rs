//! A journal that can't go on: its file is put aside with its bytes kept, and a new chain begins that names the old one.
//! Nothing is repaired, and nothing of it happens in silence: the new chain's first record says it, and so does the
//! console.

use std::{
    ffi::OsString,
    fs::File,
    path::{Path, PathBuf},
};

use amberglass_domain::chain;
use amberglass_wire::{
    audit::{EventDetail, JournalLoss},
    event_stream::ChainHead,
};
use sqlx::Connection as _;

use crate::{
    Journal, JournalError, JournalOptions,
    open::{self, Beginning},
    store,
};

/// Beside the database's own file (<https://www.sqlite.org/tempfiles.html>).
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// A journal, and what it took to have one.
#[derive(Debug)]
pub struct Opened {
    pub journal: Journal,
    pub replaced: Option<Replaced>,
}

/// What became of the journal before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    pub cause: JournalLoss,
    /// Where its file lies now; nothing when there was none.
    pub aside: Option<PathBuf>,
}

/// Opens the journal, or puts a file aside that can't go on and begins a new chain. `chain`: the number of the device's
/// last chain as the key store remembers it, so that a file that has vanished is noticed too.
///
/// # Errors
/// As [`Journal::open`], but for what makes a file one that can't go on.
pub async fn open_or_replace(file: &Path, options: JournalOptions, chain: Option<u32>) -> Result<Opened, JournalError> {
    let lock = open::lock(file)?;
    finish_putting_aside(file)?;
    // What lies aside was a chain, also where the program died before the key store was told of it.
    let chain = chain.or(Some(highest_aside(file)).filter(|number| *number > 0));
    if !file.exists() && chain.is_some() {
        return begin_anew(file, lock, options, JournalLoss::Missing, chain).await;
    }
    if chain.is_some() && is_empty(file)? {
        return begin_anew(file, lock, options, JournalLoss::Damaged, chain).await;
    }
    let beginning = Beginning { writer: options.device.0.clone(), replaces: None, must_exist: chain.is_some() };
    match Journal::open_locked(file, lock, options.clone(), beginning).await {
        Ok(journal) if chain.is_some_and(|last| journal.chain_number() < last) => {
            tracing::error!("an earlier journal of this device was put in the place of its last one");
            journal.close().await;
            begin_anew(file, open::lock(file)?, options, JournalLoss::Missing, chain).await
        }
        Ok(journal) => Ok(Opened { journal, replaced: None }),
        Err(error) => {
            let Some(cause) = loss(&error) else { return Err(error) };
            tracing::error!(%error, ?cause, "the journal can't go on; its file is put aside");
            begin_anew(file, open::lock(file)?, options, cause, chain).await
        }
    }
}

/// Puts a journal aside that was closed before, because somebody decided so.
///
/// # Errors
/// As [`Journal::open`].
pub async fn replace(
    file: &Path,
    options: JournalOptions,
    cause: JournalLoss,
    chain: Option<u32>,
) -> Result<Opened, JournalError> {
    begin_anew(file, open::lock(file)?, options, cause, chain).await
}

/// Whether a file that can't be opened for this reason will never be again.
fn loss(error: &JournalError) -> Option<JournalLoss> {
    match error {
        JournalError::Damaged(_)
        | JournalError::BrokenChain(_)
        | JournalError::HeadLost { .. }
        | JournalError::Unreadable { .. } => Some(JournalLoss::Damaged),
        JournalError::WrongKey => Some(JournalLoss::KeyLost),
        // These pass, or are for a person to mend.
        JournalError::InUse
        | JournalError::ReadOnly
        | JournalError::DiskFull
        | JournalError::Locked
        | JournalError::Database(_)
        | JournalError::File(_)
        | JournalError::Migration(_)
        | JournalError::FormatTooNew { .. }
        | JournalError::ForeignWriter { .. }
        | JournalError::MalformedKey
        | JournalError::Encode(_)
        | JournalError::Encrypt
        | JournalError::TimedOut
        | JournalError::Closed => None,
    }
}

async fn begin_anew(
    file: &Path,
    lock: File,
    options: JournalOptions,
    cause: JournalLoss,
    chain: Option<u32>,
) -> Result<Opened, JournalError> {
    let device = options.device.as_str();
    let (former, head) = former(file).await.unwrap_or_default();
    let highest = [chain::number_in_device(&former), chain.unwrap_or(1), highest_aside(file)];
    let last = highest.into_iter().max().unwrap_or(1);
    let aside = if file.exists() { Some(put_aside(file, last, options.clock.now().0)?) } else { None };
    // A file of an earlier chain says nothing of the last one, and that is the one whose place the new one takes.
    let is_last = !former.is_empty() && chain::number_in_device(&former) == last;
    let (former, head) =
        if is_last { (former, head) } else { (chain::writer_of_chain(device, last), ChainHead::default()) };
    let replaces = EventDetail::JournalReplaced { cause, former, seq: head.seq, hash: head.hash };
    let writer = chain::writer_of_chain(device, last.saturating_add(1));
    let beginning = Beginning { writer, replaces: Some(replaces), must_exist: false };
    let journal = Journal::open_locked(file, lock, options, beginning).await?;
    Ok(Opened { journal, replaced: Some(Replaced { cause, aside }) })
}

fn is_empty(file: &Path) -> std::io::Result<bool> {
    Ok(std::fs::metadata(file)?.len() == 0)
}

/// Whose chain the file holds and how far it is whole; nothing when not even that can be read.
async fn former(file: &Path) -> Option<(String, ChainHead)> {
    // Opening an empty file would write to it.
    if !file.exists() || is_empty(file).unwrap_or(true) {
        return None;
    }
    let mut connection = store::connect(file).await.ok()?;
    let meta = store::meta(&mut connection).await;
    let found = match meta {
        Ok(Some(meta)) => {
            let head = open::whole_through(&mut connection, &meta.writer).await;
            Some((meta.writer, head))
        }
        Ok(None) | Err(_) => None,
    };
    // Before the file is moved.
    let _ = connection.close().await;
    found
}

/// Under a name that says what it is, beside the new one, and not to be written to any more.
fn put_aside(file: &Path, chain: u32, millis: i64) -> Result<PathBuf, JournalError> {
    let aside = file.with_file_name(format!("{}{chain}-set-aside-{millis}.sqlite", prefix(file)));
    // The file before its log: if the program dies in between, the log is put beside it at the next start.
    std::fs::rename(file, &aside)?;
    move_companions(file, &aside)?;
    open::sync_folder(file)?;
    let mut permissions = std::fs::metadata(&aside)?.permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&aside, permissions)?;
    Ok(aside)
}

fn move_companions(file: &Path, aside: &Path) -> std::io::Result<()> {
    for companion in COMPANIONS {
        let (from, to) = (beside(file, companion), beside(aside, companion));
        if to.exists() {
            continue;
        }
        match std::fs::rename(from, to) {
            Ok(()) => {}
            // There is none, or the last connection to it has just taken it away.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A log without its file belongs to the one that was put aside last, and never to a new one.
fn finish_putting_aside(file: &Path) -> std::io::Result<()> {
    if file.exists() {
        return Ok(());
    }
    match asides(file).into_iter().max() {
        Some((_, _, name)) => move_companions(file, &file.with_file_name(name)),
        None => Ok(()),
    }
}

fn beside(file: &Path, companion: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(companion);
    PathBuf::from(name)
}

fn prefix(file: &Path) -> String {
    format!("{}-chain-", file.file_stem().unwrap_or_default().to_string_lossy())
}

/// The number of the last chain of this device that was put aside here.
fn highest_aside(file: &Path) -> u32 {
    asides(file).into_iter().map(|(chain, ..)| chain).max().unwrap_or(0)
}

/// What was put aside here: the number of its chain, when, and the file's name.
fn asides(file: &Path) -> Vec<(u32, i64, String)> {
    let prefix = prefix(file);
    let entries = file.parent().and_then(|folder| std::fs::read_dir(folder).ok());
    let names = entries.into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter_map(|name| {
            let (chain, millis) = name.strip_prefix(&prefix)?.strip_suffix(".sqlite")?.split_once("-set-aside-")?;
            Some((chain.parse().ok()?, millis.parse().ok()?, name.clone()))
        })
        .collect()
}

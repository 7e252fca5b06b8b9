//! `amberglass-server journal`: a console's journal that its console can't deliver any more.

use std::path::{Path, PathBuf};

use amberglass_domain::chain;
use amberglass_journal::{JournalError, Recovery};
use amberglass_server::operator::Operator;
use amberglass_wire::{
    DeviceId,
    audit::{EventDetail, EventSubject},
    event_stream::ChainHead,
};
use anyhow::{Context as _, bail};
use clap::Subcommand;
use serde_json::json;

use crate::output::Output;

/// Records that are taken at once.
const BATCH: i64 = 500;

#[derive(Subcommand)]
pub enum Journal {
    /// Takes what a journal file holds and the audit log does not: from a computer whose key store is lost, or a file that
    /// a console has put aside. The file itself stays as it is. May be repeated.
    Recover {
        /// `journal-<device>.sqlite`, or one with `set-aside` in its name; the files beside it that end in `-wal` belong to it.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        output: Output,
    },
}

pub async fn run(operator: &Operator, command: Journal) -> anyhow::Result<()> {
    match command {
        Journal::Recover { file, output } => recover(operator, &file, output).await,
    }
}

async fn recover(operator: &Operator, file: &Path, output: Output) -> anyhow::Result<()> {
    let folder = tempfile::tempdir_in(&operator.config.data_dir).context("no folder for a copy could be made")?;
    let mut recovery = Recovery::open(file, folder.path(), &operator.key.recovery_secret()).await.map_err(unopened)?;
    let taken = take(operator, &mut recovery).await;
    let writer = recovery.writer().to_owned();
    recovery.close().await;
    let Taken { from, through, stopped } = taken?;
    if through >= from {
        let detail = EventDetail::JournalRecovered { writer: writer.clone(), from, through };
        let device = Some(DeviceId::new(chain::device_of(&writer)));
        operator.audit.append(EventSubject { device, ..EventSubject::default() }, detail).await?;
    }
    let count = through.saturating_sub(from).saturating_add(1).max(0);
    let mut sentence = match count {
        0 => format!("The audit log has all that can be read of {writer} already; nothing was changed."),
        1 => format!("Record {from} of {writer} was taken into the audit log."),
        _ => format!("{count} records of {writer}, {from} to {through}, were taken into the audit log."),
    };
    if let Some(why) = &stopped {
        sentence.push_str(&format!(" It stops there: {why}. Keep the file: what lies behind is still in it."));
    }
    output.done(
        &sentence,
        &json!({ "writer": writer, "from": from, "through": through, "records": count, "stopped": stopped.map(|why| why.to_string()) }),
    )
}

/// What was taken; `through` below `from` for nothing.
struct Taken {
    from: i64,
    through: i64,
    /// Why there was no more.
    stopped: Option<JournalError>,
}

async fn take(operator: &Operator, recovery: &mut Recovery) -> anyhow::Result<Taken> {
    let writer = recovery.writer().to_owned();
    let device = DeviceId::new(chain::device_of(&writer));
    if operator.store.device(&device).await?.is_none() {
        bail!("the file is of the device {device}, which never signed in at this server; nothing was taken");
    }
    let held = operator.store.chain_head_of(&writer).await?;
    // A file that was cleared up begins later, and one that was put back ends earlier: neither contradicts.
    if held.seq > 0 && recovery.hash_at(held.seq).await?.is_some_and(|hash| hash != held.hash) {
        bail!(
            "record {} in the file is another one than the audit log holds: the file contradicts the log, and nothing \
             of it was taken. Keep it for an investigation",
            held.seq
        );
    }
    let from = held.seq.saturating_add(1);
    let mut head: ChainHead = held;
    loop {
        let records = match recovery.after(&head, BATCH).await {
            Ok(records) => records,
            Err(error) => return Ok(Taken { from, through: head.seq, stopped: Some(error) }),
        };
        if records.is_empty() {
            return Ok(Taken { from, through: head.seq, stopped: None });
        }
        let now = operator.clock.now();
        let delivered = operator.audit.recover(&device, &records, now).await.with_context(|| {
            format!("the audit log did not take the records from {} on; those before it were taken", head.seq + 1)
        })?;
        head = delivered.held;
    }
}

fn unopened(error: JournalError) -> anyhow::Error {
    if matches!(error, JournalError::WrongKey) {
        return anyhow::anyhow!(
            "the file's key was not sealed to this server's key (server-key): either it is of another installation, or its \
             console never reached this server while it was open. Nothing was taken"
        );
    }
    anyhow::Error::new(error).context("the file cannot be read as a journal; nothing was taken")
}

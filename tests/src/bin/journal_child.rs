//! A console reduced to its journal: appends and delivers until it is killed. Each append that has returned is told on the
//! standard output, because only what was told can be missed.

#![allow(clippy::print_stdout, reason = "this program speaks to the test that started it")]

use std::{io::Write as _, path::PathBuf, sync::Arc};

use amberglass_backend_client::{HttpBackend, HttpBackendOptions, Patience, RequestIds};
use amberglass_domain::{
    device_key::DeviceKey,
    ports::{Clock as _, Entropy as _},
};
use amberglass_journal::{Journal, JournalKey, JournalOptions, Syncer};
use amberglass_system::{OsEntropy, SystemClock};
use amberglass_tests::{
    bench::machine::{self, Watch},
    crash::{self, DEVICE_KEY, JOURNAL, JOURNAL_KEY},
};
use amberglass_wire::{DeviceId, StaffId};
use anyhow::Result;
use clap::Parser;
use tokio::{sync::Notify, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// Appends that wait at the same time.
const APPENDERS: usize = 3;
/// Longest pause of one of them, in milliseconds.
const PAUSE_MILLIS: u8 = 4;

#[derive(Parser)]
struct Arguments {
    #[arg(long)]
    folder: PathBuf,
    #[arg(long)]
    server: String,
    #[arg(long)]
    device: String,
    /// Whose records they are; nobody's without it.
    #[arg(long)]
    staff: Option<String>,
    /// Appends so many and ends, delivering nothing.
    #[arg(long)]
    fill: Option<usize>,
    /// Appends nothing, and ends once everything is delivered.
    #[arg(long)]
    drain: bool,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let Arguments { folder, server, device, staff, fill, drain } = Arguments::parse();
    let staff = staff.map(StaffId::new);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let read = |name: &str| std::fs::read_to_string(folder.join(name));
    let device_key = Arc::new(DeviceKey::from_secret_text(&read(DEVICE_KEY)?)?);
    let options = JournalOptions {
        device: DeviceId::new(device),
        keys: vec![JournalKey::from_secret_text(&read(JOURNAL_KEY)?.into())?],
        client: "amberglass/test".into(),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
    };
    let journal = Journal::open(&folder.join(JOURNAL), options).await?;
    if let Some(count) = fill {
        crash::fill(&journal, staff.as_ref(), count).await?;
        journal.close().await;
        return Ok(());
    }
    let idle = machine::resident_mib()?;
    let backend = HttpBackend::new(&HttpBackendOptions {
        server,
        proxy: None,
        client: "amberglass-tests/0".into(),
        patience: Patience::default(),
        request_ids: RequestIds::new(Arc::new(OsEntropy)),
    })?;
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(OsEntropy));
    let start = Watch::start();
    let syncer = Syncer::new(journal.clone(), Arc::new(backend), device_key, clock, entropy);
    tokio::spawn(syncer.run(Arc::new(Notify::new()), CancellationToken::new()));
    if drain {
        let mut status = journal.status();
        let drained = status.wait_for(|status| status.waiting == 0).await?.head.clone();
        let (seconds, above) = (start.seconds(), machine::peak_mib()? - idle);
        return tell(&format!("drained {} {} {seconds} {above}", drained.seq, drained.hash));
    }
    tell(crash::OPEN)?;
    let mut appending = JoinSet::new();
    for _ in 0..APPENDERS {
        appending.spawn(append(journal.clone(), staff.clone()));
    }
    while let Some(ended) = appending.join_next().await {
        ended??;
    }
    Ok(())
}

async fn append(journal: Journal, staff: Option<StaffId>) -> Result<()> {
    loop {
        let appended = journal.append(crash::event(staff.as_ref(), 1)).await?;
        tell(&format!("appended {} {}", appended.seq, appended.hash))?;
        let mut pause = [0];
        OsEntropy.fill(&mut pause);
        let [pause] = pause;
        SystemClock.sleep_until(SystemClock.monotonic_millis() + i64::from(pause % PAUSE_MILLIS)).await;
    }
}

/// In one write, so that a kill leaves a whole line or a torn one, and never two mixed.
fn tell(line: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())?;
    Ok(out.flush()?)
}

//! How long a durable append takes, alone and among 64 at once. The last line is JSON.
//!
//! `cargo run -p amberglass-journal --example append_speed -- FOLDER`, with FOLDER on the disk in question.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement prints, and reads the clock")]

use std::{error::Error, path::PathBuf, sync::Arc, time::Instant};

use amberglass_journal::{Journal, JournalKey, JournalOptions};
use amberglass_system::{OsEntropy, SystemClock};
use amberglass_wire::{
    DeviceId, SessionId,
    audit::{EventBody, EventDetail, EventSubject},
};

const ALONE: usize = 1000;
const AT_ONCE: usize = 64;
const EACH: usize = 100;

fn event() -> EventBody {
    let subject = EventSubject { session: Some(SessionId::new("session")), ..EventSubject::default() };
    let detail = EventDetail::PageViewed {
        method: "GET".into(),
        path: "/appointments/42".into(),
        document: true,
        rule: None,
        unmasked: Vec::new(),
    };
    EventBody::new(subject, "amberglass/measurement", detail)
}

/// Microseconds: median and 99th percentile.
fn figures(mut micros: Vec<u128>) -> (u128, u128) {
    micros.sort_unstable();
    let at = |part: usize| micros.get(micros.len().saturating_sub(1) * part / 100).copied().unwrap_or_default();
    (at(50), at(99))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name a folder on the disk in question")?);
    let folder = tempfile::tempdir_in(folder)?;
    let options = JournalOptions {
        device: DeviceId::new("device"),
        keys: vec![JournalKey::generate(&OsEntropy)],
        client: "amberglass/test".into(),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
    };
    let journal = Journal::open(&folder.path().join("journal.db"), options).await?;

    let mut alone = Vec::with_capacity(ALONE);
    for _ in 0..ALONE {
        let start = Instant::now();
        journal.append(event()).await?;
        alone.push(start.elapsed().as_micros());
    }

    let start = Instant::now();
    let mut appending = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let journal = journal.clone();
        appending.spawn(async move {
            let mut micros = Vec::with_capacity(EACH);
            for _ in 0..EACH {
                let start = Instant::now();
                journal.append(event()).await?;
                micros.push(start.elapsed().as_micros());
            }
            Ok::<_, amberglass_journal::JournalError>(micros)
        });
    }
    let mut together = Vec::new();
    for micros in appending.join_all().await {
        together.extend(micros?);
    }
    let per_second = (AT_ONCE * EACH) as u128 * 1_000_000 / start.elapsed().as_micros().max(1);
    journal.close().await;

    let (alone_median, alone_p99) = figures(alone);
    let (together_median, together_p99) = figures(together);
    println!(
        "{{\"alone_median_us\":{alone_median},\"alone_p99_us\":{alone_p99},\"at_once\":{AT_ONCE},\
         \"at_once_median_us\":{together_median},\"at_once_p99_us\":{together_p99},\"at_once_per_second\":{per_second}}}"
    );
    Ok(())
}

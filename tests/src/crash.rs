//! A journal whose process is killed again and again while it appends and delivers, before a server that is killed too and
//! over a line that breaks. In the end everything that was told to be on record has to be.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use amberglass_domain::{
    checkpoint::TrustedKeys,
    ports::{Clock as _, Entropy as _},
};
use amberglass_journal::{Journal, JournalKey};
use amberglass_system::{OsEntropy, SystemClock};
use amberglass_testkit::SeededEntropy;
use amberglass_wire::{
    CustomerId, PortalId, SessionId, StaffId,
    audit::{EventBody, EventDetail, EventSubject},
    export::ExportLine,
};
use anyhow::{Context as _, Result, bail, ensure};
use secrecy::ExposeSecret as _;
use tokio::{sync::oneshot, task::JoinSet};

use crate::{
    breaking_line::BreakingLine,
    process::Process,
    stack::{Stack, StackSetting},
    staff::Staff,
    world::{AMY, PASSWORD},
};

/// Files in the child's folder.
pub const JOURNAL: &str = "journal.db";
pub const DEVICE_KEY: &str = "device-key";
pub const JOURNAL_KEY: &str = "journal-key";

/// Longest life of a child, in milliseconds.
const LIFE_MILLIS: u16 = 400;
/// Every so many rounds the child's life counts from its birth, so that it may die while it opens the journal.
const DIES_OPENING_EVERY: u32 = 4;
/// What a child says once its journal is open.
pub const OPEN: &str = "open";
/// So that lines that break and servers that die come in every order.
const SERVER_DIES_EVERY: u32 = 9;

/// Appends that wait at once while a journal is filled.
const FILLERS: usize = 512;

/// A page of a session, as consoles write most of them.
pub fn event(staff: Option<&StaffId>, n: usize) -> EventBody {
    let subject = EventSubject {
        staff: staff.cloned(),
        customer: Some(CustomerId::new("1042")),
        portal: Some(PortalId::new("barkside")),
        // One that the server does not know, as after a restored backup.
        session: Some(SessionId::new("019b0a3e-5f5e-7c3a-9f0e-3d1f6c2b7a11")),
        device: None,
        policy_hash: Some("8f14e45fceea167a5a36dedd4bea2543b1d9b2b0a5a5c5d5e5f5a5b5c5d5e5f5".into()),
    };
    let detail = EventDetail::PageViewed {
        method: "GET".into(),
        path: format!("/appointments/{n}"),
        document: true,
        rule: None,
        unmasked: Vec::new(),
    };
    EventBody::new(subject, "amberglass/measurement", detail)
}

/// As many as asked for, through the front door.
///
/// # Errors
/// When one of them can't be appended.
pub async fn fill(journal: &Journal, staff: Option<&StaffId>, count: usize) -> Result<()> {
    let mut filling = JoinSet::new();
    for first in 0..FILLERS.min(count) {
        let (journal, staff) = (journal.clone(), staff.cloned());
        filling.spawn(async move {
            for n in (first..count).step_by(FILLERS) {
                journal.append(event(staff.as_ref(), n)).await?;
            }
            Ok::<_, anyhow::Error>(())
        });
    }
    while let Some(done) = filling.join_next().await {
        done??;
    }
    Ok(())
}

/// What became of the rounds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Told {
    pub rounds: u32,
    /// Appends that returned.
    pub appended: usize,
    /// Records on the server in the end: also those whose append did not return any more.
    pub held: usize,
    pub server_deaths: u32,
    pub broken_connections: u32,
}

/// Server, line and child, in one folder.
pub struct Rig {
    programs: PathBuf,
    folder: PathBuf,
    stack: Stack,
    line: BreakingLine,
    device: String,
    staff: StaffId,
    entropy: SeededEntropy,
    /// By number, the hash of each append that returned.
    appended: BTreeMap<i64, String>,
    told: Told,
}

impl Rig {
    /// `programs` is where the built ones are; `database_url` is empty for SQLite in the folder.
    ///
    /// # Errors
    /// When the server does not start or nobody can sign in.
    pub async fn open(programs: &Path, folder: &Path, database_url: &str, seed: u64) -> Result<Self> {
        // A server of its own settings, which the operator's commands can be asked about.
        let setting = StackSetting {
            limits: "heartbeat_seconds = 2".into(),
            database_url: database_url.to_owned(),
            ..StackSetting::default()
        };
        let stack = Stack::start_as(programs, &folder.join("stack"), setting)?;
        let staff = Staff::sign_in(&stack.api, AMY, PASSWORD).await?;
        let child = folder.join("child");
        std::fs::create_dir(&child)?;
        std::fs::write(child.join(DEVICE_KEY), staff.device.to_secret_text().expose_secret())?;
        std::fs::write(child.join(JOURNAL_KEY), JournalKey::generate(&OsEntropy).to_secret_text().expose_secret())?;
        let server: SocketAddr = stack.api.trim_start_matches("http://").parse()?;
        let line = BreakingLine::to(server, seed).await?;
        Ok(Self {
            programs: programs.to_owned(),
            folder: child,
            stack,
            line,
            device: staff.tokens.device.0.clone(),
            staff: staff.tokens.staff.id.clone(),
            entropy: SeededEntropy::new(seed),
            appended: BTreeMap::new(),
            told: Told::default(),
        })
    }

    fn child(&self, server: &str) -> Command {
        let mut command = Command::new(self.programs.join("amberglass-journal-child"));
        command.arg("--folder").arg(&self.folder).args([
            "--server",
            server,
            "--device",
            &self.device,
            "--staff",
            self.staff.as_str(),
        ]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        command
    }

    fn number(&self, below: u16) -> i64 {
        let mut bytes = [0; 2];
        self.entropy.fill(&mut bytes);
        i64::from(u16::from_le_bytes(bytes) % below)
    }

    /// One child's life and death.
    ///
    /// # Errors
    /// When a child or the server does not start again, or a record is told that contradicts an earlier one.
    pub async fn round(&mut self) -> Result<()> {
        self.told.rounds += 1;
        let mut command = self.child(&format!("http://{}", self.line.address));
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().context("the child could not be started")?;
        let output = child.stdout.take().context("the child has no output")?;
        let (opened, open) = oneshot::channel();
        let heard = std::thread::spawn(move || {
            let mut opened = Some(opened);
            let told = |line: &String| {
                if line == OPEN
                    && let Some(opened) = opened.take()
                {
                    // Nobody waits for it in some rounds.
                    let _ = opened.send(());
                }
            };
            BufReader::new(output).lines().map_while(Result::ok).inspect(told).collect::<Vec<_>>()
        });
        let mut child = Process::adopt("the journal's child", child);

        // A journal that has grown takes its time to look at all of itself; some die in that.
        if !self.told.rounds.is_multiple_of(DIES_OPENING_EVERY) {
            open.await.context("the child did not open its journal")?;
        }
        let life = self.number(LIFE_MILLIS);
        let server_dies = self.told.rounds.is_multiple_of(SERVER_DIES_EVERY);
        let start = SystemClock.monotonic_millis();
        if server_dies {
            SystemClock.sleep_until(start + self.number(LIFE_MILLIS).min(life)).await;
            self.stack.server.kill();
            self.told.server_deaths += 1;
        }
        SystemClock.sleep_until(start + life).await;
        let died_before = !child.is_running();
        child.kill();
        ensure!(!died_before, "the child ended by itself in round {}", self.told.rounds);
        if server_dies {
            self.stack.start_server_again()?;
        }
        let Ok(lines) = heard.join() else { bail!("the child could not be heard") };
        for line in lines {
            self.heard(&line)?;
        }
        Ok(())
    }

    fn heard(&mut self, line: &str) -> Result<()> {
        let words: Vec<&str> = line.split(' ').collect();
        // A line that the kill has torn was not told.
        let ["appended", seq, hash] = words[..] else { return Ok(()) };
        if hash.len() == 64 {
            self.told.appended += 1;
            let before = self.appended.insert(seq.parse()?, hash.to_owned());
            ensure!(before.is_none(), "record {seq} was given to two appends");
        }
        Ok(())
    }

    /// Delivers what is left, over a line that holds, and compares what the server has with what was told.
    ///
    /// # Errors
    /// When anything is missing, there twice, in another order, or not as it was told.
    pub fn settle(mut self) -> Result<Told> {
        let output = self.child(&self.stack.api).arg("--drain").output()?;
        let said = String::from_utf8(output.stdout)?;
        let words: Vec<&str> = said.trim().split(' ').collect();
        let ["drained", seq, hash, ..] = words[..] else { bail!("the child said: {said}") };
        let head = format!("{seq} {hash}");

        let file = self.folder.join("export");
        self.stack.operate(&["audit", "export", &file.to_string_lossy(), "--device", &self.device])?;
        let keys = TrustedKeys::parse(&self.stack.operate(&["audit", "keys"])?)?;
        let export = std::fs::File::open(&file)?;
        let report = amberglass_verify::verify(BufReader::new(&export), &keys, &[])?;
        ensure!(report.is_whole(), "{report}");

        let mut held = Vec::new();
        for line in std::fs::read_to_string(&file)?.lines() {
            if let ExportLine::Record(record) = serde_json::from_str(line)?
                && record.writer == self.device
            {
                held.push(record);
            }
        }
        let last = held.last().map(|record| format!("{} {}", record.seq, record.hash));
        ensure!(last.as_ref() == Some(&head), "the server's last record is {last:?}, the journal's {head}");
        for (place, record) in held.iter().enumerate() {
            ensure!(usize::try_from(record.seq)? == place + 1, "record {} stands at {place}", record.seq);
            if let Some(hash) = self.appended.remove(&record.seq) {
                ensure!(record.hash == hash, "record {} is another one than was told", record.seq);
            }
        }
        let lost: Vec<&i64> = self.appended.keys().collect();
        ensure!(lost.is_empty(), "lost, though their appends had returned: {lost:?}");
        let ids: std::collections::BTreeSet<&str> = held.iter().map(|record| record.id.as_str()).collect();
        ensure!(ids.len() == held.len(), "an event is there twice");
        self.told.held = held.len();
        self.told.broken_connections = self.line.broken();
        Ok(self.told)
    }
}

//! The journal: opened once the device is known, drained for as long as it is open, shown in numbers.

use std::{path::Path, sync::Arc};

use amberglass_journal::{HoldReason, Journal, JournalError, Opened, QueueStatus, Replaced, Syncer, free_bytes};
use amberglass_wire::{
    audit::{EventBody, JournalLoss},
    event_stream::ChainHead,
};
use secrecy::SecretString;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    controller::{Actor, Ports},
    device::Device,
    errors,
    input::{Input, Reply},
    journal_keeping::{KeepingError, open_device_journal},
    recovered::{LeftOpen, Recovery},
    view::{ConsoleErrorCode, UiError, UiErrorCode},
};

pub(crate) enum JournalState {
    /// No device is known yet.
    Closed,
    Opening,
    Open(Box<OpenedJournal>),
    /// It could not be opened.
    Failed(UiError),
}

pub(crate) struct OpenedJournal {
    pub journal: Journal,
    pub status: QueueStatus,
    /// What became of the one before, if it was put aside just now.
    replaced: Option<Replaced>,
    /// The newest one.
    key: SecretString,
    /// Wakes the syncer.
    nudge: Arc<Notify>,
    stop: CancellationToken,
    /// A session in which the program died before.
    left_open: Option<LeftOpen>,
}

impl JournalState {
    pub fn open(&self) -> Option<&OpenedJournal> {
        match self {
            Self::Open(opened) => Some(opened),
            Self::Closed | Self::Opening | Self::Failed(_) => None,
        }
    }

    pub fn is_opening(&self) -> bool {
        matches!(self, Self::Opening)
    }

    /// Another program works on it.
    pub fn in_use(&self) -> Option<UiError> {
        match self {
            Self::Failed(error) if error.code == UiErrorCode::Console(ConsoleErrorCode::AlreadyRunning) => {
                Some(error.clone())
            }
            Self::Closed | Self::Opening | Self::Open(_) | Self::Failed(_) => None,
        }
    }

    /// The name of the chain that is written now.
    pub fn writer(&self) -> Option<&str> {
        self.open().map(|opened| opened.journal.writer())
    }

    /// What this device has written so far.
    pub fn head(&self) -> ChainHead {
        self.open().map(|opened| opened.status.head.clone()).unwrap_or_default()
    }
}

impl Actor {
    /// Opens the journal of the known device, unless it is open.
    pub fn open_journal(&mut self) {
        let (Some(device), Some(key)) = (self.device.known(), self.device.journal_key.clone()) else { return };
        match &self.journal {
            JournalState::Closed | JournalState::Failed(_) => {}
            JournalState::Opening | JournalState::Open(_) => return,
        }
        self.journal = JournalState::Opening;
        let ports = self.ports.clone();
        self.spawn(async move { Reply::JournalOpened(open(&ports, &device, &key, None).await) });
    }

    /// Puts a journal aside that can't be delivered any more, because somebody decided so; not while a session is recorded
    /// in it.
    pub fn begin_new_journal(&mut self) {
        let JournalState::Open(opened) = &self.journal else { return };
        let cause = match opened.status.hold {
            Some(HoldReason::Unreadable) => JournalLoss::Damaged,
            Some(HoldReason::Fork | HoldReason::Rejected | HoldReason::TooLarge | HoldReason::Other) => {
                JournalLoss::Contradicted
            }
            None => return,
        };
        let (Some(device), Some(key)) = (self.device.known(), self.device.journal_key.clone()) else { return };
        if self.running.is_some() || self.starting.is_some() {
            return;
        }
        let JournalState::Open(opened) = std::mem::replace(&mut self.journal, JournalState::Opening) else { return };
        let ports = self.ports.clone();
        self.spawn(async move {
            opened.stop.cancel();
            opened.journal.close().await;
            Reply::JournalOpened(open(&ports, &device, &key, Some(cause)).await)
        });
    }

    pub fn on_journal_opened(&mut self, result: Result<OpenedJournal, UiError>) {
        let mut opened = match result {
            Ok(opened) => opened,
            Err(error) => {
                tracing::error!(?error, "the journal could not be opened");
                self.journal = JournalState::Failed(error);
                self.go_on_from_keyring();
                return self.go_on_starting();
            }
        };
        // One of this very run has its window and its own word.
        if self.running.is_none() && self.starting.is_none() {
            self.recovery = Recovery::of(opened.left_open.take());
        }
        self.keeping.replaced = opened.replaced.take().or(self.keeping.replaced.take());
        let Some(device) = self.device.known() else { return };
        self.device.journal_key = Some(opened.key.clone());
        let mut status = opened.journal.status();
        let inputs = self.inputs.clone();
        self.spawn(async move {
            while status.changed().await.is_ok() {
                let latest = status.borrow_and_update().clone();
                if inputs.send(Input::Queue(latest)).is_err() {
                    break;
                }
            }
            Reply::Done
        });
        let syncer = Syncer::new(
            opened.journal.clone(),
            self.ports.sink.clone(),
            device.key,
            // A computer whose clock is wrong would sign what the server refuses.
            Arc::new(self.connection.server_clock(self.ports.clock.clone())),
            self.ports.entropy.clone(),
        );
        self.follow_delivery(syncer.progress());
        let (nudge, stop) = (opened.nudge.clone(), opened.stop.clone());
        self.spawn(async move {
            syncer.run(nudge, stop).await;
            Reply::Done
        });
        self.journal = JournalState::Open(Box::new(opened));
        self.keep_opened_journal();
        self.go_on_from_keyring();
        self.ask_recovered();
        self.go_on_starting();
    }

    pub fn on_queue(&mut self, status: QueueStatus) {
        if let JournalState::Open(opened) = &mut self.journal {
            opened.status = status;
        }
    }

    /// The line is back: what waits can go.
    pub fn nudge_sync(&self) {
        if let Some(opened) = self.journal.open() {
            opened.nudge.notify_one();
        }
    }

    /// Another device id: its records belong to another file.
    pub fn forget_journal(&mut self) {
        if let JournalState::Open(opened) = &self.journal {
            opened.stop.cancel();
        }
        self.journal = JournalState::Closed;
    }

    pub async fn close_journal(&mut self) {
        if let JournalState::Open(opened) = std::mem::replace(&mut self.journal, JournalState::Closed) {
            opened.stop.cancel();
            opened.journal.close().await;
        }
    }

    /// No record, no session: whether this machine could keep one, in the order in which a person can mend it.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn ready_to_record(&self) -> Result<&OpenedJournal, UiError> {
        let opened = match &self.journal {
            JournalState::Open(opened) => opened,
            JournalState::Failed(error) => return Err(error.clone()),
            JournalState::Closed | JournalState::Opening => {
                return Err(errors::console(ConsoleErrorCode::JournalUnavailable, None));
            }
        };
        let free = free_bytes(&self.ports.data_dir)
            .map_err(|error| errors::console(ConsoleErrorCode::JournalUnavailable, Some(error.to_string())))?;
        match self.refusal(opened, Some(free)) {
            Some(refusal) => Err(refusal),
            None => Ok(opened),
        }
    }

    /// The limits beyond which no session starts.
    pub fn refusal(&self, opened: &OpenedJournal, free: Option<u64>) -> Option<UiError> {
        if free.is_some_and(|free| free < self.limits.min_free_disk_bytes) {
            let mebibytes = self.limits.min_free_disk_bytes / (1024 * 1024);
            return Some(errors::console(ConsoleErrorCode::DiskTooFull, Some(format!("{mebibytes} MiB"))));
        }
        let too_old = i64::from(self.limits.max_unsent_age_seconds) * 1000;
        if opened.status.oldest_at.is_some_and(|oldest| self.ports.clock.now().since(oldest) > too_old) {
            let hours = self.limits.max_unsent_age_seconds / 3600;
            return Some(errors::console(ConsoleErrorCode::JournalTooOld, Some(format!("{hours} h"))));
        }
        None
    }

    /// Appends beside the actor and answers with `reply`, which gets whether the record is durable.
    pub fn record(&mut self, body: EventBody, reply: impl FnOnce(bool) -> Reply + Send + 'static) {
        let journal = self.journal.open().map(|opened| opened.journal.clone());
        let inputs = self.inputs.clone();
        self.records.spawn(async move {
            let durable = match journal {
                Some(journal) => match journal.append(body).await {
                    Ok(_) => true,
                    Err(error) => {
                        tracing::error!(%error, "a record could not be written");
                        false
                    }
                },
                None => false,
            };
            // Nobody receives only when the actor has ended; the record is written all the same.
            let _ = inputs.send(Input::Reply(Box::new(reply(durable))));
        });
    }
}

async fn open(
    ports: &Ports,
    device: &Device,
    key: &SecretString,
    replaces: Option<JournalLoss>,
) -> Result<OpenedJournal, UiError> {
    std::fs::create_dir_all(&ports.data_dir)
        .map_err(|error| errors::console(ConsoleErrorCode::JournalUnavailable, Some(error.to_string())))?;
    let file = journal_file(&ports.data_dir, device);
    let (opened, key) =
        open_device_journal(ports, device, key, file, replaces).await.map_err(|error| unopened(&error))?;
    let Opened { journal, replaced } = opened;
    let status = journal.status().borrow().clone();
    // Before anything of it is sent: how much was kept here is part of the word.
    let left_open = LeftOpen::read(&journal).await;
    let (nudge, stop) = (Arc::new(Notify::new()), CancellationToken::new());
    Ok(OpenedJournal { journal, status, replaced, key, nudge, stop, left_open })
}

fn unopened(error: &KeepingError) -> UiError {
    match error {
        KeepingError::Journal(JournalError::InUse) => errors::console(ConsoleErrorCode::AlreadyRunning, None),
        KeepingError::Journal(error) => errors::console(ConsoleErrorCode::JournalUnavailable, Some(error.to_string())),
        KeepingError::Keychain(error) => errors::of_keychain(error),
    }
}

/// `journal-<device id>.sqlite`. The id comes from the server; only what a file name may hold stays of it.
fn journal_file(data_dir: &Path, device: &Device) -> std::path::PathBuf {
    let id: String =
        device.id.as_str().chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).take(64).collect();
    data_dir.join(format!("journal-{id}.sqlite"))
}

//! Once a session is over and its device has delivered past it, what console and server recorded of it is compared.
//!
//! The console puts every navigation on record before it asks for it, and the gateway every page before it forwards it. So
//! whatever the gateway showed as a page of its own must stand in the console's journal, or somebody looked at it with
//! something else than the console. The other way round nothing follows: a page that the console asked for may have died on
//! the way (offline, frozen, replaced by the next click), and nothing was seen of it. Likewise the gateway's refusals and the
//! console's are each their own.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use amberglass_domain::ports::Clock;
use amberglass_wire::{
    SessionId, UnixMillis,
    audit::{EventBody, EventDetail, TrailEvent},
};
use tokio_util::sync::CancellationToken;

use super::{AuditError, AuditLog, alarms::MOST_OF_A_KIND};
use crate::{
    sessions::subject_of,
    store::{AlarmTopic, SessionRow, Store, StoreError},
};

/// Between two looks.
const INTERVAL_MILLIS: i64 = 60_000;
/// Sessions in one look.
const MOST_SESSIONS: u32 = 200;
/// A device that has not delivered a session's records by then has lost them, or keeps them back.
const PATIENCE_SECONDS: i64 = 24 * 60 * 60;
/// Names in one record of what is missing.
const MOST_NAMES: usize = 50;

/// Looks at sessions that are over, every minute.
pub struct Reconciliation {
    audit: AuditLog,
    clock: Arc<dyn Clock>,
    /// The last one that was looked at: those that wait for their device keep no other one waiting.
    after: (UnixMillis, SessionId),
}

impl Reconciliation {
    pub fn new(audit: AuditLog, clock: Arc<dyn Clock>) -> Self {
        Self { audit, clock, after: beginning() }
    }

    /// Until stopped.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let next = self.clock.monotonic_millis().saturating_add(INTERVAL_MILLIS);
            if stop.run_until_cancelled(self.clock.sleep_until(next)).await.is_none() {
                return;
            }
            if let Err(error) = self.look().await {
                tracing::error!(error = &error as &dyn std::error::Error, "sessions could not be compared");
            }
        }
    }

    /// Compares the sessions whose turn it is, and gives how many were. One that can't be compared is looked at again later.
    ///
    /// # Errors
    /// When nobody can say which sessions those are.
    pub async fn look(&mut self) -> Result<usize, AuditError> {
        let store = self.audit.shared.store.clone();
        let (at, id) = &self.after;
        let waiting = store.sessions_to_reconcile(*at, id, MOST_SESSIONS).await?;
        let most = usize::try_from(MOST_SESSIONS).unwrap_or(usize::MAX);
        self.after = match waiting.last() {
            Some(last) if waiting.len() >= most => (last.ended_at.unwrap_or_default(), last.id.clone()),
            Some(_) | None => beginning(),
        };
        let mut compared = 0_usize;
        for row in waiting {
            match self.compare_if_due(&store, &row).await {
                Ok(true) => compared = compared.saturating_add(1),
                Ok(false) => {}
                // Whatever is wrong with this one keeps no other one waiting; its turn comes again.
                Err(error) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    session = row.id.as_str(),
                    "a session could not be compared; it is tried again"
                ),
            }
        }
        Ok(compared)
    }

    async fn compare_if_due(&self, store: &Store, row: &SessionRow) -> Result<bool, AuditError> {
        if !self.is_due(store, row).await? {
            return Ok(false);
        }
        self.compare(store, row).await?;
        Ok(true)
    }

    async fn is_due(&self, store: &Store, row: &SessionRow) -> Result<bool, StoreError> {
        let Some(ended_at) = row.ended_at else { return Ok(false) };
        Ok(ended_at.plus_seconds(PATIENCE_SECONDS) <= self.clock.now()
            || store.console_has_recorded(&row.id, "window_closed").await?
            || store.has_later_window(row).await?)
    }

    async fn compare(&self, store: &Store, row: &SessionRow) -> Result<(), AuditError> {
        let trail = store.trail(&row.id).await?;
        let mut sides = Sides::of(&trail);
        sides.asked = store.console_has_asked(row).await?;
        if let Some((writer, seq)) = &sides.last_of_console {
            sides.went_on = store.chain_head_of(writer).await?.seq > *seq;
        }
        let (missing_at_console, missing_at_server) = sides.missing();
        let mut tx = store.begin().await?;
        if !tx.mark_reconciled(&row.id, self.clock.now()).await? {
            return Ok(());
        }
        if !missing_at_console.is_empty() || !missing_at_server.is_empty() {
            let topic = AlarmTopic {
                kind: "session_mismatch",
                about: format!("session_mismatch {}", row.id),
                shown: String::new(),
                device: Some(row.device.clone()),
            };
            let detail = EventDetail::SessionMismatch { missing_at_console, missing_at_server };
            self.audit.raise_in(&mut tx, subject_of(row), detail, &topic, MOST_OF_A_KIND).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

fn beginning() -> (UnixMillis, SessionId) {
    (UnixMillis(i64::MIN), SessionId(String::new()))
}

/// What each side has on record of one session.
#[derive(Debug, Default)]
struct Sides {
    entered: bool,
    /// Documents, as the gateway recorded them.
    shown: BTreeSet<String>,
    /// As [`comparable`].
    navigated: HashSet<String>,
    opened: bool,
    closed: bool,
    /// The console has put on record that somebody asks for this customer.
    asked: bool,
    /// Writer and number of the console's last record.
    last_of_console: Option<(String, i64)>,
    /// The console's chain goes on after it.
    went_on: bool,
    /// A body that might name a page is erased: what it was is not known any more.
    is_erased: bool,
}

impl Sides {
    fn of(trail: &[TrailEvent]) -> Self {
        let mut sides = Self::default();
        for TrailEvent { record, .. } in trail {
            let is_server = record.writer.starts_with("server:");
            let page = match serde_json::from_str::<EventBody>(&record.body).map(|body| body.detail) {
                Ok(EventDetail::PageViewed { path, document: true, .. }) => Some(path),
                Ok(_) | Err(_) => None,
            };
            sides.is_erased |= record.kind == "page_viewed" && record.body.is_empty();
            match (is_server, record.kind.as_str(), page) {
                (true, "session_entered", _) => sides.entered = true,
                (true, _, Some(path)) => drop(sides.shown.insert(path)),
                (false, "window_opened", _) => sides.opened = true,
                (false, "window_closed", _) => sides.closed = true,
                (false, _, Some(path)) => drop(sides.navigated.insert(comparable(&path))),
                (_, _, _) => {}
            }
            if !is_server {
                sides.last_of_console = Some((record.writer.clone(), record.seq));
            }
        }
        sides
    }

    /// Missing at the console, and at the server.
    fn missing(&self) -> (Vec<String>, Vec<String>) {
        let (mut at_console, mut at_server) = (Vec::new(), Vec::new());
        // A start that failed between grant and window shows nothing and leaves no window on record.
        if !self.opened && !self.shown.is_empty() {
            at_console.push("window_opened".to_owned());
        }
        if self.opened && !self.asked {
            at_console.push("start_requested".to_owned());
        }
        // A console that was killed goes on with its chain at its next start, and may never say that its window is gone.
        if self.opened && !self.closed && !self.went_on {
            at_console.push("window_closed".to_owned());
        }
        // Its window opens after the server has answered that it is in.
        if self.opened && !self.entered {
            at_server.push("session_entered".to_owned());
        }
        if !self.is_erased {
            let missing = self.shown.iter().filter(|path| !self.navigated.contains(&comparable(path)));
            at_console.extend(missing.map(|path| format!("page_viewed {path}")));
        }
        at_console.truncate(MOST_NAMES);
        (at_console, at_server)
    }
}

/// A recorded path without what the two sides may write in two ways: names of the query, percent-encoding, and the tags in
/// the place of secrets, which depend on it.
fn comparable(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let segments = path.split('/').map(|segment| {
        let is_tag = segment.len() == 9 && segment.starts_with('~');
        if is_tag {
            "~".to_owned()
        } else {
            percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
        }
    });
    segments.collect::<Vec<String>>().join("/")
}

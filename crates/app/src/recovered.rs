//! A session in which this program died: its page went with the process, and the journal knows that its window was never
//! closed. The console does not beat for it, so the server ends it by itself as `console_lost`; whoever cannot wait ends it.

use amberglass_domain::ports::BackendError;
use amberglass_journal::Journal;
use amberglass_wire::{
    SessionId,
    audit::{EventBody, EventDetail, EventSubject},
    problem::ErrorCode,
    session::{EndedBy, SessionResponse},
};

use crate::{controller::Actor, errors, input::Reply, view::RecoveredView};

/// How soon the server is asked again what has become of it.
const ASK_AGAIN_MILLIS: i64 = 5_000;

/// What the journal says at the start of the program.
pub(crate) struct LeftOpen {
    session: SessionId,
    subject: EventSubject,
    /// Records of it that had not been sent.
    kept: u32,
}

impl LeftOpen {
    /// What cannot be read is told of elsewhere: it stands in the way of delivery, too.
    pub async fn read(journal: &Journal) -> Option<Self> {
        let record = match journal.left_open().await {
            Ok(record) => record?,
            Err(error) => {
                tracing::error!(%error, "whether a session was left open cannot be read");
                return None;
            }
        };
        let body: EventBody = serde_json::from_str(&record.body).ok()?;
        let session = record.session?;
        let kept = journal.unsent_of(&session).await.map_or(0, |records| records.len());
        Some(Self { session, subject: body.subject, kept: u32::try_from(kept).unwrap_or(u32::MAX) })
    }
}

#[derive(Default)]
pub(crate) struct Recovery {
    left: Option<LeftOpen>,
    /// As the server knows it; shown from then on.
    found: Option<SessionResponse>,
    asking: bool,
    /// Monotonic.
    ask_at: Option<i64>,
}

impl Recovery {
    /// Nothing is known of it yet but what the journal says.
    pub fn of(left: Option<LeftOpen>) -> Self {
        Self { left, ..Self::default() }
    }
}

impl Actor {
    pub fn recovered_view(&self, now: i64) -> Option<RecoveredView> {
        let (left, found) = (self.recovery.left.as_ref()?, self.recovery.found.as_ref()?);
        Some(RecoveredView { session: self.session_view(found, now), kept: left.kept })
    }

    pub fn recovery_due(&self) -> Option<i64> {
        if self.recovery.asking { None } else { self.recovery.ask_at }
    }

    pub fn tick_recovery(&mut self, now: i64) {
        if self.recovery_due().is_some_and(|at| at <= now) {
            self.ask_recovered();
        }
    }

    /// It is told to whoever it happened to, and to nobody else who signs in on this desktop.
    pub fn ask_recovered(&mut self) {
        let Some(account) = self.account().cloned() else { return };
        let Some(left) = &self.recovery.left else { return };
        if left.subject.staff.as_ref() != Some(&account.staff.id) || self.recovery.asking {
            return;
        }
        let session = left.session.clone();
        self.recovery.asking = true;
        self.recovery.ask_at = None;
        let ports = self.ports.clone();
        self.spawn(async move {
            let result = ports.backend.session(&account.access, &session).await;
            Reply::Recovered { session, result }
        });
    }

    pub fn on_recovered(&mut self, session: &SessionId, result: Result<SessionResponse, BackendError>) {
        self.recovery.asking = false;
        if self.account().is_none() || self.recovery.left.as_ref().is_none_or(|left| left.session != *session) {
            return;
        }
        let again = self.now().saturating_add(ASK_AGAIN_MILLIS);
        match result {
            // Its end was asked for and only the record of the closed window is missing: there is nothing to tell.
            Ok(found) if self.recovery.found.is_none() && found.ended_by == Some(EndedBy::Staff) => {
                self.dismiss_recovered();
            }
            Ok(found) => self.take_recovered(found),
            Err(error) if errors::refusal(&error) == Some(ErrorCode::NotFound) => self.dismiss_recovered(),
            Err(error) => {
                self.recovery.ask_at = Some(again);
                self.note_refusal(&error);
            }
        }
    }

    /// News of it, whichever question brought them.
    pub fn take_recovered(&mut self, session: SessionResponse) {
        if self.recovery.left.as_ref().is_none_or(|left| left.session != session.id) {
            return;
        }
        self.recovery.ask_at = session.state.is_running().then(|| self.now().saturating_add(ASK_AGAIN_MILLIS));
        self.recovery.found = Some(session);
    }

    /// A hint that may be about it.
    pub fn refresh_recovered(&mut self, session: &SessionId) {
        if self.recovery.left.as_ref().is_some_and(|left| left.session == *session) {
            self.ask_recovered();
        }
    }

    /// The session, while it still runs at the server.
    pub fn recovered_running(&self) -> Option<SessionId> {
        self.recovery.found.as_ref().filter(|found| found.state.is_running()).map(|found| found.id.clone())
    }

    /// Told, so it is not told again: the record of it is completed.
    pub fn dismiss_recovered(&mut self) {
        let Some(left) = std::mem::take(&mut self.recovery).left else { return };
        let body = EventBody::new(left.subject, self.ports.client.clone(), EventDetail::WindowClosed {});
        self.record(body, |_| Reply::Done);
    }

    /// Signed out: what the server said of it leaves the screen, and whoever signs in next may be somebody else.
    pub fn hide_recovered(&mut self) {
        self.recovery = Recovery::of(self.recovery.left.take());
    }
}

//! More time: a reason in own words, asked for once however often the answer gets lost.

use amberglass_domain::{
    ports::{AccessToken, BackendError, uuid_v7},
    reason,
};
use amberglass_wire::{
    SessionId,
    session::{ExtendSessionRequest, Reason, SessionResponse, SessionState},
};

use crate::{
    controller::{Actor, Ports},
    errors,
    input::Reply,
    session_run::Running,
    view::{ExtendView, UiError},
};

/// The row of the bar.
#[derive(Default)]
pub(crate) struct Extending {
    open: bool,
    /// Number of the question that is under way.
    asking: Option<u64>,
    /// Asked in this row and never answered: the server may have acted on it.
    unsettled: Option<Asked>,
    error: Option<UiError>,
}

#[derive(Clone)]
pub(crate) struct Asked {
    key: String,
    request: ExtendSessionRequest,
}

/// Why there is no more time, as far as this console knows.
pub(crate) struct ExtendFailure {
    error: BackendError,
    unsettled: Option<Asked>,
}

impl Actor {
    pub fn extend_view(&self, running: &Running) -> ExtendView {
        let extending = &running.extending;
        let left = self.extensions_left(running);
        ExtendView {
            left,
            seconds: if left == 0 { 0 } else { self.extension_seconds(running) },
            open: extending.open && left > 0,
            busy: extending.asking.is_some(),
            error: extending.error.clone(),
            number: running.session.extensions,
        }
    }

    /// None while the server would refuse it anyway: frozen, silent, ending, over.
    fn extensions_left(&self, running: &Running) -> u32 {
        if running.session.state != SessionState::Active || !running.goes_on() {
            return 0;
        }
        let most = running.session.max_extensions.unwrap_or(self.limits.max_extensions);
        most.saturating_sub(running.session.extensions)
    }

    /// No further than the longest session, its extensions counted.
    fn extension_seconds(&self, running: &Running) -> u32 {
        let session = &running.session;
        let used = match (session.started_at, session.expires_at) {
            (Some(started), Some(expires)) => expires.since(started).max(0).saturating_add(999) / 1000,
            (None | Some(_), None) | (None, Some(_)) => return 0,
        };
        let room = i64::from(self.limits.max_duration_seconds).saturating_sub(used).max(0);
        self.limits.extension_seconds.min(u32::try_from(room).unwrap_or(u32::MAX))
    }

    pub fn open_extend(&mut self) {
        let offered = self
            .running
            .as_ref()
            .is_some_and(|running| self.extensions_left(running) > 0 && self.extension_seconds(running) > 0);
        if let Some(running) = self.running.as_mut().filter(|running| offered && !running.extending.open) {
            running.extending = Extending { open: true, ..Extending::default() };
            // There is room for one.
            running.unmasking.close();
        }
    }

    /// A question under way goes on: what the server makes of it shows in the deadline.
    pub fn close_extend(&mut self) {
        if let Some(running) = &mut self.running {
            let asking = running.extending.asking;
            running.extending = Extending { asking, ..Extending::default() };
        }
    }

    pub fn extend_session(&mut self, text: String) {
        let number = self.next_number();
        let account = self.account().cloned();
        let Some(running) = &self.running else { return };
        let seconds = self.extension_seconds(running);
        if running.extending.asking.is_some() || self.extensions_left(running) == 0 || seconds == 0 {
            return;
        }
        let Some(account) = account else { return };
        let reason = Reason { text: text.trim().to_owned(), ..running.session.reason.clone() };
        let checked = if self.reason_codes.is_empty() {
            // An older server does not name its codes; it knows the one of the start.
            reason::check_text(&reason.text)
        } else {
            reason::check(&reason, &self.reason_codes)
        };
        let session = running.session.id.clone();
        let Some(running) = &mut self.running else { return };
        running.extending.open = true;
        if let Err(code) = checked {
            running.extending.error = Some(errors::of_code(code));
            return;
        }
        running.extending.error = None;
        running.extending.asking = Some(number);
        let unsettled = running.extending.unsettled.take();
        let request = ExtendSessionRequest { seconds, reason };
        let ports = self.ports.clone();
        self.spawn(async move {
            let result = extend(&ports, &account.access, &session, unsettled, request).await;
            Reply::Extended { number, session, result }
        });
    }

    pub fn on_extended(&mut self, number: u64, session: &SessionId, result: Result<SessionResponse, ExtendFailure>) {
        let now = self.now();
        let Some(running) = self.running.as_mut().filter(|running| running.session.id == *session) else { return };
        let mine = running.extending.asking == Some(number);
        if mine {
            running.extending.asking = None;
        }
        match result {
            Ok(extended) => {
                if mine {
                    running.extending = Extending::default();
                }
                self.take_session(extended, now);
            }
            Err(ExtendFailure { error, unsettled }) => {
                tracing::warn!(%error, "the session was not extended");
                if mine && running.extending.open {
                    running.extending.error = Some(errors::of_backend(&error));
                    running.extending.unsettled = unsettled;
                }
                // Whether there is more time, and whether there are extensions left, is the server's word.
                running.check_soon(now);
                self.note_refusal(&error);
            }
        }
    }
}

/// What was asked before and never answered comes first, word for word: if the server has acted on it, that was the
/// extension.
async fn extend(
    ports: &Ports,
    access: &AccessToken,
    session: &SessionId,
    unsettled: Option<Asked>,
    request: ExtendSessionRequest,
) -> Result<SessionResponse, ExtendFailure> {
    if let Some(asked) = unsettled {
        match ask_twice(ports, access, session, asked).await {
            Err(ExtendFailure { unsettled: None, .. }) => {}
            settled => return settled,
        }
    }
    let key = uuid_v7(ports.clock.as_ref(), ports.entropy.as_ref());
    ask_twice(ports, access, session, Asked { key, request }).await
}

async fn ask_twice(
    ports: &Ports,
    access: &AccessToken,
    session: &SessionId,
    asked: Asked,
) -> Result<SessionResponse, ExtendFailure> {
    let ask = || ports.backend.extend_session(access, session, &asked.key, asked.request.clone());
    let error = match ask().await {
        Err(BackendError::Unreachable { .. }) => match ask().await {
            Ok(extended) => return Ok(extended),
            Err(error) => error,
        },
        Ok(extended) => return Ok(extended),
        Err(error) => error,
    };
    let unsettled = errors::refusal(&error).is_none().then_some(asked);
    Err(ExtendFailure { error, unsettled })
}

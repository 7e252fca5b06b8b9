//! One write that the gateway has blocked: asked for from the bar, and sent once somebody has approved it. The page has no part
//! in any of it: what was blocked is the server's word, and what is pressed is pressed in the bar.

use amberglass_domain::{ports::BackendError, signing};
use amberglass_wire::{
    EventId, RequestId, SessionId,
    approval::{RequestResponse, RequestState, Verdict},
    elevation::{BlockedWriteResponse, SendOutcome, SendWriteRequest, SendWriteResponse, WriteResponse},
    session::SessionState,
};

use crate::{
    approvals::last_decision,
    controller::Actor,
    errors,
    input::Reply,
    session_run::Running,
    view::{ElevationStep, ElevationView, UiError},
};

/// Of the running session.
#[derive(Default)]
pub(crate) struct Elevating {
    /// The last one, as the server has said.
    pub blocked: Option<BlockedWriteResponse>,
    /// The person has turned away from everything up to this one.
    dismissed: Option<EventId>,
    /// Number of the question, or of the sending, that is under way.
    under_way: Option<u64>,
    error: Option<UiError>,
}

/// Ids of records are in the order of their making.
fn is_later(one: &EventId, other: &EventId) -> bool {
    one.as_str() > other.as_str()
}

/// What is pressed in the bar reaches the server. Where it would not, the bar says so.
fn can_act(running: &Running) -> bool {
    running.session.state == SessionState::Active && running.goes_on()
}

impl Actor {
    pub fn elevation_view(&self, running: &Running, now: i64) -> ElevationView {
        let elevating = &running.elevating;
        ElevationView {
            step: self.elevation_step(running, now),
            busy: elevating.under_way.is_some(),
            paused: !can_act(running),
            error: elevating.error.clone(),
        }
    }

    fn elevation_step(&self, running: &Running, now: i64) -> ElevationStep {
        let Elevating { blocked, dismissed, .. } = &running.elevating;
        let latest = self.latest_write(&running.session.id);
        let is_new = |record: &EventId| dismissed.as_ref().is_none_or(|dismissed| is_later(record, dismissed));
        if let Some((request, write)) = latest
            && (request.state.is_open() || is_new(&write.asked.record))
            && blocked
                .as_ref()
                .is_none_or(|blocked| request.state.is_open() || !is_later(&blocked.record, &write.asked.record))
        {
            let is_going = running.elevating.under_way.is_some();
            return step_of(request, write, self.left_millis(request, now), is_going);
        }
        match blocked {
            Some(blocked) if is_new(&blocked.record) => ElevationStep::Blocked {
                record: blocked.record.clone(),
                what: what(&blocked.method, &blocked.path),
                cannot_ask: blocked.cannot_ask,
            },
            Some(_) | None => ElevationStep::Nothing {},
        }
    }

    /// The newest that was asked for in this session.
    fn latest_write(&self, session: &SessionId) -> Option<(&RequestResponse, &WriteResponse)> {
        let of_session = self.approvals.own.iter().filter_map(|request| {
            request.write.as_ref().filter(|write| write.session == *session).map(|write| (request, write))
        });
        of_session.max_by(|(_, one), (_, other)| one.asked.record.as_str().cmp(other.asked.record.as_str()))
    }

    /// Until it lapses; zero when that was asked for a comparison of views.
    fn left_millis(&self, request: &RequestResponse, now: i64) -> i64 {
        self.connection.monotonic_of(request.expires_at).map_or(0, |at| at.saturating_sub(now).max(0))
    }

    /// Just what the bar has shown: while somebody reaches for the button the page may have provoked another one.
    pub fn ask_elevation(&mut self, record: &EventId) {
        let number = self.next_number();
        let account = self.account().cloned();
        let Some(running) = self.running.as_mut().filter(|running| can_act(running)) else { return };
        let shown = running
            .elevating
            .blocked
            .as_ref()
            .is_some_and(|blocked| blocked.record == *record && blocked.cannot_ask.is_none());
        let (Some(account), true, None) = (account, shown, running.elevating.under_way) else { return };
        running.elevating.error = None;
        running.elevating.under_way = Some(number);
        let (session, record) = (running.session.id.clone(), record.clone());
        let ports = self.ports.clone();
        self.spawn(async move {
            let result = ports.backend.ask_elevation(&account.access, &session, &record).await.map(Box::new);
            Reply::ElevationAsked { number, session, result }
        });
    }

    pub fn on_elevation_asked(
        &mut self,
        number: u64,
        session: &SessionId,
        result: Result<Box<RequestResponse>, BackendError>,
    ) {
        let Some(mine) = self.settle_elevating(number, session, result.as_ref().err()) else { return };
        match result {
            Ok(request) => {
                self.take_up_request(*request);
                self.fetch_snapshot();
            }
            Err(error) => {
                tracing::warn!(%error, mine, "a blocked write was not asked for");
                self.note_refusal(&error);
            }
        }
    }

    pub fn send_write(&mut self, id: &RequestId) {
        let number = self.next_number();
        let clock = self.connection.server_clock(self.ports.clock.clone());
        let (Some(account), Some(device)) = (self.account().cloned(), self.device.known()) else { return };
        let found = self.approvals.own.iter().find(|request| request.id == *id);
        let Some(write) =
            found.filter(|request| request.state == RequestState::Approved).and_then(|one| one.write.clone())
        else {
            return;
        };
        let is_its = |running: &&mut Running| running.session.id == write.session && can_act(running);
        let Some(running) = self.running.as_mut().filter(is_its) else { return };
        if running.elevating.under_way.is_some() {
            return;
        }
        running.elevating.error = None;
        running.elevating.under_way = Some(number);
        let signed_at = amberglass_domain::ports::Clock::now(&clock);
        let message = signing::send_write(&device.id, id, &write.asked.sha256, signed_at);
        let request = SendWriteRequest {
            device: device.id.clone(),
            write_sha256: write.asked.sha256,
            signed_at,
            signature: device.key.sign(&message),
        };
        let (session, id) = (write.session, id.clone());
        let ports = self.ports.clone();
        self.spawn(async move {
            let result = ports.backend.send_write(&account.access, &id, request).await.map(Box::new);
            Reply::WriteSent { number, session, result }
        });
    }

    /// The window shows what came of it; what the record says is the server's.
    pub fn on_write_sent(
        &mut self,
        number: u64,
        session: &SessionId,
        result: Result<Box<SendWriteResponse>, BackendError>,
    ) {
        let Some(mine) = self.settle_elevating(number, session, result.as_ref().err()) else { return };
        match result {
            Ok(sent) => {
                let SendWriteResponse { request, page } = *sent;
                self.take_up_request(request);
                if let Some(page) = page.filter(|_| mine) {
                    self.ports.host.show_page(session, &page);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "an approved write: no word that it was sent");
                self.note_refusal(&error);
            }
        }
        // Also where no answer came: it may have been sent, and the snapshot knows.
        self.fetch_snapshot();
    }

    /// Whether the answer is to what is under way in the running session; nothing where that is not the session.
    fn settle_elevating(&mut self, number: u64, session: &SessionId, error: Option<&BackendError>) -> Option<bool> {
        let running = self.running.as_mut().filter(|running| running.session.id == *session)?;
        let mine = running.elevating.under_way == Some(number);
        if mine {
            running.elevating.under_way = None;
            running.elevating.error = error.map(errors::of_backend);
        }
        Some(mine)
    }

    pub fn dismiss_write(&mut self) {
        let latest = self.running.as_ref().and_then(|running| self.latest_write(&running.session.id));
        let latest = latest.map(|(_, write)| write.asked.record.clone());
        let Some(running) = &mut self.running else { return };
        let elevating = &mut running.elevating;
        elevating.error = None;
        let blocked = elevating.blocked.as_ref().map(|blocked| blocked.record.clone());
        elevating.dismissed = [elevating.dismissed.take(), latest, blocked]
            .into_iter()
            .flatten()
            .max_by(|one, other| one.as_str().cmp(other.as_str()));
    }
}

/// `POST /appointments`
fn what(method: &str, path: &str) -> String {
    format!("{method} {path}")
}

fn step_of(request: &RequestResponse, write: &WriteResponse, remaining_millis: i64, is_going: bool) -> ElevationStep {
    let (id, what) = (request.id.clone(), what(&write.asked.method, &write.asked.path));
    let by = |verdict: Verdict| {
        let last = last_decision(request, verdict);
        last.map(|decision| (decision.approver_name.clone(), decision.comment.clone())).unwrap_or_default()
    };
    let approved = |request: RequestId, what: String| ElevationStep::Approved {
        request,
        what,
        by: by(Verdict::Approve).0,
        remaining_millis,
    };
    match request.state {
        RequestState::Pending => ElevationStep::Waiting { request: id, what },
        RequestState::Approved => approved(id, what),
        RequestState::Denied => {
            let (by, comment) = by(Verdict::Deny);
            ElevationStep::Denied { what, by, comment }
        }
        RequestState::Withdrawn | RequestState::Lapsed => ElevationStep::Lapsed { what },
        // It is used before anything of it goes: what came of it is told with the answer.
        RequestState::Used if write.outcome.is_none() && is_going => approved(id, what),
        RequestState::Used => {
            let outcome = write.outcome.clone().unwrap_or(SendOutcome::Unknown {});
            ElevationStep::Sent { what, outcome }
        }
    }
}

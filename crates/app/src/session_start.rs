//! The start of a session, step by step: record, ask the server, redeem the grant, record, open the window. Whatever step
//! fails, what was begun at the server is ended, and the person is told which it was.

use std::sync::Arc;

use amberglass_domain::{
    navigation::{GatewayOrigin, Verdict},
    ports::{AccessToken, BackendError, uuid_v7},
    reason, signing,
};
use amberglass_journal::Journal;
use amberglass_wire::{
    CustomerId, PortalId, SessionId, UnixMillis,
    audit::{EventBody, EventDetail, EventSubject},
    problem::ErrorCode,
    session::{
        EndSessionRequest, EntryGrant, Reason, RedeemGrantRequest, RedeemGrantResponse, SessionResponse,
        StartSessionRequest, StartSessionResponse,
    },
};
use tokio::sync::mpsc;

use crate::{
    controller::{Actor, Ports},
    device::Device,
    errors,
    finding::CardStart,
    fresh_sign_in::Refused,
    host::OpenWindow,
    input::{Input, Reply},
    queue::JournalState,
    recorder::SessionRecorder,
    recovered::Recovery,
    session_run::{Away, Running},
    view::{ConsoleErrorCode, StartStep, UiError, UiErrorCode},
};

/// A start under way, from the click until the portal shows.
pub(crate) struct Starting {
    number: u64,
    pub step: StartStep,
    reason_label: String,
    request: StartSessionRequest,
    /// Asked for while the journal was still being opened.
    held: bool,
}

/// What the steps before the window came to.
pub(crate) struct Begun {
    session: SessionResponse,
    subject: EventSubject,
    entry: RedeemGrantResponse,
    origin: GatewayOrigin,
    /// Monotonic time at which the server was asked.
    asked_at: i64,
}

/// Why there is no session now, and what may be left of it at the server.
pub(crate) struct StartFailure {
    error: StartError,
    leftover: Option<Leftover>,
}

enum StartError {
    Told(UiError),
    Conflict(Box<SessionResponse>),
}

/// Something at the server that nobody wants and that could not be ended yet.
#[derive(Clone)]
pub(crate) enum Leftover {
    Session(SessionId),
    /// A start whose answer never came: the server may have acted.
    Unanswered {
        portal: PortalId,
        customer: CustomerId,
        reason: Reason,
    },
}

impl From<UiError> for StartFailure {
    fn from(error: UiError) -> Self {
        Self { error: StartError::Told(error), leftover: None }
    }
}

impl Actor {
    pub fn start_session(&mut self, request: StartSessionRequest) {
        // Whoever starts one is at the screen; whoever leaves it before the page stands is away all the same.
        self.away = Away::default();
        if self.starting.is_some() {
            return;
        }
        self.forget_refused_start();
        let shown =
            |card: &&mut crate::finding::Card| card.portal == request.portal && card.customer == request.customer;
        let Some(card) = self.card.as_mut().filter(shown) else { return };
        let codes = card.options.as_ref().map(|options| options.reason_codes.as_slice()).unwrap_or_default();
        let reason_label = codes
            .iter()
            .find(|code| code.code == request.reason.code)
            .map_or_else(|| request.reason.code.clone(), |code| code.label.clone());
        card.start = match reason::check(&request.reason, codes) {
            Ok(()) => CardStart::Idle,
            // The server would say the same; no record and no question are wasted on it.
            Err(code) => return card.start = CardStart::Failed(errors::of_code(code)),
        };
        // A journal that could not be opened is tried once more: the disk has room again, the other program is gone.
        if matches!(self.journal, JournalState::Failed(_)) {
            self.open_journal();
        }
        if let Err(start) = self.begin_start(request, reason_label)
            && let Some(card) = &mut self.card
        {
            card.start = start;
        }
    }

    /// At once, with a stated emergency. What the server would refuse is refused here, without a question.
    pub fn break_glass(&mut self, request: StartSessionRequest) {
        let refused = request.emergency.as_deref().and_then(|emergency| reason::check_text(emergency).err());
        match refused {
            None => self.start_session(request),
            Some(code) if self.starting.is_none() => {
                self.fail_start(errors::of_code(code));
            }
            Some(_) => {}
        }
    }

    fn begin_start(&mut self, request: StartSessionRequest, reason_label: String) -> Result<(), CardStart> {
        if let Some(running) = &self.running {
            return Err(CardStart::Conflict(Box::new(running.session.clone())));
        }
        if self.leaving.is_some() {
            return Err(CardStart::Failed(errors::console(ConsoleErrorCode::AlreadyStarting, None)));
        }
        if matches!(self.journal, JournalState::Opening) {
            // Whether it opens is known in a moment.
            let number = self.next_number();
            let step = StartStep::Recording;
            self.starting = Some(Starting { number, step, reason_label, request, held: true });
            return Ok(());
        }
        let journal = match self.ready_to_record() {
            Ok(opened) => opened.journal.clone(),
            Err(error) => return Err(CardStart::Failed(error)),
        };
        let offline = || CardStart::Failed(errors::console(ConsoleErrorCode::Offline, None));
        let (Some(account), Some(device)) = (self.account().cloned(), self.device.known()) else {
            return Err(offline());
        };
        if !self.is_stream_fresh(self.now()) {
            return Err(offline());
        }
        let subject = EventSubject {
            staff: Some(account.staff.id),
            customer: Some(request.customer.clone()),
            portal: Some(request.portal.clone()),
            session: None,
            device: Some(device.id.clone()),
            policy_hash: None,
        };
        let number = self.next_number();
        let step = StartStep::Recording;
        self.starting = Some(Starting { number, step, reason_label, request: request.clone(), held: false });
        let start = Start {
            ports: self.ports.clone(),
            journal,
            device,
            access: account.access,
            subject,
            request,
            server_offset: self.connection.server_offset(),
            number,
            inputs: self.inputs.clone(),
        };
        self.spawn(async move { Reply::Started { number, result: start.run().await } });
        Ok(())
    }

    /// The journal is open, or it is not going to be.
    pub fn go_on_starting(&mut self) {
        let Some(starting) = self.starting.take_if(|starting| starting.held) else { return };
        if let Err(start) = self.begin_start(starting.request, starting.reason_label)
            && let Some(card) = &mut self.card
        {
            card.start = start;
        }
    }

    pub fn on_start_step(&mut self, number: u64, step: StartStep) {
        if let Some(starting) = self.starting.as_mut().filter(|starting| starting.number == number) {
            starting.step = step;
        }
    }

    pub fn on_started(&mut self, number: u64, result: Result<Begun, StartFailure>) {
        let Some(starting) = self.starting.as_mut().filter(|starting| starting.number == number) else {
            // Nobody waits any more: what was begun is ended.
            match result {
                Ok(begun) => self.abandon(Leftover::Session(begun.session.id)),
                Err(failure) => failure.leftover.into_iter().for_each(|leftover| self.abandon(leftover)),
            }
            return;
        };
        match result {
            Ok(begun) if self.leaving.is_some() => {
                self.starting = None;
                self.abandon(Leftover::Session(begun.session.id));
            }
            Ok(begun) => {
                starting.step = StartStep::OpeningWindow;
                let reason_label = starting.reason_label.clone();
                self.open_window(begun, reason_label);
            }
            Err(failure) => {
                let request = starting.request.clone();
                self.starting = None;
                if let Some(leftover) = failure.leftover {
                    self.abandon(leftover);
                }
                let start = match failure.error {
                    StartError::Told(error) => {
                        if error.code == UiErrorCode::Server(ErrorCode::NotSignedIn) {
                            self.token_refused();
                        }
                        if error.code == UiErrorCode::Server(ErrorCode::FreshSignInRequired) {
                            self.remember_refused(Refused::Start(request));
                        }
                        let card = self.card.as_ref();
                        let name = card.and_then(|card| card.customer_name(&self.finding.view.customers));
                        CardStart::Failed(errors::naming(error, name))
                    }
                    StartError::Conflict(running) => CardStart::Conflict(running),
                };
                if let Some(card) = &mut self.card {
                    card.start = start;
                }
            }
        }
    }

    fn open_window(&mut self, begun: Begun, reason_label: String) {
        let Some(journal) = self.journal.open().map(|opened| opened.journal.clone()) else {
            self.fail_start(errors::console(ConsoleErrorCode::JournalUnavailable, None));
            return self.abandon(Leftover::Session(begun.session.id));
        };
        if let (None, Some(started_at)) = (self.connection.server_offset(), begun.session.started_at) {
            self.connection.note_server_time(started_at, begun.asked_at, self.now());
        }
        let recorder = SessionRecorder {
            journal,
            session: begun.session.id.clone(),
            subject: begun.subject.clone(),
            client: self.ports.client.clone(),
            inputs: self.inputs.clone(),
        };
        self.ended = None;
        // The new window's record stands in the journal behind the old one's, which is told of no more.
        self.recovery = Recovery::default();
        self.running = Some(Running::new(begun.session, begun.subject, reason_label, self.now()));
        let Some(view) = self.window_view(self.now()) else { return };
        self.presented = self.window_view(0);
        self.ports.host.open_session_window(OpenWindow {
            view,
            origin: begun.origin,
            cookie_name: begun.entry.cookie_name,
            cookie_value: begun.entry.cookie_value.into(),
            secure: begun.entry.secure,
            entry_url: begun.entry.entry_url,
            recorder: Arc::new(recorder),
        });
        // The first beat of this session need not wait for its turn.
        self.reconnect_now();
    }

    /// The window could not be built: the session ends, and nothing of it is shown.
    pub fn on_window_failed(&mut self, detail: String) {
        let Some(running) = self.running.take() else { return };
        self.presented = None;
        let body = EventBody::new(running.subject, self.ports.client.clone(), EventDetail::WindowClosed {});
        self.record(body, |_| Reply::Done);
        self.abandon(Leftover::Session(running.session.id));
        self.fail_start(errors::console(ConsoleErrorCode::WindowFailed, Some(detail)));
    }

    fn fail_start(&mut self, error: UiError) {
        self.starting = None;
        if let Some(card) = &mut self.card {
            card.start = CardStart::Failed(error);
        }
    }

    /// The portal shows, or the curtain says why it does not: either way the card has done its work.
    pub fn complete_start(&mut self) {
        if self.starting.take().is_some() {
            self.card = None;
        }
    }

    /// Ends it now, and again after each heartbeat until the server has agreed.
    pub fn abandon(&mut self, leftover: Leftover) {
        self.leftovers.push(leftover);
        self.try_leftovers();
    }

    pub fn try_leftovers(&mut self) {
        if self.leftovers.is_empty() || !self.leftovers_tried {
            return;
        }
        let Some(account) = self.account().cloned() else { return };
        self.leftovers_tried = false;
        let leftovers = std::mem::take(&mut self.leftovers);
        let ports = self.ports.clone();
        self.spawn(async move {
            let (mut remaining, mut found) = (Vec::new(), Vec::new());
            for leftover in leftovers {
                match leftover.clear_up(&ports, &account.access).await {
                    ClearedUp::Gone => {}
                    ClearedUp::NotYet => remaining.push(leftover),
                    ClearedUp::Perhaps(sessions) => found.push((leftover, sessions)),
                }
            }
            Reply::LeftoversTried { remaining, found }
        });
    }

    /// `found` are sessions that may be what an unanswered start has left. They may as well be what the person has started
    /// since, with the same reason: that one is known by its id, or soon will be.
    pub fn on_leftovers_tried(&mut self, remaining: Vec<Leftover>, found: Vec<(Leftover, Vec<SessionId>)>) {
        self.leftovers_tried = true;
        self.leftovers.extend(remaining);
        let mut is_new = false;
        for (leftover, sessions) in found {
            if self.starting.is_some() && self.running.is_none() {
                self.leftovers.push(leftover);
                continue;
            }
            let own = self.running.as_ref().map(|running| &running.session.id);
            let nobodys = sessions.into_iter().filter(|session| Some(session) != own).map(Leftover::Session);
            let before = self.leftovers.len();
            self.leftovers.extend(nobodys);
            is_new |= self.leftovers.len() > before;
        }
        if is_new {
            self.try_leftovers();
        }
    }
}

/// What came of an attempt to end a leftover.
enum ClearedUp {
    Gone,
    /// The server could not be asked, or did not do it.
    NotYet,
    /// These sessions look like it; none has been ended.
    Perhaps(Vec<SessionId>),
}

impl Leftover {
    async fn clear_up(&self, ports: &Ports, access: &AccessToken) -> ClearedUp {
        match self {
            Self::Session(session) if end_quietly(ports, access, session).await => ClearedUp::Gone,
            Self::Session(_) => ClearedUp::NotYet,
            Self::Unanswered { portal, customer, reason } => match ports.backend.sessions(access).await {
                Ok(sessions) => {
                    let alike = sessions.into_iter().filter(|session| {
                        session.state.is_running()
                            && session.customer.portal == *portal
                            && session.customer.id == *customer
                            && session.reason == *reason
                    });
                    ClearedUp::Perhaps(alike.map(|session| session.id).collect())
                }
                Err(_) => ClearedUp::NotYet,
            },
        }
    }
}

/// Whether the session no longer runs.
async fn end_quietly(ports: &Ports, access: &AccessToken, session: &SessionId) -> bool {
    match ports.backend.end_session(access, session, EndSessionRequest::default()).await {
        Ok(_) => true,
        Err(error) => {
            tracing::warn!(%error, "a session that was not entered could not be ended yet");
            matches!(errors::refusal(&error), Some(ErrorCode::NotFound | ErrorCode::SessionNotRunning))
        }
    }
}

/// The steps that wait for disk and server.
struct Start {
    ports: Arc<Ports>,
    journal: Journal,
    device: Device,
    access: AccessToken,
    subject: EventSubject,
    request: StartSessionRequest,
    server_offset: Option<i64>,
    number: u64,
    inputs: mpsc::UnboundedSender<Input>,
}

impl Start {
    async fn run(mut self) -> Result<Begun, StartFailure> {
        let intent = EventDetail::StartRequested { mode: self.request.mode, reason: self.request.reason.clone() };
        self.append(intent).await?;
        self.step(StartStep::AskingServer);
        let asked_at = self.ports.clock.monotonic_millis();
        let StartSessionResponse { session, grant } = self.ask().await?;
        self.subject.session = Some(session.id.clone());
        self.subject.policy_hash = Some(session.policy_hash.clone());
        match self.enter(&session, grant).await {
            Ok((entry, origin)) => Ok(Begun { session, subject: self.subject, entry, origin, asked_at }),
            Err(error) => {
                let ended = end_quietly(&self.ports, &self.access, &session.id).await;
                let leftover = (!ended).then_some(Leftover::Session(session.id));
                Err(StartFailure { error: StartError::Told(error), leftover })
            }
        }
    }

    fn step(&self, step: StartStep) {
        // Nobody receives only when the actor has ended.
        let _ = self.inputs.send(Input::StartStep { number: self.number, step });
    }

    async fn append(&self, detail: EventDetail) -> Result<(), UiError> {
        let body = EventBody::new(self.subject.clone(), self.ports.client.clone(), detail);
        self.journal.append(body).await.map(|_| ()).map_err(|error| {
            tracing::error!(%error, "a start could not be recorded");
            errors::console(ConsoleErrorCode::JournalUnavailable, Some(error.to_string()))
        })
    }

    /// A lost answer is asked for once more under the same key, which does not start a second session.
    async fn ask(&self) -> Result<StartSessionResponse, StartFailure> {
        let key = uuid_v7(self.ports.clock.as_ref(), self.ports.entropy.as_ref());
        let ask = || self.ports.backend.start_session(&self.access, &key, self.request.clone());
        let error = match ask().await {
            Err(BackendError::Unreachable { .. }) => match ask().await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            },
            Ok(response) => return Ok(response),
            Err(error) => error,
        };
        let leftover = errors::refusal(&error).is_none().then(|| Leftover::Unanswered {
            portal: self.request.portal.clone(),
            customer: self.request.customer.clone(),
            reason: self.request.reason.clone(),
        });
        let told = errors::of_backend(&error);
        Err(match error {
            BackendError::Refused(mut problem) if problem.code == ErrorCode::SessionConflict => {
                match problem.session.take() {
                    Some(running) => StartFailure { error: StartError::Conflict(running), leftover: None },
                    None => told.into(),
                }
            }
            BackendError::Refused(_) | BackendError::Unreachable { .. } | BackendError::NotOurs { .. } => {
                StartFailure { error: StartError::Told(told), leftover }
            }
        })
    }

    /// From the grant to the record that the window opens.
    async fn enter(
        &self,
        session: &SessionResponse,
        grant: Option<EntryGrant>,
    ) -> Result<(RedeemGrantResponse, GatewayOrigin), UiError> {
        let Some(grant) = grant else {
            return Err(errors::of_code(ErrorCode::NeedsApproval));
        };
        let foreign = || errors::console(ConsoleErrorCode::NotAnAmberglassServer, None);
        let origin = GatewayOrigin::parse(&grant.gateway_origin).map_err(|error| {
            tracing::error!(%error, "the gateway's address cannot be used");
            foreign()
        })?;
        let signed_at = match self.server_offset {
            Some(offset) => UnixMillis(self.ports.clock.monotonic_millis().saturating_add(offset)),
            None => self.ports.clock.now(),
        };
        let message = signing::entry(&self.device.id, &session.id, &grant.token, &grant.gateway_origin, signed_at);
        let request = RedeemGrantRequest {
            device: self.device.id.clone(),
            grant: grant.token,
            gateway_origin: grant.gateway_origin,
            signed_at,
            signature: self.device.key.sign(&message),
        };
        let entry = self
            .ports
            .backend
            .redeem_grant(&self.access, &session.id, request)
            .await
            .map_err(|error| errors::of_backend(&error))?;
        if origin.judge(&entry.entry_url) != Verdict::Allowed {
            return Err(foreign());
        }
        if !self.ports.preloads.is_empty() {
            self.append(EventDetail::ForeignCodeLoaded { by: self.ports.preloads.clone() }).await?;
        }
        self.append(EventDetail::WindowOpened {}).await?;
        Ok((entry, origin))
    }
}

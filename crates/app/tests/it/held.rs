//! What the server in memory holds, and how a test makes it fail.

use std::{
    collections::{HashMap, VecDeque},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use amberglass_domain::ports::{BackendError, Clock};
use amberglass_testkit::ManualClock;
use amberglass_wire::{
    DeviceId, RequestId, SessionId, StaffId,
    alarm::AlarmsResponse,
    approval::{RequestResponse, SignedDecision},
    audit::ChainedRecord,
    auth::{
        DeviceResponse, EmergencyStopResponse, LimitsResponse, RightsResponse, StoppedPortalResponse, TokenResponse,
    },
    break_glass::ReviewResponse,
    elevation::{BlockedWriteResponse, SendWriteRequest},
    event_stream::{HeartbeatRequest, ServerEvent},
    news::NewsResponse,
    session::{EndedBy, ExtendSessionRequest, SessionResponse, SessionState},
    unmasking::{MaskedFieldResponse, UnmaskFieldRequest},
};
use tokio::sync::{Notify, mpsc};

use crate::{
    host::Log,
    samples::{device, limits, staff, unreachable},
};

pub struct FakeServer {
    log: Log,
    pub clock: ManualClock,
    pub data_dir: PathBuf,
    state: Mutex<State>,
    /// A search for `slow` waits for this.
    pub slow_search: Notify,
    /// A snapshot that was taken while `hold_snapshot` stood waits for this.
    pub held_snapshot: Notify,
    /// A write that goes while `hold_send` stood waits for this, used and without an outcome.
    pub held_send: Notify,
}

pub struct State {
    pub online: bool,
    /// Errors that the next calls of this name get instead of an answer.
    pub faults: HashMap<&'static str, VecDeque<BackendError>>,
    /// The call acts and then its answer is lost.
    pub lose_answer: Option<&'static str>,
    /// What the call after the lost answer gets.
    after_lost: Option<(&'static str, BackendError)>,
    pub sessions: Vec<SessionResponse>,
    pub device_key: Option<String>,
    pub refresh_token: String,
    pub refreshes: u32,
    pub heartbeats: Vec<HeartbeatRequest>,
    pub idempotency_keys: Vec<String>,
    pub challenge: Option<String>,
    /// Who signs in next in the browser, if it is not the usual one.
    pub other_staff: Option<StaffId>,
    pub limits: LimitsResponse,
    pub portal_name: String,
    /// The next snapshot is taken, and answered only later; then this stands no more.
    pub hold_snapshot: bool,
    pub hold_send: bool,
    pub delivered: Vec<ChainedRecord>,
    pub rights: RightsResponse,
    pub emergency_stop: Option<EmergencyStopResponse>,
    pub alarms: AlarmsResponse,
    pub devices: Vec<DeviceResponse>,
    /// One's own requests, and those of others that wait for one's decision.
    pub requests: Vec<RequestResponse>,
    pub to_decide: Vec<RequestResponse>,
    pub decisions: Vec<SignedDecision>,
    /// The last write that the gateway has blocked, and what was signed to be sent.
    pub blocked_write: Option<BlockedWriteResponse>,
    pub sent: Vec<SendWriteRequest>,
    /// The approval that the latest start named.
    pub started_with: Option<RequestId>,
    /// What the latest start stated as its emergency.
    pub emergency: Option<String>,
    /// Another's answer that came before one's own decision.
    pub faster: Option<RequestResponse>,
    /// Approvals that one has given.
    pub given: Vec<RequestResponse>,
    /// Break-glass that waits for one's review.
    pub reviews: Vec<ReviewResponse>,
    pub news: Vec<NewsResponse>,
    pub stopped_portals: Vec<StoppedPortalResponse>,
    /// Key and request of each extension.
    pub extensions: Vec<(String, ExtendSessionRequest)>,
    /// What the portal's rules mask and let be shown.
    pub masked: Vec<MaskedFieldResponse>,
    /// What was asked for of it, by its key.
    pub unmasked: Vec<(String, UnmaskFieldRequest)>,
    /// The open stream, and the access token it was opened with.
    pub stream: Option<(String, mpsc::Sender<ServerEvent>)>,
}

impl FakeServer {
    pub fn new(log: Log, clock: ManualClock, data_dir: &Path) -> Arc<Self> {
        let state = State {
            online: true,
            faults: HashMap::new(),
            lose_answer: None,
            after_lost: None,
            sessions: Vec::new(),
            device_key: None,
            refresh_token: "refresh-0".into(),
            refreshes: 0,
            heartbeats: Vec::new(),
            idempotency_keys: Vec::new(),
            challenge: None,
            other_staff: None,
            limits: limits(),
            portal_name: "Barkside".into(),
            hold_snapshot: false,
            hold_send: false,
            delivered: Vec::new(),
            rights: RightsResponse::default(),
            emergency_stop: None,
            alarms: AlarmsResponse::default(),
            devices: vec![device("device-1", true), device("device-2", false)],
            requests: Vec::new(),
            to_decide: Vec::new(),
            decisions: Vec::new(),
            blocked_write: None,
            sent: Vec::new(),
            started_with: None,
            emergency: None,
            faster: None,
            given: Vec::new(),
            reviews: Vec::new(),
            news: Vec::new(),
            stopped_portals: Vec::new(),
            extensions: Vec::new(),
            masked: Vec::new(),
            unmasked: Vec::new(),
            stream: None,
        };
        Arc::new(Self {
            log,
            clock,
            data_dir: data_dir.to_owned(),
            state: Mutex::new(state),
            slow_search: Notify::new(),
            held_snapshot: Notify::new(),
            held_send: Notify::new(),
        })
    }

    pub fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap())
    }

    pub fn fail(&self, call: &'static str, error: BackendError) {
        self.with(|state| state.faults.entry(call).or_default().push_back(error));
    }

    /// So does every one of this call's, until it is [mended](Self::mend): how many there are is up to the program.
    pub fn fail_always(&self, call: &'static str, error: &BackendError) {
        self.with(|state| state.faults.insert(call, std::iter::repeat_n(error.clone(), 1_000).collect()));
    }

    pub fn mend(&self, call: &'static str) {
        self.with(|state| state.faults.remove(call));
    }

    /// Every error that this call was to get has been given.
    pub fn is_spent(&self, call: &str) -> bool {
        self.with(|state| state.faults.get(call).is_none_or(VecDeque::is_empty))
    }

    /// The call after the one whose answer is lost fails too.
    pub fn fail_after_lost(&self, call: &'static str, error: BackendError) {
        self.with(|state| state.after_lost = Some((call, error)));
    }

    /// The stream's heartbeat, or any other event; lost when nobody listens.
    pub fn push(&self, event: ServerEvent) {
        if let Some((_, stream)) = self.with(|state| state.stream.clone()) {
            let _ = stream.try_send(event);
        }
    }

    pub fn beat(&self) {
        self.push(ServerEvent::Heartbeat { time: self.clock.now() });
    }

    pub fn set_online(&self, online: bool) {
        self.with(|state| {
            state.online = online;
            if !online {
                state.stream = None;
            }
        });
    }

    pub fn end(&self, ended_by: EndedBy) -> SessionId {
        let now = self.clock.now();
        self.with(|state| {
            let session = state.sessions.iter_mut().find(|session| session.state.is_running()).expect("a session runs");
            session.state = SessionState::Ended;
            session.ended_at = Some(now);
            session.ended_by = Some(ended_by);
            session.id.clone()
        })
    }

    pub fn note(&self, what: impl Into<String>) {
        self.log.lock().unwrap().push(what.into());
    }

    pub fn check(&self, call: &'static str) -> Result<(), BackendError> {
        self.with(|state| {
            if !state.online {
                return Err(unreachable());
            }
            state.faults.get_mut(call).and_then(VecDeque::pop_front).map_or(Ok(()), Err)
        })
    }

    pub fn keep_answer<T>(&self, call: &'static str, answer: T) -> Result<T, BackendError> {
        let lost = self.with(|state| {
            let lost = state.lose_answer.take_if(|lost| *lost == call).is_some();
            if lost && let Some((call, error)) = state.after_lost.take() {
                state.faults.entry(call).or_default().push_back(error);
            }
            lost
        });
        if lost { Err(unreachable()) } else { Ok(answer) }
    }

    /// What the real server does on every look at a session: the deadline ends it.
    pub fn expire(&self) {
        let now = self.clock.now();
        self.with(|state| {
            for session in state.sessions.iter_mut().filter(|session| session.state.is_running()) {
                if session.expires_at.is_some_and(|at| at <= now) {
                    session.state = SessionState::Ended;
                    session.ended_at = session.expires_at;
                    session.ended_by = Some(EndedBy::Expired);
                }
            }
        });
    }

    pub fn tokens(&self, state: &mut State) -> TokenResponse {
        state.refreshes += 1;
        state.refresh_token = format!("refresh-{}", state.refreshes);
        TokenResponse {
            access_token: format!("access-{}", state.refreshes),
            token_type: "Bearer".into(),
            expires_in: 600,
            refresh_token: state.refresh_token.clone(),
            device: DeviceId::new("device-1"),
            staff: staff(),
            authenticated_at: self.clock.now(),
        }
    }
}

impl State {
    /// What belongs to whoever is signed in, newest first.
    pub fn own(&self) -> Vec<SessionResponse> {
        self.sessions.iter().rev().filter(|session| session.staff == staff().id).cloned().collect()
    }
}

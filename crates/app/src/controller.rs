//! The actor: its ports, its state and its loop.

use std::{collections::HashMap, future::Future, path::PathBuf, sync::Arc};

use amberglass_domain::ports::{Backend, Clock, Entropy, JournalSink, Keychain, ServerLookup};
use amberglass_wire::{
    SessionId,
    alarm::AlarmsResponse,
    approval::AskApprovalRequest,
    audit::EventSubject,
    auth::{EmergencyStopResponse, LimitsResponse, PortalResponse, RightsResponse, StoppedPortalResponse},
    session::ReasonCodeResponse,
};
use tokio::{
    sync::{mpsc, watch},
    task::{AbortHandle, JoinSet},
};

use crate::{
    actions::{Act, Action},
    approvals::Approvals,
    commands::Command,
    connection::Connection,
    delivering::Delivering,
    device::DeviceState,
    devices::Devices,
    diagnostics::Diagnostics,
    finding::{Card, Finding, SessionList},
    first_run::FirstRun,
    fresh_sign_in::FreshSignIn,
    host::{Host, HostEvent},
    input::{Input, Reply},
    journal_keeping::Keeping,
    leaving::Leaving,
    live::Live,
    news::News,
    own_record::OwnRecord,
    preferences::{PreferenceStore, Preferences, ServerChoice},
    queue::JournalState,
    quiet_hours::Held,
    recent::Recent,
    recovered::Recovery,
    reviews::Reviews,
    session_end::Ended,
    session_run::{Away, Running},
    session_start::{Leftover, Starting},
    sign_in::SignIn,
    tokens::Tokens,
    trail::Trail,
    view::{ConsoleView, DesktopView, SessionWindowView},
};

/// Everything outside the controller.
pub struct Ports {
    pub backend: Arc<dyn Backend>,
    pub sink: Arc<dyn JournalSink>,
    pub keychain: Arc<dyn Keychain>,
    pub host: Arc<dyn Host>,
    pub preferences: Arc<dyn PreferenceStore>,
    pub lookup: Arc<dyn ServerLookup>,
    pub server: ServerChoice,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    /// Where the journal lies; made if it is missing.
    pub data_dir: PathBuf,
    /// Where the program's log lies.
    pub log_dir: PathBuf,
    /// What makes the system load code of others into this program, with its value; goes on record with each session.
    pub preloads: Vec<String>,
    /// Name and version of the program as records carry it, such as `amberglass/0.1.0`.
    pub client: String,
    /// Name of this installation as the server lists it.
    pub device_name: String,
}

/// Starts the actor.
pub struct Controller;

impl Controller {
    /// Spawns the actor on the current Tokio runtime. The first view reaches the host at once.
    pub fn start(ports: Ports) -> Handle {
        let (inputs, received) = mpsc::unbounded_channel();
        let (closing, closed) = watch::channel(false);
        let actor = Actor::new(Arc::new(ports), inputs.clone());
        tokio::spawn(async move {
            actor.run(received).await;
            closing.send_replace(true);
        });
        Handle { inputs, closed }
    }
}

/// What the shell holds of the controller. Clones speak to the same one.
#[derive(Clone)]
pub struct Handle {
    inputs: mpsc::UnboundedSender<Input>,
    closed: watch::Receiver<bool>,
}

impl Handle {
    /// Hands a command over and returns; what comes of it shows in the next view.
    pub fn command(&self, command: Command) {
        self.send(Input::Command(command));
    }

    /// Reports what happened in the windows.
    pub fn host_event(&self, event: HostEvent) {
        self.send(Input::Host(event));
    }

    /// Completes when the controller has ended, after [`HostEvent::QuitRequested`].
    pub async fn closed(&self) {
        // An error means that the actor is gone, which is the same.
        let _ = self.closed.clone().wait_for(|closed| *closed).await;
    }

    fn send(&self, input: Input) {
        if self.inputs.send(input).is_err() {
            tracing::debug!("the controller has ended; the input is dropped");
        }
    }
}

/// The state. Methods stand with their subject: `first_run`, `settings`, `sign_in`, `tokens`, `connection`, `queue`,
/// `delivering`, `approvals`, `reviews`, `news`, `quiet_hours`, `finding`, `recent`, `session_start`, `session_run`,
/// `elevating`, `extending`, `unmasking`, `session_end`, `recovered`, `live`, `actions`, `devices`, `diagnostics`, `trail`, `own_record`, `leaving`,
/// `present`.
pub(crate) struct Actor {
    pub ports: Arc<Ports>,
    pub inputs: mpsc::UnboundedSender<Input>,
    tasks: JoinSet<()>,
    /// Short work that the end of the program waits for: appends to the journal, removals from the keyring.
    pub records: JoinSet<()>,
    number: u64,
    pub sign_in: SignIn,
    pub tokens: Tokens,
    pub fresh_sign_in: FreshSignIn,
    pub device: DeviceState,
    pub journal: JournalState,
    pub keeping: Keeping,
    pub delivering: Delivering,
    pub connection: Connection,
    pub limits: LimitsResponse,
    pub portals: Vec<PortalResponse>,
    pub finding: Finding,
    pub card: Option<Card>,
    pub starting: Option<Starting>,
    pub leftovers: Vec<Leftover>,
    pub leftovers_tried: bool,
    pub running: Option<Running>,
    pub away: Away,
    /// Windows that are being closed, with the subject for the record of it.
    pub closing: HashMap<SessionId, EventSubject>,
    pub ended: Option<Ended>,
    pub sessions: SessionList,
    pub live: Live,
    pub recent: Recent,
    pub trail: Option<Trail>,
    pub devices: Devices,
    pub desktop: DesktopView,
    pub diagnostics: Diagnostics,
    pub own_record: OwnRecord,
    pub action: Option<Action>,
    pub recovery: Recovery,
    pub first_run: FirstRun,
    /// As they are on disk.
    pub preferences: Preferences,
    pub rights: RightsResponse,
    pub alarms: AlarmsResponse,
    /// For extensions; a start's come with its card.
    pub reason_codes: Vec<ReasonCodeResponse>,
    pub emergency_stop: Option<EmergencyStopResponse>,
    pub stopped_portals: Vec<StoppedPortalResponse>,
    pub approvals: Approvals,
    pub reviews: Reviews,
    pub news: News,
    /// Words on the desktop that wait for the end of the quiet hours.
    pub held_notices: Held,
    pub leaving: Option<Leaving>,
    pub shown: Option<ConsoleView>,
    pub presented: Option<SessionWindowView>,
    pub done: bool,
}

impl Actor {
    fn new(ports: Arc<Ports>, inputs: mpsc::UnboundedSender<Input>) -> Self {
        Self {
            first_run: FirstRun::new(ports.server.address.clone()),
            preferences: ports.preferences.read(),
            ports,
            inputs,
            tasks: JoinSet::new(),
            records: JoinSet::new(),
            number: 0,
            sign_in: SignIn::Starting,
            tokens: Tokens::default(),
            fresh_sign_in: FreshSignIn::default(),
            device: DeviceState::default(),
            journal: JournalState::Closed,
            keeping: Keeping::default(),
            delivering: Delivering::default(),
            connection: Connection::default(),
            limits: default_limits(),
            portals: Vec::new(),
            finding: Finding::default(),
            card: None,
            starting: None,
            leftovers: Vec::new(),
            leftovers_tried: true,
            running: None,
            away: Away::default(),
            closing: HashMap::new(),
            ended: None,
            sessions: SessionList::default(),
            live: Live::default(),
            recent: Recent::default(),
            trail: None,
            devices: Devices::default(),
            desktop: DesktopView::default(),
            diagnostics: Diagnostics::Idle,
            own_record: OwnRecord::default(),
            action: None,
            recovery: Recovery::default(),
            rights: RightsResponse::default(),
            alarms: AlarmsResponse::default(),
            reason_codes: Vec::new(),
            emergency_stop: None,
            stopped_portals: Vec::new(),
            approvals: Approvals::default(),
            reviews: Reviews::default(),
            news: News::default(),
            held_notices: Held::default(),
            leaving: None,
            shown: None,
            presented: None,
            done: false,
        }
    }

    async fn run(mut self, mut received: mpsc::UnboundedReceiver<Input>) {
        self.ports.host.apply_preferences(&self.preferences.view());
        self.look_at_chosen_server();
        self.read_keyring();
        self.show();
        while !self.done {
            let clock = self.ports.clock.clone();
            let wake = self.next_wake();
            let alarm = async {
                match wake {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                input = received.recv() => match input {
                    Some(input) => self.take(input),
                    None => break,
                },
                () = alarm => {}
            }
            // Deadlines come first, whatever the input was: after a suspend nothing may show the page again.
            self.tick();
            self.show();
            while self.tasks.try_join_next().is_some() {}
            while self.records.try_join_next().is_some() {}
        }
        self.tasks.shutdown().await;
        while self.records.join_next().await.is_some() {}
        self.close_journal().await;
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Command(command) => self.obey(command),
            Input::Host(event) => self.on_host_event(event),
            Input::Stream { number, event } => self.on_stream_event(number, event),
            Input::Queue(status) => self.on_queue(status),
            Input::Delivery(progress) => self.on_delivery(&progress),
            Input::StartStep { number, step } => self.on_start_step(number, step),
            Input::JournalFailed { session } => self.on_journal_failed(&session),
            Input::Reply(reply) => self.on_reply(*reply),
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::RefreshView {} => self.show_again(),
            Command::SignIn {} => self.begin_sign_in(),
            Command::SignInAgain {} => self.sign_in_again(),
            Command::CancelSignIn {} => self.cancel_sign_in(),
            Command::SignOut {} => self.leave(Leaving::sign_out),
            Command::FindCustomers { portal, query } => self.find_customers(portal, query),
            Command::OpenCard { portal, customer } => self.open_card(portal, customer),
            Command::CloseCard {} => self.close_card(),
            Command::StartSession { portal, customer, reason, mode, duration_seconds } => {
                self.start_session(amberglass_wire::session::StartSessionRequest {
                    portal,
                    customer,
                    reason,
                    mode,
                    duration_seconds,
                    request: None,
                    emergency: None,
                });
            }
            Command::BreakGlass { portal, customer, reason, duration_seconds, emergency } => {
                self.break_glass(amberglass_wire::session::StartSessionRequest {
                    portal,
                    customer,
                    reason,
                    mode: amberglass_wire::session::Mode::ReadOnly,
                    duration_seconds,
                    request: None,
                    emergency: Some(emergency),
                });
            }
            Command::AskApproval { portal, customer, reason, mode, duration_seconds } => {
                self.ask_approval(AskApprovalRequest { portal, customer, reason, mode, duration_seconds });
            }
            Command::WithdrawRequest { request, reason } => self.act(Act::WithdrawRequest { request, reason }),
            Command::DecideRequest { request, verdict, scope, comment } => {
                self.decide_request(&request, verdict, scope, comment);
            }
            Command::LookUpRequest { request } => self.look_up_request(request),
            Command::ReviewBreakGlass { session, outcome, note } => self.review_break_glass(session, outcome, note),
            Command::StartApproved { request } => self.start_approved(&request),
            Command::FocusFollowed { number } => self.approvals.end_focus(number),
            Command::ShowSession {} => {
                if let Some(running) = &self.running {
                    self.ports.host.raise_session_window(&running.session.id);
                }
            }
            Command::EndSession {} => self.end_by_command(),
            Command::OpenExtend {} => self.open_extend(),
            Command::CloseExtend {} => self.close_extend(),
            Command::ExtendSession { text } => self.extend_session(text),
            Command::AskElevation { record } => self.ask_elevation(&record),
            Command::SendWrite { request } => self.send_write(&request),
            Command::DismissWrite {} => self.dismiss_write(),
            Command::OpenUnmask {} => self.open_unmask(),
            Command::CloseUnmask {} => self.close_unmask(),
            Command::UnmaskField { rule, pointer, text } => self.unmask_field(rule, pointer, &text),
            Command::ReloadPage {} => self.reload_page(),
            Command::AddNote { session, note } => self.act(Act::AddNote { session, note }),
            Command::DismissEnd {} => self.ended = None,
            Command::ListSessions {} => self.list_sessions(),
            Command::OpenTrail { session } => self.open_trail(session),
            Command::CloseTrail {} => self.trail = None,
            Command::ExportTrail { format } => self.export_trail(format),
            Command::SaveDiagnostics {} => self.save_diagnostics(),
            Command::RetryDelivery {} => self.retry_delivery(),
            Command::BeginNewJournal {} => self.begin_new_journal(),
            Command::DismissReplaced {} => self.keeping.replaced = None,
            Command::ListLive {} => self.list_live(),
            Command::EndOtherSession { session, reason } => self.act(Act::EndOther { session, reason }),
            Command::EmergencyStop { reason } => self.act(Act::Stop { reason }),
            Command::LiftEmergencyStop {} => self.act(Act::Lift),
            Command::StopPortal { portal, reason } => self.act(Act::StopPortal { portal, reason }),
            Command::LiftPortal { portal, reason } => self.act(Act::LiftPortal { portal, reason }),
            Command::ReadNews {} => self.read_news(),
            Command::ListDevices {} => self.list_devices(),
            Command::RevokeDevice { device, reason } => self.act(Act::RevokeDevice { device, reason }),
            Command::AcknowledgeAlarm { alarm, note } => self.act(Act::AcknowledgeAlarm { alarm, note }),
            Command::LoadOwnRecord { more } => self.load_own_record(more),
            Command::DismissAction {} => self.dismiss_action(),
            Command::DismissRecovered {} => self.dismiss_recovered(),
            Command::SetServer { address } => self.set_server(address),
            Command::CheckKeyring {} => self.check_keyring(),
            Command::AcceptNotice {} => self.accept_notice(),
            Command::SetPreferences { preferences } => self.set_preferences(preferences),
        }
    }

    fn on_reply(&mut self, reply: Reply) {
        match reply {
            Reply::KeyringRead(result) => self.on_keyring(result),
            Reply::Enrolled { number, result } => self.on_enrolled(number, result),
            Reply::SignedInAgain { number, result } => self.on_signed_in_again(number, result),
            Reply::Refreshed { number, result } => self.on_refreshed(number, result),
            Reply::JournalOpened(result) => self.on_journal_opened(result),
            Reply::LookedUp { number, keep, result } => self.on_looked_up(number, keep, result),
            Reply::KeyringChecked(result) => self.on_keyring_checked(result.as_ref().copied()),
            Reply::StreamEnded { number, result } => self.on_stream_ended(number, result),
            Reply::Heartbeat { number, sent_at, beaten, result } => self.on_heartbeat(number, sent_at, beaten, result),
            Reply::Snapshot { number, sent_at, result } => self.on_snapshot(number, sent_at, result),
            Reply::Found { number, result } => self.on_found(number, result),
            Reply::Card { number, card, options } => self.on_card(number, card, options),
            Reply::Sessions { number, result } => self.on_sessions(number, result),
            Reply::Live { number, result } => self.on_live(number, result),
            Reply::Recent { number, result } => self.on_recent(number, result),
            Reply::Devices { number, result } => self.on_devices(number, result),
            Reply::OwnRecord { number, before, result } => self.on_own_record(number, before, result),
            Reply::Acted { number, act, result } => self.on_acted(number, act, result),
            Reply::RequestLookedUp(result) => self.on_request_looked_up(result),
            Reply::Extended { number, session, result } => self.on_extended(number, &session, result),
            Reply::ElevationAsked { number, session, result } => self.on_elevation_asked(number, &session, result),
            Reply::WriteSent { number, session, result } => self.on_write_sent(number, &session, result),
            Reply::MaskedFields { number, session, result } => self.on_masked_fields(number, &session, result),
            Reply::FieldUnmasked { number, session, result } => self.on_field_unmasked(number, &session, result),
            Reply::Recovered { session, result } => self.on_recovered(&session, result),
            Reply::EndConfirmed { session, result } => self.on_end_confirmed(&session, result),
            Reply::Trail { number, result } => self.on_trail(number, result),
            Reply::ExportRecorded { number, durable } => self.on_export_recorded(number, durable),
            Reply::Exported { number, result } => self.on_exported(number, result),
            Reply::DiagnosticsWritten { number, result } => self.on_diagnostics_written(number, result),
            Reply::HeldReleased(result) => self.on_held_released(result),
            Reply::Started { number, result } => self.on_started(number, result),
            Reply::OtherEnded { session, result } => self.on_other_ended(&session, result),
            Reply::SessionFetched { session, result } => self.on_session_fetched(&session, result),
            Reply::EndAnswered { session, result } => self.on_end_answered(&session, result),
            Reply::Recorded { session, lifts, durable } => self.on_recorded(&session, lifts, durable),
            Reply::LeftoversTried { remaining, found } => self.on_leftovers_tried(remaining, found),
            Reply::Done => {}
        }
    }

    /// What is due by the monotonic clock.
    fn tick(&mut self) {
        let now = self.now();
        self.tick_tokens(now);
        self.tick_connection(now);
        self.tick_delivering(now);
        self.tick_running(now);
        self.tick_recovery(now);
        self.tick_approvals();
        self.tick_quiet_hours();
        self.go_on_leaving(now);
    }

    /// When something is due next, in monotonic milliseconds.
    fn next_wake(&self) -> Option<i64> {
        [
            self.tokens_due(),
            self.connection_due(),
            self.running_due(),
            self.recovery_due(),
            self.quiet_hours_due(),
            self.leaving.as_ref().map(|leaving| leaving.give_up_at),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    pub fn now(&self) -> i64 {
        self.ports.clock.monotonic_millis()
    }

    /// A number that no request of this run has had.
    pub fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// Runs `work` beside the actor; what comes of it returns as input.
    pub fn spawn(&mut self, work: impl Future<Output = Reply> + Send + 'static) -> AbortHandle {
        let inputs = self.inputs.clone();
        self.tasks.spawn(async move {
            // Nobody receives only when the actor has ended.
            let _ = inputs.send(Input::Reply(Box::new(work.await)));
        })
    }
}

/// The product's defaults, until the first snapshot brings the server's.
fn default_limits() -> LimitsResponse {
    LimitsResponse {
        heartbeat_seconds: 2,
        silence_seconds: 5,
        lost_after_seconds: 120,
        idle_seconds: 600,
        max_duration_seconds: 3600,
        max_extensions: 2,
        extension_seconds: 900,
        warnings_seconds: vec![300, 60],
        max_unsent_age_seconds: 24 * 3600,
        journal_contents_days: 0,
        journal_keep_days: 0,
        min_free_disk_bytes: 100 * 1024 * 1024,
    }
}

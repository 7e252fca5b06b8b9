//! The actor: its ports, its state and its loop.

use std::{collections::HashMap, future::Future, path::PathBuf, sync::Arc};

use amberglass_domain::ports::{Backend, Clock, Entropy, JournalSink, Keychain};
use amberglass_wire::{
    SessionId,
    audit::EventSubject,
    auth::{LimitsResponse, PortalResponse},
};
use tokio::{
    sync::{mpsc, watch},
    task::{AbortHandle, JoinSet},
};

use crate::{
    commands::Command,
    connection::Connection,
    device::DeviceState,
    finding::{Card, Finding, SessionList},
    host::{Host, HostEvent},
    input::{Input, Reply},
    leaving::Leaving,
    queue::JournalState,
    session_run::Running,
    session_start::{Leftover, Starting},
    sign_in::SignIn,
    tokens::Tokens,
    trail::Trail,
    view::{ConsoleView, EndView, SessionWindowView},
};

/// Everything outside the controller.
pub struct Ports {
    pub backend: Arc<dyn Backend>,
    pub sink: Arc<dyn JournalSink>,
    pub keychain: Arc<dyn Keychain>,
    pub host: Arc<dyn Host>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    /// Where the journal lies; made if it is missing.
    pub data_dir: PathBuf,
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

/// The state. Methods stand with their subject: `sign_in`, `tokens`, `connection`, `queue`, `finding`, `session_start`,
/// `session_run`, `session_end`, `trail`, `leaving`, `present`.
pub(crate) struct Actor {
    pub ports: Arc<Ports>,
    pub inputs: mpsc::UnboundedSender<Input>,
    tasks: JoinSet<()>,
    /// Short work that the end of the program waits for: appends to the journal, removals from the keyring.
    pub records: JoinSet<()>,
    number: u64,
    pub sign_in: SignIn,
    pub tokens: Tokens,
    pub device: DeviceState,
    pub journal: JournalState,
    pub connection: Connection,
    pub limits: LimitsResponse,
    pub portals: Vec<PortalResponse>,
    pub finding: Finding,
    pub card: Option<Card>,
    pub starting: Option<Starting>,
    pub leftovers: Vec<Leftover>,
    pub leftovers_tried: bool,
    pub running: Option<Running>,
    /// Windows that are being closed, with the subject for the record of it.
    pub closing: HashMap<SessionId, EventSubject>,
    pub ended: Option<EndView>,
    pub sessions: SessionList,
    pub trail: Option<Trail>,
    pub leaving: Option<Leaving>,
    pub shown: Option<ConsoleView>,
    pub presented: Option<SessionWindowView>,
    pub done: bool,
}

impl Actor {
    fn new(ports: Arc<Ports>, inputs: mpsc::UnboundedSender<Input>) -> Self {
        Self {
            ports,
            inputs,
            tasks: JoinSet::new(),
            records: JoinSet::new(),
            number: 0,
            sign_in: SignIn::Starting,
            tokens: Tokens::default(),
            device: DeviceState::default(),
            journal: JournalState::Closed,
            connection: Connection::default(),
            limits: default_limits(),
            portals: Vec::new(),
            finding: Finding::default(),
            card: None,
            starting: None,
            leftovers: Vec::new(),
            leftovers_tried: true,
            running: None,
            closing: HashMap::new(),
            ended: None,
            sessions: SessionList::default(),
            trail: None,
            leaving: None,
            shown: None,
            presented: None,
            done: false,
        }
    }

    async fn run(mut self, mut received: mpsc::UnboundedReceiver<Input>) {
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
            Input::StartStep { number, step } => self.on_start_step(number, step),
            Input::JournalFailed { session } => self.on_journal_failed(&session),
            Input::Reply(reply) => self.on_reply(*reply),
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::RefreshView {} => self.show_again(),
            Command::SignIn {} => self.begin_sign_in(),
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
                });
            }
            Command::ShowSession {} => {
                if let Some(running) = &self.running {
                    self.ports.host.raise_session_window(&running.session.id);
                }
            }
            Command::EndSession {} => self.end_by_command(),
            Command::DismissEnd {} => self.ended = None,
            Command::ListSessions {} => self.list_sessions(),
            Command::OpenTrail { session } => self.open_trail(session),
            Command::CloseTrail {} => self.trail = None,
        }
    }

    fn on_reply(&mut self, reply: Reply) {
        match reply {
            Reply::KeyringRead(result) => self.on_keyring(result),
            Reply::Enrolled { number, result } => self.on_enrolled(number, result),
            Reply::Refreshed { number, result } => self.on_refreshed(number, result),
            Reply::JournalOpened(result) => self.on_journal_opened(result),
            Reply::StreamEnded { number, result } => self.on_stream_ended(number, result),
            Reply::Heartbeat { number, sent_at, beaten, result } => self.on_heartbeat(number, sent_at, beaten, result),
            Reply::Snapshot { number, sent_at, result } => self.on_snapshot(number, sent_at, result),
            Reply::Found { number, result } => self.on_found(number, result),
            Reply::Card { number, card, options } => self.on_card(number, card, options),
            Reply::Sessions { number, result } => self.on_sessions(number, result),
            Reply::Trail { number, result } => self.on_trail(number, result),
            Reply::Started { number, result } => self.on_started(number, result),
            Reply::OtherEnded { session, result } => self.on_other_ended(&session, result),
            Reply::SessionFetched { session, result } => self.on_session_fetched(&session, result),
            Reply::EndAnswered { session, result } => self.on_end_answered(&session, result),
            Reply::Recorded { session, lifts, durable } => self.on_recorded(&session, lifts, durable),
            Reply::LeftoversTried { remaining } => self.on_leftovers_tried(remaining),
            Reply::Done => {}
        }
    }

    /// What is due by the monotonic clock.
    fn tick(&mut self) {
        let now = self.now();
        self.tick_tokens(now);
        self.tick_connection(now);
        self.tick_running(now);
        self.go_on_leaving(now);
    }

    /// When something is due next, in monotonic milliseconds.
    fn next_wake(&self) -> Option<i64> {
        [
            self.tokens_due(),
            self.connection_due(),
            self.running_due(),
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
        warnings_seconds: vec![300, 60],
        max_unsent_age_seconds: 24 * 3600,
        min_free_disk_bytes: 100 * 1024 * 1024,
    }
}

//! What the UI shows: one snapshot for the console, one for the bar. The UI decides nothing from it.

use amberglass_wire::{
    CustomerId, PortalId, SessionId, UnixMillis,
    audit::Attempt,
    auth::{PortalResponse, StaffResponse},
    customer::{CustomerResponse, LastLooked},
    problem::ErrorCode,
    session::{EndedBy, Mode, ModeOption, Reason, ReasonCodeResponse, SessionState},
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// An error as a person meets it: the words for `code` stand in `ui/src/lib/text`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UiError {
    pub code: UiErrorCode,
    /// To quote to whoever runs the server; empty when the server was not involved.
    pub reference: String,
    /// Whether doing the same again may help.
    pub retry: bool,
    /// What the words may name: the customer's name, the rule, a limit.
    pub about: Option<String>,
}

/// Either the server's code or one of the console's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(untagged)]
pub enum UiErrorCode {
    Server(ErrorCode),
    Console(ConsoleErrorCode),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ConsoleErrorCode {
    ServerUnreachable,
    NotAnAmberglassServer,
    KeyringMissing,
    KeyringLocked,
    KeyringFailed,
    BrowserNotOpened,
    SignInTimedOut,
    SignInCancelled,
    SignInAnswerForeign,
    JournalUnavailable,
    JournalTooOld,
    DiskTooFull,
    Offline,
    WindowFailed,
    AlreadyStarting,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConsoleView {
    /// Name of the server, such as `127.0.0.1:7400`.
    pub server: String,
    pub sign_in: SignInView,
    pub connection: ConnectionView,
    pub queue: QueueView,
    pub portals: Vec<PortalResponse>,
    pub find: FindView,
    pub card: Option<CardView>,
    pub session: Option<SessionView>,
    /// The session that ended last, until its end screen is left.
    pub ended: Option<EndView>,
    pub sessions: SessionsView,
    pub trail: Option<TrailView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SignInView {
    /// The keyring is being read.
    Starting {},
    /// No usable keyring: no sign-in and no session.
    Blocked {
        error: UiError,
    },
    SignedOut {
        error: Option<UiError>,
    },
    WaitingForBrowser {
        since: UnixMillis,
    },
    SignedIn {
        staff: StaffResponse,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ConnectionView {
    Connecting {},
    Online {},
    Offline { since: UnixMillis },
}

/// The journal's queue, in numbers; the UI says it in words at all times.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct QueueView {
    pub waiting: u32,
    pub oldest_at: Option<UnixMillis>,
    /// Records that the server refuses for a stated reason.
    pub held: u32,
    pub last_synced_at: Option<UnixMillis>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FindView {
    pub portal: Option<PortalId>,
    pub query: String,
    pub searching: bool,
    pub customers: Vec<CustomerResponse>,
    pub truncated: bool,
    pub error: Option<UiError>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CardView {
    pub portal: PortalId,
    pub customer_id: CustomerId,
    pub loading: bool,
    pub customer: Option<CustomerResponse>,
    pub portal_name: String,
    pub last_looked: Option<LastLooked>,
    pub options: Option<StartOptionsView>,
    pub start: StartView,
    /// Why the card could not be loaded.
    pub error: Option<UiError>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StartOptionsView {
    pub reason_codes: Vec<ReasonCodeResponse>,
    pub modes: Vec<ModeOption>,
    pub default_duration_seconds: u32,
    pub max_duration_seconds: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "there is one of it, in one card")]
pub enum StartView {
    Idle {},
    /// From the click until the portal shows.
    Starting {
        step: StartStep,
    },
    Failed {
        error: UiError,
    },
    /// Another session of this staff member runs; it names its customer.
    Conflict {
        running: SessionView,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StartStep {
    Recording,
    AskingServer,
    OpeningWindow,
    LoadingPortal,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SessionView {
    pub id: SessionId,
    pub code: String,
    pub state: SessionState,
    pub customer: CustomerResponse,
    pub portal_name: String,
    pub mode: Mode,
    pub reason: Reason,
    pub started_at: Option<UnixMillis>,
    pub ended_at: Option<UnixMillis>,
    pub ended_by: Option<EndedBy>,
    /// Left when this snapshot was made; the UI counts down from when it received it. Zero once ended.
    #[ts(type = "number")]
    pub remaining_millis: i64,
    pub pages: u32,
    pub blocked: u32,
}

/// The bar and the overlay of the session window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SessionWindowView {
    pub session: SessionId,
    pub code: String,
    pub customer_name: String,
    pub mode: Mode,
    /// The reason code's label.
    pub reason_label: String,
    pub ticket: Option<String>,
    #[ts(type = "number")]
    pub remaining_millis: i64,
    /// Below this many milliseconds left the countdown warns.
    #[ts(type = "number")]
    pub warning_millis: i64,
    pub curtain: Option<CurtainView>,
    /// The last thing the host refused to the page, to be explained in the bar for a few seconds.
    pub notice: Option<RefusedNotice>,
    pub ending: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RefusedNotice {
    pub attempt: Attempt,
    /// Counts up, so that the same refusal twice is announced twice.
    pub number: u32,
}

/// Why the page is covered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum CurtainView {
    /// Until the first page has painted.
    Opening {},
    ConnectionLost {
        goes_on_until: UnixMillis,
    },
    PortalUnreachable {},
    /// The page's web process died.
    PageCrashed {},
    Ending {},
    Ended {
        ended_by: EndedBy,
    },
    JournalFailed {},
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EndView {
    pub session: SessionView,
    /// Seconds from start to end.
    #[ts(type = "number")]
    pub duration_seconds: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SessionsView {
    pub loading: bool,
    pub sessions: Vec<SessionView>,
    pub error: Option<UiError>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TrailView {
    pub session: SessionId,
    pub loading: bool,
    pub about: Option<SessionView>,
    pub events: Vec<TrailEventView>,
    /// Whether every record hangs on the one before it, checked here.
    pub chain_whole: bool,
    pub checked_at: Option<UnixMillis>,
    pub error: Option<UiError>,
}

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TrailEventView {
    pub id: String,
    pub occurred_at: UnixMillis,
    /// `EventDetail::kind()`.
    pub kind: String,
    /// Who wrote it.
    pub source: TrailSource,
    /// Path, address or attempt; empty when the kind says it all.
    pub what: String,
    /// Rule that blocked, cause of an end, reason of a start.
    pub because: String,
    pub blocked: bool,
    /// Of `page_viewed`: a part that a page loaded by itself (style, script, image, data), not a page. False where nobody
    /// can tell any more, so that no page is ever taken for less.
    pub resource: bool,
    /// Still in the local queue.
    pub unsent: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TrailSource {
    Console,
    Server,
}

//! What the UI shows: one snapshot for the console, one for the bar. The UI decides nothing from it.

mod elevation;
mod error_code;
mod inbox;
mod settings;
mod unmasking;

use amberglass_wire::{
    CustomerId, EventId, PortalId, SessionId, UnixMillis,
    approval::RequestResponse,
    audit::{Attempt, Contradiction, JournalLoss, TrailFormat},
    auth::{
        DeviceResponse, EmergencyStopResponse, PortalResponse, RightsResponse, ServerResponse, StaffResponse,
        StoppedPortalResponse,
    },
    customer::{CustomerResponse, LastLooked},
    problem::ErrorCode,
    session::{EndedBy, Mode, ModeOption, Reason, ReasonCodeResponse, SessionState},
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use elevation::{ElevationStep, ElevationView};
pub use error_code::ConsoleErrorCode;
pub use inbox::{FocusView, InboxView, NewsItemView, NewsView, Opens, ReviewView};
pub use settings::{DesktopView, DiagnosticsView, LimitsView, NoticesView, PreferencesView, QuietHoursView, Theme};
pub use unmasking::{ShownFieldView, UnmaskView};

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

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ConsoleView {
    /// Name of the server, such as `127.0.0.1:7400`.
    pub server: String,
    pub first_run: FirstRunView,
    pub preferences: PreferencesView,
    pub desktop: DesktopView,
    pub diagnostics: DiagnosticsView,
    pub sign_in: SignInView,
    /// Of whoever is signed in and was asked to prove it anew.
    pub fresh_sign_in: FreshSignInView,
    pub connection: ConnectionView,
    pub queue: QueueView,
    pub portals: Vec<PortalResponse>,
    pub find: FindView,
    pub card: Option<CardView>,
    pub session: Option<SessionView>,
    /// The session that ended last, until its end screen is left.
    pub ended: Option<EndView>,
    /// The staff member's own, newest first.
    pub sessions: SessionsView,
    /// What runs now: one's own, and everybody's for whoever may see them.
    pub live: SessionsView,
    pub trail: Option<TrailView>,
    /// What was looked at lately, to be offered before anything is typed.
    pub recent: RecentView,
    /// What the policy lets this staff member do beyond their own sessions.
    pub rights: RightsView,
    pub emergency_stop: Option<EmergencyStopResponse>,
    /// Portals that are stopped while the server runs; for whoever may let them go on.
    pub stopped_portals: Vec<StoppedPortalResponse>,
    /// With the labels that the policy gives them.
    pub reason_codes: Vec<ReasonCodeResponse>,
    pub inbox: InboxView,
    /// What security is told of; of break-glass alone for whoever reviews it.
    pub news: NewsView,
    /// Where somebody wants to go who has opened a notification.
    pub focus: Option<FocusView>,
    /// What does not agree and nobody has looked at yet; empty for whoever may not see it.
    pub alarms: AlarmsView,
    pub devices: DevicesView,
    /// What is recorded about whoever is signed in.
    pub own_record: OwnRecordView,
    /// The one action under way, or what came of it, until it is dismissed.
    pub action: Option<ActionView>,
    /// What this program finds when it starts after it died in a session.
    pub recovered: Option<RecoveredView>,
    /// What the server fixes and the settings show.
    pub limits: LimitsView,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AlarmsView {
    /// How many there are.
    pub open: u32,
    /// Fifty at the most, the newest first.
    pub newest: Vec<AlarmView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AlarmView {
    pub id: EventId,
    pub raised_at: UnixMillis,
    pub what: AlarmWhat,
    pub device_name: Option<String>,
    pub session: Option<SessionId>,
    pub session_code: Option<String>,
    pub staff_name: Option<String>,
    pub customer_name: Option<String>,
}

/// What was found; numbers are those of records in a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AlarmWhat {
    /// A device began a new journal: the last record that it names of the one before, and the last that the server holds.
    JournalReplaced {
        cause: JournalLoss,
        named: i64,
        held: i64,
    },
    /// A device's chain, or a server's.
    ChainContradicted {
        cause: Contradiction,
        of_server: bool,
        held: i64,
        shown: i64,
    },
    /// A console found its server in contradiction.
    ServerContradicted {
        cause: Contradiction,
        held: i64,
        shown: i64,
    },
    SessionMismatch {
        missing_at_console: Vec<String>,
        missing_at_server: Vec<String>,
    },
    /// Changed files of the policy, or of a portal's rules, that the server could not put in force.
    NotTaken {
        is_policy: bool,
        why: String,
    },
    /// Of a later version of the server.
    Other {
        #[serde(rename = "event")]
        kind: String,
    },
}

/// What has to be settled before the first sign-in. Shown as long as something of it is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FirstRunView {
    /// Nobody has chosen a server, or the notice was not read yet: the first-run screen stands instead of the sign-in.
    pub needed: bool,
    /// As it is typed into the field at first.
    pub address: String,
    /// Set from outside (environment, machine policy): the field is read-only and says so.
    pub address_fixed: bool,
    pub checking: bool,
    /// What answered at the address.
    pub found: Option<ServerResponse>,
    pub error: Option<UiError>,
    pub notice_accepted: bool,
    pub keyring: KeyringView,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum KeyringView {
    Checking {},
    Usable {},
    Unusable { error: UiError },
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RecentView {
    pub customers: Vec<CustomerResponse>,
    pub tickets: Vec<String>,
}

/// See [`RightsResponse`].
pub type RightsView = RightsResponse;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DevicesView {
    pub loading: bool,
    pub devices: Vec<DeviceResponse>,
    pub error: Option<UiError>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OwnRecordView {
    pub loading: bool,
    /// Newest first.
    pub events: Vec<TrailEventView>,
    pub more: bool,
    pub error: Option<UiError>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ActionView {
    pub kind: ActionKind,
    /// Id of the session or device that it is about; empty for the server as a whole.
    pub target: String,
    pub busy: bool,
    /// Neither busy nor failed means done.
    pub error: Option<UiError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    EndOtherSession,
    AddNote,
    RevokeDevice,
    EmergencyStop,
    LiftEmergencyStop,
    AcknowledgeAlarm,
    AskApproval,
    DecideRequest,
    WithdrawRequest,
    ReviewBreakGlass,
    StopPortal,
    LiftPortal,
    /// Shown only when the preferences could not be kept; the old ones stand then.
    SetPreferences,
}

/// A session in which this program died.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RecoveredView {
    /// As the server knows it by now; `ended_by` is `console_lost` when it noticed first.
    pub session: SessionView,
    /// Records of it that were on this disk and had not been sent.
    pub kept: u32,
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
pub enum FreshSignInView {
    Idle {},
    /// What was refused is asked for again once the browser is back.
    WaitingForBrowser {
        since: UnixMillis,
    },
    Failed {
        error: UiError,
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
    /// Records before which delivery stands still.
    pub held: u32,
    /// Why it does.
    pub hold: Option<HoldView>,
    pub last_synced_at: Option<UnixMillis>,
    pub next: NextDeliveryView,
    pub retry: RetryView,
    /// Why no session could be recorded now, so that none starts.
    pub refusal: Option<UiError>,
    /// On the volume of the journal: whole mebibytes below one gibibyte, whole gibibytes above. `None` until it was looked at.
    pub free_disk_mebibytes: Option<u32>,
    /// A journal that could not go on, put aside in this run.
    pub replaced: Option<ReplacedView>,
}

/// What became of the journal before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReplacedView {
    pub cause: JournalLoss,
    /// Where its file lies now; nothing when there was none.
    pub file: Option<String>,
}

/// See `HoldReason` of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HoldView {
    Fork,
    Rejected,
    TooLarge,
    Unreadable,
    Other,
}

/// What delivery does next by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum NextDeliveryView {
    /// No journal is open.
    Closed {},
    /// Nothing waits.
    Nothing {},
    Sending {},
    Again {
        at: UnixMillis,
    },
    /// The server asked for it.
    AskedToWait {
        until: UnixMillis,
    },
    /// The server does not accept this device as it stands.
    SignInFirst {
        at: UnixMillis,
    },
    /// Until somebody asks for it.
    Held {},
    /// The journal could not be read.
    JournalFailed {
        at: UnixMillis,
    },
}

impl Default for NextDeliveryView {
    fn default() -> Self {
        Self::Closed {}
    }
}

/// What came of the last "Try again".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RetryView {
    Idle {},
    Trying {},
    NothingWaits {},
    /// Some may still wait: `NextDeliveryView` says why.
    Sent {
        records: u32,
    },
    NotTaken {},
    /// Nothing was tried: the server's pause is not over.
    AskedToWait {},
    Failed {
        error: UiError,
    },
}

impl Default for RetryView {
    fn default() -> Self {
        Self::Idle {}
    }
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

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CardView {
    pub portal: PortalId,
    pub customer_id: CustomerId,
    pub loading: bool,
    pub customer: Option<CustomerResponse>,
    pub portal_name: String,
    pub last_looked: Option<LastLooked>,
    pub options: Option<StartOptionsView>,
    pub start: StartView,
    /// One's own request for this customer that is open: it waits for a decision, or can be started.
    pub request: Option<RequestResponse>,
    /// Why the card could not be loaded.
    pub error: Option<UiError>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StartOptionsView {
    pub reason_codes: Vec<ReasonCodeResponse>,
    pub modes: Vec<ModeOption>,
    /// What it would say to a start with a stated emergency; nothing where the server does not know of it.
    pub break_glass: Option<ModeOption>,
    pub default_duration_seconds: u32,
    pub max_duration_seconds: u32,
    pub max_extensions: u32,
    pub extension_seconds: u32,
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
        /// Its window is this console's, so one can go there; else it runs on another desktop and can only be ended.
        here: bool,
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
    pub staff_name: String,
    /// Of whoever is signed in here.
    pub own: bool,
    pub extensions: u32,
    /// The agent's closing words.
    pub note: Option<String>,
    /// Why somebody else ended it, and who.
    pub end_reason: Option<String>,
    pub ended_by_name: Option<String>,
    /// Path of the page opened last; of running sessions only.
    pub last_page: Option<String>,
    /// What was stated where it began with break-glass.
    pub emergency: Option<String>,
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
    /// It began at once with a stated emergency, and will be reviewed.
    pub break_glass: bool,
    pub ticket: Option<String>,
    #[ts(type = "number")]
    pub remaining_millis: i64,
    /// Below this many milliseconds left the countdown warns.
    #[ts(type = "number")]
    pub warning_millis: i64,
    pub curtain: Option<CurtainView>,
    /// The last thing the host refused to the page, to be explained in the bar for a few seconds.
    pub notice: Option<RefusedNotice>,
    /// The last file of the portal's that was to be kept here.
    pub file: Option<FileNotice>,
    /// A page has been loading for seconds; a key stops it.
    pub still_loading: bool,
    pub ending: bool,
    /// Moments before the end, in milliseconds and longest first, at which the countdown is announced (screen readers too).
    #[ts(type = "Array<number>")]
    pub warnings_millis: Vec<i64>,
    /// Nobody has touched the window for long: left until the session ends for that.
    #[ts(type = "number | null")]
    pub idle_remaining_millis: Option<i64>,
    pub extend: ExtendView,
    pub elevation: ElevationView,
    pub unmask: UnmaskView,
    pub preferences: PreferencesView,
}

/// The Extend button of the bar and the row that it opens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExtendView {
    /// Extensions left; zero takes the button away.
    pub left: u32,
    /// By how much one extends, no further than the policy's longest session; zero when there is nothing to gain.
    pub seconds: u32,
    /// The row with the reason is open; the bar is taller then.
    pub open: bool,
    pub busy: bool,
    pub error: Option<UiError>,
    /// Counts the extensions, so that each is announced.
    pub number: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RefusedNotice {
    pub attempt: Attempt,
    /// Counts up, so that the same refusal twice is announced twice.
    pub number: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FileNotice {
    /// Where it lies; nothing where it did not come whole, or could not be kept.
    pub place: Option<FilePlace>,
    /// Counts up.
    pub number: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FilePlace {
    pub name: String,
    pub folder: String,
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
    /// Whatever stands for the gateway can't prove that it is.
    CertificateInvalid {},
    /// The page's web process died.
    PageCrashed {},
    /// The page's web process does nothing but its own work.
    PageStuck {},
    /// The screen is locked, or the machine sleeps.
    Away {},
    Ending {},
    /// Over. Also while nobody can ask the server: past the deadline, or past what idleness or silence allow.
    Ended {
        /// `None` from the word that it is over until the server has said who or what ended it.
        ended_by: Option<EndedBy>,
        /// Who ended it, where that is another staff member and the server has said so.
        by_name: Option<String>,
        /// Why, in the words of whoever ended it.
        reason: Option<String>,
    },
    JournalFailed {},
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EndView {
    pub session: SessionView,
    /// Seconds from start to end.
    #[ts(type = "number")]
    pub duration_seconds: i64,
    /// When the end was asked for here, if the server could not be reached then.
    pub asked_offline_at: Option<UnixMillis>,
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
    pub export: ExportView,
}

/// The trail on its way into a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ExportView {
    Idle {},
    /// The person is asked for a file.
    Choosing {
        format: TrailFormat,
    },
    Writing {
        format: TrailFormat,
    },
    Done {
        file: String,
        records: u32,
    },
    Failed {
        error: UiError,
    },
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
    /// What it said is gone for good; that it was there, and when, stays.
    pub erased: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TrailSource {
    Console,
    Server,
}

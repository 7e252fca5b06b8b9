//! Audit event v1: what consoles, gateway and control API write down.

use serde::{Deserialize, Serialize};

use crate::{
    CustomerId, DeviceId, EventId, PortalId, RequestId, SessionId, StaffId, UnixMillis,
    approval::{RequestState, Scope, SignedDecision},
    break_glass::ReviewOutcome,
    elevation::{AskedWrite, SendOutcome},
    event_stream::ChainHead,
    session::{EndedBy, Mode, Reason},
};

/// What happened, with what only that kind of event carries. `kind()` is the stable name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventDetail {
    StaffSignedIn {},
    SignInFailed {
        email_hash: String,
    },
    StaffSignedOut {},
    DeviceRegistered {
        device_name: String,
        key_fingerprint: String,
    },
    /// The device of the subject may do nothing any more. `by` is nobody when the operator did it at the server itself,
    /// here and in the kinds below.
    DeviceRevoked {
        by: Option<StaffId>,
        reason: String,
    },
    /// The staff member of the subject, here and in the kinds below.
    StaffAdded {
        role: String,
        by: Option<StaffId>,
    },
    StaffRoleChanged {
        from: String,
        to: String,
        by: Option<StaffId>,
    },
    StaffDisabled {
        by: Option<StaffId>,
    },
    StaffEnabled {
        by: Option<StaffId>,
    },
    PasswordChanged {
        by: Option<StaffId>,
    },
    SecondFactorSetUp {},
    SecondFactorReset {
        by: Option<StaffId>,
    },
    /// The account now belongs to this subject of the company's OpenID Connect provider.
    ProviderLinked {
        issuer: String,
    },
    /// The portal of the subject, here and in the kinds below.
    PortalDisabled {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<StaffId>,
        reason: String,
    },
    PortalEnabled {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<StaffId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    PortalKeyAdded {
        key: String,
        name: String,
    },
    PortalKeyRevoked {
        key: String,
    },
    /// The conformance kit opens the customer's pages there with the server's own keys, without a session.
    PortalTested {
        upstream: String,
    },
    /// Every session ends and none begins until it is lifted.
    EmergencyStopped {
        by: Option<StaffId>,
        reason: String,
    },
    EmergencyStopLifted {
        by: Option<StaffId>,
    },
    /// Somebody opened the card of the subject's customer and saw what it shows of them.
    CardViewed {},
    SessionStarted {
        mode: Mode,
        reason: Reason,
        expires_at: UnixMillis,
        code: String,
        /// The approval that it began with; servers before approvals left it out, and so does what needs none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<RequestId>,
    },
    /// The policy refuses a start, or one write or one field in the subject's session.
    SessionRefused {
        rule: String,
        mode: Mode,
        reason: Reason,
        /// Where it was to begin at once with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        emergency: Option<String>,
        /// Where it was about showing a field that a rule masks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<UnmaskedField>,
    },
    /// The device redeemed its grant and the gateway let it in.
    SessionEntered {},
    SessionFrozen {},
    SessionResumed {},
    SessionExtended {
        expires_at: UnixMillis,
        reason: Reason,
        /// 1 for the first.
        #[serde(default)]
        number: u32,
    },
    /// Console: somebody asks for a session; durable before the server is asked, with customer and portal in the subject.
    StartRequested {
        mode: Mode,
        reason: Reason,
    },
    /// A console asked for the end (also while offline).
    EndRequested {},
    /// The end, written by the server alone, exactly once.
    SessionEnded {
        ended_by: EndedBy,
        note: Option<String>,
        pages: u32,
        blocked: u32,
        /// Who ended it, where that is another staff member than the subject's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<StaffId>,
        /// Why, where somebody else ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The agent's closing note, given after the end.
    NoteAdded {
        note: String,
    },
    /// Console: the host opened the session window.
    WindowOpened {},
    WindowClosed {},
    /// Console: the system was told to load code of others into the program in which the window opens. Each is the
    /// variable and its value.
    ForeignCodeLoaded {
        by: Vec<String>,
    },
    /// A page or resource. The gateway writes it before it forwards; path and query names, never query values.
    PageViewed {
        method: String,
        path: String,
        #[serde(default)]
        document: bool,
        /// The portal's own rule that let it pass; nothing for what passes anyway, and in what consoles write.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rule: Option<String>,
        /// Fields that a rule masks and that were shown wherever the answer held them; nothing in what consoles write.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unmasked: Vec<UnmaskedField>,
    },
    /// A file of the portal's goes to the agent's disk, where it outlives the session. The gateway writes it before any of it goes out.
    FileDownloaded {
        method: String,
        path: String,
        /// The portal's own rule that lists it.
        rule: String,
        /// One of those that the rule names.
        content_type: String,
        /// Of the name that the portal gives it, in lower case; the name itself may say whose it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        extension: Option<String>,
        /// As the portal says before it sends any.
        bytes: u64,
    },
    /// The gateway refused a request.
    RequestBlocked {
        method: String,
        path: String,
        rule: String,
    },
    /// The host refused something the page tried: print, download, another origin ...
    AttemptRefused {
        attempt: Attempt,
        target: Option<String>,
    },
    CurtainDrawn {
        cause: String,
    },
    CurtainLifted {},
    /// A server signs checkpoints with a key that was not known before.
    SignerAdded {
        name: String,
        /// In the form of a verifier key (C2SP signed-note).
        verifier_key: String,
    },
    /// Somebody took away what the log holds of the subject, of this time.
    AuditExported {
        by: Option<StaffId>,
        since: Option<UnixMillis>,
        until: Option<UnixMillis>,
    },
    /// Console: what it showed of the subject's session goes into a file of the person's choice.
    TrailExported {
        format: TrailFormat,
    },
    /// The first record of a console's new chain: what became of the one before it.
    JournalReplaced {
        cause: JournalLoss,
        /// Writer of the chain before.
        former: String,
        /// Its last record that this console could still read; zero when there was none.
        seq: i64,
        hash: String,
    },
    /// Console: bodies are encrypted with another key from here on.
    JournalKeyRotated {
        /// From 1, within the journal.
        number: u32,
    },
    /// What these records said is gone for good from where this stands on record; that they were there, and when, stays.
    BodiesErased {
        by: Option<StaffId>,
        reason: String,
        records: Vec<RecordRange>,
    },
    /// Whole records up to this one are gone from where this stands on record; a signed checkpoint names the last of them.
    RecordsRetired {
        writer: String,
        through: i64,
        hash: String,
    },
    /// Console: what it no longer keeps of what it has delivered, from here on; the server's record is not touched.
    JournalTidied {
        /// Bodies up to this record are gone from the console's disk.
        erased_through: i64,
        /// Whole records up to this one are.
        retired_through: i64,
    },
    /// Console: a server's signed checkpoint, so that two keep what one has said.
    CheckpointWitnessed {
        note: String,
    },
    /// Console: from here on it believes checkpoints of this key.
    ServerKeyPinned {
        name: String,
        verifier_key: String,
    },
    /// Console: a server's checkpoint contradicts what it, or this console, has signed before.
    ServerContradicted {
        signer: String,
        cause: Contradiction,
        held: ChainHead,
        shown: ChainHead,
    },
    /// What a device shows of its chain contradicts what is held of it, or what it has signed before.
    ChainContradicted {
        writer: String,
        cause: Contradiction,
        held: ChainHead,
        shown: ChainHead,
    },
    /// How far the chain of the session's device had come by its own word, so that its end can't be cut off unseen.
    DeviceHeadNoted {
        writer: String,
        head: ChainHead,
    },
    /// What console and server recorded of the subject's session does not agree.
    SessionMismatch {
        /// Recorded by the server alone: names of events, pages with their path.
        missing_at_console: Vec<String>,
        missing_at_server: Vec<String>,
    },
    /// Somebody has looked at an alarm.
    AlarmAcknowledged {
        by: Option<StaffId>,
        /// The record that raised it.
        alarm: EventId,
        note: String,
    },
    /// Records of a journal whose device could not deliver them any more were taken from its file.
    JournalRecovered {
        writer: String,
        from: i64,
        through: i64,
    },
    /// The staff member of the subject asks for what begins after approval only, here and in the kinds below.
    ApprovalRequested {
        request: RequestId,
        scope: Scope,
        reason: Reason,
        /// The rules that want an approval.
        rules: Vec<String>,
        expires_at: UnixMillis,
        /// Where it is about one write that was blocked in the subject's session.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        write: Option<AskedWrite>,
    },
    /// One approver's signed word. `state` is what the request is by it.
    ApprovalDecided {
        decision: Box<SignedDecision>,
        state: RequestState,
    },
    /// Nobody had decided for so long that everybody else who may was told.
    ApprovalEscalated {
        request: RequestId,
    },
    /// By who asked, or by who had approved; a session that began with it ends.
    ApprovalWithdrawn {
        request: RequestId,
        by: StaffId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Nobody decided in time, or nobody used it in time; or who asked or approved holds no account any more, or the policy in
    /// force by now says something else to it.
    ApprovalLapsed {
        request: RequestId,
        was: RequestState,
        #[serde(default)]
        policy_changed: bool,
    },
    /// The subject's session began with this approval.
    ApprovalUsed {
        request: RequestId,
    },
    /// The write that was approved goes to the portal, once: on record before anything of it is sent.
    WriteSent {
        request: RequestId,
        write: AskedWrite,
    },
    /// What came of it.
    WriteAnswered {
        request: RequestId,
        outcome: SendOutcome,
    },
    /// A field that a rule of the portal masks is shown in the subject's session from here on, for a while. Its value never stands on
    /// record.
    FieldUnmasked {
        /// Id of the portal's `mask` rule.
        rule: String,
        /// The JSON pointer as it stands in the rule.
        pointer: String,
        /// Own words for this field alone.
        reason: String,
        until: UnixMillis,
    },
    /// The subject's session begins at once with a stated emergency, and waits for a review.
    BreakGlassUsed {
        emergency: String,
        reason: Reason,
    },
    /// Somebody else has reviewed the subject's session.
    BreakGlassReviewed {
        by: StaffId,
        outcome: ReviewOutcome,
        note: String,
    },
    /// A server goes by another policy from here on; both are SHA-256 over schema and rules, hex.
    PolicyChanged {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        to: String,
    },
    /// Changed files of the policy were not put in force.
    PolicyRefused {
        in_force: String,
        /// Nothing where they can't be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<String>,
        /// With the line.
        what: String,
    },
    /// A server goes by other rules for the subject's portal from here on; both are SHA-256 over their text, hex.
    RulesChanged {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        to: String,
        /// What the new ones take off the built-in never-list: ids of the rules that do.
        #[serde(default)]
        overrides: Vec<String>,
    },
    /// Changed rules for the subject's portal were not put in force.
    RulesRefused {
        in_force: String,
        /// Nothing where they can't be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<String>,
        /// With the place.
        what: String,
    },
    /// A kind this version does not know.
    #[serde(other)]
    Unknown,
}

/// A field of answers, by the rule that masks it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnmaskedField {
    /// Id of the portal's `mask` rule.
    pub rule: String,
    /// The JSON pointer as it stands in the rule.
    pub pointer: String,
}

/// What a trail is taken along as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TrailFormat {
    /// The records as they are, one per line: for checking.
    JsonLines,
    /// For reading in a spreadsheet.
    Csv,
}

/// Why a console began a new chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JournalLoss {
    /// The file, or the chain in it, was not as it was written.
    Damaged,
    /// The key of its bodies was not in the key store any more.
    KeyLost,
    /// The file was not there any more.
    Missing,
    /// The server holds other records under the same numbers.
    Contradicted,
}

/// How a chain can contradict what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Contradiction {
    /// Another record stands under the same number.
    Fork,
    /// Records are missing in between.
    Gap,
    /// It ends before a record that it had shown.
    RolledBack,
    /// A record does not match its own hash, or the body what it committed to.
    Altered,
    /// Records of one device came under the name of another.
    Replayed,
}

/// A stretch of one writer's records, both ends included.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordRange {
    pub writer: String,
    pub from: i64,
    pub through: i64,
}

/// What a page may not do in the locked webview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Attempt {
    Navigation,
    NewWindow,
    Download,
    Upload,
    Print,
    FullScreen,
    Permission,
    Notification,
    ScriptDialog,
    Authentication,
    InvalidCertificate,
    OtherOrigin,
    CloseWindow,
    ContextMenu,
    DeveloperTools,
    DragOut,
    // By the page itself, or by the person where this computer's settings keep the page in.
    Clipboard,
}

impl EventDetail {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::StaffSignedIn {} => "staff_signed_in",
            Self::SignInFailed { .. } => "sign_in_failed",
            Self::StaffSignedOut {} => "staff_signed_out",
            Self::DeviceRegistered { .. } => "device_registered",
            Self::DeviceRevoked { .. } => "device_revoked",
            Self::StaffAdded { .. } => "staff_added",
            Self::StaffRoleChanged { .. } => "staff_role_changed",
            Self::StaffDisabled { .. } => "staff_disabled",
            Self::StaffEnabled { .. } => "staff_enabled",
            Self::PasswordChanged { .. } => "password_changed",
            Self::SecondFactorSetUp {} => "second_factor_set_up",
            Self::SecondFactorReset { .. } => "second_factor_reset",
            Self::ProviderLinked { .. } => "provider_linked",
            Self::PortalDisabled { .. } => "portal_disabled",
            Self::PortalEnabled { .. } => "portal_enabled",
            Self::PortalKeyAdded { .. } => "portal_key_added",
            Self::PortalKeyRevoked { .. } => "portal_key_revoked",
            Self::PortalTested { .. } => "portal_tested",
            Self::EmergencyStopped { .. } => "emergency_stopped",
            Self::EmergencyStopLifted { .. } => "emergency_stop_lifted",
            Self::CardViewed {} => "card_viewed",
            Self::SessionStarted { .. } => "session_started",
            Self::SessionRefused { .. } => "session_refused",
            Self::SessionEntered {} => "session_entered",
            Self::SessionFrozen {} => "session_frozen",
            Self::SessionResumed {} => "session_resumed",
            Self::SessionExtended { .. } => "session_extended",
            Self::StartRequested { .. } => "start_requested",
            Self::EndRequested {} => "end_requested",
            Self::SessionEnded { .. } => "session_ended",
            Self::NoteAdded { .. } => "note_added",
            Self::WindowOpened {} => "window_opened",
            Self::WindowClosed {} => "window_closed",
            Self::ForeignCodeLoaded { .. } => "foreign_code_loaded",
            Self::PageViewed { .. } => "page_viewed",
            Self::FileDownloaded { .. } => "file_downloaded",
            Self::RequestBlocked { .. } => "request_blocked",
            Self::AttemptRefused { .. } => "attempt_refused",
            Self::CurtainDrawn { .. } => "curtain_drawn",
            Self::CurtainLifted {} => "curtain_lifted",
            Self::AuditExported { .. } => "audit_exported",
            Self::TrailExported { .. } => "trail_exported",
            Self::SignerAdded { .. } => "signer_added",
            Self::JournalReplaced { .. } => "journal_replaced",
            Self::JournalKeyRotated { .. } => "journal_key_rotated",
            Self::JournalTidied { .. } => "journal_tidied",
            Self::BodiesErased { .. } => "bodies_erased",
            Self::RecordsRetired { .. } => "records_retired",
            Self::CheckpointWitnessed { .. } => "checkpoint_witnessed",
            Self::ServerKeyPinned { .. } => "server_key_pinned",
            Self::ServerContradicted { .. } => "server_contradicted",
            Self::ChainContradicted { .. } => "chain_contradicted",
            Self::DeviceHeadNoted { .. } => "device_head_noted",
            Self::SessionMismatch { .. } => "session_mismatch",
            Self::AlarmAcknowledged { .. } => "alarm_acknowledged",
            Self::JournalRecovered { .. } => "journal_recovered",
            Self::ApprovalRequested { .. } => "approval_requested",
            Self::ApprovalDecided { .. } => "approval_decided",
            Self::ApprovalEscalated { .. } => "approval_escalated",
            Self::ApprovalWithdrawn { .. } => "approval_withdrawn",
            Self::ApprovalLapsed { .. } => "approval_lapsed",
            Self::ApprovalUsed { .. } => "approval_used",
            Self::WriteSent { .. } => "write_sent",
            Self::WriteAnswered { .. } => "write_answered",
            Self::FieldUnmasked { .. } => "field_unmasked",
            Self::BreakGlassUsed { .. } => "break_glass_used",
            Self::BreakGlassReviewed { .. } => "break_glass_reviewed",
            Self::PolicyChanged { .. } => "policy_changed",
            Self::PolicyRefused { .. } => "policy_refused",
            Self::RulesChanged { .. } => "rules_changed",
            Self::RulesRefused { .. } => "rules_refused",
            Self::Unknown => "unknown",
        }
    }
}

/// Who and whom: both identities stand on every event that has them, and what was in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventSubject {
    pub staff: Option<StaffId>,
    pub customer: Option<CustomerId>,
    pub portal: Option<PortalId>,
    pub session: Option<SessionId>,
    pub device: Option<DeviceId>,
    /// SHA-256 of the policy in force, hex.
    pub policy_hash: Option<String>,
}

/// Body of a record: what the commitment covers and what erasure removes. Serialised once, then moved as bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventBody {
    /// Format version: 1.
    pub v: u8,
    pub subject: EventSubject,
    /// Name and version of the writing program, such as `amberglass/0.1.0`.
    pub client: String,
    pub detail: EventDetail,
}

impl EventBody {
    pub fn new(subject: EventSubject, client: impl Into<String>, detail: EventDetail) -> Self {
        Self { v: 1, subject, client: client.into(), detail }
    }
}

/// One link of a writer's chain. `hash` covers everything above it through `domain::chain`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChainedRecord {
    /// Device id of a console or `server:<id>` of a server process.
    pub writer: String,
    /// From 1, without gaps, per writer.
    pub seq: i64,
    pub id: EventId,
    pub session: Option<SessionId>,
    pub occurred_at: UnixMillis,
    /// Milliseconds of the writer's suspend-counting monotonic clock; comparable within one run of it only.
    pub monotonic_millis: i64,
    /// `EventDetail::kind()`.
    pub kind: String,
    /// Hash of the record before, hex; 64 zeros for the first.
    pub prev_hash: String,
    /// SHA-256(salt, body), hex.
    pub commitment: String,
    /// Sixteen random bytes, hex; empty once the body was erased.
    pub salt: String,
    /// The serialised `EventBody`, byte for byte; empty once erased.
    pub body: String,
    pub hash: String,
}

/// `GET /v1/sessions/{id}/trail`: records of both writers in the order the server committed them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrailResponse {
    pub events: Vec<TrailEvent>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrailEvent {
    /// Place in the audit log, ordered at commit.
    pub position: i64,
    pub received_at: UnixMillis,
    #[serde(flatten)]
    pub record: ChainedRecord,
}

/// `GET /v1/record/own?before=<position>`: what is recorded about the staff member who asks, newest first, at most a hundred.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnRecordResponse {
    pub events: Vec<TrailEvent>,
    /// There is more before the last one.
    pub more: bool,
}

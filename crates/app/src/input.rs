//! The one kind of input that the actor takes.

use amberglass_domain::ports::{BackendError, FoundServer, KeychainError, LookupError};
use amberglass_journal::{JournalError, Progress, QueueStatus};
use amberglass_wire::{
    SessionId,
    approval::RequestResponse,
    audit::OwnRecordResponse,
    auth::{DeviceResponse, SnapshotResponse, TokenResponse},
    customer::{CustomerCardResponse, CustomerListResponse},
    elevation::SendWriteResponse,
    event_stream::{HeartbeatResponse, ServerEvent},
    session::{SessionResponse, StartOptionsResponse},
    unmasking::{MaskedFieldResponse, UnmaskFieldResponse},
};

use crate::{
    actions::{Act, Acted},
    commands::Command,
    device::Keyring,
    extending::ExtendFailure,
    host::HostEvent,
    queue::OpenedJournal,
    session_start::{Begun, Leftover, StartFailure},
    sign_in::{Enrolled, SignInFailure},
    trail::ReadTrail,
    unmasking::UnmaskFailure,
    view::{StartStep, UiError},
};

pub(crate) enum Input {
    Command(Command),
    Host(HostEvent),
    /// From the event stream with this number; those of an older stream are dropped.
    Stream {
        number: u64,
        event: ServerEvent,
    },
    Queue(QueueStatus),
    /// After an attempt to deliver.
    Delivery(Progress),
    /// How far the start with this number has come.
    StartStep {
        number: u64,
        step: StartStep,
    },
    /// The window's recorder could not write.
    JournalFailed {
        session: SessionId,
    },
    Reply(Box<Reply>),
}

/// What came of work that the actor had spawned. A number tells an answer from one to an older request.
pub(crate) enum Reply {
    KeyringRead(Result<Keyring, KeychainError>),
    Enrolled {
        number: u64,
        result: Result<Enrolled, SignInFailure>,
    },
    Refreshed {
        number: u64,
        result: Result<TokenResponse, BackendError>,
    },
    /// Signed in once more, while signed in.
    SignedInAgain {
        number: u64,
        result: Result<TokenResponse, SignInFailure>,
    },
    JournalOpened(Result<OpenedJournal, UiError>),
    LookedUp {
        number: u64,
        /// The address becomes the server's.
        keep: bool,
        result: Result<FoundServer, LookupError>,
    },
    KeyringChecked(Result<(), KeychainError>),
    StreamEnded {
        number: u64,
        result: Result<(), BackendError>,
    },
    Heartbeat {
        number: u64,
        sent_at: i64,
        beaten: Option<SessionId>,
        result: Result<HeartbeatResponse, BackendError>,
    },
    Snapshot {
        number: u64,
        sent_at: i64,
        result: Result<SnapshotResponse, BackendError>,
    },
    Found {
        number: u64,
        result: Result<CustomerListResponse, BackendError>,
    },
    Card {
        number: u64,
        card: Result<CustomerCardResponse, BackendError>,
        options: Result<StartOptionsResponse, BackendError>,
    },
    Sessions {
        number: u64,
        result: Result<Vec<SessionResponse>, BackendError>,
    },
    /// What runs now.
    Live {
        number: u64,
        result: Result<Vec<SessionResponse>, BackendError>,
    },
    /// The staff member's sessions, for what they looked at lately.
    Recent {
        number: u64,
        result: Result<Vec<SessionResponse>, BackendError>,
    },
    Devices {
        number: u64,
        result: Result<Vec<DeviceResponse>, BackendError>,
    },
    OwnRecord {
        number: u64,
        before: Option<i64>,
        result: Result<OwnRecordResponse, BackendError>,
    },
    Acted {
        number: u64,
        act: Act,
        result: Result<Acted, BackendError>,
    },
    /// What became of a request that waits no more.
    RequestLookedUp(Result<RequestResponse, BackendError>),
    Extended {
        number: u64,
        session: SessionId,
        result: Result<SessionResponse, ExtendFailure>,
    },
    ElevationAsked {
        number: u64,
        session: SessionId,
        result: Result<Box<RequestResponse>, BackendError>,
    },
    WriteSent {
        number: u64,
        session: SessionId,
        result: Result<Box<SendWriteResponse>, BackendError>,
    },
    MaskedFields {
        number: u64,
        session: SessionId,
        result: Result<Vec<MaskedFieldResponse>, BackendError>,
    },
    FieldUnmasked {
        number: u64,
        session: SessionId,
        result: Result<UnmaskFieldResponse, UnmaskFailure>,
    },
    /// The session in which the program died before.
    Recovered {
        session: SessionId,
        result: Result<SessionResponse, BackendError>,
    },
    /// How the session of the end screen ended, in the server's words.
    EndConfirmed {
        session: SessionId,
        result: Result<SessionResponse, BackendError>,
    },
    Trail {
        number: u64,
        result: Result<ReadTrail, UiError>,
    },
    /// Whether the export of the trail is on record.
    ExportRecorded {
        number: u64,
        durable: bool,
    },
    Exported {
        number: u64,
        result: Result<(), UiError>,
    },
    DiagnosticsWritten {
        number: u64,
        result: Result<(), UiError>,
    },
    HeldReleased(Result<(), JournalError>),
    Started {
        number: u64,
        result: Result<Begun, StartFailure>,
    },
    /// A session of another console, or of this one before it was started again.
    OtherEnded {
        session: SessionId,
        result: Result<SessionResponse, BackendError>,
    },
    SessionFetched {
        session: SessionId,
        result: Result<SessionResponse, BackendError>,
    },
    EndAnswered {
        session: SessionId,
        result: Result<SessionResponse, BackendError>,
    },
    Recorded {
        session: SessionId,
        lifts: bool,
        durable: bool,
    },
    LeftoversTried {
        remaining: Vec<Leftover>,
        found: Vec<(Leftover, Vec<SessionId>)>,
    },
    /// Nothing hangs on it.
    Done,
}

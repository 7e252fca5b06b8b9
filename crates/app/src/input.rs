//! The one kind of input that the actor takes.

use amberglass_domain::ports::{BackendError, KeychainError};
use amberglass_journal::QueueStatus;
use amberglass_wire::{
    SessionId,
    auth::{SnapshotResponse, TokenResponse},
    customer::{CustomerCardResponse, CustomerListResponse},
    event_stream::{HeartbeatResponse, ServerEvent},
    session::{SessionResponse, StartOptionsResponse},
};

use crate::{
    commands::Command,
    device::Keyring,
    host::HostEvent,
    queue::OpenedJournal,
    session_start::{Begun, Leftover, StartFailure},
    sign_in::{Enrolled, SignInFailure},
    trail::ReadTrail,
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
    JournalOpened(Result<OpenedJournal, String>),
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
    Trail {
        number: u64,
        result: Result<ReadTrail, UiError>,
    },
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
    },
    /// Nothing hangs on it.
    Done,
}

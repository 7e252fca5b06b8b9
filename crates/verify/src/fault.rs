//! What can be wrong with an export, and where.

use amberglass_domain::checkpoint::CheckpointError;
use amberglass_wire::{
    SessionId, UnixMillis,
    approval::{RequestState, Verdict},
};
use serde::Serialize;

/// Where in the export: a line of the file and, as far as it is about one, a record of a writer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// From 1; zero when something is missing and no line can be named.
    pub line: u64,
    pub writer: Option<String>,
    pub seq: Option<i64>,
}

/// One thing that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("the line is not one of an export")]
    NotALine,
    #[error("the export is of the format {found}, which this program does not know")]
    UnknownFormat { found: String },
    #[error("the export does not begin with its header")]
    NoHeader,
    #[error("the export has a second header")]
    SecondHeader,
    #[error("the export has no end: it was cut off, or never finished")]
    NoEnd,
    #[error("something stands behind the end of the export")]
    BehindTheEnd,
    #[error("the export is not what its end says: lines were changed, added or removed after it was made")]
    EndContradicts,
    #[error("the end of the export is not signed by a key that is trusted: {why}")]
    EndNotSigned { why: CheckpointError },
    #[error("a record stands where no chain has begun")]
    OutsideOfChains,
    #[error("the chain of this writer is in the export twice")]
    ChainTwice,
    #[error("a header of the chain contradicts itself")]
    ChainHeader,
    #[error("the record belongs to {found}, not to the writer of this chain")]
    ForeignRecord { found: String },
    #[error("the record was changed: what its header says does not give its hash")]
    HeaderChanged,
    #[error("the body or the salt was changed: they do not give what the record committed to")]
    BodyChanged,
    #[error("records are missing: {from} to {through}")]
    Missing { from: i64, through: i64 },
    #[error("the record stands in the wrong place or is there again: after it should come {expected}")]
    OutOfOrder { expected: i64 },
    #[error("the record names another one before it than the one that stands there: that one was replaced")]
    PredecessorReplaced,
    #[error("the first record does not follow the one that the checkpoint before it names")]
    BeginningReplaced,
    #[error("no trusted checkpoint names the record before the first one: earlier ones may be missing")]
    BeginningNotVouchedFor,
    #[error("records are cut off the end: {last} is the last one here, {promised} is promised")]
    CutOff { last: i64, promised: i64 },
    #[error("the record is not the one that {signer} has signed: the chain was written anew after {after}")]
    WrittenAnew { signer: String, after: i64 },
    #[error(
        "no trusted checkpoint of a server names a record from {from} on: nothing shows that they stayed as they were"
    )]
    EndNotVouchedFor { from: i64 },
    #[error(
        "{signer} had seen record {seen} at {at}, before this export was made: the log was put back to an earlier state"
    )]
    RolledBack { signer: String, seen: i64, at: String },
    #[error(
        "{signer} had signed record {seen} at {at}, before this export was made, and it is not here: it was never delivered, or it was removed"
    )]
    SignedNotHeld { signer: String, seen: i64, at: String },
    #[error(
        "the writer itself has signed nothing from record {from} on, though its key is trusted: they may be somebody else's"
    )]
    NotSignedByWriter { from: i64 },
    #[error(
        "the chain is a server's whose key is not among those that are trusted: nothing tells it from one that was made up"
    )]
    UnknownServer,
    #[error("the chain is not in this export, which has to hold it: {signer} had seen record {seen} of it")]
    ChainMissing { signer: String, seen: i64 },
    #[error("the chain stops before its end in an export of everything")]
    StopsBeforeTheEnd,
    #[error(
        "the chain begins behind record {after}, and nothing here says that what was before it has been retired: it was removed"
    )]
    BeginningMissing { after: i64 },
    #[error("the body is gone, and nothing on record says who erased it")]
    BodyGone,
    #[error("the body is gone, and a record of this kind ({kind}) is never erased")]
    EvidenceErased { kind: String },
    #[error("the body is left out although everything of this chain was asked for")]
    LeftOut,
    #[error("the checkpoint is not signed by a key that is trusted: {why}")]
    CheckpointNotSigned { why: CheckpointError },
    #[error("the checkpoint stands behind the record that it names")]
    CheckpointTooLate,
    #[error("the body is kept back although the record is of session {session}, which was asked for")]
    KeptBack { session: SessionId },
    #[error("device {device} was registered with another key than the one that is trusted under its name")]
    RegisteredOtherKey { device: String },
    #[error(
        "the decision is of device {device}, whose key is not among those that are trusted: nothing tells it from one that was made up"
    )]
    DecisionKeyUnknown { device: String },
    #[error("the decision is not as device {device} has signed it: it was changed, or somebody else has signed it")]
    DecisionNotSigned { device: String },
    #[error(
        "the decision is said to be {staff}'s, and nothing on record says that they ever signed in on device {device}, which has signed it"
    )]
    ApproverNotSignedIn { staff: String, device: String },
    #[error("the record is about other people than the decision that it holds")]
    DecisionOfOthers,
    #[error("{staff} has decided about their own request")]
    DecidedOwn { staff: String },
    #[error("the decision says {}, and by it the request was {}", .verdict.as_str(), .state.as_str())]
    VerdictContradicted { verdict: Verdict, state: RequestState },
    #[error(
        "the decision was signed at {} and was worth something until {}: it went on record at another time",
        time(*.signed_at), time(*.not_after)
    )]
    DecisionOutOfTime { signed_at: UnixMillis, not_after: UnixMillis },
    #[error("the request that is decided about was asked for nowhere, or not before")]
    NotAsked,
    #[error("the request is asked for a second time")]
    AskedTwice,
    #[error("the decision names another {what} than the request that it is about: it was made for something else")]
    DecisionDiffers { what: &'static str },
    #[error("the decision allows something else, or more, than what was asked for")]
    ScopeWidened,
    #[error("whoever decides has decided about this request before: the decision is there again, or is a second one")]
    DecidedTwice,
    #[error("the decision comes when the request was {} already", .was.as_str())]
    DecidedTooLate { was: RequestState },
    #[error("the session says that it began with an approval, and none was given before")]
    NotApproved,
    #[error("the session says that it began with an approval, and no use of one is on record for it")]
    UseNotRecorded,
    #[error("the session says that it began with another approval than the one whose use is on record for it")]
    OtherApproval,
    #[error("the session began with an approval that was {} already", .was.as_str())]
    ApprovalOver { was: RequestState },
    #[error("the session is of other people, or has another reason, than what was approved")]
    SessionOfOthers,
    #[error("the session had more than what was approved: another {what}")]
    SessionWider { what: &'static str },
    #[error("what was sent, or begun, is not what was asked for and approved")]
    OtherWrite,
    #[error("the write was sent longer after its approval than that allowed")]
    SentTooLate,
    #[error("more is on record about this request than can be")]
    RequestCrowded,
}

impl Fault {
    /// Stable names for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotALine => "not_a_line",
            Self::UnknownFormat { .. } => "unknown_format",
            Self::NoHeader => "no_header",
            Self::SecondHeader => "second_header",
            Self::NoEnd => "no_end",
            Self::BehindTheEnd => "behind_the_end",
            Self::EndContradicts => "end_contradicts",
            Self::EndNotSigned { .. } => "end_not_signed",
            Self::OutsideOfChains => "outside_of_chains",
            Self::ChainTwice => "chain_twice",
            Self::ChainHeader => "chain_header",
            Self::ForeignRecord { .. } => "foreign_record",
            Self::HeaderChanged => "header_changed",
            Self::BodyChanged => "body_changed",
            Self::Missing { .. } => "missing",
            Self::OutOfOrder { .. } => "out_of_order",
            Self::PredecessorReplaced => "predecessor_replaced",
            Self::BeginningReplaced => "beginning_replaced",
            Self::BeginningNotVouchedFor => "beginning_not_vouched_for",
            Self::CutOff { .. } => "cut_off",
            Self::WrittenAnew { .. } => "written_anew",
            Self::EndNotVouchedFor { .. } => "end_not_vouched_for",
            Self::RolledBack { .. } => "rolled_back",
            Self::SignedNotHeld { .. } => "signed_not_held",
            Self::NotSignedByWriter { .. } => "not_signed_by_writer",
            Self::UnknownServer => "unknown_server",
            Self::ChainMissing { .. } => "chain_missing",
            Self::StopsBeforeTheEnd => "stops_before_the_end",
            Self::BeginningMissing { .. } => "beginning_missing",
            Self::BodyGone => "body_gone",
            Self::EvidenceErased { .. } => "evidence_erased",
            Self::LeftOut => "left_out",
            Self::CheckpointNotSigned { .. } => "checkpoint_not_signed",
            Self::CheckpointTooLate => "checkpoint_too_late",
            Self::KeptBack { .. } => "kept_back",
            Self::RegisteredOtherKey { .. } => "registered_other_key",
            Self::DecisionKeyUnknown { .. } => "decision_key_unknown",
            Self::DecisionNotSigned { .. } => "decision_not_signed",
            Self::ApproverNotSignedIn { .. } => "approver_not_signed_in",
            Self::DecisionOfOthers => "decision_of_others",
            Self::DecidedOwn { .. } => "decided_own",
            Self::VerdictContradicted { .. } => "verdict_contradicted",
            Self::DecisionOutOfTime { .. } => "decision_out_of_time",
            Self::NotAsked => "not_asked",
            Self::AskedTwice => "asked_twice",
            Self::DecisionDiffers { .. } => "decision_differs",
            Self::ScopeWidened => "scope_widened",
            Self::DecidedTwice => "decided_twice",
            Self::DecidedTooLate { .. } => "decided_too_late",
            Self::NotApproved => "not_approved",
            Self::UseNotRecorded => "use_not_recorded",
            Self::OtherApproval => "other_approval",
            Self::ApprovalOver { .. } => "approval_over",
            Self::SessionOfOthers => "session_of_others",
            Self::SessionWider { .. } => "session_wider",
            Self::OtherWrite => "other_write",
            Self::SentTooLate => "sent_too_late",
            Self::RequestCrowded => "request_crowded",
        }
    }
}

/// RFC 3339, in UTC.
pub(crate) fn time(at: UnixMillis) -> String {
    chrono::DateTime::from_timestamp_millis(at.0).map_or_else(|| at.0.to_string(), |at| at.to_rfc3339())
}

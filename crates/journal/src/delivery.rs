//! What the server's answer to a batch means. Decided here and nowhere else.

use amberglass_domain::ports::BackendError;
use amberglass_wire::{
    event_stream::ChainHead,
    journal::JournalBatchResponse,
    problem::{ErrorCode, Problem},
};

/// Longest `Retry-After` that is honoured, in seconds.
const MAX_WAIT_SECONDS: u32 = 3600;

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The server holds everything up to here. Also the answer to a gap: what lies behind has to be sent again.
    Acknowledged { held: ChainHead },
    /// Too large: send fewer records.
    Split,
    /// The server named the pause.
    Wait { seconds: u32 },
    /// Try again, at growing intervals.
    Retry,
    /// The device is not known or no longer accepted; a sign-in registers it anew.
    SignInFirst,
    /// The records as they are will never be accepted.
    Hold { reason: HoldReason },
}

/// Why delivery stands still before a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HoldReason {
    /// The server holds another record under the same number, or one that this journal does not have.
    Fork,
    /// The server calls the record invalid.
    Rejected,
    /// Too large for the server even alone.
    TooLarge,
    /// The record is no longer as it was written.
    Unreadable,
    /// Stored by another version of this program.
    Other,
}

impl HoldReason {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fork => "fork",
            Self::Rejected => "rejected",
            Self::TooLarge => "too_large",
            Self::Unreadable => "unreadable",
            Self::Other => "other",
        }
    }

    pub(crate) fn parse(text: &str) -> Self {
        [Self::Fork, Self::Rejected, Self::TooLarge, Self::Unreadable]
            .into_iter()
            .find(|reason| reason.as_str() == text)
            .unwrap_or(Self::Other)
    }
}

/// Pure. When in doubt it says [`Delivery::Retry`]: nothing is lost by trying again.
pub fn classify(result: &Result<JournalBatchResponse, BackendError>) -> Delivery {
    match result {
        Ok(JournalBatchResponse { held, .. }) => Delivery::Acknowledged { held: held.clone() },
        Err(BackendError::Unreachable { .. }) => Delivery::Retry,
        Err(BackendError::Refused(problem)) => refused(problem),
        // A proxy in between may have a limit of its own.
        Err(BackendError::NotOurs { status: 413, .. }) => Delivery::Split,
        Err(BackendError::NotOurs { retry_after_seconds: Some(seconds), .. }) => {
            Delivery::Wait { seconds: (*seconds).min(MAX_WAIT_SECONDS) }
        }
        Err(BackendError::NotOurs { retry_after_seconds: None, .. }) => Delivery::Retry,
    }
}

fn refused(problem: &Problem) -> Delivery {
    // A pause that the server names is kept wherever waiting is what helps.
    let retry = match problem.retry_after_seconds {
        Some(seconds) => Delivery::Wait { seconds: seconds.min(MAX_WAIT_SECONDS) },
        None => Delivery::Retry,
    };
    match problem.code {
        ErrorCode::JournalGap => match &problem.held {
            Some(held) => Delivery::Acknowledged { held: held.clone() },
            None => retry,
        },
        ErrorCode::JournalFork => Delivery::Hold { reason: HoldReason::Fork },
        ErrorCode::JournalInvalid | ErrorCode::InvalidRequest => Delivery::Hold { reason: HoldReason::Rejected },
        ErrorCode::PayloadTooLarge => Delivery::Split,
        ErrorCode::DeviceRefused | ErrorCode::NotSignedIn | ErrorCode::Forbidden => Delivery::SignInFirst,
        // The next attempt is signed with a new time.
        ErrorCode::ClockSkew
        | ErrorCode::TooManyRequests
        | ErrorCode::Internal
        | ErrorCode::Unavailable
        | ErrorCode::AuditUnavailable
        // A server that does not know journals yet.
        | ErrorCode::NotFound
        | ErrorCode::Unknown
        // Not about journals.
        | ErrorCode::ReasonTooShort
        | ErrorCode::ReasonIsFiller
        | ErrorCode::ReasonCodeUnknown
        | ErrorCode::TicketRequired
        | ErrorCode::DurationTooLong
        | ErrorCode::ModeNotOffered
        | ErrorCode::NeedsApproval
        | ErrorCode::TargetIsSelf
        | ErrorCode::TargetIsStaff
        | ErrorCode::CustomerUnknown
        | ErrorCode::CustomerInactive
        | ErrorCode::PortalUnknown
        | ErrorCode::PortalInactive
        | ErrorCode::PortalUnreachable
        | ErrorCode::SessionConflict
        | ErrorCode::SessionNotRunning
        | ErrorCode::SessionStillRunning
        | ErrorCode::GrantInvalid
        | ErrorCode::ApprovalNotNeeded
        | ErrorCode::ApprovalGone
        | ErrorCode::WriteNotElevatable
        | ErrorCode::FieldStaysMasked
        | ErrorCode::DecisionInvalid
        | ErrorCode::ExtensionsUsedUp
        | ErrorCode::TotalDurationTooLong
        | ErrorCode::EmergencyStopInForce
        | ErrorCode::FreshSignInRequired
        | ErrorCode::IdempotencyMismatch
        // Something in between has changed the request, or an older server does not know it.
        | ErrorCode::UnsupportedMediaType
        | ErrorCode::MethodNotAllowed
        | ErrorCode::WrongHost => retry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(code: ErrorCode, held: Option<ChainHead>) -> Result<JournalBatchResponse, BackendError> {
        Err(BackendError::Refused(Box::new(Problem {
            kind: "about:blank".into(),
            title: String::new(),
            status: 400,
            detail: None,
            code,
            reference: "00000000".into(),
            rules: Vec::new(),
            session: None,
            held,
            retry_after_seconds: None,
        })))
    }

    fn not_ours(status: u16, retry_after_seconds: Option<u32>) -> Result<JournalBatchResponse, BackendError> {
        Err(BackendError::NotOurs { status, retry_after_seconds })
    }

    #[test]
    fn every_answer_has_one_meaning() {
        let held = ChainHead { seq: 7, hash: "h".into() };
        let hold = |reason| Delivery::Hold { reason };
        for (answer, meaning) in [
            (
                Ok(JournalBatchResponse { held: held.clone(), checkpoint: None }),
                Delivery::Acknowledged { held: held.clone() },
            ),
            (problem(ErrorCode::JournalGap, Some(held.clone())), Delivery::Acknowledged { held: held.clone() }),
            (problem(ErrorCode::JournalGap, None), Delivery::Retry),
            (problem(ErrorCode::JournalFork, Some(held)), hold(HoldReason::Fork)),
            (problem(ErrorCode::JournalInvalid, None), hold(HoldReason::Rejected)),
            (problem(ErrorCode::InvalidRequest, None), hold(HoldReason::Rejected)),
            (problem(ErrorCode::PayloadTooLarge, None), Delivery::Split),
            (problem(ErrorCode::DeviceRefused, None), Delivery::SignInFirst),
            (problem(ErrorCode::NotSignedIn, None), Delivery::SignInFirst),
            (problem(ErrorCode::Forbidden, None), Delivery::SignInFirst),
            (problem(ErrorCode::ClockSkew, None), Delivery::Retry),
            (problem(ErrorCode::TooManyRequests, None), Delivery::Retry),
            (problem(ErrorCode::Internal, None), Delivery::Retry),
            (problem(ErrorCode::Unavailable, None), Delivery::Retry),
            (problem(ErrorCode::AuditUnavailable, None), Delivery::Retry),
            (problem(ErrorCode::NotFound, None), Delivery::Retry),
            (problem(ErrorCode::Unknown, None), Delivery::Retry),
            (problem(ErrorCode::SessionConflict, None), Delivery::Retry),
            (not_ours(413, None), Delivery::Split),
            (not_ours(429, Some(17)), Delivery::Wait { seconds: 17 }),
            (not_ours(503, Some(1_000_000)), Delivery::Wait { seconds: MAX_WAIT_SECONDS }),
            (not_ours(429, None), Delivery::Retry),
            (not_ours(200, None), Delivery::Retry),
            (not_ours(401, None), Delivery::Retry),
            (Err(BackendError::Unreachable { detail: "refused".into() }), Delivery::Retry),
        ] {
            assert_eq!(classify(&answer), meaning, "{answer:?}");
        }
    }

    #[test]
    fn a_pause_that_the_server_names_is_kept_where_waiting_helps() {
        let asked = |code, seconds| match problem(code, None) {
            Err(BackendError::Refused(mut problem)) => {
                problem.retry_after_seconds = Some(seconds);
                classify(&Err(BackendError::Refused(problem)))
            }
            other => classify(&other),
        };
        for code in [ErrorCode::TooManyRequests, ErrorCode::Unavailable, ErrorCode::AuditUnavailable] {
            assert_eq!(asked(code, 17), Delivery::Wait { seconds: 17 }, "{code:?}");
        }
        assert_eq!(asked(ErrorCode::TooManyRequests, 1_000_000), Delivery::Wait { seconds: MAX_WAIT_SECONDS });
        assert_eq!(asked(ErrorCode::PayloadTooLarge, 17), Delivery::Split);
        assert_eq!(asked(ErrorCode::JournalFork, 17), Delivery::Hold { reason: HoldReason::Fork });
        assert_eq!(asked(ErrorCode::DeviceRefused, 17), Delivery::SignInFirst);
    }

    #[test]
    fn stored_reasons_come_back() {
        for reason in [HoldReason::Fork, HoldReason::Rejected, HoldReason::TooLarge, HoldReason::Unreadable] {
            assert_eq!(HoldReason::parse(reason.as_str()), reason);
        }
        assert_eq!(HoldReason::parse("of a later version"), HoldReason::Other);
    }
}

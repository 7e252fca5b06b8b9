//! What an error of a port is to a person: a code that has words in the UI. Pure.

use amberglass_domain::ports::{BackendError, KeychainError};
use amberglass_wire::problem::{ErrorCode, Problem};

use crate::view::{ConsoleErrorCode, UiError, UiErrorCode};

/// An error of the console's own.
pub(crate) fn console(code: ConsoleErrorCode, about: Option<String>) -> UiError {
    let retry = match code {
        ConsoleErrorCode::ServerUnreachable
        | ConsoleErrorCode::NotAnAmberglassServer
        | ConsoleErrorCode::KeyringMissing
        | ConsoleErrorCode::KeyringLocked
        | ConsoleErrorCode::KeyringFailed
        | ConsoleErrorCode::BrowserNotOpened
        | ConsoleErrorCode::SignInTimedOut
        | ConsoleErrorCode::SignInCancelled
        | ConsoleErrorCode::SignInAnswerForeign
        | ConsoleErrorCode::SignInOfSomebodyElse
        | ConsoleErrorCode::JournalTooOld
        | ConsoleErrorCode::DiskTooFull
        | ConsoleErrorCode::Offline
        | ConsoleErrorCode::WindowFailed
        | ConsoleErrorCode::AlreadyRunning
        | ConsoleErrorCode::PreferencesUnavailable
        | ConsoleErrorCode::ExportNotRecorded
        | ConsoleErrorCode::ExportExists
        | ConsoleErrorCode::ExportDiskFull
        | ConsoleErrorCode::ExportNotAllowed
        | ConsoleErrorCode::ExportFailed
        | ConsoleErrorCode::StartWithDesktopUnavailable => true,
        ConsoleErrorCode::JournalUnavailable
        | ConsoleErrorCode::AlreadyStarting
        | ConsoleErrorCode::LinkNotUnderstood
        | ConsoleErrorCode::ServerAddressInvalid => false,
    };
    UiError { code: UiErrorCode::Console(code), reference: String::new(), retry, about }
}

pub(crate) fn of_backend(error: &BackendError) -> UiError {
    match error {
        BackendError::Unreachable { .. } => console(ConsoleErrorCode::ServerUnreachable, None),
        BackendError::NotOurs { .. } => console(ConsoleErrorCode::NotAnAmberglassServer, None),
        BackendError::Refused(problem) => of_problem(problem),
    }
}

fn of_problem(problem: &Problem) -> UiError {
    // Where a portal did not answer the words name its customer (`naming`), never a rule.
    let rule = problem.rules.first().filter(|_| problem.code != ErrorCode::PortalUnreachable);
    UiError {
        code: UiErrorCode::Server(problem.code),
        reference: problem.reference.clone(),
        retry: passes_by_itself(problem.code) || problem.code == ErrorCode::NotSignedIn,
        about: rule.cloned(),
    }
}

/// The same error, with the customer's name where its words say whose portal did not answer.
pub(crate) fn naming(error: UiError, customer: Option<&str>) -> UiError {
    if error.code == UiErrorCode::Server(ErrorCode::PortalUnreachable) {
        UiError { about: customer.map(str::to_owned), ..error }
    } else {
        error
    }
}

/// A code of the contract that was found here, without asking the server.
pub(crate) fn of_code(code: ErrorCode) -> UiError {
    UiError { code: UiErrorCode::Server(code), reference: String::new(), retry: passes_by_itself(code), about: None }
}

pub(crate) fn of_keychain(error: &KeychainError) -> UiError {
    match error {
        KeychainError::Missing { .. } => console(ConsoleErrorCode::KeyringMissing, None),
        KeychainError::Locked => console(ConsoleErrorCode::KeyringLocked, None),
        KeychainError::Failed { .. } => console(ConsoleErrorCode::KeyringFailed, None),
    }
}

/// Whether the same request may succeed later although nobody changed anything.
pub(crate) const fn passes_by_itself(code: ErrorCode) -> bool {
    match code {
        ErrorCode::TooManyRequests
        | ErrorCode::Internal
        | ErrorCode::Unavailable
        | ErrorCode::ClockSkew
        | ErrorCode::PortalUnreachable
        | ErrorCode::AuditUnavailable => true,
        ErrorCode::InvalidRequest
        | ErrorCode::NotSignedIn
        | ErrorCode::Forbidden
        | ErrorCode::NotFound
        | ErrorCode::DeviceRefused
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
        | ErrorCode::SessionConflict
        | ErrorCode::SessionNotRunning
        | ErrorCode::SessionStillRunning
        | ErrorCode::ExtensionsUsedUp
        | ErrorCode::TotalDurationTooLong
        | ErrorCode::EmergencyStopInForce
        | ErrorCode::FreshSignInRequired
        | ErrorCode::GrantInvalid
        | ErrorCode::ApprovalNotNeeded
        | ErrorCode::ApprovalGone
        | ErrorCode::WriteNotElevatable
        | ErrorCode::FieldStaysMasked
        | ErrorCode::DecisionInvalid
        | ErrorCode::IdempotencyMismatch
        | ErrorCode::JournalGap
        | ErrorCode::JournalFork
        | ErrorCode::JournalInvalid
        | ErrorCode::PayloadTooLarge
        | ErrorCode::UnsupportedMediaType
        | ErrorCode::MethodNotAllowed
        | ErrorCode::WrongHost
        | ErrorCode::Unknown => false,
    }
}

/// The server's code, when it was the server that refused.
pub(crate) fn refusal(error: &BackendError) -> Option<ErrorCode> {
    match error {
        BackendError::Refused(problem) => Some(problem.code),
        BackendError::Unreachable { .. } | BackendError::NotOurs { .. } => None,
    }
}

/// Whether the access token, or what it stands for, no longer holds.
pub(crate) fn is_token_refused(error: &BackendError) -> bool {
    matches!(refusal(error), Some(ErrorCode::NotSignedIn | ErrorCode::DeviceRefused))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(code: ErrorCode) -> BackendError {
        BackendError::Refused(Box::new(Problem {
            kind: "about:blank".into(),
            title: "Refused".into(),
            status: 403,
            detail: None,
            code,
            reference: "0a1b2c3d".into(),
            rules: vec!["no-peers".into()],
            session: None,
            held: None,
            retry_after_seconds: None,
        }))
    }

    #[test]
    fn a_refusal_keeps_its_code_its_reference_and_its_rule() {
        let error = of_backend(&problem(ErrorCode::TargetIsStaff));
        assert_eq!(error.code, UiErrorCode::Server(ErrorCode::TargetIsStaff));
        assert_eq!(
            (error.reference.as_str(), error.retry, error.about.as_deref()),
            ("0a1b2c3d", false, Some("no-peers"))
        );
        assert!(of_backend(&problem(ErrorCode::PortalUnreachable)).retry);
    }

    #[test]
    fn only_a_portal_that_does_not_answer_is_called_by_its_customer() {
        let silent = of_backend(&problem(ErrorCode::PortalUnreachable));
        assert_eq!(silent.about, None);
        assert_eq!(naming(silent.clone(), None).about, None);
        assert_eq!(naming(silent, Some("Jane Doe")).about.as_deref(), Some("Jane Doe"));
        let refused = naming(of_backend(&problem(ErrorCode::TargetIsStaff)), Some("Jane Doe"));
        assert_eq!(refused.about.as_deref(), Some("no-peers"));
    }

    #[test]
    fn a_broken_line_and_a_foreign_answer_are_told_apart() {
        let broken = of_backend(&BackendError::Unreachable { detail: "reset".into() });
        assert_eq!(broken.code, UiErrorCode::Console(ConsoleErrorCode::ServerUnreachable));
        let foreign = of_backend(&BackendError::NotOurs { status: 200, retry_after_seconds: None });
        assert_eq!(foreign.code, UiErrorCode::Console(ConsoleErrorCode::NotAnAmberglassServer));
        assert!(broken.retry && foreign.retry);
    }

    #[test]
    fn the_three_troubles_of_a_keyring_are_told_apart() {
        let codes = [
            KeychainError::Missing { detail: "x".into() },
            KeychainError::Locked,
            KeychainError::Failed { detail: "x".into() },
        ]
        .map(|error| of_keychain(&error).code);
        assert_eq!(
            codes,
            [ConsoleErrorCode::KeyringMissing, ConsoleErrorCode::KeyringLocked, ConsoleErrorCode::KeyringFailed]
                .map(UiErrorCode::Console)
        );
    }
}

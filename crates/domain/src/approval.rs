//! What an approval may allow, and what several allow together.

use amberglass_wire::{
    approval::{Scope, SignedDecision, Verdict},
    session::Mode,
};

/// So long after the approval a write that was blocked may be sent.
pub const SEND_WITHIN_SECONDS: u32 = 300;

/// What is asked for where it is about one write: nothing of it can be less.
pub const ONE_WRITE: Scope = Scope { mode: Mode::ReadOnly, duration_seconds: SEND_WITHIN_SECONDS, extensions: 0 };

/// Shortest session that somebody can be allowed, in seconds.
pub const MIN_SECONDS: u32 = 60;

/// Why a decision does not fit what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    #[error("an approval allows at most what was asked for")]
    Wider,
    #[error("a session lasts at least a minute")]
    TooShort,
}

/// An approver may restrict the mode and shorten the time, and never the other way round.
///
/// # Errors
/// [`ScopeError`], also for a denial that names something else than what was asked for: what was signed has to say what was
/// seen.
pub fn check_scope(asked: &Scope, verdict: Verdict, scope: &Scope) -> Result<(), ScopeError> {
    match verdict {
        Verdict::Deny if scope == asked => Ok(()),
        Verdict::Deny => Err(ScopeError::Wider),
        Verdict::Approve if *scope != narrower(asked, scope) => Err(ScopeError::Wider),
        Verdict::Approve if scope.duration_seconds < MIN_SECONDS => Err(ScopeError::TooShort),
        Verdict::Approve => Ok(()),
    }
}

/// What both allow.
pub fn narrower(one: &Scope, other: &Scope) -> Scope {
    let mode = match (one.mode, other.mode) {
        (Mode::ReadWrite, Mode::ReadWrite) => Mode::ReadWrite,
        (Mode::ReadOnly, Mode::ReadOnly | Mode::ReadWrite) | (Mode::ReadWrite, Mode::ReadOnly) => Mode::ReadOnly,
    };
    Scope {
        mode,
        duration_seconds: one.duration_seconds.min(other.duration_seconds),
        extensions: one.extensions.min(other.extensions),
    }
}

/// What may begin once these have been decided; nothing while one is missing or one has said no.
pub fn granted<'a>(
    asked: &Scope,
    needed: u32,
    decisions: impl IntoIterator<Item = (Verdict, &'a Scope)>,
) -> Option<Scope> {
    let (mut count, mut scope) = (0_u32, *asked);
    for (verdict, one) in decisions {
        match verdict {
            Verdict::Deny => return None,
            Verdict::Approve => {
                count = count.saturating_add(1);
                scope = narrower(&scope, one);
            }
        }
    }
    (count >= needed.max(1)).then_some(scope)
}

/// What a decision has to repeat of the request that it is about.
pub struct Seen<'a> {
    pub server: &'a str,
    pub nonce: &'a str,
    pub staff: &'a str,
    pub portal: &'a str,
    pub customer: &'a str,
    pub reason_sha256: &'a str,
    pub policy_hash: &'a str,
    /// Of the write that it is about, if it is about one.
    pub write_sha256: Option<&'a str>,
}

/// Whether the approver saw this request, and as it is.
pub fn is_about(decision: &SignedDecision, seen: &Seen<'_>) -> bool {
    let Seen { server, nonce, staff, portal, customer, reason_sha256, policy_hash, write_sha256 } = *seen;
    decision.server == server
        && decision.nonce == nonce
        && decision.staff.as_str() == staff
        && decision.portal.as_str() == portal
        && decision.customer.as_str() == customer
        && decision.reason_sha256 == reason_sha256
        && decision.policy_hash == policy_hash
        && decision.write_sha256.as_deref() == write_sha256
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Scope = Scope { mode: Mode::ReadWrite, duration_seconds: 1800, extensions: 2 };

    #[test]
    fn an_approval_is_never_wider_than_what_was_asked_for() {
        let less = Scope { mode: Mode::ReadOnly, duration_seconds: 600, extensions: 0 };
        for (scope, fits) in [
            (ASKED, Ok(())),
            (less, Ok(())),
            (Scope { duration_seconds: 1801, ..ASKED }, Err(ScopeError::Wider)),
            (Scope { extensions: 3, ..ASKED }, Err(ScopeError::Wider)),
            (Scope { duration_seconds: 59, ..ASKED }, Err(ScopeError::TooShort)),
        ] {
            assert_eq!(check_scope(&ASKED, Verdict::Approve, &scope), fits, "{scope:?}");
        }
        let asked = Scope { mode: Mode::ReadOnly, ..ASKED };
        assert_eq!(
            check_scope(&asked, Verdict::Approve, &ASKED),
            Err(ScopeError::Wider),
            "a mode that nobody asked for"
        );
        assert_eq!(check_scope(&ASKED, Verdict::Deny, &less), Err(ScopeError::Wider));
        assert_eq!(check_scope(&ASKED, Verdict::Deny, &ASKED), Ok(()));
    }

    #[test]
    fn several_allow_what_each_of_them_allows() {
        let short = Scope { duration_seconds: 600, ..ASKED };
        let read = Scope { mode: Mode::ReadOnly, extensions: 1, ..ASKED };
        let approve = |scope| (Verdict::Approve, scope);
        assert_eq!(granted(&ASKED, 1, []), None);
        assert_eq!(granted(&ASKED, 0, []), None, "somebody always has to");
        assert_eq!(granted(&ASKED, 1, [approve(&short)]), Some(short));
        assert_eq!(granted(&ASKED, 2, [approve(&short)]), None);
        let both = Scope { mode: Mode::ReadOnly, duration_seconds: 600, extensions: 1 };
        assert_eq!(granted(&ASKED, 2, [approve(&short), approve(&read)]), Some(both));
        assert_eq!(granted(&ASKED, 2, [approve(&short), approve(&read), (Verdict::Deny, &ASKED)]), None);
    }
}

//! Break-glass within `POST /v1/sessions`: what is checked where an emergency is stated.

use amberglass_domain::reason;
use amberglass_wire::{
    problem::ErrorCode,
    session::{Mode, PolicyAnswer, StartSessionRequest},
};

use super::{
    extract::SignedIn,
    problem::ApiError,
    start_session::{Refused, refuse},
    target::FoundTarget,
};
use crate::{ServerState, policy::Policy, sessions::Breaking};

/// # Errors
/// When the emergency says nothing, the policy refuses, or the sign-in is not fresh. Whatever the policy says, it only reads.
pub async fn decide<'a>(
    state: &ServerState,
    policy: &Policy,
    who: &SignedIn,
    found: &FoundTarget,
    request: &StartSessionRequest,
    emergency: &'a str,
) -> Result<Breaking<'a>, ApiError> {
    let emergency = emergency.trim();
    reason::check_text(emergency).map_err(ApiError::new)?;
    if request.request.is_some() {
        let detail = "A session begins with an approval or with an emergency, not with both.";
        return Err(ApiError::new(ErrorCode::InvalidRequest).detail(detail));
    }
    let past = state.sessions.break_glass_past(who.id(), &found.customer).await?;
    let whom = found.for_policy();
    let decision = policy.break_glass(&who.principal(), &whom, request.mode, past)?;
    match decision.answer {
        PolicyAnswer::Allowed => {}
        PolicyAnswer::NeedsApproval | PolicyAnswer::Refused => {
            return Err(refuse(state, policy, who, &whom, Refused::start(request), decision).await?);
        }
    }
    if request.mode != Mode::ReadOnly {
        return Err(ApiError::new(ErrorCode::ModeNotOffered));
    }
    who.fresh(state.clock.now())?;
    Ok(Breaking { emergency, past })
}

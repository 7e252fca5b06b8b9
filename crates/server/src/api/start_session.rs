//! `POST /v1/sessions`: every condition checked here and now, then the session and its record at once.

use std::sync::Arc;

use amberglass_domain::{approval::narrower, reason};
use amberglass_wire::{
    SessionId,
    approval::Scope,
    audit::{EventDetail, EventSubject, UnmaskedField},
    problem::ErrorCode,
    session::{EntryGrant, Mode, PolicyAnswer, Reason, StartSessionRequest, StartSessionResponse},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};

use super::{
    break_glass,
    extract::{RawJson, SignedIn},
    idempotency::{MEANING, key_of},
    problem::{ApiError, NOTHING_BEGAN, stopped},
    target::{self, FoundTarget},
};
use crate::{
    ServerState,
    config::{MIN_DURATION_SECONDS, PortalConfig},
    policy::{Policy, StartDecision, Target, refusal_code},
    sessions::{StartError, Started, Starting},
};

/// Starts a session.
///
/// For whom the policy lets start: agents, leads and security by default. Every condition is checked here and now; the
/// session and its record are written at once. Repeated with the same key and body, it answers with the session it
/// started, and with a new grant while that can still be entered.
///
/// With `emergency` it is break-glass: begun at once, read-only, after a sign-in of the last five minutes, one at a time; leads and
/// security hear of it at once and it waits for somebody else's review.
#[utoipa::path(
    post,
    path = "/v1/sessions",
    operation_id = "start_session",
    tag = "staff",
    security(("staff" = [])),
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 200, description = MEANING)),
    request_body(content = StartSessionRequest),
    responses(
        (status = 201, description = "Started", body = StartSessionResponse),
        (status = 200, description = "Started before under this idempotency key", body = StartSessionResponse),
    ),
    extensions(("x-error-codes" = json!([
        ErrorCode::PortalUnknown, ErrorCode::PortalInactive, ErrorCode::PortalUnreachable, ErrorCode::CustomerUnknown,
        ErrorCode::CustomerInactive, ErrorCode::TargetIsSelf, ErrorCode::TargetIsStaff, ErrorCode::Forbidden,
        ErrorCode::NeedsApproval, ErrorCode::ModeNotOffered, ErrorCode::ApprovalGone, ErrorCode::FreshSignInRequired, ErrorCode::EmergencyStopInForce,
        ErrorCode::DurationTooLong, ErrorCode::ReasonCodeUnknown, ErrorCode::ReasonTooShort,
        ErrorCode::ReasonIsFiller, ErrorCode::TicketRequired, ErrorCode::IdempotencyMismatch,
        ErrorCode::SessionConflict, ErrorCode::AuditUnavailable,
    ]))),
)]
pub async fn start(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
    headers: HeaderMap,
    RawJson { value: request, body_sha256 }: RawJson<StartSessionRequest>,
) -> Result<(StatusCode, Json<StartSessionResponse>), ApiError> {
    let key = key_of(&headers)?;
    let portal = target::portal(&state, &request.portal)?;
    // A request that was carried out is answered as it was, whatever the policy says by now.
    if let Some(started) = state.sessions.recall(who.id(), key, &body_sha256).await? {
        return answer(&state, portal, started).await;
    }
    if let Some(stop) = state.store.emergency_stop().await? {
        return Err(stopped(&stop.reason));
    }
    check_request(&state, &request)?;
    let found = target::find(&state, who.id(), portal, &request.customer).await?;
    let policy = state.policy.now();
    let (breaking, granted) = match &request.emergency {
        Some(emergency) => (Some(break_glass::decide(&state, &policy, &who, &found, &request, emergency).await?), None),
        None => {
            let decision = check_policy(&state, &policy, &who, &found, &request).await?;
            (None, approval(&state, &policy, &who, &request, &decision).await?)
        }
    };
    if request.mode == Mode::ReadWrite {
        who.fresh(state.clock.now())?;
    }
    let starting = Starting {
        staff: who.id(),
        device: &who.device,
        customer: &found.customer,
        reason: &request.reason,
        mode: request.mode,
        duration_seconds: request.duration_seconds,
        approval: request.request.as_ref().zip(granted.map(|scope| scope.extensions)),
        break_glass: breaking,
        policy_hash: policy.hash(),
        idempotency_key: key,
        body_sha256: &body_sha256,
    };
    match state.sessions.start(&starting).await {
        Ok(started) => answer(&state, portal, started).await,
        Err(StartError::Conflict(running)) => {
            let mut error = ApiError::new(ErrorCode::SessionConflict);
            error.session = Some(Box::new(state.sessions.response(*running).await?));
            Err(error)
        }
        Err(
            error @ (StartError::EmergencyStop { .. }
            | StartError::PortalDisabled
            | StartError::ApprovalGone
            | StartError::Meanwhile
            | StartError::IdempotencyMismatch
            | StartError::Session(_)),
        ) => Err(error.into()),
    }
}

async fn answer(
    state: &ServerState,
    portal: &PortalConfig,
    started: Started,
) -> Result<(StatusCode, Json<StartSessionResponse>), ApiError> {
    let status = if started.repeated { StatusCode::OK } else { StatusCode::CREATED };
    let grant = started.grant.map(|grant| EntryGrant {
        token: grant.token,
        expires_at: grant.expires_at,
        gateway_origin: state.gateway_origin(portal),
    });
    let session = state.sessions.response(started.session).await?;
    Ok((status, Json(StartSessionResponse { session, grant })))
}

pub(super) fn check_request(state: &ServerState, request: &StartSessionRequest) -> Result<(), ApiError> {
    if request.duration_seconds < MIN_DURATION_SECONDS {
        return Err(ApiError::new(ErrorCode::InvalidRequest).detail("A session lasts at least 60 seconds."));
    }
    let longest = state.config.limits.max_duration_seconds;
    if request.duration_seconds > longest {
        return Err(ApiError::new(ErrorCode::DurationTooLong).detail(format!("At most {longest} seconds.")));
    }
    let codes: Vec<_> = state.config.reason_codes.iter().map(|code| code.response()).collect();
    reason::check(&request.reason, &codes).map_err(ApiError::new)
}

async fn check_policy(
    state: &ServerState,
    policy: &Policy,
    who: &SignedIn,
    found: &FoundTarget,
    request: &StartSessionRequest,
) -> Result<StartDecision, ApiError> {
    let decision = found.decide_start(policy, &who.principal(), request.mode)?;
    match decision.answer {
        PolicyAnswer::Allowed => Ok(decision),
        PolicyAnswer::NeedsApproval if request.request.is_some() => Ok(decision),
        PolicyAnswer::NeedsApproval | PolicyAnswer::Refused => {
            Err(refuse(state, policy, who, &found.for_policy(), Refused::start(request), decision).await?)
        }
    }
}

/// What was refused: a session, or one write or one field in one that runs.
pub(super) struct Refused<'a> {
    pub session: Option<&'a SessionId>,
    pub mode: Mode,
    pub reason: &'a Reason,
    pub emergency: Option<&'a str>,
    pub field: Option<&'a UnmaskedField>,
}

impl<'a> Refused<'a> {
    pub(super) fn start(request: &'a StartSessionRequest) -> Self {
        let emergency = request.emergency.as_deref().map(str::trim);
        Self { session: None, mode: request.mode, reason: &request.reason, emergency, field: None }
    }

    /// In a session that only reads.
    pub(super) const fn write(session: Option<&'a SessionId>, reason: &'a Reason) -> Self {
        Self { session, mode: Mode::ReadOnly, reason, emergency: None, field: None }
    }

    pub(super) const fn field(
        session: &'a SessionId,
        mode: Mode,
        reason: &'a Reason,
        field: &'a UnmaskedField,
    ) -> Self {
        Self { session: Some(session), mode, reason, emergency: None, field: Some(field) }
    }
}

/// Puts the refusal on record and says it.
pub(super) async fn refuse(
    state: &ServerState,
    policy: &Policy,
    who: &SignedIn,
    whom: &Target<'_>,
    refused: Refused<'_>,
    decision: StartDecision,
) -> Result<ApiError, ApiError> {
    let Refused { session, mode, reason, emergency, field } = refused;
    let subject = EventSubject {
        staff: Some(who.id().clone()),
        customer: Some(whom.customer.id.clone()),
        portal: Some(whom.customer.portal.clone()),
        session: session.cloned(),
        device: Some(who.device.clone()),
        policy_hash: Some(policy.hash().to_owned()),
    };
    let detail = EventDetail::SessionRefused {
        rule: decision.rules.join(" "),
        mode,
        reason: reason.clone(),
        emergency: emergency.map(ToOwned::to_owned),
        field: field.cloned(),
    };
    state.audit.append(subject, detail).await?;
    let code = match decision.answer {
        PolicyAnswer::NeedsApproval => ErrorCode::NeedsApproval,
        PolicyAnswer::Refused | PolicyAnswer::Allowed => refusal_code(&who.principal(), whom),
    };
    Ok(ApiError::new(code).rules(decision.rules))
}

/// What the approval that is named allows, if it is theirs, for this customer, covers what is asked for and why it needs one, and
/// is enough for the policy in force by now. Whether it still holds is decided with the start.
async fn approval(
    state: &ServerState,
    policy: &Policy,
    who: &SignedIn,
    request: &StartSessionRequest,
    decision: &StartDecision,
) -> Result<Option<Scope>, ApiError> {
    let Some(id) = &request.request else { return Ok(None) };
    let gone = || ApiError::new(ErrorCode::ApprovalGone).detail(NOTHING_BEGAN);
    let row = state.sessions.request(id).await?.filter(|row| row.staff == *who.id() && row.write.is_none());
    let row = row.ok_or_else(gone)?;
    let granted = row.granted.ok_or_else(gone)?;
    let wish = Scope { mode: request.mode, duration_seconds: request.duration_seconds, extensions: granted.extensions };
    let same = row.portal == request.portal && row.customer.id == request.customer && row.reason == request.reason;
    let approvers = state.store.approvers(id).await?;
    let holds = policy.approval_holds(&row, decision, &approvers)?;
    if same && holds && narrower(&granted, &wish) == wish { Ok(Some(granted)) } else { Err(gone()) }
}

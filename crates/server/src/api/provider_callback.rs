//! `GET /v1/oauth/provider/callback`: the browser comes back from the company's provider.

use std::sync::Arc;

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    authorize, provider,
    sign_in_page::{self, Refusal},
};
use crate::{
    ServerState,
    accounts::{
        Proof, ProviderSignIn,
        provider::Identity,
        tokens::{self, Method},
    },
};

/// What the provider adds to the address (RFC 6749, 4.1.2; RFC 9207).
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Answer {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// Takes the browser back from the company's OpenID Connect provider.
///
/// Each way back is used once, within ten minutes.
#[utoipa::path(
    get,
    path = "/v1/oauth/provider/callback",
    operation_id = "return_from_provider",
    tag = "sign-in",
    params(Answer),
    responses(
        (
            status = 303,
            description = "Back to the console",
            headers(("Location" = String, description = "The redirect address with `code` and `state`")),
        ),
        (status = 400, description = "Not a way back that began here", content_type = "text/html", body = String),
        (
            status = 403,
            description = "The provider said no, or its answer gives no right to an account",
            content_type = "text/html",
            body = String,
        ),
        (
            status = 503,
            description = "The provider or the database does not answer",
            content_type = "text/html",
            body = String,
        ),
    ),
)]
pub async fn back(State(state): State<Arc<ServerState>>, answer: Result<Query<Answer>, QueryRejection>) -> Response {
    let Some(at) = &state.provider else { return sign_in_page::broken_link() };
    let Ok(Query(answer)) = answer else { return sign_in_page::broken_link() };
    let Some(found_by) = answer.state else { return sign_in_page::broken_link() };
    // Taken first: whatever comes of it, this way back is used up.
    let away = match provider::take(&state, &found_by).await {
        Ok(Some(away)) => away,
        Ok(None) => return sign_in_page::refused(Refusal::UnknownState),
        Err(error) => return provider::unavailable(&error),
    };
    if answer.iss.is_some_and(|issuer| issuer != at.config().issuer) {
        return sign_in_page::refused(Refusal::NotBelieved);
    }
    let code = match (answer.code, answer.error) {
        (Some(code), None) => code,
        (_, Some(error)) => {
            tracing::info!(error = known(&error), "the provider ended a sign-in");
            return sign_in_page::refused(Refusal::ProviderRefused);
        }
        (None, None) => return sign_in_page::broken_link(),
    };
    let identity = match at.finish(away.waiting, code).await {
        Ok(identity) => identity,
        Err(error) => return provider::refused(&error),
    };
    let refusal = match state.accounts.sign_in_with_provider(at.config(), &identity).await {
        Ok(ProviderSignIn::Accepted(staff)) => {
            let Some(redirect) = authorize::console_address(&away.redirect_uri) else {
                return sign_in_page::broken_link();
            };
            let proof = Proof { at: identity.authenticated_at, method: Method::OpenidConnect };
            return match tokens::issue_code(&state, &staff.id, &away.redirect_uri, &away.code_challenge, proof).await {
                Ok(code) => authorize::back_to_console(redirect, &away.state, &code),
                Err(error) => provider::unavailable(&error),
            };
        }
        Ok(ProviderSignIn::EmailNotVerified) => Refusal::EmailNotVerified,
        Ok(ProviderSignIn::DomainNotAllowed) => Refusal::DomainNotAllowed,
        Ok(ProviderSignIn::NoAccount) => Refusal::NoAccount,
        Ok(ProviderSignIn::Disabled) => Refusal::AccountDisabled,
        Ok(ProviderSignIn::LinkedToAnother) => Refusal::LinkedToAnother,
        Err(error) => return provider::unavailable(&error),
    };
    match record(&state, &identity).await {
        Ok(()) => sign_in_page::refused(refusal),
        Err(error) => provider::unavailable(&error),
    }
}

/// The codes of RFC 6749, 4.1.2.1, and OpenID Connect Core, 3.1.2.6. Anything else in an address may be anybody's words, and
/// those have no place in the log.
fn known(error: &str) -> &'static str {
    const KNOWN: [&str; 12] = [
        "access_denied",
        "account_selection_required",
        "consent_required",
        "interaction_required",
        "invalid_request",
        "invalid_scope",
        "login_required",
        "request_not_supported",
        "server_error",
        "temporarily_unavailable",
        "unauthorized_client",
        "unsupported_response_type",
    ];
    KNOWN.into_iter().find(|known| *known == error).unwrap_or("another")
}

async fn record(state: &ServerState, identity: &Identity) -> Result<(), crate::audit::AuditError> {
    let who = identity.verified_email.as_deref().unwrap_or(&identity.subject);
    authorize::record_failure(state, who).await
}

//! `POST /v1/oauth/authorize/code`: the code that follows a right password. What is known in between travels sealed in the
//! form, bound to this very sign-in; nothing of it stands in the URL.

use std::{net::SocketAddr, sync::Arc};

use amberglass_wire::StaffId;
use axum::{
    Form,
    extract::{ConnectInfo, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{
    authorize::{self, Asked, AuthorizeQuery},
    sign_in_page::{self, CodeNotice, CodePage, Notice},
};
use crate::{
    ServerState,
    accounts::{
        AccountError,
        second_factor::{CodeCheck, NewSecret, SeenAccount, SetUp},
        tokens::Method,
    },
    store::StaffRow,
};

const PURPOSE: &str = "second-factor-form";
/// Setting up an app takes a while; a code itself is good for a minute and a half at most.
const LIFE_MILLIS: i64 = 10 * 60 * 1000;

#[derive(Deserialize, ToSchema)]
pub struct CodeForm {
    #[serde(flatten)]
    asked: AuthorizeQuery,
    continuation: String,
    /// Six digits.
    #[schema(value_type = String, format = Password)]
    code: SecretString,
}

/// What is known since the password was right.
#[derive(Serialize, Deserialize)]
struct Continuation {
    staff: String,
    email: String,
    /// As [`SeenAccount::password`].
    password: String,
    /// For an account without a second factor: kept once its first code was shown; base64.
    new_secret: Option<String>,
    issued_at: i64,
}

/// Asks for the code of an account whose password was right.
pub fn ask(state: &ServerState, asked: &Asked, staff: &StaffRow) -> Response {
    let seen = SeenAccount::of(staff);
    let new_secret =
        staff.totp_sealed.is_none().then(|| URL_SAFE_NO_PAD.encode(state.accounts.new_secret().as_slice()));
    let continuation = Continuation {
        staff: seen.staff.0,
        email: staff.email.clone(),
        password: seen.password,
        new_secret,
        issued_at: state.clock.now().0,
    };
    let sealed = serde_json::to_vec(&continuation).ok().and_then(|plain| {
        state.key.seal(PURPOSE, &authorize::bound_to(asked), &Zeroizing::new(plain), &*state.entropy)
    });
    match sealed {
        Some(sealed) => page(state, asked, &continuation, &sealed, StatusCode::OK, None),
        None => failed(state, asked, &staff.email, &AccountError::SecondFactor),
    }
}

/// Takes the code of the second factor.
///
/// The browser sends the form that followed the password; it counts for ten minutes.
#[utoipa::path(
    post,
    path = "/v1/oauth/authorize/code",
    operation_id = "enter_code",
    tag = "sign-in",
    request_body(content = CodeForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (
            status = 303,
            description = "Back to the console",
            headers(("Location" = String, description = "The redirect address with `code` and `state`")),
        ),
        (
            status = 400,
            description = "Not this server's form, too old, or of another site",
            content_type = "text/html",
            body = String,
        ),
        (
            status = 401,
            description = "The code is wrong, or the account changed since; the form again",
            content_type = "text/html",
            body = String,
        ),
        (
            status = 429,
            description = "Too many attempts failed",
            content_type = "text/html",
            body = String,
            headers(("Retry-After" = u32, description = "Seconds")),
        ),
        (status = 503, description = "The code could not be checked", content_type = "text/html", body = String),
    ),
)]
pub async fn check(
    State(state): State<Arc<ServerState>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    form: Result<Form<CodeForm>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = form else { return sign_in_page::broken_link() };
    let Some(asked) = authorize::check(form.asked) else { return sign_in_page::broken_link() };
    if !authorize::from_here(&headers) {
        return sign_in_page::broken_link();
    }
    let Some(known) = opened(&state, &asked, &form.continuation) else { return sign_in_page::broken_link() };
    if !(0..=LIFE_MILLIS).contains(&state.clock.now().0.saturating_sub(known.issued_at)) {
        let notice = Some(Notice::FormTooOld);
        return authorize::page(&state, &asked, StatusCode::BAD_REQUEST, &known.email, notice);
    }
    let seen = SeenAccount { staff: StaffId(known.staff.clone()), password: known.password.clone() };
    let new_secret = known.new_secret.as_ref().and_then(|text| secret_of(text));
    let address = authorize::network_of(peer.ip());
    let again = |status, notice| page(&state, &asked, &known, &form.continuation, status, Some(notice));
    match state.accounts.check_code(&seen, new_secret.as_ref(), form.code.expose_secret(), &address).await {
        Ok(CodeCheck::Accepted(staff)) => authorize::finish(&state, asked, &staff, Method::PasswordTotp).await,
        Ok(CodeCheck::Wrong) => match authorize::record_failure(&state, &known.email).await {
            Ok(()) => again(StatusCode::UNAUTHORIZED, CodeNotice::Wrong),
            Err(error) => unavailable(&error, again),
        },
        Ok(CodeCheck::TooMany) => {
            let minutes = authorize::minutes_to_wait(&state);
            let page = again(StatusCode::TOO_MANY_REQUESTS, CodeNotice::TooMany { minutes });
            authorize::with_retry_after(&state, page)
        }
        Ok(CodeCheck::StartOver) => {
            authorize::page(&state, &asked, StatusCode::UNAUTHORIZED, &known.email, Some(Notice::StartOver))
        }
        Err(error) => unavailable(&error, again),
    }
}

fn unavailable(
    error: &(dyn std::error::Error + 'static),
    again: impl Fn(StatusCode, CodeNotice) -> Response,
) -> Response {
    tracing::error!(error, "a second factor could not be checked");
    again(StatusCode::SERVICE_UNAVAILABLE, CodeNotice::Unavailable)
}

fn failed(state: &ServerState, asked: &Asked, email: &str, error: &(dyn std::error::Error + 'static)) -> Response {
    tracing::error!(error, "a second factor could not be asked for");
    authorize::page(state, asked, StatusCode::SERVICE_UNAVAILABLE, email, Some(Notice::Unavailable))
}

fn page(
    state: &ServerState,
    asked: &Asked,
    known: &Continuation,
    sealed: &str,
    status: StatusCode,
    notice: Option<CodeNotice>,
) -> Response {
    let set_up = match known.new_secret.as_ref().and_then(|text| secret_of(text)) {
        Some(secret) => match SetUp::new(&secret, &known.email) {
            Ok(set_up) => Some(set_up),
            Err(error) => return failed(state, asked, &known.email, &error),
        },
        None => None,
    };
    let page = CodePage { email: &known.email, continuation: sealed, set_up: set_up.as_ref(), notice };
    sign_in_page::code_form(asked, status, &page)
}

fn opened(state: &ServerState, asked: &Asked, sealed: &str) -> Option<Continuation> {
    let plain = state.key.open(PURPOSE, &authorize::bound_to(asked), sealed)?;
    serde_json::from_slice(&plain).ok()
}

fn secret_of(text: &str) -> Option<NewSecret> {
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
    Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
}

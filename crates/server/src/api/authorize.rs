//! `GET` and `POST /v1/oauth/authorize`: sign-in in the system browser (RFC 6749 with RFC 7636 and RFC 8252). What follows a
//! right password is in `second_factor`; the way over the company's provider in `provider`.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use amberglass_wire::{
    audit::{EventDetail, EventSubject},
    auth::CLIENT_ID,
};
use axum::{
    Form,
    extract::{ConnectInfo, Query, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretString;
use serde::Deserialize;
use url::{Host, Url};
use utoipa::{IntoParams, ToSchema};

use super::{
    provider, second_factor,
    sign_in_page::{self, Notice, PasswordPage, Refusal},
};
use crate::{
    ServerState,
    accounts::{
        Proof, SignIn,
        tokens::{self, Method},
    },
    store::StaffRow,
};

/// A form that was left open longer has to be fetched again.
const FORM_LIFE_MILLIS: i64 = 30 * 60 * 1000;
const MAX_STATE_BYTES: usize = 512;

/// What the console asks for. Everything optional, because what is missing is explained to a person.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
pub struct AuthorizeQuery {
    /// `code`, or left out.
    response_type: Option<String>,
    /// `amberglass-console`.
    client_id: Option<String>,
    /// `http://127.0.0.1:<port>/callback`, or the same on `[::1]`.
    redirect_uri: Option<String>,
    /// Comes back as it was; at most 512 bytes.
    state: Option<String>,
    /// SHA-256 of the verifier, base64url without padding.
    code_challenge: Option<String>,
    /// `S256`.
    code_challenge_method: Option<String>,
    /// `login` for a fresh sign-in, also where the company's provider would know the person without asking (OpenID
    /// Connect Core, 3.1.2.1). Our own form always asks.
    prompt: Option<String>,
}

/// A request that was checked.
pub struct Asked {
    pub redirect_uri: String,
    pub redirect: Url,
    pub state: String,
    pub code_challenge: String,
    pub fresh: bool,
}

#[derive(Deserialize, ToSchema)]
pub struct SignInForm {
    #[serde(flatten)]
    asked: AuthorizeQuery,
    form_issued_at: String,
    form_token: String,
    email: String,
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// Begins a sign-in in the system browser.
///
/// The authorization endpoint of OAuth 2 (RFC 6749) with PKCE (RFC 7636) for consoles on this machine (RFC 8252). What
/// is wrong with a request is said to the person on a page; nothing is sent to an address that is not to be trusted.
#[utoipa::path(
    get,
    path = "/v1/oauth/authorize",
    operation_id = "show_sign_in",
    tag = "sign-in",
    params(AuthorizeQuery),
    responses(
        (
            status = 200,
            description = "The form for e-mail address and password",
            content_type = "text/html",
            body = String,
        ),
        (
            status = 303,
            description = "On to the company's provider, where one is configured",
            headers(("Location" = String, description = "An address of the provider")),
        ),
        (status = 400, description = "Not what a console asks", content_type = "text/html", body = String),
        (
            status = 429,
            description = "Too many sign-ins were begun from this network",
            content_type = "text/html",
            body = String,
            headers(("Retry-After" = u32, description = "Seconds")),
        ),
        (
            status = 503,
            description = "The provider or the database does not answer",
            content_type = "text/html",
            body = String,
        ),
    ),
)]
pub async fn form(
    State(state): State<Arc<ServerState>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    query: Result<Query<AuthorizeQuery>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let Ok(Query(query)) = query else { return sign_in_page::broken_link() };
    let Some(asked) = check(query) else { return sign_in_page::broken_link() };
    match &state.provider {
        Some(at) => provider::go(&state, at, asked, &network_of(peer.ip())).await,
        None => page(&state, &asked, StatusCode::OK, "", None),
    }
}

/// Takes e-mail address and password.
///
/// The browser sends the form that `show_sign_in` gave, with all its hidden fields; it counts for half an hour.
#[utoipa::path(
    post,
    path = "/v1/oauth/authorize",
    operation_id = "sign_in",
    tag = "sign-in",
    request_body(content = SignInForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (
            status = 200,
            description = "The password is right; the form for the second factor",
            content_type = "text/html",
            body = String,
        ),
        (
            status = 303,
            description = "Back to the console, where no second factor is asked for",
            headers(("Location" = String, description = "The redirect address with `code` and `state`")),
        ),
        (
            status = 400,
            description = "Not this server's form, too old, of another site, or passwords are off",
            content_type = "text/html",
            body = String,
        ),
        (
            status = 401,
            description = "Address or password is wrong; the form again",
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
        (status = 503, description = "The sign-in could not be carried out", content_type = "text/html", body = String),
    ),
)]
pub async fn sign_in(
    State(state): State<Arc<ServerState>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    form: Result<Form<SignInForm>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = form else { return sign_in_page::broken_link() };
    let Some(asked) = check(form.asked) else { return sign_in_page::broken_link() };
    if !from_here(&headers) {
        return sign_in_page::broken_link();
    }
    if state.provider.is_some() {
        return sign_in_page::refused(Refusal::PasswordsAreOff);
    }
    let email = form.email.trim().to_owned();
    if !form_is_ours(&state, &asked, &form.form_issued_at, &form.form_token) {
        return page(&state, &asked, StatusCode::BAD_REQUEST, &email, Some(Notice::FormTooOld));
    }
    let address = network_of(peer.ip());
    match state.accounts.sign_in(&email, form.password, &address).await {
        Ok(SignIn::Accepted(staff)) => finish(&state, asked, &staff, Method::Password).await,
        Ok(SignIn::CodeWanted(staff)) => second_factor::ask(&state, &asked, &staff),
        Ok(SignIn::Wrong) => match record_failure(&state, &email).await {
            Ok(()) => page(&state, &asked, StatusCode::UNAUTHORIZED, &email, Some(Notice::Wrong)),
            Err(error) => failed(&state, &asked, &email, &error),
        },
        Ok(SignIn::TooMany) => {
            let minutes = minutes_to_wait(&state);
            let notice = Some(Notice::TooMany { minutes });
            with_retry_after(&state, page(&state, &asked, StatusCode::TOO_MANY_REQUESTS, &email, notice))
        }
        Err(error) => failed(&state, &asked, &email, &error),
    }
}

/// The same for a wrong password and a wrong code: the record does not tell more than the page.
pub async fn record_failure(state: &ServerState, email: &str) -> Result<(), crate::audit::AuditError> {
    let email_hash = state.accounts.email_hash(email);
    state.audit.append(EventSubject::default(), EventDetail::SignInFailed { email_hash }).await.map(drop)
}

/// Who has shown all that was asked for gets a code.
pub async fn finish(state: &ServerState, asked: Asked, staff: &StaffRow, method: Method) -> Response {
    let proof = Proof { at: state.clock.now(), method };
    match tokens::issue_code(state, &staff.id, &asked.redirect_uri, &asked.code_challenge, proof).await {
        Ok(code) => back_to_console(asked.redirect, &asked.state, &code),
        Err(error) => failed(state, &asked, &staff.email, &error),
    }
}

/// Another site may not sign anybody in; browsers say where a form comes from (W3C Fetch Metadata).
pub fn from_here(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    site.is_none_or(|site| site == "same-origin" || site == "none")
}

pub fn minutes_to_wait(state: &ServerState) -> u32 {
    state.config.limits.sign_in_window_seconds.div_ceil(60)
}

pub fn with_retry_after(state: &ServerState, mut response: Response) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, state.config.limits.sign_in_window_seconds.into());
    response
}

/// Whom attempts are counted for. With IPv6 one subscriber has a whole /64 (RFC 6177), so each address of it counts as
/// one.
pub fn network_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).to_string(),
    }
}

/// The code goes to the console's loopback address and nowhere else.
pub fn back_to_console(mut target: Url, state: &str, code: &str) -> Response {
    target.query_pairs_mut().append_pair("code", code).append_pair("state", state);
    let headers = [
        (header::LOCATION, target.as_str()),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

fn failed(state: &ServerState, asked: &Asked, email: &str, error: &(dyn std::error::Error + 'static)) -> Response {
    tracing::error!(error, "a sign-in could not be carried out");
    page(state, asked, StatusCode::SERVICE_UNAVAILABLE, email, Some(Notice::Unavailable))
}

pub fn page(state: &ServerState, asked: &Asked, status: StatusCode, email: &str, notice: Option<Notice>) -> Response {
    let issued_at = state.clock.now().0.to_string();
    let token = URL_SAFE_NO_PAD.encode(state.key.mac("sign-in-form", &form_fields(asked, &issued_at)));
    let page = PasswordPage { email, notice, issued_at: &issued_at, token: &token, demo: state.config.demo };
    sign_in_page::password_form(asked, status, &page)
}

fn form_is_ours(state: &ServerState, asked: &Asked, issued_at: &str, token: &str) -> bool {
    let fresh = issued_at
        .parse::<i64>()
        .is_ok_and(|at| (0..=FORM_LIFE_MILLIS).contains(&state.clock.now().0.saturating_sub(at)));
    fresh && state.key.verify("sign-in-form", &form_fields(asked, issued_at), token)
}

fn form_fields<'a>(asked: &'a Asked, issued_at: &'a str) -> [&'a str; 4] {
    [&asked.redirect_uri, &asked.state, &asked.code_challenge, issued_at]
}

/// What the continuation of a sign-in is bound to.
pub fn bound_to(asked: &Asked) -> [&str; 3] {
    [&asked.redirect_uri, &asked.state, &asked.code_challenge]
}

/// `None` for anything that is not exactly what a console asks. There is no redirect then: the address it would go to is
/// not to be trusted either.
pub fn check(query: AuthorizeQuery) -> Option<Asked> {
    if query.client_id? != CLIENT_ID
        || query.response_type.is_some_and(|kind| kind != "code")
        || query.code_challenge_method? != "S256"
        || query.prompt.as_deref().is_some_and(|prompt| prompt != "login")
    {
        return None;
    }
    let redirect_uri = query.redirect_uri?;
    let redirect = console_address(&redirect_uri)?;
    let state = query.state.filter(|state| !state.is_empty() && state.len() <= MAX_STATE_BYTES)?;
    let code_challenge = query.code_challenge?;
    let fresh = query.prompt.is_some();
    let hash = URL_SAFE_NO_PAD.decode(&code_challenge).ok()?;
    (hash.len() == 32).then_some(Asked { redirect_uri, redirect, state, code_challenge, fresh })
}

/// `http://127.0.0.1:<port>/callback` or the same on `[::1]` (RFC 8252, 7.3): literal addresses, because names can be
/// made to point elsewhere.
pub fn console_address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let loopback = match url.host()? {
        Host::Ipv4(address) => address == std::net::Ipv4Addr::LOCALHOST,
        Host::Ipv6(address) => address == std::net::Ipv6Addr::LOCALHOST,
        Host::Domain(_) => false,
    };
    let plain =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    (url.scheme() == "http" && loopback && plain && url.port().is_some() && url.path() == "/callback").then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_subscriber_is_counted_as_one() {
        let network = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    }

    #[test]
    fn only_a_console_on_this_machine_is_sent_a_code() {
        let table = [
            ("http://127.0.0.1:49152/callback", true),
            ("http://[::1]:49152/callback", true),
            ("http://127.0.0.1/callback", false),
            ("http://localhost:49152/callback", false),
            ("https://127.0.0.1:49152/callback", false),
            ("http://127.0.0.2:49152/callback", false),
            ("http://127.0.0.1:49152/other", false),
            ("http://127.0.0.1:49152/callback?x=1", false),
            ("http://127.0.0.1:49152/callback#x", false),
            ("http://me@127.0.0.1:49152/callback", false),
            ("http://evil.example:49152/callback", false),
            ("http://127.0.0.1.evil.example:49152/callback", false),
            ("javascript:alert(1)", false),
        ];
        for (text, accepted) in table {
            assert_eq!(console_address(text).is_some(), accepted, "{text}");
        }
    }
}

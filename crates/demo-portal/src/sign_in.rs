//! The customer's own door: number and password, and a cookie. Support never comes through here, and what support does
//! leaves these sessions alone.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Form,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

use crate::{
    forms,
    identity::{IDENTITY_HEADER, Looker, Viewer},
    pages,
    portal::{Shared, UnixMillis},
    problem::Problem,
};

const COOKIE: &str = "barkside";
const LASTS_MS: i64 = 12 * 3_600_000;
/// Beyond this the oldest is signed out.
const MOST: usize = 1_000;

struct Own {
    customer: String,
    since: UnixMillis,
}

/// Sessions of customers who signed in themselves, by the value of their cookie.
#[derive(Default)]
pub(crate) struct OwnSessions(Mutex<HashMap<String, Own>>);

impl OwnSessions {
    /// The customer whose browser asks.
    pub fn customer(&self, headers: &HeaderMap, now: UnixMillis) -> Option<String> {
        let value = cookie(headers)?;
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.get(value).filter(|own| own.lasts(now)).map(|own| own.customer.clone())
    }

    /// How many browsers this customer is signed in on.
    pub fn count(&self, customer: &str, now: UnixMillis) -> usize {
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.values().filter(|own| own.customer == customer && own.lasts(now)).count()
    }

    fn begin(&self, customer: &str, now: UnixMillis) -> String {
        let value = random();
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, own| own.lasts(now));
        if sessions.len() >= MOST
            && let Some(oldest) = sessions.iter().min_by_key(|(_, own)| own.since).map(|(value, _)| value.clone())
        {
            sessions.remove(&oldest);
        }
        sessions.insert(value.clone(), Own { customer: customer.to_owned(), since: now });
        value
    }

    fn end(&self, headers: &HeaderMap) {
        if let Some(value) = cookie(headers) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(value);
        }
    }
}

impl Own {
    fn lasts(&self, now: UnixMillis) -> bool {
        (0..LASTS_MS).contains(&now.saturating_sub(self.since))
    }
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value)
}

/// # Panics
/// When the operating system has no random source: whoever guesses a cookie is signed in.
#[allow(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "this program shares no ports with those it is a sample for"
)]
fn random() -> String {
    let mut bytes = [0_u8; 32];
    if let Err(error) = getrandom::fill(&mut bytes) {
        panic!("the operating system gives no random bytes: {error}");
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

fn set(value: &str, seconds: i64) -> Option<HeaderValue> {
    let cookie = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}");
    HeaderValue::try_from(cookie).ok()
}

/// With an identity in the request it is support that asks, whatever the identity is worth.
fn from_support(headers: &HeaderMap) -> Option<Response> {
    let problem = || {
        Problem::new(
            StatusCode::FORBIDDEN,
            "Support does not sign in here",
            "Customers sign in for themselves. Support sees their pages through its gateway.",
        )
    };
    headers.contains_key(IDENTITY_HEADER).then(|| pages::refusal(problem().status, problem().title, &problem().detail))
}

pub(crate) async fn show(headers: HeaderMap) -> Response {
    from_support(&headers).unwrap_or_else(|| pages::sign_in::page(None, ""))
}

#[derive(Deserialize)]
pub(crate) struct Credentials {
    customer: String,
    password: String,
}

pub(crate) async fn sign_in(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Form(sent): Form<Credentials>,
) -> Response {
    if let Some(refused) = from_support(&headers) {
        return refused;
    }
    let id = sent.customer.trim();
    let is_active = shared.read(|store| store.customer(id).is_some_and(|customer| customer.active));
    let is_right = is_active && forms::is_password(&shared, id, sent.password).await;
    if !is_right {
        let wrong = "Number and password do not belong together. Check both and try again.";
        return (StatusCode::UNPROCESSABLE_ENTITY, pages::sign_in::page(Some(wrong), id)).into_response();
    }
    let now = shared.now();
    let value = shared.own_sessions.begin(id, now);
    shared.seen.effects.signed_in(id, now);
    let mut answer = Redirect::to("/").into_response();
    if let Some(cookie) = set(&value, LASTS_MS / 1000) {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    answer
}

/// Only the customer's own session can be ended here.
pub(crate) async fn sign_out(State(shared): State<Arc<Shared>>, viewer: Viewer, headers: HeaderMap) -> Response {
    match viewer.looker {
        Looker::Support(_) => from_support(&headers).unwrap_or_else(|| StatusCode::FORBIDDEN.into_response()),
        Looker::Customer => {
            shared.own_sessions.end(&headers);
            let mut answer = Redirect::to("/sign-in").into_response();
            if let Some(cookie) = set("", 0) {
                answer.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            answer
        }
    }
}

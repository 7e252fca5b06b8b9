//! Pages on which a sign-in stops.

use axum::{http::StatusCode, response::Response};
use maud::html;

use super::respond;

/// Why a sign-in through the company's provider stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not in use here: the company's provider is.
    PasswordsAreOff,
    ProviderUnavailable,
    /// The provider said no, or the person did.
    ProviderRefused,
    /// The way back was opened twice, too late, or was never begun here.
    UnknownState,
    /// What the provider says cannot be believed.
    NotBelieved,
    EmailNotVerified,
    /// The provider names nobody who has an account.
    NoAccount,
    DomainNotAllowed,
    AccountDisabled,
    /// The account belongs to another subject of the provider.
    LinkedToAnother,
    /// A fresh sign-in was asked for, and the provider did not ask for it.
    NotFresh,
    TooMany,
    Unavailable,
}

/// For a request that no console makes.
pub fn broken_link() -> Response {
    let content = html! {
        h1 { "This sign-in cannot go on" }
        p.lead {
            "The link is incomplete or was changed on its way. Nobody was signed in. Go back to the Amberglass console \
             and choose Sign in again."
        }
    };
    respond(StatusCode::BAD_REQUEST, "'none'", "Sign-in", &content)
}

pub fn refused(refusal: Refusal) -> Response {
    let (status, what, then) = words(refusal);
    let content = html! {
        h1 { "Nobody was signed in" }
        p.lead role="alert" { (what) }
        p.then { (then) }
    };
    respond(status, "'none'", "Sign-in", &content)
}

const AGAIN: &str = "Go back to the Amberglass console and choose Sign in again.";
const ASK: &str = "Ask your administrator for help.";

/// Status, what happened, what to do.
const fn words(refusal: Refusal) -> (StatusCode, &'static str, &'static str) {
    match refusal {
        Refusal::PasswordsAreOff => {
            (StatusCode::BAD_REQUEST, "This server signs in through your company's provider; passwords are off.", AGAIN)
        }
        Refusal::ProviderUnavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Your company's sign-in provider does not answer as it should.",
            "Wait a moment, go back to the Amberglass console and choose Sign in again. If it goes on, tell your \
             administrator.",
        ),
        Refusal::ProviderRefused => {
            (StatusCode::FORBIDDEN, "Your company's sign-in provider ended the sign-in.", AGAIN)
        }
        Refusal::UnknownState => (
            StatusCode::BAD_REQUEST,
            "This way back from the provider was used before, took more than ten minutes, or did not begin here.",
            AGAIN,
        ),
        Refusal::NotBelieved => (
            StatusCode::FORBIDDEN,
            "What your company's sign-in provider answered does not hold: it is not meant for this server or this \
             sign-in, or its signature is wrong.",
            "Go back to the Amberglass console and choose Sign in again. If it goes on, tell your administrator.",
        ),
        Refusal::EmailNotVerified => (
            StatusCode::FORBIDDEN,
            "Your company's sign-in provider gave no e-mail address that it has verified, and this sign-in needs one.",
            ASK,
        ),
        Refusal::NoAccount => (
            StatusCode::FORBIDDEN,
            "You have no account on this server. Your company's provider knows you, but nobody added you here.",
            "Ask your administrator for an account.",
        ),
        Refusal::DomainNotAllowed => {
            (StatusCode::FORBIDDEN, "E-mail addresses of your domain may not sign in to this server.", ASK)
        }
        Refusal::AccountDisabled => (StatusCode::FORBIDDEN, "Your account on this server is disabled.", ASK),
        Refusal::LinkedToAnother => (
            StatusCode::FORBIDDEN,
            "The account with your e-mail address belongs to somebody else at your company's provider.",
            "Ask your administrator to look at the account.",
        ),
        Refusal::NotFresh => (
            StatusCode::FORBIDDEN,
            "This step needs a sign-in of this moment, and your company's provider did not ask you to sign in again.",
            "Go back to the Amberglass console and try again. If it goes on, tell your administrator.",
        ),
        Refusal::TooMany => (
            StatusCode::TOO_MANY_REQUESTS,
            "Too many sign-ins were begun from your network.",
            "Wait a few minutes, go back to the Amberglass console and choose Sign in again.",
        ),
        Refusal::Unavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The server could not sign you in right now. Nothing was changed.",
            "Wait a moment, go back to the Amberglass console and choose Sign in again.",
        ),
    }
}

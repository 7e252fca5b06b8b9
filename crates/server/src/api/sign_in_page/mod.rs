//! What a person sees who signs in. No script, nothing from elsewhere, nothing that moves.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};
use url::Host;

use amberglass_wire::auth::CLIENT_ID;

use super::authorize::Asked;

mod code;
mod password;
mod refusal;

pub use code::{CodeNotice, CodePage, code_form};
pub use password::{Notice, PasswordPage, password_form};
pub use refusal::{Refusal, broken_link, refused};

const STYLE: &str = include_str!("../sign_in.css");

/// What each form carries on of the console's request.
fn hidden_fields(asked: &Asked) -> Markup {
    let fields = [
        ("client_id", CLIENT_ID),
        ("redirect_uri", asked.redirect_uri.as_str()),
        ("state", asked.state.as_str()),
        ("code_challenge", asked.code_challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    html! {
        @for (name, value) in fields {
            input type="hidden" name=(name) value=(value);
        }
    }
}

/// Read out as soon as the page is there.
fn notice_box(words: &str) -> Markup {
    html! {
        div.notice #notice role="alert" { (warning_icon()) p { (words) } }
    }
}

fn too_many(minutes: u32) -> String {
    format!("Too many attempts failed. Wait {minutes} minutes and try again, or ask your administrator for help.")
}

fn respond(status: StatusCode, form_action: &str, title: &str, content: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) " - Amberglass" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    p.brand { (brand_icon()) "Amberglass" }
                    div.card { (content) }
                    p.foot { "What you do in a customer's portal is on the record, with your name." }
                }
            }
        }
    };
    let style_hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style_hash}'; form-action {form_action}; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    let mut response = (status, Html(page.into_string())).into_response();
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Where the form may lead: here, and by redirect to the console. Browsers hold redirects to `form-action`, too, and the
/// grammar has no IPv6 addresses (CSP 3, 2.3.1), so for those plain http has to do.
fn form_action(asked: &Asked) -> String {
    match asked.redirect.host() {
        Some(Host::Ipv4(address)) => {
            format!("'self' http://{address}:{}", asked.redirect.port().unwrap_or_default())
        }
        Some(Host::Ipv6(_)) | Some(Host::Domain(_)) | None => "'self' http:".to_owned(),
    }
}

/// A pane of glass.
fn brand_icon() -> Markup {
    html! {
        svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true" {
            rect x="4" y="3" width="16" height="18" rx="3" {}
            path d="M9 15l6-6M9 10l2-2" stroke-linecap="round" {}
        }
    }
}

fn warning_icon() -> Markup {
    html! {
        svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true" {
            circle cx="12" cy="12" r="9" {}
            path d="M12 7.5v5.5M12 16.4v.1" stroke-linecap="round" {}
        }
    }
}

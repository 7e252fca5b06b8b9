//! The second page: the code of an authenticator app, with the app's set-up before it where there is none yet.

use axum::{http::StatusCode, response::Response};
use maud::{Markup, html};

use super::{Asked, form_action, hidden_fields, notice_box, respond, too_many};
use crate::accounts::second_factor::{Qr, SetUp};

/// Modules around a QR code that stay light (ISO/IEC 18004, 5.3.8).
const QUIET_ZONE: usize = 4;

/// What came of the code before.
#[derive(Clone, Copy)]
pub enum CodeNotice {
    Wrong,
    TooMany { minutes: u32 },
    Unavailable,
}

pub struct CodePage<'a> {
    pub email: &'a str,
    /// What is known since the password was right, sealed.
    pub continuation: &'a str,
    /// For an account without a second factor.
    pub set_up: Option<&'a SetUp>,
    pub notice: Option<CodeNotice>,
}

pub fn code_form(asked: &Asked, status: StatusCode, page: &CodePage<'_>) -> Response {
    let CodePage { email, continuation, set_up, notice } = *page;
    let title = if set_up.is_some() { "Set up your second factor" } else { "Enter your code" };
    let content = html! {
        h1 { (title) }
        p.lead { "Signing in as " strong { (email) } "." }
        @if let Some(notice) = notice { (notice_box(&words(notice, set_up.is_some()))) }
        @if let Some(set_up) = set_up { (set_up_steps(set_up)) }
        form method="post" action="/v1/oauth/authorize/code" autocomplete="off" {
            (hidden_fields(asked))
            input type="hidden" name="continuation" value=(continuation);
            label for="code" {
                @if set_up.is_some() { "3. Enter the six digits that the app shows" } @else { "Six digits from your authenticator app" }
            }
            // While the app is still to be set up the page is read from its top; else there is one thing to do.
            input.code #code name="code" type="text" inputmode="numeric" autocomplete="one-time-code" required
                maxlength="16" autofocus[set_up.is_none() || notice.is_some()]
                aria-describedby=(if notice.is_some() { "notice hint" } else { "hint" });
            p.hint #hint { "A code changes every 30 seconds and is good once." }
            button type="submit" { "Continue" }
        }
        @if set_up.is_none() {
            p.note { "Without your phone? Your administrator can reset your second factor." }
        }
    };
    respond(status, &form_action(asked), title, &content)
}

fn set_up_steps(set_up: &SetUp) -> Markup {
    html! {
        p.step { "1. Open an authenticator app on your phone." }
        p.step { "2. Scan this picture with it, or type the key." }
        (drawn(&set_up.qr))
        p.key { span.hint { "Key " } code #key { (set_up.text) } }
    }
}

/// Always dark on light, with its quiet zone, in both themes: readers ask for it.
fn drawn(qr: &Qr) -> Markup {
    let side = qr.modules.saturating_add(QUIET_ZONE.saturating_mul(2));
    let all = format!("0 0 {side} {side}");
    let inner = format!("translate({QUIET_ZONE} {QUIET_ZONE})");
    html! {
        svg.qr viewBox=(all) role="img" aria-label="QR code with the key below" shape-rendering="crispEdges" {
            rect width=(side) height=(side) fill="#ffffff" {}
            path transform=(inner) d=(qr.path) fill="#000000" {}
        }
    }
}

fn words(notice: CodeNotice, sets_up: bool) -> String {
    match notice {
        CodeNotice::Wrong if sets_up => "The code is wrong. Nobody was signed in. Check that the app shows the entry \
             for this key, that your phone's clock is right, and enter the code it shows now."
            .into(),
        CodeNotice::Wrong => {
            "The code is wrong or was used before. Nobody was signed in. Wait for the next code and enter \
             it; if that fails, too, check your phone's clock."
                .into()
        }
        CodeNotice::TooMany { minutes } => too_many(minutes),
        CodeNotice::Unavailable => {
            "The server could not check the code right now. Nothing was changed. Try again in a moment; if it goes on, \
             tell your administrator."
                .into()
        }
    }
}

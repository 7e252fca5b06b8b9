//! The first page: e-mail address and password.

use axum::{http::StatusCode, response::Response};
use maud::html;

use super::{Asked, form_action, hidden_fields, notice_box, respond, too_many};

/// What came of the attempt before.
#[derive(Clone, Copy)]
pub enum Notice {
    Wrong,
    TooMany {
        minutes: u32,
    },
    FormTooOld,
    /// The account changed between the password and the code.
    StartOver,
    Unavailable,
}

/// What the page shows. The e-mail address is kept, a password never.
pub struct PasswordPage<'a> {
    pub email: &'a str,
    pub notice: Option<Notice>,
    pub issued_at: &'a str,
    pub token: &'a str,
    /// Sample accounts that need no second factor, on this machine only.
    pub demo: bool,
}

pub fn password_form(asked: &Asked, status: StatusCode, page: &PasswordPage<'_>) -> Response {
    let PasswordPage { email, notice, issued_at, token, demo } = *page;
    let content = html! {
        h1 { "Sign in" }
        p.lead { "The Amberglass console on this computer asked for it." }
        @if let Some(notice) = notice { (notice_box(&words(notice))) }
        form method="post" action="/v1/oauth/authorize" {
            (hidden_fields(asked))
            input type="hidden" name="form_issued_at" value=(issued_at);
            input type="hidden" name="form_token" value=(token);
            label for="email" { "E-mail" }
            input #email name="email" type="email" autocomplete="username" required maxlength="254" value=(email)
                autofocus[email.is_empty()];
            label for="password" { "Password" }
            input #password name="password" type="password" autocomplete="current-password" required maxlength="1024"
                autofocus[!email.is_empty()] aria-describedby=[notice.map(|_| "notice")];
            button type="submit" { "Sign in" }
        }
        @if demo {
            p.note {
                "Demo: the sample accounts sign in with a password that everybody knows and without a second factor. \
                 This server therefore answers on this computer only."
            }
        }
    };
    respond(status, &form_action(asked), "Sign in", &content)
}

fn words(notice: Notice) -> String {
    match notice {
        Notice::Wrong => "E-mail or password is wrong. Nobody was signed in. Check both and try again.".into(),
        Notice::TooMany { minutes } => too_many(minutes),
        Notice::FormTooOld => {
            "This page was open for too long. Nobody was signed in. Enter your password again.".into()
        }
        Notice::StartOver => {
            "Your account was changed while you signed in. Nobody was signed in. Enter your password again.".into()
        }
        Notice::Unavailable => {
            "The server could not sign you in right now. Nothing was changed. Try again in a moment.".into()
        }
    }
}

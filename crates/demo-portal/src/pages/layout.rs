//! The frame around every page: brand, places to go, and the notice that support is looking.

use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use maud::{DOCTYPE, Markup, html};

use super::{
    View,
    icons::{Icon, icon},
};
use crate::{
    api::unread,
    identity::{Looker, Mode, Support},
};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Overview,
    Appointments,
    Pets,
    Invoices,
    Messages,
    Account,
}

impl Section {
    /// Those in the row at the top; the account stands at its end, under the customer's name.
    const ROW: [Self; 5] = [Self::Overview, Self::Appointments, Self::Pets, Self::Invoices, Self::Messages];

    fn place(self) -> (&'static str, &'static str, Icon) {
        match self {
            Self::Overview => ("/", "Home", Icon::House),
            Self::Appointments => ("/appointments", "Appointments", Icon::Calendar),
            Self::Pets => ("/pets", "Pets", Icon::Paw),
            Self::Invoices => ("/invoices", "Invoices", Icon::Receipt),
            Self::Messages => ("/messages", "Messages", Icon::Letter),
            Self::Account => ("/account", "Account", Icon::Person),
        }
    }
}

/// A whole page. `done` is the confirmation of what was just changed.
pub(crate) fn frame(view: &View, here: Section, title: &str, done: Option<&str>, content: Markup) -> Response {
    let unread = unread(&view.customer);
    let initials: String = view.customer.name.split(' ').filter_map(|word| word.chars().next()).take(2).collect();
    let body = html! {
        @if let Some(other) = &view.hostile { (test_pages(other)) }
        a class="skip" href="#content" { "Skip to the content" }
        header class="top" {
            @if let Looker::Support(support) = &view.viewer.looker { (support_notice(support)) }
            div class="wide top-row" {
                (brand())
                nav class="places" aria-label="Main" {
                    @for section in Section::ROW {
                        @let (path, word, picture) = section.place();
                        a href=(path) aria-current=[(section == here).then_some("page")] {
                            (icon(picture)) (word)
                            @if section == Section::Messages {
                                span class="count" data-unread hidden[unread == 0] aria-label={ (unread) " unread" } { (unread) }
                            }
                        }
                    }
                }
                a class="me" href="/account" aria-current=[(here == Section::Account).then_some("page")] {
                    span class="initials" aria-hidden="true" { (initials) }
                    span class="me-name" { (view.customer.name) }
                }
            }
        }
        main id="content" class="wide" tabindex="-1" {
            @if let Some(done) = done {
                p class="done" role="status" { (icon(Icon::Check)) (done) }
            }
            (content)
        }
        (foot())
        div class="toasts" id="toasts" role="status" aria-live="polite" {}
    };
    Html(document(title, body).into_string()).into_response()
}

/// A page that shows nobody's data: refusals and dead ends.
pub(crate) fn refusal(status: StatusCode, title: &str, detail: &str) -> Response {
    let body = html! {
        header class="top" { div class="wide top-row" { (brand()) } }
        main class="wide closed" id="content" {
            img src="/assets/pets/dog-2-0-1.svg" alt="" width="132" height="132";
            h1 { (title) }
            p { (detail) }
            @if status == StatusCode::UNAUTHORIZED {
                p class="actions" { a class="button" href="/sign-in" { "Sign in as a customer" } }
            }
        }
        (foot())
    };
    (status, Html(document(title, body).into_string())).into_response()
}

pub(super) fn document(title: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Barkside" }
                link rel="icon" href="/assets/mark.svg" type="image/svg+xml";
                link rel="stylesheet" href="/assets/barkside.css";
                link rel="stylesheet" href="/assets/parts.css";
                script src="/assets/barkside.js" defer {}
            }
            body { (body) }
        }
    }
}

/// First on the page, so that a test reaches them by keyboard.
fn test_pages(other: &str) -> Markup {
    html! {
        nav aria-label="Test pages" {
            a href="/hostile/cover" { "Cover" } " "
            a href="/hostile/dialog" { "Dialog" } " "
            a href={ "/hostile/probe?other=" (other) } { "Probe" } " "
            a href={ "/hostile/probe?stay=1&other=" (other) } { "Probe with clicks" } " "
            a href="/hostile/rest" { "Attacks" }
        }
    }
}

pub(super) fn brand() -> Markup {
    html! {
        a class="brand" href="/" {
            img src="/assets/mark.svg" alt="" width="38" height="38";
            span { "Barkside" small { "grooming salon" } }
        }
    }
}

fn support_notice(support: &Support) -> Markup {
    let words = match support.mode {
        Mode::ReadOnly => "Barkside support is viewing this account, read-only",
        Mode::ReadWrite => "Barkside support is viewing this account and can make changes",
    };
    html! {
        div class="support" role="note" {
            div class="wide support-row" {
                (icon(Icon::Eye))
                span { (words) }
                span class="support-who" { "Support agent " (support.staff) }
            }
        }
    }
}

pub(super) fn foot() -> Markup {
    html! {
        footer class="foot" {
            div class="wide foot-row" {
                p { strong { "Barkside" } " · 12 Orchard Road, 40211 Alderfalls" }
                p { "Monday to Saturday, 9:00 to 18:30 · 555 0100 200" }
            }
        }
    }
}

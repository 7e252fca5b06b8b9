//! Letters between the salon and the customer.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::Response,
};
use maud::{Markup, html};

use super::{Section, View, frame};
use crate::{
    data::{Message, Sender},
    format,
    identity::Viewer,
    portal::Shared,
};

pub(crate) async fn list(State(shared): State<Arc<Shared>>, viewer: Viewer) -> Response {
    match View::new(&shared, viewer) {
        Ok(view) => page(&view, None),
        Err(refusal) => refusal,
    }
}

pub(crate) async fn show(State(shared): State<Arc<Shared>>, viewer: Viewer, Path(id): Path<u64>) -> Response {
    let view = match View::new(&shared, viewer) {
        Ok(view) => view,
        Err(refusal) => return refusal,
    };
    match view.customer.messages.iter().find(|message| message.id == id) {
        Some(message) => page(&view, Some(message)),
        None => super::not_found().await,
    }
}

/// One message in a list. An unread one is opened by the address that also marks it as read.
pub(super) fn line(view: &View, message: &Message) -> Markup {
    let unread = message.from == Sender::Salon && !message.read;
    let address = if unread { format!("/messages/{}/open", message.id) } else { format!("/messages/{}", message.id) };
    html! {
        a class={ "letter" @if unread { " unread" } } href=(address) {
            span class="letter-from" { (from(message)) @if unread { span class="new" { "New" } } }
            strong { (message.subject) }
            span class="letter-start" { (message.body.replace('\n', " ")) }
            span class="quiet" { (format::from_now(message.sent, view.now)) }
        }
    }
}

fn from(message: &Message) -> &'static str {
    match message.from {
        Sender::Salon => "Barkside",
        Sender::Customer => "You",
    }
}

fn page(view: &View, open: Option<&Message>) -> Response {
    let mut messages: Vec<_> = view.customer.messages.iter().collect();
    messages.sort_by_key(|message| std::cmp::Reverse(message.sent));
    let content = html! {
        div class="title-row" {
            h1 { "Messages" }
            p class="quiet" {
                @if view.happened.is_online(view.now) { "The salon sees you online" } @else { "The salon sees you offline" }
            }
        }
        div class={ "columns even" @if open.is_some() { " reading" } } {
            section class="card letters column" aria-label="All messages" {
                @for message in messages {
                    div class={ @if open.is_some_and(|open| open.id == message.id) { "chosen" } } { (line(view, message)) }
                }
            }
            div class="column" {
                @if let Some(open) = open { (opened(open)) }
                (write_form(open))
            }
        }
    };
    frame(view, Section::Messages, "Messages", None, content)
}

fn opened(message: &Message) -> Markup {
    html! {
        article class="card open-letter" {
            h2 { (message.subject) }
            p class="quiet" {
                @match message.from { Sender::Salon => "From Barkside", Sender::Customer => "From you" }
                ", " (format::long_day(message.sent)) " at " (format::time(message.sent))
            }
            @for paragraph in message.body.split("\n\n") { p class="letter-text" { (paragraph) } }
        }
    }
}

fn write_form(open: Option<&Message>) -> Markup {
    let subject = open.map(|open| match open.subject.strip_prefix("Re: ") {
        Some(subject) => format!("Re: {subject}"),
        None => format!("Re: {}", open.subject),
    });
    html! {
        section class="card" {
            div class="card-head" { h2 { @if open.is_some() { "Write back" } @else { "Write to us" } } }
            form class="fields" data-message="/api/messages" data-done="Sent. We usually answer within a day." {
                label { "Subject" input name="subject" maxlength="120" value=[subject]; }
                label { "Message" textarea name="body" rows="5" maxlength="4000" required {} }
                button class="button" type="submit" { "Send" }
            }
        }
    }
}

//! The first page: what is next, who it is for, and what is waiting.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use maud::{Markup, html};

use super::{
    Section, View, appointments, frame,
    icons::{Icon, icon},
    messages,
};
use crate::{data::Sender, format, identity::Viewer, portal::Shared};

pub(crate) async fn show(State(shared): State<Arc<Shared>>, viewer: Viewer) -> Response {
    match View::new(&shared, viewer) {
        Ok(view) => page(&view),
        Err(refusal) => refusal,
    }
}

fn page(view: &View) -> Response {
    let content = html! {
        section class="hero" {
            div class="hero-words" {
                p class="quiet" { (format::long_day(view.now)) }
                h1 { (greeting(view)) ", " (view.first_name()) }
                (next_visit(view))
            }
            img class="hero-picture" src="/assets/hero.svg" alt="A dog in a bathtub, up to the neck in foam" width="420" height="280";
        }
        div class="columns" {
            div class="column" {
                section class="card" {
                    div class="card-head" { h2 { "Your pets" } a href="/pets" { "See all" } }
                    ul class="pet-row" {
                        @for pet in &view.customer.pets {
                            li {
                                img src=(pet.look.path()) alt={ "Drawing of " (pet.name) ", a " (pet.species.word()) } width="84" height="84";
                                span { strong { (pet.name) } span class="quiet" { (pet.breed) } }
                            }
                        }
                    }
                }
                (latest_message(view))
            }
            div class="column" {
                (open_invoices(view))
                section class="card" {
                    div class="card-head" { h2 { "At the salon" } }
                    p class="clock" {
                        (icon(Icon::Clock))
                        span { "It is " strong data-ticker="/api/ticker" { (format::time(view.now)) } " here" }
                    }
                    p class="quiet" { "Monday to Saturday, 9:00 to 18:30. Quiet hour on Tuesdays before ten." }
                }
            }
        }
    };
    frame(view, Section::Overview, "Home", None, content)
}

fn greeting(view: &View) -> &'static str {
    match view.now.rem_euclid(crate::data::DAY_MS) / 3_600_000 {
        5..=11 => "Good morning",
        12..=17 => "Good afternoon",
        18..=23 => "Good evening",
        _ => "Hello",
    }
}

fn next_visit(view: &View) -> Markup {
    html! {
        @if let Some(visit) = appointments::upcoming(view).first() {
            p class="next" {
                strong { (visit.pet_name) } " is expected "
                strong { (format::from_now(visit.at, view.now)) } ": "
                (visit.service) " with " (visit.groomer) ", "
                (format::long_day(visit.at)) " at " (format::time(visit.at)) "."
            }
            p class="actions" {
                a class="button" href="/appointments" { "Your appointments" }
                a class="button plain" href="/appointments#book" { "Book another" }
            }
        } @else {
            p class="next" { "Nothing is booked at the moment. Most coats are happiest every six to eight weeks." }
            p class="actions" { a class="button" href="/appointments#book" { "Book an appointment" } }
        }
    }
}

fn open_invoices(view: &View) -> Markup {
    let open: Vec<_> = view.customer.invoices.iter().filter(|invoice| invoice.paid.is_none()).collect();
    html! {
        section class="card" {
            div class="card-head" { h2 { "Open invoices" } a href="/invoices" { "All invoices" } }
            @if open.is_empty() {
                p class="empty" { (icon(Icon::Check)) "All paid. Thank you." }
            }
            @for invoice in open {
                div class="open-invoice" {
                    div {
                        strong class="sum" { (format::money(invoice.total_cents)) }
                        span class="quiet" { "Invoice " (invoice.id) ", due " (format::day(invoice.due)) }
                    }
                    button class="button" type="button" data-post={ "/api/invoices/" (invoice.id) "/pay" }
                        data-done="Thank you. The invoice is paid." { "Pay now" }
                }
            }
        }
    }
}

fn latest_message(view: &View) -> Markup {
    let latest = view
        .customer
        .messages
        .iter()
        .filter(|message| message.from == Sender::Salon)
        .max_by_key(|message| message.sent);
    html! {
        section class="card" {
            div class="card-head" { h2 { "Latest message" } a href="/messages" { "All messages" } }
            @if let Some(message) = latest {
                (messages::line(view, message))
            } @else {
                p class="empty" { "No messages yet." }
            }
        }
    }
}

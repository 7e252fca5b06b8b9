//! What is booked, what was, and the form to book.

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    response::Response,
};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    Section, View, frame,
    icons::{Icon, icon},
};
use crate::{
    data::{Appointment, AppointmentState, DAY_MS, SERVICES, TIMES},
    format,
    identity::Viewer,
    portal::Shared,
    store::{BOOKABLE_DAYS, Booking},
};

#[derive(Deserialize)]
pub(crate) struct Done {
    done: Option<String>,
}

pub(crate) async fn show(State(shared): State<Arc<Shared>>, viewer: Viewer, Query(done): Query<Done>) -> Response {
    let booked = (done.done.as_deref() == Some("booked")).then_some("Booked. We look forward to seeing you.");
    match View::new(&shared, viewer) {
        Ok(view) => page(&view, booked, None),
        Err(refusal) => refusal,
    }
}

/// Those still ahead, the next one first.
pub(super) fn upcoming(view: &View) -> Vec<&Appointment> {
    let ahead = |visit: &&Appointment| visit.state == AppointmentState::Booked && visit.at > view.now;
    let mut visits: Vec<_> = view.customer.appointments.iter().filter(ahead).collect();
    visits.sort_by_key(|visit| visit.at);
    visits
}

/// `wrong` holds what could not be booked, and why.
pub(crate) fn page(view: &View, done: Option<&str>, wrong: Option<(&str, &Booking)>) -> Response {
    let upcoming = upcoming(view);
    let mut earlier: Vec<_> =
        view.customer.appointments.iter().filter(|visit| !upcoming.iter().any(|next| next.id == visit.id)).collect();
    earlier.sort_by_key(|visit| std::cmp::Reverse(visit.at));
    let content = html! {
        h1 { "Appointments" }
        div class="columns" {
            div class="column" {
                section class="card" {
                    div class="card-head" { h2 { "Coming up" } }
                    @if upcoming.is_empty() {
                        p class="empty" { "Nothing is booked. Choose a day on this page and we keep the table free." }
                    } @else {
                        ul class="visits" { @for visit in upcoming { (line(visit, view)) } }
                    }
                }
                section class="card" {
                    div class="card-head" {
                        h2 { "Earlier and cancelled" }
                        form class="search" role="search" data-search="/api/appointments/search" {
                            label class="unseen" for="find" { "Search your appointments" }
                            input id="find" name="query" type="search" placeholder="Search" autocomplete="off";
                        }
                    }
                    p class="empty" data-search-empty hidden { "No appointment matches that." }
                    ul class="visits" { @for visit in earlier { (line(visit, view)) } }
                }
            }
            div class="column" { (book_form(view, wrong)) }
        }
    };
    frame(view, Section::Appointments, "Appointments", done, content)
}

fn line(visit: &Appointment, view: &View) -> Markup {
    let (month, day) = format::leaf(visit.at);
    let ahead = visit.state == AppointmentState::Booked && visit.at > view.now;
    html! {
        li class="visit" data-visit=(visit.id) {
            span class={ "leaf" @if !ahead { " past" } } aria-hidden="true" { span { (month) } strong { (day) } }
            div class="visit-words" {
                strong { (visit.service) " for " (visit.pet_name) }
                span class="quiet" {
                    (format::day(visit.at)) " at " (format::time(visit.at)) ", " (visit.minutes) " min with " (visit.groomer)
                }
                @if ahead && !visit.note.is_empty() { span class="note" { "“" (visit.note) "”" } }
            }
            @match visit.state {
                AppointmentState::Booked if ahead => {
                    button class="button plain small" type="button"
                        data-post={ "/api/appointments/" (visit.id) "/cancel" }
                        data-ask={ "Cancel " (visit.pet_name) "’s appointment on " (format::day(visit.at)) "?" }
                        data-done="Cancelled. We have let the salon know."
                        aria-label={ "Cancel " (visit.service) " for " (visit.pet_name) " on " (format::day(visit.at)) } { "Cancel" }
                }
                AppointmentState::Booked => span class="pill" { "Today" },
                AppointmentState::Done => span class="pill good" { "Done" },
                AppointmentState::Cancelled => span class="pill" { "Cancelled" },
            }
        }
    }
}

fn book_form(view: &View, wrong: Option<(&str, &Booking)>) -> Markup {
    let (problem, before) = wrong.unzip();
    let chosen = |value: &str, kept: Option<&str>| kept == Some(value);
    html! {
        section class="card" id="book" {
            div class="card-head" { h2 { (icon(Icon::Scissors)) "Book an appointment" } }
            form class="fields" method="post" action="/appointments" {
                @if let Some(problem) = problem { p class="wrong" role="alert" { (problem) } }
                label { "Who is coming"
                    select name="pet" required {
                        @for pet in &view.customer.pets {
                            option value=(pet.id) selected[before.is_some_and(|before| before.pet == pet.id)] { (pet.name) ", " (pet.breed) }
                        }
                    }
                }
                label { "What for"
                    select name="service" required {
                        @for service in &SERVICES {
                            option value=(service.key) selected[chosen(service.key, before.map(|before| before.service.as_str()))] {
                                (service.name) " · " (service.minutes) " min · " (format::money(service.price_cents))
                            }
                        }
                    }
                }
                div class="pair" {
                    label { "Day"
                        input type="date" name="date" required
                            min=(format::iso_day(view.now + DAY_MS)) max=(format::iso_day(view.now + BOOKABLE_DAYS * DAY_MS))
                            value=(before.map_or_else(|| format::iso_day(first_free_day(view)), |before| before.date.clone()));
                    }
                    label { "Time"
                        select name="time" required {
                            @for time in TIMES {
                                option value=(time) selected[chosen(time, before.map(|before| before.time.as_str()))] { (time) }
                            }
                        }
                    }
                }
                label { span { "Anything we should know " span class="quiet" { "(optional)" } }
                    textarea name="note" rows="3" maxlength="300" { (before.map_or("", |before| before.note.as_str())) }
                }
                button class="button" type="submit" { "Book" }
                p class="quiet small-print" { "Free to cancel until the appointment begins." }
            }
        }
    }
}

/// A week from now, and not a Sunday (1970-01-01 was a Thursday).
fn first_free_day(view: &View) -> i64 {
    let day = view.now + 7 * DAY_MS;
    if (day / DAY_MS).rem_euclid(7) == 3 { day + DAY_MS } else { day }
}

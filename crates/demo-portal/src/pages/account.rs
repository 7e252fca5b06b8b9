//! The customer's own details.

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    response::Response,
};
use maud::{Markup, html};
use serde::Deserialize;

use super::{Section, View, frame};
use crate::{
    data::Address,
    format,
    identity::{Looker, Viewer},
    portal::Shared,
};

#[derive(Deserialize)]
pub(crate) struct Done {
    done: Option<String>,
}

pub(crate) async fn show(State(shared): State<Arc<Shared>>, viewer: Viewer, Query(done): Query<Done>) -> Response {
    let done = match done.done.as_deref() {
        Some("address") => Some("Your address was changed."),
        Some("password") => Some("Your password was changed."),
        _ => None,
    };
    match View::new(&shared, viewer) {
        Ok(view) => page(&view, done, None, None),
        Err(refusal) => refusal,
    }
}

/// `address` holds what could not be taken, and why; `password` only why.
pub(crate) fn page(
    view: &View,
    done: Option<&str>,
    address: Option<(&str, &Address)>,
    password: Option<&str>,
) -> Response {
    let customer = &view.customer;
    let content = html! {
        h1 { "Account" }
        div class="columns even" {
            div class="column" {
                section class="card" {
                    div class="card-head" { h2 { "About you" } }
                    dl class="facts" {
                        dt { "Name" } dd { (customer.name) }
                        dt { "E-mail" } dd { (customer.email) }
                        // By the script, from `/api/me`: in JSON a gateway can take it out for whoever only helps.
                        dt { "Phone" } dd data-own="phone" { "…" }
                        dt { "Customer number" } dd { (customer.id) }
                        dt { "Plan" } dd { (customer.plan.unwrap_or("Pay as you go")) }
                        dt { "With us since" } dd { (format::date(customer.since)) }
                        dt { "Last sign-in" } dd { (last_sign_in(view)) }
                        @if let Some(mail) = view.happened.mails.last() {
                            dt { "Last mail to you" } dd { (mail.subject) ", " (format::from_now(mail.at, view.now)) }
                        }
                    }
                    @if view.viewer.looker == Looker::Customer {
                        form method="post" action="/sign-out" { button class="button plain small" type="submit" { "Sign out" } }
                    }
                }
                (password_form(view, password))
            }
            div class="column" { (address_form(view, address)) }
        }
    };
    frame(view, Section::Account, "Account", done, content)
}

/// Support's visits do not show here.
fn last_sign_in(view: &View) -> String {
    match view.happened.last_sign_in {
        Some(at) => format!("{} at {}", format::from_now(at, view.now), format::time(at)),
        None => "Never".to_owned(),
    }
}

fn address_form(view: &View, wrong: Option<(&str, &Address)>) -> Markup {
    let (problem, shown) = match wrong {
        Some((problem, sent)) => (Some(problem), sent),
        None => (None, &view.customer.address),
    };
    html! {
        section class="card" {
            div class="card-head" { h2 { "Address" } }
            form class="fields" method="post" action="/account/address" {
                @if let Some(problem) = problem { p class="wrong" role="alert" { (problem) } }
                label { "Street and number" input name="street" required maxlength="100" autocomplete="street-address" value=(shown.street); }
                div class="pair narrow-first" {
                    label { "Postcode" input name="postcode" required maxlength="100" autocomplete="postal-code" value=(shown.postcode); }
                    label { "Town" input name="city" required maxlength="100" autocomplete="address-level2" value=(shown.city); }
                }
                button class="button" type="submit" { "Save address" }
                p class="quiet small-print" { "We use it for invoices and for the pick-up service." }
            }
        }
    }
}

fn password_form(view: &View, problem: Option<&str>) -> Markup {
    html! {
        section class="card" {
            div class="card-head" {
                h2 { "Password" }
                span class="quiet" {
                    @match view.customer.password_changed {
                        Some(at) => { "Changed " (format::from_now(at, view.now)) }
                        None => "Never changed",
                    }
                }
            }
            form class="fields" method="post" action="/account/password" {
                @if let Some(problem) = problem { p class="wrong" role="alert" { (problem) } }
                label { "Current password" input type="password" name="current_password" required autocomplete="current-password"; }
                div class="pair" {
                    label { "New password" input type="password" name="new_password" required minlength="10" autocomplete="new-password"; }
                    label { "The same again" input type="password" name="repeat_password" required minlength="10" autocomplete="new-password"; }
                }
                button class="button" type="submit" { "Change password" }
            }
        }
    }
}

//! What is owed and what was paid.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use maud::{Markup, html};

use super::{
    Section, View, frame,
    icons::{Icon, icon},
};
use crate::{data::Invoice, format, identity::Viewer, portal::Shared};

pub(crate) async fn show(State(shared): State<Arc<Shared>>, viewer: Viewer) -> Response {
    match View::new(&shared, viewer) {
        Ok(view) => page(&view),
        Err(refusal) => refusal,
    }
}

/// One invoice for whoever keeps the customer's books.
pub(crate) async fn file(State(shared): State<Arc<Shared>>, viewer: Viewer, Path(id): Path<u64>) -> Response {
    let view = match View::new(&shared, viewer) {
        Ok(view) => view,
        Err(refusal) => return refusal,
    };
    let Some(invoice) = view.customer.invoices.iter().find(|invoice| invoice.id == id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut text = String::from("what,cents\r\n");
    for line in &invoice.lines {
        text.push_str(&format!("\"{}\",{}\r\n", line.what.replace('"', "\"\""), line.cents));
    }
    let named = format!("attachment; filename=\"invoice-{id}.csv\"");
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, named.as_str())];
    (headers, text).into_response()
}

fn page(view: &View) -> Response {
    let mut invoices: Vec<_> = view.customer.invoices.iter().collect();
    invoices.sort_by_key(|invoice| std::cmp::Reverse(invoice.issued));
    let owed: u64 = invoices.iter().filter(|invoice| invoice.paid.is_none()).map(|invoice| invoice.total_cents).sum();
    let content = html! {
        div class="title-row" {
            h1 { "Invoices" }
            p class="owed" {
                @if owed == 0 { (icon(Icon::Check)) "Everything is paid" } @else { "To pay " strong { (format::money(owed)) } }
            }
        }
        @if invoices.is_empty() {
            section class="card" { p class="empty" { "No invoices yet. The first one comes after the first visit." } }
        }
        div class="invoices" { @for invoice in invoices { (card(invoice, view)) } }
    };
    frame(view, Section::Invoices, "Invoices", None, content)
}

fn card(invoice: &Invoice, view: &View) -> Markup {
    html! {
        section class={ "card invoice" @if invoice.paid.is_none() { " due" } } {
            div class="invoice-head" {
                div {
                    h2 { "Invoice " (invoice.id) }
                    p class="quiet" { (format::date(invoice.issued)) }
                }
                @match invoice.paid {
                    Some(paid) => span class="pill good" { "Paid " (format::day(paid)) },
                    None if invoice.due < view.now => span class="pill late" { "Was due " (format::day(invoice.due)) },
                    None => span class="pill open" { "Due " (format::day(invoice.due)) },
                }
            }
            table {
                caption class="unseen" { "Items of invoice " (invoice.id) }
                tbody { @for line in &invoice.lines { tr { th scope="row" { (line.what) } td { (format::money(line.cents)) } } } }
                tfoot { tr { th scope="row" { "Total" } td { (format::money(invoice.total_cents)) } } }
            }
            p { a href={ "/invoices/" (invoice.id) "/file" } { "Save as a table" span class="unseen" { ", invoice " (invoice.id) } } }
            @if invoice.paid.is_none() {
                div class="invoice-pay" {
                    p class="quiet" { "From the card ending in 4402" }
                    button class="button" type="button" data-post={ "/api/invoices/" (invoice.id) "/pay" }
                        data-done="Thank you. The invoice is paid." { "Pay " (format::money(invoice.total_cents)) }
                }
            }
        }
    }
}

//! The JSON that the pages' script speaks.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use crate::{
    data::{Appointment, Customer, Sender},
    identity::Viewer,
    portal::Shared,
    problem::Problem,
    store::Refusal,
};

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, title, detail) = match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "Not found", "This is not, or no longer, in your account."),
            Self::TooLate(detail) => (StatusCode::CONFLICT, "Not possible any more", detail),
            Self::Invalid(detail) => (StatusCode::UNPROCESSABLE_ENTITY, "Please check what you entered", detail),
        };
        Problem::new(status, title, detail).into_response()
    }
}

/// The identity was checked a moment ago and customers are never removed, so this always finds one.
fn about<T: Serialize>(shared: &Shared, viewer: &Viewer, answer: impl FnOnce(&Customer) -> T) -> Response {
    match shared.read(|store| store.customer(&viewer.customer).map(answer)) {
        Some(answer) => Json(answer).into_response(),
        None => Refusal::NotFound.into_response(),
    }
}

pub(crate) async fn me(State(shared): State<Arc<Shared>>, viewer: Viewer) -> Response {
    about(&shared, &viewer, |customer| {
        serde_json::json!({
            "id": customer.id,
            "name": customer.name,
            "email": customer.email,
            "phone": customer.phone,
            "plan": customer.plan,
            "address": customer.address,
            "pets": customer.pets.iter().map(|pet| serde_json::json!({ "id": pet.id, "name": pet.name })).collect::<Vec<_>>(),
            "unread_messages": unread(customer),
        })
    })
}

pub(crate) fn unread(customer: &Customer) -> usize {
    customer.messages.iter().filter(|message| message.from == Sender::Salon && !message.read).count()
}

pub(crate) async fn appointments(State(shared): State<Arc<Shared>>, viewer: Viewer) -> Response {
    about(&shared, &viewer, |customer| serde_json::json!({ "appointments": customer.appointments }))
}

pub(crate) async fn invoices(State(shared): State<Arc<Shared>>, viewer: Viewer) -> Response {
    about(&shared, &viewer, |customer| serde_json::json!({ "invoices": customer.invoices }))
}

pub(crate) async fn messages(State(shared): State<Arc<Shared>>, viewer: Viewer) -> Response {
    about(&shared, &viewer, |customer| serde_json::json!({ "messages": customer.messages }))
}

#[derive(Deserialize)]
pub(crate) struct AppointmentSearch {
    query: String,
}

/// A read, though it is a POST: gateways must be told so by a rule.
pub(crate) async fn search_appointments(
    State(shared): State<Arc<Shared>>,
    viewer: Viewer,
    Json(search): Json<AppointmentSearch>,
) -> Response {
    let query = search.query.trim().to_lowercase();
    let matches = |visit: &&Appointment| {
        [visit.pet_name, visit.service, visit.groomer, visit.note.as_str()]
            .iter()
            .any(|text| text.to_lowercase().contains(&query))
    };
    about(&shared, &viewer, |customer| {
        let found: Vec<&Appointment> = customer.appointments.iter().filter(matches).collect();
        serde_json::json!({ "appointments": found })
    })
}

pub(crate) async fn cancel_appointment(
    State(shared): State<Arc<Shared>>,
    viewer: Viewer,
    Path(id): Path<u64>,
) -> Response {
    let now = shared.now();
    let cancelled = shared.change(|store| store.cancel(&viewer.customer, id, now));
    if cancelled.is_ok() {
        shared.seen.effects.tell(&viewer, "Your appointment is cancelled", now);
    }
    cancelled.map(Json).into_response()
}

pub(crate) async fn pay_invoice(State(shared): State<Arc<Shared>>, viewer: Viewer, Path(id): Path<u64>) -> Response {
    let now = shared.now();
    let paid = shared.change(|store| store.pay(&viewer.customer, id, now));
    if paid.is_ok() {
        shared.seen.effects.tell(&viewer, "Your receipt", now);
    }
    paid.map(Json).into_response()
}

#[derive(Deserialize)]
pub(crate) struct NewMessage {
    #[serde(default)]
    subject: String,
    body: String,
}

pub(crate) async fn send_message(
    State(shared): State<Arc<Shared>>,
    viewer: Viewer,
    Json(message): Json<NewMessage>,
) -> Response {
    let now = shared.now();
    shared
        .change(|store| store.send_message(&viewer.customer, &message.subject, &message.body, now))
        .map(|message| (StatusCode::CREATED, Json(message)))
        .into_response()
}

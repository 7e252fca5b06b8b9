//! Changes that a page sends as a form, and the one GET that changes something.

use std::sync::Arc;

use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use crate::{
    data::Address,
    identity::{Effect, Viewer},
    pages::{self, View},
    portal::Shared,
    store::{Booking, Refusal},
};

#[derive(Deserialize)]
pub(crate) struct BookForm {
    pet: u64,
    service: String,
    date: String,
    time: String,
    #[serde(default)]
    note: String,
}

pub(crate) async fn book(State(shared): State<Arc<Shared>>, viewer: Viewer, Form(form): Form<BookForm>) -> Response {
    let booking = Booking { pet: form.pet, service: form.service, date: form.date, time: form.time, note: form.note };
    let now = shared.now();
    match shared.change(|store| store.book(&viewer.customer, &booking, now)) {
        Ok(()) => {
            shared.seen.effects.tell(&viewer, "Your appointment is booked", now);
            Redirect::to("/appointments?done=booked").into_response()
        }
        Err(refusal) => {
            let words = words(&refusal);
            again(&shared, viewer, |view| pages::appointments::page(view, None, Some((words, &booking))))
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct AddressForm {
    street: String,
    postcode: String,
    city: String,
}

pub(crate) async fn change_address(
    State(shared): State<Arc<Shared>>,
    viewer: Viewer,
    Form(form): Form<AddressForm>,
) -> Response {
    let address = Address { street: form.street, postcode: form.postcode, city: form.city };
    match shared.change(|store| store.change_address(&viewer.customer, &address)) {
        Ok(()) => {
            shared.seen.effects.tell(&viewer, "Your address was changed", shared.now());
            Redirect::to("/account?done=address").into_response()
        }
        Err(refusal) => {
            let words = words(&refusal);
            again(&shared, viewer, |view| pages::account::page(view, None, Some((words, &address)), None))
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct PasswordForm {
    current_password: String,
    new_password: String,
    repeat_password: String,
}

pub(crate) async fn change_password(
    State(shared): State<Arc<Shared>>,
    viewer: Viewer,
    Form(form): Form<PasswordForm>,
) -> Response {
    match set_password(&shared, &viewer.customer, form).await {
        Ok(()) => {
            shared.seen.effects.tell(&viewer, "Your password was changed", shared.now());
            Redirect::to("/account?done=password").into_response()
        }
        Err(refusal) => {
            let words = words(&refusal);
            again(&shared, viewer, |view| pages::account::page(view, None, None, Some(words)))
        }
    }
}

async fn set_password(shared: &Shared, customer: &str, form: PasswordForm) -> Result<(), Refusal> {
    if form.new_password.chars().count() < 10 {
        return Err(Refusal::Invalid("Choose a new password of at least ten characters."));
    }
    if form.new_password != form.repeat_password {
        return Err(Refusal::Invalid("The two new passwords differ. Type the same one twice."));
    }
    let known = shared.read(|store| store.customer(customer).map(|customer| customer.password_hash));
    let known = known.ok_or(Refusal::NotFound)?;
    let id = customer.to_owned();
    // Hashing takes tens of milliseconds by design, too long for a thread that serves others.
    let hashes = tokio::task::spawn_blocking(move || {
        let known = match known {
            Some(known) => known,
            None => hash(&id, &format!("barkside-{id}"))?,
        };
        Some((known == hash(&id, &form.current_password)?, hash(&id, &form.new_password)?))
    });
    match hashes.await.ok().flatten() {
        Some((true, new)) => {
            let now = shared.now();
            shared.change(|store| store.change_password(customer, new, now))
        }
        Some((false, _)) => Err(Refusal::Invalid("The current password is not right. It was not changed.")),
        None => Err(Refusal::Invalid("The password could not be processed. It was not changed; try another one.")),
    }
}

/// Argon2id with the library's defaults (RFC 9106). The salt is the account: enough for data that dies with the process.
fn hash(customer: &str, password: &str) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    let salt = format!("barkside-account-{customer}");
    argon2::Argon2::default().hash_password_into(password.as_bytes(), salt.as_bytes(), &mut out).ok()?;
    Some(out)
}

/// Whether this is the customer's password. False also where it could not be processed.
pub(crate) async fn is_password(shared: &Shared, customer: &str, password: String) -> bool {
    let Some(known) = shared.read(|store| store.customer(customer).map(|customer| customer.password_hash)) else {
        return false;
    };
    let id = customer.to_owned();
    let matches = tokio::task::spawn_blocking(move || {
        let known = known.or_else(|| hash(&id, &format!("barkside-{id}")))?;
        Some(known == hash(&id, &password)?)
    });
    matches.await.ok().flatten().unwrap_or(false)
}

/// Marks a message as read when its customer opens it, though it is a GET. Real portals do such things; one that does not
/// hold them back while support looks tells the salon that its customer has read what they have not.
pub(crate) async fn open_message(State(shared): State<Arc<Shared>>, viewer: Viewer, Path(id): Path<u64>) -> Response {
    let opened = if viewer.causes(Effect::ReadMarks) {
        shared.change(|store| store.open_message(&viewer.customer, id))
    } else {
        shared.read(|store| store.has_message(&viewer.customer, id))
    };
    match opened {
        Ok(()) => Redirect::to(&format!("/messages/{id}")).into_response(),
        Err(_) => pages::not_found().await,
    }
}

/// The same page once more, with what was wrong.
fn again(shared: &Shared, viewer: Viewer, page: impl FnOnce(&View) -> Response) -> Response {
    match View::new(shared, viewer) {
        Ok(view) => (StatusCode::UNPROCESSABLE_ENTITY, page(&view)).into_response(),
        Err(refusal) => refusal,
    }
}

fn words(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NotFound => "This is not, or no longer, in your account.",
        Refusal::TooLate(words) | Refusal::Invalid(words) => words,
    }
}

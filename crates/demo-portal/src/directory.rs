//! Looking customers up, for the gateway's driver, and what has happened beside their pages, for its conformance kit. Needs a token of its own kind; a token for pages does not open it.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use crate::{
    api::unread,
    data::Customer,
    identity::DirectoryReader,
    portal::{Shared, UnixMillis},
    problem::Problem,
};

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 200;

#[derive(Deserialize)]
pub(crate) struct Search {
    #[serde(default)]
    query: String,
    limit: Option<usize>,
}

#[derive(Serialize)]
struct Entry {
    id: String,
    name: String,
    email: String,
    class: &'static str,
    plan: Option<&'static str>,
    since_ms: UnixMillis,
    active: bool,
}

impl From<&Customer> for Entry {
    fn from(customer: &Customer) -> Self {
        Self {
            id: customer.id.clone(),
            name: customer.name.clone(),
            email: customer.email.clone(),
            class: customer.class,
            plan: customer.plan,
            since_ms: customer.since,
            active: customer.active,
        }
    }
}

#[derive(Serialize)]
struct Found {
    customers: Vec<Entry>,
    truncated: bool,
}

pub(crate) async fn search(
    _reader: DirectoryReader,
    State(shared): State<Arc<Shared>>,
    Query(search): Query<Search>,
) -> Response {
    let limit = search.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let query = search.query.trim().to_lowercase();
    let found = shared.read(|store| {
        let mut ranked: Vec<(u8, String, &Customer)> = store
            .all()
            .filter_map(|customer| Some((rank(customer, &query)?, customer.name.to_lowercase(), customer)))
            .collect();
        ranked
            .sort_by(|(a_rank, a_name, a), (b_rank, b_name, b)| (a_rank, a_name, &a.id).cmp(&(b_rank, b_name, &b.id)));
        Found {
            truncated: ranked.len() > limit,
            customers: ranked.into_iter().take(limit).map(|(_, _, customer)| Entry::from(customer)).collect(),
        }
    });
    Json(found).into_response()
}

/// Smaller is better; `None` does not match. The query is in lower case.
fn rank(customer: &Customer, query: &str) -> Option<u8> {
    let (name, email) = (customer.name.to_lowercase(), customer.email.to_lowercase());
    if name.starts_with(query) {
        Some(0)
    } else if email.starts_with(query) {
        Some(1)
    } else if name.contains(query) || email.contains(query) || customer.id.contains(query) {
        Some(2)
    } else {
        None
    }
}

pub(crate) async fn one(
    _reader: DirectoryReader,
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
) -> Response {
    match shared.read(|store| store.customer(&id).map(Entry::from)) {
        Some(entry) => Json(entry).into_response(),
        None => Problem::new(StatusCode::NOT_FOUND, "No such customer", "Barkside has no customer with this number.")
            .into_response(),
    }
}

#[derive(Deserialize)]
pub(crate) struct About {
    customer: String,
}

/// One number for each effect, that is another one after it has happened.
#[derive(Serialize)]
struct Report {
    customer: String,
    last_login: u64,
    presence: u64,
    read_marks: usize,
    mail: u64,
    analytics: u64,
    /// How many browsers the customer is signed in on.
    own_sessions: usize,
}

pub(crate) async fn effects(
    _reader: DirectoryReader,
    State(shared): State<Arc<Shared>>,
    Query(about): Query<About>,
) -> Response {
    let read_marks = shared.read(|store| {
        let customer = store.customer(&about.customer)?;
        Some(customer.messages.len().saturating_sub(unread(customer)))
    });
    let Some(read_marks) = read_marks else {
        return Problem::new(StatusCode::NOT_FOUND, "No such customer", "Barkside has no customer with this number.")
            .into_response();
    };
    let happened = shared.seen.effects.of(&about.customer);
    let report = Report {
        last_login: happened.sign_ins,
        presence: happened.times_seen,
        read_marks,
        mail: happened.mails_sent,
        analytics: happened.page_views,
        own_sessions: shared.own_sessions.count(&about.customer, shared.now()),
        customer: about.customer,
    };
    Json(report).into_response()
}

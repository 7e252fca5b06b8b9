//! Shadow mode: what a portal's rules may have wrong, noticed in traffic as it comes, counted here and written down now and then.
//!
//! Nothing is decided by it and nothing is sent for it. What was not written down when the server dies is lost, which costs a count.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use amberglass_domain::{
    ports::Clock,
    read_only::shadow::{Answered, Sign, Suspicion, command, shape, signs_of_change, signs_of_reading},
};
use amberglass_wire::{PortalId, UnixMillis};
use http::{HeaderValue, StatusCode, header, response::Parts, uri::PathAndQuery};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    sessions::GatewaySession,
    store::{ShadowRow, Store, StoreError},
};

const WRITE_MILLIS: i64 = 30_000;
/// Different findings between two writes: a page can make up paths.
const MOST: usize = 200;
/// Findings of one portal that are kept.
const MOST_ROWS: i64 = 1_000;
const KEPT_SECONDS: i64 = 90 * 24 * 60 * 60;
/// Signs of one finding, in bytes.
const MAX_SIGNS: usize = 300;

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Place {
    portal: PortalId,
    suspicion: Suspicion,
    method: String,
    path: String,
}

struct Count {
    signs: String,
    seen: i64,
    first_at: UnixMillis,
    last_at: UnixMillis,
}

#[derive(Default)]
pub(super) struct Shadow(Mutex<HashMap<Place, Count>>);

impl Shadow {
    /// A read that has passed without a rule of the portal's own.
    pub fn answered(
        &self,
        session: &GatewaySession,
        target: &PathAndQuery,
        upstream: &Url,
        answer: &Parts,
        now: UnixMillis,
    ) {
        let sets_kept_cookie = answer.headers.get_all(header::SET_COOKIE).iter().any(is_kept);
        // Most answers are plain ones: no more time is spent on them.
        if answer.status == StatusCode::OK && !sets_kept_cookie && target.query().is_none() {
            return;
        }
        let location = answer.headers.get(header::LOCATION).and_then(|location| location.to_str().ok());
        let location = location.and_then(|location| upstream.join(target.as_str()).ok()?.join(location).ok());
        let location = location.filter(|location| location.origin() == upstream.origin());
        let answered =
            Answered { status: answer.status.as_u16(), sets_kept_cookie, location: location.as_ref().map(Url::path) };
        let signs = signs_of_change(target.path(), target.query(), answered);
        self.note((session, Suspicion::ReadChanges, "GET"), target.path(), command(target.query()), &signs, now);
    }

    /// A write that the mode alone has blocked.
    pub fn blocked(&self, session: &GatewaySession, method: &str, target: &PathAndQuery, now: UnixMillis) {
        let signs = signs_of_reading(method, target.path());
        self.note((session, Suspicion::WriteReads, method), target.path(), None, &signs, now);
    }

    fn note(
        &self,
        (session, suspicion, method): (&GatewaySession, Suspicion, &str),
        path: &str,
        command: Option<(&str, &str)>,
        signs: &[Sign],
        now: UnixMillis,
    ) {
        if signs.is_empty() {
            return;
        }
        let people = [session.customer_name.as_str(), session.customer.as_str(), &session.staff_name];
        let Some(path) = shape(path, &people) else { return };
        let path = command.map_or_else(|| path.clone(), |(name, word)| format!("{path}?{name}={word}"));
        let place = Place { portal: session.portal.clone(), suspicion, method: method.to_owned(), path };
        let mut signs = signs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        signs.truncate(signs.floor_char_boundary(MAX_SIGNS));
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= MOST && !counts.contains_key(&place) {
            return;
        }
        let count = counts.entry(place).or_insert(Count { signs: String::new(), seen: 0, first_at: now, last_at: now });
        count.signs = signs;
        count.seen = count.seen.saturating_add(1);
        count.last_at = now;
    }

    /// Writes down what was counted since.
    ///
    /// # Errors
    /// When the database does not take it; it is counted on then.
    pub async fn write(&self, store: &Store, now: UnixMillis) -> Result<(), StoreError> {
        let taken = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if taken.is_empty() {
            return Ok(());
        }
        let mut rows: Vec<ShadowRow> = taken.into_iter().map(row).collect();
        // In one order, so that two servers don't wait for each other.
        rows.sort_by(|a, b| {
            (&a.portal.0, a.suspicion, &a.method, &a.path).cmp(&(&b.portal.0, b.suspicion, &b.method, &b.path))
        });
        let outcome = write_rows(store, &rows, now).await;
        if outcome.is_err() {
            self.put_back(rows);
        }
        outcome
    }

    fn put_back(&self, rows: Vec<ShadowRow>) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for row in rows {
            let ShadowRow { portal, suspicion, method, path, signs, seen, first_at, last_at } = row;
            let count = counts.entry(Place { portal, suspicion, method, path });
            let count = count.or_insert(Count { signs, seen: 0, first_at, last_at });
            count.seen = count.seen.saturating_add(seen);
            count.first_at = first_at;
        }
    }

    pub async fn run(&self, store: &Store, clock: &dyn Clock, stop: CancellationToken) {
        loop {
            let next = clock.monotonic_millis().saturating_add(WRITE_MILLIS);
            let stops = tokio::select! {
                () = clock.sleep_until(next) => false,
                () = stop.cancelled() => true,
            };
            if let Err(error) = self.write(store, clock.now()).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "what rules may have wrong was not written down"
                );
            }
            if stops {
                return;
            }
        }
    }
}

/// A cookie that scripts may not read.
fn is_kept(line: &HeaderValue) -> bool {
    line.to_str()
        .is_ok_and(|line| line.split(';').skip(1).any(|attribute| attribute.trim().eq_ignore_ascii_case("httponly")))
}

fn row((place, count): (Place, Count)) -> ShadowRow {
    let Place { portal, suspicion, method, path } = place;
    let Count { signs, seen, first_at, last_at } = count;
    ShadowRow { portal, suspicion, method, path, signs, seen, first_at, last_at }
}

async fn write_rows(store: &Store, rows: &[ShadowRow], now: UnixMillis) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    for row in rows {
        if tx.count_shadow_findings(&row.portal).await? < MOST_ROWS {
            tx.add_shadow_finding(row).await?;
        } else {
            tx.count_on_shadow_finding(row).await?;
        }
    }
    tx.forget_shadow_findings(now.plus_seconds(-KEPT_SECONDS)).await?;
    tx.commit().await
}

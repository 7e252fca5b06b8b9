//! What the gateway counted of many sessions, for lists: a question for all of them instead of one for each.
//!
//! The conditions are word for word those of the index `audit_events_counted`, which holds all that is asked for: the records
//! themselves stay unread, but for the last page of what runs.

use std::collections::BTreeMap;

use amberglass_wire::SessionId;
use sqlx::Row as _;

use super::{Store, StoreError, audit::Tallies, audit::path_of_page};

/// Each length is a statement that is prepared once.
const LENGTHS: [usize; 5] = [1, 8, 32, 128, 256];

impl Store {
    /// Those of which nothing is counted are left out.
    pub async fn tallies_of(&self, sessions: &[SessionId]) -> Result<BTreeMap<SessionId, Tallies>, StoreError> {
        let mut all = BTreeMap::new();
        for some in sessions.chunks(256) {
            let places = places(some.len());
            let question = format!(
                "SELECT session, CAST(COALESCE(SUM(is_page), 0) AS BIGINT) AS pages, \
                 CAST(COALESCE(SUM(CASE WHEN kind = 'request_blocked' THEN 1 ELSE 0 END), 0) AS BIGINT) AS blocked \
                 FROM audit_events WHERE session IN ({}) AND (is_page = 1 OR kind = 'request_blocked') \
                 AND writer LIKE 'server:%' GROUP BY session",
                places.join(", ")
            );
            for row in ask(self, question, some, places.len()).await? {
                all.insert(SessionId(row.try_get("session")?), super::audit::tallies(row)?);
            }
        }
        Ok(all)
    }

    /// Paths of the pages that the gateway let through last.
    pub async fn last_pages_of(&self, sessions: &[SessionId]) -> Result<BTreeMap<SessionId, String>, StoreError> {
        let mut all = BTreeMap::new();
        for some in sessions.chunks(256) {
            let places = places(some.len());
            let question = format!(
                "SELECT x.id AS session, (SELECT a.body FROM audit_events a WHERE a.session = x.id AND a.is_page = 1 \
                 AND (a.is_page = 1 OR a.kind = 'request_blocked') AND a.writer LIKE 'server:%' \
                 ORDER BY a.position DESC LIMIT 1) AS body FROM sessions x WHERE x.id IN ({})",
                places.join(", ")
            );
            for row in ask(self, question, some, places.len()).await? {
                let body: Option<String> = row.try_get("body")?;
                if let Some(path) = body.as_deref().and_then(path_of_page) {
                    all.insert(SessionId(row.try_get("session")?), path);
                }
            }
        }
        Ok(all)
    }
}

/// At least as many as there are ids.
fn places(ids: usize) -> Vec<String> {
    let length = LENGTHS.into_iter().find(|length| *length >= ids).unwrap_or(ids);
    (1..=length).map(|place| format!("${place}")).collect()
}

/// The places that are left over are filled with the last id once more, which changes no answer.
async fn ask(
    store: &Store,
    question: String,
    ids: &[SessionId],
    places: usize,
) -> Result<Vec<sqlx::any::AnyRow>, StoreError> {
    let mut question = sqlx::query(sqlx::AssertSqlSafe(question));
    for id in ids.iter().chain(ids.last().into_iter().cycle()).take(places) {
        question = question.bind(id.0.clone());
    }
    Ok(question.fetch_all(&store.readers).await?)
}

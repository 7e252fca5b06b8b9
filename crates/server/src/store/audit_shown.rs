//! The audit log as the operator reads it: filtered, with names beside the ids.

use amberglass_wire::{SessionId, StaffId, UnixMillis, audit::TrailEvent};
use sqlx::{Row as _, any::AnyRow};

use super::{Store, StoreError, audit::trail_event};

/// Which events; what is `None` narrows nothing.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    pub session: Option<SessionId>,
    pub staff: Option<StaffId>,
    pub since: Option<UnixMillis>,
}

/// A record with the names of what it is about.
#[derive(Clone, Debug)]
pub struct ShownEvent {
    pub event: TrailEvent,
    pub staff_email: Option<String>,
    pub session_code: Option<String>,
    pub customer: Option<String>,
    pub portal: Option<String>,
}

/// `$1` is the position before the page, `$2` the earliest time, `$3` how many.
macro_rules! page {
    ($narrowed:literal) => {
        concat!(
            "SELECT a.position, a.writer, a.seq, a.id, a.session, a.occurred_at, a.monotonic_millis, a.kind, a.prev_hash, \
             a.commitment, a.salt, a.body, a.hash, a.received_at, a.customer, a.portal, s.email AS staff_email, \
             x.code AS session_code FROM audit_events a LEFT JOIN staff s ON s.id = a.staff \
             LEFT JOIN sessions x ON x.id = a.session WHERE a.position > $1 AND a.occurred_at >= $2 ",
            $narrowed,
            "ORDER BY a.position LIMIT $3"
        )
    };
}

impl Store {
    /// In the order of the log, after this position.
    pub async fn audit_page(
        &self,
        filter: &AuditFilter,
        after: i64,
        limit: u32,
    ) -> Result<Vec<ShownEvent>, StoreError> {
        // A question of its own for each: one that leaves conditions open is answered by reading the whole log. With both, the
        // session's index is the one to use, of which the COALESCE leaves no doubt.
        let narrowed = match (&filter.session, &filter.staff) {
            (None, None) => page!(""),
            (Some(_), None) => page!("AND a.session = $4 "),
            (None, Some(_)) => page!("AND a.staff = $4 "),
            (Some(_), Some(_)) => page!("AND a.session = $4 AND COALESCE(a.staff, '') = $5 "),
        };
        let mut question = sqlx::query(narrowed)
            .bind(after)
            .bind(filter.since.map_or(i64::MIN, |since| since.0))
            .bind(i64::from(limit));
        for id in [filter.session.as_ref().map(|id| &id.0), filter.staff.as_ref().map(|id| &id.0)].into_iter().flatten()
        {
            question = question.bind(id.clone());
        }
        question.fetch_all(&self.readers).await?.iter().map(shown).collect()
    }

    /// The session that people name by this code.
    pub async fn session_by_code(&self, code: &str) -> Result<Option<SessionId>, StoreError> {
        let row = sqlx::query("SELECT id FROM sessions WHERE code = $1")
            .bind(code.to_owned())
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.map(|row| row.try_get("id").map(SessionId)).transpose()?)
    }
}

fn shown(row: &AnyRow) -> Result<ShownEvent, StoreError> {
    Ok(ShownEvent {
        event: trail_event(row)?,
        staff_email: row.try_get("staff_email")?,
        session_code: row.try_get("session_code")?,
        customer: row.try_get("customer")?,
        portal: row.try_get("portal")?,
    })
}

//! Break-glass: which sessions began with a stated emergency, and their reviews. Who reviewed first stands.

use amberglass_wire::{CustomerId, PortalId, SessionId, StaffId, UnixMillis, break_glass::ReviewOutcome};
use sqlx::{Row as _, any::AnyRow};

use super::{Store, StoreError, Tx};
use crate::policy::BreakGlassPast;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakGlassRow {
    pub session: SessionId,
    pub staff: StaffId,
    pub used_at: UnixMillis,
    pub review: Option<ReviewRow>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewRow {
    pub at: UnixMillis,
    pub by_name: Option<String>,
    pub outcome: ReviewOutcome,
    pub note: Option<String>,
}

const SELECT: &str = "SELECT g.session, g.staff, g.used_at, g.reviewed_at, g.outcome, g.note, r.name AS reviewed_by_name \
     FROM break_glass g LEFT JOIN staff r ON r.id = g.reviewed_by";

const PAST: &str = "SELECT (SELECT COUNT(*) FROM requests WHERE staff = $1 AND portal = $2 AND customer = $3 \
     AND state = 'denied' AND closed_at > $4) AS denied, \
     (SELECT COUNT(*) FROM break_glass WHERE staff = $1 AND reviewed_at IS NULL) AS unreviewed";

impl Store {
    /// What has gone before a break-glass of this staff member for this customer; denials count after `since`.
    pub async fn break_glass_past(
        &self,
        staff: &StaffId,
        (portal, customer): (&PortalId, &CustomerId),
        since: UnixMillis,
    ) -> Result<BreakGlassPast, StoreError> {
        let question = sqlx::query(PAST).bind(staff.0.clone()).bind(portal.0.clone()).bind(customer.0.clone());
        past(&question.bind(since.0).fetch_one(&self.readers).await?)
    }

    pub async fn break_glass(&self, session: &SessionId) -> Result<Option<BreakGlassRow>, StoreError> {
        one(sqlx::query(select("WHERE g.session = $1")).bind(session.0.clone()).fetch_optional(&self.readers).await?)
    }

    /// What nobody has reviewed, oldest first, at most two hundred.
    pub async fn unreviewed(&self) -> Result<Vec<BreakGlassRow>, StoreError> {
        let rows = sqlx::query(select("WHERE g.reviewed_at IS NULL ORDER BY g.used_at, g.session LIMIT 200"));
        rows.fetch_all(&self.readers).await?.iter().map(break_glass).collect()
    }
}

impl Tx {
    pub async fn break_glass_past(
        &mut self,
        staff: &StaffId,
        (portal, customer): (&PortalId, &CustomerId),
        since: UnixMillis,
    ) -> Result<BreakGlassPast, StoreError> {
        let question = sqlx::query(PAST).bind(staff.0.clone()).bind(portal.0.clone()).bind(customer.0.clone());
        past(&question.bind(since.0).fetch_one(&mut *self.inner).await?)
    }

    pub async fn break_glass(&mut self, session: &SessionId) -> Result<Option<BreakGlassRow>, StoreError> {
        one(sqlx::query(select("WHERE g.session = $1"))
            .bind(session.0.clone())
            .fetch_optional(&mut *self.inner)
            .await?)
    }

    /// False when another one of theirs runs.
    pub async fn insert_break_glass(
        &mut self,
        session: &SessionId,
        staff: &StaffId,
        emergency: &str,
        at: UnixMillis,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO break_glass (session, staff, emergency, used_at) \
             SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS BIGINT) WHERE NOT EXISTS \
             (SELECT 1 FROM break_glass g JOIN sessions x ON x.id = g.session \
             WHERE g.staff = $2 AND x.state IN ('active', 'frozen'))",
        )
        .bind(session.0.clone())
        .bind(staff.0.clone())
        .bind(emergency.to_owned())
        .bind(at.0)
        .execute(&mut *self.inner)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// False when somebody has reviewed it before.
    pub async fn review_break_glass(
        &mut self,
        session: &SessionId,
        by: &StaffId,
        (outcome, note): (ReviewOutcome, &str),
        at: UnixMillis,
    ) -> Result<bool, StoreError> {
        self.changed(
            sqlx::query(
                "UPDATE break_glass SET reviewed_at = $2, reviewed_by = $3, outcome = $4, note = $5 \
                 WHERE session = $1 AND reviewed_at IS NULL RETURNING session",
            )
            .bind(session.0.clone())
            .bind(at.0)
            .bind(by.0.clone())
            .bind(outcome.as_str().to_owned())
            .bind(note.to_owned()),
        )
        .await
    }
}

/// The conditions are constants of this file; values are always bound.
fn select(rest: &'static str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!("{SELECT} {rest}"))
}

fn past(row: &AnyRow) -> Result<BreakGlassPast, StoreError> {
    let unreviewed = row.try_get::<i64, _>("unreviewed")?;
    Ok(BreakGlassPast {
        denied_last_day: row.try_get::<i64, _>("denied")? > 0,
        unreviewed: u32::try_from(unreviewed).map_err(|_| StoreError::UnknownValue { column: "unreviewed" })?,
    })
}

fn one(row: Option<AnyRow>) -> Result<Option<BreakGlassRow>, StoreError> {
    row.as_ref().map(break_glass).transpose()
}

fn break_glass(row: &AnyRow) -> Result<BreakGlassRow, StoreError> {
    let review = match row.try_get::<Option<i64>, _>("reviewed_at")? {
        None => None,
        Some(at) => {
            let outcome = row.try_get::<Option<String>, _>("outcome")?.unwrap_or_default();
            Some(ReviewRow {
                at: UnixMillis(at),
                by_name: row.try_get("reviewed_by_name")?,
                outcome: ReviewOutcome::parse(&outcome).ok_or(StoreError::UnknownValue { column: "outcome" })?,
                note: row.try_get("note")?,
            })
        }
    };
    Ok(BreakGlassRow {
        session: SessionId(row.try_get("session")?),
        staff: StaffId(row.try_get("staff")?),
        used_at: UnixMillis(row.try_get("used_at")?),
        review,
    })
}

//! Sessions: rows, and the conditional updates that are their only changes of state.

use amberglass_wire::{
    CustomerId, DeviceId, PortalId, RequestId, SessionId, StaffId, UnixMillis,
    audit::EventSubject,
    customer::CustomerResponse,
    session::{EndedBy, Mode, Reason, SessionState},
};
use sqlx::{Row as _, any::AnyRow};

use super::{Store, StoreError, Tx, requests::gone_approvers};

#[derive(Clone, Debug)]
pub struct SessionRow {
    pub id: SessionId,
    pub code: String,
    pub state: SessionState,
    pub staff: StaffId,
    pub staff_name: String,
    pub staff_email: String,
    /// Text, because a newer version may have written one that this version does not know.
    pub staff_role: String,
    /// Account active and device not revoked.
    pub staff_active: bool,
    /// The operator switched the portal off while the server runs; the configuration may do so besides.
    pub portal_disabled: bool,
    pub device: DeviceId,
    pub portal: PortalId,
    pub customer: CustomerResponse,
    pub reason: Reason,
    pub mode: Mode,
    pub policy_hash: String,
    pub created_at: UnixMillis,
    pub started_at: UnixMillis,
    pub expires_at: UnixMillis,
    pub last_heartbeat_at: UnixMillis,
    pub last_input_at: UnixMillis,
    /// `signed_at` of the latest heartbeat that counted.
    pub beat_signed_at: UnixMillis,
    /// When the portal last said that the customer is active.
    pub customer_checked_at: UnixMillis,
    pub frozen_at: Option<UnixMillis>,
    pub entered_at: Option<UnixMillis>,
    pub ended_at: Option<UnixMillis>,
    pub ended_by: Option<EndedBy>,
    /// The agent's closing words.
    pub note: Option<String>,
    /// Why somebody else ended it.
    pub end_reason: Option<String>,
    /// Who ended it, where that is another staff member.
    pub ended_by_staff: Option<StaffId>,
    pub ended_by_name: Option<String>,
    /// Extensions used so far.
    pub extensions: u32,
    /// The approval that it began with, if it needed one.
    pub request: Option<RequestId>,
    /// How often that lets it be extended.
    pub max_extensions: Option<u32>,
    /// Somebody who approved holds no account any more, or not the device that they signed with.
    pub approver_disabled: bool,
    /// What was stated where it began with break-glass.
    pub emergency: Option<String>,
}

/// A running session whose row holds something that this version does not know. Enough of it is understood to end it.
#[derive(Clone, Debug)]
pub struct UnreadableSession {
    pub id: SessionId,
    pub expires_at: UnixMillis,
    pub subject: EventSubject,
    pub column: &'static str,
}

/// What runs.
#[derive(Clone, Debug, Default)]
pub struct RunningSessions {
    pub readable: Vec<SessionRow>,
    pub unreadable: Vec<UnreadableSession>,
}

/// How a session ended.
pub struct SessionEnd<'a> {
    pub by: EndedBy,
    pub at: UnixMillis,
    pub note: Option<&'a str>,
    pub reason: Option<&'a str>,
    pub staff: Option<&'a StaffId>,
}

/// A session about to begin.
pub struct NewSession<'a> {
    pub id: &'a SessionId,
    pub code: &'a str,
    /// From 0; the policy says how many there are per staff member.
    pub slot: u32,
    pub staff: &'a StaffId,
    pub device: &'a DeviceId,
    pub customer: &'a CustomerResponse,
    pub customer_json: String,
    pub reason: &'a Reason,
    pub mode: Mode,
    pub policy_hash: &'a str,
    pub started_at: UnixMillis,
    pub expires_at: UnixMillis,
    /// Of the approval that it begins with.
    pub max_extensions: Option<u32>,
}

const SELECT: &str = concat!(
    "SELECT x.*, s.name AS staff_name, s.email AS staff_email, s.role AS staff_role, s.active AS staff_row_active, d.revoked_at AS device_revoked_at, \
     e.name AS ended_by_name, p.disabled_at AS portal_disabled_at, g.emergency, \
     (SELECT COUNT(*) ",
    gone_approvers!("x.request"),
    ") AS approvers_disabled \
     FROM sessions x JOIN staff s ON s.id = x.staff JOIN devices d ON d.id = x.device \
     LEFT JOIN staff e ON e.id = x.ended_by_staff LEFT JOIN disabled_portals p ON p.portal = x.portal \
     LEFT JOIN break_glass g ON g.session = x.id"
);

const RUNNING: &str = "WHERE x.state IN ('active', 'frozen') ORDER BY x.expires_at";

// What a portal asks for. Of the first two each has a condition that says no more than `portal = $1`, and leaves only one index to
// choose: by another the database would read all sessions of a server to find the few of a portal that is seldom opened.
const OF_PORTAL: &str =
    "WHERE x.portal >= $1 AND x.portal <= $1 ORDER BY x.portal DESC, x.created_at DESC, x.id DESC LIMIT 200";
const RUNNING_OF_PORTAL: &str = "WHERE x.state IN ('active', 'frozen') AND COALESCE(x.portal, '') = $1 \
     ORDER BY x.created_at DESC, x.id DESC LIMIT 200";
const OF_CUSTOMER: &str = "WHERE x.portal = $1 AND x.customer = $2 ORDER BY x.created_at DESC, x.id DESC LIMIT 200";
const LAST_LOOK: &str =
    "WHERE x.portal = $1 AND x.customer = $2 AND x.entered_at IS NOT NULL ORDER BY x.created_at DESC LIMIT 1";
const RUNNING_OF_CUSTOMER: &str = "WHERE x.portal = $1 AND x.customer = $2 AND x.state IN ('active', 'frozen') \
     ORDER BY x.created_at DESC, x.id DESC LIMIT 200";

impl Store {
    pub async fn session(&self, id: &SessionId) -> Result<Option<SessionRow>, StoreError> {
        one(sqlx::query(concat_select("WHERE x.id = $1")).bind(id.0.clone()).fetch_optional(&self.readers).await?)
    }

    pub async fn session_by_cookie(&self, cookie_sha256: &str) -> Result<Option<SessionRow>, StoreError> {
        one(sqlx::query(concat_select("WHERE x.cookie_sha256 = $1"))
            .bind(cookie_sha256.to_owned())
            .fetch_optional(&self.readers)
            .await?)
    }

    /// How many sessions this staff member has begun at `since` or later.
    pub async fn sessions_begun_since(&self, staff: &StaffId, since: UnixMillis) -> Result<u32, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS begun FROM sessions WHERE staff = $1 AND created_at >= $2")
            .bind(staff.0.clone())
            .bind(since.0)
            .fetch_one(&self.readers)
            .await?;
        u32::try_from(row.try_get::<i64, _>("begun")?).map_err(|_| StoreError::UnknownValue { column: "begun" })
    }

    /// The newest of one staff member, with anybody.
    pub async fn latest_of_staff(&self, staff: &StaffId, limit: u32) -> Result<Vec<SessionRow>, StoreError> {
        let rows = sqlx::query(concat_select("WHERE x.staff = $1 ORDER BY x.created_at DESC, x.id DESC LIMIT $2"))
            .bind(staff.0.clone())
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
        listed(&rows)
    }

    /// The newest with one customer, by anybody.
    pub async fn latest_of_customer(
        &self,
        portal: &PortalId,
        customer: &CustomerId,
        limit: u32,
    ) -> Result<Vec<SessionRow>, StoreError> {
        let rows = sqlx::query(concat_select(
            "WHERE x.portal = $1 AND x.customer = $2 ORDER BY x.created_at DESC, x.id DESC LIMIT $3",
        ))
        .bind(portal.0.clone())
        .bind(customer.0.clone())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        listed(&rows)
    }

    /// Newest first, at most two hundred. `staff` narrows to one member's. Rows that cannot be read are left out and logged.
    pub async fn sessions(&self, staff: Option<&StaffId>, running_only: bool) -> Result<Vec<SessionRow>, StoreError> {
        // A question of its own for each, so that each has its index.
        let which = match (staff, running_only) {
            (None, false) => "ORDER BY x.created_at DESC, x.id DESC LIMIT 200",
            (None, true) => "WHERE x.state IN ('active', 'frozen') ORDER BY x.created_at DESC, x.id DESC LIMIT 200",
            (Some(_), false) => "WHERE x.staff = $1 ORDER BY x.created_at DESC, x.id DESC LIMIT 200",
            (Some(_), true) => {
                "WHERE x.staff = $1 AND x.state IN ('active', 'frozen') ORDER BY x.created_at DESC, x.id DESC LIMIT 200"
            }
        };
        let mut question = sqlx::query(concat_select(which));
        if let Some(id) = staff {
            question = question.bind(id.0.clone());
        }
        listed(&question.fetch_all(&self.readers).await?)
    }

    /// Those that are over and were not compared yet, in the order of their ends, after this one.
    pub async fn sessions_to_reconcile(
        &self,
        ended_at: UnixMillis,
        id: &SessionId,
        limit: u32,
    ) -> Result<Vec<SessionRow>, StoreError> {
        let question = concat_select(
            "WHERE x.state = 'ended' AND x.reconciled_at IS NULL AND (x.ended_at > $1 OR x.ended_at = $1 AND x.id > $2) \
             ORDER BY x.ended_at, x.id LIMIT $3",
        );
        let rows = sqlx::query(question)
            .bind(ended_at.0)
            .bind(id.0.clone())
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
        listed(&rows)
    }

    /// All running sessions, earliest deadline first. One row that cannot be read does not hide the others.
    pub async fn running_sessions(&self) -> Result<RunningSessions, StoreError> {
        running(&sqlx::query(concat_select(RUNNING)).fetch_all(&self.readers).await?)
    }

    /// A customer's sessions, or all of the portal's: newest first, at most two hundred.
    pub async fn portal_sessions(
        &self,
        portal: &PortalId,
        customer: Option<&CustomerId>,
        running_only: bool,
    ) -> Result<Vec<SessionRow>, StoreError> {
        // A question of its own for each, so that each has its index.
        let which = match (customer, running_only) {
            (None, false) => OF_PORTAL,
            (None, true) => RUNNING_OF_PORTAL,
            (Some(_), false) => OF_CUSTOMER,
            (Some(_), true) => RUNNING_OF_CUSTOMER,
        };
        let mut question = sqlx::query(concat_select(which)).bind(portal.0.clone());
        if let Some(id) = customer {
            question = question.bind(id.0.clone());
        }
        listed(&question.fetch_all(&self.readers).await?)
    }

    /// The latest session that opened this customer's portal.
    pub async fn last_look(&self, portal: &PortalId, customer: &CustomerId) -> Result<Option<SessionRow>, StoreError> {
        one(sqlx::query(concat_select(LAST_LOOK))
            .bind(portal.0.clone())
            .bind(customer.0.clone())
            .fetch_optional(&self.readers)
            .await?)
    }
}

fn running(rows: &[AnyRow]) -> Result<RunningSessions, StoreError> {
    let mut running = RunningSessions::default();
    for row in rows {
        match session_row(row) {
            Ok(session) => running.readable.push(session),
            Err(StoreError::UnknownValue { column }) => running.unreadable.push(unreadable(row, column)?),
            Err(error) => return Err(error),
        }
    }
    Ok(running)
}

impl Tx {
    /// All running sessions, earliest deadline first.
    pub async fn running_sessions(&mut self) -> Result<RunningSessions, StoreError> {
        running(&sqlx::query(concat_select(RUNNING)).fetch_all(&mut *self.inner).await?)
    }

    pub async fn session(&mut self, id: &SessionId) -> Result<Option<SessionRow>, StoreError> {
        one(sqlx::query(concat_select("WHERE x.id = $1")).bind(id.0.clone()).fetch_optional(&mut *self.inner).await?)
    }

    pub async fn running_sessions_of(&mut self, staff: &StaffId) -> Result<Vec<SessionRow>, StoreError> {
        sqlx::query(concat_select("WHERE x.staff = $1 AND x.state IN ('active', 'frozen') ORDER BY x.created_at DESC"))
            .bind(staff.0.clone())
            .fetch_all(&mut *self.inner)
            .await?
            .iter()
            .map(session_row)
            .collect()
    }

    /// Inserts as `active`; false when the slot is taken or the code is in use. The unique indexes decide.
    pub async fn insert_session(&mut self, new: &NewSession<'_>) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO sessions (id, code, state, slot, staff, device, portal, customer, customer_json, reason_code, \
             reason_text, ticket, mode, policy_hash, created_at, started_at, expires_at, last_heartbeat_at, \
             last_input_at, customer_checked_at, max_extensions) VALUES ($1, $2, 'active', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
             $14, $14, $15, $14, $14, $14, $16) ON CONFLICT DO NOTHING",
        )
        .bind(new.id.0.clone())
        .bind(new.code.to_owned())
        .bind(i64::from(new.slot))
        .bind(new.staff.0.clone())
        .bind(new.device.0.clone())
        .bind(new.customer.portal.0.clone())
        .bind(new.customer.id.0.clone())
        .bind(new.customer_json.clone())
        .bind(new.reason.code.clone())
        .bind(new.reason.text.clone())
        .bind(new.reason.ticket.clone())
        .bind(new.mode.as_str().to_owned())
        .bind(new.policy_hash.to_owned())
        .bind(new.started_at.0)
        .bind(new.expires_at.0)
        .bind(new.max_extensions.map(i64::from))
        .execute(&mut *self.inner)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Which approval it began with.
    pub async fn note_request(&mut self, id: &SessionId, request: &RequestId) -> Result<(), StoreError> {
        sqlx::query("UPDATE sessions SET request = $2 WHERE id = $1")
            .bind(id.0.clone())
            .bind(request.0.clone())
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    pub async fn session_code_taken(&mut self, code: &str) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT id FROM sessions WHERE code = $1")
            .bind(code.to_owned())
            .fetch_optional(&mut *self.inner)
            .await?;
        Ok(row.is_some())
    }

    /// Puts a fresh grant in place of an older one, as long as nobody entered.
    pub async fn set_grant(
        &mut self,
        id: &SessionId,
        grant_sha256: &str,
        expires_at: UnixMillis,
    ) -> Result<bool, StoreError> {
        self.changed(
            sqlx::query(
                "UPDATE sessions SET grant_sha256 = $2, grant_expires_at = $3 \
                 WHERE id = $1 AND state = 'active' AND entered_at IS NULL RETURNING id",
            )
            .bind(id.0.clone())
            .bind(grant_sha256.to_owned())
            .bind(expires_at.0),
        )
        .await
    }

    /// Trades the grant for the cookie; false when the grant is another, used, late, or the session does not run.
    pub async fn enter_session(
        &mut self,
        id: &SessionId,
        grant_sha256: &str,
        cookie_sha256: &str,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        self.changed(
            sqlx::query(
                "UPDATE sessions SET cookie_sha256 = $3, entered_at = $4, grant_sha256 = NULL, grant_expires_at = NULL \
                 WHERE id = $1 AND state = 'active' AND grant_sha256 = $2 AND grant_expires_at > $4 AND expires_at > $4 \
                 RETURNING id",
            )
            .bind(id.0.clone())
            .bind(grant_sha256.to_owned())
            .bind(cookie_sha256.to_owned())
            .bind(now.0),
        )
        .await
    }

    /// Notes a sign of life and, where it says so, the last input; false when the session does not run or a newer sign of
    /// life has been noted before.
    pub async fn touch_session(
        &mut self,
        id: &SessionId,
        signed_at: UnixMillis,
        now: UnixMillis,
        last_input_at: UnixMillis,
    ) -> Result<bool, StoreError> {
        self.changed(
            sqlx::query(
                "UPDATE sessions SET last_heartbeat_at = $2, beat_signed_at = $4, \
                 last_input_at = CASE WHEN last_input_at < $3 THEN $3 ELSE last_input_at END \
                 WHERE id = $1 AND state IN ('active', 'frozen') AND expires_at > $2 AND beat_signed_at < $4 RETURNING id",
            )
            .bind(id.0.clone())
            .bind(now.0)
            .bind(last_input_at.0)
            .bind(signed_at.0),
        )
        .await
    }

    /// Moves the deadline; false unless the session is active and still as it was `before`.
    pub async fn extend_session(
        &mut self,
        before: &SessionRow,
        expires_at: UnixMillis,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        self.changed(
            sqlx::query(
                "UPDATE sessions SET expires_at = $2, extensions = extensions + 1 \
                 WHERE id = $1 AND state = 'active' AND extensions = $3 AND expires_at = $4 AND expires_at > $5 RETURNING id",
            )
            .bind(before.id.0.clone())
            .bind(expires_at.0)
            .bind(i64::from(before.extensions))
            .bind(before.expires_at.0)
            .bind(now.0),
        )
        .await
    }

    pub async fn mark_customer_checked(&mut self, id: &SessionId, at: UnixMillis) -> Result<(), StoreError> {
        sqlx::query("UPDATE sessions SET customer_checked_at = $2 WHERE id = $1")
            .bind(id.0.clone())
            .bind(at.0)
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    pub async fn resume_session(&mut self, id: &SessionId, now: UnixMillis) -> Result<bool, StoreError> {
        self.changed(
            sqlx::query(
                "UPDATE sessions SET state = 'active', frozen_at = NULL \
                 WHERE id = $1 AND state = 'frozen' AND expires_at > $2 RETURNING id",
            )
            .bind(id.0.clone())
            .bind(now.0),
        )
        .await
    }

    /// Freezes a session that was silent since `silent_since` or longer.
    pub async fn freeze_session(
        &mut self,
        id: &SessionId,
        silent_since: UnixMillis,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        self.changed(
            sqlx::query(
                "UPDATE sessions SET state = 'frozen', frozen_at = $3 \
                 WHERE id = $1 AND state = 'active' AND last_heartbeat_at <= $2 RETURNING id",
            )
            .bind(id.0.clone())
            .bind(silent_since.0)
            .bind(now.0),
        )
        .await
    }

    /// Ends a running session; false when it does not run (any more). Who ended it first stands.
    pub async fn end_session(&mut self, id: &SessionId, end: &SessionEnd<'_>) -> Result<bool, StoreError> {
        self.changed(
            sqlx::query(
                "UPDATE sessions SET state = 'ended', ended_by = $2, ended_at = $3, note = $4, end_reason = $5, \
                 ended_by_staff = $6, grant_sha256 = NULL, grant_expires_at = NULL \
                 WHERE id = $1 AND state IN ('active', 'frozen') RETURNING id",
            )
            .bind(id.0.clone())
            .bind(end.by.as_str().to_owned())
            .bind(end.at.0)
            .bind(end.note.map(ToOwned::to_owned))
            .bind(end.reason.map(ToOwned::to_owned))
            .bind(end.staff.map(|staff| staff.0.clone())),
        )
        .await
    }

    /// Closing words after the end; false when there are some or the session is not over.
    pub async fn add_note(&mut self, id: &SessionId, note: &str) -> Result<bool, StoreError> {
        self.changed(
            sqlx::query(
                "UPDATE sessions SET note = $2 WHERE id = $1 AND state = 'ended' AND note IS NULL RETURNING id",
            )
            .bind(id.0.clone())
            .bind(note.to_owned()),
        )
        .await
    }

    pub(super) async fn changed(
        &mut self,
        update: sqlx::query::Query<'_, sqlx::Any, sqlx::any::AnyArguments>,
    ) -> Result<bool, StoreError> {
        Ok(!update.fetch_all(&mut *self.inner).await?.is_empty())
    }
}

/// The conditions are constants of this file; values are always bound.
fn concat_select(rest: &'static str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!("{SELECT} {rest}"))
}

fn one(row: Option<AnyRow>) -> Result<Option<SessionRow>, StoreError> {
    row.as_ref().map(session_row).transpose()
}

fn listed(rows: &[AnyRow]) -> Result<Vec<SessionRow>, StoreError> {
    let mut sessions = Vec::with_capacity(rows.len());
    for row in rows {
        match session_row(row) {
            Ok(session) => sessions.push(session),
            Err(StoreError::UnknownValue { column }) => {
                tracing::error!(session = %row.try_get::<String, _>("id")?, column, "a session cannot be read; it is left out");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(sessions)
}

fn unreadable(row: &AnyRow, column: &'static str) -> Result<UnreadableSession, StoreError> {
    let id = SessionId(row.try_get("id")?);
    Ok(UnreadableSession {
        expires_at: UnixMillis(row.try_get("expires_at")?),
        subject: EventSubject {
            staff: Some(StaffId(row.try_get("staff")?)),
            customer: Some(CustomerId(row.try_get("customer")?)),
            portal: Some(PortalId(row.try_get("portal")?)),
            session: Some(id.clone()),
            device: Some(DeviceId(row.try_get("device")?)),
            policy_hash: Some(row.try_get("policy_hash")?),
        },
        id,
        column,
    })
}

fn session_row(row: &AnyRow) -> Result<SessionRow, StoreError> {
    let unknown = |column| StoreError::UnknownValue { column };
    let time = |column| -> Result<UnixMillis, StoreError> { Ok(UnixMillis(row.try_get(column)?)) };
    let maybe = |column| -> Result<Option<UnixMillis>, StoreError> {
        Ok(row.try_get::<Option<i64>, _>(column)?.map(UnixMillis))
    };
    let mode: String = row.try_get("mode")?;
    let ended_by: Option<String> = row.try_get("ended_by")?;
    let customer: String = row.try_get("customer_json")?;
    Ok(SessionRow {
        id: SessionId(row.try_get("id")?),
        code: row.try_get("code")?,
        state: SessionState::parse(&row.try_get::<String, _>("state")?).ok_or(unknown("state"))?,
        staff: StaffId(row.try_get("staff")?),
        staff_name: row.try_get("staff_name")?,
        staff_email: row.try_get("staff_email")?,
        staff_role: row.try_get("staff_role")?,
        staff_active: row.try_get::<i64, _>("staff_row_active")? == 1 && maybe("device_revoked_at")?.is_none(),
        portal_disabled: maybe("portal_disabled_at")?.is_some(),
        device: DeviceId(row.try_get("device")?),
        portal: PortalId(row.try_get("portal")?),
        customer: serde_json::from_str(&customer).map_err(|_| unknown("customer_json"))?,
        reason: Reason {
            code: row.try_get("reason_code")?,
            text: row.try_get("reason_text")?,
            ticket: row.try_get("ticket")?,
        },
        mode: [Mode::ReadOnly, Mode::ReadWrite]
            .into_iter()
            .find(|known| known.as_str() == mode)
            .ok_or(unknown("mode"))?,
        policy_hash: row.try_get("policy_hash")?,
        created_at: time("created_at")?,
        started_at: time("started_at")?,
        expires_at: time("expires_at")?,
        last_heartbeat_at: time("last_heartbeat_at")?,
        last_input_at: time("last_input_at")?,
        beat_signed_at: time("beat_signed_at")?,
        customer_checked_at: time("customer_checked_at")?,
        frozen_at: maybe("frozen_at")?,
        entered_at: maybe("entered_at")?,
        ended_at: maybe("ended_at")?,
        ended_by: ended_by.map(|text| EndedBy::parse(&text).ok_or(unknown("ended_by"))).transpose()?,
        note: row.try_get("note")?,
        end_reason: row.try_get("end_reason")?,
        ended_by_staff: row.try_get::<Option<String>, _>("ended_by_staff")?.map(StaffId),
        ended_by_name: row.try_get("ended_by_name")?,
        extensions: u32::try_from(row.try_get::<i64, _>("extensions")?).map_err(|_| unknown("extensions"))?,
        request: row.try_get::<Option<String>, _>("request")?.map(RequestId),
        max_extensions: row
            .try_get::<Option<i64>, _>("max_extensions")?
            .map(|most| u32::try_from(most).map_err(|_| unknown("max_extensions")))
            .transpose()?,
        approver_disabled: row.try_get::<i64, _>("approvers_disabled")? > 0,
        emergency: row.try_get("emergency")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Else a portal that is asked for its customers' sessions reads all that there ever were.
    #[tokio::test]
    async fn what_a_portal_asks_for_is_found_by_an_index_each() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}", dir.path().join("lists.db").display()).into()).await.unwrap();
        for (question, index) in [
            (OF_PORTAL, "sessions_by_portal"),
            (RUNNING_OF_PORTAL, "sessions_running_by_time"),
            (OF_CUSTOMER, "sessions_by_customer"),
            (RUNNING_OF_CUSTOMER, "sessions_by_customer"),
            (LAST_LOOK, "sessions_by_customer"),
        ] {
            let plan = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {SELECT} {question}"));
            let plan = sqlx::query(plan).bind("barkside").bind("1042").fetch_all(&store.readers).await.unwrap();
            let steps: Vec<String> = plan.iter().map(|step| step.get("detail")).collect();
            let found = steps.iter().find(|step| step.contains(" x ")).unwrap();
            assert!(found.split(' ').any(|word| word == index), "{question}: {steps:?}");
        }
        store.close().await;
    }
}

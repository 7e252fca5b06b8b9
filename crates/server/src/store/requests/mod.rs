//! Requests for approval and the decisions about them: the statements, and the conditional updates that are the only changes of
//! state.

mod rows;

use amberglass_wire::{
    DeviceId, EventId, RequestId, SessionId, StaffId, UnixMillis,
    approval::{Scope, Verdict},
    customer::CustomerResponse,
};
use sqlx::{Row as _, any::AnyRow};

pub use rows::{ApproverRow, AskedSoFar, DecisionRow, NewRequest, OpenWrite, RequestRow, Sent, WriteRow};
use rows::{decision, listed, number, one, open_write};

use super::{Store, StoreError, Tx};

const SELECT: &str = "SELECT r.*, s.name AS staff_name, s.email AS staff_email, s.role AS staff_role \
     FROM requests r JOIN staff s ON s.id = r.staff";

const DECISIONS: &str = "SELECT d.*, s.name AS approver_name FROM decisions d JOIN staff s ON s.id = d.approver \
     WHERE d.request = $1 ORDER BY d.decided_at, d.approver";

/// Those who decided about a request and hold no account any more, or whose device was revoked since: what they approved is worth
/// nothing.
macro_rules! gone_approvers {
    ($request:literal) => {
        concat!(
            "FROM decisions d JOIN staff a ON a.id = d.approver JOIN devices v ON v.id = d.device WHERE d.request = ",
            $request,
            " AND (a.active = 0 OR v.revoked_at IS NOT NULL)"
        )
    };
}
pub(super) use gone_approvers;

macro_rules! approved_by {
    ($which:literal) => {
        concat!(
            "WHERE ",
            $which,
            " AND EXISTS (SELECT 1 FROM decisions d WHERE d.request = r.id AND d.approver = $1 AND d.verdict = 'approve') \
             ORDER BY r.created_at, r.id LIMIT 200"
        )
    };
}
const OPEN: &str = approved_by!("r.state IN ('pending', 'approved')");
const USED: &str = approved_by!(
    "r.state = 'used' AND r.kept IS NULL AND r.session IN (SELECT x.id FROM sessions x WHERE x.state IN ('active', 'frozen'))"
);

impl Store {
    pub async fn request(&self, id: &RequestId) -> Result<Option<RequestRow>, StoreError> {
        one(sqlx::query(select("WHERE r.id = $1")).bind(id.0.clone()).fetch_optional(&self.readers).await?)
    }

    /// One staff member's, newest first, at most fifty. Rows that cannot be read are left out of lists and logged.
    pub async fn requests_of(&self, staff: &StaffId) -> Result<Vec<RequestRow>, StoreError> {
        let rows = sqlx::query(select("WHERE r.staff = $1 ORDER BY r.created_at DESC, r.id DESC LIMIT 50"));
        listed(&rows.bind(staff.0.clone()).fetch_all(&self.readers).await?)
    }

    /// What waits for a decision, oldest first, at most two hundred: nobody can have so many open that others' don't fit in.
    pub async fn pending_requests(&self) -> Result<Vec<RequestRow>, StoreError> {
        let rows = sqlx::query(select("WHERE r.state = 'pending' ORDER BY r.created_at, r.id LIMIT 200"));
        listed(&rows.fetch_all(&self.readers).await?)
    }

    /// All that wait for a decision, or were approved and not used yet.
    pub async fn open_requests(&self) -> Result<Vec<RequestRow>, StoreError> {
        let rows = sqlx::query(select("WHERE r.state IN ('pending', 'approved') ORDER BY r.created_at, r.id"));
        listed(&rows.fetch_all(&self.readers).await?)
    }

    /// Those of which who asked, or one who approved, holds no account any more, or the device that signed was revoked.
    pub async fn requests_of_the_disabled(&self) -> Result<Vec<RequestId>, StoreError> {
        sqlx::query(concat!(
            "SELECT r.id FROM requests r JOIN staff s ON s.id = r.staff WHERE r.state IN ('pending', 'approved') \
                 AND (s.active = 0 OR EXISTS (SELECT 1 ",
            gone_approvers!("r.id"),
            "))"
        ))
        .fetch_all(&self.readers)
        .await?
        .iter()
        .map(|row| Ok(RequestId(row.try_get("id")?)))
        .collect()
    }

    /// Who has approved, as they are now.
    pub async fn approvers(&self, id: &RequestId) -> Result<Vec<ApproverRow>, StoreError> {
        sqlx::query(
            "SELECT s.id, s.email, s.role FROM decisions d JOIN staff s ON s.id = d.approver \
             WHERE d.request = $1 AND d.verdict = 'approve'",
        )
        .bind(id.0.clone())
        .fetch_all(&self.readers)
        .await?
        .iter()
        .map(|row| {
            Ok(ApproverRow {
                id: StaffId(row.try_get("id")?),
                email: row.try_get("email")?,
                role: row.try_get("role")?,
            })
        })
        .collect()
    }

    /// What this staff member has approved and can still withdraw, oldest first: what is open, and what a running session
    /// began with.
    pub async fn given_by(&self, approver: &StaffId) -> Result<Vec<RequestRow>, StoreError> {
        let mut given = Vec::new();
        for rest in [OPEN, USED] {
            let rows = sqlx::query(select(rest)).bind(approver.0.clone()).fetch_all(&self.readers).await?;
            given.extend(listed(&rows)?);
        }
        given.sort_by(|one: &RequestRow, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
        Ok(given)
    }

    /// Those whose time is over.
    pub async fn requests_due(&self, now: UnixMillis) -> Result<Vec<RequestId>, StoreError> {
        sqlx::query("SELECT id FROM requests WHERE state IN ('pending', 'approved') AND expires_at <= $1")
            .bind(now.0)
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(|row| Ok(RequestId(row.try_get("id")?)))
            .collect()
    }

    /// Those that nobody has decided since `before`, and nobody else was told of yet.
    pub async fn requests_to_escalate(&self, before: UnixMillis) -> Result<Vec<RequestId>, StoreError> {
        sqlx::query("SELECT id FROM requests WHERE state = 'pending' AND escalated_at IS NULL AND created_at <= $1")
            .bind(before.0)
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(|row| Ok(RequestId(row.try_get("id")?)))
            .collect()
    }

    pub async fn decisions(&self, id: &RequestId) -> Result<Vec<DecisionRow>, StoreError> {
        sqlx::query(DECISIONS).bind(id.0.clone()).fetch_all(&self.readers).await?.iter().map(decision).collect()
    }
}

impl Tx {
    pub async fn request(&mut self, id: &RequestId) -> Result<Option<RequestRow>, StoreError> {
        one(sqlx::query(select("WHERE r.id = $1")).bind(id.0.clone()).fetch_optional(&mut *self.inner).await?)
    }

    /// The one that asks the same already.
    pub async fn open_request_of(
        &mut self,
        staff: &StaffId,
        customer: &CustomerResponse,
    ) -> Result<Option<RequestRow>, StoreError> {
        let row = sqlx::query(select(
            "WHERE r.staff = $1 AND r.portal = $2 AND r.customer = $3 AND r.state IN ('pending', 'approved') \
             AND r.kept IS NULL",
        ))
        .bind(staff.0.clone())
        .bind(customer.portal.0.clone())
        .bind(customer.id.0.clone())
        .fetch_optional(&mut *self.inner)
        .await?;
        one(row)
    }

    /// `since` counts also what is over.
    pub async fn asked_so_far(&mut self, staff: &StaffId, since: UnixMillis) -> Result<AskedSoFar, StoreError> {
        let open = sqlx::query(
            "SELECT COUNT(*) AS n, MIN(expires_at) AS first FROM requests \
             WHERE staff = $1 AND state IN ('pending', 'approved')",
        )
        .bind(staff.0.clone())
        .fetch_one(&mut *self.inner)
        .await?;
        let asked = sqlx::query(
            "SELECT COUNT(*) AS n, MIN(created_at) AS first FROM requests WHERE staff = $1 AND created_at > $2",
        )
        .bind(staff.0.clone())
        .bind(since.0)
        .fetch_one(&mut *self.inner)
        .await?;
        let first = |row: &AnyRow| row.try_get::<Option<i64>, _>("first").map(|at| at.map(UnixMillis));
        Ok(AskedSoFar {
            open: number(&open, "n")?,
            first_lapses_at: first(&open)?,
            since: number(&asked, "n")?,
            first_asked_at: first(&asked)?,
        })
    }

    /// The account holds and has this role, and its device is not revoked.
    pub async fn stands(&mut self, staff: &StaffId, role: &str, device: &DeviceId) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT s.id FROM staff s CROSS JOIN devices d \
             WHERE s.id = $1 AND s.role = $2 AND s.active = 1 AND d.id = $3 AND d.revoked_at IS NULL",
        )
        .bind(staff.0.clone())
        .bind(role.to_owned())
        .bind(device.0.clone())
        .fetch_optional(&mut *self.inner)
        .await?;
        Ok(row.is_some())
    }

    /// Inserts as `pending`; the unique index lets in one open request of a staff member for a customer.
    pub async fn insert_request(&mut self, new: &NewRequest<'_>) -> Result<(), StoreError> {
        let write_json = new.write.map(|(_, write)| serde_json::to_string(write)).transpose();
        let write_json = write_json.map_err(|_| StoreError::UnknownValue { column: "write_json" })?;
        sqlx::query(
            "INSERT INTO requests (id, state, staff, device, portal, customer, customer_json, reason_code, reason_text, \
             ticket, mode, duration_seconds, extensions, rules, policy_hash, server, nonce, approvals_needed, created_at, \
             expires_at, session, kept, write_json) VALUES ($1, 'pending', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, \
             $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)",
        )
        .bind(new.id.0.clone())
        .bind(new.staff.0.clone())
        .bind(new.device.0.clone())
        .bind(new.customer.portal.0.clone())
        .bind(new.customer.id.0.clone())
        .bind(new.customer_json.clone())
        .bind(new.reason.code.clone())
        .bind(new.reason.text.clone())
        .bind(new.reason.ticket.clone())
        .bind(new.asked.mode.as_str().to_owned())
        .bind(i64::from(new.asked.duration_seconds))
        .bind(i64::from(new.asked.extensions))
        .bind(new.rules.join(" "))
        .bind(new.policy_hash.to_owned())
        .bind(new.server.to_owned())
        .bind(new.nonce.to_owned())
        .bind(i64::from(new.approvals_needed))
        .bind(new.created_at.0)
        .bind(new.expires_at.0)
        .bind(new.write.map(|(session, _)| session.0.clone()))
        .bind(new.write.map(|(_, write)| write.record.0.clone()))
        .bind(write_json)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    pub async fn decisions(&mut self, id: &RequestId) -> Result<Vec<DecisionRow>, StoreError> {
        sqlx::query(DECISIONS).bind(id.0.clone()).fetch_all(&mut *self.inner).await?.iter().map(decision).collect()
    }

    /// Each approver decides once about a request; the primary key holds it.
    pub async fn insert_decision(
        &mut self,
        request: &RequestId,
        (approver, device): (&StaffId, &DeviceId),
        (verdict, scope, comment): (Verdict, &Scope, &str),
        at: UnixMillis,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO decisions (request, approver, device, verdict, mode, duration_seconds, extensions, comment, \
             decided_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(request.0.clone())
        .bind(approver.0.clone())
        .bind(device.0.clone())
        .bind(verdict.as_str().to_owned())
        .bind(scope.mode.as_str().to_owned())
        .bind(i64::from(scope.duration_seconds))
        .bind(i64::from(scope.extensions))
        .bind(comment.to_owned())
        .bind(at.0)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    /// False when it is not pending any more; who decided first stands.
    pub async fn approve_request(
        &mut self,
        id: &RequestId,
        granted: &Scope,
        use_by: UnixMillis,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        self.changed(
            sqlx::query(
                "UPDATE requests SET state = 'approved', granted_mode = $2, granted_seconds = $3, granted_extensions = $4, \
                 expires_at = $5 WHERE id = $1 AND state = 'pending' AND expires_at > $6 RETURNING id",
            )
            .bind(id.0.clone())
            .bind(granted.mode.as_str().to_owned())
            .bind(i64::from(granted.duration_seconds))
            .bind(i64::from(granted.extensions))
            .bind(use_by.0)
            .bind(now.0),
        )
        .await
    }

    pub async fn deny_request(&mut self, id: &RequestId, now: UnixMillis) -> Result<bool, StoreError> {
        self.changed(
            sqlx::query(
                "UPDATE requests SET state = 'denied', closed_at = $2 \
                 WHERE id = $1 AND state = 'pending' AND expires_at > $2 RETURNING id",
            )
            .bind(id.0.clone())
            .bind(now.0),
        )
        .await
    }

    /// Also of one that a session began with, which then has to end.
    pub async fn withdraw_request(&mut self, id: &RequestId, now: UnixMillis) -> Result<bool, StoreError> {
        self.changed(
            sqlx::query(
                "UPDATE requests SET state = 'withdrawn', closed_at = $2 \
                 WHERE id = $1 AND state IN ('pending', 'approved', 'used') RETURNING id",
            )
            .bind(id.0.clone())
            .bind(now.0),
        )
        .await
    }

    pub async fn lapse_request(&mut self, id: &RequestId, now: UnixMillis) -> Result<bool, StoreError> {
        self.changed(
            sqlx::query(
                "UPDATE requests SET state = 'lapsed', closed_at = $2 \
                 WHERE id = $1 AND state IN ('pending', 'approved') AND expires_at <= $2 RETURNING id",
            )
            .bind(id.0.clone())
            .bind(now.0),
        )
        .await
    }

    pub async fn escalate_request(&mut self, id: &RequestId, now: UnixMillis) -> Result<bool, StoreError> {
        self.changed(
            sqlx::query(
                "UPDATE requests SET escalated_at = $2 \
                 WHERE id = $1 AND state = 'pending' AND escalated_at IS NULL AND expires_at > $2 RETURNING id",
            )
            .bind(id.0.clone())
            .bind(now.0),
        )
        .await
    }

    /// Lapses it before its time.
    pub async fn close_request(&mut self, id: &RequestId, now: UnixMillis) -> Result<bool, StoreError> {
        self.changed(
            sqlx::query(
                "UPDATE requests SET state = 'lapsed', closed_at = $2 \
                 WHERE id = $1 AND state IN ('pending', 'approved') RETURNING id",
            )
            .bind(id.0.clone())
            .bind(now.0),
        )
        .await
    }

    /// Once, in time, and while everybody who approved still holds account and device.
    pub async fn use_request(
        &mut self,
        id: &RequestId,
        session: &SessionId,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        self.changed(
            sqlx::query(
                concat!(
                    "UPDATE requests SET state = 'used', session = $2, closed_at = $3 \
                     WHERE id = $1 AND state = 'approved' AND expires_at > $3 AND kept IS NULL AND NOT EXISTS (SELECT 1 ",
                    gone_approvers!("$1"),
                    ") RETURNING id"
                ),
            )
            .bind(id.0.clone())
            .bind(session.0.clone())
            .bind(now.0),
        )
        .await
    }
}

impl Tx {
    /// The one that is about this write, whatever became of it.
    pub async fn request_about(&mut self, record: &EventId) -> Result<Option<RequestRow>, StoreError> {
        one(sqlx::query(select("WHERE r.kept = $1")).bind(record.0.clone()).fetch_optional(&mut *self.inner).await?)
    }

    /// About writes of this session, as long as somebody can still decide about them or send them.
    pub async fn open_writes_of(&mut self, session: &SessionId) -> Result<Vec<OpenWrite>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, state, staff, customer, portal, device, policy_hash FROM requests \
             WHERE session = $1 AND kept IS NOT NULL AND state IN ('pending', 'approved') ORDER BY created_at, id",
        );
        let rows = rows.bind(session.0.clone()).fetch_all(&mut *self.inner).await?;
        rows.iter().map(|row| open_write(row, session)).collect()
    }

    /// Where the portal led after what was sent in this session: nobody goes there any more.
    pub async fn forget_pages_of(&mut self, session: &SessionId) -> Result<(), StoreError> {
        let rows = sqlx::query("SELECT id, outcome_json FROM requests WHERE session = $1 AND outcome_json IS NOT NULL");
        for row in rows.bind(session.0.clone()).fetch_all(&mut *self.inner).await? {
            // What can't be read goes whole: what came of it is on record.
            let sent = serde_json::from_str::<Sent>(&row.try_get::<String, _>("outcome_json")?);
            let kept = sent.and_then(|sent| serde_json::to_string(&Sent { page: None, ..sent })).ok();
            sqlx::query("UPDATE requests SET outcome_json = $2 WHERE id = $1")
                .bind(row.try_get::<String, _>("id")?)
                .bind(kept)
                .execute(&mut *self.inner)
                .await?;
        }
        Ok(())
    }

    /// Once, in time, while its session is active and everybody who approved still holds account and device: who gets this far sends,
    /// and nobody ever after.
    pub async fn use_write(&mut self, id: &RequestId, now: UnixMillis) -> Result<bool, StoreError> {
        self.changed(
            sqlx::query(
                concat!(
                    "UPDATE requests SET state = 'used', closed_at = $2 \
                     WHERE id = $1 AND state = 'approved' AND expires_at > $2 AND kept IS NOT NULL AND EXISTS \
                     (SELECT 1 FROM sessions x WHERE x.id = requests.session AND x.state = 'active' AND x.expires_at > $2) \
                     AND NOT EXISTS (SELECT 1 ",
                    gone_approvers!("$1"),
                    ") RETURNING id"
                ),
            )
            .bind(id.0.clone())
            .bind(now.0),
        )
        .await
    }

    /// What came of a write that was sent; the first word stands.
    pub async fn note_outcome(&mut self, id: &RequestId, sent: &Sent) -> Result<bool, StoreError> {
        let json = serde_json::to_string(sent).map_err(|_| StoreError::UnknownValue { column: "outcome_json" })?;
        self.changed(
            sqlx::query(
                "UPDATE requests SET outcome_json = $2 \
                 WHERE id = $1 AND state = 'used' AND kept IS NOT NULL AND outcome_json IS NULL RETURNING id",
            )
            .bind(id.0.clone())
            .bind(json),
        )
        .await
    }
}

/// The conditions are constants of this file; values are always bound.
fn select(rest: &'static str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!("{SELECT} {rest}"))
}

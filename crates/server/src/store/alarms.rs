//! Alarms: which record raised each, and who has looked at it. Nothing of it is ever deleted.

use amberglass_wire::{
    CustomerId, DeviceId, EventId, PortalId, SessionId, StaffId, UnixMillis,
    alarm::AlarmResponse,
    audit::{EventBody, EventSubject},
};
use sqlx::{Row as _, any::AnyRow};

use super::{Store, StoreError, Tx};

/// What an alarm is about. The same thing is raised once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmTopic {
    /// Of the record that raises it.
    pub kind: &'static str,
    pub about: String,
    pub shown: String,
    pub device: Option<DeviceId>,
}

/// How far a topic was raised before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RaisedBefore {
    /// This very thing was.
    pub same: bool,
    /// Of the same matter, with nobody who has looked at them.
    pub open: u32,
}

const SELECT: &str = "SELECT l.event, l.kind, l.raised_at, l.acknowledged_at, l.note, a.body, l.device, a.session, \
     d.name AS device_name, x.code AS session_code, s.name AS staff_name, x.customer_json, b.name AS acknowledged_by_name \
     FROM alarms l LEFT JOIN audit_events a ON a.id = l.event LEFT JOIN devices d ON d.id = l.device \
     LEFT JOIN sessions x ON x.id = a.session LEFT JOIN staff s ON s.id = a.staff \
     LEFT JOIN staff b ON b.id = l.acknowledged_by";

impl Tx {
    pub async fn raised_before(&mut self, topic: &AlarmTopic) -> Result<RaisedBefore, StoreError> {
        let row = sqlx::query(
            "SELECT CAST(COALESCE(SUM(CASE WHEN shown = $2 THEN 1 ELSE 0 END), 0) AS BIGINT) AS same, \
             CAST(COALESCE(SUM(CASE WHEN acknowledged_at IS NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS open \
             FROM alarms WHERE about = $1",
        )
        .bind(topic.about.clone())
        .bind(topic.shown.clone())
        .fetch_one(&mut *self.inner)
        .await?;
        let open = u32::try_from(row.try_get::<i64, _>("open")?).unwrap_or(u32::MAX);
        Ok(RaisedBefore { same: row.try_get::<i64, _>("same")? > 0, open })
    }

    pub async fn insert_alarm(
        &mut self,
        event: &EventId,
        topic: &AlarmTopic,
        at: UnixMillis,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO alarms (event, kind, about, shown, device, raised_at) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(event.0.clone())
        .bind(topic.kind.to_owned())
        .bind(topic.about.clone())
        .bind(topic.shown.clone())
        .bind(topic.device.as_ref().map(|device| device.0.clone()))
        .bind(at.0)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    /// False when there is no such alarm or somebody has looked at it before.
    pub async fn acknowledge_alarm(
        &mut self,
        event: &EventId,
        by: Option<&StaffId>,
        note: &str,
        at: UnixMillis,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE alarms SET acknowledged_at = $2, acknowledged_by = $3, note = $4 \
             WHERE event = $1 AND acknowledged_at IS NULL",
        )
        .bind(event.0.clone())
        .bind(at.0)
        .bind(by.map(|staff| staff.0.clone()))
        .bind(note.to_owned())
        .execute(&mut *self.inner)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Whom and what the record is about that raised it.
    pub async fn subject_of_alarm(&mut self, event: &EventId) -> Result<EventSubject, StoreError> {
        let row = sqlx::query("SELECT staff, customer, portal, session, device FROM audit_events WHERE id = $1")
            .bind(event.0.clone())
            .fetch_optional(&mut *self.inner)
            .await?;
        let Some(row) = row else { return Ok(EventSubject::default()) };
        let text = |column| row.try_get::<Option<String>, _>(column);
        Ok(EventSubject {
            staff: text("staff")?.map(StaffId),
            customer: text("customer")?.map(CustomerId),
            portal: text("portal")?.map(PortalId),
            session: text("session")?.map(SessionId),
            device: text("device")?.map(DeviceId),
            policy_hash: None,
        })
    }
}

impl Store {
    /// Those that nobody has looked at: how many, and the newest of them.
    pub async fn open_alarms(&self, limit: u32) -> Result<(u32, Vec<AlarmResponse>), StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS n FROM alarms WHERE acknowledged_at IS NULL")
            .fetch_one(&self.readers)
            .await?;
        let open = u32::try_from(row.try_get::<i64, _>("n")?).unwrap_or(u32::MAX);
        if open == 0 {
            return Ok((0, Vec::new()));
        }
        let rest = "WHERE l.acknowledged_at IS NULL ORDER BY l.raised_at DESC, a.position DESC LIMIT $1";
        Ok((open, self.alarms_where(rest, i64::from(limit)).await?))
    }

    /// All of them, the newest first.
    pub async fn alarms(&self, limit: u32) -> Result<Vec<AlarmResponse>, StoreError> {
        self.alarms_where("ORDER BY l.raised_at DESC, a.position DESC LIMIT $1", i64::from(limit)).await
    }

    pub async fn alarm(&self, event: &EventId) -> Result<Option<AlarmResponse>, StoreError> {
        let question = sqlx::AssertSqlSafe(format!("{SELECT} WHERE l.event = $1"));
        let row = sqlx::query(question).bind(event.0.clone()).fetch_optional(&self.readers).await?;
        row.as_ref().map(alarm).transpose()
    }

    /// The conditions are constants of this file; values are always bound.
    async fn alarms_where(&self, rest: &'static str, limit: i64) -> Result<Vec<AlarmResponse>, StoreError> {
        let question = sqlx::AssertSqlSafe(format!("{SELECT} {rest}"));
        sqlx::query(question).bind(limit).fetch_all(&self.readers).await?.iter().map(alarm).collect()
    }
}

fn alarm(row: &AnyRow) -> Result<AlarmResponse, StoreError> {
    let text = |column| row.try_get::<Option<String>, _>(column);
    let customer = text("customer_json")?;
    let customer =
        customer.and_then(|json| serde_json::from_str::<amberglass_wire::customer::CustomerResponse>(&json).ok());
    Ok(AlarmResponse {
        id: EventId(row.try_get("event")?),
        raised_at: UnixMillis(row.try_get("raised_at")?),
        kind: row.try_get("kind")?,
        // A body that was erased says nothing.
        detail: text("body")?.and_then(|body| serde_json::from_str::<EventBody>(&body).ok()).map(|body| body.detail),
        device: text("device")?.map(DeviceId),
        device_name: text("device_name")?,
        session: text("session")?.map(SessionId),
        session_code: text("session_code")?,
        staff_name: text("staff_name")?,
        customer_name: customer.map(|customer| customer.name),
        held: None,
        acknowledged_at: row.try_get::<Option<i64>, _>("acknowledged_at")?.map(UnixMillis),
        acknowledged_by_name: text("acknowledged_by_name")?,
        note: text("note")?,
    })
}

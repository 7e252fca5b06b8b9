//! Emergency stops: at most one is in force, held by the database itself.

use amberglass_wire::{StaffId, UnixMillis};
use sqlx::{Row as _, any::AnyRow};

use super::{Store, StoreError, Tx};

/// The stop that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmergencyStopRow {
    pub id: String,
    pub reason: String,
    /// `None`: the operator, at the server itself.
    pub stopped_by: Option<StaffId>,
    pub stopped_by_name: Option<String>,
    pub stopped_at: UnixMillis,
}

const IN_FORCE: &str = "SELECT x.id, x.reason, x.stopped_by, x.stopped_at, s.name AS stopped_by_name \
     FROM emergency_stops x LEFT JOIN staff s ON s.id = x.stopped_by WHERE x.lifted_at IS NULL";

impl Store {
    pub async fn emergency_stop(&self) -> Result<Option<EmergencyStopRow>, StoreError> {
        sqlx::query(IN_FORCE).fetch_optional(&self.readers).await?.as_ref().map(stop_row).transpose()
    }
}

impl Tx {
    pub async fn emergency_stop(&mut self) -> Result<Option<EmergencyStopRow>, StoreError> {
        sqlx::query(IN_FORCE).fetch_optional(&mut *self.inner).await?.as_ref().map(stop_row).transpose()
    }

    /// False when one is in force already; that one stands.
    pub async fn insert_emergency_stop(
        &mut self,
        id: &str,
        reason: &str,
        by: Option<&StaffId>,
        at: UnixMillis,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO emergency_stops (id, reason, stopped_by, stopped_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
        .bind(id.to_owned())
        .bind(reason.to_owned())
        .bind(by.map(|staff| staff.0.clone()))
        .bind(at.0)
        .execute(&mut *self.inner)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// False when none is in force.
    pub async fn lift_emergency_stop(&mut self, by: Option<&StaffId>, at: UnixMillis) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE emergency_stops SET lifted_by = $1, lifted_at = $2 WHERE lifted_at IS NULL")
            .bind(by.map(|staff| staff.0.clone()))
            .bind(at.0)
            .execute(&mut *self.inner)
            .await?;
        Ok(done.rows_affected() == 1)
    }
}

fn stop_row(row: &AnyRow) -> Result<EmergencyStopRow, StoreError> {
    Ok(EmergencyStopRow {
        id: row.try_get("id")?,
        reason: row.try_get("reason")?,
        stopped_by: row.try_get::<Option<String>, _>("stopped_by")?.map(StaffId),
        stopped_by_name: row.try_get("stopped_by_name")?,
        stopped_at: UnixMillis(row.try_get("stopped_at")?),
    })
}

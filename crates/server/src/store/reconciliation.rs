//! What the comparison of console and server asks of the log about one session that is over.

use amberglass_wire::{SessionId, UnixMillis};

use super::{SessionRow, Store, StoreError, Tx};

impl Store {
    /// Whether the console has delivered a record of this kind about the session.
    pub async fn console_has_recorded(&self, session: &SessionId, kind: &'static str) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT 1 AS one FROM audit_events WHERE session = $1 AND kind = $2 AND writer NOT LIKE 'server:%' LIMIT 1",
        )
        .bind(session.0.clone())
        .bind(kind.to_owned())
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.is_some())
    }

    /// Whether the window of a later session of the same person on the same device is on record: a console has one window,
    /// and delivers in order.
    pub async fn has_later_window(&self, row: &SessionRow) -> Result<bool, StoreError> {
        let found = sqlx::query(
            "SELECT 1 AS one FROM sessions x WHERE x.staff = $1 AND x.created_at >= $2 AND x.device = $3 AND x.id <> $4 \
             AND EXISTS (SELECT 1 FROM audit_events a WHERE a.session = x.id AND a.kind = 'window_opened' \
             AND a.writer NOT LIKE 'server:%') LIMIT 1",
        )
        .bind(row.staff.0.clone())
        .bind(row.ended_at.unwrap_or(row.created_at).0)
        .bind(row.device.0.clone())
        .bind(row.id.0.clone())
        .fetch_optional(&self.readers)
        .await?;
        Ok(found.is_some())
    }

    /// Whether the session's device has put on record that somebody asks for this customer. The session has no name by then.
    pub async fn console_has_asked(&self, row: &SessionRow) -> Result<bool, StoreError> {
        let found = sqlx::query(
            "SELECT 1 AS one FROM audit_events WHERE portal = $1 AND customer = $2 AND device = $3 AND staff = $4 \
             AND kind = 'start_requested' AND writer NOT LIKE 'server:%' LIMIT 1",
        )
        .bind(row.portal.0.clone())
        .bind(row.customer.id.0.clone())
        .bind(row.device.0.clone())
        .bind(row.staff.0.clone())
        .fetch_optional(&self.readers)
        .await?;
        Ok(found.is_some())
    }
}

impl Tx {
    /// False when another server was first.
    pub async fn mark_reconciled(&mut self, session: &SessionId, at: UnixMillis) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE sessions SET reconciled_at = $2 WHERE id = $1 AND reconciled_at IS NULL")
            .bind(session.0.clone())
            .bind(at.0)
            .execute(&mut *self.inner)
            .await?;
        Ok(done.rows_affected() == 1)
    }
}

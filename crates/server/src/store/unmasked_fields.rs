//! Fields that are masked by a portal's rules and shown in a running session for a while.

use amberglass_wire::{SessionId, UnixMillis};
use sqlx::Row as _;

use super::{Store, StoreError, Tx};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmaskedRow {
    /// Id of the portal's rule.
    pub rule: String,
    /// As it stands in the rule.
    pub pointer: String,
    pub shown_until: UnixMillis,
}

impl Store {
    /// Those of a session that are shown at this time.
    pub async fn unmasked_fields(&self, session: &SessionId, now: UnixMillis) -> Result<Vec<UnmaskedRow>, StoreError> {
        let question = "SELECT rule, pointer, shown_until FROM unmasked_fields \
                        WHERE session = $1 AND shown_until > $2 ORDER BY rule, pointer";
        sqlx::query(question)
            .bind(session.0.clone())
            .bind(now.0)
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(|row| {
                Ok(UnmaskedRow {
                    rule: row.try_get("rule")?,
                    pointer: row.try_get("pointer")?,
                    shown_until: UnixMillis(row.try_get("shown_until")?),
                })
            })
            .collect()
    }
}

impl Tx {
    /// In place of what was said of the same field before. False when the session does not run, or ends before that.
    pub async fn unmask_field(&mut self, session: &SessionId, row: &UnmaskedRow) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO unmasked_fields (session, rule, pointer, shown_until) \
             SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS BIGINT) \
             WHERE EXISTS (SELECT 1 FROM sessions WHERE id = $1 AND state = 'active' AND expires_at >= $4) \
             ON CONFLICT (session, rule, pointer) DO UPDATE SET shown_until = excluded.shown_until",
        )
        .bind(session.0.clone())
        .bind(row.rule.clone())
        .bind(row.pointer.clone())
        .bind(row.shown_until.0)
        .execute(&mut *self.inner)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    pub async fn unmasked_until(
        &mut self,
        session: &SessionId,
        rule: &str,
        pointer: &str,
    ) -> Result<Option<UnixMillis>, StoreError> {
        let row =
            sqlx::query("SELECT shown_until FROM unmasked_fields WHERE session = $1 AND rule = $2 AND pointer = $3")
                .bind(session.0.clone())
                .bind(rule.to_owned())
                .bind(pointer.to_owned())
                .fetch_optional(&mut *self.inner)
                .await?;
        Ok(row.map(|row| row.try_get("shown_until")).transpose()?.map(UnixMillis))
    }

    pub async fn mask_again(&mut self, session: &SessionId) -> Result<(), StoreError> {
        let question = sqlx::query("DELETE FROM unmasked_fields WHERE session = $1");
        question.bind(session.0.clone()).execute(&mut *self.inner).await?;
        Ok(())
    }
}

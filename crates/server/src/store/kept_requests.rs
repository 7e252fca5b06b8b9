//! Writes that the gateway blocked and kept, sealed; the last few of each running session.

use amberglass_wire::{EventId, SessionId, UnixMillis, elevation::CannotAsk};
use sqlx::{Row as _, any::AnyRow};

use super::{Store, StoreError, Tx};

/// Of each session. Older ones go, but for those that somebody still waits for.
const MOST_OF_A_SESSION: i64 = 20;

#[derive(Clone, Debug)]
pub struct KeptRow {
    /// The record that says that it was blocked.
    pub id: EventId,
    pub session: SessionId,
    pub method: String,
    /// As on record.
    pub path: String,
    pub rule: String,
    /// What opens it is not in the database; or why it can't be asked for.
    pub sealed: Result<String, CannotAsk>,
    pub expires_at: UnixMillis,
}

/// One to be kept.
pub struct NewKept<'a> {
    pub id: &'a EventId,
    pub session: &'a SessionId,
    pub method: &'a str,
    pub path: &'a str,
    pub rule: &'a str,
    pub sealed: Result<&'a str, CannotAsk>,
    pub kept_at: UnixMillis,
    pub expires_at: UnixMillis,
}

const SELECT: &str =
    "SELECT id, session, method, path, rule, sealed, cannot_ask, expires_at FROM kept_requests WHERE id = $1";

impl Store {
    pub async fn kept_request(&self, id: &EventId) -> Result<Option<KeptRow>, StoreError> {
        sqlx::query(SELECT).bind(id.0.clone()).fetch_optional(&self.readers).await?.as_ref().map(kept).transpose()
    }
}

impl Tx {
    pub async fn kept_request(&mut self, id: &EventId) -> Result<Option<KeptRow>, StoreError> {
        sqlx::query(SELECT).bind(id.0.clone()).fetch_optional(&mut *self.inner).await?.as_ref().map(kept).transpose()
    }

    /// The last that was blocked in a session, without what is sealed.
    pub async fn last_kept_of(&mut self, session: &SessionId) -> Result<Option<KeptRow>, StoreError> {
        let question = sqlx::query(
            "SELECT id, session, method, path, rule, CASE WHEN sealed IS NULL THEN NULL ELSE '' END AS sealed, cannot_ask, \
             expires_at FROM kept_requests WHERE session = $1 ORDER BY kept_at DESC, id DESC LIMIT 1",
        );
        question.bind(session.0.clone()).fetch_optional(&mut *self.inner).await?.as_ref().map(kept).transpose()
    }

    /// False when the session does not run any more: then nothing of it is kept.
    pub async fn keep_request(&mut self, new: &NewKept<'_>) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO kept_requests (id, session, method, path, rule, sealed, cannot_ask, kept_at, expires_at) \
             SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), \
             CAST($6 AS TEXT), CAST($7 AS TEXT), CAST($8 AS BIGINT), CAST($9 AS BIGINT) \
             WHERE EXISTS (SELECT 1 FROM sessions WHERE id = $2 AND state IN ('active', 'frozen'))",
        )
        .bind(new.id.0.clone())
        .bind(new.session.0.clone())
        .bind(new.method.to_owned())
        .bind(new.path.to_owned())
        .bind(new.rule.to_owned())
        .bind(new.sealed.ok().map(ToOwned::to_owned))
        .bind(new.sealed.err().map(|why| why.as_str().to_owned()))
        .bind(new.kept_at.0)
        .bind(new.expires_at.0)
        .execute(&mut *self.inner)
        .await?;
        // What a page provokes pushes out nothing that a person has asked for.
        sqlx::query(
            "DELETE FROM kept_requests WHERE session = $1 \
             AND id NOT IN (SELECT id FROM kept_requests WHERE session = $1 ORDER BY kept_at DESC, id DESC LIMIT $2) \
             AND id NOT IN (SELECT kept FROM requests WHERE session = $1 AND kept IS NOT NULL \
             AND state IN ('pending', 'approved'))",
        )
        .bind(new.session.0.clone())
        .bind(MOST_OF_A_SESSION)
        .execute(&mut *self.inner)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    pub async fn forget_kept(&mut self, id: &EventId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM kept_requests WHERE id = $1").bind(id.0.clone()).execute(&mut *self.inner).await?;
        Ok(())
    }

    pub async fn forget_kept_of(&mut self, session: &SessionId) -> Result<(), StoreError> {
        let question = sqlx::query("DELETE FROM kept_requests WHERE session = $1");
        question.bind(session.0.clone()).execute(&mut *self.inner).await?;
        Ok(())
    }

    pub async fn forget_kept_before(&mut self, now: UnixMillis) -> Result<(), StoreError> {
        let question = sqlx::query("DELETE FROM kept_requests WHERE expires_at <= $1");
        question.bind(now.0).execute(&mut *self.inner).await?;
        Ok(())
    }
}

fn kept(row: &AnyRow) -> Result<KeptRow, StoreError> {
    let why = row.try_get::<Option<String>, _>("cannot_ask")?;
    let sealed = match (row.try_get::<Option<String>, _>("sealed")?, why) {
        (Some(sealed), None) => Ok(sealed),
        // Of a later version: whatever it is, it can't be asked for.
        (_, why) => Err(why.as_deref().and_then(CannotAsk::parse).unwrap_or(CannotAsk::NotKept)),
    };
    Ok(KeptRow {
        id: EventId(row.try_get("id")?),
        session: SessionId(row.try_get("session")?),
        method: row.try_get("method")?,
        path: row.try_get("path")?,
        rule: row.try_get("rule")?,
        sealed,
        expires_at: UnixMillis(row.try_get("expires_at")?),
    })
}

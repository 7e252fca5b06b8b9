//! The keys of the bodies: all but the newest, which is in the key store.

use amberglass_wire::UnixMillis;
use sqlx::SqliteConnection;

use crate::JournalError;

#[derive(sqlx::FromRow)]
pub(crate) struct KeyRow {
    pub(crate) number: i64,
    pub(crate) first_seq: i64,
    pub(crate) key_check: Vec<u8>,
    /// The key before, sealed under this one.
    pub(crate) older: Option<Vec<u8>>,
    /// This one, sealed to the server.
    pub(crate) recovery: Option<Vec<u8>>,
    pub(crate) recovery_key: Option<String>,
    pub(crate) created_at: i64,
}

/// Ascending.
pub(crate) async fn key_rows(connection: &mut SqliteConnection) -> Result<Vec<KeyRow>, JournalError> {
    Ok(sqlx::query_as("select * from keys order by number").fetch_all(connection).await?)
}

pub(crate) async fn insert_key(connection: &mut SqliteConnection, row: &KeyRow) -> Result<(), JournalError> {
    sqlx::query(
        "insert into keys (number, first_seq, key_check, older, recovery, recovery_key, created_at)
         values (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(row.number)
    .bind(row.first_seq)
    .bind(&row.key_check)
    .bind(&row.older)
    .bind(&row.recovery)
    .bind(&row.recovery_key)
    .bind(row.created_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// The newest key can be opened with this recovery key from now on, and with no other.
pub(crate) async fn set_recovery(
    connection: &mut SqliteConnection,
    recovery: &[u8],
    recovery_key: &str,
) -> Result<(), JournalError> {
    sqlx::query("update keys set recovery = ?, recovery_key = ? where number = (select max(number) from keys)")
        .bind(recovery)
        .bind(recovery_key)
        .execute(connection)
        .await?;
    Ok(())
}

impl KeyRow {
    pub(crate) fn created_at(&self) -> UnixMillis {
        UnixMillis(self.created_at)
    }
}

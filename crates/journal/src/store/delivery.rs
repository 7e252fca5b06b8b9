//! How far the records were delivered, in one row.

use amberglass_wire::UnixMillis;
use sqlx::{SqliteConnection, SqlitePool};

use crate::{HoldReason, JournalError};

/// How far the records were delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivered {
    /// Number of the last record that the server has confirmed; zero for none.
    pub(crate) through: i64,
    pub(crate) synced_at: Option<UnixMillis>,
    /// Why the record after it can't be delivered.
    pub(crate) hold: Option<HoldReason>,
    /// The server's signed word on it.
    pub(crate) note: Option<String>,
}

const DELIVERED: &str = "select through, synced_at, held_reason, note from delivery";

type Row = (i64, Option<i64>, Option<String>, Option<String>);

fn delivered((through, synced_at, hold, note): Row) -> Delivered {
    let hold = hold.as_deref().map(HoldReason::parse);
    Delivered { through, synced_at: synced_at.map(UnixMillis), hold, note }
}

pub(crate) async fn delivery(connection: &mut SqliteConnection) -> Result<Delivered, JournalError> {
    Ok(delivered(sqlx::query_as(DELIVERED).fetch_one(connection).await?))
}

pub(crate) async fn read_delivery(readers: &SqlitePool) -> Result<Delivered, JournalError> {
    Ok(delivered(sqlx::query_as(DELIVERED).fetch_one(readers).await?))
}

/// When the record was written.
pub(crate) async fn occurred_at(
    connection: &mut SqliteConnection,
    seq: i64,
) -> Result<Option<UnixMillis>, JournalError> {
    let at: Option<i64> = sqlx::query_scalar("select occurred_at from records where seq = ?")
        .bind(seq)
        .fetch_optional(connection)
        .await?;
    Ok(at.map(UnixMillis))
}

/// Everything up to `held` is delivered, and nothing behind it: what the server lost has to be sent again. Without a
/// note the one before stays.
pub(crate) async fn acknowledge(
    connection: &mut SqliteConnection,
    held: i64,
    note: Option<&str>,
    at: UnixMillis,
) -> Result<(), JournalError> {
    sqlx::query(
        "update delivery set through = ?, note = coalesce(?, note), synced_at = ?, held_reason = null, attempts = 0",
    )
    .bind(held)
    .bind(note)
    .bind(at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Counts an attempt that did not succeed.
pub(crate) async fn count_attempt(connection: &mut SqliteConnection) -> Result<(), JournalError> {
    sqlx::query("update delivery set attempts = attempts + 1").execute(connection).await?;
    Ok(())
}

/// Delivery stands still before this record, if it is the next one.
pub(crate) async fn hold(connection: &mut SqliteConnection, seq: i64, reason: HoldReason) -> Result<(), JournalError> {
    sqlx::query("update delivery set held_reason = ? where through = ? - 1")
        .bind(reason.as_str())
        .bind(seq)
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn release_held(connection: &mut SqliteConnection) -> Result<(), JournalError> {
    sqlx::query("update delivery set held_reason = null").execute(connection).await?;
    Ok(())
}

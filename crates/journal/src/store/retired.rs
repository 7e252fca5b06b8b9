//! What the journal no longer keeps: bodies that are erased, records that are removed from the front.

use amberglass_wire::UnixMillis;
use sqlx::SqliteConnection;

use crate::JournalError;

/// Up to where records are gone, and why that can be believed.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Retired {
    pub(crate) through: i64,
    pub(crate) hash: String,
    /// A server's signed checkpoint of a record that follows from this one.
    pub(crate) note: String,
}

pub(crate) async fn retired(connection: &mut SqliteConnection) -> Result<Option<Retired>, JournalError> {
    Ok(sqlx::query_as("select through, hash, note from retired").fetch_optional(connection).await?)
}

/// The last of the records at the front that were all written before; zero for none.
pub(crate) async fn written_before(connection: &mut SqliteConnection, at: UnixMillis) -> Result<i64, JournalError> {
    let last: Option<i64> = sqlx::query_scalar(
        "select coalesce((select seq from records where occurred_at >= ? order by seq limit 1),
                         (select max(seq) from records) + 1) - 1",
    )
    .bind(at.0)
    .fetch_one(connection)
    .await?;
    Ok(last.unwrap_or(0))
}

/// The last of the records at the front whose bodies are all gone; zero for none.
pub(crate) async fn erased_through(connection: &mut SqliteConnection) -> Result<i64, JournalError> {
    let first: Option<i64> =
        sqlx::query_scalar("select seq from records where length(sealed) > 0 order by seq limit 1")
            .fetch_optional(connection)
            .await?;
    Ok(first.map_or(0, |first| first.saturating_sub(1)))
}

/// Bodies up to here are gone for good; free pages are overwritten.
pub(crate) async fn erase(connection: &mut SqliteConnection, through: i64) -> Result<(), JournalError> {
    sqlx::query("update records set sealed = x'' where seq <= ? and length(sealed) > 0")
        .bind(through)
        .execute(connection)
        .await?;
    Ok(())
}

/// Records up to here are gone.
pub(crate) async fn retire(connection: &mut SqliteConnection, retired: &Retired) -> Result<(), JournalError> {
    let changed = sqlx::query("update retired set through = ?, hash = ?, note = ?")
        .bind(retired.through)
        .bind(&retired.hash)
        .bind(&retired.note)
        .execute(&mut *connection)
        .await?;
    if changed.rows_affected() == 0 {
        sqlx::query("insert into retired (one, through, hash, note) values (1, ?, ?, ?)")
            .bind(retired.through)
            .bind(&retired.hash)
            .bind(&retired.note)
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query("delete from records where seq <= ?").bind(retired.through).execute(connection).await?;
    Ok(())
}

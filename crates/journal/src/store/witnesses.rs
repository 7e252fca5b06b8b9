//! What servers have signed, and whose signatures count.

use amberglass_wire::{UnixMillis, event_stream::ChainHead};
use sqlx::SqliteConnection;

use crate::JournalError;

/// By writer of a server's chain, the last head that was signed.
pub(crate) async fn witnesses(connection: &mut SqliteConnection) -> Result<Vec<(String, ChainHead)>, JournalError> {
    let rows: Vec<(String, i64, String)> =
        sqlx::query_as("select writer, seq, hash from witnesses").fetch_all(connection).await?;
    Ok(rows.into_iter().map(|(writer, seq, hash)| (writer, ChainHead { seq, hash })).collect())
}

pub(crate) async fn keep_witness(
    connection: &mut SqliteConnection,
    writer: &str,
    signer: &str,
    head: &ChainHead,
    note: &str,
    seen_at: UnixMillis,
) -> Result<(), JournalError> {
    sqlx::query(
        "insert into witnesses (writer, signer, seq, hash, note, seen_at) values (?, ?, ?, ?, ?, ?)
         on conflict (writer) do update set signer = excluded.signer, seq = excluded.seq, hash = excluded.hash,
         note = excluded.note, seen_at = excluded.seen_at",
    )
    .bind(writer)
    .bind(signer)
    .bind(head.seq)
    .bind(&head.hash)
    .bind(note)
    .bind(seen_at.0)
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn server_keys(connection: &mut SqliteConnection) -> Result<Vec<String>, JournalError> {
    Ok(sqlx::query_scalar("select verifier_key from server_keys order by pinned_at, verifier_key")
        .fetch_all(connection)
        .await?)
}

pub(crate) async fn pin_server_key(
    connection: &mut SqliteConnection,
    verifier_key: &str,
    at: UnixMillis,
) -> Result<(), JournalError> {
    sqlx::query("insert into server_keys (verifier_key, pinned_at) values (?, ?)")
        .bind(verifier_key)
        .bind(at.0)
        .execute(connection)
        .await?;
    Ok(())
}

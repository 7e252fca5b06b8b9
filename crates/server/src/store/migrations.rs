//! Brings a database up to this version: forward only, each step in a transaction of its own with its mark.

use sha2::{Digest as _, Sha256};
use sqlx::{AnyPool, Row as _};

use super::StoreError;

/// In order; numbers without gaps, shared by both engines.
const SQLITE: [(i64, &str); 1] = [(1, include_str!("../../../../migrations/server/sqlite/0001_spine.sql"))];

pub(super) async fn run(writer: &AnyPool) -> Result<(), StoreError> {
    sqlx::query("CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER PRIMARY KEY, sha256 TEXT NOT NULL)")
        .execute(writer)
        .await?;
    let applied = sqlx::query("SELECT number, sha256 FROM schema_migrations ORDER BY number").fetch_all(writer).await?;
    for row in &applied {
        let (number, hash): (i64, String) = (row.try_get("number")?, row.try_get("sha256")?);
        match SQLITE.iter().find(|(known, _)| *known == number) {
            None => return Err(StoreError::Newer { found: number }),
            Some((_, text)) if hash_of(text) != hash => return Err(StoreError::Altered { number }),
            Some(_) => {}
        }
    }
    let done = applied.len();
    for (number, text) in SQLITE.into_iter().skip(done) {
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::raw_sql(text).execute(&mut *tx).await?;
        sqlx::query("INSERT INTO schema_migrations (number, sha256) VALUES ($1, $2)")
            .bind(number)
            .bind(hash_of(text))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
    }
    Ok(())
}

fn hash_of(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

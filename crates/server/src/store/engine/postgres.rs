//! PostgreSQL: one database for one server or several.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{AnyPool, Connection as _, PgConnection, Row as _};

use super::{
    Condition,
    address::{Address, address},
    failure, options, pool,
};
use crate::store::StoreError;

/// Every transaction that writes holds this advisory lock ("ambergla" in ASCII) from its first statement until it is over;
/// the commit is visible before the lock is free. So what it read still holds when it writes, also against other servers,
/// and the positions of the audit log are in the order of commits.
///
/// Read committed is the isolation for that: each statement sees what was committed before it, thus all that happened while
/// the lock was waited for. Under a stricter one the snapshot would be taken before that wait.
pub const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \
     SELECT pg_advisory_xact_lock(7020375581991070817)";
pub const BEGIN_MIGRATION: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \
     SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '5min'; \
     SELECT pg_advisory_xact_lock(7020375581991070817)";

/// Longer than any statement may take there: nothing comes any more.
pub const WRITE_PATIENCE: Duration = Duration::from_secs(20);
pub const READ_PATIENCE: Duration = Duration::from_secs(35);
pub const MIGRATION_PATIENCE: Duration = Duration::from_secs(60 * 60);
/// For a connection, at the start or later.
const REACH: Duration = Duration::from_secs(5);
/// Whose machine died, or who was moved: connections are made anew now and then.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

const READERS: u32 = 8;
/// Oldest version, as `server_version_num`.
const OLDEST: i64 = 140_000;

/// Set on the connection, so that nothing that was set for role or database is weaker. A server that stands still in the
/// middle of a transaction holds the lock five seconds at most; the others wait for it longer than that.
const WRITES: &[&str] = &["SET application_name = 'amberglass-server'; SET client_min_messages = warning; \
     SET synchronous_commit = on; SET default_transaction_isolation = 'read committed'; \
     SET default_transaction_read_only = off; SET idle_in_transaction_session_timeout = '5s'; \
     SET lock_timeout = '10s'; SET statement_timeout = '15s'"];
const READS: &[&str] = &["SET application_name = 'amberglass-server, reading'; SET client_min_messages = warning; \
     SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = on; \
     SET idle_in_transaction_session_timeout = '5s'; SET statement_timeout = '30s'"];

/// Connects once, so that what is wrong can be told, and looks whether it is a database to work with.
pub async fn prepare(database_url: &str) -> Result<SecretString, StoreError> {
    let address = address(database_url)?;
    let connecting = tokio::time::timeout(REACH, PgConnection::connect(address.url.expose_secret()));
    let mut connection = match connecting.await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return Err(failure::at_start(error, &address)),
        Err(_) => return Err(failure::at_start(failure::silence(), &address)),
    };
    let row = sqlx::query(
        "SELECT current_setting('server_version') AS version, \
         CAST(current_setting('server_version_num') AS BIGINT) AS version_number, \
         current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS standby",
    )
    .fetch_one(&mut connection)
    .await?;
    connection.close().await?;
    if row.try_get::<i64, _>("version_number")? < OLDEST {
        return Err(StoreError::TooOld { version: row.try_get("version")? });
    }
    let encoding: String = row.try_get("encoding")?;
    if encoding != "UTF8" {
        return Err(StoreError::Encoding { encoding, database: address.database });
    }
    if row.try_get("standby")? {
        return Err(StoreError::Standby { place: address.place });
    }
    let Address { url, .. } = address;
    Ok(url)
}

pub async fn writer(url: &SecretString, condition: Condition) -> Result<AnyPool, StoreError> {
    Ok(pool(1, WRITES)
        .acquire_timeout(REACH)
        .max_lifetime(LIFETIME)
        .after_release(move |connection, _| condition.clone().judge(connection))
        .connect_with(options(url)?)
        .await?)
}

pub async fn readers(url: &SecretString) -> Result<AnyPool, StoreError> {
    Ok(pool(READERS, READS).acquire_timeout(REACH).max_lifetime(LIFETIME).connect_with(options(url)?).await?)
}

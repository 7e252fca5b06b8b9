//! What went wrong with the database, and whether its connection can go on.

use std::io;

use super::address::Address;
use crate::store::StoreError;

/// Nothing came in time.
pub fn silence() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database gave no answer in time"))
}

/// After such an error the connection is not to be used again: it is broken, leads to a server that no longer takes writes,
/// or holds plans from before a migration (`cached plan must not change result type`).
pub fn lost(error: &sqlx::Error) -> bool {
    if let Some(code) = error.as_database_error().and_then(|error| error.code()) {
        return matches!(&*code, "0A000" | "25006" | "25P03" | "57P01" | "57P02" | "57P03");
    }
    matches!(error, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::BeginFailed)
}

/// In words for whoever starts the server. None of them holds the password.
pub fn at_start(error: sqlx::Error, address: &Address) -> StoreError {
    let Address { place, user, database, .. } = address.clone();
    // A certificate that does not hold is invalid data to rustls.
    let is_invalid =
        |error: &sqlx::Error| matches!(error, sqlx::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData);
    if matches!(error, sqlx::Error::Tls(_)) || is_invalid(&error) {
        return StoreError::Untrusted { place, source: error };
    }
    match error.as_database_error().and_then(|error| error.code()).as_deref() {
        Some("28P01" | "28000") => StoreError::Refused { place, user, source: error },
        Some("3D000") => StoreError::Missing { place, database, user },
        Some(_) | None => StoreError::Unreachable { place, source: error },
    }
}

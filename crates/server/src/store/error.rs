//! What the database can fail with, in words for whoever runs the server. None holds anything of the URL but where the
//! database is and who connects.

/// Why the database could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
    /// PostgreSQL keeps no NUL in a text, and no text that is not UTF-8.
    #[error("a text holds a character that cannot be stored")]
    Unstorable,
    #[error("a statement of the transaction failed before, so nothing of it was kept")]
    Undone,
    #[error("database_url must begin with sqlite: or postgres:")]
    Engine,
    #[error(
        "database_url is not understood (it is not shown here, because it may hold a password); it should look like \
         postgres://USER:PASSWORD@HOST:5432/DATABASE, with special characters percent-encoded"
    )]
    Url,
    #[error("database_url has the parameter `{name}`, which is unknown")]
    UrlParameter { name: String },
    #[error(
        "the connection to the database at {place} would not be checked: beyond this machine sslmode has to be \
         verify-full or verify-ca (sslrootcert names the file with your own authority)"
    )]
    Unguarded { place: String },
    #[error(
        "the database at {place} cannot be reached, so nothing was started: see that PostgreSQL runs there and that \
         database_url names the right host and port"
    )]
    Unreachable {
        place: String,
        #[source]
        source: sqlx::Error,
    },
    #[error(
        "there is no connection to the database at {place} that can be trusted, so nothing was started: it has to offer TLS \
         with a certificate for this host, by an authority that this machine knows or that the file in sslrootcert holds"
    )]
    Untrusted {
        place: String,
        #[source]
        source: sqlx::Error,
    },
    #[error(
        "the database at {place} does not let `{user}` in: see that the password in database_url is right and that its \
         pg_hba.conf knows this user and this machine"
    )]
    Refused {
        place: String,
        user: String,
        #[source]
        source: sqlx::Error,
    },
    #[error(
        "there is no database `{database}` at {place}; make it first: \
         CREATE DATABASE \"{database}\" OWNER \"{user}\" ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0"
    )]
    Missing { place: String, database: String, user: String },
    #[error("PostgreSQL {version} is too old: 14 or later is needed")]
    TooOld { version: String },
    #[error("the database `{database}` stores text as {encoding}: make one with ENCODING 'UTF8'")]
    Encoding { encoding: String, database: String },
    #[error("the database at {place} is a standby that takes no writes: name the primary in database_url")]
    Standby { place: String },
    #[error(
        "the clocks of this machine and of the database are {millis} ms apart, and 500 is the most: sessions would end too \
         early or too late; let both machines set their clocks from the same source"
    )]
    ClocksDiffer { millis: i64 },
    #[error(
        "the database was written by a newer version (its migration {found} is unknown here) and was left as it is: start \
         that version, or give this one a backup from before"
    )]
    Newer { found: i64 },
    #[error(
        "migration {number} of the database is not the one this version knows; it was left as it is: use the version that \
         made it"
    )]
    Altered { number: i64 },
    #[error(
        "migration {number} could not be carried out, and nothing of it was: the first start of a version needs the right to \
         make tables, later ones do not"
    )]
    Migration {
        number: i64,
        #[source]
        source: sqlx::Error,
    },
    /// Written by a newer version, or damaged.
    #[error("column {column} holds a value that this version does not know")]
    UnknownValue { column: &'static str },
}

/// `character_not_in_repertoire` and `untranslatable_character`.
const UNSTORABLE: [&str; 2] = ["22021", "22P05"];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        if code.is_some_and(|code| UNSTORABLE.contains(&&*code)) { Self::Unstorable } else { Self::Database(error) }
    }
}

//! What a PostgreSQL URL may say: where the database is, and how the way there is guarded.

use secrecy::SecretString;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::{Host, ParseError, Url};

use crate::store::StoreError;

/// Where the database is; only the URL holds anything secret.
#[derive(Clone, Debug)]
pub struct Address {
    /// Host and port, or the folder of the socket.
    pub place: String,
    pub user: String,
    pub database: String,
    pub url: SecretString,
}

/// What the driver understands. Of anything else it would write the value into the log.
const PARAMETERS: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// Reads the URL as the driver does. Beyond this machine the connection has to be one over TLS that checks the certificate:
/// what goes over it are passwords and customers. Where the URL says nothing of that, it is made so.
///
/// # Errors
/// When the URL is not understood, or asks for less.
pub fn address(database_url: &str) -> Result<Address, StoreError> {
    let mut url = match Url::parse(database_url) {
        // As PostgreSQL's own programs take it, with the socket's folder in the parameters.
        Err(ParseError::EmptyHost) if database_url.contains("host=") => {
            Url::parse(&database_url.replacen("@/", "@localhost/", 1))
        }
        parsed => parsed,
    }
    .map_err(|_| StoreError::Url)?;
    if let Some((unknown, _)) = url.query_pairs().find(|(key, _)| !PARAMETERS.contains(&key.as_ref())) {
        return Err(StoreError::UrlParameter { name: unknown.into_owned() });
    }
    let options: PgConnectOptions = url.as_str().parse().map_err(|_| StoreError::Url)?;
    let host = options.get_host();
    let (place, is_here) = match options.get_socket() {
        Some(socket) => (socket.display().to_string(), true),
        None if host.starts_with('/') => (host.to_owned(), true),
        None => (format!("{host}:{}", options.get_port()), is_this_machine(host)),
    };
    if !is_here {
        let says_how = url.query_pairs().any(|(key, _)| key == "sslmode" || key == "ssl-mode");
        match options.get_ssl_mode() {
            PgSslMode::VerifyFull | PgSslMode::VerifyCa => {}
            PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer | PgSslMode::Require if says_how => {
                return Err(StoreError::Unguarded { place });
            }
            PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer | PgSslMode::Require => {
                url.query_pairs_mut().append_pair("sslmode", "verify-full");
            }
        }
    }
    let user = options.get_username().to_owned();
    let database = options.get_database().unwrap_or(&user).to_owned();
    Ok(Address { place, user, database, url: String::from(url).into() })
}

/// Loopback. Names under `localhost` are by RFC 6761.
fn is_this_machine(host: &str) -> bool {
    match Host::parse(host) {
        Ok(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Ok(Host::Ipv4(address)) => address.is_loopback(),
        Ok(Host::Ipv6(address)) => address.is_loopback(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_url_tells_where_who_and_what_and_keeps_its_password_to_itself() {
        let address = address("postgres://amber:s%40cret@db.example:6000/glass").unwrap();
        assert_eq!(address.place, "db.example:6000");
        assert_eq!((address.user.as_str(), address.database.as_str()), ("amber", "glass"));
        assert!(!format!("{address:?}").contains("s%40cret"), "{address:?}");
        for by_socket in ["amber@localhost", "amber@"] {
            let by_socket = format!("postgres://{by_socket}/glass?host=/run/postgresql");
            let by_socket = super::address(&by_socket).unwrap();
            assert_eq!((by_socket.place.as_str(), by_socket.user.as_str()), ("/run/postgresql", "amber"));
        }
    }

    #[test]
    fn beyond_this_machine_the_certificate_is_checked() {
        for here in ["localhost", "127.0.0.1", "[::1]", "db.localhost", "%2Frun%2Fpostgresql"] {
            let url = format!("postgres://amber@{here}/glass");
            assert_eq!(address(&url).unwrap().url.expose_secret(), url, "{here}");
        }
        let plain = "postgres://amber@10.0.0.5/glass";
        assert!(address(plain).unwrap().url.expose_secret().ends_with("?sslmode=verify-full"));
        for mode in ["disable", "allow", "prefer", "require"] {
            let refused = address(&format!("{plain}?sslmode={mode}"));
            assert!(matches!(refused, Err(StoreError::Unguarded { .. })), "{mode}: {refused:?}");
        }
        for mode in ["verify-ca", "verify-full"] {
            assert!(address(&format!("{plain}?sslmode={mode}")).is_ok(), "{mode}");
        }
        // The host that counts is the one that is connected to.
        let hidden = address("postgres://amber@localhost/glass?host=db.example&sslmode=disable");
        assert!(matches!(hidden, Err(StoreError::Unguarded { .. })), "{hidden:?}");
    }

    #[test]
    fn what_is_wrong_with_a_url_is_said_without_its_secrets() {
        for wrong in [
            "postgres://amber:secret@[broken/glass",
            "postgres://amber:secret@localhost/glass?sslmode=nonsense",
            "postgres://amber@localhost/glass?pasword=secret",
        ] {
            let refused = address(wrong).unwrap_err();
            assert!(!format!("{refused} {refused:?}").contains("secret"), "{refused:?}");
        }
    }
}

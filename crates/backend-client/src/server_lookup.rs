//! Looks at an address that a person typed before it is kept as the server's.

use amberglass_domain::{
    navigation::{GatewayOrigin, is_loopback},
    ports::{FoundServer, LookupError, ServerLookup},
};
use amberglass_wire::auth::ServerResponse;
use async_trait::async_trait;
use reqwest::Method;
use url::Url;

use crate::{ClientError, HttpBackend, HttpBackendOptions, Patience, RequestIds, http_backend::MAX_ANSWER_BYTES};

/// What a server of ours calls itself in `GET /v1/server`.
const PRODUCT: &str = "amberglass";

/// Asks whatever answers at an address what it is. A connection of its own for each look: nothing of the present server
/// goes to another one.
#[derive(Debug, Clone)]
pub struct HttpServerLookup {
    /// As in [`HttpBackendOptions`].
    pub proxy: Option<String>,
    /// As in [`HttpBackendOptions`].
    pub client: String,
    pub patience: Patience,
    /// As in [`HttpBackendOptions`].
    pub request_ids: RequestIds,
}

#[async_trait]
impl ServerLookup for HttpServerLookup {
    async fn look_up(&self, address: &str) -> Result<FoundServer, LookupError> {
        let address = normalised(address).map_err(|detail| LookupError::Address { detail })?;
        let options = HttpBackendOptions {
            server: address.clone(),
            proxy: self.proxy.clone(),
            client: self.client.clone(),
            patience: self.patience,
            request_ids: self.request_ids.clone(),
        };
        let backend = HttpBackend::new(&options).map_err(|error| match error {
            ClientError::Address(_) | ClientError::Proxy(_) => LookupError::Address { detail: error.to_string() },
            ClientError::Client(_) => unreachable(&error),
        })?;
        let asked = backend.address(&["server"])?;
        let server: ServerResponse =
            backend.answer(backend.request(Method::GET, asked, None), MAX_ANSWER_BYTES).await?;
        if server.product != PRODUCT {
            // It speaks JSON under our path and is something else all the same.
            return Err(
                amberglass_domain::ports::BackendError::NotOurs { status: 200, retry_after_seconds: None }.into()
            );
        }
        Ok(FoundServer { address, server })
    }
}

fn unreachable(error: &ClientError) -> LookupError {
    amberglass_domain::ports::BackendError::Unreachable { detail: error.to_string() }.into()
}

/// Scheme, host and port of what a person typed, without a slash at the end: `https` unless it names this machine, where
/// `http` is what an address without a scheme means.
///
/// # Errors
/// What is wrong with it: no host, another scheme, credentials, a path, plain http beyond this machine.
pub fn normalised(typed: &str) -> Result<String, String> {
    let typed = typed.trim();
    let with_scheme = if typed.contains("://") {
        typed.to_owned()
    } else {
        let guessed = Url::parse(&format!("https://{typed}")).map_err(|error| error.to_string())?;
        let scheme = if guessed.host_str().is_some_and(is_loopback) { "http" } else { "https" };
        format!("{scheme}://{typed}")
    };
    let url = Url::parse(&with_scheme).map_err(|error| error.to_string())?;
    GatewayOrigin::parse(url.as_str()).map_err(|error| error.to_string())?;
    Ok(url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_a_person_types_it() {
        for (typed, address) in [
            ("amberglass.example", "https://amberglass.example"),
            ("  Amberglass.Example/ ", "https://amberglass.example"),
            ("amberglass.example:8443", "https://amberglass.example:8443"),
            ("https://amberglass.example:443/", "https://amberglass.example"),
            ("127.0.0.1:7400", "http://127.0.0.1:7400"),
            ("localhost:7400", "http://localhost:7400"),
            ("demo.localhost", "http://demo.localhost"),
            ("[::1]:7400", "http://[::1]:7400"),
            ("https://127.0.0.1:7400", "https://127.0.0.1:7400"),
            ("http://127.0.0.1:7400", "http://127.0.0.1:7400"),
            ("b\u{fc}ro.example", "https://xn--bro-hoa.example"),
        ] {
            assert_eq!(normalised(typed).as_deref(), Ok(address), "{typed}");
        }
    }

    #[test]
    fn what_is_no_address_of_a_server_is_refused() {
        for typed in [
            "",
            "  ",
            "http://amberglass.example",
            "http://192.168.1.5:7400",
            "ftp://amberglass.example",
            "https://ada:pw@amberglass.example",
            "ada@amberglass.example",
            "amberglass.example/console",
            "amberglass.example?x=1",
            "https://amberglass.example/#top",
            "not an address",
            "amberglass.example:port",
            "javascript:alert(1)",
        ] {
            assert!(normalised(typed).is_err(), "{typed}");
        }
    }
}

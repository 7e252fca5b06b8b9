//! The client: how long it waits, whom it trusts, how much it reads.

use std::{error::Error as _, fmt, sync::Arc, time::Duration};

use amberglass_domain::{
    navigation::{GatewayOrigin, is_loopback},
    ports::{AccessToken, BackendError, Entropy},
};
use amberglass_wire::problem::REQUEST_ID_HEADER;
use reqwest::{Method, RequestBuilder, Response, header, redirect};
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use url::Url;

use crate::{
    ClientError,
    classify::{classify, not_ours},
};

/// Longest answer that is read; a longer one makes no sense.
pub(crate) const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// A trail holds every page of an hour.
pub(crate) const MAX_TRAIL_BYTES: usize = 64 * 1024 * 1024;

/// Where the server is and how this program calls itself.
#[derive(Debug, Clone)]
pub struct HttpBackendOptions {
    /// Scheme, host and port, such as `https://amberglass.example.com`. Plain http for loopback only.
    pub server: String,
    /// A proxy that the configuration names. Proxies of the environment are never used: whoever sets a variable must not
    /// get to see who looks at whom.
    pub proxy: Option<String>,
    /// Name and version of this program, such as `amberglass/0.1.0`.
    pub client: String,
    pub patience: Patience,
    pub request_ids: RequestIds,
}

/// Makes the id of each request: the server puts it into its log and shows its beginning as the reference of an error.
#[derive(Clone)]
pub struct RequestIds(Arc<dyn Entropy>);

impl RequestIds {
    pub fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self(entropy)
    }

    fn next(&self) -> String {
        let mut bytes = [0_u8; 16];
        self.0.fill(&mut bytes);
        hex::encode(bytes)
    }
}

impl fmt::Debug for RequestIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestIds(..)")
    }
}

/// How long the client waits before it takes the connection for broken.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    pub connect: Duration,
    /// From the request to the last byte of the answer.
    pub total: Duration,
    /// Between two bytes of the event stream, which has no end.
    pub stream_silence: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), total: Duration::from_secs(15), stream_silence: Duration::from_secs(6) }
    }
}

/// The server as one HTTP client sees it. Clones share its connections.
#[derive(Debug, Clone)]
pub struct HttpBackend {
    client: reqwest::Client,
    server: Url,
    patience: Patience,
    request_ids: RequestIds,
}

impl HttpBackend {
    /// Makes no connection yet.
    ///
    /// # Errors
    /// When an address cannot be used or the system's certificates cannot be read.
    pub fn new(options: &HttpBackendOptions) -> Result<Self, ClientError> {
        // Fails only when the process already has a provider, which is then the one that is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let origin = GatewayOrigin::parse(&options.server)?;
        let server = Url::parse(&origin.to_string())
            .map_err(|_| amberglass_domain::navigation::InvalidOrigin(options.server.clone()))?;
        let patience = options.patience;
        let mut builder = reqwest::Client::builder()
            .user_agent(options.client.as_str())
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(patience.connect)
            // A connection that has slept through a change of network only costs time.
            .pool_idle_timeout(Duration::from_secs(20))
            .http2_keep_alive_interval(Duration::from_secs(3))
            .http2_keep_alive_timeout(patience.connect);
        if origin.scheme() == "http" && is_loopback(origin.host()) {
            // No TLS will be spoken; a machine without certificates can still run the demo.
            builder = builder.tls_certs_only([]);
        }
        if let Some(proxy) = &options.proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy.as_str()).map_err(ClientError::Proxy)?);
        }
        let client = builder.build().map_err(ClientError::Client)?;
        Ok(Self { client, server, patience, request_ids: options.request_ids.clone() })
    }

    pub(crate) fn patience(&self) -> Patience {
        self.patience
    }

    /// The address of one resource; each segment is percent-encoded, whatever it holds.
    ///
    /// # Errors
    /// [`BackendError::NotOurs`] for an id that no address can carry: the server never gives such a one out.
    pub(crate) fn address(&self, segments: &[&str]) -> Result<Url, BackendError> {
        let unusable = || BackendError::NotOurs { status: 0, retry_after_seconds: None };
        // URL parsers drop these two, so the request would go somewhere else.
        if segments.iter().any(|segment| matches!(*segment, "" | "." | "..")) {
            return Err(unusable());
        }
        let mut address = self.server.clone();
        address.path_segments_mut().map_err(|()| unusable())?.clear().push("v1").extend(segments);
        Ok(address)
    }

    pub(crate) fn request(&self, method: Method, address: Url, access: Option<&AccessToken>) -> RequestBuilder {
        let request = self.client.request(method, address).header(REQUEST_ID_HEADER, self.request_ids.next());
        match access {
            Some(access) => request.bearer_auth(access.0.expose_secret()),
            None => request,
        }
    }

    /// Sends, reads at most `limit` bytes, classifies.
    pub(crate) async fn answer<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        limit: usize,
    ) -> Result<T, BackendError> {
        let request = request.header(header::ACCEPT, "application/json, application/problem+json");
        let response = request.timeout(self.patience.total).send().await.map_err(unreachable)?;
        read(response, limit).await
    }
}

/// Reads a whole answer and classifies it.
pub(crate) async fn read<T: DeserializeOwned>(mut response: Response, limit: usize) -> Result<T, BackendError> {
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(not_ours(status, &headers));
        }
        body.extend_from_slice(&chunk);
    }
    classify(status, &headers, &body)
}

/// The causes in a row, without the address: its query may name a customer.
pub(crate) fn unreachable(error: reqwest::Error) -> BackendError {
    let error = error.without_url();
    let mut detail = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        detail.push_str(": ");
        detail.push_str(&inner.to_string());
        cause = inner.source();
    }
    BackendError::Unreachable { detail }
}

#[cfg(test)]
mod tests {
    use amberglass_testkit::SeededEntropy;

    use super::*;

    fn backend(server: &str) -> Result<HttpBackend, ClientError> {
        HttpBackend::new(&HttpBackendOptions {
            server: server.into(),
            proxy: None,
            client: "amberglass/test".into(),
            patience: Patience::default(),
            request_ids: RequestIds::new(Arc::new(SeededEntropy::new(1))),
        })
    }

    #[test]
    fn only_https_or_loopback_is_spoken_to() {
        assert!(backend("http://127.0.0.1:7400").is_ok());
        assert!(backend("http://localhost:7400").is_ok());
        for bad in ["http://server.example.com", "ftp://127.0.0.1", "https://a:b@server.example.com", "server"] {
            assert!(matches!(backend(bad), Err(ClientError::Address(_))), "{bad}");
        }
    }

    #[test]
    fn an_id_stays_within_its_segment() {
        let backend = backend("http://127.0.0.1:7400").unwrap();
        let address = backend.address(&["portals", "a/b?c#d", "customers", "ä %2e"]).unwrap();
        assert_eq!(address.as_str(), "http://127.0.0.1:7400/v1/portals/a%2Fb%3Fc%23d/customers/%C3%A4%20%252e");
        for bad in ["", ".", ".."] {
            assert!(matches!(backend.address(&["sessions", bad]), Err(BackendError::NotOurs { .. })), "{bad}");
        }
    }
}

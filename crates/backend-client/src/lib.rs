//! The backend over HTTP: the implementation of the `Backend` and `JournalSink` ports that ships.
//!
//! Never decides what an error means to a person, never retries and never keeps a token: it turns one call into one
//! request and one answer into one result. Whether an answer is one of an Amberglass server at all is decided by
//! [`classify`], and by nothing else. Addresses and answers go into no log; they name customers.
//!
//! Start reading at [`http_backend`], then [`classify`].

mod calls;
pub mod classify;
pub mod http_backend;
pub mod server_lookup;
pub mod server_sent_events;

pub use http_backend::{HttpBackend, HttpBackendOptions, Patience, RequestIds};
pub use server_lookup::HttpServerLookup;

/// Why no client could be made. Calls report `domain::ports::BackendError` instead.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Plain http is for loopback only.
    #[error("the server's address cannot be used: {0}")]
    Address(#[from] amberglass_domain::navigation::InvalidOrigin),
    #[error("the proxy's address cannot be used")]
    Proxy(#[source] reqwest::Error),
    #[error("no HTTP client could be made, which mostly means that the system's certificates cannot be read")]
    Client(#[source] reqwest::Error),
}

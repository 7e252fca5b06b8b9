//! The gateway's public keys, fetched and kept for a while.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use url::{Host, Url};

use super::IdentityRefusal;
use crate::portal::{Clock, PortalError, UnixMillis};

const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// An unknown key id makes us ask again, but not oftener than this: anyone can send made-up ids.
const REFETCH_PAUSE_MS: i64 = 10_000;
/// After a failure nothing was learned, so the next try may come sooner; still not once per request.
const RETRY_PAUSE_MS: i64 = 1_000;
/// Older keys are fetched afresh before they count, so that one the gateway withdrew does not live on.
const MAX_AGE_MS: i64 = 10 * 60_000;
const MAX_BYTES: usize = 64 * 1024;

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Ed25519Key {
    kty: String,
    crv: String,
    kid: String,
    x: String,
}

#[derive(Default)]
struct Held {
    keys: HashMap<String, DecodingKey>,
    /// When the keys above were fetched.
    since: Option<UnixMillis>,
}

#[derive(Clone, Copy)]
struct Attempt {
    at: UnixMillis,
    succeeded: bool,
}

pub(crate) struct Jwks {
    url: Url,
    client: reqwest::Client,
    clock: Clock,
    held: RwLock<Held>,
    /// Held while fetching, so that many requests at once make one fetch.
    last_attempt: tokio::sync::Mutex<Option<Attempt>>,
}

impl Jwks {
    pub fn new(url: Url, clock: Clock) -> Result<Self, PortalError> {
        let plain_is_safe = match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if !(url.scheme() == "https" || url.scheme() == "http" && plain_is_safe) {
            return Err(PortalError::JwksUrl(url));
        }
        // An error says that the process already has one, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(FETCH_TIMEOUT)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(PortalError::Client)?;
        Ok(Self { url, client, clock, held: RwLock::default(), last_attempt: tokio::sync::Mutex::default() })
    }

    /// The key with this id; fetches the set when it is not held, or too old.
    pub async fn key(&self, id: &str) -> Result<DecodingKey, IdentityRefusal> {
        if let Some(key) = self.held(id) {
            return Ok(key);
        }
        let mut last_attempt = self.last_attempt.lock().await;
        // Another request may have fetched while this one waited.
        if let Some(key) = self.held(id) {
            return Ok(key);
        }
        let now = (self.clock)();
        if let Some(attempt) = *last_attempt {
            let (pause, refusal) = if attempt.succeeded {
                (REFETCH_PAUSE_MS, IdentityRefusal::UnknownKey)
            } else {
                (RETRY_PAUSE_MS, IdentityRefusal::KeysUnreachable)
            };
            // A clock set back makes this negative, and then it is time to ask again.
            if (0..pause).contains(&now.saturating_sub(attempt.at)) {
                return Err(refusal);
            }
        }
        let fetched = self.fetch().await;
        *last_attempt = Some(Attempt { at: now, succeeded: fetched.is_ok() });
        match fetched {
            Ok(keys) => {
                *self.held.write().unwrap_or_else(PoisonError::into_inner) = Held { keys, since: Some(now) };
                self.held(id).ok_or(IdentityRefusal::UnknownKey)
            }
            Err(error) => {
                tracing::warn!(error, "the gateway's keys could not be fetched");
                Err(IdentityRefusal::KeysUnreachable)
            }
        }
    }

    fn held(&self, id: &str) -> Option<DecodingKey> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let age = (self.clock)().saturating_sub(held.since?);
        if (0..MAX_AGE_MS).contains(&age) { held.keys.get(id).cloned() } else { None }
    }

    /// The error is for the log, where it helps; callers only learn that it failed.
    async fn fetch(&self) -> Result<HashMap<String, DecodingKey>, String> {
        let asked = self.client.get(self.url.clone()).send().await;
        let mut response = asked.and_then(reqwest::Response::error_for_status).map_err(|error| error.to_string())?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| error.to_string())? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BYTES {
                return Err(format!("the key set is larger than {MAX_BYTES} bytes"));
            }
        }
        let set: KeySet = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        Ok(set.keys.into_iter().filter_map(ed25519_key).collect())
    }
}

/// Keys of other kinds are passed over (RFC 7517, 5): a set may hold some for other readers.
fn ed25519_key(value: serde_json::Value) -> Option<(String, DecodingKey)> {
    let key: Ed25519Key = serde_json::from_value(value).ok()?;
    // The length is checked here because the library takes the first 32 bytes without asking.
    let length = URL_SAFE_NO_PAD.decode(&key.x).ok()?.len();
    if key.kty != "OKP" || key.crv != "Ed25519" || length != 32 {
        return None;
    }
    Some((key.kid, DecodingKey::from_ed_components(&key.x).ok()?))
}

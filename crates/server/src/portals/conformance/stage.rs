//! What the groups of rules ask with.

use std::time::Duration;

use amberglass_domain::ports::uuid_v7;
use amberglass_wire::{PortalId, customer::CustomerResponse, session::Mode};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::{Conformance, ConformanceError};
use crate::{
    drivers::{
        self, DIRECTORY_SCOPE, Directory, DriverError, IDENTITY_HEADER, IdentitySigner, LIFETIME_SECONDS, OURSELVES,
    },
    gateway::{SUPPORT_HEADER, support_value},
};

const TIMEOUT: Duration = Duration::from_secs(10);
/// Enough to find a name in; the rest of a page is not read.
const MAX_BYTES: usize = 1024 * 1024;
/// Between two tries of what may take a while.
const PAUSE_MILLIS: i64 = 250;
/// Formed as a session's code, but of characters that codes do not have: nobody takes it for a real one.
pub(super) const CODE: &str = "AG-00000";
/// `act.sub`.
const STAFF: &str = "amberglass-portal-test";

/// One answer, read as far as it is looked at.
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Where an identity is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    Page,
    Directory,
}

pub(super) struct Stage<'a> {
    pub asked: &'a Conformance,
    pub directory: Directory,
    /// The directory lists customers to a valid identity.
    pub directory_works: bool,
    /// Whose pages are asked for, once that is known.
    pub customer: Option<CustomerResponse>,
    /// What tells the customer's page from the one that anybody sees; empty where nobody else sees any.
    pub marks: Vec<String>,
    /// Strangers see a page too.
    pub is_public: bool,
    client: reqwest::Client,
    origin: Url,
    pub pages: Vec<Url>,
}

impl<'a> Stage<'a> {
    pub fn new(asked: &'a Conformance) -> Result<Self, ConformanceError> {
        let mut origin = asked.url.clone();
        origin.set_path("/");
        origin.set_query(None);
        origin.set_fragment(None);
        let mut pages = Vec::new();
        for page in &asked.pages {
            let url = origin.join(page).ok().filter(|url| url.origin() == origin.origin());
            pages.push(url.ok_or_else(|| ConformanceError::Page(page.clone()))?);
        }
        if pages.is_empty() {
            pages.push(origin.clone());
        }
        Ok(Self {
            asked,
            directory: Directory::new(PortalId::new("portal-test"), origin.clone())?,
            directory_works: false,
            customer: None,
            marks: Vec::new(),
            is_public: false,
            client: drivers::client(TIMEOUT)?,
            origin,
            pages,
        })
    }

    /// The page at which identities are tried.
    pub fn page(&self) -> &Url {
        self.pages.first().unwrap_or(&self.origin)
    }

    pub fn origin(&self) -> &Url {
        &self.origin
    }

    pub fn customer_id(&self) -> &str {
        let known = self.customer.as_ref().map(|customer| customer.id.as_str());
        known.or(self.asked.customer.as_ref().map(|id| id.as_str())).unwrap_or_default()
    }

    pub fn below(&self, path: &str) -> Url {
        let mut url = self.origin.clone();
        url.set_path(path);
        url
    }

    /// Seconds since 1970.
    pub fn now(&self) -> i64 {
        self.asked.clock.now().0.div_euclid(1000)
    }

    pub fn new_id(&self) -> String {
        uuid_v7(&*self.asked.clock, &*self.asked.entropy)
    }

    fn registered(&self, subject: &str) -> Value {
        let now = self.now();
        json!({
            "iss": self.asked.issuer.name(), "aud": self.asked.audience, "sub": subject, "jti": self.new_id(),
            "iat": now, "exp": now.saturating_add(LIFETIME_SECONDS),
        })
    }

    /// What the gateway says of who looks at the customer's pages.
    pub fn page_claims(&self, session: &str) -> Value {
        with(
            self.registered(self.customer_id()),
            json!({ "act": { "sub": STAFF }, "sid": session, "mode": "read_only" }),
        )
    }

    pub fn directory_claims(&self) -> Value {
        with(self.registered(OURSELVES), json!({ "scope": DIRECTORY_SCOPE }))
    }

    pub fn signer(&self) -> &IdentitySigner {
        self.asked.issuer.signer()
    }

    pub fn page_token(&self) -> Result<String, DriverError> {
        self.signer().sign(&self.page_claims(&self.new_id()))
    }

    pub fn directory_token(&self) -> Result<String, DriverError> {
        self.signer().sign(&self.directory_claims())
    }

    /// The error is for people.
    pub async fn ask(&self, method: Method, url: &Url, headers: HeaderMap) -> Result<Answer, String> {
        let asked = self.client.request(method, url.clone()).headers(headers).send().await;
        let mut response = asked.map_err(|error| no_answer(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while body.len() < MAX_BYTES {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => return Err(no_answer(&error)),
            }
        }
        Ok(Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() })
    }

    /// A page as the gateway asks for it.
    pub async fn as_gateway(&self, method: Method, url: &Url, token: &str) -> Result<Answer, String> {
        self.ask(method, url, with_support(identity(token))).await
    }

    /// What is behind a door, to who brings these headers. An identity for pages never comes without what goes with it.
    pub async fn knock(&self, door: Door, headers: HeaderMap) -> Result<Answer, String> {
        match door {
            Door::Page if headers.contains_key(IDENTITY_HEADER) => {
                self.ask(Method::GET, self.page(), with_support(headers)).await
            }
            Door::Page => self.ask(Method::GET, self.page(), headers).await,
            Door::Directory => self.ask(Method::GET, &self.below("/.well-known/amberglass/customers"), headers).await,
        }
    }

    /// Whether an answer shows what is behind the door.
    pub fn is_open(&self, door: Door, answer: &Answer) -> bool {
        answer.status.is_success()
            && match door {
                Door::Page => !self.is_public || self.marks.iter().any(|mark| answer.body.contains(mark)),
                Door::Directory => true,
            }
    }

    /// Tries again until something comes or the patience ends.
    pub async fn patiently<T>(&self, attempt: impl AsyncFn() -> Option<T>) -> Option<T> {
        let clock = &self.asked.clock;
        let end = clock.monotonic_millis().saturating_add(self.asked.patience_millis);
        loop {
            if let Some(come) = attempt().await {
                return Some(come);
            }
            let next = clock.monotonic_millis().saturating_add(PAUSE_MILLIS);
            if next > end {
                return None;
            }
            clock.sleep_until(next).await;
        }
    }

    /// It may be started after the kit, which shows it its keys. The error is for people.
    pub async fn wait_for_the_portal(&self) -> Result<StatusCode, String> {
        let answers = self.patiently(async || self.ask(Method::GET, self.page(), HeaderMap::new()).await.ok()).await;
        match answers {
            Some(answer) => Ok(answer.status),
            None => self.ask(Method::GET, self.page(), HeaderMap::new()).await.map(|answer| answer.status),
        }
    }
}

/// The headers with this identity, and nothing else. What cannot stand in a header is left out, as every client would.
pub(super) fn identity(token: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(mut value) = HeaderValue::try_from(token) {
        value.set_sensitive(true);
        headers.insert(IDENTITY_HEADER, value);
    }
    headers
}

fn with_support(mut headers: HeaderMap) -> HeaderMap {
    if let Some(value) = support_value(CODE, Mode::ReadOnly) {
        headers.insert(SUPPORT_HEADER, value);
    }
    headers
}

/// `changes` over `claims`; null takes one away.
pub(super) fn with(mut claims: Value, changes: Value) -> Value {
    if let (Value::Object(claims), Value::Object(changes)) = (&mut claims, changes) {
        for (name, value) in changes {
            if value.is_null() {
                claims.remove(&name);
            } else {
                claims.insert(name, value);
            }
        }
    }
    claims
}

fn no_answer(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        format!("no answer within {} seconds", TIMEOUT.as_secs())
    } else if error.is_connect() {
        "nothing answers there".into()
    } else {
        "the answer broke off, or is no HTTP".into()
    }
}

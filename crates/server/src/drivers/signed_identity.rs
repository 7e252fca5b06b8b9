//! The built-in driver: each request carries a short-lived signed JWT that names the customer (`sub`) and the staff
//! member who acts for them (`act`, RFC 8693). The portal verifies it against the published key set.

use std::sync::Arc;

use amberglass_domain::ports::{Clock, Entropy};
use amberglass_wire::{
    CustomerId,
    customer::{CustomerListResponse, CustomerResponse},
    session::Mode,
};
use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use super::{
    Capabilities, Driver, DriverError,
    directory::Directory,
    identity_signer::{IdentitySigner, Registered},
};
use crate::{config::PortalConfig, sessions::GatewaySession};

/// The header that portals trust.
pub const IDENTITY_HEADER: HeaderName = HeaderName::from_static("amberglass-identity");
/// `sub` of a token that opens the directory and no customer's pages.
pub(crate) const OURSELVES: &str = "amberglass";
pub(crate) const DIRECTORY_SCOPE: &str = "customers.read";

#[derive(Serialize)]
struct Actor<'a> {
    sub: &'a str,
}

/// Opens pages as one customer.
#[derive(Serialize)]
struct ViewerClaims<'a> {
    #[serde(flatten)]
    registered: Registered<'a>,
    act: Actor<'a>,
    sid: &'a str,
    mode: Mode,
}

/// Opens the directory.
#[derive(Serialize)]
struct DirectoryClaims<'a> {
    #[serde(flatten)]
    registered: Registered<'a>,
    scope: &'static str,
}

/// See the module.
pub struct SignedIdentity {
    issuer: String,
    audience: String,
    directory: Directory,
    signer: Arc<IdentitySigner>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl SignedIdentity {
    /// # Errors
    /// When the HTTP client of the directory cannot be made.
    pub fn new(
        portal: &PortalConfig,
        issuer: &str,
        signer: Arc<IdentitySigner>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, DriverError> {
        Ok(Self {
            issuer: issuer.to_owned(),
            audience: portal.audience.clone(),
            directory: Directory::new(portal.id.clone(), portal.upstream.clone())?,
            signer,
            clock,
            entropy,
        })
    }

    fn registered<'a>(&'a self, subject: &'a str) -> Registered<'a> {
        Registered::new(&self.issuer, &self.audience, subject, &*self.clock, &*self.entropy)
    }

    fn directory_token(&self) -> Result<String, DriverError> {
        self.signer.sign(&DirectoryClaims { registered: self.registered(OURSELVES), scope: DIRECTORY_SCOPE })
    }
}

#[async_trait]
impl Driver for SignedIdentity {
    async fn find_customers(&self, query: &str, limit: u32) -> Result<CustomerListResponse, DriverError> {
        self.directory.find(query, limit, &self.directory_token()?).await
    }

    async fn customer(&self, id: &CustomerId) -> Result<Option<CustomerResponse>, DriverError> {
        self.directory.one(id, &self.directory_token()?).await
    }

    async fn decorate(&self, session: &GatewaySession, headers: &mut HeaderMap) -> Result<(), DriverError> {
        let token = self.signer.sign(&ViewerClaims {
            registered: self.registered(session.customer.as_str()),
            act: Actor { sub: session.staff.as_str() },
            sid: session.id.as_str(),
            mode: session.mode,
        })?;
        let mut value = HeaderValue::try_from(token)
            .map_err(|_| DriverError::Signing(jsonwebtoken::errors::ErrorKind::InvalidToken.into()))?;
        value.set_sensitive(true);
        headers.insert(IDENTITY_HEADER, value);
        Ok(())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { finds_customers: true, names_staff: true, names_mode: true, ends_by_itself: true }
    }
}

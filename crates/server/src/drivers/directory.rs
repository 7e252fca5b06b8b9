//! A portal's customer directory: `GET {upstream}/.well-known/amberglass/customers[/{id}]`.

use std::time::Duration;

use amberglass_wire::{
    CustomerId, PortalId, UnixMillis,
    customer::{CustomerListResponse, CustomerResponse},
};
use http::StatusCode;
use serde::Deserialize;
use url::Url;

use super::{DriverError, IDENTITY_HEADER};

/// From the connection to the end of the answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Fifty customers take a few KiB; a larger answer is not one of a directory.
const MAX_BYTES: usize = 1024 * 1024;

/// One entry as the portal reports it.
#[derive(Deserialize)]
struct Entry {
    id: String,
    name: String,
    email: String,
    class: String,
    plan: Option<String>,
    since_ms: Option<i64>,
    active: bool,
}

#[derive(Deserialize)]
struct Found {
    customers: Vec<Entry>,
    #[serde(default)]
    truncated: bool,
}

pub(crate) struct Directory {
    portal: PortalId,
    upstream: Url,
    client: reqwest::Client,
}

impl Directory {
    pub fn new(portal: PortalId, upstream: Url) -> Result<Self, DriverError> {
        Ok(Self { portal, upstream, client: super::client(TIMEOUT)? })
    }

    pub async fn find(&self, query: &str, limit: u32, token: &str) -> Result<CustomerListResponse, DriverError> {
        let mut url = self.address(None)?;
        url.query_pairs_mut().append_pair("query", query).append_pair("limit", &limit.to_string());
        let body = self.get(url, token).await?.ok_or(DriverError::Refused { status: 404 })?;
        let found: Found =
            serde_json::from_slice(&body).map_err(|_| DriverError::NotUnderstood("the list is not of its form"))?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let truncated = found.truncated || found.customers.len() > limit;
        let customers = found.customers.into_iter().take(limit).map(|entry| self.customer_of(entry)).collect();
        Ok(CustomerListResponse { customers, truncated })
    }

    pub async fn one(&self, id: &CustomerId, token: &str) -> Result<Option<CustomerResponse>, DriverError> {
        // These would be taken for steps within the path, and no customer has them.
        if matches!(id.as_str(), "" | "." | "..") {
            return Ok(None);
        }
        let Some(body) = self.get(self.address(Some(id))?, token).await? else { return Ok(None) };
        let entry: Entry =
            serde_json::from_slice(&body).map_err(|_| DriverError::NotUnderstood("the customer is not of its form"))?;
        if entry.id != id.as_str() {
            return Err(DriverError::NotUnderstood("another customer than the one asked for"));
        }
        Ok(Some(self.customer_of(entry)))
    }

    fn address(&self, customer: Option<&CustomerId>) -> Result<Url, DriverError> {
        let mut url = self.upstream.clone();
        url.set_query(None);
        url.set_fragment(None);
        {
            let mut segments = url.path_segments_mut().map_err(|()| DriverError::Address)?;
            segments.clear().extend([".well-known", "amberglass", "customers"]);
            if let Some(customer) = customer {
                segments.push(customer.as_str());
            }
        }
        Ok(url)
    }

    /// `None` for 404.
    async fn get(&self, url: Url, token: &str) -> Result<Option<Vec<u8>>, DriverError> {
        let asked = self.client.get(url).header(IDENTITY_HEADER, token).send().await;
        let mut response = asked.map_err(|error| DriverError::Unreachable(error.without_url()))?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if response.status() != StatusCode::OK {
            return Err(DriverError::Refused { status: response.status().as_u16() });
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| DriverError::Unreachable(error.without_url()))? {
            if body.len().saturating_add(chunk.len()) > MAX_BYTES {
                return Err(DriverError::NotUnderstood("the answer is too large"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Some(body))
    }

    fn customer_of(&self, entry: Entry) -> CustomerResponse {
        CustomerResponse {
            portal: self.portal.clone(),
            id: CustomerId(entry.id),
            name: entry.name,
            email: entry.email,
            class: entry.class,
            plan: entry.plan,
            since: entry.since_ms.map(UnixMillis),
            active: entry.active,
        }
    }
}

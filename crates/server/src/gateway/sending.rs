//! A kept write that was approved, on its way to the portal: as it was blocked, with the session's identity, once.

use amberglass_domain::kept_request::KeptRequest;
use amberglass_wire::elevation::SendOutcome;
use axum::body::Body;
use http::{HeaderValue, Method, header, uri::PathAndQuery};

use super::{
    answer_rules::{self, Passage},
    keeping,
    pipeline::Gateway,
    support::{SUPPORT_HEADER, support_value},
    upstream::{self, Upstream},
};
use crate::{config::PortalConfig, request_id::HttpRequestId, sessions::GatewaySession, store::Sent};

impl Gateway {
    /// Never fails: what goes wrong is told as the outcome. To be called once, by who has it on record as sent. The portal
    /// gets the id of the request that lets it go.
    pub(crate) async fn send(&self, kept: &KeptRequest, session: &GatewaySession, id: &HttpRequestId) -> Sent {
        let unsent = Sent { outcome: SendOutcome::NotSent {}, page: None };
        let Some(portal) = self.state.config.portal(&session.portal) else { return unsent };
        let Ok(target) = kept.target.parse::<PathAndQuery>() else { return unsent };
        let Some(mut request) = self.request(kept, session, portal, &target).await else { return unsent };
        id.mark(request.headers_mut());
        let response = match Upstream::once().ask(request, &*self.state.clock).await {
            Ok(response) => response,
            Err(error) => {
                tracing::warn!(portal = %portal.id, error = &error as &dyn std::error::Error, "an approved write got no answer");
                let outcome = if error.is_unsent() { SendOutcome::NotSent {} } else { SendOutcome::Unknown {} };
                return Sent { outcome, page: None };
            }
        };
        let (answer, _) = response.into_parts();
        let status = answer.status;
        let own_origin = self.state.gateway_origin(portal);
        let is_plain_http = own_origin.starts_with("http://");
        let passage = Passage {
            upstream: &portal.upstream,
            own_origin: &own_origin,
            is_plain_http,
            target: &target,
            now: self.state.clock.now(),
            may_be_file: false,
        };
        // By the rules for every answer: cookies that stay here go into the jar, and nobody is led elsewhere.
        let mut staying = Vec::new();
        let head = answer_rules::head(answer, &passage, &mut staying);
        if let Err(error) = self.jars.keep(&session.id, &staying, target.path(), passage.now).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(session = %session.id, error, "cookies that an approved write has set were not kept");
        }
        let location = head.ok().and_then(|answer| {
            let location = answer.headers.get(header::LOCATION)?.to_str().ok()?.to_owned();
            answer.status.is_redirection().then_some(location)
        });
        let page = location.unwrap_or_else(|| kept.came_from.clone());
        Sent { outcome: SendOutcome::Answered { status: status.as_u16() }, page: Some(page) }
    }

    /// Nothing where it can't be put together as it was kept.
    async fn request(
        &self,
        kept: &KeptRequest,
        session: &GatewaySession,
        portal: &PortalConfig,
        target: &PathAndQuery,
    ) -> Option<http::Request<Body>> {
        let mut headers = keeping::headers(kept)?;
        headers.insert(header::HOST, HeaderValue::try_from(upstream::authority(&portal.upstream)).ok()?);
        let pairs = kept.cookies.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let jar = self.jars.jar(&session.id, i64::MAX).await.ok()?;
        if let Some(cookies) = jar.header(pairs, target.path(), self.state.clock.now()) {
            let mut value = HeaderValue::try_from(cookies).ok()?;
            value.set_sensitive(true);
            headers.insert(header::COOKIE, value);
        }
        let driver = self.state.drivers.get(&portal.id)?;
        if let Err(error) = driver.decorate(session, &mut headers).await {
            tracing::error!(portal = %portal.id, error = &error as &dyn std::error::Error, "no identity for the portal");
            return None;
        }
        headers.insert(SUPPORT_HEADER, support_value(&session.code, session.mode)?);
        let mut request = http::Request::new(Body::from(kept.body.clone()));
        *request.method_mut() = Method::from_bytes(kept.method.as_bytes()).ok()?;
        *request.headers_mut() = headers;
        *request.uri_mut() = upstream::address(&portal.upstream, target).ok()?;
        Some(request)
    }
}

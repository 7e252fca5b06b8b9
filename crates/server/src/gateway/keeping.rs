//! A blocked write that somebody may ask for: kept whole and sealed. The page gets the same answer either way.

use amberglass_domain::kept_request::{KeptRequest, MAX_BODY_BYTES};
use amberglass_wire::{EventId, elevation::CannotAsk};
use axum::body::Body;
use http::{HeaderMap, header, request::Parts, uri::PathAndQuery};

use super::{
    address::Addressed,
    arrival, outgoing,
    pipeline::{DRAINED_MILLIS, Gateway, Heard},
    stream::{self, TooLong},
    upstream,
};
use crate::sessions::{GatewaySession, Keeping, seal};

/// What was blocked by the mode alone.
pub(super) struct Blocked<'a> {
    pub parts: &'a Parts,
    pub addressed: &'a Addressed<'a>,
    pub target: &'a PathAndQuery,
    pub rule: &'a str,
    /// Part of the content is gone.
    pub is_eaten: bool,
    /// That says so.
    pub record: EventId,
}

impl Gateway {
    /// Keeps it, or that it can't be asked for and why. If even that fails it is only blocked.
    pub(super) async fn keep(
        &self,
        blocked: &Blocked<'_>,
        session: &GatewaySession,
        body: &mut Option<Body>,
        heard: &Heard,
    ) {
        // Who waits for `100 Continue` has sent nothing, and reading would invite it to.
        let waits = blocked.parts.headers.contains_key(header::EXPECT);
        let monotonic = self.state.clock.monotonic_millis();
        if waits || self.state.rates.kept.take(session.id.as_str(), monotonic).is_err() {
            return;
        }
        let sealed = if session.is_break_glass {
            Err(CannotAsk::BreakGlass)
        } else if blocked.is_eaten {
            // What is left is not what the page has sent.
            Err(CannotAsk::TooLarge)
        } else {
            self.read(blocked, body, heard).await.and_then(|kept| {
                kept.check()?;
                let place = (&blocked.record, &session.id);
                seal(&self.state.key, &*self.state.entropy, place, &kept).ok_or(CannotAsk::NotKept)
            })
        };
        let keeping = Keeping {
            record: &blocked.record,
            session: &session.id,
            method: blocked.parts.method.as_str(),
            path: &heard.path,
            rule: blocked.rule,
            sealed,
        };
        if let Err(error) = self.state.sessions.keep(&keeping).await {
            tracing::warn!(session = %session.id, error = &error as &dyn std::error::Error, "a blocked write was not kept");
        }
    }

    /// All that would go to the portal, but identity and cookies that are not the page's.
    async fn read(
        &self,
        blocked: &Blocked<'_>,
        body: &mut Option<Body>,
        heard: &Heard,
    ) -> Result<KeptRequest, CannotAsk> {
        let Blocked { parts, addressed, target, .. } = *blocked;
        let content = match body {
            Some(body) => {
                let late =
                    self.state.clock.sleep_until(self.state.clock.monotonic_millis().saturating_add(DRAINED_MILLIS));
                let read = tokio::select! {
                    read = stream::read_within(body, MAX_BODY_BYTES) => read,
                    () = late => Err(TooLong::Broken),
                };
                read.map_err(|why| match why {
                    TooLong::Longer => CannotAsk::TooLarge,
                    TooLong::Broken => CannotAsk::NotReadable,
                })?
            }
            None => Vec::new(),
        };
        let cookies = outgoing::cookies_for_portal(&parts.headers, !addressed.is_plain_http);
        let cookies = cookies.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let route = outgoing::Route {
            own_origin: &addressed.origin,
            upstream_origin: &addressed.portal.upstream.origin().ascii_serialization(),
            upstream_authority: &upstream::authority(&addressed.portal.upstream),
            // Made when it goes.
            cookies: None,
        };
        let headers = outgoing::headers(&parts.headers, &route).and_then(|headers| text(&headers));
        let mut salt = [0_u8; 16];
        self.state.entropy.fill(&mut salt);
        Ok(KeptRequest {
            method: parts.method.as_str().to_owned(),
            target: target.as_str().to_owned(),
            headers: headers.ok_or(CannotAsk::NotReadable)?,
            cookies,
            body: content,
            came_from: heard.back.clone(),
            salt: hex::encode(salt),
        })
    }
}

/// Without those of the connection. Nothing where one of them is no text.
fn text(headers: &HeaderMap) -> Option<Vec<(String, String)>> {
    let of_content = |name: &&http::HeaderName| **name != header::HOST && **name != header::CONTENT_LENGTH;
    let kept = headers.iter().filter(|(name, _)| of_content(name));
    kept.map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))).collect()
}

/// As [`text`] took them apart.
pub(super) fn headers(kept: &KeptRequest) -> Option<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(kept.headers.len());
    for (name, value) in &kept.headers {
        let name = http::HeaderName::try_from(name.as_str()).ok()?;
        // They were withheld when it was kept; nothing in between gives them back.
        if arrival::plain_name(&name).starts_with("amberglass-") {
            return None;
        }
        headers.append(name, http::HeaderValue::try_from(value.as_str()).ok()?);
    }
    Some(headers)
}

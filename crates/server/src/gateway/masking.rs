//! Answers out of which a portal's rules take fields: read whole, without packing, up to a limit. What can't be masked is withheld.
//! A field that is shown on a stated reason is left in for as long as that holds, and no longer.

use amberglass_domain::{
    content,
    read_only::{DividedFields, MAX_MASKED_BYTES, MaskRule, PortalRules, RuleId, divide, mask, masks},
};
use amberglass_wire::{UnixMillis, audit::UnmaskedField};
use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, response::Parts};
use hyper::body::Incoming;

use super::{
    explanation::Reason,
    pipeline::{Gateway, Refusal},
    stream,
};
use crate::{sessions::GatewaySession, store::UnmaskedRow};

/// Where no rule is known by name any more.
const RULE: &str = "masked-answer";
/// How long a portal may take for an answer that is masked, from its head on.
const ANSWER_MILLIS: i64 = 30_000;
/// Speak of the bytes as the portal sent them.
const OF_THE_BYTES: [&str; 9] = [
    "accept-ranges",
    "content-digest",
    "content-length",
    "content-md5",
    "digest",
    "etag",
    "repr-digest",
    "want-content-digest",
    "want-repr-digest",
];

/// So that the answer can be read: whole, and as it is.
pub(super) fn ask_plainly(headers: &mut HeaderMap) {
    for name in [header::RANGE, header::IF_RANGE, header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE] {
        headers.remove(name);
    }
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    // In another form the same things stand elsewhere.
    headers.insert(header::ACCEPT, HeaderValue::from_static(content::JSON));
}

/// What has to be taken out of one answer. Of every route that nothing masks it is empty.
pub(super) struct Masking<'a> {
    masks: Vec<&'a MaskRule>,
    /// On a stated reason, on record before.
    shown: Vec<UnmaskedRow>,
}

impl Masking<'_> {
    pub fn is_empty(&self) -> bool {
        self.masks.is_empty()
    }

    /// The first, for where the answer can't be masked.
    pub fn rule(&self) -> RuleId {
        self.masks.first().map_or(RuleId::Borrowed(RULE), |mask| mask.id.clone())
    }

    /// What is masked and what is shown at this time.
    fn at(&self, now: UnixMillis) -> DividedFields<'_> {
        let is_meant = |row: &UnmaskedRow, id: &RuleId, pointer: &str| row.rule == *id && row.pointer == pointer;
        divide(&self.masks, |mask, field| {
            self.shown.iter().any(|row| row.shown_until > now && is_meant(row, &mask.id, field.as_str()))
        })
    }

    /// As it stands in the record of the page.
    pub fn shown_at(&self, now: UnixMillis) -> Vec<UnmaskedField> {
        let divided = self.at(now);
        let shown = divided.shown.iter();
        shown
            .map(|(mask, field)| UnmaskedField { rule: mask.id.to_string(), pointer: field.as_str().to_owned() })
            .collect()
    }
}

impl Gateway {
    /// Looks up what is shown only where a rule lets something be: what is not masked costs nothing.
    pub(super) async fn masking<'a>(
        &self,
        method: &Method,
        path: &str,
        rules: &'a PortalRules,
        session: &GatewaySession,
    ) -> Result<Masking<'a>, Refusal> {
        let masks = masks(path, rules);
        // The answer to a HEAD shows nothing.
        if *method == Method::HEAD || !masks.iter().any(|mask| mask.unmask) {
            return Ok(Masking { masks, shown: Vec::new() });
        }
        let shown = self.state.store.unmasked_fields(&session.id, self.state.clock.now()).await.map_err(|error| {
            let error = &error as &dyn std::error::Error;
            tracing::error!(session = %session.id, error, "what is shown of a masked answer could not be read");
            Refusal::from(Reason::SessionUnreadable)
        })?;
        Ok(Masking { masks, shown })
    }

    /// Nothing where it can't be masked.
    pub(super) async fn masked(
        &self,
        method: &Method,
        answer: Parts,
        body: Incoming,
        masking: &Masking<'_>,
    ) -> Option<Response> {
        let mut answer = answer;
        let is_empty = *method == Method::HEAD
            || answer.status.is_redirection()
            || matches!(answer.status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT);
        let content = if is_empty {
            Vec::new()
        } else {
            if answer.status == StatusCode::PARTIAL_CONTENT || !is_plain_json(&answer.headers) {
                return None;
            }
            let late = self.state.clock.sleep_until(self.state.clock.monotonic_millis().saturating_add(ANSWER_MILLIS));
            let mut body = Body::new(body);
            let read = tokio::select! {
                read = stream::read_within(&mut body, MAX_MASKED_BYTES) => read.ok()?,
                () = late => return None,
            };
            // By now, and not by when it was asked for.
            mask(&read, &masking.at(self.state.clock.now()).masked).ok()?
        };
        for name in OF_THE_BYTES {
            answer.headers.remove(name);
        }
        Some(Response::from_parts(answer, Body::from(content)))
    }
}

fn is_plain_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else { return false };
    let is_packed = headers.get_all(header::CONTENT_ENCODING).iter().any(|value| value != "identity");
    let media_type = only.to_str().ok().and_then(content::media_type);
    !is_packed && media_type.as_deref() == Some(content::JSON)
}

//! Answers out of which a portal's rules take fields: read whole, without packing, up to a limit. What can't be masked is withheld.

use amberglass_domain::{
    content,
    read_only::{MAX_MASKED_BYTES, MaskedField, mask},
};
use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, response::Parts};
use hyper::body::Incoming;

use super::{pipeline::Gateway, stream};

/// Where no rule is known by name any more.
pub(super) const RULE: &str = "masked-answer";
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

impl Gateway {
    /// Nothing where it can't be masked.
    pub(super) async fn masked(
        &self,
        method: &Method,
        answer: Parts,
        body: Incoming,
        fields: &[&MaskedField],
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
            mask(&read, fields).ok()?
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

//! Puts a request into the form in which `domain` judges it, and reads its content where a rule has to look into it.

use amberglass_domain::{
    content::ContentType,
    read_only::{
        self, Content, Decision, JudgedRequest, MAX_JUDGED_BYTES, MAX_UPLOAD_BYTES, PortalRules, RuleId, RuleKind,
        Upgrade,
    },
};
use amberglass_wire::session::Mode;
use axum::body::Body;
use http::{HeaderMap, Method, header, request::Parts, uri::PathAndQuery};
use tokio_util::sync::CancellationToken;

use super::{
    arrival::{self, Site},
    pipeline::{Gateway, rule},
    stream, websocket,
};

/// How much has to be judged at most, and how long a page may take to send it.
#[derive(Clone, Copy)]
struct Limits {
    bytes: usize,
    millis: i64,
}

const CONTENT: Limits = Limits { bytes: MAX_JUDGED_BYTES, millis: 10_000 };
const UPLOAD: Limits = Limits { bytes: MAX_UPLOAD_BYTES, millis: 60_000 };

pub(super) struct Judged<'a> {
    pub parts: &'a Parts,
    pub target: &'a PathAndQuery,
    pub site: Site,
    pub mode: Mode,
    pub body_is_empty: bool,
}

pub(super) enum Judgement {
    /// By the portal's own rule, where it took one.
    Pass(Option<RuleId>),
    Block {
        rule: RuleId,
        /// What was read of the content is gone: what is left of it is not what the page has sent.
        is_eaten: bool,
    },
}

impl Judgement {
    fn block(rule: &'static str) -> Self {
        Self::Block { rule: rule.into(), is_eaten: false }
    }
}

impl Gateway {
    /// What was read of the content takes its place in `body`, to be forwarded as it was judged.
    pub(super) async fn judge(
        &self,
        judged: &Judged<'_>,
        rules: &PortalRules,
        body: &mut Option<Body>,
        cut: &CancellationToken,
    ) -> Judgement {
        let headers = &judged.parts.headers;
        if !arrival::is_plainly_framed(headers) {
            return Judgement::block(rule::TRANSFER_CODING);
        }
        if arrival::is_service_worker(headers) {
            return Judgement::block(rule::SERVICE_WORKER);
        }
        let has_body = arrival::has_body(headers, judged.body_is_empty);
        let content_type = content_type(headers);
        let mut request = JudgedRequest {
            method: judged.parts.method.as_str(),
            path: judged.target.path(),
            query: judged.target.query(),
            media_type: content_type.as_ref().map(|given| given.media_type.as_str()),
            boundary: content_type.as_ref().and_then(|given| given.boundary.as_deref()),
            content: if has_body { Content::Unread } else { Content::Nothing },
            upgrade: websocket::asked(judged.parts),
            overrides_method: arrival::overrides_method(judged.parts),
        };
        let mut decision = read_only::decide(&request, judged.mode, rules);
        let (is_eaten, read);
        if decision == Decision::ReadContent {
            let limits = if request.boundary.is_some() { UPLOAD } else { CONTENT };
            read = self.content(body, cut, limits).await;
            is_eaten = read.is_none();
            request.content = read.as_ref().map_or(Content::NotToBeHad, |bytes| Content::Read(bytes));
            decision = read_only::decide(&request, judged.mode, rules);
            if let Some(bytes) = &read {
                *body = Some(Body::from(bytes.clone()));
            }
        } else {
            is_eaten = false;
        }
        match decision {
            // Nothing of what may follow is read twice.
            Decision::ReadContent => Judgement::Block { rule: read_only::rule::OPERATION_UNREADABLE.into(), is_eaten },
            Decision::Block { rule } => Judgement::Block { rule, is_eaten },
            // What changes something, or may go on to, comes from the portal's own page, also where it is a GET.
            Decision::Pass { rule }
                if judged.site == Site::Unsaid
                    && (request.upgrade == Upgrade::Websocket || is_change(judged.parts, rules, rule.as_deref())) =>
            {
                Judgement::block(rule::ORIGIN_UNSAID)
            }
            Decision::Pass { rule } => Judgement::Pass(rule),
        }
    }

    /// All of it, if it is not too long and comes in time, before the session is over.
    async fn content(&self, body: &mut Option<Body>, cut: &CancellationToken, limits: Limits) -> Option<bytes::Bytes> {
        let Some(body) = body else { return Some(bytes::Bytes::new()) };
        let late = self.state.clock.sleep_until(self.state.clock.monotonic_millis().saturating_add(limits.millis));
        tokio::select! {
            biased;
            () = cut.cancelled() => None,
            read = stream::read_within(body, limits.bytes) => read.ok().map(bytes::Bytes::from),
            () = late => None,
        }
    }
}

fn is_change(parts: &Parts, rules: &PortalRules, rule: Option<&str>) -> bool {
    let is_listed = rule.and_then(|rule| rules.rule(rule)).is_some_and(|(kind, _)| kind == RuleKind::Write);
    is_listed || !matches!(parts.method, Method::GET | Method::HEAD)
}

/// Of content that can be read as it comes; nothing where several types are named.
fn content_type(headers: &HeaderMap) -> Option<ContentType> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    match (types.next(), types.next()) {
        (Some(only), None) if !headers.contains_key(header::CONTENT_ENCODING) => {
            ContentType::parse(only.to_str().ok()?)
        }
        (Some(_) | None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_of_one_plain_type_can_be_read() {
        let of = |pairs: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(*name, value.parse().unwrap());
            }
            content_type(&headers).map(|given| given.media_type)
        };
        assert_eq!(of(&[("content-type", "Application/JSON; charset=utf-8")]).as_deref(), Some("application/json"));
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("content-type", "application/json"), ("content-type", "text/plain")]), None);
        assert_eq!(of(&[("content-type", "application/json"), ("content-encoding", "gzip")]), None);
        assert_eq!(of(&[("content-type", "application/json; charset=utf-7")]), None);
    }
}

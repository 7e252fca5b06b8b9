//! WebSockets of pages (RFC 6455): opened by the steps of any request, then judged message by message.
//!
//! What a page says goes on once it was judged and is on record, in the very frames in which it came; what the portal says streams
//! to the page as it is. No extension is agreed on, so nothing is packed. The session's end cuts both sides.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use amberglass_domain::{
    read_only::{MessageDecision, RuleId, Upgrade, decide_message, rule as judged},
    websocket::{PageFrames, PortalFrames, Said, close, close_frame},
};
use amberglass_wire::{SessionId, audit::EventDetail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header, request::Parts, response};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use sha1::{Digest as _, Sha1};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio_util::sync::CancellationToken;

use super::{arrival, explanation::Reason, outgoing::named_by_connection, pipeline::subject};
use crate::{
    metrics::{OpenAnswer, Outcome},
    sessions::GatewaySession,
    state::ServerState,
};

/// Rules that are the gateway's own.
pub(super) mod rule {
    pub const TOO_MANY_SOCKETS: &str = "too-many-sockets";
    pub const TOO_MANY_MESSAGES: &str = "too-many-messages";
}

/// Stands for the method on record, where it is about a message.
const MESSAGE: &str = "WEBSOCKET";
/// Open ones of one session: more than any page has, and each may hold a message that is not whole.
const MAX_SOCKETS: usize = 16;
const CHUNK: usize = 16 * 1024;
/// For the last words of both sides.
const CLOSING_MILLIS: i64 = 2000;
/// What a page may still send before it has seen that its socket is closed.
const DRAINED_BYTES: usize = 1024 * 1024;
/// RFC 6455, 1.3.
const ACCEPTING: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// RFC 6455, 4.1.
const KEY_BYTES: usize = 16;

/// The one value of a header that stands there once.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        (Some(_) | None, _) => None,
    }
}

/// What a request wants its connection to become. A WebSocket is asked for as browsers do it, or it is none: a portal that took
/// for one what we did not, or the other way round, would go on reading where nobody judges.
pub(super) fn asked(parts: &Parts) -> Upgrade {
    let headers = &parts.headers;
    if !arrival::wants_upgrade(headers) {
        return Upgrade::Nothing;
    }
    let named = named_by_connection(headers);
    let key = only(headers, header::SEC_WEBSOCKET_KEY).and_then(|key| STANDARD.decode(key).ok());
    let protocols = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().count();
    let is_websocket = parts.method == Method::GET
        && parts.version == Version::HTTP_11
        && only(headers, header::UPGRADE).is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket"))
        && named.iter().any(|token| token == "upgrade")
        && named.iter().all(|token| token == "upgrade" || token == "keep-alive")
        && !headers.contains_key("http2-settings")
        && only(headers, header::SEC_WEBSOCKET_VERSION) == Some("13")
        && key.is_some_and(|key| key.len() == KEY_BYTES)
        && (protocols == 0 || protocols == 1 && offered(headers).is_some());
    if is_websocket { Upgrade::Websocket } else { Upgrade::Other }
}

/// The protocols that a page offers; nothing where one of them is no token.
fn offered(headers: &HeaderMap) -> Option<Vec<&str>> {
    let is_token = |text: &&str| HeaderName::from_bytes(text.as_bytes()).is_ok();
    let given = only(headers, header::SEC_WEBSOCKET_PROTOCOL)?;
    let offered: Vec<&str> = given.split(',').map(str::trim).collect();
    offered.iter().all(is_token).then_some(offered)
}

/// Makes of a request for the portal one for a WebSocket without extensions.
pub(super) fn ask_for(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.remove(header::SEC_WEBSOCKET_EXTENSIONS);
}

/// Whether the portal has agreed to just what was asked for (RFC 6455, 4.1): else nobody knows what is spoken from here on.
pub(super) fn is_agreed(from_page: &HeaderMap, answer: &response::Parts) -> bool {
    let headers = &answer.headers;
    let accepted = only(from_page, header::SEC_WEBSOCKET_KEY).map(|key| {
        let digest = Sha1::new_with_prefix(key).chain_update(ACCEPTING).finalize();
        STANDARD.encode(digest)
    });
    let protocol = match headers.contains_key(header::SEC_WEBSOCKET_PROTOCOL) {
        false => true,
        true => only(headers, header::SEC_WEBSOCKET_PROTOCOL)
            .is_some_and(|protocol| offered(from_page).is_some_and(|offered| offered.contains(&protocol))),
    };
    answer.status == StatusCode::SWITCHING_PROTOCOLS
        && only(headers, header::UPGRADE).is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket"))
        && named_by_connection(headers).iter().any(|token| token == "upgrade")
        && accepted.is_some()
        && only(headers, header::SEC_WEBSOCKET_ACCEPT) == accepted.as_deref()
        && !headers.contains_key(header::SEC_WEBSOCKET_EXTENSIONS)
        && protocol
}

/// Makes of the portal's answer one that opens the page's side.
pub(super) fn agree(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
}

/// How many sockets each session has open.
#[derive(Default)]
pub(super) struct Sockets(Arc<Mutex<HashMap<SessionId, usize>>>);

/// One of them, as long as it is kept.
pub(super) struct Seat {
    taken: Arc<Mutex<HashMap<SessionId, usize>>>,
    session: SessionId,
}

impl Sockets {
    /// Nothing where the session has too many.
    pub fn seat(&self, session: &SessionId) -> Option<Arc<Seat>> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_session = taken.entry(session.clone()).or_default();
        if *of_session >= MAX_SOCKETS {
            return None;
        }
        *of_session = of_session.saturating_add(1);
        Some(Arc::new(Seat { taken: self.0.clone(), session: session.clone() }))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let left = taken.get(&self.session).copied().unwrap_or_default().saturating_sub(1);
        if left == 0 {
            taken.remove(&self.session);
        } else {
            taken.insert(self.session.clone(), left);
        }
    }
}

/// An open one, with what its messages are judged and recorded by.
pub(super) struct Socket {
    pub state: Arc<ServerState>,
    pub session: Arc<GatewaySession>,
    /// That has let it open.
    pub rule: RuleId,
    /// Where it was opened, as it was judged.
    pub path: String,
    /// The same as on record.
    pub recorded: String,
    pub cut: CancellationToken,
    pub open: OpenAnswer,
}

type Side = TokioIo<Upgraded>;

/// How it came to its end.
enum End {
    /// The page is told so, and that it was not passed on.
    Refused {
        code: u16,
        reason: String,
    },
    PageCloses(Option<u16>),
    PageGone,
    PortalGone,
}

impl Socket {
    /// Until one side closes it, a message does not pass, or the session is over. Keeps its seat until then.
    pub async fn run(self, page: OnUpgrade, portal: OnUpgrade, _seat: Arc<Seat>) {
        let cut = self.cut.clone();
        tokio::select! {
            biased;
            () = cut.cancelled() => {}
            () = self.joined(page, portal) => {}
        }
    }

    async fn joined(&self, page: OnUpgrade, portal: OnUpgrade) {
        let (page, portal) = match tokio::try_join!(page, portal) {
            Ok(both) => both,
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "a socket was not opened in the end");
                return;
            }
        };
        let (mut from_page, to_page) = tokio::io::split(TokioIo::new(page));
        let (from_portal, mut to_portal) = tokio::io::split(TokioIo::new(portal));
        let mut down = Down::new(from_portal, to_page, &self.open);
        let end = tokio::select! {
            biased;
            end = self.upward(&mut from_page, &mut to_portal) => end,
            () = down.stream() => End::PortalGone,
        };
        let clock = &*self.state.clock;
        let late = clock.sleep_until(clock.monotonic_millis().saturating_add(CLOSING_MILLIS));
        tokio::select! {
            biased;
            () = late => {}
            () = self.close(end, &mut down, &mut from_page, &mut to_portal) => {}
        }
    }

    /// What the page says, judged, recorded and passed on.
    async fn upward(&self, from_page: &mut ReadHalf<Side>, to_portal: &mut WriteHalf<Side>) -> End {
        let (mut frames, mut chunk) = (PageFrames::default(), vec![0; CHUNK]);
        loop {
            let read = match from_page.read(&mut chunk).await {
                Ok(0) | Err(_) => return End::PageGone,
                Ok(read) => read,
            };
            frames.take(chunk.get(..read).unwrap_or_default());
            loop {
                let passed = match frames.next() {
                    Ok(None) => break,
                    Ok(Some(Said::Close { code })) => return End::PageCloses(code),
                    Ok(Some(Said::Control { frame })) => frame,
                    Ok(Some(Said::Text { text, frames })) => match self.judge(&text).await {
                        None => frames,
                        Some(end) => return end,
                    },
                    Err(fault) => {
                        tracing::debug!(%fault, "a page's frames could not be read");
                        return self.refused(fault.code(), judged::MESSAGE_UNREADABLE.into()).await;
                    }
                };
                if to_portal.write_all(&passed).await.is_err() {
                    return End::PortalGone;
                }
            }
            if to_portal.flush().await.is_err() {
                return End::PortalGone;
            }
        }
    }

    /// On record when it returns. Nothing where the message passes.
    async fn judge(&self, text: &str) -> Option<End> {
        let (session, now) = (self.session.id.as_str(), self.state.clock.monotonic_millis());
        if self.state.rates.messages.take(session, now).is_err() {
            return Some(self.refused(close::POLICY, rule::TOO_MANY_MESSAGES.into()).await);
        }
        // As they are now: they may have changed since it was opened.
        let rules = self.state.rules.now(&self.session.portal);
        match decide_message(text, &self.path, &self.rule, self.session.mode, &rules.rules) {
            MessageDecision::Beat => None,
            MessageDecision::Block { rule } => Some(self.refused(close::POLICY, rule).await),
            MessageDecision::Pass => {
                let detail = EventDetail::PageViewed {
                    method: MESSAGE.to_owned(),
                    path: self.recorded.clone(),
                    document: false,
                    rule: Some(self.rule.clone().into_owned()),
                    unmasked: Vec::new(),
                };
                if self.record(detail).await { None } else { Some(unrecorded()) }
            }
        }
    }

    async fn refused(&self, code: u16, rule: RuleId) -> End {
        let reason = format!("Amberglass did not pass this message on: {rule}");
        let (portal, blocked) = (Some(&self.session.portal), Reason::Blocked.as_str());
        self.state.metrics.gateway.not_passed(portal, Outcome::Blocked, blocked, Some(&rule));
        tracing::info!(session = %self.session.id, rule = &*rule, "a page's message was not passed on");
        let (method, path) = (MESSAGE.to_owned(), self.recorded.clone());
        let detail = EventDetail::RequestBlocked { method, path, rule: rule.into_owned() };
        if self.record(detail).await { End::Refused { code, reason } } else { unrecorded() }
    }

    async fn record(&self, detail: EventDetail) -> bool {
        match self.state.audit.append(subject(&self.session), detail).await {
            Ok(_) => true,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "not on record, so not forwarded");
                false
            }
        }
    }

    /// The last words of both sides.
    async fn close(
        &self,
        end: End,
        down: &mut Down<'_>,
        from_page: &mut ReadHalf<Side>,
        to_portal: &mut WriteHalf<Side>,
    ) {
        let leave = |code: Option<u16>| {
            let mut mask = [0; 4];
            self.state.entropy.fill(&mut mask);
            close_frame(code, "", Some(mask))
        };
        // Who is gone does not hear it; that fails, and nothing is to be done about it.
        match end {
            End::Refused { code, reason } => {
                // First to the page: a portal that hears of its end may leave a frame of its own in the middle.
                down.say(&close_frame(Some(code), &reason, None)).await;
                let _ = to_portal.write_all(&leave(Some(close::GOING_AWAY))).await;
                let _ = to_portal.shutdown().await;
                drain(from_page).await;
            }
            End::PageCloses(code) => {
                // The portal's answer to it is the last that the page gets.
                if to_portal.write_all(&leave(code)).await.is_ok() && to_portal.flush().await.is_ok() {
                    down.stream().await;
                }
                down.shut().await;
            }
            End::PageGone => {
                let _ = to_portal.write_all(&leave(Some(close::GOING_AWAY))).await;
                let _ = to_portal.shutdown().await;
            }
            End::PortalGone => down.shut().await,
        }
    }
}

fn unrecorded() -> End {
    let reason = "Amberglass could not put this message on record, and did not pass it on".to_owned();
    End::Refused { code: close::INTERNAL, reason }
}

/// Whoever is cut off while sending may never see why.
async fn drain(from_page: &mut ReadHalf<Side>) {
    let (mut chunk, mut taken) = (vec![0; CHUNK], 0_usize);
    while let Ok(read @ 1..) = from_page.read(&mut chunk).await {
        taken = taken.saturating_add(read);
        if taken > DRAINED_BYTES {
            return;
        }
    }
}

/// What the portal says, on its way to the page. Dropped in the middle, it knows what has gone.
struct Down<'a> {
    from_portal: ReadHalf<Side>,
    to_page: WriteHalf<Side>,
    chunk: Vec<u8>,
    /// Of `chunk`: what has not gone to the page yet.
    waiting: std::ops::Range<usize>,
    frames: PortalFrames,
    open: &'a OpenAnswer,
}

impl<'a> Down<'a> {
    fn new(from_portal: ReadHalf<Side>, to_page: WriteHalf<Side>, open: &'a OpenAnswer) -> Self {
        Self { from_portal, to_page, chunk: vec![0; CHUNK], waiting: 0..0, frames: PortalFrames::default(), open }
    }

    fn waiting(&self) -> &[u8] {
        self.chunk.get(self.waiting.clone()).unwrap_or_default()
    }

    /// Some of what the portal says, or of what waits; `most` bytes of that. False once one side is gone.
    async fn step(&mut self, most: usize) -> bool {
        if self.waiting.is_empty() {
            let read = self.from_portal.read(&mut self.chunk).await.unwrap_or_default();
            self.waiting = 0..read;
            return read > 0;
        }
        let now = self.chunk.get(self.waiting.clone()).unwrap_or_default();
        let now = now.get(..most.min(now.len())).unwrap_or_default();
        // One write that goes or does not: what has gone is known also when this is dropped.
        let written = self.to_page.write(now).await.unwrap_or_default();
        self.frames.passed(now.get(..written).unwrap_or_default());
        self.open.passed(written);
        self.waiting.start = self.waiting.start.saturating_add(written);
        written > 0
    }

    /// Until one side is gone.
    async fn stream(&mut self) {
        while self.step(usize::MAX).await {}
    }

    /// A frame of ours, once the portal's own that has begun is whole, and nothing more.
    async fn say(&mut self, frame: &[u8]) {
        while !self.frames.is_between() {
            let rest = self.frames.rest_of_frame(self.waiting());
            if !self.step(rest).await {
                return;
            }
        }
        if self.to_page.write_all(frame).await.is_ok() {
            self.shut().await;
        }
    }

    async fn shut(&mut self) {
        let _ = self.to_page.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6455, 1.3.
    const ASKING: [(&str, &str); 6] = [
        ("upgrade", "websocket"),
        ("connection", "keep-alive, Upgrade"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "chat, superchat"),
        ("sec-websocket-extensions", "permessage-deflate"),
    ];
    const AGREEING: [(&str, &str); 4] = [
        ("upgrade", "WebSocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("sec-websocket-protocol", "chat"),
    ];

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    fn request(pairs: &[(&'static str, &'static str)]) -> Parts {
        let mut request = http::Request::get("/live").body(()).unwrap();
        for (name, value) in pairs {
            request.headers_mut().append(*name, HeaderValue::from_static(value));
        }
        request.into_parts().0
    }

    fn but(name: &'static str, value: Option<&'static str>) -> Vec<(&'static str, &'static str)> {
        let others = ASKING.into_iter().filter(|(given, _)| *given != name);
        others.chain(value.map(|value| (name, value))).collect()
    }

    #[test]
    fn a_websocket_is_asked_for_as_browsers_do_it_or_it_is_none() {
        assert_eq!(asked(&request(&ASKING)), Upgrade::Websocket);
        assert_eq!(asked(&request(&but("sec-websocket-protocol", None))), Upgrade::Websocket);
        assert_eq!(asked(&request(&[("accept", "*/*")])), Upgrade::Nothing);
        for spoilt in [
            but("upgrade", Some("h2c")),
            but("upgrade", Some("websocket, h2c")),
            but("upgrade", None),
            but("connection", Some("keep-alive")),
            but("connection", Some("Upgrade, Cookie")),
            but("connection", Some("Upgrade, HTTP2-Settings")),
            but("sec-websocket-key", None),
            but("sec-websocket-key", Some("c2hvcnQ=")),
            but("sec-websocket-key", Some("no base 64")),
            but("sec-websocket-version", Some("777")),
            but("sec-websocket-version", Some("13, 8")),
            but("sec-websocket-protocol", Some("chat,,x")),
            but("sec-websocket-protocol", Some("a b")),
            [&ASKING[..], &[("upgrade", "websocket")]].concat(),
            [&ASKING[..], &[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")]].concat(),
            [&ASKING[..], &[("sec-websocket-protocol", "chat")]].concat(),
            [&ASKING[..], &[("http2-settings", "x")]].concat(),
        ] {
            assert_eq!(asked(&request(&spoilt)), Upgrade::Other, "{spoilt:?}");
        }
        let mut old = request(&ASKING);
        old.version = Version::HTTP_10;
        assert_eq!(asked(&old), Upgrade::Other);
        let mut posted = request(&ASKING);
        posted.method = Method::POST;
        assert_eq!(asked(&posted), Upgrade::Other);
    }

    #[test]
    fn the_portal_agrees_to_just_what_was_asked_for() {
        let agreed = |status: u16, pairs: &[(&'static str, &'static str)]| {
            let (mut parts, ()) = http::Response::builder().status(status).body(()).unwrap().into_parts();
            parts.headers = headers(pairs);
            is_agreed(&headers(&ASKING), &parts)
        };
        assert!(agreed(101, &AGREEING));
        assert!(agreed(101, &AGREEING[..3]));
        assert!(!agreed(200, &AGREEING));
        assert!(!agreed(101, &AGREEING[..2]), "no proof that it has read the key");
        for (name, value) in [
            ("upgrade", "h2c"),
            ("connection", "keep-alive"),
            ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOp="),
            ("sec-websocket-protocol", "other"),
            ("sec-websocket-extensions", "permessage-deflate"),
        ] {
            let others = AGREEING.into_iter().filter(|(given, _)| *given != name);
            let spoilt: Vec<_> = others.chain([(name, value)]).collect();
            assert!(!agreed(101, &spoilt), "{spoilt:?}");
        }
    }

    #[test]
    fn what_goes_to_the_portal_offers_no_extension() {
        let mut asking = headers(&ASKING);
        ask_for(&mut asking);
        assert!(!asking.contains_key(header::SEC_WEBSOCKET_EXTENSIONS));
        assert_eq!(
            (&asking[header::CONNECTION], &asking[header::UPGRADE]),
            (&"Upgrade".parse().unwrap(), &"websocket".parse().unwrap())
        );
    }

    #[test]
    fn a_session_has_so_many_sockets_and_no_more_and_each_end_makes_room() {
        let (sockets, session, other) = (Sockets::default(), SessionId::new("one"), SessionId::new("other"));
        let mut seats: Vec<_> = (0..MAX_SOCKETS).map(|_| sockets.seat(&session).unwrap()).collect();
        assert!(sockets.seat(&session).is_none());
        assert!(sockets.seat(&other).is_some(), "sessions are counted apart");
        seats.pop();
        seats.push(sockets.seat(&session).unwrap());
        drop(seats);
        assert!(sockets.0.lock().unwrap().is_empty());
    }
}

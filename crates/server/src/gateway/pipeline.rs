//! The steps of one request, in their order.

use std::sync::Arc;

use amberglass_domain::{
    read_only::{self, RuleId, RuleKind, Upgrade, downloads},
    redaction::recorded_address,
};
use amberglass_system::Stopwatch;
use amberglass_wire::{
    EventId, PortalId,
    audit::{EventDetail, EventSubject},
};
use axum::{body::Body, extract::Request, response::Response};
use http::{HeaderMap, Method, StatusCode, request::Parts, uri::PathAndQuery};
use hyper::upgrade::OnUpgrade;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::{
    address::{self, Addressed, Misaddressed},
    admission::{Admissions, Admitted, Standing, Told},
    answer_rules::{self, Passage},
    arrival::{self, Site},
    cookie_name,
    downloads::ask_whole,
    explanation::{Explanation, Reason, Whom},
    jars::{self, CookieJars},
    judging::{Judged, Judgement},
    keeping::Blocked,
    masking::{self, Masking},
    measured::Measured,
    outgoing,
    shadow::Shadow,
    stream::{self, CutBody},
    support::{SUPPORT_HEADER, support_value},
    target,
    upstream::{self, Upstream, UpstreamError},
    websocket::{self, Seat, Socket, Sockets},
};
use crate::{portals::Rules, secrets::sha256_hex, sessions::GatewaySession, state::ServerState};

/// Rules that are the pipeline's own.
pub(super) mod rule {
    pub const OTHER_SITE: &str = "other-site";
    /// A write about whose origin the engine says nothing.
    pub const ORIGIN_UNSAID: &str = "origin-unsaid";
    pub const SERVICE_WORKER: &str = "service-worker";
    pub const OTHER_PORTAL: &str = "other-portal";
    /// Another coding of the transfer than the one that everybody reads alike.
    pub const TRANSFER_CODING: &str = "transfer-coding";
    /// What was to go on as it came broke off, or has no end.
    pub const CONTENT_BROKEN: &str = "content-broken";
}

/// What a refused request may still send before it gets its answer.
const DRAINED_BYTES: usize = 4 * 1024 * 1024;
pub(super) const DRAINED_MILLIS: i64 = 2000;
/// In characters; the longest registered one has sixteen.
const MAX_METHOD_LENGTH: usize = 32;

/// A method on record: real ones are short, and any length of made-up ones is possible.
fn recorded_method(method: &Method) -> String {
    method.as_str().chars().take(MAX_METHOD_LENGTH).collect()
}

/// Who a record about a session names.
pub(super) fn subject(session: &GatewaySession) -> EventSubject {
    EventSubject {
        staff: Some(session.staff.clone()),
        customer: Some(session.customer.clone()),
        portal: Some(session.portal.clone()),
        session: Some(session.id.clone()),
        device: Some(session.device.clone()),
        policy_hash: Some(session.policy_hash.clone()),
    }
}

/// How what a rule blocks is explained.
fn blocked_for(rules: &Rules, rule: &str) -> Reason {
    match rules.rules.rule(rule) {
        Some((RuleKind::UnsafeRead, _)) => Reason::UnsafeRead,
        Some((RuleKind::Withhold | RuleKind::Mask, _)) => Reason::Withheld,
        Some((
            RuleKind::SafeWrite
            | RuleKind::SafeRead
            | RuleKind::Write
            | RuleKind::Download
            | RuleKind::Never
            | RuleKind::Graphql
            | RuleKind::JsonRpc
            | RuleKind::Websocket,
            _,
        ))
        | None => Reason::Blocked,
    }
}

/// Whatever of the session is not where it should be, nothing of it is shown.
fn jar_failed(session: &GatewaySession, error: &jars::JarError) -> Refusal {
    tracing::error!(session = %session.id, error = error as &dyn std::error::Error, "the session has no cookie jar");
    Reason::SessionUnreadable.into()
}

/// What all requests share.
pub(crate) struct Gateway {
    pub(super) state: Arc<ServerState>,
    upstream: Upstream,
    admissions: Arc<Admissions>,
    pub(super) jars: Arc<CookieJars>,
    pub(super) shadow: Shadow,
    sockets: Sockets,
}

/// Why the gateway answers itself.
pub(super) struct Refusal {
    reason: Reason,
    rule: Option<RuleId>,
    is_on_record: bool,
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self { reason, rule: None, is_on_record: false }
    }
}

/// What is known of a request as its steps go by, for record and explanation.
pub(super) struct Heard {
    method: Method,
    /// Path and query names, as on record.
    pub(super) path: String,
    is_document: bool,
    pub(super) back: String,
    /// The portal's own that has let it pass.
    by_rule: Option<RuleId>,
    /// Of a WebSocket that is to be opened.
    seat: Option<Arc<Seat>>,
    pub(super) session: Option<Arc<GatewaySession>>,
    pub(super) measured: Measured,
}

impl Gateway {
    pub fn new(state: Arc<ServerState>) -> Self {
        let jars = Arc::new(CookieJars::new(state.store.clone(), state.key.clone(), state.entropy.clone()));
        let admissions = Admissions::new(
            state.sessions.clone(),
            state.clock.clone(),
            jars.clone(),
            state.config.limits.silence_seconds,
            state.stop.clone(),
        );
        Self {
            state,
            upstream: Upstream::new(),
            admissions,
            jars,
            shadow: Shadow::default(),
            sockets: Sockets::default(),
        }
    }

    /// Writes down now and then what rules may have wrong, until the server stops.
    pub async fn watch_rules(&self) {
        self.shadow.run(&self.state.store, &*self.state.clock, self.state.stop.clone()).await;
    }

    /// Never fails: what goes wrong is told in the answer.
    pub(super) async fn answer(self: Arc<Self>, request: Request, measured: Measured) -> Response {
        let (parts, body) = request.into_parts();
        let mut heard = Heard {
            method: parts.method.clone(),
            path: String::new(),
            is_document: arrival::is_document(&parts.method, &parts.headers),
            back: "/".into(),
            by_rule: None,
            seat: None,
            session: None,
            measured,
        };
        let mut body = Some(body);
        match self.steps(&parts, &mut body, &mut heard).await {
            Ok(response) => {
                self.note_passed(&heard, &response);
                response
            }
            Err(refusal) => {
                self.note_not_passed(&heard, refusal.reason, refusal.rule.as_deref());
                // Who waits for `100 Continue` has sent nothing, and reading would invite it to.
                if let Some(body) = body.take()
                    && !parts.headers.contains_key(http::header::EXPECT)
                {
                    self.drain(body).await;
                }
                self.explain(&refusal, &heard)
            }
        }
    }

    async fn steps(&self, parts: &Parts, body: &mut Option<Body>, heard: &mut Heard) -> Result<Response, Refusal> {
        let (portals, port) = (&self.state.config.portals, self.state.gateway.port());
        // Both are found before the session, and recorded once it is known: strangers cannot write into the record.
        let target = target::canonical(&parts.uri);
        heard.path = match &target {
            Ok(target) => recorded_address(target.path(), target.query()),
            Err(_) => recorded_address(parts.uri.path(), parts.uri.query()),
        };
        let addressed = address::portal_of(&parts.uri, &parts.headers, portals, port).map_err(|error| match error {
            Misaddressed::UnknownHost => Reason::UnknownHost,
            Misaddressed::Contradiction => Reason::ContradictingHosts,
        })?;
        heard.measured.portal = Some(addressed.portal.id.clone());
        heard.back = arrival::came_from(&parts.headers, &addressed.origin);
        if !addressed.portal.active {
            return Err(Reason::PortalInactive.into());
        }
        let site = arrival::site(&parts.headers, &addressed.origin);
        let Admitted { session, told, cut, .. } = self.session(parts, &addressed, heard).await?;
        let target = match target {
            Ok(target) => target,
            Err(rule) => return Err(self.blocked(heard, Reason::TargetRefused, rule.into()).await),
        };
        if site == Site::Other {
            return Err(self.blocked(heard, Reason::OtherSite, rule::OTHER_SITE.into()).await);
        }
        let body_is_empty = body.as_ref().is_none_or(hyper::body::Body::is_end_stream);
        let rules = self.state.rules.now(&session.portal);
        let judged = Judged { parts, target: &target, site, mode: session.mode, body_is_empty };
        let rule = match self.judge(&judged, &rules.rules, body, &cut).await {
            Judgement::Pass(rule) => rule,
            Judgement::Block { rule, is_eaten } => {
                let is_the_mode = read_only::rule::is_the_mode(&rule) && site == Site::Own;
                let (refusal, record) = self.blocked_as(heard, blocked_for(&rules, &rule), rule.clone()).await;
                if is_the_mode {
                    let (method, now) = (parts.method.as_str(), self.state.clock.now());
                    self.shadow.blocked(&session, method, &target, now);
                }
                if let Some(record) = record.filter(|_| is_the_mode) {
                    let blocked =
                        Blocked { parts, addressed: &addressed, target: &target, rule: &rule, is_eaten, record };
                    self.keep(&blocked, &session, body, heard).await;
                }
                return Err(refusal);
            }
        };
        heard.by_rule.clone_from(&rule);
        if websocket::asked(parts) == Upgrade::Websocket {
            heard.seat = self.sockets.seat(&session.id);
            if heard.seat.is_none() {
                let rule = websocket::rule::TOO_MANY_SOCKETS.into();
                return Err(self.blocked(heard, Reason::Blocked, rule).await);
            }
        }
        let masking = self.masking(&parts.method, target.path(), &rules.rules, &session).await?;
        self.record(
            heard,
            EventDetail::PageViewed {
                method: recorded_method(&heard.method),
                path: heard.path.clone(),
                document: heard.is_document,
                rule: rule.map(RuleId::into_owned),
                unmasked: masking.shown_at(self.state.clock.now()),
            },
        )
        .await?;
        let has_body = arrival::has_body(&parts.headers, body_is_empty);
        let body = body.take().filter(|_| has_body).unwrap_or_default();
        // Sent, answered or not: the session's end stops it.
        let outcome = tokio::select! {
            biased;
            () = cut.cancelled() => None,
            outcome = self.forward(parts, body, &addressed, (&session, &told), &target, &rules, &masking, heard, &cut) => Some(outcome),
        };
        match outcome {
            Some(outcome) => outcome,
            // Asked again for the reason.
            None => Err(self.session(parts, &addressed, heard).await.err().unwrap_or_else(|| Reason::Frozen.into())),
        }
    }

    /// The session that the cookie stands for, if its pages may be seen.
    async fn session(&self, parts: &Parts, addressed: &Addressed<'_>, heard: &mut Heard) -> Result<Admitted, Refusal> {
        let name = cookie_name(!addressed.is_plain_http);
        let mut values = outgoing::cookies(&parts.headers).filter(|(given, _)| *given == name);
        // Two of them: a script has put one beside ours. Which is which cannot be told.
        let (Some((_, value)), None) = (values.next(), values.next()) else { return Err(Reason::NoSession.into()) };
        let admitted = self.admissions.admit(&sha256_hex(value.as_bytes())).await.map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "a session could not be read");
            Reason::SessionUnreadable
        })?;
        let admitted = admitted.ok_or(Reason::NoSession)?;
        heard.session = Some(admitted.session.clone());
        if admitted.session.portal != addressed.portal.id {
            let refusal = self.blocked(heard, Reason::NoSession, rule::OTHER_PORTAL.into()).await;
            // Nothing of the session is told at a host that is not its own.
            heard.session = None;
            return Err(refusal);
        }
        // Not on record as blocked: a page goes on asking behind the curtain, and that is no attempt of anyone's.
        let reason = match admitted.standing {
            Standing::Viewable => return Ok(admitted),
            Standing::Frozen => Reason::Frozen,
            Standing::Silent => Reason::Silent,
            Standing::NotStarted => Reason::NotStarted,
            Standing::Expired => Reason::Expired,
            Standing::Ended => Reason::Ended(admitted.session.ended_by),
            Standing::PortalDisabled => Reason::PortalInactive,
            Standing::StaffInactive => Reason::StaffInactive,
        };
        Err(reason.into())
    }

    /// What the portal gets beside what the page has sent.
    async fn told<'a>(&self, session: &GatewaySession, told: &'a Told) -> Result<&'a HeaderMap, Refusal> {
        let made = told.get_or_try_init(|| async {
            let driver = self.state.drivers.get(&session.portal).ok_or(Reason::IdentityUnavailable)?;
            let mut headers = HeaderMap::new();
            driver.decorate(session, &mut headers).await.map_err(|error| {
                let error = &error as &dyn std::error::Error;
                tracing::error!(portal = %session.portal, error, "no identity for the portal");
                Reason::IdentityUnavailable
            })?;
            let support = support_value(&session.code, session.mode).ok_or(Reason::IdentityUnavailable)?;
            headers.insert(SUPPORT_HEADER, support);
            Ok(headers)
        });
        made.await
    }

    /// Sends the request on, and the answer back as it comes.
    #[allow(
        clippy::too_many_arguments,
        reason = "the steps before have found all of these, and a struct would only rename them"
    )]
    async fn forward(
        &self,
        parts: &Parts,
        body: Body,
        addressed: &Addressed<'_>,
        (session, told): (&GatewaySession, &Told),
        target: &PathAndQuery,
        rules: &Rules,
        masking: &Masking<'_>,
        heard: &Heard,
        cut: &CancellationToken,
    ) -> Result<Response, Refusal> {
        let portal = addressed.portal;
        let is_secure = !addressed.is_plain_http;
        let jar = self.jars.jar(&session.id, jars::seen(outgoing::cookies(&parts.headers), is_secure)).await;
        let jar = jar.map_err(|error| jar_failed(session, &error))?;
        let from_page = outgoing::cookies_for_portal(&parts.headers, is_secure);
        let now = self.state.clock.now();
        let route = outgoing::Route {
            own_origin: &addressed.origin,
            upstream_origin: &portal.upstream.origin().ascii_serialization(),
            upstream_authority: &upstream::authority(&portal.upstream),
            cookies: jar.header(from_page, target.path(), now),
        };
        let mut headers = outgoing::headers(&parts.headers, &route).ok_or(Reason::PortalUnreachable)?;
        for (name, value) in self.told(session, told).await? {
            headers.insert(name, value.clone());
        }
        if !masking.is_empty() {
            masking::ask_plainly(&mut headers);
        }
        // Only what the engine itself asks for can be saved by it, and nothing out of which fields are taken.
        let may_be_file = heard.is_document && masking.is_empty();
        let mut listed = downloads(parts.method.as_str(), target.path(), target.query(), &rules.rules);
        listed.retain(|_| may_be_file);
        if !listed.is_empty() {
            ask_whole(&mut headers);
        }
        heard.measured.id.mark(&mut headers);
        if heard.seat.is_some() {
            websocket::ask_for(&mut headers);
        }
        let mut request = http::Request::new(body);
        *request.method_mut() = parts.method.clone();
        *request.headers_mut() = headers;
        *request.uri_mut() = upstream::address(&portal.upstream, target).map_err(|_| Reason::PortalUnreachable)?;
        let metrics = &self.state.metrics.gateway;
        metrics.forwarded(&portal.id, heard.measured.since);
        let waiting = Stopwatch::start();
        let asked = match heard.seat {
            Some(_) => self.upstream.ask_to_switch(request, &*self.state.clock).await,
            None => self.upstream.ask(request, &*self.state.clock).await,
        };
        let response = match asked {
            Ok(response) => response,
            Err(error) => {
                tracing::warn!(portal = %portal.id, error = &error as &dyn std::error::Error, "the portal gave no answer");
                return Err(match error {
                    UpstreamError::Unreachable(_) | UpstreamError::TimedOut | UpstreamError::Address => {
                        Reason::PortalUnreachable.into()
                    }
                    UpstreamError::Content(_) => {
                        self.blocked(heard, Reason::ContentBroken, rule::CONTENT_BROKEN.into()).await
                    }
                    UpstreamError::Switches => Reason::PortalNotUnderstood.into(),
                });
            }
        };
        metrics.answered(&portal.id, response.status(), waiting);
        let (mut answer, body) = response.into_parts();
        let other_side = answer.extensions.remove::<OnUpgrade>();
        if answer.status.is_informational() && !websocket::is_agreed(&parts.headers, &answer) {
            tracing::warn!(portal = %portal.id, "the portal changes the protocol to something that was not asked for");
            return Err(Reason::PortalNotUnderstood.into());
        }
        // What the portal's owner has said something about needs no guess.
        if heard.by_rule.is_none() && matches!(parts.method, Method::GET | Method::HEAD) {
            self.shadow.answered(session, target, &portal.upstream, &answer, now);
        }
        let file = match answer_rules::is_download(&answer.headers) {
            true => Some(self.judge_file(session, target.path(), &answer, &listed).await),
            false => None,
        };
        let passage = Passage {
            may_be_file: matches!(file, Some(Ok(_))),
            upstream: &portal.upstream,
            own_origin: &addressed.origin,
            is_plain_http: addressed.is_plain_http,
            target,
            now: self.state.clock.now(),
        };
        let mut staying = Vec::new();
        let mut answer = answer_rules::head(answer, &passage, &mut staying);
        if !staying.is_empty() {
            let version = self.jars.keep(&session.id, &staying, target.path(), passage.now).await;
            let version = version.map_err(|error| jar_failed(session, &error))?;
            if let (Ok(answer), Some(line)) = (&mut answer, jars::version_line(version, is_secure)) {
                answer.headers.append(http::header::SET_COOKIE, line);
            }
        }
        match answer {
            Ok(answer) if answer.status == StatusCode::SWITCHING_PROTOCOLS => self
                .open_socket(parts, answer, other_side, target, heard, cut)
                .ok_or(Reason::PortalNotUnderstood.into()),
            Ok(answer) if masking.is_empty() => {
                if let Some(Ok(granted)) = &file {
                    self.record_about(granted.subject(session), granted.detail(&heard.path)).await?;
                    return Ok(self.hand_out(granted, answer, body, session, cut));
                }
                let body = CutBody::new(body, cut.clone(), metrics.open_answer(&portal.id));
                Ok(Response::from_parts(answer, Body::new(body)))
            }
            Ok(answer) => match self.masked(&parts.method, answer, body, masking).await {
                Some(response) => Ok(response),
                None => Err(self.blocked(heard, Reason::Unmaskable, masking.rule()).await),
            },
            Err(answer_rules::rule::DOWNLOAD) => {
                let rule = file.and_then(Result::err).unwrap_or(answer_rules::rule::DOWNLOAD.into());
                Err(self.blocked(heard, Reason::Download, rule).await)
            }
            Err(rule) => Err(self.blocked(heard, Reason::RedirectElsewhere, rule.into()).await),
        }
    }

    /// Both sides have agreed. Nothing where one of them has no connection that could be used for it.
    fn open_socket(
        &self,
        parts: &Parts,
        mut answer: http::response::Parts,
        other_side: Option<OnUpgrade>,
        target: &PathAndQuery,
        heard: &Heard,
        cut: &CancellationToken,
    ) -> Option<Response> {
        let page = parts.extensions.get::<OnUpgrade>()?.clone();
        let session = heard.session.clone()?;
        websocket::agree(&mut answer.headers);
        let socket = Socket {
            state: self.state.clone(),
            open: self.state.metrics.gateway.open_answer(&session.portal),
            session,
            rule: heard.by_rule.clone()?,
            path: target.path().to_owned(),
            recorded: heard.path.clone(),
            cut: cut.clone(),
        };
        tokio::spawn(socket.run(page, other_side?, heard.seat.clone()?).instrument(heard.measured.id.span()));
        Some(Response::from_parts(answer, Body::empty()))
    }

    /// Records a refusal; if that fails, the answer says so instead.
    async fn blocked(&self, heard: &Heard, reason: Reason, rule: RuleId) -> Refusal {
        self.blocked_as(heard, reason, rule).await.0
    }

    /// The same, with the record if there is one.
    async fn blocked_as(&self, heard: &Heard, reason: Reason, rule: RuleId) -> (Refusal, Option<EventId>) {
        let detail = EventDetail::RequestBlocked {
            method: recorded_method(&heard.method),
            path: heard.path.clone(),
            rule: rule.clone().into_owned(),
        };
        match self.record(heard, detail).await {
            Ok(record) => (Refusal { reason, rule: Some(rule), is_on_record: true }, Some(record)),
            Err(refusal) => (refusal, None),
        }
    }

    /// Durable when it returns.
    async fn record(&self, heard: &Heard, detail: EventDetail) -> Result<EventId, Refusal> {
        self.record_about(heard.session.as_deref().map(subject).unwrap_or_default(), detail).await
    }

    async fn record_about(&self, subject: EventSubject, detail: EventDetail) -> Result<EventId, Refusal> {
        match self.state.audit.append(subject, detail).await {
            Ok(record) => Ok(record.id),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "not on record, so not forwarded");
                Err(Reason::AuditUnavailable.into())
            }
        }
    }

    fn explain(&self, refusal: &Refusal, heard: &Heard) -> Response {
        let reference = heard.measured.id.reference().to_owned();
        let session = heard.session.as_deref();
        tracing::info!(
            reference,
            portal = heard.measured.portal.as_ref().map(PortalId::as_str),
            reason = refusal.reason.as_str(),
            rule = refusal.rule.as_deref(),
            session = session.map(|session| session.id.as_str()),
            "the gateway answers itself"
        );
        Explanation {
            reason: refusal.reason,
            rule: refusal.rule.as_deref(),
            method: heard.method.as_str(),
            path: &heard.path,
            whom: session.map(|session| Whom { customer_name: &session.customer_name, code: &session.code }),
            is_on_record: refusal.is_on_record,
            reference,
            is_document: heard.is_document,
            back: heard.back.clone(),
        }
        .answer()
    }

    async fn drain(&self, body: Body) {
        let late = self.state.clock.sleep_until(self.state.clock.monotonic_millis().saturating_add(DRAINED_MILLIS));
        tokio::select! {
            () = stream::drain(body, DRAINED_BYTES) => {}
            () = late => {}
        }
    }
}

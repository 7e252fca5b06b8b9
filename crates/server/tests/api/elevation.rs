//! One write that was blocked in a read-only session: asked for by its record, decided with its fields in view, sent once as it
//! was blocked.

use std::sync::{Arc, Mutex};

use amberglass_domain::{ports::Clock as _, signing};
use amberglass_testkit::{until_nobody_listens_at, wait_until};
use amberglass_wire::{
    EventId, SessionId,
    approval::{RequestResponse, RequestState, SignedDecision, Verdict},
    audit::{EventBody, EventDetail},
    elevation::{
        AskElevationRequest, BlockedWriteResponse, SendOutcome, SendWriteRequest, SendWriteResponse, WriteField,
    },
    export::ExportScope,
    problem::ErrorCode,
    session::{RedeemGrantResponse, SessionState, StartSessionRequest, StartSessionResponse},
};
use axum::{body::Bytes, extract::Request, response::IntoResponse as _};
use reqwest::{Method, Response, StatusCode, header};
use tokio::net::TcpListener;

use crate::{
    asking::Asking,
    export::{export, keys, whole},
    world::{Console, JANE, LIMIT, World, device_of, json, problem, start_request},
};

pub const FORM: &str = "pet=104201&service=teeth&note=Be+gentle&_csrf=0123456789abcdef";
pub const PATH: &str = "/appointments?from=card";

/// One request as a portal got it.
pub struct Got {
    pub method: String,
    pub target: String,
    pub headers: axum::http::HeaderMap,
    pub body: Bytes,
}

/// Stands in for the sample portal: knows every customer, remembers what it is asked to write, and answers as it is told.
#[derive(Clone, Default)]
pub struct Portal {
    got: Arc<Mutex<Vec<Got>>>,
    /// Never answers a write.
    mute: Arc<Mutex<bool>>,
    /// The customer is not active any more.
    inactive: Arc<Mutex<bool>>,
    /// Of the customer, once it is another one than the usual.
    class: Arc<Mutex<Option<&'static str>>>,
}

impl Portal {
    async fn serve(&self, address: std::net::SocketAddr) {
        until_nobody_listens_at(address).await;
        let listener = TcpListener::bind(address).await.unwrap();
        let portal = self.clone();
        let router = axum::Router::new().fallback(move |request: Request| portal.clone().answer(request));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    }

    async fn answer(self, request: Request) -> axum::response::Response {
        if *request.method() == axum::http::Method::GET {
            let active = !*self.inactive.lock().unwrap();
            let class = self.class.lock().unwrap().unwrap_or("standard");
            let customer = serde_json::json!({
                "id": JANE, "name": "Jane Doe", "email": "jane.doe@example.com", "class": class, "active": active,
            });
            let cookies = [("set-cookie", "portal=1; Path=/; HttpOnly")];
            return (cookies, axum::Json(customer)).into_response();
        }
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let got = Got { method: parts.method.to_string(), target: parts.uri.to_string(), headers: parts.headers, body };
        self.got.lock().unwrap().push(got);
        if *self.mute.lock().unwrap() {
            std::future::pending::<()>().await;
        }
        let headers = [("location", "/appointments?booked"), ("set-cookie", "portal=2; Path=/; HttpOnly")];
        (axum::http::StatusCode::SEE_OTHER, headers).into_response()
    }

    pub fn writes(&self) -> usize {
        self.got.lock().unwrap().len()
    }

    pub fn is_mute(&self) {
        *self.mute.lock().unwrap() = true;
    }

    pub fn says_class(&self, class: &'static str) {
        *self.class.lock().unwrap() = Some(class);
    }

    pub fn says_inactive(&self) {
        *self.inactive.lock().unwrap() = true;
    }
}

/// Amy looks at Jane's pages, Leo and Sana may decide.
pub struct Elevating {
    pub asking: Asking,
    pub portal: Portal,
    pub session: SessionId,
    entry: RedeemGrantResponse,
}

impl Elevating {
    pub async fn new() -> Self {
        Self::with(start_request(JANE)).await
    }

    pub async fn with(start: StartSessionRequest) -> Self {
        Self::in_world(World::new().await, start).await
    }

    pub async fn in_world(mut world: World, start: StartSessionRequest) -> Self {
        world.close_portal().await;
        let portal = Portal::default();
        portal.serve(world.config.portals[0].upstream.socket_addrs(|| None).unwrap()[0]).await;
        let asking = Asking::in_world(world).await;
        let (world, amy) = (&asking.world, &asking.amy);
        let started = world.try_start(amy, "key-1", &start).await;
        let started: StartSessionResponse = json(started, StatusCode::CREATED).await;
        let session = started.session.id;
        let enter = world.entry_request(amy, &session, &started.grant.unwrap());
        let entry = json(world.try_enter(amy, &session, &enter).await, StatusCode::OK).await;
        let elevating = Self { asking, portal, session, entry };
        elevating.page(Method::GET, "/appointments").send().await.unwrap();
        elevating
    }

    /// As the page asks.
    pub fn page(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let gateway = self.asking.world.server().gateway;
        self.asking
            .world
            .client
            .request(method, format!("http://{gateway}{path}"))
            .header(header::HOST, format!("barkside.localhost:{}", gateway.port()))
            .header(header::COOKIE, format!("{}={}; theme=dark", self.entry.cookie_name, self.entry.cookie_value))
            .header("sec-fetch-site", "same-origin")
            .header(header::ORIGIN, self.asking.world.gateway_origin())
            .header(header::REFERER, format!("{}/appointments/new?pet=104201", self.asking.world.gateway_origin()))
    }

    /// The page tries it, and the gateway blocks it.
    pub async fn blocked(&self, path: &str, kind: &str, body: impl Into<reqwest::Body>) -> BlockedWriteResponse {
        let request = self.page(Method::POST, path).header(header::CONTENT_TYPE, kind).body(body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        self.last_blocked().await.unwrap()
    }

    pub async fn blocked_form(&self) -> BlockedWriteResponse {
        self.blocked(PATH, "application/x-www-form-urlencoded", FORM).await
    }

    /// What the console is told with the answer to its heartbeat.
    pub async fn last_blocked(&self) -> Option<BlockedWriteResponse> {
        self.asking.world.clock.advance_millis(1);
        let beat = self.asking.world.beat(&self.asking.amy, &self.session, 0).await;
        beat.sessions.into_iter().next().unwrap().blocked_write
    }

    pub async fn try_ask(&self, by: &Console, record: &EventId) -> Response {
        let ask = AskElevationRequest { record: record.clone() };
        let path = format!("/v1/sessions/{}/elevations", self.session);
        self.asking.world.post(by, &path).json(&ask).send().await.unwrap()
    }

    pub async fn ask(&self) -> RequestResponse {
        let blocked = self.blocked_form().await;
        json(self.try_ask(&self.asking.amy, &blocked.record).await, StatusCode::CREATED).await
    }

    pub async fn approved(&self) -> RequestResponse {
        let request = self.ask().await;
        let approved = self.asking.decide(&self.asking.leo, &request, Verdict::Approve).await;
        assert_eq!(approved.state, RequestState::Approved);
        approved
    }

    pub fn signed(&self, by: &Console, request: &RequestResponse) -> SendWriteRequest {
        let (device, signed_at) = (device_of(by), self.asking.world.clock.now());
        let write_sha256 = request.write.as_ref().unwrap().asked.sha256.clone();
        let message = signing::send_write(&device, &request.id, &write_sha256, signed_at);
        SendWriteRequest { signature: by.key.sign(&message), device, write_sha256, signed_at }
    }

    pub async fn try_send(&self, by: &Console, request: &RequestResponse) -> Response {
        self.try_send_signed(by, request, &self.signed(by, request)).await
    }

    pub async fn try_send_signed(
        &self,
        by: &Console,
        request: &RequestResponse,
        signed: &SendWriteRequest,
    ) -> Response {
        let path = format!("/v1/requests/{}/send", request.id);
        self.asking.world.post(by, &path).json(signed).send().await.unwrap()
    }

    pub async fn send(&self, request: &RequestResponse) -> SendWriteResponse {
        json(self.try_send(&self.asking.amy, request).await, StatusCode::OK).await
    }

    pub async fn amy_sees(&self, request: &RequestResponse) -> RequestResponse {
        self.asking.request(&self.asking.amy, &request.id).await
    }
}

/// Each endpoint of it, once.
pub async fn ask_and_send_one() {
    let elevating = Elevating::new().await;
    let request = elevating.approved().await;
    elevating.send(&request).await;
}

fn shown(fields: &[WriteField]) -> Vec<(&str, &str, bool)> {
    fields.iter().map(|field| (field.name.as_str(), field.value.as_str(), field.masked)).collect()
}

#[tokio::test]
async fn a_blocked_write_is_asked_for_decided_with_its_fields_in_view_and_sent_once_as_it_was_blocked() {
    let elevating = Elevating::new().await;
    let Elevating { asking, portal, .. } = &elevating;
    let blocked = elevating.blocked_form().await;
    assert_eq!((blocked.method.as_str(), blocked.path.as_str()), ("POST", "/appointments?from"));
    assert_eq!(blocked.cannot_ask, None);
    let asked = elevating.try_ask(&asking.amy, &blocked.record).await;
    let request: RequestResponse = json(asked, StatusCode::CREATED).await;
    assert_eq!(request.rules, ["one-write-after-approval"]);
    assert_eq!(request.reason, start_request(JANE).reason, "the session's own");

    let to_leo = asking.request(&asking.leo, &request.id).await;
    assert!(to_leo.may_decide && to_leo.context.is_some());
    let write = to_leo.write.as_ref().unwrap();
    assert_eq!((write.asked.rule.as_str(), &write.session), ("read-only-method", &elevating.session));
    let seen = write.shown.as_ref().unwrap();
    assert_eq!((seen.path.as_str(), seen.left_out), ("/appointments", 0));
    let expected =
        [("from", "card", false), ("pet", "104201", false), ("service", "teeth", false), ("note", "Be gentle", false)];
    assert_eq!(shown(&seen.fields)[..4], expected);
    assert_eq!(shown(&seen.fields)[4], ("_csrf", "", true), "passed on, and shown to nobody");

    let approved = asking.decide(&asking.leo, &request, Verdict::Approve).await;
    assert_eq!(approved.state, RequestState::Approved);
    assert_eq!(portal.writes(), 0, "nothing goes by itself");
    let sent = elevating.send(&request).await;
    assert_eq!(sent.page.as_deref(), Some("/appointments?booked"));
    let write = sent.request.write.unwrap();
    assert_eq!((sent.request.state, write.outcome), (RequestState::Used, Some(SendOutcome::Answered { status: 303 })));
    assert!(write.sent_at.is_some() && write.shown.is_none());

    {
        let got = portal.got.lock().unwrap();
        let [got] = got.as_slice() else { panic!("once") };
        assert_eq!((got.method.as_str(), got.target.as_str(), &got.body[..]), ("POST", PATH, FORM.as_bytes()));
        let header = |name: &str| got.headers.get(name).map(|value| value.to_str().unwrap());
        assert_eq!(header("content-type"), Some("application/x-www-form-urlencoded"));
        assert_eq!(header("cookie"), Some("theme=dark; portal=1"), "the page's own, and what the gateway keeps");
        let effects = "mode=read-write, suppress=(last-login presence read-marks analytics)";
        assert!(header("amberglass-support").unwrap().ends_with(effects), "the mail that tells of it is wanted");
        let upstream = asking.world.config.portals[0].upstream.origin().ascii_serialization();
        assert_eq!(header("origin"), Some(upstream.as_str()));
        assert!(header("amberglass-identity").is_some(), "{:?}", got.headers);
        assert!(header("amberglass-request-id").is_some_and(|id| id.len() == 32), "{:?}", got.headers);
        assert!(!format!("{:?}", got.headers).contains(&elevating.entry.cookie_value));
    }
    // Anything else stays blocked, the same once more too.
    let again = elevating.page(Method::POST, PATH).body(FORM).send().await.unwrap();
    assert_eq!((again.status(), portal.writes()), (StatusCode::FORBIDDEN, 1));
    let again = elevating.send(&request).await;
    assert_eq!((again.request.state, portal.writes()), (RequestState::Used, 1));
    assert_eq!(again.page.as_deref(), Some("/appointments?booked"));
    for kind in ["approval_requested", "approval_decided", "write_sent", "write_answered"] {
        assert_eq!(asking.world.count_events(kind).await, 1, "{kind}");
    }
}

#[tokio::test]
async fn what_was_sent_stands_in_exports_and_the_verifier_finds_it_approved() {
    let elevating = Elevating::new().await;
    let request = elevating.approved().await;
    elevating.send(&request).await;
    let Elevating { asking, .. } = &elevating;
    asking.world.end(&asking.amy, &elevating.session).await;
    let keys = keys(&asking.world, &[&asking.amy, &asking.leo, &asking.sana]);
    for scope in
        [ExportScope::default(), ExportScope { session: Some(elevating.session.clone()), ..ExportScope::default() }]
    {
        assert_eq!(whole(&export(&asking.world, &scope).await.1, &keys).decisions, 1, "{scope:?}");
    }
}

#[tokio::test]
async fn of_two_sendings_at_once_one_goes() {
    let elevating = Elevating::new().await;
    let request = elevating.approved().await;
    let amy = &elevating.asking.amy;
    let answers = futures_util::future::join_all((0..8).map(|_| elevating.try_send(amy, &request))).await;
    for answer in answers {
        let sent: SendWriteResponse = json(answer, StatusCode::OK).await;
        assert_eq!(sent.request.state, RequestState::Used);
    }
    assert_eq!(elevating.portal.writes(), 1);
    assert_eq!(elevating.asking.world.count_events("write_sent").await, 1);
}

#[tokio::test]
async fn each_write_is_asked_for_once() {
    let elevating = Elevating::new().await;
    let request = elevating.ask().await;
    let record = request.write.as_ref().unwrap().asked.record.clone();
    let again: RequestResponse = json(elevating.try_ask(&elevating.asking.amy, &record).await, StatusCode::OK).await;
    assert_eq!(again.id, request.id);
    let denied = elevating.asking.decide(&elevating.asking.leo, &request, Verdict::Deny).await;
    let again: RequestResponse = json(elevating.try_ask(&elevating.asking.amy, &record).await, StatusCode::OK).await;
    assert_eq!((again.id, again.state), (denied.id, RequestState::Denied), "no second try with the same write");
    // It can be done again in the page: then it is another one.
    let other = elevating.blocked_form().await;
    assert_ne!(other.record, record);
    let other: RequestResponse =
        json(elevating.try_ask(&elevating.asking.amy, &other.record).await, StatusCode::CREATED).await;
    assert_ne!(
        other.write.unwrap().asked.sha256,
        request.write.unwrap().asked.sha256,
        "the same bytes have another hash each time"
    );
}

#[tokio::test]
async fn a_write_may_be_asked_for_while_a_session_with_the_same_customer_is() {
    let elevating = Elevating::new().await;
    let mut wish = start_request(JANE);
    wish.mode = amberglass_wire::session::Mode::ReadWrite;
    let ask = amberglass_wire::approval::AskApprovalRequest {
        portal: wish.portal,
        customer: wish.customer,
        reason: wish.reason,
        mode: wish.mode,
        duration_seconds: wish.duration_seconds,
    };
    let world = &elevating.asking.world;
    let asked = world.post(&elevating.asking.amy, "/v1/requests").header("idempotency-key", "ask").json(&ask);
    let session: RequestResponse = json(asked.send().await.unwrap(), StatusCode::CREATED).await;
    let write = elevating.ask().await;
    assert_ne!(session.id, write.id);
    assert!(session.write.is_none() && write.write.is_some());
}

#[tokio::test]
async fn an_approved_write_lets_no_session_begin() {
    let elevating = Elevating::new().await;
    let request = elevating.approved().await;
    let world = &elevating.asking.world;
    world.end(&elevating.asking.amy, &elevating.session).await;
    let start = StartSessionRequest { request: Some(request.id.clone()), duration_seconds: 300, ..start_request(JANE) };
    let started = world.try_start(&elevating.asking.amy, "key-2", &start).await;
    problem(started, StatusCode::CONFLICT, ErrorCode::ApprovalGone).await;
}

#[tokio::test]
async fn a_portal_that_is_down_is_told_and_nothing_is_sent_again() {
    let mut elevating = Elevating::new().await;
    let request = elevating.approved().await;
    // The address of the portal is taken by nobody any more, but the directory has been asked before it goes.
    elevating.portal.is_mute();
    let sending = {
        let (world, amy) = (&elevating.asking.world, &elevating.asking.amy);
        let path = format!("/v1/requests/{}/send", request.id);
        world.post(amy, &path).json(&elevating.signed(amy, &request))
    };
    let sending = tokio::spawn(async move { sending.send().await });
    wait_until("the portal to have it", LIMIT, async || (elevating.portal.writes() == 1).then_some(())).await;
    // Who asked hangs up; the portal never says a word.
    sending.abort();
    let seen = elevating.amy_sees(&request).await;
    assert_eq!((seen.state, seen.write.unwrap().outcome), (RequestState::Used, None), "sent, and nobody knows more");
    elevating.asking.world.clock.advance_seconds(11);
    let seen =
        wait_until("what came of it", LIMIT, async || elevating.amy_sees(&request).await.write.unwrap().outcome).await;
    assert_eq!(seen, SendOutcome::Unknown {});
    elevating.asking.world.refresh(&mut elevating.asking.amy).await;
    let again = elevating.send(&request).await;
    assert_eq!((again.page, elevating.portal.writes()), (None, 1));
    assert_eq!(elevating.asking.world.count_events("write_answered").await, 1);
}

#[tokio::test]
async fn a_server_that_is_started_again_between_decision_and_sending_still_sends_it_once() {
    let mut elevating = Elevating::new().await;
    let request = elevating.approved().await;
    elevating.asking.world.kill_server().await;
    elevating.asking.world.start_server().await;
    let sent = elevating.send(&request).await;
    assert_eq!(sent.request.write.unwrap().outcome, Some(SendOutcome::Answered { status: 303 }));
    assert_eq!(elevating.portal.writes(), 1);
    let got = elevating.portal.got.lock().unwrap();
    assert_eq!((&got[0].body[..], got[0].target.as_str()), (FORM.as_bytes(), PATH));
}

#[tokio::test]
async fn the_record_says_what_was_asked_and_sent_and_nothing_of_what_was_typed() {
    let elevating = Elevating::new().await;
    let request = elevating.approved().await;
    elevating.send(&request).await;
    let world = &elevating.asking.world;
    let trail = world.trail(&elevating.asking.amy, &elevating.session).await;
    let details: Vec<EventDetail> =
        trail.iter().map(|event| serde_json::from_str::<EventBody>(&event.record.body).unwrap().detail).collect();
    let asked = request.write.unwrap().asked;
    assert!(
        details.iter().any(
            |detail| matches!(detail, EventDetail::ApprovalRequested { write: Some(write), .. } if *write == asked)
        )
    );
    assert!(details.iter().any(|detail| matches!(detail, EventDetail::WriteSent { write, .. } if *write == asked)));
    let decided = details.iter().find_map(|detail| {
        let EventDetail::ApprovalDecided { decision, .. } = detail else { return None };
        Some(decision.clone())
    });
    let SignedDecision { write_sha256, .. } = *decided.unwrap();
    assert_eq!(write_sha256.as_deref(), Some(asked.sha256.as_str()));
    let all: String = trail.iter().map(|event| event.record.body.as_str()).collect();
    assert!(!all.contains("gentle") && !all.contains("104201") && !all.contains("0123456789abcdef"));
    // Nor does the database hold it readable, and once it is sent not at all.
    use sqlx::Row as _;
    let pool = world.database().await;
    let kept: i64 = sqlx::query("SELECT COUNT(*) AS n FROM kept_requests").fetch_one(&pool).await.unwrap().get("n");
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn what_is_kept_is_sealed_and_goes_with_its_session() {
    use sqlx::Row as _;
    let elevating = Elevating::new().await;
    let request = elevating.approved().await;
    let pool = elevating.asking.world.database().await;
    let rows = sqlx::query("SELECT * FROM kept_requests").fetch_all(&pool).await.unwrap();
    let sealed: String = rows[0].get("sealed");
    assert!(rows.len() == 1 && !sealed.contains("gentle") && sealed.len() > FORM.len());
    elevating.asking.world.end(&elevating.asking.amy, &elevating.session).await;
    assert!(sqlx::query("SELECT * FROM kept_requests").fetch_all(&pool).await.unwrap().is_empty());
    assert_eq!(elevating.amy_sees(&request).await.state, RequestState::Lapsed);
    let late = elevating.try_send(&elevating.asking.amy, &request).await;
    problem(late, StatusCode::CONFLICT, ErrorCode::ApprovalGone).await;
    assert_eq!(elevating.portal.writes(), 0);
    let state = elevating.asking.world.session(&elevating.asking.amy, &elevating.session).await.state;
    assert_eq!(state, SessionState::Ended);
}

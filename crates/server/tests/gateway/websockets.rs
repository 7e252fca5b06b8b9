//! WebSockets at the gateway: opened where a rule names them, and each message of a page judged before it goes on.

use std::time::Duration;

use amberglass_server::gateway::cookie_name;
use amberglass_testkit::{wait_until, websocket::page_frame as frame};
use amberglass_wire::{audit::EventDetail, session::Mode};
use http::{Method, StatusCode};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::stage::{PATIENCE, SOON, Session, Stage, status_of};

const RULES: &str = r#"
version = 1
absent = ["password", "mfa", "email-change", "account-deletion", "oauth-consent", "api-key", "legal-consent"]

[[websocket]]
id = "live"
path = "/live"
query = { v = "2" }
messages = [{ "/type" = ["subscribe", "unsubscribe"], "/channel" = "*" }]
writes = [{ "/type" = "book", "/visit" = "*" }]
texts = ["beat"]

[[graphql]]
id = "graph"
path = "/graphql"
writes = ["bookVisit"]
subscriptions = ["visits"]

[[websocket]]
id = "graph-live"
path = "/graphql-live"
graphql = "graph"
"#;

/// RFC 6455, 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const SUBSCRIBE: &str = r#"{ "type":"subscribe" , "channel":"visits"}"#;

fn text(text: &str) -> Vec<u8> {
    frame(0x81, text.as_bytes())
}

/// What a page's engine sends to open one, ready to be spoilt.
fn opening(stage: &Stage, session: &Session, target: &str) -> String {
    format!(
        "GET {target} HTTP/1.1\r\nHost: {}\r\nCookie: {}={}; theme=dark\r\nOrigin: {}\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
         Sec-WebSocket-Protocol: salon.v2, salon.v1\r\n\r\n",
        stage.authority(),
        cookie_name(false),
        session.cookie,
        stage.origin(),
    )
}

/// A page's side of a socket.
struct Page {
    stream: TcpStream,
    /// Of the answer that has opened it, or not.
    head: String,
}

impl Page {
    async fn ask(stage: &Stage, request: &str) -> Self {
        let mut stream = TcpStream::connect(stage.server.gateway).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let (mut head, mut byte) = (Vec::new(), [0; 1]);
        while !head.ends_with(b"\r\n\r\n") {
            let read = tokio::time::timeout(PATIENCE, stream.read(&mut byte)).await.expect("no answer").unwrap();
            assert_eq!(read, 1, "no end to the head: {}", String::from_utf8_lossy(&head));
            head.extend_from_slice(&byte);
        }
        Self { stream, head: String::from_utf8(head).unwrap() }
    }

    async fn open(stage: &Stage, session: &Session, target: &str) -> Self {
        let page = Self::ask(stage, &opening(stage, session, target)).await;
        assert_eq!(status_of(&page.head), 101, "{}", page.head);
        page
    }

    async fn say(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    async fn hear(&mut self, expected: &[u8]) {
        let mut heard = vec![0; expected.len()];
        tokio::time::timeout(PATIENCE, self.stream.read_exact(&mut heard)).await.expect("nothing is said").unwrap();
        assert_eq!(heard, expected);
    }

    /// Everything until its end.
    async fn rest(&mut self, within: Duration) -> Vec<u8> {
        let mut rest = Vec::new();
        // Cut off is an end, too.
        let _ = tokio::time::timeout(within, self.stream.read_to_end(&mut rest)).await.expect("it stays open");
        rest
    }

    /// Code and reason of the close frame that is all that comes.
    async fn closed(&mut self) -> (u16, String) {
        let rest = self.rest(PATIENCE).await;
        let [0x88, length, high, low, reason @ ..] = rest.as_slice() else { panic!("no close frame: {rest:?}") };
        assert_eq!(usize::from(*length), reason.len() + 2, "one frame and nothing more");
        (u16::from_be_bytes([*high, *low]), String::from_utf8(reason.to_vec()).unwrap())
    }
}

async fn until_heard(stage: &Stage, expected: &[u8]) {
    wait_until("the portal to hear it", PATIENCE, async || {
        let heard = stage.upstream.heard();
        assert!(expected.starts_with(&heard) || heard.starts_with(expected), "{heard:?}");
        (heard.len() >= expected.len()).then_some(())
    })
    .await;
}

/// What has reached the portal, without the close frame at its end that is the gateway's own.
async fn heard_before_the_end(stage: &Stage) -> Vec<u8> {
    tokio::time::timeout(PATIENCE, stage.upstream.shared.dropped.notified()).await.expect("the portal still listens");
    let mut heard = std::mem::take(&mut *stage.upstream.shared.heard.lock().unwrap());
    let close = heard.split_off(heard.len().checked_sub(8).expect("no close frame"));
    assert_eq!(close[..2], [0x88, 0x82], "{close:?}");
    assert_eq!([close[6] ^ close[2], close[7] ^ close[3]], 1001_u16.to_be_bytes());
    heard
}

/// What the record says about messages: what became of them, where, and by which rule.
fn about_messages(trail: &[EventDetail]) -> Vec<String> {
    let about = |detail: &EventDetail| {
        if let EventDetail::PageViewed { method, path, rule: Some(rule), .. } = detail {
            (method == "WEBSOCKET").then(|| format!("{path} passed by {rule}"))
        } else if let EventDetail::RequestBlocked { method, path, rule } = detail {
            (method == "WEBSOCKET").then(|| format!("{path} blocked by {rule}"))
        } else {
            None
        }
    };
    trail.iter().filter_map(about).collect()
}

#[tokio::test]
async fn a_message_that_a_rule_lists_goes_on_byte_for_byte_and_the_portals_words_come_back() {
    let stage = Stage::with_rules(RULES).await;
    stage.upstream.will_answer(101, &[("sec-websocket-protocol", "salon.v1"), ("set-cookie", "secret=1; HttpOnly")]);
    let session = stage.session().await;
    let mut page = Page::open(&stage, &session, "/live?v=2").await;
    let head = page.head.to_ascii_lowercase();
    for line in [
        "upgrade: websocket",
        "connection: upgrade",
        "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=",
        "sec-websocket-protocol: salon.v1",
    ] {
        assert_eq!(head.matches(&format!("\r\n{line}\r\n")).count(), 1, "{line} in {head}");
    }
    for name in ["sec-websocket-extensions", "secret", "content-length", "transfer-encoding"] {
        assert!(!head.contains(name), "{name} in {head}");
    }
    let seen = stage.upstream.seen().pop().unwrap();
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("GET", "/live?v=2"));
    assert_eq!(seen.headers["sec-websocket-key"], KEY);
    assert_eq!(seen.headers["sec-websocket-version"], "13");
    assert_eq!(seen.headers["sec-websocket-protocol"], "salon.v2, salon.v1");
    assert_eq!(seen.headers["origin"], stage.upstream.url().origin().ascii_serialization());
    assert_eq!(seen.headers["cookie"], "theme=dark");
    for name in ["amberglass-identity", "amberglass-support"] {
        assert!(seen.headers.contains_key(name), "{name}");
    }
    assert!(!seen.headers.contains_key("sec-websocket-extensions"));

    let (begin, end) = SUBSCRIBE.split_at(9);
    let said = [
        text(SUBSCRIBE),
        text("beat"),
        frame(0x01, begin.as_bytes()),
        frame(0x89, b"ping"),
        frame(0x00, b""),
        frame(0x80, end.as_bytes()),
        frame(0x8a, b"pong"),
    ]
    .concat();
    for byte in said.chunks(1) {
        page.say(byte).await;
    }
    until_heard(&stage, &said).await;
    assert_eq!(stage.upstream.heard(), said);
    // Nothing of it is looked at, so it may be what no portal sends.
    for said in [&b"\x81\x05Hello"[..], b"\xc2\x7e\x01\x00", &[7; 256], b"\x89\x00"] {
        stage.upstream.say(said);
        page.hear(said).await;
    }
    let live = "/live?v passed by live";
    assert_eq!(about_messages(&stage.trail(&session.id).await), [live, live], "beats ask for nothing");
    assert_eq!(stage.blocked(&session).await, [""; 0]);
}

#[tokio::test]
async fn a_message_that_no_rule_lists_is_blocked_recorded_and_closes_the_socket() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    let operation = |document: &str| {
        text(&serde_json::json!({ "id": "1", "type": "subscribe", "payload": { "query": document } }).to_string())
    };
    let packed = [vec![0xc1], text(SUBSCRIBE)[1..].to_vec()].concat();
    let unmasked = [&[0x81, u8::try_from(SUBSCRIBE.len()).unwrap()][..], SUBSCRIBE.as_bytes()].concat();
    let long = text(&format!(r#"{{"type":"subscribe","channel":"{}"}}"#, "x".repeat(256 * 1024)));
    let in_pieces = [frame(0x01, br#"{"type":"#), frame(0x89, b""), frame(0x80, br#""delete"}"#)].concat();
    let (live, graph) = ("/live?v=2", "/graphql-live");
    let table = [
        (live, "another type", text(r#"{"type":"delete"}"#), 1008, "unlisted-message"),
        (live, "something beside it", text(r#"{"type":"subscribe","also":1}"#), 1008, "unlisted-message"),
        (live, "in pieces", in_pieces, 1008, "unlisted-message"),
        (live, "a listed write", text(r#"{"type":"book","visit":1}"#), 1008, "read-only-operation"),
        (live, "two meanings", text(r#"{"type":"subscribe","type":"delete"}"#), 1008, "message-unreadable"),
        (live, "no JSON", text("subscribe"), 1008, "message-unreadable"),
        (live, "binary", frame(0x82, SUBSCRIBE.as_bytes()), 1008, "message-unreadable"),
        (live, "packed", packed, 1002, "message-unreadable"),
        (live, "without a mask", unmasked, 1002, "message-unreadable"),
        (live, "of a reserved kind", frame(0x83, b"x"), 1002, "message-unreadable"),
        (live, "a fragment of nothing", frame(0x80, SUBSCRIBE.as_bytes()), 1002, "message-unreadable"),
        (live, "a long ping", frame(0x89, &[0; 126]), 1002, "message-unreadable"),
        (live, "no text", frame(0x81, b"\xff"), 1007, "message-unreadable"),
        (live, "too long", long, 1009, "message-unreadable"),
        (graph, "a mutation", operation("mutation { bookVisit { id } }"), 1008, "read-only-operation"),
        (graph, "another subscription", operation("subscription { keys }"), 1008, "read-only-operation"),
        (graph, "no document", operation("mutation {"), 1008, "operation-unreadable"),
    ];
    let mut on_record = Vec::new();
    for (target, what, said, code, rule) in table {
        let mut page = Page::open(&stage, &session, target).await;
        // More on its heels goes nowhere either.
        let with_more = [said, text(SUBSCRIBE)].concat();
        page.say(&with_more).await;
        let (closed_with, reason) = page.closed().await;
        assert_eq!(closed_with, code, "{what}");
        assert_eq!(reason, format!("Amberglass did not pass this message on: {rule}"), "{what}");
        drop(page);
        assert_eq!(heard_before_the_end(&stage).await, b"", "{what}");
        let on_record_as = if target == live { "/live?v" } else { graph };
        on_record.push(format!("{on_record_as} blocked by {rule}"));
    }
    assert_eq!(about_messages(&stage.trail(&session.id).await), on_record);
}

#[tokio::test]
async fn what_came_before_a_blocked_message_has_gone_on_and_nothing_after_it() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    let mut page = Page::open(&stage, &session, "/live?v=2").await;
    page.say(&[text(SUBSCRIBE), text("{}"), text(SUBSCRIBE)].concat()).await;
    assert_eq!(page.closed().await.0, 1008);
    drop(page);
    assert_eq!(heard_before_the_end(&stage).await, text(SUBSCRIBE));
}

#[tokio::test]
async fn in_read_write_listed_messages_and_operations_pass_and_others_do_not() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session_in(Mode::ReadWrite).await;
    let operation = |document: &str| {
        text(&serde_json::json!({ "id": "1", "type": "subscribe", "payload": { "query": document } }).to_string())
    };
    let visits = operation("subscription { visits { day } }");
    let table = [
        (
            "/live?v=2",
            text(r#"{"type":"book","visit":{"pet":3}}"#),
            text(r#"{"type":"book","visit":{"password":"x"}}"#),
            "never-password",
        ),
        ("/live?v=2", text(SUBSCRIBE), text(r#"{"type":"cancel"}"#), "unlisted-message"),
        ("/graphql-live", visits, operation("mutation { cancelVisit }"), "unlisted-operation"),
        (
            "/graphql-live",
            operation("mutation { bookVisit }"),
            operation("mutation { changePassword }"),
            "never-password",
        ),
    ];
    for (target, passes, is_blocked, rule) in table {
        let mut page = Page::open(&stage, &session, target).await;
        page.say(&passes).await;
        until_heard(&stage, &passes).await;
        page.say(&is_blocked).await;
        let (code, reason) = page.closed().await;
        assert_eq!((code, reason.ends_with(rule)), (1008, true), "{reason}");
        drop(page);
        assert_eq!(heard_before_the_end(&stage).await, passes, "{rule}");
    }
    assert_eq!(
        about_messages(&stage.trail(&session.id).await),
        [
            "/live?v passed by live",
            "/live?v blocked by never-password",
            "/live?v passed by live",
            "/live?v blocked by unlisted-message",
            "/graphql-live passed by graph-live",
            "/graphql-live blocked by unlisted-operation",
            "/graphql-live passed by graph-live",
            "/graphql-live blocked by never-password",
        ]
    );
}

/// The socket stays open, and is judged by the rules as they are.
#[tokio::test]
async fn over_an_open_socket_nothing_is_written_once_the_rules_do_not_account_for_the_never_list() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session_in(Mode::ReadWrite).await;
    let mut page = Page::open(&stage, &session, "/live?v=2").await;
    let write = text(r#"{"type":"book","visit":{"pet":3}}"#);
    page.say(&write).await;
    until_heard(&stage, &write).await;
    std::fs::write(stage.rules_file(), RULES.replace("\"mfa\", ", "")).unwrap();
    wait_until("the new rules", PATIENCE, async || {
        stage.clock.advance_millis(100);
        stage.beat(&session).await;
        let request = stage.ask(Method::POST, &session, "/graphql").header("content-type", "application/json");
        let answer = request.body(r#"{"query":"mutation { bookVisit }"}"#).send().await.unwrap();
        (answer.status() == StatusCode::FORBIDDEN).then_some(())
    })
    .await;
    page.say(&write).await;
    let (code, reason) = page.closed().await;
    assert_eq!((code, reason.ends_with("read-write-not-declared")), (1008, true), "{reason}");
    drop(page);
    assert_eq!(heard_before_the_end(&stage).await, write, "what was written before, and nothing since");
    assert_eq!(
        about_messages(&stage.trail(&session.id).await).last().unwrap(),
        "/live?v blocked by read-write-not-declared"
    );
}

#[tokio::test]
async fn a_socket_is_opened_where_a_rule_names_it_and_as_browsers_ask_for_it() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    let asked = |target: &str| opening(&stage, &session, target);
    let good = asked("/live?v=2");
    let spoilt = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replace(from, to)
    };
    let origin = format!("Origin: {}\r\n", stage.origin());
    let key = format!("Sec-WebSocket-Key: {KEY}\r\n");
    let table = [
        ("no rule", asked("/news"), 403, "upgrade-refused"),
        ("another query", asked("/live?v=3"), 403, "upgrade-refused"),
        ("another spelling", asked("/Live?v=2"), 403, "upgrade-refused"),
        ("another protocol", spoilt("Upgrade: websocket", "Upgrade: h2c"), 403, "upgrade-refused"),
        ("two protocols", spoilt("Upgrade: websocket", "Upgrade: websocket\r\nUpgrade: h2c"), 403, "upgrade-refused"),
        ("another version", spoilt("Version: 13", "Version: 777"), 403, "upgrade-refused"),
        ("no key", spoilt(&key, ""), 403, "upgrade-refused"),
        ("two keys", spoilt(&key, &format!("{key}{key}")), 403, "upgrade-refused"),
        ("upgrade of nothing", spoilt("Connection: Upgrade", "Connection: keep-alive"), 403, "upgrade-refused"),
        (
            "other headers taken away",
            spoilt("Connection: Upgrade", "Connection: Upgrade, Cookie"),
            403,
            "upgrade-refused",
        ),
        ("by POST", spoilt("GET ", "POST "), 403, "upgrade-refused"),
        ("of HTTP/1.0", spoilt("HTTP/1.1", "HTTP/1.0"), 403, "upgrade-refused"),
        (
            "with content",
            spoilt("Upgrade: websocket", "Upgrade: websocket\r\nTransfer-Encoding: chunked") + "0\r\n\r\n",
            403,
            "body-on-read",
        ),
        ("another site", spoilt(&origin, "Origin: http://evil.test\r\n"), 403, "other-site"),
        ("another site, by the engine", spoilt(&origin, "Sec-Fetch-Site: cross-site\r\n"), 403, "other-site"),
        ("no origin", spoilt(&origin, ""), 403, "origin-unsaid"),
    ];
    let mut rules = Vec::new();
    for (what, request, status, rule) in table {
        let page = Page::ask(&stage, &request).await;
        assert_eq!(status_of(&page.head), status, "{what}: {}", page.head);
        rules.push(rule);
    }
    let stranger = spoilt(&session.cookie, "none");
    assert_eq!(status_of(&Page::ask(&stage, &stranger).await.head), 401);
    assert!(stage.upstream.seen().is_empty(), "{:?}", stage.upstream.seen());
    let blocked = stage.blocked(&session).await;
    assert_eq!(blocked, rules);
    // Without a portal's own rules none is opened at all, and a page at such a path is a page.
    assert_eq!(stage.get(&session, "/news").send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(stage.get(&session, "/live?v=2").send().await.unwrap().status(), StatusCode::UPGRADE_REQUIRED);
    assert_eq!(stage.ask(Method::POST, &session, "/live").send().await.unwrap().status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_portal_that_agrees_to_something_else_is_not_passed_on() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    for header in [("sec-websocket-extensions", "permessage-deflate"), ("sec-websocket-protocol", "never-asked-for")] {
        stage.upstream.will_answer(101, &[header]);
        let page = Page::ask(&stage, &opening(&stage, &session, "/live?v=2")).await;
        assert_eq!(status_of(&page.head), 502, "{}", page.head);
        assert!(page.head.contains("amberglass-gateway: portal-not-understood"), "{}", page.head);
    }
}

#[tokio::test]
async fn what_cannot_be_recorded_opens_no_socket_and_says_nothing() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    let mut page = Page::open(&stage, &session, "/live?v=2").await;
    stage.break_the_audit_log().await;
    page.say(&text(SUBSCRIBE)).await;
    let (code, reason) = page.closed().await;
    assert_eq!(code, 1011, "{reason}");
    assert_eq!(heard_before_the_end(&stage).await, b"");
    let before = stage.upstream.seen().len();
    let refused = Page::ask(&stage, &opening(&stage, &session, "/live?v=2")).await;
    assert_eq!((status_of(&refused.head), stage.upstream.seen().len()), (503, before));
}

#[tokio::test]
async fn the_end_of_a_session_cuts_its_sockets_and_no_other() {
    let stage = Stage::with_rules(RULES).await;
    let first = stage.session().await;
    let mut cut = Page::open(&stage, &first, "/live?v=2").await;
    // In the middle of a message, of which nothing goes on.
    cut.say(&frame(0x01, b"{\"type\":")).await;
    stage.end(&first).await;
    assert_eq!(cut.rest(SOON).await, b"");
    tokio::time::timeout(SOON, stage.upstream.shared.dropped.notified()).await.expect("the portal still listens");
    assert_eq!(stage.upstream.heard(), b"");
    let second = stage.session().await;
    let mut page = Page::open(&stage, &second, "/live?v=2").await;
    stage.end(&first).await;
    page.say(&text(SUBSCRIBE)).await;
    until_heard(&stage, &text(SUBSCRIBE)).await;
    stage.clock.advance_seconds(7);
    assert_eq!(page.rest(SOON).await, b"", "silence of the console cuts it as well");
}

#[tokio::test]
async fn a_stopping_server_does_not_wait_for_open_sockets() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    let mut page = Page::open(&stage, &session, "/live?v=2").await;
    tokio::time::timeout(SOON, stage.server.stop()).await.expect("the server waits for a page");
    assert_eq!(page.rest(SOON).await, b"");
}

#[tokio::test]
async fn both_sides_close_a_socket_and_the_pages_words_about_it_stay_here() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    let mut page = Page::open(&stage, &session, "/live?v=2").await;
    page.say(&frame(0x88, b"\x0f\xa0delete everything")).await;
    let heard = wait_until("the portal to hear it", PATIENCE, async || {
        let heard = stage.upstream.heard();
        (heard.len() == 8).then_some(heard)
    })
    .await;
    assert_eq!((heard[0], heard[1]), (0x88, 0x82));
    assert_eq!([heard[6] ^ heard[2], heard[7] ^ heard[3]], 4000_u16.to_be_bytes());
    stage.upstream.say(b"\x88\x02\x0f\xa0");
    page.hear(b"\x88\x02\x0f\xa0").await;
    stage.upstream.say(b"");
    assert_eq!(page.rest(PATIENCE).await, b"");

    let mut page = Page::open(&stage, &session, "/live?v=2").await;
    stage.upstream.say(b"\x88\x02\x03\xe8");
    page.hear(b"\x88\x02\x03\xe8").await;
    stage.upstream.say(b"");
    assert_eq!(page.rest(PATIENCE).await, b"");
}

#[tokio::test]
async fn the_word_about_a_blocked_message_stands_between_two_frames_of_the_portals() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    let mut page = Page::open(&stage, &session, "/live?v=2").await;
    stage.upstream.say(b"\x81\x05Hel");
    page.hear(b"\x81\x05Hel").await;
    page.say(&text("{}")).await;
    wait_until("the refusal on record", PATIENCE, async || (!stage.blocked(&session).await.is_empty()).then_some(()))
        .await;
    // With the beginning of another one, which is left out.
    stage.upstream.say(b"lo\x81\x05wor");
    page.hear(b"lo").await;
    assert_eq!(page.closed().await.0, 1008);
}

#[tokio::test]
async fn a_session_has_so_many_sockets_and_messages_and_no_more() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    let mut pages = Vec::new();
    for _ in 0..16 {
        pages.push(Page::open(&stage, &session, "/live?v=2").await);
    }
    let one_more = Page::ask(&stage, &opening(&stage, &session, "/live?v=2")).await;
    assert_eq!(status_of(&one_more.head), 403, "{}", one_more.head);
    assert_eq!(stage.blocked(&session).await, ["too-many-sockets"]);
    pages.pop();
    let mut page = wait_until("room for another one", PATIENCE, async || {
        let page = Page::ask(&stage, &opening(&stage, &session, "/live?v=2")).await;
        (status_of(&page.head) == 101).then_some(page)
    })
    .await;
    // Those that ask for nothing count as well.
    page.say(&text("beat").repeat(601)).await;
    let (code, reason) = page.closed().await;
    assert_eq!((code, reason.ends_with("too-many-messages")), (1008, true), "{reason}");
    assert_eq!(stage.blocked(&session).await.last().map(String::as_str), Some("too-many-messages"));
}

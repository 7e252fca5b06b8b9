//! A portal's rules at the gateway: what must pass passes as it was judged, what must not is blocked, and both are on record.

use std::time::Duration;

use amberglass_server::gateway::GATEWAY_HEADER;
use amberglass_testkit::wait_until;
use amberglass_wire::{PortalId, audit::EventDetail, session::Mode};
use http::{Method, StatusCode};

use crate::stage::{PATIENCE, Session, Stage, raw, status_of};

/// One of each kind, at a portal that accounts for the whole never-list.
const RULES: &str = r#"
version = 1
absent = ["mfa", "email-change", "account-deletion", "oauth-consent", "api-key", "legal-consent"]

[[safe_write]]
id = "search"
method = "POST"
path = "/api/search"
content_type = "application/json"
body = { "/kind" = "preview" }

[[unsafe_read]]
id = "open-message"
path = "/messages/{id}/open"

[[write]]
id = "book"
method = "POST"
path = "/appointments"

[[never]]
id = "never-key-word"
category = "password"
method = "POST"
path = "/settings"
body = { section = "key-word" }

[[write]]
id = "settings"
method = "POST"
path = "/settings"

[[write]]
id = "photo"
method = "POST"
path = "/photos"
content_type = "multipart/form-data"

[[withhold]]
id = "api-keys"
path = "/api/keys/{all...}"
why = "Keys outlive the session"

[[mask]]
id = "bank-details"
path = "/answer/bank"
fields = ["/iban", "/cards/*/number"]

[[graphql]]
id = "graph"
path = "/graphql"
writes = ["bookVisit"]

[[json_rpc]]
id = "rpc"
path = "/rpc"
safe = ["pets.list"]
writes = ["visits.book"]
"#;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

struct Case {
    method: Method,
    target: &'static str,
    content: Option<(&'static str, &'static str)>,
    /// The rule that lets it pass, or the one that blocks it; nothing for what passes anyway.
    read_only: Option<Result<&'static str, &'static str>>,
    read_write: Option<Result<&'static str, &'static str>>,
}

fn case(
    method: Method,
    target: &'static str,
    content: Option<(&'static str, &'static str)>,
    read_only: Option<Result<&'static str, &'static str>>,
    read_write: Option<Result<&'static str, &'static str>>,
) -> Case {
    Case { method, target, content, read_only, read_write }
}

fn cases() -> Vec<Case> {
    const METHOD: Option<Result<&str, &str>> = Some(Err("read-only-method"));
    const OPERATION: Option<Result<&str, &str>> = Some(Err("read-only-operation"));
    const UNLISTED: Option<Result<&str, &str>> = Some(Err("unlisted-write"));
    const UNLISTED_OPERATION: Option<Result<&str, &str>> = Some(Err("unlisted-operation"));
    let post = Method::POST;
    let get = Method::GET;
    let search = Some(Ok("search"));
    let open = Some(Err("open-message"));
    let never = Some(Err("never-key-word"));
    vec![
        case(post.clone(), "/api/search", Some((JSON, r#"{"kind":"preview"}"#)), search, search),
        case(post.clone(), "/api/search", Some((JSON, r#"{"kind":"apply"}"#)), METHOD, UNLISTED),
        case(post.clone(), "/api/search", Some((JSON, r#"{"kind":"preview","kind":"apply"}"#)), METHOD, UNLISTED),
        case(post.clone(), "/api/search", Some((FORM, "kind=preview")), METHOD, UNLISTED),
        case(get.clone(), "/messages/7", None, None, None),
        case(get.clone(), "/messages/7/open", None, open, open),
        case(get, "/Messages/7/open/", None, open, open),
        case(post.clone(), "/appointments", Some((FORM, "day=Monday")), METHOD, Some(Ok("book"))),
        case(post.clone(), "/appointments", Some((FORM, "day=Monday&_method=DELETE")), METHOD, UNLISTED),
        case(post.clone(), "/appointments", Some((FORM, "password=x")), METHOD, Some(Err("never-password"))),
        case(post.clone(), "/settings", Some((FORM, "section=colours")), METHOD, Some(Ok("settings"))),
        case(post.clone(), "/settings", Some((FORM, "section=key-word")), never, never),
        case(post.clone(), "/settings", Some((JSON, "not JSON")), never, never),
        case(post.clone(), "/graphql", Some((JSON, r#"{"query":"{ pets }"}"#)), Some(Ok("graph")), Some(Ok("graph"))),
        case(
            post.clone(),
            "/graphql",
            Some((JSON, r#"{"query":"mutation { bookVisit }"}"#)),
            OPERATION,
            Some(Ok("graph")),
        ),
        case(
            post.clone(),
            "/graphql",
            Some((JSON, r#"{"query":"mutation { cancelVisit }"}"#)),
            OPERATION,
            UNLISTED_OPERATION,
        ),
        case(
            post.clone(),
            "/graphql",
            Some((JSON, r#"{"query":"mutation { changePassword }"}"#)),
            Some(Err("never-password")),
            Some(Err("never-password")),
        ),
        case(post.clone(), "/rpc", Some((JSON, r#"{"method":"pets.list"}"#)), Some(Ok("rpc")), Some(Ok("rpc"))),
        case(post.clone(), "/rpc", Some((JSON, r#"{"method":"visits.book"}"#)), OPERATION, Some(Ok("rpc"))),
        case(post, "/rpc", Some((JSON, r#"{"method":"visits.cancel"}"#)), OPERATION, UNLISTED_OPERATION),
    ]
}

/// What the newest record says of a request: the rule that let it pass, or the one that blocked it.
async fn newest(stage: &Stage, session: &Session) -> Option<Result<String, String>> {
    match stage.trail(&session.id).await.pop() {
        Some(EventDetail::PageViewed { rule, .. }) => rule.map(Ok),
        Some(EventDetail::RequestBlocked { rule, .. }) => Some(Err(rule)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn for_each_kind_of_rule_what_must_pass_passes_and_what_must_not_is_blocked() {
    for mode in [Mode::ReadOnly, Mode::ReadWrite] {
        let stage = Stage::with_rules(RULES).await;
        let session = stage.session_in(mode).await;
        for Case { method, target, content, read_only, read_write } in cases() {
            let expected = if mode == Mode::ReadOnly { read_only } else { read_write };
            let before = stage.upstream.seen().len();
            let mut request = stage.ask(method.clone(), &session, target);
            if let Some((content_type, content)) = content {
                request = request.header("content-type", content_type).body(content);
            }
            let answer = request.send().await.unwrap();
            let what = format!("{mode:?} {method} {target} {content:?}");
            let told = newest(&stage, &session).await;
            let expected = expected.map(|rule| rule.map(ToOwned::to_owned).map_err(ToOwned::to_owned));
            assert_eq!(told, expected, "{what}");
            let seen = stage.upstream.seen();
            if matches!(expected, Some(Err(_))) {
                assert_eq!((answer.status(), seen.len()), (StatusCode::FORBIDDEN, before), "{what}");
            } else {
                assert_eq!((answer.status(), seen.len()), (StatusCode::OK, before + 1), "{what}");
                let forwarded = seen.last().unwrap();
                assert_eq!(forwarded.target, target, "{what}");
                assert_eq!(forwarded.body, content.map_or("", |(_, content)| content), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn what_was_judged_is_byte_for_byte_what_is_forwarded() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    // In pieces, with blanks that a reader would lose.
    let content = "{ \"kind\" :\t\"preview\" , \"n\": 1.0e2 }\r\n";
    let chunked: String = content.chars().map(|c| format!("1\r\n{c}\r\n")).collect();
    let head = stage.head(&session, "POST /api/search?x HTTP/1.1").replace("?x", "");
    let request =
        format!("{head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}0\r\n\r\n");
    let answer = raw(stage.server.gateway, request.as_bytes()).await;
    assert_eq!(status_of(&answer), 200, "{answer}");
    let seen = stage.upstream.seen().pop().unwrap();
    assert_eq!(seen.body, content);
    assert_eq!(seen.headers["content-length"], content.len().to_string());
    assert!(!seen.headers.contains_key("transfer-encoding"));
}

#[tokio::test]
async fn content_that_is_too_long_or_packed_to_be_judged_is_blocked() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    let ask = || stage.ask(Method::POST, &session, "/api/search").header("content-type", JSON);
    let long = format!(r#"{{"kind":"preview","text":"{}"}}"#, "x".repeat(300 * 1024));
    assert_eq!(ask().body(long).send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let packed = ask().header("content-encoding", "gzip").body(r#"{"kind":"preview"}"#);
    assert_eq!(packed.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let just_fits = format!(r#"{{"kind":"preview","text":"{}"}}"#, "x".repeat(250 * 1024));
    assert_eq!(ask().body(just_fits).send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(stage.blocked(&session).await, ["read-only-method"; 2]);
    assert_eq!(stage.upstream.seen().len(), 1);
}

#[tokio::test]
async fn content_that_does_not_come_is_not_waited_for_longer_than_ten_seconds() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    let head = stage.head(&session, "POST /api/search HTTP/1.1");
    let request = format!("{head}Content-Type: application/json\r\nContent-Length: 18\r\n\r\n{{\"kind\":");
    let gateway = stage.server.gateway;
    let waiting = tokio::spawn(async move { raw(gateway, request.as_bytes()).await });
    let answered = wait_until("an answer", PATIENCE, async || {
        stage.clock.advance_millis(500);
        stage.beat(&session).await;
        waiting.is_finished().then_some(())
    });
    answered.await;
    let answer = waiting.await.unwrap();
    assert_eq!(status_of(&answer), 403, "{answer}");
    assert!(stage.upstream.seen().is_empty());
}

#[tokio::test]
async fn opening_a_page_that_changes_something_is_explained() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    let answer = stage.get(&session, "/messages/7/open").header("sec-fetch-dest", "document").send().await.unwrap();
    assert_eq!(
        (answer.status(), &answer.headers()[GATEWAY_HEADER]),
        (StatusCode::FORBIDDEN, &"blocked".parse().unwrap())
    );
    let page = answer.text().await.unwrap();
    for words in
        ["Opening this changes something", "nothing of Jane Doe's was changed", "open-message", "Back to the portal"]
    {
        assert!(page.contains(words), "{words} is missing in {page}");
    }
}

fn changes(details: &[EventDetail]) -> Vec<(bool, Vec<String>)> {
    let change = |detail: &EventDetail| {
        let EventDetail::RulesChanged { from, overrides, .. } = detail else { return None };
        Some((from.is_some(), overrides.clone()))
    };
    details.iter().filter_map(change).collect()
}

#[tokio::test]
async fn changed_rules_are_put_in_force_on_record_and_refused_ones_are_not() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    let search = async || {
        let request = stage.ask(Method::POST, &session, "/api/search").header("content-type", JSON);
        request.body(r#"{"kind":"apply"}"#).send().await.unwrap().status()
    };
    assert_eq!(search().await, StatusCode::FORBIDDEN);
    let until = async |what: &str, status: StatusCode| {
        wait_until(what, PATIENCE, async || {
            stage.clock.advance_millis(100);
            stage.beat(&session).await;
            (search().await == status).then_some(())
        })
        .await;
    };
    let lifted = "[[never_override]]\nid = \"bus-token\"\ncategory = \"api-key\"\nmethod = \"POST\"\npath = \"/tokens\"\nwhy = \"A bus ticket\"";
    std::fs::write(stage.rules_file(), RULES.replace("preview", "apply") + lifted).unwrap();
    until("the new rules", StatusCode::OK).await;
    std::fs::write(stage.rules_file(), "[[wirte]]").unwrap();
    wait_until("the refusal on record", PATIENCE, async || {
        stage.clock.advance_millis(100);
        let refused = |detail: &EventDetail| {
            matches!(detail, EventDetail::RulesRefused { what, refused: Some(_), .. } if what.contains("wirte"))
        };
        stage.record().await.iter().any(refused).then_some(())
    })
    .await;
    stage.beat(&session).await;
    assert_eq!(search().await, StatusCode::OK, "the former ones stay");
    std::fs::remove_file(stage.rules_file()).unwrap();
    wait_until("that they can't be read on record", PATIENCE, async || {
        stage.clock.advance_millis(100);
        let unreadable = |detail: &EventDetail| matches!(detail, EventDetail::RulesRefused { refused: None, .. });
        stage.record().await.iter().any(unreadable).then_some(())
    })
    .await;
    let details = stage.record().await;
    assert_eq!(changes(&details), [(false, vec![]), (true, vec!["bus-token".to_owned()])]);
    let refusals = details.iter().filter(|detail| matches!(detail, EventDetail::RulesRefused { .. })).count();
    assert_eq!(refusals, 2, "each is said once");
    tokio::time::timeout(Duration::from_secs(10), stage.server.stop()).await.unwrap();
}

/// It was let begin in `read_write` while the rules accounted for all of it. It need not end: what only reads goes on.
#[tokio::test]
async fn a_running_session_writes_no_more_once_the_rules_do_not_account_for_the_never_list() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session_in(Mode::ReadWrite).await;
    let written = async || {
        let mut statuses = Vec::new();
        for (target, content_type, content) in [
            ("/appointments", FORM, "day=Monday"),
            ("/graphql", JSON, r#"{"query":"mutation { bookVisit }"}"#),
            ("/rpc", JSON, r#"{"method":"visits.book"}"#),
        ] {
            let request = stage.ask(Method::POST, &session, target).header("content-type", content_type);
            statuses.push(request.body(content).send().await.unwrap().status());
        }
        statuses
    };
    assert_eq!(written().await, [StatusCode::OK; 3]);
    let until = async |what: &str, status: StatusCode| {
        wait_until(what, PATIENCE, async || {
            stage.clock.advance_millis(100);
            stage.beat(&session).await;
            (written().await == [status; 3]).then_some(())
        })
        .await;
    };
    // Whether it has second factors is not said any more.
    std::fs::write(stage.rules_file(), RULES.replace("\"mfa\", ", "")).unwrap();
    until("the writes to be blocked", StatusCode::FORBIDDEN).await;
    let before = stage.upstream.seen().len();
    assert_eq!(written().await, [StatusCode::FORBIDDEN; 3]);
    assert_eq!(stage.upstream.seen().len(), before, "nothing reaches the portal");
    assert_eq!(stage.blocked(&session).await.last().map(String::as_str), Some("read-write-not-declared"));
    assert_eq!(stage.get(&session, "/messages/7").send().await.unwrap().status(), StatusCode::OK, "reads go on");
    std::fs::write(stage.rules_file(), RULES).unwrap();
    until("the writes to pass again", StatusCode::OK).await;
}

#[tokio::test]
async fn what_the_rules_may_have_wrong_is_noticed_in_traffic_and_asked_for_once() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    // Neither whom the session is about nor who else has a name in it is told.
    for id in ["7", "8", "jane-doe", "Zoe", "zoe.ash"] {
        stage.upstream.will_answer(303, &[("location", &format!("/answer/{id}"))]);
        stage.get(&session, &format!("/answer/{id}/mark")).send().await.unwrap();
    }
    stage.upstream.will_answer(200, &[]);
    stage.get(&session, "/answer/plain").send().await.unwrap();
    stage.ask(Method::POST, &session, "/api/quotes/search").send().await.unwrap();
    stage.ask(Method::POST, &session, "/api/quotes").send().await.unwrap();
    let store = stage.server.state().store.clone();
    let barkside = PortalId::new("barkside");
    let found = wait_until("what was noticed", PATIENCE, async || {
        stage.clock.advance_seconds(31);
        let found = store.shadow_findings(&barkside, 10).await.unwrap();
        (found.len() == 2).then_some(found)
    })
    .await;
    let told: Vec<_> =
        found.iter().map(|row| (row.suspicion.as_str(), row.method.as_str(), row.path.as_str(), row.seen)).collect();
    assert_eq!(
        told,
        [("read_changes", "GET", "/answer/{id}/mark", 5), ("write_reads", "POST", "/api/quotes/search", 1)]
    );
    assert_eq!(found[0].signs, "leads back to a page above it, `mark` in its address");
    assert_eq!(stage.upstream.seen().len(), 6, "nothing was sent to find out");
}

#[tokio::test]
async fn what_outlives_the_session_is_withheld_in_every_mode_and_explained() {
    for mode in [Mode::ReadOnly, Mode::ReadWrite] {
        let stage = Stage::with_rules(RULES).await;
        let session = stage.session_in(mode).await;
        for (method, path) in [
            (Method::GET, "/api/keys/7"),
            (Method::HEAD, "/api/keys/7"),
            (Method::GET, "/API/keys/7/"),
            (Method::POST, "/api/keys/a"),
        ] {
            let answer = stage.ask(method.clone(), &session, path).send().await.unwrap();
            let told = (answer.status(), answer.headers()[GATEWAY_HEADER].clone());
            assert_eq!(told, (StatusCode::FORBIDDEN, "withheld".parse().unwrap()), "{method} {path}");
        }
        let page = stage.get(&session, "/api/keys/7").header("sec-fetch-dest", "document").send().await.unwrap();
        let page = page.text().await.unwrap();
        for words in ["This is not shown in a session", "Jane Doe's alone", "api-keys", "ask the customer for it"] {
            assert!(page.contains(words), "{words} is missing in {page}");
        }
        assert_eq!(stage.blocked(&session).await, ["api-keys"; 5]);
        assert_eq!(stage.get(&session, "/api/keys").send().await.unwrap().status(), StatusCode::OK);
        assert_eq!(stage.upstream.seen().len(), 1);
    }
}

#[tokio::test]
async fn fields_that_are_masked_never_reach_the_page_and_what_cannot_be_masked_is_withheld() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    let json = ("content-type", "application/json; charset=utf-8");
    let ask = async |path: &str| {
        let request = stage.get(&session, path).header("accept-encoding", "gzip, br").header("range", "bytes=0-5");
        let answer = request.send().await.unwrap();
        let told = answer.headers().get(GATEWAY_HEADER).map(|told| told.to_str().unwrap().to_owned());
        (answer.status().as_u16(), told, answer.text().await.unwrap())
    };
    let content = r#"{"iban":"DE89370400440532013000","cards":[{"number":"4111","until":"12/30"}],"n":1.50}"#;
    stage.upstream.will_answer(200, &[json, ("etag", "\"x\""), ("content", content)]);
    let masked = r#"{"iban":"••••","cards":[{"number":"••••","until":"12/30"}],"n":1.50}"#;
    assert_eq!(ask("/answer/bank").await, (200, None, masked.to_owned()));
    let asked = stage.upstream.seen().pop().unwrap();
    assert_eq!(asked.headers["accept-encoding"], "identity");
    assert!(!asked.headers.contains_key("range"));
    assert_eq!(asked.headers["accept"], "application/json");
    // In any spelling that a portal might take for the same.
    assert_eq!(ask("/answer/Bank").await.2, masked);
    // Other paths are untouched.
    assert_eq!(ask("/answer/other").await.2, content);
    let too_long = format!(r#"{{"iban":"{}"}}"#, "9".repeat(1024 * 1024));
    let other_form = ("content-type", "application/vnd.api+json");
    let cases: [(u16, &[(&str, &str)]); 7] = [
        (200, &[other_form, ("content", r#"{"data":{"attributes":{"iban":"DE89"}}}"#)]),
        (200, &[("content-type", "text/html"), ("content", content)]),
        (200, &[json, ("content-encoding", "gzip"), ("content", content)]),
        (206, &[json, ("content", content)]),
        (500, &[("content-type", "text/plain"), ("content", content)]),
        (200, &[json, ("content", r#"{"iban":1,"iban":2}"#)]),
        (200, &[json, ("content", &too_long)]),
    ];
    for (status, headers) in cases {
        stage.upstream.will_answer(status, headers);
        let (status, told, words) = ask("/answer/bank").await;
        assert_eq!((status, told.as_deref()), (403, Some("withheld")), "{words}");
        assert!(!words.contains("DE89"), "{words}");
    }
    assert_eq!(stage.blocked(&session).await, ["bank-details"; 7]);
    // Without content there is nothing to mask.
    stage.upstream.will_answer(302, &[("location", "/answer/other")]);
    assert_eq!(ask("/answer/bank").await, (302, None, String::new()));
}

#[tokio::test]
async fn an_upload_that_is_listed_passes_byte_for_byte_and_no_other() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session_in(Mode::ReadWrite).await;
    let upload = |name: &str, file: &[u8]| {
        let head = format!(
            "--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"rex.png\"\r\nContent-Type: image/png\r\n\r\n"
        );
        [head.as_bytes(), file, b"\r\n--b--\r\n"].concat()
    };
    let send = async |content: Vec<u8>| {
        let request =
            stage.ask(Method::POST, &session, "/photos").header("content-type", "multipart/form-data; boundary=b");
        request.body(content).send().await.unwrap().status()
    };
    // Nothing but bytes, among them what looks like the end of a line and of a part.
    let file: Vec<u8> = (0..=255).cycle().take(300 * 1024).collect();
    let content = upload("photo", &file);
    assert_eq!(send(content.clone()).await, StatusCode::OK);
    assert_eq!(stage.upstream.seen().pop().unwrap().body, content);
    assert_eq!(send(upload("_method", &file)).await, StatusCode::FORBIDDEN);
    assert_eq!(send(upload("photo", &vec![0; 9 * 1024 * 1024])).await, StatusCode::FORBIDDEN);
    assert_eq!(send(b"before".iter().copied().chain(content).collect()).await, StatusCode::FORBIDDEN);
    assert_eq!(stage.blocked(&session).await, ["unlisted-write"; 3]);
    assert_eq!(stage.upstream.seen().len(), 1);
}

#[tokio::test]
async fn a_get_that_is_listed_as_a_write_comes_from_the_portals_own_page() {
    let listed = "[[write]]\nid = \"mark-read\"\nmethod = \"GET\"\npath = \"/messages/{id}/open\"";
    let stage = Stage::with_rules(&format!("{RULES}\n{listed}")).await;
    let session = stage.session_in(Mode::ReadWrite).await;
    let cookie = format!("{}={}", amberglass_server::gateway::cookie_name(false), session.cookie);
    let unsaid = stage.stranger(Method::GET, "/messages/7/open").header("cookie", cookie);
    assert_eq!(unsaid.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(stage.blocked(&session).await, ["origin-unsaid"]);
    assert_eq!(stage.get(&session, "/messages/7/open").send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn credentials_in_the_heads_of_answers_do_not_reach_the_page() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let names = ["authorization", "www-authenticate", "x-api-key", "x-auth-token", "access-token", "x-refresh-token"];
    let mut headers: Vec<(&str, &str)> = names.iter().map(|name| (*name, "secret")).collect();
    headers.push(("x-page", "1"));
    stage.upstream.will_answer(200, &headers);
    let answer = stage.get(&session, "/answer").send().await.unwrap();
    assert!(names.iter().all(|name| !answer.headers().contains_key(*name)), "{:?}", answer.headers());
    assert_eq!(answer.headers()["x-page"], "1");
}

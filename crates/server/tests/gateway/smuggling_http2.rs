//! HTTP/2 by prior knowledge: the same decisions, and no head that means something else once it is written as HTTP/1.1.

use amberglass_server::gateway::{GATEWAY_HEADER, cookie_name};
use axum::body::Body;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    smuggling::RULES,
    stage::{PATIENCE, Session, Stage},
};

async fn connection(stage: &Stage) -> http2::SendRequest<Body> {
    let stream = TcpStream::connect(stage.server.gateway).await.unwrap();
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn request(stage: &Stage, session: &Session, method: &str, target: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(format!("{}{target}", stage.origin()))
        .header(header::COOKIE, "theme=dark")
        .header(header::COOKIE, format!("{}={}", cookie_name(false), session.cookie))
        .header("sec-fetch-site", "same-origin")
}

#[tokio::test]
async fn over_http_2_the_same_passes_and_the_same_is_blocked() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    let mut sender = connection(&stage).await;
    let png = |target: &str| request(&stage, &session, "POST", target).header("content-type", "image/png");
    let body = || Body::from("abc");
    let get = |target: &str| request(&stage, &session, "GET", target);
    let table = [
        ("a page", get("/account").body(Body::empty()), 200, None),
        ("a listed write", png("/api/photo").body(body()), 200, None),
        ("a write", png("/account").body(body()), 403, Some("read-only-method")),
        ("content on a GET", get("/account").body(body()), 403, Some("body-on-read")),
        ("another host beside it", get("/account").header("host", "evil.test").body(Body::empty()), 400, None),
        ("another method in disguise", get("/account?_method=PUT").body(Body::empty()), 403, Some("method-override")),
        ("a path of two meanings", get("/a/..;/b").body(Body::empty()), 400, Some("path-dot-segment")),
        (
            "another site",
            get("/account").header("sec-fetch-site", "cross-site").body(Body::empty()),
            403,
            Some("other-site"),
        ),
    ];
    let mut rules = Vec::new();
    for (what, request, status, rule) in table {
        sender.ready().await.unwrap();
        let answer = sender.send_request(request.unwrap()).await.unwrap();
        assert_eq!(answer.status(), status, "{what}: {:?}", answer.headers().get(GATEWAY_HEADER));
        let _ = answer.into_body().collect().await.unwrap();
        rules.extend(rule);
    }
    let elsewhere = Request::get("http://evil.test/account").body(Body::empty()).unwrap();
    sender.ready().await.unwrap();
    assert_eq!(sender.send_request(elsewhere).await.unwrap().status(), StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(stage.blocked(&session).await, rules);
    let seen = stage.upstream.seen();
    let seen: Vec<_> = seen.iter().map(|one| (one.method.as_str(), one.target.as_str(), &one.body[..])).collect();
    assert_eq!(seen, [("GET", "/account", &b""[..]), ("POST", "/api/photo", b"abc")]);
    assert_eq!(stage.upstream.seen()[0].headers["cookie"], "theme=dark");
}

/// A frame (RFC 9113, 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A head whose fields stand as they are (RFC 7541, 6.2.2), which no client of a library would write.
fn head(fields: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| {
        // Lengths are written with a prefix of seven bits.
        let mut written = Vec::new();
        match u8::try_from(text.len()) {
            Ok(short @ 0..=126) => written.push(short),
            _ => {
                written.push(127);
                let mut rest = text.len() - 127;
                while rest >= 128 {
                    written.push(u8::try_from(rest % 128).unwrap() | 128);
                    rest /= 128;
                }
                written.push(u8::try_from(rest).unwrap());
            }
        }
        written.extend_from_slice(text.as_bytes());
        written
    };
    fields.iter().flat_map(|(name, value)| [vec![0], text(name), text(value)].concat()).collect()
}

/// Kinds of frames that come back for one stream, until it is answered, reset, or the connection is closed.
async fn told(stage: &Stage, frames: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(stage.server.gateway).await.unwrap();
    let opening = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &frame(SETTINGS, 0, 0, &[])[..], frames].concat();
    stream.write_all(&opening).await.unwrap();
    let mut kinds = Vec::new();
    let reading = async {
        let mut start = [0; 9];
        while stream.read_exact(&mut start).await.is_ok() {
            let mut payload = vec![0; usize::try_from(u32::from_be_bytes([0, start[0], start[1], start[2]])).unwrap()];
            stream.read_exact(&mut payload).await.unwrap();
            kinds.push(start[3]);
            if matches!(start[3], HEADERS | RST_STREAM | GOAWAY) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("nothing comes back");
    kinds
}

#[tokio::test]
async fn heads_that_would_mean_something_else_in_http_1_are_malformed() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    let authority = stage.authority();
    let cookie = format!("{}={}", cookie_name(false), session.cookie);
    let good = |method: &'static str, path: &'static str| {
        [
            (":method", method),
            (":scheme", "http"),
            (":path", path),
            (":authority", authority.as_str()),
            ("cookie", cookie.as_str()),
            ("sec-fetch-site", "same-origin"),
        ]
    };
    let asked = |fields: &[(&str, &str)]| frame(HEADERS, END_HEADERS | END_STREAM, 1, &head(fields));
    let page = good("GET", "/account");
    assert!(told(&stage, &asked(&page)).await.ends_with(&[HEADERS]), "else nothing below is tried");
    assert_eq!(stage.upstream.seen().len(), 1);
    let without = |left_out: &str| page.into_iter().filter(|(name, _)| *name != left_out).collect::<Vec<_>>();
    for (what, fields) in [
        ("transfer-encoding", [&page[..], &[("transfer-encoding", "chunked")]].concat()),
        ("connection", [&page[..], &[("connection", "close, cookie")]].concat()),
        ("keep-alive", [&page[..], &[("keep-alive", "x")]].concat()),
        ("proxy-connection", [&page[..], &[("proxy-connection", "x")]].concat()),
        ("upgrade", [&page[..], &[("upgrade", "websocket")]].concat()),
        ("te", [&page[..], &[("te", "chunked")]].concat()),
        ("capital letters", [&page[..], &[("X-A", "x")]].concat()),
        ("a line break in a value", [&page[..], &[("x-a", "a\r\nx-b: b")]].concat()),
        ("a line feed in a value", [&page[..], &[("x-a", "a\nx-b: b")]].concat()),
        ("a line break in a name", [&page[..], &[("x-a: a\r\nx-b", "b")]].concat()),
        ("a colon in a name", [&page[..], &[("x:a", "b")]].concat()),
        ("nul in a value", [&page[..], &[("x-a", "a\0b")]].concat()),
        ("a request line in the path", [&without(":path")[..], &[(":path", "/a HTTP/1.1\r\nx: y")]].concat()),
        ("a blank in the path", [&[(":path", "/a b")], &without(":path")[..]].concat()),
        ("a request line in the method", [&[(":method", "GET / HTTP/1.1\r\nx: y")], &without(":method")[..]].concat()),
        ("two paths", [&[(":path", "/other")], &page[..]].concat()),
        ("two methods", [&[(":method", "POST")], &page[..]].concat()),
        ("two authorities", [&[(":authority", "evil.test")], &page[..]].concat()),
        ("no path", without(":path")),
        ("no method", without(":method")),
        ("a part of the request line after a field", [&page[..], &[(":path", "/other")]].concat()),
        ("a part that there is not", [&[(":other", "x")], &page[..]].concat()),
        ("another protocol", [&[(":protocol", "websocket")], &page[..]].concat()),
    ] {
        let told = told(&stage, &asked(&fields)).await;
        assert!(matches!(told.last(), Some(&(RST_STREAM | GOAWAY))), "{what}: {told:?}");
        assert_eq!(stage.upstream.seen().len(), 1, "{what}: {:?}", stage.upstream.seen());
    }
    let post = good("POST", "/api/photo");
    for (length, content) in [("5", "abc"), ("2", "abc"), ("x", "abc"), ("3, 3", "abc")] {
        let fields = [&post[..], &[("content-type", "image/png"), ("content-length", length)]].concat();
        let frames = [frame(HEADERS, END_HEADERS, 1, &head(&fields)), frame(DATA, END_STREAM, 1, content.as_bytes())];
        let told = told(&stage, &frames.concat()).await;
        assert!(matches!(told.last(), Some(&(RST_STREAM | GOAWAY))), "{length}: {told:?}");
        assert_eq!(stage.upstream.seen().len(), 1, "{length}: {:?}", stage.upstream.seen());
    }
    assert_eq!(stage.blocked(&session).await, [""; 0]);
}

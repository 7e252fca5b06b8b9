//! Requests that no engine sends: what cannot be understood in one way only is refused, and never reaches a portal.

use amberglass_domain::ports::Entropy as _;
use amberglass_testkit::SeededEntropy;
use amberglass_wire::audit::EventDetail;

use crate::stage::{Stage, raw, status_of};

#[tokio::test]
async fn path_tricks_are_refused_and_recorded() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let table = [
        ("/a/../admin", "path-dot-segment"),
        ("/a/%2e%2e/admin", "path-dot-segment"),
        ("/a/..;/admin", "path-dot-segment"),
        ("//evil.test/", "path-double-slash"),
        ("/a%2fb", "path-encoded-slash"),
        ("/a%5c..%5cb", "path-backslash"),
        ("/a%00.html", "path-control-character"),
        ("/a%0d%0aX-Evil:1", "path-control-character"),
        ("/a%252e%252e/", "path-double-encoding"),
        ("/a%u002e", "path-invalid-percent"),
        ("/a%", "path-invalid-percent"),
        ("/%c0%ae%c0%ae/", "path-not-utf8"),
        ("/caf\u{e9}", "path-not-ascii"),
        ("*", "target-not-a-path"),
    ];
    let mut rules = Vec::new();
    for (target, rule) in table {
        let answer = raw(
            stage.server.gateway,
            format!("{}\r\n", stage.head(&session, &format!("GET {target} HTTP/1.1"))).as_bytes(),
        )
        .await;
        assert_eq!(status_of(&answer), 400, "{target}: {answer}");
        rules.push(rule);
    }
    assert_eq!(stage.blocked(&session).await, rules);
    assert!(stage.upstream.seen().is_empty(), "{:?}", stage.upstream.seen());
}

#[tokio::test]
async fn what_was_judged_is_what_is_forwarded() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let absolute = format!("{}/absolute", stage.origin());
    let table = [
        ("/%61ccount/%7euser", "/account/~user"),
        ("/a%20b?q=%41%2f..", "/a%20b?q=%41%2f.."),
        ("/pets#fragment", "/pets"),
        (absolute.as_str(), "/absolute"),
    ];
    for (target, _) in table {
        let answer = raw(
            stage.server.gateway,
            format!("{}\r\n", stage.head(&session, &format!("GET {target} HTTP/1.1"))).as_bytes(),
        )
        .await;
        assert_eq!(status_of(&answer), 200, "{target}: {answer}");
    }
    let seen: Vec<String> = stage.upstream.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(seen, table.map(|(_, forwarded)| forwarded));
}

#[tokio::test]
async fn contradicting_hosts_and_lengths_are_refused() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let get = stage.head(&session, "GET /account HTTP/1.1");
    let post = stage.head(&session, "POST /account HTTP/1.1");
    let authority = stage.authority();
    let table = [
        ("two hosts", format!("{get}Host: {authority}\r\n\r\n")),
        ("another host", format!("{get}Host: evil.test\r\n\r\n")),
        ("target and host differ", format!("{}\r\n", stage.head(&session, "GET http://evil.test/account HTTP/1.1"))),
        ("no host", "GET /account HTTP/1.1\r\nConnection: close\r\n\r\n".into()),
        ("connect", format!("{}\r\n", stage.head(&session, &format!("CONNECT {authority} HTTP/1.1")))),
        ("two lengths", format!("{post}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab")),
        ("length list", format!("{post}Content-Length: 1, 2\r\n\r\nab")),
        ("signed length", format!("{post}Content-Length: +1\r\n\r\na")),
        (
            "length and chunked",
            format!(
                "{post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n"
            ),
        ),
        ("chunked not last", format!("{post}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n")),
        ("unknown coding", format!("{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")),
        ("get with chunked", format!("{get}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")),
        ("get with length", format!("{get}Content-Length: 3\r\n\r\nabc")),
        ("folded header", format!("{get}X-A: 1\r\n b\r\n\r\n")),
        ("space before colon", format!("{get}X-A : 1\r\n\r\n")),
        ("bare line feed in a value", format!("{get}X-A: 1\n\tCookie: x\r\n\r\n")),
        ("nul in a header", format!("{get}X-A: a\0b\r\n\r\n")),
        ("http 0.9", "GET /account\r\n\r\n".into()),
        ("http 2 preface and nothing", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into()),
        ("no request", "\u{16}\u{3}\u{1}nonsense\r\n\r\n".into()),
    ];
    for (what, request) in table {
        let mut stream_end = request.into_bytes();
        if what.starts_with("http 2") {
            // A frame of a kind that must not come first (RFC 9113, 3.4), so that the server hangs up.
            stream_end.extend_from_slice(&[0, 0, 0, 9, 9, 0, 0, 0, 0]);
        }
        let answer = raw(stage.server.gateway, &stream_end).await;
        let status = status_of(&answer);
        assert!((400..500).contains(&status) || status == 0, "{what}: {answer}");
    }
    assert!(stage.upstream.seen().is_empty(), "{:?}", stage.upstream.seen());
}

#[tokio::test]
async fn a_made_up_method_does_not_fill_the_record() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let request = stage.head(&session, &format!("{} / HTTP/1.1", "A".repeat(20_000)));
    let answer = raw(stage.server.gateway, format!("{request}\r\n").as_bytes()).await;
    assert_eq!(status_of(&answer), 403, "{answer}");
    let on_record = stage.trail(&session.id).await;
    let blocked = on_record.iter().find_map(|detail| {
        let EventDetail::RequestBlocked { method, .. } = detail else { return None };
        Some(method.len())
    });
    assert_eq!(blocked, Some(32), "{on_record:?}");
}

#[tokio::test]
async fn no_input_makes_the_gateway_fail() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let entropy = SeededEntropy::new(42);
    let pieces = [
        "GET",
        "POST",
        "HEAD",
        "OPTIONS",
        "PUT",
        "get",
        "%",
        "/",
        "/account",
        "/..",
        "%2e",
        "?_method=PUT",
        "#",
        "*",
        "http://",
        "\u{e9}",
        "\\",
        "://",
        "@",
        ":",
        "[::1]",
        "//",
        ";",
        "%00",
        "%ff",
        "%u",
        " ",
        "&&==",
        "{}",
        "^",
    ];
    let names = [
        "Origin",
        "Referer",
        "Sec-Fetch-Site",
        "Sec-Fetch-Dest",
        "Accept",
        "Cookie",
        "Connection",
        "Upgrade",
        "Service-Worker",
        "Expect",
        "Content-Type",
        "Range",
        "X_Http_Method",
        "Amberglass-Identity",
        "Forwarded",
        "If-None-Match",
    ];
    let draw = |limit: usize| {
        let mut byte = [0_u8; 1];
        entropy.fill(&mut byte);
        usize::from(byte[0]) % limit
    };
    for _ in 0..400 {
        let method = pieces[draw(6)];
        let target: String = std::iter::once("/").chain((0..draw(5)).map(|_| pieces[draw(pieces.len())])).collect();
        let mut request = stage.head(&session, &format!("{method} {target} HTTP/1.1"));
        for _ in 0..draw(4) {
            let value: String = (0..draw(4)).map(|_| pieces[draw(pieces.len())]).collect();
            request.push_str(&format!("{}: {value}\r\n", names[draw(names.len())]));
        }
        request.push_str("\r\n");
        let answer = raw(stage.server.gateway, request.as_bytes()).await;
        assert!(status_of(&answer) < 500, "{request}\n{answer}");
    }
    let methods: Vec<String> = stage.upstream.seen().into_iter().map(|seen| seen.method).collect();
    assert!(methods.iter().any(|method| method == "GET"), "nothing passed at all, so nothing was tried");
    assert!(methods.iter().all(|method| method == "GET" || method == "HEAD"), "{methods:?}");
}

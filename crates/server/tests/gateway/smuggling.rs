//! Requests within requests: whatever two programs could cut apart in two ways. Each comes to one outcome that is written down here:
//! what answers there are, and what the portal gets, byte for byte. Nothing reaches it that was not judged, and nothing is called the portal's fault.

use http::Method;

use crate::stage::{Session, Stage, raw, status_of};

/// One way in which content is read before it goes on, and one in which it streams.
pub const RULES: &str = r#"
version = 1

[[safe_write]]
id = "search"
method = "POST"
path = "/api/search"
content_type = "application/json"

[[safe_write]]
id = "photo"
method = "POST"
path = "/api/photo"
content_type = "image/png"
"#;

/// Method, target and content of what the portal got.
type Got = Vec<(&'static str, String, String)>;

/// Statuses in their order. No content of ours or of the portal's holds such a line.
fn statuses(answers: &str) -> Vec<u16> {
    answers.match_indices("HTTP/1.1 ").filter_map(|(at, _)| answers.get(at..).map(status_of)).collect()
}

fn got(expected: &[(&'static str, &str, &str)]) -> Got {
    expected.iter().map(|(method, target, content)| (*method, (*target).to_owned(), (*content).to_owned())).collect()
}

async fn comes_to(
    stage: &Stage,
    what: &str,
    request: &[u8],
    answered: &[u16],
    expected: &[(&'static str, &str, &str)],
) {
    let before = stage.upstream.seen().len();
    let answer = raw(stage.server.gateway, request).await;
    assert_eq!(statuses(&answer), answered, "{what}: {answer}");
    let seen: Vec<_> = stage.upstream.seen().split_off(before);
    let seen: Vec<_> =
        seen.into_iter().map(|one| (one.method, one.target, String::from_utf8(one.body.to_vec()).unwrap())).collect();
    let expected: Vec<_> =
        got(expected).into_iter().map(|(method, target, body)| (method.to_owned(), target, body)).collect();
    assert_eq!(seen, expected, "{what}");
}

/// A head that leaves the connection open.
fn open_head(stage: &Stage, session: &Session, request_line: &str) -> String {
    stage.head(session, request_line).replace("Connection: close\r\n", "")
}

fn photo(stage: &Stage, session: &Session) -> String {
    format!("{}Content-Type: image/png\r\n", stage.head(session, "POST /api/photo HTTP/1.1"))
}

/// A whole request that would pass, if anybody took it for one.
fn hidden(stage: &Stage, session: &Session) -> String {
    format!("{}\r\n", stage.head(session, "GET /smuggled HTTP/1.1"))
}

#[tokio::test]
async fn of_length_and_chunks_the_chunks_count_and_nothing_follows() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    let (post, hidden) = (photo(&stage, &session), hidden(&stage, &session));
    let open = post.replace("Connection: close\r\n", "");
    let (size, length) = (hidden.len(), hidden.len() + 5);
    let table = [
        (
            "a length over chunks",
            format!("{open}Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"),
            "",
        ),
        (
            "chunks over a length",
            format!(
                "{open}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n{size:x}\r\n{hidden}\r\n0\r\n\r\n{hidden}"
            ),
            hidden.as_str(),
        ),
        (
            "a length that is none beside chunks",
            format!("{open}Transfer-Encoding: chunked\r\nContent-Length: x\r\n\r\n0\r\n\r\n{hidden}"),
            "",
        ),
    ];
    for (what, request, content) in table {
        comes_to(&stage, what, request.as_bytes(), &[200], &[("POST", "/api/photo", content)]).await;
        let seen = stage.upstream.seen().pop().unwrap();
        let framing = (seen.headers.contains_key("content-length"), seen.headers.contains_key("transfer-encoding"));
        assert!(framing == (false, true) || framing == (true, false), "{what}: {:?}", seen.headers);
    }
}

#[tokio::test]
async fn transfer_codings_that_could_be_read_in_two_ways_are_refused() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    let (post, hidden) = (photo(&stage, &session), hidden(&stage, &session));
    let open = post.replace("Connection: close\r\n", "");
    // To be refused as what it is, before anybody looks for its end.
    for line in [
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: identity",
        "Transfer-Encoding:",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding\t: chunked",
        " Transfer-Encoding: chunked",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding: chunked\r\n ,identity",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: \u{b}chunked",
        "Transfer-Encoding: chunked\0",
        "Transfer_Encoding: x\r\nTransfer-Encoding: chunked\rX: y",
        "X: y\rTransfer-Encoding: chunked",
    ] {
        let request = format!("{open}{line}\r\n\r\n0\r\n\r\n{hidden}");
        comes_to(&stage, line, request.as_bytes(), &[400], &[]).await;
    }
    // The last coding is the one that everybody reads, but what it holds would go on as if it were not packed.
    for line in [
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    ] {
        let request = format!("{post}{line}\r\n\r\n0\r\n\r\n{hidden}");
        comes_to(&stage, line, request.as_bytes(), &[403], &[]).await;
    }
    assert_eq!(stage.blocked(&session).await, ["transfer-coding"; 5]);
    for line in ["Transfer-Encoding: Chunked", "Transfer-Encoding: \tchunked ", "transfer-encoding:chunked"] {
        let request = format!("{post}{line}\r\n\r\n3\r\nabc\r\n0\r\n\r\n{hidden}");
        comes_to(&stage, line, request.as_bytes(), &[200], &[("POST", "/api/photo", "abc")]).await;
    }
    // To a portal behind an interface like CGI this is the same name, so it does not get it.
    let request = format!("{post}Transfer_Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc{hidden}");
    comes_to(&stage, "with an underscore", request.as_bytes(), &[200], &[("POST", "/api/photo", "abc")]).await;
    assert!(!stage.upstream.seen().pop().unwrap().headers.contains_key("transfer_encoding"));
    let request =
        format!("{}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}", post.replace("HTTP/1.1", "HTTP/1.0"));
    comes_to(&stage, "chunks in HTTP/1.0", request.as_bytes(), &[400], &[]).await;
}

#[tokio::test]
async fn lengths_that_could_be_read_in_two_ways_are_refused() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    let (post, hidden) = (photo(&stage, &session), hidden(&stage, &session));
    for value in
        ["+3", "-3", "0x3", "3,3", "3, 3", "3 3", "3;", "\"3\"", "", "3.0", "1e1", "99999999999999999999", "\u{663}"]
    {
        let request = format!("{post}Content-Length: {value}\r\n\r\nabc{hidden}");
        comes_to(&stage, value, request.as_bytes(), &[400], &[]).await;
    }
    for lines in [
        "Content-Length: 3\r\nContent-Length: 4",
        "Content-Length: 3\r\nContent-Length: +3",
        "Content-Length : 3",
        "Content-Length:\r\n 3",
    ] {
        let request = format!("{post}{lines}\r\n\r\nabc{hidden}");
        comes_to(&stage, lines, request.as_bytes(), &[400], &[]).await;
    }
    for lines in
        ["Content-Length: 3", "Content-Length: 3\r\nContent-Length: 3", "Content-Length: \t 3 ", "Content-Length: 0003"]
    {
        let request = format!("{post}{lines}\r\n\r\nabc{hidden}");
        comes_to(&stage, lines, request.as_bytes(), &[200], &[("POST", "/api/photo", "abc")]).await;
        let seen = stage.upstream.seen().pop().unwrap();
        assert_eq!(seen.headers.get_all("content-length").iter().count(), 1, "{lines}");
    }
}

#[tokio::test]
async fn chunks_that_could_be_read_in_two_ways_are_the_pages_fault_and_no_whole_request() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    let (photo, hidden) = (photo(&stage, &session), hidden(&stage, &session));
    let search = photo.replace("/api/photo", "/api/search").replace("image/png", "application/json");
    for chunks in [
        "zz\r\nabc\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        "-3\r\nabc\r\n0\r\n\r\n",
        "+3\r\nabc\r\n0\r\n\r\n",
        "3\nabc\r\n0\r\n\r\n",
        "3\rabc\r\n0\r\n\r\n",
        "3;x=\"\n\"\r\nabc\r\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "3\r\nabc0\r\n\r\n",
        "3\r\nabc\n0\r\n\r\n",
        "\r\n3\r\nabc\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    ] {
        for post in [&photo, &search] {
            let what = format!("{chunks:?} {post}");
            let request = format!("{post}Transfer-Encoding: chunked\r\n\r\n{chunks}{hidden}");
            let before = stage.upstream.seen().len();
            let answer = raw(stage.server.gateway, request.as_bytes()).await;
            let told = statuses(&answer);
            assert!(told.iter().all(|status| (400..500).contains(status)) && told.len() <= 1, "{what}: {answer}");
            assert_eq!(stage.upstream.seen().len(), before, "{what}");
        }
    }
    for (chunks, content) in [
        ("3\r\nabc\r\n0\r\n\r\n", "abc"),
        ("003 \r\nabc\r\n00\r\n\r\n", "abc"),
        ("3;x=y\r\nabc\r\n0;z\r\n\r\n", "abc"),
        // What follows is taken for its trailers, and left out.
        ("3\r\nabc\r\n0\r\n\n", "abc"),
        ("1\r\na\r\n2\r\nbc\r\n0\r\nX-Trailer: x\r\nCookie: y=z\r\n\r\n", "abc"),
    ] {
        let request = format!("{photo}Transfer-Encoding: chunked\r\nTrailer: X-Trailer\r\n\r\n{chunks}{hidden}");
        comes_to(&stage, chunks, request.as_bytes(), &[200], &[("POST", "/api/photo", content)]).await;
        let seen = stage.upstream.seen().pop().unwrap();
        for name in ["x-trailer", "cookie", "trailer"] {
            assert!(!seen.headers.contains_key(name), "{name}: {chunks}");
        }
    }
    // Less than it promises.
    for part in ["Content-Length: 5\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n5\r\nabc"] {
        let before = stage.upstream.seen().len();
        let mut stream = tokio::net::TcpStream::connect(stage.server.gateway).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, format!("{photo}{part}").as_bytes()).await.unwrap();
        tokio::io::AsyncWriteExt::shutdown(&mut stream).await.unwrap();
        let mut answer = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer).await;
        let told = statuses(&String::from_utf8_lossy(&answer));
        assert!(told.iter().all(|status| (400..500).contains(status)), "{part}: {told:?}");
        assert_eq!(stage.upstream.seen().len(), before, "{part}");
    }
}

#[tokio::test]
async fn request_lines_that_could_be_read_in_two_ways_are_refused() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    let authority = stage.authority();
    let long = "a".repeat(9000);
    let longer = "a".repeat(70_000);
    let table = [
        ("GET  /account HTTP/1.1".to_owned(), 400),
        ("GET /account  HTTP/1.1".to_owned(), 400),
        ("GET /acc ount HTTP/1.1".to_owned(), 400),
        ("GET\t/account HTTP/1.1".to_owned(), 400),
        (" GET /account HTTP/1.1".to_owned(), 400),
        ("GET /account HTTP/1.1 ".to_owned(), 400),
        ("GET /account\0 HTTP/1.1".to_owned(), 400),
        ("GET /account\rHTTP/1.1".to_owned(), 400),
        ("GET /account HTTP/1.2".to_owned(), 400),
        ("GET /account HTTP/2.0".to_owned(), 400),
        ("GET /account http/1.1".to_owned(), 400),
        ("GET /account".to_owned(), 400),
        ("GET account HTTP/1.1".to_owned(), 400),
        ("GET http://evil.test/account HTTP/1.1".to_owned(), 400),
        (format!("GET https://{authority}@evil.test/account HTTP/1.1"), 400),
        (format!("GET {authority} HTTP/1.1"), 400),
        ("OPTIONS * HTTP/1.1".to_owned(), 400),
        ("GET * HTTP/1.1".to_owned(), 400),
        (format!("GET /{long} HTTP/1.1"), 400),
        (format!("GET /{longer} HTTP/1.1"), 414),
        (format!("CONNECT {authority} HTTP/1.1"), 400),
        ("CONNECT evil.test:443 HTTP/1.1".to_owned(), 400),
    ];
    for (line, status) in table {
        let request = format!("{}\r\n", open_head(&stage, &session, &line));
        // What follows has nobody who would answer it, or is judged like anything else.
        let request = format!("{request}{}", hidden(&stage, &session).replace("/smuggled", "//smuggled"));
        let what: String = line.chars().take(60).collect();
        let answer = raw(stage.server.gateway, request.as_bytes()).await;
        let told = statuses(&answer);
        assert_eq!(told.first(), Some(&status), "{what}: {answer}");
        assert!(told.len() <= 2 && told.iter().all(|told| (400..500).contains(told)), "{what}: {answer}");
    }
    assert!(stage.upstream.seen().is_empty(), "{:?}", stage.upstream.seen());
}

#[tokio::test]
async fn heads_that_are_too_long_or_of_odd_lines_are_refused() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    let get = stage.head(&session, "GET /account HTTP/1.1");
    let many: String = (0..120).map(|number| format!("X-{number}: x\r\n")).collect();
    let table = [
        ("many lines", format!("{get}{many}"), 431),
        ("a very long line", format!("{get}X-A: {}\r\n", "x".repeat(500_000)), 431),
        ("no name", format!("{get}: x\r\n"), 400),
        ("no colon", format!("{get}X-A\r\n"), 400),
        ("a blank in a name", format!("{get}X A: x\r\n"), 400),
        ("a name of other letters", format!("{get}X-\u{e9}: x\r\n"), 400),
        ("nul", format!("{get}X-A: a\0b\r\n"), 400),
        ("bare carriage return", format!("{get}X-A: a\rX-B: b\r\n"), 400),
        ("folded", format!("{get}X-A: a\r\n b\r\n"), 400),
        ("folded at once", get.replacen("\r\n", "\r\n X-A: b\r\n", 1), 400),
    ];
    for (what, head, status) in table {
        let request = format!("{head}\r\n{}", hidden(&stage, &session));
        comes_to(&stage, what, request.as_bytes(), &[status], &[]).await;
    }
    // A bare line feed ends a line here as well, and goes on as what it was judged as.
    let request = format!("{get}X-A: a\nX-B: b\n\r\n");
    comes_to(&stage, "bare line feeds", request.as_bytes(), &[200], &[("GET", "/account", "")]).await;
    let seen = stage.upstream.seen().pop().unwrap();
    assert_eq!((&seen.headers["x-a"], &seen.headers["x-b"]), (&"a".parse().unwrap(), &"b".parse().unwrap()));
    let request = format!("\r\n\r\n{get}\r\n");
    comes_to(&stage, "empty lines before it", request.as_bytes(), &[200], &[("GET", "/account", "")]).await;
}

#[tokio::test]
async fn older_versions_are_answered_once_or_as_they_ask() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    comes_to(&stage, "HTTP/0.9", b"GET /account\r\n\r\n", &[400], &[]).await;
    let hidden = hidden(&stage, &session);
    let old = format!("{}\r\n", open_head(&stage, &session, "GET /account HTTP/1.0"));
    let answer = raw(stage.server.gateway, format!("{old}{hidden}").as_bytes()).await;
    assert_eq!(answer.matches("HTTP/1.0 200").count() + answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
    let kept = old.replace("\r\n\r\n", "\r\nConnection: keep-alive\r\n\r\n");
    let answer = raw(stage.server.gateway, format!("{kept}{old}{hidden}").as_bytes()).await;
    assert_eq!(answer.matches("HTTP/1.0 200").count() + answer.matches("HTTP/1.1 200").count(), 2, "{answer}");
    let targets: Vec<_> = stage.upstream.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(targets, ["/account"; 3]);
}

#[tokio::test]
async fn what_follows_a_refused_request_is_judged_as_a_request_of_its_own() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    let hidden = hidden(&stage, &session);
    let (size, length) = (format!("{:x}", hidden.len()), hidden.len());
    let head = |line: &str| open_head(&stage, &session, line);
    let next = format!("{}\r\n", stage.head(&session, "GET /next HTTP/1.1"));
    let passed: &[(&str, &str, &str)] = &[("GET", "/next", "")];
    let table = [
        ("content on a GET", format!("{}Content-Length: {length}\r\n\r\n{hidden}", head("GET /account HTTP/1.1"))),
        (
            "chunks on a GET",
            format!(
                "{}Transfer-Encoding: chunked\r\n\r\n{size}\r\n{hidden}\r\n0\r\n\r\n",
                head("GET /account HTTP/1.1")
            ),
        ),
        ("a write", format!("{}Content-Length: {length}\r\n\r\n{hidden}", head("POST /account HTTP/1.1"))),
        (
            "a write in chunks",
            format!(
                "{}Transfer-Encoding: chunked\r\n\r\n{size}\r\n{hidden}\r\n0\r\n\r\n",
                head("POST /account HTTP/1.1")
            ),
        ),
        (
            "another site",
            format!(
                "{}Content-Length: {length}\r\n\r\n{hidden}",
                head("POST /api/photo HTTP/1.1").replace("same-origin", "cross-site")
            ),
        ),
        (
            "an upgrade",
            format!(
                "{}Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
                head("GET /account HTTP/1.1")
            ),
        ),
        (
            "a socket",
            format!(
                "{}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                head("GET /account HTTP/1.1")
            ),
        ),
    ];
    for (what, refused) in table {
        comes_to(&stage, what, format!("{refused}{next}").as_bytes(), &[403, 200], passed).await;
    }
    // Who waits to be asked for the rest has sent nothing, so what follows is that rest.
    let waiting = format!(
        "{}Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n{hidden}{next}",
        head("POST /account HTTP/1.1")
    );
    let before = stage.upstream.seen().len();
    let answer = raw(stage.server.gateway, waiting.as_bytes()).await;
    assert_eq!(statuses(&answer).first(), Some(&403), "{answer}");
    let targets: Vec<_> = stage.upstream.seen().split_off(before).into_iter().map(|seen| seen.target).collect();
    assert!(!targets.contains(&"/smuggled".to_owned()), "{targets:?}");
    // In their order, each by its own rules.
    let three = format!("{}\r\n{}\r\n{next}", head("GET /one HTTP/1.1"), head("POST /two HTTP/1.1"));
    comes_to(&stage, "three", three.as_bytes(), &[200, 403, 200], &[("GET", "/one", ""), ("GET", "/next", "")]).await;
    let methods: Vec<_> = stage.upstream.seen().into_iter().map(|seen| seen.method).collect();
    assert!(methods.iter().all(|method| method == Method::GET.as_str()), "{methods:?}");
}

//! The proxy between raw sockets and real upstreams.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
    time::Duration,
};

use amberglass_domain::navigation::GatewayOrigin;
use amberglass_testkit::wait_until;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::OriginProxy;

const LIMIT: Duration = Duration::from_secs(5);

/// A proxy for `barkside.localhost` at a listener of the test's own.
struct Stage {
    proxy: OriginProxy,
    gateway: TcpListener,
    port: u16,
    refused: Arc<Mutex<Vec<String>>>,
}

impl Stage {
    async fn new() -> Self {
        let gateway = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = gateway.local_addr().unwrap().port();
        let refused = Arc::new(Mutex::new(Vec::new()));
        let record = refused.clone();
        let origin = GatewayOrigin::parse(&format!("http://barkside.localhost:{port}")).unwrap();
        let proxy =
            OriginProxy::start(origin, move |request| record.lock().unwrap().push(request.target)).await.unwrap();
        Self { proxy, gateway, port, refused }
    }

    async fn page(&self) -> TcpStream {
        TcpStream::connect(self.proxy.address()).await.unwrap()
    }

    fn refused(&self) -> Vec<String> {
        self.refused.lock().unwrap().clone()
    }

    /// Sends one request whose text may contain `PORT`, closes the sending side, and gives the whole answer.
    async fn ask(&self, request: &str) -> String {
        let mut page = self.page().await;
        page.write_all(request.replace("PORT", &self.port.to_string()).as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        tokio::time::timeout(LIMIT, page.read_to_end(&mut answer)).await.unwrap().unwrap();
        String::from_utf8(answer).unwrap()
    }

    async fn nothing_reached_the_gateway(&self) {
        let waiting = tokio::time::timeout(Duration::from_millis(50), self.gateway.accept()).await;
        assert!(waiting.is_err(), "a connection reached the gateway");
    }
}

/// Reads until `end` was seen.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut seen = Vec::new();
    let reading = async {
        while !seen.windows(end.len()).any(|window| window == end.as_bytes()) {
            let mut byte = [0_u8; 1];
            assert_eq!(stream.read(&mut byte).await.unwrap(), 1, "closed after {}", String::from_utf8_lossy(&seen));
            seen.push(byte[0]);
        }
    };
    tokio::time::timeout(LIMIT, reading).await.unwrap_or_else(|_| panic!("no {end:?} came"));
    String::from_utf8(seen).unwrap()
}

/// True once the other side has closed or reset the connection.
async fn is_cut(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    tokio::time::timeout(LIMIT, stream.read_to_end(&mut rest)).await.is_ok()
}

/// Answers every connection with what it was asked: request line, then headers, sorted, then the body.
fn echo_requests(gateway: TcpListener) {
    async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
        let mut text = format!("{} {} {:?}\n", request.method(), request.uri(), request.version());
        let mut headers: Vec<String> =
            request.headers().iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap())).collect();
        headers.sort();
        text.push_str(&headers.concat());
        text.push_str(&String::from_utf8_lossy(&request.into_body().collect().await?.to_bytes()));
        let mut response = Response::new(Full::from(text));
        response.headers_mut().insert("connection", "x-secret".parse().unwrap());
        response.headers_mut().insert("x-secret", "for this hop only".parse().unwrap());
        response.headers_mut().insert("set-cookie", "a=b".parse().unwrap());
        Ok(response)
    }
    tokio::spawn(async move {
        while let Ok((stream, _)) = gateway.accept().await {
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(echo)));
        }
    });
}

#[tokio::test]
async fn a_request_to_the_gateway_arrives_in_origin_form_without_headers_of_the_hop() {
    let Stage { proxy, gateway, port, refused } = Stage::new().await;
    echo_requests(gateway);
    let mut page = TcpStream::connect(proxy.address()).await.unwrap();
    let request = format!(
        "POST http://BARKSIDE.localhost:{port}/pay?x=1 HTTP/1.1\r\nHost: Barkside.localhost:{port}\r\nCookie: c=d\r\n\
         Connection: close, x-hop, content-length\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n\
         Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic eA==\r\nContent-Length: 5\r\n\r\nhello"
    );
    page.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(LIMIT, page.read_to_string(&mut answer)).await.unwrap().unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let expected =
        format!("POST /pay?x=1 HTTP/1.1\ncontent-length: 5\ncookie: c=d\nhost: barkside.localhost:{port}\nhello");
    assert_eq!(body, expected);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("set-cookie: a=b"), "{head}");
    assert!(!head.contains("x-secret") && !head.contains("via") && !head.contains("forwarded"), "{head}");
    assert!(refused.lock().unwrap().is_empty());
}

#[tokio::test]
async fn requests_to_anywhere_else_get_an_empty_403_and_are_reported_once() {
    let stage = Stage::new().await;
    let gateway = format!("barkside.localhost:{}", stage.port);
    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let other_port = other.local_addr().unwrap().port();
    let cases = [
        ("GET http://evil.test/x?secret HTTP/1.1\r\nHost: evil.test", "http://evil.test:80".to_owned()),
        (
            &*format!("GET http://barkside.localhost:{other_port}/ HTTP/1.1\r\nHost: barkside.localhost:{other_port}"),
            format!("http://barkside.localhost:{other_port}"),
        ),
        (&*format!("CONNECT barkside.localhost:{other_port} HTTP/1.1"), format!("barkside.localhost:{other_port}")),
        (
            &*format!("GET http://{gateway}@127.0.0.1:{other_port}/ HTTP/1.1\r\nHost: {gateway}"),
            format!("http://127.0.0.1:{other_port}"),
        ),
        (&*format!("GET http://a:b@{gateway}/ HTTP/1.1\r\nHost: {gateway}"), format!("http://{gateway}")),
        (&*format!("GET http://{gateway}/ HTTP/1.1\r\nHost: evil.test"), format!("http://{gateway}")),
        (
            &*format!("GET http://{gateway}/ HTTP/1.1\r\nHost: {gateway}\r\nUpgrade: websocket"),
            format!("http://{gateway}"),
        ),
    ];
    for (request, target) in cases {
        let answer = stage.ask(&format!("{request}\r\nConnection: close\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{request}: {answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{request}: {answer}");
        assert_eq!(stage.refused(), [target], "{request}");
        stage.refused.lock().unwrap().clear();
    }
    stage.nothing_reached_the_gateway().await;
    assert!(tokio::time::timeout(Duration::from_millis(50), other.accept()).await.is_err());
}

#[tokio::test]
async fn a_request_that_takes_the_proxy_for_a_web_server_gets_400() {
    let stage = Stage::new().await;
    let answer = stage.ask("GET /x HTTP/1.1\r\nHost: barkside.localhost:PORT\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    assert_eq!(stage.refused(), [format!("barkside.localhost:{}", stage.port)]);
    stage.nothing_reached_the_gateway().await;
}

#[tokio::test]
async fn too_many_or_too_large_headers_do_not_pass() {
    let stage = Stage::new().await;
    let head = "GET http://barkside.localhost:PORT/ HTTP/1.1\r\nHost: barkside.localhost:PORT\r\n";
    let answer = stage.ask(&format!("{head}{}\r\n", "X: x\r\n".repeat(crate::MAX_HEADERS))).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let mut page = stage.page().await;
    let request = format!("{head}X: {}\r\n\r\n", "x".repeat(2 * crate::MAX_HEADER_BYTES));
    // The proxy closes before it has read everything, so the rest may fail to be sent.
    let _ = page.write_all(request.replace("PORT", &stage.port.to_string()).as_bytes()).await;
    assert!(is_cut(&mut page).await);
    stage.nothing_reached_the_gateway().await;
}

#[tokio::test]
async fn bodies_pass_piece_by_piece_both_ways() {
    let stage = Stage::new().await;
    let mut page = stage.page().await;
    let head = format!(
        "PUT http://barkside.localhost:{0}/ HTTP/1.1\r\nHost: barkside.localhost:{0}\r\nTransfer-Encoding: chunked\r\n\r\n",
        stage.port
    );
    page.write_all(head.as_bytes()).await.unwrap();
    let (mut gateway, _) = stage.gateway.accept().await.unwrap();
    page.write_all(b"3\r\none\r\n").await.unwrap();
    assert!(read_until(&mut gateway, "one\r\n").await.contains("transfer-encoding: chunked"));
    page.write_all(b"3\r\ntwo\r\n0\r\n\r\n").await.unwrap();
    read_until(&mut gateway, "two\r\n0\r\n\r\n").await;
    gateway.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nred\r\n").await.unwrap();
    read_until(&mut page, "red\r\n").await;
    gateway.write_all(b"4\r\nblue\r\n0\r\n\r\n").await.unwrap();
    read_until(&mut page, "blue\r\n0\r\n\r\n").await;
    // The same connection of the page serves the next request.
    page.write_all(head.replace("PUT", "GET").replace("Transfer-Encoding: chunked\r\n", "").as_bytes()).await.unwrap();
    let (mut gateway, _) = stage.gateway.accept().await.unwrap();
    read_until(&mut gateway, "\r\n\r\n").await;
    gateway.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    assert!(read_until(&mut page, "\r\n\r\n").await.starts_with("HTTP/1.1 204 "));
}

#[tokio::test]
async fn a_silent_stream_of_the_gateway_ends_with_the_page_that_listened() {
    let stage = Stage::new().await;
    let mut page = stage.page().await;
    let head =
        format!("GET http://barkside.localhost:{0}/ HTTP/1.1\r\nHost: barkside.localhost:{0}\r\n\r\n", stage.port);
    page.write_all(head.as_bytes()).await.unwrap();
    let (mut gateway, _) = stage.gateway.accept().await.unwrap();
    read_until(&mut gateway, "\r\n\r\n").await;
    gateway.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nred\r\n").await.unwrap();
    read_until(&mut page, "red\r\n").await;
    drop(page);
    assert!(is_cut(&mut gateway).await);
}

#[tokio::test]
async fn an_upstream_cannot_ask_for_the_proxys_credentials_or_switch_protocols() {
    let stage = Stage::new().await;
    for status in
        ["407 Proxy Authentication Required\r\nProxy-Authenticate: Basic", "101 Switching Protocols\r\nUpgrade: x"]
    {
        let mut page = stage.page().await;
        let head =
            format!("GET http://barkside.localhost:{0}/ HTTP/1.1\r\nHost: barkside.localhost:{0}\r\n\r\n", stage.port);
        page.write_all(head.as_bytes()).await.unwrap();
        let (mut gateway, _) = stage.gateway.accept().await.unwrap();
        read_until(&mut gateway, "\r\n\r\n").await;
        gateway.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").as_bytes()).await.unwrap();
        let answer = read_until(&mut page, "\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 502 ") && !answer.contains("roxy"), "{answer}");
    }
}

#[tokio::test]
async fn a_tunnel_to_the_gateway_carries_raw_bytes_both_ways() {
    let stage = Stage::new().await;
    let mut page = stage.page().await;
    let connect =
        format!("CONNECT Barkside.localhost:{0} HTTP/1.1\r\nHost: barkside.localhost:{0}\r\n\r\n", stage.port);
    page.write_all(connect.as_bytes()).await.unwrap();
    let (mut gateway, _) = stage.gateway.accept().await.unwrap();
    assert!(read_until(&mut page, "\r\n\r\n").await.starts_with("HTTP/1.1 200 "));
    page.write_all(b"\x01\x05hello").await.unwrap();
    assert_eq!(read_until(&mut gateway, "hello").await.len(), 7);
    gateway.write_all(b"echo\0").await.unwrap();
    read_until(&mut page, "echo\0").await;
    drop(gateway);
    assert!(is_cut(&mut page).await);
    assert!(stage.refused().is_empty());
}

#[tokio::test]
async fn a_gateway_that_is_down_gives_502_and_is_no_refusal() {
    let Stage { proxy, gateway, port, refused } = Stage::new().await;
    drop(gateway);
    for request in [
        format!("GET http://barkside.localhost:{port}/ HTTP/1.1\r\nHost: barkside.localhost:{port}\r\n\r\n"),
        format!("CONNECT barkside.localhost:{port} HTTP/1.1\r\n\r\n"),
    ] {
        let mut page = TcpStream::connect(proxy.address()).await.unwrap();
        page.write_all(request.as_bytes()).await.unwrap();
        assert!(read_until(&mut page, "\r\n\r\n").await.starts_with("HTTP/1.1 502 "));
    }
    assert!(refused.lock().unwrap().is_empty());
}

#[tokio::test]
async fn dropping_the_proxy_cuts_open_connections_and_refuses_new_ones() {
    let stage = Stage::new().await;
    let mut streaming = stage.page().await;
    let head =
        format!("GET http://barkside.localhost:{0}/ HTTP/1.1\r\nHost: barkside.localhost:{0}\r\n\r\n", stage.port);
    streaming.write_all(head.as_bytes()).await.unwrap();
    let (mut stream_of_gateway, _) = stage.gateway.accept().await.unwrap();
    read_until(&mut stream_of_gateway, "\r\n\r\n").await;
    stream_of_gateway.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nred\r\n").await.unwrap();
    read_until(&mut streaming, "red\r\n").await;
    let mut tunnel = stage.page().await;
    tunnel.write_all(format!("CONNECT barkside.localhost:{} HTTP/1.1\r\n\r\n", stage.port).as_bytes()).await.unwrap();
    let (mut tunnel_of_gateway, _) = stage.gateway.accept().await.unwrap();
    read_until(&mut tunnel, "\r\n\r\n").await;
    let mut idle = stage.page().await;

    let address = stage.proxy.address();
    drop(stage.proxy);
    for stream in [&mut streaming, &mut stream_of_gateway, &mut tunnel, &mut tunnel_of_gateway, &mut idle] {
        assert!(is_cut(stream).await);
    }
    wait_until("the port to close", LIMIT, || async { TcpStream::connect(address).await.is_err().then_some(()) }).await;
}

#[tokio::test]
async fn at_most_sixty_four_connections_are_served_at_once() {
    let stage = Stage::new().await;
    let connect = format!("CONNECT barkside.localhost:{} HTTP/1.1\r\n\r\n", stage.port);
    let mut tunnels = Vec::new();
    for _ in 0..crate::MAX_CONNECTIONS {
        let mut page = stage.page().await;
        page.write_all(connect.as_bytes()).await.unwrap();
        let gateway = stage.gateway.accept().await.unwrap();
        read_until(&mut page, "\r\n\r\n").await;
        tunnels.push((page, gateway));
    }
    let mut late = stage.page().await;
    late.write_all(connect.as_bytes()).await.unwrap();
    stage.nothing_reached_the_gateway().await;
    tunnels.pop();
    let _gateway = tokio::time::timeout(LIMIT, stage.gateway.accept()).await.unwrap().unwrap();
    assert!(read_until(&mut late, "\r\n\r\n").await.starts_with("HTTP/1.1 200 "));
}

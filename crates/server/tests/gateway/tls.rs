//! TLS that the server speaks itself.

use amberglass_server::gateway::cookie_name;
use http::{Method, StatusCode, Version, header};
use reqwest::{Client, ClientBuilder, Response};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::stage::{HOST, PATIENCE, Session, Stage};

/// Believes any certificate: here it is about what is spoken, not with whom.
fn client(stage: &Stage, versions: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
    let builder = Client::builder().no_proxy().tls_danger_accept_invalid_certs(true);
    versions(builder.resolve(HOST, stage.server.gateway)).build().unwrap()
}

async fn ask(client: &Client, stage: &Stage, session: &Session, method: Method) -> Response {
    let cookie = format!("{}={}", cookie_name(true), session.cookie);
    let request = client.request(method, format!("https://{}/account", stage.authority()));
    request.header(header::COOKIE, cookie).header("sec-fetch-site", "same-origin").send().await.unwrap()
}

#[tokio::test]
async fn over_tls_of_its_own_the_gateway_speaks_http_2_to_whoever_does_and_decides_the_same() {
    let stage = Stage::over_tls().await;
    let session = stage.session().await;
    let both = client(&stage, |client| client);
    let older = client(&stage, ClientBuilder::http1_only);
    for (client, version) in [(both, Version::HTTP_2), (older, Version::HTTP_11)] {
        let read = ask(&client, &stage, &session, Method::GET).await;
        assert_eq!((read.status(), read.version()), (StatusCode::OK, version));
        let write = ask(&client, &stage, &session, Method::POST).await;
        assert_eq!((write.status(), write.version()), (StatusCode::FORBIDDEN, version));
    }
    assert_eq!(stage.upstream.seen().len(), 2, "both reads, and no write");
    assert_eq!(stage.blocked(&session).await.len(), 2);
}

#[tokio::test]
async fn the_api_is_over_tls_too_and_metrics_stay_plain_on_this_machine() {
    let stage = Stage::over_tls().await;
    let client = client(&stage, |client| client);
    let keys = client.get(format!("{}/.well-known/jwks.json", stage.server.issuer)).send().await.unwrap();
    assert_eq!((keys.status(), keys.version()), (StatusCode::OK, Version::HTTP_2));
    let plain = stage.client.get(format!("http://{}/.well-known/jwks.json", stage.server.api)).send().await;
    assert!(plain.is_err(), "{plain:?}");
    assert!(stage.client.get(format!("http://{}/health/live", stage.server.metrics.unwrap())).send().await.is_ok());
}

#[tokio::test]
async fn who_speaks_plain_http_to_a_listener_with_tls_is_told_nothing() {
    let stage = Stage::over_tls().await;
    let session = stage.session().await;
    let mut stream = TcpStream::connect(stage.server.gateway).await.unwrap();
    let head = stage.head(&session, "GET /account HTTP/1.1");
    stream.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // Reset or ended, with an alert at most.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("it is still open");
    assert!(!answer.windows(4).any(|bytes| bytes == b"HTTP"), "{}", String::from_utf8_lossy(&answer));
    assert!(stage.upstream.seen().is_empty());
}

//! Every endpoint and what may be wrong with a request, whoever sends it.

use std::collections::BTreeMap;

use amberglass_wire::problem::ErrorCode;
use reqwest::{Method, StatusCode, header};

use crate::world::{
    Console, World,
    document::{Operation, operations},
    problem,
};

/// All documented addresses and the methods that they know, in the order in which they are told.
fn all() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for Operation { path, method, .. } in operations() {
        let head = (method == "GET").then_some("HEAD");
        all.entry(path).or_default().extend([method].into_iter().chain(head));
    }
    all
}

fn filled(path: &str, id: &str) -> String {
    path.replace("{id}", id).replace("{portal}", "barkside").replace("{customer}", crate::world::JANE)
}

async fn session(world: &World, amy: &Console) -> String {
    world.start(amy).await.session.id.0
}

#[tokio::test]
async fn what_is_no_json_is_refused_with_the_place_where_it_goes_wrong() {
    let world = World::new().await;
    let amy = world.amy().await;
    let id = session(&world, &amy).await;
    let before = world.session(&amy, &amberglass_wire::SessionId::new(id.clone())).await;
    let portal_key = world.portal_key("barkside").await;
    for operation in operations().filter(|operation| operation.takes().is_some()) {
        let path = filled(operation.path, &id);
        let token = match operation.security() {
            Some("staff") => &amy.tokens.access_token,
            Some("portal_key") => &portal_key.secret,
            // Looks at the signature first.
            _ => continue,
        };
        let send = async |kind: Option<&str>, body: Vec<u8>| {
            let url = world.url(&path);
            let mut request = world.client.post(url).bearer_auth(token).header("idempotency-key", "key").body(body);
            if let Some(kind) = kind {
                request = request.header(header::CONTENT_TYPE, kind);
            }
            request.send().await.unwrap()
        };
        for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
            let answer = send(kind, b"{}".to_vec()).await;
            let told = problem(answer, StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::UnsupportedMediaType).await;
            assert!(told.detail.unwrap().contains("application/json"), "{path} {kind:?}");
        }
        for body in [&b""[..], b"{", b"{\"reason\": ", b"\xff\xfe", b"[1,2]", b"{\"reason\": 7, \"note\": 7}"] {
            let answer = send(Some("application/json"), body.to_vec()).await;
            let told = problem(answer, StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest).await;
            assert!(told.detail.unwrap().contains("line 1 column"), "{path} {body:?}");
        }
        let huge = format!("{{\"reason\": \"{}\"}}", "x".repeat(100_000));
        let answer = send(Some("application/json; charset=utf-8"), huge.into_bytes()).await;
        problem(answer, StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::PayloadTooLarge).await;
    }
    assert_eq!(world.session(&amy, &before.id).await, before, "nothing was changed");
}

#[tokio::test]
async fn what_an_endpoint_does_not_know_is_answered_with_what_it_knows() {
    let world = World::new().await;
    let amy = world.amy().await;
    let id = session(&world, &amy).await;
    for (endpoint, known) in all() {
        let url = world.url(&filled(endpoint, &id));
        let ask = |method: &str| {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            world.client.request(method, &url).bearer_auth(&amy.tokens.access_token).send()
        };
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"] {
            if known.contains(&method) {
                continue;
            }
            let answer = ask(method).await.unwrap();
            let allow = answer.headers()[header::ALLOW].to_str().unwrap().to_owned();
            assert_eq!(allow.split(',').collect::<Vec<_>>(), known, "{method} {endpoint}");
            problem(answer, StatusCode::METHOD_NOT_ALLOWED, ErrorCode::MethodNotAllowed).await;
        }
        let options = ask("OPTIONS").await.unwrap();
        assert_eq!(options.status(), StatusCode::NO_CONTENT, "{endpoint}");
        assert_eq!(options.headers()[header::ALLOW].to_str().unwrap().split(',').collect::<Vec<_>>(), known);
        assert!(!options.headers().keys().any(|name| name.as_str().starts_with("access-control")), "{endpoint}");
        if known.contains(&"HEAD") {
            let (head, get) = (ask("HEAD").await.unwrap(), ask("GET").await.unwrap());
            assert_eq!(
                (head.status(), head.headers().get("content-type")),
                (get.status(), get.headers().get("content-type"))
            );
            assert!(head.bytes().await.unwrap().is_empty(), "{endpoint}");
        }
    }
}

#[tokio::test]
async fn a_request_that_means_another_server_is_sent_away() {
    let world = World::new().await;
    let amy = world.amy().await;
    let id = session(&world, &amy).await;
    for (endpoint, known) in all() {
        let url = world.url(&filled(endpoint, &id));
        for host in ["evil.example", "barkside.example:7400", "127.0.0.1.evil.example"] {
            let method = Method::from_bytes(known.last().unwrap().as_bytes()).unwrap();
            if method == Method::HEAD {
                continue;
            }
            let request = world.client.request(method, &url).bearer_auth(&amy.tokens.access_token);
            let answer = request.header(header::HOST, host).send().await.unwrap();
            if endpoint == "/v1/ready" {
                // A load balancer looks at one server by its address.
                assert_eq!(answer.status(), StatusCode::OK);
                continue;
            }
            problem(answer, StatusCode::MISDIRECTED_REQUEST, ErrorCode::WrongHost).await;
        }
        let port = world.api().port();
        for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
            let request = world.client.request(Method::OPTIONS, &url).header(header::HOST, &host);
            assert_eq!(request.send().await.unwrap().status(), StatusCode::NO_CONTENT, "{host} {endpoint}");
        }
    }
}

#[tokio::test]
async fn where_nothing_is_nothing_is_found() {
    let world = World::new().await;
    let amy = world.amy().await;
    for path in ["/", "/v1", "/v1/", "/v1/session", "/v1/sessions/", "/v2/sessions", "/v1/sessions/x/y", "/favicon.ico"]
    {
        for console in [None, Some(&amy)] {
            let mut request = world.client.get(world.url(path));
            if let Some(console) = console {
                request = request.bearer_auth(&console.tokens.access_token);
            }
            problem(request.send().await.unwrap(), StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
        }
    }
}

#[tokio::test]
async fn a_journal_batch_says_what_it_is() {
    let world = World::new().await;
    let amy = world.amy().await;
    let request = world
        .client
        .post(world.url("/v1/journal/batches"))
        .header("amberglass-device", amy.tokens.device.as_str())
        .header("amberglass-signed-at", "1")
        .header("amberglass-signature", "x")
        .body("{}");
    problem(request.send().await.unwrap(), StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::UnsupportedMediaType).await;
}

//! What the page gets.

use amberglass_server::gateway::{GATEWAY_HEADER, PORTAL_HEADER};
use amberglass_wire::audit::EventDetail;
use http::{Method, StatusCode, header};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{stage::Stage, upstream::Upstream};

#[tokio::test]
async fn a_location_at_the_portal_becomes_one_at_the_gateway() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let absolute = format!("http://{}/account?tab=2", stage.upstream.address);
    stage.upstream.will_answer(302, &[("location", &absolute)]);
    let answer = stage.get(&session, "/answer").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FOUND);
    assert_eq!(answer.headers()[header::LOCATION], "/account?tab=2");
}

#[tokio::test]
async fn a_way_to_another_site_and_a_download_are_refused_explained_and_recorded() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let table = [
        (302, "location", "http://evil.test/", "redirect-elsewhere", "The portal leads to another site"),
        (
            200,
            "content-disposition",
            "attachment; filename=all.csv",
            "download-refused",
            "This file was not downloaded",
        ),
    ];
    for (status, name, value, rule, title) in table {
        stage.upstream.will_answer(status, &[(name, value)]);
        let answer = stage.get(&session, "/answer").header("sec-fetch-dest", "document").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        assert_eq!(answer.headers()[GATEWAY_HEADER], rule);
        assert!(!answer.headers().contains_key(name));
        assert!(answer.text().await.unwrap().contains(title));
    }
    assert_eq!(stage.blocked(&session).await, ["redirect-elsewhere", "download-refused"]);
}

#[tokio::test]
async fn a_page_is_kept_on_its_origin_and_out_of_caches() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    stage.upstream.will_answer(
        200,
        &[
            ("content-security-policy", "default-src 'self'"),
            ("cache-control", "public, max-age=600"),
            ("strict-transport-security", "max-age=9"),
            ("alt-svc", "h3=\":443\""),
            ("amberglass-gateway", "forged"),
        ],
    );
    let answer = stage.get(&session, "/answer").send().await.unwrap();
    let headers = answer.headers();
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    let policies: Vec<_> =
        headers.get_all(header::CONTENT_SECURITY_POLICY).iter().map(|value| value.to_str().unwrap()).collect();
    assert_eq!(policies.len(), 2);
    assert!(policies[1].contains("connect-src 'self'") && policies[1].contains("form-action 'self'"));
    for name in ["strict-transport-security", "alt-svc", "amberglass-gateway"] {
        assert!(!headers.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn a_portal_that_is_down_is_told_from_one_that_says_no() {
    let nobody = amberglass_testkit::address_of_its_own();
    let stage = Stage::before(Upstream::start().await, format!("http://{nobody}").parse().unwrap()).await;
    let session = stage.session().await;
    let answer = stage.get(&session, "/account").header("sec-fetch-dest", "document").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(answer.headers()[PORTAL_HEADER], "unreachable");
    assert!(answer.text().await.unwrap().contains("The portal did not answer"));
    // The record from before the attempt stands, and none beside it.
    let trail = stage.trail(&session.id).await;
    assert_eq!(trail.iter().filter(|detail| matches!(detail, EventDetail::PageViewed { .. })).count(), 1);
}

#[tokio::test]
async fn a_portal_that_does_not_answer_in_time_is_given_up() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let asking = tokio::spawn(stage.get(&session, "/never").send());
    amberglass_testkit::wait_until("the portal to be asked", crate::stage::PATIENCE, async || {
        (!stage.upstream.seen().is_empty()).then_some(())
    })
    .await;
    // Heartbeats go on meanwhile, or the session would freeze first.
    for _ in 0..6 {
        stage.clock.advance_seconds(2);
        let mut tx = stage.server.state().store.begin().await.unwrap();
        use amberglass_domain::ports::Clock as _;
        let now = stage.clock.now();
        tx.touch_session(&session.id, now, now, now).await.unwrap();
        tx.commit().await.unwrap();
    }
    let answer = tokio::time::timeout(crate::stage::PATIENCE, asking).await.unwrap().unwrap().unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(answer.headers()[PORTAL_HEADER], "unreachable");
}

#[tokio::test]
async fn nonsense_from_a_portal_is_the_portals_fault() {
    let nonsense: [&[u8]; 5] = [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 999999 OK\r\n\r\n",
    ];
    for answer in nonsense {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(answer).await;
            }
        });
        let stage = Stage::before(Upstream::start().await, format!("http://{address}").parse().unwrap()).await;
        let session = stage.session().await;
        let got = stage.get(&session, "/").send().await.unwrap();
        assert_eq!(got.status(), StatusCode::BAD_GATEWAY, "{}", String::from_utf8_lossy(answer));
        assert!(got.headers().contains_key(PORTAL_HEADER));
        serving.abort();
    }
}

#[tokio::test]
async fn nobody_without_a_session_reaches_a_portal() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let cookie = |value: &str| format!("{}={value}", amberglass_server::gateway::cookie_name(false));
    let twice = format!("{}; {}", cookie(&session.cookie), cookie("x"));
    for cookies in ["", "other=1", &cookie(""), &cookie("guessed"), &twice] {
        let answer = stage.stranger(Method::GET, "/").header("cookie", cookies).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{cookies}");
        assert_eq!(answer.headers()[GATEWAY_HEADER], "no-session");
    }
    let hosts = [
        ("localhost", StatusCode::MISDIRECTED_REQUEST),
        ("127.0.0.1", StatusCode::MISDIRECTED_REQUEST),
        ("barkside.localhost.evil.test", StatusCode::MISDIRECTED_REQUEST),
        ("closed.localhost", StatusCode::FORBIDDEN),
        // Another portal's host: the cookie is not for it.
        ("other.localhost", StatusCode::UNAUTHORIZED),
    ];
    for (host, status) in hosts {
        let request = stage.client.get(format!("http://{}/", stage.server.gateway));
        let host = format!("{host}:{}", stage.server.gateway.port());
        let answer = request.header("host", &host).header("cookie", cookie(&session.cookie)).send().await.unwrap();
        assert_eq!(answer.status(), status, "{host}");
    }
    assert!(stage.upstream.seen().is_empty());
    assert_eq!(stage.blocked(&session).await, ["other-portal"]);
}

#[tokio::test]
async fn nothing_of_the_api_is_served_here() {
    let stage = Stage::new().await;
    for path in ["/v1/snapshot", "/.well-known/jwks.json", "/v1/oauth/authorize"] {
        let answer = stage.stranger(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
}

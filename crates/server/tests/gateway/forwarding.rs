//! What the portal gets.

use amberglass_server::{drivers::IDENTITY_HEADER, gateway::SUPPORT_HEADER};
use amberglass_wire::session::Mode;
use http::{Method, StatusCode, header};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};

use crate::{
    stage::{AUDIENCE, CUSTOMER, Stage},
    upstream::big_body,
};

#[tokio::test]
async fn the_portal_gets_a_signed_identity_and_never_the_pages_own() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let forged = stage
        .get(&session, "/account")
        .header(IDENTITY_HEADER, "forged")
        .header("amberglass_identity", "forged")
        .header("amberglass-anything", "forged")
        .header("authorization", "Bearer forged")
        .header("forwarded", "for=1.2.3.4")
        .header("x-forwarded-for", "1.2.3.4")
        .header("x-original-url", "/admin");
    assert_eq!(forged.send().await.unwrap().status(), StatusCode::OK);
    let seen = stage.upstream.seen().remove(0);
    for name in [
        "amberglass_identity",
        "amberglass-anything",
        "authorization",
        "forwarded",
        "x-forwarded-for",
        "x-original-url",
        "cookie",
    ] {
        assert!(!seen.headers.contains_key(name), "{name}");
    }
    let identities: Vec<_> = seen.headers.get_all(IDENTITY_HEADER).iter().collect();
    assert_eq!(identities.len(), 1);
    let token = identities[0].to_str().unwrap();

    let keys: serde_json::Value = stage
        .client
        .get(format!("http://{}/.well-known/jwks.json", stage.server.api))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(jsonwebtoken::decode_header(token).unwrap().kid.as_deref(), keys["keys"][0]["kid"].as_str());
    let key = DecodingKey::from_ed_components(keys["keys"][0]["x"].as_str().unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[&stage.server.issuer]);
    validation.validate_exp = false;
    let claims: serde_json::Value = jsonwebtoken::decode(token, &key, &validation).unwrap().claims;
    assert_eq!(claims["sub"], CUSTOMER);
    assert_eq!(claims["act"]["sub"], session.staff.as_str());
    assert_eq!(claims["sid"], session.id.as_str());
    assert_eq!(claims["mode"], "read_only");
    assert!(claims["jti"].as_str().is_some_and(|id| id.len() == 36));
    assert!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap() <= 60);
    assert!(claims.get("scope").is_none());
}

#[tokio::test]
async fn every_request_says_beside_the_identity_that_support_is_looking_and_what_to_suppress() {
    let stage = Stage::new().await;
    let (read, all) = ("read-only", "last-login presence read-marks mail analytics");
    for (mode, (name, suppressed)) in
        [(Mode::ReadOnly, (read, all)), (Mode::ReadWrite, ("read-write", "last-login presence read-marks analytics"))]
    {
        let session = stage.session_in(mode).await;
        let expected = format!(r#"session="{}", mode={name}, suppress=({suppressed})"#, session.code);
        for method in [Method::GET, Method::HEAD] {
            let forged = stage
                .ask(method, &session, "/account")
                .header(SUPPORT_HEADER, "suppress=()")
                .header("amberglass_support", "suppress=()");
            assert_eq!(forged.send().await.unwrap().status(), StatusCode::OK);
            let seen = stage.upstream.seen().pop().unwrap();
            let values: Vec<_> = seen.headers.get_all(SUPPORT_HEADER).iter().collect();
            assert_eq!(values, [expected.as_str()]);
            assert!(seen.headers.contains_key(IDENTITY_HEADER) && !seen.headers.contains_key("amberglass_support"));
        }
        stage.end(&session).await;
    }
}

#[tokio::test]
async fn host_origin_and_referer_become_the_portals() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let request = stage
        .get(&session, "/pets?sort=name&x=%2F..%2F")
        .header("origin", stage.origin())
        .header("referer", format!("{}/pets?page=1", stage.origin()))
        .header("accept-encoding", "br, zstd")
        .header("accept-language", "de");
    request.send().await.unwrap();
    let seen = stage.upstream.seen().remove(0);
    let upstream = format!("http://{}", stage.upstream.address);
    assert_eq!(seen.target, "/pets?sort=name&x=%2F..%2F");
    assert_eq!(seen.headers[header::HOST], stage.upstream.address.to_string());
    assert_eq!(seen.headers[header::ORIGIN], upstream);
    assert_eq!(seen.headers[header::REFERER], format!("{upstream}/pets?page=1"));
    assert_eq!(seen.headers[header::ACCEPT_ENCODING], "br, zstd");
    assert_eq!(seen.headers[header::ACCEPT_LANGUAGE], "de");
    assert!(seen.body.is_empty());
}

#[tokio::test]
async fn a_head_request_is_forwarded_and_keeps_the_length() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let answer = stage.ask(Method::HEAD, &session, "/big").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CONTENT_LENGTH], big_body().len().to_string());
    assert_eq!(stage.upstream.seen()[0].method, "HEAD");
}

#[tokio::test]
async fn a_large_answer_arrives_whole() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let answer = stage.get(&session, "/big").send().await.unwrap();
    assert!(answer.bytes().await.unwrap() == big_body(), "the body differs");
}

#[tokio::test]
async fn an_answer_arrives_chunk_by_chunk() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let mut answer = stage.get(&session, "/ticker").send().await.unwrap();
    for tick in ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"] {
        // The next is sent only after the one before has arrived, so nothing can have been held back.
        stage.upstream.shared.ticks.send(tick).unwrap();
        let chunk = tokio::time::timeout(crate::stage::PATIENCE, answer.chunk()).await.unwrap().unwrap().unwrap();
        assert_eq!(chunk, tick);
    }
}

#[tokio::test]
async fn cookies_that_scripts_may_not_read_stay_on_the_server() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    stage.upstream.will_answer(
        200,
        &[
            ("set-cookie", "sid=secret; HttpOnly; Path=/"),
            ("set-cookie", "theme=dark; Domain=127.0.0.1; Path=/"),
            ("set-cookie", "amberglass=forged; Path=/"),
            ("set-cookie", "amberglass-jar=99; Path=/"),
        ],
    );
    let answer = stage.get(&session, "/answer").send().await.unwrap();
    let given: Vec<_> = answer.headers().get_all(header::SET_COOKIE).iter().collect();
    assert_eq!(given, ["theme=dark; Path=/", "amberglass-jar=1; Path=/; HttpOnly; SameSite=Strict"]);

    let cookies =
        format!("{}={}; theme=dark; sid=forged", amberglass_server::gateway::cookie_name(false), session.cookie);
    let request =
        stage.stranger(Method::GET, "/next").header("cookie", cookies).header("sec-fetch-site", "same-origin");
    assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
    let seen = stage.upstream.seen();
    assert!(!seen[0].headers.contains_key(header::COOKIE));
    assert_eq!(seen[1].headers[header::COOKIE], "theme=dark; sid=secret");

    // The jar goes with the session.
    stage.end(&session).await;
    let other = stage.session().await;
    stage.get(&other, "/again").send().await.unwrap();
    assert!(!stage.upstream.seen()[2].headers.contains_key(header::COOKIE));
}

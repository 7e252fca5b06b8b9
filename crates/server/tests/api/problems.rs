//! Every error has the same form.

use amberglass_wire::problem::ErrorCode;
use reqwest::StatusCode;

use crate::world::{World, document::operations, problem};

#[tokio::test]
async fn errors_of_the_framework_are_problems_too() {
    let world = World::new().await;
    let amy = world.amy().await;
    problem(
        world.client.get(world.url("/v1/nothing")).send().await.unwrap(),
        StatusCode::NOT_FOUND,
        ErrorCode::NotFound,
    )
    .await;
    let wrong_method = world.client.put(world.url("/v1/snapshot")).send().await.unwrap();
    assert!(wrong_method.headers()["allow"].to_str().unwrap().contains("GET"));
    problem(wrong_method, StatusCode::METHOD_NOT_ALLOWED, ErrorCode::MethodNotAllowed).await;
    let no_json = world.post(&amy, "/v1/heartbeats").body("{").header("content-type", "application/json");
    problem(no_json.send().await.unwrap(), StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest).await;
    let no_query = world.get(&amy, "/v1/customers").send().await.unwrap();
    problem(no_query, StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest).await;
    let no_form = world.client.post(world.url("/v1/oauth/token")).form(&[("grant_type", "password")]).send().await;
    let refused = no_form.unwrap();
    assert!(refused.status().is_client_error());
    let huge = world.post(&amy, "/v1/heartbeats").body(vec![b' '; 100_000]).header("content-type", "application/json");
    problem(huge.send().await.unwrap(), StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::PayloadTooLarge).await;
}

#[tokio::test]
async fn every_endpoint_asks_who_is_there() {
    let world = World::new().await;
    for operation in operations() {
        let method = reqwest::Method::from_bytes(operation.method.as_bytes()).unwrap();
        let ask = |token: Option<&str>| {
            let request = world.client.request(method.clone(), world.url(operation.path));
            token.map_or(request.try_clone().unwrap(), |token| request.bearer_auth(token)).send()
        };
        for token in [None, Some("x"), Some("")] {
            let answer = ask(token).await.unwrap();
            match operation.security() {
                Some("staff" | "portal_key") => {
                    assert_eq!(answer.headers()["www-authenticate"], "Bearer");
                    problem(answer, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
                }
                // Names no device, and a token is none.
                Some("device_signature") => {
                    problem(answer, StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest).await;
                }
                Some(other) => panic!("the tests do not know {other}"),
                None => assert_ne!(answer.status(), StatusCode::UNAUTHORIZED, "{}", operation.path),
            }
        }
    }
}

#[tokio::test]
async fn answers_are_not_kept_and_not_guessed_at() {
    let world = World::new().await;
    let amy = world.amy().await;
    let response = world.get(&amy, "/v1/snapshot").send().await.unwrap();
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn the_keys_for_portals_are_public() {
    let world = World::new().await;
    let response = world.client.get(world.url("/.well-known/jwks.json")).send().await.unwrap();
    let keys: serde_json::Value = crate::world::json(response, StatusCode::OK).await;
    assert_eq!(keys["keys"][0]["crv"], "Ed25519");
    assert!(keys["keys"][0].get("d").is_none(), "the private half stays here");
}

#[tokio::test]
async fn when_the_record_cannot_be_written_nothing_happens() {
    let world = World::new().await;
    let amy = world.amy().await;
    world.break_the_audit_log().await;
    let start = world.try_start(&amy, "key", &crate::world::start_request(crate::world::JANE)).await;
    problem(start, StatusCode::SERVICE_UNAVAILABLE, ErrorCode::AuditUnavailable).await;
    let row = sqlx::query("SELECT id FROM sessions").fetch_optional(&world.database().await).await.unwrap();
    assert!(row.is_none(), "no record, no session");
}

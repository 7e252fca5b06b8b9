//! The database goes away while the server runs, and comes back.

use amberglass_testkit::{TestDatabase, postgres::Server, wait_until};
use amberglass_wire::{
    problem::{ErrorCode, Problem},
    session::SessionState,
};
use reqwest::{Response, StatusCode};

use crate::{
    LIMIT,
    world::{JANE, World, start_request},
};

/// Fails closed: says so, does nothing.
async fn unavailable(response: Response) {
    let (status, text) = (response.status(), response.text().await.unwrap());
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{text}");
    let problem: Problem = serde_json::from_str(&text).unwrap();
    assert!(matches!(problem.code, ErrorCode::Unavailable | ErrorCode::AuditUnavailable), "{problem:?}");
}

#[tokio::test]
async fn without_its_database_the_server_does_nothing_and_afterwards_goes_on_by_itself() {
    let server = Server::start();
    let database = TestDatabase::in_postgres(server.database());
    let world = World::in_database(tempfile::tempdir().unwrap(), database, |_| {}).await;
    let amy = world.amy().await;
    let started = world.start(&amy).await;
    let id = started.session.id;
    let entry = world.entry_request(&amy, &id, &started.grant.unwrap());
    let cookie = world.try_enter(&amy, &id, &entry).await;
    assert_eq!(cookie.status(), StatusCode::OK);
    let cookie: serde_json::Value = cookie.json().await.unwrap();
    let page = async || {
        let host = world.gateway_origin().replace("http://", "");
        let named = format!("{}={}", cookie["cookie_name"].as_str().unwrap(), cookie["cookie_value"].as_str().unwrap());
        let request = world.client.get(format!("http://{}/", world.server().gateway));
        let request = request.header("host", host).header("cookie", named).header("sec-fetch-site", "same-origin");
        request.send().await.unwrap().status()
    };
    assert_eq!(page().await, StatusCode::OK);

    server.stop();
    unavailable(world.client.get(world.url("/v1/ready")).send().await.unwrap()).await;
    assert_eq!(
        (world.health("live").await, world.health("ready").await),
        (StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE)
    );
    unavailable(world.get(&amy, "/v1/snapshot").send().await.unwrap()).await;
    unavailable(world.try_start(&amy, "key-2", &start_request(JANE)).await).await;
    unavailable(world.post(&amy, &format!("/v1/sessions/{id}/end")).json(&serde_json::json!({})).send().await.unwrap())
        .await;
    assert_ne!(page().await, StatusCode::OK, "what cannot be recorded is not shown");

    server.start_again();
    wait_until("the server to be ready", LIMIT, || async {
        let answer = world.client.get(world.url("/v1/ready")).send().await.unwrap();
        (answer.status() == StatusCode::OK).then_some(())
    })
    .await;
    assert_eq!(world.session(&amy, &id).await.state, SessionState::Active, "nothing of it was lost");
    assert_eq!(page().await, StatusCode::OK);
    assert_eq!(world.end(&amy, &id).await.state, SessionState::Ended);
    let kinds = world.kinds(&amy, &id).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "session_ended").count(), 1, "{kinds:?}");
}

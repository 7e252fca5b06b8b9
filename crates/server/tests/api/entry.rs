//! Redeeming a grant.

use amberglass_domain::signing;
use amberglass_wire::{problem::ErrorCode, session::RedeemGrantResponse};
use reqwest::StatusCode;

use crate::world::{AMY, Console, LEO, World, json, problem};

#[tokio::test]
async fn a_grant_becomes_a_cookie_once() {
    let world = World::new().await;
    let amy = world.amy().await;
    let started = world.start(&amy).await;
    let (id, grant) = (started.session.id, started.grant.unwrap());
    let request = world.entry_request(&amy, &id, &grant);
    let entry: RedeemGrantResponse = json(world.try_enter(&amy, &id, &request).await, StatusCode::OK).await;
    assert_eq!((entry.cookie_name.as_str(), entry.secure), ("amberglass", false));
    assert_eq!(entry.entry_url, format!("{}/", world.gateway_origin()));
    assert!(entry.cookie_value.len() >= 43);
    let hash = amberglass_server::sha256_hex(entry.cookie_value.as_bytes());
    let session = world.server().state().sessions.by_cookie(&hash).await.unwrap().unwrap();
    assert_eq!((session.id, session.staff_active), (id.clone(), true));
    problem(world.try_enter(&amy, &id, &request).await, StatusCode::FORBIDDEN, ErrorCode::GrantInvalid).await;
    assert_eq!(world.kinds(&amy, &id).await, ["session_started", "session_entered"]);
}

#[tokio::test]
async fn behind_tls_the_cookie_is_bound_to_its_host() {
    let origin = "https://barkside.example";
    let world = World::with(|config| config.portals[0].gateway_origin = Some(origin.parse().unwrap())).await;
    let amy = world.amy().await;
    let started = world.start(&amy).await;
    let (id, grant) = (started.session.id, started.grant.unwrap());
    assert_eq!(grant.gateway_origin, origin);
    let request = world.entry_request(&amy, &id, &grant);
    let entry: RedeemGrantResponse = json(world.try_enter(&amy, &id, &request).await, StatusCode::OK).await;
    assert_eq!((entry.cookie_name.as_str(), entry.secure), ("__Host-amberglass", true));
}

#[tokio::test]
async fn a_grant_is_worth_nothing_to_another_device_person_origin_or_time() {
    let world = World::new().await;
    let (amy, leo) = (world.amy().await, world.sign_in(LEO, 2).await);
    let amys_other_device = world.sign_in(AMY, 3).await;
    let started = world.start(&amy).await;
    let (id, grant) = (started.session.id, started.grant.unwrap());

    let by_leo = world.try_enter(&leo, &id, &world.entry_request(&leo, &id, &grant)).await;
    problem(by_leo, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
    let elsewhere =
        world.try_enter(&amys_other_device, &id, &world.entry_request(&amys_other_device, &id, &grant)).await;
    problem(elsewhere, StatusCode::FORBIDDEN, ErrorCode::DeviceRefused).await;
    let forger = Console { key: world.new_key(9), tokens: amy.tokens.clone() };
    let forged = world.try_enter(&amy, &id, &world.entry_request(&forger, &id, &grant)).await;
    problem(forged, StatusCode::FORBIDDEN, ErrorCode::DeviceRefused).await;

    let mut other_origin = grant.clone();
    other_origin.gateway_origin = "http://other.localhost:1".into();
    let answer = world.try_enter(&amy, &id, &world.entry_request(&amy, &id, &other_origin)).await;
    problem(answer, StatusCode::FORBIDDEN, ErrorCode::GrantInvalid).await;

    let mut early = world.entry_request(&amy, &id, &grant);
    early.signed_at = early.signed_at.plus_seconds(-61);
    let message = signing::entry(&early.device, &id, &early.grant, &early.gateway_origin, early.signed_at);
    early.signature = amy.key.sign(&message);
    problem(world.try_enter(&amy, &id, &early).await, StatusCode::FORBIDDEN, ErrorCode::ClockSkew).await;

    world.clock.advance_seconds(4);
    world.beat(&amy, &id, 0).await;
    assert_eq!(world.kinds(&amy, &id).await, ["session_started"], "nobody entered");
    assert_eq!(world.try_enter(&amy, &id, &world.entry_request(&amy, &id, &grant)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_grant_lasts_thirty_seconds() {
    let world = World::new().await;
    let amy = world.amy().await;
    let started = world.start(&amy).await;
    let (id, grant) = (started.session.id, started.grant.unwrap());
    for _ in 0..10 {
        world.clock.advance_seconds(3);
        world.beat(&amy, &id, 0).await;
    }
    let answer = world.try_enter(&amy, &id, &world.entry_request(&amy, &id, &grant)).await;
    problem(answer, StatusCode::FORBIDDEN, ErrorCode::GrantInvalid).await;
}

#[tokio::test]
async fn an_ended_session_is_not_entered() {
    let world = World::new().await;
    let amy = world.amy().await;
    let started = world.start(&amy).await;
    let (id, grant) = (started.session.id, started.grant.unwrap());
    world.end(&amy, &id).await;
    let answer = world.try_enter(&amy, &id, &world.entry_request(&amy, &id, &grant)).await;
    problem(answer, StatusCode::CONFLICT, ErrorCode::SessionNotRunning).await;
}

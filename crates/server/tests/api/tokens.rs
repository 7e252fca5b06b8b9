//! Tokens and devices after the sign-in.

use amberglass_domain::ports::Clock as _;
use amberglass_wire::{auth::TokenResponse, problem::ErrorCode};
use reqwest::StatusCode;

use crate::world::{AMY, Console, LEO, World, json, problem};

#[tokio::test]
async fn an_access_token_lasts_five_minutes() {
    let world = World::new().await;
    let mut amy = world.amy().await;
    world.clock.advance_seconds(299);
    assert_eq!(world.get(&amy, "/v1/snapshot").send().await.unwrap().status(), StatusCode::OK);
    world.clock.advance_seconds(1);
    let late = world.get(&amy, "/v1/snapshot").send().await.unwrap();
    assert_eq!(late.headers()["www-authenticate"], "Bearer");
    problem(late, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
    world.refresh(&mut amy).await;
    assert_eq!(world.get(&amy, "/v1/snapshot").send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_lost_answer_is_not_theft_but_a_late_copy_ends_the_sign_in() {
    let world = World::new().await;
    let amy = world.amy().await;
    let first = amy.tokens.refresh_token.clone();
    let second: TokenResponse = json(world.token(&world.refresh_request(&amy, &first)).await, StatusCode::OK).await;
    assert_ne!(second.refresh_token, first);
    world.clock.advance_seconds(59);
    let again: TokenResponse = json(world.token(&world.refresh_request(&amy, &first)).await, StatusCode::OK).await;
    assert_eq!(again.refresh_token, second.refresh_token, "the same successor");
    world.clock.advance_seconds(2);
    let late = world.token(&world.refresh_request(&amy, &first)).await;
    problem(late, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
    assert_eq!(world.count_events("staff_signed_out").await, 1, "what ended it is on record");
    // The whole sign-in is over, the good successor with it.
    let successor = world.token(&world.refresh_request(&amy, &second.refresh_token)).await;
    problem(successor, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
    let access = world.client.get(world.url("/v1/snapshot")).bearer_auth(&again.access_token).send().await.unwrap();
    problem(access, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
}

#[tokio::test]
async fn a_token_whose_successor_was_used_is_a_copy_also_within_the_minute() {
    let world = World::new().await;
    let mut amy = world.amy().await;
    let first = amy.tokens.refresh_token.clone();
    world.refresh(&mut amy).await;
    world.refresh(&mut amy).await;
    let copy = world.token(&world.refresh_request(&amy, &first)).await;
    problem(copy, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
}

#[tokio::test]
async fn a_refresh_token_is_worth_nothing_without_its_device() {
    let world = World::new().await;
    let (amy, leo) = (world.amy().await, world.sign_in(LEO, 2).await);
    // Stolen, and presented by another enrolled device under its own name.
    let stolen = world.token(&world.refresh_request(&leo, &amy.tokens.refresh_token)).await;
    problem(stolen, StatusCode::FORBIDDEN, ErrorCode::DeviceRefused).await;
    // Under the owner's name, but signed with the wrong key.
    let forged = Console { key: world.new_key(3), tokens: amy.tokens.clone() };
    let answer = world.token(&world.refresh_request(&forged, &amy.tokens.refresh_token)).await;
    problem(answer, StatusCode::FORBIDDEN, ErrorCode::DeviceRefused).await;
    // A copy of a good request from two minutes ago.
    let old = world.refresh_request(&amy, &amy.tokens.refresh_token);
    world.clock.advance_seconds(120);
    problem(world.token(&old).await, StatusCode::FORBIDDEN, ErrorCode::ClockSkew).await;
    // None of that harmed the owner.
    let fresh = world.token(&world.refresh_request(&amy, &amy.tokens.refresh_token)).await;
    assert_eq!(fresh.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_known_key_is_the_same_device_and_a_revoked_one_is_refused() {
    let world = World::new().await;
    let (first, second) = (world.sign_in(AMY, 1).await, world.sign_in(LEO, 1).await);
    assert_eq!(first.tokens.device, second.tokens.device);
    assert_eq!(world.count_events("device_registered").await, 1);
    let mut tx = world.server().state().store.begin().await.unwrap();
    assert!(tx.revoke_device(&first.tokens.device, None, amberglass_wire::UnixMillis(1)).await.unwrap());
    tx.commit().await.unwrap();
    let access = world.get(&first, "/v1/snapshot").send().await.unwrap();
    problem(access, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
    let code = world.code(AMY).await;
    let answer = world.token(&world.code_request(&code, &first.key)).await;
    problem(answer, StatusCode::FORBIDDEN, ErrorCode::DeviceRefused).await;
}

#[tokio::test]
async fn a_device_must_hold_the_key_it_names() {
    let world = World::new().await;
    let code = world.code(AMY).await;
    let mut request = world.code_request(&code, &world.new_key(1));
    let other = world.code_request(&code, &world.new_key(2));
    let proof = other.iter().find(|(name, _)| *name == "device_proof").unwrap().1.clone();
    request.iter_mut().find(|(name, _)| *name == "device_proof").unwrap().1 = proof;
    problem(world.token(&request).await, StatusCode::FORBIDDEN, ErrorCode::DeviceRefused).await;
}

#[tokio::test]
async fn signing_out_ends_all_tokens_and_is_on_record() {
    let world = World::new().await;
    let amy = world.amy().await;
    let answer = world.post(&amy, "/v1/oauth/sign-out").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    problem(world.get(&amy, "/v1/snapshot").send().await.unwrap(), StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn)
        .await;
    let refresh = world.token(&world.refresh_request(&amy, &amy.tokens.refresh_token)).await;
    problem(refresh, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
    assert_eq!(world.count_events("staff_signed_out").await, 1);
}

#[tokio::test]
async fn a_disabled_staff_member_is_refused_at_once() {
    let world = World::new().await;
    let amy = world.amy().await;
    world.set_active(&amy, false).await;
    let access = world.get(&amy, "/v1/snapshot").send().await.unwrap();
    problem(access, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
    let refresh = world.token(&world.refresh_request(&amy, &amy.tokens.refresh_token)).await;
    problem(refresh, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
}

#[tokio::test]
async fn a_renewed_sign_in_is_no_fresh_one() {
    let world = World::new().await;
    let mut amy = world.amy().await;
    let proved_at = world.clock.now();
    assert_eq!(amy.tokens.authenticated_at, proved_at);
    world.clock.advance_seconds(200);
    world.refresh(&mut amy).await;
    assert_eq!(amy.tokens.authenticated_at, proved_at);
}

#[tokio::test]
async fn tokens_outlive_a_restart_of_the_server() {
    let mut world = World::new().await;
    let mut amy = world.amy().await;
    let first = amy.tokens.refresh_token.clone();
    world.refresh(&mut amy).await;
    let successor = amy.tokens.refresh_token.clone();
    world.stop_server().await;
    world.start_server().await;
    assert_eq!(world.get(&amy, "/v1/snapshot").send().await.unwrap().status(), StatusCode::OK);
    // The same successor also from a process that did not make it.
    let again: TokenResponse = json(world.token(&world.refresh_request(&amy, &first)).await, StatusCode::OK).await;
    assert_eq!(again.refresh_token, successor);
}

//! Devices: who sees them, who revokes them, and what is over then.

use amberglass_domain::ports::Clock as _;
use amberglass_wire::{
    DeviceId, UnixMillis,
    auth::{DeviceListResponse, DeviceResponse},
    event_stream::ServerEvent,
    problem::ErrorCode,
    session::{EndedBy, SessionState},
};
use reqwest::{Response, StatusCode};

use crate::{
    events::{Stream, is_heartbeat},
    world::{ADA, AMY, Console, LEO, SANA, World, json, problem},
};

const REASON: &str = "The laptop was left in a train";

async fn list(world: &World, console: &Console, scope: &str) -> Vec<DeviceResponse> {
    let response = world.get(console, &format!("/v1/devices?scope={scope}")).send().await.unwrap();
    json::<DeviceListResponse>(response, StatusCode::OK).await.devices
}

async fn revoke(world: &World, console: &Console, device: &DeviceId, reason: &str) -> Response {
    let request = serde_json::json!({ "reason": reason });
    world.post(console, &format!("/v1/devices/{device}/revoke")).json(&request).send().await.unwrap()
}

#[tokio::test]
async fn everybody_sees_their_own_devices_and_security_sees_all() {
    let world = World::new().await;
    let amy = world.amy().await;
    world.clock.advance_seconds(60);
    let (leo_at_amys, sana) = (world.sign_in(LEO, 1).await, world.sign_in(SANA, 2).await);
    let amys = list(&world, &amy, "own").await;
    assert_eq!(amys.len(), 1);
    assert_eq!(amys[0].id, amy.tokens.device);
    assert!(amys[0].this_device);
    assert_eq!((amys[0].registered_by_name.as_str(), amys[0].name.as_str()), ("Amy Lee", "Amy's laptop"));
    assert_eq!(amys[0].staff_names, ["Amy Lee", "Leo Brandt"]);
    assert_eq!(amys[0].last_seen_at, Some(world.clock.now()), "Leo's sign-in");
    assert_eq!(amys[0].registered_at, UnixMillis(world.clock.now().0 - 60_000));
    assert_eq!(amys[0].revoked_at, None);
    assert_eq!(list(&world, &leo_at_amys, "own").await.len(), 1, "somebody else's, that he signed in on");
    let all = list(&world, &sana, "all").await;
    assert_eq!(all.len(), 2);
    assert_eq!(all.iter().filter(|device| device.this_device).count(), 1);
    let ada = world.sign_in(ADA, 3).await;
    assert_eq!(list(&world, &ada, "all").await.len(), 3, "admins manage them, too");
    let refused = world.get(&amy, "/v1/devices?scope=all").send().await.unwrap();
    problem(refused, StatusCode::FORBIDDEN, ErrorCode::Forbidden).await;
    let nonsense = world.get(&amy, "/v1/devices?scope=mine").send().await.unwrap();
    problem(nonsense, StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest).await;
}

#[tokio::test]
async fn a_revoked_device_is_worth_nothing_from_that_moment_on() {
    let world = World::new().await;
    let (amy, sana) = (world.amy().await, world.sign_in(SANA, 2).await);
    let id = world.start(&amy).await.session.id;
    let mut stream = Stream::open(&world, &amy).await;
    assert!(is_heartbeat(&stream.next().await));
    let revoked: DeviceResponse = json(revoke(&world, &sana, &amy.tokens.device, REASON).await, StatusCode::OK).await;
    assert_eq!(revoked.revoked_at, Some(world.clock.now()));
    // No time has passed: nothing of this waits for a timer.
    let ended = world.session(&sana, &id).await;
    assert_eq!((ended.state, ended.ended_by), (SessionState::Ended, Some(EndedBy::StaffDisabled)));
    assert_eq!(ended.end_reason.as_deref(), Some(REASON));
    assert_eq!(ended.ended_by_name.as_deref(), Some("Sana Okoye"));
    let told = stream.next().await;
    assert_eq!(told, Some(ServerEvent::SessionChanged { session: id, state: SessionState::Ended }));
    assert_eq!(stream.next().await, Some(ServerEvent::SignedOut));
    assert_eq!(stream.next().await, None);
    let access = world.get(&amy, "/v1/snapshot").send().await.unwrap();
    problem(access, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
    let refresh = world.token(&world.refresh_request(&amy, &amy.tokens.refresh_token)).await;
    problem(refresh, StatusCode::FORBIDDEN, ErrorCode::DeviceRefused).await;
    let code = world.code(AMY).await;
    let again = world.token(&world.code_request(&code, &amy.key)).await;
    problem(again, StatusCode::FORBIDDEN, ErrorCode::DeviceRefused).await;
    assert_eq!(world.count_events("device_revoked").await, 1);
    // Once more changes nothing, and is success.
    let again: DeviceResponse = json(revoke(&world, &sana, &amy.tokens.device, REASON).await, StatusCode::OK).await;
    assert_eq!(again.revoked_at, revoked.revoked_at);
    assert_eq!(world.count_events("device_revoked").await, 1);
}

#[tokio::test]
async fn ones_own_device_is_always_revoked_and_anothers_is_not_even_seen() {
    let world = World::new().await;
    let (first, second) = (world.amy().await, world.sign_in(AMY, 2).await);
    let (leo, sana) = (world.sign_in(LEO, 3).await, world.sign_in(SANA, 4).await);
    let own = revoke(&world, &second, &first.tokens.device, REASON).await;
    assert_eq!(own.status(), StatusCode::OK);
    for (who, device) in [(&second, &leo.tokens.device), (&leo, &second.tokens.device)] {
        problem(revoke(&world, who, device, REASON).await, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
    }
    let nobodys = DeviceId::new("nobodys");
    problem(revoke(&world, &sana, &nobodys, REASON).await, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
    // The one that asks, too: it says so, and is signed out with it.
    assert_eq!(revoke(&world, &second, &second.tokens.device, REASON).await.status(), StatusCode::OK);
    let access = world.get(&second, "/v1/snapshot").send().await.unwrap();
    problem(access, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
}

#[tokio::test]
async fn a_revocation_wants_a_reason_that_says_something() {
    let world = World::new().await;
    let amy = world.amy().await;
    for (reason, code) in [("lost", ErrorCode::ReasonTooShort), ("aaaaaaaaaaaaaa", ErrorCode::ReasonIsFiller)] {
        let answer = revoke(&world, &amy, &amy.tokens.device, reason).await;
        problem(answer, StatusCode::UNPROCESSABLE_ENTITY, code).await;
    }
    assert_eq!(list(&world, &amy, "own").await[0].revoked_at, None);
}

#[tokio::test]
async fn the_owner_is_told_of_a_new_device() {
    let world = World::new().await;
    let amy = world.amy().await;
    let mut stream = Stream::open(&world, &amy).await;
    assert!(is_heartbeat(&stream.next().await));
    world.sign_in(AMY, 2).await;
    assert_eq!(stream.next().await, Some(ServerEvent::SnapshotChanged));
    assert_eq!(list(&world, &amy, "own").await.len(), 2);
}

#[tokio::test]
async fn a_new_sign_in_takes_the_place_of_the_old_one_on_the_same_device() {
    let world = World::new().await;
    let (old, elsewhere) = (world.amy().await, world.sign_in(AMY, 2).await);
    let mut stream = Stream::open(&world, &old).await;
    assert!(is_heartbeat(&stream.next().await));
    world.clock.advance_seconds(1);
    let leos = world.sign_in(LEO, 1).await;
    let new = world.sign_in(AMY, 1).await;
    assert_eq!(new.tokens.authenticated_at, world.clock.now());
    let access = world.get(&old, "/v1/snapshot").send().await.unwrap();
    problem(access, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
    let refresh = world.token(&world.refresh_request(&old, &old.tokens.refresh_token)).await;
    problem(refresh, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
    for console in [&new, &elsewhere, &leos] {
        assert_eq!(world.get(console, "/v1/snapshot").send().await.unwrap().status(), StatusCode::OK);
    }
    // Nobody was signed out: the stream closes without a word, and the console comes with its new token.
    world.clock.advance_seconds(2);
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_changed_role_closes_the_stream_and_counts_from_the_next_request_on() {
    let world = World::new().await;
    let amy = world.amy().await;
    let mut stream = Stream::open(&world, &amy).await;
    assert!(is_heartbeat(&stream.next().await));
    let accounts = &world.server().state().accounts;
    assert!(accounts.set_role(&amy.tokens.staff.id, amberglass_wire::auth::Role::Security, false).await.unwrap());
    assert_eq!(list(&world, &amy, "all").await.len(), 1);
    world.clock.advance_seconds(2);
    assert_eq!(stream.next().await, Some(ServerEvent::SnapshotChanged));
    assert_eq!(stream.next().await, None);
    let mut stream = Stream::open(&world, &amy).await;
    assert!(is_heartbeat(&stream.next().await), "the sign-in itself holds");
    assert_eq!(world.count_events("staff_role_changed").await, 1);
}

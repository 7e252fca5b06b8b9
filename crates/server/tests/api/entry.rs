//! Redeeming a grant.

use amberglass_domain::signing;
use amberglass_wire::{
    SessionId,
    audit::{EventBody, EventDetail},
    problem::ErrorCode,
    session::RedeemGrantResponse,
};
use reqwest::StatusCode;

use crate::world::{AMY, Console, LEO, World, json, problem};

/// Rules of the refused tries on record.
async fn rules(world: &World, console: &Console, id: &SessionId) -> Vec<String> {
    let trail = world.trail(console, id).await;
    trail
        .iter()
        .filter_map(|event| {
            let body: EventBody = serde_json::from_str(&event.record.body).unwrap();
            let EventDetail::RequestBlocked { rule, .. } = body.detail else { return None };
            Some(rule)
        })
        .collect()
}

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
    assert_eq!(world.kinds(&amy, &id).await, ["session_started", "session_entered", "request_blocked"]);
    assert_eq!(rules(&world, &amy, &id).await, ["entry-grant"]);
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
    // Nobody entered, and each who tried is on record.
    let expected = ["entry-foreign-person", "entry-foreign-device", "entry-signature", "entry-other-origin"];
    assert_eq!(rules(&world, &amy, &id).await, expected);
    let trail = world.trail(&amy, &id).await;
    assert!(trail[1].record.body.contains(leo.tokens.staff.id.as_str()), "{}", trail[1].record.body);
    assert!(trail[2].record.body.contains(amys_other_device.tokens.device.as_str()), "{}", trail[2].record.body);
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

#[tokio::test]
async fn a_grant_opens_its_own_session_only() {
    let world = World::with(|config| config.limits.sessions_per_staff = 2).await;
    let amy = world.amy().await;
    let first = world.start(&amy).await;
    let response = world.try_start(&amy, "key-2", &crate::world::start_request("1001")).await;
    let second: amberglass_wire::session::StartSessionResponse = json(response, StatusCode::CREATED).await;
    let (first_grant, id) = (first.grant.unwrap(), second.session.id);
    let told = problem(
        world.try_enter(&amy, &id, &world.entry_request(&amy, &id, &first_grant)).await,
        StatusCode::FORBIDDEN,
        ErrorCode::GrantInvalid,
    )
    .await;
    assert_eq!(told.title, "The right to enter was used or is too old");
    assert_eq!(rules(&world, &amy, &id).await, ["entry-grant"]);
    // Neither of the two was spent by that.
    let own = first.session.id;
    assert_eq!(
        world.try_enter(&amy, &own, &world.entry_request(&amy, &own, &first_grant)).await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_grant_without_a_signature_opens_nothing() {
    let world = World::new().await;
    let amy = world.amy().await;
    let started = world.start(&amy).await;
    let (id, grant) = (started.session.id, started.grant.unwrap());
    let request = world.entry_request(&amy, &id, &grant);
    let mut without = serde_json::to_value(&request).unwrap();
    without.as_object_mut().unwrap().remove("signature");
    let path = format!("/v1/sessions/{id}/entry");
    let answer = world.post(&amy, &path).json(&without).send().await.unwrap();
    let told = problem(answer, StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest).await;
    assert!(told.detail.unwrap().contains("missing field `signature`"));
    for signature in ["", "AAAA", "not base64"] {
        let mut empty = request.clone();
        empty.signature = signature.into();
        let told =
            problem(world.try_enter(&amy, &id, &empty).await, StatusCode::FORBIDDEN, ErrorCode::DeviceRefused).await;
        assert_eq!(told.title, "This device is not accepted");
    }
    assert_eq!(rules(&world, &amy, &id).await, ["entry-signature"; 3]);
    assert_eq!(world.try_enter(&amy, &id, &request).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_frozen_session_is_entered_once_its_console_is_heard_again() {
    let world = World::new().await;
    let amy = world.amy().await;
    let started = world.start(&amy).await;
    let (id, grant) = (started.session.id, started.grant.unwrap());
    world.clock.advance_seconds(6);
    world.until(&amy, &id, amberglass_wire::session::SessionState::Frozen).await;
    let refused = world.try_enter(&amy, &id, &world.entry_request(&amy, &id, &grant)).await;
    let told = problem(refused, StatusCode::CONFLICT, ErrorCode::SessionNotRunning).await;
    assert!(told.detail.unwrap().contains("frozen"));
    world.beat(&amy, &id, 0).await;
    assert_eq!(world.try_enter(&amy, &id, &world.entry_request(&amy, &id, &grant)).await.status(), StatusCode::OK);
}

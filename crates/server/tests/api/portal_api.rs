//! What a portal may ask about its own customers, with a key of its own.

use amberglass_domain::ports::Clock as _;
use amberglass_server::portals;
use amberglass_wire::{
    PortalId, SessionId,
    portal::{CustomerSessionListResponse, CustomerSessionResponse},
    problem::ErrorCode,
    session::{EndedBy, SessionState},
};
use reqwest::{Response, StatusCode};
use serde_json::json as value;

use crate::world::{JANE, LEO, PortalKey, REASON, World, at, json, problem, start_request};

/// Barkside, and a shop beside it that has the same portal behind it.
async fn two_portals() -> World {
    World::with(|config| {
        let mut shop = config.portals[0].clone();
        shop.id = PortalId::new("shop");
        shop.gateway_host = "shop.localhost".into();
        shop.audience = "shop".into();
        config.portals.push(shop);
    })
    .await
}

async fn list(world: &World, key: &PortalKey, query: &str) -> Response {
    world.client.get(world.url(&format!("/v1/portal/sessions{query}"))).bearer_auth(&key.secret).send().await.unwrap()
}

async fn end(world: &World, key: &PortalKey, id: &SessionId, body: serde_json::Value) -> Response {
    let url = world.url(&format!("/v1/portal/sessions/{id}/end"));
    world.client.post(url).bearer_auth(&key.secret).json(&body).send().await.unwrap()
}

async fn sessions(world: &World, key: &PortalKey, query: &str) -> Vec<CustomerSessionResponse> {
    json::<CustomerSessionListResponse>(list(world, key, query).await, StatusCode::OK).await.sessions
}

#[tokio::test]
async fn a_portal_sees_its_customers_sessions_without_staff_and_free_text() {
    let world = World::new().await;
    let (amy, leo) = (world.amy().await, world.sign_in(LEO, 2).await);
    let key = world.portal_key("barkside").await;
    let first = world.start(&amy).await.session;
    world.end(&amy, &first.id).await;
    world.clock.advance_seconds(1);
    let second = world.try_start(&leo, "b", &start_request(JANE)).await;
    assert_eq!(second.status(), StatusCode::CREATED);
    assert_eq!(world.try_start(&amy, "c", &start_request("1001")).await.status(), StatusCode::CREATED);

    let text = list(&world, &key, &format!("?customer={JANE}")).await.text().await.unwrap();
    for hidden in ["Amy", "Leo", "charged twice", "TCK-4821", amy.tokens.staff.id.as_str(), amy.tokens.device.as_str()]
    {
        assert!(!text.contains(hidden), "{hidden} stands in {text}");
    }
    let janes = sessions(&world, &key, &format!("?customer={JANE}")).await;
    assert_eq!(
        janes.iter().map(|session| session.state).collect::<Vec<_>>(),
        [SessionState::Active, SessionState::Ended]
    );
    let ended = &janes[1];
    assert_eq!((ended.code.as_str(), ended.reason.as_str()), (first.code.as_str(), "Billing question"));
    assert_eq!((ended.ended_by, ended.started_at), (Some(EndedBy::Staff), first.started_at));
    assert_eq!(sessions(&world, &key, &format!("?customer={JANE}&state=running")).await.len(), 1);
    assert_eq!(sessions(&world, &key, "").await.len(), 3, "without a customer: all of them");
    assert_eq!(sessions(&world, &key, "?customer=nobody").await.len(), 0);
}

#[tokio::test]
async fn the_customer_stops_it_and_the_desk_is_told() {
    let world = World::new().await;
    let amy = world.amy().await;
    let key = world.portal_key("barkside").await;
    let id = world.start(&amy).await.session.id;
    let long = value!({ "reason": "x".repeat(1001) });
    problem(end(&world, &key, &id, long).await, StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest).await;
    let ended: CustomerSessionResponse =
        json(end(&world, &key, &id, value!({ "reason": REASON })).await, StatusCode::OK).await;
    assert_eq!((ended.state, ended.ended_by), (SessionState::Ended, Some(EndedBy::Customer)));
    // Ending it again changes nothing.
    let again: CustomerSessionResponse = json(end(&world, &key, &id, value!({})).await, StatusCode::OK).await;
    assert_eq!(again, ended);
    let session = world.session(&amy, &id).await;
    assert_eq!((session.ended_by, session.end_reason.as_deref()), (Some(EndedBy::Customer), Some(REASON)));
    assert_eq!(world.kinds(&amy, &id).await, ["session_started", "session_ended"]);
}

#[tokio::test]
async fn a_portal_reaches_its_own_sessions_only() {
    let world = two_portals().await;
    let amy = world.amy().await;
    let (barkside, shop) = (world.portal_key("barkside").await, world.portal_key("shop").await);
    let id = world.start(&amy).await.session.id;
    assert!(sessions(&world, &shop, "").await.is_empty());
    problem(end(&world, &shop, &id, value!({})).await, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
    let unknown = end(&world, &barkside, &SessionId::new("none"), value!({})).await;
    problem(unknown, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
    assert_eq!(world.session(&amy, &id).await.state, SessionState::Active);
}

#[tokio::test]
async fn only_a_key_that_holds_opens_it_and_it_opens_nothing_else() {
    let world = World::new().await;
    let amy = world.amy().await;
    let key = world.portal_key("barkside").await;
    assert!(key.secret.starts_with("agp_") && key.secret.len() > 40);
    // A staff token is no portal key, and the other way round.
    let stranger = PortalKey { id: String::new(), secret: amy.tokens.access_token.clone() };
    let made_up = PortalKey { id: String::new(), secret: "agp_made-up".into() };
    for wrong in [&stranger, &made_up] {
        problem(list(&world, wrong, "").await, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
    }
    let snapshot = world.client.get(world.url("/v1/snapshot")).bearer_auth(&key.secret).send().await.unwrap();
    problem(snapshot, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
    assert_eq!(list(&world, &key, "").await.status(), StatusCode::OK);
    let operator = world.operator().await;
    assert!(portals::revoke_key(&operator, &key.id).await.unwrap());
    operator.close().await;
    problem(list(&world, &key, "").await, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
    assert_eq!(world.count_events("portal_key_added").await, 1);
    assert_eq!(world.count_events("portal_key_revoked").await, 1);
}

#[tokio::test]
async fn a_switched_off_portal_may_still_look_back_and_stop() {
    let world = World::new().await;
    let amy = world.amy().await;
    let key = world.portal_key("barkside").await;
    let id = world.start(&amy).await.session.id;
    let operator = world.operator().await;
    portals::disable(&operator, &PortalId::new("barkside"), REASON).await.unwrap();
    operator.close().await;
    assert_eq!(sessions(&world, &key, "").await.len(), 1);
    assert_eq!(end(&world, &key, &id, value!({})).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_key_that_asks_too_often_waits_and_its_use_is_noted_once_a_minute() {
    let world = World::with(|config| config.limits.portal_requests_per_minute = 3).await;
    let key = world.portal_key("barkside").await;
    let last_used = async || world.server().state().store.portal_keys().await.unwrap()[0].last_used_at;
    assert_eq!(last_used().await, None);
    let first = world.clock.now();
    for _ in 0..3 {
        assert_eq!(list(&world, &key, "").await.status(), StatusCode::OK);
        world.clock.advance_seconds(1);
    }
    let answer = list(&world, &key, "").await;
    assert_eq!(answer.headers()["retry-after"], "57");
    let told = problem(answer, StatusCode::TOO_MANY_REQUESTS, ErrorCode::TooManyRequests).await;
    assert_eq!(told.retry_after_seconds, Some(57));
    assert_eq!(at(last_used().await), first);
    world.clock.advance_seconds(57);
    assert_eq!(list(&world, &key, "").await.status(), StatusCode::OK);
    assert_eq!(at(last_used().await), first.plus_seconds(60));
}

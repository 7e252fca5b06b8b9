//! One portal is stopped from a console, and lifted again.

use amberglass_wire::{
    auth::{PortalResponse, SnapshotResponse},
    event_stream::ServerEvent,
    problem::ErrorCode,
    session::{EndedBy, SessionState, StartSessionResponse},
};
use reqwest::{Response, StatusCode};
use serde_json::json as value;

use crate::{
    events::Stream,
    world::{ADA, Console, JANE, LEO, REASON, SANA, World, json, problem, start_request},
};

pub async fn switch(world: &World, console: &Console, what: &str, reason: &str) -> Response {
    let path = format!("/v1/portals/barkside/{what}");
    world.post(console, &path).json(&value!({ "reason": reason })).send().await.unwrap()
}

async fn snapshot(world: &World, console: &Console) -> SnapshotResponse {
    json(world.get(console, "/v1/snapshot").send().await.unwrap(), StatusCode::OK).await
}

#[tokio::test]
async fn a_stop_of_a_portal_ends_what_runs_in_it_at_once_and_lets_nothing_begin() {
    let world = World::new().await;
    let (amy, leo) = (world.amy().await, world.sign_in(LEO, 2).await);
    let (sana, ada) = (world.sign_in(SANA, 3).await, world.sign_in(ADA, 4).await);
    let ids = [world.start(&amy).await.session.id, world.start(&leo).await.session.id];
    let mut stream = Stream::open(&world, &amy).await;
    assert!(matches!(stream.next().await, Some(ServerEvent::Heartbeat { .. })));
    let stopped: PortalResponse = json(switch(&world, &sana, "stop", REASON).await, StatusCode::OK).await;
    assert!(!stopped.active);
    // In the answer's own transaction: the timer has not come by.
    for id in &ids {
        let session = world.session(&sana, id).await;
        assert_eq!((session.state, session.ended_by), (SessionState::Ended, Some(EndedBy::PortalDisabled)));
        assert_eq!((session.end_reason.as_deref(), session.ended_by_name), (Some(REASON), Some("Sana Okoye".into())));
    }
    while stream.next().await.unwrap() != ServerEvent::SnapshotChanged {}
    let start = world.try_start(&amy, "key-2", &start_request(JANE)).await;
    problem(start, StatusCode::FORBIDDEN, ErrorCode::PortalInactive).await;
    // A second one finds the first.
    json::<PortalResponse>(switch(&world, &ada, "stop", "Something else by now").await, StatusCode::OK).await;
    let [listed] = snapshot(&world, &ada).await.stopped_portals.try_into().unwrap();
    assert_eq!((listed.portal.as_str(), listed.reason.as_str()), ("barkside", REASON));
    assert!(snapshot(&world, &amy).await.stopped_portals.is_empty(), "it is for whoever may lift it");
    assert_eq!(world.count_events("portal_disabled").await, 1);
    let told = &snapshot(&world, &ada).await.news;
    let stop = told.iter().find(|one| one.kind == "portal_disabled").unwrap();
    assert_eq!((stop.portal_name.as_deref(), stop.by_name.as_deref()), (Some("Barkside"), Some("Sana Okoye")));

    for _ in 0..2 {
        let lifted: PortalResponse = json(switch(&world, &ada, "lift", REASON).await, StatusCode::OK).await;
        assert!(lifted.active);
    }
    assert_eq!(world.count_events("portal_enabled").await, 1);
    assert!(snapshot(&world, &ada).await.stopped_portals.is_empty());
    let start = world.try_start(&amy, "key-3", &start_request(JANE)).await;
    json::<StartSessionResponse>(start, StatusCode::CREATED).await;
}

#[tokio::test]
async fn only_security_and_admins_stop_a_portal_and_say_why() {
    let world = World::new().await;
    let (amy, leo, ada) = (world.amy().await, world.sign_in(LEO, 2).await, world.sign_in(ADA, 3).await);
    for what in ["stop", "lift"] {
        for other in [&amy, &leo] {
            problem(switch(&world, other, what, REASON).await, StatusCode::FORBIDDEN, ErrorCode::Forbidden).await;
        }
        for (reason, code) in [("short", ErrorCode::ReasonTooShort), ("test test test", ErrorCode::ReasonIsFiller)] {
            problem(switch(&world, &ada, what, reason).await, StatusCode::UNPROCESSABLE_ENTITY, code).await;
        }
        let unknown = world.post(&ada, &format!("/v1/portals/elsewhere/{what}")).json(&value!({ "reason": REASON }));
        problem(unknown.send().await.unwrap(), StatusCode::NOT_FOUND, ErrorCode::PortalUnknown).await;
    }
    assert_eq!((world.count_events("portal_disabled").await, world.count_events("portal_enabled").await), (0, 0));
}

#[tokio::test]
async fn a_portal_whose_stop_cannot_be_put_on_record_is_not_stopped() {
    let world = World::new().await;
    let (amy, sana) = (world.amy().await, world.sign_in(SANA, 2).await);
    let id = world.start(&amy).await.session.id;
    world.break_the_audit_log().await;
    let answer = switch(&world, &sana, "stop", REASON).await;
    problem(answer, StatusCode::SERVICE_UNAVAILABLE, ErrorCode::AuditUnavailable).await;
    assert_eq!(world.session(&amy, &id).await.state, SessionState::Active);
    assert!(snapshot(&world, &sana).await.stopped_portals.is_empty());
}

//! The emergency stop.

use amberglass_wire::{
    auth::{EmergencyStopResponse, SnapshotResponse},
    event_stream::ServerEvent,
    problem::ErrorCode,
    session::{EndedBy, SessionState},
};
use reqwest::{Response, StatusCode};
use serde_json::json;

use crate::{
    events::Stream,
    world::{ADA, Console, JANE, LEO, REASON, SANA, World, extend_request, json as body_of, problem, start_request},
};

async fn stop(world: &World, console: &Console, reason: &str) -> Response {
    world.post(console, "/v1/emergency-stop").json(&json!({ "reason": reason })).send().await.unwrap()
}

async fn snapshot(world: &World, console: &Console) -> SnapshotResponse {
    body_of(world.get(console, "/v1/snapshot").send().await.unwrap(), StatusCode::OK).await
}

#[tokio::test]
async fn a_stop_ends_everything_at_once_and_lets_nothing_begin() {
    let world = World::new().await;
    let (amy, leo, sana) = (world.amy().await, world.sign_in(LEO, 2).await, world.sign_in(SANA, 3).await);
    let ids = [world.start(&amy).await.session.id, world.start(&leo).await.session.id];
    let mut stream = Stream::open(&world, &amy).await;
    assert!(matches!(stream.next().await, Some(ServerEvent::Heartbeat { .. })));
    let stopped: EmergencyStopResponse = body_of(stop(&world, &sana, REASON).await, StatusCode::OK).await;
    assert_eq!((stopped.reason.as_str(), stopped.stopped_by_name), (REASON, Some(sana.tokens.staff.name.clone())));
    // In the answer's own transaction: the timer has not come by.
    for id in &ids {
        let session = world.session(&sana, id).await;
        assert_eq!((session.state, session.ended_by), (SessionState::Ended, Some(EndedBy::EmergencyStop)));
        assert_eq!((session.end_reason.as_deref(), session.ended_by_name), (Some(REASON), Some("Sana Okoye".into())));
    }
    let mut heard = Vec::new();
    while !heard.contains(&ServerEvent::SnapshotChanged) {
        heard.push(stream.next().await.unwrap());
    }
    assert!(heard.contains(&ServerEvent::SessionChanged { session: ids[0].clone(), state: SessionState::Ended }));
    assert_eq!(snapshot(&world, &amy).await.emergency_stop.unwrap().reason, REASON);
    let told = problem(
        world.try_start(&amy, "key-2", &start_request(JANE)).await,
        StatusCode::FORBIDDEN,
        ErrorCode::EmergencyStopInForce,
    )
    .await;
    assert_eq!(told.detail.as_deref(), Some(REASON));
    // A second one finds the first.
    let again: EmergencyStopResponse =
        body_of(stop(&world, &sana, "Something else by now").await, StatusCode::OK).await;
    assert_eq!(again.reason, REASON);
    assert_eq!(world.count_events("emergency_stopped").await, 1);

    for _ in 0..2 {
        let lifted = world.post(&sana, "/v1/emergency-stop/lift").send().await.unwrap();
        assert_eq!(lifted.status(), StatusCode::NO_CONTENT);
    }
    assert_eq!(world.count_events("emergency_stop_lifted").await, 1);
    assert_eq!(stream.next().await, Some(ServerEvent::SnapshotChanged));
    assert_eq!(snapshot(&world, &amy).await.emergency_stop, None);
    assert_eq!(world.try_start(&amy, "key-3", &start_request(JANE)).await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn a_session_that_the_stop_has_not_come_to_yet_is_not_extended() {
    let world = World::new().await;
    let amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    let operator = world.operator().await;
    amberglass_server::sessions::stop_as_operator(&operator, REASON).await.unwrap();
    operator.close().await;
    let answer = world.try_extend(&amy, &id, "a", &extend_request(300)).await;
    let told = problem(answer, StatusCode::FORBIDDEN, ErrorCode::EmergencyStopInForce).await;
    assert_eq!(told.detail.as_deref(), Some(REASON));
}

#[tokio::test]
async fn only_security_and_admins_stop_and_lift_and_say_why() {
    let world = World::new().await;
    let (leo, ada, sana) = (world.sign_in(LEO, 1).await, world.sign_in(ADA, 2).await, world.sign_in(SANA, 3).await);
    let amy = world.sign_in(crate::world::AMY, 4).await;
    for other in [&amy, &leo] {
        problem(stop(&world, other, REASON).await, StatusCode::FORBIDDEN, ErrorCode::Forbidden).await;
        let lift = world.post(other, "/v1/emergency-stop/lift").send().await.unwrap();
        problem(lift, StatusCode::FORBIDDEN, ErrorCode::Forbidden).await;
        assert!(!snapshot(&world, other).await.rights.emergency_stop);
    }
    assert!(snapshot(&world, &sana).await.rights.emergency_stop);
    assert!(snapshot(&world, &ada).await.rights.emergency_stop);
    for (reason, code) in [("short", ErrorCode::ReasonTooShort), ("test test test", ErrorCode::ReasonIsFiller)] {
        problem(stop(&world, &sana, reason).await, StatusCode::UNPROCESSABLE_ENTITY, code).await;
    }
    assert_eq!(world.count_events("emergency_stopped").await, 0);
    let stopped: EmergencyStopResponse = body_of(stop(&world, &ada, REASON).await, StatusCode::OK).await;
    assert_eq!(stopped.stopped_by_name.as_deref(), Some("Ada Nowak"));
}

#[tokio::test]
async fn a_stop_that_cannot_be_put_on_record_is_not_in_force() {
    let world = World::new().await;
    let (amy, sana) = (world.amy().await, world.sign_in(SANA, 2).await);
    let id = world.start(&amy).await.session.id;
    world.break_the_audit_log().await;
    let answer = stop(&world, &sana, REASON).await;
    problem(answer, StatusCode::SERVICE_UNAVAILABLE, ErrorCode::AuditUnavailable).await;
    assert_eq!(world.session(&amy, &id).await.state, SessionState::Active);
    assert_eq!(snapshot(&world, &amy).await.emergency_stop, None);
}

#[tokio::test]
async fn everybody_is_told_of_what_the_operator_switches() {
    let world = World::new().await;
    let amy = world.amy().await;
    let mut stream = Stream::open(&world, &amy).await;
    assert!(matches!(stream.next().await, Some(ServerEvent::Heartbeat { .. })));
    let operator = world.operator().await;
    let barkside = amberglass_wire::PortalId::new("barkside");
    for step in 0..4 {
        match step {
            0 => assert!(amberglass_server::sessions::stop_as_operator(&operator, REASON).await.unwrap()),
            1 => assert!(amberglass_server::sessions::lift_as_operator(&operator).await.unwrap()),
            2 => assert!(amberglass_server::portals::disable(&operator, &barkside, REASON).await.unwrap()),
            _ => assert!(amberglass_server::portals::enable(&operator, &barkside).await.unwrap()),
        }
        // The timer looks twice a second.
        world.clock.advance_millis(500);
        assert_eq!(stream.next().await, Some(ServerEvent::SnapshotChanged), "{step}");
        let seen = snapshot(&world, &amy).await;
        assert_eq!((seen.emergency_stop.is_some(), seen.portals[0].active), (step == 0, step != 2), "{step}");
        // The next heartbeat, so that it does not come in between.
        world.clock.advance_millis(1500);
        assert!(matches!(stream.next().await, Some(ServerEvent::Heartbeat { .. })));
    }
    operator.close().await;
}

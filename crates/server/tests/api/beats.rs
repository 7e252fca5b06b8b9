//! Heartbeats are judged by when they were signed, and what cannot be read keeps nobody else waiting.

use amberglass_domain::ports::Clock as _;
use amberglass_wire::{
    event_stream::{HeartbeatRequest, HeartbeatResponse},
    session::{EndedBy, SessionState, StartSessionResponse},
};
use reqwest::StatusCode;

use crate::world::{Console, LEO, World, json, start_request};

async fn deliver(world: &World, console: &Console, request: &HeartbeatRequest) -> SessionState {
    let response = world.post(console, "/v1/heartbeats").json(request).send().await.unwrap();
    json::<HeartbeatResponse>(response, StatusCode::OK).await.sessions[0].state
}

#[tokio::test]
async fn a_heartbeat_that_was_held_up_does_not_thaw_a_frozen_session() {
    let world = World::new().await;
    let amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    world.clock.advance_seconds(2);
    let held_up = world.heartbeat_request(&amy, &id, 0);
    world.clock.advance_seconds(6);
    world.until(&amy, &id, SessionState::Frozen).await;
    // The first of its kind to arrive, genuinely signed, and six seconds old.
    assert_eq!(deliver(&world, &amy, &held_up).await, SessionState::Frozen);
    assert_eq!(world.session(&amy, &id).await.state, SessionState::Frozen);
    assert_eq!(world.beat(&amy, &id, 0).await.sessions[0].state, SessionState::Active);
}

#[tokio::test]
async fn a_heartbeat_counts_once_and_not_after_a_newer_one() {
    let world = World::new().await;
    let amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    let early = world.heartbeat_request(&amy, &id, 0);
    world.clock.advance_seconds(1);
    let newest = world.heartbeat_request(&amy, &id, 0);
    assert_eq!(deliver(&world, &amy, &newest).await, SessionState::Active);
    let row = async || world.server().state().sessions.get(&id).await.unwrap().unwrap();
    let counted = row().await.last_heartbeat_at;
    assert_eq!(counted, world.clock.now());
    world.clock.advance_seconds(3);
    for again in [&newest, &early] {
        assert_eq!(deliver(&world, &amy, again).await, SessionState::Active);
    }
    assert_eq!(row().await.last_heartbeat_at, counted, "neither the copy nor the older one is a sign of life");
    world.clock.advance_seconds(2);
    world.until(&amy, &id, SessionState::Frozen).await;
}

#[tokio::test]
async fn a_session_that_cannot_be_read_keeps_no_other_one_waiting_and_ends_at_its_deadline() {
    let world = World::new().await;
    let (amy, mut leo) = (world.amy().await, world.sign_in(LEO, 2).await);
    let odd = world.start(&amy).await.session;
    let mut request = start_request("1001");
    request.duration_seconds = 3600;
    let response = world.try_start(&leo, "leos", &request).await;
    let other = json::<StartSessionResponse>(response, StatusCode::CREATED).await.session.id;
    let pool = world.database().await;
    let spoil = |mode: &'static str| {
        sqlx::query("UPDATE sessions SET mode = $1 WHERE id = $2").bind(mode).bind(odd.id.0.clone()).execute(&pool)
    };
    spoil("read_everything").await.unwrap();
    world.clock.advance_seconds(6);
    world.until(&leo, &other, SessionState::Frozen).await;
    world.beat(&leo, &other, 0).await;
    assert_eq!(world.session(&leo, &other).await.state, SessionState::Active);
    // It is shown to nobody, and missing in lists rather than in the way of them.
    let response = world.get(&leo, "/v1/sessions?scope=all&state=running").send().await.unwrap();
    let listed: amberglass_wire::session::SessionListResponse = json(response, StatusCode::OK).await;
    assert_eq!(listed.sessions.iter().map(|session| &session.id).collect::<Vec<_>>(), [&other]);
    world.live(&mut leo, &other, 1800).await;
    let ended = amberglass_testkit::wait_until("its end", std::time::Duration::from_secs(20), async || {
        use sqlx::Row as _;
        let row = sqlx::query("SELECT state, ended_by FROM sessions WHERE id = $1").bind(odd.id.0.clone());
        let row = row.fetch_one(&pool).await.unwrap();
        (row.get::<String, _>("state") == "ended").then(|| row.get::<String, _>("ended_by"))
    })
    .await;
    assert_eq!(ended, EndedBy::Expired.as_str());
    spoil("read_only").await.unwrap();
    let session = world.session(&leo, &odd.id).await;
    assert_eq!((session.ended_by, session.ended_at), (Some(EndedBy::Expired), odd.expires_at));
    assert_eq!(world.session(&leo, &other).await.state, SessionState::Active);
}

#[tokio::test]
async fn a_clock_that_is_set_back_gives_no_session_more_time() {
    let world = World::new().await;
    let mut amy = world.amy().await;
    let started = world.start(&amy).await.session;
    let (start, deadline) = (started.started_at.unwrap(), started.expires_at.unwrap());
    // Right after a reading, as any request is one.
    assert_eq!(world.session(&amy, &started.id).await.state, SessionState::Active);
    world.clock.set_wall(start.plus_seconds(-86_400));
    world.clock.advance_seconds(1800);
    world.clock.set_wall(deadline);
    world.refresh(&mut amy).await;
    let session = world.until(&amy, &started.id, SessionState::Ended).await;
    assert!(session.ended_at <= Some(deadline));
    world.clock.set_wall(start);
    world.clock.advance_seconds(1);
    assert_eq!(world.session(&amy, &started.id).await, session);
}

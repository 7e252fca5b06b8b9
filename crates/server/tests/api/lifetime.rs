//! How sessions live and end.

use amberglass_domain::ports::Clock as _;
use amberglass_wire::{
    problem::ErrorCode,
    session::{EndedBy, SessionResponse, SessionState},
};
use reqwest::StatusCode;

use crate::world::{ADA, JANE, LEO, REASON, SANA, World, at, json, problem};

fn ends(kinds: &[String]) -> usize {
    kinds.iter().filter(|kind| *kind == "session_ended").count()
}

#[tokio::test]
async fn ending_twice_is_success_and_leaves_one_end() {
    let world = World::new().await;
    let amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    let first = world.end(&amy, &id).await;
    assert_eq!((first.state, first.ended_by), (SessionState::Ended, Some(EndedBy::Staff)));
    world.clock.advance_seconds(3);
    assert_eq!(world.end(&amy, &id).await, first);
    assert_eq!(world.kinds(&amy, &id).await, ["session_started", "session_ended"]);
}

#[tokio::test]
async fn ends_at_the_same_time_leave_one_end_record() {
    let world = World::new().await;
    let (amy, leo) = (world.amy().await, world.sign_in(LEO, 2).await);
    let id = world.start(&amy).await.session.id;
    let ended = futures_util::future::join_all((0..6).map(|n| {
        let (world, amy, leo, id) = (&world, &amy, &leo, &id);
        async move { if n % 2 == 0 { world.end(amy, id).await } else { world.end_other(leo, id).await } }
    }))
    .await;
    assert!(ended.iter().all(|session| session == &ended[0]), "{ended:?}");
    assert_eq!(ends(&world.kinds(&amy, &id).await), 1);
}

#[tokio::test]
async fn lead_and_security_may_end_any_session_others_only_their_own() {
    for (email, by) in [(LEO, Some(EndedBy::Lead)), (SANA, Some(EndedBy::Security)), (ADA, None)] {
        let world = World::new().await;
        let (amy, other) = (world.amy().await, world.sign_in(email, 2).await);
        let id = world.start(&amy).await.session.id;
        match by {
            Some(by) => {
                let ended = world.end_other(&other, &id).await;
                assert_eq!((ended.ended_by, ended.end_reason.as_deref()), (Some(by), Some(REASON)));
                assert_eq!(ended.ended_by_name.as_ref(), Some(&other.tokens.staff.name));
                let body = &world.trail(&amy, &id).await[1].record.body;
                assert!(body.contains(REASON) && body.contains(other.tokens.staff.id.as_str()), "{body}");
            }
            None => {
                // Who may not see a session does not learn that there is one.
                let answer = world.try_end(&other, &id, serde_json::json!({ "reason": REASON })).await;
                problem(answer, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
                assert_eq!(world.session(&amy, &id).await.state, SessionState::Active);
            }
        }
    }
}

#[tokio::test]
async fn who_ends_anothers_session_says_why() {
    let world = World::new().await;
    let (amy, leo) = (world.amy().await, world.sign_in(LEO, 2).await);
    let id = world.start(&amy).await.session.id;
    for (body, status, code) in [
        (serde_json::json!({}), StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::ReasonTooShort),
        (serde_json::json!({ "reason": "short" }), StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::ReasonTooShort),
        (
            serde_json::json!({ "reason": "test test test" }),
            StatusCode::UNPROCESSABLE_ENTITY,
            ErrorCode::ReasonIsFiller,
        ),
        (serde_json::json!({ "reason": REASON, "note": "mine" }), StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest),
    ] {
        problem(world.try_end(&leo, &id, body).await, status, code).await;
    }
    assert_eq!(world.session(&amy, &id).await.state, SessionState::Active);
    // One's own needs none, and the agent's closing words come on top of somebody else's reason.
    world.end_other(&leo, &id).await;
    let note = serde_json::json!({ "note": "Jane will call again." });
    let ended: SessionResponse = json(world.try_end(&amy, &id, note).await, StatusCode::OK).await;
    assert_eq!(ended.note.as_deref(), Some("Jane will call again."));
    assert_eq!((ended.ended_by, ended.end_reason.as_deref()), (Some(EndedBy::Lead), Some(REASON)));
}

#[tokio::test]
async fn a_closing_note_is_kept_also_when_it_comes_after_the_end() {
    let world = World::new().await;
    let amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    world.end(&amy, &id).await;
    for note in ["Refunded the second charge.", "Another note."] {
        let request = world.post(&amy, &format!("/v1/sessions/{id}/end")).json(&serde_json::json!({ "note": note }));
        let _: SessionResponse = json(request.send().await.unwrap(), StatusCode::OK).await;
    }
    let trail = world.trail(&amy, &id).await;
    assert_eq!(trail.len(), 3);
    assert!(trail[2].record.body.contains("Refunded the second charge."));
}

#[tokio::test]
async fn a_session_expires_at_its_deadline_whoever_notices_it_when() {
    let world = World::new().await;
    let mut amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    world.clock.advance_seconds(2500);
    world.refresh(&mut amy).await;
    let session = world.until(&amy, &id, SessionState::Ended).await;
    assert_eq!(session.ended_by, Some(EndedBy::Expired));
    assert_eq!(session.ended_at, session.expires_at);
    assert_eq!(ends(&world.kinds(&amy, &id).await), 1);
}

#[tokio::test]
async fn who_ends_a_session_past_its_deadline_finds_it_expired() {
    let world = World::new().await;
    let mut amy = world.amy().await;
    let session = world.start(&amy).await.session;
    world.clock.set_wall(session.expires_at.unwrap().plus_seconds(3));
    world.refresh(&mut amy).await;
    assert_eq!(world.beat(&amy, &session.id, 0).await.sessions[0].state, SessionState::Ended);
    let ended = world.end(&amy, &session.id).await;
    assert_eq!((ended.ended_by, ended.ended_at), (Some(EndedBy::Expired), session.expires_at));
}

#[tokio::test]
async fn a_customer_who_is_no_longer_active_ends_the_session_within_minutes() {
    let mut world = World::new().await;
    let mut amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    world.portal_says_inactive(JANE).await;
    for _ in 0..75 {
        world.clock.advance_seconds(4);
        world.beat(&amy, &id, 0).await;
        if world.clock.now().0 % 200_000 == 0 {
            world.refresh(&mut amy).await;
        }
    }
    world.refresh(&mut amy).await;
    world.clock.advance_millis(15_000);
    let session = world.until(&amy, &id, SessionState::Ended).await;
    assert_eq!(session.ended_by, Some(EndedBy::CustomerDisabled));
}

#[tokio::test]
async fn a_session_goes_on_over_the_death_of_its_server_and_ends_once() {
    let mut world = World::new().await;
    let amy = world.amy().await;
    let started = world.start(&amy).await.session;
    world.kill_server().await;
    world.clock.advance_seconds(3);
    world.start_server().await;
    assert_eq!(world.beat(&amy, &started.id, 0).await.sessions[0].state, SessionState::Active);
    let session = world.session(&amy, &started.id).await;
    assert_eq!((session.state, session.expires_at), (SessionState::Active, started.expires_at));
    world.kill_server().await;
    world.start_server().await;
    world.end(&amy, &started.id).await;
    world.kill_server().await;
    world.start_server().await;
    world.clock.advance_millis(500);
    assert_eq!(world.session(&amy, &started.id).await.ended_by, Some(EndedBy::Staff));
    assert_eq!(world.kinds(&amy, &started.id).await, ["session_started", "session_ended"]);
}

#[tokio::test]
async fn a_session_that_expired_while_the_server_was_down_ended_at_its_deadline() {
    let mut world = World::new().await;
    let mut amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    world.stop_server().await;
    world.clock.advance_seconds(7200);
    world.start_server().await;
    world.refresh(&mut amy).await;
    let session = world.until(&amy, &id, SessionState::Ended).await;
    assert_eq!(session.ended_by, Some(EndedBy::Expired));
    assert_eq!(session.ended_at, session.expires_at);
    assert_eq!(world.kinds(&amy, &id).await, ["session_started", "session_ended"]);
}

#[tokio::test]
async fn silence_freezes_a_session_and_a_sign_of_life_thaws_it() {
    let world = World::new().await;
    let amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    world.clock.advance_seconds(4);
    world.beat(&amy, &id, 0).await;
    world.clock.advance_seconds(5);
    world.until(&amy, &id, SessionState::Frozen).await;
    let answer = world.beat(&amy, &id, 0).await;
    assert_eq!(answer.sessions[0].state, SessionState::Active);
    assert!(answer.server.seq >= 3 && answer.server.hash.len() == 64);
    let kinds = world.kinds(&amy, &id).await;
    assert_eq!(kinds, ["session_started", "session_frozen", "session_resumed"]);
}

#[tokio::test]
async fn a_console_that_stays_silent_is_lost_after_two_minutes() {
    let world = World::new().await;
    let amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    world.clock.advance_seconds(6);
    world.until(&amy, &id, SessionState::Frozen).await;
    world.clock.advance_seconds(119);
    let answer = world.session(&amy, &id).await;
    assert_eq!(answer.state, SessionState::Frozen);
    world.clock.advance_seconds(1);
    let session = world.until(&amy, &id, SessionState::Ended).await;
    assert_eq!(session.ended_by, Some(EndedBy::ConsoleLost));
    assert_eq!(world.kinds(&amy, &id).await, ["session_started", "session_frozen", "session_ended"]);
    // A sign of life from the grave changes nothing.
    assert_eq!(world.beat(&amy, &id, 0).await.sessions[0].state, SessionState::Ended);
}

#[tokio::test]
async fn a_restart_of_the_server_gives_consoles_their_two_minutes() {
    let mut world = World::new().await;
    let mut amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    world.stop_server().await;
    world.clock.advance_seconds(300);
    world.start_server().await;
    world.refresh(&mut amy).await;
    world.until(&amy, &id, SessionState::Frozen).await;
    assert_eq!(world.beat(&amy, &id, 0).await.sessions[0].state, SessionState::Active);
}

#[tokio::test]
async fn ten_minutes_without_input_end_a_session_that_is_alive() {
    let world = World::new().await;
    let mut amy = world.amy().await;
    let started = world.start(&amy).await.session;
    let (mut idle, mut session) = (0, started.clone());
    while session.state.is_running() && idle <= 700_000 {
        world.clock.advance_seconds(4);
        idle += 4000;
        if idle % 240_000 == 0 {
            world.refresh(&mut amy).await;
        }
        world.beat(&amy, &started.id, idle).await;
        session = world.session(&amy, &started.id).await;
    }
    let session = world.until(&amy, &started.id, SessionState::Ended).await;
    assert_eq!(session.ended_by, Some(EndedBy::Idle));
    let lived = at(session.ended_at).since(at(session.started_at));
    assert!((600_000..=604_000).contains(&lived), "{lived}");
}

#[tokio::test]
async fn input_keeps_a_session_from_being_idle() {
    let world = World::new().await;
    let mut amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    for step in 1..=170 {
        world.clock.advance_seconds(4);
        if step % 60 == 0 {
            world.refresh(&mut amy).await;
        }
        world.beat(&amy, &id, 1000).await;
    }
    assert_eq!(world.session(&amy, &id).await.state, SessionState::Active);
}

#[tokio::test]
async fn disabled_staff_lose_their_session_at_once() {
    let world = World::new().await;
    let (amy, sana) = (world.amy().await, world.sign_in(SANA, 2).await);
    let id = world.start(&amy).await.session.id;
    world.set_active(&amy, false).await;
    // The timer looks twice a second.
    world.clock.advance_millis(500);
    let session = world.until(&sana, &id, SessionState::Ended).await;
    assert_eq!(session.ended_by, Some(EndedBy::StaffDisabled));
}

#[tokio::test]
async fn a_heartbeat_counts_for_its_own_device_and_person_only() {
    let world = World::new().await;
    let (amy, leo) = (world.amy().await, world.sign_in(LEO, 2).await);
    let id = world.start(&amy).await.session.id;
    assert!(world.beat(&leo, &id, 0).await.sessions.is_empty());
    let mut forged = world.heartbeat_request(&amy, &id, 0);
    forged.sessions[0].idle_millis = 1;
    let answer = world.post(&amy, "/v1/heartbeats").json(&forged).send().await.unwrap();
    problem(answer, StatusCode::FORBIDDEN, ErrorCode::DeviceRefused).await;
    let old = world.heartbeat_request(&amy, &id, 0);
    world.clock.advance_seconds(61);
    let answer = world.post(&amy, "/v1/heartbeats").json(&old).send().await.unwrap();
    problem(answer, StatusCode::FORBIDDEN, ErrorCode::ClockSkew).await;
    world.until(&amy, &id, SessionState::Frozen).await;
}

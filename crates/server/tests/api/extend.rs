//! More time for a running session.

use amberglass_server::portals;
use amberglass_wire::{
    PortalId,
    audit::{EventBody, EventDetail},
    problem::ErrorCode,
    session::{EndedBy, ExtendSessionRequest, SessionResponse, SessionState},
};
use reqwest::StatusCode;

use crate::world::{ADA, JANE, LEO, REASON, SANA, World, at, extend_request, json, problem, start_request};

#[tokio::test]
async fn a_session_is_extended_twice_each_with_its_record_and_not_a_third_time() {
    let world = World::new().await;
    let amy = world.amy().await;
    let started = world.start(&amy).await.session;
    let mut before = at(started.expires_at);
    for number in 1..=2_u32 {
        let answer = world.try_extend(&amy, &started.id, &format!("key-{number}"), &extend_request(600)).await;
        let extended: SessionResponse = json(answer, StatusCode::OK).await;
        assert_eq!((extended.extensions, at(extended.expires_at)), (number, before.plus_seconds(600)));
        before = at(extended.expires_at);
    }
    let third = world.try_extend(&amy, &started.id, "key-3", &extend_request(60)).await;
    problem(third, StatusCode::CONFLICT, ErrorCode::ExtensionsUsedUp).await;
    let trail = world.trail(&amy, &started.id).await;
    let extensions: Vec<_> = trail
        .iter()
        .filter_map(|event| {
            let body: EventBody = serde_json::from_str(&event.record.body).unwrap();
            let EventDetail::SessionExtended { expires_at, reason, number } = body.detail else { return None };
            Some((expires_at, reason, number))
        })
        .collect();
    let reason = extend_request(0).reason;
    let first = at(started.expires_at).plus_seconds(600);
    assert_eq!(extensions, [(first, reason.clone(), 1), (before, reason, 2)]);
}

#[tokio::test]
async fn the_whole_session_stays_within_the_longest_one() {
    let world = World::new().await;
    let amy = world.amy().await;
    let mut request = start_request(JANE);
    request.duration_seconds = 3000;
    let response = world.try_start(&amy, "start", &request).await;
    let id = json::<amberglass_wire::session::StartSessionResponse>(response, StatusCode::CREATED).await.session.id;
    let too_long = world.try_extend(&amy, &id, "a", &extend_request(601)).await;
    let told = problem(too_long, StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::TotalDurationTooLong).await;
    assert!(told.detail.unwrap().contains("600 seconds"), "it says how much there is left");
    let extended: SessionResponse =
        json(world.try_extend(&amy, &id, "b", &extend_request(600)).await, StatusCode::OK).await;
    assert_eq!(at(extended.expires_at).since(at(extended.started_at)), 3_600_000);
    let more = world.try_extend(&amy, &id, "c", &extend_request(1)).await;
    problem(more, StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::TotalDurationTooLong).await;
}

#[tokio::test]
async fn an_extended_session_lives_to_its_new_deadline() {
    let world = World::new().await;
    let mut amy = world.amy().await;
    let started = world.start(&amy).await.session;
    let extended: SessionResponse =
        json(world.try_extend(&amy, &started.id, "a", &extend_request(900)).await, StatusCode::OK).await;
    world.live(&mut amy, &started.id, 1900).await;
    assert_eq!(world.session(&amy, &started.id).await.state, SessionState::Active);
    world.live(&mut amy, &started.id, 800).await;
    let ended = world.until(&amy, &started.id, SessionState::Ended).await;
    assert_eq!((ended.ended_by, ended.ended_at), (Some(EndedBy::Expired), extended.expires_at));
}

#[tokio::test]
async fn each_refusal_has_its_code_and_moves_no_deadline() {
    let world = World::new().await;
    let (amy, leo, ada) = (world.amy().await, world.sign_in(LEO, 2).await, world.sign_in(ADA, 3).await);
    let id = world.start(&amy).await.session.id;
    let change = |change: fn(&mut ExtendSessionRequest)| {
        let mut request = extend_request(300);
        change(&mut request);
        request
    };
    use StatusCode as S;
    let table = [
        (&amy, change(|r| r.seconds = 0), S::BAD_REQUEST, ErrorCode::InvalidRequest),
        (&amy, change(|r| r.seconds = 901), S::UNPROCESSABLE_ENTITY, ErrorCode::DurationTooLong),
        (&amy, change(|r| r.reason.text = "short".into()), S::UNPROCESSABLE_ENTITY, ErrorCode::ReasonTooShort),
        (&amy, change(|r| r.reason.text = "test test test".into()), S::UNPROCESSABLE_ENTITY, ErrorCode::ReasonIsFiller),
        (&amy, change(|r| r.reason.code = "curious".into()), S::UNPROCESSABLE_ENTITY, ErrorCode::ReasonCodeUnknown),
        (&amy, change(|r| r.reason.ticket = None), S::UNPROCESSABLE_ENTITY, ErrorCode::TicketRequired),
        // A lead sees the session, an admin does not.
        (&leo, extend_request(300), S::FORBIDDEN, ErrorCode::Forbidden),
        (&ada, extend_request(300), S::NOT_FOUND, ErrorCode::NotFound),
    ];
    for (index, (console, request, status, code)) in table.iter().enumerate() {
        let answer = world.try_extend(console, &id, &format!("key-{index}"), request).await;
        problem(answer, *status, *code).await;
    }
    let path = format!("/v1/sessions/{id}/extensions");
    let without_key = world.post(&amy, &path).json(&extend_request(300)).send().await.unwrap();
    problem(without_key, StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest).await;
    world.clock.advance_seconds(6);
    world.until(&amy, &id, SessionState::Frozen).await;
    let frozen = world.try_extend(&amy, &id, "frozen", &extend_request(300)).await;
    let told = problem(frozen, StatusCode::CONFLICT, ErrorCode::SessionNotRunning).await;
    assert!(told.detail.unwrap().contains("frozen"));
    let session = world.session(&amy, &id).await;
    assert_eq!((session.extensions, at(session.expires_at).since(at(session.started_at))), (0, 1_800_000));
    world.end(&amy, &id).await;
    let ended = world.try_extend(&amy, &id, "ended", &extend_request(300)).await;
    problem(ended, StatusCode::CONFLICT, ErrorCode::SessionNotRunning).await;
    assert_eq!(world.count_events("session_extended").await, 0);
}

#[tokio::test]
async fn what_is_switched_off_is_not_extended() {
    let mut world = World::new().await;
    let (amy, sana) = (world.amy().await, world.sign_in(SANA, 2).await);
    let id = world.start(&amy).await.session.id;
    let operator = world.operator().await;
    // The timer, which would end it, waits for the clock.
    portals::disable(&operator, &PortalId::new("barkside"), REASON).await.unwrap();
    let off = world.try_extend(&amy, &id, "a", &extend_request(300)).await;
    problem(off, StatusCode::FORBIDDEN, ErrorCode::PortalInactive).await;
    portals::enable(&operator, &PortalId::new("barkside")).await.unwrap();
    operator.close().await;

    world.portal_says_inactive(JANE).await;
    let inactive = world.try_extend(&amy, &id, "b", &extend_request(300)).await;
    let told = problem(inactive, StatusCode::FORBIDDEN, ErrorCode::CustomerInactive).await;
    assert!(told.detail.unwrap().contains("ended"));
    assert_eq!(world.session(&sana, &id).await.ended_by, Some(EndedBy::CustomerDisabled));
}

#[tokio::test]
async fn a_portal_that_does_not_answer_extends_nothing() {
    let mut world = World::new().await;
    let amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    world.close_portal().await;
    let answer = world.try_extend(&amy, &id, "a", &extend_request(300)).await;
    problem(answer, StatusCode::SERVICE_UNAVAILABLE, ErrorCode::PortalUnreachable).await;
    assert_eq!(world.session(&amy, &id).await.extensions, 0);
}

#[tokio::test]
async fn a_repeated_request_extends_once() {
    let world = World::new().await;
    let amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    let first: SessionResponse =
        json(world.try_extend(&amy, &id, "same", &extend_request(300)).await, StatusCode::OK).await;
    let again: SessionResponse =
        json(world.try_extend(&amy, &id, "same", &extend_request(300)).await, StatusCode::OK).await;
    assert_eq!(first, again);
    let other = world.try_extend(&amy, &id, "same", &extend_request(301)).await;
    problem(other, StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::IdempotencyMismatch).await;
    assert_eq!(world.count_events("session_extended").await, 1);
    // The answer stays what it was, also when the session is over.
    world.end(&amy, &id).await;
    let late: SessionResponse =
        json(world.try_extend(&amy, &id, "same", &extend_request(300)).await, StatusCode::OK).await;
    assert_eq!((late.state, late.extensions), (SessionState::Ended, 1));
    // The key of one session is not the key of another.
    let response = world.try_start(&amy, "key-2", &start_request(JANE)).await;
    let second = json::<amberglass_wire::session::StartSessionResponse>(response, StatusCode::CREATED).await.session.id;
    let extended: SessionResponse =
        json(world.try_extend(&amy, &second, "same", &extend_request(301)).await, StatusCode::OK).await;
    assert_eq!((extended.id, extended.extensions), (second, 1));
}

#[tokio::test]
async fn of_many_extensions_at_once_two_count() {
    let world = World::new().await;
    let amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    let asked = (0..8).map(|n| {
        let (world, amy, id) = (&world, &amy, &id);
        async move { world.try_extend(amy, id, &format!("key-{n}"), &extend_request(60)).await.status() }
    });
    let statuses = futures_util::future::join_all(asked).await;
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::OK).count(), 2, "{statuses:?}");
    let session = world.session(&amy, &id).await;
    assert_eq!((session.extensions, at(session.expires_at).since(at(session.started_at))), (2, 1_920_000));
    assert_eq!(world.count_events("session_extended").await, 2);
}

#[tokio::test]
async fn no_record_no_extension() {
    let world = World::new().await;
    let amy = world.amy().await;
    let started = world.start(&amy).await.session;
    world.break_the_audit_log().await;
    let answer = world.try_extend(&amy, &started.id, "a", &extend_request(300)).await;
    problem(answer, StatusCode::SERVICE_UNAVAILABLE, ErrorCode::AuditUnavailable).await;
    assert_eq!(world.session(&amy, &started.id).await, started);
}

//! Starting a session, and everything that stands in the way of one.

use amberglass_wire::{
    auth::Role,
    problem::ErrorCode,
    session::{Mode, PolicyAnswer, SessionState, StartOptionsResponse, StartSessionRequest, StartSessionResponse},
};
use reqwest::StatusCode;

use crate::world::{ADA, DEFAULT_RULES, JANE, LEO, World, customer, json, problem, start_request};

#[tokio::test]
async fn a_session_starts_with_its_record_and_a_grant() {
    let world = World::new().await;
    let amy = world.amy().await;
    let StartSessionResponse { session, grant } = world.start(&amy).await;
    assert_eq!((session.state, session.mode), (SessionState::Active, Mode::ReadOnly));
    assert!(amberglass_domain::session_code::is_session_code(&session.code));
    assert_eq!(session.expires_at.unwrap().since(session.started_at.unwrap()), 1_800_000);
    assert_eq!(session.customer.id.as_str(), JANE);
    let grant = grant.unwrap();
    assert_eq!(grant.gateway_origin, world.gateway_origin());
    assert_eq!(grant.expires_at.since(session.started_at.unwrap()), 30_000);
    let trail = world.trail(&amy, &session.id).await;
    assert_eq!(trail.len(), 1);
    let body = &trail[0].record.body;
    assert_eq!(trail[0].record.kind, "session_started");
    for part in [amy.tokens.staff.id.as_str(), JANE, "TCK-4821", "Invoice was charged twice", &session.policy_hash] {
        assert!(body.contains(part), "{part} is missing in {body}");
    }
}

#[tokio::test]
async fn each_refusal_has_its_code_and_starts_nothing() {
    let world = World::new().await;
    let (amy, ada) = (world.amy().await, world.sign_in(ADA, 2).await);
    let sensitive = customer(&world.clock, |c| c.class == "sensitive" && c.active);
    let inactive = customer(&world.clock, |c| !c.active && c.class != "sensitive");
    let mut plain = data_customers(&world);
    let (own, peer) = (plain.remove(0), plain.remove(0));
    world.add_staff(&peer.email.to_uppercase(), Role::Agent).await;
    world.add_staff(&own.email, Role::Agent).await;
    let own_console = world.sign_in(&own.email, 3).await;

    let change = |change: fn(&mut StartSessionRequest)| {
        let mut request = start_request(JANE);
        change(&mut request);
        request
    };
    use StatusCode as S;
    let table = [
        (&amy, change(|r| r.reason.text = "short".into()), S::UNPROCESSABLE_ENTITY, ErrorCode::ReasonTooShort, ""),
        (
            &amy,
            change(|r| r.reason.text = "asdf asdf asdf".into()),
            S::UNPROCESSABLE_ENTITY,
            ErrorCode::ReasonIsFiller,
            "",
        ),
        (&amy, change(|r| r.reason.code = "curious".into()), S::UNPROCESSABLE_ENTITY, ErrorCode::ReasonCodeUnknown, ""),
        (&amy, change(|r| r.reason.ticket = None), S::UNPROCESSABLE_ENTITY, ErrorCode::TicketRequired, ""),
        (&amy, change(|r| r.duration_seconds = 3601), S::UNPROCESSABLE_ENTITY, ErrorCode::DurationTooLong, ""),
        (&amy, change(|r| r.duration_seconds = 59), S::BAD_REQUEST, ErrorCode::InvalidRequest, ""),
        (&amy, change(|r| r.portal.0 = "elsewhere".into()), S::NOT_FOUND, ErrorCode::PortalUnknown, ""),
        (&amy, start_request("9999"), S::NOT_FOUND, ErrorCode::CustomerUnknown, ""),
        (
            &amy,
            change(|r| r.mode = Mode::ReadWrite),
            S::FORBIDDEN,
            ErrorCode::NeedsApproval,
            "read-write-needs-approval",
        ),
        (
            &amy,
            start_request(&sensitive.id),
            S::FORBIDDEN,
            ErrorCode::NeedsApproval,
            "sensitive-customers-need-approval",
        ),
        (&amy, start_request(&inactive.id), S::FORBIDDEN, ErrorCode::CustomerInactive, "customer-must-be-active"),
        (&amy, start_request(&peer.id), S::FORBIDDEN, ErrorCode::TargetIsStaff, "never-peers-or-superiors"),
        (&own_console, start_request(&own.id), S::FORBIDDEN, ErrorCode::TargetIsSelf, "never-oneself"),
        (&ada, start_request(JANE), S::FORBIDDEN, ErrorCode::Forbidden, "admins-do-not-look"),
    ];
    for (index, (console, request, status, code, rule)) in table.iter().enumerate() {
        let response = world.try_start(console, &format!("key-{index}"), request).await;
        let problem = problem(response, *status, *code).await;
        assert!(rule.is_empty() || problem.rules.iter().any(|name| name == rule), "{problem:?}");
    }
    assert_eq!(world.count_events("session_started").await, 0);
    assert_eq!(world.count_events("session_refused").await, 6, "what the policy did not allow at once is on record");
    // A lead stands above an agent, so here the peer rule does not bite; somebody else has to approve it all the same.
    let leo = world.sign_in(LEO, 4).await;
    let response = world.try_start(&leo, "key", &start_request(&peer.id)).await;
    let told = problem(response, S::FORBIDDEN, ErrorCode::NeedsApproval).await;
    assert_eq!(told.rules, ["staff-as-customers-need-approval"]);
}

fn data_customers(world: &World) -> Vec<amberglass_demo_portal::data::Customer> {
    use amberglass_domain::ports::Clock as _;
    let plain = |c: &amberglass_demo_portal::data::Customer| c.active && c.class == "standard" && c.id != JANE;
    amberglass_demo_portal::data::customers(world.clock.now().0).into_values().filter(plain).collect()
}

#[tokio::test]
async fn an_inactive_portal_is_not_opened() {
    let world = World::with(|config| config.portals[0].active = false).await;
    let amy = world.amy().await;
    let response = world.try_start(&amy, "key", &start_request(JANE)).await;
    let problem = problem(response, StatusCode::FORBIDDEN, ErrorCode::PortalInactive).await;
    assert_eq!(problem.rules, ["portal-must-be-active"]);
}

#[tokio::test]
async fn nothing_is_half_started_when_the_portal_is_down() {
    let mut world = World::new().await;
    let amy = world.amy().await;
    world.close_portal().await;
    let response = world.try_start(&amy, "key", &start_request(JANE)).await;
    problem(response, StatusCode::SERVICE_UNAVAILABLE, ErrorCode::PortalUnreachable).await;
    let response = world.get(&amy, "/v1/sessions?scope=own&state=any").send().await.unwrap();
    let list: amberglass_wire::session::SessionListResponse = json(response, StatusCode::OK).await;
    assert!(list.sessions.is_empty());
    assert_eq!(world.count_events("session_started").await, 0);
}

#[tokio::test]
async fn of_two_starts_at_once_one_wins_and_the_other_is_shown_it() {
    let world = World::new().await;
    let amy = world.amy().await;
    let (one, other) = (start_request(JANE), start_request("1001"));
    let (first, second) = tokio::join!(world.try_start(&amy, "key-1", &one), world.try_start(&amy, "key-2", &other));
    let (won, lost) = if first.status() == StatusCode::CREATED { (first, second) } else { (second, first) };
    let started: StartSessionResponse = json(won, StatusCode::CREATED).await;
    let problem = problem(lost, StatusCode::CONFLICT, ErrorCode::SessionConflict).await;
    assert_eq!(problem.session.unwrap().id, started.session.id);
    assert_eq!(world.count_events("session_started").await, 1);
}

#[tokio::test]
async fn of_two_starts_at_once_one_wins_two_hundred_times_over() {
    // Two hundred within an hour: with the default policy the thirteenth would need an approval.
    let world = World::with(|config| {
        crate::world::go_by(config, &DEFAULT_RULES.replace("sessions_last_hour < 12", "sessions_last_hour < 1000"));
    })
    .await;
    let amy = world.amy().await;
    let (one, other) = (start_request(JANE), start_request("1001"));
    for round in 0..200 {
        let (left, right) = (format!("left-{round}"), format!("right-{round}"));
        let (first, second) = tokio::join!(world.try_start(&amy, &left, &one), world.try_start(&amy, &right, &other));
        let (won, lost) = if first.status() == StatusCode::CREATED { (first, second) } else { (second, first) };
        let started: StartSessionResponse = json(won, StatusCode::CREATED).await;
        let told = problem(lost, StatusCode::CONFLICT, ErrorCode::SessionConflict).await;
        assert_eq!(told.session.unwrap().id, started.session.id, "round {round}");
        world.end(&amy, &started.session.id).await;
    }
    assert_eq!(world.count_events("session_started").await, 200);
    assert_eq!(world.count_events("session_ended").await, 200);
}

#[tokio::test]
async fn many_parallel_starts_leave_one_session() {
    let world = World::new().await;
    let amy = world.amy().await;
    let starts = (0..8).map(|n| {
        let (world, amy) = (&world, &amy);
        async move { world.try_start(amy, &format!("key-{n}"), &start_request(JANE)).await.status() }
    });
    let statuses = futures_util::future::join_all(starts).await;
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::CREATED).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::CONFLICT).count(), 7, "{statuses:?}");
    assert_eq!(world.count_events("session_started").await, 1);
}

#[tokio::test]
async fn the_policy_may_allow_more_sessions_at_once() {
    let world = World::with(|config| config.limits.sessions_per_staff = 2).await;
    let amy = world.amy().await;
    let mut ids = Vec::new();
    for key in ["a", "b"] {
        let response = world.try_start(&amy, key, &start_request(JANE)).await;
        ids.push(json::<StartSessionResponse>(response, StatusCode::CREATED).await.session.id);
    }
    let third = world.try_start(&amy, "c", &start_request("1001")).await;
    let told = problem(third, StatusCode::CONFLICT, ErrorCode::SessionConflict).await;
    assert!(ids.contains(&told.session.unwrap().id), "one of those in the way is named");
    // Whichever ends makes room for one, and for one only.
    world.end(&amy, &ids[0]).await;
    let starts = (0..6).map(|n| {
        let (world, amy) = (&world, &amy);
        async move { world.try_start(amy, &format!("again-{n}"), &start_request(JANE)).await.status() }
    });
    let statuses = futures_util::future::join_all(starts).await;
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::CREATED).count(), 1, "{statuses:?}");
    let snapshot = world.get(&amy, "/v1/snapshot").send().await.unwrap();
    let snapshot: amberglass_wire::auth::SnapshotResponse = json(snapshot, StatusCode::OK).await;
    assert_eq!(snapshot.sessions.len(), 2);
    assert!(snapshot.sessions.iter().all(|session| session.id != ids[0]));
}

#[tokio::test]
async fn a_repeated_request_gets_the_same_session_with_a_fresh_grant() {
    let world = World::new().await;
    let amy = world.amy().await;
    let first = world.start(&amy).await;
    let response = world.try_start(&amy, "key-1", &start_request(JANE)).await;
    let again: StartSessionResponse = json(response, StatusCode::OK).await;
    assert_eq!(again.session.id, first.session.id);
    let (old, fresh) = (first.grant.unwrap(), again.grant.unwrap());
    assert_ne!(old.token, fresh.token);
    // Only the last grant opens.
    let id = &first.session.id;
    let answer = world.try_enter(&amy, id, &world.entry_request(&amy, id, &old)).await;
    problem(answer, StatusCode::FORBIDDEN, ErrorCode::GrantInvalid).await;
    assert_eq!(world.try_enter(&amy, id, &world.entry_request(&amy, id, &fresh)).await.status(), StatusCode::OK);
    let response = world.try_start(&amy, "key-1", &start_request(JANE)).await;
    let entered: StartSessionResponse = json(response, StatusCode::OK).await;
    assert!(entered.grant.is_none(), "nobody enters twice");
    assert_eq!(world.count_events("session_started").await, 1);
}

#[tokio::test]
async fn an_idempotency_key_is_for_one_request_of_one_person() {
    let world = World::new().await;
    let (amy, leo) = (world.amy().await, world.sign_in(LEO, 2).await);
    let first = world.start(&amy).await;
    let response = world.try_start(&amy, "key-1", &start_request("1001")).await;
    problem(response, StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::IdempotencyMismatch).await;
    let leos = world.start(&leo).await;
    assert_ne!(leos.session.id, first.session.id);
    let without = world.post(&amy, "/v1/sessions").json(&start_request(JANE)).send().await.unwrap();
    problem(without, StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest).await;
}

#[tokio::test]
async fn a_session_past_its_deadline_is_in_nobodys_way() {
    let world = World::new().await;
    let mut amy = world.amy().await;
    let first = world.start(&amy).await.session;
    // Somebody moves the wall clock, so the timer, which waits on the other one, has not come by yet.
    world.clock.set_wall(first.expires_at.unwrap());
    world.refresh(&mut amy).await;
    let second: StartSessionResponse =
        json(world.try_start(&amy, "key-2", &start_request(JANE)).await, StatusCode::CREATED).await;
    let first = world.session(&amy, &first.id).await;
    assert_eq!(first.state, SessionState::Ended);
    assert_eq!(first.ended_at, first.expires_at);
    assert_eq!(second.session.state, SessionState::Active);
}

#[tokio::test]
async fn writing_wants_a_fresh_sign_in_where_the_policy_allows_it_at_once() {
    let world = World::with(|config| {
        let writes = "@id(\"agents-write\") permit (principal, action == Action::\"start\", resource)\
                      when { context.mode == \"read_write\" };";
        crate::world::go_by(config, &format!("{DEFAULT_RULES}\n{writes}"));
    })
    .await;
    let mut amy = world.amy().await;
    let mut request = start_request(JANE);
    request.mode = Mode::ReadWrite;
    world.clock.advance_seconds(290);
    world.refresh(&mut amy).await;
    world.clock.advance_seconds(11);
    // A renewed token is no sign that the person is there.
    let stale = world.try_start(&amy, "a", &request).await;
    problem(stale, StatusCode::FORBIDDEN, ErrorCode::FreshSignInRequired).await;
    assert_eq!(world.count_events("session_started").await, 0);
    let looks = world.try_start(&amy, "b", &start_request(JANE)).await;
    let looks: StartSessionResponse = json(looks, StatusCode::CREATED).await;
    world.end(&amy, &looks.session.id).await;
    let again = world.amy().await;
    let writes: StartSessionResponse = json(world.try_start(&again, "c", &request).await, StatusCode::CREATED).await;
    assert_eq!(writes.session.mode, Mode::ReadWrite);
}

#[tokio::test]
async fn read_write_is_not_offered_where_the_rules_are_not_complete() {
    let world = World::with(|config| config.portals[0].rules = None).await;
    let (amy, leo) = (world.amy().await, world.sign_in(LEO, 2).await);
    let request = StartSessionRequest { mode: Mode::ReadWrite, ..start_request(JANE) };
    for console in [&amy, &leo] {
        let answer = world.try_start(console, "key", &request).await;
        let told = problem(answer, StatusCode::FORBIDDEN, ErrorCode::Forbidden).await;
        assert_eq!(told.rules, ["read-write-not-declared"]);
    }
    let options = world.get(&amy, &format!("/v1/start-options?portal=barkside&customer={JANE}")).send().await.unwrap();
    let options: StartOptionsResponse = json(options, StatusCode::OK).await;
    let modes: Vec<_> = options.modes.iter().map(|option| (option.mode, option.answer, option.rules.clone())).collect();
    assert_eq!(modes[1], (Mode::ReadWrite, PolicyAnswer::Refused, vec!["read-write-not-declared".to_owned()]));
    assert_ne!(modes[0].1, PolicyAnswer::Refused);
    assert_eq!(world.count_events("session_refused").await, 2);
}

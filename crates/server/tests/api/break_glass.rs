//! Break-glass: begun at once with a stated emergency, told to everybody who has to know, reviewed by somebody else.

use amberglass_domain::{ports::Clock as _, signing};
use amberglass_server::{
    config::PolicyFiles,
    sessions::{ReviewError, Reviewing},
};
use amberglass_wire::{
    SessionId,
    approval::{AskApprovalRequest, DecideRequest, RequestResponse, RequestState, SignedDecision, Verdict},
    audit::EventDetail,
    auth::{Role, SnapshotResponse},
    break_glass::{ReviewListResponse, ReviewOutcome, ReviewResponse},
    event_stream::ServerEvent,
    problem::{ErrorCode, Problem},
    session::{
        EndedBy, Mode, PolicyAnswer, SessionState, StartOptionsResponse, StartSessionRequest, StartSessionResponse,
    },
};
use reqwest::{Response, StatusCode};
use serde_json::json as value;

use crate::{
    events::{Stream, is_heartbeat},
    world::{
        ADA, Console, JANE, LEO, REASON, SANA, World, customer, device_of, extend_request, json, problem, start_request,
    },
};

const EMERGENCY: &str = "The customer is about to pay a fraudster";
const NOTE: &str = "The bank confirmed the fraud attempt";
const RULES: &str = include_str!("../../../../policies/default.cedar");
const SCHEMA: &str = include_str!("../../../../policies/schema.cedarschema");

fn emergency(customer: &str) -> StartSessionRequest {
    StartSessionRequest { emergency: Some(EMERGENCY.into()), ..start_request(customer) }
}

/// Of a customer whom the policy opens after approval only.
fn sensitive(world: &World) -> String {
    customer(&world.clock, |customer| customer.class == "sensitive" && customer.active).id
}

async fn break_glass(world: &World, console: &Console, key: &str, customer: &str) -> StartSessionResponse {
    json(world.try_start(console, key, &emergency(customer)).await, StatusCode::CREATED).await
}

async fn refused(world: &World, console: &Console, request: &StartSessionRequest, rule: &str) -> Problem {
    let answer = world.try_start(console, rule, request).await;
    let status = answer.status();
    let problem: Problem = json(answer, status).await;
    assert!(status == StatusCode::FORBIDDEN && problem.rules.iter().any(|name| name == rule), "{problem:?}");
    problem
}

async fn try_review(world: &World, by: &Console, id: &SessionId, outcome: ReviewOutcome) -> Response {
    let body = value!({ "outcome": outcome, "note": NOTE });
    world.post(by, &format!("/v1/reviews/{id}")).json(&body).send().await.unwrap()
}

async fn review(world: &World, by: &Console, id: &SessionId, outcome: ReviewOutcome) -> ReviewResponse {
    json(try_review(world, by, id, outcome).await, StatusCode::OK).await
}

/// One is used, and somebody reviews it.
pub async fn use_and_review(world: &World, console: &Console, by: &Console) {
    let id = break_glass(world, console, "emergency", JANE).await.session.id;
    world.end(console, &id).await;
    review(world, by, &id, ReviewOutcome::Justified).await;
}

async fn snapshot(world: &World, console: &Console) -> SnapshotResponse {
    json(world.get(console, "/v1/snapshot").send().await.unwrap(), StatusCode::OK).await
}

async fn waiting(world: &World, console: &Console) -> Vec<SessionId> {
    let answer = world.get(console, "/v1/reviews").send().await.unwrap();
    let listed = json::<ReviewListResponse>(answer, StatusCode::OK).await.reviews;
    assert_eq!(listed, snapshot(world, console).await.reviews);
    listed.into_iter().map(|review| review.session.id).collect()
}

/// Amy asks for an approval and Leo denies it.
async fn denied(world: &World, amy: &Console, leo: &Console, customer: &str) {
    let StartSessionRequest { portal, customer, reason, mode, duration_seconds, .. } = start_request(customer);
    let ask = AskApprovalRequest { portal, customer, reason, mode, duration_seconds };
    let asked = world.post(amy, "/v1/requests").header("idempotency-key", "ask").json(&ask).send().await.unwrap();
    let request: RequestResponse = json(asked, StatusCode::CREATED).await;
    let mut decision = SignedDecision {
        server: request.server,
        request: request.id.clone(),
        nonce: request.nonce,
        verdict: Verdict::Deny,
        approver: leo.tokens.staff.id.clone(),
        device: device_of(leo),
        portal: request.customer.portal.clone(),
        customer: request.customer.id.clone(),
        staff: request.staff,
        scope: request.asked,
        reason_sha256: signing::reason_sha256(&request.reason),
        policy_hash: request.policy_hash,
        write_sha256: None,
        comment: REASON.into(),
        not_after: world.clock.now().plus_seconds(60),
        signed_at: world.clock.now(),
        signature: String::new(),
    };
    decision.signature = leo.key.sign(&signing::decision(&decision));
    let answer = world.post(leo, &format!("/v1/requests/{}/decisions", request.id)).json(&DecideRequest { decision });
    let decided: RequestResponse = json(answer.send().await.unwrap(), StatusCode::OK).await;
    assert_eq!(decided.state, RequestState::Denied);
}

#[tokio::test]
async fn an_emergency_begins_a_session_at_once_and_everybody_who_has_to_know_hears_of_it() {
    let world = World::new().await;
    let (amy, leo, sana) = (world.amy().await, world.sign_in(LEO, 2).await, world.sign_in(SANA, 3).await);
    let ada = world.sign_in(ADA, 4).await;
    let mut streams = [Stream::open(&world, &leo).await, Stream::open(&world, &sana).await];
    for stream in &mut streams {
        assert!(is_heartbeat(&stream.next().await));
    }
    let sensitive = sensitive(&world);
    problem(
        world.try_start(&amy, "key-0", &start_request(&sensitive)).await,
        StatusCode::FORBIDDEN,
        ErrorCode::NeedsApproval,
    )
    .await;
    let started = break_glass(&world, &amy, "key-1", &sensitive).await.session;
    assert_eq!((started.state, started.emergency.as_deref()), (SessionState::Active, Some(EMERGENCY)));
    assert_eq!(started.max_extensions, Some(0));
    // Without time going on: nobody has to look by themself.
    for stream in &mut streams {
        while stream.next().await.unwrap() != ServerEvent::SnapshotChanged {}
    }
    for console in [&leo, &sana] {
        let seen = snapshot(&world, console).await;
        let [waiting] = &seen.reviews[..] else { panic!("{:?}", seen.reviews) };
        assert_eq!((&waiting.session.id, waiting.overdue, waiting.outcome), (&started.id, false, None));
        assert_eq!(waiting.session.emergency.as_deref(), Some(EMERGENCY));
        let news = &seen.news[0];
        assert_eq!((news.kind.as_str(), news.staff_name.as_deref()), ("break_glass_used", Some("Amy Lee")));
        assert_eq!(news.by_name, news.staff_name);
        assert_eq!(news.customer_name.as_deref(), Some(started.customer.name.as_str()));
        assert_eq!(news.session_code.as_deref(), Some(started.code.as_str()));
        let Some(EventDetail::BreakGlassUsed { emergency, reason }) = &news.detail else { panic!("{news:?}") };
        assert_eq!((emergency.as_str(), reason), (EMERGENCY, &started.reason));
    }
    let (of_ada, of_amy) = (snapshot(&world, &ada).await, snapshot(&world, &amy).await);
    assert_eq!((of_ada.reviews.len(), of_ada.news[0].kind.as_str()), (0, "break_glass_used"));
    assert_eq!((of_amy.reviews.len(), of_amy.news.len()), (0, 0));
    assert_eq!(world.kinds(&amy, &started.id).await, ["break_glass_used", "session_started"]);

    // The same again is the same session, and told once.
    let again = world.try_start(&amy, "key-1", &emergency(&sensitive)).await;
    assert_eq!(json::<StartSessionResponse>(again, StatusCode::OK).await.session.id, started.id);
    assert_eq!(world.count_events("break_glass_used").await, 1);
    // More time is another emergency.
    let more = world.try_extend(&amy, &started.id, "key-2", &extend_request(60)).await;
    problem(more, StatusCode::CONFLICT, ErrorCode::ExtensionsUsedUp).await;
}

#[tokio::test]
async fn each_refusal_of_break_glass_names_its_rule_and_is_on_record() {
    let world = World::new().await;
    let (mut amy, sana, ada) = (world.amy().await, world.sign_in(SANA, 2).await, world.sign_in(ADA, 3).await);
    let inactive = customer(&world.clock, |customer| !customer.active);
    let peer =
        customer(&world.clock, |customer| customer.active && customer.class == "standard" && customer.id != JANE);
    world.add_staff(&peer.email, Role::Agent).await;
    let own = world.sign_in(&peer.email, 4).await;
    let writing = StartSessionRequest { mode: Mode::ReadWrite, ..emergency(JANE) };
    let table = [
        (&sana, emergency(JANE), ErrorCode::Forbidden, "nothing-permits-this"),
        (&ada, emergency(JANE), ErrorCode::Forbidden, "admins-do-not-look"),
        (&amy, writing, ErrorCode::Forbidden, "break-glass-only-reads"),
        (&amy, emergency(&inactive.id), ErrorCode::CustomerInactive, "customer-must-be-active"),
        (&amy, emergency(&peer.id), ErrorCode::TargetIsStaff, "never-peers-or-superiors"),
        (&own, emergency(&peer.id), ErrorCode::TargetIsSelf, "never-oneself"),
    ];
    for (console, request, code, rule) in &table {
        assert_eq!(refused(&world, console, request, rule).await.code, *code, "{rule}");
    }
    assert_eq!(world.count_events("session_refused").await, 6);
    let told = |emergency: &str| StartSessionRequest { emergency: Some(emergency.into()), ..start_request(JANE) };
    for (emergency, code) in [("  now!  ", ErrorCode::ReasonTooShort), ("asdf asdf asdf", ErrorCode::ReasonIsFiller)] {
        problem(world.try_start(&amy, "key-1", &told(emergency)).await, StatusCode::UNPROCESSABLE_ENTITY, code).await;
    }
    let both = StartSessionRequest { request: Some(amberglass_wire::RequestId::new("any")), ..emergency(JANE) };
    let answer = world.try_start(&amy, "key-2", &both).await;
    problem(answer, StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest).await;
    world.clock.advance_seconds(301);
    world.refresh(&mut amy).await;
    let answer = world.try_start(&amy, "key-3", &emergency(JANE)).await;
    problem(answer, StatusCode::FORBIDDEN, ErrorCode::FreshSignInRequired).await;
    assert_eq!((world.count_events("session_started").await, world.count_events("break_glass_used").await), (0, 0));
}

#[tokio::test]
async fn who_may_not_review_any_more_reviews_nothing() {
    let world = World::new().await;
    let (amy, leo) = (world.amy().await, world.sign_in(LEO, 2).await);
    let id = break_glass(&world, &amy, "emergency", JANE).await.session.id;
    world.end(&amy, &id).await;
    let state = world.server().state().clone();
    assert!(state.accounts.set_role(&leo.tokens.staff.id, Role::Agent, false).await.unwrap());
    let (by, device) = (leo.tokens.staff.id.clone(), device_of(&leo));
    // Between the question to the policy and the write.
    let outcome = ReviewOutcome::Justified;
    let reviewing = Reviewing { by: &by, role: "lead", device: &device, outcome, note: NOTE };
    let refused = state.sessions.review(&id, &reviewing).await;
    assert!(matches!(refused, Err(ReviewError::NotAnyMore)), "{refused:?}");
    assert_eq!(world.count_events("break_glass_reviewed").await, 0);
}

#[tokio::test]
async fn a_portal_that_is_switched_off_is_not_opened_by_break_glass() {
    let world = World::with(|config| config.portals[0].active = false).await;
    let amy = world.amy().await;
    let told = refused(&world, &amy, &emergency(JANE), "portal-must-be-active").await;
    assert_eq!(told.code, ErrorCode::PortalInactive);
}

#[tokio::test]
async fn what_was_denied_is_not_opened_by_break_glass_for_a_day() {
    let world = World::new().await;
    let (amy, leo) = (world.amy().await, world.sign_in(LEO, 2).await);
    let sensitive = sensitive(&world);
    denied(&world, &amy, &leo, &sensitive).await;
    let rule = "no-break-glass-on-the-day-of-a-denial";
    assert_eq!(refused(&world, &amy, &emergency(&sensitive), rule).await.code, ErrorCode::Forbidden);
    let options = format!("/v1/start-options?portal=barkside&customer={sensitive}");
    let options: StartOptionsResponse = json(world.get(&amy, &options).send().await.unwrap(), StatusCode::OK).await;
    let said = options.break_glass.unwrap();
    assert_eq!((said.answer, said.rules), (PolicyAnswer::Refused, vec![rule.to_owned()]));
    // Another customer, or another agent, was not denied.
    let other = break_glass(&world, &amy, "other", JANE).await.session;
    world.end(&amy, &other.id).await;
    let leos = break_glass(&world, &leo, "leos", &sensitive).await.session;
    world.end(&leo, &leos.id).await;
    world.clock.advance_seconds(24 * 60 * 60 - 1);
    let amy = world.sign_in(crate::world::AMY, 1).await;
    refused(&world, &amy, &emergency(&sensitive), rule).await;
    world.clock.advance_seconds(1);
    break_glass(&world, &amy, "next-day", &sensitive).await;
}

#[tokio::test]
async fn one_break_glass_of_a_staff_member_runs_at_a_time_however_many_begin_at_once() {
    let world = World::with(|config| config.limits.sessions_per_staff = 8).await;
    let amy = world.amy().await;
    let asked = emergency(JANE);
    let keys: Vec<String> = (0..6).map(|number| format!("key-{number}")).collect();
    let all = keys.iter().map(|key| world.try_start(&amy, key, &asked));
    let answers = futures_util::future::join_all(all).await;
    let mut began = Vec::new();
    let mut others = Vec::new();
    for answer in answers {
        match answer.status() {
            StatusCode::CREATED => {
                began.push(json::<StartSessionResponse>(answer, StatusCode::CREATED).await.session.id);
            }
            _ => others.push(problem(answer, StatusCode::CONFLICT, ErrorCode::SessionConflict).await),
        }
    }
    assert_eq!((began.len(), others.len()), (1, 5));
    assert!(others.into_iter().all(|other| other.session.unwrap().id == began[0]), "it names the one that runs");
    assert_eq!((world.count_events("break_glass_used").await, world.count_events("session_started").await), (1, 1));
    // What is no emergency may run beside it.
    let usual = world.try_start(&amy, "usual", &start_request(JANE)).await;
    json::<StartSessionResponse>(usual, StatusCode::CREATED).await;
}

#[tokio::test]
async fn two_that_nobody_reviewed_keep_a_third_waiting_until_somebody_else_has_looked() {
    let mut world = World::new().await;
    let (amy, leo, sana) = (world.amy().await, world.sign_in(LEO, 2).await, world.sign_in(SANA, 3).await);
    world.add_staff("ben@amberglass.example", Role::Agent).await;
    let ben = world.sign_in("ben@amberglass.example", 4).await;
    let first = break_glass(&world, &amy, "first", JANE).await.session.id;
    let early = try_review(&world, &leo, &first, ReviewOutcome::Justified).await;
    problem(early, StatusCode::CONFLICT, ErrorCode::SessionStillRunning).await;
    world.end(&amy, &first).await;
    world.clock.advance_millis(1);
    let second = break_glass(&world, &amy, "second", JANE).await.session.id;
    world.end(&amy, &second).await;
    let rule = "no-break-glass-while-two-wait-for-review";
    assert_eq!(refused(&world, &amy, &emergency(JANE), rule).await.code, ErrorCode::Forbidden);

    world.stop_server().await;
    world.start_server().await;
    assert_eq!(waiting(&world, &leo).await, [first.clone(), second.clone()]);
    assert!(waiting(&world, &amy).await.is_empty() && waiting(&world, &ben).await.is_empty());
    refused(&world, &amy, &emergency(JANE), rule).await;
    let own = try_review(&world, &amy, &first, ReviewOutcome::Justified).await;
    problem(own, StatusCode::FORBIDDEN, ErrorCode::Forbidden).await;
    let by_hand = sqlx::query("UPDATE break_glass SET reviewed_by = staff").execute(&world.database().await).await;
    assert!(by_hand.is_err(), "nor does the database take it");
    let agents = try_review(&world, &ben, &first, ReviewOutcome::Justified).await;
    problem(agents, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
    for note in ["short", "asdf asdf asdf"] {
        let body = value!({ "outcome": "justified", "note": note });
        let answer = world.post(&leo, &format!("/v1/reviews/{first}")).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{note}");
    }
    assert_eq!(world.count_events("break_glass_reviewed").await, 0);

    let reviewed = review(&world, &leo, &first, ReviewOutcome::NotJustified).await;
    assert_eq!((reviewed.outcome, reviewed.note.as_deref()), (Some(ReviewOutcome::NotJustified), Some(NOTE)));
    assert_eq!((reviewed.reviewed_by_name.as_deref(), reviewed.overdue), (Some("Leo Brandt"), false));
    // Who looked first stands, whoever says what again.
    for again in [&leo, &sana] {
        assert_eq!(review(&world, again, &first, ReviewOutcome::Justified).await, reviewed);
    }
    assert_eq!(world.count_events("break_glass_reviewed").await, 1);
    let kinds = world.kinds(&amy, &first).await;
    assert_eq!(kinds, ["break_glass_used", "session_started", "session_ended", "break_glass_reviewed"]);
    assert_eq!(waiting(&world, &sana).await, std::slice::from_ref(&second));
    let news = &snapshot(&world, &sana).await.news[0];
    assert_eq!((news.kind.as_str(), news.by_name.as_deref()), ("break_glass_reviewed", Some("Leo Brandt")));
    break_glass(&world, &amy, "third", JANE).await;
}

#[tokio::test]
async fn a_leads_own_is_reviewed_by_a_peer_or_by_security() {
    let world = World::new().await;
    let (leo, sana) = (world.sign_in(LEO, 2).await, world.sign_in(SANA, 3).await);
    world.add_staff("lea@amberglass.example", Role::Lead).await;
    let lea = world.sign_in("lea@amberglass.example", 4).await;
    let mut ids = Vec::new();
    for key in ["first", "second"] {
        let id = break_glass(&world, &leo, key, JANE).await.session.id;
        world.end(&leo, &id).await;
        ids.push(id);
    }
    assert!(waiting(&world, &leo).await.is_empty());
    problem(
        try_review(&world, &leo, &ids[0], ReviewOutcome::Justified).await,
        StatusCode::FORBIDDEN,
        ErrorCode::Forbidden,
    )
    .await;
    for (by, id) in [(&lea, &ids[0]), (&sana, &ids[1])] {
        assert_eq!(review(&world, by, id, ReviewOutcome::Justified).await.outcome, Some(ReviewOutcome::Justified));
    }
}

#[tokio::test]
async fn a_review_that_nobody_made_in_a_day_is_overdue() {
    let world = World::new().await;
    let amy = world.amy().await;
    let id = break_glass(&world, &amy, "key", JANE).await.session.id;
    world.clock.advance_seconds(24 * 60 * 60 - 1);
    let leo = world.sign_in(LEO, 2).await;
    assert!(!snapshot(&world, &leo).await.reviews[0].overdue);
    world.clock.advance_seconds(1);
    assert!(snapshot(&world, &leo).await.reviews[0].overdue);
    assert!(!review(&world, &leo, &id, ReviewOutcome::Justified).await.overdue);
}

#[tokio::test]
async fn what_is_no_break_glass_is_not_reviewed() {
    let world = World::new().await;
    let (amy, leo) = (world.amy().await, world.sign_in(LEO, 2).await);
    let usual = world.start(&amy).await.session.id;
    world.end(&amy, &usual).await;
    for id in [usual, SessionId::new("unknown")] {
        let answer = try_review(&world, &leo, &id, ReviewOutcome::Justified).await;
        problem(answer, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
    }
}

#[tokio::test]
async fn neither_break_glass_nor_its_review_happens_off_the_record() {
    let world = World::new().await;
    let (amy, leo) = (world.amy().await, world.sign_in(LEO, 2).await);
    let id = break_glass(&world, &amy, "key-1", JANE).await.session.id;
    world.end(&amy, &id).await;
    world.break_the_audit_log().await;
    let start = world.try_start(&amy, "key-2", &emergency(JANE)).await;
    problem(start, StatusCode::SERVICE_UNAVAILABLE, ErrorCode::AuditUnavailable).await;
    let answer = try_review(&world, &leo, &id, ReviewOutcome::Justified).await;
    problem(answer, StatusCode::SERVICE_UNAVAILABLE, ErrorCode::AuditUnavailable).await;
    assert_eq!(waiting(&world, &leo).await, std::slice::from_ref(&id));
    world.repair_the_audit_log().await;
    review(&world, &leo, &id, ReviewOutcome::Justified).await;
    break_glass(&world, &amy, "key-2", JANE).await;
}

#[tokio::test]
async fn another_policy_decides_a_running_break_glass_again_by_its_own_action() {
    let mut world = World::new().await;
    let amy = world.amy().await;
    let sensitive = sensitive(&world);
    let id = break_glass(&world, &amy, "key", &sensitive).await.session.id;
    let (rules, schema) = (world.config.data_dir.join("rules"), world.config.data_dir.join("schema"));
    std::fs::write(&schema, SCHEMA).unwrap();
    let closed = "@id(\"closed\") forbid (principal, action == Action::\"break_glass\", resource);";
    for (more, state) in [("// Another one.", SessionState::Active), (closed, SessionState::Ended)] {
        world.stop_server().await;
        std::fs::write(&rules, format!("{RULES}\n{more}")).unwrap();
        world.config.policy = PolicyFiles { rules: Some(rules.clone()), schema: Some(schema.clone()) };
        world.start_server().await;
        assert_eq!(world.session(&amy, &id).await.state, state, "{more}");
    }
    assert_eq!(world.session(&amy, &id).await.ended_by, Some(EndedBy::PolicyChanged));
}

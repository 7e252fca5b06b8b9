//! What nobody can do to the queue of requests, and what it does not stand in the way of.

use amberglass_wire::{
    approval::{RequestResponse, RequestState, Verdict},
    auth::{Role, SnapshotResponse},
    problem::{ErrorCode, Problem},
    session::{EndedBy, Mode, SessionState, StartSessionRequest, StartSessionResponse},
};
use reqwest::{Response, StatusCode};

use crate::{
    asking::Asking,
    world::{Console, JANE, REASON, SANA, World, json, problem, start_request},
};

/// What needs an approval, for any customer.
async fn ask_to_write(asking: &mut Asking, customer: &str, key: &str) -> Response {
    asking.wish = StartSessionRequest { mode: Mode::ReadWrite, ..start_request(customer) };
    asking.try_ask(&asking.amy, key).await
}

async fn too_many(answer: Response, seconds: u32) {
    assert_eq!(answer.headers()["retry-after"], seconds.to_string().as_str());
    let told: Problem = problem(answer, StatusCode::TOO_MANY_REQUESTS, ErrorCode::TooManyRequests).await;
    assert_eq!(told.retry_after_seconds, Some(seconds));
}

#[tokio::test]
async fn one_agent_fills_nobodys_inbox() {
    let world = World::with(|config| {
        (config.limits.open_requests_per_staff, config.limits.requests_per_hour) = (2, 4);
    })
    .await;
    let mut asking = Asking::in_world(world).await;
    let first: RequestResponse = json(ask_to_write(&mut asking, JANE, "a").await, StatusCode::CREATED).await;
    asking.world.clock.advance_seconds(10);
    json::<RequestResponse>(ask_to_write(&mut asking, "1001", "b").await, StatusCode::CREATED).await;
    too_many(ask_to_write(&mut asking, "1077", "c").await, 30 * 60 - 10).await;
    // The same question is the one that is there.
    json::<RequestResponse>(ask_to_write(&mut asking, "1001", "again").await, StatusCode::OK).await;
    assert_eq!(asking.to_decide(&asking.leo).await.len(), 2);
    // Others have room, and so has who takes one back, but not without end.
    let others = asking.try_ask(&asking.sana, "others").await;
    json::<RequestResponse>(others, StatusCode::CREATED).await;
    asking.withdraw(&asking.amy, &first.id, None).await;
    for key in ["d", "e"] {
        let asked: RequestResponse = json(ask_to_write(&mut asking, JANE, key).await, StatusCode::CREATED).await;
        asking.withdraw(&asking.amy, &asked.id, None).await;
    }
    too_many(ask_to_write(&mut asking, JANE, "f").await, 60 * 60 - 10).await;
    assert_eq!(asking.world.count_events("approval_requested").await, 5);
}

async fn snapshot(world: &World, console: &Console) -> SnapshotResponse {
    json(world.get(console, "/v1/snapshot").send().await.unwrap(), StatusCode::OK).await
}

#[tokio::test]
async fn a_row_that_a_newer_version_wrote_keeps_nobody_from_their_work() {
    let world = World::with(|config| config.limits.request_seconds = 60).await;
    let asking = Asking::in_world(world).await;
    asking.ask().await;
    let start = asking.world.try_start(&asking.amy, "key", &start_request(JANE)).await;
    let session = json::<StartSessionResponse>(start, StatusCode::CREATED).await.session.id;
    asking.world.tamper(&["UPDATE requests SET mode = 'read_a_little'"]).await;
    assert!(snapshot(&asking.world, &asking.leo).await.to_decide.is_empty());
    assert!(snapshot(&asking.world, &asking.amy).await.requests.is_empty());
    // It is due as well, and can't be lapsed: what else is due is looked after all the same.
    asking.world.clock.advance_seconds(61);
    asking.world.until(&asking.amy, &session, SessionState::Frozen).await;
}

#[tokio::test]
async fn of_a_session_that_is_over_no_approval_is_taken_back() {
    let asking = Asking::new().await;
    let request = asking.ask().await;
    asking.decide(&asking.leo, &request, Verdict::Approve).await;
    let started: StartSessionResponse = json(asking.try_start("key", &request.id).await, StatusCode::CREATED).await;
    asking.world.end(&asking.amy, &started.session.id).await;
    let told: RequestResponse =
        json(asking.withdraw(&asking.leo, &request.id, Some(REASON)).await, StatusCode::OK).await;
    assert_eq!(told.state, RequestState::Used);
    let session = asking.world.session(&asking.amy, &started.session.id).await;
    assert_eq!(session.ended_by, Some(EndedBy::Staff));
    assert_eq!(asking.world.count_events("approval_withdrawn").await, 0);
}

#[tokio::test]
async fn what_security_asks_for_another_one_of_security_decides_and_is_told_of_at_once() {
    let asking = Asking::new().await;
    asking.world.add_staff("sven@amberglass.example", Role::Security).await;
    let sven = asking.world.sign_in("sven@amberglass.example", 9).await;
    let request: RequestResponse = json(asking.try_ask(&asking.sana, "ask").await, StatusCode::CREATED).await;
    assert!(asking.to_decide(&asking.leo).await.is_empty(), "a lead stands below");
    assert!(asking.to_decide(&asking.sana).await.is_empty(), "nobody decides about their own");
    let [waiting] = asking.to_decide(&sven).await.try_into().unwrap();
    assert!(waiting.next_level && waiting.may_decide);
    // Signed in as themself on another device it is still their own.
    let again = asking.world.sign_in(SANA, 12).await;
    let own = asking.decision(&again, &request, Verdict::Approve, request.asked);
    problem(asking.try_decide(&again, &own).await, StatusCode::FORBIDDEN, ErrorCode::Forbidden).await;
    assert_eq!(asking.decide(&sven, &request, Verdict::Approve).await.state, RequestState::Approved);
}

#[tokio::test]
async fn who_approves_never_approves_a_look_at_themself() {
    let mut asking = Asking::new().await;
    let jane = amberglass_demo_portal::data::customers(amberglass_domain::ports::Clock::now(&asking.world.clock).0)
        .into_values()
        .find(|customer| customer.id == JANE)
        .unwrap();
    // A lead who is a customer in private life, and somebody of security who looks after them.
    asking.world.add_staff(&jane.email.to_uppercase(), Role::Security).await;
    let herself = asking.world.sign_in(&jane.email, 9).await;
    asking.wish = StartSessionRequest { mode: Mode::ReadWrite, ..start_request(JANE) };
    let refused = asking.try_ask(&asking.amy, "ask").await;
    problem(refused, StatusCode::FORBIDDEN, ErrorCode::TargetIsStaff).await;
    // Of lower role when it was asked for: then she is made an approver, and still learns nothing of it.
    let accounts = &asking.world.server().state().accounts;
    accounts.set_role(&herself.tokens.staff.id, Role::Agent, false).await.unwrap();
    let request: RequestResponse = json(asking.try_ask(&asking.leo, "ask").await, StatusCode::CREATED).await;
    accounts.set_role(&herself.tokens.staff.id, Role::Security, false).await.unwrap();
    let herself = asking.world.sign_in(&jane.email, 10).await;
    assert!(asking.to_decide(&herself).await.is_empty());
    let decision = asking.decision(&herself, &request, Verdict::Approve, request.asked);
    problem(asking.try_decide(&herself, &decision).await, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
    assert_eq!(asking.to_decide(&asking.sana).await.len(), 1);
}

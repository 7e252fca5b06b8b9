//! What is told on the desktop about requests, reviews and sessions, and what is not: never what one has just done oneself.

use amberglass_app::{
    Command,
    view::{ActionKind, ConsoleView, Opens},
};
use amberglass_wire::{
    CustomerId, PortalId, RequestId,
    approval::{RequestResponse, RequestState, Scope, Verdict},
    break_glass::ReviewOutcome,
    event_stream::ServerEvent,
    session::{EndedBy, Mode, SessionState},
};

use crate::{
    approving::{titles, until_done, until_told},
    world::{World, reason},
};

const SCOPE: Scope = Scope { mode: Mode::ReadOnly, duration_seconds: 600, extensions: 0 };
const BEFORE: &str = "Barkside, as it was";
const SINCE: &str = "Barkside, as it is";

/// The server takes a snapshot, and its answer is long on the way.
async fn held_snapshot(world: &World) {
    world.server.with(|state| (state.portal_name, state.hold_snapshot) = (BEFORE.into(), true));
    world.server.push(ServerEvent::SnapshotChanged);
    world.until_true("the snapshot is taken", || !world.server.with(|state| state.hold_snapshot)).await;
    world.server.with(|state| state.portal_name = SINCE.into());
}

/// It arrives, and the next one after it. What the views said in between.
async fn arrived(world: &World) -> Vec<ConsoleView> {
    let seen = world.host.views.lock().unwrap().len();
    world.server.held_snapshot.notify_one();
    world.until("the next snapshot", |view| view.portals[0].name == SINCE).await;
    let views = world.host.views.lock().unwrap()[seen..].to_vec();
    assert!(views.iter().any(|view| view.portals[0].name == BEFORE), "the old one has arrived");
    views
}

async fn asked() -> World {
    let world = World::online().await;
    world.open_card("c1").await;
    world.handle.command(Command::AskApproval {
        portal: PortalId::new("barkside"),
        customer: CustomerId::new("c1"),
        reason: reason(),
        mode: Mode::ReadWrite,
        duration_seconds: 1_800,
    });
    assert_eq!(until_done(&world, ActionKind::AskApproval).await.error, None);
    world
}

#[tokio::test]
async fn a_decision_is_not_undone_by_a_snapshot_from_before_it() {
    let world = World::online().await;
    world.server.asks("request-7");
    until_told(&world, "Amy Lee asks for your approval").await;
    held_snapshot(&world).await;
    world.handle.command(Command::DecideRequest {
        request: RequestId::new("request-7"),
        verdict: Verdict::Approve,
        scope: SCOPE,
        comment: String::new(),
    });
    assert_eq!(until_done(&world, ActionKind::DecideRequest).await.error, None);
    let views = arrived(&world).await;
    assert!(views.iter().all(|view| view.inbox.to_decide.is_empty()), "it does not wait again");
    assert_eq!(titles(&world).len(), 1, "nor is it told again");
}

#[tokio::test]
async fn an_approval_is_not_told_to_who_has_withdrawn_the_request_meanwhile() {
    let world = asked().await;
    world.server.with(|state| state.requests[0].state = RequestState::Approved);
    held_snapshot(&world).await;
    world.handle.command(Command::WithdrawRequest { request: RequestId::new("request-1"), reason: None });
    assert_eq!(until_done(&world, ActionKind::WithdrawRequest).await.error, None);
    let views = arrived(&world).await;
    assert!(views.iter().all(|view| view.inbox.own[0].state == RequestState::Withdrawn));
    assert!(titles(&world).is_empty(), "{:?}", titles(&world));
}

#[tokio::test]
async fn a_review_is_not_undone_by_a_snapshot_from_before_it() {
    let world = World::online().await;
    let session = world.server.broke_glass(7);
    world.until("it waits", |view| view.inbox.reviews.len() == 1).await;
    held_snapshot(&world).await;
    let note = "She was on the phone with the animal hospital".to_owned();
    world.handle.command(Command::ReviewBreakGlass { session, outcome: ReviewOutcome::Justified, note });
    assert_eq!(until_done(&world, ActionKind::ReviewBreakGlass).await.error, None);
    let views = arrived(&world).await;
    assert!(views.iter().all(|view| view.inbox.reviews.is_empty()));
    assert_eq!(titles(&world).len(), 1);
}

#[tokio::test]
async fn an_approval_that_nobody_uses_is_told_before_it_lapses_and_once_it_has_lapsed() {
    let world = asked().await;
    world.server.answers("request-1", RequestState::Approved, Some(SCOPE));
    until_told(&world, "Leo Brandt approved your request").await;
    world.clock.advance_seconds(610);
    let soon = "Your approval lapses soon";
    world.until_in_time(soon, || titles(&world).iter().any(|told| told == soon)).await;
    world.pass_seconds(10).await;
    assert_eq!(titles(&world).len(), 2, "each once");
    world.server.with(|state| state.requests[0].state = RequestState::Lapsed);
    world.server.push(ServerEvent::SnapshotChanged);
    let told = until_told(&world, "Your request has lapsed").await;
    // The policy may have changed, or an account may be gone: the server does not say which.
    assert_eq!(told.body, "It does not hold any more. If you still need it, ask again.");
    assert_eq!(told.opens, Opens::Request { id: RequestId::new("request-1") });
}

#[tokio::test]
async fn a_request_that_was_withdrawn_elsewhere_is_told_without_saying_by_whom() {
    let world = asked().await;
    world.server.answers("request-1", RequestState::Approved, Some(SCOPE));
    until_told(&world, "Leo Brandt approved your request").await;
    world.server.with(|state| state.requests[0].state = RequestState::Withdrawn);
    world.server.push(ServerEvent::SnapshotChanged);
    let told = until_told(&world, "Your request was withdrawn").await;
    assert_eq!(told.body, "It does not hold any more. A session that had begun with it has ended.");
}

#[tokio::test]
async fn more_than_three_at_once_are_one_word_that_counts_all_that_wait() {
    let world = World::online().await;
    world.server.asks("request-1");
    until_told(&world, "Amy Lee asks for your approval").await;
    for number in 2..=5 {
        let request = world.server.a_request(&format!("request-{number}"), "staff-2");
        world.server.with(|state| state.to_decide.push(request));
    }
    world.server.push(ServerEvent::SnapshotChanged);
    let told = until_told(&world, "5 requests wait for your decision").await;
    assert_eq!((told.opens, titles(&world).len()), (Opens::Inbox {}, 2));
}

#[tokio::test]
async fn who_was_not_told_of_a_request_is_not_told_that_it_lapses() {
    let world = World::online().await;
    let of_others = RequestResponse { next_level: false, ..world.server.a_request("request-7", "staff-2") };
    world.server.with(|state| state.to_decide.push(of_others));
    world.server.asks("request-8");
    until_told(&world, "Amy Lee asks for your approval").await;
    world.clock.advance_seconds(1_510);
    let soon = || titles(&world).iter().filter(|told| *told == "Amy Lee's request lapses soon").count();
    world.until_in_time("the last word", || soon() > 0).await;
    world.pass_seconds(4).await;
    assert_eq!(soon(), 1);
}

#[tokio::test]
async fn a_session_that_somebody_else_ends_is_told_with_how_and_one_that_one_ends_oneself_is_not() {
    let world = World::in_session().await;
    let session = world.server.end(EndedBy::Lead);
    world.server.push(ServerEvent::SessionChanged { session, state: SessionState::Ended });
    let told = until_told(&world, "Session AG-7K3Q1 has ended").await;
    assert_eq!((told.body.as_str(), told.opens), ("It ended because somebody ended it.", Opens::Session {}));
    let world = World::in_session().await;
    world.handle.command(Command::EndSession {});
    world.until("it has ended", |view| view.ended.is_some()).await;
    assert!(titles(&world).is_empty());
}

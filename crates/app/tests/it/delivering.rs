//! What staff are told of delivery, and what "Try again" does.

use amberglass_app::{
    Command,
    host::HostEvent,
    view::{ConnectionView, ConsoleErrorCode, HoldView, NextDeliveryView, QueueView, RetryView, UiErrorCode},
};
use amberglass_domain::ports::{BackendError, Clock as _};
use amberglass_wire::{event_stream::ServerEvent, problem::ErrorCode};

use crate::{
    backend::{refused, unreachable},
    world::World,
};

/// A session that has ended; of its records some wait, because `error` is the answer to all that is tried.
async fn waiting(error: BackendError) -> World {
    let world = World::in_session().await;
    world.until("all is delivered", |view| view.queue.waiting == 0).await;
    world.server.fail_always("deliver", &error);
    world.handle.command(Command::EndSession {});
    world.until("ended", |view| view.ended.is_some() && view.queue.waiting > 0).await;
    world
}

async fn until_queue(world: &World, what: &str, condition: impl Fn(&QueueView) -> bool) -> QueueView {
    world.until(what, |view| condition(&view.queue)).await.queue
}

#[tokio::test]
async fn what_happens_next_is_told_and_trying_again_says_what_it_did() {
    let world = World::online().await;
    let queue = until_queue(&world, "nothing", |queue| queue.next == NextDeliveryView::Nothing {}).await;
    assert!(queue.free_disk_mebibytes.is_some_and(|free| free > 0) && queue.refusal.is_none());
    world.handle.command(Command::RetryDelivery {});
    until_queue(&world, "nothing to do", |queue| queue.retry == RetryView::NothingWaits {}).await;

    let world = waiting(unreachable()).await;
    let again = |queue: &QueueView| matches!(queue.next, NextDeliveryView::Again { .. });
    let queue = until_queue(&world, "it is tried again by itself", again).await;
    let NextDeliveryView::Again { at } = queue.next else { panic!("{queue:?}") };
    assert!((1..=1_000).contains(&at.since(world.clock.now())), "{at:?}");
    world.handle.command(Command::RetryDelivery {});
    until_queue(&world, "not taken", |queue| queue.retry == RetryView::NotTaken {} && queue.waiting > 0).await;
    let waiting = world.host.view().queue.waiting;
    world.server.mend("deliver");
    world.handle.command(Command::RetryDelivery {});
    let queue = until_queue(&world, "sent", |queue| queue.waiting == 0 && queue.retry != RetryView::Trying {}).await;
    assert_eq!(queue.retry, RetryView::Sent { records: waiting });
}

#[tokio::test]
async fn a_held_record_is_named_with_its_cause_and_let_go_only_when_it_is_asked_for() {
    let world = waiting(refused(ErrorCode::JournalFork)).await;
    let held = |queue: &QueueView| queue.next == NextDeliveryView::Held {} && queue.held == 1;
    let queue = until_queue(&world, "held", held).await;
    assert_eq!((queue.hold, queue.retry), (Some(HoldView::Fork), RetryView::Idle {}));
    world.handle.command(Command::RetryDelivery {});
    let queue = until_queue(&world, "held again", |queue| held(queue) && queue.retry == RetryView::NotTaken {}).await;
    assert_eq!(queue.hold, Some(HoldView::Fork));
    world.server.mend("deliver");
    world.handle.command(Command::RetryDelivery {});
    let sent = |queue: &QueueView| queue.held == 0 && matches!(queue.retry, RetryView::Sent { .. });
    let queue = until_queue(&world, "let go", sent).await;
    assert_eq!((queue.waiting, queue.hold), (0, None));
}

#[tokio::test]
async fn a_pause_that_the_server_asked_for_is_kept_and_said() {
    let asked = BackendError::NotOurs { status: 429, retry_after_seconds: Some(60) };
    let world = waiting(asked).await;
    let paused = |queue: &QueueView| matches!(queue.next, NextDeliveryView::AskedToWait { .. });
    let queue = until_queue(&world, "a pause", paused).await;
    assert_eq!(queue.next, NextDeliveryView::AskedToWait { until: world.clock.now().plus_seconds(60) });
    world.handle.command(Command::RetryDelivery {});
    let queue = until_queue(&world, "told", |queue| queue.retry == RetryView::AskedToWait {}).await;
    assert!(queue.waiting > 0);
}

#[tokio::test]
async fn a_device_that_is_not_accepted_is_said_to_wait_for_a_sign_in() {
    let world = waiting(refused(ErrorCode::DeviceRefused)).await;
    until_queue(&world, "a sign-in", |queue| matches!(queue.next, NextDeliveryView::SignInFirst { .. })).await;
}

#[tokio::test]
async fn what_keeps_a_session_from_starting_is_told_before_anybody_tries() {
    let world = World::online().await;
    world.server.with(|state| state.limits.min_free_disk_bytes = u64::MAX);
    world.server.push(ServerEvent::SnapshotChanged);
    let code = |queue: &QueueView| queue.refusal.as_ref().map(|error| error.code);
    let full = UiErrorCode::Console(ConsoleErrorCode::DiskTooFull);
    until_queue(&world, "no room", |queue| code(queue) == Some(full)).await;

    let world = waiting(refused(ErrorCode::Unavailable)).await;
    assert_eq!(code(&world.host.view().queue), None);
    world.server.with(|state| state.limits.max_unsent_age_seconds = 1);
    world.server.push(ServerEvent::SnapshotChanged);
    world.pass_seconds(3).await;
    let old = UiErrorCode::Console(ConsoleErrorCode::JournalTooOld);
    until_queue(&world, "too old", |queue| code(queue) == Some(old)).await;
}

#[tokio::test]
async fn a_machine_that_wakes_asks_at_once_and_delivers_what_waits() {
    let world = waiting(unreachable()).await;
    until_queue(&world, "a pause", |queue| matches!(queue.next, NextDeliveryView::Again { .. })).await;
    world.server.mend("deliver");
    world.handle.host_event(HostEvent::Awoke);
    until_queue(&world, "delivered without time passing", |queue| queue.waiting == 0).await;
}

#[tokio::test]
async fn an_end_asked_for_offline_is_told_beside_the_servers_own() {
    let world = World::in_session().await;
    world.server.set_online(false);
    world.clock.advance_seconds(5);
    world.until("offline", |view| matches!(view.connection, ConnectionView::Offline { .. })).await;
    let asked_at = world.clock.now();
    world.handle.command(Command::EndSession {});
    world.until_recorded("end_requested").await;
    world.server.end(amberglass_wire::session::EndedBy::Idle);
    world.server.set_online(true);
    world.clock.advance_seconds(2);
    let ended = world.until("the end screen", |view| view.ended.is_some()).await.ended.unwrap();
    assert_eq!(ended.asked_offline_at, Some(asked_at));
    assert_eq!(ended.session.ended_by, Some(amberglass_wire::session::EndedBy::Idle));

    let world = World::in_session().await;
    world.handle.command(Command::EndSession {});
    let ended = world.until("the end screen", |view| view.ended.is_some()).await.ended.unwrap();
    assert_eq!(ended.asked_offline_at, None);
}

//! Search, card, list, trail; and that nothing is shown twice.

use amberglass_app::{
    Command,
    view::{ConsoleErrorCode, NextDeliveryView, QueueView, UiErrorCode},
};
use amberglass_wire::{PortalId, problem::ErrorCode};

use crate::{
    backend::{refused, unreachable},
    world::World,
};

fn find(query: &str) -> Command {
    Command::FindCustomers { portal: PortalId::new("barkside"), query: query.into() }
}

#[tokio::test]
async fn an_answer_to_an_older_search_is_dropped() {
    let world = World::online().await;
    world.handle.command(find("slow"));
    world.until_true("the slow search", || !world.logged("find(slow)").is_empty()).await;
    world.handle.command(find("ada"));
    world.until("the newer answer", |view| view.find.customers.iter().any(|c| c.id.as_str() == "ada")).await;
    world.server.slow_search.notify_one();
    // A later command is answered after the stale reply has been taken.
    world.handle.command(Command::ListSessions {});
    world.open_card("c1").await;
    let find = world.host.view().find;
    assert_eq!((find.query.as_str(), find.customers[0].id.as_str(), find.searching), ("ada", "ada", false));
    let ever =
        world.host.views.lock().unwrap().iter().any(|v| v.find.customers.iter().any(|c| c.id.as_str() == "slow"));
    assert!(!ever);
}

#[tokio::test]
async fn a_failed_search_says_so_and_an_empty_one_asks_nobody() {
    let world = World::online().await;
    world.server.fail("find_customers", unreachable());
    world.handle.command(find("ada"));
    let view = world.until("the error", |view| view.find.error.is_some()).await;
    assert_eq!(view.find.error.unwrap().code, UiErrorCode::Console(ConsoleErrorCode::ServerUnreachable));
    world.handle.command(find("  "));
    world.until("cleared", |view| view.find.error.is_none() && !view.find.searching).await;
    assert_eq!(world.logged("find("), ["find(ada)"]);
}

#[tokio::test]
async fn a_card_that_can_not_be_loaded_still_says_whose_it_is() {
    let world = World::online().await;
    world.handle.command(find("c1"));
    world.until("the row", |view| !view.find.customers.is_empty()).await;
    world.server.fail("customer_card", refused(ErrorCode::PortalUnreachable));
    world.open_card("c1").await;
    let error = world.host.view().card.unwrap().error.unwrap();
    assert_eq!(
        (error.code, error.about),
        (UiErrorCode::Server(ErrorCode::PortalUnreachable), Some("Customer c1".into()))
    );
}

#[tokio::test]
async fn a_view_is_shown_only_when_something_has_changed() {
    let world = World::in_session().await;
    world.pass_seconds(3).await;
    let is_quiet = |queue: &QueueView| queue.waiting == 0 && queue.next == NextDeliveryView::Nothing {};
    world.until("all is delivered", |view| is_quiet(&view.queue)).await;
    let (views, windows) = (world.host.views.lock().unwrap().len(), world.host.windows.lock().unwrap().len());
    world.pass_seconds(10).await;
    assert_eq!(world.host.views.lock().unwrap().len(), views);
    assert_eq!(world.host.windows.lock().unwrap().len(), windows);
    world.handle.command(Command::RefreshView {});
    world.until_true("shown again", || world.host.views.lock().unwrap().len() == views + 1).await;
    let (first, last) = {
        let views = world.host.views.lock().unwrap();
        (views[views.len() - 2].session.clone().unwrap(), views[views.len() - 1].session.clone().unwrap())
    };
    assert!(last.remaining_millis < first.remaining_millis);
}

#[tokio::test]
async fn a_trail_joins_what_the_server_holds_with_what_still_waits_here() {
    let world = World::in_session().await;
    world.until("all is delivered", |view| view.queue.waiting == 0 && view.queue.last_synced_at.is_some()).await;
    for _ in 0..9 {
        world.server.fail("deliver", unreachable());
    }
    let recorder = world.host.recorder();
    let recorded =
        tokio::task::spawn_blocking(move || recorder.navigation("http://barkside.localhost:7401/reset?token=secret"));
    assert!(recorded.await.unwrap());
    world.handle.command(Command::OpenTrail { session: world.session() });
    let view = world.until("the trail", |view| view.trail.as_ref().is_some_and(|trail| !trail.loading)).await;
    let trail = view.trail.unwrap();
    assert!(trail.chain_whole && trail.checked_at.is_some() && trail.error.is_none());
    assert_eq!(trail.about.unwrap().id, world.session());
    let lines: Vec<_> = trail.events.iter().map(|e| (e.kind.as_str(), e.what.as_str(), e.unsent)).collect();
    assert_eq!(lines, [("window_opened", "", false), ("page_viewed", "/reset?token", true)]);
    world.handle.command(Command::CloseTrail {});
    world.until("closed", |view| view.trail.is_none()).await;
}

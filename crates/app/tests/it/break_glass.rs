//! Beginning at once, with a stated emergency.

use amberglass_app::{
    Command,
    view::{StartView, UiErrorCode},
};
use amberglass_wire::{problem::ErrorCode, session::Mode};

use crate::{
    backend::{customer, refused},
    fresh_sign_in::{asked, come_back},
    world::{World, reason},
};

const EMERGENCY: &str = "Her dog is in surgery and the record does not open";

fn break_glass(emergency: &str) -> Command {
    let customer = customer("c1");
    Command::BreakGlass {
        portal: customer.portal,
        customer: customer.id,
        reason: reason(),
        duration_seconds: 600,
        emergency: emergency.into(),
    }
}

#[tokio::test]
async fn break_glass_only_looks_and_the_bar_says_what_it_is() {
    let world = World::online().await;
    world.open_card("c1").await;
    world.handle.command(break_glass(EMERGENCY));
    world.show_portal().await;
    assert_eq!(world.server.with(|state| state.emergency.clone()).as_deref(), Some(EMERGENCY));
    let window = world.host.window().unwrap();
    assert_eq!((window.mode, window.break_glass), (Mode::ReadOnly, true));
    assert_eq!(window.extend.left, 0, "the server would not extend it");
    let session = world.until("it runs", |view| view.session.is_some()).await.session.unwrap();
    assert_eq!((session.mode, session.emergency.as_deref()), (Mode::ReadOnly, Some(EMERGENCY)));
    assert_eq!(world.logged("start("), ["start(recorded: true)"]);
}

#[tokio::test]
async fn an_emergency_that_says_nothing_asks_nobody() {
    let world = World::online().await;
    world.open_card("c1").await;
    world.handle.command(break_glass("now"));
    let (code, _) = world.until_failed().await;
    assert_eq!(code, UiErrorCode::Server(ErrorCode::ReasonTooShort));
    assert!(world.logged("start(").is_empty());
}

#[tokio::test]
async fn break_glass_follows_a_fresh_sign_in_with_what_was_stated() {
    let world = World::online().await;
    world.server.fail("start_session", refused(ErrorCode::FreshSignInRequired));
    world.open_card("c1").await;
    world.handle.command(break_glass(EMERGENCY));
    let (code, _) = world.until_failed().await;
    assert_eq!(code, UiErrorCode::Server(ErrorCode::FreshSignInRequired));
    let way = asked(&world).await;
    come_back(&way).await;
    world.show_portal().await;
    assert_eq!(world.server.with(|state| state.emergency.clone()).as_deref(), Some(EMERGENCY));
}

#[tokio::test]
async fn a_refusal_of_break_glass_names_its_rule() {
    let world = World::online().await;
    world.server.fail("start_session", refused(ErrorCode::Forbidden));
    world.open_card("c1").await;
    world.handle.command(break_glass(EMERGENCY));
    assert_eq!(world.until_failed().await, (UiErrorCode::Server(ErrorCode::Forbidden), Some("a-rule".into())));
    let view = world.host.view();
    assert!(matches!(view.card.unwrap().start, StartView::Failed { .. }) && view.session.is_none());
}

//! What a person sees of their own: what they looked at lately, and what is recorded about them.

use amberglass_app::{Command, view::ConsoleView};
use amberglass_tests::world::{JANE, World};

use crate::telling::until_delivered;

#[tokio::test]
async fn what_is_recorded_about_oneself_is_there_to_be_read_and_what_was_looked_at_is_offered_again() {
    let mut world = World::in_session(600).await;
    let page = world.visit("/invoices").await;
    assert_eq!(page.status, reqwest::StatusCode::OK);
    world.handle.command(Command::EndSession {});
    let offered = |view: &ConsoleView| view.recent.customers.first().is_some_and(|found| found.id.as_str() == JANE);
    world.until("offered again", |view| view.ended.is_some() && offered(view)).await;
    until_delivered(&world, "window_closed").await;

    world.handle.command(Command::LoadOwnRecord { more: false });
    let view = world.until("the record", |view| !view.own_record.events.is_empty() && !view.own_record.loading).await;
    let kinds: Vec<_> = view.own_record.events.iter().map(|event| event.kind.as_str()).collect();
    for kind in ["staff_signed_in", "card_viewed", "session_started", "page_viewed", "session_ended", "window_closed"] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    assert!(view.own_record.error.is_none() && !view.own_record.more);
    let newest_first = |view: &ConsoleView| {
        let places: Vec<_> = view.own_record.events.iter().map(|event| event.occurred_at).collect();
        places.windows(2).filter(|pair| pair[0] < pair[1]).count()
    };
    // Writers have clocks of their own; the order is that of the server's log, which here is one clock.
    assert_eq!(newest_first(&view), 0, "{kinds:?}");

    // Also at the next start.
    world.handle.host_event(amberglass_app::host::HostEvent::QuitRequested);
    world.handle.closed().await;
    world.start_console().await;
    world.until_signed_in().await;
    world.until("offered at the start", offered).await;
    assert!(world.host.view().unwrap().recovered.is_none(), "it ended well");
}

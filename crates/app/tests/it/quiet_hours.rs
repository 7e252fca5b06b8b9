//! Words on the desktop, held back in quiet hours.

use amberglass_app::{
    Command,
    view::{Opens, QuietHoursView},
};
use amberglass_domain::ports::Clock as _;
use amberglass_wire::{RequestId, approval::RequestState, event_stream::ServerEvent};

use crate::{
    approving::{titles, until_told},
    world::World,
};

/// Quiet from now, by the local time of an hour and a half ahead of UTC, for so many minutes.
async fn quiet_for(minutes: u32) -> World {
    let world = World::online().await;
    *world.host.utc_offset_seconds.lock().unwrap() = 5_400;
    let local = world.clock.now().plus_seconds(5_400).0.rem_euclid(86_400_000) / 60_000;
    let from_minutes = u32::try_from(local).unwrap();
    let until_minutes = (from_minutes + minutes) % 1_440;
    let quiet_hours = QuietHoursView { on: true, from_minutes, until_minutes, ..QuietHoursView::default() };
    let preferences = amberglass_app::view::PreferencesView { quiet_hours, ..world.host.view().preferences };
    world.handle.command(Command::SetPreferences { preferences });
    world.until("quiet", |view| view.preferences.quiet_hours == quiet_hours).await;
    world
}

#[tokio::test]
async fn words_wait_for_the_end_of_the_quiet_hours_and_are_told_in_one_while_break_glass_never_waits() {
    let world = quiet_for(5).await;
    world.server.asks("request-7");
    world.server.asks("request-8");
    world.until("they wait in the inbox", |view| view.inbox.to_decide.len() == 2).await;
    world.server.broke_glass(7);
    until_told(&world, "Break-glass: Amy Lee began without approval").await;
    assert_eq!(titles(&world).len(), 1, "nothing else is told");
    world.clock.advance_seconds(301);
    let over = "Your quiet hours are over";
    world.until_in_time(over, || titles(&world).iter().any(|told| told == over)).await;
    let told = until_told(&world, over).await;
    assert_eq!(told.body, "2 notices were held back. 2 requests and 1 review wait for you.");
    assert_eq!(told.opens, Opens::Inbox {});
    world.server.asks("request-9");
    until_told(&world, "Amy Lee asks for your approval").await;
}

#[tokio::test]
async fn quiet_hours_that_are_switched_off_are_over() {
    let world = quiet_for(60).await;
    world.server.asks("request-7");
    world.until("it waits in the inbox", |view| view.inbox.to_decide.len() == 1).await;
    let preferences = world.host.view().preferences;
    let quiet_hours = QuietHoursView { on: false, ..preferences.quiet_hours };
    world.handle.command(Command::SetPreferences {
        preferences: amberglass_app::view::PreferencesView { quiet_hours, ..preferences },
    });
    let told = until_told(&world, "Your quiet hours are over").await;
    assert_eq!(told.body, "1 notice was held back. 1 request waits for you.");
}

#[tokio::test]
async fn what_was_held_back_opens_where_it_leads_and_says_what_can_be_used() {
    let world = quiet_for(5).await;
    let request = world.server.a_request("request-1", "staff-1");
    world.server.with(|state| state.requests.push(request));
    world.server.push(ServerEvent::SnapshotChanged);
    world.until("it is known", |view| view.inbox.own.len() == 1).await;
    world.server.answers("request-1", RequestState::Approved, None);
    world.until("it is approved", |view| view.inbox.own[0].state == RequestState::Approved).await;
    world.clock.advance_seconds(301);
    let over = "Your quiet hours are over";
    world.until_in_time(over, || titles(&world).iter().any(|told| told == over)).await;
    let told = until_told(&world, over).await;
    assert_eq!(told.body, "1 notice was held back. What was approved for you can be used now.");
    assert_eq!(told.opens, Opens::Request { id: RequestId::new("request-1") });

    let world = quiet_for(5).await;
    world.server.tells("n1", "policy_changed", None);
    world.server.tells("n2", "portal_enabled", None);
    world.until("they are listed", |view| view.news.unread == 2).await;
    world.clock.advance_seconds(301);
    world.until_in_time(over, || titles(&world).iter().any(|told| told == over)).await;
    let told = until_told(&world, over).await;
    assert!(told.body.ends_with("held back. Open the news to read what is new."), "{}", told.body);
    assert_eq!(told.opens, Opens::News {});
}

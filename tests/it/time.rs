//! Sleep, wrong clocks, and nobody at the desk.

use amberglass_app::{Command, host::HostEvent, view::CurtainView};
use amberglass_tests::world::World;
use amberglass_wire::session::{EndedBy, SessionState};

use crate::telling::{count, ends, until_delivered};

#[tokio::test]
async fn a_laptop_that_slept_past_the_deadline_wakes_to_the_curtain_and_to_the_end() {
    let world = World::in_session(600).await;
    world.pass_seconds(2).await;
    let shown = world.host.windows().len();
    world.clock.advance_seconds(8 * 3600);
    world.handle.host_event(HostEvent::InputSeen { session: world.session() });
    world.until_window("the curtain", |view| view.curtain.is_some()).await;
    let after = world.host.windows().split_off(shown);
    let first = after.iter().position(|view| view.curtain.is_some()).unwrap();
    assert!(after[..first].iter().all(|view| view.remaining_millis > 0), "no page was shown out of its time");
    let view = world.pass_until("the end screen", 60, async || world.host.view().filter(|v| v.ended.is_some())).await;
    let ended = view.ended.unwrap().session;
    assert!(matches!(ended.ended_by, Some(EndedBy::Expired | EndedBy::ConsoleLost)), "{:?}", ended.ended_by);
    assert!(ended.ended_at <= ended.started_at.map(|at| at.plus_seconds(600)));
    assert_eq!(world.until_refused("/").await, "session-ended");
}

#[tokio::test]
async fn a_wall_clock_that_is_set_back_by_a_day_changes_nothing() {
    let world = World::in_session(60).await;
    world.pass_seconds(10).await;
    world.clock.set_wall(world.now().plus_seconds(-86_400));
    world.pass_seconds(30).await;
    let view = world.window_now().await;
    assert_eq!((view.curtain, view.remaining_millis), (None, 20_000));
    assert_eq!(world.row().await.state, SessionState::Active);
    world.pass_seconds(21).await;
    let over = |curtain: &CurtainView| matches!(curtain, CurtainView::Ended { ended_by: Some(EndedBy::Expired), .. });
    world.until_curtain("the deadline", over).await;
    let view = world.pass_until("the end screen", 10, async || world.host.view().filter(|v| v.ended.is_some())).await;
    assert_eq!(view.ended.unwrap().session.ended_by, Some(EndedBy::Expired));
}

#[tokio::test]
async fn nobody_at_the_desk_is_warned_for_a_minute_and_then_the_session_ends_for_it() {
    let world = World::configured(|config| config.limits.idle_seconds = 90).await;
    world.sign_in().await;
    world.start(600).await;
    world.pass_seconds(29).await;
    assert_eq!(world.window_now().await.idle_remaining_millis, None);
    world.pass_seconds(1).await;
    let view = world.until_window("the notice", |view| view.idle_remaining_millis.is_some()).await;
    assert_eq!(view.idle_remaining_millis, Some(60_000));
    world.handle.host_event(HostEvent::InputSeen { session: world.session() });
    world.until_window("the notice goes", |view| view.idle_remaining_millis.is_none()).await;
    world.pass_seconds(80).await;
    assert_eq!(world.row().await.state, SessionState::Active, "the input counted");
    let view = world.pass_until("the end screen", 20, async || world.host.view().filter(|v| v.ended.is_some())).await;
    assert_eq!(view.ended.unwrap().session.ended_by, Some(EndedBy::Idle));
    let log = until_delivered(&world, "window_closed").await;
    assert_eq!((ends(&log), count(&log, "end_requested")), (vec![EndedBy::Idle], 0));
}

#[tokio::test]
async fn offline_past_the_idle_limit_the_curtain_says_so_and_one_can_leave() {
    let world = World::configured(|config| config.limits.idle_seconds = 60).await;
    world.sign_in().await;
    world.start(600).await;
    world.pass_seconds(2).await;
    world.line.cut();
    world.pass_seconds_in_silence(58).await;
    let idle = |curtain: &CurtainView| matches!(curtain, CurtainView::Ended { ended_by: Some(EndedBy::Idle), .. });
    world.until_curtain("idle", idle).await;
    world.handle.host_event(HostEvent::CurtainEnd { session: world.session() });
    world.until("the end screen", |view| view.ended.is_some()).await;
    assert_eq!(world.host.closed(), [world.session()]);
    world.line.mend();
    let row = world
        .pass_until("the server's end", 130, async || {
            let row = world.row().await;
            (row.state == SessionState::Ended).then_some(row)
        })
        .await;
    // Whatever the server wrote is what the end screen says in the end.
    let told = world.pass_until("the server's word", 30, async || {
        world.host.view().filter(|view| {
            view.ended
                .as_ref()
                .is_some_and(|e| e.session.ended_by == row.ended_by && e.session.ended_at == row.ended_at)
        })
    });
    told.await;
    world.handle.command(Command::DismissEnd {});
    world.until("left", |view| view.ended.is_none()).await;
}

#[tokio::test]
async fn a_computer_whose_clock_is_a_day_wrong_works_and_its_records_say_which_time_it_showed() {
    for ahead in [86_400, -86_400] {
        let world = World::on_a_computer_ahead_by(ahead).await;
        world.sign_in().await;
        world.start(600).await;
        world.pass_seconds(10).await;
        let view = world.window_now().await;
        assert_eq!((view.curtain, view.remaining_millis), (None, 590_000), "{ahead}: the countdown is the server's");
        world.handle.command(Command::EndSession {});
        world.until("the end screen", |view| view.ended.is_some()).await;
        let log = until_delivered(&world, "window_closed").await;
        assert_eq!(ends(&log), [EndedBy::Staff]);
        for record in log.told_by_consoles() {
            let off = record.occurred_at.since(world.now()) / 1000;
            assert!((ahead - 60..=ahead).contains(&off), "{ahead}: {} says {off}", record.kind);
        }
    }
}

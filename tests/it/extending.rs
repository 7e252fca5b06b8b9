//! More time, through the bar and the server's rules.

use amberglass_app::{Command, view::UiErrorCode};
use amberglass_domain::ports::Backend as _;
use amberglass_tests::{
    staff::Staff,
    world::{PASSWORD, SANA, World},
    world_record::body,
};
use amberglass_wire::{audit::EventDetail, problem::ErrorCode, session::EndedBy};

use crate::telling::{count, ends, until_delivered};

const WHY: &str = "The invoice has more pages than expected";

async fn extend(world: &World) {
    world.handle.command(Command::OpenExtend {});
    world.until_window("the row", |view| view.extend.open).await;
    world.handle.command(Command::ExtendSession { text: WHY.into() });
}

#[tokio::test]
async fn an_extended_session_goes_on_past_its_first_deadline_and_its_reason_is_on_record() {
    let world = World::in_session(60).await;
    let first = world.row().await.expires_at;
    world.pass_seconds(30).await;
    extend(&world).await;
    let view = world.until_window("extended", |view| view.extend.number == 1 && !view.extend.open).await;
    assert_eq!(view.remaining_millis, 930_000);
    assert_eq!(world.row().await.expires_at, first.plus_seconds(900));
    world.pass_seconds(40).await;
    assert_eq!(world.window_now().await.curtain, None, "the first deadline is past");
    let log = until_delivered(&world, "window_opened").await;
    let extended: Vec<_> =
        log.of_server().into_iter().filter(|record| record.kind == "session_extended").map(body).collect();
    assert_eq!(extended.len(), 1);
    let EventDetail::SessionExtended { expires_at, reason, number } = &extended[0].detail else {
        panic!("{:?}", extended[0].detail)
    };
    assert_eq!((*expires_at, *number), (first.plus_seconds(900), 1));
    assert_eq!((reason.code.as_str(), reason.text.as_str()), ("other", WHY));
    // The second one is the last.
    extend(&world).await;
    let view = world.until_window("extended again", |view| view.extend.number == 2).await;
    assert_eq!((view.extend.left, view.extend.seconds), (0, 0));
}

#[tokio::test]
async fn an_extension_whose_answer_is_lost_is_one_extension() {
    let world = World::in_session(600).await;
    let first = world.row().await.expires_at;
    world.pass_seconds(4).await;
    world.line.lose_answers("POST /v1/sessions/", 1);
    extend(&world).await;
    world.until_window("extended", |view| view.extend.number == 1 && !view.extend.open).await;
    assert_eq!(world.line.lost(), 1);
    let row = world.row().await;
    assert_eq!((row.expires_at, row.extensions), (first.plus_seconds(900), 1));
    let log = until_delivered(&world, "window_opened").await;
    assert_eq!(count(&log, "session_extended"), 1);
}

#[tokio::test]
async fn an_emergency_stop_refuses_an_extension_by_ending_the_session() {
    let world = World::in_session(600).await;
    world.pass_seconds(2).await;
    let sana = Staff::sign_in(&world.api(), SANA, PASSWORD).await.unwrap();
    world.handle.command(Command::OpenExtend {});
    world.until_window("the row", |view| view.extend.open).await;
    sana.backend.emergency_stop(&sana.access, "An account is being abused right now").await.unwrap();
    world.handle.command(Command::ExtendSession { text: WHY.into() });
    let view = world.pass_until("the end screen", 5, async || world.host.view().filter(|v| v.ended.is_some())).await;
    assert_eq!(view.ended.unwrap().session.ended_by, Some(EndedBy::EmergencyStop));
    let log = until_delivered(&world, "window_closed").await;
    assert_eq!((ends(&log), count(&log, "session_extended")), (vec![EndedBy::EmergencyStop], 0));
    world.until("the banner", |view| view.emergency_stop.is_some()).await;
    // Nothing starts until it is lifted.
    world.ask_for_session(600).await;
    let refused = world.until("refused", |view| {
        matches!(view.card.as_ref().map(|card| &card.start), Some(amberglass_app::view::StartView::Failed { error })
            if error.code == UiErrorCode::Server(ErrorCode::EmergencyStopInForce))
    });
    refused.await;
    sana.backend.lift_emergency_stop(&sana.access).await.unwrap();
    world.pass_until("no banner", 5, async || world.host.view().filter(|v| v.emergency_stop.is_none())).await;
    world.start(600).await;
}

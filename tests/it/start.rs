//! The answer to a start gets lost after the server has committed it.

use amberglass_app::view::{ConnectionView, StartView};
use amberglass_tests::world::World;
use amberglass_wire::session::{EndedBy, SessionState};

use crate::telling::{count, ends, until_delivered};

const START: &str = "POST /v1/sessions ";

#[tokio::test]
async fn a_start_whose_answer_is_lost_enters_the_one_session_that_the_server_began() {
    let world = World::signed_in().await;
    world.line.lose_answers(START, 1);
    world.start(1800).await;
    assert_eq!(world.line.lost(), 1);
    let sessions = world.sessions().await;
    assert_eq!(sessions.len(), 1);
    assert_eq!((&sessions[0].id, sessions[0].state), (&world.session(), SessionState::Active));
    let log = until_delivered(&world, "window_opened").await;
    assert_eq!(
        (count(&log, "start_requested"), count(&log, "session_started"), count(&log, "session_entered")),
        (1, 1, 1)
    );
    world.pass_seconds(10).await;
    assert_eq!(world.window_now().await.curtain, None);
}

#[tokio::test]
async fn a_start_whose_answers_are_all_lost_is_said_to_have_failed_and_ended_at_the_server() {
    let world = World::signed_in().await;
    world.line.lose_answers(START, 2);
    world.ask_for_session(1800).await;
    until_start_failed(&world).await;
    assert_eq!(world.line.lost(), 2);
    assert_ended_unseen(&world).await;
}

#[tokio::test]
async fn a_start_that_the_network_swallows_is_ended_at_the_server_once_it_is_back() {
    let world = World::signed_in().await;
    world.line.cut_at_answer(START);
    world.ask_for_session(1800).await;
    until_start_failed(&world).await;
    assert_eq!(world.line.lost(), 1);
    let sessions = world.sessions().await;
    assert_eq!((sessions.len(), sessions[0].state), (1, SessionState::Active), "the server knows of no trouble yet");
    world.line.mend();
    assert_ended_unseen(&world).await;
    // And nothing is in the way of the next one.
    world.start(1800).await;
    assert_eq!(world.row().await.state, SessionState::Active);
}

#[tokio::test]
async fn a_start_that_is_tried_again_is_not_taken_for_what_the_first_one_left_behind() {
    let world = World::signed_in().await;
    // The clock stands, so that the console does not notice what happens to the line.
    world.open_card().await;
    world.line.cut();
    world.click_start(1800);
    until_start_failed(&world).await;
    world.line.mend();
    // The same customer for the same reason. With its first heartbeat the console looks for what the first start left.
    world.start(1800).await;
    world.pass_seconds(6).await;
    assert_eq!((world.window_now().await.curtain, world.row().await.state), (None, SessionState::Active));
    let log = world.audit_log().await;
    assert_eq!((count(&log, "session_started"), ends(&log)), (1, vec![]));
}

#[tokio::test]
async fn a_session_can_start_as_soon_as_the_console_says_that_it_is_online_again() {
    let world = World::signed_in().await;
    world.line.cut();
    // Long enough for the pauses between attempts to have grown.
    for _ in 0..24 {
        world.clock.advance_seconds(1);
        world.console_now().await;
    }
    world.until("offline", |view| matches!(view.connection, ConnectionView::Offline { .. })).await;
    world.line.mend();
    world
        .pass_until("online", 3, async || world.host.view().filter(|view| view.connection == ConnectionView::Online {}))
        .await;
    let online_at = world.now();
    world.start(1800).await;
    let waited = world.now().since(online_at);
    assert!(waited <= 2_000, "{waited} ms");
}

async fn until_start_failed(world: &World) {
    world
        .until("the start to fail", |view| {
            matches!(view.card.as_ref().map(|card| &card.start), Some(StartView::Failed { .. }))
        })
        .await;
}

async fn assert_ended_unseen(world: &World) {
    let ended = world
        .pass_until("the end of what was begun", 10, async || {
            let sessions = world.sessions().await;
            assert_eq!(sessions.len(), 1);
            (sessions[0].state == SessionState::Ended).then(|| sessions[0].clone())
        })
        .await;
    assert_eq!((ended.ended_by, ended.entered_at), (Some(EndedBy::Staff), None));
    assert!(world.host.opened().is_empty(), "a window was opened");
    let log = until_delivered(world, "start_requested").await;
    assert_eq!((count(&log, "session_started"), ends(&log)), (1, vec![EndedBy::Staff]));
}

//! What is refused until the person has signed in again is done afterwards, by itself, as it was asked for.

use amberglass_app::{
    Command,
    view::{ActionKind, ConsoleErrorCode, ConsoleView, FreshSignInView, SignInView, StartView, UiErrorCode},
};
use amberglass_domain::ports::KeychainEntry;
use amberglass_wire::{
    StaffId, auth::EmergencyStopResponse, auth::RightsResponse, event_stream::ServerEvent, problem::ErrorCode,
};

use crate::{
    backend::refused,
    sign_in::{browsed, get, parameter},
    world::World,
};

/// A start that was refused for want of a fresh sign-in, its card open.
async fn refused_start() -> World {
    let world = World::online().await;
    world.server.fail("start_session", refused(ErrorCode::FreshSignInRequired));
    world.start("c1").await;
    let (code, _) = world.until_failed().await;
    assert_eq!(code, UiErrorCode::Server(ErrorCode::FreshSignInRequired));
    world
}

/// The browser is asked; gives where it has to lead back to.
pub async fn asked(world: &World) -> String {
    world.host.browsed.lock().unwrap().clear();
    world.handle.command(Command::SignInAgain {});
    let address = browsed(world).await;
    assert_eq!(parameter(&address, "prompt"), "login");
    world.server.with(|state| state.challenge = Some(parameter(&address, "code_challenge")));
    world.until("waiting", |view| matches!(view.fresh_sign_in, FreshSignInView::WaitingForBrowser { .. })).await;
    format!("{}?code=c1&state={}", parameter(&address, "redirect_uri"), parameter(&address, "state"))
}

/// The person has done what the browser asked for.
pub async fn come_back(way: &str) -> String {
    let (redirect, query) = way.split_once('?').unwrap();
    get(redirect, &format!("/callback?{query}")).await
}

/// The access token with which the line to the server is open.
fn stream_of(world: &World) -> Option<String> {
    world.server.with(|state| state.stream.as_ref().map(|(access, _)| access.clone()))
}

async fn until_idle(world: &World) -> ConsoleView {
    world.until("no sign-in under way", |view| view.fresh_sign_in == FreshSignInView::Idle {}).await
}

async fn until_told(world: &World, code: ConsoleErrorCode) {
    let told = |view: &ConsoleView| matches!(&view.fresh_sign_in, FreshSignInView::Failed { error } if error.code == UiErrorCode::Console(code));
    let view = world.until("told", told).await;
    assert!(matches!(view.sign_in, SignInView::SignedIn { .. }), "{:?}", view.sign_in);
}

#[tokio::test]
async fn a_start_that_wants_a_fresh_sign_in_goes_on_by_itself_after_it() {
    let world = refused_start().await;
    let way = asked(&world).await;
    assert!(matches!(world.host.view().sign_in, SignInView::SignedIn { .. }), "nobody is signed out for it");
    come_back(&way).await;
    world.show_portal().await;
    assert_eq!(world.logged("start(").len(), 2);
    let view = until_idle(&world).await;
    assert_eq!(view.session.unwrap().reason.text, "Customer cannot find the invoice");
    // What the next start of the program signs in with is the new one.
    assert_eq!(world.keychain.get(KeychainEntry::RefreshToken).as_deref(), Some("refresh-2"));
    assert_eq!(world.server.with(|state| state.refresh_token.clone()), "refresh-2");
    // The line is that of the new sign-in.
    world.until_true("line of the new sign-in", || stream_of(&world).as_deref() == Some("access-2")).await;
    world.pass_seconds(2).await;
    assert!(matches!(world.host.view().sign_in, SignInView::SignedIn { .. }));
}

#[tokio::test]
async fn an_act_that_wants_a_fresh_sign_in_is_done_after_it() {
    let rights = RightsResponse {
        end_any: true,
        read_audit: true,
        emergency_stop: true,
        manage_devices: true,
        see_alarms: true,
        approve: false,
    };
    let stop = EmergencyStopResponse {
        reason: "An account is being abused".into(),
        stopped_by_name: Some("Sana".into()),
        stopped_at: amberglass_wire::UnixMillis(0),
    };
    let world = World::online_with(|_, server, _| {
        server.with(|state| (state.rights, state.emergency_stop) = (rights, Some(stop)));
    })
    .await;
    world.server.fail("lift_emergency_stop", refused(ErrorCode::FreshSignInRequired));
    world.handle.command(Command::LiftEmergencyStop {});
    world.until("refused", |view| view.action.as_ref().is_some_and(|action| action.error.is_some())).await;
    let way = asked(&world).await;
    come_back(&way).await;
    let done = |view: &ConsoleView| {
        view.action.as_ref().is_some_and(|a| a.kind == ActionKind::LiftEmergencyStop && !a.busy && a.error.is_none())
    };
    let view = world.until("lifted", done).await;
    assert_eq!(view.emergency_stop, None);
}

#[tokio::test]
async fn somebody_elses_sign_in_is_not_taken_and_leaves_the_first_one_alone() {
    let world = refused_start().await;
    let kept = world.keychain.get(KeychainEntry::RefreshToken);
    let way = asked(&world).await;
    world.server.with(|state| state.other_staff = Some(StaffId::new("staff-2")));
    come_back(&way).await;
    until_told(&world, ConsoleErrorCode::SignInOfSomebodyElse).await;
    assert_eq!(world.logged("sign_out").len(), 1, "their tokens are given back");
    assert_eq!(world.keychain.get(KeychainEntry::RefreshToken), kept);
    assert_eq!(world.logged("start(").len(), 1);
    // Once more, as oneself.
    let way = asked(&world).await;
    come_back(&way).await;
    world.show_portal().await;
}

#[tokio::test]
async fn whoever_gives_up_or_lets_it_time_out_stays_signed_in_and_may_sign_in_later() {
    let world = refused_start().await;
    let way = asked(&world).await;
    world.handle.command(Command::CancelSignIn {});
    until_idle(&world).await;
    assert_eq!(come_back(&way).await, "", "nothing listens any more");
    let way = asked(&world).await;
    world.clock.advance_seconds(301);
    until_told(&world, ConsoleErrorCode::SignInTimedOut).await;
    assert_eq!(come_back(&way).await, "");
    world.until_online().await;
    world.server.beat();
    let way = asked(&world).await;
    come_back(&way).await;
    world.show_portal().await;
}

#[tokio::test]
async fn nothing_follows_for_whoever_has_turned_away_meanwhile() {
    let world = refused_start().await;
    let way = asked(&world).await;
    world.handle.command(Command::CloseCard {});
    until_idle(&world).await;
    assert_eq!(come_back(&way).await, "");
    world.host.browsed.lock().unwrap().clear();
    world.handle.command(Command::SignInAgain {});
    world.open_card("c2").await;
    assert!(world.host.browsed.lock().unwrap().is_empty(), "there is nothing to sign in for");
    assert!(matches!(world.host.view().card.unwrap().start, StartView::Idle {}));
    assert_eq!(world.logged("start(").len(), 1);
}

#[tokio::test]
async fn the_word_that_the_old_sign_in_is_over_does_not_end_the_new_one() {
    let world = refused_start().await;
    let way = asked(&world).await;
    // The server has replaced the sign-in already and says so, before the console has its answer.
    let renewals = world.server.with(|state| state.refreshes);
    world.server.fail("token", refused(ErrorCode::NotSignedIn));
    world.server.push(ServerEvent::SignedOut);
    world.until_true("the renewal was refused", || world.server.is_spent("token")).await;
    assert_eq!(world.server.with(|state| state.refreshes), renewals);
    come_back(&way).await;
    world.show_portal().await;
    let views = world.host.views.lock().unwrap();
    assert!(
        views
            .iter()
            .rev()
            .take_while(|view| view.card.is_some())
            .all(|view| matches!(view.sign_in, SignInView::SignedIn { .. }))
    );
}

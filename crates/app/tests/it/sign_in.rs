//! Keyring, browser, tokens.

use amberglass_app::{
    Command,
    host::HostEvent,
    view::{ConsoleErrorCode, SignInView, UiErrorCode},
};
use amberglass_domain::ports::{KeychainEntry, KeychainError};
use amberglass_wire::problem::ErrorCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use url::Url;

use crate::{
    backend::{refused, unreachable},
    world::World,
};

async fn signed_out(world: &World) -> Option<UiErrorCode> {
    let view = world.until("signed out", |view| matches!(view.sign_in, SignInView::SignedOut { .. })).await;
    match view.sign_in {
        SignInView::SignedOut { error } => error.map(|error| error.code),
        other => panic!("{other:?}"),
    }
}

/// Where the browser was sent.
pub async fn browsed(world: &World) -> Url {
    world.until_true("the browser", || !world.host.browsed.lock().unwrap().is_empty()).await;
    Url::parse(world.host.browsed.lock().unwrap().last().unwrap()).unwrap()
}

pub fn parameter(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).unwrap_or_else(|| panic!("no {name}")).1.into_owned()
}

/// What a browser would get; empty when nobody listens any more.
pub async fn get(redirect_uri: &str, path_and_query: &str) -> String {
    let url = Url::parse(redirect_uri).unwrap();
    let Ok(mut stream) = tokio::net::TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).await else {
        return String::new();
    };
    let request = format!("GET {path_and_query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    let mut answer = String::new();
    // One that stops listening just now resets the connection: nobody listens any more.
    if stream.write_all(request.as_bytes()).await.is_err() || stream.read_to_string(&mut answer).await.is_err() {
        return String::new();
    }
    answer
}

#[tokio::test]
async fn a_first_sign_in_goes_through_the_browser_and_fills_the_keyring() {
    let world = World::fresh(|_, _, _| {});
    assert_eq!(signed_out(&world).await, None);
    world.handle.command(Command::SignIn {});
    let asked = browsed(&world).await;
    assert_eq!(parameter(&asked, "code_challenge_method"), "S256");
    world.server.with(|state| state.challenge = Some(parameter(&asked, "code_challenge")));
    let (redirect, state) = (parameter(&asked, "redirect_uri"), parameter(&asked, "state"));
    assert!(redirect.starts_with("http://127.0.0.1:") && redirect.ends_with("/callback"), "{redirect}");
    assert!(get(&redirect, "/favicon.ico").await.starts_with("HTTP/1.1 404"));
    let answer = get(&redirect, &format!("/callback?code=c1&state={state}")).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("You can close this tab"), "{answer}");
    world.until("signed in", |view| matches!(view.sign_in, SignInView::SignedIn { .. })).await;
    assert_eq!(get(&redirect, &format!("/callback?code=c1&state={state}")).await, "", "nothing listens any more");
    let kept =
        [KeychainEntry::DeviceKey, KeychainEntry::DeviceId, KeychainEntry::JournalKey, KeychainEntry::RefreshToken];
    for entry in kept {
        assert!(world.keychain.get(entry).is_some(), "{entry:?}");
    }
    world.until_true("the journal", || world.data_dir().join("journal-device-1.sqlite").exists()).await;
}

#[tokio::test]
async fn an_answer_with_another_state_signs_nobody_in() {
    let world = World::fresh(|_, _, _| {});
    signed_out(&world).await;
    world.handle.command(Command::SignIn {});
    let redirect = parameter(&browsed(&world).await, "redirect_uri");
    let answer = get(&redirect, "/callback?code=c1&state=guessed").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    let code = world.until("refused", |view| matches!(view.sign_in, SignInView::SignedOut { error: Some(_) })).await;
    assert!(matches!(code.sign_in, SignInView::SignedOut { error: Some(error) }
        if error.code == UiErrorCode::Console(ConsoleErrorCode::SignInAnswerForeign)));
    assert_eq!(world.keychain.get(KeychainEntry::RefreshToken), None);
}

#[tokio::test]
async fn the_browser_has_five_minutes_and_can_be_given_up() {
    let world = World::fresh(|_, _, _| {});
    signed_out(&world).await;
    world.handle.command(Command::SignIn {});
    browsed(&world).await;
    world.until("waiting", |view| matches!(view.sign_in, SignInView::WaitingForBrowser { .. })).await;
    world.handle.command(Command::CancelSignIn {});
    assert_eq!(signed_out(&world).await, Some(UiErrorCode::Console(ConsoleErrorCode::SignInCancelled)));
    world.host.browsed.lock().unwrap().clear();
    world.handle.command(Command::SignIn {});
    browsed(&world).await;
    world.until("waiting", |view| matches!(view.sign_in, SignInView::WaitingForBrowser { .. })).await;
    world.clock.advance_seconds(301);
    assert_eq!(signed_out(&world).await, Some(UiErrorCode::Console(ConsoleErrorCode::SignInTimedOut)));
}

#[tokio::test]
async fn without_a_browser_one_is_told_so() {
    let world = World::fresh(|_, _, _| {});
    *world.host.no_browser.lock().unwrap() = true;
    signed_out(&world).await;
    world.handle.command(Command::SignIn {});
    world
        .until("refused", |view| {
            matches!(&view.sign_in, SignInView::SignedOut { error: Some(error) }
        if error.code == UiErrorCode::Console(ConsoleErrorCode::BrowserNotOpened))
        })
        .await;
}

#[tokio::test]
async fn without_a_keyring_nobody_signs_in_until_there_is_one() {
    for (trouble, code) in [
        (KeychainError::Missing { detail: "none".into() }, ConsoleErrorCode::KeyringMissing),
        (KeychainError::Locked, ConsoleErrorCode::KeyringLocked),
        (KeychainError::Failed { detail: "broken".into() }, ConsoleErrorCode::KeyringFailed),
    ] {
        let world = World::known(|keychain, _, _| keychain.fail(Some(trouble)));
        world
            .until("blocked", |view| {
                matches!(&view.sign_in, SignInView::Blocked { error }
            if error.code == UiErrorCode::Console(code))
            })
            .await;
        world.keychain.fail(None);
        world.handle.command(Command::SignIn {});
        world.until("signed in", |view| matches!(view.sign_in, SignInView::SignedIn { .. })).await;
    }
}

#[tokio::test]
async fn a_token_that_no_longer_holds_leads_to_the_sign_in_screen() {
    let world = World::known(|_, server, _| server.fail("token", refused(ErrorCode::NotSignedIn)));
    assert_eq!(signed_out(&world).await, Some(UiErrorCode::Server(ErrorCode::NotSignedIn)));
    world.until_true("forgotten", || world.keychain.get(KeychainEntry::RefreshToken).is_none()).await;
}

#[tokio::test]
async fn a_link_outlives_a_sign_in_that_is_refused_and_goes_with_a_sign_out() {
    let link = HostEvent::LinkOpened { address: "amberglass://start?customer=1042".to_owned() };
    let world = World::known(|_, server, _| server.fail("token", refused(ErrorCode::NotSignedIn)));
    world.handle.host_event(link.clone());
    assert_eq!(signed_out(&world).await, Some(UiErrorCode::Server(ErrorCode::NotSignedIn)));
    assert!(world.host.view().focus.is_some());

    let world = World::online().await;
    world.handle.host_event(link);
    world.until("the link", |view| view.focus.is_some()).await;
    world.handle.command(Command::SignOut {});
    signed_out(&world).await;
    assert!(world.host.view().focus.is_none());
}

#[tokio::test]
async fn a_server_that_is_away_at_the_start_is_tried_again_and_the_token_kept() {
    let world = World::known(|_, server, _| server.fail("token", unreachable()));
    assert_eq!(signed_out(&world).await, Some(UiErrorCode::Console(ConsoleErrorCode::ServerUnreachable)));
    assert_eq!(world.keychain.get(KeychainEntry::RefreshToken).as_deref(), Some("refresh-0"));
    world.clock.advance_seconds(2);
    world.until("signed in", |view| matches!(view.sign_in, SignInView::SignedIn { .. })).await;
    assert_eq!(world.keychain.get(KeychainEntry::RefreshToken).as_deref(), Some("refresh-1"));
}

#[tokio::test]
async fn tokens_are_renewed_before_they_end_and_rotated_in_the_keyring() {
    let world = World::online().await;
    assert_eq!(world.keychain.get(KeychainEntry::RefreshToken).as_deref(), Some("refresh-1"));
    world.clock.advance_seconds(539);
    assert_eq!(world.server.with(|state| state.refreshes), 1);
    world.clock.advance_seconds(1);
    world
        .until_true("renewed", || world.keychain.get(KeychainEntry::RefreshToken).as_deref() == Some("refresh-2"))
        .await;
}

#[tokio::test]
async fn signing_out_ends_the_session_first_and_forgets_the_token() {
    let world = World::in_session().await;
    world.handle.command(Command::SignOut {});
    assert_eq!(signed_out(&world).await, None);
    world.until_true("told", || !world.logged("sign_out").is_empty()).await;
    let log = world.log.lock().unwrap().clone();
    let place = |prefix: &str| log.iter().position(|line| line.starts_with(prefix)).unwrap();
    assert!(place("end(session-1") < place("sign_out"), "{log:?}");
    world.until_true("forgotten", || world.keychain.get(KeychainEntry::RefreshToken).is_none()).await;
    let view = world.host.view();
    assert!(view.portals.is_empty() && view.card.is_none() && view.session.is_none());
}

#[tokio::test]
async fn quitting_ends_the_controller() {
    let world = World::online().await;
    world.handle.host_event(HostEvent::QuitRequested);
    tokio::time::timeout(crate::world::LIMIT, world.handle.closed()).await.unwrap();
}

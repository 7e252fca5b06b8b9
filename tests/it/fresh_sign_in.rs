//! A start that wants to know that the person is there, where the policy lets them write at once.

use amberglass_app::{
    Command,
    view::{FreshSignInView, SignInView, StartView, UiErrorCode},
};
use amberglass_server::config::PolicyFiles;
use amberglass_tests::world::World;
use amberglass_wire::{
    problem::ErrorCode,
    session::{Mode, SessionState},
};

use crate::telling::{count, until_delivered};

/// Amy signed in six minutes ago, and asks for a session in which she can write.
async fn refused() -> World {
    let world = World::configured(|config| {
        std::fs::create_dir_all(&config.data_dir).unwrap();
        let (rules, schema) = (config.data_dir.join("rules"), config.data_dir.join("schema"));
        let writes = "@id(\"agents-write\") permit (principal, action == Action::\"start\", resource)\
                      when { context.mode == \"read_write\" };";
        let default = include_str!("../../policies/default.cedar");
        std::fs::write(&rules, format!("{default}\n{writes}")).unwrap();
        std::fs::write(&schema, include_str!("../../policies/schema.cedarschema")).unwrap();
        config.policy = PolicyFiles { rules: Some(rules), schema: Some(schema) };
    })
    .await;
    world.sign_in().await;
    for _ in 0..6 {
        world.clock.advance_seconds(60);
        world.console_now().await;
    }
    world
        .pass_until("online again", 30, async || {
            let view = world.host.view()?;
            (view.connection == amberglass_app::view::ConnectionView::Online {}).then_some(())
        })
        .await;
    world.ask_for_session_in(Mode::ReadWrite, 1800).await;
    world
        .until("the refusal", |view| {
            let start = view.card.as_ref().map(|card| &card.start);
            matches!(start, Some(StartView::Failed { error }) if error.code == UiErrorCode::Server(ErrorCode::FreshSignInRequired))
        })
        .await;
    world
}

#[tokio::test]
async fn a_refused_start_goes_on_by_itself_after_a_fresh_sign_in() {
    let mut world = refused().await;
    assert!(world.sessions().await.is_empty());
    world.handle.command(Command::SignInAgain {});
    world.until_true("the window", || !world.host.opened().is_empty()).await;
    world.show_first_page().await;
    let row = world.row().await;
    assert_eq!((row.state, row.mode), (SessionState::Active, Mode::ReadWrite));
    assert_eq!(world.host.view().unwrap().fresh_sign_in, FreshSignInView::Idle {});
    // The session lives on the new sign-in.
    world.pass_seconds(20).await;
    assert_eq!(world.window_now().await.curtain, None);
    let shown = world.host.views();
    let from = shown.iter().position(|view| matches!(view.sign_in, SignInView::SignedIn { .. })).unwrap();
    assert!(shown[from..].iter().all(|view| matches!(view.sign_in, SignInView::SignedIn { .. })), "never signed out");
    let log = until_delivered(&world, "window_opened").await;
    assert_eq!(
        (count(&log, "start_requested"), count(&log, "session_started"), count(&log, "staff_signed_in")),
        (2, 1, 2)
    );
    // And so does the next start of the program.
    world.start_console().await;
    world.until_signed_in().await;
}

#[tokio::test]
async fn a_wrong_password_leaves_the_first_sign_in_as_it_was() {
    let world = refused().await;
    world.host.mistype_next();
    world.handle.command(Command::SignInAgain {});
    world.until_true("the browser's page", || world.host.pages().len() == 2).await;
    let page = world.host.pages().pop().unwrap();
    assert!(page.contains("E-mail or password is wrong. Nobody was signed in."), "{page}");
    world.handle.command(Command::CancelSignIn {});
    world.until("given up", |view| view.fresh_sign_in == FreshSignInView::Idle {}).await;
    assert!(matches!(world.host.view().unwrap().sign_in, SignInView::SignedIn { .. }));
    assert!(world.sessions().await.is_empty());
    world.handle.command(Command::SignInAgain {});
    world.until_true("the window", || !world.host.opened().is_empty()).await;
    world.show_first_page().await;
}

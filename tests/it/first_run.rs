//! A console that knows no server yet.

use amberglass_app::{
    Command,
    preferences::PreferenceStore as _,
    view::{ConsoleErrorCode, KeyringView, SignInView, UiErrorCode},
};
use amberglass_tests::world::World;
use amberglass_wire::auth::SignInMethod;

fn set_server(address: impl Into<String>) -> Command {
    Command::SetServer { address: address.into() }
}

async fn until_looked(world: &World) -> Option<UiErrorCode> {
    let view = world.until("an answer", |view| {
        !view.first_run.checking && (view.first_run.found.is_some() || view.first_run.error.is_some())
    });
    view.await.first_run.error.map(|error| error.code)
}

#[tokio::test]
async fn a_new_person_chooses_the_server_reads_the_notice_and_signs_in() {
    let world = World::first_run().await;
    let view = world.until("the key store", |view| view.first_run.keyring == KeyringView::Usable {}).await;
    assert!(view.first_run.needed && view.first_run.found.is_none());
    world.until("the sign-in", |view| matches!(view.sign_in, SignInView::SignedOut { .. })).await;

    world.line.cut();
    world.handle.command(set_server(world.line.address.to_string()));
    world.until("looking", |view| view.first_run.checking || view.first_run.error.is_some()).await;
    assert_eq!(until_looked(&world).await, Some(UiErrorCode::Console(ConsoleErrorCode::ServerUnreachable)));
    world.line.mend();
    // The gateway answers there, and is no API.
    world.handle.command(set_server(world.server().gateway.to_string()));
    world.until("the gateway", |view| view.first_run.address == world.server().gateway.to_string()).await;
    assert_eq!(until_looked(&world).await, Some(UiErrorCode::Console(ConsoleErrorCode::NotAnAmberglassServer)));
    assert_eq!(world.preferences.read().server, None);

    world.handle.command(set_server(world.line.address.to_string()));
    let view = world.until("the server", |view| view.first_run.found.is_some()).await;
    let found = view.first_run.found.unwrap();
    assert_eq!((found.product.as_str(), found.sign_in, found.demo), ("amberglass", SignInMethod::Password, true));
    assert!(view.first_run.needed);
    world.handle.command(Command::AcceptNotice {});
    world.until("settled", |view| !view.first_run.needed).await;
    assert_eq!(world.host.restarts(), 0);
    world.sign_in().await;
    world.start(600).await;
}

#[tokio::test]
async fn another_address_of_a_server_means_another_run() {
    let world = World::first_run().await;
    // The same server beside the line: to the console it is another one.
    world.handle.command(set_server(world.server().api.to_string()));
    world.handle.closed().await;
    assert_eq!(world.host.restarts(), 1);
    assert_eq!(world.preferences.read().server, Some(world.api()));
}

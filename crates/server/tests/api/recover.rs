//! A journal whose key store is lost is read on the server, with the key that it was sealed to.

use std::sync::Arc;

use amberglass_journal::{Journal, JournalKey, JournalOptions};
use amberglass_testkit::SeededEntropy;
use amberglass_wire::audit::{EventBody, EventDetail, EventSubject};

use crate::{
    commands::{done, refused},
    world::{Console, World},
};

async fn journal(world: &World, console: &Console, folder: &std::path::Path) -> Journal {
    let options = JournalOptions {
        device: console.tokens.device.clone(),
        keys: vec![JournalKey::generate(&SeededEntropy::new(5))],
        client: "amberglass/test".into(),
        clock: Arc::new(world.clock.clone()),
        entropy: Arc::new(SeededEntropy::new(6)),
    };
    Journal::open(&folder.join("journal-x.sqlite"), options).await.unwrap()
}

fn note(console: &Console, text: &str) -> EventBody {
    let subject = EventSubject { device: Some(console.tokens.device.clone()), ..EventSubject::default() };
    EventBody::new(subject, "amberglass/test", EventDetail::NoteAdded { note: text.into() })
}

/// A console may say this much about its own device without a session.
fn window(console: &Console) -> EventBody {
    EventBody { detail: EventDetail::WindowOpened {}, ..note(console, "") }
}

#[tokio::test]
async fn what_a_lost_console_had_not_sent_is_taken_from_its_file_once() {
    let world = World::new().await;
    let amy = world.amy().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal-x.sqlite");
    let path = file.to_str().unwrap();
    let snapshot: serde_json::Value = world.get(&amy, "/v1/snapshot").send().await.unwrap().json().await.unwrap();
    let recovery = snapshot["recovery_key"].as_str().unwrap();

    let open = journal(&world, &amy, folder.path()).await;
    for _ in 0..3 {
        open.append(window(&amy)).await.unwrap();
    }
    open.clone().close().await;
    let told = refused(&world, &["journal", "recover", path]).await;
    assert!(told.contains("not sealed to this server") && told.contains("Nothing was taken"), "{told}");

    let open = journal(&world, &amy, folder.path()).await;
    open.seal_to(amberglass_domain::recovery::RecoveryKey::parse(recovery).unwrap()).await.unwrap();
    open.append(window(&amy)).await.unwrap();
    open.close().await;
    let before = std::fs::read(&file).unwrap();
    let told = done(&world, &["journal", "recover", path]).await;
    assert!(told.contains("4 records of") && told.contains("1 to 4"), "{told}");
    assert!(done(&world, &["journal", "recover", path]).await.contains("nothing was changed"));
    assert!(std::fs::read(&file).unwrap() == before, "the file stays as it is");
    let shown = done(&world, &["audit", "show", "--json"]).await;
    assert_eq!(shown.matches("window_opened").count() / 2, 4, "{shown}");
    assert!(shown.contains("journal_recovered"), "{shown}");
    assert!(done(&world, &["audit", "check"]).await.contains("whole"));
}

#[tokio::test]
async fn a_file_of_nobody_known_gives_nothing() {
    let (world, elsewhere) = (World::new().await, World::new().await);
    let stranger = elsewhere.amy().await;
    let amy = world.amy().await;
    let folder = tempfile::tempdir().unwrap();
    let snapshot: serde_json::Value = world.get(&amy, "/v1/snapshot").send().await.unwrap().json().await.unwrap();
    let open = journal(&world, &stranger, folder.path()).await;
    let recovery = snapshot["recovery_key"].as_str().unwrap();
    open.seal_to(amberglass_domain::recovery::RecoveryKey::parse(recovery).unwrap()).await.unwrap();
    open.append(window(&stranger)).await.unwrap();
    open.close().await;
    let path = folder.path().join("journal-x.sqlite");
    let told = refused(&world, &["journal", "recover", path.to_str().unwrap()]).await;
    assert!(told.contains("never signed in at this server"), "{told}");
    let told = refused(&world, &["journal", "recover", folder.path().join("none").to_str().unwrap()]).await;
    assert!(told.contains("cannot be read as a journal"), "{told}");
}

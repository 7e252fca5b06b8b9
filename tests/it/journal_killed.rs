//! A journal is killed while it appends and delivers, again and again; so is the server, and the line breaks.

use amberglass_testkit::TestDatabase;
use amberglass_tests::{crash::Rig, stack::programs_beside};

/// `cargo xtask bench crash` runs as many as one likes.
const ROUNDS: u32 = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_append_that_returned_is_on_the_server_once_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let database = TestDatabase::new(dir.path());
    let programs = programs_beside(env!("CARGO_BIN_EXE_amberglass-journal-child"));
    let mut rig = Rig::open(&programs, dir.path(), database.url(), 1).await.unwrap();
    for _ in 0..ROUNDS {
        rig.round().await.unwrap();
    }
    let told = rig.settle().unwrap();
    assert!(told.appended > 1_000 && told.held >= told.appended, "{told:?}");
    assert!(told.server_deaths > 5 && told.broken_connections > 0, "{told:?}");
}

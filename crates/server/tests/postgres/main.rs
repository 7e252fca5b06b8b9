//! What is PostgreSQL's alone: several servers on one database, the loss of it, who may do what in it. These tests start
//! it themselves, whatever engine the other suites are run on.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[allow(dead_code, reason = "of the control API's tests, which do more with it")]
#[path = "../api/asking.rs"]
mod asking;
mod clock;
mod columns;
mod grants;
mod keeper;
mod outage;
#[path = "../api/race.rs"]
mod race;
mod races;
mod replicas;
mod start;
mod stuck;
mod upgrade;
#[allow(dead_code, reason = "the control API's world, of which these tests need a part")]
#[path = "../api/world.rs"]
mod world;

use amberglass_testkit::{TestDatabase, postgres::Server};

/// For what is waited for, on a machine that does other things too.
const LIMIT: std::time::Duration = std::time::Duration::from_secs(30);

fn database() -> TestDatabase {
    TestDatabase::in_postgres(Server::shared().database())
}

async fn world() -> world::World {
    world_with(|_| {}).await
}

async fn world_with(change: impl FnOnce(&mut amberglass_server::ServerConfig)) -> world::World {
    world::World::in_database(tempfile::tempdir().unwrap(), database(), change).await
}

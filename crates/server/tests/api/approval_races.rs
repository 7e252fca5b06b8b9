//! Several decide, withdraw and let lapse at the same moment: one of them was first, and everybody is told the same. At two
//! servers: `tests/postgres/races.rs`.

use crate::{race::Race, world::World};

#[tokio::test(flavor = "multi_thread")]
async fn of_leads_who_decide_an_agent_who_withdraws_and_time_that_runs_out_one_is_first() {
    let world = World::with(|config| {
        config.limits.request_seconds = 1;
        config.limits.requests_per_hour = u32::MAX;
    })
    .await;
    let server = world.url("");
    Race::new(world, [server.clone(), server]).await.run(200).await;
}

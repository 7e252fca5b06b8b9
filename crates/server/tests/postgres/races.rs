//! Requests for approval between two servers on one database.

use amberglass_wire::{
    approval::{RequestState, Verdict},
    event_stream::ServerEvent,
};

use crate::{
    asking::Asking,
    race::Race,
    replicas::{SOON, second, stream, until_heard},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_leads_at_two_servers_an_agent_and_time_one_is_first_two_hundred_times_over() {
    let world = crate::world_with(|config| {
        config.limits.request_seconds = 1;
        config.limits.requests_per_hour = u32::MAX;
    })
    .await;
    let second = second(&world).await;
    let servers = [world.url(""), format!("http://{}", second.api)];
    Race::new(world, servers).await.run(200).await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_at_one_server_is_told_at_another_to_who_waits_for_it() {
    let world = crate::world().await;
    let second = second(&world).await;
    until_heard(&world).await;
    let asking = Asking::in_world(world).await;
    let request = asking.ask().await;
    let mut amy = stream(&asking.world, &second, &asking.amy).await;
    asking.decide(&asking.leo, &request, Verdict::Approve).await;
    amy.until(SOON, |event| matches!(event, ServerEvent::SnapshotChanged)).await;
    assert_eq!(asking.request(&asking.amy, &request.id).await.state, RequestState::Approved);
    second.stop().await;
}

//! The event stream.

use std::time::Duration;

use amberglass_wire::{event_stream::ServerEvent, problem::ErrorCode, session::SessionState};
use reqwest::{Response, StatusCode};

use crate::world::{LEO, World, problem};

pub struct Stream {
    response: Response,
    buffer: String,
}

impl Stream {
    pub async fn open(world: &World, console: &crate::world::Console) -> Self {
        let response = world.get(console, "/v1/events").send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, buffer: String::new() }
    }

    /// `None` when the stream was closed.
    pub async fn next(&mut self) -> Option<ServerEvent> {
        let reading = async {
            loop {
                if let Some((event, rest)) = self.buffer.split_once("\n\n") {
                    let data = event.lines().find_map(|line| line.strip_prefix("data:")).map(str::trim).unwrap();
                    let event = serde_json::from_str(data).unwrap();
                    self.buffer = rest.to_owned();
                    return Some(event);
                }
                let chunk = self.response.chunk().await.ok().flatten()?;
                self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
            }
        };
        tokio::time::timeout(Duration::from_secs(20), reading).await.expect("an event in time")
    }
}

pub fn is_heartbeat(event: &Option<ServerEvent>) -> bool {
    matches!(event, Some(ServerEvent::Heartbeat { .. }))
}

#[tokio::test]
async fn the_stream_beats_every_two_seconds_and_hints_at_changes() {
    let world = World::new().await;
    let (amy, leo) = (world.amy().await, world.sign_in(LEO, 2).await);
    let (mut amys, mut leos) = (Stream::open(&world, &amy).await, Stream::open(&world, &leo).await);
    assert!(is_heartbeat(&amys.next().await) && is_heartbeat(&leos.next().await));
    world.clock.advance_seconds(2);
    assert!(is_heartbeat(&amys.next().await) && is_heartbeat(&leos.next().await));
    let id = world.start(&amy).await.session.id;
    // A lead sees everyone's sessions.
    for stream in [&mut amys, &mut leos] {
        let hint = stream.next().await;
        assert_eq!(hint, Some(ServerEvent::SessionChanged { session: id.clone(), state: SessionState::Active }));
    }
    world.end(&amy, &id).await;
    assert_eq!(amys.next().await, Some(ServerEvent::SessionChanged { session: id, state: SessionState::Ended }));
}

#[tokio::test]
async fn an_agent_hears_nothing_of_others_sessions() {
    let world = World::new().await;
    let (amy, leo) = (world.amy().await, world.sign_in(LEO, 2).await);
    let mut amys = Stream::open(&world, &amy).await;
    assert!(is_heartbeat(&amys.next().await));
    world.start(&leo).await;
    world.clock.advance_seconds(2);
    assert!(is_heartbeat(&amys.next().await));
}

#[tokio::test]
async fn a_disabled_staff_member_is_told_and_the_stream_closes() {
    let world = World::new().await;
    let amy = world.amy().await;
    let mut stream = Stream::open(&world, &amy).await;
    assert!(is_heartbeat(&stream.next().await));
    world.set_active(&amy, false).await;
    world.clock.advance_seconds(2);
    assert_eq!(stream.next().await, Some(ServerEvent::SignedOut));
    assert_eq!(stream.next().await, None);
    problem(world.get(&amy, "/v1/events").send().await.unwrap(), StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn)
        .await;
}

#[tokio::test]
async fn the_stream_ends_with_its_token_and_with_the_server() {
    let mut world = World::new().await;
    let mut amy = world.amy().await;
    let mut stream = Stream::open(&world, &amy).await;
    assert!(is_heartbeat(&stream.next().await));
    world.clock.advance_seconds(300);
    assert_eq!(stream.next().await, None, "a token that ran out closes without a word");
    world.refresh(&mut amy).await;
    let mut stream = Stream::open(&world, &amy).await;
    assert!(is_heartbeat(&stream.next().await));
    world.stop_server().await;
    assert_eq!(stream.next().await, None);
}

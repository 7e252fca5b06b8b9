//! Two servers on one database.

use std::{sync::Arc, time::Duration};

use amberglass_server::{RunningServer, ServerConfig};
use amberglass_system::OsEntropy;
use amberglass_testkit::wait_until;
use amberglass_wire::{
    SessionId,
    event_stream::ServerEvent,
    session::{EndedBy, SessionResponse, SessionState, StartSessionResponse},
};
use reqwest::{Response, StatusCode};

use crate::{
    LIMIT,
    world::{Console, JANE, SANA, World, json, start_request},
};

/// The product's promise for what is told to another console.
pub const SOON: Duration = Duration::from_secs(1);

/// The second server: its own data folder and thus its own id and chain; the keys that both must share are copied into it.
pub async fn second(world: &World) -> RunningServer {
    let data_dir = world.config.data_dir.with_file_name("second");
    std::fs::create_dir(&data_dir).unwrap();
    for key in ["server-key", "identity-key.pem"] {
        std::fs::copy(world.config.data_dir.join(key), data_dir.join(key)).unwrap();
    }
    let config = ServerConfig {
        data_dir,
        listen_api: amberglass_testkit::address_of_its_own(),
        listen_gateway: amberglass_testkit::address_of_its_own(),
        listen_metrics: None,
        issuer: world.server().issuer.clone(),
        ..world.config.clone()
    };
    let server = amberglass_server::serve(config, Arc::new(world.clock.clone()), Arc::new(OsEntropy)).await.unwrap();
    assert_ne!(server.state().audit.writer(), world.server().state().audit.writer());
    server
}

async fn at(
    world: &World,
    server: &RunningServer,
    console: &Console,
    path: &str,
    body: Option<serde_json::Value>,
) -> Response {
    let url = format!("http://{}{path}", server.api);
    let request = match body {
        None => world.client.get(url),
        Some(body) => world.client.post(url).header("idempotency-key", "key-of-the-second").json(&body),
    };
    request.bearer_auth(&console.tokens.access_token).send().await.unwrap()
}

async fn seen_at(world: &World, server: &RunningServer, console: &Console, id: &SessionId) -> SessionResponse {
    json(at(world, server, console, &format!("/v1/sessions/{id}"), None).await, StatusCode::OK).await
}

/// An event stream at one of the servers.
pub struct Stream {
    response: Response,
    buffer: String,
}

impl Stream {
    /// Reads until an event fits; beats and others are passed over.
    pub async fn until(&mut self, limit: Duration, fits: impl Fn(&ServerEvent) -> bool) -> ServerEvent {
        let reading = async {
            loop {
                while let Some((event, rest)) = self.buffer.split_once("\n\n") {
                    let data = event.lines().find_map(|line| line.strip_prefix("data:")).unwrap().trim();
                    let event: ServerEvent = serde_json::from_str(data).unwrap();
                    self.buffer = rest.to_owned();
                    if fits(&event) {
                        return event;
                    }
                }
                let chunk = self.response.chunk().await.unwrap().expect("the stream is open");
                self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
            }
        };
        tokio::time::timeout(limit, reading).await.expect("the event in time")
    }
}

pub async fn stream(world: &World, server: &RunningServer, console: &Console) -> Stream {
    let response = at(world, server, console, "/v1/events", None).await;
    assert_eq!(response.status(), StatusCode::OK);
    let mut stream = Stream { response, buffer: String::new() };
    stream.until(LIMIT, |event| matches!(event, ServerEvent::Heartbeat { .. })).await;
    stream
}

/// Of this database's servers.
const LISTENING: &str =
    "FROM pg_stat_activity WHERE application_name LIKE '%listening' AND datname = current_database()";

/// Time goes on slowly: the pause before a new connection is of the clock that the test moves.
pub async fn until_heard(world: &World) {
    let database = world.database.postgres().unwrap();
    wait_until("both servers to listen", LIMIT, || async {
        world.clock.advance_millis(50);
        (database.sql(&format!("SELECT COUNT(*) {LISTENING}")).unwrap() == "2").then_some(())
    })
    .await;
}

fn is_change(event: &ServerEvent, id: &SessionId, expected: SessionState) -> bool {
    matches!(event, ServerEvent::SessionChanged { session, state, .. } if session == id && *state == expected)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_server_does_the_other_sees_and_tells_its_consoles() {
    let world = crate::world().await;
    let second = second(&world).await;
    until_heard(&world).await;
    let (amy, sana) = (world.amy().await, world.sign_in(SANA, 2).await);
    let mut at_second = stream(&world, &second, &amy).await;
    let mut at_first = stream(&world, world.server(), &sana).await;

    let id = world.start(&amy).await.session.id;
    at_second.until(SOON, |event| is_change(event, &id, SessionState::Active)).await;
    assert_eq!(seen_at(&world, &second, &amy, &id).await.state, SessionState::Active);

    let before = seen_at(&world, &second, &amy, &id).await.expires_at.unwrap();
    let extension = serde_json::json!({ "reason": start_request(JANE).reason, "seconds": 600 });
    let extended = at(&world, &second, &amy, &format!("/v1/sessions/{id}/extensions"), Some(extension)).await;
    assert!(extended.status().is_success(), "{}", extended.text().await.unwrap());
    assert_eq!(world.session(&amy, &id).await.expires_at.unwrap(), before.plus_seconds(600));

    // Revoked at the second by security; whoever watches at the first hears of it.
    let reason = serde_json::json!({ "reason": "The customer asked us to stop" });
    let ended = at(&world, &second, &sana, &format!("/v1/sessions/{id}/end"), Some(reason)).await;
    assert_eq!(json::<SessionResponse>(ended, StatusCode::OK).await.ended_by, Some(EndedBy::Security));
    at_first.until(SOON, |event| is_change(event, &id, SessionState::Ended)).await;
    at_second.until(SOON, |event| is_change(event, &id, SessionState::Ended)).await;

    // Each wrote its part, in one order.
    let trail = world.trail(&sana, &id).await;
    let kinds: Vec<_> = trail.iter().map(|event| event.record.kind.as_str()).collect();
    assert_eq!((kinds.first(), kinds.last()), (Some(&"session_started"), Some(&"session_ended")), "{kinds:?}");
    assert_ne!(trail[0].record.writer, trail.last().unwrap().record.writer);
    assert!(trail.windows(2).all(|pair| pair[0].position < pair[1].position));
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_starts_at_two_servers_one_wins() {
    let world = crate::world().await;
    let second = second(&world).await;
    let amy = world.amy().await;
    for round in 0..4 {
        let key = format!("key-of-the-first-{round}");
        let request = start_request(JANE);
        let body = serde_json::to_value(&request).unwrap();
        let start_at_second = async {
            let url = format!("http://{}/v1/sessions", second.api);
            let request = world.client.post(url).header("idempotency-key", format!("key-of-the-second-{round}"));
            request.bearer_auth(&amy.tokens.access_token).json(&body).send().await.unwrap()
        };
        let (one, other) = tokio::join!(world.try_start(&amy, &key, &request), start_at_second);
        let (won, lost) = if one.status() == StatusCode::CREATED { (one, other) } else { (other, one) };
        assert_eq!(lost.status(), StatusCode::CONFLICT, "{}", lost.text().await.unwrap());
        let started: StartSessionResponse = json(won, StatusCode::CREATED).await;
        assert_eq!(world.server().state().sessions.list(None, true).await.unwrap().len(), 1);
        world.end(&amy, &started.session.id).await;
    }
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_lost_its_hearing_says_so_to_its_consoles_and_gets_it_back() {
    let world = crate::world().await;
    let second = second(&world).await;
    until_heard(&world).await;
    let amy = world.amy().await;
    let mut at_second = stream(&world, &second, &amy).await;
    let database = world.database.postgres().unwrap();
    database.sql(&format!("SELECT pg_terminate_backend(pid) {LISTENING}")).unwrap();
    at_second.until(LIMIT, |event| matches!(event, ServerEvent::SnapshotChanged)).await;
    until_heard(&world).await;
    at_second.until(LIMIT, |event| matches!(event, ServerEvent::SnapshotChanged)).await;
    let id = world.start(&amy).await.session.id;
    at_second.until(LIMIT, |event| is_change(event, &id, SessionState::Active)).await;
    second.stop().await;
}

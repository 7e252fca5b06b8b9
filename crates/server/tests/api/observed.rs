//! What whoever runs the server can see of the API: numbers, health, and the id of a request.

use amberglass_wire::problem::ErrorCode;
use reqwest::{Response, StatusCode};

use crate::{
    captured_log::CapturedLog,
    metrics::Metrics,
    world::{World, problem, start_request},
};

const ID: &str = "amberglass-request-id";
const GIVEN: &str = "00112233445566778899aabbccddeeff";

async fn metrics(world: &World) -> Metrics {
    Metrics::read(&world.client, world.server().metrics.unwrap()).await
}

fn id_of(response: &Response) -> String {
    let id = response.headers()[ID].to_str().unwrap();
    assert!(id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{id}");
    id.to_owned()
}

#[tokio::test]
async fn calls_and_streams_are_counted_by_endpoint() {
    let world = World::new().await;
    let amy = world.amy().await;
    let started = world.start(&amy).await;
    world.session(&amy, &started.session.id).await;
    let numbers = metrics(&world).await;
    for (series, value) in [
        (r#"api_requests_total{method="POST",route="/v1/sessions",status="2xx"}"#, 1.0),
        (r#"api_requests_total{method="GET",route="/v1/sessions/{id}",status="2xx"}"#, 1.0),
        (r#"api_requests_total{method="POST",route="/v1/oauth/authorize",status="3xx"}"#, 1.0),
        (r#"api_request_duration_seconds_count{route="/v1/sessions"}"#, 1.0),
        (r#"audit_records_total{kind="session_started"}"#, 1.0),
        ("event_streams", 0.0),
    ] {
        assert_eq!(numbers.of(&format!("amberglass_{series}")), Some(value), "{series} in {}", numbers.text());
    }
    let version = format!(r#"amberglass_build_info{{version="{}"}}"#, env!("CARGO_PKG_VERSION"));
    assert_eq!(numbers.of(&version), Some(1.0), "{}", numbers.text());
    assert!(numbers.of("amberglass_start_time_seconds").unwrap() > 1_600_000_000.0);
    for purpose in ["read", "write"] {
        let waits = format!(r#"amberglass_database_wait_seconds_count{{purpose="{purpose}"}}"#);
        assert!(numbers.of(&waits).unwrap() >= 1.0, "{purpose}");
    }
    let stream = world.get(&amy, "/v1/events").send().await.unwrap();
    assert_eq!(metrics(&world).await.of("amberglass_event_streams"), Some(1.0));
    drop(stream);
}

#[tokio::test]
async fn checkpoints_are_counted() {
    let world = World::new().await;
    world.amy().await;
    world.clock.advance_seconds(61);
    amberglass_testkit::wait_until("a checkpoint", crate::world::LIMIT, async || {
        metrics(&world).await.of("amberglass_checkpoints_total").filter(|notes| *notes > 0.0)
    })
    .await;
    assert_eq!(metrics(&world).await.of("amberglass_checkpoint_failures_total"), Some(0.0));
}

#[tokio::test]
async fn a_server_without_its_database_lives_and_is_not_ready() {
    let world = World::new().await;
    world.amy().await;
    assert_eq!((world.health("live").await, world.health("ready").await), (StatusCode::OK, StatusCode::OK));
    world.server().state().store.close().await;
    assert_eq!(world.health("live").await, StatusCode::OK);
    assert_eq!(world.health("ready").await, StatusCode::SERVICE_UNAVAILABLE);
    problem(
        world.client.get(world.url("/v1/ready")).send().await.unwrap(),
        StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Unavailable,
    )
    .await;
    let numbers = metrics(&world).await;
    assert_eq!(numbers.of("amberglass_ready"), Some(0.0));
    assert!(!numbers.text().contains("amberglass_sessions{"), "no old number: {}", numbers.text());
}

#[tokio::test]
async fn metrics_and_health_are_served_on_a_listener_of_their_own_and_only_if_it_is_configured() {
    let world = World::new().await;
    let gateway = world.server().gateway;
    for path in ["/metrics", "/health/live", "/health/ready"] {
        let at_api = world.client.get(world.url(path)).send().await.unwrap();
        problem(at_api, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
        let at_gateway = world.client.get(format!("http://{gateway}{path}")).send().await.unwrap();
        assert_eq!(at_gateway.status(), StatusCode::MISDIRECTED_REQUEST, "{path}");
    }
    let own = world.server().metrics.unwrap();
    for path in ["/", "/v1/ready", "/v1/snapshot", "/.well-known/jwks.json"] {
        let answer = world.client.get(format!("http://{own}{path}")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let without = World::with(|config| config.listen_metrics = None).await;
    assert_eq!(without.server().metrics, None);
}

#[tokio::test]
async fn a_consoles_id_is_kept_and_leads_from_its_error_to_the_log() {
    let log = CapturedLog::start();
    let world = World::new().await;
    let amy = world.amy().await;
    let answered = world.get(&amy, "/v1/snapshot").header(ID, GIVEN).send().await.unwrap();
    assert_eq!(id_of(&answered), GIVEN);
    let lines = log.lines_with(GIVEN);
    assert!(lines.iter().any(|line| line["fields"]["path"] == "/v1/snapshot"), "{lines:?}");

    let mut unfounded = start_request(crate::world::JANE);
    unfounded.reason.text = "short".into();
    let request = world.post(&amy, "/v1/sessions").header("idempotency-key", "key").header(ID, GIVEN);
    let refused = request.json(&unfounded).send().await.unwrap();
    assert_eq!(id_of(&refused), GIVEN);
    let told = problem(refused, StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::ReasonTooShort).await;
    assert_eq!(told.reference, GIVEN[..8]);
    let lines = log.lines_with(&told.reference);
    let said = lines.iter().find(|line| line["fields"]["code"] == "ReasonTooShort").unwrap();
    assert_eq!(said["span"]["request_id"], GIVEN, "{said}");
}

#[tokio::test]
async fn an_id_that_is_none_is_replaced() {
    let world = World::new().await;
    let long = "a".repeat(4000);
    let mut ids = Vec::new();
    for bad in ["", "Jane", "../../etc", &GIVEN.to_uppercase(), &GIVEN[1..], &long] {
        let answer = world.client.get(world.url("/v1/server")).header(ID, bad).send().await.unwrap();
        let id = id_of(&answer);
        assert_ne!(id, bad);
        ids.push(id);
    }
    let refused = world.client.get(world.url("/v1/nothing")).send().await.unwrap();
    let id = id_of(&refused);
    let told = problem(refused, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
    assert!(id.starts_with(&told.reference), "{id} {told:?}");
    ids.push(id);
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "each request has its own");
}

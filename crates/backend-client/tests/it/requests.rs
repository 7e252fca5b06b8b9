//! What the server gets to see.

use std::sync::{Arc, Mutex};

use amberglass_domain::{
    device_key::{DeviceKey, verify},
    ports::{Backend as _, JournalSink as _, SignedBatch},
    signing,
};
use amberglass_testkit::SeededEntropy;
use amberglass_wire::{
    CustomerId, DeviceId, EventId, PortalId, RequestId, SessionId, UnixMillis,
    auth::{CLIENT_ID, TokenRequest},
    break_glass::ReviewOutcome,
    journal::JournalBatchRequest,
    session::{ExtendSessionRequest, Mode, Reason, StartSessionRequest},
    unmasking::UnmaskFieldRequest,
};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
};
use sha2::Digest as _;

use crate::world::{access, serve};

#[derive(Clone)]
struct Seen {
    method: Method,
    uri: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Seen {
    fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next().map(|value| value.to_str().unwrap());
        assert!(values.next().is_none(), "{name} was sent twice");
        first
    }
}

type Requests = Arc<Mutex<Vec<Seen>>>;

async fn note(State(seen): State<Requests>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    seen.lock().unwrap().push(Seen { method, uri: uri.to_string(), headers, body });
    StatusCode::IM_A_TEAPOT
}

async fn noting() -> (amberglass_backend_client::HttpBackend, Requests) {
    let seen = Requests::default();
    (serve(Router::new().fallback(note).with_state(seen.clone())).await, seen)
}

#[tokio::test]
async fn every_call_goes_to_its_own_address_with_the_token_in_the_header_only() {
    let (backend, seen) = noting().await;
    let (access, portal, customer, session) =
        (access(), PortalId::new("bark/side"), CustomerId::new("c 1?"), SessionId::new("s1"));
    let start = StartSessionRequest {
        portal: portal.clone(),
        customer: customer.clone(),
        reason: Reason { code: "billing".into(), text: "Invoice was charged twice".into(), ticket: None },
        mode: Mode::ReadOnly,
        duration_seconds: 1800,
        request: None,
        emergency: None,
    };
    let extension = ExtendSessionRequest { seconds: 900, reason: start.reason.clone() };
    let unmask =
        UnmaskFieldRequest { rule: "bank".into(), pointer: "/iban".into(), reason: "She reads it to me".into() };
    let _ = backend.snapshot(&access).await;
    let _ = backend.find_customers(&access, &portal, "ä & b").await;
    let _ = backend.customer_card(&access, &portal, &customer).await;
    let _ = backend.start_options(&access, &portal, &customer).await;
    let _ = backend.start_session(&access, "key-1", start).await;
    let _ = backend.session(&access, &session).await;
    let _ = backend.sessions(&access).await;
    let _ = backend.live_sessions(&access).await;
    let _ = backend.extend_session(&access, &session, "key-2", extension).await;
    let _ = backend.end_session(&access, &session, Default::default()).await;
    let _ = backend.trail(&access, &session).await;
    let _ = backend.devices(&access, false).await;
    let _ = backend.devices(&access, true).await;
    let _ = backend.revoke_device(&access, &DeviceId::new("d/1"), "The laptop was stolen").await;
    let _ = backend.acknowledge_alarm(&access, &EventId::new("a/1"), "The laptop was set up anew").await;
    let _ = backend.emergency_stop(&access, "Somebody abuses an account").await;
    let _ = backend.lift_emergency_stop(&access).await;
    let _ = backend.own_record(&access, None).await;
    let _ = backend.own_record(&access, Some(17)).await;
    let _ = backend.events(&access, tokio::sync::mpsc::channel(1).0).await;
    let _ = backend.sign_out(&access).await;
    let _ = backend.request(&access, &RequestId::new("r/1")).await;
    let _ = backend.withdraw_request(&access, &RequestId::new("r/1"), Some("It is not needed")).await;
    let _ = backend.review(&access, &session, ReviewOutcome::NotJustified, "A lead was free").await;
    let _ = backend.stop_portal(&access, &portal, "It shows others' invoices").await;
    let _ = backend.lift_portal(&access, &portal, "It is right again").await;
    let _ = backend.masked_fields(&access, &session).await;
    let _ = backend.unmask_field(&access, &session, "key-3", unmask).await;
    let seen = seen.lock().unwrap();
    let lines: Vec<String> = seen.iter().map(|request| format!("{} {}", request.method, request.uri)).collect();
    assert_eq!(
        lines,
        [
            "GET /v1/snapshot",
            "GET /v1/customers?portal=bark%2Fside&query=%C3%A4+%26+b",
            "GET /v1/portals/bark%2Fside/customers/c%201%3F",
            "GET /v1/start-options?portal=bark%2Fside&customer=c+1%3F",
            "POST /v1/sessions",
            "GET /v1/sessions/s1",
            "GET /v1/sessions?scope=own&state=any",
            "GET /v1/sessions?scope=all&state=running",
            "POST /v1/sessions/s1/extensions",
            "POST /v1/sessions/s1/end",
            "GET /v1/sessions/s1/trail",
            "GET /v1/devices?scope=own",
            "GET /v1/devices?scope=all",
            "POST /v1/devices/d%2F1/revoke",
            "POST /v1/alarms/a%2F1/acknowledge",
            "POST /v1/emergency-stop",
            "POST /v1/emergency-stop/lift",
            "GET /v1/record/own",
            "GET /v1/record/own?before=17",
            "GET /v1/events",
            "POST /v1/oauth/sign-out",
            "GET /v1/requests/r%2F1",
            "POST /v1/requests/r%2F1/withdraw",
            "POST /v1/reviews/s1",
            "POST /v1/portals/bark%2Fside/stop",
            "POST /v1/portals/bark%2Fside/lift",
            "GET /v1/sessions/s1/unmaskings",
            "POST /v1/sessions/s1/unmaskings",
        ]
    );
    for request in seen.iter() {
        assert_eq!(request.header("authorization"), Some("Bearer token-1"), "{}", request.uri);
        assert_eq!(request.header("user-agent"), Some("amberglass/0.0.0-test"));
        assert!(!String::from_utf8_lossy(&request.body).contains("token-1"));
    }
    let mut ids: Vec<&str> = seen.iter().filter_map(|request| request.header("amberglass-request-id")).collect();
    assert!(
        ids.iter().all(|id| id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))),
        "{ids:?}"
    );
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), seen.len(), "each request has an id of its own");
    assert_eq!(seen[4].header("idempotency-key"), Some("key-1"));
    assert_eq!(seen[8].header("idempotency-key"), Some("key-2"));
    let body = |index: usize| serde_json::from_slice::<serde_json::Value>(&seen[index].body).unwrap();
    assert_eq!(body(13), serde_json::json!({ "reason": "The laptop was stolen" }));
    assert_eq!(body(14), serde_json::json!({ "note": "The laptop was set up anew" }));
    assert_eq!(body(15), serde_json::json!({ "reason": "Somebody abuses an account" }));
    assert!(seen[16].body.is_empty());
    assert_eq!(body(22), serde_json::json!({ "reason": "It is not needed" }));
    assert_eq!(body(23), serde_json::json!({ "outcome": "not_justified", "note": "A lead was free" }));
    assert_eq!(body(24), serde_json::json!({ "reason": "It shows others' invoices" }));
    assert_eq!(body(25), serde_json::json!({ "reason": "It is right again" }));
    assert_eq!(seen[19].header("accept"), Some("text/event-stream"));
    assert_eq!(seen[27].header("idempotency-key"), Some("key-3"));
    assert_eq!(body(27), serde_json::json!({ "rule": "bank", "pointer": "/iban", "reason": "She reads it to me" }));
}

#[tokio::test]
async fn the_token_endpoint_gets_a_form_and_no_bearer() {
    let (backend, seen) = noting().await;
    let request = TokenRequest::RefreshToken {
        client_id: CLIENT_ID.into(),
        refresh_token: "r+1".into(),
        device: DeviceId::new("d1"),
        signed_at: "17".into(),
        device_proof: "a/b=".into(),
    };
    let _ = backend.token(request).await;
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0].uri, "/v1/oauth/token");
    assert_eq!(seen[0].header("authorization"), None);
    assert_eq!(seen[0].header("content-type"), Some("application/x-www-form-urlencoded"));
    let body = String::from_utf8(seen[0].body.to_vec()).unwrap();
    assert_eq!(
        body,
        "grant_type=refresh_token&client_id=amberglass-console&refresh_token=r%2B1&device=d1&signed_at=17&device_proof=a%2Fb%3D"
    );
}

#[tokio::test]
async fn a_batch_arrives_compressed_and_its_signature_covers_what_was_compressed() {
    let (backend, seen) = noting().await;
    let key = DeviceKey::generate(&SeededEntropy::new(1));
    let device = DeviceId::new("d1");
    let batch = SignedBatch::new(
        device.clone(),
        &key,
        UnixMillis(1_700),
        &JournalBatchRequest { records: Vec::new(), checkpoint: None },
    )
    .unwrap();
    let _ = backend.deliver(batch).await;
    let seen = seen.lock().unwrap();
    let request = &seen[0];
    assert_eq!((request.method.as_str(), request.uri.as_str()), ("POST", "/v1/journal/batches"));
    assert_eq!(request.header("authorization"), None);
    assert_eq!(request.header("content-encoding"), Some("zstd"));
    assert_eq!(request.header("amberglass-device"), Some("d1"));
    assert_eq!(request.header("amberglass-signed-at"), Some("1700"));
    let plain = zstd::decode_all(request.body.as_ref()).unwrap();
    let digest = hex::encode(sha2::Sha256::digest(&plain));
    let message = signing::journal_batch(&device, &digest, UnixMillis(1_700));
    verify(&key.public_key(), &message, request.header("amberglass-signature").unwrap()).unwrap();
}

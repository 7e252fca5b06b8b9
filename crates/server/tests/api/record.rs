//! What is recorded about whoever asks, and what is recorded of looking a customer up.

use amberglass_wire::{
    audit::{EventBody, EventDetail, OwnRecordResponse},
    auth::{ServerResponse, SignInMethod, SnapshotResponse},
    problem::ErrorCode,
    session::SessionListResponse,
};
use reqwest::StatusCode;

use crate::world::{JANE, LEO, World, json, problem};

#[tokio::test]
async fn everybody_reads_what_is_recorded_about_themselves_newest_first() {
    let world = World::new().await;
    let (amy, leo) = (world.amy().await, world.sign_in(LEO, 2).await);
    let id = world.start(&amy).await.session.id;
    world.end(&amy, &id).await;
    let page = async |path: &str| -> OwnRecordResponse {
        json(world.get(&amy, path).send().await.unwrap(), StatusCode::OK).await
    };
    let own = page("/v1/record/own").await;
    let kinds: Vec<&str> = own.events.iter().map(|event| event.record.kind.as_str()).collect();
    assert_eq!(&kinds[..2], ["session_ended", "session_started"]);
    assert!(kinds.contains(&"staff_signed_in") && !own.more, "{kinds:?}");
    for event in &own.events {
        let body: EventBody = serde_json::from_str(&event.record.body).unwrap();
        assert_eq!(body.subject.staff.as_ref(), Some(&amy.tokens.staff.id), "{body:?}");
    }
    // Leo's sign-in is his own affair.
    let leos: OwnRecordResponse = json(world.get(&leo, "/v1/record/own").send().await.unwrap(), StatusCode::OK).await;
    assert!(leos.events.iter().all(|event| !event.record.body.contains(amy.tokens.staff.id.as_str())));

    for _ in 0..120 {
        let card = world.get(&amy, &format!("/v1/portals/barkside/customers/{JANE}")).send().await.unwrap();
        assert_eq!(card.status(), StatusCode::OK);
    }
    let newest = page("/v1/record/own").await;
    assert_eq!((newest.events.len(), newest.more), (100, true));
    let older = page(&format!("/v1/record/own?before={}", newest.events[99].position)).await;
    assert_eq!((older.events.len(), older.more), (20 + own.events.len(), false));
    assert!(older.events[0].position < newest.events[99].position);
    let nonsense = world.get(&amy, "/v1/record/own?before=x").send().await.unwrap();
    problem(nonsense, StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest).await;
}

#[tokio::test]
async fn a_card_is_on_record_before_it_is_shown() {
    let world = World::new().await;
    let amy = world.amy().await;
    let card = format!("/v1/portals/barkside/customers/{JANE}");
    assert_eq!(world.get(&amy, &card).send().await.unwrap().status(), StatusCode::OK);
    let own: OwnRecordResponse = json(world.get(&amy, "/v1/record/own").send().await.unwrap(), StatusCode::OK).await;
    let body: EventBody = serde_json::from_str(&own.events[0].record.body).unwrap();
    assert_eq!(body.detail, EventDetail::CardViewed {});
    assert_eq!(body.subject.customer.as_ref().map(|id| id.as_str()), Some(JANE));
    assert_eq!(body.subject.device.as_ref(), Some(&amy.tokens.device));
    world.break_the_audit_log().await;
    let refused = world.get(&amy, &card).send().await.unwrap();
    problem(refused, StatusCode::SERVICE_UNAVAILABLE, ErrorCode::AuditUnavailable).await;
}

#[tokio::test]
async fn who_searches_too_often_is_told_when_to_go_on() {
    let world = World::with(|config| config.limits.searches_per_minute = 2).await;
    let (amy, leo) = (world.amy().await, world.sign_in(LEO, 2).await);
    let search = async |console| world.get(console, "/v1/customers?portal=barkside&query=jane").send().await.unwrap();
    for _ in 0..2 {
        assert_eq!(search(&amy).await.status(), StatusCode::OK);
    }
    world.clock.advance_seconds(10);
    let answer = search(&amy).await;
    assert_eq!(answer.headers()["retry-after"], "50");
    let told = problem(answer, StatusCode::TOO_MANY_REQUESTS, ErrorCode::TooManyRequests).await;
    assert_eq!(told.retry_after_seconds, Some(50));
    assert_eq!(search(&leo).await.status(), StatusCode::OK, "others are not held up");
    world.clock.advance_seconds(50);
    assert_eq!(search(&amy).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_console_learns_what_it_talks_to_before_anybody_signs_in() {
    let world = World::with(|config| config.name = "Barkside support".into()).await;
    let response = world.client.get(world.url("/v1/server")).send().await.unwrap();
    let server: ServerResponse = json(response, StatusCode::OK).await;
    let expected = ServerResponse {
        product: "amberglass".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        name: "Barkside support".into(),
        sign_in: SignInMethod::Password,
        demo: true,
        audit_retention_months: 13,
    };
    assert_eq!(server, expected);
}

#[tokio::test]
async fn the_snapshot_says_limits_reason_codes_and_rights() {
    let world = World::new().await;
    let (amy, leo) = (world.amy().await, world.sign_in(LEO, 2).await);
    let seen = async |console| -> SnapshotResponse {
        json(world.get(console, "/v1/snapshot").send().await.unwrap(), StatusCode::OK).await
    };
    let amys = seen(&amy).await;
    assert_eq!((amys.limits.max_extensions, amys.limits.extension_seconds), (2, 900));
    assert_eq!(amys.limits.max_duration_seconds, 3600);
    assert!(amys.reason_codes.iter().any(|code| code.code == "billing" && code.ticket_required));
    assert!(!amys.rights.end_any && !amys.rights.read_audit);
    let leos = seen(&leo).await.rights;
    assert!(leos.end_any && leos.read_audit && !leos.manage_devices);
}

#[tokio::test]
async fn running_sessions_name_the_page_that_was_opened_last() {
    let world = World::new().await;
    let (amy, leo) = (world.amy().await, world.sign_in(LEO, 2).await);
    let started = world.start(&amy).await;
    let id = started.session.id;
    let listed = async || -> SessionListResponse {
        let response = world.get(&leo, "/v1/sessions?scope=all&state=running").send().await.unwrap();
        json(response, StatusCode::OK).await
    };
    assert_eq!(listed().await.sessions[0].last_page, None);
    let request = world.entry_request(&amy, &id, &started.grant.unwrap());
    let entry: amberglass_wire::session::RedeemGrantResponse =
        json(world.try_enter(&amy, &id, &request).await, StatusCode::OK).await;
    for path in ["/", "/invoices?month=1", "/barkside.css"] {
        let answer = world
            .client
            .get(format!("http://{}{path}", world.server().gateway))
            .header("host", format!("barkside.localhost:{}", world.server().gateway.port()))
            .header("cookie", format!("{}={}", entry.cookie_name, entry.cookie_value))
            .header("sec-fetch-site", "same-origin")
            .header("sec-fetch-dest", if path.ends_with("css") { "style" } else { "document" })
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success() || answer.status() == StatusCode::NOT_FOUND, "{path}: {answer:?}");
    }
    // Query names, never values.
    assert_eq!(listed().await.sessions[0].last_page.as_deref(), Some("/invoices?month"));
    world.end(&amy, &id).await;
    assert_eq!(world.session(&amy, &id).await.last_page, None);
}

//! What no approval lets go: another write than the one that was approved, by somebody else, too late, or never to be asked for.

use amberglass_domain::signing;
use amberglass_wire::{
    EventId,
    approval::{RequestResponse, RequestState, Scope, SignedDecision, Verdict},
    elevation::{CannotAsk, SendWriteRequest},
    problem::ErrorCode,
    session::{EndedBy, StartSessionRequest},
};
use reqwest::{Method, StatusCode};

use crate::{
    elevation::{Elevating, FORM, PATH},
    world::{JANE, REASON, json, problem, start_request},
};

const FORM_KIND: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn what_can_not_be_asked_for_says_why() {
    let elevating = Elevating::new().await;
    let large = format!("note={}", "x".repeat(64 * 1024));
    for (path, kind, body, why) in [
        ("/appointments", FORM_KIND, large.as_str(), CannotAsk::TooLarge),
        ("/appointments", "multipart/form-data; boundary=x", "--x--", CannotAsk::NotReadable),
        ("/appointments", "application/json", r#"{"pet":1,"pet":2}"#, CannotAsk::NotReadable),
        ("/appointments", FORM_KIND, "_method=DELETE", CannotAsk::NotReadable),
        ("/profile", FORM_KIND, "new_password=x", CannotAsk::NeverList),
        ("/graphql", "application/json", r#"{"query":"mutation { deleteAccount }"}"#, CannotAsk::NeverList),
    ] {
        let blocked = elevating.blocked(path, kind, body.to_owned()).await;
        assert_eq!(blocked.cannot_ask, Some(why), "{path} {kind}");
        let asked = elevating.try_ask(&elevating.asking.amy, &blocked.record).await;
        let refused = problem(asked, StatusCode::CONFLICT, ErrorCode::WriteNotElevatable).await;
        assert!(!refused.detail.unwrap().is_empty());
    }
    assert_eq!(elevating.asking.world.count_events("approval_requested").await, 0);
    assert_eq!(elevating.portal.writes(), 0);
}

#[tokio::test]
async fn what_something_else_than_the_mode_blocked_is_not_even_kept() {
    let elevating = Elevating::new().await;
    let on_the_never_list = elevating.page(Method::POST, "/account/password").body("a=1");
    let by_another_page = elevating.page(Method::POST, "/appointments").header("sec-fetch-site", "cross-site");
    let disguised = elevating.page(Method::POST, "/appointments").header("x-http-method-override", "DELETE");
    let upgrade = elevating.page(Method::GET, "/socket").header("upgrade", "websocket");
    for request in [on_the_never_list, by_another_page, disguised, upgrade] {
        assert!(request.send().await.unwrap().status().is_client_error());
    }
    assert_eq!(elevating.last_blocked().await, None);
}

#[tokio::test]
async fn nothing_is_asked_for_in_a_session_with_break_glass() {
    let emergency = Some("The customer is on the line and locked out".into());
    let elevating = Elevating::with(StartSessionRequest { emergency, ..start_request(JANE) }).await;
    let blocked = elevating.blocked_form().await;
    assert_eq!(blocked.cannot_ask, Some(CannotAsk::BreakGlass));
    let asked = elevating.try_ask(&elevating.asking.amy, &blocked.record).await;
    problem(asked, StatusCode::CONFLICT, ErrorCode::WriteNotElevatable).await;
}

async fn not_kept(answer: reqwest::Response) {
    let told = problem(answer, StatusCode::CONFLICT, ErrorCode::WriteNotElevatable).await;
    assert_eq!(told.detail.as_deref(), Some("It was not kept. Do it again in the page, then ask."));
}

#[tokio::test]
async fn only_who_looks_asks_from_the_desk_where_they_look_for_a_write_of_that_session() {
    let elevating = Elevating::new().await;
    let blocked = elevating.blocked_form().await;
    let asking = &elevating.asking;
    let by_a_lead = elevating.try_ask(&asking.leo, &blocked.record).await;
    problem(by_a_lead, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
    let elsewhere = asking.world.sign_in(crate::world::AMY, 30).await;
    let by_another_device = elevating.try_ask(&elsewhere, &blocked.record).await;
    problem(by_another_device, StatusCode::FORBIDDEN, ErrorCode::DeviceRefused).await;
    for unknown in [EventId::new("unknown"), EventId::new(format!("{}x", blocked.record))] {
        not_kept(elevating.try_ask(&asking.amy, &unknown).await).await;
    }
    // A record of another session of theirs.
    asking.world.end(&asking.amy, &elevating.session).await;
    let next = asking.world.try_start(&asking.amy, "key-2", &start_request(JANE)).await;
    let next: amberglass_wire::session::StartSessionResponse = json(next, StatusCode::CREATED).await;
    let path = format!("/v1/sessions/{}/elevations", next.session.id);
    let body = serde_json::json!({ "record": blocked.record });
    let other = asking.world.post(&asking.amy, &path).json(&body).send().await.unwrap();
    not_kept(other).await;
    assert_eq!(asking.world.count_events("approval_requested").await, 0);
}

#[tokio::test]
async fn a_decision_about_another_write_or_more_than_one_is_none() {
    let elevating = Elevating::new().await;
    let request = elevating.ask().await;
    let asking = &elevating.asking;
    let good = asking.decision(&asking.leo, &request, Verdict::Approve, request.asked);
    let resigned = |change: &dyn Fn(&mut SignedDecision)| {
        let mut changed = good.clone();
        change(&mut changed);
        changed.signature = asking.leo.key.sign(&signing::decision(&changed));
        changed
    };
    for changed in [
        resigned(&|one| one.write_sha256 = None),
        resigned(&|one| one.write_sha256 = Some("0".repeat(64))),
        resigned(&|one| one.scope = Scope { duration_seconds: 60, ..one.scope }),
        resigned(&|one| one.scope = Scope { duration_seconds: 3_600, ..one.scope }),
    ] {
        let refused = asking.try_decide(&asking.leo, &changed).await;
        problem(refused, StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::DecisionInvalid).await;
    }
    // Signed for one write, shown for another.
    let flipped = SignedDecision { write_sha256: Some("0".repeat(64)), ..good.clone() };
    let refused = asking.try_decide(&asking.leo, &flipped).await;
    problem(refused, StatusCode::FORBIDDEN, ErrorCode::DeviceRefused).await;
    let own = asking.decision(&asking.amy, &request, Verdict::Approve, request.asked);
    problem(asking.try_decide(&asking.amy, &own).await, StatusCode::FORBIDDEN, ErrorCode::Forbidden).await;
    assert_eq!(elevating.amy_sees(&request).await.state, RequestState::Pending);
}

#[tokio::test]
async fn what_was_not_approved_does_not_go() {
    let elevating = Elevating::new().await;
    let request = elevating.ask().await;
    let asking = &elevating.asking;
    let gone = async |request: &RequestResponse| {
        let answer = elevating.try_send(&asking.amy, request).await;
        problem(answer, StatusCode::CONFLICT, ErrorCode::ApprovalGone).await;
    };
    gone(&request).await;
    asking.decide(&asking.leo, &request, Verdict::Deny).await;
    gone(&request).await;
    let request = elevating.approved().await;
    json::<RequestResponse>(asking.withdraw(&asking.leo, &request.id, Some(REASON)).await, StatusCode::OK).await;
    gone(&request).await;
    let request = elevating.approved().await;
    asking.world.set_active(&asking.leo, false).await;
    gone(&request).await;
    assert_eq!(elevating.portal.writes(), 0);
    assert_eq!(asking.world.count_events("write_sent").await, 0);
    let session = asking.world.session(&asking.amy, &elevating.session).await;
    assert!(session.state.is_running(), "who takes back one write ends no session");
}

#[tokio::test]
async fn five_minutes_after_the_approval_it_does_not_go_any_more() {
    let mut elevating = Elevating::new().await;
    let request = elevating.approved().await;
    let session = elevating.session.clone();
    elevating.asking.world.live(&mut elevating.asking.amy, &session, 299).await;
    let still = elevating.amy_sees(&request).await;
    assert_eq!(still.state, RequestState::Approved);
    elevating.asking.world.live(&mut elevating.asking.amy, &session, 1).await;
    let late = elevating.try_send(&elevating.asking.amy, &request).await;
    problem(late, StatusCode::CONFLICT, ErrorCode::ApprovalGone).await;
    assert_eq!(elevating.amy_sees(&request).await.state, RequestState::Lapsed);
    assert_eq!(elevating.portal.writes(), 0);
}

#[tokio::test]
async fn it_goes_for_who_asked_from_the_same_device_that_signs_it_alone() {
    let elevating = Elevating::new().await;
    let request = elevating.approved().await;
    let asking = &elevating.asking;
    let by_leo = elevating.try_send(&asking.leo, &request).await;
    problem(by_leo, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
    let elsewhere = asking.world.sign_in(crate::world::AMY, 30).await;
    let by_another = elevating.try_send(&elsewhere, &request).await;
    problem(by_another, StatusCode::CONFLICT, ErrorCode::ApprovalGone).await;
    let good = elevating.signed(&asking.amy, &request);
    let forged = SendWriteRequest { signature: asking.leo.key.sign(b"x"), ..good.clone() };
    let refused = elevating.try_send_signed(&asking.amy, &request, &forged).await;
    problem(refused, StatusCode::FORBIDDEN, ErrorCode::DeviceRefused).await;
    let mut other = SendWriteRequest { write_sha256: "0".repeat(64), ..good };
    let message = signing::send_write(&other.device, &request.id, &other.write_sha256, other.signed_at);
    other.signature = asking.amy.key.sign(&message);
    let refused = elevating.try_send_signed(&asking.amy, &request, &other).await;
    problem(refused, StatusCode::CONFLICT, ErrorCode::ApprovalGone).await;
    assert_eq!(elevating.portal.writes(), 0);
    elevating.send(&request).await;
    assert_eq!(elevating.portal.writes(), 1);
}

#[tokio::test]
async fn what_was_changed_while_it_was_kept_does_not_go() {
    let elevating = Elevating::new().await;
    let request = elevating.approved().await;
    let other = elevating.blocked(PATH, FORM_KIND, FORM.replace("gentle", "quick")).await;
    let pool = elevating.asking.world.database().await;
    // Whoever can write to the database puts another write of the same session in its place.
    let record = &request.write.as_ref().unwrap().asked.record;
    sqlx::query("UPDATE kept_requests SET sealed = (SELECT sealed FROM kept_requests WHERE id = $1) WHERE id = $2")
        .bind(other.record.0.clone())
        .bind(record.0.clone())
        .execute(&pool)
        .await
        .unwrap();
    let refused = elevating.try_send(&elevating.asking.amy, &request).await;
    problem(refused, StatusCode::CONFLICT, ErrorCode::ApprovalGone).await;
    assert_eq!((elevating.portal.writes(), elevating.asking.world.count_events("write_sent").await), (0, 0));
}

#[tokio::test]
async fn a_stop_a_portal_or_customer_that_is_switched_off_and_a_lost_record_hold_it_back() {
    let elevating = Elevating::new().await;
    let request = elevating.approved().await;
    let world = &elevating.asking.world;
    world.break_the_audit_log().await;
    let unrecorded = elevating.try_send(&elevating.asking.amy, &request).await;
    problem(unrecorded, StatusCode::SERVICE_UNAVAILABLE, ErrorCode::AuditUnavailable).await;
    assert_eq!(elevating.portal.writes(), 0, "no record, no sending");
    world.repair_the_audit_log().await;
    elevating.portal.says_inactive();
    let inactive = elevating.try_send(&elevating.asking.amy, &request).await;
    problem(inactive, StatusCode::FORBIDDEN, ErrorCode::CustomerInactive).await;
    assert_eq!(elevating.portal.writes(), 0);

    let stopped = Elevating::new().await;
    let request = stopped.approved().await;
    let state = stopped.asking.world.server().state().clone();
    state.sessions.stop_portal(&request.customer.portal, &stopped.asking.sana.tokens.staff.id, REASON).await.unwrap();
    let refused = stopped.try_send(&stopped.asking.amy, &request).await;
    // With its session the request is over.
    problem(refused, StatusCode::CONFLICT, ErrorCode::ApprovalGone).await;
    assert_eq!(stopped.portal.writes(), 0);
    let ended = stopped.asking.world.session(&stopped.asking.amy, &stopped.session).await.ended_by;
    assert_eq!(ended, Some(EndedBy::PortalDisabled));
}

#[tokio::test]
async fn what_a_page_provokes_pushes_out_nothing_that_was_asked_for() {
    let elevating = Elevating::new().await;
    let request = elevating.approved().await;
    for number in 0..25 {
        if number % 10 == 9 {
            // No more than twenty a minute are kept at all.
            elevating.asking.world.clock.advance_seconds(3);
            elevating.last_blocked().await;
        }
        let path = format!("/appointments/{number}");
        elevating.page(Method::POST, &path).body("a=1").send().await.unwrap();
    }
    let sent = elevating.send(&request).await;
    assert_eq!((sent.request.state, elevating.portal.writes()), (RequestState::Used, 1));
    use sqlx::Row as _;
    let pool = elevating.asking.world.database().await;
    let kept: i64 = sqlx::query("SELECT COUNT(*) AS n FROM kept_requests").fetch_one(&pool).await.unwrap().get("n");
    assert!(kept <= 20, "{kept}");
}

//! Requests for approval: who asks, who decides, what is signed, and what becomes of it.

use amberglass_domain::signing;
use amberglass_testkit::wait_until;
use amberglass_wire::{
    StaffId,
    approval::{AskApprovalRequest, DecideRequest, RequestResponse, RequestState, Scope, SignedDecision, Verdict},
    auth::SnapshotResponse,
    export::ExportScope,
    problem::ErrorCode,
    session::{EndedBy, Mode, SessionState, StartSessionRequest, StartSessionResponse},
};
use reqwest::StatusCode;

use crate::asking::{Asking, signed};
use crate::export::{self, export, keys, whole};
use crate::world::{Console, JANE, LIMIT, REASON, World, customer, json, problem, start_request};

/// Each endpoint about requests, answered once.
pub async fn ask_decide_and_withdraw(world: &World, amy: &Console, sana: &Console) {
    let sensitive = customer(&world.clock, |customer| customer.class == "sensitive" && customer.active);
    let StartSessionRequest { portal, customer, reason, mode, duration_seconds, .. } = start_request(&sensitive.id);
    let ask = AskApprovalRequest { portal, customer, reason, mode, duration_seconds };
    let asked = world.post(amy, "/v1/requests").header("idempotency-key", "ask").json(&ask).send().await.unwrap();
    let request: RequestResponse = json(asked, StatusCode::CREATED).await;
    let path = format!("/v1/requests/{}", request.id);
    let read: RequestResponse = json(world.get(sana, &path).send().await.unwrap(), StatusCode::OK).await;
    assert!(read.may_decide);
    let decision = signed(world, sana, &request, Verdict::Approve, request.asked);
    let decided =
        world.post(sana, &format!("{path}/decisions")).json(&DecideRequest { decision }).send().await.unwrap();
    assert_eq!(json::<RequestResponse>(decided, StatusCode::OK).await.state, RequestState::Approved);
    let back = world.post(amy, &format!("{path}/withdraw")).json(&serde_json::json!({})).send().await.unwrap();
    assert_eq!(json::<RequestResponse>(back, StatusCode::OK).await.state, RequestState::Withdrawn);
}

#[tokio::test]
async fn what_needs_an_approval_is_asked_for_decided_and_begins_once() {
    let asking = Asking::new().await;
    let refused = asking.world.try_start(&asking.amy, "key-0", &asking.wish).await;
    problem(refused, StatusCode::FORBIDDEN, ErrorCode::NeedsApproval).await;
    let request = asking.ask().await;
    assert_eq!(
        (request.state, request.rules.as_slice()),
        (RequestState::Pending, &["sensitive-customers-need-approval".to_owned()][..])
    );
    assert!(!request.may_decide, "not one's own");
    assert!(asking.to_decide(&asking.amy).await.is_empty());
    let [waiting] = asking.to_decide(&asking.leo).await.try_into().unwrap();
    assert!(waiting.may_decide && waiting.id == request.id);
    problem(asking.try_start("key-1", &request.id).await, StatusCode::CONFLICT, ErrorCode::ApprovalGone).await;

    let less = Scope { duration_seconds: 600, extensions: 1, ..request.asked };
    let decision = asking.decision(&asking.leo, &request, Verdict::Approve, less);
    let approved: RequestResponse = json(asking.try_decide(&asking.leo, &decision).await, StatusCode::OK).await;
    assert_eq!((approved.state, approved.granted), (RequestState::Approved, Some(less)));
    assert_eq!(approved.decisions[0].approver_name, "Leo Brandt");

    problem(asking.try_start("key-2", &request.id).await, StatusCode::CONFLICT, ErrorCode::ApprovalGone).await;
    let start = StartSessionRequest { duration_seconds: 600, request: Some(request.id.clone()), ..asking.wish.clone() };
    let started = asking.world.try_start(&asking.amy, "key-3", &start).await;
    let started: StartSessionResponse = json(started, StatusCode::CREATED).await;
    let used = asking.request(&asking.amy, &request.id).await;
    assert_eq!((used.state, used.session.as_ref()), (RequestState::Used, Some(&started.session.id)));
    // The same again is the same session; another one does not begin with it.
    json::<StartSessionResponse>(asking.world.try_start(&asking.amy, "key-3", &start).await, StatusCode::OK).await;
    asking.world.end(&asking.amy, &started.session.id).await;
    let again = asking.world.try_start(&asking.amy, "key-4", &start).await;
    problem(again, StatusCode::CONFLICT, ErrorCode::ApprovalGone).await;
    let kinds = asking.world.kinds(&asking.amy, &started.session.id).await;
    assert_eq!(&kinds[..2], ["approval_used", "session_started"]);
    for kind in ["approval_requested", "approval_decided", "approval_used"] {
        assert_eq!(asking.world.count_events(kind).await, 1, "{kind}");
    }
}

#[tokio::test]
async fn what_was_decided_stands_in_exports_as_it_was_signed() {
    let asking = Asking::new().await;
    let request = asking.ask().await;
    let less = Scope { duration_seconds: 600, ..request.asked };
    let decision = asking.decision(&asking.leo, &request, Verdict::Approve, less);
    json::<RequestResponse>(asking.try_decide(&asking.leo, &decision).await, StatusCode::OK).await;
    let start = StartSessionRequest { duration_seconds: 600, request: Some(request.id), ..asking.wish.clone() };
    let started = asking.world.try_start(&asking.amy, "key-1", &start).await;
    let session = json::<StartSessionResponse>(started, StatusCode::CREATED).await.session.id;
    asking.world.end(&asking.amy, &session).await;
    let request: RequestResponse = json(asking.try_ask(&asking.amy, "ask-2").await, StatusCode::CREATED).await;
    asking.decide(&asking.sana, &request, Verdict::Deny).await;

    let keys = keys(&asking.world, &[&asking.amy, &asking.leo, &asking.sana]);
    let everything = ExportScope::default();
    let (customer, portal) = (Some(asking.wish.customer.clone()), Some(asking.wish.portal.clone()));
    for (scope, decisions) in [
        (everything.clone(), 2),
        (ExportScope { customer, portal, ..ExportScope::default() }, 2),
        (ExportScope { staff: Some(asking.amy.tokens.staff.id.clone()), ..ExportScope::default() }, 2),
        // Neither question nor decision is of a session.
        (ExportScope { session: Some(session), ..ExportScope::default() }, 0),
    ] {
        assert_eq!(whole(&export(&asking.world, &scope).await.1, &keys).decisions, decisions, "{scope:?}");
    }
    let without_sana = export::keys(&asking.world, &[&asking.amy, &asking.leo]);
    let report = amberglass_verify::verify(&*export(&asking.world, &everything).await.1, &without_sana, &[]).unwrap();
    assert_eq!(report.faults.iter().map(|(_, fault)| fault.code()).collect::<Vec<_>>(), ["decision_key_unknown"]);
}

#[tokio::test]
async fn the_same_question_is_asked_once() {
    let asking = Asking::new().await;
    let request = asking.ask().await;
    for key in ["ask-1", "ask-2"] {
        let again: RequestResponse = json(asking.try_ask(&asking.amy, key).await, StatusCode::OK).await;
        assert_eq!(again.id, request.id, "{key}");
    }
    assert_eq!(asking.world.count_events("approval_requested").await, 1);
}

#[tokio::test]
async fn what_may_begin_at_once_needs_nobody() {
    let mut asking = Asking::new().await;
    asking.wish = start_request(JANE);
    problem(asking.try_ask(&asking.amy, "ask-1").await, StatusCode::CONFLICT, ErrorCode::ApprovalNotNeeded).await;
}

#[tokio::test]
async fn a_denial_says_why_and_stands() {
    let asking = Asking::new().await;
    let request = asking.ask().await;
    let mut wordless = asking.decision(&asking.leo, &request, Verdict::Deny, request.asked);
    wordless.comment = String::new();
    wordless.signature = asking.leo.key.sign(&signing::decision(&wordless));
    problem(
        asking.try_decide(&asking.leo, &wordless).await,
        StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::ReasonTooShort,
    )
    .await;
    let denied = asking.decide(&asking.leo, &request, Verdict::Deny).await;
    assert_eq!((denied.state, denied.decisions[0].comment.as_str()), (RequestState::Denied, REASON));
    // Who comes later gets it as it is.
    let late = asking.decide(&asking.sana, &request, Verdict::Approve).await;
    assert_eq!((late.state, late.decisions.len()), (RequestState::Denied, 1));
    problem(asking.try_start("key-1", &request.id).await, StatusCode::CONFLICT, ErrorCode::ApprovalGone).await;
    assert_eq!(asking.world.count_events("approval_decided").await, 1);
}

#[tokio::test]
async fn a_decision_is_worth_nothing_unless_its_approver_signed_this_request_as_it_is() {
    let asking = Asking::new().await;
    let request = asking.ask().await;
    let good = asking.decision(&asking.leo, &request, Verdict::Approve, request.asked);
    let resigned = |change: fn(&mut SignedDecision)| {
        let mut changed = good.clone();
        change(&mut changed);
        changed.signature = asking.leo.key.sign(&signing::decision(&changed));
        changed
    };
    let flipped = SignedDecision { verdict: Verdict::Deny, comment: REASON.into(), ..good.clone() };
    problem(asking.try_decide(&asking.leo, &flipped).await, StatusCode::FORBIDDEN, ErrorCode::DeviceRefused).await;
    let foreign = asking.decision(&asking.sana, &request, Verdict::Approve, request.asked);
    problem(asking.try_decide(&asking.leo, &foreign).await, StatusCode::FORBIDDEN, ErrorCode::DeviceRefused).await;
    for changed in [
        resigned(|one| one.nonce = "0".repeat(32)),
        resigned(|one| one.server = "server:another".into()),
        resigned(|one| one.approver = StaffId::new("another")),
        resigned(|one| one.staff = StaffId::new("another")),
        resigned(|one| one.customer.0.push('1')),
        resigned(|one| one.portal.0.push('1')),
        resigned(|one| one.reason_sha256 = "0".repeat(64)),
        resigned(|one| one.policy_hash = "0".repeat(64)),
        resigned(|one| one.not_after = one.signed_at.plus_seconds(-1)),
        resigned(|one| one.not_after = one.signed_at.plus_seconds(3600)),
        resigned(|one| one.scope.duration_seconds += 1),
        resigned(|one| one.scope.extensions += 1),
        resigned(|one| one.scope.mode = Mode::ReadWrite),
    ] {
        problem(
            asking.try_decide(&asking.leo, &changed).await,
            StatusCode::UNPROCESSABLE_ENTITY,
            ErrorCode::DecisionInvalid,
        )
        .await;
    }
    let late = resigned(|one| one.signed_at = one.signed_at.plus_seconds(-120));
    problem(asking.try_decide(&asking.leo, &late).await, StatusCode::FORBIDDEN, ErrorCode::ClockSkew).await;
    let own = asking.decision(&asking.amy, &request, Verdict::Approve, request.asked);
    problem(asking.try_decide(&asking.amy, &own).await, StatusCode::FORBIDDEN, ErrorCode::Forbidden).await;
    assert_eq!(asking.request(&asking.amy, &request.id).await.state, RequestState::Pending, "nobody was let in");
    assert_eq!(asking.world.count_events("approval_decided").await, 0);
}

#[tokio::test]
async fn an_approver_has_to_have_signed_in_just_now() {
    let mut asking = Asking::new().await;
    let request = asking.ask().await;
    asking.world.clock.advance_seconds(301);
    asking.world.refresh(&mut asking.leo).await;
    let decision = asking.decision(&asking.leo, &request, Verdict::Approve, request.asked);
    problem(asking.try_decide(&asking.leo, &decision).await, StatusCode::FORBIDDEN, ErrorCode::FreshSignInRequired)
        .await;
}

#[tokio::test]
async fn others_learn_nothing_of_a_request() {
    let asking = Asking::new().await;
    let request = asking.ask().await;
    asking.world.add_staff("ben@amberglass.example", amberglass_wire::auth::Role::Agent).await;
    let ben = asking.world.sign_in("ben@amberglass.example", 9).await;
    let answer = asking.world.get(&ben, &format!("/v1/requests/{}", request.id)).send().await.unwrap();
    problem(answer, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
    problem(asking.withdraw(&ben, &request.id, Some(REASON)).await, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
    problem(asking.withdraw(&asking.leo, &request.id, Some(REASON)).await, StatusCode::FORBIDDEN, ErrorCode::Forbidden)
        .await;
}

#[tokio::test]
async fn who_asked_takes_it_back_and_who_approved_ends_what_began_with_it() {
    let asking = Asking::new().await;
    let request = asking.ask().await;
    let back: RequestResponse = json(asking.withdraw(&asking.amy, &request.id, None).await, StatusCode::OK).await;
    assert_eq!(back.state, RequestState::Withdrawn);

    let request: RequestResponse = json(asking.try_ask(&asking.amy, "ask-2").await, StatusCode::CREATED).await;
    asking.decide(&asking.leo, &request, Verdict::Approve).await;
    let given = async |console: &Console| -> Vec<_> {
        let answer = asking.world.get(console, "/v1/snapshot").send().await.unwrap();
        let snapshot: SnapshotResponse = json(answer, StatusCode::OK).await;
        snapshot.given.into_iter().map(|given| (given.id, given.session)).collect()
    };
    assert_eq!(given(&asking.leo).await, [(request.id.clone(), None)]);
    let started: StartSessionResponse = json(asking.try_start("key-1", &request.id).await, StatusCode::CREATED).await;
    assert_eq!(given(&asking.leo).await, [(request.id.clone(), Some(started.session.id.clone()))], "while it runs");
    assert!(given(&asking.sana).await.is_empty() && given(&asking.amy).await.is_empty(), "it is nobody else's");
    problem(
        asking.withdraw(&asking.leo, &request.id, None).await,
        StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::ReasonTooShort,
    )
    .await;
    let back: RequestResponse =
        json(asking.withdraw(&asking.leo, &request.id, Some(REASON)).await, StatusCode::OK).await;
    assert_eq!(back.state, RequestState::Withdrawn);
    let session = asking.world.session(&asking.amy, &started.session.id).await;
    assert_eq!((session.state, session.ended_by), (SessionState::Ended, Some(EndedBy::ApprovalWithdrawn)));
    assert_eq!(session.end_reason.as_deref(), Some(REASON));
    assert!(given(&asking.leo).await.is_empty());
    assert_eq!(asking.world.count_events("session_ended").await, 1);
}

#[tokio::test]
async fn an_approver_who_is_disabled_takes_the_session_with_them() {
    let asking = Asking::new().await;
    let request = asking.ask().await;
    asking.decide(&asking.leo, &request, Verdict::Approve).await;
    let started: StartSessionResponse = json(asking.try_start("key-1", &request.id).await, StatusCode::CREATED).await;
    asking.world.set_active(&asking.leo, false).await;
    asking.world.clock.advance_millis(500);
    let ended = asking.world.until(&asking.amy, &started.session.id, SessionState::Ended).await;
    assert_eq!(ended.ended_by, Some(EndedBy::ApproverDisabled));
}

#[tokio::test]
async fn an_approval_of_somebody_who_was_disabled_begins_nothing() {
    let asking = Asking::new().await;
    let request = asking.ask().await;
    asking.decide(&asking.leo, &request, Verdict::Approve).await;
    asking.world.set_active(&asking.leo, false).await;
    problem(asking.try_start("key-1", &request.id).await, StatusCode::CONFLICT, ErrorCode::ApprovalGone).await;
}

#[tokio::test]
async fn what_nobody_decides_or_uses_in_time_lapses_once_on_record() {
    let mut asking = Asking::new().await;
    let request = asking.ask().await;
    asking.world.clock.advance_seconds(30 * 60);
    asking.until_lapsed(&request.id).await;
    let late = asking.decide_again(&request).await;
    assert_eq!((late.state, late.decisions.len()), (RequestState::Lapsed, 0));

    let request: RequestResponse = json(asking.try_ask(&asking.amy, "ask-2").await, StatusCode::CREATED).await;
    assert_eq!(asking.decide_again(&request).await.state, RequestState::Approved);
    asking.world.clock.advance_seconds(15 * 60);
    asking.world.refresh(&mut asking.amy).await;
    problem(asking.try_start("key-1", &request.id).await, StatusCode::CONFLICT, ErrorCode::ApprovalGone).await;
    asking.until_lapsed(&request.id).await;
    assert_eq!(asking.world.count_events("approval_lapsed").await, 2);
}

#[tokio::test]
async fn leads_are_told_first_and_security_when_nobody_has_reacted() {
    let mut asking = Asking::new().await;
    let request = asking.ask().await;
    let seen = async |by: &Console| asking.to_decide(by).await.remove(0);
    let (leo, sana) = (seen(&asking.leo).await, seen(&asking.sana).await);
    assert!(leo.next_level && !sana.next_level && sana.may_decide && sana.escalated_at.is_none());
    asking.world.clock.advance_seconds(299);
    assert_eq!(seen(&asking.sana).await.escalated_at, None);
    asking.world.clock.advance_millis(1_500);
    asking.world.refresh(&mut asking.amy).await;
    let escalated = async || asking.request(&asking.amy, &request.id).await.escalated_at;
    let at = wait_until("the escalation", LIMIT, escalated).await;
    assert_eq!(at.since(request.created_at) / 1_000, 300);
    assert_eq!(asking.world.count_events("approval_escalated").await, 1);
}

#[tokio::test]
async fn the_clock_starts_at_the_first_use() {
    let asking = Asking::new().await;
    let request = asking.ask().await;
    asking.decide(&asking.leo, &request, Verdict::Approve).await;
    asking.world.clock.advance_seconds(240);
    let started: StartSessionResponse = json(asking.try_start("key-1", &request.id).await, StatusCode::CREATED).await;
    let lasts = started.session.expires_at.unwrap().since(started.session.started_at.unwrap()) / 1000;
    assert_eq!(lasts, 1800);
}

//! What is not decided, and does not begin: by whoever forges, repeats or comes too late, by people who may not any more, and by
//! another policy than the one that was asked.

use amberglass_domain::{ports::Clock as _, signing};
use amberglass_server::{
    policy::{Policy, Reload, Texts},
    sessions::{DecideError, Deciding},
};
use amberglass_testkit::wait_until;
use amberglass_wire::{
    RequestId, UnixMillis,
    approval::{DecideRequest, RequestResponse, RequestState, SignedDecision, Verdict},
    auth::Role,
    problem::ErrorCode,
    session::{EndedBy, Mode, SessionState, StartSessionResponse},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{Response, StatusCode};

use crate::{
    asking::Asking,
    world::{AMY, Console, DEFAULT_RULES, JANE, LEO, LIMIT, REASON, World, go_by, json, problem, start_request},
};

/// Of the sensitive customers' rule, with two approvals.
fn two_approvals() -> String {
    let id = "@id(\"sensitive-customers-need-approval\")";
    DEFAULT_RULES.replace(id, &format!("{id}\n@approvals(\"2\")"))
}

impl Asking {
    async fn by(rules: &str) -> Self {
        Self::in_world(World::with(|config| go_by(config, rules)).await).await
    }

    async fn post_decision(&self, by: &Console, id: &RequestId, decision: &SignedDecision) -> Response {
        let body = DecideRequest { decision: decision.clone() };
        self.world.post(by, &format!("/v1/requests/{id}/decisions")).json(&body).send().await.unwrap()
    }

    async fn begin(&self, request: &RequestId) -> StartSessionResponse {
        json(self.try_start("begin", request).await, StatusCode::CREATED).await
    }

    async fn gone(&self, key: &str, request: &RequestId) {
        problem(self.try_start(key, request).await, StatusCode::CONFLICT, ErrorCode::ApprovalGone).await;
    }

    async fn set_role(&self, console: &Console, role: Role) {
        let accounts = &self.world.server().state().accounts;
        assert!(accounts.set_role(&console.tokens.staff.id, role, false).await.unwrap());
    }

    /// One row, read where nobody is asked whether they may.
    async fn state_of(&self, id: &RequestId) -> RequestState {
        self.world.server().state().sessions.request(id).await.unwrap().unwrap().state
    }

    async fn until(&self, id: &RequestId, state: RequestState) {
        wait_until(state.as_str(), LIMIT, async || (self.state_of(id).await == state).then_some(())).await;
    }
}

#[tokio::test]
async fn a_request_that_is_not_there_is_to_everybody_what_one_of_others_is() {
    let asking = Asking::new().await;
    let request = asking.ask().await;
    asking.world.add_staff("ben@amberglass.example", Role::Agent).await;
    let ben = asking.world.sign_in("ben@amberglass.example", 9).await;
    let unknown = RequestResponse { id: RequestId::new("00000000-0000-7000-8000-000000000000"), ..request.clone() };
    for (who, request) in [(&asking.leo, &unknown), (&asking.amy, &unknown), (&ben, &unknown), (&ben, &request)] {
        let decision = asking.decision(who, request, Verdict::Approve, request.asked);
        let read = asking.world.get(who, &format!("/v1/requests/{}", request.id)).send().await.unwrap();
        for answer in
            [read, asking.try_decide(who, &decision).await, asking.withdraw(who, &request.id, Some(REASON)).await]
        {
            let told = problem(answer, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
            assert_eq!(told.detail, None);
        }
    }
    // Nor does anything begin with it, and again nobody learns whether it is there.
    let approved = asking.decide(&asking.leo, &request, Verdict::Approve).await;
    for id in [&approved.id, &unknown.id] {
        let mut start = asking.wish.clone();
        start.request = Some(id.clone());
        let answer = asking.world.try_start(&ben, id.as_str(), &start).await;
        let told = problem(answer, StatusCode::CONFLICT, ErrorCode::ApprovalGone).await;
        assert_eq!((told.detail.as_deref(), told.rules), (Some("Nothing began; ask again."), Vec::new()));
    }
    asking.begin(&approved.id).await;
}

#[tokio::test]
async fn who_has_decided_does_not_decide_again() {
    let asking = Asking::by(&two_approvals()).await;
    let request = asking.ask().await;
    assert_eq!((request.approvals_needed, request.state), (2, RequestState::Pending));
    let approve = asking.decision(&asking.leo, &request, Verdict::Approve, request.asked);
    for decision in [&approve, &approve, &asking.decision(&asking.leo, &request, Verdict::Deny, request.asked)] {
        let told: RequestResponse = json(asking.try_decide(&asking.leo, decision).await, StatusCode::OK).await;
        assert_eq!((told.state, told.decisions.len(), told.may_decide), (RequestState::Pending, 1, false));
        assert_eq!(told.decisions[0].verdict, Verdict::Approve);
    }
    asking.gone("half", &request.id).await;
    assert_eq!(asking.decide(&asking.sana, &request, Verdict::Approve).await.state, RequestState::Approved);
    assert_eq!(asking.decide(&asking.sana, &request, Verdict::Deny).await.state, RequestState::Approved);
    assert_eq!(asking.world.count_events("approval_decided").await, 2);
}

#[tokio::test]
async fn no_bit_of_a_signature_and_no_word_under_it_can_be_another_one() {
    let asking = Asking::new().await;
    let request = asking.ask().await;
    let good = asking.decision(&asking.leo, &request, Verdict::Approve, request.asked);
    let refused = async |what: String, changed: SignedDecision| {
        let answer = asking.post_decision(&asking.leo, &request.id, &changed).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{what}");
        problem(answer, StatusCode::FORBIDDEN, ErrorCode::DeviceRefused).await;
    };
    let signature = STANDARD.decode(&good.signature).unwrap();
    for bit in 0..signature.len() * 8 {
        let mut flipped = signature.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        refused(format!("bit {bit}"), SignedDecision { signature: STANDARD.encode(flipped), ..good.clone() }).await;
    }
    let long = [&signature[..], &[0]].concat();
    for odd in [&[][..], &signature[..63], &long, &[0; 64], &[0xff; 64]] {
        refused(format!("{odd:?}"), SignedDecision { signature: STANDARD.encode(odd), ..good.clone() }).await;
    }
    for odd in ["", "no base64", &format!("{} ", good.signature), good.signature.trim_end_matches('=')] {
        refused(odd.to_owned(), SignedDecision { signature: odd.into(), ..good.clone() }).await;
    }
    let words: [fn(&mut SignedDecision); 17] = [
        |one| one.server.push('1'),
        |one| one.request.0.push('1'),
        |one| one.nonce.push('1'),
        |one| one.verdict = Verdict::Deny,
        |one| one.approver.0.push('1'),
        |one| one.device.0.push('1'),
        |one| one.portal.0.push('1'),
        |one| one.customer.0.push('1'),
        |one| one.staff.0.push('1'),
        |one| one.scope.mode = Mode::ReadWrite,
        |one| one.scope.duration_seconds -= 1,
        |one| one.scope.extensions -= 1,
        |one| one.reason_sha256.push('1'),
        |one| one.policy_hash.push('1'),
        |one| one.comment.push_str("As long as you like"),
        |one| one.not_after.0 += 1,
        |one| one.signed_at.0 -= 1,
    ];
    for (number, change) in words.into_iter().enumerate() {
        let mut changed = good.clone();
        change(&mut changed);
        refused(format!("word {number}"), changed).await;
    }
    assert_eq!(asking.state_of(&request.id).await, RequestState::Pending);
    assert_eq!(asking.world.count_events("approval_decided").await, 0);
    // Nothing but what was changed stood in its way.
    assert_eq!(asking.try_decide(&asking.leo, &good).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_decision_is_worth_nothing_for_another_request_from_another_person_or_from_another_device() {
    let asking = Asking::new().await;
    let first = asking.ask().await;
    let decision = asking.decision(&asking.leo, &first, Verdict::Approve, first.asked);
    let elsewhere = asking.world.sign_in(LEO, 5).await;
    for who in [&asking.sana, &elsewhere] {
        let answer = asking.try_decide(who, &decision).await;
        problem(answer, StatusCode::FORBIDDEN, ErrorCode::DeviceRefused).await;
    }
    asking.withdraw(&asking.amy, &first.id, None).await;
    // The same people, customer, reason and scope, and another request all the same.
    let second: RequestResponse = json(asking.try_ask(&asking.amy, "ask-2").await, StatusCode::CREATED).await;
    assert_ne!(second.nonce, first.nonce);
    let answer = asking.post_decision(&asking.leo, &second.id, &decision).await;
    problem(answer, StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::DecisionInvalid).await;
    let renamed = SignedDecision { request: second.id.clone(), ..decision.clone() };
    problem(asking.try_decide(&asking.leo, &renamed).await, StatusCode::FORBIDDEN, ErrorCode::DeviceRefused).await;
    // Where it belongs it is too late.
    let told: RequestResponse = json(asking.try_decide(&asking.leo, &decision).await, StatusCode::OK).await;
    assert_eq!((told.state, told.decisions.len()), (RequestState::Withdrawn, 0));
    assert_eq!(asking.state_of(&second.id).await, RequestState::Pending);
    assert_eq!(asking.world.count_events("approval_decided").await, 0);
}

#[tokio::test]
async fn a_decision_holds_at_its_time_and_at_no_other() {
    let asking = Asking::new().await;
    let request = asking.ask().await;
    let now = asking.world.clock.now();
    let at = |signed_at: UnixMillis, not_after: UnixMillis| {
        let mut decision = asking.decision(&asking.leo, &request, Verdict::Approve, request.asked);
        (decision.signed_at, decision.not_after) = (signed_at, not_after);
        decision.signature = asking.leo.key.sign(&signing::decision(&decision));
        decision
    };
    let later = |millis: i64| UnixMillis(now.0 + millis);
    for (signed_at, not_after, status, code) in [
        (-60_001, 60_000, StatusCode::FORBIDDEN, ErrorCode::ClockSkew),
        (60_001, 120_000, StatusCode::FORBIDDEN, ErrorCode::ClockSkew),
        (i64::MIN / 2, 60_000, StatusCode::FORBIDDEN, ErrorCode::ClockSkew),
        (0, -1, StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::DecisionInvalid),
        (0, 600_001, StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::DecisionInvalid),
        (0, i64::MAX - now.0, StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::DecisionInvalid),
    ] {
        let answer = asking.try_decide(&asking.leo, &at(later(signed_at), later(not_after))).await;
        problem(answer, status, code).await;
    }
    // To the last millisecond, and also where the server's clock is set back by a day.
    asking.world.clock.set_wall(now.plus_seconds(-24 * 60 * 60));
    let skewed = at(later(-60_000), later(0));
    assert_eq!(asking.try_decide(&asking.leo, &skewed).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn who_is_not_an_approver_any_more_decides_nothing() {
    for what in ["demoted", "made an admin", "disabled", "signed out", "device revoked"] {
        let asking = Asking::new().await;
        let opened = asking.ask().await;
        assert!(asking.request(&asking.leo, &opened.id).await.may_decide);
        let decision = asking.decision(&asking.leo, &opened, Verdict::Approve, opened.asked);
        let (status, code) = match what {
            "demoted" => {
                asking.set_role(&asking.leo, Role::Agent).await;
                (StatusCode::NOT_FOUND, ErrorCode::NotFound)
            }
            "made an admin" => {
                asking.set_role(&asking.leo, Role::Admin).await;
                (StatusCode::NOT_FOUND, ErrorCode::NotFound)
            }
            "disabled" => {
                asking.world.set_active(&asking.leo, false).await;
                (StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn)
            }
            "signed out" => {
                let out = asking.world.post(&asking.leo, "/v1/oauth/sign-out").send().await.unwrap();
                assert!(out.status().is_success());
                (StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn)
            }
            _ => {
                let path = format!("/v1/devices/{}/revoke", asking.leo.tokens.device);
                let body = serde_json::json!({ "reason": REASON });
                let revoked = asking.world.post(&asking.sana, &path).json(&body).send().await.unwrap();
                assert_eq!(revoked.status(), StatusCode::OK);
                (StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn)
            }
        };
        problem(asking.try_decide(&asking.leo, &decision).await, status, code).await;
        // Nor where that comes between the questions and the write.
        if what != "signed out" {
            let late = Deciding { decision: &decision, role: "lead" };
            let refused = asking.world.server().state().sessions.decide(&late).await;
            assert!(matches!(refused, Err(DecideError::NotAnyMore)), "{what}");
        }
        assert_eq!(asking.state_of(&opened.id).await, RequestState::Pending, "{what}");
        assert_eq!(asking.world.count_events("approval_decided").await, 0, "{what}");
    }
}

#[tokio::test]
async fn what_somebody_approved_who_was_demoted_begins_nothing() {
    let asking = Asking::new().await;
    let request = asking.ask().await;
    asking.decide(&asking.leo, &request, Verdict::Approve).await;
    asking.set_role(&asking.leo, Role::Agent).await;
    asking.gone("demoted", &request.id).await;
    assert_eq!(asking.world.count_events("session_started").await, 0);
}

#[tokio::test]
async fn a_server_that_dies_in_between_forgets_neither_question_nor_decision() {
    let mut asking = Asking::new().await;
    let request = asking.ask().await;
    asking.world.kill_server().await;
    asking.world.start_server().await;
    assert_eq!(asking.to_decide(&asking.leo).await.len(), 1);
    let again: RequestResponse = json(asking.try_ask(&asking.amy, "ask-1").await, StatusCode::OK).await;
    assert_eq!(again.id, request.id, "the answer to the question was lost");
    let decision = asking.decision(&asking.leo, &request, Verdict::Approve, request.asked);
    assert_eq!(asking.try_decide(&asking.leo, &decision).await.status(), StatusCode::OK);
    asking.world.kill_server().await;
    asking.world.start_server().await;
    let again: RequestResponse = json(asking.try_decide(&asking.leo, &decision).await, StatusCode::OK).await;
    assert_eq!((again.state, again.decisions.len()), (RequestState::Approved, 1), "so was that to the decision");
    let started = asking.begin(&request.id).await;
    assert_eq!(started.session.state, SessionState::Active);
    asking.world.kill_server().await;
    asking.world.start_server().await;
    asking.world.end(&asking.amy, &started.session.id).await;
    asking.gone("again", &request.id).await;
    for kind in ["approval_requested", "approval_decided", "approval_used", "session_started"] {
        assert_eq!(asking.world.count_events(kind).await, 1, "{kind}");
    }
}

#[tokio::test]
async fn another_policy_decides_again_what_is_approved_and_what_runs_by_it() {
    let closed = "@id(\"closed\") forbid (principal, action == Action::\"start_after_approval\", resource);";
    let by_security = DEFAULT_RULES.replace(
        "[\"lead\", \"security\"].contains(principal.role) &&\n    principal.level > resource.staff_level",
        "principal.role == \"security\"",
    );
    assert_ne!(by_security, DEFAULT_RULES);
    for (what, rules, holds) in [
        ("the same in other words", format!("{DEFAULT_RULES}\n// Another one."), true),
        ("two have to approve", two_approvals(), false),
        ("leads do not approve any more", by_security, false),
        ("nobody may any more", format!("{DEFAULT_RULES}\n{closed}"), false),
    ] {
        for runs in [false, true] {
            let asking = Asking::by(DEFAULT_RULES).await;
            let request = asking.ask().await;
            asking.decide(&asking.leo, &request, Verdict::Approve).await;
            let session = if runs { Some(asking.begin(&request.id).await.session.id) } else { None };
            std::fs::write(asking.world.config.policy.rules.as_ref().unwrap(), &rules).unwrap();
            // Its files are looked at every two seconds.
            asking.world.clock.advance_millis(2_000);
            let changed = async || (asking.world.count_events("policy_changed").await == 2).then_some(());
            wait_until("the other policy", LIMIT, changed).await;
            asking.world.clock.advance_millis(2_000);
            if let Some(id) = session {
                if holds {
                    asking.world.beat(&asking.amy, &id, 0).await;
                    assert_eq!(asking.world.session(&asking.amy, &id).await.state, SessionState::Active, "{what}");
                } else {
                    let ended = asking.world.until(&asking.amy, &id, SessionState::Ended).await;
                    assert_eq!(ended.ended_by, Some(EndedBy::PolicyChanged), "{what}");
                }
            } else if holds {
                asking.begin(&request.id).await;
            } else {
                asking.until(&request.id, RequestState::Lapsed).await;
                assert!(!asking.try_start("key", &request.id).await.status().is_success(), "{what}");
                assert_eq!(asking.world.count_events("approval_lapsed").await, 1, "{what}");
            }
        }
    }
}

/// Between the look at the files and the look at the requests.
#[tokio::test]
async fn a_start_goes_by_the_policy_in_force_whatever_was_approved_by_the_one_before() {
    let asking = Asking::by(DEFAULT_RULES).await;
    let request = asking.ask().await;
    asking.decide(&asking.leo, &request, Verdict::Approve).await;
    std::fs::write(asking.world.config.policy.rules.as_ref().unwrap(), two_approvals()).unwrap();
    let policy = &asking.world.server().state().policy;
    let Reload::Changed(other) = policy.look() else { panic!("it is another one") };
    policy.put(other);
    asking.gone("one of two", &request.id).await;
    assert_eq!(asking.state_of(&request.id).await, RequestState::Approved, "nobody has decided it again yet");
}

#[tokio::test]
async fn what_nobody_can_decide_again_ends_and_keeps_nothing_else_waiting() {
    let asking = Asking::new().await;
    let request = asking.ask().await;
    asking.decide(&asking.leo, &request, Verdict::Approve).await;
    let unreadable = asking.begin(&request.id).await.session.id;
    let waits: RequestResponse = json(asking.try_ask(&asking.sana, "ask").await, StatusCode::CREATED).await;
    let readable = asking.world.try_start(&asking.leo, "other", &start_request(JANE)).await;
    let readable = json::<StartSessionResponse>(readable, StatusCode::CREATED).await.session.id;
    asking.world.tamper(&["UPDATE requests SET mode = 'read_a_little' WHERE state = 'used'"]).await;
    // Two have to approve, and leads start nothing any more.
    let no_leads = "@id(\"no-leads\") forbid (principal, action == Action::\"start\", resource) \
                    when { principal.role == \"lead\" };";
    let rules = format!("{}\n{no_leads}", two_approvals());
    let schema = include_str!("../../../../policies/schema.cedarschema").to_owned();
    let policy = Policy::parse(&Texts { rules, schema }).unwrap();
    asking.world.server().state().sessions.decide_again(&policy).await.unwrap();
    for (by, id) in [(&asking.amy, unreadable), (&asking.leo, readable)] {
        assert_eq!(asking.world.session(by, &id).await.ended_by, Some(EndedBy::PolicyChanged));
    }
    assert_eq!(asking.state_of(&waits.id).await, RequestState::Lapsed);
}

/// As a full disk would have it.
#[tokio::test]
async fn a_policy_that_was_refused_is_on_record_once_the_record_can_be_written_again() {
    let asking = Asking::by(DEFAULT_RULES).await;
    asking.world.break_the_audit_log().await;
    std::fs::write(asking.world.config.policy.rules.as_ref().unwrap(), "no rules").unwrap();
    for _ in 0..5 {
        asking.world.clock.advance_millis(2_000);
        asking.world.count_events("policy_refused").await;
    }
    asking.world.repair_the_audit_log().await;
    wait_until("the refused policy", LIMIT, async || {
        asking.world.clock.advance_millis(2_000);
        (asking.world.count_events("policy_refused").await == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn with_who_asked_goes_what_was_approved_for_them() {
    let asking = Asking::new().await;
    let request = asking.ask().await;
    asking.decide(&asking.leo, &request, Verdict::Approve).await;
    asking.world.set_active(&asking.amy, false).await;
    asking.world.clock.advance_millis(500);
    asking.until(&request.id, RequestState::Lapsed).await;
    // Not even for who comes back in time.
    asking.world.set_active(&asking.amy, true).await;
    let amy = asking.world.sign_in(AMY, 7).await;
    let asking = Asking { amy, ..asking };
    asking.gone("back", &request.id).await;
    assert_eq!(asking.world.count_events("approval_lapsed").await, 1);
}

#[tokio::test]
async fn with_who_asked_ends_the_session_that_began_with_it() {
    let asking = Asking::new().await;
    let request = asking.ask().await;
    asking.decide(&asking.leo, &request, Verdict::Approve).await;
    let id = asking.begin(&request.id).await.session.id;
    asking.world.set_active(&asking.amy, false).await;
    asking.world.clock.advance_millis(500);
    let ended = asking.world.until(&asking.leo, &id, SessionState::Ended).await;
    assert_eq!(ended.ended_by, Some(EndedBy::StaffDisabled));
    assert_eq!(asking.state_of(&request.id).await, RequestState::Used);
    assert_eq!(asking.world.count_events("session_ended").await, 1);
}

#[tokio::test]
async fn with_one_who_has_approved_goes_what_waits_for_another() {
    let asking = Asking::by(&two_approvals()).await;
    let request = asking.ask().await;
    asking.decide(&asking.leo, &request, Verdict::Approve).await;
    asking.world.set_active(&asking.leo, false).await;
    asking.world.clock.advance_millis(500);
    asking.until(&request.id, RequestState::Lapsed).await;
    let late = asking.decide(&asking.sana, &request, Verdict::Approve).await;
    assert_eq!((late.state, late.decisions.len()), (RequestState::Lapsed, 1));
    asking.gone("key", &request.id).await;
}

/// As where a lead's laptop was stolen.
#[tokio::test]
async fn with_the_device_that_signed_goes_what_it_approved() {
    for runs in [false, true] {
        let asking = Asking::new().await;
        let request = asking.ask().await;
        asking.decide(&asking.leo, &request, Verdict::Approve).await;
        let session = if runs { Some(asking.begin(&request.id).await.session.id) } else { None };
        let path = format!("/v1/devices/{}/revoke", asking.leo.tokens.device);
        let body = serde_json::json!({ "reason": REASON });
        let revoked = asking.world.post(&asking.sana, &path).json(&body).send().await.unwrap();
        assert_eq!(revoked.status(), StatusCode::OK);
        if let Some(id) = session {
            asking.world.clock.advance_millis(500);
            let ended = asking.world.until(&asking.amy, &id, SessionState::Ended).await;
            assert_eq!(ended.ended_by, Some(EndedBy::ApproverDisabled));
        } else {
            asking.gone("at once", &request.id).await;
            asking.world.clock.advance_millis(500);
            asking.until(&request.id, RequestState::Lapsed).await;
        }
    }
}

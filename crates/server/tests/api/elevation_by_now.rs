//! An approved write goes by what holds when it is sent, and what is asked for counts among what one may ask for.

use amberglass_domain::read_only::PortalRules;
use amberglass_server::{policy::Reload, portals::Rules};
use amberglass_wire::{
    PortalId, UnixMillis,
    approval::{RequestResponse, RequestState, Verdict},
    audit::EventDetail,
    auth::{Role, SnapshotResponse},
    problem::{ErrorCode, Problem},
    session::{Mode, SessionState, StartSessionRequest},
};
use reqwest::StatusCode;

use crate::{
    asking::Asking,
    elevation::Elevating,
    world::{Console, DEFAULT_RULES, JANE, World, go_by, json, problem, start_request},
};

const RULE: &str = "@id(\"one-write-after-approval\")";

/// Before anybody has looked at what is open.
fn put_in_force(world: &World, rules: &str) {
    assert_ne!(rules, DEFAULT_RULES);
    std::fs::write(world.config.policy.rules.as_ref().unwrap(), rules).unwrap();
    let policy = &world.server().state().policy;
    let Reload::Changed(other) = policy.look() else { panic!("it is another one") };
    policy.put(other);
}

async fn by_files() -> Elevating {
    let world = World::with(|config| go_by(config, DEFAULT_RULES)).await;
    Elevating::in_world(world, start_request(JANE)).await
}

async fn is_gone(elevating: &Elevating, request: &RequestResponse) {
    let refused = elevating.try_send(&elevating.asking.amy, request).await;
    let told = problem(refused, StatusCode::CONFLICT, ErrorCode::ApprovalGone).await;
    assert_eq!(told.detail.as_deref(), Some("Nothing was sent."));
    assert_eq!((elevating.portal.writes(), elevating.asking.world.count_events("write_sent").await), (0, 0));
}

async fn given(asking: &Asking, by: &Console) -> usize {
    let answer = asking.world.get(by, "/v1/snapshot").send().await.unwrap();
    json::<SnapshotResponse>(answer, StatusCode::OK).await.given.len()
}

#[tokio::test]
async fn what_somebody_approved_who_was_demoted_does_not_go() {
    let elevating = Elevating::new().await;
    let request = elevating.approved().await;
    let Elevating { asking, .. } = &elevating;
    let accounts = &asking.world.server().state().accounts;
    assert!(accounts.set_role(&asking.leo.tokens.staff.id, Role::Agent, false).await.unwrap());
    is_gone(&elevating, &request).await;
}

#[tokio::test]
async fn what_needs_more_approvals_or_for_another_reason_by_now_does_not_go() {
    let two = DEFAULT_RULES.replace(RULE, &format!("{RULE}\n@approvals(\"2\")"));
    let renamed = DEFAULT_RULES.replace(RULE, "@id(\"another-reason\")");
    for rules in [two, renamed] {
        let elevating = by_files().await;
        let request = elevating.approved().await;
        put_in_force(&elevating.asking.world, &rules);
        is_gone(&elevating, &request).await;
    }
}

#[tokio::test]
async fn a_write_that_the_portals_rules_forbid_by_now_is_not_sent() {
    let elevating = Elevating::new().await;
    let request = elevating.approved().await;
    let rules = &elevating.asking.world.server().state().rules;
    let forbidden =
        "version = 1\n[[never]]\nid = \"never-book\"\ncategory = \"legal-consent\"\npath = \"/appointments\"";
    let forbidden = Rules { rules: PortalRules::parse(forbidden).unwrap(), hash: None };
    rules.put(&PortalId::new("barkside"), std::sync::Arc::new(forbidden));
    is_gone(&elevating, &request).await;
}

#[tokio::test]
async fn a_write_that_the_policy_refuses_is_on_record_whenever_that_is() {
    let closed = format!(
        "{DEFAULT_RULES}\n@id(\"not-this\") forbid (principal, action == Action::\"elevate\", resource) \
         when {{ context.path == \"/appointments\" }};"
    );
    for approved in [false, true] {
        let elevating = by_files().await;
        let Elevating { asking, .. } = &elevating;
        let refused = if approved {
            let request = elevating.approved().await;
            put_in_force(&asking.world, &closed);
            elevating.try_send(&asking.amy, &request).await
        } else {
            put_in_force(&asking.world, &closed);
            elevating.try_ask(&asking.amy, &elevating.blocked_form().await.record).await
        };
        let told = problem(refused, StatusCode::FORBIDDEN, ErrorCode::Forbidden).await;
        assert_eq!(told.rules, ["not-this"]);
        let trail = asking.world.trail(&asking.amy, &elevating.session).await;
        let refusals: Vec<EventDetail> = trail
            .iter()
            .filter(|event| event.record.kind == "session_refused")
            .map(|event| serde_json::from_str::<amberglass_wire::audit::EventBody>(&event.record.body).unwrap().detail)
            .collect();
        let [EventDetail::SessionRefused { rule, mode: Mode::ReadOnly, reason, emergency: None, field: None }] =
            refusals.as_slice()
        else {
            panic!("{refusals:?}")
        };
        assert_eq!((rule.as_str(), reason), ("not-this", &start_request(JANE).reason));
        assert_eq!(elevating.portal.writes(), 0);
    }
}

#[tokio::test]
async fn writes_count_among_what_one_may_ask_for() {
    let too_many = async |elevating: &Elevating, seconds: u32| {
        let blocked = elevating.blocked_form().await;
        let refused = elevating.try_ask(&elevating.asking.amy, &blocked.record).await;
        let told: Problem = problem(refused, StatusCode::TOO_MANY_REQUESTS, ErrorCode::TooManyRequests).await;
        assert_eq!(told.retry_after_seconds, Some(seconds));
    };
    let world = World::with(|config| config.limits.open_requests_per_staff = 2).await;
    let elevating = Elevating::in_world(world, start_request(JANE)).await;
    for _ in 0..2 {
        elevating.ask().await;
    }
    // Until the session, and with it the first of them, is over.
    too_many(&elevating, 30 * 60).await;
    let world = World::with(|config| config.limits.requests_per_hour = 1).await;
    let elevating = Elevating::in_world(world, start_request(JANE)).await;
    let request = elevating.ask().await;
    elevating.asking.withdraw(&elevating.asking.amy, &request.id, None).await;
    too_many(&elevating, 60 * 60).await;
    // What was asked for already is answered all the same.
    let record = request.write.unwrap().asked.record;
    json::<RequestResponse>(elevating.try_ask(&elevating.asking.amy, &record).await, StatusCode::OK).await;
    assert_eq!(elevating.asking.world.count_events("approval_requested").await, 1);
}

#[tokio::test]
async fn a_write_is_asked_for_and_approved_no_longer_than_it_is_kept() {
    let elevating = Elevating::new().await;
    let Elevating { asking, .. } = &elevating;
    let pool = asking.world.database().await;
    let keep_until = async |at: UnixMillis| {
        let question = sqlx::query("UPDATE kept_requests SET expires_at = $1").bind(at.0);
        question.execute(&pool).await.unwrap();
    };
    let blocked = elevating.blocked_form().await;
    let now = amberglass_domain::ports::Clock::now(&asking.world.clock);
    keep_until(now.plus_seconds(60)).await;
    let asked = elevating.try_ask(&asking.amy, &blocked.record).await;
    let request: RequestResponse = json(asked, StatusCode::CREATED).await;
    assert_eq!(request.expires_at, now.plus_seconds(60));
    keep_until(now.plus_seconds(50)).await;
    let approved = asking.decide(&asking.leo, &request, Verdict::Approve).await;
    assert_eq!((approved.state, approved.expires_at), (RequestState::Approved, now.plus_seconds(50)));

    // Where nothing is left of it, nothing is decided.
    let request = elevating.ask().await;
    sqlx::query("DELETE FROM kept_requests").execute(&pool).await.unwrap();
    let told = asking.decide(&asking.leo, &request, Verdict::Approve).await;
    assert_eq!((told.state, told.decisions.len()), (RequestState::Lapsed, 0));
    assert_eq!(asking.world.count_events("approval_decided").await, 1);
    assert_eq!(asking.world.count_events("approval_lapsed").await, 1);
    pool.close().await;
}

#[tokio::test]
async fn a_write_that_was_sent_is_no_approval_that_can_be_taken_back() {
    let elevating = Elevating::new().await;
    let request = elevating.approved().await;
    let Elevating { asking, .. } = &elevating;
    assert_eq!(given(asking, &asking.leo).await, 1);
    elevating.send(&request).await;
    assert_eq!(given(asking, &asking.leo).await, 0);
    assert!(asking.world.session(&asking.amy, &elevating.session).await.state.is_running());
}

#[tokio::test]
async fn a_request_that_can_not_be_read_keeps_no_session_from_its_end_and_no_lead_from_their_work() {
    use sqlx::Row as _;
    let elevating = Elevating::new().await;
    let request = elevating.approved().await;
    let Elevating { asking, .. } = &elevating;
    asking.world.tamper(&["UPDATE requests SET write_json = '{}'"]).await;
    assert_eq!(given(asking, &asking.leo).await, 0);
    let ended = asking.world.end(&asking.amy, &elevating.session).await;
    assert_eq!(ended.state, SessionState::Ended);
    let pool = asking.world.database().await;
    let state: String = sqlx::query("SELECT state FROM requests").fetch_one(&pool).await.unwrap().get("state");
    assert_eq!((state.as_str(), asking.world.count_events("approval_lapsed").await), ("lapsed", 1));
    let lapsed = asking.world.trail(&asking.amy, &elevating.session).await;
    let lapsed = lapsed.iter().find(|event| event.record.kind == "approval_lapsed").unwrap();
    assert!(lapsed.record.body.contains(request.id.as_str()) && lapsed.record.body.contains("\"was\":\"approved\""));
    pool.close().await;
}

#[tokio::test]
async fn an_approval_is_worth_nothing_for_another_reason_to_want_one() {
    let mut elevating = Elevating::new().await;
    elevating.asking.world.end(&elevating.asking.amy, &elevating.session).await;
    let asking = &mut elevating.asking;
    asking.wish = StartSessionRequest { mode: Mode::ReadWrite, ..start_request(JANE) };
    let request = asking.ask().await;
    assert_eq!(request.rules, ["read-write-needs-approval"]);
    asking.decide(&asking.leo, &request, Verdict::Approve).await;
    elevating.portal.says_class("sensitive");
    let refused = elevating.asking.try_start("key", &request.id).await;
    let told = problem(refused, StatusCode::CONFLICT, ErrorCode::ApprovalGone).await;
    assert_eq!(told.detail.as_deref(), Some("Nothing began; ask again."));
    elevating.portal.says_class("standard");
    let started = elevating.asking.try_start("key-3", &request.id).await;
    assert_eq!(started.status(), StatusCode::CREATED);
}

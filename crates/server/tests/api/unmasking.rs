//! One field that a portal's rules mask, shown on a reason of its own: asked for by whose session it is, from its console, and
//! decided by the policy.

use amberglass_domain::ports::Clock as _;
use amberglass_wire::{
    SessionId, UnixMillis,
    audit::{EventBody, EventDetail, UnmaskedField},
    auth::SnapshotResponse,
    problem::ErrorCode,
    session::{Mode, PolicyAnswer, RedeemGrantResponse, SessionState, StartSessionRequest, StartSessionResponse},
    unmasking::{MaskedFieldResponse, MaskedFieldsResponse, UnmaskFieldRequest, UnmaskFieldResponse},
};
use reqwest::{Response, StatusCode, header};

use crate::world::{AMY, Console, JANE, LEO, REASON, SANA, World, go_by, json, problem, start_request};

const MASKED: &str = "••••";

fn wish(reason: &str) -> UnmaskFieldRequest {
    UnmaskFieldRequest { rule: "phone-number".into(), pointer: "/phone".into(), reason: reason.into() }
}

/// Amy's session, entered.
struct Looking {
    world: World,
    amy: Console,
    session: SessionId,
    entry: RedeemGrantResponse,
}

impl Looking {
    async fn new() -> Self {
        Self::in_world(World::new().await, start_request(JANE)).await
    }

    async fn in_world(world: World, start: StartSessionRequest) -> Self {
        let amy = world.amy().await;
        let started: StartSessionResponse =
            json(world.try_start(&amy, "key-1", &start).await, StatusCode::CREATED).await;
        let session = started.session.id;
        let enter = world.entry_request(&amy, &session, &started.grant.unwrap());
        let entry = json(world.try_enter(&amy, &session, &enter).await, StatusCode::OK).await;
        Self { world, amy, session, entry }
    }

    fn path(&self) -> String {
        format!("/v1/sessions/{}/unmaskings", self.session)
    }

    async fn try_unmask(&self, console: &Console, key: &str, wish: &UnmaskFieldRequest) -> Response {
        let request = self.world.post(console, &self.path()).header("idempotency-key", key).json(wish);
        request.send().await.unwrap()
    }

    async fn unmask(&self, key: &str) -> UnixMillis {
        let answer = self.try_unmask(&self.amy, key, &wish(REASON)).await;
        json::<UnmaskFieldResponse>(answer, StatusCode::OK).await.shown_until
    }

    async fn listed(&self) -> Vec<MaskedFieldResponse> {
        let answer = self.world.get(&self.amy, &self.path()).send().await.unwrap();
        json::<MaskedFieldsResponse>(answer, StatusCode::OK).await.fields
    }

    /// The customer's phone number as the page gets it.
    async fn phone(&self) -> String {
        let gateway = self.world.server().gateway;
        let answer = self
            .world
            .client
            .get(format!("http://{gateway}/api/me"))
            .header(header::HOST, format!("barkside.localhost:{}", gateway.port()))
            .header(header::COOKIE, format!("{}={}", self.entry.cookie_name, self.entry.cookie_value))
            .header("sec-fetch-site", "same-origin")
            .send()
            .await
            .unwrap();
        let me: serde_json::Value = answer.json().await.unwrap();
        me["phone"].as_str().unwrap().to_owned()
    }

    async fn details(&self, kind: &str) -> Vec<EventDetail> {
        let trail = self.world.trail(&self.amy, &self.session).await;
        let of_kind = trail.iter().filter(|event| event.record.kind == kind);
        of_kind.map(|event| serde_json::from_str::<EventBody>(&event.record.body).unwrap().detail).collect()
    }
}

/// Of a session at the sample portal.
pub async fn list_and_show(world: &World, console: &Console, session: &SessionId) {
    let path = format!("/v1/sessions/{session}/unmaskings");
    json::<MaskedFieldsResponse>(world.get(console, &path).send().await.unwrap(), StatusCode::OK).await;
    let asked = world.post(console, &path).header("idempotency-key", "show").json(&wish(REASON));
    json::<UnmaskFieldResponse>(asked.send().await.unwrap(), StatusCode::OK).await;
}

#[tokio::test]
async fn what_may_be_shown_is_listed_and_one_of_it_is_shown_on_a_reason_that_stands_on_record() {
    let looking = Looking::new().await;
    let snapshot: SnapshotResponse =
        json(looking.world.get(&looking.amy, "/v1/snapshot").send().await.unwrap(), StatusCode::OK).await;
    assert!(snapshot.portals[0].unmasks);
    let listed = looking.listed().await;
    let [field] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!(
        (field.rule.as_str(), field.pointer.as_str(), field.path.as_str()),
        ("phone-number", "/phone", "/api/me")
    );
    assert_eq!((field.answer, field.shown_until), (PolicyAnswer::Allowed, None));
    assert_eq!(field.rules, ["masked-fields-are-shown-on-a-reason"]);
    assert!(field.why.is_some());
    assert_eq!(looking.phone().await, MASKED);

    let until = looking.unmask("a").await;
    assert_eq!(until, looking.world.clock.now().plus_seconds(300));
    assert!(looking.phone().await.starts_with("555"));
    assert_eq!(looking.listed().await[0].shown_until, Some(until));
    let detail = EventDetail::FieldUnmasked {
        rule: "phone-number".into(),
        pointer: "/phone".into(),
        reason: REASON.into(),
        until,
    };
    assert_eq!(looking.details("field_unmasked").await, [detail]);
    let unmasked: Vec<_> = looking
        .details("page_viewed")
        .await
        .into_iter()
        .map(|detail| {
            let EventDetail::PageViewed { unmasked, .. } = detail else { panic!("{detail:?}") };
            unmasked
        })
        .collect();
    let shown = UnmaskedField { rule: "phone-number".into(), pointer: "/phone".into() };
    assert_eq!(unmasked, [vec![], vec![shown]]);
    looking.world.clock.advance_seconds(4);
    looking.world.beat(&looking.amy, &looking.session, 0).await;
    // Asked for once more with the same key it is the same; with a key of its own its time begins anew.
    assert_eq!(looking.unmask("a").await, until);
    assert_eq!(looking.world.count_events("field_unmasked").await, 1);
    assert_eq!(looking.unmask("b").await, until.plus_seconds(4));
    assert_eq!(looking.world.count_events("field_unmasked").await, 2);
    let mismatch = looking.try_unmask(&looking.amy, "a", &wish("She asks which number we have")).await;
    problem(mismatch, StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::IdempotencyMismatch).await;
}

#[tokio::test]
async fn each_refusal_has_its_code_and_shows_nothing() {
    let looking = Looking::new().await;
    let (leo, amy_elsewhere) = (looking.world.sign_in(LEO, 2).await, looking.world.sign_in(AMY, 3).await);
    let other = |rule: &str, pointer: &str| UnmaskFieldRequest {
        rule: rule.into(),
        pointer: pointer.into(),
        reason: REASON.into(),
    };
    use StatusCode as S;
    let sessions_own = start_request(JANE).reason.text.to_uppercase();
    let table = [
        (&looking.amy, wish("short"), S::UNPROCESSABLE_ENTITY, ErrorCode::ReasonTooShort),
        (&looking.amy, wish("test test test"), S::UNPROCESSABLE_ENTITY, ErrorCode::ReasonIsFiller),
        // The session's own.
        (&looking.amy, wish(&format!(" {sessions_own} ")), S::UNPROCESSABLE_ENTITY, ErrorCode::ReasonIsFiller),
        (&looking.amy, wish(&"x y z ".repeat(400)), S::BAD_REQUEST, ErrorCode::InvalidRequest),
        (&looking.amy, other("phone-number", "/email"), S::FORBIDDEN, ErrorCode::FieldStaysMasked),
        (&looking.amy, other("search-appointments", "/phone"), S::FORBIDDEN, ErrorCode::FieldStaysMasked),
        (&leo, wish(REASON), S::NOT_FOUND, ErrorCode::NotFound),
        (&amy_elsewhere, wish(REASON), S::FORBIDDEN, ErrorCode::DeviceRefused),
    ];
    for (number, (console, wish, status, code)) in table.iter().enumerate() {
        let answer = looking.try_unmask(console, &format!("key-{number}"), wish).await;
        problem(answer, *status, *code).await;
    }
    for (console, status, code) in
        [(&leo, S::NOT_FOUND, ErrorCode::NotFound), (&amy_elsewhere, S::FORBIDDEN, ErrorCode::DeviceRefused)]
    {
        let listed = looking.world.get(console, &looking.path()).send().await.unwrap();
        problem(listed, status, code).await;
    }
    let keyless = looking.world.post(&looking.amy, &looking.path()).json(&wish(REASON)).send().await.unwrap();
    problem(keyless, S::BAD_REQUEST, ErrorCode::InvalidRequest).await;
    assert_eq!(looking.phone().await, MASKED);
    looking.world.clock.advance_seconds(6);
    looking.world.until(&looking.amy, &looking.session, SessionState::Frozen).await;
    let frozen = looking.try_unmask(&looking.amy, "frozen", &wish(REASON)).await;
    let told = problem(frozen, S::CONFLICT, ErrorCode::SessionNotRunning).await;
    assert!(told.detail.unwrap().contains("frozen"));
    looking.world.end(&looking.amy, &looking.session).await;
    let ended = looking.try_unmask(&looking.amy, "ended", &wish(REASON)).await;
    problem(ended, S::CONFLICT, ErrorCode::SessionNotRunning).await;
    assert_eq!(looking.world.count_events("field_unmasked").await, 0);
}

/// The refusal is on record with the field and the reason that was given for it.
async fn refused(looking: &Looking, code: ErrorCode, rule: &str) {
    let answer = looking.try_unmask(&looking.amy, "refused", &wish(REASON)).await;
    let told = problem(answer, StatusCode::FORBIDDEN, code).await;
    assert_eq!(told.rules, [rule]);
    assert_eq!(looking.phone().await, MASKED);
    let refusals = looking.details("session_refused").await;
    let [EventDetail::SessionRefused { rule: by, mode: Mode::ReadOnly, reason, field: Some(field), .. }] =
        refusals.as_slice()
    else {
        panic!("{refusals:?}")
    };
    assert_eq!((by.as_str(), reason.text.as_str(), field.pointer.as_str()), (rule, REASON, "/phone"));
    let listed = looking.listed().await;
    assert_eq!((listed[0].answer, listed[0].rules.as_slice()), (PolicyAnswer::Refused, [rule.to_owned()].as_slice()));
}

#[tokio::test]
async fn a_session_with_break_glass_is_shown_no_masked_field() {
    let emergency = Some("The customer is on the line and locked out".into());
    let start = StartSessionRequest { emergency, ..start_request(JANE) };
    let looking = Looking::in_world(World::new().await, start).await;
    refused(&looking, ErrorCode::Forbidden, "break-glass-unmasks-nothing").await;
}

#[tokio::test]
async fn a_policy_of_ones_own_may_forbid_a_field() {
    let rules = format!(
        "{}\n@id(\"no-phone-numbers\") forbid (principal, action == Action::\"unmask\", resource) \
         when {{ context.rule == \"phone-number\" && context.field == \"/phone\" }};",
        include_str!("../../../../policies/default.cedar")
    );
    let world = World::with(|config| go_by(config, &rules)).await;
    let looking = Looking::in_world(world, start_request(JANE)).await;
    refused(&looking, ErrorCode::Forbidden, "no-phone-numbers").await;
}

/// A schema of one's own from before there was such a thing: everything goes on, and nothing is shown.
#[tokio::test]
async fn a_schema_that_does_not_know_of_it_refuses_and_stands_in_the_way_of_nothing() {
    let schema = include_str!("../../../../policies/schema.cedarschema");
    let (before, rest) = schema.split_once("action unmask appliesTo").unwrap();
    let (_, after) = rest.split_once("};\n").unwrap();
    let schema = format!("{before}{after}");
    let rules = r#"
        @id("starts") permit (principal, action == Action::"start", resource);
        @id("own") permit (principal, action in [Action::"extend", Action::"read_audit"], resource is Session)
        when { resource.staff == principal };
    "#;
    let world = World::with(|config| {
        go_by(config, rules);
        std::fs::write(config.policy.schema.as_ref().unwrap(), &schema).unwrap();
    })
    .await;
    let looking = Looking::in_world(world, start_request(JANE)).await;
    refused(&looking, ErrorCode::Forbidden, "nothing-permits-this").await;
    let snapshot = looking.world.get(&looking.amy, "/v1/snapshot").send().await.unwrap();
    assert_eq!(snapshot.status(), StatusCode::OK);
}

#[tokio::test]
async fn no_record_no_masked_field_and_nothing_while_everything_is_stopped() {
    let looking = Looking::new().await;
    looking.world.break_the_audit_log().await;
    let unrecorded = looking.try_unmask(&looking.amy, "a", &wish(REASON)).await;
    problem(unrecorded, StatusCode::SERVICE_UNAVAILABLE, ErrorCode::AuditUnavailable).await;
    looking.world.repair_the_audit_log().await;
    assert_eq!(looking.phone().await, MASKED);
    let sana = looking.world.sign_in(SANA, 2).await;
    let stop = looking.world.post(&sana, "/v1/emergency-stop").json(&serde_json::json!({ "reason": REASON }));
    assert!(stop.send().await.unwrap().status().is_success());
    let stopped = looking.try_unmask(&looking.amy, "b", &wish(REASON)).await;
    problem(stopped, StatusCode::CONFLICT, ErrorCode::SessionNotRunning).await;
    assert_eq!(looking.world.count_events("field_unmasked").await, 0);
}

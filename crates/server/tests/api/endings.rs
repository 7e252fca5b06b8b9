//! Every way in which a session ends, as a table: the right word for it, one record, and the way free for the next one.

use amberglass_server::{
    config::PolicyFiles,
    portals,
    sessions::{lift_as_operator, stop_as_operator},
};
use amberglass_wire::{
    PortalId, SessionId,
    audit::{EventBody, EventDetail},
    problem::ErrorCode,
    session::{EndedBy, SessionState},
};
use reqwest::StatusCode;

use crate::world::{Console, JANE, LEO, REASON, SANA, World, at, problem, start_request};

const RULES: &str = include_str!("../../../../policies/default.cedar");
const SCHEMA: &str = include_str!("../../../../policies/schema.cedarschema");

/// What ends a session, beyond the words that consoles and records have for it.
#[derive(Clone, Copy, Debug)]
enum Cause {
    Agent,
    Lead,
    Security,
    Customer,
    Deadline,
    Idleness,
    LostConsole,
    AccountDisabled,
    DeviceRevoked,
    CustomerInactive,
    PortalSwitchedOff,
    PortalLeftTheConfiguration,
    StoppedBySecurity,
    StoppedByTheOperator,
    PolicyChanged,
    AuditLogDown,
    PortalDown,
}

impl Cause {
    const ALL: [Self; 17] = [
        Self::Agent,
        Self::Lead,
        Self::Security,
        Self::Customer,
        Self::Deadline,
        Self::Idleness,
        Self::LostConsole,
        Self::AccountDisabled,
        Self::DeviceRevoked,
        Self::CustomerInactive,
        Self::PortalSwitchedOff,
        Self::PortalLeftTheConfiguration,
        Self::StoppedBySecurity,
        Self::StoppedByTheOperator,
        Self::PolicyChanged,
        Self::AuditLogDown,
        Self::PortalDown,
    ];

    fn ended_by(self) -> EndedBy {
        match self {
            Self::Agent => EndedBy::Staff,
            Self::Lead => EndedBy::Lead,
            Self::Security => EndedBy::Security,
            Self::Customer => EndedBy::Customer,
            Self::Deadline => EndedBy::Expired,
            Self::Idleness => EndedBy::Idle,
            Self::LostConsole => EndedBy::ConsoleLost,
            Self::AccountDisabled | Self::DeviceRevoked => EndedBy::StaffDisabled,
            Self::CustomerInactive => EndedBy::CustomerDisabled,
            Self::PortalSwitchedOff | Self::PortalLeftTheConfiguration => EndedBy::PortalDisabled,
            Self::StoppedBySecurity | Self::StoppedByTheOperator => EndedBy::EmergencyStop,
            Self::PolicyChanged => EndedBy::PolicyChanged,
            Self::AuditLogDown => EndedBy::AuditFailed,
            Self::PortalDown => EndedBy::PortalError,
        }
    }

    /// Somebody gave a reason that stays with the session.
    fn has_reason(self) -> bool {
        use Cause::*;
        matches!(self, Lead | Security | Customer | DeviceRevoked | StoppedBySecurity | StoppedByTheOperator)
    }

    /// Brings it about; `amy` is the session's own console, `sana` stays signed in.
    async fn happens(self, world: &mut World, amy: &mut Console, sana: &Console, id: &SessionId) {
        let portal = PortalId::new("barkside");
        match self {
            Self::Agent => drop(world.end(amy, id).await),
            Self::Lead => drop(world.end_other(&world.sign_in(LEO, 3).await, id).await),
            Self::Security => drop(world.end_other(sana, id).await),
            Self::Customer => {
                let operator = world.operator().await;
                let key = portals::add_key(&operator, &portal, "production").await.unwrap().key;
                operator.close().await;
                let answer = world
                    .client
                    .post(world.url(&format!("/v1/portal/sessions/{id}/end")))
                    .bearer_auth(secrecy::ExposeSecret::expose_secret(&key))
                    .json(&serde_json::json!({ "reason": REASON }))
                    .send()
                    .await
                    .unwrap();
                assert_eq!(answer.status(), StatusCode::OK);
            }
            Self::Deadline => world.live(amy, id, 1800).await,
            Self::Idleness => {
                for seconds in 1..=150 {
                    world.clock.advance_seconds(4);
                    world.beat(amy, id, seconds * 4000).await;
                    if seconds % 50 == 0 {
                        world.refresh(amy).await;
                    }
                }
            }
            Self::LostConsole => {
                world.clock.advance_seconds(6);
                world.until(sana, id, SessionState::Frozen).await;
                world.clock.advance_seconds(120);
            }
            Self::AccountDisabled => world.set_active(amy, false).await,
            Self::DeviceRevoked => {
                let path = format!("/v1/devices/{}/revoke", amy.tokens.device);
                let request = world.post(sana, &path).json(&serde_json::json!({ "reason": REASON }));
                assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
            }
            Self::CustomerInactive => {
                world.portal_says_inactive(JANE).await;
                world.live(amy, id, 316).await;
            }
            Self::PortalSwitchedOff => {
                let operator = world.operator().await;
                portals::disable(&operator, &portal, REASON).await.unwrap();
                operator.close().await;
            }
            Self::PortalLeftTheConfiguration => {
                world.stop_server().await;
                world.config.portals[0].active = false;
                world.start_server().await;
            }
            Self::StoppedBySecurity => {
                let request = world.post(sana, "/v1/emergency-stop").json(&serde_json::json!({ "reason": REASON }));
                assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
            }
            Self::StoppedByTheOperator => {
                let operator = world.operator().await;
                assert!(stop_as_operator(&operator, REASON).await.unwrap());
                operator.close().await;
            }
            Self::PolicyChanged => {
                world.stop_server().await;
                let (rules, schema) = (world.config.data_dir.join("rules"), world.config.data_dir.join("schema"));
                let closed = "@id(\"closed\") forbid (principal, action == Action::\"start\", resource);";
                std::fs::write(&rules, format!("{RULES}\n{closed}")).unwrap();
                std::fs::write(&schema, SCHEMA).unwrap();
                world.config.policy = PolicyFiles { rules: Some(rules), schema: Some(schema) };
                world.start_server().await;
            }
            Self::AuditLogDown => {
                world.break_the_audit_log().await;
                let card = format!("/v1/portals/barkside/customers/{JANE}");
                for _ in 0..2 {
                    let refused = world.get(amy, &card).send().await.unwrap();
                    problem(refused, StatusCode::SERVICE_UNAVAILABLE, ErrorCode::AuditUnavailable).await;
                    world.live(amy, id, 120).await;
                }
                assert_eq!(world.session(amy, id).await.state, SessionState::Active, "no record, no end");
                world.repair_the_audit_log().await;
            }
            Self::PortalDown => {
                world.close_portal().await;
                world.live(amy, id, 930).await;
            }
        }
        // The timer looks twice a second.
        world.clock.advance_millis(500);
    }
}

#[tokio::test]
async fn every_end_has_one_record_with_the_right_word_for_it() {
    for cause in Cause::ALL {
        let mut world = World::new().await;
        let mut amy = world.amy().await;
        let id = world.start(&amy).await.session.id;
        let mut sana = world.sign_in(SANA, 2).await;
        cause.happens(&mut world, &mut amy, &sana, &id).await;
        world.refresh(&mut sana).await;
        let session = world.until(&sana, &id, SessionState::Ended).await;
        assert_eq!(session.ended_by, Some(cause.ended_by()), "{cause:?}");
        assert_eq!(session.end_reason.as_deref(), cause.has_reason().then_some(REASON), "{cause:?}");
        assert!(at(session.ended_at) <= at(session.expires_at), "{cause:?}");
        let trail = world.trail(&sana, &id).await;
        let ends: Vec<EventBody> = trail
            .iter()
            .filter(|event| event.record.kind == "session_ended")
            .map(|event| serde_json::from_str(&event.record.body).unwrap())
            .collect();
        let [end] = ends.as_slice() else { panic!("{cause:?}: {ends:?}") };
        let EventDetail::SessionEnded { ended_by, reason, .. } = &end.detail else { panic!("{cause:?}: {end:?}") };
        assert_eq!((*ended_by, reason.as_deref()), (cause.ended_by(), session.end_reason.as_deref()), "{cause:?}");
        assert_eq!(end.subject.session.as_ref(), Some(&id), "{cause:?}");
        // Looked at again and again, also by another process, it stays as it ended.
        world.stop_server().await;
        world.start_server().await;
        world.clock.advance_millis(1500);
        assert_eq!(world.session(&sana, &id).await, session, "{cause:?}");
        assert_eq!(world.trail(&sana, &id).await.len(), trail.len(), "{cause:?}");
    }
}

#[tokio::test]
async fn an_audit_log_that_fails_for_a_moment_ends_nothing() {
    let world = World::new().await;
    let mut amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    let card = format!("/v1/portals/barkside/customers/{JANE}");
    for _ in 0..3 {
        world.break_the_audit_log().await;
        let refused = world.get(&amy, &card).send().await.unwrap();
        problem(refused, StatusCode::SERVICE_UNAVAILABLE, ErrorCode::AuditUnavailable).await;
        world.live(&mut amy, &id, 60).await;
        world.repair_the_audit_log().await;
        assert_eq!(world.get(&amy, &card).send().await.unwrap().status(), StatusCode::OK);
    }
    world.clock.advance_millis(1000);
    assert_eq!(world.session(&amy, &id).await.state, SessionState::Active);
}

#[tokio::test]
async fn a_policy_that_still_allows_a_session_lets_it_go_on() {
    let mut world = World::new().await;
    let amy = world.amy().await;
    let started = world.start(&amy).await.session;
    world.stop_server().await;
    let (rules, schema) = (world.config.data_dir.join("rules"), world.config.data_dir.join("schema"));
    std::fs::write(&rules, format!("{RULES}\n// Another policy by its hash.")).unwrap();
    std::fs::write(&schema, SCHEMA).unwrap();
    world.config.policy = PolicyFiles { rules: Some(rules), schema: Some(schema) };
    world.start_server().await;
    world.clock.advance_millis(500);
    world.beat(&amy, &started.id, 0).await;
    assert_eq!(world.session(&amy, &started.id).await.state, SessionState::Active);
}

#[tokio::test]
async fn what_was_stopped_or_switched_off_opens_again_when_it_is_switched_on() {
    let world = World::new().await;
    let amy = world.amy().await;
    let operator = world.operator().await;
    let portal = PortalId::new("barkside");
    assert!(stop_as_operator(&operator, REASON).await.unwrap());
    assert!(!stop_as_operator(&operator, "Another reason").await.unwrap(), "the first stands");
    let told = problem(
        world.try_start(&amy, "a", &start_request(JANE)).await,
        StatusCode::FORBIDDEN,
        ErrorCode::EmergencyStopInForce,
    )
    .await;
    assert_eq!(told.detail.as_deref(), Some(REASON));
    assert!(lift_as_operator(&operator).await.unwrap() && !lift_as_operator(&operator).await.unwrap());
    assert!(portals::disable(&operator, &portal, REASON).await.unwrap());
    problem(world.try_start(&amy, "b", &start_request(JANE)).await, StatusCode::FORBIDDEN, ErrorCode::PortalInactive)
        .await;
    assert!(portals::enable(&operator, &portal).await.unwrap());
    operator.close().await;
    assert_eq!(world.try_start(&amy, "c", &start_request(JANE)).await.status(), StatusCode::CREATED);
    for kind in ["emergency_stopped", "emergency_stop_lifted", "portal_disabled", "portal_enabled"] {
        assert_eq!(world.count_events(kind).await, 1, "{kind}");
    }
}

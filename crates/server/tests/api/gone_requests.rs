//! What requests for approval, decisions and break-glass say of people goes with the customer, with the staff member, and with
//! time. Nothing of it is left anywhere in the database.

use amberglass_server::{
    audit::{self, EraseError},
    store::BodiesOf,
};
use amberglass_wire::{
    CustomerId, PortalId,
    approval::{RequestResponse, RequestState, Verdict},
    session::{Reason, StartSessionRequest, StartSessionResponse},
};
use reqwest::StatusCode;
use sqlx::Row as _;

use crate::{
    asking::Asking,
    elevation::Elevating,
    export::{export, keys, whole},
    world::{JANE, World, json},
};

const WHY: &str = "The customer asked to be forgotten";
const SAID: &str = "words-of-the-reason in a sentence";
const TICKET: &str = "TCK-9191";
const EMERGENCY: &str = "words-of-the-emergency in a sentence";
const COMMENT: &str = "words-of-the-comment in a sentence";
const NOTE: &str = "words-of-the-review in a sentence";

/// Every text of every table, but for the ids that stay.
async fn all_texts(world: &World) -> String {
    let pool = world.database().await;
    let mut all = String::new();
    for question in [
        "SELECT customer_json AS t FROM requests",
        "SELECT reason_text AS t FROM requests",
        "SELECT COALESCE(ticket, '') AS t FROM requests",
        "SELECT COALESCE(write_json, '') AS t FROM requests",
        "SELECT COALESCE(outcome_json, '') AS t FROM requests",
        "SELECT comment AS t FROM decisions",
        "SELECT customer_json AS t FROM sessions",
        "SELECT reason_text AS t FROM sessions",
        "SELECT COALESCE(ticket, '') AS t FROM sessions",
        "SELECT COALESCE(note, '') AS t FROM sessions",
        "SELECT emergency AS t FROM break_glass",
        "SELECT COALESCE(note, '') AS t FROM break_glass",
        "SELECT body AS t FROM audit_events",
    ] {
        for row in sqlx::query(question).fetch_all(&pool).await.unwrap() {
            all.push_str(&row.get::<String, _>("t"));
            all.push('\n');
        }
    }
    pool.close().await;
    all
}

/// A denial with its comment, a session that began with an approval, and a reviewed break-glass, all of one customer.
async fn all_that_can_be_said(asking: &mut Asking) {
    asking.wish.reason = Reason { code: "billing".into(), text: SAID.into(), ticket: Some(TICKET.into()) };
    let emergency = StartSessionRequest { emergency: Some(EMERGENCY.into()), ..asking.wish.clone() };
    let started = asking.world.try_start(&asking.amy, "emergency", &emergency).await;
    let id = json::<StartSessionResponse>(started, StatusCode::CREATED).await.session.id;
    asking.world.end(&asking.amy, &id).await;
    let review = serde_json::json!({ "outcome": "justified", "note": NOTE });
    let path = format!("/v1/reviews/{id}");
    let reviewed = asking.world.post(&asking.leo, &path).json(&review).send().await.unwrap();
    assert_eq!(reviewed.status(), StatusCode::OK);

    let request = asking.ask().await;
    asking.decide(&asking.leo, &request, Verdict::Approve).await;
    let started = asking.try_start("with", &request.id).await;
    let id = json::<StartSessionResponse>(started, StatusCode::CREATED).await.session.id;
    asking.world.end(&asking.amy, &id).await;

    asking.world.clock.advance_seconds(1);
    let request: RequestResponse = json(asking.try_ask(&asking.amy, "denied").await, StatusCode::CREATED).await;
    let mut denial = asking.decision(&asking.leo, &request, Verdict::Deny, request.asked);
    denial.comment = COMMENT.into();
    denial.signature = asking.leo.key.sign(&amberglass_domain::signing::decision(&denial));
    let denied: RequestResponse = json(asking.try_decide(&asking.leo, &denial).await, StatusCode::OK).await;
    assert_eq!(denied.state, RequestState::Denied);
}

#[tokio::test]
async fn what_requests_decisions_and_reviews_say_goes_with_the_customer_and_with_the_staff_member() {
    for by_staff in [false, true] {
        let mut asking = Asking::new().await;
        let names = {
            let id = &asking.wish.customer;
            let now = amberglass_domain::ports::Clock::now(&asking.world.clock).0;
            let customers = amberglass_demo_portal::data::customers(now).into_values();
            let found = customers.into_iter().find(|one| one.id == id.as_str()).unwrap();
            [found.name, found.email]
        };
        all_that_can_be_said(&mut asking).await;
        let said = [&names[0], &names[1], SAID, TICKET, EMERGENCY, COMMENT, NOTE];
        let before = all_texts(&asking.world).await;
        for words in said {
            assert!(before.contains(words), "{words} is not there in the first place");
        }
        let of = if by_staff {
            BodiesOf::Staff(asking.amy.tokens.staff.id.clone())
        } else {
            BodiesOf::Customer(PortalId::new("barkside"), CustomerId::new(asking.wish.customer.as_str()))
        };
        let operator = asking.world.operator().await;
        let dry = audit::erase(&operator.audit, &operator.store, &of, WHY, true).await.unwrap();
        assert_eq!((dry.sessions, dry.requests), (2, 2));
        assert_eq!(all_texts(&asking.world).await, before, "nothing was changed");
        let done = audit::erase(&operator.audit, &operator.store, &of, WHY, false).await.unwrap();
        assert_eq!((done.sessions, done.requests, done.bodies), (2, 2, dry.bodies));
        let after = all_texts(&asking.world).await;
        for words in said {
            assert!(!after.contains(words), "{words} is still there, by staff: {by_staff}");
        }
        // What was decided, and by whom, still is.
        let listed = asking.world.get(&asking.amy, "/v1/requests").send().await.unwrap();
        let listed = json::<amberglass_wire::approval::RequestListResponse>(listed, StatusCode::OK).await.requests;
        assert_eq!(listed.iter().map(|one| one.state).collect::<Vec<_>>(), [RequestState::Denied, RequestState::Used]);
        assert!(listed.iter().all(|one| one.customer.name == "(erased)" && one.decisions.len() == 1));
        let again = audit::erase(&operator.audit, &operator.store, &of, WHY, false).await.unwrap();
        assert_eq!((again.sessions, again.requests), (0, 0));
        let keys = keys(&asking.world, &[&asking.amy, &asking.leo, &asking.sana]);
        whole(&export(&asking.world, &amberglass_wire::export::ExportScope::default()).await.1, &keys);
        operator.close().await;
    }
}

#[tokio::test]
async fn a_request_that_is_open_is_not_erased_and_a_decision_is_changed_in_no_other_way() {
    let asking = Asking::new().await;
    let request = asking.ask().await;
    let of = BodiesOf::Customer(PortalId::new("barkside"), CustomerId::new(asking.wish.customer.as_str()));
    let operator = asking.world.operator().await;
    for approved in [false, true] {
        if approved {
            asking.decide(&asking.leo, &request, Verdict::Approve).await;
        }
        let refused = audit::erase(&operator.audit, &operator.store, &of, WHY, false).await.unwrap_err();
        assert!(matches!(refused, EraseError::RequestOpen), "{refused}");
    }
    assert_eq!(asking.world.count_events("bodies_erased").await, 0);
    let pool = asking.world.database().await;
    for change in [
        "UPDATE decisions SET verdict = 'deny'",
        "UPDATE decisions SET verdict = 'deny', comment = ''",
        "UPDATE decisions SET comment = 'As long as you like'",
        "UPDATE decisions SET duration_seconds = 86400, comment = ''",
        "UPDATE decisions SET approver = (SELECT id FROM staff WHERE email = 'sana@amberglass.example'), comment = ''",
        "DELETE FROM decisions",
    ] {
        let refused = sqlx::query(change).execute(&pool).await.unwrap_err();
        assert!(refused.to_string().contains("a decision is never"), "{change}: {refused}");
    }
    pool.close().await;
    operator.close().await;
}

#[tokio::test]
async fn what_requests_say_goes_with_the_records_of_them() {
    let mut asking = Asking::new().await;
    all_that_can_be_said(&mut asking).await;
    let issue = async |world: &World| {
        let state = world.server().state();
        audit::Checkpoints::new(state.audit.clone(), state.clock.clone(), None).issue().await.unwrap();
    };
    asking.world.clock.advance_seconds(60);
    issue(&asking.world).await;
    asking.world.clock.advance_seconds(24 * 60 * 60);
    let between = amberglass_domain::ports::Clock::now(&asking.world.clock);
    asking.world.clock.advance_seconds(300 * 24 * 60 * 60);
    asking.sign_in_again().await;
    let young: RequestResponse = json(asking.try_ask(&asking.amy, "young").await, StatusCode::CREATED).await;
    asking.withdraw(&asking.amy, &young.id, None).await;
    let operator = asking.world.operator().await;
    let done = audit::retire(&operator.audit, &operator.store, between, false).await.unwrap();
    assert_eq!(done.requests, 2, "{done:?}");
    let old = all_texts(&asking.world).await;
    assert!(!old.contains(COMMENT));
    assert_eq!(asking.request(&asking.amy, &young.id).await.reason.text, SAID, "the young one stays");
    operator.close().await;
}

#[tokio::test]
async fn what_is_said_of_a_write_goes_with_the_customer_and_where_it_led_with_its_session() {
    let elevating = Elevating::new().await;
    let Elevating { asking, .. } = &elevating;
    let (kind, form) = ("application/x-www-form-urlencoded", "action=book-teeth&pet=104201");
    let blocked = elevating.blocked("/appointments/of-jane", kind, form).await;
    let asked = elevating.try_ask(&asking.amy, &blocked.record).await;
    let request: RequestResponse = json(asked, StatusCode::CREATED).await;
    asking.decide(&asking.leo, &request, Verdict::Approve).await;
    elevating.send(&request).await;
    let said = ["appointments?booked", "appointments/of-jane", "book-teeth"];
    let texts = all_texts(&asking.world).await;
    assert!(said.iter().all(|words| texts.contains(words)));
    asking.world.end(&asking.amy, &elevating.session).await;
    let texts = all_texts(&asking.world).await;
    assert!(!texts.contains(said[0]) && texts.contains(said[1]) && texts.contains(said[2]));
    let again = elevating.send(&request).await;
    assert!(again.page.is_none() && again.request.write.unwrap().outcome.is_some(), "what came of it stays");

    let of = BodiesOf::Customer(PortalId::new("barkside"), CustomerId::new(JANE));
    let operator = asking.world.operator().await;
    audit::erase(&operator.audit, &operator.store, &of, WHY, false).await.unwrap();
    let texts = all_texts(&asking.world).await;
    assert!(said.iter().all(|words| !texts.contains(words)), "{texts}");
    let asked = elevating.amy_sees(&request).await.write.unwrap().asked;
    let before = request.write.unwrap().asked;
    assert_eq!((asked.record, asked.rule, asked.sha256), (before.record, before.rule, before.sha256));
    operator.close().await;
}

#[tokio::test]
async fn an_emergency_is_not_erased_before_its_review_and_what_is_said_later_can_be() {
    let asking = Asking::new().await;
    let emergency = StartSessionRequest { emergency: Some(EMERGENCY.into()), ..asking.wish.clone() };
    let started = asking.world.try_start(&asking.amy, "emergency", &emergency).await;
    let id = json::<StartSessionResponse>(started, StatusCode::CREATED).await.session.id;
    asking.world.end_other(&asking.leo, &id).await;
    let of_customer = BodiesOf::Customer(PortalId::new("barkside"), CustomerId::new(asking.wish.customer.as_str()));
    let of_staff = BodiesOf::Staff(asking.amy.tokens.staff.id.clone());
    let operator = asking.world.operator().await;
    for of in [&of_customer, &of_staff, &BodiesOf::Session(id.clone())] {
        let refused = audit::erase(&operator.audit, &operator.store, of, WHY, false).await.unwrap_err();
        assert!(matches!(refused, EraseError::Unreviewed { .. }), "{refused}");
    }
    assert!(all_texts(&asking.world).await.contains(EMERGENCY));
    let review = serde_json::json!({ "outcome": "justified", "note": NOTE });
    let reviewed = asking.world.post(&asking.leo, &format!("/v1/reviews/{id}")).json(&review).send().await.unwrap();
    assert_eq!(reviewed.status(), StatusCode::OK);
    audit::erase(&operator.audit, &operator.store, &of_customer, WHY, false).await.unwrap();
    let texts = all_texts(&asking.world).await;
    assert!(!texts.contains(EMERGENCY) && !texts.contains(NOTE));
    // The agent's closing words come after somebody else has ended it.
    let noted = asking.world.try_end(&asking.amy, &id, serde_json::json!({ "note": COMMENT })).await;
    assert_eq!(noted.status(), StatusCode::OK);
    assert!(all_texts(&asking.world).await.contains(COMMENT));
    let done = audit::erase(&operator.audit, &operator.store, &of_customer, WHY, false).await.unwrap();
    assert_eq!(done.sessions, 1);
    assert!(!all_texts(&asking.world).await.contains(COMMENT));
    operator.close().await;
}

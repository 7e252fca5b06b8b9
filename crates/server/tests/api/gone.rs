//! Erasure and retention: what goes is on record, everything else is found, and exports stay whole.

use amberglass_domain::ports::Clock as _;
use amberglass_server::{
    audit::{self, CheckedChain, EraseError, Erased, Retired},
    operator::Operator,
    store::BodiesOf,
};
use amberglass_wire::{
    CustomerId, PortalId, SessionId, UnixMillis,
    audit::{EventDetail, RecordRange},
    export::ExportScope,
};
use reqwest::StatusCode;

use crate::{
    export::{delivered, export, keys, whole},
    journal::{Journal, accepted, deliver},
    world::{Console, JANE, World, start_request},
};

const REASON: &str = "The customer asked to be forgotten";
const DAY: i64 = 24 * 60 * 60;

fn jane() -> BodiesOf {
    BodiesOf::Customer(PortalId::new("barkside"), CustomerId::new(JANE))
}

fn of_session(session: &SessionId) -> ExportScope {
    ExportScope { session: Some(session.clone()), ..ExportScope::default() }
}

async fn erase(operator: &Operator, of: &BodiesOf) -> Erased {
    audit::erase(&operator.audit, &operator.store, of, REASON, false).await.unwrap()
}

async fn retire(operator: &Operator, before: UnixMillis) -> Retired {
    audit::retire(&operator.audit, &operator.store, before, false).await.unwrap()
}

async fn broken(world: &World) -> Vec<String> {
    let chains = audit::check(&world.server().state().store).await.unwrap();
    let says = |chain: CheckedChain| Some(format!("{}: {}", chain.writer, chain.broken?));
    chains.into_iter().filter_map(says).collect()
}

/// A session with a page that the gateway showed and one that it refused, ended.
async fn looked_at(world: &World, amy: &Console, key: &str, customer: &str) -> SessionId {
    let started = world.try_start(amy, key, &start_request(customer)).await;
    let session: amberglass_wire::session::StartSessionResponse =
        crate::world::json(started, StatusCode::CREATED).await;
    let id = session.session.id;
    let audit = &world.server().state().audit;
    let subject = amberglass_wire::audit::EventSubject {
        session: Some(id.clone()),
        customer: Some(CustomerId::new(customer)),
        portal: Some(PortalId::new("barkside")),
        staff: Some(amy.tokens.staff.id.clone()),
        ..Default::default()
    };
    for path in ["/invoices", "/pets"] {
        let (method, path) = ("GET".to_owned(), path.to_owned());
        audit
            .append(
                subject.clone(),
                EventDetail::PageViewed { method, path, document: true, rule: None, unmasked: Vec::new() },
            )
            .await
            .unwrap();
    }
    world.end(amy, &id).await;
    // No console has recorded it: that the two sides differ is found elsewhere, and would be younger evidence of it here.
    let mut tx = world.server().state().store.begin().await.unwrap();
    tx.mark_reconciled(&id, world.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    id
}

#[tokio::test]
async fn what_is_recorded_of_a_customer_goes_and_the_chain_and_every_export_stay_whole() {
    let world = World::new().await;
    let amy = world.amy().await;
    let (of_jane, of_other) = (looked_at(&world, &amy, "a", JANE).await, looked_at(&world, &amy, "b", "1077").await);
    let before = world.trail(&amy, &of_jane).await;
    let operator = world.operator().await;

    let dry = audit::erase(&operator.audit, &operator.store, &jane(), REASON, true).await.unwrap();
    assert_eq!((dry.bodies, dry.sessions, dry.kept.len()), (4, 1, 0));
    assert_eq!(world.trail(&amy, &of_jane).await, before, "nothing was changed");
    assert_eq!(erase(&operator, &jane()).await, dry);
    let again = erase(&operator, &jane()).await;
    assert_eq!((again.bodies, again.sessions), (0, 0), "there is nothing more");
    assert_eq!(world.count_events("bodies_erased").await, 1);

    // Whoever reads them copes: the trail with its order and kinds, the last page, the pages that were counted.
    let after = world.trail(&amy, &of_jane).await;
    assert_eq!(after.len(), before.len());
    for (after, before) in after.iter().zip(&before) {
        assert!(after.record.body.is_empty() && after.record.salt.is_empty() && !before.record.body.is_empty());
        assert_eq!((&after.record.hash, &after.record.kind), (&before.record.hash, &before.record.kind));
    }
    let store = &world.server().state().store;
    assert_eq!(store.last_page(&of_jane).await.unwrap(), None);
    assert_eq!(store.tallies(&of_jane).await.unwrap().pages, 2);
    assert!(world.trail(&amy, &of_other).await.iter().all(|event| !event.record.body.is_empty()));
    let session = world.session(&amy, &of_jane).await;
    assert_eq!((session.customer.name.as_str(), session.customer.email.as_str()), ("(erased)", ""));
    assert_eq!((session.customer.id.as_str(), session.reason.text.as_str(), session.reason.ticket), (JANE, "", None));
    assert_ne!(world.session(&amy, &of_other).await.reason.text, "");
    let own = world.get(&amy, "/v1/record/own").send().await.unwrap();
    assert_eq!(own.status(), StatusCode::OK);

    assert_eq!(broken(&world).await, Vec::<String>::new());
    let keys = keys(&world, &[&amy]);
    let staff = ExportScope { staff: Some(amy.tokens.staff.id.clone()), ..ExportScope::default() };
    let customer = ExportScope {
        portal: Some(PortalId::new("barkside")),
        customer: Some(CustomerId::new(JANE)),
        ..ExportScope::default()
    };
    for scope in [ExportScope::default(), of_session(&of_jane), customer, staff] {
        let (_, text) = export(&world, &scope).await;
        let report = whole(&text, &keys);
        assert_eq!(report.chains.iter().map(|chain| chain.erased).sum::<u64>(), 4, "{report}");
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains(REASON), "who erased it goes along with what is erased");
        assert!(!text.contains(&format!(
            "\\\"customer\\\":\\\"{JANE}\\\",\\\"portal\\\":\\\"barkside\\\",\\\"session\\\":\\\"{of_jane}"
        )));
    }
    // Where nothing is erased, nothing explains it.
    let (_, text) = export(&world, &of_session(&of_other)).await;
    whole(&text, &keys);
    assert!(!String::from_utf8(text).unwrap().contains(REASON));
    operator.close().await;
}

#[tokio::test]
async fn a_running_session_is_not_erased_and_no_evidence_ever() {
    let world = World::new().await;
    let amy = world.amy().await;
    let session = world.start(&amy).await.session;
    let operator = world.operator().await;
    let refused = audit::erase(&operator.audit, &operator.store, &jane(), REASON, false).await.unwrap_err();
    assert!(matches!(&refused, EraseError::Running { code } if *code == session.code), "{refused}");
    world.end(&amy, &session.id).await;

    let server = world.server().state().audit.writer().to_owned();
    let all = |writer: &str| BodiesOf::Records(RecordRange { writer: writer.into(), from: 1, through: i64::MAX });
    let erased = erase(&operator, &all(&server)).await;
    let kept: Vec<&str> = erased.kept.keys().map(String::as_str).collect();
    assert_eq!(
        kept,
        ["device_registered", "policy_changed", "rules_changed", "signer_added", "staff_added"],
        "{erased:?}"
    );
    let own = erase(&operator, &all(operator.audit.writer())).await;
    assert_eq!((own.bodies, own.kept.into_keys().collect::<Vec<_>>()), (0, vec!["bodies_erased".to_owned()]));
    assert_eq!(broken(&world).await, Vec::<String>::new());
    let report = whole(&export(&world, &ExportScope::default()).await.1, &keys(&world, &[&amy]));
    assert_eq!(report.chains.iter().map(|chain| chain.erased).sum::<u64>(), erased.bodies);
    operator.close().await;
}

#[tokio::test]
async fn many_bodies_go_in_several_records_that_name_no_others() {
    let world = World::new().await;
    let amy = world.amy().await;
    let audit = &world.server().state().audit;
    for number in 0..650 {
        let staff = (number % 2 == 0).then(|| amy.tokens.staff.id.clone());
        let subject = amberglass_wire::audit::EventSubject { staff, ..Default::default() };
        audit.append(subject, EventDetail::StaffSignedOut {}).await.unwrap();
    }
    let operator = world.operator().await;
    let erased = erase(&operator, &BodiesOf::Staff(amy.tokens.staff.id.clone())).await;
    assert!(erased.bodies >= 325, "{erased:?}");
    assert_eq!(world.count_events("bodies_erased").await, 2, "200 stretches in each");
    assert_eq!(broken(&world).await, Vec::<String>::new());
    whole(&export(&world, &ExportScope::default()).await.1, &keys(&world, &[&amy]));
    operator.close().await;
}

/// What somebody with all rights over the database does after an honest erasure.
#[tokio::test]
async fn a_body_that_is_gone_without_a_whole_record_of_it_is_found() {
    for (statement, expected) in [
        (
            "UPDATE audit_events SET salt = '', body = '' WHERE customer = '1077' AND kind = 'session_started'",
            "body_gone",
        ),
        ("UPDATE audit_events SET salt = '', body = '' WHERE kind = 'bodies_erased'", "evidence_erased"),
        ("UPDATE audit_events SET salt = '', body = '' WHERE kind = 'signer_added'", "evidence_erased"),
        (
            "UPDATE audit_events SET body = REPLACE(body, 'forgotten', 'remembered') WHERE kind = 'bodies_erased'",
            "body_changed",
        ),
        ("DELETE FROM audit_events WHERE kind = 'bodies_erased'", "body_gone"),
    ] {
        let world = World::new().await;
        let amy = world.amy().await;
        looked_at(&world, &amy, "a", JANE).await;
        looked_at(&world, &amy, "b", "1077").await;
        let operator = world.operator().await;
        erase(&operator, &jane()).await;
        assert_eq!(broken(&world).await, Vec::<String>::new());
        world.tamper(&[statement]).await;
        assert_ne!(broken(&world).await, Vec::<String>::new(), "{statement}");
        let text = export(&world, &ExportScope::default()).await.1;
        let report = amberglass_verify::verify(text.as_slice(), &keys(&world, &[&amy]), &[]).unwrap();
        assert!(report.faults.iter().any(|(_, fault)| fault.code() == expected), "{statement}\n{report}");
        operator.close().await;
    }
}

/// Amy's journal of a year ago, signed after each delivery, with a session in between; and what came since.
async fn a_year(world: &World) -> (Console, Journal, SessionId, UnixMillis) {
    let mut amy = world.amy().await;
    let mut journal = Journal::of(&amy);
    delivered(world, &amy, &mut journal, None, 3).await;
    let old = looked_at(world, &amy, "a", JANE).await;
    delivered(world, &amy, &mut journal, Some(&old), 4).await;
    world.clock.advance_seconds(60);
    issue(world).await;
    world.clock.advance_seconds(DAY);
    let between = world.clock.now();
    world.clock.advance_seconds(300 * DAY);
    amy = world.sign_in(crate::world::AMY, 1).await;
    delivered(world, &amy, &mut journal, None, 2).await;
    looked_at(world, &amy, "b", "1077").await;
    (amy, journal, old, between)
}

/// As the server does every minute.
async fn issue(world: &World) {
    let state = world.server().state();
    audit::Checkpoints::new(state.audit.clone(), state.clock.clone(), None).issue().await.unwrap();
}

#[tokio::test]
async fn old_beginnings_go_and_a_checkpoint_stands_for_each() {
    let world = World::new().await;
    let (amy, journal, old, between) = a_year(&world).await;
    let operator = world.operator().await;
    let dry = audit::retire(&operator.audit, &operator.store, between, true).await.unwrap();
    assert_eq!((dry.chains.len(), dry.records, world.count_events("records_retired").await), (2, 0, 0));
    let held = world.server().state().store.chain_head_of(journal.device.as_str()).await.unwrap();

    let done = retire(&operator, between).await;
    assert_eq!(done.chains, dry.chains);
    let of_device = done.chains.iter().find(|row| row.writer == journal.device.0).unwrap();
    assert_eq!(of_device.through, 7, "all that was delivered then");
    let of_server = done.chains.iter().find(|row| row.writer.starts_with("server:")).unwrap();
    assert_eq!(done.records, 7 + u64::try_from(of_server.through).unwrap());
    assert_eq!(world.count_events("records_retired").await, 2);
    assert_eq!(retire(&operator, between).await, Retired::default(), "once is enough");
    assert_eq!(world.count_events("records_retired").await, 2);

    assert_eq!(broken(&world).await, Vec::<String>::new());
    let keys = keys(&world, &[&amy]);
    let everything = export(&world, &ExportScope::default()).await.1;
    let report = whole(&everything, &keys);
    let device = report.chains.iter().find(|chain| chain.writer == journal.device.0).unwrap();
    assert_eq!((device.first, device.last), (Some(8), Some(9)));
    let device = ExportScope { device: Some(journal.device.clone()), ..ExportScope::default() };
    whole(&export(&world, &device).await.1, &keys);
    assert_eq!(world.trail(&amy, &old).await, []);
    assert_eq!((done.sessions, world.session(&amy, &old).await.customer.name.as_str()), (1, "(erased)"));
    // The chains go on, and a device that sends again what is gone is not one with two pasts.
    assert_eq!(world.server().state().store.chain_head_of(journal.device.as_str()).await.unwrap(), held);
    let mut again = Journal::of(&amy);
    let mut records = again.run(3);
    assert_eq!(accepted(deliver(&world, &amy, &records).await).await.seq, 9);
    records.extend((0..4).map(|_| again.append(Some(&old), EventDetail::WindowOpened {})));
    assert_eq!(accepted(deliver(&world, &amy, &records[3..]).await).await.seq, 9);
    let mut other = Journal::of(&amy);
    let made_up: Vec<_> = (0..7).map(|_| other.append(None, EventDetail::WindowClosed {})).collect();
    assert_eq!(
        deliver(&world, &amy, &made_up[6..]).await.status(),
        StatusCode::CONFLICT,
        "what the checkpoint names is known"
    );
    let mut journal = journal;
    delivered(&world, &amy, &mut journal, None, 2).await;
    whole(&export(&world, &ExportScope::default()).await.1, &keys);
    operator.close().await;
}

#[tokio::test]
async fn a_session_stays_whole_until_its_last_record_is_old() {
    let world = World::new().await;
    let mut amy = world.amy().await;
    let mut journal = Journal::of(&amy);
    delivered(&world, &amy, &mut journal, None, 3).await;
    let session = looked_at(&world, &amy, "a", JANE).await;
    delivered(&world, &amy, &mut journal, Some(&session), 2).await;
    issue(&world).await;
    world.clock.advance_seconds(DAY);
    let between = world.clock.now();
    world.clock.advance_seconds(300 * DAY);
    amy = world.sign_in(crate::world::AMY, 1).await;
    // The laptop was in a drawer: the rest of the session comes now.
    delivered(&world, &amy, &mut journal, Some(&session), 1).await;
    let operator = world.operator().await;
    let kinds = world.kinds(&amy, &session).await;
    let done = retire(&operator, between).await;
    assert!(done.chains.iter().all(|row| row.writer == journal.device.0 && row.through == 3), "{done:?}");
    assert_eq!(world.kinds(&amy, &session).await, kinds);
    assert_eq!(broken(&world).await, Vec::<String>::new());
    operator.close().await;
}

#[tokio::test]
async fn what_explains_something_that_is_still_missing_is_said_again_before_it_goes_itself() {
    let world = World::new().await;
    let (_, mut journal, _, between) = a_year(&world).await;
    let operator = world.operator().await;
    // A young record of the device is erased, and then long after that only the operator's chain is old enough to go.
    erase(&operator, &BodiesOf::Records(RecordRange { writer: journal.device.0.clone(), from: 5, through: 9 })).await;
    retire(&operator, between).await;
    assert_eq!((world.count_events("bodies_erased").await, world.count_events("records_retired").await), (1, 2));
    issue(&world).await;
    world.clock.advance_seconds(DAY);
    let later = world.clock.now();
    world.clock.advance_seconds(DAY);
    operator.audit.append(Default::default(), EventDetail::EmergencyStopLifted { by: None }).await.unwrap();
    let amy = world.sign_in(crate::world::AMY, 1).await;
    delivered(&world, &amy, &mut journal, None, 1).await;
    // The device's own chain stays, as no server has signed its end since.
    world.tamper(&["DELETE FROM checkpoints WHERE seq = 9"]).await;
    let done = retire(&operator, later).await;
    assert!(done.chains.iter().any(|row| row.writer == operator.audit.writer()), "{done:?}");
    assert!(done.chains.iter().all(|row| row.writer != journal.device.0), "{done:?}");
    assert_eq!(broken(&world).await, Vec::<String>::new());
    let report = whole(&export(&world, &ExportScope::default()).await.1, &keys(&world, &[&amy]));
    assert_eq!(report.chains.iter().map(|chain| chain.erased).sum::<u64>(), 2);
    assert_eq!(world.count_events("bodies_erased").await, 1, "what of it is left: 8 and 9");
    operator.close().await;
}

#[tokio::test]
async fn a_run_that_died_in_between_is_whole_and_the_next_one_goes_on() {
    let world = World::new().await;
    let (amy, journal, _, between) = a_year(&world).await;
    let operator = world.operator().await;
    // What is on record and in the table counts as gone at once; that the rows are still there changes nothing.
    let row = audit::retire(&operator.audit, &operator.store, between, true).await.unwrap().chains.remove(0);
    assert_eq!(row.writer, journal.device.0);
    let detail =
        EventDetail::RecordsRetired { writer: row.writer.clone(), through: row.through, hash: row.hash.clone() };
    operator.audit.append(Default::default(), detail).await.unwrap();
    let mut tx = operator.store.begin().await.unwrap();
    tx.retire(&row, world.clock.now()).await.unwrap();
    assert_eq!(tx.delete_retired(&row, 2).await.unwrap(), 2);
    tx.commit().await.unwrap();
    assert_eq!(broken(&world).await, Vec::<String>::new());
    let report = whole(&export(&world, &ExportScope::default()).await.1, &keys(&world, &[&amy]));
    assert!(report.chains.iter().any(|chain| chain.writer == journal.device.0 && chain.first == Some(8)), "{report}");
    let done = retire(&operator, between).await;
    assert!(done.records >= 5 && done.chains.iter().all(|row| row.writer != journal.device.0), "{done:?}");
    assert_eq!(world.count_events("window_opened").await, 2);
    operator.close().await;
}

/// What somebody with all rights over the database does around an honest run.
#[tokio::test]
async fn a_beginning_that_is_gone_without_a_record_of_it_is_found() {
    for (statement, expected) in [
        (
            "DELETE FROM audit_events WHERE kind = 'records_retired' AND body LIKE '%\"through\":7%'",
            "beginning_missing",
        ),
        ("UPDATE audit_events SET salt = '', body = '' WHERE kind = 'records_retired'", "evidence_erased"),
        ("DELETE FROM audit_events WHERE kind = 'window_opened' AND seq = 8", "missing"),
        ("DELETE FROM audit_events WHERE kind = 'window_opened' AND seq <= 9", "chain_missing"),
    ] {
        let world = World::new().await;
        let (amy, journal, _, between) = a_year(&world).await;
        let operator = world.operator().await;
        retire(&operator, between).await;
        let witness = world.server().state().audit.signer().checkpoint(
            world.clock.now(),
            vec![amberglass_domain::checkpoint::WriterHead {
                writer: journal.device.0.clone(),
                head: journal.head.clone(),
            }],
        );
        world.clock.advance_seconds(2);
        world.tamper(&[statement]).await;
        let keys = keys(&world, &[&amy]);
        let seen = keys.checkpoint(&witness.unwrap()).unwrap();
        let text = export(&world, &ExportScope::default()).await.1;
        let report = amberglass_verify::verify(text.as_slice(), &keys, &[seen]).unwrap();
        assert!(report.faults.iter().any(|(_, fault)| fault.code() == expected), "{statement}\n{report}");
        if expected != "chain_missing" {
            assert_ne!(broken(&world).await, Vec::<String>::new(), "{statement}");
        }
        operator.close().await;
    }
    // More than was said, up to another checkpoint.
    let world = World::new().await;
    let mut amy = world.amy().await;
    let mut journal = Journal::of(&amy);
    for _ in 0..3 {
        delivered(&world, &amy, &mut journal, None, 2).await;
        world.clock.advance_seconds(DAY);
        amy = world.sign_in(crate::world::AMY, 1).await;
    }
    let operator = world.operator().await;
    retire(&operator, world.clock.now().plus_seconds(-2 * DAY - 60)).await;
    assert_eq!(broken(&world).await, Vec::<String>::new());
    world.tamper(&["DELETE FROM audit_events WHERE kind = 'window_opened' AND seq <= 4"]).await;
    assert_eq!(broken(&world).await.len(), 1);
    let text = export(&world, &ExportScope::default()).await.1;
    let report = amberglass_verify::verify(text.as_slice(), &keys(&world, &[&amy]), &[]).unwrap();
    assert!(report.faults.iter().any(|(_, fault)| fault.code() == "beginning_missing"), "{report}");
    operator.close().await;
}

//! What lists ask for at once is what one session alone would say, and each way to narrow the log gives the records it names.

use amberglass_domain::chain::{self, UnlinkedRecord};
use amberglass_server::store::{AuditFilter, RecordRow, SessionEnd, Tallies};
use amberglass_wire::{
    CustomerId, EventId, PortalId, SessionId, StaffId,
    audit::{EventBody, EventDetail, EventSubject},
    session::EndedBy,
};

use crate::bench::{Bench, NOW};

/// What it is, and where. One that is a page has this path.
struct Told<'a> {
    writer: &'a str,
    session: &'a SessionId,
    staff: &'a str,
    detail: EventDetail,
}

fn page(path: &str, document: bool) -> EventDetail {
    EventDetail::PageViewed { method: "GET".into(), path: path.into(), document, rule: None }
}

fn blocked() -> EventDetail {
    EventDetail::RequestBlocked { method: "POST".into(), path: "/".into(), rule: "read-only".into() }
}

async fn put(bench: &Bench, told: Told<'_>) {
    let mut tx = bench.store.begin().await.unwrap();
    let head = tx.chain_head_of(told.writer).await.unwrap();
    let is_page = matches!(told.detail, EventDetail::PageViewed { document: true, .. });
    let subject = EventSubject {
        staff: Some(StaffId::new(told.staff)),
        session: Some(told.session.clone()),
        ..EventSubject::default()
    };
    let unlinked = UnlinkedRecord {
        id: EventId(format!("{}-{}", told.writer, head.seq + 1)),
        session: Some(told.session.clone()),
        occurred_at: NOW,
        monotonic_millis: 1,
        kind: told.detail.kind().into(),
        salt: [7; 16],
        body: serde_json::to_string(&EventBody::new(subject.clone(), "test", told.detail)).unwrap(),
    };
    let record = chain::link(told.writer, &head, unlinked);
    tx.insert_record(&RecordRow { record: &record, subject: &subject, is_page, received_at: NOW }).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn many_sessions_are_counted_together_as_each_alone() {
    let bench = Bench::new().await;
    let ids = [bench.session("one", 0).await, bench.session("two", 1).await, bench.session("three", 2).await];
    let told = [
        ("server:a", 0, page("/first", true)),
        ("server:b", 0, page("/second", true)),
        ("server:a", 0, page("/picture", false)),
        ("server:a", 0, blocked()),
        // A console adds nothing to what the gateway saw.
        ("device-1", 0, page("/made-up", true)),
        ("device-1", 1, blocked()),
        ("server:a", 1, blocked()),
        ("server:b", 1, blocked()),
    ];
    for (writer, which, detail) in told {
        put(&bench, Told { writer, session: &ids[which], staff: "staff-1", detail }).await;
    }
    let together = bench.store.tallies_of(&ids).await.unwrap();
    for id in &ids {
        let alone = bench.store.tallies(id).await.unwrap();
        assert_eq!(together.get(id).copied().unwrap_or_default(), alone, "{id}");
    }
    assert_eq!(together[&ids[0]], Tallies { pages: 2, blocked: 1 });
    assert_eq!(together[&ids[1]], Tallies { pages: 0, blocked: 2 });
    assert!(!together.contains_key(&ids[2]));
    let pages = bench.store.last_pages_of(&ids).await.unwrap();
    assert_eq!(pages.into_iter().collect::<Vec<_>>(), [(ids[0].clone(), "/second".to_owned())]);
    assert!(bench.store.tallies_of(&[]).await.unwrap().is_empty());
    assert!(bench.store.last_pages_of(&[]).await.unwrap().is_empty());
}

/// More than one statement takes.
#[tokio::test]
async fn hundreds_of_sessions_are_counted_too() {
    let bench = Bench::new().await;
    let ids: Vec<SessionId> = (0..300).map(|n| SessionId::new(format!("session-{n}"))).collect();
    for which in [0, 128, 255, 256, 299] {
        put(&bench, Told { writer: "server:a", session: &ids[which], staff: "staff-1", detail: page("/", true) }).await;
    }
    let together = bench.store.tallies_of(&ids).await.unwrap();
    let counted: Vec<u32> = [0, 128, 255, 256, 299].iter().map(|which| together[&ids[*which]].pages).collect();
    assert_eq!((together.len(), counted), (5, vec![1; 5]));
}

#[tokio::test]
async fn the_log_is_narrowed_to_a_session_a_staff_member_and_both() {
    let bench = Bench::new().await;
    let (one, two) = (bench.session("one", 0).await, bench.session("two", 1).await);
    for (session, staff) in [(&one, "staff-1"), (&one, "lead"), (&two, "staff-1"), (&one, "staff-1")] {
        put(&bench, Told { writer: "server:a", session, staff, detail: blocked() }).await;
    }
    let seqs = async |session: Option<&SessionId>, staff: Option<&str>, after| {
        let filter = AuditFilter { session: session.cloned(), staff: staff.map(StaffId::new), since: None };
        let page = bench.store.audit_page(&filter, after, 3).await.unwrap();
        page.iter().map(|shown| shown.event.record.seq).collect::<Vec<_>>()
    };
    assert_eq!(seqs(None, None, 0).await, [1, 2, 3]);
    assert_eq!(seqs(None, None, 2).await, [3, 4]);
    assert_eq!(seqs(Some(&one), None, 0).await, [1, 2, 4]);
    assert_eq!(seqs(None, Some("staff-1"), 0).await, [1, 3, 4]);
    assert_eq!(seqs(Some(&one), Some("staff-1"), 0).await, [1, 4]);
    assert_eq!(seqs(Some(&one), Some("staff-1"), 1).await, [4]);
    let later = AuditFilter { session: Some(one), since: Some(NOW.plus_seconds(1)), ..AuditFilter::default() };
    assert!(bench.store.audit_page(&later, 0, 3).await.unwrap().is_empty());
}

#[tokio::test]
async fn sessions_are_listed_for_all_and_for_one_running_or_not() {
    let bench = Bench::new().await;
    let (one, two) = (bench.session("one", 0).await, bench.session("two", 1).await);
    let mut tx = bench.store.begin().await.unwrap();
    let end = SessionEnd { by: EndedBy::Staff, at: NOW, note: None, reason: None, staff: None };
    assert!(tx.end_session(&one, &end).await.unwrap());
    tx.commit().await.unwrap();
    let nobody = StaffId::new("nobody");
    let listed = async |staff: Option<&StaffId>, running_only| {
        let rows = bench.store.sessions(staff, running_only).await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    for staff in [None, Some(&bench.staff)] {
        assert_eq!(listed(staff, false).await, [two.clone(), one.clone()]);
        assert_eq!(listed(staff, true).await, std::slice::from_ref(&two));
    }
    assert!(listed(Some(&nobody), false).await.is_empty());
}

#[tokio::test]
async fn a_portal_lists_its_own_sessions_of_all_and_of_one_customer_running_or_not() {
    let bench = Bench::new().await;
    let (one, two) = (bench.session("one", 0).await, bench.session("two", 1).await);
    let mut tx = bench.store.begin().await.unwrap();
    let end = SessionEnd { by: EndedBy::Staff, at: NOW, note: None, reason: None, staff: None };
    assert!(tx.end_session(&one, &end).await.unwrap());
    tx.commit().await.unwrap();
    let row = bench.store.session(&one).await.unwrap().unwrap();
    let (portal, customer) = (row.portal, row.customer.id);
    let listed = async |portal: &PortalId, customer: Option<&CustomerId>, running_only| {
        let rows = bench.store.portal_sessions(portal, customer, running_only).await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    for customer in [None, Some(&customer)] {
        assert_eq!(listed(&portal, customer, false).await, [two.clone(), one.clone()]);
        assert_eq!(listed(&portal, customer, true).await, std::slice::from_ref(&two));
        for other in ["", "a", "zzz", &format!("{}0", portal.0)] {
            let other = PortalId::new(other);
            assert!(
                listed(&other, customer, false).await.is_empty() && listed(&other, customer, true).await.is_empty()
            );
        }
    }
    assert!(listed(&portal, Some(&CustomerId::new("nobody")), false).await.is_empty());
}

//! What the operator and the security team switch: at most one stop, one reason per portal, one end of a key.

use amberglass_server::store::PortalKeyRow;
use amberglass_wire::PortalId;

use crate::bench::{Bench, NOW};

#[tokio::test]
async fn at_most_one_emergency_stop_is_in_force() {
    let bench = Bench::new().await;
    let mut tx = bench.store.begin().await.unwrap();
    assert!(tx.insert_emergency_stop("one", "A laptop was stolen", Some(&bench.staff), NOW).await.unwrap());
    assert!(!tx.insert_emergency_stop("two", "Another reason", None, NOW).await.unwrap());
    tx.commit().await.unwrap();
    let stop = bench.other.emergency_stop().await.unwrap().unwrap();
    assert_eq!((stop.id.as_str(), stop.stopped_by_name.as_deref()), ("one", Some("Amy Agent")));
    let mut tx = bench.other.begin().await.unwrap();
    assert!(tx.lift_emergency_stop(None, NOW).await.unwrap());
    assert!(!tx.lift_emergency_stop(None, NOW).await.unwrap());
    assert!(tx.insert_emergency_stop("three", "It goes on", None, NOW).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(bench.store.emergency_stop().await.unwrap().unwrap().id, "three");
}

#[tokio::test]
async fn a_portal_is_switched_off_once_and_on_again() {
    let bench = Bench::new().await;
    let id = bench.session("one", 0).await;
    let portal = PortalId::new("barkside");
    let mut tx = bench.store.begin().await.unwrap();
    assert!(tx.disable_portal(&portal, "first", NOW).await.unwrap());
    assert!(!tx.disable_portal(&portal, "second", NOW).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(bench.other.disabled_portals().await.unwrap()[0].reason, "first");
    assert!(bench.other.session(&id).await.unwrap().unwrap().portal_disabled);
    let mut tx = bench.other.begin().await.unwrap();
    assert!(tx.enable_portal(&portal).await.unwrap());
    assert!(!tx.enable_portal(&portal).await.unwrap());
    tx.commit().await.unwrap();
    assert!(!bench.store.portal_disabled(&portal).await.unwrap());
}

#[tokio::test]
async fn a_portals_key_is_found_by_its_hash_and_revoked_once() {
    let bench = Bench::new().await;
    let key = PortalKeyRow {
        id: "key-1".into(),
        portal: PortalId::new("barkside"),
        name: "production".into(),
        created_at: NOW,
        last_used_at: None,
        revoked_at: None,
    };
    let mut tx = bench.store.begin().await.unwrap();
    tx.insert_portal_key(&key, "hash").await.unwrap();
    tx.portal_key_used("key-1", NOW).await.unwrap();
    assert_eq!(tx.revoke_portal_key("key-1", NOW).await.unwrap(), Some(key.portal.clone()));
    assert_eq!(tx.revoke_portal_key("key-1", NOW.plus_seconds(1)).await.unwrap(), None);
    tx.commit().await.unwrap();
    let found = bench.other.portal_key("hash").await.unwrap().unwrap();
    assert_eq!(found, PortalKeyRow { last_used_at: Some(NOW), revoked_at: Some(NOW), ..key });
    assert!(bench.other.portal_key("other").await.unwrap().is_none());
}

//! What is good once is good once, whoever asks at the same time.

use amberglass_server::store::{CodeRow, NewFamily, Remembered, Store, StoreError};

use crate::bench::{Bench, NOW};

const FAMILY: &str = "family-1";

/// A sign-in.
async fn signed_in(bench: &Bench) {
    let mut tx = bench.store.begin().await.unwrap();
    tx.insert_family(&NewFamily {
        id: FAMILY,
        staff: &bench.staff,
        device: &bench.device,
        started_at: NOW,
        authenticated_at: NOW,
        method: "password",
    })
    .await
    .unwrap();
    tx.insert_access_token("access", FAMILY, NOW.plus_seconds(60)).await.unwrap();
    tx.insert_refresh_token("refresh", FAMILY, NOW.plus_seconds(600)).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_traded_once() {
    let bench = Bench::new().await;
    let code = CodeRow {
        staff: bench.staff.clone(),
        redirect_uri: "http://127.0.0.1/".into(),
        code_challenge: "challenge".into(),
        expires_at: NOW.plus_seconds(60),
        family: None,
        authenticated_at: NOW,
        method: "password".into(),
    };
    let mut tx = bench.store.begin().await.unwrap();
    tx.insert_code("code", &code).await.unwrap();
    tx.commit().await.unwrap();
    let trade = async |store: &Store, family: &str| {
        let mut tx = store.begin().await.unwrap();
        let traded = tx.trade_code("code", family).await.unwrap();
        tx.commit().await.unwrap();
        traded
    };
    let (first, second) = tokio::join!(trade(&bench.store, "first"), trade(&bench.other, "second"));
    assert!(first ^ second);
    let mut tx = bench.store.begin().await.unwrap();
    let family = tx.code("code").await.unwrap().unwrap().family;
    assert_eq!(family.as_deref(), Some(if first { "first" } else { "second" }));
    assert!(!tx.trade_code("unknown", "third").await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_token_is_replaced_once() {
    let bench = Bench::new().await;
    signed_in(&bench).await;
    let replace = async |store: &Store| {
        let mut tx = store.begin().await.unwrap();
        let replaced = tx.replace_refresh_token("refresh", NOW).await.unwrap();
        tx.commit().await.unwrap();
        replaced
    };
    let (first, second) = tokio::join!(replace(&bench.store), replace(&bench.other));
    assert!(first ^ second);
    let mut tx = bench.store.begin().await.unwrap();
    assert_eq!(tx.refresh_token("refresh").await.unwrap().unwrap().replaced_at, Some(NOW));
    tx.insert_refresh_token("refresh", FAMILY, NOW).await.unwrap();
    let row = tx.refresh_token("refresh").await.unwrap().unwrap();
    assert_eq!((row.replaced_at, row.expires_at), (Some(NOW), NOW.plus_seconds(600)), "the one that stands, stands");
}

#[tokio::test]
async fn a_token_holds_while_account_device_and_sign_in_do() {
    let bench = Bench::new().await;
    signed_in(&bench).await;
    assert!(bench.other.access_token("access").await.unwrap().unwrap().holds);
    let mut tx = bench.store.begin().await.unwrap();
    assert!(tx.set_staff_active(&bench.staff, false).await.unwrap());
    tx.commit().await.unwrap();
    assert!(!bench.other.access_token("access").await.unwrap().unwrap().holds);
    let mut tx = bench.store.begin().await.unwrap();
    assert!(tx.set_staff_active(&bench.staff, true).await.unwrap());
    tx.commit().await.unwrap();
    assert!(bench.other.access_token("access").await.unwrap().unwrap().holds);
    let mut tx = bench.store.begin().await.unwrap();
    assert!(tx.revoke_device(&bench.device, None, NOW).await.unwrap());
    assert!(!tx.revoke_device(&bench.device, None, NOW).await.unwrap());
    tx.commit().await.unwrap();
    assert!(!bench.other.access_token("access").await.unwrap().unwrap().holds);
}

#[tokio::test]
async fn an_idempotency_key_stands_for_one_request() {
    let bench = Bench::new().await;
    let mut tx = bench.store.begin().await.unwrap();
    assert_eq!(tx.recall(&bench.staff, "route", "key", "body").await.unwrap(), Remembered::Nothing);
    tx.remember(&bench.staff, "route", "key", "body", "made", NOW).await.unwrap();
    assert_eq!(tx.recall(&bench.staff, "route", "key", "body").await.unwrap(), Remembered::Resource("made".into()));
    assert_eq!(tx.recall(&bench.staff, "route", "key", "other").await.unwrap(), Remembered::Mismatch);
    assert_eq!(tx.recall(&bench.staff, "elsewhere", "key", "body").await.unwrap(), Remembered::Nothing);
    tx.commit().await.unwrap();
    let mut tx = bench.other.begin().await.unwrap();
    let again = tx.remember(&bench.staff, "route", "key", "body", "another", NOW).await;
    assert!(matches!(again, Err(StoreError::Database(_))), "{again:?}");
}

#[tokio::test]
async fn a_code_of_the_second_factor_is_good_once() {
    let bench = Bench::new().await;
    let mut tx = bench.store.begin().await.unwrap();
    assert!(tx.set_up_second_factor(&bench.staff, "sealed", 100, NOW).await.unwrap());
    assert!(!tx.set_up_second_factor(&bench.staff, "another", 101, NOW).await.unwrap());
    for (step, good) in [(100, false), (99, false), (101, true), (101, false)] {
        assert_eq!(tx.use_second_factor(&bench.staff, step).await.unwrap(), good, "{step}");
    }
    tx.commit().await.unwrap();
    let row = bench.other.staff_by_email("amy@example.com").await.unwrap().unwrap();
    assert_eq!(row.totp_sealed.as_deref(), Some("sealed"));
}

#[tokio::test]
async fn a_sign_in_that_waits_for_the_provider_is_found_once() {
    let bench = Bench::new().await;
    let mut tx = bench.store.begin().await.unwrap();
    tx.insert_provider_sign_in("state", "sealed", NOW).await.unwrap();
    assert_eq!(tx.take_provider_sign_in("state").await.unwrap(), Some(("sealed".into(), NOW)));
    assert_eq!(tx.take_provider_sign_in("state").await.unwrap(), None);
}

#[tokio::test]
async fn what_is_spent_is_swept_and_nothing_else() {
    let bench = Bench::new().await;
    signed_in(&bench).await;
    let mut tx = bench.store.begin().await.unwrap();
    tx.sweep_credentials(NOW.plus_seconds(61)).await.unwrap();
    assert!(tx.refresh_token("refresh").await.unwrap().is_some());
    tx.commit().await.unwrap();
    assert!(bench.other.access_token("access").await.unwrap().is_none());
}

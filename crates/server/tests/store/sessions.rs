//! Changes of a session's state are conditional: of two, one happens.

use amberglass_server::store::{SessionEnd, Store};
use amberglass_wire::{
    SessionId,
    session::{EndedBy, SessionState},
};

use crate::bench::{Bench, NOW};

fn end(by: EndedBy) -> SessionEnd<'static> {
    SessionEnd { by, at: NOW, note: None, reason: None, staff: None }
}

async fn end_session(store: &Store, id: &SessionId, by: EndedBy) -> bool {
    let mut tx = store.begin().await.unwrap();
    let ended = tx.end_session(id, &end(by)).await.unwrap();
    tx.commit().await.unwrap();
    ended
}

#[tokio::test]
async fn a_slot_holds_one_running_session_and_is_free_after_its_end() {
    let bench = Bench::new().await;
    let first = bench.session("first", 0).await;
    let mut tx = bench.other.begin().await.unwrap();
    assert!(!bench.insert_session(&mut tx, "second", 0).await, "the slot is taken");
    assert!(bench.insert_session(&mut tx, "second", 1).await, "another slot is not");
    assert!(!bench.insert_session(&mut tx, "first", 2).await, "nor may a code be used twice");
    assert!(tx.freeze_session(&first, NOW, NOW).await.unwrap());
    assert!(!bench.insert_session(&mut tx, "third", 0).await, "frozen is running too");
    assert!(tx.end_session(&first, &end(EndedBy::Staff)).await.unwrap());
    assert!(bench.insert_session(&mut tx, "third", 0).await);
    tx.commit().await.unwrap();
    assert_eq!(bench.store.running_sessions().await.unwrap().readable.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_starts_at_the_same_time_one_gets_the_slot() {
    let bench = std::sync::Arc::new(Bench::new().await);
    let starts: Vec<_> = (0..8)
        .map(|number| {
            let bench = bench.clone();
            tokio::spawn(async move {
                let store = if number % 2 == 0 { &bench.store } else { &bench.other };
                let mut tx = store.begin().await.unwrap();
                let began = bench.insert_session(&mut tx, &format!("start-{number}"), 0).await;
                tx.commit().await.unwrap();
                began
            })
        })
        .collect();
    let mut began = 0;
    for start in starts {
        began += u32::from(start.await.unwrap());
    }
    assert_eq!(began, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ends_once_and_who_ended_it_stands() {
    let bench = Bench::new().await;
    let id = bench.session("one", 0).await;
    let (first, second) =
        tokio::join!(end_session(&bench.store, &id, EndedBy::Staff), end_session(&bench.other, &id, EndedBy::Security));
    assert!(first ^ second, "{first} {second}");
    let row = bench.store.session(&id).await.unwrap().unwrap();
    assert_eq!(row.ended_by, Some(if first { EndedBy::Staff } else { EndedBy::Security }));
    assert_eq!(row.state, SessionState::Ended);
    assert!(!end_session(&bench.store, &id, EndedBy::Idle).await);
}

#[tokio::test]
async fn a_grant_is_traded_once_and_not_too_late() {
    let bench = Bench::new().await;
    let id = bench.session("one", 0).await;
    let mut tx = bench.store.begin().await.unwrap();
    let until = NOW.plus_seconds(30);
    assert!(tx.set_grant(&id, "first", until).await.unwrap());
    assert!(tx.set_grant(&id, "second", until).await.unwrap(), "a fresh one takes its place");
    assert!(!tx.enter_session(&id, "first", "cookie", NOW).await.unwrap());
    assert!(!tx.enter_session(&id, "second", "cookie", until).await.unwrap(), "too late");
    assert!(tx.enter_session(&id, "second", "cookie", NOW).await.unwrap());
    assert!(!tx.enter_session(&id, "second", "another", NOW).await.unwrap());
    assert!(!tx.set_grant(&id, "third", until).await.unwrap(), "somebody entered");
    tx.commit().await.unwrap();
    assert_eq!(bench.other.session_by_cookie("cookie").await.unwrap().unwrap().id, id);
    assert!(bench.other.session_by_cookie("another").await.unwrap().is_none());
}

#[tokio::test]
async fn heartbeats_count_forwards_only() {
    let bench = Bench::new().await;
    let id = bench.session("one", 0).await;
    let (early, late) = (NOW.plus_seconds(2), NOW.plus_seconds(4));
    let mut tx = bench.store.begin().await.unwrap();
    assert!(tx.touch_session(&id, late, late, late).await.unwrap());
    assert!(!tx.touch_session(&id, early, late, late).await.unwrap(), "an older one delivered late");
    assert!(!tx.touch_session(&id, late, late, late).await.unwrap(), "the same one again");
    let deadline = NOW.plus_seconds(1800);
    assert!(!tx.touch_session(&id, deadline, deadline, deadline).await.unwrap(), "past the deadline");
    assert!(tx.touch_session(&id, late.plus_millis(1), late, NOW).await.unwrap());
    tx.commit().await.unwrap();
    let row = bench.other.session(&id).await.unwrap().unwrap();
    assert_eq!((row.last_heartbeat_at, row.last_input_at), (late, late), "input is never taken back");
}

#[tokio::test]
async fn a_session_freezes_when_it_was_silent_and_thaws_from_frozen_only() {
    let bench = Bench::new().await;
    let id = bench.session("one", 0).await;
    let mut tx = bench.store.begin().await.unwrap();
    assert!(!tx.resume_session(&id, NOW).await.unwrap());
    assert!(!tx.freeze_session(&id, NOW.plus_millis(-1), NOW).await.unwrap(), "a heartbeat has come since");
    assert!(tx.freeze_session(&id, NOW, NOW).await.unwrap());
    assert!(!tx.freeze_session(&id, NOW, NOW).await.unwrap());
    assert!(!tx.resume_session(&id, NOW.plus_seconds(1800)).await.unwrap(), "past the deadline");
    assert!(tx.resume_session(&id, NOW).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(bench.other.session(&id).await.unwrap().unwrap().frozen_at, None);
}

#[tokio::test]
async fn of_two_extensions_of_the_same_session_one_counts() {
    let bench = Bench::new().await;
    let id = bench.session("one", 0).await;
    let before = bench.store.session(&id).await.unwrap().unwrap();
    let later = before.expires_at.plus_seconds(900);
    let mut tx = bench.store.begin().await.unwrap();
    assert!(tx.extend_session(&before, later, NOW).await.unwrap());
    assert!(!tx.extend_session(&before, later, NOW).await.unwrap());
    tx.commit().await.unwrap();
    let row = bench.other.session(&id).await.unwrap().unwrap();
    assert_eq!((row.expires_at, row.extensions), (later, 1));
}

#[tokio::test]
async fn closing_words_are_added_once_and_after_the_end() {
    let bench = Bench::new().await;
    let id = bench.session("one", 0).await;
    let mut tx = bench.store.begin().await.unwrap();
    assert!(!tx.add_note(&id, "too early").await.unwrap());
    tx.end_session(&id, &end(EndedBy::Lead)).await.unwrap();
    assert!(tx.add_note(&id, "first").await.unwrap());
    assert!(!tx.add_note(&id, "second").await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(bench.other.session(&id).await.unwrap().unwrap().note.as_deref(), Some("first"));
}

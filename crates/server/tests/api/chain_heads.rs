//! Heartbeats show where a device's chain stands: what it has signed once it cannot take back.

use amberglass_wire::{
    audit::{Contradiction, EventBody, EventDetail},
    event_stream::{ChainHead, HeartbeatRequest, HeartbeatResponse},
    problem::ErrorCode,
    session::SessionState,
};
use reqwest::StatusCode;

use crate::{
    alarms::{cause_of, with_security},
    journal::{Journal, accepted, deliver},
    world::{Console, LEO, World, device_of, json, problem},
};

async fn beat(world: &World, console: &Console, request: &HeartbeatRequest) {
    json::<HeartbeatResponse>(world.send_beat(console, request).await, StatusCode::OK).await;
}

async fn show(world: &World, console: &Console, journal: &Journal) {
    beat(world, console, &world.head_beat(console, &journal.writer, &journal.head)).await;
}

async fn causes(world: &World, security: &Console) -> Vec<Contradiction> {
    world.alarms(security).await.newest.iter().map(cause_of).collect()
}

#[tokio::test]
async fn a_chain_that_grows_and_is_delivered_late_or_early_is_no_contradiction() {
    let (world, amy, sana) = with_security().await;
    let mut journal = Journal::of(&amy);
    beat(&world, &amy, &world.head_beat(&amy, &journal.writer, &ChainHead::default())).await;
    let mut records = journal.run(2);
    show(&world, &amy, &journal).await;
    show(&world, &amy, &journal).await;
    world.clock.advance_seconds(2);
    // Signed, and on its way while the next record is written, shown and delivered.
    let slow = world.head_beat(&amy, &journal.writer, &journal.head);
    records.extend(journal.run(2));
    world.clock.advance_seconds(2);
    show(&world, &amy, &journal).await;
    accepted(deliver(&world, &amy, &records).await).await;
    beat(&world, &amy, &slow).await;
    // Behind by a moment, as where the head is read just before the delivery of the next record.
    let behind = world.head_beat(&amy, &journal.writer, &journal.head);
    accepted(deliver(&world, &amy, &journal.run(1)).await).await;
    beat(&world, &amy, &behind).await;
    world.clock.advance_seconds(60);
    show(&world, &amy, &journal).await;
    // A journal that cannot be opened has no head to show.
    beat(&world, &amy, &world.head_beat(&amy, &journal.writer, &ChainHead::default())).await;
    assert_eq!(causes(&world, &sana).await, []);
}

#[tokio::test]
async fn a_chain_that_was_put_back_is_an_alarm_once_until_somebody_has_looked() {
    let (world, amy, sana) = with_security().await;
    let mut journal = Journal::of(&amy);
    let records = journal.run(4);
    show(&world, &amy, &journal).await;
    let mut back = Journal::of(&amy);
    back.head = ChainHead { seq: 2, hash: records[1].hash.clone() };
    world.clock.advance_seconds(11);
    show(&world, &amy, &back).await;
    assert_eq!(causes(&world, &sana).await, [Contradiction::RolledBack]);
    // It adds records; each beat shows another head.
    world.clock.advance_seconds(2);
    back.append(None, EventDetail::WindowClosed {});
    show(&world, &amy, &back).await;
    assert_eq!(world.count_events("chain_contradicted").await, 1);
    // And by the time that it is longer than before, what it had shown still counts.
    let later = back.run(3);
    show(&world, &amy, &back).await;
    let delivered = [&records[..2], &later].concat();
    let answer = deliver(&world, &amy, &delivered).await;
    assert!(answer.status().is_client_error());
}

#[tokio::test]
async fn a_head_below_what_was_delivered_long_ago_is_a_chain_that_was_put_back() {
    let (world, amy, sana) = with_security().await;
    let mut journal = Journal::of(&amy);
    let records = journal.run(3);
    accepted(deliver(&world, &amy, &records).await).await;
    let mut back = Journal::of(&amy);
    back.head = ChainHead { seq: 1, hash: records[0].hash.clone() };
    world.clock.advance_seconds(9);
    show(&world, &amy, &back).await;
    assert_eq!(causes(&world, &sana).await, [], "it may have been on its way");
    world.clock.advance_seconds(2);
    let session = world.start(&amy).await.session.id;
    let mut request = world.heartbeat_request(&amy, &session, 0);
    request.journal = back.head.clone();
    request.signature = amy.key.sign(&amberglass_domain::signing::heartbeat(&request));
    let answer: HeartbeatResponse = json(world.send_beat(&amy, &request).await, StatusCode::OK).await;
    assert_eq!(answer.sessions[0].state, SessionState::Active, "the beat counts all the same");
    assert_eq!(causes(&world, &sana).await, [Contradiction::RolledBack]);
}

#[tokio::test]
async fn another_record_under_a_number_that_was_shown_or_is_held_is_a_fork() {
    let (world, amy, sana) = with_security().await;
    let leo = world.sign_in(LEO, 2).await;
    // Shown, then shown otherwise.
    let (mut journal, mut other) = (Journal::of(&amy), Journal::of(&amy));
    journal.run(2);
    let others = [0; 2].map(|_| other.append(None, EventDetail::WindowClosed {}));
    show(&world, &amy, &journal).await;
    show(&world, &amy, &other).await;
    assert_eq!(causes(&world, &sana).await, [Contradiction::Fork]);
    // Shown, then delivered otherwise, though a later head was shown since.
    journal.run(1);
    show(&world, &amy, &journal).await;
    problem(deliver(&world, &amy, &others).await, StatusCode::CONFLICT, ErrorCode::JournalFork).await;
    assert_eq!(causes(&world, &sana).await.len(), 1, "the same fork is one alarm");
    // Delivered, then shown otherwise.
    let (mut journal, mut other) = (Journal::of(&leo), Journal::of(&leo));
    accepted(deliver(&world, &leo, &journal.run(2)).await).await;
    other.append(None, EventDetail::WindowClosed {});
    show(&world, &leo, &other).await;
    let alarms = world.alarms(&sana).await;
    assert_eq!((alarms.open, alarms.newest[0].device.as_ref()), (2, Some(&device_of(&leo))));
}

#[tokio::test]
async fn a_fork_that_deliveries_alone_show_is_found_by_what_was_shown_before() {
    let (world, amy, sana) = with_security().await;
    let (mut journal, mut other) = (Journal::of(&amy), Journal::of(&amy));
    journal.run(2);
    show(&world, &amy, &journal).await;
    journal.run(2);
    show(&world, &amy, &journal).await;
    let others: Vec<_> = (0..5).map(|_| other.append(None, EventDetail::WindowClosed {})).collect();
    problem(deliver(&world, &amy, &others).await, StatusCode::CONFLICT, ErrorCode::JournalFork).await;
    let alarms = world.alarms(&sana).await.newest;
    let Some(EventDetail::ChainContradicted { shown, .. }) = &alarms[0].detail else { panic!("{alarms:?}") };
    assert_eq!(*shown, ChainHead { seq: 2, hash: others[1].hash.clone() });
    assert_eq!(world.count_events("window_closed").await, 0);
}

#[tokio::test]
async fn a_device_goes_on_to_later_chains_and_never_back() {
    let (world, amy, sana) = with_security().await;
    let leo = world.sign_in(LEO, 2).await;
    let (mut first, mut second) = (Journal::of(&amy), Journal::later(&amy, 2));
    first.run(5);
    show(&world, &amy, &first).await;
    let slow = world.head_beat(&amy, &first.writer, &first.head);
    world.clock.advance_seconds(2);
    second.run(1);
    show(&world, &amy, &second).await;
    beat(&world, &amy, &slow).await;
    assert_eq!(causes(&world, &sana).await, []);
    world.clock.advance_seconds(11);
    show(&world, &amy, &first).await;
    assert_eq!(causes(&world, &sana).await, [Contradiction::RolledBack]);
    let foreign = world.head_beat(&leo, &second.writer, &second.head);
    problem(world.send_beat(&leo, &foreign).await, StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest).await;
    let nonsense = world.head_beat(&leo, device_of(&leo).as_str(), &ChainHead { seq: 1, hash: "x".into() });
    problem(world.send_beat(&leo, &nonsense).await, StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest).await;
}

#[tokio::test]
async fn how_far_the_device_had_come_is_on_record_when_a_session_freezes_and_ends() {
    let (world, amy, _sana) = with_security().await;
    let id = world.start(&amy).await.session.id;
    let mut journal = Journal::of(&amy);
    journal.run(3);
    let at_freeze = journal.head.clone();
    show(&world, &amy, &journal).await;
    world.clock.advance_seconds(6);
    world.until(&amy, &id, SessionState::Frozen).await;
    journal.run(1);
    show(&world, &amy, &journal).await;
    world.end(&amy, &id).await;
    let trail = world.trail(&amy, &id).await;
    let kinds: Vec<&str> = trail.iter().map(|event| event.record.kind.as_str()).collect();
    assert_eq!(kinds, ["session_started", "device_head_noted", "session_frozen", "device_head_noted", "session_ended"]);
    for (index, head) in [(1, at_freeze), (3, journal.head)] {
        let body: EventBody = serde_json::from_str(&trail[index].record.body).unwrap();
        assert_eq!(body.detail, EventDetail::DeviceHeadNoted { writer: journal.writer.clone(), head });
        assert_eq!((body.subject.session.as_ref(), body.subject.device), (Some(&id), Some(device_of(&amy))));
    }
}

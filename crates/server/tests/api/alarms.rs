//! What a console delivers and does not agree is refused, on record, and an alarm to those who may see alarms.

use amberglass_domain::{chain, ports::Clock as _};
use amberglass_wire::{
    alarm::{AcknowledgeAlarmRequest, AlarmResponse},
    audit::{ChainedRecord, Contradiction, EventDetail, JournalLoss},
    event_stream::{ChainHead, ServerEvent},
    export::ExportScope,
    problem::ErrorCode,
};
use reqwest::{Response, StatusCode};

use crate::{
    events::{Stream, is_heartbeat},
    journal::{Journal, accepted, deliver, deliver_signed},
    world::{ADA, Console, LEO, SANA, World, device_of, json, problem},
};

const NOTE: &str = "The laptop was set up anew";

/// A world with an agent's console and somebody from security.
pub async fn with_security() -> (World, Console, Console) {
    let world = World::new().await;
    let (amy, sana) = (world.amy().await, world.sign_in(SANA, 9).await);
    (world, amy, sana)
}

pub fn cause_of(alarm: &AlarmResponse) -> Contradiction {
    let Some(EventDetail::ChainContradicted { cause, .. }) = alarm.detail else { panic!("{alarm:?}") };
    cause
}

fn replaced(former: &str, head: &ChainHead) -> EventDetail {
    EventDetail::JournalReplaced {
        cause: JournalLoss::Damaged,
        former: former.into(),
        seq: head.seq,
        hash: head.hash.clone(),
    }
}

async fn is_invalid(response: Response) {
    problem(response, StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::JournalInvalid).await;
}

async fn acknowledge(world: &World, console: &Console, alarm: &AlarmResponse, note: &str) -> Response {
    let path = format!("/v1/alarms/{}/acknowledge", alarm.id);
    world.post(console, &path).json(&AcknowledgeAlarmRequest { note: note.into() }).send().await.unwrap()
}

/// A device begins anew, which is an alarm.
pub async fn raise_one(world: &World, console: &Console) {
    let former = Journal::of(console).writer;
    let begun = Journal::later(console, 2).append(None, replaced(&former, &ChainHead::default()));
    accepted(deliver(world, console, &[begun]).await).await;
}

/// An alarm is raised, and somebody looks at it.
pub async fn look_at_one(world: &World, console: &Console, security: &Console) {
    raise_one(world, console).await;
    let alarm = world.alarms(security).await.newest.remove(0);
    json::<AlarmResponse>(acknowledge(world, security, &alarm, NOTE).await, StatusCode::OK).await;
}

#[tokio::test]
async fn a_device_that_lost_its_journal_goes_on_in_a_later_chain_and_security_hears_of_it() {
    let (world, amy, sana) = with_security().await;
    let mut first = Journal::of(&amy);
    let records = first.run(3);
    accepted(deliver(&world, &amy, &records[..2]).await).await;

    let mut second = Journal::later(&amy, 2);
    let lost = replaced(&first.writer, &ChainHead { seq: 1, hash: records[0].hash.clone() });
    let begun = [second.append(None, lost), second.append(None, EventDetail::WindowOpened {})];
    let key = amy.key.note_signer(&device_of(&amy)).unwrap();
    let head = amberglass_domain::checkpoint::WriterHead { writer: second.writer.clone(), head: second.head.clone() };
    let note = key.checkpoint(world.clock.now(), vec![head]).unwrap();
    assert_eq!(accepted(deliver_signed(&world, &amy, &begun, Some(note.clone())).await).await, second.head);
    let store = &world.server().state().store;
    let kept = store.last_checkpoint_of(first.writer.as_str(), &second.writer, 0, i64::MAX).await.unwrap().unwrap();
    assert_eq!(kept.note, note, "the device signs its later chains under its own name");

    let alarms = world.alarms(&sana).await;
    let [alarm] = alarms.newest.as_slice() else { panic!("{alarms:?}") };
    assert_eq!((alarms.open, alarm.kind.as_str(), &alarm.id), (1, "journal_replaced", &begun[0].id));
    assert_eq!((alarm.device.as_ref(), alarm.device_name.as_deref()), (Some(&device_of(&amy)), Some("Amy's laptop")));
    // The device could still read one record; two of that chain had come in.
    assert_eq!(alarm.held, Some(ChainHead { seq: 2, hash: records[1].hash.clone() }));
    assert!(matches!(alarm.detail, Some(EventDetail::JournalReplaced { seq: 1, .. })));

    // What of the older one turns up later is taken all the same, and the batch that was sent again changes nothing.
    assert_eq!(accepted(deliver(&world, &amy, &records).await).await, first.head);
    assert_eq!(accepted(deliver(&world, &amy, &begun).await).await, second.head);
    assert_eq!(world.alarms(&sana).await.open, 1);
    // The records of the device are those of all its chains.
    let scope = ExportScope { device: Some(device_of(&amy)), ..ExportScope::default() };
    let stretches = store.stretches(&scope).await.unwrap();
    let of_device: Vec<(&str, i64)> =
        stretches.iter().filter(|s| !s.writer.starts_with("server:")).map(|s| (s.writer.as_str(), s.last)).collect();
    assert_eq!(of_device, [(first.writer.as_str(), 3), (second.writer.as_str(), 2)]);
}

#[tokio::test]
async fn a_later_chain_is_taken_only_if_it_begins_with_what_became_of_the_one_before() {
    let (world, amy, sana) = with_security().await;
    let first = Journal::of(&amy);
    let nothing = ChainHead::default();
    is_invalid(deliver(&world, &amy, &Journal::later(&amy, 2).run(1)).await).await;
    let skips = Journal::later(&amy, 3).append(None, replaced(&first.writer, &nothing));
    is_invalid(deliver(&world, &amy, &[skips]).await).await;
    is_invalid(deliver(&world, &amy, &[Journal::of(&amy).append(None, replaced(&first.writer, &nothing))]).await).await;
    let mut twice = Journal::later(&amy, 2);
    let batch = [0; 2].map(|_| twice.append(None, replaced(&first.writer, &nothing)));
    is_invalid(deliver(&world, &amy, &batch).await).await;
    let mixed = [Journal::of(&amy).run(1), Journal::later(&amy, 2).run(1)].concat();
    is_invalid(deliver(&world, &amy, &mixed).await).await;
    assert_eq!((world.count_events("journal_replaced").await, world.alarms(&sana).await.open), (0, 0));

    // A device that lost two journals before anything of them came in begins with its third.
    let third =
        Journal::later(&amy, 3).append(None, replaced(&chain::writer_of_chain(first.device.as_str(), 2), &nothing));
    accepted(deliver(&world, &amy, &[third]).await).await;
    let second = Journal::later(&amy, 2).append(None, replaced(&first.writer, &nothing));
    accepted(deliver(&world, &amy, &[second]).await).await;
    assert_eq!(world.alarms(&sana).await.open, 2);
}

#[tokio::test]
async fn a_device_that_names_another_end_of_its_former_chain_than_it_delivered_contradicts_itself() {
    let (world, amy, sana) = with_security().await;
    let mut first = Journal::of(&amy);
    accepted(deliver(&world, &amy, &first.run(2)).await).await;
    let other = ChainHead { seq: 2, hash: "a".repeat(64) };
    let begun = Journal::later(&amy, 2).append(None, replaced(&first.writer, &other));
    accepted(deliver(&world, &amy, &[begun]).await).await;
    let alarms = world.alarms(&sana).await;
    assert_eq!(alarms.open, 2);
    let kinds: std::collections::BTreeSet<&str> = alarms.newest.iter().map(|alarm| alarm.kind.as_str()).collect();
    assert_eq!(kinds, ["chain_contradicted", "journal_replaced"].into());
}

#[tokio::test]
async fn a_fork_is_on_record_and_an_alarm_once_however_often_it_is_tried() {
    let (world, amy, sana) = with_security().await;
    let mut journal = Journal::of(&amy);
    let records = journal.run(2);
    accepted(deliver(&world, &amy, &records).await).await;
    let mut other = Journal::of(&amy);
    let others: Vec<ChainedRecord> = (0..3).map(|_| other.append(None, EventDetail::WindowClosed {})).collect();
    for _ in 0..3 {
        problem(deliver(&world, &amy, &others).await, StatusCode::CONFLICT, ErrorCode::JournalFork).await;
    }
    let alarms = world.alarms(&sana).await;
    let [alarm] = alarms.newest.as_slice() else { panic!("{alarms:?}") };
    let shown = ChainHead { seq: 1, hash: others[0].hash.clone() };
    let told = EventDetail::ChainContradicted {
        writer: journal.writer.clone(),
        cause: Contradiction::Fork,
        held: journal.head.clone(),
        shown,
    };
    assert_eq!((alarm.detail.as_ref(), alarm.device.as_ref()), (Some(&told), Some(&journal.device)));
    assert_eq!(world.count_events("chain_contradicted").await, 1);
    // Another one is another matter, up to a number that nobody would read.
    problem(deliver(&world, &amy, &others[2..]).await, StatusCode::CONFLICT, ErrorCode::JournalFork).await;
    assert_eq!(world.alarms(&sana).await.open, 2);
    for number in 0..20 {
        let mut another = Journal::of(&amy);
        let at = amberglass_wire::UnixMillis(number);
        let batch = [another.append_at(at, EventDetail::WindowClosed {})];
        problem(deliver(&world, &amy, &batch).await, StatusCode::CONFLICT, ErrorCode::JournalFork).await;
    }
    assert_eq!(world.alarms(&sana).await.open, 16);
}

#[tokio::test]
async fn altered_replayed_and_missing_records_are_alarms() {
    let (world, amy, sana) = with_security().await;
    let leo = world.sign_in(LEO, 2).await;
    let mut journal = Journal::of(&amy);
    let records = journal.run(4);
    accepted(deliver(&world, &amy, &records[..1]).await).await;

    let mut altered = records[1..].to_vec();
    altered[1].body.push(' ');
    is_invalid(deliver(&world, &amy, &altered).await).await;
    let holed = [records[1].clone(), records[3].clone()];
    problem(deliver(&world, &amy, &holed).await, StatusCode::CONFLICT, ErrorCode::JournalGap).await;
    is_invalid(deliver(&world, &leo, &records[..1]).await).await;

    let alarms = world.alarms(&sana).await.newest;
    let of = |cause| alarms.iter().find(|alarm| cause_of(alarm) == cause).unwrap();
    assert_eq!(alarms.len(), 3);
    assert_eq!(of(Contradiction::Altered).device, Some(device_of(&amy)));
    assert_eq!(of(Contradiction::Gap).device, Some(device_of(&amy)));
    let replayed = of(Contradiction::Replayed);
    assert_eq!(replayed.device, Some(device_of(&leo)), "who delivered it");
    let Some(EventDetail::ChainContradicted { writer, .. }) = &replayed.detail else { panic!("{replayed:?}") };
    assert_eq!(*writer, journal.writer, "whose it is");
    // The rest of the honest journal is still taken.
    assert_eq!(accepted(deliver(&world, &amy, &records).await).await, journal.head);
}

#[tokio::test]
async fn what_an_honest_console_sends_again_or_in_another_order_is_no_alarm() {
    let (world, amy, sana) = with_security().await;
    let leo = world.sign_in(LEO, 2).await;
    let mut journal = Journal::of(&amy);
    let records = journal.run(6);
    // A batch overtakes the one before it.
    problem(deliver(&world, &amy, &records[2..4]).await, StatusCode::CONFLICT, ErrorCode::JournalGap).await;
    let (one, two) = tokio::join!(deliver(&world, &amy, &records[..3]), deliver(&world, &amy, &records[..3]));
    assert_eq!((accepted(one).await.seq, accepted(two).await.seq), (3, 3));
    accepted(deliver(&world, &amy, &records).await).await;
    accepted(deliver(&world, &amy, &[]).await).await;
    // A mistake that says nothing of a chain.
    let made_up = Journal::later(&leo, 1).append(None, EventDetail::SessionEntered {});
    is_invalid(deliver(&world, &leo, &[made_up]).await).await;
    // Whose signature does not fit says nothing of anybody.
    let stolen = Console { key: world.new_key(77), tokens: amy.tokens.clone() };
    let forged = deliver(&world, &stolen, &Journal::of(&amy).run(1)).await;
    problem(forged, StatusCode::FORBIDDEN, ErrorCode::DeviceRefused).await;
    assert_eq!((world.alarms(&sana).await.open, world.count_events("chain_contradicted").await), (0, 0));
}

#[tokio::test]
async fn a_console_that_finds_the_server_in_contradiction_is_an_alarm_as_it_stands() {
    let (world, amy, sana) = with_security().await;
    let mut journal = Journal::of(&amy);
    let detail = EventDetail::ServerContradicted {
        signer: "server:one".into(),
        cause: Contradiction::RolledBack,
        held: ChainHead { seq: 9, hash: "a".repeat(64) },
        shown: ChainHead { seq: 4, hash: "b".repeat(64) },
    };
    let batch = [journal.append(None, detail.clone()), journal.append(None, detail.clone())];
    accepted(deliver(&world, &amy, &batch).await).await;
    let alarms = world.alarms(&sana).await;
    assert_eq!((alarms.open, alarms.newest[0].detail.as_ref()), (1, Some(&detail)));
}

#[tokio::test]
async fn alarms_are_for_security_and_admins_who_hear_of_them_at_once() {
    let (world, amy, sana) = with_security().await;
    let (leo, ada) = (world.sign_in(LEO, 2).await, world.sign_in(ADA, 3).await);
    let (mut sanas, mut leos) = (Stream::open(&world, &sana).await, Stream::open(&world, &leo).await);
    assert!(is_heartbeat(&sanas.next().await) && is_heartbeat(&leos.next().await));
    let begun =
        Journal::later(&amy, 2).append(None, replaced(Journal::of(&amy).writer.as_str(), &ChainHead::default()));
    accepted(deliver(&world, &amy, std::slice::from_ref(&begun)).await).await;
    assert_eq!(sanas.next().await, Some(ServerEvent::SnapshotChanged));
    assert_eq!((world.alarms(&sana).await.open, world.alarms(&ada).await.open), (1, 1));
    assert_eq!((world.alarms(&leo).await.open, world.alarms(&amy).await.open), (0, 0));

    let alarm = world.alarms(&sana).await.newest.remove(0);
    for console in [&amy, &leo] {
        let refused = acknowledge(&world, console, &alarm, NOTE).await;
        problem(refused, StatusCode::FORBIDDEN, ErrorCode::Forbidden).await;
    }
    let short = acknowledge(&world, &sana, &alarm, "ok").await;
    problem(short, StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::ReasonTooShort).await;
    let unknown = AlarmResponse { id: amberglass_wire::EventId::new("none"), ..alarm.clone() };
    problem(acknowledge(&world, &sana, &unknown, NOTE).await, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;

    let looked: AlarmResponse = json(acknowledge(&world, &ada, &alarm, NOTE).await, StatusCode::OK).await;
    assert_eq!((looked.note.as_deref(), looked.acknowledged_at), (Some(NOTE), Some(world.clock.now())));
    // Who looked first stands.
    let again: AlarmResponse =
        json(acknowledge(&world, &sana, &alarm, "Nothing to see here at all").await, StatusCode::OK).await;
    assert_eq!(again, looked);
    assert_eq!(world.count_events("alarm_acknowledged").await, 1);
    assert_eq!(sanas.next().await, Some(ServerEvent::SnapshotChanged));
    assert_eq!(world.alarms(&sana).await.open, 0);
    // It is not raised again, and nobody without the right heard anything but the beat.
    accepted(deliver(&world, &amy, &[begun]).await).await;
    assert_eq!(world.alarms(&sana).await.open, 0);
    world.clock.advance_seconds(2);
    assert!(is_heartbeat(&leos.next().await));
}

#[tokio::test]
async fn an_alarm_stays_open_when_nobody_can_put_on_record_who_looked_at_it() {
    let (world, amy, sana) = with_security().await;
    let begun =
        Journal::later(&amy, 2).append(None, replaced(Journal::of(&amy).writer.as_str(), &ChainHead::default()));
    accepted(deliver(&world, &amy, &[begun]).await).await;
    let alarm = world.alarms(&sana).await.newest.remove(0);
    world.break_the_audit_log().await;
    let refused = acknowledge(&world, &sana, &alarm, NOTE).await;
    problem(refused, StatusCode::SERVICE_UNAVAILABLE, ErrorCode::AuditUnavailable).await;
    assert_eq!(world.alarms(&sana).await.open, 1);
}

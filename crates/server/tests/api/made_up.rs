//! What a modified console makes up locks nobody out, floods nobody, and silences no witness.

use amberglass_domain::{
    chain,
    checkpoint::{NoteSigner, WriterHead},
    ports::Clock as _,
};
use amberglass_wire::{
    EventId, PortalId, RequestId,
    audit::{Contradiction, EventDetail, EventSubject, JournalLoss},
    elevation::{AskedWrite, SendOutcome},
    event_stream::{ChainHead, HeartbeatResponse},
    journal::JournalBatchResponse,
    problem::ErrorCode,
};
use reqwest::{Response, StatusCode};

use crate::{
    alarms::{cause_of, with_security},
    journal::{Journal, accepted, deliver, deliver_signed, note_of},
    world::{Console, LEO, World, json, problem},
};

async fn is_invalid(response: Response) {
    problem(response, StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::JournalInvalid).await;
}

/// The first record of a device's later chain.
fn begun(console: &Console, number: u32, hash: &str) -> (Journal, EventDetail) {
    let journal = Journal::later(console, number);
    let former = chain::writer_of_chain(journal.device.as_str(), number - 1);
    (journal, EventDetail::JournalReplaced { cause: JournalLoss::Damaged, former, seq: 0, hash: hash.into() })
}

async fn begin(world: &World, console: &Console, number: u32) -> Response {
    let (mut journal, detail) = begun(console, number, "");
    deliver(world, console, &[journal.append(None, detail)]).await
}

fn accuses(signer: &str, hash: &str) -> EventDetail {
    EventDetail::ServerContradicted {
        signer: signer.into(),
        cause: Contradiction::Fork,
        held: ChainHead { seq: 9, hash: "a".repeat(64) },
        shown: ChainHead { seq: 9, hash: hash.into() },
    }
}

#[tokio::test]
async fn nothing_of_any_length_that_a_device_makes_up_becomes_an_alarm() {
    let (world, amy, sana) = with_security().await;
    let hash = "b".repeat(64);
    for made_up in ["c".repeat(2_500_000), "B".repeat(64), "b".repeat(63)] {
        let (mut journal, detail) = begun(&amy, 2, &made_up);
        is_invalid(deliver(&world, &amy, &[journal.append(None, detail)]).await).await;
        let accusation = Journal::of(&amy).append(None, accuses("server:one", &made_up));
        is_invalid(deliver(&world, &amy, &[accusation]).await).await;
    }
    let long_name = Journal::of(&amy).append(None, accuses(&"s".repeat(257), &hash));
    is_invalid(deliver(&world, &amy, &[long_name]).await).await;
    let subject =
        |length: usize| EventSubject { portal: Some(PortalId("p".repeat(length))), ..EventSubject::default() };
    let long_subject = Journal::of(&amy).append_about(subject(4000), accuses("server:one", &hash));
    is_invalid(deliver(&world, &amy, &[long_subject]).await).await;
    let longest = Journal::of(&amy).append_about(subject(65_536), EventDetail::WindowOpened {});
    is_invalid(deliver(&world, &amy, &[longest]).await).await;
    assert_eq!(world.alarms(&sana).await.open, 0);

    // What honest consoles write, at its longest.
    let page = EventDetail::PageViewed {
        method: "GET".into(),
        path: "/ü".repeat(517),
        document: true,
        rule: None,
        unmasked: Vec::new(),
    };
    let server = NoteSigner::new("server:another", &[3; 32]).unwrap();
    let heads = (0..500).map(|number| WriterHead {
        writer: format!("0197f3a2-7c1e-7b4e-9d6a-{number:012}/4294967295"),
        head: ChainHead { seq: i64::MAX, hash: hash.clone() },
    });
    let note = server.checkpoint(world.clock.now(), heads.collect()).unwrap();
    assert!(note.len() > 65_536);
    let mut journal = Journal::of(&amy);
    let details = [page, EventDetail::CheckpointWitnessed { note }, accuses("", ""), accuses("server:one", &hash)];
    let batch = details.map(|detail| journal.append(None, detail));
    assert_eq!(accepted(deliver(&world, &amy, &batch).await).await, journal.head);
}

#[tokio::test]
async fn no_console_says_that_a_write_was_sent_or_what_came_of_it() {
    let (world, amy, _sana) = with_security().await;
    let request = RequestId::new("0197f3a2-7c1e-7b4e-9d6a-000000000001");
    let write = AskedWrite {
        record: EventId::new("blocked"),
        method: "POST".into(),
        path: "/appointments".into(),
        operation: None,
        rule: "read-only-method".into(),
        sha256: "a".repeat(64),
    };
    for detail in [
        EventDetail::WriteSent { request: request.clone(), write },
        EventDetail::WriteAnswered { request, outcome: SendOutcome::Answered { status: 200 } },
        EventDetail::CardViewed {},
        EventDetail::FileDownloaded {
            method: "GET".into(),
            path: "/invoices/7/file".into(),
            rule: "invoice-files".into(),
            content_type: "application/pdf".into(),
            extension: None,
            bytes: 7,
        },
    ] {
        let kind = detail.kind();
        is_invalid(deliver(&world, &amy, &[Journal::of(&amy).append(None, detail)]).await).await;
        assert_eq!(world.count_events(kind).await, 0, "{kind}");
    }
}

#[tokio::test]
async fn the_chains_that_a_device_makes_up_are_one_matter_however_many_they_are() {
    let (world, amy, sana) = with_security().await;
    for number in 2..30 {
        let mut altered = Journal::later(&amy, number).run(1);
        altered[0].body.push(' ');
        is_invalid(deliver(&world, &amy, &altered).await).await;
    }
    let alarms = world.alarms(&sana).await;
    assert!(alarms.newest.iter().all(|alarm| cause_of(alarm) == Contradiction::Altered));
    assert_eq!((alarms.open, world.count_events("chain_contradicted").await), (16, 16));

    for number in (20..30).rev() {
        let mut journal = Journal::later(&amy, number);
        journal.run(1);
        let beat = world.head_beat(&amy, &journal.writer, &journal.head);
        json::<HeartbeatResponse>(world.send_beat(&amy, &beat).await, StatusCode::OK).await;
        world.clock.advance_seconds(11);
    }
    assert_eq!((world.alarms(&sana).await.open, world.count_events("chain_contradicted").await), (17, 17));

    // Another device's forks are another matter.
    let leo = world.sign_in(LEO, 2).await;
    let mut altered = Journal::of(&leo).run(1);
    altered[0].body.push(' ');
    is_invalid(deliver(&world, &leo, &altered).await).await;
    assert_eq!(world.alarms(&sana).await.open, 18);
}

#[tokio::test]
async fn a_chain_far_from_all_that_is_known_of_its_device_is_refused() {
    let (world, amy, _sana) = with_security().await;
    is_invalid(begin(&world, &amy, 102).await).await;
    accepted(begin(&world, &amy, 101).await).await;
    is_invalid(begin(&world, &amy, 202).await).await;
    accepted(begin(&world, &amy, 201).await).await;
    // What was lost in between and found again is evidence all the same.
    accepted(begin(&world, &amy, 150).await).await;
    accepted(begin(&world, &amy, 2).await).await;

    let show = async |number| {
        let mut journal = Journal::later(&amy, number);
        journal.run(1);
        let beat = world.head_beat(&amy, &journal.writer, &journal.head);
        json::<HeartbeatResponse>(world.send_beat(&amy, &beat).await, StatusCode::OK).await;
    };
    show(302).await;
    is_invalid(begin(&world, &amy, 303).await).await;
    show(301).await;
    accepted(begin(&world, &amy, 303).await).await;
}

#[tokio::test]
async fn an_id_that_no_address_can_carry_is_refused() {
    let (world, amy, _sana) = with_security().await;
    let long = "a".repeat(65);
    for (id, is_taken) in
        [("", false), ("a/b", false), ("..", false), ("a?b", false), ("ü", false), (&long, false), (&long[1..], true)]
    {
        let mut record = Journal::of(&amy).append(None, EventDetail::WindowOpened {});
        record.id = EventId::new(id);
        record.hash = chain::record_hash(&record);
        let answer = deliver(&world, &amy, &[record]).await;
        if is_taken {
            assert_eq!(accepted(answer).await.seq, 1);
        } else {
            is_invalid(answer).await;
        }
    }
}

#[tokio::test]
async fn what_is_new_comes_with_its_devices_own_signature_or_not_at_all() {
    let (world, amy, _sana) = with_security().await;
    let mut journal = Journal::of(&amy);
    let records = journal.run(3);
    is_invalid(deliver_signed(&world, &amy, &records, None).await).await;
    accepted(deliver(&world, &amy, &records[..2]).await).await;
    is_invalid(deliver_signed(&world, &amy, &records, None).await).await;
    assert_eq!(world.count_events("window_opened").await, 2);
    // There is nothing to sign in what is held already, and an end that was signed once may come again.
    assert_eq!(accepted(deliver_signed(&world, &amy, &records[..2], None).await).await.seq, 2);
    accepted(deliver(&world, &amy, &records).await).await;
}

#[tokio::test]
async fn a_devices_note_that_is_longer_than_one_can_be_is_not_looked_at() {
    let (world, amy, _sana) = with_security().await;
    let records = Journal::of(&amy).run(1);
    let note = note_of(&amy, &records).unwrap();
    // A signature of somebody unknown beside the device's own says nothing, and is let be.
    let beside = |length: usize| format!("{note}— {} AAAAAAAAAAAA\n", "x".repeat(length));
    let answer = deliver_signed(&world, &amy, &records, Some(beside(8192))).await;
    problem(answer, StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest).await;
    assert_eq!(accepted(deliver_signed(&world, &amy, &records, Some(beside(20))).await).await.seq, 1);
}

#[tokio::test]
async fn a_witness_is_heard_also_where_the_servers_keys_were_taken_out_of_the_database() {
    let (world, amy, sana) = with_security().await;
    let leo = world.sign_in(LEO, 2).await;
    let (mut amys, mut leos) = (Journal::of(&amy), Journal::of(&leo));
    let answer = deliver(&world, &amy, &amys.run(2)).await;
    let note = json::<JournalBatchResponse>(answer, StatusCode::OK).await.checkpoint.unwrap();
    world.tamper(&["DELETE FROM audit_events WHERE kind = 'window_opened' AND seq = 2", "DELETE FROM signers"]).await;
    let witnessed = leos.append(None, EventDetail::CheckpointWitnessed { note });
    accepted(deliver(&world, &leo, &[witnessed]).await).await;
    let alarms = world.alarms(&sana).await;
    assert_eq!((alarms.open, cause_of(&alarms.newest[0])), (1, Contradiction::RolledBack));
}

//! A log that was put back is found by what was signed of it: by consoles that keep the notes, and by the server itself.

use amberglass_server::audit::Checkpoints;
use amberglass_wire::{
    audit::{Contradiction, EventDetail},
    event_stream::ChainHead,
    journal::JournalBatchResponse,
    problem::ErrorCode,
};
use reqwest::StatusCode;

use crate::{
    alarms::{cause_of, with_security},
    journal::{Journal, accepted, deliver},
    world::{Console, LEO, World, json, problem},
};

/// The server's answer to a delivery, as a console keeps it.
async fn note_for(world: &World, console: &Console, journal: &mut Journal) -> String {
    let answer: JournalBatchResponse = json(deliver(world, console, &journal.run(2)).await, StatusCode::OK).await;
    answer.checkpoint.unwrap()
}

/// Of the one alarm there is: whose chain, how, and what was shown of it.
async fn the_contradiction(world: &World, security: &Console) -> (String, Contradiction, ChainHead) {
    let alarms = world.alarms(security).await;
    let [alarm] = alarms.newest.as_slice() else { panic!("{alarms:?}") };
    let Some(EventDetail::ChainContradicted { writer, cause, shown, .. }) = &alarm.detail else { panic!("{alarm:?}") };
    (writer.clone(), *cause, shown.clone())
}

fn witness(journal: &mut Journal, note: &str) -> [amberglass_wire::audit::ChainedRecord; 1] {
    [journal.append(None, EventDetail::CheckpointWitnessed { note: note.into() })]
}

#[tokio::test]
async fn a_witness_of_what_the_log_still_holds_is_no_alarm() {
    let (world, amy, sana) = with_security().await;
    let leo = world.sign_in(LEO, 2).await;
    let (mut amys, mut leos) = (Journal::of(&amy), Journal::of(&leo));
    let note = note_for(&world, &amy, &mut amys).await;
    accepted(deliver(&world, &amy, &witness(&mut amys, &note)).await).await;
    accepted(deliver(&world, &leo, &witness(&mut leos, &note)).await).await;
    // Whatever no server has signed says nothing: a console could write anything into it.
    for nonsense in ["nonsense".to_owned(), note.replace(&amys.writer, &leos.writer)] {
        accepted(deliver(&world, &leo, &witness(&mut leos, &nonsense)).await).await;
    }
    assert_eq!(world.alarms(&sana).await.open, 0);
}

#[tokio::test]
async fn a_witness_finds_a_log_that_was_put_back_or_written_anew() {
    let cases = [
        ("DELETE FROM audit_events WHERE kind = 'window_opened' AND seq = 2", Contradiction::RolledBack),
        ("UPDATE audit_events SET hash = 'other' WHERE kind = 'window_opened' AND seq = 2", Contradiction::Fork),
    ];
    for (statement, cause) in cases {
        let (world, amy, sana) = with_security().await;
        let leo = world.sign_in(LEO, 2).await;
        let (mut amys, mut leos) = (Journal::of(&amy), Journal::of(&leo));
        let note = note_for(&world, &amy, &mut amys).await;
        world.tamper(&[statement]).await;
        accepted(deliver(&world, &leo, &witness(&mut leos, &note)).await).await;
        let alarms = world.alarms(&sana).await;
        let [alarm] = alarms.newest.as_slice() else { panic!("{alarms:?}") };
        let Some(EventDetail::ChainContradicted { writer, shown, .. }) = &alarm.detail else { panic!("{alarm:?}") };
        assert_eq!((cause_of(alarm), writer, shown), (cause, &amys.writer, &amys.head), "{statement}");
    }
}

#[tokio::test]
async fn evidence_is_taken_also_where_the_servers_own_chain_was_put_back() {
    let (world, amy, sana) = with_security().await;
    let mut amys = Journal::of(&amy);
    let note = note_for(&world, &amy, &mut amys).await;
    world.tamper(&["DELETE FROM audit_events WHERE writer LIKE 'server:%' AND seq > 3"]).await;
    // Nothing can be added to that chain, so that the witness itself is all there is.
    assert_eq!(accepted(deliver(&world, &amy, &witness(&mut amys, &note)).await).await, amys.head);
    assert_eq!(world.count_events("checkpoint_witnessed").await, 1);
    drop(sana);
}

#[tokio::test]
async fn a_server_that_has_signed_more_of_a_chain_than_it_holds_says_so() {
    let (world, amy, sana) = with_security().await;
    let mut journal = Journal::of(&amy);
    let mut records = journal.run(3);
    accepted(deliver(&world, &amy, &records).await).await;
    world.tamper(&["DELETE FROM audit_events WHERE kind = 'window_opened' AND seq > 1"]).await;
    // The console deleted what was confirmed long ago, and can only go on.
    records.extend(journal.run(1));
    let gap = problem(deliver(&world, &amy, &records[3..]).await, StatusCode::CONFLICT, ErrorCode::JournalGap).await;
    assert_eq!(gap.held.unwrap().seq, 1);
    let alarms = world.alarms(&sana).await;
    assert_eq!((alarms.open, cause_of(&alarms.newest[0])), (1, Contradiction::RolledBack));
}

/// One record more in the chain of the device, over whatever is there.
const GROWN: &str = "INSERT INTO audit_events (writer, seq, id, session, occurred_at, monotonic_millis, kind, prev_hash, commitment, \
     salt, body, hash, received_at, staff, customer, portal, device, is_page) \
     SELECT writer, seq + 1, 'grown', session, occurred_at, monotonic_millis, kind, hash, commitment, salt, body, commitment, \
     received_at, staff, customer, portal, device, is_page FROM audit_events a WHERE kind = 'window_opened' \
     AND seq = (SELECT MAX(seq) FROM audit_events b WHERE b.writer = a.writer)";

#[tokio::test]
async fn the_look_at_all_chains_finds_those_that_grew_from_another_past() {
    let (world, amy, sana) = with_security().await;
    let mut journal = Journal::of(&amy);
    accepted(deliver(&world, &amy, &journal.run(2)).await).await;
    let state = world.server().state();
    let mut checkpoints = Checkpoints::new(state.audit.clone(), state.clock.clone(), None);
    checkpoints.issue().await.unwrap();
    let anew = "UPDATE audit_events SET hash = prev_hash WHERE kind = 'window_opened' AND seq = 2";
    world.tamper(&[anew, GROWN]).await;
    checkpoints.issue().await.unwrap();
    let (writer, cause, _) = the_contradiction(&world, &sana).await;
    assert_eq!((writer, cause), (journal.writer, Contradiction::Fork));
}

#[tokio::test]
async fn a_record_without_a_hash_is_an_alarm_and_keeps_no_other_chain_from_being_signed() {
    let (world, amy, sana) = with_security().await;
    let mut journal = Journal::of(&amy);
    accepted(deliver(&world, &amy, &journal.run(2)).await).await;
    let state = world.server().state();
    let mut checkpoints = Checkpoints::new(state.audit.clone(), state.clock.clone(), None);
    checkpoints.issue().await.unwrap();
    world.tamper(&["UPDATE audit_events SET hash = 'none' WHERE kind = 'window_opened' AND seq = 2"]).await;
    world.sign_in(LEO, 7).await;
    let notes = checkpoints.issue().await.unwrap();
    assert!(notes.iter().any(|note| note.contains(state.audit.writer())), "{notes:?}");
    assert_eq!(the_contradiction(&world, &sana).await.1, Contradiction::Fork);
}

#[tokio::test]
async fn the_look_at_all_chains_finds_those_that_lost_what_was_signed() {
    for statement in [
        "DELETE FROM audit_events WHERE kind = 'window_opened' AND seq = 2",
        "DELETE FROM audit_events WHERE kind = 'window_opened'",
    ] {
        let (world, amy, sana) = with_security().await;
        let mut journal = Journal::of(&amy);
        accepted(deliver(&world, &amy, &journal.run(2)).await).await;
        let state = world.server().state();
        let mut checkpoints = Checkpoints::new(state.audit.clone(), state.clock.clone(), None);
        checkpoints.issue().await.unwrap();
        checkpoints.issue().await.unwrap();
        assert_eq!(world.alarms(&sana).await.open, 0);
        world.tamper(&[statement]).await;
        for _ in 0..2 {
            checkpoints.issue().await.unwrap();
        }
        let (writer, cause, shown) = the_contradiction(&world, &sana).await;
        assert_eq!(
            (&writer, cause, &shown),
            (&journal.writer, Contradiction::RolledBack, &journal.head),
            "{statement}"
        );
        assert_ne!(shown, ChainHead::default());
    }
}

#[tokio::test]
async fn a_server_that_starts_finds_what_was_cut_off_or_written_anew_while_none_was_running() {
    const LAST: &str = "DELETE FROM audit_events WHERE kind = 'window_opened' AND seq = 2";
    const ANEW: &str = "UPDATE audit_events SET hash = prev_hash WHERE kind = 'window_opened' AND seq = 1";
    const OWN: &str = "DELETE FROM audit_events WHERE writer LIKE 'server:%' AND seq > 3";
    // With the database's own word of it, and with nothing left but the file outside.
    const WORD: &str = "DELETE FROM checkpoints";
    // A later word that says otherwise, of a log that has grown.
    const LATER_WORD: &str = "INSERT INTO checkpoints (signer, writer, seq, hash, issued_at, note) \
         SELECT 'server:x', writer, 9, hash, 9, 'a note' FROM audit_events WHERE kind = 'window_opened' AND seq = 1";
    for (statements, of_server, cause) in [
        (&[LAST][..], false, Contradiction::RolledBack),
        (&[OWN], true, Contradiction::RolledBack),
        (&[LAST, WORD], false, Contradiction::RolledBack),
        (&[OWN, WORD], true, Contradiction::RolledBack),
        (&["DELETE FROM audit_events WHERE kind = 'window_opened'", WORD], false, Contradiction::RolledBack),
        (&[ANEW], false, Contradiction::Fork),
        (&[ANEW, GROWN], false, Contradiction::Fork),
        (&[ANEW, GROWN, LATER_WORD], false, Contradiction::RolledBack),
    ] {
        let (mut world, amy, sana) = with_security().await;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("checkpoints");
        let looking = |world: &World| {
            let state = world.server().state();
            Checkpoints::new(state.audit.clone(), state.clock.clone(), Some(file.clone()))
        };
        let mut journal = Journal::of(&amy);
        let through = if cause == Contradiction::Fork { 1 } else { 2 };
        accepted(deliver(&world, &amy, &journal.run(through)).await).await;
        looking(&world).issue().await.unwrap();
        world.stop_server().await;
        world.start_server().await;
        looking(&world).issue().await.unwrap();
        assert_eq!(world.alarms(&sana).await.open, 0, "nothing was done to it yet");

        world.stop_server().await;
        world.tamper(statements).await;
        world.start_server().await;
        for _ in 0..2 {
            looking(&world).issue().await.unwrap();
        }
        let (writer, found, _) = the_contradiction(&world, &sana).await;
        assert_eq!((writer.starts_with("server:"), found), (of_server, cause), "{statements:?}");
    }
}

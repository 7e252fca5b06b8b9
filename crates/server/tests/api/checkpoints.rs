//! Signed heads: what a device says of its journal, what the server says of all chains.

use amberglass_domain::{
    checkpoint::{NoteSigner, TrustedKeys, WriterHead},
    device_key,
    ports::Clock as _,
};
use amberglass_server::audit::Checkpoints;
use amberglass_wire::{event_stream::ChainHead, journal::JournalBatchResponse, problem::ErrorCode};
use reqwest::StatusCode;

use crate::{
    journal::{Journal, deliver, deliver_signed},
    world::{Console, World, device_of, json, problem},
};

fn server_keys(world: &World) -> TrustedKeys {
    TrustedKeys::parse(&world.server().state().audit.verifier_key()).unwrap()
}

fn signer_of(console: &Console) -> NoteSigner {
    console.key.note_signer(&device_of(console)).unwrap()
}

fn head_of(journal: &Journal) -> WriterHead {
    WriterHead { writer: journal.device.0.clone(), head: journal.head.clone() }
}

#[tokio::test]
async fn a_delivery_is_answered_with_what_is_held_signed_by_the_server() {
    let world = World::new().await;
    let amy = world.amy().await;
    let mut journal = Journal::of(&amy);
    let nothing: JournalBatchResponse = json(deliver(&world, &amy, &[]).await, StatusCode::OK).await;
    assert_eq!((nothing.held, nothing.checkpoint), (ChainHead::default(), None));
    let records = journal.run(3);
    let answer: JournalBatchResponse = json(deliver(&world, &amy, &records).await, StatusCode::OK).await;
    let signed = server_keys(&world).checkpoint(&answer.checkpoint.unwrap()).unwrap();
    assert_eq!(signed.signer, world.server().state().audit.signer().name());
    assert_eq!(signed.head_of(journal.device.as_str()), Some(&journal.head));
    // The end of the server's own chain stands beside it, so that the console is a witness of that too.
    let own = world.server().state().audit.head();
    assert_eq!(signed.head_of(world.server().state().audit.writer()), Some(&own));
    // Again, for whoever has lost the answer.
    let again: JournalBatchResponse = json(deliver(&world, &amy, &records).await, StatusCode::OK).await;
    let again = server_keys(&world).checkpoint(&again.checkpoint.unwrap()).unwrap();
    assert_eq!(again.head_of(journal.device.as_str()), Some(&journal.head));
}

#[tokio::test]
async fn what_a_device_has_signed_is_kept_and_anything_else_is_refused() {
    let world = World::new().await;
    let (amy, leo) = (world.amy().await, world.sign_in(crate::world::LEO, 2).await);
    let mut journal = Journal::of(&amy);
    let records = journal.run(2);
    let now = world.clock.now();
    let (mine, head) = (signer_of(&amy), head_of(&journal));
    let other_end = WriterHead { head: ChainHead { seq: 1, hash: records[0].hash.clone() }, ..head.clone() };
    let other_chain = WriterHead { writer: device_of(&leo).0, ..head.clone() };
    let refused = [
        ("nonsense".to_owned(), ErrorCode::InvalidRequest),
        (signer_of(&leo).checkpoint(now, vec![head.clone()]).unwrap(), ErrorCode::InvalidRequest),
        (mine.checkpoint(now, vec![other_chain.clone()]).unwrap(), ErrorCode::InvalidRequest),
        (mine.checkpoint(now, vec![head.clone(), other_chain]).unwrap(), ErrorCode::InvalidRequest),
        (mine.checkpoint(now, Vec::new()).unwrap(), ErrorCode::InvalidRequest),
        (mine.checkpoint(now, vec![other_end]).unwrap(), ErrorCode::JournalInvalid),
    ];
    for (note, code) in refused {
        let is_invalid = code == ErrorCode::JournalInvalid;
        let status = if is_invalid { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::BAD_REQUEST };
        problem(deliver_signed(&world, &amy, &records, Some(note)).await, status, code).await;
    }
    assert_eq!(world.count_events("window_opened").await, 0, "nothing of it was taken");

    let note = mine.checkpoint(now, vec![head]).unwrap();
    let answer = deliver_signed(&world, &amy, &records, Some(note.clone())).await;
    json::<JournalBatchResponse>(answer, StatusCode::OK).await;
    let device = device_of(&amy);
    let store = &world.server().state().store;
    let kept = store.last_checkpoint_of(device.as_str(), device.as_str(), 0, i64::MAX).await.unwrap().unwrap();
    assert_eq!((kept.note, kept.head), (note, journal.head));
    let key = device_key::verifier_key(&device, &amy.key.public_key()).unwrap();
    assert_eq!(key, mine.verifier_key());
}

#[tokio::test]
async fn the_heads_that_have_moved_are_signed_and_written_outside_of_the_database() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("checkpoints");
    let world = World::new().await;
    let amy = world.amy().await;
    let mut journal = Journal::of(&amy);
    json::<JournalBatchResponse>(deliver(&world, &amy, &journal.run(3)).await, StatusCode::OK).await;
    let state = world.server().state();
    let mut checkpoints = Checkpoints::new(state.audit.clone(), state.clock.clone(), Some(file.clone()));
    let notes = checkpoints.issue().await.unwrap();
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    let signed = server_keys(&world).checkpoint(note).unwrap();
    assert_eq!(signed.head_of(state.audit.writer()), Some(&state.audit.head()));
    assert_eq!(signed.head_of(journal.device.as_str()), Some(&journal.head));

    assert!(checkpoints.issue().await.unwrap().is_empty(), "nothing was written since");
    json::<JournalBatchResponse>(deliver(&world, &amy, &journal.run(1)).await, StatusCode::OK).await;
    let notes = checkpoints.issue().await.unwrap();
    let signed = server_keys(&world).checkpoint(&notes[0]).unwrap();
    assert_eq!((signed.heads.len(), signed.head_of(journal.device.as_str())), (1, Some(&journal.head)));
    let kept = std::fs::read_to_string(&file).unwrap();
    assert_eq!(kept.lines().count(), 2);
    let first: serde_json::Value = serde_json::from_str(kept.lines().next().unwrap()).unwrap();
    assert_eq!((first["type"].as_str(), first["note"].as_str()), (Some("checkpoint"), Some(note.as_str())));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn what_did_not_reach_the_file_is_signed_again_and_a_torn_line_takes_no_other_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, world) = (dir.path().join("later"), World::new().await);
    let file = folder.join("checkpoints");
    let state = world.server().state();
    let mut checkpoints = Checkpoints::new(state.audit.clone(), state.clock.clone(), Some(file.clone()));
    assert!(checkpoints.issue().await.is_err(), "there is no folder yet");
    std::fs::create_dir(&folder).unwrap();
    // As a loss of power leaves it.
    std::fs::write(&file, "{\"type\":\"checkpoint\",\"no").unwrap();
    assert_eq!(checkpoints.issue().await.unwrap().len(), 1);
    let text = std::fs::read(&file).unwrap();
    let seen = amberglass_verify::witnesses(text.as_slice(), &server_keys(&world)).unwrap();
    assert_eq!((seen.checkpoints.len(), seen.unreadable), (1, vec![1]));
    assert_eq!(seen.checkpoints[0].head_of(state.audit.writer()), Some(&state.audit.head()));
}

#[tokio::test]
async fn a_running_server_adds_nothing_to_a_chain_that_was_put_back_or_written_anew() {
    for statement in [
        "DELETE FROM audit_events WHERE writer LIKE 'server:%' AND seq > 3",
        "UPDATE audit_events SET hash = 'another' WHERE writer LIKE 'server:%' AND seq = (SELECT MAX(seq) FROM audit_events)",
    ] {
        let world = World::new().await;
        let amy = world.amy().await;
        let state = world.server().state();
        let (writer, head) = (state.audit.writer().to_owned(), state.audit.head());
        // The device has written nothing: the highest number is the server's.
        world.tamper(&[statement]).await;
        let refused = world.try_start(&amy, "key", &crate::world::start_request(crate::world::JANE)).await;
        problem(refused, StatusCode::SERVICE_UNAVAILABLE, ErrorCode::AuditUnavailable).await;
        assert!(state.store.chain_head_of(&writer).await.unwrap().seq <= head.seq, "{statement}");
    }
}

#[tokio::test]
async fn a_server_signs_every_minute_and_when_it_stops() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("checkpoints");
    let mut world = World::with(|config| config.checkpoint_file = Some(file.clone())).await;
    world.amy().await;
    world.clock.advance_millis(60_000);
    let kept = || std::fs::read_to_string(&file).unwrap_or_default().lines().count();
    amberglass_testkit::wait_until("a checkpoint", std::time::Duration::from_secs(20), async || {
        (kept() == 1).then_some(())
    })
    .await;
    world.amy().await;
    world.stop_server().await;
    assert_eq!(kept(), 2);
    world.start_server().await;
    // The same key again: whoever has pinned it goes on.
    let keys = server_keys(&world);
    let text = std::fs::read_to_string(&file).unwrap();
    let seen = amberglass_verify::witnesses(text.as_bytes(), &keys).unwrap();
    assert_eq!((seen.checkpoints.len(), seen.unreadable.len()), (2, 0));
}

//! Signed heads: what a device says of its journal, what the server says of all chains.

use amberglass_domain::{
    checkpoint::{NoteSigner, TrustedKeys, WriterHead},
    device_key,
    ports::Clock as _,
};
use amberglass_server::audit::Checkpoints;
use amberglass_wire::{
    UnixMillis, audit::EventDetail, event_stream::ChainHead, journal::JournalBatchResponse, problem::ErrorCode,
};
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
async fn the_heads_of_all_writers_go_into_the_servers_own_chain_whose_head_is_signed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("checkpoints");
    let world = World::new().await;
    let amy = world.amy().await;
    let mut journal = Journal::of(&amy);
    json::<JournalBatchResponse>(deliver(&world, &amy, &journal.run(3)).await, StatusCode::OK).await;
    let state = world.server().state();
    let mut checkpoints = Checkpoints::new(state.audit.clone(), state.clock.clone(), Some(file.clone()));
    let note = checkpoints.issue().await.unwrap().unwrap();
    let signed = server_keys(&world).checkpoint(&note).unwrap();
    assert_eq!(signed.heads.len(), 1, "one short note");
    let own = signed.head_of(state.audit.writer()).unwrap().clone();
    assert_eq!(own, state.audit.head());

    let last = state.store.chain(state.audit.writer(), own.seq - 1, 9).await.unwrap().pop().unwrap().record;
    let body: amberglass_wire::audit::EventBody = serde_json::from_str(&last.body).unwrap();
    let EventDetail::HeadsRecorded { heads } = body.detail else { panic!("{}", last.body) };
    assert_eq!((heads.len(), heads[0].writer.as_str(), heads[0].seq), (1, journal.device.as_str(), 3));
    assert_eq!(heads[0].hash, journal.head.hash);

    assert_eq!(checkpoints.issue().await.unwrap(), None, "nothing was written since");
    json::<JournalBatchResponse>(deliver(&world, &amy, &journal.run(1)).await, StatusCode::OK).await;
    assert!(checkpoints.issue().await.unwrap().is_some());
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
    assert_eq!(seen.len(), 2);
    assert!(seen[0].issued_at < seen[1].issued_at || seen[0].issued_at > UnixMillis(0));
}

//! Exports of the audit log, held against what `amberglass-verify` says of them.

use amberglass_domain::{checkpoint::TrustedKeys, device_key, ports::Clock as _};
use amberglass_server::audit::{self, Exported};
use amberglass_verify::{Report, verify};
use amberglass_wire::{
    SessionId, StaffId, UnixMillis,
    audit::EventDetail,
    export::{ExportLine, ExportScope},
    journal::JournalBatchResponse,
};
use reqwest::StatusCode;

use crate::{
    journal::{Journal, deliver_signed},
    world::{Console, JANE, World, device_of, json, start_request},
};

/// Delivers with the device's own signature, as consoles do.
pub async fn delivered(
    world: &World,
    console: &Console,
    journal: &mut Journal,
    session: Option<&SessionId>,
    count: usize,
) {
    let records: Vec<_> = (0..count).map(|_| journal.append(session, EventDetail::WindowOpened {})).collect();
    let head =
        amberglass_domain::checkpoint::WriterHead { writer: journal.device.0.clone(), head: journal.head.clone() };
    let note = console.key.note_signer(&journal.device).unwrap().checkpoint(amberglass_wire::UnixMillis(1), vec![head]);
    let answer = deliver_signed(world, console, &records, Some(note.unwrap())).await;
    json::<JournalBatchResponse>(answer, StatusCode::OK).await;
}

pub async fn export(world: &World, scope: &ExportScope) -> (Exported, Vec<u8>) {
    let state = world.server().state();
    let mut out = Vec::new();
    let exported = audit::export(&state.audit, &state.store, &*state.clock, scope, &mut out).await.unwrap();
    (exported, out)
}

pub fn keys(world: &World, consoles: &[&Console]) -> TrustedKeys {
    let mut keys = TrustedKeys::parse(&world.server().state().audit.verifier_key()).unwrap();
    for console in consoles {
        keys.add(&device_key::verifier_key(&device_of(console), &console.key.public_key()).unwrap()).unwrap();
    }
    keys
}

pub fn whole(text: &[u8], keys: &TrustedKeys) -> Report {
    let report = verify(text, keys, &[]).unwrap();
    assert!(report.is_whole(), "{report}");
    report
}

fn lines(text: &[u8]) -> Vec<ExportLine> {
    text.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

/// Two sessions of one agent, and records of the console before, between and after them.
async fn two_sessions(world: &World, amy: &Console) -> (SessionId, Journal) {
    let mut journal = Journal::of(amy);
    delivered(world, amy, &mut journal, None, 3).await;
    let first = world.start(amy).await.session.id;
    delivered(world, amy, &mut journal, Some(&first), 2).await;
    delivered(world, amy, &mut journal, Some(&first), 2).await;
    world.end(amy, &first).await;
    delivered(world, amy, &mut journal, None, 3).await;
    let started = world.try_start(amy, "key-2", &start_request("1077")).await;
    assert_eq!(started.status(), StatusCode::CREATED);
    (first, journal)
}

#[tokio::test]
async fn an_export_of_a_session_is_complete_by_stubs_and_gives_nobody_elses_bodies_away() {
    let world = World::new().await;
    let amy = world.amy().await;
    let (session, journal) = two_sessions(&world, &amy).await;
    let scope = ExportScope { session: Some(session.clone()), ..ExportScope::default() };
    let (exported, text) = export(&world, &scope).await;
    let report = whole(&text, &keys(&world, &[&amy]));
    let device = report.chains.iter().find(|chain| chain.writer == journal.device.as_str()).unwrap();
    // From the checkpoint before the session to the one after it, and no further.
    assert_eq!((device.first, device.last, device.records, device.stubs), (Some(4), Some(7), 4, 0));
    let server = report.chains.iter().find(|chain| chain.writer.starts_with("server:")).unwrap();
    assert!(server.records >= 2 && server.stubs >= 1 && server.first == Some(1), "{report}");
    assert_eq!(exported.records, 4 + server.records);
    for line in lines(&text) {
        if let ExportLine::Record(record) = line {
            assert_eq!(record.session.as_ref(), Some(&session), "{record:?}");
        }
    }
    let text = String::from_utf8(text).unwrap();
    assert!(
        text.contains(&format!("\\\"customer\\\":\\\"{JANE}\\\"")) && !text.contains("\\\"customer\\\":\\\"1077\\\"")
    );
}

#[tokio::test]
async fn an_export_is_by_customer_staff_device_or_time_and_each_is_whole() {
    let world = World::new().await;
    let amy = world.amy().await;
    let (_, journal) = two_sessions(&world, &amy).await;
    let keys = keys(&world, &[&amy]);
    let everything = export(&world, &ExportScope::default()).await;
    assert_eq!(everything.0.stubs, 0);
    whole(&everything.1, &keys);
    let staff = ExportScope { staff: Some(amy.tokens.staff.id.clone()), ..ExportScope::default() };
    let device = ExportScope { device: Some(journal.device.clone()), ..ExportScope::default() };
    let portal = Some(amberglass_wire::PortalId::new("barkside"));
    let customer = Some(amberglass_wire::CustomerId::new("1077"));
    let customer = ExportScope { portal, customer, ..ExportScope::default() };
    let from = amberglass_wire::UnixMillis(1_767_603_600_000 + 5);
    let time = ExportScope { since: Some(from), until: Some(from.plus_seconds(60)), ..ExportScope::default() };
    for (what, scope) in [("staff", staff), ("device", device), ("customer", customer), ("time", time)] {
        let (exported, text) = export(&world, &scope).await;
        assert!(exported.records > 0 && exported.records < everything.0.records, "{what}: {exported:?}");
        whole(&text, &keys);
    }
    let nobody = ExportScope { staff: Some(StaffId::new("nobody")), ..ExportScope::default() };
    let (exported, text) = export(&world, &nobody).await;
    assert_eq!(exported, Exported::default());
    whole(&text, &keys);
}

/// What somebody with all rights does to the database, and what is found then: fault and record of the device's chain.
struct Tampering {
    what: &'static str,
    statements: &'static [&'static str],
    expected: &'static [(&'static str, Option<i64>)],
}

const TAMPERINGS: [Tampering; 8] = [
    Tampering {
        what: "a body changed",
        statements: &["UPDATE audit_events SET body = '{}' WHERE kind = 'window_opened' AND seq = 5"],
        expected: &[("body_changed", Some(5))],
    },
    Tampering {
        what: "a time changed",
        statements: &["UPDATE audit_events SET occurred_at = occurred_at + 1 WHERE kind = 'window_opened' AND seq = 5"],
        expected: &[("header_changed", Some(5))],
    },
    Tampering {
        what: "a record moved to another session",
        statements: &["UPDATE audit_events SET session = 'another' WHERE kind = 'window_opened' AND seq = 5"],
        expected: &[("header_changed", Some(5))],
    },
    Tampering {
        what: "a record deleted",
        statements: &["DELETE FROM audit_events WHERE kind = 'window_opened' AND seq = 5"],
        expected: &[("missing", Some(5))],
    },
    Tampering {
        what: "two records exchanged",
        statements: &[
            "UPDATE audit_events SET seq = 50 WHERE kind = 'window_opened' AND seq = 5",
            "UPDATE audit_events SET seq = 5 WHERE kind = 'window_opened' AND seq = 6",
            "UPDATE audit_events SET seq = 6 WHERE kind = 'window_opened' AND seq = 50",
        ],
        expected: &[
            ("header_changed", Some(5)),
            ("predecessor_replaced", Some(5)),
            ("header_changed", Some(6)),
            ("predecessor_replaced", Some(6)),
            ("predecessor_replaced", Some(7)),
        ],
    },
    Tampering {
        what: "the end deleted",
        statements: &["DELETE FROM audit_events WHERE kind = 'window_opened' AND seq > 8"],
        // The checkpoint of the delivery is still there.
        expected: &[("cut_off", Some(8)), ("not_signed_by_writer", Some(8)), ("end_not_vouched_for", Some(8))],
    },
    Tampering {
        what: "the end deleted, with the server's checkpoints",
        statements: &[
            "DELETE FROM audit_events WHERE kind = 'window_opened' AND seq > 8",
            "DELETE FROM checkpoints WHERE seq > 8 AND signer LIKE 'server:%'",
        ],
        // The server signs what it finds; the device's own word stands against it, and none is there for the end.
        expected: &[("signed_not_held", Some(8)), ("not_signed_by_writer", Some(8))],
    },
    Tampering {
        what: "the beginning deleted",
        statements: &["DELETE FROM audit_events WHERE kind = 'window_opened' AND seq < 3"],
        expected: &[("missing", Some(1))],
    },
];

#[tokio::test]
async fn whatever_is_changed_in_the_database_is_found_in_its_place() {
    for Tampering { what, statements, expected } in TAMPERINGS {
        let world = World::new().await;
        let amy = world.amy().await;
        let (_, journal) = two_sessions(&world, &amy).await;
        let keys = keys(&world, &[&amy]);
        let device = ExportScope { device: Some(journal.device.clone()), ..ExportScope::default() };
        whole(&export(&world, &device).await.1, &keys);
        world.tamper(statements).await;
        world.clock.advance_seconds(2);
        let (_, text) = export(&world, &device).await;
        let report = verify(text.as_slice(), &keys, &[]).unwrap();
        let found: Vec<_> = report.faults.iter().map(|(place, fault)| (fault.code(), place.seq)).collect();
        assert_eq!(found, expected, "{what}\n{report}");
        let of_the_device =
            |(place, _): &(amberglass_verify::Place, _)| place.writer.as_ref() == Some(&journal.device.0);
        assert!(report.faults.iter().all(of_the_device), "{what}\n{report}");
    }
}

#[tokio::test]
async fn a_log_that_was_put_back_is_seen_by_whoever_has_kept_a_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("checkpoints");
    let mut world = World::with(|config| config.checkpoint_file = Some(file.clone())).await;
    let amy = world.amy().await;
    two_sessions(&world, &amy).await;
    // Signs its head once more as it stops.
    world.stop_server().await;
    world.start_server().await;
    let writer = world.server().state().audit.writer().to_owned();
    let last = world.server().state().audit.head().seq;
    world.stop_server().await;
    world
        .tamper(&[
            "DELETE FROM audit_events WHERE writer LIKE 'server:%' AND seq > 3",
            // Those of deliveries name the server's own head too.
            "DELETE FROM checkpoints",
        ])
        .await;
    world.start_server().await;
    world.clock.advance_seconds(2);
    let (_, text) = export(&world, &ExportScope::default()).await;
    let keys = keys(&world, &[&amy]);
    // Nothing in the database tells.
    let report = verify(text.as_slice(), &keys, &[]).unwrap();
    assert!(report.faults.iter().all(|(place, _)| place.writer.as_ref() != Some(&writer)), "{report}");
    let seen = amberglass_verify::witnesses(std::fs::read(&file).unwrap().as_slice(), &keys).unwrap();
    let report = verify(text.as_slice(), &keys, &seen.checkpoints).unwrap();
    let found = report.faults.iter().find(|(place, _)| place.writer.as_ref() == Some(&writer)).unwrap();
    assert!(found.1.code() == "rolled_back" || found.1.code() == "written_anew", "{report}");
    assert!(last > 3);
}

/// What no hash covers: the columns by which records are found, and whether there is a body.
#[tokio::test]
async fn a_record_that_stands_under_another_column_or_has_lost_its_body_is_found_by_the_check() {
    for (statement, broken) in [
        ("UPDATE audit_events SET customer = '1' WHERE kind = 'session_started' AND customer = '1042'", "customer"),
        ("UPDATE audit_events SET portal = 'x' WHERE kind = 'session_started' AND customer = '1042'", "portal"),
        ("UPDATE audit_events SET staff = NULL WHERE kind = 'session_started' AND customer = '1042'", "staff"),
        ("UPDATE audit_events SET device = 'x' WHERE kind = 'session_started' AND customer = '1042'", "device"),
        ("UPDATE audit_events SET is_page = 1 WHERE kind = 'session_started' AND customer = '1042'", "is_page"),
        ("UPDATE audit_events SET salt = '', body = '' WHERE kind = 'session_started' AND customer = '1042'", "body"),
    ] {
        let world = World::new().await;
        let amy = world.amy().await;
        two_sessions(&world, &amy).await;
        let state = world.server().state();
        let chains = audit::check(&state.store).await.unwrap();
        assert!(chains.iter().all(|chain| chain.broken.is_none()), "{chains:?}");
        world.tamper(&[statement]).await;
        let chains = audit::check(&state.store).await.unwrap();
        let found: Vec<String> =
            chains.iter().filter_map(|chain| Some(format!("{} {}", chain.writer, chain.broken.as_ref()?))).collect();
        assert_eq!(found.len(), 1, "{statement}: {found:?}");
        assert!(found[0].starts_with("server:") && found[0].contains(broken), "{statement}: {found:?}");
    }
}

#[tokio::test]
async fn a_body_that_was_taken_away_in_the_database_is_a_fault_of_the_export() {
    let world = World::new().await;
    let amy = world.amy().await;
    let (_, journal) = two_sessions(&world, &amy).await;
    world.tamper(&["UPDATE audit_events SET salt = '', body = '' WHERE kind = 'window_opened' AND seq = 5"]).await;
    let scope = ExportScope { device: Some(journal.device.clone()), ..ExportScope::default() };
    let report = verify(export(&world, &scope).await.1.as_slice(), &keys(&world, &[&amy]), &[]).unwrap();
    let found: Vec<_> = report.faults.iter().map(|(place, fault)| (fault.code(), place.seq)).collect();
    assert_eq!(found, [("body_gone", Some(5))], "{report}");
}

#[tokio::test]
async fn a_devices_chain_cannot_be_written_anew_without_its_key() {
    let world = World::new().await;
    let amy = world.amy().await;
    let (_, journal) = two_sessions(&world, &amy).await;
    let scope = ExportScope { device: Some(journal.device.clone()), ..ExportScope::default() };
    // Every checkpoint of the end is gone, and the server signs what it finds.
    world.tamper(&["DELETE FROM checkpoints WHERE seq >= 7"]).await;
    let text = export(&world, &scope).await.1;
    let report = verify(text.as_slice(), &keys(&world, &[&amy]), &[]).unwrap();
    let found: Vec<_> = report.faults.iter().map(|(place, fault)| (fault.code(), place.seq)).collect();
    assert_eq!(found, [("not_signed_by_writer", Some(10))], "{report}");
}

#[tokio::test]
async fn a_chain_that_is_gone_altogether_is_missed_in_an_export_of_everything() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("checkpoints");
    let mut world = World::with(|config| config.checkpoint_file = Some(file.clone())).await;
    let amy = world.amy().await;
    let (_, journal) = two_sessions(&world, &amy).await;
    world.stop_server().await;
    world.tamper(&["DELETE FROM audit_events WHERE kind = 'window_opened'", "DELETE FROM checkpoints"]).await;
    world.start_server().await;
    world.clock.advance_seconds(2);
    let keys = keys(&world, &[&amy]);
    let text = export(&world, &ExportScope::default()).await.1;
    let seen = amberglass_verify::witnesses(std::fs::read(&file).unwrap().as_slice(), &keys).unwrap();
    let report = verify(text.as_slice(), &keys, &seen.checkpoints).unwrap();
    let missing: Vec<_> = report.faults.iter().filter(|(_, fault)| fault.code() == "chain_missing").collect();
    assert_eq!(missing.len(), 1, "{report}");
    assert_eq!(missing[0].0.writer.as_deref(), Some(journal.device.as_str()));
}

#[tokio::test]
async fn no_clock_of_a_device_takes_its_records_out_of_an_export() {
    let world = World::new().await;
    let amy = world.amy().await;
    let mut journal = Journal::of(&amy);
    let at = [i64::MAX, 0, i64::MIN].map(UnixMillis);
    let records: Vec<_> = at.into_iter().map(|at| journal.append_at(at, EventDetail::WindowOpened {})).collect();
    let answer = crate::journal::deliver(&world, &amy, &records).await;
    json::<JournalBatchResponse>(answer, StatusCode::OK).await;
    let today = ExportScope { since: Some(world.clock.now().plus_seconds(-60)), ..ExportScope::default() };
    for scope in [ExportScope::default(), today] {
        let (_, text) = export(&world, &scope).await;
        let told = lines(&text)
            .into_iter()
            .filter(|line| matches!(line, ExportLine::Record(record) if record.kind == "window_opened"));
        assert_eq!(told.count(), 3, "{scope:?}");
    }
}

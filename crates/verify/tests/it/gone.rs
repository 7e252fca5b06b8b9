//! What is gone: bodies that were erased, beginnings that were retired, and what devices have kept of a server's word. Each is
//! whole only as long as it is on record in the right place.

use amberglass_wire::{
    UnixMillis,
    audit::{ChainedRecord, EventDetail, RecordRange},
    event_stream::ChainHead,
    export::{ExportLine, ExportScope},
};

use crate::sample::{
    DEVICE, EXPORTED_AT, SERVER, append, check, check_with, checkpoint, closed, device, erased, everything, found,
    line_of, place_of, records, retired, sections, server, signer, with,
};

fn range(writer: &str, from: i64, through: i64) -> RecordRange {
    RecordRange { writer: writer.into(), from, through }
}

fn erasure(records: Vec<RecordRange>) -> EventDetail {
    EventDetail::BodiesErased { by: None, reason: "The customer asked for it".into(), records }
}

/// The device's 8, 10 and 12 without their bodies, and the server's chain as it is given.
fn with_erased(of_server: &[ChainedRecord]) -> Vec<ExportLine> {
    let mut of_device = records(DEVICE, 20);
    for number in [8, 10, 12] {
        of_device[number - 1] = erased(&of_device[number - 1]);
    }
    sections(&of_device, of_server)
}

fn on_record(detail: EventDetail) -> Vec<ChainedRecord> {
    with(records(SERVER, 10), detail)
}

const GONE: [(&str, u64, Option<i64>); 3] =
    [("body_gone", line_of(8), Some(8)), ("body_gone", line_of(10), Some(10)), ("body_gone", line_of(12), Some(12))];

#[test]
fn an_erasure_that_is_on_record_is_whole_and_only_what_it_names() {
    let report = check(&closed(&with_erased(&on_record(erasure(vec![range(DEVICE, 8, 12)])))));
    assert!(report.is_whole(), "{report}");
    assert_eq!((report.chains[0].erased, report.chains[0].records), (3, 5));
    assert!(report.to_string().contains("5 records, 3 with an erased body"), "{report}");

    let report = check(&closed(&with_erased(&on_record(erasure(vec![range(DEVICE, 8, 8), range(DEVICE, 11, 12)])))));
    assert_eq!(found(&report), [GONE[1]], "{report}");
    let report = check(&closed(&with_erased(&on_record(erasure(vec![range("device-2", 1, 20)])))));
    assert_eq!(found(&report), GONE, "of another writer: {report}");
    let report = check(&closed(&with_erased(&records(SERVER, 10))));
    assert_eq!(found(&report), GONE, "nothing on record: {report}");
}

#[test]
fn an_erasing_record_counts_only_as_it_was_written() {
    let honest = on_record(erasure(vec![range(DEVICE, 8, 12)]));
    let report = check(&closed(&with_erased(&honest)));
    assert!(report.is_whole(), "{report}");

    let changed = |change: &dyn Fn(&mut ChainedRecord)| {
        let mut of_server = honest.clone();
        change(of_server.last_mut().unwrap());
        check(&closed(&with_erased(&of_server)))
    };
    let line = (place_of(&with_erased(&honest), SERVER, 11) + 1) as u64;
    let report = changed(&|last| (last.salt, last.body) = (String::new(), String::new()));
    assert_eq!(found(&report), [&[("evidence_erased", line, Some(11))], GONE.as_slice()].concat(), "{report}");
    let report = changed(&|last| last.body = last.body.replace("asked", "begged"));
    assert_eq!(found(&report), [&[("body_changed", line, Some(11))], GONE.as_slice()].concat(), "{report}");
    // Under the kind of another record, whatever its body says.
    let report = changed(&|last| {
        last.kind = "note_added".into();
        last.hash = amberglass_domain::chain::record_hash(last);
    });
    assert_eq!(found(&report)[..3], GONE, "{report}");

    let mut lines = with_erased(&honest);
    let at = place_of(&lines, SERVER, 11);
    let ExportLine::Record(record) = lines[at].clone() else { panic!() };
    lines[at] = ExportLine::Stub(record.clone().into());
    assert_eq!(found(&check(&closed(&lines))), GONE, "a stub says nothing");
    // Beside the chains, or of another one than that of the section.
    lines[at] = ExportLine::Record(record.clone());
    let moved = lines.remove(at);
    lines.insert(place_of(&lines, DEVICE, 20) + 1, moved);
    assert_eq!(found(&check(&closed(&lines)))[0], ("foreign_record", line_of(21), Some(11)));
    assert!(found(&check(&closed(&lines))).contains(&GONE[0]));
}

#[test]
fn nobody_but_a_server_erases_and_nothing_that_comes_later() {
    // A device, of itself and of the server.
    let mut of_device = with(records(DEVICE, 20), erasure(vec![range(DEVICE, 8, 8), range(SERVER, 4, 4)]));
    of_device[7] = erased(&of_device[7]);
    let mut of_server = records(SERVER, 10);
    of_server[3] = erased(&of_server[3]);
    let lines = sections(&of_device, &of_server);
    let of = |writer, seq| ("body_gone", (place_of(&lines, writer, seq) + 1) as u64, Some(seq));
    assert_eq!(found(&check(&closed(&lines))), [of(DEVICE, 8), of(SERVER, 4)]);
    // In its own chain no record erases those behind it.
    let mut of_server = with(records(SERVER, 9), erasure(vec![range(SERVER, 1, 1_000_000)]));
    let mut head = ChainHead { seq: 10, hash: of_server[9].hash.clone() };
    for n in 11..15 {
        of_server.push(append(SERVER, &mut head, &format!("{{\"n\":{n}}}")));
    }
    of_server[3] = erased(&of_server[3]);
    assert!(check(&closed(&sections(&records(DEVICE, 20), &of_server))).is_whole());
    of_server[11] = erased(&of_server[11]);
    let lines = sections(&records(DEVICE, 20), &of_server);
    let line = (place_of(&lines, SERVER, 12) + 1) as u64;
    assert_eq!(found(&check(&closed(&lines))), [("body_gone", line, Some(12))]);
}

#[test]
fn evidence_about_keys_chains_and_journals_is_never_erased() {
    let added = EventDetail::SignerAdded { name: "server:s2".into(), verifier_key: "key".into() };
    let mut of_server = with(on_record(added), erasure(vec![range(SERVER, 1, 11), range(DEVICE, 1, 20)]));
    of_server[10] = erased(&of_server[10]);
    let lines = sections(&records(DEVICE, 20), &of_server);
    let line = (place_of(&lines, SERVER, 11) + 1) as u64;
    let report = check(&closed(&lines));
    assert_eq!(found(&report), [("evidence_erased", line, Some(11))], "{report}");
    assert!(report.to_string().contains("(signer_added) is never erased"), "{report}");
}

fn all(of_server: &[ChainedRecord]) -> Vec<ExportLine> {
    everything(sections(&records(DEVICE, 20), of_server))
}

#[test]
fn a_beginning_that_was_retired_is_whole_as_far_as_it_is_on_record() {
    let report = check(&closed(&all(&on_record(retired(4)))));
    assert!(report.is_whole(), "{report}");
    let missing = [("beginning_missing", 2, Some(5))];
    let report = check(&closed(&all(&records(SERVER, 10))));
    assert_eq!(found(&report), missing, "without a record: {report}");
    assert!(report.to_string().contains("begins behind record 4"), "{report}");
    assert_eq!(found(&check(&closed(&all(&on_record(retired(3)))))), missing, "less than is gone");
    let EventDetail::RecordsRetired { writer, through, hash } = retired(4) else { panic!() };
    let other = EventDetail::RecordsRetired { writer: writer.clone(), through, hash: "0".repeat(64) };
    assert_eq!(found(&check(&closed(&all(&on_record(other))))), missing, "another record");
    let other = EventDetail::RecordsRetired { writer: SERVER.into(), through, hash: hash.clone() };
    assert_eq!(found(&check(&closed(&all(&on_record(other))))), missing, "another writer");
    let mut of_server = on_record(retired(4));
    of_server[10] = erased(&of_server[10]);
    let report = check(&closed(&all(&of_server)));
    assert_eq!(found(&report)[1..], missing, "a record that is gone itself: {report}");
    // The device is no judge of what may go from its chain at the server.
    let of_device = with(records(DEVICE, 20), EventDetail::RecordsRetired { writer, through, hash });
    let report = check(&closed(&everything(sections(&of_device, &records(SERVER, 10)))));
    assert_eq!(found(&report), missing, "in the device's word: {report}");
    // An export of the device alone has to hold all of it just so.
    let mut lines = sections(&records(DEVICE, 20), &records(SERVER, 10));
    let ExportLine::Export(header) = &mut lines[0] else { panic!() };
    header.scope = ExportScope { device: Some(amberglass_wire::DeviceId::new(DEVICE)), ..ExportScope::default() };
    assert!(found(&check(&closed(&lines))).contains(&missing[0]));
}

#[test]
fn what_was_retired_and_then_put_back_is_still_seen_by_whoever_kept_a_checkpoint() {
    let text = closed(&all(&on_record(retired(4))));
    let later = records(DEVICE, 25);
    let report = check_with(&text, &checkpoint(&server(), 1_780_000_000_025, &later[24]));
    assert_eq!(found(&report), [("rolled_back", 2, Some(20))], "{report}");
    // What stood where the retired beginning ends was another record than the one that is said to have gone.
    let mut forked = ChainHead { seq: 3, hash: records(DEVICE, 3)[2].hash.clone() };
    let other = append(DEVICE, &mut forked, "{\"n\":\"other\"}");
    let report = check_with(&text, &checkpoint(&server(), 1_780_000_000_004, &other));
    assert!(!report.is_whole() && found(&report)[0].0 == "beginning_replaced", "{report}");
}

fn witnessed(note: String) -> EventDetail {
    EventDetail::CheckpointWitnessed { note }
}

/// The device's chain with a note of a server's that it had kept.
fn kept(note: String) -> Vec<ChainedRecord> {
    let of_device = with(records(DEVICE, 20), witnessed(note));
    let mut head = ChainHead { seq: 21, hash: of_device[20].hash.clone() };
    [of_device, vec![append(DEVICE, &mut head, "{\"n\":22}")]].concat()
}

fn made_up(writer: &str, seq: i64) -> ChainedRecord {
    let before = records(writer, seq - 1).pop().unwrap();
    append(writer, &mut ChainHead { seq: seq - 1, hash: before.hash }, "{\"n\":\"made up\"}")
}

#[test]
fn what_a_device_has_kept_of_a_server_is_one_more_witness() {
    let lines = |note| sections(&kept(note), &records(SERVER, 10));
    for seen in [&records(SERVER, 10)[6], &records(DEVICE, 20)[11], &records(DEVICE, 20)[3]] {
        let report = check(&closed(&lines(checkpoint(&server(), 1_780_000_000_021, seen))));
        assert!(report.is_whole(), "{report}");
    }
    // Records that come behind it, and one that has passed.
    let text = lines(checkpoint(&server(), 1_780_000_000_021, &made_up(SERVER, 7)));
    let line = (place_of(&text, SERVER, 7) + 1) as u64;
    assert_eq!(found(&check(&closed(&text))), [("written_anew", line, Some(7))]);
    let report = check(&closed(&lines(checkpoint(&server(), 1_780_000_000_021, &made_up(DEVICE, 12)))));
    assert_eq!(found(&report), [("written_anew", line_of(21), Some(12))], "{report}");
    let report = check(&closed(&lines(checkpoint(&server(), 1_780_000_000_021, &made_up(DEVICE, 4)))));
    assert_eq!(found(&report), [("written_anew", line_of(21), Some(4))], "where the export begins: {report}");
    // The server had seen more of itself than it shows now.
    let text = lines(checkpoint(&server(), 1_780_000_000_021, &records(SERVER, 14)[13]));
    let chain = (place_of(&text, SERVER, 1) - 1) as u64;
    let report = check(&closed(&text));
    assert_eq!(found(&report), [("rolled_back", chain, Some(10))], "{report}");
    let mut whole = with(records(SERVER, 10), retired(4));
    whole.truncate(11);
    let other = checkpoint(&server(), 1_780_000_000_021, &records("server:s2", 3)[2]);
    let report = check(&closed(&everything(sections(&kept(other), &whole))));
    assert_eq!(found(&report), [("chain_missing", 0, None)], "{report}");
}

#[test]
fn what_a_device_has_kept_of_its_own_word_says_nothing() {
    let (later, other) = (records(DEVICE, 30), made_up(DEVICE, 12));
    for seen in [&later[29], &other, &made_up(DEVICE, 4)] {
        let note = checkpoint(&device(), 1_780_000_000_021, seen);
        let report = check(&closed(&sections(&kept(note), &records(SERVER, 10))));
        assert!(report.is_whole(), "{report}");
    }
    // Nor does it stand for the signature that is missing.
    let of_device = kept(checkpoint(&device(), 1_780_000_000_021, &kept("no note".into())[21]));
    let mut lines = sections(&of_device, &records(SERVER, 10));
    lines.remove(4);
    let report = check(&closed(&lines));
    assert_eq!(found(&report), [("not_signed_by_writer", 2, Some(22))], "{report}");
}

#[test]
fn a_note_that_no_trusted_server_signed_accuses_nobody() {
    let later = records(SERVER, 14);
    for note in [
        checkpoint(&signer(SERVER, 9), 1_780_000_000_021, &later[13]),
        checkpoint(&signer("server:s9", 9), 1_780_000_000_021, &made_up(DEVICE, 12)),
        checkpoint(&device(), 1_780_000_000_021, &later[13]),
        checkpoint(&server(), 1_780_000_000_021, &later[13]).replace(" 14 ", " 15 "),
        "not a note".into(),
        // From after the export.
        checkpoint(&server(), UnixMillis(EXPORTED_AT.0 + 1).0, &later[13]),
    ] {
        let report = check(&closed(&sections(&kept(note.clone()), &records(SERVER, 10))));
        assert!(report.is_whole(), "{note}\n{report}");
    }
    // A record that was changed says nothing.
    let mut of_device = kept(checkpoint(&server(), 1_780_000_000_021, &later[13]));
    of_device[20].body.push(' ');
    let report = check(&closed(&sections(&of_device, &records(SERVER, 10))));
    assert_eq!(found(&report), [("body_changed", line_of(21), Some(21))], "{report}");
}

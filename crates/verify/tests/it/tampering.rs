//! Every way of tampering that we could think of is found, and the place is named.
//!
//! The attacker of most of these holds the exporting server with its key, and closes the file anew: the signature over the
//! file helps nothing then, only chains and checkpoints do. At the end those who hold no key.

use amberglass_domain::chain;
use amberglass_wire::{
    EventId, SessionId, UnixMillis,
    audit::ChainedRecord,
    event_stream::ChainHead,
    export::{ChainHeader, ExportLine, RecordStub},
};

use crate::sample::{
    DEVICE, EXPORTED_AT, SERVER, append, check, check_with, checkpoint, closed, closed_as, closed_by, device,
    everything, found, honest, line, line_of, open, place_of, records, retired, sections, server, signer, with,
};

/// Code, line, record.
type Expected<'a> = (&'a str, u64, Option<i64>);

#[track_caller]
fn expect(what: &str, text: &str, expected: &[Expected<'_>]) {
    let report = check(text);
    assert_eq!(found(&report), expected, "{what}\n{report}");
}

/// Changes one record of an honest export and closes it as the server would.
fn changed(seq: i64, change: impl FnOnce(&mut ChainedRecord)) -> String {
    let mut lines = honest();
    let at = place_of(&lines, DEVICE, seq);
    match &mut lines[at] {
        ExportLine::Record(record) => change(record),
        ExportLine::Stub(stub) => {
            // With a body that is not looked at.
            let mut record = records(DEVICE, 20)[usize::try_from(seq).unwrap() - 1].clone();
            change(&mut record);
            *stub = RecordStub::from(record);
        }
        ExportLine::Export(_) | ExportLine::Chain(_) | ExportLine::Checkpoint { .. } | ExportLine::End(_) => panic!(),
    }
    closed(&lines)
}

#[test]
fn any_field_of_a_record_that_is_changed() {
    let header = [("header_changed", line_of(10), Some(10))];
    expect("time", &changed(10, |r| r.occurred_at.0 += 1), &header);
    expect("monotonic time", &changed(10, |r| r.monotonic_millis -= 1), &header);
    expect("id", &changed(10, |r| r.id = EventId::new("other")), &header);
    expect("kind", &changed(10, |r| r.kind = "window_opened".into()), &header);
    expect("session", &changed(10, |r| r.session = Some(SessionId::new("of-others"))), &header);
    expect("no session", &changed(10, |r| r.session = None), &header);
    expect("commitment", &changed(10, |r| r.commitment = "0".repeat(64)), &header);
    expect("body", &changed(10, |r| r.body = "{\"n\":11}".into()), &[("body_changed", line_of(10), Some(10))]);
    expect("salt", &changed(10, |r| r.salt = "0".repeat(32)), &[("body_changed", line_of(10), Some(10))]);
    expect("half erased", &changed(10, |r| r.salt.clear()), &[("body_changed", line_of(10), Some(10))]);
    let both = [("header_changed", line_of(10), Some(10)), ("predecessor_replaced", line_of(10), Some(10))];
    expect("predecessor", &changed(10, |r| r.prev_hash = "0".repeat(64)), &both);
    let hash = [("header_changed", line_of(10), Some(10)), ("predecessor_replaced", line_of(11), Some(11))];
    expect("hash", &changed(10, |r| r.hash = "0".repeat(64)), &hash);
    expect("a stub", &changed(11, |r| r.occurred_at.0 += 1), &[("header_changed", line_of(11), Some(11))]);
    let number = [("header_changed", line_of(10), Some(10_000)), ("missing", line_of(10), Some(10))];
    assert_eq!(found(&check(&changed(10, |r| r.seq = 10_000)))[..2], number, "number");
    let foreign = [("foreign_record", line_of(10), Some(10)), ("missing", line_of(11), Some(10))];
    expect("writer", &changed(10, |r| r.writer = "device-2".into()), &foreign);
}

#[test]
fn a_record_that_was_changed_and_hashed_anew() {
    let text = changed(10, |record| {
        record.occurred_at.0 += 1;
        record.hash = chain::record_hash(record);
    });
    expect("", &text, &[("predecessor_replaced", line_of(11), Some(11))]);
}

#[test]
fn a_body_that_was_changed_with_its_commitment() {
    let text = changed(10, |record| {
        record.body = "{\"n\":0}".into();
        record.commitment = chain::commitment(&hex::decode(&record.salt).unwrap(), record.body.as_bytes());
        record.hash = chain::record_hash(record);
    });
    expect("", &text, &[("predecessor_replaced", line_of(11), Some(11))]);
}

#[test]
fn the_last_record_changed_and_hashed_anew() {
    let text = changed(20, |record| {
        record.occurred_at.0 += 1;
        record.hash = chain::record_hash(record);
    });
    // Nothing follows it, but it was signed: by the server and by the device.
    let anew = [
        ("written_anew", line_of(20), Some(20)),
        ("written_anew", line_of(20), Some(20)),
        ("not_signed_by_writer", 2, Some(20)),
        ("end_not_vouched_for", 2, Some(20)),
    ];
    expect("", &text, &anew);
}

#[test]
fn two_bodies_that_were_swapped() {
    let mut lines = honest();
    let (a, b) = (place_of(&lines, DEVICE, 10), place_of(&lines, DEVICE, 12));
    let (ExportLine::Record(mut first), ExportLine::Record(mut second)) = (lines[a].clone(), lines[b].clone()) else {
        panic!()
    };
    std::mem::swap(&mut first.body, &mut second.body);
    std::mem::swap(&mut first.salt, &mut second.salt);
    (lines[a], lines[b]) = (ExportLine::Record(first), ExportLine::Record(second));
    expect("", &closed(&lines), &[("body_changed", line_of(10), Some(10)), ("body_changed", line_of(12), Some(12))]);
}

#[test]
fn a_record_that_was_removed() {
    let mut lines = honest();
    lines.remove(place_of(&lines, DEVICE, 10));
    expect("one", &closed(&lines), &[("missing", line_of(10), Some(10))]);
    lines.remove(place_of(&lines, DEVICE, 11));
    lines.remove(place_of(&lines, DEVICE, 15));
    expect("three", &closed(&lines), &[("missing", line_of(10), Some(10)), ("missing", line_of(13), Some(15))]);
}

#[test]
fn the_first_records_that_were_removed() {
    let mut lines = honest();
    lines.remove(place_of(&lines, DEVICE, 5));
    let found_at = [("missing", line_of(5), Some(5)), ("beginning_not_vouched_for", 2, Some(5))];
    expect("with the checkpoint before", &closed(&lines), &found_at);
    // The chain's header says that it begins later, and no checkpoint is there for that.
    let ExportLine::Chain(header) = &mut lines[1] else { panic!() };
    header.after = 5;
    expect("and not promised", &closed(&lines), &[("beginning_not_vouched_for", 2, Some(6))]);
    let mut lines = honest();
    let at = place_of(&lines, SERVER, 1);
    lines.remove(at);
    expect("of a whole chain", &closed(&lines), &[("missing", at as u64 + 1, Some(1))]);
}

#[test]
fn the_last_records_that_were_removed() {
    let mut lines = honest();
    lines.remove(place_of(&lines, DEVICE, 20));
    lines.remove(place_of(&lines, DEVICE, 19));
    let cut = [("cut_off", 2, Some(18)), ("not_signed_by_writer", 2, Some(18)), ("end_not_vouched_for", 2, Some(18))];
    expect("promised", &closed(&lines), &cut);
    // The promise is changed too, but the checkpoints of then are still there.
    let ExportLine::Chain(header) = &mut lines[1] else { panic!() };
    header.through = 18;
    let back =
        [("rolled_back", 2, Some(18)), ("not_signed_by_writer", 2, Some(18)), ("end_not_vouched_for", 2, Some(18))];
    expect("not promised any more", &closed(&lines), &back);
}

#[test]
fn a_record_that_is_there_twice() {
    let mut lines = honest();
    let at = place_of(&lines, DEVICE, 10);
    lines.insert(at + 1, lines[at].clone());
    expect("at once", &closed(&lines), &[("out_of_order", line_of(11), Some(10))]);
    let again = lines.remove(at + 1);
    lines.insert(place_of(&lines, DEVICE, 15), again);
    expect("later", &closed(&lines), &[("out_of_order", line_of(15), Some(10))]);
}

#[test]
fn records_in_another_order() {
    let mut lines = honest();
    let at = place_of(&lines, DEVICE, 10);
    lines.swap(at, at + 1);
    let found_at = [("missing", line_of(10), Some(10)), ("out_of_order", line_of(11), Some(10))];
    expect("", &closed(&lines), &found_at);
}

#[test]
fn a_record_that_was_put_in_between() {
    let of_device = records(DEVICE, 20);
    let mut head = ChainHead { seq: 9, hash: of_device[8].hash.clone() };
    let made_up = append(DEVICE, &mut head, "{\"n\":\"made up\"}");
    let mut lines = honest();
    lines.insert(place_of(&lines, DEVICE, 10), line(&made_up));
    // One of the two under the number is not the one that was there: what follows names the other.
    let found_at = [("out_of_order", line_of(11), Some(10)), ("predecessor_replaced", line_of(12), Some(11))];
    expect("before the right one", &closed(&lines), &found_at);
    lines.remove(place_of(&lines, DEVICE, 10));
    let at = place_of(&lines, DEVICE, 10);
    lines.insert(at + 1, line(&made_up));
    expect("behind the right one", &closed(&lines), &[("out_of_order", line_of(11), Some(10))]);
}

/// From record 10 on another story.
fn written_anew() -> Vec<ChainedRecord> {
    let mut of_device = records(DEVICE, 9);
    let mut head = ChainHead { seq: 9, hash: of_device[8].hash.clone() };
    of_device.extend((10..=20).map(|n| append(DEVICE, &mut head, &format!("{{\"n\":\"other {n}\"}}"))));
    of_device
}

#[test]
fn a_chain_that_was_linked_anew_from_the_middle() {
    let (honest, anew) = (honest(), written_anew());
    let mut lines = sections(&anew, &records(SERVER, 10));
    // The checkpoints are the ones of then.
    lines[2..5].clone_from_slice(&honest[2..5]);
    let found_at = [
        ("written_anew", line_of(20), Some(20)),
        ("written_anew", line_of(20), Some(20)),
        ("not_signed_by_writer", 2, Some(20)),
        ("end_not_vouched_for", 2, Some(20)),
    ];
    expect("", &closed(&lines), &found_at);
}

#[test]
fn a_chain_that_the_server_linked_and_signed_anew() {
    let anew = written_anew();
    let mut lines = sections(&anew, &records(SERVER, 10));
    // The server's key signs whatever its holder wants; the device's does not.
    lines[4] = honest()[4].clone();
    let unsigned = ("not_signed_by_writer", 2, Some(20));
    expect("by the device's word in the export", &closed(&lines), &[("written_anew", line_of(20), Some(20)), unsigned]);
    lines.remove(4);
    expect("by the device's word that is missing", &closed(&lines), &[unsigned]);
    let witness = checkpoint(&device(), 1_780_000_000_012, &records(DEVICE, 12)[11]);
    let report = check_with(&closed(&lines), &witness);
    assert_eq!(found(&report), [("written_anew", line_of(12) - 1, Some(12)), unsigned], "by a witness\n{report}");
}

#[test]
fn a_chain_whose_checkpoints_were_left_out() {
    let mut lines = honest();
    lines.remove(3);
    // The device's own word remains, and no server's.
    expect("the last one of a server", &closed(&lines), &[("end_not_vouched_for", 2, Some(20))]);
    let mut lines = honest();
    lines.remove(2);
    expect("the first one", &closed(&lines), &[("beginning_not_vouched_for", 2, Some(5))]);
}

#[test]
fn checkpoints_of_another_signer_than_they_say() {
    let (other, last) = (signer(SERVER, 9), records(DEVICE, 20));
    let mut lines = honest();
    lines[3] = ExportLine::Checkpoint { note: checkpoint(&other, 1_780_000_000_020, &last[19]) };
    let found_at = [("checkpoint_not_signed", 4, None), ("end_not_vouched_for", 2, Some(20))];
    expect("another key under the server's name", &closed(&lines), &found_at);
    let mut lines = honest();
    let ExportLine::Checkpoint { note } = &lines[3] else { panic!() };
    lines[3] = ExportLine::Checkpoint { note: note.replace("device-1 20", "device-1 19") };
    expect("a changed one", &closed(&lines), &found_at);
    let ExportLine::Checkpoint { note } = &honest()[4] else { panic!() };
    let changed = note.replace("device-1 20", "device-1 19");
    let mut lines = honest();
    lines[4] = ExportLine::Checkpoint { note: changed };
    let unsigned = ("not_signed_by_writer", 2, Some(20));
    expect("a changed one of the device", &closed(&lines), &[("checkpoint_not_signed", 5, None), unsigned]);
    // The key of somebody else under the device's name, as whoever can write into the list of devices has one.
    let mut lines = honest();
    lines[4] = ExportLine::Checkpoint { note: checkpoint(&signer(DEVICE, 9), 1_780_000_000_020, &last[19]) };
    expect("another key under the device's name", &closed(&lines), &[("checkpoint_not_signed", 5, None), unsigned]);
}

#[test]
fn a_checkpoint_of_another_record_than_it_stood_for() {
    let of_device = records(DEVICE, 20);
    let mut lines = honest();
    lines[2] = ExportLine::Checkpoint { note: checkpoint(&server(), 1_780_000_000_003, &of_device[2]) };
    expect("the first", &closed(&lines), &[("beginning_not_vouched_for", 2, Some(5))]);
    let mut lines = honest();
    let moved = lines.remove(3);
    lines.insert(place_of(&lines, SERVER, 1) - 2, moved);
    let at = place_of(&lines, SERVER, 1) as u64 - 2;
    expect("moved behind", &closed(&lines), &[("checkpoint_too_late", at, None), ("end_not_vouched_for", 2, Some(20))]);
}

#[test]
fn records_and_chains_of_others() {
    let mut lines = honest();
    let foreign = append("device-9", &mut ChainHead::default(), "{}");
    lines.insert(place_of(&lines, DEVICE, 10), line(&foreign));
    expect("a record", &closed(&lines), &[("foreign_record", line_of(10), Some(1))]);
    let mut lines = honest();
    lines.insert(1, line(&records(DEVICE, 1)[0]));
    expect("before any chain", &closed(&lines), &[("outside_of_chains", 2, None)]);
    let mut lines = honest();
    let again: Vec<ExportLine> = lines[1..21].to_vec();
    lines.extend(again);
    assert!(found(&check(&closed(&lines))).contains(&("chain_twice", 34, None)), "{}", check(&closed(&lines)));
}

#[test]
fn a_server_that_was_put_back_to_an_earlier_state() {
    // All is consistent: records 1 to 16, signed at their end. But somebody has seen more.
    let lines = sections(&records(DEVICE, 16), &records(SERVER, 10));
    assert!(check(&closed(&lines)).is_whole());
    let seen = records(DEVICE, 20);
    let report = check_with(&closed(&lines), &checkpoint(&server(), 1_780_000_000_020, &seen[19]));
    assert_eq!(found(&report), [("rolled_back", 2, Some(16))], "{report}");
    assert!(report.to_string().contains("put back to an earlier state"), "{report}");
    // The device may also never have delivered it, so its word alone accuses nobody.
    let report = check_with(&closed(&lines), &checkpoint(&device(), 1_780_000_000_020, &seen[19]));
    assert_eq!(found(&report), [("signed_not_held", 2, Some(16))], "{report}");
}

#[test]
fn a_fork_that_a_witness_has_seen() {
    let report = check_with(&closed(&honest()), &checkpoint(&server(), 1_780_000_000_015, &written_anew()[14]));
    assert_eq!(found(&report), [("written_anew", line_of(15), Some(15))], "{report}");
}

#[test]
fn a_body_that_was_kept_back() {
    let mut lines = honest();
    let at = place_of(&lines, DEVICE, 10);
    let ExportLine::Record(record) = lines[at].clone() else { panic!() };
    lines[at] = ExportLine::Stub(record.into());
    expect("", &closed(&lines), &[("kept_back", line_of(10), Some(10))]);
}

#[test]
fn a_file_that_was_changed_by_somebody_without_a_key() {
    let text = closed(&honest());
    let mut all: Vec<&str> = text.lines().collect();
    let end = all.len() as u64;
    all.swap(2, 3);
    expect("two lines", &(all.join("\n") + "\n"), &[("end_contradicts", end, None)]);
    let cut = open(&honest());
    expect("no end", &cut, &[("no_end", end - 1, None)]);
    let torn = &text[..text.len() - 20];
    expect("a torn end", torn, &[("not_a_line", end, None), ("no_end", end, None)]);
    let more = text.clone() + &open(&honest()[2..3]);
    let found_at =
        [("behind_the_end", end + 1, None), ("checkpoint_too_late", end + 1, None), ("end_contradicts", end, None)];
    assert_eq!(found(&check(&more))[0], found_at[0]);
    assert!(found(&check(&more)).contains(&found_at[2]));
    expect("somebody else's end", &closed_by(&signer(SERVER, 9), &honest()), &[("end_not_signed", end, None)]);
    expect("the device's end", &closed_by(&device(), &honest()), &[("end_not_signed", end, None)]);
    let spaces = text.replace("\"through\":20", "\"through\": 20");
    expect("a space", &spaces, &[("end_contradicts", end, None)]);
}

#[test]
fn a_header_that_says_something_else() {
    let mut lines = honest();
    let ExportLine::Export(header) = &mut lines[0] else { panic!() };
    header.scope.session = Some(SessionId::new("session-of-others"));
    // Everything of the other session is a stub now.
    let report = check(&closed(&lines));
    assert_eq!(found(&report)[0], ("kept_back", line_of(5), Some(5)), "{report}");
    let mut lines = honest();
    let ExportLine::Export(header) = &mut lines[0] else { panic!() };
    header.format = "amberglass/export/v2".into();
    expect("format", &closed(&lines), &[("unknown_format", 1, None)]);
    let mut lines = honest();
    let ExportLine::Export(header) = &mut lines[0] else { panic!() };
    header.exported_at = UnixMillis(EXPORTED_AT.0 + 1);
    expect("time", &closed(&lines), &[("end_not_signed", lines.len() as u64 + 1, None)]);
    let lines = honest();
    assert_eq!(found(&check(&closed(&lines[1..])))[0], ("no_header", 1, None));
}

#[test]
fn a_line_that_is_something_else() {
    let mut all: Vec<String> = open(&honest()).lines().map(str::to_owned).collect();
    all[15] = "{\"type\":\"record\",\"writer\":".into();
    let report = check(&(all.join("\n") + "\n"));
    assert_eq!(found(&report)[0], ("not_a_line", 16, None), "{report}");
    assert_eq!(found(&report)[1], ("missing", 17, Some(15)), "{report}");
    assert_eq!(found(&check(""))[0].0, "no_end");
}

#[test]
fn a_name_that_is_longer_than_any() {
    let named = |length: usize| {
        let mut lines = honest();
        let record = append(&"x".repeat(length), &mut ChainHead::default(), "{}");
        lines.insert(place_of(&lines, DEVICE, 10), line(&record));
        found(&check(&closed(&lines)))[0].0.to_owned()
    };
    assert_eq!((named(256).as_str(), named(257).as_str()), ("foreign_record", "not_a_line"));
    let begun = |length: usize| {
        let mut lines = honest();
        let header = ChainHeader { writer: "x".repeat(length), after: 0, through: 1, to_head: true };
        lines.push(ExportLine::Chain(header));
        let report = check(&closed(&lines));
        (found(&report)[0].0.to_owned(), report.chains.len())
    };
    assert_eq!((begun(256), begun(257)), (("cut_off".into(), 3), ("not_a_line".into(), 2)));
    // Nor is the kind of a record repeated at any length.
    let report = check(&changed(10, |record| {
        record.kind = "k".repeat(1 << 20);
        (record.salt, record.body) = (String::new(), String::new());
        record.hash = chain::record_hash(record);
    }));
    assert!(
        found(&report)[0].0 == "evidence_erased" && report.to_string().len() < 2_000,
        "{}",
        report.to_string().len()
    );
}

#[test]
fn a_line_that_is_longer_than_any() {
    let with_body = |length: usize| {
        let mut of_device = records(DEVICE, 21);
        let mut head = ChainHead { seq: 21, hash: of_device[20].hash.clone() };
        of_device.push(append(DEVICE, &mut head, &"x".repeat(length)));
        check(&closed(&sections(&of_device, &records(SERVER, 10))))
    };
    assert!(with_body(3 << 20).is_whole());
    let text = closed(&honest());
    let end = text.lines().count() as u64;
    let padded = |length| text.replacen("\"seq\":6,", &format!("\"seq\":{}6,", " ".repeat(length)), 1);
    expect("a long record", &padded(3 << 20), &[("end_contradicts", end, None)]);
    assert_eq!(found(&check(&padded(24 << 20)))[0], ("not_a_line", line_of(6), None));
    // What is no record is short.
    let padded = |length| text.replacen("\"through\":20", &format!("\"through\":{}20", " ".repeat(length)), 1);
    expect("a long header", &padded(1 << 20), &[("end_contradicts", end, None)]);
    assert_eq!(found(&check(&padded(2 << 20)))[0], ("not_a_line", 2, None));
}

#[test]
fn a_body_that_is_gone() {
    let erased = changed(10, |record| (record.salt, record.body) = (String::new(), String::new()));
    expect("", &erased, &[("body_gone", line_of(10), Some(10))]);
}

#[test]
fn a_device_that_speaks_of_others() {
    // Its word about the server's chain counts for nothing, wherever it is brought from.
    let later = records(SERVER, 40);
    let report = check_with(&closed(&honest()), &checkpoint(&device(), 1_780_000_000_020, &later[39]));
    assert!(report.is_whole(), "{report}");
    let mut lines = honest();
    let at = place_of(&lines, SERVER, 1) - 1;
    lines[at] = ExportLine::Checkpoint { note: checkpoint(&device(), 1_780_000_000_020, &records(SERVER, 10)[9]) };
    let chain = at as u64;
    let mut accused = honest();
    let other = records(DEVICE, 9).pop().map(|record| ChainedRecord { writer: SERVER.into(), ..record }).unwrap();
    accused.insert(at, ExportLine::Checkpoint { note: checkpoint(&device(), 1_780_000_000_020, &other) });
    expect("a hash that was never the server's", &closed(&accused), &[]);
    expect("in place of the server's", &closed(&lines), &[("end_not_vouched_for", chain, Some(10))]);
    let mut lines = honest();
    let ExportLine::Export(header) = &mut lines[0] else { panic!() };
    header.server = DEVICE.into();
    let end = lines.len() as u64 + 1;
    expect("in place of the exporting server", &closed_as(DEVICE, &device(), &lines), &[("end_not_signed", end, None)]);
}

#[test]
fn what_is_left_out_of_an_export_of_everything() {
    let mut lines = sections(&records(DEVICE, 20), &with(records(SERVER, 10), retired(4)));
    let ExportLine::Export(header) = &mut lines[0] else { panic!() };
    header.scope = amberglass_wire::export::ExportScope::default();
    let report = check(&closed(&lines));
    assert_eq!(found(&report)[0], ("left_out", line_of(5), Some(5)), "every stub: {report}");
    lines = everything(lines);
    assert!(check(&closed(&lines)).is_whole(), "{}", check(&closed(&lines)));

    let mut short = lines.clone();
    let ExportLine::Chain(chain) = &mut short[1] else { panic!() };
    chain.to_head = false;
    expect("a chain that stops before its end", &closed(&short), &[("stops_before_the_end", 2, None)]);
    let other = records("server:s2", 50);
    let report = check_with(&closed(&lines), &checkpoint(&server(), 1_780_000_000_020, &other[49]));
    assert_eq!(found(&report), [("chain_missing", 0, None)], "{report}");
    assert_eq!(report.faults[0].0.writer.as_deref(), Some("server:s2"));
    // In another section than the chain's own.
    let device_later = checkpoint(&server(), 1_780_000_000_020, &records(DEVICE, 25)[24]);
    lines.push(ExportLine::Checkpoint { note: device_later });
    expect("a chain that has passed", &closed(&lines), &[("rolled_back", 2, Some(20))]);
}

#[test]
fn what_no_hash_covers() {
    let text = closed(&honest());
    let end = text.lines().count() as u64;
    let more = text.replacen("{\"type\":\"stub\",", "{\"type\":\"stub\",\"body\":\"made up\",", 1);
    assert_eq!(found(&check(&more))[0], ("not_a_line", line_of(5), None), "{}", check(&more));
    let more = text.replacen("{\"type\":\"record\",", "{\"type\":\"record\",\"note\":\"made up\",", 1);
    assert_eq!(found(&check(&more))[0], ("not_a_line", line_of(6), None), "{}", check(&more));
    let twice = text.replacen("{\"type\":\"record\",", "{\"type\":\"record\",\"seq\":6,", 1);
    assert_eq!(found(&check(&twice))[0], ("not_a_line", line_of(6), None), "{}", check(&twice));
    assert!(found(&check(&twice)).contains(&("end_contradicts", end, None)));
}

#[test]
fn a_file_that_is_made_of_faults() {
    let text = closed(&honest()) + &"\n".repeat(300_000);
    let report = check(&text);
    assert_eq!((report.faults.len(), report.is_whole()), (1_000, false));
    assert!(report.more > 300_000 && report.to_string().contains("more"), "{}", report.more);
    assert!(report.chains.iter().all(|chain| chain.whole), "what stands behind the end says nothing about the chains");
}

//! What is whole is said to be.

use amberglass_verify::verify;
use amberglass_wire::export::ExportLine;

use crate::sample::{
    DEVICE, SERVER, append, check, check_with, checkpoint, closed, device, honest, open, records, sections, server,
    trusted,
};

#[test]
fn an_export_with_stubs_is_whole_and_says_what_is_in_it() {
    let report = check(&closed(&honest()));
    assert!(report.is_whole(), "{report}");
    let [device, server] = report.chains.as_slice() else { panic!("{report}") };
    assert_eq!((device.writer.as_str(), device.first, device.last), (DEVICE, Some(5), Some(20)));
    assert_eq!((device.records, device.stubs, device.erased), (8, 8, 0));
    assert_eq!((device.vouched_through, device.vouched_for_by.as_deref()), (20, Some(SERVER)));
    assert_eq!((server.writer.as_str(), server.first, server.last), (SERVER, Some(1), Some(10)));
    assert!(report.to_string().ends_with("The export is whole: 2 chains, 34 lines."), "{report}");
}

#[test]
fn what_retention_removed_is_stood_for_by_a_checkpoint() {
    // The device's first four records are gone; the export begins behind the checkpoint that took their place.
    let report = check(&closed(&sections(&records(DEVICE, 20), &records(SERVER, 10))));
    assert!(report.is_whole(), "{report}");
    assert_eq!(report.chains[0].first, Some(5));
}

#[test]
fn a_device_that_the_reader_does_not_know_adds_nothing_and_takes_nothing_away() {
    let keys = amberglass_domain::checkpoint::TrustedKeys::parse(&server().verifier_key()).unwrap();
    let report = verify(closed(&honest()).as_bytes(), &keys, &[]).unwrap();
    assert!(report.is_whole(), "{report}");
}

#[test]
fn a_witness_that_has_seen_no_more_than_is_there_agrees() {
    let records = records(DEVICE, 20);
    for seen in [1, 4, 5, 12, 20] {
        let report = check_with(&closed(&honest()), &checkpoint(&device(), 1_780_000_000_100, &records[seen - 1]));
        assert!(report.is_whole(), "{seen}: {report}");
    }
}

#[test]
fn a_witness_from_after_the_export_may_have_seen_more() {
    let mut head = amberglass_wire::event_stream::ChainHead::default();
    let later = (1..=25).map(|n| append(DEVICE, &mut head, &format!("{{\"n\":{n}}}"))).last().unwrap();
    let report = check_with(&closed(&honest()), &checkpoint(&server(), 1_790_000_000_001, &later));
    assert!(report.is_whole(), "{report}");
}

#[test]
fn a_line_may_be_written_in_another_order_of_fields() {
    let text = closed(&honest());
    let report = check(
        &text.replace("{\"type\":\"record\",\"writer\":\"device-1\"", "{\"writer\":\"device-1\",\"type\":\"record\""),
    );
    // Read all the same; that the bytes are other ones is for the end to say.
    let codes: Vec<&str> = report.faults.iter().map(|(_, fault)| fault.code()).collect();
    assert_eq!(codes, ["end_contradicts"], "{report}");
    assert!(report.chains.iter().all(|chain| chain.whole));
}

#[test]
fn many_pieces_are_read_as_one_file() {
    let lines = sections(&records(DEVICE, 30_000), &records(SERVER, 30_000));
    let text = closed(&lines);
    assert!(text.len() > 3 * (4 << 20), "{}", text.len());
    let report = check(&text);
    assert!(report.is_whole(), "{report}");
    // Without the last line break nothing is missing.
    assert!(check(text.trim_end()).is_whole());
    assert!(!check(&open(&lines)).is_whole());
}

#[test]
fn the_witness_must_itself_be_believed() {
    let other = crate::sample::signer(SERVER, 9);
    let note = checkpoint(&other, 1, &records(DEVICE, 4)[3]);
    let line = serde_json::to_string(&ExportLine::Checkpoint { note }).unwrap();
    assert!(amberglass_verify::witnesses(line.as_bytes(), &trusted()).is_err());
    let seen = amberglass_verify::witnesses("\n{}\n".as_bytes(), &trusted()).unwrap();
    assert_eq!((seen.checkpoints, seen.unreadable), (Vec::new(), vec![2]), "passed over, and said");
}

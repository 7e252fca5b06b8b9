//! Whose word counts for which chain, and what is missed by whoever has given or kept one.

use amberglass_domain::checkpoint::NoteSigner;
use amberglass_wire::{
    DeviceId,
    audit::ChainedRecord,
    event_stream::ChainHead,
    export::{ChainHeader, ExportLine, ExportScope},
};

use crate::sample::{
    DEVICE, EXPORTED_AT, SERVER, append, check, check_with, check_with_all, checkpoint, closed, device, everything,
    found, honest, line, records, retired, sections, server, with,
};

/// The device's chain after a loss of its journal.
const SECOND: &str = "device-1/2";
const BEFORE: i64 = 1_780_000_000_020;
const AFTER: i64 = EXPORTED_AT.0 + 60_000;

/// Behind the honest export the whole chain of another writer, signed at its end.
fn and(records: &[ChainedRecord], signers: &[NoteSigner]) -> Vec<ExportLine> {
    let last = records.last().unwrap();
    let header = ChainHeader { writer: last.writer.clone(), after: 0, through: last.seq, to_head: true };
    let notes = signers.iter().map(|signer| ExportLine::Checkpoint { note: checkpoint(signer, BEFORE, last) });
    let begins = [ExportLine::Chain(header)];
    honest().into_iter().chain(begins).chain(notes).chain(records.iter().map(line)).collect()
}

/// Where the chain begins that stands behind the others.
fn begins() -> u64 {
    honest().len() as u64 + 1
}

#[test]
fn a_later_chain_of_a_device_needs_the_devices_own_signature() {
    let of_device = records(SECOND, 8);
    let report = check(&closed(&and(&of_device, &[server(), device()])));
    assert!(report.is_whole(), "{report}");
    // As somebody with the server's key makes one up.
    let forged = closed(&and(&of_device, &[server()]));
    assert_eq!(found(&check(&forged)), [("not_signed_by_writer", begins(), Some(8))]);
    // What the device has signed of it is held against it, wherever that was kept.
    let mut head = ChainHead { seq: 5, hash: of_device[4].hash.clone() };
    let other = append(SECOND, &mut head, "{\"n\":\"other\"}");
    let report = check_with(&closed(&and(&of_device, &[server(), device()])), &checkpoint(&device(), BEFORE, &other));
    assert_eq!(found(&report), [("written_anew", begins() + 2 + 6, Some(6))], "{report}");
    let more = checkpoint(&device(), BEFORE, &records(SECOND, 12)[11]);
    let report = check_with(&closed(&and(&of_device, &[server(), device()])), &more);
    assert_eq!(found(&report), [("signed_not_held", begins(), Some(8))], "{report}");
    // Another device's name is not one of its chains.
    let report = check_with(&closed(&honest()), &checkpoint(&device(), BEFORE, &records("device-1/02", 3)[2]));
    assert!(report.is_whole(), "{report}");
}

#[test]
fn a_chain_of_a_server_whose_key_the_reader_does_not_have_is_not_believed() {
    let operators = check(&closed(&and(&records("server:s1:operator", 3), &[server()])));
    assert!(operators.is_whole(), "{operators}");
    for writer in ["server:s2", "server:s2:operator", "server:s1:operators", "server:s1/2", "server:"] {
        let report = check(&closed(&and(&records(writer, 3), &[server()])));
        assert_eq!(found(&report), [("unknown_server", begins(), None)], "{writer}: {report}");
        assert!(!report.chains[2].whole && report.chains[1].whole, "{report}");
    }
}

fn of_all() -> Vec<ExportLine> {
    everything(sections(&records(DEVICE, 20), &with(records(SERVER, 10), retired(4))))
}

/// The same, as if the device alone had been asked for.
fn of_the_device(mut lines: Vec<ExportLine>) -> Vec<ExportLine> {
    let ExportLine::Export(header) = &mut lines[0] else { panic!() };
    header.scope = ExportScope { device: Some(DeviceId::new(DEVICE)), ..ExportScope::default() };
    lines
}

#[test]
fn a_missing_chain_is_missed_though_more_of_it_was_signed_after_the_export() {
    let other = records("server:s2", 60);
    let (early, late) = (checkpoint(&server(), BEFORE, &other[49]), checkpoint(&server(), AFTER, &other[59]));
    let again = checkpoint(&server(), AFTER, &other[49]);
    for notes in [vec![early.clone(), late.clone()], vec![late.clone(), again.clone(), early.clone()]] {
        let report = check_with_all(&closed(&of_all()), notes);
        assert_eq!(found(&report), [("chain_missing", 0, None)], "{report}");
        assert!(report.to_string().contains("server:s1 had seen record 50 of it"), "{report}");
    }
    // It may have begun behind the export.
    let report = check_with_all(&closed(&of_all()), vec![late, again]);
    assert!(report.is_whole(), "{report}");
}

#[test]
fn a_chain_of_a_device_is_missed_in_an_export_of_that_device() {
    let text = closed(&of_the_device(of_all()));
    for signer in [server(), device()] {
        let report = check_with(&text, &checkpoint(&signer, BEFORE, &records(SECOND, 3)[2]));
        assert_eq!(found(&report), [("chain_missing", 0, None)], "{report}");
        assert_eq!(report.faults[0].0.writer.as_deref(), Some(SECOND));
    }
    for other in ["server:s2", "device-2", "device-1/02", "device-12"] {
        let report = check_with(&text, &checkpoint(&server(), BEFORE, &records(other, 3)[2]));
        assert!(report.is_whole(), "{other} was not asked for: {report}");
    }
    let of_session = check_with(&closed(&honest()), &checkpoint(&server(), BEFORE, &records(SECOND, 3)[2]));
    assert!(of_session.is_whole(), "{of_session}");
}

#[test]
fn an_export_of_a_device_goes_to_the_end_of_its_chain_whatever_it_promises() {
    let server_chain = with(records(SERVER, 10), retired(4));
    let mut lines = of_the_device(everything(sections(&records(DEVICE, 16), &server_chain)));
    let ExportLine::Chain(header) = &mut lines[1] else { panic!() };
    header.to_head = false;
    let text = closed(&lines);
    assert!(check(&text).is_whole(), "more may have come since");
    let seen = records(DEVICE, 20);
    let report = check_with(&text, &checkpoint(&server(), BEFORE, &seen[19]));
    assert_eq!(found(&report), [("rolled_back", 2, Some(16))], "{report}");
    let report = check_with(&text, &checkpoint(&server(), AFTER, &seen[19]));
    assert!(report.is_whole(), "{report}");
}

#[test]
fn the_earliest_word_about_a_record_counts_wherever_it_is_found() {
    let seen = &records(SERVER, 14)[13];
    let mut lines = of_all();
    // A later one is known first, from a witness; the earlier one stands behind the header of the chain.
    lines.push(ExportLine::Checkpoint { note: checkpoint(&server(), BEFORE, seen) });
    let report = check_with(&closed(&lines), &checkpoint(&server(), AFTER, seen));
    assert!(found(&report).iter().any(|(code, ..)| *code == "rolled_back"), "{report}");
}

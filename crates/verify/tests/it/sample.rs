//! An export of one session: a device's records from a checkpoint on, and the server's from the beginning.

use amberglass_domain::{
    chain::{self, UnlinkedRecord},
    checkpoint::{NoteSigner, TrustedKeys, WriterHead},
};
use amberglass_verify::{Report, verify, witnesses};
use amberglass_wire::{
    EventId, SessionId, UnixMillis,
    audit::{ChainedRecord, EventBody, EventDetail, EventSubject},
    event_stream::ChainHead,
    export::{ChainHeader, ExportEnd, ExportHeader, ExportLine, ExportScope, FORMAT, RecordStub, end_text},
};
use sha2::{Digest as _, Sha256};

pub const SERVER: &str = "server:s1";
pub const DEVICE: &str = "device-1";
pub const SESSION: &str = "session-1";
pub const EXPORTED_AT: UnixMillis = UnixMillis(1_790_000_000_000);

pub fn signer(name: &str, seed: u8) -> NoteSigner {
    NoteSigner::new(name, &[seed; 32]).unwrap()
}

pub fn server() -> NoteSigner {
    signer(SERVER, 1)
}

pub fn device() -> NoteSigner {
    signer(DEVICE, 2)
}

pub fn trusted() -> TrustedKeys {
    TrustedKeys::parse(&format!("{}\n{}\n", server().verifier_key(), device().verifier_key())).unwrap()
}

/// Records of which every other one is of the session.
pub fn records(writer: &str, count: i64) -> Vec<ChainedRecord> {
    let mut head = ChainHead::default();
    (1..=count).map(|n| append(writer, &mut head, &format!("{{\"n\":{n}}}"))).collect()
}

pub fn append(writer: &str, head: &mut ChainHead, body: &str) -> ChainedRecord {
    let n = head.seq + 1;
    let session = if n % 2 == 0 { SESSION } else { "session-of-others" };
    let unlinked = UnlinkedRecord {
        id: EventId::new(format!("{writer}-{n}")),
        session: Some(SessionId::new(session)),
        occurred_at: UnixMillis(1_780_000_000_000 + n),
        monotonic_millis: n,
        kind: "page_viewed".into(),
        salt: [u8::try_from(n % 251).unwrap(); 16],
        body: body.into(),
    };
    let record = chain::link(writer, head, unlinked);
    *head = ChainHead { seq: record.seq, hash: record.hash.clone() };
    record
}

/// These records and, behind them, one of this event.
pub fn with(mut records: Vec<ChainedRecord>, detail: EventDetail) -> Vec<ChainedRecord> {
    let last = records.last().unwrap();
    let (writer, n) = (last.writer.clone(), last.seq + 1);
    let head = ChainHead { seq: last.seq, hash: last.hash.clone() };
    let unlinked = UnlinkedRecord {
        id: EventId::new(format!("{writer}-{n}")),
        session: None,
        occurred_at: UnixMillis(1_780_000_000_000 + n),
        monotonic_millis: n,
        kind: detail.kind().into(),
        salt: [7; 16],
        body: serde_json::to_string(&EventBody::new(EventSubject::default(), "test", detail)).unwrap(),
    };
    records.push(chain::link(&writer, &head, unlinked));
    records
}

/// Without what it said.
pub fn erased(record: &ChainedRecord) -> ChainedRecord {
    ChainedRecord { salt: String::new(), body: String::new(), ..record.clone() }
}

pub fn checkpoint(signer: &NoteSigner, at: i64, record: &ChainedRecord) -> String {
    let head = ChainHead { seq: record.seq, hash: record.hash.clone() };
    signer.checkpoint(UnixMillis(at), vec![WriterHead { writer: record.writer.clone(), head }]).unwrap()
}

/// Whole where it is of the session or explains what is gone, a stub where it is not.
pub fn line(record: &ChainedRecord) -> ExportLine {
    if record.kind != "page_viewed" || record.session.as_ref().is_some_and(|session| session.as_str() == SESSION) {
        ExportLine::Record(record.clone())
    } else {
        ExportLine::Stub(RecordStub::from(record.clone()))
    }
}

/// What an honest server writes, without the end: the device's records 5 to 20 behind the checkpoint at 4, the server's 1 to 10.
pub fn honest() -> Vec<ExportLine> {
    sections(&records(DEVICE, 20), &records(SERVER, 10))
}

pub fn sections(of_device: &[ChainedRecord], of_server: &[ChainedRecord]) -> Vec<ExportLine> {
    let note = |note| ExportLine::Checkpoint { note };
    let scope = ExportScope { session: Some(SessionId::new(SESSION)), ..ExportScope::default() };
    let mut lines = vec![ExportLine::Export(ExportHeader {
        format: FORMAT.into(),
        server: SERVER.into(),
        exported_at: EXPORTED_AT,
        client: "amberglass-server/0.1.0".into(),
        scope,
    })];
    let (before, last) = (&of_device[3], of_device.last().unwrap());
    lines.push(ExportLine::Chain(ChainHeader { writer: DEVICE.into(), after: 4, through: last.seq, to_head: true }));
    lines.push(note(checkpoint(&server(), 1_780_000_000_004, before)));
    lines.push(note(checkpoint(&server(), 1_780_000_000_020, last)));
    lines.push(note(checkpoint(&device(), 1_780_000_000_020, last)));
    lines.extend(of_device[4..].iter().map(line));
    let last = of_server.last().unwrap();
    lines.push(ExportLine::Chain(ChainHeader { writer: SERVER.into(), after: 0, through: last.seq, to_head: true }));
    lines.push(note(checkpoint(&server(), EXPORTED_AT.0, last)));
    lines.extend(of_server.iter().map(line));
    lines
}

/// The file, closed and signed as a server does it.
pub fn closed(lines: &[ExportLine]) -> String {
    closed_by(&server(), lines)
}

pub fn closed_by(signer: &NoteSigner, lines: &[ExportLine]) -> String {
    closed_as(SERVER, signer, lines)
}

/// By whom the header says that it is.
pub fn closed_as(server: &str, signer: &NoteSigner, lines: &[ExportLine]) -> String {
    let mut text = open(lines);
    let (count, sha256) = (lines.len() as u64, hex::encode(Sha256::digest(text.as_bytes())));
    let note = signer.sign(&end_text(server, EXPORTED_AT, count, &sha256)).unwrap();
    text.push_str(&open(&[ExportLine::End(ExportEnd { lines: count, sha256, note })]));
    text
}

/// Lines without an end.
pub fn open(lines: &[ExportLine]) -> String {
    lines.iter().map(|line| serde_json::to_string(line).unwrap() + "\n").collect()
}

pub fn check(text: &str) -> Report {
    verify(text.as_bytes(), &trusted(), &[]).unwrap()
}

pub fn check_with(text: &str, witness: &str) -> Report {
    check_with_all(text, vec![witness.to_owned()])
}

pub fn check_with_all(text: &str, notes: Vec<String>) -> Report {
    let lines: Vec<ExportLine> = notes.into_iter().map(|note| ExportLine::Checkpoint { note }).collect();
    let seen = witnesses(open(&lines).as_bytes(), &trusted()).unwrap();
    verify(text.as_bytes(), &trusted(), &seen.checkpoints).unwrap()
}

/// Place in the lines of [`honest`] of a record.
pub fn place_of(lines: &[ExportLine], writer: &str, seq: i64) -> usize {
    let is_it = |line: &ExportLine| match line {
        ExportLine::Record(record) => record.writer == writer && record.seq == seq,
        ExportLine::Stub(stub) => stub.writer == writer && stub.seq == seq,
        ExportLine::Export(_) | ExportLine::Chain(_) | ExportLine::Checkpoint { .. } | ExportLine::End(_) => false,
    };
    lines.iter().position(is_it).unwrap()
}

/// Code, line and record of each fault.
pub fn found(report: &Report) -> Vec<(&str, u64, Option<i64>)> {
    report.faults.iter().map(|(place, fault)| (fault.code(), place.line, place.seq)).collect()
}

/// Line of the device's record: header, chain and three checkpoints stand before record 5.
pub const fn line_of(seq: u64) -> u64 {
    seq + 1
}

/// The device's records up to this one.
pub fn retired(through: i64) -> EventDetail {
    let last = records(DEVICE, through).pop().unwrap();
    EventDetail::RecordsRetired { writer: last.writer, through, hash: last.hash }
}

/// The same of everything, with the bodies of [`records`].
pub fn everything(mut lines: Vec<ExportLine>) -> Vec<ExportLine> {
    let all = [DEVICE, SERVER].map(|writer| records(writer, 30));
    for line in &mut lines {
        match line {
            ExportLine::Export(header) => header.scope = ExportScope::default(),
            ExportLine::Stub(stub) => {
                let record =
                    all.iter().flatten().find(|record| (&record.writer, record.seq) == (&stub.writer, stub.seq));
                *line = ExportLine::Record(record.unwrap().clone());
            }
            ExportLine::Chain(_) | ExportLine::Record(_) | ExportLine::Checkpoint { .. } | ExportLine::End(_) => {}
        }
    }
    lines
}

//! Lines of a file, read in pieces and looked at by all cores.

use std::{
    io::{self, BufRead},
    num::NonZero,
    sync::Arc,
    thread,
};

use amberglass_domain::{
    chain::{self, ChainError},
    checkpoint::{Checkpoint, TrustedKeys},
};
use amberglass_wire::{
    EventId, SessionId, UnixMillis,
    audit::{ChainedRecord, EventBody, EventDetail, RecordRange},
    export::ExportLine,
};
use serde::Deserialize;

use crate::{
    approval::{self, Heard},
    signed::is_server,
};

/// Bytes of lines that are looked at together; bounds the memory.
const PIECE_BYTES: usize = 4 << 20;
/// An honest line is longer than this bound lets them be on average.
const PIECE_LINES: usize = 1 << 16;
/// A longer line is not one of an export.
const LONGEST_LINE: usize = 24 << 20;
/// Nor is a longer one, if it is no record: to read it takes many times its length.
const LONGEST_OTHER_LINE: usize = 2 << 20;
/// A longer name is nobody's. Each fault carries the one that it is about.
const LONGEST_NAME: usize = 256;

/// A line, and what can be said of it without its neighbours.
pub(crate) enum Line {
    Record(Seen),
    Other(Box<ExportLine>),
    Unreadable,
}

/// What is kept of a record once its own hash and commitment were computed again: there are very many of them, and giving
/// back on one core what was taken on another is dear.
pub(crate) struct Seen {
    pub(crate) writer: Arc<str>,
    pub(crate) seq: i64,
    pub(crate) occurred_at: UnixMillis,
    pub(crate) prev_hash: String,
    pub(crate) hash: String,
    pub(crate) special: Option<Box<Special>>,
}

/// What most records have nothing of.
pub(crate) struct Special {
    /// Its body was left out.
    pub(crate) stub: bool,
    /// Its body is gone.
    pub(crate) erased: bool,
    pub(crate) kind: String,
    pub(crate) session: Option<SessionId>,
    /// What is wrong with it alone.
    pub(crate) wrong: Option<ChainError>,
    pub(crate) says: Option<Says>,
}

/// What the check has to know of what a record says. Other bodies are not looked into.
pub(crate) enum Says {
    Erased(Vec<RecordRange>),
    Retired {
        writer: String,
        through: i64,
        hash: String,
    },
    /// By a server whose key is trusted.
    Witnessed(Checkpoint),
    /// By a server, of a request for approval or of what it may have led to.
    OfApproval(Heard),
}

/// Whole lines; `ends` are the positions behind their line breaks.
#[derive(Default)]
pub(crate) struct Piece {
    pub(crate) bytes: Vec<u8>,
    pub(crate) ends: Vec<usize>,
}

impl Piece {
    /// The next lines; empty at the end of the file.
    pub(crate) fn read(from: &mut impl BufRead) -> io::Result<Self> {
        let mut piece = Self::default();
        while piece.bytes.len() < PIECE_BYTES && piece.ends.len() < PIECE_LINES {
            let limit = LONGEST_LINE as u64;
            let read = io::Read::take(&mut *from, limit).read_until(b'\n', &mut piece.bytes)?;
            if read == 0 {
                break;
            }
            piece.ends.push(piece.bytes.len());
        }
        Ok(piece)
    }

    /// Each line, without its line break.
    fn lines(&self) -> Vec<&[u8]> {
        let mut start = 0;
        self.ends
            .iter()
            .map(|end| {
                let line = self.bytes.get(start..*end).unwrap_or_default();
                start = *end;
                line.strip_suffix(b"\n").unwrap_or(line)
            })
            .collect()
    }

    /// What each line is, in order. `meanwhile` runs on the calling thread while others work.
    pub(crate) fn look<T>(&self, trusted: &TrustedKeys, meanwhile: impl FnOnce() -> T) -> (Vec<Line>, T) {
        let lines = self.lines();
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let share = lines.len().div_ceil(cores).max(1);
        thread::scope(|scope| {
            let workers: Vec<_> = lines
                .chunks(share)
                .map(|some| {
                    scope.spawn(move || {
                        let mut writer = Arc::from("");
                        some.iter().map(|line| look(line, trusted, &mut writer)).collect::<Vec<Line>>()
                    })
                })
                .collect();
            let done = meanwhile();
            let mut looked = Vec::with_capacity(lines.len());
            for worker in workers {
                match worker.join() {
                    Ok(some) => looked.extend(some),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            (looked, done)
        })
    }
}

/// A record or a stub. What else stands in such a line is covered by no hash, so nothing else may.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordLine {
    r#type: Kind,
    writer: String,
    seq: i64,
    id: EventId,
    session: Option<SessionId>,
    occurred_at: UnixMillis,
    monotonic_millis: i64,
    kind: String,
    prev_hash: String,
    commitment: String,
    salt: Option<String>,
    body: Option<String>,
    hash: String,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Record,
    Stub,
}

/// `writer` is that of the record before, which is mostly the same one.
fn look(line: &[u8], trusted: &TrustedKeys, writer: &mut Arc<str>) -> Line {
    if let Ok(line) = serde_json::from_slice::<RecordLine>(line) {
        return record(line, trusted, writer);
    }
    if line.len() > LONGEST_OTHER_LINE {
        return Line::Unreadable;
    }
    match serde_json::from_slice::<ExportLine>(line) {
        Ok(ExportLine::Chain(header)) if header.writer.len() > LONGEST_NAME => Line::Unreadable,
        Ok(ExportLine::Export(header))
            if header.scope.session.as_ref().is_some_and(|id| id.as_str().len() > LONGEST_NAME) =>
        {
            Line::Unreadable
        }
        Ok(
            line @ (ExportLine::Export(_) | ExportLine::Chain(_) | ExportLine::Checkpoint { .. } | ExportLine::End(_)),
        ) => Line::Other(Box::new(line)),
        Ok(ExportLine::Record(_) | ExportLine::Stub(_)) | Err(_) => Line::Unreadable,
    }
}

fn record(line: RecordLine, trusted: &TrustedKeys, writer: &mut Arc<str>) -> Line {
    if line.writer.len() > LONGEST_NAME {
        return Line::Unreadable;
    }
    let stub = line.r#type == Kind::Stub;
    let (salt, body) = match (stub, line.salt, line.body) {
        (true, None, None) => (String::new(), String::new()),
        (false, Some(salt), Some(body)) => (salt, body),
        _ => return Line::Unreadable,
    };
    let record = ChainedRecord {
        writer: line.writer,
        seq: line.seq,
        id: line.id,
        session: line.session,
        occurred_at: line.occurred_at,
        monotonic_millis: line.monotonic_millis,
        kind: line.kind,
        prev_hash: line.prev_hash,
        commitment: line.commitment,
        salt,
        body,
        hash: line.hash,
    };
    let wrong = chain::verify_alone(&record).err();
    let says = if wrong.is_none() && !stub { says(&record, trusted) } else { None };
    let erased = chain::is_erased(&record);
    if **writer != *record.writer {
        *writer = Arc::from(record.writer.as_str());
    }
    let ChainedRecord { seq, session, occurred_at, kind, prev_hash, hash, .. } = record;
    let is_special = stub || erased || wrong.is_some() || says.is_some();
    let special = is_special.then(|| Box::new(Special { stub, erased, kind, session, wrong, says }));
    Line::Record(Seen { writer: writer.clone(), seq, occurred_at, prev_hash, hash, special })
}

fn says(record: &ChainedRecord, trusted: &TrustedKeys) -> Option<Says> {
    let detail = || Some(serde_json::from_str::<EventBody>(&record.body).ok()?.detail);
    match record.kind.as_str() {
        "bodies_erased" => {
            let EventDetail::BodiesErased { records, .. } = detail()? else { return None };
            Some(Says::Erased(records))
        }
        "records_retired" => {
            let EventDetail::RecordsRetired { writer, through, hash } = detail()? else { return None };
            Some(Says::Retired { writer, through, hash })
        }
        "checkpoint_witnessed" => {
            let EventDetail::CheckpointWitnessed { note } = detail()? else { return None };
            // What a device keeps are the words of servers; its own, brought in this way, are none.
            trusted.checkpoint(&note).ok().filter(|seen| is_server(&seen.signer)).map(Says::Witnessed)
        }
        _ if is_server(&record.writer) => approval::hear(record, trusted).map(Says::OfApproval),
        _ => None,
    }
}

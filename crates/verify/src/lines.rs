//! Lines of a file, read in pieces and looked at by all cores.

use std::{
    io::{self, BufRead},
    num::NonZero,
    thread,
};

use amberglass_domain::chain::{self, ChainError};
use amberglass_wire::{
    audit::ChainedRecord,
    export::{ExportLine, RecordStub},
};

/// Bytes of lines that are looked at together; bounds the memory.
const PIECE_BYTES: usize = 4 << 20;
/// A longer line is not one of an export.
const LONGEST_LINE: usize = 64 << 20;

/// A line, and what can be said of it without its neighbours.
pub(crate) enum Line {
    /// Its own hash and commitment were computed again.
    Record {
        record: Box<ChainedRecord>,
        stub: bool,
        wrong: Option<ChainError>,
    },
    Other(Box<ExportLine>),
    Unreadable,
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
        while piece.bytes.len() < PIECE_BYTES {
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
    pub(crate) fn look<T>(&self, meanwhile: impl FnOnce() -> T) -> (Vec<Line>, T) {
        let lines = self.lines();
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let share = lines.len().div_ceil(cores).max(1);
        thread::scope(|scope| {
            let workers: Vec<_> = lines
                .chunks(share)
                .map(|some| scope.spawn(move || some.iter().map(|line| look(line)).collect::<Vec<Line>>()))
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

/// As exports are written; the shortest way for nearly all lines.
const RECORD: &[u8] = br#"{"type":"record","#;
const STUB: &[u8] = br#"{"type":"stub","#;

fn look(line: &[u8]) -> Line {
    if line.starts_with(RECORD) {
        return serde_json::from_slice::<ChainedRecord>(line).map_or(Line::Unreadable, |record| alone(record, false));
    }
    if line.starts_with(STUB) {
        return serde_json::from_slice::<RecordStub>(line)
            .map_or(Line::Unreadable, |stub| alone(stub.into_record(), true));
    }
    match serde_json::from_slice::<ExportLine>(line) {
        Ok(ExportLine::Record(record)) => alone(record, false),
        Ok(ExportLine::Stub(stub)) => alone(stub.into_record(), true),
        Ok(
            line @ (ExportLine::Export(_) | ExportLine::Chain(_) | ExportLine::Checkpoint { .. } | ExportLine::End(_)),
        ) => Line::Other(Box::new(line)),
        Err(_) => Line::Unreadable,
    }
}

fn alone(record: ChainedRecord, stub: bool) -> Line {
    let wrong = chain::verify_alone(&record).err();
    Line::Record { record: Box::new(record), stub, wrong }
}

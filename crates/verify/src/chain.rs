//! One writer's records as they pass.

use std::collections::HashSet;

use amberglass_domain::{
    chain::{ChainError, GENESIS, device_of},
    erasure::{ErasedBodies, can_be_erased},
};
use amberglass_wire::{UnixMillis, event_stream::ChainHead, export::ChainHeader};

use crate::{
    fault::{Fault, Place, time},
    lines::Seen,
    passed::Passed,
    report::{ChainReport, Report},
    signed::{Expected, Signed, is_before, is_server, speaks_for},
};

/// Characters; an honest one has fewer.
const MOST_OF_A_KIND: usize = 64;

/// What is known once everything was read.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) exported_at: Option<UnixMillis>,
    /// Writer, number and hash of the last record of each stretch that servers say was retired.
    pub(crate) retired: HashSet<(String, i64, String)>,
    pub(crate) erased: ErasedBodies,
}

/// What a chain says to a signature over one of its records.
pub(crate) enum Heard {
    /// The record is still to come, or the signature says nothing about it.
    Awaited,
    /// It has passed and is the one that was signed, or is missing.
    TooLate,
    /// It has passed and is another one; up to here others were found to be as signed.
    Contradicted { after: i64 },
}

/// Records without a gap, each a line after the other, whose bodies are gone.
struct Erased {
    line: u64,
    from: i64,
    through: i64,
}

pub(crate) struct Chain {
    header: ChainHeader,
    line: u64,
    /// The last record, as it calls itself; the hash is empty before the first.
    head: ChainHead,
    /// By number, what has been signed of records that have not passed yet.
    signed: Expected,
    /// Up to here a signature was found to fit, whoever's it is.
    confirmed: i64,
    /// Up to here the writer's own was; `None` when the reader does not know its key.
    own: Option<i64>,
    begins: bool,
    /// When the first record was written, where it is not the first of all.
    resumes_at: Option<UnixMillis>,
    /// What the first record names as the one before it, if it is the one that the header promises.
    before: Option<String>,
    passed: Passed,
    erased: Vec<Erased>,
    report: ChainReport,
}

impl Chain {
    /// `pinned`: the reader has the key of the writer, or of the device whose chain it is. `signed` is what is known of it so far.
    pub(crate) fn new(header: ChainHeader, line: u64, pinned: bool, mut signed: Expected) -> Self {
        let signed = signed.split_off(&header.after);
        let mut report = ChainReport::new(header.writer.clone());
        report.vouched_through = header.after;
        let head = ChainHead { seq: header.after, hash: String::new() };
        let (confirmed, begins) = (header.after, header.after == 0);
        let own = pinned.then_some(header.after);
        let (resumes_at, before, passed, erased) = (None, None, Passed::default(), Vec::new());
        Self { header, line, head, signed, confirmed, own, begins, resumes_at, before, passed, erased, report }
    }

    fn at(&self, line: u64, seq: i64) -> Place {
        Place { line, writer: Some(self.header.writer.clone()), seq: Some(seq) }
    }

    pub(crate) fn writer(&self) -> &str {
        &self.header.writer
    }

    /// When its first record here was written, if there were some before.
    pub(crate) fn resumes_at(&self) -> Option<UnixMillis> {
        self.resumes_at
    }

    /// Has the record held against this, now or when it comes.
    pub(crate) fn expect(&mut self, seq: i64, signed: Signed) -> Heard {
        if !speaks_for(&signed.signer, &self.header.writer) || seq < self.header.after {
            return Heard::Awaited;
        }
        if seq <= self.head.seq && !self.head.hash.is_empty() {
            let same = if seq == self.header.after {
                self.before.as_ref().is_none_or(|before| *before == signed.hash)
            } else {
                self.passed.is(seq, &signed.hash).unwrap_or(true)
            };
            let after = self.confirmed.min(seq.saturating_sub(1));
            return if same { Heard::TooLate } else { Heard::Contradicted { after } };
        }
        let known = self.signed.entry(seq).or_default();
        match known.iter_mut().find(|word| (&word.hash, &word.signer) == (&signed.hash, &signed.signer)) {
            Some(word) => word.issued_at = word.issued_at.min(signed.issued_at),
            None => known.push(signed),
        }
        Heard::Awaited
    }

    /// Holds a record against the one before. After a break the chain goes on from what is there. False when the record
    /// itself is not one that stands in this chain.
    pub(crate) fn record(&mut self, record: Seen, line: u64, report: &mut Report) -> bool {
        if *record.writer != *self.header.writer {
            report.add(self.at(line, record.seq), Fault::ForeignRecord { found: (*record.writer).to_owned() });
            return false;
        }
        let Seen { seq, occurred_at, prev_hash, hash, special, .. } = record;
        let wrong = special.as_ref().and_then(|special| special.wrong.as_ref());
        let is_itself = wrong.is_none();
        match wrong {
            Some(ChainError::WrongCommitment { .. }) => report.add(self.at(line, seq), Fault::BodyChanged),
            Some(
                ChainError::WrongHash { .. }
                | ChainError::Gap { .. }
                | ChainError::Unlinked { .. }
                | ChainError::ForeignWriter { .. },
            ) => report.add(self.at(line, seq), Fault::HeaderChanged),
            None => {}
        }
        let expected = self.head.seq.saturating_add(1);
        if seq < expected {
            report.add(self.at(line, seq), Fault::OutOfOrder { expected });
            return false;
        }
        if seq > expected {
            let missing = Fault::Missing { from: expected, through: seq.saturating_sub(1) };
            report.add(self.at(line, expected), missing);
        } else if !self.head.hash.is_empty() {
            if prev_hash != self.head.hash {
                report.add(self.at(line, seq), Fault::PredecessorReplaced);
            }
        } else if seq == 1 {
            if prev_hash != GENESIS {
                report.add(self.at(line, seq), Fault::BeginningReplaced);
            }
        } else if !self.fits(self.header.after, &prev_hash, line, report) {
            report.add(self.at(line, seq), Fault::BeginningReplaced);
        }
        match special {
            Some(special) if special.stub => self.report.stubs = self.report.stubs.saturating_add(1),
            Some(special) if special.erased => {
                self.report.erased = self.report.erased.saturating_add(1);
                if can_be_erased(&special.kind) {
                    self.erased(line, seq);
                } else {
                    // Whoever wrote the file chose the length.
                    let kind = special.kind.chars().take(MOST_OF_A_KIND).collect();
                    report.add(self.at(line, seq), Fault::EvidenceErased { kind });
                }
            }
            Some(_) | None => self.report.records = self.report.records.saturating_add(1),
        }
        if seq == self.header.after.saturating_add(1) {
            self.before = Some(prev_hash);
        }
        if self.header.after > 0 {
            self.resumes_at = self.resumes_at.or(Some(occurred_at));
        }
        self.passed.add(seq, &hash);
        self.report.first = self.report.first.or(Some(seq));
        self.report.last = Some(seq);
        self.fits(seq, &hash, line, report);
        if !self.signed.is_empty() {
            // What was signed of missing records was missed where they are missing.
            self.signed = self.signed.split_off(&seq);
        }
        self.head = ChainHead { seq, hash };
        is_itself
    }

    /// Whether it is on record who erased it is known when everything was read: that may stand in any chain.
    fn erased(&mut self, line: u64, seq: i64) {
        match self.erased.last_mut() {
            Some(last)
                if last.through.saturating_add(1) == seq
                    && last.line.saturating_add(seq.abs_diff(last.from)) == line =>
            {
                last.through = seq;
            }
            Some(_) | None => self.erased.push(Erased { line, from: seq, through: seq }),
        }
    }

    /// Whether every signature over this number is one over this hash.
    fn fits(&mut self, seq: i64, hash: &str, line: u64, report: &mut Report) -> bool {
        let mut fits = true;
        for Signed { hash: signed, signer, .. } in self.signed.remove(&seq).unwrap_or_default() {
            if signed != hash {
                fits = false;
                if seq > self.header.after {
                    report.add(self.at(line, seq), Fault::WrittenAnew { signer, after: self.confirmed });
                }
                continue;
            }
            self.confirmed = seq;
            if signer == device_of(&self.header.writer) {
                self.own = self.own.map(|own| own.max(seq));
            }
            if is_server(&signer) {
                self.begins |= seq == self.header.after;
                self.report.vouched_through = seq;
                self.report.vouched_for_by = Some(signer);
            }
        }
        fits
    }

    /// What is missing in it and at its ends. `whole`: all of it was asked for, so that it has to begin with its first record
    /// or behind what was retired.
    pub(crate) fn finish(mut self, known: &Known, whole: bool, report: &mut Report) -> ChainReport {
        for Erased { line, from, through } in std::mem::take(&mut self.erased) {
            for seq in (from..=through).filter(|seq| !known.erased.names(&self.header.writer, *seq)) {
                report.add(self.at(line.saturating_add(seq.abs_diff(from)), seq), Fault::BodyGone);
            }
        }
        let (ChainHeader { after, through, to_head, .. }, last) = (self.header.clone(), self.head.seq);
        let end = self.at(self.line, last);
        if last < through {
            report.add(end.clone(), Fault::CutOff { last, promised: through });
        } else if last > through || through <= after {
            report.add(end.clone(), Fault::ChainHeader);
        }
        for (seen, signed) in std::mem::take(&mut self.signed) {
            // That the export has less than it promises was said above. Where all was asked for, its end was.
            if !(to_head || whole) || seen <= through {
                continue;
            }
            let before = |signed: &&Signed| known.exported_at.is_some_and(|at| is_before(signed.issued_at, at));
            let words = || signed.iter().filter(before);
            // A device may have signed what it never delivered: that is no word about the server.
            if let Some(Signed { signer, issued_at, .. }) = words().find(|word| is_server(&word.signer)) {
                let fault = Fault::RolledBack { signer: signer.clone(), seen, at: time(*issued_at) };
                report.add(end.clone(), fault);
            } else if let Some(Signed { signer, issued_at, .. }) = words().next() {
                let fault = Fault::SignedNotHeld { signer: signer.clone(), seen, at: time(*issued_at) };
                report.add(end.clone(), fault);
            }
        }
        if whole && after > 0 {
            let said = self.before.take().map(|hash| (self.header.writer.clone(), after, hash));
            if !said.is_some_and(|said| known.retired.contains(&said)) {
                report.add(self.at(self.line, after.saturating_add(1)), Fault::BeginningMissing { after });
            }
        }
        if !self.begins {
            report.add(self.at(self.line, after.saturating_add(1)), Fault::BeginningNotVouchedFor);
        }
        if let Some(own) = self.own.filter(|own| *own < last && !is_server(&self.header.writer)) {
            report.add(end.clone(), Fault::NotSignedByWriter { from: own.saturating_add(1) });
        }
        if self.report.vouched_through < last {
            let from = self.report.vouched_through.saturating_add(1);
            report.add(end, Fault::EndNotVouchedFor { from });
        }
        self.report
    }
}

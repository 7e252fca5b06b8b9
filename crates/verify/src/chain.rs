//! One writer's records as they pass.

use amberglass_domain::chain::{ChainError, GENESIS, is_erased};
use amberglass_wire::{UnixMillis, audit::ChainedRecord, event_stream::ChainHead, export::ChainHeader};

use crate::{
    fault::{Fault, Place, time},
    report::{ChainReport, Report},
    signed::{Expected, Signed, is_before, is_server},
};

/// A line of the export that holds a record.
pub(crate) struct Found {
    pub(crate) record: ChainedRecord,
    /// Its body was left out.
    pub(crate) stub: bool,
    /// What is wrong with it alone.
    pub(crate) wrong: Option<ChainError>,
    pub(crate) line: u64,
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
    report: ChainReport,
}

impl Chain {
    /// `pinned`: the reader has the writer's own key. `signed` is what is known of it so far.
    pub(crate) fn new(header: ChainHeader, line: u64, pinned: bool, mut signed: Expected) -> Self {
        let signed = signed.split_off(&header.after);
        let mut report = ChainReport::new(header.writer.clone());
        report.vouched_through = header.after;
        let head = ChainHead { seq: header.after, hash: String::new() };
        let (confirmed, begins) = (header.after, header.after == 0);
        let own = pinned.then_some(header.after);
        Self { header, line, head, signed, confirmed, own, begins, report }
    }

    fn at(&self, line: u64, seq: i64) -> Place {
        Place { line, writer: Some(self.header.writer.clone()), seq: Some(seq) }
    }

    /// Has the records that are to come held against this. False when the one that it names has passed.
    pub(crate) fn expect(&mut self, seq: i64, signed: Signed) -> bool {
        let speaks = signed.signer == self.header.writer || is_server(&signed.signer);
        if !speaks || seq < self.header.after {
            return true;
        }
        if seq <= self.head.seq && !self.head.hash.is_empty() {
            return false;
        }
        let known = self.signed.entry(seq).or_default();
        if !known.iter().any(|word| (&word.hash, &word.signer) == (&signed.hash, &signed.signer)) {
            known.push(signed);
        }
        true
    }

    /// Holds a record against the one before. After a break the chain goes on from what is there.
    pub(crate) fn record(&mut self, found: Found, report: &mut Report) {
        let Found { record, stub, wrong, line } = found;
        let place = self.at(line, record.seq);
        if record.writer != self.header.writer {
            report.add(place, Fault::ForeignRecord { found: record.writer });
            return;
        }
        match wrong {
            Some(ChainError::WrongCommitment { .. }) => report.add(place.clone(), Fault::BodyChanged),
            Some(
                ChainError::WrongHash { .. }
                | ChainError::Gap { .. }
                | ChainError::Unlinked { .. }
                | ChainError::ForeignWriter { .. },
            ) => report.add(place.clone(), Fault::HeaderChanged),
            None => {}
        }
        let expected = self.head.seq.saturating_add(1);
        if record.seq < expected {
            report.add(place, Fault::OutOfOrder { expected });
            return;
        }
        if record.seq > expected {
            let missing = Place { seq: Some(expected), ..place };
            report.add(missing, Fault::Missing { from: expected, through: record.seq.saturating_sub(1) });
        } else if !self.head.hash.is_empty() {
            if record.prev_hash != self.head.hash {
                report.add(place, Fault::PredecessorReplaced);
            }
        } else if record.seq == 1 {
            if record.prev_hash != GENESIS {
                report.add(place, Fault::BeginningReplaced);
            }
        } else if !self.fits(self.header.after, &record.prev_hash, line, report) {
            report.add(place, Fault::BeginningReplaced);
        }
        match (stub, is_erased(&record)) {
            (true, _) => self.report.stubs = self.report.stubs.saturating_add(1),
            (false, true) => {
                self.report.erased = self.report.erased.saturating_add(1);
                report.add(self.at(line, record.seq), Fault::BodyGone);
            }
            (false, false) => self.report.records = self.report.records.saturating_add(1),
        }
        self.report.first = self.report.first.or(Some(record.seq));
        self.report.last = Some(record.seq);
        self.fits(record.seq, &record.hash, line, report);
        // What was signed of missing records was missed where they are missing.
        self.signed = self.signed.split_off(&record.seq);
        self.head = ChainHead { seq: record.seq, hash: record.hash };
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
            if signer == self.header.writer {
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

    /// What is missing at its ends.
    pub(crate) fn finish(mut self, exported_at: Option<UnixMillis>, report: &mut Report) -> ChainReport {
        let (ChainHeader { after, through, to_head, .. }, last) = (self.header.clone(), self.head.seq);
        let end = self.at(self.line, last);
        if last < through {
            report.add(end.clone(), Fault::CutOff { last, promised: through });
        } else if last > through || through <= after {
            report.add(end.clone(), Fault::ChainHeader);
        }
        for (seen, signed) in std::mem::take(&mut self.signed) {
            // That the export has less than it promises was said above.
            if !to_head || seen <= through {
                continue;
            }
            let before = |signed: &&Signed| exported_at.is_some_and(|at| is_before(signed.issued_at, at));
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

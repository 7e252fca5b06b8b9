//! The whole file, from its header to its end.

use std::{
    collections::HashMap,
    io::{self, BufRead},
};

use amberglass_domain::{
    chain::device_of,
    checkpoint::{Checkpoint, CheckpointError, TrustedKeys},
};
use amberglass_wire::export::{ChainHeader, ExportEnd, ExportHeader, ExportLine, ExportScope, FORMAT, end_text};
use sha2::{Digest as _, Sha256};

use crate::{
    approval::Heard as OfApproval,
    chain::{Chain, Heard, Known},
    fault::{Fault, Place},
    lines::{Line, Piece, Says, Seen, Special},
    report::{ChainReport, Report},
    requests::{Found, Moment, Requests, Unseen},
    signed::{Signed, SignedHeads, is_server},
};

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("the file could not be read")]
    Io(#[from] io::Error),
    #[error("line {line} of the witness is not a checkpoint of a trusted key: {why}")]
    Witness { line: usize, why: CheckpointError },
}

/// Checkpoints that somebody else has kept.
#[derive(Debug, Default)]
pub struct Witnesses {
    pub checkpoints: Vec<Checkpoint>,
    /// Lines that are none, such as one that a loss of power has torn.
    pub unreadable: Vec<usize>,
}

/// Checkpoints as a server writes them beside its database, or as they stand in an export: each line one of JSON.
///
/// # Errors
/// When one of them is not signed by a trusted key: a witness that can't be believed is none.
pub fn witnesses(from: impl BufRead, trusted: &TrustedKeys) -> Result<Witnesses, ReadError> {
    let mut found = Witnesses::default();
    for (number, line) in from.lines().enumerate() {
        let (line, number) = (line?, number.saturating_add(1));
        if line.trim().is_empty() {
            continue;
        }
        let Ok(ExportLine::Checkpoint { note }) = serde_json::from_str(&line) else {
            found.unreadable.push(number);
            continue;
        };
        found.checkpoints.push(trusted.checkpoint(&note).map_err(|why| ReadError::Witness { line: number, why })?);
    }
    Ok(found)
}

/// Reads an export once, from front to back.
///
/// # Errors
/// When it can't be read; everything that is wrong with it is in the report.
pub fn verify(mut from: impl BufRead, trusted: &TrustedKeys, witnesses: &[Checkpoint]) -> Result<Report, ReadError> {
    let mut reading = Reading::default();
    for checkpoint in witnesses {
        reading.signed.add(checkpoint);
    }
    let mut piece = Piece::read(&mut from)?;
    let mut looked = Vec::new();
    while !piece.ends.is_empty() {
        // While others look at its lines, this piece is hashed, the lines before it are put together, and the next is read.
        let before = std::mem::take(&mut looked);
        let next;
        (looked, next) = piece.look(trusted, || {
            reading.hash(&piece);
            reading.lines(before, trusted);
            Piece::read(&mut from)
        });
        piece = next?;
    }
    reading.lines(looked, trusted);
    Ok(reading.finish())
}

/// What is remembered while reading.
#[derive(Default)]
struct Reading {
    hasher: Sha256,
    /// SHA-256 of everything before the last whole line.
    before_last: Vec<u8>,
    lines: u64,
    header: Option<ExportHeader>,
    chains: Vec<Chain>,
    /// Where in `chains` each writer is.
    writers: HashMap<String, usize>,
    /// Behind the header of a chain that is there twice.
    outside: bool,
    /// Of the export and from elsewhere.
    signed: SignedHeads,
    /// What records say about what is gone from others.
    known: Known,
    requests: Requests,
    end: Option<(u64, ExportEnd)>,
    end_is_signed: Option<Result<(), CheckpointError>>,
    report: Report,
}

impl Reading {
    fn hash(&mut self, piece: &Piece) {
        // The end covers what stands before it, so the last line is added only when another one follows.
        self.hasher.update(std::mem::take(&mut self.before_last));
        let last = piece.ends.iter().rev().nth(1).copied().unwrap_or_default();
        let (most, rest) = piece.bytes.split_at(last);
        self.hasher.update(most);
        rest.clone_into(&mut self.before_last);
    }

    fn here(&self) -> Place {
        Place { line: self.lines, ..Place::default() }
    }

    fn lines(&mut self, lines: Vec<Line>, trusted: &TrustedKeys) {
        for line in lines {
            self.line(line, trusted);
        }
    }

    fn line(&mut self, line: Line, trusted: &TrustedKeys) {
        self.lines = self.lines.saturating_add(1);
        if self.end.is_some() {
            self.report.add(self.here(), Fault::BehindTheEnd);
        }
        if self.lines == 1 && !matches!(&line, Line::Other(other) if matches!(**other, ExportLine::Export(_))) {
            self.report.add(self.here(), Fault::NoHeader);
        }
        match line {
            Line::Unreadable => self.report.add(self.here(), Fault::NotALine),
            Line::Record(mut record) => {
                let (seq, line) = (record.seq, self.lines);
                if let Some(special) = record.special.as_deref().filter(|special| special.stub)
                    && let Some(header) = &self.header
                    && let Some(fault) = kept_back(&header.scope, &record, special)
                {
                    let place = Place { writer: Some((*record.writer).to_owned()), seq: Some(seq), ..self.here() };
                    self.report.add(place, fault);
                }
                let Some(chain) = self.chains.last_mut().filter(|_| !self.outside) else {
                    self.report.add(self.here(), Fault::OutsideOfChains);
                    return;
                };
                let says = record.special.as_mut().and_then(|special| special.says.take());
                let at = record.occurred_at;
                let erased = record.special.as_ref().filter(|special| special.erased && !special.stub);
                let erased = erased.filter(|_| is_server(&record.writer)).map(|special| special.kind.clone());
                let stands = chain.record(record, line, &mut self.report);
                if stands && let Some(kind) = erased {
                    self.requests.erased(&kind, at);
                }
                if stands && let Some(says) = says {
                    let writer = chain.writer().to_owned();
                    let moment = Moment { chain: self.chains.len().saturating_sub(1), line, seq, at };
                    self.said(&writer, moment, says);
                }
            }
            Line::Other(other) => self.other(*other, trusted),
        }
    }

    fn other(&mut self, line: ExportLine, trusted: &TrustedKeys) {
        match line {
            ExportLine::Export(header) => {
                if self.header.is_some() || self.lines > 1 {
                    self.report.add(self.here(), Fault::SecondHeader);
                } else {
                    if header.format != FORMAT {
                        self.report.add(self.here(), Fault::UnknownFormat { found: header.format.clone() });
                    }
                    self.header = Some(header);
                }
            }
            ExportLine::Chain(header) => self.chain(header, trusted),
            ExportLine::Checkpoint { note } => match trusted.checkpoint(&note) {
                Ok(checkpoint) => self.checkpoint(&checkpoint, true),
                // A device may be unknown to the reader: its own word adds to the server's, it does not replace it. Under a
                // name that is known another key is somebody else's.
                Err(CheckpointError::UnknownKey) if !claims_known(&note, trusted) => {}
                Err(why) => self.report.add(self.here(), Fault::CheckpointNotSigned { why }),
            },
            ExportLine::End(end) => {
                let signed = trusted.open(&end.note).and_then(|(text, names)| {
                    let Some(header) = &self.header else { return Err(CheckpointError::NotACheckpoint) };
                    let says = end_text(&header.server, header.exported_at, end.lines, &end.sha256);
                    match text == says && names.contains(&header.server) && is_server(&header.server) {
                        true => Ok(()),
                        false => Err(CheckpointError::UnknownKey),
                    }
                });
                self.end_is_signed = Some(signed);
                self.end = Some((self.lines, end));
            }
            // Lines of this kind come as records.
            ExportLine::Record(_) | ExportLine::Stub(_) => self.report.add(self.here(), Fault::NotALine),
        }
    }

    /// What this record of `writer`, which is as it was written, says.
    fn said(&mut self, writer: &str, moment: Moment, says: Says) {
        match says {
            Says::Erased(records) => self.known.erased.add(writer, moment.seq, &records),
            Says::Retired { writer: of, through, hash } => {
                if is_server(writer) {
                    self.known.retired.insert((of, through, hash));
                }
            }
            Says::Witnessed(checkpoint) => self.checkpoint(&checkpoint, false),
            Says::OfApproval(OfApproval { faults, is_signed, fact }) => {
                self.report.decisions = self.report.decisions.saturating_add(u64::from(is_signed));
                let found = fact.map(|fact| self.requests.add(moment, fact)).unwrap_or_default();
                self.found(faults.into_iter().map(|fault| (moment, fault)).chain(found));
            }
        }
    }

    fn found(&mut self, found: impl IntoIterator<Item = Found>) {
        for (Moment { chain, line, seq, .. }, fault) in found {
            let writer = self.chains.get(chain).map(|chain| chain.writer().to_owned());
            self.report.add(Place { line, writer, seq: Some(seq) }, fault);
        }
    }

    /// Held against each other once every chain was read.
    fn requests(&mut self, scope: &ExportScope) {
        let ExportScope { session, device, since, until, portal: _, customer: _, staff: _ } = scope;
        // All records of a request are about the same people, and in scope by them or not at all.
        let in_part = session.is_some() || device.is_some() || since.is_some() || until.is_some();
        let cuts_sessions = since.is_some() || until.is_some();
        let cuts_sign_ins = *scope != ExportScope::default();
        let servers = self.chains.iter().filter(|chain| is_server(chain.writer()));
        let begins = servers.filter_map(Chain::resumes_at).collect();
        let found =
            std::mem::take(&mut self.requests).finish(&Unseen { cuts_sign_ins, in_part, cuts_sessions, begins });
        self.found(found);
    }

    /// `beside`: it stands beside the records of a chain that it names, and before them then. What a device has kept comes
    /// when it comes.
    fn checkpoint(&mut self, checkpoint: &Checkpoint, beside: bool) {
        self.signed.add(checkpoint);
        let current = self.chains.len().saturating_sub(1);
        for known in &checkpoint.heads {
            let Some(place) = self.writers.get(&known.writer) else { continue };
            let Some(chain) = self.chains.get_mut(*place) else { continue };
            let signed = Signed::of(checkpoint, &known.head);
            match chain.expect(known.head.seq, signed) {
                Heard::Awaited => {}
                Heard::TooLate => {
                    if beside && *place == current {
                        self.report.add(self.here(), Fault::CheckpointTooLate);
                    }
                }
                Heard::Contradicted { after } => {
                    let (writer, seq) = (Some(known.writer.clone()), Some(known.head.seq));
                    let fault = Fault::WrittenAnew { signer: checkpoint.signer.clone(), after };
                    self.report.add(Place { writer, seq, ..self.here() }, fault);
                }
            }
        }
    }

    fn chain(&mut self, header: ChainHeader, trusted: &TrustedKeys) {
        let place = Place { writer: Some(header.writer.clone()), ..self.here() };
        self.outside = self.writers.contains_key(&header.writer);
        if self.outside {
            // What follows belongs to no chain then.
            self.report.add(place, Fault::ChainTwice);
            return;
        }
        let everything = self.header.as_ref().is_some_and(|header| header.scope == ExportScope::default());
        if everything && !header.to_head {
            self.report.add(place.clone(), Fault::StopsBeforeTheEnd);
        }
        self.writers.insert(header.writer.clone(), self.chains.len());
        if is_server(&header.writer) && !is_known_server(&header.writer, trusted) {
            self.report.add(place, Fault::UnknownServer);
        }
        let pinned = trusted.names().any(|name| name == device_of(&header.writer));
        let signed = self.signed.of(&header.writer);
        self.chains.push(Chain::new(header, self.lines, pinned, signed));
    }

    /// Where all of a chain was asked for it is not missing if somebody had seen anything of it.
    fn missing_chains(&mut self, header: &ExportHeader) {
        for (writer, seen, Signed { signer, .. }) in self.signed.highest_before(header.exported_at) {
            if !self.writers.contains_key(&writer) && asks_for_all_of(&header.scope, &writer) {
                let place = Place { writer: Some(writer), ..Place::default() };
                self.report.add(place, Fault::ChainMissing { signer, seen });
            }
        }
    }

    fn finish(mut self) -> Report {
        let header = self.header.take();
        if let Some(header) = &header {
            self.missing_chains(header);
            self.requests(&header.scope);
        }
        self.known.exported_at = header.as_ref().map(|header| header.exported_at);
        let whole = |writer: &str| header.as_ref().is_some_and(|header| asks_for_all_of(&header.scope, writer));
        let reports: Vec<ChainReport> = std::mem::take(&mut self.chains)
            .into_iter()
            .map(|chain| {
                let whole = whole(chain.writer());
                chain.finish(&self.known, whole, &mut self.report)
            })
            .collect();
        match (self.end, self.end_is_signed) {
            (Some((line, end)), Some(signed)) => {
                let place = Place { line, ..Place::default() };
                let sha256 = hex::encode(self.hasher.finalize());
                if end.lines != line.saturating_sub(1) || end.sha256 != sha256 {
                    self.report.add(place.clone(), Fault::EndContradicts);
                }
                if let Err(why) = signed {
                    self.report.add(place, Fault::EndNotSigned { why });
                }
            }
            _ => self.report.add(Place { line: self.lines, ..Place::default() }, Fault::NoEnd),
        }
        self.report.close(header, reports, self.lines);
        self.report
    }
}

/// Whether it names a server, or somebody whose key the reader has.
fn claims_known(note: &str, trusted: &TrustedKeys) -> bool {
    amberglass_domain::checkpoint::claimed(note)
        .is_none_or(|checkpoint| is_server(&checkpoint.signer) || trusted.names().any(|name| name == checkpoint.signer))
}

/// Whether the reader has the key of the server whose chain it is, or whose operator's.
fn is_known_server(writer: &str, trusted: &TrustedKeys) -> bool {
    let server = writer.strip_suffix(":operator").unwrap_or(writer);
    trusted.names().any(|name| name == writer || name == server)
}

/// Whether the export has to hold the chain from its beginning: it is of everything, or of this device.
fn asks_for_all_of(scope: &ExportScope, writer: &str) -> bool {
    let of_device = ExportScope { device: scope.device.clone(), ..ExportScope::default() };
    *scope == of_device && scope.device.as_ref().is_none_or(|device| device_of(writer) == device.as_str())
}

/// What a stub must not stand for, as far as its header tells. With several conditions it can't tell.
fn kept_back(scope: &ExportScope, record: &Seen, special: &Special) -> Option<Fault> {
    let writer: &str = &record.writer;
    let ExportScope { session, portal, customer, staff, device, since, until } = scope;
    let others = portal.is_some() || customer.is_some() || staff.is_some();
    match (session, device, others) {
        (Some(asked), None, false) if since.is_none() && until.is_none() => {
            let session = special.session.clone().filter(|session| session == asked)?;
            Some(Fault::KeptBack { session })
        }
        (None, Some(device), false) if since.is_none() && until.is_none() => {
            (device_of(writer) == device.as_str()).then_some(Fault::LeftOut)
        }
        (None, None, false) => {
            let within = since.is_none_or(|since| record.occurred_at >= since)
                && until.is_none_or(|until| record.occurred_at < until);
            within.then_some(Fault::LeftOut)
        }
        _ => None,
    }
}

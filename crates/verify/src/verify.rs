//! The whole file, from its header to its end.

use std::io::{self, BufRead};

use amberglass_domain::checkpoint::{Checkpoint, CheckpointError, TrustedKeys};
use amberglass_wire::export::{ChainHeader, ExportEnd, ExportHeader, ExportLine, FORMAT, end_text};
use sha2::{Digest as _, Sha256};

use crate::{
    chain::{Chain, Found},
    fault::{Fault, Place},
    lines::{Line, Piece},
    report::{ChainReport, Report},
};

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("the file could not be read")]
    Io(#[from] io::Error),
    #[error("line {line} of the witness is not a checkpoint of a trusted key: {why}")]
    Witness { line: usize, why: CheckpointError },
    #[error("line {line} of the witness is not one of JSON with a note")]
    WitnessLine { line: usize },
}

/// A checkpoint that somebody else has kept.
pub type Witness = Checkpoint;

/// Checkpoints as a server writes them beside its database, or as they stand in an export: each line one of JSON.
///
/// # Errors
/// When one of them is not signed by a trusted key: a witness that can't be believed is none.
pub fn witnesses(from: impl BufRead, trusted: &TrustedKeys) -> Result<Vec<Witness>, ReadError> {
    let mut found = Vec::new();
    for (number, line) in from.lines().enumerate() {
        let (line, number) = (line?, number.saturating_add(1));
        if line.trim().is_empty() {
            continue;
        }
        let Ok(ExportLine::Checkpoint { note }) = serde_json::from_str(&line) else {
            return Err(ReadError::WitnessLine { line: number });
        };
        found.push(trusted.checkpoint(&note).map_err(|why| ReadError::Witness { line: number, why })?);
    }
    Ok(found)
}

/// Reads an export once, from front to back.
///
/// # Errors
/// When it can't be read; everything that is wrong with it is in the report.
pub fn verify(mut from: impl BufRead, trusted: &TrustedKeys, witnesses: &[Witness]) -> Result<Report, ReadError> {
    let mut reading = Reading { checkpoints: witnesses.to_vec(), ..Reading::default() };
    let mut piece = Piece::read(&mut from)?;
    while !piece.ends.is_empty() {
        // The next piece is read and this one hashed while others look at its lines.
        let (looked, done) = piece.look(|| {
            reading.hash(&piece);
            Piece::read(&mut from)
        });
        for line in looked {
            reading.line(line, trusted);
        }
        piece = done?;
    }
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
    /// Of the export and from elsewhere.
    checkpoints: Vec<Checkpoint>,
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
            Line::Record { record, stub, wrong } => {
                let (place, line) = (self.here(), self.lines);
                let asked = self.header.as_ref().and_then(|header| header.scope.session.as_ref());
                if stub && record.session.is_some() && record.session.as_ref() == asked {
                    let place = Place { writer: Some(record.writer.clone()), seq: Some(record.seq), ..place.clone() };
                    if let Some(session) = record.session.clone() {
                        self.report.add(place, Fault::KeptBack { session });
                    }
                }
                match self.chains.last_mut() {
                    Some(chain) => chain.record(Found { record: *record, stub, wrong, line }, &mut self.report),
                    None => self.report.add(place, Fault::OutsideOfChains),
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
            ExportLine::Chain(header) => self.chain(header),
            ExportLine::Checkpoint { note } => match trusted.checkpoint(&note) {
                Ok(checkpoint) => {
                    if !self.chains.last_mut().is_none_or(|chain| chain.expect(&checkpoint)) {
                        self.report.add(self.here(), Fault::CheckpointTooLate);
                    }
                    self.checkpoints.push(checkpoint);
                }
                // A device may be unknown to the reader: its own word adds to the server's, it does not replace it.
                Err(CheckpointError::UnknownKey) if !claims_server(&note) => {}
                Err(why) => self.report.add(self.here(), Fault::CheckpointNotSigned { why }),
            },
            ExportLine::End(end) => {
                let signed = trusted.open(&end.note).and_then(|(text, names)| {
                    let Some(header) = &self.header else { return Err(CheckpointError::NotACheckpoint) };
                    let says = end_text(&header.server, header.exported_at, end.lines, &end.sha256);
                    match text == says && names.contains(&header.server) {
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

    fn chain(&mut self, header: ChainHeader) {
        let place = Place { writer: Some(header.writer.clone()), ..self.here() };
        if self.chains.iter().any(|chain| chain.writer() == header.writer) {
            self.report.add(place, Fault::ChainTwice);
        }
        let mut chain = Chain::new(header, self.lines);
        for checkpoint in &self.checkpoints {
            chain.expect(checkpoint);
        }
        self.chains.push(chain);
    }

    fn finish(mut self) -> Report {
        let exported_at = self.header.as_ref().map(|header| header.exported_at);
        let chains = std::mem::take(&mut self.chains);
        let mut reports: Vec<ChainReport> =
            chains.into_iter().map(|chain| chain.finish(exported_at, &mut self.report)).collect();
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
        for chain in &mut reports {
            let faulty = |(place, _): &(Place, Fault)| place.writer.as_ref() == Some(&chain.writer);
            chain.whole = !self.report.faults.iter().any(faulty);
        }
        self.report.chains = reports;
        self.report.lines = self.lines;
        self.report
    }
}

fn claims_server(note: &str) -> bool {
    amberglass_domain::checkpoint::claimed(note).is_none_or(|checkpoint| checkpoint.signer.starts_with("server:"))
}

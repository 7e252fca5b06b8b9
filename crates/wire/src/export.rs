//! An export of the audit log: one JSON object a line, checked offline by `amberglass-verify`.
//!
//! First [`ExportLine::Export`], then for each writer in scope its [`ExportLine::Chain`] with every record of the stretch
//! that the export covers, in order and without gaps: whole records where they are in scope, stubs where they are not.
//! Signed checkpoints stand beside them, and [`ExportLine::End`] closes the file. What is trusted is never in here: the
//! keys come from a file that the reader already has.

use serde::{Deserialize, Serialize};

use crate::{CustomerId, DeviceId, EventId, PortalId, SessionId, StaffId, UnixMillis, audit::ChainedRecord};

/// Of the lines and what they mean; a reader refuses one that it does not know.
pub const FORMAT: &str = "amberglass/export/v1";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ExportLine {
    Export(ExportHeader),
    /// The records up to the next line of this kind are of this writer.
    Chain(ChainHeader),
    Record(ChainedRecord),
    Stub(RecordStub),
    /// A signed note as `domain::checkpoint` reads it, of whoever signed it.
    Checkpoint {
        note: String,
    },
    End(ExportEnd),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportHeader {
    /// [`FORMAT`]
    pub format: String,
    /// `server:<id>`: who made it, and whose signature closes it.
    pub server: String,
    pub exported_at: UnixMillis,
    /// Name and version of the program that wrote it.
    pub client: String,
    pub scope: ExportScope,
}

/// What was asked for; what is `None` narrows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportScope {
    pub session: Option<SessionId>,
    pub portal: Option<PortalId>,
    pub customer: Option<CustomerId>,
    pub staff: Option<StaffId>,
    pub device: Option<DeviceId>,
    pub since: Option<UnixMillis>,
    /// Exclusive.
    pub until: Option<UnixMillis>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainHeader {
    pub writer: String,
    /// Number of the record before the first one here; zero when the stretch begins with the chain. Otherwise a checkpoint
    /// of this export names that record.
    pub after: i64,
    /// Number of the last record here.
    pub through: i64,
    /// The last record here was the last one that the server held of this writer.
    pub to_head: bool,
}

/// A record that is not in scope: enough for the chain, nothing of what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordStub {
    pub writer: String,
    pub seq: i64,
    pub id: EventId,
    pub session: Option<SessionId>,
    pub occurred_at: UnixMillis,
    pub monotonic_millis: i64,
    pub kind: String,
    pub prev_hash: String,
    pub commitment: String,
    pub hash: String,
}

impl From<ChainedRecord> for RecordStub {
    fn from(record: ChainedRecord) -> Self {
        let ChainedRecord {
            writer,
            seq,
            id,
            session,
            occurred_at,
            monotonic_millis,
            kind,
            prev_hash,
            commitment,
            hash,
            ..
        } = record;
        Self { writer, seq, id, session, occurred_at, monotonic_millis, kind, prev_hash, commitment, hash }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportEnd {
    /// Lines before this one.
    pub lines: u64,
    /// SHA-256 of all bytes before this line, hex.
    pub sha256: String,
    /// [`end_text`], signed by the exporting server.
    pub note: String,
}

/// What the exporting server signs of a finished export.
pub fn end_text(server: &str, exported_at: UnixMillis, lines: u64, sha256: &str) -> String {
    format!("amberglass/export-end/v1\n{server} {}\n{lines} {sha256}\n", exported_at.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_names_its_type() {
        let line = ExportLine::Checkpoint { note: "n".into() };
        assert_eq!(serde_json::to_string(&line).unwrap(), r#"{"type":"checkpoint","note":"n"}"#);
        let chain = ChainHeader { writer: "device-1".into(), after: 0, through: 3, to_head: true };
        assert_eq!(
            serde_json::to_string(&ExportLine::Chain(chain)).unwrap(),
            r#"{"type":"chain","writer":"device-1","after":0,"through":3,"to_head":true}"#
        );
    }
}

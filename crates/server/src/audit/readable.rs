//! Exports to be read and not to be verified: CSV for a spreadsheet, OCSF for a security product.
//!
//! They hold the records in scope, in the order of the log, without the chains around them: nothing in them shows what was left
//! out or changed since.

use std::io::{self, Write};

use amberglass_domain::spreadsheet;
use amberglass_wire::{UnixMillis, audit::EventBody, export::ExportScope};
use serde_json::Value;

use super::{ExportError, gone::Gone, ocsf};
use crate::store::{Store, StoredRecord};

/// Records that are read at once.
const PAGE: u32 = 500;

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readable {
    /// RFC 4180, with a heading; the columns are described in `docs/operations.md`.
    Csv,
    /// JSON Lines of OCSF events.
    Ocsf,
}

/// The columns, in their order.
const COLUMNS: [&str; 17] = [
    "position",
    "occurred_at",
    "received_at",
    "kind",
    "staff",
    "customer",
    "portal",
    "session",
    "device",
    "policy_hash",
    "client",
    "erased",
    "detail",
    "writer",
    "seq",
    "id",
    "hash",
];

/// What a record says, as far as it is understood.
pub(super) struct Said {
    pub body: Option<EventBody>,
    /// What only its kind carries, as it is written.
    pub detail: Value,
}

impl Said {
    fn of(stored: &StoredRecord) -> Self {
        let written: Value = serde_json::from_str(&stored.record.body).unwrap_or_default();
        let mut detail = written.get("detail").cloned().unwrap_or_default();
        if let Some(fields) = detail.as_object_mut() {
            fields.remove("kind");
        }
        Self { body: serde_json::from_value(written).ok(), detail }
    }
}

/// Writes what is in scope; how many records there were.
///
/// # Errors
/// When the log cannot be read or `out` not be written.
pub async fn read_out(store: &Store, scope: &ExportScope, form: Readable, out: impl Write) -> Result<u64, ExportError> {
    let gone = Gone::read(store).await?;
    let mut sheet = Sheet::new(form, out)?;
    let (mut after, mut records) = (0, 0_u64);
    loop {
        let page = store.log_in_scope(scope, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.position;
        for stored in page.iter().filter(|stored| stored.record.seq > gone.through(&stored.record.writer)) {
            sheet.add(stored)?;
            records = records.saturating_add(1);
        }
    }
    sheet.end()?;
    Ok(records)
}

enum Sheet<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Ocsf(W),
}

impl<W: Write> Sheet<W> {
    fn new(form: Readable, out: W) -> Result<Self, ExportError> {
        Ok(match form {
            Readable::Csv => {
                let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
                writer.write_record(COLUMNS).map_err(from_csv)?;
                Self::Csv(Box::new(writer))
            }
            Readable::Ocsf => Self::Ocsf(out),
        })
    }

    fn add(&mut self, stored: &StoredRecord) -> Result<(), ExportError> {
        let said = Said::of(stored);
        match self {
            Self::Csv(writer) => writer.write_record(row(stored, &said).map(guarded)).map_err(from_csv),
            Self::Ocsf(out) => {
                let mut line = serde_json::to_vec(&ocsf::event(stored, &said)).map_err(ExportError::Encode)?;
                line.push(b'\n');
                out.write_all(&line).map_err(ExportError::Write)
            }
        }
    }

    fn end(self) -> Result<(), ExportError> {
        match self {
            Self::Csv(mut writer) => writer.flush(),
            Self::Ocsf(mut out) => out.flush(),
        }
        .map_err(ExportError::Write)
    }
}

fn from_csv(error: csv::Error) -> ExportError {
    ExportError::Write(io::Error::other(error))
}

fn row(stored: &StoredRecord, said: &Said) -> [String; COLUMNS.len()] {
    let StoredRecord { position, received_at, record, subject, is_page: _ } = stored;
    let text = |id: Option<&str>| id.unwrap_or_default().to_owned();
    [
        position.to_string(),
        time(record.occurred_at),
        time(*received_at),
        record.kind.clone(),
        text(subject.staff.as_ref().map(|id| id.as_str())),
        text(subject.customer.as_ref().map(|id| id.as_str())),
        text(subject.portal.as_ref().map(|id| id.as_str())),
        text(record.session.as_ref().map(|id| id.as_str())),
        text(subject.device.as_ref().map(|id| id.as_str())),
        text(said.body.as_ref().and_then(|body| body.subject.policy_hash.as_deref())),
        text(said.body.as_ref().map(|body| body.client.as_str())),
        u8::from(record.body.is_empty()).to_string(),
        if said.detail.is_null() { String::new() } else { said.detail.to_string() },
        record.writer.clone(),
        record.seq.to_string(),
        record.id.0.clone(),
        record.hash.clone(),
    ]
}

fn guarded(cell: String) -> String {
    format!("{}{cell}", spreadsheet::lead(&cell))
}

/// RFC 3339, in UTC, with milliseconds.
fn time(at: UnixMillis) -> String {
    chrono::DateTime::from_timestamp_millis(at.0)
        .map_or_else(|| at.0.to_string(), |at| at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}

#[cfg(test)]
mod tests {
    use amberglass_wire::{
        EventId, SessionId, StaffId,
        audit::{ChainedRecord, EventDetail, EventSubject},
    };

    use super::*;

    fn stored(subject: EventSubject, detail: EventDetail) -> StoredRecord {
        let kind = detail.kind().to_owned();
        let body = EventBody::new(subject.clone(), "=client", detail);
        StoredRecord {
            position: 7,
            received_at: UnixMillis(1_767_603_600_500),
            record: ChainedRecord {
                writer: "server:s1".into(),
                seq: 3,
                id: EventId::new("id-3"),
                session: subject.session.clone(),
                occurred_at: UnixMillis(1_767_603_600_000),
                monotonic_millis: 1,
                kind,
                prev_hash: String::new(),
                commitment: String::new(),
                salt: "00".into(),
                body: serde_json::to_string(&body).unwrap(),
                hash: "abc".into(),
            },
            subject,
            is_page: false,
        }
    }

    fn sheet(form: Readable, all: &[StoredRecord]) -> String {
        let mut out = Vec::new();
        let mut sheet = Sheet::new(form, &mut out).unwrap();
        for stored in all {
            sheet.add(stored).unwrap();
        }
        sheet.end().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_sheet_has_a_line_for_each_record_and_no_formula() {
        let subject = EventSubject {
            staff: Some(StaffId::new("@staff")),
            customer: Some(amberglass_wire::CustomerId::new("-1+1")),
            session: Some(SessionId::new("s, \"quoted\"")),
            ..EventSubject::default()
        };
        let note = EventDetail::NoteAdded { note: "=cmd|' /C calc'!A0\nand, more \"words\"".into() };
        let mut erased = stored(subject.clone(), note.clone());
        (erased.record.salt, erased.record.body) = (String::new(), String::new());
        let text = sheet(Readable::Csv, &[stored(subject, note), erased]);
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(lines[0], COLUMNS.join(","));
        assert_eq!(
            lines[1],
            "7,2026-01-05T09:00:00.000Z,2026-01-05T09:00:00.500Z,note_added,'@staff,'-1+1,,\"s, \"\"quoted\"\"\",,,'=client,0,\
             \"{\"\"note\"\":\"\"=cmd|' /C calc'!A0\\nand, more \\\"\"words\\\"\"\"\"}\",server:s1,3,id-3,abc"
        );
        assert!(lines[2].contains(",note_added,'@staff,") && lines[2].contains(",,1,,server:s1,"), "{}", lines[2]);
        assert_eq!((lines.len(), lines[3]), (4, ""));
    }

    #[test]
    fn whatever_begins_like_a_formula_is_a_text() {
        for (cell, expected) in [
            ("=1", "'=1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@a", "'@a"),
            ("\ta", "'\ta"),
            ("\ra", "'\ra"),
            ("\n=1", "'\n=1"),
            (" =1", "' =1"),
            ("\u{a0}\u{1}@a", "'\u{a0}\u{1}@a"),
            ("＝1", "'＝1"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(guarded(cell.into()), expected);
        }
    }

    #[test]
    fn each_line_is_an_event_of_its_class() {
        let subject = EventSubject {
            staff: Some(StaffId::new("staff-1")),
            device: Some(amberglass_wire::DeviceId::new("device-1")),
            session: Some(SessionId::new("session-1")),
            ..EventSubject::default()
        };
        let page = EventDetail::PageViewed {
            method: "GET".into(),
            path: "/invoices".into(),
            document: true,
            rule: None,
            unmasked: Vec::new(),
        };
        let failed = EventDetail::SignInFailed { email_hash: "hash".into() };
        let text = sheet(
            Readable::Ocsf,
            &[
                stored(subject.clone(), EventDetail::StaffSignedIn {}),
                stored(EventSubject::default(), failed),
                stored(subject.clone(), page),
                stored(subject, EventDetail::StaffDisabled { by: None }),
            ],
        );
        let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let numbers = |event: &Value| {
            ["category_uid", "class_uid", "activity_id", "type_uid", "status_id"]
                .map(|name| event[name].as_i64().unwrap())
        };
        assert_eq!(numbers(&events[0]), [3, 3002, 1, 300_201, 1]);
        assert_eq!(numbers(&events[1]), [3, 3002, 1, 300_201, 2]);
        assert_eq!(numbers(&events[2]), [6, 6003, 2, 600_302, 1]);
        assert_eq!(numbers(&events[3]), [3, 3004, 3, 300_403, 1]);
        for event in &events {
            assert_eq!(
                (&event["time"], &event["metadata"]["version"]),
                (&1_767_603_600_000_i64.into(), &"1.1.0".into())
            );
            assert!(event["severity_id"].is_number() && event["metadata"]["product"]["vendor_name"].is_string());
            assert!(event["actor"]["user"]["uid"].is_string() || event["actor"]["invoked_by"].is_string(), "{event}");
        }
        // What each class has to have.
        assert_eq!(
            (&events[0]["user"]["uid"], &events[0]["service"]["name"]),
            (&"staff-1".into(), &"Amberglass".into())
        );
        assert_eq!(events[1]["user"]["uid"], "hash");
        assert_eq!(
            (&events[2]["api"]["operation"], &events[2]["src_endpoint"]["uid"]),
            (&"page_viewed".into(), &"device-1".into())
        );
        assert_eq!(events[2]["http_request"]["url"]["path"], "/invoices");
        assert_eq!((&events[3]["entity"]["type"], &events[3]["entity"]["uid"]), (&"user".into(), &"staff-1".into()));
        assert_eq!(
            (&events[2]["unmapped"]["session"], &events[2]["device"]["uid"]),
            (&"session-1".into(), &"device-1".into())
        );
    }
}

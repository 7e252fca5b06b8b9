//! A trail into a file: asked for, chosen, on record, and only then written.

use std::{
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use amberglass_domain::spreadsheet;
use amberglass_wire::{
    UnixMillis,
    audit::{ChainedRecord, EventBody, EventDetail, EventSubject, TrailFormat},
    export::ExportLine,
};

use crate::{
    controller::Actor,
    errors,
    host::WantedFile,
    input::Reply,
    trail::ReadTrail,
    view::{ConsoleErrorCode, ExportView, TrailEventView, UiError},
};

/// Of the trail that is open.
pub(crate) enum Export {
    Idle,
    Choosing { number: u64, format: TrailFormat },
    Writing { number: u64, format: TrailFormat, file: PathBuf, text: String, records: u32 },
    Done { file: PathBuf, records: u32 },
    Failed(UiError),
}

impl Export {
    pub fn view(&self) -> ExportView {
        match self {
            Self::Idle => ExportView::Idle {},
            Self::Choosing { format, .. } => ExportView::Choosing { format: *format },
            Self::Writing { format, .. } => ExportView::Writing { format: *format },
            Self::Done { file, records } => {
                ExportView::Done { file: file.to_string_lossy().into_owned(), records: *records }
            }
            Self::Failed(error) => ExportView::Failed { error: error.clone() },
        }
    }
}

impl Actor {
    /// Asks for a file. One question at a time.
    pub fn export_trail(&mut self, format: TrailFormat) {
        let number = self.next_number();
        let Some(trail) = &mut self.trail else { return };
        let Some(read) = &trail.read else { return };
        if matches!(trail.export, Export::Choosing { .. } | Export::Writing { .. }) {
            return;
        }
        let ending = match format {
            TrailFormat::JsonLines => "jsonl",
            TrailFormat::Csv => "csv",
        };
        let wanted = WantedFile { number, suggested_name: format!("amberglass-{}.{ending}", read.about.code) };
        trail.export = Export::Choosing { number, format };
        self.ports.host.choose_file(&wanted);
    }

    /// What is shown now goes on record as taken along; nothing is written before.
    pub fn on_trail_file_chosen(&mut self, number: u64, file: Option<PathBuf>) {
        let staff = self.account().map(|account| account.staff.id.clone());
        let device = self.device.known().map(|device| device.id);
        let client = self.ports.client.clone();
        let Some(trail) = &mut self.trail else { return };
        let Export::Choosing { number: asked, format } = trail.export else { return };
        if asked != number {
            return;
        }
        trail.export = Export::Idle;
        let (Some(file), Some(staff), Some(read)) = (file, staff, &trail.read) else { return };
        let about = &read.about;
        let subject = EventSubject {
            staff: Some(staff),
            customer: Some(about.customer.id.clone()),
            portal: Some(about.customer.portal.clone()),
            session: Some(about.id.clone()),
            device,
            policy_hash: Some(about.policy_hash.clone()),
        };
        let text = match text_of(read, format) {
            Ok(text) => text,
            Err(error) => {
                tracing::error!(%error, "the trail could not be put into lines");
                trail.export = Export::Failed(errors::console(ConsoleErrorCode::ExportFailed, Some(error.to_string())));
                return;
            }
        };
        let records = u32::try_from(read.records.len()).unwrap_or(u32::MAX);
        trail.export = Export::Writing { number, format, file, text, records };
        let body = EventBody::new(subject, client, EventDetail::TrailExported { format });
        self.record(body, move |durable| Reply::ExportRecorded { number, durable });
    }

    pub fn on_export_recorded(&mut self, number: u64, durable: bool) {
        let Some(trail) = &mut self.trail else { return };
        let Export::Writing { number: asked, file, text, .. } = &mut trail.export else { return };
        if *asked != number {
            return;
        }
        if !durable {
            trail.export = Export::Failed(errors::console(ConsoleErrorCode::ExportNotRecorded, None));
            return;
        }
        let (file, text) = (file.clone(), std::mem::take(text));
        self.spawn(async move {
            let written =
                tokio::task::spawn_blocking(move || write_new(&file, &text).map_err(|error| failed(&file, &error)));
            let result = written
                .await
                .unwrap_or_else(|error| Err(errors::console(ConsoleErrorCode::ExportFailed, Some(error.to_string()))));
            Reply::Exported { number, result }
        });
    }

    pub fn on_exported(&mut self, number: u64, result: Result<(), UiError>) {
        let Some(trail) = &mut self.trail else { return };
        let Export::Writing { number: asked, file, records, .. } = &trail.export else { return };
        if *asked != number {
            return;
        }
        trail.export = match result {
            Ok(()) => Export::Done { file: file.clone(), records: *records },
            Err(error) => Export::Failed(error),
        };
        // The record of it is a line of this trail.
        self.read_trail();
    }
}

fn text_of(read: &ReadTrail, format: TrailFormat) -> serde_json::Result<String> {
    match format {
        TrailFormat::JsonLines => json_lines(&read.records),
        TrailFormat::Csv => Ok(csv(&read.events, &read.records)),
    }
}

/// Records as they are, in the form of the server's own export, so that the same program checks them.
fn json_lines(records: &[ChainedRecord]) -> serde_json::Result<String> {
    let mut text = String::new();
    for record in records {
        text.push_str(&serde_json::to_string(&ExportLine::Record(record.clone()))?);
        text.push('\n');
    }
    Ok(text)
}

fn csv(lines: &[TrailEventView], records: &[ChainedRecord]) -> String {
    let mut text = String::from(
        "\"time (UTC)\",\"recorded by\",\"number\",\"event\",\"what\",\"because\",\"blocked\",\"unsent\",\"erased\",\"id\",\"hash\"\r\n",
    );
    for (line, record) in lines.iter().zip(records) {
        let cells = [
            utc(line.occurred_at),
            record.writer.clone(),
            record.seq.to_string(),
            line.kind.clone(),
            line.what.clone(),
            line.because.clone(),
            yes(line.blocked),
            yes(line.unsent),
            yes(line.erased),
            line.id.clone(),
            record.hash.clone(),
        ];
        let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
        let _ = write!(text, "{}\r\n", cells.join(","));
    }
    text
}

fn yes(is: bool) -> String {
    if is { "yes" } else { "" }.to_owned()
}

fn utc(at: UnixMillis) -> String {
    chrono::DateTime::from_timestamp_millis(at.0)
        .map_or_else(|| at.0.to_string(), |time| time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}

fn quoted(cell: &str) -> String {
    format!("\"{}{}\"", spreadsheet::lead(cell), cell.replace('"', "\"\""))
}

/// For this person alone; a file that is there already stays as it is, and of a file that can't be written to its end
/// nothing stays.
pub(crate) fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let written = fill(&mut file, text);
    if written.is_err()
        && let Err(error) = std::fs::remove_file(path)
    {
        tracing::warn!(%error, "a file that was not written to its end could not be removed");
    }
    written
}

fn fill(file: &mut File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

pub(crate) fn failed(path: &Path, error: &io::Error) -> UiError {
    tracing::warn!(%error, "nothing could be written to the file that was chosen");
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    errors::console(code_of(error.kind()), Some(name))
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the kinds of the standard library, which are many and grow")]
const fn code_of(kind: io::ErrorKind) -> ConsoleErrorCode {
    match kind {
        io::ErrorKind::AlreadyExists => ConsoleErrorCode::ExportExists,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            ConsoleErrorCode::ExportDiskFull
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => ConsoleErrorCode::ExportNotAllowed,
        _ => ConsoleErrorCode::ExportFailed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_becomes_a_formula() {
        let table = [
            ("/invoices", "\"/invoices\""),
            ("=HYPERLINK(\"https://evil.test\")", "\"'=HYPERLINK(\"\"https://evil.test\"\")\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            (" =1", "\"' =1\""),
            ("\u{feff}x", "\"\u{feff}x\""),
            ("\t=1", "\"'\t=1\""),
            ("\rx", "\"'\rx\""),
            ("two\nlines, and a comma", "\"two\nlines, and a comma\""),
            ("", "\"\""),
        ];
        for (cell, expected) in table {
            assert_eq!(quoted(cell), expected);
        }
    }

    #[test]
    fn a_file_that_is_there_is_left_as_it_is_and_a_new_one_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trail.csv");
        write_new(&path, "first").unwrap();
        let error = write_new(&path, "second").unwrap_err();
        assert_eq!(code_of(error.kind()), ConsoleErrorCode::ExportExists);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "first");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_called_so() {
        let mut full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let error = fill(&mut full, "anything").unwrap_err();
        assert_eq!(code_of(error.kind()), ConsoleErrorCode::ExportDiskFull);
    }

    #[test]
    fn what_stands_in_the_way_is_told_apart() {
        assert_eq!(code_of(io::ErrorKind::PermissionDenied), ConsoleErrorCode::ExportNotAllowed);
        assert_eq!(code_of(io::ErrorKind::ReadOnlyFilesystem), ConsoleErrorCode::ExportNotAllowed);
        assert_eq!(code_of(io::ErrorKind::NotFound), ConsoleErrorCode::ExportFailed);
    }
}

//! What helps whoever looks after a computer to find a fault, as a text that a person can read before they send it. Nothing
//! about customers, sessions or what was entered: the log never has it, and what looks like it is taken out all the same.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use amberglass_wire::UnixMillis;

use crate::{
    controller::Actor,
    errors, export,
    host::WantedFile,
    input::Reply,
    view::{ConnectionView, ConsoleErrorCode, DiagnosticsView, UiError},
};

/// Of the log, the newest.
const LOG_LINES: usize = 400;
/// What is shorter than this is part of too many words to be anybody's name.
const SHORTEST_NAME: usize = 3;
/// Nobody's log lines are longer.
const LONGEST_LINE: usize = 2_000;

pub(crate) enum Diagnostics {
    Idle,
    Choosing { number: u64 },
    Writing { number: u64, file: PathBuf },
    Done { file: PathBuf },
    Failed(UiError),
}

impl Diagnostics {
    pub fn view(&self) -> DiagnosticsView {
        match self {
            Self::Idle => DiagnosticsView::Idle {},
            Self::Choosing { .. } => DiagnosticsView::Choosing {},
            Self::Writing { .. } => DiagnosticsView::Writing {},
            Self::Done { file } => DiagnosticsView::Done { file: file.to_string_lossy().into_owned() },
            Self::Failed(error) => DiagnosticsView::Failed { error: error.clone() },
        }
    }
}

impl Actor {
    /// Asks for a file. One question at a time.
    pub fn save_diagnostics(&mut self) {
        if matches!(self.diagnostics, Diagnostics::Choosing { .. } | Diagnostics::Writing { .. }) {
            return;
        }
        let number = self.next_number();
        self.diagnostics = Diagnostics::Choosing { number };
        let day = utc(self.ports.clock.now()).chars().take("2026-11-29".len()).collect::<String>();
        self.ports
            .host
            .choose_file(&WantedFile { number, suggested_name: format!("amberglass-diagnostics-{day}.txt") });
    }

    pub fn on_diagnostics_file_chosen(&mut self, file: Option<PathBuf>) {
        let Some(file) = file else {
            self.diagnostics = Diagnostics::Idle;
            return;
        };
        let (number, text) = (self.next_number(), self.diagnostics_text());
        let (names, log_dir) = (self.names_of_people(), self.ports.log_dir.clone());
        self.diagnostics = Diagnostics::Writing { number, file: file.clone() };
        self.spawn(async move {
            let written = tokio::task::spawn_blocking(move || {
                let whole = format!("{text}\nLog, its last {LOG_LINES} lines\n{}", log_lines(&log_dir));
                export::write_new(&file, &without(&whole, &names)).map_err(|error| export::failed(&file, &error))
            });
            let result = written
                .await
                .unwrap_or_else(|error| Err(errors::console(ConsoleErrorCode::ExportFailed, Some(error.to_string()))));
            Reply::DiagnosticsWritten { number, result }
        });
    }

    pub fn on_diagnostics_written(&mut self, number: u64, result: Result<(), UiError>) {
        let Diagnostics::Writing { number: asked, file } = &self.diagnostics else { return };
        if *asked != number {
            return;
        }
        self.diagnostics = match result {
            Ok(()) => Diagnostics::Done { file: file.clone() },
            Err(error) => Diagnostics::Failed(error),
        };
    }

    fn diagnostics_text(&self) -> String {
        let now = self.ports.clock.now();
        let mut text = format!(
            "Amberglass diagnostics of {}\n\
             Nothing about customers, sessions or what was entered is in here. Read it before you send it.\n",
            utc(now)
        );
        let queue = self.queue_view();
        let connection = match &self.connection.view {
            ConnectionView::Connecting {} => "connecting".to_owned(),
            ConnectionView::Online {} => "online".to_owned(),
            ConnectionView::Offline { since } => format!("offline since {}", utc(*since)),
        };
        let server = self.first_run.found.as_ref();
        let known = |value: Option<&String>| value.map_or_else(|| "not known".to_owned(), Clone::clone);
        let preferences = serde_json::to_string(&self.preferences.view()).unwrap_or_else(|error| error.to_string());
        let mut parts: Vec<(&str, Vec<(&str, String)>)> =
            vec![("Program and computer", self.ports.host.surroundings())];
        parts.push((
            "Server",
            vec![
                ("address", self.ports.server.address.clone()),
                ("fixed from outside", self.ports.server.fixed.to_string()),
                ("version", known(server.map(|server| &server.version))),
                ("connection", connection),
                ("signed in", self.account().is_some().to_string()),
            ],
        ));
        parts.push((
            "Record",
            vec![
                ("waiting", queue.waiting.to_string()),
                ("oldest", queue.oldest_at.map_or_else(|| "none".to_owned(), utc)),
                ("held", queue.held.to_string()),
                ("why held", queue.hold.map_or_else(|| "not held".to_owned(), |hold| format!("{hold:?}"))),
                ("last delivered", queue.last_synced_at.map_or_else(|| "not in this run".to_owned(), utc)),
                ("free disk, MiB", known(queue.free_disk_mebibytes.map(|free| free.to_string()).as_ref())),
                ("put aside in this run", queue.replaced.is_some().to_string()),
                ("sessions refused", queue.refusal.is_some().to_string()),
            ],
        ));
        parts.push(("Settings", vec![("as kept", preferences)]));
        for (part, facts) in parts {
            let _ = writeln!(text, "\n{part}");
            for (name, value) in facts {
                let _ = writeln!(text, "  {name}: {value}");
            }
        }
        text
    }

    /// What this console knows of people now.
    fn names_of_people(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        if let Some(account) = self.account() {
            names.extend([account.staff.name.clone(), account.staff.email.clone()]);
        }
        let seen = self.running.as_ref().map(|running| &running.session);
        let ended = self.ended.as_ref().map(|ended| &ended.session);
        for session in seen.into_iter().chain(ended).chain(&self.sessions.sessions).chain(&self.live.list.sessions) {
            names.extend([session.customer.name.clone(), session.reason.text.clone()]);
            names.extend([session.customer.id.as_str().to_owned()]);
            names.extend(session.reason.ticket.clone());
        }
        for customer in &self.finding.view.customers {
            names.extend([customer.name.clone(), customer.email.clone(), customer.id.as_str().to_owned()]);
        }
        names
    }
}

fn utc(at: UnixMillis) -> String {
    chrono::DateTime::from_timestamp_millis(at.0)
        .map_or_else(|| at.0.to_string(), |time| time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
}

/// The newest lines of the newest files; a log that cannot be read says why.
fn log_lines(folder: &Path) -> String {
    let read = || -> io::Result<Vec<String>> {
        let mut files: Vec<PathBuf> = fs::read_dir(folder)?
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| path.is_file())
            .collect();
        // Their names carry the day.
        files.sort();
        let mut lines = Vec::new();
        for file in files.iter().rev() {
            let bytes = fs::read(file)?;
            let text = String::from_utf8_lossy(&bytes);
            let mut older: Vec<String> = text.lines().map(|line| line.chars().take(LONGEST_LINE).collect()).collect();
            older.append(&mut lines);
            lines = older;
            if lines.len() >= LOG_LINES {
                break;
            }
        }
        Ok(lines.split_off(lines.len().saturating_sub(LOG_LINES)))
    };
    match read() {
        Ok(lines) => lines.iter().map(|line| format!("  {line}\n")).collect(),
        Err(error) => format!("  it cannot be read: {error}\n"),
    }
}

/// Without these names, without e-mail addresses, and without what stands behind the host in an address.
fn without(text: &str, names: &BTreeSet<String>) -> String {
    // The longest first: a name may hold another one.
    let mut names: Vec<&String> = names.iter().filter(|name| name.chars().count() >= SHORTEST_NAME).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let mut cleared = String::with_capacity(text.len());
    for line in text.lines() {
        let mut line = line.to_owned();
        for name in &names {
            line = line.replace(name.as_str(), "[name]");
        }
        let words: Vec<String> = line.split(' ').map(plain_word).collect();
        cleared.push_str(&words.join(" "));
        cleared.push('\n');
    }
    cleared
}

fn plain_word(word: &str) -> String {
    if let Some((scheme, rest)) = word.split_once("://") {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default();
        let more = if rest.len() > host.len() { "/[path]" } else { "" };
        return format!("{scheme}://{host}{more}");
    }
    let is_address = word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    if is_address { "[e-mail]".to_owned() } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_addresses_of_people_and_paths_of_pages_are_taken_out() {
        let names = BTreeSet::from(["Jane".into(), "Jane Doe".into(), "1042".into(), "Al".into()]);
        let table = [
            ("Jane Doe looked", "[name] looked\n"),
            ("Jane wrote to jane@example.com about 1042", "[name] wrote to [e-mail] about [name]\n"),
            ("error=https://portal.test/customers/77?token=abc failed", "error=https://portal.test/[path] failed\n"),
            ("asked https://amy:secret@portal.test", "asked https://portal.test/[path]\n"),
            ("server=http://127.0.0.1:7400 fixed=false", "server=http://127.0.0.1:7400 fixed=false\n"),
            // Too short to be told from other words.
            ("Also @ noon", "Also @ noon\n"),
        ];
        for (line, expected) in table {
            assert_eq!(without(line, &names), expected);
        }
    }

    #[test]
    fn the_newest_lines_of_the_log_come_in_their_order_over_the_change_of_the_day() {
        let folder = tempfile::tempdir().unwrap();
        let lines = |from: usize, until: usize| (from..until).map(|n| format!("line {n}\n")).collect::<String>();
        fs::write(folder.path().join("amberglass.2026-11-27.log"), "long ago\n").unwrap();
        fs::write(folder.path().join("amberglass.2026-11-28.log"), lines(0, 300)).unwrap();
        fs::write(folder.path().join("amberglass.2026-11-29.log"), lines(300, 500)).unwrap();
        let text = log_lines(folder.path());
        assert_eq!(text.lines().count(), LOG_LINES);
        assert_eq!(text.lines().next(), Some("  line 100"));
        assert_eq!(text.lines().last(), Some("  line 499"));
        assert!(log_lines(&folder.path().join("missing")).contains("it cannot be read"));
    }
}

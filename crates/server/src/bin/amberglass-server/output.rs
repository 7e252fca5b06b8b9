//! What a command answers: words and tables for people, `--json` for programs.

use std::io::Write as _;

use amberglass_wire::UnixMillis;
use anyhow::Context as _;
use clap::Args;
use serde::Serialize;

/// How the answer is written.
#[derive(Args, Clone, Copy)]
pub struct Output {
    /// Answer as JSON.
    #[arg(long)]
    json: bool,
}

impl Output {
    /// Rows under their headings; `nothing` stands in place of an empty table.
    ///
    /// # Errors
    /// When the standard output is gone.
    pub fn table<const N: usize>(
        self,
        headings: [&str; N],
        rows: &[[String; N]],
        nothing: &str,
        json: &impl Serialize,
    ) -> anyhow::Result<()> {
        if self.json {
            return write(&serde_json::to_string_pretty(json)?);
        }
        if rows.is_empty() {
            return write(nothing);
        }
        write(&drawn(headings, rows))
    }

    /// One sentence, and rows under it where there are any.
    ///
    /// # Errors
    /// When the standard output is gone.
    pub fn sentence_and_table<const N: usize>(
        self,
        sentence: &str,
        headings: [&str; N],
        rows: &[[String; N]],
        json: &impl Serialize,
    ) -> anyhow::Result<()> {
        if self.json {
            return write(&serde_json::to_string_pretty(json)?);
        }
        write(sentence)?;
        if rows.is_empty() { Ok(()) } else { write(&format!("\n{}", drawn(headings, rows))) }
    }

    /// One sentence of what was done.
    ///
    /// # Errors
    /// When the standard output is gone.
    pub fn done(self, sentence: &str, json: &impl Serialize) -> anyhow::Result<()> {
        if self.json { write(&serde_json::to_string_pretty(json)?) } else { write(sentence) }
    }
}

/// To the minute, in UTC: the operator's machine may be anywhere.
pub fn time(at: UnixMillis) -> String {
    match chrono::DateTime::from_timestamp_millis(at.0) {
        Some(at) => at.format("%Y-%m-%d %H:%M UTC").to_string(),
        None => at.0.to_string(),
    }
}

fn write(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).context("the answer could not be written")
}

/// One line of many; false when nobody reads any more, as after `| head`.
///
/// # Errors
/// When the standard output fails otherwise.
pub fn line(text: &str) -> anyhow::Result<bool> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error).context("the answer could not be written"),
    }
}

/// What stands beside the answer: for the person who waits for it.
pub fn remark(text: &str) {
    // With the standard error gone there is nobody left to tell.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// What went wrong, with its causes, for a person at a terminal.
pub fn complain(error: &anyhow::Error) {
    let mut text = format!("error: {error}");
    let mut last = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        // A transparent error says the same as its cause.
        if cause != last {
            text.push_str("\n  because: ");
            text.push_str(&cause);
        }
        last = cause;
    }
    // With the standard error gone there is nobody left to tell.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

fn drawn<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .chain(headings.get(column).map(|heading| heading.chars().count()))
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(headings.map(str::to_uppercase).iter().map(String::as_str).collect())];
    lines.extend(rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_their_headings() {
        let rows = [["Amy Lee".to_owned(), "agent".to_owned()], ["Bo".to_owned(), String::new()]];
        assert_eq!(drawn(["name", "role"], &rows), "NAME     ROLE\nAmy Lee  agent\nBo");
    }
}

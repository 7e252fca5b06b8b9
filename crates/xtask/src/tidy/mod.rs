//! Rules of the repository that no compiler holds. Each reads texts and returns findings; none changes anything.

mod capabilities;
mod dependencies;
mod intended_behaviour;
mod lock_files;
mod machine_paths;
mod patterns;

use std::fmt;

use anyhow::{Result, bail};

use crate::cargo_metadata::Workspace;
use crate::repository::{Repository, SourceFile};

/// One place that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    path: String,
    /// From 1; 0 if the whole file is meant.
    line: usize,
    word: String,
}

impl Finding {
    fn new(path: &str, line: usize, word: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, word: word.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(formatter, "{}: {}", self.path, self.word),
            line => write!(formatter, "{}:{line}: {}", self.path, self.word),
        }
    }
}

/// Lines before a file has to be taken apart.
const LONGEST_FILE: usize = 700;

/// # Errors
/// If a rule is broken, after printing each place.
pub fn run(repository: &Repository) -> Result<()> {
    let sources = repository.sources()?;
    let workspace = Workspace::read(repository)?;
    let mut findings = Vec::new();
    findings.extend(long_files(&sources));
    findings.extend(dependencies::check(&workspace, &sources));
    findings.extend(patterns::check(&sources));
    findings.extend(intended_behaviour::check(&sources));
    findings.extend(capabilities::check(&sources));
    findings.extend(lock_files::check(&sources));
    findings.extend(lock_files::changed_since_the_commit(repository)?);
    findings.extend(machine_paths::check(&sources));
    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        bail!("{} rules of the repository are broken, see above", findings.len());
    }
    println!("{} files, nothing to find fault with", sources.len());
    Ok(())
}

/// Generated from the Rust types; nobody reads it in one piece.
const GENERATED: &str = "ui/src/lib/bindings/";

fn long_files(sources: &[SourceFile]) -> Vec<Finding> {
    let by_hand = |file: &&SourceFile| {
        has_extension(&file.path, &["rs", "ts", "svelte", "css"]) && !file.path.starts_with(GENERATED)
    };
    let lines = |file: &SourceFile| file.text.lines().count();
    sources
        .iter()
        .filter(by_hand)
        .filter(|file| lines(file) > LONGEST_FILE)
        .map(|file| {
            Finding::new(&file.path, 0, format!("{} lines: take it apart, {LONGEST_FILE} is the most", lines(file)))
        })
        .collect()
}

fn has_extension(path: &str, extensions: &[&str]) -> bool {
    path.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension))
}

/// Lines with their numbers from 1.
fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_hand_written_file_over_the_limit_is_found() {
        let long = "line\n".repeat(LONGEST_FILE + 1);
        let sources = [
            file("a.rs", &long),
            file("b.svelte", &long),
            file("c.json", &long),
            file("ui/src/lib/bindings/d.ts", &long),
        ];
        let paths: Vec<String> = long_files(&sources).into_iter().map(|finding| finding.path).collect();
        assert_eq!(paths, ["a.rs", "b.svelte"]);
        assert!(long_files(&[file("a.rs", &"line\n".repeat(LONGEST_FILE))]).is_empty());
    }
}

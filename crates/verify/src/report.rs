//! What was found, for people and for programs.

use std::fmt;

use serde::Serialize;

use crate::fault::{Fault, Place};

/// One writer's chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChainReport {
    pub writer: String,
    pub first: Option<i64>,
    pub last: Option<i64>,
    /// With their bodies.
    pub records: u64,
    /// Out of scope: their bodies are not in the export.
    pub stubs: u64,
    /// In scope, their bodies erased.
    pub erased: u64,
    /// Up to this record a trusted server has signed what is here; zero for none.
    pub vouched_through: i64,
    pub vouched_for_by: Option<String>,
    pub whole: bool,
}

impl ChainReport {
    pub(crate) fn new(writer: String) -> Self {
        Self {
            writer,
            first: None,
            last: None,
            records: 0,
            stubs: 0,
            erased: 0,
            vouched_through: 0,
            vouched_for_by: None,
            whole: true,
        }
    }
}

/// The whole export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub chains: Vec<ChainReport>,
    /// In the order in which they were found.
    pub faults: Vec<(Place, Fault)>,
    pub lines: u64,
}

#[derive(Serialize)]
struct FaultJson<'a> {
    code: &'static str,
    #[serde(flatten)]
    place: &'a Place,
    says: String,
}

impl Report {
    pub fn is_whole(&self) -> bool {
        self.faults.is_empty()
    }

    pub(crate) fn add(&mut self, place: Place, fault: Fault) {
        self.faults.push((place, fault));
    }

    /// For programs.
    ///
    /// # Errors
    /// Never in practice: everything in it has a form in JSON.
    pub fn to_json(&self) -> serde_json::Result<String> {
        let faults: Vec<FaultJson<'_>> = self
            .faults
            .iter()
            .map(|(place, fault)| FaultJson { code: fault.code(), place, says: fault.to_string() })
            .collect();
        serde_json::to_string_pretty(&serde_json::json!({
            "whole": self.is_whole(), "lines": self.lines, "chains": self.chains, "faults": faults,
        }))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chain in &self.chains {
            let ChainReport { writer, first, last, records, stubs, erased, vouched_for_by, .. } = chain;
            let state = if chain.whole { "whole" } else { "BROKEN" };
            let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
            write!(f, "{state:<6}  {}  {first} to {last}: {records} records", clean(writer))?;
            if *erased > 0 {
                write!(f, ", {erased} with an erased body")?;
            }
            if *stubs > 0 {
                write!(f, ", {stubs} out of scope")?;
            }
            match vouched_for_by {
                Some(signer) => writeln!(f, "; signed by {} up to {}", clean(signer), chain.vouched_through)?,
                None => writeln!(f, "; signed by nobody who is trusted")?,
            }
        }
        for (Place { line, writer, seq }, fault) in &self.faults {
            let line = if *line > 0 { format!("line {line}") } else { "the file".into() };
            let record = match (writer, seq) {
                (Some(writer), Some(seq)) => format!(", record {seq} of {}", clean(writer)),
                (Some(writer), None) => format!(", {}", clean(writer)),
                (None, _) => String::new(),
            };
            writeln!(f, "FAULT   {line}{record}: {}", clean(&fault.to_string()))?;
        }
        let (chains, faults) = (self.chains.len(), self.faults.len());
        if self.is_whole() {
            write!(f, "The export is whole: {chains} chains, {} lines.", self.lines)
        } else {
            write!(f, "The export is NOT whole: {faults} faults in {chains} chains, {} lines.", self.lines)
        }
    }
}

/// An export may hold anything: nothing of it speaks to the terminal.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

//! What was found, for people and for programs.

use std::{collections::HashSet, fmt};

use amberglass_wire::export::{ExportHeader, ExportScope};
use serde::Serialize;

use crate::fault::{Fault, Place, time};

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
    /// Faults beyond the first thousand, which are not told one by one.
    pub more: u64,
    pub lines: u64,
    /// Decisions about requests for approval, signed by the device of whoever decided.
    pub decisions: u64,
    /// What was asked for, of which server and when.
    pub header: Option<ExportHeader>,
    /// Writers with a fault.
    broken: HashSet<String>,
}

/// Faults that are told; a file can be made of nothing else.
const MOST_FAULTS: usize = 1_000;

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
        if let Some(writer) = &place.writer
            && !self.broken.contains(writer)
        {
            self.broken.insert(writer.clone());
        }
        if self.faults.len() < MOST_FAULTS {
            self.faults.push((place, fault));
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    pub(crate) fn close(&mut self, header: Option<ExportHeader>, mut chains: Vec<ChainReport>, lines: u64) {
        for chain in &mut chains {
            chain.whole = !self.broken.contains(&chain.writer);
        }
        (self.header, self.chains, self.lines) = (header, chains, lines);
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
            "whole": self.is_whole(), "export": self.header, "lines": self.lines, "chains": self.chains,
            "decisions": self.decisions, "faults": faults, "more_faults": self.more,
        }))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(ExportHeader { server, exported_at, scope, .. }) = &self.header {
            let (server, at) = (clean(server), time(*exported_at));
            writeln!(f, "Export by {server} at {at} of {}", clean(&words(scope)))?;
        }
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
        if self.decisions > 0 {
            writeln!(f, "{} decisions about requests, as their devices have signed them", self.decisions)?;
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
        let chains = self.chains.len();
        let faults = self.more.saturating_add(self.faults.len() as u64);
        if self.more > 0 {
            writeln!(f, "FAULT   and {} more", self.more)?;
        }
        if self.is_whole() {
            write!(f, "The export is whole: {chains} chains, {} lines.", self.lines)
        } else {
            write!(f, "The export is NOT whole: {faults} faults in {chains} chains, {} lines.", self.lines)
        }
    }
}

/// What was asked for.
fn words(scope: &ExportScope) -> String {
    let ExportScope { session, portal, customer, staff, device, since, until } = scope;
    let parts: Vec<String> = [
        session.as_ref().map(|id| format!("session {id}")),
        portal.as_ref().map(|id| format!("portal {id}")),
        customer.as_ref().map(|id| format!("customer {id}")),
        staff.as_ref().map(|id| format!("staff {id}")),
        device.as_ref().map(|id| format!("device {id}")),
        since.map(|at| format!("since {}", time(at))),
        until.map(|at| format!("until {}", time(at))),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() { "everything".into() } else { parts.join(", ") }
}

/// An export may hold anything: nothing of it speaks to the terminal.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

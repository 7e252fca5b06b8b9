//! What trusted keys have signed of records, from the export and from elsewhere.

use std::collections::{BTreeMap, HashMap, hash_map::Entry};

use amberglass_domain::{chain::device_of, checkpoint::Checkpoint};
use amberglass_wire::{UnixMillis, event_stream::ChainHead};

/// Servers on one database differ by less.
pub(crate) const CLOCKS_DIFFER_MILLIS: i64 = 1_000;

/// Servers sign for all writers, anybody else for itself.
pub(crate) fn is_server(signer: &str) -> bool {
    signer.starts_with("server:")
}

/// Whether a signature of this signer says anything about this chain: a device signs all of its chains under its own name.
pub(crate) fn speaks_for(signer: &str, writer: &str) -> bool {
    is_server(signer) || signer == device_of(writer)
}

/// Whether what was signed then had to be in an export of that time.
pub(crate) fn is_before(issued_at: UnixMillis, exported_at: UnixMillis) -> bool {
    issued_at.0.saturating_add(CLOCKS_DIFFER_MILLIS) <= exported_at.0
}

/// One record by its hash, in somebody's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signed {
    pub(crate) hash: String,
    pub(crate) signer: String,
    pub(crate) issued_at: UnixMillis,
}

impl Signed {
    pub(crate) fn of(checkpoint: &Checkpoint, head: &ChainHead) -> Self {
        Self { hash: head.hash.clone(), signer: checkpoint.signer.clone(), issued_at: checkpoint.issued_at }
    }
}

/// By number.
pub(crate) type Expected = BTreeMap<i64, Vec<Signed>>;

/// By writer; the same word of the same signer once, as early as it was given.
#[derive(Default)]
pub(crate) struct SignedHeads(HashMap<String, HashMap<(i64, String, String), UnixMillis>>);

impl SignedHeads {
    pub(crate) fn add(&mut self, checkpoint: &Checkpoint) {
        for known in &checkpoint.heads {
            if !speaks_for(&checkpoint.signer, &known.writer) {
                continue;
            }
            let word = (known.head.seq, known.head.hash.clone(), checkpoint.signer.clone());
            match self.0.entry(known.writer.clone()).or_default().entry(word) {
                Entry::Vacant(new) => {
                    new.insert(checkpoint.issued_at);
                }
                Entry::Occupied(mut known) => {
                    let earlier = (*known.get()).min(checkpoint.issued_at);
                    known.insert(earlier);
                }
            }
        }
    }

    pub(crate) fn of(&self, writer: &str) -> Expected {
        let mut expected = Expected::new();
        for ((seq, hash, signer), issued_at) in self.0.get(writer).into_iter().flatten() {
            let signed = Signed { hash: hash.clone(), signer: signer.clone(), issued_at: *issued_at };
            expected.entry(*seq).or_default().push(signed);
        }
        // Whoever signed first is named first, in every run.
        for words in expected.values_mut() {
            words.sort_by(|a, b| (a.issued_at, &a.signer).cmp(&(b.issued_at, &b.signer)));
        }
        expected
    }

    /// Of each writer the highest record that somebody had signed before this export. What was signed later is not asked: it
    /// must not hide what was signed before.
    pub(crate) fn highest_before(&self, exported_at: UnixMillis) -> Vec<(String, i64, Signed)> {
        let mut all: Vec<(String, i64, Signed)> = self
            .0
            .keys()
            .filter_map(|writer| {
                self.of(writer).into_iter().rev().find_map(|(seq, words)| {
                    let word = words.into_iter().find(|word| is_before(word.issued_at, exported_at))?;
                    Some((writer.clone(), seq, word))
                })
            })
            .collect();
        all.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        all
    }
}

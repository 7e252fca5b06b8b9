//! What trusted keys have signed of records, from the export and from elsewhere.

use std::collections::{BTreeMap, HashMap, hash_map::Entry};

use amberglass_domain::checkpoint::Checkpoint;
use amberglass_wire::{UnixMillis, event_stream::ChainHead};

/// Servers on one database differ by less.
const CLOCKS_DIFFER_MILLIS: i64 = 1_000;

/// Servers sign for all writers, anybody else for itself.
pub(crate) fn is_server(signer: &str) -> bool {
    signer.starts_with("server:")
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
            // A device speaks for its own chain alone.
            if checkpoint.signer != known.writer && !is_server(&checkpoint.signer) {
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

    /// Of each writer the highest record that somebody has signed.
    pub(crate) fn highest(&self) -> Vec<(String, i64, Signed)> {
        let mut all: Vec<(String, i64, Signed)> = self
            .0
            .keys()
            .filter_map(|writer| {
                let (seq, mut words) = self.of(writer).pop_last()?;
                Some((writer.clone(), seq, words.swap_remove(0)))
            })
            .collect();
        all.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        all
    }
}

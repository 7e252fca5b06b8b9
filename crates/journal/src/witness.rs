//! The device as a witness: it keeps the last that each server has signed of its own chain, and notices when one takes
//! something back. What it keeps goes on record in the device's own chain, which no server can write.

use std::collections::{HashMap, HashSet};

use amberglass_domain::checkpoint::{Checkpoint, TrustedKeys};
use amberglass_wire::{
    audit::{Contradiction, EventDetail},
    event_stream::ChainHead,
};

/// Between two checkpoints on record.
const RECORD_EVERY_MILLIS: i64 = 60 * 60 * 1000;

#[derive(Default)]
pub(crate) struct Witness {
    pub(crate) trusted: TrustedKeys,
    /// By writer of a server's chain.
    seen: HashMap<String, ChainHead>,
    told: HashSet<(String, i64, String)>,
    recorded_at: Option<i64>,
}

/// What a note has brought.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Looked {
    pub(crate) signer: String,
    /// To be kept in the place of what was kept of these writers.
    pub(crate) keep: Vec<(String, ChainHead)>,
    /// What it says of this journal.
    pub(crate) own: Option<ChainHead>,
    /// To go on record.
    pub(crate) contradictions: Vec<EventDetail>,
    /// The note is to go on record.
    pub(crate) due: bool,
}

impl Witness {
    pub(crate) fn new(trusted: TrustedKeys, seen: Vec<(String, ChainHead)>) -> Self {
        Self { trusted, seen: seen.into_iter().collect(), ..Self::default() }
    }

    /// `None` when nobody whom this device believes has signed it. `now`: monotonic.
    pub(crate) fn look(&self, note: &str, writer: &str, now: i64) -> Option<Looked> {
        let Checkpoint { signer, heads, .. } = self.trusted.checkpoint(note).ok()?;
        let mut looked = Looked { signer: signer.clone(), ..Looked::default() };
        for known in heads {
            if known.writer == writer {
                looked.own = Some(known.head);
                continue;
            }
            if !known.writer.starts_with("server:") {
                continue;
            }
            match self.seen.get(&known.writer).and_then(|held| Some((held, contradiction(held, &known.head)?))) {
                Some((held, cause)) => {
                    let key = (signer.clone(), known.head.seq, known.head.hash.clone());
                    if !self.told.contains(&key) {
                        let (held, shown) = (held.clone(), known.head);
                        let signer = signer.clone();
                        looked.contradictions.push(EventDetail::ServerContradicted { signer, cause, held, shown });
                    }
                }
                None if self.seen.get(&known.writer) == Some(&known.head) => {}
                None => looked.keep.push((known.writer, known.head)),
            }
        }
        let waited = self.recorded_at.is_none_or(|at| now.saturating_sub(at) >= RECORD_EVERY_MILLIS);
        looked.due = waited && !looked.keep.is_empty();
        Some(looked)
    }

    /// What was kept on the disk of it.
    pub(crate) fn kept(&mut self, keep: Vec<(String, ChainHead)>) {
        self.seen.extend(keep);
    }

    pub(crate) fn told(&mut self, contradiction: &EventDetail) {
        if let EventDetail::ServerContradicted { signer, shown, .. } = contradiction {
            self.told.insert((signer.clone(), shown.seq, shown.hash.clone()));
        }
    }

    pub(crate) fn recorded(&mut self, now: i64) {
        self.recorded_at = Some(now);
    }
}

/// A chain only ever grows.
fn contradiction(held: &ChainHead, shown: &ChainHead) -> Option<Contradiction> {
    match shown.seq.cmp(&held.seq) {
        std::cmp::Ordering::Less => Some(Contradiction::RolledBack),
        std::cmp::Ordering::Equal if shown.hash != held.hash => Some(Contradiction::Fork),
        std::cmp::Ordering::Equal | std::cmp::Ordering::Greater => None,
    }
}

#[cfg(test)]
mod tests {
    use amberglass_domain::checkpoint::{NoteSigner, WriterHead};
    use amberglass_wire::UnixMillis;

    use super::*;

    fn head(seq: i64, letter: &str) -> ChainHead {
        ChainHead { seq, hash: letter.repeat(64) }
    }

    fn signer() -> NoteSigner {
        NoteSigner::new("server:a", &[7; 32]).unwrap()
    }

    fn note(server: ChainHead) -> String {
        let heads = vec![
            WriterHead { writer: "device-1".into(), head: head(3, "c") },
            WriterHead { writer: "server:a".into(), head: server },
        ];
        signer().checkpoint(UnixMillis(5), heads).unwrap()
    }

    fn witness(seen: Vec<(String, ChainHead)>) -> Witness {
        Witness::new(TrustedKeys::parse(&signer().verifier_key()).unwrap(), seen)
    }

    #[test]
    fn a_new_head_is_kept_and_the_first_note_of_an_hour_goes_on_record() {
        let mut witness = witness(Vec::new());
        let looked = witness.look(&note(head(5, "a")), "device-1", 0).unwrap();
        assert_eq!(looked.keep, [("server:a".to_owned(), head(5, "a"))]);
        assert_eq!((looked.own, looked.due), (Some(head(3, "c")), true));
        witness.kept(looked.keep);
        witness.recorded(0);
        assert!(!witness.look(&note(head(6, "b")), "device-1", RECORD_EVERY_MILLIS - 1).unwrap().due);
        assert!(witness.look(&note(head(6, "b")), "device-1", RECORD_EVERY_MILLIS).unwrap().due);
        // What says nothing new is not put on record, however long ago the last one was.
        assert!(!witness.look(&note(head(5, "a")), "device-1", RECORD_EVERY_MILLIS).unwrap().due);
    }

    #[test]
    fn what_a_server_takes_back_is_said_once_and_what_was_kept_stays() {
        let mut witness = witness(vec![("server:a".into(), head(5, "a"))]);
        for (shown, cause) in [(head(4, "d"), Contradiction::RolledBack), (head(5, "e"), Contradiction::Fork)] {
            let looked = witness.look(&note(shown.clone()), "device-1", 0).unwrap();
            assert!(looked.keep.is_empty());
            let said = EventDetail::ServerContradicted { signer: "server:a".into(), cause, held: head(5, "a"), shown };
            assert_eq!(looked.contradictions, std::slice::from_ref(&said));
            witness.told(&said);
            let EventDetail::ServerContradicted { shown, .. } = said else { unreachable!() };
            assert!(witness.look(&note(shown), "device-1", 0).unwrap().contradictions.is_empty());
        }
    }

    #[test]
    fn a_note_of_somebody_unknown_says_nothing() {
        let stranger = NoteSigner::new("server:a", &[8; 32]).unwrap();
        let heads = vec![WriterHead { writer: "server:a".into(), head: head(1, "a") }];
        let note = stranger.checkpoint(UnixMillis(5), heads).unwrap();
        assert_eq!(witness(Vec::new()).look(&note, "device-1", 0), None);
        assert_eq!(witness(Vec::new()).look("no note", "device-1", 0), None);
    }
}

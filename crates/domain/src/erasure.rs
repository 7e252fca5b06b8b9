//! What may go from a chain: which bodies can be erased, and whether an erasure is on record.
//!
//! A request of a data subject reaches what records say of people: who was seen, at what, why, in whose session. What an
//! attacker at the operator's terminal would want to hide is another matter and can't be erased at all: how keys, chains,
//! journals and devices came to be and contradicted each other, what was erased, retired or exported, and who gave whom which
//! rights. Those name people by their id alone, and go with everything else at the end of retention.

use std::collections::{BTreeMap, HashMap};

use amberglass_wire::audit::RecordRange;

/// Kinds of records whose bodies can be erased. Any other kind can't, also one that is not known yet.
pub const ERASABLE: [&str; 34] = [
    "approval_decided",
    "approval_escalated",
    "approval_lapsed",
    "approval_requested",
    "approval_used",
    "approval_withdrawn",
    "attempt_refused",
    "break_glass_reviewed",
    "break_glass_used",
    "card_viewed",
    "curtain_drawn",
    "curtain_lifted",
    "end_requested",
    "field_unmasked",
    "file_downloaded",
    "foreign_code_loaded",
    "note_added",
    "page_viewed",
    "request_blocked",
    "session_ended",
    "session_entered",
    "session_extended",
    "session_frozen",
    "session_refused",
    "session_resumed",
    "session_started",
    "sign_in_failed",
    "staff_signed_in",
    "staff_signed_out",
    "start_requested",
    "window_closed",
    "window_opened",
    "write_answered",
    "write_sent",
];

pub fn can_be_erased(kind: &str) -> bool {
    ERASABLE.binary_search(&kind).is_ok()
}

/// Only servers erase: what a console clears on its own disk says nothing about the audit log.
pub fn may_erase(writer: &str) -> bool {
    writer.starts_with("server:")
}

/// The records whose erasure is on record, by writer: stretches that don't touch each other, from the first to the last.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ErasedBodies(HashMap<String, BTreeMap<i64, i64>>);

impl ErasedBodies {
    /// What the record `seq` of `by` says was erased. No record speaks of what comes after it in its own chain.
    pub fn add(&mut self, by: &str, seq: i64, records: &[RecordRange]) {
        for RecordRange { writer, from, through } in records {
            let through = if writer == by { (*through).min(seq.saturating_sub(1)) } else { *through };
            if *from < 1 || through < *from || !may_erase(by) {
                continue;
            }
            let (mut from, mut through) = (*from, through);
            let known = self.0.entry(writer.clone()).or_default();
            // Those that it touches become one with it.
            while let Some((start, end)) = known.range(..=through.saturating_add(1)).next_back().map(|(a, b)| (*a, *b))
            {
                if end.saturating_add(1) < from {
                    break;
                }
                known.remove(&start);
                (from, through) = (from.min(start), through.max(end));
            }
            known.insert(from, through);
        }
    }

    pub fn names(&self, writer: &str, seq: i64) -> bool {
        let last_before = self.0.get(writer).and_then(|known| known.range(..=seq).next_back());
        last_before.is_some_and(|(_, through)| seq <= *through)
    }
}

/// Numbers of one writer, in rising order, as stretches without gaps.
pub fn ranges(writer: &str, numbers: impl IntoIterator<Item = i64>) -> Vec<RecordRange> {
    let mut ranges: Vec<RecordRange> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some(last) if last.through.saturating_add(1) == number => last.through = number,
            Some(_) | None => ranges.push(RecordRange { writer: writer.to_owned(), from: number, through: number }),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Why not is said at the top of this file.
    const NEVER_ERASED: [&str; 38] = [
        "alarm_acknowledged",
        "audit_exported",
        "bodies_erased",
        "chain_contradicted",
        "checkpoint_witnessed",
        "device_head_noted",
        "device_registered",
        "device_revoked",
        "emergency_stop_lifted",
        "emergency_stopped",
        "journal_key_rotated",
        "journal_recovered",
        "journal_replaced",
        "journal_tidied",
        "password_changed",
        "policy_changed",
        "policy_refused",
        "portal_disabled",
        "portal_enabled",
        "portal_key_added",
        "portal_key_revoked",
        "portal_tested",
        "provider_linked",
        "records_retired",
        "rules_changed",
        "rules_refused",
        "second_factor_reset",
        "second_factor_set_up",
        "server_contradicted",
        "server_key_pinned",
        "session_mismatch",
        "signer_added",
        "staff_added",
        "staff_disabled",
        "staff_enabled",
        "staff_role_changed",
        "trail_exported",
        "unknown",
    ];

    /// The names of all kinds, as `EventDetail::kind` gives them.
    fn kinds() -> BTreeSet<&'static str> {
        let source = include_str!("../../wire/src/audit.rs");
        let (_, rest) = source.split_once("pub const fn kind(&self)").unwrap();
        let (names, _) = rest.split_once("\n    }\n").unwrap();
        names.split("=> \"").skip(1).map(|rest| rest.split_once('"').unwrap().0).collect()
    }

    #[test]
    fn of_each_kind_it_is_decided_whether_its_body_can_be_erased() {
        assert!(ERASABLE.is_sorted());
        let decided: BTreeSet<&str> = ERASABLE.into_iter().chain(NEVER_ERASED).collect();
        assert_eq!(decided.len(), ERASABLE.len() + NEVER_ERASED.len(), "none in both lists");
        assert_eq!(decided, kinds());
        assert!(can_be_erased("page_viewed") && can_be_erased("attempt_refused") && can_be_erased("window_opened"));
        for kind in NEVER_ERASED.into_iter().chain(["", "of_a_later_version"]) {
            assert!(!can_be_erased(kind), "{kind}");
        }
    }

    fn range(writer: &str, from: i64, through: i64) -> RecordRange {
        RecordRange { writer: writer.into(), from, through }
    }

    #[test]
    fn only_a_server_erases_and_of_all_chains() {
        let mut erased = ErasedBodies::default();
        erased.add("server:s1", 9, &[range("d-1", 3, 4), range("server:s2", 50, 50)]);
        erased.add("d-1/2", 9, &[range("d-1", 7, 7), range("d-2", 1, 9), range("server:s1", 1, 9)]);
        let named = |writer, seq| erased.names(writer, seq);
        assert!(named("d-1", 3) && named("d-1", 4) && named("server:s2", 50));
        assert!(!named("d-1", 2) && !named("d-1", 7) && !named("d-2", 3) && !named("server:s1", 3));
    }

    #[test]
    fn nothing_is_erased_ahead_in_its_own_chain_or_backwards() {
        let mut erased = ErasedBodies::default();
        erased.add("server:s1", 9, &[range("server:s1", 5, i64::MAX), range("d-1", 4, 3), range("d-2", -5, 3)]);
        assert!(erased.names("server:s1", 8) && !erased.names("server:s1", 9));
        assert!((-5..9).all(|seq| !erased.names("d-1", seq) && !erased.names("d-2", seq)));
        erased.add("server:s1", 9, &[range("d-1", 5, i64::MAX), range("d-1", 1, 1)]);
        assert!(erased.names("d-1", i64::MAX) && !erased.names("d-1", 2));
    }

    proptest! {
        #[test]
        fn stretches_name_exactly_what_was_given(
            some in proptest::collection::vec((1_i64..60, 0_i64..9), 0..20),
        ) {
            let mut erased = ErasedBodies::default();
            let mut numbers = BTreeSet::new();
            for (from, more) in some {
                erased.add("server:s1", 1, &[range("d-1", from, from + more)]);
                numbers.extend(from..=from + more);
            }
            for number in 0..80 {
                prop_assert_eq!(erased.names("d-1", number), numbers.contains(&number), "{}", number);
            }
            let mut again = ErasedBodies::default();
            let joined = ranges("d-1", numbers.iter().copied());
            again.add("server:s1", 1, &joined);
            prop_assert_eq!(&again, &erased);
            prop_assert!(joined.windows(2).all(|two| two[0].through + 1 < two[1].from));
        }
    }
}

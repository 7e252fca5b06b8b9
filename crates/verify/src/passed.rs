//! Hashes of the records that have passed, for signatures that are found behind them.

/// Enough that nobody finds another record for the same ones; all of it would take twice the memory.
const KEPT_BYTES: usize = 16;

type Kept = [u8; KEPT_BYTES];

/// Stretches without gaps, each with the number of its first record, in rising order.
#[derive(Default)]
pub(crate) struct Passed(Vec<(i64, Vec<Kept>)>);

impl Passed {
    /// `seq` is higher than every one before.
    pub(crate) fn add(&mut self, seq: i64, hash: &str) {
        // What is no hash is a fault of its own, and equal to none.
        let kept = kept(hash).unwrap_or_default();
        match self.0.last_mut() {
            Some((first, some)) if seq.abs_diff(*first) == some.len() as u64 => some.push(kept),
            Some(_) | None => self.0.push((seq, vec![kept])),
        }
    }

    /// Whether the record had this hash; `None` when none has passed under this number.
    pub(crate) fn is(&self, seq: i64, hash: &str) -> Option<bool> {
        let before = self.0.partition_point(|(first, _)| *first <= seq).checked_sub(1)?;
        let (first, some) = self.0.get(before)?;
        let held = some.get(usize::try_from(seq.abs_diff(*first)).ok()?)?;
        Some(kept(hash).is_some_and(|kept| kept == *held))
    }
}

fn kept(hash: &str) -> Option<Kept> {
    let mut kept = Kept::default();
    hex::decode_to_slice(hash.get(..KEPT_BYTES.saturating_mul(2))?, &mut kept).ok()?;
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_passed_is_known_by_its_number_also_behind_a_gap() {
        let mut passed = Passed::default();
        for seq in [5, 6, 7, 20, 21] {
            passed.add(seq, &format!("{seq:064x}").chars().rev().collect::<String>());
        }
        let hash = |seq: i64| format!("{seq:064x}").chars().rev().collect::<String>();
        for seq in [5, 6, 7, 20, 21] {
            assert_eq!(
                (passed.is(seq, &hash(seq)), passed.is(seq, &hash(seq + 1))),
                (Some(true), Some(false)),
                "{seq}"
            );
            assert_eq!(passed.is(seq, "no hash"), Some(false));
        }
        for seq in [i64::MIN, 0, 4, 8, 19, 22, i64::MAX] {
            assert_eq!(passed.is(seq, &hash(5)), None, "{seq}");
        }
    }
}

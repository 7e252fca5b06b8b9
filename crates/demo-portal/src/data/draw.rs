//! Numbers that look mixed and are always the same: SplitMix64 from the customer's number, no source of randomness.

pub(super) struct Draw {
    state: u64,
}

impl Draw {
    pub fn new(customer: u64) -> Self {
        Self { state: customer.wrapping_mul(0x9e37_79b9_7f4a_7c15) }
    }

    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `limit` - 1; 0 if `limit` is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next().checked_rem(limit).unwrap_or(0)
    }

    pub fn pick<T: Copy + Default>(&mut self, list: &[T]) -> T {
        nth(list, self.next())
    }
}

/// The element at `n` counted round and round; the default of an empty list.
pub(super) fn nth<T: Copy + Default>(list: &[T], n: u64) -> T {
    let at = n.checked_rem(list.len() as u64).unwrap_or(0);
    list.get(at as usize).copied().unwrap_or_default()
}

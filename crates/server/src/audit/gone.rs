//! What the log itself says is gone from it: bodies that were erased, beginnings of chains that were retired.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use amberglass_domain::{
    chain,
    erasure::{ErasedBodies, may_erase},
};
use amberglass_wire::audit::{ChainedRecord, EventBody, EventDetail, RecordRange};

use crate::store::{RetiredRow, Store, StoreError};

/// Records that are read at once.
const PAGE: u32 = 500;

/// Read from whole records only: one that was changed, or is erased itself, says nothing.
#[derive(Default)]
pub(super) struct Gone {
    pub erased: ErasedBodies,
    /// By writer, as the table says.
    pub retired: HashMap<String, RetiredRow>,
    /// Writer, number and hash, as servers' records say.
    said: HashSet<(String, i64, String)>,
    erasures: Vec<Erasure>,
}

struct Erasure {
    writer: String,
    seq: i64,
    records: Vec<RecordRange>,
}

impl Gone {
    pub async fn read(store: &Store) -> Result<Self, StoreError> {
        let mut gone = Self { retired: store.retired().await?, ..Self::default() };
        let mut after = 0;
        loop {
            let page = store.about_what_is_gone(after, PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(gone) };
            after = *last;
            for (_, record) in page {
                gone.add(record);
            }
        }
    }

    fn add(&mut self, record: ChainedRecord) {
        let Some(body) = whole_body(&record) else { return };
        let ChainedRecord { writer, seq, .. } = record;
        if let EventDetail::BodiesErased { records, .. } = body.detail {
            self.erased.add(&writer, seq, &records);
            self.erasures.push(Erasure { writer, seq, records });
        } else if let EventDetail::RecordsRetired { writer: of, through, hash } = body.detail
            && writer.starts_with("server:")
        {
            self.said.insert((of, through, hash));
        }
    }

    /// Whether a server's record says that this beginning was retired.
    pub fn is_said(&self, row: &RetiredRow) -> bool {
        self.said.contains(&(row.writer.clone(), row.through, row.hash.clone()))
    }

    /// Up to here the writer's chain is gone; zero for nothing.
    pub fn through(&self, writer: &str) -> i64 {
        self.retired.get(writer).map_or(0, |row| row.through)
    }

    /// Writer and number of the records that say who erased these.
    pub fn explaining(&self, erased: Vec<(String, i64)>) -> BTreeMap<String, BTreeSet<i64>> {
        let mut sought: HashMap<String, BTreeSet<i64>> = HashMap::new();
        for (writer, seq) in erased {
            sought.entry(writer).or_default().insert(seq);
        }
        let names = |by: &str, range: &RecordRange| {
            range.from <= range.through
                && may_erase(by)
                && sought.get(&range.writer).is_some_and(|some| some.range(range.from..=range.through).next().is_some())
        };
        let mut explaining: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
        for Erasure { writer, seq, records } in &self.erasures {
            if *seq > self.through(writer) && records.iter().any(|range| names(writer, range)) {
                explaining.entry(writer.clone()).or_default().insert(*seq);
            }
        }
        explaining
    }
}

/// What a record says, if it is as it was written and of the kind that its header names.
pub(super) fn whole_body(record: &ChainedRecord) -> Option<EventBody> {
    if chain::is_erased(record) || chain::verify_alone(record).is_err() {
        return None;
    }
    serde_json::from_str::<EventBody>(&record.body).ok().filter(|body| body.detail.kind() == record.kind)
}

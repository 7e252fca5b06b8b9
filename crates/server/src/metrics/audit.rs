//! What is put on record.

use amberglass_system::Stopwatch;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

use super::seconds;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

/// Kept by the audit log itself. Clones count together.
#[derive(Clone)]
pub(crate) struct AuditMetrics {
    records: Family<KindLabel, Counter>,
    failures: Counter,
    wait: Histogram,
    group: Histogram,
    checkpoints: Counter,
    checkpoint_failures: Counter,
}

impl Default for AuditMetrics {
    fn default() -> Self {
        Self {
            records: Family::default(),
            failures: Counter::default(),
            wait: seconds(),
            group: Histogram::new(exponential_buckets(1.0, 2.0, 9)),
            checkpoints: Counter::default(),
            checkpoint_failures: Counter::default(),
        }
    }
}

impl AuditMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "audit_records",
            "Records that this server has written and that are durable, by kind",
            self.records.clone(),
        );
        registry.register(
            "audit_failures",
            "Attempts to write records that failed, so that what they were to cover did not happen",
            self.failures.clone(),
        );
        registry.register_with_unit(
            "audit_wait",
            "From the wish to put something on record to its being durable; most are requests of pages",
            Unit::Seconds,
            self.wait.clone(),
        );
        registry.register(
            "audit_group_records",
            "Records that were written in one transaction because they came together",
            self.group.clone(),
        );
        registry.register(
            "checkpoints",
            "Notes that this server has signed about where the chains stand",
            self.checkpoints.clone(),
        );
        registry.register(
            "checkpoint_failures",
            "Attempts to sign or keep such notes that failed",
            self.checkpoint_failures.clone(),
        );
    }

    /// One that is committed.
    pub fn recorded(&self, kind: &'static str) {
        self.records.get_or_create(&KindLabel { kind }).inc();
    }

    pub fn failed(&self) {
        self.failures.inc();
    }

    pub fn waited(&self, since: Stopwatch) {
        self.wait.observe(since.seconds());
    }

    pub fn group_of(&self, records: usize) {
        self.group.observe(records as f64);
    }

    pub fn signed(&self, notes: usize) {
        self.checkpoints.inc_by(u64::try_from(notes).unwrap_or(u64::MAX));
    }

    pub fn not_signed(&self) {
        self.checkpoint_failures.inc();
    }
}

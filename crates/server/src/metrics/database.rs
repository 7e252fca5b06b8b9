//! Waiting for the database.

use amberglass_system::Stopwatch;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

use super::{Timings, seconds};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UseLabel {
    purpose: &'static str,
}

/// Kept by the store itself. Clones count together.
#[derive(Clone)]
pub(crate) struct DatabaseMetrics {
    read: Histogram,
    write: Histogram,
    waits: Timings<UseLabel>,
    hints_lost: Counter,
}

impl Default for DatabaseMetrics {
    fn default() -> Self {
        let waits: Timings<UseLabel> = Family::new_with_constructor(seconds);
        let of = |purpose| waits.get_or_create_owned(&UseLabel { purpose });
        Self { read: of("read"), write: of("write"), hints_lost: Counter::default(), waits }
    }
}

impl DatabaseMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "database_wait",
            "For a connection to read by, or for the lock to write under, which other servers hold too",
            Unit::Seconds,
            self.waits.clone(),
        );
        registry.register(
            "hints_lost",
            "Times that the connection was lost on which hints of other servers come (PostgreSQL)",
            self.hints_lost.clone(),
        );
    }

    pub fn waited_to_read(&self, since: Stopwatch) {
        self.read.observe(since.seconds());
    }

    pub fn waited_to_write(&self, since: Stopwatch) {
        self.write.observe(since.seconds());
    }

    pub fn lost_hints(&self) {
        self.hints_lost.inc();
    }
}

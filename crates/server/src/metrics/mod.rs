//! What can be counted and measured of one server, in the text form of Prometheus.
//!
//! No label names a person, a customer, a session or a device, and none holds what a page or a console says: values are ids
//! of the configuration, or constants of this program. So what is served tells nothing about anybody, and the number of
//! series has a bound.
//!
//! Each server has a registry of its own: several run in one process of the tests, and nothing is global.

mod api;
mod audit;
mod database;
mod gateway;
mod serving;

use std::sync::atomic::AtomicU64;

use amberglass_domain::ports::Clock;
use prometheus_client::{
    encoding::{EncodeLabelSet, prometheus_text},
    metrics::{
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
        info::Info,
    },
    registry::{Registry, Unit},
};

pub(crate) use api::{ApiMetrics, known_method};
pub(crate) use audit::AuditMetrics;
pub(crate) use database::DatabaseMetrics;
pub(crate) use gateway::{GatewayMetrics, OpenAnswer, Outcome};
pub(crate) use serving::router;

use crate::{config::PortalConfig, store::RunningCount};

const PREFIX: &str = "amberglass";

type Timings<Labels> = Family<Labels, Histogram, fn() -> Histogram>;

/// From a tenth of a millisecond to thirteen seconds: a look into memory, and a portal that is given up.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.0001, 2.0, 18))
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

/// All of one server.
pub(crate) struct Metrics {
    pub gateway: GatewayMetrics,
    pub api: ApiMetrics,
    event_streams: Gauge,
    ready: Gauge,
    sessions: Family<StateLabel, Gauge>,
    registry: Registry,
}

impl Metrics {
    /// With what the store and the audit log count themselves.
    pub fn new(database: &DatabaseMetrics, audit: &AuditMetrics, portals: &[PortalConfig], clock: &dyn Clock) -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        registry.register("build", "Version of this program", Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]));
        let started = Gauge::<f64, AtomicU64>::default();
        started.set(clock.now().0 as f64 / 1000.0);
        registry.register_with_unit(
            "start_time",
            "When this server started, since the beginning of 1970",
            Unit::Seconds,
            started,
        );
        let ready = Gauge::default();
        registry.register("ready", "1 while this server may be given work, as /health/ready says", ready.clone());
        let sessions = Family::default();
        registry.register(
            "sessions",
            "Running sessions in the database, thus of all servers that share it; missing while it does not answer",
            sessions.clone(),
        );
        let event_streams = Gauge::default();
        registry.register("event_streams", "Consoles that hear of changes from this server", event_streams.clone());
        let (gateway, api) = (GatewayMetrics::default(), ApiMetrics::default());
        portals.iter().for_each(|portal| gateway.know(&portal.id));
        gateway.register(&mut registry);
        api.register(&mut registry);
        audit.register(&mut registry);
        database.register(&mut registry);
        Self { gateway, api, event_streams, ready, sessions, registry }
    }

    /// A console hears of changes for as long as this is kept.
    pub fn event_stream(&self) -> Open {
        Open::new(self.event_streams.clone())
    }

    fn look(&self, is_ready: bool, running: Option<RunningCount>) {
        self.ready.set(i64::from(is_ready));
        match running {
            Some(RunningCount { active, frozen }) => {
                self.sessions.get_or_create(&StateLabel { state: "active" }).set(active);
                self.sessions.get_or_create(&StateLabel { state: "frozen" }).set(frozen);
            }
            // Better none than an old number.
            None => self.sessions.clear(),
        }
    }

    fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Counts as open for as long as it is kept.
#[derive(Debug)]
pub(crate) struct Open(Gauge);

impl Open {
    fn new(gauge: Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

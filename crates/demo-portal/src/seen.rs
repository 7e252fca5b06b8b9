//! What reached the portal, so that a test can prove that something did not.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::http::Method;

use crate::{
    effects::{Effects, Happened},
    hostile::stage::Orders,
    portal::UnixMillis,
};

/// The oldest are forgotten beyond this, so that a portal left running does not grow.
const KEPT_REQUESTS: usize = 20_000;
const KEPT_REPORTS: usize = 1_000;

/// One request as it arrived, whatever the answer was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub method: Method,
    /// Without the query.
    pub path: String,
}

/// Counters and lists of one portal since its start.
#[derive(Debug)]
pub struct PortalState {
    pub(crate) effects: Effects,
    writes: AtomicU64,
    received: Mutex<VecDeque<Received>>,
    hostile_reports: Mutex<VecDeque<serde_json::Value>>,
    pub(crate) orders: Orders,
}

impl PortalState {
    pub(crate) fn new(start: UnixMillis) -> Self {
        Self {
            effects: Effects::new(start),
            writes: AtomicU64::default(),
            received: Mutex::default(),
            hostile_reports: Mutex::default(),
            orders: Orders::default(),
        }
    }

    /// What has happened beside this customer's pages.
    pub fn happened(&self, customer: &str) -> Happened {
        self.effects.of(customer)
    }

    /// How many changes took effect: refused and failed ones do not count.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::SeqCst)
    }

    /// Every request that arrived, oldest first, also those refused for their identity.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Whether a request with this method and path ever arrived.
    pub fn has_received(&self, method: &Method, path: &str) -> bool {
        self.received
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .any(|received| received.method == method && received.path == path)
    }

    /// What the hostile pages reported, oldest first.
    pub fn hostile_reports(&self) -> Vec<serde_json::Value> {
        self.hostile_reports.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    pub(crate) fn count_write(&self) {
        self.writes.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn note(&self, method: &Method, path: &str) {
        let received = Received { method: method.clone(), path: path.to_owned() };
        push_bounded(&self.received, received, KEPT_REQUESTS);
    }

    pub(crate) fn keep_hostile_report(&self, report: serde_json::Value) {
        push_bounded(&self.hostile_reports, report, KEPT_REPORTS);
    }
}

fn push_bounded<T>(list: &Mutex<VecDeque<T>>, item: T, kept: usize) {
    let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
    if list.len() >= kept {
        list.pop_front();
    }
    list.push_back(item);
}

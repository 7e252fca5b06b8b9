//! Calls of consoles, browsers and portals.

use http::{Method, StatusCode};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::{Registry, Unit},
};

use super::{Timings, gateway::class, seconds};

/// An address that no endpoint has.
const NO_ROUTE: &str = "none";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    method: &'static str,
    route: String,
    status: &'static str,
}

pub(crate) struct ApiMetrics {
    requests: Family<CallLabels, Counter>,
    duration: Timings<RouteLabel>,
}

impl Default for ApiMetrics {
    fn default() -> Self {
        Self { requests: Family::default(), duration: Family::new_with_constructor(seconds) }
    }
}

impl ApiMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("api_requests", "Calls of the API, by endpoint and class of status", self.requests.clone());
        registry.register_with_unit(
            "api_request_duration",
            "From a call's head to the head of its answer, by endpoint",
            Unit::Seconds,
            self.duration.clone(),
        );
    }

    /// `route` is the endpoint's template, never the address that was asked for.
    pub fn answered(&self, method: &Method, route: Option<&str>, status: StatusCode, seconds: f64) {
        let route = route.unwrap_or(NO_ROUTE).to_owned();
        self.duration.get_or_create(&RouteLabel { route: route.clone() }).observe(seconds);
        let labels = CallLabels { method: known_method(method), route, status: class(status) };
        self.requests.get_or_create(&labels).inc();
    }
}

/// Anybody can make up methods, and say anything by them.
pub(crate) fn known_method(method: &Method) -> &'static str {
    [("GET", Method::GET), ("HEAD", Method::HEAD), ("POST", Method::POST), ("OPTIONS", Method::OPTIONS)]
        .into_iter()
        .find(|(_, known)| known == method)
        .map_or("other", |(name, _)| name)
}

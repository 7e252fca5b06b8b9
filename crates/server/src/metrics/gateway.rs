//! Pages on their way.

use amberglass_system::Stopwatch;
use amberglass_wire::PortalId;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use super::{Open, Timings, seconds};

/// A request for a host that is no portal's.
const NO_PORTAL: &str = "none";

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The portal's answer went to the page, whatever its status.
    Passed,
    /// A rule blocked request or answer.
    Blocked,
    /// There was no session that may be viewed, or no portal.
    Refused,
    /// It was allowed, and something did not work.
    Failed,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Blocked => "blocked",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PortalLabel {
    portal: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    portal: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RuleLabels {
    portal: String,
    rule: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    portal: String,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    portal: String,
    status: &'static str,
}

pub(crate) struct GatewayMetrics {
    requests: Family<OutcomeLabels, Counter>,
    blocked: Family<RuleLabels, Counter>,
    not_passed: Family<ReasonLabels, Counter>,
    before_forwarding: Timings<PortalLabel>,
    portal_head: Timings<PortalLabel>,
    portal_answers: Family<AnswerLabels, Counter>,
    page_bytes: Family<PortalLabel, Counter>,
    open_answers: Family<PortalLabel, Gauge>,
}

impl Default for GatewayMetrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            blocked: Family::default(),
            not_passed: Family::default(),
            before_forwarding: Family::new_with_constructor(seconds),
            portal_head: Family::new_with_constructor(seconds),
            portal_answers: Family::default(),
            page_bytes: Family::default(),
            open_answers: Family::default(),
        }
    }
}

impl GatewayMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "gateway_requests",
            "Requests of pages: passed on, blocked by a rule, refused for want of a session, or failed",
            self.requests.clone(),
        );
        registry.register("gateway_blocked", "Requests that a rule blocked, by rule", self.blocked.clone());
        registry.register(
            "gateway_not_passed",
            "Requests that the gateway answered itself, by its reason (header Amberglass-Gateway)",
            self.not_passed.clone(),
        );
        registry.register_with_unit(
            "gateway_before_forwarding",
            "The gateway's own time for a request until it goes to the portal, its record included",
            Unit::Seconds,
            self.before_forwarding.clone(),
        );
        registry.register_with_unit(
            "portal_head",
            "From a request on its way to the portal to the head of the answer",
            Unit::Seconds,
            self.portal_head.clone(),
        );
        registry.register("portal_answers", "Answers of the portal, by class of status", self.portal_answers.clone());
        registry.register_with_unit(
            "gateway_page",
            "Content of answers that went to pages, as the portal packed it",
            Unit::Bytes,
            self.page_bytes.clone(),
        );
        registry.register(
            "gateway_open_answers",
            "Answers of the portal whose content is on its way to a page",
            self.open_answers.clone(),
        );
    }

    /// Counted from zero, so that the first of them is seen as an increase.
    pub(super) fn know(&self, portal: &PortalId) {
        for outcome in [Outcome::Passed, Outcome::Blocked, Outcome::Refused, Outcome::Failed] {
            let labels = OutcomeLabels { portal: portal.0.clone(), outcome: outcome.as_str() };
            drop(self.requests.get_or_create_owned(&labels));
        }
    }

    pub fn passed(&self, portal: Option<&PortalId>) {
        self.count(name(portal), Outcome::Passed);
    }

    /// By the rule, if one blocked it.
    pub fn not_passed(&self, portal: Option<&PortalId>, outcome: Outcome, reason: &'static str, rule: Option<&str>) {
        let portal = name(portal);
        if let Some(rule) = rule {
            let labels = RuleLabels { portal: portal.clone(), rule: rule.to_owned() };
            self.blocked.get_or_create(&labels).inc();
        }
        self.not_passed.get_or_create(&ReasonLabels { portal: portal.clone(), reason }).inc();
        self.count(portal, outcome);
    }

    fn count(&self, portal: String, outcome: Outcome) {
        self.requests.get_or_create(&OutcomeLabels { portal, outcome: outcome.as_str() }).inc();
    }

    /// All that came before is done, and it goes to the portal.
    pub fn forwarded(&self, portal: &PortalId, since: Stopwatch) {
        self.before_forwarding.get_or_create(&PortalLabel { portal: portal.0.clone() }).observe(since.seconds());
    }

    /// The head of its answer is there.
    pub fn answered(&self, portal: &PortalId, status: http::StatusCode, since: Stopwatch) {
        let portal = portal.0.clone();
        self.portal_head.get_or_create(&PortalLabel { portal: portal.clone() }).observe(since.seconds());
        self.portal_answers.get_or_create(&AnswerLabels { portal, status: class(status) }).inc();
    }

    /// Its content begins to go to a page.
    pub fn open_answer(&self, portal: &PortalId) -> OpenAnswer {
        let labels = PortalLabel { portal: portal.0.clone() };
        OpenAnswer {
            bytes: self.page_bytes.get_or_create_owned(&labels),
            _open: Open::new(self.open_answers.get_or_create_owned(&labels)),
        }
    }
}

/// One that is on its way, for as long as it is kept.
#[derive(Debug)]
pub(crate) struct OpenAnswer {
    bytes: Counter,
    _open: Open,
}

impl OpenAnswer {
    pub fn passed(&self, bytes: usize) {
        self.bytes.inc_by(u64::try_from(bytes).unwrap_or(u64::MAX));
    }
}

fn name(portal: Option<&PortalId>) -> String {
    portal.map_or_else(|| NO_PORTAL.to_owned(), |portal| portal.0.clone())
}

/// Of a status, as it is a label.
pub(super) fn class(status: http::StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        500..=599 => "5xx",
        _ => "other",
    }
}

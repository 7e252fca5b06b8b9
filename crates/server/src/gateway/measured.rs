//! What became of a request, for metrics and log.

use amberglass_domain::ports::Entropy;
use amberglass_system::Stopwatch;
use amberglass_wire::PortalId;
use axum::response::Response;

use super::{
    explanation::Reason,
    pipeline::{Gateway, Heard},
};
use crate::{metrics::Outcome, request_id::HttpRequestId};

/// One request, as metrics and log know it.
pub(super) struct Measured {
    pub id: HttpRequestId,
    pub since: Stopwatch,
    /// Once its host is known.
    pub portal: Option<PortalId>,
}

impl Measured {
    /// What a page says of an id is not looked at.
    pub fn new(entropy: &dyn Entropy) -> Self {
        Self { id: HttpRequestId::new(entropy), since: Stopwatch::start(), portal: None }
    }
}

impl Gateway {
    /// The portal's answer goes to the page. With the session and never with the address, which may name its customer.
    pub(super) fn note_passed(&self, heard: &Heard, response: &Response) {
        let portal = heard.measured.portal.as_ref();
        self.state.metrics.gateway.passed(portal);
        let session = heard.session.as_ref().map(|session| session.id.as_str());
        // Not at `info`: each request is on record anyway, and a line for each would cost as much again.
        tracing::debug!(
            portal = portal.map(PortalId::as_str),
            session,
            status = response.status().as_u16(),
            seconds = heard.measured.since.seconds(),
            "passed on"
        );
    }

    pub(super) fn note_not_passed(&self, heard: &Heard, reason: Reason, rule: Option<&str>) {
        let outcome = outcome(reason);
        self.state.metrics.gateway.not_passed(heard.measured.portal.as_ref(), outcome, reason.as_str(), rule);
    }
}

const fn outcome(reason: Reason) -> Outcome {
    match reason {
        Reason::OtherSite
        | Reason::TargetRefused
        | Reason::ContentBroken
        | Reason::Blocked
        | Reason::UnsafeRead
        | Reason::Withheld
        | Reason::Unmaskable
        | Reason::Download
        | Reason::RedirectElsewhere => Outcome::Blocked,
        Reason::UnknownHost
        | Reason::ContradictingHosts
        | Reason::PortalInactive
        | Reason::NoSession
        | Reason::NotStarted
        | Reason::Frozen
        | Reason::Silent
        | Reason::Expired
        | Reason::Ended(_)
        | Reason::StaffInactive => Outcome::Refused,
        Reason::AuditUnavailable
        | Reason::SessionUnreadable
        | Reason::IdentityUnavailable
        | Reason::PortalUnreachable
        | Reason::PortalNotUnderstood => Outcome::Failed,
    }
}

//! The conformance kit: asks a portal as the gateway does, and as it never would, and says what came.
//!
//! It sends GET, HEAD and OPTIONS and nothing else, so that it may be run against a portal that somebody uses; what a portal does
//! upon these is what it is about. Nothing is a pass that could not be looked at: it is not applicable, and the report says
//! how to look oneself.
//!
//! Start reading at [`run`]. One file for each group of rules; `stage.rs` is what they ask with.

mod answers;
mod directory;
mod effects;
mod forgeries;
mod header;
mod identity;
mod issuer;
mod keys;
mod report;
mod stage;

use std::{net::SocketAddr, sync::Arc};

use amberglass_domain::ports::{Clock, Entropy};
use amberglass_wire::{
    CustomerId,
    audit::{EventDetail, EventSubject},
};
use url::Url;

pub use issuer::Issuer;
pub use report::{Check, Outcome, Report};

use crate::{audit::AuditError, config::PortalConfig, drivers::DriverError, operator::Operator};
use report::Rule;
use stage::Stage;

/// What the kit has to be told.
pub struct Conformance {
    /// The portal's own address. Only its origin counts.
    pub url: Url,
    /// `aud` of what is signed.
    pub audience: String,
    /// Whose pages are asked for. Nothing: the first active customer of the directory.
    pub customer: Option<CustomerId>,
    /// Path and query of pages that only their customer sees. The first one is what forged identities are tried at.
    pub pages: Vec<String>,
    pub issuer: Issuer,
    /// How long a portal may take to be there, and to notice a new key.
    pub patience_millis: i64,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// Why the kit could not look at all.
#[derive(Debug, thiserror::Error)]
pub enum ConformanceError {
    #[error("the keys can't be shown at {address}: choose another port, and tell the portal")]
    Listen {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("`{0}` is no page of this portal: a path such as /account is one")]
    Page(String),
    #[error(transparent)]
    Driver(#[from] DriverError),
}

const ANSWERS: Rule = Rule {
    id: "portal.answers",
    expected: "the portal answers",
    mend: "Start the portal, and give the address at which it listens itself, not that of its gateway host.",
    by_hand: None,
};

/// The ids of all rules, in no particular order.
pub fn ids() -> Vec<&'static str> {
    groups().concat().iter().map(|rule| rule.id).collect()
}

fn groups() -> [&'static [&'static Rule]; 7] {
    [&[&ANSWERS], directory::RULES, identity::RULES, header::RULES, effects::RULES, answers::RULES, keys::RULES]
}

/// Looks at everything. Takes a few seconds, and up to the patience more where a portal is slow to notice a new key.
///
/// # Errors
/// When the kit itself cannot ask or sign. What is wrong with the portal stands in the report.
pub async fn run(asked: &Conformance) -> Result<Report, ConformanceError> {
    let mut report = Report::default();
    let mut stage = Stage::new(asked)?;
    match stage.wait_for_the_portal().await {
        Ok(status) => report.passed(&ANSWERS, format!("it answers ({status})")),
        Err(error) => {
            report.failed(&ANSWERS, error);
            report.rest(&groups().concat(), "the portal does not answer");
            return Ok(report);
        }
    }
    directory::check(&mut stage, &mut report).await?;
    let before = effects::before(&stage, &mut report).await?;
    // What a page shows to nobody's identity tells later whether a forged one has opened it.
    if !identity::opens(&mut stage, &mut report).await? {
        report.rest(&groups().concat(), "no page opens with a valid identity, so nothing else about pages can be told");
        return Ok(report);
    }
    if let Some(before) = before {
        effects::check(&stage, before, &mut report).await?;
    }
    identity::check(&stage, &mut report).await?;
    header::check(&stage, &mut report).await?;
    answers::check(&stage, &mut report).await?;
    keys::check(&stage, &mut report).await?;
    Ok(report)
}

/// Puts on record, before the first request, that a customer's pages are opened without a session: with the server's own keys a
/// portal in use believes the kit.
///
/// # Errors
/// When it could not be put on record; then nothing must be asked.
pub async fn record(operator: &Operator, portal: &PortalConfig, customer: &CustomerId) -> Result<(), AuditError> {
    let subject =
        EventSubject { portal: Some(portal.id.clone()), customer: Some(customer.clone()), ..EventSubject::default() };
    operator.audit.append(subject, EventDetail::PortalTested { upstream: portal.upstream.to_string() }).await?;
    Ok(())
}

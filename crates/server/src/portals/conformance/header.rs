//! `Amberglass-Support`: believed beside an identity, ignored without one.

use amberglass_wire::session::Mode;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::{
    ConformanceError,
    report::{Report, Rule},
    stage::{CODE, Door, Stage, identity},
};
use crate::gateway::{SUPPORT_HEADER, support_value};

const ALONE: Rule = Rule {
    id: "header.alone",
    expected: "Amberglass-Support, or any other header of that kind, opens nothing without an identity",
    mend: "Look at these headers only after the token of the same request is verified. Anybody can send them.",
    by_hand: None,
};
const OPTIONAL: Rule = Rule {
    id: "header.optional",
    expected: "a verified identity opens the page also where Amberglass-Support is missing or can't be parsed",
    mend: "Take a missing or unreadable Amberglass-Support for one that suppresses everything, and serve the page.",
    by_hand: None,
};
pub(super) const RULES: &[&Rule] = &[&ALONE, &OPTIONAL];

/// Not of RFC 9651's form.
pub(super) const UNREADABLE: HeaderValue = HeaderValue::from_static("suppress=((( ;;");

pub(super) async fn check(stage: &Stage<'_>, report: &mut Report) -> Result<(), ConformanceError> {
    let mut alone = HeaderMap::new();
    if let Some(value) = support_value(CODE, Mode::ReadWrite) {
        alone.insert(SUPPORT_HEADER, value);
    }
    for name in ["amberglass-customer", "amberglass-subject", "amberglass-user"] {
        if let Ok(value) = HeaderValue::try_from(stage.customer_id()) {
            alone.insert(HeaderName::from_static(name), value);
        }
    }
    let wrong = match stage.knock(Door::Page, alone).await {
        Ok(answer) if stage.is_open(Door::Page, &answer) => Some(format!("the page opens ({})", answer.status)),
        Ok(_) => None,
        Err(error) => Some(error),
    };
    report.judge(&ALONE, wrong, "refused");

    let mut unreadable = identity(&stage.page_token()?);
    unreadable.insert(SUPPORT_HEADER, UNREADABLE);
    let mut wrong = None;
    for (what, headers) in [("without it", identity(&stage.page_token()?)), ("with an unreadable one", unreadable)] {
        match stage.ask(Method::GET, stage.page(), headers).await {
            Ok(answer) if stage.is_open(Door::Page, &answer) => {}
            Ok(answer) => wrong = Some(format!("{} {what}", answer.status)),
            Err(error) => wrong = Some(format!("{error} {what}")),
        }
    }
    report.judge(&OPTIONAL, wrong, "it opens");
    Ok(())
}

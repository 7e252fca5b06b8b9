//! How the portal comes by the issuer's keys. Only an issuer of the kit's own can show it new ones.

use serde_json::Value;

use super::{
    ConformanceError,
    report::{Report, Rule},
    stage::{Door, Stage, identity},
};
use crate::drivers::IdentitySigner;

const UNKNOWN: Rule = Rule {
    id: "keys.unknown",
    expected: "made-up key ids open nothing, and at most one of three in a row makes the portal fetch the keys again",
    mend: "Fetch the keys for an unknown key id, but not more often than every few seconds: anybody can send one.",
    by_hand: None,
};
const NEW: Rule = Rule {
    id: "keys.new",
    expected: "a key that the issuer has added is believed within half a minute",
    mend: "Fetch the keys again when a token names a key id that is not held. A portal that fetches them once is shut out when the key changes. \
           Some libraries wait half a minute between two fetches when nothing is set: say a few seconds.",
    by_hand: None,
};
pub(super) const RULES: &[&Rule] = &[&UNKNOWN, &NEW];

pub(super) async fn check(stage: &Stage<'_>, report: &mut Report) -> Result<(), ConformanceError> {
    unknown(stage, report).await?;
    let Some(signer) = stage.asked.issuer.add_key(&*stage.asked.entropy) else {
        report.not_applicable(&NEW, "the server's own keys are not changed for this: run it with the kit's");
        return Ok(());
    };
    let opens = stage.patiently(async || {
        let token = signer.sign(&stage.page_claims(&stage.new_id())).ok()?;
        let answer = stage.knock(Door::Page, identity(&token)).await.ok()?;
        stage.is_open(Door::Page, &answer).then_some(())
    });
    let wrong = match opens.await {
        Some(()) => None,
        None => Some(format!("it is refused for {} seconds", stage.asked.patience_millis.div_euclid(1000))),
    };
    report.judge(&NEW, wrong, "believed");
    Ok(())
}

async fn unknown(stage: &Stage<'_>, report: &mut Report) -> Result<(), ConformanceError> {
    let before = stage.asked.issuer.fetches();
    let claims: Value = stage.page_claims(&stage.new_id());
    let mut wrong = None;
    for _ in 0..3 {
        let token = IdentitySigner::throwaway(&*stage.asked.entropy).sign(&claims)?;
        match stage.knock(Door::Page, identity(&token)).await {
            Ok(answer) if stage.is_open(Door::Page, &answer) => {
                wrong = Some(format!("the page opens ({})", answer.status));
            }
            Ok(_) => {}
            Err(error) => wrong = Some(error),
        }
    }
    let fetched = stage.asked.issuer.fetches().zip(before).map(|(after, before)| after.saturating_sub(before));
    let wrong = wrong.or_else(|| {
        fetched.filter(|fetched| *fetched > 1).map(|fetched| format!("the keys were fetched {fetched} times"))
    });
    report.judge(&UNKNOWN, wrong, "refused");
    Ok(())
}

//! `amberglass-server portal test`: the conformance kit, and its report.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use amberglass_domain::ports::{Clock, Entropy};
use amberglass_server::{
    PortalConfig,
    operator::Operator,
    portals::conformance::{self, Check, Conformance, Issuer, Outcome, Report},
};
use amberglass_wire::CustomerId;
use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use url::Url;

use crate::{
    load,
    output::{self, Output},
};

/// Asks with GET, HEAD and OPTIONS only. Without --config it signs with keys of its own, which it shows on this machine while
/// it runs: point the portal's issuer there. With --config it signs as that server, which has to run; what it opens is on record.
#[derive(Args)]
pub struct Test {
    /// Where the portal itself listens, such as http://127.0.0.1:8080.
    #[arg(value_name = "URL")]
    url: Url,
    /// The audience that the portal expects. With --config: that of the portal with this upstream.
    #[arg(long, value_name = "AUDIENCE")]
    audience: Option<String>,
    /// Whose pages are opened; best a customer that nobody else uses. Without it: the first one that the directory lists.
    #[arg(long, value_name = "ID")]
    customer: Option<String>,
    /// A page that only its customer sees, such as /account. May be given more than once; the first one is what forged identities
    /// are tried at.
    #[arg(long = "page", value_name = "PATH", default_value = "/")]
    pages: Vec<String>,
    /// Where the kit shows its keys on this machine; 0 lets the system choose. Not with --config.
    #[arg(long, value_name = "PORT", default_value_t = 7402)]
    issuer_port: u16,
    /// How long the portal may take to be there, and to notice a new key.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    wait: u16,
    #[command(flatten)]
    output: Output,
}

pub async fn run(
    test: Test,
    config: Option<PathBuf>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> anyhow::Result<ExitCode> {
    let Some(config) = config else {
        let audience = test.audience.clone().context("say which audience the portal expects: --audience AUDIENCE")?;
        let issuer = Issuer::own(test.issuer_port, &*entropy).await?;
        output::remark(&format!(
            "The portal has to believe the issuer {} for the audience `{audience}`; its keys are at {} while this runs.",
            issuer.name(),
            issuer.jwks_url(),
        ));
        return look(test, audience, issuer, clock, entropy).await;
    };
    let operator = Operator::open(load(Some(config))?, clock.clone(), entropy.clone()).await?;
    let ready = as_server(&operator, &test).await;
    operator.close().await;
    let (audience, issuer) = ready?;
    look(test, audience, issuer, clock, entropy).await
}

/// Puts it on record first.
async fn as_server(operator: &Operator, test: &Test) -> anyhow::Result<(String, Issuer)> {
    let portal = configured(operator, test)?;
    let customer = test.customer.as_ref().context(
        "with the server's own keys the customer has to be named, because their pages are opened: --customer ID",
    )?;
    let issuer = Issuer::of_server(&operator.config, &*operator.entropy)?;
    conformance::record(operator, portal, &CustomerId::new(customer)).await?;
    output::remark(&format!(
        "On record: customer {customer}'s pages are opened at {}, without a session.",
        portal.upstream
    ));
    Ok((portal.audience.clone(), issuer))
}

/// Nobody else's address is given a token of the server's.
fn configured<'a>(operator: &'a Operator, test: &Test) -> anyhow::Result<&'a PortalConfig> {
    let mut portals = operator.config.portals.iter();
    let is_meant = |portal: &&PortalConfig| {
        portal.upstream.origin() == test.url.origin()
            && test.audience.as_ref().is_none_or(|audience| *audience == portal.audience)
    };
    portals.find(is_meant).context(
        "the configuration has no portal with this upstream and audience: `portal list` shows those that it has; to test \
         another one leave --config out",
    )
}

async fn look(
    test: Test,
    audience: String,
    issuer: Issuer,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> anyhow::Result<ExitCode> {
    let asked = Conformance {
        url: test.url,
        audience,
        customer: test.customer.map(CustomerId::new),
        pages: test.pages,
        issuer,
        patience_millis: i64::from(test.wait).saturating_mul(1000),
        clock,
        entropy,
    };
    let report = conformance::run(&asked).await?;
    let [passed, failed, not_applicable] =
        [Outcome::Passed, Outcome::Failed, Outcome::NotApplicable].map(|outcome| report.count(outcome));
    let checks: Vec<_> = report
        .checks
        .iter()
        .map(|check| {
            json!({
                "id": check.id, "outcome": check.outcome.as_str(), "expected": check.expected, "came": check.came,
                "mend": check.mend, "by_hand": check.by_hand,
            })
        })
        .collect();
    let all = json!({
        "url": asked.url, "issuer": asked.issuer.name(), "audience": asked.audience, "checks": checks,
        "passed": passed, "failed": failed, "not_applicable": not_applicable,
    });
    let counts = format!("{passed} passed, {failed} failed, {not_applicable} not applicable");
    test.output.done(&format!("{}\n{counts}", written(&report)), &all)?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn written(report: &Report) -> String {
    let one = |check: &Check| match check.outcome {
        Outcome::Passed => format!("passed  {}: {}\n", check.id, check.came),
        Outcome::Failed => format!(
            "FAILED  {}\n        expected: {}\n        came:     {}\n        to mend:  {}\n",
            check.id, check.expected, check.came, check.mend
        ),
        Outcome::NotApplicable => {
            let by_hand = check.by_hand.map(|how| format!("        by hand:  {how}\n")).unwrap_or_default();
            format!("-       {}: {}\n{by_hand}", check.id, check.came)
        }
    };
    report.checks.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_says_what_was_expected_what_came_and_how_to_mend_it() {
        let check =
            |id, outcome, by_hand| Check { id, outcome, expected: "sun", came: "rain".into(), mend: "Wait.", by_hand };
        let report = Report {
            checks: vec![
                check("a", Outcome::Passed, None),
                check("b", Outcome::Failed, Some("Look out.")),
                check("c", Outcome::NotApplicable, Some("Look out.")),
                check("d", Outcome::NotApplicable, None),
            ],
        };
        assert_eq!(
            written(&report),
            "passed  a: rain\n\
             FAILED  b\n        expected: sun\n        came:     rain\n        to mend:  Wait.\n\
             -       c: rain\n        by hand:  Look out.\n\
             -       d: rain\n"
        );
    }
}

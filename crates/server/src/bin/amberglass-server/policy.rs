//! `amberglass-server policy`: what the policy says to a case and why, before it is in force anywhere. No database is needed.

use std::{path::PathBuf, process::ExitCode};

use amberglass_server::{
    config::{PolicyFiles, WorkingHours},
    policy::{Case, CaseFile, Policy},
};
use amberglass_wire::session::{Mode, PolicyAnswer};
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::{load, output::Output};

#[derive(Subcommand)]
pub enum PolicyCommand {
    /// Whether the policy can be put in force, and its hash.
    Check {
        #[command(flatten)]
        files: Files,
        #[command(flatten)]
        output: Output,
    },
    /// What the policy says to a start, by which rules, and which others were looked at.
    Explain {
        #[command(flatten)]
        files: Files,
        #[command(flatten)]
        case: Box<CaseArguments>,
        #[command(flatten)]
        output: Output,
    },
    /// Holds the policy against a file of cases.
    Test {
        /// TOML, such as policies/cases.toml.
        cases: PathBuf,
        #[command(flatten)]
        files: Files,
        #[command(flatten)]
        output: Output,
    },
}

/// Which policy: these files, or else that of --config, or else the built-in one.
#[derive(Args)]
pub struct Files {
    #[arg(long, value_name = "FILE", requires = "schema")]
    rules: Option<PathBuf>,
    #[arg(long, value_name = "FILE", requires = "rules")]
    schema: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum ModeName {
    ReadOnly,
    ReadWrite,
}

#[derive(Args)]
pub struct CaseArguments {
    /// agent, lead, security, admin.
    #[arg(long)]
    role: String,
    #[arg(long, default_value = "standard")]
    class: String,
    #[arg(long, value_enum, default_value = "read_only")]
    mode: ModeName,
    /// The customer is the staff member.
    #[arg(long)]
    oneself: bool,
    /// The customer is a staff member of this role in private life.
    #[arg(long, value_name = "ROLE")]
    customer_staff_role: Option<String>,
    #[arg(long)]
    customer_inactive: bool,
    #[arg(long)]
    portal_inactive: bool,
    /// Id of a portal, for rules about one.
    #[arg(long, default_value = "portal")]
    portal: String,
    /// Such as 2026-07-06T22:30:00Z; within the working hours if not said.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Sessions that the staff member has begun within the last hour.
    #[arg(long, default_value_t = 0)]
    sessions_last_hour: u32,
    /// Break-glass: at once, with a stated emergency.
    #[arg(long)]
    emergency: bool,
    /// One write that was blocked in a running session, such as "POST /appointments".
    #[arg(long, conflicts_with = "emergency")]
    write: Option<String>,
    /// One field that a portal's rules mask, by rule and pointer, such as "bank-details /iban".
    #[arg(long, value_name = "RULE POINTER", conflicts_with = "write")]
    unmask: Option<String>,
    /// A file of this path that the portal's rules list, such as "/invoices/7/file".
    #[arg(long, value_name = "PATH", conflicts_with_all = ["emergency", "write", "unmask"])]
    download: Option<String>,
    /// The portal's rule that lists it.
    #[arg(long, value_name = "ID", default_value = "rule", requires = "download")]
    download_rule: String,
    /// A request of theirs for this customer was denied within the last day.
    #[arg(long, requires = "emergency")]
    denied_last_day: bool,
    /// Break-glass of theirs that waits for a review.
    #[arg(long, default_value_t = 0, requires = "emergency")]
    unreviewed: u32,
}

impl From<CaseArguments> for Case {
    fn from(arguments: CaseArguments) -> Self {
        let CaseArguments { role, class, mode, oneself, customer_staff_role, customer_inactive, .. } = arguments;
        let mode = match mode {
            ModeName::ReadOnly => Mode::ReadOnly,
            ModeName::ReadWrite => Mode::ReadWrite,
        };
        Self {
            role,
            class,
            mode,
            oneself,
            customer_staff_role,
            customer_inactive,
            portal_inactive: arguments.portal_inactive,
            portal: arguments.portal,
            at: arguments.at,
            sessions_last_hour: arguments.sessions_last_hour,
            emergency: arguments.emergency,
            write: arguments.write,
            unmask: arguments.unmask,
            download: arguments.download,
            download_rule: arguments.download_rule,
            denied_last_day: arguments.denied_last_day,
            unreviewed: arguments.unreviewed,
        }
    }
}

/// 1 where a case is not as expected, or the policy could not be put in force.
pub fn run(command: PolicyCommand, config: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    match command {
        PolicyCommand::Check { files, output } => {
            let (policy, _) = policy(files, config)?;
            let sentence = format!("The policy can be put in force: {} rules, hash {}.", policy.len(), policy.hash());
            output.done(&sentence, &json!({ "rules": policy.len(), "hash": policy.hash() }))?;
            Ok(ExitCode::SUCCESS)
        }
        PolicyCommand::Explain { files, case, output } => {
            let (policy, hours) = policy(files, config)?;
            explain(&policy, &hours, &(*case).into(), output)?;
            Ok(ExitCode::SUCCESS)
        }
        PolicyCommand::Test { cases, files, output } => {
            let (policy, hours) = policy(files, config)?;
            test(&policy, &hours, &cases, output)
        }
    }
}

fn policy(files: Files, config: Option<PathBuf>) -> anyhow::Result<(Policy, WorkingHours)> {
    let configured = config.map(|path| load(Some(path))).transpose()?;
    let hours = configured.as_ref().map(|config| config.working_hours.clone()).unwrap_or_default();
    let files = match files {
        Files { rules: Some(rules), schema } => PolicyFiles { rules: Some(rules), schema },
        Files { rules: None, .. } => configured.map(|config| config.policy).unwrap_or_default(),
    };
    Ok((Policy::load(&files).context("the policy can't be put in force; nothing was changed")?, hours))
}

fn explain(policy: &Policy, hours: &WorkingHours, case: &Case, output: Output) -> anyhow::Result<()> {
    let explanation = case.explain(policy, hours)?;
    let decision = &explanation.decision;
    let rules = decision.rules.join(", ");
    let sentence = match decision.answer {
        PolicyAnswer::Allowed if case.download.is_some() => format!("May be kept, by {rules}."),
        PolicyAnswer::Allowed => format!("Begins at once, by {rules}."),
        PolicyAnswer::NeedsApproval if decision.approvals == 1 => format!("Begins after one approval, by {rules}."),
        PolicyAnswer::NeedsApproval => format!("Begins after {} approvals, by {rules}.", decision.approvals),
        PolicyAnswer::Refused => format!("Refused, by {rules}."),
    };
    let rows: Vec<[String; 4]> = explanation
        .considered
        .iter()
        .map(|one| {
            let effect = if one.permits { "permits" } else { "forbids" };
            let applies = if one.applies { "applies" } else { "does not apply" };
            [one.action.to_owned(), one.rule.clone(), effect.to_owned(), applies.to_owned()]
        })
        .collect();
    let json = json!({
        "answer": decision.answer, "rules": decision.rules, "approvals": decision.approvals, "policy_hash": policy.hash(),
        "considered": explanation.considered.iter().map(|one| json!({
            "action": one.action, "rule": one.rule, "permits": one.permits, "applies": one.applies,
        })).collect::<Vec<_>>(),
    });
    output.sentence_and_table(&sentence, ["action", "rule", "effect", "in this case"], &rows, &json)
}

fn test(policy: &Policy, hours: &WorkingHours, path: &PathBuf, output: Output) -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))?;
    let file: CaseFile = toml::from_str(&text).with_context(|| format!("{} is not understood", path.display()))?;
    if file.case.is_empty() {
        bail!("{} holds no case", path.display());
    }
    let mut failed = Vec::new();
    for case in &file.case {
        let found = case.check(policy, hours).with_context(|| format!("case `{}`", case.name))?;
        failed.extend(found.map(|what| [case.name.clone(), what]));
    }
    let (all, wrong) = (file.case.len(), failed.len());
    let sentence = if wrong == 0 {
        format!("All {all} cases are as they should be.")
    } else {
        format!("{wrong} of {all} cases are not as they should be:")
    };
    let json = json!({
        "cases": all, "policy_hash": policy.hash(),
        "failed": failed.iter().map(|[name, what]| json!({ "case": name, "what": what })).collect::<Vec<_>>(),
    });
    output.sentence_and_table(&sentence, ["case", "what is wrong"], &failed, &json)?;
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use amberglass_server::policy::word;

    use super::*;

    #[test]
    fn the_answers_are_called_as_in_files_of_cases() {
        for answer in [PolicyAnswer::Allowed, PolicyAnswer::NeedsApproval, PolicyAnswer::Refused] {
            assert_eq!(json!(answer), json!(word(answer)));
        }
    }
}

//! `amberglass-server rules`: what a portal's rules say to a request and why, before they are in force anywhere.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use amberglass_domain::{
    content::{self, ContentType},
    ports::{Clock, Entropy},
    read_only::{
        self, Content, Decision, JudgedRequest, MessageDecision, PortalRules, RuleKind, Upgrade, decide_message,
        downloads, query_overrides_method,
        shadow::{self, Suspicion},
    },
};
use amberglass_server::{gateway::canonical_target, operator::Operator, portals::Rules};
use amberglass_wire::{PortalId, session::Mode};
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::output::{Output, time};

/// More would not be read.
const MOST_FINDINGS: u32 = 200;

#[derive(Subcommand)]
pub enum RulesCommand {
    /// Whether a file of rules can be put in force, and what is still missing for read_write.
    Check {
        file: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Which rule decides about a request.
    Explain {
        file: PathBuf,
        #[command(flatten)]
        request: Asked,
        #[command(flatten)]
        output: Output,
    },
    /// What the rules of a portal may have wrong, from what its sessions did: reads that may change something, blocked writes that
    /// may only read. With a rule to paste for each. Needs --config.
    Report {
        /// Id of the portal.
        portal: String,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum ModeName {
    ReadOnly,
    ReadWrite,
}

#[derive(Args)]
pub struct Asked {
    /// As in requests: GET, POST.
    method: String,
    /// A path with its query, or a whole address.
    url: String,
    #[arg(long, value_enum, default_value = "read_only")]
    mode: ModeName,
    /// Of the content; with --body alone, that of a form.
    #[arg(long, value_name = "TYPE", requires = "body")]
    content_type: Option<String>,
    /// The content itself.
    #[arg(long, value_name = "TEXT")]
    body: Option<String>,
    /// It asks for a WebSocket.
    #[arg(long)]
    websocket: bool,
    /// What a page says over the WebSocket, once it is open.
    #[arg(long, value_name = "TEXT", requires = "websocket")]
    message: Option<String>,
}

/// 1 where the rules can't be put in force.
pub async fn run(
    command: RulesCommand,
    config: Option<PathBuf>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> anyhow::Result<ExitCode> {
    match command {
        RulesCommand::Check { file, output } => check(&load(&file)?, output)?,
        RulesCommand::Explain { file, request, output } => explain(&load(&file)?.rules, &request, output)?,
        RulesCommand::Report { portal, output } => {
            let operator = Operator::open(crate::load(config)?, clock, entropy).await?;
            let done = report(&operator, &PortalId::new(portal), output).await;
            operator.close().await;
            done?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn load(file: &std::path::Path) -> anyhow::Result<Rules> {
    Rules::load(file).context("the rules can't be put in force; nothing was changed")
}

fn check(rules: &Rules, output: Output) -> anyhow::Result<()> {
    let (count, hash, overrides) = (rules.rules.count(), rules.hash.as_deref().unwrap_or_default(), rules.overrides());
    let undeclared: Vec<String> = rules.rules.undeclared().iter().map(ToString::to_string).collect();
    let mut sentence = format!("The rules can be put in force: {count} rules, hash {hash}.");
    if !undeclared.is_empty() {
        sentence.push_str(&format!(
            "\nread_write is not offered: say of {} where it is, in a `never` rule, or that it is absent.",
            undeclared.join(", ")
        ));
    }
    if !overrides.is_empty() {
        sentence.push_str(&format!("\nTaken off the built-in never-list: {}.", overrides.join(", ")));
    }
    let json = json!({ "rules": count, "hash": hash, "undeclared": undeclared, "overrides": overrides });
    output.done(&sentence, &json)
}

fn explain(rules: &PortalRules, asked: &Asked, output: Output) -> anyhow::Result<()> {
    let uri: http::Uri = asked.url.parse().with_context(|| format!("{} is no address", asked.url))?;
    let target = match canonical_target(&uri) {
        Ok(target) => target,
        Err(rule) => {
            let sentence = format!("Blocked by {rule}: the address could be read in two ways.");
            return output.done(&sentence, &json!({ "decision": "block", "rule": rule, "kind": "built_in" }));
        }
    };
    let content_type = match (&asked.content_type, &asked.body) {
        (Some(given), _) => ContentType::parse(given),
        (None, Some(_)) => ContentType::parse(content::FORM),
        (None, None) => None,
    };
    let request = JudgedRequest {
        method: &asked.method,
        path: target.path(),
        query: target.query(),
        media_type: content_type.as_ref().map(|given| given.media_type.as_str()),
        boundary: content_type.as_ref().and_then(|given| given.boundary.as_deref()),
        content: asked.body.as_deref().map_or(Content::Nothing, |body| Content::Read(body.as_bytes())),
        upgrade: if asked.websocket { Upgrade::Websocket } else { Upgrade::Nothing },
        overrides_method: target.query().is_some_and(query_overrides_method),
    };
    let mode = match asked.mode {
        ModeName::ReadOnly => Mode::ReadOnly,
        ModeName::ReadWrite => Mode::ReadWrite,
    };
    let (decision, rule) = match read_only::decide(&request, mode, rules) {
        Decision::Pass { rule } => ("pass", rule),
        Decision::Block { rule } => ("block", Some(rule)),
        Decision::ReadContent => bail!("it depends on the content: say it with --body"),
    };
    let (decision, rule) = match (&asked.message, decision, rule) {
        (Some(message), "pass", Some(rule)) => match decide_message(message, target.path(), &rule, mode, rules) {
            MessageDecision::Beat | MessageDecision::Pass => ("pass", Some(rule)),
            MessageDecision::Block { rule } => ("block", Some(rule)),
        },
        (Some(_) | None, decision, rule) => (decision, rule),
    };
    let (kind, why) = rule.as_deref().map_or((None, None), |id| match rules.rule(id) {
        Some((kind, why)) => (Some(word(kind)), why),
        None => (Some("built_in"), None),
    });
    let done = if decision == "pass" { "Passes" } else { "Blocked" };
    let by = match (&rule, kind) {
        (Some(rule), Some("built_in")) => format!("{done}, by {rule} (built in)."),
        (Some(rule), Some(kind)) => format!("{done}, by {rule} ({kind} of this file)."),
        (Some(_) | None, _) => format!("{done}: no rule speaks of it, and it reads."),
    };
    let mut sentence = why.map_or_else(|| by.clone(), |why| format!("{by} {why}"));
    let passes = decision == "pass" && !asked.websocket;
    let files = if passes { downloads(&asked.method, target.path(), target.query(), rules) } else { Vec::new() };
    for file in &files {
        let (id, types, most) = (&file.request.id, file.content_types.join(" or "), file.max_bytes);
        sentence.push_str(&format!(
            "\nWhat it answers may be kept as a file where the policy lets, by {id} (download of this file): {types}, up to {most} bytes."
        ));
    }
    let files: Vec<_> = files
        .iter()
        .map(
            |file| json!({ "rule": file.request.id, "content_types": file.content_types, "max_bytes": file.max_bytes }),
        )
        .collect();
    output.done(&sentence, &json!({ "decision": decision, "rule": rule, "kind": kind, "why": why, "downloads": files }))
}

async fn report(operator: &Operator, portal: &PortalId, output: Output) -> anyhow::Result<()> {
    if operator.config.portal(portal).is_none() {
        bail!("there is no portal {portal} in the configuration");
    }
    let found = operator.store.shadow_findings(portal, MOST_FINDINGS).await?;
    let rows: Vec<[String; 5]> = found
        .iter()
        .map(|row| {
            let what = match row.suspicion {
                Suspicion::ReadChanges => "may change something",
                Suspicion::WriteReads => "may only read",
            };
            let request = format!("{} {}", row.method, row.path);
            [request, what.to_owned(), row.signs.clone(), row.seen.to_string(), time(row.last_at)]
        })
        .collect();
    let json: Vec<_> = found
        .iter()
        .map(|row| {
            json!({
                "kind": row.suspicion.as_str(), "method": row.method, "path": row.path, "signs": row.signs, "seen": row.seen,
                "first_at": row.first_at, "last_at": row.last_at, "rule": shadow::rule(row.suspicion, &row.method, &row.path),
            })
        })
        .collect();
    let sentence = if found.is_empty() {
        "Nothing that sessions did in this portal looks as if its rules had it wrong.".to_owned()
    } else {
        let rules: Vec<String> = found.iter().map(|row| shadow::rule(row.suspicion, &row.method, &row.path)).collect();
        format!(
            "These are guesses. Look at each; paste the rule where it is right, or a safe_read where a read only reads:\n\n{}",
            rules.join("\n\n")
        )
    };
    output.sentence_and_table(&sentence, ["request", "guess", "because", "seen", "last"], &rows, &json)
}

/// As its table is called in files.
fn word(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::SafeWrite => "safe_write",
        RuleKind::SafeRead => "safe_read",
        RuleKind::UnsafeRead => "unsafe_read",
        RuleKind::Write => "write",
        RuleKind::Withhold => "withhold",
        RuleKind::Mask => "mask",
        RuleKind::Download => "download",
        RuleKind::Never => "never",
        RuleKind::Graphql => "graphql",
        RuleKind::JsonRpc => "json_rpc",
        RuleKind::Websocket => "websocket",
    }
}

//! `amberglass-server portal`: the portals of the configuration, their switch, and their keys. `portal test` stands in a file of
//! its own.

use std::process::ExitCode;

use amberglass_domain::reason;
use amberglass_server::{
    PortalConfig,
    operator::Operator,
    portals::{self, Finding},
};
use amberglass_wire::PortalId;
use anyhow::{Context as _, bail};
use clap::Subcommand;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::{
    output::{Output, time},
    portal_test,
};

#[derive(Subcommand)]
pub enum Portal {
    /// Runs the checks of the conformance kit against any portal and prints a report. Fails if one of them does.
    Test(portal_test::Test),
    #[command(flatten)]
    Configured(Configured),
}

/// What needs the configuration and its database.
#[derive(Subcommand)]
pub enum Configured {
    /// All portals of the configuration, and whether they are open.
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Asks the portal as the gateway would, and says in words what is wrong. Fails if something is.
    Check {
        #[arg(value_name = "PORTAL")]
        portal: String,
        #[command(flatten)]
        output: Output,
    },
    /// Ends the portal's sessions within a second; none begins until `portal enable`.
    Disable {
        #[arg(value_name = "PORTAL")]
        portal: String,
        /// Why, in at least ten characters; it stands in the record.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        output: Output,
    },
    /// Opens a portal that was disabled.
    Enable {
        #[arg(value_name = "PORTAL")]
        portal: String,
        #[command(flatten)]
        output: Output,
    },
    /// Keys with which a portal shows its customers who looked, and lets them stop it.
    #[command(subcommand)]
    Key(Key),
}

#[derive(Subcommand)]
pub enum Key {
    /// Makes a key and shows it, once.
    Add {
        #[arg(value_name = "PORTAL")]
        portal: String,
        /// Where it will be used, such as `production`.
        #[arg(long)]
        name: String,
        #[command(flatten)]
        output: Output,
    },
    /// All keys; not what proves them.
    List {
        #[command(flatten)]
        output: Output,
    },
    /// The key is worth nothing from now on.
    Revoke {
        /// As `portal key list` shows it.
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        output: Output,
    },
}

const MAX_NAME_CHARACTERS: usize = 100;

pub async fn run(operator: &Operator, command: Configured) -> anyhow::Result<ExitCode> {
    match command {
        Configured::List { output } => list(operator, output).await?,
        Configured::Check { portal, output } => return check(operator, configured(operator, &portal)?, output).await,
        Configured::Disable { portal, reason, output } => {
            let id = &configured(operator, &portal)?.id;
            if reason::check_text(&reason).is_err() {
                bail!(
                    "the reason must say something in at least ten characters: it stands in the record; nothing was changed"
                );
            }
            let changed = portals::disable(operator, id, reason.trim()).await?;
            let sentence = if changed {
                "The portal is switched off: its sessions end within a second, and none begins until `portal enable`."
            } else {
                "The portal was switched off before; nothing was changed."
            };
            output.done(sentence, &json!({ "portal": id, "changed": changed }))?;
        }
        Configured::Enable { portal, output } => {
            // Also one that has left the configuration meanwhile.
            let id = PortalId::new(portal);
            let changed = portals::enable(operator, &id).await?;
            if !changed {
                configured(operator, id.as_str())?;
            }
            let sentence = if changed {
                "The portal is open again."
            } else {
                "The portal was not switched off; nothing was changed."
            };
            output.done(sentence, &json!({ "portal": id, "changed": changed }))?;
        }
        Configured::Key(Key::Add { portal, name, output }) => {
            let id = &configured(operator, &portal)?.id;
            let name = name.trim();
            if name.is_empty() || name.chars().count() > MAX_NAME_CHARACTERS || name.chars().any(char::is_control) {
                bail!("the name must have 1 to {MAX_NAME_CHARACTERS} characters; no key was made");
            }
            let added = portals::add_key(operator, id, name).await?;
            let key = added.key.expose_secret();
            let sentence = format!(
                "{key}\n\nThis is the only time that the key is shown: put it where the portal keeps its secrets."
            );
            output.done(&sentence, &json!({ "id": added.id, "portal": id, "name": name, "key": key }))?;
        }
        Configured::Key(Key::List { output }) => list_keys(operator, output).await?,
        Configured::Key(Key::Revoke { id, output }) => {
            let changed = portals::revoke_key(operator, &id).await?;
            if !changed && !operator.store.portal_keys().await?.iter().any(|key| key.id == id) {
                bail!("there is no key {id}; `portal key list` shows them all");
            }
            let sentence = if changed {
                "The key is revoked: it is worth nothing from now on."
            } else {
                "The key was revoked before; nothing was changed."
            };
            output.done(sentence, &json!({ "id": id, "changed": changed }))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn configured<'a>(operator: &'a Operator, portal: &str) -> anyhow::Result<&'a PortalConfig> {
    operator.config.portal(&PortalId::new(portal)).with_context(|| {
        let known: Vec<&str> = operator.config.portals.iter().map(|portal| portal.id.as_str()).collect();
        if known.is_empty() {
            format!("there is no portal {portal}: the configuration has none")
        } else {
            format!("there is no portal {portal}: the configuration has {}", known.join(", "))
        }
    })
}

async fn list(operator: &Operator, output: Output) -> anyhow::Result<()> {
    let disabled = operator.store.disabled_portals().await?;
    let switch = |portal: &PortalConfig| disabled.iter().find(|row| row.portal == portal.id);
    let rows: Vec<[String; 5]> = operator
        .config
        .portals
        .iter()
        .map(|portal| {
            let state = match switch(portal) {
                Some(row) => format!("off since {}: {}", time(row.disabled_at), row.reason),
                None if portal.active => "open".into(),
                None => "off by the configuration".into(),
            };
            let upstream = portal.upstream.to_string();
            [portal.id.0.clone(), portal.name.clone(), portal.gateway_host.clone(), upstream, state]
        })
        .collect();
    let all: Vec<_> = operator
        .config
        .portals
        .iter()
        .map(|portal| {
            json!({
                "id": portal.id, "name": portal.name, "gateway_host": portal.gateway_host,
                "upstream": portal.upstream, "active": portal.active && switch(portal).is_none(),
                "disabled_at": switch(portal).map(|row| row.disabled_at),
                "disabled_reason": switch(portal).map(|row| row.reason.clone()),
            })
        })
        .collect();
    output.table(
        ["id", "name", "gateway host", "upstream", "state"],
        &rows,
        "The configuration has no portal: add a [[portals]] section.",
        &all,
    )
}

async fn check(operator: &Operator, portal: &PortalConfig, output: Output) -> anyhow::Result<ExitCode> {
    let findings = portals::check(operator, portal).await?;
    let rows: Vec<[String; 2]> = findings
        .iter()
        .map(|finding| [if finding.is_good { "good" } else { "WRONG" }.to_owned(), finding.words.clone()])
        .collect();
    let all: Vec<_> =
        findings.iter().map(|finding| json!({ "good": finding.is_good, "words": finding.words })).collect();
    output.table(["", "finding"], &rows, "", &all)?;
    let is_good = findings.iter().all(|Finding { is_good, .. }| *is_good);
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn list_keys(operator: &Operator, output: Output) -> anyhow::Result<()> {
    let keys = operator.store.portal_keys().await?;
    let rows: Vec<[String; 5]> = keys
        .iter()
        .map(|key| {
            let state = key.revoked_at.map_or_else(|| "in use".into(), |at| format!("revoked {}", time(at)));
            let used = key.last_used_at.map_or_else(|| "never".into(), time);
            [key.id.clone(), key.portal.0.clone(), key.name.clone(), used, state]
        })
        .collect();
    let all: Vec<_> = keys
        .iter()
        .map(|key| {
            json!({
                "id": key.id, "portal": key.portal, "name": key.name, "created_at": key.created_at,
                "last_used_at": key.last_used_at, "revoked_at": key.revoked_at,
            })
        })
        .collect();
    output.table(["id", "portal", "name", "last used", "state"], &rows, "There are no portal keys.", &all)
}

//! `amberglass-server audit erase` and `audit retire`: what goes from the audit log, on record.

use std::process::ExitCode;

use amberglass_domain::reason;
use amberglass_server::{audit, operator::Operator, store::BodiesOf};
use amberglass_wire::{CustomerId, PortalId, UnixMillis, audit::RecordRange};
use anyhow::{Context as _, bail};
use chrono::{DateTime, Months, Utc};
use clap::Args;
use serde_json::json;

use crate::{audit::moment, output::Output, output::time};

/// Exactly one of session, customer, staff and writer says whose.
#[derive(Args)]
#[group(id = "whose", required = true, multiple = false, args = ["session", "customer", "staff", "writer"])]
pub struct Erase {
    /// Of the session with this code, such as AG-7K3QX.
    #[arg(long, value_name = "CODE")]
    session: Option<String>,
    /// About this customer, as PORTAL/ID, such as barkside/1042.
    #[arg(long, value_name = "PORTAL/ID")]
    customer: Option<String>,
    /// About this staff member.
    #[arg(long, value_name = "EMAIL")]
    staff: Option<String>,
    /// Of this writer's chain, those of --seq.
    #[arg(long, value_name = "WRITER", requires = "seq")]
    writer: Option<String>,
    /// Number of a record in the writer's chain, or 5..9 for several.
    #[arg(long, value_name = "N[..M]", requires = "writer")]
    seq: Option<String>,
    /// Why, in at least ten characters. It stays on record.
    #[arg(long)]
    reason: String,
    /// Says what would go, and changes nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
pub struct Retire {
    /// What was received before then: 2026-01-31, 2026-01-31T08:30:00Z, or so long ago: 500d. Not younger than
    /// audit_retention_months, which is what it is without this.
    #[arg(long, value_name = "WHEN")]
    before: Option<String>,
    /// Says what would go, and changes nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    output: Output,
}

/// A server whose role owns nothing can do neither.
const NOT_THE_OWNER: &str = "nothing more went. On PostgreSQL this wants the owner of the tables: name the owner's address in \
     AMBERGLASS_DATABASE_URL for this command";

pub async fn erase(operator: &Operator, command: Erase) -> anyhow::Result<ExitCode> {
    let Erase { reason, dry_run, output, .. } = &command;
    if reason::check_text(reason).is_err() {
        bail!("the reason must say something in at least ten characters: it stays on record; nothing was erased");
    }
    let of = whose(operator, &command).await?;
    let erased = audit::erase(&operator.audit, &operator.store, &of, reason.trim(), *dry_run).await;
    let erased = match erased {
        Err(error @ audit::EraseError::Store(_)) => return Err(error).context(NOT_THE_OWNER),
        other => other?,
    };
    let kept: Vec<String> = erased.kept.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let mut sentence = match (dry_run, erased.bodies) {
        (_, 0) if erased.sessions.max(erased.requests) == 0 => "There was nothing to erase.".to_owned(),
        (true, count) => format!("{count} records would lose what they say. Nothing was changed."),
        (false, count) => format!(
            "{count} records say nothing any more; that they were there stays. On record as bodies_erased. Backups and \
             exports hold what they held."
        ),
    };
    let verb = if *dry_run { "would forget" } else { "forgot" };
    for (count, what) in [(erased.sessions, "ended sessions"), (erased.requests, "requests for approval")] {
        if count > 0 {
            sentence.push_str(&format!(" The rows of {count} {what} {verb} name, address and reason."));
        }
    }
    if !kept.is_empty() {
        sentence.push_str(&format!(" Kept, because records of these kinds are evidence: {}.", kept.join(", ")));
    }
    let answer = json!({
        "erased": erased.bodies, "sessions": erased.sessions, "requests": erased.requests, "kept": erased.kept,
        "dry_run": dry_run,
    });
    output.done(&sentence, &answer)?;
    Ok(ExitCode::SUCCESS)
}

async fn whose(operator: &Operator, command: &Erase) -> anyhow::Result<BodiesOf> {
    if let Some(code) = &command.session {
        let code = code.trim().to_uppercase();
        let found = operator.store.session_by_code(&code).await?;
        return Ok(BodiesOf::Session(found.with_context(|| format!("there is no session {code}"))?));
    }
    if let Some(customer) = &command.customer {
        let (portal, id) = customer
            .split_once('/')
            .with_context(|| format!("`{customer}` is not PORTAL/ID, such as barkside/1042"))?;
        return Ok(BodiesOf::Customer(PortalId::new(portal), CustomerId::new(id)));
    }
    if let Some(email) = &command.staff {
        let found = operator.store.staff_by_email(email).await?;
        return Ok(BodiesOf::Staff(found.with_context(|| format!("there is no staff member {email}"))?.id));
    }
    let (Some(writer), Some(seq)) = (&command.writer, &command.seq) else { bail!("say whose records") };
    let (from, through) =
        range(seq).with_context(|| format!("`{seq}` is neither a record's number nor a range such as 5..9"))?;
    if operator.store.chain_head_of(writer).await?.seq == 0 {
        bail!("nothing of a writer {writer} is in the audit log");
    }
    Ok(BodiesOf::Records(RecordRange { writer: writer.clone(), from, through }))
}

/// Both ends included.
fn range(text: &str) -> Option<(i64, i64)> {
    let (from, through) = text.split_once("..").unwrap_or((text, text));
    let (from, through) = (from.trim().parse().ok()?, through.trim().parse().ok()?);
    (1 <= from && from <= through).then_some((from, through))
}

pub async fn retire(operator: &Operator, command: Retire) -> anyhow::Result<ExitCode> {
    let Retire { before, dry_run, output } = command;
    let months = operator.config.audit_retention_months;
    let horizon = months_before(operator.clock.now(), months).context("audit_retention_months is too long ago")?;
    let before = match before {
        None => horizon,
        Some(text) => moment(&text, &*operator.clock)
            .with_context(|| format!("`{text}` is no time: 2026-01-31, 2026-01-31T08:30:00Z or 500d"))?,
    };
    if before > horizon {
        bail!(
            "staff are told that the audit log is kept for {months} months (audit_retention_months), and {} is less; nothing \
             was retired",
            time(before)
        );
    }
    let retired = audit::retire(&operator.audit, &operator.store, before, dry_run).await;
    let retired = match retired {
        Err(error @ audit::RetireError::Store(_)) => return Err(error).context(NOT_THE_OWNER),
        other => other?,
    };
    let (chains, records) = (retired.chains.len(), retired.records);
    let until = time(before);
    let sentence = match (dry_run, chains, records) {
        (_, 0, 0) if retired.sessions.max(retired.requests) == 0 => {
            format!("No chain has a beginning from before {until} that could go.")
        }
        (true, ..) => {
            let list: Vec<String> =
                retired.chains.iter().map(|row| format!("{} up to {}", row.writer, row.through)).collect();
            format!("Would go, as received before {until}: {}. Nothing was changed.", list.join(", "))
        }
        (false, ..) => format!(
            "{records} records from before {until} are gone, of {chains} chains; signed checkpoints stand for them. On record \
             as records_retired."
        ),
    };
    let all: Vec<_> = retired
        .chains
        .iter()
        .map(|row| json!({ "writer": row.writer, "through": row.through, "hash": row.hash }))
        .collect();
    let answer = json!({
        "before": before, "chains": all, "records": records, "sessions": retired.sessions, "requests": retired.requests,
        "dry_run": dry_run,
    });
    output.done(&sentence, &answer)?;
    Ok(ExitCode::SUCCESS)
}

fn months_before(now: UnixMillis, months: u32) -> Option<UnixMillis> {
    let now: DateTime<Utc> = DateTime::from_timestamp_millis(now.0)?;
    Some(UnixMillis(now.checked_sub_months(Months::new(months))?.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_named_by_a_number_or_a_range() {
        for (text, expected) in [
            ("5", Some((5, 5))),
            ("5..9", Some((5, 9))),
            ("5 .. 9", Some((5, 9))),
            ("9..5", None),
            ("0", None),
            ("-3", None),
            ("5..", None),
            ("all", None),
        ] {
            assert_eq!(range(text), expected, "{text}");
        }
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        let at = |text: &str| UnixMillis(DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis());
        assert_eq!(months_before(at("2026-11-28T06:00:00Z"), 13), Some(at("2025-10-28T06:00:00Z")));
        assert_eq!(months_before(at("2026-03-31T06:00:00Z"), 1), Some(at("2026-02-28T06:00:00Z")));
        assert_eq!(months_before(at("2026-03-31T06:00:00Z"), u32::MAX), None);
    }
}

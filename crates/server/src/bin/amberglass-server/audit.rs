//! `amberglass-server audit`: reads the audit log, and computes its chains again.

use std::process::ExitCode;

use amberglass_domain::ports::Clock;
use amberglass_server::{
    audit::CheckedChain,
    operator::Operator,
    store::{AuditFilter, ShownEvent},
};
use amberglass_wire::{UnixMillis, alarm::AlarmResponse};
use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, NaiveTime};
use clap::Subcommand;
use serde_json::{Value, json};

use crate::{
    export::{self, Format, Scope},
    gone,
    output::{self, Output},
};

/// Events that are read at once.
const PAGE: u32 = 500;
/// The newest ones are what counts.
const MOST_ALARMS: u32 = 1000;

#[derive(Subcommand)]
pub enum Audit {
    /// Events in the order of the log, one a line.
    Show {
        /// Only of the session with this code, such as AG-7K3QX.
        #[arg(long, value_name = "CODE")]
        session: Option<String>,
        /// Only of this staff member.
        #[arg(long, value_name = "EMAIL")]
        staff: Option<String>,
        /// Only since then: 2026-01-31, 2026-01-31T08:30:00Z, or so long ago: 30m, 24h, 7d.
        #[arg(long, value_name = "WHEN")]
        since: Option<String>,
        /// Whole records as JSON Lines.
        #[arg(long)]
        json: bool,
    },
    /// Writes what is in scope, by default as JSON Lines that `amberglass-verify` checks without this server. The export is put
    /// on record.
    Export {
        /// A file that does not exist yet, or - for the standard output.
        file: String,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        scope: Scope,
    },
    /// The public keys with which exports and checkpoints are verified: keep them where this server cannot change them.
    Keys,
    /// Takes away for good what records say of a customer, a session or a person; that they were there stays, and the erasure is
    /// on record.
    Erase(gone::Erase),
    /// Removes the old beginnings of all chains, up to signed checkpoints that stand for them. On record.
    Retire(gone::Retire),
    /// What does not agree and nobody has looked at yet, the newest first. Security and admins look at it in the console.
    Alarms {
        #[command(flatten)]
        output: Output,
    },
    /// Computes every writer's chain again and says whether it is whole. Fails if one is not.
    Check {
        #[command(flatten)]
        output: Output,
    },
}

pub async fn run(operator: &Operator, command: Audit) -> anyhow::Result<ExitCode> {
    match command {
        Audit::Show { session, staff, since, json } => {
            let filter = filter(operator, session.as_deref(), staff.as_deref(), since.as_deref()).await?;
            show(operator, &filter, json).await
        }
        Audit::Export { file, format, scope } => export::to(operator, &file, format, scope).await,
        Audit::Keys => export::keys(operator).await,
        Audit::Erase(command) => gone::erase(operator, command).await,
        Audit::Retire(command) => gone::retire(operator, command).await,
        Audit::Alarms { output } => alarms(operator, output).await,
        Audit::Check { output } => check(operator, output).await,
    }
}

async fn filter(
    operator: &Operator,
    session: Option<&str>,
    staff: Option<&str>,
    since: Option<&str>,
) -> anyhow::Result<AuditFilter> {
    let mut filter = AuditFilter::default();
    if let Some(code) = session {
        let code = code.trim().to_uppercase();
        let found = operator.store.session_by_code(&code).await?;
        filter.session = Some(found.with_context(|| format!("there is no session {code}"))?);
    }
    if let Some(email) = staff {
        let found = operator.store.staff_by_email(email).await?;
        filter.staff = Some(found.with_context(|| format!("there is no staff member {email}"))?.id);
    }
    if let Some(text) = since {
        let at = moment(text, &*operator.clock);
        filter.since =
            Some(at.with_context(|| format!("`{text}` is no time: 2026-01-31, 2026-01-31T08:30:00Z, 30m, 24h or 7d"))?);
    }
    Ok(filter)
}

pub fn moment(text: &str, clock: &dyn Clock) -> Option<UnixMillis> {
    let text = text.trim();
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(UnixMillis(at.timestamp_millis()));
    }
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(UnixMillis(day.and_time(NaiveTime::MIN).and_utc().timestamp_millis()));
    }
    let (number, seconds) = [("m", 60), ("h", 60 * 60), ("d", 24 * 60 * 60)]
        .into_iter()
        .find_map(|(unit, seconds)| text.strip_suffix(unit).map(|number| (number, seconds)))?;
    let number: u32 = number.parse().ok()?;
    Some(clock.now().plus_seconds(i64::from(number).saturating_mul(seconds).saturating_neg()))
}

async fn show(operator: &Operator, filter: &AuditFilter, as_json: bool) -> anyhow::Result<ExitCode> {
    let mut after = 0;
    loop {
        let page = operator.store.audit_page(filter, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(ExitCode::SUCCESS) };
        after = last.event.position;
        for shown in &page {
            let line = if as_json { json_line(shown) } else { line(shown) };
            if !output::line(&line)? {
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
}

fn json_line(shown: &ShownEvent) -> String {
    let record = &shown.event.record;
    json!({
        "position": shown.event.position, "received_at": shown.event.received_at,
        "staff_email": shown.staff_email, "session_code": shown.session_code, "record": record,
    })
    .to_string()
}

/// Time, kind, session, who, whom, and what else the event says.
fn line(shown: &ShownEvent) -> String {
    let record = &shown.event.record;
    let at = DateTime::from_timestamp_millis(record.occurred_at.0)
        .map_or_else(|| record.occurred_at.0.to_string(), |at| at.format("%Y-%m-%d %H:%M:%S%.3fZ").to_string());
    let customer = match (&shown.portal, &shown.customer) {
        (Some(portal), Some(customer)) => format!("{portal}/{customer}"),
        (Some(portal), None) => portal.clone(),
        (None, _) => "-".into(),
    };
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let words = format!(
        "{at}  {:<22}  {:<8}  {}  {customer}  {}",
        record.kind,
        or_dash(&shown.session_code),
        or_dash(&shown.staff_email),
        details(&record.body)
    );
    // What people typed stands here: nothing of it may speak to the terminal.
    words.trim_end().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// `name=value ...` of what only this kind of event carries.
fn details(body: &str) -> String {
    if body.is_empty() {
        return "(erased)".into();
    }
    let Ok(body) = serde_json::from_str::<Value>(body) else { return "(not understood)".into() };
    let Some(detail) = body.get("detail").and_then(Value::as_object) else { return String::new() };
    let parts: Vec<String> = detail
        .iter()
        .filter(|(name, value)| *name != "kind" && !value.is_null())
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    parts.join(" ")
}

async fn alarms(operator: &Operator, output: Output) -> anyhow::Result<ExitCode> {
    let (_, open) = operator.store.open_alarms(MOST_ALARMS).await?;
    let says = |alarm: &AlarmResponse| alarm.detail.as_ref().map(serde_json::to_string).transpose();
    let mut rows: Vec<[String; 5]> = Vec::with_capacity(open.len());
    for alarm in &open {
        rows.push([
            output::time(alarm.raised_at),
            alarm.kind.clone(),
            alarm.device_name.clone().unwrap_or_default(),
            alarm.session_code.clone().unwrap_or_default(),
            says(alarm)?.unwrap_or_default(),
        ]);
    }
    output.table(["raised", "alarm", "device", "session", "what"], &rows, "There is nothing to look at.", &open)?;
    Ok(ExitCode::SUCCESS)
}

async fn check(operator: &Operator, output: Output) -> anyhow::Result<ExitCode> {
    let chains = amberglass_server::audit::check(&operator.store).await?;
    let says = |chain: &CheckedChain| match &chain.broken {
        None => "whole".to_owned(),
        Some(broken) => format!("BROKEN after record {}: {broken}", chain.head.seq),
    };
    let rows: Vec<[String; 4]> = chains
        .iter()
        .map(|chain| {
            [chain.writer.clone(), chain.head.seq.to_string(), says(chain), chain.head.hash.chars().take(16).collect()]
        })
        .collect();
    let all: Vec<_> = chains
        .iter()
        .map(|chain| {
            json!({
                "writer": chain.writer, "records": chain.head.seq, "head": chain.head.hash,
                "whole": chain.broken.is_none(), "why": chain.broken.as_ref().map(ToString::to_string),
            })
        })
        .collect();
    output.table(["writer", "records", "chain", "head"], &rows, "The audit log is empty.", &all)?;
    let is_whole = chains.iter().all(|chain| chain.broken.is_none());
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct At(i64);

    impl Clock for At {
        fn now(&self) -> UnixMillis {
            UnixMillis(self.0)
        }

        fn monotonic_millis(&self) -> i64 {
            0
        }

        fn sleep_until(&self, _at: i64) -> amberglass_domain::ports::BoxFuture<'_, ()> {
            Box::pin(std::future::pending())
        }
    }

    #[test]
    fn a_moment_is_a_day_a_time_or_so_long_ago() {
        let clock = At(1_000_000_000_000);
        let table = [
            ("2026-01-05", Some(1_767_571_200_000)),
            ("2026-01-05T01:00:00+01:00", Some(1_767_571_200_000)),
            ("30m", Some(1_000_000_000_000 - 30 * 60_000)),
            ("7d", Some(1_000_000_000_000 - 7 * 86_400_000)),
            ("yesterday", None),
            ("-3h", None),
            ("h", None),
        ];
        for (text, expected) in table {
            assert_eq!(moment(text, &clock), expected.map(UnixMillis), "{text}");
        }
    }
}

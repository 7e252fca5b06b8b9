//! `cargo xtask bench revocation`: how soon the page is covered once its session is revoked, or once nothing is heard any
//! more. Fails when that is later than the product promises. The last line is the result as JSON.

use std::io::Write;

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use super::{
    figures::{self, Series},
    lane::{Backing, Lane, Silence},
};
use crate::revocation::Revocation;

/// The product's promises.
pub(super) const COVERED_WHILE_CONNECTED_MILLIS: f64 = 1_000.0;
const COVERED_IN_SILENCE_MILLIS: f64 = 5_000.0;

/// Lanes side by side: of rounds that work, and of rounds that mostly wait.
const REVOKING_LANES: u32 = 4;
const SILENT_LANES: u32 = 20;

/// Pauses are spread over the time between two heartbeats.
const BETWEEN_HEARTBEATS_MILLIS: i64 = 2_000;
/// Without a common divisor with that, so that pauses do not repeat soon.
const PAUSE_STEP_MILLIS: i64 = 739;

pub struct Setting {
    /// Of each way, on each backing.
    pub rounds: u32,
}

/// Measures, and tells it to `out`.
///
/// # Errors
/// When a promise is not kept, or something does not start or does not answer in time.
pub async fn run(setting: &Setting, out: &mut impl Write) -> Result<()> {
    writeln!(out, "{}", figures::head_with_tail())?;
    let mut result = Map::new();
    let mut broken = Vec::new();
    for backing in Backing::ALL {
        let revoked = revocations(backing, setting.rounds).await?;
        for revocation in Revocation::ALL {
            let of = revoked.iter().filter(|(way, _)| *way == revocation).map(|(_, millis)| *millis).collect();
            writeln!(
                out,
                "{}",
                figures::row_with_tail(&format!("{}: {}", backing.name(), revocation.name()), "ms", &of)
            )?;
        }
        let all: Series = revoked.into_iter().map(|(_, millis)| millis).collect();
        let silent = silences(backing, setting.rounds).await?;
        let ways = [
            ("revoked", "revoked while connected, all ways", all, COVERED_WHILE_CONNECTED_MILLIS),
            ("silent", "after the last that came through", silent, COVERED_IN_SILENCE_MILLIS),
        ];
        for (key, name, series, promised) in ways {
            let name = format!("{}: {name}", backing.name());
            writeln!(out, "{}", figures::row_with_tail(&name, "ms", &series))?;
            let p99 = series.percentile(99).context("nothing was measured")?;
            if p99 > promised {
                broken.push(format!("{name}: p99 {p99} ms, promised are {promised} ms"));
            }
            result.insert(format!("{key}_{}", key_of(backing)), told(&series, promised));
        }
    }
    result.insert("rounds".to_owned(), json!(setting.rounds));
    result.insert("build".to_owned(), json!(if cfg!(debug_assertions) { "debug" } else { "release" }));
    writeln!(out, "{}", Value::Object(result))?;
    if broken.is_empty() { Ok(()) } else { bail!("{}", broken.join("\n")) }
}

pub(super) fn told(series: &Series, promised: f64) -> Value {
    json!({
        "median_ms": series.median(), "p99_ms": series.percentile(99), "max_ms": series.most(),
        "promised_ms": promised, "n": series.count(),
    })
}

pub(super) const fn key_of(backing: Backing) -> &'static str {
    match backing {
        Backing::Sqlite => "sqlite",
        Backing::Postgres => "postgres",
        Backing::TwoReplicas => "two_replicas",
    }
}

/// So long after the first page the session of this round is taken away.
pub(super) fn pause_of(round: u32) -> i64 {
    (i64::from(round) * PAUSE_STEP_MILLIS) % BETWEEN_HEARTBEATS_MILLIS
}

async fn revocations(backing: Backing, rounds: u32) -> Result<Vec<(Revocation, f64)>> {
    side_by_side(backing, rounds, REVOKING_LANES, |lane, rounds| async move {
        let mut measured = Vec::new();
        for round in rounds {
            let way = Revocation::ALL.into_iter().cycle().nth(round as usize % Revocation::ALL.len());
            let way = way.context("there are ways")?;
            measured.push((way, lane.revocation(way, pause_of(round)).await));
        }
        lane.close().await;
        Ok(measured)
    })
    .await
}

async fn silences(backing: Backing, rounds: u32) -> Result<Series> {
    let measured = side_by_side(backing, rounds, SILENT_LANES, |lane, rounds| async move {
        lane.begin_session().await;
        let mut measured = Vec::new();
        for round in rounds {
            let silence = if round % 2 == 0 { Silence::Cut } else { Silence::Held };
            measured.push(lane.silence(silence, pause_of(round)).await);
        }
        lane.close().await;
        Ok(measured)
    });
    Ok(measured.await?.into_iter().collect())
}

/// Deals the rounds out to lanes and gathers what they measure. All lanes are open before the first round begins: opening one
/// costs more of the machine than what is measured.
pub(super) async fn side_by_side<T, F>(
    backing: Backing,
    rounds: u32,
    most: u32,
    measure: impl Fn(Lane, Vec<u32>) -> F,
) -> Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<Vec<T>>> + Send + 'static,
{
    let count = most.min(rounds);
    let mut lanes = Vec::new();
    for _ in 0..count {
        lanes.push(Lane::open(backing).await);
    }
    let mut measuring = JoinSet::new();
    for (lane, first) in lanes.into_iter().zip(0..) {
        let own = (first..rounds).step_by(count as usize).collect();
        measuring.spawn(measure(lane, own));
    }
    let mut measured = Vec::new();
    while let Some(lane) = measuring.join_next().await {
        measured.extend(lane??);
    }
    Ok(measured)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_rounds_stand_in_a_hundred_ways_to_the_heartbeats() {
        let mut pauses: Vec<i64> = (0..100).map(pause_of).collect();
        pauses.sort_unstable();
        pauses.dedup();
        assert_eq!(pauses.len(), 100);
        let widest = pauses.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(widest <= Some(60), "{widest:?}");
    }
}

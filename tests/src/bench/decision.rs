//! `cargo xtask bench decision`: how soon who asked for an approval is told what was decided. Fails when that is later than
//! the product promises. The last line is the result as JSON.

use std::io::Write;

use amberglass_wire::approval::Verdict;
use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value, json};

use super::{
    figures::{self, Series},
    lane::Backing,
    revocation::{key_of, pause_of, side_by_side, told},
};

/// The product's promise.
const TOLD_MILLIS: f64 = 300.0;
const LANES: u32 = 2;

pub struct Setting {
    /// On each backing.
    pub rounds: u32,
}

/// Measures, and tells it to `out`.
///
/// # Errors
/// When the promise is not kept, or something does not start or does not answer in time.
pub async fn run(setting: &Setting, out: &mut impl Write) -> Result<()> {
    writeln!(out, "{}", figures::head_with_tail())?;
    let mut result = Map::new();
    let mut broken = Vec::new();
    for backing in Backing::ALL {
        let measured = side_by_side(backing, setting.rounds, LANES, |lane, rounds| async move {
            let mut measured = Vec::new();
            for round in rounds {
                let verdict = if round % 2 == 0 { Verdict::Approve } else { Verdict::Deny };
                measured.push(lane.decision(verdict, pause_of(round)).await);
            }
            lane.close().await;
            Ok(measured)
        });
        let series: Series = measured.await?.into_iter().collect();
        let name = format!("{}: decided, to the word of it", backing.name());
        writeln!(out, "{}", figures::row_with_tail(&name, "ms", &series))?;
        let p99 = series.percentile(99).context("nothing was measured")?;
        if p99 > TOLD_MILLIS {
            broken.push(format!("{name}: p99 {p99} ms, promised are {TOLD_MILLIS} ms"));
        }
        result.insert(format!("told_{}", key_of(backing)), told(&series, TOLD_MILLIS));
    }
    result.insert("rounds".to_owned(), json!(setting.rounds));
    result.insert("build".to_owned(), json!(if cfg!(debug_assertions) { "debug" } else { "release" }));
    writeln!(out, "{}", Value::Object(result))?;
    if broken.is_empty() { Ok(()) } else { bail!("{}", broken.join("\n")) }
}

//! Sums and times as the pages write them. The salon's clock is UTC.

use chrono::{DateTime, Utc};

use crate::{data::DAY_MS, portal::UnixMillis};

fn moment(at: UnixMillis) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).unwrap_or_default()
}

/// "$48.00"
pub(crate) fn money(cents: u64) -> String {
    format!("${}.{:02}", cents / 100, cents % 100)
}

/// "Tue 24 Nov"
pub(crate) fn day(at: UnixMillis) -> String {
    moment(at).format("%a %-d %b").to_string()
}

/// "Tuesday 24 November"
pub(crate) fn long_day(at: UnixMillis) -> String {
    moment(at).format("%A %-d %B").to_string()
}

/// "24 November 2026"
pub(crate) fn date(at: UnixMillis) -> String {
    moment(at).format("%-d %B %Y").to_string()
}

/// "14:00"
pub(crate) fn time(at: UnixMillis) -> String {
    moment(at).format("%H:%M").to_string()
}

/// "2026-11-24", as form fields want it.
pub(crate) fn iso_day(at: UnixMillis) -> String {
    moment(at).format("%Y-%m-%d").to_string()
}

/// "2026-11-24T14:00:00Z"
pub(crate) fn iso(at: UnixMillis) -> String {
    moment(at).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// "Nov" and "24", for a calendar leaf.
pub(crate) fn leaf(at: UnixMillis) -> (String, String) {
    (moment(at).format("%b").to_string(), moment(at).format("%-d").to_string())
}

/// "today", "tomorrow", "in 5 days", "3 weeks ago": whole days between the two.
pub(crate) fn from_now(at: UnixMillis, now: UnixMillis) -> String {
    let days = at.div_euclid(DAY_MS) - now.div_euclid(DAY_MS);
    match days {
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        -1 => "yesterday".to_owned(),
        2..=13 => format!("in {days} days"),
        14.. => format!("in {} weeks", days / 7),
        -13..=-2 => format!("{} days ago", -days),
        _ => format!("{} weeks ago", -days / 7),
    }
}

/// "6.4 kg"
pub(crate) fn weight(hectograms: u64) -> String {
    format!("{}.{} kg", hectograms / 10, hectograms % 10)
}

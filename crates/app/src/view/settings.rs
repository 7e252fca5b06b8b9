//! What a staff member sets, and what the server fixes.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a staff member may set for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PreferencesView {
    pub theme: Theme,
    /// 100 to 200.
    pub text_percent: u32,
    /// Opacity of the watermark, 6 to 20; never off.
    pub watermark_percent: u32,
    pub quiet_hours: QuietHoursView,
}

/// When words on the desktop wait, by this computer's local time. Those about break-glass never do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct QuietHoursView {
    pub on: bool,
    /// Minutes since midnight, below 1440. Up to an earlier time they go on over midnight.
    pub from_minutes: u32,
    pub until_minutes: u32,
    /// On which they begin, from Monday to Sunday.
    pub days: [bool; 7],
}

impl Default for QuietHoursView {
    fn default() -> Self {
        Self { on: false, from_minutes: 18 * 60, until_minutes: 8 * 60, days: [true; 7] }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the desktop has it.
    #[default]
    System,
    Light,
    Dark,
}

/// The server's limits, as settings show them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LimitsView {
    pub max_duration_seconds: u32,
    pub idle_seconds: u32,
    pub silence_seconds: u32,
    pub lost_after_seconds: u32,
    pub max_extensions: u32,
    pub extension_seconds: u32,
    pub max_unsent_age_seconds: u32,
    pub min_free_disk_mebibytes: u32,
}

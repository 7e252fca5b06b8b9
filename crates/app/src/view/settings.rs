//! What a staff member sets, and what the server fixes.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::UiError;

/// What a staff member may set for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PreferencesView {
    pub theme: Theme,
    /// 100 to 200.
    pub text_percent: u32,
    /// Opacity of the watermark, 6 to 20; never off.
    pub watermark_percent: u32,
    pub notices: NoticesView,
    pub quiet_hours: QuietHoursView,
    /// Whether a letter alone decides or leads somewhere (WCAG 2.2, 2.1.4 asks for a way to switch that off).
    pub letter_keys: bool,
    /// Closing the console's window leaves the program in the tray, where there is one.
    pub rest_in_tray: bool,
    /// The program starts when the person signs in to the computer.
    pub starts_with_desktop: bool,
}

/// Which words come to the desktop. Those about break-glass always do, and everything stands in the console all the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NoticesView {
    #[default]
    All,
    /// What waits for this person, or has become of what they asked for: not the news.
    Yours,
    /// Nothing but break-glass.
    BreakGlass,
}

/// What the desktop offers, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DesktopView {
    /// A place beside the clock in which our icon stands.
    pub tray: bool,
    /// Somebody shows notifications.
    pub notifications: bool,
}

impl Default for DesktopView {
    /// Until the desktop has answered.
    fn default() -> Self {
        Self { tray: true, notifications: true }
    }
}

/// What helps whoever looks after this computer, on its way into a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DiagnosticsView {
    Idle {},
    /// The person is asked for a file.
    Choosing {},
    Writing {},
    Done {
        file: String,
    },
    Failed {
        error: UiError,
    },
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

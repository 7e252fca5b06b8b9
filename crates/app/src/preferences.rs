//! What is kept between two runs beside the journal and the key store. Nothing here is secret and nothing here is evidence.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::view::{NoticesView, PreferencesView, QuietHoursView, Theme};

/// Opacity of the watermark in percent: never off, never in the way (product's bounds).
pub const WATERMARK_PERCENT: std::ops::RangeInclusive<u32> = 6..=20;
/// Size of the console's text in percent (WCAG 2.2, 1.4.4 asks for 200).
pub const TEXT_PERCENT: std::ops::RangeInclusive<u32> = 100..=200;

/// Of a day.
const LAST_MINUTE: u32 = 24 * 60 - 1;

/// Unknown fields are ignored and missing ones have these values, so that older and newer versions read each other's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// Scheme, host and port of the server; `None` until somebody has chosen one.
    pub server: Option<String>,
    /// The notice of what is recorded was read.
    pub notice_accepted: bool,
    pub theme: Theme,
    pub text_percent: u32,
    pub watermark_percent: u32,
    pub notices: NoticesView,
    pub quiet_hours: QuietHoursView,
    pub letter_keys: bool,
    pub rest_in_tray: bool,
    pub starts_with_desktop: bool,
    /// Up to when each staff member has read the news here: server time in milliseconds by the staff member's id.
    pub news_read_until: BTreeMap<String, i64>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            server: None,
            notice_accepted: false,
            theme: Theme::System,
            text_percent: 100,
            watermark_percent: 9,
            notices: NoticesView::All,
            quiet_hours: QuietHoursView::default(),
            letter_keys: true,
            rest_in_tray: false,
            starts_with_desktop: false,
            news_read_until: BTreeMap::new(),
        }
    }
}

impl Preferences {
    /// Within their bounds, whatever the file says.
    pub fn view(&self) -> PreferencesView {
        PreferencesView {
            theme: self.theme,
            text_percent: self.text_percent.clamp(*TEXT_PERCENT.start(), *TEXT_PERCENT.end()),
            watermark_percent: self.watermark_percent.clamp(*WATERMARK_PERCENT.start(), *WATERMARK_PERCENT.end()),
            notices: self.notices,
            letter_keys: self.letter_keys,
            rest_in_tray: self.rest_in_tray,
            starts_with_desktop: self.starts_with_desktop,
            quiet_hours: QuietHoursView {
                from_minutes: self.quiet_hours.from_minutes.min(LAST_MINUTE),
                until_minutes: self.quiet_hours.until_minutes.min(LAST_MINUTE),
                ..self.quiet_hours
            },
        }
    }

    pub fn apply(&mut self, view: PreferencesView) {
        (self.theme, self.text_percent, self.watermark_percent) =
            (view.theme, view.text_percent, view.watermark_percent);
        (self.notices, self.letter_keys) = (view.notices, view.letter_keys);
        (self.rest_in_tray, self.starts_with_desktop) = (view.rest_in_tray, view.starts_with_desktop);
        self.quiet_hours = view.quiet_hours;
        let bounded = self.view();
        (self.text_percent, self.watermark_percent) = (bounded.text_percent, bounded.watermark_percent);
        self.quiet_hours = bounded.quiet_hours;
    }
}

/// Where preferences are kept. Small and local, so the calls block.
pub trait PreferenceStore: Send + Sync + 'static {
    /// What is kept; the defaults when there is nothing or it cannot be read.
    fn read(&self) -> Preferences;
    /// # Errors
    /// When it is not on disk; the old ones stand then.
    fn write(&self, preferences: &Preferences) -> Result<(), PreferenceError>;
}

#[derive(Debug, Clone, thiserror::Error)]
#[error("the preferences cannot be written: {detail}")]
pub struct PreferenceError {
    pub detail: String,
}

/// The server that this run works with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerChoice {
    /// Scheme, host and port.
    pub address: String,
    /// Set from outside (environment, machine policy): nobody changes it here.
    pub fixed: bool,
}

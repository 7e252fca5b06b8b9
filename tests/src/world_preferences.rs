//! What is set on a desktop, in memory.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Mutex;

use amberglass_app::preferences::{PreferenceError, PreferenceStore, Preferences};

/// By default of somebody who has read the notice, on a desktop whose server is set from outside.
pub struct MemoryPreferences {
    kept: Mutex<Preferences>,
    fixed: bool,
}

impl Default for MemoryPreferences {
    fn default() -> Self {
        let kept = Preferences { notice_accepted: true, ..Preferences::default() };
        Self { kept: Mutex::new(kept), fixed: true }
    }
}

impl MemoryPreferences {
    /// Nothing is set.
    pub fn of_first_run() -> Self {
        Self { kept: Mutex::default(), fixed: false }
    }

    pub fn server_is_fixed(&self) -> bool {
        self.fixed
    }
}

impl PreferenceStore for MemoryPreferences {
    fn read(&self) -> Preferences {
        self.kept.lock().unwrap().clone()
    }

    fn write(&self, preferences: &Preferences) -> Result<(), PreferenceError> {
        self.kept.lock().unwrap().clone_from(preferences);
        Ok(())
    }
}

//! What a staff member sets for themselves, and what the server fixes.

use crate::{
    actions::Action,
    controller::Actor,
    delivering::mebibytes,
    view::{ActionKind, ActionView, LimitsView, PreferencesView},
};

impl Actor {
    pub fn set_preferences(&mut self, wanted: PreferencesView) {
        let mut preferences = self.preferences.clone();
        preferences.apply(wanted);
        match self.keep_preferences(preferences) {
            Ok(()) => {
                self.ports.host.apply_preferences(&self.preferences.view());
                self.action.take_if(|action| action.view.kind == ActionKind::SetPreferences);
            }
            Err(error) => {
                let number = self.next_number();
                let (kind, target) = (ActionKind::SetPreferences, String::new());
                self.action =
                    Some(Action { number, view: ActionView { kind, target, busy: false, error: Some(error) } });
            }
        }
    }

    pub fn limits_view(&self) -> LimitsView {
        LimitsView {
            max_duration_seconds: self.limits.max_duration_seconds,
            idle_seconds: self.limits.idle_seconds,
            silence_seconds: self.limits.silence_seconds,
            lost_after_seconds: self.limits.lost_after_seconds,
            max_extensions: self.limits.max_extensions,
            extension_seconds: self.limits.extension_seconds,
            max_unsent_age_seconds: self.limits.max_unsent_age_seconds,
            min_free_disk_mebibytes: mebibytes(self.limits.min_free_disk_bytes),
        }
    }
}

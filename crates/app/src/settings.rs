//! What a staff member sets for themselves, and what the server fixes.

use crate::{
    actions::Action,
    controller::Actor,
    delivering::mebibytes,
    errors,
    leaving::Leaving,
    view::{ActionKind, ActionView, ConsoleErrorCode, LimitsView, PreferencesView, UiError},
};

impl Actor {
    pub fn set_preferences(&mut self, wanted: PreferencesView) {
        let mut preferences = self.preferences.clone();
        preferences.apply(wanted);
        let (before, wanted) = (self.preferences.starts_with_desktop, preferences.starts_with_desktop);
        let kept = self.settle_start_with_desktop(before, wanted).and_then(|()| {
            self.keep_preferences(preferences).inspect_err(|_| {
                // The desktop does what the settings show, also where they could not be kept.
                let _ = self.settle_start_with_desktop(wanted, before);
            })
        });
        match kept {
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

    fn settle_start_with_desktop(&self, before: bool, wanted: bool) -> Result<(), UiError> {
        if wanted == before {
            return Ok(());
        }
        self.ports.host.set_starts_with_desktop(wanted).map_err(|error| {
            tracing::warn!(%error, "the console starts with the desktop as before");
            errors::console(ConsoleErrorCode::StartWithDesktopUnavailable, None)
        })
    }

    /// Out of sight where the person wants that and can get it back, else gone.
    pub fn on_console_close(&mut self) {
        if self.preferences.rest_in_tray && self.desktop.tray {
            self.ports.host.rest();
        } else {
            self.leave(Leaving::quit);
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

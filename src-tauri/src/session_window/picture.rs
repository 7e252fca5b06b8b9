//! From the controller's view to what the overlay paints, and the countdowns between two views.

use amberglass_app::{
    host::HostEvent,
    view::{SessionWindowView, Theme as Wanted},
};
use amberglass_domain::ports::Clock;
use amberglass_overlay::{CurtainAction, OverlayState, Theme};
use amberglass_wire::{SessionId, UnixMillis};

use super::curtain_words;

/// One view and the moment it arrived, so that the countdowns run on by the clock that counts suspend.
pub struct Picture {
    view: SessionWindowView,
    /// Monotonic milliseconds, like the next.
    deadline: i64,
    idle_deadline: Option<i64>,
    /// Of the last time the portal gave no answer.
    reference: String,
}

impl Picture {
    pub fn new(view: &SessionWindowView, reference: String, clock: &dyn Clock) -> Self {
        let now = clock.monotonic_millis();
        let idle_deadline = view.idle_remaining_millis.map(|left| now.saturating_add(left));
        Self { view: view.clone(), deadline: now.saturating_add(view.remaining_millis), idle_deadline, reference }
    }

    pub fn covers_page(&self) -> bool {
        self.view.curtain.is_some()
    }

    /// `desktop` is what the person's desktop has, for whoever has not chosen.
    pub fn state(&self, clock: &dyn Clock, desktop: Theme, focused: Option<CurtainAction>) -> OverlayState {
        let now = clock.monotonic_millis();
        let left = self.deadline.saturating_sub(now).max(0);
        let preferences = &self.view.preferences;
        let theme = match preferences.theme {
            Wanted::System => desktop,
            Wanted::Light => Theme::Light,
            Wanted::Dark => Theme::Dark,
        };
        let mut state = OverlayState::new(self.view.code.clone(), utc_minute(clock.now()), seconds(left));
        state.warning = left <= self.view.warning_millis;
        state.idle_seconds = self.idle_deadline.map(|at| seconds(at.saturating_sub(now).max(0)));
        state.watermark_opacity = preferences.watermark_percent as f32 / 100.0;
        state.text_scale = preferences.text_percent as f32 / 100.0;
        let curtain = self.view.curtain.as_ref();
        state.curtain = curtain.map(|curtain| curtain_words::curtain(curtain, &self.reference, theme, focused));
        state
    }
}

/// What a press on the curtain asks for.
pub fn event_of(action: CurtainAction, session: &SessionId) -> HostEvent {
    let session = session.clone();
    match action {
        CurtainAction::Retry => HostEvent::CurtainRetry { session },
        CurtainAction::EndSession | CurtainAction::CloseWindow => HostEvent::CurtainEnd { session },
    }
}

/// Rounded up, so that the last second shows as 0:01 and 0:00 means over.
fn seconds(millis: i64) -> i64 {
    millis.saturating_add(999) / 1000
}

/// Such as `09:00Z`.
pub fn utc_minute(now: UnixMillis) -> String {
    let minutes = now.0.div_euclid(60_000);
    format!("{:02}:{:02}Z", minutes.div_euclid(60).rem_euclid(24), minutes.rem_euclid(60))
}

#[cfg(test)]
pub(crate) mod tests {
    use amberglass_app::{
        preferences::Preferences,
        view::{CurtainView, ElevationStep, ElevationView, ExtendView, PreferencesView, UnmaskView},
    };
    use amberglass_testkit::ManualClock;
    use amberglass_wire::session::Mode;

    use super::*;

    pub(crate) fn view() -> SessionWindowView {
        SessionWindowView {
            session: SessionId::new("s1"),
            code: "AG-7K3QX".to_owned(),
            customer_name: "Jane Doe".to_owned(),
            mode: Mode::ReadOnly,
            reason_label: "Billing question".to_owned(),
            break_glass: false,
            ticket: None,
            remaining_millis: 301_000,
            warning_millis: 300_000,
            curtain: None,
            notice: None,
            file: None,
            ending: false,
            warnings_millis: vec![300_000, 60_000],
            still_loading: false,
            idle_remaining_millis: None,
            elevation: ElevationView { step: ElevationStep::Nothing {}, busy: false, paused: false, error: None },
            extend: ExtendView::default(),
            unmask: UnmaskView::default(),
            preferences: Preferences::default().view(),
        }
    }

    #[test]
    fn the_minute_is_written_in_utc() {
        assert_eq!(utc_minute(UnixMillis(1_767_603_600_000)), "09:00Z");
        assert_eq!(utc_minute(UnixMillis(-60_000)), "23:59Z");
    }

    #[test]
    fn countdowns_run_on_between_two_views_and_stop_at_zero() {
        let clock = ManualClock::at(UnixMillis(0));
        let picture =
            Picture::new(&SessionWindowView { idle_remaining_millis: Some(60_000), ..view() }, String::new(), &clock);
        let state = || picture.state(&clock, Theme::Light, None);
        assert_eq!((state().remaining_seconds, state().idle_seconds, state().warning), (301, Some(60), false));
        clock.advance_millis(1_001);
        assert_eq!((state().remaining_seconds, state().idle_seconds, state().warning), (300, Some(59), true));
        clock.advance_millis(3_600_000);
        assert_eq!((state().remaining_seconds, state().idle_seconds), (0, Some(0)));
    }

    #[test]
    fn what_the_person_has_set_is_what_is_painted() {
        let clock = ManualClock::at(UnixMillis(0));
        let shown = |theme, desktop| {
            let preferences = PreferencesView { theme, text_percent: 150, watermark_percent: 20, ..view().preferences };
            let view = SessionWindowView { preferences, curtain: Some(CurtainView::Ending {}), ..view() };
            Picture::new(&view, String::new(), &clock).state(&clock, desktop, None)
        };
        let state = shown(Wanted::Dark, Theme::Light);
        assert_eq!((state.text_scale, state.watermark_opacity), (1.5, 0.2));
        assert_eq!(state.curtain.unwrap().theme, Theme::Dark);
        assert_eq!(shown(Wanted::Light, Theme::Dark).curtain.unwrap().theme, Theme::Light);
        assert_eq!(shown(Wanted::System, Theme::Dark).curtain.unwrap().theme, Theme::Dark);
    }
}

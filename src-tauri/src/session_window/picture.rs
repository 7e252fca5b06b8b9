//! From the controller's view to what the overlay paints: the words of the curtain, and the countdown between two views.

use amberglass_app::view::{CurtainView, SessionWindowView};
use amberglass_domain::ports::Clock;
use amberglass_overlay::{Curtain, CurtainAction, CurtainButton, OverlayState, Theme};
use amberglass_wire::{UnixMillis, session::EndedBy};

/// One view and the moment it arrived, so that the countdown runs on by the clock that counts suspend.
pub struct Picture {
    view: SessionWindowView,
    deadline: i64,
}

impl Picture {
    pub fn new(view: &SessionWindowView, clock: &dyn Clock) -> Self {
        let deadline = clock.monotonic_millis().saturating_add(view.remaining_millis);
        Self { view: view.clone(), deadline }
    }

    pub fn covers_page(&self) -> bool {
        self.view.curtain.is_some()
    }

    pub fn state(&self, clock: &dyn Clock, theme: Theme, focused: Option<CurtainAction>) -> OverlayState {
        let left = self.deadline.saturating_sub(clock.monotonic_millis()).max(0);
        // Rounded up, so that the last second shows as 0:01 and 0:00 means over.
        let seconds = left.saturating_add(999) / 1000;
        let mut state = OverlayState::new(self.view.code.clone(), utc_minute(clock.now()), seconds);
        state.warning = left <= self.view.warning_millis;
        state.curtain = self.view.curtain.as_ref().map(|curtain| words(curtain, theme, focused));
        state
    }
}

fn utc_minute(now: UnixMillis) -> String {
    let minutes = now.0.div_euclid(60_000);
    format!("{:02}:{:02}Z", minutes.div_euclid(60).rem_euclid(24), minutes.rem_euclid(60))
}

/// As the clock on this desktop shows it, like the bar.
fn local_minute(at: UnixMillis) -> String {
    let local = gtk::glib::DateTime::from_unix_local(at.0.div_euclid(1000)).and_then(|time| time.format("%H:%M"));
    local.map_or_else(|_| utc_minute(at), |text| text.to_string())
}

fn words(curtain: &CurtainView, theme: Theme, focused: Option<CurtainAction>) -> Curtain {
    let end = CurtainButton { action: CurtainAction::EndSession, label: "End session".to_owned() };
    let retry = CurtainButton { action: CurtainAction::Retry, label: "Try again".to_owned() };
    let close = CurtainButton { action: CurtainAction::CloseWindow, label: "Close window".to_owned() };
    let (title, detail, buttons) = match curtain {
        CurtainView::Opening {} => ("Opening the portal".to_owned(), String::new(), vec![]),
        CurtainView::ConnectionLost { goes_on_until } => (
            format!("Connection lost. If it does not return, your session ends at {}.", local_minute(*goes_on_until)),
            "The page is covered and comes back by itself. Everything so far is on record on this computer.".to_owned(),
            vec![end],
        ),
        CurtainView::PortalUnreachable {} => (
            "The portal did not answer.".to_owned(),
            "Your session goes on and nothing was lost. Try again, or end the session and tell the portal team.".to_owned(),
            vec![end, retry],
        ),
        CurtainView::PageCrashed {} => (
            "The page stopped working.".to_owned(),
            "Your session goes on and is on record. Try again to load the page anew.".to_owned(),
            vec![end, retry],
        ),
        CurtainView::Ending {} => ("Ending the session".to_owned(), "The page is covered.".to_owned(), vec![]),
        CurtainView::Ended { ended_by } => (ended(*ended_by).to_owned(), String::new(), vec![close]),
        CurtainView::JournalFailed {} => (
            "This computer can't keep the record.".to_owned(),
            "Without a record there is no session, so the page is covered. Make room on the disk, then end the session."
                .to_owned(),
            vec![end],
        ),
    };
    Curtain { title, detail, buttons, focused, theme }
}

fn ended(by: EndedBy) -> &'static str {
    match by {
        EndedBy::Staff => "You ended this session.",
        EndedBy::Lead => "A team lead ended this session.",
        EndedBy::Security => "Security ended this session.",
        EndedBy::Customer => "The customer ended this session.",
        EndedBy::Expired => "The time is up.",
        EndedBy::Idle => "This session ended because nothing was done in it.",
        EndedBy::ConsoleLost => "This session ended because the connection was lost for too long.",
        EndedBy::StaffDisabled => "This session ended because your account was switched off.",
        EndedBy::ApproverDisabled => "This session ended because its approver's account was switched off.",
        EndedBy::CustomerDisabled => "This session ended because the customer's account was switched off.",
        EndedBy::PortalDisabled => "This session ended because the portal was switched off.",
        EndedBy::ApprovalWithdrawn => "This session ended because its approval was withdrawn.",
        EndedBy::EmergencyStop => "All sessions were stopped.",
        EndedBy::PolicyChanged => "This session ended because the policy changed.",
        EndedBy::AuditFailed => "This session ended because it could not be recorded.",
        EndedBy::PortalError => "This session ended because the portal failed.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minute_is_written_in_utc() {
        assert_eq!(utc_minute(UnixMillis(1_767_603_600_000)), "09:00Z");
        assert_eq!(utc_minute(UnixMillis(-60_000)), "23:59Z");
    }
}

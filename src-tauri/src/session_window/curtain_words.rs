//! What the curtain says: what happened, what was kept, what to do. The bar says the same in one line
//! (`ui/src/lib/text/curtain.ts`).

use amberglass_app::view::CurtainView;
use amberglass_overlay::{Curtain, CurtainAction, CurtainButton, Theme};
use amberglass_wire::{UnixMillis, session::EndedBy};
use chrono::{DateTime, Local};

/// What stands on the curtain, before it is dressed in a theme.
#[derive(Debug, Default, PartialEq, Eq)]
struct Words {
    title: String,
    detail: Vec<String>,
    buttons: Vec<CurtainButton>,
    over: bool,
}

/// `reference` is that of the last time the portal gave no answer.
pub fn curtain(view: &CurtainView, reference: &str, theme: Theme, focused: Option<CurtainAction>) -> Curtain {
    let Words { title, detail, buttons, over } = words(view, local_minute);
    let reference =
        if matches!(view, CurtainView::PortalUnreachable {}) { reference.to_owned() } else { String::new() };
    Curtain { title, detail, reference, buttons, focused, theme, over }
}

/// As the clock on this desktop shows it, like the bar.
fn local_minute(at: UnixMillis) -> String {
    let local =
        DateTime::from_timestamp_millis(at.0).map(|time| time.with_timezone(&Local).format("%H:%M").to_string());
    local.unwrap_or_else(|| super::picture::utc_minute(at))
}

fn words(view: &CurtainView, minute: impl Fn(UnixMillis) -> String) -> Words {
    let (title, detail, buttons): (&str, &[&str], Vec<CurtainButton>) = match view {
        CurtainView::Opening {} => (
            "Opening the portal.",
            &["The page shows as soon as it stands. You can end the session at any time."],
            vec![end()],
        ),
        CurtainView::ConnectionLost { goes_on_until } => {
            let until = format!(
                "The page is covered and comes back by itself once the server answers. If it does not, your session ends at {}.",
                minute(*goes_on_until)
            );
            let kept =
                "Everything so far is on record on this computer and is sent when the connection is back.".to_owned();
            return Words {
                title: "Connection lost.".to_owned(),
                detail: vec![until, kept],
                buttons: vec![end(), retry()],
                over: false,
            };
        }
        CurtainView::PortalUnreachable {} => (
            "The portal did not answer.",
            &[
                "Your session goes on, and everything so far is on record.",
                "Try again. If it stays like this, end the session and tell the portal's team.",
            ],
            vec![end(), retry()],
        ),
        CurtainView::CertificateInvalid {} => (
            "The certificate is not valid.",
            &[
                "What answers in the gateway's place can't prove that it is the gateway. Nothing was sent to it, nothing of it is shown, and there is no way past this.",
                "Your session goes on, and everything so far is on record. Try again. If it stays like this, end the session and tell whoever runs Amberglass.",
            ],
            vec![end(), retry()],
        ),
        CurtainView::PageStuck {} => (
            "The page does not answer.",
            &[
                "It is busy with itself and takes no key and no click. It comes back by itself if it answers again.",
                "Your session goes on, and everything so far is on record. You need not wait: stop it and load the portal's first page again, or end the session.",
            ],
            vec![end(), CurtainButton { action: CurtainAction::Retry, label: "Stop and load again".to_owned() }],
        ),
        CurtainView::PageCrashed {} => (
            "The page stopped working.",
            &[
                "Your session goes on, and everything so far is on record.",
                "Try again to load the portal's first page anew.",
            ],
            vec![end(), retry()],
        ),
        CurtainView::Away {} => (
            "You were away.",
            &[
                "The page is covered while the screen is locked or the computer sleeps, and comes back by itself.",
                "Your session goes on, and everything so far is on record. If the page stays covered, show it, or end the session.",
            ],
            vec![end(), CurtainButton { action: CurtainAction::Retry, label: "Show the page".to_owned() }],
        ),
        CurtainView::Ending {} => (
            "Ending the session.",
            &[
                "The page is covered, and your wish to end is on record. This window closes when the server has confirmed it.",
            ],
            vec![],
        ),
        CurtainView::Ended { ended_by, by_name, reason } => {
            return ended(*ended_by, by_name.as_deref(), reason.as_deref());
        }
        CurtainView::JournalFailed {} => (
            "This computer can't keep the record.",
            &[
                "Without a record there is no session, so the page is covered. What was recorded before is kept.",
                "Make room on the disk, then try again, or end the session.",
            ],
            vec![end(), retry()],
        ),
    };
    let detail = detail.iter().map(|&line| line.to_owned()).collect();
    Words { title: title.to_owned(), detail, buttons, over: false }
}

fn end() -> CurtainButton {
    CurtainButton { action: CurtainAction::EndSession, label: "End session".to_owned() }
}

fn retry() -> CurtainButton {
    CurtainButton { action: CurtainAction::Retry, label: "Try again".to_owned() }
}

/// Who or what ended it, why where somebody said so, and what one can do now.
fn ended(by: Option<EndedBy>, name: Option<&str>, reason: Option<&str>) -> Words {
    const KEPT: &str = "Everything in it is on record.";
    const AGAIN: &str = "To look again, start a new session in the console.";
    const ASK: &str = "Ask whoever runs Amberglass in your company.";
    let somebody = |otherwise: &str| format!("{} ended this session.", name.unwrap_or(otherwise));
    let because = |cause: &str| format!("This session ended because {cause}.");
    let Some(by) = by else {
        let next = "You did not end it: who or what did stands here as soon as the server has said so.";
        return over("This session has been ended.".to_owned(), vec![format!("{KEPT} {next}")]);
    };
    let (title, next) = match by {
        EndedBy::Staff => (somebody("You"), AGAIN),
        EndedBy::Lead => (somebody("A team lead"), "Ask them before you start another one."),
        EndedBy::Security => (somebody("Security"), "Ask them before you start another one."),
        EndedBy::Customer => {
            ("The customer ended this session.".to_owned(), "Ask the customer before you start another one.")
        }
        EndedBy::Expired => ("The time is up.".to_owned(), AGAIN),
        EndedBy::Idle => (because("nobody used it for too long"), AGAIN),
        EndedBy::ConsoleLost => (because("the connection was lost for too long"), AGAIN),
        EndedBy::StaffDisabled => (because("your account was switched off"), ASK),
        EndedBy::ApproverDisabled => (because("its approver's account was switched off"), ASK),
        EndedBy::CustomerDisabled => (
            because("the customer's account was switched off"),
            "No session starts for this customer until the account is active again.",
        ),
        EndedBy::PortalDisabled => {
            (because("the portal was switched off"), "No session starts until the portal is active again.")
        }
        EndedBy::ApprovalWithdrawn => (because("its approval was withdrawn"), "Ask for approval again in the console."),
        EndedBy::EmergencyStop => {
            ("All sessions were stopped.".to_owned(), "Nobody can start one until security lifts the stop.")
        }
        EndedBy::PolicyChanged => (because("the policy no longer allows it"), ASK),
        EndedBy::AuditFailed => (because("it could not be recorded"), ASK),
        EndedBy::PortalError => (because("the portal failed"), "Tell the portal's team, then start a new session."),
    };
    let reason = reason.map(|reason| format!("Reason given: {reason}"));
    over(title, reason.into_iter().chain([format!("{KEPT} {next}")]).collect())
}

fn over(title: String, detail: Vec<String>) -> Words {
    let close = CurtainButton { action: CurtainAction::CloseWindow, label: "Close window".to_owned() };
    Words { title, detail, buttons: vec![close], over: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDED_BY: [EndedBy; 16] = [
        EndedBy::Staff,
        EndedBy::Lead,
        EndedBy::Security,
        EndedBy::Customer,
        EndedBy::Expired,
        EndedBy::Idle,
        EndedBy::ConsoleLost,
        EndedBy::StaffDisabled,
        EndedBy::ApproverDisabled,
        EndedBy::CustomerDisabled,
        EndedBy::PortalDisabled,
        EndedBy::ApprovalWithdrawn,
        EndedBy::EmergencyStop,
        EndedBy::PolicyChanged,
        EndedBy::AuditFailed,
        EndedBy::PortalError,
    ];

    fn actions(words: &Words) -> Vec<CurtainAction> {
        words.buttons.iter().map(|button| button.action).collect()
    }

    #[test]
    fn a_cause_that_may_pass_can_be_retried_and_the_session_be_ended() {
        let causes = [
            CurtainView::ConnectionLost { goes_on_until: UnixMillis(0) },
            CurtainView::PortalUnreachable {},
            CurtainView::CertificateInvalid {},
            CurtainView::PageCrashed {},
            CurtainView::PageStuck {},
            CurtainView::Away {},
            CurtainView::JournalFailed {},
        ];
        for cause in causes {
            let words = words(&cause, |_| "14:32".to_owned());
            assert_eq!(actions(&words), [CurtainAction::EndSession, CurtainAction::Retry], "{cause:?}");
            assert!(words.detail.len() >= 2, "{cause:?} says what was kept and what to do");
            assert!(!words.over);
        }
        let opening = words(&CurtainView::Opening {}, |_| String::new());
        assert_eq!(actions(&opening), [CurtainAction::EndSession], "nobody is stranded while a page loads");
    }

    #[test]
    fn a_lost_connection_says_until_when_the_session_goes_on() {
        let lost = words(&CurtainView::ConnectionLost { goes_on_until: UnixMillis(7) }, |at| {
            assert_eq!(at, UnixMillis(7));
            "14:32".to_owned()
        });
        assert!(lost.detail[0].contains("ends at 14:32"), "{lost:?}");
    }

    #[test]
    fn every_end_says_who_or_what_ended_it_what_was_kept_and_what_to_do() {
        let mut titles: Vec<String> = Vec::new();
        for by in ENDED_BY.map(Some).into_iter().chain([None]) {
            let words = ended(by, None, None);
            assert_eq!(actions(&words), [CurtainAction::CloseWindow], "{by:?}");
            assert!(words.over);
            assert!(words.detail.last().unwrap().starts_with("Everything in it is on record. "), "{words:?}");
            assert!(!titles.contains(&words.title), "{by:?} is said like another cause");
            titles.push(words.title);
        }
    }

    #[test]
    fn whoever_ended_it_is_named_and_so_is_the_reason() {
        let words = ended(Some(EndedBy::Lead), Some("Noor Haddad"), Some("Wrong customer, please call me"));
        assert_eq!(words.title, "Noor Haddad ended this session.");
        assert_eq!(words.detail[0], "Reason given: Wrong customer, please call me");
    }
}

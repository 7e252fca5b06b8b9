//! The words of notifications on the desktop. They stand in the system's own windows, outside the pages, and may be read by
//! whoever looks at the screen: the customer's name is in none of them.

use amberglass_wire::{
    approval::{RequestResponse, RequestState, Verdict},
    session::{EndedBy, Mode},
};

use crate::{host::Notice, view::Opens};

/// Somebody waits for a decision.
pub(crate) fn asks(request: &RequestResponse) -> Notice {
    let how = match (&request.write, request.asked.mode) {
        (Some(_), _) => "to send one blocked change for a customer",
        (None, Mode::ReadOnly) => "to look at a customer",
        (None, Mode::ReadWrite) => "to change something for a customer",
    };
    Notice {
        title: format!("{} asks for your approval", request.staff_name),
        body: format!("{} asks {how} of {}. Open the request to decide.", first_name(request), request.portal_name),
        opens: Opens::Request { id: request.id.clone() },
    }
}

/// Nobody has reacted.
pub(crate) fn escalated(request: &RequestResponse) -> Notice {
    Notice {
        title: format!("Nobody has decided about {}'s request", request.staff_name),
        body: "It still waits, and you may decide. Open the request.".to_owned(),
        opens: Opens::Request { id: request.id.clone() },
    }
}

pub(crate) fn several_ask(count: usize) -> Notice {
    Notice {
        title: format!("{count} requests wait for your decision"),
        body: "They are in the inbox.".to_owned(),
        opens: Opens::Inbox {},
    }
}

/// What became of one's own request; nothing for what one has done oneself.
pub(crate) fn answered(request: &RequestResponse) -> Option<Notice> {
    let by = |verdict: Verdict| {
        let last = request.decisions.iter().rev().find(|decision| decision.verdict == verdict);
        last.map_or_else(|| "Somebody".to_owned(), |decision| decision.approver_name.clone())
    };
    let (title, body) = match request.state {
        RequestState::Approved => {
            if request.write.is_some() {
                let body = "Send it from the bar of the session window, within five minutes.".to_owned();
                let title = format!("{} approved your request", by(Verdict::Approve));
                return Some(Notice { title, body, opens: Opens::Session {} });
            }
            let less = request.granted.is_some_and(|granted| granted != request.asked);
            let body = if less {
                "Less was approved than you asked for. Open the request to see what, and start."
            } else {
                "Open the request to start. The time runs from the start, not from now."
            };
            (format!("{} approved your request", by(Verdict::Approve)), body.to_owned())
        }
        RequestState::Denied => {
            (format!("{} denied your request", by(Verdict::Deny)), "Open it to read why.".to_owned())
        }
        RequestState::Lapsed => (
            "Your request has lapsed".to_owned(),
            "Nobody decided, or nothing was begun, in time. You can ask again.".to_owned(),
        ),
        // By who had approved: what one withdraws oneself needs no word.
        RequestState::Withdrawn if !request.decisions.is_empty() => {
            ("Your approval was withdrawn".to_owned(), "What it allowed has ended.".to_owned())
        }
        RequestState::Withdrawn | RequestState::Pending | RequestState::Used => return None,
    };
    Some(Notice { title, body, opens: Opens::Request { id: request.id.clone() } })
}

pub(crate) fn lapses_undecided(request: &RequestResponse) -> Notice {
    Notice {
        title: format!("{}'s request lapses soon", request.staff_name),
        body: "Nobody has decided about it yet. Less than five minutes are left.".to_owned(),
        opens: Opens::Request { id: request.id.clone() },
    }
}

pub(crate) fn lapses_unused(request: &RequestResponse) -> Notice {
    Notice {
        title: "Your approval lapses soon".to_owned(),
        body: "Start within five minutes, or ask again.".to_owned(),
        opens: Opens::Request { id: request.id.clone() },
    }
}

/// One's own session was ended by something else than oneself.
pub(crate) fn session_ended(by: Option<EndedBy>, code: &str) -> Option<Notice> {
    let why = match by? {
        EndedBy::Staff => return None,
        EndedBy::Lead | EndedBy::Security => "somebody ended it",
        EndedBy::Customer => "the customer stopped it",
        EndedBy::Expired => "its time is over",
        EndedBy::Idle => "nobody used it",
        EndedBy::ConsoleLost => "the connection was lost for too long",
        EndedBy::StaffDisabled => "your account was switched off",
        EndedBy::ApproverDisabled => "the account of who approved it was switched off",
        EndedBy::CustomerDisabled => "the customer was switched off",
        EndedBy::PortalDisabled => "the portal was switched off",
        EndedBy::ApprovalWithdrawn => "the approval was withdrawn",
        EndedBy::EmergencyStop => "an emergency stop is in force",
        EndedBy::PolicyChanged => "the policy does not allow it any more",
        EndedBy::AuditFailed => "the record could not be kept",
        EndedBy::PortalError => "the portal failed",
    };
    let (title, body) = (format!("Session {code} has ended"), format!("It ended because {why}."));
    Some(Notice { title, body, opens: Opens::Session {} })
}

fn first_name(request: &RequestResponse) -> &str {
    request.staff_name.split_whitespace().next().unwrap_or("Somebody")
}

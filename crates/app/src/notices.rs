//! The words of notifications on the desktop. They stand in the system's own windows, outside the pages, and may be read by
//! whoever looks at the screen: the customer's name is in none of them.

use amberglass_wire::{
    approval::{RequestResponse, RequestState, Verdict},
    break_glass::ReviewResponse,
    news::NewsResponse,
    session::{EndedBy, Mode},
};

use crate::{approvals::last_decision, host::Notice, quiet_hours::Held, view::Opens};

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

/// `count` is all that wait, also what was told before.
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
        let last = last_decision(request, verdict);
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
        // Its time is over, or the policy, an account or the session that it rests on has changed: the request does not say.
        RequestState::Lapsed => (
            "Your request has lapsed".to_owned(),
            "It does not hold any more. If you still need it, ask again.".to_owned(),
        ),
        // By who had approved, or by oneself on another computer: the request does not say. What nobody had decided about
        // nobody else can withdraw, and what one withdraws here is known before the snapshot says it.
        RequestState::Withdrawn if !request.decisions.is_empty() => (
            "Your request was withdrawn".to_owned(),
            "It does not hold any more. A session that had begun with it has ended.".to_owned(),
        ),
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

/// Somebody has begun at once, with a stated emergency. What was stated may name the customer, so it stands in the inbox alone.
pub(crate) fn broke_glass(review: &ReviewResponse) -> Notice {
    let session = &review.session;
    Notice {
        title: format!("Break-glass: {} began without approval", session.staff_name),
        body: format!(
            "Session {} in {}, with a stated emergency. It waits for your review.",
            session.code, session.portal_name
        ),
        opens: Opens::Review { session: session.id.clone() },
    }
}

pub(crate) fn reviews_wait(count: usize) -> Notice {
    Notice {
        title: format!("{count} sessions with break-glass wait for your review"),
        body: "They are in the inbox.".to_owned(),
        opens: Opens::Inbox {},
    }
}

/// Something was changed that security should know. Whose and which it was stands in the list.
pub(crate) fn news(item: &NewsResponse) -> Notice {
    let what = match item.kind.as_str() {
        "break_glass_reviewed" => "A break-glass was reviewed",
        "device_registered" => "A device was registered",
        "device_revoked" => "A device was revoked",
        "emergency_stopped" => "Everything was stopped",
        "emergency_stop_lifted" => "The emergency stop was lifted",
        "password_changed" => "A password was changed",
        "policy_changed" => "The policy was changed",
        "rules_changed" => "The rules of a portal were changed",
        "portal_disabled" => "A portal was stopped",
        "portal_enabled" => "A portal goes on",
        "portal_key_added" => "A portal's key was added",
        "portal_key_revoked" => "A portal's key was revoked",
        "portal_tested" => "A portal was tested",
        "provider_linked" => "An account was linked to the sign-in of the company",
        "second_factor_set_up" => "A second factor was set up",
        "second_factor_reset" => "A second factor was taken away",
        "staff_added" => "An account was added",
        "staff_disabled" => "An account was switched off",
        "staff_enabled" => "An account was switched on",
        "staff_role_changed" => "A role was changed",
        // Of a later version of the server.
        _ => "Something was changed",
    };
    let by = item.by_name.as_ref().map_or_else(|| "At the server itself".to_owned(), |name| format!("By {name}"));
    Notice { title: what.to_owned(), body: format!("{by}. Open the news to read it."), opens: Opens::News {} }
}

pub(crate) fn several_news(count: usize) -> Notice {
    Notice {
        title: format!("{count} changes that security should know"),
        body: "They are in the news.".to_owned(),
        opens: Opens::News {},
    }
}

/// `2 requests and 1 review wait for you`; empty where nothing does.
pub fn waits_for_you(requests: usize, reviews: usize) -> String {
    let parts: Vec<_> = [(requests, "request"), (reviews, "review")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
        .collect();
    match requests + reviews {
        0 => String::new(),
        1 => format!("{} waits for you", parts.concat()),
        _ => format!("{} wait for you", parts.join(" and ")),
    }
}

/// After the quiet hours, about all that was held back in them, and what of it still wants something. It opens what they all
/// were about, else the inbox.
pub(crate) fn held_back(held: Held, requests: usize, reviews: usize, approved: bool) -> Notice {
    let mut body = match held.count {
        1 => "1 notice was held back.".to_owned(),
        count => format!("{count} notices were held back."),
    };
    let waits = waits_for_you(requests, reviews);
    if !waits.is_empty() {
        body = format!("{body} {waits}.");
    }
    if approved {
        body.push_str(" What was approved for you can be used now.");
    }
    let opens = held.opens.unwrap_or(Opens::Inbox {});
    if opens == (Opens::News {}) {
        body.push_str(" Open the news to read what is new.");
    } else if waits.is_empty() && !approved {
        body.push_str(" Nothing waits for you now.");
    }
    Notice { title: "Your quiet hours are over".to_owned(), body, opens }
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

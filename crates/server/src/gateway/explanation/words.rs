//! The words of the gateway's own answers: what happened, what was kept, and what to do.

use amberglass_wire::session::EndedBy;

use super::{
    super::{pipeline::rule as own_rule, websocket},
    Explanation, Reason,
};

impl Reason {
    const fn title(self) -> &'static str {
        match self {
            Self::UnknownHost | Self::ContradictingHosts => "There is no portal at this address",
            Self::PortalInactive => "This portal is switched off",
            Self::NoSession => "No session is open here",
            Self::NotStarted => "This session has not started",
            Self::Frozen => "This session is paused",
            Self::Silent => "The console is not answering",
            Self::Expired | Self::Ended(_) => "This session is over",
            Self::StaffInactive => "This account is no longer active",
            Self::OtherSite => "This request came from another page",
            Self::TargetRefused => "This address cannot be opened",
            Self::ContentBroken => "What was sent did not arrive whole",
            Self::Blocked => "This request was not passed on",
            Self::UnsafeRead => "Opening this changes something",
            Self::Withheld => "This is not shown in a session",
            Self::Unmaskable => "The portal's answer cannot be shown",
            Self::Download => "This file was not downloaded",
            Self::RedirectElsewhere => "The portal leads to another site",
            Self::AuditUnavailable => "This page cannot be put on record",
            Self::SessionUnreadable => "The session cannot be checked",
            Self::IdentityUnavailable => "The portal cannot be asked",
            Self::PortalUnreachable => "The portal did not answer",
            Self::PortalNotUnderstood => "The portal's answer cannot be shown",
        }
    }
}

impl Explanation<'_> {
    pub(super) fn title(&self) -> &'static str {
        if self.reason == Reason::Blocked && !self.is_read() { "This change was not made" } else { self.reason.title() }
    }

    pub(super) fn what_happened(&self) -> String {
        let customer = self.whom.as_ref().map_or("the customer", |whom| whom.customer_name);
        match self.reason {
            Reason::UnknownHost => {
                "Portals are shown under their own names only, and this is none of them. Nothing was opened.".into()
            }
            Reason::ContradictingHosts => "The request names more than one address. Nothing was opened.".into(),
            Reason::PortalInactive => {
                "It was switched off here, and sessions in it end. Nothing was opened, and what was seen before is on record."
                    .into()
            }
            Reason::NoSession => "Pages are shown inside a session of the console only. Nothing was opened.".into(),
            Reason::NotStarted => "Nothing was opened.".into(),
            Reason::Frozen => format!(
                "The console has lost its connection, so nothing of {customer}'s is shown. The session goes on by itself \
                 once the console is back, until its time is up."
            ),
            Reason::Silent => format!(
                "It has not been heard for some seconds, so nothing of {customer}'s is shown. Your session goes on once \
                 it is heard again, until its time is up."
            ),
            Reason::Expired => "Its time is up. Nothing more is shown, and what was seen is on record.".into(),
            Reason::Ended(by) => format!("{} Nothing more is shown, and what was seen is on record.", how_it_ended(by)),
            Reason::StaffInactive => "Your account or this device was switched off. Nothing was opened.".into(),
            Reason::OtherSite => "Only the portal's own pages may ask here. The portal was not asked.".into(),
            Reason::TargetRefused => {
                "Its spelling could mean two different pages, so the portal was not asked and nothing was changed."
                    .into()
            }
            Reason::ContentBroken => {
                "It broke off, or could not be read to its end. The portal did not get the whole of it, and the session goes on.".into()
            }
            Reason::Blocked => self.why_blocked(customer),
            Reason::UnsafeRead => format!(
                "In this portal, opening this page is a change in itself, such as marking something as read. The portal was \
                 not asked, and nothing of {customer}'s was changed."
            ),
            Reason::Withheld => format!(
                "It holds what is {customer}'s alone, such as a key or a link that opens without signing in. It was not passed on."
            ),
            Reason::Unmaskable if self.is_read() => {
                "Parts of it are not for a session, and they could not be taken out. Nothing of it was shown.".into()
            }
            Reason::Unmaskable => {
                "Parts of it are not for a session, and they could not be taken out. The portal was asked and may have done \
                 what was wanted."
                    .into()
            }
            Reason::Download if self.rule == Some(amberglass_domain::read_only::rule::DOWNLOAD_TOO_LONG) => {
                "The portal offered a file that is longer than a session may keep, so it was not passed on.".into()
            }
            Reason::Download => format!(
                "The portal offered a file. Files of {customer}'s do not leave the session, so it was not passed on."
            ),
            Reason::RedirectElsewhere => {
                "It answered with a way to another site. A session stays within the portal, so it was not followed."
                    .into()
            }
            Reason::AuditUnavailable => {
                "Every page is put on record before it is opened, and that failed. The portal was not asked.".into()
            }
            Reason::SessionUnreadable => "The server could not read whether it still runs. Nothing was opened.".into(),
            Reason::IdentityUnavailable => {
                format!("No proof could be made that this session is {customer}'s. The portal was not asked.")
            }
            Reason::PortalUnreachable => "Nothing was shown. Your session goes on.".into(),
            Reason::PortalNotUnderstood => "It was not of a form that can be passed on. Your session goes on.".into(),
        }
    }

    fn why_blocked(&self, customer: &str) -> String {
        use amberglass_domain::read_only::rule;
        let untouched = format!("The portal was not asked, and nothing of {customer}'s was changed.");
        match self.rule {
            Some(rule::READ_ONLY_METHOD | rule::READ_ONLY_OPERATION) => {
                format!(
                    "This session is read-only: you can see what {customer} sees, and change none of it. {untouched}"
                )
            }
            Some(rule::UNLISTED_WRITE | rule::UNLISTED_OPERATION) => {
                format!("This change is not among those that sessions may make in this portal. {untouched}")
            }
            Some(id) if id.starts_with("never-") => {
                format!("{} in a session, whatever its mode: that is for {customer} alone. {untouched}", never(id))
            }
            Some(rule::NOT_DECLARED) => {
                format!("What must never be changed in this portal is not described in full yet. {untouched}")
            }
            Some(rule::OPERATION_UNREADABLE | rule::UNKNOWN_OPERATION | own_rule::TRANSFER_CODING) => {
                format!("What it asks for could not be read, so it could be a change. {untouched}")
            }
            Some(rule::UPGRADE_REFUSED | rule::CONNECT_REFUSED) => {
                format!("It asked for a connection in which single steps cannot be judged. {untouched}")
            }
            Some(websocket::rule::TOO_MANY_SOCKETS) => {
                format!("It keeps more connections open than a session may have. {untouched}")
            }
            Some(_) | None => format!("It could be understood as a change. {untouched}"),
        }
    }

    pub(super) fn what_to_do(&self) -> &'static str {
        match self.reason {
            Reason::NoSession | Reason::NotStarted | Reason::Expired => {
                "To look again, start a session in the console."
            }
            Reason::Ended(by) => after_the_end(by),
            Reason::Frozen | Reason::Silent => "Wait a moment, then try again.",
            Reason::StaffInactive | Reason::PortalInactive => "Ask the people who run Amberglass in your company.",
            Reason::AuditUnavailable | Reason::SessionUnreadable | Reason::IdentityUnavailable => {
                "Try again. If it stays like this, give the reference below to the people who run Amberglass in your company."
            }
            Reason::PortalUnreachable | Reason::PortalNotUnderstood => {
                "Try again. If it stays like this, give the reference below to the portal's team."
            }
            Reason::Blocked if self.rule.is_some_and(|id| id.starts_with("never-")) => {
                "If it has to be done, ask the customer to do it."
            }
            Reason::Blocked if !self.is_read() => {
                "If it has to be done, ask the customer to do it, or for approval in the bar above where it offers that."
            }
            Reason::UnknownHost | Reason::ContradictingHosts => "Start a session in the console: it opens the portal.",
            Reason::OtherSite | Reason::TargetRefused => "Go back and use the portal's own links.",
            Reason::ContentBroken => "Go back and send it again.",
            Reason::Blocked => {
                "Go back. If you need this page, give the reference below to the people who run Amberglass in your company."
            }
            Reason::Withheld => "Go back. If it is needed, ask the customer for it.",
            Reason::Unmaskable if !self.is_read() => "Look in the portal whether it was done before you try again.",
            Reason::Unmaskable => {
                "Go back. If you need it, give the reference below to the people who run Amberglass in your company."
            }
            Reason::UnsafeRead => "Go back: what it shows may also stand elsewhere in the portal.",
            Reason::Download => "Go back. If you need the file, ask the customer to send it.",
            Reason::RedirectElsewhere => "Go back and go on within the portal.",
        }
    }

    /// Only where another page may still be shown.
    pub(super) fn link(&self) -> Option<&'static str> {
        match self.reason {
            Reason::OtherSite
            | Reason::TargetRefused
            | Reason::ContentBroken
            | Reason::Blocked
            | Reason::UnsafeRead
            | Reason::Withheld
            | Reason::Unmaskable
            | Reason::Download
            | Reason::RedirectElsewhere => Some("Back to the portal"),
            Reason::Frozen
            | Reason::Silent
            | Reason::AuditUnavailable
            | Reason::SessionUnreadable
            | Reason::IdentityUnavailable
            | Reason::PortalUnreachable
            | Reason::PortalNotUnderstood => Some("Try again"),
            Reason::UnknownHost
            | Reason::ContradictingHosts
            | Reason::PortalInactive
            | Reason::NoSession
            | Reason::NotStarted
            | Reason::Expired
            | Reason::Ended(_)
            | Reason::StaffInactive => None,
        }
    }
}

/// A sentence: what ended it.
fn how_it_ended(by: Option<EndedBy>) -> &'static str {
    match by {
        None => "It was ended.",
        Some(EndedBy::Staff) => "You ended it.",
        Some(EndedBy::Lead) => "A lead ended it.",
        Some(EndedBy::Security) => "The security team ended it.",
        Some(EndedBy::Customer) => "The customer ended it.",
        Some(EndedBy::Expired) => "Its time is up.",
        Some(EndedBy::Idle) => "Nobody had touched it for too long.",
        Some(EndedBy::ConsoleLost) => "Its console was not heard of for too long.",
        Some(EndedBy::StaffDisabled) => "The account or the device that it ran on was switched off.",
        Some(EndedBy::ApproverDisabled) => "The account of whoever approved it was switched off.",
        Some(EndedBy::CustomerDisabled) => "The customer is no longer active in the portal.",
        Some(EndedBy::PortalDisabled) => "The portal was switched off here.",
        Some(EndedBy::ApprovalWithdrawn) => "Its approval was withdrawn.",
        Some(EndedBy::EmergencyStop) => "An emergency stop ended all sessions.",
        Some(EndedBy::PolicyChanged) => "The policy changed and does not allow it any more.",
        Some(EndedBy::AuditFailed) => "What happens in it could not be put on record for too long.",
        Some(EndedBy::PortalError) => "The portal could not say for too long whether the customer is still active.",
    }
}

fn after_the_end(by: Option<EndedBy>) -> &'static str {
    match by {
        None
        | Some(
            EndedBy::Staff
            | EndedBy::Expired
            | EndedBy::Idle
            | EndedBy::ConsoleLost
            | EndedBy::PolicyChanged
            | EndedBy::ApproverDisabled
            | EndedBy::ApprovalWithdrawn,
        ) => "To look again, start a session in the console.",
        Some(EndedBy::Lead) => "Ask your lead before you start another one.",
        Some(EndedBy::Security) => "Ask the security team before you start another one.",
        Some(EndedBy::Customer) => "Look again only if the customer asks for it.",
        Some(EndedBy::CustomerDisabled) => "Whether the account may be used again is for the portal's team to say.",
        Some(EndedBy::EmergencyStop) => "The console shows when sessions may start again.",
        Some(EndedBy::StaffDisabled | EndedBy::PortalDisabled | EndedBy::AuditFailed) => {
            "Ask the people who run Amberglass in your company."
        }
        Some(EndedBy::PortalError) => "Start a session again once the portal answers.",
    }
}

/// First half of a sentence: what is never done.
fn never(rule: &str) -> &'static str {
    match rule {
        "never-password" => "Passwords are never changed",
        "never-mfa" => "Second factors are never changed",
        "never-email-change" => "E-mail addresses are never changed",
        "never-account-deletion" => "Accounts are never closed",
        "never-oauth-consent" => "Other programs are never given access",
        "never-api-key" => "Keys and tokens are never made or removed",
        "never-legal-consent" => "Agreements are never accepted or withdrawn",
        _ => "This is never done",
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::{
        super::{
            GATEWAY_HEADER,
            tests::{explanation, text},
        },
        *,
    };

    /// A file of the portal's, a way elsewhere, an address that is none: whatever the gateway says itself.
    #[test]
    fn every_answer_says_what_happened_what_was_kept_and_what_to_do() {
        let reasons = [
            Reason::UnknownHost,
            Reason::ContradictingHosts,
            Reason::PortalInactive,
            Reason::NoSession,
            Reason::NotStarted,
            Reason::Frozen,
            Reason::Silent,
            Reason::Expired,
            Reason::Ended(None),
            Reason::StaffInactive,
            Reason::OtherSite,
            Reason::TargetRefused,
            Reason::Blocked,
            Reason::Download,
            Reason::RedirectElsewhere,
            Reason::AuditUnavailable,
            Reason::SessionUnreadable,
            Reason::IdentityUnavailable,
            Reason::PortalUnreachable,
            Reason::PortalNotUnderstood,
            Reason::ContentBroken,
        ];
        let kept =
            ["othing was", "othing of", "othing more", "ot asked", "not passed on", "not followed", "session goes on"];
        for reason in reasons {
            for method in ["GET", "POST"] {
                let said = Explanation { method, ..explanation(reason, true) };
                let (happened, to_do) = (said.what_happened(), said.what_to_do());
                assert!(kept.iter().any(|words| happened.contains(words)), "{reason:?}: {happened}");
                for words in [&happened, to_do] {
                    assert!(words.starts_with(char::is_uppercase) && words.ends_with('.'), "{reason:?}: {words}");
                    assert!(!words.contains(['!', '_']) && !words.contains("please"), "{reason:?}: {words}");
                }
            }
        }
    }

    #[tokio::test]
    async fn every_end_says_what_happened_what_was_kept_and_what_to_do() {
        let mut said = Vec::new();
        for by in EndedBy::ALL {
            let mut ended = explanation(Reason::Ended(Some(by)), true);
            (ended.rule, ended.is_on_record) = (None, false);
            let response = ended.answer();
            assert_eq!(
                (response.status(), &response.headers()[GATEWAY_HEADER]),
                (StatusCode::GONE, &"session-ended".parse().unwrap())
            );
            let page = text(response).await;
            let happened = how_it_ended(Some(by));
            for part in ["This session is over", happened, "what was seen is on record", after_the_end(Some(by))] {
                assert!(page.contains(part), "{by:?}: {part}");
            }
            assert!(!page.contains("class=\"action\""), "{by:?}: there is nothing to go back to");
            said.push(happened);
        }
        said.sort_unstable();
        said.dedup();
        assert_eq!(said.len(), EndedBy::ALL.len(), "each end has words of its own");
    }
}

//! What the gateway says itself: a calm page where a document was asked for, `application/problem+json` for scripts.
//!
//! Says what happened, what was kept, and what to do; carries no script, no amber (that is the host's), and nothing of
//! the request but its method and its redacted path.

use std::sync::LazyLock;

use amberglass_wire::{
    problem::{ErrorCode, PROBLEM_CONTENT_TYPE, Problem},
    session::EndedBy,
};
use axum::response::Response;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue, StatusCode, header};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::{pipeline::rule as own_rule, websocket};

/// On every answer that the gateway gives itself; the console tells them from the portal's by it.
pub const GATEWAY_HEADER: HeaderName = HeaderName::from_static("amberglass-gateway");
/// Present when the portal gave no answer that could be passed on.
pub const PORTAL_HEADER: HeaderName = HeaderName::from_static("amberglass-portal");
/// Beside [`PORTAL_HEADER`]: the reference of the page, for the console's own words in its place.
pub const REFERENCE_HEADER: HeaderName = HeaderName::from_static("amberglass-reference");

/// Why the gateway answers itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    UnknownHost,
    ContradictingHosts,
    PortalInactive,
    NoSession,
    NotStarted,
    Frozen,
    Silent,
    Expired,
    /// By whom or what, as far as is known.
    Ended(Option<EndedBy>),
    StaffInactive,
    OtherSite,
    TargetRefused,
    /// What the page sent broke off, or could not be read to its end.
    ContentBroken,
    Blocked,
    /// A GET that the portal's rules call a change.
    UnsafeRead,
    /// What it would show outlives the session.
    Withheld,
    /// Fields have to be taken out of the answer, and that was not possible. The portal was asked.
    Unmaskable,
    Download,
    RedirectElsewhere,
    AuditUnavailable,
    SessionUnreadable,
    IdentityUnavailable,
    PortalUnreachable,
    PortalNotUnderstood,
}

impl Reason {
    /// Value of [`GATEWAY_HEADER`]; stable.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownHost => "unknown-host",
            Self::ContradictingHosts => "contradicting-hosts",
            Self::PortalInactive => "portal-inactive",
            Self::NoSession => "no-session",
            Self::NotStarted => "session-not-started",
            Self::Frozen => "session-frozen",
            Self::Silent => "console-silent",
            Self::Expired => "session-expired",
            Self::Ended(_) => "session-ended",
            Self::StaffInactive => "staff-inactive",
            Self::OtherSite => "other-site",
            Self::TargetRefused => "target-refused",
            Self::ContentBroken => "content-broken",
            Self::Blocked | Self::UnsafeRead => "blocked",
            Self::Withheld | Self::Unmaskable => "withheld",
            Self::Download => "download-refused",
            Self::RedirectElsewhere => "redirect-elsewhere",
            Self::AuditUnavailable => "audit-unavailable",
            Self::SessionUnreadable => "session-unreadable",
            Self::IdentityUnavailable => "identity-unavailable",
            Self::PortalUnreachable => "portal-unreachable",
            Self::PortalNotUnderstood => "portal-not-understood",
        }
    }

    pub const fn status(self) -> StatusCode {
        match self {
            Self::UnknownHost => StatusCode::MISDIRECTED_REQUEST,
            Self::ContradictingHosts | Self::TargetRefused | Self::ContentBroken => StatusCode::BAD_REQUEST,
            Self::NoSession => StatusCode::UNAUTHORIZED,
            Self::Expired | Self::Ended(_) => StatusCode::GONE,
            Self::PortalInactive
            | Self::NotStarted
            | Self::Frozen
            | Self::Silent
            | Self::StaffInactive
            | Self::OtherSite
            | Self::Blocked
            | Self::UnsafeRead
            | Self::Withheld
            | Self::Unmaskable
            | Self::Download
            | Self::RedirectElsewhere => StatusCode::FORBIDDEN,
            Self::AuditUnavailable | Self::SessionUnreadable | Self::IdentityUnavailable => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::PortalUnreachable | Self::PortalNotUnderstood => StatusCode::BAD_GATEWAY,
        }
    }

    const fn code(self) -> ErrorCode {
        match self {
            Self::UnknownHost | Self::ContradictingHosts | Self::TargetRefused | Self::ContentBroken => {
                ErrorCode::InvalidRequest
            }
            Self::NoSession => ErrorCode::NotSignedIn,
            Self::PortalInactive => ErrorCode::PortalInactive,
            Self::NotStarted | Self::Frozen | Self::Silent | Self::Expired | Self::Ended(_) => {
                ErrorCode::SessionNotRunning
            }
            Self::StaffInactive
            | Self::OtherSite
            | Self::Blocked
            | Self::UnsafeRead
            | Self::Withheld
            | Self::Unmaskable
            | Self::Download
            | Self::RedirectElsewhere => ErrorCode::Forbidden,
            Self::AuditUnavailable => ErrorCode::AuditUnavailable,
            Self::SessionUnreadable | Self::IdentityUnavailable => ErrorCode::Unavailable,
            Self::PortalUnreachable | Self::PortalNotUnderstood => ErrorCode::PortalUnreachable,
        }
    }

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

/// A session's people, for the words.
pub(super) struct Whom<'a> {
    pub customer_name: &'a str,
    pub code: &'a str,
}

/// One answer of the gateway's own.
pub(super) struct Explanation<'a> {
    pub reason: Reason,
    /// Stable id of the rule that refused.
    pub rule: Option<&'a str>,
    pub method: &'a str,
    /// As on record.
    pub path: &'a str,
    pub whom: Option<Whom<'a>>,
    /// True once a record of this refusal is durable.
    pub is_on_record: bool,
    /// The first eight hex digits of the request's id.
    pub reference: String,
    pub is_document: bool,
    /// Where the link leads, on the gateway origin.
    pub back: String,
}

impl Explanation<'_> {
    pub fn answer(&self) -> Response {
        let (content_type, body) = if self.is_document {
            ("text/html; charset=utf-8", self.page().into_string())
        } else {
            // Strings and a number: serialising them cannot fail.
            (PROBLEM_CONTENT_TYPE, serde_json::to_string(&self.problem()).unwrap_or_default())
        };
        let mut response = Response::new(axum::body::Body::from(body));
        *response.status_mut() = self.reason.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        headers.insert(GATEWAY_HEADER, HeaderValue::from_static(self.reason.as_str()));
        if matches!(self.reason, Reason::PortalUnreachable | Reason::PortalNotUnderstood) {
            headers.insert(PORTAL_HEADER, HeaderValue::from_static("unreachable"));
            if let Ok(reference) = HeaderValue::from_str(&self.reference) {
                headers.insert(REFERENCE_HEADER, reference);
            }
        }
        response
    }

    fn problem(&self) -> Problem {
        Problem {
            kind: "about:blank".into(),
            title: self.title().into(),
            status: self.reason.status().as_u16(),
            detail: Some(format!("{} {}", self.what_happened(), self.what_to_do())),
            code: self.reason.code(),
            reference: self.reference.clone(),
            rules: self.rule.into_iter().map(ToOwned::to_owned).collect(),
            session: None,
            held: None,
            retry_after_seconds: None,
        }
    }

    fn is_read(&self) -> bool {
        matches!(self.method, "GET" | "HEAD")
    }

    fn title(&self) -> &'static str {
        if self.reason == Reason::Blocked && !self.is_read() { "This change was not made" } else { self.reason.title() }
    }

    fn what_happened(&self) -> String {
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

    fn what_to_do(&self) -> &'static str {
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
    fn link(&self) -> Option<&'static str> {
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

    fn page(&self) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title()) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    main {
                        p.mark { (PreEscaped(SHIELD)) "Amberglass" }
                        h1 { (self.title()) }
                        p { (self.what_happened()) }
                        p.quiet { (self.what_to_do()) }
                        dl {
                            @if !self.path.is_empty() {
                                dt { "Requested" } dd.code { (self.method) " " (self.path) }
                            }
                            @if let Some(rule) = self.rule { dt { "Rule" } dd.code { (rule) } }
                            @if let Some(whom) = &self.whom { dt { "Session" } dd.code { (whom.code) } }
                            @if self.is_on_record {
                                dt { "On record" } dd { "Yes, with your name and the customer's" }
                            }
                            dt { "Reference" } dd.code { (self.reference) }
                        }
                        @if let Some(link) = self.link() { a.action href=(self.back) { (link) } }
                    }
                }
            }
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

/// Lucide `shield-check` (ISC).
const SHIELD: &str = r#"<svg aria-hidden="true" width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><path d="M20 13c0 5-3.5 7.5-7.66 8.95a1 1 0 0 1-.67-.01C7.5 20.5 4 18 4 13V6a1 1 0 0 1 1-1c2 0 4.5-1.2 6.24-2.72a1.17 1.17 0 0 1 1.52 0C14.51 3.81 17 5 19 5a1 1 0 0 1 1 1z"/><path d="m9 12 2 2 4-4"/></svg>"#;

const STYLE: &str = "\
:root{color-scheme:light dark;--page:#fafaf9;--raised:#fff;--text:#1c1917;--quiet:#57534e;--line:#e7e5e4;--accent:#0f766e;--on-accent:#fff}\
@media(prefers-color-scheme:dark){:root{--page:#1c1917;--raised:#292524;--text:#fafaf9;--quiet:#a8a29e;--line:#44403c;--accent:#2dd4bf;--on-accent:#1c1917}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px;background:var(--page);color:var(--text);\
font:15px/1.5 Inter,system-ui,-apple-system,\"Segoe UI\",sans-serif}\
main{width:100%;max-width:560px;padding:32px;background:var(--raised);border:1px solid var(--line);border-radius:8px;\
box-shadow:0 1px 3px rgb(28 25 23/.08)}\
.mark{display:flex;align-items:center;gap:8px;margin:0 0 20px;color:var(--accent);font-size:13px;font-weight:600}\
h1{margin:0 0 8px;font-size:22px;line-height:1.25;font-weight:600;text-wrap:balance}\
p{margin:0 0 8px}.quiet{color:var(--quiet)}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:6px 20px;margin:20px 0 0;padding:16px 0 0;border-top:1px solid var(--line);font-size:13px}\
dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}\
.code{font-family:\"JetBrains Mono\",ui-monospace,Consolas,Menlo,monospace;font-variant-numeric:tabular-nums}\
.action{display:inline-block;margin-top:24px;padding:8px 16px;border-radius:8px;background:var(--accent);color:var(--on-accent);\
font-weight:600;text-decoration:none}\
.action:focus-visible{outline:2px solid var(--accent);outline-offset:2px}\
@media(forced-colors:active){.action{border:1px solid}}";

/// Nothing but the one style sheet, by its hash.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    );
    // Letters, digits and punctuation: always a header value. Without the style the page would still be whole.
    HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
});

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    fn explanation(reason: Reason, is_document: bool) -> Explanation<'static> {
        Explanation {
            reason,
            rule: Some("read-only-method"),
            method: "POST",
            path: "/account/<script>",
            whom: Some(Whom { customer_name: "Jane <Doe>", code: "AG-7K3QX" }),
            is_on_record: true,
            reference: "0123abcd".into(),
            is_document,
            back: "/account?a=1&b=\"".into(),
        }
    }

    async fn text(response: Response) -> String {
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_document_gets_a_page_with_everything_escaped() {
        let response = explanation(Reason::Blocked, true).answer();
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        assert_eq!(response.headers()[GATEWAY_HEADER], "blocked");
        let page = text(response).await;
        for part in [
            "This change was not made",
            "read-only-method",
            "AG-7K3QX",
            "POST /account/&lt;script&gt;",
            "Jane &lt;Doe&gt;",
            "0123abcd",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("<script"));
        assert!(page.contains("href=\"/account?a=1&amp;b=&quot;\""));
    }

    #[tokio::test]
    async fn a_script_gets_a_problem_in_plain_words() {
        let response = explanation(Reason::Blocked, false).answer();
        assert_eq!(response.headers()[header::CONTENT_TYPE], PROBLEM_CONTENT_TYPE);
        let problem: Problem = serde_json::from_str(&text(response).await).unwrap();
        assert_eq!((problem.code, problem.status), (ErrorCode::Forbidden, 403));
        assert_eq!(problem.rules, ["read-only-method"]);
        assert!(problem.detail.unwrap().starts_with("This session is read-only"));
    }

    #[test]
    fn the_style_sheet_fits_its_policy_and_uses_no_amber() {
        assert!(!STYLE.contains("f59e0b") && !STYLE.contains('<'));
        let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
        assert!(POLICY.to_str().unwrap().contains(&hash));
    }

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

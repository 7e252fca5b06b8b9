//! What the gateway says itself: a calm page where a document was asked for, `application/problem+json` for scripts.
//!
//! Says what happened, what was kept, and what to do; carries no script, no amber (that is the host's), and nothing of
//! the request but its method and its redacted path.

mod words;

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

    pub(super) fn explanation(reason: Reason, is_document: bool) -> Explanation<'static> {
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

    pub(super) async fn text(response: Response) -> String {
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
}

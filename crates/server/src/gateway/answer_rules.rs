//! What of a portal's answer reaches the page.

use amberglass_wire::UnixMillis;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, response::Parts};
use url::Url;

use super::{
    cookie_jar::SetCookie,
    cookie_name, jars,
    outgoing::{HOP_BY_HOP, named_by_connection},
};

/// Stable ids of what is refused in an answer.
pub(super) mod rule {
    pub use amberglass_domain::read_only::rule::DOWNLOAD_REFUSED as DOWNLOAD;
    pub const REDIRECT_ELSEWHERE: &str = "redirect-elsewhere";
}

/// Keeps the page on its gateway origin, beside whatever policy the portal sends itself (CSP 3: all of them hold).
/// Inline and local content stays allowed: what the portal allows itself is its own affair.
const OWN_ORIGIN_ONLY: &str = "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; connect-src 'self'; \
     object-src 'self'; base-uri 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'self'; webrtc 'block'";
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
/// What engines answer with a dialog or a window of their own without asking the host; what they ask it about is refused and recorded there.
/// Appended: of two words about one of them the last counts (RFC 8941, 3.2), and the portal's about others stay.
const NO_DIALOGS: &str = "bluetooth=(), clipboard-write=(), display-capture=(), hid=(), payment=(), picture-in-picture=(), \
     publickey-credentials-create=(), publickey-credentials-get=(), serial=(), usb=(), web-share=()";

/// Would outlive the session, report to other hosts, move the page elsewhere, steer a proxy, or speak in our name.
const WITHHELD: [&str; 32] = [
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "age",
    "alt-svc",
    // Credentials, which scripts could read, and what makes browsers ask for some.
    "authentication-info",
    "access-token",
    "authorization",
    "proxy-authentication-info",
    "www-authenticate",
    "x-access-token",
    "x-api-key",
    "x-auth-token",
    "x-id-token",
    "x-refresh-token",
    "cdn-cache-control",
    "clear-site-data",
    "content-location",
    "expect-ct",
    "expires",
    "nel",
    "pragma",
    "public-key-pins",
    "refresh",
    "report-to",
    "reporting-endpoints",
    "service-worker-allowed",
    "set-cookie",
    "set-cookie2",
    "strict-transport-security",
    "surrogate-control",
    "x-sendfile",
    "via",
];
const WITHHELD_PREFIXES: [&str; 2] = ["amberglass-", "x-accel-"];
/// `Link` relations that make the engine connect somewhere.
const CONNECTING_LINKS: [&str; 4] = ["preconnect", "prefetch", "preload", "prerender"];

const DNS_PREFETCH: HeaderName = HeaderName::from_static("x-dns-prefetch-control");

/// Where the answer came from and goes to.
pub(super) struct Passage<'a> {
    pub upstream: &'a Url,
    pub own_origin: &'a str,
    pub is_plain_http: bool,
    /// Canonical path and query of the request.
    pub target: &'a http::uri::PathAndQuery,
    pub now: UnixMillis,
    /// An answer that asks to be saved may be.
    pub may_be_file: bool,
}

/// Turns the portal's head into the page's, or names the rule that refuses the answer. `staying` gets the cookies for the jar
/// either way: the portal has set them.
pub(super) fn head(parts: Parts, passage: &Passage<'_>, staying: &mut Vec<SetCookie>) -> Result<Parts, &'static str> {
    let mut parts = parts;
    let for_page = cookies(&parts.headers, passage, staying);
    if is_download(&parts.headers) && !passage.may_be_file {
        return Err(rule::DOWNLOAD);
    }
    if let Some(location) = parts.headers.remove(header::LOCATION) {
        match own_location(&location, passage) {
            Some(own) => {
                parts.headers.insert(header::LOCATION, own);
            }
            None if parts.status.is_redirection() && parts.status != StatusCode::NOT_MODIFIED => {
                return Err(rule::REDIRECT_ELSEWHERE);
            }
            // Elsewhere it only names something, as in a 201.
            None => {}
        }
    }
    let named = named_by_connection(&parts.headers);
    let withheld: Vec<HeaderName> = parts
        .headers
        .iter()
        .filter(|(name, value)| is_withheld(name, value) || named.iter().any(|named| named == name.as_str()))
        .map(|(name, _)| name.clone())
        .collect();
    for name in withheld {
        parts.headers.remove(name);
    }
    for cookie in for_page {
        parts.headers.append(header::SET_COOKIE, cookie);
    }
    enclose(&mut parts.headers);
    // The version is that of our connection to the portal.
    parts.version = http::Version::default();
    parts.extensions.clear();
    Ok(parts)
}

/// Nothing is kept, nothing leaves the origin, nothing frames the page but itself.
fn enclose(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.append(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(OWN_ORIGIN_ONLY));
    headers.append(PERMISSIONS_POLICY, HeaderValue::from_static(NO_DIALOGS));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(DNS_PREFETCH, HeaderValue::from_static("off"));
    // A portal may frame its own pages; one that forbids even that goes on forbidding it.
    let denies =
        headers.get(header::X_FRAME_OPTIONS).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"deny"));
    let framing = if denies { "DENY" } else { "SAMEORIGIN" };
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static(framing));
}

fn is_withheld(name: &HeaderName, value: &HeaderValue) -> bool {
    let name = name.as_str();
    let connects = name == "link"
        && value.to_str().map_or(true, |value| {
            let value = value.to_ascii_lowercase();
            CONNECTING_LINKS.iter().any(|relation| value.contains(relation))
        });
    connects
        || HOP_BY_HOP.contains(&name)
        || WITHHELD.contains(&name)
        || WITHHELD_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Anything but `inline` makes browsers save (RFC 6266, 4.2).
pub(super) fn is_download(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONTENT_DISPOSITION).iter().any(|value| {
        let kind = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
        !kind.trim_ascii().eq_ignore_ascii_case(b"inline")
    })
}

/// The location as a path on the gateway origin; `None` if it leads elsewhere.
fn own_location(location: &HeaderValue, passage: &Passage<'_>) -> Option<HeaderValue> {
    let base = passage.upstream.join(passage.target.as_str()).ok()?;
    let wanted = base.join(location.to_str().ok()?).ok()?;
    let is_ours =
        wanted.origin() == passage.upstream.origin() || wanted.origin().ascii_serialization() == passage.own_origin;
    let is_anonymous = wanted.username().is_empty() && wanted.password().is_none();
    if !is_ours || !is_anonymous || wanted.path().starts_with("//") {
        return None;
    }
    let own = &wanted[url::Position::BeforePath..];
    HeaderValue::try_from(own).ok()
}

/// Keeps what stays here and gives the lines for the page.
fn cookies(headers: &HeaderMap, passage: &Passage<'_>, staying: &mut Vec<SetCookie>) -> Vec<HeaderValue> {
    let ours = [cookie_name(!passage.is_plain_http), jars::version_name(!passage.is_plain_http)];
    let mut for_page = Vec::new();
    for line in headers.get_all(header::SET_COOKIE) {
        let Some(cookie) = line.to_str().ok().and_then(|line| SetCookie::parse(line, passage.now)) else { continue };
        // No portal may set them.
        if ours.contains(&cookie.name.as_str()) {
            continue;
        }
        if cookie.stays_here(passage.is_plain_http) {
            staying.push(cookie);
        } else if let Ok(value) = HeaderValue::try_from(cookie.line_for_page(passage.is_plain_http, passage.now)) {
            for_page.push(value);
        }
    }
    for_page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, pairs: &[(&'static str, &'static str)]) -> (Result<Parts, &'static str>, Vec<SetCookie>) {
        let mut response = http::Response::builder().status(status);
        for (name, value) in pairs {
            response = response.header(*name, *value);
        }
        let mut staying = Vec::new();
        let passage = Passage {
            upstream: &"http://127.0.0.1:9/".parse().unwrap(),
            own_origin: "http://barkside.localhost:7401",
            is_plain_http: true,
            target: &"/pets/list?x=1".parse().unwrap(),
            now: UnixMillis(1_767_603_600_000),
            may_be_file: false,
        };
        (head(response.body(()).unwrap().into_parts().0, &passage, &mut staying), staying)
    }

    #[test]
    fn locations_stay_on_the_gateway_or_are_refused() {
        let table = [
            ("http://127.0.0.1:9/account?tab=2#top", Some("/account?tab=2#top")),
            ("http://barkside.localhost:7401/account", Some("/account")),
            ("/account", Some("/account")),
            ("next", Some("/pets/next")),
            ("?page=2", Some("/pets/list?page=2")),
            ("../x", Some("/x")),
            ("//127.0.0.1:9/x", Some("/x")),
            ("http://127.0.0.1:10/", None),
            ("https://127.0.0.1:9/", None),
            ("//evil.test/", None),
            ("\\\\evil.test/", None),
            ("http://127.0.0.1:9//evil.test/", None),
            ("http://a:b@127.0.0.1:9/", None),
            ("javascript:alert(1)", None),
            ("data:text/html,x", None),
            ("mailto:a@b", None),
        ];
        for (given, expected) in table {
            let (outcome, _) = answer(302, &[("location", given)]);
            let got = outcome.map(|parts| parts.headers[header::LOCATION].to_str().unwrap().to_owned());
            assert_eq!(
                got.as_deref(),
                expected.ok_or(&rule::REDIRECT_ELSEWHERE).map_err(|rule| *rule).as_ref().map(|x| *x),
                "{given}"
            );
        }
        let created = answer(201, &[("location", "https://elsewhere.test/1")]).0.unwrap();
        assert!(!created.headers.contains_key(header::LOCATION));
    }

    #[test]
    fn downloads_are_refused_and_inline_content_is_not() {
        for value in ["attachment", "ATTACHMENT; filename=a.pdf", " attachment", "unknown", "filename=x"] {
            assert_eq!(answer(200, &[("content-disposition", value)]).0.err(), Some(rule::DOWNLOAD), "{value}");
        }
        assert!(answer(200, &[("content-disposition", "inline; filename=a.pdf")]).0.is_ok());
    }

    #[test]
    fn unreadable_cookies_stay_here_and_ours_cannot_be_set() {
        let (outcome, staying) = answer(
            200,
            &[
                ("set-cookie", "sid=secret; HttpOnly; Path=/"),
                ("set-cookie", "theme=dark; Domain=x.test"),
                ("set-cookie", "amberglass=forged"),
                ("set-cookie", "amberglass=forged; HttpOnly"),
                ("set-cookie", "amberglass-jar=9"),
            ],
        );
        let headers = outcome.unwrap().headers;
        let lines: Vec<_> = headers.get_all(header::SET_COOKIE).iter().collect();
        assert_eq!(lines, ["theme=dark"]);
        let staying: Vec<_> = staying.iter().map(|cookie| cookie.name.as_str()).collect();
        assert_eq!(staying, ["sid"]);
    }

    #[test]
    fn headers_that_reach_beyond_the_session_are_withheld() {
        for name in [
            "alt-svc",
            "strict-transport-security",
            "clear-site-data",
            "report-to",
            "refresh",
            "service-worker-allowed",
            "amberglass-gateway",
            "x-accel-redirect",
            "cdn-cache-control",
            "surrogate-control",
            "connection",
            "keep-alive",
        ] {
            let headers = answer(200, &[(name, "x")]).0.unwrap().headers;
            assert!(!headers.contains_key(name), "{name}");
        }
        let headers = answer(200, &[("connection", "x-hop"), ("x-hop", "1"), ("link", "<//e.test>; rel=Preconnect")])
            .0
            .unwrap()
            .headers;
        assert!(!headers.contains_key("x-hop") && !headers.contains_key(header::LINK));
    }

    #[test]
    fn the_page_is_enclosed_beside_its_own_policy() {
        let given = [
            ("content-security-policy", "script-src 'none'"),
            ("cache-control", "public, max-age=600"),
            ("x-frame-options", "ALLOWALL"),
            ("content-type", "text/html"),
            ("link", "</p?2>; rel=next"),
            ("permissions-policy", "usb=*, fullscreen=()"),
        ];
        let headers = answer(200, &given).0.unwrap().headers;
        let policies: Vec<_> = headers.get_all(header::CONTENT_SECURITY_POLICY).iter().collect();
        assert_eq!(policies, ["script-src 'none'", OWN_ORIGIN_ONLY]);
        let permissions: Vec<_> = headers.get_all(PERMISSIONS_POLICY).iter().collect();
        assert_eq!(permissions, ["usb=*, fullscreen=()", NO_DIALOGS], "the last word about USB is ours");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(headers[header::X_FRAME_OPTIONS], "SAMEORIGIN");
        assert_eq!(headers[header::REFERRER_POLICY], "same-origin");
        assert_eq!(headers[header::CONTENT_TYPE], "text/html");
        assert!(headers.contains_key(header::LINK));
        assert_eq!(answer(200, &[("x-frame-options", "deny")]).0.unwrap().headers[header::X_FRAME_OPTIONS], "DENY");
    }
}

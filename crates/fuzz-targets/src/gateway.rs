//! The pure parts of the gateway, built in from where they stand, so that a fuzzer does without the server around them.

#[allow(dead_code, reason = "a part of it is looked at here")]
#[path = "../../server/src/gateway/arrival.rs"]
mod arrival;
#[allow(dead_code, reason = "its names of rules are the server's")]
#[path = "../../server/src/gateway/target.rs"]
mod canonical_target;
#[allow(dead_code, reason = "a part of it is looked at here")]
#[path = "../../server/src/gateway/cookie_jar.rs"]
mod cookie_jar;

use amberglass_wire::UnixMillis;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};

use crate::text::text_line;
use cookie_jar::{CookieJar, SetCookie};

const NOW: UnixMillis = UnixMillis(1_767_603_600_000);
const OWN_ORIGIN: &str = "http://barkside.localhost:7401";

/// The target that is judged and forwarded, if any is.
pub(crate) fn canonical(target: &str) -> Option<String> {
    let uri: Uri = target.parse().ok()?;
    canonical_target::canonical(&uri).ok().map(|target| target.to_string())
}

/// What is forwarded is its own canonical form, and no decoding of it shows another path; another spelling comes to the same.
pub fn target(data: &[u8]) {
    let Ok(given) = std::str::from_utf8(data) else { return };
    let Some(once) = canonical(given) else { return };
    assert_eq!(canonical(&once).as_deref(), Some(once.as_str()), "a fixed point");
    let path = once.split('?').next().unwrap_or_default();
    assert!(path.starts_with('/') && path.is_ascii() && !path.contains(['\\', '#']) && !path.contains("//"));
    let lower = path.to_ascii_lowercase();
    for hidden in ["%2f", "%5c", "%2e", "%00", "%0a", "%0d"] {
        assert!(!lower.contains(hidden), "{hidden} in {path}");
    }
    let once_decoded = decoded(path.as_bytes());
    let twice_decoded = decoded(&once_decoded);
    assert_eq!(once_decoded, twice_decoded, "decoding it twice shows another path");
    let text = String::from_utf8(once_decoded).expect("it decodes to text");
    for segment in text.split('/') {
        assert!(!matches!(segment.split(';').next(), Some("." | "..")), "{path}");
    }
    // Letters and digits, encoded, are the same letters and digits.
    let spelled: String = path
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { format!("%{byte:02x}") } else { char::from(byte).to_string() })
        .collect();
    if !path.contains('%') && spelled.len() < 4096 {
        assert_eq!(canonical(&spelled).as_deref(), Some(path));
    }
}

fn decoded(text: &[u8]) -> Vec<u8> {
    percent_encoding::percent_decode(text).collect()
}

/// A request line and headers. What says something twice is not its own page's, and each spelling of another method is found.
pub fn headers(data: &[u8]) {
    let Some((line, mut rest)) = text_line(data) else { return };
    let (method, target) = line.split_once(' ').unwrap_or((line, "/"));
    let (Ok(method), Ok(uri)) = (Method::from_bytes(method.as_bytes()), target.parse::<Uri>()) else { return };
    let mut headers = HeaderMap::new();
    while !rest.is_empty() && headers.len() < 100 {
        let (header, after) = crate::text::line(rest);
        rest = after;
        let Some(colon) = header.iter().position(|byte| *byte == b':') else { continue };
        let value = header[colon + 1..].trim_ascii();
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(&header[..colon]), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    let all = |name: &str| headers.get_all(name).iter().map(HeaderValue::as_bytes).collect::<Vec<_>>();
    let (sites, origins) = (all("sec-fetch-site"), all("origin"));
    let own_by_site = matches!(sites.as_slice(), [b"same-origin" | b"none"]);
    let own_by_origin =
        sites.is_empty() && matches!(origins.as_slice(), [one] if one.eq_ignore_ascii_case(OWN_ORIGIN.as_bytes()));
    match arrival::site(&headers, OWN_ORIGIN) {
        arrival::Site::Own => assert!(own_by_site || own_by_origin),
        arrival::Site::Other => assert!(!own_by_site && !own_by_origin),
        arrival::Site::Unsaid => assert!(sites.is_empty() && origins.is_empty()),
    }
    let asks = |value: &&[u8]| {
        value.to_ascii_lowercase().split(|byte| *byte == b',').any(|one| one.trim_ascii() == b"upgrade")
    };
    if headers.contains_key("upgrade") || all("connection").iter().any(asks) {
        assert!(arrival::wants_upgrade(&headers));
    }
    let from = arrival::came_from(&headers, OWN_ORIGIN);
    assert!(from.starts_with('/') && !from.starts_with("//") && !from.contains('\\'));
    assert!(!from.contains(['\r', '\n']));
    let announced = !all("transfer-encoding").is_empty() || all("content-length").iter().any(|length| *length != b"0");
    assert_eq!(arrival::has_body(&headers, true), announced);
    assert!(arrival::has_body(&headers, false));
    let mut request = Request::new(());
    (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method.clone(), uri, headers);
    let parts = request.into_parts().0;
    // What parts its words is the same to some portals; where they are parted is not.
    let names_method = |name: &HeaderName| {
        let parts = name.as_str().split(|letter: char| !letter.is_ascii_alphanumeric());
        parts.eq(["x", "http", "method", "override"])
    };
    if parts.headers.keys().any(names_method) {
        assert!(arrival::overrides_method(&parts));
    }
    let _ = arrival::is_document(&method, &parts.headers);
    if parts.headers.contains_key("service-worker") {
        assert!(arrival::is_service_worker(&parts.headers));
    }
}

/// A path, a line, and a `Set-Cookie`. The page gets a line that is one cookie of one origin; a kept one goes to its paths alone.
pub fn set_cookie(data: &[u8]) {
    let Some((path, rest)) = text_line(data) else { return };
    let Some((line, _)) = text_line(rest) else { return };
    // As the HTTP parser lets it through.
    if !HeaderValue::from_str(line).is_ok_and(|value| value.to_str().is_ok()) {
        return;
    }
    let Some(cookie) = SetCookie::parse(line, NOW) else { return };
    assert!(!cookie.name.is_empty() && !cookie.name.contains([';', '=']) && !cookie.value.contains(';'));
    for is_plain_http in [true, false] {
        let for_page = cookie.line_for_page(is_plain_http, NOW);
        assert!(HeaderValue::from_str(&for_page).is_ok(), "it is a header");
        let attributes: Vec<String> = for_page.split(';').skip(1).map(|one| one.trim().to_ascii_lowercase()).collect();
        let is_known = |one: &String| {
            one == "secure" || ["path=", "max-age=", "samesite="].iter().any(|known| one.starts_with(known))
        };
        assert!(attributes.iter().all(is_known), "{for_page}");
        assert!(!is_plain_http || !attributes.iter().any(|one| one == "secure" || one == "samesite=none"));
        let again = SetCookie::parse(&for_page, NOW).expect("the page reads it as well");
        assert_eq!((&again.name, &again.value), (&cookie.name, &cookie.value));
        assert!(!cookie.is_http_only || cookie.stays_here(is_plain_http));
    }
    if !path.starts_with('/') {
        return;
    }
    let mut jar = CookieJar::default();
    let pair = format!("{}={}", cookie.name, cookie.value);
    let from_page = [(cookie.name.as_str(), "of-the-script")].into_iter();
    jar.keep(cookie.clone(), path, NOW);
    if let Some(header) = jar.header(from_page, path, NOW) {
        assert!(header == pair || header == format!("{}=of-the-script", cookie.name), "{header}");
    }
    jar.keep(SetCookie::parse(&format!("{line}; Max-Age=0"), NOW).unwrap(), path, NOW);
    assert_eq!(jar.header([].into_iter(), path, NOW), None, "it is removed");
}

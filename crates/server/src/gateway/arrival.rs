//! What the headers of a request say about where it came from and what it is for.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, Method, header, request::Parts};

pub(super) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
pub(super) const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const SERVICE_WORKER: HeaderName = HeaderName::from_static("service-worker");

/// Headers with which frameworks let a request say that it is another method, in the form of [`plain_name`].
const METHOD_OVERRIDES: [&str; 4] = ["x-http-method-override", "x-http-method", "x-method-override", "x-method"];

/// What the engine says about who made the request (Fetch Metadata, W3C).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Site {
    /// The page itself, or the host that opened it.
    Own,
    /// Another page. The engine says so, or `Origin` does.
    Other,
    /// The engine says nothing. Then a read passes: engines without fetch metadata send none for any request, the
    /// cookie is SameSite=Strict, and the locked webview holds no other page that could ask. A write does not.
    Unsaid,
}

pub(super) fn site(headers: &HeaderMap, own_origin: &str) -> Site {
    let mut said = headers.get_all(SEC_FETCH_SITE).iter();
    match (said.next(), said.next()) {
        (Some(value), None) if value == "same-origin" || value == "none" => Site::Own,
        (Some(_), _) => Site::Other,
        (None, _) => {
            let mut origins = headers.get_all(header::ORIGIN).iter();
            match (origins.next(), origins.next()) {
                (None, _) => Site::Unsaid,
                (Some(origin), None) if origin.as_bytes().eq_ignore_ascii_case(own_origin.as_bytes()) => Site::Own,
                (Some(_), _) => Site::Other,
            }
        }
    }
}

/// Whether the answer will be shown as a document of its own, by what the engine says or else by what is accepted.
pub(super) fn is_document(method: &Method, headers: &HeaderMap) -> bool {
    match headers.get(SEC_FETCH_DEST) {
        Some(dest) => ["document", "iframe", "frame", "embed", "object"].iter().any(|known| dest == known),
        None => {
            let accepts_html = headers
                .get_all(header::ACCEPT)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .any(|value| value.to_ascii_lowercase().contains("text/html"));
            accepts_html && matches!(*method, Method::GET | Method::HEAD | Method::POST)
        }
    }
}

/// The script of a service worker: it would go on answering for the portal on its own.
pub(super) fn is_service_worker(headers: &HeaderMap) -> bool {
    headers.contains_key(SERVICE_WORKER) || headers.get(SEC_FETCH_DEST).is_some_and(|dest| dest == "serviceworker")
}

pub(super) fn wants_upgrade(headers: &HeaderMap) -> bool {
    headers.contains_key(header::UPGRADE)
        || headers.contains_key("http2-settings")
        || headers.get_all(header::CONNECTION).iter().any(|value| {
            value
                .to_str()
                .map_or(true, |value| value.split(',').any(|token| token.trim().eq_ignore_ascii_case("upgrade")))
        })
}

pub(super) fn overrides_method(parts: &Parts) -> bool {
    let by_header = parts.headers.keys().any(|name| METHOD_OVERRIDES.contains(&&*plain_name(name)));
    by_header || parts.uri.query().is_some_and(amberglass_domain::read_only::query_overrides_method)
}

/// A name as portals behind CGI-like interfaces read it, where everything but letters and digits is the same.
pub(super) fn plain_name(name: &HeaderName) -> Cow<'_, str> {
    let name = name.as_str();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if name.bytes().all(is_plain) {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(name.replace(|character: char| !character.is_ascii_alphanumeric(), "-"))
    }
}

/// Whether the content ends where everybody finds it. Of other codings than the one that HTTP/1.1 knows the server below takes the
/// last for what counts, and would pass on what is packed as if it were not.
pub(super) fn is_plainly_framed(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}

/// Whether content follows the head.
pub(super) fn has_body(headers: &HeaderMap, body_is_empty: bool) -> bool {
    let announced = headers.get_all(header::CONTENT_LENGTH).iter().any(|value| value != "0");
    announced || headers.contains_key(header::TRANSFER_ENCODING) || !body_is_empty
}

/// The path on the page's own origin that the request came from, with query; the start page if it isn't said.
pub(super) fn came_from(headers: &HeaderMap, own_origin: &str) -> String {
    headers
        .get(header::REFERER)
        .and_then(|value| value.to_str().ok())
        .and_then(|referer| referer.strip_prefix(own_origin))
        // `//host` would be another origin once it stands in a link, and browsers read `\\` there as `/`.
        .filter(|path| path.starts_with('/') && !path.starts_with("//") && !path.contains('\\'))
        .unwrap_or("/")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "http://barkside.localhost:7401";

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_the_page_itself_and_its_host_are_own() {
        let table: [(&[(&str, &str)], Site); 11] = [
            (&[("sec-fetch-site", "same-origin")], Site::Own),
            (&[("sec-fetch-site", "none")], Site::Own),
            (&[("sec-fetch-site", "same-site")], Site::Other),
            (&[("sec-fetch-site", "cross-site")], Site::Other),
            (&[("sec-fetch-site", "")], Site::Other),
            (&[("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")], Site::Other),
            (&[("sec-fetch-site", "cross-site"), ("origin", OWN)], Site::Other),
            (&[("origin", OWN)], Site::Own),
            (&[("origin", "null")], Site::Other),
            (&[("origin", "http://barkside.localhost:7402")], Site::Other),
            (&[], Site::Unsaid),
        ];
        for (given, expected) in table {
            assert_eq!(site(&headers(given), OWN), expected, "{given:?}");
        }
    }

    #[test]
    fn documents_are_told_from_what_scripts_fetch() {
        type Case = (Method, &'static [(&'static str, &'static str)], bool);
        let table: [Case; 7] = [
            (Method::GET, &[("sec-fetch-dest", "document")], true),
            (Method::GET, &[("sec-fetch-dest", "iframe")], true),
            (Method::GET, &[("sec-fetch-dest", "empty"), ("accept", "text/html")], false),
            (Method::GET, &[("sec-fetch-dest", "image")], false),
            (Method::POST, &[("accept", "text/html,application/xhtml+xml")], true),
            (Method::GET, &[("accept", "*/*")], false),
            (Method::GET, &[], false),
        ];
        for (method, given, expected) in table {
            assert_eq!(is_document(&method, &headers(given)), expected, "{given:?}");
        }
    }

    #[test]
    fn upgrades_and_disguised_methods_are_seen() {
        for given in [("upgrade", "websocket"), ("connection", "keep-alive, Upgrade"), ("http2-settings", "x")] {
            assert!(wants_upgrade(&headers(&[given])), "{given:?}");
        }
        assert!(!wants_upgrade(&headers(&[("upgrade-insecure-requests", "1"), ("connection", "keep-alive")])));
        let overriding = |name: &'static str, target: &str| {
            let mut request = http::Request::get(target).body(()).unwrap();
            request.headers_mut().insert(HeaderName::from_static(name), "PUT".parse().unwrap());
            overrides_method(&request.into_parts().0)
        };
        for name in ["x-http-method-override", "x_http_method_override", "x.http.method.override", "x-method-override"]
        {
            assert!(overriding(name, "/"), "{name}");
        }
        assert!(overriding("accept", "/?_method=DELETE"));
        assert!(!overriding("accept", "/?method=card"));
    }

    #[test]
    fn the_way_back_stays_on_the_page() {
        let back = |referer: &'static str| came_from(&headers(&[("referer", referer)]), OWN);
        assert_eq!(back("http://barkside.localhost:7401/account?tab=2"), "/account?tab=2");
        assert_eq!(back("http://barkside.localhost:7401//evil.test/"), "/");
        assert_eq!(back("http://barkside.localhost:7401/\\evil.test/"), "/");
        assert_eq!(back("http://barkside.localhost:74010/account"), "/");
        assert_eq!(back("http://evil.test/"), "/");
        assert_eq!(came_from(&HeaderMap::new(), OWN), "/");
    }
}

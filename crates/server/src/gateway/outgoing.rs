//! The headers with which a request goes on to the portal.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{arrival, cookie_name, jars};

/// Of one connection only (RFC 9110, 7.6.1); what `Connection` names comes on top.
pub(super) const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What a page must not be able to tell the portal: who it is, where it came from, or that another address is meant.
const WITHHELD: [&str; 23] = [
    // Identity comes from the driver alone.
    "authorization",
    "cookie",
    "host",
    "origin",
    "referer",
    "remote-user",
    "x-remote-user",
    "ssl-client-cert",
    "forwarded",
    "x-forwarded",
    "x-host",
    "x-http-host-override",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "client-ip",
    "cf-connecting-ip",
    "x-original-url",
    "x-rewrite-url",
    "expect",
    "via",
    // CGI hands it on as `HTTP_PROXY`, where many clients look for their proxy.
    "proxy",
];
const WITHHELD_PREFIXES: [&str; 3] = ["amberglass-", "x-forwarded-", "x-original-"];

/// What the rewriting needs to know.
pub(super) struct Route<'a> {
    pub own_origin: &'a str,
    pub upstream_origin: &'a str,
    /// Host and port of the upstream.
    pub upstream_authority: &'a str,
    /// The `Cookie` header, made of what the page sent and what the jar holds.
    pub cookies: Option<String>,
}

/// Headers for the portal; the driver's identity is still to be added. `None` if a value cannot be a header.
pub(super) fn headers(from_page: &HeaderMap, route: &Route<'_>) -> Option<HeaderMap> {
    let named: Vec<String> = named_by_connection(from_page);
    let mut headers = HeaderMap::with_capacity(from_page.len());
    for (name, value) in from_page {
        let plain = arrival::plain_name(name);
        let is_withheld = HOP_BY_HOP.contains(&&*plain)
            || WITHHELD.contains(&&*plain)
            || WITHHELD_PREFIXES.iter().any(|prefix| plain.starts_with(prefix))
            || named.iter().any(|named| named == name.as_str());
        if !is_withheld {
            headers.append(name, value.clone());
        }
    }
    headers.insert(header::HOST, HeaderValue::try_from(route.upstream_authority).ok()?);
    if from_page.contains_key(header::ORIGIN) {
        // Any other origin was refused before.
        headers.insert(header::ORIGIN, HeaderValue::try_from(route.upstream_origin).ok()?);
    }
    let referer = from_page.get(header::REFERER).and_then(|value| value.to_str().ok());
    if let Some(path) = referer.and_then(|referer| referer.strip_prefix(route.own_origin))
        && (path.is_empty() || path.starts_with('/'))
    {
        headers.insert(header::REFERER, HeaderValue::try_from(format!("{}{path}", route.upstream_origin)).ok()?);
    }
    if let Some(cookies) = &route.cookies {
        let mut value = HeaderValue::try_from(cookies).ok()?;
        value.set_sensitive(true);
        headers.insert(header::COOKIE, value);
    }
    Some(headers)
}

pub(super) fn named_by_connection(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|token| token.trim().to_ascii_lowercase())
        // Content-Length is not for `Connection` to take away: the framing would change.
        .filter(|token| !token.is_empty() && token != HeaderName::as_str(&header::CONTENT_LENGTH))
        .collect()
}

/// Name-value pairs of all `Cookie` headers. Bytes beyond ASCII make a pair unreadable; it is left out.
pub(super) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim()))
}

/// Without those that are the gateway's own.
pub(super) fn cookies_for_portal(headers: &HeaderMap, is_secure: bool) -> impl Iterator<Item = (&str, &str)> {
    let ours = [cookie_name(is_secure), jars::version_name(is_secure)];
    cookies(headers).filter(move |(name, _)| !ours.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(pairs: &[(&'static str, &'static str)], cookies: Option<&str>) -> Vec<(String, String)> {
        let mut from_page = HeaderMap::new();
        for (name, value) in pairs {
            from_page.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let route = Route {
            own_origin: "http://barkside.localhost:7401",
            upstream_origin: "http://127.0.0.1:9",
            upstream_authority: "127.0.0.1:9",
            cookies: cookies.map(ToOwned::to_owned),
        };
        let mut sent: Vec<(String, String)> = headers(&from_page, &route)
            .unwrap()
            .iter()
            .filter(|(name, _)| *name != header::HOST)
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        sent.sort();
        sent
    }

    #[test]
    fn what_a_page_must_not_say_is_withheld() {
        for name in [
            "amberglass-identity",
            "amberglass_identity",
            "amberglass.identity",
            "amberglass~identity",
            "x-remote-user",
            "proxy",
            "authorization",
            "cookie",
            "forwarded",
            "x-forwarded-for",
            "x_forwarded_host",
            "x-real-ip",
            "x-original-url",
            "x-rewrite-url",
            "te",
            "proxy-authorization",
            "transfer-encoding",
            "expect",
        ] {
            assert_eq!(sent(&[(name, "x")], None), [], "{name}");
        }
        assert_eq!(sent(&[("connection", "close, X-Secret"), ("x-secret", "x")], None), []);
        let named = [("connection", "amberglass-identity, host"), ("amberglass-identity", "x")];
        assert_eq!(sent(&named, None), []);
    }

    #[test]
    fn the_rest_passes_and_addresses_become_the_upstreams() {
        let given = [
            ("accept", "text/html"),
            ("accept-encoding", "gzip"),
            ("origin", "http://barkside.localhost:7401"),
            ("referer", "http://barkside.localhost:7401/pets?x"),
        ];
        let expected = [
            ("accept", "text/html"),
            ("accept-encoding", "gzip"),
            ("cookie", "a=1"),
            ("origin", "http://127.0.0.1:9"),
            ("referer", "http://127.0.0.1:9/pets?x"),
        ];
        let expected: Vec<_> = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(sent(&given, Some("a=1")), expected);
        assert_eq!(sent(&[("referer", "http://barkside.localhost:74011/x")], None), []);
    }
}

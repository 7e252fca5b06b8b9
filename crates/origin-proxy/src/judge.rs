//! What passes: decided from request line and headers alone, by exact comparison.

use amberglass_domain::navigation::GatewayOrigin;
use http::{HeaderMap, Method, Request, StatusCode, Uri, header, uri::PathAndQuery};

/// Longest target that is reported, in bytes; a host name has at most 253.
const MAX_TARGET_BYTES: usize = 300;

/// What is done with one request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// To the gateway, in origin-form.
    Forward(PathAndQuery),
    /// A raw connection to the gateway.
    Tunnel,
    Refuse {
        status: StatusCode,
        target: String,
    },
}

pub(crate) fn judge<B>(origin: &GatewayOrigin, request: &Request<B>) -> Judgement {
    let uri = request.uri();
    let headers = request.headers();
    let refuse = |status| Judgement::Refuse { status, target: target_of(uri, headers) };

    if request.method() == Method::CONNECT {
        // RFC 9110 9.3.6: host and port, and nothing else.
        let exact = uri.scheme().is_none()
            && uri.authority().is_some_and(|target| target.as_str().eq_ignore_ascii_case(&origin.authority()));
        // Clients may leave Host out here; one that contradicts the target is a trick.
        let agrees = !headers.contains_key(header::HOST) || names_gateway_once(origin, headers);
        return if exact && agrees { Judgement::Tunnel } else { refuse(StatusCode::FORBIDDEN) };
    }

    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        // RFC 9112 3.2: origin-form is for origin servers, which this is not.
        return refuse(StatusCode::BAD_REQUEST);
    };
    let passes = scheme == "http"
        && origin.scheme() == "http"
        && names_gateway(origin, authority.as_str())
        && names_gateway_once(origin, headers)
        // A protocol switch inside a forwarded request could not be followed; engines tunnel WebSockets.
        && !headers.contains_key(header::UPGRADE);
    if passes {
        Judgement::Forward(uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/")))
    } else {
        refuse(StatusCode::FORBIDDEN)
    }
}

/// `host:port`, where the port may be left out if it is the scheme's own. Compared as text, so that credentials,
/// trailing dots and other spellings of a number don't pass.
fn names_gateway(origin: &GatewayOrigin, authority: &str) -> bool {
    let default_port = if origin.scheme() == "https" { 443 } else { 80 };
    authority.eq_ignore_ascii_case(&origin.authority())
        || (origin.port() == default_port && authority.eq_ignore_ascii_case(origin.host()))
}

/// Exactly one Host header, and it names the gateway.
fn names_gateway_once(origin: &GatewayOrigin, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let first = hosts.next().and_then(|host| host.to_str().ok());
    first.is_some_and(|host| names_gateway(origin, host)) && hosts.next().is_none()
}

/// What was asked for, fit for a record: no credentials, no path, no query, bounded.
fn target_of(uri: &Uri, headers: &HeaderMap) -> String {
    let mut target = match (uri.authority(), uri.scheme_str()) {
        (Some(authority), scheme) => {
            // `as_str` and not `host()`: what stands behind the last `@`, as it was written.
            let place = authority.as_str().rsplit('@').next().unwrap_or_default();
            let with_port = match (authority.port().is_some(), scheme) {
                (false, Some("http" | "ws")) => format!("{place}:80"),
                (false, Some("https" | "wss")) => format!("{place}:443"),
                (true | false, _) => place.to_owned(),
            };
            scheme.map_or(with_port.clone(), |scheme| format!("{scheme}://{with_port}"))
        }
        (None, _) => {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
            // Host may hold anything here.
            let place = host.rsplit('@').next().unwrap_or_default();
            place.split(['/', '?', '#']).next().unwrap_or_default().to_owned()
        }
    };
    while target.len() > MAX_TARGET_BYTES {
        target.pop();
    }
    target
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(origin: &str, method: &str, uri: &str, hosts: &[&str]) -> Judgement {
        let origin = GatewayOrigin::parse(origin).unwrap();
        let mut request = Request::builder().method(method).uri(uri);
        for host in hosts {
            request = request.header("host", *host);
        }
        judge(&origin, &request.body(()).unwrap())
    }

    #[test]
    fn the_exact_gateway_passes_in_any_case_of_letters() {
        let gateway = "http://barkside.localhost:7401";
        for (uri, host) in [
            ("http://barkside.localhost:7401/a?b", "barkside.localhost:7401"),
            ("http://BARKSIDE.localhost:7401/a?b", "Barkside.LOCALHOST:7401"),
        ] {
            let expected = Judgement::Forward(PathAndQuery::from_static("/a?b"));
            assert_eq!(judged(gateway, "POST", uri, &[host]), expected, "{uri}");
        }
        assert_eq!(judged(gateway, "CONNECT", "Barkside.localhost:7401", &[]), Judgement::Tunnel);
        assert_eq!(judged("http://127.0.0.1", "CONNECT", "127.0.0.1:80", &["127.0.0.1"]), Judgement::Tunnel);
        let root = Judgement::Forward(PathAndQuery::from_static("/"));
        assert_eq!(judged("http://127.0.0.1", "GET", "http://127.0.0.1/", &["127.0.0.1"]), root);
        assert_eq!(judged("http://[::1]:9", "GET", "http://[::1]:9/", &["[::1]:9"]), root);
        assert_eq!(judged("https://view.example.com", "CONNECT", "view.example.com:443", &["view.example.com"]), {
            Judgement::Tunnel
        });
    }

    #[test]
    fn everything_else_is_refused_and_named_without_path_and_credentials() {
        let gateway = "http://barkside.localhost:7401";
        let host = "barkside.localhost:7401";
        for (method, uri, hosts, target) in [
            ("GET", "http://evil.test/secret?x", &["evil.test"][..], "http://evil.test:80"),
            ("GET", "http://evil.test:7401/", &["evil.test:7401"], "http://evil.test:7401"),
            ("GET", "http://barkside.localhost:7400/", &["barkside.localhost:7400"], "http://barkside.localhost:7400"),
            ("GET", "http://barkside.localhost/", &["barkside.localhost"], "http://barkside.localhost:80"),
            ("GET", "http://barkside.localhost:07401/", &[host], "http://barkside.localhost:07401"),
            ("GET", "http://barkside.localhost.:7401/", &[host], "http://barkside.localhost.:7401"),
            ("GET", "http://a.barkside.localhost:7401/", &[host], "http://a.barkside.localhost:7401"),
            ("GET", "http://a:b@barkside.localhost:7401/", &[host], "http://barkside.localhost:7401"),
            ("GET", "http://barkside.localhost:7401@evil.test/", &[host], "http://evil.test:80"),
            ("GET", "https://barkside.localhost:7401/", &[host], "https://barkside.localhost:7401"),
            ("GET", "ws://barkside.localhost:7401/", &[host], "ws://barkside.localhost:7401"),
            ("GET", "http://barkside.localhost:7401/", &["evil.test"], "http://barkside.localhost:7401"),
            ("GET", "http://barkside.localhost:7401/", &[host, host], "http://barkside.localhost:7401"),
            ("GET", "http://barkside.localhost:7401/", &[], "http://barkside.localhost:7401"),
            ("CONNECT", "barkside.localhost:22", &[host], "barkside.localhost:22"),
            ("CONNECT", "evil.test:443", &[], "evil.test:443"),
            ("CONNECT", "x@barkside.localhost:7401", &[host], "barkside.localhost:7401"),
            ("CONNECT", "barkside.localhost:7401", &["evil.test"], "barkside.localhost:7401"),
            ("CONNECT", "http://barkside.localhost:7401/", &[host], "http://barkside.localhost:7401"),
        ] {
            let expected = Judgement::Refuse { status: StatusCode::FORBIDDEN, target: target.into() };
            assert_eq!(judged(gateway, method, uri, hosts), expected, "{method} {uri} {hosts:?}");
        }
        for uri in ["/a", "//evil.test/", "*", "evil.test:80"] {
            let Judgement::Refuse { status, .. } = judged(gateway, "GET", uri, &[host]) else { panic!("{uri}") };
            assert_eq!(status, StatusCode::BAD_REQUEST, "{uri}");
        }
        // A gateway on https is reached by tunnel only.
        let plain =
            judged("https://view.example.com", "GET", "http://view.example.com:443/", &["view.example.com:443"]);
        assert!(matches!(plain, Judgement::Refuse { .. }));
    }
}

//! Whether a request means this server.
//!
//! A page of somebody else's may make a browser send requests to any address that its own name is made to resolve to. What
//! it cannot do is to name another host than its own.

use axum::http::{HeaderMap, Uri, header, uri::Authority};
use url::{Host, Url};

use crate::ServerState;

/// The issuer's host, or a name of loopback where the server listens there. The port plays no part: a proxy may stand
/// before it.
pub fn is_own(state: &ServerState, uri: &Uri, headers: &HeaderMap) -> bool {
    named(uri, headers).is_some_and(|host| fits(&host, &state.issuer, state.config.listen_api.ip().is_loopback()))
}

/// The one host that the request names.
fn named(uri: &Uri, headers: &HeaderMap) -> Option<Host> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let given = hosts.next().map(|value| value.to_str());
    if hosts.next().is_some() {
        return None;
    }
    let given = given.transpose().ok()?;
    let authority = match (uri.authority().map(Authority::as_str), given) {
        (Some(target), Some(host)) if !target.eq_ignore_ascii_case(host) => return None,
        (Some(one), _) | (None, Some(one)) => one,
        (None, None) => return None,
    };
    let authority: Authority = authority.parse().ok().filter(|_| !authority.contains('@'))?;
    Host::parse(authority.host()).ok()
}

fn fits(host: &Host, issuer: &str, is_on_loopback: bool) -> bool {
    let is_issuers =
        Url::parse(issuer).ok().and_then(|url| url.host().map(|own| own.to_owned())).as_ref() == Some(host);
    let is_loopback = match host {
        // By RFC 6761.
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    is_issuers || (is_on_loopback && is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_meant(target: &str, hosts: &[&str], issuer: &str, is_on_loopback: bool) -> bool {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, host.parse().unwrap());
        }
        named(&target.parse().unwrap(), &headers).is_some_and(|host| fits(&host, issuer, is_on_loopback))
    }

    #[test]
    fn only_the_servers_own_names_are_answered() {
        let (local, company) = ("http://127.0.0.1:7400", "https://amberglass.example");
        let table: [(&str, &[&str], &str, bool, bool); 18] = [
            ("/", &["127.0.0.1:7400"], local, true, true),
            ("/", &["127.0.0.1"], local, true, true),
            ("/", &["localhost:7400"], local, true, true),
            ("/", &["LOCALHOST:7400"], local, true, true),
            ("/", &["[::1]:7400"], local, true, true),
            ("/", &["amberglass.example"], company, false, true),
            ("/", &["Amberglass.Example:443"], company, false, true),
            ("https://amberglass.example/", &[], company, false, true),
            ("/", &["localhost:7400"], company, true, true),
            ("/", &["localhost:7400"], company, false, false),
            ("/", &["evil.example"], local, true, false),
            ("/", &["127.0.0.1.evil.example"], local, true, false),
            ("/", &["localhost.evil.example"], local, true, false),
            ("/", &["amberglass.example@evil.example"], company, false, false),
            ("https://evil.example/", &["amberglass.example"], company, false, false),
            ("/", &["amberglass.example", "amberglass.example"], company, false, false),
            ("/", &[""], local, true, false),
            ("/", &[], local, true, false),
        ];
        for (target, hosts, issuer, is_on_loopback, expected) in table {
            assert_eq!(is_meant(target, hosts, issuer, is_on_loopback), expected, "{target} {hosts:?} {issuer}");
        }
    }
}

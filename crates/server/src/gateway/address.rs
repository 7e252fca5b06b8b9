//! Which portal a request is addressed to: by its exact host, and by nothing else.

use http::{HeaderMap, Uri, header, uri::Authority};

use crate::config::PortalConfig;

/// Why no portal is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misaddressed {
    /// No host, an unknown one, or one at another port than the portal's.
    UnknownHost,
    /// Two hosts, or a host that contradicts the request target.
    Contradiction,
}

/// A portal and the origin under which the page sees it.
pub(super) struct Addressed<'a> {
    pub portal: &'a PortalConfig,
    /// Scheme, host and port as browsers serialise them (RFC 6454, 6.2).
    pub origin: String,
    pub is_plain_http: bool,
}

/// Finds the portal by `Host`, or by the authority of an absolute-form or HTTP/2 target, which must not differ.
pub(super) fn portal_of<'a>(
    uri: &Uri,
    headers: &HeaderMap,
    portals: &'a [PortalConfig],
    listener_port: u16,
) -> Result<Addressed<'a>, Misaddressed> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = match hosts.next() {
        Some(value) => Some(value.to_str().map_err(|_| Misaddressed::UnknownHost)?),
        None => None,
    };
    if hosts.next().is_some() {
        return Err(Misaddressed::Contradiction);
    }
    let authority = match (uri.authority().map(Authority::as_str), host) {
        (Some(target), Some(host)) if !target.eq_ignore_ascii_case(host) => return Err(Misaddressed::Contradiction),
        (Some(one), _) | (None, Some(one)) => one.to_ascii_lowercase(),
        (None, None) => return Err(Misaddressed::UnknownHost),
    };
    // `Authority` also takes credentials, which no host has.
    let parsed: Authority = authority.parse().map_err(|_| Misaddressed::UnknownHost)?;
    if authority.contains('@') {
        return Err(Misaddressed::UnknownHost);
    }
    let portal = portals
        .iter()
        .find(|portal| portal.gateway_host.eq_ignore_ascii_case(parsed.host()))
        .ok_or(Misaddressed::UnknownHost)?;
    // Without a configured origin the listener's own, on loopback, at a port that only the operating system may have known.
    let is_https = portal.gateway_origin.as_ref().is_some_and(|origin| origin.scheme() == "https");
    let expected = match &portal.gateway_origin {
        Some(configured) => configured.port_or_known_default(),
        None => Some(listener_port),
    };
    let default_port = if is_https { 443 } else { 80 };
    if expected != Some(parsed.port().map_or(default_port, |port| port.as_u16())) {
        return Err(Misaddressed::UnknownHost);
    }
    let origin = match &portal.gateway_origin {
        Some(configured) => configured.origin().ascii_serialization(),
        None => format!("http://{authority}"),
    };
    Ok(Addressed { portal, origin, is_plain_http: !is_https })
}

#[cfg(test)]
mod tests {
    use amberglass_wire::PortalId;

    use super::*;
    use crate::config::DriverKind;

    fn portal(id: &str, host: &str, origin: Option<&str>) -> PortalConfig {
        PortalConfig {
            id: PortalId::new(id),
            name: id.into(),
            gateway_host: host.into(),
            gateway_origin: origin.map(|origin| origin.parse().unwrap()),
            upstream: "http://127.0.0.1:9".parse().unwrap(),
            driver: DriverKind::SignedIdentity,
            active: true,
            audience: id.into(),
            rules: None,
        }
    }

    fn find(target: &str, hosts: &[&str]) -> Result<(String, String), Misaddressed> {
        let portals = [
            portal("barkside", "barkside.localhost", None),
            portal("shop", "shop.example.com", Some("https://shop.example.com")),
        ];
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, host.parse().unwrap());
        }
        portal_of(&target.parse().unwrap(), &headers, &portals, 7401)
            .map(|addressed| (addressed.portal.id.0.clone(), addressed.origin))
    }

    #[test]
    fn a_portal_is_found_by_its_exact_host_only() {
        let barkside = Ok(("barkside".to_owned(), "http://barkside.localhost:7401".to_owned()));
        let shop = Ok(("shop".to_owned(), "https://shop.example.com".to_owned()));
        type Case<'a> = (&'a str, &'a [&'a str], Result<(String, String), Misaddressed>);
        let table: [Case<'_>; 18] = [
            ("/", &["barkside.localhost:7401"], barkside.clone()),
            ("/", &["BARKSIDE.localhost:7401"], barkside.clone()),
            ("http://barkside.localhost:7401/", &["barkside.localhost:7401"], barkside.clone()),
            ("http://barkside.localhost:7401/", &[], barkside),
            ("/", &["barkside.localhost:7400"], Err(Misaddressed::UnknownHost)),
            ("/", &["barkside.localhost"], Err(Misaddressed::UnknownHost)),
            ("http://barkside.localhost:1/", &[], Err(Misaddressed::UnknownHost)),
            ("/", &["shop.example.com"], shop.clone()),
            ("/", &["shop.example.com:443"], shop),
            ("/", &["shop.example.com:7401"], Err(Misaddressed::UnknownHost)),
            ("/", &["barkside.localhost.:7401"], Err(Misaddressed::UnknownHost)),
            ("/", &["x.barkside.localhost:7401"], Err(Misaddressed::UnknownHost)),
            ("/", &["localhost:7401"], Err(Misaddressed::UnknownHost)),
            ("/", &["a@barkside.localhost:7401"], Err(Misaddressed::UnknownHost)),
            ("/", &[""], Err(Misaddressed::UnknownHost)),
            ("/", &[], Err(Misaddressed::UnknownHost)),
            ("/", &["barkside.localhost:7401", "barkside.localhost:7401"], Err(Misaddressed::Contradiction)),
            ("http://shop.example.com/", &["barkside.localhost:7401"], Err(Misaddressed::Contradiction)),
        ];
        for (target, hosts, expected) in table {
            assert_eq!(find(target, hosts), expected, "{target} {hosts:?}");
        }
    }
}

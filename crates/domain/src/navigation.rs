//! Where the locked webview may go: the gateway origin of its session, over http or https, and nowhere else.

use url::Url;

/// What the host does with an address that the page wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    Refused,
}

/// Scheme, host and port of one gateway, compared exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayOrigin {
    scheme: String,
    host: String,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an http or https origin with a host; plain http is for loopback only")]
pub struct InvalidOrigin(pub String);

impl GatewayOrigin {
    /// Reads `http://barkside.localhost:7401`. Plain http is accepted for loopback names and addresses only.
    ///
    /// # Errors
    /// [`InvalidOrigin`] for anything with a path, credentials, another scheme, or plain http beyond loopback.
    pub fn parse(text: &str) -> Result<Self, InvalidOrigin> {
        let invalid = || InvalidOrigin(text.to_owned());
        let url = Url::parse(text).map_err(|_| invalid())?;
        let host = url.host_str().ok_or_else(invalid)?.to_owned();
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let anonymous = url.username().is_empty() && url.password().is_none();
        let transport = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&host));
        let port = url.port_or_known_default().ok_or_else(invalid)?;
        if bare && anonymous && transport {
            Ok(Self { scheme: url.scheme().to_owned(), host, port })
        } else {
            Err(invalid())
        }
    }

    /// `host:port`, as in a CONNECT request.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Judges one address. `about:blank` is allowed because the engine itself starts frames there; it shows nothing.
    /// `blob:` and `data:` documents, `javascript:` and every other scheme are refused.
    pub fn judge(&self, address: &str) -> Verdict {
        if address == "about:blank" || address == "about:srcdoc" {
            return Verdict::Allowed;
        }
        let Ok(url) = Url::parse(address) else { return Verdict::Refused };
        let same = url.scheme() == self.scheme
            && url.host_str() == Some(self.host.as_str())
            && url.port_or_known_default() == Some(self.port)
            && url.username().is_empty()
            && url.password().is_none();
        if same { Verdict::Allowed } else { Verdict::Refused }
    }
}

impl std::fmt::Display for GatewayOrigin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

/// Loopback by name (RFC 6761) or address.
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.to_ascii_lowercase().ends_with(".localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_strictly() {
        for good in
            ["http://barkside.localhost:7401", "https://view.example.com", "http://127.0.0.1:80", "http://[::1]:9"]
        {
            assert!(GatewayOrigin::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://view.example.com",
            "ftp://localhost",
            "https://a:b@view.example.com",
            "https://view.example.com/x",
            "https://view.example.com?x",
            "data:text/html,x",
            "",
        ] {
            assert!(GatewayOrigin::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_the_exact_origin_is_allowed() {
        let origin = GatewayOrigin::parse("http://barkside.localhost:7401").unwrap();
        for good in ["http://barkside.localhost:7401/", "http://BARKSIDE.localhost:7401/a?b#c", "about:blank"] {
            assert_eq!(origin.judge(good), Verdict::Allowed, "{good}");
        }
        for bad in [
            "https://barkside.localhost:7401/",
            "http://barkside.localhost/",
            "http://barkside.localhost:7400/",
            "http://barkside.localhost:7401@evil.test/",
            "http://x@barkside.localhost:7401/",
            "http://barkside.localhost.evil.test:7401/",
            "http://evil.barkside.localhost:7401/",
            "javascript:alert(1)",
            "data:text/html,x",
            "blob:http://barkside.localhost:7401/abc",
            "file:///etc/passwd",
            "tauri://localhost/",
            "ipc://localhost/",
            "mailto:a@b",
            "view-source:http://barkside.localhost:7401/",
            "not an address",
        ] {
            assert_eq!(origin.judge(bad), Verdict::Refused, "{bad}");
        }
    }
}

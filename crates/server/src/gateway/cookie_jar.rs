//! Cookies of the portal that its own scripts may not read: they stay here, one jar per session, and go with the session. The
//! desktop never sees them. Where jars are kept is in `jars`.

use amberglass_wire::UnixMillis;
use serde::{Deserialize, Serialize};

/// RFC 6265, 6.1 asks for at least 50 cookies of 4096 bytes; a portal that wants more loses its oldest.
const MAX_COOKIES: usize = 64;
const MAX_COOKIE_BYTES: usize = 4096;

/// One `Set-Cookie` line, understood (RFC 6265, 5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SetCookie {
    pub name: String,
    pub value: String,
    pub is_http_only: bool,
    path: Option<String>,
    /// `None` for a cookie that lives as long as the session.
    expires_at: Option<UnixMillis>,
    is_secure: bool,
    same_site: Option<String>,
}

impl SetCookie {
    /// `None` for what browsers ignore too, and for cookies that are too large.
    pub fn parse(line: &str, now: UnixMillis) -> Option<Self> {
        let mut parts = line.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() || name.len().saturating_add(value.len()) > MAX_COOKIE_BYTES {
            return None;
        }
        let mut cookie = Self {
            name: name.to_owned(),
            value: value.to_owned(),
            is_http_only: false,
            path: None,
            expires_at: None,
            is_secure: false,
            same_site: None,
        };
        let mut max_age = None;
        for attribute in parts {
            let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            let value = value.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "httponly" => cookie.is_http_only = true,
                "secure" => cookie.is_secure = true,
                "path" => cookie.path = value.starts_with('/').then(|| value.to_owned()),
                "max-age" => max_age = value.parse::<i64>().ok().or(max_age),
                "expires" => {
                    cookie.expires_at = chrono::DateTime::parse_from_rfc2822(value)
                        .ok()
                        .map(|time| UnixMillis(time.timestamp_millis()))
                        .or(cookie.expires_at);
                }
                "samesite" => cookie.same_site = Some(value.to_ascii_lowercase()),
                // Domain too: the page has one origin only.
                _ => {}
            }
        }
        if let Some(seconds) = max_age {
            cookie.expires_at = Some(if seconds <= 0 { UnixMillis(0) } else { now.plus_seconds(seconds) });
        }
        Some(cookie)
    }

    /// Whether it has to be kept here. A name that promises `Secure` cannot be kept by a page on plain http.
    pub fn stays_here(&self, is_plain_http: bool) -> bool {
        let lower = self.name.to_ascii_lowercase();
        self.is_http_only || (is_plain_http && (lower.starts_with("__host-") || lower.starts_with("__secure-")))
    }

    /// The line that the page gets: without `Domain`, and without what plain http would make the browser drop it for.
    pub fn line_for_page(&self, is_plain_http: bool, now: UnixMillis) -> String {
        let mut line = format!("{}={}", self.name, self.value);
        if let Some(path) = &self.path {
            line.push_str(&format!("; Path={path}"));
        }
        if let Some(expires_at) = self.expires_at {
            line.push_str(&format!("; Max-Age={}", expires_at.since(now).div_euclid(1000).max(0)));
        }
        if self.is_secure && !is_plain_http {
            line.push_str("; Secure");
        }
        match self.same_site.as_deref() {
            Some("none") if is_plain_http => line.push_str("; SameSite=Lax"),
            Some("none") => line.push_str("; SameSite=None"),
            Some("lax") => line.push_str("; SameSite=Lax"),
            Some("strict") => line.push_str("; SameSite=Strict"),
            Some(_) | None => {}
        }
        line
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    name: String,
    value: String,
    path: String,
    expires_at: Option<UnixMillis>,
}

/// The jar of one session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CookieJar(Vec<Kept>);

impl CookieJar {
    /// Keeps `cookie`, or removes it if it has expired. `request_path` gives the default path (RFC 6265, 5.1.4).
    pub fn keep(&mut self, cookie: SetCookie, request_path: &str, now: UnixMillis) {
        let path = cookie.path.unwrap_or_else(|| default_path(request_path).to_owned());
        let is_alive = |expires_at: Option<UnixMillis>| expires_at.is_none_or(|at| at > now);
        self.0.retain(|kept| is_alive(kept.expires_at) && !(kept.name == cookie.name && kept.path == path));
        if !is_alive(cookie.expires_at) {
            return;
        }
        if self.0.len() >= MAX_COOKIES {
            self.0.remove(0);
        }
        self.0.push(Kept { name: cookie.name, value: cookie.value, path, expires_at: cookie.expires_at });
    }

    /// `Cookie` for the portal: what the page sent (names of kept ones left out), then what is kept here.
    pub fn header<'a>(
        &self,
        from_page: impl Iterator<Item = (&'a str, &'a str)>,
        request_path: &str,
        now: UnixMillis,
    ) -> Option<String> {
        let mut matching: Vec<&Kept> = self
            .0
            .iter()
            .filter(|kept| kept.expires_at.is_none_or(|at| at > now) && path_matches(request_path, &kept.path))
            .collect();
        // Longer paths first (RFC 6265, 5.4); the sort is stable, so older ones stay before newer ones.
        matching.sort_by_key(|kept| std::cmp::Reverse(kept.path.len()));
        // A script must not be able to put its own value in place of one it may not even read.
        let pairs: Vec<String> = from_page
            .filter(|(name, _)| !self.0.iter().any(|kept| kept.name == *name))
            .map(|(name, value)| format!("{name}={value}"))
            .chain(matching.iter().map(|kept| format!("{}={}", kept.name, kept.value)))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

/// RFC 6265, 5.1.4: the request's path up to its last slash.
fn default_path(request_path: &str) -> &str {
    match request_path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => request_path.get(..end).unwrap_or("/"),
    }
}

fn path_matches(request_path: &str, cookie_path: &str) -> bool {
    request_path
        .strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_767_603_600_000);

    fn parse(line: &str) -> SetCookie {
        SetCookie::parse(line, NOW).unwrap()
    }

    fn jar(lines: &[&str]) -> CookieJar {
        let mut jar = CookieJar::default();
        for line in lines {
            jar.keep(parse(line), "/account/edit", NOW);
        }
        jar
    }

    #[test]
    fn lines_are_read_as_browsers_read_them() {
        assert_eq!(SetCookie::parse("no pair", NOW), None);
        assert_eq!(SetCookie::parse("=x", NOW), None);
        assert_eq!(SetCookie::parse(&format!("a={}", "x".repeat(5000)), NOW), None);
        let cookie = parse(" sid = a=b ;HTTPONLY; Path=/x ; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
        assert!(cookie.is_http_only && cookie.stays_here(true) && cookie.stays_here(false));
        assert_eq!((cookie.name.as_str(), cookie.value.as_str()), ("sid", "a=b"));
        assert_eq!(cookie.expires_at, Some(NOW.plus_seconds(60)));
        let dated = parse("a=b; Expires=Wed, 21 Oct 2026 07:28:00 GMT");
        assert_eq!(dated.expires_at, Some(UnixMillis(1_792_567_680_000)));
    }

    #[test]
    fn the_page_gets_script_readable_ones_without_domain() {
        let table = [
            ("theme=dark; Domain=portal.test; Path=/; SameSite=Lax", true, "theme=dark; Path=/; SameSite=Lax"),
            ("theme=dark; Secure; SameSite=None", true, "theme=dark; SameSite=Lax"),
            ("theme=dark; Secure; SameSite=None", false, "theme=dark; Secure; SameSite=None"),
            ("theme=; Max-Age=0", true, "theme=; Max-Age=0"),
            ("theme=dark; Max-Age=90", true, "theme=dark; Max-Age=90"),
            ("theme=dark; Path=relative; Unknown=1", true, "theme=dark"),
        ];
        for (line, is_plain_http, expected) in table {
            let cookie = parse(line);
            assert!(!cookie.stays_here(is_plain_http), "{line}");
            assert_eq!(cookie.line_for_page(is_plain_http, NOW), expected, "{line}");
        }
        assert!(parse("__Host-a=b; Secure; Path=/").stays_here(true));
        assert!(!parse("__Host-a=b; Secure; Path=/").stays_here(false));
    }

    #[test]
    fn kept_ones_go_to_their_paths_until_they_expire() {
        let jar = jar(&["a=1; Path=/; HttpOnly", "b=2; HttpOnly", "c=3; Path=/account; HttpOnly; Max-Age=10"]);
        let header = |path: &str, now| jar.header([].into_iter(), path, now);
        assert_eq!(header("/", NOW).as_deref(), Some("a=1"));
        assert_eq!(header("/account", NOW).as_deref(), Some("b=2; c=3; a=1"));
        assert_eq!(header("/accounting", NOW).as_deref(), Some("a=1"));
        assert_eq!(header("/account/x", NOW.plus_seconds(10)).as_deref(), Some("b=2; a=1"));
        assert_eq!(CookieJar::default().header([].into_iter(), "/", NOW), None);
    }

    #[test]
    fn a_cookie_is_replaced_removed_and_bounded() {
        let mut jar = jar(&["a=1; Path=/", "a=2; Path=/", "b=1; Path=/", "b=; Path=/; Max-Age=-1"]);
        assert_eq!(jar.header([].into_iter(), "/", NOW).as_deref(), Some("a=2"));
        for n in 0..MAX_COOKIES {
            jar.keep(parse(&format!("n{n}=x; Path=/")), "/", NOW);
        }
        let all = jar.header([].into_iter(), "/", NOW).unwrap();
        assert_eq!(all.split("; ").count(), MAX_COOKIES);
        assert!(!all.contains("a=2"));
    }

    #[test]
    fn a_script_cannot_replace_a_cookie_it_may_not_read() {
        let jar = jar(&["sid=real; Path=/; HttpOnly"]);
        let from_page = [("sid", "forged"), ("theme", "dark")].into_iter();
        assert_eq!(jar.header(from_page, "/", NOW).as_deref(), Some("theme=dark; sid=real"));
    }
}

//! The one form of a path that is judged, recorded and forwarded.
//!
//! Two programs that read one path differently are how a rule is talked round. So whatever could be read in two ways is
//! refused, and the rest is put into the normal form of RFC 3986, 6.2.2; that form, and not what arrived, goes on.

use http::{Uri, uri::PathAndQuery};

/// Longest path and query together, in bytes.
const MAX_LENGTH: usize = 8 * 1024;
/// Under here the portal answers the gateway itself: no page has business there.
const RESERVED: [&str; 2] = [".well-known", "amberglass"];

/// Stable ids of what is wrong with a target.
pub(super) mod rule {
    pub const NOT_A_PATH: &str = "target-not-a-path";
    pub const TOO_LONG: &str = "target-too-long";
    pub const PERCENT: &str = "path-invalid-percent";
    pub const DOUBLE_ENCODING: &str = "path-double-encoding";
    pub const ENCODED_SLASH: &str = "path-encoded-slash";
    pub const BACKSLASH: &str = "path-backslash";
    pub const CONTROL: &str = "path-control-character";
    pub const NON_ASCII: &str = "path-not-ascii";
    pub const NOT_UTF8: &str = "path-not-utf8";
    pub const DOT_SEGMENT: &str = "path-dot-segment";
    pub const DOUBLE_SLASH: &str = "path-double-slash";
    pub const RESERVED_PATH: &str = "path-reserved";
}

/// The canonical target of a request, or the rule that refuses it.
///
/// A fragment cannot be refused: the HTTP parser cuts it off, so it is neither judged nor forwarded.
pub(super) fn canonical(uri: &Uri) -> Result<PathAndQuery, &'static str> {
    let given = uri.path_and_query().ok_or(rule::NOT_A_PATH)?;
    if !given.path().starts_with('/') {
        return Err(rule::NOT_A_PATH);
    }
    if given.as_str().len() > MAX_LENGTH {
        return Err(rule::TOO_LONG);
    }
    let mut target = canonical_path(given.path())?;
    if is_reserved(&target) {
        return Err(rule::RESERVED_PATH);
    }
    if let Some(query) = given.query() {
        // Judged by its names only, and forwarded as it came; portals differ too much in how they read queries.
        if let Some(byte) = query.bytes().find(|byte| !byte.is_ascii() || byte.is_ascii_control()) {
            return Err(if byte.is_ascii() { rule::CONTROL } else { rule::NON_ASCII });
        }
        target.push('?');
        target.push_str(query);
    }
    // Each encoding has made it longer, and what goes on must be what would be let in.
    if target.len() > MAX_LENGTH {
        return Err(rule::TOO_LONG);
    }
    PathAndQuery::try_from(target).map_err(|_| rule::NOT_A_PATH)
}

fn canonical_path(path: &str) -> Result<String, &'static str> {
    let mut canonical = String::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((byte, was_encoded)) = next_byte(&mut rest)? {
        match byte {
            b'/' if was_encoded => return Err(rule::ENCODED_SLASH),
            b'\\' => return Err(rule::BACKSLASH),
            0x00..=0x1f | 0x7f => return Err(rule::CONTROL),
            0x80..=0xff if !was_encoded => return Err(rule::NON_ASCII),
            // An encoded percent sign that starts another encoding says something else to who decodes twice.
            b'%' if may_start_encoding(rest) => return Err(rule::DOUBLE_ENCODING),
            _ if is_unreserved(byte) => canonical.push(char::from(byte)),
            // Delimiters mean something else encoded than bare (RFC 3986, 2.2), so they stay as they came.
            _ if !was_encoded && is_path_delimiter(byte) => canonical.push(char::from(byte)),
            _ => canonical.push_str(&format!("%{byte:02X}")),
        }
    }
    let decoded = percent_encoding::percent_decode_str(&canonical).decode_utf8().map_err(|_| rule::NOT_UTF8)?;
    if canonical.contains("//") {
        return Err(rule::DOUBLE_SLASH);
    }
    // Some servers cut parameters off a segment before they look at its dots.
    let is_dots = |segment: &str| matches!(segment.split(';').next(), Some("." | ".."));
    if decoded.split('/').any(is_dots) {
        return Err(rule::DOT_SEGMENT);
    }
    Ok(canonical)
}

/// Compared as the most lenient server would: in any case of letters, without the segments' parameters.
fn is_reserved(path: &str) -> bool {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let mut segments = decoded.split('/').skip(1).map(|segment| segment.split(';').next().unwrap_or_default());
    RESERVED.iter().all(|reserved| segments.next().is_some_and(|segment| segment.eq_ignore_ascii_case(reserved)))
}

/// Takes one byte off the front, decoded if it was encoded.
fn next_byte(rest: &mut &[u8]) -> Result<Option<(u8, bool)>, &'static str> {
    match **rest {
        [] => Ok(None),
        [b'%', high, low, ref after @ ..] => {
            let (Some(high), Some(low)) = (hex_value(high), hex_value(low)) else { return Err(rule::PERCENT) };
            *rest = after;
            Ok(Some((high << 4 | low, true)))
        }
        [b'%', ..] => Err(rule::PERCENT),
        [byte, ref after @ ..] => {
            *rest = after;
            Ok(Some((byte, false)))
        }
    }
}

/// Whether two hexadecimal digits follow, bare or themselves encoded.
fn may_start_encoding(mut rest: &[u8]) -> bool {
    let mut is_digit = || matches!(next_byte(&mut rest), Ok(Some((byte, _))) if byte.is_ascii_hexdigit());
    is_digit() && is_digit()
}

fn hex_value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// RFC 3986, 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// `sub-delims`, `:` and `@` of RFC 3986, 3.3, and the slash.
fn is_path_delimiter(byte: u8) -> bool {
    matches!(byte, b'/' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judge(target: &str) -> Result<String, &'static str> {
        canonical(&target.parse().unwrap()).map(|target| target.to_string())
    }

    #[test]
    fn equal_paths_have_one_form() {
        let table = [
            ("/", "/"),
            ("/account", "/account"),
            ("/Account/", "/Account/"),
            ("/%61ccount", "/account"),
            ("/caf%c3%a9", "/caf%C3%A9"),
            ("/a%20b", "/a%20b"),
            ("/a%3Bb;c", "/a%3Bb;c"),
            ("/100%25", "/100%25"),
            ("/a|b", "/a%7Cb"),
            ("/.well-known/security.txt", "/.well-known/security.txt"),
            ("/.well-known/amberglass-tour", "/.well-known/amberglass-tour"),
            ("/...", "/..."),
            ("/a..b/.c", "/a..b/.c"),
            ("/a?x=%2e%2e//\\", "/a?x=%2e%2e//\\"),
            ("/a?", "/a?"),
            ("/a#b", "/a"),
            ("http://barkside.localhost/a", "/a"),
            ("http://barkside.localhost", "/"),
        ];
        for (given, expected) in table {
            assert_eq!(judge(given).as_deref(), Ok(expected), "{given}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        let table = [
            ("/a/../b", rule::DOT_SEGMENT),
            ("/a/./b", rule::DOT_SEGMENT),
            ("/..", rule::DOT_SEGMENT),
            ("/a/%2e%2E/b", rule::DOT_SEGMENT),
            ("/a/.%2e/b", rule::DOT_SEGMENT),
            ("/a/..;/b", rule::DOT_SEGMENT),
            ("/a/..%3Bx=1/b", rule::DOT_SEGMENT),
            ("//evil.test/", rule::DOUBLE_SLASH),
            ("/a//b", rule::DOUBLE_SLASH),
            ("/a%2Fb", rule::ENCODED_SLASH),
            ("/a%2fb", rule::ENCODED_SLASH),
            ("/a%5Cb", rule::BACKSLASH),
            ("/a%00b", rule::CONTROL),
            ("/a%0d%0ab", rule::CONTROL),
            ("/a%7F", rule::CONTROL),
            ("/a%", rule::PERCENT),
            ("/a%4", rule::PERCENT),
            ("/a%zz", rule::PERCENT),
            ("/a%252e", rule::DOUBLE_ENCODING),
            ("/a%25%32%65", rule::DOUBLE_ENCODING),
            ("/%C0%AE%C0%AE/", rule::NOT_UTF8),
            ("/%ff", rule::NOT_UTF8),
            ("/caf\u{e9}", rule::NON_ASCII),
            ("/a?q=caf\u{e9}", rule::NON_ASCII),
            ("/.well-known/amberglass/customers", rule::RESERVED_PATH),
            ("/.Well-Known/%41mberglass", rule::RESERVED_PATH),
            ("/.well-known/amberglass;x=1/customers", rule::RESERVED_PATH),
            ("/.well-known;x/amberglass/customers", rule::RESERVED_PATH),
            ("/.well-known/amberglass%3Bx/customers", rule::RESERVED_PATH),
            ("*", rule::NOT_A_PATH),
            ("barkside.localhost:80", rule::NOT_A_PATH),
        ];
        for (given, expected) in table {
            assert_eq!(judge(given), Err(expected), "{given}");
        }
        assert_eq!(judge(&format!("/{}", "a".repeat(MAX_LENGTH))), Err(rule::TOO_LONG));
        assert_eq!(judge(&format!("/{}", "|".repeat(MAX_LENGTH / 2))), Err(rule::TOO_LONG));
    }

    proptest! {
        #[test]
        fn canonical_is_a_fixed_point_and_hides_nothing(path in "/[a-zA-Z0-9/.%;:@\\\\|~ -]{0,30}") {
            if let Ok(uri) = path.parse::<Uri>() && let Ok(once) = canonical(&uri) {
                let again: Uri = once.to_string().parse().unwrap();
                prop_assert_eq!(canonical(&again), Ok(once.clone()));
                let decoded = percent_encoding::percent_decode_str(once.path()).decode_utf8().unwrap();
                prop_assert!(!decoded.contains("//") && !decoded.contains('\\'));
                prop_assert!(!decoded.split('/').any(|segment| segment == ".." || segment == "."));
                prop_assert_eq!(decoded.matches('/').count(), once.path().matches('/').count());
            }
        }
    }
}

//! Paths as a portal's owner writes them: `/invoices/{id}/pay`, `/files/{rest...}`.

/// What passes is compared exactly; what is blocked is compared as the most lenient portal would read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern {
    text: String,
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    /// In the canonical form of paths.
    Literal(String),
    /// `{name}`: any one segment.
    One,
    /// `{name...}`, at the end: one segment or more.
    Rest,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    #[error("a path begins with a slash, has no empty segments, no query and no fragment")]
    NotAPath,
    #[error("`{{name}}` stands for one whole segment, with a name of letters, digits, `-` and `_`")]
    Placeholder,
    #[error("`{{name...}}` stands for all that follows, so nothing may follow it")]
    AfterRest,
    #[error("it holds characters that no request's path has once it is in its canonical form")]
    NotCanonical,
}

impl PathPattern {
    /// # Errors
    /// [`PatternError`] for what no request could match, or what could be meant in two ways.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let path = text.strip_prefix('/').ok_or(PatternError::NotAPath)?;
        if text.contains(['?', '#']) {
            return Err(PatternError::NotAPath);
        }
        let mut segments = Vec::new();
        let parts: Vec<&str> = path.split('/').collect();
        for (number, part) in parts.iter().enumerate() {
            let is_last = number.saturating_add(1) == parts.len();
            if part.is_empty() && !is_last {
                return Err(PatternError::NotAPath);
            }
            let segment = segment(part)?;
            if segment == Segment::Rest && !is_last {
                return Err(PatternError::AfterRest);
            }
            segments.push(segment);
        }
        Ok(Self { text: text.to_owned(), segments })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// It names one path, without placeholders.
    pub fn is_one_path(&self) -> bool {
        self.segments.iter().all(|segment| matches!(segment, Segment::Literal(_)))
    }

    /// One path that it matches, for looking at its words.
    pub fn example(&self) -> String {
        let example = |segment: &Segment| match segment {
            Segment::Literal(literal) => format!("/{literal}"),
            Segment::One | Segment::Rest => "/0".to_owned(),
        };
        self.segments.iter().map(example).collect()
    }

    /// Byte for byte, against a path in canonical form. A placeholder takes no segment with parameters (`;`).
    pub fn is_exactly(&self, path: &str) -> bool {
        let Some(path) = path.strip_prefix('/') else { return false };
        // Whoever decodes these and reads again sees another path.
        let hides = |given: &str| ["%3B", "%3F", "%23", "%25"].iter().any(|hidden| given.contains(hidden));
        let takes = |given: &str| !given.is_empty() && !given.contains(';') && !hides(given);
        let mut given = path.split('/');
        for segment in &self.segments {
            match (segment, given.next()) {
                (Segment::Literal(literal), Some(given)) if literal == given => {}
                (Segment::One, Some(given)) if takes(given) => {}
                (Segment::Rest, Some(first)) => return takes(first) && given.all(takes),
                (Segment::Literal(_) | Segment::One | Segment::Rest, _) => return false,
            }
        }
        given.next().is_none()
    }

    /// As a portal might read it that cares neither for the case of letters nor for slashes at the end, parameters, trailing
    /// dots and blanks, or what follows a dot in the last segment. A segment of nothing but these is none to some, and one to
    /// others.
    pub fn is_perhaps(&self, path: &str) -> bool {
        self.is_read_as(path, Bare::Dropped) || self.is_read_as(path, Bare::Kept)
    }

    fn is_read_as(&self, path: &str, bare: Bare) -> bool {
        let mut given = lenient(path, bare);
        // `/a` is `/a/` to many.
        let wanted: Vec<&Segment> =
            self.segments.iter().filter(|segment| **segment != Segment::Literal(String::new())).collect();
        for (number, segment) in wanted.iter().enumerate() {
            let is_last = number.saturating_add(1) == wanted.len();
            match segment {
                Segment::Rest => return !given.is_empty(),
                Segment::One | Segment::Literal(_) if given.is_empty() => return false,
                Segment::One => {
                    given.remove(0);
                }
                Segment::Literal(literal) => {
                    let literal = lenient(&format!("/{literal}"), bare).concat();
                    let one = given.remove(0);
                    // `/a` is `/a.json` to many, also where it was written with the extension.
                    let stem = |segment: &str| segment.split('.').next().unwrap_or_default().to_owned();
                    let are_one = || !stem(&literal).is_empty() && stem(&one) == stem(&literal);
                    if one != literal && !(is_last && are_one()) {
                        return false;
                    }
                }
            }
        }
        given.is_empty()
    }
}

fn segment(part: &str) -> Result<Segment, PatternError> {
    if let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
        let (name, is_rest) = name.strip_suffix("...").map_or((name, false), |name| (name, true));
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        return match is_rest {
            _ if name.is_empty() || !name.bytes().all(is_name) => Err(PatternError::Placeholder),
            true => Ok(Segment::Rest),
            false => Ok(Segment::One),
        };
    }
    if part.contains(['{', '}']) {
        return Err(PatternError::Placeholder);
    }
    literal(part).map(Segment::Literal)
}

/// In the canonical form: unreserved characters and delimiters as they are, everything else encoded, in upper-case digits.
fn literal(part: &str) -> Result<String, PatternError> {
    if part == "." || part == ".." || part.contains('\\') || part.chars().any(char::is_control) {
        return Err(PatternError::NotCanonical);
    }
    let mut canonical = String::new();
    let mut rest = part;
    while let Some(character) = rest.chars().next() {
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
        let stays = character.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@".contains(character);
        if character == '%' {
            let digits = rest.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
            let byte =
                digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).ok_or(PatternError::NotCanonical)?;
            let is_unreserved = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
            // A path never has these encoded once it is judged.
            if is_unreserved || matches!(byte, b'/' | b'\\' | 0..=0x1f | 0x7f) {
                return Err(PatternError::NotCanonical);
            }
            canonical.push_str(&format!("%{byte:02X}"));
            rest = rest.get(2..).unwrap_or_default();
        } else if stays {
            canonical.push(character);
        } else {
            let mut buffer = [0; 4];
            canonical.extend(character.encode_utf8(&mut buffer).bytes().map(|byte| format!("%{byte:02X}")));
        }
    }
    Ok(canonical)
}

/// What becomes of a segment of which nothing is left, such as `%20`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bare {
    Dropped,
    Kept,
}

/// Segments in lower case, decoded, without parameters, trailing dots and blanks; empty ones are nothing.
fn lenient(path: &str, bare: Bare) -> Vec<String> {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy().to_lowercase();
    let plain = |segment: &str| {
        let left = segment.split(';').next().unwrap_or_default().trim_end_matches(['.', ' ']);
        if left.is_empty() && bare == Bare::Kept { segment.to_owned() } else { left.to_owned() }
    };
    decoded.split('/').map(plain).filter(|segment| !segment.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> PathPattern {
        PathPattern::parse(text).unwrap()
    }

    #[test]
    fn what_passes_is_compared_byte_for_byte() {
        let table = [
            ("/", "/", true),
            ("/pay", "/pay", true),
            ("/pay", "/pay/", false),
            ("/pay/", "/pay/", true),
            ("/pay", "/Pay", false),
            ("/pay", "/pay.json", false),
            ("/invoices/{id}/pay", "/invoices/12/pay", true),
            ("/invoices/{id}/pay", "/invoices/12;x=1/pay", false),
            ("/invoices/{id}/pay", "/invoices/12%3Bx/pay", false),
            ("/invoices/{id}/pay", "/invoices/12%3Fx/pay", false),
            ("/invoices/{id}/pay", "/invoices/12%23x/pay", false),
            ("/invoices/{id}/pay", "/invoices//pay", false),
            ("/invoices/{id}/pay", "/invoices/1/2/pay", false),
            ("/invoices/{id}", "/invoices", false),
            ("/invoices/{id}", "/invoices/", false),
            ("/files/{rest...}", "/files/a/b", true),
            ("/files/{rest...}", "/files/", false),
            ("/files/{rest...}", "/files", false),
            ("/café", "/caf%C3%A9", true),
            ("/caf%c3%a9", "/caf%C3%A9", true),
        ];
        for (text, path, expected) in table {
            assert_eq!(pattern(text).is_exactly(path), expected, "{text} {path}");
        }
    }

    #[test]
    fn what_is_blocked_is_found_in_every_spelling() {
        let open = pattern("/messages/{id}/open");
        for path in [
            "/messages/7/open",
            "/messages/7/open/",
            "/Messages/7/OPEN",
            "/messages/7/open.json",
            "/messages/7/open;jsessionid=x",
            "/messages;v=1/7/open.",
            "/messages/7/open%20",
        ] {
            assert!(open.is_perhaps(path), "{path}");
        }
        for path in ["/messages/7", "/messages/7/open/now", "/messages/open", "/messages/7/opened", "/"] {
            assert!(!open.is_perhaps(path), "{path}");
        }
        for path in ["/api/bank", "/api/bank.json", "/API/bank.xml", "/api/bank.json.xml"] {
            assert!(pattern("/api/bank.json").is_perhaps(path), "{path}");
        }
        assert!(!pattern("/api/.a").is_perhaps("/api/.b"));
        assert!(pattern("/").is_perhaps("/"));
        assert!(pattern("/files/{rest...}").is_perhaps("/FILES/a/b"));
        assert!(!pattern("/files/{rest...}").is_perhaps("/files/"));
    }

    #[test]
    fn a_segment_of_blanks_or_dots_is_a_segment_to_some_and_none_to_others() {
        for path in ["/open/%20", "/open/...", "/OPEN/;x", "/open/%20/"] {
            assert!(pattern("/open/{id}").is_perhaps(path), "{path}");
            assert!(pattern("/open/{rest...}").is_perhaps(path), "{path}");
            assert!(pattern("/open").is_perhaps(path), "{path}");
        }
        assert!(pattern("/open/...").is_perhaps("/open/..."));
        assert!(!pattern("/open/{id}").is_perhaps("/open/"));
    }

    #[test]
    fn what_no_request_could_match_is_no_pattern() {
        for text in [
            "",
            "pay",
            "/a//b",
            "/a?b",
            "/a#b",
            "/a/{",
            "/a/{}",
            "/a/x{id}",
            "/{a b}",
            "/{rest...}/a",
            "/..",
            "/a\\b",
            "/%",
            "/%2f",
            "/%61",
        ] {
            assert!(PathPattern::parse(text).is_err(), "{text}");
        }
    }
}

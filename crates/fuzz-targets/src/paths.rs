//! Paths as a portal's owner writes them.

use amberglass_domain::read_only::PathPattern;

use crate::gateway::canonical;
use crate::text::text_line;

/// A pattern, a line, and a target. A pattern matches its own example; what a rule would let pass by it, a rule that blocks finds
/// as well, also in capital letters and with a slash at the end.
pub fn path_pattern(data: &[u8]) {
    let Some((text, rest)) = text_line(data) else { return };
    let Ok(pattern) = PathPattern::parse(text) else { return };
    assert_eq!(PathPattern::parse(pattern.as_str()).as_ref(), Ok(&pattern));
    let example = pattern.example();
    assert!(pattern.is_perhaps(&example), "its example");
    // A literal may be written so that no request's path looks like it; then nothing passes by it.
    if canonical(&example).as_deref() == Some(example.as_str()) {
        assert!(pattern.is_exactly(&example), "its example");
    }
    let Ok(given) = std::str::from_utf8(rest) else { return };
    let Some(path) = canonical(given).map(|target| target.split('?').next().unwrap_or_default().to_owned()) else {
        return;
    };
    if pattern.is_exactly(&path) {
        assert!(pattern.is_perhaps(&path), "what passes exactly is blocked leniently");
        assert!(pattern.is_perhaps(&format!("{path}/")));
        let is_plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'/');
        assert!(!is_plain || pattern.is_perhaps(&path.to_ascii_uppercase()));
        let others = PathPattern::parse(&path);
        assert!(others.is_err() || others.unwrap().is_perhaps(&path));
    }
}

//! How an input is taken apart.

/// The first line and the rest; a line may end in either way.
pub fn line(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (data[..end].strip_suffix(b"\r").unwrap_or(&data[..end]), &data[end + 1..]),
        None => (data, &[]),
    }
}

/// The first line as text.
pub fn text_line(data: &[u8]) -> Option<(&str, &[u8])> {
    let (line, rest) = line(data);
    Some((std::str::from_utf8(line).ok()?, rest))
}

/// What stands before a line of three percent signs, which no TOML holds, and what stands behind it.
pub fn halves(data: &[u8]) -> Option<(&[u8], &[u8])> {
    const MARK: &[u8] = b"%%%\n";
    if let Some(behind) = data.strip_prefix(MARK) {
        return Some((&[], behind));
    }
    let at = data.windows(MARK.len() + 1).position(|window| window[0] == b'\n' && &window[1..] == MARK)?;
    Some((&data[..=at], &data[at + 1 + MARK.len()..]))
}

//! `multipart/form-data` (RFC 7578) as browsers write it, and in no other form: whatever could be read in two ways is not read.

use super::Unreadable;

/// Parts of one form.
const MAX_PARTS: usize = 200;
/// RFC 2046, 5.1.1.
const MAX_BOUNDARY: usize = 70;
const MAX_HEAD_LINE: usize = 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    /// Nothing for a file: what it holds is not judged.
    pub value: Option<String>,
}

/// Whether a text is a boundary as browsers make them.
pub fn is_boundary(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_BOUNDARY).contains(&text.len()) && text.bytes().all(is_part)
}

/// All parts of a form, in their order.
///
/// # Errors
/// [`Unreadable`] for anything before the first boundary or after the last one, for lines that end in another way, for heads that are
/// not just a disposition with a name (and a type), for names that are spelled in two ways or hold quotes, and for values that are no
/// text.
pub fn parts(content: &[u8], boundary: &str) -> Result<Vec<Part>, Unreadable> {
    if !is_boundary(boundary) {
        return Err(Unreadable);
    }
    let (first, between) = (format!("--{boundary}\r\n"), format!("\r\n--{boundary}"));
    let mut rest = content.strip_prefix(first.as_bytes()).ok_or(Unreadable)?;
    let mut parts = Vec::new();
    loop {
        if parts.len() >= MAX_PARTS {
            return Err(Unreadable);
        }
        let end = find(rest, between.as_bytes()).ok_or(Unreadable)?;
        let (part, after) = rest.split_at_checked(end).ok_or(Unreadable)?;
        parts.push(read(part)?);
        let after = after.get(between.len()..).ok_or(Unreadable)?;
        if let Some(next) = after.strip_prefix(b"\r\n") {
            rest = next;
        } else if matches!(after, b"--" | b"--\r\n") {
            return Ok(parts);
        } else {
            // Perhaps only something that begins like a boundary, and perhaps one to a more lenient reader.
            return Err(Unreadable);
        }
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

fn read(part: &[u8]) -> Result<Part, Unreadable> {
    let (head, content) = match find(part, b"\r\n\r\n") {
        Some(end) => (part.get(..end), part.get(end.saturating_add(4)..)),
        None => return Err(Unreadable),
    };
    let (head, content) = (head.ok_or(Unreadable)?, content.ok_or(Unreadable)?);
    let head = std::str::from_utf8(head).map_err(|_| Unreadable)?;
    let mut disposition = None;
    let mut has_type = false;
    for line in head.split("\r\n") {
        let (name, value) = line.split_once(": ").ok_or(Unreadable)?;
        let is_plain = line.len() <= MAX_HEAD_LINE && !value.contains(['\r', '\n', '\0']);
        match name.to_ascii_lowercase().as_str() {
            "content-disposition" if is_plain && disposition.is_none() => disposition = Some(value),
            // The portal may take a text of another character set for another text.
            "content-type" if is_plain && !has_type && !value.to_ascii_lowercase().contains("charset") => {
                has_type = true;
            }
            _ => return Err(Unreadable),
        }
    }
    let (name, is_file) = names(disposition.ok_or(Unreadable)?)?;
    if is_file {
        return Ok(Part { name, value: None });
    }
    // A field with a type of its own is read as something else by some.
    if has_type {
        return Err(Unreadable);
    }
    let value = std::str::from_utf8(content).map_err(|_| Unreadable)?;
    Ok(Part { name, value: Some(value.to_owned()) })
}

/// `form-data; name="a"` with or without `; filename="b"`, and nothing else (RFC 7578, 4.2).
fn names(disposition: &str) -> Result<(String, bool), Unreadable> {
    let rest = disposition.strip_prefix("form-data; name=\"").ok_or(Unreadable)?;
    let (name, rest) = rest.split_once('"').ok_or(Unreadable)?;
    let is_file = match rest {
        "" => false,
        file => {
            let file = file.strip_prefix("; filename=\"").and_then(|file| file.strip_suffix('"')).ok_or(Unreadable)?;
            if file.contains(['"', '\\']) {
                return Err(Unreadable);
            }
            true
        }
    };
    // Browsers write these as %22, %0D and %0A; some portals decode that and some do not.
    if name.is_empty() || name.contains(['\\', '%']) { Err(Unreadable) } else { Ok((name.to_owned(), is_file)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn form(parts: &[&str]) -> Vec<u8> {
        let parts: String = parts.iter().map(|part| format!("--b\r\n{part}\r\n")).collect();
        format!("{parts}--b--\r\n").into_bytes()
    }

    const FIELD: &str = "Content-Disposition: form-data; name=\"a\"\r\n\r\n1";
    const FILE: &str =
        "Content-Disposition: form-data; name=\"f\"; filename=\"x.png\"\r\nContent-Type: image/png\r\n\r\n\u{1}";

    #[test]
    fn fields_and_files_are_read_as_browsers_write_them() {
        let read = parts(&form(&[FIELD, FILE, "Content-Disposition: form-data; name=\"b[]\"\r\n\r\n"]), "b").unwrap();
        let told: Vec<_> = read.iter().map(|part| (part.name.as_str(), part.value.as_deref())).collect();
        assert_eq!(told, [("a", Some("1")), ("f", None), ("b[]", Some(""))]);
        let lines =
            parts(&form(&["Content-Disposition: form-data; name=\"a\"\r\n\r\none\r\ntwo\r\n\r\n"]), "b").unwrap();
        assert_eq!(lines[0].value.as_deref(), Some("one\r\ntwo\r\n\r\n"));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not_read() {
        for part in [
            "Content-Disposition: form-data; name=a\r\n\r\n1",
            "Content-Disposition: form-data; name=\"a\"; name=\"b\"\r\n\r\n1",
            "Content-Disposition: form-data; name*=utf-8''a\r\n\r\n1",
            "Content-Disposition: form-data; name=\"a\"; filename*=utf-8''x\r\n\r\n1",
            "Content-Disposition: form-data; name=\"a\\\"b\"\r\n\r\n1",
            "Content-Disposition: form-data; name=\"a%22b\"\r\n\r\n1",
            "Content-Disposition: form-data; name=\"\"\r\n\r\n1",
            "Content-Disposition: attachment; name=\"a\"\r\n\r\n1",
            "Content-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n1",
            "Content-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64\r\n\r\nMQ==",
            "Content-Disposition: form-data; name=\"a\"\r\nContent-Type: text/plain\r\n\r\n1",
            "Content-Disposition: form-data; name=\"f\"; filename=\"x\"\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n1",
            "Content-Disposition: form-data;\r\n name=\"a\"\r\n\r\n1",
            "Content-Disposition: form-data; name=\"a\"\n\n1",
            "Content-Disposition:form-data; name=\"a\"\r\n\r\n1",
            "\r\n1",
            "",
        ] {
            assert_eq!(parts(&form(&[part]), "b"), Err(Unreadable), "{part:?}");
        }
        for content in [
            &b""[..],
            b"--b--\r\n",
            b"before\r\n--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n",
            b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\nafter",
            b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--bb\r\n--b--\r\n",
            b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b \r\n--b--\r\n",
            b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b",
            b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\xff\r\n--b--\r\n",
        ] {
            assert_eq!(parts(content, "b"), Err(Unreadable), "{}", String::from_utf8_lossy(content));
        }
        let many: Vec<&str> = std::iter::repeat_n(FIELD, MAX_PARTS + 1).collect();
        assert_eq!(parts(&form(&many), "b"), Err(Unreadable));
        for boundary in ["", "b c", "b\"", "b;", &"b".repeat(71)] {
            assert!(!is_boundary(boundary), "{boundary}");
            assert_eq!(parts(&form(&[FIELD]), boundary), Err(Unreadable));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(content in proptest::collection::vec(any::<u8>(), 0..200), text in "(--b|\r\n|Content-Disposition: form-data; name=\"a\"|[a-z]){0,20}") {
            let _ = parts(&content, "b");
            let _ = parts(text.as_bytes(), "b");
        }
    }
}

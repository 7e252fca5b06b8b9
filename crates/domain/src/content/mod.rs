//! What a request carries, read strictly: forms and JSON that have one meaning only.
//!
//! What could be read in more than one way is not read at all. Two programs that read the same content differently are how a
//! decision is talked round.

mod multipart;

use std::fmt;

use serde::{Deserialize, de};
use url::form_urlencoded;

/// Longest way to a leaf, and all of them together, in bytes.
const MAX_WAY: usize = 1024;
const MAX_WAYS: usize = 2 * 1024 * 1024;

pub const FORM: &str = "application/x-www-form-urlencoded";
pub const JSON: &str = "application/json";
pub const MULTIPART: &str = "multipart/form-data";

/// What a `Content-Type` says, in a form that is read in one way only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentType {
    /// In lower case.
    pub media_type: String,
    /// Of [`MULTIPART`] alone.
    pub boundary: Option<String>,
}

impl ContentType {
    /// Nothing for another character set than UTF-8, for any other parameter, and for a boundary that browsers do not make.
    pub fn parse(header: &str) -> Option<Self> {
        if let Some(media_type) = media_type(header).filter(|media_type| media_type != MULTIPART) {
            return Some(Self { media_type, boundary: None });
        }
        let (media_type, parameter) = header.split_once(';')?;
        let (name, boundary) = parameter.trim().split_once('=')?;
        let is_one = media_type.trim().eq_ignore_ascii_case(MULTIPART) && name.eq_ignore_ascii_case("boundary");
        let boundary = (is_one && multipart::is_boundary(boundary)).then(|| boundary.to_owned());
        boundary.map(|boundary| Self { media_type: MULTIPART.to_owned(), boundary: Some(boundary) })
    }
}

/// Fields of a form of several parts, in their order. A file's value is empty: what it holds is not judged.
///
/// # Errors
/// [`Unreadable`] for anything but what browsers write (RFC 7578).
pub fn multipart_pairs(content: &[u8], boundary: &str) -> Result<Vec<(String, String)>, Unreadable> {
    let parts = multipart::parts(content, boundary)?;
    Ok(parts.into_iter().map(|part| (part.name, part.value.unwrap_or_default())).collect())
}

/// It has more than one meaning, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it can't be read unmistakably")]
pub struct Unreadable;

/// In lower case, without parameters; nothing if it says another character set than UTF-8, or any other parameter.
pub fn media_type(content_type: &str) -> Option<String> {
    let mut parts = content_type.split(';');
    let media = parts.next()?.trim().to_ascii_lowercase();
    for parameter in parts {
        let (name, value) = parameter.split_once('=')?;
        let is_utf8 = value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8");
        if !name.trim().eq_ignore_ascii_case("charset") || !is_utf8 {
            return None;
        }
    }
    Some(media)
}

/// Names and values of a form or a query. Some portals separate fields by semicolons as well, so a bare one could mean either.
///
/// # Errors
/// [`Unreadable`] for that, for what does not decode to text, and for names with a null character.
pub fn form_pairs(text: &[u8]) -> Result<Vec<(String, String)>, Unreadable> {
    if text.contains(&b';') || percent_encoding::percent_decode(text).decode_utf8().is_err() {
        return Err(Unreadable);
    }
    let found: Vec<_> =
        form_urlencoded::parse(text).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    if found.iter().any(|(name, _)| name.contains('\0')) { Err(Unreadable) } else { Ok(found) }
}

/// JSON in which every name stands once: of two, the portal may take the other one than whoever judges has read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    Text(String),
    /// `true`, `false`, `null`, or a number as it stands: read as a number it may become another one.
    Literal(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// # Errors
    /// [`Unreadable`] for what is no JSON, is nested deeper than 128 levels, or names a thing twice (in any case of letters).
    pub fn parse(json: &[u8]) -> Result<Self, Unreadable> {
        let mut node: Self = serde_json::from_slice(json).map_err(|_| Unreadable)?;
        let found = numbers(std::str::from_utf8(json).map_err(|_| Unreadable)?);
        let mut found = found.into_iter();
        node.put_in(&mut found)?;
        // Each number stands where it was found, or nobody knows which is which.
        if found.next().is_none() { Ok(node) } else { Err(Unreadable) }
    }

    /// What stands at a JSON pointer (RFC 6901). Nothing for what is not there.
    pub fn at(&self, pointer: &str) -> Option<&Self> {
        let Some(tokens) = pointer.strip_prefix('/') else { return pointer.is_empty().then_some(self) };
        let mut node = self;
        for token in tokens.split('/') {
            let name = token.replace("~1", "/").replace("~0", "~");
            node = match node {
                Self::Map(entries) => &entries.iter().find(|(given, _)| *given == name)?.1,
                Self::List(items) => items.get(index(&name)?)?,
                Self::Text(_) | Self::Literal(_) => return None,
            };
        }
        Some(node)
    }

    /// The same, but nothing where a name beside one on the way might be taken for it: the portal could mean that one.
    pub fn at_alone(&self, pointer: &str, is_alike: impl Fn(&str, &str) -> bool) -> Option<&Self> {
        let mut node = self;
        for token in pointer.strip_prefix('/')?.split('/') {
            let name = token.replace("~1", "/").replace("~0", "~");
            if let Self::Map(entries) = node
                && entries.iter().filter(|(given, _)| is_alike(given, &name)).count() > 1
            {
                return None;
            }
            node = node.at(&format!("/{token}"))?;
        }
        Some(node)
    }

    /// Of what is no list and no map.
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::Text(value) | Self::Literal(value) => Some(value),
            Self::List(_) | Self::Map(_) => None,
        }
    }

    /// Every name in it, at any depth.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Text(_) | Self::Literal(_) => Vec::new(),
            Self::List(items) => items.iter().flat_map(Self::names).collect(),
            Self::Map(entries) => {
                entries.iter().flat_map(|(name, node)| std::iter::once(name.as_str()).chain(node.names())).collect()
            }
        }
    }

    /// The leaves, each with the way to it, such as `pet.names[0]`. Empty lists and maps are leaves too: one may take
    /// everything away.
    ///
    /// # Errors
    /// [`Unreadable`] where the ways are so long that a small text would take much room.
    pub fn leaves(&self) -> Result<Vec<(String, String)>, Unreadable> {
        let (mut found, mut room) = (Vec::new(), MAX_WAYS);
        self.flatten(String::new(), &mut found, &mut room)?;
        Ok(found)
    }

    fn flatten(&self, way: String, found: &mut Vec<(String, String)>, room: &mut usize) -> Result<(), Unreadable> {
        if way.len() > MAX_WAY {
            return Err(Unreadable);
        }
        *room = room.checked_sub(way.len().saturating_add(1)).ok_or(Unreadable)?;
        match self {
            Self::Text(value) | Self::Literal(value) => found.push((way, value.clone())),
            Self::List(items) if items.is_empty() => found.push((way, "[]".to_owned())),
            Self::Map(entries) if entries.is_empty() => found.push((way, "{}".to_owned())),
            Self::List(items) => {
                for (number, item) in items.iter().enumerate() {
                    item.flatten(format!("{way}[{number}]"), found, room)?;
                }
            }
            Self::Map(entries) => {
                for (name, node) in entries {
                    let way = if way.is_empty() { name.clone() } else { format!("{way}.{name}") };
                    node.flatten(way, found, room)?;
                }
            }
        }
        Ok(())
    }

    /// Puts the numbers as they stand where their places were kept.
    fn put_in(&mut self, numbers: &mut impl Iterator<Item = String>) -> Result<(), Unreadable> {
        match self {
            Self::Literal(value) if value.is_empty() => *value = numbers.next().ok_or(Unreadable)?,
            Self::Text(_) | Self::Literal(_) => {}
            Self::List(items) => items.iter_mut().try_for_each(|item| item.put_in(numbers))?,
            Self::Map(entries) => entries.iter_mut().try_for_each(|(_, node)| node.put_in(numbers))?,
        }
        Ok(())
    }
}

/// RFC 6901, 4: digits without a leading zero.
fn index(token: &str) -> Option<usize> {
    let is_plain = token == "0" || (!token.starts_with('0') && token.bytes().all(|byte| byte.is_ascii_digit()));
    if is_plain { token.parse().ok() } else { None }
}

/// The place of a number, until it is put in.
fn number() -> Node {
    Node::Literal(String::new())
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> de::Visitor<'de> for Reader {
            type Value = Node;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }
            fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
                Ok(Node::Literal(value.to_string()))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
                Ok(number())
            }
            fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
                Ok(number())
            }
            fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
                Ok(number())
            }
            fn visit_str<E>(self, value: &str) -> Result<Node, E> {
                Ok(Node::Text(value.to_owned()))
            }
            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Literal("null".to_owned()))
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Node::List(list))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
                let mut map: Vec<(String, Node)> = Vec::new();
                let mut names = std::collections::HashSet::new();
                while let Some((name, value)) = entries.next_entry::<String, Node>()? {
                    // Some readers take names without regard to case, and fold more than ASCII.
                    if !names.insert(name.to_uppercase().to_lowercase()) {
                        return Err(de::Error::custom("a name that stands twice"));
                    }
                    map.push((name, value));
                }
                Ok(Node::Map(map))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// The numbers of a text that is JSON, as they stand there, in their order.
fn numbers(json: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let (mut in_string, mut escaped, mut in_number) = (false, false, false);
    for character in json.chars() {
        if in_string {
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        in_string = character == '"';
        let begins = character == '-' || character.is_ascii_digit();
        let goes_on = begins || matches!(character, '+' | '.' | 'e' | 'E');
        match found.last_mut() {
            Some(number) if in_number && goes_on => number.push(character),
            Some(_) | None if begins => found.push(character.to_string()),
            Some(_) | None => {}
        }
        in_number = if in_number { goes_on } else { begins };
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Node {
        Node::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_pointer_finds_what_stands_there_and_nothing_else() {
        let node = parse(r#"{"a":{"b":[10,{"c/d":"x","~":true}]},"":"empty","0":"name"}"#);
        let table = [
            ("/a/b/0", Some("10")),
            ("/a/b/1/c~1d", Some("x")),
            ("/a/b/1/~0", Some("true")),
            ("/", Some("empty")),
            ("/0", Some("name")),
            ("/a/b/00", None),
            ("/a/b/-", None),
            ("/a/b/+1", None),
            ("/a/b/2", None),
            ("/a/b", None),
            ("/a/x", None),
            ("/A", None),
            ("a", None),
        ];
        for (pointer, expected) in table {
            assert_eq!(node.at(pointer).and_then(Node::value), expected, "{pointer}");
        }
        assert_eq!(node.at(""), Some(&node));
    }

    #[test]
    fn what_names_a_thing_twice_is_not_read() {
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"A":2}"#,
            r#"{"x":[{"b":1,"B":1}]}"#,
            "{\"s\":1,\"\u{17f}\":2}",
            "{",
            "",
            "1 2",
            "\u{feff}{}",
        ] {
            assert_eq!(Node::parse(text.as_bytes()), Err(Unreadable), "{text}");
        }
        assert_eq!(Node::parse(b"{\"a\":\"\xff\"}"), Err(Unreadable));
        assert_eq!(Node::parse("[".repeat(200).as_bytes()), Err(Unreadable));
    }

    #[test]
    fn a_small_text_never_takes_much_room() {
        let long = format!(r#"{{"{}":[0,0]}}"#, "n".repeat(MAX_WAY + 1));
        assert_eq!(parse(&long).leaves(), Err(Unreadable));
        let many = format!(r#"{{"{}":[{}0]}}"#, "n".repeat(1000), "0,".repeat(60_000));
        assert_eq!(parse(&many).leaves(), Err(Unreadable));
        let plain = format!("[{}0]", "0,".repeat(60_000));
        assert_eq!(parse(&plain).leaves().unwrap().len(), 60_001);
    }

    #[test]
    fn a_form_of_several_parts_says_its_one_boundary() {
        let boundary = |header: &str| ContentType::parse(header).map(|found| (found.media_type, found.boundary));
        let multipart = |boundary: &str| Some((MULTIPART.to_owned(), Some(boundary.to_owned())));
        assert_eq!(
            boundary("multipart/form-data; boundary=----WebKitFormBoundary7"),
            multipart("----WebKitFormBoundary7")
        );
        assert_eq!(boundary("Multipart/Form-Data;Boundary=b"), multipart("b"));
        assert_eq!(boundary("application/json; charset=utf-8"), Some((JSON.to_owned(), None)));
        for header in [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=\"b\"",
            "multipart/form-data; boundary=b; boundary=c",
            "multipart/form-data; boundary=b; charset=utf-8",
            "multipart/form-data; charset=utf-8",
            "multipart/mixed; boundary=b",
            "application/json; boundary=b",
        ] {
            assert_eq!(boundary(header), None, "{header}");
        }
    }

    #[test]
    fn only_utf_8_is_understood() {
        for (given, expected) in [
            ("application/JSON", Some(JSON)),
            ("application/json; charset=\"UTF-8\"", Some(JSON)),
            ("application/json; charset=utf-16", None),
            ("application/json; profile=x", None),
            ("application/json; charset", None),
        ] {
            assert_eq!(media_type(given).as_deref(), expected, "{given}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), pointer in "(/[a-z~0-9]{0,3}){0,4}") {
            if let Ok(node) = Node::parse(&bytes) {
                let _ = node.at(&pointer);
            }
            let _ = form_pairs(&bytes);
        }
    }
}

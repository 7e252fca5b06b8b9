//! What requests carry: forms, forms of several parts, JSON, and what says which it is.

use amberglass_domain::content::{self, ContentType, Node};
use serde_json::Value;

use crate::text::text_line;

/// A type that is read says the same when it is read again, in any case of letters, and hides no parameter.
pub fn content_type(data: &[u8]) {
    let Ok(header) = std::str::from_utf8(data) else { return };
    let found = ContentType::parse(header);
    if let Some(shouted) = ContentType::parse(&header.to_ascii_uppercase())
        && let Some(found) = &found
    {
        assert_eq!(shouted.media_type, found.media_type);
    }
    let Some(found) = found else { return };
    assert!(!found.media_type.contains(';') && found.media_type == found.media_type.trim().to_ascii_lowercase());
    match &found.boundary {
        None => {
            assert_ne!(found.media_type, content::MULTIPART);
            assert_eq!(ContentType::parse(&found.media_type).as_ref(), Some(&found));
        }
        Some(boundary) => {
            assert_eq!(found.media_type, content::MULTIPART);
            assert!((1..=70).contains(&boundary.len()) && header.trim_end().ends_with(boundary.as_str()));
            assert_eq!(header.matches([';', '=']).count(), 2, "another parameter");
            assert_eq!(ContentType::parse(&format!("{}; boundary={boundary}", content::MULTIPART)), Some(found));
        }
    }
}

/// What is read of a form can be written again, and means the same.
pub fn form(data: &[u8]) {
    let Ok(pairs) = content::form_pairs(data) else { return };
    assert!(!data.contains(&b';'));
    let mut again = url::form_urlencoded::Serializer::new(String::new());
    again.extend_pairs(&pairs);
    assert_eq!(content::form_pairs(again.finish().as_bytes()).as_ref(), Ok(&pairs));
    let fields = data.split(|byte| *byte == b'&').filter(|field| !field.is_empty());
    assert_eq!(fields.count(), pairs.len());
}

/// The first line is the boundary. A form without files is, byte for byte, what a browser would have written of its fields;
/// one with files has as many parts as boundaries say.
pub fn multipart(data: &[u8]) {
    let Some((boundary, content)) = text_line(data) else { return };
    let Ok(pairs) = content::multipart_pairs(content, boundary) else { return };
    let between = format!("\r\n--{boundary}");
    let whole = [b"\r\n".as_slice(), content].concat();
    let boundaries = whole.windows(between.len()).filter(|window| *window == between.as_bytes()).count();
    assert_eq!(boundaries, pairs.len() + 1, "parts are as many as boundaries");

    let written: String = pairs
        .iter()
        .map(|(name, value)| {
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        })
        .collect();
    let written = format!("{written}--{boundary}--");
    assert_eq!(content::multipart_pairs(written.as_bytes(), boundary).as_ref(), Ok(&pairs));
    let mentions_files = content.windows(8).any(|window| window == b"filename");
    if !mentions_files {
        // Names of headers may be in any case of letters; names and values have been compared.
        let content = content.strip_suffix(b"--\r\n").map_or_else(|| content.to_vec(), |head| [head, b"--"].concat());
        assert!(content.eq_ignore_ascii_case(written.as_bytes()), "another form than was read");
    }
}

/// What is read is what every other reader of JSON finds; each value stands where its pointer says, and is among the leaves.
pub fn json(data: &[u8]) {
    let Ok(node) = Node::parse(data) else { return };
    let value: Value = serde_json::from_slice(data).expect("what is read is JSON");
    same(&node, &value);
    let mut count = 0;
    each(&node, String::new(), &mut |pointer, found| {
        count += usize::from(is_leaf(found));
        assert_eq!(node.at(pointer), Some(found), "{pointer}");
    });
    if let Ok(leaves) = node.leaves() {
        assert_eq!(leaves.len(), count);
    }
}

fn same(node: &Node, value: &Value) {
    match (node, value) {
        (Node::Text(text), Value::String(other)) => assert_eq!(text, other),
        (Node::Literal(literal), other) => assert_eq!(&serde_json::from_str::<Value>(literal).unwrap(), other),
        (Node::List(items), Value::Array(others)) => {
            assert_eq!(items.len(), others.len());
            items.iter().zip(others).for_each(|(one, other)| same(one, other));
        }
        (Node::Map(entries), Value::Object(others)) => {
            assert_eq!(entries.len(), others.len(), "each name stands once");
            entries.iter().for_each(|(name, one)| same(one, &others[name.as_str()]));
        }
        (Node::Text(_) | Node::List(_) | Node::Map(_), _) => panic!("{node:?} is not {value:?}"),
    }
}

fn is_leaf(node: &Node) -> bool {
    match node {
        Node::Text(_) | Node::Literal(_) => true,
        Node::List(items) => items.is_empty(),
        Node::Map(entries) => entries.is_empty(),
    }
}

fn each(node: &Node, pointer: String, seen: &mut impl FnMut(&str, &Node)) {
    seen(&pointer, node);
    match node {
        Node::Text(_) | Node::Literal(_) => {}
        Node::List(items) => {
            for (number, item) in items.iter().enumerate() {
                each(item, format!("{pointer}/{number}"), seen);
            }
        }
        Node::Map(entries) => {
            for (name, entry) in entries {
                each(entry, format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), seen);
            }
        }
    }
}

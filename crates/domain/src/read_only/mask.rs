//! Fields of JSON answers that nobody sees in a session: their values are taken out, and every other byte of a value stays as the
//! portal sent it.

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use super::{path_pattern::PathPattern, portal_rules::PortalRules, request_rule::RuleId};
use crate::content::Unreadable;

/// Longest answer that is masked; what is longer is withheld.
pub const MAX_MASKED_BYTES: usize = 1024 * 1024;
/// Steps of one pointer.
const MAX_STEPS: usize = 16;
/// Stands in place of a value, whatever type that was.
const MASKED: &str = "\"\u{2022}\u{2022}\u{2022}\u{2022}\"";

/// Answers on these paths, whatever a portal would read in them, with what is taken out of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskRule {
    pub id: RuleId,
    pub path: PathPattern,
    pub fields: Vec<MaskedField>,
    pub why: Option<String>,
}

/// A JSON pointer (RFC 6901) in which `*` stands for every item or member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskedField(Vec<Token>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Named(String),
    All,
}

impl MaskedField {
    /// Nothing for what is no pointer to a part of an answer.
    pub fn parse(pointer: &str) -> Option<Self> {
        let tokens = pointer.strip_prefix('/')?.split('/');
        let token = |token: &str| match token {
            "*" => Token::All,
            named => Token::Named(named.replace("~1", "/").replace("~0", "~")),
        };
        let tokens: Vec<Token> = tokens.map(token).collect();
        (pointer.len() > 1 && tokens.len() <= MAX_STEPS).then_some(Self(tokens))
    }
}

/// What has to be taken out of the answer to a request, and by which rules.
///
/// Of every method: what a write answers is seen as well. `path` is in canonical form.
pub fn masks<'a>(path: &str, rules: &'a PortalRules) -> (Vec<&'a MaskedField>, Vec<RuleId>) {
    let named = rules.masks.iter().filter(|mask| mask.path.is_perhaps(path));
    let (fields, ids): (Vec<_>, Vec<_>) = named.map(|mask| (&mask.fields, mask.id.clone())).unzip();
    (fields.into_iter().flatten().collect(), ids)
}

/// The same answer without the values of `fields`.
///
/// # Errors
/// When it is no JSON, or names a thing twice: then nobody knows which of the two is seen.
pub fn mask(answer: &[u8], fields: &[&MaskedField]) -> Result<Vec<u8>, Unreadable> {
    let raw: &RawValue = serde_json::from_slice(answer).map_err(|_| Unreadable)?;
    let paths: Vec<&[Token]> = fields.iter().map(|field| field.0.as_slice()).collect();
    let mut masked = String::with_capacity(answer.len());
    write(raw.get(), &paths, &mut masked)?;
    Ok(masked.into_bytes())
}

fn write(raw: &str, paths: &[&[Token]], masked: &mut String) -> Result<(), Unreadable> {
    if paths.iter().any(|path| path.is_empty()) {
        masked.push_str(MASKED);
        return Ok(());
    }
    let is_container = raw.starts_with(['{', '[']);
    if paths.is_empty() || !is_container {
        masked.push_str(raw);
        return Ok(());
    }
    if raw.starts_with('{') {
        let Members(members) = serde_json::from_str(raw).map_err(|_| Unreadable)?;
        masked.push('{');
        for (number, (name, value)) in members.iter().enumerate() {
            separate(number, masked);
            masked.push_str(&serde_json::to_string(name).map_err(|_| Unreadable)?);
            masked.push(':');
            // Pages differ in how they look a name up.
            let within = below(paths, |named| named.eq_ignore_ascii_case(name));
            write(value.get(), &within, masked)?;
        }
        masked.push('}');
        return Ok(());
    }
    let items: Vec<&RawValue> = serde_json::from_str(raw).map_err(|_| Unreadable)?;
    masked.push('[');
    for (number, item) in items.iter().enumerate() {
        separate(number, masked);
        let within = below(paths, |named| named == number.to_string());
        write(item.get(), &within, masked)?;
    }
    masked.push(']');
    Ok(())
}

fn separate(number: usize, masked: &mut String) {
    if number > 0 {
        masked.push(',');
    }
}

fn below<'a>(paths: &[&'a [Token]], is_named: impl Fn(&str) -> bool) -> Vec<&'a [Token]> {
    let leads = |token: &Token| match token {
        Token::All => true,
        Token::Named(name) => is_named(name),
    };
    paths.iter().filter_map(|path| path.split_first()).filter(|(token, _)| leads(token)).map(|(_, rest)| rest).collect()
}

/// In their order, each name once.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> de::Visitor<'de> for Reader {
            type Value = Vec<(String, &'de RawValue)>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut members: Self::Value = Vec::new();
                let mut names = std::collections::HashSet::new();
                while let Some((name, value)) = entries.next_entry::<String, &'de RawValue>()? {
                    if !names.insert(name.clone()) {
                        return Err(de::Error::custom("a name that stands twice"));
                    }
                    members.push((name, value));
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Reader).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(answer: &str, pointers: &[&str]) -> Result<String, Unreadable> {
        let fields: Vec<MaskedField> = pointers.iter().map(|pointer| MaskedField::parse(pointer).unwrap()).collect();
        let fields: Vec<&MaskedField> = fields.iter().collect();
        mask(answer.as_bytes(), &fields).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn named_values_are_taken_out_and_all_others_stay_as_they_were() {
        let answer = r#"{"iban":"DE1","cards":[{"number":4111,"name":"R\u00e9x"},{"number":[1,2]}],"big":12345678901234567890.10,"a":null}"#;
        assert_eq!(
            masked(answer, &["/iban", "/cards/*/number"]).unwrap(),
            r#"{"iban":"••••","cards":[{"number":"••••","name":"R\u00e9x"},{"number":"••••"}],"big":12345678901234567890.10,"a":null}"#
        );
        assert_eq!(masked(r#"[{"k":1},{"k":2}]"#, &["/1/k"]).unwrap(), r#"[{"k":1},{"k":"••••"}]"#);
        assert_eq!(masked(r#"{"a":{"x":1,"y":{"z":2}}}"#, &["/a/*"]).unwrap(), r#"{"a":{"x":"••••","y":"••••"}}"#);
        assert_eq!(masked(r#"{"IBAN":1,"b":2}"#, &["/iban"]).unwrap(), r#"{"IBAN":"••••","b":2}"#);
        assert_eq!(masked(r#"{"a/b":1}"#, &["/a~1b"]).unwrap(), r#"{"a/b":"••••"}"#);
        assert_eq!(masked(" 7 ", &["/a"]).unwrap(), "7");
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_not_masked_but_refused() {
        for answer in [r#"{"iban":1,"iban":2}"#, "{", "", "<html>", r#"{"a":1} {"iban":2}"#] {
            assert_eq!(masked(answer, &["/iban"]), Err(Unreadable), "{answer}");
        }
    }

    #[test]
    fn a_pointer_names_a_part_of_an_answer() {
        for pointer in ["", "iban", "/"] {
            assert_eq!(MaskedField::parse(pointer), None, "{pointer}");
        }
        assert!(MaskedField::parse("/*").is_some());
    }

    proptest::proptest! {
        #[test]
        fn no_masked_value_is_left_anywhere(secret in "[a-z]{12}", depth in 0_usize..6) {
            let answer = format!("{}{{\"k\":\"{secret}\"}}{}", "[".repeat(depth), "]".repeat(depth));
            let pointer = format!("{}/k", "/*".repeat(depth));
            proptest::prop_assert!(!masked(&answer, &[&pointer]).unwrap().contains(&secret));
        }
    }
}

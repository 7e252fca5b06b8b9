//! Fields of JSON answers that nobody sees in a session unless their rule lets them be shown on a stated reason: their values are
//! taken out, and every other byte of a value stays as the portal sent it.

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
    /// Each of them may be shown for a while, on a stated reason. What does not say so is never shown.
    pub unmask: bool,
    pub why: Option<String>,
}

impl MaskRule {
    /// The field that is written so, if it may be shown.
    pub fn that_may_be_shown(&self, pointer: &str) -> Option<&MaskedField> {
        self.fields.iter().find(|field| self.unmask && field.pointer == pointer)
    }
}

/// A JSON pointer (RFC 6901) in which `*` stands for every item or member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskedField {
    /// As it was written.
    pointer: String,
    tokens: Vec<Token>,
}

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
        (pointer.len() > 1 && tokens.len() <= MAX_STEPS).then(|| Self { pointer: pointer.to_owned(), tokens })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.pointer
    }

    /// Whatever the other one names lies within what this one names.
    fn covers(&self, other: &Self) -> bool {
        let takes = |(own, other): (&Token, &Token)| match (own, other) {
            (Token::All, _) => true,
            (Token::Named(own), Token::Named(other)) => own.eq_ignore_ascii_case(other),
            (Token::Named(_), Token::All) => false,
        };
        self.tokens.len() <= other.tokens.len() && self.tokens.iter().zip(&other.tokens).all(takes)
    }
}

/// The rules by which something has to be taken out of the answer to a request.
///
/// Of every method: what a write answers is seen as well. `path` is in canonical form.
pub fn masks<'a>(path: &str, rules: &'a PortalRules) -> Vec<&'a MaskRule> {
    rules.masks.iter().filter(|mask| mask.path.is_perhaps(path)).collect()
}

/// The fields of some rules: what is taken out of an answer, and what is shown in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DividedFields<'a> {
    pub masked: Vec<&'a MaskedField>,
    /// With the rule that would mask it. What another rule takes out all the same is not here.
    pub shown: Vec<(&'a MaskRule, &'a MaskedField)>,
}

/// `is_asked_for` says which fields somebody has given a reason for. Only a rule that lets them be shown listens to it.
pub fn divide<'a>(masks: &[&'a MaskRule], is_asked_for: impl Fn(&MaskRule, &MaskedField) -> bool) -> DividedFields<'a> {
    let mut divided = DividedFields::default();
    for mask in masks.iter().copied() {
        for field in &mask.fields {
            if mask.unmask && is_asked_for(mask, field) {
                divided.shown.push((mask, field));
            } else {
                divided.masked.push(field);
            }
        }
    }
    let DividedFields { masked, shown } = &mut divided;
    shown.retain(|(_, field)| !masked.iter().any(|other| other.covers(field)));
    divided
}

/// The same answer without the values of `fields`.
///
/// # Errors
/// When it is no JSON, or names a thing twice: then nobody knows which of the two is seen.
pub fn mask(answer: &[u8], fields: &[&MaskedField]) -> Result<Vec<u8>, Unreadable> {
    let raw: &RawValue = serde_json::from_slice(answer).map_err(|_| Unreadable)?;
    let paths: Vec<&[Token]> = fields.iter().map(|field| field.tokens.as_slice()).collect();
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

    fn rule(id: &'static str, pointers: &[&str], unmask: bool) -> MaskRule {
        let fields = pointers.iter().map(|pointer| MaskedField::parse(pointer).unwrap()).collect();
        MaskRule { id: id.into(), path: PathPattern::parse("/bank").unwrap(), fields, unmask, why: None }
    }

    /// What is masked and what is shown when all of `asked` was asked for.
    fn divided(rules: &[MaskRule], asked: &[(&str, &str)]) -> (Vec<String>, Vec<(String, String)>) {
        let rules: Vec<&MaskRule> = rules.iter().collect();
        let divided = divide(&rules, |rule, field| asked.contains(&(rule.id.as_ref(), field.as_str())));
        let shown = divided.shown.iter().map(|(rule, field)| (rule.id.to_string(), field.as_str().to_owned()));
        (divided.masked.iter().map(|field| field.as_str().to_owned()).collect(), shown.collect())
    }

    #[test]
    fn one_field_is_shown_and_the_others_of_its_rule_stay_masked() {
        let rules = [rule("bank", &["/iban", "/cards/*/number"], true)];
        let (masked, shown) = divided(&rules, &[("bank", "/iban")]);
        assert_eq!((masked, shown), (vec!["/cards/*/number".into()], vec![("bank".into(), "/iban".into())]));
        assert_eq!(divided(&rules, &[("other", "/iban"), ("bank", "/IBAN"), ("bank", "/cards")]).1, []);
    }

    #[test]
    fn a_rule_that_does_not_say_so_shows_nothing() {
        let rules = [rule("bank", &["/iban"], false)];
        assert_eq!(divided(&rules, &[("bank", "/iban")]), (vec!["/iban".into()], vec![]));
        assert!(rules[0].that_may_be_shown("/iban").is_none());
        assert!(rule("bank", &["/iban"], true).that_may_be_shown("/iban").is_some());
        assert!(rule("bank", &["/iban"], true).that_may_be_shown("/IBAN").is_none());
    }

    #[test]
    fn what_another_rule_takes_out_all_the_same_does_not_count_as_shown() {
        for wider in ["/cards/*/number", "/Cards/*/number", "/cards/*", "/cards", "/*"] {
            let rules = [rule("numbers", &["/cards/*/number"], true), rule("wider", &[wider], false)];
            let (masked, shown) = divided(&rules, &[("numbers", "/cards/*/number")]);
            assert_eq!((masked, shown), (vec![wider.to_owned()], vec![]), "{wider}");
        }
        for other in ["/cards/0/number", "/cards/*/number/last", "/iban"] {
            let rules = [rule("numbers", &["/cards/*/number"], true), rule("other", &[other], false)];
            assert_eq!(divided(&rules, &[("numbers", "/cards/*/number")]).1.len(), 1, "{other}");
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

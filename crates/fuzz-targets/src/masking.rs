//! Answers of which fields are taken out.

use amberglass_domain::read_only::{MaskedField, mask as taken_out};
use serde_json::Value;

use crate::text::text_line;

const MASKED: &str = "\u{2022}\u{2022}\u{2022}\u{2022}";

/// The first line holds pointers, with blanks between; the rest is the answer. What comes out is JSON of the same shape, in which
/// what a pointer leads to is gone and everything else is as it was. It grows by no more than the marks themselves.
pub fn mask(data: &[u8]) {
    let Some((line, answer)) = text_line(data) else { return };
    let pointers: Vec<&str> = line.split(' ').filter(|pointer| MaskedField::parse(pointer).is_some()).collect();
    let fields: Vec<MaskedField> = pointers.iter().filter_map(|pointer| MaskedField::parse(pointer)).collect();
    let fields: Vec<&MaskedField> = fields.iter().collect();
    let Ok(masked) = taken_out(answer, &fields) else { return };
    // A value is a byte at least, and a mark fourteen.
    assert!(masked.len() <= answer.len().saturating_mul(14));
    assert_eq!(taken_out(&masked, &fields).as_ref(), Ok(&masked), "nothing is left to take out");
    // Other readers don't go as deep, or refuse numbers that are out of their range.
    let Ok(before) = serde_json::from_slice::<Value>(answer) else { return };
    let after: Value = serde_json::from_slice(&masked).expect("what comes out is JSON");
    let paths: Vec<Vec<String>> = pointers.iter().map(|pointer| steps(pointer)).collect();
    compare(&before, &after, &paths.iter().map(Vec::as_slice).collect::<Vec<_>>());
}

fn steps(pointer: &str) -> Vec<String> {
    // `*` stays itself: a name that is an asterisk is taken out as well.
    pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

fn compare(before: &Value, after: &Value, paths: &[&[String]]) {
    if paths.iter().any(|path| path.is_empty()) {
        assert_eq!(after, MASKED);
        return;
    }
    let below = |name: &str| -> Vec<&[String]> {
        let leads = |path: &&&[String]| path[0] == "*" || path[0].eq_ignore_ascii_case(name);
        paths.iter().filter(leads).map(|path| &path[1..]).collect()
    };
    match (before, after) {
        (Value::Array(items), Value::Array(others)) => {
            assert_eq!(items.len(), others.len());
            for (number, (item, other)) in items.iter().zip(others).enumerate() {
                compare(item, other, &below(&number.to_string()));
            }
        }
        (Value::Object(members), Value::Object(others)) => {
            assert!(members.keys().eq(others.keys()));
            for (name, member) in members {
                compare(member, &others[name], &below(name));
            }
        }
        (one, other) => assert_eq!(one, other, "what no pointer leads to stays"),
    }
}

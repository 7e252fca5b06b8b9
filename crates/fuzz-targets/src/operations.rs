//! Operations of GraphQL and JSON-RPC, beside a second reader that knows little and looks at the same text.

use std::sync::OnceLock;

use amberglass_domain::content::{FORM, JSON};
use amberglass_domain::read_only::{Content, JudgedRequest, PortalRules};
use amberglass_wire::session::Mode;
use serde_json::{Value, json};

use crate::decisions::{bare, decided, is_pass};

const RULES: &str = r#"
version = 1
absent = ["password", "mfa", "email-change", "account-deletion", "oauth-consent", "api-key", "legal-consent"]
[[graphql]]
id = "graphql"
path = "/graphql"
unsafe_queries = ["danger"]
[[json_rpc]]
id = "rpc"
path = "/rpc"
safe = ["get", "list"]
writes = ["put"]
"#;

fn rules() -> &'static PortalRules {
    static READ: OnceLock<PortalRules> = OnceLock::new();
    READ.get_or_init(|| PortalRules::parse(RULES).unwrap())
}

/// A document. What passes in read-only holds queries and fragments alone, asked for in each of the three ways.
pub fn graphql(data: &[u8]) {
    let Ok(document) = std::str::from_utf8(data) else { return };
    let as_json = json!({ "query": document }).to_string();
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("query", document);
    let form = form.finish();
    let post = |media_type, content| JudgedRequest {
        media_type: Some(media_type),
        content: Content::Read(content),
        ..bare("POST", "/graphql")
    };
    let ways = [
        post(JSON, as_json.as_bytes()),
        post(FORM, form.as_bytes()),
        JudgedRequest { query: Some(&form), ..bare("GET", "/graphql") },
    ];
    let passes = ways.map(|request| is_pass(&decided(&request, Mode::ReadOnly, rules())));
    assert!(passes.iter().all(|one| *one == passes[0]), "{passes:?}");
    if passes[0] {
        let begun = definitions(document);
        assert!(!begun.is_empty());
        assert!(begun.iter().all(|word| matches!(word.as_str(), "{" | "query" | "fragment")), "{begun:?}");
        assert!(begun.iter().any(|word| word != "fragment"), "nothing is asked for");
        // The one in the list is a field in no case of letters; elsewhere the word may stand for something else.
        let words = tokens(document);
        let is_first = |window: &[String]| window[0] == "{" && window[1].eq_ignore_ascii_case("danger");
        assert!(begun.len() > 1 || !words.windows(2).take(1).any(is_first), "a query that changes something");
    }
}

/// The first word of each definition: it stands where no bracket is open.
fn definitions(document: &str) -> Vec<String> {
    let (mut found, mut depth, mut begins) = (Vec::new(), 0_usize, true);
    for token in tokens(document) {
        if begins {
            found.push(token.clone());
            begins = false;
        }
        match token.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        begins |= depth == 0 && token == "}";
    }
    found
}

/// Words and signs, without strings and comments.
fn tokens(document: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = document;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("\"\"\"") {
            let mut end = 3;
            while !rest[end..].starts_with("\"\"\"") && end < rest.len() {
                let step = if rest[end..].starts_with("\\\"\"\"") {
                    4
                } else {
                    rest[end..].chars().next().map_or(1, char::len_utf8)
                };
                end += step;
            }
            (end + 3).min(rest.len())
        } else if first == '"' {
            let mut escaped = false;
            let end = rest[1..].char_indices().find(|(_, one)| {
                let ends = !escaped && *one == '"';
                escaped = !escaped && *one == '\\';
                ends
            });
            end.map_or(rest.len(), |(at, _)| at + 2)
        } else if first == '#' {
            rest.find(['\n', '\r']).unwrap_or(rest.len())
        } else if first.is_ascii_alphanumeric() || first == '_' {
            let is_word = |one: char| one.is_ascii_alphanumeric() || one == '_';
            let end = rest.find(|one| !is_word(one)).unwrap_or(rest.len());
            found.push(rest[..end].to_owned());
            end
        } else {
            if !first.is_whitespace() && first != ',' && first != '\u{feff}' {
                found.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    found
}

/// A call or a batch. What passes in read-only names methods that the rules call safe, and no others; in read-write, listed ones.
pub fn json_rpc(data: &[u8]) {
    let request = JudgedRequest { media_type: Some(JSON), content: Content::Read(data), ..bare("POST", "/rpc") };
    for (mode, allowed) in [(Mode::ReadOnly, ["get", "list"].as_slice()), (Mode::ReadWrite, &["get", "list", "put"])] {
        if !is_pass(&decided(&request, mode, rules())) {
            continue;
        }
        let value: Value = serde_json::from_slice(data).expect("what passes is JSON");
        let calls = value.as_array().map_or_else(|| std::slice::from_ref(&value), Vec::as_slice);
        assert!(!calls.is_empty());
        for call in calls {
            let method = call.get("method").and_then(Value::as_str).expect("each call names a method");
            assert!(allowed.contains(&method), "{method}");
        }
    }
}

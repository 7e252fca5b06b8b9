//! A write that the gateway blocked and kept: what exactly would be sent, what stands for it in a decision, and what whoever
//! decides sees of it.
//!
//! What could be read in more than one way is not read at all: whoever approves has to have seen what the portal will do.

use std::{fmt, ops::RangeInclusive};

use amberglass_wire::{
    elevation::{CannotAsk, FieldPlace, ShownWrite, WriteField},
    session::Mode,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    content::{self, Node, Unreadable, form_pairs, media_type},
    read_only::{
        Content, Decision, JudgedRequest, PortalRules, Upgrade, decide, is_form_token, may_be_asked_for, plain,
        query_overrides_method, rule,
    },
    signing::canonical,
};

/// Longest body that is kept: nobody reads more than this before they approve.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
const MAX_FIELDS: usize = 60;
/// In characters.
const MAX_VALUE: usize = 500;
const MAX_NAME: usize = 120;
/// Words of names whose values are shown to nobody.
const SECRET_NAMES: [&str; 6] = ["cvc", "cvv", "csc", "cardnumber", "ccnumber", "securitycode"];
/// A longer name of an operation is text.
const LONGEST_OPERATION: usize = 60;
/// Turn the direction of what stands around them, break the line, or are not seen at all: what Unicode calls
/// default ignorable, separators of lines and paragraphs, and marks of annotations.
const UNSEEN: [RangeInclusive<char>; 18] = [
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{61c}'..='\u{61c}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{200b}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{2800}'..='\u{2800}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fffb}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
];

/// All that goes to the portal but the session's identity and the cookies that the gateway keeps.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRequest {
    pub method: String,
    /// Path and query in the canonical form in which it was judged.
    pub target: String,
    /// As they would have been forwarded.
    pub headers: Vec<(String, String)>,
    /// Of the page itself.
    pub cookies: Vec<(String, String)>,
    #[serde(with = "base64_bytes")]
    pub body: Vec<u8>,
    /// The page that it came from: path and query.
    pub came_from: String,
    /// Random, hex: from the hash alone nobody can try out what was in it.
    pub salt: String,
}

/// It holds what a customer typed.
impl fmt::Debug for KeptRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeptRequest({})", self.method)
    }
}

impl KeptRequest {
    /// What stands for it in records and decisions: SHA-256, hex.
    pub fn sha256(&self) -> String {
        let Self { method, target, headers, cookies, body, came_from, salt } = self;
        let count = |pairs: &[(String, String)]| (pairs.len() as u64).to_be_bytes();
        let (header_count, cookie_count) = (count(headers), count(cookies));
        let mut fields: Vec<&[u8]> = vec![salt.as_bytes(), method.as_bytes(), target.as_bytes(), &header_count];
        fields.extend(headers.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]));
        fields.push(&cookie_count);
        fields.extend(cookies.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]));
        fields.extend([body.as_slice(), came_from.as_bytes()]);
        hex::encode(Sha256::digest(canonical("kept-request", &fields)))
    }

    /// # Errors
    /// Never for one that was made of text; the caller keeps nothing then.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// # Errors
    /// When they are not of one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// Without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// Whether it may be asked for, and sent once somebody has approved it. Asked when it is kept, and again before it goes.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self) -> Result<(), CannotAsk> {
        let fields = self.all_fields()?;
        let named = fields.iter().map(|(_, name, value)| (name.as_str(), value.as_str()));
        may_be_asked_for(&self.method, self.path(), self.query(), named)
            .map_err(|rule| if rule.starts_with("never-") { CannotAsk::NeverList } else { CannotAsk::NotReadable })
    }

    /// Whether, by these rules, nothing but the mode blocks it: rules may have changed since it was kept.
    pub fn is_blocked_by_the_mode_alone(&self, rules: &PortalRules) -> bool {
        let mut types = self.header("content-type");
        let media_type = match (types.next(), types.next()) {
            (Some(only), None) if self.header("content-encoding").next().is_none() => media_type(only),
            (Some(_) | None, _) => None,
        };
        let judged = JudgedRequest {
            method: &self.method,
            path: self.path(),
            query: self.query(),
            media_type: media_type.as_deref(),
            // Never kept: nobody could read it before they approve.
            boundary: None,
            content: if self.body.is_empty() { Content::Nothing } else { Content::Read(&self.body) },
            upgrade: Upgrade::Nothing,
            overrides_method: self.query().is_some_and(query_overrides_method),
        };
        match decide(&judged, Mode::ReadOnly, rules) {
            Decision::Pass { .. } => true,
            Decision::Block { rule } => rule::is_the_mode(&rule),
            Decision::ReadContent => false,
        }
    }

    /// What the request calls itself. It goes on record, so what a customer may have typed is none.
    pub fn operation(&self) -> Option<String> {
        let fields = self.all_fields().ok()?;
        let named = |wanted: &str| {
            let found = fields.iter().find(|(_, name, value)| name.eq_ignore_ascii_case(wanted) && is_name(value));
            found.map(|(_, _, value)| value.clone())
        };
        ["operationName", "method", "operation", "action"].into_iter().find_map(named)
    }

    /// For whoever decides about it.
    ///
    /// # Errors
    /// When it cannot be read unmistakably.
    pub fn shown(&self) -> Result<ShownWrite, CannotAsk> {
        let all = self.all_fields()?;
        let left_out = u32::try_from(all.len().saturating_sub(MAX_FIELDS)).unwrap_or(u32::MAX);
        let fields = all.into_iter().take(MAX_FIELDS).map(|(place, name, value)| {
            let masked = is_form_token(&name) || is_secret(&name);
            let (value, cut) = if masked { (String::new(), false) } else { shown_text(&value, MAX_VALUE) };
            WriteField { place, name: shown_text(&name, MAX_NAME).0, value, masked, cut }
        });
        let fields = fields.collect();
        Ok(ShownWrite { path: shown_text(self.path(), MAX_VALUE).0, fields, left_out })
    }

    /// Path and names are shown whole or not at all: what is cut from a value is marked as cut.
    fn all_fields(&self) -> Result<Vec<(FieldPlace, String, String)>, CannotAsk> {
        let fields = self.read_fields()?;
        let is_longer = |text: &str, longest| text.chars().nth(longest).is_some();
        if is_longer(self.path(), MAX_VALUE) || fields.iter().any(|(_, name, _)| is_longer(name, MAX_NAME)) {
            return Err(CannotAsk::NotReadable);
        }
        Ok(fields)
    }

    fn read_fields(&self) -> Result<Vec<(FieldPlace, String, String)>, CannotAsk> {
        let mut fields = Vec::new();
        for (name, value) in pairs(self.query().unwrap_or_default().as_bytes())? {
            fields.push((FieldPlace::Query, name, value));
        }
        if self.body.is_empty() {
            return Ok(fields);
        }
        // Packed, it says nothing to anybody who reads it.
        if self.header("content-encoding").next().is_some() {
            return Err(CannotAsk::NotReadable);
        }
        let mut types = self.header("content-type");
        let (Some(content_type), None) = (types.next(), types.next()) else { return Err(CannotAsk::NotReadable) };
        let found = match media_type(content_type).ok_or(CannotAsk::NotReadable)?.as_str() {
            content::FORM => pairs(&self.body)?,
            content::JSON => json_fields(&self.body)?,
            _ => return Err(CannotAsk::NotReadable),
        };
        fields.extend(found.into_iter().map(|(name, value)| (FieldPlace::Body, name, value)));
        Ok(fields)
    }

    fn header<'a>(&'a self, wanted: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.headers.iter().filter(move |(name, _)| name.eq_ignore_ascii_case(wanted));
        named.map(|(_, value)| value.as_str())
    }
}

fn is_secret(name: &str) -> bool {
    let plain = plain(name);
    SECRET_NAMES.iter().any(|secret| plain.contains(secret))
}

/// As programs name things.
fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b':');
    (1..=LONGEST_OPERATION).contains(&text.len()) && text.bytes().all(is_part)
}

/// What nobody sees, or what turns the rest around, is spelled out. True where it was cut.
fn shown_text(text: &str, longest: usize) -> (String, bool) {
    let mut shown = String::new();
    for (count, character) in text.chars().enumerate() {
        if count >= longest {
            return (shown, true);
        }
        if (character.is_control() && character != '\n') || UNSEEN.iter().any(|some| some.contains(&character)) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    (shown, false)
}

/// The leaves of one object, each with the way to it. A list of several requests is not one write.
fn json_fields(body: &[u8]) -> Result<Vec<(String, String)>, CannotAsk> {
    match Node::parse(body) {
        Ok(node @ Node::Map(_)) => node.leaves().map_err(|Unreadable| CannotAsk::NotReadable),
        Ok(Node::Text(_) | Node::Literal(_) | Node::List(_)) | Err(Unreadable) => Err(CannotAsk::NotReadable),
    }
}

fn pairs(text: &[u8]) -> Result<Vec<(String, String)>, CannotAsk> {
    form_pairs(text).map_err(|Unreadable| CannotAsk::NotReadable)
}

mod base64_bytes {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(content_type: &str, body: &str) -> KeptRequest {
        KeptRequest {
            method: "POST".into(),
            target: "/appointments?pet=7".into(),
            headers: vec![("content-type".into(), content_type.into())],
            cookies: vec![("theme".into(), "dark".into())],
            body: body.as_bytes().to_vec(),
            came_from: "/appointments/new".into(),
            salt: "00".repeat(16),
        }
    }

    fn form(body: &str) -> KeptRequest {
        kept("application/x-www-form-urlencoded; charset=UTF-8", body)
    }

    fn json(body: &str) -> KeptRequest {
        kept("application/json", body)
    }

    fn fields(request: &KeptRequest) -> Vec<(String, String)> {
        request.shown().unwrap().fields.into_iter().map(|field| (field.name, field.value)).collect()
    }

    #[test]
    fn whoever_decides_sees_every_field_with_its_value() {
        let form = form("day=Monday+9%3A00&note=Caf%C3%A9&day=Tuesday&_csrf=abc&empty=");
        assert_eq!(form.check(), Ok(()));
        let expected =
            [("pet", "7"), ("day", "Monday 9:00"), ("note", "Café"), ("day", "Tuesday"), ("_csrf", ""), ("empty", "")];
        assert_eq!(fields(&form), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let masked: Vec<bool> = form.shown().unwrap().fields.iter().map(|field| field.masked).collect();
        assert_eq!(masked, [false, false, false, false, true, false]);
        let json = json(r#"{"pet":{"id":3,"names":["Rex","R"]},"gone":null,"all":[],"sure":true}"#);
        assert_eq!(json.check(), Ok(()));
        let expected = [
            ("pet", "7"),
            ("pet.id", "3"),
            ("pet.names[0]", "Rex"),
            ("pet.names[1]", "R"),
            ("gone", "null"),
            ("all", "[]"),
            ("sure", "true"),
        ];
        assert_eq!(fields(&json), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_is_not_shown_is_said() {
        let many: String = (0..70).map(|number| format!("f{number}={}&", "x".repeat(600))).collect();
        let shown = form(many.trim_end_matches('&')).shown().unwrap();
        assert_eq!((shown.fields.len(), shown.left_out), (60, 11));
        assert!(shown.fields.iter().skip(1).all(|field| field.cut && field.value.len() == 500));
    }

    #[test]
    fn what_turns_the_words_around_is_spelled_out() {
        let request = form("to=Jane%E2%80%AEnhoJ%00%0Anext");
        assert_eq!(fields(&request)[1].1, "Jane\\u{202e}nhoJ\\u{0}\nnext");
    }

    #[test]
    fn what_nobody_sees_is_spelled_out() {
        let unseen = [
            0xad, 0x34f, 0x61c, 0x115f, 0x17b4, 0x180e, 0x200b, 0x200d, 0x2028, 0x2029, 0x2060, 0x2061, 0x2064, 0x206f,
            0x2800, 0x3164, 0xfe00, 0xfe0f, 0xfeff, 0xffa0, 0xfff9, 0x1d173, 0xe0000, 0xe0041, 0xe0fff,
        ];
        for code in unseen {
            let character = char::from_u32(code).unwrap();
            let body = serde_json::json!({ "to": format!("a{character}b") }).to_string();
            assert_eq!(fields(&json(&body))[1].1, format!("a\\u{{{code:x}}}b"));
        }
        assert_eq!(fields(&json(r#"{"to":"Zoë 日本 – ☕"}"#))[1].1, "Zoë 日本 – ☕");
    }

    #[test]
    fn numbers_are_shown_as_they_stand() {
        let text = r#"{"a":9007199254740993.0,"b":[1,-2.50,1E+2,{"c":123456789012345678901234567890}],"d":"7\"8,9","e":0.1,"5":[]}"#;
        let expected = [
            ("a", "9007199254740993.0"),
            ("b[0]", "1"),
            ("b[1]", "-2.50"),
            ("b[2]", "1E+2"),
            ("b[3].c", "123456789012345678901234567890"),
            ("d", "7\"8,9"),
            ("e", "0.1"),
            ("5", "[]"),
        ];
        assert_eq!(fields(&json(text))[1..], expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_path_or_a_name_is_shown_whole_or_not_at_all() {
        for (length, expected) in [(120, Ok(())), (121, Err(CannotAsk::NotReadable))] {
            assert_eq!(form(&format!("{}=1", "n".repeat(length))).check(), expected, "{length}");
        }
        for (length, expected) in [(500, Ok(())), (501, Err(CannotAsk::NotReadable))] {
            let mut request = form("a=1");
            request.target = format!("/{}?a=1", "p".repeat(length - 1));
            assert_eq!(request.check(), expected, "{length}");
            assert_eq!(request.shown().map(|shown| shown.path.len()), expected.map(|()| 500));
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not_read() {
        let table = [
            form("a=1;b=2"),
            form("a=%FF"),
            kept("application/x-www-form-urlencoded; charset=utf-16", "a=1"),
            kept("multipart/form-data; boundary=x", "--x--"),
            kept("text/plain", "{}"),
            json(r#"{"amount":1,"amount":1000}"#),
            json(r#"{"amount":1,"Amount":1000}"#),
            json(r#"[{"amount":1}]"#),
            json("{"),
            json("null"),
        ];
        for request in table {
            assert_eq!(request.check(), Err(CannotAsk::NotReadable), "{:?}", String::from_utf8_lossy(&request.body));
        }
        let mut packed = json("{}");
        packed.headers.push(("Content-Encoding".into(), "gzip".into()));
        assert_eq!(packed.check(), Err(CannotAsk::NotReadable));
        let mut two = json("{}");
        two.headers.push(("Content-Type".into(), "application/x-www-form-urlencoded".into()));
        assert_eq!(two.check(), Err(CannotAsk::NotReadable));
        let mut untyped = json("{}");
        untyped.headers.clear();
        assert_eq!(untyped.check(), Err(CannotAsk::NotReadable));
    }

    #[test]
    fn what_never_happens_is_found_in_fields_too() {
        assert_eq!(form("new_password=x").check(), Err(CannotAsk::NeverList));
        assert_eq!(json(r#"{"profile":{"email":"x"}}"#).check(), Err(CannotAsk::NeverList));
        assert_eq!(form("_method=DELETE").check(), Err(CannotAsk::NotReadable));
        let mut path = form("a=1");
        path.target = "/account/password".into();
        assert_eq!(path.check(), Err(CannotAsk::NeverList));
    }

    #[test]
    fn what_a_portal_s_rules_forbid_by_now_is_not_only_the_mode() {
        let request = form("day=Monday");
        assert!(request.is_blocked_by_the_mode_alone(&PortalRules::default()));
        let forbidden = "version = 1\n[[never]]\nid = \"never-mondays\"\ncategory = \"mfa\"\npath = \"/appointments\"\nbody = { day = \"Monday\" }";
        assert!(!request.is_blocked_by_the_mode_alone(&PortalRules::parse(forbidden).unwrap()));
        assert!(form("day=Tuesday").is_blocked_by_the_mode_alone(&PortalRules::parse(forbidden).unwrap()));
    }

    #[test]
    fn the_hash_stands_for_every_byte() {
        let request = form("day=Monday");
        type Change = fn(&mut KeptRequest);
        let changes: [Change; 8] = [
            |one| one.method = "PUT".into(),
            |one| one.target.push('1'),
            |one| one.headers.push(("x-a".into(), "b".into())),
            |one| one.cookies[0].1.push('x'),
            |one| one.body.push(b'x'),
            |one| one.came_from.push('x'),
            |one| one.salt = "11".repeat(16),
            // From one list into the other.
            |one| one.headers.append(&mut one.cookies),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut changed = request.clone();
            change(&mut changed);
            assert_ne!(changed.sha256(), request.sha256(), "{number}");
        }
        let again = KeptRequest::from_bytes(&request.to_bytes().unwrap()).unwrap();
        assert_eq!(again, request);
        assert_eq!(again.sha256(), request.sha256());
    }

    #[test]
    fn a_request_says_what_it_calls_itself() {
        assert_eq!(
            json(r#"{"operationName":"MovePet","query":"mutation MovePet { x }"}"#).operation().as_deref(),
            Some("MovePet")
        );
        assert_eq!(form("action=cancel").operation().as_deref(), Some("cancel"));
        assert_eq!(form("a=1").operation(), None);
        // Nor what a person may have typed.
        for text in ["Move%20Rex", "jane%40example.com", "caf%C3%A9", ""] {
            assert_eq!(form(&format!("action={text}")).operation(), None, "{text}");
        }
        assert_eq!(form(&format!("action={}", "x".repeat(61))).operation(), None);
        assert_eq!(
            form("action=Move+Rex&operation=pets:move_one.v2-b").operation().as_deref(),
            Some("pets:move_one.v2-b")
        );
    }
}

//! What a portal's rules may have wrong, told from traffic as it comes: nothing is ever sent again to find out.
//!
//! A guess is worth a look by the portal's owner, and no more: nothing is decided by it.

use std::fmt;

use super::never_list;
use crate::redaction::is_token_like;

/// Words of paths and fields that do something, in reads that pass.
const DOING: &[&str] = &[
    "accept",
    "activate",
    "add",
    "approve",
    "archive",
    "book",
    "buy",
    "cancel",
    "claim",
    "clear",
    "close",
    "confirm",
    "create",
    "decline",
    "delete",
    "disable",
    "dismiss",
    "enable",
    "execute",
    "generate",
    "join",
    "leave",
    "like",
    "logout",
    "mark",
    "merge",
    "move",
    "open",
    "order",
    "pay",
    "pin",
    "publish",
    "reject",
    "remove",
    "renew",
    "reset",
    "resend",
    "restore",
    "revoke",
    "run",
    "save",
    "send",
    "set",
    "signout",
    "start",
    "stop",
    "submit",
    "subscribe",
    "switch",
    "toggle",
    "trigger",
    "unlink",
    "unlock",
    "unsubscribe",
    "update",
    "upgrade",
    "upload",
    "vote",
    "withdraw",
];
/// Fields that say what is to be done.
const COMMANDS: &[&str] = &["action", "cmd", "command", "do", "op", "task"];
/// Words of paths that only look, in writes that were blocked.
const LOOKING: &[&str] = &[
    "aggregate",
    "autocomplete",
    "availability",
    "batchget",
    "calculate",
    "check",
    "count",
    "estimate",
    "fetch",
    "filter",
    "find",
    "get",
    "graphql",
    "list",
    "load",
    "lookup",
    "preview",
    "query",
    "quote",
    "read",
    "report",
    "search",
    "select",
    "show",
    "stats",
    "suggest",
    "summary",
    "validate",
    "view",
];
/// Longest path of a finding.
const MAX_PATH: usize = 200;
const MAX_WORD: usize = 30;
/// Large letters in a row, as in `getPDF`: more of them are a code or a shouted name.
const MOST_LARGE: usize = 3;
/// Letters of a name that is looked for within a longer word: shorter ones are in many words.
const LEAST_WITHIN: usize = 4;
/// What follows the dot of a route; another dot stands in names, as in the beginning of an address for mail.
const EXTENSIONS: &[&str] = &[
    "action", "asmx", "asp", "aspx", "cgi", "csv", "do", "htm", "html", "js", "json", "jsp", "pdf", "php", "svc", "xml",
];

/// What a finding says about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Suspicion {
    /// A read that passed and may have changed something.
    ReadChanges,
    /// A write that was blocked and may only read.
    WriteReads,
}

impl Suspicion {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadChanges => "read_changes",
            Self::WriteReads => "write_reads",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::ReadChanges, Self::WriteReads].into_iter().find(|one| one.as_str() == text)
    }
}

/// Why something is suspected, as an owner reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sign {
    /// One of our own words, never one of the page's.
    Word(&'static str),
    /// A status that a portal gives to something that was done (RFC 9110, 15.3).
    Status(u16),
    SetsCookie,
    /// It leads back to where its path lies, as after something was done (RFC 9110, 15.4.4).
    LeadsBack,
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => write!(f, "`{word}` in its address"),
            Self::Status(status) => write!(f, "answered {status}"),
            Self::SetsCookie => f.write_str("sets a cookie that stays at the server"),
            Self::LeadsBack => f.write_str("leads back to a page above it"),
        }
    }
}

/// How a portal has answered a read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answered<'a> {
    pub status: u16,
    /// A cookie that scripts may not read.
    pub sets_kept_cookie: bool,
    /// Path of `Location` at the portal itself.
    pub location: Option<&'a str>,
}

/// Why a read that has passed may have changed something; nothing where it looks like a read. A word alone is no sign in a page's
/// address: pages about orders are pages.
pub fn signs_of_change(path: &str, query: Option<&str>, answered: Answered<'_>) -> Vec<Sign> {
    let mut signs = Vec::new();
    if matches!(answered.status, 201 | 202 | 204 | 205) {
        signs.push(Sign::Status(answered.status));
    }
    if answered.sets_kept_cookie {
        signs.push(Sign::SetsCookie);
    }
    let leads_back = answered.location.is_some_and(|location| {
        let location = location.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
        path.strip_prefix(location).is_some_and(|rest| rest.starts_with('/') && rest.len() > 1)
    });
    if leads_back && matches!(answered.status, 302 | 303) {
        signs.push(Sign::LeadsBack);
    }
    let last = path.rsplit('/').find(|segment| !segment.is_empty()).unwrap_or_default();
    let word = word_in(last, DOING);
    // What is commanded by name is enough; a word at the end of a path only with a sign of the answer.
    if let Some((_, word)) = command(query).filter(|_| (200..400).contains(&answered.status)) {
        signs.push(Sign::Word(word));
    } else if let (Some(word), false) = (word, signs.is_empty()) {
        signs.push(Sign::Word(word));
    }
    // Signing in at the first page sets a cookie: alone it says too little.
    if signs == [Sign::SetsCookie] { Vec::new() } else { signs }
}

/// What a query commands, in words of ours alone: the field's name and what is to be done.
pub fn command(query: Option<&str>) -> Option<(&'static str, &'static str)> {
    query.unwrap_or_default().split('&').find_map(|field| {
        let (name, value) = field.split_once('=')?;
        let name = COMMANDS.iter().find(|known| **known == name)?;
        Some((*name, word_in(value, DOING)?))
    })
}

/// Why a write that the mode has blocked may only read.
pub fn signs_of_reading(method: &str, path: &str) -> Vec<Sign> {
    if method != "POST" {
        return Vec::new();
    }
    path.rsplit('/').take(2).find_map(|segment| word_in(segment, LOOKING)).map(Sign::Word).into_iter().collect()
}

fn word_in(text: &str, list: &'static [&'static str]) -> Option<&'static str> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    let mut words = never_list::words(&decoded).into_iter();
    words.find_map(|word| list.iter().find(|known| **known == word)).copied()
}

/// A path as a rule would name it: what tells one thing from another, and what may be somebody's name, becomes `{id}`; `names` are
/// those of whom the session is about. Nothing for what is too long or has no such form, and for what has no word of its own left.
pub fn shape(path: &str, names: &[&str]) -> Option<String> {
    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    // Where the first word of a portal's own begins with a capital letter, all do.
    let first = segments.iter().find(|segment| !is_general(segment));
    let has_capitals = first.is_some_and(|first| first.starts_with(|letter: char| letter.is_ascii_uppercase()));
    let names: Vec<String> = names.iter().flat_map(|name| never_list::words(name)).collect();
    let is_id = |segment: &str| is_id(segment, has_capitals) || is_named(segment, &names);
    let has_word = segments.iter().any(|segment| !segment.is_empty() && !is_id(segment));
    if !has_word && segments.iter().any(|segment| is_id(segment)) {
        return None;
    }
    let shape: String =
        segments.iter().map(|segment| format!("/{}", if is_id(segment) { "{id}" } else { segment })).collect();
    (shape.len() <= MAX_PATH && super::PathPattern::parse(&shape).is_ok()).then_some(shape)
}

/// Before a portal's own words: `/api/v2`.
fn is_general(segment: &str) -> bool {
    let is_version =
        segment.len() <= 3 && segment.strip_prefix('v').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    is_version || segment.eq_ignore_ascii_case("api")
}

/// Anything that is no plain word: with a digit or an encoded character, longer than words are, what is taken out of records, and
/// letters that are large where a route's are small. A name in small letters can't be told from a word.
fn is_id(segment: &str, has_capitals: bool) -> bool {
    if segment.is_empty() || is_general(segment) {
        return false;
    }
    let is_part = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_' | b'.');
    if segment.len() > MAX_WORD || !segment.bytes().all(is_part) || is_token_like(segment) {
        return true;
    }
    let (stem, extension) = segment.split_once('.').unwrap_or((segment, ""));
    if !extension.is_empty() && !EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str()) {
        return true;
    }
    let is_large = |letter: char| letter.is_ascii_uppercase();
    let is_abbreviated = stem.split(|letter| !is_large(letter)).any(|large| large.len() > MOST_LARGE);
    // `Jane_Doe` is no route; `JaneDoe` may be one where all are written like it.
    let is_titled = stem.split(['-', '_']).skip(1).any(|piece| piece.starts_with(is_large));
    let stands_out = stem.starts_with(is_large) && !has_capitals && word_in(stem, LOOKING).is_none();
    is_abbreviated || is_titled || stands_out
}

/// By the whole of a name's word, or around a longer one: `jane`, `jane-doe`, `janedoe`.
fn is_named(segment: &str, names: &[String]) -> bool {
    let words = never_list::words(segment);
    let plain = words.concat();
    names
        .iter()
        .filter(|name| name.chars().count() > 1)
        .any(|name| words.contains(name) || (name.chars().count() >= LEAST_WITHIN && plain.contains(name.as_str())))
}

/// A rule to paste, once its owner has looked. `path` is a [`shape`].
pub fn rule(suspicion: Suspicion, method: &str, path: &str) -> String {
    let (path, command) = path.split_once('?').map_or((path, None), |(path, command)| (path, command.split_once('=')));
    let words = path.split('/').filter(|segment| !segment.is_empty() && *segment != "{id}");
    let id: Vec<String> = words.map(|word| word.to_ascii_lowercase().replace(['.', '_'], "-")).collect();
    let id: String = id.join("-").chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(50).collect();
    let id = match id.as_str() {
        "" => "start-page".to_owned(),
        taken if ["never", "path-", "target-"].iter().any(|prefix| taken.starts_with(prefix)) => format!("at-{taken}"),
        _ => id,
    };
    let query = command.map(|(name, word)| format!("\nquery = {{ {name} = \"{word}\" }}")).unwrap_or_default();
    match suspicion {
        Suspicion::ReadChanges => format!("[[unsafe_read]]\nid = \"{id}\"\npath = \"{path}\"{query}"),
        Suspicion::WriteReads => format!("[[safe_write]]\nid = \"{id}\"\nmethod = \"{method}\"\npath = \"{path}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_only::PortalRules;

    fn change(target: &str, status: u16, location: Option<&str>) -> Vec<String> {
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let answered = Answered { status, sets_kept_cookie: false, location };
        signs_of_change(path, query, answered).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn reads_that_answer_like_changes_are_suspected() {
        let back = "leads back to a page above it";
        assert_eq!(change("/messages/7/open", 303, Some("/messages/7")), [back, "`open` in its address"]);
        assert_eq!(change("/pets/7/feed", 302, Some("/pets")), [back]);
        assert_eq!(change("/ping", 204, None), ["answered 204"]);
        assert_eq!(change("/pets?do=delete&id=7", 200, None), ["`delete` in its address"]);
        let both = Answered { status: 302, sets_kept_cookie: true, location: Some("/") };
        assert_eq!(signs_of_change("/logout", None, both).len(), 3);
    }

    #[test]
    fn pages_are_not() {
        for (target, status, location) in [
            ("/orders", 200, None),
            ("/orders/open", 200, None),
            ("/account?tab=delete", 200, None),
            ("/pets?action=show", 200, None),
            ("/pets", 302, Some("/pets/")),
            ("/account", 302, Some("/sign-in")),
            ("/pets/7", 301, Some("/pets")),
            ("/pets/7", 404, None),
            ("/pets?do=delete", 404, None),
        ] {
            assert_eq!(change(target, status, location), Vec::<String>::new(), "{target}");
        }
        let first = Answered { status: 200, sets_kept_cookie: true, location: None };
        assert!(signs_of_change("/", None, first).is_empty());
    }

    #[test]
    fn blocked_writes_that_sound_like_reads_are_suspected() {
        for path in ["/api/appointments/search", "/search", "/getInvoices", "/api/search/pets", "/price_quote"] {
            assert!(!signs_of_reading("POST", path).is_empty(), "{path}");
        }
        for path in ["/appointments", "/api/searching", "/"] {
            assert!(signs_of_reading("POST", path).is_empty(), "{path}");
        }
        assert!(signs_of_reading("DELETE", "/search").is_empty());
    }

    #[test]
    fn a_shape_names_no_single_thing() {
        let table = [
            ("/messages/7/open", Some("/messages/{id}/open")),
            ("/customers/jane%40example.com", Some("/customers/{id}")),
            ("/customers/jane@example.com", Some("/customers/{id}")),
            ("/a/6f1c2e4a-aaaa-bbbb", Some("/a/{id}")),
            ("/a/deadbeefcafebabe", Some("/a/{id}")),
            ("/a/dQwXgAcQdQwWgXcQxyzA", Some("/a/{id}")),
            ("/api/v2/pets", Some("/api/v2/pets")),
            ("/a/abcdefghijklmnopqrstuvwxyzabcdef", Some("/a/{id}")),
            ("/a/b;jsessionid=x/c", Some("/a/{id}/c")),
            ("/", Some("/")),
            ("", None),
            // A rule of placeholders alone would speak of everything.
            ("/7", None),
            ("/7/8/", None),
        ];
        for (path, expected) in table {
            assert_eq!(shape(path, &[]).as_deref(), expected, "{path}");
        }
        assert_eq!(shape(&"/ab".repeat(100), &[]), None);
    }

    #[test]
    fn a_shape_names_nobody() {
        let table = [
            // Large letters, beyond what the other words of the route have.
            ("/pets/Jane", "/pets/{id}"),
            ("/pets/Jane/open", "/pets/{id}/open"),
            ("/api/owners/JaneDoe/search", "/api/owners/{id}/search"),
            ("/Owners/Jane-Doe", "/Owners/{id}"),
            ("/owners/jane_Doe", "/owners/{id}"),
            ("/owners/DOEJ", "/owners/{id}"),
            ("/owners/jane.doe", "/owners/{id}"),
            // As routes are written.
            ("/Account/Manage", "/Account/Manage"),
            ("/api/Account/PriceQuote", "/api/Account/PriceQuote"),
            ("/getInvoices", "/getInvoices"),
            ("/pets/getPDF", "/pets/getPDF"),
            ("/pets/Search", "/pets/Search"),
            ("/price_quote.json", "/price_quote.json"),
        ];
        for (path, expected) in table {
            assert_eq!(shape(path, &[]).as_deref(), Some(expected), "{path}");
        }
        // Those of whom the session is about, in any letters.
        for path in ["/u/jane", "/u/jane-doe", "/u/doe", "/u/janedoe", "/u/the-janes", "/u/li", "/u/cu-kx"] {
            assert_eq!(shape(path, &["Jane Doe", "Li", "cu-kx"]).as_deref(), Some("/u/{id}"), "{path}");
        }
        assert_eq!(shape("/doer/list", &["Jane Doe", "Li"]).as_deref(), Some("/doer/list"));
    }

    #[test]
    fn the_rule_to_paste_is_one() {
        for (suspicion, path) in [
            (Suspicion::ReadChanges, "/messages/{id}/open"),
            (Suspicion::WriteReads, "/api/v2/Price_Quote.json/search"),
            (Suspicion::ReadChanges, "/"),
            (Suspicion::ReadChanges, "/pets?do=delete"),
            (Suspicion::ReadChanges, "/never/mind"),
        ] {
            let text = format!("version = 1\n{}", rule(suspicion, "POST", path));
            assert_eq!(PortalRules::parse(&text).unwrap().count(), 1, "{text}");
        }
    }
}

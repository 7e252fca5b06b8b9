//! One rule about requests: by method, path, query, content type and fields of the content.
//!
//! A rule that lets something pass is compared exactly; one that blocks is compared as the most lenient portal would read the
//! request.

use std::borrow::Cow;

use super::{
    one_write::{names_another_method, plain},
    path_pattern::PathPattern,
    request::{Content, JudgedRequest, Meaning, NoMeaning},
};
use crate::content::Node;

/// Stable id of a rule: of one that is built in, or of one of a portal's own.
pub type RuleId = Cow<'static, str>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRule {
    pub id: RuleId,
    pub methods: Vec<String>,
    pub path: PathPattern,
    pub query: Vec<FieldCondition>,
    /// Nothing for plain forms and JSON.
    pub content_type: Option<String>,
    /// Names of form fields, or JSON pointers (RFC 6901).
    pub body: Vec<FieldCondition>,
    /// Why it is there, for whoever asks.
    pub why: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldCondition {
    pub name: String,
    /// One of these; any value where it is empty.
    pub values: Vec<String>,
}

/// Whether a rule speaks of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Applies {
    Yes,
    No,
    /// That is in the content, which nobody has read yet.
    NeedsContent,
}

impl RequestRule {
    /// For what passes. Query fields that the rule does not name, content of another type, and content that has more than one
    /// meaning keep it from applying.
    pub(super) fn is_exactly(&self, request: &JudgedRequest<'_>) -> Applies {
        if !self.methods.iter().any(|method| method == request.method) || !self.path.is_exactly(request.path) {
            return Applies::No;
        }
        let Ok(query) = request.query_pairs() else { return Applies::No };
        let is_named = |name: &String| self.query.iter().any(|condition| condition.name == *name);
        if !query.iter().all(|(name, _)| is_named(name)) || !self.query.iter().all(|one| one.holds_once(&query)) {
            return Applies::No;
        }
        if request.content == Content::Nothing {
            return if self.body.is_empty() { Applies::Yes } else { Applies::No };
        }
        if let Some(wanted) = &self.content_type
            && request.media_type != Some(wanted)
        {
            return Applies::No;
        }
        if self.content_type.is_some() && !request.is_form_or_json() && !request.is_multipart() {
            // Named for what it is: its owner knows that nobody looks into it.
            return if request.content == Content::NotToBeHad { Applies::No } else { Applies::Yes };
        }
        if self.content_type.is_none() && !request.is_form_or_json() {
            return Applies::No;
        }
        let meaning = match request.meaning() {
            Ok(meaning) => meaning,
            Err(NoMeaning::Unread) => return Applies::NeedsContent,
            Err(NoMeaning::Unreadable) => return Applies::No,
        };
        // A portal may take a field from the content where the rule has looked at it in the query.
        let is_in_query = |name: &str| self.query.iter().any(|one| alike(&one.name, name));
        if meaning.names().into_iter().any(names_another_method) || meaning.outer_names().into_iter().any(is_in_query) {
            return Applies::No;
        }
        let holds = match &meaning {
            Meaning::Form(pairs) => self.body.iter().all(|one| !one.is_pointer() && one.holds_once(pairs)),
            Meaning::Json(node, _) => self.body.iter().all(|one| one.holds_at(node)),
        };
        if holds { Applies::Yes } else { Applies::No }
    }

    /// For what is blocked. Without methods it speaks of all of them; content that can't be read is taken for the worst.
    pub(super) fn is_perhaps(&self, request: &JudgedRequest<'_>) -> Applies {
        // What HEAD does to the portal is what GET does.
        let method = if request.method == "HEAD" { "GET" } else { request.method };
        let is_meant = self.methods.is_empty() || self.methods.iter().any(|one| one == method);
        // The path first: queries may be long.
        if !is_meant || !self.path.is_perhaps(request.path) {
            return Applies::No;
        }
        if !self.query.is_empty() {
            let query = request.query_perhaps();
            if !self.query.iter().all(|one| one.is_among(&query)) {
                return Applies::No;
            }
        }
        if self.body.is_empty() {
            return Applies::Yes;
        }
        if request.content == Content::Nothing {
            return Applies::No;
        }
        match request.meaning() {
            Err(NoMeaning::Unread) => Applies::NeedsContent,
            Err(NoMeaning::Unreadable) => Applies::Yes,
            Ok(meaning) => {
                if self.body.iter().all(|one| one.is_among(meaning.fields())) {
                    Applies::Yes
                } else {
                    Applies::No
                }
            }
        }
    }
}

impl FieldCondition {
    fn takes(&self, value: &str) -> bool {
        self.values.is_empty() || self.values.iter().any(|one| one == value)
    }

    pub(super) fn is_pointer(&self) -> bool {
        self.name.starts_with('/')
    }

    /// The field is there once, by this name and no other that some portal would take for it. One that may have any value may
    /// also be missing, or stand there several times.
    fn holds_once(&self, pairs: &[(String, String)]) -> bool {
        if self.values.is_empty() {
            return true;
        }
        let mut found = pairs.iter().filter(|(name, _)| alike(name, &self.name));
        match (found.next(), found.next()) {
            (Some((name, value)), None) => *name == self.name && self.takes(value),
            (Some(_) | None, _) => false,
        }
    }

    pub(super) fn holds_at(&self, node: &Node) -> bool {
        self.values.is_empty()
            || node.at_alone(&self.name, alike).and_then(Node::value).is_some_and(|value| self.takes(value))
    }

    /// By any name that some portal would take for it, alone, in a list, or within something else.
    fn is_among(&self, fields: &[(String, String)]) -> bool {
        let own = steps(&self.name);
        fields.iter().any(|(name, value)| {
            steps(name).ends_with(&own)
                && (self.values.is_empty() || self.values.iter().any(|one| is_perhaps_the_same(one, value)))
        })
    }
}

/// Whether some portal takes the one name for the other: without what sets words apart, and without an index.
fn alike(one: &str, other: &str) -> bool {
    let bare = |name: &str| plain(name.split('[').next().unwrap_or_default());
    bare(one) == bare(other)
}

/// The names on a way, plain, without numbers.
fn steps(way: &str) -> Vec<String> {
    let parts = way.split(['.', '[', ']', '/']).map(plain);
    parts.filter(|part| !part.bytes().all(|byte| byte.is_ascii_digit())).collect()
}

/// In any case of letters, and numbers by what they are.
fn is_perhaps_the_same(one: &str, other: &str) -> bool {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    one.trim().to_lowercase() == other.trim().to_lowercase()
        || number(one).zip(number(other)).is_some_and(|(one, other)| (one - other).abs() < f64::EPSILON)
}

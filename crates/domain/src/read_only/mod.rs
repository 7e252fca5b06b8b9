//! Whether the gateway lets a request pass. The only place where that is decided.
//!
//! In this order: what no rule can judge (upgrades, bodies on reads, disguised methods), the [`never_list`] and the portal's own
//! additions to it, WebSockets ([`websocket`], which judges each message as well), operations at endpoints that the portal's rules
//! name ([`operations`]), then the mode with the portal's rules. What nothing names is blocked. What passes is compared exactly; what is blocked is compared as the most lenient
//! portal would read the request.

mod category;
mod download;
mod mask;
mod never_list;
mod one_write;
mod operations;
mod path_pattern;
mod portal_rules;
mod request;
mod request_rule;
mod rules_file;
pub mod shadow;
mod websocket;

use std::collections::BTreeSet;

use amberglass_wire::session::Mode;

pub use category::Category;
pub use download::{
    DownloadDecision, DownloadRule, MAX_DOWNLOAD_BYTES, OfferedFile, decide_download, downloads, extension,
};
pub use mask::{DividedFields, MAX_MASKED_BYTES, MaskRule, MaskedField, divide, mask, masks};
pub(crate) use one_write::plain;
pub use one_write::{is_form_token, may_be_asked_for};
pub use operations::{GraphqlEndpoint, JsonRpcEndpoint, Persisted};
pub use path_pattern::{PathPattern, PatternError};
pub use portal_rules::{NeverOverride, NeverRule, PortalRules, RuleKind};
pub use request::{Content, JudgedRequest, MAX_JUDGED_BYTES, MAX_UPLOAD_BYTES, Upgrade};
pub use request_rule::{FieldCondition, RequestRule, RuleId};
pub use rules_file::{MAX_RULES, MAX_RULES_BYTES, RulesError};
pub use websocket::{MessageDecision, MessageShape, WebsocketRule, decide_message};

use operations::Come;
use portal_rules::{Unread, first_exact, first_perhaps};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// `rule` is the portal's own that lets it pass; nothing for what passes anyway.
    Pass { rule: Option<RuleId> },
    /// What it is depends on its content: to be asked again with [`Content::Read`] or [`Content::NotToBeHad`].
    ReadContent,
    /// `rule` is the stable id that goes on record and on the explanation page.
    Block { rule: RuleId },
}

/// Stable ids of the rules that are not on the never-list.
pub mod rule {
    /// CONNECT asks for a tunnel in which nothing could be judged.
    pub const CONNECT_REFUSED: &str = "connect-refused";
    /// Another protocol on the connection, or a WebSocket that no rule names.
    pub const UPGRADE_REFUSED: &str = "upgrade-refused";
    /// Over a WebSocket, a message that no rule describes.
    pub const UNLISTED_MESSAGE: &str = "unlisted-message";
    /// Over a WebSocket, what is no message of text, or could be read as two.
    pub const MESSAGE_UNREADABLE: &str = "message-unreadable";
    /// A header or query field names another method than the request line.
    pub const METHOD_OVERRIDE: &str = "method-override";
    /// A GET or HEAD with content: its meaning is undefined (RFC 9110, 9.3.1), so some portals act on it.
    pub const BODY_ON_READ: &str = "body-on-read";
    /// Any method but GET and HEAD while the session is read-only.
    pub const READ_ONLY_METHOD: &str = "read-only-method";
    /// An operation of GraphQL or JSON-RPC that is not known to read, while the session is read-only.
    pub const READ_ONLY_OPERATION: &str = "read-only-operation";
    /// A write that the portal's rules do not list.
    pub const UNLISTED_WRITE: &str = "unlisted-write";
    pub const UNLISTED_OPERATION: &str = "unlisted-operation";
    /// At an endpoint of operations, what is no request of its kind, or could be read as two.
    pub const OPERATION_UNREADABLE: &str = "operation-unreadable";
    /// Stands for a document that the portal's rules do not know.
    pub const UNKNOWN_OPERATION: &str = "unknown-operation";
    /// The portal's rules do not say of every kind of the never-list where it is, or that there is none.
    pub const NOT_DECLARED: &str = "read-write-not-declared";

    /// An answer that asks to be saved, and that the portal's rules don't list as one that may be.
    pub const DOWNLOAD_REFUSED: &str = "download-refused";
    /// It is listed, and the policy does not let this person save it.
    pub const DOWNLOAD_NOT_PERMITTED: &str = "download-not-permitted";
    /// It is longer than the rule that lists it lets through.
    pub const DOWNLOAD_TOO_LONG: &str = "download-too-long";

    /// Of the gateway itself, beside those about the spelling of addresses.
    pub(super) const OF_THE_GATEWAY: [&str; 14] = [
        "content-broken",
        DOWNLOAD_NOT_PERMITTED,
        DOWNLOAD_REFUSED,
        DOWNLOAD_TOO_LONG,
        "masked-answer",
        "origin-unsaid",
        "other-portal",
        "other-site",
        "redirect-elsewhere",
        "service-worker",
        "too-many-messages",
        "too-many-sockets",
        "transfer-coding",
        "withheld",
    ];
    pub(super) const ALL: [&str; 13] = [
        CONNECT_REFUSED,
        UPGRADE_REFUSED,
        UNLISTED_MESSAGE,
        MESSAGE_UNREADABLE,
        METHOD_OVERRIDE,
        BODY_ON_READ,
        READ_ONLY_METHOD,
        READ_ONLY_OPERATION,
        UNLISTED_WRITE,
        UNLISTED_OPERATION,
        OPERATION_UNREADABLE,
        UNKNOWN_OPERATION,
        NOT_DECLARED,
    ];

    /// Whether only the mode has blocked it: the same could pass in `read_write`, if it were listed.
    pub fn is_the_mode(rule: &str) -> bool {
        matches!(rule, READ_ONLY_METHOD | READ_ONLY_OPERATION)
    }
}

/// Judges one request. Pure: the same request, mode and rules give the same answer.
pub fn decide(request: &JudgedRequest<'_>, mode: Mode, rules: &PortalRules) -> Decision {
    judge(request, mode, rules).unwrap_or(Decision::ReadContent)
}

fn judge(request: &JudgedRequest<'_>, mode: Mode, rules: &PortalRules) -> Result<Decision, Unread> {
    if request.method == "CONNECT" {
        return Ok(block(rule::CONNECT_REFUSED));
    }
    if request.upgrade == Upgrade::Other {
        return Ok(block(rule::UPGRADE_REFUSED));
    }
    if request.overrides_method {
        return Ok(block(rule::METHOD_OVERRIDE));
    }
    if request.is_read() && request.content != Content::Nothing {
        return Ok(block(rule::BODY_ON_READ));
    }
    if let Some(rule) = first_perhaps(rules.withheld.iter(), request)? {
        return Ok(Decision::Block { rule });
    }
    if let Some(rule) = never(request, rules)? {
        return Ok(Decision::Block { rule });
    }
    if request.upgrade == Upgrade::Websocket {
        return websocket::opening(request, rules);
    }
    if let Some(come) = operations::judge(request, rules)? {
        return Ok(match come {
            Come::Block(rule) => Decision::Block { rule },
            // The path may hold more than operations: what is said of it still holds.
            Come::Safe(None) => at_a_path(request, mode, rules)?,
            Come::Safe(rule) => Decision::Pass { rule },
            Come::ListedWrite(_) | Come::UnlistedWrite if mode == Mode::ReadOnly => block(rule::READ_ONLY_OPERATION),
            Come::ListedWrite(_) if !rules.undeclared().is_empty() => block(rule::NOT_DECLARED),
            Come::ListedWrite(rule) => match never_in_fields(request, rules) {
                Some(rule) => Decision::Block { rule },
                None => Decision::Pass { rule: Some(rule) },
            },
            Come::UnlistedWrite => block(rule::UNLISTED_OPERATION),
        });
    }
    at_a_path(request, mode, rules)
}

/// What the path itself stands for.
fn at_a_path(request: &JudgedRequest<'_>, mode: Mode, rules: &PortalRules) -> Result<Decision, Unread> {
    let passing_write = || match first_exact(&rules.writes, request)? {
        Some(_) if !rules.undeclared().is_empty() => Ok(Some(block(rule::NOT_DECLARED))),
        Some(rule) => Ok(Some(match never_in_fields(request, rules) {
            Some(rule) => Decision::Block { rule },
            None => Decision::Pass { rule: Some(rule) },
        })),
        None => Ok(None),
    };
    if request.is_read() {
        let Some(rule) = first_perhaps(rules.unsafe_reads.iter(), request)? else {
            return Ok(Decision::Pass { rule: first_exact(&rules.safe_reads, request)? });
        };
        return match mode {
            Mode::ReadOnly => Ok(Decision::Block { rule }),
            Mode::ReadWrite => Ok(passing_write()?.unwrap_or(Decision::Block { rule })),
        };
    }
    if let Some(rule) = first_exact(&rules.safe_writes, request)? {
        return Ok(Decision::Pass { rule: Some(rule) });
    }
    match mode {
        Mode::ReadOnly => Ok(block(rule::READ_ONLY_METHOD)),
        // OPTIONS is safe by definition (RFC 9110, 9.2.1) and passes when it is nothing but that.
        Mode::ReadWrite if request.method == "OPTIONS" && request.content == Content::Nothing => {
            Ok(Decision::Pass { rule: None })
        }
        Mode::ReadWrite => Ok(passing_write()?.unwrap_or_else(|| block(rule::UNLISTED_WRITE))),
    }
}

/// The rule of the never-list that speaks of a request: the portal's own of any method, the built-in ones of writes.
fn never(request: &JudgedRequest<'_>, rules: &PortalRules) -> Result<Option<RuleId>, Unread> {
    if !request.is_read() {
        let built_in = never_list::categories(request.method, request.path);
        if let Some(category) = built_in.into_iter().find(|category| !rules.lifts(*category, request)) {
            return Ok(Some(category.rule().into()));
        }
    }
    let own = rules.never.iter().filter(|never| never.operations.is_empty());
    first_perhaps(own.map(|never| &never.rule), request)
}

/// A listed write that would do what no session does, by a field of its content or its query; a GET that is listed as one, by its
/// path too. What the path of any other says has been judged.
fn never_in_fields(request: &JudgedRequest<'_>, rules: &PortalRules) -> Option<RuleId> {
    let mut found = BTreeSet::new();
    if request.is_read() {
        found.extend(never_list::categories("POST", request.path));
    }
    let method = if request.is_read() { "POST" } else { request.method };
    let query = request.query_perhaps();
    let meaning = request.meaning();
    let fields = meaning.as_ref().map_or(&[][..], request::Meaning::fields);
    let named = fields.iter().chain(&query).map(|(name, value)| (name.as_str(), value.as_str()));
    found.extend(one_write::categories_of_fields(method, request.path, named));
    found.extend(operations::categories_of_arguments(request, rules));
    found.into_iter().find(|category| !rules.lifts_fields(*category, request)).map(|category| category.rule().into())
}

fn block(rule: &'static str) -> Decision {
    Decision::Block { rule: rule.into() }
}

/// Whether a query asks the portal to treat the request as another method, as `_method=DELETE` does with several
/// frameworks. Names are compared after percent-decoding, without regard to case, and as PHP reads them: `+`, `.` and
/// blanks are underscores, blanks in front are nothing, and `[` begins an index.
pub fn query_overrides_method(query: &str) -> bool {
    query.split(['&', ';']).any(|field| {
        let name = field.split('=').next().unwrap_or_default();
        let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
        let name = name.split('[').next().unwrap_or_default().replace('+', " ");
        let name = name.trim().to_ascii_lowercase().replace(['-', '.', ' '], "_");
        matches!(
            name.as_str(),
            "_method"
                | "http_method"
                | "_http_method"
                | "x_http_method"
                | "x_http_method_override"
                | "x_method"
                | "x_method_override"
        )
    })
}

#[cfg(test)]
mod tests;

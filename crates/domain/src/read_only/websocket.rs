//! WebSockets: at which paths a page may open one, and which of its messages pass.
//!
//! A message has no method and no path of its own, so nothing of it passes but what a rule describes: each member at its top is
//! named, and what the rule gives values for stands there once, in one reading. What a portal says is not judged.

use std::collections::BTreeSet;

use amberglass_wire::session::Mode;

use super::{
    Decision, block, first_perhaps, never, never_in_fields, never_list,
    one_write::{categories_of_fields, names_another_method, segment},
    operations::{Come, GraphqlEndpoint},
    portal_rules::{PortalRules, Unread},
    request::{Content, JudgedRequest, Meaning, Upgrade},
    request_rule::{Applies, FieldCondition, RequestRule, RuleId},
    rule,
};
use crate::content::{self, Node};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebsocketRule {
    /// Where it is opened; a GET by method.
    pub opening: RequestRule,
    /// Shapes of messages that only read: they pass in every mode.
    pub messages: Vec<MessageShape>,
    /// Shapes of messages that `read_write` passes.
    pub writes: Vec<MessageShape>,
    /// Whole messages that are no JSON, such as the beats of some libraries.
    pub texts: Vec<String>,
    /// Id of the portal's rule by which operations of GraphQL are judged.
    pub graphql: Option<String>,
}

/// JSON pointers with the values that may stand there. Each member (or item) at the top of a message is named by one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageShape(pub Vec<FieldCondition>);

impl MessageShape {
    fn holds(&self, node: &Node) -> bool {
        let is_named = |name: &str| {
            let first =
                |one: &FieldCondition| one.name.split('/').nth(1).map(|t| t.replace("~1", "/").replace("~0", "~"));
            self.0.iter().any(|one| first(one).as_deref() == Some(name))
        };
        let is_named_whole = match node {
            Node::Map(members) => members.iter().all(|(name, _)| is_named(name)),
            Node::List(items) => (0..items.len()).all(|number| is_named(&number.to_string())),
            Node::Text(_) | Node::Literal(_) => false,
        };
        is_named_whole && self.0.iter().all(|one| one.holds_at(node))
    }

    /// What the shape tells messages apart by, as it stands in this one.
    fn words<'a>(&self, node: &'a Node) -> impl Iterator<Item = &'a str> {
        let told = self.0.iter().filter(|one| !one.values.is_empty());
        told.filter_map(|one| node.at(&one.name)?.value()).collect::<Vec<_>>().into_iter()
    }
}

/// Whether a message may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageDecision {
    /// It asks for nothing: a beat, or what a protocol says before and after. Not put on record.
    Beat,
    Pass,
    Block {
        rule: RuleId,
    },
}

/// The opening of one. What is said of its path holds as for any GET; then a rule has to name it.
pub(super) fn opening(request: &JudgedRequest<'_>, rules: &PortalRules) -> Result<Decision, Unread> {
    if let Some(rule) = first_perhaps(rules.unsafe_reads.iter(), request)? {
        return Ok(Decision::Block { rule });
    }
    let named = rules.websockets.iter().find(|one| one.opening.is_exactly(request) == Applies::Yes);
    Ok(named.map_or_else(|| block(rule::UPGRADE_REFUSED), |one| Decision::Pass { rule: Some(one.opening.id.clone()) }))
}

/// Judges one message of a page over a socket that the rule with this id has let open at this path. By the rules as they are now:
/// they may have changed since.
pub fn decide_message(message: &str, path: &str, id: &str, mode: Mode, rules: &PortalRules) -> MessageDecision {
    let Some(socket) = rules.websockets.iter().find(|one| one.opening.id == id) else {
        return refuse(rule::UNLISTED_MESSAGE);
    };
    // As a write to the same path, which it may be.
    let request = JudgedRequest {
        method: "POST",
        path,
        query: None,
        media_type: Some(content::JSON),
        boundary: None,
        content: Content::Read(message.as_bytes()),
        upgrade: Upgrade::Nothing,
        overrides_method: false,
    };
    let is_text = socket.texts.iter().any(|text| text == message);
    // What is no JSON is taken for the worst, but a text that the rule has word for word.
    match never(&request, rules) {
        _ if is_text => return MessageDecision::Beat,
        Ok(None) => {}
        Ok(Some(rule)) => return MessageDecision::Block { rule },
        Err(Unread) => return refuse(rule::MESSAGE_UNREADABLE),
    }
    let Ok(Meaning::Json(node, _)) = request.meaning() else { return refuse(rule::MESSAGE_UNREADABLE) };
    if node.names().into_iter().any(names_another_method) {
        return refuse(rule::METHOD_OVERRIDE);
    }
    let endpoint = socket.graphql.as_ref().and_then(|id| rules.graphql.iter().find(|endpoint| endpoint.id == *id));
    if let Some(decision) = endpoint.and_then(|endpoint| of_graphql(&node, endpoint, &request, mode, rules)) {
        return decision;
    }
    if socket.messages.iter().any(|shape| shape.holds(&node)) {
        return MessageDecision::Pass;
    }
    let Some(shape) = socket.writes.iter().find(|shape| shape.holds(&node)) else {
        return refuse(rule::UNLISTED_MESSAGE);
    };
    if mode == Mode::ReadOnly {
        return refuse(rule::READ_ONLY_OPERATION);
    }
    if !rules.undeclared().is_empty() {
        return refuse(rule::NOT_DECLARED);
    }
    let words = shape.words(&node).flat_map(|word| never_list::categories("POST", &segment(word)));
    let by_word = words.into_iter().find(|category| !rules.lifts_fields(*category, &request));
    match by_word.map(|category| category.rule().into()).or_else(|| never_in_fields(&request, rules)) {
        Some(rule) => MessageDecision::Block { rule },
        None => MessageDecision::Pass,
    }
}

fn refuse(rule: &'static str) -> MessageDecision {
    MessageDecision::Block { rule: rule.into() }
}

/// A message of `graphql-transport-ws`, or of the protocol before it (`graphql-ws`). Nothing for one that only shapes can let pass,
/// such as a beginning that carries something.
fn of_graphql(
    node: &Node,
    endpoint: &GraphqlEndpoint,
    request: &JudgedRequest<'_>,
    mode: Mode,
    rules: &PortalRules,
) -> Option<MessageDecision> {
    let Node::Map(members) = node else { return None };
    let of = |name: &str| members.iter().find(|(given, _)| given == name).map(|(_, node)| node);
    let are_all = |known: &[&str]| members.iter().all(|(name, _)| known.contains(&name.as_str()));
    let carries_nothing = match of("payload") {
        None => true,
        Some(Node::Map(members)) => members.is_empty(),
        Some(Node::Literal(literal)) => literal == "null",
        Some(Node::Text(_) | Node::List(_)) => false,
    };
    match of("type")?.value()? {
        "subscribe" | "start" => {}
        "connection_init" | "connection_terminate" | "ping" | "pong"
            if are_all(&["type", "payload"]) && carries_nothing =>
        {
            return Some(MessageDecision::Beat);
        }
        "complete" | "stop" if are_all(&["type", "id"]) => return Some(MessageDecision::Beat),
        _ => return None,
    }
    // An operation: no shape speaks of it.
    let Some(payload @ Node::Map(_)) = of("payload") else { return Some(refuse(rule::OPERATION_UNREADABLE)) };
    if !are_all(&["id", "type", "payload"]) {
        return Some(refuse(rule::OPERATION_UNREADABLE));
    }
    let (come, arguments) = match endpoint.judge_payload(payload, rules) {
        Ok(judged) => judged,
        Err(come) => (come, BTreeSet::new()),
    };
    Some(match come {
        Come::Block(rule) => MessageDecision::Block { rule },
        Come::Safe(_) => MessageDecision::Pass,
        Come::ListedWrite(_) | Come::UnlistedWrite if mode == Mode::ReadOnly => refuse(rule::READ_ONLY_OPERATION),
        Come::ListedWrite(_) if !rules.undeclared().is_empty() => refuse(rule::NOT_DECLARED),
        Come::ListedWrite(_) => {
            let path = endpoint.path.example();
            let at_endpoint = JudgedRequest { path: &path, ..request.clone() };
            let named = arguments.iter().map(|name| (name.as_str(), ""));
            let mut found = categories_of_fields("POST", &path, named).into_iter();
            let by_argument = found.find(|category| !rules.lifts_fields(*category, &at_endpoint));
            match by_argument.map(|category| category.rule().into()).or_else(|| never_in_fields(&at_endpoint, rules)) {
                Some(rule) => MessageDecision::Block { rule },
                None => MessageDecision::Pass,
            }
        }
        Come::UnlistedWrite => refuse(rule::UNLISTED_OPERATION),
    })
}

//! GraphQL over HTTP: single requests, batches, queries in the address, and persisted documents.
//!
//! An operation's name is what the page calls it. What it does stands in its type and in the fields at its root, behind every
//! alias and fragment; those are judged, in each operation of a document, whichever the request asks for.

use std::collections::BTreeMap;

use apollo_parser::{Parser, cst};
use sha2::{Digest as _, Sha256};

use super::{
    super::{
        one_write::{ELSEWHERE, plain},
        path_pattern::PathPattern,
        portal_rules::{PortalRules, Unread},
        request::{Content, JudgedRequest, Meaning, NoMeaning},
        request_rule::RuleId,
        rule,
    },
    Come, Kind, come, never, unreadable,
};
use crate::content::{Node, Unreadable};

/// Deeper and longer documents are not read.
const MAX_DEPTH: usize = 64;
const MAX_TOKENS: usize = 10_000;
/// Root fields of one request, with those behind fragments: the same fragment may stand there many times.
const MAX_ROOT_FIELDS: usize = 1_000;
/// Members of a request (GraphQL over HTTP, 5.1).
const MEMBERS: [&str; 4] = ["query", "operationName", "variables", "extensions"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphqlEndpoint {
    pub id: RuleId,
    pub path: PathPattern,
    /// Root fields of queries that pass in every mode; `*` for all.
    pub queries: Vec<String>,
    /// Root fields of queries that change something.
    pub unsafe_queries: Vec<String>,
    /// Root fields of mutations that only read.
    pub safe_mutations: Vec<String>,
    /// Root fields, of mutations and of unsafe queries, that `read_write` passes.
    pub writes: Vec<String>,
    /// Root fields of subscriptions, which read.
    pub subscriptions: Vec<String>,
    /// By the name with which the page asks for them.
    pub persisted: BTreeMap<String, Persisted>,
}

/// A document that only its name is sent of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persisted(Vec<Operation>);

impl Persisted {
    /// # Errors
    /// When it is no document that could be executed.
    pub fn parse(document: &str) -> Result<Self, Unreadable> {
        operations(document).map(Self)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Query,
    Mutation,
    Subscription,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Operation {
    of: Type,
    /// Names of the fields at its root.
    fields: Vec<String>,
}

/// What one request of a batch says.
#[derive(Default)]
struct Asked {
    document: Option<String>,
    /// Names that stand for a document which the portal has.
    names: Vec<String>,
}

impl GraphqlEndpoint {
    pub(super) fn judge(&self, request: &JudgedRequest<'_>, rules: &PortalRules) -> Result<Come, Unread> {
        if !self.path.is_exactly(request.path) {
            return Ok(unreadable());
        }
        let asked = match asked(request) {
            Ok(asked) => asked,
            Err(NoMeaning::Unread) => return Err(Unread),
            Err(NoMeaning::Unreadable) => return Ok(unreadable()),
        };
        if asked.is_empty() {
            return Ok(Come::Safe(None));
        }
        let mut found = Vec::new();
        for one in asked {
            match self.operations_of(one) {
                Ok(operations) => found.extend(operations),
                Err(come) => return Ok(come),
            }
        }
        let changing = found.iter().flat_map(|operation| self.changing(operation));
        if let Some(never) = changing.into_iter().find_map(|field| never(request, rules, field)) {
            return Ok(Come::Block(never));
        }
        Ok(come(&self.id, found.iter().map(|operation| self.kind(operation))))
    }

    fn operations_of(&self, asked: Asked) -> Result<Vec<Operation>, Come> {
        match (asked.document, asked.names.as_slice()) {
            (Some(document), names) => {
                // The portal may go by the name and not by the text: then it has to be that text's own hash.
                let hash = hex::encode(Sha256::digest(document.as_bytes()));
                if names.iter().any(|name| name.trim_start_matches("sha256:") != hash) {
                    return Err(unreadable());
                }
                operations(&document).map_err(|Unreadable| unreadable())
            }
            (None, [name]) => match self.persisted.get(name) {
                Some(persisted) => Ok(persisted.0.clone()),
                None => Err(Come::Block(rule::UNKNOWN_OPERATION.into())),
            },
            (None, _) => Err(unreadable()),
        }
    }

    /// The root fields of an operation that change something, or may.
    fn changing<'a>(&self, operation: &'a Operation) -> Vec<&'a str> {
        let fields = operation.fields.iter().map(String::as_str);
        match operation.of {
            Type::Query => fields.filter(|field| self.is_unsafe(field)).collect(),
            Type::Mutation => fields.filter(|field| !has(&self.safe_mutations, field)).collect(),
            Type::Subscription => Vec::new(),
        }
    }

    fn kind(&self, operation: &Operation) -> Kind {
        let changing = self.changing(operation);
        let is_known = match operation.of {
            Type::Query => |endpoint: &Self, field: &str| {
                endpoint.is_unsafe(field) || has(&endpoint.queries, "*") || has(&endpoint.queries, field)
            },
            Type::Mutation => |_: &Self, _: &str| true,
            Type::Subscription => |endpoint: &Self, field: &str| has(&endpoint.subscriptions, field),
        };
        if !operation.fields.iter().all(|field| is_known(self, field)) {
            return Kind::Unlisted;
        }
        match changing {
            fields if fields.is_empty() => Kind::Safe,
            fields if fields.iter().all(|field| has(&self.writes, field)) => Kind::Listed,
            _ => Kind::Unlisted,
        }
    }

    /// Blocks, so in any case of letters.
    fn is_unsafe(&self, field: &str) -> bool {
        self.unsafe_queries.iter().any(|one| one.eq_ignore_ascii_case(field))
    }
}

fn has(list: &[String], name: &str) -> bool {
    list.iter().any(|one| one == name)
}

/// Every request in it; none for a plain page at the endpoint's path.
fn asked(request: &JudgedRequest<'_>) -> Result<Vec<Asked>, NoMeaning> {
    let query = request.query_pairs().map_err(|Unreadable| NoMeaning::Unreadable)?;
    if request.is_read() {
        return if query.is_empty() { Ok(Vec::new()) } else { Ok(vec![of_pairs(&query)?]) };
    }
    // A server may take the one from the address and the other from the content.
    let is_member = |name: &str| {
        let plain = plain(name);
        MEMBERS.iter().any(|member| member.eq_ignore_ascii_case(&plain)) || ELSEWHERE.contains(&plain.as_str())
    };
    if request.method != "POST" || request.content == Content::Nothing || query.iter().any(|(name, _)| is_member(name))
    {
        return Err(NoMeaning::Unreadable);
    }
    match request.meaning()? {
        Meaning::Form(pairs) => Ok(vec![of_pairs(&pairs)?]),
        Meaning::Json(node @ Node::Map(_)) => Ok(vec![of_node(&node)?]),
        Meaning::Json(Node::List(nodes)) if !nodes.is_empty() => nodes.iter().map(of_node).collect(),
        Meaning::Json(Node::List(_) | Node::Text(_) | Node::Literal(_)) => Err(NoMeaning::Unreadable),
    }
}

fn of_pairs(pairs: &[(String, String)]) -> Result<Asked, NoMeaning> {
    let mut asked = Asked::default();
    let mut seen = Vec::new();
    for (name, value) in pairs {
        if seen.contains(name) {
            return Err(NoMeaning::Unreadable);
        }
        seen.push(name.clone());
        match name.as_str() {
            "query" => asked.document = (!value.is_empty()).then(|| value.clone()),
            "extensions" if value.is_empty() => {}
            "extensions" => {
                let node = Node::parse(value.as_bytes()).map_err(|Unreadable| NoMeaning::Unreadable)?;
                asked.names.extend(names_in(&node)?);
            }
            "operationName" | "variables" => {}
            other if ELSEWHERE.contains(&plain(other).as_str()) => asked.names.push(value.clone()),
            _ => return Err(NoMeaning::Unreadable),
        }
    }
    Ok(asked)
}

fn of_node(node: &Node) -> Result<Asked, NoMeaning> {
    let Node::Map(members) = node else { return Err(NoMeaning::Unreadable) };
    let mut asked = Asked::default();
    for (name, value) in members {
        match (name.as_str(), value) {
            ("query", Node::Text(text)) => asked.document = (!text.is_empty()).then(|| text.clone()),
            ("query" | "extensions", Node::Literal(null)) if null == "null" => {}
            ("extensions", Node::Map(_)) => asked.names.extend(names_in(value)?),
            ("operationName" | "variables", _) => {}
            (other, Node::Text(id)) if ELSEWHERE.contains(&plain(other).as_str()) => asked.names.push(id.clone()),
            (_, Node::Text(_) | Node::Literal(_) | Node::List(_) | Node::Map(_)) => return Err(NoMeaning::Unreadable),
        }
    }
    Ok(asked)
}

/// Of a persisted document, in `extensions`. Anything else there that sounds like one has no meaning here.
fn names_in(extensions: &Node) -> Result<Vec<String>, NoMeaning> {
    let Node::Map(members) = extensions else { return Err(NoMeaning::Unreadable) };
    let mut names = Vec::new();
    for (name, value) in members {
        if !ELSEWHERE.contains(&plain(name).as_str()) {
            continue;
        }
        match value.at("/sha256Hash").and_then(Node::value) {
            Some(hash) => names.push(hash.to_owned()),
            None => return Err(NoMeaning::Unreadable),
        }
    }
    Ok(names)
}

/// All operations of a document, with the fields at their roots.
fn operations(document: &str) -> Result<Vec<Operation>, Unreadable> {
    let tree = Parser::new(document).recursion_limit(MAX_DEPTH).token_limit(MAX_TOKENS).parse();
    if tree.errors().next().is_some() {
        return Err(Unreadable);
    }
    let mut roots = Vec::new();
    let mut fragments = BTreeMap::new();
    for definition in tree.document().definitions() {
        // What defines types is no request.
        if let cst::Definition::OperationDefinition(operation) = definition {
            roots.push((of(operation.operation_type())?, operation.selection_set().ok_or(Unreadable)?));
        } else if let cst::Definition::FragmentDefinition(fragment) = definition {
            let name = fragment.fragment_name().and_then(|name| name.name()).ok_or(Unreadable)?;
            let before = fragments.insert(name.text().to_string(), fragment.selection_set().ok_or(Unreadable)?);
            if before.is_some() {
                return Err(Unreadable);
            }
        } else {
            return Err(Unreadable);
        }
    }
    if roots.is_empty() {
        return Err(Unreadable);
    }
    let mut operations = Vec::new();
    for (of, selections) in roots {
        let mut fields = Vec::new();
        collect(&selections, &fragments, &mut Vec::new(), &mut fields)?;
        if fields.is_empty() {
            return Err(Unreadable);
        }
        operations.push(Operation { of, fields });
    }
    Ok(operations)
}

/// Without a word it is a query (GraphQL, 2.3).
fn of(operation: Option<cst::OperationType>) -> Result<Type, Unreadable> {
    let Some(operation) = operation else { return Ok(Type::Query) };
    match (operation.query_token(), operation.mutation_token(), operation.subscription_token()) {
        (Some(_), None, None) => Ok(Type::Query),
        (None, Some(_), None) => Ok(Type::Mutation),
        (None, None, Some(_)) => Ok(Type::Subscription),
        (_, _, _) => Err(Unreadable),
    }
}

fn collect(
    set: &cst::SelectionSet,
    fragments: &BTreeMap<String, cst::SelectionSet>,
    within: &mut Vec<String>,
    fields: &mut Vec<String>,
) -> Result<(), Unreadable> {
    for selection in set.selections() {
        if fields.len() > MAX_ROOT_FIELDS {
            return Err(Unreadable);
        }
        match selection {
            cst::Selection::Field(field) => fields.push(field.name().ok_or(Unreadable)?.text().to_string()),
            cst::Selection::InlineFragment(inline) => {
                collect(&inline.selection_set().ok_or(Unreadable)?, fragments, within, fields)?;
            }
            cst::Selection::FragmentSpread(spread) => {
                let name = spread.fragment_name().and_then(|name| name.name()).ok_or(Unreadable)?.text().to_string();
                let set = fragments.get(&name).ok_or(Unreadable)?;
                // A fragment that holds itself is none (GraphQL, 5.5.2.2).
                if within.contains(&name) || within.len() >= MAX_DEPTH {
                    return Err(Unreadable);
                }
                within.push(name);
                collect(set, fragments, within, fields)?;
                within.pop();
            }
        }
    }
    Ok(())
}

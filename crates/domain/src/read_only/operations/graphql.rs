//! GraphQL over HTTP: single requests, batches, queries in the address, and persisted documents.
//!
//! An operation's name is what the page calls it. What it does stands in its type and in the fields at its root, behind every
//! alias and fragment; those are judged, in each operation of a document, whichever the request asks for.

use std::collections::{BTreeMap, BTreeSet};

use apollo_parser::{
    Parser,
    cst::{self, CstNode as _},
};
use sha2::{Digest as _, Sha256};

use super::{
    super::{
        one_write::{ELSEWHERE, plain},
        path_pattern::PathPattern,
        portal_rules::{PortalRules, Unread},
        request::{Content, JudgedRequest, Meaning, NoMeaning, Upgrade},
        request_rule::RuleId,
        rule,
    },
    Come, Kind, come, never_built_in, never_of_the_portal, unreadable,
};
use crate::content::{Node, Unreadable};

/// Deeper and longer documents are not read.
const MAX_DEPTH: usize = 64;
const MAX_TOKENS: usize = 10_000;
/// Selections at the roots of all operations of one request, with those behind fragments.
const MAX_SELECTIONS: usize = 5_000;
/// Longest name.
const MAX_NAME: usize = 256;
/// Members of what names a persisted document, as clients send it.
const PERSISTED: [&str; 2] = ["version", "sha256Hash"];

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
    /// Names that may stand in the address beside a POST, such as one for the portal's log.
    pub query: Vec<String>,
}

/// A document that only its name is sent of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persisted(Document);

impl Persisted {
    /// # Errors
    /// When it is no document that could be executed.
    pub fn parse(document: &str) -> Result<Self, Unreadable> {
        let mut room = MAX_SELECTIONS;
        read(document, &mut room).map(Self)
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
    fields: BTreeSet<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Document {
    operations: Vec<Operation>,
    /// Names of arguments, of variables, and of the fields of what stands in them.
    arguments: BTreeSet<String>,
}

/// What one request of a batch says.
#[derive(Default)]
struct Asked {
    document: Option<String>,
    /// Names that stand for a document which the portal has.
    names: Vec<String>,
    /// Names of everything in its variables.
    variables: Vec<String>,
}

impl GraphqlEndpoint {
    pub(super) fn judge(&self, request: &JudgedRequest<'_>, rules: &PortalRules) -> Result<Come, Unread> {
        if !self.path.is_exactly(request.path) {
            return Ok(unreadable());
        }
        match self.documents(request) {
            Ok(found) => Ok(self.come_of(&found, request, rules)),
            Err(Why::Unread) => Err(Unread),
            Err(Why::Come(come)) => Ok(come),
        }
    }

    /// One request that came over a socket, and the names of its arguments.
    pub(in super::super) fn judge_payload(
        &self,
        payload: &Node,
        rules: &PortalRules,
    ) -> Result<(Come, BTreeSet<String>), Come> {
        let asked = of_node(payload).map_err(|_| unreadable())?;
        let mut room = MAX_SELECTIONS;
        let document = self.document(asked, &mut room)?;
        // What rules say of its operations they say of the endpoint's own path.
        let path = self.path.example();
        let request = JudgedRequest {
            method: "POST",
            path: &path,
            query: None,
            media_type: None,
            boundary: None,
            content: Content::Unread,
            upgrade: Upgrade::Nothing,
            overrides_method: false,
        };
        let come = self.come_of(std::slice::from_ref(&document), &request, rules);
        Ok((come, document.arguments))
    }

    fn come_of(&self, found: &[Document], request: &JudgedRequest<'_>, rules: &PortalRules) -> Come {
        let operations: Vec<&Operation> = found.iter().flat_map(|document| &document.operations).collect();
        if operations.is_empty() {
            return Come::Safe(None);
        }
        let mut fields = operations.iter().flat_map(|operation| &operation.fields);
        let own = fields.find_map(|field| never_of_the_portal(request, rules, field));
        let mut changing = operations.iter().flat_map(|operation| self.changing(operation));
        if let Some(never) = own.or_else(|| changing.find_map(|field| never_built_in(request, rules, field))) {
            return Come::Block(never);
        }
        come(&self.id, operations.into_iter().map(|operation| self.kind(operation)))
    }

    /// Of what is sent as text, of persisted documents, and of variables.
    pub(super) fn arguments(&self, request: &JudgedRequest<'_>) -> BTreeSet<String> {
        let found = self.documents(request).unwrap_or_default();
        found.into_iter().flat_map(|document| document.arguments).collect()
    }

    fn documents(&self, request: &JudgedRequest<'_>) -> Result<Vec<Document>, Why> {
        let asked = asked(request, &self.query).map_err(|why| match why {
            NoMeaning::Unread => Why::Unread,
            NoMeaning::Unreadable => Why::Come(unreadable()),
        })?;
        // Of all documents of a batch together.
        let mut room = MAX_SELECTIONS;
        asked.into_iter().map(|one| self.document(one, &mut room).map_err(Why::Come)).collect()
    }

    fn document(&self, asked: Asked, room: &mut usize) -> Result<Document, Come> {
        let mut found = match (asked.document, asked.names.as_slice()) {
            (Some(document), names) => {
                // The portal may go by the name and not by the text: then it has to be that text's own hash.
                let hash = hex::encode(Sha256::digest(document.as_bytes()));
                if names.iter().any(|name| name.trim_start_matches("sha256:") != hash) {
                    return Err(unreadable());
                }
                read(&document, room).map_err(|Unreadable| unreadable())?
            }
            (None, [name]) => match self.persisted.get(name) {
                Some(persisted) => persisted.0.clone(),
                None => return Err(Come::Block(rule::UNKNOWN_OPERATION.into())),
            },
            (None, _) => return Err(unreadable()),
        };
        found.arguments.extend(asked.variables);
        Ok(found)
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

/// Why there are no documents.
enum Why {
    Unread,
    Come(Come),
}

/// Every request in it; none for a plain page at the endpoint's path.
fn asked(request: &JudgedRequest<'_>, in_address: &[String]) -> Result<Vec<Asked>, NoMeaning> {
    let query = request.query_pairs().map_err(|Unreadable| NoMeaning::Unreadable)?;
    if request.is_read() {
        return if query.is_empty() { Ok(Vec::new()) } else { Ok(vec![of_pairs(&query)?]) };
    }
    // A server may take the one from the address and the other from the content.
    let is_known = |name: &str| in_address.iter().any(|known| known == name);
    if request.method != "POST" || request.content == Content::Nothing || !query.iter().all(|(name, _)| is_known(name))
    {
        return Err(NoMeaning::Unreadable);
    }
    match request.meaning()? {
        Meaning::Form(pairs) => Ok(vec![of_pairs(&pairs)?]),
        Meaning::Json(node @ Node::Map(_), _) => Ok(vec![of_node(&node)?]),
        Meaning::Json(Node::List(nodes), _) if !nodes.is_empty() => nodes.iter().map(of_node).collect(),
        Meaning::Json(Node::List(_) | Node::Text(_) | Node::Literal(_), _) => Err(NoMeaning::Unreadable),
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
            "extensions" | "variables" if value.is_empty() => {}
            "variables" => {
                let node = Node::parse(value.as_bytes()).map_err(|Unreadable| NoMeaning::Unreadable)?;
                asked.variables.extend(node.names().into_iter().map(ToOwned::to_owned));
            }
            "extensions" => {
                let node = Node::parse(value.as_bytes()).map_err(|Unreadable| NoMeaning::Unreadable)?;
                asked.names.extend(names_in(&node)?);
            }
            "operationName" => {}
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
            ("operationName", _) => {}
            ("variables", value) => asked.variables.extend(value.names().into_iter().map(ToOwned::to_owned)),
            (other, Node::Text(id)) if ELSEWHERE.contains(&plain(other).as_str()) => asked.names.push(id.clone()),
            (_, Node::Text(_) | Node::Literal(_) | Node::List(_) | Node::Map(_)) => return Err(NoMeaning::Unreadable),
        }
    }
    Ok(asked)
}

/// Of a persisted document, in `extensions`. Anything else there has no meaning here, but for who asks.
fn names_in(extensions: &Node) -> Result<Vec<String>, NoMeaning> {
    let Node::Map(members) = extensions else { return Err(NoMeaning::Unreadable) };
    let mut names = Vec::new();
    for (name, value) in members {
        match (name.as_str(), value) {
            ("clientLibrary", _) => {}
            ("persistedQuery", Node::Map(inner))
                if inner.iter().all(|(name, _)| PERSISTED.contains(&name.as_str())) =>
            {
                let hash = value.at("/sha256Hash").and_then(Node::value).ok_or(NoMeaning::Unreadable)?;
                names.push(hash.to_owned());
            }
            (_, Node::Text(_) | Node::Literal(_) | Node::List(_) | Node::Map(_)) => return Err(NoMeaning::Unreadable),
        }
    }
    Ok(names)
}

/// All operations of a document, with the fields at their roots. `room` is what is left of the request's selections.
fn read(document: &str, room: &mut usize) -> Result<Document, Unreadable> {
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
            let name = named(fragment.fragment_name().and_then(|name| name.name()))?;
            if fragments.insert(name, fragment.selection_set().ok_or(Unreadable)?).is_some() {
                return Err(Unreadable);
            }
        } else {
            return Err(Unreadable);
        }
    }
    let mut found = Document::default();
    for (of, selections) in roots {
        let fields = root_fields(selections, &fragments, room)?;
        found.operations.push(Operation { of, fields });
    }
    for node in tree.document().syntax().descendants() {
        let name = match (cst::Argument::cast(node.clone()), cst::ObjectField::cast(node)) {
            (Some(argument), _) => argument.name(),
            (None, Some(field)) => field.name(),
            (None, None) => continue,
        };
        found.arguments.insert(named(name)?);
    }
    let is_empty = |operation: &Operation| operation.fields.is_empty();
    if found.operations.is_empty() || found.operations.iter().any(is_empty) { Err(Unreadable) } else { Ok(found) }
}

fn named(name: Option<cst::Name>) -> Result<String, Unreadable> {
    let name = name.ok_or(Unreadable)?.text().to_string();
    if name.len() <= MAX_NAME { Ok(name) } else { Err(Unreadable) }
}

/// Through inline fragments and named ones, each of which is looked into once.
fn root_fields(
    set: cst::SelectionSet,
    fragments: &BTreeMap<String, cst::SelectionSet>,
    room: &mut usize,
) -> Result<BTreeSet<String>, Unreadable> {
    let (mut fields, mut seen, mut open) = (BTreeSet::new(), BTreeSet::new(), vec![set]);
    while let Some(set) = open.pop() {
        for selection in set.selections() {
            *room = room.checked_sub(1).ok_or(Unreadable)?;
            match selection {
                cst::Selection::Field(field) => {
                    fields.insert(named(field.name())?);
                }
                cst::Selection::InlineFragment(inline) => open.push(inline.selection_set().ok_or(Unreadable)?),
                cst::Selection::FragmentSpread(spread) => {
                    let name = named(spread.fragment_name().and_then(|name| name.name()))?;
                    let set = fragments.get(&name).ok_or(Unreadable)?;
                    if seen.insert(name) {
                        open.push(set.clone());
                    }
                }
            }
        }
    }
    Ok(fields)
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

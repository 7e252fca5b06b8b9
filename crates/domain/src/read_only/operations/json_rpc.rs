//! JSON-RPC 2.0: one call, or a batch of them.

use super::{
    super::{
        path_pattern::PathPattern,
        portal_rules::{PortalRules, Unread},
        request::{Content, JudgedRequest, Meaning, NoMeaning},
        request_rule::RuleId,
    },
    Come, Kind, come, never_built_in, never_of_the_portal, unreadable,
};
use crate::content::Node;

/// Members of a call (JSON-RPC 2.0, 4).
const MEMBERS: [&str; 4] = ["jsonrpc", "method", "params", "id"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonRpcEndpoint {
    pub id: RuleId,
    pub path: PathPattern,
    /// Methods that only read, compared exactly.
    pub safe: Vec<String>,
    /// Methods that `read_write` passes.
    pub writes: Vec<String>,
}

impl JsonRpcEndpoint {
    pub(super) fn judge(&self, request: &JudgedRequest<'_>, rules: &PortalRules) -> Result<Come, Unread> {
        if !self.path.is_exactly(request.path) {
            return Ok(unreadable());
        }
        if request.is_read() {
            // Some servers take a call from the query as well.
            let is_page = request.query.is_none_or(str::is_empty);
            return Ok(if is_page { Come::Safe(None) } else { unreadable() });
        }
        if request.method != "POST"
            || request.content == Content::Nothing
            || request.query.is_some_and(|q| !q.is_empty())
        {
            return Ok(unreadable());
        }
        let node = match request.meaning() {
            Ok(Meaning::Json(node, _)) => node,
            Err(NoMeaning::Unread) => return Err(Unread),
            Ok(Meaning::Form(_)) | Err(NoMeaning::Unreadable) => return Ok(unreadable()),
        };
        let calls = match &node {
            Node::List(calls) if !calls.is_empty() => calls.as_slice(),
            Node::Map(_) => std::slice::from_ref(&node),
            Node::List(_) | Node::Text(_) | Node::Literal(_) => return Ok(unreadable()),
        };
        let Some(methods) = calls.iter().map(method).collect::<Option<Vec<_>>>() else { return Ok(unreadable()) };
        let is_safe = |method: &&str| self.safe.iter().any(|one| one == method);
        let own = methods.iter().find_map(|method| never_of_the_portal(request, rules, method));
        let mut changing = methods.iter().filter(|method| !is_safe(method));
        if let Some(never) = own.or_else(|| changing.find_map(|method| never_built_in(request, rules, method))) {
            return Ok(Come::Block(never));
        }
        let kind = |method: &str| match method {
            _ if is_safe(&method) => Kind::Safe,
            _ if self.writes.iter().any(|one| one == method) => Kind::Listed,
            _ => Kind::Unlisted,
        };
        Ok(come(&self.id, methods.into_iter().map(kind)))
    }
}

/// Of one call, if that is all it is.
fn method(call: &Node) -> Option<&str> {
    let Node::Map(members) = call else { return None };
    let is_call = members.iter().all(|(name, _)| MEMBERS.contains(&name.as_str()));
    match members.iter().find(|(name, _)| name == "method") {
        Some((_, Node::Text(method))) if is_call => Some(method),
        Some((_, Node::Text(_) | Node::Literal(_) | Node::List(_) | Node::Map(_))) | None => None,
    }
}

//! Endpoints where many operations share one path: what a request does there stands in its content, and each operation in it
//! is judged by itself.

mod graphql;
mod json_rpc;

pub use graphql::{GraphqlEndpoint, Persisted};
pub use json_rpc::JsonRpcEndpoint;

use std::collections::BTreeSet;

use super::{
    category::Category,
    never_list,
    one_write::categories_of_fields,
    portal_rules::{PortalRules, Unread},
    request::JudgedRequest,
    request_rule::RuleId,
    rule,
};

/// What all operations of a request come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Come {
    /// They only read. The rule is nothing for a plain page at the endpoint's path.
    Safe(Option<RuleId>),
    /// At least one changes something, and all that do are listed.
    ListedWrite(RuleId),
    /// At least one changes something that nobody has listed.
    UnlistedWrite,
    Block(RuleId),
}

/// One operation, as far as it is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Safe,
    Listed,
    Unlisted,
}

/// Nothing where no endpoint has anything to do with the request.
pub(super) fn judge(request: &JudgedRequest<'_>, rules: &PortalRules) -> Result<Option<Come>, Unread> {
    for endpoint in &rules.graphql {
        if endpoint.path.is_perhaps(request.path) {
            return endpoint.judge(request, rules).map(Some);
        }
    }
    for endpoint in &rules.json_rpc {
        if endpoint.path.is_perhaps(request.path) {
            return endpoint.judge(request, rules).map(Some);
        }
    }
    Ok(None)
}

/// The arguments by name of what a GraphQL request asks for, where they are on the never-list: inline ones stand in no field.
pub(super) fn categories_of_arguments(request: &JudgedRequest<'_>, rules: &PortalRules) -> BTreeSet<Category> {
    let endpoint = rules.graphql.iter().find(|endpoint| endpoint.path.is_exactly(request.path));
    let names = endpoint.map(|endpoint| endpoint.arguments(request)).unwrap_or_default();
    let fields = names.iter().map(|name| (name.as_str(), ""));
    categories_of_fields("POST", request.path, fields)
}

/// The portal's own never-list, by the name of an operation of any kind.
fn never_of_the_portal(request: &JudgedRequest<'_>, rules: &PortalRules, name: &str) -> Option<RuleId> {
    let own = rules.never.iter().find(|never| {
        never.operations.iter().any(|operation| operation.eq_ignore_ascii_case(name))
            && never.rule.path.is_perhaps(request.path)
    });
    own.map(|never| never.rule.id.clone())
}

/// The built-in one, by the name of an operation that changes something.
fn never_built_in(request: &JudgedRequest<'_>, rules: &PortalRules, name: &str) -> Option<RuleId> {
    let segments = format!("/{}", name.replace(['.', ':', '/', '%'], " "));
    let built_in = never_list::categories("POST", &segments);
    let left = built_in.into_iter().find(|category| !rules.lifts_operation(*category, request, name));
    left.map(|category| category.rule().into())
}

/// One request's operations together: what changes most decides.
fn come(id: &RuleId, kinds: impl Iterator<Item = Kind>) -> Come {
    let mut come = Come::Safe(Some(id.clone()));
    for kind in kinds {
        match kind {
            Kind::Safe => {}
            Kind::Listed => come = Come::ListedWrite(id.clone()),
            Kind::Unlisted => return Come::UnlistedWrite,
        }
    }
    come
}

fn unreadable() -> Come {
    Come::Block(rule::OPERATION_UNREADABLE.into())
}

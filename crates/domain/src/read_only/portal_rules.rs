//! What one portal's owner has said about it.

use std::collections::BTreeSet;

use super::{
    category::Category,
    download::DownloadRule,
    mask::MaskRule,
    operations::{GraphqlEndpoint, JsonRpcEndpoint},
    request::JudgedRequest,
    request_rule::{Applies, RequestRule, RuleId},
    websocket::WebsocketRule,
};

/// Empty by default: then reads pass, and no write in any mode.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PortalRules {
    /// Reads that use another method than GET: they pass in every mode.
    pub safe_writes: Vec<RequestRule>,
    /// GETs that were looked at and only read, though they may look as if they did more.
    pub safe_reads: Vec<RequestRule>,
    /// GETs that change something: a read-only session does without them.
    pub unsafe_reads: Vec<RequestRule>,
    /// What `read_write` passes beside reads.
    pub writes: Vec<RequestRule>,
    /// What no session sees, because it would outlive it: keys, links that open without signing in, and the like.
    pub withheld: Vec<RequestRule>,
    /// Fields of JSON answers that no session sees, unless a rule lets them be shown on a stated reason.
    pub masks: Vec<MaskRule>,
    /// Answers that may be kept as files, where the policy lets the person keep them.
    pub downloads: Vec<DownloadRule>,
    /// What no session does, beside the built-in list.
    pub never: Vec<NeverRule>,
    /// What the built-in list takes for one of its own and is not.
    pub never_overrides: Vec<NeverOverride>,
    /// The portal has nothing of this kind.
    pub absent: BTreeSet<Category>,
    pub graphql: Vec<GraphqlEndpoint>,
    pub json_rpc: Vec<JsonRpcEndpoint>,
    pub websockets: Vec<WebsocketRule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeverRule {
    pub category: Category,
    pub rule: RequestRule,
    /// Of GraphQL and JSON-RPC; with some, it speaks of these alone.
    pub operations: Vec<String>,
}

/// Takes one category off what it names. It is on record that it does, and security is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeverOverride {
    pub category: Category,
    pub rule: RequestRule,
    /// Of GraphQL and JSON-RPC; with some, it speaks of these alone.
    pub operations: Vec<String>,
}

/// What kind of rule an id stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    SafeWrite,
    SafeRead,
    UnsafeRead,
    Write,
    Withhold,
    Mask,
    Download,
    Never,
    Graphql,
    JsonRpc,
    Websocket,
}

impl PortalRules {
    /// Categories that are neither mapped nor declared absent. While there are any, `read_write` is not offered.
    pub fn undeclared(&self) -> Vec<Category> {
        let is_mapped = |category: &Category| self.never.iter().any(|never| never.category == *category);
        Category::ALL.into_iter().filter(|category| !self.absent.contains(category) && !is_mapped(category)).collect()
    }

    /// The mask rules that let their fields be shown on a stated reason.
    pub fn unmasking(&self) -> impl Iterator<Item = &MaskRule> {
        self.masks.iter().filter(|mask| mask.unmask)
    }

    /// Kind and reason of one of the portal's own rules.
    pub fn rule(&self, id: &str) -> Option<(RuleKind, Option<&str>)> {
        let never = self.never.iter().map(|never| (RuleKind::Never, &never.rule));
        let about_requests = self.safe_writes.iter().map(|rule| (RuleKind::SafeWrite, rule));
        let mut about_requests = about_requests
            .chain(self.safe_reads.iter().map(|rule| (RuleKind::SafeRead, rule)))
            .chain(self.unsafe_reads.iter().map(|rule| (RuleKind::UnsafeRead, rule)))
            .chain(self.writes.iter().map(|rule| (RuleKind::Write, rule)))
            .chain(self.withheld.iter().map(|rule| (RuleKind::Withhold, rule)))
            .chain(self.websockets.iter().map(|socket| (RuleKind::Websocket, &socket.opening)))
            .chain(self.downloads.iter().map(|download| (RuleKind::Download, &download.request)))
            .chain(never);
        if let Some((kind, rule)) = about_requests.find(|(_, rule)| rule.id == id) {
            return Some((kind, rule.why.as_deref()));
        }
        if let Some(mask) = self.masks.iter().find(|mask| mask.id == id) {
            return Some((RuleKind::Mask, mask.why.as_deref()));
        }
        let is_graphql = self.graphql.iter().any(|endpoint| endpoint.id == id).then_some((RuleKind::Graphql, None));
        is_graphql
            .or_else(|| self.json_rpc.iter().any(|endpoint| endpoint.id == id).then_some((RuleKind::JsonRpc, None)))
    }

    /// How many there are, of all kinds.
    pub fn count(&self) -> usize {
        [
            self.safe_writes.len(),
            self.safe_reads.len(),
            self.unsafe_reads.len(),
            self.writes.len(),
            self.withheld.len(),
            self.masks.len(),
            self.downloads.len(),
            self.never.len(),
            self.never_overrides.len(),
            self.graphql.len(),
            self.json_rpc.len(),
            self.websockets.len(),
        ]
        .iter()
        .sum()
    }

    /// Whether the built-in list has nothing to say about this, though its words are there.
    pub(super) fn lifts(&self, category: Category, request: &JudgedRequest<'_>) -> bool {
        self.never_overrides
            .iter()
            .any(|lifted| lifted.category == category && lifted.operations.is_empty() && lifted.rule.names(request))
    }

    /// Of the content: also where it is said of an operation there.
    pub(super) fn lifts_fields(&self, category: Category, request: &JudgedRequest<'_>) -> bool {
        self.never_overrides.iter().any(|lifted| lifted.category == category && lifted.rule.names(request))
    }

    pub(super) fn lifts_operation(&self, category: Category, request: &JudgedRequest<'_>, operation: &str) -> bool {
        self.never_overrides.iter().any(|lifted| {
            lifted.category == category
                && lifted.operations.iter().any(|one| one == operation)
                && lifted.rule.names(request)
        })
    }
}

impl RequestRule {
    /// By method and path alone: an override says nothing about the rest.
    fn names(&self, request: &JudgedRequest<'_>) -> bool {
        self.methods.iter().any(|method| method == request.method) && self.path.is_exactly(request.path)
    }
}

/// The first rule that applies exactly. What can't be said before the content is read comes before what does not apply.
pub(super) fn first_exact(rules: &[RequestRule], request: &JudgedRequest<'_>) -> Result<Option<RuleId>, Unread> {
    first(rules.iter().map(|rule| (&rule.id, rule.is_exactly(request))))
}

/// The first that may apply.
pub(super) fn first_perhaps<'a>(
    rules: impl Iterator<Item = &'a RequestRule>,
    request: &JudgedRequest<'_>,
) -> Result<Option<RuleId>, Unread> {
    first(rules.map(|rule| (&rule.id, rule.is_perhaps(request))))
}

/// The content has to be read first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unread;

fn first<'a>(judged: impl Iterator<Item = (&'a RuleId, Applies)>) -> Result<Option<RuleId>, Unread> {
    for (id, applies) in judged {
        match applies {
            Applies::Yes => return Ok(Some(id.clone())),
            Applies::NeedsContent => return Err(Unread),
            Applies::No => {}
        }
    }
    Ok(None)
}

//! A portal's rules as its owner writes them, in TOML. What is not understood is refused whole, with the place.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{
    category::Category,
    download::{DownloadRule, MAX_DOWNLOAD_BYTES},
    mask::{MaskRule, MaskedField},
    never_list,
    operations::{GraphqlEndpoint, JsonRpcEndpoint, Persisted},
    path_pattern::{PathPattern, PatternError},
    portal_rules::{NeverOverride, NeverRule, PortalRules},
    request_rule::{FieldCondition, RequestRule},
    rule,
    websocket::{MessageShape, WebsocketRule},
};
use crate::content;

/// Longest file.
pub const MAX_RULES_BYTES: usize = 1024 * 1024;
/// Of all kinds together.
pub const MAX_RULES: usize = 500;
const MAX_ID: usize = 60;
/// Tokens of a JSON pointer, and its characters.
const MAX_POINTER_TOKENS: usize = 16;
const MAX_POINTER: usize = 200;
/// Any value, in files.
const ANY: &str = "*";

/// Why a text is no file of rules.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    #[error("it is longer than {MAX_RULES_BYTES} bytes, or holds more than {MAX_RULES} rules")]
    TooLong,
    #[error("it is no file of rules: {0}")]
    Syntax(#[from] toml::de::Error),
    #[error("the id `{0}` is no id: 1 to {MAX_ID} lower-case letters, digits and `-`")]
    NoId(String),
    #[error("the id `{0}` stands twice, or is one of Amberglass's own")]
    IdTaken(String),
    #[error("ids of `never` rules begin with `never-`, and others don't: `{0}`")]
    IdPrefix(String),
    #[error("`{id}`: {path} is no path: {error}")]
    Path { id: String, path: String, error: PatternError },
    #[error("`{id}`: it needs a method: in capital letters, as in requests")]
    Method { id: String },
    #[error("`{id}`: {method} does not go with rules of this kind")]
    OtherMethod { id: String, method: String },
    #[error("`{id}`: `{name}` is no name of a field, or a JSON pointer of more than {MAX_POINTER_TOKENS} steps")]
    Field { id: String, name: String },
    #[error("`{id}`: it looks at fields of a form and of JSON, and no content is both")]
    MixedFields { id: String },
    #[error("`{id}`: fields are looked at in forms and JSON only, and not in {content_type}")]
    FieldsElsewhere { id: String, content_type: String },
    #[error("`{id}`: `{content_type}` is no content type, or one in which something else could hide")]
    ContentType { id: String, content_type: String },
    #[error(
        "`{id}` lists what no session does ({category}). If it is something else at this portal, say so in a \
         `never_override`, with the reason; that goes on record, and security is told"
    )]
    OnNeverList { id: String, category: Category },
    #[error("`{0}`: an override speaks of one path, without placeholders")]
    ManyPaths(String),
    #[error(
        "`{id}`: answers at {path} are of many operations or come over a WebSocket, and a mask would miss what stands elsewhere in them"
    )]
    MaskedOperations { id: String, path: String },
    #[error(
        "`{0}`: files are listed by their content types, one at least, and `max_bytes` is from 1 to {MAX_DOWNLOAD_BYTES}"
    )]
    Download(String),
    #[error("`{0}`: an override says why")]
    NoReason(String),
    #[error("{0} is declared absent, and a `never` rule says where it is")]
    AbsentAndMapped(Category),
    #[error("`{id}`: the persisted document `{name}` is no document that could be executed")]
    Persisted { id: String, name: String },
    #[error("`{id}`: a message's shape is made of JSON pointers, with a value for one of them at least")]
    Shape { id: String },
    #[error("`{id}`: there is no `graphql` rule `{endpoint}`")]
    UnknownEndpoint { id: String, endpoint: String },
    #[error("`{0}`: `operations` are for paths of `graphql` and `json_rpc`")]
    NoEndpoint(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
    version: Version,
    #[serde(default)]
    absent: BTreeSet<Category>,
    #[serde(default)]
    safe_write: Vec<RequestTable>,
    #[serde(default)]
    safe_read: Vec<RequestTable>,
    #[serde(default)]
    unsafe_read: Vec<RequestTable>,
    #[serde(default)]
    write: Vec<RequestTable>,
    #[serde(default)]
    withhold: Vec<WithholdTable>,
    #[serde(default)]
    mask: Vec<MaskTable>,
    #[serde(default)]
    download: Vec<DownloadTable>,
    #[serde(default)]
    never: Vec<NeverTable>,
    #[serde(default)]
    never_override: Vec<OverrideTable>,
    #[serde(default)]
    graphql: Vec<GraphqlTable>,
    #[serde(default)]
    json_rpc: Vec<JsonRpcTable>,
    #[serde(default)]
    websocket: Vec<WebsocketTable>,
}

/// Another one would mean other things by the same words.
#[derive(Deserialize)]
#[serde(try_from = "u32")]
struct Version;

impl TryFrom<u32> for Version {
    type Error = &'static str;

    fn try_from(version: u32) -> Result<Self, Self::Error> {
        if version == 1 { Ok(Self) } else { Err("this server reads files of version 1") }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestTable {
    id: String,
    method: Option<OneOrMany>,
    path: String,
    #[serde(default)]
    query: BTreeMap<String, OneOrMany>,
    content_type: Option<String>,
    #[serde(default)]
    body: BTreeMap<String, OneOrMany>,
    why: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NeverTable {
    id: String,
    category: Category,
    method: Option<OneOrMany>,
    path: String,
    #[serde(default)]
    query: BTreeMap<String, OneOrMany>,
    #[serde(default)]
    body: BTreeMap<String, OneOrMany>,
    #[serde(default)]
    operations: Vec<String>,
    why: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WithholdTable {
    id: String,
    path: String,
    #[serde(default)]
    query: BTreeMap<String, OneOrMany>,
    why: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaskTable {
    id: String,
    path: String,
    fields: Vec<String>,
    #[serde(default)]
    unmask: bool,
    why: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DownloadTable {
    id: String,
    path: String,
    #[serde(default)]
    query: BTreeMap<String, OneOrMany>,
    content_types: Vec<String>,
    max_bytes: u64,
    why: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OverrideTable {
    id: String,
    category: Category,
    method: String,
    path: String,
    #[serde(default)]
    operations: Vec<String>,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GraphqlTable {
    id: String,
    path: String,
    #[serde(default = "all")]
    queries: Vec<String>,
    #[serde(default)]
    unsafe_queries: Vec<String>,
    #[serde(default)]
    safe_mutations: Vec<String>,
    #[serde(default)]
    writes: Vec<String>,
    #[serde(default)]
    subscriptions: Vec<String>,
    #[serde(default)]
    persisted: BTreeMap<String, String>,
    /// Beside a POST.
    #[serde(default)]
    query: Vec<String>,
}

/// A query reads, by the language's own definition (GraphQL, 2.3).
fn all() -> Vec<String> {
    vec![ANY.to_owned()]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonRpcTable {
    id: String,
    path: String,
    #[serde(default)]
    safe: Vec<String>,
    #[serde(default)]
    writes: Vec<String>,
}

/// Names or pointers, each with what may stand there.
type Conditions = BTreeMap<String, OneOrMany>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebsocketTable {
    id: String,
    path: String,
    #[serde(default)]
    query: Conditions,
    #[serde(default)]
    messages: Vec<Conditions>,
    #[serde(default)]
    writes: Vec<Conditions>,
    #[serde(default)]
    texts: Vec<String>,
    graphql: Option<String>,
    why: Option<String>,
}

impl PortalRules {
    /// Reads a whole file.
    ///
    /// # Errors
    /// [`RulesError`], about the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        if text.len() > MAX_RULES_BYTES {
            return Err(RulesError::TooLong);
        }
        let file: RulesFile = toml::from_str(text)?;
        let RulesFile { version: Version, absent, safe_write, safe_read, unsafe_read, write, .. } = file;
        let rules = Self {
            safe_writes: safe_write.into_iter().map(|table| passing(table, is_write)).collect::<Result<_, _>>()?,
            safe_reads: safe_read.into_iter().map(read_rule).collect::<Result<_, _>>()?,
            unsafe_reads: unsafe_read.into_iter().map(read_rule).collect::<Result<_, _>>()?,
            writes: write.into_iter().map(|table| passing(table, is_any)).collect::<Result<_, _>>()?,
            withheld: file.withhold.into_iter().map(withhold).collect::<Result<_, _>>()?,
            masks: file.mask.into_iter().map(mask_rule).collect::<Result<_, _>>()?,
            downloads: file.download.into_iter().map(download).collect::<Result<_, _>>()?,
            never: file.never.into_iter().map(never_rule).collect::<Result<_, _>>()?,
            never_overrides: file.never_override.into_iter().map(lifted).collect::<Result<_, _>>()?,
            absent,
            graphql: file.graphql.into_iter().map(graphql).collect::<Result<_, _>>()?,
            json_rpc: file.json_rpc.into_iter().map(json_rpc).collect::<Result<_, _>>()?,
            websockets: file.websocket.into_iter().map(websocket).collect::<Result<_, _>>()?,
        };
        rules.check()?;
        Ok(rules)
    }

    /// What no single rule can show.
    fn check(&self) -> Result<(), RulesError> {
        if self.count() > MAX_RULES {
            return Err(RulesError::TooLong);
        }
        let never = self.never.iter().map(|never| &never.rule);
        let overrides = self.never_overrides.iter().map(|lifted| &lifted.rule);
        let requests = self.safe_writes.iter().chain(&self.safe_reads).chain(&self.unsafe_reads).chain(&self.writes);
        let requests = requests.chain(self.downloads.iter().map(|download| &download.request));
        let requests = requests.chain(&self.withheld).chain(self.websockets.iter().map(|socket| &socket.opening));
        let ids = requests.clone().chain(never).chain(overrides).map(|rule| &rule.id);
        let ids = ids.chain(self.masks.iter().map(|mask| &mask.id));
        let ids = ids.chain(self.graphql.iter().map(|one| &one.id)).chain(self.json_rpc.iter().map(|one| &one.id));
        let mut taken = BTreeSet::new();
        for id in ids {
            let is_gateways =
                rule::OF_THE_GATEWAY.contains(&id.as_ref()) || id.starts_with("path-") || id.starts_with("target-");
            let is_own =
                is_gateways || rule::ALL.contains(&id.as_ref()) || Category::ALL.iter().any(|one| one.rule() == *id);
            if is_own || !taken.insert(id) {
                return Err(RulesError::IdTaken(id.to_string()));
            }
        }
        for never in &self.never {
            if self.absent.contains(&never.category) {
                return Err(RulesError::AbsentAndMapped(never.category));
            }
        }
        for socket in &self.websockets {
            let is_known = |id: &String| self.graphql.iter().any(|endpoint| endpoint.id == *id);
            if let Some(endpoint) = socket.graphql.as_ref().filter(|id| !is_known(id)) {
                let (id, endpoint) = (socket.opening.id.to_string(), endpoint.clone());
                return Err(RulesError::UnknownEndpoint { id, endpoint });
            }
        }
        for mask in &self.masks {
            let path = mask.path.example();
            let endpoints = self.graphql.iter().map(|one| &one.path).chain(self.json_rpc.iter().map(|one| &one.path));
            let mut endpoints = endpoints.chain(self.websockets.iter().map(|one| &one.opening.path));
            if endpoints.any(|endpoint| endpoint.is_perhaps(&path) || mask.path.is_perhaps(&endpoint.example())) {
                return Err(RulesError::MaskedOperations { id: mask.id.to_string(), path });
            }
        }
        self.check_listed()?;
        let with_operations = self.never.iter().map(|never| (&never.rule, &never.operations));
        let overriding = self.never_overrides.iter().map(|lifted| (&lifted.rule, &lifted.operations));
        for (rule, operations) in with_operations.chain(overriding) {
            let mut endpoints =
                self.graphql.iter().map(|one| &one.path).chain(self.json_rpc.iter().map(|one| &one.path));
            if !operations.is_empty() && !endpoints.any(|path| *path == rule.path) {
                return Err(RulesError::NoEndpoint(rule.id.to_string()));
            }
        }
        Ok(())
    }

    /// A rule that could never let anything pass misleads whoever reads it.
    fn check_listed(&self) -> Result<(), RulesError> {
        let sockets = self.websockets.iter().map(|socket| &socket.opening);
        for rule in self.safe_writes.iter().chain(&self.writes).chain(sockets) {
            for method in &rule.methods {
                // A GET that is listed as a write is one.
                let as_write = if is_write(method) { method.as_str() } else { "POST" };
                let found = never_list::categories(as_write, &rule.path.example());
                let is_lifted = |category: &Category| {
                    self.never_overrides.iter().any(|lifted| {
                        lifted.category == *category
                            && lifted.rule.path == rule.path
                            && lifted.rule.methods.contains(method)
                    })
                };
                if let Some(category) = found.into_iter().find(|category| !is_lifted(category)) {
                    return Err(RulesError::OnNeverList { id: rule.id.to_string(), category });
                }
            }
        }
        Ok(())
    }
}

fn is_write(method: &str) -> bool {
    !matches!(method, "GET" | "HEAD")
}

fn is_any(_: &str) -> bool {
    true
}

/// A rule that lets something pass names its methods.
fn passing(table: RequestTable, goes: fn(&str) -> bool) -> Result<RequestRule, RulesError> {
    let rule = request_rule(table)?;
    if rule.methods.is_empty() {
        return Err(RulesError::Method { id: rule.id.to_string() });
    }
    match rule.methods.iter().find(|method| !goes(method)) {
        Some(method) => Err(RulesError::OtherMethod { id: rule.id.to_string(), method: method.clone() }),
        None => Ok(rule),
    }
}

/// Of GET, which HEAD goes with.
fn read_rule(table: RequestTable) -> Result<RequestRule, RulesError> {
    let mut rule = request_rule(table)?;
    if let Some(method) = rule.methods.iter().find(|method| *method != "GET") {
        return Err(RulesError::OtherMethod { id: rule.id.to_string(), method: method.clone() });
    }
    if !rule.body.is_empty() || rule.content_type.is_some() {
        // No read with content passes at all.
        return Err(RulesError::FieldsElsewhere { id: rule.id.to_string(), content_type: "a GET".to_owned() });
    }
    rule.methods = vec!["GET".to_owned(), "HEAD".to_owned()];
    Ok(rule)
}

fn never_rule(table: NeverTable) -> Result<NeverRule, RulesError> {
    let NeverTable { id, category, method, path, query, body, operations, why } = table;
    if !id.starts_with("never-") {
        return Err(RulesError::IdPrefix(id));
    }
    let table = RequestTable { id, method, path, query, content_type: None, body, why };
    Ok(NeverRule { category, rule: rule_of(table)?, operations })
}

/// By whichever method it is asked for.
fn withhold(table: WithholdTable) -> Result<RequestRule, RulesError> {
    let WithholdTable { id, path, query, why } = table;
    request_rule(RequestTable { id, method: None, path, query, content_type: None, body: BTreeMap::new(), why })
}

fn mask_rule(table: MaskTable) -> Result<MaskRule, RulesError> {
    let MaskTable { id, path, fields, unmask, why } = table;
    let (id, path) = id_and_path(id, &path)?;
    if id.starts_with("never-") {
        return Err(RulesError::IdPrefix(id));
    }
    let field = |name: String| {
        // One that may be shown stands in the record of each page that it is seen on.
        let is_in_measure = !unmask || name.len() <= MAX_POINTER;
        MaskedField::parse(&name).filter(|_| is_in_measure).ok_or(RulesError::Field { id: id.clone(), name })
    };
    let fields = fields.into_iter().map(field).collect::<Result<Vec<_>, _>>()?;
    if fields.is_empty() {
        return Err(RulesError::Field { id, name: String::new() });
    }
    Ok(MaskRule { id: id.into(), path, fields, unmask, why })
}

/// Of GET alone: what asks in another way may do more than give a file.
fn download(table: DownloadTable) -> Result<DownloadRule, RulesError> {
    let DownloadTable { id, path, query, content_types, max_bytes, why } = table;
    let method = Some(OneOrMany::One("GET".to_owned()));
    let request =
        request_rule(RequestTable { id, method, path, query, content_type: None, body: BTreeMap::new(), why })?;
    let read = content_types.into_iter().map(|given| readable_type(&request.id, given));
    let content_types = read.collect::<Result<Vec<_>, _>>()?;
    if content_types.is_empty() || !(1..=MAX_DOWNLOAD_BYTES).contains(&max_bytes) {
        return Err(RulesError::Download(request.id.to_string()));
    }
    Ok(DownloadRule { request, content_types, max_bytes })
}

fn lifted(table: OverrideTable) -> Result<NeverOverride, RulesError> {
    let OverrideTable { id, category, method, path, operations, why } = table;
    if why.trim().is_empty() {
        return Err(RulesError::NoReason(id));
    }
    let table = RequestTable {
        id,
        method: Some(OneOrMany::One(method)),
        path,
        query: BTreeMap::new(),
        content_type: None,
        body: BTreeMap::new(),
        why: Some(why),
    };
    let rule = request_rule(table)?;
    if !rule.path.is_one_path() {
        return Err(RulesError::ManyPaths(rule.id.to_string()));
    }
    Ok(NeverOverride { category, rule, operations })
}

fn graphql(table: GraphqlTable) -> Result<GraphqlEndpoint, RulesError> {
    let GraphqlTable { id, path, queries, unsafe_queries, safe_mutations, writes, subscriptions, persisted, query } =
        table;
    let (id, path) = id_and_path(id, &path)?;
    let persisted = persisted.into_iter().map(|(name, document)| match Persisted::parse(&document) {
        Ok(parsed) => Ok((name, parsed)),
        Err(content::Unreadable) => Err(RulesError::Persisted { id: id.clone(), name }),
    });
    let persisted = persisted.collect::<Result<_, _>>()?;
    let id = id.into();
    Ok(GraphqlEndpoint { id, path, queries, unsafe_queries, safe_mutations, writes, subscriptions, persisted, query })
}

fn json_rpc(table: JsonRpcTable) -> Result<JsonRpcEndpoint, RulesError> {
    let JsonRpcTable { id, path, safe, writes } = table;
    let (id, path) = id_and_path(id, &path)?;
    Ok(JsonRpcEndpoint { id: id.into(), path, safe, writes })
}

fn websocket(table: WebsocketTable) -> Result<WebsocketRule, RulesError> {
    let WebsocketTable { id, path, query, messages, writes, texts, graphql, why } = table;
    let method = Some(OneOrMany::One("GET".to_owned()));
    let table = RequestTable { id, method, path, query, content_type: None, body: BTreeMap::new(), why };
    let opening = request_rule(table)?;
    let shape = |given: Conditions| {
        let fields = conditions(&opening.id, given)?;
        let tells_apart = fields.iter().any(|one| !one.values.is_empty());
        if tells_apart && fields.iter().all(FieldCondition::is_pointer) {
            Ok(MessageShape(fields))
        } else {
            Err(RulesError::Shape { id: opening.id.to_string() })
        }
    };
    let messages = messages.into_iter().map(shape).collect::<Result<_, _>>()?;
    let writes = writes.into_iter().map(shape).collect::<Result<_, _>>()?;
    Ok(WebsocketRule { opening, messages, writes, texts, graphql })
}

fn request_rule(table: RequestTable) -> Result<RequestRule, RulesError> {
    if table.id.starts_with("never-") {
        return Err(RulesError::IdPrefix(table.id));
    }
    rule_of(table)
}

fn rule_of(table: RequestTable) -> Result<RequestRule, RulesError> {
    let RequestTable { id, method, path, query, content_type, body, why } = table;
    let (id, path) = id_and_path(id, &path)?;
    let methods = method.map(OneOrMany::into_vec).unwrap_or_default();
    if methods.iter().any(|method| method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase())) {
        return Err(RulesError::Method { id });
    }
    let content_type = content_type.map(|given| readable_type(&id, given)).transpose()?;
    let body = conditions(&id, body)?;
    if let Some(content_type) = &content_type
        && !body.is_empty()
        && content_type != content::FORM
        && content_type != content::JSON
        && content_type != content::MULTIPART
    {
        return Err(RulesError::FieldsElsewhere { id, content_type: content_type.clone() });
    }
    let is_pointer = |one: &FieldCondition| one.name.starts_with('/');
    let is_mixed = match (body.iter().filter(|one| is_pointer(one)).count(), content_type.as_deref()) {
        (0, Some(content::JSON)) => !body.is_empty(),
        (0, _) => false,
        (pointers, content_type) => {
            pointers != body.len() || matches!(content_type, Some(content::FORM | content::MULTIPART))
        }
    };
    if is_mixed {
        return Err(RulesError::MixedFields { id });
    }
    let query = conditions(&id, query)?;
    Ok(RequestRule { id: id.into(), methods, path, query, content_type, body, why })
}

fn id_and_path(id: String, path: &str) -> Result<(String, PathPattern), RulesError> {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !(1..=MAX_ID).contains(&id.len()) || !id.bytes().all(is_part) {
        return Err(RulesError::NoId(id));
    }
    match PathPattern::parse(path) {
        Ok(pattern) => Ok((id, pattern)),
        Err(error) => Err(RulesError::Path { id, path: path.to_owned(), error }),
    }
}

/// Of the kinds with several parts only the one that browsers send is read.
fn readable_type(id: &str, given: String) -> Result<String, RulesError> {
    let media_type = content::media_type(&given).filter(|media_type| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'+' | b'-');
        let is_known = media_type == content::MULTIPART || !media_type.starts_with("multipart/");
        media_type.contains('/') && media_type.bytes().all(is_part) && is_known
    });
    media_type.ok_or(RulesError::ContentType { id: id.to_owned(), content_type: given })
}

fn conditions(id: &str, given: BTreeMap<String, OneOrMany>) -> Result<Vec<FieldCondition>, RulesError> {
    let condition = |(name, values): (String, OneOrMany)| {
        let is_pointer_in_measure = name.split('/').count() <= MAX_POINTER_TOKENS.saturating_add(1);
        // `*` stands for a name in masks alone.
        let is_wild = name.split('/').any(|step| step == ANY);
        if name.is_empty() || is_wild || name == "/" || name.len() > MAX_POINTER || !is_pointer_in_measure {
            return Err(RulesError::Field { id: id.to_owned(), name });
        }
        let values = match values.into_vec() {
            values if values.iter().any(|value| value == ANY) => Vec::new(),
            // A list of none could never hold.
            values if values.is_empty() => return Err(RulesError::Field { id: id.to_owned(), name }),
            values => values,
        };
        Ok(FieldCondition { name, values })
    };
    given.into_iter().map(condition).collect()
}

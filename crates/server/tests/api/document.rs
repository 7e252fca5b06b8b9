//! `docs/openapi.json` as the tests use it: every answer that a test of the API gets is held against it.

use std::{cell::RefCell, collections::BTreeSet, sync::LazyLock};

use serde_json::Value;
use url::Url;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(amberglass_server::openapi()).unwrap());

thread_local! {
    /// Operations of which this test saw an answer in JSON that was no refusal. A test has a thread of its own.
    static SEEN: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

#[derive(Clone, Copy)]
pub struct Operation {
    /// In capitals.
    pub method: &'static str,
    pub path: &'static str,
    pub says: &'static Value,
}

impl Operation {
    pub fn id(&self) -> &'static str {
        self.says["operationId"].as_str().unwrap()
    }

    /// The one scheme by which it asks who is there.
    pub fn security(&self) -> Option<&'static str> {
        let requirement = self.says.get("security")?.get(0)?.as_object().unwrap();
        requirement.keys().next().map(String::as_str)
    }

    /// Schema of the JSON that it takes.
    pub fn takes(&self) -> Option<&'static Value> {
        self.says
            .get("requestBody")
            .and_then(|body| body["content"].get("application/json"))
            .map(|json| &json["schema"])
    }

    pub fn parameters(&self, place: &'static str) -> impl Iterator<Item = &'static str> {
        let all = self.says.get("parameters").and_then(Value::as_array).into_iter().flatten();
        all.filter(move |parameter| parameter["in"] == place).map(|parameter| parameter["name"].as_str().unwrap())
    }

    /// Whether it answers in JSON when it does not refuse.
    pub fn gives_json(&self) -> bool {
        let responses = self.says["responses"].as_object().unwrap();
        let mut successes = responses.iter().filter(|(status, _)| status.starts_with('2'));
        successes.any(|(_, success)| success.pointer("/content/application~1json").is_some())
    }

    /// What it says of answers with this status.
    pub fn answer(&self, status: u16) -> Option<&'static Value> {
        let response = self.says["responses"].get(status.to_string())?;
        Some(response.get("$ref").map_or(response, followed))
    }

    fn is_at(&self, path: &str) -> bool {
        let (own, asked): (Vec<_>, Vec<_>) = (self.path.split('/').collect(), path.split('/').collect());
        own.len() == asked.len() && own.iter().zip(&asked).all(|(own, asked)| own == asked || own.starts_with('{'))
    }
}

pub fn document() -> &'static Value {
    &DOCUMENT
}

pub fn operations() -> impl Iterator<Item = Operation> {
    DOCUMENT["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, says)| {
            let method = match method.as_str() {
                "get" => "GET",
                "post" => "POST",
                other => panic!("{path}: the tests do not know how to {other}"),
            };
            Operation { method, path, says }
        })
    })
}

/// What this test saw so far.
pub fn seen() -> BTreeSet<String> {
    SEEN.with_borrow(Clone::clone)
}

/// Holds an answer against what is documented of its address. The method is not known here, so that an answer counts if
/// it is documented for one of those at that address.
pub fn check(url: &Url, status: u16, content_type: &str, body: &Value) {
    let at: Vec<Operation> = operations().filter(|operation| operation.is_at(url.path())).collect();
    let code = body.get("code").and_then(Value::as_str).unwrap_or_default();
    let is_problem = content_type == "application/problem+json";
    if at.is_empty() {
        let is_told = is_problem && ["not_found", "wrong_host"].contains(&code);
        assert!(is_told || !url.path().starts_with("/v1/"), "{url} is not documented, and answers {status}: {body}");
        return;
    }
    if is_problem && code == "method_not_allowed" {
        return;
    }
    let mut misfits = Vec::new();
    for operation in at {
        let Some(response) = operation.answer(status) else { continue };
        let Some(content) = response["content"].get(content_type) else { continue };
        if is_problem && !response["x-error-codes"].as_array().unwrap().contains(&Value::from(code)) {
            continue;
        }
        match misfit(&content["schema"], body) {
            Some(misfit) => misfits.push(misfit),
            None => {
                if !is_problem {
                    SEEN.with_borrow_mut(|seen| seen.insert(operation.id().to_owned()));
                }
                return;
            }
        }
    }
    panic!("{url} answers {status} {content_type}, which is not documented ({misfits:?}): {body}");
}

/// Where a value is not as its schema says, if anywhere. A field that the schema does not name is a misfit, too.
pub fn misfit(schema: &Value, value: &Value) -> Option<String> {
    let unknown = || {
        let known = fields(schema)?;
        let unknown = value.as_object()?.keys().find(|name| !known.contains(name.as_str()))?;
        Some(format!("{unknown} is not in {schema}"))
    };
    shape(schema, value).or_else(unknown)
}

fn shape(schema: &Value, value: &Value) -> Option<String> {
    let mut misfits = schema.as_object().unwrap().iter().filter_map(|(keyword, says)| match keyword.as_str() {
        "$ref" => shape(followed(says), value),
        "allOf" => says.as_array().unwrap().iter().find_map(|schema| shape(schema, value)),
        "oneOf" => {
            let fitting = says.as_array().unwrap().iter().filter(|schema| shape(schema, value).is_none()).count();
            (fitting != 1).then(|| format!("{value} fits {fitting} of {says}"))
        }
        "type" => {
            let is_one = |kind: &Value| is_of_type(kind.as_str().unwrap(), value);
            let fits = says.as_array().map_or_else(|| is_one(says), |kinds| kinds.iter().any(is_one));
            (!fits).then(|| format!("{value} is no {says}"))
        }
        "enum" => (!says.as_array().unwrap().contains(value)).then(|| format!("{value} is none of {says}")),
        "minimum" => (value.as_f64() < says.as_f64()).then(|| format!("{value} is less than {says}")),
        "items" => value.as_array().into_iter().flatten().find_map(|item| misfit(says, item)),
        "required" => {
            let missing = says.as_array().unwrap().iter().find(|name| value.get(name.as_str().unwrap()).is_none());
            missing.filter(|_| value.is_object()).map(|name| format!("{name} is missing"))
        }
        "properties" => says.as_object().unwrap().iter().find_map(|(name, schema)| {
            let misfit = misfit(schema, value.get(name)?)?;
            Some(format!("{name}: {misfit}"))
        }),
        "description" | "format" | "title" | "default" => None,
        other => panic!("a keyword that the tests do not know: {other}"),
    });
    misfits.next()
}

/// The fields that it names; `None` when it names none, so that any will do.
fn fields(schema: &Value) -> Option<BTreeSet<String>> {
    let named = schema.get("properties").and_then(Value::as_object);
    let mut fields: Option<BTreeSet<String>> = named.map(|named| named.keys().cloned().collect());
    let parts = ["allOf", "oneOf"].iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
    for part in parts.chain(schema.get("$ref").map(followed)) {
        fields.get_or_insert_default().extend(self::fields(part).unwrap_or_default());
    }
    fields
}

pub fn followed(reference: &Value) -> &'static Value {
    let pointer = reference.as_str().unwrap().strip_prefix('#').expect("a place in the document itself");
    DOCUMENT.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"))
}

fn is_of_type(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type of JSON: {other}"),
    }
}

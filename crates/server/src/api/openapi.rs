//! `GET /v1/openapi.json`: what the API is, for programs. Each endpoint says beside its handler what it does and which
//! refusals are its own; those that it shares with others are added here, with status and words from `problem`.
//!
//! `AMBERGLASS_WRITE_OPENAPI=1 cargo test -p amberglass-server openapi` writes it to `docs/openapi.json`.

use std::{
    collections::{BTreeMap, HashSet, btree_map::Entry},
    sync::LazyLock,
};

use amberglass_wire::{
    audit::EventBody,
    problem::{ErrorCode, PROBLEM_CONTENT_TYPE, Problem},
};
use axum::Json;
use utoipa::openapi::{
    Components, Content, Header, HeaderBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder,
    extensions::ExtensionsBuilder,
    path::{Operation, PathItem},
    request_body::RequestBody,
    schema::{ObjectBuilder, Schema, Type},
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use super::{endpoints, problem::ApiError};

/// The codes with which an operation, and in the end a response, may refuse.
const CODES: &str = "x-error-codes";
const STAFF: &str = "staff";
const PORTAL_KEY: &str = "portal_key";
const DEVICE_SIGNATURE: &str = "device_signature";
/// What readers take for kinds and codes of later versions.
const UNKNOWN: &str = "unknown";

const DESCRIPTION: &str = "\
The control API of an Amberglass server. `docs/api.md` of the repository explains it step by step.

Every refusal is `application/problem+json` (RFC 9457) with a stable `code`; only the pages of the sign-in are HTML. \
Apart from what each operation names, an unknown path is answered with 404 `not_found`, and another method with 405 \
`method_not_allowed` and `Allow`.

Take fields, codes and kinds that you do not know as they come: later versions of v1 may add some.";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Amberglass", description = DESCRIPTION, license(name = "Apache-2.0", identifier = "Apache-2.0")),
    servers((url = "/", description = "The server that this document comes from")),
    tags(
        (name = "public", description = "Open to everybody who reaches the server"),
        (name = "sign-in", description = "From the browser to tokens"),
        (name = "staff", description = "What a console asks for the staff member who is signed in"),
        (name = "device", description = "What a console's device may do by its key alone"),
        (name = "portal", description = "What a portal asks for its customers"),
    ),
    components(schemas(EventBody, Problem)),
)]
struct Frame;

/// Gives this document.
#[utoipa::path(
    get,
    path = "/v1/openapi.json",
    operation_id = "describe_api",
    tag = "public",
    responses((status = 200, description = "OpenAPI 3.1", body = Object))
)]
pub async fn openapi() -> Json<&'static OpenApi> {
    static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(document);
    Json(&DOCUMENT)
}

/// What `docs/openapi.json` holds.
pub fn document() -> OpenApi {
    let mut document = <Frame as utoipa::OpenApi>::openapi();
    document.merge(endpoints().into_openapi());
    let components = document.components.get_or_insert_default();
    components.security_schemes.extend(schemes().map(|(name, scheme)| (name.into(), scheme.into())));
    components.schemas.values_mut().for_each(forget_unknown);
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            add_refusals(path, operation, components);
        }
    }
    document
}

fn schemes() -> [(&'static str, SecurityScheme); 3] {
    let bearer = |description: &str| {
        SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description)).build())
    };
    let signature = ApiKeyValue::with_description(
        "Amberglass-Signature",
        "Ed25519 by the device's key over device, time and the SHA-256 of the uncompressed body; base64.",
    );
    [
        (STAFF, bearer("An access token from `issue_tokens`; five minutes.")),
        (PORTAL_KEY, bearer("A key that the operator made with `amberglass-server portal key add`.")),
        (DEVICE_SIGNATURE, SecurityScheme::ApiKey(ApiKey::Header(signature))),
    ]
}

/// In place of what a later version may say, readers have `unknown`; nobody ever sends it.
fn forget_unknown(schema: &mut RefOr<Schema>) {
    if let RefOr::T(Schema::Object(object)) = schema
        && let Some(values) = &mut object.enum_values
    {
        values.retain(|value| value != UNKNOWN);
    }
    if let RefOr::T(Schema::OneOf(one_of)) = schema {
        one_of.items.retain(|variant| !is_unknown(variant));
    }
}

fn is_unknown(variant: &RefOr<Schema>) -> bool {
    let RefOr::T(Schema::Object(variant)) = variant else { return false };
    let Some(RefOr::T(Schema::Object(kind))) = variant.properties.get("kind") else { return false };
    kind.enum_values.as_deref() == Some(&[UNKNOWN.into()])
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [get, put, post, delete, patch].into_iter().flatten()
}

/// One response for each status with which the operation may refuse. Those with one code are the same everywhere, and
/// stand in one place.
fn add_refusals(path: &str, operation: &mut Operation, components: &mut Components) {
    let mut by_status: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
    for code in codes_of(path, operation) {
        by_status.entry(ApiError::new(code).status().as_u16()).or_default().push(code);
    }
    for (status, codes) in by_status {
        let refusal = refusal(&codes);
        match (operation.responses.responses.entry(status.to_string()), codes.as_slice()) {
            // Pages of the sign-in share some statuses with problems.
            (Entry::Occupied(mut page), _) => {
                if let RefOr::T(page) = page.get_mut() {
                    page.content.extend(refusal.content);
                    page.extensions = refusal.extensions;
                }
            }
            (Entry::Vacant(free), [code]) => {
                free.insert(Ref::from_response_name(name(*code)).into());
                components.responses.insert(name(*code), refusal.into());
            }
            (Entry::Vacant(free), _) => drop(free.insert(refusal.into())),
        }
    }
}

/// Its own, and those that it shares with all that are like it; each once.
fn codes_of(path: &str, operation: &mut Operation) -> Vec<ErrorCode> {
    let own = operation.extensions.as_mut().and_then(|extensions| extensions.remove(CODES));
    let mut codes: Vec<ErrorCode> = own.and_then(|own| serde_json::from_value(own).ok()).unwrap_or_default();
    if takes_json(operation) {
        codes.extend([ErrorCode::InvalidRequest, ErrorCode::PayloadTooLarge, ErrorCode::UnsupportedMediaType]);
    }
    if asks_who_is_there(operation) {
        codes.extend([ErrorCode::NotSignedIn, ErrorCode::Unavailable]);
    }
    if path != super::layers::READY {
        codes.push(ErrorCode::WrongHost);
    }
    codes.push(ErrorCode::Internal);
    let mut seen = HashSet::new();
    codes.retain(|code| seen.insert(*code));
    codes
}

fn takes_json(operation: &Operation) -> bool {
    match &operation.request_body {
        Some(RefOr::T(RequestBody { content, .. })) => content.contains_key("application/json"),
        Some(RefOr::Ref(_)) | None => false,
    }
}

fn asks_who_is_there(operation: &Operation) -> bool {
    let schemes = operation.security.iter().flatten();
    schemes
        .flat_map(|requirement| serde_json::to_value(requirement).ok())
        .any(|requirement| requirement.get(STAFF).is_some() || requirement.get(PORTAL_KEY).is_some())
}

fn refusal(codes: &[ErrorCode]) -> Response {
    let words: Vec<String> =
        codes.iter().map(|code| format!("`{}`: {}.", name(*code), ApiError::new(*code).title())).collect();
    let names = codes.iter().map(|code| name(*code)).collect::<Vec<_>>();
    let mut response = ResponseBuilder::new()
        .description(words.join(" "))
        .content(PROBLEM_CONTENT_TYPE, Content::new(Some(Ref::from_schema_name("Problem"))))
        .extensions(Some(ExtensionsBuilder::new().add(CODES, names).build()));
    if codes.contains(&ErrorCode::TooManyRequests) {
        response = response.header("Retry-After", header("Seconds to wait.", Type::Integer));
    }
    if codes.contains(&ErrorCode::NotSignedIn) {
        response = response.header("WWW-Authenticate", header("`Bearer`.", Type::String));
    }
    response.build()
}

fn header(description: &str, kind: Type) -> Header {
    let schema = ObjectBuilder::new().schema_type(kind).build();
    HeaderBuilder::new().description(Some(description)).schema(Some(schema)).build()
}

/// As it stands on the wire.
fn name(code: ErrorCode) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(_) | Err(_) => String::new(),
    }
}

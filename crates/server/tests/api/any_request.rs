//! Whatever is sent to a documented endpoint: what comes back is documented, and the server does not fail.

use amberglass_wire::session::StartSessionResponse;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json as value};

use crate::world::{
    Console, JANE, PortalKey, SANA, World,
    document::{Operation, followed, operations},
    extend_request, json, start_request,
};

/// What nobody expects in the place of a value.
fn odd_values() -> Vec<Value> {
    let deep = (0..200).fold(value!(1), |inner, _| value!([inner]));
    vec![
        value!(null),
        value!(true),
        value!(0),
        value!(-1),
        value!(i64::MIN),
        value!(u64::MAX),
        value!(1e300),
        value!(0.5),
        value!(""),
        value!(" "),
        value!("\0"),
        value!("a\u{202e}b\r\nc"),
        value!("\u{1f436}".repeat(2000)),
        value!("x".repeat(60_000)),
        value!("' OR 1=1 --"),
        value!([]),
        value!({}),
        value!({ "a": [{}] }),
        deep,
    ]
}

/// The same for a piece of a path or query, as it stands in an address.
const ODD_PIECES: [&str; 12] = [
    "%00",
    "%FF",
    "%2F",
    "%2E%2E%2F",
    "%20",
    "%0D%0A",
    "-1",
    "9223372036854775808",
    "null",
    "%27%20OR%201%3D1",
    "%F0%9F%90%B6",
    "x%E2%80%AEy",
];

/// A body that fits its schema; `known` has better ones than can be made up.
fn made_up(schema: &Value) -> Value {
    if let Some(reference) = schema.get("$ref") {
        return made_up(followed(reference));
    }
    if let Some(parts) = schema.get("oneOf").and_then(Value::as_array) {
        return made_up(parts.last().unwrap());
    }
    if let Some(known) = schema.get("enum") {
        return known[0].clone();
    }
    let kind = schema["type"].as_str().unwrap_or("string");
    match kind {
        "object" => {
            let fields = schema["properties"].as_object().unwrap();
            fields.iter().map(|(name, schema)| (name.clone(), made_up(schema))).collect()
        }
        "array" => value!([made_up(&schema["items"])]),
        "integer" => value!(1),
        "boolean" => value!(false),
        _ => value!("Something that says enough"),
    }
}

/// Every place in it, the whole included, as JSON pointers.
fn places(value: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| places(value, &format!("{here}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| places(value, &format!("{here}/{index}"), found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The body, once with each odd value in each of its places, and once without each of its fields.
fn bodies(body: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    places(body, "", &mut found);
    let mut bodies = vec![body.clone()];
    for place in found {
        for odd in odd_values() {
            let mut other = body.clone();
            *other.pointer_mut(&place).unwrap() = odd;
            bodies.push(other);
        }
        if let Some((parent, name)) = place.rsplit_once('/') {
            let mut other = body.clone();
            if let Some(fields) = other.pointer_mut(parent).unwrap().as_object_mut() {
                fields.remove(name);
                bodies.push(other);
            }
        }
    }
    bodies
}

struct Caller<'a> {
    world: &'a World,
    console: Console,
    portal_key: &'a PortalKey,
    operation: Operation,
    /// A session that runs.
    session: String,
}

impl Caller<'_> {
    /// With what gets past the question who is there.
    fn request(&self, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(self.operation.method.as_bytes()).unwrap();
        let request = self.world.client.request(method, self.world.url(path));
        match self.operation.security() {
            Some("staff") => request.bearer_auth(&self.console.tokens.access_token),
            Some("portal_key") => request.bearer_auth(&self.portal_key.secret),
            Some("device_signature") => request
                .header("amberglass-device", self.console.tokens.device.as_str())
                .header("amberglass-signed-at", "1")
                .header("amberglass-signature", "eA=="),
            Some(other) => panic!("the tests do not know {other}"),
            None => request,
        }
    }

    /// Holds the answer against the document, refusals of the server's own making left out.
    async fn check(&self, response: Response) -> StatusCode {
        let (status, url) = (response.status(), response.url().clone());
        let id = self.operation.id();
        assert!(!status.is_server_error(), "{id} fails: {}", response.text().await.unwrap());
        let answer = self.operation.answer(status.as_u16()).unwrap_or_else(|| panic!("{id} does not name {status}"));
        let Some(documented) = answer.get("content") else { return status };
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        let kind = kind.split(';').next().unwrap();
        assert!(documented.get(kind).is_some(), "{id} answers {status} in {kind}");
        if kind.ends_with("json") {
            let body = serde_json::from_str(&response.text().await.unwrap()).unwrap();
            crate::world::document::check(&url, status.as_u16(), kind, &body);
        }
        status
    }
}

/// Nobody has to wait, so that each request is looked into.
async fn world() -> (World, PortalKey) {
    let world = World::with(|config| {
        config.limits.portal_requests_per_minute = u32::MAX;
        config.limits.searches_per_minute = u32::MAX;
    })
    .await;
    let portal_key = world.portal_key("barkside").await;
    (world, portal_key)
}

/// Signed in anew, with a session of its own, whatever the calls before have done.
async fn caller<'a>(world: &'a World, portal_key: &'a PortalKey, operation: Operation) -> Caller<'a> {
    // So many sessions in an hour would need approvals.
    world.clock.advance_seconds(301);
    let console = world.sign_in(SANA, 1).await;
    assert_eq!(world.post(&console, "/v1/emergency-stop/lift").send().await.unwrap().status(), StatusCode::NO_CONTENT);
    let lifted = crate::portal_stop::switch(world, &console, "lift", crate::world::REASON).await;
    assert_eq!(lifted.status(), StatusCode::OK);
    for session in world.server().state().sessions.list(Some(&console.tokens.staff.id), true).await.unwrap() {
        world.end(&console, &session.id).await;
    }
    let started = world.try_start(&console, operation.id(), &start_request(JANE)).await;
    let started: StartSessionResponse = json(started, StatusCode::CREATED).await;
    Caller { world, console, portal_key, operation, session: started.session.id.0 }
}

fn body_of(operation: &Operation, schema: &Value, console: &Console) -> Value {
    match operation.id() {
        "start_session" => serde_json::to_value(start_request(JANE)).unwrap(),
        "extend_session" => serde_json::to_value(extend_request(60)).unwrap(),
        _ => {
            let mut body = made_up(schema);
            if body.get("device").is_some() {
                body["device"] = value!(console.tokens.device);
            }
            body
        }
    }
}

#[tokio::test]
async fn whatever_body_is_sent_the_answer_is_a_documented_one() {
    let (world, portal_key) = world().await;
    for operation in operations() {
        let Some(schema) = operation.takes() else { continue };
        let caller = caller(&world, &portal_key, operation).await;
        let path = operation.path.replace("{id}", &caller.session);
        let mut refused = 0;
        for body in bodies(&body_of(&operation, schema, &caller.console)) {
            let request = caller.request(&path).header("idempotency-key", "key").json(&body);
            refused += usize::from(caller.check(request.send().await.unwrap()).await.is_client_error());
        }
        assert!(refused > 10, "{}: {refused} refusals", operation.id());
    }
}

#[tokio::test]
async fn whatever_stands_in_an_address_the_answer_is_a_documented_one() {
    let (world, portal_key) = world().await;
    for operation in operations() {
        let in_query: Vec<_> = operation.parameters("query").collect();
        if in_query.is_empty() && !operation.path.contains('{') {
            continue;
        }
        let caller = caller(&world, &portal_key, operation).await;
        let whole = |name: &str| match name {
            "id" => caller.session.clone(),
            "portal" => "barkside".to_owned(),
            "customer" => JANE.to_owned(),
            "scope" => "own".to_owned(),
            "state" => "any".to_owned(),
            "before" => "9".to_owned(),
            _ => "x".to_owned(),
        };
        let pieces: Vec<_> = operation.parameters("path").chain(in_query.iter().copied()).collect();
        for odd_one in &pieces {
            for odd in ODD_PIECES.into_iter().chain(["", "twice"]) {
                let value = |name: &str| if name == *odd_one { odd.to_owned() } else { whole(name) };
                let mut path = operation.path.to_owned();
                for name in operation.parameters("path") {
                    let value = if value(name).is_empty() { "x".to_owned() } else { value(name) };
                    path = path.replace(&format!("{{{name}}}"), &value);
                }
                let mut query: Vec<_> = in_query.iter().map(|name| format!("{name}={}", value(name))).collect();
                if odd == "twice" {
                    query.push(format!("{odd_one}=again"));
                }
                let request = caller.request(&format!("{path}?{}", query.join("&")));
                let request = request.header("idempotency-key", "key").json(&value!({}));
                caller.check(request.send().await.unwrap()).await;
            }
        }
    }
}

#[tokio::test]
async fn whatever_stands_in_a_header_the_answer_is_a_documented_one() {
    let (world, portal_key) = world().await;
    for operation in operations() {
        let caller = caller(&world, &portal_key, operation).await;
        let path =
            operation.path.replace("{id}", &caller.session).replace("{portal}", "barkside").replace("{customer}", JANE);
        let known = ["authorization", "content-type", "content-encoding", "accept", "origin", "cookie"];
        for name in operation.parameters("header").chain(known) {
            for odd in [&b""[..], b"\xff\xfe", b"-1", &[b'x'; 4000], b"gzip", b"Bearer"] {
                let body = operation.takes().map(|schema| body_of(&operation, schema, &caller.console));
                let mut request = caller.request(&path).json(&body.unwrap_or_default()).build().unwrap();
                if name != "idempotency-key" {
                    request.headers_mut().insert("idempotency-key", "key".parse().unwrap());
                }
                let odd = reqwest::header::HeaderValue::from_bytes(odd).unwrap();
                request.headers_mut().insert(reqwest::header::HeaderName::try_from(name).unwrap(), odd);
                let status = caller.check(caller.world.client.execute(request).await.unwrap()).await;
                let is_guarded = matches!(operation.security(), Some("staff" | "portal_key"));
                if name == "authorization" && is_guarded {
                    assert_eq!(status, StatusCode::UNAUTHORIZED, "{}", operation.id());
                }
            }
        }
    }
}

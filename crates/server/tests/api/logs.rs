//! The log tells what happened and nothing about anybody: no name, no address, no words of people, no secret, and nothing that
//! stands in an address or in a body. A whole story is told at the level of an operator who looks for a fault.

use amberglass_wire::{
    problem::ErrorCode,
    session::{RedeemGrantResponse, StartSessionResponse},
};
use reqwest::{Method, RequestBuilder, StatusCode, header};

use crate::{
    captured_log::CapturedLog,
    world::{AMY, Console, JANE, PASSWORD, VERIFIER, World, customer, json, problem, start_request},
};

/// In queries, in bodies, in cookies and in made-up headers of this story.
const SAID: [&str; 6] = ["qv-tabby", "bv-siamese", "cv-persian", "hv-birman", "mv-burmese", "pv-ragdoll"];

fn page(world: &World, entry: &RedeemGrantResponse, method: Method, path: &str) -> RequestBuilder {
    let gateway = world.server().gateway;
    world
        .client
        .request(method, format!("http://{gateway}{path}"))
        .header(header::HOST, format!("barkside.localhost:{}", gateway.port()))
        .header(header::COOKIE, format!("{}={}; theme=cv-persian", entry.cookie_name, entry.cookie_value))
        .header("sec-fetch-site", "same-origin")
        .header("x-note", "hv-birman")
}

/// From the sign-in to the end, with what goes wrong on the way. Gives what was secret in it.
async fn story(world: &mut World) -> (Vec<String>, Console) {
    assert_eq!(world.try_sign_in(AMY, "mv-burmese").await.status(), StatusCode::UNAUTHORIZED);
    let nobody = world.try_sign_in("nobody.qv-tabby@example.com", PASSWORD).await;
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    let form = world.form().await;
    let key = world.new_key(1);
    let code = World::code_of(&world.submit(form.clone(), AMY, PASSWORD).await);
    let amy = Console { tokens: json(world.token(&world.code_request(&code, &key)).await, StatusCode::OK).await, key };
    let mut amy = amy;
    let mut secrets: Vec<String> = form.into_values().filter(|value| value.len() > 40).collect();
    secrets.extend([code, amy.tokens.access_token.clone(), amy.tokens.refresh_token.clone()]);
    world.refresh(&mut amy).await;
    secrets.extend([amy.tokens.access_token.clone(), amy.tokens.refresh_token.clone()]);

    let jane = customer(&world.clock, |customer| customer.id == JANE);
    for query in ["qv-tabby", jane.name.as_str(), jane.email.as_str(), jane.phone.as_str()] {
        let search = world.get(&amy, "/v1/customers").query(&[("portal", "barkside"), ("query", query)]);
        assert_eq!(search.send().await.unwrap().status(), StatusCode::OK);
    }
    let card = world.get(&amy, &format!("/v1/portals/barkside/customers/{JANE}?q=qv-tabby"));
    assert_eq!(card.send().await.unwrap().status(), StatusCode::OK);
    let mut unfounded = start_request(JANE);
    unfounded.reason.code = "pv-ragdoll".into();
    let refused = world.try_start(&amy, "key-0", &unfounded).await;
    problem(refused, StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::ReasonCodeUnknown).await;
    let request =
        world.post(&amy, "/v1/sessions").header("idempotency-key", "key").header("content-type", "application/json");
    let broken = request.body("{\"portal\": \"barkside\", \"customer\": \"pv-ragdoll\", \"reason\": \"bv-siamese\"}");
    problem(broken.send().await.unwrap(), StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest).await;
    let nowhere = world.get(&amy, "/v1/qv-tabby?x=qv-tabby").send().await.unwrap();
    problem(nowhere, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;

    let started: StartSessionResponse =
        json(world.try_start(&amy, "key-1", &start_request(JANE)).await, StatusCode::CREATED).await;
    let (id, grant) = (started.session.id, started.grant.unwrap());
    secrets.push(grant.token.clone());
    let enter = world.entry_request(&amy, &id, &grant);
    let entry: RedeemGrantResponse = json(world.try_enter(&amy, &id, &enter).await, StatusCode::OK).await;
    secrets.push(entry.cookie_value.clone());
    let shown = page(world, &entry, Method::GET, "/account?owner=qv-tabby").send().await.unwrap();
    assert_eq!(shown.status(), StatusCode::OK);
    assert!(shown.text().await.unwrap().contains(&jane.name));
    let invented = Method::from_bytes(b"pv-ragdoll").unwrap();
    for (method, path) in [
        (Method::POST, "/account/address?to=qv-tabby"),
        (Method::POST, "/account/password/pv-ragdoll"),
        (invented, "/pets/pv-ragdoll"),
        (Method::GET, "/pets/%2e%2e/pv-ragdoll"),
    ] {
        let blocked = page(world, &entry, method, path).body("street=bv-siamese").send().await.unwrap();
        assert!(blocked.status().is_client_error(), "{path}");
    }
    world.beat(&amy, &id, 0).await;
    world.trail(&amy, &id).await;
    world.close_portal().await;
    let silent = page(world, &entry, Method::GET, "/pets/pv-ragdoll?x=qv-tabby").send().await.unwrap();
    assert_eq!(silent.status(), StatusCode::BAD_GATEWAY);
    let search = world.get(&amy, "/v1/customers").query(&[("portal", "barkside"), ("query", "qv-tabby")]);
    problem(search.send().await.unwrap(), StatusCode::SERVICE_UNAVAILABLE, ErrorCode::PortalUnreachable).await;
    world.break_the_audit_log().await;
    let unrecorded = page(world, &entry, Method::GET, "/pets/pv-ragdoll?x=qv-tabby").send().await.unwrap();
    assert_eq!(unrecorded.status(), StatusCode::SERVICE_UNAVAILABLE);
    world.repair_the_audit_log().await;
    let ended = world.try_end(&amy, &id, serde_json::json!({ "note": "Told her about bv-siamese" })).await;
    assert_eq!(ended.status(), StatusCode::OK);
    let late = page(world, &entry, Method::GET, "/pets?x=qv-tabby").send().await.unwrap();
    assert_eq!(late.status(), StatusCode::GONE);
    (secrets, amy)
}

#[tokio::test]
async fn a_whole_story_leaves_nothing_about_anybody_in_the_log() {
    let log = CapturedLog::start();
    let mut world = World::new().await;
    let (secrets, amy) = story(&mut world).await;
    world.post(&amy, "/v1/oauth/sign-out").send().await.unwrap();
    world.stop_server().await;
    let text = log.text();
    assert!(log.lines_with("request_id").len() > 20, "it does log: {text}");
    assert!(!log.lines_with("the portal gave no answer").is_empty(), "{text}");

    let jane = customer(&world.clock, |customer| customer.id == JANE);
    assert!(jane.name.starts_with("Jane "), "{}", jane.name);
    let reason = start_request(JANE).reason;
    let mut told: Vec<(&str, &str)> = SAID.iter().map(|said| ("what was said", *said)).collect();
    told.extend([
        ("the customer's name", jane.name.as_str()),
        ("the customer's first name", "Jane"),
        ("the customer's e-mail", jane.email.as_str()),
        ("the customer's phone", &jane.phone),
        ("the customer's id in an address", "customers/1042"),
        ("the staff member's e-mail", AMY),
        ("the staff member's name", "Amy Lee"),
        ("the device's name", "Amy's laptop"),
        ("the password", PASSWORD),
        ("the reason", &reason.text),
        ("the ticket", reason.ticket.as_deref().unwrap()),
        ("the verifier", VERIFIER),
    ]);
    told.extend(secrets.iter().map(|secret| ("a secret", secret.as_str())));
    for (what, words) in told {
        assert_eq!(line_with(&text, words), None, "{what}: {words}");
    }
}

/// In whatever case it is written.
fn line_with(text: &str, words: &str) -> Option<String> {
    text.to_lowercase().lines().find(|line| line.contains(&words.to_lowercase())).map(ToOwned::to_owned)
}

#[tokio::test]
async fn words_that_should_not_be_there_are_found() {
    let log = CapturedLog::start();
    tracing::debug!(query = "QV-Tabby", "somebody searched");
    tokio::spawn(async { tracing::debug!("of a task: {}", AMY) }).await.unwrap();
    assert!(line_with(&log.text(), SAID[0]).unwrap().contains("somebody searched"));
    assert!(line_with(&log.text(), AMY).is_some());
    assert_eq!(line_with(&log.text(), SAID[1]), None);
}

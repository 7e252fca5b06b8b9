//! Signing in through the form.

use amberglass_wire::problem::ErrorCode;
use reqwest::StatusCode;

use crate::world::{AMY, PASSWORD, REDIRECT, VERIFIER, World, json, problem};

#[tokio::test]
async fn a_staff_member_signs_in_and_is_who_they_are() {
    let world = World::new().await;
    let amy = world.sign_in("  AMY@Amberglass.Example ", 1).await;
    assert_eq!(amy.tokens.staff.name, "Amy Lee");
    assert_eq!(amy.tokens.token_type, "Bearer");
    let response = world.get(&amy, "/v1/snapshot").send().await.unwrap();
    let snapshot: amberglass_wire::auth::SnapshotResponse = json(response, StatusCode::OK).await;
    assert_eq!(snapshot.staff, amy.tokens.staff);
    assert_eq!(snapshot.portals[0].gateway_origin, world.gateway_origin());
    assert_eq!(snapshot.limits.silence_seconds, 5);
    assert_eq!(world.count_events("staff_signed_in").await, 1);
    assert_eq!(world.count_events("device_registered").await, 1);
}

#[tokio::test]
async fn the_form_is_locked_down_and_says_where_it_may_lead() {
    let world = World::new().await;
    let response = world
        .client
        .get(world.url("/v1/oauth/authorize"))
        .query(&world.authorize_query(REDIRECT))
        .send()
        .await
        .unwrap();
    let headers = response.headers().clone();
    let csp = headers["content-security-policy"].to_str().unwrap();
    assert!(csp.contains("default-src 'none'") && csp.contains("frame-ancestors 'none'"), "{csp}");
    assert!(csp.contains("form-action 'self' http://127.0.0.1:49152;"), "{csp}");
    assert_eq!(headers["x-frame-options"], "DENY");
    assert_eq!(headers["referrer-policy"], "no-referrer");
    assert_eq!(headers["cache-control"], "no-store");
    let page = response.text().await.unwrap();
    assert!(!page.contains("<script"));
    assert!(!page.contains("#f59e0b"), "amber means one thing, and this is not it");
}

#[tokio::test]
async fn a_wrong_password_is_said_plainly_keeps_the_address_and_is_on_record() {
    let world = World::new().await;
    for email in [AMY, "nobody@amberglass.example"] {
        let response = world.try_sign_in(email, "wrong password").await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        let page = response.text().await.unwrap();
        assert!(page.contains("E-mail or password is wrong."), "{page}");
        assert!(page.contains(&format!("value=\"{email}\"")) && page.contains("role=\"alert\""));
        assert!(!page.contains("wrong password"), "a password is never shown again");
    }
    assert_eq!(world.count_events("sign_in_failed").await, 2);
    assert_eq!(world.count_events("staff_signed_in").await, 0);
}

#[tokio::test]
async fn the_record_of_a_failure_does_not_hold_the_address() {
    use sqlx::Row as _;
    let world = World::new().await;
    world.try_sign_in(AMY, "wrong password").await;
    let row = sqlx::query("SELECT body FROM audit_events WHERE kind = 'sign_in_failed'")
        .fetch_one(&world.database().await)
        .await
        .unwrap();
    let body: String = row.get("body");
    assert!(!body.contains("amy") && body.contains("email_hash"), "{body}");
}

#[tokio::test]
async fn after_five_failures_even_the_right_password_has_to_wait() {
    let world = World::new().await;
    for _ in 0..5 {
        assert_eq!(world.try_sign_in(AMY, "wrong password").await.status(), StatusCode::UNAUTHORIZED);
    }
    let response = world.try_sign_in("AMY@amberglass.example", PASSWORD).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers()["retry-after"], "300");
    assert!(response.text().await.unwrap().contains("Wait 5 minutes"));
    // Somebody else is not kept out.
    assert_eq!(world.try_sign_in("leo@amberglass.example", PASSWORD).await.status(), StatusCode::SEE_OTHER);
    world.clock.advance_seconds(301);
    assert_eq!(world.try_sign_in(AMY, PASSWORD).await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_address_that_tries_many_accounts_has_to_wait_too() {
    let world = World::with(|config| config.limits.sign_in_failures_per_address = 3).await;
    for n in 0..3 {
        let email = format!("guess{n}@amberglass.example");
        assert_eq!(world.try_sign_in(&email, "wrong password").await.status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(world.try_sign_in(AMY, PASSWORD).await.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_code_works_once_and_a_second_try_ends_what_the_first_gave() {
    let world = World::new().await;
    let (key, code) = (world.new_key(1), world.code(AMY).await);
    let request = world.code_request(&code, &key);
    let first: amberglass_wire::auth::TokenResponse = json(world.token(&request).await, StatusCode::OK).await;
    problem(world.token(&request).await, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
    let snapshot = world.client.get(world.url("/v1/snapshot")).bearer_auth(&first.access_token).send().await.unwrap();
    problem(snapshot, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
}

#[tokio::test]
async fn a_code_needs_its_verifier_its_redirect_and_its_minute() {
    let world = World::new().await;
    let key = world.new_key(1);
    for (field, value) in [("code_verifier", "another-verifier"), ("redirect_uri", "http://127.0.0.1:1/callback")] {
        let code = world.code(AMY).await;
        let mut request = world.code_request(&code, &key);
        request.iter_mut().find(|(name, _)| *name == field).unwrap().1 = value.into();
        problem(world.token(&request).await, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
        // Whoever failed once does not get to guess again.
        problem(world.token(&world.code_request(&code, &key)).await, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn)
            .await;
    }
    let code = world.code(AMY).await;
    world.clock.advance_seconds(61);
    let late = world.token(&world.code_request(&code, &key)).await;
    problem(late, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
    assert_eq!(world.count_events("device_registered").await, 0);
    assert_eq!(VERIFIER.len(), 56);
}

#[tokio::test]
async fn nobody_but_a_console_on_this_machine_gets_a_code() {
    let world = World::new().await;
    for redirect in ["https://evil.example/callback", "http://localhost:49152/callback", "http://127.0.0.1:49152/x"] {
        let query = world.authorize_query(redirect);
        let response = world.client.get(world.url("/v1/oauth/authorize")).query(&query).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{redirect}");
        assert!(response.headers().get("location").is_none());
        let page = response.text().await.unwrap();
        assert!(page.contains("Nobody was signed in") && !page.contains("<form"), "{page}");
    }
    let mut form = world.form().await;
    form.insert("redirect_uri".into(), "http://127.0.0.1:666/callback".into());
    assert_eq!(world.submit(form, AMY, PASSWORD).await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn plain_challenges_and_missing_fields_are_refused() {
    let world = World::new().await;
    for (field, value) in
        [("code_challenge_method", "plain"), ("client_id", "other"), ("code_challenge", "short"), ("state", "")]
    {
        let mut query = world.authorize_query(REDIRECT);
        query.iter_mut().find(|(name, _)| *name == field).unwrap().1 = value.into();
        let response = world.client.get(world.url("/v1/oauth/authorize")).query(&query).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{field}");
    }
}

#[tokio::test]
async fn a_form_of_another_site_or_of_long_ago_signs_nobody_in() {
    let world = World::new().await;
    let mut form = world.form().await;
    form.insert("email".into(), AMY.into());
    form.insert("password".into(), PASSWORD.into());
    let post = |site: &'static str| {
        world.client.post(world.url("/v1/oauth/authorize")).header("sec-fetch-site", site).form(&form).send()
    };
    assert_eq!(post("cross-site").await.unwrap().status(), StatusCode::BAD_REQUEST);
    assert_eq!(post("same-origin").await.unwrap().status(), StatusCode::SEE_OTHER);
    world.clock.advance_seconds(31 * 60);
    let late = post("same-origin").await.unwrap();
    assert_eq!(late.status(), StatusCode::BAD_REQUEST);
    assert!(late.text().await.unwrap().contains("open for too long"));
}

#[tokio::test]
async fn an_account_that_is_not_active_is_told_no_more_than_a_wrong_password() {
    let world = World::new().await;
    let amy = world.amy().await;
    world.set_active(&amy, false).await;
    let response = world.try_sign_in(AMY, PASSWORD).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(response.text().await.unwrap().contains("E-mail or password is wrong."));
}

//! Signing in through the company's OpenID Connect provider: a real one.

use amberglass_domain::ports::Clock as _;
use amberglass_wire::{
    UnixMillis,
    auth::{Role, ServerResponse, SignInMethod},
};
use reqwest::{Response, StatusCode};

use crate::{
    openid_provider::{Browser, Provider},
    world::{Console, PASSWORD, World, json},
};

const KIM: &str = "kim@amberglass.example";

async fn console(world: &World, response: Response, seed: u64) -> Console {
    assert_eq!(response.status(), StatusCode::SEE_OTHER, "{}", response.text().await.unwrap());
    let key = world.new_key(seed);
    let code = World::code_of(&response);
    let tokens = json(world.token(&world.code_request(&code, &key)).await, StatusCode::OK).await;
    Console { key, tokens }
}

/// A page with these words, and nothing for a console.
async fn refused(response: Response, status: StatusCode, words: &str) {
    assert!(response.headers().get("location").is_none());
    assert_eq!(response.headers()["cache-control"], "no-store");
    let answered = response.status();
    let page = response.text().await.unwrap();
    assert_eq!(answered, status, "{page}");
    assert!(page.contains("Nobody was signed in") && page.contains(words), "{words}: {page}");
    assert!(page.contains("administrator") || page.contains("choose Sign in again") || page.contains("try again"));
}

#[tokio::test]
async fn an_account_is_found_by_its_verified_address_once_and_by_its_subject_from_then_on() {
    let provider = Provider::start().await;
    let world = provider.world(|_| {}).await;
    world.add_staff("Kim@Amberglass.example", Role::Lead).await;
    let mut browser = Browser::new(&world);
    let response = browser.sign_in(&world, "kim").await;
    let kim = console(&world, response, 1).await;
    assert_eq!(kim.tokens.staff.role, Role::Lead);
    assert_eq!(world.count_events("provider_linked").await, 1);
    assert_eq!(world.count_events("staff_signed_in").await, 1);
    // The provider still knows the browser, and says so without asking: that is no fresh sign-in.
    let response = browser.sign_in(&world, "kim").await;
    let again = console(&world, response, 1).await;
    assert_eq!(browser.asked, 1);
    assert_eq!(again.tokens.staff.id, kim.tokens.staff.id);
    assert_eq!(again.tokens.authenticated_at, UnixMillis(0));
    assert_eq!(world.count_events("provider_linked").await, 1);
    // The same address under another subject is somebody else.
    let response = Browser::new(&world).sign_in(&world, "capital").await;
    refused(response, StatusCode::FORBIDDEN, "belongs to somebody else at your company's provider").await;
}

#[tokio::test]
async fn a_fresh_sign_in_lets_the_provider_ask_again() {
    let provider = Provider::start().await;
    let world = provider.world(|_| {}).await;
    world.add_staff(KIM, Role::Agent).await;
    let mut browser = Browser::new(&world);
    browser.sign_in(&world, "kim").await;
    let departure = browser.departure(&world, true).await;
    let query: Vec<_> = departure.query_pairs().collect();
    assert!(query.contains(&("prompt".into(), "login".into())) && query.contains(&("max_age".into(), "0".into())));
    let response = browser.sign_in_afresh(&world, "kim").await;
    assert_eq!(browser.asked, 2);
    let kim = console(&world, response, 1).await;
    let age = world.clock.now().since(kim.tokens.authenticated_at);
    assert!((0..60_000).contains(&age), "{age} ms");
    // A provider that did not ask, or does not say when, does not make it fresh.
    for fault in ["stale", "timeless"] {
        provider.fault(&world, fault).await;
        let response = browser.sign_in_afresh(&world, "kim").await;
        refused(response, StatusCode::FORBIDDEN, "did not ask you to sign in again").await;
    }
}

#[tokio::test]
async fn who_has_no_right_to_an_account_is_told_why() {
    let provider = Provider::start().await;
    let world = provider.world(|config| config.allowed_domains = vec!["amberglass.example".into()]).await;
    world.add_staff(KIM, Role::Agent).await;
    let table = [
        ("unverified", "no e-mail address that it has verified"),
        ("nameless", "no e-mail address that it has verified"),
        ("outsider", "addresses of your domain may not sign in"),
        ("stranger", "You have no account on this server."),
    ];
    for (login, words) in table {
        let response = Browser::new(&world).sign_in(&world, login).await;
        refused(response, StatusCode::FORBIDDEN, words).await;
    }
    assert_eq!(world.count_events("sign_in_failed").await, 4);
    assert_eq!(world.count_events("provider_linked").await, 0);
    let response = Browser::new(&world).sign_in(&world, "kim").await;
    let kim = console(&world, response, 1).await;
    world.set_active(&kim, false).await;
    let response = Browser::new(&world).sign_in(&world, "kim").await;
    refused(response, StatusCode::FORBIDDEN, "Your account on this server is disabled.").await;
}

#[tokio::test]
async fn accounts_are_made_where_the_operator_says_so() {
    let provider = Provider::start().await;
    let world = provider.world(|config| config.create_accounts = Some(Role::Agent)).await;
    let response = Browser::new(&world).sign_in(&world, "stranger").await;
    let sam = console(&world, response, 1).await;
    assert_eq!((sam.tokens.staff.name.as_str(), sam.tokens.staff.role), ("Sam Stranger", Role::Agent));
    assert_eq!(world.count_events("staff_added").await, 1);
    assert_eq!(world.count_events("provider_linked").await, 1);
    let response = Browser::new(&world).sign_in(&world, "unverified").await;
    refused(response, StatusCode::FORBIDDEN, "no e-mail address that it has verified").await;
}

#[tokio::test]
async fn an_identity_that_does_not_hold_is_not_believed() {
    let provider = Provider::start().await;
    let world = provider.world(|_| {}).await;
    world.add_staff(KIM, Role::Agent).await;
    for fault in ["audience", "issuer", "expired", "signature", "nonce"] {
        provider.fault(&world, fault).await;
        let response = Browser::new(&world).sign_in(&world, "kim").await;
        let words = "it is not meant for this server or this sign-in, or its signature is wrong";
        refused(response, StatusCode::FORBIDDEN, words).await;
    }
    assert_eq!(world.count_events("provider_linked").await, 0);
    // Made anew in the same way, without a fault, it is believed.
    provider.fault(&world, "none").await;
    let response = Browser::new(&world).sign_in(&world, "kim").await;
    console(&world, response, 1).await;
}

#[tokio::test]
async fn an_identity_of_another_sign_in_is_not_believed() {
    let provider = Provider::start().await;
    let world = provider.world(|_| {}).await;
    world.add_staff(KIM, Role::Agent).await;
    let mut browser = Browser::new(&world);
    let with = |url: &url::Url, name: &str, value: &str| {
        let mut changed = url.clone();
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        changed.query_pairs_mut().clear().extend_pairs(
            pairs.into_iter().map(|(key, old)| if key == name { (key, value.to_owned()) } else { (key, old) }),
        );
        changed
    };
    let departure = browser.departure(&world, false).await;
    let back = browser.until_back(with(&departure, "nonce", "of-another-sign-in"), "kim").await;
    refused(world.client.get(back).send().await.unwrap(), StatusCode::FORBIDDEN, "What your company").await;
    // A code that somebody slips in does not fit the verifier.
    let theirs = browser.departure(&world, false).await;
    let theirs = browser.until_back(theirs, "kim").await;
    let code = theirs.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let mine = browser.departure(&world, false).await;
    let mine = browser.until_back(mine, "kim").await;
    let slipped = world.client.get(with(&mine, "code", &code)).send().await.unwrap();
    refused(slipped, StatusCode::FORBIDDEN, "provider ended the sign-in").await;
}

#[tokio::test]
async fn a_way_back_is_used_once_in_ten_minutes_and_only_if_it_began_here() {
    let provider = Provider::start().await;
    let world = provider.world(|_| {}).await;
    world.add_staff(KIM, Role::Agent).await;
    let mut browser = Browser::new(&world);
    let unknown = "was used before, took more than ten minutes, or did not begin here";
    let departure = browser.departure(&world, false).await;
    let back = browser.until_back(departure, "kim").await;
    assert_eq!(world.client.get(back.clone()).send().await.unwrap().status(), StatusCode::SEE_OTHER);
    refused(world.client.get(back).send().await.unwrap(), StatusCode::BAD_REQUEST, unknown).await;
    let never = world.url("/v1/oauth/provider/callback?state=never&code=x");
    refused(world.client.get(never).send().await.unwrap(), StatusCode::BAD_REQUEST, unknown).await;
    let departure = browser.departure(&world, false).await;
    let back = browser.until_back(departure, "kim").await;
    world.clock.advance_seconds(10 * 60);
    refused(world.client.get(back).send().await.unwrap(), StatusCode::BAD_REQUEST, unknown).await;
}

#[tokio::test]
async fn a_provider_that_says_no_or_is_another_one_signs_nobody_in() {
    let provider = Provider::start().await;
    let world = provider.world(|_| {}).await;
    world.add_staff(KIM, Role::Agent).await;
    let browser = Browser::new(&world);
    let state_of = |url: url::Url| url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let table = [
        ("error=access_denied", "provider ended the sign-in"),
        ("code=x&iss=https%3A%2F%2Felsewhere.example", "does not hold"),
        ("code=x", "provider ended the sign-in"),
    ];
    for (answer, words) in table {
        let state = state_of(browser.departure(&world, false).await);
        let url = world.url(&format!("/v1/oauth/provider/callback?state={state}&{answer}"));
        refused(world.client.get(url).send().await.unwrap(), StatusCode::FORBIDDEN, words).await;
    }
}

#[tokio::test]
async fn a_provider_that_is_down_is_said_plainly_before_and_after() {
    let provider = Provider::start().await;
    let world = provider.world(|_| {}).await;
    world.add_staff(KIM, Role::Agent).await;
    let mut browser = Browser::new(&world);
    let departure = browser.departure(&world, false).await;
    let back = browser.until_back(departure, "kim").await;
    provider.stop().await;
    let words = "sign-in provider does not answer as it should";
    refused(world.client.get(back).send().await.unwrap(), StatusCode::SERVICE_UNAVAILABLE, words).await;
    let query = world.authorize_query(crate::world::REDIRECT);
    let answer = world.client.get(world.url("/v1/oauth/authorize")).query(&query).send().await.unwrap();
    refused(answer, StatusCode::SERVICE_UNAVAILABLE, words).await;
}

#[tokio::test]
async fn passwords_are_off_and_consoles_are_told() {
    let provider = Provider::start().await;
    let mut world = provider.world(|_| {}).await;
    world.add_staff(KIM, Role::Agent).await;
    let server = world.client.get(world.url("/v1/server")).send().await.unwrap();
    assert_eq!(json::<ServerResponse>(server, StatusCode::OK).await.sign_in, SignInMethod::OpenidConnect);
    // A form from before, of the same server.
    let configured = world.config.openid_connect.take();
    world.stop_server().await;
    world.start_server().await;
    let form = world.form().await;
    world.config.openid_connect = configured;
    world.stop_server().await;
    world.start_server().await;
    refused(world.submit(form, KIM, PASSWORD).await, StatusCode::BAD_REQUEST, "passwords are off").await;
}

#[tokio::test]
async fn somebody_who_begins_again_and_again_has_to_wait() {
    let provider = Provider::start().await;
    let world = provider.world(|_| {}).await;
    let browser = Browser::new(&world);
    for _ in 0..world.config.limits.sign_in_failures_per_address {
        browser.departure(&world, false).await;
    }
    let query = world.authorize_query(crate::world::REDIRECT);
    let answer = world.client.get(world.url("/v1/oauth/authorize")).query(&query).send().await.unwrap();
    assert_eq!(answer.headers()["retry-after"], "300");
    refused(answer, StatusCode::TOO_MANY_REQUESTS, "Too many sign-ins were begun from your network").await;
}

//! Signing in with an authenticator app.

use std::collections::HashMap;

use amberglass_domain::ports::Clock as _;
use amberglass_wire::{auth::Role, problem::ErrorCode};
use reqwest::{Response, StatusCode};
use totp_rs::{Builder, Secret, Totp};

use crate::world::{Console, PASSWORD, World, fields_of, json, problem};

pub const KIM: &str = "kim@amberglass.example";

/// A server that is no demo, with one agent.
pub async fn in_earnest() -> World {
    let world = World::with(|config| config.demo = false).await;
    world.add_staff(KIM, Role::Agent).await;
    world
}

/// What an authenticator app does.
pub struct App(Totp);

impl App {
    /// Reads the key off the page.
    pub fn set_up(page: &str) -> Self {
        let key = page.split_once("<code id=\"key\">").unwrap().1.split_once("</code>").unwrap().0.replace(' ', "");
        Self(Builder::new().with_secret(Secret::try_from_base32(key).unwrap()).build().unwrap())
    }

    pub fn code(&self, world: &World, seconds_from_now: i64) -> String {
        let at = world.clock.now().plus_seconds(seconds_from_now).0 / 1000;
        self.0.generate(u64::try_from(at).unwrap()).to_string()
    }
}

/// The page that follows the right password.
async fn page_after_password(world: &World) -> String {
    let response = world.try_sign_in(KIM, PASSWORD).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.headers().get("location").is_none());
    response.text().await.unwrap()
}

async fn send(world: &World, mut fields: HashMap<String, String>, code: &str) -> Response {
    fields.insert("code".into(), code.into());
    world.client.post(world.url("/v1/oauth/authorize/code")).form(&fields).send().await.unwrap()
}

async fn send_code(world: &World, page: &str, code: &str) -> Response {
    send(world, fields_of(page), code).await
}

/// Signs Kim in for the first time.
pub async fn first_sign_in(world: &World, seed: u64) -> (App, Console) {
    let page = page_after_password(world).await;
    let app = App::set_up(&page);
    let response = send_code(world, &page, &app.code(world, 0)).await;
    (app, console(world, response, seed).await)
}

async fn console(world: &World, response: Response, seed: u64) -> Console {
    assert_eq!(response.status(), StatusCode::SEE_OTHER, "{}", response.text().await.unwrap());
    let key = world.new_key(seed);
    let code = World::code_of(&response);
    let tokens = json(world.token(&world.code_request(&code, &key)).await, StatusCode::OK).await;
    Console { key, tokens }
}

async fn words(response: Response, status: StatusCode) -> String {
    assert_eq!(response.status(), status);
    response.text().await.unwrap()
}

#[tokio::test]
async fn the_first_sign_in_sets_up_an_app_and_the_next_one_asks_for_its_code() {
    let world = in_earnest().await;
    let page = page_after_password(&world).await;
    assert!(page.contains("Set up your second factor") && page.contains("<svg class=\"qr\""), "{page}");
    assert!(page.contains(&format!("<strong>{KIM}</strong>")) && !page.contains(PASSWORD), "{page}");
    let app = App::set_up(&page);
    let response = send_code(&world, &page, &app.code(&world, 0)).await;
    let kim = console(&world, response, 1).await;
    assert_eq!(kim.tokens.authenticated_at, world.clock.now());
    assert_eq!(world.count_events("second_factor_set_up").await, 1);
    world.clock.advance_seconds(30);
    let page = page_after_password(&world).await;
    assert!(page.contains("Enter your code") && !page.contains("<svg class=\"qr\"") && !page.contains("id=\"key\""));
    let code = app.code(&world, 0);
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    console(&world, send_code(&world, &page, &spaced).await, 2).await;
    assert_eq!(world.count_events("second_factor_set_up").await, 1);
}

#[tokio::test]
async fn the_secret_is_not_kept_until_its_first_code_was_shown_and_then_only_sealed() {
    let world = in_earnest().await;
    let (first, second) = (page_after_password(&world).await, page_after_password(&world).await);
    let (lost, kept) = (App::set_up(&first), App::set_up(&second));
    assert_ne!(lost.code(&world, 0), kept.code(&world, 0));
    let response = send_code(&world, &second, &kept.code(&world, 0)).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    // The other page's secret is worth nothing now: an account has one.
    let page = words(send_code(&world, &first, &lost.code(&world, 0)).await, StatusCode::UNAUTHORIZED).await;
    assert!(
        page.contains("Your account was changed while you signed in.") && page.contains("id=\"password\""),
        "{page}"
    );
    let row = world.server().state().store.staff_by_email(KIM).await.unwrap().unwrap();
    let sealed = row.totp_sealed.unwrap();
    let base32 = second.split_once("<code id=\"key\">").unwrap().1.split_once("</code>").unwrap().0.replace(' ', "");
    let secret = Secret::try_from_base32(&base32).unwrap();
    assert!(!sealed.contains(&base32) && !sealed.contains(&hex(secret.as_bytes())));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_code_is_good_once_and_none_before_it_is_good_after_it() {
    let world = in_earnest().await;
    let (app, _) = first_sign_in(&world, 1).await;
    let used = app.code(&world, 0);
    let page = page_after_password(&world).await;
    for code in [used, app.code(&world, -30)] {
        let page = words(send_code(&world, &page, &code).await, StatusCode::UNAUTHORIZED).await;
        assert!(page.contains("The code is wrong or was used before. Nobody was signed in."), "{page}");
        assert!(page.contains("role=\"alert\"") && page.contains("aria-describedby=\"notice hint\""), "{page}");
    }
    // A phone may be one step ahead, not two.
    let far = words(send_code(&world, &page, &app.code(&world, 60)).await, StatusCode::UNAUTHORIZED).await;
    assert!(far.contains("check your phone's clock"), "{far}");
    let ahead = send_code(&world, &page, &app.code(&world, 30)).await;
    assert_eq!(ahead.status(), StatusCode::SEE_OTHER);
    assert_eq!(world.count_events("sign_in_failed").await, 3);
}

#[tokio::test]
async fn wrong_codes_count_like_wrong_passwords_whatever_comes_between() {
    let world = in_earnest().await;
    let (app, _) = first_sign_in(&world, 1).await;
    world.clock.advance_seconds(30);
    let wrong = app.code(&world, 600);
    for attempt in 0..5 {
        // A right password in between does not give the guesses back.
        let page = page_after_password(&world).await;
        let answer = send_code(&world, &page, &wrong).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "attempt {attempt}");
    }
    let response = world.try_sign_in(KIM, PASSWORD).await;
    assert_eq!(response.headers()["retry-after"], "300");
    let page = words(response, StatusCode::TOO_MANY_REQUESTS).await;
    assert!(page.contains("Too many attempts failed. Wait 5 minutes"), "{page}");
    world.clock.advance_seconds(300);
    let page = page_after_password(&world).await;
    assert_eq!(send_code(&world, &page, &app.code(&world, 0)).await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn too_many_wrong_codes_on_one_page_are_refused_with_the_right_one_too() {
    let world = in_earnest().await;
    let (app, _) = first_sign_in(&world, 1).await;
    world.clock.advance_seconds(30);
    let page = page_after_password(&world).await;
    for _ in 0..5 {
        words(send_code(&world, &page, &app.code(&world, 600)).await, StatusCode::UNAUTHORIZED).await;
    }
    let response = send_code(&world, &page, &app.code(&world, 0)).await;
    assert_eq!(response.headers()["retry-after"], "300");
    let page = words(response, StatusCode::TOO_MANY_REQUESTS).await;
    assert!(page.contains("Too many attempts failed. Wait 5 minutes"), "{page}");
}

#[tokio::test]
async fn a_code_follows_its_own_password_page_and_no_other() {
    let world = in_earnest().await;
    let (app, _) = first_sign_in(&world, 1).await;
    world.clock.advance_seconds(30);
    let page = page_after_password(&world).await;
    let good = fields_of(&page);
    for (field, value) in
        [("state", "another"), ("redirect_uri", "http://127.0.0.1:1/callback"), ("continuation", "AAAA")]
    {
        let mut fields = good.clone();
        fields.insert(field.into(), value.into());
        let page = words(send(&world, fields, &app.code(&world, 0)).await, StatusCode::BAD_REQUEST).await;
        assert!(page.contains("The link is incomplete or was changed on its way."), "{field}: {page}");
    }
    let mut form = good.clone();
    form.insert("code".into(), app.code(&world, 0));
    let foreign = world.client.post(world.url("/v1/oauth/authorize/code")).header("sec-fetch-site", "cross-site");
    assert_eq!(foreign.form(&form).send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    world.clock.advance_seconds(10 * 60 + 1);
    let page = words(send(&world, good, &app.code(&world, 0)).await, StatusCode::BAD_REQUEST).await;
    assert!(page.contains("open for too long") && page.contains("id=\"password\""), "{page}");
}

#[tokio::test]
async fn an_account_that_changed_after_the_password_begins_again() {
    let world = in_earnest().await;
    let (app, kim) = first_sign_in(&world, 1).await;
    world.clock.advance_seconds(30);
    let page = page_after_password(&world).await;
    let accounts = &world.server().state().accounts;
    accounts.set_password(&kim.tokens.staff.id, "another-password-of-hers").await.unwrap();
    let answer = words(send_code(&world, &page, &app.code(&world, 0)).await, StatusCode::UNAUTHORIZED).await;
    assert!(answer.contains("Your account was changed while you signed in."), "{answer}");
    accounts.set_password(&kim.tokens.staff.id, PASSWORD).await.unwrap();
    let page = page_after_password(&world).await;
    world.set_active(&kim, false).await;
    let answer = words(send_code(&world, &page, &app.code(&world, 0)).await, StatusCode::UNAUTHORIZED).await;
    assert!(answer.contains("Nobody was signed in."), "{answer}");
    assert_eq!(world.count_events("password_changed").await, 2);
    assert_eq!(world.count_events("staff_disabled").await, 1);
}

#[tokio::test]
async fn a_second_factor_that_was_reset_is_set_up_again_and_old_sign_ins_are_over() {
    let world = in_earnest().await;
    let (old, kim) = first_sign_in(&world, 1).await;
    assert!(world.server().state().accounts.reset_second_factor(&kim.tokens.staff.id).await.unwrap());
    assert!(!world.server().state().accounts.reset_second_factor(&kim.tokens.staff.id).await.unwrap());
    let snapshot = world.get(&kim, "/v1/snapshot").send().await.unwrap();
    problem(snapshot, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
    world.clock.advance_seconds(30);
    let page = page_after_password(&world).await;
    let new = App::set_up(&page);
    assert_eq!(send_code(&world, &page, &old.code(&world, 0)).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(send_code(&world, &page, &new.code(&world, 0)).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(world.count_events("second_factor_reset").await, 1);
}

#[tokio::test]
async fn a_server_with_another_key_signs_nobody_in_by_a_second_factor_it_cannot_read() {
    let mut world = in_earnest().await;
    let (app, _) = first_sign_in(&world, 1).await;
    world.stop_server().await;
    std::fs::write(world.config.data_dir.join("server-key"), "ab".repeat(32)).unwrap();
    world.start_server().await;
    world.clock.advance_seconds(30);
    let page = page_after_password(&world).await;
    let answer = words(send_code(&world, &page, &app.code(&world, 0)).await, StatusCode::SERVICE_UNAVAILABLE).await;
    assert!(answer.contains("could not check the code right now") && answer.contains("administrator"), "{answer}");
}

#[tokio::test]
async fn the_demo_does_without_and_says_so() {
    let world = World::new().await;
    let query = world.authorize_query(crate::world::REDIRECT);
    let page = world.client.get(world.url("/v1/oauth/authorize")).query(&query).send().await.unwrap();
    let page = page.text().await.unwrap();
    assert!(page.contains("without a second factor") && page.contains("on this computer only"), "{page}");
    let world = in_earnest().await;
    let page = world.client.get(world.url("/v1/oauth/authorize")).query(&query).send().await.unwrap();
    assert!(!page.text().await.unwrap().contains("Demo:"));
}

#[tokio::test]
async fn the_pages_of_the_second_factor_are_locked_down() {
    let world = in_earnest().await;
    let response = world.try_sign_in(KIM, PASSWORD).await;
    let csp = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(csp.contains("default-src 'none'") && csp.contains("form-action 'self' http://127.0.0.1:49152;"), "{csp}");
    assert_eq!(response.headers()["cache-control"], "no-store");
    let page = response.text().await.unwrap();
    assert!(!page.contains("<script") && !page.contains("style=\""), "the policy would not let it");
    assert!(page.contains("autocomplete=\"one-time-code\"") && page.contains("inputmode=\"numeric\""));
    assert!(page.contains("role=\"img\" aria-label=\"QR code"));
}

//! What happens beside a page: for the customer all of it, for support nothing but what the gateway lets happen.

use amberglass_demo_portal::{Happened, identity::SUPPORT_HEADER};
use axum::{
    body::Body,
    http::{Method, Request, Response, StatusCode, header},
};
use serde_json::{Value, json};

use crate::gateway::{Gateway, directory_claims, page_claims, signed, text, token};

const READ_ONLY: &str =
    r#"session="AG-7K3QX", mode=read-only, suppress=(last-login presence read-marks mail analytics)"#;
const READ_WRITE: &str = r#"session="AG-7K3QX", mode=read-write, suppress=(last-login presence read-marks analytics)"#;

/// Jane's browser, signed in with her own password.
async fn own_cookie(gateway: &Gateway, customer: &str, password: &str) -> Option<String> {
    let answer = post(gateway, "/sign-in", None, &format!("customer={customer}&password={password}")).await;
    let cookie = answer.headers().get(header::SET_COOKIE)?.to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    Some(cookie.split(';').next().unwrap().to_owned())
}

async fn post(gateway: &Gateway, path: &str, cookie: Option<&str>, body: &str) -> Response<Body> {
    let mut request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    gateway.ask(request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn own(gateway: &Gateway, path: &str, cookie: &str) -> (StatusCode, String) {
    let request = Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap();
    let answer = gateway.ask(request).await;
    (answer.status(), text(answer).await)
}

async fn support(gateway: &Gateway, method: Method, path: &str, lines: &[&str], session: &str) -> StatusCode {
    let mut claims = page_claims("1042");
    claims["sid"] = json!(session);
    let kind = Some("application/x-www-form-urlencoded");
    let body = Body::from("street=1+New+Road&postcode=40000&city=Pinewick");
    let mut request = signed(method, path, &token(&claims), body, kind);
    for line in lines {
        request.headers_mut().append(SUPPORT_HEADER, line.parse().unwrap());
    }
    gateway.ask(request).await.status()
}

/// An effect, and how often it has happened.
type Look = (&'static str, fn(&Happened) -> u64);

fn jane(gateway: &Gateway) -> Happened {
    gateway.state.happened("1042")
}

async fn unread_path(gateway: &Gateway) -> String {
    let messages = gateway.json("1042", "/api/messages").await;
    let unread = messages["messages"].as_array().unwrap().iter().find(|message| message["read"] == false).unwrap();
    format!("/messages/{}/open", unread["id"])
}

#[tokio::test]
async fn a_customer_who_looks_themselves_leaves_all_traces() {
    let gateway = Gateway::start().await;
    let before = jane(&gateway);
    let cookie = own_cookie(&gateway, "1042", "barkside-1042").await.unwrap();
    let now = gateway.now.load(std::sync::atomic::Ordering::SeqCst);
    let path = unread_path(&gateway).await;
    assert_eq!(own(&gateway, &path, &cookie).await.0, StatusCode::SEE_OTHER);
    let (_, messages) = own(&gateway, "/messages", &cookie).await;
    assert!(messages.contains("The salon sees you online") && !messages.contains("/open"), "{messages}");
    let (_, account) = own(&gateway, "/account", &cookie).await;
    for words in ["Last sign-in", "today at 10:00", "A new sign-in to your account", "Sign out"] {
        assert!(account.contains(words), "{words}: {account}");
    }
    assert!(!account.contains("support is viewing"));
    let after = jane(&gateway);
    assert_eq!((after.last_sign_in, after.last_seen), (Some(now), Some(now)));
    assert_eq!(after.sign_ins, before.sign_ins + 1);
    assert_eq!(after.mails_sent, before.mails_sent + 1);
    assert!(after.page_views > before.page_views && after.times_seen > before.times_seen);
    let booked = post(&gateway, "/account/address", Some(&cookie), "street=1+Road&postcode=1&city=Town").await;
    assert_eq!(booked.status(), StatusCode::SEE_OTHER);
    assert_eq!(jane(&gateway).mails.last().unwrap().subject, "Your address was changed");
}

#[tokio::test]
async fn support_leaves_no_trace_whether_the_header_is_whole_missing_or_nonsense() {
    let gateway = Gateway::start().await;
    let path = unread_path(&gateway).await;
    let before = jane(&gateway);
    for (n, lines) in
        [vec![READ_ONLY], vec![], vec!["((("], vec!["suppress=mail"], vec!["mode=read-write"]].iter().enumerate()
    {
        let session = format!("s-{n}");
        for page in ["/", "/messages", "/account", "/api/me"] {
            assert_eq!(support(&gateway, Method::GET, page, lines, &session).await, StatusCode::OK, "{page} {lines:?}");
        }
        assert_eq!(support(&gateway, Method::GET, &path, lines, &session).await, StatusCode::SEE_OTHER);
        assert_eq!(jane(&gateway), before, "{lines:?}");
        assert_eq!(gateway.json("1042", "/api/me").await["unread_messages"], 1, "{lines:?}");
    }
    let (_, messages) = gateway.page("1042", "/messages").await;
    assert!(messages.contains("The salon sees you offline"), "{messages}");
    assert_eq!(gateway.state.writes(), 0);
    let elsewhere = support(&gateway, Method::GET, "/messages/107701/open", &[READ_ONLY], "s").await;
    assert_eq!(elsewhere, StatusCode::NOT_FOUND, "another customer's message");
}

#[tokio::test]
async fn each_effect_happens_for_support_when_the_gateway_does_not_suppress_it() {
    let gateway = Gateway::start().await;
    let path = unread_path(&gateway).await;
    let looks: [Look; 4] = [
        ("last-login", |happened| happened.sign_ins),
        ("presence", |happened| happened.times_seen),
        ("mail", |happened| happened.mails_sent),
        ("analytics", |happened| happened.page_views),
    ];
    for (let_happen, counted) in looks {
        let rest: Vec<&str> = ["last-login", "presence", "read-marks", "mail", "analytics"]
            .into_iter()
            .filter(|one| *one != let_happen)
            .collect();
        let line = format!("suppress=({})", rest.join(" "));
        let before = jane(&gateway);
        support(&gateway, Method::GET, "/", &[&line], let_happen).await;
        for (effect, count) in looks {
            assert_eq!(
                count(&jane(&gateway)) - count(&before),
                u64::from(effect == let_happen),
                "{effect} with {line}"
            );
        }
        assert_eq!(counted(&jane(&gateway)) - counted(&before), 1);
    }
    support(&gateway, Method::GET, &path, &["suppress=(last-login presence mail analytics)"], "s").await;
    assert_eq!(gateway.json("1042", "/api/me").await["unread_messages"], 0);
}

#[tokio::test]
async fn a_write_that_support_was_allowed_tells_the_customer_by_mail_and_leaves_no_other_trace() {
    let gateway = Gateway::start().await;
    let before = jane(&gateway);
    assert_eq!(support(&gateway, Method::POST, "/account/address", &[READ_ONLY], "a").await, StatusCode::SEE_OTHER);
    assert_eq!(jane(&gateway), before);
    // Its first page is no sign-in, so the mail is the write's own.
    support(&gateway, Method::GET, "/", &[READ_ONLY], "b").await;
    assert_eq!(support(&gateway, Method::POST, "/account/address", &[READ_WRITE], "b").await, StatusCode::SEE_OTHER);
    let after = jane(&gateway);
    assert_eq!(after.mails.last().unwrap().subject, "Your address was changed");
    assert_eq!(Happened { mails: before.mails.clone(), mails_sent: after.mails_sent - 1, ..after }, before);
}

#[tokio::test]
async fn the_header_alone_opens_nothing_and_changes_nothing() {
    let gateway = Gateway::start().await;
    let cookie = own_cookie(&gateway, "1042", "barkside-1042").await.unwrap();
    let before = jane(&gateway);
    let forged = Request::get("/").header(SUPPORT_HEADER, READ_ONLY).body(Body::empty()).unwrap();
    assert_eq!(gateway.ask(forged).await.status(), StatusCode::UNAUTHORIZED);
    // Beside the customer's own cookie it does not hide the customer either.
    let own =
        Request::get("/").header(SUPPORT_HEADER, READ_ONLY).header(header::COOKIE, cookie).body(Body::empty()).unwrap();
    assert_eq!(gateway.ask(own).await.status(), StatusCode::OK);
    assert_eq!(jane(&gateway).page_views, before.page_views + 1);
}

#[tokio::test]
async fn support_neither_uses_nor_ends_the_customers_own_session() {
    let gateway = Gateway::start().await;
    let cookie = own_cookie(&gateway, "1042", "barkside-1042").await.unwrap();
    let with = |identity: &str, path: &str, method: Method| {
        let mut request = signed(
            method,
            path,
            identity,
            Body::from("customer=1042&password=barkside-1042"),
            Some("application/x-www-form-urlencoded"),
        );
        request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
        request
    };
    let jane_by_support = token(&page_claims("1042"));
    assert_eq!(gateway.ask(with("worthless", "/", Method::GET)).await.status(), StatusCode::UNAUTHORIZED);
    for (method, path) in [(Method::POST, "/sign-out"), (Method::POST, "/sign-in"), (Method::GET, "/sign-in")] {
        let answer = gateway.ask(with(&jane_by_support, path, method.clone())).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{method} {path}");
        assert!(!answer.headers().contains_key(header::SET_COOKIE));
    }
    assert_eq!(own(&gateway, "/", &cookie).await.0, StatusCode::OK);
    assert_eq!(post(&gateway, "/sign-out", Some(&cookie), "").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(own(&gateway, "/", &cookie).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn nobody_signs_in_with_a_wrong_password_or_to_a_closed_account() {
    let gateway = Gateway::start().await;
    for (customer, password) in
        [("1042", "wrong"), ("1042", "barkside-1043"), ("9999", "barkside-9999"), ("1013", "barkside-1013")]
    {
        assert_eq!(own_cookie(&gateway, customer, password).await, None, "{customer} {password}");
    }
    assert_eq!(own(&gateway, "/", "barkside=guessed").await.0, StatusCode::UNAUTHORIZED);
    let cookie = own_cookie(&gateway, "1042", "barkside-1042").await.unwrap();
    gateway.now.fetch_add(12 * 3_600_000, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(own(&gateway, "/", &cookie).await.0, StatusCode::UNAUTHORIZED, "after twelve hours");
}

#[tokio::test]
async fn the_gateway_is_told_how_often_each_effect_has_happened() {
    let gateway = Gateway::start().await;
    let path = "/.well-known/amberglass/effects?customer=1042";
    let (status, before) = gateway.directory(path).await;
    assert_eq!(status, StatusCode::OK);
    gateway.page("1042", "/").await;
    assert_eq!(gateway.directory(path).await.1, before);
    let cookie = own_cookie(&gateway, "1042", "barkside-1042").await.unwrap();
    own(&gateway, &unread_path(&gateway).await, &cookie).await;
    let (_, after) = gateway.directory(path).await;
    for effect in ["last_login", "presence", "read_marks", "mail", "analytics", "own_sessions"] {
        let count = |report: &Value| report[effect].as_u64().unwrap();
        assert_eq!(count(&after), count(&before) + 1, "{effect}");
    }
    assert_eq!(gateway.directory("/.well-known/amberglass/effects?customer=9999").await.0, StatusCode::NOT_FOUND);
    for token in [token(&page_claims("1042")), "none".into()] {
        let answer = gateway.ask(signed(Method::GET, path, &token, Body::empty(), None)).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }
    assert!(directory_claims()["scope"].is_string());
}

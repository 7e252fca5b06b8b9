use amberglass_demo_portal::data::customers;
use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use serde_json::json;

use crate::gateway::{Gateway, START, page_claims, signed, text, token};

const PAGES: [&str; 6] = ["/", "/appointments", "/pets", "/invoices", "/messages", "/account"];

#[tokio::test]
async fn every_page_of_every_active_customer_renders_with_the_name_escaped() {
    let gateway = Gateway::start().await;
    for customer in customers(START).values().filter(|one| one.active) {
        let name = customer.name.replace('<', "&lt;").replace('>', "&gt;");
        for path in PAGES {
            let (status, page) = gateway.page(&customer.id, path).await;
            assert_eq!(status, StatusCode::OK, "{path} of {}", customer.id);
            assert!(page.contains(&name), "{path} of {}", customer.id);
            assert_eq!(page.matches("<script").count(), 1, "only the portal's own script: {path} of {}", customer.id);
            assert!(!page.contains("{pet}") && !page.contains("{name}"), "{path} of {}", customer.id);
        }
    }
}

#[tokio::test]
async fn no_page_needs_more_than_the_strict_policy_allows() {
    let gateway = Gateway::start().await;
    for path in PAGES {
        let answer = gateway.ask(signed(Method::GET, path, &token(&page_claims("1042")), Body::empty(), None)).await;
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let page = text(answer).await;
        assert!(!page.contains(" style=") && !page.contains("<style") && !page.contains(" onclick"), "{path}");
        assert!(!page.contains("http://") && !page.contains("https://"), "{path}");
    }
}

#[tokio::test]
async fn every_file_that_a_page_names_exists() {
    let gateway = Gateway::start().await;
    let mut named = std::collections::BTreeSet::new();
    for customer in customers(START).values().filter(|one| one.active) {
        for path in ["/", "/pets"] {
            let (_, page) = gateway.page(&customer.id, path).await;
            let after = page.split("\"/assets/").skip(1);
            named.extend(after.map(|rest| format!("/assets/{}", rest.split('"').next().unwrap())));
        }
    }
    assert!(named.len() > 40, "{named:?}");
    for path in named {
        let answer = gateway.ask(Request::builder().uri(&path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert!(text(answer).await.len() > 400, "{path}");
    }
    for path in [
        "/assets/pets/dog-9-0-0.svg",
        "/assets/pets/dog-0-0-0-0.svg",
        "/assets/pets/cow-0-0-0.svg",
        "/assets/none.css",
        "/nowhere",
    ] {
        let answer = gateway.ask(Request::builder().uri(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn the_first_page_greets_by_name_and_shows_what_is_waiting() {
    let gateway = Gateway::start().await;
    let (_, page) = gateway.page("1042", "/").await;
    for words in ["Good morning, Jane", "is expected", "Open invoices", "Pay now", "Latest message", "1 unread"] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[tokio::test]
async fn the_page_says_who_is_looking_and_what_they_may_do() {
    let gateway = Gateway::start().await;
    let (_, page) = gateway.page("1042", "/").await;
    assert!(page.contains("Barkside support is viewing this account, read-only") && page.contains("amy.lee"), "{page}");
    let mut claims = page_claims("1042");
    claims["mode"] = json!("read_write");
    let answer = gateway.ask(signed(Method::GET, "/", &token(&claims), Body::empty(), None)).await;
    assert!(text(answer).await.contains("Barkside support is viewing this account and can make changes"));
}

#[tokio::test]
async fn the_class_that_only_support_knows_is_on_no_page() {
    let gateway = Gateway::start().await;
    for path in PAGES {
        assert!(!gateway.page("1090", path).await.1.contains("sensitive"), "{path}");
    }
    assert!(!gateway.json("1090", "/api/me").await.to_string().contains("sensitive"));
}

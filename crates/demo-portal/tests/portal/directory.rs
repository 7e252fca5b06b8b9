use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::gateway::Gateway;

async fn found(gateway: &Gateway, query: &str) -> (Vec<String>, bool) {
    let (status, answer) = gateway.directory(&format!("/.well-known/amberglass/customers?{query}")).await;
    assert_eq!(status, StatusCode::OK);
    let names = answer["customers"].as_array().unwrap().iter();
    (names.map(|one| one["name"].as_str().unwrap().to_owned()).collect(), answer["truncated"].as_bool().unwrap())
}

#[tokio::test]
async fn the_best_match_comes_first() {
    let gateway = Gateway::start().await;
    // "jan" begins two names, and stands inside the family name Jansen, in the e-mail too.
    let (names, _) = found(&gateway, "query=JAN").await;
    assert_eq!(&names[..2], ["Jane Doe", "Janet Moe"]);
    assert!(names.len() > 2 && names[2..].iter().all(|name| name.ends_with("Jansen")), "{names:?}");
    // An e-mail that begins with it comes before a name that only contains it.
    assert_eq!(found(&gateway, "query=jm").await.0, ["Janet Moe"]);
    assert_eq!(found(&gateway, "query=office%40").await.0, ["Helena Marsh"]);
    assert_eq!(found(&gateway, "query=+1042+").await.0, ["Jane Doe"]);
    assert_eq!(found(&gateway, "query=nobody-at-all").await, (vec![], false));
    let (elise, _) = found(&gateway, "query=%C3%A9lise").await;
    assert!(!elise.is_empty() && elise.iter().all(|name| name.starts_with("Élise")));
}

#[tokio::test]
async fn an_empty_query_gives_the_first_by_name_and_says_that_there_are_more() {
    let gateway = Gateway::start().await;
    let (names, truncated) = found(&gateway, "query=").await;
    let mut sorted = names.clone();
    sorted.sort_by_key(|name| name.to_lowercase());
    assert_eq!((names.len(), truncated), (50, true));
    assert_eq!(names, sorted);
    assert_eq!(found(&gateway, "").await.0, names);
    assert_eq!(found(&gateway, "query=&limit=3").await.0, names[..3]);
    assert_eq!(found(&gateway, "query=&limit=0").await.0.len(), 1);
    let (all, truncated) = found(&gateway, "query=&limit=200").await;
    assert_eq!((all.len(), truncated), (200, false));
}

#[tokio::test]
async fn one_customer_is_told_with_all_that_the_policy_needs() {
    let gateway = Gateway::start().await;
    let (status, mut jane) = gateway.directory("/.well-known/amberglass/customers/1042").await;
    assert_eq!(status, StatusCode::OK);
    assert!(jane["since_ms"].as_i64().unwrap() < crate::gateway::START);
    jane["since_ms"] = Value::Null;
    assert_eq!(
        jane,
        json!({ "id": "1042", "name": "Jane Doe", "email": "jane.doe@example.com", "class": "gold",
                "plan": "Fresh Coat", "since_ms": null, "active": true })
    );
    assert_eq!(gateway.directory("/.well-known/amberglass/customers/1090").await.1["class"], "sensitive");
    assert_eq!(gateway.directory("/.well-known/amberglass/customers/1013").await.1["active"], false);
    assert_eq!(gateway.directory("/.well-known/amberglass/customers/9999").await.0, StatusCode::NOT_FOUND);
}

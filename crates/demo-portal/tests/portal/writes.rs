use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::gateway::{Gateway, text};

async fn booked(gateway: &Gateway, customer: &str) -> Vec<Value> {
    let all = gateway.json(customer, "/api/appointments").await;
    let visits = all["appointments"].as_array().unwrap().clone();
    visits.into_iter().filter(|visit| visit["state"] == "booked").collect()
}

#[tokio::test]
async fn booking_by_form_adds_an_appointment_and_says_so() {
    let gateway = Gateway::start().await;
    let before = booked(&gateway, "1042").await.len();
    let form = "pet=104201&service=teeth&date=2026-12-01&time=14%3A00&note=Be+gentle";
    let answer = gateway.post_form("1042", "/appointments", form).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let target = answer.headers()["location"].to_str().unwrap().to_owned();
    let (_, page) = gateway.page("1042", &target).await;
    assert!(page.contains("Booked. We look forward") && page.contains("Be gentle"), "{page}");
    let after = booked(&gateway, "1042").await;
    assert_eq!(after.len(), before + 1);
    assert!(after.iter().any(|visit| visit["service"] == "Teeth clean" && visit["at"] == 1_796_133_600_000_i64));
    assert_eq!(gateway.state.writes(), 1);
}

#[tokio::test]
async fn a_booking_that_cannot_be_taken_changes_nothing_and_keeps_what_was_typed() {
    let gateway = Gateway::start().await;
    let before = booked(&gateway, "1042").await;
    for (form, words) in [
        ("pet=107701&service=teeth&date=2026-12-01&time=14:00&note=kept", "Choose which of your pets"),
        ("pet=104201&service=tattoo&date=2026-12-01&time=14:00&note=kept", "Choose a service"),
        ("pet=104201&service=teeth&date=2026-11-20&time=14:00&note=kept", "has passed"),
        ("pet=104201&service=teeth&date=2026-12-06&time=14:00&note=kept", "closed on Sundays"),
        ("pet=104201&service=teeth&date=2027-12-01&time=14:00&note=kept", "six months ahead"),
        ("pet=104201&service=teeth&date=2026-12-01&time=03:17&note=kept", "one of the times"),
        ("pet=104201&service=teeth&date=soon&time=14:00&note=kept", "Choose a date"),
    ] {
        let answer = gateway.post_form("1042", "/appointments", form).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        let page = text(answer).await;
        assert!(page.contains(words) && page.contains(">kept</textarea>"), "{form}: {page}");
    }
    assert_eq!(booked(&gateway, "1042").await, before);
    assert_eq!(gateway.state.writes(), 0);
}

#[tokio::test]
async fn an_appointment_is_cancelled_once_and_only_by_whose_it_is() {
    let gateway = Gateway::start().await;
    let path = format!("/api/appointments/{}/cancel", booked(&gateway, "1042").await[0]["id"]);
    assert_eq!(gateway.post_json("1077", &path, json!({})).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(gateway.state.writes(), 0);
    assert_eq!(gateway.post_json("1042", &path, json!({})).await.status(), StatusCode::OK);
    assert_eq!(booked(&gateway, "1042").await.len(), 1);
    let again = gateway.post_json("1042", &path, json!({})).await;
    assert_eq!(again.status(), StatusCode::CONFLICT);
    assert_eq!(again.headers()["content-type"], "application/problem+json");
    assert!(text(again).await.contains("already cancelled"));
    assert_eq!(gateway.state.writes(), 1);
}

#[tokio::test]
async fn an_invoice_is_paid_once() {
    let gateway = Gateway::start().await;
    let all = gateway.json("1042", "/api/invoices").await;
    let open = all["invoices"].as_array().unwrap().iter().find(|invoice| invoice["paid"].is_null()).unwrap();
    let path = format!("/api/invoices/{}/pay", open["id"]);
    assert!(gateway.page("1042", "/").await.1.contains(&path));
    assert_eq!(gateway.post_json("1042", &path, json!({})).await.status(), StatusCode::OK);
    assert_eq!(gateway.post_json("1042", &path, json!({})).await.status(), StatusCode::CONFLICT);
    assert!(gateway.page("1042", "/").await.1.contains("All paid"));
    assert_eq!(gateway.state.writes(), 1);
}

#[tokio::test]
async fn a_message_is_sent_and_an_empty_one_is_not() {
    let gateway = Gateway::start().await;
    let answer =
        gateway.post_json("1042", "/api/messages", json!({ "subject": "Hi", "body": "A <b>bold</b> wish" })).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let sent: Value = serde_json::from_str(&text(answer).await).unwrap();
    let (_, page) = gateway.page("1042", &format!("/messages/{}", sent["id"])).await;
    assert!(page.contains("A &lt;b&gt;bold&lt;/b&gt; wish"), "{page}");
    let empty = gateway.post_json("1042", "/api/messages", json!({ "body": "  " })).await;
    assert_eq!(empty.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(gateway.state.writes(), 1);
}

#[tokio::test]
async fn the_address_is_changed_for_this_customer_alone() {
    let gateway = Gateway::start().await;
    let others = gateway.json("1077", "/api/me").await["address"].clone();
    let answer = gateway.post_form("1042", "/account/address", "street=1+New+Road&postcode=40000&city=Pinewick").await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let me = gateway.json("1042", "/api/me").await;
    assert_eq!(me["address"], json!({ "street": "1 New Road", "postcode": "40000", "city": "Pinewick" }));
    assert_eq!(gateway.json("1077", "/api/me").await["address"], others);
    let empty = gateway.post_form("1042", "/account/address", "street=+&postcode=1&city=x").await;
    assert_eq!(empty.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(gateway.state.writes(), 1);
}

#[tokio::test]
async fn the_password_is_changed_only_with_the_current_one() {
    let gateway = Gateway::start().await;
    let form = |current: &str, new: &str, repeat: &str| {
        format!("current_password={current}&new_password={new}&repeat_password={repeat}")
    };
    let path = "/account/password";
    for (current, new, repeat, expected) in [
        ("wrong", "a-long-new-one", "a-long-new-one", StatusCode::UNPROCESSABLE_ENTITY),
        ("barkside-1042", "short", "short", StatusCode::UNPROCESSABLE_ENTITY),
        ("barkside-1042", "a-long-new-one", "another-new-one", StatusCode::UNPROCESSABLE_ENTITY),
        ("barkside-1042", "a-long-new-one", "a-long-new-one", StatusCode::SEE_OTHER),
        ("barkside-1042", "yet-another-one", "yet-another-one", StatusCode::UNPROCESSABLE_ENTITY),
        ("a-long-new-one", "yet-another-one", "yet-another-one", StatusCode::SEE_OTHER),
    ] {
        let answer = gateway.post_form("1042", path, &form(current, new, repeat)).await;
        assert_eq!(answer.status(), expected, "{current} to {new}");
    }
    assert_eq!(gateway.state.writes(), 2);
}

#[tokio::test]
async fn a_search_by_post_reads_and_writes_nothing() {
    let gateway = Gateway::start().await;
    let all = gateway.json("1042", "/api/appointments").await;
    let pet = all["appointments"][0]["pet_name"].as_str().unwrap().to_owned();
    let answer = gateway.post_json("1042", "/api/appointments/search", json!({ "query": pet.to_uppercase() })).await;
    let found: Value = serde_json::from_str(&text(answer).await).unwrap();
    let found = found["appointments"].as_array().unwrap();
    assert!(!found.is_empty() && found.len() < all["appointments"].as_array().unwrap().len());
    assert!(found.iter().all(|visit| visit["pet_name"] == pet.as_str()));
    assert_eq!(gateway.state.writes(), 0);
}

#[tokio::test]
async fn what_arrived_is_told_in_order_and_what_did_not_arrive_is_absent() {
    let gateway = Gateway::start().await;
    gateway.page("1042", "/?from=here").await;
    gateway.post_json("1042", "/api/invoices/1/pay", json!({})).await;
    let received: Vec<_> =
        gateway.state.received().into_iter().map(|one| format!("{} {}", one.method, one.path)).collect();
    assert_eq!(received, ["GET /", "POST /api/invoices/1/pay"]);
    assert!(gateway.state.has_received(&Method::POST, "/api/invoices/1/pay"));
    assert!(!gateway.state.has_received(&Method::GET, "/api/invoices/1/pay"));
}

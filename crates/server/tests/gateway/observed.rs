//! What whoever runs the server can see of pages: numbers, and one id from page to portal.

use std::collections::BTreeSet;

use amberglass_testkit::wait_until;
use amberglass_wire::problem::Problem;
use http::{Method, StatusCode};

use crate::{
    captured_log::CapturedLog,
    stage::{CUSTOMER, PATIENCE, Stage},
};

const ID: &str = "amberglass-request-id";
/// What a page would like to be taken for.
const FORGED: &str = "00000000000000000000000000000000";

/// Names of all labels, and their values.
fn labels(text: &str) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let sets = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let (_, rest) = line.split_once('{')?;
        Some(rest.rsplit_once('}').unwrap().0)
    });
    sets.flat_map(|set| set.split("\",")).map(|label| label.trim_end_matches('"').split_once("=\"").unwrap()).unzip()
}

fn id_of(headers: &http::HeaderMap) -> String {
    let values: Vec<_> = headers.get_all(ID).iter().map(|value| value.to_str().unwrap()).collect();
    let [id] = values.as_slice() else { panic!("{values:?}") };
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    assert_ne!(*id, FORGED);
    (*id).to_owned()
}

#[tokio::test]
async fn pages_are_counted_by_portal_and_outcome() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    stage.get(&session, "/pets?page=2").send().await.unwrap().text().await.unwrap();
    stage.ask(Method::POST, &session, "/pets").send().await.unwrap();
    stage.ask(Method::POST, &session, "/account/password").send().await.unwrap();
    stage.stranger(Method::GET, "/").send().await.unwrap();
    stage.client.get(format!("http://{}/", stage.server.gateway)).send().await.unwrap();
    let metrics = stage.metrics().await;
    for (series, value) in [
        (r#"gateway_requests_total{portal="barkside",outcome="passed"}"#, 1.0),
        (r#"gateway_requests_total{portal="barkside",outcome="blocked"}"#, 2.0),
        (r#"gateway_requests_total{portal="barkside",outcome="refused"}"#, 1.0),
        (r#"gateway_requests_total{portal="barkside",outcome="failed"}"#, 0.0),
        (r#"gateway_requests_total{portal="none",outcome="refused"}"#, 1.0),
        (r#"gateway_blocked_total{portal="barkside",rule="read-only-method"}"#, 1.0),
        (r#"gateway_blocked_total{portal="barkside",rule="never-password"}"#, 1.0),
        (r#"gateway_not_passed_total{portal="barkside",reason="no-session"}"#, 1.0),
        (r#"gateway_not_passed_total{portal="none",reason="unknown-host"}"#, 1.0),
        (r#"gateway_before_forwarding_seconds_count{portal="barkside"}"#, 1.0),
        (r#"portal_head_seconds_count{portal="barkside"}"#, 1.0),
        (r#"portal_answers_total{portal="barkside",status="2xx"}"#, 1.0),
        (r#"gateway_page_bytes_total{portal="barkside"}"#, 4.0),
        (r#"audit_records_total{kind="page_viewed"}"#, 1.0),
        (r#"audit_records_total{kind="request_blocked"}"#, 2.0),
        (r#"sessions{state="active"}"#, 1.0),
        ("audit_failures_total", 0.0),
        ("ready", 1.0),
    ] {
        assert_eq!(metrics.of(&format!("amberglass_{series}")), Some(value), "{series} in {}", metrics.text());
    }
    assert!(metrics.of("amberglass_audit_wait_seconds_count").unwrap() >= 3.0);
}

#[tokio::test]
async fn no_number_tells_of_anybody() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    stage.get(&session, "/pets?owner=Jane").send().await.unwrap();
    let made_up = Method::from_bytes(b"JANE").unwrap();
    stage.ask(made_up, &session, "/pets/Jane").send().await.unwrap();
    stage.ask(Method::POST, &session, "/pets").send().await.unwrap();
    let api = format!("http://{}", stage.server.api);
    let known = stage.client.get(format!("{api}/v1/portals/barkside/customers/{CUSTOMER}?q=Jane"));
    assert_eq!(known.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let unknown = stage.client.request(Method::from_bytes(b"JANE").unwrap(), format!("{api}/v1/Jane/{CUSTOMER}"));
    assert_eq!(unknown.send().await.unwrap().status(), StatusCode::NOT_FOUND);
    let metrics = stage.metrics().await;
    let calls = "amberglass_api_requests_total";
    let route = r#"{method="GET",route="/v1/portals/{portal}/customers/{customer}",status="4xx"}"#;
    assert_eq!(metrics.of(&format!("{calls}{route}")), Some(1.0), "{}", metrics.text());
    let none = r#"{method="other",route="none",status="4xx"}"#;
    assert_eq!(metrics.of(&format!("{calls}{none}")), Some(1.0), "{}", metrics.text());

    let (names, values) = labels(metrics.text());
    let allowed = [
        "kind", "le", "method", "outcome", "portal", "purpose", "reason", "route", "rule", "state", "status", "version",
    ];
    assert!(names.iter().all(|name| allowed.contains(name)), "{names:?}");
    let people = [session.id.as_str(), session.staff.as_str(), session.device.as_str(), &session.code, CUSTOMER];
    for value in values {
        assert!(!people.contains(&value) && !value.to_ascii_lowercase().contains("jane"), "{value}");
    }
}

#[tokio::test]
async fn every_number_has_the_products_name_and_says_what_it_is() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    stage.get(&session, "/").send().await.unwrap();
    let metrics = stage.metrics().await;
    let mut described = 0;
    for line in metrics.text().lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(name.starts_with("amberglass_") && help.len() > 15 && !help.ends_with(".."), "{line}");
            described += 1;
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
            described -= 1;
        } else {
            assert!(line.starts_with("amberglass_"), "{line}");
        }
    }
    assert_eq!(described, 0, "a help for each");
}

#[tokio::test]
async fn open_answers_are_counted_until_they_end() {
    let stage = Stage::new().await;
    let session = stage.session().await;
    let open = r#"amberglass_gateway_open_answers{portal="barkside"}"#;
    let ticker = stage.get(&session, "/ticker").send().await.unwrap();
    assert_eq!(stage.metrics().await.of(open), Some(1.0));
    drop(ticker);
    wait_until("the answer to end", PATIENCE, async || (stage.metrics().await.of(open) == Some(0.0)).then_some(()))
        .await;
}

#[tokio::test]
async fn one_id_goes_from_the_page_to_the_portal_and_the_page_does_not_choose_it() {
    let log = CapturedLog::start();
    let stage = Stage::new().await;
    let session = stage.session().await;
    let passed = stage.get(&session, "/pets").header(ID, FORGED).send().await.unwrap();
    let id = id_of(passed.headers());
    assert_eq!(id_of(&stage.upstream.seen()[0].headers), id);
    let lines = log.lines_with(&id);
    assert!(lines.iter().any(|line| line["fields"]["session"] == session.id.as_str()), "{lines:?}");

    // A portal's own word about it does not reach the page either.
    stage.upstream.will_answer(200, &[(ID, FORGED)]);
    let answered = stage.get(&session, "/answer").send().await.unwrap();
    assert_ne!(id_of(answered.headers()), id, "each request has its own");
    assert!(!log.text().contains(FORGED));
}

#[tokio::test]
async fn the_reference_of_a_refusal_is_the_beginning_of_its_id() {
    let log = CapturedLog::start();
    let stage = Stage::new().await;
    let session = stage.session().await;
    let fetched = stage.ask(Method::POST, &session, "/pets").header("sec-fetch-dest", "empty").send().await.unwrap();
    let id = id_of(fetched.headers());
    let problem: Problem = fetched.json().await.unwrap();
    assert!(problem.reference.len() == 8 && id.starts_with(&problem.reference), "{id} {problem:?}");
    let lines = log.lines_with(&problem.reference);
    assert!(lines.iter().any(|line| line["span"]["request_id"] == id.as_str()), "{lines:?}");
    assert!(lines.iter().any(|line| line["fields"]["rule"] == "read-only-method"), "{lines:?}");

    let document =
        stage.ask(Method::POST, &session, "/pets").header("sec-fetch-dest", "document").send().await.unwrap();
    let id = id_of(document.headers());
    assert!(document.text().await.unwrap().contains(&id[..8]));
}

#[tokio::test]
async fn a_fault_on_the_way_is_logged_under_the_id_of_its_request() {
    let log = CapturedLog::start();
    let stage = Stage::new().await;
    let session = stage.session().await;
    stage.break_the_audit_log().await;
    let failed = stage.get(&session, "/pets").send().await.unwrap();
    assert_eq!(failed.status(), StatusCode::SERVICE_UNAVAILABLE);
    let lines = log.lines_with("not on record, so not forwarded");
    assert_eq!(lines[0]["span"]["request_id"], id_of(failed.headers()).as_str(), "{lines:?}");
    let metrics = stage.metrics().await;
    assert_eq!(metrics.of(r#"amberglass_gateway_requests_total{portal="barkside",outcome="failed"}"#), Some(1.0));
    assert_eq!(metrics.of("amberglass_audit_failures_total"), Some(1.0));
}

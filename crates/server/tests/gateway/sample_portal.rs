//! With the sample portal behind the gateway, which believes nothing but the signed identity.

use std::sync::Arc;

use amberglass_demo_portal::{Portal, PortalConfig, PortalState};
use amberglass_domain::ports::Clock as _;
use amberglass_wire::{CustomerId, PortalId, session::Mode};
use http::{Method, StatusCode};

use crate::{
    stage::{AUDIENCE, CUSTOMER, SOON, Stage},
    upstream::Upstream,
};

async fn stage_with_barkside() -> (Stage, Arc<PortalState>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let stage = Stage::put_up(Upstream::start().await, url, Some(amberglass_demo_portal::RULES)).await;
    let clock = stage.clock.clone();
    let portal = Portal::new(PortalConfig {
        jwks_url: format!("{}/.well-known/jwks.json", stage.server.issuer).parse().unwrap(),
        issuer: stage.server.issuer.clone(),
        audience: AUDIENCE.into(),
        clock: Arc::new(move || clock.now().0),
        hostile_pages: None,
    })
    .unwrap();
    let state = portal.state();
    tokio::spawn(portal.serve(listener, std::future::pending()));
    (stage, state)
}

#[tokio::test]
async fn the_directory_answers_the_driver() {
    let (stage, _) = stage_with_barkside().await;
    let driver = stage.server.state().drivers.get(&PortalId::new("barkside")).unwrap();
    let found = driver.find_customers("a", 3).await.unwrap();
    assert_eq!(found.customers.len(), 3);
    assert!(found.truncated);
    let first = &found.customers[0];
    assert_eq!(first.portal, PortalId::new("barkside"));
    assert_eq!(driver.customer(&first.id).await.unwrap().as_ref(), Some(first));
    for unknown in ["none", "../customers", "a/b", "..", "", "%2e%2e"] {
        assert_eq!(driver.customer(&CustomerId::new(unknown)).await.unwrap(), None, "{unknown}");
    }
}

#[tokio::test]
async fn a_session_shows_the_customers_own_pages_and_changes_nothing() {
    let (stage, portal) = stage_with_barkside().await;
    let session = stage.session().await;
    let customer: serde_json::Value = stage.get(&session, "/api/me").send().await.unwrap().json().await.unwrap();
    assert!(customer.to_string().contains(CUSTOMER), "{customer}");
    for path in ["/", "/appointments", "/pets", "/invoices", "/messages", "/account"] {
        let page = stage.get(&session, path).header("sec-fetch-dest", "document").send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK, "{path}");
    }
    for path in ["/account/address", "/account/password", "/appointments", "/api/messages"] {
        let answer = stage.ask(Method::POST, &session, path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
        assert!(!portal.has_received(&Method::POST, path), "{path}");
    }
    assert_eq!(portal.writes(), 0);
}

/// The salon's clock is a stream of server-sent events.
#[tokio::test]
async fn barksides_clock_ticks_and_stops_with_the_session() {
    let (stage, _) = stage_with_barkside().await;
    let session = stage.session().await;
    let mut clock = stage.get(&session, "/api/ticker").header("accept", "text/event-stream").send().await.unwrap();
    assert_eq!(
        (clock.status(), &clock.headers()["content-type"]),
        (StatusCode::OK, &"text/event-stream".parse().unwrap())
    );
    let tick = clock.chunk().await.unwrap().unwrap();
    assert!(tick.starts_with(b"event: tick\ndata: {"), "{tick:?}");
    stage.end(&session).await;
    let rest = tokio::time::timeout(SOON, async {
        // One that was on its way may still come.
        while let Some(_tick) = clock.chunk().await? {}
        Ok::<_, reqwest::Error>(())
    });
    assert!(rest.await.expect("the clock goes on").is_err(), "it ends as if it were whole");
}

#[tokio::test]
async fn barksides_own_rules_pass_what_they_list_and_nothing_else() {
    let (stage, portal) = stage_with_barkside().await;
    let session = stage.session().await;
    let search = stage.ask(Method::POST, &session, "/api/appointments/search");
    let found = search.header("content-type", "application/json").body(r#"{"query":"a"}"#).send().await.unwrap();
    assert_eq!(found.status(), StatusCode::OK, "a read that uses POST");
    let opened = stage.get(&session, "/messages/1/open").send().await.unwrap();
    assert_eq!(opened.status(), StatusCode::FORBIDDEN, "a GET that marks a message as read");
    assert_eq!(portal.writes(), 0);
    stage.end(&session).await;
    let writing = stage.session_in(Mode::ReadWrite).await;
    let ask = |path: &str| stage.ask(Method::POST, &writing, path);
    let form = "application/x-www-form-urlencoded";
    let address =
        ask("/account/address").header("content-type", form).body("street=Elm+Street+1&postcode=12345&city=Bonn");
    assert_eq!(address.send().await.unwrap().status(), StatusCode::SEE_OTHER);
    assert_eq!(portal.writes(), 1, "what is listed is carried out");
    for path in ["/api/invoices/1/pay", "/api/messages", "/account/password"] {
        assert_eq!(ask(path).send().await.unwrap().status(), StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(portal.writes(), 1);
}

//! With the sample portal behind the gateway, which believes nothing but the signed identity.

use std::sync::Arc;

use amberglass_demo_portal::{Portal, PortalConfig, PortalState};
use amberglass_domain::ports::Clock as _;
use amberglass_wire::{CustomerId, PortalId};
use http::{Method, StatusCode};

use crate::{
    stage::{AUDIENCE, CUSTOMER, Stage},
    upstream::Upstream,
};

async fn stage_with_barkside() -> (Stage, Arc<PortalState>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let stage = Stage::before(Upstream::start().await, url).await;
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

//! One axum router on 127.0.0.1:0 and a client for it.

use std::{sync::Arc, time::Duration};

use amberglass_backend_client::{HttpBackend, HttpBackendOptions, Patience, RequestIds};
use amberglass_domain::ports::AccessToken;
use amberglass_testkit::SeededEntropy;
use axum::Router;

/// Waits briefly where a test waits for nothing to come.
pub const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(5),
    total: Duration::from_secs(5),
    stream_silence: Duration::from_millis(300),
};

pub async fn serve(router: Router) -> HttpBackend {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    client_of(&format!("http://{address}"))
}

pub fn client_of(server: &str) -> HttpBackend {
    HttpBackend::new(&HttpBackendOptions {
        server: server.into(),
        proxy: None,
        client: "amberglass/0.0.0-test".into(),
        patience: PATIENCE,
        request_ids: request_ids(),
    })
    .unwrap()
}

pub fn request_ids() -> RequestIds {
    RequestIds::new(Arc::new(SeededEntropy::new(1)))
}

pub fn access() -> AccessToken {
    AccessToken("token-1".to_owned().into())
}

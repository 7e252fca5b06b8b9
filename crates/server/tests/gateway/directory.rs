//! A portal's customer directory that answers as it should not.

use std::net::SocketAddr;

use amberglass_server::drivers::{Driver, DriverError};
use amberglass_wire::{CustomerId, PortalId};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{stage::Stage, upstream::Upstream};

/// Answers every request with the same bytes.
async fn answering(bytes: Vec<u8>) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(&bytes).await;
        }
    });
    address
}

async fn stage_with(bytes: Vec<u8>) -> Stage {
    let address = answering(bytes).await;
    Stage::before(Upstream::start().await, format!("http://{address}").parse().unwrap()).await
}

fn driver(stage: &Stage) -> &dyn Driver {
    &**stage.server.state().drivers.get(&PortalId::new("barkside")).unwrap()
}

fn json(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).into_bytes()
}

#[tokio::test]
async fn nonsense_from_a_directory_is_told_as_such() {
    let endless = json(&format!("{{\"customers\":[],\"filler\":\"{}\"}}", "x".repeat(2 * 1024 * 1024)));
    for nonsense in [json("<html>"), json("{}"), json("{\"customers\":[{\"id\":1}]}"), endless] {
        let stage = stage_with(nonsense).await;
        let outcome = driver(&stage).find_customers("jane", 5).await;
        assert!(matches!(outcome, Err(DriverError::NotUnderstood(_))), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_refusal_a_redirect_and_a_dead_portal_are_told_apart() {
    for status in [302, 401, 500] {
        let head = format!(
            "HTTP/1.1 {status} X\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let stage = stage_with(head.into_bytes()).await;
        let outcome = driver(&stage).find_customers("jane", 5).await;
        assert!(matches!(outcome, Err(DriverError::Refused { status: got }) if got == status), "{outcome:?}");
    }
    let stage = stage_with(b"".to_vec()).await;
    let outcome = driver(&stage).customer(&CustomerId::new("1")).await;
    assert!(matches!(outcome, Err(DriverError::Unreachable(_))), "{outcome:?}");
}

#[tokio::test]
async fn another_customer_than_the_one_asked_for_is_not_taken() {
    let entry = r#"{"id":"7","name":"n","email":"e","class":"c","plan":null,"since_ms":1,"active":true}"#;
    let stage = stage_with(json(entry)).await;
    assert!(driver(&stage).customer(&CustomerId::new("7")).await.unwrap().is_some());
    let outcome = driver(&stage).customer(&CustomerId::new("8")).await;
    assert!(matches!(outcome, Err(DriverError::NotUnderstood(_))), "{outcome:?}");
}

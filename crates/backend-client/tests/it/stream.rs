//! The event stream over a real connection.

use std::{convert::Infallible, time::Duration};

use amberglass_domain::ports::{Backend as _, BackendError};
use amberglass_wire::{UnixMillis, event_stream::ServerEvent};
use axum::{
    Router,
    body::{Body, Bytes},
    http::{Response, header},
    routing::get,
};
use futures_util::StreamExt as _;
use tokio::sync::mpsc;

use crate::world::{access, serve};

fn stream_of(pieces: impl futures_util::Stream<Item = Bytes> + Send + 'static) -> Response<Body> {
    Response::builder()
        .header(header::CONTENT_TYPE, "text/event-stream")
        .body(Body::from_stream(pieces.map(Ok::<_, Infallible>)))
        .unwrap()
}

#[tokio::test]
async fn events_arrive_whole_when_the_network_cuts_them() {
    let cut = || async {
        let pieces = [
            "data: {\"kind\":\"heart",
            "beat\",\"time\":5}\r",
            "\n\r\n: so\n\ndata: {\"kind\":\"signed_out\"}\n",
            "\n",
        ];
        stream_of(futures_util::stream::iter(pieces).map(|piece| Bytes::from_static(piece.as_bytes())))
    };
    let backend = serve(Router::new().route("/v1/events", get(cut))).await;
    let (sender, mut receiver) = mpsc::channel(8);
    backend.events(&access(), sender).await.unwrap();
    let mut events = Vec::new();
    while let Some(event) = receiver.recv().await {
        events.push(event);
    }
    assert_eq!(events, [ServerEvent::Heartbeat { time: UnixMillis(5) }, ServerEvent::SignedOut]);
}

#[tokio::test]
async fn silence_ends_the_call() {
    let silent = || async {
        let first = futures_util::stream::iter([Bytes::from_static(b": hello\n\n")]);
        stream_of(first.chain(futures_util::stream::pending()))
    };
    let backend = serve(Router::new().route("/v1/events", get(silent))).await;
    let (sender, _receiver) = mpsc::channel(1);
    let outcome = tokio::time::timeout(Duration::from_secs(10), backend.events(&access(), sender)).await.unwrap();
    assert!(matches!(outcome, Err(BackendError::Unreachable { .. })), "{outcome:?}");
}

#[tokio::test]
async fn nobody_listening_any_more_ends_the_call() {
    let lively = || async {
        stream_of(futures_util::stream::unfold((), |()| async {
            tokio::task::yield_now().await;
            Some((Bytes::from_static(b"data: {\"kind\":\"snapshot_changed\"}\n\n"), ()))
        }))
    };
    let backend = serve(Router::new().route("/v1/events", get(lively))).await;
    let (sender, mut receiver) = mpsc::channel(1);
    let call = tokio::spawn(async move { backend.events(&access(), sender).await });
    assert_eq!(receiver.recv().await, Some(ServerEvent::SnapshotChanged));
    drop(receiver);
    tokio::time::timeout(Duration::from_secs(10), call).await.unwrap().unwrap().unwrap();
}

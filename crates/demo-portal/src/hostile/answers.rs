//! Answers that no portal should give.

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::{Path, Query, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use futures_util::stream;

use super::stage;
use crate::portal::Shared;

const GIGABYTE: usize = 1024 * 1024 * 1024;
const PIECE: usize = 64 * 1024;
/// Each is ten times the one before.
const ENTITIES: &str = r#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">]>
<html xmlns="http://www.w3.org/1999/xhtml"><body>&e;</body></html>"#;

pub(super) async fn give(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let other = shared.config.hostile_pages.as_ref().map(ToString::to_string).unwrap_or_default();
    let typed = |kind: &'static str, bytes: Vec<u8>| ([(header::CONTENT_TYPE, kind)], bytes).into_response();
    match name.as_str() {
        "redirect-other" => (StatusCode::FOUND, [(header::LOCATION, format!("{other}x"))]).into_response(),
        "circle" => {
            let round: u64 = query.get("round").and_then(|round| round.parse().ok()).unwrap_or_default();
            let next = format!("/hostile/answer/circle?round={}", round.wrapping_add(1) % 7);
            (StatusCode::FOUND, [(header::LOCATION, next)]).into_response()
        }
        "binary" => typed("application/octet-stream", vec![0x7f, 0x45, 0x4c, 0x46]),
        "attachment" => {
            let mut answer = typed("application/pdf", b"%PDF-1.4".to_vec());
            let file = HeaderValue::from_static("attachment; filename=\"escaped.pdf\"");
            answer.headers_mut().insert(header::CONTENT_DISPOSITION, file);
            answer
        }
        "half-attachment" => {
            let piece = Bytes::from_static(&[b'x'; PIECE]);
            let pieces = (0..8).map(move |_| Ok(piece.clone()));
            let broken = std::iter::once_with(|| Err(std::io::Error::from(std::io::ErrorKind::BrokenPipe)));
            let file = HeaderValue::from_static("attachment; filename=\"escaped.csv\"");
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static("text/csv")),
                (header::CONTENT_DISPOSITION, file),
                (header::CONTENT_LENGTH, HeaderValue::from(PIECE * 16)),
            ];
            (headers, Body::from_stream(stream::iter(pieces.chain(broken)))).into_response()
        }
        "password" => {
            let asks = HeaderValue::from_static("Basic realm=\"Your company password\"");
            (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, asks)], "Who are you?").into_response()
        }
        "slow" => slow("<h1>Byte by byte</h1>".to_owned()),
        "silence" => std::future::pending().await,
        "gigabyte" => {
            let piece = Bytes::from_static(&[b'x'; PIECE]);
            let pieces = (0..GIGABYTE / PIECE).map(move |_| Ok::<_, std::convert::Infallible>(piece.clone()));
            ([(header::CONTENT_TYPE, "text/plain")], Body::from_stream(stream::iter(pieces))).into_response()
        }
        "utf7" => {
            let page = stage::page(&shared, None, stage::run_of(&query));
            let hidden = page.replace("<main>", "<main>+ADw-script+AD4-alert(1)+ADw-/script+AD4-");
            typed("text/html; charset=utf-7", hidden.into_bytes())
        }
        "utf16" => typed(
            "text/html; charset=utf-8",
            "<h1>not eight bits</h1>".encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ),
        "bytes" => typed("text/html; charset=utf-8", (0..=255).cycle().take(100_000).collect()),
        "packed" => ([(header::CONTENT_ENCODING, "gzip")], "not packed").into_response(),
        "entities" => typed("application/xhtml+xml", ENTITIES.as_bytes().to_vec()),
        "refresh" => with(HeaderName::from_static("refresh"), &format!("0;url={other}")),
        "preload" => with(header::LINK, &format!("<{other}x.js>; rel=preload; as=script, <{other}>; rel=preconnect")),
        "cookies" => many(400, |number| (header::SET_COOKIE, format!("c{number}={}", "x".repeat(100)))),
        "headers" => many(400, |number| (header::WARNING, format!("199 - \"{number} {}\"", "x".repeat(1000)))),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The page at once, and after it a byte each half second, for a minute.
fn slow(page: String) -> Response {
    let bytes = stream::unfold(Some(page), |page| async move {
        let piece = match page {
            Some(page) => Bytes::from(page),
            None => {
                tokio::time::sleep(Duration::from_millis(500)).await;
                Bytes::from_static(b" ")
            }
        };
        Some((Ok::<_, std::convert::Infallible>(piece), None))
    });
    let bytes = futures_util::StreamExt::take(bytes, 120);
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], Body::from_stream(bytes)).into_response()
}

fn with(name: HeaderName, value: &str) -> Response {
    let mut answer = Html("<h1>with a header</h1>").into_response();
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
    answer
}

fn many(count: usize, header: impl Fn(usize) -> (HeaderName, String)) -> Response {
    let mut answer = Html("<h1>with many headers</h1>").into_response();
    for (name, value) in (0..count).map(header) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            answer.headers_mut().append(name, value);
        }
    }
    answer
}

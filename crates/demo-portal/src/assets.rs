//! Files that come with the program, and the drawings of the pets. They show nobody's data and need no identity.

mod drawing;

use axum::{
    extract::Path,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

use crate::{data::Look, pages};

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

pub(crate) async fn file(Path(name): Path<String>) -> Response {
    let (kind, text) = match name.as_str() {
        "barkside.css" => (CSS, include_str!("assets/barkside.css")),
        "parts.css" => (CSS, include_str!("assets/parts.css")),
        "barkside.js" => (SCRIPT, include_str!("assets/barkside.js")),
        "mark.svg" => (SVG, include_str!("assets/mark.svg")),
        "hero.svg" => (SVG, include_str!("assets/hero.svg")),
        _ => return pages::not_found().await,
    };
    asset(kind, text)
}

/// The name says all that is drawn: `dog-2-0-1.svg` is species, coat, shape and ground.
pub(crate) async fn pet(Path(name): Path<String>) -> Response {
    match name.strip_suffix(".svg").and_then(Look::from_name) {
        Some(look) => asset(SVG, drawing::pet(look).into_string()),
        None => pages::not_found().await,
    }
}

fn asset(kind: &'static str, text: impl Into<axum::body::Body>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ];
    (headers, text.into()).into_response()
}

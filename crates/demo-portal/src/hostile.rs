//! Pages that try to get out of the window they are shown in. For tests only, and only when asked for.
//!
//! They carry no headers that would hold them back and show no customer's data, so they need no identity. What they
//! find out they report, by POST and, since a gateway may stop that, also by GET. [`attacks`] names them one by one.

mod answers;
pub mod attacks;
pub(crate) mod stage;

use std::{collections::HashMap, sync::Arc};

use axum::{
    Extension, Json, Router,
    body::Bytes,
    extract::{Query, State},
    http::{StatusCode, header},
    middleware,
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use maud::{DOCTYPE, Markup, html};

use crate::portal::Shared;

/// Marks an answer that keeps no security headers.
#[derive(Clone, Copy)]
pub(crate) struct Bare;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/hostile/cover", get(|| page("cover", html! { div class="cover" {} })))
        .route("/hostile/dialog", get(|| page("dialog", html! { dialog id="over" { "Everything is covered." } })))
        .route("/hostile/probe", get(|| page("probe", probe())))
        .route("/hostile/report", get(report_by_get).post(report_by_post))
        .route("/hostile/reports", get(reports))
        .route("/hostile/hostile.css", get(|| file("text/css", include_str!("hostile/hostile.css"))))
        .route("/hostile/cover.js", get(|| file("text/javascript", include_str!("hostile/cover.js"))))
        .route("/hostile/dialog.js", get(|| file("text/javascript", include_str!("hostile/dialog.js"))))
        .route("/hostile/probe.js", get(|| file("text/javascript", include_str!("hostile/probe.js"))))
        .route("/hostile/reach.js", get(|| file("text/javascript", include_str!("hostile/reach.js"))))
        .route("/hostile/worker.js", get(|| file("text/javascript", include_str!("hostile/worker.js"))))
        .route("/hostile/stage.js", get(|| file("text/javascript", include_str!("hostile/stage.js"))))
        .route("/hostile", get(stage::index))
        .route("/hostile/rest", get(stage::rest))
        .route("/hostile/next", get(stage::next))
        .route("/hostile/order/{id}", post(stage::order))
        .route("/hostile/script/{id}", get(stage::script))
        .route("/hostile/answer/{name}", get(answers::give))
        .route("/hostile/{id}", get(stage::show))
        .layer(middleware::map_response(
            |response: Response| async move { (Extension(Bare), response).into_response() },
        ))
}

async fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind)], text)
}

async fn page(name: &'static str, content: Markup) -> Html<String> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { "Hostile page: " (name) }
                link rel="stylesheet" href="/hostile/hostile.css";
                @if name == "probe" { script src="/hostile/reach.js" defer {} }
                script src={ "/hostile/" (name) ".js" } defer {}
            }
            body { (content) }
        }
    };
    Html(page.into_string())
}

fn probe() -> Markup {
    html! {
        h1 { "Probe" }
        button id="next" type="button" { "Next: print" }
        a id="download" href="/hostile/probe.js" download="probe.js" { "download" }
        a id="data-download" href="data:text/plain,escaped" download="escaped.txt" { "data download" }
        input id="file" type="file" aria-label="File";
        iframe name="form-target" title="target" {}
        pre id="findings" { "Trying..." }
    }
}

async fn report_by_post(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    keep(&shared, &body)
}

async fn report_by_get(State(shared): State<Arc<Shared>>, Query(query): Query<HashMap<String, String>>) -> Response {
    keep(&shared, query.get("json").map(String::as_bytes).unwrap_or_default())
}

fn keep(shared: &Shared, json: &[u8]) -> Response {
    match serde_json::from_slice(json) {
        Ok(report) => {
            shared.seen.keep_hostile_report(report);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(_) => (StatusCode::BAD_REQUEST, "a report is JSON").into_response(),
    }
}

async fn reports(State(shared): State<Arc<Shared>>) -> Json<serde_json::Value> {
    Json(serde_json::json!({ "reports": shared.seen.hostile_reports() }))
}

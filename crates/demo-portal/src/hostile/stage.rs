//! Where the attacks are performed: an index for people, a page for each attack, and orders by which a test leads the
//! page from one attack to the next without touching it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use maud::{DOCTYPE, html};
use serde_json::json;
use tokio::sync::watch;

use super::attacks::{self, Attack, Expected, Trigger};
use crate::portal::Shared;

/// How long a page that asks for its next attack waits for one.
const PATIENCE: Duration = Duration::from_secs(5);

/// The latest order: its number, and which attack.
#[derive(Debug)]
pub(crate) struct Orders(watch::Sender<(u64, &'static str)>);

impl Default for Orders {
    fn default() -> Self {
        Self(watch::Sender::new((0, "")))
    }
}

impl Orders {
    fn give(&self, attack: &'static Attack) -> u64 {
        self.0.send_modify(|(number, id)| (*number, *id) = (number.saturating_add(1), attack.id));
        self.latest()
    }

    fn latest(&self) -> u64 {
        self.0.borrow().0
    }

    async fn after(&self, number: u64) -> Option<(u64, &'static str)> {
        let mut orders = self.0.subscribe();
        let waiting = orders.wait_for(|(latest, _)| *latest > number);
        tokio::time::timeout(PATIENCE, waiting).await.ok()?.ok().map(|order| *order)
    }
}

pub(super) fn run_of(query: &HashMap<String, String>) -> u64 {
    query.get("run").and_then(|run| run.parse().ok()).unwrap_or_default()
}

/// For people, and for a test that comes to the stage by keyboard.
pub(super) async fn index() -> Html<String> {
    let expected = |attack: &Attack| match attack.expected {
        Expected::Refused(attempt) => format!("refused and recorded: {attempt}"),
        Expected::Blocked => "blocked by the gateway and recorded".to_owned(),
        Expected::Covered(cause) => format!("covered and recorded: {cause}"),
        Expected::Nothing(because) => format!("nothing, because {because}"),
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { "What a page may try" } }
            body {
                h1 { "What a page may try" }
                table {
                    tr { th { "Attack" } th { "What the page does" } th { "What has to come of it" } }
                    @for attack in attacks::all() {
                        tr {
                            td { a href={ "/hostile/" (attack.id) } { (attack.id) } }
                            td { (attack.what) }
                            td { (expected(attack)) }
                        }
                    }
                }
            }
        }
    };
    Html(page.into_string())
}

/// The page of one attack.
pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    match attacks::named(&id) {
        Some(attack) => Html(page(&shared, Some(attack), run_of(&query))).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Where a page waits for the next order, whatever was ordered before it came.
pub(super) async fn rest(State(shared): State<Arc<Shared>>) -> Html<String> {
    Html(page(&shared, None, shared.seen.orders.latest()))
}

pub(super) fn page(shared: &Shared, attack: Option<&Attack>, run: u64) -> String {
    let other = shared.config.hostile_pages.as_ref().map(|other| other.origin().ascii_serialization());
    let id = attack.map_or("rest", |attack| attack.id);
    let by_click = attack.is_some_and(|attack| attack.trigger == Trigger::Click);
    let page = html! {
        (DOCTYPE)
        html lang="en" data-attack=(id) data-run=(run) data-other=[other] data-click=[by_click.then_some("yes")] {
            head {
                meta charset="utf-8";
                title { "Hostile page: " (id) }
                link rel="stylesheet" href="/hostile/hostile.css";
            }
            body {
                main {
                    h1 { (id) }
                    p { (attack.map_or("waits for what to do", |attack| attack.what)) }
                }
                @if attack.is_some() { script src={ "/hostile/script/" (id) } {} }
                script src="/hostile/stage.js" {}
            }
        }
    };
    page.into_string()
}

/// The attack as a function that `stage.js` calls.
pub(super) async fn script(Path(id): Path<String>) -> Response {
    let Some(attack) = attacks::named(&id) else { return StatusCode::NOT_FOUND.into_response() };
    let text = format!(
        "\"use strict\";\nwindow.attack = async (run, other, make, pause, report) => {{\n{}\n}};\n",
        attack.script
    );
    ([(header::CONTENT_TYPE, "text/javascript")], text).into_response()
}

/// The next order after the one that the page has carried out.
pub(super) async fn next(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
) -> Json<serde_json::Value> {
    let after = query.get("after").and_then(|after| after.parse().ok()).unwrap_or_default();
    Json(match shared.seen.orders.after(after).await {
        Some((run, attack)) => json!({ "page": format!("/hostile/{attack}?run={run}") }),
        None => json!({}),
    })
}

/// From a test, directly: never through the gateway, which lets no such request pass.
pub(super) async fn order(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    match attacks::named(&id) {
        Some(attack) => Json(json!({ "run": shared.seen.orders.give(attack) })).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

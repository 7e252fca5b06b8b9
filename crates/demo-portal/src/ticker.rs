//! The salon's clock as a stream of server-sent events: an answer that never ends by itself.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{Stream, stream};
use tokio::time::{Interval, MissedTickBehavior};

use crate::{format, identity::Viewer, portal::Shared};

const PERIOD: Duration = Duration::from_secs(1);

pub(crate) async fn ticker(
    State(shared): State<Arc<Shared>>,
    _viewer: Viewer,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut interval = tokio::time::interval(PERIOD);
    interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    Sse::new(stream::unfold((shared, interval), next_tick)).keep_alive(KeepAlive::default())
}

type Ticking = (Arc<Shared>, Interval);

/// Ends with the portal, so that an open page does not keep it from stopping.
async fn next_tick((shared, mut interval): Ticking) -> Option<(Result<Event, Infallible>, Ticking)> {
    let mut stopping = shared.stopping.subscribe();
    tokio::select! {
        _ = interval.tick() => {}
        _ = stopping.wait_for(|stopping| *stopping) => return None,
    }
    let now = shared.now();
    let data = serde_json::json!({ "time": format::iso(now), "time_ms": now });
    Some((Ok(Event::default().event("tick").data(data.to_string())), (shared, interval)))
}

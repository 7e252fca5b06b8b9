//! `GET /v1/events`: server-sent events. They are hints; the truth is the snapshot.

use std::{convert::Infallible, sync::Arc};

use amberglass_wire::{SessionId, StaffId, event_stream::ServerEvent, session::SessionState};
use axum::{
    extract::State,
    response::sse::{Event, Sse},
};
use futures_util::{Stream, stream};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{extract::SignedIn, problem::ApiError};
use crate::{ServerState, policy::ServerAction, store::StoreError};

/// One open stream.
struct Listener {
    state: Arc<ServerState>,
    staff: StaffId,
    /// The policy lets this staff member read everyone's sessions.
    sees_all: bool,
    token_sha256: String,
    changes: Receiver<SessionId>,
    /// Monotonic.
    next_beat: i64,
    last: bool,
}

pub async fn stream(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let listener = Listener {
        staff: who.id().clone(),
        sees_all: state.policy.on_server(&who.principal(), ServerAction::ReadAudit)?,
        token_sha256: who.token_sha256,
        changes: state.sessions.changes(),
        next_beat: state.clock.monotonic_millis(),
        last: false,
        state,
    };
    Ok(Sse::new(stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok(written(&event)), listener))
    })))
}

/// `event:` carries the kind, `data:` the whole object.
fn written(event: &ServerEvent) -> Event {
    let kind = match event {
        ServerEvent::Heartbeat { .. } => "heartbeat",
        ServerEvent::SessionChanged { .. } => "session_changed",
        ServerEvent::SnapshotChanged => "snapshot_changed",
        ServerEvent::SignedOut => "signed_out",
        ServerEvent::Unknown => "unknown",
    };
    let data = serde_json::to_string(event).unwrap_or_else(|_| r#"{"kind":"snapshot_changed"}"#.to_owned());
    Event::default().event(kind).data(data)
}

impl Listener {
    /// The next thing to say; `None` closes the stream.
    async fn next(&mut self) -> Option<ServerEvent> {
        while !self.last {
            tokio::select! {
                // Beats come first: a flood of hints must not make the console think that the server is gone.
                biased;
                () = self.state.stop.cancelled() => return None,
                () = self.state.clock.sleep_until(self.next_beat) => return self.beat().await,
                changed = self.changes.recv() => match changed {
                    Ok(id) => match self.hint(&id).await {
                        Ok(Some(event)) => return Some(event),
                        Ok(None) => {}
                        Err(error) => {
                            tracing::error!(error = &error as &dyn std::error::Error, "an event stream was cut");
                            return None;
                        }
                    },
                    Err(RecvError::Lagged(_)) => return Some(ServerEvent::SnapshotChanged),
                    Err(RecvError::Closed) => return None,
                },
            }
        }
        None
    }

    /// Says that the server is there, as long as the token holds. One that merely ran out closes the stream without a
    /// word: the console has a newer one and comes again.
    async fn beat(&mut self) -> Option<ServerEvent> {
        let row = match self.state.store.access_token(&self.token_sha256).await {
            Ok(row) => row,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "an event stream was cut");
                return None;
            }
        };
        let now = self.state.clock.now();
        match row {
            Some(row) if row.holds && row.expires_at <= now => None,
            Some(row) if row.holds => {
                let interval = i64::from(self.state.config.limits.heartbeat_seconds).saturating_mul(1000);
                self.next_beat = self.state.clock.monotonic_millis().saturating_add(interval);
                Some(ServerEvent::Heartbeat { time: now })
            }
            Some(_) | None => {
                self.last = true;
                Some(ServerEvent::SignedOut)
            }
        }
    }

    async fn hint(&self, id: &SessionId) -> Result<Option<ServerEvent>, StoreError> {
        let Some(row) = self.state.sessions.get(id).await? else { return Ok(None) };
        let visible = self.sees_all || row.staff == self.staff;
        let state: SessionState = row.state;
        Ok(visible.then_some(ServerEvent::SessionChanged { session: row.id, state }))
    }
}

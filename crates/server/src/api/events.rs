//! `GET /v1/events`: server-sent events. They are hints; the truth is the snapshot.

use std::{convert::Infallible, sync::Arc};

use amberglass_wire::{StaffId, auth::Role, event_stream::ServerEvent};
use axum::{
    extract::State,
    response::sse::{Event, Sse},
};
use futures_util::{Stream, stream};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tracing::{Instrument as _, Span};

use super::{extract::SignedIn, problem::ApiError};
use crate::{
    ServerState,
    metrics::Open,
    policy::ServerAction,
    sessions::{Change, ChangedSession},
    store::{StoreError, parse_role},
};

/// One open stream.
struct Listener {
    state: Arc<ServerState>,
    staff: StaffId,
    /// What the rights below were decided by.
    role: Role,
    /// The policy lets this staff member read everyone's sessions.
    sees_all: bool,
    token_sha256: String,
    changes: Receiver<Change>,
    /// Hears of others' requests for approval and of their break-glass.
    decides: bool,
    /// Of those who may see alarms.
    alarms: Option<Receiver<()>>,
    /// Monotonic.
    next_beat: i64,
    last: bool,
    _open: Open,
}

/// Streams hints that something changed.
///
/// Server-sent events: `event` carries the kind, `data` the object. A heartbeat comes every two seconds; after anything
/// else the truth is the snapshot. Leads and security hear of every session, others of their own; who may see
/// alarms hears of each and of news, and who may approve or review of each request for approval and each break-glass. The stream
/// closes when the token no longer holds.
#[utoipa::path(
    get,
    path = "/v1/events",
    operation_id = "stream_events",
    tag = "staff",
    security(("staff" = [])),
    responses(
        (
            status = 200,
            description = "The stream; each `data` is one of these",
            content_type = "text/event-stream",
            body = ServerEvent,
        ),
    ),
)]
pub async fn stream(
    State(state): State<Arc<ServerState>>,
    who: SignedIn,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let listener = Listener {
        staff: who.id().clone(),
        role: who.role(),
        sees_all: state.policy.now().on_server(&who.principal(), ServerAction::ReadAudit)?,
        decides: state.policy.now().approves_others(&who.principal())?
            || state.policy.now().reviews_others(&who.principal())?,
        alarms: state.policy.now().on_server(&who.principal(), ServerAction::SeeAlarms)?.then(|| state.audit.alarms()),
        token_sha256: who.token_sha256,
        changes: state.sessions.changes(),
        next_beat: state.clock.monotonic_millis(),
        last: false,
        _open: state.metrics.event_stream(),
        state,
    };
    // What is logged later belongs to this request too.
    let span = Span::current();
    Ok(Sse::new(stream::unfold(listener, move |mut listener| {
        let next = async move {
            let event = listener.next().await?;
            Some((Ok(written(&event)), listener))
        };
        next.instrument(span.clone())
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
                // That there is something new tells nobody anything, so it is said at once, to everybody: whether the
                // sign-in still holds is asked at the next beat, and by who serves the snapshot.
                () = alarm(&mut self.alarms) => return Some(ServerEvent::SnapshotChanged),
                changed = self.changes.recv() => match changed {
                    Ok(Change::Request(staff)) => {
                        if self.decides || staff == self.staff {
                            return Some(ServerEvent::SnapshotChanged);
                        }
                    }
                    Ok(Change::Everything) => return Some(ServerEvent::SnapshotChanged),
                    Ok(Change::SignIns) => return self.look(ServerEvent::SnapshotChanged).await,
                    Ok(Change::Session(changed)) => match self.hint(&changed).await {
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

    /// Says that the server is there, as long as the token holds.
    async fn beat(&mut self) -> Option<ServerEvent> {
        let interval = i64::from(self.state.config.limits.heartbeat_seconds).saturating_mul(1000);
        let next = self.state.clock.monotonic_millis().saturating_add(interval);
        let time = self.state.clock.now();
        let event = self.look(ServerEvent::Heartbeat { time }).await;
        self.next_beat = next;
        event
    }

    /// Says `event` if token and role are what they were when the stream was opened; else what ends the stream.
    async fn look(&mut self, event: ServerEvent) -> Option<ServerEvent> {
        match self.standing().await {
            Ok(Standing::AsBefore) => Some(event),
            Ok(Standing::Outlived) => None,
            Ok(Standing::RoleChanged) => {
                self.last = true;
                Some(ServerEvent::SnapshotChanged)
            }
            Ok(Standing::SignedOut) => {
                self.last = true;
                Some(ServerEvent::SignedOut)
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "an event stream was cut");
                None
            }
        }
    }

    async fn standing(&self) -> Result<Standing, StoreError> {
        let Some(row) = self.state.store.access_token(&self.token_sha256).await? else {
            return Ok(Standing::SignedOut);
        };
        if row.signed_out && self.state.store.is_signed_in(&row.staff, &row.device).await? {
            return Ok(Standing::Outlived);
        }
        if !row.holds {
            return Ok(Standing::SignedOut);
        }
        Ok(match parse_role(&row.role) {
            _ if row.expires_at <= self.state.clock.now() => Standing::Outlived,
            Some(role) if role == self.role => Standing::AsBefore,
            Some(_) => Standing::RoleChanged,
            // Nobody here knows what it may do, so it may do nothing.
            None => Standing::SignedOut,
        })
    }

    async fn hint(&self, changed: &ChangedSession) -> Result<Option<ServerEvent>, StoreError> {
        let Some((staff, state)) = changed.seen(&self.state.sessions).await? else { return Ok(None) };
        let visible = self.sees_all || *staff == self.staff;
        Ok(visible.then(|| ServerEvent::SessionChanged { session: changed.id.clone(), state: *state }))
    }
}

/// When something about the alarms changed; never for those who may not see them.
async fn alarm(alarms: &mut Option<Receiver<()>>) {
    match alarms {
        Some(alarms) => match alarms.recv().await {
            Ok(()) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}

/// What has become of the sign-in that a stream hangs on.
enum Standing {
    AsBefore,
    /// The token ran out, or the same person signed in again on the same device: the console has a newer token and
    /// comes again with it, so that the stream closes without a word.
    Outlived,
    /// What may be told here was decided for another role: the console comes again.
    RoleChanged,
    SignedOut,
}

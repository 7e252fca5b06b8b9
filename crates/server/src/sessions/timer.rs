//! What time alone does to sessions: expiry, silence, a lost console, idleness; and accounts or portals that are no
//! longer active. Works from the rows, so nothing is forgotten when the server restarts.

use std::sync::Arc;

use amberglass_wire::{
    UnixMillis,
    audit::EventDetail,
    session::{EndedBy, SessionState},
};
use tokio_util::sync::CancellationToken;

use super::{Ending, SessionError, Sessions, subject_of};
use crate::store::SessionRow;

/// How often the rows are looked at: the page must be covered within a second of what ends its session.
const TICK_MILLIS: i64 = 500;
/// How often spent credentials are removed.
const SWEEP_MILLIS: i64 = 60_000;
/// Replaced refresh tokens are kept well beyond their end, so that a late thief is still recognised as one.
const SWEEP_AGE_SECONDS: i64 = 24 * 60 * 60;

pub(crate) async fn run(sessions: Arc<Sessions>, stop: CancellationToken) {
    let mut next_sweep = sessions.clock.monotonic_millis();
    loop {
        // Before the look: what becomes due while it lasts is seen by the next one in time.
        let now = sessions.clock.monotonic_millis();
        if let Err(error) = sessions.tick().await {
            tracing::error!(error = &error as &dyn std::error::Error, "sessions could not be looked after");
        }
        if now >= next_sweep {
            next_sweep = now.saturating_add(SWEEP_MILLIS);
            if let Err(error) = sessions.sweep().await {
                tracing::error!(error = &error as &dyn std::error::Error, "spent credentials could not be removed");
            }
        }
        tokio::select! {
            () = sessions.clock.sleep_until(now.saturating_add(TICK_MILLIS)) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// What is due for one session.
#[derive(Debug, PartialEq, Eq)]
enum Due {
    Nothing,
    Freeze { silent_since: UnixMillis },
    End { by: EndedBy, at: UnixMillis },
}

impl Sessions {
    async fn tick(&self) -> Result<(), SessionError> {
        let now = self.clock.now();
        for row in self.store.running_sessions().await? {
            if self.due(&row, now) != Due::Nothing {
                self.act(&row, now).await?;
            }
        }
        Ok(())
    }

    /// Decides again with the write lock held: a heartbeat may have come in between.
    async fn act(&self, seen: &SessionRow, now: UnixMillis) -> Result<(), SessionError> {
        let mut tx = self.store.begin().await?;
        let Some(row) = tx.session(&seen.id).await? else { return Ok(()) };
        match self.due(&row, now) {
            Due::Nothing => return Ok(()),
            Due::Freeze { silent_since } => {
                if tx.freeze_session(&row.id, silent_since, now).await? {
                    self.audit.append_in(&mut tx, subject_of(&row), EventDetail::SessionFrozen {}).await?;
                    self.announce(&mut tx, &row.id);
                }
            }
            Due::End { by, at } => {
                self.end_in(&mut tx, &row, &Ending { by, note: None }, at).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    fn due(&self, row: &SessionRow, now: UnixMillis) -> Due {
        let limits = self.limits();
        let after = |from: UnixMillis, seconds: u32| from.plus_seconds(i64::from(seconds)) <= now;
        if !row.state.is_running() {
            Due::Nothing
        } else if row.expires_at <= now {
            Due::End { by: EndedBy::Expired, at: row.expires_at }
        } else if !row.staff_active {
            Due::End { by: EndedBy::StaffDisabled, at: now }
        } else if !self.config.portal(&row.portal).is_some_and(|portal| portal.active) {
            Due::End { by: EndedBy::PortalDisabled, at: now }
        } else if row.frozen_at.is_some_and(|at| after(at, limits.lost_after_seconds)) {
            Due::End { by: EndedBy::ConsoleLost, at: now }
        } else if after(row.last_input_at, limits.idle_seconds) {
            Due::End { by: EndedBy::Idle, at: now }
        } else if row.state == SessionState::Active && after(row.last_heartbeat_at, limits.silence_seconds) {
            Due::Freeze { silent_since: now.plus_seconds(i64::from(limits.silence_seconds).saturating_neg()) }
        } else {
            Due::Nothing
        }
    }

    async fn sweep(&self) -> Result<(), SessionError> {
        let mut tx = self.store.begin().await?;
        tx.sweep_credentials(self.clock.now().plus_seconds(-SWEEP_AGE_SECONDS)).await?;
        tx.commit().await?;
        Ok(())
    }
}

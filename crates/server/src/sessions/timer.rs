//! What time alone does to sessions: expiry, silence, a lost console, idleness; and what was switched off: accounts,
//! devices, portals, everything. Works from the rows, so nothing is forgotten when the server restarts.

use std::{collections::HashSet, sync::Arc};

use amberglass_wire::{
    PortalId, SessionId, UnixMillis,
    audit::EventDetail,
    session::{EndedBy, SessionState},
};
use tokio_util::sync::CancellationToken;

use super::{Change, Ending, SessionError, Sessions, emergency::ending_by, subject_of};
use crate::store::{EmergencyStopRow, SessionRow, UnreadableSession};

/// How often the rows are looked at: the page must be covered within a second of what ends its session.
const TICK_MILLIS: i64 = 500;
/// How often spent credentials are removed.
const SWEEP_MILLIS: i64 = 60_000;
/// Replaced refresh tokens are kept well beyond their end, so that a late thief is still recognised as one.
const SWEEP_AGE_SECONDS: i64 = 24 * 60 * 60;

pub(crate) async fn run(sessions: Arc<Sessions>, stop: CancellationToken) {
    let mut next_sweep = sessions.clock.monotonic_millis();
    let mut seen = Seen::default();
    loop {
        // Before the look: what becomes due while it lasts is seen by the next one in time.
        let now = sessions.clock.monotonic_millis();
        if let Err(error) = sessions.tick(&mut seen).await {
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

/// What earlier looks found.
#[derive(Default)]
struct Seen {
    /// Stop in force and portals switched off; `None` before the first look.
    switches: Option<(Option<String>, Vec<PortalId>)>,
    /// Place in the log of the newest that security is told of; `None` before the first look.
    news: Option<i64>,
    /// Rows that were logged as unreadable.
    unreadable: HashSet<SessionId>,
}

/// What is due for one session.
#[derive(Debug, PartialEq, Eq)]
enum Due {
    Nothing,
    Freeze { silent_since: UnixMillis },
    End { by: EndedBy, at: UnixMillis },
}

impl Sessions {
    async fn tick(&self, seen: &mut Seen) -> Result<(), SessionError> {
        let stop = self.store.emergency_stop().await?;
        self.look_at_switches(seen, stop.as_ref()).await?;
        self.look_at_news(seen).await?;
        let mut failed = self.look_after_requests().await.err();
        let now = self.clock.now();
        let outage = self.audit.outage_of_at_least(self.limits().lost_after_seconds);
        let running = self.store.running_sessions().await?;
        // One that cannot be changed does not keep the others waiting.
        let mut note = |acted: Result<bool, SessionError>| match acted {
            Ok(true) => self.audit.worked(),
            Ok(false) => {}
            Err(error) => {
                self.audit.failed();
                failed = Some(error);
            }
        };
        for row in &running.readable {
            if self.due(row, stop.as_ref(), outage, now) != Due::Nothing {
                note(self.act(row, outage, now).await);
            }
        }
        seen.unreadable.retain(|id| running.unreadable.iter().any(|row| row.id == *id));
        for row in running.unreadable {
            if seen.unreadable.insert(row.id.clone()) {
                tracing::error!(session = %row.id, column = row.column, "a running session cannot be read");
            }
            note(self.look_at_unreadable(row, stop.as_ref(), now).await);
        }
        match (failed, outage) {
            (Some(error), _) => Err(error),
            (None, Some(at)) => {
                self.audit.outage_is_dealt_with(at);
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }

    /// The operator's commands write into the same database and can tell nobody: this is where it is noticed.
    async fn look_at_switches(&self, seen: &mut Seen, stop: Option<&EmergencyStopRow>) -> Result<(), SessionError> {
        let disabled = self.store.disabled_portals().await?.into_iter().map(|row| row.portal).collect();
        let found = (stop.map(|stop| stop.id.clone()), disabled);
        if seen.switches.as_ref() != Some(&found) {
            if seen.switches.is_some() {
                let _ = self.changes.send(Change::Everything);
            }
            seen.switches = Some(found);
        }
        Ok(())
    }

    /// Whoever wrote it, also the operator's commands: those who may see it hear of it here.
    async fn look_at_news(&self, seen: &mut Seen) -> Result<(), SessionError> {
        let latest = self.store.latest_news().await?;
        if seen.news.is_some_and(|before| before != latest) {
            self.audit.hear_of_alarms();
        }
        seen.news = Some(latest);
        Ok(())
    }

    /// Decides again with the write lock held: a heartbeat may have come in between.
    /// True when something was written.
    async fn act(&self, seen: &SessionRow, outage: Option<UnixMillis>, now: UnixMillis) -> Result<bool, SessionError> {
        let mut tx = self.store.begin().await?;
        let Some(row) = tx.session(&seen.id).await? else { return Ok(false) };
        let stop = tx.emergency_stop().await?;
        let acted = match self.due(&row, stop.as_ref(), outage, now) {
            Due::Nothing => return Ok(false),
            Due::Freeze { silent_since } => {
                let frozen = tx.freeze_session(&row.id, silent_since, now).await?;
                if frozen {
                    self.audit.note_head_in(&mut tx, &subject_of(&row)).await?;
                    self.audit.append_in(&mut tx, subject_of(&row), EventDetail::SessionFrozen {}).await?;
                    self.announce(&mut tx, &row.id);
                }
                frozen
            }
            Due::End { by, at } => {
                let ending = match &stop {
                    Some(stop) if by == EndedBy::EmergencyStop => ending_by(stop, &row),
                    Some(_) | None => Ending::by(by),
                };
                self.end_in(&mut tx, &row, &ending, at).await?
            }
        };
        tx.commit().await?;
        Ok(acted)
    }

    /// The gateway shows nothing of it, and a version that can read it may go on with it: it ends at its deadline, or with
    /// everything else.
    async fn look_at_unreadable(
        &self,
        row: UnreadableSession,
        stop: Option<&EmergencyStopRow>,
        now: UnixMillis,
    ) -> Result<bool, SessionError> {
        let (ending, at) = match stop {
            _ if row.expires_at <= now => (Ending::by(EndedBy::Expired), row.expires_at),
            Some(stop) => (Ending { reason: Some(&stop.reason), ..Ending::by(EndedBy::EmergencyStop) }, now),
            None => return Ok(false),
        };
        let mut tx = self.store.begin().await?;
        let ended = self.end_subject_in(&mut tx, &row.id, row.subject, &ending, at).await?;
        tx.commit().await?;
        Ok(ended)
    }

    fn due(
        &self,
        row: &SessionRow,
        stop: Option<&EmergencyStopRow>,
        outage: Option<UnixMillis>,
        now: UnixMillis,
    ) -> Due {
        let limits = self.limits();
        let after = |from: UnixMillis, seconds: u32| from.plus_seconds(i64::from(seconds)) <= now;
        if !row.state.is_running() {
            Due::Nothing
        } else if row.expires_at <= now {
            Due::End { by: EndedBy::Expired, at: row.expires_at }
        } else if stop.is_some() {
            Due::End { by: EndedBy::EmergencyStop, at: now }
        } else if !row.staff_active {
            Due::End { by: EndedBy::StaffDisabled, at: now }
        } else if row.approver_disabled {
            Due::End { by: EndedBy::ApproverDisabled, at: now }
        } else if !self.portal_active(row) {
            Due::End { by: EndedBy::PortalDisabled, at: now }
        } else if outage.is_some_and(|at| row.started_at <= at) {
            Due::End { by: EndedBy::AuditFailed, at: now }
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
        tx.forget_kept_before(self.clock.now()).await?;
        tx.commit().await?;
        Ok(())
    }
}

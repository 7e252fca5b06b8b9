//! Break-glass: a session that begins at once with a stated emergency, and the review that it waits for afterwards.

use amberglass_wire::{DeviceId, SessionId, StaffId, audit::EventDetail, break_glass::ReviewOutcome};

use super::{Change, SessionError, Sessions, StartError, Starting, subject_of};
use crate::{
    policy::BreakGlassPast,
    store::{BreakGlassRow, SessionRow, StoreError, Tx},
};

/// So long a denial stands in the way.
const DENIED_SECONDS: i64 = 24 * 60 * 60;
/// A review that comes later is overdue.
const OVERDUE_SECONDS: i64 = 24 * 60 * 60;

/// What is stated, and what the policy was asked with.
#[derive(Clone, Copy, Debug)]
pub struct Breaking<'a> {
    pub emergency: &'a str,
    pub past: BreakGlassPast,
}

/// What somebody who may review has found.
#[derive(Clone, Copy, Debug)]
pub struct Reviewing<'a> {
    pub by: &'a StaffId,
    /// By which the policy lets them review.
    pub role: &'a str,
    pub device: &'a DeviceId,
    pub outcome: ReviewOutcome,
    pub note: &'a str,
}

/// Why nothing was reviewed.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    #[error("there is no such break-glass")]
    Unknown,
    /// Account, role or device are not what they were when the policy was asked.
    #[error("whoever reviews may not any more")]
    NotAnyMore,
    #[error("the session still runs")]
    StillRunning,
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl From<StoreError> for ReviewError {
    fn from(error: StoreError) -> Self {
        Self::Session(error.into())
    }
}

impl Sessions {
    /// What has gone before a break-glass of this staff member for this customer.
    pub async fn break_glass_past(
        &self,
        staff: &StaffId,
        customer: &amberglass_wire::customer::CustomerResponse,
    ) -> Result<BreakGlassPast, StoreError> {
        let since = self.clock.now().plus_seconds(-DENIED_SECONDS);
        self.store.break_glass_past(staff, (&customer.portal, &customer.id), since).await
    }

    /// For the transaction that has just made the session.
    pub(super) async fn break_glass_in(
        &self,
        tx: &mut Tx,
        starting: &Starting<'_>,
        breaking: &Breaking<'_>,
        session: SessionRow,
    ) -> Result<SessionRow, StartError> {
        let (staff, customer) = (starting.staff, starting.customer);
        let now = self.clock.now();
        let since = now.plus_seconds(-DENIED_SECONDS);
        let past = tx.break_glass_past(staff, (&customer.portal, &customer.id), since).await?;
        if !tx.insert_break_glass(&session.id, staff, breaking.emergency, now).await? {
            let running = tx.running_sessions_of(staff).await?;
            let other = running.into_iter().find(|row| row.emergency.is_some() && row.id != session.id);
            return Err(other.map_or(StartError::Meanwhile, |row| StartError::Conflict(Box::new(row))));
        }
        if past != breaking.past {
            return Err(StartError::Meanwhile);
        }
        let detail =
            EventDetail::BreakGlassUsed { emergency: breaking.emergency.to_owned(), reason: starting.reason.clone() };
        self.audit.append_in(tx, subject_of(&session), detail).await.map_err(SessionError::from)?;
        self.announce_change(tx, Change::Request(staff.clone()));
        Ok(SessionRow { emergency: Some(breaking.emergency.to_owned()), ..session })
    }

    /// What nobody has reviewed, oldest first.
    pub async fn unreviewed(&self) -> Result<Vec<(BreakGlassRow, SessionRow)>, StoreError> {
        let mut waiting = Vec::new();
        for row in self.store.unreviewed().await? {
            if let Some(session) = self.store.session(&row.session).await? {
                waiting.push((row, session));
            }
        }
        Ok(waiting)
    }

    pub async fn break_glass(&self, session: &SessionId) -> Result<Option<(BreakGlassRow, SessionRow)>, StoreError> {
        let (row, session) = (self.store.break_glass(session).await?, self.store.session(session).await?);
        Ok(row.zip(session))
    }

    /// Nobody has reviewed it in time.
    pub fn is_overdue(&self, row: &BreakGlassRow) -> bool {
        row.review.is_none() && row.used_at.plus_seconds(OVERDUE_SECONDS) <= self.clock.now()
    }

    /// Whoever may has reviewed it; who did so first stands.
    ///
    /// # Errors
    /// When it still runs, or neither the review nor its record could be written.
    pub async fn review(&self, session: &SessionId, reviewing: &Reviewing<'_>) -> Result<(), ReviewError> {
        let Reviewing { by, role, device, outcome, note } = *reviewing;
        let mut tx = self.store.begin().await?;
        let row = tx.break_glass(session).await?.ok_or(ReviewError::Unknown)?;
        let Some(session) = tx.session(session).await? else { return Err(ReviewError::Unknown) };
        let now = self.clock.now();
        if row.review.is_some() {
            return Ok(());
        }
        if !tx.stands(by, role, device).await? {
            return Err(ReviewError::NotAnyMore);
        }
        if session.state.is_running() && !self.end_if_due(&mut tx, &session, now).await? {
            return Err(ReviewError::StillRunning);
        }
        if tx.review_break_glass(&session.id, by, (outcome, note), now).await? {
            let detail = EventDetail::BreakGlassReviewed { by: by.clone(), outcome, note: note.to_owned() };
            self.audit.append_in(&mut tx, subject_of(&session), detail).await.map_err(SessionError::from)?;
            self.announce_change(&mut tx, Change::Request(row.staff));
        }
        Ok(tx.commit().await?)
    }
}

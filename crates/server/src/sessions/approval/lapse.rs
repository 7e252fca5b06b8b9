//! What nobody decided, or nobody used, in time, and what others are told of before that. The clock decides, whenever that is noticed.

use amberglass_wire::{RequestId, UnixMillis, audit::EventDetail};

use super::super::{SessionError, Sessions};
use crate::store::{RequestRow, StoreError, Tx};

impl Sessions {
    /// Lapses all whose time is over, or whose people hold no account any more, and tells others of what nobody reacts to. One
    /// that cannot be changed does not keep the others waiting.
    pub(in super::super) async fn look_after_requests(&self) -> Result<(), SessionError> {
        let mut failed = None;
        let mut keep = |done: Result<(), SessionError>| match done {
            // A newer version wrote it, and looks after it.
            Ok(()) | Err(SessionError::Store(StoreError::UnknownValue { .. })) => {}
            Err(error) => failed = Some(error),
        };
        let now = self.clock.now();
        for id in self.store.requests_due(now).await? {
            keep(self.lapse(&id, now).await);
        }
        for id in self.store.requests_of_the_disabled().await? {
            keep(self.close(&id, false).await);
        }
        let before = now.plus_seconds(-i64::from(self.limits().escalation_seconds));
        for id in self.store.requests_to_escalate(before).await? {
            keep(self.escalate(&id, now).await);
        }
        failed.map_or(Ok(()), Err)
    }

    async fn lapse(&self, id: &RequestId, now: UnixMillis) -> Result<(), SessionError> {
        let mut tx = self.store.begin().await?;
        if let Some(row) = tx.request(id).await?
            && self.lapse_in(&mut tx, &row, now).await?
        {
            tx.commit().await?;
        }
        Ok(())
    }

    /// Tells everybody else who may decide.
    async fn escalate(&self, id: &RequestId, now: UnixMillis) -> Result<(), SessionError> {
        let mut tx = self.store.begin().await?;
        if let Some(row) = tx.request(id).await?
            && tx.escalate_request(id, now).await?
        {
            let detail = EventDetail::ApprovalEscalated { request: id.clone() };
            self.audit.append_in(&mut tx, row.subject(), detail).await?;
            self.announce_request(&mut tx, &row);
            tx.commit().await?;
        }
        Ok(())
    }

    /// True if it was open, past its time, and is lapsed now.
    pub(in super::super) async fn lapse_in(
        &self,
        tx: &mut Tx,
        row: &RequestRow,
        now: UnixMillis,
    ) -> Result<bool, SessionError> {
        if !row.state.is_open() || row.expires_at > now || !tx.lapse_request(&row.id, now).await? {
            return Ok(false);
        }
        self.record_lapse(tx, row, false).await?;
        Ok(true)
    }

    /// What the policy in force by now refuses, or wants approved by more or for other reasons, has to be asked for anew.
    pub(in super::super) async fn lapse_by_policy(&self, id: &RequestId) -> Result<(), SessionError> {
        self.close(id, true).await
    }

    /// Before its time.
    async fn close(&self, id: &RequestId, by_policy: bool) -> Result<(), SessionError> {
        let mut tx = self.store.begin().await?;
        let now = self.clock.now();
        let Some(row) = tx.request(id).await? else { return Ok(()) };
        if self.lapse_in(&mut tx, &row, now).await? {
            return Ok(tx.commit().await?);
        }
        self.close_in(&mut tx, &row, by_policy, now).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn close_in(
        &self,
        tx: &mut Tx,
        row: &RequestRow,
        by_policy: bool,
        now: UnixMillis,
    ) -> Result<(), SessionError> {
        if tx.close_request(&row.id, now).await? {
            self.record_lapse(tx, row, by_policy).await?;
        }
        Ok(())
    }

    async fn record_lapse(&self, tx: &mut Tx, row: &RequestRow, policy_changed: bool) -> Result<(), SessionError> {
        let detail = EventDetail::ApprovalLapsed { request: row.id.clone(), was: row.state, policy_changed };
        self.audit.append_in(tx, row.subject(), detail).await?;
        self.announce_request(tx, row);
        Ok(())
    }
}

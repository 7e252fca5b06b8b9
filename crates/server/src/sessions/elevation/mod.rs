//! One-action elevation: one write that was blocked in a read-only session, kept sealed, asked for, and sent once.

mod ask;
mod send;

use amberglass_domain::kept_request::KeptRequest;
use amberglass_wire::{
    EventId, SessionId, UnixMillis,
    audit::EventDetail,
    elevation::{BlockedWriteResponse, CannotAsk, WriteResponse},
};

pub use ask::{ElevateError, Elevating};
pub use send::{SendError, Sending, ToSend};

use super::{Change, SessionError, Sessions};
use crate::{
    secrets::ServerKey,
    store::{KeptRow, NewKept, OpenWrite, RequestRow, StoreError, Tx},
};

/// What is sealed for this purpose opens for no other.
const PURPOSE: &str = "kept-request";
/// No session lasts longer without an extension, and nobody approves what is older.
const KEPT_SECONDS: i64 = 60 * 60;

/// A write that the gateway has just blocked.
pub struct Keeping<'a> {
    /// The record that says so.
    pub record: &'a EventId,
    pub session: &'a SessionId,
    pub method: &'a str,
    /// As on record.
    pub path: &'a str,
    pub rule: &'a str,
    /// Or why it can't be asked for.
    pub sealed: Result<String, CannotAsk>,
}

/// So that it opens for this record of this session alone. Nothing where it can't be sealed.
pub(crate) fn seal(
    key: &ServerKey,
    entropy: &dyn amberglass_domain::ports::Entropy,
    (record, session): (&EventId, &SessionId),
    kept: &KeptRequest,
) -> Option<String> {
    key.seal(PURPOSE, &[record.as_str(), session.as_str()], &kept.to_bytes().ok()?, entropy)
}

pub(crate) fn open(key: &ServerKey, row: &KeptRow) -> Result<KeptRequest, CannotAsk> {
    let sealed = row.sealed.as_ref().map_err(|why| *why)?;
    let bytes = key.open(PURPOSE, &[row.id.as_str(), row.session.as_str()], sealed).ok_or(CannotAsk::NotKept)?;
    KeptRequest::from_bytes(&bytes).map_err(|_| CannotAsk::NotKept)
}

/// As its console is told of it.
pub(super) fn blocked_write(row: KeptRow) -> BlockedWriteResponse {
    BlockedWriteResponse { record: row.id, method: row.method, path: row.path, cannot_ask: row.sealed.err() }
}

impl Sessions {
    /// Keeps what was blocked, as long as its session runs.
    ///
    /// # Errors
    /// When it could not be written: then it can't be asked for, and nothing else is different.
    pub async fn keep(&self, keeping: &Keeping<'_>) -> Result<(), SessionError> {
        let Keeping { record, session, method, path, rule, ref sealed } = *keeping;
        let kept_at = self.clock.now();
        let mut tx = self.store.begin().await?;
        tx.keep_request(&NewKept {
            id: record,
            session,
            method,
            path,
            rule,
            sealed: sealed.as_deref().map_err(|why| *why),
            kept_at,
            expires_at: kept_at.plus_seconds(KEPT_SECONDS),
        })
        .await?;
        Ok(tx.commit().await?)
    }

    pub async fn kept_request(&self, record: &EventId) -> Result<Option<KeptRow>, StoreError> {
        self.store.kept_request(record).await
    }

    /// With the session goes what was kept of it or shown in it, and where what was sent led; and what was asked for lapses. What can't be read
    /// keeps no session from its end.
    pub(super) async fn forget_writes_in(
        &self,
        tx: &mut Tx,
        session: &SessionId,
        now: UnixMillis,
    ) -> Result<(), SessionError> {
        for open in tx.open_writes_of(session).await? {
            if tx.close_request(&open.id, now).await? {
                let OpenWrite { id, was, staff, subject } = open;
                let detail = EventDetail::ApprovalLapsed { request: id, was, policy_changed: false };
                self.audit.append_in(tx, subject, detail).await?;
                self.announce_change(tx, Change::Request(staff));
            }
        }
        tx.forget_pages_of(session).await?;
        tx.forget_cookie_jar(session).await?;
        tx.mask_again(session).await?;
        Ok(tx.forget_kept_of(session).await?)
    }

    /// What a request says of its write; what the write holds is for the API to add, for whom it concerns.
    pub(super) async fn write_response(&self, row: &RequestRow) -> Result<Option<WriteResponse>, StoreError> {
        let (Some(write), Some(session)) = (&row.write, &row.session) else { return Ok(None) };
        let code = self.store.session(session).await?.map(|session| session.code).unwrap_or_default();
        Ok(Some(WriteResponse {
            asked: write.asked.clone(),
            session: session.clone(),
            session_code: code,
            shown: None,
            sent_at: write.sent_at,
            outcome: write.outcome.as_ref().map(|sent| sent.outcome.clone()),
        }))
    }
}

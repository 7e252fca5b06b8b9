//! From the grant to the cookie: one use, thirty seconds, bound to session, device and gateway origin.

use amberglass_wire::{SessionId, UnixMillis, audit::EventDetail, session::SessionState};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{SessionError, Sessions, subject_of};
use crate::{
    secrets::{random_token, sha256_hex},
    store::Tx,
};

/// Life of a grant.
const GRANT_SECONDS: i64 = 30;

/// A one-time right to enter, shown once; the store keeps its hash.
pub struct Grant {
    pub token: String,
    pub expires_at: UnixMillis,
}

/// Why nobody entered.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    #[error("the grant is another, was used, or is too old")]
    GrantInvalid,
    #[error("the session does not run")]
    NotRunning,
    /// Its console was silent for too long, and is heard again before anybody enters.
    #[error("the session is frozen")]
    Frozen,
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl Sessions {
    /// Puts a fresh grant in place of an older one; `None` once somebody entered or the session does not run.
    pub(super) async fn grant_in(&self, tx: &mut Tx, id: &SessionId) -> Result<Option<Grant>, SessionError> {
        let token = random_token(&*self.entropy);
        let expires_at = self.clock.now().plus_seconds(GRANT_SECONDS);
        let set = tx.set_grant(id, &sha256_hex(token.as_bytes()), expires_at).await?;
        Ok(set.then_some(Grant { token, expires_at }))
    }

    /// Trades the grant for the value of the gateway cookie. The caller has checked device, signature and origin.
    ///
    /// # Errors
    /// When the grant does not hold; nothing is changed then.
    pub async fn enter(&self, id: &SessionId, grant: &str) -> Result<String, EntryError> {
        let mut bytes = [0_u8; 32];
        self.entropy.fill(&mut bytes);
        let cookie = URL_SAFE_NO_PAD.encode(bytes);
        let mut tx = self.store.begin().await.map_err(SessionError::from)?;
        let now = self.clock.now();
        let row = tx.session(id).await.map_err(SessionError::from)?.ok_or(EntryError::NotRunning)?;
        if !row.state.is_running() || row.expires_at <= now {
            return Err(EntryError::NotRunning);
        }
        if row.state == SessionState::Frozen {
            return Err(EntryError::Frozen);
        }
        let (grant, hash) = (sha256_hex(grant.as_bytes()), sha256_hex(cookie.as_bytes()));
        if !tx.enter_session(id, &grant, &hash, now).await.map_err(SessionError::from)? {
            return Err(EntryError::GrantInvalid);
        }
        self.audit
            .append_in(&mut tx, subject_of(&row), EventDetail::SessionEntered {})
            .await
            .map_err(SessionError::from)?;
        self.announce(&mut tx, id);
        tx.commit().await.map_err(SessionError::from)?;
        Ok(cookie)
    }
}

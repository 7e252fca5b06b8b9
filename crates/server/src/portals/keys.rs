//! Keys with which a portal asks about its own customers' sessions and ends them. Shown once; the store has a hash.

use amberglass_domain::ports::uuid_v7;
use amberglass_wire::{PortalId, audit::EventDetail};
use secrecy::SecretString;

use super::switch::subject_of;
use crate::{
    operator::Operator,
    secrets::{random_token, sha256_hex},
    sessions::SessionError,
    store::PortalKeyRow,
};

/// Every portal key begins so: whoever finds one knows what it is.
pub const KEY_PREFIX: &str = "agp_";

pub struct AddedKey {
    pub id: String,
    /// The only time that it is seen.
    pub key: SecretString,
}

/// # Errors
/// When it could not be written or put on record; there is no new key then.
pub async fn add_key(operator: &Operator, portal: &PortalId, name: &str) -> Result<AddedKey, SessionError> {
    let id = uuid_v7(&*operator.clock, &*operator.entropy);
    let key = format!("{KEY_PREFIX}{}", random_token(&*operator.entropy));
    let row = PortalKeyRow {
        id: id.clone(),
        portal: portal.clone(),
        name: name.to_owned(),
        created_at: operator.clock.now(),
        last_used_at: None,
        revoked_at: None,
    };
    let mut tx = operator.store.begin().await?;
    tx.insert_portal_key(&row, &sha256_hex(key.as_bytes())).await?;
    let detail = EventDetail::PortalKeyAdded { key: id.clone(), name: name.to_owned() };
    operator.audit.append_in(&mut tx, subject_of(portal), detail).await?;
    tx.commit().await?;
    Ok(AddedKey { id, key: key.into() })
}

/// False when there is no such key or it was revoked before. It is worth nothing from then on.
///
/// # Errors
/// When it could not be written or put on record; the key is as it was then.
pub async fn revoke_key(operator: &Operator, id: &str) -> Result<bool, SessionError> {
    let mut tx = operator.store.begin().await?;
    let Some(portal) = tx.revoke_portal_key(id, operator.clock.now()).await? else { return Ok(false) };
    let detail = EventDetail::PortalKeyRevoked { key: id.to_owned() };
    operator.audit.append_in(&mut tx, subject_of(&portal), detail).await?;
    tx.commit().await?;
    Ok(true)
}

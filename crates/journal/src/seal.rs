//! Encryption of the bodies at rest: XChaCha20-Poly1305, whose nonces are long enough to be drawn at random.

use amberglass_domain::{chain, ports::Entropy};
use amberglass_wire::{DeviceId, EventId, SessionId, UnixMillis, audit::ChainedRecord, event_stream::ChainHead};
use chacha20poly1305::{
    Key, KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};

use crate::{JournalError, JournalKey, store::RecordRow};

const NONCE_BYTES: usize = 24;
const SALT_BYTES: usize = 16;
const BODY_PURPOSE: &[u8] = b"amberglass/journal/body/v1";
const KEY_CHECK_PURPOSE: &[u8] = b"amberglass/journal/key-check/v1";

/// The journal key at work, for one writer.
pub(crate) struct Seal {
    cipher: XChaCha20Poly1305,
    writer: DeviceId,
}

impl Seal {
    pub(crate) fn new(key: &JournalKey, writer: DeviceId) -> Self {
        Self { cipher: XChaCha20Poly1305::new(&Key::from(*key.bytes())), writer }
    }

    pub(crate) fn writer(&self) -> &DeviceId {
        &self.writer
    }

    /// Salt and body of a linked record.
    pub(crate) fn seal(&self, record: &ChainedRecord, entropy: &dyn Entropy) -> Result<Vec<u8>, JournalError> {
        let mut plain = hex::decode(&record.salt).map_err(|_| JournalError::Encrypt)?;
        plain.extend_from_slice(record.body.as_bytes());
        self.encrypt(&self.place(record.seq, &record.commitment), &plain, entropy)
    }

    /// The record of a row, checked against its own hash and commitment.
    ///
    /// # Errors
    /// [`JournalError::Unreadable`] if the body is not the one that was sealed in this place,
    /// [`JournalError::BrokenChain`] if anything else of the row was changed.
    pub(crate) fn open(&self, row: RecordRow) -> Result<ChainedRecord, JournalError> {
        let unreadable = JournalError::Unreadable { seq: row.seq };
        let place = self.place(row.seq, &row.commitment);
        let plain = self.decrypt(&place, &row.sealed).ok_or_else(|| unreadable.clone())?;
        let (salt, body) = plain.split_at_checked(SALT_BYTES).ok_or_else(|| unreadable.clone())?;
        let record = ChainedRecord {
            writer: self.writer.as_str().to_owned(),
            seq: row.seq,
            id: EventId::new(row.id),
            session: row.session.map(SessionId::new),
            occurred_at: UnixMillis(row.occurred_at),
            monotonic_millis: row.monotonic_millis,
            kind: row.kind,
            prev_hash: row.prev_hash,
            commitment: row.commitment,
            salt: hex::encode(salt),
            body: String::from_utf8(body.to_vec()).map_err(|_| unreadable)?,
            hash: row.hash,
        };
        chain::verify_next(&record.writer, &before(record.seq, &record.prev_hash), &record)?;
        Ok(record)
    }

    /// A proof of this key for this writer.
    pub(crate) fn key_check(&self, entropy: &dyn Entropy) -> Result<Vec<u8>, JournalError> {
        self.encrypt(&associated(KEY_CHECK_PURPOSE, &[self.writer.as_str().as_bytes()]), &[], entropy)
    }

    pub(crate) fn fits(&self, key_check: &[u8]) -> bool {
        self.decrypt(&associated(KEY_CHECK_PURPOSE, &[self.writer.as_str().as_bytes()]), key_check).is_some()
    }

    /// What a body is bound to, so that one moved to another row does not open there.
    fn place(&self, seq: i64, commitment: &str) -> Vec<u8> {
        associated(BODY_PURPOSE, &[self.writer.as_str().as_bytes(), &seq.to_be_bytes(), commitment.as_bytes()])
    }

    fn encrypt(&self, associated: &[u8], plain: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, JournalError> {
        let mut sealed = vec![0; NONCE_BYTES];
        entropy.fill(&mut sealed);
        let nonce = XNonce::try_from(sealed.as_slice()).map_err(|_| JournalError::Encrypt)?;
        let payload = Payload { msg: plain, aad: associated };
        sealed.extend(self.cipher.encrypt(&nonce, payload).map_err(|_| JournalError::Encrypt)?);
        Ok(sealed)
    }

    fn decrypt(&self, associated: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_BYTES)?;
        let nonce = XNonce::try_from(nonce).ok()?;
        self.cipher.decrypt(&nonce, Payload { msg: text, aad: associated }).ok()
    }
}

/// The head that a record claims to follow; the first one follows nothing.
pub(crate) fn before(seq: i64, prev_hash: &str) -> ChainHead {
    if seq == 1 { ChainHead::default() } else { ChainHead { seq: seq.saturating_sub(1), hash: prev_hash.to_owned() } }
}

fn associated(purpose: &[u8], fields: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in std::iter::once(&purpose).chain(fields) {
        bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
        bytes.extend_from_slice(field);
    }
    bytes
}

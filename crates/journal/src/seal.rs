//! Encryption of the bodies at rest: XChaCha20-Poly1305, whose nonces are long enough to be drawn at random.

use std::sync::{PoisonError, RwLock};

use amberglass_domain::{
    chain,
    ports::Entropy,
    recovery::{RecoveryKey, RecoverySecret},
};
use amberglass_wire::audit::ChainedRecord;
use chacha20poly1305::{
    Key, KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use zeroize::Zeroizing;

use crate::{
    JournalError, JournalKey,
    store::{KeyRow, RecordRow},
};

const NONCE_BYTES: usize = 24;
const SALT_BYTES: usize = 16;
const BODY_PURPOSE: &[u8] = b"amberglass/journal/body/v1";
const KEY_CHECK_PURPOSE: &[u8] = b"amberglass/journal/key-check/v1";
const OLDER_KEY_PURPOSE: &[u8] = b"amberglass/journal/older-key/v1";

/// The journal's keys at work, for one writer.
pub(crate) struct Seal {
    writer: String,
    /// Ascending; each one seals from its number on. Never empty.
    keys: RwLock<Vec<Sealing>>,
}

/// One key, and the first record that it seals.
pub(crate) struct Sealing {
    number: i64,
    first_seq: i64,
    key: JournalKey,
    cipher: XChaCha20Poly1305,
}

impl Sealing {
    pub(crate) fn new(number: i64, first_seq: i64, key: JournalKey) -> Self {
        let cipher = XChaCha20Poly1305::new(&Key::from(*key.bytes()));
        Self { number, first_seq, key, cipher }
    }

    fn encrypt(&self, associated: &[u8], plain: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, JournalError> {
        let mut sealed = Vec::with_capacity(NONCE_BYTES + plain.len() + SALT_BYTES);
        sealed.resize(NONCE_BYTES, 0);
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

    pub(crate) fn key(&self) -> &JournalKey {
        &self.key
    }

    /// A proof of this key for this writer.
    pub(crate) fn key_check(&self, writer: &str, entropy: &dyn Entropy) -> Result<Vec<u8>, JournalError> {
        self.encrypt(&associated(KEY_CHECK_PURPOSE, &[writer.as_bytes()]), &[], entropy)
    }

    fn fits(&self, writer: &str, key_check: &[u8]) -> bool {
        self.decrypt(&associated(KEY_CHECK_PURPOSE, &[writer.as_bytes()]), key_check).is_some()
    }

    /// The key before this one.
    pub(crate) fn seal_older(
        &self,
        writer: &str,
        older: &JournalKey,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, JournalError> {
        self.encrypt(&associated(OLDER_KEY_PURPOSE, &[writer.as_bytes()]), older.bytes(), entropy)
    }

    fn open_older(&self, writer: &str, sealed: &[u8]) -> Option<JournalKey> {
        let plain = Zeroizing::new(self.decrypt(&associated(OLDER_KEY_PURPOSE, &[writer.as_bytes()]), sealed)?);
        JournalKey::from_bytes(&plain)
    }

    /// Itself, so that the server can open it.
    pub(crate) fn seal_for(
        &self,
        writer: &str,
        recovery: &RecoveryKey,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, JournalError> {
        recovery.seal(writer.as_bytes(), self.key.bytes(), entropy).map_err(|_| JournalError::Encrypt)
    }
}

impl Seal {
    /// Of a journal that begins.
    pub(crate) fn new(writer: String, key: JournalKey) -> Self {
        Self { writer, keys: RwLock::new(vec![Sealing::new(1, 1, key)]) }
    }

    /// From the newest key all older ones are opened. `rows` ascending.
    ///
    /// # Errors
    /// [`JournalError::WrongKey`] when this is not the newest key, or an older one was changed.
    pub(crate) fn open_keys(writer: String, newest: JournalKey, rows: &[KeyRow]) -> Result<Self, JournalError> {
        let mut keys = Vec::with_capacity(rows.len());
        let mut next = Some(newest);
        for row in rows.iter().rev() {
            let sealing = Sealing::new(row.number, row.first_seq, next.take().ok_or(JournalError::WrongKey)?);
            if !sealing.fits(&writer, &row.key_check) {
                return Err(JournalError::WrongKey);
            }
            next = row.older.as_ref().and_then(|older| sealing.open_older(&writer, older));
            keys.push(sealing);
        }
        keys.reverse();
        if keys.is_empty() { Err(JournalError::WrongKey) } else { Ok(Self { writer, keys: RwLock::new(keys) }) }
    }

    /// As [`Seal::open_keys`], with the server's secret in the place of the key store.
    pub(crate) fn recover(writer: String, secret: &RecoverySecret, rows: &[KeyRow]) -> Result<Self, JournalError> {
        let newest = rows.last().and_then(|row| secret.open(writer.as_bytes(), row.recovery.as_ref()?).ok());
        let newest = newest.and_then(|bytes| JournalKey::from_bytes(&bytes)).ok_or(JournalError::WrongKey)?;
        Self::open_keys(writer, newest, rows)
    }

    pub(crate) fn writer(&self) -> &str {
        &self.writer
    }

    /// From `key.first_seq` on it is this one.
    pub(crate) fn add(&self, key: Sealing) {
        self.keys.write().unwrap_or_else(PoisonError::into_inner).push(key);
    }

    /// Keys behind this one were never written down.
    pub(crate) fn keep_through(&self, number: i64) {
        self.keys.write().unwrap_or_else(PoisonError::into_inner).retain(|key| key.number <= number);
    }

    /// Asks the newest key.
    pub(crate) fn with_newest<T>(
        &self,
        ask: impl FnOnce(&Sealing) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        ask(self.keys.read().unwrap_or_else(PoisonError::into_inner).last().ok_or(JournalError::WrongKey)?)
    }

    /// Salt and body of a linked record, under the newest key.
    pub(crate) fn seal(&self, record: &ChainedRecord, entropy: &dyn Entropy) -> Result<Vec<u8>, JournalError> {
        let mut plain = hex::decode(&record.salt).map_err(|_| JournalError::Encrypt)?;
        plain.extend_from_slice(record.body.as_bytes());
        self.with_newest(|key| key.encrypt(&self.place(record.seq, &record.commitment), &plain, entropy))
    }

    /// The record of a row, checked against its own hash and commitment; without salt and body once it was erased.
    ///
    /// # Errors
    /// [`JournalError::Unreadable`] if the body is not the one that was sealed in this place,
    /// [`JournalError::BrokenChain`] if anything else of the row was changed.
    pub(crate) fn open(&self, row: RecordRow) -> Result<ChainedRecord, JournalError> {
        let unreadable = JournalError::Unreadable { seq: row.seq };
        let (salt, body) = if row.sealed.is_empty() {
            (String::new(), String::new())
        } else {
            let plain = self.plain(&row).ok_or_else(|| unreadable.clone())?;
            let (salt, body) = plain.split_at_checked(SALT_BYTES).ok_or_else(|| unreadable.clone())?;
            (hex::encode(salt), String::from_utf8(body.to_vec()).map_err(|_| unreadable)?)
        };
        let record = ChainedRecord { salt, body, ..row.header(&self.writer) };
        chain::verify_alone(&record)?;
        Ok(record)
    }

    fn plain(&self, row: &RecordRow) -> Option<Vec<u8>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let key = keys.iter().rev().find(|key| key.first_seq <= row.seq)?;
        key.decrypt(&self.place(row.seq, &row.commitment), &row.sealed)
    }

    /// What a body is bound to, so that one moved to another row does not open there.
    fn place(&self, seq: i64, commitment: &str) -> Vec<u8> {
        associated(BODY_PURPOSE, &[self.writer.as_bytes(), &seq.to_be_bytes(), commitment.as_bytes()])
    }
}

fn associated(purpose: &[u8], fields: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in std::iter::once(&purpose).chain(fields) {
        bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
        bytes.extend_from_slice(field);
    }
    bytes
}

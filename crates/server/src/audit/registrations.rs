//! With which key each device was registered, as the log has it and not the table.

use std::collections::HashMap;

use amberglass_wire::{DeviceId, audit::EventDetail};

use super::gone::whole_body;
use crate::{
    sha256_hex,
    store::{DeviceRow, Store, StoreError},
};

/// Records that are read at once.
const PAGE: u32 = 500;

/// What the record says of a device's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// It is the one that was registered first.
    Fits,
    Differs,
    /// Nothing is on record, and nothing was ever retired: it never was registered.
    Missing,
    /// Nothing is on record any more: what servers wrote in its time has been retired.
    Retired,
}

/// SHA-256 of the keys, by device.
pub struct Registrations {
    fingerprints: HashMap<DeviceId, String>,
    is_retired: bool,
}

impl Registrations {
    /// # Errors
    /// When the log cannot be read.
    pub async fn read(store: &Store) -> Result<Self, StoreError> {
        let is_retired = store.retired().await?.keys().any(|writer| writer.starts_with("server:"));
        let mut fingerprints = HashMap::new();
        let mut after = 0;
        loop {
            let page = store.registrations(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(Self { fingerprints, is_retired }) };
            after = last.position;
            for stored in page.iter().filter(|stored| stored.record.writer.starts_with("server:")) {
                let Some(body) = whole_body(&stored.record) else { continue };
                if let (EventDetail::DeviceRegistered { key_fingerprint, .. }, Some(device)) =
                    (body.detail, body.subject.device)
                {
                    // A device keeps its key: whatever is written later under its name is not believed.
                    fingerprints.entry(device).or_insert(key_fingerprint);
                }
            }
        }
    }

    pub fn of(&self, device: &DeviceRow) -> Registration {
        match self.fingerprints.get(&device.id) {
            Some(known) if *known == sha256_hex(device.public_key.as_bytes()) => Registration::Fits,
            Some(_) => Registration::Differs,
            None if self.is_retired => Registration::Retired,
            None => Registration::Missing,
        }
    }
}

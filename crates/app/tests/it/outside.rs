//! Preferences in memory that may not be written, and addresses at which servers answer or do not.

use std::{collections::HashMap, sync::Mutex};

use amberglass_app::preferences::{PreferenceError, PreferenceStore, Preferences};
use amberglass_domain::ports::{BackendError, FoundServer, LookupError, ServerLookup};
use amberglass_wire::auth::{ServerResponse, SignInMethod};
use async_trait::async_trait;

/// The server of every run that says nothing else.
pub const ADDRESS: &str = "http://127.0.0.1:7400";

#[derive(Default)]
pub struct MemoryPreferences {
    pub kept: Mutex<Preferences>,
    pub unwritable: Mutex<bool>,
}

impl MemoryPreferences {
    /// Of somebody who has been through the first run.
    pub fn settled() -> Self {
        let kept = Preferences { server: Some(ADDRESS.into()), notice_accepted: true, ..Preferences::default() };
        Self { kept: Mutex::new(kept), ..Self::default() }
    }
}

impl PreferenceStore for MemoryPreferences {
    fn read(&self) -> Preferences {
        self.kept.lock().unwrap().clone()
    }

    fn write(&self, preferences: &Preferences) -> Result<(), PreferenceError> {
        if *self.unwritable.lock().unwrap() {
            return Err(PreferenceError { detail: "read-only".into() });
        }
        self.kept.lock().unwrap().clone_from(preferences);
        Ok(())
    }
}

/// Whoever is not named does not answer.
#[derive(Default)]
pub struct Addresses(pub Mutex<HashMap<String, Result<FoundServer, LookupError>>>);

impl Addresses {
    pub fn answer(&self, typed: &str, address: &str) {
        let server = ServerResponse {
            product: "amberglass".into(),
            version: "0.1.0".into(),
            name: format!("Support at {address}"),
            sign_in: SignInMethod::Password,
            demo: false,
            audit_retention_months: 13,
        };
        self.0.lock().unwrap().insert(typed.into(), Ok(FoundServer { address: address.into(), server }));
    }

    pub fn refuse(&self, typed: &str, error: LookupError) {
        self.0.lock().unwrap().insert(typed.into(), Err(error));
    }
}

#[async_trait]
impl ServerLookup for Addresses {
    async fn look_up(&self, address: &str) -> Result<FoundServer, LookupError> {
        let nobody = || Err(BackendError::Unreachable { detail: "no route".into() }.into());
        self.0.lock().unwrap().get(address).cloned().unwrap_or_else(nobody)
    }
}

//! What is settled before the first sign-in: which server, whether this desktop can keep keys, and that the staff member has
//! read what is recorded. Also how the server is chosen anew later.

use amberglass_domain::ports::{FoundServer, KeychainEntry, KeychainError, LookupError};
use amberglass_wire::{auth::ServerResponse, problem::ErrorCode};

use crate::{
    controller::Actor,
    errors,
    input::Reply,
    leaving::Leaving,
    preferences::Preferences,
    sign_in::SignIn,
    view::{ConsoleErrorCode, FirstRunView, KeyringView, UiError},
};

pub(crate) struct FirstRun {
    /// As typed, until a server has answered there.
    address: String,
    /// Of the look that counts.
    number: u64,
    checking: bool,
    pub found: Option<ServerResponse>,
    error: Option<UiError>,
    pub keyring: KeyringView,
}

impl FirstRun {
    pub fn new(address: String) -> Self {
        Self { address, number: 0, checking: false, found: None, error: None, keyring: KeyringView::Checking {} }
    }
}

impl Actor {
    /// Nobody signs in before this is settled.
    pub fn first_run_needed(&self) -> bool {
        let chosen = self.ports.server.fixed || self.preferences.server.is_some();
        !(chosen && self.preferences.notice_accepted)
    }

    pub fn first_run_view(&self) -> FirstRunView {
        let FirstRun { address, checking, found, error, keyring, .. } = &self.first_run;
        FirstRunView {
            needed: self.first_run_needed(),
            address: address.clone(),
            address_fixed: self.ports.server.fixed,
            checking: *checking,
            found: found.clone(),
            error: error.clone(),
            notice_accepted: self.preferences.notice_accepted,
            keyring: keyring.clone(),
        }
    }

    /// At the start: what answers at an address that was chosen before, or that is set from outside.
    pub fn look_at_chosen_server(&mut self) {
        if self.ports.server.fixed || self.preferences.server.is_some() {
            self.look_up(self.ports.server.address.clone(), false);
        }
    }

    /// The server has answered as ours: what it says of itself is asked again where that failed before.
    pub fn look_again_once_online(&mut self) {
        if self.first_run.found.is_none() && !self.first_run.checking {
            self.look_at_chosen_server();
        }
    }

    pub fn set_server(&mut self, address: String) {
        // A fixed address is looked at and stays.
        if self.ports.server.fixed {
            return self.look_up(self.ports.server.address.clone(), false);
        }
        self.first_run.address.clone_from(&address);
        self.look_up(address, true);
    }

    fn look_up(&mut self, address: String, keep: bool) {
        let number = self.next_number();
        self.first_run.number = number;
        self.first_run.checking = true;
        self.first_run.found = None;
        self.first_run.error = None;
        let ports = self.ports.clone();
        self.spawn(async move { Reply::LookedUp { number, keep, result: ports.lookup.look_up(&address).await } });
    }

    pub fn on_looked_up(&mut self, number: u64, keep: bool, result: Result<FoundServer, LookupError>) {
        if self.first_run.number != number {
            return;
        }
        self.first_run.checking = false;
        let found = match result {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "no server of ours was found");
                self.first_run.error = Some(of_lookup(&error));
                return;
            }
        };
        self.first_run.address.clone_from(&found.address);
        if keep {
            let kept = Preferences { server: Some(found.address.clone()), ..self.preferences.clone() };
            if let Err(error) = self.keep_preferences(kept) {
                self.first_run.error = Some(error);
                return;
            }
        }
        self.first_run.found = Some(found.server);
        if keep && found.address != self.ports.server.address {
            // Journal, keys and everything shown belong to the present one.
            return self.leave(Leaving::restart);
        }
        self.resume_when_settled();
    }

    pub fn accept_notice(&mut self) {
        let accepted = Preferences { notice_accepted: true, ..self.preferences.clone() };
        match self.keep_preferences(accepted) {
            Ok(()) => self.resume_when_settled(),
            Err(error) => self.first_run.error = Some(error),
        }
    }

    /// # Errors
    /// When they are not on disk; the old ones stand then.
    pub fn keep_preferences(&mut self, preferences: Preferences) -> Result<(), UiError> {
        if preferences != self.preferences {
            self.ports.preferences.write(&preferences).map_err(|error| {
                tracing::error!(%error, "the preferences could not be kept");
                errors::console(ConsoleErrorCode::PreferencesUnavailable, Some(error.detail))
            })?;
            self.preferences = preferences;
        }
        Ok(())
    }

    pub fn check_keyring(&mut self) {
        self.first_run.keyring = KeyringView::Checking {};
        match &self.sign_in {
            // What stood in the way may be gone; then everything goes on from there.
            SignIn::Blocked(_) => self.read_keyring(),
            // It is being read.
            SignIn::Starting => {}
            SignIn::SignedOut(_) | SignIn::Waiting { .. } | SignIn::SignedIn(_) => {
                let ports = self.ports.clone();
                self.spawn(async move {
                    Reply::KeyringChecked(ports.keychain.read(KeychainEntry::DeviceKey).await.map(|_| ()))
                });
            }
        }
    }

    pub fn on_keyring_checked(&mut self, result: Result<(), &KeychainError>) {
        self.first_run.keyring = match result {
            Ok(()) => KeyringView::Usable {},
            Err(error) => KeyringView::Unusable { error: errors::of_keychain(error) },
        };
    }
}

fn of_lookup(error: &LookupError) -> UiError {
    match error {
        LookupError::Address { detail } => {
            errors::console(ConsoleErrorCode::ServerAddressInvalid, Some(detail.clone()))
        }
        LookupError::Backend(error) => match errors::refusal(error) {
            // One of ours that knows this question says no only for the moment, or because it goes by another name; what
            // refuses it for good, such as a gateway, is no server to sign in at.
            Some(code) if code != ErrorCode::WrongHost && !errors::passes_by_itself(code) => {
                errors::console(ConsoleErrorCode::NotAnAmberglassServer, None)
            }
            Some(_) | None => errors::of_backend(error),
        },
    }
}

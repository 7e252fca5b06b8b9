//! Staff accounts: passwords, second factors, the company's provider, and who may try how often.

use std::sync::Arc;

use amberglass_domain::ports::{Clock, Entropy};
use amberglass_wire::StaffId;
use secrecy::SecretString;

use crate::{
    audit::{AuditError, AuditLog},
    config::ServerConfig,
    secrets::ServerKey,
    store::{StaffRow, Store, StoreError},
};

mod attempts;
mod changes;
pub mod devices;
mod linking;
mod password;
pub mod provider;
mod samples;
pub mod second_factor;
pub mod tokens;

use attempts::Attempts;
pub use changes::NewStaff;
pub use linking::ProviderSignIn;
use password::{MIN_PASSWORD_CHARACTERS, Passwords};
pub use samples::{SAMPLE_STAFF, SampleStaff};
pub use tokens::{Proof, TokenError};

/// RFC 5321, 4.5.3.1.3, without the angle brackets.
const MAX_EMAIL_BYTES: usize = 254;

/// Why an account could not be made, changed or signed in to.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error("the password could not be hashed")]
    Hash,
    #[error("a password needs at least {MIN_PASSWORD_CHARACTERS} characters; nothing was changed")]
    PasswordTooShort,
    #[error("`{0}` is not an e-mail address")]
    Email(String),
    #[error("an account with this e-mail address exists")]
    EmailTaken,
    #[error("there is no such account")]
    NoSuchAccount,
    #[error(
        "this is the last active account with the role admin: without it nobody can manage this server from a console; \
         nothing was changed"
    )]
    LastAdmin,
    #[error("the check of the password did not end")]
    Interrupted,
    #[error("a second factor could not be sealed or made")]
    SecondFactor,
    #[error(
        "the second factor was sealed with another server key: servers that share a database need the same `server-key` \
         in their data_dir; if that key is lost, reset the second factor"
    )]
    OtherKey,
}

/// What came of e-mail address and password.
#[derive(Debug)]
pub enum SignIn {
    /// Nothing more is asked for.
    Accepted(StaffRow),
    /// The password is right, and the second factor is still to be shown, or to be set up where there is none.
    CodeWanted(StaffRow),
    /// Unknown address, wrong password or account not active: nobody is told which.
    Wrong,
    TooMany,
}

/// The accounts of the staff.
pub struct Accounts {
    store: Store,
    audit: AuditLog,
    key: Arc<ServerKey>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    passwords: Passwords,
    by_email: Attempts,
    by_address: Attempts,
    provider_by_address: Attempts,
    /// The demo's accounts do without.
    second_factor_required: bool,
}

impl Accounts {
    /// # Errors
    /// When a password cannot be hashed.
    pub fn new(
        store: Store,
        audit: AuditLog,
        key: Arc<ServerKey>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        config: &ServerConfig,
    ) -> Result<Self, AccountError> {
        let limits = &config.limits;
        let window_millis = i64::from(limits.sign_in_window_seconds).saturating_mul(1000);
        let by_address = || Attempts::new(limits.sign_in_failures_per_address, window_millis);
        Ok(Self {
            store,
            audit,
            key,
            clock,
            passwords: Passwords::new(&*entropy)?,
            entropy,
            by_email: Attempts::new(limits.sign_in_failures_per_email, window_millis),
            by_address: by_address(),
            provider_by_address: by_address(),
            second_factor_required: !config.demo,
        })
    }

    /// Checks e-mail address and password, and counts failures by both address kinds.
    ///
    /// # Errors
    /// When the accounts cannot be read; nobody is signed in then.
    pub async fn sign_in(&self, email: &str, password: SecretString, address: &str) -> Result<SignIn, AccountError> {
        let (now, email_key) = (self.clock.monotonic_millis(), key_of(email));
        // The attempt is counted before the check and given back after a good one: attempts that run at the same time
        // must not get past the limit together. By network address first: who is over that limit leaves no trace of the
        // e-mail addresses that they go on trying.
        if !self.by_address.begin(address, now) {
            return Ok(SignIn::TooMany);
        }
        if email_key.len() > MAX_EMAIL_BYTES {
            return Ok(SignIn::Wrong);
        }
        if !self.by_email.begin(&email_key, now) {
            self.by_address.give_back(address);
            return Ok(SignIn::TooMany);
        }
        let row = self.store.staff_by_email(email).await?;
        let matches = self.passwords.check(password, row.as_ref().map(|row| row.password_hash.as_str())).await?;
        match row {
            Some(row) if matches && row.active => {
                self.by_address.give_back(address);
                if self.second_factor_required || row.totp_sealed.is_some() {
                    // Not forgotten: else every right password would allow another five guesses at the code.
                    self.by_email.give_back(&email_key);
                    Ok(SignIn::CodeWanted(row))
                } else {
                    self.by_email.forget(&email_key);
                    Ok(SignIn::Accepted(row))
                }
            }
            Some(_) | None => Ok(SignIn::Wrong),
        }
    }

    /// What the record of a failed sign-in holds of the address: keyed, so that nobody can find the address by trying
    /// addresses.
    pub fn email_hash(&self, email: &str) -> String {
        hex::encode(self.key.mac("email", &[&key_of(email)]))
    }

    /// Counts a way to the provider; false when there were too many from this network address.
    pub(crate) fn may_go_to_provider(&self, address: &str) -> bool {
        self.provider_by_address.begin(address, self.clock.monotonic_millis())
    }

    /// # Errors
    /// When the accounts cannot be read.
    pub async fn find(&self, email: &str) -> Result<StaffRow, AccountError> {
        self.store.staff_by_email(email).await?.ok_or(AccountError::NoSuchAccount)
    }

    /// Whether this server can read the second factors in the database: false when another key sealed them.
    ///
    /// # Errors
    /// When the accounts cannot be read.
    pub(crate) async fn can_read_second_factors(&self) -> Result<bool, AccountError> {
        let staff = self.store.all_staff().await?;
        let sealed = staff.iter().find_map(|row| Some((&row.id, row.totp_sealed.as_deref()?)));
        Ok(sealed.is_none_or(|(id, sealed)| self.unsealed(id, sealed).is_ok()))
    }
}

/// E-mail addresses compare without case.
fn key_of(email: &str) -> String {
    email.trim().to_lowercase()
}

/// The staff member of an event.
fn subject_of(staff: &StaffId) -> amberglass_wire::audit::EventSubject {
    amberglass_wire::audit::EventSubject { staff: Some(staff.clone()), ..Default::default() }
}

//! The tokens of whoever is signed in: kept fresh, rotated in the keyring, forgotten when they no longer hold.

use amberglass_domain::{
    ports::{AccessToken, BackendError, KeychainEntry},
    signing,
};
use amberglass_wire::auth::{CLIENT_ID, TokenRequest, TokenResponse};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::{
    controller::Actor,
    errors,
    input::Reply,
    sign_in::{Account, SignIn},
};

/// An access token is renewed so long before its end, or at half its life if that is later.
const RENEW_BEFORE_SECONDS: i64 = 60;
/// A refusal right after a renewal has another reason than the token's age.
const MIN_BETWEEN_RENEWALS_MILLIS: i64 = 10_000;

#[derive(Default)]
pub(crate) struct Tokens {
    refresh: Option<SecretString>,
    renew_at: Option<i64>,
    /// Number of the renewal that is under way.
    renewing: Option<u64>,
    renewed_at: Option<i64>,
    failures: u32,
}

impl Actor {
    /// Silent sign-in with the token of an earlier run.
    pub fn resume_with(&mut self, refresh: SecretString) {
        self.tokens = Tokens { refresh: Some(refresh), ..Tokens::default() };
        self.renew();
    }

    /// Takes the tokens of a completed sign-in into use.
    pub fn signed_in(&mut self, token: TokenResponse) {
        let now = self.now();
        let life = i64::from(token.expires_in);
        let renew_in = (life - RENEW_BEFORE_SECONDS).max(life / 2).max(1);
        self.tokens = Tokens {
            refresh: Some(SecretString::from(token.refresh_token)),
            renew_at: Some(now.saturating_add(renew_in * 1000)),
            renewing: None,
            renewed_at: Some(now),
            failures: 0,
        };
        let account = Account { staff: token.staff, access: AccessToken(token.access_token.into()) };
        let first = self.account().is_none();
        self.sign_in = SignIn::SignedIn(account);
        if first {
            self.connect();
            self.load_recent();
            self.ask_recovered();
        }
    }

    pub fn tokens_due(&self) -> Option<i64> {
        if self.tokens.renewing.is_none() { self.tokens.renew_at } else { None }
    }

    pub fn tick_tokens(&mut self, now: i64) {
        if self.tokens_due().is_some_and(|at| at <= now) {
            self.renew();
        }
    }

    /// A call was refused for its token. Renews at once, unless that has just been done.
    pub fn token_refused(&mut self) {
        let now = self.now();
        let just_renewed = self.tokens.renewed_at.is_some_and(|at| now - at < MIN_BETWEEN_RENEWALS_MILLIS);
        if self.tokens.failures == 0 && !just_renewed {
            self.renew();
        }
    }

    /// The server says that the sign-in no longer holds: it must say so once more when asked for a new token.
    pub fn doubt_tokens(&mut self) {
        self.renew();
    }

    fn renew(&mut self) {
        let (Some(refresh), Some(device)) = (self.tokens.refresh.clone(), self.device.known()) else { return };
        if self.tokens.renewing.is_some() {
            return;
        }
        let number = self.next_number();
        self.tokens.renewing = Some(number);
        let signed_at = self.server_now();
        let digest = hex::encode(Sha256::digest(refresh.expose_secret().as_bytes()));
        let request = TokenRequest::RefreshToken {
            client_id: CLIENT_ID.to_owned(),
            refresh_token: refresh.expose_secret().to_owned(),
            device: device.id.clone(),
            signed_at: signed_at.0.to_string(),
            device_proof: device.key.sign(&signing::token_refresh(&device.id, &digest, signed_at)),
        };
        let ports = self.ports.clone();
        self.spawn(async move {
            let result = ports.backend.token(request).await;
            if let Ok(token) = &result {
                let rotated = SecretString::from(token.refresh_token.clone());
                if let Err(error) = ports.keychain.write(KeychainEntry::RefreshToken, rotated).await {
                    // This run goes on with the token in memory; the next one will have to sign in.
                    tracing::warn!(%error, "the rotated refresh token could not be kept");
                }
            }
            Reply::Refreshed { number, result }
        });
    }

    pub fn on_refreshed(&mut self, number: u64, result: Result<TokenResponse, BackendError>) {
        if self.tokens.renewing != Some(number) {
            if result.is_ok() {
                self.settle_refresh_token();
            }
            return;
        }
        self.tokens.renewing = None;
        let error = match result {
            Ok(token) => return self.signed_in(token),
            Err(error) => error,
        };
        let passes = errors::refusal(&error).is_none_or(errors::passes_by_itself);
        tracing::warn!(%error, passes, "the sign-in could not be renewed");
        // A fresh sign-in replaces this one at the server before the console hears of it.
        if !passes && !self.is_signing_in_again() {
            return self.signed_out(Some(errors::of_backend(&error)));
        }
        self.tokens.failures = self.tokens.failures.saturating_add(1);
        self.tokens.renew_at = Some(self.now().saturating_add(backoff_millis(self.tokens.failures)));
        if self.account().is_none() {
            self.sign_in = SignIn::SignedOut(Some(errors::of_backend(&error)));
            self.connection.went_offline(self.ports.clock.now());
        }
    }

    /// The sign-in is over: what it had loaded goes with it. A running session cannot be followed any more; the server
    /// ends it, and its window closes now.
    pub fn signed_out(&mut self, error: Option<crate::view::UiError>) {
        let waiting = self.approvals.take_link().filter(|_| self.account().is_none());
        self.finish_as_known();
        self.forget_tokens();
        self.remove_refresh_token();
        self.sign_in = SignIn::SignedOut(error);
        self.disconnect();
        self.forget_what_was_loaded();
        // A link that was followed before anybody was signed in is for whoever does; any other goes with who followed it.
        self.approvals.focus = waiting;
    }

    /// Drops the tokens of this run; the answer to a renewal under way will be stale.
    pub fn forget_tokens(&mut self) {
        self.tokens = Tokens::default();
    }

    /// A task that nobody waited for any more has written a token into the key store: what this run holds takes its place,
    /// and if that is none, nothing signs anybody in at the next start.
    pub fn settle_refresh_token(&mut self) {
        let Some(refresh) = self.tokens.refresh.clone() else { return self.remove_refresh_token() };
        let ports = self.ports.clone();
        self.records.spawn(async move {
            if let Err(error) = ports.keychain.write(KeychainEntry::RefreshToken, refresh).await {
                tracing::warn!(%error, "the refresh token could not be kept");
            }
        });
    }

    pub fn remove_refresh_token(&mut self) {
        let ports = self.ports.clone();
        // Beside the records, because the end of the program waits for those: a token that stays signs somebody in.
        self.records.spawn(async move {
            if let Err(error) = ports.keychain.remove(KeychainEntry::RefreshToken).await {
                tracing::warn!(%error, "the refresh token could not be removed");
            }
        });
    }
}

/// 2, 4, 8, 16, then 30 seconds.
pub(crate) fn backoff_millis(failures: u32) -> i64 {
    1000_i64.checked_shl(failures.min(5)).unwrap_or(30_000).min(30_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_bounded() {
        assert_eq!([1, 2, 3, 4, 5, 99].map(backoff_millis), [2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    }
}

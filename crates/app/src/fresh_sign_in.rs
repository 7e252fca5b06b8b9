//! Some requests want to know that the person, and not only their unlocked computer, is there: the server refuses them until
//! somebody has signed in within the last five minutes. What was refused is remembered; the person signs in once more in
//! their browser, as themselves, and then it is asked for again. Everything else goes on meanwhile.

use std::sync::Arc;

use amberglass_domain::{
    device_key::DeviceKey,
    ports::{AccessToken, KeychainEntry},
};
use amberglass_wire::{StaffId, UnixMillis, auth::TokenResponse, session::StartSessionRequest};
use secrecy::SecretString;
use tokio::sync::oneshot;

use crate::{
    actions::Act,
    controller::{Actor, Ports},
    input::Reply,
    sign_in::{SignInFailure, ask_browser, trade_code},
    view::{FreshSignInView, UiError},
};

/// What was refused for want of a fresh sign-in.
pub(crate) enum Refused {
    Start(StartSessionRequest),
    Act(Act),
}

#[derive(Default)]
pub(crate) struct FreshSignIn {
    refused: Option<Refused>,
    waiting: Option<Waiting>,
    /// Number of the sign-in whose outcome is not known yet; it may have been given up.
    under_way: Option<u64>,
    error: Option<UiError>,
}

/// The browser is waited for as long as this stands.
struct Waiting {
    since: UnixMillis,
    _browser: oneshot::Sender<()>,
}

impl FreshSignIn {
    pub fn view(&self) -> FreshSignInView {
        match (&self.waiting, &self.error) {
            (Some(Waiting { since, .. }), _) => FreshSignInView::WaitingForBrowser { since: *since },
            (None, Some(error)) => FreshSignInView::Failed { error: error.clone() },
            (None, None) => FreshSignInView::Idle {},
        }
    }
}

impl Actor {
    pub fn remember_refused(&mut self, refused: Refused) {
        self.fresh_sign_in.refused = Some(refused);
        self.fresh_sign_in.error = None;
    }

    /// The person has turned away from the start that was refused, or asks for another one.
    pub fn forget_refused_start(&mut self) {
        if matches!(self.fresh_sign_in.refused, Some(Refused::Start(_))) {
            self.forget_refused();
        }
    }

    pub fn forget_refused_act(&mut self) {
        if matches!(self.fresh_sign_in.refused, Some(Refused::Act(_))) {
            self.forget_refused();
        }
    }

    fn forget_refused(&mut self) {
        let under_way = self.fresh_sign_in.under_way;
        self.fresh_sign_in = FreshSignIn { under_way, ..FreshSignIn::default() };
    }

    /// What was refused stays, so that one may still sign in for it.
    pub fn give_up_fresh_sign_in(&mut self) {
        self.fresh_sign_in.waiting = None;
    }

    pub fn is_signing_in_again(&self) -> bool {
        self.fresh_sign_in.under_way.is_some()
    }

    pub fn sign_in_again(&mut self) {
        let (Some(account), Some(key)) = (self.account(), self.device.key.clone()) else { return };
        if self.fresh_sign_in.refused.is_none() || self.fresh_sign_in.waiting.is_some() {
            return;
        }
        let staff = account.staff.id.clone();
        let number = self.next_number();
        let (browser, given_up) = oneshot::channel();
        self.fresh_sign_in.waiting = Some(Waiting { since: self.ports.clock.now(), _browser: browser });
        self.fresh_sign_in.under_way = Some(number);
        self.fresh_sign_in.error = None;
        let ports = self.ports.clone();
        self.spawn(
            async move { Reply::SignedInAgain { number, result: prove_again(&ports, key, &staff, given_up).await } },
        );
    }

    pub fn on_signed_in_again(&mut self, number: u64, result: Result<TokenResponse, SignInFailure>) {
        let awaited = self.fresh_sign_in.under_way == Some(number);
        if awaited {
            self.fresh_sign_in.under_way = None;
        }
        // Whoever gave up after the browser had come back waits for nothing, and has these tokens all the same.
        let waited_for = awaited && self.fresh_sign_in.waiting.take().is_some();
        match result {
            Ok(token) if self.account().is_some_and(|account| account.staff.id == token.staff.id) => {
                self.signed_in(token);
                self.change_stream();
                if waited_for {
                    self.ports.host.raise_console();
                    self.ask_again();
                }
            }
            // Signed out meanwhile.
            Ok(_) => self.settle_refresh_token(),
            Err(failure) if waited_for => {
                tracing::warn!(%failure, "the fresh sign-in failed");
                self.fresh_sign_in.error = Some(failure.to_ui());
                self.ports.host.raise_console();
            }
            Err(_) => {}
        }
    }

    fn ask_again(&mut self) {
        match self.fresh_sign_in.refused.take() {
            Some(Refused::Start(request)) => self.start_session(request),
            Some(Refused::Act(act)) => self.act(act),
            None => {}
        }
    }
}

/// Signs in on the device that is known already. Once the browser is back nothing interrupts it: the server replaces the
/// tokens of the device at that moment.
async fn prove_again(
    ports: &Ports,
    key: Arc<DeviceKey>,
    staff: &StaffId,
    given_up: oneshot::Receiver<()>,
) -> Result<TokenResponse, SignInFailure> {
    let answered = tokio::select! {
        answered = ask_browser(ports, true) => answered?,
        _ = given_up => return Err(SignInFailure::Declined),
    };
    let token = trade_code(ports, &key, answered).await?;
    if token.staff.id != *staff {
        // Nobody here wants these tokens.
        if let Err(error) = ports.backend.sign_out(&AccessToken(token.access_token.into())).await {
            tracing::warn!(%error, "somebody else's sign-in could not be ended");
        }
        return Err(SignInFailure::SomebodyElse);
    }
    let refresh = SecretString::from(token.refresh_token.clone());
    if let Err(error) = ports.keychain.write(KeychainEntry::RefreshToken, refresh).await {
        // This run goes on with the token in memory; the next one will have to sign in.
        tracing::warn!(%error, "the new refresh token could not be kept");
    }
    Ok(token)
}

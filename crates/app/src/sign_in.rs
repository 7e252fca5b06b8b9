//! Sign-in: authorization code with PKCE (RFC 7636, S256) in the system browser, answered over the loopback.

use std::sync::Arc;

use amberglass_domain::{
    device_key::DeviceKey,
    ports::{AccessToken, BackendError, Entropy, KeychainEntry, KeychainError},
    signing,
};
use amberglass_journal::JournalKey;
use amberglass_wire::{
    UnixMillis,
    auth::{CLIENT_ID, StaffResponse, TokenRequest, TokenResponse},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use tokio::task::AbortHandle;

use crate::{
    controller::{Actor, Ports},
    errors,
    host::HostError,
    input::Reply,
    loopback::{Answer, Loopback},
    view::{ConsoleErrorCode, SignInView, UiError},
};

/// How long the browser may take, in milliseconds (five minutes).
const MAX_WAIT_MILLIS: i64 = 5 * 60 * 1000;

pub(crate) enum SignIn {
    Starting,
    Blocked(UiError),
    SignedOut(Option<UiError>),
    Waiting { number: u64, since: UnixMillis, task: AbortHandle },
    SignedIn(Account),
}

/// Whoever is signed in.
#[derive(Clone)]
pub(crate) struct Account {
    pub staff: StaffResponse,
    pub access: AccessToken,
}

impl SignIn {
    pub fn view(&self) -> SignInView {
        match self {
            Self::Starting => SignInView::Starting {},
            Self::Blocked(error) => SignInView::Blocked { error: error.clone() },
            Self::SignedOut(error) => SignInView::SignedOut { error: error.clone() },
            Self::Waiting { since, .. } => SignInView::WaitingForBrowser { since: *since },
            Self::SignedIn(account) => SignInView::SignedIn { staff: account.staff.clone() },
        }
    }
}

/// A completed sign-in; the keyring holds all of it already.
pub(crate) struct Enrolled {
    pub token: TokenResponse,
    pub key: Arc<DeviceKey>,
    pub journal_key: SecretString,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum SignInFailure {
    #[error(transparent)]
    Keychain(#[from] KeychainError),
    #[error(transparent)]
    Browser(#[from] HostError),
    #[error("nothing can listen on the loopback: {0}")]
    Loopback(#[from] std::io::Error),
    #[error("the browser did not come back in time")]
    TimedOut,
    #[error("declined in the browser")]
    Declined,
    #[error("the answer carries another state")]
    Foreign,
    #[error("somebody else signed in")]
    SomebodyElse,
    #[error(transparent)]
    Backend(#[from] BackendError),
}

impl SignInFailure {
    pub fn to_ui(&self) -> UiError {
        match self {
            Self::Keychain(error) => errors::of_keychain(error),
            Self::Browser(HostError::NoBrowser { .. }) | Self::Loopback(_) => {
                errors::console(ConsoleErrorCode::BrowserNotOpened, None)
            }
            Self::TimedOut => errors::console(ConsoleErrorCode::SignInTimedOut, None),
            Self::Declined => errors::console(ConsoleErrorCode::SignInCancelled, None),
            Self::Foreign => errors::console(ConsoleErrorCode::SignInAnswerForeign, None),
            Self::SomebodyElse => errors::console(ConsoleErrorCode::SignInOfSomebodyElse, None),
            Self::Backend(error) => errors::of_backend(error),
        }
    }
}

impl Actor {
    pub fn account(&self) -> Option<&Account> {
        match &self.sign_in {
            SignIn::SignedIn(account) => Some(account),
            SignIn::Starting | SignIn::Blocked(_) | SignIn::SignedOut(_) | SignIn::Waiting { .. } => None,
        }
    }

    /// From signed out, or once more after a blocked keyring.
    pub fn begin_sign_in(&mut self) {
        match &self.sign_in {
            SignIn::SignedOut(_) if self.first_run_needed() => return,
            SignIn::SignedOut(_) => self.device.resume = None,
            SignIn::Blocked(_) => return self.read_keyring(),
            SignIn::Starting | SignIn::Waiting { .. } | SignIn::SignedIn(_) => return,
        }
        // A silent sign-in that is still being tried must not overtake this one.
        self.forget_tokens();
        let number = self.next_number();
        let (ports, key, journal_key) = (self.ports.clone(), self.device.key.clone(), self.device.journal_key.clone());
        let task = self.spawn(async move { Reply::Enrolled { number, result: enrol(&ports, key, journal_key).await } });
        self.sign_in = SignIn::Waiting { number, since: self.ports.clock.now(), task };
    }

    pub fn cancel_sign_in(&mut self) {
        self.give_up_fresh_sign_in();
        if let SignIn::Waiting { task, .. } = &self.sign_in {
            task.abort();
            self.sign_in = SignIn::SignedOut(Some(errors::console(ConsoleErrorCode::SignInCancelled, None)));
        }
    }

    pub fn on_enrolled(&mut self, number: u64, result: Result<Enrolled, SignInFailure>) {
        let awaited = matches!(&self.sign_in, SignIn::Waiting { number: expected, .. } if *expected == number);
        if !awaited {
            // Cancelled after the tokens had arrived: they must not sign anybody in at the next start.
            if result.is_ok() && matches!(self.sign_in, SignIn::SignedOut(_)) {
                self.remove_refresh_token();
            }
            return;
        }
        self.ports.host.raise_console();
        match result {
            Ok(enrolled) => {
                let changed = self.device.id.as_ref() != Some(&enrolled.token.device);
                self.device.key = Some(enrolled.key);
                self.device.id = Some(enrolled.token.device.clone());
                self.device.journal_key = Some(enrolled.journal_key);
                if changed {
                    self.forget_journal();
                }
                self.open_journal();
                self.signed_in(enrolled.token);
            }
            Err(failure) => {
                tracing::warn!(%failure, "sign-in failed");
                self.sign_in = SignIn::SignedOut(Some(failure.to_ui()));
            }
        }
    }
}

/// The whole way. The keys are in the keyring before the server hears of them: an installation that cannot keep its key
/// must not be registered.
async fn enrol(
    ports: &Ports,
    key: Option<Arc<DeviceKey>>,
    journal_key: Option<SecretString>,
) -> Result<Enrolled, SignInFailure> {
    let key = match key {
        Some(key) => key,
        None => {
            let key = DeviceKey::generate(ports.entropy.as_ref());
            ports.keychain.write(KeychainEntry::DeviceKey, key.to_secret_text()).await?;
            Arc::new(key)
        }
    };
    let journal_key = match journal_key {
        Some(journal_key) => journal_key,
        None => {
            let journal_key = JournalKey::generate(ports.entropy.as_ref()).to_secret_text();
            ports.keychain.write(KeychainEntry::JournalKey, journal_key.clone()).await?;
            journal_key
        }
    };
    let answered = ask_browser(ports, false).await?;
    let token = trade_code(ports, &key, answered).await?;
    let id = SecretString::from(token.device.as_str().to_owned());
    ports.keychain.write(KeychainEntry::DeviceId, id).await?;
    ports.keychain.write(KeychainEntry::RefreshToken, SecretString::from(token.refresh_token.clone())).await?;
    Ok(Enrolled { token, key, journal_key })
}

/// What the browser came back with, and what is needed to trade it.
pub(crate) struct Answered {
    code: String,
    redirect_uri: String,
    code_verifier: String,
}

/// Sends the person to the server's sign-in in their browser, and waits for the way back. `fresh` lets them prove anew who
/// they are, also where the company's provider would know them without asking.
pub(crate) async fn ask_browser(ports: &Ports, fresh: bool) -> Result<Answered, SignInFailure> {
    let loopback = Loopback::bind().await?;
    let redirect_uri = loopback.redirect_uri.clone();
    let state = random_text(ports.entropy.as_ref());
    let code_verifier = random_text(ports.entropy.as_ref());
    let address = authorize_address(&ports.backend.authorize_url(), &redirect_uri, &state, &code_verifier, fresh);
    ports.host.open_browser(&address)?;
    let too_late = ports.clock.monotonic_millis().saturating_add(MAX_WAIT_MILLIS);
    let answer = tokio::select! {
        answer = loopback.answer(&state) => answer,
        () = ports.clock.sleep_until(too_late) => return Err(SignInFailure::TimedOut),
    };
    match answer {
        Answer::Code(code) => Ok(Answered { code, redirect_uri, code_verifier }),
        Answer::Declined => Err(SignInFailure::Declined),
        Answer::Foreign => Err(SignInFailure::Foreign),
    }
}

/// Tokens for the code, given to the device that holds `key`.
pub(crate) async fn trade_code(
    ports: &Ports,
    key: &DeviceKey,
    answered: Answered,
) -> Result<TokenResponse, SignInFailure> {
    let Answered { code, redirect_uri, code_verifier } = answered;
    let device_key = key.public_key();
    let device_proof = key.sign(&signing::device_enrolment(&code, &device_key, &ports.device_name));
    let token = ports
        .backend
        .token(TokenRequest::AuthorizationCode {
            client_id: CLIENT_ID.to_owned(),
            code,
            redirect_uri,
            code_verifier,
            device_key,
            device_name: ports.device_name.clone(),
            device_proof,
        })
        .await?;
    Ok(token)
}

/// Where the browser goes: the server's address with the question (RFC 6749, 4.1.1; RFC 7636, 4.3; `prompt`: OpenID Connect
/// Core, 3.1.2.1).
fn authorize_address(authorize_url: &str, redirect_uri: &str, state: &str, code_verifier: &str, fresh: bool) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(code_verifier.as_bytes()));
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("response_type", "code")
        .append_pair("client_id", CLIENT_ID)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("state", state)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    if fresh {
        query.append_pair("prompt", "login");
    }
    format!("{authorize_url}?{}", query.finish())
}

/// 256 random bits as 43 characters that are unreserved in URLs: a state, or a code verifier (RFC 7636, 4.1).
fn random_text(entropy: &dyn Entropy) -> String {
    let mut bytes = [0_u8; 32];
    entropy.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_to_the_browser_carries_the_challenge_and_never_the_verifier() {
        // The example of RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let address = |fresh| {
            let (server, back) = ("http://127.0.0.1:1/v1/oauth/authorize", "http://127.0.0.1:2/callback");
            authorize_address(server, back, "s1", verifier, fresh)
        };
        assert_eq!(
            address(false),
            "http://127.0.0.1:1/v1/oauth/authorize?response_type=code&client_id=amberglass-console\
             &redirect_uri=http%3A%2F%2F127.0.0.1%3A2%2Fcallback&state=s1\
             &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
        );
        assert_eq!(address(true), format!("{}&prompt=login", address(false)));
    }
}

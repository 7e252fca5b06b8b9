//! The company's OpenID Connect provider: asks it who somebody is (OpenID Connect Core, code flow with PKCE), and believes
//! it only when everything holds.
//!
//! Its configuration and keys are read afresh for each step, so that a key that was changed there is changed here.

use std::{path::PathBuf, sync::Arc, time::Duration};

use amberglass_domain::{
    ports::{Clock, Entropy},
    signing::MAX_SKEW_MILLIS,
};
use amberglass_wire::UnixMillis;
use chrono::{DateTime, Utc};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, TokenResponse as _,
    core::{
        CoreAuthPrompt, CoreAuthenticationFlow, CoreClient, CoreErrorResponseType, CoreIdTokenClaims,
        CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreTokenResponse, CoreUserInfoClaims,
    },
};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    config::{OpenidConnect, is_loopback_http},
    secrets::random_token,
};

/// From the connection to the end of each answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A provider's configuration, keys and tokens take some KiB.
const MAX_BYTES: usize = 512 * 1024;
/// Signatures that only the provider can make; a shared secret's are none.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why the provider said nothing that can be used.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    #[error("the file {path} with the provider's client secret cannot be read")]
    SecretFile {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the client for the provider could not be made")]
    Client(#[source] reqwest::Error),
    #[error("openid_connect.issuer or the server's own issuer is no address")]
    Address,
    #[error("the provider does not answer as it should")]
    Unavailable(#[source] Cause),
    /// The provider no longer takes its own code.
    #[error("the provider refused the code")]
    CodeRefused,
    #[error("what the provider says does not hold")]
    NotBelieved(#[source] Cause),
    /// A fresh sign-in was asked for.
    #[error("the provider did not ask the person to sign in again")]
    NotFresh,
}

/// Who somebody is, as the provider says.
#[derive(Clone, Debug)]
pub struct Identity {
    /// `iss` and `sub`, joined by a line feed.
    pub subject: String,
    pub issuer: String,
    /// Only one that the provider says it has verified.
    pub verified_email: Option<String>,
    pub name: Option<String>,
    /// When the person last proved to the provider who they are; the beginning of time when it does not say.
    pub authenticated_at: UnixMillis,
}

/// What has to be known when the browser comes back.
#[derive(Serialize, Deserialize)]
pub struct Waiting {
    nonce: String,
    verifier: String,
    fresh: bool,
    began_at: i64,
}

/// Where the browser goes.
pub struct Departure {
    pub address: Url,
    /// Comes back with the browser; the sign-in is found by it.
    pub state: String,
    pub waiting: Waiting,
}

pub struct Provider {
    config: OpenidConnect,
    issuer: IssuerUrl,
    secret: ClientSecret,
    redirect: RedirectUrl,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Provider {
    /// `own_issuer` is where browsers reach this server.
    ///
    /// # Errors
    /// When the secret cannot be read or an address is none. The provider need not answer yet.
    pub fn new(
        config: &OpenidConnect,
        own_issuer: &str,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, ProviderError> {
        let path = &config.client_secret_file;
        let secret =
            std::fs::read_to_string(path).map_err(|source| ProviderError::SecretFile { path: path.clone(), source })?;
        let redirect = format!("{own_issuer}/v1/oauth/provider/callback");
        // An error says that the process already has one, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .no_proxy()
            // A redirect could send the client secret to wherever somebody wants it.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(ProviderError::Client)?;
        Ok(Self {
            issuer: IssuerUrl::new(config.issuer.clone()).map_err(|_| ProviderError::Address)?,
            secret: ClientSecret::new(secret.trim().to_owned()),
            redirect: RedirectUrl::new(redirect).map_err(|_| ProviderError::Address)?,
            config: config.clone(),
            http,
            clock,
            entropy,
        })
    }

    pub fn config(&self) -> &OpenidConnect {
        &self.config
    }

    /// Begins a sign-in. A fresh one asks the provider to let the person prove again who they are.
    ///
    /// # Errors
    /// When the provider does not answer as it should.
    pub async fn begin(&self, fresh: bool) -> Result<Departure, ProviderError> {
        let client = self.client().await?;
        let [state, nonce, verifier] = std::array::from_fn(|_| random_token(&*self.entropy));
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
        let (csrf, expected) = (CsrfToken::new(state.clone()), Nonce::new(nonce.clone()));
        let mut request = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || csrf, move || expected)
            .set_pkce_challenge(challenge);
        for scope in &self.config.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        if fresh {
            request = request.add_prompt(CoreAuthPrompt::Login).set_max_age(Duration::ZERO);
        }
        let (address, _, _) = request.url();
        check_address(&address).map_err(|error| ProviderError::Unavailable(Box::new(error)))?;
        let waiting = Waiting { nonce, verifier, fresh, began_at: self.clock.now().0 };
        Ok(Departure { address, state, waiting })
    }

    /// Trades the provider's code for who it says somebody is.
    ///
    /// # Errors
    /// When the provider does not answer as it should, or what it answers does not hold.
    pub async fn finish(&self, waiting: Waiting, code: String) -> Result<Identity, ProviderError> {
        let client = self.client().await?;
        let http = self.http_client();
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(unavailable)?
            .set_pkce_verifier(PkceCodeVerifier::new(waiting.verifier))
            .request_async(&http)
            .await
            .map_err(|error| match &error {
                RequestTokenError::ServerResponse(answer) if *answer.error() == CoreErrorResponseType::InvalidGrant => {
                    ProviderError::CodeRefused
                }
                RequestTokenError::ServerResponse(_)
                | RequestTokenError::Request(_)
                | RequestTokenError::Parse(..)
                | RequestTokenError::Other(_) => unavailable(error),
            })?;
        let claims = self.believed(&client, &tokens, &Nonce::new(waiting.nonce))?;
        let now = self.clock.now();
        let authenticated_at = match claims.auth_time() {
            // One in the future says that the clocks differ, not that somebody will sign in.
            Some(at) => UnixMillis(at.timestamp_millis().min(now.0)),
            None => UnixMillis(0),
        };
        if waiting.fresh && authenticated_at.0 < waiting.began_at.saturating_sub(MAX_SKEW_MILLIS) {
            return Err(ProviderError::NotFresh);
        }
        let mut said = Said::of_token(&claims);
        if said.email.is_none()
            && let Ok(request) = client.user_info(tokens.access_token().clone(), Some(claims.subject().clone()))
        {
            // Providers may keep these claims out of the token (OpenID Connect Core, 5.4).
            let more: CoreUserInfoClaims = request.request_async(&http).await.map_err(unavailable)?;
            said = said.or(Said::of_user_info(&more));
        }
        let issuer = self.issuer.as_str().to_owned();
        Ok(Identity {
            subject: format!("{issuer}\n{}", claims.subject().as_str()),
            issuer,
            verified_email: said.email.filter(|_| said.verified),
            name: said.name,
            authenticated_at,
        })
    }

    /// Signature, issuer, audience, time and nonce of the identity token, and that the access token belongs to it.
    fn believed(
        &self,
        client: &Client,
        tokens: &CoreTokenResponse,
        nonce: &Nonce,
    ) -> Result<CoreIdTokenClaims, ProviderError> {
        let token = tokens.id_token().ok_or_else(|| not_believed(Missing("identity token")))?;
        let now = DateTime::<Utc>::from_timestamp_millis(self.clock.now().0)
            .ok_or_else(|| not_believed(Missing("time of this server")))?;
        let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS).set_time_fn(move || now);
        let claims = token.claims(&verifier, nonce).map_err(not_believed)?;
        if let Some(expected) = claims.access_token_hash() {
            let algorithm = token.signing_alg().map_err(not_believed)?;
            let key = token.signing_key(&verifier).map_err(not_believed)?;
            let actual = AccessTokenHash::from_token(tokens.access_token(), algorithm, key).map_err(not_believed)?;
            if actual != *expected {
                return Err(not_believed(Missing("access token that belongs to the identity token")));
            }
        }
        Ok(claims.clone())
    }

    async fn client(&self) -> Result<Client, ProviderError> {
        let http = self.http_client();
        let metadata = CoreProviderMetadata::discover_async(self.issuer.clone(), &http).await.map_err(unavailable)?;
        let id = ClientId::new(self.config.client_id.clone());
        Ok(CoreClient::from_provider_metadata(metadata, id, Some(self.secret.clone()))
            .set_redirect_uri(self.redirect.clone()))
    }

    fn http_client(
        &self,
    ) -> impl Fn(HttpRequest) -> futures_util::future::BoxFuture<'static, Result<HttpResponse, FetchError>> {
        let http = self.http.clone();
        move |request| Box::pin(fetch(http.clone(), request))
    }
}

/// What the provider says of somebody beside the subject.
struct Said {
    email: Option<String>,
    verified: bool,
    name: Option<String>,
}

impl Said {
    fn of_token(claims: &CoreIdTokenClaims) -> Self {
        Self {
            email: claims.email().map(|email| email.to_string()),
            verified: claims.email_verified() == Some(true),
            name: claims.name().and_then(|names| names.get(None)).map(|name| name.to_string()),
        }
    }

    fn of_user_info(claims: &CoreUserInfoClaims) -> Self {
        Self {
            email: claims.email().map(|email| email.to_string()),
            verified: claims.email_verified() == Some(true),
            name: claims.name().and_then(|names| names.get(None)).map(|name| name.to_string()),
        }
    }

    /// The address with its own verification; never one from here and the other from there.
    fn or(self, other: Self) -> Self {
        Self { email: other.email, verified: other.verified, name: self.name.or(other.name) }
    }
}

/// What an answer should have had.
#[derive(Debug, thiserror::Error)]
#[error("there is no {0}")]
struct Missing(&'static str);

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("the request failed")]
    Http(#[source] reqwest::Error),
    #[error("the answer is too large")]
    TooLarge,
    #[error("the provider names an address that is neither https nor on this machine")]
    Plain,
    #[error("the answer is not understood")]
    Answer(#[source] http::Error),
}

fn check_address(address: &Url) -> Result<(), FetchError> {
    if address.scheme() == "https" || is_loopback_http(address) { Ok(()) } else { Err(FetchError::Plain) }
}

async fn fetch(http: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, FetchError> {
    let failed = |error: reqwest::Error| FetchError::Http(error.without_url());
    let request = reqwest::Request::try_from(request).map_err(failed)?;
    check_address(request.url())?;
    let mut answer = http.execute(request).await.map_err(failed)?;
    let mut response = http::Response::builder().status(answer.status());
    if let Some(headers) = response.headers_mut() {
        headers.clone_from(answer.headers());
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if body.len().saturating_add(chunk.len()) > MAX_BYTES {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    response.body(body).map_err(FetchError::Answer)
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> ProviderError {
    ProviderError::Unavailable(Box::new(error))
}

fn not_believed(error: impl std::error::Error + Send + Sync + 'static) -> ProviderError {
    ProviderError::NotBelieved(Box::new(error))
}

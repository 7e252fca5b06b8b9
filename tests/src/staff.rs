//! A signed-in staff member without a console, for what a test asks of the server directly. Signs in through the same form,
//! with the same client as the console.

use std::{sync::Arc, time::Duration};

use amberglass_backend_client::{HttpBackend, HttpBackendOptions, Patience, RequestIds};
use amberglass_domain::{
    device_key::DeviceKey,
    ports::{AccessToken, Backend, Entropy as _},
    signing,
};
use amberglass_system::OsEntropy;
use amberglass_wire::{
    SessionId, UnixMillis,
    approval::{RequestResponse, SignedDecision, Verdict},
    audit::TrailEvent,
    auth::{CLIENT_ID, TokenRequest, TokenResponse},
    session::SessionResponse,
};
use anyhow::{Context as _, Result};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::browser;

const LIMIT: Duration = Duration::from_secs(15);

pub struct Staff {
    pub backend: Arc<HttpBackend>,
    pub access: AccessToken,
    pub device: DeviceKey,
    pub tokens: TokenResponse,
}

impl Staff {
    /// Signs in at the server at `api` with a new device.
    ///
    /// # Errors
    /// When the server refuses; the text of its page is in the error.
    pub async fn sign_in(api: &str, email: &str, password: &str) -> Result<Self> {
        let backend = Arc::new(HttpBackend::new(&HttpBackendOptions {
            server: api.to_owned(),
            proxy: None,
            client: "amberglass-tests/0".to_owned(),
            patience: Patience::default(),
            request_ids: RequestIds::new(Arc::new(OsEntropy)),
        })?);
        let device = DeviceKey::generate(&OsEntropy);
        let (verifier, state) = (random_text(), random_text());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let redirect_uri = format!("http://127.0.0.1:{}/callback", listener.local_addr()?.port());
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        let mut address = url::Url::parse(&backend.authorize_url())?;
        address.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", CLIENT_ID),
            ("redirect_uri", &redirect_uri),
            ("state", &state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let form = async { browser::fill_in(address.as_str(), email, password, LIMIT).await };
        let (page, code) = tokio::join!(form, tokio::time::timeout(LIMIT, one_callback(listener, &state)));
        let code = code.with_context(|| format!("the server did not send the browser back: {page:?}"))??;
        let device_key = device.public_key();
        let device_name = "test desk".to_owned();
        let device_proof = device.sign(&signing::device_enrolment(&code, &device_key, &device_name));
        let tokens = backend
            .token(TokenRequest::AuthorizationCode {
                client_id: CLIENT_ID.to_owned(),
                code,
                redirect_uri,
                code_verifier: verifier,
                device_key,
                device_name,
                device_proof,
            })
            .await?;
        let access = AccessToken(tokens.access_token.clone().into());
        Ok(Self { backend, access, device, tokens })
    }

    pub async fn trail(&self, session: &SessionId) -> Result<Vec<TrailEvent>> {
        Ok(self.backend.trail(&self.access, session).await?)
    }

    /// What waits for this staff member's decision.
    pub async fn to_decide(&self) -> Result<Vec<RequestResponse>> {
        Ok(self.backend.snapshot(&self.access).await?.to_decide)
    }

    /// Signs a decision as a console does, and sends it. `now` is the server's.
    pub async fn decide(
        &self,
        request: &RequestResponse,
        verdict: Verdict,
        comment: &str,
        now: UnixMillis,
    ) -> Result<RequestResponse> {
        let decision = self.sign(request, verdict, comment, now);
        Ok(self.backend.decide_request(&self.access, decision).await?)
    }

    fn sign(&self, request: &RequestResponse, verdict: Verdict, comment: &str, now: UnixMillis) -> SignedDecision {
        let mut decision = SignedDecision {
            server: request.server.clone(),
            request: request.id.clone(),
            nonce: request.nonce.clone(),
            verdict,
            approver: self.tokens.staff.id.clone(),
            device: self.tokens.device.clone(),
            portal: request.customer.portal.clone(),
            customer: request.customer.id.clone(),
            staff: request.staff.clone(),
            scope: request.asked,
            reason_sha256: signing::reason_sha256(&request.reason),
            policy_hash: request.policy_hash.clone(),
            write_sha256: request.write.as_ref().map(|write| write.asked.sha256.clone()),
            comment: comment.to_owned(),
            not_after: now.plus_seconds(60),
            signed_at: now,
            signature: String::new(),
        };
        decision.signature = self.device.sign(&signing::decision(&decision));
        decision
    }

    pub async fn sessions(&self) -> Result<Vec<SessionResponse>> {
        Ok(self.backend.sessions(&self.access).await?)
    }
}

fn random_text() -> String {
    let mut bytes = [0_u8; 32];
    OsEntropy.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

async fn one_callback(listener: tokio::net::TcpListener, state: &str) -> Result<String> {
    let (mut stream, _) = listener.accept().await?;
    let mut request = vec![0; 8192];
    let read = stream.read(&mut request).await?;
    let head = String::from_utf8_lossy(request.get(..read).unwrap_or_default()).into_owned();
    let target = head.split_whitespace().nth(1).context("no request line")?;
    let address = url::Url::parse("http://127.0.0.1/")?.join(target)?;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").await?;
    let field = |name: &str| address.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    anyhow::ensure!(field("state").as_deref() == Some(state), "foreign state");
    field("code").context("no code")
}

//! The ports through which time, randomness, network, key store and window come in.

use std::{future::Future, pin::Pin};

use amberglass_wire::{
    CustomerId, DeviceId, EventId, PortalId, RequestId, SessionId, UnixMillis,
    alarm::AlarmResponse,
    approval::{AskApprovalRequest, RequestResponse, SignedDecision},
    audit::{OwnRecordResponse, TrailEvent},
    auth::{
        DeviceResponse, EmergencyStopResponse, PortalResponse, ServerResponse, SnapshotResponse, TokenRequest,
        TokenResponse,
    },
    break_glass::{ReviewOutcome, ReviewResponse},
    customer::{CustomerCardResponse, CustomerListResponse},
    elevation::{SendWriteRequest, SendWriteResponse},
    event_stream::{HeartbeatRequest, HeartbeatResponse, ServerEvent},
    journal::{JournalBatchRequest, JournalBatchResponse},
    problem::Problem,
    session::{
        EndSessionRequest, ExtendSessionRequest, RedeemGrantRequest, RedeemGrantResponse, SessionResponse,
        StartOptionsResponse, StartSessionRequest, StartSessionResponse,
    },
    unmasking::{MaskedFieldResponse, UnmaskFieldRequest, UnmaskFieldResponse},
};
use async_trait::async_trait;
use secrecy::SecretString;

pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Time. Wall time for records, a monotonic time that counts suspend for deadlines and silence.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> UnixMillis;
    /// Milliseconds since some start; never runs backwards, goes on while the machine sleeps.
    fn monotonic_millis(&self) -> i64;
    /// Completes once `monotonic_millis() >= at`, also when that moment passed during suspend.
    fn sleep_until(&self, at: i64) -> BoxFuture<'_, ()>;
}

/// Randomness from the operating system; seeded in tests.
pub trait Entropy: Send + Sync + 'static {
    fn fill(&self, bytes: &mut [u8]);
}

/// A UUID v7 (RFC 9562) from both ports, as text.
pub fn uuid_v7(clock: &dyn Clock, entropy: &dyn Entropy) -> String {
    let mut random = [0_u8; 10];
    entropy.fill(&mut random);
    let millis = u64::try_from(clock.now().0).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().to_string()
}

/// The backend as the console sees it. Implemented by `backend-client` over HTTP.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// Where the system browser goes for sign-in; the caller adds the query.
    fn authorize_url(&self) -> String;
    async fn token(&self, request: TokenRequest) -> Result<TokenResponse, BackendError>;
    /// Ends the refresh token's life at the server.
    async fn sign_out(&self, access: &AccessToken) -> Result<(), BackendError>;
    async fn snapshot(&self, access: &AccessToken) -> Result<SnapshotResponse, BackendError>;
    async fn find_customers(
        &self,
        access: &AccessToken,
        portal: &PortalId,
        query: &str,
    ) -> Result<CustomerListResponse, BackendError>;
    async fn customer_card(
        &self,
        access: &AccessToken,
        portal: &PortalId,
        customer: &CustomerId,
    ) -> Result<CustomerCardResponse, BackendError>;
    async fn start_options(
        &self,
        access: &AccessToken,
        portal: &PortalId,
        customer: &CustomerId,
    ) -> Result<StartOptionsResponse, BackendError>;
    async fn start_session(
        &self,
        access: &AccessToken,
        idempotency_key: &str,
        request: StartSessionRequest,
    ) -> Result<StartSessionResponse, BackendError>;
    async fn redeem_grant(
        &self,
        access: &AccessToken,
        session: &SessionId,
        request: RedeemGrantRequest,
    ) -> Result<RedeemGrantResponse, BackendError>;
    async fn ask_approval(
        &self,
        access: &AccessToken,
        idempotency_key: &str,
        request: AskApprovalRequest,
    ) -> Result<RequestResponse, BackendError>;
    /// Answers with the request as it is then, also where another decision was faster.
    async fn decide_request(
        &self,
        access: &AccessToken,
        decision: SignedDecision,
    ) -> Result<RequestResponse, BackendError>;
    /// One's own, or one that one may decide about.
    async fn request(&self, access: &AccessToken, request: &RequestId) -> Result<RequestResponse, BackendError>;
    /// Answers with the review as it stands, also where another was faster.
    async fn review(
        &self,
        access: &AccessToken,
        session: &SessionId,
        outcome: ReviewOutcome,
        note: &str,
    ) -> Result<ReviewResponse, BackendError>;
    async fn withdraw_request(
        &self,
        access: &AccessToken,
        request: &RequestId,
        reason: Option<&str>,
    ) -> Result<RequestResponse, BackendError>;
    /// Asks for one write that was blocked, by the record that says so.
    async fn ask_elevation(
        &self,
        access: &AccessToken,
        session: &SessionId,
        record: &EventId,
    ) -> Result<RequestResponse, BackendError>;
    /// Sends it once it is approved. Where no answer comes it may have been sent: it is never sent twice.
    async fn send_write(
        &self,
        access: &AccessToken,
        request: &RequestId,
        signed: SendWriteRequest,
    ) -> Result<SendWriteResponse, BackendError>;
    async fn session(&self, access: &AccessToken, session: &SessionId) -> Result<SessionResponse, BackendError>;
    /// The staff member's own, newest first.
    async fn sessions(&self, access: &AccessToken) -> Result<Vec<SessionResponse>, BackendError>;
    /// What runs now: everybody's, as far as the policy lets this staff member see them.
    async fn live_sessions(&self, access: &AccessToken) -> Result<Vec<SessionResponse>, BackendError>;
    async fn extend_session(
        &self,
        access: &AccessToken,
        session: &SessionId,
        idempotency_key: &str,
        request: ExtendSessionRequest,
    ) -> Result<SessionResponse, BackendError>;
    /// What the portal's rules mask in one's own session and let be shown.
    async fn masked_fields(
        &self,
        access: &AccessToken,
        session: &SessionId,
    ) -> Result<Vec<MaskedFieldResponse>, BackendError>;
    async fn unmask_field(
        &self,
        access: &AccessToken,
        session: &SessionId,
        idempotency_key: &str,
        request: UnmaskFieldRequest,
    ) -> Result<UnmaskFieldResponse, BackendError>;
    async fn end_session(
        &self,
        access: &AccessToken,
        session: &SessionId,
        request: EndSessionRequest,
    ) -> Result<SessionResponse, BackendError>;
    async fn trail(&self, access: &AccessToken, session: &SessionId) -> Result<Vec<TrailEvent>, BackendError>;
    async fn heartbeat(
        &self,
        access: &AccessToken,
        request: HeartbeatRequest,
    ) -> Result<HeartbeatResponse, BackendError>;
    /// The staff member's own devices, or everybody's.
    async fn devices(&self, access: &AccessToken, everybodys: bool) -> Result<Vec<DeviceResponse>, BackendError>;
    async fn revoke_device(
        &self,
        access: &AccessToken,
        device: &DeviceId,
        reason: &str,
    ) -> Result<DeviceResponse, BackendError>;
    async fn acknowledge_alarm(
        &self,
        access: &AccessToken,
        alarm: &EventId,
        note: &str,
    ) -> Result<AlarmResponse, BackendError>;
    async fn emergency_stop(&self, access: &AccessToken, reason: &str) -> Result<EmergencyStopResponse, BackendError>;
    async fn lift_emergency_stop(&self, access: &AccessToken) -> Result<(), BackendError>;
    async fn stop_portal(
        &self,
        access: &AccessToken,
        portal: &PortalId,
        reason: &str,
    ) -> Result<PortalResponse, BackendError>;
    async fn lift_portal(
        &self,
        access: &AccessToken,
        portal: &PortalId,
        reason: &str,
    ) -> Result<PortalResponse, BackendError>;
    /// What is recorded about the staff member, newest first, before this position of the audit log.
    async fn own_record(&self, access: &AccessToken, before: Option<i64>) -> Result<OwnRecordResponse, BackendError>;
    /// Opens the event stream; events go into `events` until the stream breaks, which ends the call.
    async fn events(
        &self,
        access: &AccessToken,
        events: tokio::sync::mpsc::Sender<ServerEvent>,
    ) -> Result<(), BackendError>;
}

/// Looks at an address before it is kept as the server's.
#[async_trait]
pub trait ServerLookup: Send + Sync + 'static {
    /// # Errors
    /// When the address cannot be used or something else answers there.
    async fn look_up(&self, address: &str) -> Result<FoundServer, LookupError>;
}

/// A server of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundServer {
    /// Scheme, host and port without a slash at the end: what is kept.
    pub address: String,
    pub server: ServerResponse,
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum LookupError {
    /// Not an http or https address, or plain http beyond this machine.
    #[error("the address cannot be used: {detail}")]
    Address { detail: String },
    #[error(transparent)]
    Backend(#[from] BackendError),
}

/// Where a device's journal goes. Needs no staff token: the device key signs.
#[async_trait]
pub trait JournalSink: Send + Sync + 'static {
    async fn deliver(&self, batch: SignedBatch) -> Result<JournalBatchResponse, BackendError>;
}

/// One batch with the device's signature over it.
#[derive(Debug, Clone)]
pub struct SignedBatch {
    pub device: DeviceId,
    pub signed_at: UnixMillis,
    pub signature: String,
    /// The serialised [`JournalBatchRequest`], exactly as signed.
    pub body: Vec<u8>,
    pub records: usize,
}

impl SignedBatch {
    /// Serialises and signs.
    ///
    /// # Errors
    /// Only if the records cannot be serialised.
    pub fn new(
        device: DeviceId,
        key: &crate::device_key::DeviceKey,
        signed_at: UnixMillis,
        request: &JournalBatchRequest,
    ) -> Result<Self, serde_json::Error> {
        use sha2::Digest as _;
        let body = serde_json::to_vec(request)?;
        let digest = hex::encode(sha2::Sha256::digest(&body));
        let signature = key.sign(&crate::signing::journal_batch(&device, &digest, signed_at));
        Ok(Self { device, signed_at, signature, body, records: request.records.len() })
    }
}

/// A staff member's short-lived bearer token.
#[derive(Clone)]
pub struct AccessToken(pub SecretString);

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessToken(..)")
    }
}

/// Why a call to the backend did not succeed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BackendError {
    /// The server could not be reached, or the connection broke: whether it acted is not known.
    #[error("the server could not be reached: {detail}")]
    Unreachable { detail: String },
    /// It answered with a problem document.
    #[error("the server refused ({status}, {code:?}, reference {reference})", status = .0.status, code = .0.code, reference = .0.reference)]
    Refused(Box<Problem>),
    /// Something between answered (a captive portal, a proxy), or the answer makes no sense.
    #[error("the answer (status {status}) was not one of an Amberglass server")]
    NotOurs { status: u16, retry_after_seconds: Option<u32> },
}

/// The OS key store. Entries are named within one installation.
#[async_trait]
pub trait Keychain: Send + Sync + 'static {
    async fn read(&self, entry: KeychainEntry) -> Result<Option<SecretString>, KeychainError>;
    async fn write(&self, entry: KeychainEntry, secret: SecretString) -> Result<(), KeychainError>;
    async fn remove(&self, entry: KeychainEntry) -> Result<(), KeychainError>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeychainEntry {
    DeviceKey,
    DeviceId,
    JournalKey,
    /// The one that is about to take its place.
    NextJournalKey,
    /// The number of the device's last chain, so that a journal that has vanished is missed.
    JournalChain,
    RefreshToken,
}

impl KeychainEntry {
    pub const ALL: [Self; 6] = [
        Self::DeviceKey,
        Self::DeviceId,
        Self::JournalKey,
        Self::NextJournalKey,
        Self::JournalChain,
        Self::RefreshToken,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::DeviceKey => "device-key",
            Self::DeviceId => "device-id",
            Self::JournalKey => "journal-key",
            Self::NextJournalKey => "next-journal-key",
            Self::JournalChain => "journal-chain",
            Self::RefreshToken => "refresh-token",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeychainError {
    /// No key store is running or installed.
    #[error("no key store is available: {detail}")]
    Missing { detail: String },
    #[error("the key store is locked")]
    Locked,
    #[error("the key store failed: {detail}")]
    Failed { detail: String },
}

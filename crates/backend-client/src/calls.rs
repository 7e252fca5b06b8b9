//! Each call of the ports as one request.

use amberglass_domain::ports::{AccessToken, Backend, BackendError, JournalSink, SignedBatch};
use amberglass_wire::{
    CustomerId, DeviceId, EventId, PortalId, RequestId, SessionId,
    alarm::{AcknowledgeAlarmRequest, AlarmResponse},
    approval::{AskApprovalRequest, DecideRequest, RequestResponse, SignedDecision, WithdrawRequest},
    audit::{OwnRecordResponse, TrailEvent, TrailResponse},
    auth::{
        DeviceListResponse, DeviceResponse, EmergencyStopRequest, EmergencyStopResponse, PortalResponse,
        RevokeDeviceRequest, SnapshotResponse, SwitchPortalRequest, TokenRequest, TokenResponse,
    },
    break_glass::{ReviewOutcome, ReviewRequest, ReviewResponse},
    customer::{CustomerCardResponse, CustomerListResponse},
    elevation::{AskElevationRequest, SendWriteRequest, SendWriteResponse},
    event_stream::{HeartbeatRequest, HeartbeatResponse, ServerEvent},
    journal::{DEVICE_HEADER, JournalBatchResponse, SIGNATURE_HEADER, SIGNED_AT_HEADER},
    session::{
        EndSessionRequest, ExtendSessionRequest, RedeemGrantRequest, RedeemGrantResponse, SessionListResponse,
        SessionResponse, StartOptionsResponse, StartSessionRequest, StartSessionResponse,
    },
    unmasking::{MaskedFieldResponse, MaskedFieldsResponse, UnmaskFieldRequest, UnmaskFieldResponse},
};
use async_trait::async_trait;
use reqwest::{Method, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned, de::IgnoredAny};
use tokio::sync::mpsc;

use crate::{
    classify::{media_type, not_ours},
    http_backend::{HttpBackend, MAX_ANSWER_BYTES, MAX_TRAIL_BYTES, read, unreachable},
    server_sent_events::EventReader,
};

impl HttpBackend {
    async fn get<T: DeserializeOwned>(
        &self,
        access: &AccessToken,
        segments: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, BackendError> {
        let mut address = self.address(segments)?;
        if !query.is_empty() {
            address.query_pairs_mut().extend_pairs(query);
        }
        self.answer(self.request(Method::GET, address, Some(access)), MAX_ANSWER_BYTES).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        access: &AccessToken,
        segments: &[&str],
        body: &impl Serialize,
    ) -> Result<T, BackendError> {
        let address = self.address(segments)?;
        self.answer(self.request(Method::POST, address, Some(access)).json(body), MAX_ANSWER_BYTES).await
    }

    /// Under a key by which the server knows a question that was asked before.
    async fn post_once<T: DeserializeOwned>(
        &self,
        access: &AccessToken,
        segments: &[&str],
        idempotency_key: &str,
        body: &impl Serialize,
    ) -> Result<T, BackendError> {
        let address = self.address(segments)?;
        let call = self.request(Method::POST, address, Some(access)).header("idempotency-key", idempotency_key);
        self.answer(call.json(body), MAX_ANSWER_BYTES).await
    }
}

#[async_trait]
impl Backend for HttpBackend {
    fn authorize_url(&self) -> String {
        // The segments are ours, so the address is always one.
        self.address(&["oauth", "authorize"]).map(String::from).unwrap_or_default()
    }

    async fn token(&self, request: TokenRequest) -> Result<TokenResponse, BackendError> {
        let address = self.address(&["oauth", "token"])?;
        self.answer(self.request(Method::POST, address, None).form(&request), MAX_ANSWER_BYTES).await
    }

    async fn sign_out(&self, access: &AccessToken) -> Result<(), BackendError> {
        let address = self.address(&["oauth", "sign-out"])?;
        self.answer::<IgnoredAny>(self.request(Method::POST, address, Some(access)), MAX_ANSWER_BYTES).await.map(|_| ())
    }

    async fn snapshot(&self, access: &AccessToken) -> Result<SnapshotResponse, BackendError> {
        self.get(access, &["snapshot"], &[]).await
    }

    async fn find_customers(
        &self,
        access: &AccessToken,
        portal: &PortalId,
        query: &str,
    ) -> Result<CustomerListResponse, BackendError> {
        self.get(access, &["customers"], &[("portal", portal.as_str()), ("query", query)]).await
    }

    async fn customer_card(
        &self,
        access: &AccessToken,
        portal: &PortalId,
        customer: &CustomerId,
    ) -> Result<CustomerCardResponse, BackendError> {
        self.get(access, &["portals", portal.as_str(), "customers", customer.as_str()], &[]).await
    }

    async fn start_options(
        &self,
        access: &AccessToken,
        portal: &PortalId,
        customer: &CustomerId,
    ) -> Result<StartOptionsResponse, BackendError> {
        self.get(access, &["start-options"], &[("portal", portal.as_str()), ("customer", customer.as_str())]).await
    }

    async fn start_session(
        &self,
        access: &AccessToken,
        idempotency_key: &str,
        request: StartSessionRequest,
    ) -> Result<StartSessionResponse, BackendError> {
        self.post_once(access, &["sessions"], idempotency_key, &request).await
    }

    async fn redeem_grant(
        &self,
        access: &AccessToken,
        session: &SessionId,
        request: RedeemGrantRequest,
    ) -> Result<RedeemGrantResponse, BackendError> {
        self.post(access, &["sessions", session.as_str(), "entry"], &request).await
    }

    async fn ask_approval(
        &self,
        access: &AccessToken,
        idempotency_key: &str,
        request: AskApprovalRequest,
    ) -> Result<RequestResponse, BackendError> {
        self.post_once(access, &["requests"], idempotency_key, &request).await
    }

    async fn decide_request(
        &self,
        access: &AccessToken,
        decision: SignedDecision,
    ) -> Result<RequestResponse, BackendError> {
        let request = decision.request.clone();
        self.post(access, &["requests", request.as_str(), "decisions"], &DecideRequest { decision }).await
    }

    async fn request(&self, access: &AccessToken, request: &RequestId) -> Result<RequestResponse, BackendError> {
        self.get(access, &["requests", request.as_str()], &[]).await
    }

    async fn review(
        &self,
        access: &AccessToken,
        session: &SessionId,
        outcome: ReviewOutcome,
        note: &str,
    ) -> Result<ReviewResponse, BackendError> {
        let request = ReviewRequest { outcome, note: note.to_owned() };
        self.post(access, &["reviews", session.as_str()], &request).await
    }

    async fn withdraw_request(
        &self,
        access: &AccessToken,
        request: &RequestId,
        reason: Option<&str>,
    ) -> Result<RequestResponse, BackendError> {
        let body = WithdrawRequest { reason: reason.map(ToOwned::to_owned) };
        self.post(access, &["requests", request.as_str(), "withdraw"], &body).await
    }

    async fn ask_elevation(
        &self,
        access: &AccessToken,
        session: &SessionId,
        record: &EventId,
    ) -> Result<RequestResponse, BackendError> {
        let body = AskElevationRequest { record: record.clone() };
        self.post(access, &["sessions", session.as_str(), "elevations"], &body).await
    }

    async fn send_write(
        &self,
        access: &AccessToken,
        request: &RequestId,
        signed: SendWriteRequest,
    ) -> Result<SendWriteResponse, BackendError> {
        self.post(access, &["requests", request.as_str(), "send"], &signed).await
    }

    async fn session(&self, access: &AccessToken, session: &SessionId) -> Result<SessionResponse, BackendError> {
        self.get(access, &["sessions", session.as_str()], &[]).await
    }

    async fn sessions(&self, access: &AccessToken) -> Result<Vec<SessionResponse>, BackendError> {
        let list: SessionListResponse = self.get(access, &["sessions"], &[("scope", "own"), ("state", "any")]).await?;
        Ok(list.sessions)
    }

    async fn live_sessions(&self, access: &AccessToken) -> Result<Vec<SessionResponse>, BackendError> {
        let list: SessionListResponse =
            self.get(access, &["sessions"], &[("scope", "all"), ("state", "running")]).await?;
        Ok(list.sessions)
    }

    async fn extend_session(
        &self,
        access: &AccessToken,
        session: &SessionId,
        idempotency_key: &str,
        request: ExtendSessionRequest,
    ) -> Result<SessionResponse, BackendError> {
        self.post_once(access, &["sessions", session.as_str(), "extensions"], idempotency_key, &request).await
    }

    async fn masked_fields(
        &self,
        access: &AccessToken,
        session: &SessionId,
    ) -> Result<Vec<MaskedFieldResponse>, BackendError> {
        let list: MaskedFieldsResponse = self.get(access, &["sessions", session.as_str(), "unmaskings"], &[]).await?;
        Ok(list.fields)
    }

    async fn unmask_field(
        &self,
        access: &AccessToken,
        session: &SessionId,
        idempotency_key: &str,
        request: UnmaskFieldRequest,
    ) -> Result<UnmaskFieldResponse, BackendError> {
        self.post_once(access, &["sessions", session.as_str(), "unmaskings"], idempotency_key, &request).await
    }

    async fn end_session(
        &self,
        access: &AccessToken,
        session: &SessionId,
        request: EndSessionRequest,
    ) -> Result<SessionResponse, BackendError> {
        self.post(access, &["sessions", session.as_str(), "end"], &request).await
    }

    async fn trail(&self, access: &AccessToken, session: &SessionId) -> Result<Vec<TrailEvent>, BackendError> {
        let address = self.address(&["sessions", session.as_str(), "trail"])?;
        let trail: TrailResponse =
            self.answer(self.request(Method::GET, address, Some(access)), MAX_TRAIL_BYTES).await?;
        Ok(trail.events)
    }

    async fn heartbeat(
        &self,
        access: &AccessToken,
        request: HeartbeatRequest,
    ) -> Result<HeartbeatResponse, BackendError> {
        self.post(access, &["heartbeats"], &request).await
    }

    async fn devices(&self, access: &AccessToken, everybodys: bool) -> Result<Vec<DeviceResponse>, BackendError> {
        let scope = if everybodys { "all" } else { "own" };
        let list: DeviceListResponse = self.get(access, &["devices"], &[("scope", scope)]).await?;
        Ok(list.devices)
    }

    async fn revoke_device(
        &self,
        access: &AccessToken,
        device: &DeviceId,
        reason: &str,
    ) -> Result<DeviceResponse, BackendError> {
        let request = RevokeDeviceRequest { reason: reason.to_owned() };
        self.post(access, &["devices", device.as_str(), "revoke"], &request).await
    }

    async fn acknowledge_alarm(
        &self,
        access: &AccessToken,
        alarm: &EventId,
        note: &str,
    ) -> Result<AlarmResponse, BackendError> {
        let request = AcknowledgeAlarmRequest { note: note.to_owned() };
        self.post(access, &["alarms", alarm.as_str(), "acknowledge"], &request).await
    }

    async fn emergency_stop(&self, access: &AccessToken, reason: &str) -> Result<EmergencyStopResponse, BackendError> {
        self.post(access, &["emergency-stop"], &EmergencyStopRequest { reason: reason.to_owned() }).await
    }

    async fn lift_emergency_stop(&self, access: &AccessToken) -> Result<(), BackendError> {
        let address = self.address(&["emergency-stop", "lift"])?;
        self.answer::<IgnoredAny>(self.request(Method::POST, address, Some(access)), MAX_ANSWER_BYTES).await.map(|_| ())
    }

    async fn stop_portal(
        &self,
        access: &AccessToken,
        portal: &PortalId,
        reason: &str,
    ) -> Result<PortalResponse, BackendError> {
        let request = SwitchPortalRequest { reason: reason.to_owned() };
        self.post(access, &["portals", portal.as_str(), "stop"], &request).await
    }

    async fn lift_portal(
        &self,
        access: &AccessToken,
        portal: &PortalId,
        reason: &str,
    ) -> Result<PortalResponse, BackendError> {
        let request = SwitchPortalRequest { reason: reason.to_owned() };
        self.post(access, &["portals", portal.as_str(), "lift"], &request).await
    }

    async fn own_record(&self, access: &AccessToken, before: Option<i64>) -> Result<OwnRecordResponse, BackendError> {
        let before = before.map(|position| position.to_string());
        let query: Vec<_> = before.iter().map(|position| ("before", position.as_str())).collect();
        self.get(access, &["record", "own"], &query).await
    }

    async fn events(&self, access: &AccessToken, events: mpsc::Sender<ServerEvent>) -> Result<(), BackendError> {
        let silence = self.patience().stream_silence;
        let silent = |_| BackendError::Unreachable { detail: "the event stream fell silent".to_owned() };
        let request = self
            .request(Method::GET, self.address(&["events"])?, Some(access))
            .header(header::ACCEPT, "text/event-stream");
        let mut response =
            tokio::time::timeout(self.patience().total, request.send()).await.map_err(silent)?.map_err(unreachable)?;
        if response.status() != StatusCode::OK {
            return tokio::time::timeout(self.patience().total, read::<IgnoredAny>(response, MAX_ANSWER_BYTES))
                .await
                .map_err(silent)?
                .map(|_| ());
        }
        if media_type(response.headers()).as_deref() != Some("text/event-stream") {
            return Err(not_ours(response.status(), response.headers()));
        }
        let mut reader = EventReader::default();
        loop {
            let piece = tokio::select! {
                () = events.closed() => return Ok(()),
                piece = tokio::time::timeout(silence, response.chunk()) => piece.map_err(silent)?.map_err(unreachable)?,
            };
            let Some(piece) = piece else { return Ok(()) };
            let read = reader.read(&piece).map_err(|_| not_ours(response.status(), response.headers()))?;
            for event in read {
                if events.send(event).await.is_err() {
                    return Ok(());
                }
            }
        }
    }
}

#[async_trait]
impl JournalSink for HttpBackend {
    async fn deliver(&self, batch: SignedBatch) -> Result<JournalBatchResponse, BackendError> {
        // Level 0 is zstd's own default. Compressing to memory has no reason to fail but a lack of it.
        let body = zstd::encode_all(batch.body.as_slice(), 0).map_err(|error| BackendError::Unreachable {
            detail: format!("the batch could not be compressed: {error}"),
        })?;
        let request = self
            .request(Method::POST, self.address(&["journal", "batches"])?, None)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONTENT_ENCODING, "zstd")
            .header(DEVICE_HEADER, batch.device.as_str())
            .header(SIGNED_AT_HEADER, batch.signed_at.0)
            .header(SIGNATURE_HEADER, batch.signature.as_str())
            .body(body);
        self.answer(request, MAX_ANSWER_BYTES).await
    }
}

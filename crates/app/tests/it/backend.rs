//! A server in memory: it keeps sessions as the real one does, checks what devices sign, and fails where a test says so.

use amberglass_domain::{
    device_key::verify,
    ports::{AccessToken, Backend, BackendError, Clock as _, JournalSink, SignedBatch},
    signing,
};
use amberglass_wire::{
    CustomerId, DeviceId, EventId, PortalId, RequestId, SessionId, UnixMillis,
    alarm::AlarmResponse,
    approval::{AskApprovalRequest, RequestResponse, SignedDecision},
    audit::{OwnRecordResponse, TrailEvent},
    auth::{
        DeviceResponse, EmergencyStopResponse, PortalResponse, SnapshotResponse, StaffResponse, TokenRequest,
        TokenResponse,
    },
    break_glass::{ReviewOutcome, ReviewResponse},
    customer::{CustomerCardResponse, CustomerListResponse},
    elevation::{SendWriteRequest, SendWriteResponse},
    event_stream::{ChainHead, HeartbeatRequest, HeartbeatResponse, ServerEvent, SessionBeatResponse},
    journal::{JournalBatchRequest, JournalBatchResponse},
    problem::ErrorCode,
    session::{
        EndSessionRequest, EndedBy, EntryGrant, ExtendSessionRequest, Mode, ModeOption, PolicyAnswer,
        RedeemGrantRequest, RedeemGrantResponse, SessionResponse, SessionState, StartOptionsResponse,
        StartSessionRequest, StartSessionResponse,
    },
    unmasking::{MaskedFieldResponse, UnmaskFieldRequest, UnmaskFieldResponse},
};
use async_trait::async_trait;
use secrecy::ExposeSecret as _;
use sha2::Digest as _;
use tokio::sync::mpsc;

pub use crate::{
    held::{FakeServer, State},
    samples::{customer, refused, session, unreachable},
};
use crate::{
    host::is_on_disk,
    samples::{reason_code, staff},
};

pub const GATEWAY: &str = "http://barkside.localhost:7401";

#[async_trait]
impl Backend for FakeServer {
    fn authorize_url(&self) -> String {
        "http://127.0.0.1:7400/v1/oauth/authorize".into()
    }

    async fn token(&self, request: TokenRequest) -> Result<TokenResponse, BackendError> {
        self.check("token")?;
        self.with(|state| match request {
            TokenRequest::AuthorizationCode { code, code_verifier, device_key, device_name, device_proof, .. } => {
                use base64::Engine as _;
                let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
                let challenge = engine.encode(sha2::Sha256::digest(code_verifier.as_bytes()));
                assert_eq!(Some(challenge), state.challenge, "the verifier must fit the challenge");
                let message = signing::device_enrolment(&code, &device_key, &device_name);
                verify(&device_key, &message, &device_proof).expect("the device must sign its enrolment");
                state.device_key = Some(device_key);
                if let Some(id) = state.other_staff.take() {
                    // The one that holds is left alone.
                    let held = state.refresh_token.clone();
                    let theirs = TokenResponse { staff: StaffResponse { id, ..staff() }, ..self.tokens(state) };
                    state.refresh_token = held;
                    return Ok(theirs);
                }
                Ok(self.tokens(state))
            }
            TokenRequest::RefreshToken { refresh_token, device, signed_at, device_proof, .. } => {
                let digest = hex::encode(sha2::Sha256::digest(refresh_token.as_bytes()));
                let message = signing::token_refresh(&device, &digest, UnixMillis(signed_at.parse().unwrap()));
                verify(state.device_key.as_ref().unwrap(), &message, &device_proof).expect("the device must sign");
                if refresh_token == state.refresh_token {
                    Ok(self.tokens(state))
                } else {
                    Err(refused(ErrorCode::NotSignedIn))
                }
            }
        })
    }

    async fn sign_out(&self, _access: &AccessToken) -> Result<(), BackendError> {
        self.note("sign_out");
        self.check("sign_out")
    }

    async fn snapshot(&self, _access: &AccessToken) -> Result<SnapshotResponse, BackendError> {
        self.check("snapshot")?;
        self.expire();
        let (answer, held) = self.with(|state| {
            let answer = SnapshotResponse {
                staff: staff(),
                server_time: self.clock.now(),
                portals: vec![state.portal()],
                sessions: state.own().into_iter().filter(|session| session.state.is_running()).collect(),
                limits: state.limits.clone(),
                signers: Vec::new(),
                recovery_key: None,
                emergency_stop: state.emergency_stop.clone(),
                alarms: state.alarms.clone(),
                reason_codes: vec![reason_code()],
                rights: state.rights,
                requests: state.requests.clone(),
                to_decide: state.to_decide.clone(),
                given: state.given.clone(),
                reviews: state.reviews.clone(),
                news: state.news.clone(),
                stopped_portals: state.stopped_portals.clone(),
            };
            (answer, std::mem::take(&mut state.hold_snapshot))
        });
        if held {
            self.held_snapshot.notified().await;
        }
        Ok(answer)
    }

    async fn find_customers(
        &self,
        _access: &AccessToken,
        _portal: &PortalId,
        query: &str,
    ) -> Result<CustomerListResponse, BackendError> {
        self.note(format!("find({query})"));
        if query == "slow" {
            self.slow_search.notified().await;
        }
        self.check("find_customers")?;
        Ok(CustomerListResponse { customers: vec![customer(query)], truncated: false })
    }

    async fn customer_card(
        &self,
        _access: &AccessToken,
        _portal: &PortalId,
        id: &CustomerId,
    ) -> Result<CustomerCardResponse, BackendError> {
        self.check("customer_card")?;
        Ok(CustomerCardResponse { customer: customer(id.as_str()), portal_name: "Barkside".into(), last_looked: None })
    }

    async fn start_options(
        &self,
        _access: &AccessToken,
        _portal: &PortalId,
        _customer: &CustomerId,
    ) -> Result<StartOptionsResponse, BackendError> {
        self.check("start_options")?;
        Ok(StartOptionsResponse {
            reason_codes: vec![reason_code()],
            modes: vec![ModeOption {
                mode: Mode::ReadOnly,
                answer: PolicyAnswer::Allowed,
                rules: vec!["r1".into()],
                approvals: 0,
            }],
            break_glass: None,
            default_duration_seconds: 1800,
            max_duration_seconds: 3600,
            max_extensions: 2,
            extension_seconds: 900,
            running: None,
        })
    }

    async fn start_session(
        &self,
        _access: &AccessToken,
        idempotency_key: &str,
        request: StartSessionRequest,
    ) -> Result<StartSessionResponse, BackendError> {
        let on_record = is_on_disk(&self.data_dir, "start_requested");
        self.note(format!("start(recorded: {on_record})"));
        self.check("start_session")?;
        let now = self.clock.now();
        let response = self.with(|state| {
            (state.started_with, state.emergency) = (request.request.clone(), request.emergency.clone());
            let seen = state.idempotency_keys.iter().position(|key| key == idempotency_key);
            let session = match seen {
                Some(index) => state.sessions[index].clone(),
                None => {
                    state.idempotency_keys.push(idempotency_key.to_owned());
                    let number = state.sessions.len() + 1;
                    let mut session = session(number, &request.customer, request.reason, now, request.duration_seconds);
                    session.max_extensions = request.emergency.as_ref().map(|_| 0);
                    (session.mode, session.emergency) = (request.mode, request.emergency);
                    state.sessions.push(session.clone());
                    session
                }
            };
            let grant = EntryGrant {
                token: format!("grant-{}", session.id),
                expires_at: now.plus_seconds(30),
                gateway_origin: GATEWAY.into(),
            };
            StartSessionResponse { session, grant: Some(grant) }
        });
        self.keep_answer("start_session", response)
    }

    async fn ask_approval(
        &self,
        _access: &AccessToken,
        _idempotency_key: &str,
        request: AskApprovalRequest,
    ) -> Result<RequestResponse, BackendError> {
        self.check("ask_approval")?;
        Ok(self.asked(request))
    }

    async fn request(&self, _access: &AccessToken, id: &RequestId) -> Result<RequestResponse, BackendError> {
        self.note(format!("request({id})"));
        self.check("request")?;
        self.with(|state| state.faster.clone().filter(|known| known.id == *id))
            .ok_or_else(|| refused(ErrorCode::NotFound))
    }

    async fn review(
        &self,
        _access: &AccessToken,
        session: &SessionId,
        outcome: ReviewOutcome,
        note: &str,
    ) -> Result<ReviewResponse, BackendError> {
        self.note(format!("review({session}, {})", outcome.as_str()));
        self.check("review")?;
        self.reviewed(session, outcome, note)
    }

    async fn decide_request(
        &self,
        _access: &AccessToken,
        decision: SignedDecision,
    ) -> Result<RequestResponse, BackendError> {
        self.check("decide_request")?;
        self.decided(decision)
    }

    async fn withdraw_request(
        &self,
        _access: &AccessToken,
        request: &RequestId,
        reason: Option<&str>,
    ) -> Result<RequestResponse, BackendError> {
        self.note(format!("withdraw({request}, {reason:?})"));
        self.check("withdraw_request")?;
        self.withdrawn(request)
    }

    async fn ask_elevation(
        &self,
        _access: &AccessToken,
        session: &SessionId,
        record: &EventId,
    ) -> Result<RequestResponse, BackendError> {
        self.note(format!("ask_elevation({record})"));
        self.check("ask_elevation")?;
        Ok(self.asked_for_write(session, record))
    }

    async fn send_write(
        &self,
        _access: &AccessToken,
        request: &RequestId,
        signed: SendWriteRequest,
    ) -> Result<SendWriteResponse, BackendError> {
        self.note(format!("send_write({request})"));
        self.check("send_write")?;
        if self.with(|state| std::mem::take(&mut state.hold_send)) {
            self.is_going(request);
            self.held_send.notified().await;
        }
        let sent = self.write_sent(request, signed)?;
        self.keep_answer("send_write", sent)
    }

    async fn redeem_grant(
        &self,
        _access: &AccessToken,
        session: &SessionId,
        request: RedeemGrantRequest,
    ) -> Result<RedeemGrantResponse, BackendError> {
        self.note("redeem");
        self.check("redeem_grant")?;
        let message =
            signing::entry(&request.device, session, &request.grant, &request.gateway_origin, request.signed_at);
        let key = self.with(|state| state.device_key.clone().unwrap());
        verify(&key, &message, &request.signature).expect("the device must sign the entry");
        Ok(RedeemGrantResponse {
            cookie_name: "amberglass".into(),
            cookie_value: "cookie".into(),
            secure: false,
            entry_url: format!("{GATEWAY}/"),
        })
    }

    async fn session(&self, _access: &AccessToken, id: &SessionId) -> Result<SessionResponse, BackendError> {
        self.check("session")?;
        self.expire();
        self.with(|state| state.sessions.iter().find(|session| session.id == *id).cloned())
            .ok_or_else(|| refused(ErrorCode::NotFound))
    }

    async fn sessions(&self, _access: &AccessToken) -> Result<Vec<SessionResponse>, BackendError> {
        self.check("sessions")?;
        self.expire();
        Ok(self.with(|state| state.own()))
    }

    async fn live_sessions(&self, _access: &AccessToken) -> Result<Vec<SessionResponse>, BackendError> {
        self.note("live");
        self.check("live_sessions")?;
        self.expire();
        self.with(|state| {
            if !state.rights.read_audit {
                return Err(refused(ErrorCode::Forbidden));
            }
            Ok(state.sessions.iter().filter(|session| session.state.is_running()).cloned().collect())
        })
    }

    async fn extend_session(
        &self,
        _access: &AccessToken,
        id: &SessionId,
        idempotency_key: &str,
        request: ExtendSessionRequest,
    ) -> Result<SessionResponse, BackendError> {
        self.note(format!("extend({})", request.reason.text));
        self.check("extend_session")?;
        self.expire();
        let answer = self.with(|state| {
            let seen = state.extensions.iter().find(|(key, _)| key == idempotency_key).map(|(_, seen)| seen.clone());
            let session = state.sessions.iter_mut().find(|session| session.id == *id).unwrap();
            match seen {
                Some(seen) if seen.seconds != request.seconds || seen.reason != request.reason => {
                    return Err(refused(ErrorCode::IdempotencyMismatch));
                }
                Some(_) => {}
                None if session.state != SessionState::Active => return Err(refused(ErrorCode::SessionNotRunning)),
                None if session.extensions >= 2 => return Err(refused(ErrorCode::ExtensionsUsedUp)),
                None => {
                    session.extensions += 1;
                    session.expires_at = session.expires_at.map(|at| at.plus_seconds(i64::from(request.seconds)));
                    state.extensions.push((idempotency_key.to_owned(), request));
                }
            }
            Ok(session.clone())
        })?;
        self.keep_answer("extend_session", answer)
    }

    async fn masked_fields(
        &self,
        _access: &AccessToken,
        id: &SessionId,
    ) -> Result<Vec<MaskedFieldResponse>, BackendError> {
        self.note(format!("masked_fields({id})"));
        self.check("masked_fields")?;
        Ok(self.with(|state| state.masked.clone()))
    }

    async fn unmask_field(
        &self,
        _access: &AccessToken,
        _id: &SessionId,
        idempotency_key: &str,
        request: UnmaskFieldRequest,
    ) -> Result<UnmaskFieldResponse, BackendError> {
        self.note(format!("unmask({} {}: {})", request.rule, request.pointer, request.reason));
        self.check("unmask_field")?;
        let until = self.clock.now().plus_seconds(300);
        let answer = self.with(|state| {
            let seen = state.unmasked.iter().find(|(key, _)| key == idempotency_key).map(|(_, seen)| seen.clone());
            let answer = UnmaskFieldResponse {
                rule: request.rule.clone(),
                pointer: request.pointer.clone(),
                shown_until: until,
            };
            match seen {
                Some(seen) if seen.reason != request.reason => Err(refused(ErrorCode::IdempotencyMismatch)),
                Some(_) => Ok(answer),
                None => {
                    state.unmasked.push((idempotency_key.to_owned(), request));
                    Ok(answer)
                }
            }
        })?;
        self.keep_answer("unmask_field", answer)
    }

    async fn end_session(
        &self,
        _access: &AccessToken,
        id: &SessionId,
        request: EndSessionRequest,
    ) -> Result<SessionResponse, BackendError> {
        let on_record = is_on_disk(&self.data_dir, "end_requested");
        self.note(format!("end({id}, recorded: {on_record})"));
        self.check("end_session")?;
        self.expire();
        let now = self.clock.now();
        let ended = self.with(|state| {
            let session = state.sessions.iter_mut().find(|session| session.id == *id)?;
            if session.state.is_running() {
                session.state = SessionState::Ended;
                session.ended_at = Some(now);
                session.ended_by = Some(if request.reason.is_some() { EndedBy::Lead } else { EndedBy::Staff });
                session.end_reason = request.reason;
            }
            session.note = request.note.or(session.note.take());
            Some(session.clone())
        });
        self.keep_answer("end_session", ended.ok_or_else(|| refused(ErrorCode::NotFound))?)
    }

    async fn trail(&self, _access: &AccessToken, id: &SessionId) -> Result<Vec<TrailEvent>, BackendError> {
        self.note("trail");
        self.check("trail")?;
        Ok(self.with(|state| {
            let records = state.delivered.iter().filter(|record| record.session.as_ref() == Some(id));
            (1..)
                .zip(records)
                .map(|(position, record)| TrailEvent {
                    position,
                    received_at: record.occurred_at,
                    record: record.clone(),
                })
                .collect()
        }))
    }

    async fn heartbeat(
        &self,
        _access: &AccessToken,
        request: HeartbeatRequest,
    ) -> Result<HeartbeatResponse, BackendError> {
        self.check("heartbeat")?;
        self.expire();
        self.with(|state| {
            let key = state.device_key.clone().unwrap();
            verify(&key, &signing::heartbeat(&request), &request.signature)
                .expect("the device must sign its heartbeat");
            let answers = request
                .sessions
                .iter()
                .filter_map(|beat| state.sessions.iter().find(|session| session.id == beat.session))
                .map(|session| SessionBeatResponse {
                    session: session.id.clone(),
                    state: session.state,
                    expires_at: session.expires_at,
                    pages: session.pages,
                    blocked: session.blocked,
                    blocked_write: state.blocked_write.clone(),
                })
                .collect();
            state.heartbeats.push(request);
            Ok(HeartbeatResponse { time: self.clock.now(), sessions: answers, server: ChainHead::default() })
        })
    }

    async fn devices(&self, _access: &AccessToken, everybodys: bool) -> Result<Vec<DeviceResponse>, BackendError> {
        self.check("devices")?;
        Ok(self.with(|state| state.devices.iter().filter(|one| everybodys || one.this_device).cloned().collect()))
    }

    async fn revoke_device(
        &self,
        _access: &AccessToken,
        id: &DeviceId,
        reason: &str,
    ) -> Result<DeviceResponse, BackendError> {
        self.note(format!("revoke({id}, {reason})"));
        self.check("revoke_device")?;
        let now = self.clock.now();
        self.with(|state| {
            let device = state.devices.iter_mut().find(|device| device.id == *id);
            let device = device.ok_or_else(|| refused(ErrorCode::NotFound))?;
            device.revoked_at = Some(now);
            Ok(device.clone())
        })
    }

    async fn acknowledge_alarm(
        &self,
        _access: &AccessToken,
        id: &EventId,
        note: &str,
    ) -> Result<AlarmResponse, BackendError> {
        self.note(format!("looked_at({id}, {note})"));
        self.check("acknowledge_alarm")?;
        self.with(|state| {
            let place = state.alarms.newest.iter().position(|alarm| alarm.id == *id);
            let place = place.ok_or_else(|| refused(ErrorCode::NotFound))?;
            state.alarms.open -= 1;
            Ok(state.alarms.newest.remove(place))
        })
    }

    async fn emergency_stop(&self, _access: &AccessToken, reason: &str) -> Result<EmergencyStopResponse, BackendError> {
        self.note("stop");
        self.check("emergency_stop")?;
        let stop = EmergencyStopResponse {
            reason: reason.to_owned(),
            stopped_by_name: Some("Robin".into()),
            stopped_at: self.clock.now(),
        };
        self.with(|state| state.emergency_stop = Some(stop.clone()));
        Ok(stop)
    }

    async fn lift_emergency_stop(&self, _access: &AccessToken) -> Result<(), BackendError> {
        self.check("lift_emergency_stop")?;
        self.with(|state| state.emergency_stop = None);
        Ok(())
    }

    async fn stop_portal(
        &self,
        _access: &AccessToken,
        portal: &PortalId,
        reason: &str,
    ) -> Result<PortalResponse, BackendError> {
        self.note(format!("stop_portal({portal}, {reason})"));
        self.check("stop_portal")?;
        Ok(self.switched(portal, Some(reason)))
    }

    async fn lift_portal(
        &self,
        _access: &AccessToken,
        portal: &PortalId,
        reason: &str,
    ) -> Result<PortalResponse, BackendError> {
        self.note(format!("lift_portal({portal}, {reason})"));
        self.check("lift_portal")?;
        Ok(self.switched(portal, None))
    }

    /// Three at a time.
    async fn own_record(&self, _access: &AccessToken, before: Option<i64>) -> Result<OwnRecordResponse, BackendError> {
        self.note(format!("own_record({before:?})"));
        self.check("own_record")?;
        Ok(self.with(|state| {
            let all = (1..).zip(&state.delivered).map(|(position, record)| TrailEvent {
                position,
                received_at: record.occurred_at,
                record: record.clone(),
            });
            let mut older: Vec<_> = all.filter(|event| before.is_none_or(|before| event.position < before)).collect();
            older.reverse();
            let more = older.len() > 3;
            older.truncate(3);
            OwnRecordResponse { events: older, more }
        }))
    }

    async fn events(&self, access: &AccessToken, events: mpsc::Sender<ServerEvent>) -> Result<(), BackendError> {
        self.check("events")?;
        let (sender, mut receiver) = mpsc::channel(32);
        self.with(|state| state.stream = Some((access.0.expose_secret().to_owned(), sender)));
        self.beat();
        while let Some(event) = receiver.recv().await {
            if events.send(event).await.is_err() {
                break;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl JournalSink for FakeServer {
    async fn deliver(&self, batch: SignedBatch) -> Result<JournalBatchResponse, BackendError> {
        self.check("deliver")?;
        let request: JournalBatchRequest = serde_json::from_slice(&batch.body).unwrap();
        Ok(self.with(|state| {
            state.delivered.extend(request.records);
            let held = state.delivered.last().map(|record| ChainHead { seq: record.seq, hash: record.hash.clone() });
            JournalBatchResponse { held: held.unwrap_or_default(), checkpoint: None }
        }))
    }
}

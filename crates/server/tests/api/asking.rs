//! A request for approval and the people around it, for tests of whoever asks, decides and withdraws.

use amberglass_domain::{ports::Clock as _, signing};
use amberglass_testkit::wait_until;
use amberglass_wire::{
    RequestId,
    approval::{
        AskApprovalRequest, DecideRequest, RequestListResponse, RequestResponse, RequestState, Scope, SignedDecision,
        Verdict,
    },
    session::StartSessionRequest,
};
use reqwest::{Response, StatusCode};

use crate::world::{Console, LEO, LIMIT, REASON, SANA, World, customer, device_of, json, start_request};

/// Amy asks, Leo and Sana may decide.
pub struct Asking {
    pub world: World,
    pub amy: Console,
    pub leo: Console,
    pub sana: Console,
    pub wish: StartSessionRequest,
}

impl Asking {
    pub async fn new() -> Self {
        Self::in_world(World::new().await).await
    }

    pub async fn in_world(world: World) -> Self {
        let (amy, leo, sana) = (world.amy().await, world.sign_in(LEO, 2).await, world.sign_in(SANA, 3).await);
        let sensitive = customer(&world.clock, |customer| customer.class == "sensitive" && customer.active);
        let wish = start_request(&sensitive.id);
        Self { world, amy, leo, sana, wish }
    }

    pub async fn try_ask(&self, console: &Console, key: &str) -> Response {
        let StartSessionRequest { portal, customer, reason, mode, duration_seconds, request: _, emergency: _ } =
            self.wish.clone();
        let ask = AskApprovalRequest { portal, customer, reason, mode, duration_seconds };
        self.world.post(console, "/v1/requests").header("idempotency-key", key).json(&ask).send().await.unwrap()
    }

    pub async fn ask(&self) -> RequestResponse {
        json(self.try_ask(&self.amy, "ask-1").await, StatusCode::CREATED).await
    }

    pub async fn request(&self, console: &Console, id: &RequestId) -> RequestResponse {
        let answer = self.world.get(console, &format!("/v1/requests/{id}")).send().await.unwrap();
        json(answer, StatusCode::OK).await
    }

    pub async fn to_decide(&self, console: &Console) -> Vec<RequestResponse> {
        let answer = self.world.get(console, "/v1/requests?scope=to_decide").send().await.unwrap();
        json::<RequestListResponse>(answer, StatusCode::OK).await.requests
    }

    pub fn decision(&self, by: &Console, request: &RequestResponse, verdict: Verdict, scope: Scope) -> SignedDecision {
        signed(&self.world, by, request, verdict, scope)
    }

    pub async fn try_decide(&self, by: &Console, decision: &SignedDecision) -> Response {
        self.try_decide_at(&self.world.url(""), by, decision).await
    }

    /// At one of several servers.
    pub async fn try_decide_at(&self, server: &str, by: &Console, decision: &SignedDecision) -> Response {
        let url = format!("{server}/v1/requests/{}/decisions", decision.request);
        let body = DecideRequest { decision: decision.clone() };
        self.world.client.post(url).bearer_auth(&by.tokens.access_token).json(&body).send().await.unwrap()
    }

    pub async fn decide(&self, by: &Console, request: &RequestResponse, verdict: Verdict) -> RequestResponse {
        let decision = self.decision(by, request, verdict, request.asked);
        json(self.try_decide(by, &decision).await, StatusCode::OK).await
    }

    pub async fn withdraw(&self, by: &Console, id: &RequestId, reason: Option<&str>) -> Response {
        let body = serde_json::json!({ "reason": reason });
        self.world.post(by, &format!("/v1/requests/{id}/withdraw")).json(&body).send().await.unwrap()
    }

    pub async fn sign_in_again(&mut self) {
        self.amy = self.world.amy().await;
        (self.leo, self.sana) = (self.world.sign_in(LEO, 2).await, self.world.sign_in(SANA, 3).await);
    }

    /// Time alone does it.
    pub async fn until_lapsed(&mut self, id: &RequestId) {
        self.world.refresh(&mut self.amy).await;
        self.amy_sees(id, RequestState::Lapsed).await;
    }

    pub async fn amy_sees(&self, id: &RequestId, state: RequestState) {
        wait_until("the request's state", LIMIT, async || {
            (self.request(&self.amy, id).await.state == state).then_some(())
        })
        .await;
    }

    /// Leo signs in anew and approves.
    pub async fn decide_again(&mut self, request: &RequestResponse) -> RequestResponse {
        self.leo = self.world.sign_in(LEO, 4).await;
        self.decide(&self.leo, request, Verdict::Approve).await
    }

    pub async fn try_start(&self, key: &str, request: &RequestId) -> Response {
        let start = StartSessionRequest { request: Some(request.clone()), ..self.wish.clone() };
        self.world.try_start(&self.amy, key, &start).await
    }
}

/// As a console signs what it shows.
pub fn signed(
    world: &World,
    by: &Console,
    request: &RequestResponse,
    verdict: Verdict,
    scope: Scope,
) -> SignedDecision {
    let now = world.clock.now();
    let mut decision = SignedDecision {
        server: request.server.clone(),
        request: request.id.clone(),
        nonce: request.nonce.clone(),
        verdict,
        approver: by.tokens.staff.id.clone(),
        device: device_of(by),
        portal: request.customer.portal.clone(),
        customer: request.customer.id.clone(),
        staff: request.staff.clone(),
        scope,
        reason_sha256: signing::reason_sha256(&request.reason),
        policy_hash: request.policy_hash.clone(),
        write_sha256: request.write.as_ref().map(|write| write.asked.sha256.clone()),
        comment: if verdict == Verdict::Deny { REASON.into() } else { String::new() },
        not_after: now.plus_seconds(120),
        signed_at: now,
        signature: String::new(),
    };
    decision.signature = by.key.sign(&signing::decision(&decision));
    decision
}

//! Requests for approval: what one has asked for, what waits for one's decision, and the words on the desktop about them.

use std::{collections::HashSet, sync::Arc};

use amberglass_domain::{
    device_key::DeviceKey,
    ports::{BackendError, Clock, uuid_v7},
    reason, signing,
};
use amberglass_wire::{
    CustomerId, DeviceId, PortalId, RequestId, StaffId,
    approval::{AskApprovalRequest, DecisionResponse, RequestResponse, RequestState, Scope, SignedDecision, Verdict},
    problem::ErrorCode,
    session::StartSessionRequest,
};

use crate::{
    actions::Act,
    controller::Actor,
    errors,
    finding::CardStart,
    input::Reply,
    notices,
    view::{FocusView, Opens},
};

/// A decision is worth nothing after so long on the way.
const DECISION_SECONDS: i64 = 120;
/// So long before something lapses its people are told once more.
const LAPSES_SOON_MILLIS: i64 = 5 * 60 * 1000;
/// More new requests than these are told in one word.
const TOLD_ONE_BY_ONE: usize = 3;

#[derive(Default)]
pub(crate) struct Approvals {
    pub own: Vec<RequestResponse>,
    pub to_decide: Vec<RequestResponse>,
    /// Approvals that this staff member has given and can still withdraw.
    pub given: Vec<RequestResponse>,
    /// What became of the one that was decided here, or looked up, last.
    pub answered: Option<RequestResponse>,
    pub focus: Option<FocusView>,
    focuses: u32,
    /// A snapshot of this sign-in was taken up: what comes after is news.
    known: bool,
    told_of_lapse: HashSet<RequestId>,
}

impl Approvals {
    /// One's own for this customer, as long as it waits or can be started.
    pub fn open_for(&self, portal: &PortalId, customer: &CustomerId) -> Option<&RequestResponse> {
        let about = |request: &&RequestResponse| {
            request.state.is_open()
                && request.write.is_none()
                && request.customer.portal == *portal
                && request.customer.id == *customer
        };
        self.own.iter().find(about)
    }
}

/// Whether whoever may decide is told of it: at once, or because nobody has reacted.
fn is_told(request: &RequestResponse) -> bool {
    request.next_level || request.escalated_at.is_some()
}

/// The last one of this kind.
pub(crate) fn last_decision(request: &RequestResponse, verdict: Verdict) -> Option<&DecisionResponse> {
    request.decisions.iter().rev().find(|decision| decision.verdict == verdict)
}

/// A decision as the person has made it. It is signed when it goes, which may be after a fresh sign-in.
#[derive(Clone)]
pub(crate) struct Deciding {
    pub request: RequestResponse,
    verdict: Verdict,
    scope: Scope,
    comment: String,
    approver: StaffId,
    device: DeviceId,
    key: Arc<DeviceKey>,
    clock: Arc<dyn Clock>,
}

impl Deciding {
    /// What the server would refuse is refused here, without a question.
    pub fn check(&self) -> Result<(), ErrorCode> {
        amberglass_domain::approval::check_scope(&self.request.asked, self.verdict, &self.scope)
            .map_err(|_| ErrorCode::DecisionInvalid)?;
        match self.verdict {
            // Who asked has to know why not.
            Verdict::Deny => reason::check_text(&self.comment),
            Verdict::Approve => Ok(()),
        }
    }

    pub fn sign(&self) -> SignedDecision {
        let now = self.clock.now();
        let request = &self.request;
        let mut decision = SignedDecision {
            server: request.server.clone(),
            request: request.id.clone(),
            nonce: request.nonce.clone(),
            verdict: self.verdict,
            approver: self.approver.clone(),
            device: self.device.clone(),
            portal: request.customer.portal.clone(),
            customer: request.customer.id.clone(),
            staff: request.staff.clone(),
            scope: self.scope,
            reason_sha256: signing::reason_sha256(&request.reason),
            policy_hash: request.policy_hash.clone(),
            write_sha256: request.write.as_ref().map(|write| write.asked.sha256.clone()),
            comment: self.comment.trim().to_owned(),
            not_after: now.plus_seconds(DECISION_SECONDS),
            signed_at: now,
            signature: String::new(),
        };
        decision.signature = self.key.sign(&signing::decision(&decision));
        decision
    }
}

impl Approvals {
    /// A console that is drawn anew, back from the tray, must not go there again: a card that is opened is on record.
    pub fn end_focus(&mut self, number: u32) {
        self.focus.take_if(|focus| focus.number == number);
    }

    /// Where a link leads that nobody has gone to the end of.
    pub fn take_link(&mut self) -> Option<FocusView> {
        let is_link = |focus: &FocusView| matches!(focus.opens, Opens::Start { .. } | Opens::BrokenLink { .. });
        self.focus.take().filter(is_link)
    }
}

impl Actor {
    pub fn ask_approval(&mut self, request: AskApprovalRequest) {
        let shown =
            |card: &&mut crate::finding::Card| card.portal == request.portal && card.customer == request.customer;
        let Some(card) = self.card.as_mut().filter(shown) else { return };
        let codes = card.options.as_ref().map(|options| options.reason_codes.as_slice()).unwrap_or_default();
        if let Err(code) = reason::check(&request.reason, codes) {
            return card.start = CardStart::Failed(errors::of_code(code));
        }
        card.start = CardStart::Idle;
        let key = uuid_v7(&*self.ports.clock, &*self.ports.entropy);
        self.act(Act::AskApproval { key, request });
    }

    pub fn decide_request(&mut self, id: &RequestId, verdict: Verdict, scope: Scope, comment: String) {
        let Some(request) = self.approvals.to_decide.iter().find(|request| request.id == *id).cloned() else { return };
        let (Some(account), Some(device)) = (self.account().cloned(), self.device.known()) else { return };
        let clock: Arc<dyn Clock> = Arc::new(self.connection.server_clock(self.ports.clock.clone()));
        let (approver, key) = (account.staff.id, device.key);
        let deciding = Deciding { request, verdict, scope, comment, approver, device: device.id, key, clock };
        self.act(Act::Decide(Box::new(deciding)));
    }

    /// From the card of its customer, which confirms whom one is about to look at.
    pub fn start_approved(&mut self, id: &RequestId) {
        let Some(request) = self.approvals.own.iter().find(|request| request.id == *id) else { return };
        let (RequestState::Approved, Some(granted), None) = (request.state, request.granted, &request.write) else {
            return;
        };
        self.start_session(StartSessionRequest {
            portal: request.customer.portal.clone(),
            customer: request.customer.id.clone(),
            reason: request.reason.clone(),
            mode: granted.mode,
            duration_seconds: granted.duration_seconds,
            request: Some(id.clone()),
            emergency: None,
        });
    }

    /// The answer to one's own act, before the snapshot says the same.
    pub fn take_up_request(&mut self, request: RequestResponse) {
        self.outpace_snapshot();
        let own = self.account().is_some_and(|account| account.staff.id == request.staff);
        if !own {
            self.approvals.answered = Some(request.clone());
        }
        let approvals = &mut self.approvals;
        if own {
            approvals.own.retain(|known| known.id != request.id);
            approvals.own.insert(0, request);
        } else if !request.may_decide {
            approvals.to_decide.retain(|known| known.id != request.id);
            if request.state == RequestState::Withdrawn {
                approvals.given.retain(|known| known.id != request.id);
            }
        }
    }

    /// Of a request that somebody has opened and that waits for them no more: who answered it, and how.
    pub fn look_up_request(&mut self, id: RequestId) {
        let Some(account) = self.account().cloned() else { return };
        let ports = self.ports.clone();
        self.spawn(async move {
            let result = ports.backend.request(&account.access, &id).await;
            Reply::RequestLookedUp(result)
        });
    }

    pub fn on_request_looked_up(&mut self, result: Result<RequestResponse, BackendError>) {
        match result {
            // Signed out meanwhile.
            Ok(_) if self.account().is_none() => {}
            Ok(request) => self.approvals.answered = Some(request),
            Err(error) => {
                tracing::debug!(%error, "what became of a request is not known");
                self.note_refusal(&error);
            }
        }
    }

    /// What the snapshot says, and a word on the desktop for what is new in it.
    pub fn follow_requests(&mut self, own: Vec<RequestResponse>, to_decide: Vec<RequestResponse>) {
        let first = !std::mem::replace(&mut self.approvals.known, true);
        let known = |request: &RequestResponse| self.approvals.to_decide.iter().find(|known| known.id == request.id);
        let is_new = |request: &&RequestResponse| known(request).is_none() && is_told(request);
        let new: Vec<_> = to_decide.iter().filter(is_new).collect();
        let is_escalated = |request: &&RequestResponse| {
            request.escalated_at.is_some() && known(request).is_some_and(|known| known.escalated_at.is_none())
        };
        let mut told: Vec<_> = to_decide.iter().filter(is_escalated).map(notices::escalated).collect();
        match new.as_slice() {
            [] => {}
            some if some.len() > TOLD_ONE_BY_ONE || (first && some.len() > 1) => {
                told.push(notices::several_ask(to_decide.len()));
            }
            some => told.extend(some.iter().map(|request| notices::asks(request))),
        }
        if !first {
            for request in &own {
                let before = self.approvals.own.iter().find(|known| known.id == request.id).map(|known| known.state);
                if before.is_some_and(|before| before != request.state) {
                    told.extend(notices::answered(request));
                }
            }
        }
        let open: HashSet<_> = own.iter().chain(&to_decide).map(|request| request.id.clone()).collect();
        self.approvals.told_of_lapse.retain(|id| open.contains(id));
        (self.approvals.own, self.approvals.to_decide) = (own, to_decide);
        for notice in told {
            self.tell(&notice);
        }
    }

    /// What lapses soon is told once.
    pub fn tick_approvals(&mut self) {
        let now = self.server_now();
        let approvals = &mut self.approvals;
        let lapses = |request: &&RequestResponse| {
            request.state.is_open() && (0..LAPSES_SOON_MILLIS).contains(&request.expires_at.since(now))
        };
        let mut told = Vec::new();
        for request in approvals.to_decide.iter().filter(lapses).filter(|request| is_told(request)) {
            if approvals.told_of_lapse.insert(request.id.clone()) {
                told.push(notices::lapses_undecided(request));
            }
        }
        for request in
            approvals.own.iter().filter(lapses).filter(|one| one.state == RequestState::Approved && one.write.is_none())
        {
            if approvals.told_of_lapse.insert(request.id.clone()) {
                told.push(notices::lapses_unused(request));
            }
        }
        for notice in told {
            self.tell(&notice);
        }
    }

    pub fn on_notice_opened(&mut self, opens: Opens) {
        self.ports.host.raise_console();
        if let (Opens::Session {}, Some(running)) = (&opens, &self.running) {
            self.ports.host.raise_session_window(&running.session.id);
        }
        self.approvals.focuses = self.approvals.focuses.wrapping_add(1);
        self.approvals.focus = Some(FocusView { number: self.approvals.focuses, opens });
    }
}

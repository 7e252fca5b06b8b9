//! Asking for an approval, deciding about one, and the words on the desktop.

use amberglass_app::{
    Command,
    host::{HostEvent, Notice},
    view::{ActionKind, ActionView, FocusView, Opens, UiErrorCode},
};
use amberglass_domain::{
    device_key::verify,
    ports::{BackendError, Clock as _},
    signing,
};
use amberglass_wire::{
    RequestId, StaffId,
    approval::{AskApprovalRequest, DecisionResponse, RequestResponse, RequestState, Scope, SignedDecision, Verdict},
    event_stream::ServerEvent,
    problem::ErrorCode,
    session::{Mode, Reason},
};

use crate::{
    backend::{FakeServer, customer, refused},
    world::World,
};

const ASKED: Scope = Scope { mode: Mode::ReadWrite, duration_seconds: 1_800, extensions: 2 };
const WORDS: &str = "The customer has not asked for this";

impl FakeServer {
    pub fn a_request(&self, id: &str, staff: &str) -> RequestResponse {
        let now = self.clock.now();
        RequestResponse {
            id: RequestId::new(id),
            state: RequestState::Pending,
            staff: StaffId::new(staff),
            staff_name: if staff == "staff-1" { "Robin" } else { "Amy Lee" }.into(),
            portal_name: "Barkside".into(),
            customer: customer("c1"),
            reason: Reason { code: "other".into(), text: "Customer cannot find the invoice".into(), ticket: None },
            asked: ASKED,
            granted: None,
            rules: vec!["read-write-needs-approval".into()],
            policy_hash: "0".repeat(64),
            server: "server:one".into(),
            nonce: "1".repeat(32),
            created_at: now,
            expires_at: now.plus_seconds(1_800),
            approvals_needed: 1,
            decisions: Vec::new(),
            session: None,
            write: None,
            may_decide: staff != "staff-1",
            next_level: true,
            escalated_at: None,
            context: None,
        }
    }

    pub fn asked(&self, request: AskApprovalRequest) -> RequestResponse {
        let scope = Scope { mode: request.mode, duration_seconds: request.duration_seconds, extensions: 2 };
        let new = RequestResponse { reason: request.reason, asked: scope, ..self.a_request("request-1", "staff-1") };
        self.with(|state| state.requests.insert(0, new.clone()));
        new
    }

    pub fn decided(&self, decision: SignedDecision) -> Result<RequestResponse, BackendError> {
        let key = self.with(|state| state.device_key.clone().unwrap());
        verify(&key, &signing::decision(&decision), &decision.signature).expect("the device must sign the decision");
        let now = self.clock.now();
        assert_eq!(decision.signed_at, now, "by the server's clock, when it goes");
        self.with(|state| {
            if let Some(faster) = state.faster.clone() {
                state.to_decide.retain(|request| request.id != faster.id);
                return Ok(faster);
            }
            let index = state.to_decide.iter().position(|request| request.id == decision.request);
            let mut request = state.to_decide.remove(index.ok_or_else(|| refused(ErrorCode::NotFound))?);
            request.may_decide = false;
            request.state = match decision.verdict {
                Verdict::Approve => RequestState::Approved,
                Verdict::Deny => RequestState::Denied,
            };
            state.decisions.push(decision);
            Ok(request)
        })
    }

    pub fn withdrawn(&self, id: &RequestId) -> Result<RequestResponse, BackendError> {
        self.with(|state| {
            if let Some(place) = state.given.iter().position(|request| request.id == *id) {
                return Ok(RequestResponse { state: RequestState::Withdrawn, ..state.given.remove(place) });
            }
            let known = state.requests.iter_mut().find(|request| request.id == *id);
            let known = known.ok_or_else(|| refused(ErrorCode::NotFound))?;
            known.state = RequestState::Withdrawn;
            Ok(known.clone())
        })
    }

    /// Somebody else has asked.
    pub fn asks(&self, id: &str) {
        let request = self.a_request(id, "staff-2");
        self.with(|state| state.to_decide.push(request));
        self.push(ServerEvent::SnapshotChanged);
    }

    /// A lead has decided about one's own.
    pub fn answers(&self, id: &str, state_now: RequestState, granted: Option<Scope>) {
        let now = self.clock.now();
        self.with(|state| {
            let request = state.requests.iter_mut().find(|request| request.id.as_str() == id).unwrap();
            (request.state, request.granted) = (state_now, granted);
            request.expires_at = now.plus_seconds(900);
            let verdict = if state_now == RequestState::Denied { Verdict::Deny } else { Verdict::Approve };
            request.decisions = vec![DecisionResponse {
                verdict,
                approver: StaffId::new("lead"),
                approver_name: "Leo Brandt".into(),
                scope: granted.unwrap_or(request.asked),
                comment: WORDS.into(),
                decided_at: now,
            }];
        });
        self.push(ServerEvent::SnapshotChanged);
    }
}

pub fn titles(world: &World) -> Vec<String> {
    world.host.notices.lock().unwrap().iter().map(|notice| notice.title.clone()).collect()
}

pub async fn until_told(world: &World, title: &str) -> Notice {
    world.until_true(title, || titles(world).iter().any(|told| told == title)).await;
    world.host.notices.lock().unwrap().iter().find(|notice| notice.title == title).cloned().unwrap()
}

pub async fn until_done(world: &World, kind: ActionKind) -> ActionView {
    let done = |view: &amberglass_app::view::ConsoleView| {
        view.action.clone().filter(|action| action.kind == kind && !action.busy)
    };
    world.until("the act to be answered", |view| done(view).is_some()).await;
    done(&world.host.view()).unwrap()
}

async fn asked() -> World {
    let world = World::online().await;
    world.open_card("c1").await;
    let reason = Reason { code: "other".into(), text: "Customer cannot find the invoice".into(), ticket: None };
    let customer = customer("c1");
    world.handle.command(Command::AskApproval {
        portal: customer.portal,
        customer: customer.id,
        reason,
        mode: Mode::ReadWrite,
        duration_seconds: 1_800,
    });
    assert_eq!(until_done(&world, ActionKind::AskApproval).await.error, None);
    world
}

#[tokio::test]
async fn what_was_asked_for_is_in_the_inbox_and_on_the_card_until_it_is_decided_and_started() {
    let world = asked().await;
    let view = world.host.view();
    assert_eq!((view.inbox.own.len(), view.card.unwrap().request.unwrap().id.as_str()), (1, "request-1"));
    let less = Scope { mode: Mode::ReadOnly, duration_seconds: 600, extensions: 0 };
    world.server.answers("request-1", RequestState::Approved, Some(less));
    let told = until_told(&world, "Leo Brandt approved your request").await;
    assert!(told.body.starts_with("Less was approved than you asked for."), "{}", told.body);
    assert!(!format!("{told:?}").contains("Customer c1"), "who looks over the shoulder reads no customer's name");
    world.handle.command(Command::StartApproved { request: RequestId::new("request-1") });
    world.show_portal().await;
    assert_eq!(world.server.with(|state| state.started_with.clone()), Some(RequestId::new("request-1")));
}

#[tokio::test]
async fn nothing_starts_with_an_approval_that_is_not_there() {
    let world = asked().await;
    world.handle.command(Command::StartApproved { request: RequestId::new("request-1") });
    world.handle.command(Command::StartApproved { request: RequestId::new("another") });
    world.handle.command(Command::WithdrawRequest { request: RequestId::new("request-1"), reason: None });
    assert_eq!(until_done(&world, ActionKind::WithdrawRequest).await.error, None);
    world.until("withdrawn", |view| view.inbox.own[0].state == RequestState::Withdrawn).await;
    assert!(world.logged("start(").is_empty());
    assert!(titles(&world).is_empty(), "what one does oneself needs no word on the desktop");
}

#[tokio::test]
async fn a_lead_is_told_at_once_and_decides_from_the_window_never_from_the_word() {
    let world = World::online().await;
    world.server.asks("request-7");
    let told = until_told(&world, "Amy Lee asks for your approval").await;
    let opens = Opens::Request { id: RequestId::new("request-7") };
    assert_eq!(told.opens, opens);
    world.handle.host_event(HostEvent::NoticeOpened { opens: opens.clone() });
    world.until("it opens", |view| view.focus == Some(FocusView { number: 1, opens: opens.clone() })).await;
    assert_eq!(world.logged("raise_console").len(), 1);
    // A console that is drawn anew afterwards stays where it is.
    world.handle.command(Command::FocusFollowed { number: 1 });
    world.until("it was gone to", |view| view.focus.is_none()).await;
    assert!(world.server.with(|state| state.decisions.is_empty()));
    let less = Scope { mode: Mode::ReadOnly, duration_seconds: 600, extensions: 1 };
    let decide = |verdict, scope, comment: &str| Command::DecideRequest {
        request: RequestId::new("request-7"),
        verdict,
        scope,
        comment: comment.into(),
    };
    // Neither a denial without words nor more than was asked for leaves this program.
    world.handle.command(decide(Verdict::Deny, ASKED, ""));
    let refused = until_done(&world, ActionKind::DecideRequest).await.error.unwrap();
    assert_eq!(refused.code, UiErrorCode::Server(ErrorCode::ReasonTooShort));
    world.handle.command(decide(Verdict::Approve, Scope { extensions: 3, ..ASKED }, ""));
    world
        .until("more than was asked for", |view| {
            let error = view.action.as_ref().and_then(|action| action.error.as_ref());
            error.is_some_and(|error| error.code == UiErrorCode::Server(ErrorCode::DecisionInvalid))
        })
        .await;
    world.handle.command(decide(Verdict::Approve, less, ""));
    world.until("decided", |view| view.inbox.to_decide.is_empty()).await;
    let decision = world.server.with(|state| state.decisions[0].clone());
    assert_eq!((decision.verdict, decision.scope, decision.approver.as_str()), (Verdict::Approve, less, "staff-1"));
    assert_eq!(decision.reason_sha256, signing::reason_sha256(&world.server.a_request("x", "staff-2").reason));
    assert_eq!(decision.not_after, decision.signed_at.plus_seconds(120));
}

#[tokio::test]
async fn many_that_waited_are_one_word() {
    let world = World::online_with(|_, server, _| {
        for id in ["request-1", "request-2"] {
            let request = server.a_request(id, "staff-2");
            server.with(|state| state.to_decide.push(request));
        }
    })
    .await;
    let told = until_told(&world, "2 requests wait for your decision").await;
    assert_eq!(told.opens, Opens::Inbox {});
    world.server.asks("request-3");
    until_told(&world, "Amy Lee asks for your approval").await;
    assert_eq!(titles(&world).len(), 2);
}

#[tokio::test]
async fn what_lapses_soon_is_told_once_more() {
    let world = World::online().await;
    world.server.asks("request-7");
    until_told(&world, "Amy Lee asks for your approval").await;
    world.clock.advance_seconds(1_500);
    world
        .until_in_time("the last word", || titles(&world).iter().any(|told| told == "Amy Lee's request lapses soon"))
        .await;
    world.pass_seconds(20).await;
    assert_eq!(titles(&world).len(), 2);
}

#[tokio::test]
async fn whoever_stands_further_above_is_told_when_nobody_has_reacted() {
    let world = World::online().await;
    let request = RequestResponse { next_level: false, ..world.server.a_request("request-7", "staff-2") };
    world.server.with(|state| state.to_decide.push(request));
    world.server.push(ServerEvent::SnapshotChanged);
    world.until("it is in the inbox", |view| view.inbox.to_decide.len() == 1).await;
    assert!(titles(&world).is_empty());
    let now = world.clock.now();
    world.server.with(|state| state.to_decide[0].escalated_at = Some(now));
    world.server.push(ServerEvent::SnapshotChanged);
    until_told(&world, "Nobody has decided about Amy Lee's request").await;
}

#[tokio::test]
async fn a_denial_is_told_with_its_words_in_the_inbox() {
    let world = asked().await;
    world.server.answers("request-1", RequestState::Denied, None);
    until_told(&world, "Leo Brandt denied your request").await;
    let view = world.host.view();
    assert_eq!(view.inbox.own[0].decisions[0].comment, WORDS);
    assert!(view.card.unwrap().request.is_none(), "one may ask anew");
}

//! What became of a request: answered by somebody else before, or withdrawn by who had approved it.

use amberglass_app::{
    Command,
    view::{ActionKind, UiErrorCode},
};
use amberglass_domain::ports::Clock as _;
use amberglass_wire::{
    RequestId, SessionId, StaffId,
    approval::{DecisionResponse, RequestResponse, RequestState, Verdict},
    event_stream::ServerEvent,
    problem::ErrorCode,
};

use crate::{
    approving::{until_done, until_told},
    backend::FakeServer,
    world::World,
};

impl FakeServer {
    /// As Leo has answered it.
    fn by_leo(&self, id: &str, state: RequestState, verdict: Verdict) -> RequestResponse {
        let request = self.a_request(id, "staff-2");
        let decision = DecisionResponse {
            verdict,
            approver: StaffId::new("lead"),
            approver_name: "Leo Brandt".into(),
            scope: request.asked,
            comment: "Security handles this customer".into(),
            decided_at: self.clock.now(),
        };
        RequestResponse { state, may_decide: false, decisions: vec![decision], ..request }
    }
}

#[tokio::test]
async fn whoever_decides_too_late_sees_who_answered_and_how() {
    let world = World::online().await;
    world.server.asks("request-7");
    let view = world.until("it waits", |view| view.inbox.to_decide.len() == 1).await;
    let denied = world.server.by_leo("request-7", RequestState::Denied, Verdict::Deny);
    world.server.with(|state| state.faster = Some(denied.clone()));
    world.handle.command(Command::DecideRequest {
        request: RequestId::new("request-7"),
        verdict: Verdict::Approve,
        scope: view.inbox.to_decide[0].asked,
        comment: String::new(),
    });
    assert_eq!(until_done(&world, ActionKind::DecideRequest).await.error, None, "it is no error");
    let view = world.host.view();
    assert_eq!((view.inbox.to_decide.len(), view.inbox.answered), (0, Some(denied)));
}

#[tokio::test]
async fn what_went_from_the_list_is_looked_up_when_somebody_has_it_open() {
    let world = World::online().await;
    let approved = world.server.by_leo("request-7", RequestState::Approved, Verdict::Approve);
    world.server.with(|state| state.faster = Some(approved.clone()));
    world.handle.command(Command::LookUpRequest { request: RequestId::new("unknown") });
    world.handle.command(Command::LookUpRequest { request: RequestId::new("request-7") });
    let view = world.until("it is known", |view| view.inbox.answered.is_some()).await;
    assert_eq!(view.inbox.answered, Some(approved));
    assert_eq!(view.action, None);
}

#[tokio::test]
async fn an_approval_in_use_is_withdrawn_with_a_reason() {
    let world = World::online().await;
    let used = RequestResponse {
        session: Some(SessionId::new("session-9")),
        ..world.server.by_leo("request-7", RequestState::Used, Verdict::Approve)
    };
    world.server.with(|state| state.given = vec![used]);
    world.server.push(ServerEvent::SnapshotChanged);
    world.until("it is listed", |view| view.inbox.given.len() == 1).await;
    let withdraw = |reason: &str| Command::WithdrawRequest {
        request: RequestId::new("request-7"),
        reason: Some(reason.to_owned()),
    };
    world.handle.command(withdraw("stop"));
    let refused = until_done(&world, ActionKind::WithdrawRequest).await.error.unwrap();
    assert_eq!(refused.code, UiErrorCode::Server(ErrorCode::ReasonTooShort));
    world.handle.command(withdraw("The customer has called and wants it stopped"));
    let view = world.until("it is gone", |view| view.inbox.given.is_empty()).await;
    assert_eq!(view.inbox.answered.unwrap().state, RequestState::Withdrawn);
    world.server.asks("request-8");
    until_told(&world, "Amy Lee asks for your approval").await;
}

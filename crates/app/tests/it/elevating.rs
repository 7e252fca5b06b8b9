//! A write that the gateway has blocked: offered in the bar, asked for, and sent once it is approved.

use amberglass_app::{
    Command,
    view::{ConsoleView, ElevationStep, SessionWindowView, UiErrorCode},
};
use amberglass_domain::{
    approval::ONE_WRITE,
    device_key::verify,
    ports::{BackendError, Clock as _},
    signing,
};
use amberglass_wire::{
    EventId, RequestId, SessionId,
    approval::{RequestResponse, RequestState},
    elevation::{
        AskedWrite, BlockedWriteResponse, CannotAsk, SendOutcome, SendWriteRequest, SendWriteResponse, WriteResponse,
    },
    event_stream::ServerEvent,
    problem::ErrorCode,
};

use crate::{
    approving::until_told,
    backend::{FakeServer, refused},
    world::World,
};

const PAGE: &str = "/appointments?booked";

impl FakeServer {
    pub fn asked_for_write(&self, session: &SessionId, record: &EventId) -> RequestResponse {
        let asked = AskedWrite {
            record: record.clone(),
            method: "POST".into(),
            path: "/appointments".into(),
            operation: None,
            rule: "read-only-method".into(),
            sha256: "5e".repeat(32),
        };
        let write = WriteResponse {
            asked,
            session: session.clone(),
            session_code: "AG-7K3QX".into(),
            shown: None,
            sent_at: None,
            outcome: None,
        };
        let (session, write) = (Some(session.clone()), Some(write));
        let new = RequestResponse { asked: ONE_WRITE, session, write, ..self.a_request("write-1", "staff-1") };
        self.with(|state| state.requests.insert(0, new.clone()));
        new
    }

    /// On record as sent, and nothing came back yet.
    pub fn is_going(&self, id: &RequestId) {
        let now = self.clock.now();
        self.with(|state| {
            let request = state.requests.iter_mut().find(|request| request.id == *id).unwrap();
            request.state = RequestState::Used;
            request.write.as_mut().unwrap().sent_at = Some(now);
        });
        self.push(ServerEvent::SnapshotChanged);
    }

    pub fn write_sent(&self, id: &RequestId, signed: SendWriteRequest) -> Result<SendWriteResponse, BackendError> {
        let key = self.with(|state| state.device_key.clone().unwrap());
        let message = signing::send_write(&signed.device, id, &signed.write_sha256, signed.signed_at);
        verify(&key, &message, &signed.signature).expect("the device must sign what it sends");
        let now = self.clock.now();
        self.with(|state| {
            let request = state.requests.iter_mut().find(|request| request.id == *id);
            let request = request.ok_or_else(|| refused(ErrorCode::NotFound))?;
            request.state = RequestState::Used;
            let write = request.write.as_mut().unwrap();
            assert_eq!(write.asked.sha256, signed.write_sha256);
            (write.sent_at, write.outcome) = (Some(now), Some(SendOutcome::Answered { status: 303 }));
            state.sent.push(signed);
            Ok(SendWriteResponse { request: request.clone(), page: Some(PAGE.into()) })
        })
    }
}

fn blocked(record: &str, cannot_ask: Option<CannotAsk>) -> BlockedWriteResponse {
    let (method, path) = ("POST".into(), "/appointments".into());
    BlockedWriteResponse { record: EventId::new(record), method, path, cannot_ask }
}

fn step(world: &World) -> ElevationStep {
    world.host.window().unwrap().elevation.step
}

fn ask(record: &str) -> Command {
    Command::AskElevation { record: EventId::new(record) }
}

fn send() -> Command {
    Command::SendWrite { request: RequestId::new("write-1") }
}

/// The gateway has blocked it, and the server says so with its next answer to a heartbeat.
async fn with_blocked(record: &str, cannot_ask: Option<CannotAsk>) -> World {
    let world = World::in_session().await;
    world.server.with(|state| state.blocked_write = Some(blocked(record, cannot_ask)));
    world.pass_seconds(1).await;
    world.until_window("the blocked write", |view| view.elevation.step != ElevationStep::Nothing {}).await;
    world
}

async fn approved() -> World {
    let world = with_blocked("r1", None).await;
    world.handle.command(ask("r1"));
    let waits = |view: &SessionWindowView| matches!(view.elevation.step, ElevationStep::Waiting { .. });
    world.until_window("it is asked for", waits).await;
    world.server.answers("write-1", RequestState::Approved, Some(ONE_WRITE));
    let may_go = |view: &SessionWindowView| matches!(view.elevation.step, ElevationStep::Approved { .. });
    world.until_window("it is approved", may_go).await;
    world
}

#[tokio::test]
async fn a_blocked_write_is_asked_for_from_the_bar_and_sent_once_and_the_window_shows_what_came_of_it() {
    let world = approved().await;
    let told = until_told(&world, "Leo Brandt approved your request").await;
    assert!(told.body.starts_with("Send it from the bar"), "{}", told.body);
    let ElevationStep::Approved { by, what, .. } = step(&world) else { panic!() };
    assert_eq!((by.as_str(), what.as_str()), ("Leo Brandt", "POST /appointments"));
    assert!(world.logged("send_write").is_empty(), "nothing goes before somebody presses it");
    world.handle.command(send());
    world.handle.command(send());
    let sent = |view: &SessionWindowView| matches!(view.elevation.step, ElevationStep::Sent { .. });
    let view = world.until_window("it is sent", sent).await;
    let ElevationStep::Sent { outcome, .. } = view.elevation.step else { panic!() };
    assert_eq!(outcome, SendOutcome::Answered { status: 303 });
    assert_eq!(world.logged("show_page"), [format!("show_page {PAGE}")]);
    world.handle.command(send());
    world.handle.command(Command::DismissWrite {});
    world.until_window("the row goes", |view| view.elevation.step == ElevationStep::Nothing {}).await;
    assert_eq!(world.server.with(|state| state.sent.len()), 1);
}

#[tokio::test]
async fn while_a_write_is_on_its_way_nobody_says_that_no_answer_came() {
    let world = approved().await;
    world.server.with(|state| state.hold_send = true);
    world.handle.command(send());
    let used = |view: &ConsoleView| view.inbox.own.iter().any(|own| own.state == RequestState::Used);
    world.until("the snapshot to say that it is used", used).await;
    let view = world.window_now().await;
    assert!(matches!(view.elevation.step, ElevationStep::Approved { .. }), "{:?}", view.elevation.step);
    assert!(view.elevation.busy);
    world.server.held_send.notify_one();
    let sent = |view: &SessionWindowView| matches!(view.elevation.step, ElevationStep::Sent { .. });
    let ElevationStep::Sent { outcome, .. } = world.until_window("it is sent", sent).await.elevation.step else {
        panic!()
    };
    assert_eq!(outcome, SendOutcome::Answered { status: 303 });
}

#[tokio::test]
async fn only_what_the_bar_shows_is_asked_for() {
    let world = with_blocked("r1", None).await;
    // The page has provoked another one while somebody reached for the button.
    world.server.with(|state| state.blocked_write = Some(blocked("r2", None)));
    world.pass_seconds(1).await;
    let is_other = |view: &SessionWindowView| matches!(&view.elevation.step, ElevationStep::Blocked { record, .. } if record.as_str() == "r2");
    world.until_window("the other one", is_other).await;
    world.handle.command(ask("r1"));
    world.handle.command(ask("unknown"));
    assert!(!world.window_now().await.elevation.busy);
    assert!(world.logged("ask_elevation").is_empty());
    world.handle.command(ask("r2"));
    world.until_true("asked", || world.logged("ask_elevation") == ["ask_elevation(r2)"]).await;
}

#[tokio::test]
async fn what_can_not_be_asked_for_says_why_and_is_not_asked_for() {
    let world = with_blocked("r1", Some(CannotAsk::NeverList)).await;
    let ElevationStep::Blocked { cannot_ask, .. } = step(&world) else { panic!() };
    assert_eq!(cannot_ask, Some(CannotAsk::NeverList));
    world.handle.command(ask("r1"));
    assert!(!world.window_now().await.elevation.busy);
    assert!(world.logged("ask_elevation").is_empty());
    world.handle.command(Command::DismissWrite {});
    world.until_window("the row goes", |view| view.elevation.step == ElevationStep::Nothing {}).await;
    world.pass_seconds(1).await;
    assert_eq!(step(&world), ElevationStep::Nothing {}, "the same one does not come back");
}

#[tokio::test]
async fn a_question_that_fails_says_so_and_can_be_asked_again() {
    let world = with_blocked("r1", None).await;
    world.server.fail("ask_elevation", refused(ErrorCode::Unavailable));
    world.handle.command(ask("r1"));
    let failed = |view: &SessionWindowView| view.elevation.error.is_some() && !view.elevation.busy;
    let view = world.until_window("the error", failed).await;
    assert_eq!(view.elevation.error.unwrap().code, UiErrorCode::Server(ErrorCode::Unavailable));
    world.handle.command(ask("r1"));
    let waits = |view: &SessionWindowView| matches!(view.elevation.step, ElevationStep::Waiting { .. });
    assert_eq!(world.until_window("asked", waits).await.elevation.error, None);
}

#[tokio::test]
async fn what_was_sent_without_an_answer_is_learned_from_the_server_and_not_sent_again() {
    let world = approved().await;
    world.server.with(|state| state.lose_answer = Some("send_write"));
    world.handle.command(send());
    let sent = |view: &SessionWindowView| matches!(view.elevation.step, ElevationStep::Sent { .. });
    world.until_window("the snapshot says that it was sent", sent).await;
    world.handle.command(send());
    assert!(!world.window_now().await.elevation.busy);
    assert_eq!(world.server.with(|state| state.sent.len()), 1);
    assert!(world.logged("show_page").is_empty());
}

#[tokio::test]
async fn nothing_is_asked_for_or_sent_without_an_approval_or_without_a_session() {
    let world = with_blocked("r1", None).await;
    world.handle.command(send());
    world.handle.command(ask("r1"));
    let waits = |view: &SessionWindowView| matches!(view.elevation.step, ElevationStep::Waiting { .. });
    world.until_window("asked", waits).await;
    world.handle.command(send());
    world.server.answers("write-1", RequestState::Denied, None);
    let denied = |view: &SessionWindowView| matches!(view.elevation.step, ElevationStep::Denied { .. });
    world.until_window("denied", denied).await;
    world.handle.command(send());
    // And an approved write is none with which a session could begin.
    world.handle.command(Command::StartApproved { request: RequestId::new("write-1") });
    assert!(!world.window_now().await.elevation.busy);
    assert!(world.logged("send_write").is_empty());
    assert_eq!(world.logged("start(").len(), 1, "the one that runs");
}

#[tokio::test]
async fn while_the_connection_is_lost_nothing_is_sent_and_the_bar_can_say_so() {
    let world = approved().await;
    assert!(!world.window_now().await.elevation.paused);
    world.server.set_online(false);
    world.clock.advance_seconds(5);
    world.until_window("the line is lost", |view| view.elevation.paused).await;
    world.handle.command(send());
    let view = world.window_now().await;
    assert!(!view.elevation.busy && world.logged("send_write").is_empty());
}

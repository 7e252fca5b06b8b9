//! One masked field: offered where the portal's rules let something be shown, asked for with a reason of its own, said on the bar.

use amberglass_app::{
    Command,
    view::{ConsoleErrorCode, SessionWindowView, UiErrorCode},
};
use amberglass_domain::ports::Clock as _;
use amberglass_wire::{problem::ErrorCode, session::PolicyAnswer, unmasking::MaskedFieldResponse};

use crate::{
    backend::{refused, unreachable},
    world::World,
};

const WHY: &str = "She reads the number to me";

fn field(pointer: &str) -> MaskedFieldResponse {
    MaskedFieldResponse {
        rule: "bank-details".into(),
        pointer: pointer.into(),
        path: "/api/bank".into(),
        why: None,
        answer: PolicyAnswer::Allowed,
        rules: vec!["masked-fields-are-shown-on-a-reason".into()],
        shown_until: None,
    }
}

fn unmask(pointer: &str, text: &str) -> Command {
    Command::UnmaskField { rule: "bank-details".into(), pointer: pointer.into(), text: text.into() }
}

async fn in_session() -> World {
    let masked = |state: &mut crate::backend::State| state.masked = vec![field("/iban"), field("/cards/*/number")];
    let world = World::online_with(|_, server, _| server.with(masked)).await;
    world.start("c1").await;
    world.show_portal().await;
    world
}

async fn with_open_row() -> World {
    let world = in_session().await;
    world.handle.command(Command::OpenUnmask {});
    world.until_window("the fields", |view| view.unmask.open && !view.unmask.loading).await;
    world
}

/// With this word and no earlier one.
async fn until_failed(world: &World, code: UiErrorCode) {
    let failed = |view: &SessionWindowView| {
        !view.unmask.busy && view.unmask.error.as_ref().is_some_and(|error| error.code == code)
    };
    let view = world.until_window("the error", failed).await;
    assert!(view.unmask.open && view.unmask.shown.is_none(), "the row stays with what was typed");
}

#[tokio::test]
async fn one_of_the_fields_that_are_listed_is_shown_and_the_row_says_until_when() {
    let world = with_open_row().await;
    let view = world.host.window().unwrap();
    assert!(view.unmask.offered);
    assert_eq!(view.unmask.fields, [field("/iban"), field("/cards/*/number")]);
    world.handle.command(unmask("/iban", &format!(" {WHY} ")));
    let view = world.until_window("that it is shown", |view| view.unmask.shown.is_some()).await;
    let until = world.clock.now().plus_seconds(300);
    let shown = view.unmask.shown.unwrap();
    assert_eq!((shown.rule.as_str(), shown.pointer.as_str(), shown.until), ("bank-details", "/iban", until));
    assert_eq!((view.unmask.fields[0].shown_until, view.unmask.fields[1].shown_until), (Some(until), None));
    assert!(view.unmask.open && !view.unmask.busy);
    assert_eq!(world.logged("unmask("), [format!("unmask(bank-details /iban: {WHY})")]);
    world.handle.command(Command::ReloadPage {});
    world.window_now().await;
    assert_eq!(world.logged("show_again"), ["show_again"]);
    world.handle.command(Command::CloseUnmask {});
    let view = world.until_window("closed", |view| !view.unmask.open).await;
    assert!(view.unmask.shown.is_none() && view.unmask.fields.is_empty());
}

#[tokio::test]
async fn where_the_portals_rules_show_nothing_nothing_is_offered() {
    let world = World::in_session().await;
    assert!(!world.host.window().unwrap().unmask.offered);
    world.handle.command(Command::OpenUnmask {});
    world.handle.command(unmask("/iban", WHY));
    assert!(!world.window_now().await.unmask.open);
    assert!(world.logged("masked_fields(").is_empty() && world.logged("unmask(").is_empty());
}

#[tokio::test]
async fn a_field_that_is_not_listed_and_a_reason_that_says_nothing_of_it_never_reach_the_server() {
    let world = with_open_row().await;
    world.handle.command(unmask("/secret", WHY));
    let own = world.server.with(|state| state.sessions[0].reason.text.to_uppercase());
    let texts = [("short", ErrorCode::ReasonTooShort), (own.as_str(), ErrorCode::ReasonIsFiller)];
    for (text, code) in texts {
        world.handle.command(unmask("/iban", text));
        let told = |view: &SessionWindowView| {
            view.unmask.error.as_ref().is_some_and(|error| error.code == UiErrorCode::Server(code))
        };
        assert!(world.until_window("refused", told).await.unmask.open);
    }
    assert!(world.logged("unmask(").is_empty());
}

#[tokio::test]
async fn a_refusal_stays_in_the_row_with_words_and_an_answer_that_is_lost_is_no_second_question() {
    let world = with_open_row().await;
    world.server.fail("unmask_field", refused(ErrorCode::Forbidden));
    world.handle.command(unmask("/iban", WHY));
    until_failed(&world, UiErrorCode::Server(ErrorCode::Forbidden)).await;
    world.server.with(|state| state.lose_answer = Some("unmask_field"));
    world.server.fail_after_lost("unmask_field", unreachable());
    world.server.fail("session", unreachable());
    world.handle.command(unmask("/iban", WHY));
    until_failed(&world, UiErrorCode::Console(ConsoleErrorCode::ServerUnreachable)).await;
    world.handle.command(unmask("/iban", WHY));
    world.until_window("that it is shown", |view| view.unmask.shown.is_some()).await;
    assert_eq!(world.server.with(|state| state.unmasked.len()), 1, "with the same words it is the same question");
}

#[tokio::test]
async fn the_bar_has_room_for_one_row() {
    let world = with_open_row().await;
    world.handle.command(Command::OpenExtend {});
    world.until_window("more time", |view| view.extend.open && !view.unmask.open).await;
    world.handle.command(Command::OpenUnmask {});
    world.until_window("the fields", |view| view.unmask.open && !view.extend.open).await;
}

#[tokio::test]
async fn what_may_be_shown_and_is_not_known_is_said_in_the_row() {
    let world = in_session().await;
    world.server.fail("masked_fields", unreachable());
    world.handle.command(Command::OpenUnmask {});
    let failed = |view: &SessionWindowView| view.unmask.error.is_some() && !view.unmask.loading;
    let view = world.until_window("the error", failed).await;
    assert!(view.unmask.open && view.unmask.fields.is_empty());
}

//! A masked value, from the button in the bar to the page and the record.

use amberglass_app::Command;
use amberglass_domain::ports::Clock as _;
use amberglass_tests::{world::World, world_record::body};
use amberglass_wire::audit::{EventDetail, UnmaskedField};
use reqwest::Method;

use crate::telling::until_delivered;

const WHY: &str = "She asks which number the groomer rings";

async fn phone(world: &World) -> String {
    let answer = world.ask(Method::GET, "/api/me", false).await;
    let me: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
    me["phone"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_masked_value_is_seen_after_a_reason_was_given_in_the_bar_and_the_trail_says_so() {
    let world = World::in_session(1800).await;
    assert_eq!(phone(&world).await, "••••");
    world.until_window("the button", |view| view.unmask.offered).await;
    world.handle.command(Command::OpenUnmask {});
    let view = world.until_window("the fields", |view| view.unmask.open && !view.unmask.loading).await;
    let [field] = view.unmask.fields.as_slice() else { panic!("{:?}", view.unmask) };
    let (rule, pointer) = (field.rule.clone(), field.pointer.clone());
    let unmask = Command::UnmaskField { rule: rule.clone(), pointer: pointer.clone(), text: WHY.into() };
    world.line.lose_answers("POST /v1/sessions/", 1);
    world.handle.command(unmask);
    let view = world.until_window("that it is shown", |view| view.unmask.shown.is_some()).await;
    let until = view.unmask.shown.unwrap().until;
    assert_eq!((world.line.lost(), until), (1, world.clock.now().plus_seconds(300)));
    assert!(phone(&world).await.starts_with("555"));
    world.pass_seconds(301).await;
    assert_eq!(phone(&world).await, "••••");

    let session = world.session();
    let log = until_delivered(&world, "window_opened").await;
    let details: Vec<EventDetail> = log.of_server().into_iter().map(|record| body(record).detail).collect();
    let asked = EventDetail::FieldUnmasked { rule: rule.clone(), pointer: pointer.clone(), reason: WHY.into(), until };
    assert_eq!(details.iter().filter(|detail| **detail == asked).count(), 1, "once, though an answer was lost");
    let shown: Vec<Vec<UnmaskedField>> = details
        .into_iter()
        .filter_map(|detail| {
            let EventDetail::PageViewed { path, unmasked, .. } = detail else { return None };
            (path == "/api/me").then_some(unmasked)
        })
        .collect();
    assert_eq!(shown, [vec![], vec![UnmaskedField { rule, pointer }], vec![]]);

    world.handle.command(Command::OpenTrail { session });
    let view = world.until("the trail", |view| view.trail.as_ref().is_some_and(|trail| !trail.loading)).await;
    let trail = view.trail.unwrap();
    let of = |kind: &str, what: &str| {
        let lines = trail.events.iter().filter(|line| line.kind == kind && line.what == what);
        lines.map(|line| line.because.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("field_unmasked", "phone-number /phone"), [WHY]);
    assert_eq!(of("page_viewed", "/api/me"), ["", "phone-number /phone", ""]);
}

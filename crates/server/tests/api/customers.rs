//! Customers: search, card, and what the policy says before one clicks.

use amberglass_wire::{
    customer::{CustomerCardResponse, CustomerListResponse},
    problem::ErrorCode,
    session::{Mode, PolicyAnswer, StartOptionsResponse},
};
use reqwest::StatusCode;

use crate::world::{ADA, JANE, World, customer, json, problem};

#[tokio::test]
async fn customers_are_found_at_the_portal() {
    let world = World::new().await;
    let amy = world.amy().await;
    let jane = customer(&world.clock, |customer| customer.id == JANE);
    let response =
        world.get(&amy, "/v1/customers").query(&[("portal", "barkside"), ("query", &jane.email)]).send().await.unwrap();
    let found: CustomerListResponse = json(response, StatusCode::OK).await;
    assert_eq!(found.customers[0].id.as_str(), JANE);
    assert_eq!(found.customers[0].name, jane.name);
    let response =
        world.get(&amy, "/v1/customers").query(&[("portal", "barkside"), ("query", "")]).send().await.unwrap();
    let all: CustomerListResponse = json(response, StatusCode::OK).await;
    assert!(all.customers.len() == 50 && all.truncated);
}

#[tokio::test]
async fn the_card_says_who_looked_last() {
    let world = World::new().await;
    let amy = world.amy().await;
    let path = format!("/v1/portals/barkside/customers/{JANE}");
    let card: CustomerCardResponse = json(world.get(&amy, &path).send().await.unwrap(), StatusCode::OK).await;
    assert_eq!((card.portal_name.as_str(), card.last_looked), ("Barkside", None));
    let started = world.start(&amy).await;
    // Started is not looked: nobody entered yet.
    let card: CustomerCardResponse = json(world.get(&amy, &path).send().await.unwrap(), StatusCode::OK).await;
    assert_eq!(card.last_looked, None);
    let request = world.entry_request(&amy, &started.session.id, &started.grant.unwrap());
    assert_eq!(world.try_enter(&amy, &started.session.id, &request).await.status(), StatusCode::OK);
    let card: CustomerCardResponse = json(world.get(&amy, &path).send().await.unwrap(), StatusCode::OK).await;
    let looked = card.last_looked.unwrap();
    assert_eq!((looked.staff_name.as_str(), looked.session_code), ("Amy Lee", started.session.code));
}

#[tokio::test]
async fn what_is_not_there_is_said_so() {
    let world = World::new().await;
    let amy = world.amy().await;
    let table = [
        ("/v1/portals/barkside/customers/9999", ErrorCode::CustomerUnknown),
        ("/v1/portals/elsewhere/customers/1042", ErrorCode::PortalUnknown),
        ("/v1/customers?portal=elsewhere&query=x", ErrorCode::PortalUnknown),
        ("/v1/start-options?portal=barkside&customer=9999", ErrorCode::CustomerUnknown),
    ];
    for (path, code) in table {
        problem(world.get(&amy, path).send().await.unwrap(), StatusCode::NOT_FOUND, code).await;
    }
}

#[tokio::test]
async fn the_start_sheet_knows_the_policys_answer() {
    let world = World::new().await;
    let (amy, ada) = (world.amy().await, world.sign_in(ADA, 2).await);
    let sensitive = customer(&world.clock, |customer| customer.class == "sensitive" && customer.active);
    let options = async |console, id: &str| -> StartOptionsResponse {
        let query = [("portal", "barkside"), ("customer", id)];
        json(world.get(console, "/v1/start-options").query(&query).send().await.unwrap(), StatusCode::OK).await
    };
    let jane = options(&amy, JANE).await;
    let answers: Vec<_> = jane.modes.iter().map(|option| (option.mode, option.answer)).collect();
    assert_eq!(answers, [(Mode::ReadOnly, PolicyAnswer::Allowed), (Mode::ReadWrite, PolicyAnswer::NeedsApproval)]);
    assert_eq!(jane.modes[0].rules, ["agents-start-read-only"]);
    assert_eq!((jane.default_duration_seconds, jane.max_duration_seconds), (1800, 3600));
    assert!(jane.reason_codes.iter().any(|code| code.code == "billing" && code.ticket_required));
    assert!(jane.running.is_none());
    assert_eq!(options(&amy, &sensitive.id).await.modes[0].answer, PolicyAnswer::NeedsApproval);
    assert_eq!(options(&ada, JANE).await.modes[0].answer, PolicyAnswer::Refused);
    let started = world.start(&amy).await;
    assert_eq!(options(&amy, JANE).await.running.unwrap().id, started.session.id);
}

#[tokio::test]
async fn a_portal_that_does_not_answer_is_named_as_the_cause() {
    let mut world = World::new().await;
    let amy = world.amy().await;
    world.close_portal().await;
    let search = world.get(&amy, "/v1/customers?portal=barkside&query=jane").send().await.unwrap();
    problem(search, StatusCode::SERVICE_UNAVAILABLE, ErrorCode::PortalUnreachable).await;
}

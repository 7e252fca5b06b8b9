//! Several decide, withdraw and let lapse at the same moment: one of them was first, and everybody is told the same.

use amberglass_wire::{
    approval::{RequestResponse, RequestState, Verdict},
    auth::Role,
};
use reqwest::StatusCode;
use sqlx::Row as _;

use crate::{
    approvals::Asking,
    world::{Console, World, json},
};

const ROUNDS: u32 = 200;
/// Well within the life of a token, and of a fresh sign-in.
const ROUNDS_PER_SIGN_IN: u32 = 100;
const KIM: &str = "kim@amberglass.example";

/// Ways that the record of one request may have gone, each with what the request is by it.
const WAYS: [(&[&str], RequestState); 5] = [
    (&["approval_requested", "approval_decided"], RequestState::Approved),
    (&["approval_requested", "approval_decided"], RequestState::Denied),
    (&["approval_requested", "approval_withdrawn"], RequestState::Withdrawn),
    (&["approval_requested", "approval_lapsed"], RequestState::Lapsed),
    // Approved first, and taken back by who had asked.
    (&["approval_requested", "approval_decided", "approval_withdrawn"], RequestState::Withdrawn),
];

#[tokio::test(flavor = "multi_thread")]
async fn of_leads_who_decide_an_agent_who_withdraws_and_time_that_runs_out_one_is_first() {
    let world = World::with(|config| config.limits.request_seconds = 1).await;
    world.add_staff(KIM, Role::Lead).await;
    let mut asking = Asking::in_world(world).await;
    let mut kim = asking.world.sign_in(KIM, 20).await;
    let mut seen = Vec::new();
    for round in 0..ROUNDS {
        if round > 0 && round % ROUNDS_PER_SIGN_IN == 0 {
            asking.sign_in_again().await;
            kim = asking.world.sign_in(KIM, 21).await;
        }
        let asked = asking.try_ask(&asking.amy, &format!("round-{round}")).await;
        let request: RequestResponse = json(asked, StatusCode::CREATED).await;
        let told = at_once(&asking, &kim, &request, round).await;
        let last = asking.request(&asking.amy, &request.id).await;
        let kinds = kinds_about(&asking, &request).await;
        let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
        assert!(WAYS.contains(&(kinds.as_slice(), last.state)), "round {round}: {kinds:?} and {:?}", last.state);
        assert!(last.decisions.len() <= 1, "round {round}: {:?}", last.decisions);
        for told in told {
            // Who came before the agent took it back was told of the approval as it was then.
            let then = last.state == RequestState::Withdrawn && told.state == RequestState::Approved;
            assert!(then || told.state == last.state, "round {round}: {:?} and {:?}", told.state, last.state);
            assert_eq!(told.decisions, last.decisions, "round {round}");
        }
        for lead in [&asking.leo, &asking.sana, &kim] {
            assert_eq!(asking.request(lead, &request.id).await.state, last.state, "round {round}");
        }
        // So that the next round can ask for the same customer.
        asking.withdraw(&asking.amy, &request.id, None).await;
        seen.push(last.state);
    }
    for state in [RequestState::Approved, RequestState::Denied, RequestState::Withdrawn, RequestState::Lapsed] {
        println!("{}: {}", state.as_str(), seen.iter().filter(|seen| **seen == state).count());
    }
}

/// What each was told. Who begins changes from round to round, or the same one would always be first.
async fn at_once(asking: &Asking, kim: &Console, request: &RequestResponse, round: u32) -> Vec<RequestResponse> {
    let decide = async |lead: &Console, verdict: Verdict| {
        let decision = asking.decision(lead, request, verdict, request.asked);
        json(asking.try_decide(lead, &decision).await, StatusCode::OK).await
    };
    let withdraw = async || json(asking.withdraw(&asking.amy, &request.id, None).await, StatusCode::OK).await;
    let lapse = async || {
        // In one round of four time runs out while they are at it.
        if round % 4 == 0 {
            asking.world.clock.advance_millis(1_000);
        }
    };
    let (approve, deny) = (Verdict::Approve, Verdict::Deny);
    match round % 3 {
        0 => {
            let ((), a, b, c, d) = tokio::join!(
                lapse(),
                decide(&asking.leo, approve),
                decide(&asking.sana, deny),
                decide(kim, approve),
                withdraw(),
            );
            vec![a, b, c, d]
        }
        1 => {
            let (a, b, c, d, ()) = tokio::join!(
                withdraw(),
                decide(&asking.sana, deny),
                decide(kim, approve),
                decide(&asking.leo, approve),
                lapse(),
            );
            vec![a, b, c, d]
        }
        _ => {
            let (a, b, (), c, d) = tokio::join!(
                decide(kim, approve),
                decide(&asking.leo, deny),
                lapse(),
                withdraw(),
                decide(&asking.sana, approve),
            );
            vec![a, b, c, d]
        }
    }
}

async fn kinds_about(asking: &Asking, request: &RequestResponse) -> Vec<String> {
    let pool = asking.world.database().await;
    let rows = sqlx::query("SELECT kind FROM audit_events WHERE body LIKE $1 ORDER BY position")
        .bind(format!("%{}%", request.id))
        .fetch_all(&pool)
        .await
        .unwrap();
    let kinds = rows.iter().map(|row| row.get("kind")).collect();
    pool.close().await;
    kinds
}

//! Leads who decide, an agent who withdraws and time that runs out, all at the same moment, at one server or at two.

use amberglass_wire::{
    approval::{RequestResponse, RequestState, Verdict},
    auth::Role,
};
use reqwest::StatusCode;
use sqlx::Row as _;

use crate::{
    asking::Asking,
    world::{Console, World, json},
};

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

/// Amy asks, and Leo, Sana and Kim decide.
pub struct Race {
    asking: Asking,
    kim: Console,
    /// Leo and Kim are at the second.
    servers: [String; 2],
}

impl Race {
    /// In a world in which a request lapses after a second.
    pub async fn new(world: World, servers: [String; 2]) -> Self {
        world.add_staff(KIM, Role::Lead).await;
        let asking = Asking::in_world(world).await;
        let kim = asking.world.sign_in(KIM, 20).await;
        Self { asking, kim, servers }
    }

    pub async fn run(&mut self, rounds: u32) {
        for round in 0..rounds {
            if round > 0 && round.is_multiple_of(ROUNDS_PER_SIGN_IN) {
                self.asking.sign_in_again().await;
                self.kim = self.asking.world.sign_in(KIM, 21).await;
            }
            self.round(round).await;
        }
    }

    async fn round(&self, round: u32) {
        let asking = &self.asking;
        let asked = asking.try_ask(&asking.amy, &format!("round-{round}")).await;
        let request: RequestResponse = json(asked, StatusCode::CREATED).await;
        let told = self.at_once(&request, round).await;
        let last = asking.request(&asking.amy, &request.id).await;
        let kinds = self.kinds_about(&request).await;
        let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
        assert!(WAYS.contains(&(kinds.as_slice(), last.state)), "round {round}: {kinds:?} and {:?}", last.state);
        assert!(last.decisions.len() <= 1, "round {round}: {:?}", last.decisions);
        for told in told {
            // Who came before the agent took it back was told of the approval as it was then.
            let then = last.state == RequestState::Withdrawn && told.state == RequestState::Approved;
            assert!(then || told.state == last.state, "round {round}: {:?} and {:?}", told.state, last.state);
            assert_eq!(told.decisions, last.decisions, "round {round}");
        }
        for server in &self.servers {
            for lead in [&asking.leo, &asking.sana, &self.kim] {
                let url = format!("{server}/v1/requests/{}", request.id);
                let read = asking.world.client.get(url).bearer_auth(&lead.tokens.access_token).send().await.unwrap();
                let read: RequestResponse = json(read, StatusCode::OK).await;
                assert_eq!((read.state, &read.decisions), (last.state, &last.decisions), "round {round} at {server}");
            }
        }
        // So that the next round can ask for the same customer.
        asking.withdraw(&asking.amy, &request.id, None).await;
    }

    /// What each was told. Who begins changes from round to round, or the same one would always be first.
    async fn at_once(&self, request: &RequestResponse, round: u32) -> Vec<RequestResponse> {
        let (asking, [first, second]) = (&self.asking, &self.servers);
        let decide = async |server: &str, lead: &Console, verdict: Verdict| {
            let decision = asking.decision(lead, request, verdict, request.asked);
            json(asking.try_decide_at(server, lead, &decision).await, StatusCode::OK).await
        };
        let withdraw = async || json(asking.withdraw(&asking.amy, &request.id, None).await, StatusCode::OK).await;
        let lapse = async || {
            // In one round of four time runs out while they are at it.
            if round.is_multiple_of(4) {
                asking.world.clock.advance_millis(1_000);
            }
        };
        let (approve, deny) = (Verdict::Approve, Verdict::Deny);
        match round % 3 {
            0 => {
                let ((), a, b, c, d) = tokio::join!(
                    lapse(),
                    decide(second, &asking.leo, approve),
                    decide(first, &asking.sana, deny),
                    decide(second, &self.kim, approve),
                    withdraw(),
                );
                vec![a, b, c, d]
            }
            1 => {
                let (a, b, c, d, ()) = tokio::join!(
                    withdraw(),
                    decide(first, &asking.sana, deny),
                    decide(second, &self.kim, approve),
                    decide(second, &asking.leo, approve),
                    lapse(),
                );
                vec![a, b, c, d]
            }
            _ => {
                let (a, b, (), c, d) = tokio::join!(
                    decide(second, &self.kim, approve),
                    decide(second, &asking.leo, deny),
                    lapse(),
                    withdraw(),
                    decide(first, &asking.sana, approve),
                );
                vec![a, b, c, d]
            }
        }
    }

    async fn kinds_about(&self, request: &RequestResponse) -> Vec<String> {
        let pool = self.asking.world.database().await;
        let rows = sqlx::query("SELECT kind FROM audit_events WHERE body LIKE $1 ORDER BY position")
            .bind(format!("%{}%", request.id))
            .fetch_all(&pool)
            .await
            .unwrap();
        let kinds = rows.iter().map(|row| row.get("kind")).collect();
        pool.close().await;
        kinds
    }
}

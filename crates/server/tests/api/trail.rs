//! The audit log: whole, append-only, and shown to those who may see it.

use amberglass_domain::chain;
use amberglass_wire::{event_stream::ChainHead, problem::ErrorCode};
use reqwest::StatusCode;
use sqlx::Row as _;

use crate::world::{ADA, LEO, SANA, World, problem};

#[tokio::test]
async fn the_servers_chain_is_whole_over_a_restart() {
    let mut world = World::new().await;
    let mut amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    world.stop_server().await;
    world.start_server().await;
    world.refresh(&mut amy).await;
    world.end(&amy, &id).await;
    verify(&world).await;
}

/// All that the log holds, by its own hashes and by what the server knows of its chain.
async fn verify(world: &World) {
    let head = world.server().state().audit.head();
    let rows = sqlx::query("SELECT * FROM audit_events ORDER BY seq").fetch_all(&world.database().await).await.unwrap();
    assert_eq!(head.seq, i64::try_from(rows.len()).unwrap());
    let writer: String = rows[0].get("writer");
    let verified = rows.iter().fold(ChainHead::default(), |head, row| {
        let record = amberglass_wire::audit::ChainedRecord {
            writer: row.get("writer"),
            seq: row.get("seq"),
            id: amberglass_wire::EventId(row.get("id")),
            session: row.get::<Option<String>, _>("session").map(amberglass_wire::SessionId),
            occurred_at: amberglass_wire::UnixMillis(row.get("occurred_at")),
            monotonic_millis: row.get("monotonic_millis"),
            kind: row.get("kind"),
            prev_hash: row.get("prev_hash"),
            commitment: row.get("commitment"),
            salt: row.get("salt"),
            body: row.get("body"),
            hash: row.get("hash"),
        };
        chain::verify_next(&writer, &head, &record).unwrap()
    });
    assert_eq!(verified, head);
}

#[tokio::test]
async fn appends_from_many_tasks_share_the_chain_without_gaps() {
    let world = World::new().await;
    let audit = &world.server().state().audit;
    let before = audit.head().seq;
    let appends = (0..200).map(|n| {
        let detail = amberglass_wire::audit::EventDetail::SignInFailed { email_hash: n.to_string() };
        audit.append(amberglass_wire::audit::EventSubject::default(), detail)
    });
    let mut seqs: Vec<i64> =
        futures_util::future::join_all(appends).await.into_iter().map(|record| record.unwrap().seq).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (before + 1..=before + 200).collect::<Vec<_>>());
    assert_eq!(audit.head().seq, before + 200);
}

#[tokio::test]
async fn appends_and_the_transactions_of_others_in_between_share_the_chain() {
    let world = World::new().await;
    let amy = world.amy().await;
    let audit = &world.server().state().audit;
    let append = async |n: i32| {
        let detail = amberglass_wire::audit::EventDetail::SignInFailed { email_hash: n.to_string() };
        audit.append(amberglass_wire::audit::EventSubject::default(), detail).await.unwrap();
    };
    let appends = futures_util::future::join_all((0..20).map(async |task| {
        for n in 0..20 {
            append(task * 20 + n).await;
        }
    }));
    let transactions = async {
        let id = world.start(&amy).await.session.id;
        for (seed, email) in [(2, LEO), (3, SANA), (4, ADA)] {
            world.sign_in(email, seed).await;
        }
        world.end(&amy, &id).await;
    };
    futures_util::future::join(appends, transactions).await;
    assert_eq!(world.count_events("sign_in_failed").await, 400);
    assert_eq!(world.count_events("session_ended").await, 1);
    verify(&world).await;
}

#[tokio::test]
async fn a_trail_is_for_its_owner_leads_and_security() {
    let world = World::new().await;
    let amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    for (seed, email, allowed) in [(2, LEO, true), (3, SANA, true), (4, ADA, false)] {
        let other = world.sign_in(email, seed).await;
        for path in [format!("/v1/sessions/{id}/trail"), format!("/v1/sessions/{id}"), "/v1/sessions?scope=all".into()]
        {
            let response = world.get(&other, &path).send().await.unwrap();
            if allowed {
                assert_eq!(response.status(), StatusCode::OK, "{email} {path}");
            } else if path.contains("scope=all") {
                problem(response, StatusCode::FORBIDDEN, ErrorCode::Forbidden).await;
            } else {
                // Not even that it exists.
                problem(response, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
            }
        }
    }
    let missing = world.get(&amy, "/v1/sessions/none/trail").send().await.unwrap();
    problem(missing, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
}

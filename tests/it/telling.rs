//! What several stories ask of the record.

use amberglass_tests::{
    world::World,
    world_record::{AuditLog, body, kinds},
};
use amberglass_wire::{audit::EventDetail, session::EndedBy};

/// Waits until the server holds a record of this kind from the console; time goes on meanwhile. Whatever the story is, console
/// and server agree about it.
pub async fn until_delivered(world: &World, kind: &str) -> AuditLog {
    let what = format!("the console's record {kind} at the server");
    let log = world
        .pass_until(&what, 120, async || {
            let log = world.audit_log().await;
            kinds(log.of_consoles()).contains(&kind).then_some(log)
        })
        .await;
    for raised in ["chain_contradicted", "session_mismatch", "journal_replaced"] {
        assert_eq!(count(&log, raised), 0, "{raised}");
    }
    log
}

/// By whom the server wrote that sessions ended, once for each end on record.
pub fn ends(log: &AuditLog) -> Vec<EndedBy> {
    log.of_server()
        .into_iter()
        .filter_map(|record| {
            let EventDetail::SessionEnded { ended_by, .. } = body(record).detail else { return None };
            Some(ended_by)
        })
        .collect()
}

pub fn count(log: &AuditLog, kind: &str) -> usize {
    log.writers.values().flatten().filter(|record| record.kind == kind).count()
}

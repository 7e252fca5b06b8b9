//! The policy's files are looked at while the server runs. What has changed and is understood is put in force: on record first,
//! then running sessions and open requests are decided again. What is not understood changes nothing, and security is told.

use std::sync::Arc;

use amberglass_wire::audit::{EventDetail, EventSubject};
use tokio_util::sync::CancellationToken;

use crate::{
    ServerState,
    audit::AuditError,
    policy::{Policy, PolicyError, Reload},
    watch::{until_the_next_look, what_is_wrong},
};

pub(crate) async fn run(state: Arc<ServerState>, stop: CancellationToken) {
    // What began by the former policy while the new one was put in force is decided again by the look after.
    let mut decide_again = false;
    while until_the_next_look(&*state.clock, &stop).await {
        let changed = match state.policy.look() {
            Reload::Nothing => false,
            Reload::Changed(policy) => put(&state, policy).await,
            Reload::Refused { hash, error } => {
                refuse(&state, hash, &error).await;
                false
            }
        };
        if changed || decide_again {
            decide_again = changed;
            if let Err(error) = state.sessions.decide_again(&state.policy.now()).await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "running sessions could not be decided again"
                );
                decide_again = true;
            }
        }
    }
}

/// False when it could not be recorded: the former one stays in force, and the next look tries again.
async fn put(state: &ServerState, policy: Arc<Policy>) -> bool {
    match note(state, policy.hash()).await {
        Ok(()) => {
            tracing::info!(policy = policy.hash(), "another policy is in force");
            state.policy.put(policy);
            true
        }
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a changed policy is not put in force unrecorded"
            );
            false
        }
    }
}

/// Puts on record by which policy this server goes from here on, if it is another one than before, also before it was started.
///
/// # Errors
/// When that cannot be recorded.
pub(crate) async fn note(state: &ServerState, hash: &str) -> Result<(), AuditError> {
    let mut tx = state.store.begin().await?;
    let server = state.audit.writer();
    let from = tx.policy_of(server).await?;
    if from.as_deref() == Some(hash) {
        return Ok(());
    }
    tx.keep_policy_of(server, hash, state.clock.now()).await?;
    let detail = EventDetail::PolicyChanged { from, to: hash.to_owned() };
    state.audit.append_in(&mut tx, EventSubject::default(), detail).await?;
    Ok(tx.commit().await?)
}

async fn refuse(state: &ServerState, refused: Option<String>, error: &PolicyError) {
    let what = what_is_wrong(error);
    tracing::error!(what, "a changed policy is not put in force; the former one stays");
    let in_force = state.policy.now().hash().to_owned();
    let detail = EventDetail::PolicyRefused { in_force, refused: refused.clone(), what };
    if let Err(error) = state.audit.raise_refused_policy(refused.as_deref(), detail).await {
        tracing::error!(error = &error as &dyn std::error::Error, "a refused policy could not be put on record");
        state.policy.forget_refused();
    }
}

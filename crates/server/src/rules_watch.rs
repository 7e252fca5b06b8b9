//! The files of portals' rules are looked at while the server runs. What has changed and is understood is put in force, on record
//! first. What is not understood changes nothing, and security is told.

use std::sync::Arc;

use amberglass_wire::{
    PortalId,
    audit::{EventDetail, EventSubject},
};
use tokio_util::sync::CancellationToken;

use crate::{
    ServerState,
    audit::AuditError,
    portals::{Look, Rules, RulesFileError},
    watch::{until_the_next_look, what_is_wrong},
};

pub(crate) async fn run(state: Arc<ServerState>, stop: CancellationToken) {
    let portals: Vec<PortalId> = state.rules.portals().cloned().collect();
    while until_the_next_look(&*state.clock, &stop).await {
        for portal in &portals {
            match state.rules.look(portal) {
                Look::Nothing => {}
                Look::Changed(rules) => put(&state, portal, rules).await,
                Look::Refused { hash, error } => refuse(&state, portal, hash, &error).await,
            }
        }
    }
}

/// What can't be recorded is not put in force; the next look tries again.
async fn put(state: &ServerState, portal: &PortalId, rules: Arc<Rules>) {
    match note(state, portal, &rules).await {
        Ok(()) => {
            tracing::info!(%portal, rules = rules.hash, "other rules are in force");
            state.rules.put(portal, rules);
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(%portal, error, "changed rules are not put in force unrecorded");
        }
    }
}

/// Puts on record by which rules this server goes from here on, for every portal where they are others than before.
///
/// # Errors
/// When that cannot be recorded.
pub(crate) async fn note_all(state: &ServerState) -> Result<(), AuditError> {
    for portal in state.rules.portals() {
        note(state, portal, &state.rules.now(portal)).await?;
    }
    Ok(())
}

async fn note(state: &ServerState, portal: &PortalId, rules: &Rules) -> Result<(), AuditError> {
    let mut tx = state.store.begin().await?;
    let server = state.audit.writer();
    let from = tx.rules_of(server, portal).await?;
    // A portal whose file was taken away is one without rules again.
    let to = match (&from, &rules.hash) {
        (None, None) => return Ok(()),
        (_, hash) => hash.clone().unwrap_or_default(),
    };
    if from.as_ref() == Some(&to) {
        return Ok(());
    }
    tx.keep_rules_of(server, portal, &to, state.clock.now()).await?;
    let detail = EventDetail::RulesChanged { from, to, overrides: rules.overrides() };
    state.audit.append_in(&mut tx, subject_of(portal), detail).await?;
    Ok(tx.commit().await?)
}

async fn refuse(state: &ServerState, portal: &PortalId, refused: Option<String>, error: &RulesFileError) {
    let what = what_is_wrong(error);
    tracing::error!(%portal, what, "changed rules are not put in force; the former ones stay");
    let in_force = state.rules.now(portal).hash.clone().unwrap_or_default();
    let detail = EventDetail::RulesRefused { in_force, refused, what };
    if let Err(error) = state.audit.raise_refused_rules(portal, detail).await {
        tracing::error!(error = &error as &dyn std::error::Error, "refused rules could not be put on record");
        state.rules.forget_refused(portal);
    }
}

fn subject_of(portal: &PortalId) -> EventSubject {
    EventSubject { portal: Some(portal.clone()), ..EventSubject::default() }
}

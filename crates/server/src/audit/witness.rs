//! Consoles keep the checkpoints that servers have signed, and deliver them as witnesses: a log that was put back does not
//! hold what they name.

use amberglass_domain::checkpoint::TrustedKeys;
use amberglass_wire::audit::Contradiction;

use super::alarms::Contradicted;
use crate::store::{StoreError, Tx};

/// What the log holds otherwise than a server's own signed note says, or no longer. A note that no known server has signed
/// says nothing.
pub(super) async fn contradictions(
    tx: &mut Tx,
    servers: &TrustedKeys,
    note: &str,
) -> Result<Vec<Contradicted>, StoreError> {
    let checkpoint = match servers.checkpoint(note) {
        Ok(checkpoint) => checkpoint,
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a console keeps a note that no known server signed"
            );
            return Ok(Vec::new());
        }
    };
    let mut found = Vec::new();
    for known in checkpoint.heads {
        let held = tx.chain_head_of(&known.writer).await?;
        let cause = if held.seq < known.head.seq {
            Some(Contradiction::RolledBack)
        } else {
            // One that is gone by retention stands below what is held.
            let hash = tx.held_hash(&known.writer, known.head.seq).await?;
            hash.is_some_and(|hash| hash != known.head.hash).then_some(Contradiction::Fork)
        };
        if let Some(cause) = cause {
            found.push(Contradicted { writer: known.writer, cause, held, shown: known.head });
        }
    }
    Ok(found)
}

/// This server's own key, and those of all servers that ever worked on this database. Whoever takes the latter out of it
/// silences no witness of the former.
pub(super) async fn servers(tx: &mut Tx, own: String) -> Result<TrustedKeys, StoreError> {
    let mut servers = TrustedKeys::default();
    for key in [own].into_iter().chain(tx.signer_keys().await?) {
        if let Err(error) = servers.add(&key) {
            tracing::error!(error = &error as &dyn std::error::Error, "a server's key cannot be read");
        }
    }
    Ok(servers)
}

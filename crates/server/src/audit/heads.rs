//! Heads that devices show of their chains with every heartbeat: a chain that was put back, or written anew, shows another
//! past than the one that its device had signed before.
//!
//! A contradiction freezes nothing: the gateway puts all that is looked at on record by itself, and a session that somebody at
//! work needs must not hang on a console's disk. Whoever the alarm reaches ends it.

use amberglass_domain::chain::{number_in_device, writer_of_chain};
use amberglass_wire::{
    DeviceId, UnixMillis,
    audit::{Contradiction, EventDetail, EventSubject},
    event_stream::ChainHead,
};

use super::{AuditError, AuditLog, alarms::Contradicted};
use crate::store::{DeviceHeadRow, StoreError, Tx};

/// How far the clock of a heartbeat may be off, and how long one may be on its way behind a later one or behind the delivery
/// of the record after its head, before it means something.
const SLACK_MILLIS: i64 = 10_000;
/// A chain that was put back shows another head with every record that it adds: the first alarm says it all until somebody
/// has looked.
const MOST_OF_A_KIND: u32 = 1;

/// Chains that a device may lose one after the other before anything of them is known here.
const MOST_LOST: u32 = 100;

/// Whether a device may have come to a chain of this number, by those that it has shown or delivered.
pub(super) async fn may_have_begun(tx: &mut Tx, device: &DeviceId, number: u32) -> Result<bool, StoreError> {
    let least = number.saturating_sub(MOST_LOST);
    if least <= 1 || tx.last_device_head(device).await?.is_some_and(|last| number_in_device(&last.writer) >= least) {
        return Ok(true);
    }
    // The one before, for every device that is not lying.
    for earlier in (least..number).rev() {
        if tx.chain_head_of(&writer_of_chain(device.as_str(), earlier)).await?.seq > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

impl AuditLog {
    /// Whether a look would find anything new; without the write lock.
    pub(crate) async fn head_is_known(
        &self,
        device: &DeviceId,
        writer: &str,
        head: &ChainHead,
    ) -> Result<bool, StoreError> {
        let last = self.shared.store.last_device_head(device).await?;
        Ok(head.seq == 0 || last.is_some_and(|last| last.writer == writer && last.head == *head))
    }

    /// Compares the head that `device` shows of its chain `writer` with what it has shown before and with what is held, and
    /// keeps it. An empty head says nothing: a console whose journal cannot be opened has no other one to show.
    pub(crate) async fn look_at_head_in(
        &self,
        tx: &mut Tx,
        device: &DeviceId,
        writer: &str,
        shown: &ChainHead,
        signed_at: UnixMillis,
    ) -> Result<(), AuditError> {
        if shown.seq == 0 {
            return Ok(());
        }
        let last = tx.last_device_head(device).await?;
        let held = tx.held_around(writer, shown.seq).await?;
        let number = number_in_device(writer);
        let of_earlier = last.as_ref().filter(|last| number_in_device(&last.writer) > number);
        let of_same = last.as_ref().filter(|last| last.writer == writer);
        if of_same.is_none() && held.hash.is_none() && !may_have_begun(tx, device, number).await? {
            tracing::warn!(writer, "no chain of this device that is known comes near this one; its head is not kept");
            return Ok(());
        }
        let is_after = |at: UnixMillis| signed_at.since(at) > SLACK_MILLIS;
        let found = if held.hash.as_ref().is_some_and(|hash| *hash != shown.hash) {
            Some((Contradiction::Fork, tx.chain_head_of(writer).await?))
        } else if let Some(last) = of_earlier {
            // It had begun a later chain already.
            is_after(last.signed_at).then(|| (Contradiction::RolledBack, last.head.clone()))
        } else if held
            .next_received_at
            .is_some_and(|at| signed_at.min(self.shared.clock.now()).since(at) > SLACK_MILLIS)
        {
            Some((Contradiction::RolledBack, tx.chain_head_of(writer).await?))
        } else if let Some(last) = of_same.filter(|last| last.head.seq >= shown.seq) {
            let before = tx.device_heads_between(writer, shown.seq, shown.seq).await?;
            if before.iter().any(|before| before.hash != shown.hash) {
                Some((Contradiction::Fork, last.head.clone()))
            } else {
                let is_lower = last.head.seq > shown.seq && is_after(last.signed_at);
                is_lower.then(|| (Contradiction::RolledBack, last.head.clone()))
            }
        } else {
            None
        };
        if let Some((cause, held)) = found {
            let found = Contradicted { writer: writer.to_owned(), cause, held, shown: shown.clone() };
            return self.contradict_in(tx, Some(device), &found, MOST_OF_A_KIND).await;
        }
        if of_earlier.is_none() && of_same.is_none_or(|last| last.head.seq < shown.seq) {
            let row =
                DeviceHeadRow { device: device.clone(), writer: writer.to_owned(), head: shown.clone(), signed_at };
            tx.insert_device_head(&row).await?;
            if held.hash.is_some() {
                tx.forget_device_heads(writer, shown.seq).await?;
            }
        }
        Ok(())
    }

    /// Puts the furthest head that the session's device has shown on record, so that what it had written by then cannot be cut
    /// off unseen. Nothing while it has shown none.
    pub(crate) async fn note_head_in(&self, tx: &mut Tx, subject: &EventSubject) -> Result<(), AuditError> {
        let Some(device) = &subject.device else { return Ok(()) };
        let Some(DeviceHeadRow { writer, head, .. }) = tx.last_device_head(device).await? else { return Ok(()) };
        self.append_in(tx, subject.clone(), EventDetail::DeviceHeadNoted { writer, head }).await?;
        Ok(())
    }
}

//! What does not agree goes on record, and as an alarm to those who may see alarms.
//!
//! The same thing is raised once, so that a console that tries again and again floods nothing, and so is more about the same
//! matter while many of it wait for somebody to look.

use amberglass_domain::chain::device_of;
use amberglass_wire::{
    DeviceId, EventId, PortalId, StaffId,
    audit::{ChainedRecord, Contradiction, EventDetail, EventSubject},
    event_stream::ChainHead,
};
use tokio::sync::broadcast;

use super::{AuditError, AuditLog};
use crate::store::{AlarmTopic, Hint, StoreError, Tx};

/// Hints that wait for a slow listener; who falls behind looks all the same.
pub(super) const HINTS: usize = 16;
/// Unseen alarms about one matter, such as the forks that one device shows. More of the same tell nobody more.
pub(super) const MOST_OF_A_KIND: u32 = 16;

/// Two things that cannot both be true of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contradicted {
    pub writer: String,
    pub cause: Contradiction,
    pub held: ChainHead,
    pub shown: ChainHead,
}

const fn word(cause: Contradiction) -> &'static str {
    match cause {
        Contradiction::Fork => "fork",
        Contradiction::Gap => "gap",
        Contradiction::RolledBack => "rolled_back",
        Contradiction::Altered => "altered",
        Contradiction::Replayed => "replayed",
    }
}

impl AuditLog {
    /// Hints that an alarm was raised or looked at, or that there is news.
    pub(crate) fn alarms(&self) -> broadcast::Receiver<()> {
        self.shared.alarms.subscribe()
    }

    /// Another server on the same database says so, or a look at the log.
    pub(crate) fn hear_of_alarms(&self) {
        // Nobody listening is fine: a hint is no more than that.
        drop(self.shared.alarms.send(()));
    }

    fn tell_of_alarms(&self, tx: &mut Tx) {
        tx.tell_others(Hint::Alarms);
        let log = self.clone();
        tx.after_commit(move || log.hear_of_alarms());
    }

    /// Records it and raises it, unless it was raised before or `most` about the same matter wait for somebody to look.
    pub(super) async fn raise_in(
        &self,
        tx: &mut Tx,
        subject: EventSubject,
        detail: EventDetail,
        topic: &AlarmTopic,
        most: u32,
    ) -> Result<bool, AuditError> {
        let before = tx.raised_before(topic).await?;
        if before.same || before.open >= most {
            return Ok(false);
        }
        let record = self.append_in(tx, subject, detail).await?;
        self.raise_record_in(tx, &record.id, topic).await?;
        Ok(true)
    }

    async fn raise_record_in(&self, tx: &mut Tx, event: &EventId, topic: &AlarmTopic) -> Result<(), StoreError> {
        tx.insert_alarm(event, topic, self.shared.clock.now()).await?;
        self.tell_of_alarms(tx);
        Ok(())
    }

    /// A record of a device is an alarm as it stands.
    pub(super) async fn raise_delivered_in(
        &self,
        tx: &mut Tx,
        record: &ChainedRecord,
        topic: &AlarmTopic,
    ) -> Result<(), StoreError> {
        let before = tx.raised_before(topic).await?;
        if !before.same && before.open < MOST_OF_A_KIND {
            self.raise_record_in(tx, &record.id, topic).await?;
        }
        Ok(())
    }

    /// Where this server's own chain is not what it was, nothing can be added to it: that stands in the program's log, and the
    /// caller's work goes on.
    pub(super) async fn contradict_in(
        &self,
        tx: &mut Tx,
        device: Option<&DeviceId>,
        found: &Contradicted,
        most: u32,
    ) -> Result<(), AuditError> {
        let Contradicted { writer, cause, held, shown } = found;
        tracing::error!(writer, cause = word(*cause), held = held.seq, shown = shown.seq, "a chain contradicts itself");
        // A device may name as many chains as there are numbers: all of them are one matter, and so is what it says of others.
        let whose = device.map_or(writer.as_str(), DeviceId::as_str);
        let topic = AlarmTopic {
            kind: "chain_contradicted",
            about: format!("chain_contradicted {} {whose}", word(*cause)),
            shown: format!("{writer} {} {}", shown.seq, shown.hash),
            device: device.cloned(),
        };
        let subject = EventSubject { device: device.cloned(), ..EventSubject::default() };
        let detail = EventDetail::ChainContradicted {
            writer: writer.clone(),
            cause: *cause,
            held: held.clone(),
            shown: shown.clone(),
        };
        match self.raise_in(tx, subject, detail, &topic, most).await {
            Ok(_) => Ok(()),
            Err(error @ AuditError::HeadLost { .. }) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a contradiction could not be put on record");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// In a transaction of its own, after what showed it was refused. The refusal stands whether or not it can be recorded.
    pub(super) async fn contradict(&self, device: Option<&DeviceId>, found: &Contradicted) {
        let recorded = async {
            let mut tx = self.shared.store.begin().await?;
            self.contradict_in(&mut tx, device, found, MOST_OF_A_KIND).await?;
            Ok::<_, AuditError>(tx.commit().await?)
        };
        if let Err(error) = recorded.await {
            tracing::error!(error = &error as &dyn std::error::Error, "a contradiction could not be put on record");
            self.failed();
        }
    }

    /// Changed files of the policy were not put in force: once for each text of them.
    ///
    /// # Errors
    /// When it cannot be put on record.
    pub(crate) async fn raise_refused_policy(
        &self,
        refused: Option<&str>,
        detail: EventDetail,
    ) -> Result<(), AuditError> {
        let mut tx = self.shared.store.begin().await?;
        let topic = AlarmTopic {
            kind: "policy_refused",
            about: format!("policy_refused {}", self.shared.writer),
            shown: refused.unwrap_or("unreadable").to_owned(),
            device: None,
        };
        self.raise_in(&mut tx, EventSubject::default(), detail, &topic, MOST_OF_A_KIND).await?;
        Ok(tx.commit().await?)
    }

    /// Changed rules of a portal were not put in force. Each time on record, and as an alarm while not too many wait.
    ///
    /// # Errors
    /// When it cannot be put on record.
    pub(crate) async fn raise_refused_rules(&self, portal: &PortalId, detail: EventDetail) -> Result<(), AuditError> {
        let mut tx = self.shared.store.begin().await?;
        let subject = EventSubject { portal: Some(portal.clone()), ..EventSubject::default() };
        let record = self.append_in(&mut tx, subject, detail).await?;
        let topic = AlarmTopic {
            kind: "rules_refused",
            about: format!("rules_refused {} {portal}", self.shared.writer),
            shown: record.id.to_string(),
            device: None,
        };
        if tx.raised_before(&topic).await?.open < MOST_OF_A_KIND {
            self.raise_record_in(&mut tx, &record.id, &topic).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Somebody has looked at it; who did so first stands. False when there is no such alarm or it was looked at before.
    ///
    /// # Errors
    /// When it cannot be put on record; the alarm stays open then.
    pub async fn acknowledge(&self, by: Option<&StaffId>, alarm: &EventId, note: &str) -> Result<bool, AuditError> {
        let mut tx = self.shared.store.begin().await?;
        if !tx.acknowledge_alarm(alarm, by, note, self.shared.clock.now()).await? {
            return Ok(false);
        }
        let subject = tx.subject_of_alarm(alarm).await?;
        let detail = EventDetail::AlarmAcknowledged { by: by.cloned(), alarm: alarm.clone(), note: note.to_owned() };
        self.append_in(&mut tx, subject, detail).await?;
        self.tell_of_alarms(&mut tx);
        tx.commit().await?;
        Ok(true)
    }
}

/// What a record says of its place, as it may stand on record: nothing of any length that its writer makes up.
pub(super) fn shown_of(record: &ChainedRecord) -> ChainHead {
    ChainHead { seq: record.seq, hash: if is_hash(&record.hash) { record.hash.clone() } else { String::new() } }
}

pub(crate) fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A device whose chain this is; nobody's for a server's.
pub(super) fn device_of_writer(writer: &str) -> Option<DeviceId> {
    (!writer.starts_with("server:")).then(|| DeviceId::new(device_of(writer)))
}

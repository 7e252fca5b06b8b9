//! Records that consoles deliver: continuity checked from the head that is held, stored all or not at all.
//!
//! What does not agree with what is held, or with what the device has shown before, is refused, and on record as an alarm.

use amberglass_domain::{
    chain::{self, ChainError, device_of, number_in_device, writer_of_chain},
    checkpoint::CheckpointError,
};
use amberglass_wire::{
    DeviceId, EventId, UnixMillis,
    audit::{ChainedRecord, Contradiction, EventBody, EventDetail},
    event_stream::ChainHead,
};

use super::{
    AuditError, AuditLog,
    alarms::{Contradicted, MOST_OF_A_KIND, device_of_writer, is_hash, shown_of},
    heads::may_have_begun,
    said::{Known, body_of},
    witness,
};
use crate::store::{AlarmTopic, CheckpointRow, RecordRow, StoreError, Tx};

const ID_TAKEN: &str = "its id stands on another record";
const NOT_OF_THIS_DEVICE: &str = "it is not one of this device";

/// Why a batch was not stored. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    #[error("the batch does not continue what is held")]
    Gap { held: ChainHead },
    #[error("a record differs from the one that is held under its number")]
    Fork { held: ChainHead },
    #[error("record {seq} is not valid: {why}")]
    Invalid { seq: i64, why: &'static str, held: ChainHead },
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Audit(#[from] AuditError),
}

/// What a delivery came to.
#[derive(Debug)]
pub struct Delivered {
    /// Of the chain, afterwards.
    pub held: ChainHead,
    /// The same, signed by this server; nothing while nothing is held.
    pub checkpoint: Option<String>,
}

/// A device's own signature under the end of one of its chains, already found to be one.
#[derive(Debug)]
pub struct Vouched {
    pub writer: String,
    pub head: ChainHead,
    pub note: String,
}

/// A refusal, and what it shows of the chain, if it shows more than a mistake.
struct Refused {
    error: DeliveryError,
    contradiction: Option<Box<Contradicted>>,
}

impl<E: Into<DeliveryError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self { error: error.into(), contradiction: None }
    }
}

/// One chain of a device, as far as it is held.
struct Chain<'a> {
    device: &'a DeviceId,
    writer: &'a str,
    held: ChainHead,
}

impl Chain<'_> {
    fn invalid(&self, record: &ChainedRecord, why: &'static str) -> Refused {
        DeliveryError::Invalid { seq: record.seq, why, held: self.held.clone() }.into()
    }

    fn contradicted(&self, error: DeliveryError, cause: Contradiction, record: &ChainedRecord) -> Refused {
        let (writer, held) = (self.writer.to_owned(), self.held.clone());
        let found = Contradicted { writer, cause, held, shown: shown_of(record) };
        Refused { error, contradiction: Some(Box::new(found)) }
    }

    fn altered(&self, record: &ChainedRecord, why: &'static str) -> Refused {
        let error = DeliveryError::Invalid { seq: record.seq, why, held: self.held.clone() };
        self.contradicted(error, Contradiction::Altered, record)
    }

    fn fork(&self, record: &ChainedRecord) -> Refused {
        self.contradicted(DeliveryError::Fork { held: self.held.clone() }, Contradiction::Fork, record)
    }

    /// A record of another chain. Another device's is one that was taken from there, or made up.
    async fn foreign(&self, tx: &mut Tx, record: &ChainedRecord) -> Result<Refused, StoreError> {
        if device_of(&record.writer) == self.device.as_str() {
            return Ok(self.invalid(record, "a batch holds records of one chain"));
        }
        let refused = self.invalid(record, NOT_OF_THIS_DEVICE);
        // Only names that stand in the log are repeated there.
        let held = tx.chain_head_of(&record.writer).await?;
        let writer = if held.seq > 0 { record.writer.clone() } else { self.writer.to_owned() };
        let found = Contradicted { writer, cause: Contradiction::Replayed, held, shown: shown_of(record) };
        Ok(Refused { contradiction: Some(Box::new(found)), ..refused })
    }

    /// The record as the next link of what is held and of those before it.
    fn next(&self, head: &ChainHead, record: &ChainedRecord) -> Result<ChainHead, Refused> {
        chain::verify_next(self.writer, head, record).map_err(|error| match error {
            // What an honest console sends has no holes; a beginning that comes too late is sent again from further down.
            ChainError::Gap { .. } if *head != self.held => {
                self.contradicted(DeliveryError::Gap { held: self.held.clone() }, Contradiction::Gap, record)
            }
            ChainError::Gap { .. } => DeliveryError::Gap { held: self.held.clone() }.into(),
            // The first new record names another predecessor than the one we hold: the device has two pasts.
            ChainError::Unlinked { .. } if *head == self.held => self.fork(record),
            ChainError::Unlinked { .. } => self.altered(record, "it does not name the record before it"),
            ChainError::WrongHash { .. } => self.altered(record, "it does not match its own hash"),
            ChainError::WrongCommitment { .. } => self.altered(record, "its body is not the one committed to"),
            ChainError::ForeignWriter { .. } => self.invalid(record, NOT_OF_THIS_DEVICE),
        })
    }

    /// A later chain says in its first record, and nowhere else, that it takes the place of the one before. That one may be
    /// held, or in part, or nothing of it, and may be continued after: evidence is never refused for its age.
    fn replaces(&self, record: &ChainedRecord, body: &EventBody) -> Result<(), Refused> {
        let number = number_in_device(self.writer);
        let is_beginning = record.seq == 1 && number > 1;
        let replaced = if let EventDetail::JournalReplaced { former, .. } = &body.detail { Some(former) } else { None };
        let before = writer_of_chain(self.device.as_str(), number.saturating_sub(1));
        match replaced {
            None if is_beginning => {
                Err(self.invalid(record, "a later chain begins with what became of the one before"))
            }
            None => Ok(()),
            Some(former) if is_beginning && *former == before => Ok(()),
            Some(_) if is_beginning => {
                Err(self.invalid(record, "it takes the place of another chain than the one before"))
            }
            Some(_) => Err(self.invalid(record, "only the first record of a later chain takes the place of another")),
        }
    }
}

/// By whom a batch is vouched for.
enum Signed {
    /// By its device; nothing new without.
    Delivered(Option<Vouched>),
    /// By the operator who gave the file.
    Recovered,
}

impl AuditLog {
    /// Stores what is new of `records`, all of one chain of the device, and answers with what is held of that chain
    /// afterwards. Records that are held already are compared and passed over, so a batch may be sent again.
    ///
    /// What is new must be signed by the device, so that nobody can say later that it was not.
    ///
    /// # Errors
    /// When the batch leaves a gap, contradicts what is held, or a record is not what it says.
    pub async fn deliver(
        &self,
        device: &DeviceId,
        records: &[ChainedRecord],
        vouched: Option<Vouched>,
        received_at: UnixMillis,
    ) -> Result<Delivered, DeliveryError> {
        let taken = self.take(device, records, Signed::Delivered(vouched), received_at).await;
        self.settled(device, taken).await
    }

    /// As [`Self::deliver`], from a file whose device can't sign any more.
    ///
    /// # Errors
    /// As there.
    pub async fn recover(
        &self,
        device: &DeviceId,
        records: &[ChainedRecord],
        received_at: UnixMillis,
    ) -> Result<Delivered, DeliveryError> {
        let taken = self.take(device, records, Signed::Recovered, received_at).await;
        self.settled(device, taken).await
    }

    /// What a refusal shows of the chain goes on record.
    async fn settled(&self, device: &DeviceId, taken: Result<Delivered, Refused>) -> Result<Delivered, DeliveryError> {
        match taken {
            Ok(delivered) => Ok(delivered),
            Err(Refused { error, contradiction }) => {
                if let Some(found) = contradiction {
                    self.contradict(Some(device), &found).await;
                }
                Err(error)
            }
        }
    }

    async fn take(
        &self,
        device: &DeviceId,
        records: &[ChainedRecord],
        signed: Signed,
        received_at: UnixMillis,
    ) -> Result<Delivered, Refused> {
        let (vouched, must_be_signed) = match signed {
            Signed::Delivered(vouched) => (vouched, true),
            Signed::Recovered => (None, false),
        };
        let mut tx = self.shared.store.begin().await?;
        let named = records.first().map(|record| &record.writer).or(vouched.as_ref().map(|vouched| &vouched.writer));
        let writer =
            named.filter(|writer| device_of(writer) == device.as_str()).map_or(device.as_str(), String::as_str);
        let chain = Chain { device, writer, held: tx.chain_head_of(writer).await? };
        let held = &chain.held;
        let mut head = held.clone();
        let mut known = Known::default();
        let mut new_records = Vec::new();
        for record in records {
            if record.writer != writer {
                return Err(chain.foreign(&mut tx, record).await?);
            }
            if record.seq < 1 {
                return Err(chain.invalid(record, NOT_OF_THIS_DEVICE));
            }
            if record.seq <= held.seq {
                // Same number, same hash: the header, the predecessor and the commitment are the same.
                if !tx.holds(writer, record.seq, &record.hash).await? {
                    return Err(chain.fork(record));
                }
                continue;
            }
            head = match chain.next(&head, record) {
                Ok(next) => next,
                Err(refused) => return Err(self.lost_by_us(&mut tx, &chain, refused).await?),
            };
            let body = body_of(record).map_err(|why| chain.invalid(record, why))?;
            if let Some(why) = known.overreach(&mut tx, device, &body).await? {
                return Err(chain.invalid(record, why));
            }
            if !known.ids.insert(&record.id) {
                return Err(chain.invalid(record, ID_TAKEN));
            }
            chain.replaces(record, &body)?;
            if record.seq == 1 && !may_have_begun(&mut tx, device, number_in_device(writer)).await? {
                return Err(chain.invalid(record, "no chain of this device that is known comes near its number"));
            }
            new_records.push((record, body));
        }
        let ids: Vec<&EventId> = new_records.iter().map(|(record, _)| &record.id).collect();
        if let Some(taken) = tx.event_id_held(&ids).await? {
            let seq = new_records.iter().find(|(record, _)| record.id == taken).map_or(0, |(record, _)| record.seq);
            return Err(DeliveryError::Invalid { seq, why: ID_TAKEN, held: held.clone() }.into());
        }
        for shown in tx.device_heads_between(writer, held.seq.saturating_add(1), head.seq).await? {
            let delivered = new_records.iter().find(|(record, _)| record.seq == shown.seq);
            if let Some((record, _)) = delivered.filter(|(record, _)| record.hash != shown.hash) {
                return Err(chain.fork(record));
            }
        }
        let new = head != *held;
        if must_be_signed && new && vouched.is_none() {
            let why = "its device has not signed it";
            return Err(DeliveryError::Invalid { seq: head.seq, why, held: held.clone() }.into());
        }
        let rows: Vec<RecordRow<'_>> = new_records
            .iter()
            .map(|(record, body)| RecordRow { record, subject: &body.subject, is_page: false, received_at })
            .collect();
        tx.insert_records(&rows).await?;
        if new {
            tx.forget_device_heads(writer, head.seq).await?;
        }
        if let Some(Vouched { head: signed, note, .. }) = vouched.as_ref().filter(|_| new) {
            if *signed != head {
                let why = "its device signed another end";
                return Err(DeliveryError::Invalid { seq: signed.seq, why, held: held.clone() }.into());
            }
            let (signer, writer) = (device.0.clone(), writer.to_owned());
            let (head, note) = (signed.clone(), note.clone());
            tx.insert_checkpoint(&CheckpointRow { signer, writer, head, issued_at: received_at, note }).await?;
        }
        for (record, body) in &new_records {
            self.heed(&mut tx, device, record, &body.detail).await?;
        }
        let checkpoint = self.sign_delivery(&mut tx, writer, &head, new).await?;
        tx.commit().await?;
        Ok(Delivered { held: head, checkpoint })
    }

    /// A gap that a console cannot fill by sending again what it has: this server has signed records of the chain that its
    /// log does not hold any more.
    async fn lost_by_us(&self, tx: &mut Tx, chain: &Chain<'_>, refused: Refused) -> Result<Refused, StoreError> {
        if refused.contradiction.is_some() || !matches!(refused.error, DeliveryError::Gap { .. }) {
            return Ok(refused);
        }
        let signed = tx.signed_beyond(chain.writer, chain.held.seq).await?;
        let (writer, held) = (chain.writer.to_owned(), chain.held.clone());
        let cause = Contradiction::RolledBack;
        let found = signed.map(|shown| Box::new(Contradicted { writer, cause, held, shown }));
        Ok(Refused { contradiction: found, ..refused })
    }

    /// What a console has to say of chains: its own, and those of servers.
    async fn heed(
        &self,
        tx: &mut Tx,
        device: &DeviceId,
        record: &ChainedRecord,
        detail: &EventDetail,
    ) -> Result<(), AuditError> {
        if let EventDetail::JournalReplaced { former, seq, hash, .. } = detail {
            let topic = AlarmTopic {
                kind: "journal_replaced",
                about: format!("journal_replaced {device}"),
                shown: record.writer.clone(),
                device: Some(device.clone()),
            };
            self.raise_delivered_in(tx, record, &topic).await?;
            if tx.held_hash(former, *seq).await?.is_some_and(|held| held != *hash) {
                let (held, cause) = (tx.chain_head_of(former).await?, Contradiction::Fork);
                let hash = if is_hash(hash) { hash.clone() } else { String::new() };
                let found = Contradicted { writer: former.clone(), cause, held, shown: ChainHead { seq: *seq, hash } };
                self.contradict_in(tx, Some(device), &found, MOST_OF_A_KIND).await?;
            }
        } else if let EventDetail::ServerContradicted { signer, shown, .. } = detail {
            let topic = AlarmTopic {
                kind: "server_contradicted",
                about: format!("server_contradicted {device}"),
                shown: format!("{signer} {} {}", shown.seq, shown.hash),
                device: Some(device.clone()),
            };
            self.raise_delivered_in(tx, record, &topic).await?;
        } else if let EventDetail::CheckpointWitnessed { note } = detail {
            let servers = witness::servers(tx, self.shared.signer.verifier_key()).await?;
            for found in witness::contradictions(tx, &servers, note).await? {
                let whose = device_of_writer(&found.writer);
                self.contradict_in(tx, whose.as_ref(), &found, MOST_OF_A_KIND).await?;
            }
        }
        Ok(())
    }
}

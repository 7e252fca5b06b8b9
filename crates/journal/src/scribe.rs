//! Makes records out of events: everything but the place in the chain.

use std::sync::Arc;

use amberglass_domain::{
    chain::UnlinkedRecord,
    ports::{Clock, Entropy, uuid_v7},
};
use amberglass_wire::{
    DeviceId, EventId,
    audit::{EventBody, EventDetail, EventSubject},
};

use crate::JournalError;

pub(crate) struct Scribe {
    pub(crate) device: DeviceId,
    /// Name and version of the program, as it stands in records that the journal makes by itself.
    pub(crate) client: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Scribe {
    pub(crate) fn unlinked(&self, body: &EventBody) -> Result<UnlinkedRecord, JournalError> {
        let (clock, entropy) = (self.clock.as_ref(), self.entropy.as_ref());
        let mut salt = [0; 16];
        entropy.fill(&mut salt);
        Ok(UnlinkedRecord {
            id: EventId::new(uuid_v7(clock, entropy)),
            session: body.subject.session.clone(),
            occurred_at: clock.now(),
            monotonic_millis: clock.monotonic_millis(),
            kind: body.detail.kind().to_owned(),
            salt,
            body: serde_json::to_string(body)?,
        })
    }

    /// What the journal has to say of itself.
    pub(crate) fn own(&self, detail: EventDetail) -> Result<UnlinkedRecord, JournalError> {
        let subject = EventSubject { device: Some(self.device.clone()), ..EventSubject::default() };
        self.unlinked(&EventBody::new(subject, self.client.clone(), detail))
    }
}

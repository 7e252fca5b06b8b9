//! A server in memory that checks what it is sent as the real one does, and fails as told.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard},
};

use amberglass_domain::{
    chain,
    checkpoint::{NoteSigner, WriterHead},
    device_key,
    ports::{BackendError, JournalSink, SignedBatch},
    signing,
};
use amberglass_wire::{
    UnixMillis,
    audit::ChainedRecord,
    event_stream::ChainHead,
    journal::{JournalBatchRequest, JournalBatchResponse},
    problem::{ErrorCode, Problem},
};
use async_trait::async_trait;
use sha2::{Digest as _, Sha256};

/// What goes wrong with the next batch.
#[derive(Clone)]
pub(super) enum Fault {
    Unreachable,
    /// Stored, but the answer does not arrive.
    AnswerLost,
    NotOurs {
        status: u16,
        retry_after_seconds: Option<u32>,
    },
    Refused(ErrorCode),
    /// Stored, but it claims to hold something else.
    Claims(ChainHead),
}

#[derive(Default)]
pub(super) struct State {
    pub(super) held: Vec<ChainedRecord>,
    pub(super) faults: VecDeque<Fault>,
    /// Sizes of the batches, in the order they came.
    pub(super) batches: Vec<usize>,
    /// Larger batches are refused with 413.
    pub(super) max_records: Option<usize>,
    /// A record that is refused as invalid.
    pub(super) rejects: Option<i64>,
    /// What it signs of its own chain with each answer.
    pub(super) own: Option<ChainHead>,
}

/// As which the server signs.
pub(super) fn signer() -> NoteSigner {
    NoteSigner::new("server:a", &[7; 32]).unwrap()
}

pub(super) struct Server {
    public_key: String,
    state: Mutex<State>,
}

impl Server {
    pub(super) fn new(public_key: String) -> Self {
        Self { public_key, state: Mutex::default() }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn fails_with(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().faults.extend(faults);
    }

    pub(super) fn seqs(&self) -> Vec<i64> {
        self.state().held.iter().map(|record| record.seq).collect()
    }
}

impl State {
    fn head(&self) -> ChainHead {
        self.held.last().map_or_else(ChainHead::default, |last| ChainHead { seq: last.seq, hash: last.hash.clone() })
    }

    fn note(&self) -> Option<String> {
        let heads = vec![
            WriterHead { writer: "device-1".into(), head: self.head() },
            WriterHead { writer: "server:a".into(), head: self.own.clone()? },
        ];
        signer().checkpoint(UnixMillis(9), heads).ok()
    }

    fn refuse(&self, code: ErrorCode) -> BackendError {
        let (kind, title, reference) = ("about:blank".into(), String::new(), "00000000".into());
        let held = matches!(code, ErrorCode::JournalGap | ErrorCode::JournalFork).then(|| self.head());
        BackendError::Refused(Box::new(Problem {
            kind,
            title,
            status: 400,
            detail: None,
            code,
            reference,
            rules: Vec::new(),
            session: None,
            held,
            retry_after_seconds: None,
        }))
    }

    /// Idempotent, all or nothing.
    fn store(&mut self, records: Vec<ChainedRecord>) -> Result<(), BackendError> {
        let mut added = Vec::new();
        let mut head = self.head();
        for record in records {
            if let Some(known) = self.held.iter().find(|known| known.seq == record.seq) {
                if known.hash != record.hash {
                    return Err(self.refuse(ErrorCode::JournalFork));
                }
                continue;
            }
            // As the real one: a body is erased there, and on record.
            if self.rejects == Some(record.seq) || chain::is_erased(&record) {
                return Err(self.refuse(ErrorCode::JournalInvalid));
            }
            head = match chain::verify_next("device-1", &head, &record) {
                Ok(head) => head,
                Err(chain::ChainError::Gap { .. }) => return Err(self.refuse(ErrorCode::JournalGap)),
                Err(error) => panic!("a batch that does not continue the chain: {error}"),
            };
            added.push(record);
        }
        self.held.append(&mut added);
        Ok(())
    }
}

#[async_trait]
impl JournalSink for Server {
    async fn deliver(&self, batch: SignedBatch) -> Result<JournalBatchResponse, BackendError> {
        let digest = hex::encode(Sha256::digest(&batch.body));
        let signed = signing::journal_batch(&batch.device, &digest, batch.signed_at);
        device_key::verify(&self.public_key, &signed, &batch.signature).expect("the device's signature");
        let JournalBatchRequest { records, .. } = serde_json::from_slice(&batch.body).unwrap();
        assert_eq!(records.len(), batch.records);

        let mut state = self.state();
        state.batches.push(records.len());
        if state.max_records.is_some_and(|most| records.len() > most) {
            return Err(state.refuse(ErrorCode::PayloadTooLarge));
        }
        let lost = || BackendError::Unreachable { detail: "connection reset".into() };
        match state.faults.pop_front() {
            Some(Fault::Unreachable) => return Err(lost()),
            Some(Fault::NotOurs { status, retry_after_seconds }) => {
                return Err(BackendError::NotOurs { status, retry_after_seconds });
            }
            Some(Fault::Refused(code)) => return Err(state.refuse(code)),
            Some(Fault::AnswerLost) => {
                state.store(records)?;
                return Err(lost());
            }
            Some(Fault::Claims(held)) => {
                state.store(records)?;
                return Ok(JournalBatchResponse { held, checkpoint: None });
            }
            None => {}
        }
        state.store(records)?;
        Ok(JournalBatchResponse { held: state.head(), checkpoint: state.note() })
    }
}

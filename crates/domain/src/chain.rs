//! The hash chain that consoles and servers write: every record covers the one before.
//!
//! `commitment` = SHA-256(salt, body) and `hash` = SHA-256(tag, header, prev_hash, commitment). The body is covered
//! only through its commitment, so it can be erased later without breaking the chain.

use amberglass_wire::{EventId, SessionId, UnixMillis, audit::ChainedRecord, event_stream::ChainHead};
use sha2::{Digest, Sha256};

/// Separates this use of SHA-256 from every other one, and names the format.
const RECORD_TAG: &[u8] = b"amberglass/record/v1";

/// `prev_hash` of a writer's first record.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Whose chain a writer's is: a device's first one carries its id, the n-th after a loss `<id>/<n>`.
pub fn device_of(writer: &str) -> &str {
    match writer.rsplit_once('/') {
        Some((device, number)) if number_of(number).is_some() => device,
        Some(_) | None => writer,
    }
}

/// Which of its device's chains a writer's is, from 1.
pub fn number_in_device(writer: &str) -> u32 {
    writer.rsplit_once('/').and_then(|(_, number)| number_of(number)).unwrap_or(1)
}

/// The writer of a device's n-th chain.
pub fn writer_of_chain(device: &str, number: u32) -> String {
    if number <= 1 { device.to_owned() } else { format!("{device}/{number}") }
}

/// Written in one way only, so that no two names mean the same chain.
fn number_of(text: &str) -> Option<u32> {
    text.parse::<u32>().ok().filter(|number| *number > 1 && number.to_string() == text)
}

/// Why a record does not continue a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    #[error("record {seq} of {writer} follows {held}: records are missing in between")]
    Gap { writer: String, seq: i64, held: i64 },
    #[error("record {seq} of {writer} does not name the hash of the record before it")]
    Unlinked { writer: String, seq: i64 },
    #[error("record {seq} of {writer} does not match its own hash")]
    WrongHash { writer: String, seq: i64 },
    #[error("the body of record {seq} of {writer} does not match its commitment")]
    WrongCommitment { writer: String, seq: i64 },
    #[error("record {seq} carries the writer {writer}, which is not the one of this chain")]
    ForeignWriter { writer: String, seq: i64 },
}

/// What the writer knows of a record before it is linked.
#[derive(Debug, Clone)]
pub struct UnlinkedRecord {
    pub id: EventId,
    pub session: Option<SessionId>,
    pub occurred_at: UnixMillis,
    pub monotonic_millis: i64,
    pub kind: String,
    /// Sixteen random bytes.
    pub salt: [u8; 16],
    /// The serialised `EventBody`.
    pub body: String,
}

/// SHA-256(salt, body), hex.
pub fn commitment(salt: &[u8], body: &[u8]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(salt);
    hasher.update(body);
    hex::encode(hasher.finalize())
}

/// Links a record to `head` and returns it; the new head is `(record.seq, record.hash)`.
pub fn link(writer: &str, head: &ChainHead, record: UnlinkedRecord) -> ChainedRecord {
    let prev_hash = if head.hash.is_empty() { GENESIS.to_owned() } else { head.hash.clone() };
    let mut linked = ChainedRecord {
        writer: writer.to_owned(),
        seq: head.seq.saturating_add(1),
        id: record.id,
        session: record.session,
        occurred_at: record.occurred_at,
        monotonic_millis: record.monotonic_millis,
        kind: record.kind,
        prev_hash,
        commitment: commitment(&record.salt, record.body.as_bytes()),
        salt: hex::encode(record.salt),
        body: record.body,
        hash: String::new(),
    };
    linked.hash = record_hash(&linked);
    linked
}

/// Hash of a record from its header, `prev_hash` and `commitment`; the fields are length-prefixed, so that no two
/// different headers share their bytes.
pub fn record_hash(record: &ChainedRecord) -> String {
    let mut hasher = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    field(RECORD_TAG);
    field(record.writer.as_bytes());
    field(&record.seq.to_be_bytes());
    field(record.id.as_str().as_bytes());
    match &record.session {
        Some(session) => {
            field(&[1]);
            field(session.as_str().as_bytes());
        }
        None => field(&[0]),
    }
    field(&record.occurred_at.0.to_be_bytes());
    field(&record.monotonic_millis.to_be_bytes());
    field(record.kind.as_bytes());
    field(record.prev_hash.as_bytes());
    field(record.commitment.as_bytes());
    hex::encode(hasher.finalize())
}

/// Checks that `record` continues `head`; an erased body (empty salt and body) is accepted, its commitment stays.
///
/// # Errors
/// The first of: foreign writer, gap, link, hash, commitment.
pub fn verify_next(writer: &str, head: &ChainHead, record: &ChainedRecord) -> Result<ChainHead, ChainError> {
    let writer_of = || record.writer.clone();
    if record.writer != writer {
        return Err(ChainError::ForeignWriter { writer: writer_of(), seq: record.seq });
    }
    if record.seq != head.seq.saturating_add(1) {
        return Err(ChainError::Gap { writer: writer_of(), seq: record.seq, held: head.seq });
    }
    let expected_prev = if head.hash.is_empty() { GENESIS } else { head.hash.as_str() };
    if record.prev_hash != expected_prev {
        return Err(ChainError::Unlinked { writer: writer_of(), seq: record.seq });
    }
    verify_alone(record)?;
    Ok(ChainHead { seq: record.seq, hash: record.hash.clone() })
}

/// Checks what a record says of itself, wherever it stands; an erased body is accepted.
///
/// # Errors
/// The first of: hash, commitment.
pub fn verify_alone(record: &ChainedRecord) -> Result<(), ChainError> {
    let writer_of = || record.writer.clone();
    if record_hash(record) != record.hash {
        return Err(ChainError::WrongHash { writer: writer_of(), seq: record.seq });
    }
    if is_erased(record) {
        return Ok(());
    }
    let salt = hex::decode(&record.salt).unwrap_or_default();
    if salt.len() != 16 || commitment(&salt, record.body.as_bytes()) != record.commitment {
        return Err(ChainError::WrongCommitment { writer: writer_of(), seq: record.seq });
    }
    Ok(())
}

/// Salt and body are gone; the commitment stays.
pub fn is_erased(record: &ChainedRecord) -> bool {
    record.salt.is_empty() && record.body.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_may_have_several_chains_and_each_has_one_name() {
        for (writer, device, number) in [
            ("d-1", "d-1", 1),
            ("d-1/2", "d-1", 2),
            ("d-1/17", "d-1", 17),
            // Other ways to write a number are names of their own.
            ("d-1/1", "d-1/1", 1),
            ("d-1/02", "d-1/02", 1),
            ("d-1/+2", "d-1/+2", 1),
            ("d-1/", "d-1/", 1),
            ("server:a", "server:a", 1),
        ] {
            assert_eq!((device_of(writer), number_in_device(writer)), (device, number), "{writer}");
            if number > 1 {
                assert_eq!(writer_of_chain(device, number), writer);
            }
        }
    }

    fn unlinked(n: u8) -> UnlinkedRecord {
        UnlinkedRecord {
            id: EventId::new(format!("id-{n}")),
            session: n.is_multiple_of(2).then(|| SessionId::new("s")),
            occurred_at: UnixMillis(1000 + i64::from(n)),
            monotonic_millis: i64::from(n),
            kind: "page_viewed".into(),
            salt: [n; 16],
            body: format!("{{\"n\":{n}}}"),
        }
    }

    fn chain_of(count: u8) -> Vec<ChainedRecord> {
        let mut head = ChainHead::default();
        (0..count)
            .map(|n| {
                let record = link("device", &head, unlinked(n));
                head = ChainHead { seq: record.seq, hash: record.hash.clone() };
                record
            })
            .collect()
    }

    fn verify(records: &[ChainedRecord]) -> Result<ChainHead, ChainError> {
        records.iter().try_fold(ChainHead::default(), |head, record| verify_next("device", &head, record))
    }

    #[test]
    fn a_whole_chain_is_accepted() {
        assert_eq!(verify(&chain_of(5)).unwrap().seq, 5);
    }

    #[test]
    fn an_erased_body_leaves_the_chain_whole() {
        let mut records = chain_of(3);
        records[1].salt.clear();
        records[1].body.clear();
        assert!(verify(&records).is_ok());
    }

    #[test]
    fn each_altered_field_is_found() {
        let alterations: [fn(&mut ChainedRecord); 10] = [
            |r| r.id = EventId::new("other"),
            |r| r.session = Some(SessionId::new("other")),
            |r| r.session = None,
            |r| r.occurred_at = UnixMillis(5),
            |r| r.monotonic_millis = 77,
            |r| r.kind = "session_ended".into(),
            |r| r.body.push(' '),
            |r| r.salt = hex::encode([9; 16]),
            |r| r.commitment = commitment(b"x", b"y"),
            |r| r.hash = GENESIS.into(),
        ];
        for (index, alter) in alterations.into_iter().enumerate() {
            let mut records = chain_of(3);
            let target = if index == 1 { 1 } else { 2 };
            alter(&mut records[target]);
            assert!(verify(&records).is_err(), "alteration {index} went unnoticed");
        }
    }

    #[test]
    fn a_missing_a_swapped_and_a_foreign_record_are_found() {
        let mut missing = chain_of(4);
        missing.remove(1);
        assert!(matches!(verify(&missing), Err(ChainError::Gap { .. })));
        let mut swapped = chain_of(4);
        swapped.swap(1, 2);
        assert!(verify(&swapped).is_err());
        let mut foreign = chain_of(2);
        foreign[1].writer = "other".into();
        assert!(matches!(verify(&foreign), Err(ChainError::ForeignWriter { .. })));
    }
}

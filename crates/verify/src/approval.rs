//! What records of servers say of requests for approval: what can be held against the record alone, and what is kept of it,
//! cut down, to be held against other records.

use amberglass_domain::{
    checkpoint::TrustedKeys,
    device_key,
    signing::{self, MAX_SKEW_MILLIS},
};
use amberglass_wire::{
    SessionId, UnixMillis,
    approval::{RequestState, Scope, SignedDecision, Verdict},
    audit::{ChainedRecord, EventBody, EventDetail, EventSubject},
    session::{Mode, Reason},
};
use sha2::{Digest as _, Sha256};

use crate::{fault::Fault, signed::CLOCKS_DIFFER_MILLIS, signed_in::Desk};

/// Enough that nobody finds another text for the same one; the texts themselves would take many times the memory.
pub(crate) type Short = [u8; 16];

/// A decision goes on record behind whatever else is being written.
const LONGEST_WAIT_MILLIS: i64 = 30_000;
/// Characters; an honest name has fewer, and whoever wrote the file chose the length.
const MOST_OF_A_NAME: usize = 64;

/// What is kept of a record.
pub(crate) enum Fact {
    Asked {
        request: Short,
        asked: Asked,
    },
    Decided {
        request: Short,
        decided: Decided,
    },
    /// Withdrawn or lapsed.
    Over {
        request: Short,
        was: RequestState,
    },
    Used {
        request: Short,
        session: Short,
        people: Short,
    },
    /// The write that it is about went to the portal.
    Sent {
        request: Short,
        session: Short,
        people: Short,
        write: Short,
    },
    Began {
        session: Short,
        began: Began,
    },
    Extended {
        session: Short,
        number: u32,
    },
    Ended {
        session: Short,
    },
    /// This person on this device.
    SignedIn {
        who_and_where: Short,
    },
}

pub(crate) struct Asked {
    pub(crate) people: Short,
    pub(crate) reason: Short,
    pub(crate) policy: Short,
    pub(crate) server: Short,
    pub(crate) scope: Scope,
    pub(crate) expires_at: UnixMillis,
    /// What is to be sent, and the session in which it was blocked.
    pub(crate) write: Option<(Short, Short)>,
}

pub(crate) struct Decided {
    pub(crate) approver: Short,
    pub(crate) people: Short,
    pub(crate) reason: Short,
    pub(crate) policy: Short,
    pub(crate) server: Short,
    pub(crate) nonce: Short,
    pub(crate) write: Option<Short>,
    pub(crate) scope: Scope,
    pub(crate) verdict: Verdict,
    /// What the request was by it.
    pub(crate) state: RequestState,
    /// Whose word it is, and of which device, where that has signed it.
    pub(crate) by: Option<(Short, Desk)>,
}

/// How a session began.
pub(crate) struct Began {
    pub(crate) people: Short,
    pub(crate) reason: Short,
    pub(crate) mode: Mode,
    /// Until its first deadline.
    pub(crate) millis: i64,
    /// The approval that it says it began with; older servers did not say it here.
    pub(crate) request: Option<Short>,
}

impl Began {
    /// What it surely took: the clock may have been set in between.
    pub(crate) fn seconds(&self) -> u32 {
        let seconds = self.millis.saturating_sub(CLOCKS_DIFFER_MILLIS).max(0).div_euclid(1000);
        u32::try_from(seconds).unwrap_or(u32::MAX)
    }
}

/// What one record says.
#[derive(Default)]
pub(crate) struct Heard {
    /// Wrong whatever else is on record.
    pub(crate) faults: Vec<Fault>,
    /// It holds a decision that its device has signed.
    pub(crate) is_signed: bool,
    pub(crate) fact: Option<Fact>,
}

/// Of a record that is as a server wrote it. What this version does not understand says nothing: an approval that is not
/// there is missed where a session began with it.
pub(crate) fn hear(record: &ChainedRecord, trusted: &TrustedKeys) -> Option<Heard> {
    let body = || serde_json::from_str::<EventBody>(&record.body).ok();
    let fact = match record.kind.as_str() {
        "approval_requested" => {
            let EventBody { subject, detail, .. } = body()?;
            let EventDetail::ApprovalRequested { request, scope, reason, expires_at, write, rules: _ } = detail else {
                return None;
            };
            let session = subject.session.as_ref().map(of_session).unwrap_or_default();
            let write = write.map(|write| (short(&[&write.sha256]), session));
            let policy = short(&[subject.policy_hash.as_deref().unwrap_or_default()]);
            let (people, reason, server) = (people(&subject), of_reason(&reason), short(&[&record.writer]));
            let asked = Asked { people, reason, policy, server, scope, expires_at, write };
            Fact::Asked { request: short(&[request.as_str()]), asked }
        }
        "approval_decided" => {
            let EventBody { subject, detail, .. } = body()?;
            let EventDetail::ApprovalDecided { decision, state } = detail else { return None };
            return Some(decided(record.occurred_at, &subject, &decision, state, trusted));
        }
        "approval_withdrawn" => {
            let EventDetail::ApprovalWithdrawn { request, .. } = body()?.detail else { return None };
            Fact::Over { request: short(&[request.as_str()]), was: RequestState::Withdrawn }
        }
        "approval_lapsed" => {
            let EventDetail::ApprovalLapsed { request, .. } = body()?.detail else { return None };
            Fact::Over { request: short(&[request.as_str()]), was: RequestState::Lapsed }
        }
        "approval_used" => {
            let EventBody { subject, detail, .. } = body()?;
            let EventDetail::ApprovalUsed { request } = detail else { return None };
            let session = of_session(subject.session.as_ref()?);
            Fact::Used { request: short(&[request.as_str()]), session, people: people(&subject) }
        }
        "write_sent" => {
            let EventBody { subject, detail, .. } = body()?;
            let EventDetail::WriteSent { request, write } = detail else { return None };
            let session = of_session(subject.session.as_ref()?);
            let (request, write) = (short(&[request.as_str()]), short(&[&write.sha256]));
            Fact::Sent { request, session, people: people(&subject), write }
        }
        "session_started" => {
            let EventBody { subject, detail, .. } = body()?;
            let EventDetail::SessionStarted { mode, reason, expires_at, request, code: _ } = detail else {
                return None;
            };
            let millis = expires_at.since(record.occurred_at);
            let request = request.map(|request| short(&[request.as_str()]));
            let began = Began { people: people(&subject), reason: of_reason(&reason), mode, millis, request };
            Fact::Began { session: of_session(subject.session.as_ref()?), began }
        }
        "session_extended" => {
            let EventBody { subject, detail, .. } = body()?;
            let EventDetail::SessionExtended { number, .. } = detail else { return None };
            Fact::Extended { session: of_session(subject.session.as_ref()?), number }
        }
        // The body says nothing that is needed, and may be gone.
        "session_ended" => Fact::Ended { session: of_session(record.session.as_ref()?) },
        "device_registered" => return registered(&body()?, trusted),
        "staff_signed_in" => signed_in(&body()?.subject)?,
        _ => return None,
    };
    Some(Heard { fact: Some(fact), ..Heard::default() })
}

/// Who registers it; and whether the reader trusts another key under the name of this device than the one that was registered.
fn registered(body: &EventBody, trusted: &TrustedKeys) -> Option<Heard> {
    let EventDetail::DeviceRegistered { key_fingerprint, .. } = &body.detail else { return None };
    let device = body.subject.device.as_ref()?;
    let mut keys = trusted.public_keys_of(device.as_str()).peekable();
    let is_other = keys.peek().is_some() && !keys.any(|key| fingerprint(key) == *key_fingerprint);
    let fault = is_other.then(|| Fault::RegisteredOtherKey { device: cut(device.as_str()) });
    Some(Heard { faults: fault.into_iter().collect(), is_signed: false, fact: signed_in(&body.subject) })
}

fn signed_in(subject: &EventSubject) -> Option<Fact> {
    let (staff, device) = (subject.staff.as_ref()?, subject.device.as_ref()?);
    Some(Fact::SignedIn { who_and_where: short(&[staff.as_str(), device.as_str()]) })
}

fn decided(
    at: UnixMillis,
    subject: &EventSubject,
    decision: &SignedDecision,
    state: RequestState,
    trusted: &TrustedKeys,
) -> Heard {
    let SignedDecision { approver, staff, customer, portal, signed_at, not_after, .. } = decision;
    let mut faults = Vec::new();
    let unsigned = unsigned(decision, trusted);
    let is_signed = unsigned.is_none();
    faults.extend(unsigned);
    let of_decision = short(&[staff.as_str(), customer.as_str(), portal.as_str()]);
    if people(subject) != of_decision {
        faults.push(Fault::DecisionOfOthers);
    }
    if approver == staff {
        faults.push(Fault::DecidedOwn { staff: cut(staff.as_str()) });
    }
    let fits = match decision.verdict {
        Verdict::Approve => matches!(state, RequestState::Pending | RequestState::Approved),
        Verdict::Deny => state == RequestState::Denied,
    };
    if !fits {
        faults.push(Fault::VerdictContradicted { verdict: decision.verdict, state });
    }
    let is_old = at.0 > not_after.0.saturating_add(LONGEST_WAIT_MILLIS);
    let is_far = at.since(*signed_at).saturating_abs() > MAX_SKEW_MILLIS.saturating_add(LONGEST_WAIT_MILLIS);
    if is_old || is_far {
        faults.push(Fault::DecisionOutOfTime { signed_at: *signed_at, not_after: *not_after });
    }
    let by = is_signed.then(|| {
        let (staff, device) = (approver.as_str(), decision.device.as_str());
        (short(&[staff, device]), Desk { staff: cut(staff), device: cut(device) })
    });
    let decided = Decided {
        approver: short(&[approver.as_str()]),
        people: of_decision,
        reason: short(&[&decision.reason_sha256]),
        policy: short(&[&decision.policy_hash]),
        server: short(&[&decision.server]),
        nonce: short(&[&decision.nonce]),
        write: decision.write_sha256.as_deref().map(|sha256| short(&[sha256])),
        scope: decision.scope,
        verdict: decision.verdict,
        state,
        by,
    };
    let fact = Some(Fact::Decided { request: short(&[decision.request.as_str()]), decided });
    Heard { faults, is_signed, fact }
}

/// Why it is not the word of the device that it names.
fn unsigned(decision: &SignedDecision, trusted: &TrustedKeys) -> Option<Fault> {
    let device = cut(decision.device.as_str());
    let mut keys = trusted.public_keys_of(decision.device.as_str()).peekable();
    if keys.peek().is_none() {
        return Some(Fault::DecisionKeyUnknown { device });
    }
    let message = signing::decision(decision);
    let is_signed = keys.any(|key| device_key::verify(key, &message, &decision.signature).is_ok());
    (!is_signed).then_some(Fault::DecisionNotSigned { device })
}

fn people(subject: &EventSubject) -> Short {
    let EventSubject { staff, customer, portal, .. } = subject;
    short(&[
        staff.as_ref().map_or("", |id| id.as_str()),
        customer.as_ref().map_or("", |id| id.as_str()),
        portal.as_ref().map_or("", |id| id.as_str()),
    ])
}

fn of_session(session: &SessionId) -> Short {
    short(&[session.as_str()])
}

fn of_reason(reason: &Reason) -> Short {
    short(&[&signing::reason_sha256(reason)])
}

/// As servers put it on record.
fn fingerprint(public_key: &str) -> String {
    hex::encode(Sha256::digest(public_key))
}

/// Each text with its length, so that none flows into the next.
fn short(texts: &[&str]) -> Short {
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text);
    }
    let mut short = Short::default();
    for (to, from) in short.iter_mut().zip(hasher.finalize()) {
        *to = from;
    }
    short
}

fn cut(name: &str) -> String {
    name.chars().take(MOST_OF_A_NAME).collect()
}

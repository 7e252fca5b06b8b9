//! Requests for approval, put together from the records of all servers and judged as soon as they are closed.
//!
//! Which record came first is told by the chain within one, and by the clocks, as far as they agree, between two: servers on
//! one database share the work on a request. Of a request that is closed and in order little is kept.

use std::collections::{HashMap, VecDeque, hash_map::Entry};

use amberglass_domain::approval::{SEND_WITHIN_SECONDS, check_scope, narrower};
use amberglass_wire::{
    UnixMillis,
    approval::{RequestState, Scope, Verdict},
};

use crate::{
    approval::{Asked, Began, Decided, Fact, Short},
    fault::Fault,
    signed::CLOCKS_DIFFER_MILLIS,
    signed_in::SignedIn,
};

/// Records of one request; an honest one has fewer. Bounds the time that a file can take.
const MOST_RECORDS: usize = 64;
/// No request lives longer, from the question to the use.
const LONGEST_LIFE_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// Where a record stands, and when it was written.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    /// Place of its chain in the export.
    pub(crate) chain: usize,
    pub(crate) line: u64,
    pub(crate) seq: i64,
    pub(crate) at: UnixMillis,
}

impl Moment {
    /// Surely.
    fn is_after(&self, other: &Self) -> bool {
        if self.chain == other.chain {
            return self.line > other.line;
        }
        self.at.0 > other.at.0.saturating_add(CLOCKS_DIFFER_MILLIS)
    }
}

/// What was found, in the record at this place.
pub(crate) type Found = (Moment, Fault);

/// What an export need not show of requests.
#[derive(Default)]
pub(crate) struct Unseen {
    /// What was asked for is not everything: it need not say who signed in where.
    pub(crate) cuts_sign_ins: bool,
    /// What was asked for holds requests in part only.
    pub(crate) in_part: bool,
    /// Nor all records of a session.
    pub(crate) cuts_sessions: bool,
    /// The first records of chains that do not begin here.
    pub(crate) begins: Vec<UnixMillis>,
}

#[derive(Default)]
pub(crate) struct Requests {
    by_id: HashMap<Short, Request>,
    /// Sessions that began with an approval and have not ended.
    sessions: HashMap<Short, Short>,
    /// Sessions that say that they began with an approval whose use is not on record before them.
    without_use: Vec<Found>,
    signed_in: SignedIn,
    /// When records were written whose bodies are gone.
    erased_questions: Vec<i64>,
    erased_decisions: Vec<i64>,
    erased_uses: Vec<i64>,
    erased_sign_ins: Vec<i64>,
}

enum Request {
    Open(Box<Open>),
    Closed(Closed),
}

#[derive(Default)]
struct Open {
    asked: Option<(Moment, Asked)>,
    decided: Vec<(Moment, Decided)>,
    over: Vec<(Moment, RequestState)>,
    used: Vec<(Moment, Used)>,
}

struct Used {
    session: Short,
    people: Short,
    /// What was sent, where it was no session that began.
    sent: Option<Short>,
    began: Option<(Moment, Began)>,
    /// The last extension.
    extended: Option<(Moment, u32)>,
}

/// What may still be said of it in the chain of another server, or of its session.
struct Closed {
    was: RequestState,
    /// Of the record that closed it.
    moment: Moment,
    people: Short,
    /// What all that approved allow together, as far as they are known.
    granted: Scope,
    /// What the session had of it.
    taken: Scope,
}

impl Requests {
    /// Gives what contradicts what is known already.
    pub(crate) fn add(&mut self, moment: Moment, mut fact: Fact) -> Vec<Found> {
        let mut found = Vec::new();
        if let Fact::Decided { decided, .. } = &mut fact
            && let Some((who_and_where, desk)) = decided.by.take()
        {
            self.signed_in.decided(who_and_where, moment, desk);
        }
        if let Fact::Began { session, began } = &fact
            && let Some(named) = began.request
        {
            match self.sessions.get(session) {
                Some(used) if *used == named => {}
                Some(_) => return vec![(moment, Fault::OtherApproval)],
                // What began is held against the request all the same.
                None => {
                    self.without_use.push((moment, Fault::UseNotRecorded));
                    let used = Fact::Used { request: named, session: *session, people: began.people };
                    found = self.add_to_its_request(moment, used);
                }
            }
        }
        found.extend(self.add_to_its_request(moment, fact));
        found
    }

    fn add_to_its_request(&mut self, moment: Moment, fact: Fact) -> Vec<Found> {
        let request = match &fact {
            Fact::Asked { request, .. }
            | Fact::Decided { request, .. }
            | Fact::Over { request, .. }
            | Fact::Sent { request, .. } => *request,
            Fact::Used { request, session, .. } => {
                self.sessions.insert(*session, *request);
                *request
            }
            Fact::Began { session, .. } | Fact::Extended { session, .. } => {
                let Some(request) = self.sessions.get(session) else { return Vec::new() };
                *request
            }
            Fact::Ended { session } => {
                self.sessions.remove(session);
                return Vec::new();
            }
            Fact::SignedIn { who_and_where } => {
                self.signed_in.add(*who_and_where);
                return Vec::new();
            }
        };
        let mut known = match self.by_id.entry(request) {
            Entry::Occupied(known) => known,
            Entry::Vacant(new) => new.insert_entry(Request::Open(Box::default())),
        };
        match known.get_mut() {
            Request::Closed(closed) => closed.add(moment, fact).map(|fault| (moment, fault)).into_iter().collect(),
            Request::Open(open) => {
                if let Some(fault) = open.add(moment, fact) {
                    return vec![(moment, fault)];
                }
                if let Some(closed) = open.closed().filter(|_| open.judge().is_empty()) {
                    known.insert(Request::Closed(closed));
                }
                Vec::new()
            }
        }
    }

    /// A record of a server whose body is gone.
    pub(crate) fn erased(&mut self, kind: &str, at: UnixMillis) {
        match kind {
            "approval_requested" => self.erased_questions.push(at.0),
            "approval_decided" => self.erased_decisions.push(at.0),
            "approval_used" => self.erased_uses.push(at.0),
            "staff_signed_in" => self.erased_sign_ins.push(at.0),
            _ => {}
        }
    }

    /// What is wrong with those that are not closed, or were not closed in order.
    pub(crate) fn finish(self, unseen: &Unseen) -> Vec<Found> {
        let mut found = Vec::new();
        let (mut questions, mut decisions) = (Vec::new(), Vec::new());
        for request in self.by_id.into_values() {
            let Request::Open(open) = request else { continue };
            let lacks_question = open.asked.is_none();
            let lacks_decision = !open.decided.iter().any(|(_, decided)| decided.state == RequestState::Approved);
            for (moment, fault) in open.judge() {
                let list = if fault == Fault::NotAsked && lacks_question {
                    &mut questions
                } else if fault == Fault::NotApproved && lacks_decision {
                    &mut decisions
                } else {
                    &mut found
                };
                list.push((moment, fault));
            }
        }
        let begins = unseen.begins.iter().map(|at| at.0).max();
        // Whoever decides has signed in minutes before.
        let is_begun =
            |moment: &Moment| begins.is_none_or(|begins| moment.at.0 > begins.saturating_add(LONGEST_LIFE_MILLIS));
        if !unseen.in_part {
            for (mut missing, gone) in [(questions, self.erased_questions), (decisions, self.erased_decisions)] {
                missing.retain(|(moment, _)| is_begun(moment));
                found.extend(not_erased(missing, gone));
            }
        }
        if !unseen.cuts_sign_ins {
            let mut missing = self.signed_in.missing();
            missing.retain(|(moment, _)| is_begun(moment));
            found.extend(not_erased(missing, self.erased_sign_ins));
        }
        if !unseen.cuts_sessions {
            found.extend(not_erased(self.without_use, self.erased_uses));
        }
        found.sort_by_key(|(moment, _)| moment.line);
        found
    }
}

/// Each body that is gone stands for one that is missing after it, and for no other one.
fn not_erased(mut missing: Vec<Found>, mut gone: Vec<i64>) -> Vec<Found> {
    gone.sort_unstable();
    let mut gone = VecDeque::from(gone);
    missing.sort_by_key(|(moment, _)| (moment.at, moment.line));
    missing.retain(|(moment, _)| {
        let latest = moment.at.0.saturating_add(CLOCKS_DIFFER_MILLIS);
        gone.pop_front_if(|at| *at <= latest).is_none()
    });
    missing
}

impl Open {
    fn add(&mut self, moment: Moment, fact: Fact) -> Option<Fault> {
        let count = self.decided.len().saturating_add(self.over.len()).saturating_add(self.used.len());
        if count >= MOST_RECORDS {
            return Some(Fault::RequestCrowded);
        }
        match fact {
            Fact::Asked { .. } if self.asked.is_some() => return Some(Fault::AskedTwice),
            Fact::Asked { asked, .. } => self.asked = Some((moment, asked)),
            Fact::Decided { decided, .. } => self.decided.push((moment, decided)),
            Fact::Over { was, .. } => self.over.push((moment, was)),
            Fact::Used { session, people, .. } => {
                self.used.push((moment, Used { session, people, sent: None, began: None, extended: None }));
            }
            Fact::Sent { session, people, write, .. } => {
                let sent = Some(write);
                self.used.push((moment, Used { session, people, sent, began: None, extended: None }));
            }
            Fact::Began { session, began } => {
                if let Some(used) = self.used_by(&session).filter(|used| used.began.is_none()) {
                    used.began = Some((moment, began));
                }
            }
            Fact::Extended { session, number } => {
                if let Some(used) = self.used_by(&session)
                    && used.extended.is_none_or(|(_, before)| before < number)
                {
                    used.extended = Some((moment, number));
                }
            }
            Fact::Ended { .. } | Fact::SignedIn { .. } => {}
        }
        None
    }

    fn used_by(&mut self, session: &Short) -> Option<&mut Used> {
        self.used.iter_mut().map(|(_, used)| used).find(|used| used.session == *session)
    }

    /// What is kept of it if nothing more is to come but what another server has written before.
    fn closed(&self) -> Option<Closed> {
        let (_, asked) = self.asked.as_ref()?;
        let (people, granted) = (asked.people, self.granted(asked));
        let kept = |moment, was| Closed { was, moment, people, granted, taken: granted };
        if let [(moment, Used { began: Some((_, began)), extended, .. })] = self.used.as_slice() {
            let extensions = extended.map_or(0, |(_, number)| number);
            let taken = Scope { mode: began.mode, duration_seconds: began.seconds(), extensions };
            return Some(Closed { taken, ..kept(*moment, RequestState::Used) });
        }
        if let [(moment, Used { sent: Some(_), .. })] = self.used.as_slice() {
            return Some(kept(*moment, RequestState::Used));
        }
        if let Some((moment, _)) = self.decided.iter().find(|(_, decided)| decided.state == RequestState::Denied) {
            return Some(kept(*moment, RequestState::Denied));
        }
        // What was withdrawn may have been used at another server before.
        let (moment, was) = self.over.iter().find(|(_, was)| *was == RequestState::Lapsed)?;
        Some(kept(*moment, *was))
    }

    /// What all that approved allow together.
    fn granted(&self, asked: &Asked) -> Scope {
        let approvals = self.decided.iter().filter(|(_, decided)| decided.verdict == Verdict::Approve);
        approvals.fold(asked.scope, |scope, (_, decided)| narrower(&scope, &decided.scope))
    }

    fn judge(&self) -> Vec<Found> {
        let mut found = Vec::new();
        let mut is_told = false;
        for (number, (moment, decided)) in self.decided.iter().enumerate() {
            let mut add = |fault| found.push((*moment, fault));
            match &self.asked {
                Some((before, asked)) if !before.is_after(moment) => {
                    compare(asked, decided).into_iter().for_each(&mut add)
                }
                Some(_) | None => {
                    if !std::mem::replace(&mut is_told, true) {
                        add(Fault::NotAsked);
                    }
                }
            }
            let mut before = self.decided.iter().take(number).map(|(_, before)| before);
            if before.clone().any(|before| before.nonce != decided.nonce) {
                add(Fault::DecisionDiffers { what: "nonce" });
            }
            if before.any(|before| before.approver == decided.approver) {
                add(Fault::DecidedTwice);
            } else if let Some(was) = self.state_before(moment) {
                add(Fault::DecidedTooLate { was });
            }
        }
        for (number, (moment, used)) in self.used.iter().enumerate() {
            let mut add = |at: &Moment, fault| found.push((*at, fault));
            let is_approved =
                |(at, decided): &(Moment, Decided)| decided.state == RequestState::Approved && !at.is_after(moment);
            if !self.decided.iter().any(is_approved) {
                add(moment, Fault::NotApproved);
            }
            if let Some(was) = self.over_before(moment).or((number > 0).then_some(RequestState::Used)) {
                add(moment, Fault::ApprovalOver { was });
            }
            let Some((_, asked)) = &self.asked else { continue };
            if used.people != asked.people {
                add(moment, Fault::SessionOfOthers);
            }
            if asked.write != used.sent.map(|write| (write, used.session)) {
                add(moment, Fault::OtherWrite);
            }
            if used.sent.is_some() && self.is_sent_late(moment) {
                add(moment, Fault::SentTooLate);
            }
            let granted = self.granted(asked);
            if let Some((at, began)) = &used.began {
                if began.people != asked.people || began.reason != asked.reason {
                    add(at, Fault::SessionOfOthers);
                }
                let as_mode = Scope { mode: began.mode, ..granted };
                if narrower(&granted, &as_mode) != as_mode {
                    add(at, Fault::SessionWider { what: "mode" });
                }
                if began.seconds() > granted.duration_seconds {
                    add(at, Fault::SessionWider { what: "time" });
                }
            }
            if let Some((at, _)) = used.extended.filter(|(_, number)| *number > granted.extensions) {
                add(&at, Fault::SessionWider { what: "number of extensions" });
            }
        }
        found
    }

    /// Surely longer after the approval than a write may be sent.
    fn is_sent_late(&self, moment: &Moment) -> bool {
        let approved = self.decided.iter().filter(|(_, decided)| decided.state == RequestState::Approved);
        let allowed = i64::from(SEND_WITHIN_SECONDS).saturating_mul(1000).saturating_add(CLOCKS_DIFFER_MILLIS);
        approved.map(|(at, _)| at.at).max().is_some_and(|at| moment.at.since(at) > allowed)
    }

    /// What surely ended the approval before then.
    fn over_before(&self, moment: &Moment) -> Option<RequestState> {
        let denied = self.decided.iter().filter(|(_, decided)| decided.state == RequestState::Denied);
        let over = self.over.iter().map(|(at, was)| (at, *was));
        denied
            .map(|(at, decided)| (at, decided.state))
            .chain(over)
            .find(|(at, _)| moment.is_after(at))
            .map(|(_, was)| was)
    }

    /// What the request surely was before then, if nobody could decide about it any more.
    fn state_before(&self, moment: &Moment) -> Option<RequestState> {
        let approved = self.decided.iter().filter(|(_, decided)| decided.state == RequestState::Approved);
        let approved = approved.map(|(at, decided)| (at, decided.state));
        let mut used = self.used.iter().map(|(at, _)| (at, RequestState::Used)).chain(approved);
        let expired = self
            .asked
            .as_ref()
            .is_some_and(|(_, asked)| moment.at.0 > asked.expires_at.0.saturating_add(CLOCKS_DIFFER_MILLIS));
        self.over_before(moment)
            .or_else(|| used.find(|(at, _)| moment.is_after(at)).map(|(_, was)| was))
            .or(expired.then_some(RequestState::Lapsed))
    }
}

impl Closed {
    /// What more is said of it, mostly in the chain of another server.
    fn add(&mut self, moment: Moment, fact: Fact) -> Option<Fault> {
        match fact {
            Fact::Asked { .. } => Some(Fault::AskedTwice),
            Fact::Decided { decided, .. } if decided.people != self.people => {
                Some(Fault::DecisionDiffers { what: "person or customer" })
            }
            Fact::Decided { .. } if moment.is_after(&self.moment) => Some(Fault::DecidedTooLate { was: self.was }),
            Fact::Decided { decided, .. } if self.was == RequestState::Used => match decided.verdict {
                Verdict::Deny => Some(Fault::DecidedTooLate { was: self.was }),
                Verdict::Approve => {
                    self.granted = narrower(&self.granted, &decided.scope);
                    let is_covered = narrower(&self.taken, &self.granted) == self.taken;
                    (!is_covered).then_some(Fault::SessionWider { what: "scope" })
                }
            },
            Fact::Over { was, .. } if self.was == RequestState::Used && self.moment.is_after(&moment) => {
                Some(Fault::ApprovalOver { was })
            }
            Fact::Used { .. } | Fact::Sent { .. } => Some(Fault::ApprovalOver { was: self.was }),
            Fact::Extended { number, .. } => {
                self.taken.extensions = self.taken.extensions.max(number);
                (number > self.granted.extensions).then_some(Fault::SessionWider { what: "number of extensions" })
            }
            Fact::Decided { .. }
            | Fact::Over { .. }
            | Fact::Began { .. }
            | Fact::Ended { .. }
            | Fact::SignedIn { .. } => None,
        }
    }
}

/// What the approver saw, against what was asked for.
fn compare(asked: &Asked, decided: &Decided) -> Vec<Fault> {
    let pairs = [
        ("person or customer", asked.people == decided.people),
        ("reason", asked.reason == decided.reason),
        ("policy", asked.policy == decided.policy),
        ("server", asked.server == decided.server),
        ("write", asked.write.map(|(write, _)| write) == decided.write),
    ];
    let differs = pairs.into_iter().filter(|(_, same)| !same).map(|(what, _)| Fault::DecisionDiffers { what });
    let wider = check_scope(&asked.scope, decided.verdict, &decided.scope).is_err();
    differs.chain(wider.then_some(Fault::ScopeWidened)).collect()
}

//! What happens beside showing a page: last sign-in, presence, mail, analytics. None of it happens for support, unless the
//! gateway says that it may.
//!
//! Kept apart from the store, whose changes are what somebody asked for.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use crate::{
    data::DAY_MS,
    identity::{Effect, Looker, Viewer},
    portal::UnixMillis,
};

/// Who was here within this time is online.
const ONLINE_MS: i64 = 5 * 60_000;
/// The oldest mail is forgotten beyond this.
const KEPT_MAILS: usize = 100;
/// Sessions of support that are remembered to tell a new one; the oldest makes room.
const KEPT_SESSIONS: usize = 500;

/// One mail to a customer, as if it had gone out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    pub subject: &'static str,
    pub at: UnixMillis,
}

/// What has happened around one customer's account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Happened {
    pub last_sign_in: Option<UnixMillis>,
    pub last_seen: Option<UnixMillis>,
    pub sign_ins: u64,
    pub times_seen: u64,
    pub page_views: u64,
    pub mails_sent: u64,
    /// Newest last.
    pub mails: Vec<Mail>,
}

impl Happened {
    pub(crate) fn is_online(&self, now: UnixMillis) -> bool {
        self.last_seen.is_some_and(|seen| (0..ONLINE_MS).contains(&now.saturating_sub(seen)))
    }

    fn sign_in(&mut self, now: UnixMillis) {
        self.last_sign_in = Some(now);
        self.sign_ins += 1;
    }

    fn send(&mut self, subject: &'static str, now: UnixMillis) {
        if self.mails.len() >= KEPT_MAILS {
            self.mails.remove(0);
        }
        self.mails.push(Mail { subject, at: now });
        self.mails_sent += 1;
    }
}

#[derive(Debug, Default)]
struct Held {
    by_customer: HashMap<String, Happened>,
    /// Sessions of support whose beginning was seen, with when.
    begun: BTreeMap<String, UnixMillis>,
}

#[derive(Debug)]
pub(crate) struct Effects {
    /// Gives each customer a last sign-in of the days before.
    start: UnixMillis,
    held: Mutex<Held>,
}

const NEW_SIGN_IN: &str = "A new sign-in to your account";

impl Effects {
    pub fn new(start: UnixMillis) -> Self {
        Self { start, held: Mutex::default() }
    }

    pub fn of(&self, customer: &str) -> Happened {
        self.with(customer, |happened| happened.clone())
    }

    /// The customer has signed in with their own password.
    pub fn signed_in(&self, customer: &str, now: UnixMillis) {
        self.with(customer, |happened| {
            happened.sign_in(now);
            happened.send(NEW_SIGN_IN, now);
        });
    }

    /// Somebody has asked for something of this customer's.
    pub fn looked(&self, viewer: &Viewer, is_page: bool, now: UnixMillis) {
        // To a portal without manners support's first page is a sign-in like any other, with the mail that tells of it.
        let begins = match &viewer.looker {
            Looker::Customer => false,
            Looker::Support(support) => self.begins(&support.session, now),
        };
        self.with(&viewer.customer, |happened| {
            if begins && viewer.causes(Effect::LastLogin) {
                happened.sign_in(now);
            }
            if begins && viewer.causes(Effect::Mail) {
                happened.send(NEW_SIGN_IN, now);
            }
            if viewer.causes(Effect::Presence) {
                happened.last_seen = Some(now);
                happened.times_seen += 1;
            }
            if is_page && viewer.causes(Effect::Analytics) {
                happened.page_views += 1;
            }
        });
    }

    /// Tells the customer of what was done, by mail.
    pub fn tell(&self, viewer: &Viewer, subject: &'static str, now: UnixMillis) {
        if viewer.causes(Effect::Mail) {
            self.with(&viewer.customer, |happened| happened.send(subject, now));
        }
    }

    fn begins(&self, session: &str, now: UnixMillis) -> bool {
        let begun = &mut self.held.lock().unwrap_or_else(PoisonError::into_inner).begun;
        if begun.contains_key(session) {
            return false;
        }
        if begun.len() >= KEPT_SESSIONS
            && let Some(oldest) = begun.iter().min_by_key(|(_, at)| **at).map(|(session, _)| session.clone())
        {
            begun.remove(&oldest);
        }
        begun.insert(session.to_owned(), now);
        true
    }

    fn with<T>(&self, customer: &str, change: impl FnOnce(&mut Happened) -> T) -> T {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let start = self.start;
        change(held.by_customer.entry(customer.to_owned()).or_insert_with(|| at_first(customer, start)))
    }
}

fn at_first(customer: &str, start: UnixMillis) -> Happened {
    let days = 1 + customer.parse::<i64>().unwrap_or(0).rem_euclid(9);
    let before = start - days * DAY_MS - 2 * 3_600_000;
    Happened { last_sign_in: Some(before), last_seen: Some(before), ..Happened::default() }
}

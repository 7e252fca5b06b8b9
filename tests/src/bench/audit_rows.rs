//! A year's audit log as a busy team leaves it: sessions that overlap, of lengths from a glance to thousands of records,
//! consoles and a server as writers, each with a whole chain. The same in every run but for its times.

use std::collections::HashMap;

use amberglass_domain::{
    chain::{self, UnlinkedRecord},
    ports::Entropy as _,
    session_code,
};
use amberglass_testkit::SeededEntropy;
use amberglass_wire::{
    CustomerId, DeviceId, EventId, PortalId, SessionId, StaffId, UnixMillis,
    audit::{ChainedRecord, EventBody, EventDetail, EventSubject},
    customer::CustomerResponse,
    event_stream::ChainHead,
    session::{EndedBy, Mode, Reason},
};
use anyhow::{Context as _, Result};

pub const AGENTS: usize = 200;
const CUSTOMERS: u64 = 20_000;
/// One session of so many is as long as [`LONG`].
const ONE_LONG_OF: u64 = 250;
pub const LONG: u64 = 5_000;
/// What all others have, one as often as another: with the long ones two hundred on average.
const USUAL: [u64; 10] = [44, 64, 94, 124, 154, 184, 204, 234, 294, 404];
/// That run at the same time: their records stand between each other's.
const AT_ONCE: usize = 60;
/// Thirteen months.
const SPAN_MILLIS: u64 = 395 * 24 * 60 * 60 * 1000;
const PORTAL: &str = "barkside";
pub const SERVER: &str = "server:019b0a3e-5f5e-7c3a-9f0e-3d1f6c2b7a13";
const POLICY: &str = "8f14e45fceea167a5a36dedd4bea2543b1d9b2b0a5a5c5d5e5f5a5b5c5d5e5f5";

/// A record and what the table has beside it.
pub struct Row {
    pub record: ChainedRecord,
    pub subject: EventSubject,
    pub is_page: bool,
}

/// One of the two hundred.
pub struct Agent {
    pub id: String,
    pub device: String,
    pub email: String,
}

pub fn agents() -> Vec<Agent> {
    (0..AGENTS)
        .map(|n| Agent {
            id: format!("018f0000-0000-7000-8000-{n:012x}"),
            device: format!("018f0001-0000-7000-8000-{n:012x}"),
            email: format!("agent{n}@bench.example"),
        })
        .collect()
}

/// One that is over.
#[derive(Clone)]
pub struct Session {
    pub id: String,
    pub code: String,
    /// Which agent.
    pub agent: usize,
    pub customer: CustomerResponse,
    pub started_at: i64,
    pub ended_at: i64,
    pub records: u64,
}

struct Running {
    session: Session,
    written: u64,
}

/// Gives the rows in the order in which they were committed.
pub struct Rows {
    dice: SeededEntropy,
    agents: Vec<Agent>,
    heads: HashMap<String, ChainHead>,
    running: Vec<Running>,
    /// Those that are over.
    pub sessions: Vec<Session>,
    begun: u64,
    left: u64,
    all: u64,
    begin: i64,
}

impl Rows {
    /// So many, the last of them at `end`.
    pub fn new(count: u64, end: UnixMillis) -> Self {
        Self {
            dice: SeededEntropy::new(7),
            agents: agents(),
            heads: HashMap::new(),
            running: Vec::new(),
            sessions: Vec::new(),
            begun: 0,
            left: count,
            all: count,
            begin: end.0 - SPAN_MILLIS.cast_signed(),
        }
    }

    /// Below `bound`.
    fn draw(&self, bound: u64) -> u64 {
        let mut bytes = [0; 8];
        self.dice.fill(&mut bytes);
        u64::from_le_bytes(bytes) % bound
    }

    fn now(&self) -> u64 {
        let written = u128::from(self.all - self.left);
        (u128::from(SPAN_MILLIS) * written / u128::from(self.all)) as u64
    }

    fn uuid(&self, at: i64) -> String {
        let (a, b, c) = (self.draw(1 << 12), self.draw(1 << 14) | 1 << 15, self.draw(1 << 48));
        let at = at & 0xFFFF_FFFF_FFFF;
        format!("{:08x}-{:04x}-7{a:03x}-{b:04x}-{c:012x}", at >> 16, at & 0xFFFF)
    }

    /// The next session; not more than there are records left for, but for the last ones.
    fn begin_session(&mut self, at: i64) {
        let n = self.begun;
        self.begun += 1;
        // Few customers call again and again: the smaller of two numbers is drawn.
        let customer = self.draw(CUSTOMERS).min(self.draw(CUSTOMERS));
        let records = if n % ONE_LONG_OF == 17 {
            LONG
        } else {
            USUAL.get(usize::try_from(self.draw(10)).unwrap_or(0)).copied().unwrap_or(LONG)
        };
        let agent = usize::try_from(n).unwrap_or(0) * 7 % AGENTS;
        let session = Session {
            id: self.uuid(at),
            code: session_code::draw(&self.dice),
            agent,
            customer: CustomerResponse {
                portal: PortalId::new(PORTAL),
                id: CustomerId::new(customer.to_string()),
                name: format!("Customer {customer}"),
                email: format!("customer{customer}@example.com"),
                class: "standard".into(),
                plan: Some("gold".into()),
                since: None,
                active: true,
            },
            started_at: at,
            ended_at: at,
            records,
        };
        self.running.push(Running { session, written: 0 });
    }

    fn next_row(&mut self) -> Result<Row> {
        let at = self.begin + self.now().cast_signed();
        while self.running.len() < AT_ONCE {
            self.begin_session(at);
        }
        let which = usize::try_from(self.draw(AT_ONCE as u64))?;
        let (by_server, kind, page) = (self.draw(100) < 60, self.draw(100), self.draw(5_000));
        let running = self.running.get_mut(which).context("so many run")?;
        running.written += 1;
        running.session.ended_at = at;
        let (written, session) = (running.written, running.session.clone());
        let is_over = written == session.records;
        let agent = self.agents.get(session.agent).context("there are so many agents")?;
        let subject = EventSubject {
            staff: Some(StaffId::new(agent.id.clone())),
            customer: Some(session.customer.id.clone()),
            portal: Some(PortalId::new(PORTAL)),
            session: Some(SessionId::new(session.id.clone())),
            device: Some(DeviceId::new(agent.device.clone())),
            policy_hash: Some(POLICY.into()),
        };
        let by_server = by_server || written == 1 || is_over;
        let document = kind < 25;
        let path = format!("/appointments/{page}/notes");
        let detail = if written == 1 {
            let reason = Reason { code: "other".into(), text: "The calendar shows a wrong day".into(), ticket: None };
            EventDetail::SessionStarted {
                mode: Mode::ReadOnly,
                reason,
                expires_at: UnixMillis(at + 1_800_000),
                code: session.code.clone(),
                request: None,
            }
        } else if is_over {
            EventDetail::SessionEnded {
                ended_by: EndedBy::Staff,
                note: None,
                pages: 0,
                blocked: 0,
                by: None,
                reason: None,
            }
        } else if by_server && kind >= 96 {
            EventDetail::RequestBlocked { method: "POST".into(), path, rule: "read-only".into() }
        } else {
            EventDetail::PageViewed { method: "GET".into(), path, document, rule: None, unmasked: Vec::new() }
        };
        let is_page = by_server && matches!(detail, EventDetail::PageViewed { document: true, .. });
        let writer = if by_server { SERVER.to_owned() } else { agent.device.clone() };
        let kind = detail.kind().to_owned();
        let body = EventBody::new(subject.clone(), "amberglass/0.1.0 (linux)", detail);
        let mut salt = [0; 16];
        self.dice.fill(&mut salt);
        let unlinked = UnlinkedRecord {
            id: EventId::new(self.uuid(at)),
            session: subject.session.clone(),
            occurred_at: UnixMillis(at),
            monotonic_millis: at - self.begin,
            kind,
            salt,
            body: serde_json::to_string(&body)?,
        };
        let head = self.heads.entry(writer.clone()).or_default();
        let record = chain::link(&writer, head, unlinked);
        *head = ChainHead { seq: record.seq, hash: record.hash.clone() };
        self.left -= 1;
        if is_over {
            self.sessions.push(self.running.swap_remove(which).session);
        }
        Ok(Row { record, subject, is_page })
    }

    /// All sessions, also those whose last records no longer fit.
    pub fn into_sessions(mut self) -> Vec<Session> {
        self.sessions
            .extend(self.running.into_iter().map(|running| Session { records: running.written, ..running.session }));
        let mut seen = std::collections::HashSet::new();
        // Codes are short: of two that are the same by chance the later is not kept.
        self.sessions.retain(|session| session.records > 0 && seen.insert(session.code.clone()));
        self.sessions
    }
}

impl Iterator for Rows {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        (self.left > 0).then(|| self.next_row())
    }
}

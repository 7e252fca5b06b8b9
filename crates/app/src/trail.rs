//! The trail of one session: what the server holds, what still waits here, and whether the chains are whole.

use std::collections::{BTreeMap, HashSet};

use amberglass_domain::{chain::verify_next, ports::BackendError};
use amberglass_wire::{
    SessionId, UnixMillis,
    audit::{ChainedRecord, EventBody, EventDetail, TrailEvent, UnmaskedField},
    elevation::SendOutcome,
    event_stream::ChainHead,
    session::SessionResponse,
};

use crate::{
    controller::Actor,
    errors,
    export::Export,
    input::Reply,
    view::{ConsoleErrorCode, TrailEventView, TrailSource, TrailView, UiError},
};

/// Writers that are processes of the server carry this prefix.
const SERVER_WRITER: &str = "server:";

/// The trail that is open.
pub(crate) struct Trail {
    session: SessionId,
    number: u64,
    loading: bool,
    pub read: Option<ReadTrail>,
    checked_at: Option<UnixMillis>,
    error: Option<UiError>,
    pub export: Export,
}

/// What was fetched, checked and put into lines.
pub(crate) struct ReadTrail {
    pub about: SessionResponse,
    pub events: Vec<TrailEventView>,
    /// Of each line, the record behind it.
    pub records: Vec<ChainedRecord>,
    chain_whole: bool,
}

impl Actor {
    pub fn open_trail(&mut self, session: SessionId) {
        self.trail = Some(Trail {
            session,
            number: 0,
            loading: true,
            read: None,
            checked_at: None,
            error: None,
            export: Export::Idle,
        });
        self.read_trail();
    }

    /// Something was added to this session: what is shown of it stays until it has been read again.
    pub fn refresh_trail(&mut self, session: SessionResponse) {
        let open = self.trail.as_mut().filter(|trail| trail.session == session.id);
        if let Some(read) = open.and_then(|trail| trail.read.as_mut()) {
            read.about = session;
            self.read_trail();
        }
    }

    pub fn read_trail(&mut self) {
        let Some(account) = self.account().cloned() else { return };
        let number = self.next_number();
        let Some(trail) = &mut self.trail else { return };
        trail.number = number;
        let session = trail.session.clone();
        let journal = self.journal.open().map(|opened| opened.journal.clone());
        let ports = self.ports.clone();
        self.spawn(async move {
            // What waits is read first: a record delivered in between then stands in both lists, never in neither.
            let unsent = match &journal {
                Some(journal) => journal.unsent_of(&session).await.map_err(|error| {
                    tracing::error!(%error, "the journal could not be read");
                    errors::console(ConsoleErrorCode::JournalUnavailable, Some(error.to_string()))
                }),
                None => Ok(Vec::new()),
            };
            let fetched: Result<_, BackendError> = tokio::try_join!(
                ports.backend.session(&account.access, &session),
                ports.backend.trail(&account.access, &session),
            );
            let result = match (unsent, fetched) {
                (Ok(unsent), Ok((about, events))) => Ok(read_trail(about, events, unsent)),
                (Err(error), _) => Err(error),
                (Ok(_), Err(error)) => Err(errors::of_backend(&error)),
            };
            Reply::Trail { number, result }
        });
    }

    pub fn on_trail(&mut self, number: u64, result: Result<ReadTrail, UiError>) {
        let checked_at = self.ports.clock.now();
        let Some(trail) = self.trail.as_mut().filter(|trail| trail.number == number) else { return };
        trail.loading = false;
        match result {
            Ok(read) => {
                trail.read = Some(read);
                trail.checked_at = Some(checked_at);
            }
            // What could not be read again stands as it was read before.
            Err(_) if trail.read.is_some() => {}
            Err(error) => trail.error = Some(error),
        }
    }

    pub fn trail_view(&self, trail: &Trail, now: i64) -> TrailView {
        TrailView {
            session: trail.session.clone(),
            loading: trail.loading,
            about: trail.read.as_ref().map(|read| self.session_view(&read.about, now)),
            events: trail.read.as_ref().map(|read| read.events.clone()).unwrap_or_default(),
            chain_whole: trail.read.as_ref().is_some_and(|read| read.chain_whole),
            checked_at: trail.checked_at,
            error: trail.error.clone(),
            export: trail.export.view(),
        }
    }
}

/// Pure: the server's order, then what the server does not have yet.
fn read_trail(about: SessionResponse, events: Vec<TrailEvent>, unsent: Vec<ChainedRecord>) -> ReadTrail {
    let mut whole = events.iter().all(|event| event.record.session.as_ref() == Some(&about.id));
    let held: HashSet<(String, i64)> =
        events.iter().map(|event| (event.record.writer.clone(), event.record.seq)).collect();
    let mut lines = Vec::with_capacity(events.len() + unsent.len());
    let mut shown = Vec::with_capacity(events.len() + unsent.len());
    let mut records = Vec::with_capacity(events.len() + unsent.len());
    let received = events.into_iter().map(|event| (event.record, false));
    for (record, unsent) in received.chain(unsent.into_iter().map(|record| (record, true))) {
        let doubled = unsent && held.contains(&(record.writer.clone(), record.seq));
        if !doubled {
            lines.push(line(&record, unsent, &mut whole));
            shown.push(record.clone());
        }
        records.push(record);
    }
    ReadTrail { about, events: lines, records: shown, chain_whole: whole && chains_are_whole(&records) }
}

/// Each record against its own hash and commitment, and against the one before it where both are here: one session's
/// records are a part of each writer's chain, so what lies between two of them may belong elsewhere.
fn chains_are_whole(records: &[ChainedRecord]) -> bool {
    let mut chains: BTreeMap<&str, BTreeMap<i64, &ChainedRecord>> = BTreeMap::new();
    for record in records {
        let other = chains.entry(record.writer.as_str()).or_default().insert(record.seq, record);
        if other.is_some_and(|other| other.hash != record.hash) {
            return false;
        }
    }
    chains.iter().all(|(writer, chain)| {
        let mut head = ChainHead::default();
        chain.values().all(|record| {
            let follows = record.seq == head.seq.saturating_add(1);
            if !follows {
                head = ChainHead { seq: record.seq.saturating_sub(1), hash: record.prev_hash.clone() };
            }
            match verify_next(writer, &head, record) {
                Ok(next) => {
                    head = next;
                    true
                }
                Err(error) => {
                    tracing::error!(%error, "a chain of the trail is broken");
                    false
                }
            }
        })
    })
}

pub(crate) fn line(record: &ChainedRecord, unsent: bool, whole: &mut bool) -> TrailEventView {
    let source = if record.writer.starts_with(SERVER_WRITER) { TrailSource::Server } else { TrailSource::Console };
    let detail = serde_json::from_str::<EventBody>(&record.body).map(|body| body.detail).ok();
    // The kind stands outside the body too; where they differ, somebody has put another label on it.
    if detail.as_ref().is_some_and(|detail| *detail != EventDetail::Unknown && detail.kind() != record.kind) {
        *whole = false;
    }
    let words = detail.map(words).unwrap_or_default();
    TrailEventView {
        id: record.id.as_str().to_owned(),
        occurred_at: record.occurred_at,
        kind: record.kind.clone(),
        source,
        what: words.what,
        because: words.because,
        blocked: words.blocked,
        resource: words.resource,
        unsent,
        erased: record.body.is_empty(),
    }
}

/// What a record was about, and why, for lines that stand outside a trail.
pub(crate) fn what_and_because(detail: EventDetail) -> (String, String) {
    let Words { what, because, blocked: _, resource: _ } = words(detail);
    (what, because)
}

#[derive(Default)]
struct Words {
    what: String,
    because: String,
    blocked: bool,
    resource: bool,
}

/// Plain values: paths, ids of rules and causes. The sentences stand in the UI.
fn words(detail: EventDetail) -> Words {
    let because = |because: String| Words { because, ..Words::default() };
    let what = |what: String| Words { what, ..Words::default() };
    match detail {
        EventDetail::SessionStarted { mode, reason, expires_at: _, code: _, request: _ }
        | EventDetail::StartRequested { mode, reason } => {
            Words { what: mode.as_str().to_owned(), because: reason.text, ..Words::default() }
        }
        EventDetail::SessionRefused { rule, mode, reason: _, emergency: _, field } => {
            let what = field.map_or_else(|| mode.as_str().to_owned(), field_words);
            Words { what, because: rule, blocked: true, resource: false }
        }
        EventDetail::FieldUnmasked { rule, pointer, reason, until: _ } => {
            Words { what: field_words(UnmaskedField { rule, pointer }), because: reason, ..Words::default() }
        }
        EventDetail::SessionExtended { expires_at: _, reason, number: _ } => because(reason.text),
        // Why somebody else ended it says more than the closing words, which no such end has.
        EventDetail::SessionEnded { ended_by, note, reason, by: _, pages: _, blocked: _ } => Words {
            what: reason.or(note).unwrap_or_default(),
            because: ended_by.as_str().to_owned(),
            ..Words::default()
        },
        EventDetail::NoteAdded { note } => what(note),
        EventDetail::PageViewed { method, path, document, rule: _, unmasked } => {
            let shown: Vec<String> = unmasked.into_iter().map(field_words).collect();
            Words { what: request(&method, path), because: shown.join(", "), resource: !document, blocked: false }
        }
        EventDetail::FileDownloaded { method, path, rule, content_type: _, extension: _, bytes: _ } => {
            Words { what: request(&method, path), because: rule, ..Words::default() }
        }
        EventDetail::RequestBlocked { method, path, rule } => {
            Words { what: request(&method, path), because: rule, blocked: true, resource: false }
        }
        EventDetail::AttemptRefused { attempt, target } => {
            Words { what: target.unwrap_or_default(), because: id_of(attempt), blocked: true, resource: false }
        }
        EventDetail::CurtainDrawn { cause } => because(cause),
        EventDetail::ForeignCodeLoaded { by } => because(by.join(" ")),
        EventDetail::DeviceRegistered { device_name, key_fingerprint: _ } => what(device_name),
        EventDetail::DeviceRevoked { reason, by: _ }
        | EventDetail::PortalDisabled { reason, by: _ }
        | EventDetail::EmergencyStopped { reason, by: _ } => because(reason),
        EventDetail::StaffAdded { role, by: _ } => what(role),
        EventDetail::StaffRoleChanged { from, to, by: _ } => Words { what: to, because: from, ..Words::default() },
        EventDetail::ProviderLinked { issuer } => what(issuer),
        EventDetail::SignerAdded { name, verifier_key: _ } => what(name),
        EventDetail::PortalKeyAdded { name, key: _ } => what(name),
        EventDetail::PortalKeyRevoked { key } => what(key),
        EventDetail::PortalTested { upstream } => what(upstream),
        EventDetail::TrailExported { format } => what(id_of(format)),
        EventDetail::JournalReplaced { cause, former: _, seq: _, hash: _ } => because(id_of(cause)),
        EventDetail::BodiesErased { reason, by: _, records: _ } => because(reason),
        EventDetail::RecordsRetired { writer, through, hash: _ } => what(format!("{writer} {through}")),
        EventDetail::ServerKeyPinned { name, verifier_key: _ } => what(name),
        EventDetail::ServerContradicted { signer, cause, held: _, shown: _ } => {
            Words { what: signer, because: id_of(cause), ..Words::default() }
        }
        EventDetail::ChainContradicted { writer, cause, held: _, shown: _ } => {
            Words { what: writer, because: id_of(cause), ..Words::default() }
        }
        EventDetail::SessionMismatch { missing_at_console, missing_at_server } => {
            Words { what: [missing_at_console, missing_at_server].concat().join(", "), ..Words::default() }
        }
        EventDetail::AlarmAcknowledged { note, by: _, alarm: _ } => what(note),
        EventDetail::JournalRecovered { writer, from: _, through: _ } => what(writer),
        EventDetail::ApprovalRequested { reason, write: Some(write), .. } => {
            Words { what: request(&write.method, write.path), because: reason.text, ..Words::default() }
        }
        EventDetail::WriteSent { write, request: _ } => what(request(&write.method, write.path)),
        EventDetail::WriteAnswered { outcome, request: _ } => what(match outcome {
            SendOutcome::Answered { status } => status.to_string(),
            SendOutcome::NotSent {} => "not_sent".to_owned(),
            SendOutcome::Unknown {} => "unknown".to_owned(),
        }),
        EventDetail::ApprovalRequested { scope, reason, request: _, rules: _, expires_at: _, write: None } => {
            Words { what: scope.mode.as_str().to_owned(), because: reason.text, ..Words::default() }
        }
        EventDetail::ApprovalDecided { decision, state: _ } => {
            let what = decision.verdict.as_str().to_owned();
            Words { what, because: decision.comment, ..Words::default() }
        }
        EventDetail::ApprovalWithdrawn { reason, request: _, by: _ } => because(reason.unwrap_or_default()),
        EventDetail::ApprovalLapsed { was, policy_changed, request: _ } => {
            let because = if policy_changed { "policy_changed".to_owned() } else { String::new() };
            Words { what: was.as_str().to_owned(), because, ..Words::default() }
        }
        EventDetail::BreakGlassUsed { emergency, reason: _ } => because(emergency),
        EventDetail::BreakGlassReviewed { outcome, note, by: _ } => {
            Words { what: outcome.as_str().to_owned(), because: note, ..Words::default() }
        }
        EventDetail::PortalEnabled { reason, by: _ } => because(reason.unwrap_or_default()),
        EventDetail::PolicyChanged { to, from: _ } => what(to),
        EventDetail::RulesChanged { to, overrides, from: _ } => {
            Words { what: to, because: overrides.join(", "), ..Words::default() }
        }
        EventDetail::PolicyRefused { what, in_force: _, refused: _ }
        | EventDetail::RulesRefused { what, in_force: _, refused: _ } => because(what),
        EventDetail::StaffSignedIn {}
        | EventDetail::SignInFailed { .. }
        | EventDetail::StaffSignedOut {}
        | EventDetail::StaffDisabled { .. }
        | EventDetail::StaffEnabled { .. }
        | EventDetail::PasswordChanged { .. }
        | EventDetail::SecondFactorSetUp {}
        | EventDetail::SecondFactorReset { .. }
        | EventDetail::EmergencyStopLifted { .. }
        | EventDetail::CardViewed {}
        | EventDetail::SessionEntered {}
        | EventDetail::SessionFrozen {}
        | EventDetail::SessionResumed {}
        | EventDetail::EndRequested {}
        | EventDetail::WindowOpened {}
        | EventDetail::WindowClosed {}
        | EventDetail::CurtainLifted {}
        | EventDetail::AuditExported { .. }
        | EventDetail::JournalKeyRotated { .. }
        | EventDetail::JournalTidied { .. }
        | EventDetail::CheckpointWitnessed { .. }
        | EventDetail::DeviceHeadNoted { .. }
        | EventDetail::ApprovalEscalated { .. }
        | EventDetail::ApprovalUsed { .. }
        | EventDetail::Unknown => Words::default(),
    }
}

fn request(method: &str, path: String) -> String {
    if method == "GET" { path } else { format!("{method} {path}") }
}

/// A masked field, by its rule and its pointer.
fn field_words(field: UnmaskedField) -> String {
    format!("{} {}", field.rule, field.pointer)
}

/// The id as it stands on the wire.
fn id_of(value: impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(id)) => id,
        Ok(_) | Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use amberglass_domain::chain::{UnlinkedRecord, link};
    use amberglass_wire::{EventId, audit::EventSubject};

    use super::*;
    use crate::present::tests::session;

    fn record(writer: &str, head: &mut ChainHead, detail: EventDetail) -> ChainedRecord {
        let subject = EventSubject { session: Some(SessionId::new("s1")), ..EventSubject::default() };
        let body = EventBody::new(subject, "amberglass/test", detail);
        let number = head.seq + 1;
        let record = link(
            writer,
            head,
            UnlinkedRecord {
                id: EventId::new(format!("{writer}-{number}")),
                session: Some(SessionId::new("s1")),
                occurred_at: UnixMillis(number),
                monotonic_millis: number,
                kind: body.detail.kind().into(),
                salt: [7; 16],
                body: serde_json::to_string(&body).unwrap(),
            },
        );
        *head = ChainHead { seq: record.seq, hash: record.hash.clone() };
        record
    }

    fn page(path: &str) -> EventDetail {
        EventDetail::PageViewed {
            method: "GET".into(),
            path: path.into(),
            document: true,
            rule: None,
            unmasked: Vec::new(),
        }
    }

    fn received(records: &[ChainedRecord]) -> Vec<TrailEvent> {
        (1..)
            .zip(records)
            .map(|(position, record)| TrailEvent { position, received_at: UnixMillis(0), record: record.clone() })
            .collect()
    }

    /// Console 3, 4, 6 and server 1, 2; console 6 has not been sent.
    fn example() -> (Vec<ChainedRecord>, ChainedRecord) {
        let mut console = ChainHead { seq: 2, hash: "ab".repeat(32) };
        let mut server = ChainHead::default();
        let opened = record("device", &mut console, EventDetail::WindowOpened {});
        let viewed = record("device", &mut console, page("/invoices?page"));
        record("device", &mut console, page("/of-another-session"));
        let unsent = record("device", &mut console, EventDetail::EndRequested {});
        let blocked = EventDetail::RequestBlocked { method: "POST".into(), path: "/pay".into(), rule: "write".into() };
        let server =
            [record("server:a", &mut server, EventDetail::SessionEntered {}), record("server:a", &mut server, blocked)];
        let [entered, refused] = server;
        (vec![entered, opened, viewed, refused], unsent)
    }

    #[test]
    fn both_writers_and_what_still_waits_stand_in_one_trail() {
        let (held, unsent) = example();
        let trail = read_trail(session(), received(&held), vec![unsent]);
        assert!(trail.chain_whole);
        let lines: Vec<_> = trail
            .events
            .iter()
            .map(|e| (e.kind.as_str(), e.what.as_str(), e.because.as_str(), e.blocked, e.unsent))
            .collect();
        assert_eq!(
            lines,
            [
                ("session_entered", "", "", false, false),
                ("window_opened", "", "", false, false),
                ("page_viewed", "/invoices?page", "", false, false),
                ("request_blocked", "POST /pay", "write", true, false),
                ("end_requested", "", "", false, true),
            ]
        );
        assert_eq!(trail.events[0].source, TrailSource::Server);
        assert_eq!(trail.events[1].source, TrailSource::Console);
    }

    #[test]
    fn what_a_page_loads_by_itself_is_told_apart_from_pages() {
        let mut server = ChainHead::default();
        let style = EventDetail::PageViewed {
            method: "GET".into(),
            path: "/a.css".into(),
            document: false,
            rule: None,
            unmasked: Vec::new(),
        };
        let mut held = [page("/"), style.clone(), style].map(|detail| record("server:a", &mut server, detail));
        // What an erased record was nobody knows: it is not made less than a page.
        held[2].body.clear();
        held[2].salt.clear();
        let trail = read_trail(session(), received(&held), Vec::new());
        let resources: Vec<_> = trail.events.iter().map(|event| event.resource).collect();
        assert_eq!(resources, [false, true, false]);
        assert!(trail.events.iter().all(|event| event.kind == "page_viewed"));
    }

    #[test]
    fn a_record_delivered_meanwhile_stands_once() {
        let (mut held, unsent) = example();
        held.push(unsent.clone());
        let trail = read_trail(session(), received(&held), vec![unsent]);
        assert!(trail.chain_whole);
        assert_eq!(trail.events.len(), 5);
        assert!(trail.events.iter().all(|event| !event.unsent));
    }

    #[test]
    fn tampering_shows() {
        let alterations: [fn(&mut Vec<ChainedRecord>); 5] = [
            |records| records[2].body = records[2].body.replace("invoices", "messages"),
            |records| records[2].kind = "window_closed".into(),
            |records| records[3].occurred_at = UnixMillis(77),
            |records| records[2].prev_hash = "cd".repeat(32),
            |records| records[3].session = Some(SessionId::new("s2")),
        ];
        for (index, alter) in alterations.into_iter().enumerate() {
            let (mut held, _) = example();
            alter(&mut held);
            assert!(!read_trail(session(), received(&held), Vec::new()).chain_whole, "alteration {index}");
        }
    }

    #[test]
    fn a_record_that_differs_here_and_at_the_server_breaks_the_trail() {
        let (mut held, mut unsent) = example();
        held.push(unsent.clone());
        unsent.hash = "ef".repeat(32);
        assert!(!read_trail(session(), received(&held), vec![unsent]).chain_whole);
    }

    #[test]
    fn an_erased_body_leaves_a_line_without_words() {
        let (mut held, _) = example();
        held[2].body.clear();
        held[2].salt.clear();
        let trail = read_trail(session(), received(&held), Vec::new());
        assert!(trail.chain_whole);
        assert_eq!((trail.events[2].kind.as_str(), trail.events[2].what.as_str()), ("page_viewed", ""));
        let erased: Vec<_> = trail.events.iter().map(|event| event.erased).collect();
        assert_eq!(erased, [false, false, true, false]);
    }
}

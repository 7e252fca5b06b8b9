//! Consoles deliver their journals.

use amberglass_domain::{chain, chain::UnlinkedRecord, checkpoint::WriterHead, ports::Clock as _, signing};
use amberglass_server::sha256_hex;
use amberglass_wire::{
    CustomerId, DeviceId, EventId, PortalId, SessionId, UnixMillis,
    audit::{ChainedRecord, EventBody, EventDetail, EventSubject, TrailFormat},
    event_stream::ChainHead,
    journal::{DEVICE_HEADER, JournalBatchRequest, JournalBatchResponse, SIGNATURE_HEADER, SIGNED_AT_HEADER},
    problem::ErrorCode,
    session::EndedBy,
};
use reqwest::{Response, StatusCode};

use crate::world::{Console, World, device_of, json, problem};

/// What a console's journal writes.
pub struct Journal {
    pub device: DeviceId,
    pub writer: String,
    pub head: ChainHead,
}

impl Journal {
    pub fn of(console: &Console) -> Self {
        Self::later(console, 1)
    }

    /// The device's chain with this number.
    pub fn later(console: &Console, number: u32) -> Self {
        let device = device_of(console);
        Self { writer: chain::writer_of_chain(device.as_str(), number), device, head: ChainHead::default() }
    }

    pub fn append(&mut self, session: Option<&SessionId>, detail: EventDetail) -> ChainedRecord {
        self.append_about(EventSubject { session: session.cloned(), ..EventSubject::default() }, detail)
    }

    pub fn append_about(&mut self, subject: EventSubject, detail: EventDetail) -> ChainedRecord {
        self.append_as(subject, UnixMillis(1_767_603_600_000 + self.head.seq + 1), detail)
    }

    /// As a clock has it that is set to this.
    pub fn append_at(&mut self, occurred_at: UnixMillis, detail: EventDetail) -> ChainedRecord {
        self.append_as(EventSubject::default(), occurred_at, detail)
    }

    fn append_as(&mut self, subject: EventSubject, occurred_at: UnixMillis, detail: EventDetail) -> ChainedRecord {
        let (number, session) = (self.head.seq + 1, subject.session.clone());
        let body = EventBody::new(subject, "amberglass/0.1.0", detail);
        let record = chain::link(
            &self.writer,
            &self.head,
            UnlinkedRecord {
                id: EventId::new(format!("{}-{number}", self.writer.replace('/', "-"))),
                session,
                occurred_at,
                monotonic_millis: number,
                kind: body.detail.kind().into(),
                salt: [7; 16],
                body: serde_json::to_string(&body).unwrap(),
            },
        );
        self.head = ChainHead { seq: record.seq, hash: record.hash.clone() };
        record
    }

    pub fn run(&mut self, count: usize) -> Vec<ChainedRecord> {
        (0..count).map(|_| self.append(None, EventDetail::WindowOpened {})).collect()
    }
}

async fn deliver_as(world: &World, console: &Console, device: &DeviceId, body: Vec<u8>, compressed: bool) -> Response {
    let signed_at = world.clock.now();
    let message = signing::journal_batch(device, &sha256_hex(&body), signed_at);
    let mut request = world
        .client
        .post(world.url("/v1/journal/batches"))
        .header(DEVICE_HEADER, device.as_str())
        .header(SIGNED_AT_HEADER, signed_at.0)
        .header(SIGNATURE_HEADER, console.key.sign(&message))
        .header("content-type", "application/json");
    if compressed {
        request = request.header("content-encoding", "zstd").body(zstd::encode_all(body.as_slice(), 3).unwrap());
    } else {
        request = request.body(body);
    }
    request.send().await.unwrap()
}

/// As consoles do, with the device's own checkpoint.
pub async fn deliver(world: &World, console: &Console, records: &[ChainedRecord]) -> Response {
    let note = note_of(console, records);
    deliver_signed(world, console, records, note).await
}

/// What a device has to say of its own records.
pub fn note_of(console: &Console, records: &[ChainedRecord]) -> Option<String> {
    let device = device_of(console);
    let (first, last) = (records.first()?, records.last()?);
    let head = ChainHead { seq: last.seq, hash: last.hash.clone() };
    let heads = vec![WriterHead { writer: first.writer.clone(), head }];
    let note = console.key.note_signer(&device).unwrap().checkpoint(UnixMillis(1), heads).ok();
    note.filter(|_| chain::device_of(&first.writer) == device.as_str())
}

/// With this checkpoint, or without one.
pub async fn deliver_signed(
    world: &World,
    console: &Console,
    records: &[ChainedRecord],
    checkpoint: Option<String>,
) -> Response {
    let body = serde_json::to_vec(&JournalBatchRequest { records: records.to_vec(), checkpoint }).unwrap();
    deliver_as(world, console, &device_of(console), body, true).await
}

/// The first record that this console writes.
pub async fn deliver_one(world: &World, console: &Console) {
    assert_eq!(accepted(deliver(world, console, &Journal::of(console).run(1)).await).await.seq, 1);
}

pub async fn accepted(response: Response) -> ChainHead {
    json::<JournalBatchResponse>(response, StatusCode::OK).await.held
}

#[tokio::test]
async fn a_journal_arrives_in_order_and_twice_is_once() {
    let world = World::new().await;
    let amy = world.amy().await;
    let mut journal = Journal::of(&amy);
    let records = journal.run(5);
    assert_eq!(accepted(deliver(&world, &amy, &records[..2]).await).await.seq, 2);
    assert_eq!(accepted(deliver(&world, &amy, &records[..2]).await).await.seq, 2);
    // Overlapping what is held: the rest is taken.
    assert_eq!(accepted(deliver(&world, &amy, &records[1..]).await).await, journal.head);
    assert_eq!(accepted(deliver(&world, &amy, &[]).await).await, journal.head);
    assert_eq!(world.count_events("window_opened").await, 5);
}

#[tokio::test]
async fn two_deliveries_of_the_same_batch_at_once_store_it_once() {
    let world = World::new().await;
    let amy = world.amy().await;
    let records = Journal::of(&amy).run(50);
    let answers = futures_util::future::join_all((0..4).map(|_| deliver(&world, &amy, &records))).await;
    for answer in answers {
        assert_eq!(accepted(answer).await.seq, 50);
    }
    assert_eq!(world.count_events("window_opened").await, 50);
}

#[tokio::test]
async fn a_gap_is_answered_with_what_is_held() {
    let world = World::new().await;
    let amy = world.amy().await;
    let records = Journal::of(&amy).run(4);
    accepted(deliver(&world, &amy, &records[..1]).await).await;
    let gap = problem(deliver(&world, &amy, &records[2..]).await, StatusCode::CONFLICT, ErrorCode::JournalGap).await;
    assert_eq!(gap.held.unwrap(), ChainHead { seq: 1, hash: records[0].hash.clone() });
    let holed = [records[1].clone(), records[3].clone()];
    problem(deliver(&world, &amy, &holed).await, StatusCode::CONFLICT, ErrorCode::JournalGap).await;
    assert_eq!(world.count_events("window_opened").await, 1, "all of a batch or nothing");
}

#[tokio::test]
async fn a_second_past_is_a_fork() {
    let world = World::new().await;
    let amy = world.amy().await;
    let records = Journal::of(&amy).run(3);
    accepted(deliver(&world, &amy, &records[..2]).await).await;
    let mut other = Journal::of(&amy);
    let others: Vec<_> = (0..3).map(|_| other.append(None, EventDetail::WindowClosed {})).collect();
    for batch in [&others[..2], &others[2..]] {
        let fork = problem(deliver(&world, &amy, batch).await, StatusCode::CONFLICT, ErrorCode::JournalFork).await;
        assert_eq!(fork.held.unwrap().seq, 2);
    }
    assert_eq!(world.count_events("window_closed").await, 0);
}

#[tokio::test]
async fn a_record_that_is_not_what_it_says_is_refused() {
    let world = World::new().await;
    let amy = world.amy().await;
    let alterations: [fn(&mut ChainedRecord); 5] = [
        |r| r.body.push(' '),
        |r| r.kind = "session_ended".into(),
        |r| r.writer = "server:other".into(),
        |r| r.hash = chain::GENESIS.into(),
        |r| r.seq = 0,
    ];
    for (index, alter) in alterations.into_iter().enumerate() {
        let mut records = Journal::of(&amy).run(2);
        alter(&mut records[1]);
        let answer = deliver(&world, &amy, &records).await;
        assert!(answer.status().is_client_error(), "alteration {index}");
        assert_eq!(world.count_events("window_opened").await, 0, "alteration {index}");
    }
    // Well linked, but header and body say different things.
    let mut journal = Journal::of(&amy);
    let mut lying = journal.append(None, EventDetail::WindowOpened {});
    lying.kind = "window_closed".into();
    lying.hash = chain::record_hash(&lying);
    let answer = deliver(&world, &amy, &[lying]).await;
    problem(answer, StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::JournalInvalid).await;
}

#[tokio::test]
async fn only_the_device_itself_delivers_also_for_dismissed_staff() {
    let world = World::new().await;
    let (amy, leo) = (world.amy().await, world.sign_in(crate::world::LEO, 2).await);
    let records = Journal::of(&amy).run(2);
    let body = serde_json::to_vec(&JournalBatchRequest { records: records.clone(), checkpoint: None }).unwrap();
    let forged = deliver_as(&world, &leo, &device_of(&amy), body.clone(), false).await;
    problem(forged, StatusCode::FORBIDDEN, ErrorCode::DeviceRefused).await;
    let foreign = deliver_as(&world, &leo, &device_of(&leo), body, false).await;
    problem(foreign, StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::JournalInvalid).await;
    let unknown = deliver_as(&world, &amy, &DeviceId::new("nobody"), b"{}".to_vec(), false).await;
    problem(unknown, StatusCode::FORBIDDEN, ErrorCode::DeviceRefused).await;
    world.set_active(&amy, false).await;
    assert_eq!(accepted(deliver(&world, &amy, &records[..1]).await).await.seq, 1);
    let mut tx = world.server().state().store.begin().await.unwrap();
    assert!(tx.revoke_device(&device_of(&amy), None, amberglass_wire::UnixMillis(1)).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(accepted(deliver(&world, &amy, &records[1..]).await).await.seq, 2, "also of a revoked device");
}

#[tokio::test]
async fn too_much_at_once_is_refused_also_when_it_came_in_small() {
    let world = World::new().await;
    let amy = world.amy().await;
    let body = vec![b' '; 5 * 1024 * 1024];
    let answer = deliver_as(&world, &amy, &device_of(&amy), body, true).await;
    problem(answer, StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::PayloadTooLarge).await;
}

#[tokio::test]
async fn both_writers_stand_in_one_trail_in_the_order_of_commits() {
    let world = World::new().await;
    let amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    let mut journal = Journal::of(&amy);
    let opened = journal.append(Some(&id), EventDetail::WindowOpened {});
    accepted(deliver(&world, &amy, &[opened]).await).await;
    world.end(&amy, &id).await;
    let trail = world.trail(&amy, &id).await;
    let kinds: Vec<_> = trail.iter().map(|event| event.record.kind.as_str()).collect();
    assert_eq!(kinds, ["session_started", "window_opened", "session_ended"]);
    assert!(trail.is_sorted_by_key(|event| event.position));
    assert_eq!(trail[1].record.writer, device_of(&amy).0);
    assert!(trail[0].record.writer.starts_with("server:"));
}

#[tokio::test]
async fn a_console_cannot_add_to_what_the_gateway_counted() {
    let world = World::new().await;
    let amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    let detail = EventDetail::PageViewed {
        method: "GET".into(),
        path: "/".into(),
        document: true,
        rule: None,
        unmasked: Vec::new(),
    };
    let page = Journal::of(&amy).append(Some(&id), detail);
    accepted(deliver(&world, &amy, &[page]).await).await;
    assert_eq!(world.end(&amy, &id).await.pages, 0);
}

async fn is_invalid(world: &World, console: &Console, record: ChainedRecord, what: &str) {
    let answer = deliver(world, console, &[record]).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{what}");
    problem(answer, StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::JournalInvalid).await;
}

#[tokio::test]
async fn a_console_cannot_write_what_only_a_server_knows() {
    let world = World::new().await;
    let amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    let ended = EventDetail::SessionEnded {
        ended_by: EndedBy::Security,
        note: None,
        pages: 0,
        blocked: 0,
        by: None,
        reason: None,
    };
    let blocked = EventDetail::RequestBlocked { method: "POST".into(), path: "/".into(), rule: "x".into() };
    for detail in [
        ended,
        blocked,
        EventDetail::SessionEntered {},
        EventDetail::SessionFrozen {},
        EventDetail::SessionResumed {},
        EventDetail::StaffSignedIn {},
        EventDetail::StaffSignedOut {},
        EventDetail::SignInFailed { email_hash: String::new() },
        EventDetail::NoteAdded { note: "all was well".into() },
        EventDetail::DeviceRegistered { device_name: String::new(), key_fingerprint: String::new() },
    ] {
        let kind = detail.kind();
        is_invalid(&world, &amy, Journal::of(&amy).append(Some(&id), detail), kind).await;
    }
    let known_here = Journal::of(&amy).append(Some(&id), EventDetail::WindowOpened {});
    // Somebody who never means to say what was done.
    let mut silent = known_here.clone();
    (silent.salt, silent.body) = (String::new(), String::new());
    is_invalid(&world, &amy, silent.clone(), "without a body").await;
    silent.salt = hex::encode([7; 16]);
    silent.commitment = chain::commitment(&[7; 16], b"");
    silent.hash = chain::record_hash(&silent);
    is_invalid(&world, &amy, silent, "with an empty body").await;
    // The same claim in the header alone: over a body that is erased, and over one of a kind that nobody knows.
    let mut erased = known_here.clone();
    erased.kind = "session_ended".into();
    (erased.salt, erased.body) = (String::new(), String::new());
    erased.hash = chain::record_hash(&erased);
    is_invalid(&world, &amy, erased, "erased").await;
    let mut unknown = known_here;
    unknown.kind = "window_closed".into();
    unknown.body = unknown.body.replace("window_opened", "of_another_time");
    unknown.commitment = chain::commitment(&[7; 16], unknown.body.as_bytes());
    unknown.hash = chain::record_hash(&unknown);
    is_invalid(&world, &amy, unknown, "unknown").await;
    assert_eq!(world.kinds(&amy, &id).await, ["session_started"]);
}

#[tokio::test]
async fn a_console_cannot_write_into_the_session_of_another_or_in_anothers_name() {
    let world = World::new().await;
    let (amy, leo) = (world.amy().await, world.sign_in(crate::world::LEO, 2).await);
    let id = world.start(&amy).await.session.id;
    is_invalid(&world, &leo, Journal::of(&leo).append(Some(&id), EventDetail::WindowOpened {}), "foreign").await;
    let mut told = EventSubject { session: Some(id.clone()), ..EventSubject::default() };
    let alterations: [fn(&mut EventSubject, &Console); 4] = [
        |subject, leo| subject.staff = Some(leo.tokens.staff.id.clone()),
        |subject, leo| subject.device = Some(device_of(leo)),
        |subject, _| subject.customer = Some(CustomerId::new("1043")),
        |subject, _| subject.portal = Some(PortalId::new("other")),
    ];
    for (index, alter) in alterations.into_iter().enumerate() {
        let mut lying = told.clone();
        alter(&mut lying, &leo);
        let record = Journal::of(&amy).append_about(lying, EventDetail::WindowOpened {});
        is_invalid(&world, &amy, record, &format!("alteration {index}")).await;
    }
    // In nobody's session, but in Leo's name.
    let in_anothers_name = EventSubject { staff: Some(leo.tokens.staff.id.clone()), ..EventSubject::default() };
    let record = Journal::of(&amy).append_about(in_anothers_name, EventDetail::WindowOpened {});
    is_invalid(&world, &amy, record, "another's name").await;
    assert_eq!(world.kinds(&amy, &id).await, ["session_started"]);

    told.staff = Some(amy.tokens.staff.id.clone());
    told.device = Some(device_of(&amy));
    (told.customer, told.portal) = (Some(CustomerId::new(crate::world::JANE)), Some(PortalId::new("barkside")));
    let mut journal = Journal::of(&amy);
    let own = journal.append_about(told, EventDetail::WindowOpened {});
    let unknown = journal.append(Some(&SessionId::new("not-known-here")), EventDetail::WindowClosed {});
    assert_eq!(accepted(deliver(&world, &amy, &[own, unknown]).await).await.seq, 2);
}

#[tokio::test]
async fn a_trail_is_taken_along_in_ones_own_name_from_whichever_device() {
    type Lie = fn(&mut EventSubject, &Console);

    let world = World::new().await;
    let (amy, leo) = (world.amy().await, world.sign_in(crate::world::LEO, 2).await);
    let id = world.start(&amy).await.session.id;
    let exported = || EventDetail::TrailExported { format: TrailFormat::Csv };
    let told = EventSubject {
        staff: Some(leo.tokens.staff.id.clone()),
        customer: Some(CustomerId::new(crate::world::JANE)),
        portal: Some(PortalId::new("barkside")),
        session: Some(id.clone()),
        device: Some(device_of(&leo)),
        policy_hash: None,
    };
    let alterations: [(&str, Lie); 4] = [
        ("by nobody", |subject, _| subject.staff = None),
        ("by somebody else", |subject, amy| subject.staff = Some(amy.tokens.staff.id.clone())),
        ("of another customer", |subject, _| subject.customer = Some(CustomerId::new("1043"))),
        ("by another device", |subject, amy| subject.device = Some(device_of(amy))),
    ];
    for (what, alter) in alterations {
        let mut lying = told.clone();
        alter(&mut lying, &amy);
        is_invalid(&world, &leo, Journal::of(&leo).append_about(lying, exported()), what).await;
    }
    let record = Journal::of(&leo).append_about(told, exported());
    accepted(deliver(&world, &leo, &[record]).await).await;
    assert_eq!(world.kinds(&amy, &id).await, ["session_started", "trail_exported"]);
}

#[tokio::test]
async fn more_records_than_a_console_ever_sends_at_once_are_refused() {
    let world = World::new().await;
    let amy = world.amy().await;
    let answer = deliver(&world, &amy, &Journal::of(&amy).run(1025)).await;
    problem(answer, StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::PayloadTooLarge).await;
    assert_eq!(world.count_events("window_opened").await, 0);
}

//! Who was allowed what: signed decisions, what was asked for, and the sessions that began with it.
//!
//! Whoever tampers here holds the server with its key: chains, checkpoints and the end of the file always fit.

use amberglass_domain::{
    approval::ONE_WRITE,
    chain::{self, UnlinkedRecord},
    checkpoint::{NoteSigner, TrustedKeys},
    device_key::DeviceKey,
    ports::Entropy,
    signing,
};
use amberglass_verify::{Report, verify};
use amberglass_wire::{
    CustomerId, DeviceId, EventId, PortalId, RequestId, SessionId, StaffId, UnixMillis,
    approval::{RequestState, Scope, SignedDecision, Verdict},
    audit::{ChainedRecord, EventBody, EventDetail, EventSubject, RecordRange},
    elevation::AskedWrite,
    event_stream::ChainHead,
    export::{ChainHeader, ExportHeader, ExportLine, ExportScope, FORMAT, RecordStub},
    session::{EndedBy, Mode, Reason},
};
use sha2::{Digest as _, Sha256};

use crate::sample::{EXPORTED_AT, SERVER, checkpoint, closed, erased, found, server, signer};

const OTHER_SERVER: &str = "server:s2";
/// Of the lead who decides, and of another one.
const LEADS_DEVICE: &str = "device-of-lead";
const OTHER_DEVICE: &str = "device-of-another";
const SECOND: i64 = 1_000;
const AT: i64 = 1_780_000_000_000;
const ASKED: Scope = Scope { mode: Mode::ReadWrite, duration_seconds: 1_800, extensions: 2 };
/// Header, chain and checkpoint stand before the first record.
const LINES_BEFORE: u64 = 3;

struct Seed(u8);

impl Entropy for Seed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

/// The key of this device.
fn key(device: &str) -> DeviceKey {
    DeviceKey::generate(&Seed(if device == LEADS_DEVICE { 11 } else { 12 }))
}

fn trusted() -> TrustedKeys {
    let mut trusted = TrustedKeys::default();
    let devices = [LEADS_DEVICE, OTHER_DEVICE].map(|id| key(id).note_signer(&DeviceId::new(id)).unwrap());
    for signer in [server(), other_server()].iter().chain(&devices) {
        trusted.add(&signer.verifier_key()).unwrap();
    }
    trusted
}

fn other_server() -> NoteSigner {
    signer(OTHER_SERVER, 9)
}

/// What a server puts on record, so long after the beginning.
#[derive(Clone)]
struct Event {
    at: i64,
    subject: EventSubject,
    detail: EventDetail,
}

fn event(seconds: i64, detail: EventDetail) -> Event {
    Event { at: AT + seconds * SECOND, subject: subject(), detail }
}

fn subject() -> EventSubject {
    EventSubject {
        staff: Some(StaffId::new("amy")),
        customer: Some(CustomerId::new("1042")),
        portal: Some(PortalId::new("barkside")),
        policy_hash: Some("policy".into()),
        ..EventSubject::default()
    }
}

fn reason() -> Reason {
    Reason { code: "fault".into(), text: "The invoice is shown twice".into(), ticket: Some("T-7".into()) }
}

fn asked(seconds: i64, request: &str) -> Event {
    let expires_at = UnixMillis(AT + (seconds + 1_800) * SECOND);
    let (request, rules) = (RequestId::new(request), vec!["writes".into()]);
    event(
        seconds,
        EventDetail::ApprovalRequested { request, scope: ASKED, reason: reason(), rules, expires_at, write: None },
    )
}

/// As it is before it is signed.
fn unsigned(seconds: i64, request: &str, verdict: Verdict) -> SignedDecision {
    let at = AT + seconds * SECOND;
    SignedDecision {
        server: SERVER.into(),
        request: RequestId::new(request),
        nonce: format!("nonce of {request}"),
        verdict,
        approver: StaffId::new("leo"),
        device: DeviceId::new(LEADS_DEVICE),
        portal: PortalId::new("barkside"),
        customer: CustomerId::new("1042"),
        staff: StaffId::new("amy"),
        scope: ASKED,
        reason_sha256: signing::reason_sha256(&reason()),
        policy_hash: "policy".into(),
        write_sha256: None,
        comment: "Not without the second line".into(),
        not_after: UnixMillis(at + 300 * SECOND),
        signed_at: UnixMillis(at - 1),
        signature: String::new(),
    }
}

fn signed(mut decision: SignedDecision) -> SignedDecision {
    decision.signature = key(decision.device.as_str()).sign(&signing::decision(&decision));
    decision
}

fn recorded(seconds: i64, decision: SignedDecision, state: RequestState) -> Event {
    event(seconds, EventDetail::ApprovalDecided { decision: Box::new(decision), state })
}

/// By the device of whoever decides, changed before that as `change` does.
fn approved(seconds: i64, request: &str, change: impl FnOnce(&mut SignedDecision)) -> Event {
    let mut decision = unsigned(seconds, request, Verdict::Approve);
    change(&mut decision);
    recorded(seconds, signed(decision), RequestState::Approved)
}

fn denied(seconds: i64, request: &str) -> Event {
    recorded(seconds, signed(unsigned(seconds, request, Verdict::Deny)), RequestState::Denied)
}

fn lapsed(seconds: i64, request: &str) -> Event {
    let (request, was) = (RequestId::new(request), RequestState::Pending);
    event(seconds, EventDetail::ApprovalLapsed { request, was, policy_changed: false })
}

fn withdrawn(seconds: i64, request: &str) -> Event {
    event(
        seconds,
        EventDetail::ApprovalWithdrawn { request: RequestId::new(request), by: StaffId::new("leo"), reason: None },
    )
}

fn of_session(mut event: Event, session: &str) -> Event {
    event.subject.session = Some(SessionId::new(session));
    event
}

/// The use of the approval, and the session that begins with it.
fn session(seconds: i64, request: &str, mode: Mode, duration_seconds: i64) -> [Event; 2] {
    let id = format!("session of {request}");
    let used = event(seconds, EventDetail::ApprovalUsed { request: RequestId::new(request) });
    let expires_at = UnixMillis(AT + (seconds + duration_seconds) * SECOND);
    let request = Some(RequestId::new(request));
    let began = EventDetail::SessionStarted { mode, reason: reason(), expires_at, code: "AG-7K3QX".into(), request };
    [of_session(used, &id), of_session(event(seconds, began), &id)]
}

fn extended(seconds: i64, request: &str, number: u32) -> Event {
    let detail = EventDetail::SessionExtended { expires_at: UnixMillis(AT), reason: reason(), number };
    of_session(event(seconds, detail), &format!("session of {request}"))
}

fn ended(seconds: i64, request: &str) -> Event {
    let detail = EventDetail::SessionEnded {
        ended_by: EndedBy::Staff,
        note: None,
        pages: 0,
        blocked: 0,
        by: None,
        reason: None,
    };
    of_session(event(seconds, detail), &format!("session of {request}"))
}

fn chain_of(writer: &str, events: &[Event]) -> Vec<ChainedRecord> {
    let mut head = ChainHead::default();
    let link = |event: &Event| {
        let Event { at, subject, detail } = event.clone();
        let unlinked = UnlinkedRecord {
            id: EventId::new(format!("{writer}-{}", head.seq)),
            session: subject.session.clone(),
            occurred_at: UnixMillis(at),
            monotonic_millis: at,
            kind: detail.kind().into(),
            salt: [7; 16],
            body: serde_json::to_string(&EventBody::new(subject, "test", detail)).unwrap(),
        };
        let record = chain::link(writer, &head, unlinked);
        head = ChainHead { seq: record.seq, hash: record.hash.clone() };
        record
    };
    let here = if writer == SERVER { sign_ins() } else { Vec::new() };
    events.iter().chain(&here).map(link).collect()
}

/// Of everybody who decides here, on each device from which they do. They stand behind the others, so that those keep their numbers.
fn sign_ins() -> Vec<Event> {
    [("leo", LEADS_DEVICE), ("sana", LEADS_DEVICE), ("amy", LEADS_DEVICE), ("sana", OTHER_DEVICE)].map(signed_in).into()
}

fn signed_in((staff, device): (&str, &str)) -> Event {
    let (staff, device) = (Some(StaffId::new(staff)), Some(DeviceId::new(device)));
    let subject = EventSubject { staff, device, ..EventSubject::default() };
    Event { at: AT - SECOND, subject, detail: EventDetail::StaffSignedIn {} }
}

/// Of everything that one server, or two, have on record.
fn export(chains: &[Vec<ChainedRecord>]) -> Vec<ExportLine> {
    let mut lines = vec![ExportLine::Export(ExportHeader {
        format: FORMAT.into(),
        server: SERVER.into(),
        exported_at: EXPORTED_AT,
        client: "amberglass-server/0.1.0".into(),
        scope: ExportScope::default(),
    })];
    for records in chains {
        let last = records.last().unwrap();
        let (writer, through) = (last.writer.clone(), last.seq);
        lines.push(ExportLine::Chain(ChainHeader { writer, after: 0, through, to_head: true }));
        lines.push(ExportLine::Checkpoint { note: checkpoint(&server(), EXPORTED_AT.0, last) });
        lines.extend(records.iter().cloned().map(ExportLine::Record));
    }
    lines
}

fn check(lines: &[ExportLine]) -> Report {
    verify(closed(lines).as_bytes(), &trusted(), &[]).unwrap()
}

/// Code and number of the record of each fault.
#[track_caller]
fn expect(what: &str, events: &[Event], expected: &[(&str, i64)]) {
    let report = check(&export(&[chain_of(SERVER, events)]));
    let at = |(code, seq): &(_, i64)| (*code, LINES_BEFORE + seq.unsigned_abs(), Some(*seq));
    assert_eq!(found(&report), expected.iter().map(at).collect::<Vec<_>>(), "{what}\n{report}");
}

/// From the question to the end of the session.
fn honest(request: &str) -> Vec<Event> {
    let [used, began] = session(30, request, Mode::ReadWrite, 1_800);
    vec![asked(0, request), approved(20, request, |_| {}), used, began, extended(60, request, 2), ended(90, request)]
}

#[test]
fn decisions_as_their_devices_signed_them_are_whole_and_counted() {
    let by_another = |decision: &mut SignedDecision| {
        decision.approver = StaffId::new("sana");
        decision.device = DeviceId::new(OTHER_DEVICE);
        decision.scope = Scope { mode: Mode::ReadOnly, duration_seconds: 600, extensions: 0 };
    };
    let mut first_of_two = approved(110, "b", |_| {});
    let EventDetail::ApprovalDecided { state, .. } = &mut first_of_two.detail else { panic!() };
    *state = RequestState::Pending;
    let events = [
        honest("a"),
        vec![asked(100, "b"), first_of_two, approved(120, "b", by_another)],
        session(130, "b", Mode::ReadOnly, 600).into(),
        // Whoever approved may take it back, and who asked before anybody decides.
        vec![withdrawn(140, "b"), asked(200, "c"), withdrawn(210, "c")],
        vec![asked(300, "d"), denied(310, "d"), asked(400, "e"), lapsed(2_300, "e")],
        vec![asked(2_400, "f"), approved(2_410, "f", |_| {}), lapsed(3_400, "f"), asked(3_500, "g")],
    ]
    .concat();
    let report = check(&export(&[chain_of(SERVER, &events)]));
    assert!(report.is_whole(), "{report}");
    assert_eq!(report.decisions, 5);
    assert!(report.to_string().contains("5 decisions about requests, as their devices have signed them"), "{report}");
}

#[test]
fn a_flipped_verdict_and_every_other_changed_word_of_a_decision() {
    let changes: [fn(&mut SignedDecision); 8] = [
        |decision| decision.verdict = Verdict::Approve,
        |decision| decision.nonce.push('0'),
        |decision| decision.approver = StaffId::new("sana"),
        |decision| decision.scope.extensions = 0,
        |decision| decision.comment.clear(),
        |decision| decision.not_after.0 += 1,
        |decision| decision.signed_at.0 += 1,
        |decision| decision.device = DeviceId::new(OTHER_DEVICE),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let was = if number == 0 { Verdict::Deny } else { Verdict::Approve };
        let mut decision = signed(unsigned(20, "a", was));
        change(&mut decision);
        let decided = recorded(20, decision, RequestState::Approved);
        let events = [vec![asked(0, "a"), decided], session(30, "a", Mode::ReadWrite, 1_800).into()].concat();
        expect(&format!("change {number}"), &events, &[("decision_not_signed", 2)]);
    }
}

#[test]
fn a_decision_that_somebody_else_signed_or_whose_key_nobody_knows() {
    let mut decision = unsigned(20, "a", Verdict::Approve);
    decision.signature = key(OTHER_DEVICE).sign(&signing::decision(&decision));
    let foreign = recorded(20, decision.clone(), RequestState::Approved);
    expect("foreign", &[asked(0, "a"), foreign], &[("decision_not_signed", 2)]);
    decision.signature = "no signature".into();
    expect("none", &[asked(0, "a"), recorded(20, decision, RequestState::Approved)], &[("decision_not_signed", 2)]);
    let unknown = approved(20, "a", |decision| decision.device = DeviceId::new("made-up"));
    expect("unknown", &[asked(0, "a"), unknown], &[("decision_key_unknown", 2)]);
}

#[test]
fn a_decision_of_another_request() {
    let [used, began] = session(230, "b", Mode::ReadWrite, 1_800);
    let again = approved(20, "a", |_| {});
    let replayed = [honest("a"), vec![asked(200, "b"), Event { at: AT + 220 * SECOND, ..again.clone() }, used, began]];
    let faults = [("decision_out_of_time", 8), ("decided_too_late", 8), ("not_approved", 9)];
    expect("as it is", &replayed.concat(), &faults);
    let twice = [asked(0, "a"), approved(20, "a", |_| {}), again];
    expect("and before anybody used it", &twice, &[("decided_twice", 3)]);
    let mut decision = signed(unsigned(220, "a", Verdict::Approve));
    decision.request = RequestId::new("b");
    let renamed = [asked(200, "b"), recorded(220, decision, RequestState::Approved)];
    expect("under the name of the other", &renamed, &[("decision_not_signed", 2)]);
}

#[test]
fn a_decision_about_something_else_than_was_asked() {
    let one = |what: &str, change: fn(&mut SignedDecision), expected: &[(&str, i64)]| {
        expect(what, &[asked(0, "a"), approved(20, "a", change)], expected);
    };
    let differs = [("decision_differs", 2)];
    one("reason", |decision| decision.reason_sha256 = "0".repeat(64), &differs);
    one("policy", |decision| decision.policy_hash = "another".into(), &differs);
    one("server", |decision| decision.server = OTHER_SERVER.into(), &differs);
    let others = [("decision_of_others", 2), ("decision_differs", 2)];
    one("customer", |decision| decision.customer = CustomerId::new("1043"), &others);
    one("portal", |decision| decision.portal = PortalId::new("other"), &others);
    one("staff", |decision| decision.staff = StaffId::new("ann"), &others);
    one("own", |decision| decision.approver = StaffId::new("amy"), &[("decided_own", 2)]);
    let state = recorded(20, signed(unsigned(20, "a", Verdict::Deny)), RequestState::Approved);
    expect("a denial that approves", &[asked(0, "a"), state], &[("verdict_contradicted", 2)]);
    expect("asked nowhere", &[approved(20, "a", |_| {})], &[("not_asked", 1)]);
    expect("asked later", &[approved(20, "a", |_| {}), asked(30, "a")], &[("not_asked", 1)]);
    expect("asked twice", &[asked(0, "a"), asked(1, "a")], &[("asked_twice", 2)]);
}

#[test]
fn a_decision_that_comes_too_late() {
    let late = approved(1_900, "a", |_| {});
    expect("after it lapsed", &[asked(0, "a"), lapsed(1_801, "a"), late.clone()], &[("decided_too_late", 3)]);
    expect("nobody wrote that it lapsed", &[asked(0, "a"), late], &[("decided_too_late", 2)]);
    let after = [asked(0, "a"), withdrawn(10, "a"), approved(20, "a", |_| {})];
    expect("after it was withdrawn", &after, &[("decided_too_late", 3)]);
    let by_sana = |decision: &mut SignedDecision| decision.approver = StaffId::new("sana");
    let after = [asked(0, "a"), denied(10, "a"), approved(20, "a", by_sana)];
    expect("after it was denied", &after, &[("decided_too_late", 3)]);
    let kept = recorded(500, signed(unsigned(20, "a", Verdict::Approve)), RequestState::Approved);
    expect("signed long before", &[asked(0, "a"), kept], &[("decision_out_of_time", 2)]);
}

#[test]
fn a_session_without_its_approval() {
    let [used, began] = session(30, "a", Mode::ReadWrite, 1_800);
    let both = vec![used.clone(), began.clone()];
    expect("none", &[vec![asked(0, "a")], both.clone()].concat(), &[("not_approved", 2)]);
    expect("nor was it asked for", &both, &[("not_approved", 1)]);
    expect("a denial", &[vec![asked(0, "a"), denied(20, "a")], both.clone()].concat(), &[("approval_over", 3)]);
    let mut one_of_two = approved(20, "a", |_| {});
    let EventDetail::ApprovalDecided { state, .. } = &mut one_of_two.detail else { panic!() };
    *state = RequestState::Pending;
    expect("half of it", &[vec![asked(0, "a"), one_of_two], both.clone()].concat(), &[("not_approved", 3)]);
    let later = [vec![asked(0, "a")], both.clone(), vec![approved(40, "a", |_| {})]].concat();
    expect("given afterwards", &later, &[("not_approved", 2), ("decided_too_late", 4)]);
    let approval = vec![asked(0, "a"), approved(20, "a", |_| {})];
    let back = [approval.clone(), vec![withdrawn(25, "a")], both.clone()].concat();
    expect("taken back", &back, &[("approval_over", 4)]);
    expect("lapsed", &[approval.clone(), vec![lapsed(25, "a")], both.clone()].concat(), &[("approval_over", 4)]);
    let mut again = session(50, "a", Mode::ReadWrite, 1_800);
    for event in &mut again {
        event.subject.session = Some(SessionId::new("another"));
    }
    expect("used again", &[approval, both, again.into()].concat(), &[("approval_over", 5)]);
}

/// Of whoever leaves out that an approval was used, so that it can be used again, or for more.
#[test]
fn a_session_whose_use_of_an_approval_is_left_out() {
    let approval = [asked(0, "a"), approved(20, "a", |_| {})];
    let [used, began] = session(30, "a", Mode::ReadWrite, 1_800);
    let with = |more: &[Event]| [&approval[..], more].concat();
    expect("nothing else is wrong", &with(std::slice::from_ref(&began)), &[("use_not_recorded", 3)]);
    let unapproved = [asked(0, "a"), began.clone()];
    expect("nor was it approved", &unapproved, &[("not_approved", 2), ("use_not_recorded", 2)]);
    let longer = session(30, "a", Mode::ReadWrite, 1_900)[1].clone();
    expect("and it is longer", &with(&[longer]), &[("session_wider", 3), ("use_not_recorded", 3)]);
    let again = of_session(session(40, "a", Mode::ReadWrite, 1_800)[1].clone(), "another");
    let twice = with(&[used.clone(), began.clone(), again]);
    expect("a second one with the same", &twice, &[("approval_over", 5), ("use_not_recorded", 5)]);
    let mut of_another = began.clone();
    let EventDetail::SessionStarted { request, .. } = &mut of_another.detail else { panic!() };
    *request = Some(RequestId::new("b"));
    expect("another one than was used", &with(&[used.clone(), of_another]), &[("other_approval", 4)]);
    // Servers before said it in the record of the use alone.
    let mut before = began;
    let EventDetail::SessionStarted { request, .. } = &mut before.detail else { panic!() };
    *request = None;
    expect("as it was said before", &with(&[used, before]), &[]);
}

#[test]
fn a_scope_that_was_widened() {
    let wider: [fn(&mut SignedDecision); 2] =
        [|decision| decision.scope.duration_seconds += 1, |decision| decision.scope.extensions += 1];
    for change in wider {
        expect("by the approver", &[asked(0, "a"), approved(20, "a", change)], &[("scope_widened", 2)]);
    }
    let narrow = |decision: &mut SignedDecision| {
        decision.scope = Scope { mode: Mode::ReadOnly, duration_seconds: 600, extensions: 1 };
    };
    let with = |session: [Event; 2], more: Vec<Event>| {
        [vec![asked(0, "a"), approved(20, "a", narrow)], session.into(), more].concat()
    };
    let narrow = || session(30, "a", Mode::ReadOnly, 600);
    expect("as granted", &with(narrow(), vec![extended(40, "a", 1)]), &[]);
    expect("mode", &with(session(30, "a", Mode::ReadWrite, 600), Vec::new()), &[("session_wider", 4)]);
    expect("time", &with(session(30, "a", Mode::ReadOnly, 660), Vec::new()), &[("session_wider", 4)]);
    expect("extensions", &with(narrow(), vec![extended(40, "a", 2)]), &[("session_wider", 5)]);
}

#[test]
fn a_session_of_others_than_was_approved() {
    let with = |change: fn(&mut Event)| {
        let mut session = session(30, "a", Mode::ReadWrite, 1_800);
        session.iter_mut().for_each(change);
        [vec![asked(0, "a"), approved(20, "a", |_| {})], session.into()].concat()
    };
    let customer = with(|event| event.subject.customer = Some(CustomerId::new("1043")));
    expect("customer", &customer, &[("session_of_others", 3), ("session_of_others", 4)]);
    let other_reason = with(|event| {
        if let EventDetail::SessionStarted { reason, .. } = &mut event.detail {
            reason.ticket = None;
        }
    });
    expect("reason", &other_reason, &[("session_of_others", 4)]);
}

/// The agent's own device signs as the lead: its key is known, and nothing else is wrong.
#[test]
fn a_decision_from_a_device_on_which_the_approver_never_signed_in() {
    let from = |staff: &str, device: &str| {
        let (staff, device) = (StaffId::new(staff), DeviceId::new(device));
        [asked(0, "a"), approved(20, "a", |decision| (decision.approver, decision.device) = (staff, device))]
    };
    expect("another's device", &from("leo", OTHER_DEVICE), &[("approver_not_signed_in", 2)]);
    let [question, decision] = from("leo", OTHER_DEVICE);
    let signed_in = signed_in(("leo", OTHER_DEVICE));
    expect("they did", &[question.clone(), decision.clone(), signed_in.clone()], &[]);
    let key_fingerprint = hex::encode(Sha256::digest(key(OTHER_DEVICE).public_key().as_bytes()));
    let detail = EventDetail::DeviceRegistered { device_name: "desk".into(), key_fingerprint };
    let registered = Event { detail, ..signed_in.clone() };
    expect("or registered it", &[question.clone(), decision.clone(), registered], &[]);
    // A body that was erased may have said so.
    let says = EventDetail::BodiesErased {
        by: None,
        reason: "asked for".into(),
        records: vec![RecordRange { writer: SERVER.into(), from: 3, through: 3 }],
    };
    let mut records = chain_of(SERVER, &[question.clone(), decision.clone(), signed_in, event(30, says)]);
    records[2] = erased(&records[2]);
    assert!(check(&export(&[records])).is_whole());
    // An export of one customer holds no sign-ins.
    let mut lines = export(&[chain_of(SERVER, &[question, decision])]);
    let ExportLine::Export(header) = &mut lines[0] else { panic!() };
    (header.scope.portal, header.scope.customer) = (Some(PortalId::new("barkside")), Some(CustomerId::new("1042")));
    assert!(check(&lines).is_whole());
}

#[test]
fn a_key_that_is_not_the_one_that_was_registered() {
    let with = |key_fingerprint: String| {
        let mut registered = event(0, EventDetail::DeviceRegistered { device_name: "desk".into(), key_fingerprint });
        registered.subject.device = Some(DeviceId::new(LEADS_DEVICE));
        [vec![registered], honest("a")].concat()
    };
    let key = key(LEADS_DEVICE).public_key();
    expect("the same", &with(hex::encode(Sha256::digest(key.as_bytes()))), &[]);
    expect("another", &with("0".repeat(64)), &[("registered_other_key", 1)]);
}

#[test]
fn what_was_erased_is_no_fault_and_stands_for_one_record_only() {
    let [used, began] = session(230, "b", Mode::ReadWrite, 1_800);
    let events = [honest("a"), vec![used, began]].concat();
    let gone = |numbers: &[i64]| {
        let records = numbers.iter().map(|n| RecordRange { writer: SERVER.into(), from: *n, through: *n }).collect();
        let says = EventDetail::BodiesErased { by: None, reason: "asked for".into(), records };
        let mut records = chain_of(SERVER, &[events.clone(), vec![event(300, says)]].concat());
        for number in numbers {
            let record = &mut records[usize::try_from(*number).unwrap() - 1];
            *record = erased(record);
        }
        let report = check(&export(&[records]));
        report.faults.iter().map(|(place, fault)| (fault.code(), place.seq.unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(gone(&[]), [("not_approved", 7)]);
    assert_eq!(gone(&[7]), [("not_approved", 8)], "the use, but the session says itself what it began with");
    assert!(gone(&[7, 8]).is_empty(), "the session as well");
    assert_eq!(gone(&[1]), [("not_approved", 7)], "a question stands for no decision");
    assert!(gone(&[1, 2, 3, 4]).is_empty(), "a decision that is gone may have been the one that is missing");
    assert_eq!(gone(&[1, 2]), [("not_approved", 7)], "it stands for one");
}

#[test]
fn an_export_in_part_is_judged_by_what_is_in_it() {
    let records = chain_of(SERVER, &honest("a"));
    let in_part = |records: &[ChainedRecord]| {
        let mut lines = export(&[records.to_vec()]);
        let session = SessionId::new("session of a");
        for line in &mut lines {
            match line {
                ExportLine::Export(header) => header.scope.session = Some(session.clone()),
                ExportLine::Record(record) if record.session.is_none() => {
                    *line = ExportLine::Stub(RecordStub::from(record.clone()));
                }
                ExportLine::Record(_)
                | ExportLine::Chain(_)
                | ExportLine::Stub(_)
                | ExportLine::Checkpoint { .. }
                | ExportLine::End(_) => {}
            }
        }
        check(&lines)
    };
    let report = in_part(&records);
    assert!(report.is_whole(), "question and decision are of no session\n{report}");
    // What it does hold is looked at all the same.
    let [used, began] = session(30, "a", Mode::ReadWrite, 1_800);
    let twice = chain_of(SERVER, &[used.clone(), began, used]);
    assert_eq!(in_part(&twice).faults.iter().map(|(_, fault)| fault.code()).collect::<Vec<_>>(), ["approval_over"]);
}

#[test]
fn servers_that_share_the_work_on_a_request_are_judged_together() {
    let by_sana = |decision: &mut SignedDecision| {
        decision.approver = StaffId::new("sana");
        decision.device = DeviceId::new(OTHER_DEVICE);
        decision.scope.duration_seconds = 600;
    };
    let mut first = approved(10, "a", by_sana);
    let EventDetail::ApprovalDecided { state, .. } = &mut first.detail else { panic!() };
    *state = RequestState::Pending;
    let here = |seconds| {
        [vec![asked(0, "a"), approved(20, "a", |_| {})], session(30, "a", Mode::ReadWrite, seconds).into()].concat()
    };
    let both = |here: &[Event], there: &[Event]| {
        let one = check(&export(&[chain_of(SERVER, here), chain_of(OTHER_SERVER, there)]));
        let other = check(&export(&[chain_of(OTHER_SERVER, there), chain_of(SERVER, here)]));
        let codes = |report: &Report| {
            let mut codes: Vec<_> = report.faults.iter().map(|(_, fault)| fault.code()).collect();
            codes.sort_unstable();
            codes
        };
        assert_eq!(codes(&one), codes(&other), "{one}\n{other}");
        codes(&one)
    };
    assert_eq!(both(&here(600), &[first.clone()]), Vec::<&str>::new());
    assert_eq!(both(&here(1_800), &[first.clone()]), ["session_wider"]);
    // Its clock is a moment behind.
    let mut used = session(20, "b", Mode::ReadWrite, 600);
    used.iter_mut().for_each(|event| event.at -= 500);
    let decided = [asked(0, "b"), approved(20, "b", |_| {})];
    assert_eq!(both(&decided, &used), Vec::<&str>::new());
    used.iter_mut().for_each(|event| event.at -= 1_000);
    assert_eq!(both(&decided, &used), ["decided_too_late", "not_approved"]);
    // A withdrawal there, and a use here.
    assert_eq!(both(&here(600), &[first.clone(), withdrawn(25, "a")]), ["approval_over"]);
    assert_eq!(both(&here(600), &[first.clone(), withdrawn(40, "a")]), Vec::<&str>::new());
    let late = approved(50, "a", by_sana);
    assert_eq!(both(&here(600), &[late]), ["decided_too_late"]);
}

#[test]
fn more_records_of_a_request_than_can_be() {
    let many: Vec<Event> = (1..=100).map(|n| withdrawn(n, "a")).collect();
    let report = check(&export(&[chain_of(SERVER, &[vec![asked(0, "b")], many].concat())]));
    assert_eq!(report.faults.iter().filter(|(_, fault)| fault.code() == "request_crowded").count(), 36, "{report}");
}

const WRITE: &str = "5e1f";

/// The same as for a session, about one write that was blocked in it.
fn asked_write(seconds: i64, request: &str) -> Event {
    let mut event = asked(seconds, request);
    let EventDetail::ApprovalRequested { write, scope, .. } = &mut event.detail else { panic!() };
    *scope = ONE_WRITE;
    *write = Some(asked_of(WRITE));
    of_session(event, "running")
}

fn asked_of(sha256: &str) -> AskedWrite {
    AskedWrite {
        record: EventId::new("blocked"),
        method: "POST".into(),
        path: "/appointments".into(),
        operation: None,
        rule: "read-only-method".into(),
        sha256: sha256.into(),
    }
}

fn approved_write(seconds: i64, request: &str, change: impl FnOnce(&mut SignedDecision)) -> Event {
    let of_write = |decision: &mut SignedDecision| {
        decision.scope = ONE_WRITE;
        decision.write_sha256 = Some(WRITE.into());
        change(decision);
    };
    of_session(approved(seconds, request, of_write), "running")
}

fn sent(seconds: i64, request: &str, sha256: &str) -> Event {
    let detail = EventDetail::WriteSent { request: RequestId::new(request), write: asked_of(sha256) };
    of_session(event(seconds, detail), "running")
}

#[test]
fn a_write_is_sent_once_as_it_was_approved_and_in_time() {
    expect("honest", &[asked_write(0, "a"), approved_write(20, "a", |_| {}), sent(310, "a", WRITE)], &[]);
    expect("nobody approved", &[asked_write(0, "a"), sent(30, "a", WRITE)], &[("not_approved", 2)]);
    expect(
        "another write goes",
        &[asked_write(0, "a"), approved_write(20, "a", |_| {}), sent(30, "a", "0bad")],
        &[("other_write", 3)],
    );
    expect(
        "another write was approved",
        &[asked_write(0, "a"), approved_write(20, "a", |one| one.write_sha256 = Some("0bad".into()))],
        &[("decision_differs", 2)],
    );
    expect(
        "a decision about a session lets no write go",
        &[asked_write(0, "a"), approved_write(20, "a", |one| one.write_sha256 = None), sent(30, "a", WRITE)],
        &[("decision_differs", 2)],
    );
    expect(
        "too late",
        &[asked_write(0, "a"), approved_write(20, "a", |_| {}), sent(400, "a", WRITE)],
        &[("sent_too_late", 3)],
    );
    expect(
        "twice",
        &[asked_write(0, "a"), approved_write(20, "a", |_| {}), sent(30, "a", WRITE), sent(40, "a", WRITE)],
        &[("approval_over", 4)],
    );
    let [used, began] = session(30, "a", Mode::ReadOnly, 300);
    let begun =
        check(&export(&[chain_of(SERVER, &[asked_write(0, "a"), approved_write(20, "a", |_| {}), used, began])]));
    assert!(begun.faults.iter().any(|(_, fault)| fault.code() == "other_write"), "no session begins with it: {begun}");
    let elsewhere = of_session(sent(30, "a", WRITE), "another");
    expect(
        "in another session",
        &[asked_write(0, "a"), approved_write(20, "a", |_| {}), elsewhere],
        &[("other_write", 3)],
    );
    let [used, began] = session(30, "b", Mode::ReadWrite, 1_800);
    expect("an approval of a session", &[asked(0, "b"), approved(20, "b", |_| {}), used, began, ended(90, "b")], &[]);
    expect("sends no write", &[asked(0, "b"), approved(20, "b", |_| {}), sent(30, "b", WRITE)], &[("other_write", 3)]);
}

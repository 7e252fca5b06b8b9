//! WebSockets: what a page's bytes say in whatever pieces they come, where a portal's frames end, and which messages pass.

use amberglass_domain::content::Node;
use amberglass_domain::read_only::{
    MAX_JUDGED_BYTES, MessageDecision, MessageShape, PortalRules, WebsocketRule, decide_message, rule,
};
use amberglass_domain::websocket::{Fault, PageFrames, PortalFrames, Said, close_frame};
use amberglass_wire::session::Mode;
use serde_json::Value;

use crate::content::json;
use crate::gateway::canonical;
use crate::text::{halves, text_line};

/// One message with the heads of its frames, and the head of one that is not whole.
const MOST_HELD: usize = 2 * MAX_JUDGED_BYTES + LONGEST_HEAD;
const LONGEST_HEAD: usize = 14;
const MOST_OF_CONTROL: usize = 125;
/// Word before the sizes: what follows the first frame comes again and again, and more of it than one message may have.
const AGAIN: &str = "again";
/// As a server reads them: a long run in single bytes shows nothing more.
const LEAST_PIECE_OF_MANY: usize = 512;
/// How far the end of a portal's frame is looked for.
const AHEAD: usize = 300;

/// The first line holds the sizes of the pieces, and the rest is what came over the wire: first taken for a page's, then for a
/// portal's. In one piece, in these, and byte by byte it is the same.
pub fn websocket_frames(data: &[u8]) {
    let Some((line, bytes)) = text_line(data) else { return };
    let sizes: Vec<usize> = line.split(' ').filter_map(|size| size.parse().ok()).filter(|size| *size > 0).collect();
    let whole = heard([bytes]);
    assert_eq!(heard(bytes.chunks(1)), whole, "byte by byte");
    assert_eq!(heard(pieces(bytes, &sizes)), whole, "in pieces of {sizes:?}");
    is_what_came(bytes, &whole);
    ends_of_a_portals_frames(bytes, &sizes);
    if line.starts_with(AGAIN) && !bytes.is_empty() {
        let (first, rest) = bytes.split_at(Frame::first_of(bytes).map_or(0, |frame| frame.size));
        let again = if rest.is_empty() { first } else { rest };
        let many = [first, &again.repeat(2 * MOST_HELD / again.len() + 1)].concat();
        let sizes: Vec<usize> = sizes.into_iter().map(|size| size.max(LEAST_PIECE_OF_MANY)).collect();
        heard(pieces(&many, &sizes));
    }
}

/// Of these sizes, one after the other; the last goes on.
fn pieces<'a>(bytes: &'a [u8], sizes: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let last = sizes.last().copied().unwrap_or(usize::MAX);
    let mut sizes = sizes.iter().copied();
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let size = sizes.next().unwrap_or(last).min(rest.len());
        let (piece, after) = rest.split_at(size);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// All that is said, up to a close, and the fault in which it ends. Never is more held back than one message.
fn heard<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Said>, Option<Fault>) {
    let (mut frames, mut said) = (PageFrames::default(), Vec::new());
    let mut held = 0_usize;
    for piece in pieces {
        frames.take(piece);
        held += piece.len();
        loop {
            match frames.next() {
                Ok(Some(one)) => {
                    held -= goes_on(&one).len();
                    let is_over = matches!(one, Said::Close { .. });
                    said.push(one);
                    if is_over {
                        return (said, None);
                    }
                }
                Ok(None) => break,
                Err(fault) => return (said, Some(fault)),
            }
        }
        assert!(held <= MOST_HELD, "{held} bytes are held");
    }
    (said, None)
}

fn goes_on(said: &Said) -> &[u8] {
    match said {
        Said::Text { frames, .. } => frames,
        Said::Control { frame } => frame,
        Said::Close { .. } => &[],
    }
}

/// Beside a second reader, which takes any frame for what it says.
fn is_what_came(bytes: &[u8], (said, fault): &(Vec<Said>, Option<Fault>)) {
    let passed: Vec<u8> = said.iter().flat_map(|one| goes_on(one).iter().copied()).collect();
    assert!(bytes.starts_with(&passed), "something else goes on than came");
    for one in said {
        let frames = frames_of(goes_on(one));
        assert!(frames.iter().all(|frame| frame.is_fair()), "{one:?}");
        match one {
            Said::Text { text, frames: came } => {
                assert_eq!(frames.iter().map(|frame| frame.size).sum::<usize>(), came.len());
                assert!(is_one_message(&frames), "{one:?}");
                let plain: Vec<u8> = frames.iter().filter(|frame| !frame.is_control()).flat_map(Frame::plain).collect();
                assert_eq!(plain, text.as_bytes());
                assert!(text.len() <= MAX_JUDGED_BYTES && came.len() <= 2 * MAX_JUDGED_BYTES);
            }
            Said::Control { frame: came } => {
                assert!(matches!(frames.as_slice(), [one] if one.size == came.len() && one.is_control()));
                assert_ne!(frames[0].opcode(), 8, "a close goes on as it came");
            }
            Said::Close { code } => {
                assert!(code.is_none_or(|code| (1000..5000).contains(&code) && !(1004..=1006).contains(&code)));
                let ours = close_frame(*code, "as it is said", Some([1, 2, 3, 4]));
                assert_eq!(heard([ours.as_slice()]), (vec![Said::Close { code: *code }], None));
            }
        }
    }
    if said.iter().any(|one| matches!(one, Said::Close { .. })) {
        return;
    }
    let left = frames_of(&bytes[passed.len()..]);
    let is_beginning = |frame: &Frame<'_>| !frame.is_control() && !frame.is_final();
    match fault {
        None => {
            assert!(left.first().is_none_or(is_beginning), "a whole frame was left out");
            assert!(left.iter().all(|frame| frame.is_fair() && (frame.is_control() || !frame.is_final())));
        }
        Some(fault) => {
            let read: usize = left.iter().map(|frame| frame.size).sum();
            let is_all_fair = read == bytes.len() - passed.len() && left.iter().all(Frame::is_fair);
            // A message that has only begun, in its order.
            let is_begun = left.iter().enumerate().all(|(number, frame)| match frame.opcode() {
                8 => false,
                9 | 10 => number > 0,
                opcode => opcode == u8::from(number == 0) && !frame.is_final(),
            });
            assert!(!(is_all_fair && is_begun) || *fault == Fault::TooLong, "{fault:?} in what is in order");
        }
    }
}

/// A text, its continuations, and nothing but pings and pongs between them.
fn is_one_message(frames: &[Frame<'_>]) -> bool {
    let data: Vec<&Frame<'_>> = frames.iter().filter(|frame| !frame.is_control()).collect();
    let opcodes = data.iter().enumerate().all(|(number, frame)| frame.opcode() == u8::from(number == 0));
    let ends = data.iter().enumerate().all(|(number, frame)| frame.is_final() == (number + 1 == data.len()));
    let is_around = |frame: Option<&Frame<'_>>| frame.is_some_and(|frame| !frame.is_control());
    let no_close = frames.iter().all(|frame| frame.opcode() != 8);
    opcodes && ends && no_close && is_around(frames.first()) && is_around(frames.last())
}

/// A whole frame, as it came.
struct Frame<'a> {
    head: &'a [u8],
    mask: Option<[u8; 4]>,
    payload: &'a [u8],
    /// Bytes, its head with them.
    size: usize,
    is_shortest: bool,
}

impl<'a> Frame<'a> {
    fn first_of(bytes: &'a [u8]) -> Option<Self> {
        let short = u64::from(bytes.get(1)? & 0x7f);
        let (wide, least) = match short {
            126 => (2, 126),
            127 => (8, 65_536),
            _ => (0, 0),
        };
        let written = bytes.get(2..2 + wide)?.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let length = if wide == 0 { short } else { written };
        let has_mask = bytes[1] & 0x80 != 0;
        let head = 2 + wide + if has_mask { 4 } else { 0 };
        let mask = bytes.get(2 + wide..head)?.try_into().ok();
        let size = usize::try_from(length).ok()?.checked_add(head)?;
        let payload = bytes.get(head..size)?;
        Some(Self { head: &bytes[..head], mask, payload, size, is_shortest: length >= least })
    }

    fn opcode(&self) -> u8 {
        self.head[0] & 0x0f
    }

    fn is_final(&self) -> bool {
        self.head[0] & 0x80 != 0
    }

    fn is_control(&self) -> bool {
        self.opcode() >= 8
    }

    /// It may stand in what a page says.
    fn is_fair(&self) -> bool {
        let is_kind = match self.opcode() {
            0 | 1 => true,
            8..=10 => self.is_final() && self.payload.len() <= MOST_OF_CONTROL,
            _ => false,
        };
        self.head[0] & 0x70 == 0 && self.mask.is_some() && self.is_shortest && is_kind
    }

    fn plain(&self) -> Vec<u8> {
        let mask = self.mask.unwrap_or_default();
        self.payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]).collect()
    }
}

fn frames_of(bytes: &[u8]) -> Vec<Frame<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(|| {
        let frame = Frame::first_of(rest)?;
        rest = &rest[frame.size..];
        Some(frame)
    })
    .collect()
}

/// After each piece it is known whether a frame is whole, and where the one that has begun ends.
fn ends_of_a_portals_frames(bytes: &[u8], sizes: &[usize]) {
    let mut ends = vec![0_usize];
    ends.extend(frames_of(bytes).iter().scan(0, |end, frame| {
        *end += frame.size;
        Some(*end)
    }));
    let mut portal = PortalFrames::default();
    let mut at = 0_usize;
    for piece in pieces(bytes, sizes) {
        portal.passed(piece);
        at += piece.len();
        assert_eq!(portal.is_between(), ends.binary_search(&at).is_ok(), "after {at} bytes");
        let ahead = &bytes[at..bytes.len().min(at + AHEAD)];
        let end = ends.get(ends.partition_point(|end| *end < at)).map_or(usize::MAX, |end| end - at);
        assert_eq!(portal.rest_of_frame(ahead), end.min(ahead.len()), "after {at} bytes");
    }
    let mut ours = PortalFrames::default();
    ours.passed(&close_frame(Some(1008), &String::from_utf8_lossy(bytes), None));
    assert!(ours.is_between(), "a close frame of ours is no whole one");
}

/// Rules, a line of three percent signs, then a line with the id of a rule for WebSockets and the path at which the socket is open,
/// and the message. What passes is JSON of one reading that a shape describes, and the same however it is spaced.
pub fn websocket_messages(data: &[u8]) {
    let Some((rules, rest)) = halves(data) else { return };
    let Ok(Ok(rules)) = std::str::from_utf8(rules).map(PortalRules::parse) else { return };
    let Some((line, message)) = text_line(rest) else { return };
    let Some((id, target)) = line.split_once(' ') else { return };
    let (Some(target), Ok(message)) = (canonical(target), std::str::from_utf8(message)) else { return };
    let path = target.split('?').next().unwrap_or_default();
    let judged = |message: &str, mode| {
        let decision = decide_message(message, path, id, mode, &rules);
        assert_eq!(decide_message(message, path, id, mode, &rules), decision);
        decision
    };
    let in_read_only = judged(message, Mode::ReadOnly);
    let in_read_write = judged(message, Mode::ReadWrite);
    if !is_blocked(&in_read_only) {
        assert_eq!(in_read_only, in_read_write, "read-only lets pass what read-write does not");
    }
    let Some(socket) = rules.websockets.iter().find(|socket| socket.opening.id == id) else {
        let unlisted = MessageDecision::Block { rule: rule::UNLISTED_MESSAGE.into() };
        assert_eq!([in_read_only, in_read_write], [unlisted.clone(), unlisted], "no rule has let it open");
        return;
    };
    let is_text = |message: &str| socket.texts.iter().any(|text| text == message);
    for (mode, decision) in [(Mode::ReadOnly, &in_read_only), (Mode::ReadWrite, &in_read_write)] {
        if is_text(message) {
            assert_eq!(*decision, MessageDecision::Beat, "the rule has it word for word");
            continue;
        }
        let spaced = format!(" \n{message}\t");
        assert!(is_text(&spaced) || judged(&spaced, mode) == *decision, "{spaced:?} is another message");
        if is_blocked(decision) {
            continue;
        }
        json(message.as_bytes());
        assert!(Node::parse(message.as_bytes()).is_ok(), "it has more than one reading");
        let value: Value = serde_json::from_str(message).expect("what passes is JSON");
        is_described(&value, socket, mode, decision);
        if let Some(twice) = with_its_first_name_twice(message, &value)
            && !is_text(&twice)
        {
            assert!(is_blocked(&judged(&twice, mode)), "{twice}");
        }
    }
    if !rules.undeclared().is_empty() && is_blocked(&in_read_only) {
        assert!(is_blocked(&in_read_write), "a write, and the never-list is not accounted for");
    }
}

fn is_blocked(decision: &MessageDecision) -> bool {
    matches!(decision, MessageDecision::Block { .. })
}

/// By a shape of the rule's, or as what a protocol of GraphQL says where the rule has it spoken.
fn is_described(value: &Value, socket: &WebsocketRule, mode: Mode, decision: &MessageDecision) {
    let word = value.get("type").and_then(Value::as_str).filter(|_| socket.graphql.is_some());
    if *decision == MessageDecision::Beat {
        let beats = ["connection_init", "connection_terminate", "ping", "pong", "complete", "stop"];
        assert!(word.is_some_and(|word| beats.contains(&word)), "{value}");
        return;
    }
    let is_operation = word.is_some_and(|word| ["subscribe", "start"].contains(&word))
        && value.get("payload").is_some_and(Value::is_object);
    let writes = if mode == Mode::ReadWrite { socket.writes.as_slice() } else { &[] };
    let mut shapes = socket.messages.iter().chain(writes);
    assert!(is_operation || shapes.any(|shape| fits(shape, value)), "no shape describes {value}");
}

/// Each name at the top is one of the shape's, and where it gives values one of them stands.
fn fits(shape: &MessageShape, value: &Value) -> bool {
    let names: Vec<String> = match value {
        Value::Object(members) => members.keys().cloned().collect(),
        Value::Array(items) => (0..items.len()).map(|number| number.to_string()).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return false,
    };
    let tops: Vec<String> = shape
        .0
        .iter()
        .filter_map(|one| one.name.split('/').nth(1))
        .map(|top| top.replace("~1", "/").replace("~0", "~"))
        .collect();
    names.iter().all(|name| tops.contains(name))
        && shape.0.iter().filter(|one| !one.values.is_empty()).all(|one| {
            let found = value.pointer(&one.name);
            found.is_some_and(|found| one.values.iter().any(|wanted| is_value(found, wanted)))
        })
}

fn is_value(found: &Value, wanted: &str) -> bool {
    match found {
        Value::String(text) => text == wanted,
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            serde_json::from_str::<Value>(wanted).is_ok_and(|wanted| wanted == *found)
        }
        Value::Array(_) | Value::Object(_) => false,
    }
}

/// Which of the two counts is for its reader to say, so it counts as neither.
fn with_its_first_name_twice(message: &str, value: &Value) -> Option<String> {
    let (name, _) = value.as_object()?.iter().next()?;
    let rest = message.trim_start().strip_prefix('{')?;
    Some(format!("{{{}:null,{rest}", serde_json::to_string(&name.to_uppercase()).ok()?))
}

//! WebSocket frames (RFC 6455, 5), as far as somebody between page and portal has to know them: what a page says, message by
//! message with the very frames in which it came, and where the frames of a portal end.
//!
//! No extension is spoken here, so reserved bits stay empty; what could be read in two ways is a [`Fault`].

use crate::read_only::MAX_JUDGED_BYTES;

/// Longest payload of a control frame (RFC 6455, 5.5).
const MAX_CONTROL: usize = 125;
/// Most bytes of one message with the heads of its frames: fragments may be empty, and any number of them.
const MAX_HELD: usize = MAX_JUDGED_BYTES.saturating_mul(2);
/// Bytes of a close frame's code.
const CODE: usize = 2;

const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

/// Codes with which a socket is closed (RFC 6455, 7.4.1).
pub mod close {
    pub const GOING_AWAY: u16 = 1001;
    pub const PROTOCOL: u16 = 1002;
    pub const NOT_TEXT: u16 = 1007;
    pub const POLICY: u16 = 1008;
    pub const TOO_LONG: u16 = 1009;
    pub const INTERNAL: u16 = 1011;
}

/// What a page has said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A whole message of text. `frames` are the bytes in which it came, with the control frames between its fragments.
    Text { text: String, frames: Vec<u8> },
    /// A ping or a pong, as it came.
    Control { frame: Vec<u8> },
    /// It closes the socket. Its reason is left out: no rule has looked at it.
    Close { code: Option<u16> },
}

/// What no browser sends, or what nobody can judge. Nothing that follows it has a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// RFC 6455, 5.1: bytes that a page chooses must not look like a request to whoever stands between.
    #[error("a frame without a mask")]
    Unmasked,
    #[error("a reserved bit or kind of frame")]
    Reserved,
    #[error("a length that is not written in its shortest form")]
    Length,
    #[error("a control frame that is long or in pieces")]
    Control,
    #[error("a fragment without its beginning, or a message within another one")]
    Sequence,
    #[error("a close frame with half a code, or one that is never sent")]
    Close,
    #[error("a message that is no text")]
    NotText,
    #[error("a binary message")]
    Binary,
    #[error("a message that is too long to be judged")]
    TooLong,
}

impl Fault {
    /// The code with which the socket is closed for it.
    pub const fn code(self) -> u16 {
        match self {
            Self::Unmasked | Self::Reserved | Self::Length | Self::Control | Self::Sequence | Self::Close => {
                close::PROTOCOL
            }
            Self::NotText => close::NOT_TEXT,
            Self::Binary => close::POLICY,
            Self::TooLong => close::TOO_LONG,
        }
    }
}

/// The head of a frame, as far as it was read.
#[derive(Debug, Clone, Copy)]
struct Head {
    is_final: bool,
    opcode: u8,
    mask: [u8; 4],
    /// Of the payload.
    length: usize,
    /// Of the head itself.
    size: usize,
}

/// Takes a page's bytes as they come and gives what they say. Never holds more than one message.
#[derive(Debug, Default)]
pub struct PageFrames {
    came: Vec<u8>,
    /// Bytes of `came` that are done with.
    done: usize,
    /// Frames of a message that is not whole yet.
    held: Vec<u8>,
    /// What these say.
    text: Vec<u8>,
    is_within: bool,
}

impl PageFrames {
    /// To be followed by [`Self::next`] until it gives nothing more.
    pub fn take(&mut self, bytes: &[u8]) {
        self.came.drain(..self.done.min(self.came.len()));
        self.done = 0;
        self.came.extend_from_slice(bytes);
    }

    /// The next thing that is there as a whole.
    ///
    /// # Errors
    /// [`Fault`], also before the whole frame is there. Not to be asked again then.
    #[allow(clippy::should_implement_trait, reason = "an iterator that fails would go on after its fault")]
    pub fn next(&mut self) -> Result<Option<Said>, Fault> {
        loop {
            let left = self.came.get(self.done..).unwrap_or_default();
            let Some(head) = Head::read(left)? else { return Ok(None) };
            self.check(head)?;
            let Some((frame, _)) = left.split_at_checked(head.size.saturating_add(head.length)) else {
                return Ok(None);
            };
            let payload = frame.get(head.size..).unwrap_or_default();
            let plain: Vec<u8> = payload.iter().zip(head.mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
            let frame = frame.to_vec();
            self.done = self.done.saturating_add(frame.len());
            match head.opcode {
                CLOSE => return Ok(Some(Said::Close { code: code(&plain)? })),
                // In their place among the fragments: what goes on is what came, in its order.
                PING | PONG if self.is_within => self.held.extend_from_slice(&frame),
                PING | PONG => return Ok(Some(Said::Control { frame })),
                _ => {
                    self.held.extend_from_slice(&frame);
                    self.text.extend_from_slice(&plain);
                    self.is_within = !head.is_final;
                    if head.is_final {
                        let (text, frames) = (std::mem::take(&mut self.text), std::mem::take(&mut self.held));
                        let text = String::from_utf8(text).map_err(|_| Fault::NotText)?;
                        return Ok(Some(Said::Text { text, frames }));
                    }
                }
            }
        }
    }

    /// What its head alone shows to be a fault.
    fn check(&self, head: Head) -> Result<(), Fault> {
        match head.opcode {
            CLOSE | PING | PONG if !head.is_final || head.length > MAX_CONTROL => return Err(Fault::Control),
            CLOSE | PING | PONG => {}
            CONTINUATION if !self.is_within => return Err(Fault::Sequence),
            CONTINUATION => {}
            TEXT | BINARY if self.is_within => return Err(Fault::Sequence),
            TEXT => {}
            BINARY => return Err(Fault::Binary),
            _ => return Err(Fault::Reserved),
        }
        let is_control = matches!(head.opcode, CLOSE | PING | PONG);
        let text = if is_control { 0 } else { self.text.len().saturating_add(head.length) };
        let held = self.held.len().saturating_add(head.size).saturating_add(head.length);
        if text > MAX_JUDGED_BYTES || held > MAX_HELD { Err(Fault::TooLong) } else { Ok(()) }
    }
}

impl Head {
    /// Nothing while it is not whole.
    fn read(bytes: &[u8]) -> Result<Option<Self>, Fault> {
        let Some(([first, second], rest)) = bytes.split_first_chunk::<2>() else { return Ok(None) };
        if first & 0x70 != 0 {
            return Err(Fault::Reserved);
        }
        if second & 0x80 == 0 {
            return Err(Fault::Unmasked);
        }
        let (length, rest, is_shortest) = match second & 0x7f {
            126 => {
                let Some((long, rest)) = rest.split_first_chunk::<2>() else { return Ok(None) };
                let length = u64::from(u16::from_be_bytes(*long));
                (length, rest, length > 125)
            }
            127 => {
                let Some((long, rest)) = rest.split_first_chunk::<8>() else { return Ok(None) };
                let length = u64::from_be_bytes(*long);
                (length, rest, length > u64::from(u16::MAX))
            }
            short => (u64::from(short), rest, true),
        };
        if !is_shortest {
            return Err(Fault::Length);
        }
        let Some((mask, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        Ok(Some(Self {
            is_final: first & 0x80 != 0,
            opcode: first & 0x0f,
            mask: *mask,
            length: usize::try_from(length).map_err(|_| Fault::TooLong)?,
            size: bytes.len().saturating_sub(rest.len()),
        }))
    }
}

/// Of a close frame: none, or one that may be sent (RFC 6455, 7.4.2), with a reason that is text.
fn code(payload: &[u8]) -> Result<Option<u16>, Fault> {
    if payload.is_empty() {
        return Ok(None);
    }
    let (code, reason) = payload.split_first_chunk::<CODE>().ok_or(Fault::Close)?;
    let code = u16::from_be_bytes(*code);
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Fault::Close);
    }
    std::str::from_utf8(reason).map_err(|_| Fault::NotText)?;
    Ok(Some(code))
}

/// A close frame; with a mask it is one of a client's. A reason that is too long for it is cut.
pub fn close_frame(code: Option<u16>, reason: &str, mask: Option<[u8; 4]>) -> Vec<u8> {
    let mut payload = Vec::new();
    if let Some(code) = code {
        payload.extend_from_slice(&code.to_be_bytes());
        let room = reason.floor_char_boundary(MAX_CONTROL.saturating_sub(CODE));
        payload.extend_from_slice(reason.get(..room).unwrap_or_default().as_bytes());
    }
    let length = u8::try_from(payload.len()).unwrap_or_default();
    let mut frame = vec![0x80 | CLOSE, length | if mask.is_some() { 0x80 } else { 0 }];
    let mask = match mask {
        Some(mask) => {
            frame.extend_from_slice(&mask);
            mask
        }
        None => [0; 4],
    };
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// Where a portal's frames begin and end, so that one of ours can stand between two of them. Nothing else of them is read.
#[derive(Debug, Clone, Default)]
pub struct PortalFrames {
    head: Vec<u8>,
    /// Of the payload.
    left: u64,
}

impl PortalFrames {
    /// These went to the page.
    pub fn passed(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((first, after)) = rest.split_first() {
            if self.left > 0 {
                let here = usize::try_from(self.left).unwrap_or(usize::MAX).min(rest.len());
                self.left = self.left.saturating_sub(u64::try_from(here).unwrap_or(u64::MAX));
                rest = rest.get(here..).unwrap_or_default();
                continue;
            }
            self.head.push(*first);
            rest = after;
            if let Some(length) = length_of(&self.head) {
                self.head.clear();
                self.left = length;
            }
        }
    }

    /// A frame is whole and the next one has not begun.
    pub fn is_between(&self) -> bool {
        self.head.is_empty() && self.left == 0
    }

    /// How many of these bytes belong to the frame that has begun.
    pub fn rest_of_frame(&self, bytes: &[u8]) -> usize {
        let mut ahead = self.clone();
        let until = bytes.iter().position(|byte| {
            let was_between = ahead.is_between();
            ahead.passed(std::slice::from_ref(byte));
            was_between
        });
        until.unwrap_or(bytes.len())
    }
}

/// Of the payload, once its head is whole. A portal's frames have no mask; one that has is followed all the same.
fn length_of(head: &[u8]) -> Option<u64> {
    let ([_, second], rest) = head.split_first_chunk::<2>()?;
    let (length, rest) = match second & 0x7f {
        126 => rest.split_first_chunk::<2>().map(|(long, rest)| (u64::from(u16::from_be_bytes(*long)), rest))?,
        127 => rest.split_first_chunk::<8>().map(|(long, rest)| (u64::from_be_bytes(*long), rest))?,
        short => (u64::from(short), rest),
    };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    (rest.len() >= mask).then_some(length)
}

#[cfg(test)]
mod tests {
    use amberglass_testkit::websocket::{MASK, page_frame as frame};
    use proptest::prelude::*;

    use super::*;

    fn all(bytes: &[u8]) -> Result<Vec<Said>, Fault> {
        let mut frames = PageFrames::default();
        frames.take(bytes);
        std::iter::from_fn(|| frames.next().transpose()).collect()
    }

    fn text(text: &str, frames: &[u8]) -> Said {
        Said::Text { text: text.to_owned(), frames: frames.to_vec() }
    }

    /// RFC 6455, 5.7, and what browsers send beside it.
    #[test]
    fn whole_messages_come_with_the_frames_in_which_they_came() {
        let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(all(&hello), Ok(vec![text("Hello", &hello)]));
        let ping = frame(0x89, b"beat");
        let pieces = [frame(0x01, b"Hel"), ping.clone(), frame(0x00, b""), frame(0x80, b"lo")].concat();
        assert_eq!(all(&pieces), Ok(vec![text("Hello", &pieces)]), "with what came between, in its order");
        let both = [ping.clone(), hello.to_vec(), frame(0x8a, b"")].concat();
        assert_eq!(
            all(&both),
            Ok(vec![Said::Control { frame: ping }, text("Hello", &hello), Said::Control { frame: frame(0x8a, b"") }])
        );
        assert_eq!(all(&frame(0x88, b"")), Ok(vec![Said::Close { code: None }]));
        assert_eq!(all(&frame(0x88, b"\x03\xe8delete all")), Ok(vec![Said::Close { code: Some(1000) }]));
        for length in [125, 126, 65_535, 65_536, MAX_JUDGED_BYTES] {
            let long = "x".repeat(length);
            let framed = frame(0x81, long.as_bytes());
            assert_eq!(all(&framed), Ok(vec![text(&long, &framed)]), "{length}");
        }
    }

    #[test]
    fn what_no_browser_sends_is_a_fault() {
        let in_long_form = |long: &[u8]| [&[0x81], long, &MASK, b"ab"].concat();
        let table = [
            ("no mask", vec![0x81, 0x02, b'h', b'i'], Fault::Unmasked),
            ("first reserved bit, as a packed message has it", frame(0xc1, b"x"), Fault::Reserved),
            ("second reserved bit", frame(0xa1, b"x"), Fault::Reserved),
            ("third reserved bit", frame(0x91, b"x"), Fault::Reserved),
            ("reserved data", frame(0x83, b"x"), Fault::Reserved),
            ("reserved control", frame(0x8b, b"x"), Fault::Reserved),
            ("long form of a short length", in_long_form(&[0xfe, 0, 2]), Fault::Length),
            ("longer form of a short length", in_long_form(&[0xff, 0, 0, 0, 0, 0, 0, 0, 2]), Fault::Length),
            ("a length without end", in_long_form(&[0xff; 9]), Fault::TooLong),
            ("ping in pieces", frame(0x09, b"x"), Fault::Control),
            ("long ping", frame(0x89, &[b'x'; 126]), Fault::Control),
            ("no beginning", frame(0x80, b"x"), Fault::Sequence),
            ("a message in another one", [frame(0x01, b"x"), frame(0x81, b"y")].concat(), Fault::Sequence),
            ("binary", frame(0x82, b"x"), Fault::Binary),
            ("no text", frame(0x81, b"\xff"), Fault::NotText),
            ("half a letter", frame(0x81, b"\xc3"), Fault::NotText),
            ("half a code", frame(0x88, b"\x03"), Fault::Close),
            ("a code that is never sent", frame(0x88, &1006_u16.to_be_bytes()), Fault::Close),
            ("a reason that is no text", frame(0x88, b"\x03\xe8\xff"), Fault::NotText),
            ("too long", frame(0x81, &vec![b'x'; MAX_JUDGED_BYTES + 1]), Fault::TooLong),
            (
                "too long in pieces",
                [frame(0x01, &vec![b'x'; MAX_JUDGED_BYTES]), frame(0x80, b"x")].concat(),
                Fault::TooLong,
            ),
            (
                "nothing, without end",
                [frame(0x01, b""), frame(0x00, b"").repeat(MAX_HELD / 6 + 1)].concat(),
                Fault::TooLong,
            ),
        ];
        for (what, bytes, fault) in table {
            assert_eq!(all(&bytes), Err(fault), "{what}");
        }
    }

    /// Whoever announces much is told before it has come.
    #[test]
    fn a_head_is_enough_to_be_refused() {
        for (head, fault) in [
            (&[0x82, 0xff][..], None),
            (&[0x81, 0x01], Some(Fault::Unmasked)),
            (&[0xf1, 0x81], Some(Fault::Reserved)),
            (&[0x81, 0xff, 0, 0, 0, 0, 0xff, 0, 0, 0, 1, 2, 3, 4], Some(Fault::TooLong)),
        ] {
            assert_eq!(all(head), fault.map_or(Ok(vec![]), Err), "{head:?}");
        }
    }

    #[test]
    fn a_close_frame_of_ours_says_code_and_reason() {
        assert_eq!(close_frame(Some(1008), "no", None), [0x88, 4, 0x03, 0xf0, b'n', b'o']);
        assert_eq!(close_frame(None, "", None), [0x88, 0]);
        assert_eq!(all(&close_frame(Some(1001), "", Some(MASK))), Ok(vec![Said::Close { code: Some(1001) }]));
        let long = close_frame(Some(1008), &"\u{e9}".repeat(100), None);
        assert_eq!((long.len(), long[1]), (126, 124), "cut between two letters");
    }

    #[test]
    fn a_portals_frames_are_followed_to_their_ends() {
        let mut frames = PortalFrames::default();
        assert!(frames.is_between());
        frames.passed(&[0x81, 3, b'a']);
        assert!(!frames.is_between());
        assert_eq!(frames.rest_of_frame(b"bc\x81\x01x"), 2);
        assert_eq!(frames.rest_of_frame(b"b"), 1);
        frames.passed(b"bc");
        assert!(frames.is_between());
        assert_eq!(frames.rest_of_frame(b"\x81\x01x"), 0);
        let long = [&[0x82, 126, 1, 0][..], &[7; 256], &[0xc1, 127, 0, 0, 0, 0, 0, 1, 0, 0], &[7; 65_536]].concat();
        frames.passed(&long);
        assert!(frames.is_between());
        frames.passed(&[0x81, 127, 0xff]);
        assert!(!frames.is_between());
    }

    proptest! {
        #[test]
        fn any_bytes_are_said_or_a_fault_and_goes_on_only_what_came(
            pieces in proptest::collection::vec((any::<u8>(), proptest::collection::vec(any::<u8>(), 0..20)), 0..12),
            noise in proptest::collection::vec(any::<u8>(), 0..40),
            cut in 1_usize..30,
        ) {
            let framed: Vec<u8> = pieces.iter().flat_map(|(first, payload)| frame(*first & 0x8f, payload)).collect();
            for bytes in [framed.clone(), noise.clone(), [framed, noise].concat()] {
                let mut frames = PageFrames::default();
                let mut went = Vec::new();
                'said: for piece in bytes.chunks(cut) {
                    frames.take(piece);
                    loop {
                        match frames.next() {
                            Ok(Some(Said::Text { frames, .. })) => went.extend(frames),
                            Ok(Some(Said::Control { frame })) => went.extend(frame),
                            Ok(Some(Said::Close { .. })) | Err(_) => break 'said,
                            Ok(None) => break,
                        }
                    }
                }
                prop_assert!(bytes.starts_with(&went));
                let mut portal = PortalFrames::default();
                portal.passed(&bytes);
                prop_assert!(portal.rest_of_frame(&bytes) <= bytes.len());
            }
        }

        #[test]
        fn however_it_is_cut_it_says_the_same(messages in proptest::collection::vec(".{0,40}", 0..6), cut in 1_usize..20) {
            let bytes: Vec<u8> = messages.iter().flat_map(|message| frame(0x81, message.as_bytes())).collect();
            let mut frames = PageFrames::default();
            let mut said = Vec::new();
            for piece in bytes.chunks(cut) {
                frames.take(piece);
                while let Some(Said::Text { text, .. }) = frames.next().unwrap() {
                    said.push(text);
                }
            }
            prop_assert_eq!(said, messages);
        }
    }
}

//! Reads server-sent events (WHATWG HTML, 9.2.6) piece by piece, however the network cuts them.

use amberglass_wire::event_stream::ServerEvent;

/// Longest line, and longest event, in bytes. Ours stay under three hundred.
pub const MAX_EVENT_BYTES: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event is longer than {MAX_EVENT_BYTES} bytes")]
pub struct EventTooLong;

/// What has been read of an event so far.
#[derive(Debug, Default)]
pub struct EventReader {
    line: Vec<u8>,
    data: Vec<u8>,
    /// A carriage return ended the last line; a line feed right after it belongs to it.
    after_return: bool,
    begun: bool,
}

impl EventReader {
    /// Takes the next piece and gives the events that it completes. Comments, fields other than `data`, and data that is
    /// no event of ours are passed over: a newer server may say more than this console knows.
    ///
    /// # Errors
    /// [`EventTooLong`]; the stream is of no use after that.
    pub fn read(&mut self, piece: &[u8]) -> Result<Vec<ServerEvent>, EventTooLong> {
        let mut events = Vec::new();
        for &byte in piece {
            let follows_return = std::mem::take(&mut self.after_return);
            match byte {
                b'\n' if follows_return => {}
                b'\n' => events.extend(self.end_line()?),
                b'\r' => {
                    events.extend(self.end_line()?);
                    self.after_return = true;
                }
                other if self.line.len() < MAX_EVENT_BYTES => self.line.push(other),
                _ => return Err(EventTooLong),
            }
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Result<Option<ServerEvent>, EventTooLong> {
        let line = std::mem::take(&mut self.line);
        let mut line = line.as_slice();
        if !std::mem::replace(&mut self.begun, true) {
            line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        }
        if line.is_empty() {
            return Ok(self.end_event());
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => line.split_at(colon),
            None => (line, [].as_slice()),
        };
        if field == b"data" {
            let value = value.strip_prefix(b":").unwrap_or(value);
            let value = value.strip_prefix(b" ").unwrap_or(value);
            if self.data.len().saturating_add(value.len()) >= MAX_EVENT_BYTES {
                return Err(EventTooLong);
            }
            self.data.extend_from_slice(value);
            self.data.push(b'\n');
        }
        Ok(None)
    }

    fn end_event(&mut self) -> Option<ServerEvent> {
        let data = std::mem::take(&mut self.data);
        serde_json::from_slice(&data).ok().filter(|event| *event != ServerEvent::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use amberglass_wire::{SessionId, UnixMillis, session::SessionState};

    use super::*;

    const STREAM: &str = "\u{feff}: hello\n\
        event: heartbeat\ndata: {\"kind\":\"heartbeat\",\"time\":7}\n\n\
        event: of_a_later_version\r\ndata: {\"kind\":\"of_a_later_version\",\"x\":[1,{}]}\r\n\r\n\
        id: 4\nretry: 100\ndata:{\"kind\":\"session_changed\",\ndata:\"session\":\"s\",\"state\":\"ended\"}\n\n\
        data: no json\n\n\
        data\n\n\n\
        data: {\"kind\":\"signed_out\"}\r\r\
        data: {\"kind\":\"snapshot_changed\",\"more\":1}\n\n\
        data: {\"kind\":\"heartbeat\",\"time\":8}\n";

    fn expected() -> Vec<ServerEvent> {
        vec![
            ServerEvent::Heartbeat { time: UnixMillis(7) },
            ServerEvent::SessionChanged { session: SessionId::new("s"), state: SessionState::Ended },
            ServerEvent::SignedOut,
            ServerEvent::SnapshotChanged,
        ]
    }

    #[test]
    fn events_are_the_same_wherever_the_network_cuts_them() {
        let bytes = STREAM.as_bytes();
        for cut in 0..bytes.len() {
            let mut reader = EventReader::default();
            let (first, second) = bytes.split_at(cut);
            let mut events = reader.read(first).unwrap();
            events.extend(reader.read(second).unwrap());
            assert_eq!(events, expected(), "cut at {cut}");
        }
        let mut reader = EventReader::default();
        let single: Vec<_> = bytes.iter().flat_map(|byte| reader.read(&[*byte]).unwrap()).collect();
        assert_eq!(single, expected());
    }

    #[test]
    fn an_event_without_its_empty_line_is_not_yet_one() {
        let mut reader = EventReader::default();
        assert_eq!(reader.read(b"data: {\"kind\":\"signed_out\"}\n").unwrap(), []);
        assert_eq!(reader.read(b"\n").unwrap(), [ServerEvent::SignedOut]);
    }

    #[test]
    fn endless_lines_and_endless_events_are_refused() {
        let mut reader = EventReader::default();
        assert_eq!(reader.read(&vec![b'x'; MAX_EVENT_BYTES + 1]), Err(EventTooLong));
        let mut reader = EventReader::default();
        let line = format!("data: {}\n", "x".repeat(1000));
        assert!((0..=MAX_EVENT_BYTES / 1000).any(|_| reader.read(line.as_bytes()).is_err()));
    }
}

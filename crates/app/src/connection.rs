//! The line to the server: event stream, heartbeats, snapshot, the server's clock, and what silence means.

use std::sync::Arc;

use amberglass_domain::{
    ports::{BackendError, Clock},
    signing,
};
use amberglass_wire::{
    SessionId, UnixMillis,
    auth::SnapshotResponse,
    event_stream::{HeartbeatRequest, HeartbeatResponse, ServerEvent, SessionBeat},
};
use tokio::{
    sync::{mpsc, watch},
    task::AbortHandle,
};

use crate::{
    controller::Actor,
    errors,
    input::{Input, Reply},
    server_clock::ServerClock,
    tokens::backoff_millis,
    view::ConnectionView,
};

/// An unanswered heartbeat is given up after so long, so that a dead connection does not hold up the next one.
const HEARTBEAT_PATIENCE_MILLIS: i64 = 4_000;
/// A stream that says nothing for so long is opened again.
const STREAM_PATIENCE_MILLIS: i64 = 6_000;
/// The estimate of the server's clock is corrected only beyond this; below it is the time that answers take.
const CLOCK_TOLERANCE_MILLIS: i64 = 1_000;
/// Events that may wait for the actor before the stream has to.
const STREAM_BUFFER: usize = 32;

pub(crate) struct Connection {
    pub view: ConnectionView,
    /// Signed in: stream and heartbeats are wanted.
    wanted: bool,
    connecting_since: i64,
    /// Monotonic time of the latest proof of life, by stream and by answered heartbeat.
    heard_stream: Option<i64>,
    heard_answer: Option<i64>,
    /// The server's own time of the latest answered heartbeat.
    answered_at: Option<UnixMillis>,
    /// Server time minus monotonic time. Taken from when a question was sent, so it is never too small: deadlines come
    /// early by the time an answer takes, and never late.
    server_offset: watch::Sender<Option<i64>>,
    stream: Option<Stream>,
    stream_failures: u32,
    reconnect_at: Option<i64>,
    beat_at: i64,
    beat: Option<Beat>,
    /// Of the latest heartbeat.
    signed_at: Option<UnixMillis>,
    snapshot: Option<u64>,
    snapshot_again: bool,
    /// The snapshot that was under way when the answer to one's own act came: it may say how it was before.
    outpaced: Option<u64>,
}

struct Stream {
    number: u64,
    task: AbortHandle,
    opened_at: i64,
    lively: bool,
}

struct Beat {
    number: u64,
    task: AbortHandle,
    sent_at: i64,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            view: ConnectionView::Connecting {},
            wanted: false,
            connecting_since: 0,
            heard_stream: None,
            heard_answer: None,
            answered_at: None,
            server_offset: watch::Sender::new(None),
            stream: None,
            stream_failures: 0,
            reconnect_at: None,
            beat_at: 0,
            beat: None,
            signed_at: None,
            snapshot: None,
            snapshot_again: false,
            outpaced: None,
        }
    }
}

impl Connection {
    pub fn went_offline(&mut self, since: UnixMillis) {
        if !matches!(self.view, ConnectionView::Offline { .. }) {
            self.view = ConnectionView::Offline { since };
        }
    }

    /// Latest proof of life, whichever way it came.
    pub fn heard(&self) -> Option<i64> {
        self.heard_stream.max(self.heard_answer)
    }

    /// The monotonic moment of a server time. `None` before the first answer.
    pub fn monotonic_of(&self, server_time: UnixMillis) -> Option<i64> {
        Some(server_time.0.saturating_sub(self.server_offset()?))
    }

    /// Learns the server's clock from an answer that came at `received_at` to a question sent at `sent_at`. The server read
    /// its clock in between, so an answer that was long on its way says little and changes nothing.
    pub fn note_server_time(&mut self, server_time: UnixMillis, sent_at: i64, received_at: i64) {
        let largest = server_time.0.saturating_sub(sent_at);
        let smallest = server_time.0.saturating_sub(received_at);
        let fits = |known: i64| {
            known >= smallest.saturating_sub(CLOCK_TOLERANCE_MILLIS)
                && known <= largest.saturating_add(CLOCK_TOLERANCE_MILLIS)
        };
        if !self.server_offset().is_some_and(fits) {
            self.server_offset.send_replace(Some(largest));
        }
    }

    /// What is added to the monotonic time; nothing before the first answer.
    pub fn server_offset(&self) -> Option<i64> {
        *self.server_offset.borrow()
    }

    /// The server's clock, for what runs beside the controller.
    pub fn server_clock(&self, clock: Arc<dyn Clock>) -> ServerClock {
        ServerClock::new(clock, self.server_offset.subscribe())
    }
}

impl Actor {
    /// Nine tenths of what is allowed: at its end the page has to be covered, and until then a busy machine has to notice
    /// and to draw.
    fn silence_millis(&self) -> i64 {
        i64::from(self.limits.silence_seconds) * 900
    }

    /// The server's clock as far as it is known, else this machine's.
    pub fn server_now(&self) -> UnixMillis {
        match self.connection.server_offset() {
            Some(offset) => UnixMillis(self.now().saturating_add(offset)),
            None => self.ports.clock.now(),
        }
    }

    pub fn is_heard(&self, now: i64) -> bool {
        self.connection.heard().is_some_and(|at| now - at < self.silence_millis())
    }

    /// Whether a session may start: the stream over which a revocation would come is alive.
    pub fn is_stream_fresh(&self, now: i64) -> bool {
        self.connection.heard_stream.is_some_and(|at| now - at < self.silence_millis())
    }

    /// Begins to listen and to beat, after a sign-in.
    pub fn connect(&mut self) {
        let now = self.now();
        let server_offset = self.connection.server_offset.clone();
        self.connection =
            Connection { wanted: true, connecting_since: now, beat_at: now, server_offset, ..Connection::default() };
        self.open_stream(now);
        self.fetch_snapshot();
    }

    /// After a sign-out.
    pub fn disconnect(&mut self) {
        if let Some(stream) = self.connection.stream.take() {
            stream.task.abort();
        }
        if let Some(beat) = self.connection.beat.take() {
            beat.task.abort();
        }
        self.connection = Connection { server_offset: self.connection.server_offset.clone(), ..Connection::default() };
    }

    pub fn connection_due(&self) -> Option<i64> {
        if !self.connection.wanted {
            return None;
        }
        let beat = match &self.connection.beat {
            Some(beat) => beat.sent_at + HEARTBEAT_PATIENCE_MILLIS,
            None => self.connection.beat_at,
        };
        let stream = match &self.connection.stream {
            Some(stream) => Some(self.stream_silent_at(stream)),
            None => self.connection.reconnect_at,
        };
        let silence = match self.connection.view {
            ConnectionView::Online {} => self.connection.heard().map(|at| at + self.silence_millis()),
            ConnectionView::Connecting {} => Some(self.connection.connecting_since + self.silence_millis()),
            ConnectionView::Offline { .. } => None,
        };
        [Some(beat), stream, silence].into_iter().flatten().min()
    }

    fn stream_silent_at(&self, stream: &Stream) -> i64 {
        self.connection.heard_stream.unwrap_or_default().max(stream.opened_at) + STREAM_PATIENCE_MILLIS
    }

    pub fn tick_connection(&mut self, now: i64) {
        if !self.connection.wanted {
            return;
        }
        self.judge_silence(now);
        if self.connection.beat.as_ref().is_some_and(|beat| now - beat.sent_at >= HEARTBEAT_PATIENCE_MILLIS)
            && let Some(beat) = self.connection.beat.take()
        {
            beat.task.abort();
            self.connection.beat_at = now;
        }
        if self.connection.beat.is_none() && self.connection.beat_at <= now {
            self.send_beat(now);
        }
        if self.connection.stream.as_ref().is_some_and(|stream| self.stream_silent_at(stream) <= now)
            && let Some(stream) = self.connection.stream.take()
        {
            stream.task.abort();
            self.connection.reconnect_at = Some(now);
        }
        if self.connection.stream.is_none() && self.connection.reconnect_at.is_some_and(|at| at <= now) {
            self.open_stream(now);
        }
    }

    /// Online, offline, and the curtain of a running session follow from when the server was last heard.
    fn judge_silence(&mut self, now: i64) {
        if self.is_heard(now) {
            if !matches!(self.connection.view, ConnectionView::Online {}) {
                self.connection.view = ConnectionView::Online {};
                self.nudge_sync();
                self.look_again_once_online();
                // Nothing can start without the stream, so it does not wait for its turn while the console says online.
                if self.connection.stream.is_none() {
                    self.connection.reconnect_at = Some(now);
                }
            }
            return;
        }
        let still_connecting = matches!(self.connection.view, ConnectionView::Connecting {})
            && now - self.connection.connecting_since < self.silence_millis();
        if !still_connecting {
            self.connection.went_offline(self.ports.clock.now());
            self.cover_for_silence(now);
        }
    }

    /// Asks at once instead of at the next beat, because a person waits for it.
    pub fn reconnect_now(&mut self) {
        let now = self.now();
        self.connection.beat_at = now;
        if self.connection.stream.is_none() {
            self.connection.reconnect_at = Some(now);
        }
    }

    fn send_beat(&mut self, now: i64) {
        let (Some(account), Some(device)) = (self.account().cloned(), self.device.known()) else { return };
        let beaten = self.running.as_ref().filter(|running| running.is_beaten());
        let sessions = beaten
            .map(|running| SessionBeat {
                session: running.session.id.clone(),
                idle_millis: now.saturating_sub(running.last_input).max(0),
            })
            .into_iter()
            .collect();
        let beaten = beaten.map(|running| running.session.id.clone());
        let signed_at = signing_time(self.server_now(), self.connection.signed_at, self.silence_millis());
        self.connection.signed_at = Some(signed_at);
        let mut request = HeartbeatRequest {
            writer: self.journal.writer().unwrap_or(device.id.as_str()).to_owned(),
            device: device.id,
            signed_at,
            sessions,
            journal: self.journal.head(),
            signature: String::new(),
        };
        request.signature = device.key.sign(&signing::heartbeat(&request));
        let number = self.next_number();
        let ports = self.ports.clone();
        let task = self.spawn(async move {
            let result = ports.backend.heartbeat(&account.access, request).await;
            Reply::Heartbeat { number, sent_at: now, beaten, result }
        });
        self.connection.beat = Some(Beat { number, task, sent_at: now });
        self.connection.beat_at = now.saturating_add(i64::from(self.limits.heartbeat_seconds) * 1000);
    }

    pub fn on_heartbeat(
        &mut self,
        number: u64,
        sent_at: i64,
        beaten: Option<SessionId>,
        result: Result<HeartbeatResponse, BackendError>,
    ) {
        if self.connection.beat.as_ref().is_none_or(|beat| beat.number != number) {
            return;
        }
        self.connection.beat = None;
        match result {
            Ok(answer) => {
                let now = self.now();
                self.connection.note_server_time(answer.time, sent_at, now);
                self.connection.answered_at = Some(answer.time);
                // The answer proves that the server lived when the question was sent; an answer that lay in a buffer
                // while the machine slept proves no more than that.
                self.connection.heard_answer = self.connection.heard_answer.max(Some(sent_at));
                self.judge_silence(now);
                self.on_session_beats(beaten, &answer.sessions, sent_at, now);
                self.try_leftovers();
                self.confirm_ended();
            }
            Err(error) => {
                tracing::debug!(%error, "a heartbeat was not answered");
                if errors::is_token_refused(&error) {
                    self.token_refused();
                }
            }
        }
    }

    fn open_stream(&mut self, now: i64) {
        let Some(account) = self.account().cloned() else { return };
        let number = self.next_number();
        let (ports, inputs) = (self.ports.clone(), self.inputs.clone());
        let task = self.spawn(async move {
            let (sender, mut events) = mpsc::channel(STREAM_BUFFER);
            let forward = async {
                while let Some(event) = events.recv().await {
                    if inputs.send(Input::Stream { number, event }).is_err() {
                        break;
                    }
                }
            };
            let (result, ()) = tokio::join!(ports.backend.events(&account.access, sender), forward);
            Reply::StreamEnded { number, result }
        });
        self.connection.reconnect_at = None;
        self.connection.stream = Some(Stream { number, task, opened_at: now, lively: false });
    }

    /// The server closes the stream of a sign-in that was replaced; one of the new sign-in takes its place before that.
    pub fn change_stream(&mut self) {
        if let Some(stream) = self.connection.stream.take() {
            stream.task.abort();
        }
        let now = self.now();
        self.open_stream(now);
    }

    pub fn on_stream_event(&mut self, number: u64, event: ServerEvent) {
        let Some(stream) = self.connection.stream.as_mut().filter(|stream| stream.number == number) else { return };
        if !std::mem::replace(&mut stream.lively, true) {
            self.connection.stream_failures = 0;
            // Hints may have been missed while nothing listened.
            self.fetch_snapshot();
        }
        match event {
            ServerEvent::Heartbeat { time } => {
                let now = self.now();
                // As old as it says: it may have lain in a buffer while the machine slept.
                let heard = self.connection.monotonic_of(time).map_or(now, |at| at.min(now));
                self.connection.heard_stream = self.connection.heard_stream.max(Some(heard));
                self.judge_silence(now);
            }
            ServerEvent::SessionChanged { session, state } => self.on_session_hint(&session, state),
            ServerEvent::SnapshotChanged => self.fetch_snapshot(),
            ServerEvent::SignedOut => {
                // Covered before anything is asked: who may look is in doubt.
                self.cover_for_doubt();
                self.doubt_tokens();
            }
            ServerEvent::Unknown => {}
        }
    }

    pub fn on_stream_ended(&mut self, number: u64, result: Result<(), BackendError>) {
        if self.connection.stream.as_ref().is_none_or(|stream| stream.number != number) {
            return;
        }
        self.connection.stream = None;
        if let Err(error) = &result {
            tracing::debug!(%error, "the event stream ended");
            if errors::is_token_refused(error) {
                self.token_refused();
            }
        }
        let mut jitter = [0_u8; 1];
        self.ports.entropy.fill(&mut jitter);
        let [jitter] = jitter;
        // The first attempt follows quickly: most streams end because a server was replaced.
        let wait = match self.connection.stream_failures {
            0 => 250,
            failures => backoff_millis(failures) / 2,
        };
        self.connection.stream_failures = self.connection.stream_failures.saturating_add(1);
        self.connection.reconnect_at = Some(self.now().saturating_add(wait + i64::from(jitter)));
    }

    pub fn fetch_snapshot(&mut self) {
        let Some(account) = self.account().cloned() else { return };
        if self.connection.snapshot.is_some() {
            self.connection.snapshot_again = true;
            return;
        }
        let number = self.next_number();
        self.connection.snapshot = Some(number);
        let (ports, sent_at) = (self.ports.clone(), self.now());
        self.spawn(async move {
            Reply::Snapshot { number, sent_at, result: ports.backend.snapshot(&account.access).await }
        });
    }

    /// The answer to one's own act is newer than a snapshot that is under way: of requests and reviews the next one tells.
    pub fn outpace_snapshot(&mut self) {
        if self.connection.snapshot.is_some() {
            self.connection.outpaced = self.connection.snapshot;
            self.connection.snapshot_again = true;
        }
    }

    pub fn on_snapshot(&mut self, number: u64, sent_at: i64, result: Result<SnapshotResponse, BackendError>) {
        if self.connection.snapshot != Some(number) {
            return;
        }
        self.connection.snapshot = None;
        let outpaced = self.connection.outpaced.take() == Some(number);
        match result {
            Ok(snapshot) => {
                self.connection.note_server_time(snapshot.server_time, sent_at, self.now());
                if let crate::sign_in::SignIn::SignedIn(account) = &mut self.sign_in {
                    account.staff = snapshot.staff;
                }
                self.portals = snapshot.portals;
                self.limits = snapshot.limits;
                self.keep_from_snapshot(snapshot.signers, snapshot.recovery_key.as_deref());
                self.emergency_stop = snapshot.emergency_stop;
                self.reason_codes = snapshot.reason_codes;
                self.alarms = snapshot.alarms;
                self.stopped_portals = snapshot.stopped_portals;
                if !outpaced {
                    self.approvals.given = snapshot.given;
                    self.follow_requests(snapshot.requests, snapshot.to_decide);
                    self.follow_reviews(snapshot.reviews);
                }
                self.follow_news(snapshot.news);
                if std::mem::replace(&mut self.rights, snapshot.rights) != snapshot.rights {
                    self.refresh_live();
                }
                // A snapshot from before the latest heartbeat may still tell of the silence that this one ended.
                let is_newer = self.connection.answered_at.is_none_or(|at| at < snapshot.server_time);
                self.compare_with_snapshot(&snapshot.sessions, sent_at, is_newer);
            }
            Err(error) => {
                // The next stream, or the next hint, asks again.
                tracing::debug!(%error, "no snapshot");
                if errors::is_token_refused(&error) {
                    self.token_refused();
                }
            }
        }
        if std::mem::take(&mut self.connection.snapshot_again) {
            self.fetch_snapshot();
        }
    }
}

/// The server counts a heartbeat only if it was signed after the one before, so a correction of its clock's estimate must
/// not lead backwards. A larger one is no correction: then the server's clock was set.
fn signing_time(server_now: UnixMillis, last: Option<UnixMillis>, silence_millis: i64) -> UnixMillis {
    match last {
        Some(last) if (0..silence_millis).contains(&last.since(server_now)) => last.plus_millis(1),
        Some(_) | None => server_now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_clock_is_learned_from_quick_answers_and_kept_through_slow_ones() {
        let mut connection = Connection::default();
        let mut learn = |server_time, sent_at, received_at| {
            connection.note_server_time(UnixMillis(server_time), sent_at, received_at);
            connection.server_offset().unwrap()
        };
        assert_eq!(learn(10_000, 1_000, 1_020), 9_000);
        // Three seconds on the way there, or back, or lying here while the machine slept.
        assert_eq!(learn(14_000, 2_000, 5_000), 9_000);
        assert_eq!(learn(14_000, 5_000, 8_000), 9_000);
        assert_eq!(learn(15_000, 6_000, 30_000_000), 9_000);
        // Within what clocks drift.
        assert_eq!(learn(16_900, 7_000, 7_010), 9_000);
        // The server's clock was set.
        assert_eq!(learn(27_000, 8_000, 8_010), 19_000);
        assert_eq!(learn(18_000, 9_000, 9_010), 9_000);
    }

    #[test]
    fn a_first_answer_that_was_slow_is_put_right_by_the_next() {
        let mut connection = Connection::default();
        connection.note_server_time(UnixMillis(14_000), 1_000, 5_000);
        connection.note_server_time(UnixMillis(16_000), 7_000, 7_010);
        assert_eq!(connection.server_offset(), Some(9_000));
    }

    #[test]
    fn heartbeats_are_signed_in_order_unless_the_servers_clock_was_set() {
        let at = |now, last: Option<i64>| signing_time(UnixMillis(now), last.map(UnixMillis), 5_000).0;
        assert_eq!(at(7_000, None), 7_000);
        assert_eq!(at(7_000, Some(5_000)), 7_000);
        assert_eq!(at(7_000, Some(7_000)), 7_001);
        assert_eq!(at(7_000, Some(10_500)), 10_501);
        assert_eq!(at(7_000, Some(3_600_000)), 7_000);
    }
}

//! A running session: what the server and the window say about it, the curtain that follows, the deadline.

use std::{ffi::OsStr, path::Path};

use amberglass_domain::ports::BackendError;
use amberglass_wire::{
    SessionId, UnixMillis,
    audit::{Attempt, EventBody, EventDetail, EventSubject},
    event_stream::SessionBeatResponse,
    session::{EndedBy, SessionResponse, SessionState},
};

use crate::{
    controller::Actor,
    diagnostics::Diagnostics,
    elevating::Elevating,
    errors,
    extending::Extending,
    host::{Absence, HostEvent},
    input::Reply,
    leaving::Leaving,
    session_end::Ending,
    start_link,
    unmasking::Unmasking,
    view::{CurtainView, FileNotice, FilePlace, RefusedNotice, StartStep},
};

/// How soon the server is asked again what it says of a session that seems to be over.
const CHECK_AGAIN_MILLIS: i64 = 1_000;
/// So long before it ends for idleness the session says so.
const IDLE_NOTICE_MILLIS: i64 = 60_000;

pub(crate) struct Running {
    pub session: SessionResponse,
    pub subject: EventSubject,
    pub reason_label: String,
    /// Monotonic time of the last input in the session window; the start counts as one.
    pub last_input: i64,
    /// The notice that it ends for idleness is shown; goes with the next input.
    pub idle_notice: bool,
    pub extending: Extending,
    pub elevating: Elevating,
    pub unmasking: Unmasking,
    /// Monotonic time at which the server last said when it ends: answers to older questions say nothing new.
    told_at: i64,
    /// The window is gone although the session is not over.
    pub window_gone: bool,
    painted: bool,
    /// Set while silence, or the server, keeps the page covered: until when the session could still go on.
    lost_until: Option<UnixMillis>,
    unreachable: bool,
    uncertified: bool,
    crashed: bool,
    stuck: bool,
    /// A page takes long to load; the one before it, or what has come of it, is to be seen meanwhile.
    pub still_loading: bool,
    journal_failed: bool,
    pub over: Option<Over>,
    pub ending: Option<Ending>,
    check_at: Option<i64>,
    checking: bool,
    pub curtain: Option<CurtainView>,
    /// The trail says that the curtain was drawn; it must also say when it was lifted.
    drawn_on_record: bool,
    records_pending: u32,
    /// The record that the curtain is lifted is under way.
    lifting: bool,
    pub notice: Option<RefusedNotice>,
    pub file: Option<FileNotice>,
    notices: u32,
}

/// Whether somebody can be at the screen; each ends by itself.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Away {
    locked: bool,
    asleep: bool,
}

/// The session is over, as far as this console knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// The server said so; by whom is being asked.
    Told,
    /// Nobody can ask the server, and by its own rule it has ended it. Its word still counts.
    Presumed(EndedBy),
    Known(EndedBy),
}

impl Running {
    pub fn new(session: SessionResponse, subject: EventSubject, reason_label: String, now: i64) -> Self {
        Self {
            session,
            subject,
            reason_label,
            last_input: now,
            idle_notice: false,
            extending: Extending::default(),
            elevating: Elevating::default(),
            unmasking: Unmasking::default(),
            told_at: now,
            window_gone: false,
            painted: false,
            lost_until: None,
            unreachable: false,
            uncertified: false,
            crashed: false,
            stuck: false,
            still_loading: false,
            journal_failed: false,
            over: None,
            ending: None,
            check_at: None,
            checking: false,
            curtain: Some(CurtainView::Opening {}),
            drawn_on_record: false,
            records_pending: 0,
            lifting: false,
            notice: None,
            file: None,
            notices: 0,
        }
    }

    /// The server has to be heard of it: it runs, or may.
    pub fn is_beaten(&self) -> bool {
        match self.over {
            None | Some(Over::Presumed(_)) => true,
            Some(Over::Told | Over::Known(_)) => false,
        }
    }

    /// Neither over nor ending nor in doubt.
    pub fn goes_on(&self) -> bool {
        self.over.is_none() && self.ending.is_none() && self.lost_until.is_none()
    }

    /// The server is asked what it says of it, unless it is being asked.
    pub fn check_soon(&mut self, now: i64) {
        self.check_at.get_or_insert(now);
    }

    /// When the server ends it for idleness, unless somebody touches the window.
    fn idle_at(&self, idle_seconds: u32) -> i64 {
        self.last_input.saturating_add(i64::from(idle_seconds) * 1000)
    }

    /// Only loading the page anew helps, or helps at once.
    const fn has_page_trouble(&self) -> bool {
        self.unreachable || self.uncertified || self.crashed || self.stuck
    }

    fn no_page_trouble(&mut self) {
        (self.unreachable, self.uncertified, self.crashed, self.stuck) = (false, false, false, false);
    }

    /// What must cover the page; the gravest reason comes first.
    fn wanted_curtain(&self, away: Away) -> Option<CurtainView> {
        let ended_by = match self.over {
            Some(Over::Known(ended_by) | Over::Presumed(ended_by)) => Some(Some(ended_by)),
            // Whoever has pressed End here knows who ended it.
            Some(Over::Told) if self.ending.is_none() => Some(None),
            Some(Over::Told) | None => None,
        };
        if let Some(ended_by) = ended_by {
            return Some(CurtainView::Ended {
                ended_by,
                by_name: self.session.ended_by_name.clone(),
                reason: self.session.end_reason.clone(),
            });
        }
        if self.ending.is_some() {
            Some(CurtainView::Ending {})
        } else if self.journal_failed {
            Some(CurtainView::JournalFailed {})
        } else if let Some(goes_on_until) = self.lost_until {
            Some(CurtainView::ConnectionLost { goes_on_until })
        } else if self.crashed {
            Some(CurtainView::PageCrashed {})
        } else if self.uncertified {
            Some(CurtainView::CertificateInvalid {})
        } else if self.unreachable {
            Some(CurtainView::PortalUnreachable {})
        } else if self.stuck {
            Some(CurtainView::PageStuck {})
        } else if away.locked || away.asleep {
            Some(CurtainView::Away {})
        } else if !self.painted {
            Some(CurtainView::Opening {})
        } else {
            None
        }
    }
}

/// The cause as it stands on record. Opening and ending have records of their own.
const fn recorded_cause(curtain: &CurtainView) -> Option<&'static str> {
    match curtain {
        CurtainView::ConnectionLost { .. } => Some("connection_lost"),
        CurtainView::PortalUnreachable {} => Some("portal_unreachable"),
        CurtainView::CertificateInvalid {} => Some("certificate_invalid"),
        CurtainView::PageCrashed {} => Some("page_crashed"),
        CurtainView::PageStuck {} => Some("page_stuck"),
        CurtainView::JournalFailed {} => Some("journal_failed"),
        CurtainView::Away {} => Some("away"),
        CurtainView::Ended { ended_by: Some(EndedBy::Expired), .. } => Some("expired"),
        CurtainView::Opening {} | CurtainView::Ending {} | CurtainView::Ended { .. } => None,
    }
}

impl Actor {
    fn running_mut(&mut self, session: &SessionId) -> Option<&mut Running> {
        self.running.as_mut().filter(|running| running.session.id == *session)
    }

    /// Monotonic deadline of the running session, by the server's clock.
    fn deadline(&self) -> Option<i64> {
        let running = self.running.as_ref()?;
        self.connection.monotonic_of(running.session.expires_at?)
    }

    pub fn running_due(&self) -> Option<i64> {
        let running = self.running.as_ref()?;
        let deadline = if running.is_beaten() { self.deadline() } else { None };
        let check = if running.checking { None } else { running.check_at };
        let idle_at = running.idle_at(self.limits.idle_seconds);
        let idle = match running.over {
            None if !running.idle_notice => Some(idle_at.saturating_sub(IDLE_NOTICE_MILLIS)),
            // While the server is heard it says so itself.
            None if !self.is_heard(self.now()) => Some(idle_at),
            None | Some(Over::Told | Over::Presumed(_) | Over::Known(_)) => None,
        };
        let retry = running.ending.as_ref().and_then(|ending| ending.retry_at);
        [deadline, check, idle, retry].into_iter().flatten().min()
    }

    pub fn tick_running(&mut self, now: i64) {
        let passed = self.deadline().is_some_and(|at| at <= now);
        let (heard, idle_seconds) = (self.is_heard(now), self.limits.idle_seconds);
        let Some(running) = &mut self.running else { return };
        let idle_at = running.idle_at(idle_seconds);
        running.idle_notice |= idle_at.saturating_sub(IDLE_NOTICE_MILLIS) <= now;
        if passed && running.is_beaten() {
            // Also offline, and at once after a suspend: the deadline needs nobody's word.
            running.over = Some(Over::Known(EndedBy::Expired));
            running.check_at = Some(now);
        } else if !heard && idle_at <= now && running.over.is_none() {
            // A report that is missing counts as idle at the server.
            running.over = Some(Over::Presumed(EndedBy::Idle));
        }
        if !running.checking && running.check_at.is_some_and(|at| at <= now) {
            self.check_session(now);
        }
        self.tick_ending(now);
    }

    /// Silence on both ways: the page is covered until the server answers again.
    pub fn cover_for_silence(&mut self, now: i64) {
        let heard = self.connection.heard().unwrap_or(now);
        self.cover_as_lost(heard, now);
    }

    /// Whoever is signed in may no longer be allowed to look; the next answered heartbeat settles it.
    pub fn cover_for_doubt(&mut self) {
        let now = self.now();
        self.cover_as_lost(now, now);
    }

    fn cover_as_lost(&mut self, since: i64, now: i64) {
        let allowed = i64::from(self.limits.silence_seconds) + i64::from(self.limits.lost_after_seconds);
        let until = since.saturating_add(allowed * 1000).min(self.deadline().unwrap_or(i64::MAX));
        let goes_on_until = self.ports.clock.now().plus_millis(until.saturating_sub(now));
        if let Some(running) = self.running.as_mut().filter(|running| running.lost_until.is_none()) {
            running.lost_until = Some(goes_on_until);
        }
    }

    /// Left until the session ends for idleness, while that is worth a notice.
    pub fn idle_remaining_millis(&self, running: &Running, now: i64) -> Option<i64> {
        let shown = running.idle_notice && running.over.is_none() && running.ending.is_none();
        shown.then(|| running.idle_at(self.limits.idle_seconds).saturating_sub(now).max(0))
    }

    /// What an answered heartbeat says of the session that it carried.
    pub fn on_session_beats(
        &mut self,
        beaten: Option<SessionId>,
        answers: &[SessionBeatResponse],
        sent_at: i64,
        now: i64,
    ) {
        let Some(session) = beaten else { return };
        let heard = self.is_heard(now);
        let Some(running) = self.running_mut(&session) else { return };
        let Some(answer) = answers.iter().find(|answer| answer.session == session) else {
            // The server does not count it among ours any more; it has to say what became of it.
            running.check_at.get_or_insert(now);
            return;
        };
        if running.told_at <= sent_at {
            running.session.expires_at = answer.expires_at;
        }
        running.session.pages = answer.pages;
        running.session.blocked = answer.blocked;
        running.elevating.blocked.clone_from(&answer.blocked_write);
        if answer.state.is_running() && matches!(running.over, Some(Over::Presumed(_))) {
            running.over = None;
        }
        if answer.state == SessionState::Active && heard {
            running.lost_until = None;
        }
        self.note_state(&session, answer.state, now);
    }

    pub fn on_session_hint(&mut self, session: &SessionId, state: SessionState) {
        let now = self.now();
        self.note_state(session, state, now);
        if !state.is_running() {
            self.conflict_is_over(session);
        }
        self.refresh_recovered(session);
        self.refresh_sessions();
        self.refresh_live();
        // Where it says how a session stands, the inbox comes with the snapshot.
        let reviewed = self.reviews.waiting.iter().any(|review| review.session.id == *session);
        if reviewed || self.approvals.given.iter().any(|given| given.session.as_ref() == Some(session)) {
            self.fetch_snapshot();
        }
    }

    fn note_state(&mut self, session: &SessionId, state: SessionState, now: i64) {
        let Some(running) = self.running_mut(session) else { return };
        running.session.state = state;
        match state {
            SessionState::Active => {}
            SessionState::Frozen => self.cover_as_lost(now, now),
            SessionState::AwaitingConsent | SessionState::Pending | SessionState::Approved => {
                running.check_at.get_or_insert(now);
            }
            SessionState::Ended | SessionState::Denied | SessionState::Withdrawn | SessionState::Lapsed => {
                running.over.get_or_insert(Over::Told);
                running.check_at.get_or_insert(now);
            }
        }
    }

    /// The snapshot lists what runs: ours must be in it.
    pub fn compare_with_snapshot(&mut self, sessions: &[SessionResponse], sent_at: i64, is_newer: bool) {
        let now = self.now();
        let Some(running) = &mut self.running else { return };
        if let Some(found) = sessions.iter().find(|session| session.id == running.session.id) {
            let (session, state, expires_at) = (found.id.clone(), found.state, found.expires_at);
            if is_newer || state != SessionState::Frozen {
                if running.told_at <= sent_at {
                    running.session.expires_at = expires_at;
                }
                self.note_state(&session, state, now);
            }
        } else {
            running.check_at.get_or_insert(now);
        }
    }

    fn check_session(&mut self, now: i64) {
        let account = self.account().cloned();
        let Some(running) = &mut self.running else { return };
        let Some(account) = account else {
            running.check_at = Some(now.saturating_add(CHECK_AGAIN_MILLIS));
            return;
        };
        running.checking = true;
        running.check_at = None;
        let session = running.session.id.clone();
        let ports = self.ports.clone();
        self.spawn(async move {
            let result = ports.backend.session(&account.access, &session).await;
            Reply::SessionFetched { session, result }
        });
    }

    pub fn on_session_fetched(&mut self, session: &SessionId, result: Result<SessionResponse, BackendError>) {
        let now = self.now();
        let Some(running) = self.running_mut(session) else { return };
        running.checking = false;
        match result {
            Ok(found) => self.take_session(found, now),
            Err(error) => {
                let gone = errors::refusal(&error) == Some(amberglass_wire::problem::ErrorCode::NotFound);
                running.check_at = Some(now.saturating_add(2 * CHECK_AGAIN_MILLIS));
                self.note_refusal(&error);
                if gone {
                    self.finish_as_known();
                }
            }
        }
    }

    /// The running session as the server has just described it.
    pub fn take_session(&mut self, found: SessionResponse, now: i64) {
        if !found.state.is_running() {
            return self.finish(found);
        }
        let later = found.expires_at.and_then(|at| self.connection.monotonic_of(at)).is_some_and(|at| at > now);
        let Some(running) = self.running_mut(&found.id) else { return };
        running.told_at = now;
        match running.over {
            // It was extended, and this console had not heard of it.
            Some(Over::Known(EndedBy::Expired)) if later => running.over = None,
            Some(Over::Presumed(_)) => running.over = None,
            // Over by our clock, and not yet by the server's: it will be, within the time answers take.
            Some(Over::Told | Over::Known(_)) => {
                running.check_at = Some(now.saturating_add(CHECK_AGAIN_MILLIS));
            }
            None => {}
        }
        let (session, state) = (found.id.clone(), found.state);
        running.session = found;
        self.note_state(&session, state, now);
    }

    pub fn on_host_event(&mut self, event: HostEvent) {
        let now = self.now();
        match event {
            HostEvent::WindowOpened { session } => {
                if self.running_mut(&session).is_some()
                    && let Some(starting) = &mut self.starting
                {
                    starting.step = StartStep::LoadingPortal;
                }
            }
            HostEvent::WindowFailed { session, detail } => {
                if self.running_mut(&session).is_some() {
                    self.on_window_failed(detail);
                }
            }
            HostEvent::WindowClosed { session } => self.on_window_closed(&session),
            HostEvent::CloseRequested { session } | HostEvent::CurtainEnd { session } => {
                if self.running_mut(&session).is_some() {
                    self.end_running();
                }
            }
            HostEvent::PortalPainted { session } => {
                if let Some(running) = self.running_mut(&session) {
                    running.no_page_trouble();
                    running.painted = true;
                    self.complete_start();
                }
            }
            HostEvent::PortalUnreachable { session } => {
                if let Some(running) = self.running_mut(&session) {
                    (running.painted, running.unreachable) = (false, true);
                    self.complete_start();
                }
            }
            HostEvent::PortalCrashed { session } => {
                if let Some(running) = self.running_mut(&session) {
                    (running.painted, running.crashed) = (false, true);
                    self.complete_start();
                }
            }
            HostEvent::CertificateRefused { session } => {
                if let Some(running) = self.running_mut(&session) {
                    (running.painted, running.uncertified) = (false, true);
                    self.complete_start();
                }
            }
            HostEvent::PageStuck { session } => {
                if let Some(running) = self.running_mut(&session) {
                    running.stuck = true;
                    self.complete_start();
                }
            }
            HostEvent::PageAnswers { session } => {
                if let Some(running) = self.running_mut(&session) {
                    running.stuck = false;
                }
            }
            HostEvent::PageLoading { session, still } => {
                if let Some(running) = self.running_mut(&session) {
                    running.still_loading = still;
                }
            }
            // A new bar knows nothing yet.
            HostEvent::BarCrashed { .. } => self.presented = None,
            HostEvent::InputSeen { session } => {
                if let Some(running) = self.running_mut(&session) {
                    running.last_input = now;
                    running.idle_notice = false;
                }
            }
            HostEvent::Refused { session, attempt, target: _ } => self.on_refused(&session, attempt),
            HostEvent::FileKept { session, file } => self.on_file(&session, Some(&file)),
            HostEvent::FileNotKept { session } => self.on_file(&session, None),
            HostEvent::CurtainRetry { session } => self.on_curtain_retry(&session),
            HostEvent::NoticeOpened { opens } => self.on_notice_opened(opens),
            HostEvent::LinkOpened { address } => self.on_notice_opened(start_link::opens(&address)),
            HostEvent::FileChosen { number, file } => match self.diagnostics {
                Diagnostics::Choosing { number: asked } if asked == number => self.on_diagnostics_file_chosen(file),
                Diagnostics::Idle
                | Diagnostics::Choosing { .. }
                | Diagnostics::Writing { .. }
                | Diagnostics::Done { .. }
                | Diagnostics::Failed(_) => self.on_trail_file_chosen(number, file),
            },
            HostEvent::WentAway { absence } => self.on_absence(absence, true),
            HostEvent::CameBack { absence } => self.on_absence(absence, false),
            HostEvent::Awoke => {
                self.nudge_sync();
                self.reconnect_now();
            }
            HostEvent::DesktopSeen { desktop } => self.desktop = desktop,
            HostEvent::ConsoleCloseRequested => self.on_console_close(),
            HostEvent::QuitRequested => self.leave(Leaving::quit),
        }
    }

    fn on_absence(&mut self, absence: Absence, is_away: bool) {
        match absence {
            Absence::ScreenLocked => self.away.locked = is_away,
            Absence::Asleep => self.away.asleep = is_away,
        }
    }

    /// The recorder has written it down already; here it is only explained.
    fn on_refused(&mut self, session: &SessionId, attempt: Attempt) {
        if let Some(running) = self.running_mut(session) {
            running.notices = running.notices.saturating_add(1);
            running.notice = Some(RefusedNotice { attempt, number: running.notices });
        }
    }

    /// The gateway has it on record; here its person is told where it lies.
    fn on_file(&mut self, session: &SessionId, file: Option<&Path>) {
        let Some(running) = self.running_mut(session) else { return };
        let text = |part: Option<&OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
        let place = file
            .map(|file| FilePlace { name: text(file.file_name()), folder: text(file.parent().map(Path::as_os_str)) });
        running.notices = running.notices.saturating_add(1);
        running.file = Some(FileNotice { place, number: running.notices });
    }

    fn on_curtain_retry(&mut self, session: &SessionId) {
        // Whoever presses this is at the screen: not every desktop says when it is unlocked.
        self.away = Away::default();
        let Some(running) = self.running_mut(session) else { return };
        // The curtain is lifted only once the record of it is durable, so a journal that still fails keeps it.
        running.journal_failed = false;
        if running.has_page_trouble() {
            running.no_page_trouble();
            (running.painted, running.still_loading) = (false, false);
            self.ports.host.reload_portal(session);
        }
        self.reconnect_now();
    }

    pub fn on_journal_failed(&mut self, session: &SessionId) {
        if let Some(running) = self.running_mut(session) {
            running.journal_failed = true;
        }
    }

    /// Draws at once; lifts only after the record of it, if the drawing is on record.
    pub fn follow_curtain(&mut self) {
        let Some(running) = &mut self.running else { return };
        let wanted = running.wanted_curtain(self.away);
        if wanted == running.curtain {
            return;
        }
        let detail = match &wanted {
            Some(curtain) => {
                running.curtain.clone_from(&wanted);
                // What is being lifted on record is drawn on record after that.
                if running.lifting {
                    return;
                }
                let Some(cause) = recorded_cause(curtain) else { return };
                running.drawn_on_record = true;
                EventDetail::CurtainDrawn { cause: cause.to_owned() }
            }
            None if !running.drawn_on_record => {
                running.curtain = None;
                return;
            }
            // A record under way comes first; its answer leads back here.
            None if running.records_pending > 0 => return,
            None => EventDetail::CurtainLifted {},
        };
        running.records_pending = running.records_pending.saturating_add(1);
        let (lifts, session) = (wanted.is_none(), running.session.id.clone());
        running.lifting |= lifts;
        let body = EventBody::new(running.subject.clone(), self.ports.client.clone(), detail);
        self.record(body, move |durable| Reply::Recorded { session, lifts, durable });
    }

    pub fn on_recorded(&mut self, session: &SessionId, lifts: bool, durable: bool) {
        let Some(running) = self.running_mut(session) else { return };
        running.records_pending = running.records_pending.saturating_sub(1);
        running.lifting &= !lifts;
        if !durable {
            running.journal_failed = true;
        } else if lifts {
            running.drawn_on_record = false;
            // If something covers the page again by now, it is drawn again before anything is shown.
            running.curtain = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_reason_is_the_one_that_is_shown() {
        let mut away = Away::default();
        let mut running = Running::new(crate::present::tests::session(), EventSubject::default(), "Other".into(), 0);
        assert_eq!(running.wanted_curtain(away), Some(CurtainView::Opening {}));
        running.painted = true;
        assert_eq!(running.wanted_curtain(away), None);
        away.asleep = true;
        assert_eq!(running.wanted_curtain(away), Some(CurtainView::Away {}));
        running.stuck = true;
        assert_eq!(running.wanted_curtain(away), Some(CurtainView::PageStuck {}));
        running.unreachable = true;
        assert_eq!(running.wanted_curtain(away), Some(CurtainView::PortalUnreachable {}));
        running.uncertified = true;
        assert_eq!(running.wanted_curtain(away), Some(CurtainView::CertificateInvalid {}));
        running.crashed = true;
        assert_eq!(running.wanted_curtain(away), Some(CurtainView::PageCrashed {}));
        running.lost_until = Some(UnixMillis(5));
        assert_eq!(running.wanted_curtain(away), Some(CurtainView::ConnectionLost { goes_on_until: UnixMillis(5) }));
        running.journal_failed = true;
        assert_eq!(running.wanted_curtain(away), Some(CurtainView::JournalFailed {}));
        let ended = |ended_by| Some(CurtainView::Ended { ended_by, by_name: None, reason: None });
        running.over = Some(Over::Told);
        assert_eq!(running.wanted_curtain(away), ended(None), "by somebody else, whoever that is");
        running.ending = Some(Ending::default());
        assert_eq!(running.wanted_curtain(away), Some(CurtainView::Ending {}), "as it was asked for here");
        running.over = None;
        assert_eq!(running.wanted_curtain(away), Some(CurtainView::Ending {}));
        running.over = Some(Over::Known(EndedBy::Expired));
        assert_eq!(running.wanted_curtain(away), ended(Some(EndedBy::Expired)));
        running.over = Some(Over::Presumed(EndedBy::Idle));
        assert_eq!(running.wanted_curtain(away), ended(Some(EndedBy::Idle)));
    }
}

//! The end of a session: asked for by a person, on record first; confirmed by the server; then the window goes.

use amberglass_domain::ports::BackendError;
use amberglass_wire::{
    SessionId, UnixMillis,
    audit::{EventBody, EventDetail},
    problem::ErrorCode,
    session::{EndSessionRequest, EndedBy, SessionResponse, SessionState},
};

use crate::{
    controller::Actor,
    errors,
    finding::CardStart,
    input::Reply,
    notices,
    session_run::{Over, Running},
    session_start::Leftover,
    view::CurtainView,
};

/// How soon an end that the server did not confirm is asked for again.
const ASK_AGAIN_MILLIS: i64 = 2_000;

/// The session that ended last.
pub(crate) struct Ended {
    pub session: SessionResponse,
    /// In the server's words; else what this console knows, until the server can be asked.
    confirmed: bool,
    checking: bool,
    pub asked_offline_at: Option<UnixMillis>,
}

/// An end that somebody asked for.
#[derive(Default)]
pub(crate) struct Ending {
    /// When to ask again; `None` while a question is under way.
    pub retry_at: Option<i64>,
    /// When it was asked for, if nobody could tell the server.
    asked_offline_at: Option<UnixMillis>,
}

impl Actor {
    /// The End button: of the running session, or of the one that stands in the way of a start.
    pub fn end_by_command(&mut self) {
        if self.running.is_some() {
            return self.end_running();
        }
        let in_the_way = match self.card.as_ref().map(|card| &card.start) {
            Some(CardStart::Conflict(session)) => Some(session.id.clone()),
            Some(CardStart::Idle | CardStart::Failed(_)) | None => self.recovered_running(),
        };
        let (Some(session), Some(account)) = (in_the_way, self.account().cloned()) else { return };
        let ports = self.ports.clone();
        self.spawn(async move {
            let result = ports.backend.end_session(&account.access, &session, EndSessionRequest::default()).await;
            Reply::OtherEnded { session, result }
        });
    }

    pub fn on_other_ended(&mut self, session: &SessionId, result: Result<SessionResponse, BackendError>) {
        match result {
            Ok(ended) => {
                self.take_recovered(ended);
                self.conflict_is_over(session);
                self.refresh_live();
            }
            Err(error) => {
                self.note_refusal(&error);
                if let Some(card) = self.card.as_mut().filter(|card| card.names_as_conflict(session)) {
                    card.start = CardStart::Failed(errors::of_backend(&error));
                }
            }
        }
    }

    /// A card that named this session as the one in the way is asked for again.
    pub fn conflict_is_over(&mut self, session: &SessionId) {
        if let Some(card) = self.card.as_mut().filter(|card| card.names_as_conflict(session)) {
            card.start = CardStart::Idle;
            self.load_card();
        }
    }

    /// Somebody wants the running session to end. A second wish changes nothing, unless the session is over already and
    /// only the server's word for it is missing: then the window goes now.
    pub fn end_running(&mut self) {
        let asked_at = self.server_now();
        let asked_offline_at = (!self.is_heard(self.now())).then_some(asked_at);
        let Some(running) = &mut self.running else { return };
        if running.over.is_some() {
            return self.finish_as_known();
        }
        if running.ending.is_some() {
            return;
        }
        running.ending = Some(Ending { retry_at: None, asked_offline_at });
        let session = running.session.id.clone();
        let body = EventBody::new(running.subject.clone(), self.ports.client.clone(), EventDetail::EndRequested {});
        let journal = self.journal.open().map(|opened| opened.journal.clone());
        let (ports, account) = (self.ports.clone(), self.account().cloned());
        self.spawn(async move {
            // Ending is the safe direction: a journal that fails must not keep a session open.
            if let Some(journal) = journal
                && let Err(error) = journal.append(body).await
            {
                tracing::error!(%error, "the wish to end could not be recorded");
            }
            let result = match account {
                Some(account) => {
                    ports.backend.end_session(&account.access, &session, EndSessionRequest::default()).await
                }
                None => Err(BackendError::Unreachable { detail: "nobody is signed in".to_owned() }),
            };
            Reply::EndAnswered { session, result }
        });
    }

    pub fn tick_ending(&mut self, now: i64) {
        let account = self.account().cloned();
        let Some(running) = &mut self.running else { return };
        let Some(ending) = &mut running.ending else { return };
        if ending.retry_at.is_none_or(|at| at > now) {
            return;
        }
        let Some(account) = account else {
            ending.retry_at = Some(now.saturating_add(ASK_AGAIN_MILLIS));
            return;
        };
        ending.retry_at = None;
        let session = running.session.id.clone();
        let ports = self.ports.clone();
        self.spawn(async move {
            let result = ports.backend.end_session(&account.access, &session, EndSessionRequest::default()).await;
            Reply::EndAnswered { session, result }
        });
    }

    pub fn on_end_answered(&mut self, session: &SessionId, result: Result<SessionResponse, BackendError>) {
        let now = self.now();
        let Some(running) = self.running.as_mut().filter(|running| running.session.id == *session) else { return };
        let error = match result {
            Ok(ended) => return self.finish(ended),
            Err(error) => error,
        };
        tracing::warn!(%error, "the server did not confirm the end yet");
        if let Some(ending) = &mut running.ending {
            ending.retry_at = Some(now.saturating_add(ASK_AGAIN_MILLIS));
        }
        self.note_refusal(&error);
        if matches!(errors::refusal(&error), Some(ErrorCode::NotFound)) {
            self.finish_as_known();
        }
    }

    /// The window is gone. Expected, or the session has to end with it.
    pub fn on_window_closed(&mut self, session: &SessionId) {
        let unexpected = self.running.as_mut().filter(|running| running.session.id == *session);
        let subject = match unexpected {
            Some(running) => {
                running.window_gone = true;
                Some(running.subject.clone())
            }
            None => self.closing.remove(session),
        };
        if let Some(subject) = subject {
            let body = EventBody::new(subject, self.ports.client.clone(), EventDetail::WindowClosed {});
            self.record(body, |_| Reply::Done);
        }
        if self.running.as_ref().is_some_and(|running| running.session.id == *session) {
            self.end_running();
        }
    }

    /// The server has said how it ended.
    pub fn finish(&mut self, session: SessionResponse) {
        self.finish_as(session, true);
    }

    fn finish_as(&mut self, session: SessionResponse, confirmed: bool) {
        let Some(mut running) = self.running.take() else { return };
        running.session = session;
        self.close_window(&running);
        self.complete_start();
        self.conflict_is_over(&running.session.id);
        if let Some(notice) = notices::session_ended(running.session.ended_by, &running.session.code) {
            self.tell(&notice);
        }
        let asked_offline_at = running.ending.and_then(|ending| ending.asked_offline_at);
        self.ended = Some(Ended { session: running.session, confirmed, checking: false, asked_offline_at });
        self.refresh_sessions();
        self.refresh_live();
        self.load_recent();
    }

    /// The server can be asked again how the last session ended.
    pub fn confirm_ended(&mut self) {
        let Some(account) = self.account().cloned() else { return };
        let Some(ended) = self.ended.as_mut().filter(|ended| !ended.confirmed && !ended.checking) else { return };
        ended.checking = true;
        let session = ended.session.id.clone();
        let ports = self.ports.clone();
        self.spawn(async move {
            let result = ports.backend.session(&account.access, &session).await;
            Reply::EndConfirmed { session, result }
        });
    }

    pub fn on_end_confirmed(&mut self, session: &SessionId, result: Result<SessionResponse, BackendError>) {
        let Some(ended) = self.ended.as_mut().filter(|ended| ended.session.id == *session) else { return };
        ended.checking = false;
        match result {
            // It is being ended: the next heartbeat leads back here.
            Ok(found) if found.state.is_running() => {}
            Ok(found) => {
                ended.session = found;
                ended.confirmed = true;
                self.load_recent();
            }
            Err(error) => {
                ended.confirmed |= errors::refusal(&error) == Some(ErrorCode::NotFound);
                self.note_refusal(&error);
            }
        }
    }

    /// The server cannot be asked, or knows nothing of it: what this console knows stands. The deadline is known; any
    /// other cause stays open.
    pub fn finish_as_known(&mut self) {
        let ended_at = self.server_now();
        let Some(running) = &self.running else { return };
        let mut session = running.session.clone();
        session.state = SessionState::Ended;
        (session.ended_by, session.ended_at) = match running.over {
            Some(Over::Known(EndedBy::Expired)) => (Some(EndedBy::Expired), session.expires_at),
            Some(Over::Known(ended_by) | Over::Presumed(ended_by)) => (Some(ended_by), Some(ended_at)),
            Some(Over::Told) | None => (None, Some(ended_at)),
        };
        // What is only presumed to be over must not go on behind nobody's back.
        let leftover = matches!(running.over, Some(Over::Presumed(_))).then(|| Leftover::Session(session.id.clone()));
        self.finish_as(session, false);
        if let Some(leftover) = leftover {
            self.abandon(leftover);
        }
    }

    fn close_window(&mut self, running: &Running) {
        self.presented = None;
        if !running.window_gone {
            let mut view = self.window_view_of(running, self.now());
            view.ending = true;
            let session = &running.session;
            view.curtain = Some(CurtainView::Ended {
                ended_by: session.ended_by,
                by_name: session.ended_by_name.clone(),
                reason: session.end_reason.clone(),
            });
            self.ports.host.present(&view);
            self.ports.host.close_session_window(&running.session.id);
            self.closing.insert(running.session.id.clone(), running.subject.clone());
        }
        self.ports.host.raise_console();
    }
}

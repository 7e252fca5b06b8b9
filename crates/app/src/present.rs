//! From the state to what is shown. Nothing is sent twice.

use amberglass_wire::session::SessionResponse;

use crate::{
    controller::Actor,
    finding::{CardStart, SessionList},
    session_end::Ended,
    session_run::Running,
    view::{
        CardView, ConsoleView, EndView, InboxView, SessionView, SessionWindowView, SessionsView, StartOptionsView,
        StartView,
    },
};

/// Below this the countdown warns, when the server names no warnings.
const DEFAULT_WARNING_SECONDS: u32 = 300;

impl Actor {
    /// Sends what has changed. Time left runs by itself on the other side, so snapshots are compared as if taken at one
    /// and the same moment.
    pub fn show(&mut self) {
        self.follow_curtain();
        let compared = self.window_view(0);
        if compared != self.presented {
            if let Some(view) = self.window_view(self.now()) {
                self.ports.host.present(&view);
            }
            self.presented = compared;
        }
        let compared = self.console_view(0);
        if self.shown.as_ref() != Some(&compared) {
            self.ports.host.show_view(&self.console_view(self.now()));
            self.shown = Some(compared);
        }
    }

    /// Sends everything once more: a webview has (re)loaded.
    pub fn show_again(&mut self) {
        self.shown = None;
        self.presented = None;
    }

    fn console_view(&self, now: i64) -> ConsoleView {
        ConsoleView {
            server: server_name(&self.ports.backend.authorize_url()),
            first_run: self.first_run_view(),
            preferences: self.preferences.view(),
            desktop: self.desktop,
            diagnostics: self.diagnostics.view(),
            sign_in: self.sign_in.view(),
            fresh_sign_in: self.fresh_sign_in.view(),
            connection: self.connection.view.clone(),
            queue: self.queue_view(),
            portals: self.portals.clone(),
            find: self.finding.view.clone(),
            card: self.card_view(now),
            session: self.running.as_ref().map(|running| self.session_view(&running.session, now)),
            ended: self.ended.as_ref().map(|ended| self.end_view(ended, now)),
            sessions: self.sessions_view(&self.sessions, now),
            live: self.sessions_view(&self.live.list, now),
            trail: self.trail.as_ref().map(|trail| self.trail_view(trail, now)),
            recent: self.recent.view.clone(),
            rights: self.rights,
            emergency_stop: self.emergency_stop.clone(),
            stopped_portals: self.stopped_portals.clone(),
            reason_codes: self.reason_codes.clone(),
            inbox: self.inbox_view(now),
            news: self.news_view(),
            focus: self.approvals.focus.clone(),
            alarms: crate::alarms::view(&self.alarms),
            devices: self.devices.view(),
            own_record: self.own_record.view(),
            action: self.action.as_ref().map(|action| action.view.clone()),
            recovered: self.recovered_view(now),
            limits: self.limits_view(),
        }
    }

    fn inbox_view(&self, now: i64) -> InboxView {
        InboxView {
            own: self.approvals.own.clone(),
            to_decide: self.approvals.to_decide.clone(),
            given: self.approvals.given.clone(),
            reviews: self.reviews.waiting.iter().map(|review| self.review_view(review, now)).collect(),
            answered: self.approvals.answered.clone(),
            reviewed: self.reviews.reviewed.as_ref().map(|review| self.review_view(review, now)),
        }
    }

    fn sessions_view(&self, list: &SessionList, now: i64) -> SessionsView {
        SessionsView {
            loading: list.loading,
            sessions: list.sessions.iter().map(|session| self.session_view(session, now)).collect(),
            error: list.error.clone(),
        }
    }

    fn end_view(&self, ended: &Ended, now: i64) -> EndView {
        let session = &ended.session;
        let millis = match (session.started_at, session.ended_at) {
            (Some(started), Some(ended)) => ended.since(started).max(0),
            (None | Some(_), None) | (None, Some(_)) => 0,
        };
        EndView {
            session: self.session_view(session, now),
            duration_seconds: millis / 1000,
            asked_offline_at: ended.asked_offline_at,
        }
    }

    fn card_view(&self, now: i64) -> Option<CardView> {
        let card = self.card.as_ref()?;
        let start = match (&self.starting, &card.start) {
            (Some(starting), _) => StartView::Starting { step: starting.step },
            (None, CardStart::Idle) => StartView::Idle {},
            (None, CardStart::Failed(error)) => StartView::Failed { error: error.clone() },
            (None, CardStart::Conflict(running)) => StartView::Conflict {
                here: self.running.as_ref().is_some_and(|here| here.session.id == running.id),
                running: self.session_view(running, now),
            },
        };
        let portal_name =
            card.answer.as_ref().map(|answer| answer.portal_name.clone()).or_else(|| {
                self.portals.iter().find(|portal| portal.id == card.portal).map(|portal| portal.name.clone())
            });
        Some(CardView {
            portal: card.portal.clone(),
            customer_id: card.customer.clone(),
            loading: card.loading,
            customer: card.answer.as_ref().map(|answer| answer.customer.clone()),
            portal_name: portal_name.unwrap_or_default(),
            last_looked: card.answer.as_ref().and_then(|answer| answer.last_looked.clone()),
            options: card.options.as_ref().map(|options| StartOptionsView {
                reason_codes: options.reason_codes.clone(),
                modes: options.modes.clone(),
                break_glass: options.break_glass.clone(),
                default_duration_seconds: options.default_duration_seconds,
                max_duration_seconds: options.max_duration_seconds,
                max_extensions: options.max_extensions,
                extension_seconds: options.extension_seconds,
            }),
            start,
            request: self.approvals.open_for(&card.portal, &card.customer).cloned(),
            error: card.error.clone(),
        })
    }

    pub fn session_view(&self, session: &SessionResponse, now: i64) -> SessionView {
        SessionView {
            id: session.id.clone(),
            code: session.code.clone(),
            state: session.state,
            customer: session.customer.clone(),
            portal_name: session.portal_name.clone(),
            mode: session.mode,
            reason: session.reason.clone(),
            started_at: session.started_at,
            ended_at: session.ended_at,
            ended_by: session.ended_by,
            remaining_millis: self.remaining_millis(session, now),
            pages: session.pages,
            blocked: session.blocked,
            staff_name: session.staff_name.clone(),
            own: self.account().is_some_and(|account| account.staff.id == session.staff),
            extensions: session.extensions,
            note: session.note.clone(),
            end_reason: session.end_reason.clone(),
            ended_by_name: session.ended_by_name.clone(),
            last_page: session.last_page.clone(),
            emergency: session.emergency.clone(),
        }
    }

    fn remaining_millis(&self, session: &SessionResponse, now: i64) -> i64 {
        if !session.state.is_running() {
            return 0;
        }
        let deadline = session.expires_at.and_then(|at| self.connection.monotonic_of(at));
        deadline.map_or(0, |deadline| deadline.saturating_sub(now).max(0))
    }

    pub fn window_view(&self, now: i64) -> Option<SessionWindowView> {
        self.running.as_ref().map(|running| self.window_view_of(running, now))
    }

    pub fn window_view_of(&self, running: &Running, now: i64) -> SessionWindowView {
        let mut warnings: Vec<i64> =
            self.limits.warnings_seconds.iter().map(|seconds| i64::from(*seconds) * 1000).collect();
        warnings.sort_unstable_by(|one, other| other.cmp(one));
        SessionWindowView {
            session: running.session.id.clone(),
            code: running.session.code.clone(),
            customer_name: running.session.customer.name.clone(),
            mode: running.session.mode,
            reason_label: running.reason_label.clone(),
            break_glass: running.session.emergency.is_some(),
            ticket: running.session.reason.ticket.clone(),
            remaining_millis: self.remaining_millis(&running.session, now),
            warning_millis: warnings.first().copied().unwrap_or(i64::from(DEFAULT_WARNING_SECONDS) * 1000),
            curtain: running.curtain.clone(),
            notice: running.notice.clone(),
            file: running.file.clone(),
            still_loading: running.still_loading && running.curtain.is_none(),
            ending: running.ending.is_some() || running.over.is_some(),
            warnings_millis: warnings,
            idle_remaining_millis: self.idle_remaining_millis(running, now),
            extend: self.extend_view(running),
            elevation: self.elevation_view(running, now),
            unmask: self.unmask_view(running),
            preferences: self.preferences.view(),
        }
    }
}

/// Host and port, without scheme and path.
fn server_name(authorize_url: &str) -> String {
    let Ok(url) = url::Url::parse(authorize_url) else { return authorize_url.to_owned() };
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
pub(crate) mod tests {
    use amberglass_wire::{
        CustomerId, PortalId, SessionId, StaffId, UnixMillis,
        customer::CustomerResponse,
        session::{Mode, Reason, SessionResponse, SessionState},
    };

    use super::*;

    pub(crate) fn session() -> SessionResponse {
        SessionResponse {
            id: SessionId::new("s1"),
            code: "AG-7K3QX".into(),
            state: SessionState::Active,
            staff: StaffId::new("staff-1"),
            staff_name: "Robin".into(),
            customer: CustomerResponse {
                portal: PortalId::new("barkside"),
                id: CustomerId::new("c1"),
                name: "Ada".into(),
                email: "ada@example.com".into(),
                class: "standard".into(),
                plan: None,
                since: None,
                active: true,
            },
            portal_name: "Barkside".into(),
            reason: Reason { code: "other".into(), text: "Customer cannot log in".into(), ticket: None },
            mode: Mode::ReadOnly,
            created_at: UnixMillis(0),
            started_at: Some(UnixMillis(0)),
            expires_at: Some(UnixMillis(1_800_000)),
            ended_at: None,
            ended_by: None,
            policy_hash: "00".into(),
            pages: 0,
            blocked: 0,
            extensions: 0,
            max_extensions: None,
            note: None,
            end_reason: None,
            ended_by_name: None,
            last_page: None,
            emergency: None,
        }
    }

    #[test]
    fn the_server_is_named_by_host_and_port() {
        assert_eq!(server_name("http://127.0.0.1:7400/v1/oauth/authorize"), "127.0.0.1:7400");
        assert_eq!(server_name("https://amberglass.example.com/v1/oauth/authorize"), "amberglass.example.com");
    }
}

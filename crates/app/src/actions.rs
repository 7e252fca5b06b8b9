//! Single acts of a person that the server answers: ending somebody else's session, closing words, revoking a device, the
//! emergency stop, stopping a portal, looking at an alarm, asking for an approval, deciding about one, reviewing break-glass. One is shown at a time; an older one that fails comes back into view.

use amberglass_domain::{
    ports::{AccessToken, BackendError},
    reason,
};
use amberglass_wire::{
    DeviceId, EventId, PortalId, RequestId, SessionId,
    alarm::AlarmResponse,
    approval::{AskApprovalRequest, RequestResponse},
    auth::{DeviceResponse, EmergencyStopResponse, PortalResponse},
    break_glass::{ReviewOutcome, ReviewResponse},
    problem::ErrorCode,
    session::{EndSessionRequest, SessionResponse},
};

use crate::{
    alarms,
    approvals::Deciding,
    controller::{Actor, Ports},
    errors,
    fresh_sign_in::Refused,
    input::Reply,
    view::{ActionKind, ActionView, ConnectionView, ConsoleErrorCode, UiError},
};

/// Longer closing words are refused by the server.
const MAX_NOTE_CHARACTERS: usize = 2000;

pub(crate) struct Action {
    pub number: u64,
    pub view: ActionView,
}

/// What is asked of the server.
#[derive(Clone)]
pub(crate) enum Act {
    EndOther { session: SessionId, reason: String },
    AddNote { session: SessionId, note: String },
    RevokeDevice { device: DeviceId, reason: String },
    AcknowledgeAlarm { alarm: EventId, note: String },
    Stop { reason: String },
    Lift,
    AskApproval { key: String, request: AskApprovalRequest },
    Decide(Box<Deciding>),
    WithdrawRequest { request: RequestId, reason: Option<String> },
    Review { session: SessionId, outcome: ReviewOutcome, note: String },
    StopPortal { portal: PortalId, reason: String },
    LiftPortal { portal: PortalId, reason: String },
}

/// What it has done.
pub(crate) enum Acted {
    Ended(SessionResponse),
    Noted(SessionResponse),
    Revoked(DeviceResponse),
    LookedAt(AlarmResponse),
    Stopped(EmergencyStopResponse),
    Lifted,
    /// Asked for, decided or withdrawn.
    Requested(Box<RequestResponse>),
    Reviewed(Box<ReviewResponse>),
    /// Stopped, or let go on.
    Switched(PortalResponse),
}

impl Act {
    fn kind(&self) -> ActionKind {
        match self {
            Self::EndOther { .. } => ActionKind::EndOtherSession,
            Self::AddNote { .. } => ActionKind::AddNote,
            Self::RevokeDevice { .. } => ActionKind::RevokeDevice,
            Self::AcknowledgeAlarm { .. } => ActionKind::AcknowledgeAlarm,
            Self::Stop { .. } => ActionKind::EmergencyStop,
            Self::Lift => ActionKind::LiftEmergencyStop,
            Self::AskApproval { .. } => ActionKind::AskApproval,
            Self::Decide(_) => ActionKind::DecideRequest,
            Self::WithdrawRequest { .. } => ActionKind::WithdrawRequest,
            Self::Review { .. } => ActionKind::ReviewBreakGlass,
            Self::StopPortal { .. } => ActionKind::StopPortal,
            Self::LiftPortal { .. } => ActionKind::LiftPortal,
        }
    }

    fn target(&self) -> String {
        match self {
            Self::EndOther { session, .. } | Self::AddNote { session, .. } | Self::Review { session, .. } => {
                session.as_str().to_owned()
            }
            Self::StopPortal { portal, .. } | Self::LiftPortal { portal, .. } => portal.as_str().to_owned(),
            Self::RevokeDevice { device, .. } => device.as_str().to_owned(),
            Self::AcknowledgeAlarm { alarm, .. } => alarm.as_str().to_owned(),
            Self::Stop { .. } | Self::Lift => String::new(),
            Self::AskApproval { request, .. } => request.customer.as_str().to_owned(),
            Self::Decide(deciding) => deciding.request.id.as_str().to_owned(),
            Self::WithdrawRequest { request, .. } => request.as_str().to_owned(),
        }
    }

    /// What the server would refuse is refused here, without a question.
    fn check(&self) -> Result<(), ErrorCode> {
        match self {
            Self::EndOther { reason: words, .. }
            | Self::RevokeDevice { reason: words, .. }
            | Self::AcknowledgeAlarm { note: words, .. }
            | Self::Review { note: words, .. }
            | Self::StopPortal { reason: words, .. }
            | Self::LiftPortal { reason: words, .. }
            | Self::Stop { reason: words } => reason::check_text(words),
            Self::AddNote { note, .. } if note.trim().is_empty() || note.chars().count() > MAX_NOTE_CHARACTERS => {
                Err(ErrorCode::InvalidRequest)
            }
            Self::Decide(deciding) => deciding.check(),
            Self::WithdrawRequest { reason: Some(words), .. } => reason::check_text(words),
            // The reason of a request was checked with its code.
            Self::AddNote { .. } | Self::Lift | Self::AskApproval { .. } | Self::WithdrawRequest { .. } => Ok(()),
        }
    }

    async fn run(self, ports: &Ports, access: &AccessToken) -> Result<Acted, BackendError> {
        let backend = &ports.backend;
        match self {
            Self::EndOther { session, reason } => {
                let request = EndSessionRequest { note: None, reason: Some(reason.trim().to_owned()) };
                backend.end_session(access, &session, request).await.map(Acted::Ended)
            }
            Self::AddNote { session, note } => {
                let request = EndSessionRequest { note: Some(note.trim().to_owned()), reason: None };
                backend.end_session(access, &session, request).await.map(Acted::Noted)
            }
            Self::RevokeDevice { device, reason } => {
                backend.revoke_device(access, &device, reason.trim()).await.map(Acted::Revoked)
            }
            Self::AcknowledgeAlarm { alarm, note } => {
                backend.acknowledge_alarm(access, &alarm, note.trim()).await.map(Acted::LookedAt)
            }
            Self::Stop { reason } => backend.emergency_stop(access, reason.trim()).await.map(Acted::Stopped),
            Self::Lift => backend.lift_emergency_stop(access).await.map(|()| Acted::Lifted),
            Self::AskApproval { key, request } => {
                backend.ask_approval(access, &key, request).await.map(Box::new).map(Acted::Requested)
            }
            Self::Decide(deciding) => {
                backend.decide_request(access, deciding.sign()).await.map(Box::new).map(Acted::Requested)
            }
            Self::WithdrawRequest { request, reason } => {
                let reason = reason.as_deref().map(str::trim);
                backend.withdraw_request(access, &request, reason).await.map(Box::new).map(Acted::Requested)
            }
            Self::Review { session, outcome, note } => {
                backend.review(access, &session, outcome, note.trim()).await.map(Box::new).map(Acted::Reviewed)
            }
            Self::StopPortal { portal, reason } => {
                backend.stop_portal(access, &portal, reason.trim()).await.map(Acted::Switched)
            }
            Self::LiftPortal { portal, reason } => {
                backend.lift_portal(access, &portal, reason.trim()).await.map(Acted::Switched)
            }
        }
    }
}

impl Actor {
    pub fn act(&mut self, act: Act) {
        let Some(account) = self.account().cloned() else { return };
        self.forget_refused_act();
        let number = self.next_number();
        let (kind, target) = (act.kind(), act.target());
        let error = match act.check() {
            Err(code) => Some(errors::of_code(code)),
            // Stopping everything is tried however bad the line is said to be.
            Ok(()) if !matches!(kind, ActionKind::EmergencyStop | ActionKind::StopPortal) && self.is_offline() => {
                Some(errors::console(ConsoleErrorCode::Offline, None))
            }
            Ok(()) => None,
        };
        let busy = error.is_none();
        self.action = Some(Action { number, view: ActionView { kind, target, busy, error } });
        if busy {
            let ports = self.ports.clone();
            self.spawn(async move {
                let result = act.clone().run(&ports, &account.access).await;
                Reply::Acted { number, act, result }
            });
        }
    }

    pub fn dismiss_action(&mut self) {
        self.forget_refused_act();
        self.action = None;
    }

    fn is_offline(&self) -> bool {
        matches!(self.connection.view, ConnectionView::Offline { .. })
    }

    pub fn on_acted(&mut self, number: u64, act: Act, result: Result<Acted, BackendError>) {
        // Whoever has signed out meanwhile is told nothing of it.
        if self.account().is_none() {
            return;
        }
        match result {
            Ok(acted) => {
                self.take_up(acted);
                if let Some(action) = self.action.as_mut().filter(|action| action.number == number) {
                    action.view.busy = false;
                }
            }
            Err(error) => {
                let (kind, target) = (act.kind(), act.target());
                tracing::warn!(%error, ?kind, "an action was not carried out");
                self.note_refusal(&error);
                if errors::refusal(&error) == Some(ErrorCode::FreshSignInRequired) {
                    self.remember_refused(Refused::Act(act));
                }
                let error: Option<UiError> = Some(errors::of_backend(&error));
                self.action = Some(Action { number, view: ActionView { kind, target, busy: false, error } });
            }
        }
    }

    fn take_up(&mut self, acted: Acted) {
        match acted {
            Acted::Ended(session) => {
                self.live.list.sessions.retain(|listed| listed.id != session.id);
                self.refresh_live();
                self.refresh_sessions();
            }
            Acted::Noted(session) => {
                if let Some(ended) = self.ended.as_mut().filter(|ended| ended.session.id == session.id) {
                    ended.session = session.clone();
                }
                self.refresh_trail(session);
                self.refresh_sessions();
            }
            Acted::Revoked(device) => {
                if let Some(listed) = self.devices.devices.iter_mut().find(|listed| listed.id == device.id) {
                    *listed = device;
                }
            }
            Acted::LookedAt(alarm) => {
                alarms::forget(&mut self.alarms, &alarm);
                // The next ones of more than are shown.
                self.fetch_snapshot();
            }
            Acted::Stopped(stop) => {
                self.emergency_stop = Some(stop);
                self.fetch_snapshot();
                self.refresh_live();
            }
            Acted::Lifted => {
                self.emergency_stop = None;
                self.fetch_snapshot();
            }
            Acted::Requested(request) => {
                self.take_up_request(*request);
                self.fetch_snapshot();
                self.refresh_live();
            }
            Acted::Reviewed(review) => {
                self.take_up_review(*review);
                self.fetch_snapshot();
            }
            Acted::Switched(portal) => {
                if portal.active {
                    self.stopped_portals.retain(|stopped| stopped.portal != portal.id);
                }
                if let Some(known) = self.portals.iter_mut().find(|known| known.id == portal.id) {
                    *known = portal;
                }
                self.fetch_snapshot();
                self.refresh_live();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_would_refuse_is_not_asked() {
        let session = SessionId::new("s1");
        let end = |reason: &str| Act::EndOther { session: session.clone(), reason: reason.into() };
        let note = |note: String| Act::AddNote { session: session.clone(), note };
        let table = [
            (end("The customer has called and wants it stopped"), Ok(())),
            (end("stop"), Err(ErrorCode::ReasonTooShort)),
            (end("aaaaaaaaaaaaaa"), Err(ErrorCode::ReasonIsFiller)),
            (note("Refunded".into()), Ok(())),
            (note("  \n".into()), Err(ErrorCode::InvalidRequest)),
            (note("x".repeat(2001)), Err(ErrorCode::InvalidRequest)),
            (Act::Stop { reason: "now".into() }, Err(ErrorCode::ReasonTooShort)),
            (Act::Lift, Ok(())),
        ];
        for (act, expected) in table {
            assert_eq!(act.check(), expected, "{:?} {}", act.kind(), act.target());
        }
    }
}

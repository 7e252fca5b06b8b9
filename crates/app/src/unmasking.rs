//! One field that the portal's rules mask: asked for in the bar, on a reason of its own. The page has no part in it: what may be
//! shown is the server's word, and what is shown comes through the gateway with the page's next answer.

use amberglass_domain::{
    ports::{AccessToken, BackendError, uuid_v7},
    reason,
};
use amberglass_wire::{
    SessionId,
    problem::ErrorCode,
    session::SessionState,
    unmasking::{MaskedFieldResponse, UnmaskFieldRequest, UnmaskFieldResponse},
};

use crate::{
    controller::{Actor, Ports},
    errors,
    input::Reply,
    session_run::Running,
    view::{ShownFieldView, UiError, UnmaskView},
};

/// The row of the bar.
#[derive(Default)]
pub(crate) struct Unmasking {
    open: bool,
    /// Number of the question what there is.
    listing: Option<u64>,
    fields: Vec<MaskedFieldResponse>,
    /// Number of the question for one field.
    asking: Option<u64>,
    /// Asked in this row and never answered: the server may have acted on it.
    unsettled: Option<Asked>,
    error: Option<UiError>,
    shown: Option<ShownFieldView>,
}

impl Unmasking {
    /// A question under way goes on: what the server makes of it is on record.
    pub fn close(&mut self) {
        *self = Self { asking: self.asking, ..Self::default() };
    }
}

#[derive(Clone)]
pub(crate) struct Asked {
    key: String,
    request: UnmaskFieldRequest,
}

/// Why a field stays masked, as far as this console knows.
pub(crate) struct UnmaskFailure {
    error: BackendError,
    unsettled: Option<Asked>,
}

impl Actor {
    pub fn unmask_view(&self, running: &Running) -> UnmaskView {
        let unmasking = &running.unmasking;
        let offered = self.can_unmask(running);
        UnmaskView {
            offered,
            open: unmasking.open && offered,
            loading: unmasking.listing.is_some(),
            fields: unmasking.fields.clone(),
            busy: unmasking.asking.is_some(),
            error: unmasking.error.clone(),
            shown: unmasking.shown.clone(),
        }
    }

    /// Not while the server would refuse it anyway: frozen, silent, ending, over. Where the portal's rules show nothing there is
    /// nothing to ask for.
    fn can_unmask(&self, running: &Running) -> bool {
        let session = &running.session;
        let is_its = |portal: &&amberglass_wire::auth::PortalResponse| portal.id == session.customer.portal;
        session.state == SessionState::Active
            && running.goes_on()
            && self.portals.iter().find(is_its).is_some_and(|portal| portal.unmasks)
    }

    /// In place of the row that asks for more time.
    pub fn open_unmask(&mut self) {
        let number = self.next_number();
        let offered = self.running.as_ref().is_some_and(|running| self.can_unmask(running));
        let Some(account) = self.account().cloned().filter(|_| offered) else { return };
        self.close_extend();
        let Some(running) = self.running.as_mut().filter(|running| !running.unmasking.open) else { return };
        let asking = running.unmasking.asking;
        running.unmasking = Unmasking { open: true, listing: Some(number), asking, ..Unmasking::default() };
        let session = running.session.id.clone();
        let ports = self.ports.clone();
        self.spawn(async move {
            let result = ports.backend.masked_fields(&account.access, &session).await;
            Reply::MaskedFields { number, session, result }
        });
    }

    pub fn on_masked_fields(
        &mut self,
        number: u64,
        session: &SessionId,
        result: Result<Vec<MaskedFieldResponse>, BackendError>,
    ) {
        let is_asked =
            |running: &&mut Running| running.session.id == *session && running.unmasking.listing == Some(number);
        let Some(running) = self.running.as_mut().filter(is_asked) else { return };
        running.unmasking.listing = None;
        match result {
            Ok(fields) => running.unmasking.fields = fields,
            Err(error) => {
                tracing::warn!(%error, "what may be shown is not known");
                running.unmasking.error = Some(errors::of_backend(&error));
                self.note_refusal(&error);
            }
        }
    }

    pub fn close_unmask(&mut self) {
        if let Some(running) = &mut self.running {
            running.unmasking.close();
        }
    }

    /// Only what the row lists.
    pub fn unmask_field(&mut self, rule: String, pointer: String, text: &str) {
        let number = self.next_number();
        let account = self.account().cloned();
        let offered = self.running.as_ref().is_some_and(|running| self.can_unmask(running));
        let Some(running) = self.running.as_mut().filter(|running| offered && running.unmasking.open) else { return };
        let is_listed = running.unmasking.fields.iter().any(|field| field.rule == rule && field.pointer == pointer);
        let (Some(account), true, None) = (account, is_listed, running.unmasking.asking) else { return };
        let reason = text.trim().to_owned();
        // The session's own says why its customer is looked at, and not why this field.
        let checked = reason::check_text(&reason).and_then(|()| {
            let is_its_own = reason.to_lowercase() == running.session.reason.text.trim().to_lowercase();
            if is_its_own { Err(ErrorCode::ReasonIsFiller) } else { Ok(()) }
        });
        let unmasking = &mut running.unmasking;
        unmasking.shown = None;
        if let Err(code) = checked {
            unmasking.error = Some(errors::of_code(code));
            return;
        }
        unmasking.error = None;
        unmasking.asking = Some(number);
        let request = UnmaskFieldRequest { rule, pointer, reason };
        // Word for word what was never answered: if the server has acted on it, it is the same.
        let repeats = |asked: &Asked| {
            let UnmaskFieldRequest { rule, pointer, reason } = &asked.request;
            (rule, pointer, reason) == (&request.rule, &request.pointer, &request.reason)
        };
        let asked = unmasking.unsettled.take().filter(repeats).unwrap_or_else(|| Asked {
            key: uuid_v7(self.ports.clock.as_ref(), self.ports.entropy.as_ref()),
            request: request.clone(),
        });
        let session = running.session.id.clone();
        let ports = self.ports.clone();
        self.spawn(async move {
            let result = ask_twice(&ports, &account.access, &session, asked).await;
            Reply::FieldUnmasked { number, session, result }
        });
    }

    pub fn on_field_unmasked(
        &mut self,
        number: u64,
        session: &SessionId,
        result: Result<UnmaskFieldResponse, UnmaskFailure>,
    ) {
        let now = self.now();
        let Some(running) = self.running.as_mut().filter(|running| running.session.id == *session) else { return };
        let unmasking = &mut running.unmasking;
        let mine = unmasking.asking == Some(number);
        if mine {
            unmasking.asking = None;
        }
        match result {
            Ok(UnmaskFieldResponse { rule, pointer, shown_until }) => {
                let is_it = |field: &&mut MaskedFieldResponse| field.rule == rule && field.pointer == pointer;
                if let Some(field) = unmasking.fields.iter_mut().find(is_it) {
                    field.shown_until = Some(shown_until);
                }
                if unmasking.open {
                    unmasking.shown = Some(ShownFieldView { rule, pointer, until: shown_until });
                }
            }
            Err(UnmaskFailure { error, unsettled }) => {
                tracing::warn!(%error, "a field stays masked");
                if mine && unmasking.open {
                    unmasking.error = Some(errors::of_backend(&error));
                    unmasking.unsettled = unsettled;
                }
                running.check_soon(now);
                self.note_refusal(&error);
            }
        }
    }

    /// The page that is shown, asked for anew: no page learns of what it is now allowed to show.
    pub fn reload_page(&mut self) {
        if let Some(running) = self.running.as_ref().filter(|running| running.goes_on()) {
            self.ports.host.show_again(&running.session.id);
        }
    }
}

async fn ask_twice(
    ports: &Ports,
    access: &AccessToken,
    session: &SessionId,
    asked: Asked,
) -> Result<UnmaskFieldResponse, UnmaskFailure> {
    let ask = || ports.backend.unmask_field(access, session, &asked.key, asked.request.clone());
    let error = match ask().await {
        Err(BackendError::Unreachable { .. }) => match ask().await {
            Ok(shown) => return Ok(shown),
            Err(error) => error,
        },
        Ok(shown) => return Ok(shown),
        Err(error) => error,
    };
    let unsettled = errors::refusal(&error).is_none().then_some(asked);
    Err(UnmaskFailure { error, unsettled })
}

//! Customers, the card that confirms the right one, and the list of sessions. An answer counts only if nothing newer was
//! asked meanwhile.

use amberglass_domain::ports::BackendError;
use amberglass_wire::{
    CustomerId, PortalId, SessionId,
    alarm::AlarmsResponse,
    auth::RightsResponse,
    customer::{CustomerCardResponse, CustomerListResponse, CustomerResponse},
    session::{SessionResponse, StartOptionsResponse},
};

use crate::{
    approvals::Approvals,
    controller::Actor,
    devices::Devices,
    errors,
    fresh_sign_in::FreshSignIn,
    input::Reply,
    live::Live,
    news::News,
    own_record::OwnRecord,
    quiet_hours::Held,
    recent::Recent,
    reviews::Reviews,
    view::{FindView, UiError},
};

/// The search box and what it found.
#[derive(Default)]
pub(crate) struct Finding {
    pub view: FindView,
    number: u64,
}

/// The open card.
pub(crate) struct Card {
    pub portal: PortalId,
    pub customer: CustomerId,
    number: u64,
    pub loading: bool,
    pub answer: Option<CustomerCardResponse>,
    pub options: Option<StartOptionsResponse>,
    pub error: Option<UiError>,
    pub start: CardStart,
}

impl Card {
    /// From the card itself or, while that is not here, from the row it was opened on.
    pub fn customer_name<'a>(&'a self, found: &'a [CustomerResponse]) -> Option<&'a str> {
        let on_card = self.answer.as_ref().map(|answer| &answer.customer);
        let in_list = || found.iter().find(|row| row.portal == self.portal && row.id == self.customer);
        on_card.or_else(in_list).map(|customer| customer.name.as_str())
    }
}

impl Card {
    /// This session stands in the way of the start.
    pub fn names_as_conflict(&self, session: &SessionId) -> bool {
        match &self.start {
            CardStart::Conflict(running) => running.id == *session,
            CardStart::Idle | CardStart::Failed(_) => false,
        }
    }
}

/// What stands where the start button is. A start under way stands in `Actor::starting`.
pub(crate) enum CardStart {
    Idle,
    Failed(UiError),
    Conflict(Box<SessionResponse>),
}

#[derive(Default)]
pub(crate) struct SessionList {
    pub number: u64,
    pub loading: bool,
    pub loaded: bool,
    pub sessions: Vec<SessionResponse>,
    pub error: Option<UiError>,
}

impl Actor {
    pub fn find_customers(&mut self, portal: PortalId, query: String) {
        let Some(account) = self.account().cloned() else { return };
        let number = self.next_number();
        self.finding.number = number;
        let blank = query.trim().is_empty();
        let view = &mut self.finding.view;
        // What was found for another portal must not stand under this one's name.
        if blank || view.portal.as_ref() != Some(&portal) {
            view.customers.clear();
            view.truncated = false;
        }
        view.portal = Some(portal.clone());
        view.query = query.clone();
        view.searching = !blank;
        view.error = None;
        if blank {
            return;
        }
        let ports = self.ports.clone();
        self.spawn(async move {
            let result = ports.backend.find_customers(&account.access, &portal, query.trim()).await;
            Reply::Found { number, result }
        });
    }

    pub fn on_found(&mut self, number: u64, result: Result<CustomerListResponse, BackendError>) {
        if self.finding.number != number {
            return;
        }
        let view = &mut self.finding.view;
        view.searching = false;
        match result {
            Ok(list) => {
                view.customers = list.customers;
                view.truncated = list.truncated;
            }
            Err(error) => {
                view.customers.clear();
                view.truncated = false;
                view.error = Some(errors::of_backend(&error));
                self.note_refusal(&error);
            }
        }
    }

    /// While a start is under way the card stays: the start stands on it.
    pub fn open_card(&mut self, portal: PortalId, customer: CustomerId) {
        if self.starting.is_some() || self.account().is_none() {
            return;
        }
        self.forget_refused_start();
        self.card = Some(Card {
            portal,
            customer,
            number: 0,
            loading: true,
            answer: None,
            options: None,
            error: None,
            start: CardStart::Idle,
        });
        self.load_card();
    }

    /// Asks for the card once more, after what it says about a conflict has changed.
    pub fn load_card(&mut self) {
        let Some(account) = self.account().cloned() else { return };
        let number = self.next_number();
        let Some(card) = &mut self.card else { return };
        card.number = number;
        card.loading = true;
        card.error = None;
        let (portal, customer) = (card.portal.clone(), card.customer.clone());
        let ports = self.ports.clone();
        self.spawn(async move {
            let (card, options) = tokio::join!(
                ports.backend.customer_card(&account.access, &portal, &customer),
                ports.backend.start_options(&account.access, &portal, &customer),
            );
            Reply::Card { number, card, options }
        });
    }

    pub fn on_card(
        &mut self,
        number: u64,
        answer: Result<CustomerCardResponse, BackendError>,
        options: Result<StartOptionsResponse, BackendError>,
    ) {
        let Some(card) = self.card.as_mut().filter(|card| card.number == number) else { return };
        card.loading = false;
        let refused = match (answer, options) {
            (Ok(answer), Ok(mut options)) => {
                if let Some(running) = options.running.take() {
                    card.start = CardStart::Conflict(Box::new(running));
                }
                card.answer = Some(answer);
                card.options = Some(options);
                None
            }
            (Err(error), _) | (_, Err(error)) => {
                let name = card.customer_name(&self.finding.view.customers);
                card.error = Some(errors::naming(errors::of_backend(&error), name));
                Some(error)
            }
        };
        if let Some(error) = refused {
            self.note_refusal(&error);
        }
    }

    pub fn close_card(&mut self) {
        if self.starting.is_none() {
            self.forget_refused_start();
            self.card = None;
        }
    }

    pub fn list_sessions(&mut self) {
        let Some(account) = self.account().cloned() else { return };
        let number = self.next_number();
        self.sessions.number = number;
        self.sessions.loading = true;
        self.sessions.error = None;
        let ports = self.ports.clone();
        self.spawn(async move { Reply::Sessions { number, result: ports.backend.sessions(&account.access).await } });
    }

    pub fn on_sessions(&mut self, number: u64, result: Result<Vec<SessionResponse>, BackendError>) {
        if self.sessions.number != number {
            return;
        }
        self.sessions.loading = false;
        match result {
            Ok(sessions) => {
                self.sessions.loaded = true;
                self.sessions.sessions = sessions;
            }
            Err(error) => {
                self.sessions.error = Some(errors::of_backend(&error));
                self.note_refusal(&error);
            }
        }
    }

    /// The list shows how sessions ended, so it is fetched again when one has.
    pub fn refresh_sessions(&mut self) {
        if self.sessions.loaded {
            self.list_sessions();
        }
    }

    /// A refused token is renewed, so that doing the same again helps.
    pub fn note_refusal(&mut self, error: &BackendError) {
        if errors::is_token_refused(error) {
            self.token_refused();
        }
    }

    /// Customers' data leaves the screen with whoever was allowed to see it.
    pub fn forget_what_was_loaded(&mut self) {
        self.portals.clear();
        self.finding = Finding::default();
        self.card = None;
        self.sessions = SessionList::default();
        self.live = Live::default();
        self.trail = None;
        self.recent = Recent::default();
        self.devices = Devices::default();
        self.own_record = OwnRecord::default();
        self.action = None;
        self.fresh_sign_in = FreshSignIn::default();
        self.rights = RightsResponse::default();
        self.alarms = AlarmsResponse::default();
        self.reason_codes.clear();
        self.emergency_stop = None;
        self.stopped_portals.clear();
        self.approvals = Approvals::default();
        self.reviews = Reviews::default();
        self.news = News::default();
        self.held_notices = Held::default();
        self.hide_recovered();
    }
}

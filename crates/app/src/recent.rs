//! What was looked at lately, to be offered before anything is typed.

use std::collections::HashSet;

use amberglass_domain::ports::BackendError;
use amberglass_wire::session::SessionResponse;

use crate::{controller::Actor, errors, input::Reply, view::RecentView};

const CUSTOMERS: usize = 3;
const TICKETS: usize = 2;

#[derive(Default)]
pub(crate) struct Recent {
    number: u64,
    pub view: RecentView,
}

impl Actor {
    /// After the sign-in and after each end.
    pub fn load_recent(&mut self) {
        let Some(account) = self.account().cloned() else { return };
        let number = self.next_number();
        self.recent.number = number;
        let ports = self.ports.clone();
        self.spawn(async move { Reply::Recent { number, result: ports.backend.sessions(&account.access).await } });
    }

    pub fn on_recent(&mut self, number: u64, result: Result<Vec<SessionResponse>, BackendError>) {
        if self.recent.number != number {
            return;
        }
        match result {
            Ok(sessions) => self.recent.view = recent(&sessions),
            Err(error) => {
                // Nobody waits for it; the next end asks again.
                tracing::debug!(%error, "what was looked at lately is not known");
                if errors::is_token_refused(&error) {
                    self.token_refused();
                }
            }
        }
    }
}

/// Of sessions that come newest first.
fn recent(sessions: &[SessionResponse]) -> RecentView {
    let mut seen = HashSet::new();
    let customers = sessions.iter().map(|session| &session.customer);
    let customers = customers.filter(|customer| seen.insert((&customer.portal, &customer.id))).take(CUSTOMERS);
    let mut named = HashSet::new();
    let tickets = sessions.iter().filter_map(|session| session.reason.ticket.as_deref()).map(str::trim);
    let tickets = tickets.filter(|ticket| !ticket.is_empty() && named.insert(*ticket)).take(TICKETS);
    RecentView { customers: customers.cloned().collect(), tickets: tickets.map(str::to_owned).collect() }
}

#[cfg(test)]
mod tests {
    use amberglass_wire::CustomerId;

    use super::*;
    use crate::present::tests::session;

    #[test]
    fn each_customer_and_each_ticket_is_offered_once_the_latest_first() {
        let looked_at = |id: &str, ticket: Option<&str>| {
            let mut session = session();
            session.customer.id = CustomerId::new(id);
            session.reason.ticket = ticket.map(str::to_owned);
            session
        };
        let sessions = [
            looked_at("a", Some("T-2")),
            looked_at("b", None),
            looked_at("a", Some(" ")),
            looked_at("c", Some("T-2 ")),
            looked_at("d", Some("T-1")),
            looked_at("e", Some("T-0")),
        ];
        let view = recent(&sessions);
        let ids: Vec<_> = view.customers.iter().map(|customer| customer.id.as_str()).collect();
        assert_eq!((ids, view.tickets), (vec!["a", "b", "c"], vec!["T-2".to_owned(), "T-1".to_owned()]));
    }
}

//! What runs now, here and elsewhere.

use amberglass_domain::ports::BackendError;
use amberglass_wire::session::SessionResponse;

use crate::{controller::Actor, errors, finding::SessionList, input::Reply};

/// A list that was asked for within so long is kept current by hints (half an hour).
const LATELY_MILLIS: i64 = 30 * 60 * 1000;

#[derive(Default)]
pub(crate) struct Live {
    pub list: SessionList,
    /// Monotonic.
    asked_at: Option<i64>,
    /// A hint came while an answer was under way, which may be older than the hint.
    again: bool,
}

impl Actor {
    pub fn list_live(&mut self) {
        if self.account().is_some() {
            self.live.asked_at = Some(self.now());
            self.live.list.loading = true;
            self.live.list.error = None;
            self.fetch_live();
        }
    }

    /// A session somewhere has changed, or what one may see.
    pub fn refresh_live(&mut self) {
        let lately = self.live.asked_at.is_some_and(|at| self.now().saturating_sub(at) < LATELY_MILLIS);
        if lately {
            self.fetch_live();
        }
    }

    fn fetch_live(&mut self) {
        let Some(account) = self.account().cloned() else { return };
        if self.live.list.number != 0 {
            self.live.again = true;
            return;
        }
        let number = self.next_number();
        self.live.list.number = number;
        let everybodys = self.rights.read_audit;
        let ports = self.ports.clone();
        self.spawn(async move {
            let result = if everybodys {
                ports.backend.live_sessions(&account.access).await
            } else {
                ports.backend.sessions(&account.access).await
            };
            Reply::Live { number, result }
        });
    }

    pub fn on_live(&mut self, number: u64, result: Result<Vec<SessionResponse>, BackendError>) {
        if self.live.list.number != number {
            return;
        }
        self.live.list.number = 0;
        let again = std::mem::take(&mut self.live.again);
        self.live.list.loading &= again;
        match result {
            Ok(mut sessions) => {
                sessions.retain(|session| session.state.is_running());
                self.live.list.sessions = sessions;
                self.live.list.error = None;
            }
            Err(error) => {
                self.live.list.error = Some(errors::of_backend(&error));
                self.note_refusal(&error);
            }
        }
        if again {
            self.fetch_live();
        }
    }
}

//! Signing out, quitting, and starting again with another server: the running session ends first, within a few seconds.

use crate::{controller::Actor, input::Reply, sign_in::SignIn};

/// How long the server may take to confirm the end of a session before the console goes all the same. The wish to end is on
/// record by then, and a server that hears no heartbeat ends the session by itself.
const PATIENCE_MILLIS: i64 = 5_000;

pub(crate) struct Leaving {
    quits: bool,
    signs_out: bool,
    restarts: bool,
    pub give_up_at: i64,
}

impl Leaving {
    pub fn sign_out(give_up_at: i64) -> Self {
        Self { quits: false, signs_out: true, restarts: false, give_up_at }
    }

    pub fn quit(give_up_at: i64) -> Self {
        Self { quits: true, signs_out: false, restarts: false, give_up_at }
    }

    pub fn restart(give_up_at: i64) -> Self {
        Self { quits: false, signs_out: false, restarts: true, give_up_at }
    }
}

impl Actor {
    pub fn leave(&mut self, make: fn(i64) -> Leaving) {
        let wish = make(self.now().saturating_add(PATIENCE_MILLIS));
        let signed_in = self.account().is_some();
        match &mut self.leaving {
            Some(leaving) => {
                leaving.quits |= wish.quits;
                leaving.signs_out |= wish.signs_out;
                leaving.restarts |= wish.restarts;
            }
            None if wish.signs_out && !signed_in => return,
            None => self.leaving = Some(wish),
        }
        self.end_running();
    }

    /// Goes on once no session is in the way, or when the time is up.
    pub fn go_on_leaving(&mut self, now: i64) {
        let Some(leaving) = &self.leaving else { return };
        let (quits, signs_out, restarts) = (leaving.quits, leaving.signs_out, leaving.restarts);
        let out_of_time = leaving.give_up_at <= now;
        if (self.running.is_some() || self.starting.is_some()) && !out_of_time {
            return;
        }
        self.finish_as_known();
        self.starting = None;
        if signs_out && self.account().is_some() {
            self.sign_out_now();
        }
        // The record of the closed window belongs to this run.
        if (quits || restarts) && !self.closing.is_empty() && !out_of_time {
            return;
        }
        self.leaving = None;
        self.done = quits || restarts;
        // Whoever wants to quit does not want it back.
        if restarts && !quits {
            self.ports.host.restart();
        }
    }

    fn sign_out_now(&mut self) {
        if let SignIn::SignedIn(account) = &self.sign_in {
            let (ports, access) = (self.ports.clone(), account.access.clone());
            self.spawn(async move {
                // The tokens are forgotten here either way; at the server they end by themselves.
                if let Err(error) = ports.backend.sign_out(&access).await {
                    tracing::warn!(%error, "the server did not hear of the sign-out");
                }
                Reply::Done
            });
        }
        self.signed_out(None);
        self.ended = None;
    }
}

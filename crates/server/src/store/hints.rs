//! Hints that something changed, from one server to the others on the same database.
//!
//! On PostgreSQL they travel with the transaction that makes the change (`NOTIFY`), and each server has a connection of its
//! own that listens. They are hints only: one that is lost costs no more than the second until somebody looks by himself.
//! SQLite serves one server, which hears itself without a database.

use std::{sync::Arc, time::Duration};

use amberglass_domain::ports::Clock;
use amberglass_wire::{SessionId, StaffId};
use secrecy::ExposeSecret as _;
use sqlx::{
    Executor as _,
    postgres::{PgListener, PgPoolOptions},
};
use tokio_util::sync::CancellationToken;

use super::{Store, StoreError, Tx};

/// All servers of a database listen here.
const CHANNEL: &str = "amberglass_hints";
/// In the place of a session: look at everything again.
const EVERYTHING: &str = "*";
/// Likewise: an alarm was raised, or somebody has looked at one.
const ALARMS: &str = "!";
/// Likewise: a sign-in may not hold any more.
const SIGN_INS: &str = "&";
/// Before whose request for approval has changed.
const REQUESTS: &str = "?";

/// How often the listening connection is asked for a sign of life; a dead one says nothing by itself.
const LOOK_MILLIS: i64 = 5_000;
/// For that sign, and for a new connection.
const REACH: Duration = Duration::from_secs(5);
/// Pause before a new connection: doubled from the first to the last.
const FIRST_PAUSE_MILLIS: i64 = 250;
const LAST_PAUSE_MILLIS: i64 = 10_000;

/// What to look at again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Hint {
    Session(SessionId),
    Alarms,
    /// A request for approval of this staff member.
    Request(StaffId),
    SignIns,
    /// Hints may have been lost, or more changed than can be named.
    Everything,
}

impl Tx {
    /// Tells the other servers once this transaction is committed, and never if it is not.
    pub fn tell_others(&mut self, hint: Hint) {
        if !self.hints.contains(&hint) {
            self.hints.push(hint);
        }
    }

    /// The last statements of a transaction.
    pub(super) async fn send_hints(&mut self) -> Result<(), StoreError> {
        let Some(origin) = self.origin.clone() else { return Ok(()) };
        for hint in std::mem::take(&mut self.hints) {
            let what = match &hint {
                Hint::Session(id) => id.0.clone(),
                Hint::Alarms => ALARMS.to_owned(),
                Hint::Request(staff) => format!("{REQUESTS}{staff}"),
                Hint::SignIns => SIGN_INS.to_owned(),
                Hint::Everything => EVERYTHING.to_owned(),
            };
            sqlx::query("SELECT pg_notify($1, $2)")
                .bind(CHANNEL.to_owned())
                .bind(format!("{origin} {what}"))
                .execute(&mut *self.inner)
                .await?;
        }
        Ok(())
    }
}

/// Hears what other servers tell until `stop`. After each loss and each return of the connection it says
/// [`Hint::Everything`]. Returns at once on SQLite.
pub(crate) async fn listen(store: Store, clock: Arc<dyn Clock>, stop: CancellationToken, hear: impl Fn(Hint) + Send) {
    let Some(ear) = store.ear() else { return };
    let mut pause = FIRST_PAUSE_MILLIS;
    loop {
        let lost = tokio::select! {
            () = stop.cancelled() => return,
            lost = ear.listen(&*clock, &hear, &mut pause) => lost,
        };
        store.metrics.lost_hints();
        tracing::warn!(
            error = &lost as &dyn std::error::Error,
            "hints of other servers are not heard; the connection is made anew"
        );
        hear(Hint::Everything);
        tokio::select! {
            () = stop.cancelled() => return,
            () = clock.sleep_until(clock.monotonic_millis().saturating_add(pause)) => {}
        }
        pause = pause.saturating_mul(2).min(LAST_PAUSE_MILLIS);
    }
}

/// What is needed to listen.
pub(super) struct Ear<'store> {
    pub url: &'store secrecy::SecretString,
    /// Names this server in its own hints, which it need not hear again.
    pub origin: &'store str,
}

impl Ear<'_> {
    /// Only ever ends with why nothing is heard any more.
    async fn listen(&self, clock: &dyn Clock, hear: &impl Fn(Hint), pause: &mut i64) -> sqlx::Error {
        match self.attend(clock, hear, pause).await {
            Ok(never) => match never {},
            Err(error) => error,
        }
    }

    async fn attend(
        &self,
        clock: &dyn Clock,
        hear: &impl Fn(Hint),
        pause: &mut i64,
    ) -> Result<std::convert::Infallible, sqlx::Error> {
        let options =
            PgPoolOptions::new().max_connections(1).acquire_timeout(REACH).idle_timeout(None).max_lifetime(None);
        // A connection is made here, so that a wrong one is an error now and not a loop of attempts behind our back.
        let pool = options.connect(self.url.expose_secret()).await?;
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.eager_reconnect(false);
        listener.ignore_pool_close_event(true);
        listener.listen(CHANNEL).await?;
        (&mut listener).execute("SET application_name = 'amberglass-server, listening'").await?;
        *pause = FIRST_PAUSE_MILLIS;
        tracing::info!("hints of other servers are heard");
        hear(Hint::Everything);
        loop {
            let look = clock.sleep_until(clock.monotonic_millis().saturating_add(LOOK_MILLIS));
            tokio::select! {
                heard = listener.try_recv() => match heard? {
                    Some(note) => {
                        if let Some(hint) = self.understood(note.payload()) {
                            hear(hint);
                        }
                    }
                    None => return Err(gone("the connection was closed")),
                },
                () = look => {
                    let sign_of_life = tokio::time::timeout(REACH, (&mut listener).execute("SELECT 1")).await;
                    sign_of_life.map_err(|_| gone("the database gave no answer in time"))??;
                }
            }
        }
    }

    /// `None` for one's own.
    fn understood(&self, payload: &str) -> Option<Hint> {
        match payload.split_once(' ') {
            Some((origin, _)) if origin == self.origin => None,
            Some((_, ALARMS)) => Some(Hint::Alarms),
            Some((_, SIGN_INS)) => Some(Hint::SignIns),
            Some((_, what)) if what.starts_with(REQUESTS) => {
                Some(Hint::Request(StaffId(what.trim_start_matches(REQUESTS).to_owned())))
            }
            Some((_, what)) if what != EVERYTHING => Some(Hint::Session(SessionId(what.to_owned()))),
            // Of a version that says it otherwise: to look again is never wrong.
            Some(_) | None => Some(Hint::Everything),
        }
    }
}

fn gone(why: &'static str) -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::ConnectionAborted, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ones_own_hints_are_not_heard_and_strange_ones_mean_everything() {
        let url = secrecy::SecretString::from("postgres://unused");
        let ear = Ear { url: &url, origin: "us" };
        assert_eq!(ear.understood("us 17"), None);
        assert_eq!(ear.understood("them 17"), Some(Hint::Session(SessionId("17".into()))));
        assert_eq!(ear.understood("them *"), Some(Hint::Everything));
        assert_eq!(ear.understood("them !"), Some(Hint::Alarms));
        assert_eq!(ear.understood("them &"), Some(Hint::SignIns));
        assert_eq!(ear.understood("them ?s"), Some(Hint::Request(StaffId("s".into()))));
        assert_eq!(ear.understood("nonsense"), Some(Hint::Everything));
    }
}

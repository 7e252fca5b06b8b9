//! Stands in for the machine's login service (systemd-logind) on a desk's bus: says that the machine goes to sleep, and
//! knows who holds it back.

use std::{
    io::{ErrorKind, Read as _},
    os::{fd::OwnedFd, unix::net::UnixStream},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use zbus::{blocking::Connection, fdo, zvariant};

use crate::desk::Desk;

const NAME: &str = "org.freedesktop.login1";
const PATH: &str = "/org/freedesktop/login1";

/// Ours of both ends of each lock: the other one is closed when it is let go.
type Locks = Arc<Mutex<Vec<UnixStream>>>;

pub struct Login {
    connection: Connection,
    locks: Locks,
}

struct Manager {
    locks: Locks,
}

#[zbus::interface(name = "org.freedesktop.login1.Manager")]
impl Manager {
    #[allow(clippy::needless_pass_by_value, reason = "as the bus calls it")]
    fn inhibit(&self, what: String, who: String, why: String, mode: String) -> fdo::Result<zvariant::OwnedFd> {
        if what != "sleep" || mode != "delay" || who.is_empty() || why.is_empty() {
            return Err(fdo::Error::InvalidArgs(format!("{what} {who} {why} {mode}")));
        }
        let failed = |error: std::io::Error| fdo::Error::Failed(error.to_string());
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        ours.set_nonblocking(true).map_err(failed)?;
        self.locks.lock().unwrap_or_else(PoisonError::into_inner).push(ours);
        Ok(OwnedFd::from(theirs).into())
    }
}

impl Login {
    /// # Errors
    /// When the desk's bus does not let it in.
    pub fn on(desk: &Desk) -> Result<Self> {
        let locks = Locks::default();
        let connection = zbus::blocking::connection::Builder::address(desk.bus())?
            .name(NAME)?
            .serve_at(PATH, Manager { locks: Arc::clone(&locks) })?
            .build()?;
        Ok(Self { connection, locks })
    }

    /// The machine is about to sleep, or has woken up.
    ///
    /// # Errors
    /// When the bus is gone.
    pub fn sleeps(&self, start: bool) -> Result<()> {
        Ok(self.connection.emit_signal(
            None::<&str>,
            PATH,
            "org.freedesktop.login1.Manager",
            "PrepareForSleep",
            &(start,),
        )?)
    }

    /// How many hold the machine back from sleeping.
    pub fn held(&self) -> usize {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        locks.retain_mut(|lock| lock.read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock));
        locks.len()
    }
}

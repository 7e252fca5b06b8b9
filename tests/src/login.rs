//! Stands in for the machine's login service (systemd-logind) on a desk's bus: says that the machine goes to sleep and which
//! session is locked, and knows who holds it back.

use std::{
    io::{ErrorKind, Read as _},
    os::{fd::OwnedFd, unix::net::UnixStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::Result;
use zbus::{blocking::Connection, fdo, zvariant};

use crate::desk::Desk;

const NAME: &str = "org.freedesktop.login1";
const PATH: &str = "/org/freedesktop/login1";
const INTERFACE: &str = "org.freedesktop.login1.Manager";
/// That of the desk.
pub const OWN_SESSION: &str = "/org/freedesktop/login1/session/c1";
/// Of another person at the same machine.
pub const OTHER_SESSION: &str = "/org/freedesktop/login1/session/c2";

/// Ours of both ends of each lock: the other one is closed when it is let go.
type Locks = Arc<Mutex<Vec<UnixStream>>>;

pub struct Login {
    connection: Connection,
    locks: Locks,
    sleeps_when_asked: Arc<AtomicBool>,
}

struct Manager {
    locks: Locks,
    sleeps_when_asked: Arc<AtomicBool>,
}

#[zbus::interface(name = "org.freedesktop.login1.Manager")]
impl Manager {
    #[allow(clippy::unused_self, clippy::needless_pass_by_value, reason = "as the bus calls it")]
    fn get_session(&self, id: String) -> fdo::Result<zvariant::OwnedObjectPath> {
        let unknown = || fdo::Error::Failed(format!("no session '{id}'"));
        let path = (id == "auto").then_some(OWN_SESSION).ok_or_else(unknown)?;
        zvariant::OwnedObjectPath::try_from(path).map_err(|error| fdo::Error::Failed(error.to_string()))
    }

    #[allow(clippy::needless_pass_by_value, reason = "as the bus calls it")]
    async fn inhibit(
        &self,
        #[zbus(connection)] connection: &zbus::Connection,
        what: String,
        who: String,
        why: String,
        mode: String,
    ) -> fdo::Result<zvariant::OwnedFd> {
        if what != "sleep" || mode != "delay" || who.is_empty() || why.is_empty() {
            return Err(fdo::Error::InvalidArgs(format!("{what} {who} {why} {mode}")));
        }
        let failed = |error: std::io::Error| fdo::Error::Failed(error.to_string());
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        ours.set_nonblocking(true).map_err(failed)?;
        self.locks.lock().unwrap_or_else(PoisonError::into_inner).push(ours);
        if self.sleeps_when_asked.swap(false, Ordering::Relaxed) {
            connection.emit_signal(None::<&str>, PATH, INTERFACE, "PrepareForSleep", &(true,)).await?;
        }
        Ok(OwnedFd::from(theirs).into())
    }
}

impl Login {
    /// # Errors
    /// When the desk's bus does not let it in.
    pub fn on(desk: &Desk) -> Result<Self> {
        let (locks, sleeps_when_asked) = (Locks::default(), Arc::<AtomicBool>::default());
        let connection = zbus::blocking::connection::Builder::address(desk.bus())?
            .name(NAME)?
            .serve_at(PATH, Manager { locks: Arc::clone(&locks), sleeps_when_asked: Arc::clone(&sleeps_when_asked) })?
            .build()?;
        Ok(Self { connection, locks, sleeps_when_asked })
    }

    /// The machine is about to sleep, or has woken up.
    ///
    /// # Errors
    /// When the bus is gone.
    pub fn sleeps(&self, start: bool) -> Result<()> {
        Ok(self.connection.emit_signal(None::<&str>, PATH, INTERFACE, "PrepareForSleep", &(start,))?)
    }

    /// One of the machine's sessions is locked or unlocked.
    ///
    /// # Errors
    /// When the bus is gone.
    pub fn locks(&self, session: &str, lock: bool) -> Result<()> {
        let signal = if lock { "Lock" } else { "Unlock" };
        Ok(self.connection.emit_signal(None::<&str>, session, "org.freedesktop.login1.Session", signal, &())?)
    }

    /// The next time that somebody asks to hold the machine back, it says first that it is about to sleep, and answers
    /// then.
    pub fn sleeps_when_asked(&self) {
        self.sleeps_when_asked.store(true, Ordering::Relaxed);
    }

    /// Whether somebody has asked since [`Self::sleeps_when_asked`].
    pub fn was_asked(&self) -> bool {
        !self.sleeps_when_asked.load(Ordering::Relaxed)
    }

    /// How many hold the machine back from sleeping.
    pub fn held(&self) -> usize {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        locks.retain_mut(|lock| lock.read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock));
        locks.len()
    }
}

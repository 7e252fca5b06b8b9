//! Which session a cookie belongs to, whether it may be seen now, and the cut when it may no longer.
//!
//! A session that is being viewed has one watcher. The watcher reads the row afresh every second and at every hint, so
//! what requests are judged by is never older than a second, and a lost hint costs no more than that. Once the row says
//! that the session may not be viewed, every open answer of it is cut.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use amberglass_domain::ports::Clock;
use amberglass_wire::{SessionId, UnixMillis, session::SessionState};
use http::HeaderMap;
use tokio::sync::{
    OnceCell,
    broadcast::{self, error::TryRecvError},
    watch,
};
use tokio_util::sync::CancellationToken;

use super::jars::CookieJars;
use crate::{
    sessions::{Change, GatewaySession, Sessions},
    store::StoreError,
};

/// Oldest row that a request may be judged by.
const MAX_ROW_AGE_MILLIS: i64 = 1000;
/// Added to the silence limit: a heartbeat travels, and the row that tells of it may be a second old.
const SILENCE_TOLERANCE_MILLIS: i64 = 1500;

/// Whether a session's pages may be seen, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Viewable,
    Frozen,
    /// The console's signed heartbeats are overdue: perhaps somebody else has its cookie.
    Silent,
    Expired,
    Ended,
    StaffInactive,
    PortalDisabled,
    /// Never entered: pending, denied and the like.
    NotStarted,
}

/// What of a session decides whether it may be viewed.
#[derive(Debug, Clone, Copy)]
struct Facts {
    state: SessionState,
    expires_at: UnixMillis,
    last_heartbeat_at: UnixMillis,
    staff_active: bool,
    portal_disabled: bool,
}

impl From<&GatewaySession> for Facts {
    fn from(session: &GatewaySession) -> Self {
        Self {
            state: session.state,
            expires_at: session.expires_at,
            last_heartbeat_at: session.last_heartbeat_at,
            staff_active: session.staff_active,
            portal_disabled: session.portal_disabled,
        }
    }
}

fn standing(facts: Facts, now: UnixMillis, silence_millis: i64) -> Standing {
    match facts.state {
        SessionState::Active if now >= facts.expires_at => Standing::Expired,
        SessionState::Active if !facts.staff_active => Standing::StaffInactive,
        SessionState::Active if facts.portal_disabled => Standing::PortalDisabled,
        SessionState::Active
            if now.since(facts.last_heartbeat_at) > silence_millis.saturating_add(SILENCE_TOLERANCE_MILLIS) =>
        {
            Standing::Silent
        }
        SessionState::Active => Standing::Viewable,
        SessionState::Frozen => Standing::Frozen,
        SessionState::Ended => Standing::Ended,
        SessionState::AwaitingConsent
        | SessionState::Pending
        | SessionState::Approved
        | SessionState::Denied
        | SessionState::Withdrawn
        | SessionState::Lapsed => Standing::NotStarted,
    }
}

/// A known session, as it stands.
pub(super) struct Admitted {
    pub session: Arc<GatewaySession>,
    pub told: Told,
    pub standing: Standing,
    /// Cancelled as soon as the session may no longer be viewed.
    pub cut: CancellationToken,
}

/// What the portal is told of a session with each request: identity, and that support is looking. Made at most once for
/// each reading of the row, so it is no older than what requests are judged by.
pub(super) type Told = Arc<OnceCell<HeaderMap>>;

#[derive(Clone)]
struct Fresh {
    session: Arc<GatewaySession>,
    told: Told,
    /// Monotonic milliseconds.
    read_at: i64,
    /// Hints that had been heard when the row was read.
    heard: u64,
}

struct Watch {
    row: watch::Receiver<Fresh>,
    cut: CancellationToken,
    /// The hint about this session that was heard last: a row that was read before it is not to be judged by.
    hinted: u64,
}

/// The sessions that are being viewed, by the SHA-256 of their cookie, and what was heard of them.
struct Watches {
    by_cookie: HashMap<String, Watch>,
    hints: broadcast::Receiver<Change>,
    heard: u64,
}

impl Watches {
    /// Takes in every hint that is there. Whoever was told of a change before he asks is answered by what it made, and not
    /// by a row from before, however young.
    fn listen(&mut self) {
        loop {
            let changed = match self.hints.try_recv() {
                Ok(Change::Session(changed)) => Some(changed.id),
                // What it does to a session is told of the session.
                Ok(Change::Request(_)) => continue,
                Ok(Change::SignIns | Change::Everything) | Err(TryRecvError::Lagged(_)) => None,
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            };
            self.heard = self.heard.saturating_add(1);
            for watch in self.by_cookie.values_mut() {
                if changed.as_ref().is_none_or(|id| watch.row.borrow().session.id == *id) {
                    watch.hinted = self.heard;
                }
            }
        }
    }
}

pub(super) struct Admissions {
    sessions: Arc<Sessions>,
    clock: Arc<dyn Clock>,
    jars: Arc<CookieJars>,
    silence_millis: i64,
    /// The server stops: open answers are cut, so that they do not hold it up.
    stop: CancellationToken,
    watches: Mutex<Watches>,
}

impl Admissions {
    pub fn new(
        sessions: Arc<Sessions>,
        clock: Arc<dyn Clock>,
        jars: Arc<CookieJars>,
        silence_seconds: u32,
        stop: CancellationToken,
    ) -> Arc<Self> {
        let silence_millis = i64::from(silence_seconds).saturating_mul(1000);
        let watches = Watches { by_cookie: HashMap::new(), hints: sessions.changes(), heard: 0 };
        Arc::new(Self { sessions, clock, jars, silence_millis, stop, watches: Mutex::new(watches) })
    }

    /// The session of a cookie; `None` when there is none.
    pub async fn admit(self: &Arc<Self>, cookie_sha256: &str) -> Result<Option<Admitted>, StoreError> {
        if let Some((session, told, cut)) = self.watched(cookie_sha256) {
            // Asked again of a row that is at most a second old: a deadline passes within that second too.
            let standing = self.standing(&session);
            return Ok(Some(Admitted { session, told, standing, cut }));
        }
        // Before the row is read, so that no hint falls between.
        let (hints, heard) = (self.sessions.changes(), self.heard());
        let Some(session) = self.sessions.by_cookie(cookie_sha256).await? else { return Ok(None) };
        let (session, told) = (Arc::new(session), Told::default());
        let standing = self.standing(&session);
        let cut = if standing == Standing::Viewable {
            self.watch(cookie_sha256, (&session, &told), hints, heard)
        } else {
            if !session.state.is_running() {
                self.jars.forget(&session.id);
            }
            CancellationToken::new()
        };
        Ok(Some(Admitted { session, told, standing, cut }))
    }

    fn standing(&self, session: &GatewaySession) -> Standing {
        standing(session.into(), self.clock.now(), self.silence_millis)
    }

    fn watched(&self, cookie_sha256: &str) -> Option<(Arc<GatewaySession>, Told, CancellationToken)> {
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        watches.listen();
        let watch = watches.by_cookie.get(cookie_sha256)?;
        let fresh = watch.row.borrow();
        let age = self.clock.monotonic_millis().saturating_sub(fresh.read_at);
        let is_current = age <= MAX_ROW_AGE_MILLIS && fresh.heard >= watch.hinted;
        (!watch.cut.is_cancelled() && is_current)
            .then(|| (fresh.session.clone(), fresh.told.clone(), watch.cut.clone()))
    }

    /// To be asked before a row is read.
    fn heard(&self) -> u64 {
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        watches.listen();
        watches.heard
    }

    fn watch(
        self: &Arc<Self>,
        cookie_sha256: &str,
        (session, told): (&Arc<GatewaySession>, &Told),
        hints: broadcast::Receiver<Change>,
        heard: u64,
    ) -> CancellationToken {
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        watches.listen();
        if let Some(watch) = watches.by_cookie.get(cookie_sha256)
            && !watch.cut.is_cancelled()
        {
            return watch.cut.clone();
        }
        let read_at = self.clock.monotonic_millis();
        let fresh = Fresh { session: session.clone(), told: told.clone(), read_at, heard };
        let (sender, row) = watch::channel(fresh);
        let cut = CancellationToken::new();
        // Its watcher forgets it.
        self.jars.open(&session.id);
        // What was heard while the row was read may have been about it.
        let hinted = watches.heard;
        watches.by_cookie.insert(cookie_sha256.to_owned(), Watch { row, cut: cut.clone(), hinted });
        let watcher = Watcher {
            admissions: self.clone(),
            cookie_sha256: cookie_sha256.to_owned(),
            session: session.id.clone(),
            row: sender,
            // Also when the watcher is dropped in mid-way: nobody would notice the end any more.
            cut: cut.clone(),
        };
        tokio::spawn(watcher.run(hints));
        cut
    }
}

/// Follows one session: keeps its row fresh while it may be viewed, cuts what is open when it may not, and empties its
/// jar once it is over. Ends then, or when the session is viewed anew, which has a watcher of its own.
struct Watcher {
    admissions: Arc<Admissions>,
    cookie_sha256: String,
    session: SessionId,
    row: watch::Sender<Fresh>,
    cut: CancellationToken,
}

impl Watcher {
    async fn run(self, mut hints: broadcast::Receiver<Change>) {
        let stop = self.admissions.stop.clone();
        loop {
            tokio::select! {
                () = self.until_due(&mut hints) => {}
                () = stop.cancelled() => return,
            }
            let (read_at, heard) = (self.admissions.clock.monotonic_millis(), self.admissions.heard());
            match self.admissions.sessions.by_cookie(&self.cookie_sha256).await {
                Ok(Some(session)) if session.state.is_running() => {
                    let is_viewable = self.admissions.standing(&session) == Standing::Viewable;
                    if is_viewable && self.cut.is_cancelled() {
                        return;
                    }
                    let session = Arc::new(session);
                    self.row.send_replace(Fresh { session, told: Told::default(), read_at, heard });
                    if !is_viewable {
                        self.cut();
                    }
                }
                Ok(Some(_)) | Ok(None) => {
                    self.cut();
                    self.admissions.jars.forget(&self.session);
                    return;
                }
                // A row that cannot be read is as good as one that forbids.
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(session = %self.session, error, "the session could not be read; its answers are cut");
                    self.cut();
                    self.row.send_modify(|fresh| fresh.read_at = read_at);
                }
            }
        }
    }

    /// Until a hint names this session, the row is a second old, or the deadline is there.
    async fn until_due(&self, hints: &mut broadcast::Receiver<Change>) {
        let clock = &*self.admissions.clock;
        let (expires_at, read_at) = {
            let fresh = self.row.borrow();
            (fresh.session.expires_at, fresh.read_at)
        };
        let old = read_at.saturating_add(MAX_ROW_AGE_MILLIS);
        let left = expires_at.since(clock.now());
        // Past the deadline it is for the server's timer to end the session; the row tells when it has.
        let due = if left > 0 { old.min(clock.monotonic_millis().saturating_add(left)) } else { old };
        let timer = clock.sleep_until(due);
        tokio::pin!(timer);
        loop {
            tokio::select! {
                () = &mut timer => return,
                hint = hints.recv() => match hint {
                    Ok(Change::Session(changed)) if changed.id != self.session => {}
                    Ok(Change::Request(_)) => {}
                    // Hints that were lost may have named it.
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                    Err(broadcast::error::RecvError::Closed) => {
                        timer.await;
                        return;
                    }
                },
            }
        }
    }

    /// Breaks off every open answer. The next request looks at the row itself.
    fn cut(&self) {
        // Both under the lock, so that it is this watch that is removed and not one that took its place.
        let mut watches = self.admissions.watches.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.cut.is_cancelled() {
            self.cut.cancel();
            watches.by_cookie.remove(&self.cookie_sha256);
        }
    }
}

impl Drop for Watcher {
    /// However it ends: without a watcher nobody would notice the session's end.
    fn drop(&mut self) {
        self.cut();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_viewable_only_while_everything_holds() {
        let now = UnixMillis(1_000_000);
        let good = Facts {
            state: SessionState::Active,
            expires_at: now.plus_millis(1),
            last_heartbeat_at: now.plus_millis(-6500),
            staff_active: true,
            portal_disabled: false,
        };
        let table = [
            (good, Standing::Viewable),
            (Facts { expires_at: now, ..good }, Standing::Expired),
            (Facts { staff_active: false, ..good }, Standing::StaffInactive),
            (Facts { portal_disabled: true, ..good }, Standing::PortalDisabled),
            (Facts { last_heartbeat_at: now.plus_millis(-6501), ..good }, Standing::Silent),
            (Facts { state: SessionState::Frozen, ..good }, Standing::Frozen),
            (Facts { state: SessionState::Ended, ..good }, Standing::Ended),
        ];
        for (facts, expected) in table {
            assert_eq!(standing(facts, now, 5000), expected, "{facts:?}");
        }
        for state in SessionState::ALL {
            let standing = standing(Facts { state, ..good }, now, 5000);
            assert_eq!(standing == Standing::Viewable, state == SessionState::Active, "{state:?}");
        }
    }
}

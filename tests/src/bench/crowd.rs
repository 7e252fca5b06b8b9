//! Many consoles of as many staff, each with its own sign-in and its own open event stream, and nothing else of a console.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use amberglass_backend_client::server_sent_events::EventReader;
use amberglass_domain::{
    device_key::DeviceKey,
    ports::{AccessToken, Clock as _, Entropy as _, uuid_v7},
};
use amberglass_server::store::{DeviceRow, NO_PASSWORD, NewFamily, StaffRow, Store};
use amberglass_system::{OsEntropy, SystemClock};
use amberglass_wire::{DeviceId, StaffId, auth::Role, event_stream::ServerEvent};
use anyhow::{Context as _, Result, bail, ensure};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use tokio::{sync::Notify, task::JoinSet};

use super::machine::Watch;

const LIMIT: Duration = Duration::from_secs(30);
/// Consoles that connect at once: as many as any server has place for in its backlog.
const AT_ONCE: usize = 100;
/// A token outlives the benchmark: consoles renew theirs, and that is not what is measured.
const TOKEN_SECONDS: i64 = 60 * 60;
/// Nothing has come for so long: what somebody did is told.
const QUIET_MILLIS: i64 = 250;

/// Puts accounts with a sign-in on a device of its own into the database, as servers write them but without the passwords,
/// which would take minutes to hash and which nobody uses. Their tokens, in order; only those of this role can do anything.
///
/// # Errors
/// When the database does not take them.
pub async fn sign_in(database: &str, role: Role, count: usize) -> Result<Vec<AccessToken>> {
    let store = Store::open(&database.into()).await?;
    let mut tx = store.begin().await?;
    let now = SystemClock.now();
    let mut tokens = Vec::with_capacity(count);
    for number in 0..count {
        let id = || uuid_v7(&SystemClock, &OsEntropy);
        let (staff, device, family) = (StaffId(id()), DeviceId(id()), id());
        let row = StaffRow {
            id: staff.clone(),
            email: format!("{}-{number}@crowd.example", role.as_str()),
            name: format!("Member {number}"),
            role: role.as_str().to_owned(),
            password_hash: NO_PASSWORD.to_owned(),
            active: true,
            created_at: now,
            totp_sealed: None,
            external_subject: None,
        };
        ensure!(tx.insert_staff(&row).await?, "{} is there already", row.email);
        let row = DeviceRow {
            id: device.clone(),
            public_key: DeviceKey::generate(&OsEntropy).public_key(),
            name: "a console of the crowd".to_owned(),
            registered_by: staff.clone(),
            registered_at: now,
            revoked_at: None,
        };
        tx.insert_device(&row).await?;
        let sign_in = NewFamily {
            id: &family,
            staff: &staff,
            device: &device,
            started_at: now,
            authenticated_at: now,
            method: "password",
        };
        tx.insert_family(&sign_in).await?;
        let mut bytes = [0_u8; 32];
        OsEntropy.fill(&mut bytes);
        let token = URL_SAFE_NO_PAD.encode(bytes);
        let sha256 = hex::encode(Sha256::digest(&token));
        tx.insert_access_token(&sha256, &family, now.plus_seconds(TOKEN_SECONDS)).await?;
        tokens.push(AccessToken(token.into()));
    }
    tx.commit().await?;
    store.close().await;
    Ok(tokens)
}

/// What the consoles have heard.
#[derive(Default)]
struct Heard {
    connected: AtomicUsize,
    /// Of acts, from 1.
    round: AtomicU64,
    /// Consoles that have heard of the act of this round.
    reached: AtomicUsize,
    /// All hints of all consoles.
    hints: AtomicU64,
    changed: Notify,
}

/// Consoles with open streams. They close with the value.
pub struct Crowd {
    events: String,
    client: reqwest::Client,
    heard: Arc<Heard>,
    streams: JoinSet<Result<()>>,
}

impl Crowd {
    /// Of nobody yet, at the server at `api`.
    ///
    /// # Errors
    /// When there can be no client.
    pub fn at(api: &str) -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().connect_timeout(LIMIT).build()?;
        let events = format!("{api}/v1/events");
        Ok(Self { events, client, heard: Arc::default(), streams: JoinSet::new() })
    }

    /// Until each of them has heard its first heartbeat.
    ///
    /// # Errors
    /// When one of them is not let in.
    pub async fn connect(&mut self, tokens: &[AccessToken]) -> Result<()> {
        for some in tokens.chunks(AT_ONCE) {
            let all = self.streams.len() + some.len();
            for token in some {
                let (client, heard) = (self.client.clone(), self.heard.clone());
                self.streams.spawn(listen(client, self.events.clone(), token.clone(), heard));
            }
            let heard = self.heard.clone();
            let connected = heard.until(move |heard| heard.connected.load(Ordering::SeqCst) >= all);
            whole(&mut self.streams, connected).await.context("not every console got its stream")?;
        }
        Ok(())
    }

    /// Milliseconds from before `act` until the last of the consoles has received the hint of it.
    ///
    /// # Errors
    /// When the act fails, or one of the consoles hears nothing in time or loses its stream.
    pub async fn reached(&mut self, act: impl Future<Output = Result<()>>) -> Result<f64> {
        let (all, heard) = (self.streams.len(), self.heard.clone());
        heard.reached.store(0, Ordering::SeqCst);
        heard.round.fetch_add(1, Ordering::SeqCst);
        let watch = Watch::start();
        let reached = async {
            heard.until(|heard| heard.reached.load(Ordering::SeqCst) >= all).await;
            watch.micros() / 1000.0
        };
        let both = async { tokio::join!(act, reached) };
        let (done, millis) = whole(&mut self.streams, both).await.context("not every console was reached")?;
        done?;
        self.quiet().await;
        Ok(millis)
    }

    /// Until nothing of this act is on its way any more: it must not be taken for the next one's.
    async fn quiet(&self) {
        loop {
            let before = self.heard.hints.load(Ordering::SeqCst);
            SystemClock.sleep_until(SystemClock.monotonic_millis() + QUIET_MILLIS).await;
            if self.heard.hints.load(Ordering::SeqCst) == before {
                return;
            }
        }
    }
}

/// What comes of `waiting`, unless a stream ends before, or it takes too long.
async fn whole<T>(streams: &mut JoinSet<Result<()>>, waiting: impl Future<Output = T>) -> Result<T> {
    tokio::select! {
        done = tokio::time::timeout(LIMIT, waiting) => done.with_context(|| format!("it took longer than {LIMIT:?}")),
        Some(ended) = streams.join_next() => match ended? {
            Ok(()) => bail!("the server has closed a stream"),
            Err(error) => Err(error.context("a stream broke")),
        },
    }
}

impl Heard {
    async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        loop {
            // Before the look, so that no change in between is missed.
            let changed = self.changed.notified();
            if is_so(self) {
                return;
            }
            changed.await;
        }
    }

    /// `round` is the one that this console has heard of last.
    fn hint(&self, round: &mut u64) {
        self.hints.fetch_add(1, Ordering::SeqCst);
        let now = self.round.load(Ordering::SeqCst);
        if std::mem::replace(round, now) < now {
            self.reached.fetch_add(1, Ordering::SeqCst);
            self.changed.notify_one();
        }
    }
}

/// One console's stream, until it ends.
async fn listen(client: reqwest::Client, events: String, token: AccessToken, heard: Arc<Heard>) -> Result<()> {
    let request = client.get(events).bearer_auth(token.0.expose_secret());
    let mut answer = request.header(reqwest::header::ACCEPT, "text/event-stream").send().await?.error_for_status()?;
    let mut reader = EventReader::default();
    let (mut round, mut is_connected) = (heard.round.load(Ordering::SeqCst), false);
    while let Some(piece) = answer.chunk().await? {
        for event in reader.read(&piece)? {
            match event {
                ServerEvent::Heartbeat { .. } => {
                    if !std::mem::replace(&mut is_connected, true) {
                        heard.connected.fetch_add(1, Ordering::SeqCst);
                        heard.changed.notify_one();
                    }
                }
                ServerEvent::SnapshotChanged => heard.hint(&mut round),
                ServerEvent::SignedOut => bail!("the server has signed the console out"),
                ServerEvent::SessionChanged { .. } | ServerEvent::Unknown => {}
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_console_counts_once_in_a_round_however_often_it_hears() {
        let heard = Heard::default();
        let (mut one, mut other) = (0, 0);
        heard.hint(&mut one);
        assert_eq!(heard.reached.load(Ordering::SeqCst), 0, "before the first act");
        heard.round.store(1, Ordering::SeqCst);
        heard.hint(&mut one);
        heard.hint(&mut one);
        assert_eq!(heard.reached.load(Ordering::SeqCst), 1);
        heard.hint(&mut other);
        assert_eq!((heard.reached.load(Ordering::SeqCst), heard.hints.load(Ordering::SeqCst)), (2, 4));
    }
}

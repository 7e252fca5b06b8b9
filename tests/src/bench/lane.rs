//! One agent at work, in real time, with everything that the product is but windows: real server, real controller, real
//! portal. Several stand side by side, each with a database of its own.
#![allow(clippy::unwrap_used, reason = "a bench fails by panicking, too")]

use std::sync::Arc;

use amberglass_app::{
    Command,
    host::HostEvent,
    view::{ConnectionView, SignInView},
};
use amberglass_domain::ports::Clock;
use amberglass_server::{RunningServer, ServerConfig};
use amberglass_system::SystemClock;
use amberglass_testkit::{Engine, TestDatabase, wait_until};
use amberglass_wire::{
    SessionId,
    approval::{RequestState, Verdict},
    session::EndedBy,
};
use tokio::net::TcpListener;

use crate::{
    revocation::{Revocation, Revokers, WHY},
    staff::Staff,
    world::{AMY, LEO, PASSWORD, busy_policy, serve, serve_portal, server_config},
    world_console::{LIMIT, Pointing, WorldConsole},
    world_preferences::MemoryPreferences,
};

/// As long as a session can be.
const SESSION_SECONDS: u32 = 3600;

/// Where the servers keep their data, and how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backing {
    Sqlite,
    Postgres,
    /// On one PostgreSQL: who revokes is at the one, the agent's console at the other.
    TwoReplicas,
}

impl Backing {
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::TwoReplicas];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::TwoReplicas => "two replicas",
        }
    }

    const fn engine(self) -> Engine {
        match self {
            Self::Sqlite => Engine::Sqlite,
            Self::Postgres | Self::TwoReplicas => Engine::Postgres,
        }
    }
}

/// How the network falls silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// Connections break, and new ones break at once.
    Cut,
    /// Nothing breaks and nothing moves.
    Held,
}

pub struct Lane {
    console: WorldConsole,
    /// The agent's.
    server: RunningServer,
    /// The one at which sessions are revoked, where that is another.
    other: Option<RunningServer>,
    _database: TestDatabase,
    _dir: tempfile::TempDir,
}

impl Lane {
    /// Amy is signed in.
    pub async fn open(backing: Backing) -> Self {
        // Fails when another lane has done it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (clock, dir) = (Arc::new(SystemClock) as Arc<dyn Clock>, tempfile::tempdir().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let data_dir = dir.path().join("server");
        let database = TestDatabase::on(backing.engine(), &data_dir);
        let mut config = server_config(data_dir, database.url(), listener.local_addr().unwrap());
        // Rounds follow each other faster than a person works.
        config.limits.searches_per_minute = u32::MAX;
        config.limits.requests_per_hour = u32::MAX;
        config.policy = busy_policy(dir.path());
        let first = serve(&config, &clock).await;
        serve_portal(listener, &first, &clock);
        let (server, other) = match backing {
            Backing::Sqlite | Backing::Postgres => (first, None),
            Backing::TwoReplicas => (replica(&config, &first, &clock).await, Some(first)),
        };
        let pointing = Pointing { api: server.api, gateway: None };
        let console = WorldConsole::open(AMY, pointing, MemoryPreferences::default(), clock, dir.path()).await;
        console.sign_in().await;
        Self { console, server, other, _database: database, _dir: dir }
    }

    /// Milliseconds from the revoking request to the order to cover the page. `pause` lies between the first page and it,
    /// so that rounds differ in how they stand to heartbeats and timers.
    pub async fn revocation(&self, revocation: Revocation, pause: i64) -> f64 {
        let revoking = self.other.as_ref().unwrap_or(&self.server);
        // Signed in anew for each round: a token lasts five minutes.
        let revokers = Revokers::at(revoking.state(), &format!("http://{}", revoking.api)).await;
        let taken = revokers.begin(revocation, &self.console, SESSION_SECONDS).await;
        SystemClock.sleep_until(SystemClock.monotonic_millis() + pause).await;
        assert!(self.console.host.window().unwrap().curtain.is_none(), "the page is covered before anybody revoked");

        let sent_at = SystemClock.monotonic_millis();
        let covered = async {
            self.console.host.until_covered().await;
            SystemClock.monotonic_millis()
        };
        let (covered_at, ()) = tokio::join!(covered, revokers.revoke(revocation, &taken));

        let ended_by = wait_until("the end", LIMIT, || self.ended_by(&taken.session)).await;
        assert_eq!(ended_by, revocation.ended_by());
        revokers.undo(revocation).await;
        revokers.leave().await;
        if revocation == Revocation::StaffDisabled {
            self.console.until("signed out", |view| matches!(view.sign_in, SignInView::SignedOut { .. })).await;
            self.console.sign_in().await;
        } else {
            self.console.until("the end screen", |view| view.ended.is_some()).await;
        }
        self.console.handle.command(Command::DismissEnd {});
        (covered_at - sent_at) as f64
    }

    /// Milliseconds from the lead's decision to the word of it in the console of who asked. `pause` as above.
    pub async fn decision(&self, verdict: Verdict, pause: i64) -> f64 {
        let deciding = self.other.as_ref().unwrap_or(&self.server);
        // Signed in anew for each round: a decision wants a sign-in of the last five minutes.
        let lead = Staff::sign_in(&format!("http://{}", deciding.api), LEO, PASSWORD).await.unwrap();
        let id = self.console.ask_approval().await;
        let waits = || async { lead.to_decide().await.ok()?.into_iter().find(|request| request.id == id) };
        let request = wait_until("the lead to see it", LIMIT, waits).await;
        SystemClock.sleep_until(SystemClock.monotonic_millis() + pause).await;

        let sent_at = SystemClock.monotonic_millis();
        let told = async {
            self.console
                .until("the decision", |view| {
                    view.inbox.own.iter().any(|own| own.id == id && own.state != RequestState::Pending)
                })
                .await;
            SystemClock.monotonic_millis()
        };
        let (told_at, decided) = tokio::join!(told, lead.decide(&request, verdict, WHY, SystemClock.now()));
        decided.unwrap();
        self.console.handle.command(Command::WithdrawRequest { request: id.clone(), reason: None });
        self.console
            .until("the way to be free", |view| !view.inbox.own.iter().any(|own| own.id == id && own.state.is_open()))
            .await;
        (told_at - sent_at) as f64
    }

    async fn ended_by(&self, session: &SessionId) -> Option<EndedBy> {
        self.server.state().sessions.get(session).await.unwrap()?.ended_by
    }

    /// Amy looks at a page for as long as it may be.
    pub async fn begin_session(&self) {
        self.console.start(SESSION_SECONDS).await;
    }

    /// Milliseconds from the last that came through to the order to cover the page, in the session that runs; then the
    /// network is whole again and the page shows.
    pub async fn silence(&self, silence: Silence, pause: i64) -> f64 {
        self.console.handle.host_event(HostEvent::InputSeen { session: self.console.session() });
        SystemClock.sleep_until(SystemClock.monotonic_millis() + pause).await;
        assert!(self.console.host.window().unwrap().curtain.is_none(), "the page is covered before the silence");
        match silence {
            Silence::Cut => self.console.line.cut(),
            Silence::Held => self.console.line.hold(),
        }
        self.console.host.until_covered().await;
        let covered_at = SystemClock.monotonic_millis();
        let passed_at = self.console.line.passed_at();
        self.console.line.mend();
        self.console.until_window("the page to show again", |view| view.curtain.is_none()).await;
        self.console.until("online", |view| view.connection == ConnectionView::Online {}).await;
        (covered_at - passed_at) as f64
    }

    pub async fn close(self) {
        drop(self.console);
        self.server.stop().await;
        if let Some(other) = self.other {
            other.stop().await;
        }
    }
}

/// A second server on the same database: a data folder and a chain of its own, and the keys that both must share.
async fn replica(config: &ServerConfig, first: &RunningServer, clock: &Arc<dyn Clock>) -> RunningServer {
    let data_dir = config.data_dir.with_file_name("replica");
    std::fs::create_dir(&data_dir).unwrap();
    for key in ["server-key", "identity-key.pem"] {
        std::fs::copy(config.data_dir.join(key), data_dir.join(key)).unwrap();
    }
    serve(&ServerConfig { data_dir, issuer: first.issuer.clone(), ..config.clone() }, clock).await
}

//! The server as its program, which dies by SIGKILL at a chosen moment of a request and starts again on the same data and
//! the same ports; before it the real controller, in real time.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use amberglass_app::{Command, view::StartView};
use amberglass_system::SystemClock;
use amberglass_testkit::{TestDatabase, wait_until};
use amberglass_tests::{
    stack::{Stack, StackSetting, programs_beside},
    staff::Staff,
    world::{AMY, LIMIT, PASSWORD},
    world_console::{Pointing, WorldConsole},
    world_line::{At, Line},
    world_preferences::MemoryPreferences,
    world_record::{AuditLog, body},
};
use amberglass_wire::{
    audit::EventDetail,
    session::{EndedBy, SessionResponse, SessionState},
};
use reqwest::{Method, StatusCode};

/// Each of these is a death of its own.
pub const MOMENTS: [At; 3] = [At::Request, At::Work, At::Answer];

/// More of them, so that the stories take less time.
const LIMITS: &str = "heartbeat_seconds = 1\nsearches_per_minute = 1000";

/// Which of the server's two doors.
#[derive(Debug, Clone, Copy)]
pub enum Door {
    Api,
    Gateway,
}

pub struct Place {
    pub console: WorldConsole,
    /// Before the gateway, as the console's own is before the API.
    gateway: Line,
    stack: Stack,
    database: TestDatabase,
    _dir: tempfile::TempDir,
}

impl Place {
    /// Nobody is signed in.
    pub async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let database = TestDatabase::new(dir.path());
        let setting = StackSetting {
            limits: LIMITS.to_owned(),
            database_url: database.url().to_owned(),
            ..StackSetting::default()
        };
        let programs = programs_beside(env!("CARGO_BIN_EXE_amberglass-sign-in"));
        let stack = Stack::start_as(&programs, &dir.path().join("stack"), setting).unwrap();
        let gateway = Line::to(SocketAddr::from(([127, 0, 0, 1], stack.gateway_port))).await;
        let api = stack.api.trim_start_matches("http://").parse().unwrap();
        let pointing = Pointing { api, gateway: Some(gateway.address) };
        let clock = Arc::new(SystemClock);
        let console = WorldConsole::open(AMY, pointing, MemoryPreferences::default(), clock, dir.path()).await;
        Self { console, gateway, stack, database, _dir: dir }
    }

    pub async fn signed_in() -> Self {
        let place = Self::open().await;
        place.console.sign_in().await;
        place
    }

    pub async fn in_session() -> Self {
        let place = Self::signed_in().await;
        place.console.start(1800).await;
        place
    }

    /// The server dies in the moment in which the next request that begins so has got so far. `act` is what leads to it.
    pub async fn kill_at(&mut self, door: Door, at: At, request: &'static str, act: impl AsyncFnOnce(&WorldConsole)) {
        let Self { console, gateway, stack, .. } = self;
        let line = match door {
            Door::Api => &console.line,
            Door::Gateway => &*gateway,
        };
        let lost = line.lost() + 1;
        line.hold_at(at, request);
        let killing = async {
            line.until_lost(lost).await;
            stack.server.kill();
            console.line.cut();
            gateway.cut();
        };
        tokio::join!(killing, act(console));
    }

    /// Between two requests.
    pub fn kill(&mut self) {
        self.stack.server.kill();
        self.console.line.cut();
        self.gateway.cut();
    }

    pub fn start_again(&mut self) {
        self.stack.start_server_again().unwrap();
        self.console.line.mend();
        self.gateway.mend();
    }

    pub async fn until_start_failed(&self) {
        let failed = |start: &StartView| matches!(start, StartView::Failed { .. });
        self.console
            .until("the start to be said to have failed", |view| {
                view.card.as_ref().is_some_and(|card| failed(&card.start))
            })
            .await;
    }

    /// The agent, asked at another desk.
    pub async fn amy(&self) -> Staff {
        Staff::sign_in(&self.stack.api, AMY, PASSWORD).await.unwrap()
    }

    /// The latest session, once nothing of the agent's runs.
    pub async fn until_nothing_runs(&self) -> Option<SessionResponse> {
        let amy = self.amy().await;
        wait_until("the end of what the server had begun", LIMIT, || async {
            let sessions = amy.sessions().await.unwrap();
            let none = sessions.iter().all(|session| session.state == SessionState::Ended);
            none.then(|| sessions.into_iter().next())
        })
        .await
    }

    /// The session of the window, as the server has it.
    pub async fn session(&self) -> SessionResponse {
        let session = self.console.session();
        let sessions = self.amy().await.sessions().await.unwrap();
        sessions.into_iter().find(|found| found.id == session).unwrap()
    }

    /// Waits until the page can be seen again: nothing covers it, and the gateway shows it.
    pub async fn until_page(&self, path: &str) {
        self.console.until_window("the page", |view| view.curtain.is_none()).await;
        wait_until("the gateway to show it", LIMIT, || async {
            let page = self.console.try_ask(Method::GET, path, true).await.ok()?;
            (page.status == StatusCode::OK).then_some(())
        })
        .await;
    }

    /// The agent ends the session and leaves its end screen.
    pub async fn end(&self) {
        self.console.handle.command(Command::EndSession {});
        self.until_ended_by_agent().await;
    }

    pub async fn until_ended_by_agent(&self) {
        let session = self.console.session();
        let view = self
            .console
            .until("the end screen", |view| view.ended.as_ref().is_some_and(|ended| ended.session.id == session))
            .await;
        assert_eq!(view.ended.unwrap().session.ended_by, Some(EndedBy::Staff));
        self.console.handle.command(Command::DismissEnd {});
        self.console.until("no end screen", |view| view.ended.is_none()).await;
    }

    /// Everything on record once the console has delivered all of it: the chains are whole, and every session that began has
    /// one end. Gives the ends in the order of the sessions' ids, which is that of their starts.
    pub async fn settled(&self) -> (AuditLog, Vec<EndedBy>) {
        self.console.until("the journal's delivery", |view| view.queue.waiting == 0 && view.queue.held == 0).await;
        self.stack.operate(&["audit", "check"]).unwrap();
        let log = AuditLog::checked(self.database.url()).await;
        let mut ends: BTreeMap<_, Vec<EndedBy>> = BTreeMap::new();
        for record in log.of_server() {
            let Some(session) = record.session.clone() else { continue };
            let of_session = ends.entry(session.0).or_default();
            if let EventDetail::SessionEnded { ended_by, .. } = body(record).detail {
                of_session.push(ended_by);
            }
        }
        for (session, ends) in &ends {
            assert_eq!(ends.len(), 1, "session {session} ended {} times: {ends:?}", ends.len());
        }
        (log, ends.into_values().flatten().collect())
    }
}

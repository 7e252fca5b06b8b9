//! The network between console and server, which a test can let fail: cut, held still, or an answer lost on its way.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use amberglass_domain::ports::Clock as _;
use amberglass_system::SystemClock;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

use crate::world_console::LIMIT;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Open,
    /// What is open breaks, what is new breaks at once.
    Cut,
    /// Nothing breaks and nothing moves.
    Held,
}

/// One TCP address that stands for another.
pub struct Line {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    condition: watch::Sender<Condition>,
    server: SocketAddr,
    failing: Mutex<Failing>,
    /// Requests at which the line has failed so far.
    lost: watch::Sender<usize>,
    /// Monotonic time of the latest bytes for the console.
    passed_at: AtomicI64,
}

/// How far a request gets before the line fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The server never sees it.
    Request,
    /// The server has just got it.
    Work,
    /// The server has answered, so what it did is committed.
    Answer,
}

/// Requests at which the line shall fail.
struct Failing {
    /// How the request begins, such as `POST /v1/sessions `.
    request: &'static str,
    times: usize,
    at: At,
    then: Then,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Then {
    /// Only this connection breaks.
    Break,
    Cut,
    Hold,
    /// Somebody on the way answers with these bytes, and then this connection ends.
    Say(String),
}

impl Line {
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            condition: watch::Sender::new(Condition::Open),
            server,
            failing: Mutex::new(Failing { request: "", times: 0, at: At::Answer, then: Then::Break }),
            lost: watch::Sender::new(0),
            passed_at: AtomicI64::new(0),
        });
        let carrying = shared.clone();
        tokio::spawn(async move {
            while let Ok((console, _)) = listener.accept().await {
                tokio::spawn(carrying.clone().carry(console));
            }
        });
        Self { address, shared }
    }

    pub fn cut(&self) {
        self.shared.condition.send_replace(Condition::Cut);
    }

    pub fn hold(&self) {
        self.shared.condition.send_replace(Condition::Held);
    }

    pub fn mend(&self) {
        self.shared.condition.send_replace(Condition::Open);
    }

    /// The server gets the next `times` requests that begin so and answers them; the console never hears of it.
    pub fn lose_answers(&self, request: &'static str, times: usize) {
        self.fail(Failing { request, times, at: At::Answer, then: Then::Break });
    }

    /// As [`Line::lose_answers`], once, and the line stays cut from then on.
    pub fn cut_at_answer(&self, request: &'static str) {
        self.fail(Failing { request, times: 1, at: At::Answer, then: Then::Cut });
    }

    /// The next request that begins so gets so far, and nothing moves from then on.
    pub fn hold_at(&self, at: At, request: &'static str) {
        self.fail(Failing { request, times: 1, at, then: Then::Hold });
    }

    /// The server never sees the next request that begins so: somebody on the way answers it with these bytes.
    pub fn answer_instead(&self, request: &'static str, bytes: String) {
        self.fail(Failing { request, times: 1, at: At::Request, then: Then::Say(bytes) });
    }

    fn fail(&self, failing: Failing) {
        *self.shared.failing.lock().unwrap() = failing;
    }

    /// Requests at which the line has failed so far.
    pub fn lost(&self) -> usize {
        *self.shared.lost.borrow()
    }

    /// Returns in the moment in which it has failed at so many requests.
    pub async fn until_lost(&self, times: usize) {
        let mut lost = self.shared.lost.subscribe();
        let losing = lost.wait_for(|lost| *lost >= times);
        tokio::time::timeout(LIMIT, losing).await.expect("the line fails in time").unwrap();
    }

    /// Monotonic time at which the latest bytes for the console passed.
    pub fn passed_at(&self) -> i64 {
        self.shared.passed_at.load(Ordering::SeqCst)
    }
}

impl Shared {
    async fn carry(self: Arc<Self>, console: TcpStream) {
        let mut condition = self.condition.subscribe();
        let is_open = condition.wait_for(|now| *now != Condition::Held).await.is_ok_and(|now| *now == Condition::Open);
        if !is_open {
            return;
        }
        let Ok(server) = TcpStream::connect(self.server).await else { return };
        let (mut from_console, mut to_console) = console.into_split();
        let (from_server, to_server) = server.into_split();
        let fails = AtomicBool::new(false);
        let said = tokio::select! {
            _ = condition.wait_for(|now| *now == Condition::Cut) => None,
            said = self.requests(&mut from_console, to_server, &fails) => said,
            () = self.answers(from_server, &mut to_console, &fails) => None,
        };
        let Some(said) = said else { return };
        if to_console.write_all(said.as_bytes()).await.is_ok() && to_console.shutdown().await.is_ok() {
            // What the console has not sent yet would otherwise take the answer away again.
            let _ = tokio::io::copy(&mut from_console, &mut tokio::io::sink()).await;
        }
    }

    /// Returns when this connection is to end, and what is still to be said before.
    async fn requests(&self, from: &mut OwnedReadHalf, mut to: OwnedWriteHalf, fails: &AtomicBool) -> Option<String> {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            let bytes = buffer.get(..read).unwrap_or_default();
            self.until_open().await;
            let at = self.failing_at(bytes);
            if at == Some(At::Request) {
                return self.fail_now().await;
            }
            fails.fetch_or(at == Some(At::Answer), Ordering::SeqCst);
            if to.write_all(bytes).await.is_err() {
                return None;
            }
            if at == Some(At::Work) {
                return self.fail_now().await;
            }
        }
        None
    }

    async fn answers(&self, mut from: OwnedReadHalf, to: &mut OwnedWriteHalf, fails: &AtomicBool) {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            if fails.load(Ordering::SeqCst) {
                self.fail_now().await;
                return;
            }
            self.until_open().await;
            self.passed_at.store(SystemClock.monotonic_millis(), Ordering::SeqCst);
            if to.write_all(buffer.get(..read).unwrap_or_default()).await.is_err() {
                return;
            }
        }
    }

    /// The head of a request comes in one piece, at the beginning of a piece: the client sends one after the other.
    fn failing_at(&self, bytes: &[u8]) -> Option<At> {
        let mut failing = self.failing.lock().unwrap();
        let found = failing.times > 0 && bytes.starts_with(failing.request.as_bytes());
        failing.times -= usize::from(found);
        found.then_some(failing.at)
    }

    /// Returns when this connection is to break, and what is said before.
    async fn fail_now(&self) -> Option<String> {
        let then = self.failing.lock().unwrap().then.clone();
        // First the line, then the count: who sees the count may rely on the line.
        match &then {
            Then::Break | Then::Say(_) => {}
            Then::Cut => drop(self.condition.send_replace(Condition::Cut)),
            Then::Hold => drop(self.condition.send_replace(Condition::Held)),
        }
        self.lost.send_modify(|lost| *lost += 1);
        match then {
            Then::Hold => std::future::pending().await,
            Then::Say(bytes) => Some(bytes),
            Then::Break | Then::Cut => None,
        }
    }

    async fn until_open(&self) {
        // The sender lives in `self`, so this cannot fail; a cut ends the whole connection meanwhile.
        let _ = self.condition.subscribe().wait_for(|now| *now == Condition::Open).await;
    }
}

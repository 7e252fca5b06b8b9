//! The network between console and server, which a test can let fail: cut, held still, or an answer lost on its way.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

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
    losing: Mutex<Losing>,
    lost: AtomicUsize,
}

/// Requests whose answers shall get lost.
#[derive(Default)]
struct Losing {
    /// How the request begins, such as `POST /v1/sessions `.
    request: &'static str,
    times: usize,
    cuts: bool,
}

impl Line {
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            condition: watch::Sender::new(Condition::Open),
            server,
            losing: Mutex::default(),
            lost: AtomicUsize::new(0),
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
        *self.shared.losing.lock().unwrap() = Losing { request, times, cuts: false };
    }

    /// As [`Line::lose_answers`], once, and the line stays cut from then on.
    pub fn cut_at_answer(&self, request: &'static str) {
        *self.shared.losing.lock().unwrap() = Losing { request, times: 1, cuts: true };
    }

    /// Answers lost so far.
    pub fn lost(&self) -> usize {
        self.shared.lost.load(Ordering::SeqCst)
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
        let (from_console, to_console) = console.into_split();
        let (from_server, to_server) = server.into_split();
        let loses = AtomicBool::new(false);
        tokio::select! {
            _ = condition.wait_for(|now| *now == Condition::Cut) => {}
            () = self.requests(from_console, to_server, &loses) => {}
            () = self.answers(from_server, to_console, &loses) => {}
        }
    }

    async fn requests(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, loses: &AtomicBool) {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            let bytes = buffer.get(..read).unwrap_or_default();
            self.until_open().await;
            if self.is_to_lose(bytes) {
                loses.store(true, Ordering::SeqCst);
            }
            if to.write_all(bytes).await.is_err() {
                return;
            }
        }
    }

    async fn answers(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, loses: &AtomicBool) {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            if loses.load(Ordering::SeqCst) {
                // First the line, then the count: who sees the count may rely on the line.
                if self.losing.lock().unwrap().cuts {
                    self.condition.send_replace(Condition::Cut);
                }
                self.lost.fetch_add(1, Ordering::SeqCst);
                return;
            }
            self.until_open().await;
            if to.write_all(buffer.get(..read).unwrap_or_default()).await.is_err() {
                return;
            }
        }
    }

    /// The head of a request comes in one piece, at the beginning of a piece: the client sends one after the other.
    fn is_to_lose(&self, bytes: &[u8]) -> bool {
        let mut losing = self.losing.lock().unwrap();
        let found = losing.times > 0 && bytes.starts_with(losing.request.as_bytes());
        losing.times -= usize::from(found);
        found
    }

    async fn until_open(&self) {
        // The sender lives in `self`, so this cannot fail; a cut ends the whole connection meanwhile.
        let _ = self.condition.subscribe().wait_for(|now| *now == Condition::Open).await;
    }
}

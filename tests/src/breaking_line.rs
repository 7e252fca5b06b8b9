//! A line to a server that breaks: some connections in the middle of what is asked, some in the middle of the answer or
//! before its first byte, when the server has already done what was asked.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use amberglass_domain::ports::Entropy as _;
use amberglass_testkit::SeededEntropy;
use anyhow::Result;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Longest answer to a batch is longer than this, so that every part of one is hit.
const ANSWER_BYTES: u16 = 700;
const REQUEST_BYTES: u16 = 6_000;

/// How many bytes pass before the connection breaks; in neither direction, in one of them.
#[derive(Debug, Clone, Copy)]
struct Fate {
    asked: Option<u64>,
    answered: Option<u64>,
}

pub struct BreakingLine {
    pub address: SocketAddr,
    broken: Arc<AtomicU32>,
    accepting: JoinHandle<()>,
}

impl BreakingLine {
    /// # Errors
    /// When no port is free.
    pub async fn to(server: SocketAddr, seed: u64) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let broken = Arc::new(AtomicU32::new(0));
        let counter = broken.clone();
        let accepting = tokio::spawn(async move {
            let entropy = SeededEntropy::new(seed);
            while let Ok((client, _)) = listener.accept().await {
                let fate = fate(&entropy);
                let counter = counter.clone();
                tokio::spawn(async move {
                    if !carry(client, server, fate).await {
                        counter.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        Ok(Self { address, broken, accepting })
    }

    pub fn broken(&self) -> u32 {
        self.broken.load(Ordering::Relaxed)
    }
}

impl Drop for BreakingLine {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn fate(entropy: &SeededEntropy) -> Fate {
    let mut bytes = [0; 3];
    entropy.fill(&mut bytes);
    let [kind, a, b] = bytes;
    let number = u16::from_le_bytes([a, b]);
    match kind % 4 {
        0 => Fate { asked: Some(u64::from(number % REQUEST_BYTES)), answered: None },
        // Every other one of these before the first byte.
        1 if number.is_multiple_of(2) => Fate { asked: None, answered: Some(0) },
        1 => Fate { asked: None, answered: Some(u64::from(number % ANSWER_BYTES)) },
        _ => Fate { asked: None, answered: None },
    }
}

/// Whether it lasted until one of the ends had enough.
async fn carry(client: TcpStream, server: SocketAddr, fate: Fate) -> bool {
    let Ok(server) = TcpStream::connect(server).await else { return true };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        lasted = pass(from_client, to_server, fate.asked) => lasted,
        lasted = pass(from_server, to_client, fate.answered) => lasted,
    }
}

async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut left: Option<u64>) -> bool {
    let mut bytes = [0; 4096];
    loop {
        let Ok(read) = from.read(&mut bytes).await else { return true };
        if read == 0 {
            return true;
        }
        let most = left.map_or(read, |left| read.min(usize::try_from(left).unwrap_or(usize::MAX)));
        let Some(some) = bytes.get(..most) else { return true };
        if to.write_all(some).await.is_err() {
            return true;
        }
        if let Some(left) = &mut left {
            *left = left.saturating_sub(most as u64);
            if most < read || *left == 0 {
                return false;
            }
        }
    }
}

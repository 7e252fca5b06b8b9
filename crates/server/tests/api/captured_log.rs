//! All that is logged on this thread, at the level of an operator who looks for a fault.

use std::{
    io::{self, Write},
    sync::{Arc, LazyLock, Mutex},
};

use tracing::{Dispatch, subscriber::DefaultGuard};
use tracing_subscriber::{filter::LevelFilter, fmt::MakeWriter};

/// A test's runtime is its own thread, and its server runs on it.
pub struct CapturedLog {
    written: Written,
    _guard: DefaultGuard,
}

/// Stays beside those of the tests. As long as there is one subscriber alone, `tracing` asks the thread that comes first to
/// a place of the program whether anybody listens, and remembers the "no" of a thread whose test does not.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| {
    Dispatch::new(tracing_subscriber::fmt().with_max_level(LevelFilter::DEBUG).with_writer(io::sink).finish())
});

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl CapturedLog {
    pub fn start() -> Self {
        LazyLock::force(&ANOTHER);
        let written = Written::default();
        let subscriber =
            tracing_subscriber::fmt().json().with_max_level(LevelFilter::DEBUG).with_writer(written.clone()).finish();
        Self { written, _guard: tracing::subscriber::set_default(subscriber) }
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.written.0.lock().unwrap().clone()).unwrap()
    }

    /// Lines of the server itself that hold these words.
    pub fn lines_with(&self, words: &str) -> Vec<serde_json::Value> {
        let text = self.text();
        let lines = text.lines().filter(|line| line.contains(words) && line.contains("\"target\":\"amberglass_server"));
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl MakeWriter<'_> for Written {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! The program's log: a file a day in the data folder, the last seven are kept. Never customer data, never secrets.

use std::path::Path;

use tracing_appender::rolling::{InitError, Rotation};
use tracing_subscriber::{EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Writes to `folder`, and to the standard error stream too. `AMBERGLASS_LOG` filters both.
///
/// # Errors
/// When the folder cannot be written.
pub fn start(folder: &Path) -> Result<(), InitError> {
    let file = tracing_appender::rolling::Builder::new()
        .rotation(Rotation::DAILY)
        .filename_prefix("amberglass")
        .filename_suffix("log")
        .max_log_files(7)
        .build(folder)?;
    let filter = || EnvFilter::try_from_env("AMBERGLASS_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let to_file = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(std::sync::Mutex::new(file));
    let to_stream = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(std::io::stderr);
    // Fails only when a subscriber is set already, which then gets the records.
    let _ = tracing_subscriber::registry()
        .with(to_file.with_filter(filter()))
        .with(to_stream.with_filter(filter()))
        .try_init();
    Ok(())
}

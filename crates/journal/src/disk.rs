//! How much room is left.

use std::{io, path::Path};

/// Bytes free for an unprivileged process on the volume that holds `dir`.
///
/// # Errors
/// When `dir` does not exist or the volume can't be asked.
pub fn free_bytes(dir: &Path) -> io::Result<u64> {
    // Some systems tell of the volume where there is no such folder.
    std::fs::metadata(dir)?;
    fs4::available_space(dir)
}

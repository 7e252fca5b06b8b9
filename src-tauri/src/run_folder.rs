//! A folder for what lives as long as this run: compiled content filters, and what has come so far of a file that will be
//! kept elsewhere. A run that was killed leaves its folder behind; the next one removes it.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

const PREFIX: &str = "run-";
/// Held by the run that the folder belongs to; the system takes it back when the process dies.
const LOCK: &str = "lock";

/// Removed when dropped.
pub struct RunFolder {
    // Let go before the folder: some systems remove nothing that is open.
    _lock: File,
    folder: tempfile::TempDir,
}

impl RunFolder {
    /// Makes the folder of this run in `cache_dir`, and removes those of runs that are no more.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn make(cache_dir: &Path) -> io::Result<Self> {
        remove_leftovers(cache_dir);
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(cache_dir)?;
        let lock = File::create(folder.path().join(LOCK))?;
        lock.try_lock().map_err(io::Error::from)?;
        Ok(Self { folder, _lock: lock })
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Removes it, the lock last: while a part of it is still held by somebody, the next run sees that it is nobody's any more.
    fn remove(self) {
        let Self { _lock: lock, folder } = self;
        let path = folder.keep();
        let emptied = remove_all_but_lock(&path);
        drop(lock);
        if let Err(error) = emptied.and_then(|()| fs::remove_dir_all(&path)) {
            tracing::warn!(%error, "what this run has left is removed by the next one");
        }
    }
}

fn remove_all_but_lock(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == LOCK {
            continue;
        }
        // Does not follow links.
        if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path())? } else { fs::remove_file(entry.path())? }
    }
    Ok(())
}

/// The folder of this run, until the program ends: it ends without dropping anything.
pub struct ThisRun(Mutex<Option<RunFolder>>);

impl ThisRun {
    pub fn new(folder: RunFolder) -> Self {
        Self(Mutex::new(Some(folder)))
    }

    /// Removes the folder.
    pub fn end(&self) {
        if let Some(folder) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            folder.remove();
        }
    }
}

fn remove_leftovers(cache_dir: &Path) {
    let Ok(entries) = fs::read_dir(cache_dir) else { return };
    for entry in entries.flatten() {
        // `file_type` does not follow links: what a link points to is not ours.
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry.file_type().is_ok_and(|kind| kind.is_dir());
        if ours && is_abandoned(&entry.path()) {
            match fs::remove_dir_all(entry.path()) {
                Ok(()) => tracing::info!("the folder of a run that was killed is removed"),
                Err(error) => tracing::warn!(%error, "the folder of a run that was killed could not be removed"),
            }
        }
    }
}

/// A folder without a lock is being made this moment, and empty.
fn is_abandoned(folder: &Path) -> bool {
    File::open(folder.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_run_removes_what_killed_runs_left_and_nothing_else() {
        let cache = tempfile::tempdir().unwrap();
        let killed = cache.path().join("run-killed");
        fs::create_dir_all(killed.join("filters")).unwrap();
        fs::write(killed.join(LOCK), "").unwrap();
        fs::create_dir(cache.path().join("somebody-elses")).unwrap();
        let alive = RunFolder::make(cache.path()).unwrap();
        assert!(!killed.exists());
        let second = RunFolder::make(cache.path()).unwrap();
        assert!(alive.path().exists(), "a run that lives keeps its folder");
        drop((alive, second));
        assert_eq!(names(cache.path()), ["somebody-elses"]);
    }

    #[test]
    fn a_run_that_ends_leaves_nothing() {
        let cache = tempfile::tempdir().unwrap();
        let folder = RunFolder::make(cache.path()).unwrap();
        fs::create_dir_all(folder.path().join("filters/one")).unwrap();
        fs::write(folder.path().join("piece"), "half a file").unwrap();
        ThisRun::new(folder).end();
        assert!(names(cache.path()).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_followed() {
        let (cache, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(elsewhere.path().join(LOCK), "").unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), cache.path().join("run-link")).unwrap();
        drop(RunFolder::make(cache.path()).unwrap());
        assert_eq!(names(cache.path()), ["run-link"]);
        assert_eq!(names(elsewhere.path()), [LOCK]);
    }
}

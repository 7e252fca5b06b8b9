//! What a staff member has set, kept in `preferences.json` by the store plugin.
//!
//! The plugin writes its file in place, so a crash in that moment would lose all of it. It therefore works on a second file,
//! which takes the place of the first once it is whole and on disk.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use amberglass_app::preferences::{PreferenceError, PreferenceStore, Preferences};
use serde_json::Value;
use tauri::{AppHandle, Runtime};
use tauri_plugin_store::{Store, StoreBuilder};

const FILE: &str = "preferences.json";

#[derive(Debug, thiserror::Error)]
pub enum PreferencesError {
    #[error("the preferences in {file} cannot be read: {source}")]
    Unreadable { file: PathBuf, source: io::Error },
    #[error("the preferences cannot be kept: {0}")]
    Store(#[from] tauri_plugin_store::Error),
}

pub struct StoredPreferences<R: Runtime> {
    store: Arc<Store<R>>,
    staging: Staging,
    kept: Mutex<Preferences>,
}

impl<R: Runtime> StoredPreferences<R> {
    /// # Errors
    /// When there are preferences and they cannot be read: among them is which server this console belongs to.
    pub fn open(app: &AppHandle<R>, folder: &Path) -> Result<Self, PreferencesError> {
        let staging = Staging::new(&folder.join(FILE));
        let kept = staging.read()?;
        let store = StoreBuilder::new(app, &staging.next).disable_auto_save().create_new().build()?;
        // The plugin would write it in place once more when the program ends.
        store.close_resource();
        Ok(Self { store, staging, kept: Mutex::new(kept) })
    }

    fn put(&self, preferences: &Preferences) -> Result<(), PreferenceError> {
        let Value::Object(entries) = serde_json::to_value(preferences).map_err(unwritable)? else {
            return Err(unwritable("they are no object"));
        };
        for (name, value) in entries {
            self.store.set(name, value);
        }
        Ok(())
    }
}

impl<R: Runtime> PreferenceStore for StoredPreferences<R> {
    fn read(&self) -> Preferences {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn write(&self, preferences: &Preferences) -> Result<(), PreferenceError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        self.put(preferences)?;
        let written = self.store.save().map_err(unwritable).and_then(|()| self.staging.keep().map_err(unwritable));
        match written {
            Ok(()) => kept.clone_from(preferences),
            Err(error) => {
                self.put(&kept)?;
                return Err(error);
            }
        }
        Ok(())
    }
}

fn unwritable(reason: impl ToString) -> PreferenceError {
    PreferenceError { detail: reason.to_string() }
}

/// What makes no sense counts as not set.
fn understood(text: &[u8]) -> Preferences {
    serde_json::from_slice(text).unwrap_or_else(|error| {
        tracing::warn!(%error, "the preferences cannot be understood and begin anew");
        Preferences::default()
    })
}

/// A file and the one that is to take its place.
struct Staging {
    file: PathBuf,
    next: PathBuf,
}

impl Staging {
    fn new(file: &Path) -> Self {
        Self { file: file.to_owned(), next: file.with_extension("json.next") }
    }

    fn read(&self) -> Result<Preferences, PreferencesError> {
        match fs::read(&self.file) {
            Ok(text) => Ok(understood(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Preferences::default()),
            Err(source) => Err(PreferencesError::Unreadable { file: self.file.clone(), source }),
        }
    }

    /// The next version takes the place of the present one, whole and durable.
    fn keep(&self) -> io::Result<()> {
        // Windows flushes only what was opened for writing.
        File::options().write(true).open(&self.next)?.sync_all()?;
        fs::rename(&self.next, &self.file)?;
        #[cfg(unix)]
        if let Some(folder) = self.file.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_replaced_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        let staging = Staging::new(&file);
        assert_eq!(staging.read().unwrap(), Preferences::default());
        let large = Preferences { text_percent: 150, ..Preferences::default() };
        fs::write(&staging.next, serde_json::to_vec(&large).unwrap()).unwrap();
        assert_eq!(staging.read().unwrap(), Preferences::default(), "not kept yet");
        staging.keep().unwrap();
        assert_eq!(Staging::new(&file).read().unwrap(), large);
        // A crash in the middle of writing.
        fs::write(&staging.next, "{\"text_per").unwrap();
        assert_eq!(Staging::new(&file).read().unwrap(), large);
    }

    #[test]
    fn what_cannot_be_understood_is_not_set_and_what_cannot_be_read_is_an_error() {
        for text in ["", "[]", r#"{"text_percent": "large"}"#] {
            assert_eq!(understood(text.as_bytes()), Preferences::default());
        }
        let some = understood(br#"{"notice_accepted": true, "newer": 1}"#);
        assert_eq!(some, Preferences { notice_accepted: true, ..Preferences::default() });
        let folder = tempfile::tempdir().unwrap();
        let words = Staging::new(folder.path()).read().unwrap_err().to_string();
        assert!(words.contains("cannot be read"), "{words}");
    }
}

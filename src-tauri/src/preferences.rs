//! Where this installation keeps its files, and the few settings it has.

use std::path::PathBuf;

use tauri::{AppHandle, Manager as _, Runtime};
use tauri_plugin_store::StoreExt as _;

/// Where the server is looked for when nothing else says so: the demo and a server on the same machine.
const DEFAULT_SERVER: &str = "http://127.0.0.1:7400";

/// What was read at start.
pub struct Preferences {
    pub data_dir: PathBuf,
    pub cache_dir: PathBuf,
    pub server: String,
    /// Tells this installation's key store entries apart from another's on the same desktop.
    pub installation: String,
}

#[derive(Debug, thiserror::Error)]
pub enum PreferencesError {
    #[error("no folder for the program's data: {0}")]
    NoFolder(#[source] tauri::Error),
    #[error("the folder {path} cannot be made: {source}")]
    Folder { path: PathBuf, source: std::io::Error },
    #[error("the settings cannot be read: {0}")]
    Store(#[from] tauri_plugin_store::Error),
}

/// `AMBERGLASS_HOME` decides over the platform's folders, `AMBERGLASS_SERVER` over the stored server address.
///
/// # Errors
/// When there is no folder to keep the journal in: the program cannot work then.
pub fn read<R: Runtime>(app: &AppHandle<R>) -> Result<Preferences, PreferencesError> {
    let home = std::env::var_os("AMBERGLASS_HOME").map(PathBuf::from);
    let (data_dir, cache_dir) = match &home {
        Some(home) => (home.join("data"), home.join("cache")),
        None => (
            app.path().app_local_data_dir().map_err(PreferencesError::NoFolder)?,
            app.path().app_cache_dir().map_err(PreferencesError::NoFolder)?,
        ),
    };
    for path in [&data_dir, &cache_dir] {
        std::fs::create_dir_all(path).map_err(|source| PreferencesError::Folder { path: path.clone(), source })?;
    }
    let store = app.store(data_dir.join("preferences.json"))?;
    let stored = store.get("server").and_then(|value| value.as_str().map(str::to_owned));
    let server = std::env::var("AMBERGLASS_SERVER").ok().or(stored).unwrap_or_else(|| DEFAULT_SERVER.to_owned());
    let installation = match home {
        Some(home) => home.display().to_string(),
        None => "console".to_owned(),
    };
    Ok(Preferences { data_dir, cache_dir, server, installation })
}

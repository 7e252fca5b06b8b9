//! Where this installation keeps its files and its secrets. Journal, device and tokens belong to one server each, so that
//! another server gets none of them and finds its own when the first one is chosen again.

use std::path::{Path, PathBuf};

use tauri::{AppHandle, Manager as _, Runtime, Url};

/// Decides over the platform's folders.
const HOME: &str = "AMBERGLASS_HOME";

/// The folders of this installation. All of them exist.
pub struct Installation {
    pub data_dir: PathBuf,
    pub cache_dir: PathBuf,
    /// The person's own: nothing is made there before there is a file to keep.
    pub downloads_dir: PathBuf,
    home: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum InstallationError {
    #[error("there is no folder for the program's data: {0}")]
    NoFolder(#[source] tauri::Error),
    #[error("the folder {path} cannot be made: {source}")]
    Folder { path: PathBuf, source: std::io::Error },
}

impl Installation {
    /// Finds the folders, and makes them where they are missing.
    ///
    /// # Errors
    /// When there is no folder to keep the journal in: the program cannot work then.
    pub fn find<R: Runtime>(app: &AppHandle<R>) -> Result<Self, InstallationError> {
        let home = home();
        let (data_dir, cache_dir) = match &home {
            Some(home) => (home.join("data"), home.join("cache")),
            None => (
                app.path().app_local_data_dir().map_err(InstallationError::NoFolder)?,
                app.path().app_cache_dir().map_err(InstallationError::NoFolder)?,
            ),
        };
        for path in [&data_dir, &cache_dir] {
            std::fs::create_dir_all(path).map_err(|source| InstallationError::Folder { path: path.clone(), source })?;
        }
        // Not every desktop names one.
        let downloads_dir =
            app.path().download_dir().or_else(|_| app.path().home_dir().map(|home| home.join("Downloads")));
        let downloads_dir = downloads_dir.unwrap_or_else(|_| data_dir.join("Downloads"));
        Ok(Self { data_dir, cache_dir, downloads_dir, home })
    }

    /// Where the journal of what was done at this server lies.
    pub fn data_of(&self, server: &Url) -> PathBuf {
        self.data_dir.join(slug(server))
    }

    /// Under which name the key store keeps what belongs to this installation and this server.
    pub fn key_store_name(&self, server: &Url) -> String {
        let installation = self.home.as_deref().map_or_else(|| "console".to_owned(), |home| home.display().to_string());
        format!("amberglass {installation} {}", slug(server))
    }
}

/// The folder set from outside, if any.
pub fn home() -> Option<PathBuf> {
    let home = std::env::var_os(HOME).filter(|home| !home.is_empty())?;
    // A program that starts this one again may do so from elsewhere.
    Some(std::path::absolute(Path::new(&home)).unwrap_or_else(|_| PathBuf::from(home)))
}

/// A file name for an origin: `https-amberglass.example.com-443`. Two origins never share one: scheme and port come from
/// short lists of characters without a dash, and of what a host may hold only the colon of an IPv6 address is replaced,
/// inside its brackets.
fn slug(server: &Url) -> String {
    let host = server.host_str().unwrap_or_default().replace(':', "_");
    format!("{}-{host}-{}", server.scheme(), server.port_or_known_default().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_has_a_folder_of_its_own() {
        let slug = |text: &str| slug(&Url::parse(text).unwrap());
        assert_eq!(slug("http://127.0.0.1:7400"), "http-127.0.0.1-7400");
        assert_eq!(slug("https://Amberglass.Example.com/"), "https-amberglass.example.com-443");
        assert_eq!(slug("https://amberglass.example.com:443"), slug("https://amberglass.example.com"));
        assert_eq!(slug("http://[::1]:7400"), "http-[__1]-7400");
        assert_ne!(slug("http://localhost:7400"), slug("https://localhost:7400"));
        assert_ne!(slug("http://localhost:7400"), slug("http://localhost:7401"));
    }
}

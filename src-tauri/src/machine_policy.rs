//! What whoever manages this computer has settled for everybody on it. Read-only for the program, and for the person too.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Unknown keys are for newer versions and are passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct MachinePolicy {
    /// Address of the server that every console of this computer works with.
    pub server: Option<String>,
    /// What staff may copy out of a session.
    pub clipboard: CopyingOut,
}

/// Whether Ctrl+C in a customer's page does what it does elsewhere. What the page does by itself is refused in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CopyingOut {
    #[default]
    Allow,
    Refuse,
}

#[derive(Debug, thiserror::Error)]
#[error("the settings of this computer in {path} cannot be read: {reason}")]
pub struct MachinePolicyError {
    path: PathBuf,
    reason: String,
}

/// Where each system keeps such a file. Nobody can name another one but tests, which have no such folder of their own.
///
/// On Windows any account may make the folder, and whoever made it settles what is in it: an administrator has to be first
/// (docs/operations.md says how).
pub fn path() -> PathBuf {
    #[cfg(feature = "automation")]
    if let Some(file) = std::env::var_os("AMBERGLASS_MACHINE_POLICY") {
        return file.into();
    }
    #[cfg(target_os = "windows")]
    {
        program_data().join("Amberglass").join("console.toml")
    }
    #[cfg(target_os = "macos")]
    {
        PathBuf::from("/Library/Application Support/Amberglass/console.toml")
    }
    #[cfg(not(any(target_os = "windows", target_os = "macos")))]
    {
        PathBuf::from("/etc/amberglass/console.toml")
    }
}

/// As the system has it: the variable of this name is what whoever starts the program makes of it.
#[cfg(target_os = "windows")]
#[allow(unsafe_code, reason = "Win32 offers no other way")]
fn program_data() -> PathBuf {
    use webview2_com::take_pwstr;
    use windows::Win32::UI::Shell::{FOLDERID_ProgramData, KF_FLAG_DEFAULT, SHGetKnownFolderPath};

    // SAFETY: the id is a constant and outlives the call; the string that comes back is ours, and `take_pwstr` frees it.
    let folder = unsafe { SHGetKnownFolderPath(&FOLDERID_ProgramData, KF_FLAG_DEFAULT, None) };
    folder.map_or_else(|_| PathBuf::from("C:\\ProgramData"), |folder| PathBuf::from(take_pwstr(folder)))
}

/// # Errors
/// When there is a file and it makes no sense: what it settles must not be passed over.
pub fn read(path: &Path) -> Result<MachinePolicy, MachinePolicyError> {
    let unreadable = |reason: String| MachinePolicyError { path: path.to_owned(), reason };
    match std::fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text).map_err(|error| unreadable(error.message().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(MachinePolicy::default()),
        Err(error) => Err(unreadable(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_computer_without_settings_settles_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(&folder.path().join("console.toml")).unwrap(), MachinePolicy::default());
    }

    #[test]
    fn the_server_is_read_and_unknown_keys_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("console.toml");
        std::fs::write(&file, "server = \"https://amberglass.example\"\nlater = 1\n").unwrap();
        assert_eq!(read(&file).unwrap().server.as_deref(), Some("https://amberglass.example"));
    }

    #[test]
    fn copying_out_of_a_session_is_allowed_unless_the_computer_refuses_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("console.toml");
        let words = ["", "clipboard = \"allow\"\n", "clipboard = \"refuse\"\n"];
        let copying = words.map(|text| {
            std::fs::write(&file, text).unwrap();
            read(&file).unwrap().clipboard
        });
        assert_eq!(copying, [CopyingOut::Allow, CopyingOut::Allow, CopyingOut::Refuse]);
    }

    #[test]
    fn settings_that_make_no_sense_are_not_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("console.toml");
        for text in ["server = 7400\n", "server https", "[server]\n", "clipboard = \"no\"\n", "clipboard = false\n"] {
            std::fs::write(&file, text).unwrap();
            let words = read(&file).unwrap_err().to_string();
            assert!(words.contains("console.toml"), "{words}");
        }
        assert!(read(folder.path()).is_err(), "a folder is no file");
    }
}

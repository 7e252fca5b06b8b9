//! The program starts when the person signs in to the computer, if they want that.

use amberglass_app::host::StartWithDesktopError;
use tauri::{AppHandle, Builder, Wry};

/// What [`set`] needs of Tauri.
pub fn add_to(builder: Builder<Wry>) -> Builder<Wry> {
    platform::add_to(builder)
}

/// # Errors
/// When the desktop does not let it be set; it stays as it was.
pub fn set(app: &AppHandle, starts: bool) -> Result<(), StartWithDesktopError> {
    platform::set(app, starts).map_err(|error| StartWithDesktopError { detail: error.to_string() })
}

#[cfg(not(target_os = "windows"))]
mod platform {
    use tauri::{AppHandle, Builder, Wry};
    use tauri_plugin_autostart::{Error, ManagerExt as _};

    use crate::console_window::RESTING;

    pub(super) fn add_to(builder: Builder<Wry>) -> Builder<Wry> {
        builder.plugin(tauri_plugin_autostart::Builder::new().arg(RESTING).build())
    }

    pub(super) fn set(app: &AppHandle, starts: bool) -> Result<(), Error> {
        let autostart = app.autolaunch();
        if starts { autostart.enable() } else { autostart.disable() }
    }
}

/// By a value of the person's own. The plugin would write it for everybody on the computer wherever it may, and the program's
/// path without quotes, which Windows may take for another program where a folder's name has a space.
#[cfg(target_os = "windows")]
mod platform {
    use std::{io, os::windows::ffi::OsStrExt as _, path::Path};

    use tauri::{AppHandle, Builder, Wry};
    use windows::{
        Win32::{
            Foundation::{ERROR_FILE_NOT_FOUND, ERROR_SUCCESS, WIN32_ERROR},
            System::Registry::{HKEY_CURRENT_USER, REG_SZ, RegDeleteKeyValueW, RegSetKeyValueW},
        },
        core::{HSTRING, PCWSTR, w},
    };

    use crate::console_window::RESTING;

    const RUN: PCWSTR = w!(r"Software\Microsoft\Windows\CurrentVersion\Run");
    /// Where the Task Manager notes what somebody has switched off there.
    const SWITCHED_OFF: PCWSTR = w!(r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run");

    pub(super) fn add_to(builder: Builder<Wry>) -> Builder<Wry> {
        builder
    }

    pub(super) fn set(app: &AppHandle, starts: bool) -> io::Result<()> {
        let name = HSTRING::from(app.package_info().name.as_str());
        if !starts {
            return remove(RUN, &name);
        }
        let command = command(&std::env::current_exe()?);
        // Otherwise it would not start although it is wanted anew.
        remove(SWITCHED_OFF, &name)?;
        write(RUN, &name, &command)
    }

    /// As Windows keeps it, with the zero at its end.
    fn command(program: &Path) -> Vec<u16> {
        let quote = u16::from(b'"');
        let resting = format!(" {RESTING}");
        let quoted = [quote].into_iter().chain(program.as_os_str().encode_wide()).chain([quote]);
        quoted.chain(resting.encode_utf16()).chain([0]).collect()
    }

    #[allow(unsafe_code, reason = "Win32 offers no other way; what makes a block sound stands beside it")]
    fn write(key: PCWSTR, name: &HSTRING, text: &[u16]) -> io::Result<()> {
        let bytes = u32::try_from(size_of_val(text)).map_err(io::Error::other)?;
        // SAFETY: all three end with a zero and outlive the call, which is told how long the text is.
        done(unsafe { RegSetKeyValueW(HKEY_CURRENT_USER, key, name, REG_SZ.0, Some(text.as_ptr().cast()), bytes) })
    }

    /// One that is not there is removed already.
    #[allow(unsafe_code, reason = "as above")]
    fn remove(key: PCWSTR, name: &HSTRING) -> io::Result<()> {
        // SAFETY: both end with a zero and outlive the call.
        match unsafe { RegDeleteKeyValueW(HKEY_CURRENT_USER, key, name) } {
            ERROR_FILE_NOT_FOUND => Ok(()),
            code => done(code),
        }
    }

    fn done(code: WIN32_ERROR) -> io::Result<()> {
        if code == ERROR_SUCCESS { Ok(()) } else { Err(io::Error::from_raw_os_error(code.0.cast_signed())) }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_path_with_a_space_is_one_path() {
            let command = command(Path::new(r"C:\Program Files\Amberglass\amberglass.exe"));
            assert_eq!(
                String::from_utf16(&command).unwrap(),
                "\"C:\\Program Files\\Amberglass\\amberglass.exe\" --resting\0"
            );
        }
    }
}

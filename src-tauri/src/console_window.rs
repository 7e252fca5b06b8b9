//! The console's window: made when the program starts, let go with its web process while the program rests in the tray, and
//! made anew when somebody wants it back. The controller goes on all the while.

use std::sync::Arc;

use tauri::{AppHandle, Manager as _, WebviewUrl, WebviewWindowBuilder, Wry};

use crate::{appearance, host::CONSOLE, own_pages, preferences::StoredPreferences};
use amberglass_app::preferences::PreferenceStore as _;

/// The start with the desktop gives this to the program, so that it begins in the tray where the person wants it there.
pub const RESTING: &str = "--resting";

/// Of the person, for windows that come later.
pub type Kept = Arc<StoredPreferences<Wry>>;

/// On the main thread, and never while there is one.
pub fn open(app: &AppHandle) -> tauri::Result<()> {
    let console = WebviewWindowBuilder::new(app, CONSOLE, WebviewUrl::App("console.html".into()))
        .title("Amberglass")
        .inner_size(1280.0, 800.0)
        .min_inner_size(900.0, 600.0)
        .devtools(false)
        .on_navigation(|url| url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost"))
        .build()?;
    own_pages::lighten(console.as_ref());
    appearance::apply(app, &app.state::<Kept>().read().view());
    Ok(())
}

/// Brings it to the front, wherever it was. On the main thread.
pub fn raise(app: &AppHandle) {
    let Some(window) = app.get_window(CONSOLE) else {
        if let Err(error) = open(app) {
            tracing::error!(%error, "the console's window could not be made");
        }
        return;
    };
    let _ = window.unminimize();
    let _ = window.show();
    let _ = window.set_focus();
}

/// Lets it go. On the main thread.
pub fn rest(app: &AppHandle) {
    let Some(window) = app.get_window(CONSOLE) else { return };
    match window.destroy() {
        Ok(()) => {
            tracing::info!("the console rests in the tray");
            #[cfg(target_os = "linux")]
            crate::network_process::end_when_unused(app);
        }
        Err(error) => tracing::warn!(%error, "the console's window stays"),
    }
}

/// Whether nothing of it is on the screen.
pub fn rests(app: &AppHandle) -> bool {
    app.get_window(CONSOLE).is_none()
}

/// Whether it begins without a window: started with the desktop, by somebody who wants it in the tray.
pub fn begins_at_rest(app: &AppHandle) -> bool {
    std::env::args().any(|argument| argument == RESTING) && app.state::<Kept>().read().rest_in_tray
}

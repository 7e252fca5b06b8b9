//! The desktop's own dialog for where a file goes.

use amberglass_app::host::WantedFile;
use tauri::AppHandle;

use crate::host::CONSOLE;

const TITLE: &str = "Save the trail";

/// On GTK's one thread, as everything of GTK. A name that is taken is refused by whoever writes the file, and said there.
#[cfg(target_os = "linux")]
pub fn ask(app: &AppHandle, wanted: &WantedFile, answer: impl Fn(Option<std::path::PathBuf>) + 'static) {
    use gtk::prelude::*;
    use tauri::Manager as _;

    let console = app.get_window(CONSOLE).and_then(|window| window.gtk_window().ok());
    let dialog = gtk::FileChooserNative::new(
        Some(TITLE),
        console.as_ref(),
        gtk::FileChooserAction::Save,
        Some("Save"),
        Some("Cancel"),
    );
    dialog.set_modal(true);
    dialog.set_current_name(&wanted.suggested_name);
    // Nothing else holds it while it is open.
    let kept = std::cell::RefCell::new(Some(dialog.clone()));
    dialog.connect_response(move |dialog, response| {
        answer(if response == gtk::ResponseType::Accept { dialog.filename() } else { None });
        dialog.destroy();
        drop(kept.take());
    });
    dialog.show();
}

#[cfg(not(target_os = "linux"))]
pub fn ask(app: &AppHandle, wanted: &WantedFile, answer: impl Fn(Option<std::path::PathBuf>) + Send + 'static) {
    use tauri::Manager as _;

    let mut dialog = rfd::AsyncFileDialog::new().set_title(TITLE).set_file_name(wanted.suggested_name.clone());
    if let Some(console) = app.get_window(CONSOLE) {
        dialog = dialog.set_parent(&console);
    }
    let chosen = dialog.save_file();
    tauri::async_runtime::spawn(async move {
        let file = chosen.await.map(|file| file.path().to_owned());
        answer(file);
    });
}

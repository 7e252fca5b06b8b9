//! The desktop shell: it wires the controller to Tauri's windows, the OS key store and the network, and decides nothing.
//!
//! Start reading at [`run`], then `host` and `session_window`.

mod browser;
mod commands;
mod environment;
mod host;
mod keychain;
mod log_file;
mod preferences;
mod session_window;

use std::{io::Write as _, process::ExitCode, sync::Arc};

use amberglass_app::{Controller, Ports, host::HostEvent};
use amberglass_backend_client::{HttpBackend, HttpBackendOptions, Patience};
use amberglass_system::{OsEntropy, SystemClock};
use tauri::{AppHandle, Manager as _, RunEvent, WebviewUrl, WebviewWindowBuilder, WindowEvent};

use crate::{host::TauriHost, keychain::OsKeychain};

/// How the program names itself to the server and in its records.
const CLIENT: &str = concat!("amberglass/", env!("CARGO_PKG_VERSION"));

/// Runs the console until it is closed.
pub fn run() -> ExitCode {
    environment::clean();
    let built = tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(|app, _arguments, _folder| raise(app)))
        .plugin(tauri_plugin_store::Builder::new().build())
        .invoke_handler(commands::handler())
        .setup(|app| set_up(app.handle()).map_err(Into::into))
        .build(tauri::generate_context!());
    match built {
        Ok(app) => {
            app.run(on_event);
            ExitCode::SUCCESS
        }
        Err(error) => {
            // The log may be what failed.
            let _ = writeln!(std::io::stderr(), "Amberglass could not start: {error}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum SetUpError {
    #[error(transparent)]
    Preferences(#[from] preferences::PreferencesError),
    #[error("the log file cannot be written: {0}")]
    Log(#[from] tracing_appender::rolling::InitError),
    #[error("the server address {address} cannot be used: {reason}")]
    Server { address: String, reason: String },
    #[error("the window could not be made: {0}")]
    Window(#[from] tauri::Error),
}

fn set_up(app: &AppHandle) -> Result<(), SetUpError> {
    let preferences = preferences::read(app)?;
    log_file::start(&preferences.data_dir.join("logs"))?;
    let options = HttpBackendOptions {
        server: preferences.server.clone(),
        proxy: None,
        client: CLIENT.to_owned(),
        patience: Patience::default(),
    };
    let backend = HttpBackend::new(&options)
        .map_err(|error| SetUpError::Server { address: preferences.server, reason: error.to_string() })?;
    let backend = Arc::new(backend);
    let tauri_host = Arc::new(TauriHost::new(app.clone(), preferences.cache_dir));
    // The controller spawns its tasks on Tauri's runtime, which this thread is not part of.
    let _runtime = tauri::async_runtime::handle().inner().enter();
    let controller = Controller::start(Ports {
        backend: backend.clone(),
        sink: backend,
        keychain: Arc::new(OsKeychain::new(&preferences.installation)),
        host: tauri_host.clone(),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        data_dir: preferences.data_dir,
        client: CLIENT.to_owned(),
        device_name: environment::device_name(),
    });
    tauri_host.connect(controller.clone());
    app.manage(controller);
    WebviewWindowBuilder::new(app, host::CONSOLE, WebviewUrl::App("console.html".into()))
        .title("Amberglass")
        .inner_size(1280.0, 800.0)
        .min_inner_size(900.0, 600.0)
        .devtools(false)
        .on_navigation(|url| url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost"))
        .build()?;
    Ok(())
}

fn raise(app: &AppHandle) {
    if let Some(window) = app.get_window(host::CONSOLE) {
        let _ = window.show();
        let _ = window.set_focus();
    }
}

/// Closing the console means leaving: the controller ends the session first, then the program goes.
fn on_event(app: &AppHandle, event: RunEvent) {
    if let RunEvent::WindowEvent { label, event: WindowEvent::CloseRequested { api, .. }, .. } = event
        && label == host::CONSOLE
    {
        api.prevent_close();
        let controller = app.state::<amberglass_app::Handle>().inner().clone();
        controller.host_event(HostEvent::QuitRequested);
        let app = app.clone();
        tauri::async_runtime::spawn(async move {
            controller.closed().await;
            app.exit(0);
        });
    }
}

//! The desktop shell: it wires the controller to Tauri's windows, the OS key store and the network, and decides nothing.
//!
//! Start reading at [`run`], then `host` and `session_window`.

mod appearance;
mod browser;
mod commands;
#[cfg(target_os = "linux")]
mod engine_sandbox;
mod environment;
mod failed_start;
mod file_choice;
mod host;
mod installation;
mod keychain;
mod log_file;
mod machine_policy;
mod notification;
mod own_pages;
mod preferences;
mod run_folder;
mod server_choice;
mod session_window;
mod single_instance;
mod tray;
mod tray_words;
mod waking;

use std::{io::Write as _, process::ExitCode, sync::Arc};

use amberglass_app::{Command, Controller, Ports, host::HostEvent, preferences::PreferenceStore as _};
use amberglass_backend_client::{HttpBackend, HttpBackendOptions, HttpServerLookup, Patience, RequestIds};
use amberglass_system::{OsEntropy, SystemClock};
use tauri::{AppHandle, Manager as _, RunEvent, WebviewUrl, WebviewWindowBuilder, WindowEvent};

use crate::{
    host::TauriHost,
    installation::Installation,
    keychain::OsKeychain,
    notification::Notifications,
    preferences::StoredPreferences,
    run_folder::{RunFolder, ThisRun},
    server_choice::Sources,
    session_window::Settled,
    tray::Tray,
};

/// How the program names itself to the server and in its records.
const CLIENT: &str = concat!("amberglass/", env!("CARGO_PKG_VERSION"));

/// Runs the console until it is closed.
pub fn run() -> ExitCode {
    environment::clean();
    #[cfg(target_os = "linux")]
    engine_sandbox::ask();
    single_instance::say_if_running();
    let built = tauri::Builder::default()
        .plugin(single_instance::plugin())
        .plugin(tauri_plugin_store::Builder::new().build())
        .plugin(tauri_plugin_notification::init())
        .invoke_handler(commands::handler())
        .setup(|app| {
            if let Err(error) = set_up(app.handle()) {
                failed_start::tell(&error);
                app.handle().exit(1);
            }
            Ok(())
        })
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

/// Why the program ends before it has begun. Nothing was sent and nothing was changed.
#[derive(Debug, thiserror::Error)]
enum SetUpError {
    #[error(transparent)]
    Installation(#[from] installation::InstallationError),
    #[error(transparent)]
    Preferences(#[from] preferences::PreferencesError),
    #[error(transparent)]
    MachinePolicy(#[from] machine_policy::MachinePolicyError),
    #[error(transparent)]
    ServerChoice(#[from] server_choice::ServerChoiceError),
    #[error("the log file cannot be written: {0}")]
    Log(#[from] tracing_appender::rolling::InitError),
    #[error("the folder for temporary files cannot be made: {0}")]
    RunFolder(#[source] std::io::Error),
    #[error("the server address {address} cannot be used: {reason}")]
    Server { address: String, reason: String },
    #[error("the window could not be made: {0}")]
    Window(#[from] tauri::Error),
}

fn set_up(app: &AppHandle) -> Result<(), SetUpError> {
    let installation = Installation::find(app)?;
    log_file::start(&installation.data_dir.join("logs"))?;
    #[cfg(target_os = "linux")]
    engine_sandbox::say();
    let machine = machine_policy::read(&machine_policy::path())?;
    let preferences = Arc::new(StoredPreferences::open(app, &installation.data_dir)?);
    let (server, server_url) = server_choice::choose(Sources {
        machine_policy: machine.server,
        environment: std::env::var("AMBERGLASS_SERVER").ok(),
        preferences: preferences.read().server,
    })?;
    tracing::info!(server = server.address, fixed = server.fixed, "the console works with this server");
    let options = HttpBackendOptions {
        server: server.address.clone(),
        proxy: None,
        client: CLIENT.to_owned(),
        patience: Patience::default(),
        request_ids: RequestIds::new(Arc::new(OsEntropy)),
    };
    let backend = HttpBackend::new(&options)
        .map_err(|error| SetUpError::Server { address: server.address.clone(), reason: error.to_string() })?;
    let backend = Arc::new(backend);
    let run_folder = RunFolder::make(&installation.cache_dir).map_err(SetUpError::RunFolder)?;
    let settled = Settled {
        run_dir: run_folder.path(),
        downloads_dir: installation.downloads_dir.clone(),
        copying: machine.clipboard,
    };
    tracing::info!(copying = ?settled.copying, "what may be copied out of a session");
    let tauri_host = Arc::new(TauriHost::new(app.clone(), settled));
    app.manage(ThisRun::new(run_folder));
    let appearance = preferences.read().view();
    // The controller spawns its tasks on Tauri's runtime, which this thread is not part of.
    let _runtime = tauri::async_runtime::handle().inner().enter();
    let controller = Controller::start(Ports {
        backend: backend.clone(),
        sink: backend,
        keychain: Arc::new(OsKeychain::new(installation.key_store_name(&server_url))),
        host: tauri_host.clone(),
        preferences,
        lookup: Arc::new(HttpServerLookup {
            proxy: None,
            client: CLIENT.to_owned(),
            patience: Patience::default(),
            request_ids: options.request_ids.clone(),
        }),
        server,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        data_dir: installation.data_of(&server_url),
        client: CLIENT.to_owned(),
        device_name: environment::device_name(),
    });
    tauri_host.connect(controller.clone());
    waking::listen(&controller);
    app.manage(controller.clone());
    Tray::start(app);
    Notifications::start(app, tauri_host.sink());
    let console = WebviewWindowBuilder::new(app, host::CONSOLE, WebviewUrl::App("console.html".into()))
        .title("Amberglass")
        .inner_size(1280.0, 800.0)
        .min_inner_size(900.0, 600.0)
        .devtools(false)
        .on_navigation(|url| url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost"))
        .build()?;
    own_pages::lighten(console.as_ref());
    appearance::apply(app, &appearance);
    // What was shown before the tray was there.
    controller.command(Command::RefreshView {});
    Ok(())
}

/// Closing the console means leaving: the controller ends the session first, then the program goes.
fn on_event(app: &AppHandle, event: RunEvent) {
    if let RunEvent::Exit = event
        && let Some(run) = app.try_state::<ThisRun>()
    {
        run.end();
    }
    if let RunEvent::WindowEvent { label, event: WindowEvent::CloseRequested { api, .. }, .. } = event
        && label == host::CONSOLE
    {
        api.prevent_close();
        quit(app);
    }
}

fn quit(app: &AppHandle) {
    let controller = app.state::<amberglass_app::Handle>().inner().clone();
    controller.host_event(HostEvent::QuitRequested);
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        controller.closed().await;
        app.exit(0);
    });
}

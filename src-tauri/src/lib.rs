//! The desktop shell: it wires the controller to Tauri's windows, the OS key store and the network, and decides nothing.
//!
//! Start reading at [`run`], then `host` and `session_window`.

mod appearance;
mod browser;
mod commands;
mod console_window;
mod desktop_services;
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
#[cfg(target_os = "linux")]
mod network_process;
mod notification;
mod own_pages;
mod preferences;
mod run_folder;
mod server_choice;
mod session_window;
mod single_instance;
mod start_links;
mod start_with_desktop;
mod surroundings;
#[cfg(target_os = "linux")]
mod toolkit_inspector;
mod tray;
mod tray_words;
mod waking;

use std::{io::Write as _, process::ExitCode, sync::Arc};

use amberglass_app::{Command, Controller, Ports, host::HostEvent, preferences::PreferenceStore as _};
use amberglass_backend_client::{HttpBackend, HttpBackendOptions, HttpServerLookup, Patience, RequestIds};
use amberglass_system::{OsEntropy, WaitingClock};
use tauri::{AppHandle, Manager as _, RunEvent, WindowEvent};

use crate::{
    desktop_services::Desktop,
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

/// In the data folder.
const LOGS: &str = "logs";

/// Runs the console until it is closed.
pub fn run() -> ExitCode {
    environment::clean();
    #[cfg(target_os = "linux")]
    engine_sandbox::ask();
    single_instance::say_if_running();
    // First, so that a second start hands its link on to the first.
    let builder = single_instance::add_to(tauri::Builder::default());
    let built = start_with_desktop::add_to(builder)
        .plugin(tauri_plugin_deep_link::init())
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
    log_file::start(&installation.data_dir.join(LOGS))?;
    #[cfg(target_os = "linux")]
    {
        engine_sandbox::say();
        toolkit_inspector::refuse();
    }
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
    app.manage::<console_window::Kept>(preferences.clone());
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
        clock: Arc::new(WaitingClock),
        entropy: Arc::new(OsEntropy),
        data_dir: installation.data_of(&server_url),
        log_dir: installation.data_dir.join(LOGS),
        preloads: environment::preloads(),
        client: CLIENT.to_owned(),
        device_name: environment::device_name(),
    });
    tauri_host.connect(controller.clone());
    waking::listen(&controller);
    start_links::follow(app, &controller);
    app.manage(controller.clone());
    Tray::start(app);
    Notifications::start(app, tauri_host.sink());
    Desktop::watch(app, tauri_host.sink());
    own_pages::still_caret();
    if !console_window::begins_at_rest(app) {
        console_window::open(app)?;
    }
    // What was shown before the tray was there.
    controller.command(Command::RefreshView {});
    Ok(())
}

/// What closing the console means is the controller's to say: it rests in the tray, or ends the session first and then the
/// program.
fn on_event(app: &AppHandle, event: RunEvent) {
    // The last window is gone. The program ends only where it says so itself, which comes with a code.
    if let RunEvent::ExitRequested { code: None, api, .. } = &event {
        api.prevent_exit();
    }
    // Somebody has started it again, or clicked it in the Dock, which the system tells the one that runs. Windows that are to be
    // seen it brings to the front by itself.
    #[cfg(target_os = "macos")]
    if let RunEvent::Reopen { has_visible_windows, .. } = &event
        && (!*has_visible_windows || console_window::rests(app))
        && app.try_state::<amberglass_app::Handle>().is_some()
    {
        console_window::raise(app);
    }
    if let RunEvent::Exit = event {
        if let Some(run) = app.try_state::<ThisRun>() {
            run.end();
        }
        host::start_again_if_asked(app);
    }
    if let RunEvent::WindowEvent { label, event: WindowEvent::CloseRequested { api, .. }, .. } = event
        && label == host::CONSOLE
    {
        api.prevent_close();
        app.state::<amberglass_app::Handle>().host_event(HostEvent::ConsoleCloseRequested);
    }
}

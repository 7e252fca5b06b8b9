//! The handlers of the command table: each only turns its arguments into a `Command` and hands it to the controller.

use amberglass_app::{Command, Handle, view::PreferencesView};
use amberglass_wire::{
    CustomerId, DeviceId, EventId, PortalId, RequestId, SessionId,
    approval::{Scope, Verdict},
    audit::TrailFormat,
    break_glass::ReviewOutcome,
    session::{Mode, Reason},
};
use tauri::{Runtime, State, ipc::Invoke};

include!("../../crates/app/src/command_table.rs");

macro_rules! handlers {
    ($($description:literal $name:ident $variant:ident { $($argument:ident : $type:ty),* } [$($webview:ident),*];)*) => {
        $(
            #[doc = $description]
            #[tauri::command]
            fn $name(controller: State<'_, Handle>, $($argument: $type),*) {
                controller.command(Command::$variant { $($argument),* });
            }
        )*

        /// All handlers, for Tauri's builder. Who may call which is in `src-tauri/capabilities`.
        pub fn handler<R: Runtime>() -> impl Fn(Invoke<R>) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$($name),*]
        }
    };
}
command_table!(handlers);

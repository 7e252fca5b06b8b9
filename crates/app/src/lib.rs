//! The console's controller: one actor that owns the state, takes one kind of input and acts through ports.
//!
//! Never draws, never speaks HTTP and never reads a clock: windows, server, keyring, time and randomness are ports, so the
//! tests run the same controller as the product. The UI gets one [`view::ConsoleView`] after each change and decides
//! nothing; the session window gets a [`view::SessionWindowView`]. What must be on record is in the journal before it takes
//! effect; where that fails, the effect does not take place.
//!
//! Start reading at [`controller`], then [`session_start`](self) and `session_run`.

mod actions;
mod alarms;
mod approvals;
pub mod commands;
mod connection;
mod controller;
mod delivering;
mod device;
mod devices;
mod diagnostics;
mod elevating;
mod errors;
mod export;
mod extending;
mod finding;
mod first_run;
mod fresh_sign_in;
pub mod host;
mod input;
mod journal_keeping;
pub mod kept_file;
mod leaving;
mod live;
mod loopback;
mod news;
mod notices;
mod own_record;
pub mod preferences;
mod present;
mod queue;
mod quiet_hours;
mod recent;
mod recorder;
mod recovered;
mod reviews;
mod server_clock;
mod session_end;
mod session_run;
mod session_start;
mod settings;
mod sign_in;
pub mod start_link;
mod tokens;
mod trail;
#[cfg(test)]
mod typescript;
mod unmasking;
pub mod view;

pub use commands::{Command, Webview};
pub use controller::{Controller, Handle, Ports};
pub use notices::waits_for_you;

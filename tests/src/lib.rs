//! The whole product on one machine, for the demo and for tests in real windows: server and portal as processes, a desk
//! without a screen (X server, window manager, message bus, key store), and the console driven as a person drives it.
//!
//! Never part of what is shipped. Start reading at [`stack`] and [`desk`]; for the stories, which run all of it in
//! one process under a clock moved by hand, at [`world`].

pub mod attack_stage;
pub mod bench;
pub mod breaking_line;
pub mod browser;
pub mod by_keyboard;
pub mod console;
pub mod crash;
pub mod desk;
pub mod gateway_front;
pub mod login;
pub mod main_job;
pub mod picture;
pub mod portal_window;
pub mod process;
pub mod revocation;
pub mod screen_reader;
pub mod stack;
pub mod staff;
pub mod tray_host;
pub mod wayland;
pub mod workplace;
pub mod world;
pub mod world_console;
pub mod world_host;
pub mod world_keychain;
pub mod world_line;
pub mod world_preferences;
pub mod world_record;

//! The whole product on one machine, for the demo and for tests in real windows: server and portal as processes, a desk
//! without a screen (X server, window manager, message bus, key store), and the console driven as a person drives it.
//!
//! Never part of what is shipped. Start reading at [`stack`] and [`desk`].

pub mod browser;
pub mod console;
pub mod desk;
pub mod main_job;
pub mod picture;
pub mod portal_window;
pub mod process;
pub mod stack;
pub mod staff;
pub mod workplace;

//! What the product costs on this machine: how long a start takes, and how much memory it holds, each beside the plainest
//! thing that does the same.
//!
//! Start reading at [`start`]. One clock tells all times: that of the bench. Nothing here asserts; it measures and says.

mod bare_window;
mod chromium;
mod door;
mod family;
mod figures;
mod film;
mod identity;
mod machine;
mod memory;
mod pairs;
pub mod start;
mod ui_pages;

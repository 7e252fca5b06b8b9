//! What the product costs on this machine: how long a start takes, and how much memory it holds, each beside the plainest
//! thing that does the same; and how soon a page is covered, beside what is promised.
//!
//! Start reading at [`start`] and [`revocation`]. One clock tells all times: that of the bench.

mod bare_window;
mod chromium;
mod door;
mod family;
mod figures;
mod film;
mod identity;
mod lane;
mod machine;
mod memory;
mod pairs;
pub mod revocation;
pub mod start;
mod ui_pages;

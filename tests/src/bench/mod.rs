//! What the product costs on this machine: how long a start takes, and how much memory it holds, each beside the plainest
//! thing that does the same; and how soon a page is covered, beside what is promised.
//!
//! How fast the record is written and checked, beside the same work without what we add. How soon many consoles hear of
//! something. What the gateway costs, beside nginx, and what replicas add. How soon a long record answers, beside what is aimed at.
//! What the installed console costs its person's computer.
//!
//! Start reading at [`start`], [`desktop`], [`revocation`], [`decision`], [`journal`], [`drain`], [`verify`], [`push`], [`gateway`], [`replicas`] and [`audit`]. One clock tells all
//! times: that of the bench.

pub mod audit;
mod audit_fill;
mod audit_rows;
mod bare_window;
mod chromium;
pub mod crash;
mod crowd;
pub mod decision;
pub mod desktop;
mod desktop_side;
mod door;
pub mod drain;
mod family;
mod figures;
mod film;
pub mod gateway;
mod identity;
pub mod journal;
mod lane;
mod load;
pub mod machine;
mod memory;
mod nginx;
mod pairs;
pub mod push;
mod raw_rows;
pub mod replicas;
mod resting;
pub mod revocation;
mod site;
pub mod start;
mod ui_pages;
pub mod verify;
mod wakeups;

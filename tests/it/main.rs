//! Stories of the whole product, with the real server over sockets and the real controller.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod answers_on_the_way;
mod at_the_desk;
mod console_killed;
mod damaged_journal;
mod ended_by_others;
mod ending;
mod extending;
mod first_run;
mod fresh_sign_in;
mod journal_key;
mod journal_killed;
mod mortal_server;
mod network;
mod one_write;
mod record;
mod recovery;
mod revoking;
mod server_killed;
mod start;
mod start_link;
mod telling;
mod time;
mod unmasking;
mod watching;

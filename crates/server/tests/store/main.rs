//! What the rest of the server relies on the store for, and the database itself has to hold: on SQLite, and with
//! `AMBERGLASS_TEST_ENGINE=postgres` on PostgreSQL. Two stores on one database stand for two processes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod audit;
mod bench;
mod credentials;
mod lists;
mod migrations;
mod sessions;
mod switches;
mod transactions;

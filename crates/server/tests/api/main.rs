//! The control API over real sockets: a real server, the sample portal behind it, consoles with keys of their own, and
//! a clock that is moved by hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod alarms;
mod any_request;
mod approval_guards;
mod approval_races;
mod approval_refusals;
mod approvals;
mod asking;
mod beats;
mod break_glass;
mod captured_log;
mod chain_heads;
mod checkpoints;
mod commands;
mod customers;
mod devices;
mod elevation;
mod elevation_by_now;
mod elevation_refused;
mod emergency;
mod endings;
mod entry;
mod events;
mod export;
mod extend;
mod faults;
mod gone;
mod gone_requests;
mod journal;
mod lifetime;
mod logs;
mod made_up;
mod metrics;
mod news;
mod observed;
mod openapi;
mod openid_connect;
mod openid_provider;
mod operator;
mod portal_api;
mod portal_stop;
mod problems;
mod program;
mod race;
mod reconciliation;
mod record;
mod recover;
mod second_factor;
mod sign_in;
mod start;
mod tokens;
mod trail;
mod witnesses;
mod world;

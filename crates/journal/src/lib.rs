//! The console's journal: an append-only queue of audit events on SQLite, and the syncer that delivers it.
//!
//! A record is on the disk before the action that it tells of takes effect: [`Journal::append`] returns when the row is
//! durable, and if it fails the action must fail. Records are chained (`domain::chain`), their bodies are encrypted at
//! rest, and they are delivered in order and idempotently by the [`Syncer`].
//!
//! It must never change or delete a record (triggers in `migrations/journal` hold that), never repair a broken chain by
//! itself, and never know how a batch travels: that is behind the `JournalSink` port.
//!
//! Start reading at [`Journal`], then `writer` (the one task that writes) and [`Syncer`].

mod delivery;
mod disk;
mod error;
mod journal;
mod key;
mod open;
mod recovery;
mod replace;
mod scribe;
mod seal;
mod store;
mod syncer;
mod witness;
mod writer;

#[cfg(test)]
mod tests;

pub use delivery::{Delivery, HoldReason, classify};
pub use disk::free_bytes;
pub use error::JournalError;
pub use journal::{Appended, Journal, JournalOptions, QueueStatus, Tidied};
pub use key::JournalKey;
pub use recovery::Recovery;
pub use replace::{Opened, Replaced, open_or_replace, replace};
pub use syncer::{NextAttempt, Progress, SyncOutcome, Syncer};

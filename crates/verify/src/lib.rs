//! Checks an export of the audit log without a server and without a network: whether each writer's chain is whole, and
//! where it breaks.
//!
//! What is believed are the keys that the reader brings along, never anything in the export. A break never ends the
//! check: what stands behind it is looked at too, so that every damaged place is named.
//!
//! Start reading at [`verify`], then `chain` (one writer's records as they pass), `approval` and `requests` (who was allowed
//! what, and by whose signature) and `fault` (what can be wrong).

mod approval;
mod chain;
mod fault;
mod lines;
mod passed;
mod report;
mod requests;
mod signed;
mod signed_in;
mod verify;

pub use fault::{Fault, Place};
pub use report::{ChainReport, Report};
pub use verify::{ReadError, Witnesses, verify, witnesses};

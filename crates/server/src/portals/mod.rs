//! What the operator does with portals while servers run: switch one off and on, hand out its keys, look whether it answers
//! and keeps the contract.

mod check;
pub mod conformance;
mod keys;
mod switch;

pub use check::{Finding, check};
pub use keys::{AddedKey, KEY_PREFIX, add_key, revoke_key};
pub use switch::{disable, enable};
pub(crate) use switch::{disable_in, enable_in};

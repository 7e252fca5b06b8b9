//! Portals: what the operator does with them while servers run (switch one off and on, hand out its keys, look whether it
//! answers and keeps the contract), and the rules that are in force for each.

mod check;
pub mod conformance;
mod keys;
mod rules;
mod switch;

pub use check::{Finding, check};
pub use keys::{AddedKey, KEY_PREFIX, add_key, revoke_key};
pub use rules::{Look, Rules, RulesFileError, RulesInForce};
pub use switch::{disable, enable};
pub(crate) use switch::{disable_in, enable_in};

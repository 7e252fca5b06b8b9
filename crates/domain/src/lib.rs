//! The rules of Amberglass, without I/O, and the ports through which the outside comes in.
//!
//! Never reads a clock, never opens a file or a socket, never draws a random number: all of that arrives
//! through [`ports`]. What is decided here is decided nowhere else: whether a request may pass
//! ([`read_only`]), where the locked webview may go ([`navigation`]), what a reason must look like
//! ([`reason`]), how records are chained ([`chain`]), what devices sign ([`signing`]), what is signed of
//! a chain's end ([`checkpoint`]) and what may go from a chain ([`erasure`]).
//!
//! Start reading at [`chain`] and [`read_only`].

pub mod approval;
pub mod chain;
pub mod checkpoint;
pub mod content;
pub mod device_key;
pub mod erasure;
pub mod file_name;
pub mod kept_request;
pub mod navigation;
pub mod ports;
pub mod read_only;
pub mod reason;
pub mod recovery;
pub mod redaction;
pub mod session_code;
pub mod signing;
pub mod spreadsheet;
pub mod websocket;

//! The salon's sample data: two hundred invented customers, the same ones at every start.
//!
//! Only the dates move, with the time the portal was started, so that "next Tuesday" is always ahead.

mod draw;
mod model;
mod names;
mod seed;
mod wording;

pub use model::{
    Address, Appointment, AppointmentState, Customer, Invoice, InvoiceLine, Look, Message, Pet, SERVICES, Sender,
    Service, Species, TIMES,
};
pub use seed::customers;

pub const DAY_MS: i64 = 86_400_000;

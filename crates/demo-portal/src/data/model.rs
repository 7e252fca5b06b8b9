//! What the salon knows about a customer. Sums are in cents, times in milliseconds since 1970 UTC.

use serde::Serialize;

use crate::portal::UnixMillis;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// "1001" to "1200".
    pub id: String,
    pub name: String,
    pub email: String,
    pub phone: String,
    /// For the support policy, never shown to the customer: `standard`, `gold`, `sensitive`.
    pub class: &'static str,
    pub plan: Option<&'static str>,
    pub since: UnixMillis,
    pub active: bool,
    pub address: Address,
    pub pets: Vec<Pet>,
    pub appointments: Vec<Appointment>,
    pub invoices: Vec<Invoice>,
    pub messages: Vec<Message>,
    pub password_changed: Option<UnixMillis>,
    /// Argon2id; `None` as long as the sample password stands (`barkside-` and the customer's number).
    pub password_hash: Option<[u8; 32]>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Address {
    pub street: String,
    pub postcode: String,
    pub city: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pet {
    pub id: u64,
    pub name: &'static str,
    pub species: Species,
    pub breed: &'static str,
    pub age_years: u64,
    pub weight_hectograms: u64,
    pub coat_care: &'static str,
    pub groomer_note: &'static str,
    pub look: Look,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Species {
    Dog,
    Cat,
    Rabbit,
}

impl Species {
    pub fn word(self) -> &'static str {
        match self {
            Self::Dog => "dog",
            Self::Cat => "cat",
            Self::Rabbit => "rabbit",
        }
    }
}

/// All that the drawing of a pet depends on, and nothing about whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub species: Species,
    pub coat: u8,
    pub shape: u8,
    pub ground: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Appointment {
    pub id: u64,
    pub pet: u64,
    pub pet_name: &'static str,
    pub service: &'static str,
    pub minutes: u64,
    pub price_cents: u64,
    pub groomer: &'static str,
    pub at: UnixMillis,
    pub state: AppointmentState,
    pub note: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AppointmentState {
    Booked,
    Done,
    Cancelled,
}

/// What the salon offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Service {
    pub key: &'static str,
    pub name: &'static str,
    pub minutes: u64,
    pub price_cents: u64,
}

pub const SERVICES: [Service; 6] = [
    Service { key: "full-groom", name: "Full groom", minutes: 120, price_cents: 8_900 },
    Service { key: "bath-brush", name: "Bath and brush", minutes: 60, price_cents: 4_800 },
    Service { key: "de-shed", name: "De-shedding treatment", minutes: 90, price_cents: 6_400 },
    Service { key: "nail-trim", name: "Nail trim", minutes: 20, price_cents: 1_800 },
    Service { key: "teeth", name: "Teeth clean", minutes: 30, price_cents: 2_600 },
    Service { key: "first-visit", name: "First visit", minutes: 45, price_cents: 3_200 },
];

/// When an appointment may begin.
pub const TIMES: [&str; 8] = ["09:00", "09:45", "10:30", "11:15", "13:00", "14:00", "15:15", "16:30"];

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invoice {
    pub id: u64,
    pub issued: UnixMillis,
    pub due: UnixMillis,
    pub lines: Vec<InvoiceLine>,
    pub total_cents: u64,
    pub paid: Option<UnixMillis>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InvoiceLine {
    pub what: String,
    pub cents: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    pub id: u64,
    pub from: Sender,
    pub subject: String,
    pub body: String,
    pub sent: UnixMillis,
    pub read: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sender {
    Salon,
    Customer,
}

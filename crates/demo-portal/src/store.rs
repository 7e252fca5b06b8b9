//! The data in memory, and every change that can be made to it.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Weekday};

use crate::{
    data::{Address, Appointment, AppointmentState, Customer, DAY_MS, Invoice, Message, SERVICES, Sender, TIMES},
    portal::UnixMillis,
};

/// How far ahead the salon takes bookings.
pub(crate) const BOOKABLE_DAYS: i64 = 180;

/// Why a change was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Not there, or not this customer's: the answer does not tell which.
    NotFound,
    /// It was there, but is no longer in a state in which this can be done.
    TooLate(&'static str),
    /// What was sent cannot be taken; the words say what to do.
    Invalid(&'static str),
}

#[derive(Clone, Debug)]
pub(crate) struct Booking {
    pub pet: u64,
    pub service: String,
    pub date: String,
    pub time: String,
    pub note: String,
}

pub(crate) struct Store {
    customers: BTreeMap<String, Customer>,
}

impl Store {
    pub fn new(customers: BTreeMap<String, Customer>) -> Self {
        Self { customers }
    }

    pub fn customer(&self, id: &str) -> Option<&Customer> {
        self.customers.get(id)
    }

    pub fn all(&self) -> impl Iterator<Item = &Customer> {
        self.customers.values()
    }

    fn customer_mut(&mut self, id: &str) -> Result<&mut Customer, Refusal> {
        self.customers.get_mut(id).ok_or(Refusal::NotFound)
    }

    pub fn book(&mut self, customer: &str, booking: &Booking, now: UnixMillis) -> Result<(), Refusal> {
        let customer = self.customer_mut(customer)?;
        let pet = customer.pets.iter().find(|pet| pet.id == booking.pet);
        let pet = pet.ok_or(Refusal::Invalid("Choose which of your pets is coming."))?;
        let service = SERVICES.iter().find(|service| service.key == booking.service);
        let service = service.ok_or(Refusal::Invalid("Choose a service from the list."))?;
        let at = booked_time(&booking.date, &booking.time, now)?;
        let taken = |visit: &Appointment| visit.at == at && visit.state == AppointmentState::Booked;
        if customer.appointments.iter().any(taken) {
            return Err(Refusal::Invalid("You already have an appointment at that time. Choose another."));
        }
        let note = limited(&booking.note, 300, Refusal::Invalid("Keep the note under 300 characters."))?;
        let appointment = Appointment {
            id: next_id(customer, customer.appointments.iter().map(|visit| visit.id)),
            pet: pet.id,
            pet_name: pet.name,
            service: service.name,
            minutes: service.minutes,
            price_cents: service.price_cents,
            groomer: "Mira",
            at,
            state: AppointmentState::Booked,
            note,
        };
        customer.appointments.push(appointment);
        Ok(())
    }

    pub fn cancel(&mut self, customer: &str, id: u64, now: UnixMillis) -> Result<Appointment, Refusal> {
        let customer = self.customer_mut(customer)?;
        let visit = customer.appointments.iter_mut().find(|visit| visit.id == id).ok_or(Refusal::NotFound)?;
        match visit.state {
            AppointmentState::Cancelled => {
                return Err(Refusal::TooLate("This appointment was already cancelled."));
            }
            AppointmentState::Done => {
                return Err(Refusal::TooLate("This appointment has already taken place."));
            }
            AppointmentState::Booked if visit.at <= now => {
                return Err(Refusal::TooLate("This appointment has already begun. Please call the salon."));
            }
            AppointmentState::Booked => visit.state = AppointmentState::Cancelled,
        }
        Ok(visit.clone())
    }

    pub fn pay(&mut self, customer: &str, id: u64, now: UnixMillis) -> Result<Invoice, Refusal> {
        let customer = self.customer_mut(customer)?;
        let invoice = customer.invoices.iter_mut().find(|invoice| invoice.id == id).ok_or(Refusal::NotFound)?;
        if invoice.paid.is_some() {
            return Err(Refusal::TooLate("This invoice was already paid. Nothing was charged again."));
        }
        invoice.paid = Some(now);
        Ok(invoice.clone())
    }

    pub fn send_message(
        &mut self,
        customer: &str,
        subject: &str,
        body: &str,
        now: UnixMillis,
    ) -> Result<Message, Refusal> {
        let customer = self.customer_mut(customer)?;
        let subject = limited(subject, 120, Refusal::Invalid("Keep the subject under 120 characters."))?;
        let body = limited(body, 4_000, Refusal::Invalid("Keep the message under 4,000 characters."))?;
        if body.is_empty() {
            return Err(Refusal::Invalid("Write a message first."));
        }
        let message = Message {
            id: next_id(customer, customer.messages.iter().map(|message| message.id)),
            from: Sender::Customer,
            subject: if subject.is_empty() { "A question".to_owned() } else { subject },
            body,
            sent: now,
            read: true,
        };
        customer.messages.push(message.clone());
        Ok(message)
    }

    pub fn open_message(&mut self, customer: &str, id: u64) -> Result<(), Refusal> {
        let customer = self.customer_mut(customer)?;
        let message = customer.messages.iter_mut().find(|message| message.id == id).ok_or(Refusal::NotFound)?;
        message.read = true;
        Ok(())
    }

    pub fn has_message(&self, customer: &str, id: u64) -> Result<(), Refusal> {
        let customer = self.customer(customer).ok_or(Refusal::NotFound)?;
        customer.messages.iter().find(|message| message.id == id).map(|_| ()).ok_or(Refusal::NotFound)
    }

    pub fn change_address(&mut self, customer: &str, address: &Address) -> Result<(), Refusal> {
        let too_long = || Refusal::Invalid("Keep each line under 100 characters.");
        let address = Address {
            street: limited(&address.street, 100, too_long())?,
            postcode: limited(&address.postcode, 100, too_long())?,
            city: limited(&address.city, 100, too_long())?,
        };
        if address.street.is_empty() || address.postcode.is_empty() || address.city.is_empty() {
            return Err(Refusal::Invalid("Fill in street, postcode and town."));
        }
        self.customer_mut(customer)?.address = address;
        Ok(())
    }

    pub fn change_password(&mut self, customer: &str, hash: [u8; 32], now: UnixMillis) -> Result<(), Refusal> {
        let customer = self.customer_mut(customer)?;
        customer.password_hash = Some(hash);
        customer.password_changed = Some(now);
        Ok(())
    }
}

/// Above all ids of the customer's own kind, so that none is ever used twice.
fn next_id(customer: &Customer, ids: impl Iterator<Item = u64>) -> u64 {
    let lowest = customer.id.parse::<u64>().unwrap_or(0) * 100;
    ids.max().unwrap_or(lowest) + 1
}

fn limited(text: &str, most: usize, refusal: Refusal) -> Result<String, Refusal> {
    let text = text.trim();
    if text.chars().count() > most { Err(refusal) } else { Ok(text.to_owned()) }
}

fn booked_time(date: &str, time: &str, now: UnixMillis) -> Result<UnixMillis, Refusal> {
    let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").map_err(|_| Refusal::Invalid("Choose a date."))?;
    if !TIMES.contains(&time) {
        return Err(Refusal::Invalid("Choose one of the times in the list."));
    }
    let time = NaiveTime::parse_from_str(time, "%H:%M").map_err(|_| Refusal::Invalid("Choose a time."))?;
    if date.weekday() == Weekday::Sun {
        return Err(Refusal::Invalid("We are closed on Sundays. Choose another day."));
    }
    let at = NaiveDateTime::new(date, time).and_utc().timestamp_millis();
    let latest =
        DateTime::from_timestamp_millis(now + BOOKABLE_DAYS * DAY_MS).map_or(now, |day| day.timestamp_millis());
    if at <= now {
        return Err(Refusal::Invalid("That time has passed. Choose a later one."));
    }
    if at > latest {
        return Err(Refusal::Invalid("We take bookings up to six months ahead. Choose an earlier day."));
    }
    Ok(at)
}

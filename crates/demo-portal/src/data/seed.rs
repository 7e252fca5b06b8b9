//! Making the two hundred.

use std::collections::BTreeMap;

use super::{
    DAY_MS,
    draw::{Draw, nth},
    model::{
        Address, Appointment, AppointmentState, Customer, Invoice, InvoiceLine, Look, Message, Pet, SERVICES, Sender,
        Service, Species, TIMES,
    },
    names::{FIRST, GROOMERS, LAST, PETS, PLANS, STREETS, TOWNS},
    wording::{FROM_CUSTOMER, FROM_SALON, NOTES, WISHES, breeds},
};
use crate::portal::UnixMillis;

const FIRST_ID: u64 = 1001;
const COUNT: u64 = 200;
const JANE_DOE: u64 = 1042;
const JANET_MOE: u64 = 1077;

/// What those come for who have been here before: all but the first visit.
const REGULAR: &[Service] = match SERVICES.split_last() {
    Some((_first_visit, regular)) => regular,
    None => &[],
};

/// The salon is closed on Sundays. 1970-01-01 was a Thursday.
const SUNDAY: i64 = 3;

/// All customers by id, with dates around `start`.
pub fn customers(start: UnixMillis) -> BTreeMap<String, Customer> {
    let midnight = start - start.rem_euclid(DAY_MS);
    (FIRST_ID..FIRST_ID + COUNT).map(|id| (id.to_string(), customer(id, start, midnight))).collect()
}

/// Customers that the demo, the documentation and the tests count on.
fn named(id: u64) -> Option<(&'static str, &'static str)> {
    match id {
        JANE_DOE => Some(("Jane Doe", "jane.doe@example.com")),
        JANET_MOE => Some(("Janet Moe", "jmoe@example.com")),
        1090 => Some(("Helena Marsh", "office@helena-marsh.example")),
        // A name that breaks every page which forgets to escape.
        1199 => Some(("Rory O'Neil <script>", "rory.oneil@example.com")),
        _ => None,
    }
}

fn class(id: u64) -> &'static str {
    match id {
        JANE_DOE => "gold",
        JANET_MOE => "standard",
        1090 | 1158 => "sensitive",
        id if id % 8 == 3 => "gold",
        _ => "standard",
    }
}

fn customer(id: u64, start: UnixMillis, midnight: UnixMillis) -> Customer {
    let mut draw = Draw::new(id);
    let n = id - FIRST_ID;
    let (first, first_ascii) = nth(&FIRST, n);
    let (last, last_ascii) = nth(&LAST, n * 7 + n / FIRST.len() as u64);
    let (name, email) = match named(id) {
        Some((name, email)) => (name.to_owned(), email.to_owned()),
        None => (format!("{first} {last}"), format!("{first_ascii}.{last_ascii}@example.com")),
    };
    let (postcode, city) = draw.pick(&TOWNS);
    let address = Address {
        street: format!("{} {}", 1 + draw.below(140), draw.pick(&STREETS)),
        postcode: postcode.to_owned(),
        city: city.to_owned(),
    };
    let phone = format!("555 01{:02} {:03}", draw.below(100), draw.below(1000));
    let plan = if id == JANE_DOE { Some("Fresh Coat") } else { draw.pick(&PLANS) };
    let since = midnight - (90 + draw.below(2_400) as i64) * DAY_MS;
    let pets = pets(id, &mut draw);
    let past = past_visits(id, &pets, midnight, &mut draw);
    let upcoming = upcoming_visits(id, &pets, midnight, &mut draw, past.len() as u64);
    let invoices = invoices(id, &past, midnight);
    let greeting = name.split(' ').next().unwrap_or_default().to_owned();
    let pet = pets.first().map_or("your pet", |pet| pet.name);
    let messages = messages(id, &greeting, pet, start, &mut draw);
    Customer {
        id: id.to_string(),
        name,
        email,
        phone,
        class: class(id),
        plan,
        since,
        active: !matches!(id, 1013 | 1066 | 1131 | 1188),
        address,
        pets,
        appointments: past.into_iter().chain(upcoming).collect(),
        invoices,
        messages,
        password_changed: None,
        password_hash: None,
    }
}

/// Ids of what belongs to a customer carry the customer's number, so no two customers share one.
fn own_id(customer: u64, n: u64) -> u64 {
    customer * 100 + n
}

fn pets(id: u64, draw: &mut Draw) -> Vec<Pet> {
    let count = if id == JANE_DOE { 2 } else { 1 + [0, 0, 1, 1, 2].get(draw.below(5) as usize).copied().unwrap_or(0) };
    let first_name = draw.below(PETS.len() as u64);
    let first_note = draw.next() % NOTES.len() as u64;
    (0..count)
        .map(|n| {
            let species = match (id, n, draw.below(10)) {
                (JANE_DOE, 0, _) => Species::Dog,
                (JANE_DOE, _, _) => Species::Cat,
                (_, _, 0..=5) => Species::Dog,
                (_, _, 6..=8) => Species::Cat,
                (_, _, _) => Species::Rabbit,
            };
            let breed_at = draw.next() % breeds(species).len() as u64;
            let (breed, coat_care) = nth(breeds(species), breed_at);
            let weight_hectograms = match species {
                Species::Dog => 60 + draw.below(220),
                Species::Cat => 32 + draw.below(40),
                Species::Rabbit => 14 + draw.below(16),
            };
            Pet {
                id: own_id(id, n + 1),
                // Eleven apart: two pets of one customer never share a name.
                name: nth(&PETS, first_name + n * 11),
                species,
                breed,
                age_years: 1 + draw.below(12),
                weight_hectograms,
                coat_care,
                groomer_note: nth(&NOTES, first_note + n * 3),
                look: Look {
                    species,
                    coat: draw.below(6) as u8,
                    shape: (breed_at % 3) as u8,
                    ground: ((id + n * 2) % 5) as u8,
                },
            }
        })
        .collect()
}

fn at(midnight: UnixMillis, days: i64, time: u64) -> UnixMillis {
    let mut day = midnight + days * DAY_MS;
    if (day / DAY_MS).rem_euclid(7) == SUNDAY {
        day += DAY_MS;
    }
    day + minutes_of(nth(&TIMES, time)) * 60_000
}

fn minutes_of(time: &str) -> i64 {
    let (hours, minutes) = time.split_once(':').unwrap_or_default();
    hours.parse::<i64>().unwrap_or(9) * 60 + minutes.parse::<i64>().unwrap_or(0)
}

fn visit(id: u64, n: u64, pet: &Pet, service: Service, at: UnixMillis, draw: &mut Draw) -> Appointment {
    Appointment {
        id: own_id(id, n),
        pet: pet.id,
        pet_name: pet.name,
        service: service.name,
        minutes: service.minutes,
        price_cents: service.price_cents,
        groomer: draw.pick(&GROOMERS),
        at,
        state: AppointmentState::Booked,
        note: draw.pick(&WISHES).to_owned(),
    }
}

/// Oldest first, the last one at least a week ago.
fn past_visits(id: u64, pets: &[Pet], midnight: UnixMillis, draw: &mut Draw) -> Vec<Appointment> {
    let count = if id == JANE_DOE { 5 } else { 3 + draw.below(3) };
    (0..count)
        .filter_map(|n| {
            let pet = pets.get((n % pets.len().max(1) as u64) as usize)?;
            let days = -(10 + (count - 1 - n) as i64 * 46 + draw.below(9) as i64);
            let service = draw.pick(REGULAR);
            let mut visit = visit(id, n + 1, pet, service, at(midnight, days, draw.next()), draw);
            visit.state = if n == 1 && id % 4 == 2 { AppointmentState::Cancelled } else { AppointmentState::Done };
            Some(visit)
        })
        .collect()
}

/// One or two ahead; every ninth customer has none.
fn upcoming_visits(id: u64, pets: &[Pet], midnight: UnixMillis, draw: &mut Draw, after: u64) -> Vec<Appointment> {
    let count = if id == JANE_DOE {
        2
    } else if id % 9 == 4 {
        0
    } else {
        1 + draw.below(2)
    };
    (0..count)
        .filter_map(|n| {
            let pet = pets.get((n % pets.len().max(1) as u64) as usize)?;
            let days = 3 + draw.below(8) as i64 + n as i64 * 21;
            let service = draw.pick(REGULAR);
            Some(visit(id, after + n + 1, pet, service, at(midnight, days, draw.next()), draw))
        })
        .collect()
}

/// One for every visit that took place; the newest is open for most, all older ones are paid.
fn invoices(id: u64, past: &[Appointment], midnight: UnixMillis) -> Vec<Invoice> {
    let done = || past.iter().filter(|visit| visit.state == AppointmentState::Done);
    let newest = done().map(|visit| visit.id).max();
    done()
        .enumerate()
        .map(|(n, visit)| {
            let mut lines =
                vec![InvoiceLine { what: format!("{}, {}", visit.service, visit.pet_name), cents: visit.price_cents }];
            if visit.id % 3 == 0 {
                lines.push(InvoiceLine { what: "Paw balm, 50 ml".to_owned(), cents: 950 });
            }
            let open = Some(visit.id) == newest && (id == JANE_DOE || id % 4 != 1);
            let issued = visit.at + 3 * 3_600_000;
            Invoice {
                id: own_id(id, n as u64 + 1),
                issued,
                due: midnight - (midnight - issued) / DAY_MS * DAY_MS + 21 * DAY_MS,
                total_cents: lines.iter().map(|line| line.cents).sum(),
                lines,
                paid: if open { None } else { Some(issued + 2 * DAY_MS) },
            }
        })
        .collect()
}

/// Oldest first; the newest comes from the salon and is unread.
fn messages(id: u64, name: &str, pet: &str, start: UnixMillis, draw: &mut Draw) -> Vec<Message> {
    let filled = |text: &str| text.replace("{pet}", pet).replace("{name}", name);
    let first = draw.next();
    let count = 3 + draw.below(3);
    (0..count)
        .map(|n| {
            let newest = n + 1 == count;
            let from = if !newest && n % 2 == 1 { Sender::Customer } else { Sender::Salon };
            let (subject, body) = match from {
                Sender::Salon => nth(&FROM_SALON, first % 6 + n),
                Sender::Customer => nth(&FROM_CUSTOMER, first % 3 + n / 2),
            };
            let hours_ago = 4 + draw.below(20) as i64 + (count - 1 - n) as i64 * 24 * 17;
            Message {
                id: own_id(id, n + 1),
                from,
                subject: filled(subject),
                body: filled(body),
                sent: start - hours_ago * 3_600_000 - draw.below(55) as i64 * 60_000,
                read: !newest,
            }
        })
        .collect()
}

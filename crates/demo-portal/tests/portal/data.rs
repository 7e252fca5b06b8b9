use std::collections::BTreeSet;

use amberglass_demo_portal::data::{AppointmentState, DAY_MS, customers};

use crate::gateway::START;

#[test]
fn the_same_start_gives_the_same_customers_and_a_later_one_only_moves_the_dates() {
    let first = customers(START);
    assert_eq!(first, customers(START));
    let later = customers(START + 7 * DAY_MS);
    for (id, customer) in &first {
        let moved = &later[id];
        assert_eq!((&customer.name, &customer.pets, &customer.address), (&moved.name, &moved.pets, &moved.address));
        let visits = |all: &[amberglass_demo_portal::data::Appointment], by: i64| -> Vec<i64> {
            all.iter().map(|visit| visit.at + by).collect()
        };
        assert_eq!(visits(&customer.appointments, 7 * DAY_MS), visits(&moved.appointments, 0));
    }
}

#[test]
fn there_are_two_hundred_customers_with_names_addresses_and_ids_of_their_own() {
    let all = customers(START);
    let ids: Vec<_> = all.keys().cloned().collect();
    assert_eq!(ids, (1001..=1200).map(|id| id.to_string()).collect::<Vec<_>>());
    assert_eq!(all.values().map(|one| &one.name).collect::<BTreeSet<_>>().len(), 200);
    assert_eq!(all.values().map(|one| &one.email).collect::<BTreeSet<_>>().len(), 200);
    assert_eq!((all["1042"].name.as_str(), all["1042"].class), ("Jane Doe", "gold"));
    assert_eq!((all["1077"].name.as_str(), all["1077"].class), ("Janet Moe", "standard"));
    assert!(all["1199"].name.contains("O'Neil <script>"));
    assert_eq!(all.values().filter(|one| !one.active).count(), 4);
    assert!(all.values().any(|one| one.class == "sensitive"));
    assert!(all.values().all(|one| one.email.is_ascii()));
}

#[test]
fn what_belongs_to_customers_has_ids_of_its_own_and_sensible_dates() {
    let all = customers(START);
    let mut visits = BTreeSet::new();
    for customer in all.values() {
        assert!(!customer.pets.is_empty() && customer.pets.len() <= 3, "{}", customer.id);
        let names: BTreeSet<_> = customer.pets.iter().map(|pet| pet.name).collect();
        assert_eq!(names.len(), customer.pets.len(), "{}", customer.id);
        for visit in &customer.appointments {
            assert!(visits.insert(visit.id), "{}", visit.id);
            assert!(customer.pets.iter().any(|pet| pet.id == visit.pet));
            assert_eq!(visit.state == AppointmentState::Booked, visit.at > START, "{}", visit.id);
            assert_ne!((visit.at / DAY_MS).rem_euclid(7), 3, "closed on Sundays: {}", visit.id);
        }
        for invoice in &customer.invoices {
            assert_eq!(invoice.total_cents, invoice.lines.iter().map(|line| line.cents).sum::<u64>());
            assert!(invoice.issued < START && invoice.paid.is_none_or(|paid| paid < START), "{}", invoice.id);
        }
        assert!(customer.messages.iter().all(|message| message.sent < START));
        assert_eq!(customer.messages.iter().filter(|message| !message.read).count(), 1);
    }
}

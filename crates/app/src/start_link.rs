//! A link in a ticket that fills the start sheet: `amberglass://start?customer=1042&ticket=TCK-4821`, with `&portal=barkside`
//! where there are several.
//!
//! It comes from outside, from whatever page or mail somebody has clicked in. So it opens a customer's card and fills in the
//! ticket, as a hand would, and it starts nothing.

use amberglass_wire::{CustomerId, PortalId};
use url::Url;

use crate::{
    errors,
    view::{ConsoleErrorCode, Opens},
};

/// As it is registered with the system.
pub const SCHEME: &str = "amberglass";

/// The longest address that is looked at, in bytes.
const MAX_LENGTH: usize = 1024;
/// The longest of its values, in characters: no longer than a ticket may be.
const MAX_CHARACTERS: usize = 100;

/// Where the link leads: to the start sheet, or to the word that it leads nowhere.
pub(crate) fn opens(address: &str) -> Opens {
    parse(address)
        .unwrap_or_else(|| Opens::BrokenLink { error: errors::console(ConsoleErrorCode::LinkNotUnderstood, None) })
}

fn parse(address: &str) -> Option<Opens> {
    if address.len() > MAX_LENGTH {
        return None;
    }
    let url = Url::parse(address).ok()?;
    let leads_to_start = url.scheme() == SCHEME && url.host_str() == Some("start") && matches!(url.path(), "" | "/");
    if !leads_to_start {
        return None;
    }
    let (mut portal, mut customer, mut ticket) = (None, None, None);
    for (name, value) in url.query_pairs() {
        let place = match &*name {
            "portal" => &mut portal,
            "customer" => &mut customer,
            "ticket" => &mut ticket,
            // For newer versions.
            _ => continue,
        };
        let value = value.trim();
        let is_plain = value.chars().count() <= MAX_CHARACTERS && !value.chars().any(char::is_control);
        // Said twice is said in two ways.
        if !is_plain || value.is_empty() || place.replace(value.to_owned()).is_some() {
            return None;
        }
    }
    Some(Opens::Start {
        portal: portal.map(PortalId::new),
        customer: CustomerId::new(customer?),
        ticket: ticket.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(portal: Option<&str>, customer: &str, ticket: &str) -> Option<Opens> {
        let portal = portal.map(PortalId::new);
        Some(Opens::Start { portal, customer: CustomerId::new(customer), ticket: ticket.to_owned() })
    }

    #[test]
    fn a_link_names_customer_ticket_and_portal() {
        assert_eq!(parse("amberglass://start?customer=1042&ticket=TCK-4821"), start(None, "1042", "TCK-4821"));
        let all = "amberglass://start/?ticket=TCK%204821&portal=barkside&customer=a%2Fb&later=1";
        assert_eq!(parse(all), start(Some("barkside"), "a/b", "TCK 4821"));
        assert_eq!(parse("AMBERGLASS://start?customer=1042"), start(None, "1042", ""));
    }

    #[test]
    fn what_says_anything_else_leads_nowhere() {
        let long = format!("amberglass://start?customer={}", "1".repeat(MAX_CHARACTERS + 1));
        for address in [
            "amberglass://start",
            "amberglass://start?customer=",
            "amberglass://start?customer=%20",
            "amberglass://start?customer=1042&customer=1043",
            "amberglass://start?customer=10%0A42",
            "amberglass://start/now?customer=1042",
            "amberglass://end?customer=1042",
            "amberglass:start?customer=1042",
            "https://start?customer=1042",
            long.as_str(),
        ] {
            assert_eq!(parse(address), None, "{address}");
        }
        assert!(matches!(opens("amberglass://start"), Opens::BrokenLink { .. }));
    }
}

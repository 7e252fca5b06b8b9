//! A link that somebody has followed in another program.

use amberglass_app::{host::HostEvent, view::Opens};
use amberglass_tests::world::World;

fn follow(world: &World, address: &str) {
    world.handle.host_event(HostEvent::LinkOpened { address: address.to_owned() });
}

#[tokio::test]
async fn a_link_waits_for_the_sign_in_and_starts_nothing_by_itself() {
    let world = World::open().await;
    follow(&world, "amberglass://start?customer=1042&ticket=TCK-4821");
    world.until("the link", |view| view.focus.is_some()).await;
    world.sign_in().await;
    let view = world.until("signed in", |view| !view.portals.is_empty()).await;
    let Some(Opens::Start { portal, customer, ticket }) = view.focus.map(|focus| focus.opens) else {
        panic!("no link")
    };
    assert_eq!((portal, customer.as_str(), ticket.as_str()), (None, "1042", "TCK-4821"));
    assert!(view.card.is_none() && view.session.is_none());

    follow(&world, "amberglass://start?ticket=TCK-4821");
    let broken =
        world.until("the broken link", |view| view.focus.as_ref().is_some_and(|focus| focus.number == 2)).await;
    assert!(matches!(broken.focus.unwrap().opens, Opens::BrokenLink { .. }));
}

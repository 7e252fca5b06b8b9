//! What security is told of.

use amberglass_app::{Command, view::Opens};
use amberglass_domain::ports::Clock as _;
use amberglass_wire::{EventId, StaffId, audit::EventDetail, event_stream::ServerEvent, news::NewsResponse};

use crate::{
    approving::{titles, until_told},
    backend::FakeServer,
    world::World,
};

impl FakeServer {
    /// `by` is the id and the name of who did it.
    pub fn tells(&self, id: &str, kind: &str, by: Option<(&str, &str)>) {
        let item = NewsResponse {
            id: EventId::new(id),
            at: self.clock.now(),
            kind: kind.into(),
            detail: (kind == "staff_role_changed").then(|| EventDetail::StaffRoleChanged {
                from: "agent".into(),
                to: "lead".into(),
                by: None,
            }),
            staff_name: Some("Amy Lee".into()),
            device_name: None,
            portal_name: None,
            session_code: None,
            customer_name: None,
            by_name: by.map(|(_, name)| name.to_owned()),
            by: by.map(|(id, _)| StaffId::new(id)),
        };
        self.with(|state| state.news.insert(0, item));
        self.push(ServerEvent::SnapshotChanged);
    }
}

#[tokio::test]
async fn a_change_is_told_once_and_counted_until_it_is_read_also_in_the_next_run() {
    let mut world = World::online().await;
    world.server.tells("n1", "staff_role_changed", None);
    let told = until_told(&world, "A role was changed").await;
    assert_eq!((told.opens, told.body.as_str()), (Opens::News {}, "At the server itself. Open the news to read it."));
    let view = world.until("it is listed", |view| view.news.unread == 1).await;
    let item = &view.news.items[0];
    assert_eq!((item.what.as_str(), item.because.as_str(), item.unread), ("lead", "agent", true));
    world.handle.command(Command::ReadNews {});
    let view = world.until("it is read", |view| view.news.unread == 0).await;
    assert!(view.news.items.len() == 1 && !view.news.items[0].unread);
    world.crash().await;
    let again = world.start_again();
    let view = again.until("it is still listed", |view| view.news.items.len() == 1).await;
    assert_eq!(view.news.unread, 0);
    again.clock.advance_seconds(1);
    again.server.tells("n2", "device_revoked", Some(("staff-3", "Sana Ito")));
    again.until("the next one", |view| view.news.unread == 1).await;
    assert_eq!(titles(&again), ["A device was revoked"], "what was read is not told again");
}

#[tokio::test]
async fn what_one_did_oneself_and_break_glass_are_listed_and_not_told_as_news() {
    let world = World::online().await;
    world.server.tells("n1", "portal_disabled", Some(("staff-1", "Robin")));
    world.server.tells("n2", "break_glass_used", Some(("staff-2", "Amy Lee")));
    world.until("they are listed", |view| view.news.unread == 2).await;
    assert!(titles(&world).is_empty());
    world.server.tells("n3", "policy_changed", None);
    until_told(&world, "The policy was changed").await;
    assert_eq!(titles(&world).len(), 1);
}

#[tokio::test]
async fn nobody_silences_news_with_a_name_or_from_within_an_account() {
    let world = World::online().await;
    // Names are not unique.
    world.server.tells("n1", "portal_disabled", Some(("staff-9", "Robin")));
    until_told(&world, "A portal was stopped").await;
    // Whoever has got hold of one's sign-in does these in one's name.
    for (kind, title) in [
        ("device_registered", "A device was registered"),
        ("password_changed", "A password was changed"),
        ("second_factor_set_up", "A second factor was set up"),
    ] {
        world.server.tells(kind, kind, Some(("staff-1", "Robin")));
        until_told(&world, title).await;
    }
}

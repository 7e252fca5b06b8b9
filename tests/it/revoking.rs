//! Somebody else takes the session: how soon the page is covered, by the clock.

use amberglass_app::{Command, view::SignInView};
use amberglass_tests::{
    revocation::{Revocation, Revokers},
    world::World,
};
use amberglass_wire::session::SessionState;

use crate::telling::{ends, until_delivered};

#[tokio::test]
async fn whoever_takes_a_session_from_a_console_its_page_is_covered_within_a_second() {
    let world = World::signed_in().await;
    let revokers = Revokers::at(world.server().state(), &world.api()).await;
    for revocation in Revocation::ALL {
        let taken = revokers.begin(revocation, &world, 1800).await;
        // Past the heartbeat that the start brings with it: the next one is two seconds away.
        world.pass_seconds(1).await;
        let session = &taken.session;
        revokers.revoke(revocation, &taken).await;
        // All but the operator tell the server, and the clock stands: the word comes over the event stream.
        if matches!(revocation, Revocation::StaffDisabled | Revocation::ApproverDisabled) {
            world.clock.advance_seconds(1);
        }
        world.until_window(revocation.name(), |view| view.session == *session && view.curtain.is_some()).await;
        let row = world.until_state(SessionState::Ended).await;
        assert_eq!(row.ended_by, Some(revocation.ended_by()), "{revocation:?}");
        let ended = world.until_refused("/account").await;
        assert!(["session-ended", "staff-inactive"].contains(&ended.as_str()), "{revocation:?}: {ended}");
        revokers.undo(revocation).await;
        world
            .pass_until("the console to be ready again", 20, async || {
                let view = world.host.view()?;
                match view.sign_in {
                    SignInView::SignedOut { .. } if revocation == Revocation::StaffDisabled => Some(()),
                    SignInView::SignedIn { .. } if revocation != Revocation::StaffDisabled => view.ended.map(drop),
                    SignInView::Starting {}
                    | SignInView::Blocked { .. }
                    | SignInView::SignedOut { .. }
                    | SignInView::WaitingForBrowser { .. }
                    | SignInView::SignedIn { .. } => None,
                }
            })
            .await;
        if revocation == Revocation::StaffDisabled {
            world.sign_in().await;
        }
        world.handle.command(Command::DismissEnd {});
    }
    let log = until_delivered(&world, "window_closed").await;
    assert_eq!(ends(&log), Revocation::ALL.map(Revocation::ended_by));
}

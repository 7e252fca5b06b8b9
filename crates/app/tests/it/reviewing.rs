//! Reviewing break-glass of others.

use amberglass_app::{
    Command,
    view::{ActionKind, Opens, UiErrorCode},
};
use amberglass_domain::ports::{BackendError, Clock as _};
use amberglass_wire::{
    CustomerId, SessionId, StaffId,
    break_glass::{ReviewOutcome, ReviewResponse},
    event_stream::ServerEvent,
    problem::ErrorCode,
    session::SessionState,
};

use crate::{
    approving::{titles, until_done, until_told},
    backend::{FakeServer, refused},
    samples,
    world::{World, reason},
};

const FOUND: &str = "She was on the phone with the animal hospital";

impl FakeServer {
    /// Amy has broken the glass, and it is over.
    pub fn broke_glass(&self, number: usize) -> SessionId {
        let now = self.clock.now();
        let mut session = samples::session(number, &CustomerId::new("c1"), reason(), now, 600);
        (session.staff, session.staff_name) = (StaffId::new("staff-2"), "Amy Lee".into());
        (session.state, session.emergency) = (SessionState::Ended, Some("Her dog is in surgery".into()));
        let id = session.id.clone();
        let review = ReviewResponse {
            session,
            used_at: now,
            overdue: false,
            outcome: None,
            note: None,
            reviewed_at: None,
            reviewed_by_name: None,
        };
        self.with(|state| state.reviews.push(review));
        self.push(ServerEvent::SnapshotChanged);
        id
    }

    pub fn reviewed(
        &self,
        session: &SessionId,
        outcome: ReviewOutcome,
        note: &str,
    ) -> Result<ReviewResponse, BackendError> {
        let now = self.clock.now();
        self.with(|state| {
            let place = state.reviews.iter().position(|review| review.session.id == *session);
            let mut review = state.reviews.remove(place.ok_or_else(|| refused(ErrorCode::NotFound))?);
            if review.outcome.is_none() {
                (review.outcome, review.note) = (Some(outcome), Some(note.to_owned()));
                (review.reviewed_at, review.reviewed_by_name) = (Some(now), Some("Robin".into()));
            }
            Ok(review)
        })
    }
}

fn review(session: &SessionId, note: &str) -> Command {
    Command::ReviewBreakGlass { session: session.clone(), outcome: ReviewOutcome::Justified, note: note.into() }
}

#[tokio::test]
async fn break_glass_is_told_at_once_and_waits_in_the_inbox_until_it_is_reviewed() {
    let world = World::online().await;
    let session = world.server.broke_glass(7);
    let told = until_told(&world, "Break-glass: Amy Lee began without approval").await;
    assert_eq!(told.opens, Opens::Review { session: session.clone() });
    assert!(!format!("{told:?}").contains("Customer c1"), "who looks over the shoulder reads no customer's name");
    let view = world.until("it waits", |view| view.inbox.reviews.len() == 1).await;
    assert_eq!(view.inbox.reviews[0].session.emergency.as_deref(), Some("Her dog is in surgery"));
    world.handle.command(review(&session, "ok"));
    let refused = until_done(&world, ActionKind::ReviewBreakGlass).await.error.unwrap();
    assert_eq!(refused.code, UiErrorCode::Server(ErrorCode::ReasonTooShort));
    assert!(world.logged("review(").is_empty(), "a note that says nothing asks nobody");
    world.handle.command(review(&session, FOUND));
    let view = world.until("it is reviewed", |view| view.inbox.reviews.is_empty()).await;
    let reviewed = view.inbox.reviewed.unwrap();
    assert_eq!((reviewed.outcome, reviewed.note.as_deref()), (Some(ReviewOutcome::Justified), Some(FOUND)));
    assert_eq!(titles(&world).len(), 1);
}

#[tokio::test]
async fn the_end_of_a_session_that_waits_for_a_review_is_seen_in_the_inbox() {
    let world = World::online().await;
    let session = world.server.broke_glass(7);
    let runs = |state: SessionState| {
        world.server.with(|server| server.reviews[0].session.state = state);
        world.server.push(ServerEvent::SessionChanged { session: session.clone(), state });
    };
    world.until("it waits", |view| view.inbox.reviews.len() == 1).await;
    runs(SessionState::Active);
    world.until("it runs", |view| view.inbox.reviews[0].session.state == SessionState::Active).await;
    runs(SessionState::Ended);
    world.until("it is over", |view| view.inbox.reviews[0].session.state == SessionState::Ended).await;
    assert_eq!(titles(&world).len(), 1, "nobody is told again of what they know");
}

#[tokio::test]
async fn whoever_reviews_too_late_sees_whose_review_stands() {
    let world = World::online().await;
    let session = world.server.broke_glass(7);
    world.until("it waits", |view| view.inbox.reviews.len() == 1).await;
    world.server.with(|state| {
        let review = &mut state.reviews[0];
        (review.outcome, review.reviewed_by_name) = (Some(ReviewOutcome::NotJustified), Some("Sana Ito".into()));
    });
    world.handle.command(review(&session, FOUND));
    assert_eq!(until_done(&world, ActionKind::ReviewBreakGlass).await.error, None);
    let reviewed = world.host.view().inbox.reviewed.unwrap();
    assert_eq!(reviewed.outcome, Some(ReviewOutcome::NotJustified));
    assert_eq!(reviewed.reviewed_by_name.as_deref(), Some("Sana Ito"));
}

#[tokio::test]
async fn several_that_waited_at_the_sign_in_are_one_word() {
    let world = World::online_with(|_, server, _| {
        server.broke_glass(7);
        server.broke_glass(8);
    })
    .await;
    let told = until_told(&world, "2 sessions with break-glass wait for your review").await;
    assert_eq!((told.opens, titles(&world).len()), (Opens::Inbox {}, 1));
}

//! Break-glass of others: whoever may review hears of it at once, at any hour, and says afterwards whether it was justified.

use amberglass_wire::{
    SessionId,
    break_glass::{ReviewOutcome, ReviewResponse},
};

use crate::{actions::Act, controller::Actor, notices, view::ReviewView};

#[derive(Default)]
pub(crate) struct Reviews {
    /// Oldest first.
    pub waiting: Vec<ReviewResponse>,
    /// As it stands since one's own review, or since somebody else was faster.
    pub reviewed: Option<ReviewResponse>,
    /// A snapshot of this sign-in was taken up: what comes after is news.
    known: bool,
}

impl Actor {
    pub fn review_break_glass(&mut self, session: SessionId, outcome: ReviewOutcome, note: String) {
        self.act(Act::Review { session, outcome, note });
    }

    /// What the snapshot says, and a word on the desktop for what is new in it.
    pub fn follow_reviews(&mut self, waiting: Vec<ReviewResponse>) {
        let first = !std::mem::replace(&mut self.reviews.known, true);
        let is_known =
            |review: &ReviewResponse| self.reviews.waiting.iter().any(|known| known.session.id == review.session.id);
        let new: Vec<_> = waiting.iter().filter(|review| !is_known(review)).collect();
        let told = match new.as_slice() {
            [] => Vec::new(),
            some if first && some.len() > 1 => vec![notices::reviews_wait(some.len())],
            some => some.iter().map(|review| notices::broke_glass(review)).collect(),
        };
        self.reviews.waiting = waiting;
        for notice in told {
            self.tell_at_once(&notice);
        }
    }

    /// The answer to one's own review: somebody else's where they were faster.
    pub fn take_up_review(&mut self, review: ReviewResponse) {
        self.outpace_snapshot();
        self.reviews.waiting.retain(|waiting| waiting.session.id != review.session.id);
        self.reviews.reviewed = Some(review);
    }

    pub fn review_view(&self, review: &ReviewResponse, now: i64) -> ReviewView {
        ReviewView {
            session: self.session_view(&review.session, now),
            used_at: review.used_at,
            overdue: review.overdue,
            outcome: review.outcome,
            note: review.note.clone(),
            reviewed_at: review.reviewed_at,
            reviewed_by_name: review.reviewed_by_name.clone(),
        }
    }
}

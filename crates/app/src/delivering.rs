//! What staff are told of delivery: what waits and why, what happens next, and what came of trying at once.

use amberglass_journal::{HoldReason, JournalError, NextAttempt, Progress, SyncOutcome, free_bytes};
use amberglass_wire::UnixMillis;
use tokio::sync::watch;

use crate::{
    controller::Actor,
    errors,
    input::{Input, Reply},
    queue::{JournalState, OpenedJournal},
    view::{ConsoleErrorCode, HoldView, NextDeliveryView, QueueView, RetryView},
};

/// How often the room on the disk is looked at.
const DISK_LOOK_MILLIS: i64 = 10_000;
const MEBIBYTE: u64 = 1024 * 1024;

#[derive(Default)]
pub(crate) struct Delivering {
    next: NextDeliveryView,
    progress: Option<watch::Receiver<Progress>>,
    retry: Retry,
    free_bytes: Option<u64>,
    looked_at: Option<i64>,
}

#[derive(Default)]
enum Retry {
    #[default]
    Idle,
    /// A held record is being let go; so many the server had confirmed before.
    LettingGo {
        delivered: u64,
    },
    /// What comes of attempts after so many: those had begun before there was anything new to try.
    Trying {
        begun: u64,
        delivered: u64,
    },
    Over(RetryView),
}

impl Actor {
    /// Hears of each attempt of the journal that was just opened.
    pub fn follow_delivery(&mut self, mut progress: watch::Receiver<Progress>) {
        self.delivering = Delivering {
            next: NextDeliveryView::Sending {},
            progress: Some(progress.clone()),
            ..Delivering::default()
        };
        self.look_at_disk(self.now());
        let inputs = self.inputs.clone();
        self.spawn(async move {
            while progress.changed().await.is_ok() {
                let latest = progress.borrow_and_update().clone();
                if inputs.send(Input::Delivery(latest)).is_err() {
                    break;
                }
            }
            Reply::Done
        });
    }

    pub fn on_delivery(&mut self, progress: &Progress) {
        let Some(opened) = self.journal.open() else { return };
        let delivered = delivered(opened);
        self.delivering.next = self.next_delivery(progress);
        if let Retry::Trying { begun, delivered: before } = self.delivering.retry
            && let Some(view) = came_of(progress, begun, delivered.saturating_sub(before))
        {
            self.delivering.retry = Retry::Over(view);
        }
    }

    fn next_delivery(&self, progress: &Progress) -> NextDeliveryView {
        let at = |monotonic_millis: i64| {
            UnixMillis(self.ports.clock.now().0.saturating_add(monotonic_millis.saturating_sub(self.now())))
        };
        match (progress.next, &progress.outcome) {
            (NextAttempt::AtOnce, _) => NextDeliveryView::Sending {},
            (NextAttempt::WithWork, Some(SyncOutcome::Held { .. })) => NextDeliveryView::Held {},
            (NextAttempt::WithWork, _) => NextDeliveryView::Nothing {},
            (NextAttempt::NotBefore { monotonic_millis }, _) => {
                NextDeliveryView::AskedToWait { until: at(monotonic_millis) }
            }
            (NextAttempt::At { monotonic_millis }, Some(SyncOutcome::SignInFirst)) => {
                NextDeliveryView::SignInFirst { at: at(monotonic_millis) }
            }
            (NextAttempt::At { monotonic_millis }, Some(SyncOutcome::JournalFailed(_))) => {
                NextDeliveryView::JournalFailed { at: at(monotonic_millis) }
            }
            (NextAttempt::At { monotonic_millis }, _) => NextDeliveryView::Again { at: at(monotonic_millis) },
        }
    }

    /// Somebody wants what waits to go now. Says afterwards what came of it, and nothing that did not happen.
    pub fn retry_delivery(&mut self) {
        let opened = match &self.journal {
            JournalState::Open(opened) => opened,
            // Opening it is what can be tried.
            JournalState::Failed(_) => return self.open_journal(),
            JournalState::Closed | JournalState::Opening => return,
        };
        let (held, delivered) = (opened.status.held > 0, delivered(opened));
        if let NextDeliveryView::AskedToWait { .. } = self.delivering.next {
            self.delivering.retry = Retry::Over(RetryView::AskedToWait {});
            return;
        }
        if opened.status.waiting == 0 {
            self.delivering.retry = Retry::Over(RetryView::NothingWaits {});
            return;
        }
        if held {
            let journal = opened.journal.clone();
            self.delivering.retry = Retry::LettingGo { delivered };
            self.spawn(async move { Reply::HeldReleased(journal.retry_held().await) });
        } else {
            self.try_delivery(delivered);
            self.reconnect_now();
        }
    }

    /// One attempt more than have begun, and what comes of it is told.
    fn try_delivery(&mut self, delivered: u64) {
        let begun = self.delivering.progress.as_ref().map_or(0, |progress| progress.borrow().begun);
        self.delivering.retry = Retry::Trying { begun, delivered };
        self.nudge_sync();
    }

    pub fn on_held_released(&mut self, result: Result<(), JournalError>) {
        let Retry::LettingGo { delivered } = self.delivering.retry else { return };
        if let Err(error) = result {
            tracing::error!(%error, "a held record could not be let go");
            let error = errors::console(ConsoleErrorCode::JournalUnavailable, Some(error.to_string()));
            self.delivering.retry = Retry::Over(RetryView::Failed { error });
        } else {
            self.try_delivery(delivered);
        }
    }

    pub fn tick_delivering(&mut self, now: i64) {
        let is_due = self.delivering.looked_at.is_none_or(|at| now.saturating_sub(at) >= DISK_LOOK_MILLIS);
        if self.journal.open().is_some() && is_due {
            self.look_at_disk(now);
        }
    }

    fn look_at_disk(&mut self, now: i64) {
        self.delivering.looked_at = Some(now);
        self.delivering.free_bytes = free_bytes(&self.ports.data_dir).ok();
    }

    pub fn queue_view(&self) -> QueueView {
        let refusal = match &self.journal {
            JournalState::Failed(error) => Some(error.clone()),
            JournalState::Open(opened) => self.refusal(opened, self.delivering.free_bytes),
            JournalState::Closed | JournalState::Opening => None,
        };
        let Some(opened) = self.journal.open() else { return QueueView { refusal, ..QueueView::default() } };
        let status = &opened.status;
        QueueView {
            waiting: u32::try_from(status.waiting).unwrap_or(u32::MAX),
            oldest_at: status.oldest_at,
            held: u32::try_from(status.held).unwrap_or(u32::MAX),
            hold: status.hold.map(hold_view),
            last_synced_at: status.last_synced_at,
            // What was just written is on its way.
            next: if self.delivering.next == (NextDeliveryView::Nothing {}) && status.waiting > 0 {
                NextDeliveryView::Sending {}
            } else {
                self.delivering.next.clone()
            },
            retry: match &self.delivering.retry {
                Retry::Idle => RetryView::Idle {},
                Retry::LettingGo { .. } | Retry::Trying { .. } => RetryView::Trying {},
                Retry::Over(view) => view.clone(),
            },
            refusal,
            free_disk_mebibytes: self.delivering.free_bytes.map(shown_mebibytes),
            replaced: self.keeping.replaced_view(),
        }
    }
}

/// What came of a try made when so many attempts had begun; nothing while its own is still to come.
fn came_of(progress: &Progress, begun: u64, delivered: u64) -> Option<RetryView> {
    let (asked_to_wait, over) = match progress.next {
        NextAttempt::AtOnce => return None,
        NextAttempt::NotBefore { .. } => (true, progress.attempts > begun),
        NextAttempt::WithWork | NextAttempt::At { .. } => (false, progress.attempts > begun),
    };
    match (over, delivered, &progress.outcome) {
        // No nudge shortens the pause that an attempt from before has met.
        (false, 0, _) if asked_to_wait => Some(RetryView::AskedToWait {}),
        (false, _, _) if !asked_to_wait => None,
        (true, 0, Some(SyncOutcome::Idle)) => Some(RetryView::NothingWaits {}),
        (_, 0, _) => Some(RetryView::NotTaken {}),
        (_, records, _) => Some(RetryView::Sent { records: u32::try_from(records).unwrap_or(u32::MAX) }),
    }
}

/// How far the server has confirmed, read where it is known first.
fn delivered(opened: &OpenedJournal) -> u64 {
    let status = opened.journal.status();
    let status = status.borrow();
    u64::try_from(status.head.seq).unwrap_or_default().saturating_sub(status.waiting)
}

const fn hold_view(reason: HoldReason) -> HoldView {
    match reason {
        HoldReason::Fork => HoldView::Fork,
        HoldReason::Rejected => HoldView::Rejected,
        HoldReason::TooLarge => HoldView::TooLarge,
        HoldReason::Unreadable => HoldView::Unreadable,
        HoldReason::Other => HoldView::Other,
    }
}

pub(crate) fn mebibytes(bytes: u64) -> u32 {
    u32::try_from(bytes / MEBIBYTE).unwrap_or(u32::MAX)
}

/// Coarse where there is plenty: nobody wants to watch it move.
fn shown_mebibytes(bytes: u64) -> u32 {
    let whole = mebibytes(bytes);
    if whole < 1024 { whole } else { whole / 1024 * 1024 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_on_the_disk_is_told_exactly_only_where_it_is_scarce() {
        let table =
            [(99 * MEBIBYTE + 5, 99), (1023 * MEBIBYTE, 1023), (1700 * MEBIBYTE, 1024), (5000 * MEBIBYTE, 4096)];
        for (bytes, shown) in table {
            assert_eq!(shown_mebibytes(bytes), shown);
        }
    }

    #[test]
    fn a_try_is_told_by_its_own_attempt_or_by_a_pause_that_came_before_it() {
        let told = |attempts, next, outcome, delivered| {
            let progress = Progress { begun: attempts, attempts, outcome: Some(outcome), next };
            came_of(&progress, 2, delivered)
        };
        let (later, pause) = (NextAttempt::At { monotonic_millis: 9 }, NextAttempt::NotBefore { monotonic_millis: 9 });
        let idle = SyncOutcome::Idle;
        assert_eq!(told(2, later, idle.clone(), 0), None, "that one had begun before");
        assert_eq!(told(3, NextAttempt::AtOnce, idle.clone(), 1), None, "it goes on");
        assert_eq!(told(2, pause, idle.clone(), 0), Some(RetryView::AskedToWait {}));
        assert_eq!(told(3, NextAttempt::WithWork, idle.clone(), 0), Some(RetryView::NothingWaits {}));
        assert_eq!(told(3, later, SyncOutcome::SignInFirst, 0), Some(RetryView::NotTaken {}));
        assert_eq!(told(3, NextAttempt::WithWork, idle, 4), Some(RetryView::Sent { records: 4 }));
    }
}

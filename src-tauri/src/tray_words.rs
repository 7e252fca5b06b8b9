//! What the tray says, and which mark its icon bears. Pure.

use amberglass_app::{
    view::{ConnectionView, ConsoleView, SessionView, SignInView},
    waits_for_you,
};
use amberglass_wire::{UnixMillis, session::SessionState};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

pub const OPEN: &str = "Open Amberglass";
pub const NOBODY_WAITS: &str = "Nobody waits for you";
pub const END_SESSION: &str = "End session";

/// What of the console's view the tray shows. The time left runs on by itself between two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrayFacts {
    staff: Option<String>,
    connection: ConnectionView,
    waiting: u32,
    oldest_at: Option<UnixMillis>,
    held: u32,
    refuses: bool,
    /// Requests that wait for one's decision.
    to_decide: usize,
    /// Break-glass that waits for one's review.
    to_review: usize,
    session: Option<TraySession>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct TraySession {
    code: String,
    frozen: bool,
    remaining_millis: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrayWords {
    pub staff: String,
    pub connection: String,
    pub queue: String,
    /// Empty where nobody waits.
    pub inbox: String,
    /// Beside the icon, where the desktop has room for it.
    pub count: Option<String>,
    pub session: String,
    pub quit: &'static str,
    /// A session runs, so that it can be ended.
    pub runs: bool,
    pub mark: TrayMark,
}

/// Attention outweighs a session: of that, everything else on the desktop tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TrayMark {
    #[default]
    None,
    Session,
    Attention,
}

impl TrayFacts {
    pub fn of(view: &ConsoleView) -> Self {
        let staff = match &view.sign_in {
            SignInView::SignedIn { staff } => Some(staff.name.clone()),
            SignInView::Starting {}
            | SignInView::Blocked { .. }
            | SignInView::SignedOut { .. }
            | SignInView::WaitingForBrowser { .. } => None,
        };
        Self {
            staff,
            connection: view.connection.clone(),
            waiting: view.queue.waiting,
            oldest_at: view.queue.oldest_at,
            held: view.queue.held,
            refuses: view.queue.refusal.is_some(),
            to_decide: view.inbox.to_decide.len(),
            to_review: view.inbox.reviews.len(),
            session: view.session.as_ref().filter(|session| session.state.is_running()).map(session),
        }
    }

    /// `now` is the wall clock's; `elapsed_millis` is how long ago these facts came.
    pub fn words(&self, now: UnixMillis, elapsed_millis: i64) -> TrayWords {
        let waits = self.to_decide + self.to_review;
        let mark = if self.held > 0 || self.refuses || waits > 0 {
            TrayMark::Attention
        } else if self.session.is_some() {
            TrayMark::Session
        } else {
            TrayMark::None
        };
        TrayWords {
            staff: self
                .staff
                .as_ref()
                .map_or_else(|| "Not signed in".to_owned(), |name| format!("Signed in as {name}")),
            connection: match (&self.staff, &self.connection) {
                (None, _) => "Not connected".to_owned(),
                (Some(_), ConnectionView::Connecting {}) => "Connecting".to_owned(),
                (Some(_), ConnectionView::Online {}) => "Online".to_owned(),
                (Some(_), ConnectionView::Offline { since }) => format!("Offline for {}", age(now.since(*since))),
            },
            queue: self.queue(now),
            inbox: waits_for_you(self.to_decide, self.to_review),
            count: (waits > 0).then(|| waits.to_string()),
            session: self.session.as_ref().map_or_else(
                || "No session runs".to_owned(),
                |session| {
                    let left = left(session.remaining_millis.saturating_sub(elapsed_millis));
                    let paused = if session.frozen { "paused, " } else { "" };
                    format!("{}: {paused}{left}", session.code)
                },
            ),
            quit: if self.session.is_some() { "End session and quit" } else { "Quit" },
            runs: self.session.is_some(),
            mark,
        }
    }

    /// As the foot of the console's sidebar has it.
    fn queue(&self, now: UnixMillis) -> String {
        let mut parts = Vec::new();
        if self.waiting > 0 {
            parts.push(format!("{} waiting", self.waiting));
            parts.extend(self.oldest_at.map(|oldest| format!("oldest {}", age(now.since(oldest)))));
        }
        if self.held > 0 {
            parts.push(format!("{} held", self.held));
        }
        if !parts.is_empty() {
            return parts.join(", ");
        }
        // While nobody can ask the server, nobody knows what it holds.
        if self.connection == (ConnectionView::Online {}) { "Synced" } else { "Nothing waiting" }.to_owned()
    }
}

impl TrayWords {
    /// One line for each, where there is room for that alone.
    pub fn tooltip(&self) -> String {
        let inbox = if self.inbox.is_empty() { String::new() } else { format!("\n{}", self.inbox) };
        let queue = lower_first(&self.queue);
        format!("Amberglass\n{}\n{}, {queue}{inbox}\n{}", self.staff, self.connection, self.session)
    }
}

fn session(session: &SessionView) -> TraySession {
    TraySession {
        code: session.code.clone(),
        frozen: session.state == SessionState::Frozen,
        remaining_millis: session.remaining_millis,
    }
}

/// `under 1 min`, `3 min`, `2 h`, `4 days`.
fn age(millis: i64) -> String {
    if millis < MINUTE {
        "under 1 min".to_owned()
    } else if millis < HOUR {
        format!("{} min", millis / MINUTE)
    } else if millis < DAY {
        format!("{} h", millis / HOUR)
    } else {
        let days = millis / DAY;
        format!("{days} {}", if days == 1 { "day" } else { "days" })
    }
}

/// Never more than there is.
fn left(millis: i64) -> String {
    if millis < MINUTE { "under 1 min left".to_owned() } else { format!("{} min left", millis / MINUTE) }
}

fn lower_first(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_lowercase().chain(rest).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_000 * DAY);

    fn signed_in() -> TrayFacts {
        TrayFacts {
            staff: Some("Amy Lindgren".into()),
            connection: ConnectionView::Online {},
            waiting: 0,
            oldest_at: None,
            held: 0,
            refuses: false,
            to_decide: 0,
            to_review: 0,
            session: None,
        }
    }

    fn running() -> TraySession {
        TraySession { code: "AG-7K3QX".into(), frozen: false, remaining_millis: 28 * MINUTE }
    }

    #[test]
    fn a_quiet_console_says_so() {
        let words = signed_in().words(NOW, 0);
        assert_eq!(words.tooltip(), "Amberglass\nSigned in as Amy Lindgren\nOnline, synced\nNo session runs");
        assert_eq!((words.quit, words.runs, words.mark), ("Quit", false, TrayMark::None));
        let nobody = TrayFacts { staff: None, connection: ConnectionView::Connecting {}, ..signed_in() }.words(NOW, 0);
        assert_eq!((nobody.staff.as_str(), nobody.connection.as_str()), ("Not signed in", "Not connected"));
        assert_eq!(nobody.queue, "Nothing waiting");
    }

    #[test]
    fn what_waits_and_since_when_is_said_and_nothing_is_called_synced_offline() {
        let offline = ConnectionView::Offline { since: UnixMillis(NOW.0 - 3 * MINUTE) };
        let facts = TrayFacts { connection: offline.clone(), ..signed_in() };
        let words = facts.words(NOW, 0);
        assert_eq!((words.connection.as_str(), words.queue.as_str()), ("Offline for 3 min", "Nothing waiting"));
        let facts = TrayFacts { waiting: 12, oldest_at: Some(UnixMillis(NOW.0 - 2 * HOUR)), ..facts };
        assert_eq!(facts.words(NOW, 0).queue, "12 waiting, oldest 2 h");
        let held = TrayFacts { held: 1, ..facts }.words(NOW, 0);
        assert_eq!((held.queue.as_str(), held.mark), ("12 waiting, oldest 2 h, 1 held", TrayMark::Attention));
    }

    #[test]
    fn who_waits_for_a_decision_or_a_review_is_counted_and_marked() {
        let words = |to_decide| TrayFacts { to_decide, ..signed_in() }.words(NOW, 0);
        assert_eq!((words(1).inbox.as_str(), words(1).count.as_deref()), ("1 request waits for you", Some("1")));
        assert_eq!((words(2).inbox.as_str(), words(2).mark), ("2 requests wait for you", TrayMark::Attention));
        assert!(words(2).tooltip().contains("2 requests wait for you"));
        assert_eq!(words(0).count, None);
        let reviews = |to_review| TrayFacts { to_review, to_decide: 2, ..signed_in() }.words(NOW, 0);
        assert_eq!(
            (reviews(1).inbox.as_str(), reviews(1).count.as_deref()),
            ("2 requests and 1 review wait for you", Some("3"))
        );
        let alone = TrayFacts { to_review: 1, ..signed_in() }.words(NOW, 0);
        assert_eq!((alone.inbox.as_str(), alone.mark), ("1 review waits for you", TrayMark::Attention));
    }

    #[test]
    fn a_session_counts_down_and_never_shows_more_than_is_left() {
        let facts = TrayFacts { session: Some(running()), ..signed_in() };
        assert_eq!(facts.words(NOW, 0).session, "AG-7K3QX: 28 min left");
        assert_eq!(facts.words(NOW, 1).session, "AG-7K3QX: 27 min left");
        assert_eq!(facts.words(NOW, 2 * HOUR).session, "AG-7K3QX: under 1 min left");
        let words = facts.words(NOW, 0);
        assert_eq!((words.quit, words.runs, words.mark), ("End session and quit", true, TrayMark::Session));
        let frozen = TrayFacts { session: Some(TraySession { frozen: true, ..running() }), ..facts.clone() };
        assert_eq!(frozen.words(NOW, 0).session, "AG-7K3QX: paused, 28 min left");
        assert_eq!(TrayFacts { refuses: true, ..facts }.words(NOW, 0).mark, TrayMark::Attention);
    }
}

//! What waits for a person beyond their own session: requests, reviews of break-glass, news, and where a notification leads.

use amberglass_wire::{
    CustomerId, EventId, PortalId, RequestId, SessionId, UnixMillis, approval::RequestResponse,
    break_glass::ReviewOutcome,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{SessionView, UiError};

/// Requests for approval, and break-glass that waits for a review.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct InboxView {
    /// One's own, newest first.
    pub own: Vec<RequestResponse>,
    /// What waits for one's decision, oldest first.
    pub to_decide: Vec<RequestResponse>,
    /// Approvals that one has given and can still withdraw: not used yet, or their session runs.
    pub given: Vec<RequestResponse>,
    /// Break-glass that waits for one's review, oldest first.
    pub reviews: Vec<ReviewView>,
    /// What became of the request that one decided or looked up last, by whomever it was answered.
    pub answered: Option<RequestResponse>,
    /// The same of a review.
    pub reviewed: Option<ReviewView>,
}

/// A session that began with a stated emergency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ReviewView {
    /// `session.emergency` is what was stated.
    pub session: SessionView,
    pub used_at: UnixMillis,
    /// Nobody has reviewed it for a day.
    pub overdue: bool,
    pub outcome: Option<ReviewOutcome>,
    pub note: Option<String>,
    pub reviewed_at: Option<UnixMillis>,
    pub reviewed_by_name: Option<String>,
}

/// What security is told of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NewsView {
    /// Newest first.
    pub items: Vec<NewsItemView>,
    /// Those that have come since this staff member read the list on this computer.
    pub unread: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NewsItemView {
    pub id: EventId,
    pub at: UnixMillis,
    /// `EventDetail::kind()`.
    pub kind: String,
    /// As in `TrailEventView`.
    pub what: String,
    pub because: String,
    pub staff_name: Option<String>,
    pub device_name: Option<String>,
    pub portal_name: Option<String>,
    pub session_code: Option<String>,
    pub customer_name: Option<String>,
    /// Nobody where the operator did it at the server itself, or the server.
    pub by_name: Option<String>,
    pub unread: bool,
}

/// A notification was opened, or a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FocusView {
    /// Counts up, so that the same place can be gone to twice.
    pub number: u32,
    pub opens: Opens,
}

/// What a notification is about, or where a link leads, and so what opens with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Opens {
    Inbox {},
    Request {
        id: RequestId,
    },
    Review {
        session: SessionId,
    },
    News {},
    Session {},
    /// The card of this customer, with the ticket filled in. Without a portal the only one is meant, or the person looks for
    /// the customer.
    Start {
        portal: Option<PortalId>,
        customer: CustomerId,
        ticket: String,
    },
    BrokenLink {
        error: UiError,
    },
}

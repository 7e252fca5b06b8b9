//! Break-glass: a session that began at once with a stated emergency, and the review that it waits for afterwards.

use serde::{Deserialize, Serialize};

use crate::{UnixMillis, session::SessionResponse};

/// What a review found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReviewOutcome {
    Justified,
    NotJustified,
}

impl ReviewOutcome {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Justified => "justified",
            Self::NotJustified => "not_justified",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Justified, Self::NotJustified].into_iter().find(|outcome| outcome.as_str() == text)
    }
}

/// `POST /v1/reviews/{session}`. Who reviewed first stands; to say it again is success. Answered with the review as it stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReviewRequest {
    pub outcome: ReviewOutcome,
    /// What was found, in ten characters or more that say something.
    pub note: String,
}

/// A session that began with a stated emergency, and what became of its review.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReviewResponse {
    /// `session.emergency` is what was stated.
    pub session: SessionResponse,
    pub used_at: UnixMillis,
    /// Nobody has reviewed it for a day.
    pub overdue: bool,
    pub outcome: Option<ReviewOutcome>,
    pub note: Option<String>,
    pub reviewed_at: Option<UnixMillis>,
    pub reviewed_by_name: Option<String>,
}

/// `GET /v1/reviews`: what waits for a review by whoever asks, oldest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReviewListResponse {
    pub reviews: Vec<ReviewResponse>,
}

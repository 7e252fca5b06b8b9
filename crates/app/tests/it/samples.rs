//! What the server in memory gives out.

use amberglass_wire::{
    CustomerId, SessionId, StaffId, UnixMillis,
    auth::LimitsResponse,
    session::{Mode, Reason, SessionResponse, SessionState},
};

use crate::backend::customer;

pub fn session(number: usize, id: &CustomerId, reason: Reason, now: UnixMillis, seconds: u32) -> SessionResponse {
    SessionResponse {
        id: SessionId::new(format!("session-{number}")),
        code: format!("AG-7K3Q{number}"),
        state: SessionState::Active,
        staff: StaffId::new("staff-1"),
        staff_name: "Robin".into(),
        customer: customer(id.as_str()),
        portal_name: "Barkside".into(),
        reason,
        mode: Mode::ReadOnly,
        created_at: now,
        started_at: Some(now),
        expires_at: Some(now.plus_seconds(i64::from(seconds))),
        ended_at: None,
        ended_by: None,
        policy_hash: "ab".repeat(32),
        pages: 0,
        blocked: 0,
        extensions: 0,
        note: None,
        end_reason: None,
        ended_by_name: None,
        last_page: None,
        emergency: None,
    }
}

pub fn limits() -> LimitsResponse {
    LimitsResponse {
        heartbeat_seconds: 2,
        silence_seconds: 5,
        lost_after_seconds: 120,
        idle_seconds: 600,
        max_duration_seconds: 3600,
        max_extensions: 2,
        extension_seconds: 900,
        warnings_seconds: vec![300, 60],
        max_unsent_age_seconds: 24 * 3600,
        journal_contents_days: 7,
        journal_keep_days: 30,
        min_free_disk_bytes: 1024,
    }
}

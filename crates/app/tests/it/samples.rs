//! What the server in memory gives out.

use amberglass_domain::ports::BackendError;
use amberglass_wire::{
    CustomerId, DeviceId, PortalId, SessionId, StaffId, UnixMillis,
    auth::{DeviceResponse, LimitsResponse, Role, StaffResponse},
    customer::CustomerResponse,
    problem::{ErrorCode, Problem},
    session::{Mode, Reason, ReasonCodeResponse, SessionResponse, SessionState},
};

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
        max_extensions: None,
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

pub fn customer(id: &str) -> CustomerResponse {
    CustomerResponse {
        portal: PortalId::new("barkside"),
        id: CustomerId::new(id),
        name: format!("Customer {id}"),
        email: format!("{id}@example.com"),
        class: "standard".into(),
        plan: None,
        since: None,
        active: true,
    }
}

pub fn staff() -> StaffResponse {
    StaffResponse {
        id: StaffId::new("staff-1"),
        name: "Robin".into(),
        email: "robin@example.com".into(),
        role: Role::Agent,
    }
}

pub fn reason_code() -> ReasonCodeResponse {
    ReasonCodeResponse { code: "other".into(), label: "Something else".into(), ticket_required: false }
}

pub fn device(id: &str, this_device: bool) -> DeviceResponse {
    DeviceResponse {
        id: DeviceId::new(id),
        name: format!("desk of {id}"),
        registered_at: UnixMillis(0),
        registered_by_name: "Robin".into(),
        staff_names: vec!["Robin".into()],
        last_seen_at: None,
        revoked_at: None,
        this_device,
    }
}

pub fn unreachable() -> BackendError {
    BackendError::Unreachable { detail: "no route".into() }
}

pub fn refused(code: ErrorCode) -> BackendError {
    BackendError::Refused(Box::new(Problem {
        kind: "about:blank".into(),
        title: "Refused".into(),
        status: 403,
        detail: None,
        code,
        reference: "0a1b2c3d".into(),
        rules: vec!["a-rule".into()],
        session: None,
        held: None,
        retry_after_seconds: None,
    }))
}

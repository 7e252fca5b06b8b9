//! The exact bytes that devices sign. Each purpose has a tag of its own, and every field is length-prefixed, so that a
//! signature made for one purpose is worth nothing for another.

use amberglass_wire::{
    DeviceId, RequestId, SessionId, UnixMillis, approval::SignedDecision, event_stream::HeartbeatRequest,
    session::Reason,
};
use sha2::{Digest as _, Sha256};

/// How far `signed_at` may lie from the server's clock, either way.
pub const MAX_SKEW_MILLIS: i64 = 60_000;

pub(crate) fn canonical(purpose: &str, fields: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut push = |field: &[u8]| {
        bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
        bytes.extend_from_slice(field);
    };
    push(b"amberglass/signed/v1");
    push(purpose.as_bytes());
    for field in fields {
        push(field);
    }
    bytes
}

/// Binds a new device's public key to one authorization code.
pub fn device_enrolment(code: &str, device_key: &str, device_name: &str) -> Vec<u8> {
    canonical("device-enrolment", &[code.as_bytes(), device_key.as_bytes(), device_name.as_bytes()])
}

/// Binds a refresh to the device; `refresh_token_sha256` is hex.
pub fn token_refresh(device: &DeviceId, refresh_token_sha256: &str, signed_at: UnixMillis) -> Vec<u8> {
    canonical(
        "token-refresh",
        &[device.as_str().as_bytes(), refresh_token_sha256.as_bytes(), &signed_at.0.to_be_bytes()],
    )
}

/// Redeems a one-time grant for a session at one gateway origin.
pub fn entry(
    device: &DeviceId,
    session: &SessionId,
    grant: &str,
    gateway_origin: &str,
    signed_at: UnixMillis,
) -> Vec<u8> {
    canonical(
        "entry",
        &[
            device.as_str().as_bytes(),
            session.as_str().as_bytes(),
            grant.as_bytes(),
            gateway_origin.as_bytes(),
            &signed_at.0.to_be_bytes(),
        ],
    )
}

/// Covers everything a heartbeat says but its own signature.
pub fn heartbeat(request: &HeartbeatRequest) -> Vec<u8> {
    let mut fields: Vec<Vec<u8>> = vec![
        request.device.as_str().as_bytes().to_vec(),
        request.signed_at.0.to_be_bytes().to_vec(),
        request.writer.as_bytes().to_vec(),
        request.journal.seq.to_be_bytes().to_vec(),
        request.journal.hash.as_bytes().to_vec(),
    ];
    for beat in &request.sessions {
        fields.push(beat.session.as_str().as_bytes().to_vec());
        fields.push(beat.idle_millis.to_be_bytes().to_vec());
    }
    let fields: Vec<&[u8]> = fields.iter().map(Vec::as_slice).collect();
    canonical("heartbeat", &fields)
}

/// Covers everything a decision says but its own signature: who decides what about whom, for how long, and what they saw.
pub fn decision(decision: &SignedDecision) -> Vec<u8> {
    let SignedDecision {
        server,
        request,
        nonce,
        verdict,
        approver,
        device,
        portal,
        customer,
        staff,
        scope,
        reason_sha256,
        policy_hash,
        write_sha256,
        comment,
        not_after,
        signed_at,
        signature: _,
    } = decision;
    // What lets a session begin and what lets one write go are never worth anything for each other.
    let purpose = if write_sha256.is_some() { "write-decision" } else { "decision" };
    let mut fields: Vec<&[u8]> = write_sha256.iter().map(String::as_bytes).collect();
    let (seconds, extensions) = (scope.duration_seconds.to_be_bytes(), scope.extensions.to_be_bytes());
    let (not_after, signed_at) = (not_after.0.to_be_bytes(), signed_at.0.to_be_bytes());
    let said: [&[u8]; 17] = [
        server.as_bytes(),
        request.as_str().as_bytes(),
        nonce.as_bytes(),
        verdict.as_str().as_bytes(),
        approver.as_str().as_bytes(),
        device.as_str().as_bytes(),
        portal.as_str().as_bytes(),
        customer.as_str().as_bytes(),
        staff.as_str().as_bytes(),
        scope.mode.as_str().as_bytes(),
        &seconds,
        &extensions,
        reason_sha256.as_bytes(),
        policy_hash.as_bytes(),
        comment.as_bytes(),
        &not_after,
        &signed_at,
    ];
    fields.extend(said);
    canonical(purpose, &fields)
}

/// Sends the write that was approved; `write_sha256` is hex.
pub fn send_write(device: &DeviceId, request: &RequestId, write_sha256: &str, signed_at: UnixMillis) -> Vec<u8> {
    canonical(
        "send-write",
        &[device.as_str().as_bytes(), request.as_str().as_bytes(), write_sha256.as_bytes(), &signed_at.0.to_be_bytes()],
    )
}

/// SHA-256 over code, words and ticket of a reason, hex: what a decision was made on.
pub fn reason_sha256(reason: &Reason) -> String {
    let ticket = reason.ticket.as_deref().map(str::as_bytes);
    let present: &[u8] = if ticket.is_some() { &[1] } else { &[0] };
    let fields = [reason.code.as_bytes(), reason.text.as_bytes(), present, ticket.unwrap_or_default()];
    hex::encode(Sha256::digest(canonical("reason", &fields)))
}

/// Covers one batch of journal records; `body_sha256` is hex, over the uncompressed body.
pub fn journal_batch(device: &DeviceId, body_sha256: &str, signed_at: UnixMillis) -> Vec<u8> {
    canonical("journal-batch", &[device.as_str().as_bytes(), body_sha256.as_bytes(), &signed_at.0.to_be_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_cannot_flow_into_each_other() {
        assert_ne!(device_enrolment("ab", "c", "d"), device_enrolment("a", "bc", "d"));
        assert_ne!(
            token_refresh(&DeviceId::new("d"), "x", UnixMillis(1)),
            journal_batch(&DeviceId::new("d"), "x", UnixMillis(1))
        );
    }
}

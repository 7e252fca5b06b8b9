//! A record as an event of the Open Cybersecurity Schema Framework (<https://schema.ocsf.io>), version 1.1.0.
//!
//! Sign-ins are Authentication, what is done to accounts, devices, portals, keys and the log itself is Entity Management, what
//! happens in sessions is API Activity. What has no place there stands under `unmapped`.

use serde_json::{Map, Value, json};

use super::readable::Said;
use crate::store::StoredRecord;

const VERSION: &str = "1.1.0";

#[derive(Clone, Copy)]
enum Class {
    Authentication,
    /// The type of the entity.
    EntityManagement(&'static str),
    ApiActivity,
}

/// As all three classes but Authentication number them, where they are the same for 1 and 2.
const CREATE: i64 = 1;
const READ: i64 = 2;
const UPDATE: i64 = 3;
const DELETE: i64 = 4;
const OTHER: i64 = 99;
const LOGON: i64 = 1;
const LOGOFF: i64 = 2;

/// Class, activity, and whether it came about.
fn class_of(kind: &str) -> (Class, i64, bool) {
    use Class::{ApiActivity, Authentication, EntityManagement};
    match kind {
        "staff_signed_in" => (Authentication, LOGON, true),
        "sign_in_failed" => (Authentication, LOGON, false),
        "staff_signed_out" => (Authentication, LOGOFF, true),
        "device_registered" => (EntityManagement("device"), CREATE, true),
        "device_revoked" => (EntityManagement("device"), DELETE, true),
        "staff_added" => (EntityManagement("user"), CREATE, true),
        "staff_role_changed"
        | "staff_disabled"
        | "staff_enabled"
        | "password_changed"
        | "second_factor_set_up"
        | "second_factor_reset"
        | "provider_linked" => (EntityManagement("user"), UPDATE, true),
        "policy_changed" => (EntityManagement("policy"), UPDATE, true),
        "policy_refused" => (EntityManagement("policy"), UPDATE, false),
        "rules_changed" => (EntityManagement("portal_rules"), UPDATE, true),
        "rules_refused" => (EntityManagement("portal_rules"), UPDATE, false),
        "portal_disabled" | "portal_enabled" => (EntityManagement("portal"), UPDATE, true),
        "portal_key_added" => (EntityManagement("portal_key"), CREATE, true),
        "portal_key_revoked" => (EntityManagement("portal_key"), DELETE, true),
        "portal_tested" => (EntityManagement("portal"), READ, true),
        "emergency_stopped" => (EntityManagement("emergency_stop"), CREATE, true),
        "emergency_stop_lifted" => (EntityManagement("emergency_stop"), DELETE, true),
        "signer_added" | "server_key_pinned" => (EntityManagement("key"), CREATE, true),
        "audit_exported" => (EntityManagement("audit_log"), READ, true),
        "bodies_erased" | "records_retired" => (EntityManagement("audit_log"), DELETE, true),
        "journal_replaced" | "journal_key_rotated" | "journal_recovered" => (EntityManagement("journal"), UPDATE, true),
        "card_viewed" | "page_viewed" | "field_unmasked" | "file_downloaded" => (ApiActivity, READ, true),
        "session_started" | "start_requested" => (ApiActivity, CREATE, true),
        "session_refused" => (ApiActivity, CREATE, false),
        "session_extended" => (ApiActivity, UPDATE, true),
        "session_ended" | "end_requested" => (ApiActivity, DELETE, true),
        "request_blocked" | "attempt_refused" => (ApiActivity, OTHER, false),
        _ => (ApiActivity, OTHER, true),
    }
}

pub(super) fn event(stored: &StoredRecord, said: &Said) -> Value {
    let StoredRecord { position, received_at, record, subject, is_page: _ } = stored;
    let (class, activity, succeeded) = class_of(&record.kind);
    let (category, class_uid) = match class {
        Class::Authentication => (3, 3002_i64),
        Class::EntityManagement(_) => (3, 3004),
        Class::ApiActivity => (6, 6003),
    };
    let client = said.body.as_ref().map(|body| body.client.as_str());
    let mut event = Map::new();
    let mut set = |name: &str, value: Value| {
        event.insert(name.to_owned(), value);
    };
    set("category_uid", category.into());
    set("class_uid", class_uid.into());
    set("activity_id", activity.into());
    set("type_uid", class_uid.saturating_mul(100).saturating_add(activity).into());
    set("time", record.occurred_at.0.into());
    // Informational, or low where something was refused.
    set("severity_id", if succeeded { 1 } else { 2 }.into());
    set("status_id", if succeeded { 1 } else { 2 }.into());
    let profiles: &[&str] = if subject.device.is_some() { &["host"] } else { &[] };
    set(
        "metadata",
        json!({
            "version": VERSION,
            "product": { "name": "Amberglass", "vendor_name": "Amberglass", "version": env!("CARGO_PKG_VERSION") },
            "profiles": profiles, "uid": record.id, "event_code": record.kind, "sequence": position,
            "log_name": "audit", "log_provider": record.writer, "logged_time": received_at,
        }),
    );
    // Who did it: the staff member, or another one who is named, or the operator at the server, or the program itself.
    let by = said.detail.get("by");
    let who = by.and_then(Value::as_str).or(match by {
        Some(_) => None,
        None => subject.staff.as_ref().map(|id| id.as_str()),
    });
    set(
        "actor",
        match who {
            Some(id) => json!({ "user": { "uid": id } }),
            None => json!({ "invoked_by": client.unwrap_or(&record.writer) }),
        },
    );
    if let Some(device) = &subject.device {
        set("device", json!({ "uid": device, "type_id": 0 }));
    }
    match class {
        Class::Authentication => {
            let failed = said.detail.get("email_hash").and_then(Value::as_str);
            let user = subject.staff.as_ref().map(|id| id.as_str()).or(failed).unwrap_or("unknown");
            set("user", json!({ "uid": user }));
            set("service", json!({ "name": "Amberglass" }));
        }
        Class::EntityManagement(kind) => {
            let of_detail = |name: &str| said.detail.get(name).and_then(Value::as_str);
            let uid = match kind {
                "device" | "journal" => subject.device.as_ref().map(|id| id.as_str()),
                "user" => subject.staff.as_ref().map(|id| id.as_str()),
                "portal" => subject.portal.as_ref().map(|id| id.as_str()),
                "portal_key" => of_detail("key"),
                "key" => of_detail("name"),
                _ => None,
            };
            set("entity", json!({ "type": kind, "uid": uid.unwrap_or(kind) }));
            if let Some(reason) = of_detail("reason") {
                set("comment", reason.into());
            }
        }
        Class::ApiActivity => {
            set("api", json!({ "operation": record.kind, "service": { "name": "Amberglass" } }));
            let source = subject.device.as_ref().map_or(record.writer.as_str(), |id| id.as_str());
            set("src_endpoint", json!({ "uid": source }));
            if let Some(customer) = &subject.customer {
                set("resources", json!([{ "type": "customer", "uid": customer }]));
            }
            if let (Some(method), Some(path)) = (said.detail.get("method"), said.detail.get("path")) {
                set("http_request", json!({ "http_method": method, "url": { "path": path } }));
            }
        }
    }
    set(
        "unmapped",
        json!({
            "session": record.session, "portal": subject.portal, "customer": subject.customer, "client": client,
            "policy_hash": said.body.as_ref().and_then(|body| body.subject.policy_hash.as_deref()),
            "writer": record.writer, "seq": record.seq, "hash": record.hash,
            "erased": record.body.is_empty(), "detail": said.detail,
        }),
    );
    Value::Object(event)
}

//! `POST /v1/journal/batches`: consoles deliver their records. The device key signs, so that the device of a dismissed
//! agent, and even a revoked one, may still deliver evidence, and nothing else.

use std::sync::Arc;

use amberglass_domain::{
    chain::device_of,
    checkpoint::{TrustedKeys, WriterHead},
    device_key, signing,
};
use amberglass_wire::{
    DeviceId, UnixMillis,
    journal::{DEVICE_HEADER, JournalBatchRequest, JournalBatchResponse, SIGNATURE_HEADER, SIGNED_AT_HEADER},
    problem::ErrorCode,
};
use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, header},
};

use super::{extract::check_skew, problem::ApiError};
use crate::{
    ServerState,
    audit::{Delivered, Vouched},
    secrets::sha256_hex,
};

/// Uncompressed.
pub const LIMIT_BYTES: usize = 4 * 1024 * 1024;
/// A batch holds the write lock while it is stored, and pages wait for it; consoles send a quarter of this.
const LIMIT_RECORDS: usize = 1024;
/// A device's note names one chain, in some hundred bytes.
const LIMIT_NOTE_BYTES: usize = 8 * 1024;

/// Takes records of a console's journal.
///
/// Authenticated by the device's key alone, so that also the device of somebody who left may deliver evidence, and
/// nothing else. All of a batch is taken or nothing; what was there already is no error. A device that lost its journal
/// goes on in a later chain of its own, `<device>/2` and so on, and a batch holds records of one of them. With new
/// records comes the device's own checkpoint of their end. At most 4 MiB
/// uncompressed and 1,024 records.
#[utoipa::path(
    post,
    path = "/v1/journal/batches",
    operation_id = "deliver_journal",
    tag = "device",
    security(("device_signature" = [])),
    params(
        ("Amberglass-Device" = DeviceId, Header, description = "The device that signs"),
        ("Amberglass-Signed-At" = UnixMillis, Header, description = "At most a minute off the server's clock"),
        (
            "Content-Encoding" = Option<String>,
            Header,
            description = "`zstd` when the body is compressed; the signature covers what it was before",
        ),
    ),
    request_body(content = JournalBatchRequest),
    responses(
        (status = 200, description = "What the server holds of this chain now", body = JournalBatchResponse),
    ),
    extensions(("x-error-codes" = json!([
        ErrorCode::DeviceRefused, ErrorCode::ClockSkew, ErrorCode::JournalGap, ErrorCode::JournalFork,
        ErrorCode::JournalInvalid, ErrorCode::Unavailable,
    ]))),
)]
pub async fn deliver(
    State(state): State<Arc<ServerState>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<JournalBatchResponse>, ApiError> {
    let body = body?;
    let device = DeviceId::new(text(&headers, DEVICE_HEADER)?);
    let signed_at = text(&headers, SIGNED_AT_HEADER)?
        .parse()
        .map(UnixMillis)
        .map_err(|_| ApiError::new(ErrorCode::InvalidRequest).detail("Amberglass-Signed-At is not a number."))?;
    let signature = text(&headers, SIGNATURE_HEADER)?;

    if !is_json(&headers) {
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType).detail("Expected `Content-Type: application/json`."));
    }
    let row = state.store.device(&device).await?.ok_or_else(|| ApiError::new(ErrorCode::DeviceRefused))?;
    let message = signing::journal_batch(&device, &sha256_hex(&body), signed_at);
    device_key::verify(&row.public_key, &message, signature)
        .map_err(|error| ApiError::new(ErrorCode::DeviceRefused).source(error))?;
    let now = state.clock.now();
    check_skew(now, signed_at)?;

    let request: JournalBatchRequest = serde_json::from_slice(&body)
        .map_err(|error| ApiError::new(ErrorCode::InvalidRequest).detail(error.to_string()))?;
    if request.records.len() > LIMIT_RECORDS {
        return Err(ApiError::new(ErrorCode::PayloadTooLarge).detail(format!("At most {LIMIT_RECORDS} records.")));
    }
    let batch = request.records.first().map(|record| record.writer.as_str());
    let vouched = request.checkpoint.map(|note| vouched(&device, &row.public_key, batch, note)).transpose()?;
    let Delivered { held, checkpoint } = state.audit.deliver(&device, &request.records, vouched, now).await?;
    Ok(Json(JournalBatchResponse { held, checkpoint }))
}

/// The device's own checkpoint, if it is one of this device over the chain of the batch, a chain of its own, and nothing else.
fn vouched(device: &DeviceId, public_key: &str, batch: Option<&str>, note: String) -> Result<Vouched, ApiError> {
    let invalid = |words: String| ApiError::new(ErrorCode::InvalidRequest).detail(words);
    if note.len() > LIMIT_NOTE_BYTES {
        return Err(invalid(format!("The checkpoint is longer than {LIMIT_NOTE_BYTES} bytes.")));
    }
    let key = device_key::verifier_key(device, public_key).map_err(|error| invalid(error.to_string()))?;
    let checkpoint = TrustedKeys::parse(&key)
        .and_then(|trusted| trusted.checkpoint(&note))
        .map_err(|error| invalid(format!("The checkpoint is not one of this device: {error}.")))?;
    let [WriterHead { writer, head }] = checkpoint.heads.as_slice() else {
        return Err(invalid("The checkpoint names more than one chain, or none.".into()));
    };
    if device_of(writer) != device.as_str() || batch.is_some_and(|batch| batch != writer) {
        return Err(invalid("The checkpoint names another chain than the device's.".into()));
    }
    Ok(Vouched { writer: writer.clone(), head: head.clone(), note })
}

fn is_json(headers: &HeaderMap) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    given.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, ApiError> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| ApiError::new(ErrorCode::InvalidRequest).detail(format!("The header {name} is missing.")))
}

//! Extractors whose refusals are problems, and the one that says who is signed in.

use std::sync::Arc;

use amberglass_domain::{device_key, signing::MAX_SKEW_MILLIS};
use amberglass_wire::{
    DeviceId, StaffId, UnixMillis,
    auth::{Role, StaffResponse},
    problem::ErrorCode,
};
use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts, Request},
    http::{header, request::Parts},
};
use serde::de::DeserializeOwned;

use super::problem::ApiError;
use crate::{
    ServerState,
    policy::Principal,
    secrets::sha256_hex,
    store::{AccessRow, parse_role},
};

/// So long a proof of who somebody is counts as fresh (architecture: approvals, break-glass, `read_write`).
const FRESH_MILLIS: i64 = 5 * 60 * 1000;

#[derive(FromRequest)]
#[from_request(via(axum::Json), rejection(ApiError))]
pub struct Json<T>(pub T);

/// JSON together with the hash of its bytes: what makes a repeated request the same one.
pub struct RawJson<T> {
    pub value: T,
    pub body_sha256: String,
}

impl<T: DeserializeOwned> FromRequest<Arc<ServerState>> for RawJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &Arc<ServerState>) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let headers = parts.headers.clone();
        let body = Bytes::from_request(Request::from_parts(parts, body), state).await?;
        let mut again = Request::new(Body::from(body.clone()));
        *again.headers_mut() = headers;
        let Json(value) = Json::from_request(again, state).await?;
        Ok(Self { value, body_sha256: sha256_hex(&body) })
    }
}

#[derive(FromRequest)]
#[from_request(via(axum::Form), rejection(ApiError))]
pub struct Form<T>(pub T);

#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(ApiError))]
pub struct Query<T>(pub T);

#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(ApiError))]
pub struct Path<T>(pub T);

/// A staff member with a token that holds now: account active, device not revoked, not signed out, not expired.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub staff: StaffResponse,
    pub device: DeviceId,
    pub device_key: String,
    /// The sign-in that the token hangs on.
    pub family: String,
    /// When the person last proved who they are.
    pub authenticated_at: UnixMillis,
    /// To look at the token again later.
    pub token_sha256: String,
}

impl SignedIn {
    pub fn id(&self) -> &StaffId {
        &self.staff.id
    }

    pub fn principal(&self) -> Principal<'_> {
        Principal { id: &self.staff.id, email: &self.staff.email, role: self.staff.role.as_str() }
    }

    pub fn role(&self) -> Role {
        self.staff.role
    }

    /// For what wants to know that the person, and not only their unlocked computer, is there.
    ///
    /// # Errors
    /// `fresh_sign_in_required` when they proved who they are longer ago than five minutes.
    pub fn fresh(&self, now: UnixMillis) -> Result<(), ApiError> {
        // A proof from the future is none: somebody set the clock back.
        let age = now.since(self.authenticated_at);
        if (-MAX_SKEW_MILLIS..=FRESH_MILLIS).contains(&age) {
            return Ok(());
        }
        Err(ApiError::new(ErrorCode::FreshSignInRequired).detail("Sign in again, then repeat the request."))
    }

    /// Checks that `device` is the one of the token, that it signed `message`, and when.
    ///
    /// # Errors
    /// Device refused, or clock skew.
    pub fn check_signature(
        &self,
        now: UnixMillis,
        device: &DeviceId,
        signed_at: UnixMillis,
        message: &[u8],
        signature: &str,
    ) -> Result<(), ApiError> {
        if *device != self.device {
            return Err(ApiError::new(ErrorCode::DeviceRefused));
        }
        device_key::verify(&self.device_key, message, signature)
            .map_err(|error| ApiError::new(ErrorCode::DeviceRefused).source(error))?;
        check_skew(now, signed_at)
    }
}

/// What was signed too long ago, or in the future, may be a copy.
pub fn check_skew(now: UnixMillis, signed_at: UnixMillis) -> Result<(), ApiError> {
    if now.since(signed_at).saturating_abs() > MAX_SKEW_MILLIS {
        let detail = format!("The server's clock says {} (milliseconds since 1970).", now.0);
        return Err(ApiError::new(ErrorCode::ClockSkew).detail(detail));
    }
    Ok(())
}

impl FromRequestParts<Arc<ServerState>> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<ServerState>) -> Result<Self, ApiError> {
        let refused = || ApiError::new(ErrorCode::NotSignedIn);
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or_else(refused)?;
        let token_sha256 = sha256_hex(token.as_bytes());
        let row = state.store.access_token(&token_sha256).await?.ok_or_else(refused)?;
        if !row.holds || row.expires_at <= state.clock.now() {
            return Err(refused());
        }
        let AccessRow { staff, email, name, role, device, device_key, family, authenticated_at, .. } = row;
        // A role from a newer version: nobody knows what it may do, so it may do nothing here.
        let role = parse_role(&role).ok_or_else(refused)?;
        let staff = StaffResponse { id: staff, name, email, role };
        Ok(Self { staff, device, device_key, family, authenticated_at, token_sha256 })
    }
}

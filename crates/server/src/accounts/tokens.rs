//! From the authorization code to tokens, and from one refresh token to the next (RFC 6749, RFC 7636, RFC 9700).

use amberglass_domain::{
    device_key,
    signing::{self, MAX_SKEW_MILLIS},
};
use amberglass_wire::{
    DeviceId, StaffId, UnixMillis,
    audit::{EventDetail, EventSubject},
    auth::{CLIENT_ID, StaffResponse, TokenRequest, TokenResponse},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::{
    ServerState,
    audit::AuditError,
    secrets::{random_token, sha256_hex},
    sessions::Change,
    store::{CodeRow, DeviceRow, NewFamily, RefreshRow, StoreError, Tx, parse_role},
};

/// Life of an authorization code.
const CODE_SECONDS: i64 = 60;
/// Life of an access token.
const ACCESS_SECONDS: u32 = 5 * 60;
/// So long the predecessor of a refresh token still gets the same successor: a lost answer is not theft.
const GRACE_SECONDS: i64 = 60;
/// Stands in a code's row instead of a family once it was refused.
const BURNT: &str = "refused";
const MAX_DEVICE_NAME_CHARACTERS: usize = 100;

/// How somebody proved who they are, and when.
#[derive(Clone, Copy, Debug)]
pub struct Proof {
    pub at: UnixMillis,
    pub method: Method,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Password,
    PasswordTotp,
    OpenidConnect,
}

impl Method {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::PasswordTotp => "password_totp",
            Self::OpenidConnect => "openid_connect",
        }
    }
}

/// Why no tokens were given.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Code or token unknown, used, too old, or not for this client. Deliberately one answer.
    #[error("the code or token does not hold")]
    Invalid,
    #[error("the device is revoked or its signature is wrong")]
    DeviceRefused,
    #[error("the device's clock is too far from the server's")]
    ClockSkew,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Audit(#[from] AuditError),
}

/// An authorization code for a staff member who has just signed in.
///
/// # Errors
/// When it cannot be stored.
pub async fn issue_code(
    state: &ServerState,
    staff: &StaffId,
    redirect_uri: &str,
    code_challenge: &str,
    proof: Proof,
) -> Result<String, StoreError> {
    let code = random_token(&*state.entropy);
    let row = CodeRow {
        staff: staff.clone(),
        redirect_uri: redirect_uri.to_owned(),
        code_challenge: code_challenge.to_owned(),
        expires_at: state.clock.now().plus_seconds(CODE_SECONDS),
        authenticated_at: proof.at,
        method: proof.method.as_str().to_owned(),
        family: None,
    };
    let mut tx = state.store.begin().await?;
    tx.insert_code(&sha256_hex(code.as_bytes()), &row).await?;
    tx.commit().await?;
    Ok(code)
}

/// What the token endpoint answers.
///
/// # Errors
/// When nothing may be given.
pub async fn answer(state: &ServerState, request: TokenRequest) -> Result<TokenResponse, TokenError> {
    match request {
        TokenRequest::AuthorizationCode {
            client_id,
            code,
            redirect_uri,
            code_verifier,
            device_key,
            device_name,
            device_proof,
        } => {
            check_client(&client_id)?;
            let device_name = device_name.trim().to_owned();
            let message = signing::device_enrolment(&code, &device_key, &device_name);
            device_key::verify(&device_key, &message, &device_proof).map_err(|_| TokenError::DeviceRefused)?;
            if device_name.chars().count() > MAX_DEVICE_NAME_CHARACTERS || device_name.chars().any(char::is_control) {
                return Err(TokenError::DeviceRefused);
            }
            trade_code(state, &code, &redirect_uri, &code_verifier, &device_key, &device_name).await
        }
        TokenRequest::RefreshToken { client_id, refresh_token, device, signed_at, device_proof } => {
            check_client(&client_id)?;
            let signed_at = UnixMillis(signed_at.parse().map_err(|_| TokenError::Invalid)?);
            refresh(state, &refresh_token, &device, signed_at, &device_proof).await
        }
    }
}

fn check_client(client_id: &str) -> Result<(), TokenError> {
    if client_id == CLIENT_ID { Ok(()) } else { Err(TokenError::Invalid) }
}

async fn trade_code(
    state: &ServerState,
    code: &str,
    redirect_uri: &str,
    code_verifier: &str,
    public_key: &str,
    device_name: &str,
) -> Result<TokenResponse, TokenError> {
    let code_sha256 = sha256_hex(code.as_bytes());
    let mut tx = state.store.begin().await?;
    let now = state.clock.now();
    let row = tx.code(&code_sha256).await?.ok_or(TokenError::Invalid)?;
    if let Some(family) = row.family {
        // Somebody has the code who should not: whoever came first loses what they got, too (RFC 6749, 4.1.2).
        tx.revoke_family(&family, now).await?;
        tx.commit().await?;
        return Err(TokenError::Invalid);
    }
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(code_verifier.as_bytes()));
    if row.expires_at <= now || row.redirect_uri != redirect_uri || row.code_challenge != challenge {
        tx.trade_code(&code_sha256, BURNT).await?;
        tx.commit().await?;
        return Err(TokenError::Invalid);
    }
    let device = match enrolled(state, &mut tx, &row.staff, public_key, device_name, now).await? {
        Some(device) => device,
        None => {
            tx.trade_code(&code_sha256, BURNT).await?;
            tx.commit().await?;
            return Err(TokenError::DeviceRefused);
        }
    };
    let family = state.new_id();
    if !tx.trade_code(&code_sha256, &family).await? {
        return Err(TokenError::Invalid);
    }
    tx.revoke_families_on(&row.staff, &device, now).await?;
    let new = NewFamily {
        id: &family,
        staff: &row.staff,
        device: &device,
        started_at: now,
        authenticated_at: row.authenticated_at,
        method: &row.method,
    };
    tx.insert_family(&new).await?;
    state.audit.append_in(&mut tx, subject(&row.staff, &device), EventDetail::StaffSignedIn {}).await?;
    let refresh_token = random_token(&*state.entropy);
    let authenticated_at = row.authenticated_at;
    issue(state, tx, SignInOf { family, staff: row.staff, device, authenticated_at }, refresh_token, now).await
}

/// The device with this key, enrolled now if it is new; `None` when it was revoked.
async fn enrolled(
    state: &ServerState,
    tx: &mut Tx,
    staff: &StaffId,
    public_key: &str,
    name: &str,
    now: UnixMillis,
) -> Result<Option<DeviceId>, TokenError> {
    if let Some(known) = tx.device_by_key(public_key).await? {
        return Ok(known.revoked_at.is_none().then_some(known.id));
    }
    let device = DeviceRow {
        id: DeviceId(state.new_id()),
        public_key: public_key.to_owned(),
        name: name.to_owned(),
        registered_by: staff.clone(),
        registered_at: now,
        revoked_at: None,
    };
    tx.insert_device(&device).await?;
    let detail = EventDetail::DeviceRegistered {
        device_name: device.name.clone(),
        key_fingerprint: sha256_hex(public_key.as_bytes()),
    };
    state.audit.append_in(tx, subject(staff, &device.id), detail).await?;
    // The owner's other consoles show it.
    state.sessions.announce_change(tx, Change::SignIns);
    Ok(Some(device.id))
}

async fn refresh(
    state: &ServerState,
    token: &str,
    device: &DeviceId,
    signed_at: UnixMillis,
    proof: &str,
) -> Result<TokenResponse, TokenError> {
    let token_sha256 = sha256_hex(token.as_bytes());
    let mut tx = state.store.begin().await?;
    let now = state.clock.now();
    let row = tx.refresh_token(&token_sha256).await?.ok_or(TokenError::Invalid)?;
    if row.device != *device || row.device_revoked {
        return Err(TokenError::DeviceRefused);
    }
    let message = signing::token_refresh(device, &token_sha256, signed_at);
    device_key::verify(&row.device_key, &message, proof).map_err(|_| TokenError::DeviceRefused)?;
    if now.since(signed_at).saturating_abs() > MAX_SKEW_MILLIS {
        return Err(TokenError::ClockSkew);
    }
    if row.family_revoked || !row.staff_active || row.expires_at <= now {
        return Err(TokenError::Invalid);
    }
    // Made from the predecessor with a key that only the server has: the same answer again, without storing it.
    let successor = URL_SAFE_NO_PAD.encode(state.key.mac("refresh-successor", &[token]));
    if let Some(replaced_at) = row.replaced_at {
        let successor_unused = tx
            .refresh_token(&sha256_hex(successor.as_bytes()))
            .await?
            .is_some_and(|successor| successor.replaced_at.is_none());
        if now.since(replaced_at) > GRACE_SECONDS.saturating_mul(1000) || !successor_unused {
            tx.revoke_family(&row.family, now).await?;
            let subject = subject(&row.staff, &row.device);
            state.audit.append_in(&mut tx, subject, EventDetail::StaffSignedOut {}).await?;
            tx.commit().await?;
            tracing::warn!(device = %device, "a replaced refresh token came again: the sign-in was ended");
            return Err(TokenError::Invalid);
        }
    } else {
        tx.replace_refresh_token(&token_sha256, now).await?;
    }
    let RefreshRow { family, staff, device, authenticated_at, .. } = row;
    issue(state, tx, SignInOf { family, staff, device, authenticated_at }, successor, now).await
}

/// What tokens are issued for.
struct SignInOf {
    family: String,
    staff: StaffId,
    device: DeviceId,
    authenticated_at: UnixMillis,
}

async fn issue(
    state: &ServerState,
    mut tx: Tx,
    sign_in: SignInOf,
    refresh_token: String,
    now: UnixMillis,
) -> Result<TokenResponse, TokenError> {
    let SignInOf { family, staff, device, authenticated_at } = sign_in;
    let row = tx.staff_by_id(&staff).await?.filter(|row| row.active).ok_or(TokenError::Invalid)?;
    let role = parse_role(&row.role).ok_or(TokenError::Invalid)?;
    let access_token = random_token(&*state.entropy);
    let access_expires_at = now.plus_seconds(i64::from(ACCESS_SECONDS));
    tx.insert_access_token(&sha256_hex(access_token.as_bytes()), &family, access_expires_at).await?;
    let refresh_expires_at = now.plus_seconds(i64::from(state.config.limits.refresh_token_seconds));
    tx.insert_refresh_token(&sha256_hex(refresh_token.as_bytes()), &family, refresh_expires_at).await?;
    tx.device_seen(&device, now).await?;
    tx.commit().await?;
    Ok(TokenResponse {
        access_token,
        token_type: "Bearer".into(),
        expires_in: ACCESS_SECONDS,
        refresh_token,
        device,
        staff: StaffResponse { id: row.id, name: row.name, email: row.email, role },
        authenticated_at,
    })
}

/// Ends the sign-in: all its tokens are worth nothing from now on.
///
/// # Errors
/// When that cannot be written.
pub async fn sign_out(state: &ServerState, family: &str, staff: &StaffId, device: &DeviceId) -> Result<(), TokenError> {
    let mut tx = state.store.begin().await?;
    if tx.revoke_family(family, state.clock.now()).await? {
        state.audit.append_in(&mut tx, subject(staff, device), EventDetail::StaffSignedOut {}).await?;
    }
    tx.commit().await?;
    Ok(())
}

fn subject(staff: &StaffId, device: &DeviceId) -> EventSubject {
    EventSubject { staff: Some(staff.clone()), device: Some(device.clone()), ..EventSubject::default() }
}

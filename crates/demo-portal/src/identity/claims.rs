//! What a signed identity must say before it is believed.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, errors::ErrorKind};
use serde::Deserialize;

use super::{
    request::{Looker, Support, Viewer},
    support::Suppressed,
};
use crate::portal::UnixMillis;

/// The one header that is trusted. The gateway drops incoming copies of it.
pub const IDENTITY_HEADER: &str = "amberglass-identity";
/// A longer-lived token is refused, however well signed: a leaked one must be worthless soon.
pub const MAX_LIFETIME_S: i64 = 60;
/// How far the gateway's clock may be ahead of ours.
const CLOCK_SKEW_S: i64 = 2;

const DIRECTORY_SCOPE: &str = "customers.read";
const DIRECTORY_SUBJECT: &str = "amberglass";

/// Why an identity was not believed. Told to the log; the page says the same to everyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdentityRefusal {
    Missing,
    /// Not a JWT, a claim missing or of the wrong kind, or an algorithm other than EdDSA.
    Malformed,
    UnknownKey,
    WrongSignature,
    WrongIssuer,
    WrongAudience,
    Expired,
    FromTheFuture,
    LivesTooLong,
    /// A token for pages used at the directory, or the other way round.
    WrongKind,
    /// The gateway's keys could not be fetched: not the caller's fault.
    KeysUnreachable,
}

/// What the staff member may do here. Shown on the page; the gateway is who enforces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    ReadOnly,
    ReadWrite,
}

#[derive(Debug, Deserialize)]
struct Actor {
    sub: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    aud: String,
    sub: String,
    iat: i64,
    exp: i64,
    /// The gateway never sends it; where it stands it counts (RFC 7519, 4.1.5).
    nbf: Option<i64>,
    /// Required so that the gateway's log and ours can name one token; not kept.
    #[serde(rename = "jti")]
    _jti: String,
    act: Option<Actor>,
    sid: Option<String>,
    mode: Option<Mode>,
    scope: Option<String>,
}

/// The key id a token names, before anything in it is believed.
pub(crate) fn named_key(token: &str) -> Result<String, IdentityRefusal> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| IdentityRefusal::Malformed)?;
    // RFC 7515, 4.1.11: an extension that must be understood and is not, refuses the token.
    if header.alg != Algorithm::EdDSA || header.crit.is_some() {
        return Err(IdentityRefusal::Malformed);
    }
    header.kid.ok_or(IdentityRefusal::Malformed)
}

/// Signature, issuer, audience and times. `now` is ours, not the library's.
pub(crate) fn verify(
    token: &str,
    key: &DecodingKey,
    issuer: &str,
    audience: &str,
    now: UnixMillis,
) -> Result<Claims, IdentityRefusal> {
    let mut validation = Validation::new(Algorithm::EdDSA);
    // All of these are checked below, the times by our own clock and each with its own refusal.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims = jsonwebtoken::decode::<Claims>(token, key, &validation)
        .map_err(|error| {
            if matches!(error.kind(), ErrorKind::InvalidSignature) {
                IdentityRefusal::WrongSignature
            } else {
                IdentityRefusal::Malformed
            }
        })?
        .claims;
    let now_s = now.div_euclid(1000);
    if claims.iss != issuer {
        return Err(IdentityRefusal::WrongIssuer);
    }
    if claims.aud != audience {
        return Err(IdentityRefusal::WrongAudience);
    }
    let begins = claims.nbf.unwrap_or(claims.iat).max(claims.iat);
    if begins > now_s.saturating_add(CLOCK_SKEW_S) {
        return Err(IdentityRefusal::FromTheFuture);
    }
    if claims.exp <= now_s {
        return Err(IdentityRefusal::Expired);
    }
    if claims.exp.saturating_sub(claims.iat) > MAX_LIFETIME_S {
        return Err(IdentityRefusal::LivesTooLong);
    }
    Ok(claims)
}

/// An identity that opens pages: customer, staff member, session and mode, and no scope.
/// Gives the customer and who looks; what is suppressed stands elsewhere.
pub(crate) fn read_viewer(claims: Claims, suppressed: Suppressed) -> Result<Viewer, IdentityRefusal> {
    match claims {
        Claims { sub, act: Some(act), sid: Some(session), mode: Some(mode), scope: None, .. }
            if !sub.is_empty() && !act.sub.is_empty() && !session.is_empty() =>
        {
            let support = Support { staff: act.sub, session, mode, suppressed };
            Ok(Viewer { customer: sub, looker: Looker::Support(support) })
        }
        _ => Err(IdentityRefusal::WrongKind),
    }
}

/// An identity that looks customers up: the scope, and nobody acted for.
pub(crate) fn read_directory(claims: Claims) -> Result<(), IdentityRefusal> {
    let allowed = claims.scope.as_deref() == Some(DIRECTORY_SCOPE)
        && claims.sub == DIRECTORY_SUBJECT
        && claims.act.is_none()
        && claims.mode.is_none()
        && claims.sid.is_none();
    if allowed { Ok(()) } else { Err(IdentityRefusal::WrongKind) }
}

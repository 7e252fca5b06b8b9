//! Taking the identity out of a request, or answering why not.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, request::Parts},
    response::Response,
};

use super::{IDENTITY_HEADER, IdentityRefusal, Mode, claims, read_directory, read_viewer, verify};
use crate::{portal::Shared, problem::Problem};

/// A staff member looking at one customer's pages, as the gateway says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Viewer {
    /// The customer whose pages these are (`sub`). Known and active when a handler sees it.
    pub customer: String,
    /// The staff member who looks (`act.sub`).
    pub staff: String,
    /// The gateway's session (`sid`).
    pub session: String,
    pub mode: Mode,
}

/// The gateway itself, looking customers up.
pub(crate) struct DirectoryReader;

impl FromRequestParts<Arc<Shared>> for Viewer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Response> {
        let viewer = believed(&parts.headers, shared)
            .await
            .and_then(read_viewer)
            .map_err(|refusal| refused(refusal).answer(&parts.uri))?;
        let active = shared.read(|store| store.customer(&viewer.customer).map(|customer| customer.active));
        let detail = match active {
            Some(true) => return Ok(viewer),
            Some(false) => "This customer's account is closed. Its pages are no longer shown to anyone.",
            None => "Barkside has no customer with this number. Nothing was opened.",
        };
        let problem = Problem::new(StatusCode::FORBIDDEN, "This account is not available", detail);
        Err(problem.answer(&parts.uri))
    }
}

impl FromRequestParts<Arc<Shared>> for DirectoryReader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Response> {
        believed(&parts.headers, shared)
            .await
            .and_then(read_directory)
            .map_err(|refusal| refused(refusal).answer(&parts.uri))?;
        Ok(Self)
    }
}

async fn believed(headers: &HeaderMap, shared: &Shared) -> Result<claims::Claims, IdentityRefusal> {
    let mut values = headers.get_all(IDENTITY_HEADER).iter();
    let token = values.next().ok_or(IdentityRefusal::Missing)?;
    // Two identities: somebody added one to the gateway's. Neither is taken.
    if values.next().is_some() {
        return Err(IdentityRefusal::Malformed);
    }
    let token = token.to_str().map_err(|_| IdentityRefusal::Malformed)?;
    let key = shared.jwks.key(&claims::named_key(token)?).await?;
    verify(token, &key, &shared.config.issuer, &shared.config.audience, shared.now())
}

fn refused(refusal: IdentityRefusal) -> Problem {
    tracing::info!(?refusal, "identity refused");
    match refusal {
        IdentityRefusal::KeysUnreachable => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Barkside cannot check who is asking",
            "The support gateway's signing keys could not be fetched, so nothing was opened and nothing was changed. \
             Try again in a moment, or tell the people who run the gateway.",
        ),
        IdentityRefusal::Missing
        | IdentityRefusal::Malformed
        | IdentityRefusal::UnknownKey
        | IdentityRefusal::WrongSignature
        | IdentityRefusal::WrongIssuer
        | IdentityRefusal::WrongAudience
        | IdentityRefusal::Expired
        | IdentityRefusal::FromTheFuture
        | IdentityRefusal::LivesTooLong
        | IdentityRefusal::WrongKind => Problem::new(
            StatusCode::UNAUTHORIZED,
            "This door is closed",
            "In this demo Barkside is only reached through its support gateway, which vouches for who is looking. \
             This request came without a valid identity from it, so nothing was opened.",
        ),
    }
}

//! Taking the identity out of a request, or answering why not.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, request::Parts},
    response::Response,
};

use super::{
    IDENTITY_HEADER, IdentityRefusal, Mode, claims, read_directory, read_viewer,
    support::{Effect, Suppressed},
    verify,
};
use crate::{portal::Shared, problem::Problem};

/// Somebody looking at one customer's pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Viewer {
    /// The customer whose pages these are. Known and active when a handler sees it.
    pub customer: String,
    pub looker: Looker,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Looker {
    /// By the cookie of their own sign-in.
    Customer,
    Support(Support),
}

/// A staff member, as the gateway says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Support {
    /// The staff member who looks (`act.sub`).
    pub staff: String,
    /// The gateway's session (`sid`).
    pub session: String,
    pub mode: Mode,
    pub suppressed: Suppressed,
}

impl Viewer {
    /// Whether this happens because of the request, beside what it asks for.
    pub fn causes(&self, effect: Effect) -> bool {
        match &self.looker {
            Looker::Customer => true,
            Looker::Support(support) => !support.suppressed.contains(effect),
        }
    }
}

/// The gateway itself, looking customers up.
pub(crate) struct DirectoryReader;

impl FromRequestParts<Arc<Shared>> for Viewer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Response> {
        let viewer = viewer(&parts.headers, shared).await.map_err(|refusal| refused(refusal).answer(&parts.uri))?;
        let active = shared.read(|store| store.customer(&viewer.customer).map(|customer| customer.active));
        let detail = match active {
            Some(true) => {
                let is_page = !parts.uri.path().starts_with("/api/");
                shared.seen.effects.looked(&viewer, is_page, shared.now());
                return Ok(viewer);
            }
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

/// An identity in the request decides alone, also where it is worth nothing: a cookie beside it is not looked at.
async fn viewer(headers: &HeaderMap, shared: &Shared) -> Result<Viewer, IdentityRefusal> {
    if !headers.contains_key(IDENTITY_HEADER) {
        let customer = shared.own_sessions.customer(headers, shared.now()).ok_or(IdentityRefusal::Missing)?;
        return Ok(Viewer { customer, looker: Looker::Customer });
    }
    let claims = believed(headers, shared).await?;
    read_viewer(claims, Suppressed::read(headers))
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
            "Support reaches Barkside through its gateway, which vouches for who is looking. This request came without \
             a valid identity from it, and without a customer's own sign-in, so nothing was opened.",
        ),
    }
}

//! `GET /v1/oauth/authorize` where the company's provider signs people in: on to the provider. What has to be known when the
//! browser comes back waits in the database, sealed, for ten minutes, and is found once.

use std::sync::Arc;

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    authorize::Asked,
    sign_in_page::{self, Refusal},
};
use crate::{
    ServerState,
    accounts::provider::{Provider, ProviderError, Waiting},
    secrets::sha256_hex,
    store::StoreError,
    watch::with_causes,
};

const PURPOSE: &str = "provider-sign-in";
const LIFE_SECONDS: i64 = 10 * 60;

/// A sign-in that is at the provider.
#[derive(Serialize, Deserialize)]
pub struct Away {
    pub redirect_uri: String,
    pub state: String,
    pub code_challenge: String,
    pub waiting: Waiting,
}

pub async fn go(state: &Arc<ServerState>, provider: &Provider, asked: Asked, address: &str) -> Response {
    if !state.accounts.may_go_to_provider(address) {
        return super::authorize::with_retry_after(state, sign_in_page::refused(Refusal::TooMany));
    }
    let departure = match provider.begin(asked.fresh).await {
        Ok(departure) => departure,
        Err(error) => return refused(&error),
    };
    let Asked { redirect_uri, state: console_state, code_challenge, .. } = asked;
    let away = Away { redirect_uri, state: console_state, code_challenge, waiting: departure.waiting };
    match keep(state, &departure.state, &away).await {
        Ok(true) => {
            let headers = [
                (header::LOCATION, departure.address.as_str()),
                (header::REFERRER_POLICY, "no-referrer"),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (StatusCode::SEE_OTHER, headers).into_response()
        }
        Ok(false) => sign_in_page::refused(Refusal::Unavailable),
        Err(error) => unavailable(&error),
    }
}

/// False when it cannot be sealed.
async fn keep(state: &ServerState, provider_state: &str, away: &Away) -> Result<bool, StoreError> {
    let found_by = sha256_hex(provider_state.as_bytes());
    let Ok(plain) = serde_json::to_vec(away).map(Zeroizing::new) else { return Ok(false) };
    let Some(sealed) = state.key.seal(PURPOSE, &[&found_by], &plain, &*state.entropy) else { return Ok(false) };
    let expires_at = state.clock.now().plus_seconds(LIFE_SECONDS);
    let mut tx = state.store.begin().await?;
    tx.insert_provider_sign_in(&found_by, &sealed, expires_at).await?;
    tx.commit().await?;
    Ok(true)
}

/// `None` for one that was taken before, is too old, or never began here.
pub async fn take(state: &ServerState, provider_state: &str) -> Result<Option<Away>, StoreError> {
    let found_by = sha256_hex(provider_state.as_bytes());
    let mut tx = state.store.begin().await?;
    let taken = tx.take_provider_sign_in(&found_by).await?;
    tx.commit().await?;
    let now = state.clock.now();
    Ok(taken
        .filter(|(_, expires_at)| *expires_at > now)
        .and_then(|(sealed, _)| state.key.open(PURPOSE, &[&found_by], &sealed))
        .and_then(|plain| serde_json::from_slice(&plain).ok()))
}

/// The page for what went wrong with the provider; the log says what exactly.
pub fn refused(error: &ProviderError) -> Response {
    tracing::error!(error = with_causes(error), "a sign-in with the provider failed");
    sign_in_page::refused(match error {
        ProviderError::SecretFile { .. }
        | ProviderError::Client(_)
        | ProviderError::Address
        | ProviderError::Unavailable(_) => Refusal::ProviderUnavailable,
        ProviderError::CodeRefused => Refusal::ProviderRefused,
        ProviderError::NotBelieved(_) => Refusal::NotBelieved,
        ProviderError::NotFresh => Refusal::NotFresh,
    })
}

pub fn unavailable(error: &(dyn std::error::Error + 'static)) -> Response {
    tracing::error!(error = with_causes(error), "a sign-in with the provider could not be carried out");
    sign_in_page::refused(Refusal::Unavailable)
}

//! Whether a portal answers as the gateway needs it, said in words.

use std::{sync::Arc, time::Duration};

use crate::{
    config::{PortalConfig, ServerConfig},
    drivers::{self, DriverError, Drivers, IdentitySigner},
    operator::Operator,
};

const TIMEOUT: Duration = Duration::from_secs(5);

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub is_good: bool,
    pub words: String,
}

/// Asks the portal itself, this server for its keys, and the portal's customer directory, as the gateway would.
///
/// # Errors
/// When the signing key cannot be used or no client can be made.
pub async fn check(operator: &Operator, portal: &PortalConfig) -> Result<Vec<Finding>, DriverError> {
    let config = &operator.config;
    let issuer = issuer_of(config);
    let signer = Arc::new(IdentitySigner::load_or_create(&config.data_dir, &*operator.entropy)?);
    let drivers = Drivers::new(config, &issuer, signer, &operator.clock, &operator.entropy)?;
    let client = drivers::client(TIMEOUT)?;
    let jwks = format!("{issuer}/.well-known/jwks.json");
    let mut findings = vec![answers(&client, portal).await, shows_keys(&client, &jwks).await];
    if let Some(driver) = drivers.get(&portal.id) {
        findings.push(match driver.find_customers("", 1).await {
            Ok(found) if found.customers.is_empty() => {
                good("The customer directory answers, and lists no customer yet.")
            }
            Ok(_) => good("The customer directory answers and lists customers."),
            Err(error) => bad(why_not(&error, &portal.audience, &jwks)),
        });
    }
    Ok(findings)
}

/// The `iss` of what the server of this configuration signs.
pub(super) fn issuer_of(config: &ServerConfig) -> String {
    if config.issuer.is_empty() {
        format!("http://{}", config.listen_api)
    } else {
        config.issuer.trim_end_matches('/').to_owned()
    }
}

async fn answers(client: &reqwest::Client, portal: &PortalConfig) -> Finding {
    let upstream = &portal.upstream;
    match client.get(upstream.clone()).send().await {
        Ok(answer) if answer.status().is_server_error() => bad(format!(
            "The portal answers at {upstream}, with an error of its own ({}): see its log.",
            answer.status()
        )),
        Ok(answer) => good(format!("The portal answers at {upstream} ({}).", answer.status())),
        Err(error) => bad(format!(
            "{} at {upstream}. {}",
            no_answer(&error),
            "Is the portal running, and is `upstream` its address?"
        )),
    }
}

async fn shows_keys(client: &reqwest::Client, jwks: &str) -> Finding {
    match client.get(jwks).send().await {
        Ok(answer) if answer.status().is_success() => good(format!("This server shows its keys at {jwks}.")),
        Ok(answer) => bad(format!(
            "{jwks} answers with {}: something else listens there, or a proxy before this server does not pass its \
             Host on. Portals fetch the keys there.",
            answer.status()
        )),
        Err(error) => {
            bad(format!("{} at {jwks}. Is this server running? Portals fetch its keys there.", no_answer(&error)))
        }
    }
}

fn no_answer(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "No answer in five seconds"
    } else if is_not_believed(error) {
        "Nobody answers with a certificate that this machine believes"
    } else {
        "Nothing answers"
    }
}

/// The connection stands, and what answers can't prove that it is who was asked for.
fn is_not_believed(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<rustls::Error>() {
            return true;
        }
        // What an error of input and output wraps it does not call its source.
        cause = match error.downcast_ref::<std::io::Error>() {
            Some(outer) => outer.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static)),
            None => error.source(),
        };
    }
    false
}

/// Why a customer directory is of no use, in words.
pub(super) fn why_not(error: &DriverError, audience: &str, jwks: &str) -> String {
    match error {
        DriverError::Unreachable(_) => "The customer directory does not answer.".into(),
        DriverError::Refused { status: 401 | 403 } => format!(
            "The customer directory refuses this server's identity. The portal has to accept tokens signed with the keys at \
             {jwks}, for the audience `{audience}`; its clock may differ by seconds only."
        ),
        DriverError::Refused { status: 404 } => {
            "The portal has no customer directory: it has to answer at /.well-known/amberglass/customers.".into()
        }
        DriverError::Refused { status } => {
            format!("The customer directory answers with an error of its own ({status}): see the portal's log.")
        }
        DriverError::NotUnderstood(why) => {
            format!("The customer directory's answer does not fit its contract: {why}.")
        }
        DriverError::Client(_)
        | DriverError::Address
        | DriverError::Signing(_)
        | DriverError::KeyFile { .. }
        | DriverError::KeyFileOpen { .. }
        | DriverError::KeyFileDamaged { .. } => format!("The customer directory could not be asked: {error}."),
    }
}

fn good(words: impl Into<String>) -> Finding {
    Finding { is_good: true, words: words.into() }
}

fn bad(words: impl Into<String>) -> Finding {
    Finding { is_good: false, words: words.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_certificate_that_is_not_believed_is_told_from_nobody_who_answers() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let (certificate, key) = amberglass_testkit::untrusted_certificate(dir.path());
        let tls = crate::config::Tls { certificate, key }.acceptor([]).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = tokio::spawn(async move { tls.accept(listener.accept().await.unwrap().0).await.is_ok() });
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let told = async || no_answer(&client.get(format!("https://{address}/")).send().await.unwrap_err());
        assert_eq!(told().await, "Nobody answers with a certificate that this machine believes");
        assert!(!served.await.unwrap());
        assert_eq!(told().await, "Nothing answers");
    }
}

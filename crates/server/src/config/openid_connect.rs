//! The company's OpenID Connect provider. With it configured nobody signs in with a password of ours; the operator gets in
//! through the commands of `amberglass-server` at the server itself.

use std::path::PathBuf;

use amberglass_wire::auth::Role;
use serde::{Deserialize, Deserializer, de::Error as _};
use url::Url;

use super::{ConfigError, is_loopback_http};

/// `[openid_connect]` of `server.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenidConnect {
    /// As the provider writes it in its tokens, to the letter: `https://login.company.example`. Its configuration is read
    /// from `/.well-known/openid-configuration` below it. Plain http on loopback only.
    pub issuer: String,
    pub client_id: String,
    /// File with the secret that the provider gave for this client.
    pub client_secret_file: PathBuf,
    /// Beside `openid`.
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
    /// Only verified e-mail addresses of these domains sign in; empty: whoever the provider knows.
    #[serde(default)]
    pub allowed_domains: Vec<String>,
    /// `false`: who has no account here is refused. `"agent"` or `"lead"`: gets one with that role at the first sign-in.
    #[serde(default, deserialize_with = "role_or_false")]
    pub create_accounts: Option<Role>,
}

fn default_scopes() -> Vec<String> {
    ["email", "profile"].map(str::to_owned).to_vec()
}

fn role_or_false<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Role>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Text {
        Switch(bool),
        Role(String),
    }
    match Text::deserialize(deserializer)? {
        Text::Switch(false) => Ok(None),
        Text::Role(text) if text == Role::Agent.as_str() => Ok(Some(Role::Agent)),
        Text::Role(text) if text == Role::Lead.as_str() => Ok(Some(Role::Lead)),
        // What a provider says of somebody must not be enough to manage the server or to read everybody's record.
        Text::Switch(true) | Text::Role(_) => Err(D::Error::custom("create_accounts is false, \"agent\" or \"lead\"")),
    }
}

impl OpenidConnect {
    pub(super) fn check(&self, demo: bool) -> Result<(), ConfigError> {
        let refused = |why| Err(ConfigError::OpenidConnect(why));
        if demo {
            return refused("the demo signs in with its sample accounts; leave one of the two out");
        }
        match Url::parse(&self.issuer) {
            Ok(url) if url.query().is_some() || url.fragment().is_some() => {
                return refused("issuer has no query and no fragment");
            }
            Ok(url) if url.scheme() == "https" || is_loopback_http(&url) => {}
            Ok(_) => return refused("issuer must be https; plain http is for loopback only"),
            Err(_) => return refused("issuer is not a URL"),
        }
        if self.client_id.is_empty() {
            return refused("client_id is empty");
        }
        if self.allowed_domains.iter().any(|domain| domain.is_empty() || domain.contains('@')) {
            return refused("allowed_domains are names such as company.example, without @");
        }
        Ok(())
    }

    /// Whether an e-mail address is of a domain that may sign in.
    pub fn allows(&self, email: &str) -> bool {
        let domain = email.rsplit_once('@').map(|(_, domain)| domain.trim());
        self.allowed_domains.is_empty()
            || domain
                .is_some_and(|domain| self.allowed_domains.iter().any(|allowed| allowed.eq_ignore_ascii_case(domain)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(more: &str) -> Result<OpenidConnect, toml::de::Error> {
        toml::from_str(&format!(
            "issuer = 'https://login.example'\nclient_id = 'amberglass'\nclient_secret_file = '/etc/secret'\n{more}"
        ))
    }

    #[test]
    fn little_has_to_be_said_and_nobody_gets_an_account_by_default() {
        let config = parsed("").unwrap();
        config.check(false).unwrap();
        assert_eq!(config.create_accounts, None);
        assert_eq!(config.scopes, ["email", "profile"]);
        assert_eq!(parsed("create_accounts = false").unwrap().create_accounts, None);
        assert_eq!(parsed("create_accounts = 'lead'").unwrap().create_accounts, Some(Role::Lead));
    }

    #[test]
    fn what_would_give_too_much_or_means_nothing_is_refused() {
        for more in ["create_accounts = true", "create_accounts = 'admin'", "create_accounts = 'security'", "other = 1"]
        {
            assert!(parsed(more).is_err(), "{more}");
        }
        for issuer in ["http://login.example", "ftp://login.example", "login.example", "https://login.example?x=1"] {
            let config = OpenidConnect { issuer: issuer.into(), ..parsed("").unwrap() };
            assert!(matches!(config.check(false), Err(ConfigError::OpenidConnect(_))), "{issuer}");
        }
        assert!(OpenidConnect { issuer: "http://127.0.0.1:1".into(), ..parsed("").unwrap() }.check(false).is_ok());
        assert!(parsed("").unwrap().check(true).is_err());
    }

    #[test]
    fn domains_compare_without_case_and_as_a_whole() {
        let config = parsed("allowed_domains = ['Company.example']").unwrap();
        assert!(config.allows("amy@company.EXAMPLE"));
        assert!(!config.allows("amy@evil-company.example") && !config.allows("amy@company.example.evil"));
        assert!(!config.allows("amy@company.example@evil.example") && !config.allows("nobody"));
    }
}

//! What no session does, by kind. The list itself is in [`never_list`](super::never_list).

use std::fmt;

use serde::Deserialize;

/// Each must be mapped or declared absent by a portal's rules before `read_write` is offered there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    Password,
    Mfa,
    EmailChange,
    AccountDeletion,
    OauthConsent,
    ApiKey,
    LegalConsent,
}

impl Category {
    pub const ALL: [Self; 7] = [
        Self::Password,
        Self::Mfa,
        Self::EmailChange,
        Self::AccountDeletion,
        Self::OauthConsent,
        Self::ApiKey,
        Self::LegalConsent,
    ];

    /// The stable id that goes on record where the built-in list blocks.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Password => "never-password",
            Self::Mfa => "never-mfa",
            Self::EmailChange => "never-email-change",
            Self::AccountDeletion => "never-account-deletion",
            Self::OauthConsent => "never-oauth-consent",
            Self::ApiKey => "never-api-key",
            Self::LegalConsent => "never-legal-consent",
        }
    }

    /// As in files of rules.
    pub fn word(self) -> &'static str {
        self.rule().trim_start_matches("never-")
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

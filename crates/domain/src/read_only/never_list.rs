//! What no session does, in any mode and whatever a portal's rules list: things that would lock the customer out, speak
//! in the customer's name, or outlive the session.
//!
//! Judged by the words of the path, generously: blocking one write too many is noticed and told, passing one is not.
//! Reads are not judged here; a page about a password is only a page.

use super::category::Category;

/// Word groups of one category.
struct Words {
    category: Category,
    /// One of these as a word of its own.
    words: &'static [&'static str],
    /// One of these anywhere in a segment once its separators are gone, as in `resetPassword` or `api-keys`.
    inside: &'static [&'static str],
}

/// First match decides, so the narrower stand before the wider.
const WORDS: &[Words] = &[
    Words {
        category: Category::Password,
        words: &["passkey", "passkeys", "pin"],
        inside: &["password", "passwd", "passphrase", "passcode", "webauthn"],
    },
    Words {
        category: Category::Mfa,
        words: &["mfa", "2fa", "tfa", "otp", "totp", "hotp", "u2f", "fido", "fido2", "authenticator", "authenticators"],
        inside: &["twofactor", "2factor", "multifactor", "secondfactor", "recoverycode", "backupcode"],
    },
    Words {
        category: Category::EmailChange,
        words: &["email", "emails", "mailaddress"],
        inside: &["emailaddress", "changeemail", "updateemail", "newemail", "verifyemail", "confirmemail"],
    },
    Words {
        category: Category::OauthConsent,
        words: &[
            "oauth",
            "oauth2",
            "oidc",
            "openid",
            "authorize",
            "authorise",
            "authorization",
            "authorisation",
            "saml",
        ],
        inside: &["connectedapp", "appgrant"],
    },
    Words {
        category: Category::ApiKey,
        words: &[
            "token",
            "tokens",
            "secret",
            "secrets",
            "credential",
            "credentials",
            "apikey",
            "apikeys",
            "pat",
            "pats",
        ],
        inside: &[
            "apikey",
            "apitoken",
            "accesstoken",
            "accesskey",
            "secretkey",
            "sshkey",
            "signingkey",
            "clientsecret",
        ],
    },
    Words {
        category: Category::LegalConsent,
        words: &[
            "consent",
            "consents",
            "terms",
            "tos",
            "eula",
            "gdpr",
            "legal",
            "mandate",
            "mandates",
            "agreement",
            "agreements",
        ],
        inside: &["termsofservice", "termsofuse", "privacypolicy", "dataprotection"],
    },
];

/// What is the customer's whole account, as opposed to one thing in it.
const ACCOUNT_WORDS: &[&str] = &["account", "accounts", "profile", "me", "self", "membership", "customer", "customers"];
const DELETION_WORDS: &[&str] = &[
    "delete",
    "deletion",
    "close",
    "closure",
    "deactivate",
    "deactivation",
    "terminate",
    "termination",
    "erase",
    "erasure",
    "cancel",
];

/// The first category that a write belongs to.
pub(super) fn category(method: &str, path: &str) -> Option<Category> {
    categories(method, path).into_iter().next()
}

/// Every category that a write belongs to, the narrower before the wider.
pub(super) fn categories(method: &str, path: &str) -> Vec<Category> {
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let segments: Vec<Vec<String>> = path.split('/').map(words).filter(|words| !words.is_empty()).collect();
    let squeezed: Vec<String> = segments.iter().map(|words| words.concat()).collect();
    // `e-mail` is two words and one.
    let is_word = |list: &[&str]| segments.iter().flatten().chain(&squeezed).any(|word| list.contains(&word.as_str()));
    let is_inside = |list: &[&str]| squeezed.iter().any(|segment| list.iter().any(|part| segment.contains(part)));
    let by_words = WORDS.iter().filter(|one| is_word(one.words) || is_inside(one.inside));
    let mut found: Vec<Category> = by_words.map(|one| one.category).collect();
    let names_account = is_word(ACCOUNT_WORDS);
    let deletes = is_word(DELETION_WORDS) || method == "DELETE";
    let deletes_in_one_word =
        DELETION_WORDS.iter().any(|verb| squeezed.iter().any(|segment| segment.contains(&format!("{verb}account"))));
    if (names_account && deletes) || deletes_in_one_word {
        found.push(Category::AccountDeletion);
    }
    found
}

/// Lower-case words of one segment: split at anything but letters and digits, and before an upper-case letter that
/// follows a lower-case one.
pub(super) fn words(segment: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut current = String::new();
    let mut previous_is_lower = false;
    for character in segment.chars() {
        let ends_word = !character.is_alphanumeric() || (character.is_uppercase() && previous_is_lower);
        if ends_word && !current.is_empty() {
            found.push(std::mem::take(&mut current));
        }
        if character.is_alphanumeric() {
            current.extend(character.to_lowercase());
        }
        previous_is_lower = character.is_lowercase();
    }
    if !current.is_empty() {
        found.push(current);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_on_the_never_list_are_found_in_every_spelling() {
        let table = [
            ("POST", "/account/password", "never-password"),
            ("POST", "/account/Password", "never-password"),
            ("POST", "/account/p%61ssword", "never-password"),
            ("PUT", "/api/v2/changePassword", "never-password"),
            ("POST", "/forgotpassword.php", "never-password"),
            ("POST", "/reset-pass-word", "never-password"),
            ("POST", "/webauthn/register", "never-password"),
            ("POST", "/account/mfa", "never-mfa"),
            ("DELETE", "/settings/2fa/devices/4", "never-mfa"),
            ("POST", "/settings/two-factor", "never-mfa"),
            ("POST", "/settings/twoFactorAuth", "never-mfa"),
            ("POST", "/totp/enrol", "never-mfa"),
            ("POST", "/recovery_codes", "never-mfa"),
            ("PATCH", "/me/email", "never-email-change"),
            ("POST", "/change-e-mail", "never-email-change"),
            ("PATCH", "/account/e-mail", "never-email-change"),
            ("POST", "/changeEmail", "never-email-change"),
            ("POST", "/oauth/authorize", "never-oauth-consent"),
            ("POST", "/OAuth2/consent", "never-oauth-consent"),
            ("POST", "/connected-apps/3", "never-oauth-consent"),
            ("POST", "/api-keys", "never-api-key"),
            ("POST", "/apiKeys", "never-api-key"),
            ("POST", "/settings/tokens", "never-api-key"),
            ("POST", "/personal_access_tokens", "never-api-key"),
            ("POST", "/legal/accept", "never-legal-consent"),
            ("POST", "/terms", "never-legal-consent"),
            ("POST", "/privacy-policy/accept", "never-legal-consent"),
            ("POST", "/cookie-consent", "never-legal-consent"),
            ("DELETE", "/account", "never-account-deletion"),
            ("DELETE", "/api/me", "never-account-deletion"),
            ("POST", "/account/delete", "never-account-deletion"),
            ("POST", "/account/close", "never-account-deletion"),
            ("POST", "/deleteAccount", "never-account-deletion"),
            ("POST", "/deleteaccount", "never-account-deletion"),
        ];
        for (method, path, rule) in table {
            assert_eq!(category(method, path).map(Category::rule), Some(rule), "{method} {path}");
        }
    }

    #[test]
    fn ordinary_writes_are_not_on_the_never_list() {
        let table = [
            ("POST", "/appointments"),
            ("POST", "/api/appointments/7/cancel"),
            ("DELETE", "/appointments/7"),
            ("POST", "/account/address"),
            ("POST", "/api/invoices/12/pay"),
            ("POST", "/messages"),
            ("PUT", "/pets/3/name"),
            ("POST", ""),
            ("POST", "/%FF%FE"),
        ];
        for (method, path) in table {
            assert_eq!(category(method, path), None, "{method} {path}");
        }
    }
}

//! What is taken out of addresses before they go on record.
//!
//! A record holds path and query **names**. Query values are dropped; path segments and names that look like a token, an
//! e-mail address or a card number are replaced by a short tag, the same for the same text, so that two records of one
//! address can still be seen to belong together.

use sha2::{Digest as _, Sha256};

/// Separates this use of SHA-256 from every other one.
const TAG: &[u8] = b"amberglass/redacted/v1";
/// What a record keeps of an address at most, in characters.
const MAX_LENGTH: usize = 1024;
const MAX_QUERY_NAMES: usize = 20;
/// Longer ones are no names that a person gave.
const MAX_NAME: usize = 80;
/// Shorter numbers are invoices and customers; longer ones may be cards (ISO/IEC 7812: from 13 digits on in use).
const MAX_DIGITS: usize = 12;

/// `/reset/~1f09ab3c?lang&token`: what goes on record for a path and query as they would be forwarded.
pub fn recorded_address(path: &str, query: Option<&str>) -> String {
    let mut recorded: String = path.split('/').map(segment).collect::<Vec<_>>().join("/");
    if let Some(query) = query {
        let names: Vec<String> = query
            .split('&')
            .map(|field| field.split('=').next().unwrap_or_default())
            .filter(|name| !name.is_empty())
            .take(MAX_QUERY_NAMES)
            .map(name_or_tag)
            .collect();
        if !names.is_empty() {
            recorded.push('?');
            recorded.push_str(&names.join("&"));
        }
    }
    if recorded.chars().count() > MAX_LENGTH {
        let kept: String = recorded.chars().take(MAX_LENGTH).collect();
        return format!("{kept}~{}", tag(&recorded));
    }
    recorded
}

/// A segment may carry parameters (`;jsessionid=..`, RFC 3986, 3.3): their names stay, their values go.
fn segment(text: &str) -> String {
    let mut parts = text.split(';');
    let mut kept = name_or_tag(parts.next().unwrap_or_default());
    for parameter in parts {
        kept.push(';');
        kept.push_str(&name_or_tag(parameter.split('=').next().unwrap_or_default()));
    }
    kept
}

fn name_or_tag(text: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    // Control characters never go on record as they are: whoever reads it in a terminal would run them.
    let unprintable = text.chars().any(char::is_control) || decoded.chars().any(char::is_control);
    if unprintable || is_token_like(&decoded) { format!("~{}", tag(text)) } else { text.to_owned() }
}

fn tag(text: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(TAG);
    hasher.update(text.as_bytes());
    let mut hash = hex::encode(hasher.finalize());
    hash.truncate(8);
    hash
}

/// Whether a name looks like a secret or a person rather than a name. Errs towards yes: a tag costs readability, a
/// token on record costs more.
pub(crate) fn is_token_like(text: &str) -> bool {
    let length = text.chars().count();
    if text.contains('@') || length > MAX_NAME {
        return true;
    }
    let is_jwt = text.starts_with("eyJ") && length >= 16;
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let is_long_number =
        digits > MAX_DIGITS && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | ' ' | '.'));
    let upper = text.chars().filter(char::is_ascii_uppercase).count();
    let lower = text.chars().filter(char::is_ascii_lowercase).count();
    // Base64 has 40 % capitals and 16 % digits; names in camel case stay far below a quarter of both.
    let is_base64_like = length >= 20 && upper > 0 && lower > 0 && (upper + digits) * 4 >= length;
    is_jwt
        || is_long_number
        || is_uuid(text)
        || is_base64_like
        || text.split(['-', '_', '.', '~', '=', '+']).any(is_random_piece)
}

/// 8-4-4-4-12 hexadecimal digits, in braces or not.
fn is_uuid(text: &str) -> bool {
    let text = text.trim_start_matches('{').trim_end_matches('}');
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

/// A stretch without separators that no word is: long hexadecimal, or long with letters and digits mixed.
fn is_random_piece(piece: &str) -> bool {
    let length = piece.len();
    if length < 16 || !piece.is_ascii() {
        return false;
    }
    let digits = piece.bytes().filter(u8::is_ascii_digit).count();
    let is_hex = piece.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_mixed = digits >= 2 && digits < length && piece.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_hex || is_mixed || length >= 40
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_stay_and_values_go() {
        let table = [
            ("/", None, "/"),
            ("/invoices/1042", None, "/invoices/1042"),
            ("/invoices", Some("status=open&page=2"), "/invoices?status&page"),
            ("/search", Some("q=jane%40example.com"), "/search?q"),
            ("/search", Some(""), "/search"),
            ("/search", Some("&&=x&a"), "/search?a"),
            ("/how-to-groom-a-poodle-in-2024", None, "/how-to-groom-a-poodle-in-2024"),
            ("/assets/app.4f3a9c1e.js", None, "/assets/app.4f3a9c1e.js"),
            ("/api/changeBillingAddressForCustomer", None, "/api/changeBillingAddressForCustomer"),
            ("/caf%C3%A9/men%C3%BC", None, "/caf%C3%A9/men%C3%BC"),
            ("/orders/2026-11-21", None, "/orders/2026-11-21"),
            ("/basket;region=eu/items", None, "/basket;region/items"),
        ];
        for (path, query, expected) in table {
            assert_eq!(recorded_address(path, query), expected);
        }
    }

    #[test]
    fn what_looks_like_a_secret_or_a_person_is_replaced() {
        let secrets = [
            "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2ln",
            "0190f2c4-7b1a-7def-8abc-0123456789ab",
            "d41d8cd98f00b204e9800998ecf8427e",
            "dQw4w9WgXcQ-dQw4w9WgXcQ-xyz",
            "k5zq2n7wq4hr6x3mb2c5vd7a",
            "4111111111111111",
            "4111-1111-1111-1111",
            "jane@example.com",
            "jane%40example.com",
            "a%0Ab",
            "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        ];
        for secret in secrets {
            let recorded = recorded_address(&format!("/reset/{secret}/done"), None);
            assert!(!recorded.contains(secret), "{recorded}");
            assert!(recorded.starts_with("/reset/~") && recorded.ends_with("/done"), "{recorded}");
        }
        let as_name = recorded_address("/reset", Some("d41d8cd98f00b204e9800998ecf8427e"));
        assert!(as_name.starts_with("/reset?~"), "{as_name}");
        assert_eq!(recorded_address("/a;jsessionid=SECRET", None), "/a;jsessionid");
    }

    #[test]
    fn the_same_secret_has_the_same_tag_and_another_has_another() {
        let address = |secret: &str| recorded_address(&format!("/reset/{secret}"), None);
        let (first, second) = ("d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427f");
        assert_eq!(address(first), address(first));
        assert_ne!(address(first), address(second));
    }

    proptest! {
        #[test]
        fn no_query_value_is_ever_on_record(path in "/[a-z/]{0,20}", value in "[A-Za-z0-9]{6,40}") {
            let recorded = recorded_address(&path, Some(&format!("name={value}&other={value}")));
            prop_assert_eq!(recorded.strip_prefix(path.as_str()), Some("?name&other"));
        }

        #[test]
        fn any_text_gives_a_bounded_record_without_control_characters(path in ".{0,3000}", query in ".{0,3000}") {
            let recorded = recorded_address(&path, Some(&query));
            prop_assert!(recorded.chars().count() <= MAX_LENGTH + 9);
            prop_assert!(!recorded.chars().any(char::is_control));
        }
    }
}

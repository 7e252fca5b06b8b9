//! The id of one HTTP request, by which the log, the portal and what a person reads out can be brought together.

use std::fmt;

use amberglass_domain::ports::Entropy;
use amberglass_wire::problem::REQUEST_ID_HEADER;
use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::Span;

const BYTES: usize = 16;
/// Of the id, for people: its beginning, so that whoever searches the log for it finds the id.
const REFERENCE_LENGTH: usize = 8;

/// 32 lower-case hex digits that say nothing about anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HttpRequestId(String);

impl HttpRequestId {
    pub fn new(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0_u8; BYTES];
        entropy.fill(&mut bytes);
        Self(hex::encode(bytes))
    }

    /// The one that a console has made, if there is exactly one and it is of the form. Never to be asked about a page's
    /// request: what a page may choose, it may choose to mislead.
    pub fn of_console(headers: &HeaderMap) -> Option<Self> {
        let mut given = headers.get_all(NAME).iter();
        let (Some(value), None) = (given.next(), given.next()) else { return None };
        let text = value.to_str().ok()?;
        let is_hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (text.len() == BYTES.saturating_mul(2) && is_hex).then(|| Self(text.to_owned()))
    }

    /// What people are shown.
    pub fn reference(&self) -> &str {
        self.0.get(..REFERENCE_LENGTH).unwrap_or(&self.0)
    }

    /// Around all that is done for the request. Of the level of errors, so that no setting of the log leaves it out.
    pub fn span(&self) -> Span {
        tracing::error_span!("request", request_id = %self)
    }

    /// Takes the place of whatever stood there.
    pub fn mark(&self, headers: &mut HeaderMap) {
        // Hex digits are always a value.
        if let Ok(value) = HeaderValue::from_str(&self.0) {
            headers.insert(NAME, value);
        }
    }
}

impl fmt::Display for HttpRequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const NAME: HeaderName = HeaderName::from_static(REQUEST_ID_HEADER);

#[cfg(test)]
mod tests {
    use amberglass_testkit::SeededEntropy;

    use super::*;

    fn given(values: &[&'static str]) -> Option<HttpRequestId> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(NAME, HeaderValue::from_static(value));
        }
        HttpRequestId::of_console(&headers)
    }

    #[test]
    fn a_consoles_id_counts_only_in_its_form_and_alone() {
        let good = "00112233445566778899aabbccddeeff";
        assert_eq!(given(&[good]).unwrap().to_string(), good);
        for bad in [
            "",
            "00112233445566778899AABBCCDDEEFF",
            "00112233445566778899aabbccddeef",
            "00112233445566778899aabbccddeeff0",
            "00112233445566778899aabbccddeefg",
            "0011223344556677 899aabbccddeeff",
        ] {
            assert_eq!(given(&[bad]), None, "{bad}");
        }
        assert_eq!(given(&[good, good]), None);
        assert_eq!(given(&[]), None);
    }

    #[test]
    fn the_reference_is_the_beginning_of_the_id() {
        let id = HttpRequestId::new(&SeededEntropy::new(1));
        assert_eq!(id.reference().len(), 8);
        assert!(id.to_string().starts_with(id.reference()));
        let mut headers = HeaderMap::new();
        headers.append(NAME, HeaderValue::from_static("forged"));
        headers.append(NAME, HeaderValue::from_static("forged"));
        id.mark(&mut headers);
        assert_eq!(HttpRequestId::of_console(&headers), Some(id));
    }
}

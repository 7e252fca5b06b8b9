//! What an answer is: the one thing asked for, a refusal of our server, or somebody else's words.

use amberglass_domain::ports::BackendError;
use amberglass_wire::problem::{PROBLEM_CONTENT_TYPE, Problem};
use reqwest::{
    StatusCode,
    header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER},
};
use serde::de::DeserializeOwned;

/// Pure, so that every answer of the world can stand in a table of tests. An answer without content (204) reads as
/// JSON's `null`.
///
/// # Errors
/// [`BackendError::Refused`] for a problem document (RFC 9457), [`BackendError::NotOurs`] for everything else that is not
/// the JSON asked for: a captive portal's page, a proxy's error, a redirect.
pub fn classify<T: DeserializeOwned>(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<T, BackendError> {
    let kind = media_type(headers);
    if status == StatusCode::NO_CONTENT {
        return serde_json::from_slice(b"null").map_err(|_| not_ours(status, headers));
    }
    if status.is_success() && kind.as_deref() == Some("application/json") {
        return serde_json::from_slice(body).map_err(|_| not_ours(status, headers));
    }
    if (status.is_client_error() || status.is_server_error())
        && kind.as_deref() == Some(PROBLEM_CONTENT_TYPE)
        && let Ok(mut problem) = serde_json::from_slice::<Problem>(body)
    {
        // What went over the line counts (RFC 9457, 3.1.3: the member is advisory).
        problem.status = status.as_u16();
        problem.retry_after_seconds = problem.retry_after_seconds.or_else(|| retry_after(headers));
        return Err(BackendError::Refused(Box::new(problem)));
    }
    Err(not_ours(status, headers))
}

/// The media type in lower case, without its parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

pub(crate) fn not_ours(status: StatusCode, headers: &HeaderMap) -> BackendError {
    BackendError::NotOurs { status: status.as_u16(), retry_after_seconds: retry_after(headers) }
}

/// `Retry-After` counts in its form of seconds (RFC 9110, 10.2.3); as a date it would need the clock of whoever sent it.
fn retry_after(headers: &HeaderMap) -> Option<u32> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use amberglass_wire::{journal::JournalBatchResponse, problem::ErrorCode};
    use reqwest::header::HeaderValue;
    use serde::de::IgnoredAny;

    use super::*;

    fn headers(kind: &'static str, retry_after: Option<&'static str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Some(text) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(text));
        }
        headers
    }

    fn held(status: u16, headers: &HeaderMap, body: &str) -> Result<JournalBatchResponse, BackendError> {
        classify(StatusCode::from_u16(status).unwrap(), headers, body.as_bytes())
    }

    const HELD: &str = r#"{"held":{"seq":3,"hash":"ab"},"of_a_later_version":true}"#;
    const PROBLEM: &str =
        r#"{"type":"about:blank","title":"t","status":200,"code":"not_found","reference":"0a1b2c3d","x":1}"#;

    #[test]
    fn the_json_asked_for_is_taken_and_unknown_fields_are_passed_over() {
        assert_eq!(held(200, &headers("application/json", None), HELD).unwrap().held.seq, 3);
        assert_eq!(held(201, &headers("Application/JSON; charset=utf-8", None), HELD).unwrap().held.seq, 3);
    }

    #[test]
    fn a_problem_is_a_refusal_under_the_status_that_went_over_the_line() {
        for status in [400, 401, 403, 404, 409, 413, 422, 429, 500, 503] {
            match held(status, &headers(PROBLEM_CONTENT_TYPE, None), PROBLEM) {
                Err(BackendError::Refused(problem)) => {
                    assert_eq!((problem.status, problem.code), (status, ErrorCode::NotFound));
                    assert_eq!(problem.reference, "0a1b2c3d");
                }
                other => panic!("{status}: {other:?}"),
            }
        }
        let unknown = PROBLEM.replace("not_found", "code_of_a_later_version");
        match held(409, &headers(PROBLEM_CONTENT_TYPE, None), &unknown) {
            Err(BackendError::Refused(problem)) => assert_eq!(problem.code, ErrorCode::Unknown),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_another_program_says_is_not_ours() {
        let json = "application/json";
        for (status, kind, body) in [
            (200, "text/html", "<html>Please log in to the hotel's network</html>"),
            (200, "text/html", HELD),
            (200, json, "<html>"),
            (200, json, "{\"held\":1}"),
            (200, json, ""),
            (200, PROBLEM_CONTENT_TYPE, PROBLEM),
            (204, json, HELD),
            (302, "text/html", ""),
            (404, "text/html", "<html>"),
            (404, json, PROBLEM),
            (409, PROBLEM_CONTENT_TYPE, "{\"type\":\"about:blank\"}"),
            (502, "text/html", "<html>Bad gateway</html>"),
        ] {
            match held(status, &headers(kind, None), body) {
                Err(BackendError::NotOurs { status: seen, retry_after_seconds: None }) => assert_eq!(seen, status),
                other => panic!("{status} {kind} {body}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_wait_that_somebody_asks_for_is_kept() {
        for (text, expected) in
            [("17", Some(17)), (" 3 ", Some(3)), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None)]
        {
            match held(429, &headers("text/plain", Some(text)), "slow down") {
                Err(BackendError::NotOurs { retry_after_seconds, .. }) => assert_eq!(retry_after_seconds, expected),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_refusal_keeps_the_wait_that_its_document_or_its_header_names() {
        let named = PROBLEM.replace("\"x\":1", "\"retry_after_seconds\":9");
        for (header, body, expected) in [
            (None, PROBLEM, None),
            (Some("17"), PROBLEM, Some(17)),
            (None, named.as_str(), Some(9)),
            // The document is the server's own; a header may have been put there on the way.
            (Some("17"), named.as_str(), Some(9)),
        ] {
            match held(429, &headers(PROBLEM_CONTENT_TYPE, header), body) {
                Err(BackendError::Refused(problem)) => assert_eq!(problem.retry_after_seconds, expected),
                other => panic!("{header:?} {body}: {other:?}"),
            }
        }
    }

    #[test]
    fn no_content_is_an_answer_where_nothing_is_expected() {
        assert!(classify::<IgnoredAny>(StatusCode::NO_CONTENT, &HeaderMap::new(), b"").is_ok());
    }
}

//! Whether the gateway lets a request pass. The only place where that is decided.
//!
//! In this order: what no rule can judge (upgrades, bodies on reads, disguised methods), the built-in [`never_list`],
//! then the mode. What nothing names is blocked.

mod never_list;
mod one_write;

use amberglass_wire::session::Mode;

pub(crate) use one_write::plain;
pub use one_write::{is_form_token, may_be_asked_for};

/// What the decision looks at; the gateway has refused what it could not put into this form.
#[derive(Debug, Clone)]
pub struct JudgedRequest<'a> {
    /// Exactly as received; methods are case-sensitive (RFC 9110, 9.1).
    pub method: &'a str,
    /// Path in the canonical form that will be forwarded.
    pub path: &'a str,
    pub has_body: bool,
    pub wants_upgrade: bool,
    /// A header or field that asks the portal to treat the request as another method.
    pub overrides_method: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Pass,
    /// `rule` is the stable id that goes on record and on the explanation page.
    Block {
        rule: &'static str,
    },
}

/// What one portal's owner has said about it. Empty by default: then no write passes in any mode.
#[derive(Debug, Clone, Default)]
pub struct PortalRules {
    /// The writes that `read_write` passes.
    pub writes: Vec<ListedWrite>,
}

/// One write that `read_write` passes, compared exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedWrite {
    pub method: String,
    /// In canonical form, without query.
    pub path: String,
}

/// Stable ids of the rules that are not on the never-list.
pub mod rule {
    /// CONNECT asks for a tunnel in which nothing could be judged.
    pub const CONNECT_REFUSED: &str = "connect-refused";
    pub const UPGRADE_REFUSED: &str = "upgrade-refused";
    /// A header or query field names another method than the request line.
    pub const METHOD_OVERRIDE: &str = "method-override";
    /// A GET or HEAD with content: its meaning is undefined (RFC 9110, 9.3.1), so some portals act on it.
    pub const BODY_ON_READ: &str = "body-on-read";
    /// Any method but GET and HEAD while the session is read-only.
    pub const READ_ONLY_METHOD: &str = "read-only-method";
    /// A write that the portal's rules do not list.
    pub const UNLISTED_WRITE: &str = "unlisted-write";
}

/// Judges one request. Pure: the same request, mode and rules give the same answer.
pub fn decide(request: &JudgedRequest<'_>, mode: Mode, rules: &PortalRules) -> Decision {
    let is_read = matches!(request.method, "GET" | "HEAD");
    if request.method == "CONNECT" {
        return Decision::Block { rule: rule::CONNECT_REFUSED };
    }
    if request.wants_upgrade {
        return Decision::Block { rule: rule::UPGRADE_REFUSED };
    }
    if request.overrides_method {
        return Decision::Block { rule: rule::METHOD_OVERRIDE };
    }
    if is_read {
        return if request.has_body { Decision::Block { rule: rule::BODY_ON_READ } } else { Decision::Pass };
    }
    if let Some(rule) = never_list::category(request.method, request.path) {
        return Decision::Block { rule };
    }
    match mode {
        Mode::ReadOnly => Decision::Block { rule: rule::READ_ONLY_METHOD },
        // OPTIONS is safe by definition (RFC 9110, 9.2.1) and passes when it is nothing but that.
        Mode::ReadWrite if request.method == "OPTIONS" && !request.has_body => Decision::Pass,
        Mode::ReadWrite if is_listed(request, rules) => Decision::Pass,
        Mode::ReadWrite => Decision::Block { rule: rule::UNLISTED_WRITE },
    }
}

/// Whether a query asks the portal to treat the request as another method, as `_method=DELETE` does with several
/// frameworks. Names are compared after percent-decoding, without regard to case, and as PHP reads them: `+`, `.` and
/// blanks are underscores, blanks in front are nothing, and `[` begins an index.
pub fn query_overrides_method(query: &str) -> bool {
    query.split(['&', ';']).any(|field| {
        let name = field.split('=').next().unwrap_or_default();
        let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
        let name = name.split('[').next().unwrap_or_default().replace('+', " ");
        let name = name.trim().to_ascii_lowercase().replace(['-', '.', ' '], "_");
        matches!(
            name.as_str(),
            "_method"
                | "http_method"
                | "_http_method"
                | "x_http_method"
                | "x_http_method_override"
                | "x_method"
                | "x_method_override"
        )
    })
}

fn is_listed(request: &JudgedRequest<'_>, rules: &PortalRules) -> bool {
    rules.writes.iter().any(|write| write.method == request.method && write.path == request.path)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request<'a>(method: &'a str, path: &'a str) -> JudgedRequest<'a> {
        JudgedRequest { method, path, has_body: false, wants_upgrade: false, overrides_method: false }
    }

    fn listed(method: &str, path: &str) -> PortalRules {
        PortalRules { writes: vec![ListedWrite { method: method.into(), path: path.into() }] }
    }

    #[test]
    fn reads_pass_and_everything_else_is_blocked_in_read_only() {
        let table = [
            ("GET", "/", None),
            ("HEAD", "/invoices/1042", None),
            // A page about a password is a page; changing it is what never happens.
            ("GET", "/account", None),
            ("GET", "/account/password", None),
            ("GET", "/oauth/authorize", None),
            ("POST", "/appointments", Some(rule::READ_ONLY_METHOD)),
            ("PUT", "/appointments/7", Some(rule::READ_ONLY_METHOD)),
            ("PATCH", "/appointments/7", Some(rule::READ_ONLY_METHOD)),
            ("DELETE", "/appointments/7", Some(rule::READ_ONLY_METHOD)),
            ("OPTIONS", "/appointments", Some(rule::READ_ONLY_METHOD)),
            ("TRACE", "/", Some(rule::READ_ONLY_METHOD)),
            ("PROPFIND", "/", Some(rule::READ_ONLY_METHOD)),
            ("get", "/", Some(rule::READ_ONLY_METHOD)),
            ("GETX", "/", Some(rule::READ_ONLY_METHOD)),
            ("", "/", Some(rule::READ_ONLY_METHOD)),
            ("CONNECT", "", Some(rule::CONNECT_REFUSED)),
            ("POST", "/account/password", Some("never-password")),
        ];
        for (method, path, expected) in table {
            let decision = decide(&request(method, path), Mode::ReadOnly, &PortalRules::default());
            assert_eq!(decision, expected.map_or(Decision::Pass, |rule| Decision::Block { rule }), "{method} {path}");
        }
    }

    #[test]
    fn a_read_that_is_more_than_a_read_is_blocked_in_every_mode() {
        type Alteration = fn(&mut JudgedRequest<'_>);
        let table: [(Alteration, &str); 3] = [
            (|request| request.has_body = true, rule::BODY_ON_READ),
            (|request| request.wants_upgrade = true, rule::UPGRADE_REFUSED),
            (|request| request.overrides_method = true, rule::METHOD_OVERRIDE),
        ];
        for (alter, rule) in table {
            for mode in [Mode::ReadOnly, Mode::ReadWrite] {
                for method in ["GET", "HEAD"] {
                    let mut altered = request(method, "/pets");
                    alter(&mut altered);
                    assert_eq!(decide(&altered, mode, &PortalRules::default()), Decision::Block { rule });
                }
            }
        }
    }

    #[test]
    fn read_write_passes_listed_writes_only() {
        let rules = listed("POST", "/appointments");
        let table = [
            ("POST", "/appointments", Decision::Pass),
            ("GET", "/appointments", Decision::Pass),
            ("OPTIONS", "/appointments", Decision::Pass),
            ("POST", "/appointments/", Decision::Block { rule: rule::UNLISTED_WRITE }),
            ("POST", "/Appointments", Decision::Block { rule: rule::UNLISTED_WRITE }),
            ("PUT", "/appointments", Decision::Block { rule: rule::UNLISTED_WRITE }),
            ("POST", "/account/address", Decision::Block { rule: rule::UNLISTED_WRITE }),
        ];
        for (method, path, expected) in table {
            assert_eq!(decide(&request(method, path), Mode::ReadWrite, &rules), expected, "{method} {path}");
        }
        let nothing_listed = decide(&request("POST", "/appointments"), Mode::ReadWrite, &PortalRules::default());
        assert_eq!(nothing_listed, Decision::Block { rule: rule::UNLISTED_WRITE });
    }

    #[test]
    fn listing_a_write_does_not_lift_it_off_the_never_list() {
        let rules = listed("POST", "/account/password");
        assert_eq!(
            decide(&request("POST", "/account/password"), Mode::ReadWrite, &rules),
            Decision::Block { rule: "never-password" }
        );
    }

    #[test]
    fn method_overrides_in_the_query_are_seen() {
        for query in [
            "_method=DELETE",
            "a=1&_method=put",
            "_METHOD",
            "%5Fmethod=x",
            "x-http-method-override=PUT",
            "a;_method=x",
            "+_method=PUT",
            "_method[]=PUT",
            ".method=PUT",
            "x-method-override=PUT",
        ] {
            assert!(query_overrides_method(query), "{query}");
        }
        for query in ["", "method=card", "payment_method=card", "a=_method", "page=2&sort=name"] {
            assert!(!query_overrides_method(query), "{query}");
        }
    }

    proptest! {
        #[test]
        fn no_method_but_get_and_head_passes_in_read_only(
            method in ".*", path in ".*", has_body: bool, wants_upgrade: bool, overrides_method: bool,
        ) {
            let judged = JudgedRequest { method: &method, path: &path, has_body, wants_upgrade, overrides_method };
            let rules = listed(&method, &path);
            if decide(&judged, Mode::ReadOnly, &rules) == Decision::Pass {
                prop_assert!(method == "GET" || method == "HEAD");
                prop_assert!(!has_body && !wants_upgrade && !overrides_method);
            }
        }

        #[test]
        fn what_passes_in_read_only_passes_in_read_write(
            method in prop_oneof!["GET", "HEAD", "POST", "OPTIONS", "[A-Z]{1,8}"], path in "/[a-z/%0-9A-F]{0,20}", has_body: bool,
        ) {
            let judged = JudgedRequest { has_body, ..request(&method, &path) };
            let rules = PortalRules::default();
            if decide(&judged, Mode::ReadOnly, &rules) == Decision::Pass {
                prop_assert_eq!(decide(&judged, Mode::ReadWrite, &rules), Decision::Pass);
            }
        }

        #[test]
        fn a_listed_write_with_a_never_word_never_passes(
            method in "POST|PUT|PATCH|DELETE", before in "[a-z/]{0,9}", after in "[a-z/]{0,9}",
        ) {
            let path = format!("/{before}password{after}");
            let passed = decide(&request(&method, &path), Mode::ReadWrite, &listed(&method, &path)) == Decision::Pass;
            prop_assert!(!passed);
        }
    }
}

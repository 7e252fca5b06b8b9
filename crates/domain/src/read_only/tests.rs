//! For each kind of rule: what must pass passes, what must not is blocked.

use proptest::prelude::*;

use super::*;

mod download;
mod file;
mod operations;
mod websocket;

/// A portal of which everything on the never-list is said to be absent, with more lines.
pub(super) fn rules(more: &str) -> PortalRules {
    let absent = Category::ALL.map(|category| format!("\"{category}\"")).join(", ");
    PortalRules::parse(&format!("version = 1\nabsent = [{absent}]\n{more}")).unwrap()
}

pub(super) fn request<'a>(method: &'a str, target: &'a str) -> JudgedRequest<'a> {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    JudgedRequest {
        method,
        path,
        query,
        media_type: None,
        boundary: None,
        content: Content::Nothing,
        upgrade: Upgrade::Nothing,
        overrides_method: query.is_some_and(query_overrides_method),
    }
}

pub(super) fn form<'a>(method: &'a str, target: &'a str, content: &'a str) -> JudgedRequest<'a> {
    let media_type = Some(crate::content::FORM);
    JudgedRequest { media_type, content: Content::Read(content.as_bytes()), ..request(method, target) }
}

pub(super) fn json<'a>(method: &'a str, target: &'a str, content: &'a str) -> JudgedRequest<'a> {
    JudgedRequest { media_type: Some(crate::content::JSON), ..form(method, target, content) }
}

/// `None` for what passes without a rule, `Some(Ok(rule))` for what passes by one, `Some(Err(rule))` for what is blocked.
pub(super) type Outcome = Option<Result<&'static str, &'static str>>;

#[track_caller]
pub(super) fn is(request: &JudgedRequest<'_>, mode: Mode, rules: &PortalRules, expected: Outcome) {
    let expected = match expected {
        None => Decision::Pass { rule: None },
        Some(Ok(rule)) => Decision::Pass { rule: Some(rule.into()) },
        Some(Err(rule)) => Decision::Block { rule: rule.into() },
    };
    assert_eq!(decide(request, mode, rules), expected, "{mode:?} {request:?}");
}

const BLOCKED: Outcome = Some(Err(rule::READ_ONLY_METHOD));
const UNLISTED: Outcome = Some(Err(rule::UNLISTED_WRITE));

#[test]
fn reads_pass_and_everything_else_is_blocked_in_read_only() {
    let table = [
        ("GET", "/", None),
        ("HEAD", "/invoices/1042", None),
        // A page about a password is a page; changing it is what never happens.
        ("GET", "/account", None),
        ("GET", "/account/password", None),
        ("GET", "/oauth/authorize", None),
        ("POST", "/appointments", BLOCKED),
        ("PUT", "/appointments/7", BLOCKED),
        ("PATCH", "/appointments/7", BLOCKED),
        ("DELETE", "/appointments/7", BLOCKED),
        ("OPTIONS", "/appointments", BLOCKED),
        ("TRACE", "/", BLOCKED),
        ("PROPFIND", "/", BLOCKED),
        ("get", "/", BLOCKED),
        ("GETX", "/", BLOCKED),
        ("", "/", BLOCKED),
        ("CONNECT", "", Some(Err(rule::CONNECT_REFUSED))),
        ("POST", "/account/password", Some(Err("never-password"))),
    ];
    for (method, path, expected) in table {
        is(&request(method, path), Mode::ReadOnly, &PortalRules::default(), expected);
    }
}

#[test]
fn a_read_that_is_more_than_a_read_is_blocked_in_every_mode() {
    type Alteration = fn(&mut JudgedRequest<'_>);
    let table: [(Alteration, &str); 5] = [
        (|request| request.content = Content::Unread, rule::BODY_ON_READ),
        (|request| request.content = Content::Read(b""), rule::BODY_ON_READ),
        (|request| request.upgrade = Upgrade::Other, rule::UPGRADE_REFUSED),
        (|request| request.upgrade = Upgrade::Websocket, rule::UPGRADE_REFUSED),
        (|request| request.overrides_method = true, rule::METHOD_OVERRIDE),
    ];
    for (alter, rule) in table {
        for mode in [Mode::ReadOnly, Mode::ReadWrite] {
            for method in ["GET", "HEAD"] {
                let mut altered = request(method, "/pets");
                alter(&mut altered);
                is(&altered, mode, &PortalRules::default(), Some(Err(rule)));
            }
        }
    }
}

#[test]
fn read_write_passes_listed_writes_only() {
    let rules = rules("[[write]]\nid = \"book\"\nmethod = \"POST\"\npath = \"/appointments\"");
    let table = [
        ("POST", "/appointments", Some(Ok("book"))),
        ("GET", "/appointments", None),
        ("OPTIONS", "/appointments", None),
        ("POST", "/appointments/", UNLISTED),
        ("POST", "/Appointments", UNLISTED),
        ("POST", "/appointments?from=x", UNLISTED),
        ("PUT", "/appointments", UNLISTED),
        ("POST", "/account/address", UNLISTED),
    ];
    for (method, path, expected) in table {
        is(&request(method, path), Mode::ReadWrite, &rules, expected);
    }
    is(&request("POST", "/appointments"), Mode::ReadWrite, &PortalRules::default(), UNLISTED);
    is(&request("POST", "/appointments"), Mode::ReadOnly, &rules, BLOCKED);
}

#[test]
fn no_write_passes_while_a_kind_of_the_never_list_is_not_accounted_for() {
    let write = "[[write]]\nid = \"book\"\nmethod = \"POST\"\npath = \"/appointments\"";
    let text = |absent: &str, more: &str| format!("version = 1\nabsent = [{absent}]\n{write}\n{more}");
    let six = "\"mfa\", \"email-change\", \"account-deletion\", \"oauth-consent\", \"api-key\", \"legal-consent\"";
    let missing = PortalRules::parse(&text(six, "")).unwrap();
    assert_eq!(missing.undeclared(), [Category::Password]);
    is(&request("POST", "/appointments"), Mode::ReadWrite, &missing, Some(Err(rule::NOT_DECLARED)));
    let mapped = "[[never]]\nid = \"never-change-it\"\ncategory = \"password\"\npath = \"/account/secret-word\"";
    let mapped = PortalRules::parse(&text(six, mapped)).unwrap();
    assert_eq!(mapped.undeclared(), []);
    is(&request("POST", "/appointments"), Mode::ReadWrite, &mapped, Some(Ok("book")));
}

#[test]
fn a_safe_write_passes_in_every_mode_and_only_as_it_is_described() {
    let rules = rules(
        "[[safe_write]]\nid = \"search\"\nmethod = \"POST\"\npath = \"/api/{thing}/search\"\nquery = { page = \"*\" }\n\
         content_type = \"application/json\"\nbody = { \"/kind\" = [\"preview\", \"list\"] }",
    );
    for mode in [Mode::ReadOnly, Mode::ReadWrite] {
        let no = if mode == Mode::ReadOnly { BLOCKED } else { UNLISTED };
        let yes = Some(Ok("search"));
        let good = r#"{"kind":"preview","text":"Rex"}"#;
        is(&json("POST", "/api/pets/search", good), mode, &rules, yes);
        is(&json("POST", "/api/pets/search?page=2", r#"{"kind":"list"}"#), mode, &rules, yes);
        for (target, content) in [
            ("/api/pets/search", r#"{"kind":"apply"}"#),
            ("/api/pets/search", r#"{"kind":["preview"]}"#),
            ("/api/pets/search", r#"{"Kind":"preview"}"#),
            ("/api/pets/search", r#"{"kind":"preview","kind":"apply"}"#),
            ("/api/pets/search", r#"{"kind":"preview","ki_nd":"apply"}"#),
            ("/api/pets/search?page=2", r#"{"kind":"preview","page":"3"}"#),
            ("/api/pets/search", r#"{"kind":"preview","_method":"DELETE"}"#),
            ("/api/pets/search", r#"{"kind":"preview","x":{"_method":"DELETE"}}"#),
            ("/api/pets/search", "kind=preview"),
            ("/api/pets/search", ""),
            ("/api/pets/search?page=2&apply=1", good),
            ("/api/pets/search?page=1;apply=1", good),
            ("/api/pets/search/", good),
            ("/api/pets/Search", good),
        ] {
            is(&json("POST", target, content), mode, &rules, no);
        }
        is(&form("POST", "/api/pets/search", "kind=preview"), mode, &rules, no);
        is(&form("POST", "/api/pets/search", "%2Fkind=preview"), mode, &rules, no);
        is(&json("POST", "/api/a%3Fb/search", good), mode, &rules, no);
        is(&request("POST", "/api/pets/search"), mode, &rules, no);
        is(&json("PUT", "/api/pets/search", good), mode, &rules, no);
        let packed = JudgedRequest { media_type: None, ..json("POST", "/api/pets/search", good) };
        is(&packed, mode, &rules, no);
        let too_long = JudgedRequest { content: Content::NotToBeHad, ..json("POST", "/api/pets/search", good) };
        is(&too_long, mode, &rules, no);
        let unread = JudgedRequest { content: Content::Unread, ..json("POST", "/api/pets/search", good) };
        assert_eq!(decide(&unread, mode, &rules), Decision::ReadContent);
    }
}

#[test]
fn a_form_s_field_stands_once_and_under_its_own_name() {
    let rules =
        rules("[[safe_write]]\nid = \"check\"\nmethod = \"POST\"\npath = \"/quote\"\nbody = { action = \"check\" }");
    is(&form("POST", "/quote", "action=check&pet=7"), Mode::ReadOnly, &rules, Some(Ok("check")));
    for content in [
        "action=order",
        "pet=7",
        "action=check&action=order",
        "action=check&Action=order",
        "action=check&action[]=order",
        "action=check&action[0]=order",
        "action=check;action=order",
        "action=check&_method=PUT",
        "action=%FF",
    ] {
        is(&form("POST", "/quote", content), Mode::ReadOnly, &rules, BLOCKED);
    }
}

#[test]
fn what_a_rule_has_looked_at_in_the_query_is_not_in_the_content_too() {
    let rules =
        rules("[[safe_write]]\nid = \"find\"\nmethod = \"POST\"\npath = \"/api\"\nquery = { action = \"search\" }");
    is(&form("POST", "/api?action=search", "text=Rex"), Mode::ReadOnly, &rules, Some(Ok("find")));
    is(&form("POST", "/api?action=search", "action=delete"), Mode::ReadOnly, &rules, BLOCKED);
    is(&form("POST", "/api?action=search", "Action[0]=delete"), Mode::ReadOnly, &rules, BLOCKED);
    is(&json("POST", "/api?action=search", r#"{"action":"delete"}"#), Mode::ReadOnly, &rules, BLOCKED);
}

#[test]
fn a_get_that_is_listed_as_a_write_does_nothing_that_is_on_the_never_list() {
    let rules = rules(
        "[[unsafe_read]]\nid = \"act\"\npath = \"/account/{what}\"\n\
         [[write]]\nid = \"acts\"\nmethod = \"GET\"\npath = \"/account/{what}\"\nquery = { action = \"*\" }",
    );
    is(&request("GET", "/account/archive"), Mode::ReadWrite, &rules, Some(Ok("acts")));
    is(&request("GET", "/account/delete"), Mode::ReadWrite, &rules, Some(Err("never-account-deletion")));
    is(&request("GET", "/account/x?action=delete"), Mode::ReadWrite, &rules, Some(Err("never-account-deletion")));
}

#[test]
fn values_are_found_as_a_portal_might_take_them() {
    let never = "[[never]]\nid = \"never-third\"\ncategory = \"mfa\"\npath = \"/settings\"\nbody = { section = \"3\" }";
    let rules = PortalRules::parse(&format!("version = 1\n{never}")).unwrap();
    for content in [
        r#"{"section":3}"#,
        r#"{"section":3.0}"#,
        r#"{"section":"03"}"#,
        r#"[{"section":3}]"#,
        r#"{"data":{"section":[3]}}"#,
    ] {
        is(&json("POST", "/settings", content), Mode::ReadOnly, &rules, Some(Err("never-third")));
    }
    is(&form("POST", "/settings", "section=03"), Mode::ReadOnly, &rules, Some(Err("never-third")));
    is(&json("POST", "/settings", r#"{"section":4}"#), Mode::ReadOnly, &rules, BLOCKED);
}

#[test]
fn content_of_another_type_passes_where_a_rule_names_the_type() {
    let rules =
        rules("[[safe_write]]\nid = \"probe\"\nmethod = \"POST\"\npath = \"/probe\"\ncontent_type = \"text/csv\"");
    let of = |media_type, content| JudgedRequest { media_type, content, ..request("POST", "/probe") };
    is(&of(Some("text/csv"), Content::Unread), Mode::ReadOnly, &rules, Some(Ok("probe")));
    is(&of(Some("text/plain"), Content::Unread), Mode::ReadOnly, &rules, BLOCKED);
    is(&of(None, Content::Unread), Mode::ReadOnly, &rules, BLOCKED);
}

#[test]
fn an_upload_passes_where_a_rule_names_it_and_is_read_all_the_same() {
    let rules = rules(
        "[[write]]\nid = \"photo\"\nmethod = \"POST\"\npath = \"/photos\"\ncontent_type = \"multipart/form-data\"\n\
         body = { kind = \"pet\" }\n[[write]]\nid = \"note\"\nmethod = \"POST\"\npath = \"/notes\"",
    );
    let part =
        |name: &str, value: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let file = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.png\"\r\nContent-Type: image/png\r\n\r\n\u{1}\r\n";
    let upload = |path: &'static str, boundary, content: &str, expected: Outcome| {
        let judged =
            JudgedRequest { media_type: Some(crate::content::MULTIPART), boundary, ..form("POST", path, content) };
        is(&judged, Mode::ReadWrite, &rules, expected);
        is(&judged, Mode::ReadOnly, &rules, BLOCKED);
    };
    let good = format!("{}{file}--b--\r\n", part("kind", "pet"));
    upload("/photos", Some("b"), &good, Some(Ok("photo")));
    for content in [
        format!("{}{file}--b--\r\n", part("kind", "id-card")),
        format!("{}{}--b--\r\n", part("kind", "pet"), part("kind", "id-card")),
        format!("{}{}--b--\r\n", part("kind", "pet"), part("_method", "DELETE")),
        format!("{file}--b--\r\n"),
        "kind=pet".to_owned(),
    ] {
        upload("/photos", Some("b"), &content, UNLISTED);
    }
    upload("/photos", None, &good, UNLISTED);
    upload("/photos", Some("c"), &good, UNLISTED);
    upload(
        "/photos",
        Some("b"),
        &format!("{}{}--b--\r\n", part("kind", "pet"), part("password", "x")),
        Some(Err("never-password")),
    );
    // A rule that does not name the type speaks of plain forms and JSON.
    upload("/notes", Some("b"), &format!("{}--b--\r\n", part("a", "1")), UNLISTED);
    let unread = JudgedRequest {
        media_type: Some(crate::content::MULTIPART),
        boundary: Some("b"),
        content: Content::Unread,
        ..request("POST", "/photos")
    };
    assert_eq!(decide(&unread, Mode::ReadWrite, &rules), Decision::ReadContent);
}

#[test]
fn an_unsafe_read_is_blocked_in_every_spelling() {
    let rules = rules(
        "[[unsafe_read]]\nid = \"open-message\"\npath = \"/messages/{id}/open\"\n\
         [[unsafe_read]]\nid = \"quick-action\"\npath = \"/pets\"\nquery = { do = [\"feed\", \"groom\"] }",
    );
    for target in ["/messages/7/open", "/Messages/7/open/", "/messages/7/open.json?x=1", "/messages/7/open;v=2"] {
        for method in ["GET", "HEAD"] {
            is(&request(method, target), Mode::ReadOnly, &rules, Some(Err("open-message")));
            is(&request(method, target), Mode::ReadWrite, &rules, Some(Err("open-message")));
        }
    }
    for target in ["/pets?do=feed", "/pets?x=1&DO=FEED", "/pets?do[]=groom", "/pets?a;do=feed", "/pets/?d%6F=feed"] {
        is(&request("GET", target), Mode::ReadOnly, &rules, Some(Err("quick-action")));
    }
    for target in ["/messages/7", "/messages/open", "/pets", "/pets?do=look", "/pets?done=feed"] {
        is(&request("GET", target), Mode::ReadOnly, &rules, None);
    }
}

#[test]
fn a_read_that_was_looked_at_passes_by_its_rule_and_lifts_no_other() {
    let rules = rules(
        "[[safe_read]]\nid = \"looked-at\"\npath = \"/ping/{id}\"\n\
         [[unsafe_read]]\nid = \"pong\"\npath = \"/ping/pong\"",
    );
    for method in ["GET", "HEAD"] {
        is(&request(method, "/ping/7"), Mode::ReadOnly, &rules, Some(Ok("looked-at")));
        is(&request(method, "/ping/pong"), Mode::ReadOnly, &rules, Some(Err("pong")));
        is(&request(method, "/Ping/7"), Mode::ReadOnly, &rules, None);
    }
}

#[test]
fn an_unsafe_read_passes_in_read_write_where_it_is_listed_as_a_write() {
    let rules = rules(
        "[[unsafe_read]]\nid = \"open-message\"\npath = \"/messages/{id}/open\"\n\
         [[write]]\nid = \"mark-read\"\nmethod = \"GET\"\npath = \"/messages/{id}/open\"",
    );
    is(&request("GET", "/messages/7/open"), Mode::ReadWrite, &rules, Some(Ok("mark-read")));
    is(&request("GET", "/messages/7/open"), Mode::ReadOnly, &rules, Some(Err("open-message")));
    is(&request("GET", "/messages/7/open/"), Mode::ReadWrite, &rules, Some(Err("open-message")));
}

#[test]
fn a_portal_s_own_never_rules_hold_in_every_mode_and_spelling() {
    let rules = PortalRules::parse(
        "version = 1\nabsent = [\"mfa\", \"email-change\", \"account-deletion\", \"oauth-consent\", \"api-key\", \"legal-consent\"]\n\
         [[never]]\nid = \"never-key-word\"\ncategory = \"password\"\nmethod = \"POST\"\npath = \"/settings\"\n\
         body = { \"/section\" = \"key-word\" }\n\
         [[never]]\nid = \"never-reveal\"\ncategory = \"password\"\npath = \"/key-word/reveal\"\n\
         [[write]]\nid = \"settings\"\nmethod = \"POST\"\npath = \"/settings\"",
    )
    .unwrap();
    for mode in [Mode::ReadOnly, Mode::ReadWrite] {
        for request in [
            json("POST", "/settings", r#"{"section":"key-word"}"#),
            json("POST", "/settings/", r#"{"Section":"Key-Word"}"#),
            json("POST", "/settings", r#"{"section":["key-word"]}"#),
            json("POST", "/settings", "not JSON"),
            form("POST", "/settings", "section=key-word"),
            form("POST", "/settings", "section[]=key-word"),
            JudgedRequest { content: Content::NotToBeHad, ..json("POST", "/settings", "") },
            JudgedRequest { media_type: None, ..json("POST", "/settings", r#"{"section":"look"}"#) },
        ] {
            is(&request, mode, &rules, Some(Err("never-key-word")));
        }
        for method in ["GET", "HEAD", "POST", "DELETE"] {
            is(&request(method, "/key-word/Reveal"), mode, &rules, Some(Err("never-reveal")));
        }
    }
    is(&json("POST", "/settings", r#"{"section":"look"}"#), Mode::ReadWrite, &rules, Some(Ok("settings")));
    let unread = JudgedRequest { content: Content::Unread, ..json("POST", "/settings", "") };
    assert_eq!(decide(&unread, Mode::ReadOnly, &rules), Decision::ReadContent);
}

#[test]
fn a_listed_write_does_what_no_session_does_by_none_of_its_fields() {
    let listed = "[[write]]\nid = \"profile\"\nmethod = \"POST\"\npath = \"/profile\"";
    let rules_without = rules(listed);
    is(&form("POST", "/profile", "street=Elm+Street&_token=x"), Mode::ReadWrite, &rules_without, Some(Ok("profile")));
    for (content, rule) in [
        ("street=x&new_password=y", "never-password"),
        ("user[email]=y", "never-email-change"),
        ("e-mail=y", "never-email-change"),
        ("action=delete+account", "never-account-deletion"),
        ("api_key=1", "never-api-key"),
    ] {
        is(&form("POST", "/profile", content), Mode::ReadWrite, &rules_without, Some(Err(rule)));
    }
    let patch = r#"[{"op":"replace","path":"/email","value":"x"}]"#;
    is(&json("POST", "/profile", patch), Mode::ReadWrite, &rules_without, Some(Err("never-email-change")));
    let merge = JudgedRequest {
        media_type: Some("application/merge-patch+json"),
        ..json("POST", "/profile", r#"{"email":"x"}"#)
    };
    is(&merge, Mode::ReadWrite, &rules_without, Some(Err("never-email-change")));
    let lifted = "[[never_override]]\nid = \"mail-for-the-receipt\"\ncategory = \"email-change\"\nmethod = \"POST\"\n\
                  path = \"/profile\"\nwhy = \"Where this one receipt goes\"";
    let with = rules(&format!("{listed}\n{lifted}"));
    is(&form("POST", "/profile", "email=y"), Mode::ReadWrite, &with, Some(Ok("profile")));
    // No other category, and no other spelling.
    is(&form("POST", "/profile", "email=y&password=z"), Mode::ReadWrite, &with, Some(Err("never-password")));
    is(&form("POST", "/profile/", "email=y"), Mode::ReadWrite, &with, UNLISTED);
}

#[test]
fn an_override_takes_one_category_off_one_path() {
    let rules = rules(
        "[[never_override]]\nid = \"token-is-a-bus-ticket\"\ncategory = \"api-key\"\nmethod = \"POST\"\n\
         path = \"/tokens\"\nwhy = \"Bus tickets are called tokens here\"\n\
         [[write]]\nid = \"buy-token\"\nmethod = \"POST\"\npath = \"/tokens\"",
    );
    is(&request("POST", "/tokens"), Mode::ReadWrite, &rules, Some(Ok("buy-token")));
    is(&request("POST", "/tokens"), Mode::ReadOnly, &rules, BLOCKED);
    for path in ["/tokens/", "/Tokens", "/tokens/1", "/api/tokens"] {
        is(&request("POST", path), Mode::ReadWrite, &rules, Some(Err("never-api-key")));
    }
    is(&request("DELETE", "/tokens"), Mode::ReadWrite, &rules, Some(Err("never-api-key")));
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
    fn whatever_read_write_lists_only_get_and_head_pass_in_read_only(
        method in ".*", path in ".*", query in proptest::option::of(".*"), content in proptest::collection::vec(any::<u8>(), 0..40),
        media_type in proptest::option::of("application/json|application/x-www-form-urlencoded|.*"),
        upgrade in prop_oneof![Just(Upgrade::Nothing), Just(Upgrade::Websocket), Just(Upgrade::Other)], overrides_method: bool,
    ) {
        let content = if content.is_empty() { Content::Nothing } else { Content::Read(&content) };
        let judged = JudgedRequest {
            method: &method, path: &path, query: query.as_deref(), media_type: media_type.as_deref(), boundary: Some("b"), content, upgrade, overrides_method,
        };
        let rules = rules("[[write]]\nid = \"w\"\nmethod = [\"POST\", \"PUT\"]\npath = \"/{all...}\"");
        if let Decision::Pass { .. } = decide(&judged, Mode::ReadOnly, &rules) {
            prop_assert!(method == "GET" || method == "HEAD");
            prop_assert!(content == Content::Nothing && upgrade == Upgrade::Nothing && !overrides_method);
        }
    }

    #[test]
    fn what_passes_in_read_only_passes_in_read_write(
        method in prop_oneof!["GET", "HEAD", "POST", "OPTIONS", "[A-Z]{1,8}"], path in "(/a|/b)?/[a-z/%0-9A-F]{0,20}", unread: bool,
    ) {
        let content = if unread { Content::Unread } else { Content::Nothing };
        let judged = JudgedRequest { content, ..request(&method, &path) };
        let rules = rules("[[safe_write]]\nid = \"s\"\nmethod = \"POST\"\npath = \"/a/{all...}\"\n[[unsafe_read]]\nid = \"u\"\npath = \"/b/{x}\"");
        if let Decision::Pass { .. } = decide(&judged, Mode::ReadOnly, &rules) {
            let passes = matches!(decide(&judged, Mode::ReadWrite, &rules), Decision::Pass { .. });
            prop_assert!(passes);
        }
    }

    #[test]
    fn a_listed_write_with_a_never_word_never_passes(
        method in "POST|PUT|PATCH|DELETE", before in "[a-z/]{0,9}", after in "[a-z/]{0,9}",
    ) {
        let path = format!("/{before}password{after}");
        let rules = rules(&format!("[[write]]\nid = \"w\"\nmethod = \"{method}\"\npath = \"/{{all...}}\""));
        let passes = matches!(decide(&request(&method, &path), Mode::ReadWrite, &rules), Decision::Pass { .. });
        prop_assert!(!passes);
    }
}

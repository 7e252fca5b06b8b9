//! Which blocked write may be asked for by itself. Nothing but a plain write that only the mode has blocked, and that all of
//! its fields keep off the never-list: no portal's owner has looked at it before, as with a write that their rules list.

use amberglass_wire::session::Mode;

use super::{Decision, JudgedRequest, ListedWrite, PortalRules, decide, never_list, query_overrides_method, rule};

/// Fields with which forms say what is to be done, rather than with what.
const COMMANDS: [&str; 12] = [
    "action",
    "button",
    "cmd",
    "command",
    "do",
    "intent",
    "method",
    "op",
    "operation",
    "operationname",
    "submit",
    "task",
];
/// What portals call the token with which they know their own forms again. It proves nothing about the customer.
const FORM_TOKENS: [&str; 9] = [
    "csrf",
    "xsrf",
    "csrftoken",
    "xsrftoken",
    "csrfmiddlewaretoken",
    "authenticitytoken",
    "requestverificationtoken",
    "formtoken",
    "token",
];
/// Stand for a text that only the portal knows (persisted queries of GraphQL).
const ELSEWHERE: [&str; 4] = ["persistedquery", "documentid", "docid", "queryid"];
/// Longer values are no commands.
const LONGEST_COMMAND: usize = 60;

/// Why it can't be asked for: the rule that keeps it off.
///
/// # Errors
/// The id of the rule.
pub fn may_be_asked_for<'a>(
    request: &JudgedRequest<'_>,
    fields: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), &'static str> {
    if !matches!(request.method, "POST" | "PUT" | "PATCH" | "DELETE") {
        return Err(rule::READ_ONLY_METHOD);
    }
    // As if the portal's owner had listed just this one.
    let rules =
        PortalRules { writes: vec![ListedWrite { method: request.method.to_owned(), path: request.path.to_owned() }] };
    if let Decision::Block { rule } = decide(request, Mode::ReadWrite, &rules) {
        return Err(rule);
    }
    for (name, value) in fields {
        if query_overrides_method(&name.replace(['&', ';', '='], "_")) {
            return Err(rule::METHOD_OVERRIDE);
        }
        for part in name.split(['.', '[', ']', '/']).filter(|part| !part.is_empty()) {
            field(request, part, value)?;
        }
    }
    Ok(())
}

fn field(request: &JudgedRequest<'_>, name: &str, value: &str) -> Result<(), &'static str> {
    let plain = plain(name);
    if ELSEWHERE.contains(&plain.as_str()) {
        return Err(rule::UNLISTED_WRITE);
    }
    let never = |path: &str| never_list::category(request.method, path).map_or(Ok(()), Err);
    if !is_form_token(name) {
        never(&segment(name))?;
    }
    if COMMANDS.contains(&plain.as_str()) && value.len() <= LONGEST_COMMAND {
        never(&format!("{}{}", request.path, segment(value)))?;
    }
    // An operation's own text: each name in it, whatever it stands for there.
    if plain == "query" && value.contains('{') {
        for word in value.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty()) {
            never(&segment(word))?;
        }
    }
    Ok(())
}

/// Without what sets words apart, in lower case: portals write the same name in many ways.
pub(crate) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// As one segment of a path, whatever it holds: `%` would be read as an escape.
fn segment(text: &str) -> String {
    format!("/{}", text.replace(['%', '/'], " "))
}

/// Whether a field of this name is a portal's own form token: passed on, and not shown.
pub fn is_form_token(name: &str) -> bool {
    let plain = plain(name);
    // `token` alone may be any; with the underscore before it, it is a form's.
    FORM_TOKENS.contains(&plain.as_str()) && (plain != "token" || name == "_token")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: &str, path: &str, fields: &[(&str, &str)]) -> Result<(), &'static str> {
        let request = JudgedRequest { method, path, has_body: true, wants_upgrade: false, overrides_method: false };
        may_be_asked_for(&request, fields.iter().copied())
    }

    #[test]
    fn a_plain_write_may_be_asked_for_and_the_never_list_stays() {
        type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)], Option<&'static str>);
        let table: [Case; 24] = [
            ("POST", "/appointments", &[("pet", "7"), ("day", "Monday")], None),
            ("PUT", "/pets/3/name", &[("name", "Rex"), ("_token", "x"), ("csrf_token", "y")], None),
            ("DELETE", "/appointments/7", &[], None),
            ("POST", "/appointments", &[("authenticity_token", "x"), ("__RequestVerificationToken", "y")], None),
            ("POST", "/appointments/7", &[("action", "cancel")], None),
            ("POST", "/graphql", &[("query", "mutation { movePet(id: 3) { id } }")], None),
            ("POST", "/account/password", &[], Some("never-password")),
            // Where the path says nothing, a field or an operation does.
            ("POST", "/profile", &[("user[password]", "x")], Some("never-password")),
            ("POST", "/profile", &[("newPassword", "x")], Some("never-password")),
            ("PATCH", "/profile", &[("contact.email", "x")], Some("never-email-change")),
            ("POST", "/settings", &[("token", "x")], Some("never-api-key")),
            ("POST", "/settings", &[("accept_terms", "1")], Some("never-legal-consent")),
            ("POST", "/account", &[("action", "delete")], Some("never-account-deletion")),
            ("POST", "/rpc", &[("method", "user.changePassword")], Some("never-password")),
            ("POST", "/graphql", &[("query", "mutation { deleteAccount { id } }")], Some("never-account-deletion")),
            ("POST", "/graphql", &[("operationName", "ChangeEmail")], Some("never-email-change")),
            ("POST", "/graphql", &[("extensions.persistedQuery.sha256Hash", "x")], Some(rule::UNLISTED_WRITE)),
            // Another method in disguise.
            ("POST", "/pets/3", &[("_method", "DELETE")], Some(rule::METHOD_OVERRIDE)),
            ("POST", "/pets/3", &[("_method[]", "DELETE")], Some(rule::METHOD_OVERRIDE)),
            ("POST", "/pets/3", &[("x.http.method.override", "PUT")], Some(rule::METHOD_OVERRIDE)),
            ("GET", "/pets", &[], Some(rule::READ_ONLY_METHOD)),
            ("OPTIONS", "/pets", &[], Some(rule::READ_ONLY_METHOD)),
            ("PROPFIND", "/pets", &[], Some(rule::READ_ONLY_METHOD)),
            ("TRACE", "/pets", &[], Some(rule::READ_ONLY_METHOD)),
        ];
        for (method, path, fields, expected) in table {
            assert_eq!(asked(method, path, fields).err(), expected, "{method} {path} {fields:?}");
        }
    }

    #[test]
    fn what_no_rule_can_judge_can_not_be_asked_for() {
        let plain = JudgedRequest {
            method: "POST",
            path: "/pets",
            has_body: true,
            wants_upgrade: false,
            overrides_method: false,
        };
        assert_eq!(may_be_asked_for(&plain, std::iter::empty()), Ok(()));
        let upgrade = JudgedRequest { wants_upgrade: true, ..plain.clone() };
        assert_eq!(may_be_asked_for(&upgrade, std::iter::empty()), Err(rule::UPGRADE_REFUSED));
        let disguised = JudgedRequest { overrides_method: true, ..plain };
        assert_eq!(may_be_asked_for(&disguised, std::iter::empty()), Err(rule::METHOD_OVERRIDE));
    }
}

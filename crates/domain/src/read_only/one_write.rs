//! Which blocked write may be asked for by itself. Nothing but a plain write that only the mode has blocked, and that all of
//! its fields keep off the never-list: no portal's owner has looked at it before, as with a write that their rules list.

use std::collections::{BTreeSet, HashSet};

use super::{category::Category, never_list, query_overrides_method, rule};

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
pub(super) const ELSEWHERE: [&str; 4] = ["persistedquery", "documentid", "docid", "queryid"];
/// Longer values are no commands.
const LONGEST_COMMAND: usize = 60;

/// Why it can't be asked for: the rule that keeps it off. `path` is in canonical form.
///
/// # Errors
/// The id of the rule.
pub fn may_be_asked_for<'a>(
    method: &str,
    path: &str,
    query: Option<&str>,
    fields: impl Iterator<Item = (&'a str, &'a str)> + Clone,
) -> Result<(), &'static str> {
    if !matches!(method, "POST" | "PUT" | "PATCH" | "DELETE") {
        return Err(rule::READ_ONLY_METHOD);
    }
    if query.is_some_and(query_overrides_method) {
        return Err(rule::METHOD_OVERRIDE);
    }
    if let Some(category) = never_list::category(method, path) {
        return Err(category.rule());
    }
    for (name, _) in fields.clone() {
        if names_another_method(name) {
            return Err(rule::METHOD_OVERRIDE);
        }
        if parts(name).any(|part| ELSEWHERE.contains(&plain(part).as_str())) {
            return Err(rule::UNLISTED_WRITE);
        }
    }
    if let Some(category) = categories_of_fields(method, path, fields.clone()).first() {
        return Err(category.rule());
    }
    // An operation's own text: each name in it, whatever it stands for there.
    let texts = fields.filter(|(name, value)| value.contains('{') && parts(name).any(|part| plain(part) == "query"));
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words: HashSet<&str> = texts.flat_map(|(_, text)| text.split(move |c: char| !is_part(c))).collect();
    match words.into_iter().find_map(|word| never_list::category(method, &segment(word))) {
        Some(category) => Err(category.rule()),
        None => Ok(()),
    }
}

fn parts(name: &str) -> impl DoubleEndedIterator<Item = &str> + Clone {
    name.split(['.', '[', ']', '/']).filter(|part| !part.is_empty())
}

/// Whether a field asks for another method than that of the request.
pub(super) fn names_another_method(name: &str) -> bool {
    query_overrides_method(&name.replace(['&', ';', '=', '%'], "_"))
}

/// Longest name that is looked at as a whole, beside its parts.
const LONGEST_NAME: usize = 100;

/// The categories that the fields of a write belong to, whatever its path says. Each name is looked at once.
pub(super) fn categories_of_fields<'a>(
    method: &str,
    path: &str,
    fields: impl Iterator<Item = (&'a str, &'a str)>,
) -> BTreeSet<Category> {
    let (mut found, mut names) = (BTreeSet::new(), HashSet::new());
    for (name, value) in fields {
        let parts = parts(name);
        // A patch names what it changes in a value (RFC 6902, 4).
        let is_way = matches!(parts.clone().next_back(), Some("path" | "from")) && value.starts_with('/');
        let patched = value.split('/').filter(|part| is_way && !part.is_empty());
        for part in parts.clone().chain(patched) {
            if names.insert(part) && !is_form_token(part) {
                found.extend(never_list::categories(method, &segment(part)));
            }
        }
        if name.len() <= LONGEST_NAME && !is_form_token(name) && names.insert(name) {
            // `api.key` is `api_key` to some.
            found.extend(never_list::categories(method, &segment(&name.replace(['.', '[', ']'], " "))));
        }
        for part in parts {
            if is_command(part, value) {
                found.extend(never_list::categories(method, &format!("{path}{}", segment(value))));
            }
        }
    }
    found
}

fn is_command(name: &str, value: &str) -> bool {
    COMMANDS.contains(&plain(name).as_str()) && value.len() <= LONGEST_COMMAND
}

/// Without what sets words apart, in lower case: portals write the same name in many ways.
pub(crate) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// As one segment of a path, whatever it holds: `%` would be read as an escape.
pub(super) fn segment(text: &str) -> String {
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
        may_be_asked_for(method, path, None, fields.iter().copied())
    }

    #[test]
    fn a_plain_write_may_be_asked_for_and_the_never_list_stays() {
        type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)], Option<&'static str>);
        let table: [Case; 28] = [
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
            ("POST", "/settings", &[("api.key", "x")], Some("never-api-key")),
            ("PATCH", "/profile", &[("e-mail", "x")], Some("never-email-change")),
            (
                "PATCH",
                "/profile",
                &[("[0].op", "replace"), ("[0].path", "/email"), ("[0].value", "x")],
                Some("never-email-change"),
            ),
            ("PATCH", "/profile", &[("[0].op", "replace"), ("[0].path", "/street"), ("[0].value", "x")], None),
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
        assert_eq!(may_be_asked_for("POST", "/pets", Some("page=2"), std::iter::empty()), Ok(()));
        let disguised = may_be_asked_for("POST", "/pets", Some("_method=DELETE"), std::iter::empty());
        assert_eq!(disguised, Err(rule::METHOD_OVERRIDE));
    }
}

//! What is no file of rules is refused, with what is wrong.

use super::super::*;

#[track_caller]
fn refused(more: &str, words: &str) {
    let error = PortalRules::parse(&format!("version = 1\n{more}")).unwrap_err().to_string();
    assert!(error.contains(words), "{words:?} is missing in {error:?}");
}

#[test]
fn what_is_not_understood_is_refused_with_the_place() {
    let write = "[[write]]\nid = \"w\"\nmethod = \"POST\"";
    refused("[[wirte]]", "unknown field `wirte`");
    refused(&format!("{write}\npath = \"/a\"\nheader = \"x\""), "unknown field `header`");
    refused("absent = [\"passwords\"]", "unknown variant `passwords`");
    refused(&format!("{write}\npath = \"a\""), "`w`: a is no path");
    refused(&format!("{write}\npath = \"/a/{{id}}x\""), "stands for one whole segment");
    refused("[[write]]\nid = \"w\"\npath = \"/a\"", "`w`: it needs a method");
    refused("[[write]]\nid = \"w\"\nmethod = \"post\"\npath = \"/a\"", "`w`: it needs a method");
    refused("[[write]]\nid = \"W 1\"\nmethod = \"POST\"\npath = \"/a\"", "`W 1` is no id");
    refused(&format!("{write}\npath = \"/a\"\n{write}\npath = \"/b\""), "`w` stands twice");
    refused("[[write]]\nid = \"unlisted-write\"\nmethod = \"POST\"\npath = \"/a\"", "one of Amberglass's own");
    refused("[[write]]\nid = \"never-x\"\nmethod = \"POST\"\npath = \"/a\"", "begin with `never-`");
    refused("[[never]]\nid = \"x\"\ncategory = \"mfa\"\npath = \"/a\"", "begin with `never-`");
    refused("[[safe_write]]\nid = \"s\"\nmethod = \"GET\"\npath = \"/a\"", "GET does not go with rules of this kind");
    refused(
        "[[unsafe_read]]\nid = \"u\"\nmethod = \"POST\"\npath = \"/a\"",
        "POST does not go with rules of this kind",
    );
    refused(
        "[[unsafe_read]]\nid = \"u\"\npath = \"/a\"\nbody = { a = \"1\" }",
        "fields are looked at in forms and JSON only",
    );
    refused(&format!("{write}\npath = \"/a\"\nbody = {{ a = \"1\", \"/b\" = \"2\" }}"), "no content is both");
    refused(
        &format!("{write}\npath = \"/a\"\ncontent_type = \"application/json\"\nbody = {{ a = \"1\" }}"),
        "no content is both",
    );
    refused(
        &format!("{write}\npath = \"/a\"\ncontent_type = \"text/csv\"\nbody = {{ a = \"1\" }}"),
        "in forms and JSON only, and not in text/csv",
    );
    refused(&format!("{write}\npath = \"/a\"\ncontent_type = \"multipart/mixed\""), "could hide");
    refused(
        &format!("{write}\npath = \"/a\"\ncontent_type = \"multipart/form-data\"\nbody = {{ \"/a\" = \"1\" }}"),
        "no content is both",
    );
    refused(&format!("{write}\npath = \"/a\"\nbody = {{ \"{}\" = \"1\" }}", "/a".repeat(17)), "no name of a field");
    refused(&format!("{write}\npath = \"/a\"\nquery = {{ a = [] }}"), "`a` is no name of a field");
    refused("[[json_rpc]]\nid = \"r\"\npath = \"/rpc?x\"", "no path");
    refused(
        "[[graphql]]\nid = \"g\"\npath = \"/graphql\"\npersisted = { abc = \"query {\" }",
        "`abc` is no document that could be executed",
    );
    refused("[[mask]]\nid = \"m\"\npath = \"/a\"\nfields = []", "no name of a field");
    refused("[[mask]]\nid = \"m\"\npath = \"/a\"\nfields = [\"iban\"]", "`iban` is no name of a field");
    refused("[[mask]]\nid = \"m\"\npath = \"/a\"\nfields = [\"/iban\"]\nunmask = \"yes\"", "expected a boolean");
    let long = format!("[[mask]]\nid = \"m\"\npath = \"/a\"\nfields = [\"/{}\"]", "x".repeat(200));
    assert!(PortalRules::parse(&format!("version = 1\n{long}")).is_ok());
    refused(&format!("{long}\nunmask = true"), "no name of a field");
    refused(
        "[[json_rpc]]\nid = \"r\"\npath = \"/rpc\"\n[[mask]]\nid = \"m\"\npath = \"/RPC/\"\nfields = [\"/result/iban\"]",
        "are of many operations",
    );
    for taken in ["service-worker", "masked-answer", "path-dot-segment", "target-x"] {
        refused(&format!("[[unsafe_read]]\nid = \"{taken}\"\npath = \"/a\""), "one of Amberglass's own");
    }
    refused(&format!("{write}\npath = \"/a\"\nbody = {{ \"/a/*/b\" = \"1\" }}"), "no name of a field");
    refused("[[withhold]]\nid = \"w\"\npath = \"/a\"\nmethod = \"GET\"", "unknown field `method`");
    let socket = "[[websocket]]\nid = \"s\"\npath = \"/live\"";
    refused(&format!("{socket}\nmessages = [{{}}]"), "`s`: a message's shape is made of JSON pointers");
    refused(&format!("{socket}\nmessages = [{{ \"/type\" = \"*\" }}]"), "with a value for one of them");
    refused(&format!("{socket}\nwrites = [{{ type = \"x\" }}]"), "made of JSON pointers");
    refused(&format!("{socket}\ngraphql = \"g\""), "there is no `graphql` rule `g`");
    refused(&format!("{socket}\nmethod = \"GET\""), "unknown field `method`");
    refused(&socket.replace("/live", "/account/password"), "lists what no session does (password)");
    refused(
        &format!("{socket}\n[[mask]]\nid = \"m\"\npath = \"/Live\"\nfields = [\"/iban\"]"),
        "come over a WebSocket",
    );
    let file = "[[download]]\nid = \"d\"\npath = \"/a\"";
    refused(file, "missing field `content_types`");
    refused(&format!("{file}\ncontent_types = [\"text/csv\"]"), "missing field `max_bytes`");
    refused(&format!("{file}\ncontent_types = []\nmax_bytes = 1"), "`d`: files are listed by their content types");
    for many in ["0", "67108865"] {
        refused(&format!("{file}\ncontent_types = [\"text/csv\"]\nmax_bytes = {many}"), "`max_bytes` is from 1 to");
    }
    for odd in ["*/*", "text/*", "csv", "text/csv; charset=latin1"] {
        refused(&format!("{file}\ncontent_types = [\"{odd}\"]\nmax_bytes = 1"), "is no content type");
    }
    refused(
        &format!("{file}\nmethod = \"POST\"\ncontent_types = [\"text/csv\"]\nmax_bytes = 1"),
        "unknown field `method`",
    );
    refused(
        &file
            .replace("\"d\"", "\"download-too-long\"")
            .replace("/a\"", "/a\"\ncontent_types = [\"a/b\"]\nmax_bytes = 1"),
        "Amberglass's own",
    );
    for version in ["version = 2", "", "version = \"1\""] {
        assert!(PortalRules::parse(version).is_err(), "{version}");
    }
}

#[test]
fn what_is_on_the_never_list_cannot_be_listed_and_is_blocked_all_the_same() {
    let listed = "[[write]]\nid = \"w\"\nmethod = \"POST\"\npath = \"/account/password\"";
    refused(listed, "`w` lists what no session does (password)");
    refused(&listed.replace("[[write]]", "[[safe_write]]"), "lists what no session does");
    refused(
        &listed.replace("POST\"\npath = \"/account/password", "GET\"\npath = \"/account/delete"),
        "(account-deletion)",
    );
    refused(&listed.replace("POST\"\npath = \"/account/password", "DELETE\"\npath = \"/me"), "(account-deletion)");
    // By a path that says it only in a request.
    let rules = super::rules("[[write]]\nid = \"w\"\nmethod = \"POST\"\npath = \"/account/{what}\"");
    super::is(&super::request("POST", "/account/password"), Mode::ReadWrite, &rules, Some(Err("never-password")));
    super::is(&super::request("POST", "/account/address"), Mode::ReadWrite, &rules, Some(Ok("w")));
}

#[test]
fn a_mask_lets_its_fields_be_shown_only_where_it_says_so() {
    let mask = |more: &str| {
        let rules = format!("[[mask]]\nid = \"bank\"\npath = \"/bank\"\nfields = [\"/iban\"]\n{more}");
        PortalRules::parse(&format!("version = 1\n{rules}")).unwrap().masks.pop().unwrap()
    };
    assert_eq!([mask(""), mask("unmask = false"), mask("unmask = true")].map(|mask| mask.unmask), [false, false, true]);
}

#[test]
fn an_override_says_why_and_speaks_of_writes() {
    let lifted = |method: &str, why: &str| {
        format!(
            "[[never_override]]\nid = \"o\"\ncategory = \"api-key\"\nmethod = \"{method}\"\npath = \"/tokens\"\nwhy = \"{why}\""
        )
    };
    refused(&lifted("POST", " "), "an override says why");
    refused(&lifted("POST", "x").replace("\"/tokens", "\"/{all...}"), "an override speaks of one path");
    refused(&lifted("POST", "x").replace("\"POST\"", "[\"POST\", \"PUT\"]"), "invalid type");
    refused(&lifted("POST", "x").replace("why", "#"), "missing field `why`");
    refused(&format!("{}\noperations = [\"x\"]", lifted("POST", "x")), "`operations` are for paths of");
    assert_eq!(PortalRules::parse(&format!("version = 1\n{}", lifted("POST", "x"))).unwrap().never_overrides.len(), 1);
}

#[test]
fn what_is_absent_is_not_mapped_and_the_rest_is_asked_for() {
    refused(
        "absent = [\"mfa\"]\n[[never]]\nid = \"never-x\"\ncategory = \"mfa\"\npath = \"/a\"",
        "mfa is declared absent, and a `never` rule says where it is",
    );
    let rules = PortalRules::parse("version = 1\nabsent = [\"mfa\", \"api-key\"]").unwrap();
    assert_eq!(
        rules.undeclared(),
        [
            Category::Password,
            Category::EmailChange,
            Category::AccountDeletion,
            Category::OauthConsent,
            Category::LegalConsent
        ]
    );
}

#[test]
fn what_is_too_long_is_not_read() {
    let many: String =
        (0..=MAX_RULES).map(|n| format!("[[write]]\nid = \"w-{n}\"\nmethod = \"POST\"\npath = \"/a\"\n")).collect();
    refused(&many, "holds more than");
    refused(&"#".repeat(MAX_RULES_BYTES), "is longer than");
}

#[test]
fn a_rule_is_found_by_its_id() {
    let rules = super::rules(
        "[[write]]\nid = \"book\"\nmethod = \"POST\"\npath = \"/a\"\nwhy = \"Asked for on the phone\"\n\
         [[json_rpc]]\nid = \"rpc\"\npath = \"/rpc\"",
    );
    assert_eq!(rules.rule("book"), Some((RuleKind::Write, Some("Asked for on the phone"))));
    assert_eq!(rules.rule("rpc"), Some((RuleKind::JsonRpc, None)));
    assert_eq!(rules.rule("unlisted-write"), None);
}

#[test]
fn the_file_in_the_documents_is_one() {
    let document = include_str!("../../../../../docs/gateway.md");
    let file = document.split("```toml\n").nth(2).unwrap().split("```").next().unwrap();
    let rules = PortalRules::parse(file).unwrap();
    assert_eq!((rules.count(), rules.undeclared()), (12, vec![]));
}

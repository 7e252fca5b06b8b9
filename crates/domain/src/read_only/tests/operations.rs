//! GraphQL and JSON-RPC, as pages send them and as they would to get past the rules.

use super::{super::*, Outcome, form, is, json, request, rules};

const READ_ONLY: Outcome = Some(Err(rule::READ_ONLY_OPERATION));
const UNREADABLE: Outcome = Some(Err(rule::OPERATION_UNREADABLE));
const UNKNOWN: Outcome = Some(Err(rule::UNKNOWN_OPERATION));
const PASSES: Outcome = Some(Ok("graph"));

fn graphql() -> PortalRules {
    rules(
        "[[graphql]]\nid = \"graph\"\npath = \"/graphql\"\nunsafe_queries = [\"openMessage\"]\n\
         safe_mutations = [\"previewInvoice\"]\nwrites = [\"bookVisit\", \"openMessage\"]\nsubscriptions = [\"ticker\"]\nquery = [\"log\"]\n\
         persisted = { abc = \"query { pets { name } }\", def = \"mutation { bookVisit { id } }\" }",
    )
}

fn body(document: &str) -> String {
    serde_json::json!({ "query": document }).to_string()
}

#[track_caller]
fn document(document: &str, read_only: Outcome, read_write: Outcome) {
    let (rules, body) = (graphql(), body(document));
    is(&json("POST", "/graphql", &body), Mode::ReadOnly, &rules, read_only);
    is(&json("POST", "/graphql", &body), Mode::ReadWrite, &rules, read_write);
    // The same in the address, and as a form.
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("query", document).finish();
    is(&request("GET", &format!("/graphql?{query}")), Mode::ReadOnly, &rules, read_only);
    is(&form("POST", "/graphql", &query), Mode::ReadOnly, &rules, read_only);
}

#[test]
fn queries_pass_and_mutations_do_not() {
    document("{ pets { name } }", PASSES, PASSES);
    document("query Pets { pets { name } __typename }", PASSES, PASSES);
    document("subscription { ticker { time } }", PASSES, PASSES);
    document("mutation { previewInvoice(id: 1) { total } }", PASSES, PASSES);
    document("mutation { bookVisit(pet: 3) { id } }", READ_ONLY, PASSES);
    document("mutation { cancelVisit(id: 3) { id } }", READ_ONLY, Some(Err(rule::UNLISTED_OPERATION)));
    document("subscription { messages { text } }", READ_ONLY, Some(Err(rule::UNLISTED_OPERATION)));
    document("{ openMessage(id: 7) { text } }", READ_ONLY, PASSES);
}

#[test]
fn what_an_operation_does_stands_in_its_root_fields_and_not_in_its_name() {
    for text in [
        "mutation bookVisit { cancelVisit { id } }",
        "mutation { bookVisit: cancelVisit { id } }",
        "mutation { bookVisit { id } cancelVisit { id } }",
        "mutation { ...F } fragment F on Mutation { cancelVisit { id } }",
        "mutation { ... { cancelVisit { id } } }",
        "mutation { bookVisit { id } ... on Mutation { ...F } } fragment F on Mutation { x: cancelVisit { id } }",
        // Whichever of them the request asks for.
        "query A { pets { name } } mutation B { cancelVisit { id } }",
        "# query\nmutation{cancelVisit{id}}",
        "mutation @include(if: true) { cancelVisit { id } }",
    ] {
        document(text, READ_ONLY, Some(Err(rule::UNLISTED_OPERATION)));
    }
    document("query { pets { mutation: name } }", PASSES, PASSES);
    document("query { mutation { cancelVisit } }", PASSES, PASSES);
    document("{ OPENMESSAGE }", READ_ONLY, Some(Err(rule::UNLISTED_OPERATION)));
}

#[test]
fn what_no_session_does_is_found_by_the_name_of_the_field() {
    for (text, rule) in [
        ("mutation { changePassword(new: \"x\") { ok } }", "never-password"),
        ("mutation { x: deleteAccount { ok } }", "never-account-deletion"),
        ("mutation { bookVisit { id } createApiKey { key } }", "never-api-key"),
    ] {
        document(text, Some(Err(rule)), Some(Err(rule)));
    }
}

#[test]
fn what_is_no_request_is_blocked() {
    let deep = format!("{{ {} a {} }}", "a {".repeat(100), "}".repeat(100));
    let long = format!("{{ {} }}", "a ".repeat(20_000));
    for text in [
        "{",
        "{}",
        "fragment F on Query { pets { name } }",
        "type Query { a: Int }",
        "{ a } type Query { a: Int }",
        "mutation { ...F } fragment F on Mutation { ...F }",
        "mutation { ...F }",
        "{ ...F } fragment F on Q { a } fragment F on Q { b }",
        deep.as_str(),
        long.as_str(),
    ] {
        document(text, UNREADABLE, UNREADABLE);
    }
    let rules = graphql();
    let good = body("{ pets { name } }");
    for content in
        ["", "[]", "null", "\"{ pets }\"", "{}", r#"{"query":7}"#, r#"{"query":"{ a }","Query":"mutation { b }"}"#]
    {
        is(&json("POST", "/graphql", content), Mode::ReadOnly, &rules, UNREADABLE);
    }
    for target in [
        "/graphql?query=mutation{cancelVisit{id}}",
        "/graphql?documentId=def",
        "/graphql/",
        "/GraphQL",
        "/graphql.json",
    ] {
        is(&json("POST", target, &good), Mode::ReadOnly, &rules, UNREADABLE);
    }
    // Unless the owner has named it.
    for target in ["/graphql?op=Pets", "/graphql?id=def", "/graphql?query[0]=x"] {
        is(&json("POST", target, &good), Mode::ReadOnly, &rules, UNREADABLE);
    }
    is(&json("POST", "/graphql?log=Pets", &good), Mode::ReadOnly, &rules, PASSES);
    for extensions in [r#"{"id":"def"}"#, r#"{"persistedQuery":{"sha256Hash":"abc","id":"def"}}"#, "7"] {
        let content = format!(r#"{{"query":"{{ a }}","extensions":{extensions}}}"#);
        is(&json("POST", "/graphql", &content), Mode::ReadOnly, &rules, UNREADABLE);
    }
    is(&json("PUT", "/graphql", &good), Mode::ReadOnly, &rules, UNREADABLE);
    is(
        &JudgedRequest { media_type: Some("application/graphql"), ..json("POST", "/graphql", "{ a }") },
        Mode::ReadOnly,
        &rules,
        UNREADABLE,
    );
    is(&request("GET", "/graphql?query={a}&query=mutation{b}"), Mode::ReadOnly, &rules, UNREADABLE);
    is(&request("GET", "/graphql?query={a}&x=1"), Mode::ReadOnly, &rules, UNREADABLE);
    is(&request("GET", "/graphql/?query=mutation{bookVisit{id}}"), Mode::ReadOnly, &rules, UNREADABLE);
    // The page with which developers try it.
    is(&request("GET", "/graphql"), Mode::ReadOnly, &rules, None);
    is(&request("POST", "/graphql"), Mode::ReadOnly, &rules, UNREADABLE);
    let unread = JudgedRequest { content: Content::Unread, ..json("POST", "/graphql", "") };
    assert_eq!(decide(&unread, Mode::ReadOnly, &rules), Decision::ReadContent);
}

#[test]
fn no_document_takes_more_room_than_it_is_long() {
    let name = "n".repeat(200_000);
    let doubled: String = (0..30).map(|n| format!("fragment f{n} on X {{ ...f{} ...f{} }} ", n + 1, n + 1)).collect();
    let bomb = format!("{{ ...f0 }} {doubled} fragment f30 on X {{ a }}");
    document(&bomb, PASSES, PASSES);
    document(&format!("{{ {name} }}"), UNREADABLE, UNREADABLE);
    let many: String = (0..2_000).map(|n| format!("query q{n} {{ ...f }} ")).collect();
    let wide: String = (0..5).map(|n| format!("a{n} ")).collect();
    document(&format!("{many} fragment f on X {{ {wide} }}"), UNREADABLE, UNREADABLE);
    let inline = format!("{{ {} a {} }}", "... { ".repeat(60), "}".repeat(60));
    document(&inline, PASSES, PASSES);
}

#[test]
fn a_listed_operation_does_what_no_session_does_by_none_of_its_arguments() {
    let rules = rules(
        "[[graphql]]\nid = \"graph\"\npath = \"/graphql\"\nwrites = [\"updateProfile\"]\n\
        [[json_rpc]]\nid = \"rpc\"\npath = \"/rpc\"\nwrites = [\"user.update\"]",
    );
    let never = Some(Err("never-password"));
    for text in [
        "mutation { updateProfile(password: \"x\") { id } }",
        "mutation { updateProfile(input: { new_password: \"x\" }) { id } }",
        "mutation { ...F } fragment F on M { updateProfile(input: { a: { password: 1 } }) { id } }",
    ] {
        is(&json("POST", "/graphql", &body(text)), Mode::ReadWrite, &rules, never);
    }
    let with = |variables: &str| {
        format!(r#"{{"query":"mutation M($i: I) {{ updateProfile(input: $i) {{ id }} }}","variables":{variables}}}"#)
    };
    is(&json("POST", "/graphql", &with(r#"{"i":{"password":"x"}}"#)), Mode::ReadWrite, &rules, never);
    is(&json("POST", "/graphql", &with(r#"{"i":{"street":"x"}}"#)), Mode::ReadWrite, &rules, PASSES);
    // What it asks to be told is not what it does.
    is(
        &json("POST", "/graphql", &body("mutation { updateProfile(street: 1) { email } }")),
        Mode::ReadWrite,
        &rules,
        PASSES,
    );
    let call = |params: &str| format!(r#"{{"method":"user.update","params":{params}}}"#);
    is(&json("POST", "/rpc", &call(r#"{"password":"x"}"#)), Mode::ReadWrite, &rules, never);
    is(&json("POST", "/rpc", &call(r#"{"street":"x"}"#)), Mode::ReadWrite, &rules, Some(Ok("rpc")));
}

#[test]
fn the_portals_own_never_list_speaks_of_operations_that_read_too() {
    let rules = PortalRules::parse(
        "version = 1\n[[graphql]]\nid = \"graph\"\npath = \"/graphql\"\n[[json_rpc]]\nid = \"rpc\"\npath = \"/rpc\"\nsafe = [\"keys.reveal\"]\n\
         [[never]]\nid = \"never-reveal\"\ncategory = \"api-key\"\npath = \"/graphql\"\noperations = [\"revealApiKey\"]\n\
         [[never]]\nid = \"never-reveal-rpc\"\ncategory = \"api-key\"\npath = \"/rpc\"\noperations = [\"keys.reveal\"]",
    )
    .unwrap();
    is(
        &json("POST", "/graphql", &body("{ x: revealApiKey { key } }")),
        Mode::ReadOnly,
        &rules,
        Some(Err("never-reveal")),
    );
    is(&json("POST", "/graphql", &body("{ pets }")), Mode::ReadOnly, &rules, PASSES);
    is(&json("POST", "/rpc", r#"{"method":"keys.reveal"}"#), Mode::ReadOnly, &rules, Some(Err("never-reveal-rpc")));
}

#[test]
fn a_batch_passes_if_all_of_it_does() {
    let rules = graphql();
    let batch = |documents: &[&str]| {
        let all: Vec<_> = documents.iter().map(|one| serde_json::json!({ "query": one })).collect();
        serde_json::to_string(&all).unwrap()
    };
    let (reads, mixed) =
        (batch(&["{ pets { name } }", "{ visits { id } }"]), batch(&["{ a }", "mutation { bookVisit { id } }"]));
    let unlisted = batch(&["mutation { bookVisit { id } }", "mutation { cancelVisit { id } }"]);
    is(&json("POST", "/graphql", &reads), Mode::ReadOnly, &rules, PASSES);
    is(&json("POST", "/graphql", &mixed), Mode::ReadOnly, &rules, READ_ONLY);
    is(&json("POST", "/graphql", &mixed), Mode::ReadWrite, &rules, PASSES);
    is(&json("POST", "/graphql", &unlisted), Mode::ReadWrite, &rules, Some(Err(rule::UNLISTED_OPERATION)));
}

#[test]
fn persisted_documents_are_known_or_blocked() {
    let rules = graphql();
    let by_hash = |hash: &str| {
        format!(r#"{{"operationName":"Pets","extensions":{{"persistedQuery":{{"version":1,"sha256Hash":"{hash}"}}}}}}"#)
    };
    is(&json("POST", "/graphql", &by_hash("abc")), Mode::ReadOnly, &rules, PASSES);
    is(&json("POST", "/graphql", &by_hash("def")), Mode::ReadOnly, &rules, READ_ONLY);
    is(&json("POST", "/graphql", &by_hash("def")), Mode::ReadWrite, &rules, PASSES);
    is(&json("POST", "/graphql", &by_hash("xyz")), Mode::ReadOnly, &rules, UNKNOWN);
    is(&json("POST", "/graphql", r#"{"documentId":"abc"}"#), Mode::ReadOnly, &rules, PASSES);
    is(&json("POST", "/graphql", r#"{"documentId":"xyz"}"#), Mode::ReadOnly, &rules, UNKNOWN);
    is(&json("POST", "/graphql", r#"{"documentId":"abc","doc_id":"def"}"#), Mode::ReadOnly, &rules, UNREADABLE);
    is(&json("POST", "/graphql", r#"{"id":"def"}"#), Mode::ReadOnly, &rules, UNREADABLE);
    is(&request("GET", "/graphql?documentId=abc"), Mode::ReadOnly, &rules, PASSES);
    is(
        &request("GET", "/graphql?extensions=%7B%22persistedQuery%22%3A%7B%22sha256Hash%22%3A%22def%22%7D%7D"),
        Mode::ReadOnly,
        &rules,
        READ_ONLY,
    );
    // With a text beside it, it is the hash of that text: else the portal may go by either.
    let text = "{ pets { name } }";
    let hash = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(text));
    let both = |hash: &str| {
        serde_json::json!({ "query": text, "extensions": { "persistedQuery": { "sha256Hash": hash } } }).to_string()
    };
    is(&json("POST", "/graphql", &both(&hash)), Mode::ReadOnly, &rules, PASSES);
    is(&json("POST", "/graphql", &both("def")), Mode::ReadOnly, &rules, UNREADABLE);
}

#[test]
fn calls_of_json_rpc_are_judged_one_by_one() {
    let rules = rules(
        "[[json_rpc]]\nid = \"rpc\"\npath = \"/rpc\"\nsafe = [\"pets.list\", \"account.passwordAge\"]\nwrites = [\"visits.book\"]",
    );
    let call = |method: &str| format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{{}},"id":1}}"#);
    let cases: [(&str, Outcome, Outcome); 6] = [
        ("pets.list", Some(Ok("rpc")), Some(Ok("rpc"))),
        ("account.passwordAge", Some(Ok("rpc")), Some(Ok("rpc"))),
        ("visits.book", READ_ONLY, Some(Ok("rpc"))),
        ("visits.cancel", READ_ONLY, Some(Err(rule::UNLISTED_OPERATION))),
        ("Pets.List", READ_ONLY, Some(Err(rule::UNLISTED_OPERATION))),
        ("account.changePassword", Some(Err("never-password")), Some(Err("never-password"))),
    ];
    for (method, read_only, read_write) in cases {
        is(&json("POST", "/rpc", &call(method)), Mode::ReadOnly, &rules, read_only);
        is(&json("POST", "/rpc", &call(method)), Mode::ReadWrite, &rules, read_write);
        let batch = format!("[{},{}]", call("pets.list"), call(method));
        is(&json("POST", "/rpc", &batch), Mode::ReadOnly, &rules, read_only);
        is(&json("POST", "/rpc", &batch), Mode::ReadWrite, &rules, read_write);
    }
    for content in [
        "[]",
        "{}",
        "7",
        r#"{"method":7}"#,
        r#"{"method":"pets.list","Method":"visits.book"}"#,
        r#"{"method":"pets.list","methods":["visits.book"]}"#,
        r#"[{"method":"pets.list"},"visits.book"]"#,
    ] {
        is(&json("POST", "/rpc", content), Mode::ReadOnly, &rules, UNREADABLE);
    }
    let listing = call("pets.list");
    is(&form("POST", "/rpc", "method=pets.list"), Mode::ReadOnly, &rules, UNREADABLE);
    is(&json("POST", "/rpc?method=visits.book", &listing), Mode::ReadOnly, &rules, UNREADABLE);
    is(&json("POST", "/rpc/", &listing), Mode::ReadOnly, &rules, UNREADABLE);
    is(&request("GET", "/rpc?method=visits.book"), Mode::ReadOnly, &rules, UNREADABLE);
    is(&request("GET", "/rpc"), Mode::ReadOnly, &rules, None);
}

#[test]
fn operations_can_be_put_on_the_never_list_and_taken_off_it() {
    let with = rules(
        "[[graphql]]\nid = \"graph\"\npath = \"/graphql\"\nwrites = [\"tokenize\", \"renewToken\", \"closeBook\"]\n\
         [[never_override]]\nid = \"bus-token\"\ncategory = \"api-key\"\nmethod = \"POST\"\npath = \"/graphql\"\n\
         operations = [\"renewToken\"]\nwhy = \"A bus ticket\"",
    );
    is(&json("POST", "/graphql", &body("mutation { renewToken { id } }")), Mode::ReadWrite, &with, PASSES);
    let other = body("mutation { createToken { id } }");
    is(&json("POST", "/graphql", &other), Mode::ReadWrite, &with, Some(Err("never-api-key")));
    let own = PortalRules::parse(
        "version = 1\n[[graphql]]\nid = \"graph\"\npath = \"/graphql\"\nwrites = [\"closeBook\"]\n\
         [[never]]\nid = \"never-close\"\ncategory = \"account-deletion\"\npath = \"/graphql\"\noperations = [\"closeBook\"]",
    )
    .unwrap();
    for mode in [Mode::ReadOnly, Mode::ReadWrite] {
        is(&json("POST", "/graphql", &body("mutation { closeBook { id } }")), mode, &own, Some(Err("never-close")));
    }
    is(&json("POST", "/graphql", &body("{ pets { id } }")), Mode::ReadOnly, &own, PASSES);
}

#[test]
fn without_a_rule_for_it_an_endpoint_is_a_path_like_any_other() {
    let rules = PortalRules::default();
    is(
        &json("POST", "/graphql", &body("{ pets { name } }")),
        Mode::ReadOnly,
        &rules,
        Some(Err(rule::READ_ONLY_METHOD)),
    );
    is(&request("GET", "/graphql?query={pets{name}}"), Mode::ReadOnly, &rules, None);
}

proptest::proptest! {
    #[test]
    fn any_document_is_judged_without_a_fault(text in ".{0,200}", words in "[a-z{}():.@$! \\n\"#]{0,80}") {
        let rules = graphql();
        for text in [text, words] {
            let body = body(&text);
            let _ = decide(&json("POST", "/graphql", &body), Mode::ReadWrite, &rules);
        }
    }
}

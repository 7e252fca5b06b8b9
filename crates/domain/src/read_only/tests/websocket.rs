//! WebSockets: where one may be opened, and what a page may say over it.

use proptest::prelude::*;

use super::{super::*, Outcome, is, request};

const UNLISTED: Outcome = Some(Err(rule::UNLISTED_MESSAGE));
const UNREADABLE: Outcome = Some(Err(rule::MESSAGE_UNREADABLE));
const READ_ONLY: Outcome = Some(Err(rule::READ_ONLY_OPERATION));
const LIVE: Outcome = Some(Ok("live"));

const SOCKETS: &str = r#"
[[websocket]]
id = "live"
path = "/live/{room}"
query = { v = "2" }
messages = [
    { "/type" = ["subscribe", "unsubscribe"], "/channel" = "*" },
    { "/2" = "phx_join", "/0" = "*", "/1" = "*", "/3" = "*" },
]
writes = [{ "/type" = ["book", "change-password"], "/visit" = "*" }]
texts = ["ping"]

[[websocket]]
id = "listening"
path = "/news"

[[graphql]]
id = "graph"
path = "/graphql"
writes = ["bookVisit", "saveVisit"]
subscriptions = ["ticker"]

[[websocket]]
id = "graph-live"
path = "/graphql"
graphql = "graph"
messages = [{ "/type" = "connection_init", "/payload/version" = "2", "/payload" = "*" }]

[[unsafe_read]]
id = "opens"
path = "/live/open"

[[never]]
id = "never-key-word"
category = "password"
path = "/live/{room}"
body = { "/channel" = "key-word" }
"#;

fn opening(method: &'static str, target: &'static str) -> JudgedRequest<'static> {
    JudgedRequest { upgrade: Upgrade::Websocket, ..request(method, target) }
}

#[test]
fn a_socket_is_opened_where_a_rule_names_it_and_nowhere_else() {
    let rules = sockets();
    let refused: Outcome = Some(Err(rule::UPGRADE_REFUSED));
    let table = [
        ("GET", "/live/pets?v=2", LIVE),
        ("GET", "/news", Some(Ok("listening"))),
        ("GET", "/graphql", Some(Ok("graph-live"))),
        ("GET", "/live/pets", refused),
        ("GET", "/live/pets?v=3", refused),
        ("GET", "/live/pets?v=2&x=1", refused),
        ("GET", "/graphql?query=mutation%20%7Bx%7D", refused),
        ("GET", "/Live/pets?v=2", refused),
        ("GET", "/live/pets/?v=2", refused),
        ("GET", "/pets", refused),
        ("HEAD", "/news", refused),
        ("POST", "/news", refused),
        ("GET", "/live/open?v=2", Some(Err("opens"))),
        ("CONNECT", "/news", Some(Err(rule::CONNECT_REFUSED))),
    ];
    for mode in [Mode::ReadOnly, Mode::ReadWrite] {
        for (method, target, expected) in table {
            is(&opening(method, target), mode, &rules, expected);
        }
        let mut other = opening("GET", "/news");
        other.upgrade = Upgrade::Other;
        is(&other, mode, &rules, refused);
        let mut with_content = opening("GET", "/news");
        with_content.content = Content::Unread;
        is(&with_content, mode, &rules, Some(Err(rule::BODY_ON_READ)));
    }
    is(&request("GET", "/news"), Mode::ReadOnly, &rules, None);
}

/// Of everything on the never-list that `SOCKETS` does not map it is said that there is none.
fn sockets() -> PortalRules {
    let absent = Category::ALL.into_iter().filter(|category| *category != Category::Password);
    let absent = absent.map(|category| format!("\"{category}\"")).collect::<Vec<_>>().join(", ");
    PortalRules::parse(&format!("version = 1\nabsent = [{absent}]\n{SOCKETS}")).unwrap()
}

#[track_caller]
fn says(message: &str, id: &str, rules: &PortalRules, expected: [Outcome; 2]) {
    let path = match id {
        "live" => "/live/pets",
        "graph-live" => "/graphql",
        _ => "/news",
    };
    for (mode, expected) in [Mode::ReadOnly, Mode::ReadWrite].into_iter().zip(expected) {
        let expected = match expected {
            Some(Ok(_)) => MessageDecision::Pass,
            Some(Err(rule)) => MessageDecision::Block { rule: rule.into() },
            None => MessageDecision::Beat,
        };
        assert_eq!(decide_message(message, path, id, mode, rules), expected, "{mode:?} {message}");
    }
}

#[test]
fn a_message_passes_by_its_shape_alone() {
    let rules = sockets();
    for (message, read_only, read_write) in [
        (r#"{"type":"subscribe","channel":"visits"}"#, LIVE, LIVE),
        (r#"{"type":"unsubscribe","channel":{"of":[1,2]}}"#, LIVE, LIVE),
        (r#"{ "type" : "subscribe" }"#, LIVE, LIVE),
        (r#"["1","2","phx_join",{}]"#, LIVE, LIVE),
        ("ping", None, None),
        // Something that no shape names, or another value.
        (r#"{"type":"subscribe","channel":"visits","also":"book"}"#, UNLISTED, UNLISTED),
        (r#"{"type":"delete","channel":"visits"}"#, UNLISTED, UNLISTED),
        (r#"{"type":["subscribe"],"channel":"visits"}"#, UNLISTED, UNLISTED),
        (r#"{"channel":"visits"}"#, UNLISTED, UNLISTED),
        (r#"["1","2","phx_leave",{}]"#, UNLISTED, UNLISTED),
        (r#"["1","2","phx_join",{},"more"]"#, UNLISTED, UNLISTED),
        ("[]", UNLISTED, UNLISTED),
        ("{}", UNLISTED, UNLISTED),
        ("\"ping\"", UNLISTED, UNLISTED),
        // Two readings.
        (r#"{"type":"subscribe","type":"book"}"#, Some(Err("never-key-word")), Some(Err("never-key-word"))),
        (
            r#"{"type":"subscribe","channel":{"_method":"DELETE"}}"#,
            Some(Err(rule::METHOD_OVERRIDE)),
            Some(Err(rule::METHOD_OVERRIDE)),
        ),
        // What read_write passes, and what no session says.
        (r#"{"type":"book","visit":{"pet":3}}"#, READ_ONLY, LIVE),
        (r#"{"type":"book","visit":{"password":"x"}}"#, READ_ONLY, Some(Err("never-password"))),
        (r#"{"type":"change-password","visit":1}"#, READ_ONLY, Some(Err("never-password"))),
        (r#"{"type":"subscribe","channel":"key-word"}"#, Some(Err("never-key-word")), Some(Err("never-key-word"))),
    ] {
        says(message, "live", &rules, [read_only, read_write]);
    }
    // A page that may only listen, and a rule that is gone by now.
    says("{}", "listening", &rules, [UNLISTED; 2]);
    says("ping", "listening", &rules, [UNREADABLE; 2]);
    says("\u{feff}{}", "listening", &rules, [UNREADABLE; 2]);
    says(r#"{"type":"subscribe","channel":"visits"}"#, "gone", &rules, [UNLISTED; 2]);
}

#[test]
fn no_written_message_passes_while_a_kind_of_the_never_list_is_not_accounted_for() {
    let rules = PortalRules::parse(&format!("version = 1\n{SOCKETS}")).unwrap();
    let undeclared: Outcome = Some(Err(rule::NOT_DECLARED));
    says(r#"{"type":"book","visit":1}"#, "live", &rules, [READ_ONLY, undeclared]);
    says(&operation("mutation { bookVisit { id } }"), "graph-live", &rules, [READ_ONLY, undeclared]);
    says(r#"{"type":"subscribe","channel":"visits"}"#, "live", &rules, [LIVE, LIVE]);
}

fn operation(document: &str) -> String {
    serde_json::json!({ "id": "1", "type": "subscribe", "payload": { "query": document } }).to_string()
}

#[test]
fn operations_of_graphql_are_judged_over_a_socket_as_in_a_request() {
    let rules = sockets();
    let graph: Outcome = Some(Ok("graph-live"));
    let unreadable: Outcome = Some(Err(rule::OPERATION_UNREADABLE));
    let unlisted: Outcome = Some(Err(rule::UNLISTED_OPERATION));
    let never: Outcome = Some(Err("never-password"));
    for (document, read_only, read_write) in [
        ("subscription { ticker { time } }", graph, graph),
        ("{ pets { name } }", graph, graph),
        ("subscription { messages { text } }", READ_ONLY, unlisted),
        ("mutation { bookVisit(pet: 3) { id } }", READ_ONLY, graph),
        ("mutation { bookVisit: cancelVisit { id } }", READ_ONLY, unlisted),
        ("subscription { ...F } fragment F on S { messages }", READ_ONLY, unlisted),
        ("mutation { changePassword { ok } }", never, never),
        ("mutation { saveVisit(newPassword: \"x\") { id } }", READ_ONLY, never),
        ("subscription {", unreadable, unreadable),
    ] {
        says(&operation(document), "graph-live", &rules, [read_only, read_write]);
        says(&operation(document).replace("subscribe", "start"), "graph-live", &rules, [read_only, read_write]);
    }
    for (message, expected) in [
        (r#"{"type":"connection_init"}"#, None),
        (r#"{"type":"connection_init","payload":{}}"#, None),
        (r#"{"type":"ping","payload":null}"#, None),
        (r#"{"type":"pong"}"#, None),
        (r#"{"type":"complete","id":"1"}"#, None),
        (r#"{"type":"connection_terminate"}"#, None),
        // By a shape, which may say what a beginning carries.
        (r#"{"type":"connection_init","payload":{"version":"2"}}"#, graph),
        (r#"{"type":"connection_init","payload":{"token":"x"}}"#, UNLISTED),
        (r#"{"type":"complete","id":"1","payload":{}}"#, UNLISTED),
        (r#"{"type":"next","id":"1","payload":{}}"#, UNLISTED),
        (r#"{"type":"subscribe","id":"1"}"#, unreadable),
        (r#"{"type":"subscribe","id":"1","payload":[]}"#, unreadable),
        (r#"{"type":"subscribe","id":"1","payload":{"query":"{ a }"},"query":"mutation { b }"}"#, unreadable),
        (r#"{"type":"subscribe","id":"1","payload":{"query":"{ a }","more":1}}"#, unreadable),
        (
            r#"{"type":"subscribe","id":"1","payload":{"extensions":{"persistedQuery":{"sha256Hash":"a"}}}}"#,
            Some(Err(rule::UNKNOWN_OPERATION)),
        ),
        ("[]", UNLISTED),
        ("ping", UNREADABLE),
    ] {
        says(message, "graph-live", &rules, [expected; 2]);
    }
    let in_variables = r#"{"id":"1","type":"subscribe","payload":{"query":"mutation M($v: V) { saveVisit(visit: $v) { id } }","variables":{"v":{"email":"x"}}}}"#;
    says(in_variables, "graph-live", &rules, [READ_ONLY, Some(Err("never-email-change"))]);
}

proptest! {
    #[test]
    fn any_message_is_judged_without_a_fault_and_what_passes_in_read_only_passes_in_read_write(
        message in r#"(\{"type":"(subscribe|book|connection_init)",?("channel":.{0,12}|"payload":\{.{0,20}\})?\}|.{0,60})"#,
        id in "live|listening|graph-live|gone",
    ) {
        let rules = sockets();
        let judged = |mode| decide_message(&message, "/live/pets", &id, mode, &rules);
        if !matches!(judged(Mode::ReadOnly), MessageDecision::Block { .. }) {
            prop_assert_eq!(judged(Mode::ReadOnly), judged(Mode::ReadWrite));
        }
    }
}

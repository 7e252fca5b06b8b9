//! Whether a request passes.

use amberglass_domain::content::ContentType;
use amberglass_domain::read_only::{
    Category, Content, Decision, JudgedRequest, PathPattern, PortalRules, RequestRule, RuleKind, Upgrade,
    query_overrides_method,
};
use amberglass_wire::session::Mode;

use crate::gateway::canonical;
use crate::text::{halves, text_line};

/// A whole file. The same text gives the same rules; each kind of the never-list stays closed, whatever the rules list.
pub fn rules_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(rules) = PortalRules::parse(text) else { return };
    assert_eq!(PortalRules::parse(text).ok().as_ref(), Some(&rules));
    assert!(rules.count() <= amberglass_domain::read_only::MAX_RULES);
    for never in &rules.never {
        assert!(never.rule.id.starts_with("never-") && !rules.absent.contains(&never.category));
    }
    for rule in rules.safe_writes.iter().chain(&rules.writes) {
        assert!(!rule.id.starts_with("never-") && !rule.methods.is_empty());
        for method in &rule.methods {
            let path = rule.path.example();
            let decision = decided(&bare(method, &path), Mode::ReadOnly, &rules);
            assert!(!is_pass(&decision) || method == "GET" || method == "HEAD" || passes_by(&decision, &rules));
        }
    }
    if !rules.undeclared().is_empty() {
        for rule in &rules.writes {
            for method in rule.methods.iter().filter(|method| *method != "GET" && *method != "HEAD") {
                let decision = decided(&bare(method, &rule.path.example()), Mode::ReadWrite, &rules);
                assert!(!matches!(&decision, Decision::Pass { rule: Some(id) } if *id == rule.id), "undeclared");
            }
        }
    }
}

/// Rules, a line of three percent signs, then a request: `METHOD target`, its content type, and its content.
pub fn decide(data: &[u8]) {
    let Some((rules, request)) = halves(data) else { return };
    let Ok(Ok(rules)) = std::str::from_utf8(rules).map(PortalRules::parse) else { return };
    let Some((line, rest)) = text_line(request) else { return };
    let Some((content_type, content)) = text_line(rest) else { return };
    let Some((method, target)) = line.split_once(' ') else { return };
    let Some(target) = canonical(target) else { return };
    let (path, query) = target.split_once('?').map_or((target.as_str(), None), |(path, query)| (path, Some(query)));
    let content_type = ContentType::parse(content_type);
    let request = JudgedRequest {
        media_type: content_type.as_ref().map(|found| found.media_type.as_str()),
        boundary: content_type.as_ref().and_then(|found| found.boundary.as_deref()),
        content: if content.is_empty() { Content::Nothing } else { Content::Read(content) },
        query,
        overrides_method: query.is_some_and(query_overrides_method),
        ..bare(method, path)
    };
    hold(&request, &rules);
}

/// What holds of every decision.
fn hold(request: &JudgedRequest<'_>, rules: &PortalRules) {
    let is_read = matches!(request.method, "GET" | "HEAD");
    let in_read_only = decided(request, Mode::ReadOnly, rules);
    let in_read_write = decided(request, Mode::ReadWrite, rules);
    for decision in [&in_read_only, &in_read_write] {
        assert_ne!(*decision, Decision::ReadContent, "it has been read");
        assert!(passes_by(decision, rules));
        if is_pass(decision) {
            assert!(!request.overrides_method && request.method != "CONNECT");
            assert!(!is_read || request.content == Content::Nothing, "a read with content");
        }
    }
    if in_read_only == (Decision::Pass { rule: None }) {
        assert!(is_read, "only reads pass without a rule");
    }
    if let Decision::Pass { rule: Some(id) } = &in_read_only {
        let kind = rules.rule(id).map(|(kind, _)| kind);
        assert!(!matches!(kind, Some(RuleKind::Write)), "a listed write in read-only");
    }
    assert!(!is_pass(&in_read_only) || is_pass(&in_read_write), "read-only lets pass what read-write does not");
    // What is said before the content is read stays true of every content.
    if request.content != Content::Nothing {
        for (mode, read) in [(Mode::ReadOnly, &in_read_only), (Mode::ReadWrite, &in_read_write)] {
            let unread = decided(&JudgedRequest { content: Content::Unread, ..request.clone() }, mode, rules);
            assert!(unread == Decision::ReadContent || unread == *read, "{unread:?} became {read:?}");
            let lost = decided(&JudgedRequest { content: Content::NotToBeHad, ..request.clone() }, mode, rules);
            assert!(!is_pass(&lost) || is_pass(read), "what can't be read passes, and what was read does not");
        }
    }
    for mode in [Mode::ReadOnly, Mode::ReadWrite] {
        for disguised in [
            JudgedRequest { upgrade: Upgrade::Other, ..request.clone() },
            JudgedRequest { overrides_method: true, ..request.clone() },
            JudgedRequest { method: "CONNECT", ..request.clone() },
        ] {
            assert!(matches!(decided(&disguised, mode, rules), Decision::Block { .. }));
        }
    }
}

/// Two places of the never-list and how they are written; the rest says which letters are spelled how. Whatever the spelling, a
/// write to there is blocked by its rule, though the portal lists all writes.
pub fn never_list(data: &[u8]) {
    const PLACES: &[(&str, &str)] = &[
        ("/account/password", "never-password"),
        ("/settings/two-factor", "never-mfa"),
        ("/totp/enrol", "never-mfa"),
        ("/me/email", "never-email-change"),
        ("/oauth/authorize", "never-oauth-consent"),
        ("/api-keys", "never-api-key"),
        ("/account/tokens", "never-api-key"),
        ("/terms/accept", "never-legal-consent"),
        ("/account/close", "never-account-deletion"),
    ];
    let [place, method, spelling @ ..] = data else { return };
    let (path, never) = PLACES[usize::from(*place) % PLACES.len()];
    let method = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "post", "PROPFIND"][usize::from(*method) % 7];
    let mut steps = spelling.iter().copied();
    let mut spelled = String::new();
    for letter in path.chars() {
        let step = steps.next().unwrap_or(0);
        if letter == '/' {
            spelled.push_str(["", "/api", "/v2", "/x;y=1"][usize::from(step) % 4]);
            spelled.push('/');
            continue;
        }
        match step % 6 {
            1 if starts_word(&spelled) => spelled.push(letter.to_ascii_uppercase()),
            2 => spelled.push_str(&format!("%{:02X}", letter as u32)),
            3 => spelled.push_str(&format!("%{:02x}", letter as u32)),
            _ => spelled.push(letter),
        }
    }
    spelled.push_str(
        ["", "/", ".json", ";jsessionid=1", "?x=1", "/7", "%20", "."][usize::from(steps.next().unwrap_or(0)) % 8],
    );
    let Some(target) = canonical(&spelled) else { return };
    let (path, query) = target.split_once('?').map_or((target.as_str(), None), |(path, query)| (path, Some(query)));
    let rules = everything_listed();
    let request = JudgedRequest { query, ..bare(method, path) };
    for mode in [Mode::ReadOnly, Mode::ReadWrite] {
        match decided(&request, mode, &rules) {
            Decision::Block { rule } => {
                assert!(rule == never || rule.starts_with("never-"), "{target} is blocked by {rule} instead of {never}")
            }
            decision @ (Decision::Pass { .. } | Decision::ReadContent) => panic!("{method} {target}: {decision:?}"),
        }
    }
    hold(&request, &rules);
}

/// Capital letters elsewhere would begin another word, and so name another thing.
fn starts_word(so_far: &str) -> bool {
    so_far.ends_with(['/', '-'])
}

/// A portal that has none of what is never done, as it says, and lists every write: more than a file of rules may.
fn everything_listed() -> PortalRules {
    let listed = |id: &'static str, path: &str| RequestRule {
        id: id.into(),
        methods: ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "post", "PROPFIND"].map(str::to_owned).to_vec(),
        path: PathPattern::parse(path).unwrap(),
        query: Vec::new(),
        content_type: None,
        body: Vec::new(),
        why: None,
    };
    PortalRules {
        safe_writes: vec![listed("all", "/{rest...}")],
        writes: vec![listed("everything", "/{rest...}")],
        absent: Category::ALL.into_iter().collect(),
        ..PortalRules::default()
    }
}

/// Nothing but a method and a path.
pub(crate) fn bare<'a>(method: &'a str, path: &'a str) -> JudgedRequest<'a> {
    JudgedRequest {
        method,
        path,
        query: None,
        media_type: None,
        boundary: None,
        content: Content::Nothing,
        upgrade: Upgrade::Nothing,
        overrides_method: false,
    }
}

/// Twice, and both times the same.
pub(crate) fn decided(request: &JudgedRequest<'_>, mode: Mode, rules: &PortalRules) -> Decision {
    let decision = amberglass_domain::read_only::decide(request, mode, rules);
    assert_eq!(amberglass_domain::read_only::decide(request, mode, rules), decision);
    decision
}

pub(crate) fn is_pass(decision: &Decision) -> bool {
    matches!(decision, Decision::Pass { .. })
}

/// What passes by a rule passes by one of the portal's that lets something pass.
fn passes_by(decision: &Decision, rules: &PortalRules) -> bool {
    let Decision::Pass { rule: Some(id) } = decision else { return true };
    match rules.rule(id).map(|(kind, _)| kind) {
        Some(
            RuleKind::SafeWrite
            | RuleKind::SafeRead
            | RuleKind::Write
            | RuleKind::Graphql
            | RuleKind::JsonRpc
            | RuleKind::Websocket,
        ) => true,
        Some(RuleKind::UnsafeRead | RuleKind::Withhold | RuleKind::Mask | RuleKind::Download | RuleKind::Never)
        | None => false,
    }
}

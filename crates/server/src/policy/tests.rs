//! The default policy as a table.

use amberglass_wire::{CustomerId, PortalId};

use super::*;

const READ: Mode = Mode::ReadOnly;
const WRITE: Mode = Mode::ReadWrite;
const TO_READ: AskedFor<'static> = AskedFor { class: "standard", mode: READ };

fn policy() -> Policy {
    Policy::load(&PolicyFiles::default()).unwrap()
}

fn parse(rules: &str) -> Result<Policy, PolicyError> {
    Policy::parse(&Texts { rules: rules.to_owned(), schema: SCHEMA.to_owned() })
}

fn customer(class: &str, email: &str, active: bool) -> CustomerResponse {
    CustomerResponse {
        portal: PortalId::new("barkside"),
        id: CustomerId::new("1042"),
        name: "Jane Doe".into(),
        email: email.into(),
        class: class.into(),
        plan: None,
        since: None,
        active,
    }
}

/// Role, class, customer's e-mail, its staff role, customer active, portal active, mode, answer, one rule of it.
type Case =
    (&'static str, &'static str, &'static str, Option<&'static str>, bool, bool, Mode, PolicyAnswer, &'static str);

#[test]
fn the_default_policy_decides_starts_by_its_table() {
    use PolicyAnswer::{Allowed, NeedsApproval, Refused};
    const JANE: &str = "jane@example.com";
    const SELF: &str = "AMY@amberglass.example";
    let table: [Case; 21] = [
        ("agent", "standard", JANE, None, true, true, READ, Allowed, "agents-start-read-only"),
        ("agent", "gold", JANE, None, true, true, READ, Allowed, "agents-start-read-only"),
        ("lead", "standard", JANE, None, true, true, READ, Allowed, "agents-start-read-only"),
        ("security", "standard", JANE, None, true, true, READ, Allowed, "agents-start-read-only"),
        ("admin", "standard", JANE, None, true, true, READ, Refused, "admins-do-not-look"),
        ("admin", "sensitive", JANE, None, true, true, WRITE, Refused, "admins-do-not-look"),
        ("owner", "standard", JANE, None, true, true, READ, Refused, NO_RULE),
        ("agent", "sensitive", JANE, None, true, true, READ, NeedsApproval, "sensitive-customers-need-approval"),
        ("lead", "sensitive", JANE, None, true, true, READ, NeedsApproval, "sensitive-customers-need-approval"),
        ("agent", "standard", JANE, None, true, true, WRITE, NeedsApproval, "read-write-needs-approval"),
        ("security", "standard", JANE, None, true, true, WRITE, NeedsApproval, "read-write-needs-approval"),
        ("agent", "standard", SELF, Some("agent"), true, true, READ, Refused, "never-oneself"),
        ("agent", "standard", SELF, Some("agent"), true, true, WRITE, Refused, "never-oneself"),
        ("agent", "standard", JANE, Some("agent"), true, true, READ, Refused, "never-peers-or-superiors"),
        ("agent", "standard", JANE, Some("admin"), true, true, READ, Refused, "never-peers-or-superiors"),
        ("lead", "standard", JANE, Some("agent"), true, true, READ, NeedsApproval, "staff-as-customers-need-approval"),
        ("security", "standard", JANE, Some("owner"), true, true, READ, Refused, "never-peers-or-superiors"),
        ("agent", "standard", JANE, None, false, true, READ, Refused, "customer-must-be-active"),
        ("agent", "sensitive", JANE, None, false, true, READ, Refused, "customer-must-be-active"),
        ("agent", "standard", JANE, None, true, false, READ, Refused, "portal-must-be-active"),
        ("agent", "standard", JANE, None, true, false, WRITE, Refused, "portal-must-be-active"),
    ];
    let (policy, id) = (policy(), StaffId::new("amy"));
    for case in table {
        let (role, class, email, staff_role, active, portal_active, mode, answer, rule) = case;
        let customer = customer(class, email, active);
        let who = Principal { id: &id, email: "amy@Amberglass.example", role };
        let whom = Target { customer: &customer, portal_active, staff_role, circumstances: Circumstances::USUAL };
        let decision = policy.start(&who, &whom, mode).unwrap();
        assert_eq!(decision.answer, answer, "{case:?}");
        assert!(decision.rules.iter().any(|name| name == rule), "{case:?}: {:?}", decision.rules);
    }
}

#[test]
fn a_refusal_has_the_plainest_word_for_it() {
    let id = StaffId::new("amy");
    let who = Principal { id: &id, email: "amy@amberglass.example", role: "agent" };
    let table = [
        (customer("standard", "Amy@Amberglass.Example ", true), Some("agent"), true, ErrorCode::TargetIsSelf),
        (customer("standard", "leo@x.example", true), Some("lead"), true, ErrorCode::TargetIsStaff),
        (customer("standard", "j@x.example", false), None, true, ErrorCode::CustomerInactive),
        (customer("standard", "j@x.example", true), None, false, ErrorCode::PortalInactive),
        (customer("standard", "j@x.example", true), None, true, ErrorCode::Forbidden),
    ];
    for (customer, staff_role, portal_active, code) in &table {
        let whom = Target {
            customer,
            portal_active: *portal_active,
            staff_role: *staff_role,
            circumstances: Circumstances::USUAL,
        };
        assert_eq!(refusal_code(&who, &whom), *code, "{customer:?}");
    }
}

#[test]
fn each_role_has_its_rights_over_sessions_and_the_server() {
    let policy = policy();
    let (me, other, session) = (StaffId::new("me"), StaffId::new("other"), SessionId::new("s"));
    // Role; extend own, extend other's, end any, trail own, trail other's; read all, export, manage, stop, devices.
    let table = [
        ("agent", [true, false, false, true, false], [false; 5]),
        ("lead", [true, false, true, true, true], [true, false, false, false, false]),
        ("security", [true, false, true, true, true], [true, true, false, true, true]),
        ("admin", [true, false, false, true, false], [false, false, true, true, true]),
        ("owner", [true, false, false, true, false], [false; 5]),
    ];
    for (role, on_sessions, on_server) in table {
        let who = Principal { id: &me, email: "me@x.example", role };
        let asked = [
            (SessionAction::Extend, &me),
            (SessionAction::Extend, &other),
            (SessionAction::EndAny, &other),
            (SessionAction::ReadAudit, &me),
            (SessionAction::ReadAudit, &other),
        ];
        for ((action, owner), expected) in asked.into_iter().zip(on_sessions) {
            let answer = policy.on_session(&who, action, &session, owner).unwrap();
            assert_eq!(answer, expected, "{role} {action:?} of {owner}");
        }
        let asked = [
            ServerAction::ReadAudit,
            ServerAction::ExportAudit,
            ServerAction::Manage,
            ServerAction::EmergencyStop,
            ServerAction::ManageDevices,
        ];
        for (action, expected) in asked.into_iter().zip(on_server) {
            assert_eq!(policy.on_server(&who, action).unwrap(), expected, "{role} {action:?}");
        }
    }
}

#[test]
fn only_a_higher_role_approves_or_security_for_security_and_never_its_own_request() {
    let policy = policy();
    let (me, other) = (StaffId::new("me"), StaffId::new("other"));
    let table = [
        ("lead", "agent", true),
        ("security", "agent", true),
        ("security", "lead", true),
        ("security", "security", true),
        ("agent", "agent", false),
        ("lead", "lead", false),
        ("lead", "security", false),
        ("admin", "agent", false),
        ("security", "owner", false),
    ];
    for (approver, requester, expected) in table {
        let who = Principal { id: &me, email: "me@x.example", role: approver };
        let by = |id| Principal { id, email: "by@x.example", role: requester };
        assert_eq!(policy.approve(&who, &by(&other), TO_READ).unwrap(), expected, "{approver} for {requester}");
        assert!(!policy.approve(&who, &by(&me), TO_READ).unwrap(), "{approver} for themself");
    }
}

#[test]
fn a_policy_can_let_security_alone_approve_for_a_class_of_customers_or_for_a_mode() {
    let rules = format!(
        "{DEFAULT_RULES}\n@id(\"security-approves-gold\") forbid (principal, action == Action::\"approve\", resource) \
         when {{ principal.role != \"security\" && (resource.class == \"gold\" || resource.mode == \"read_write\") }};"
    );
    let policy = parse(&rules).unwrap();
    let (me, other) = (StaffId::new("me"), StaffId::new("other"));
    let requester = Principal { id: &other, email: "by@x.example", role: "agent" };
    for (class, mode, by_a_lead) in [("standard", READ, true), (" Gold ", READ, false), ("standard", WRITE, false)] {
        let asked = AskedFor { class, mode };
        let by = |role| Principal { id: &me, email: "me@x.example", role };
        assert_eq!(policy.approve(&by("lead"), &requester, asked).unwrap(), by_a_lead, "{class} {mode:?}");
        assert!(policy.approve(&by("security"), &requester, asked).unwrap(), "{class} {mode:?}");
    }
    // They still hear of what they may decide.
    assert!(policy.approves_others(&Principal { id: &me, email: "me@x.example", role: "lead" }).unwrap());
}

#[test]
fn break_glass_is_for_agents_and_leads_who_only_read_and_each_refusal_names_its_rule() {
    use PolicyAnswer::{Allowed, Refused};
    const ALLOWS: &str = "agents-and-leads-break-glass";
    const NONE: BreakGlassPast = BreakGlassPast { denied_last_day: false, unreviewed: 0 };
    let night = Circumstances { within_working_hours: false, sessions_last_hour: 40 };
    let (policy, id) = (policy(), StaffId::new("amy"));
    for role in ["agent", "lead", "security", "admin", "owner"] {
        let may = ["agent", "lead"].contains(&role);
        let own = if role == "admin" { "admins-do-not-look" } else { NO_RULE };
        for class in ["standard", "sensitive"] {
            for circumstances in [Circumstances::USUAL, night] {
                for (email, staff_role, active, portal_active, mode, past, rule) in [
                    ("j@x.example", None, true, true, READ, NONE, ALLOWS),
                    ("j@x.example", None, true, true, READ, BreakGlassPast { unreviewed: 1, ..NONE }, ALLOWS),
                    ("j@x.example", None, true, true, WRITE, NONE, "break-glass-only-reads"),
                    ("AMY@x.example", Some(role), true, true, READ, NONE, "never-oneself"),
                    ("j@x.example", Some(role), true, true, READ, NONE, "never-peers-or-superiors"),
                    ("j@x.example", None, false, true, READ, NONE, "customer-must-be-active"),
                    ("j@x.example", None, true, false, READ, NONE, "portal-must-be-active"),
                    (
                        "j@x.example",
                        None,
                        true,
                        true,
                        READ,
                        BreakGlassPast { denied_last_day: true, ..NONE },
                        "no-break-glass-on-the-day-of-a-denial",
                    ),
                    (
                        "j@x.example",
                        None,
                        true,
                        true,
                        READ,
                        BreakGlassPast { unreviewed: 2, ..NONE },
                        "no-break-glass-while-two-wait-for-review",
                    ),
                ] {
                    let customer = customer(class, email, active);
                    let who = Principal { id: &id, email: "amy@x.example", role };
                    let whom = Target { customer: &customer, portal_active, staff_role, circumstances };
                    let said = policy.break_glass(&who, &whom, mode, past).unwrap();
                    let (answer, rule) = match rule {
                        ALLOWS if may => (Allowed, ALLOWS),
                        ALLOWS => (Refused, own),
                        other => (Refused, other),
                    };
                    assert_eq!(said.answer, answer, "{role} {class} {rule}");
                    assert!(said.rules.iter().any(|name| name == rule), "{role} {rule}: {:?}", said.rules);
                }
            }
        }
    }
}

#[test]
fn somebody_else_of_the_same_level_or_above_reviews() {
    let policy = policy();
    let (me, other) = (StaffId::new("me"), StaffId::new("other"));
    let table = [
        ("lead", "agent", true),
        ("lead", "lead", true),
        ("security", "agent", true),
        ("security", "lead", true),
        ("lead", "security", false),
        ("agent", "agent", false),
        ("admin", "agent", false),
        ("security", "owner", false),
    ];
    for (reviewer, staff, expected) in table {
        let who = Principal { id: &me, email: "me@x.example", role: reviewer };
        let by = |id| Principal { id, email: "by@x.example", role: staff };
        assert_eq!(policy.review(&who, &by(&other)).unwrap(), expected, "{reviewer} of {staff}");
        assert!(!policy.review(&who, &by(&me)).unwrap(), "{reviewer} of themself");
    }
}

#[test]
fn a_policy_that_does_not_fit_its_schema_is_not_put_in_force() {
    let wrong = [
        (
            "@id(\"a\") permit (principal, action == Action::\"start\", resource) when { resource.klass == \"x\" };",
            true,
        ),
        ("permit (principal, action == Action::\"manage\", resource);", true),
        ("@id(\"a\") permit (principal, action == Action::\"fly\", resource);", true),
        ("@id(\"a\") permit (principal, action == Action::\"manage\", resource);", false),
    ];
    for (text, refused) in wrong {
        assert_eq!(parse(text).is_err(), refused, "{text}");
    }
    let twice = "@id(\"a\") permit (principal, action == Action::\"manage\", resource);\
                 @id(\"a\") permit (principal, action == Action::\"manage\", resource);";
    assert!(matches!(parse(twice), Err(PolicyError::IdMissing)));
}

#[test]
fn the_hash_names_rules_and_schema() {
    let other = parse(&format!("{DEFAULT_RULES}\n// changed")).unwrap();
    assert_eq!(policy().hash().len(), 64);
    assert_eq!(policy().hash(), policy().hash());
    assert_ne!(policy().hash(), other.hash());
}

#[test]
fn a_portal_cannot_spell_its_way_round_a_class() {
    let (policy, id) = (policy(), StaffId::new("amy"));
    let who = Principal { id: &id, email: "amy@amberglass.example", role: "agent" };
    for class in ["Sensitive", "SENSITIVE", " sensitive "] {
        let customer = customer(class, "jane@example.com", true);
        let whom =
            Target { customer: &customer, portal_active: true, staff_role: None, circumstances: Circumstances::USUAL };
        assert_eq!(policy.start(&who, &whom, READ).unwrap().answer, PolicyAnswer::NeedsApproval, "{class:?}");
    }
}

#[test]
fn a_rule_that_fails_refuses_even_where_another_one_permits() {
    // Overflows, which no schema foresees: Cedar would leave the rule out.
    let failing = r#"@id("fails") forbid (principal, action == Action::"start", resource)
        when { principal.level + 9223372036854775807 > 0 };"#;
    let policy = parse(&format!("{DEFAULT_RULES}\n{failing}")).unwrap();
    let (id, customer) = (StaffId::new("amy"), customer("standard", "jane@example.com", true));
    let who = Principal { id: &id, email: "amy@amberglass.example", role: "agent" };
    let whom =
        Target { customer: &customer, portal_active: true, staff_role: None, circumstances: Circumstances::USUAL };
    let refused = policy.start(&who, &whom, READ);
    assert!(matches!(refused, Err(PolicyError::RuleFailed(_))), "{refused:?}");
}

#[test]
fn the_default_policy_says_to_each_case_of_its_file_what_it_should() {
    let file: CaseFile = toml::from_str(include_str!("../../../../policies/cases.toml")).unwrap();
    let (policy, hours) = (policy(), crate::config::WorkingHours::default());
    assert!(file.case.len() >= 27);
    for case in &file.case {
        assert_eq!(case.check(&policy, &hours).unwrap(), None, "{}", case.name);
    }
    let mut wrong = file.case[0].clone();
    wrong.expected.answer = PolicyAnswer::Refused;
    let misspelled = "[[case]]\nname = \"x\"\nrole = \"agent\"\nanswer = \"allowed\"\nrule = \"x\"\nclas = \"gold\"";
    assert!(toml::from_str::<CaseFile>(misspelled).unwrap_err().to_string().contains("clas"));
    assert_eq!(
        wrong.check(&policy, &hours).unwrap().unwrap(),
        "expected refused, got allowed by agents-start-read-only"
    );
}

#[test]
fn what_is_wrong_with_a_policy_is_said_with_its_line() {
    let line = |rules: &str, schema: &str| {
        let texts = Texts { rules: rules.to_owned(), schema: schema.to_owned() };
        match Policy::parse(&texts).unwrap_err() {
            PolicyError::Rules { line, .. } => ("rules", line),
            PolicyError::DoesNotFit { line, .. } => ("fit", line),
            PolicyError::Schema { line, .. } => ("schema", line),
            other @ (PolicyError::Unreadable { .. }
            | PolicyError::IdMissing
            | PolicyError::Approvals { .. }
            | PolicyError::Facts(_)
            | PolicyError::RuleFailed(_)) => panic!("{other:?}"),
        }
    };
    let rules = DEFAULT_RULES.lines().count();
    assert_eq!(line(&format!("{DEFAULT_RULES}\n\npermit (principal action);"), SCHEMA), ("rules", rules + 3));
    let unfit = "@id(\"x\") permit (principal, action == Action::\"start\", resource) when { resource.klass == \"\" };";
    assert_eq!(line(&format!("{DEFAULT_RULES}\n{unfit}"), SCHEMA), ("fit", rules + 2));
    let lines = SCHEMA.lines().count();
    assert_eq!(line(DEFAULT_RULES, &format!("{SCHEMA}\nentity = ;")), ("schema", lines + 2));
}

#[test]
fn several_have_to_approve_where_a_rule_wants_it() {
    let two = r#"@id("two-for-gold") @approvals("2")
        permit (principal, action == Action::"start_after_approval", resource) when { resource.class == "gold" };"#;
    let policy = parse(&format!("{DEFAULT_RULES}\n{two}")).unwrap();
    let (id, gold) = (StaffId::new("amy"), customer("gold", "jane@example.com", true));
    let who = Principal { id: &id, email: "amy@amberglass.example", role: "agent" };
    let whom = Target { customer: &gold, portal_active: true, staff_role: None, circumstances: Circumstances::USUAL };
    assert_eq!(policy.start(&who, &whom, READ).unwrap().approvals, 0, "it begins at once");
    let decision = policy.start(&who, &whom, WRITE).unwrap();
    assert_eq!((decision.approvals, decision.rules.len()), (2, 2), "the most that one of them wants");
    for wrong in ["0", "6", "two"] {
        let rules = format!("{DEFAULT_RULES}\n{}", two.replace("\"2\"", &format!("\"{wrong}\"")));
        assert!(matches!(parse(&rules), Err(PolicyError::Approvals { rule }) if rule == "two-for-gold"), "{wrong}");
    }
}

/// A schema from before the action was there: refused, and everything else goes on.
#[test]
fn a_schema_that_does_not_know_of_masked_fields_refuses_to_show_them_and_decides_all_else() {
    let (before, rest) = SCHEMA.split_once("action unmask appliesTo").unwrap();
    let (_, after) = rest.split_once("};\n").unwrap();
    let schema = format!("{before}{after}");
    let rules = r#"
        @id("starts") permit (principal, action == Action::"start", resource);
        @id("own") permit (principal, action == Action::"extend", resource) when { resource.staff == principal };
    "#;
    let policy = Policy::parse(&Texts { rules: rules.to_owned(), schema }).unwrap();
    let me = StaffId::new("me");
    let who = Principal { id: &me, email: "me@x.example", role: "agent" };
    let customer = customer("jane@x.example", "standard", true);
    let whom =
        Target { customer: &customer, portal_active: true, staff_role: None, circumstances: Circumstances::USUAL };
    let field = Field { rule: "bank-details", pointer: "/iban", is_break_glass: false };
    let decision = policy.unmask(&who, &whom, READ, field).unwrap();
    assert_eq!((decision.answer, decision.rules), (PolicyAnswer::Refused, vec![NO_RULE.to_owned()]));
    assert_eq!(policy.explain_unmasking(&who, &whom, READ, field).unwrap().considered, []);
    assert_eq!(policy.start(&who, &whom, READ).unwrap().answer, PolicyAnswer::Allowed);
    assert!(policy.on_session(&who, SessionAction::Extend, &SessionId::new("s"), &me).unwrap());
}

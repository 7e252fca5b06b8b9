//! What the default policy says to whom about whom, whole: every role, every kind of customer, every mode, time, budget and past.
//! The tables below were written by people and say nothing of how the rules are put; the rules that decide have to be exactly those.

use amberglass_wire::{CustomerId, PortalId, UnixMillis};

use super::*;
use crate::config::WorkingHours;

const ROLES: [&str; 5] = ["agent", "lead", "security", "admin", "a role of a newer version"];
const ME: &str = "me@amberglass.example";

/// Class, role of the staff member who is this customer in private life, whether the customer is active.
const WHOM: [(&str, Option<&str>, bool); 11] = [
    ("standard", None, true),
    ("gold", None, true),
    ("sensitive", None, true),
    ("standard", None, false),
    ("standard", Some("me"), true),
    ("standard", Some("agent"), true),
    ("sensitive", Some("agent"), true),
    ("standard", Some("lead"), true),
    ("standard", Some("security"), true),
    ("standard", Some("admin"), true),
    ("standard", Some("a role of a newer version"), true),
];

/// By day, read-only, with budget left, in a portal that is open. In the order of [`WHOM`].
const STARTS: [(&str, [&str; 11]); 5] = [
    //                     standard gold sens. off  me   agent  sens. lead security admin newer
    ("agent", ["ok", "ok", "S", "off", "me =", "=", "=", "=", "=", "=", "="]),
    ("lead", ["ok", "ok", "S", "off", "me =", "P", "P S", "=", "=", "=", "="]),
    ("security", ["ok", "ok", "S", "off", "me =", "P", "P S", "P", "=", "=", "="]),
    ("admin", ["adm", "adm", "adm", "adm off", "adm me =", "adm", "adm", "adm", "adm =", "adm =", "adm ="]),
    ("a role of a newer version", ["no", "no", "no", "off", "me =", "no", "no", "no", "no", "no", "="]),
];

/// The same with a stated emergency, and nothing that went before.
const EMERGENCIES: [(&str, [&str; 11]); 5] = [
    ("agent", ["glass", "glass", "glass", "off", "me =", "=", "=", "=", "=", "=", "="]),
    ("lead", ["glass", "glass", "glass", "off", "me =", "glass", "glass", "=", "=", "=", "="]),
    ("security", ["no", "no", "no", "off", "me =", "no", "no", "no", "=", "=", "="]),
    ("admin", ["adm", "adm", "adm", "adm off", "adm me =", "adm", "adm", "adm", "adm =", "adm =", "adm ="]),
    ("a role of a newer version", ["no", "no", "no", "off", "me =", "no", "no", "no", "no", "no", "="]),
];

/// What each word of the tables stands for.
fn meaning(word: &str) -> (PolicyAnswer, &'static str) {
    use PolicyAnswer::{Allowed, NeedsApproval, Refused};
    match word {
        "ok" => (Allowed, "agents-start-read-only"),
        "glass" => (Allowed, "agents-and-leads-break-glass"),
        "S" => (NeedsApproval, "sensitive-customers-need-approval"),
        "P" => (NeedsApproval, "staff-as-customers-need-approval"),
        "write" => (NeedsApproval, "read-write-needs-approval"),
        "late" => (NeedsApproval, "outside-working-hours-needs-approval"),
        "often" => (NeedsApproval, "twelve-sessions-an-hour-need-approval"),
        "me" => (Refused, "never-oneself"),
        "=" => (Refused, "never-peers-or-superiors"),
        "off" => (Refused, "customer-must-be-active"),
        "shut" => (Refused, "portal-must-be-active"),
        "adm" => (Refused, "admins-do-not-look"),
        "no" => (Refused, "nothing-permits-this"),
        "only reads" => (Refused, "break-glass-only-reads"),
        "denied" => (Refused, "no-break-glass-on-the-day-of-a-denial"),
        "waits" => (Refused, "no-break-glass-while-two-wait-for-review"),
        other => panic!("{other} stands for nothing"),
    }
}

/// The gravest of them, and the rules that say so; that nothing permits it is said only where nothing forbids it.
fn expected(words: &[&str]) -> (PolicyAnswer, Vec<String>) {
    let said: Vec<_> = words.iter().map(|word| meaning(word)).collect();
    let gravest = [PolicyAnswer::Refused, PolicyAnswer::NeedsApproval, PolicyAnswer::Allowed];
    let answer = gravest.into_iter().find(|answer| said.iter().any(|(one, _)| one == answer)).unwrap();
    let mut rules: Vec<_> = said.iter().filter(|(one, _)| *one == answer).map(|(_, rule)| *rule).collect();
    if rules.len() > 1 {
        rules.retain(|rule| *rule != "nothing-permits-this");
    }
    rules.sort_unstable();
    (answer, rules.into_iter().map(ToOwned::to_owned).collect())
}

/// Each on its first or last minute; 2026-07-06 is a Monday.
const TIMES: [(&str, bool); 5] = [
    ("2026-07-06T07:00:00Z", true),
    ("2026-07-10T19:59:59Z", true),
    ("2026-07-06T06:59:59Z", false),
    ("2026-07-06T20:00:00Z", false),
    ("2026-07-05T12:00:00Z", false),
];

/// One case as it is asked, and as somebody would say it.
struct Asked<'a> {
    role: &'a str,
    whom: (&'static str, Option<&'static str>, bool),
    portal_active: bool,
    mode: Mode,
    circumstances: Circumstances,
}

impl Asked<'_> {
    fn to(&self, ask: impl Fn(&Principal<'_>, &Target<'_>, Mode) -> StartDecision) -> StartDecision {
        let (class, private, active) = self.whom;
        let is_me = private == Some("me");
        let customer = CustomerResponse {
            portal: PortalId::new("barkside"),
            id: CustomerId::new("1042"),
            name: "Jane Doe".into(),
            email: if is_me { ME.to_uppercase() } else { "jane@example.com".into() },
            class: class.into(),
            plan: None,
            since: None,
            active,
        };
        let staff_role = if is_me { Some(self.role) } else { private };
        let id = StaffId::new("me");
        let who = Principal { id: &id, email: ME, role: self.role };
        let (portal_active, circumstances) = (self.portal_active, self.circumstances);
        ask(&who, &Target { customer: &customer, portal_active, staff_role, circumstances }, self.mode)
    }

    fn says(&self) -> String {
        let Self { role, whom, portal_active, mode, circumstances } = self;
        format!("{role} for {whom:?}, portal active: {portal_active}, {}, {circumstances:?}", mode.as_str())
    }
}

fn policy() -> Policy {
    Policy::load(&PolicyFiles::default()).unwrap()
}

fn within(time: &str) -> bool {
    let at = chrono::DateTime::parse_from_rfc3339(time).unwrap();
    WorkingHours::default().include(UnixMillis(at.timestamp_millis()))
}

#[track_caller]
fn compare(says: &str, words: &[&str], said: &StartDecision) {
    let (answer, rules) = expected(words);
    assert_eq!((said.answer, &said.rules), (answer, &rules), "{says}");
    assert!(!said.rules.is_empty() && said.rules.iter().all(|rule| !rule.is_empty()), "{says} names no rule");
    let approvals = u32::from(answer == PolicyAnswer::NeedsApproval);
    assert_eq!(said.approvals, approvals, "{says}");
}

#[test]
fn every_start_is_allowed_needs_one_approval_or_is_refused_as_the_table_says_by_just_these_rules() {
    let policy = policy();
    for (time, by_day) in TIMES {
        assert_eq!(within(time), by_day, "{time}");
    }
    let mut count = 0;
    for (role, cells) in STARTS {
        assert!(ROLES.contains(&role));
        for (whom, cell) in WHOM.into_iter().zip(cells) {
            for (portal_active, mode) in [(true, Mode::ReadOnly), (true, Mode::ReadWrite), (false, Mode::ReadOnly)] {
                for by_day in [true, false] {
                    for sessions_last_hour in [11, 12] {
                        let circumstances = Circumstances { within_working_hours: by_day, sessions_last_hour };
                        let mut words: Vec<&str> = cell.split(' ').collect();
                        // What each circumstance adds to the table.
                        words.extend((mode == Mode::ReadWrite).then_some("write"));
                        words.extend((!by_day).then_some("late"));
                        words.extend((sessions_last_hour >= 12).then_some("often"));
                        words.extend((!portal_active).then_some("shut"));
                        let asked = Asked { role, whom, portal_active, mode, circumstances };
                        let said = asked.to(|who, whom, mode| policy.start(who, whom, mode).unwrap());
                        compare(&asked.says(), &words, &said);
                        count += 1;
                    }
                }
            }
        }
    }
    assert_eq!(count, 5 * 11 * 3 * 2 * 2);
}

#[test]
fn every_break_glass_is_allowed_or_refused_as_the_table_says_by_just_these_rules() {
    let policy = policy();
    let (day, night) = (Circumstances::USUAL, Circumstances { within_working_hours: false, sessions_last_hour: 40 });
    for (role, cells) in EMERGENCIES {
        for (whom, cell) in WHOM.into_iter().zip(cells) {
            for (portal_active, mode) in [(true, Mode::ReadOnly), (true, Mode::ReadWrite), (false, Mode::ReadOnly)] {
                for (circumstances, denied_last_day, unreviewed) in
                    [(day, false, 0), (night, false, 0), (day, false, 1), (day, false, 2), (night, true, 0)]
                {
                    let mut words: Vec<&str> = cell.split(' ').collect();
                    words.extend((mode == Mode::ReadWrite).then_some("only reads"));
                    words.extend((!portal_active).then_some("shut"));
                    words.extend(denied_last_day.then_some("denied"));
                    words.extend((unreviewed >= 2).then_some("waits"));
                    let past = BreakGlassPast { denied_last_day, unreviewed };
                    let asked = Asked { role, whom, portal_active, mode, circumstances };
                    let said = asked.to(|who, whom, mode| policy.break_glass(who, whom, mode, past).unwrap());
                    compare(&format!("{}, {past:?}", asked.says()), &words, &said);
                }
            }
        }
    }
}

/// Who decides and who reviews what whose, others' in the rows; nobody their own.
#[test]
fn every_pair_of_roles_decides_and_reviews_as_the_table_says() {
    let policy = policy();
    let (me, other) = (StaffId::new("me"), StaffId::new("other"));
    // Of an agent, a lead, security, an admin, a newer role.
    let table = [
        ("agent", "- - - - -", "- - - - -"),
        ("lead", "yes - - - -", "yes yes - - -"),
        ("security", "yes yes yes yes -", "yes yes yes yes -"),
        ("admin", "- - - - -", "- - - - -"),
        ("a role of a newer version", "- - - - -", "- - - - -"),
    ];
    for (role, approves, reviews) in table {
        let who = Principal { id: &me, email: ME, role };
        let columns = ROLES.into_iter().zip(approves.split(' ').zip(reviews.split(' ')));
        for (of, (approves, reviews)) in columns {
            let by = |id| Principal { id, email: "other@amberglass.example", role: of };
            let asked = AskedFor { class: "standard", mode: Mode::ReadOnly };
            assert_eq!(
                policy.approve(&who, &by(&other), asked).unwrap(),
                approves == "yes",
                "{role} approves for {of}"
            );
            assert_eq!(policy.review(&who, &by(&other)).unwrap(), reviews == "yes", "{role} reviews {of}");
            assert!(!policy.approve(&who, &by(&me), asked).unwrap(), "{role} approves their own");
            assert!(!policy.review(&who, &by(&me)).unwrap(), "{role} reviews their own");
        }
    }
}

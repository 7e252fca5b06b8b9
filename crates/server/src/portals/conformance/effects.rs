//! What happens beside a page, counted by the portal itself: `/.well-known/amberglass/effects?customer={id}`.

use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;

use super::{
    ConformanceError,
    header::UNREADABLE,
    report::{Report, Rule},
    stage::{Answer, Stage, identity},
};
use crate::gateway::SUPPORT_HEADER;

const FORM: Rule = Rule {
    id: "effects.form",
    expected: "GET /.well-known/amberglass/effects?customer={id} answers with one number for each effect, or with 404",
    mend: "Answer {\"customer\": id, \"last_login\", \"presence\", \"read_marks\", \"mail\", \"analytics\", \"own_sessions\"}: whole numbers that \
           change when the effect happens; null for what this portal does not have. It may be there in tests alone.",
    by_hand: None,
};
const CLOSED: Rule = Rule {
    id: "effects.closed",
    expected: "the effects are told to a token of the directory's kind only",
    mend: "Protect the endpoint as the directory is.",
    by_hand: None,
};
const LAST_LOGIN: Rule = Rule {
    id: "effects.last-login",
    expected: "support's pages leave the customer's last sign-in as it was",
    mend: "Do not count a verified identity as a sign-in.",
    by_hand: Some("Look at the last sign-in before and after a session."),
};
const PRESENCE: Rule = Rule {
    id: "effects.presence",
    expected: "support's pages do not show the customer as online",
    mend: "Leave out of presence what comes with a verified identity.",
    by_hand: Some("Look from another account during a session."),
};
const READ_MARKS: Rule = Rule {
    id: "effects.read-marks",
    expected: "support's pages mark nothing as read",
    mend: "Serve messages without marking them while support looks.",
    by_hand: Some("Open an unread one in a session, then sign in as the customer."),
};
const MAIL: Rule = Rule {
    id: "effects.mail",
    expected: "support's pages send the customer no mail",
    mend: "Send nothing that a mere visit causes, such as word of a new sign-in.",
    by_hand: Some("Look into the customer's mailbox after a session."),
};
const ANALYTICS: Rule = Rule {
    id: "effects.analytics",
    expected: "support's pages are not counted as the customer's visits",
    mend: "Leave out of analytics what comes with a verified identity.",
    by_hand: Some("Look at the customer's figures after a session."),
};
const WITHOUT_HEADER: Rule = Rule {
    id: "effects.without-header",
    expected: "with Amberglass-Support missing or unreadable all of them stay suppressed",
    mend: "Suppress because of the verified identity; let the header only say what may happen after all.",
    by_hand: None,
};
const OWN_SESSIONS: Rule = Rule {
    id: "sessions.own",
    expected: "the customer's own sessions are still there after support's",
    mend: "Begin no session of the portal's own for support, and end none with it.",
    by_hand: Some("Sign in as the customer, run this again, and go on."),
};
pub(super) const RULES: &[&Rule] =
    &[&FORM, &CLOSED, &LAST_LOGIN, &PRESENCE, &READ_MARKS, &MAIL, &ANALYTICS, &WITHOUT_HEADER, &OWN_SESSIONS];

const PATH: &str = "/.well-known/amberglass/effects";

#[derive(Clone, Deserialize)]
pub(super) struct Effects {
    customer: String,
    last_login: Option<i64>,
    presence: Option<i64>,
    read_marks: Option<i64>,
    mail: Option<i64>,
    analytics: Option<i64>,
    own_sessions: Option<i64>,
}

/// An effect's rule, its name, and its number.
type Counter = (&'static Rule, &'static str, fn(&Effects) -> Option<i64>);

const COUNTERS: [Counter; 5] = [
    (&LAST_LOGIN, "last_login", |effects| effects.last_login),
    (&PRESENCE, "presence", |effects| effects.presence),
    (&READ_MARKS, "read_marks", |effects| effects.read_marks),
    (&MAIL, "mail", |effects| effects.mail),
    (&ANALYTICS, "analytics", |effects| effects.analytics),
];

/// How things stand before the first page is asked for: what happens once only would have happened later.
pub(super) async fn before(stage: &Stage<'_>, report: &mut Report) -> Result<Option<Effects>, ConformanceError> {
    if stage.customer_id().is_empty() {
        report.rest(RULES, "no customer is known: name one with --customer");
        return Ok(None);
    }
    match read(stage, &stage.directory_token()?).await {
        Ok(Some(before)) => {
            report.passed(&FORM, "it is there");
            Ok(Some(before))
        }
        Ok(None) => {
            report.rest(RULES, "the portal does not count effects: look yourself");
            Ok(None)
        }
        Err(came) => {
            report.failed(&FORM, came);
            report.rest(RULES, "what the portal counts can't be read: look yourself");
            Ok(None)
        }
    }
}

/// Before anything else that asks for pages otherwise than the gateway does.
pub(super) async fn check(stage: &Stage<'_>, before: Effects, report: &mut Report) -> Result<(), ConformanceError> {
    closed(stage, report).await?;

    // Two sessions, as of two days.
    for session in [stage.new_id(), stage.new_id()] {
        for page in &stage.pages {
            for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
                let token = stage.signer().sign(&stage.page_claims(&session))?;
                // What the page answers is another rule's affair.
                let _ = stage.as_gateway(method, page, &token).await;
            }
        }
    }
    let Some(after) = again(stage, report).await? else { return Ok(()) };
    for (rule, name, number) in COUNTERS {
        match (number(&before), number(&after)) {
            (None, None) => report.not_applicable(rule, format!("the portal has no {name}")),
            (was, is) => report.judge(rule, differs(name, was, is), "unchanged"),
        }
    }

    let mut unreadable = identity(&stage.page_token()?);
    unreadable.insert(SUPPORT_HEADER, UNREADABLE);
    for headers in [identity(&stage.page_token()?), unreadable] {
        for page in &stage.pages {
            let _ = stage.ask(Method::GET, page, headers.clone()).await;
        }
    }
    let Some(at_last) = again(stage, report).await? else { return Ok(()) };
    let wrong = COUNTERS.iter().find_map(|(_, name, number)| differs(name, number(&after), number(&at_last)));
    report.judge(&WITHOUT_HEADER, wrong, "unchanged");
    match (before.own_sessions, at_last.own_sessions) {
        (None | Some(0), None | Some(0)) => {
            report.not_applicable(&OWN_SESSIONS, "the customer is not signed in, or the portal does not say");
        }
        (was, is) => report.judge(&OWN_SESSIONS, differs("own_sessions", was, is), "unchanged"),
    }
    Ok(())
}

fn differs(name: &str, was: Option<i64>, is: Option<i64>) -> Option<String> {
    let shown = |number: Option<i64>| number.map_or_else(|| "null".into(), |number| number.to_string());
    (was != is).then(|| {
        format!("{name} went from {} to {}; was somebody else on this account meanwhile?", shown(was), shown(is))
    })
}

/// Nothing where it can't be read any more, which is on the report then.
async fn again(stage: &Stage<'_>, report: &mut Report) -> Result<Option<Effects>, ConformanceError> {
    let come = read(stage, &stage.directory_token()?).await;
    let why = match come {
        Ok(Some(effects)) => return Ok(Some(effects)),
        Ok(None) => "the numbers are gone after support's pages (404)".to_owned(),
        Err(came) => format!("the numbers can't be read after support's pages: {came}"),
    };
    report.rest(RULES, &why);
    Ok(None)
}

/// Nothing for 404. The error says what came.
async fn read(stage: &Stage<'_>, token: &str) -> Result<Option<Effects>, String> {
    let answer = ask(stage, identity(token)).await?;
    match answer.status {
        StatusCode::NOT_FOUND => Ok(None),
        StatusCode::OK => {
            let effects: Effects =
                serde_json::from_str(&answer.body).map_err(|error| format!("200, but not of its form: {error}"))?;
            if effects.customer == stage.customer_id() {
                Ok(Some(effects))
            } else {
                Err(format!("the numbers of another customer: {}", effects.customer))
            }
        }
        status => Err(status.to_string()),
    }
}

async fn ask(stage: &Stage<'_>, headers: HeaderMap) -> Result<Answer, String> {
    let mut url = stage.below(PATH);
    url.query_pairs_mut().append_pair("customer", stage.customer_id());
    stage.ask(Method::GET, &url, headers).await
}

async fn closed(stage: &Stage<'_>, report: &mut Report) -> Result<(), ConformanceError> {
    let tries = [("to strangers", HeaderMap::new()), ("to a token for pages", identity(&stage.page_token()?))];
    let mut wrong = None;
    for (whom, headers) in tries {
        match ask(stage, headers).await {
            Ok(answer) if answer.status.is_success() => wrong = Some(format!("it opens {whom} ({})", answer.status)),
            Ok(_) => {}
            Err(error) => wrong = Some(error),
        }
    }
    report.judge(&CLOSED, wrong, "refused");
    Ok(())
}

//! What stands in a page's answer: it must fit behind the gateway's host, and leave nothing behind.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use url::Url;

use super::{
    ConformanceError,
    report::{Report, Rule},
    stage::{Answer, Stage},
};

const SAME: Rule = Rule {
    id: "answers.same",
    expected: "the same page asked for twice gives the same status and kind of content",
    mend: "Let a GET change nothing (RFC 9110, 9.2.1): the console reloads pages, and engines fetch them ahead.",
    by_hand: None,
};
const CACHE: Rule = Rule {
    id: "answers.cache",
    expected: "a customer's page may not be kept by a shared cache: Cache-Control with no-store or private",
    mend: "Send Cache-Control: no-store with pages. A cache between gateway and portal does not see whose identity a request carries.",
    by_hand: None,
};
const SESSION_COOKIE: Rule = Rule {
    id: "answers.session-cookie",
    expected: "no HttpOnly cookie is set upon a GET with an identity: each request brings its own",
    mend: "Begin no session for support. One that lives on lets it in after the gateway has stopped renewing the identity.",
    by_hand: None,
};
const COOKIE_ALONE: Rule = Rule {
    id: "answers.cookie-alone",
    expected: "cookies that a page sets for support open nothing without an identity",
    mend: "Tie support's access to the identity of each request, never to a cookie.",
    by_hand: None,
};
const REDIRECTS: Rule = Rule {
    id: "answers.redirects",
    expected: "redirects stay on the portal's own origin",
    mend: "Send relative addresses in Location. The gateway refuses to lead a session elsewhere.",
    by_hand: None,
};
const POLICY: Rule = Rule {
    id: "answers.policy",
    expected: "the content security policy names 'self', not the portal's own address",
    mend: "Write 'self' where the policy names the portal's host: behind the gateway the page has another one.",
    by_hand: None,
};
const OWN_ORIGIN: Rule = Rule {
    id: "answers.own-origin",
    expected: "scripts, styles and pictures of the page come from relative addresses",
    mend: "Serve them from the portal itself and name them relatively: a session reaches the gateway's host and no other.",
    by_hand: None,
};
const ECHO: Rule = Rule {
    id: "answers.echo",
    expected: "the token stands nowhere in the answer",
    mend: "Never show the identity's token, not in a page, a header or an error. The page could read it.",
    by_hand: None,
};
pub(super) const RULES: &[&Rule] =
    &[&SAME, &CACHE, &SESSION_COOKIE, &COOKIE_ALONE, &REDIRECTS, &POLICY, &OWN_ORIGIN, &ECHO];

/// Directives whose lists would shut out the page's own parts (CSP 3, 6).
const OF_OWN_PARTS: [&str; 9] = [
    "default-src",
    "script-src",
    "style-src",
    "img-src",
    "font-src",
    "connect-src",
    "frame-src",
    "base-uri",
    "form-action",
];

/// One page, asked for twice.
struct Seen<'a> {
    page: &'a Url,
    token: String,
    first: Answer,
    second: Answer,
}

pub(super) async fn check(stage: &Stage<'_>, report: &mut Report) -> Result<(), ConformanceError> {
    let mut seen = Vec::new();
    for page in &stage.pages {
        let token = stage.page_token()?;
        let first = stage.as_gateway(Method::GET, page, &token).await;
        let second = stage.as_gateway(Method::GET, page, &stage.page_token()?).await;
        match (first, second) {
            (Ok(first), Ok(second)) => seen.push(Seen { page, token, first, second }),
            (Err(error), _) | (_, Err(error)) => {
                report.failed(&SAME, format!("{}: {error}", page.path()));
                report.rest(RULES, "a page gave no answer");
                return Ok(());
            }
        }
    }
    let each = |wrong: &dyn Fn(&Seen<'_>) -> Option<String>| {
        seen.iter().find_map(|seen| Some(format!("{}: {}", seen.page.path(), wrong(seen)?)))
    };
    report.judge(&SAME, each(&changed), "the same");
    report.judge(&CACHE, each(&shared), "not kept");
    report.judge(&SESSION_COOKIE, each(&session_cookie), "none is set");
    report.judge(&REDIRECTS, each(&|seen| leads_away(seen, stage.origin())), "none leads elsewhere");
    report.judge(&POLICY, each(&|seen| own_address(&seen.first, stage.origin())), "it fits");
    report.judge(&OWN_ORIGIN, each(&|seen| from_elsewhere(&seen.first)), "they do");
    report.judge(&ECHO, each(&echoed), "nowhere");
    cookie_alone(stage, report, &seen).await;
    Ok(())
}

fn changed(seen: &Seen<'_>) -> Option<String> {
    let (first, second) = (&seen.first, &seen.second);
    let kind = |answer: &Answer| answer.header(&header::CONTENT_TYPE).unwrap_or("no content type").to_owned();
    if first.status != second.status {
        Some(format!("{} and then {}", first.status, second.status))
    } else if kind(first) != kind(second) {
        Some(format!("{} and then {}", kind(first), kind(second)))
    } else {
        None
    }
}

fn shared(seen: &Seen<'_>) -> Option<String> {
    let control = all(&seen.first.headers, &header::CACHE_CONTROL);
    let words: Vec<String> = control.split(',').map(|word| word.trim().to_ascii_lowercase()).collect();
    let kept = |word: &str| words.iter().any(|given| given == word || given.starts_with(&format!("{word}=")));
    let is_kept_back = kept("no-store") || kept("private");
    (!is_kept_back && seen.first.status.is_success())
        .then(|| if control.is_empty() { "no Cache-Control".into() } else { format!("Cache-Control: {control}") })
}

fn cookies(answer: &Answer) -> Vec<&str> {
    answer.headers.get_all(header::SET_COOKIE).iter().filter_map(|line| line.to_str().ok()).collect()
}

/// The name alone: the value is nobody's business.
fn session_cookie(seen: &Seen<'_>) -> Option<String> {
    let is_hidden = |line: &&str| line.split(';').skip(1).any(|word| word.trim().eq_ignore_ascii_case("httponly"));
    let line = cookies(&seen.first).into_iter().find(is_hidden)?;
    Some(format!("it sets {}", line.split('=').next().unwrap_or_default()))
}

async fn cookie_alone(stage: &Stage<'_>, report: &mut Report, seen: &[Seen<'_>]) {
    let pairs: Vec<&str> = seen
        .iter()
        .flat_map(|seen| cookies(&seen.first))
        .filter_map(|line| line.split(';').next())
        .map(str::trim)
        .collect();
    let Ok(value) = HeaderValue::try_from(pairs.join("; ")) else {
        return report.not_applicable(&COOKIE_ALONE, "its cookies can't stand in a request");
    };
    if pairs.is_empty() {
        return report.not_applicable(&COOKIE_ALONE, "no page sets one");
    }
    let headers = HeaderMap::from_iter([(header::COOKIE, value)]);
    let wrong = match stage.knock(super::stage::Door::Page, headers).await {
        Ok(answer) if stage.is_open(super::stage::Door::Page, &answer) => {
            Some(format!("the page opens by its cookies alone ({})", answer.status))
        }
        Ok(_) => None,
        Err(error) => Some(error),
    };
    report.judge(&COOKIE_ALONE, wrong, "refused");
}

fn leads_away(seen: &Seen<'_>, origin: &Url) -> Option<String> {
    if !seen.first.status.is_redirection() {
        return None;
    }
    let location = seen.first.header(&header::LOCATION)?;
    let stays = seen.page.join(location).is_ok_and(|to| to.origin() == origin.origin());
    (!stays).then(|| format!("it leads to {location}"))
}

fn own_address(answer: &Answer, origin: &Url) -> Option<String> {
    let policy = all(&answer.headers, &header::CONTENT_SECURITY_POLICY).to_ascii_lowercase();
    let host = origin.host_str()?;
    policy.split([';', ',']).find_map(|directive| {
        let mut words = directive.split_ascii_whitespace();
        let name = words.next()?;
        let sources: Vec<&str> = words.collect();
        let names_host = sources.iter().any(|source| is_of_host(source, host));
        let shuts_out = OF_OWN_PARTS.contains(&name) && names_host && !sources.contains(&"'self'");
        shuts_out.then(|| format!("{name} {}", sources.join(" ")))
    })
}

/// A source expression of a host (CSP 3, 2.3.1): scheme, port and path may stand around it.
fn is_of_host(source: &str, host: &str) -> bool {
    let rest = source.split_once("://").map_or(source, |(_, rest)| rest);
    rest.split(['/', ':']).next() == Some(host)
}

/// A look at what the page names, not a reading of its HTML.
fn from_elsewhere(answer: &Answer) -> Option<String> {
    if !answer.header(&header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html")) {
        return None;
    }
    answer.body.split('<').find_map(|tag| {
        let tag = tag.split('>').next().unwrap_or_default();
        let name = tag.split_ascii_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        let address = match name.as_str() {
            "script" | "img" | "iframe" | "audio" | "video" | "source" => attribute(tag, "src")?,
            "link" if attribute(tag, "rel").is_some_and(|rel| rel.contains("stylesheet") || rel.contains("icon")) => {
                attribute(tag, "href")?
            }
            _ => return None,
        };
        let is_absolute = ["http://", "https://", "//"].iter().any(|start| address.starts_with(start));
        is_absolute.then(|| format!("<{name}> from {address}"))
    })
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let rest = tag.split_once(&format!(" {name}="))?.1;
    let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\''));
    match quote {
        Some(quote) => rest.get(1..)?.split(quote).next(),
        None => rest.split_ascii_whitespace().next(),
    }
}

fn echoed(seen: &Seen<'_>) -> Option<String> {
    let in_header =
        seen.first.headers.iter().find(|(_, value)| value.to_str().is_ok_and(|value| value.contains(&seen.token)));
    match in_header {
        Some((name, _)) => Some(format!("it stands in {name}")),
        None => seen.first.body.contains(&seen.token).then(|| "it stands in the page".into()),
    }
}

/// Several lines of one field are one list (RFC 9110, 5.3).
fn all(headers: &HeaderMap, name: &HeaderName) -> String {
    let lines: Vec<&str> = headers.get_all(name).iter().filter_map(|line| line.to_str().ok()).collect();
    lines.join(", ")
}

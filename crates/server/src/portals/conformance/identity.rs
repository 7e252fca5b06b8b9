//! Whom the portal believes: a whole and fresh identity signed by its issuer, and nobody else.

use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};

use super::{
    ConformanceError, forgeries,
    report::{Report, Rule},
    stage::{Answer, Door, Stage, identity, with},
};
use crate::drivers::{DriverError, IDENTITY_HEADER, IdentitySigner};

const VALID: Rule = Rule {
    id: "identity.valid",
    expected: "a valid identity opens the customer's page, with 200",
    mend: "Verify the token of Amberglass-Identity with the issuer's keys, and serve the page of the customer in `sub`. If the page only \
           leads on to another one, name that one with --page; the customer with --customer.",
    by_hand: None,
};
const NONE: Rule = Rule {
    id: "identity.none",
    expected: "without an identity neither the page nor the directory opens",
    mend: "Refuse with 401, or show the page that a stranger sees. If the page is the same for everybody, name another one with --page.",
    by_hand: None,
};
const AGAIN: Rule = Rule {
    id: "identity.again",
    expected: "one token opens more than once within its minute",
    mend: "Do not keep used `jti`: one page needs many requests, and some clients ask the same one again.",
    by_hand: None,
};
const TWICE: Rule = Rule {
    id: "identity.twice",
    expected: "two identities in one request open nothing, also where the first one is good",
    mend: "Refuse a request with more than one Amberglass-Identity: somebody has added one.",
    by_hand: None,
};
const EXPIRED: Rule = Rule {
    id: "identity.expired",
    expected: "a token whose `exp` has passed by 30 seconds opens nothing",
    mend: "Check `exp`, with a leeway of ten seconds at the most; many libraries have sixty when nothing is set.",
    by_hand: None,
};
const FUTURE: Rule = Rule {
    id: "identity.future",
    expected: "a token whose `iat` is five minutes ahead opens nothing",
    mend: "Refuse an `iat` that is more than ten seconds ahead. Few libraries do that by themselves.",
    by_hand: None,
};
const NOT_BEFORE: Rule = Rule {
    id: "identity.not-before",
    expected: "a token whose `nbf` is five minutes ahead opens nothing",
    mend: "Check `nbf` where there is one (RFC 7519, 4.1.5).",
    by_hand: None,
};
const LIFETIME: Rule = Rule {
    id: "identity.lifetime",
    expected: "a token that is to live for an hour opens nothing, however fresh and well signed",
    mend: "Refuse where `exp` - `iat` is more than 60 seconds.",
    by_hand: None,
};
const AUDIENCE: Rule = Rule {
    id: "identity.audience",
    expected: "a token for another portal opens nothing",
    mend: "Compare `aud` with the audience that this portal has in the server's configuration.",
    by_hand: None,
};
const ISSUER: Rule = Rule {
    id: "identity.issuer",
    expected: "a token of another issuer opens nothing",
    mend: "Compare `iss` with the server's address, whole and by letter.",
    by_hand: None,
};
const SIGNATURE: Rule = Rule {
    id: "identity.signature",
    expected: "a token that was changed after it was signed, or that another key has signed under the issuer's key id, opens nothing",
    mend: "Verify the signature, over the very bytes that the claims are read from. Decoding a token does not.",
    by_hand: None,
};
const ALG_NONE: Rule = Rule {
    id: "identity.alg-none",
    expected: "an unsigned token opens nothing",
    mend: "Accept the algorithm EdDSA alone, whatever the token's header says.",
    by_hand: None,
};
const ALG_CONFUSED: Rule = Rule {
    id: "identity.alg-confused",
    expected: "a token that is authenticated by HS256 with the public key as secret opens nothing",
    mend: "Accept the algorithm EdDSA alone, whatever the token's header says.",
    by_hand: None,
};
const INCOMPLETE: Rule = Rule {
    id: "identity.incomplete",
    expected: "a token without `exp`, `iat` or `aud` opens nothing, nor a page without `sid` or `mode`",
    mend: "Demand every claim that the contract names; most libraries check only those that are there.",
    by_hand: None,
};
const ACTOR: Rule = Rule {
    id: "identity.actor",
    expected: "a token without `act` opens no page",
    mend: "Demand `act.sub`: who acts for the customer. Without it a token says that the customer is here.",
    by_hand: None,
};
const STRANGER: Rule = Rule {
    id: "identity.unknown-customer",
    expected: "a token for a customer who does not exist opens no page, and makes no account",
    mend: "Refuse with 403 when `sub` is nobody's id. Never make an account from a token.",
    by_hand: None,
};
const KIND: Rule = Rule {
    id: "identity.kind",
    expected: "a token for the directory opens no page",
    mend: "Refuse pages to tokens with a `scope`.",
    by_hand: None,
};
pub(super) const RULES: &[&Rule] = &[
    &VALID,
    &NONE,
    &AGAIN,
    &TWICE,
    &EXPIRED,
    &FUTURE,
    &NOT_BEFORE,
    &LIFETIME,
    &AUDIENCE,
    &ISSUER,
    &SIGNATURE,
    &ALG_NONE,
    &ALG_CONFUSED,
    &INCOMPLETE,
    &ACTOR,
    &STRANGER,
    &KIND,
];

/// Whether the page opens to a valid identity and to nobody else's eyes; nothing else can be told of it otherwise.
pub(super) async fn opens(stage: &mut Stage<'_>, report: &mut Report) -> Result<bool, ConformanceError> {
    if stage.customer_id().is_empty() {
        report.not_applicable(&VALID, "no customer is known: name one with --customer");
        return Ok(false);
    }
    let valid = match valid(stage).await? {
        Ok(answer) => answer,
        Err(came) => {
            report.failed(&VALID, came);
            return Ok(false);
        }
    };
    let stranger = match stage.knock(Door::Page, HeaderMap::new()).await {
        Ok(answer) => answer,
        Err(error) => {
            report.failed(&NONE, error);
            return Ok(false);
        }
    };
    stage.is_public = stranger.status.is_success();
    if stage.is_public {
        let (shown, told): (Vec<String>, Vec<String>) = marks(stage)
            .into_iter()
            .filter(|mark| valid.body.contains(mark.as_str()))
            .partition(|mark| !stranger.body.contains(mark.as_str()));
        if shown.is_empty() {
            if told.is_empty() {
                report.failed(
                    &VALID,
                    "the page shows neither name, e-mail address nor id of the customer, and strangers see it too",
                );
            } else {
                report.failed(&NONE, format!("a stranger sees the customer's page ({})", stranger.status));
            }
            return Ok(false);
        }
        stage.marks = shown;
    }
    report.passed(&VALID, format!("it opens ({})", valid.status));
    Ok(true)
}

/// Waits while the portal still holds the keys of an earlier run. The inner error is what came instead.
async fn valid(stage: &Stage<'_>) -> Result<Result<Answer, String>, ConformanceError> {
    let ask = async || match stage.page_token() {
        Ok(token) => Ok(stage.as_gateway(Method::GET, stage.page(), &token).await),
        Err(error) => Err(ConformanceError::from(error)),
    };
    let come = stage.patiently(async || match ask().await {
        Ok(Ok(answer)) if !answer.status.is_success() => None,
        come => Some(come),
    });
    let answer = match come.await {
        Some(come) => come?,
        None => ask().await?,
    };
    Ok(answer.and_then(|answer| {
        let leads = answer.header(&http::header::LOCATION).map(|to| format!(", to {to}")).unwrap_or_default();
        if answer.status.is_success() { Ok(answer) } else { Err(format!("{}{leads}", answer.status)) }
    }))
}

/// What a page of this customer's may show, as it stands in HTML.
fn marks(stage: &Stage<'_>) -> Vec<String> {
    let mut marks = vec![stage.customer_id().to_owned()];
    if let Some(customer) = &stage.customer {
        let escaped = customer.name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        marks.extend([customer.name.clone(), escaped, customer.email.clone()]);
    }
    marks.retain(|mark| !mark.is_empty());
    marks
}

pub(super) async fn check(stage: &Stage<'_>, report: &mut Report) -> Result<(), ConformanceError> {
    again(stage, report).await?;
    // Made anew for each rule: a portal that takes its time must not refuse them for their age.
    for n in 0..forged(stage)?.len() {
        if let Some(forgery) = forged(stage)?.into_iter().nth(n) {
            try_out(stage, report, forgery).await?;
        }
    }
    Ok(())
}

async fn try_out(stage: &Stage<'_>, report: &mut Report, forgery: Forgery) -> Result<(), ConformanceError> {
    let mut wrong = None;
    for (door, headers) in forgery.tries {
        if door == Door::Directory && !stage.directory_works {
            continue;
        }
        match stage.knock(door, headers).await {
            Ok(answer) if stage.is_open(door, &answer) => {
                let which = match door {
                    Door::Page => "the page",
                    Door::Directory => "the directory",
                };
                wrong = Some(format!("{which} opens ({})", answer.status));
            }
            Ok(_) => {}
            Err(error) => wrong = Some(error),
        }
    }
    if wrong.is_none() {
        // One that has had enough of us refuses everything.
        let refused = match stage.knock(Door::Page, identity(&stage.page_token()?)).await {
            Ok(answer) if stage.is_open(Door::Page, &answer) => None,
            Ok(answer) => Some(answer.status.to_string()),
            Err(error) => Some(error),
        };
        if let Some(came) = refused {
            let why = format!("a good identity is refused by now as well ({came}), so this tells nothing");
            report.not_applicable(forgery.rule, why);
            return Ok(());
        }
    }
    report.judge(forgery.rule, wrong, "refused");
    Ok(())
}

async fn again(stage: &Stage<'_>, report: &mut Report) -> Result<(), ConformanceError> {
    let token = stage.page_token()?;
    let mut wrong = None;
    for _ in 0..3 {
        match stage.knock(Door::Page, identity(&token)).await {
            Ok(answer) if stage.is_open(Door::Page, &answer) => {}
            Ok(answer) => wrong = Some(format!("it is refused after its first use ({})", answer.status)),
            Err(error) => wrong = Some(error),
        }
    }
    report.judge(&AGAIN, wrong, "it opens three times");
    Ok(())
}

/// What must open neither of the doors it is tried at.
struct Forgery {
    rule: &'static Rule,
    tries: Vec<(Door, HeaderMap)>,
}

fn forged(stage: &Stage<'_>) -> Result<Vec<Forgery>, DriverError> {
    let now = stage.now();
    let (page, directory) = (stage.page_claims(&stage.new_id()), stage.directory_claims());
    let at_page = |token: &str| (Door::Page, identity(token));
    let sign = |claims: &Value| stage.signer().sign(claims);
    // Both kinds of token with the same fault.
    let both = |rule: &'static Rule, changes: Value| -> Result<Forgery, DriverError> {
        let tries = vec![
            at_page(&sign(&with(page.clone(), changes.clone()))?),
            (Door::Directory, identity(&sign(&with(directory.clone(), changes))?)),
        ];
        Ok(Forgery { rule, tries })
    };
    let ahead = now.saturating_add(300);
    let stranger = IdentitySigner::throwaway(&*stage.asked.entropy);
    let kid = stage.signer().kid();
    let mut unsigned: Vec<_> = forgeries::unsigned(kid, &page).iter().map(|token| at_page(token)).collect();
    let mut confused: Vec<_> =
        forgeries::by_the_public_key(stage.signer(), &page)?.iter().map(|token| at_page(token)).collect();
    unsigned.extend(forgeries::unsigned(kid, &directory).iter().map(|token| (Door::Directory, identity(token))));
    confused.extend(
        forgeries::by_the_public_key(stage.signer(), &directory)?
            .iter()
            .map(|token| (Door::Directory, identity(token))),
    );
    let mut incomplete = Vec::new();
    for name in ["exp", "iat", "aud"] {
        incomplete.extend(both(&INCOMPLETE, json!({ name: null }))?.tries);
    }
    for name in ["sid", "mode"] {
        incomplete.push(at_page(&sign(&with(page.clone(), json!({ name: null })))?));
    }
    let someone = format!("none-{}", stage.new_id());
    let before = sign(&with(page.clone(), json!({ "sub": someone })))?;
    let listing_before = sign(&with(directory.clone(), json!({ "scope": "none" })))?;
    Ok(vec![
        Forgery { rule: &NONE, tries: vec![(Door::Page, HeaderMap::new()), (Door::Directory, HeaderMap::new())] },
        Forgery {
            rule: &TWICE,
            tries: vec![
                (Door::Page, two(&sign(&page)?, &stranger.sign(&page)?)),
                (Door::Page, two(&stranger.sign(&page)?, &sign(&page)?)),
                (Door::Directory, two(&sign(&directory)?, &stranger.sign(&directory)?)),
            ],
        },
        both(&EXPIRED, json!({ "iat": now.saturating_sub(90), "exp": now.saturating_sub(30) }))?,
        both(&FUTURE, json!({ "iat": ahead, "exp": ahead.saturating_add(60) }))?,
        both(&NOT_BEFORE, json!({ "nbf": ahead }))?,
        both(&LIFETIME, json!({ "exp": now.saturating_add(3600) }))?,
        both(&AUDIENCE, json!({ "aud": format!("not-{}", stage.asked.audience) }))?,
        both(&ISSUER, json!({ "iss": "https://amberglass.invalid" }))?,
        Forgery {
            rule: &SIGNATURE,
            tries: vec![
                at_page(&stranger.sign_as(kid, &page)?),
                (Door::Directory, identity(&stranger.sign_as(kid, &directory)?)),
                at_page(&forgeries::altered(&before, &page)),
                (Door::Directory, identity(&forgeries::altered(&listing_before, &directory))),
            ],
        },
        Forgery { rule: &ALG_NONE, tries: unsigned },
        Forgery { rule: &ALG_CONFUSED, tries: confused },
        Forgery { rule: &INCOMPLETE, tries: incomplete },
        Forgery {
            rule: &ACTOR,
            tries: vec![
                at_page(&sign(&with(page.clone(), json!({ "act": null })))?),
                at_page(&sign(&with(page.clone(), json!({ "act": {} })))?),
                at_page(&sign(&with(page.clone(), json!({ "act": { "sub": "" } })))?),
            ],
        },
        Forgery { rule: &STRANGER, tries: vec![at_page(&before)] },
        // Also one that names a customer.
        Forgery {
            rule: &KIND,
            tries: vec![
                at_page(&sign(&directory)?),
                at_page(&sign(&with(page.clone(), json!({ "scope": "customers.read" })))?),
            ],
        },
    ])
}

fn two(first: &str, second: &str) -> HeaderMap {
    let mut headers = identity(first);
    if let Ok(value) = HeaderValue::try_from(second) {
        headers.append(IDENTITY_HEADER, value);
    }
    headers
}

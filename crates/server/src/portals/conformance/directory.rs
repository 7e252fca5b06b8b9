//! The customer directory: `/.well-known/amberglass/customers[/{id}]`.

use amberglass_wire::{
    CustomerId,
    customer::{CustomerListResponse, CustomerResponse},
};
use serde_json::json;

use super::{
    ConformanceError,
    report::{Report, Rule},
    stage::{Door, Stage, identity, with},
};
use crate::{drivers::DriverError, portals::check::why_not};

const LIST: Rule = Rule {
    id: "directory.list",
    expected: "GET /.well-known/amberglass/customers?query=&limit=50 lists customers to a token with the scope customers.read",
    mend: "Answer 200 with {\"customers\": [{id, name, email, class, plan, since_ms, active}], \"truncated\": bool}; docs/portal.md has \
           each field.",
    by_hand: None,
};
const ONE: Rule = Rule {
    id: "directory.one",
    expected: "GET /.well-known/amberglass/customers/{id} tells of one customer what the list tells",
    mend: "Answer with the same object as in the list, for the id in the path and no other.",
    by_hand: None,
};
const UNKNOWN: Rule = Rule {
    id: "directory.unknown",
    expected: "an id that no customer has is answered with 404",
    mend: "Answer 404. Anything else stops a search or a running session with an error.",
    by_hand: None,
};
const SEARCH: Rule = Rule {
    id: "directory.search",
    expected: "a customer is found by the whole name and by the e-mail address",
    mend: "Search `query` in name and e-mail address, without regard to case; best matches first.",
    by_hand: None,
};
const KIND: Rule = Rule {
    id: "directory.kind",
    expected: "a token that opens pages, or that has another scope, does not open the directory",
    mend: "Open it to tokens only whose sub is amberglass and whose scope is customers.read, without act, sid and mode.",
    by_hand: None,
};
pub(super) const RULES: &[&Rule] = &[&LIST, &ONE, &UNKNOWN, &SEARCH, &KIND];

const LIMIT: u32 = 50;

pub(super) async fn check(stage: &mut Stage<'_>, report: &mut Report) -> Result<(), ConformanceError> {
    let listed = list(stage).await;
    let found = match listed {
        Ok(found) => found,
        Err(error) => {
            report.failed(&LIST, why_not(&error, &stage.asked.audience, &stage.asked.issuer.jwks_url()));
            report.rest(RULES, "the directory does not list customers");
            return Ok(());
        }
    };
    stage.directory_works = true;
    report.passed(&LIST, format!("{} customers, truncated: {}", found.customers.len(), found.truncated));
    stage.customer = one(stage, report, &found).await?;
    let nobody = CustomerId::new(format!("none-{}", stage.new_id()));
    match stage.directory.one(&nobody, &stage.directory_token()?).await {
        Ok(None) => report.passed(&UNKNOWN, "404"),
        Ok(Some(_)) => report.failed(&UNKNOWN, "it tells of a customer who does not exist"),
        Err(error) => report.failed(&UNKNOWN, error.to_string()),
    }
    match &stage.customer {
        Some(customer) => search(stage, report, customer).await?,
        None => report.not_applicable(&SEARCH, "no customer is known to search for"),
    }
    kind(stage, report).await
}

/// Waits while the portal still holds the keys of an earlier run.
async fn list(stage: &Stage<'_>) -> Result<CustomerListResponse, DriverError> {
    let ask = async || stage.directory.find("", LIMIT, &stage.directory_token()?).await;
    let come = stage.patiently(async || match ask().await {
        Err(DriverError::Unreachable(_) | DriverError::Refused { status: 401 | 403 | 500.. }) => None,
        come => Some(come),
    });
    match come.await {
        Some(come) => come,
        None => ask().await,
    }
}

/// The customer whose pages are asked for.
async fn one(
    stage: &Stage<'_>,
    report: &mut Report,
    found: &CustomerListResponse,
) -> Result<Option<CustomerResponse>, ConformanceError> {
    let first = found.customers.iter().find(|customer| customer.active).map(|customer| &customer.id);
    let Some(id) = stage.asked.customer.as_ref().or(first) else {
        report.not_applicable(&ONE, "the directory lists no active customer: name one with --customer");
        return Ok(None);
    };
    let told = match stage.directory.one(id, &stage.directory_token()?).await {
        Ok(Some(told)) => told,
        Ok(None) => {
            report.failed(&ONE, format!("404 for customer {id}"));
            return Ok(None);
        }
        Err(error) => {
            report.failed(&ONE, format!("for customer {id}: {error}"));
            return Ok(None);
        }
    };
    let differs = found.customers.iter().find(|listed| listed.id == *id).is_some_and(|listed| *listed != told);
    let wrong = if differs {
        Some(format!("the list tells something else of customer {id}"))
    } else if !told.active {
        Some(format!("customer {id} is not active, and nobody opens their pages: name another one"))
    } else {
        None
    };
    report.judge(&ONE, wrong, format!("customer {id}"));
    Ok(Some(told))
}

async fn search(stage: &Stage<'_>, report: &mut Report, customer: &CustomerResponse) -> Result<(), ConformanceError> {
    let mut wrong = None;
    for query in [customer.name.as_str(), &customer.email.to_uppercase()] {
        match stage.directory.find(query, LIMIT, &stage.directory_token()?).await {
            // Cut off, they may stand behind fifty of the same name.
            Ok(found) if found.truncated || found.customers.iter().any(|found| found.id == customer.id) => {}
            Ok(found) => {
                wrong = Some(format!("{} others, but not the customer who was searched for", found.customers.len()))
            }
            Err(error) => wrong = Some(error.to_string()),
        }
    }
    report.judge(&SEARCH, wrong, "found");
    Ok(())
}

async fn kind(stage: &Stage<'_>, report: &mut Report) -> Result<(), ConformanceError> {
    let scope = |scope: &str| stage.signer().sign(&with(stage.directory_claims(), json!({ "scope": scope })));
    let tokens = [stage.page_token()?, scope("customers.write")?, scope("")?];
    let mut wrong = None;
    for token in tokens {
        match stage.knock(Door::Directory, identity(&token)).await {
            Ok(answer) if stage.is_open(Door::Directory, &answer) => {
                wrong = Some(format!("it opens to one ({})", answer.status));
            }
            Ok(_) => {}
            Err(error) => wrong = Some(error),
        }
    }
    report.judge(&KIND, wrong, "refused");
    Ok(())
}

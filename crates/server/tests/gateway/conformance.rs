//! The conformance kit: passes what keeps the contract, and finds the one thing that does not.

use std::{collections::BTreeSet, process::Stdio, sync::Arc, time::Duration};

use amberglass_demo_portal::{Portal, PortalConfig, data::customers};
use amberglass_domain::ports::Clock as _;
use amberglass_server::portals::conformance::{self, Conformance, ConformanceError, Issuer, Outcome, Report};
use amberglass_system::{OsEntropy, SystemClock};
use amberglass_wire::CustomerId;
use axum::{body::Body, http::Request};
use futures_util::{StreamExt as _, stream};
use http::{StatusCode, header};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
};
use tower::ServiceExt as _;

use crate::wrong_portal::{AUDIENCE, CUSTOMER, Fault, WrongPortal};

/// Each fault, and the rule that finds it.
const TABLE: [(Fault, &str); 43] = [
    (Fault::RefusesGoodTokens, "identity.valid"),
    (Fault::ShowsStrangers, "identity.none"),
    (Fault::UsesTokensOnce, "identity.again"),
    (Fault::TakesTheFirstOfTwo, "identity.twice"),
    (Fault::IgnoresExpiry, "identity.expired"),
    (Fault::IgnoresTimeOfIssue, "identity.future"),
    (Fault::IgnoresNotBefore, "identity.not-before"),
    (Fault::IgnoresLifetime, "identity.lifetime"),
    (Fault::IgnoresAudience, "identity.audience"),
    (Fault::IgnoresIssuer, "identity.issuer"),
    (Fault::IgnoresSignature, "identity.signature"),
    (Fault::BelievesUnsigned, "identity.alg-none"),
    (Fault::BelievesTheHeadersAlgorithm, "identity.alg-confused"),
    (Fault::DemandsNoClaims, "identity.incomplete"),
    (Fault::NeedsNoActor, "identity.actor"),
    (Fault::MakesAccounts, "identity.unknown-customer"),
    (Fault::OpensPagesToTheDirectorysToken, "identity.kind"),
    (Fault::ListsNothing, "directory.list"),
    (Fault::TellsAnotherPlan, "directory.one"),
    (Fault::KnowsEverybody, "directory.unknown"),
    (Fault::SearchesNames, "directory.search"),
    (Fault::ListsToAnyToken, "directory.kind"),
    (Fault::BelievesTheHeader, "header.alone"),
    (Fault::NeedsTheHeader, "header.optional"),
    (Fault::EffectsAreWords, "effects.form"),
    (Fault::EffectsAreOpen, "effects.closed"),
    (Fault::CountsSignIns, "effects.last-login"),
    (Fault::CountsPresence, "effects.presence"),
    (Fault::MarksAsRead, "effects.read-marks"),
    (Fault::SendsMail, "effects.mail"),
    (Fault::CountsVisits, "effects.analytics"),
    (Fault::CountsWithoutTheHeader, "effects.without-header"),
    (Fault::EndsOwnSessions, "sessions.own"),
    (Fault::ChangesWhenAsked, "answers.same"),
    (Fault::IsKeptByCaches, "answers.cache"),
    (Fault::SetsASession, "answers.session-cookie"),
    (Fault::OpensByCookie, "answers.cookie-alone"),
    (Fault::LeadsElsewhere, "answers.redirects"),
    (Fault::NamesItsOwnAddress, "answers.policy"),
    (Fault::LoadsFromElsewhere, "answers.own-origin"),
    (Fault::ShowsTheToken, "answers.echo"),
    (Fault::FetchesForEveryKey, "keys.unknown"),
    (Fault::KeepsItsKeys, "keys.new"),
];

fn asking(url: url::Url, issuer: Issuer, pages: &[&str], patience_millis: i64) -> Conformance {
    Conformance {
        url,
        audience: AUDIENCE.into(),
        customer: Some(CustomerId::new(CUSTOMER)),
        pages: pages.iter().map(|page| (*page).to_owned()).collect(),
        issuer,
        patience_millis,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
    }
}

async fn report_of(fault: Fault) -> Report {
    let issuer = Issuer::own(0, &OsEntropy).await.unwrap();
    let mut portal = WrongPortal::new(fault).await;
    portal.serve(issuer.name(), issuer.jwks_url());
    conformance::run(&asking(portal.url.clone(), issuer, &["/", "/letters"], 6_000)).await.unwrap()
}

fn failed(report: &Report) -> Vec<&'static str> {
    report.checks.iter().filter(|check| check.outcome == Outcome::Failed).map(|check| check.id).collect()
}

fn reported(report: &Report) -> BTreeSet<&'static str> {
    let ids: BTreeSet<_> = report.checks.iter().map(|check| check.id).collect();
    assert_eq!(ids.len(), report.checks.len(), "each rule once: {report:?}");
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_portal_that_breaks_one_rule_exactly_this_one_is_found() {
    let ids: BTreeSet<_> = conformance::ids().into_iter().collect();
    let by_table: BTreeSet<_> = TABLE.iter().map(|(_, id)| *id).chain(["portal.answers"]).collect();
    assert_eq!(by_table, ids, "each rule has a portal that breaks it");
    let reports = stream::iter(TABLE).map(async |(fault, id)| (fault, id, report_of(fault).await)).buffered(16);
    let reports: Vec<_> = reports.collect().await;
    for (fault, id, report) in reports {
        assert_eq!(failed(&report), [id], "{fault:?}: {report:#?}");
        assert_eq!(reported(&report), ids, "{fault:?}");
    }
}

#[tokio::test]
async fn a_portal_that_keeps_the_contract_passes_every_rule() {
    let report = report_of(Fault::Nothing).await;
    assert_eq!(failed(&report), [""; 0], "{report:#?}");
    let open: Vec<_> = report.checks.iter().filter(|check| check.outcome == Outcome::NotApplicable).collect();
    assert!(matches!(open[..], [check] if check.id == "answers.cookie-alone"), "it sets none: {open:#?}");
}

#[tokio::test]
async fn a_portal_that_has_had_enough_of_the_kit_does_not_pass_for_one_that_refuses_forgeries() {
    let report = report_of(Fault::RefusesAfterALot).await;
    let (outcome, came) = report
        .checks
        .iter()
        .find(|check| check.id == "identity.actor")
        .map(|check| (check.outcome, check.came.as_str()))
        .unwrap();
    assert_eq!(outcome, Outcome::NotApplicable, "{came}");
    assert!(came.contains("429") && came.contains("tells nothing"), "{came}");
    assert!(report.checks.iter().any(|check| check.id == "identity.none" && check.outcome == Outcome::Passed));
}

#[tokio::test]
async fn a_portal_that_is_not_there_is_told_as_that_and_nothing_else_is_judged() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: url::Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let issuer = Issuer::own(0, &OsEntropy).await.unwrap();
    let report = conformance::run(&asking(url.clone(), issuer, &["/"], 0)).await.unwrap();
    assert_eq!(failed(&report), ["portal.answers"]);
    assert_eq!(report.count(Outcome::Passed), 0);
    assert_eq!(reported(&report).len(), conformance::ids().len());
    let issuer = Issuer::own(0, &OsEntropy).await.unwrap();
    let elsewhere = conformance::run(&asking(url, issuer, &["https://elsewhere.invalid/"], 0)).await;
    assert!(matches!(elsewhere, Err(ConformanceError::Page(_))), "no token goes to another origin");
}

/// The real program against the real sample portal, which is started once the program has said where its keys are.
#[tokio::test]
async fn the_sample_portal_passes_everything_and_the_programs_report_says_so() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let jane = customers(SystemClock.now().0).remove("1042").unwrap();
    let unread = jane.messages.iter().find(|message| !message.read).unwrap().id;
    let mut kit = program(&[&url, "--audience", "barkside", "--customer", "1042", "--issuer-port", "0", "--json"])
        .args([
            "--page",
            "/account",
            "--page",
            "/",
            "--page",
            "/messages",
            "--page",
            &format!("/messages/{unread}/open"),
        ])
        .spawn()
        .unwrap();
    let mut remarks = BufReader::new(kit.stderr.take().unwrap()).lines();
    let remark = tokio::time::timeout(Duration::from_secs(30), remarks.next_line()).await.unwrap().unwrap().unwrap();
    let issuer = remark.split_once("issuer ").unwrap().1.split(' ').next().unwrap().to_owned();
    let portal = Portal::new(PortalConfig {
        jwks_url: format!("{issuer}/.well-known/jwks.json").parse().unwrap(),
        issuer,
        audience: "barkside".into(),
        clock: Arc::new(|| SystemClock.now().0),
        hostile_pages: None,
    })
    .unwrap();
    // Jane is here herself.
    let sign_in = Request::post("/sign-in")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("customer=1042&password=barkside-1042"))
        .unwrap();
    assert_eq!(portal.router().oneshot(sign_in).await.unwrap().status(), StatusCode::SEE_OTHER);
    let state = portal.state();
    let before = state.happened("1042");
    tokio::spawn(portal.serve(listener, std::future::pending()));

    let output = tokio::time::timeout(Duration::from_secs(90), kit.wait_with_output()).await.unwrap().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let not_passed: Vec<_> = checks.iter().filter(|check| check["outcome"] != "passed").collect();
    assert!(matches!(not_passed[..], [check] if check["id"] == "answers.cookie-alone"), "{not_passed:#?}");
    assert_eq!(
        (report["passed"].as_u64(), report["failed"].as_u64(), report["not_applicable"].as_u64()),
        (Some(checks.len() as u64 - 1), Some(0), Some(1))
    );
    assert!(output.status.success());
    assert_eq!((state.happened("1042"), state.writes()), (before, 0), "it has changed nothing");
    // The first is Jane's own sign-in.
    assert!(state.received().iter().skip(1).all(|one| ["GET", "HEAD", "OPTIONS"].contains(&one.method.as_str())));
}

#[tokio::test]
async fn a_failed_report_says_what_to_mend_and_the_program_fails() {
    let mut portal = WrongPortal::new(Fault::IsKeptByCaches).await;
    let url = portal.url.to_string();
    let mut kit =
        program(&[&url, "--audience", AUDIENCE, "--customer", CUSTOMER, "--issuer-port", "0"]).spawn().unwrap();
    let mut remarks = BufReader::new(kit.stderr.take().unwrap()).lines();
    let remark = tokio::time::timeout(Duration::from_secs(30), remarks.next_line()).await.unwrap().unwrap().unwrap();
    let issuer = remark.split_once("issuer ").unwrap().1.split(' ').next().unwrap();
    portal.serve(issuer, format!("{issuer}/.well-known/jwks.json"));
    let output = tokio::time::timeout(Duration::from_secs(90), kit.wait_with_output()).await.unwrap().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    for words in [
        "FAILED  answers.cache\n        expected: ",
        "came:     /: Cache-Control: public, max-age=60",
        "to mend:  Send Cache-Control: no-store",
        "passed  identity.expired: refused",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let counts = format!("{} passed, 1 failed, 1 not applicable\n", conformance::ids().len() - 2);
    assert!(told.ends_with(&counts), "{told}");
    assert!(!told.contains("eyJ"), "no token is shown");
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_amberglass-server"));
    command.args(["portal", "test"]).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

//! Files that the portal offers: one that its rules list and the policy lets the person keep passes, marked and on record; every other
//! is refused as always.

use std::sync::Arc;

use amberglass_server::{
    gateway::{DOWNLOAD_HEADER, GATEWAY_HEADER},
    policy::{BreakGlassPast, Policy, Texts},
    sessions::Breaking,
};
use amberglass_wire::{
    audit::{EventBody, EventDetail},
    session::Mode,
};
use http::{Method, StatusCode};

use crate::stage::{SOON, Session, Stage};

const RULES: &str = r#"
version = 1

[[download]]
id = "invoice-files"
path = "/answer/invoices/{id}"
query = { lang = ["en"] }
content_types = ["application/pdf", "application/json"]
max_bytes = 20

[[download]]
id = "exports"
path = "/answer/ticker"
content_types = ["text/csv"]
max_bytes = 10

[[mask]]
id = "bank-details"
path = "/answer/invoices/bank"
fields = ["/iban"]
"#;

const DEFAULT: &str = include_str!("../../../../policies/default.cedar");
const SCHEMA: &str = include_str!("../../../../policies/schema.cedarschema");
const AGENTS: &str = r#"@id("agents-keep-files") permit (principal, action == Action::"download", resource)
    when { principal.role == "agent" && resource.class == "standard" && ["invoice-files", "exports"].contains(context.rule) };"#;

const FILE: &str = "/answer/invoices/7?lang=en";
const PDF: (&str, &str) = ("content-type", "application/pdf");
const OFFERED: (&str, &str) = ("content-disposition", "attachment; filename=\"Invoice of Jane.PDF\"");
const CONTENT: (&str, &str) = ("content", "%PDF-1.7 secrets");

/// Puts the default policy with `more` in force.
fn put_policy(stage: &Stage, more: &str) -> String {
    let texts = Texts { rules: format!("{DEFAULT}\n{more}"), schema: SCHEMA.to_owned() };
    let policy = Policy::parse(&texts).unwrap();
    let hash = policy.hash().to_owned();
    stage.server.state().policy.put(Arc::new(policy));
    hash
}

/// Where agents may keep files.
async fn stage() -> (Stage, String) {
    let stage = Stage::with_rules(RULES).await;
    let hash = put_policy(&stage, AGENTS);
    (stage, hash)
}

/// As the engine asks for what it may have to save.
fn open(stage: &Stage, session: &Session, path: &str) -> reqwest::RequestBuilder {
    stage.get(session, path).header("sec-fetch-dest", "document")
}

async fn refused(stage: &Stage, request: reqwest::RequestBuilder, rule: &str) {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{rule}");
    assert_eq!(answer.headers()[GATEWAY_HEADER], "download-refused");
    assert!(!answer.headers().contains_key(DOWNLOAD_HEADER) && !answer.headers().contains_key("content-disposition"));
    let words = answer.text().await.unwrap();
    assert!(!words.contains("secrets"), "{words}");
    let last = stage.record().await.pop().unwrap();
    assert!(matches!(&last, EventDetail::RequestBlocked { rule: by, .. } if by == rule), "{rule}: {last:?}");
}

fn downloaded(bodies: &[EventBody]) -> Vec<&EventBody> {
    bodies.iter().filter(|body| body.detail.kind() == "file_downloaded").collect()
}

#[tokio::test]
async fn a_file_that_rules_and_policy_allow_passes_whole_marked_and_on_record() {
    let (stage, policy_hash) = stage().await;
    let session = stage.session().await;
    stage.upstream.will_answer(200, &[PDF, OFFERED, CONTENT, ("amberglass-download", "forged")]);
    let asked = open(&stage, &session, FILE).header("range", "bytes=0-3").header("accept-encoding", "gzip");
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let marks: Vec<_> = answer.headers().get_all(DOWNLOAD_HEADER).iter().collect();
    assert_eq!(marks, ["invoice-files"]);
    assert_eq!(answer.headers()["content-disposition"], OFFERED.1);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.text().await.unwrap(), CONTENT.1);
    let seen = stage.upstream.seen().pop().unwrap();
    assert_eq!((seen.headers.get("range"), &seen.headers["accept-encoding"]), (None, &"identity".parse().unwrap()));

    let bodies = stage.bodies(&session.id).await;
    let [record] = downloaded(&bodies)[..] else { panic!("{bodies:?}") };
    assert_eq!(
        record.detail,
        EventDetail::FileDownloaded {
            method: "GET".into(),
            path: "/answer/invoices/7?lang".into(),
            rule: "invoice-files".into(),
            content_type: "application/pdf".into(),
            extension: Some("pdf".into()),
            bytes: 16,
        }
    );
    assert_eq!(record.subject.policy_hash.as_deref(), Some(policy_hash.as_str()));
    assert_eq!(
        (record.subject.staff.as_ref(), record.subject.session.as_ref()),
        (Some(&session.staff), Some(&session.id))
    );
    // Its name says whose it is.
    assert!(!serde_json::to_string(&bodies).unwrap().contains("Invoice of"));
    // The page of it is on record as every page is, and before it.
    let kinds: Vec<_> = bodies.iter().map(|body| body.detail.kind()).collect();
    assert_eq!(kinds[kinds.len() - 2..], ["page_viewed", "file_downloaded"]);
}

#[tokio::test]
async fn a_file_that_no_rule_lists_is_refused_and_on_record_as_ever() {
    let (stage, _) = stage().await;
    let session = stage.session().await;
    let offers: [(u16, &[(&str, &str)]); 8] = [
        (200, &[("content-type", "text/html"), OFFERED, CONTENT]),
        (200, &[("content-type", "application/pdf; v=2"), OFFERED, CONTENT]),
        (200, &[PDF, ("content-type", "text/csv"), OFFERED, CONTENT]),
        (200, &[OFFERED, CONTENT]),
        (200, &[PDF, OFFERED, CONTENT, ("content-encoding", "gzip")]),
        (200, &[PDF, OFFERED, CONTENT, ("content-disposition", "attachment; filename=other.pdf")]),
        (200, &[PDF, ("content-disposition", "saved; filename=a.pdf"), CONTENT]),
        (206, &[PDF, OFFERED, CONTENT]),
    ];
    for (status, headers) in offers {
        stage.upstream.will_answer(status, headers);
        refused(&stage, open(&stage, &session, FILE), "download-refused").await;
    }
    stage.upstream.will_answer(200, &[PDF, OFFERED, CONTENT]);
    for path in
        ["/answer/invoices/7", "/answer/invoices/7?lang=de", "/answer/invoices/7?lang=en&all", "/answer/7?lang=en"]
    {
        refused(&stage, open(&stage, &session, path), "download-refused").await;
    }
    // A script would have it, and nothing would be saved.
    let script = stage.get(&session, FILE).header("sec-fetch-dest", "empty");
    refused(&stage, script, "download-refused").await;
    let head = stage.ask(Method::HEAD, &session, FILE).header("sec-fetch-dest", "document");
    assert_eq!(head.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    // Fields are taken out of it, so nothing of it goes out whole.
    stage
        .upstream
        .will_answer(200, &[("content-type", "application/json"), OFFERED, ("content", "{\"iban\":\"secrets\"}")]);
    refused(&stage, open(&stage, &session, "/answer/invoices/bank?lang=en"), "download-refused").await;
    assert!(downloaded(&stage.bodies(&session.id).await).is_empty());
}

#[tokio::test]
async fn only_whom_the_policy_in_force_lets_keeps_a_file_and_nobody_after_break_glass() {
    let stage = Stage::with_rules(RULES).await;
    let session = stage.session().await;
    stage.upstream.will_answer(200, &[PDF, OFFERED, CONTENT]);
    let passes = async |session: &Session| open(&stage, session, FILE).send().await.unwrap().status() == StatusCode::OK;
    // By the default nobody.
    refused(&stage, open(&stage, &session, FILE), "download-not-permitted").await;
    put_policy(&stage, AGENTS);
    assert!(passes(&session).await);
    // The next one goes by what is in force then.
    for other in
        [AGENTS.replace("agent\"", "lead\""), AGENTS.replace("standard", "gold"), AGENTS.replace("invoice", "other")]
    {
        put_policy(&stage, &other);
        refused(&stage, open(&stage, &session, FILE), "download-not-permitted").await;
    }
    put_policy(&stage, AGENTS);
    assert!(passes(&session).await);
    assert_eq!(downloaded(&stage.bodies(&session.id).await).len(), 2);
    stage.end(&session).await;

    let past = BreakGlassPast::default();
    let emergency =
        stage.session_with(Mode::ReadOnly, Some(Breaking { emergency: "The customer is locked out", past })).await;
    refused(&stage, open(&stage, &emergency, FILE), "download-not-permitted").await;
}

#[tokio::test]
async fn a_policy_that_knows_no_files_lets_nobody_keep_one() {
    let (stage, _) = stage().await;
    let session = stage.session().await;
    let (before, rest) = SCHEMA.split_once("action download appliesTo").unwrap();
    let (_, after) = rest.split_once("};\n").unwrap();
    let rules = "@id(\"all\") permit (principal, action, resource);".to_owned();
    let policy = Policy::parse(&Texts { rules, schema: format!("{before}{after}") }).unwrap();
    stage.server.state().policy.put(Arc::new(policy));
    stage.upstream.will_answer(200, &[PDF, OFFERED, CONTENT]);
    refused(&stage, open(&stage, &session, FILE), "download-not-permitted").await;
}

#[tokio::test]
async fn a_file_that_says_that_it_is_too_long_is_not_begun() {
    let (stage, _) = stage().await;
    let session = stage.session().await;
    stage.upstream.will_answer(200, &[PDF, OFFERED, ("content", "%PDF secrets with more")]);
    let answer = open(&stage, &session, FILE).send().await.unwrap();
    assert!(answer.text().await.unwrap().contains("longer than a session may keep"));
    refused(&stage, open(&stage, &session, FILE), "download-too-long").await;
    assert!(downloaded(&stage.bodies(&session.id).await).is_empty());
}

/// A file that has begun, and before a byte of it.
async fn begun(stage: &Stage, session: &Session) -> reqwest::Response {
    let attachment = ("content-disposition", "attachment");
    stage
        .upstream
        .will_answer(200, &[("content-type", "text/csv; charset=utf-8"), attachment, ("content-length", "10")]);
    let answer = open(stage, session, "/answer/ticker").send().await.unwrap();
    assert_eq!((answer.status(), &answer.headers()[DOWNLOAD_HEADER]), (StatusCode::OK, &"exports".parse().unwrap()));
    answer
}

#[tokio::test]
async fn a_file_is_on_record_before_a_byte_of_it_goes_out_and_comes_piece_by_piece() {
    let (stage, _) = stage().await;
    let session = stage.session().await;
    let mut answer = begun(&stage, &session).await;
    assert_eq!(answer.headers()["content-length"], "10");
    let bodies = stage.bodies(&session.id).await;
    let [record] = downloaded(&bodies)[..] else { panic!("{bodies:?}") };
    assert!(matches!(record.detail, EventDetail::FileDownloaded { extension: None, bytes: 10, .. }));
    for chunk in ["12345", "67890"] {
        stage.upstream.shared.ticks.send(chunk).unwrap();
        assert_eq!(answer.chunk().await.unwrap().unwrap(), chunk);
    }
    assert_eq!(answer.chunk().await.unwrap(), None);
    assert!(stage.blocked(&session).await.is_empty());
}

#[tokio::test]
async fn a_file_that_does_not_say_how_long_it_is_is_refused() {
    let (stage, _) = stage().await;
    let session = stage.session().await;
    stage.upstream.will_answer(200, &[("content-type", "text/csv"), ("content-disposition", "attachment")]);
    refused(&stage, open(&stage, &session, "/answer/ticker"), "download-refused").await;
}

#[tokio::test]
async fn a_file_that_cannot_be_put_on_record_does_not_go_out() {
    let (stage, _) = stage().await;
    let session = stage.session().await;
    stage.upstream.will_answer(200, &[PDF, OFFERED, CONTENT]);
    // The page's own record still stands, and the portal is asked.
    stage.refuse_records_of_kind("file_downloaded").await;
    let answer = open(&stage, &session, FILE).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(stage.bodies(&session.id).await.iter().any(|body| matches!(body.detail, EventDetail::PageViewed { .. })));
    assert!(!answer.headers().contains_key(DOWNLOAD_HEADER));
    assert!(!answer.text().await.unwrap().contains("secrets"));
}

#[tokio::test]
async fn the_end_of_its_session_cuts_a_file_off() {
    let (stage, _) = stage().await;
    let session = stage.session().await;
    let mut answer = begun(&stage, &session).await;
    stage.upstream.shared.ticks.send("1").unwrap();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "1");
    stage.end(&session).await;
    let chunk = tokio::time::timeout(SOON, answer.chunk()).await.expect("the file goes on");
    assert!(chunk.is_err(), "{chunk:?}");
    assert!(stage.blocked(&session).await.is_empty());
}

#[tokio::test]
async fn no_portal_marks_an_answer_as_a_file_itself() {
    let (stage, _) = stage().await;
    let session = stage.session().await;
    for name in ["amberglass-download", "Amberglass-Download"] {
        stage.upstream.will_answer(200, &[PDF, CONTENT, (name, "invoice-files")]);
        let answer = open(&stage, &session, FILE).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(!answer.headers().contains_key(DOWNLOAD_HEADER));
    }
    assert!(downloaded(&stage.bodies(&session.id).await).is_empty());
}

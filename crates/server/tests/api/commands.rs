//! The operator's commands for portals, the audit log and the emergency stop, while the server runs.

use std::process::{Output, Stdio};

use amberglass_wire::{
    auth::SnapshotResponse,
    problem::ErrorCode,
    session::{EndedBy, SessionState},
};
use reqwest::StatusCode;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::process::Command;

use crate::world::{JANE, REASON, SANA, World, json, problem, start_request};

/// Runs the program with the configuration of the world's server.
async fn run(world: &World, arguments: &[&str]) -> Output {
    let config = world.config.data_dir.join("server.toml");
    let portal = &world.config.portals[0];
    let text = format!(
        "data_dir = '{}'\ndatabase_url = '{}'\nlisten_api = '{}'\n[[portals]]\nid = 'barkside'\nname = 'Barkside'\n\
         gateway_host = 'barkside.localhost'\nupstream = '{}'\naudience = '{}'\n",
        world.config.data_dir.display(),
        world.config.database_url.expose_secret(),
        world.api(),
        portal.upstream,
        portal.audience,
    );
    std::fs::write(&config, text).unwrap();
    Command::new(env!("CARGO_BIN_EXE_amberglass-server"))
        .arg("--config")
        .arg(&config)
        .args(arguments)
        // The tests' PostgreSQL is faster than it is safe, which the program remarks on.
        .env("AMBERGLASS_LOG", "error")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap()
}

pub async fn done(world: &World, arguments: &[&str]) -> String {
    let output = run(world, arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

pub async fn refused(world: &World, arguments: &[&str]) -> String {
    let output = run(world, arguments).await;
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn the_operator_stops_everything_and_lifts_it_again() {
    let world = World::new().await;
    let amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    assert_eq!(done(&world, &["emergency", "status"]).await, "No emergency stop is in force.\n");
    let told = refused(&world, &["emergency", "stop", "--reason", "short"]).await;
    assert!(told.contains("ten characters") && told.contains("nothing was stopped"), "{told}");
    assert!(done(&world, &["emergency", "stop", "--reason", REASON]).await.contains("in force"));
    world.clock.advance_millis(500);
    let session = world.until(&amy, &id, SessionState::Ended).await;
    assert_eq!((session.ended_by, session.end_reason.as_deref()), (Some(EndedBy::EmergencyStop), Some(REASON)));
    assert_eq!(session.ended_by_name, None, "nobody of the staff");
    let status = done(&world, &["emergency", "status"]).await;
    assert!(status.contains(REASON) && status.contains("by the operator"), "{status}");
    let json: Value = serde_json::from_str(&done(&world, &["emergency", "status", "--json"]).await).unwrap();
    assert_eq!((&json["in_force"], json["reason"].as_str()), (&Value::Bool(true), Some(REASON)));
    assert!(done(&world, &["emergency", "lift"]).await.contains("may begin again"));
    assert!(done(&world, &["emergency", "lift"]).await.contains("nothing was changed"));
    assert_eq!(world.try_start(&amy, "b", &start_request(JANE)).await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn a_portal_is_switched_off_and_on_while_the_server_runs() {
    let world = World::new().await;
    let amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    let told = refused(&world, &["portal", "disable", "elsewhere", "--reason", REASON]).await;
    assert!(told.contains("there is no portal elsewhere") && told.contains("barkside"), "{told}");
    assert!(refused(&world, &["portal", "disable", "barkside", "--reason", "x"]).await.contains("ten characters"));
    assert!(done(&world, &["portal", "list"]).await.contains("open"));
    assert!(done(&world, &["portal", "disable", "barkside", "--reason", REASON]).await.contains("switched off"));
    world.clock.advance_millis(500);
    assert_eq!(world.until(&amy, &id, SessionState::Ended).await.ended_by, Some(EndedBy::PortalDisabled));
    let start = world.try_start(&amy, "b", &start_request(JANE)).await;
    problem(start, StatusCode::FORBIDDEN, ErrorCode::PortalInactive).await;
    let search = world.get(&amy, "/v1/customers?portal=barkside&query=jane").send().await.unwrap();
    problem(search, StatusCode::FORBIDDEN, ErrorCode::PortalInactive).await;
    let listed = done(&world, &["portal", "list"]).await;
    assert!(listed.contains("off since") && listed.contains(REASON), "{listed}");
    assert!(done(&world, &["portal", "disable", "barkside", "--reason", REASON]).await.contains("nothing was changed"));
    assert!(done(&world, &["portal", "enable", "barkside"]).await.contains("open again"));
    assert!(done(&world, &["portal", "enable", "barkside"]).await.contains("nothing was changed"));
    assert_eq!(world.try_start(&amy, "c", &start_request(JANE)).await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn with_the_servers_own_keys_the_conformance_kit_opens_nothing_that_is_not_on_record() {
    let world = World::new().await;
    let upstream = world.config.portals[0].upstream.to_string();
    let told = refused(&world, &["portal", "test", &upstream]).await;
    assert!(told.contains("--customer"), "{told}");
    let told = refused(&world, &["portal", "test", "http://127.0.0.1:9", "--customer", JANE]).await;
    assert!(told.contains("no portal with this upstream"), "{told}");
    let told = refused(&world, &["portal", "test", &upstream, "--customer", JANE, "--audience", "elsewhere"]).await;
    assert!(told.contains("no portal with this upstream"), "{told}");
    assert_eq!(world.count_events("portal_tested").await, 0);
    // The sample portal's time is the test's and the program's is the machine's: nothing opens, but it was asked.
    let told = refused(&world, &["portal", "test", &upstream, "--customer", JANE, "--wait", "0"]).await;
    assert!(told.contains("On record"), "{told}");
    assert_eq!(world.count_events("portal_tested").await, 1);
    // Security is told, as of whatever else the operator does.
    let sana = world.sign_in(SANA, 1).await;
    let told =
        json::<SnapshotResponse>(world.get(&sana, "/v1/snapshot").send().await.unwrap(), StatusCode::OK).await.news;
    let told = told.iter().find(|one| one.kind == "portal_tested").unwrap();
    assert_eq!((told.portal_name.as_deref(), &told.by), (Some("Barkside"), &None));
}

#[tokio::test]
async fn a_portal_key_is_shown_once_and_revoked_for_good() {
    let world = World::new().await;
    let ask = async |key: &str| {
        world.client.get(world.url("/v1/portal/sessions")).bearer_auth(key).send().await.unwrap().status()
    };
    let shown = done(&world, &["portal", "key", "add", "barkside", "--name", "production"]).await;
    let key = shown.lines().next().unwrap().to_owned();
    assert!(key.starts_with("agp_") && shown.contains("only time"), "{shown}");
    assert_eq!(ask(&key).await, StatusCode::OK);
    let listed: Value = serde_json::from_str(&done(&world, &["portal", "key", "list", "--json"]).await).unwrap();
    assert_eq!((&listed[0]["portal"], &listed[0]["name"]), (&"barkside".into(), &"production".into()));
    assert!(!listed.to_string().contains(&key), "what proves a key is not kept");
    assert!(!done(&world, &["portal", "key", "list"]).await.contains("never"), "its use is noted");
    let id = listed[0]["id"].as_str().unwrap();
    assert!(done(&world, &["portal", "key", "revoke", id]).await.contains("worth nothing"));
    assert_eq!(ask(&key).await, StatusCode::UNAUTHORIZED);
    assert!(done(&world, &["portal", "key", "revoke", id]).await.contains("nothing was changed"));
    assert!(refused(&world, &["portal", "key", "revoke", "none"]).await.contains("there is no key none"));
    assert!(refused(&world, &["portal", "key", "add", "barkside", "--name", " "]).await.contains("characters"));
}

#[tokio::test]
async fn a_check_says_in_words_what_is_wrong_with_a_portal() {
    let mut world = World::new().await;
    // The sample portal tells the time by the world's clock, and the program by the machine's: far apart, they disagree.
    let apart = run(&world, &["portal", "check", "barkside"]).await;
    let words = String::from_utf8(apart.stdout).unwrap();
    assert!(!apart.status.success() && words.contains("refuses this server's identity"), "{words}");
    assert!(words.contains("The portal answers") && words.contains("shows its keys"), "{words}");
    use amberglass_domain::ports::Clock as _;
    world.clock.set_wall(amberglass_system::SystemClock.now());
    let good = done(&world, &["portal", "check", "barkside"]).await;
    assert!(good.contains("lists customers") && !good.contains("WRONG"), "{good}");
    world.portal_says_inactive(JANE).await;
    let odd = run(&world, &["portal", "check", "barkside", "--json"]).await;
    let findings: Value = serde_json::from_slice(&odd.stdout).unwrap();
    assert!(!odd.status.success() && findings[2]["words"].as_str().unwrap().contains("does not fit its contract"));
    world.close_portal_at_once().await;
    let down = run(&world, &["portal", "check", "barkside"]).await;
    let words = String::from_utf8(down.stdout).unwrap();
    assert!(!down.status.success() && words.contains("Nothing answers at http://127.0.0.1"), "{words}");
}

#[tokio::test]
async fn the_audit_log_is_shown_by_session_person_and_time() {
    let world = World::new().await;
    let (amy, sana) = (world.amy().await, world.sign_in(SANA, 2).await);
    let session = world.start(&amy).await.session;
    world.end_other(&sana, &session.id).await;
    let shown = done(&world, &["audit", "show", "--session", &session.code.to_lowercase()]).await;
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), 2, "{shown}");
    for part in ["session_started", &session.code, "amy@amberglass.example", "barkside/1042", "charged twice"] {
        assert!(lines[0].contains(part), "{part} is missing in {shown}");
    }
    assert!(lines[1].contains("session_ended") && lines[1].contains(REASON), "{shown}");
    let json = done(&world, &["audit", "show", "--staff", SANA, "--json"]).await;
    let events: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!events.is_empty() && events.iter().all(|event| event["staff_email"] == SANA), "{json}");
    assert_eq!(events.last().unwrap()["record"]["kind"], "staff_signed_in");
    assert_eq!(done(&world, &["audit", "show", "--since", "2999-01-01"]).await, "");
    assert!(done(&world, &["audit", "show", "--since", "2026-01-05T08:59:00Z"]).await.contains("session_ended"));
    for (arguments, words) in [
        (["--session", "AG-NONE0"], "there is no session AG-NONE0"),
        (["--staff", "nobody@example.com"], "there is no staff member"),
        (["--since", "yesterday"], "is no time"),
    ] {
        let told = refused(&world, &["audit", "show", arguments[0], arguments[1]]).await;
        assert!(told.contains(words), "{told}");
    }
}

#[tokio::test]
async fn what_people_typed_does_not_speak_to_the_operators_terminal() {
    let world = World::new().await;
    let amy = world.amy().await;
    let mut request = start_request(JANE);
    request.reason.text = "Invoice was charged \u{1b}[2Jtwice \u{9b}31m".into();
    let started = world.try_start(&amy, "a", &request).await;
    assert_eq!(started.status(), StatusCode::CREATED);
    let shown = done(&world, &["audit", "show"]).await;
    assert!(shown.contains("session_started"));
    assert!(shown.chars().all(|c| !c.is_control() || c == '\n'), "{shown:?}");
}

#[tokio::test]
async fn a_check_of_the_audit_log_finds_where_a_chain_breaks() {
    let world = World::new().await;
    let amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    world.end(&amy, &id).await;
    done(&world, &["emergency", "lift"]).await;
    done(&world, &["portal", "key", "add", "barkside", "--name", "production"]).await;
    let whole: Value = serde_json::from_str(&done(&world, &["audit", "check", "--json"]).await).unwrap();
    let chains = whole.as_array().unwrap();
    assert_eq!(chains.len(), 2, "the server's and the operator's: {whole}");
    assert!(chains.iter().all(|chain| chain["whole"] == true), "{whole}");
    // Somebody who may do anything with the database takes the guards away, and one word out of the record.
    world.unguard_the_audit_log().await;
    let pool = world.database().await;
    sqlx::query(
        "UPDATE audit_events SET body = REPLACE(body, 'charged twice', 'looked at') WHERE kind = 'session_started'",
    )
    .execute(&pool)
    .await
    .unwrap();
    let broken = run(&world, &["audit", "check"]).await;
    let words = String::from_utf8(broken.stdout).unwrap();
    assert!(!broken.status.success() && words.contains("BROKEN after record"), "{words}");
    assert!(words.contains("does not match its commitment") && words.contains("whole"), "{words}");
}

#[tokio::test]
async fn the_operator_lists_what_nobody_has_looked_at() {
    let world = World::new().await;
    let (amy, sana) = (world.amy().await, world.sign_in(SANA, 9).await);
    assert!(done(&world, &["audit", "alarms"]).await.contains("There is nothing to look at."));
    crate::alarms::raise_one(&world, &amy).await;
    let words = done(&world, &["audit", "alarms"]).await;
    assert!(words.contains("journal_replaced") && words.contains("Amy's laptop"), "{words}");
    let listed: Value = serde_json::from_str(&done(&world, &["audit", "alarms", "--json"]).await).unwrap();
    assert_eq!(listed[0]["kind"], "journal_replaced", "{listed}");
    assert_eq!(world.alarms(&sana).await.open, 1);
}

#[tokio::test]
async fn the_operator_exports_the_record_and_prints_the_keys_to_check_it_with() {
    let world = World::new().await;
    let amy = world.amy().await;
    let session = world.start(&amy).await.session;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("export");
    let path = file.to_str().unwrap();
    let keys = done(&world, &["audit", "keys"]).await;
    let trusted = amberglass_domain::checkpoint::TrustedKeys::parse(&keys).unwrap();
    let (server, device) = (world.server().state().audit.signer().name(), amy.tokens.device.as_str());
    assert_eq!(trusted.names().collect::<Vec<_>>(), [server, device]);

    for (arguments, words) in [
        (["--session", "AG-NOBODY"], "there is no session AG-NOBODY"),
        (["--customer", "1042"], "`1042` is not PORTAL/ID, such as barkside/1042"),
        (["--staff", "nobody@example.com"], "there is no staff member nobody@example.com"),
        (["--device", "nothing"], "there is no device nothing"),
        (["--since", "yesterday"], "`yesterday` is no time"),
    ] {
        let told = refused(&world, &[&["audit", "export", path], arguments.as_slice()].concat()).await;
        assert!(told.contains(words), "{told}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing stays behind");
    assert_eq!(world.count_events("audit_exported").await, 0);

    let output = run(&world, &["audit", "export", path, "--session", &session.code]).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("On record as audit_exported."), "{said}");
    assert_eq!(world.kinds(&amy, &session.id).await, ["session_started", "audit_exported"]);
    let text = std::fs::read(&file).unwrap();
    let report = amberglass_verify::verify(text.as_slice(), &trusted, &[]).unwrap();
    assert!(report.is_whole(), "{report}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let told = refused(&world, &["audit", "export", path]).await;
    assert!(told.contains("exists; name a file that does not"), "{told}");
    assert_eq!(std::fs::read(&file).unwrap(), text);
    let printed = run(&world, &["audit", "export", "-", "--session", &session.code]).await.stdout;
    let report = amberglass_verify::verify(printed.as_slice(), &trusted, &[]).unwrap();
    assert!(report.is_whole(), "{report}");
}

#[tokio::test]
async fn neither_an_export_nor_the_keys_hide_what_was_done_to_the_database() {
    let world = World::new().await;
    let amy = world.amy().await;
    world.start(&amy).await;
    let key = amberglass_domain::checkpoint::NoteSigner::new("server:s2", &[7; 32]).unwrap().verifier_key();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("export");
    world.tamper(&["UPDATE audit_events SET customer = '1' WHERE kind = 'session_started'"]).await;
    let statement = "INSERT INTO signers (name, verifier_key, added_at) VALUES ($1, $2, 0)";
    sqlx::query(statement).bind("server:s2").bind(key.clone()).execute(&world.database().await).await.unwrap();

    let keys = done(&world, &["audit", "keys"]).await;
    assert!(
        !keys.contains(&key) && keys.contains("# NOT of this installation's server-key, left out: server:s2"),
        "{keys}"
    );
    let output = run(&world, &["audit", "export", path.to_str().unwrap(), "--customer", "barkside/1042"]).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && path.exists(), "it is made all the same: {said}");
    assert!(
        said.contains("THE LOG IS NOT WHOLE") && said.contains("under another customer than its body says"),
        "{said}"
    );
}

#[tokio::test]
async fn a_devices_key_that_is_not_the_one_on_record_is_left_out() {
    let world = World::new().await;
    let (amy, sana) = (world.amy().await, world.sign_in(SANA, 2).await);
    let key_of = |console: &crate::world::Console| {
        amberglass_domain::device_key::verifier_key(&console.tokens.device, &console.key.public_key()).unwrap()
    };
    let keys = done(&world, &["audit", "keys"]).await;
    assert!(keys.contains(&key_of(&amy)) && keys.contains(&key_of(&sana)) && !keys.contains("left out"), "{keys}");
    // Somebody with all rights over the database puts a key of their own under the name of Amy's device, and a device beside.
    let pool = world.database().await;
    let (own, another) = (world.new_key(77), world.new_key(78));
    sqlx::query("UPDATE devices SET public_key = $1 WHERE id = $2")
        .bind(own.public_key())
        .bind(amy.tokens.device.0.clone())
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query(
        "INSERT INTO devices (id, public_key, name, registered_by, registered_at) VALUES ('made-up', $1, 'x', $2, 0)",
    )
    .bind(another.public_key())
    .bind(amy.tokens.staff.id.0.clone())
    .execute(&pool)
    .await
    .unwrap();
    let keys = done(&world, &["audit", "keys"]).await;
    let trusted = amberglass_domain::checkpoint::TrustedKeys::parse(&keys).unwrap();
    let server = world.server().state().audit.signer().name();
    assert_eq!(trusted.names().collect::<Vec<_>>(), [server, sana.tokens.device.as_str()], "{keys}");
    assert!(
        keys.contains(&format!("NOT the key with which it was registered, left out: {}", amy.tokens.device)),
        "{keys}"
    );
    assert!(keys.contains("NOT registered as the record has it, left out: made-up (x)"), "{keys}");
}

#[tokio::test]
async fn the_operator_erases_what_is_recorded_of_a_customer() {
    let world = World::new().await;
    let amy = world.amy().await;
    let session = world.start(&amy).await.session;
    let of_jane = ["audit", "erase", "--customer", "barkside/1042", "--reason", REASON];
    let told = refused(&world, &of_jane).await;
    assert!(told.contains(&format!("session {} still runs", session.code)), "{told}");
    world.end(&amy, &session.id).await;
    for (arguments, words) in [
        (&["--customer", "barkside/1042", "--reason", "short"][..], "ten characters"),
        (&["--reason", REASON], "required"),
        (&["--session", "AG-NONE0", "--reason", REASON], "there is no session AG-NONE0"),
        (&["--customer", "1042", "--reason", REASON], "is not PORTAL/ID"),
        (&["--customer", "barkside/1042", "--session", &session.code, "--reason", REASON], "cannot be used with"),
        (&["--writer", "nobody", "--seq", "1", "--reason", REASON], "nothing of a writer nobody"),
        (&["--writer", "nobody", "--seq", "9..1", "--reason", REASON], "neither a record's number nor a range"),
        (&["--writer", "nobody", "--reason", REASON], "--seq"),
    ] {
        let told = refused(&world, &[&["audit", "erase"], arguments].concat()).await;
        assert!(told.contains(words), "{told}");
    }
    let dry = done(&world, &[of_jane.as_slice(), &["--dry-run"]].concat()).await;
    assert!(dry.contains("2 records would lose what they say. Nothing was changed."), "{dry}");
    assert_eq!(world.count_events("bodies_erased").await, 0);
    let erased = done(&world, &of_jane).await;
    assert!(erased.contains("2 records say nothing any more") && erased.contains("bodies_erased"), "{erased}");
    let again: Value = serde_json::from_str(&done(&world, &[of_jane.as_slice(), &["--json"]].concat()).await).unwrap();
    assert_eq!((&again["erased"], &again["kept"]["bodies_erased"]), (&0.into(), &1.into()));
    let shown = done(&world, &["audit", "show", "--session", &session.code]).await;
    assert!(shown.lines().count() == 2 && shown.lines().all(|line| line.ends_with("(erased)")), "{shown}");
    let one =
        ["audit", "erase", "--writer", world.server().state().audit.writer(), "--seq", "1..2", "--reason", REASON];
    let kept = done(&world, &one).await;
    assert!(kept.contains("Kept, because records of these kinds are evidence: 1 signer_added"), "{kept}");
    done(&world, &["audit", "check"]).await;
}

#[tokio::test]
async fn the_operator_retires_nothing_that_staff_are_told_is_kept() {
    let world = World::new().await;
    let amy = world.amy().await;
    let session = world.start(&amy).await.session;
    world.end(&amy, &session.id).await;
    let told = refused(&world, &["audit", "retire", "--before", "30m"]).await;
    assert!(
        told.contains("kept for 13 months (audit_retention_months)") && told.contains("nothing was retired"),
        "{told}"
    );
    assert!(refused(&world, &["audit", "retire", "--before", "yesterday"]).await.contains("is no time"));
    let none = done(&world, &["audit", "retire", "--before", "2020-01-01"]).await;
    assert_eq!(none, "No chain has a beginning from before 2020-01-01 00:00 UTC that could go.\n");
    let json: Value = serde_json::from_str(
        &done(&world, &["audit", "retire", "--before", "2020-01-01", "--dry-run", "--json"]).await,
    )
    .unwrap();
    assert_eq!((&json["records"], json["chains"].as_array().unwrap().len()), (&0.into(), 0));
    assert_eq!(world.count_events("records_retired").await, 0);
}

#[tokio::test]
async fn an_export_to_be_read_holds_what_is_in_scope_and_is_on_record() {
    let world = World::new().await;
    let amy = world.amy().await;
    let session = world.start(&amy).await.session;
    world.end(&amy, &session.id).await;
    world.try_start(&amy, "key-2", &start_request("1077")).await;
    let export = async |format: &str| {
        let output = run(&world, &["audit", "export", "-", "--format", format, "--customer", "barkside/1042"]).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && said.contains("they prove nothing. On record as audit_exported."), "{said}");
        String::from_utf8(output.stdout).unwrap()
    };
    let sheet = export("csv").await;
    let mut reader = csv::Reader::from_reader(sheet.as_bytes());
    let kinds: Vec<String> = reader.records().map(|record| record.unwrap()[3].to_owned()).collect();
    assert_eq!(kinds, ["session_started", "session_ended", "audit_exported"], "{sheet}");
    assert!(!sheet.contains("1077"), "{sheet}");
    let events: Vec<Value> = export("ocsf").await.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let codes: Vec<&str> = events.iter().map(|event| event["metadata"]["event_code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["session_started", "session_ended", "audit_exported", "audit_exported"]);
    assert_eq!(events[0]["resources"][0]["uid"], JANE);
    let told = refused(&world, &["audit", "export", "-", "--format", "xml"]).await;
    assert!(told.contains("jsonl") && told.contains("ocsf"), "{told}");
}

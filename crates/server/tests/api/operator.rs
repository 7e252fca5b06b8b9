//! The operator's commands, while the server runs.

use std::process::{Output, Stdio};

use amberglass_wire::{
    auth::Role,
    event_stream::ChainHead,
    problem::ErrorCode,
    session::{EndedBy, SessionState},
};
use reqwest::StatusCode;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::{io::AsyncWriteExt as _, process::Command};

use crate::world::{ADA, AMY, PASSWORD, SANA, World, problem};

/// Runs the program with the configuration of the world's server.
async fn run(world: &World, input: &str, arguments: &[&str]) -> Output {
    let config = world.config.data_dir.join("server.toml");
    let text = format!(
        "data_dir = '{}'\ndatabase_url = '{}'\n",
        world.config.data_dir.display(),
        world.config.database_url.expose_secret()
    );
    std::fs::write(&config, text).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_amberglass-server"))
        .arg("--config")
        .arg(&config)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    child.wait_with_output().await.unwrap()
}

async fn done(world: &World, input: &str, arguments: &[&str]) -> String {
    let output = run(world, input, arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

async fn refused(world: &World, input: &str, arguments: &[&str]) -> String {
    let output = run(world, input, arguments).await;
    assert!(!output.status.success(), "{arguments:?}");
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn accounts_are_listed_for_people_and_for_programs() {
    let world = World::new().await;
    let table = done(&world, "", &["staff", "list"]).await;
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("NAME") && lines[0].contains("SECOND FACTOR"), "{table}");
    assert!(lines[1].starts_with("Ada Nowak") && lines[1].contains(ADA) && lines[1].contains("active"), "{table}");
    assert_eq!(lines.len(), 5);
    let list: Value = serde_json::from_str(&done(&world, "", &["staff", "list", "--json"]).await).unwrap();
    assert_eq!(list[1]["email"], AMY);
    assert_eq!((&list[1]["role"], &list[1]["active"]), (&"agent".into(), &true.into()));
    assert_eq!(list[1]["second_factor"], false);
}

#[tokio::test]
async fn an_account_that_is_added_while_the_server_runs_signs_in() {
    let world = World::new().await;
    let add = ["staff", "add", "--email", "kim@amberglass.example", "--name", "Kim", "--role", "lead"];
    let said = done(&world, &format!("{PASSWORD}\n"), &add).await;
    assert_eq!(said, "kim@amberglass.example can sign in now, as lead.\n");
    let kim = world.sign_in("kim@amberglass.example", 9).await;
    assert_eq!(kim.tokens.staff.role, Role::Lead);
    assert!(refused(&world, PASSWORD, &add).await.contains("an account with this e-mail address exists"));
    let without = ["staff", "add", "--email", "lo@x.example", "--name", "Lo", "--role", "agent", "--no-password"];
    done(&world, "", &without).await;
    for password in ["", "-"] {
        assert_eq!(world.try_sign_in("lo@x.example", password).await.status(), StatusCode::UNAUTHORIZED);
    }
    let table = [
        (["staff", "add", "--email", "x", "--name", "X", "--role", "lead"], PASSWORD, "`x` is not an e-mail address"),
        (["staff", "add", "--email", "x@y", "--name", "X", "--role", "lead"], "short", "at least 12 characters"),
        (
            ["staff", "add", "--email", "x@y", "--name", "X", "--role", "boss"],
            PASSWORD,
            "none of agent, lead, security",
        ),
    ];
    for (arguments, input, words) in table {
        let said = refused(&world, input, &arguments).await;
        assert!(said.contains(words), "{said}");
        assert!(!said.contains(PASSWORD), "{said}");
    }
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once_and_its_session_ends() {
    let world = World::new().await;
    let (amy, sana) = (world.amy().await, world.sign_in(SANA, 2).await);
    let id = world.start(&amy).await.session.id;
    let said = done(&world, "", &["staff", "disable", "AMY@amberglass.example"]).await;
    assert!(said.starts_with("amy@amberglass.example is disabled"), "{said}");
    let access = world.get(&amy, "/v1/snapshot").send().await.unwrap();
    problem(access, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
    world.clock.advance_millis(500);
    let ended = world.until(&sana, &id, SessionState::Ended).await;
    assert_eq!(ended.ended_by, Some(EndedBy::StaffDisabled));
    let again = done(&world, "", &["staff", "disable", AMY]).await;
    assert!(again.contains("already; nothing was changed"), "{again}");
    done(&world, "", &["staff", "enable", AMY]).await;
    let refresh = world.token(&world.refresh_request(&amy, &amy.tokens.refresh_token)).await;
    problem(refresh, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
    world.sign_in(AMY, 1).await;
    assert_eq!(world.count_events("staff_disabled").await, 1);
    assert_eq!(world.count_events("staff_enabled").await, 1);
}

#[tokio::test]
async fn a_changed_role_and_a_changed_password_hold_for_the_running_server() {
    let world = World::new().await;
    let amy = world.amy().await;
    let said = done(&world, "", &["staff", "set-role", AMY, "security"]).await;
    assert_eq!(said, "amy@amberglass.example has the role security now.\n");
    assert_eq!(world.get(&amy, "/v1/devices?scope=all").send().await.unwrap().status(), StatusCode::OK);
    done(&world, "a-new-password-for-amy\n", &["staff", "set-password", AMY]).await;
    let access = world.get(&amy, "/v1/snapshot").send().await.unwrap();
    problem(access, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
    assert_eq!(world.try_sign_in(AMY, PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(world.try_sign_in(AMY, "a-new-password-for-amy").await.status(), StatusCode::SEE_OTHER);
    let said = done(&world, "", &["staff", "reset-second-factor", AMY]).await;
    assert!(said.contains("had no second factor already") || said.contains("nothing was changed"), "{said}");
    let unknown = refused(&world, "", &["staff", "enable", "nobody@amberglass.example"]).await;
    assert!(unknown.contains("there is no account") && unknown.contains("staff list"), "{unknown}");
}

#[tokio::test]
async fn the_last_admin_is_not_locked_out_unseen() {
    let world = World::new().await;
    for arguments in [&["staff", "disable", ADA][..], &["staff", "set-role", ADA, "agent"]] {
        let said = refused(&world, "", arguments).await;
        assert!(said.contains("last active account with the role admin") && said.contains("--force"), "{said}");
    }
    world.add_staff("second@amberglass.example", Role::Admin).await;
    done(&world, "", &["staff", "disable", ADA]).await;
    refused(&world, "", &["staff", "disable", "second@amberglass.example"]).await;
    done(&world, "", &["staff", "disable", "second@amberglass.example", "--force"]).await;
}

#[tokio::test]
async fn a_device_is_revoked_at_the_server_itself() {
    let world = World::new().await;
    let (amy, sana) = (world.amy().await, world.sign_in(SANA, 2).await);
    let id = world.start(&amy).await.session.id;
    let table = done(&world, "", &["device", "list"]).await;
    assert!(
        table.contains(amy.tokens.device.as_str()) && table.contains("Amy Lee") && table.contains("in use"),
        "{table}"
    );
    let device = amy.tokens.device.as_str();
    let said = refused(&world, "", &["device", "revoke", device, "--reason", "lost"]).await;
    assert!(said.contains("ten characters"), "{said}");
    let said = refused(&world, "", &["device", "revoke", "nobodys", "--reason", "left in a train"]).await;
    assert!(said.contains("there is no device nobodys") && said.contains("device list"), "{said}");
    let revoke = ["device", "revoke", device, "--reason", "left in a train"];
    assert!(done(&world, "", &revoke).await.contains("The device is revoked"));
    let access = world.get(&amy, "/v1/snapshot").send().await.unwrap();
    problem(access, StatusCode::UNAUTHORIZED, ErrorCode::NotSignedIn).await;
    world.clock.advance_millis(500);
    let ended = world.until(&sana, &id, SessionState::Ended).await;
    assert_eq!(ended.ended_by, Some(EndedBy::StaffDisabled));
    assert!(done(&world, "", &revoke).await.contains("revoked before; nothing was changed"));
    assert!(done(&world, "", &["device", "list"]).await.contains("revoked 20"));
}

#[tokio::test]
async fn what_the_operator_does_is_on_record_in_a_chain_of_its_own() {
    use amberglass_domain::chain;
    let world = World::new().await;
    done(&world, "", &["staff", "set-role", AMY, "lead"]).await;
    // The server goes on with its own chain.
    let amy = world.amy().await;
    done(&world, "", &["staff", "disable", AMY]).await;
    done(&world, "", &["device", "revoke", amy.tokens.device.as_str(), "--reason", "left in a train"]).await;
    let writer = format!("{}:operator", world.server().state().audit.writer());
    let events = world.server().state().store.chain(&writer, 0, 10).await.unwrap();
    let records: Vec<_> = events.into_iter().map(|event| event.record).collect();
    assert_eq!(
        records.iter().map(|record| record.kind.as_str()).collect::<Vec<_>>(),
        ["staff_role_changed", "staff_disabled", "device_revoked"]
    );
    let mut head = ChainHead::default();
    for record in &records {
        head = chain::verify_next(&writer, &head, record).unwrap();
    }
    assert!(records[1].body.contains(r#""by":null"#) && records[1].body.contains(amy.tokens.staff.id.as_str()));
}

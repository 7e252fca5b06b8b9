//! The program itself: ready line, clean stop, refusals.

use std::process::Stdio;

use tokio::process::Command;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_amberglass-server"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

#[cfg(unix)]
#[tokio::test]
async fn the_demo_says_that_it_is_ready_serves_and_stops_on_request() {
    use std::time::Duration;

    use tokio::io::{AsyncBufReadExt as _, BufReader};

    let _ = rustls::crypto::ring::default_provider().install_default();
    let dir = tempfile::tempdir().unwrap();
    let mut child =
        program().args(["demo", "--portal-upstream", "http://127.0.0.1:9", "--data"]).arg(dir.path()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await.unwrap().unwrap().unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(ready["ready"], true);
    assert_eq!(ready["issuer"], format!("http://{}", ready["api"].as_str().unwrap()));
    assert_ne!(ready["api"], ready["gateway"]);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/.well-known/jwks.json", ready["issuer"].as_str().unwrap());
    assert!(client.get(url).send().await.unwrap().status().is_success());
    // SIGTERM, through the shell's own kill: this test needs nothing more of the system.
    let id = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    let status = tokio::time::timeout(Duration::from_secs(20), child.wait()).await.unwrap().unwrap();
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn plain_http_beyond_this_machine_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let output = program()
        .args(["demo", "--portal-upstream", "http://127.0.0.1:9", "--listen-api", "0.0.0.0:0", "--data"])
        .arg(dir.path().join("data"))
        .output()
        .await
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("loopback"), "{output:?}");
    assert!(!dir.path().join("data").exists(), "nothing was made");
}

#[tokio::test]
async fn staff_are_added_from_the_command_line() {
    use tokio::io::AsyncWriteExt as _;
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("server.toml");
    std::fs::write(&config, format!("data_dir = '{}'\n", dir.path().display())).unwrap();
    let add = async |password: &str| {
        let mut child = program()
            .args(["staff", "add", "--email", "kim@example.com", "--name", "Kim", "--role", "lead", "--config"])
            .arg(&config)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(password.as_bytes()).await.unwrap();
        child.wait_with_output().await.unwrap()
    };
    let short = add("short\n").await;
    assert!(!short.status.success() && String::from_utf8_lossy(&short.stderr).contains("12 characters"), "{short:?}");
    assert!(add("a-long-enough-password\n").await.status.success());
    let again = add("a-long-enough-password\n").await;
    assert!(String::from_utf8_lossy(&again.stderr).contains("exists"), "{again:?}");
}

#[tokio::test]
async fn with_a_provider_accounts_are_added_without_a_password() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("server.toml");
    let provider =
        "[openid_connect]\nissuer = 'https://login.example'\nclient_id = 'a'\nclient_secret_file = '/none'\n";
    let listen = "listen_api = '127.0.0.1:0'\nlisten_gateway = '127.0.0.1:0'";
    std::fs::write(&config, format!("data_dir = '{}'\n{listen}\n{provider}", dir.path().display())).unwrap();
    let add = ["staff", "add", "--email", "kim@example.com", "--name", "Kim", "--role", "lead", "--config"];
    let refused = program().args(add).arg(&config).output().await.unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--no-password"), "{refused:?}");
    let added = program().args(add).arg(&config).arg("--no-password").output().await.unwrap();
    assert!(added.status.success(), "{added:?}");
    // A server that cannot read the provider's secret says so before anybody needs it.
    let server = program().arg("--config").arg(&config).output().await.unwrap();
    assert!(!server.status.success());
    assert!(String::from_utf8_lossy(&server.stderr).contains("client secret cannot be read"), "{server:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_on_the_machine_can_read_what_was_seen_of_customers() {
    use std::os::unix::fs::PermissionsExt as _;
    // What PostgreSQL keeps is for its own machine to guard.
    let world = crate::world::World::with(|config| config.database_url = secrecy::SecretString::default()).await;
    world.start(&world.amy().await).await;
    for name in ["amberglass.sqlite", "amberglass.sqlite-wal", "amberglass.sqlite-shm"] {
        let mode = std::fs::metadata(world.config.data_dir.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}: {mode:o}");
    }
}

#[tokio::test]
async fn rules_are_checked_and_explained_before_they_are_in_force() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("barkside.toml");
    let run = async |arguments: &[&str]| {
        let output = program().arg("rules").args(arguments).output().await.unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        (output.status.success(), said)
    };
    let path = file.to_str().unwrap();
    std::fs::write(&file, amberglass_demo_portal::RULES).unwrap();
    let (done, said) = run(&["check", path]).await;
    assert!(done && said.contains("8 rules") && !said.contains("read_write is not offered"), "{said}");
    let table: [(&[&str], &str); 8] = [
        (&["GET", "/messages/7"], "Passes: no rule speaks of it"),
        (
            &["GET", "/invoices/7/file"],
            "may be kept as a file where the policy lets, by invoice-files (download of this file)",
        ),
        (
            &["GET", "http://barkside.localhost/messages/7/open"],
            "Blocked, by open-message (unsafe_read of this file). Marks",
        ),
        (&["POST", "/appointments", "--body", "pet=1"], "Blocked, by read-only-method (built in)"),
        (&["POST", "/appointments", "--body", "pet=1", "--mode", "read_write"], "Passes, by book-appointment (write"),
        (&["POST", "/account/password", "--body", "a=1"], "Blocked, by never-password (built in)"),
        (
            &["POST", "/api/appointments/search", "--content-type", "application/json", "--body", "{}"],
            "Passes, by search-appointments (safe_write of this file). A search",
        ),
        (&["GET", "/a/../b"], "Blocked by path-dot-segment: the address could be read in two ways"),
    ];
    for (arguments, words) in table {
        let (done, said) = run(&[&["explain", path], arguments].concat()).await;
        assert!(done && said.contains(words), "{arguments:?}: {said}");
    }
    let (_, said) = run(&["explain", path, "GET", "/messages/7/open", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&json["decision"], &json["rule"]), (&"block".into(), &"open-message".into()));
    let socket = "[[websocket]]\nid = \"live\"\npath = \"/live\"\nmessages = [{ \"/type\" = \"subscribe\" }]\nwhy = \"Visits as they come\"";
    std::fs::write(&file, format!("version = 1\n{socket}")).unwrap();
    let table: [(&[&str], &str); 4] = [
        (&["/live", "--websocket"], "Passes, by live (websocket of this file). Visits as they come"),
        (&["/other", "--websocket"], "Blocked, by upgrade-refused (built in)"),
        (&["/live", "--websocket", "--message", r#"{"type":"subscribe"}"#], "Passes, by live (websocket of this file)"),
        (&["/live", "--websocket", "--message", r#"{"type":"delete"}"#], "Blocked, by unlisted-message (built in)"),
    ];
    for (arguments, words) in table {
        let (done, said) = run(&[&["explain", path, "GET"], arguments].concat()).await;
        assert!(done && said.contains(words), "{arguments:?}: {said}");
    }
    let files = "[[download]]\nid = \"files\"\npath = \"/files/{id}\"\ncontent_types = [\"text/csv\"]\nmax_bytes = 9";
    std::fs::write(&file, format!("version = 1\n{files}")).unwrap();
    let (_, said) = run(&["explain", path, "GET", "/files/7"]).await;
    assert!(
        said.contains(
            "may be kept as a file where the policy lets, by files (download of this file): text/csv, up to 9"
        ),
        "{said}"
    );
    let (_, said) = run(&["explain", path, "GET", "/files/7?all"]).await;
    assert!(said.contains("Passes") && !said.contains("kept"), "{said}");
    std::fs::write(&file, "version = 1\nabsent = [\"mfa\"]").unwrap();
    let (done, said) = run(&["check", path]).await;
    assert!(done && said.contains("read_write is not offered: say of password, email-change,"), "{said}");
    std::fs::write(&file, "version = 1\n[[wirte]]").unwrap();
    let (done, said) = run(&["check", path]).await;
    assert!(!done && said.contains("wirte") && said.contains("nothing was changed"), "{said}");
}

#[tokio::test]
async fn a_server_does_not_start_with_rules_that_it_does_not_understand() {
    let dir = tempfile::tempdir().unwrap();
    let (config, rules) = (dir.path().join("server.toml"), dir.path().join("rules.toml"));
    let portal = "[[portals]]\nid = \"barkside\"\nname = \"Barkside\"\ngateway_host = \"barkside.localhost\"\n\
                  upstream = \"http://127.0.0.1:9\"\naudience = \"barkside\"\n";
    let text = format!(
        "data_dir = '{}'\nlisten_api = \"127.0.0.1:0\"\nlisten_gateway = \"127.0.0.1:0\"\n{portal}rules = '{}'\n",
        dir.path().join("data").display(),
        rules.display()
    );
    std::fs::write(&config, text).unwrap();
    for (content, words) in [(None, "can't be read"), (Some("version = 7"), "this server reads files of version 1")] {
        if let Some(content) = content {
            std::fs::write(&rules, content).unwrap();
        }
        let output = program().arg("--config").arg(&config).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(words) && said.contains("rules.toml"), "{said}");
    }
}

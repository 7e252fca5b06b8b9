use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    sync::{Arc, atomic::AtomicI64},
    time::Duration,
};

use amberglass_demo_portal::{Portal, PortalError};
use tokio::{net::TcpListener, sync::oneshot};

use crate::gateway::{Gateway, START, config, page_claims, token};

const PATIENCE: Duration = Duration::from_secs(20);

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}

#[tokio::test]
async fn the_ticker_streams_and_ends_with_the_portal() {
    let gateway = Gateway::start().await;
    let portal = Portal::new(config(&gateway.jwks_url, gateway.now.clone(), false)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/ticker", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(portal.serve(listener, async move { stopped.await.unwrap() }));
    let mut answer = client().get(url).header("Amberglass-Identity", token(&page_claims("1042"))).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut seen = String::new();
    while seen.matches("event: tick").count() < 2 {
        seen.push_str(std::str::from_utf8(&answer.chunk().await.unwrap().expect("the stream ended")).unwrap());
    }
    assert!(seen.contains("2026-11-21T10:00:00Z"), "{seen}");
    stop.send(()).unwrap();
    while answer.chunk().await.unwrap().is_some() {}
    tokio::time::timeout(PATIENCE, serving).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn beyond_loopback_it_neither_listens_nor_fetches_keys_in_the_clear() {
    let now = Arc::new(AtomicI64::new(START));
    let portal = Portal::new(config("http://127.0.0.1:1/jwks.json", now.clone(), false)).unwrap();
    let everywhere = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let refused = portal.serve(everywhere, std::future::pending()).await;
    assert!(matches!(refused, Err(PortalError::NotLoopback(_))));
    let remote = Portal::new(config("http://keys.example/jwks.json", now.clone(), false));
    assert!(matches!(remote, Err(PortalError::JwksUrl(_))));
    assert!(Portal::new(config("https://keys.example/jwks.json", now, false)).is_ok());
}

/// Ends the program whatever happens to the test.
struct Running(std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_amberglass-demo-portal"));
    command.args(arguments).args(["--jwks-url", "http://127.0.0.1:1/jwks.json", "--issuer", "test"]);
    command
}

#[tokio::test]
async fn the_program_says_when_it_is_ready_and_that_it_cannot_reach_the_keys() {
    let mut child = program(&["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let stdout = child.stdout.take().unwrap();
    let _running = Running(child);
    let line =
        tokio::task::spawn_blocking(move || BufReader::new(stdout).lines().next().unwrap().unwrap()).await.unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(ready["ready"], true);
    let url = format!("http://{}/", ready["listen"].as_str().unwrap());
    let plain = client().get(&url).send().await.unwrap();
    assert_eq!(plain.status(), 401);
    let mut claims = page_claims("1042");
    claims["iss"] = "test".into();
    let answer = client().get(&url).header("Amberglass-Identity", token(&claims)).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.text().await.unwrap().contains("signing keys could not be fetched"));
}

#[tokio::test]
async fn the_program_refuses_an_address_beyond_loopback() {
    let output = program(&["--listen", "0.0.0.0:0"]).output().unwrap();
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("loopback addresses only"));
}

#[cfg(unix)]
#[tokio::test]
async fn the_program_ends_well_on_sigterm() {
    let mut child = program(&["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let stdout = child.stdout.take().unwrap();
    let mut running = Running(child);
    tokio::task::spawn_blocking(move || {
        BufReader::new(stdout).lines().next().unwrap().unwrap();
        let pid = running.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(running.0.wait().unwrap().success());
    })
    .await
    .unwrap();
}

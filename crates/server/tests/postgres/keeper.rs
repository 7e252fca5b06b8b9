//! The PostgreSQL that these tests start: it goes when they go.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
};

use amberglass_testkit::{postgres::Server, wait_until};

use crate::LIMIT;

#[test]
fn a_server_leaves_nothing_behind() {
    let server = Server::start();
    let home = server.home().to_owned();
    let database = server.database();
    assert_eq!(database.sql("SELECT 1 + 1"), Ok("2".into()));
    server.stop();
    assert!(database.sql("SELECT 1").is_err());
    server.start_again();
    assert_eq!(database.sql("SHOW server_encoding"), Ok("UTF8".into()));
    drop((database, server));
    assert!(!home.exists());
}

/// Set for the process that is to be killed.
const VICTIM: &str = "AMBERGLASS_TEST_VICTIM";
/// Before the folder, in what it prints.
const MARK: &str = "postgres is in ";

#[tokio::test]
async fn a_server_goes_when_the_tests_are_killed() {
    if std::env::var_os(VICTIM).is_some() {
        return wait_to_be_killed();
    }
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "keeper::a_server_goes_when_the_tests_are_killed", "--nocapture"])
        .env(VICTIM, "yes")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let home = lines.map_while(Result::ok).find_map(|line| line.strip_prefix(MARK).map(PathBuf::from)).unwrap();
    assert!(home.join("data/postmaster.pid").exists());
    victim.kill().unwrap();
    victim.wait().unwrap();
    wait_until("its folder to go", LIMIT, || async { (!home.exists()).then_some(()) }).await;
}

/// This test in a process of its own.
#[allow(clippy::print_stdout, reason = "the other process reads it")]
fn wait_to_be_killed() {
    let server = Server::start();
    println!("\n{MARK}{}", server.home().display());
    // A pipe on which nothing ever comes.
    let _ = std::io::stdin().lines().next();
}

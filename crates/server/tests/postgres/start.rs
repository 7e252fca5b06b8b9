//! What an operator reads when the database does not let the server start.

use std::process::Stdio;

use amberglass_server::store::{Store, StoreError};
use amberglass_testkit::postgres::Server;
use tokio::process::Command;

async fn refused(url: &str) -> StoreError {
    let error = Store::open(&url.into()).await.err().expect("it must not open");
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    error
}

#[tokio::test]
async fn a_database_that_is_not_there_is_told_from_one_that_refuses() {
    let server = Server::start();
    let database = server.database();
    database.sql("CREATE ROLE guarded LOGIN PASSWORD 'right'; REVOKE CREATE ON SCHEMA public FROM PUBLIC").unwrap();
    let right = database.url_of("guarded:right");
    let no_tables = refused(&right).await;
    assert!(matches!(no_tables, StoreError::Migration { number: 1, .. }), "{no_tables}");
    assert!(no_tables.to_string().contains("the right to make tables"), "{no_tables}");
    database.sql("GRANT CREATE ON SCHEMA public TO guarded").unwrap();
    Store::open(&right.as_str().into()).await.unwrap().close().await;

    let wrong = refused(&database.url_of("guarded:wrong-s3cret")).await;
    assert!(matches!(&wrong, StoreError::Refused { user, .. } if user == "guarded"), "{wrong}");
    assert!(wrong.to_string().contains("password"), "{wrong}");

    let missing = refused(&server.url("postgres:s3cret", "nowhere")).await;
    assert!(matches!(missing, StoreError::Missing { .. }), "{missing}");
    assert!(missing.to_string().contains("CREATE DATABASE \"nowhere\" OWNER \"postgres\""), "{missing}");

    database.sql("CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0").unwrap();
    let ascii = refused(&server.url("postgres", "ascii")).await;
    assert!(matches!(ascii, StoreError::Encoding { .. }), "{ascii}");

    server.stop();
    let down = refused(&database.url_of("postgres:s3cret")).await;
    assert!(matches!(down, StoreError::Unreachable { .. }), "{down}");
    assert!(down.to_string().contains("cannot be reached"), "{down}");

    let elsewhere = refused("mysql://root:s3cret@localhost/x").await;
    assert!(matches!(elsewhere, StoreError::Engine), "{elsewhere}");
}

#[tokio::test]
async fn the_program_says_what_is_wrong_with_the_database_and_not_its_password() {
    let dir = tempfile::tempdir().unwrap();
    let url = Server::shared().url("postgres:s3cret", "nowhere");
    std::fs::write(dir.path().join("url"), url).unwrap();
    let config = dir.path().join("server.toml");
    let folder = dir.path().display();
    std::fs::write(&config, format!("data_dir = '{folder}/data'\ndatabase_url_file = '{folder}/url'\n")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_amberglass-server"))
        .arg("--config")
        .arg(&config)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    assert!(said.contains("there is no database `nowhere`") && said.contains("CREATE DATABASE"), "{said}");
    assert!(!said.contains("s3cret"), "{said}");
}

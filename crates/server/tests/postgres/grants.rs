//! A server that owns nothing in its database can do its work and cannot touch its record.

use secrecy::SecretString;

use crate::{database, world::World};

const RECIPE: &str = include_str!("../../../../migrations/server/postgres/grants.sql");

#[tokio::test]
async fn a_server_with_the_rights_of_the_recipe_works_and_cannot_tamper_with_its_record() {
    let database = database();
    let postgres = database.postgres().unwrap();
    // The owner brings it up to this version.
    amberglass_server::store::Store::open(&database.url().into()).await.unwrap().close().await;
    let role = format!("server_of_{}", postgres.name());
    postgres.sql(&format!("CREATE ROLE {role} LOGIN")).unwrap();
    postgres.sql(&RECIPE.replace(":\"server_role\"", &role)).unwrap();

    let url = SecretString::from(postgres.url_of(&role));
    let as_server = sqlx::AnyPool::connect(&postgres.url_of(&role)).await.unwrap();
    let world = World::in_database(tempfile::tempdir().unwrap(), database, |config| config.database_url = url).await;
    let amy = world.amy().await;
    let id = world.start(&amy).await.session.id;
    world.end(&amy, &id).await;
    assert_eq!(world.kinds(&amy, &id).await, ["session_started", "session_ended"]);

    for statement in [
        "UPDATE audit_events SET body = ''",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events",
        "UPDATE checkpoints SET note = ''",
        "DELETE FROM checkpoints",
        "INSERT INTO retired VALUES ('w', 1, 'h', 'n', 0)",
        "UPDATE retired SET through = 9",
        "DELETE FROM retired",
        "UPDATE signers SET verifier_key = ''",
        "DELETE FROM alarms",
        "DELETE FROM break_glass",
        "ALTER TABLE audit_events DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_events_are_never_changed ON audit_events",
        "CREATE OR REPLACE FUNCTION audit_events_stand() RETURNS trigger LANGUAGE sql AS 'SELECT NULL'",
        "SET session_replication_role = replica",
        "DROP TABLE audit_events",
        "DELETE FROM schema_migrations",
        "CREATE TABLE mine (id TEXT)",
    ] {
        let error = sqlx::query(statement).execute(&as_server).await.unwrap_err().to_string();
        assert!(error.contains("permission denied") || error.contains("must be owner"), "{statement}: {error}");
    }
    as_server.close().await;
    let postgres = world.database.postgres().unwrap();
    drop(postgres.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}")));
}

//! Both engines have the same tables, columns and indexes: the store's SQL is one.

use std::collections::BTreeSet;

use amberglass_server::store::Store;
use amberglass_testkit::{Engine, TestDatabase};
use sqlx::{AnyPool, Row as _};

use crate::database;

const SQLITE_COLUMNS: &str = "SELECT t.name AS a, c.name AS b, CAST(lower(c.type) AS TEXT) AS c, \
     CASE WHEN c.\"notnull\" = 1 OR c.pk > 0 THEN 'not null' ELSE 'null' END AS d \
     FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%'";
const POSTGRES_COLUMNS: &str = "SELECT CAST(table_name AS TEXT) AS a, CAST(column_name AS TEXT) AS b, \
     CASE data_type WHEN 'bigint' THEN 'integer' ELSE CAST(data_type AS TEXT) END AS c, \
     CASE is_nullable WHEN 'NO' THEN 'not null' ELSE 'null' END AS d \
     FROM information_schema.columns WHERE table_schema = 'public'";

/// Those that were given a name, and whether they are unique.
const SQLITE_INDEXES: &str = "SELECT t.name AS a, i.name AS b, CASE i.\"unique\" WHEN 1 THEN 'unique' ELSE '' END AS c, \
     CASE i.partial WHEN 1 THEN 'partial' ELSE '' END AS d \
     FROM sqlite_master t JOIN pragma_index_list(t.name) i WHERE t.type = 'table' AND i.origin = 'c'";
const POSTGRES_INDEXES: &str = "SELECT CAST(t.relname AS TEXT) AS a, CAST(c.relname AS TEXT) AS b, \
     CASE WHEN i.indisunique THEN 'unique' ELSE '' END AS c, CASE WHEN i.indpred IS NULL THEN '' ELSE 'partial' END AS d \
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid \
     JOIN pg_namespace n ON n.oid = t.relnamespace WHERE n.nspname = 'public' \
     AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)";

/// Primary keys and unique columns: table and columns in their order. A rowid that is the key has no index on SQLite.
const SQLITE_KEYS: &str = "SELECT t.name AS a, (SELECT group_concat(c.name, ',') FROM pragma_index_info(i.name) c) AS b, \
     '' AS c, '' AS d \
     FROM sqlite_master t JOIN pragma_index_list(t.name) i WHERE t.type = 'table' AND i.origin IN ('u', 'pk')";
const POSTGRES_KEYS: &str = "SELECT CAST(t.relname AS TEXT) AS a, (SELECT string_agg(CAST(c.attname AS TEXT), ',' ORDER BY p.n) \
     FROM unnest(k.conkey) WITH ORDINALITY p (number, n) \
     JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum = p.number) AS b, '' AS c, '' AS d \
     FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid \
     WHERE k.contype IN ('p', 'u') AND k.connamespace = 'public'::regnamespace \
     AND NOT (k.contype = 'p' AND t.relname IN ('audit_events', 'checkpoints', 'schema_migrations'))";

async fn rows(pool: &AnyPool, question: &'static str) -> BTreeSet<[String; 4]> {
    let rows = sqlx::query(question).fetch_all(pool).await.unwrap();
    assert!(!rows.is_empty(), "{question}");
    rows.iter().map(|row| ["a", "b", "c", "d"].map(|column| row.get::<String, _>(column))).collect()
}

#[tokio::test]
async fn tables_columns_and_indexes_are_the_same_on_both_engines() {
    let dir = tempfile::tempdir().unwrap();
    let (sqlite, postgres) = (TestDatabase::on(Engine::Sqlite, dir.path()), database());
    let mut pools = Vec::new();
    for database in [&sqlite, &postgres] {
        Store::open(&database.url().into()).await.unwrap().close().await;
        pools.push(AnyPool::connect(database.url()).await.unwrap());
    }
    for (of_sqlite, of_postgres) in
        [(SQLITE_COLUMNS, POSTGRES_COLUMNS), (SQLITE_INDEXES, POSTGRES_INDEXES), (SQLITE_KEYS, POSTGRES_KEYS)]
    {
        let (ours, theirs) = (rows(&pools[0], of_sqlite).await, rows(&pools[1], of_postgres).await);
        let only_sqlite: Vec<_> = ours.difference(&theirs).collect();
        let only_postgres: Vec<_> = theirs.difference(&ours).collect();
        assert!(only_sqlite.is_empty() && only_postgres.is_empty(), "{only_sqlite:?} {only_postgres:?}");
    }
}

//! Brings a database up to this version: forward only, each step in a transaction of its own with its mark.
//!
//! Every look at the marks is taken with the write lock held, so that servers that start at the same time do not get in
//! each other's way: one carries the step out, the others find it done.

use sha2::{Digest as _, Sha256};
use sqlx::Row as _;

use super::{
    StoreError,
    engine::{Engine, Line, Opened},
};

/// One step: its number and its text for each engine.
struct Step {
    number: i64,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! step {
    ($number:literal, $file:literal) => {
        Step {
            number: $number,
            sqlite: include_str!(concat!("../../../../migrations/server/sqlite/", $file)),
            postgres: include_str!(concat!("../../../../migrations/server/postgres/", $file)),
        }
    };
}

/// In order; numbers without gaps, shared by both engines.
const STEPS: [Step; 12] = [
    step!(1, "0001_spine.sql"),
    step!(2, "0002_main_job.sql"),
    step!(3, "0003_checkpoints.sql"),
    step!(4, "0004_erasure.sql"),
    step!(5, "0005_alarms.sql"),
    step!(6, "0006_approvals.sql"),
    step!(7, "0007_rules.sql"),
    step!(8, "0008_cookie_jars.sql"),
    step!(9, "0009_lists.sql"),
    step!(10, "0010_tests_are_news.sql"),
    step!(11, "0011_unmasked_fields.sql"),
    step!(12, "0012_portal_lists.sql"),
];

impl Step {
    fn text(&self, engine: Engine) -> &'static str {
        match engine {
            Engine::Sqlite => self.sqlite,
            Engine::Postgres => self.postgres,
        }
    }
}

/// What one look came to.
enum Look {
    UpToDate,
    /// One step was carried out; there may be more.
    Stepped,
}

pub(super) async fn run(opened: &Opened) -> Result<(), StoreError> {
    loop {
        let engine = opened.engine;
        let mut line =
            Line::begin(&opened.writer, engine.begin_migration(), engine.migration_patience(), &opened.condition)
                .await?;
        let look = look(&mut line, engine).await?;
        line.commit().await?;
        match look {
            Look::UpToDate => return Ok(()),
            Look::Stepped => {}
        }
    }
}

async fn look(line: &mut Line, engine: Engine) -> Result<Look, StoreError> {
    make_marks(line, engine).await?;
    let marks =
        sqlx::query("SELECT number, sha256 FROM schema_migrations ORDER BY number").fetch_all(&mut *line).await?;
    let mut done = Vec::with_capacity(marks.len());
    for mark in &marks {
        let (number, hash): (i64, String) = (mark.try_get("number")?, mark.try_get("sha256")?);
        match STEPS.iter().find(|step| step.number == number) {
            None => return Err(StoreError::Newer { found: number }),
            Some(step) if hash_of(step.text(engine)) != hash => return Err(StoreError::Altered { number }),
            Some(_) => done.push(number),
        }
    }
    let Some(step) = STEPS.iter().find(|step| !done.contains(&step.number)) else { return Ok(Look::UpToDate) };
    carry_out(line, step, engine).await.map_err(|source| StoreError::Migration { number: step.number, source })?;
    Ok(Look::Stepped)
}

/// The table of marks, unless it is there. Who may make no tables needs not even try then.
async fn make_marks(line: &mut Line, engine: Engine) -> Result<(), StoreError> {
    let making = match engine {
        Engine::Sqlite => {
            "CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER PRIMARY KEY, sha256 TEXT NOT NULL)"
        }
        Engine::Postgres => {
            let there = sqlx::query("SELECT to_regclass('schema_migrations') IS NOT NULL AS there");
            if there.fetch_one(&mut *line).await?.try_get("there")? {
                return Ok(());
            }
            "CREATE TABLE schema_migrations (number BIGINT PRIMARY KEY, sha256 TEXT NOT NULL)"
        }
    };
    sqlx::query(making)
        .execute(&mut *line)
        .await
        .map(|_| ())
        .map_err(|source| StoreError::Migration { number: 1, source })
}

async fn carry_out(line: &mut Line, step: &Step, engine: Engine) -> Result<(), sqlx::Error> {
    let text = step.text(engine);
    sqlx::raw_sql(text).execute(&mut *line).await?;
    sqlx::query("INSERT INTO schema_migrations (number, sha256) VALUES ($1, $2)")
        .bind(step.number)
        .bind(hash_of(text))
        .execute(&mut *line)
        .await?;
    Ok(())
}

fn hash_of(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_numbered_from_one_without_a_gap() {
        let numbers: Vec<i64> = STEPS.iter().map(|step| step.number).collect();
        assert_eq!(numbers, (1..).take(STEPS.len()).collect::<Vec<i64>>());
    }
}

//! Puts a year's audit log into a database that the server has made, past the server: row by row it would take hours.

use std::{fmt::Write as _, path::Path};

use amberglass_testkit::{Engine, TestDatabase};
use anyhow::{Context as _, Result};
use rusqlite::params;
use sqlx::{Connection as _, postgres::PgConnection};

use super::audit_rows::{Agent, Row, Rows, Session, agents};

/// Rows of one transaction, or of one piece that is sent.
const PIECE: usize = 20_000;

const EVENT: &str = "writer, seq, id, session, occurred_at, monotonic_millis, kind, prev_hash, commitment, salt, body, hash, \
     received_at, staff, customer, portal, device, is_page";
const SESSION: &str = "id, code, state, slot, staff, device, portal, customer, customer_json, reason_code, reason_text, mode, \
     policy_hash, created_at, started_at, expires_at, last_heartbeat_at, last_input_at, customer_checked_at, entered_at, \
     ended_at, ended_by, reconciled_at";
const STAFF: &str = "id, email, email_key, name, role, password_hash, active, created_at";
const DEVICE: &str = "id, public_key, name, registered_by, registered_at";
const POLICY: &str = "8f14e45fceea167a5a36dedd4bea2543b1d9b2b0a5a5c5d5e5f5a5b5c5d5e5f5";

/// Gives the sessions.
///
/// # Errors
/// When a row does not go in.
pub async fn fill(database: &TestDatabase, rows: Rows) -> Result<Vec<Session>> {
    match database.engine {
        Engine::Sqlite => {
            let file = database.url().strip_prefix("sqlite://").context("the address of a file")?;
            sqlite(Path::new(file), rows)
        }
        Engine::Postgres => postgres(database.url(), rows).await,
    }
}

fn sqlite(file: &Path, mut rows: Rows) -> Result<Vec<Session>> {
    let mut connection = rusqlite::Connection::open(file)?;
    // What is lost when the machine fails now is made again.
    connection.pragma_update(None, "synchronous", "off")?;
    connection.pragma_update(None, "cache_size", -524_288)?;
    loop {
        let transaction = connection.transaction()?;
        let places = vec!["?"; 18].join(", ");
        let mut insert =
            transaction.prepare_cached(&format!("INSERT INTO audit_events ({EVENT}) VALUES ({places})"))?;
        let mut count = 0;
        for row in rows.by_ref().take(PIECE) {
            let Row { record, subject, is_page } = row?;
            insert.execute(params![
                record.writer,
                record.seq,
                record.id.0,
                record.session.map(|id| id.0),
                record.occurred_at.0,
                record.monotonic_millis,
                record.kind,
                record.prev_hash,
                record.commitment,
                record.salt,
                record.body,
                record.hash,
                record.occurred_at.0,
                subject.staff.map(|id| id.0),
                subject.customer.map(|id| id.0),
                subject.portal.map(|id| id.0),
                subject.device.map(|id| id.0),
                i64::from(is_page),
            ])?;
            count += 1;
        }
        drop(insert);
        transaction.commit()?;
        if count < PIECE {
            break;
        }
    }
    let sessions = rows.into_sessions();
    let transaction = connection.transaction()?;
    for (n, agent) in agents().iter().enumerate() {
        put(&transaction, "staff", STAFF, &staff(agent, n))?;
        put(&transaction, "devices", DEVICE, &device(agent, n))?;
    }
    let agents = agents();
    for one in &sessions {
        put(&transaction, "sessions", SESSION, &session(one, agents.get(one.agent).context("an agent")?)?)?;
    }
    transaction.commit()?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(sessions)
}

fn put(transaction: &rusqlite::Transaction<'_>, table: &str, columns: &str, values: &[String]) -> Result<()> {
    let places = vec!["?"; values.len()].join(", ");
    // Numbers become numbers by the columns' types.
    transaction
        .prepare_cached(&format!("INSERT INTO {table} ({columns}) VALUES ({places})"))?
        .execute(rusqlite::params_from_iter(values))?;
    Ok(())
}

async fn postgres(url: &str, mut rows: Rows) -> Result<Vec<Session>> {
    let mut connection = PgConnection::connect(url).await?;
    let mut copy = connection.copy_in_raw(&format!("COPY audit_events ({EVENT}) FROM STDIN")).await?;
    loop {
        let mut piece = String::new();
        for row in rows.by_ref().take(PIECE) {
            let Row { record, subject, is_page } = row?;
            let numbers = [record.seq, record.occurred_at.0, record.monotonic_millis, i64::from(is_page)];
            let [seq, at, monotonic, is_page] = numbers.map(|number| number.to_string());
            let id = |id: Option<String>| id.unwrap_or_else(|| "\\N".into());
            // Of what stands here only a body could hold a backslash, as JSON does.
            let body = record.body.replace('\\', "\\\\");
            let values = [
                record.writer,
                seq,
                record.id.0,
                id(record.session.map(|id| id.0)),
                at.clone(),
                monotonic,
                record.kind,
                record.prev_hash,
                record.commitment,
                record.salt,
                body,
                record.hash,
                at,
                id(subject.staff.map(|id| id.0)),
                id(subject.customer.map(|id| id.0)),
                id(subject.portal.map(|id| id.0)),
                id(subject.device.map(|id| id.0)),
                is_page,
            ];
            writeln!(piece, "{}", values.join("\t"))?;
        }
        if piece.is_empty() {
            break;
        }
        copy.send(piece.into_bytes()).await?;
    }
    copy.finish().await?;
    let sessions = rows.into_sessions();
    let agents = agents();
    let (mut people, mut devices, mut looks) = (String::new(), String::new(), String::new());
    for (n, agent) in agents.iter().enumerate() {
        writeln!(people, "{}", staff(agent, n).join("\t"))?;
        writeln!(devices, "{}", device(agent, n).join("\t"))?;
    }
    for one in &sessions {
        writeln!(looks, "{}", session(one, agents.get(one.agent).context("an agent")?)?.join("\t"))?;
    }
    for (table, columns, text) in [("staff", STAFF, people), ("devices", DEVICE, devices), ("sessions", SESSION, looks)]
    {
        let mut copy = connection.copy_in_raw(&format!("COPY {table} ({columns}) FROM STDIN")).await?;
        copy.send(text.into_bytes()).await?;
        copy.finish().await?;
    }
    // As the database does by itself within the hour.
    sqlx::raw_sql("VACUUM (ANALYZE) audit_events").execute(&mut connection).await?;
    sqlx::raw_sql("VACUUM (ANALYZE) sessions").execute(&mut connection).await?;
    connection.close().await?;
    Ok(sessions)
}

fn staff(agent: &Agent, n: usize) -> Vec<String> {
    let name = format!("Agent {n}");
    // Nobody can sign in with this.
    [&agent.id, &agent.email, &agent.email, &name, "agent", "!", "1", "1700000000000"].map(ToString::to_string).into()
}

fn device(agent: &Agent, n: usize) -> Vec<String> {
    [agent.device.clone(), format!("key {n}"), "desk".into(), agent.id.clone(), "1700000000000".into()].into()
}

fn session(session: &Session, agent: &Agent) -> Result<Vec<String>> {
    let (started, ended) = (session.started_at.to_string(), session.ended_at.to_string());
    let expires = (session.ended_at + 600_000).to_string();
    Ok([
        session.id.clone(),
        session.code.clone(),
        "ended".into(),
        "0".into(),
        agent.id.clone(),
        agent.device.clone(),
        session.customer.portal.0.clone(),
        session.customer.id.0.clone(),
        serde_json::to_string(&session.customer)?,
        "other".into(),
        "The calendar shows a wrong day".into(),
        "read_only".into(),
        POLICY.into(),
        started.clone(),
        started.clone(),
        expires,
        ended.clone(),
        ended.clone(),
        started.clone(),
        started,
        ended.clone(),
        "staff".into(),
        ended,
    ]
    .into())
}

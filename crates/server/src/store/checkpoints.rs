//! Signed heads of chains: insert and read. There is no update and no delete, here or in the schema.

use amberglass_domain::checkpoint::WriterHead;
use amberglass_wire::{UnixMillis, event_stream::ChainHead};
use sqlx::{Row as _, any::AnyRow};

use super::{Store, StoreError, Tx, chains::writer_head};

/// One head that was signed, and the note that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointRow {
    /// `server:<id>`, or the device itself.
    pub signer: String,
    pub writer: String,
    pub head: ChainHead,
    pub issued_at: UnixMillis,
    /// A signed note, whole.
    pub note: String,
}

impl Tx {
    pub async fn insert_checkpoint(&mut self, row: &CheckpointRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO checkpoints (signer, writer, seq, hash, issued_at, note) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(row.signer.clone())
        .bind(row.writer.clone())
        .bind(row.head.seq)
        .bind(row.head.hash.clone())
        .bind(row.issued_at.0)
        .bind(row.note.clone())
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }
}

impl Tx {
    /// False when the key is known already.
    pub async fn add_signer(&mut self, name: &str, verifier_key: &str, at: UnixMillis) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO signers (name, verifier_key, added_at) VALUES ($1, $2, $3) ON CONFLICT (verifier_key) DO NOTHING",
        )
        .bind(name.to_owned())
        .bind(verifier_key.to_owned())
        .bind(at.0)
        .execute(&mut *self.inner)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Verifier keys of every server that ever worked on this database.
    pub async fn signer_keys(&mut self) -> Result<Vec<String>, StoreError> {
        sqlx::query("SELECT verifier_key FROM signers ORDER BY added_at, verifier_key")
            .fetch_all(&mut *self.inner)
            .await?
            .iter()
            .map(|row| Ok(row.try_get("verifier_key")?))
            .collect()
    }

    /// Whether a server has signed a higher number of this writer.
    pub async fn signed_beyond(&mut self, writer: &str, seq: i64) -> Result<Option<ChainHead>, StoreError> {
        let row = sqlx::query(
            "SELECT seq, hash FROM checkpoints WHERE writer = $1 AND seq > $2 AND signer LIKE 'server:%' \
             ORDER BY seq DESC LIMIT 1",
        )
        .bind(writer.to_owned())
        .bind(seq)
        .fetch_optional(&mut *self.inner)
        .await?;
        row.map(|row| Ok(ChainHead { seq: row.try_get("seq")?, hash: row.try_get("hash")? })).transpose()
    }
}

impl Store {
    /// Name and verifier key of every server that ever worked on this database, in the order of their first use.
    pub async fn signers(&self) -> Result<Vec<(String, String)>, StoreError> {
        sqlx::query("SELECT name, verifier_key FROM signers ORDER BY added_at, verifier_key")
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(|row| Ok((row.try_get("name")?, row.try_get("verifier_key")?)))
            .collect()
    }

    /// The last that was signed of each writer, by whomever. From writer to writer along the index: there are very many rows.
    pub async fn last_signed(&self) -> Result<Vec<WriterHead>, StoreError> {
        sqlx::query(concat!(
            "WITH RECURSIVE w (writer) AS (SELECT MIN(writer) FROM checkpoints UNION ALL ",
            "SELECT (SELECT MIN(c.writer) FROM checkpoints c WHERE c.writer > w.writer) FROM w WHERE w.writer IS NOT NULL) ",
            "SELECT DISTINCT c.writer, c.seq, c.hash FROM w JOIN checkpoints c ON c.writer = w.writer ",
            "AND c.seq = (SELECT MAX(m.seq) FROM checkpoints m WHERE m.writer = w.writer)"
        ))
        .fetch_all(&self.readers)
        .await?
        .iter()
        .map(writer_head)
        .collect()
    }

    /// The one that a server signed of this writer with the highest number below `seq`.
    pub async fn checkpoint_below(&self, writer: &str, seq: i64) -> Result<Option<CheckpointRow>, StoreError> {
        let row = sqlx::query(concat!(
            "SELECT signer, writer, seq, hash, issued_at, note FROM checkpoints ",
            "WHERE writer = $1 AND seq < $2 AND signer LIKE 'server:%' ORDER BY seq DESC, position LIMIT 1"
        ))
        .bind(writer.to_owned())
        .bind(seq)
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(checkpoint).transpose()
    }

    /// The one that a server signed of this writer with the lowest number from `seq` on.
    pub async fn checkpoint_from(&self, writer: &str, seq: i64) -> Result<Option<CheckpointRow>, StoreError> {
        let row = sqlx::query(concat!(
            "SELECT signer, writer, seq, hash, issued_at, note FROM checkpoints ",
            "WHERE writer = $1 AND seq >= $2 AND signer LIKE 'server:%' ORDER BY seq, position LIMIT 1"
        ))
        .bind(writer.to_owned())
        .bind(seq)
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(checkpoint).transpose()
    }

    /// Whoever signed it, the last of this writer with a number within these bounds.
    pub async fn last_checkpoint_of(
        &self,
        signer: &str,
        writer: &str,
        after: i64,
        through: i64,
    ) -> Result<Option<CheckpointRow>, StoreError> {
        let row = sqlx::query(concat!(
            "SELECT signer, writer, seq, hash, issued_at, note FROM checkpoints ",
            "WHERE signer = $1 AND writer = $2 AND seq > $3 AND seq <= $4 ORDER BY seq DESC, position DESC LIMIT 1"
        ))
        .bind(signer.to_owned())
        .bind(writer.to_owned())
        .bind(after)
        .bind(through)
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(checkpoint).transpose()
    }
}

fn checkpoint(row: &AnyRow) -> Result<CheckpointRow, StoreError> {
    Ok(CheckpointRow {
        signer: row.try_get("signer")?,
        writer: row.try_get("writer")?,
        head: ChainHead { seq: row.try_get("seq")?, hash: row.try_get("hash")? },
        issued_at: UnixMillis(row.try_get("issued_at")?),
        note: row.try_get("note")?,
    })
}

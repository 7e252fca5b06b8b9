//! Heads that devices have shown of their chains, by signed heartbeats.

use amberglass_domain::chain;
use amberglass_wire::{DeviceId, UnixMillis, event_stream::ChainHead};
use sqlx::{Row as _, any::AnyRow};

use super::{Store, StoreError, Tx};

/// A head as it was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceHeadRow {
    pub device: DeviceId,
    pub writer: String,
    pub head: ChainHead,
    /// By the heartbeat that showed it first.
    pub signed_at: UnixMillis,
}

/// What is held of a chain around one number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldAround {
    pub hash: Option<String>,
    /// When the record after it came in.
    pub next_received_at: Option<UnixMillis>,
}

/// Of the device's latest chain the highest.
const LAST: &str = "SELECT device, writer, seq, hash, signed_at FROM device_heads WHERE device = $1 \
     ORDER BY number DESC, seq DESC LIMIT 1";

impl Tx {
    /// The furthest that a device has shown.
    pub async fn last_device_head(&mut self, device: &DeviceId) -> Result<Option<DeviceHeadRow>, StoreError> {
        let row = sqlx::query(LAST).bind(device.0.clone()).fetch_optional(&mut *self.inner).await?;
        row.as_ref().map(device_head).transpose()
    }

    pub async fn insert_device_head(&mut self, row: &DeviceHeadRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO device_heads (writer, seq, hash, device, number, signed_at) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(row.writer.clone())
        .bind(row.head.seq)
        .bind(row.head.hash.clone())
        .bind(row.device.0.clone())
        .bind(i64::from(chain::number_in_device(&row.writer)))
        .bind(row.signed_at.0)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    /// What was shown of this chain from one number to another.
    pub async fn device_heads_between(
        &mut self,
        writer: &str,
        from: i64,
        through: i64,
    ) -> Result<Vec<ChainHead>, StoreError> {
        sqlx::query("SELECT seq, hash FROM device_heads WHERE writer = $1 AND seq >= $2 AND seq <= $3 ORDER BY seq")
            .bind(writer.to_owned())
            .bind(from)
            .bind(through)
            .fetch_all(&mut *self.inner)
            .await?
            .iter()
            .map(|row| Ok(ChainHead { seq: row.try_get("seq")?, hash: row.try_get("hash")? }))
            .collect()
    }

    /// Their records are held now, and were the ones shown; the last that was shown of the chain stays.
    pub async fn forget_device_heads(&mut self, writer: &str, through: i64) -> Result<(), StoreError> {
        sqlx::query(
            "DELETE FROM device_heads WHERE writer = $1 AND seq <= $2 \
             AND seq < (SELECT MAX(h.seq) FROM device_heads h WHERE h.writer = $1)",
        )
        .bind(writer.to_owned())
        .bind(through)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    pub async fn held_around(&mut self, writer: &str, seq: i64) -> Result<HeldAround, StoreError> {
        let rows = sqlx::query(
            "SELECT seq, hash, received_at FROM audit_events WHERE writer = $1 AND seq >= $2 AND seq <= $3",
        )
        .bind(writer.to_owned())
        .bind(seq)
        .bind(seq.saturating_add(1))
        .fetch_all(&mut *self.inner)
        .await?;
        let mut held = HeldAround::default();
        for row in rows {
            if row.try_get::<i64, _>("seq")? == seq {
                held.hash = Some(row.try_get("hash")?);
            } else {
                held.next_received_at = Some(UnixMillis(row.try_get("received_at")?));
            }
        }
        Ok(held)
    }
}

impl Store {
    pub async fn last_device_head(&self, device: &DeviceId) -> Result<Option<DeviceHeadRow>, StoreError> {
        let row = sqlx::query(LAST).bind(device.0.clone()).fetch_optional(&self.readers).await?;
        row.as_ref().map(device_head).transpose()
    }
}

fn device_head(row: &AnyRow) -> Result<DeviceHeadRow, StoreError> {
    Ok(DeviceHeadRow {
        device: DeviceId(row.try_get("device")?),
        writer: row.try_get("writer")?,
        head: ChainHead { seq: row.try_get("seq")?, hash: row.try_get("hash")? },
        signed_at: UnixMillis(row.try_get("signed_at")?),
    })
}

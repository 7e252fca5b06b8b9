//! `amberglass-server device`: the consoles that staff have signed in on.

use amberglass_domain::reason;
use amberglass_server::{
    accounts::devices::{Revocation, revoke_in},
    operator::Operator,
    store::ListedDeviceRow,
};
use amberglass_wire::{DeviceId, problem::ErrorCode};
use anyhow::bail;
use clap::Subcommand;
use serde_json::json;

use crate::output::{Output, time};

#[derive(Subcommand)]
pub enum Device {
    /// Who signed in on what, those seen last first.
    List {
        #[command(flatten)]
        output: Output,
    },
    /// The device is signed out at once, its sessions end, and nobody can sign in on it again. What it has recorded may
    /// still be delivered.
    Revoke {
        /// As `device list` shows it.
        #[arg(value_name = "ID")]
        id: String,
        /// Why, in at least ten characters; it stands in the record.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        output: Output,
    },
}

pub async fn run(operator: &Operator, command: Device) -> anyhow::Result<()> {
    match command {
        Device::List { output } => list(operator, output).await,
        Device::Revoke { id, reason, output } => revoke(operator, &DeviceId::new(id), reason.trim(), output).await,
    }
}

async fn list(operator: &Operator, output: Output) -> anyhow::Result<()> {
    let devices = operator.store.devices(None).await?;
    let names = |row: &ListedDeviceRow| row.staff.iter().map(|(_, name)| name.clone()).collect::<Vec<_>>();
    let rows: Vec<[String; 5]> = devices
        .iter()
        .map(|row| {
            [
                row.device.id.0.clone(),
                row.device.name.clone(),
                names(row).join(", "),
                row.last_seen_at.map(time).unwrap_or_default(),
                row.device.revoked_at.map(|at| format!("revoked {}", time(at))).unwrap_or_else(|| "in use".into()),
            ]
        })
        .collect();
    let all: Vec<_> = devices
        .iter()
        .map(|row| {
            json!({
                "id": row.device.id, "name": row.device.name, "staff": names(row),
                "registered_at": row.device.registered_at, "registered_by": row.registered_by_name,
                "last_seen_at": row.last_seen_at, "revoked_at": row.device.revoked_at,
            })
        })
        .collect();
    output.table(["id", "name", "staff", "last seen", "state"], &rows, "Nobody has signed in yet.", &all)
}

async fn revoke(operator: &Operator, id: &DeviceId, reason: &str, output: Output) -> anyhow::Result<()> {
    match reason::check_text(reason) {
        Ok(()) => {}
        Err(ErrorCode::ReasonTooShort) => {
            bail!("the reason is too short: ten characters at least; nothing was changed")
        }
        Err(_) => bail!("the reason says nothing: it stands in the record; nothing was changed"),
    }
    let mut tx = operator.store.begin().await?;
    let revocation = revoke_in(&mut tx, &operator.audit, id, None, reason, operator.clock.now()).await?;
    let sentence = match revocation {
        Revocation::Revoked => {
            tx.commit().await?;
            "The device is revoked: it is signed out, and its sessions end."
        }
        Revocation::RevokedBefore => "The device was revoked before; nothing was changed.",
        Revocation::Unknown => bail!("there is no device {id}; `device list` shows them all"),
    };
    output.done(sentence, &json!({ "id": id, "changed": revocation == Revocation::Revoked }))
}

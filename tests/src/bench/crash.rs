//! `cargo xtask bench crash`: a journal is killed while it appends and delivers, as often as asked. Fails when a record is
//! lost, there twice or out of order. The last line is the result as JSON.

use std::{io::Write, path::PathBuf};

use anyhow::Result;
use serde_json::json;

use super::machine;
use crate::crash::Rig;

/// Rounds after which everything is compared, and a new journal begins.
const ROUNDS_EACH: u32 = 250;

pub struct Setting {
    /// Where the built programs are.
    pub bin_dir: PathBuf,
    /// On a real disk.
    pub folder: PathBuf,
    pub rounds: u32,
}

/// # Errors
/// When anything is lost.
pub async fn run(setting: &Setting, out: &mut impl Write) -> Result<()> {
    machine::on_a_real_disk(&setting.folder)?;
    let (mut left, mut seed) = (setting.rounds, 1);
    let (mut appended, mut held, mut deaths, mut broken) = (0, 0, 0, 0);
    while left > 0 {
        let folder = tempfile::tempdir_in(&setting.folder)?;
        let mut rig = Rig::open(&setting.bin_dir, folder.path(), "", seed).await?;
        for _ in 0..left.min(ROUNDS_EACH) {
            rig.round().await?;
        }
        let told = rig.settle()?;
        writeln!(out, "{told:?}")?;
        (left, seed) = (left - told.rounds, seed + 1);
        (appended, held) = (appended + told.appended, held + told.held);
        (deaths, broken) = (deaths + told.server_deaths, broken + told.broken_connections);
    }
    let result = json!({
        "rounds": setting.rounds, "appended": appended, "held": held, "lost": 0, "server_deaths": deaths,
        "broken_connections": broken,
    });
    Ok(writeln!(out, "{result}")?)
}

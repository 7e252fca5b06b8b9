//! Memory of the console with a session open, beside Chromium with the same two pages. Both start anew each time, one after
//! the other: what both would share must not halve either.

use std::path::Path;

use amberglass_domain::ports::Clock as _;
use amberglass_system::SystemClock;
use anyhow::{Context as _, Result};

use super::{
    chromium::Chromium,
    door::{OpenDoor, Side},
    family::{Family, Member},
    figures::Series,
    pairs::{end_session, open_card, press_start},
    start::Place,
    ui_pages::UiPages,
};
use crate::portal_window::PortalWindow;

/// Until caches are filled and what a start needed is given back.
const SETTLE_MILLIS: i64 = 8_000;
const SAMPLES: u32 = 5;
const BETWEEN_SAMPLES_MILLIS: i64 = 1_000;

/// KiB of proportional set size, over all processes.
#[derive(Default)]
pub struct Memory {
    pub console: Series,
    pub chromium: Series,
    /// Process by process, of the last sample.
    pub console_parts: Vec<Member>,
    pub chromium_parts: Vec<Member>,
    /// The most processes of others at a sample that share pages with what was measured.
    pub strangers: usize,
}

impl Memory {
    /// One fresh console with a session, then one fresh Chromium.
    pub async fn round(&mut self, place: &Place<'_>, door: &mut OpenDoor, ui: &UiPages, number: u32) -> Result<()> {
        let dir = place.dir.join(format!("memory-{number}"));
        let home = dir.join("console");
        let console = place.console(&home).await?;
        door.forget();
        open_card(&console).await?;
        press_start(place.desk, &console).await?;
        door.painted(Side::Gateway).await?;
        PortalWindow::wait_until_painted(place.desk).await?;
        let driver = i32::try_from(console.driver_id()).context("no process id")?;
        let marker = format!("AMBERGLASS_HOME={}", home.display());
        // The driver is a tool of the bench; what it has started is the console.
        let family = Family { first: driver, marker, apart: vec![driver] };
        self.console_parts = sample(&family, &mut self.console, &mut self.strangers).await?;
        end_session(&console).await?;
        console.close().await?;
        self.chromium(place, door, ui, &dir).await
    }

    async fn chromium(&mut self, place: &Place<'_>, door: &mut OpenDoor, ui: &UiPages, dir: &Path) -> Result<()> {
        door.forget();
        let portal = format!("{}/", door.direct);
        let chromium = Chromium::start(place.desk, &dir.join("chromium"), &ui.console(), &portal).await?;
        door.painted(Side::Direct).await?;
        self.chromium_parts = sample(&chromium.family()?, &mut self.chromium, &mut self.strangers).await?;
        Ok(())
    }
}

/// Lets it settle, and adds what it holds then, some times over. Answers who held how much at last.
pub async fn sample(family: &Family, into: &mut Series, strangers: &mut usize) -> Result<Vec<Member>> {
    let mut at = SystemClock.monotonic_millis() + SETTLE_MILLIS;
    let mut members = Vec::new();
    for _ in 0..SAMPLES {
        SystemClock.sleep_until(at).await;
        at += BETWEEN_SAMPLES_MILLIS;
        *strangers = family.strangers()?.max(*strangers);
        members = family.members()?;
        into.add(members.iter().map(|member| member.pss_kib).sum::<u64>() as f64);
    }
    Ok(members)
}

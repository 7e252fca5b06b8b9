//! The console that rests beside the clock: its window is closed, the program goes on, and a click in the tray brings it back.

use std::{path::Path, time::Duration};

use amberglass_domain::ports::Clock as _;
use amberglass_system::SystemClock;
use amberglass_testkit::wait_until;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{
    desktop_side::{Side, TITLE, settle},
    family::Member,
    figures::Series,
    film::Film,
    memory::sample,
    wakeups::Wakeups,
};
use crate::{
    desk::Desk,
    tray_host::{TrayHost, TrayLine},
};

const LIMIT: Duration = Duration::from_secs(20);
/// Where the console keeps what a person prefers, below the person's folder.
const PREFERENCES: &str = ".local/share/app.amberglass.console/preferences.json";

#[derive(Default)]
pub struct Resting {
    /// KiB of proportional set size, over all processes.
    pub memory: Series,
    pub parts: Vec<Member>,
    pub wakeups_per_minute: Series,
    pub wakes_most: String,
    /// Milliseconds from the click until the screen stands again.
    pub back: Series,
    /// The same, until anything is to be seen again.
    pub back_window: Series,
    /// KiB, of one that has begun at rest and never had a window.
    pub begun_so: Series,
    pub strangers: usize,
}

/// The person prefers it to rest.
pub fn prefer(home: &Path) -> Result<()> {
    let file = home.join(PREFERENCES);
    let text = std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    let mut preferences: Value = serde_json::from_str(&text)?;
    let all = preferences.as_object_mut().context("the preferences are no object")?;
    all.insert("rest_in_tray".to_owned(), json!(true));
    Ok(std::fs::write(&file, preferences.to_string())?)
}

impl Resting {
    /// One console that is sent to rest, watched, and fetched back so many times. It has to be preferred before.
    pub async fn round(&mut self, desk: &Desk, console: &Side, seconds: u32, times: u32) -> Result<()> {
        let mut open = console.open(desk).await?;
        settle().await;
        desk.key("alt+F4")?;
        gone(desk).await;
        settle().await;
        ensure!(open.is_running(), "the console ended with its window instead of resting");
        self.parts = sample(&open.family, &mut self.memory, &mut self.strangers).await?;
        let watched = Wakeups::watch(&open.family, seconds).await?;
        self.wakeups_per_minute.add(watched.per_minute());
        self.wakes_most = watched.most(5);
        let open_again = TrayHost::find(desk, "Open Amberglass").await;
        for number in 0..times {
            self.back(desk, console, &open_again).await?;
            if number + 1 < times {
                settle().await;
                desk.key("alt+F4")?;
                gone(desk).await;
                settle().await;
            }
        }
        console.end(desk, open.process).await
    }

    /// One that the desktop has started.
    pub async fn begin(&mut self, desk: &Desk, console: &Side) -> Result<()> {
        let process = console.start_with(desk, &["--resting"])?;
        settle().await;
        ensure!(!desk.window_exists(TITLE), "it came with a window");
        sample(&console.family(&process)?, &mut self.begun_so, &mut self.strangers).await?;
        console.end(desk, process).await
    }

    async fn back(&mut self, desk: &Desk, console: &Side, open_again: &TrayLine) -> Result<()> {
        let film = Film::start(&desk.screen_file())?;
        let started = SystemClock.monotonic_millis();
        open_again.choose(desk)?;
        let shown = film.looks_like_since(console.area()?, console.points()?).await;
        let window = film.first_change(console.area()?).context("nothing was to be seen")?;
        self.back.add((shown - started) as f64);
        self.back_window.add((window - started) as f64);
        Ok(())
    }
}

async fn gone(desk: &Desk) {
    wait_until("the window to go", LIMIT, || async { (!desk.window_exists(TITLE)).then_some(()) }).await;
}

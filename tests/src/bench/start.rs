//! `cargo xtask bench start`: how long a session takes to start beside a bare window, and how much memory it holds beside
//! Chromium. The last line is the result as JSON.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use amberglass_domain::ports::Clock as _;
use amberglass_system::SystemClock;
use anyhow::Result;
use serde_json::json;

use super::{
    bare_window::BareWindow,
    door::{Behind, Door, OpenDoor},
    family::Member,
    figures::{self, Series, ratio},
    identity::Identity,
    machine::Quiet,
    memory::Memory,
    pairs::{CUSTOMER, Pairs, Sides},
    ui_pages::UiPages,
};
use crate::{
    console::{Console, SignIn},
    desk::Desk,
    stack::{Front, Stack},
    staff::Staff,
    workplace::sample_agent,
};

/// Not counted: they fill the caches that every later one finds filled.
const WARM_UP: u32 = 2;
/// How long is watched what others do on the machine.
const WATCH_MILLIS: i64 = 2_000;

pub struct Setting {
    /// Where the built programs are.
    pub bin_dir: PathBuf,
    /// The UI built for any browser.
    pub ui: PathBuf,
    pub pairs: u32,
    pub memory_rounds: u32,
}

/// Where the consoles of the bench work.
pub struct Place<'a> {
    pub desk: &'a Desk,
    pub dir: &'a Path,
    bin_dir: &'a Path,
    api: &'a str,
}

impl Place<'_> {
    /// A console with its data in `home`, signed in.
    pub async fn console(&self, home: &Path) -> Result<Console> {
        let agent = sample_agent()?;
        let sign_in = SignIn { email: agent.email, password: agent.password };
        let console = Console::start(self.desk, self.bin_dir, self.api, home, sign_in).await?;
        console.press("sign-in").await?;
        console.see("find-field").await;
        Ok(console)
    }
}

/// Measures, and tells it to `out`.
///
/// # Errors
/// When something does not start or does not answer in time.
pub async fn run(setting: &Setting, out: &mut impl Write) -> Result<()> {
    let busy = busy_percent().await;
    let folder = tempfile::tempdir()?;
    let dir = folder.path();
    let door = Door::bind().await?;
    let front = Front { upstream: door.upstream()?, keys: door.keys()? };
    let stack = Stack::start_behind(&setting.bin_dir, &dir.join("stack"), front)?;
    let agent = sample_agent()?;
    let staff = Staff::sign_in(&stack.api, agent.email, agent.password).await?;
    let identity = Identity::new(&stack.api, staff.tokens.staff.id.as_str(), CUSTOMER);
    let mut door = door.open(Behind { portal: stack.portal_url.clone(), api: stack.api.clone(), identity })?;
    let desk = Desk::start(&dir.join("desk"), true).await?;
    let place = Place { desk: &desk, dir, bin_dir: &setting.bin_dir, api: &stack.api };

    let pairs = measure_pairs(setting, &place, &mut door, out).await?;
    let memory = measure_memory(setting, &place, &mut door, out).await?;
    tell(&pairs, &memory, busy, out)
}

async fn busy_percent() -> Option<f64> {
    let quiet = Quiet::begin();
    SystemClock.sleep_until(SystemClock.monotonic_millis() + WATCH_MILLIS).await;
    quiet.used_percent()
}

async fn measure_pairs(
    setting: &Setting,
    place: &Place<'_>,
    door: &mut OpenDoor,
    out: &mut impl Write,
) -> Result<Pairs> {
    let mut bare = BareWindow::start(place.desk, &setting.bin_dir, &place.dir.join("bare-window.log")).await?;
    let console = place.console(&place.dir.join("console")).await?;
    let screen = place.desk.screen_file();
    let mut sides = Sides { desk: place.desk, screen: &screen, console: &console, bare: &mut bare, door };
    let mut pairs = Pairs::default();
    for number in 0..WARM_UP + setting.pairs {
        pairs.run(&mut sides, number >= WARM_UP).await?;
        writeln!(out, "pair {} of {}", number + 1, WARM_UP + setting.pairs)?;
    }
    console.close().await?;
    Ok(pairs)
}

async fn measure_memory(
    setting: &Setting,
    place: &Place<'_>,
    door: &mut OpenDoor,
    out: &mut impl Write,
) -> Result<Memory> {
    let ui = UiPages::serve(setting.ui.clone()).await?;
    let mut memory = Memory::default();
    for number in 1..=setting.memory_rounds {
        memory.round(place, door, &ui, number).await?;
        writeln!(out, "memory {number} of {}", setting.memory_rounds)?;
    }
    Ok(memory)
}

fn tell(pairs: &Pairs, memory: &Memory, busy: Option<f64>, out: &mut impl Write) -> Result<()> {
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    writeln!(out, "\nBuild: {build}, with the feature `automation` (the console is driven through WebDriver).")?;
    writeln!(out, "The click is sent by xdotool; the time that takes to start counts for the console.")?;
    let percent = busy.map_or_else(|| "an unknown share".to_owned(), |busy| format!("{busy} %"));
    writeln!(out, "Before it began, {percent} of the processors was in use by others.\n")?;
    writeln!(out, "{}", figures::head())?;
    for (name, times) in [("console: click on Start", &pairs.console), ("bare window: order to open", &pairs.bare)] {
        for (until, series) in
            [("page asked for", &times.asked), ("painted", &times.painted), ("seen on the screen", &times.seen)]
        {
            writeln!(out, "{}", figures::row(&format!("{name} to {until}"), "ms", series))?;
        }
    }
    writeln!(out, "{}", figures::row("memory: console with a session", "KiB", &memory.console))?;
    writeln!(out, "{}", figures::row("memory: Chromium with the same pages", "KiB", &memory.chromium))?;
    if memory.strangers > 0 {
        writeln!(
            out,
            "Not to be trusted: up to {} processes of others shared memory with what was measured, which makes it less.",
            memory.strangers
        )?;
    }
    for (name, parts) in [("console", &memory.console_parts), ("Chromium", &memory.chromium_parts)] {
        writeln!(out, "{name}: {}", words_of(parts))?;
    }
    let median = |series: &Series| series.median();
    let result = json!({
        "click_to_portal_vs_bare": ratio(&pairs.console.painted, &pairs.bare.painted),
        "memory_vs_chromium": ratio(&memory.console, &memory.chromium),
        "click_to_portal_ms": median(&pairs.console.painted),
        "bare_ms": median(&pairs.bare.painted),
        "click_to_seen_vs_bare": ratio(&pairs.console.seen, &pairs.bare.seen),
        "click_to_seen_ms": median(&pairs.console.seen),
        "bare_seen_ms": median(&pairs.bare.seen),
        "click_to_asked_ms": median(&pairs.console.asked),
        "bare_asked_ms": median(&pairs.bare.asked),
        "console_pss_kib": median(&memory.console),
        "chromium_pss_kib": median(&memory.chromium),
        "pairs": pairs.console.painted.count(),
        "memory_samples": memory.console.count(),
        "memory_shared_with_processes_of_others": memory.strangers,
        "build": build,
        "automation": true,
        "busy_before_percent": busy,
    });
    writeln!(out, "{result}")?;
    Ok(())
}

fn words_of(parts: &[Member]) -> String {
    parts.iter().map(|part| format!("{} {} KiB", part.name, part.pss_kib)).collect::<Vec<_>>().join(", ")
}

//! `cargo xtask bench desktop`: what the installed console costs its person's computer, beside Chromium with the same pages in
//! a window of their own: how soon the screen stands, how much memory is held, how often a processor is woken for nothing.
//! The console is the one out of the package. The last line is the result as JSON.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use amberglass_domain::ports::Clock as _;
use amberglass_system::SystemClock;
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::{
    desktop_side::{Side, TITLE, settle},
    family::Member,
    figures::{self, Series, ratio},
    film,
    machine::Quiet,
    memory::sample,
    resting::{self, Resting},
    ui_pages::UiPages,
    wakeups::Wakeups,
};
use crate::{
    by_keyboard::ByKeyboard, console::SignIn, desk::Desk, process::run as run_program, screen_reader::ScreenReader,
    stack::Stack, tray_host::TrayHost, workplace::sample_agent,
};

/// Not counted: they fill the caches that every later one finds filled.
const WARM_UP: u32 = 2;
const WATCH_MILLIS: i64 = 2_000;
const CONSOLE_WINDOW: &str = "Amberglass";

pub struct Setting {
    /// Where `cargo xtask bundle` has left the packages.
    pub packages: PathBuf,
    /// Where the programs are that stand in for browser and portal.
    pub bin_dir: PathBuf,
    /// The UI built for any browser.
    pub ui: PathBuf,
    pub pairs: u32,
    pub memory_rounds: u32,
    /// How long is counted how often each side wakes up.
    pub idle_seconds: u32,
    /// Gets pictures of the screens that were waited for.
    pub pictures: Option<PathBuf>,
}

/// Of one side.
#[derive(Default)]
struct Costs {
    window: Series,
    shown: Series,
    memory: Series,
    parts: Vec<Member>,
    wakeups: Series,
    wakes_most: String,
    strangers: usize,
}

struct Packages {
    console: PathBuf,
    server: PathBuf,
}

/// Measures, and tells it to `out`.
///
/// # Errors
/// When there are no packages, or something does not start or does not answer in time.
pub async fn run(setting: &Setting, out: &mut impl Write) -> Result<()> {
    let busy = busy_percent().await;
    let packages = Packages::find(&setting.packages)?;
    let folder = tempfile::tempdir()?;
    let dir = folder.path();
    let programs = packages.unpack(&dir.join("installed"), &setting.bin_dir)?;
    let stack = Stack::start(&programs, &dir.join("stack"), None)?;
    let pages = UiPages::serve(setting.ui.clone()).await?;
    let agent = sample_agent()?;
    let sign_in = SignIn { email: agent.email, password: agent.password };
    let browser = setting.bin_dir.join("amberglass-sign-in");
    let program = programs.join("amberglass");
    let home = dir.join("console");
    let mut console = Side::console(&program, &stack.api, &browser, &sign_in, &home);
    let (desk, _tray, heard) = sign_in_once(&dir.join("desk"), &console).await?;
    let mut chromium = Side::chromium(&pages.find(), &dir.join("chromium"));
    for (side, name) in [(&mut console, "console.png"), (&mut chromium, "chromium.png")] {
        let picture = setting.pictures.as_ref().map(|folder| folder.join(name));
        side.learn(&desk, picture.as_deref()).await?;
    }
    // A screen reader has said what this is; the start of an ordinary morning has to lead there by itself.
    ensure!(film::shows(console.points()?, &heard), "the console does not come up on the screen that was heard");

    let (mut of_console, mut of_chromium) = (Costs::default(), Costs::default());
    for number in 0..WARM_UP + setting.pairs {
        let mut sides = [(&console, &mut of_console), (&chromium, &mut of_chromium)];
        if number % 2 == 1 {
            sides.reverse();
        }
        for (side, costs) in sides {
            costs.start(&desk, side, number >= WARM_UP).await?;
        }
        writeln!(out, "start {} of {}", number + 1, WARM_UP + setting.pairs)?;
    }
    for number in 1..=setting.memory_rounds {
        of_console.hold(&desk, &console, setting.idle_seconds).await?;
        of_chromium.hold(&desk, &chromium, setting.idle_seconds).await?;
        writeln!(out, "memory {number} of {}", setting.memory_rounds)?;
    }
    let resting = rest(setting, &desk, &console, &home).await?;
    tell(&packages, [&of_console, &of_chromium], &resting, busy, out)
}

async fn busy_percent() -> Option<f64> {
    let quiet = Quiet::begin();
    SystemClock.sleep_until(SystemClock.monotonic_millis() + WATCH_MILLIS).await;
    quiet.used_percent()
}

/// The first start of all: the notice is read, somebody signs in, and from then on the console knows them. Answers the desk
/// with its tray, and what stood on its screen when a screen reader was told of the field for customers.
async fn sign_in_once(dir: &Path, side: &Side) -> Result<(Desk, TrayHost, film::Points)> {
    let mut desk = Desk::start(dir, true).await?;
    let tray = TrayHost::start(&desk).await?;
    let reader = ScreenReader::start(&mut desk).await?;
    let console = side.start(&desk)?;
    let at = ByKeyboard { console, reader, desk };
    at.sign_in().await?;
    at.reader.hear(CONSOLE_WINDOW, "combobox", "Find a customer").await;
    let film = film::Film::start(&at.desk.screen_file())?;
    settle().await;
    let heard = film.looks(at.desk.window(TITLE).await);
    let ByKeyboard { console, reader, mut desk } = at;
    side.end(&desk, console).await?;
    // Whoever is read to holds more memory: from now on nobody is.
    drop(reader);
    desk.add_environment("NO_AT_BRIDGE", "1");
    Ok((desk, tray, heard))
}

async fn rest(setting: &Setting, desk: &Desk, console: &Side, home: &Path) -> Result<Resting> {
    resting::prefer(home)?;
    let mut resting = Resting::default();
    resting.round(desk, console, setting.idle_seconds, setting.pairs).await?;
    resting.begin(desk, console).await?;
    Ok(resting)
}

impl Packages {
    fn find(folder: &Path) -> Result<Self> {
        let package = |beginning: &str| -> Result<PathBuf> {
            let entries = std::fs::read_dir(folder).context("the packages are made by `cargo xtask bundle`")?;
            let mut found = entries.flatten().map(|entry| entry.path()).filter(|path| {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                name.starts_with(beginning) && path.extension().is_some_and(|kind| kind == "deb")
            });
            found.next().with_context(|| format!("no package {beginning}*.deb: run `cargo xtask bundle` first"))
        };
        Ok(Self { console: package("Amberglass_")?, server: package("amberglass-server_")? })
    }

    /// Both, and the portal's program beside what is in them. Answers the folder of the programs.
    fn unpack(&self, folder: &Path, bin_dir: &Path) -> Result<PathBuf> {
        for package in [&self.console, &self.server] {
            run_program("dpkg-deb", &["-x".as_ref(), package.as_os_str(), folder.as_os_str()], &[])?;
        }
        let programs = folder.join("usr/bin");
        let portal = "amberglass-demo-portal";
        std::os::unix::fs::symlink(std::path::absolute(bin_dir.join(portal))?, programs.join(portal))?;
        Ok(programs)
    }
}

impl Costs {
    /// From a start to the screen. `counts` is false for rounds that only warm up.
    async fn start(&mut self, desk: &Desk, side: &Side, counts: bool) -> Result<()> {
        let open = side.open(desk).await?;
        if counts {
            self.window.add(open.window_millis);
            self.shown.add(open.shown_millis);
        }
        settle().await;
        side.end(desk, open.process).await
    }

    /// What an open window costs that nobody touches.
    async fn hold(&mut self, desk: &Desk, side: &Side, idle_seconds: u32) -> Result<()> {
        let open = side.open(desk).await?;
        self.parts = sample(&open.family, &mut self.memory, &mut self.strangers).await?;
        let watched = Wakeups::watch(&open.family, idle_seconds).await?;
        self.wakeups.add(watched.per_minute());
        self.wakes_most = watched.most(8);
        side.end(desk, open.process).await
    }
}

fn tell(
    packages: &Packages,
    [console, chromium]: [&Costs; 2],
    resting: &Resting,
    busy: Option<f64>,
    out: &mut impl Write,
) -> Result<()> {
    let (console_mib, server_mib) = (mebibytes(&packages.console)?, mebibytes(&packages.server)?);
    writeln!(
        out,
        "\nThe console out of its package ({console_mib} MiB; the server's: {server_mib} MiB), as it is installed."
    )?;
    writeln!(out, "Beside it Chromium, `--app` with the console's own pages on sample data, from this machine.")?;
    writeln!(
        out,
        "A start: a new process, by somebody who has been here before; files were read before. It is over when the"
    )?;
    writeln!(
        out,
        "screen for finding customers is painted, by the pixels of the X server. The console signs in meanwhile."
    )?;
    let percent = busy.map_or_else(|| "an unknown share".to_owned(), |busy| format!("{busy} %"));
    writeln!(out, "Before it began, {percent} of the processors was in use by others.\n")?;
    writeln!(out, "{}", figures::head())?;
    for (name, costs) in [("console", console), ("Chromium", chromium)] {
        writeln!(out, "{}", figures::row(&format!("{name}: start to a window"), "ms", &costs.window))?;
        writeln!(out, "{}", figures::row(&format!("{name}: start to the screen"), "ms", &costs.shown))?;
        writeln!(out, "{}", figures::row(&format!("{name}: memory with its window open"), "KiB", &costs.memory))?;
        writeln!(out, "{}", figures::row(&format!("{name}: wake-ups a minute, untouched"), "", &costs.wakeups))?;
    }
    writeln!(out, "{}", figures::row("console at rest: memory", "KiB", &resting.memory))?;
    writeln!(out, "{}", figures::row("console that begins at rest: memory", "KiB", &resting.begun_so))?;
    writeln!(out, "{}", figures::row("console at rest: wake-ups a minute", "", &resting.wakeups_per_minute))?;
    writeln!(out, "{}", figures::row("console at rest: click to a window", "ms", &resting.back_window))?;
    writeln!(out, "{}", figures::row("console at rest: click to the screen", "ms", &resting.back))?;
    let strangers = console.strangers.max(chromium.strangers).max(resting.strangers);
    if strangers > 0 {
        writeln!(
            out,
            "Not to be trusted: up to {strangers} processes of others shared memory with what was measured, which makes it less."
        )?;
    }
    let rests = ("console at rest", &resting.parts, &resting.wakes_most);
    let open = [("console", console), ("Chromium", chromium)].map(|(name, of)| (name, &of.parts, &of.wakes_most));
    for (name, parts, wakes_most) in open.into_iter().chain([rests]) {
        let parts: Vec<String> = parts.iter().map(|part| format!("{} {}", part.name, part.pss_kib)).collect();
        writeln!(out, "{name}: KiB: {}; wake-ups: {wakes_most}", parts.join(", "))?;
    }
    let median = |series: &Series| series.median();
    let result = json!({
        "cold_start_vs_chromium": ratio(&console.shown, &chromium.shown),
        "memory_vs_chromium": ratio(&console.memory, &chromium.memory),
        "tray_memory_vs_chromium": ratio(&resting.memory, &chromium.memory),
        "tray_memory_begun_at_rest_vs_chromium": ratio(&resting.begun_so, &chromium.memory),
        "idle_wakeups_per_minute": median(&console.wakeups),
        "idle_wakeups_resting_per_minute": resting.wakeups_per_minute.median(),
        "chromium_idle_wakeups_per_minute": median(&chromium.wakeups),
        "cold_start_ms": median(&console.shown),
        "chromium_cold_start_ms": median(&chromium.shown),
        "window_ms": median(&console.window),
        "chromium_window_ms": median(&chromium.window),
        "back_from_tray_ms": resting.back.median(),
        "console_pss_kib": median(&console.memory),
        "tray_pss_kib": resting.memory.median(),
        "chromium_pss_kib": median(&chromium.memory),
        "console_package_mib": console_mib,
        "server_package_mib": server_mib,
        "pairs": console.shown.count(),
        "memory_samples": console.memory.count(),
        "backs": resting.back.count(),
        "memory_shared_with_processes_of_others": strangers,
        "automation": false,
        "busy_before_percent": busy,
    });
    writeln!(out, "{result}")?;
    Ok(())
}

fn mebibytes(file: &Path) -> Result<f64> {
    Ok((std::fs::metadata(file)?.len() as f64 / 1024.0 / 1024.0 * 100.0).round() / 100.0)
}

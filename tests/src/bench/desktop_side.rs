//! One of the two programs that show the console's screen for finding customers: the installed console, and Chromium with
//! the same pages in a window of their own. Both are started, looked at and closed in the same way.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use amberglass_domain::ports::Clock as _;
use amberglass_system::SystemClock;
use amberglass_testkit::wait_until;
use anyhow::{Context as _, Result, ensure};

use super::{
    chromium,
    family::Family,
    film::{self, Film, Points},
};
use crate::{console::SignIn, desk::Desk, picture::Area, process::Process, tray_host::TrayHost};

/// Both windows are called so: never are both on the screen.
pub const TITLE: &str = "^Amberglass$";
const LIMIT: Duration = Duration::from_secs(20);
/// What a start still has to do behind a screen that stands.
const SETTLE_MILLIS: i64 = 6_000;
/// Both sides come from the same quiet.
const REST_MILLIS: i64 = 1_500;
/// Points in a hundred that stand out on any of our screens; a window that is empty has fewer.
const LEAST_INK_PERCENT: usize = 3;
const MARKER: &str = "AMBERGLASS_BENCH_DESKTOP";
/// Of the desk, where the person's own folder counts.
const DESK_FOLDERS: [&str; 3] = ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"];

pub struct Side {
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    /// The person's folder. Keeps what the program has made at its first start.
    home: PathBuf,
    leaves: Leaves,
    wanted: Option<Wanted>,
}

/// How a person ends it.
#[derive(Clone, Copy)]
enum Leaves {
    /// It may rest when its window is closed.
    FromTray,
    WithItsWindow,
}

/// The screen that is waited for.
struct Wanted {
    /// Where the window comes up, each time.
    area: Area,
    points: Points,
}

/// A program whose window stands on the screen.
pub struct Open {
    pub process: Process,
    pub family: Family,
    /// From its start until anything of it was to be seen.
    pub window_millis: f64,
    /// From its start until the screen that is waited for was to be seen.
    pub shown_millis: f64,
}

impl Side {
    pub fn console(program: &Path, api: &str, browser: &Path, sign_in: &SignIn<'_>, home: &Path) -> Self {
        let environment = [
            ("AMBERGLASS_SERVER", api.to_owned()),
            ("BROWSER", browser.display().to_string()),
            ("AMBERGLASS_SIGN_IN_EMAIL", sign_in.email.to_owned()),
            ("AMBERGLASS_SIGN_IN_PASSWORD", sign_in.password.to_owned()),
        ];
        Self {
            program: program.to_owned(),
            arguments: Vec::new(),
            environment: environment.map(|(name, value)| (name.to_owned(), value)).into(),
            home: home.to_owned(),
            leaves: Leaves::FromTray,
            wanted: None,
        }
    }

    pub fn chromium(page: &str, home: &Path) -> Self {
        let mut arguments: Vec<String> = chromium::FLAGS.map(str::to_owned).into();
        arguments.push(format!("--user-data-dir={}", home.join("profile").display()));
        arguments.push(format!("--app={page}"));
        // Without it a strip about the missing sandbox slides in over the page.
        arguments.push("--test-type".to_owned());
        Self {
            program: PathBuf::from("chromium"),
            arguments,
            environment: Vec::new(),
            home: home.to_owned(),
            leaves: Leaves::WithItsWindow,
            wanted: None,
        }
    }

    /// As it is started from a menu.
    pub fn start(&self, desk: &Desk) -> Result<Process> {
        self.start_with(desk, &[])
    }

    /// The same, with arguments.
    pub fn start_with(&self, desk: &Desk, arguments: &[&str]) -> Result<Process> {
        std::fs::create_dir_all(&self.home)?;
        Process::start("the window", self.command(desk).args(arguments), &self.log())
    }

    fn command(&self, desk: &Desk) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(desk.environment().iter().cloned());
        for folder in DESK_FOLDERS {
            command.env_remove(folder);
        }
        command.envs(self.environment.iter().cloned()).env("HOME", &self.home).env(MARKER, &self.home);
        command
    }

    fn log(&self) -> PathBuf {
        self.home.with_extension("log")
    }

    /// Where its window comes up, once it has been learned.
    pub fn area(&self) -> Result<Area> {
        Ok(self.wanted.as_ref().context("nothing is known of its window")?.area)
    }

    /// How the screen looks that is waited for.
    pub fn points(&self) -> Result<&Points> {
        Ok(&self.wanted.as_ref().context("nothing is known of its screen")?.points)
    }

    /// A start that is not measured: afterwards it is known what the program shows, and where. Whatever a first start makes
    /// is made.
    pub async fn learn(&mut self, desk: &Desk, picture: Option<&Path>) -> Result<()> {
        let film = Film::start(&desk.screen_file())?;
        let process = self.start(desk)?;
        desk.window(TITLE).await;
        settle().await;
        let area = desk.window(TITLE).await;
        let points = film.looks(area);
        if let Some(file) = picture {
            desk.picture()?.save(file)?;
        }
        ensure!(film::ink_percent(&points) >= LEAST_INK_PERCENT, "the window is empty: {}", self.log().display());
        self.wanted = Some(Wanted { area, points });
        self.end(desk, process).await
    }

    /// Starts it, and comes back when the screen stands. Nothing else is done meanwhile.
    pub async fn open(&self, desk: &Desk) -> Result<Open> {
        let film = Film::start(&desk.screen_file())?;
        let started = SystemClock.monotonic_millis();
        let process = self.start(desk)?;
        let shown = film.looks_like_since(self.area()?, self.points()?).await;
        let window = film.first_change(self.area()?).context("nothing was to be seen")?;
        let family = self.family(&process)?;
        Ok(Open { process, family, window_millis: (window - started) as f64, shown_millis: (shown - started) as f64 })
    }

    /// As a person ends it. Comes back when none of its processes is left, and it has been quiet for a while.
    pub async fn end(&self, desk: &Desk, mut process: Process) -> Result<()> {
        let family = self.family(&process)?;
        match self.leaves {
            // It may be gone before it answers the panel: what counts is that it ends.
            Leaves::FromTray => drop(TrayHost::choose(desk, "Quit").await),
            Leaves::WithItsWindow => desk.key("alt+F4")?,
        }
        wait_until("the program to end", LIMIT, || {
            let ended = !process.is_running();
            async move { ended.then_some(()) }
        })
        .await;
        wait_until("the program's processes to end", LIMIT, || async {
            family.members().is_ok_and(|members| members.is_empty()).then_some(())
        })
        .await;
        SystemClock.sleep_until(SystemClock.monotonic_millis() + REST_MILLIS).await;
        Ok(())
    }

    pub fn family(&self, process: &Process) -> Result<Family> {
        let first = i32::try_from(process.id()).context("no process id")?;
        Ok(Family { first, marker: format!("{MARKER}={}", self.home.display()), apart: Vec::new() })
    }
}

impl Open {
    pub fn is_running(&mut self) -> bool {
        self.process.is_running()
    }
}

pub async fn settle() {
    SystemClock.sleep_until(SystemClock.monotonic_millis() + SETTLE_MILLIS).await;
}

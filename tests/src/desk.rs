//! A desk without a screen: an X server, a window manager, a message bus and a key store of its own, so that two consoles
//! never meet and nothing of the machine's own desktop is touched.

use std::{
    io::Write as _,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use amberglass_testkit::wait_until;
use anyhow::{Context as _, Result};

use crate::{
    picture::{LOOKS_AT_REST, Picture, Screen, Still},
    process::{Process, run},
};

pub(crate) const LIMIT: Duration = Duration::from_secs(20);
/// About three seconds.
const LOOKS_AT_MOST: u32 = 300;
/// Width and height of the usual screen.
const SCREEN: (u32, u32) = (1600, 1000);

const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>ADDRESS</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

const TOASTS: &str = r##"[global]
    origin = top-right
    width = 360
    offset = 16x16
    font = Sans 10
    frame_width = 1
    show_indicators = no
    enable_posix_regex = true
[urgency_low]
    timeout = 0
[urgency_normal]
    timeout = 0
    background = "#292524"
    foreground = "#fafaf9"
[urgency_critical]
    timeout = 0
[told]
    appname = ".*"
    script = SCRIPT
"##;

/// Where files stay in memory: the X server writes all that it draws into one, and a disk would be kept busy with it.
const IN_MEMORY: &str = "/dev/shm";

/// How often a search of windows may break off.
const WALKS: usize = 5;

pub struct Desk {
    environment: Vec<(String, String)>,
    dir: PathBuf,
    // In the order in which they have to end: what uses the display before the display.
    _compositor: Option<Process>,
    _toasts: Option<Process>,
    _keyring: Option<Process>,
    _manager: Process,
    _bus: Process,
    _display: Process,
    /// Where the X server keeps the screen.
    screen: tempfile::TempDir,
}

impl Desk {
    /// `dir` gets the desk's folders and logs. `keyring` says whether a key store runs.
    pub async fn start(dir: &Path, keyring: bool) -> Result<Self> {
        Self::start_with_screen(dir, keyring, SCREEN).await
    }

    /// As [`Desk::start`], with a screen of so many pixels.
    pub async fn start_with_screen(dir: &Path, keyring: bool, screen: (u32, u32)) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        let runtime = dir.join("runtime");
        let tmp = dir.join("tmp");
        std::fs::create_dir_all(&runtime)?;
        std::fs::create_dir_all(&tmp)?;
        run("chmod", &["700".as_ref(), runtime.as_os_str()], &[])?;
        let screen_dir = tempfile::tempdir_in(IN_MEMORY)?;
        let (display, number) = start_display(dir, screen_dir.path(), screen).await?;
        let mut environment: Vec<(String, String)> = [
            ("DISPLAY", format!(":{number}")),
            ("XDG_RUNTIME_DIR", runtime.display().to_string()),
            ("XDG_DATA_HOME", dir.join("share").display().to_string()),
            ("XDG_CONFIG_HOME", dir.join("config").display().to_string()),
            ("XDG_CACHE_HOME", dir.join("cache").display().to_string()),
            ("TMPDIR", tmp.display().to_string()),
            ("GDK_BACKEND", "x11".to_owned()),
            ("NO_AT_BRIDGE", "1".to_owned()),
            ("LIBGL_ALWAYS_SOFTWARE", "1".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let (bus, address) = start_bus(dir, &environment)?;
        // What the machine as a whole says (that it goes to sleep, that its screen is locked) is said on this desk's bus, too.
        environment.push(("DBUS_SYSTEM_BUS_ADDRESS".to_owned(), address.clone()));
        environment.push(("DBUS_SESSION_BUS_ADDRESS".to_owned(), address));
        let mut manager = Command::new("openbox");
        manager.envs(environment.clone());
        let manager = Process::start("the window manager", &mut manager, &dir.join("openbox.log"))?;
        let keyring = if keyring { Some(start_keyring(dir, &environment).await?) } else { None };
        Ok(Self {
            environment,
            dir: dir.to_owned(),
            _compositor: None,
            _toasts: None,
            _keyring: keyring,
            _manager: manager,
            _bus: bus,
            _display: display,
            screen: screen_dir,
        })
    }

    /// Address of the message bus, which is the machine's here too.
    pub fn bus(&self) -> &str {
        self.environment.iter().find(|(name, _)| name == "DBUS_SESSION_BUS_ADDRESS").map_or("", |(_, address)| address)
    }

    /// For the programs that are started from now on.
    pub fn add_environment(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// For the programs that are started from now on.
    pub fn take_from_environment(&mut self, name: &str) {
        self.environment.retain(|(known, _)| known != name);
    }

    /// Keeps what shows its own windows on this desk's screen, for as long as the desk stands.
    pub fn keep_compositor(&mut self, compositor: Process) {
        self._compositor = Some(compositor);
    }

    /// Waits until somebody on the desk's bus goes by this name.
    pub async fn until_owned(&self, name: &str) {
        until_owned(name, &self.environment).await;
    }

    /// A notification daemon: what it shows stays until somebody clicks it, and its words are in [`Desk::toasts`].
    pub async fn show_toasts(&mut self) -> Result<()> {
        let (told, script) = (self.toast_file(), self.dir.join("toast.sh"));
        std::fs::write(
            &script,
            format!("#!/bin/sh\nprintf '%s\\t%s\\n' \"$DUNST_SUMMARY\" \"$DUNST_BODY\" >> '{}'\n", told.display()),
        )?;
        run("chmod", &["700".as_ref(), script.as_os_str()], &[])?;
        let config = self.dir.join("dunstrc");
        std::fs::write(&config, TOASTS.replace("SCRIPT", &script.display().to_string()))?;
        let mut dunst = Command::new("dunst");
        dunst.arg("-config").arg(&config).envs(self.environment.clone());
        self._toasts = Some(Process::start("the notification daemon", &mut dunst, &self.dir.join("dunst.log"))?);
        until_owned("org.freedesktop.Notifications", &self.environment).await;
        Ok(())
    }

    fn toast_file(&self) -> PathBuf {
        self.dir.join("toasts.tsv")
    }

    /// Title and words of every toast so far, the oldest first.
    pub fn toasts(&self) -> Vec<(String, String)> {
        let text = std::fs::read_to_string(self.toast_file()).unwrap_or_default();
        text.lines().filter_map(|line| line.split_once('\t')).map(|(title, body)| (title.into(), body.into())).collect()
    }

    pub async fn toast(&self, title: &str) -> String {
        wait_until(&format!("a toast called {title}"), LIMIT, || async {
            self.toasts().into_iter().find(|(shown, _)| shown == title).map(|(_, body)| body)
        })
        .await
    }

    /// What a click on the newest toast does; it goes with that.
    pub fn tap_toast(&self) -> Result<()> {
        run("dunstctl", &["action"], &self.environment)?;
        run("dunstctl", &["close"], &self.environment).map(drop)
    }

    /// What a program needs to appear on this desk.
    pub fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the X server keeps what stands on the screen, at all times.
    pub fn screen_file(&self) -> PathBuf {
        self.screen.path().join("Xvfb_screen0")
    }

    pub fn picture(&self) -> Result<Picture> {
        Screen::open(&self.screen_file())?.picture()
    }

    /// The picture of a screen at rest. A blinking caret or a ticking clock may keep it from that; then a late one counts.
    pub async fn picture_at_rest(&self) -> Result<Picture> {
        let (mut still, mut looks) = (Still::default(), 0);
        wait_until("the screen to come to rest", LIMIT, || {
            looks += 1;
            let rests = self.picture().is_ok_and(|picture| still.looks(picture) >= LOOKS_AT_REST);
            let done = rests || looks >= LOOKS_AT_MOST;
            async move { done.then_some(()) }
        })
        .await;
        still.last().context("the screen can't be read")
    }

    /// One `xdotool` command.
    pub fn xdotool(&self, arguments: &[&str]) -> Result<String> {
        let mut told = run("xdotool", arguments, &self.environment);
        // Its search asks each window for those within it, and a window that goes meanwhile ends the whole walk: that says nothing about the
        // one that is searched for.
        for _ in 0..WALKS {
            let broke_off = told.as_ref().is_err_and(|error| error.to_string().contains("BadWindow"));
            if !broke_off || arguments.first() != Some(&"search") {
                break;
            }
            told = run("xdotool", arguments, &self.environment);
        }
        told
    }

    /// Place and size of the first window whose title contains `title`: x, y, width, height in pixels.
    pub async fn window(&self, title: &str) -> (i32, i32, i32, i32) {
        wait_until(&format!("a window called {title}"), LIMIT, || async { self.find_window(title).ok() }).await
    }

    fn find_window(&self, title: &str) -> Result<(i32, i32, i32, i32)> {
        let found = self.xdotool(&["search", "--onlyvisible", "--name", title])?;
        let id = found.lines().next().context("no such window")?;
        // xdotool counts the window manager's border twice.
        let geometry = run("xwininfo", &["-id", id], &self.environment)?;
        let number = |name: &str| -> Result<i32> {
            let line = geometry.lines().find_map(|line| line.trim().strip_prefix(name));
            Ok(line.context("no geometry")?.trim().parse()?)
        };
        Ok((
            number("Absolute upper-left X:")?,
            number("Absolute upper-left Y:")?,
            number("Width:")?,
            number("Height:")?,
        ))
    }

    /// Titles of all visible windows, lowest first.
    pub fn windows(&self) -> Result<String> {
        let ids = self.xdotool(&["search", "--onlyvisible", "--name", ""])?;
        let titles = ids.lines().map(|id| self.xdotool(&["getwindowname", id]).unwrap_or_default());
        Ok(titles.filter(|title| !title.is_empty()).collect::<Vec<_>>().join(" | "))
    }

    pub fn window_exists(&self, title: &str) -> bool {
        self.find_window(title).is_ok()
    }

    /// Moves the pointer there and clicks, as a hand would.
    pub fn click(&self, x: i32, y: i32) -> Result<()> {
        self.xdotool(&["mousemove", &x.to_string(), &y.to_string(), "click", "1"]).map(drop)
    }

    pub fn key(&self, key: &str) -> Result<()> {
        self.xdotool(&["key", "--clearmodifiers", key]).map(drop)
    }
}

/// The X server picks a free display number itself and tells it through a pipe.
async fn start_display(dir: &Path, screen: &Path, (width, height): (u32, u32)) -> Result<(Process, u32)> {
    let numbers = dir.join("display");
    let mut command = Command::new("sh");
    let script = "exec Xvfb -displayfd 3 -nolisten tcp \"$@\" 3>\"$0\"";
    command.arg("-c").arg(script).arg(&numbers).arg("-fbdir").arg(screen);
    command.args(["-screen", "0", &format!("{width}x{height}x24")]);
    let process = Process::start("the X server", &mut command, &dir.join("xvfb.log"))?;
    let number = wait_until("the X server's display number", LIMIT, || async {
        std::fs::read_to_string(&numbers).ok()?.trim().parse().ok()
    })
    .await;
    Ok((process, number))
}

fn start_bus(dir: &Path, environment: &[(String, String)]) -> Result<(Process, String)> {
    let socket = dir.join("runtime").join("bus");
    let address = format!("unix:path={}", socket.display());
    // A configuration of its own, without service folders: nothing is started that this desk did not start itself.
    let config = dir.join("bus.conf");
    std::fs::write(&config, BUS.replace("ADDRESS", &address))?;
    let mut command = Command::new("dbus-daemon");
    command.args(["--nofork", "--nopidfile"]).arg("--config-file").arg(&config);
    command.envs(environment.iter().cloned());
    let process = Process::start("the message bus", &mut command, &dir.join("bus.log"))?;
    Ok((process, address))
}

/// Unlocked with an empty password; its collection lives in the desk's own folders.
async fn start_keyring(dir: &Path, environment: &[(String, String)]) -> Result<Process> {
    wait_until("the message bus", LIMIT, || async { dir.join("runtime").join("bus").exists().then_some(()) }).await;
    let log = std::fs::File::create(dir.join("keyring.log"))?;
    let mut child = Command::new("gnome-keyring-daemon")
        .args(["--foreground", "--unlock", "--components=secrets"])
        .envs(environment.iter().cloned())
        .stdin(Stdio::piped())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0)
        .spawn()
        .context("gnome-keyring-daemon could not be started")?;
    child.stdin.take().context("no input")?.write_all(b"\n")?;
    let process = Process::adopt("the key store", child);
    until_owned("org.freedesktop.secrets", environment).await;
    Ok(process)
}

/// Waits until somebody on the desk's bus goes by this name.
async fn until_owned(name: &str, environment: &[(String, String)]) {
    wait_until(name, LIMIT, || async {
        let arguments = [
            "--session",
            "--dest=org.freedesktop.DBus",
            "--print-reply",
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus.NameHasOwner",
            &format!("string:{name}"),
        ];
        run("dbus-send", &arguments, environment).ok().filter(|answer| answer.contains("boolean true")).map(drop)
    })
    .await;
}

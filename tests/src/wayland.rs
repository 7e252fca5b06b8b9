//! The console where most people on Linux have it: on Wayland, and on screens whose pixels are small. A Wayland compositor
//! (weston) has a window on the X screen of a [`Desk`], so that its picture can be taken and its pointer led as everywhere else. No
//! client can ask where a window stands there, so it is looked for by its frame.

use std::{path::Path, process::Command, time::Duration};

use amberglass_testkit::{wait_until, wait_until_telling};
use anyhow::{Context as _, Result};

use crate::{
    console::{Console, SignIn},
    desk::Desk,
    picture::{Area, Picture},
    portal_window::{CURTAIN, LIVE},
    process::Process,
    stack::Stack,
    workplace::sample_agent,
};

const LIMIT: Duration = Duration::from_secs(20);
/// Name of the compositor's socket.
const SOCKET: &str = "amberglass-desk";
/// Width and height in logical pixels: room for the session window with its title and shadow.
const ROOM: (u32, u32) = (1440, 960);
/// What the X screen has beyond that, for the compositor's own window.
const BORDER: u32 = 40;
/// Thickness of the frame, width of the curtain's column and half a button of it, in logical pixels.
const FRAME: i32 = 6;
const COLUMN: i32 = 440;
const INTO_BUTTON: i32 = 18;
/// Nothing that only exists for looks: each picture says what is, not what moves.
const CONFIG: &str = "[core]
idle-time=0
[shell]
panel-position=none
background-color=0xff3b4252
startup-animation=none
animation=none
close-animation=none
locking=false
";

/// What shows windows, and how many pixels make one of a page's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Wayland { scale: i32 },
    X11 { scale: i32 },
}

impl Shown {
    pub fn scale(self) -> i32 {
        match self {
            Self::Wayland { scale } | Self::X11 { scale } => scale,
        }
    }

    async fn desk(self, dir: &Path) -> Result<Desk> {
        let scale = u32::try_from(self.scale())?;
        let screen = (ROOM.0 * scale + BORDER, ROOM.1 * scale + BORDER);
        let mut desk = Desk::start_with_screen(dir, true, screen).await?;
        match self {
            Self::Wayland { .. } => show_wayland(&mut desk, scale).await?,
            Self::X11 { .. } => desk.add_environment("GDK_SCALE", &scale.to_string()),
        }
        Ok(desk)
    }
}

/// Programs that are started on this desk from now on are shown in the window of a compositor. It has to be a window: one
/// that fills the screen gets no pointer.
async fn show_wayland(desk: &mut Desk, scale: u32) -> Result<()> {
    let config = desk.dir().join("weston.ini");
    std::fs::write(&config, CONFIG)?;
    let mut weston = Command::new("weston");
    weston.envs(desk.environment().iter().cloned()).arg("--backend=x11-backend.so");
    weston.arg(format!("--config={}", config.display())).arg(format!("--socket={SOCKET}"));
    weston.arg(format!("--width={}", ROOM.0)).arg(format!("--height={}", ROOM.1)).arg(format!("--scale={scale}"));
    let compositor = Process::start("the Wayland compositor", &mut weston, &desk.dir().join("weston.log"))?;
    desk.keep_compositor(compositor);
    let socket = desk.dir().join("runtime").join(SOCKET);
    wait_until("the Wayland compositor", LIMIT, || async { socket.exists().then_some(()) }).await;
    desk.take_from_environment("GDK_BACKEND");
    desk.add_environment("GDK_BACKEND", "wayland");
    desk.add_environment("WAYLAND_DISPLAY", SOCKET);
    Ok(())
}

/// An agent who has signed in, at a portal that also serves hostile pages. Ends in the order of its fields.
pub struct Place {
    pub console: Console,
    pub desk: Desk,
    pub stack: Stack,
    scale: i32,
    _folder: tempfile::TempDir,
}

impl Place {
    pub async fn open(bin_dir: &Path, shown: Shown) -> Result<Self> {
        Self::open_at(bin_dir, shown, &[]).await
    }

    /// On X11, at a desktop that wants text half as large again.
    pub async fn open_with_larger_text(bin_dir: &Path) -> Result<Self> {
        Self::open_at(bin_dir, Shown::X11 { scale: 1 }, &[("GDK_DPI_SCALE", "1.5")]).await
    }

    async fn open_at(bin_dir: &Path, shown: Shown, more: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        // Its pages cover all they can; they need no other origin here.
        let nowhere = Some("http://127.0.0.1:9".to_owned());
        let stack = Stack::start(bin_dir, &folder.path().join("stack"), nowhere)?;
        let mut desk = shown.desk(&folder.path().join("desk")).await?;
        for (name, value) in more {
            desk.add_environment(name, value);
        }
        let agent = sample_agent()?;
        let sign_in = SignIn { email: agent.email, password: agent.password };
        let home = folder.path().join("console");
        let console = Console::start(&desk, bin_dir, &stack.api, &home, sign_in).await?;
        press(&console, "sign-in").await?;
        console.see("find-field").await;
        // The compositor learns where the pointer is when that comes into its window. So far up it stands on no frame.
        desk.xdotool(&["mousemove", "1", "1"])?;
        desk.xdotool(&["mousemove", "40", "60"])?;
        Ok(Self { console, desk, stack, scale: shown.scale(), _folder: folder })
    }

    /// From the card to the portal under its frame.
    pub async fn start_session(&self, customer: &str) -> Result<SeenPortal<'_>> {
        write(&self.console, "find-field", customer).await?;
        press(&self.console, &format!("customer-{customer}")).await?;
        press(&self.console, "reason-code-billing").await?;
        write(&self.console, "ticket", "TCK-4821").await?;
        write(&self.console, "reason-text", "Asks why the last invoice was charged twice").await?;
        press(&self.console, "start-session").await?;
        let seen = || async {
            let picture = self.desk.picture().ok()?;
            let portal = SeenPortal { desk: &self.desk, scale: self.scale, area: framed(&picture, self.scale)? };
            (portal.has_frame(&picture) && !portal.is_covered(&picture)).then_some(portal)
        };
        Ok(wait_until_telling("the portal under its frame", LIMIT, seen, || kept(&self.desk)).await)
    }
}

/// By script: the driver knows nothing of text that the desktop wants larger, and would click beside it.
async fn press(console: &Console, id: &str) -> Result<()> {
    console.see(id).await;
    run(console, id, "element.click()").await
}

async fn write(console: &Console, id: &str, text: &str) -> Result<()> {
    console.see(id).await;
    let script = format!("element.value = '{text}'; element.dispatchEvent(new Event('input', {{ bubbles: true }}))");
    run(console, id, &script).await
}

async fn run(console: &Console, id: &str, script: &str) -> Result<()> {
    let script = format!("const element = document.querySelector('[data-testid=\"{id}\"]'); {script}");
    console.client().execute(&script, vec![]).await.with_context(|| format!("`{id}` took no script"))?;
    Ok(())
}

/// Leaves what stands on the screen for whoever reads of a failure.
fn kept(desk: &Desk) -> String {
    let file = std::env::temp_dir().join("amberglass-waited-in-vain.png");
    let saved = desk.picture().and_then(|picture| picture.save(&file));
    let picture = saved.map_or_else(|error| format!("{error:#}"), |()| file.display().to_string());
    let log = std::fs::read_to_string(desk.dir().join("weston.log")).unwrap_or_default();
    let last: Vec<&str> = log.lines().rev().take(3).collect();
    format!("(picture: {picture}; the compositor's last words: {last:?})")
}

fn is_live(picture: &Picture, x: i32, y: i32) -> bool {
    picture.pixel(x, y).is_some_and(|pixel| pixel.iter().zip(LIVE).all(|(a, b)| a.abs_diff(b) <= 3))
}

/// The longest stretch of amber in a row: its first column, and the one behind its last.
fn longest_stretch(picture: &Picture, y: i32) -> Option<(i32, i32)> {
    let mut longest = None::<(i32, i32)>;
    let mut from = None;
    for x in (0..).take_while(|x| *x == 0 || picture.pixel(*x - 1, y).is_some()) {
        match (from, is_live(picture, x, y)) {
            (None, true) => from = Some(x),
            (Some(start), false) => {
                let (left, right) = longest.unwrap_or_default();
                if x - start > right - left {
                    longest = Some((start, x));
                }
                from = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }
    longest
}

/// Where amber may run round something: a long row of it, and the next one above. The bar that follows is amber too.
fn framed(picture: &Picture, scale: i32) -> Option<Area> {
    let rows = (0..).take_while(|y| picture.pixel(0, *y).is_some()).collect::<Vec<i32>>();
    let (left, right, bottom) = rows.into_iter().rev().find_map(|y| {
        let (left, right) = longest_stretch(picture, y)?;
        (right - left >= 600 * scale).then_some((left, right, y + 1))
    })?;
    let column = left + 40 * scale;
    let above = (0..bottom - FRAME * scale).rev().find(|y| is_live(picture, column, *y))?;
    let top = above + 1 - FRAME * scale;
    (bottom - top > 300 * scale).then_some((left, top, right - left, bottom - top))
}

/// The portal as it stands on the screen.
pub struct SeenPortal<'a> {
    desk: &'a Desk,
    scale: i32,
    /// With its frame, in pixels of the screen.
    pub area: Area,
}

impl SeenPortal<'_> {
    /// Waits until all that `wanted` asks of a picture of the screen is to be seen.
    pub async fn until(&self, what: &str, wanted: impl Fn(&Picture) -> bool) -> Picture {
        let seen = || async { self.desk.picture().ok().filter(|picture| wanted(picture)) };
        wait_until_telling(what, LIMIT, seen, || kept(self.desk)).await
    }

    /// Whether amber stands all around, exactly as thick as it has to be: blurred by a wrong scale it would not.
    pub fn has_frame(&self, picture: &Picture) -> bool {
        let (x, y, width, height) = self.area;
        let (thick, corner) = (FRAME * self.scale, 20 * self.scale);
        // Without the corners and the countdown.
        let (across, down) = (width - 400 * self.scale, height - 80 * self.scale);
        let outer = [
            (x + corner, y, across, thick),
            (x + corner, y + height - thick, across, thick),
            (x, y + corner, thick, down),
            (x + width - thick, y + corner, thick, down),
        ];
        let inner = [
            (x + corner, y + thick, across, 1),
            (x + corner, y + height - thick - 1, across, 1),
            (x + thick, y + corner, 1, down),
            (x + width - thick - 1, y + corner, 1, down),
        ];
        let share = |area: &Area| picture.count(*area, LIVE, 3) * 1000 / usize::try_from(area.2 * area.3).unwrap_or(1);
        outer.iter().all(|area| share(area) >= 998) && inner.iter().all(|area| share(area) <= 20)
    }

    /// What lies within the frame, above the countdown.
    pub fn page(&self) -> Area {
        let (x, y, width, height) = self.area;
        let edge = 8 * self.scale;
        (x + edge, y + edge, width - 2 * edge, height - 48 * self.scale)
    }

    /// How many thousandths of the page are of this colour.
    pub fn share(&self, picture: &Picture, colour: [u8; 3], tolerance: u8) -> usize {
        let page = self.page();
        picture.count(page, colour, tolerance) * 1000 / usize::try_from(page.2 * page.3).unwrap_or(1)
    }

    /// Whether the curtain's grey fills all of the page but for its words.
    pub fn is_covered(&self, picture: &Picture) -> bool {
        CURTAIN.iter().any(|grey| self.share(picture, *grey, 2) >= 900)
    }

    /// Whether there is detail in this area finer than one logical pixel.
    fn is_fine(&self, picture: &Picture, (x, y, width, height): Area) -> bool {
        let cells = (0..height / self.scale).flat_map(|row| (0..width / self.scale).map(move |column| (column, row)));
        let differs = |(column, row): (i32, i32)| {
            let (x, y) = (x + column * self.scale, y + row * self.scale);
            (0..self.scale * self.scale)
                .any(|at| picture.pixel(x + at % self.scale, y + at / self.scale) != picture.pixel(x, y))
        };
        cells.filter(|cell| differs(*cell)).count() > 20
    }

    /// Whether digits stand on amber in the lower right corner, drawn in pixels of the screen and not in larger ones.
    pub fn has_countdown(&self, picture: &Picture) -> bool {
        let (x, y, width, height) = self.area;
        let s = self.scale;
        let pill = (x + width - 60 * s, y + height - 26 * s, 54 * s, 20 * s);
        let all = usize::try_from(pill.2 * pill.3).unwrap_or_default();
        let amber = picture.count(pill, LIVE, 3);
        amber * 100 >= all * 50 && amber * 100 < all * 95 && (s == 1 || self.is_fine(picture, pill))
    }

    /// Whether the countdown stands on amber of at least this height, in logical pixels.
    pub fn countdown_is_tall(&self, picture: &Picture, pixels: i32) -> bool {
        let (x, y, width, height) = self.area;
        is_live(picture, x + width - 20 * self.scale, y + height - pixels * self.scale)
    }

    /// Whether the links of the portal's strip of test pages stand in its first line.
    pub fn has_links(&self, picture: &Picture) -> bool {
        let (x, y, ..) = self.area;
        let s = self.scale;
        let line = (x + 10 * s, y + 10 * s, 300 * s, 14 * s);
        let all = usize::try_from(line.2 * line.3).unwrap_or_default();
        // Dark green.
        picture.count(line, [0x24, 0x52, 0x3e], 24) * 100 >= all * 4
    }

    /// Clicks so many logical pixels from the frame's upper left corner.
    pub fn click(&self, (x, y): (i32, i32)) -> Result<()> {
        self.desk.click(self.area.0 + x * self.scale, self.area.1 + y * self.scale)
    }

    pub fn click_middle(&self) -> Result<()> {
        let (x, y, width, height) = self.area;
        self.desk.click(x + width / 2, y + height / 2)
    }

    /// Clicks the last button of the curtain, which is the lowest thing on the right of its column.
    pub fn click_last_button(&self, picture: &Picture) -> Result<()> {
        let (left, top, width, height) = self.page();
        let x = left + (width + COLUMN * self.scale) / 2 - 30 * self.scale;
        let ground = |y: i32| picture.pixel(x, y) == picture.pixel(left + 4, top + 4);
        let edge = (top..top + height).rev().find(|y| !ground(*y)).context("there is no button")?;
        self.desk.click(x, edge - INTO_BUTTON * self.scale)
    }
}

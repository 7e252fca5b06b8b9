//! From the click on Start to the painted portal, beside a bare window that loads the same page; one pair after the other.

use std::path::Path;

use amberglass_domain::ports::Clock as _;
use amberglass_system::SystemClock;
use anyhow::Result;

use super::{
    bare_window::{BareWindow, TITLE},
    door::{OpenDoor, Side},
    figures::Series,
    film::Film,
};
use crate::{
    console::Console,
    desk::Desk,
    portal_window::{CURTAIN, PortalWindow},
};

/// The sample customer of the demo.
pub const CUSTOMER: &str = "1042";
/// Both sides come from the same quiet: what the run before left to do is done.
const REST_MILLIS: i64 = 800;

/// Milliseconds, each from the click or from what stands for it.
#[derive(Default)]
pub struct Times {
    /// Until the portal was asked for its page.
    pub asked: Series,
    /// Until the page had painted, by its own word.
    pub painted: Series,
    /// Until it was to be seen on the screen, uncovered.
    pub seen: Series,
}

impl Times {
    fn add(&mut self, clicked: i64, (asked, painted): (i64, i64), seen: i64) {
        for (series, at) in [(&mut self.asked, asked), (&mut self.painted, painted), (&mut self.seen, seen)] {
            series.add((at - clicked) as f64);
        }
    }
}

#[derive(Default)]
pub struct Pairs {
    pub console: Times,
    pub bare: Times,
}

/// What one pair needs.
pub struct Sides<'a> {
    pub desk: &'a Desk,
    pub screen: &'a Path,
    pub console: &'a Console,
    pub bare: &'a mut BareWindow,
    pub door: &'a mut OpenDoor,
}

impl Pairs {
    /// One session and one bare window. `counts` is false for rounds that only warm up.
    pub async fn run(&mut self, sides: &mut Sides<'_>, counts: bool) -> Result<()> {
        let (clicked, heard, seen) = session(sides).await?;
        if counts {
            self.console.add(clicked, heard, seen);
        }
        let (opened, heard, seen) = bare(sides).await?;
        if counts {
            self.bare.add(opened, heard, seen);
        }
        Ok(())
    }
}

type Run = (i64, (i64, i64), i64);

async fn session(sides: &mut Sides<'_>) -> Result<Run> {
    open_card(sides.console).await?;
    let start = place_of_start(sides.desk, sides.console).await?;
    sides.desk.xdotool(&["mousemove", &start.0.to_string(), &start.1.to_string()])?;
    rest().await;
    sides.door.forget();
    let film = Film::start(sides.screen)?;
    let clicked = SystemClock.monotonic_millis();
    sides.desk.xdotool(&["click", "1"])?;
    let heard = sides.door.painted(Side::Gateway).await?;
    let window = PortalWindow::wait_until_open(sides.desk).await?;
    let seen = film.stands_since(window.area, &CURTAIN).await;
    drop(film);
    end_session(sides.console).await?;
    Ok((clicked, heard, seen))
}

async fn bare(sides: &mut Sides<'_>) -> Result<Run> {
    rest().await;
    sides.door.forget();
    let address = format!("{}/", sides.door.direct);
    let film = Film::start(sides.screen)?;
    let opened = SystemClock.monotonic_millis();
    sides.bare.open(&address)?;
    let heard = sides.door.painted(Side::Direct).await?;
    let area = sides.desk.window(TITLE).await;
    let seen = film.stands_since(area, &[]).await;
    drop(film);
    sides.bare.close().await?;
    Ok((opened, heard, seen))
}

async fn rest() {
    SystemClock.sleep_until(SystemClock.monotonic_millis() + REST_MILLIS).await;
}

/// Finds the customer and fills the start sheet.
pub async fn open_card(console: &Console) -> Result<()> {
    console.fill("find-field", CUSTOMER).await?;
    console.press(&format!("customer-{CUSTOMER}")).await?;
    console.press("reason-code-billing").await?;
    console.fill("ticket", "TCK-4821").await?;
    console.fill("reason-text", "Asks why the last invoice was charged twice").await
}

/// The middle of the button on the screen: the console's page fills its window.
async fn place_of_start(desk: &Desk, console: &Console) -> Result<(i32, i32)> {
    let (left, top, _, _) = desk.window("^Amberglass$").await;
    let (x, y, width, height) = console.see("start-session").await.rectangle().await?;
    Ok((left + (x + width / 2.0).round() as i32, top + (y + height / 2.0).round() as i32))
}

pub async fn press_start(desk: &Desk, console: &Console) -> Result<()> {
    let (x, y) = place_of_start(desk, console).await?;
    desk.click(x, y)
}

/// Ends the session from its bar and leaves the end screen.
pub async fn end_session(console: &Console) -> Result<()> {
    console.to_bar().await?;
    console.press("end-session").await?;
    console.to_main().await?;
    console.press("dismiss-end").await?;
    console.gone("end-screen").await;
    Ok(())
}

//! The session window from outside: pixels, pointer and keys. The page has no bridge that a test could use.

use std::time::Duration;

use amberglass_testkit::{wait_until, wait_until_telling};
use anyhow::{Context as _, Result};

use crate::{
    desk::Desk,
    picture::{Area, LOOKS_AT_REST, Picture, Still},
};

const LIMIT: Duration = Duration::from_secs(20);
/// Height of the bar, in pixels at scale 1, and with the row in which one says why the session is extended.
pub const BAR: i32 = 64;
pub const OPEN_BAR: i32 = 148;
/// With the row about a write that was blocked.
pub const WRITE_BAR: i32 = 112;
/// `#f59e0b`
pub const LIVE: [u8; 3] = [0xf5, 0x9e, 0x0b];
/// `#7f1d1d`: about to end.
pub const LAST_MINUTES: [u8; 3] = [0x7f, 0x1d, 0x1d];
/// In the order of the portal's strip of test pages.
const HOSTILE_LINKS: [&str; 5] = ["cover", "dialog", "probe", "probe with clicks", "attacks"];
/// What the webview shows before a page has painted.
const GROUND: [u8; 3] = [0xfa, 0xfa, 0xf9];
/// The curtain's grey, light and dark.
pub const CURTAIN: [[u8; 3]; 2] = [[0xe7, 0xe5, 0xe4], [0x29, 0x25, 0x24]];

pub struct PortalWindow<'a> {
    desk: &'a Desk,
    /// Of the portal below the bar.
    pub area: Area,
}

impl<'a> PortalWindow<'a> {
    /// Waits until the window stands, its frame is drawn, the curtain is lifted and the page itself is to be seen.
    pub async fn wait_until_painted(desk: &'a Desk) -> Result<PortalWindow<'a>> {
        let window = Self::wait_until_open(desk).await?;
        let shown =
            |picture: &Picture| window.has_frame(picture) && !window.is_covered(picture) && !window.is_blank(picture);
        window.until("the portal under its frame", LIMIT, shown).await;
        Ok(window)
    }

    /// Waits until the window stands, covered or not.
    pub async fn wait_until_open(desk: &'a Desk) -> Result<PortalWindow<'a>> {
        Self::below(desk, BAR).await
    }

    /// The portal below a bar of this height.
    pub async fn below(desk: &'a Desk, bar: i32) -> Result<PortalWindow<'a>> {
        let (x, y, width, height) = desk.window(" · AG-").await;
        Ok(Self { desk, area: (x, y + bar, width, height - bar) })
    }

    /// Waits until all that `wanted` asks of a picture of the screen is to be seen.
    pub async fn until(&self, what: &str, limit: Duration, wanted: impl Fn(&Picture) -> bool) {
        let seen = || async { self.picture().ok().filter(|picture| wanted(picture)).map(drop) };
        wait_until_telling(what, limit, seen, || self.told()).await;
    }

    /// What stands on the screen, in words for whoever reads of a failure: the windows, and what the frame's sides and
    /// the page are made of.
    fn told(&self) -> String {
        let picture = match self.picture() {
            Ok(picture) => picture,
            Err(error) => return format!("(no picture: {error:#})"),
        };
        let kept = std::env::temp_dir().join("amberglass-waited-in-vain.png");
        let kept = picture.save(&kept).map_or_else(|error| format!("{error:#}"), |()| kept.display().to_string());
        let (x, y, width, height) = self.area;
        let mut parts: Vec<(&str, Area)> = ["top", "bottom", "left", "right"].into_iter().zip(self.sides()).collect();
        parts.push(("page", (x + 10, y + 10, width - 20, height - 60)));
        let colours = parts.iter().map(|(name, area)| format!("{name} {}", picture.colours(*area)));
        let windows = self.desk.windows().unwrap_or_else(|error| format!("{error:#}"));
        let colours = colours.collect::<Vec<_>>().join(", ");
        format!("(area {:?}; {colours}; windows: {windows}; picture: {kept})", self.area)
    }

    /// The frame's sides, without the corners and the countdown.
    fn sides(&self) -> [Area; 4] {
        let (x, y, width, height) = self.area;
        [
            (x + 20, y + 1, width - 40, 4),
            (x + 20, y + height - 5, width - 40, 4),
            (x + 1, y + 20, 4, height - 40),
            (x + width - 5, y + 20, 4, height - 80),
        ]
    }

    pub fn picture(&self) -> Result<Picture> {
        self.desk.picture()
    }

    /// Whether live amber stands all around, as the host draws it.
    pub fn has_frame(&self, picture: &Picture) -> bool {
        self.has_frame_of(picture, LIVE)
    }

    /// Whether this colour stands all around.
    pub fn has_frame_of(&self, picture: &Picture, colour: [u8; 3]) -> bool {
        self.sides().iter().all(|side| {
            let all = usize::try_from(side.2 * side.3).unwrap_or_default();
            picture.count(*side, colour, 3) * 100 >= all * 98
        })
    }

    /// Whether the curtain's grey fills most of the page.
    pub fn is_covered(&self, picture: &Picture) -> bool {
        let (x, y, width, height) = self.area;
        let middle = (x + 10, y + 10, width - 20, height / 3);
        let all = usize::try_from(middle.2 * middle.3).unwrap_or_default();
        CURTAIN.iter().any(|grey| picture.count(middle, *grey, 2) * 100 >= all * 70)
    }

    /// Whether there is nothing but the webview's own ground under the watermark.
    pub fn is_blank(&self, picture: &Picture) -> bool {
        let (x, y, width, height) = self.area;
        let page = (x + 10, y + 10, width - 20, height - 60);
        let all = usize::try_from(page.2 * page.3).unwrap_or_default();
        picture.count(page, GROUND, 24) * 100 >= all * 97
    }

    /// The countdown in the lower right corner: how much of its pill is live amber.
    pub fn has_countdown(&self, picture: &Picture) -> bool {
        let (x, y, width, height) = self.area;
        let pill = (x + width - 60, y + height - 26, 54, 20);
        let all = usize::try_from(pill.2 * pill.3).unwrap_or_default();
        let amber = picture.count(pill, LIVE, 3);
        // Digits on amber: mostly amber, but not all of it.
        amber * 100 >= all * 50 && amber < all
    }

    /// What was loaded also stands: the page was the same at many looks in a row.
    pub async fn settle(&self) {
        let (x, y, width, height) = self.area;
        let inner = (x + 8, y + 8, width - 16, height - 60);
        let mut still = Still::default();
        wait_until("the page to come to rest", LIMIT, || {
            let rests = self.picture().is_ok_and(|picture| still.looks(picture.sample(inner)) >= LOOKS_AT_REST);
            async move { rests.then_some(()) }
        })
        .await;
    }

    /// Gives the page the keyboard by a click where the portal has nothing to press.
    pub fn focus(&self) -> Result<()> {
        let (x, y, _, height) = self.area;
        self.desk.click(x + 14, y + height / 2).context("the page was not clicked")
    }

    /// The n-th link of the page's own order, by keyboard.
    pub fn open_section(&self, tabs: u32) -> Result<()> {
        self.focus()?;
        for _ in 0..tabs {
            self.desk.key("Tab")?;
        }
        self.desk.key("Return")
    }

    /// The portal's test pages stand first in the page's order when it serves them.
    pub fn follow_hostile_link(&self, name: &str) -> Result<()> {
        let place = HOSTILE_LINKS.iter().position(|link| *link == name).context("no such link")?;
        self.open_section(u32::try_from(place)? + 1)
    }

    /// On the account page: past head, navigation and the password form to the first field of the address, and Return.
    pub fn submit_address(&self) -> Result<()> {
        self.open_section(13)
    }
}

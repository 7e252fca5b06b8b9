//! The session window from outside: pixels, pointer and keys. The page has no bridge that a test could use.

use std::{path::Path, time::Duration};

use amberglass_testkit::wait_until;
use anyhow::{Context as _, Result};

use crate::{desk::Desk, picture::Picture};

const LIMIT: Duration = Duration::from_secs(20);
/// Height of the bar, in pixels at scale 1, and with the row in which one says why the session is extended.
pub const BAR: i32 = 64;
pub const OPEN_BAR: i32 = 148;
/// `#f59e0b`
pub const LIVE: [u8; 3] = [0xf5, 0x9e, 0x0b];
/// `#7f1d1d`: about to end.
pub const LAST_MINUTES: [u8; 3] = [0x7f, 0x1d, 0x1d];
/// In the order of the portal's strip of test pages.
const HOSTILE_LINKS: [&str; 4] = ["cover", "dialog", "probe", "probe with clicks"];
/// What the webview shows before a page has painted.
const GROUND: [u8; 3] = [0xfa, 0xfa, 0xf9];
/// The curtain's grey, light and dark.
pub const CURTAIN: [[u8; 3]; 2] = [[0xe7, 0xe5, 0xe4], [0x29, 0x25, 0x24]];

pub struct PortalWindow<'a> {
    desk: &'a Desk,
    /// x, y, width, height of the portal below the bar.
    pub area: (i32, i32, i32, i32),
}

impl<'a> PortalWindow<'a> {
    /// Waits until the window stands, its frame is drawn, the curtain is lifted and the page itself is to be seen.
    pub async fn wait_until_painted(desk: &'a Desk, folder: &Path) -> Result<PortalWindow<'a>> {
        let window = Self::wait_until_open(desk).await?;
        let file = folder.join("waiting.png");
        wait_until("the portal under its frame", LIMIT, || async {
            let picture = window.picture(&file).ok()?;
            let shown = window.has_frame(&picture) && !window.is_covered(&picture) && !window.is_blank(&picture);
            shown.then_some(())
        })
        .await;
        let _ = std::fs::remove_file(file);
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
        let file = self.desk.dir().join("until.png");
        wait_until(what, limit, || async { self.picture(&file).ok().filter(|picture| wanted(picture)).map(drop) })
            .await;
    }

    pub fn picture(&self, file: &Path) -> Result<Picture> {
        self.desk.screenshot(file)?;
        Picture::read(file)
    }

    /// Whether live amber stands all around, as the host draws it.
    pub fn has_frame(&self, picture: &Picture) -> bool {
        self.has_frame_of(picture, LIVE)
    }

    /// Whether this colour stands all around.
    pub fn has_frame_of(&self, picture: &Picture, colour: [u8; 3]) -> bool {
        let (x, y, width, height) = self.area;
        let sides = [
            (x + 20, y + 1, width - 40, 4),
            (x + 20, y + height - 5, width - 40, 4),
            (x + 1, y + 20, 4, height - 40),
            (x + width - 5, y + 20, 4, height - 80),
        ];
        sides.iter().all(|side| {
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

    /// Two equal pictures in a row: what was loaded also stands.
    pub async fn settle(&self, desk: &Desk) -> Result<()> {
        let file = desk.dir().join("settle.png");
        let (x, y, width, height) = self.area;
        let inner = (x + 8, y + 8, width - 16, height - 60);
        let mut before: Option<Vec<Option<[u8; 3]>>> = None;
        for _ in 0..30 {
            let picture = self.picture(&file)?;
            let now: Vec<_> = (inner.1..inner.1 + inner.3)
                .step_by(3)
                .flat_map(|y| (inner.0..inner.0 + inner.2).step_by(3).map(move |x| (x, y)))
                .map(|(x, y)| picture.pixel(x, y))
                .collect();
            if before.as_ref() == Some(&now) {
                return Ok(());
            }
            before = Some(now);
        }
        anyhow::bail!("the page does not come to rest")
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

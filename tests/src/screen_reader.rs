//! What the desk tells a screen reader (AT-SPI) about the windows on it, and what one can do through that: all that
//! somebody has who does not see the screen.

mod live;
mod outline;

use std::{
    collections::{HashMap, VecDeque},
    process::Command,
    time::Duration,
};

use amberglass_testkit::wait_until_telling;
use anyhow::{Context as _, Result};
use zbus::{Connection, connection, zvariant::OwnedObjectPath};

pub use self::{
    live::{LiveRegions, Told},
    outline::{outline, within},
};
use crate::{desk::Desk, process::Process};

const LIMIT: Duration = Duration::from_secs(20);
/// Where Debian keeps it, off the search path.
const LAUNCHER: &str = "/usr/libexec/at-spi-bus-launcher";
/// More than any window of ours tells of.
const MOST_THINGS: usize = 5_000;

/// Roles of what can be pressed, chosen or typed into.
pub const CONTROLS: [&str; 13] = [
    "button",
    "push button",
    "toggle button",
    "link",
    "textbox",
    "searchbox",
    "combobox",
    "radio",
    "checkbox",
    "switch",
    "option",
    "tab",
    "menuitem",
];

/// The role of a window, to GTK.
const WINDOW: &str = "frame";

const ACCESSIBLE: &str = "org.a11y.atspi.Accessible";

pub struct ScreenReader {
    bus: Connection,
    _launcher: Process,
}

/// One thing on the screen.
#[derive(Debug, Clone)]
pub struct Spoken {
    owner: String,
    path: OwnedObjectPath,
    /// Such as `button` in a page, `push button` in a window.
    pub role: String,
    pub name: String,
    pub description: String,
    /// Title of the window that it stands in.
    pub window: String,
    /// One bit for each state, as AT-SPI counts them.
    states: u64,
    /// How deep it stands in its window.
    depth: usize,
}

/// AT-SPI's numbers of states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Checked = 4,
    Expandable = 9,
    Expanded = 10,
    Focused = 12,
    Modal = 16,
    Pressed = 20,
    Selected = 23,
    Sensitive = 24,
    Required = 33,
    InvalidEntry = 36,
}

impl Spoken {
    pub fn is(&self, state: State) -> bool {
        self.states & (1 << (state as u32)) != 0
    }

    /// Whether one program tells of both: the console of what it draws itself, an engine of a page.
    pub fn is_told_by_the_same(&self, other: &Self) -> bool {
        self.owner == other.owner
    }

    /// One line of what is read out.
    pub fn line(&self) -> String {
        let mut line = format!("{}{}", "  ".repeat(self.depth), self.role);
        for text in [&self.name, &self.description].into_iter().filter(|text| !text.is_empty()) {
            line.push_str(&format!(" \"{text}\""));
        }
        line
    }
}

impl ScreenReader {
    /// Must stand before the programs start that it is to hear of: from then on those are told that there is one.
    pub async fn start(desk: &mut Desk) -> Result<Self> {
        desk.take_from_environment("NO_AT_BRIDGE");
        let mut launcher = Command::new(LAUNCHER);
        launcher.arg("--launch-immediately").envs(desk.environment().iter().cloned());
        let launcher = Process::start("the accessibility bus", &mut launcher, &desk.dir().join("at-spi.log"))?;
        desk.until_owned("org.a11y.Bus").await;
        let session = connection::Builder::address(desk.bus())?.build().await?;
        let bus = zbus::Proxy::new(&session, "org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus").await?;
        let address: String = bus.call("GetAddress", &()).await.context("there is no accessibility bus")?;
        let status = zbus::Proxy::new(&session, "org.a11y.Bus", "/org/a11y/bus", "org.a11y.Status").await?;
        status.set_property("IsEnabled", true).await?;
        status.set_property("ScreenReaderEnabled", true).await?;
        let bus = connection::Builder::address(address.as_str())?.build().await?;
        Ok(Self { bus, _launcher: launcher })
    }

    /// Everything that is on the screen, window after window, in the order in which it is read.
    pub async fn everything(&self) -> Vec<Spoken> {
        let root =
            ("org.a11y.atspi.Registry".to_owned(), "/org/a11y/atspi/accessible/root".to_owned(), 0, String::new());
        let mut waiting = VecDeque::from([root]);
        let mut all = Vec::new();
        while let Some((owner, path, depth, window)) = waiting.pop_front() {
            // What goes while it is asked is left out.
            let Ok((mut thing, children)) = self.ask(&owner, &path, depth).await else { continue };
            thing.window = if thing.role == WINDOW { thing.name.clone() } else { window };
            for (owner, path) in children.into_iter().rev() {
                waiting.push_front((owner, path.to_string(), depth + 1, thing.window.clone()));
            }
            all.push(thing);
            if all.len() >= MOST_THINGS {
                break;
            }
        }
        all
    }

    async fn ask(&self, owner: &str, path: &str, depth: usize) -> Result<(Spoken, Vec<(String, OwnedObjectPath)>)> {
        let thing = proxy(&self.bus, owner, path, ACCESSIBLE).await?;
        // One after the other, as screen readers do: asked for all at once, GTK leaves out the page in a webview.
        let mut children = Vec::new();
        for index in 0..thing.get_property::<i32>("ChildCount").await? {
            children.push(thing.call("GetChildAtIndex", &(index,)).await?);
        }
        let states: Vec<u32> = thing.call("GetState", &()).await?;
        let states = states.iter().rev().fold(0_u64, |all, word| all << 32 | u64::from(*word));
        let mut attributes: HashMap<String, String> = thing.call("GetAttributes", &()).await.unwrap_or_default();
        // WebKitGTK names no role but this one, which the page as a whole has not.
        let role = match attributes.remove("computed-role").filter(|role| !role.is_empty()) {
            Some(role) => role,
            None => thing.call("GetRoleName", &()).await?,
        };
        let mut name: String = thing.get_property("Name").await?;
        // What can be pressed has to be named by itself.
        if name.is_empty() && children.is_empty() && !CONTROLS.contains(&role.as_str()) {
            name = text(&self.bus, owner, path).await.unwrap_or_default();
        }
        let spoken = Spoken {
            owner: owner.to_owned(),
            path: OwnedObjectPath::try_from(path)?,
            role,
            name,
            description: thing.get_property("Description").await.unwrap_or_default(),
            window: String::new(),
            states,
            depth,
        };
        Ok((spoken, children))
    }

    /// Waits for a thing of this role whose name begins like this, in a window whose title contains `window`.
    pub async fn hear(&self, window: &str, role: &str, name: &str) -> Spoken {
        self.hear_that(&format!("{role} \"{name}\" in a window called {window}"), |thing| {
            thing.window.contains(window) && thing.role == role && thing.name.starts_with(name)
        })
        .await
    }

    /// Waits for the first thing that is `wanted`.
    pub async fn hear_that(&self, what: &str, wanted: impl Fn(&Spoken) -> bool) -> Spoken {
        let heard = std::cell::RefCell::new(Vec::new());
        let look = || async {
            let all = self.everything().await;
            let found = all.iter().find(|thing| wanted(thing)).cloned();
            heard.replace(all);
            found
        };
        let told = || heard.borrow().iter().map(Spoken::line).collect::<Vec<_>>().join("\n");
        wait_until_telling(&format!("a screen reader to be told of {what}"), LIMIT, look, || format!("\n{}", told()))
            .await
    }

    /// Whether this thing has the keyboard now.
    pub async fn has_keyboard(&self, thing: &Spoken) -> bool {
        let asked = self.ask(&thing.owner, thing.path.as_str(), thing.depth).await;
        asked.is_ok_and(|(now, _)| now.is(State::Focused))
    }
}

/// Of a paragraph, say, which has no other name.
async fn text(bus: &Connection, owner: &str, path: &str) -> Result<String> {
    Ok(proxy(bus, owner, path, "org.a11y.atspi.Text").await?.call("GetText", &(0_i32, -1_i32)).await?)
}

async fn proxy(bus: &Connection, owner: &str, path: &str, interface: &'static str) -> Result<zbus::Proxy<'static>> {
    let proxy = zbus::proxy::Builder::new(bus)
        .destination(owner.to_owned())?
        .path(path.to_owned())?
        .interface(interface)?
        .cache_properties(zbus::proxy::CacheProperties::No);
    Ok(proxy.build().await?)
}

//! A panel with a tray, as Xfce has it: what programs register on the desk's bus it shows, and a click on it reaches them.

use std::process::Command;

use amberglass_testkit::wait_until;
use anyhow::{Context as _, Result};

use crate::{
    desk::{Desk, LIMIT},
    process::{Process, run},
};

/// Says where the daemon lies that holds the panel's settings: the folder is that of the architecture.
const SETTINGS_SERVICE: &str = "/usr/share/dbus-1/services/org.xfce.Xfconf.service";
const WATCHER: &str = "org.kde.StatusNotifierWatcher";
/// Where our own menu stands on the bus of whoever owns the icon.
const MENU: &str = "/org/ayatana/NotificationItem/tray_icon_tray_app_amberglass/Menu";

const PANEL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=12;x=0;y=0"/>
      <property name="length" type="uint" value="20"/>
      <property name="size" type="uint" value="28"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray"/>
  </property>
</channel>
"#;

/// Ends with what it started.
pub struct TrayHost {
    _panel: Process,
    _settings: Process,
}

impl TrayHost {
    /// Comes back once programs can register.
    pub async fn start(desk: &Desk) -> Result<Self> {
        let channels = desk.dir().join("config/xfce4/xfconf/xfce-perchannel-xml");
        std::fs::create_dir_all(&channels)?;
        std::fs::write(channels.join("xfce4-panel.xml"), PANEL)?;
        let service = std::fs::read_to_string(SETTINGS_SERVICE).context("xfconf is not installed")?;
        let daemon = service.lines().find_map(|line| line.strip_prefix("Exec=")).context("no daemon is named")?;
        let mut settings = Command::new(daemon.trim());
        settings.envs(desk.environment().iter().cloned());
        let settings = Process::start("the panel's settings", &mut settings, &desk.dir().join("xfconfd.log"))?;
        desk.until_owned("org.xfce.Xfconf").await;
        let mut panel = Command::new("xfce4-panel");
        panel.args(["--disable-wm-check"]).envs(desk.environment().iter().cloned());
        let panel = Process::start("the panel", &mut panel, &desk.dir().join("panel.log"))?;
        desk.until_owned(WATCHER).await;
        Ok(Self { _panel: panel, _settings: settings })
    }

    /// Waits until our icon is there, then chooses the line of its menu with this text.
    pub async fn choose(desk: &Desk, text: &str) -> Result<()> {
        Self::find(desk, text).await.choose(desk)
    }

    /// Waits until our icon is there with this text in its menu.
    pub async fn find(desk: &Desk, text: &str) -> TrayLine {
        let (owner, line) = wait_until(&format!("`{text}` in the tray"), LIMIT, || async {
            let menu = tray_menu(desk)?;
            let line = number_of(&menu.1, text)?;
            Some((menu.0, line))
        })
        .await;
        TrayLine { owner, line }
    }
}

/// A line of our icon's menu.
pub struct TrayLine {
    owner: String,
    line: i32,
}

impl TrayLine {
    /// As a click on it does.
    pub fn choose(&self, desk: &Desk) -> Result<()> {
        let arguments = [
            "--session".to_owned(),
            "--print-reply".to_owned(),
            format!("--dest={}", self.owner),
            MENU.to_owned(),
            "com.canonical.dbusmenu.Event".to_owned(),
            format!("int32:{}", self.line),
            "string:clicked".to_owned(),
            "variant:int32:0".to_owned(),
            "uint32:0".to_owned(),
        ];
        run("dbus-send", &arguments.each_ref().map(String::as_str), desk.environment()).map(drop)
    }
}

/// Whose our icon is, and the texts of its menu, as a panel asks for them on the desk's bus.
pub fn tray_menu(desk: &Desk) -> Option<(String, String)> {
    let dbus = |arguments: &[&str]| run("dbus-send", arguments, desk.environment()).ok();
    let names = dbus(&[
        "--session",
        "--print-reply",
        "--dest=org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus.ListNames",
    ])?;
    names.split('"').filter(|name| name.starts_with(':')).find_map(|name| {
        let menu = dbus(&[
            "--session",
            "--print-reply",
            "--reply-timeout=500",
            &format!("--dest={name}"),
            MENU,
            "com.canonical.dbusmenu.GetLayout",
            "int32:0",
            "int32:-1",
            "array:string:label",
        ])?;
        Some((name.to_owned(), menu))
    })
}

/// Of the menu's line with this text: each line begins with its number.
fn number_of(menu: &str, text: &str) -> Option<i32> {
    let mut number = None;
    for (line, next) in menu.lines().zip(menu.lines().skip(1)) {
        if line.trim().ends_with("struct {") {
            number = next.trim().strip_prefix("int32 ").and_then(|number| number.parse().ok());
        }
        if line.trim().ends_with(&format!("\"{text}\"")) {
            return number;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::number_of;

    #[test]
    fn a_line_of_the_menu_is_found_by_its_text() {
        let menu = "uint32 4\nstruct {\nint32 0\narray [\n]\narray [\nvariant struct {\nint32 3\narray [\n\
                    dict entry(\nstring \"label\"\nvariant string \"Open\"\n)\n]\n}\nvariant struct {\nint32 7\narray [\n\
                    dict entry(\nstring \"label\"\nvariant string \"Quit\"\n)\n]\n}\n]\n}\n";
        assert_eq!(number_of(menu, "Open"), Some(3));
        assert_eq!(number_of(menu, "Quit"), Some(7));
        assert_eq!(number_of(menu, "Nothing"), None);
    }
}

//! The console as somebody works with it who has a keyboard and a screen reader and nothing else. Nothing reaches into it
//! from within, so it may be the very program that people install.

use std::{path::Path, process::Command};

use anyhow::{Result, bail};

use crate::{
    console::SignIn,
    desk::Desk,
    process::Process,
    screen_reader::{ScreenReader, Spoken},
};

/// More than any of our screens has stops.
const MOST_TABS: usize = 80;

pub const CONSOLE: &str = "Amberglass";
/// Before it stands the customer's name, behind it the rest of the session's code.
pub const SESSION: &str = " · AG-";

/// Ends in the order of its fields.
pub struct ByKeyboard {
    pub console: Process,
    pub reader: ScreenReader,
    pub desk: Desk,
}

/// Who works with what.
pub struct Seat<'a> {
    pub program: &'a Path,
    /// Of the server.
    pub api: &'a str,
    /// Stands where `$BROWSER` stands, and signs in.
    pub browser: &'a Path,
    pub sign_in: SignIn<'a>,
    /// The person's folder.
    pub home: &'a Path,
}

impl ByKeyboard {
    /// A desk in `dir`, and on it the console of `seat`.
    pub async fn start(dir: &Path, seat: Seat<'_>) -> Result<Self> {
        let mut desk = Desk::start(&dir.join("desk"), true).await?;
        let reader = ScreenReader::start(&mut desk).await?;
        let mut command = Command::new(seat.program);
        command
            .envs(desk.environment().iter().cloned())
            // Where the person's own files are, and not the desk's.
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_CACHE_HOME")
            .env("HOME", seat.home)
            .env("AMBERGLASS_SERVER", seat.api)
            .env("AMBERGLASS_LOG", "info")
            .env("BROWSER", seat.browser)
            .env("AMBERGLASS_SIGN_IN_EMAIL", seat.sign_in.email)
            .env("AMBERGLASS_SIGN_IN_PASSWORD", seat.sign_in.password);
        let console = Process::start("the console", &mut command, &dir.join("console.log"))?;
        Ok(Self { console, reader, desk })
    }

    /// Goes there by Tab, as far as the window has anything to go to.
    pub async fn go_to(&self, thing: &Spoken) -> Result<()> {
        for _ in 0..MOST_TABS {
            // Twice: on a busy machine a key may still be on its way, and leads past it.
            if self.reader.has_keyboard(thing).await && self.reader.has_keyboard(thing).await {
                return Ok(());
            }
            self.desk.key("Tab")?;
        }
        bail!("Tab does not lead to {}", thing.line().trim())
    }

    /// Goes there and presses Return.
    pub async fn press(&self, thing: &Spoken) -> Result<()> {
        self.go_to(thing).await?;
        self.desk.key("Return")
    }

    /// Goes there and types.
    pub async fn type_into(&self, field: &Spoken, text: &str) -> Result<()> {
        self.go_to(field).await?;
        self.desk.xdotool(&["type", "--delay", "8", text]).map(drop)
    }

    /// From the first start to the trail of a session that was ended. Answers what was heard while the session ran.
    pub async fn do_the_main_job(&self) -> Result<Vec<Spoken>> {
        self.sign_in().await?;
        self.start_session().await?;
        let heard = self.reader.everything().await;
        self.end_session().await?;
        let note = self.reader.hear(CONSOLE, "textbox", "Closing note").await;
        self.type_into(&note, "The second charge was a mistake").await?;
        let save = self.reader.hear(CONSOLE, "button", "Save note").await;
        self.press(&save).await?;
        let trail = self.reader.hear(CONSOLE, "button", "Open the trail").await;
        self.press(&trail).await?;
        self.reader.hear(CONSOLE, "cell", "Session started").await;
        self.reader.hear(CONSOLE, "cell", "Session ended").await;
        Ok(heard)
    }

    /// For the first time on this computer.
    pub async fn sign_in(&self) -> Result<()> {
        let read = self.reader.hear(CONSOLE, "button", "I have read this").await;
        self.press(&read).await?;
        let sign_in = self.reader.hear(CONSOLE, "button", "Sign in").await;
        self.press(&sign_in).await
    }

    /// From the field that finds customers to the customer's own page. What is offered first is how long it lasts.
    pub async fn start_session(&self) -> Result<()> {
        let find = self.reader.hear(CONSOLE, "combobox", "Find a customer").await;
        self.type_into(&find, "1042").await?;
        self.reader.hear(CONSOLE, "option", "Jane Doe").await;
        self.desk.key("Return")?;

        let reason = self.reader.hear(CONSOLE, "radio", "Billing question").await;
        self.go_to(&reason).await?;
        self.desk.key("space")?;
        let text = self.reader.hear(CONSOLE, "textbox", "What you need").await;
        self.type_into(&text, "Asks why the last invoice was charged twice").await?;
        let ticket = self.reader.hear(CONSOLE, "textbox", "Ticket").await;
        self.type_into(&ticket, "TCK-4821").await?;
        let start = self.reader.hear(CONSOLE, "button", "Start read-only session").await;
        self.press(&start).await?;

        // The portal greets by the hour.
        let greets = |thing: &Spoken| {
            thing.window.contains(SESSION) && thing.role == "heading" && thing.name.ends_with(", Jane")
        };
        self.reader.hear_that("the page that greets Jane", greets).await;
        self.reader.hear(SESSION, "paragraph", "The portal is shown.").await;
        Ok(())
    }

    /// From the page to the bar, and there to the button that ends.
    pub async fn end_session(&self) -> Result<()> {
        self.desk.key("F6")?;
        let end = self.reader.hear(SESSION, "button", "End session").await;
        self.press(&end).await?;
        self.reader.hear(CONSOLE, "heading", "Session ended").await;
        Ok(())
    }
}

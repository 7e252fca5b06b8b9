//! The console as a person drives it: console and bar through WebDriver, by the ids in `ui/src/lib/testids.ts`; the portal
//! has no bridge of any kind and is driven by pointer and keys through [`crate::desk::Desk`].

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use amberglass_testkit::{address_of_its_own, wait_until};
use anyhow::{Context as _, Result};
use fantoccini::{
    Client, ClientBuilder, Locator,
    elements::Element,
    wd::{Capabilities, WindowHandle},
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

use crate::{desk::Desk, process::Process};

const LIMIT: Duration = Duration::from_secs(20);

/// Who signs in when the console opens the browser.
pub struct SignIn<'a> {
    pub email: &'a str,
    pub password: &'a str,
}

pub struct Console {
    client: Client,
    main: WindowHandle,
    home: PathBuf,
    /// Ends the console too: the driver started it.
    driver: Process,
}

impl Console {
    /// Starts the console on `desk` against the server at `api`; its data goes to `home`. Whoever sits there has read the
    /// notice of what is recorded, so that the sign-in stands on the screen.
    pub async fn start(desk: &Desk, bin_dir: &Path, api: &str, home: &Path, sign_in: SignIn<'_>) -> Result<Self> {
        let preferences = home.join("data").join("preferences.json");
        if !preferences.exists() {
            std::fs::create_dir_all(home.join("data"))?;
            std::fs::write(&preferences, r#"{ "notice_accepted": true }"#)?;
        }
        Self::start_as_is(desk, bin_dir, Some(api), home, sign_in, &[]).await
    }

    /// Starts the console with nothing but what is in `home` already; without `api` the server is for the person to choose.
    pub async fn start_as_is(
        desk: &Desk,
        bin_dir: &Path,
        api: Option<&str>,
        home: &Path,
        sign_in: SignIn<'_>,
        arguments: &[&str],
    ) -> Result<Self> {
        std::fs::create_dir_all(home)?;
        let port = address_of_its_own().port();
        let mut command = Command::new("WebKitWebDriver");
        command
            .arg(format!("--port={port}"))
            // For the tests' own libraries; to the console it is code of others.
            .env_remove("LD_LIBRARY_PATH")
            .envs(desk.environment().iter().cloned())
            // Whatever would be saved would be saved below this.
            .env("HOME", home.parent().unwrap_or(home))
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("AMBERGLASS_HOME", home)
            .env("AMBERGLASS_SERVER", api.unwrap_or_default())
            .env("AMBERGLASS_LOG", "info")
            .env("BROWSER", bin_dir.join("amberglass-sign-in"))
            .env("AMBERGLASS_SIGN_IN_EMAIL", sign_in.email)
            .env("AMBERGLASS_SIGN_IN_PASSWORD", sign_in.password)
            .env("AMBERGLASS_SIGN_IN_ANSWER", answer_file(home));
        let driver = Process::start("the WebDriver", &mut command, &home.join("console.log"))?;
        let address = format!("http://127.0.0.1:{port}");
        wait_until("the WebDriver", LIMIT, || async {
            std::net::TcpStream::connect(("127.0.0.1", port)).ok().map(drop)
        })
        .await;
        let mut capabilities = Capabilities::new();
        let program = bin_dir.join("amberglass");
        capabilities.insert("webkitgtk:browserOptions".to_owned(), json!({ "binary": program, "args": arguments }));
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let connecting = builder.capabilities(capabilities).connect(&address);
        let client = tokio::time::timeout(LIMIT, connecting)
            .await
            .context("the console did not let the WebDriver in")?
            .context("the console did not start")?;
        let main = client.window().await?;
        Ok(Self { client, main, home: home.to_owned(), driver })
    }

    /// Process id of the WebDriver, of which the console is a child.
    pub fn driver_id(&self) -> u32 {
        self.driver.id()
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    async fn find(&self, id: &str) -> Option<Element> {
        let element = self.client.find(Locator::Css(&format!("[data-testid='{id}']"))).await.ok()?;
        element.is_displayed().await.ok()?.then_some(element)
    }

    /// Waits until the element stands on the screen.
    pub async fn see(&self, id: &str) -> Element {
        wait_until(&format!("`{id}` on the screen"), LIMIT, || self.find(id)).await
    }

    pub async fn is_shown(&self, id: &str) -> bool {
        self.find(id).await.is_some()
    }

    /// Waits until the element is gone.
    pub async fn gone(&self, id: &str) {
        wait_until(&format!("`{id}` to go"), LIMIT, || async { self.find(id).await.is_none().then_some(()) }).await;
    }

    pub async fn press(&self, id: &str) -> Result<()> {
        self.see(id).await.click().await.with_context(|| format!("`{id}` could not be pressed"))
    }

    pub async fn fill(&self, id: &str, text: &str) -> Result<()> {
        let field = self.see(id).await;
        field.clear().await?;
        field.send_keys(text).await?;
        Ok(())
    }

    pub async fn text(&self, id: &str) -> Result<String> {
        Ok(self.see(id).await.text().await?)
    }

    /// Waits until the element's text contains `part`.
    pub async fn text_with(&self, id: &str, part: &str) -> String {
        wait_until(&format!("`{id}` to say \"{part}\""), LIMIT, || async {
            let text = self.find(id).await?.text().await.ok()?;
            text.contains(part).then_some(text)
        })
        .await
    }

    /// As [`Console::text_with`], for text of clamped lines, which the driver takes for hidden.
    pub async fn clamped_text_with(&self, id: &str, part: &str) {
        let script = format!("return document.querySelector('[data-testid=\"{id}\"]')?.textContent ?? ''");
        wait_until(&format!("`{id}` to say \"{part}\""), LIMIT, || async {
            let text = self.client.execute(&script, vec![]).await.ok()?;
            text.as_str()?.contains(part).then_some(())
        })
        .await;
    }

    /// Every element of this id, with its `data-kind`.
    pub async fn kinds(&self, id: &str) -> Result<Vec<String>> {
        let mut kinds = Vec::new();
        for element in self.client.find_all(Locator::Css(&format!("[data-testid='{id}']"))).await? {
            kinds.push(element.attr("data-kind").await?.unwrap_or_default());
        }
        Ok(kinds)
    }

    /// Turns to the bar of the session window.
    pub async fn to_bar(&self) -> Result<()> {
        let bar = wait_until("the bar", LIMIT, || async {
            for window in self.client.windows().await.ok()? {
                self.client.switch_to_window(window.clone()).await.ok()?;
                if self.client.current_url().await.ok()?.path().ends_with("bar.html") {
                    return Some(window);
                }
            }
            None
        })
        .await;
        self.client.switch_to_window(bar).await?;
        Ok(())
    }

    /// Turns back to the console window.
    pub async fn to_main(&self) -> Result<()> {
        Ok(self.client.switch_to_window(self.main.clone()).await?)
    }

    /// Process ids of the consoles that work in this one's home, oldest first: also of one that has started itself anew, and
    /// is nobody's child any more.
    pub fn programs(&self) -> Result<Vec<i32>> {
        let home = format!("AMBERGLASS_HOME={}", self.home.display());
        let works_here = |id: i32| {
            let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == home.as_bytes())
        };
        processes(|id, name| name == "amberglass" && works_here(id))
    }

    /// The console dies as in a crash: nothing of it gets a word in. Returns once all that it held is free, its name on the
    /// message bus too, so that the next start is not taken for a second one.
    pub async fn kill_program(&self) -> Result<()> {
        let program = self.programs()?.pop().context("no console runs")?;
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(program), nix::sys::signal::Signal::SIGKILL)?;
        let is_dead = || stat(program).first().is_none_or(|state| state == "Z");
        wait_until("the console to be dead", LIMIT, || async { is_dead().then_some(()) }).await;
        Ok(())
    }

    /// Process ids of the web processes that belong to this console, oldest first.
    pub fn web_processes(&self) -> Result<Vec<i32>> {
        self.parts("WebKitWebProces")
    }

    /// Process ids of the engine's network processes that belong to this console.
    pub fn network_processes(&self) -> Result<Vec<i32>> {
        self.parts("WebKitNetworkPr")
    }

    fn parts(&self, name: &str) -> Result<Vec<i32>> {
        processes(|id, found| found.starts_with(name) && descends_from(id, self.driver.id()))
    }

    pub async fn close(self) -> Result<()> {
        Ok(self.client.close().await?)
    }
}

/// Process ids for which `wanted` holds, given their id and name; oldest first.
fn processes(wanted: impl Fn(i32, &str) -> bool) -> Result<Vec<i32>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let Ok(id) = entry?.file_name().to_string_lossy().parse::<i32>() else { continue };
        let name = std::fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
        if wanted(id, name.trim_end()) {
            found.push((started(id), id));
        }
    }
    found.sort_unstable();
    Ok(found.into_iter().map(|(_, id)| id).collect())
}

/// Where the browser helper leaves the page that the server showed last.
pub fn answer_file(home: &Path) -> PathBuf {
    home.join("sign-in-answer.html")
}

/// Fields of `/proc/ID/stat` after the command's closing bracket, from the process state on (proc(5)).
fn stat(id: i32) -> Vec<String> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let after = stat.rsplit_once(')').map(|(_, after)| after.to_owned()).unwrap_or_default();
    after.split_whitespace().map(str::to_owned).collect()
}

fn started(id: i32) -> u64 {
    stat(id).get(19).and_then(|ticks| ticks.parse().ok()).unwrap_or_default()
}

fn descends_from(id: i32, ancestor: u32) -> bool {
    let mut at = id;
    while at > 1 {
        if u32::try_from(at) == Ok(ancestor) {
            return true;
        }
        at = stat(at).get(1).and_then(|parent| parent.parse().ok()).unwrap_or_default();
    }
    false
}

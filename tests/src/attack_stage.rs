//! The hostile portal's stage, as a test leads it: one session, one attack after the other (`demo-portal/src/hostile`).

use std::{
    io::Write as _,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use amberglass_demo_portal::attacks::{Attack, Expected, Trigger};
use amberglass_testkit::wait_until;
use amberglass_wire::{SessionId, audit::TrailEvent};
use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::{picture::Picture, portal_window::PortalWindow, staff::Staff, workplace::Workplace};

/// For one step of an attack. A page gives up its own after eight seconds.
const STEP: Duration = Duration::from_secs(12);
/// Never reached: the step's limit comes before it.
const BEYOND: Duration = Duration::from_secs(60);
const MAGENTA: [u8; 3] = [0xff, 0x00, 0xff];

pub struct Stage<'a> {
    place: &'a Workplace,
    window: PortalWindow<'a>,
    staff: Staff,
    pub session: SessionId,
    /// Titles of the windows that stand on the desk before anything is tried.
    windows: String,
    /// Who came to the origin that nobody may reach.
    elsewhere: Arc<Mutex<Vec<String>>>,
    pictures: PathBuf,
}

/// An origin that writes down who came.
pub async fn other_origin() -> Result<(String, Arc<Mutex<Vec<String>>>)> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://127.0.0.1:{}", listener.local_addr()?.port());
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let writing = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((_, peer)) = listener.accept().await {
            writing.lock().unwrap_or_else(PoisonError::into_inner).push(peer.to_string());
        }
    });
    Ok((address, seen))
}

/// What comes of a step, or nothing within its time.
async fn within<T, F: Future<Output = Option<T>>>(condition: impl FnMut() -> F) -> Option<T> {
    tokio::time::timeout(STEP, wait_until("a step of an attack", BEYOND, condition)).await.ok()
}

impl<'a> Stage<'a> {
    /// Starts a session whose page stands on the stage. Pictures go to the folder `pictures`.
    pub async fn enter(
        place: &'a Workplace,
        elsewhere: Arc<Mutex<Vec<String>>>,
        pictures: PathBuf,
    ) -> Result<Stage<'a>> {
        std::fs::create_dir_all(&pictures)?;
        let _ = std::fs::remove_file(pictures.join("outcomes.txt"));
        let window = place.start_session("1042").await?;
        let staff = place.at_api().await?;
        let session = place.running(&staff).await?.into_iter().next().context("no session runs")?.id;
        let mut stage = Self { place, window, staff, session, windows: String::new(), elsewhere, pictures };
        stage.windows = stage.windows_now()?;
        stage.come_to_rest().await?;
        Ok(stage)
    }

    /// From the portal's first page to the one that waits for orders.
    async fn come_to_rest(&self) -> Result<()> {
        let before = self.reports(|report| is(report, "attack", "rest")).await.len();
        self.window.follow_hostile_link("attacks")?;
        let arrived =
            || async { (self.reports(|report| is(report, "attack", "rest")).await.len() > before).then_some(()) };
        within(arrived).await.context("the stage was not reached")
    }

    /// The page is covered: loads the portal anew and comes back.
    async fn come_back(&self) -> Result<()> {
        self.place.desk.key("Return")?;
        PortalWindow::wait_until_painted(&self.place.desk).await?;
        self.come_to_rest().await
    }

    /// Whatever the page is doing, it is taken away and loaded anew.
    pub async fn recover(&self) -> Result<()> {
        self.kill_page()?;
        within(|| async { self.window.is_covered(&self.window.picture().ok()?).then_some(()) })
            .await
            .context("a page without its process is not covered")?;
        self.come_back().await
    }

    fn kill_page(&self) -> Result<()> {
        let page = self.place.console.web_processes()?.pop().context("the page has no process")?;
        Ok(nix::sys::signal::kill(nix::unistd::Pid::from_raw(page), nix::sys::signal::Signal::SIGKILL)?)
    }

    /// What a sign-in gives holds for a few minutes.
    pub async fn sign_in_again(&mut self) -> Result<()> {
        self.staff = self.place.at_api().await?;
        Ok(())
    }

    async fn reports(&self, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        let reports = self.place.stack.hostile_reports().await.unwrap_or_default();
        reports.into_iter().filter(|report| is(report, "stage", "attack") && wanted(report)).collect()
    }

    pub async fn trail(&self) -> Result<Vec<TrailEvent>> {
        self.staff.trail(&self.session).await
    }

    /// Titles of all windows that can be seen, in an order of their own. Toolkits keep some beyond the screen's edge.
    fn windows_now(&self) -> Result<String> {
        let desk = &self.place.desk;
        let mut titles = Vec::new();
        for id in desk.xdotool(&["search", "--onlyvisible", "--name", ""])?.lines() {
            // It may have gone meanwhile.
            let Ok(told) = desk.xdotool(&["getwindowname", id, "getwindowgeometry", "--shell", id]) else { continue };
            let (title, geometry) = told.split_once('\n').unwrap_or_default();
            let number = |name: &str| -> i32 {
                let value = geometry.lines().find_map(|line| line.strip_prefix(name));
                value.and_then(|value| value.parse().ok()).unwrap_or_default()
            };
            let is_on_screen = number("X=") + number("WIDTH=") > 0 && number("Y=") + number("HEIGHT=") > 0;
            if is_on_screen && !title.is_empty() {
                titles.push(title.to_owned());
            }
        }
        titles.sort_unstable();
        Ok(titles.join(" | "))
    }

    /// Has the page begin an attack, and leaves it at that.
    ///
    /// # Errors
    /// When the page does not come to it.
    pub async fn begin(&self, id: &str) -> Result<u64> {
        let attack = amberglass_demo_portal::attacks::named(id).context("no such attack")?;
        let run = self.place.stack.order_attack(id).await?;
        self.step(run, "ready").await.context("the page did not come to it")?;
        if attack.trigger == Trigger::Click {
            let (x, y) = self.middle();
            self.place.desk.click(x, y)?;
        }
        Ok(run)
    }

    /// The page's word that it has come this far in a run, or is past it already.
    async fn step(&self, run: u64, step: &'static str) -> Option<Value> {
        let of_run = move |report: &Value| report.get("run").and_then(Value::as_u64) == Some(run);
        let there = move |report: &Value| of_run(report) && (is(report, "step", step) || is(report, "attack", "rest"));
        within(|| async { self.reports(there).await.pop() }).await
    }

    /// Gives the page the keyboard.
    pub fn focus_page(&self) -> Result<()> {
        self.window.focus()
    }

    /// Performs one attack. What is said of it is what went otherwise than it must.
    ///
    /// # Errors
    /// When the page does not come to it, or does not come back from it.
    pub async fn perform(&self, attack: &Attack) -> Result<Vec<String>> {
        let blocked_before = blocked(&self.trail().await?);
        let run = self.begin(attack.id).await?;
        let mut complaints = Vec::new();
        if !matches!(attack.expected, Expected::Covered(_)) {
            let done = self.step(run, "done").await.context("the page did not come to its end")?;
            let outcome = done.get("outcome").and_then(Value::as_str).unwrap_or_default().to_owned();
            self.note(&format!("{}: {outcome}", attack.id))?;
            if outcome.starts_with("through") {
                complaints.push(format!("it got {outcome}"));
            }
        }
        self.gesture(attack.trigger)?;
        complaints.extend(self.recorded(attack, blocked_before).await?);
        complaints.extend(self.looked_at(attack).await?);
        if matches!(attack.expected, Expected::Covered(_)) {
            self.come_back().await?;
        }
        Ok(complaints)
    }

    /// For whoever reads of a run afterwards, beside the pictures.
    pub fn note(&self, words: &str) -> Result<()> {
        let mut file =
            std::fs::OpenOptions::new().create(true).append(true).open(self.pictures.join("outcomes.txt"))?;
        Ok(writeln!(file, "{words}")?)
    }

    fn middle(&self) -> (i32, i32) {
        let (x, y, width, height) = self.window.area;
        (x + width / 2, y + height / 2)
    }

    /// What the person does once the page has made itself ready.
    fn gesture(&self, trigger: Trigger) -> Result<()> {
        let (x, y) = self.middle();
        let (x, y) = (x.to_string(), y.to_string());
        match trigger {
            Trigger::Load | Trigger::Click => {}
            Trigger::RightClick => drop(self.place.desk.xdotool(&["mousemove", &x, &y, "click", "3"])?),
            Trigger::Keys(keys) => {
                self.window.focus()?;
                self.place.desk.key(keys)?;
                if keys == "F6" {
                    // Back from the bar.
                    self.place.desk.key(keys)?;
                }
            }
            Trigger::DragOut => {
                let over_the_bar = (self.window.area.1 - 30).to_string();
                let mut drag = vec!["mousemove", &x, &y, "mousedown", "1"];
                for step in ["8", "20", "40"] {
                    drag.extend(["sleep", "0.1", "mousemove_relative", step, step]);
                }
                drag.extend(["sleep", "0.1", "mousemove", &x, &over_the_bar, "sleep", "0.1", "mouseup", "1"]);
                self.place.desk.xdotool(&drag)?;
            }
            Trigger::Crash => self.kill_page()?,
        }
        Ok(())
    }

    /// Whether what has to be on record is there. That nothing else is, [`unexpected`] tells at the end.
    async fn recorded(&self, attack: &Attack, blocked_before: usize) -> Result<Option<String>> {
        let missing = match attack.expected {
            Expected::Nothing(_) => None,
            Expected::Blocked => {
                let found = || async { (blocked(&self.trail().await.ok()?) > blocked_before).then_some(()) };
                within(found).await.is_none().then_some("request_blocked".to_owned())
            }
            Expected::Refused(attempt) => {
                let found = || async {
                    let trail = self.trail().await.ok()?;
                    attempts(&trail).iter().any(|(at, what)| at == attack.id && what == attempt).then_some(())
                };
                within(found).await.is_none().then(|| format!("attempt_refused of `{attempt}`"))
            }
            Expected::Covered(cause) => {
                let found = || async {
                    let trail = self.trail().await.ok()?;
                    let drawn = covers(&trail).iter().any(|(at, why)| at == attack.id && why == cause);
                    (drawn && self.window.is_covered(&self.window.picture().ok()?)).then_some(())
                };
                within(found).await.is_none().then(|| format!("a curtain because of `{cause}`"))
            }
        };
        Ok(missing.map(|missing| format!("{missing} is missing")))
    }

    /// The screen, the desk and the session after it.
    async fn looked_at(&self, attack: &Attack) -> Result<Vec<String>> {
        let mut complaints = Vec::new();
        let mut complain = |wrong: bool, words: String| {
            if wrong {
                complaints.push(words)
            }
        };
        let picture = if attack.visual { self.place.desk.picture_at_rest().await? } else { self.window.picture()? };
        if attack.visual {
            picture.save(&self.pictures.join(format!("{}.png", attack.id)))?;
        }
        complain(!self.window.has_frame(&picture), "the frame is not whole".to_owned());
        complain(!self.window.has_countdown(&picture), "the countdown is not to be seen".to_owned());
        complain(self.lacks_watermark(&picture), "no watermark lies over the page".to_owned());
        let windows = self.windows_now()?;
        complain(windows != self.windows, format!("other windows stand on the desk: {windows}"));
        let running = self.place.running(&self.staff).await?;
        complain(running.len() != 1, "the session has ended".to_owned());
        let elsewhere = std::mem::take(&mut *self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner));
        complain(!elsewhere.is_empty(), format!("another origin was reached {} times", elsewhere.len()));
        if attack.id == "draw-menu" {
            self.place.desk.key("Escape")?;
        }
        Ok(complaints)
    }

    /// A page that is magenta all over shows whether something lies over it.
    fn lacks_watermark(&self, picture: &Picture) -> bool {
        let (x, y, width, height) = self.window.area;
        let page = (x + 20, y + 20, width - 40, height - 80);
        let all = usize::try_from(page.2 * page.3).unwrap_or_default();
        let covered = picture.count(page, MAGENTA, 60) * 100 >= all * 95;
        covered && picture.count(page, MAGENTA, 0) * 1000 >= all * 998
    }
}

fn is(report: &Value, field: &str, value: &str) -> bool {
    report.get(field).and_then(Value::as_str) == Some(value)
}

fn blocked(trail: &[TrailEvent]) -> usize {
    trail.iter().filter(|event| event.record.kind == "request_blocked").count()
}

/// What the console has recorded of this kind, each with the attack during which it did: that whose page it had let in last.
fn during(trail: &[TrailEvent], kind: &str, field: &str) -> Vec<(String, String)> {
    let mut records: Vec<_> = trail.iter().filter(|event| !event.record.writer.starts_with("server:")).collect();
    records.sort_by_key(|event| event.record.seq);
    let (mut at, mut found) = (String::new(), Vec::new());
    for event in records {
        let Ok(body) = serde_json::from_str::<Value>(&event.record.body) else { continue };
        let detail = |field: &str| body.pointer(&format!("/detail/{field}")).and_then(Value::as_str);
        if event.record.kind == "page_viewed" {
            let page = detail("path").and_then(|path| path.strip_prefix("/hostile/")?.strip_suffix("?run"));
            // What an attack's page goes to itself still belongs to it.
            if let Some(page) = page.filter(|page| !page.contains('/') && *page != "rest") {
                page.clone_into(&mut at);
            }
        } else if event.record.kind == kind
            && let Some(value) = detail(field)
        {
            found.push((at.clone(), value.to_owned()));
        }
    }
    found
}

fn attempts(trail: &[TrailEvent]) -> Vec<(String, String)> {
    during(trail, "attempt_refused", "attempt")
}

fn covers(trail: &[TrailEvent]) -> Vec<(String, String)> {
    during(trail, "curtain_drawn", "cause")
}

/// What stands on record beside what has to, in words.
pub fn unexpected<'a>(trail: &[TrailEvent], performed: impl Iterator<Item = &'a Attack>) -> Vec<String> {
    let mut complaints = Vec::new();
    let (attempts, covers) = (attempts(trail), covers(trail));
    for attack in performed {
        let (attempt, cause) = match attack.expected {
            Expected::Refused(attempt) => (Some(attempt), None),
            Expected::Covered(cause) => (None, Some(cause)),
            Expected::Blocked | Expected::Nothing(_) => (None, None),
        };
        let of = |found: &[(String, String)], wanted: Option<&str>| -> Vec<String> {
            let others = found.iter().filter(|(at, what)| at == attack.id && Some(what.as_str()) != wanted);
            others.map(|(_, what)| what.clone()).collect()
        };
        let mut others = of(&attempts, attempt);
        others.extend(of(&covers, cause));
        if !others.is_empty() {
            complaints.push(format!("{}: on record is also {}", attack.id, others.join(", ")));
        }
    }
    complaints
}

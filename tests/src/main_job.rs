//! The main job, done by itself through the real windows: sign in, find, start, look, be stopped, end, read the trail.

use std::{
    future::Future,
    path::{Path, PathBuf},
    time::Duration,
};

use amberglass_domain::ports::Clock as _;
use amberglass_system::SystemClock;
use amberglass_testkit::wait_until;
use amberglass_wire::audit::TrailEvent;
use anyhow::{Context as _, Result, ensure};
use futures_util::FutureExt as _;
use serde::Serialize;

use crate::{
    console::{Console, SignIn},
    desk::Desk,
    portal_window::PortalWindow,
    stack::Stack,
    staff::Staff,
    workplace::sample_agent,
};

const LIMIT: Duration = Duration::from_secs(20);
/// The sample customer of the demo.
const CUSTOMER: &str = "1042";

/// What `demo.json` says.
#[derive(Debug, Serialize)]
pub struct Report {
    pub ok: bool,
    pub steps: Vec<Step>,
    pub start_click_to_portal_painted_ms: Option<i64>,
    pub cold_start_ms: Option<i64>,
}

#[derive(Debug, Serialize)]
pub struct Step {
    pub name: String,
    pub ok: bool,
    pub ms: i64,
}

struct Job<'a> {
    folder: &'a Path,
    report: Report,
    pictures: u32,
}

/// Does the job and leaves pictures, `trail.jsonl` and `demo.json` in `folder`.
///
/// # Errors
/// Only when the folder cannot be written; a failed step is in the report.
pub async fn run(bin_dir: &Path, folder: &Path) -> Result<Report> {
    std::fs::create_dir_all(folder)?;
    let report = Report { ok: false, steps: vec![], start_click_to_portal_painted_ms: None, cold_start_ms: None };
    let mut job = Job { folder, report, pictures: 0 };
    // A wait in vain panics; the report must say so like any other failure.
    let done = std::panic::AssertUnwindSafe(job.all(bin_dir)).catch_unwind().await;
    let done = done.unwrap_or_else(|panic| Err(anyhow::anyhow!(words_of(panic.as_ref()))));
    job.report.ok = done.is_ok();
    if let Err(error) = done {
        std::fs::write(folder.join("error.txt"), format!("{error:#}\n"))?;
    }
    std::fs::write(folder.join("demo.json"), serde_json::to_vec_pretty(&job.report)?)?;
    Ok(job.report)
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "a step panicked".to_owned())
}

impl Job<'_> {
    async fn step<T>(&mut self, name: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
        let began = SystemClock.monotonic_millis();
        let done = std::panic::AssertUnwindSafe(work).catch_unwind().await;
        let done = done.unwrap_or_else(|panic| Err(anyhow::anyhow!(words_of(panic.as_ref()))));
        let done = done.with_context(|| name.to_owned());
        let ms = SystemClock.monotonic_millis() - began;
        self.report.steps.push(Step { name: name.to_owned(), ok: done.is_ok(), ms });
        done
    }

    async fn picture(&mut self, desk: &Desk, name: &str) -> Result<PathBuf> {
        self.pictures += 1;
        let file = self.folder.join(format!("{:02}-{name}.png", self.pictures));
        desk.picture_at_rest().await?.save(&file)?;
        Ok(file)
    }

    async fn all(&mut self, bin_dir: &Path) -> Result<()> {
        let temporary = tempfile::tempdir()?;
        let dir = temporary.path();
        let agent = sample_agent()?;
        let stack = self.step("server and portal", async { Stack::start(bin_dir, &dir.join("stack"), None) }).await?;
        let desk = self.step("desk", Desk::start(&dir.join("desk"), true)).await?;
        let done =
            self.at_desk(bin_dir, &stack, &desk, dir, SignIn { email: agent.email, password: agent.password }).await;
        if done.is_err() {
            for log in ["stack/server.log", "stack/portal.log", "console/console.log"] {
                let _ = std::fs::copy(dir.join(log), self.folder.join(log.replace('/', "-")));
            }
        }
        done
    }

    async fn at_desk(
        &mut self,
        bin_dir: &Path,
        stack: &Stack,
        desk: &Desk,
        dir: &Path,
        sign_in: SignIn<'_>,
    ) -> Result<()> {
        let (email, password) = (sign_in.email.to_owned(), sign_in.password.to_owned());
        let began = SystemClock.monotonic_millis();
        let home = dir.join("console");
        let start = Console::start(desk, bin_dir, &stack.api, &home, sign_in);
        let console = self.step("console starts", start).await?;
        console.see("sign-in").await;
        self.report.cold_start_ms = Some(SystemClock.monotonic_millis() - began);
        let done = self.at_console(stack, desk, &console, &email, &password).await;
        if done.is_err() {
            let _ = self.picture(desk, "failed").await;
        }
        done
    }

    async fn at_console(
        &mut self,
        stack: &Stack,
        desk: &Desk,
        console: &Console,
        email: &str,
        password: &str,
    ) -> Result<()> {
        self.picture(desk, "sign-in").await?;
        self.step("sign in", async {
            console.press("sign-in").await?;
            console.see("find-field").await;
            Ok(())
        })
        .await?;
        self.step("search", async {
            console.fill("find-field", "jan").await?;
            console.see(&format!("customer-{CUSTOMER}")).await;
            Ok(())
        })
        .await?;
        self.picture(desk, "search").await?;
        self.step("card", async {
            console.press(&format!("customer-{CUSTOMER}")).await?;
            console.see("start-session").await;
            Ok(())
        })
        .await?;
        self.picture(desk, "card").await?;
        self.step("reason", fill_start_sheet(console)).await?;
        self.picture(desk, "start").await?;

        let clicked = SystemClock.monotonic_millis();
        let portal = self
            .step("start session", async {
                console.press("start-session").await?;
                let portal = PortalWindow::wait_until_painted(desk).await?;
                Ok((portal, SystemClock.monotonic_millis()))
            })
            .await?;
        let (portal, painted) = portal;
        self.report.start_click_to_portal_painted_ms = Some(painted - clicked);
        self.picture(desk, "portal").await?;

        let session = Staff::sign_in(&stack.api, email, password).await?;
        let running = session.sessions().await?.into_iter().find(|session| session.state.is_running());
        let running = running.context("the server knows of no running session")?;
        self.step("look at appointments", async {
            portal.open_section(4)?;
            seen_at_server(&session, &running.id, "page_viewed", "/appointments").await;
            portal.settle().await;
            Ok(())
        })
        .await?;
        self.picture(desk, "appointments").await?;
        self.step("a write is blocked", async {
            portal.open_section(8)?;
            seen_at_server(&session, &running.id, "page_viewed", "/account").await;
            portal.settle().await;
            portal.submit_address()?;
            seen_at_server(&session, &running.id, "request_blocked", "/account/address").await;
            portal.settle().await;
            Ok(())
        })
        .await?;
        self.picture(desk, "blocked-write").await?;

        self.step("end session", async {
            console.to_bar().await?;
            console.press("end-session").await?;
            console.to_main().await?;
            console.see("end-screen").await;
            wait_until("the session window to go", LIMIT, || async {
                (!desk.window_exists(&running.code)).then_some(())
            })
            .await;
            Ok(())
        })
        .await?;
        self.picture(desk, "end").await?;
        self.step("trail", async {
            console.press("open-trail").await?;
            console.see("trail-event").await;
            console.text_with("queue-state", "ynced").await;
            Ok(())
        })
        .await?;
        self.picture(desk, "trail").await?;

        let events = self.step("record", recorded(&session, &running.id)).await?;
        let lines: Result<Vec<String>, _> = events.iter().map(serde_json::to_string).collect();
        std::fs::write(self.folder.join("trail.jsonl"), lines?.join("\n") + "\n")?;
        Ok(())
    }
}

async fn fill_start_sheet(console: &Console) -> Result<()> {
    console.press("reason-code-billing").await?;
    console.fill("ticket", "TCK-4821").await?;
    console.fill("reason-text", "Asks why the last invoice was charged twice").await?;
    Ok(())
}

/// Waits until the server holds a record of this kind whose body names `what`.
/// Waits until a record of this kind that says so is at the server.
pub async fn seen_at_server(staff: &Staff, session: &amberglass_wire::SessionId, kind: &str, what: &str) {
    wait_until(&format!("{kind} of {what} at the server"), LIMIT, || async {
        let trail = staff.trail(session).await.ok()?;
        trail.iter().any(|event| event.record.kind == kind && event.record.body.contains(what)).then_some(())
    })
    .await;
}

/// The session's record, complete: the console's own part has arrived too.
async fn recorded(staff: &Staff, session: &amberglass_wire::SessionId) -> Result<Vec<TrailEvent>> {
    let events = wait_until("the console's records at the server", LIMIT, || async {
        let trail = staff.trail(session).await.ok()?;
        let has = |kind: &str| trail.iter().any(|event| event.record.kind == kind);
        (has("window_opened") && has("end_requested") && has("session_ended")).then_some(trail)
    })
    .await;
    let at = |kind: &str| events.iter().position(|event| event.record.kind == kind);
    let order = ["session_started", "page_viewed", "request_blocked", "session_ended"].map(at);
    ensure!(order.iter().all(Option::is_some) && order.is_sorted(), "the record is out of order: {order:?}");
    for event in &events {
        ensure!(
            event.record.body.contains("\"staff\":\"") && event.record.body.contains("\"customer\":\""),
            "{} does not name both identities",
            event.record.kind
        );
    }
    Ok(events)
}

//! The first start on a fresh desk, by keyboard alone, and what the choice of a server leads to.

use std::{path::PathBuf, time::Duration};

use amberglass_testkit::wait_until;
use amberglass_tests::{
    console::{Console, SignIn},
    desk::Desk,
    stack::Stack,
    workplace::sample_agent,
};

use crate::{TURN, bin_dir};

const LIMIT: Duration = Duration::from_secs(20);
/// By which it is started: of whatever server the person means to choose.
const LINK: &str = "amberglass://start?customer=1042&ticket=TCK-9001";

/// A desk where nobody has started the console yet.
struct FreshDesk {
    console: Console,
    desk: Desk,
    stack: Stack,
    folder: tempfile::TempDir,
}

impl FreshDesk {
    /// `fixed` says whether the server is set from outside. Where it is not, the console is started by a link.
    async fn start(fixed: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stack = Stack::start(&bin_dir(), &folder.path().join("stack"), None).unwrap();
        let desk = Desk::start(&folder.path().join("desk"), true).await.unwrap();
        let agent = sample_agent().unwrap();
        let sign_in = SignIn { email: agent.email, password: agent.password };
        let api = fixed.then_some(stack.api.as_str());
        let (programs, home) = (bin_dir(), folder.path().join("console"));
        let arguments: &[&str] = if fixed { &[] } else { &[LINK] };
        let console = Console::start_as_is(&desk, &programs, api, &home, sign_in, arguments).await.unwrap();
        Self { console, desk, stack, folder }
    }

    fn preferences(&self) -> PathBuf {
        self.folder.path().join("console").join("data").join("preferences.json")
    }

    async fn kept(&self, name: &'static str) -> serde_json::Value {
        wait_until(&format!("`{name}` in the preferences"), LIMIT, || async {
            let text = std::fs::read_to_string(self.preferences()).ok()?;
            let kept: serde_json::Value = serde_json::from_str(&text).ok()?;
            kept.get(name).filter(|value| !value.is_null()).cloned()
        })
        .await
    }

    async fn focused(&self) -> String {
        let found = self.console.client().execute("return document.activeElement?.id ?? ''", vec![]).await.unwrap();
        found.as_str().unwrap_or_default().to_owned()
    }

    /// Tab after Tab until the element has the keyboard, as a person would.
    async fn tab_to(&self, id: &str) {
        for _ in 0..30 {
            if self.focused().await == id {
                return;
            }
            self.desk.key("Tab").unwrap();
            wait_until("the key to arrive", LIMIT, || async { Some(()) }).await;
        }
        panic!("`{id}` cannot be reached by Tab; the keyboard is at `{}`", self.focused().await);
    }
}

#[tokio::test]
async fn a_fresh_desk_is_led_to_the_sign_in_by_keyboard_alone() {
    let _turn = TURN.lock().await;
    let place = FreshDesk::start(true).await;
    place.console.see("first-run").await;
    let notice = place.console.text("first-run").await.unwrap();
    assert!(notice.to_lowercase().contains("record"), "{notice}");
    // The server was set from outside: it is looked at, and cannot be changed.
    place.desk.window("Amberglass").await;
    place.tab_to("server-look").await;
    place.desk.key("Return").unwrap();
    place.console.see("server-found").await;
    place.tab_to("accept-notice").await;
    place.desk.key("space").unwrap();
    assert_eq!(place.kept("notice_accepted").await, true);
    wait_until("the sign-in to be offered", LIMIT, || async {
        place
            .console
            .client()
            .execute("return !document.getElementById('sign-in')?.disabled", vec![])
            .await
            .ok()?
            .as_bool()?
            .then_some(())
    })
    .await;
    place.tab_to("sign-in").await;
    place.desk.key("Return").unwrap();
    place.console.see("find-field").await;
}

#[tokio::test]
async fn an_address_where_no_server_of_ours_answers_is_said_in_words_and_nothing_is_kept() {
    let _turn = TURN.lock().await;
    let place = FreshDesk::start(false).await;
    place.console.fill("server-address", &place.stack.portal_url).await.unwrap();
    place.console.press("server-look").await.unwrap();
    let words = place.console.text("server-error").await.unwrap();
    assert!(!words.is_empty());
    assert!(!place.preferences().exists(), "an address that does not answer is kept");
    place.console.see("first-run").await;
}

#[tokio::test]
async fn choosing_a_server_starts_the_program_anew_with_it_and_keeps_its_data_apart() {
    let _turn = TURN.lock().await;
    let place = FreshDesk::start(false).await;
    let first = place.console.programs().unwrap();
    place.console.fill("server-address", &place.stack.api).await.unwrap();
    // The program goes with its windows, and with it whoever drives them.
    let _ = place.console.press("server-look").await;
    assert_eq!(place.kept("server").await, place.stack.api.as_str());
    wait_until("another console", LIMIT, || async {
        let programs = place.console.programs().ok()?;
        (programs.len() == 1 && programs != first).then_some(())
    })
    .await;
    let another = place.console.programs().unwrap().remove(0);
    let command = std::fs::read_to_string(format!("/proc/{another}/cmdline")).unwrap();
    assert!(!command.contains(LINK), "what was asked of another server is asked of this one: {command}");
    place.desk.window("Amberglass").await;
    let logs = place.folder.path().join("console").join("data").join("logs");
    let log = || {
        let files = std::fs::read_dir(&logs).unwrap();
        files.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect::<String>()
    };
    let words = format!("works with this server server=\"{}\"", place.stack.api);
    wait_until("the console to name its server", LIMIT, || async { log().contains(&words).then_some(()) }).await;
}

//! Somebody who does not see the screen.

use std::{path::Path, time::Duration};

use amberglass_tests::{
    by_keyboard::{ByKeyboard, CONSOLE, SESSION, Seat},
    console::SignIn,
    screen_reader::{CONTROLS, Spoken, Told, outline, within},
    stack::{Stack, StackSetting},
    workplace::sample_agent,
};

use crate::{TURN, bin_dir};

/// For something that takes its time on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

async fn seated(folder: &Path, limits: &str) -> (Stack, ByKeyboard) {
    let programs = bin_dir();
    let setting = StackSetting { limits: limits.to_owned(), ..StackSetting::default() };
    let stack = Stack::start_as(&programs, &folder.join("stack"), setting).unwrap();
    let agent = sample_agent().unwrap();
    let sign_in = SignIn { email: agent.email, password: agent.password };
    let browser = programs.join("amberglass-sign-in");
    let program = programs.join("amberglass");
    let seat = Seat { program: &program, api: &stack.api, browser: &browser, sign_in, home: folder };
    let at = ByKeyboard::start(folder, seat).await.unwrap();
    (stack, at)
}

#[tokio::test]
async fn the_main_job_is_done_by_keyboard_and_what_is_read_out() {
    let _turn = TURN.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let (_stack, at) = seated(folder.path(), "").await;
    let heard = at.do_the_main_job().await.unwrap();
    let is_told = |role: &str, name: &str| {
        heard.iter().any(|thing| thing.window.contains(SESSION) && thing.role == role && thing.name.starts_with(name))
    };
    for (role, name) in [
        // The bar says who is looked at, how, why and how long.
        ("heading", "Viewing as Jane Doe READ-ONLY"),
        ("generic", "TCK-4821"),
        ("timer", "30 minutes left"),
        ("button", "Extend"),
        ("button", "End session"),
        // What the host draws over the page has a name, and the page is there as the customer's own reader has it.
        ("drawing area", "Frame of the session"),
        ("navigation", "Main"),
        ("heading", "Your pets"),
    ] {
        assert!(is_told(role, name), "{role} {name}");
    }
    let nameless: Vec<String> = heard
        .iter()
        .filter(|thing| CONTROLS.contains(&thing.role.as_str()) && thing.name.is_empty())
        .map(|thing| thing.line())
        .collect();
    assert!(nameless.is_empty(), "{nameless:?}");
}

#[tokio::test]
async fn the_last_minute_and_the_end_are_said_without_being_asked_for() {
    let _turn = TURN.lock().await;
    let folder = tempfile::tempdir().unwrap();
    // There are twenty seconds for the window to open.
    let (_stack, at) = seated(folder.path(), "default_duration_seconds = 80").await;
    let live = at.reader.listen().await.unwrap();
    at.sign_in().await.unwrap();
    at.start_session().await.unwrap();
    let last = live.hear("One minute left in this session.", LIMIT).await;
    // The console covers the page at the deadline, before the bar's countdown has looked again: the end is told with that.
    let end =
        live.hear("Ended when its time was up. Start a new session if you still need to look.", LIMIT + LIMIT).await;
    assert_eq!((last.live.as_str(), last.role.as_str()), ("assertive", "status"), "{last:?}");
    assert_eq!((end.live.as_str(), end.role.as_str()), ("polite", "status"), "{end:?}");
    at.reader.hear(CONSOLE, "heading", "Session ended").await;
    let times = |words: &Told| live.all().iter().filter(|told| told.words == words.words).count();
    // By the bar and by the console: whoever listens hears the window in which they are.
    assert_eq!([times(&last), times(&end)], [2, 1], "each window says it once: {:#?}", live.all());
}

/// `AMBERGLASS_WRITE_ACCESSIBILITY=1 cargo test -p amberglass-tests --test gui spoken` writes the document.
#[tokio::test]
async fn five_minutes_are_said_and_the_document_of_what_is_read_out_is_current() {
    let _turn = TURN.lock().await;
    let folder = tempfile::tempdir().unwrap();
    // There are thirty seconds for the window to open.
    let (mut stack, at) = seated(folder.path(), "default_duration_seconds = 330").await;
    let live = at.reader.listen().await.unwrap();
    at.sign_in().await.unwrap();
    at.start_session().await.unwrap();
    let open = at.reader.everything().await;
    let five = live.hear("Five minutes left in this session.", LIMIT).await;
    assert_eq!((five.live.as_str(), five.role.as_str()), ("assertive", "status"), "{five:?}");

    // The bar shows that for a few seconds, in place of the ticket.
    at.reader.hear(SESSION, "generic", "TCK").await;
    let link = at.reader.hear(SESSION, "link", "Appointments").await;
    at.go_to(&link).await.unwrap();
    stack.stop_portal();
    at.desk.key("Return").unwrap();
    at.reader.hear(SESSION, "push button", "").await;
    let covered = at.reader.everything().await;
    at.end_session().await.unwrap();
    let ended = at.reader.everything().await;

    let told = [
        ("the bar", bar(&open)),
        ("the page", page(&open)),
        ("over the page", drawn(&open)),
        ("the bar, the page covered", bar(&covered)),
        ("the page, covered", page(&covered)),
        ("the curtain", drawn(&covered)),
        ("the end screen", outline(within(&ended, |thing| thing.role == "main"), |_| true)),
    ];
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/accessibility.md");
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let mut expected = found.clone();
    for (name, lines) in told {
        expected = with_block(&expected, name, &always_the_same(&lines));
    }
    if std::env::var_os("AMBERGLASS_WRITE_ACCESSIBILITY").is_some_and(|value| value == "1") {
        std::fs::write(&path, &expected).unwrap();
        return;
    }
    let advice = "run AMBERGLASS_WRITE_ACCESSIBILITY=1 cargo test -p amberglass-tests --test gui spoken";
    assert!(found == expected, "docs/accessibility.md is out of date: {advice}\nit has to be:\n{expected}");
}

fn bar(things: &[Spoken]) -> String {
    outline(within(things, |thing| thing.name == "Amberglass session bar"), |_| true)
}

/// The customer's page has its own words; here it is enough that it is there, and how one finds one's way in it.
fn page(things: &[Spoken]) -> String {
    let is_way = |thing: &Spoken| {
        ["document web", "banner", "navigation", "main", "heading", "contentinfo"].contains(&thing.role.as_str())
    };
    outline(within(things, |thing| thing.name.ends_with(" · Barkside")), is_way)
}

/// What the host draws itself in the session window.
fn drawn(things: &[Spoken]) -> String {
    let window = within(things, |thing| thing.role == "frame" && thing.name.contains(SESSION));
    outline(window, |thing| window.first().is_some_and(|first| thing.is_told_by_the_same(first)))
}

/// The document with `lines` in the block below this comment.
fn with_block(document: &str, name: &str, lines: &str) -> String {
    let begin = format!("<!-- {name} -->\n```text\n");
    let (before, rest) = document.split_once(&begin).unwrap_or_else(|| panic!("the document has no block {name}"));
    let (_, after) = rest.split_once("```\n").unwrap();
    let lines = if lines.is_empty() { "(nothing)\n" } else { lines };
    format!("{before}{begin}{lines}```\n{after}")
}

/// Without what is another one each time: codes, times of day, how long it took.
fn always_the_same(lines: &str) -> String {
    // How long the session lasted is said with a word before it.
    let lasted = lines.split_once("term \"Lasted\"\n").and_then(|(_, rest)| rest.lines().next()).unwrap_or_default();
    let lines = if lasted.is_empty() { lines.to_owned() } else { lines.replace(lasted, "      definition \"TIME\"") };
    let mut words = Vec::new();
    for word in lines.split_inclusive([' ', '\n', '"']) {
        // How a request is called at the server.
        if words.last().is_some_and(|before: &String| before == "Reference ") {
            words.push(format!("CODE{}", word.trim_start_matches(|letter: char| letter.is_ascii_hexdigit())));
            continue;
        }
        let is_clock = word.contains(':') && word.chars().any(|letter| letter.is_ascii_digit());
        match word.find("AG-") {
            Some(at) => words.push(format!("{}AG-CODE{}", &word[..at], &word[(at + 8).min(word.len())..])),
            None if is_clock => words.push(format!("TIME{}", &word[word.len() - 1..])),
            None => words.push(word.to_owned()),
        }
    }
    let same = words.concat();
    ["Good morning, Jane", "Good afternoon, Jane", "Good evening, Jane", "Hello, Jane"]
        .iter()
        .fold(same, |same, greeting| same.replace(greeting, "Good DAY, Jane"))
}

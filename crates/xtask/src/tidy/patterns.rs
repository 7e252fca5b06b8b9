//! Words that may stand in certain files only.

use crate::repository::SourceFile;
use crate::tidy::{Finding, has_extension, numbered};

/// The rules name what they look for, and their tests show it.
const THE_RULES: &str = "crates/xtask/src/tidy/";

/// Where waiting for time itself is right, and why. Everything else waits for a condition.
const MAY_SLEEP: &[(&str, &str)] = &[
    ("crates/testkit/src/wait.rs", "wait_until itself: the one bounded wait of the tests"),
    ("crates/system/src/lib.rs", "the Clock port on the system's clock"),
    (
        "crates/origin-proxy/src/lib.rs",
        "a pause after a failed accept: nothing tells when file descriptors are free again",
    ),
    ("crates/server/src/listener.rs", "how long a connection may say nothing, and a pause after a failed accept"),
    (
        "crates/demo-portal/src/hostile/answers.rs",
        "a body that comes byte by byte: the pause between them is the attack",
    ),
    ("crates/demo-portal/src/portal.rs", "how long open connections get when the portal closes"),
];

/// What serves an address of the API without a word about it in its document.
const UNDOCUMENTED: &[&str] =
    &[".route(", ".route_service(", ".nest(", ".nest_service(", ".fallback(", ".fallback_service("];

pub fn check(sources: &[SourceFile]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = sources.iter().flat_map(of_file).collect();
    findings.extend(MAY_SLEEP.iter().filter(|(path, _)| !still_sleeps(sources, path)).map(|(path, reason)| {
        Finding::new(
            path,
            0,
            format!("may wait for time ({reason}), but no longer does: take it off the list in {THE_RULES}patterns.rs"),
        )
    }));
    findings
}

fn of_file(file: &SourceFile) -> Vec<Finding> {
    if file.path.starts_with(THE_RULES) {
        return Vec::new();
    }
    code(file)
        .filter_map(|(number, line)| word_for(&file.path, line).map(|word| Finding::new(&file.path, number, word)))
        .collect()
}

fn still_sleeps(sources: &[SourceFile], path: &str) -> bool {
    sources.iter().any(|file| file.path == path && code(file).any(|(_, line)| sleeps(line)))
}

fn code(file: &SourceFile) -> impl Iterator<Item = (usize, &str)> {
    numbered(&file.text).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn word_for(path: &str, line: &str) -> Option<&'static str> {
    if has_extension(path, &["rs"]) {
        if line.contains("#[ignore") {
            return Some("a test that is never run proves nothing: mend it or take it out");
        }
        let may_sleep = MAY_SLEEP.iter().any(|(allowed, _)| path == *allowed);
        if !may_sleep && sleeps(line) {
            return Some("wait for a condition (wait_until) or on the Clock port, not for time");
        }
        if path.starts_with("crates/server/src/api/") && UNDOCUMENTED.iter().any(|call| line.contains(call)) {
            return Some("an endpoint that openapi.json would not know of: serve it with routes!");
        }
    }
    if path.starts_with("ui/") && has_extension(path, &["ts", "js", "svelte", "html"]) {
        if line.contains("@tauri-apps") && !path.starts_with("ui/src/lib/host/") {
            return Some("@tauri-apps is imported under ui/src/lib/host only, so that the UI also runs in a browser");
        }
        if is_ui_test(path) && [".skip(", ".only(", ".todo(", ".fails("].iter().any(|word| line.contains(word)) {
            return Some("every test is run, and each counts: no skip, only, todo or fails");
        }
    }
    None
}

fn sleeps(line: &str) -> bool {
    line.contains("thread::sleep")
        || line.contains("time::sleep")
        || (line.contains("use tokio::time::{") && line.contains("sleep"))
}

fn is_ui_test(path: &str) -> bool {
    path.contains(".test.") || path.contains(".spec.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::file;

    fn found(path: &str, line: &str) -> bool {
        !of_file(&file(path, line)).is_empty()
    }

    #[test]
    fn an_ignored_test_is_found() {
        assert!(found("tests/it/main.rs", "    #[ignore = \"slow\"]"));
        assert!(!found("docs/a.md", "no #[ignore] here"));
    }

    #[test]
    fn a_sleep_is_found_where_it_is_not_allowed_by_name() {
        for line in [
            "std::thread::sleep(second)",
            "tokio::time::sleep(second).await",
            "time::sleep_until(then).await",
            "use tokio::time::{Instant, sleep};",
        ] {
            assert!(found("crates/server/src/lib.rs", line), "{line}");
            assert!(!found("crates/testkit/src/wait.rs", line), "{line}");
        }
        assert!(!found("crates/server/src/lib.rs", "self.clock.sleep_until(deadline).await"));
        assert!(!found("crates/server/src/lib.rs", "// never tokio::time::sleep"));
    }

    #[test]
    fn the_desktop_bridge_is_imported_in_one_folder_only() {
        let line = "import { invoke } from '@tauri-apps/api/core';";
        assert!(found("ui/src/console/Search.svelte", line));
        assert!(!found("ui/src/lib/host/tauri.ts", line));
        assert!(!found("ui/package.json", "\"@tauri-apps/api\": \"2.9.0\""));
    }

    #[test]
    fn a_skipped_ui_test_is_found() {
        assert!(found("ui/src/lib/text/words.test.ts", "it.skip('says so', () => {})"));
        assert!(!found("ui/src/lib/text/words.ts", "lines.skip(1)"));
    }

    #[test]
    fn a_permission_to_sleep_that_nobody_uses_is_found() {
        assert!(still_sleeps(&[file("a.rs", "thread::sleep(second)")], "a.rs"));
        assert!(!still_sleeps(
            &[file("a.rs", "// thread::sleep(second)"), file("b.rs", "thread::sleep(second)")],
            "a.rs"
        ));
        assert_eq!(check(&[]).len(), MAY_SLEEP.len());
    }

    #[test]
    fn an_endpoint_of_the_api_that_is_not_documented_is_found() {
        assert!(found("crates/server/src/api/mod.rs", "    .route(\"/v1/secret\", get(secret))"));
        assert!(found("crates/server/src/api/mod.rs", "    .fallback(anything)"));
        assert!(!found("crates/server/src/api/mod.rs", "    .routes(routes!(session::session))"));
        assert!(!found("crates/server/src/gateway/mod.rs", "    .fallback(gateway)"));
    }
}

//! Every check that a change has to pass, as named parts; cheap ones first, and the first failure stops the run.
//!
//! All cargo commands ask for the whole workspace with the same features, so that each dependency is compiled once for
//! checking and once for running, not once for each way of asking.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::cargo_metadata::Workspace;
use crate::repository::Repository;
use crate::stopwatch::{Stopwatch, words};
use crate::{bundle, command, fuzz, platforms, tidy, ui_bundle, wine};

struct Part {
    name: &'static str,
    what: &'static str,
    run: fn(&Repository) -> Result<()>,
    /// Why it can't be run on another system than Linux, if so.
    only_on_linux: Option<&'static str>,
}

const PARTS: &[Part] = &[
    Part { name: "fmt", what: "Rust code is formatted", run: fmt, only_on_linux: None },
    Part { name: "tidy", what: "rules of the repository", run: tidy::run, only_on_linux: None },
    Part { name: "deny", what: "licences, sources, banned crates", run: deny, only_on_linux: None },
    Part { name: "ui", what: "UI: types, tests, build", run: ui, only_on_linux: None },
    Part {
        name: "screens",
        what: "every screen in a real browser",
        run: screens_often,
        only_on_linux: Some("it looks for Debian's Chromium"),
    },
    Part { name: "clippy", what: "lints", run: clippy, only_on_linux: None },
    Part { name: "build", what: "programs and tests compile", run: build, only_on_linux: None },
    Part { name: "tests", what: "unit tests, stories, TypeScript types", run: tests, only_on_linux: None },
    Part {
        name: "postgres",
        what: "the server's tests on PostgreSQL",
        run: postgres,
        only_on_linux: Some("it starts Debian's PostgreSQL"),
    },
    Part {
        name: "windows",
        what: "real windows in Xvfb",
        run: windows,
        only_on_linux: Some("it needs Xvfb and WebKitGTK"),
    },
    Part {
        name: "platforms",
        what: "lints for Windows and macOS",
        run: check_what_ships_there,
        only_on_linux: Some("it checks from Linux"),
    },
];

/// Only for a release, or when it is named. What fuzzing has kept runs with the tests every time.
pub const FUZZ: &str = "fuzz";

/// Like [`FUZZ`], only for a release.
pub const WINE: &str = "wine";

/// Like [`FUZZ`], only for a release.
pub const PACKAGES: &str = "packages";

/// What takes longer than a change can wait for; runs with `--release`, after all that every change has to pass.
const RELEASE_PARTS: &[Part] = &[
    Part {
        name: "looks",
        what: "every screen in every look, with pictures",
        run: screens,
        only_on_linux: Some("it looks for Debian's Chromium"),
    },
    Part {
        name: "everywhere",
        what: "lints of all for Windows and macOS",
        run: check_platforms,
        only_on_linux: Some("it checks from Linux"),
    },
    Part {
        name: "attacks",
        what: "every attack of the hostile portal",
        run: attacks,
        only_on_linux: Some("it needs Xvfb and WebKitGTK"),
    },
    Part {
        name: "patience",
        what: "what takes a minute and more in real windows",
        run: minutes_long,
        only_on_linux: Some("it needs Xvfb and WebKitGTK"),
    },
    Part {
        name: WINE,
        what: "Windows program linked, its tests in Wine",
        run: run_windows_programs,
        only_on_linux: Some("it cross-compiles from Linux"),
    },
    Part {
        name: PACKAGES,
        what: "packages in a bare Debian: main job, purge",
        run: try_packages,
        only_on_linux: Some("it installs the packages of Debian"),
    },
    Part {
        name: FUZZ,
        what: "fuzzing, ten minutes a target",
        run: fuzz_for_a_release,
        only_on_linux: Some("libFuzzer is set up there"),
    },
];

/// Asked for by the tests: which attacks are performed.
const ATTACKS: (&str, &str) = ("AMBERGLASS_ATTACKS", "all");

/// Needs a display of its own, so it is a part of its own.
const WINDOW_TESTS: &str = "gui";
const IN_WINDOWS: [&str; 7] = ["test", "--locked", "--workspace", "--features", "automation", "--test", WINDOW_TESTS];

/// They wait for a person's time to run out; what it brings is shown by shorter ones, too.
const MINUTES_LONG: [&str; 2] = [
    "lifetime::nobody_at_the_desk_is_told_before_the_session_ends_for_it_and_one_key_keeps_it",
    "spoken::the_last_minute_and_the_end_are_said_without_being_asked_for",
];

/// They install what was bundled.
const PACKAGE_TESTS: &str = "packages";

/// What is PostgreSQL's alone.
const POSTGRES_TESTS: &str = "postgres";

/// All that have a server with a database in them.
const ON_POSTGRES: &[&str] = &["api", "gateway", "store", POSTGRES_TESTS, "it"];

/// Asked for by the tests' `TestDatabase`.
const ENGINE: (&str, &str) = ("AMBERGLASS_TEST_ENGINE", "postgres");

/// What tests write when they are asked to, from the Rust types, and what is committed.
const GENERATED: &[&str] = &["ui/src/lib/bindings", "docs/openapi.json"];

pub fn part_names() -> Vec<&'static str> {
    PARTS.iter().chain(RELEASE_PARTS).map(|part| part.name).collect()
}

enum Outcome {
    Passed(Duration),
    Failed(Duration),
    Skipped(&'static str),
    NotReached,
}

/// Runs the named parts, or all that every change has to pass if none is named, and with `release` what comes before a
/// release beside them. Prints how each went; the last line counts them.
///
/// # Errors
/// None of the parts': they are told in the table. Only if the tool itself can't go on.
pub fn run(repository: &Repository, names: &[String], release: bool) -> Result<ExitCode> {
    let total = Stopwatch::start();
    let mut outcomes = Vec::new();
    let mut failure = None;
    for part in PARTS.iter().chain(RELEASE_PARTS).filter(|part| is_wanted(part.name, names, release)) {
        let outcome = if failure.is_some() {
            Outcome::NotReached
        } else if let (Some(reason), false) = (part.only_on_linux, cfg!(target_os = "linux")) {
            Outcome::Skipped(reason)
        } else {
            println!("\n== {}: {}", part.name, part.what);
            let stopwatch = Stopwatch::start();
            match (part.run)(repository) {
                Ok(()) => Outcome::Passed(stopwatch.elapsed()),
                Err(error) => {
                    failure = Some(format!("failed in part `{}`: {error:#}", part.name));
                    Outcome::Failed(stopwatch.elapsed())
                }
            }
        };
        outcomes.push((part, outcome));
    }
    println!("\n{}", table(&outcomes, total.elapsed()));
    if let Some(failure) = &failure {
        println!("{failure}\nagain from there: cargo xtask test {}", not_passed(&outcomes).join(" "));
    }
    println!("{}", counts(&outcomes));
    Ok(if failure.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// All but what only a release needs, if none is named.
fn is_wanted(part: &str, names: &[String], release: bool) -> bool {
    let is_for_release = RELEASE_PARTS.iter().any(|of_release| of_release.name == part);
    let is_asked_for = if is_for_release { release } else { names.is_empty() };
    is_asked_for || names.iter().any(|name| name == part)
}

fn table(outcomes: &[(&Part, Outcome)], total: Duration) -> String {
    let mut lines = vec![format!("{:<11}{:<40}{:<12}{}", "part", "what", "result", "time")];
    for (part, outcome) in outcomes {
        let (result, time) = match outcome {
            Outcome::Passed(duration) => ("passed", words(*duration)),
            Outcome::Failed(duration) => ("FAILED", words(*duration)),
            Outcome::Skipped(reason) => ("skipped", (*reason).to_owned()),
            Outcome::NotReached => ("not reached", String::new()),
        };
        lines.push(format!("{:<11}{:<40}{:<12}{}", part.name, part.what, result, time).trim_end().to_owned());
    }
    lines.push(format!("{:<63}{}", "all", words(total)));
    lines.join("\n")
}

fn not_passed<'outcomes>(outcomes: &'outcomes [(&Part, Outcome)]) -> Vec<&'outcomes str> {
    outcomes
        .iter()
        .filter(|(_, outcome)| matches!(outcome, Outcome::Failed(_) | Outcome::NotReached))
        .map(|(part, _)| part.name)
        .collect()
}

/// `N passed, N failed`, the form that readers of test logs know; a part that was not reached is neither.
fn counts(outcomes: &[(&Part, Outcome)]) -> String {
    let count = |wanted: fn(&Outcome) -> bool| outcomes.iter().filter(|(_, outcome)| wanted(outcome)).count();
    let passed = count(|outcome| matches!(outcome, Outcome::Passed(_)));
    let failed = count(|outcome| matches!(outcome, Outcome::Failed(_)));
    let skipped = count(|outcome| matches!(outcome, Outcome::Skipped(_)));
    let end = if skipped == 0 { String::new() } else { format!(", {skipped} skipped") };
    format!("{passed} passed, {failed} failed{end}")
}

fn fmt(repository: &Repository) -> Result<()> {
    // Names the files; what is wrong with them `cargo fmt --all` shows by mending it.
    command::run(command::cargo(repository).args(["fmt", "--all", "--check", "--", "-l"]))
}

fn deny(repository: &Repository) -> Result<()> {
    // Once everything is downloaded this works without a network; the advisory database never would.
    command::run(command::cargo(repository).args(["deny", "--locked", "check", "bans", "licenses", "sources"]))
}

fn ui(repository: &Repository) -> Result<()> {
    command::run(command::npm(repository).args(["run", "check"]))?;
    command::run(command::npm(repository).args(["run", "test"]))?;
    ui_bundle::build(repository)
}

fn screens_often(repository: &Repository) -> Result<()> {
    command::run(command::npm(repository).args(["run", "test:browser", "--", "often"]))
}

/// Builds the bundles it looks at by itself.
fn screens(repository: &Repository) -> Result<()> {
    command::run(command::npm(repository).args(["run", "test:browser"]))
}

fn clippy(repository: &Repository) -> Result<()> {
    ui_bundle::build_if_older_than_its_sources(repository)?;
    let arguments =
        ["clippy", "--locked", "--workspace", "--all-targets", "--features", "automation", "--", "-D", "warnings"];
    command::run(command::cargo(repository).args(arguments))
}

fn build(repository: &Repository) -> Result<()> {
    ui_bundle::build_if_older_than_its_sources(repository)?;
    // Not this tool: it is running, and some systems can't replace a running program.
    let arguments =
        ["build", "--locked", "--workspace", "--exclude", "xtask", "--bins", "--tests", "--features", "automation"];
    command::run(command::cargo(repository).args(arguments))
}

fn tests(repository: &Repository) -> Result<()> {
    // Stories start the programs themselves, so these have to be there and current even if only this part was asked for.
    build(repository)?;
    let workspace = Workspace::read(repository)?;
    let before = generated(repository)?;

    let mut cargo = command::cargo(repository);
    cargo.args(["test", "--locked", "--workspace", "--features", "automation", "--lib", "--bins"]);
    let elsewhere = [WINDOW_TESTS, PACKAGE_TESTS, POSTGRES_TESTS];
    for name in workspace.integration_tests().into_iter().filter(|name| !elsewhere.contains(name)) {
        cargo.args(["--test", name]);
    }
    command::run(&mut cargo)?;

    let changed = differences(&before, &generated(repository)?);
    if !changed.is_empty() {
        bail!("the tests wrote other files than were there, commit these: {}", changed.join(", "));
    }
    Ok(())
}

/// The suites that ran on SQLite, once more, and those that PostgreSQL has of its own.
fn postgres(repository: &Repository) -> Result<()> {
    build(repository)?;
    let mut cargo = command::cargo(repository);
    cargo.env(ENGINE.0, ENGINE.1).args(["test", "--locked", "--workspace", "--features", "automation"]);
    for name in ON_POSTGRES {
        cargo.args(["--test", name]);
    }
    command::run(&mut cargo)
}

fn windows(repository: &Repository) -> Result<()> {
    build(repository)?;
    let mut cargo = command::cargo(repository);
    cargo.args(IN_WINDOWS).arg("--");
    for test in MINUTES_LONG {
        cargo.args(["--skip", test]);
    }
    command::run(&mut cargo)
}

fn minutes_long(repository: &Repository) -> Result<()> {
    build(repository)?;
    command::run(command::cargo(repository).args(IN_WINDOWS).args(["--", "--exact"]).args(MINUTES_LONG))
}

fn attacks(repository: &Repository) -> Result<()> {
    build(repository)?;
    let mut cargo = command::cargo(repository);
    command::run(cargo.env(ATTACKS.0, ATTACKS.1).args(IN_WINDOWS).args(["--", "attack_suite::"]))
}

fn check_what_ships_there(repository: &Repository) -> Result<()> {
    ui_bundle::build_if_older_than_its_sources(repository)?;
    platforms::check(repository, platforms::SHIPPED)
}

fn check_platforms(repository: &Repository) -> Result<()> {
    ui_bundle::build_if_older_than_its_sources(repository)?;
    platforms::check(repository, platforms::ALL)
}

fn run_windows_programs(repository: &Repository) -> Result<()> {
    ui_bundle::build_if_older_than_its_sources(repository)?;
    wine::run(repository)
}

fn try_packages(repository: &Repository) -> Result<()> {
    bundle::run(repository)?;
    build(repository)?;
    let mut cargo = command::cargo(repository);
    cargo.args(["test", "--locked", "--workspace", "--features", "automation", "--test", PACKAGE_TESTS]);
    command::run(&mut cargo)
}

fn fuzz_for_a_release(repository: &Repository) -> Result<()> {
    fuzz::run(repository, None, fuzz::MINUTES_FOR_A_RELEASE)
}

fn generated(repository: &Repository) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut texts = BTreeMap::new();
    for path in GENERATED {
        texts.extend(texts_at(&repository.root().join(path))?);
    }
    Ok(texts)
}

/// The file, or each file of the folder, by path; none if nothing is there.
fn texts_at(path: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let reading = || format!("reading {}", path.display());
    let mut texts = BTreeMap::new();
    if path.is_dir() {
        for entry in fs::read_dir(path).with_context(reading)? {
            texts.extend(texts_at(&entry.with_context(reading)?.path())?);
        }
    } else if path.is_file() {
        texts.insert(path.display().to_string(), fs::read(path).with_context(reading)?);
    }
    Ok(texts)
}

fn differences(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let mut paths: Vec<String> =
        after.iter().filter(|(path, text)| before.get(*path) != Some(*text)).map(|(path, _)| path.clone()).collect();
    paths.extend(before.keys().filter(|path| !after.contains_key(*path)).cloned());
    paths
}

#[cfg(test)]
mod tests_of_the_gate {
    use super::*;

    fn outcomes() -> Vec<(&'static Part, Outcome)> {
        let ends = [
            Outcome::Passed(Duration::from_secs(61)),
            Outcome::Skipped("reason"),
            Outcome::Failed(Duration::from_secs(2)),
            Outcome::NotReached,
        ];
        PARTS.iter().zip(ends).collect()
    }

    #[test]
    fn a_part_that_was_not_reached_counts_neither_as_passed_nor_as_failed() {
        assert_eq!(counts(&outcomes()), "1 passed, 1 failed, 1 skipped");
        assert_eq!(counts(&[]), "0 passed, 0 failed");
    }

    #[test]
    fn fuzzing_and_all_attacks_are_for_a_release_or_for_who_names_them() {
        let named = [FUZZ.to_owned()];
        assert!(is_wanted("fmt", &[], false) && !is_wanted(FUZZ, &[], false));
        assert!(["fmt", "attacks", FUZZ].iter().all(|part| is_wanted(part, &[], true)));
        assert!(!is_wanted("fmt", &named, false) && is_wanted(FUZZ, &named, false));
    }

    /// Under another name it would run with every change, and the part for a release would run nothing and pass.
    #[test]
    fn each_story_that_takes_minutes_is_there_under_its_name() {
        let stories = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/gui");
        for name in MINUTES_LONG {
            let (file, story) = name.split_once("::").unwrap();
            let text = fs::read_to_string(stories.join(file).with_extension("rs")).unwrap();
            assert!(text.contains(&format!("async fn {story}()")), "{name}");
        }
    }

    #[test]
    fn the_table_tells_the_time_of_each_part_and_what_to_run_again() {
        let table = table(&outcomes(), Duration::from_secs(63));
        assert!(
            table.contains("1 min 01 s") && table.contains("FAILED      2.0 s") && table.contains("not reached"),
            "{table}"
        );
        assert_eq!(not_passed(&outcomes()), ["deny", "ui"]);
    }

    #[test]
    fn a_binding_that_is_new_gone_or_other_is_a_difference() {
        let texts = |files: &[(&str, &str)]| {
            files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
        };
        let before = texts(&[("same", "1"), ("other", "1"), ("gone", "1")]);
        let after = texts(&[("same", "1"), ("other", "2"), ("new", "1")]);
        assert_eq!(differences(&before, &after), ["new", "other", "gone"]);
        assert!(differences(&before, &before).is_empty());
    }
}

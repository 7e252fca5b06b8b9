//! Benchmarks: programs of the package `amberglass-tests`, built as the product is shipped.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::bundle;
use crate::command;
use crate::repository::Repository;
use crate::ui_bundle;

pub struct Benchmark {
    name: &'static str,
    what: &'static str,
    starts: Starts,
}

/// What a benchmark runs besides itself.
enum Starts {
    Nothing,
    /// The built programs.
    Programs,
    /// These too, and shows their windows.
    Windows,
    /// What people install, and shows its window.
    Packages,
}

/// Each of them is a name that `amberglass-bench` knows.
const BENCHMARKS: &[Benchmark] = &[
    Benchmark {
        name: "start",
        what: "click on Start to portal painted beside a bare window, and memory beside Chromium (minutes, with the build)",
        starts: Starts::Windows,
    },
    Benchmark {
        name: "desktop",
        what: "start, memory and idle wake-ups of the installed console, open and at rest, beside Chromium (half an hour, with the packages)",
        starts: Starts::Packages,
    },
    Benchmark {
        name: "revocation",
        what: "revocation, or silence, to the page covered, beside the promise (minutes; --rounds N, else 100)",
        starts: Starts::Nothing,
    },
    Benchmark {
        name: "decision",
        what: "a lead's decision to the word of it in the agent's console, beside the promise (minutes; --rounds N, else 100)",
        starts: Starts::Nothing,
    },
    Benchmark {
        name: "journal",
        what: "durable records a second beside a commit for each row, and beside a journal of a million (minutes; --rows N)",
        starts: Starts::Nothing,
    },
    Benchmark {
        name: "drain",
        what: "a long queue to a real server, beside the same rows from memory, on SQLite and PostgreSQL (--records N)",
        starts: Starts::Programs,
    },
    Benchmark {
        name: "crash",
        what: "a journal killed while it appends and delivers: nothing is lost (--rounds N, else 2,000)",
        starts: Starts::Programs,
    },
    Benchmark {
        name: "verify",
        what: "records a second that the verifier checks, beside reading, parsing and hashing them",
        starts: Starts::Nothing,
    },
    Benchmark {
        name: "gateway",
        what: "requests a second and how long they take, beside nginx with auth_request (minutes; --rounds N)",
        starts: Starts::Programs,
    },
    Benchmark {
        name: "replicas",
        what: "two servers on one PostgreSQL beside one, one beside SQLite, and a session's end at both (minutes; --rounds N)",
        starts: Starts::Programs,
    },
    Benchmark {
        name: "push",
        what: "an emergency stop to the last of 2,000 connected consoles, and the server's memory for each (--rounds N)",
        starts: Starts::Programs,
    },
    Benchmark {
        name: "audit",
        what: "lists, trails and look-ups in ten million records, on SQLite and PostgreSQL (an hour, 13 GB; --rows N)",
        starts: Starts::Programs,
    },
];

/// # Errors
/// If there is no such benchmark; the word lists those there are.
pub fn named(name: &str) -> Result<&'static Benchmark> {
    find(BENCHMARKS, name)
}

fn find<'table>(table: &'table [Benchmark], name: &str) -> Result<&'table Benchmark> {
    if let Some(benchmark) = table.iter().find(|benchmark| benchmark.name == name) {
        return Ok(benchmark);
    }
    let known: Vec<String> =
        table.iter().map(|benchmark| format!("\n  {:<16}{}", benchmark.name, benchmark.what)).collect();
    bail!("there is no benchmark `{name}`; there are:{}", known.concat());
}

/// Builds all that the benchmark starts, and becomes it, so that its last line is the last line. It is given `arguments`.
///
/// # Errors
/// If something can't be built or the benchmark can't be started.
pub fn run(repository: &Repository, benchmark: &Benchmark, arguments: &[String]) -> Result<ExitCode> {
    let programs = repository.target().join("release");
    let program = programs.join(format!("amberglass-bench{}", std::env::consts::EXE_SUFFIX));
    let mut bench = command::program(repository, program);
    bench.arg(benchmark.name);
    match benchmark.starts {
        Starts::Nothing => build(repository, &["--bin", "amberglass-bench"])?,
        Starts::Programs => {
            ui_bundle::build_if_older_than_its_sources(repository)?;
            build(repository, &["--bins"])?;
            bench.arg("--bin-dir").arg(&programs);
        }
        Starts::Windows => {
            ui_bundle::build_if_older_than_its_sources(repository)?;
            let ui = build_ui_for_any_browser(repository)?;
            build(repository, &["--bins"])?;
            bench.arg("--bin-dir").arg(&programs).arg("--ui").arg(ui);
        }
        Starts::Packages => {
            bundle::run(repository)?;
            let ui = build_ui_for_any_browser(repository)?;
            // Without the console's own program: the one that is measured lies in the package.
            build_packages(repository, &["amberglass-tests", "amberglass-demo-portal"])?;
            bench.arg("--packages").arg(repository.target().join("bundle"));
            bench.arg("--bin-dir").arg(&programs).arg("--ui").arg(ui);
        }
    }
    command::become_program(bench.args(arguments))
}

/// All programs at once, for the reason that the demo has. The windows are driven through WebDriver, which needs the
/// feature `automation`; the rest is what is shipped.
fn build(repository: &Repository, which: &[&str]) -> Result<()> {
    let mut cargo = command::cargo(repository);
    cargo.args(["build", "--release", "--workspace", "--exclude", "xtask", "--features", "automation"]).args(which);
    command::run(&mut cargo)
}

fn build_packages(repository: &Repository, which: &[&str]) -> Result<()> {
    let mut cargo = command::cargo(repository);
    cargo.args(["build", "--locked", "--release", "--bins"]);
    for package in which {
        cargo.args(["--package", package]);
    }
    command::run(&mut cargo)
}

/// The UI on its host stand-in, beside the build and not beside the sources.
fn build_ui_for_any_browser(repository: &Repository) -> Result<PathBuf> {
    let folder = repository.memory()?.join("ui-for-any-browser");
    let mut npm = command::npm(repository);
    npm.args(["run", "gallery", "--", "--emptyOutDir", "--outDir"]).arg(&folder);
    command::run(&mut npm)?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_benchmark_lists_the_known_ones() {
        let table = [Benchmark { name: "append", what: "durable rows a second", starts: Starts::Nothing }];
        assert_eq!(find(&table, "append").map(|found| found.name).ok(), Some("append"));
        let word = find(&table, "apend").map(|found| found.name).unwrap_err().to_string();
        assert!(word.contains("append") && word.contains("durable rows a second"), "{word}");
    }
}

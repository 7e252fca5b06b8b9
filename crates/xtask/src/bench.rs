//! Benchmarks: programs of the package `amberglass-tests`, built as the product is shipped.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::command;
use crate::repository::Repository;

pub struct Benchmark {
    name: &'static str,
    what: &'static str,
}

/// Each of them is a name that `amberglass-bench` knows.
const BENCHMARKS: &[Benchmark] = &[];

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
    if known.is_empty() {
        bail!("there is no benchmark `{name}`, nor any other yet");
    }
    bail!("there is no benchmark `{name}`; there are:{}", known.concat());
}

/// Builds the benchmark and becomes it, so that its last line is the last line.
///
/// # Errors
/// If it can't be built or started.
pub fn run(repository: &Repository, benchmark: &Benchmark) -> Result<ExitCode> {
    let mut cargo = command::cargo(repository);
    cargo.args(["build", "--release", "--package", "amberglass-tests", "--bin", "amberglass-bench"]);
    command::run(&mut cargo)?;
    let program = repository.target().join("release").join(format!("amberglass-bench{}", std::env::consts::EXE_SUFFIX));
    command::become_program(command::program(repository, program).arg(benchmark.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_benchmark_lists_the_known_ones() {
        let table = [Benchmark { name: "append", what: "durable rows a second" }];
        assert_eq!(find(&table, "append").map(|found| found.name).ok(), Some("append"));
        let word = find(&table, "apend").map(|found| found.name).unwrap_err().to_string();
        assert!(word.contains("append") && word.contains("durable rows a second"), "{word}");
    }
}

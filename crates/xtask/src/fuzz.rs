//! Feeds the targets of `crates/fuzz-targets` what a fuzzer makes up.
//!
//! What it finds interesting goes below `target/`; the committed corpus is only read, and grows by hand (docs/architecture.md).

use std::fs;

use anyhow::{Context, Result, bail};

use crate::command;
use crate::repository::Repository;

/// For each target, by default and before a release.
pub const MINUTES: u64 = 1;
pub const MINUTES_FOR_A_RELEASE: u64 = 10;
/// Longest input, in bytes. What is longer is refused by its length alone, and would slow everything down.
const MAX_LENGTH: u32 = 8 * 1024;
/// One input that takes longer, in seconds, is a finding.
const SLOWEST: u32 = 10;

/// Runs one target, or each after the other. A finding ends it, with the file that shows it. No minutes would be no limit.
///
/// # Errors
/// If there is no such target, or one of them finds something.
pub fn run(repository: &Repository, target: Option<&str>, minutes: u64) -> Result<()> {
    let manifest = repository.root().join("fuzz/Cargo.toml");
    let text = fs::read_to_string(&manifest).with_context(|| format!("reading {}", manifest.display()))?;
    let all = targets(&text);
    let wanted: Vec<&str> = all.iter().copied().filter(|name| target.is_none_or(|wanted| wanted == *name)).collect();
    if wanted.is_empty() {
        bail!("there is no such target; there are {}", all.join(", "));
    }
    for name in wanted {
        let found = repository.target().join("fuzz").join(name);
        fs::create_dir_all(&found).with_context(|| format!("making {}", found.display()))?;
        let mut cargo = command::program(repository, "rustup");
        cargo.args(["run", "nightly", "cargo", "fuzz", "run", name]);
        cargo.arg(&found).arg(format!("fuzz/corpus/{name}")).arg("--");
        let seconds = minutes.max(1).saturating_mul(60);
        cargo.args([
            format!("-max_total_time={seconds}"),
            format!("-max_len={MAX_LENGTH}"),
            format!("-timeout={SLOWEST}"),
            "-print_final_stats=1".to_owned(),
        ]);
        command::run(&mut cargo).with_context(|| {
            format!("{name} was not built, or found something: mend it, with a test beside the code")
        })?;
    }
    Ok(())
}

/// The names of the programs, in their order.
fn targets(manifest: &str) -> Vec<&str> {
    let paths = manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/"));
    paths.filter_map(|path| path.strip_suffix(".rs\"")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_targets_are_the_programs_of_the_manifest() {
        let manifest = "[dependencies]\na = { path = \"../a\" }\n[[bin]]\nname = \"b\"\npath = \"fuzz_targets/b.rs\"\n";
        assert_eq!(targets(manifest), ["b"]);
    }
}

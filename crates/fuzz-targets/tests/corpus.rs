//! What fuzzing has kept, through the same functions, with every change.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can't read its files has failed")]

use std::fs;
use std::path::{Path, PathBuf};

use amberglass_fuzz_targets::TARGETS;

/// Of the committed corpus. What is more belongs on the machine of who fuzzes.
const MOST_FILES: usize = 300;
const MOST_BYTES: usize = 1024 * 1024;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = fuzz().join("corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn what_is_promised_of_any_bytes_holds_for_the_kept_ones() {
    for (name, target) in TARGETS {
        let files = corpus(name);
        assert!(!files.is_empty(), "{name} has no corpus");
        target(&[]);
        for (path, bytes) in files {
            println!("{}", path.display());
            target(&bytes);
        }
    }
}

#[test]
fn the_kept_corpus_stays_small() {
    let files: Vec<usize> = TARGETS.iter().flat_map(|(name, _)| corpus(name)).map(|(_, bytes)| bytes.len()).collect();
    assert!(files.len() < MOST_FILES, "{} files", files.len());
    assert!(files.iter().sum::<usize>() < MOST_BYTES);
}

#[test]
fn each_target_can_be_fuzzed_and_nothing_else() {
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} is not in fuzz/Cargo.toml");
        let source = fs::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(source.contains(&format!("amberglass_fuzz_targets::{name}(data)")), "{name} calls another function");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    let folders = fs::read_dir(fuzz().join("corpus")).unwrap().map(|entry| entry.unwrap().file_name());
    for folder in folders {
        assert!(TARGETS.iter().any(|(name, _)| folder == *name), "{} is nobody's corpus", folder.display());
    }
}

/// It is a workspace of its own, so nothing else notices; a run of the fuzzer would change a file that is committed.
#[test]
fn what_the_fuzzer_locks_is_what_is_built() {
    let lock = fs::read_to_string(fuzz().join("Cargo.lock")).unwrap();
    let packages: Vec<&str> =
        lock.split("[[package]]").filter(|package| package.contains("name = \"amberglass-")).collect();
    assert!(packages.len() > 2);
    for name in ["fuzz-targets", "domain", "wire"] {
        let manifest = fs::read_to_string(fuzz().join("../crates").join(name).join("Cargo.toml")).unwrap();
        let section = manifest.split("\n[").find_map(|section| section.strip_prefix("dependencies]\n")).unwrap();
        let package =
            packages.iter().find(|package| package.contains(&format!("name = \"amberglass-{name}\""))).unwrap();
        for line in section.lines().filter(|line| line.contains("workspace") && !line.contains("optional")) {
            let dependency = line.split(['.', ' ', '=']).next().unwrap();
            let is_there =
                package.lines().any(|line| line.trim().trim_matches([',', '"']).split(' ').next() == Some(dependency));
            assert!(
                is_there,
                "fuzz/Cargo.lock does not have {dependency} of {name}: `cargo metadata --manifest-path fuzz/Cargo.toml`"
            );
        }
    }
}

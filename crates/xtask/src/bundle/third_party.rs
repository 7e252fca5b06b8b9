//! The licences of what others wrote and our packages contain: each text once, below the names of what it is for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::command;
use crate::repository::Repository;

/// How the names of files begin in which licences stand.
const BEGINNINGS: [&str; 7] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE", "OFL"];

/// A part of Svelte goes into the pages, and what that part imports, though npm counts all of it to the tools.
const ALSO_IN_THE_PAGES: [&str; 4] = ["svelte", "clsx", "devalue", "esm-env"];

const HEAD: &str = "\
What others wrote and these programs contain, with its licences. The source of each crate and of each npm package is
published under the name and the version that stand here.
";

/// A crate, an npm package, or fonts.
struct Part {
    /// With its version.
    name: String,
    /// As SPDX expression.
    licence: String,
    texts: Vec<String>,
}

/// Writes the licences of the programs, compiled for `system`.
///
/// # Errors
/// If cargo can't tell what is in them, or a text can't be read.
pub fn of_programs(repository: &Repository, programs: &[&str], system: &str, to: &Path) -> Result<()> {
    write(&crates(repository, programs, system)?, to)
}

/// The same for the console, which has pages and fonts in it, too.
///
/// # Errors
/// As above, or if a package of the pages is not installed.
pub fn of_console(repository: &Repository, system: &str, to: &Path) -> Result<()> {
    let mut parts = crates(repository, &["amberglass"], system)?;
    let own: NpmPackage = read(&repository.ui().join("package.json"))?;
    for name in own.dependencies.keys().map(String::as_str).chain(ALSO_IN_THE_PAGES) {
        let folder = repository.ui().join("node_modules").join(name);
        let package: NpmPackage = read(&folder.join("package.json"))?;
        parts.push(Part {
            name: format!("{name} {}", package.version),
            licence: package.license,
            texts: texts_in(&folder, None)?,
        });
    }
    parts.push(Part {
        name: "the fonts Inter and JetBrains Mono, in frame and watermark".to_owned(),
        licence: "OFL-1.1".to_owned(),
        texts: texts_in(&repository.root().join("crates").join("overlay").join("fonts"), None)?,
    });
    write(&parts, to)
}

fn write(parts: &[Part], to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    fs::write(to, composed(parts)).with_context(|| format!("writing {}", to.display()))
}

fn composed(parts: &[Part]) -> String {
    // Many differ in their line breaks alone.
    let mut by_words: BTreeMap<Vec<&str>, (&str, BTreeSet<String>)> = BTreeMap::new();
    let mut without = BTreeSet::new();
    for part in parts {
        let line = format!("{} ({})", part.name, part.licence);
        if part.texts.is_empty() {
            without.insert(line.clone());
        }
        for text in &part.texts {
            let words = text.split_whitespace().collect();
            by_words.entry(words).or_insert_with(|| (text.as_str(), BTreeSet::new())).1.insert(line.clone());
        }
    }
    let mut whole = HEAD.to_owned();
    let mut add = |lines: BTreeSet<String>, text: &str| {
        whole.push_str(&format!("\n{}\n", "=".repeat(80)));
        for line in lines {
            whole.push_str(&format!("{line}\n"));
        }
        whole.push_str(&format!("\n{text}\n"));
    };
    if !without.is_empty() {
        add(without, "These come without a text of their own, under the licence in brackets.");
    }
    for (text, lines) in by_words.into_values() {
        add(lines, text);
    }
    whole
}

/// The texts in the folder of a crate or package, and in its folder of licences if it has one.
fn texts_in(folder: &Path, named: Option<&Path>) -> Result<Vec<String>> {
    let mut files: BTreeSet<PathBuf> = named.map(|file| folder.join(file)).into_iter().collect();
    for path in paths_in(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        if !BEGINNINGS.iter().any(|beginning| name.starts_with(beginning)) {
            continue;
        }
        if path.is_dir() {
            files.extend(paths_in(&path)?);
        } else {
            files.insert(path);
        }
    }
    let mut texts = Vec::new();
    for file in files.iter().filter(|file| file.is_file()) {
        let bytes = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
        texts.push(String::from_utf8_lossy(&bytes).replace("\r\n", "\n").trim().to_owned());
    }
    texts.retain(|text| !text.is_empty());
    Ok(texts)
}

fn paths_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let reading = || format!("reading {}", folder.display());
    fs::read_dir(folder)
        .with_context(reading)?
        .map(|entry| entry.map(|entry| entry.path()).with_context(reading))
        .collect()
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))
}

#[derive(Deserialize)]
struct NpmPackage {
    #[serde(default)]
    version: String,
    #[serde(default)]
    license: String,
    #[serde(default)]
    dependencies: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Crate>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Crate {
    id: String,
    name: String,
    version: String,
    /// None for our own.
    source: Option<String>,
    license: Option<String>,
    license_file: Option<PathBuf>,
    manifest_path: PathBuf,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Link>,
}

#[derive(Deserialize)]
struct Link {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    /// None for what is linked, else `dev` or `build`.
    kind: Option<String>,
}

fn crates(repository: &Repository, programs: &[&str], system: &str) -> Result<Vec<Part>> {
    let mut cargo = command::cargo(repository);
    cargo.args(["metadata", "--format-version", "1", "--locked", "--features", "custom-protocol"]);
    let answer = command::output(cargo.args(["--filter-platform", system]))?;
    let metadata: Metadata = serde_json::from_str(&answer).context("cargo metadata printed something unexpected")?;
    let mut parts = Vec::new();
    for package in linked_into(programs, &metadata) {
        let folder = package.manifest_path.parent().context("a crate without a folder")?;
        let named = package.license_file.as_deref();
        parts.push(Part {
            name: format!("{} {}", package.name, package.version),
            licence: package.license.clone().unwrap_or_else(|| "see its text".to_owned()),
            texts: texts_in(folder, named)?,
        });
    }
    Ok(parts)
}

/// All that others wrote and the programs depend on, but for what only builds or tests them.
fn linked_into<'metadata>(programs: &[&str], metadata: &'metadata Metadata) -> Vec<&'metadata Crate> {
    let nodes: BTreeMap<&str, &Node> = metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let ours = |package: &&Crate| package.source.is_none() && programs.contains(&package.name.as_str());
    let mut open: Vec<&str> = metadata.packages.iter().filter(ours).map(|package| package.id.as_str()).collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !reached.insert(id) {
            continue;
        }
        for link in nodes.get(id).copied().map(|node| node.deps.iter()).into_iter().flatten() {
            if link.dep_kinds.iter().any(|kind| kind.kind.is_none()) {
                open.push(&link.pkg);
            }
        }
    }
    let theirs = |package: &&Crate| package.source.is_some() && reached.contains(package.id.as_str());
    metadata.packages.iter().filter(theirs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_stands_once_below_all_that_it_is_for_and_who_has_none_is_named() {
        let part = |name: &str, texts: &[&str]| Part {
            name: name.to_owned(),
            licence: "MIT".to_owned(),
            texts: texts.iter().map(|text| (*text).to_owned()).collect(),
        };
        let whole = composed(&[part("b 2", &["Do as\nyou like"]), part("c 3", &[]), part("a 1", &["Do as you  like"])]);
        assert_eq!(whole.matches("you like").count() + whole.matches("you  like").count(), 1, "{whole}");
        assert!(whole.contains("a 1 (MIT)\nb 2 (MIT)\n\nDo as\nyou like\n"), "{whole}");
        assert!(whole.contains("c 3 (MIT)\n\nThese come without a text"), "{whole}");
    }

    #[test]
    fn what_is_linked_is_found_through_our_own_crates_and_what_only_builds_or_tests_is_not() {
        let package = |id: &str, source: Option<&str>| {
            json!({
                "id": id, "name": id, "version": "1", "source": source,
                "license": "MIT", "license_file": null, "manifest_path": "Cargo.toml",
            })
        };
        let link = |id: &str, kind: Option<&str>| json!({ "pkg": id, "dep_kinds": [{ "kind": kind }] });
        let metadata: Metadata = serde_json::from_value(json!({
            "packages": [
                package("program", None), package("own", None),
                package("linked", Some("r")), package("deep", Some("r")), package("tool", Some("r")), package("test", Some("r")), package("elsewhere", Some("r")),
            ],
            "resolve": { "nodes": [
                {
                    "id": "program",
                    "deps": [link("own", None), link("tool", Some("build")), link("test", Some("dev"))],
                },
                { "id": "own", "deps": [link("linked", None)] },
                { "id": "linked", "deps": [link("deep", None)] },
                { "id": "deep", "deps": [link("linked", None)] },
            ] },
        }))
        .unwrap();
        let names: Vec<&str> =
            linked_into(&["program"], &metadata).iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["linked", "deep"]);
    }
}

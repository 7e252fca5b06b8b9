//! The folders of the repository and the files that belong to it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command;

pub struct Repository {
    root: PathBuf,
}

/// A text file of the repository.
pub struct SourceFile {
    /// Relative to the top of the repository, with `/` on every system.
    pub path: String,
    pub text: String,
}

impl Repository {
    /// # Errors
    /// If this tool's own folder is not where cargo says it is.
    pub fn find() -> Result<Self> {
        // At run time, so that a repository that was moved is still found; built in for who starts the program itself.
        let own =
            env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = own.ancestors().nth(2).context("the folder of xtask has no grandparent")?.to_path_buf();
        Ok(Self { root })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn ui(&self) -> PathBuf {
        self.root.join("ui")
    }

    pub fn target(&self) -> PathBuf {
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.root.join("target"), |folder| self.root.join(folder))
    }

    /// Where this tool keeps what it remembers between two runs.
    ///
    /// # Errors
    /// If the folder can't be made.
    pub fn memory(&self) -> Result<PathBuf> {
        let folder = self.target().join("xtask");
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        Ok(folder)
    }

    /// The paths of all files that are committed or about to be: everything git does not ignore, under `below`.
    ///
    /// # Errors
    /// If git can't tell.
    pub fn paths(&self, below: &str) -> Result<Vec<String>> {
        let mut git = command::program(self, "git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", below]);
        let listed = command::output(&mut git).context("git has to tell which files belong to the repository")?;
        let mut paths: Vec<String> = listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
        paths.sort();
        paths.dedup();
        // Deleted in the work tree, still in git's index.
        paths.retain(|path| self.root.join(path).is_file());
        Ok(paths)
    }

    /// What `cargo cyclonedx` has left beside the Cargo.toml of each member.
    ///
    /// # Errors
    /// If a folder can't be read.
    pub fn lists_of_materials(&self) -> Result<Vec<PathBuf>> {
        let mut members = vec![self.root.clone(), self.root.join("tests")];
        let crates = self.root.join("crates");
        for entry in fs::read_dir(&crates).with_context(|| format!("reading {}", crates.display()))? {
            members.push(entry?.path());
        }
        let mut lists = Vec::new();
        for member in members.iter().filter(|member| member.is_dir()) {
            for entry in fs::read_dir(member).with_context(|| format!("reading {}", member.display()))? {
                let path = entry?.path();
                if path.to_string_lossy().ends_with(".cdx.json") {
                    lists.push(path);
                }
            }
        }
        Ok(lists)
    }

    /// All text files of the repository.
    ///
    /// # Errors
    /// If git can't list them or one can't be read.
    pub fn sources(&self) -> Result<Vec<SourceFile>> {
        let mut sources = Vec::new();
        for path in self.paths(".")? {
            let bytes = fs::read(self.root.join(&path)).with_context(|| format!("reading {path}"))?;
            // What is not UTF-8 is a picture, a font or a database.
            if let Ok(text) = String::from_utf8(bytes) {
                sources.push(SourceFile { path, text });
            }
        }
        Ok(sources)
    }
}

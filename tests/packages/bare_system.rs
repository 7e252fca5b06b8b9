//! A Debian with nothing in it but what it cannot do without, what a package asks for, and the package.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use amberglass_tests::process::run;

/// The release that the packages are built on.
const RELEASE: &str = "bookworm";
/// A person who works there.
pub const PERSON: &str = "sam";
/// That person's own files.
pub const HOME: &str = "/srv/sam";

pub struct BareSystem {
    folder: tempfile::TempDir,
    /// From this machine to there, read-only.
    lent: Vec<(PathBuf, String)>,
}

impl BareSystem {
    /// Installs the packages as a person would, with what they depend on, and `more` beside them.
    pub fn with(packages: &[&Path], more: &[&str]) -> Self {
        assert!(is_root(), "a bare system is made as root");
        let folder = tempfile::Builder::new().prefix("bare").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let root = folder.path().join("root");
        let mut arguments: Vec<String> = ["--variant=minbase", "--mode=root", "--quiet"].map(str::to_owned).into();
        arguments.extend(more.iter().map(|name| format!("--include={name}")));
        // apt reads a package here and dpkg reads it there, by the same path.
        let shared = tempfile::tempdir().unwrap();
        for package in packages {
            let copy = shared.path().join(package.file_name().unwrap());
            std::fs::copy(package, &copy).unwrap();
            arguments.push(format!("--include={}", copy.display()));
        }
        let shared = shared.path().display();
        arguments.push(format!("--setup-hook=mkdir -p \"$1{shared}\" && cp {shared}/* \"$1{shared}\""));
        arguments.push(format!("--customize-hook=rm -r \"$1{shared}\""));
        arguments.push(format!("--customize-hook=chroot \"$1\" useradd --create-home --home-dir {HOME} {PERSON}"));
        arguments.extend([RELEASE.to_owned(), root.display().to_string()]);
        run("mmdebstrap", &arguments, &[]).unwrap();
        Self { folder, lent: Vec::new() }
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// A program of this machine is also there, in `/programs`.
    pub fn lend(&mut self, program: &Path) {
        let name = program.file_name().unwrap().to_string_lossy().into_owned();
        self.lent.push((program.to_owned(), format!("/programs/{name}")));
    }

    /// Runs a command there to its end, and returns what it has printed. The command sees only its own processes, and
    /// this machine's loopback.
    ///
    /// # Panics
    /// When it fails.
    pub fn run(&self, user: &str, command: &[&str]) -> String {
        self.try_run(user, command).unwrap_or_else(|error| panic!("{error:#}"))
    }

    pub fn try_run(&self, user: &str, command: &[&str]) -> anyhow::Result<String> {
        let root = self.root();
        let mut arguments: Vec<&OsStr> = vec!["--bind".as_ref(), root.as_ref(), "/".as_ref()];
        let fixed = "--proc /proc --dev /dev --perms 1777 --tmpfs /dev/shm --perms 1777 --tmpfs /tmp --tmpfs /run --tmpfs /programs \
                     --unshare-pid --unshare-ipc --die-with-parent --new-session --cap-add ALL --chdir / --clearenv \
                     --setenv LANG C.UTF-8 --setenv PATH /usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
        arguments.extend(fixed.split_whitespace().map(OsStr::new));
        for (from, to) in &self.lent {
            arguments.extend(["--ro-bind".as_ref(), from.as_os_str(), to.as_ref()]);
        }
        arguments.push("--".as_ref());
        let drop = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--inh-caps=-all", "--"];
        if user != "root" {
            arguments.extend(drop.map(OsStr::new));
        }
        arguments.extend(command.iter().map(|word| OsStr::new(*word)));
        run("bwrap", &arguments, &[])
    }
}

fn is_root() -> bool {
    run("id", &["-u"], &[]).is_ok_and(|id| id.trim() == "0")
}

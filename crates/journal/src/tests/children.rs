//! Processes of their own, for what can't be done to the test's: being killed, a full disk, a read-only file.
//!
//! A test starts this same test program again with [`ROLE`] set and only [`this_program_as_a_child`] to run.
#![cfg(unix)]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use amberglass_system::{OsEntropy, SystemClock};
use amberglass_testkit::SeededEntropy;
use amberglass_wire::DeviceId;
use sqlx::SqliteConnection;

use super::{Desk, note, raw};
use crate::{Journal, JournalError, JournalKey, JournalOptions};

const ROLE: &str = "AMBERGLASS_JOURNAL_TEST_ROLE";
const FOLDER: &str = "AMBERGLASS_JOURNAL_TEST_FOLDER";
const KEY_SEED: u64 = 1;
const ROUNDS: i64 = 3;

fn options() -> JournalOptions {
    JournalOptions {
        device: DeviceId::new("device-1"),
        keys: vec![JournalKey::generate(&SeededEntropy::new(KEY_SEED))],
        client: "amberglass/test".into(),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
    }
}

/// Does nothing unless it was started as a child.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn this_program_as_a_child() {
    let (Ok(role), Ok(folder)) = (std::env::var(ROLE), std::env::var(FOLDER)) else { return };
    let file = Path::new(&folder).join("journal.db");
    match role.as_str() {
        "append until killed" => append_until_killed(&file).await,
        "append until the disk fails" => append_until_the_disk_fails(&file).await,
        "open what is read-only" => open_what_is_read_only(&file).await,
        other => panic!("no such role: {other}"),
    }
}

fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// This test program as a child, started by `starter` if that is not empty.
fn child(starter: &[&str], program: &Path, role: &str, folder: &Path) -> Command {
    let mut words: Vec<&std::ffi::OsStr> = starter.iter().map(std::ffi::OsStr::new).collect();
    words.push(program.as_os_str());
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).args(["--exact", "tests::children::this_program_as_a_child", "--nocapture"]);
    command.env(ROLE, role).env(FOLDER, folder).stdout(Stdio::piped()).stderr(Stdio::inherit());
    command
}

async fn hash_in_file(file: &mut SqliteConnection, seq: i64) -> Option<String> {
    sqlx::query_scalar("select hash from records where seq = ?").bind(seq).fetch_optional(file).await.unwrap()
}

async fn append_until_killed(file: &Path) {
    let journal = Journal::open(file, options()).await.unwrap();
    let mut appending = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let journal = journal.clone();
        appending.spawn(async move {
            loop {
                let appended = journal.append(note("until killed")).await.unwrap();
                tell(&format!("appended {} {}", appended.seq, appended.hash));
            }
        });
    }
    appending.join_all().await;
}

#[tokio::test]
async fn what_was_appended_survives_a_kill() {
    let desk = Desk::new();
    for round in 1..=ROUNDS {
        let program = std::env::current_exe().unwrap();
        let mut child = child(&[], &program, "append until killed", desk.folder.path()).spawn().unwrap();
        let mut told = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            // A line cut off by the kill was not told.
            let Ok(line) = line else { break };
            let words: Vec<&str> = line.split(' ').collect();
            if let ["appended", seq, hash] = words[..]
                && hash.len() == 64
            {
                told.push((seq.parse::<i64>().unwrap(), hash.to_owned()));
            }
            if told.len() == 40 + 17 * round as usize {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(told.len() >= 57, "the child told {told:?}");
        let journal = Journal::open(&desk.file(), options()).await.unwrap();
        let mut file = raw(&desk.file()).await;
        for (seq, hash) in told {
            assert_eq!(hash_in_file(&mut file, seq).await, Some(hash), "record {seq} in round {round}");
        }
        let head = journal.status().borrow().head.seq;
        assert_eq!(journal.append(note("after the kill")).await.unwrap().seq, head + 1);
        journal.close().await;
    }
}

async fn append_until_the_disk_fails(file: &Path) {
    let journal = Journal::open(file, options()).await.unwrap();
    for n in 1..10_000 {
        let before = journal.status().borrow().clone();
        match journal.append(note(&"x".repeat(4000))).await {
            Ok(appended) => assert_eq!((appended.seq, before.head.seq + 1), (n, n)),
            Err(error) => {
                assert!(matches!(error, JournalError::DiskFull | JournalError::Database(_)), "{error:?}");
                assert_eq!(*journal.status().borrow(), before);
                tell(&format!("failed after {} {}", before.head.seq, before.head.hash));
                return;
            }
        }
    }
    panic!("the disk never failed");
}

#[tokio::test]
async fn a_write_that_the_system_refuses_fails_the_append_and_moves_nothing() {
    let desk = Desk::new();
    // A limit on the size of files stands in for a full disk: writes beyond it fail in the system call.
    let starter = ["sh", "-c", "trap '' XFSZ; ulimit -f 400; exec \"$0\" \"$@\""];
    let program = std::env::current_exe().unwrap();
    let output = child(&starter, &program, "append until the disk fails", desk.folder.path()).output().unwrap();
    assert!(output.status.success());
    let told = String::from_utf8(output.stdout).unwrap();
    let told = told.lines().find_map(|line| line.strip_prefix("failed after ")).unwrap();
    let (seq, hash) = told.split_once(' ').unwrap();
    let journal = Journal::open(&desk.file(), options()).await.unwrap();
    let head = journal.status().borrow().head.clone();
    assert_eq!((head.seq.to_string().as_str(), head.hash.as_str()), (seq, hash));
    assert_eq!(journal.append(note("room again")).await.unwrap().seq, head.seq + 1);
}

async fn open_what_is_read_only(file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let set = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    let journal = Journal::open(file, options()).await.unwrap();
    let appended = journal.append(note("while it can be written")).await.unwrap();
    journal.close().await;
    let folder = file.parent().unwrap();
    let before = std::fs::read(file).unwrap();
    for (path, shut, open) in [(file, 0o400, 0o600), (folder, 0o500, 0o700)] {
        set(path, shut);
        std::fs::remove_file(folder.join("journal.db.lock")).ok();
        let result = Journal::open(file, options()).await;
        set(path, open);
        assert!(matches!(result, Err(JournalError::ReadOnly)), "{path:?}: {result:?}");
        assert_eq!(std::fs::read(file).unwrap(), before);
    }
    let journal = Journal::open(file, options()).await.unwrap();
    assert_eq!(journal.status().borrow().head.hash, appended.hash);
    tell("read-only was told");
}

#[tokio::test]
async fn a_read_only_file_or_folder_is_told_and_nothing_moves() {
    use std::os::unix::{fs::MetadataExt as _, process::CommandExt as _};
    const NOBODY: u32 = 65_534;
    let folder = tempfile::tempdir().unwrap();
    let desk = folder.path().join("desk");
    std::fs::create_dir(&desk).unwrap();
    let mut program = std::env::current_exe().unwrap();
    let root = std::fs::metadata(&desk).unwrap().uid() == 0;
    if root {
        // Permissions don't bind root, so the child is somebody else, with a copy of the program that they can reach.
        let copy = folder.path().join("program");
        std::fs::copy(&program, &copy).unwrap();
        program = copy;
        for path in [folder.path(), &desk] {
            std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    let mut command = child(&[], &program, "open what is read-only", &desk);
    if root {
        command.uid(NOBODY).gid(NOBODY);
    }
    let output = command.current_dir(folder.path()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("read-only was told"), "{told}");
}

//! The program itself: what it answers and with which code it ends.

use std::{
    path::Path,
    process::{Command, Output},
};

use crate::sample::{DEVICE, checkpoint, closed, device, honest, open, records, server};

fn verify(dir: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_amberglass-verify")).current_dir(dir).args(more).output().unwrap()
}

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let keys = format!("# ours\n{}\n\n{}\n", server().verifier_key(), device().verifier_key());
    std::fs::write(dir.path().join("keys"), keys).unwrap();
    std::fs::write(dir.path().join("whole"), closed(&honest())).unwrap();
    std::fs::write(dir.path().join("open"), open(&honest())).unwrap();
    dir
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn it_ends_with_0_for_a_whole_export_1_for_another_and_2_when_nothing_can_be_said() {
    let dir = folder();
    let whole = verify(dir.path(), &["whole", "--keys", "keys"]);
    assert_eq!(whole.status.code(), Some(0), "{whole:?}");
    assert!(
        words(&whole.stdout)
            .contains("whole   device-1  5 to 20: 8 records, 8 out of scope; signed by server:s1 up to 20")
    );
    let broken = verify(dir.path(), &["open", "--keys", "keys"]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(words(&broken.stdout).contains("FAULT   line 33: the export has no end"), "{broken:?}");
    for nothing in [&["absent", "--keys", "keys"], &["whole", "--keys", "absent"], &["whole", "--keys", "whole"]] {
        let said = verify(dir.path(), nothing);
        assert_eq!((said.status.code(), said.stdout.len()), (Some(2), 0), "{said:?}");
        assert!(words(&said.stderr).starts_with("error: "));
    }
    std::fs::write(dir.path().join("no keys"), "# none yet\n").unwrap();
    let said = verify(dir.path(), &["whole", "--keys", "no keys"]);
    assert_eq!(words(&said.stderr), "error: no keys names no key\n");
}

#[test]
fn it_answers_programs_in_json_and_hears_witnesses() {
    let dir = folder();
    let note = checkpoint(&server(), 1_780_000_000_020, &records(DEVICE, 25)[24]);
    let line = serde_json::json!({"type": "checkpoint", "note": note}).to_string();
    std::fs::write(dir.path().join("seen"), line).unwrap();
    let said = verify(dir.path(), &["whole", "--keys", "keys", "--witness", "seen", "--json"]);
    assert_eq!(said.status.code(), Some(1), "{said:?}");
    let json: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(json["whole"], false);
    assert_eq!(json["faults"][0]["code"], "rolled_back");
    assert_eq!(json["faults"][0]["writer"], DEVICE);
    assert_eq!(json["chains"][0]["whole"], false);
    assert_eq!(json["chains"][1]["whole"], true);
    assert_eq!(json["export"]["scope"]["session"], "session-1");
    let torn = std::fs::read_to_string(dir.path().join("seen")).unwrap() + "\n{\"type\":";
    std::fs::write(dir.path().join("torn"), torn).unwrap();
    let said = verify(dir.path(), &["whole", "--keys", "keys", "--witness", "torn"]);
    assert_eq!(
        (said.status.code(), words(&said.stderr).as_str()),
        (Some(1), "warning: torn: lines [2] hold no checkpoint and were passed over\n")
    );
    assert!(
        words(&said.stdout).starts_with("Export by server:s1 at 2026-09-21T14:13:20+00:00 of session session-1\n"),
        "{said:?}"
    );
    std::fs::write(dir.path().join("lies"), "{\"type\":\"checkpoint\",\"note\":\"nothing\"}\n").unwrap();
    let said = verify(dir.path(), &["whole", "--keys", "keys", "--witness", "lies"]);
    assert_eq!(said.status.code(), Some(2));
    assert!(words(&said.stderr).contains("the witness lies cannot be believed"), "{said:?}");
}

//! Every attack of the hostile portal's table, in a real window.

use std::path::PathBuf;

use amberglass_demo_portal::attacks::{self, Attack};
use amberglass_tests::attack_stage::{self, Stage};

use crate::{TURN, bin_dir, hostile_place};

/// `all` for every attack, as before a release; a name with commas between for some; otherwise those of the gate.
const WHICH: &str = "AMBERGLASS_ATTACKS";

fn wanted() -> Vec<&'static Attack> {
    let which = std::env::var(WHICH).unwrap_or_default();
    attacks::all()
        .filter(|attack| match which.as_str() {
            "" => attack.quick,
            "all" => true,
            some => some.split(',').any(|id| id == attack.id),
        })
        .collect()
}

/// Beside the built programs.
fn pictures() -> PathBuf {
    bin_dir().parent().unwrap().join("attacks")
}

#[tokio::test]
async fn no_attack_of_a_hostile_portal_gets_through_and_each_is_on_record_as_the_table_says() {
    let _turn = TURN.lock().await;
    let (other, elsewhere) = attack_stage::other_origin().await.unwrap();
    let place = hostile_place(&other).await;
    let mut stage = Stage::enter(&place, elsewhere, pictures()).await.unwrap();
    let wanted = wanted();
    let mut complaints = Vec::new();
    for (number, attack) in wanted.iter().enumerate() {
        if number % 20 == 19 {
            stage.sign_in_again().await.unwrap();
        }
        match stage.perform(attack).await {
            Ok(found) => {
                let found: Vec<_> = found.into_iter().map(|words| format!("{}: {words}", attack.id)).collect();
                found.iter().for_each(|words| stage.note(words).unwrap());
                complaints.extend(found);
            }
            Err(error) => {
                let words = format!("{}: {error:#}", attack.id);
                stage.note(&words).unwrap();
                complaints.push(words);
                stage.recover().await.unwrap_or_else(|error| panic!("{error:#} after {complaints:#?}"));
            }
        }
    }
    complaints.extend(attack_stage::unexpected(&stage.trail().await.unwrap(), wanted.iter().copied()));
    let escaped = names_below(place.folder.path()).into_iter().filter(|name| name.starts_with("escaped"));
    complaints.extend(escaped.map(|name| format!("a file called {name} was left on the disk")));
    assert!(complaints.is_empty(), "{} attacks: {complaints:#?}", wanted.len());
}

fn names_below(folder: &std::path::Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        names.push(entry.file_name().to_string_lossy().into_owned());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            names.extend(names_below(&entry.path()));
        }
    }
    names
}

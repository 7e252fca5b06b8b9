//! No file names a folder of the machine it was written on.

use crate::repository::SourceFile;
use crate::tidy::{Finding, numbered};

/// Where people's own files are. Put together here, so that this file does not name them either.
const OWN_FOLDERS: &[&str] = &[
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("\\Us", "ers\\"),
    concat!("/wo", "rk/"),
];

pub fn check(sources: &[SourceFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in sources {
        for (number, line) in numbered(&file.text) {
            if let Some(folder) = OWN_FOLDERS.iter().find(|folder| names(line, folder)) {
                findings.push(Finding::new(&file.path, number, format!("names a folder of one machine ({folder})")));
            }
        }
    }
    findings
}

/// The folder at the beginning of a path, not in the middle of one.
fn names(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(start, _)| {
        let before = line.get(..start).and_then(|head| head.chars().next_back());
        before
            .is_none_or(|letter| !(letter.is_alphanumeric() || "/._-}:*".contains(letter)) || folder.starts_with('\\'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::file;

    #[test]
    fn a_path_of_one_machine_is_found_and_a_piece_of_another_path_is_not() {
        for (line, expected) in [
            (format!("let log = \"{}jo/log\";", OWN_FOLDERS[0]), 1),
            (format!("see {}notes", OWN_FOLDERS[1]), 1),
            (format!("C:{}jo", OWN_FOLDERS[3]), 1),
            (format!("https://example.org{}7", OWN_FOLDERS[4]), 0),
            (format!("ui{}Page.svelte", OWN_FOLDERS[0]), 0),
        ] {
            assert_eq!(check(&[file("a.md", &line)]).len(), expected, "{line}");
        }
    }
}

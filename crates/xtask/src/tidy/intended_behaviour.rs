//! `docs/intended-behaviour.md` promises; behind each promise stands the test that holds it. Each test it names exists.
//!
//! A Rust test is named `` `file::test_name` `` (the file with as many of its folders as tell it apart), a test of the UI
//! by its quoted words, `` `"shows the countdown"` ``.

use crate::repository::SourceFile;
use crate::tidy::{Finding, numbered};

const DOCUMENT: &str = "docs/intended-behaviour.md";

pub fn check(sources: &[SourceFile]) -> Vec<Finding> {
    let Some(document) = sources.iter().find(|file| file.path == DOCUMENT) else {
        return vec![Finding::new(DOCUMENT, 0, "is missing: it says what is promised and which test holds it")];
    };
    let named: Vec<(usize, &str)> = numbered(&document.text)
        .flat_map(|(number, line)| in_backticks(line).map(move |word| (number, word)))
        .collect();
    let tests: Vec<(usize, Named<'_>)> =
        named.iter().filter_map(|(number, word)| Named::read(word).map(|test| (*number, test))).collect();
    if tests.is_empty() {
        return vec![Finding::new(DOCUMENT, 0, "names no test")];
    }
    tests
        .iter()
        .filter(|(_, test)| !test.exists(sources))
        .map(|(number, test)| {
            Finding::new(DOCUMENT, *number, format!("names a test that does not exist: {}", test.word()))
        })
        .collect()
}

fn in_backticks(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

enum Named<'document> {
    Rust { word: &'document str, file: &'document str, function: &'document str },
    Ui { words: &'document str },
}

impl<'document> Named<'document> {
    fn read(word: &'document str) -> Option<Self> {
        if let Some(words) = word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            return Some(Self::Ui { words });
        }
        let (file, function) = word.rsplit_once("::")?;
        let is_name =
            !function.is_empty() && function.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        (is_name && !file.contains(' ')).then_some(Self::Rust { word, file, function })
    }

    fn word(&self) -> &'document str {
        match self {
            Self::Rust { word, .. } => word,
            Self::Ui { words } => words,
        }
    }

    fn exists(&self, sources: &[SourceFile]) -> bool {
        match self {
            Self::Rust { file, function, .. } => {
                let path = file.replace("::", "/");
                let path = path.strip_suffix(".rs").unwrap_or(&path);
                let ends = [format!("/{path}.rs"), format!("/{path}/mod.rs")];
                let is_it =
                    |source: &&SourceFile| ends.iter().any(|end| format!("/{}", source.path).ends_with(end.as_str()));
                sources.iter().filter(is_it).any(|source| source.text.contains(&format!("fn {function}(")))
            }
            Self::Ui { words } => {
                let quoted = ['"', '\'', '`'].map(|quote| format!("({quote}{words}{quote}"));
                let is_test = |source: &&SourceFile| source.path.contains(".test.") || source.path.contains(".spec.");
                sources.iter().filter(is_test).any(|source| quoted.iter().any(|call| source.text.contains(call)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::file;

    fn findings(document: &str) -> Vec<String> {
        let sources = [
            file(DOCUMENT, document),
            file("tests/it/gateway.rs", "async fn a_page_is_recorded_first() {}\nfn proptests() {}"),
            file("crates/journal/src/chain/mod.rs", "fn a_gap_is_seen() {}"),
            file("ui/src/bar/countdown.test.ts", "it('shows the countdown', () => {})"),
            file("ui/src/bar/countdown.ts", "label('not a test')"),
        ];
        check(&sources).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn tests_that_exist_are_found_by_file_name_folder_and_words() {
        let document = "- a `gateway::a_page_is_recorded_first`, `tests/it/gateway.rs::proptests`\n- b `chain::a_gap_is_seen` `\"shows the countdown\"`\n";
        assert!(findings(document).is_empty(), "{:?}", findings(document));
    }

    #[test]
    fn a_test_that_does_not_exist_is_told_with_its_line() {
        assert_eq!(
            findings("- fine `gateway::proptests`\n- gone `gateway::a_page_is_recorded_second`\n"),
            ["docs/intended-behaviour.md:2: names a test that does not exist: gateway::a_page_is_recorded_second"]
        );
        assert_eq!(findings("- elsewhere `way::proptests`\n").len(), 1, "a piece of a file's name is not its name");
        assert_eq!(findings("- words `\"not a test\"`\n").len(), 1);
    }

    #[test]
    fn a_document_without_tests_or_no_document_is_a_finding() {
        assert_eq!(findings("- we promise a lot in `words`\n"), ["docs/intended-behaviour.md: names no test"]);
        assert_eq!(check(&[]).len(), 1);
    }
}

//! Names that a portal gives its files, as they may stand on somebody's disk.

/// In bytes: file systems take 255, and a number may be added.
const MAX_NAME: usize = 150;
/// Of the ending, in characters; what is longer is no ending.
const MAX_ENDING: usize = 10;
/// Where nothing is left of a name.
const NAMELESS: &str = "file";
/// Windows takes them for devices, whatever ending they have.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
/// The same with a digit behind them.
const NUMBERED_DEVICES: [&str; 2] = ["com", "lpt"];

/// A name in one folder and no other, that hides nothing, turns nothing around and is no option or device.
pub fn safe_name(suggested: &str) -> String {
    let plain: String = suggested.chars().map(|given| if is_plain(given) { given } else { '_' }).collect();
    // Hidden files begin with a dot, options with a hyphen; Windows drops dots and blanks at the end.
    let plain = plain.trim_start_matches(['.', ' ', '-']).trim_end_matches(['.', ' ']);
    let (stem, ending) = split(plain);
    let left = MAX_NAME.saturating_sub(ending.len());
    let mut cut = String::new();
    for part in stem.chars() {
        if cut.len().saturating_add(part.len_utf8()) > left {
            break;
        }
        cut.push(part);
    }
    // What stands there now may be what was cut off at.
    let cut = if ending.is_empty() { cut.trim_end_matches(['.', ' ']) } else { &cut };
    let stem = if cut.is_empty() { NAMELESS } else { cut };
    let guard = if is_device(stem) { "_" } else { "" };
    format!("{guard}{stem}{ending}")
}

/// The same name for another file: `name (2).pdf`. The first has no number.
pub fn numbered(name: &str, number: u32) -> String {
    if number < 2 {
        return name.to_owned();
    }
    let (stem, ending) = split(name);
    format!("{stem} ({number}){ending}")
}

fn is_plain(given: char) -> bool {
    given.is_alphanumeric() || matches!(given, ' ' | '-' | '_' | '.' | '(' | ')' | ',' | '+')
}

/// The ending with its dot.
fn split(name: &str) -> (&str, &str) {
    let Some(at) = name.rfind('.').filter(|at| *at > 0) else { return (name, "") };
    let (stem, ending) = name.split_at(at);
    let plain = ending.chars().skip(1).all(|part| part.is_ascii_alphanumeric());
    if plain && (2..=MAX_ENDING.saturating_add(1)).contains(&ending.len()) { (stem, ending) } else { (name, "") }
}

fn is_device(stem: &str) -> bool {
    let first = stem.split('.').next().unwrap_or_default().trim().to_ascii_lowercase();
    let numbered = NUMBERED_DEVICES.iter().filter_map(|device| first.strip_prefix(device));
    DEVICES.contains(&first.as_str())
        || numbered.into_iter().any(|rest| rest.chars().count() == 1 && rest.chars().all(char::is_numeric))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_portal_s_name_for_a_file_becomes_one_for_a_disk() {
        let table = [
            ("invoice-7.pdf", "invoice-7.pdf"),
            ("Rechnung für Jänner (2).pdf", "Rechnung für Jänner (2).pdf"),
            ("../../.bashrc", "_.._.bashrc"),
            ("..\\..\\x.exe", "_.._x.exe"),
            ("/etc/passwd", "_etc_passwd"),
            (".hidden", "hidden"),
            ("...", "file"),
            ("", "file"),
            (" - .x", "x"),
            ("-rf.txt", "rf.txt"),
            ("a:b|c?.csv", "a_b_c_.csv"),
            ("a\u{202e}fdp.exe", "a_fdp.exe"),
            ("a\nb\0.txt", "a_b_.txt"),
            ("NUL", "_NUL"),
            ("con.txt", "_con.txt"),
            ("Com1.tar.gz", "_Com1.tar.gz"),
            ("community.txt", "community.txt"),
            ("name.  ", "name"),
            ("a.verylongending", "a.verylongending"),
        ];
        for (given, expected) in table {
            assert_eq!(safe_name(given), expected, "{given:?}");
        }
        let long = safe_name(&format!("{}.pdf", "ü".repeat(300)));
        assert!(long.len() <= MAX_NAME && long.ends_with("ü.pdf"), "{long}");
    }

    #[test]
    fn a_second_file_of_the_same_name_gets_a_number() {
        let table = [
            ("name.pdf", 1, "name.pdf"),
            ("name.pdf", 2, "name (2).pdf"),
            ("a.tar.gz", 3, "a.tar (3).gz"),
            ("name", 2, "name (2)"),
        ];
        for (name, number, expected) in table {
            assert_eq!(numbered(name, number), expected);
        }
    }

    proptest! {
        #[test]
        fn whatever_a_portal_calls_it_a_file_stays_in_its_folder_and_can_be_seen(given in ".{0,400}", number in 1_u32..1000) {
            let name = numbered(&safe_name(&given), number);
            prop_assert!((1..=MAX_NAME + 8).contains(&name.len()), "{}", name);
            prop_assert!(!name.starts_with(['.', '-', ' ']) && !name.ends_with(['.', ' ']), "{}", name);
            prop_assert!(name.chars().all(is_plain), "{}", name);
            prop_assert_eq!(std::path::Path::new(&name).components().count(), 1);
        }
    }
}

//! What a person gets when the program cannot even show its window.

use std::{error::Error, io::Write as _};

const TITLE: &str = "Amberglass could not start";
const KEPT: &str = "Nothing was sent and nothing was changed.";

/// In the log, on the error stream, and where the desktop allows it in a dialogue of its own.
pub fn tell(error: &(dyn Error + 'static)) {
    tracing::error!(error, "{TITLE}");
    let words = words(error);
    let _ = writeln!(std::io::stderr(), "{TITLE}: {words}");
    show(&words);
}

fn words(error: &dyn Error) -> String {
    let mut what = error.to_string();
    if let Some(first) = what.get(..1) {
        let upper = first.to_uppercase();
        what.replace_range(..1, &upper);
    }
    format!("{what}. {KEPT} Mend that, or ask whoever looks after this computer, then start Amberglass again.")
}

#[cfg(target_os = "linux")]
fn show(words: &str) {
    use gtk::prelude::*;

    let dialog = gtk::MessageDialog::new(
        gtk::Window::NONE,
        gtk::DialogFlags::MODAL,
        gtk::MessageType::Error,
        gtk::ButtonsType::Close,
        TITLE,
    );
    dialog.set_title("Amberglass");
    dialog.set_secondary_text(Some(words));
    dialog.run();
}

/// The error stream has it; a dialogue of the system's own comes with these desktops.
#[cfg(not(target_os = "linux"))]
fn show(_words: &str) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_say_what_happened_what_was_kept_and_what_to_do() {
        let error = std::io::Error::other("the log file cannot be written");
        let words = words(&error);
        assert!(words.starts_with("The log file cannot be written. Nothing was sent"), "{words}");
        assert!(words.contains("start Amberglass again"));
    }
}

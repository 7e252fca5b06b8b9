//! The window's recorder: writes down, and waits for the disk, before the page goes anywhere.

use amberglass_domain::redaction::recorded_address;
use amberglass_journal::Journal;
use amberglass_wire::{
    SessionId,
    audit::{Attempt, EventBody, EventDetail, EventSubject},
};
use tokio::sync::mpsc;
use url::Url;

use crate::{host::WindowRecorder, input::Input};

pub(crate) struct SessionRecorder {
    pub journal: Journal,
    pub session: SessionId,
    pub subject: EventSubject,
    pub client: String,
    pub inputs: mpsc::UnboundedSender<Input>,
}

impl SessionRecorder {
    fn write(&self, detail: EventDetail) -> bool {
        let body = EventBody::new(self.subject.clone(), self.client.clone(), detail);
        match self.journal.append_blocking(body) {
            Ok(_) => true,
            Err(error) => {
                tracing::error!(%error, "what the window was about to do could not be recorded");
                // Nobody receives only when the program ends, and the window with it.
                let _ = self.inputs.send(Input::JournalFailed { session: self.session.clone() });
                false
            }
        }
    }
}

impl WindowRecorder for SessionRecorder {
    fn navigation(&self, address: &str) -> bool {
        // The host lets addresses of the gateway through only, so this one can be read; if not, it goes nowhere.
        let Ok(url) = Url::parse(address) else { return false };
        let path = recorded_address(url.path(), url.query());
        self.write(EventDetail::PageViewed {
            method: "GET".to_owned(),
            path,
            document: true,
            rule: None,
            unmasked: Vec::new(),
        })
    }

    fn refused(&self, attempt: Attempt, target: Option<&str>) {
        self.write(EventDetail::AttemptRefused { attempt, target: target.map(recorded_target) });
    }
}

/// An address as it may stand on record: scheme, host and path of what has them, the scheme alone of everything else
/// (`data:` and `javascript:` carry the page's content).
fn recorded_target(target: &str) -> String {
    const MAX_NAME: usize = 120;
    // A page may make scheme and host of any length, and the server takes no record of any length.
    const MAX_TARGET: usize = 4_000;
    let target: String = match Url::parse(target) {
        Ok(url) => match url.host_str() {
            Some(host) => {
                let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                format!("{}://{host}{port}{}", url.scheme(), recorded_address(url.path(), url.query()))
            }
            None => format!("{}:", url.scheme()),
        },
        // A file's suggested name, a permission: the page may put anything there.
        Err(_) => recorded_address(&target.chars().take(MAX_NAME).collect::<String>(), None),
    };
    target.chars().take(MAX_TARGET).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_does_not_make_a_record_of_any_length() {
        for target in [format!("{}:x", "a".repeat(1_000_000)), format!("https://{}.test/", "a.".repeat(500_000))] {
            assert!(recorded_target(&target).chars().count() <= 4_000);
        }
    }

    #[test]
    fn a_refused_address_keeps_no_content_and_no_credentials() {
        let table = [
            ("https://ada:pw@evil.test:8443/a?token=abc#x", "https://evil.test:8443/a?token"),
            ("data:text/html,<b>secret</b>", "data:"),
            ("javascript:alert(1)", "javascript:"),
            ("invoice.pdf", "invoice.pdf"),
        ];
        for (target, expected) in table {
            assert_eq!(recorded_target(target), expected);
        }
    }
}

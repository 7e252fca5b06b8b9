//! What is recorded about whoever is signed in, page by page from the newest.

use amberglass_domain::ports::BackendError;
use amberglass_wire::audit::OwnRecordResponse;

use crate::{
    controller::Actor,
    errors,
    input::Reply,
    trail,
    view::{OwnRecordView, TrailEventView, UiError},
};

#[derive(Default)]
pub(crate) struct OwnRecord {
    number: u64,
    loading: bool,
    events: Vec<TrailEventView>,
    /// Place of the last one in the audit log.
    oldest: Option<i64>,
    more: bool,
    error: Option<UiError>,
}

impl OwnRecord {
    pub fn view(&self) -> OwnRecordView {
        OwnRecordView { loading: self.loading, events: self.events.clone(), more: self.more, error: self.error.clone() }
    }
}

impl Actor {
    /// The newest; or with `more` what comes before what is shown.
    pub fn load_own_record(&mut self, more: bool) {
        let Some(account) = self.account().cloned() else { return };
        if more && (self.own_record.loading || !self.own_record.more) {
            return;
        }
        let before = if more { self.own_record.oldest } else { None };
        let number = self.next_number();
        self.own_record.number = number;
        self.own_record.loading = true;
        self.own_record.error = None;
        let ports = self.ports.clone();
        self.spawn(async move {
            let result = ports.backend.own_record(&account.access, before).await;
            Reply::OwnRecord { number, before, result }
        });
    }

    pub fn on_own_record(&mut self, number: u64, before: Option<i64>, result: Result<OwnRecordResponse, BackendError>) {
        if self.own_record.number != number {
            return;
        }
        let record = &mut self.own_record;
        record.loading = false;
        match result {
            Ok(page) => {
                if before.is_none() {
                    record.events.clear();
                }
                // A page without an end would be asked for again and again.
                record.more = page.more && !page.events.is_empty();
                record.oldest = page.events.last().map(|event| event.position).or(record.oldest);
                record.events.extend(page.events.iter().map(|event| trail::line(&event.record, false, &mut true)));
            }
            Err(error) => {
                record.error = Some(errors::of_backend(&error));
                self.note_refusal(&error);
            }
        }
    }
}

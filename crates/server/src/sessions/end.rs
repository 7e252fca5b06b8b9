//! The end of a session: written here, by the server alone, exactly once.

use amberglass_wire::{
    SessionId, UnixMillis,
    audit::EventDetail,
    session::{EndedBy, SessionState},
};

use super::{SessionError, Sessions, subject_of};
use crate::store::{SessionRow, Tx};

/// Who ends it, and with what closing words.
pub struct Ending<'a> {
    pub by: EndedBy,
    pub note: Option<&'a str>,
}

impl Sessions {
    /// Ends the session if it runs, and gives it as it then is. `None` when there is no such session.
    ///
    /// # Errors
    /// When neither the end nor its record could be written.
    pub async fn end(&self, id: &SessionId, ending: &Ending<'_>) -> Result<Option<SessionRow>, SessionError> {
        let mut tx = self.store.begin().await?;
        let Some(row) = tx.session(id).await? else { return Ok(None) };
        let now = self.clock.now();
        if row.state.is_running() {
            if !self.end_if_due(&mut tx, &row, now).await? {
                self.end_in(&mut tx, &row, ending, now).await?;
            }
        } else if let (EndedBy::Staff, Some(note)) = (ending.by, ending.note) {
            self.add_note_in(&mut tx, &row, note).await?;
        }
        let row = tx.session(id).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// The agent's closing words after an end that came from elsewhere. The first ones stand.
    async fn add_note_in(&self, tx: &mut Tx, row: &SessionRow, note: &str) -> Result<(), SessionError> {
        if tx.add_note(&row.id, note).await? {
            let detail = EventDetail::NoteAdded { note: note.to_owned() };
            self.audit.append_in(tx, subject_of(row), detail).await?;
        }
        Ok(())
    }

    /// The clock decides: past its deadline a session ended at its deadline, whenever that is noticed. True if it was
    /// running and is ended now.
    pub(super) async fn end_if_due(
        &self,
        tx: &mut Tx,
        row: &SessionRow,
        now: UnixMillis,
    ) -> Result<bool, SessionError> {
        if !row.state.is_running() || row.expires_at > now {
            return Ok(false);
        }
        self.end_in(tx, row, &Ending { by: EndedBy::Expired, note: None }, row.expires_at).await
    }

    /// The one place that ends a session. False when it did not run.
    pub(super) async fn end_in(
        &self,
        tx: &mut Tx,
        row: &SessionRow,
        ending: &Ending<'_>,
        ended_at: UnixMillis,
    ) -> Result<bool, SessionError> {
        if row.state == SessionState::Ended || !tx.end_session(&row.id, ending.by, ended_at, ending.note).await? {
            return Ok(false);
        }
        let tallies = tx.tallies(&row.id).await?;
        let detail = EventDetail::SessionEnded {
            ended_by: ending.by,
            note: ending.note.map(ToOwned::to_owned),
            pages: tallies.pages,
            blocked: tallies.blocked,
        };
        self.audit.append_in(tx, subject_of(row), detail).await?;
        self.announce(tx, &row.id);
        Ok(true)
    }
}

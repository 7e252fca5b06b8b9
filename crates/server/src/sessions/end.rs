//! The end of a session: written here, by the server alone, exactly once.

use amberglass_wire::{
    SessionId, StaffId, UnixMillis,
    audit::{EventDetail, EventSubject},
    session::EndedBy,
};

use super::{SessionError, Sessions, subject_of};
use crate::store::{SessionEnd, SessionRow, Tx};

/// Who or what ends it, and with what words.
#[derive(Clone, Copy, Debug)]
pub struct Ending<'a> {
    pub by: EndedBy,
    /// The agent's closing words.
    pub note: Option<&'a str>,
    /// Who ends it, where that is another staff member than the session's.
    pub staff: Option<&'a StaffId>,
    /// Why, where it is somebody else who ends it.
    pub reason: Option<&'a str>,
}

impl Ending<'_> {
    /// Without words.
    pub const fn by(by: EndedBy) -> Self {
        Self { by, note: None, staff: None, reason: None }
    }
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
        self.end_in(tx, row, &Ending::by(EndedBy::Expired), row.expires_at).await
    }

    /// False when it did not run.
    pub(super) async fn end_in(
        &self,
        tx: &mut Tx,
        row: &SessionRow,
        ending: &Ending<'_>,
        ended_at: UnixMillis,
    ) -> Result<bool, SessionError> {
        self.end_subject_in(tx, &row.id, subject_of(row), ending, ended_at).await
    }

    /// The one place that ends a session. False when it did not run.
    pub(super) async fn end_subject_in(
        &self,
        tx: &mut Tx,
        id: &SessionId,
        subject: EventSubject,
        ending: &Ending<'_>,
        ended_at: UnixMillis,
    ) -> Result<bool, SessionError> {
        let Ending { by, note, staff, reason } = *ending;
        if !tx.end_session(id, &SessionEnd { by, at: ended_at, note, reason, staff }).await? {
            return Ok(false);
        }
        self.audit.note_head_in(tx, &subject).await?;
        let tallies = tx.tallies(id).await?;
        let detail = EventDetail::SessionEnded {
            ended_by: by,
            note: note.map(ToOwned::to_owned),
            pages: tallies.pages,
            blocked: tallies.blocked,
            by: staff.cloned(),
            reason: reason.map(ToOwned::to_owned),
        };
        self.audit.append_in(tx, subject, detail).await?;
        self.forget_writes_in(tx, id, self.clock.now()).await?;
        self.announce(tx, id);
        Ok(true)
    }
}

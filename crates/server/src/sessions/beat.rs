//! Signs of life: a signed heartbeat keeps a session active and thaws a frozen one.

use amberglass_wire::{
    DeviceId, StaffId,
    audit::EventDetail,
    event_stream::{SessionBeat, SessionBeatResponse},
    session::SessionState,
};

use super::{SessionError, Sessions, subject_of};

impl Sessions {
    /// Takes the beats of one device, whose signature the caller has checked. Sessions of another device or staff
    /// member are passed over without a word.
    ///
    /// # Errors
    /// When the beats could not be noted; the sessions then freeze as if none had come.
    pub async fn beat(
        &self,
        staff: &StaffId,
        device: &DeviceId,
        beats: &[SessionBeat],
    ) -> Result<Vec<SessionBeatResponse>, SessionError> {
        let mut answers = Vec::with_capacity(beats.len());
        if beats.is_empty() {
            return Ok(answers);
        }
        let mut tx = self.store.begin().await?;
        let now = self.clock.now();
        for beat in beats {
            let Some(row) = tx.session(&beat.session).await? else { continue };
            if row.staff != *staff || row.device != *device {
                continue;
            }
            if !self.end_if_due(&mut tx, &row, now).await? && row.state.is_running() {
                // A console that reports input from the future reports input now.
                let last_input_at = now.plus_millis(beat.idle_millis.max(0).saturating_neg());
                tx.touch_session(&row.id, now, last_input_at).await?;
                if row.state == SessionState::Frozen && tx.resume_session(&row.id, now).await? {
                    self.audit.append_in(&mut tx, subject_of(&row), EventDetail::SessionResumed {}).await?;
                    self.announce(&mut tx, &row.id);
                }
            }
            let tallies = tx.tallies(&row.id).await?;
            let Some(row) = tx.session(&row.id).await? else { continue };
            answers.push(SessionBeatResponse {
                session: row.id,
                state: row.state,
                expires_at: Some(row.expires_at),
                pages: tallies.pages,
                blocked: tallies.blocked,
            });
        }
        tx.commit().await?;
        Ok(answers)
    }
}

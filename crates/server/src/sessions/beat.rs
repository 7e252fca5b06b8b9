//! Signs of life: a signed heartbeat keeps a session active and thaws a frozen one.

use amberglass_domain::checkpoint::WriterHead;
use amberglass_wire::{
    DeviceId, StaffId, UnixMillis,
    audit::EventDetail,
    event_stream::{SessionBeat, SessionBeatResponse},
    session::SessionState,
};

use super::{SessionError, Sessions, elevation::blocked_write, subject_of};

impl Sessions {
    /// Takes the beats of one device, whose signature the caller has checked. Sessions of another device or staff
    /// member are passed over without a word.
    ///
    /// A beat says that the console lived when it was signed. One that was signed longer ago than the silence that freezes
    /// a session, or before another one that counted, says nothing about now: it is answered and changes nothing, however
    /// it was held up or by whom it is sent again.
    ///
    /// What they show of the device's own chain is compared with what it has shown before.
    ///
    /// # Errors
    /// When the beats could not be noted; the sessions then freeze as if none had come.
    pub async fn beat(
        &self,
        staff: &StaffId,
        device: &DeviceId,
        signed_at: UnixMillis,
        chain: &WriterHead,
        beats: &[SessionBeat],
    ) -> Result<Vec<SessionBeatResponse>, SessionError> {
        let mut answers = Vec::with_capacity(beats.len());
        if beats.is_empty() && self.audit.head_is_known(device, &chain.writer, &chain.head).await? {
            return Ok(answers);
        }
        let mut tx = self.store.begin().await?;
        self.audit.look_at_head_in(&mut tx, device, &chain.writer, &chain.head, signed_at).await?;
        let now = self.clock.now();
        let is_late = now.since(signed_at) > i64::from(self.limits().silence_seconds).saturating_mul(1000);
        for beat in beats {
            let Some(row) = tx.session(&beat.session).await? else { continue };
            if row.staff != *staff || row.device != *device {
                continue;
            }
            if !self.end_if_due(&mut tx, &row, now).await? && !is_late {
                // A console that reports input from the future reports input now.
                let last_input_at = now.plus_millis(beat.idle_millis.max(0).saturating_neg());
                let counts = tx.touch_session(&row.id, signed_at, now, last_input_at).await?;
                if counts && row.state == SessionState::Frozen && tx.resume_session(&row.id, now).await? {
                    self.audit.append_in(&mut tx, subject_of(&row), EventDetail::SessionResumed {}).await?;
                    self.announce(&mut tx, &row.id);
                }
            }
            let tallies = tx.tallies(&row.id).await?;
            let blocked_write = tx.last_kept_of(&row.id).await?.map(blocked_write);
            let Some(row) = tx.session(&row.id).await? else { continue };
            answers.push(SessionBeatResponse {
                session: row.id,
                state: row.state,
                expires_at: Some(row.expires_at),
                pages: tallies.pages,
                blocked: tallies.blocked,
                blocked_write,
            });
        }
        tx.commit().await?;
        Ok(answers)
    }
}

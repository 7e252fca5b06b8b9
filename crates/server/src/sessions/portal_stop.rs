//! A portal that is stopped from a console: its sessions end and none begins until it is lifted.

use amberglass_wire::{PortalId, StaffId, session::EndedBy};

use super::{Change, Ending, SessionError, Sessions};
use crate::portals::{disable_in, enable_in};

impl Sessions {
    /// Stops the portal and ends what runs in it, all at once. One that is stopped already stays so for the first reason.
    ///
    /// # Errors
    /// When it could not be written; nothing ended then.
    pub async fn stop_portal(&self, portal: &PortalId, by: &StaffId, reason: &str) -> Result<(), SessionError> {
        let mut tx = self.store.begin().await?;
        let now = self.clock.now();
        disable_in(&mut tx, &self.audit, portal, Some(by), reason, now).await?;
        // Also those that a stop which was in force before has not come to yet.
        let running = tx.running_sessions().await?;
        for row in running.readable.iter().filter(|row| row.portal == *portal) {
            if !self.end_if_due(&mut tx, row, now).await? {
                let staff = (*by != row.staff).then_some(by);
                let ending = Ending { staff, reason: Some(reason), ..Ending::by(EndedBy::PortalDisabled) };
                self.end_in(&mut tx, row, &ending, now).await?;
            }
        }
        for row in running.unreadable.into_iter().filter(|row| row.subject.portal.as_ref() == Some(portal)) {
            let ending = Ending { staff: Some(by), reason: Some(reason), ..Ending::by(EndedBy::PortalDisabled) };
            self.end_subject_in(&mut tx, &row.id, row.subject, &ending, now).await?;
        }
        self.announce_change(&mut tx, Change::Everything);
        Ok(tx.commit().await?)
    }

    /// Sessions may begin in it again. One that is not stopped stays as it is.
    ///
    /// # Errors
    /// When it could not be written; the portal stays stopped then.
    pub async fn lift_portal(&self, portal: &PortalId, by: &StaffId, reason: &str) -> Result<(), SessionError> {
        let mut tx = self.store.begin().await?;
        if enable_in(&mut tx, &self.audit, portal, Some(by), Some(reason)).await? {
            self.announce_change(&mut tx, Change::Everything);
            tx.commit().await?;
        }
        Ok(())
    }
}

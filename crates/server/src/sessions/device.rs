//! What becomes of sessions when their device is revoked.

use amberglass_wire::{DeviceId, StaffId, session::EndedBy};

use super::{Ending, SessionError, Sessions};
use crate::store::Tx;

impl Sessions {
    /// Ends what runs on the device, for the transaction that revokes it.
    ///
    /// # Errors
    /// When neither an end nor its record could be written.
    pub(crate) async fn end_those_on_device_in(
        &self,
        tx: &mut Tx,
        device: &DeviceId,
        by: &StaffId,
        reason: &str,
    ) -> Result<(), SessionError> {
        let now = self.clock.now();
        for row in tx.running_sessions().await?.readable.iter().filter(|row| row.device == *device) {
            if !self.end_if_due(tx, row, now).await? {
                let staff = (*by != row.staff).then_some(by);
                let ending = Ending { staff, reason: Some(reason), ..Ending::by(EndedBy::StaffDisabled) };
                self.end_in(tx, row, &ending, now).await?;
            }
        }
        Ok(())
    }
}

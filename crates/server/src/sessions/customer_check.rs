//! Asks the portal every five minutes whether the customers of running sessions are still active.

use std::sync::Arc;

use amberglass_wire::session::EndedBy;
use tokio_util::sync::CancellationToken;

use super::{Ending, SessionError, Sessions};
use crate::{
    drivers::{DriverError, Drivers},
    store::SessionRow,
};

const CHECK_AFTER_SECONDS: i64 = 5 * 60;
/// So long nobody could say whether the customer is still active: the session ends as `portal_error`.
const UNCHECKED_SECONDS: i64 = 15 * 60;
/// How often the rows are looked at; also the pause after a portal did not answer.
const LOOK_MILLIS: i64 = 15_000;

pub(crate) async fn run(sessions: Arc<Sessions>, drivers: Arc<Drivers>, stop: CancellationToken) {
    loop {
        let next = sessions.clock.monotonic_millis().saturating_add(LOOK_MILLIS);
        tokio::select! {
            () = sessions.clock.sleep_until(next) => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = sessions.check_customers(&drivers).await {
            tracing::error!(error = &error as &dyn std::error::Error, "customers could not be checked");
        }
    }
}

impl Sessions {
    async fn check_customers(&self, drivers: &Drivers) -> Result<(), SessionError> {
        for row in self.store.running_sessions().await?.readable {
            let now = self.clock.now();
            // Past its deadline nothing is left to ask about: the timer ends it.
            if row.expires_at <= now || row.customer_checked_at.plus_seconds(CHECK_AFTER_SECONDS) > now {
                continue;
            }
            match still_active(drivers, &row).await {
                Ok(true) => {
                    let mut tx = self.store.begin().await?;
                    tx.mark_customer_checked(&row.id, now).await?;
                    tx.commit().await?;
                }
                Ok(false) => {
                    self.end(&row.id, &Ending::by(EndedBy::CustomerDisabled)).await?;
                }
                // A portal that is down shows no page either; the customer is asked for again shortly, but not for ever.
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, session = %row.id, "a customer could not be checked");
                    if row.customer_checked_at.plus_seconds(UNCHECKED_SECONDS) <= self.clock.now() {
                        self.end(&row.id, &Ending::by(EndedBy::PortalError)).await?;
                    }
                }
            }
        }
        Ok(())
    }
}

async fn still_active(drivers: &Drivers, row: &SessionRow) -> Result<bool, DriverError> {
    // The timer ends sessions of portals that are not configured any more.
    let Some(driver) = drivers.get(&row.portal) else { return Ok(true) };
    Ok(driver.customer(&row.customer.id).await?.is_some_and(|customer| customer.active))
}

//! What security is told of, in the snapshot of those who may see it.

use std::collections::HashMap;

use amberglass_wire::news::NewsResponse;

use crate::{
    ServerState,
    store::{NewsRow, StoreError},
};

/// At most so many in a snapshot, and no older, as the contract says.
const LIMIT: u32 = 50;
const SECONDS: i64 = 7 * 24 * 60 * 60;

/// The newest first; break-glass alone, or all of it.
pub async fn newest(state: &ServerState, all: bool) -> Result<Vec<NewsResponse>, StoreError> {
    let rows = state.store.news(all, state.clock.now().plus_seconds(-SECONDS), LIMIT).await?;
    let mut names = HashMap::new();
    let mut news = Vec::with_capacity(rows.len());
    for row in rows {
        let by = match &row.by {
            None => None,
            Some(staff) => match names.get(staff) {
                Some(known) => Option::clone(known),
                None => {
                    let name = state.store.staff_name(staff).await?;
                    names.insert(staff.clone(), name.clone());
                    name
                }
            },
        };
        news.push(response(state, row, by));
    }
    Ok(news)
}

fn response(state: &ServerState, row: NewsRow, by_name: Option<String>) -> NewsResponse {
    let portal_name = row.portal.map(|id| state.config.portal(&id).map_or(id.0, |portal| portal.name.clone()));
    NewsResponse {
        id: row.id,
        at: row.at,
        kind: row.kind,
        detail: row.detail,
        staff_name: row.staff_name,
        device_name: row.device_name,
        portal_name,
        session_code: row.session_code,
        customer_name: row.customer_name,
        by_name,
        by: row.by,
    }
}

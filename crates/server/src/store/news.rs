//! What security is told of, read from the audit log by its kind. There is an index of these kinds alone.

use amberglass_wire::{
    EventId, PortalId, StaffId, UnixMillis,
    audit::{EventBody, EventDetail},
    customer::CustomerResponse,
};
use sqlx::{Row as _, any::AnyRow};

use super::{Store, StoreError};

/// A record, with the names of whom and what it is about.
#[derive(Clone, Debug)]
pub struct NewsRow {
    pub id: EventId,
    pub at: UnixMillis,
    pub kind: String,
    /// Nothing where its body was erased.
    pub detail: Option<EventDetail>,
    /// Whom it is about.
    pub staff_name: Option<String>,
    pub device_name: Option<String>,
    pub portal: Option<PortalId>,
    pub session_code: Option<String>,
    pub customer_name: Option<String>,
    /// Who did it, where that was a staff member.
    pub by: Option<StaffId>,
}

/// As in the index of migration 0010, or it is of no use. No console can write records of these kinds.
macro_rules! is_news {
    () => {
        "a.kind IN ('break_glass_reviewed', 'break_glass_used', 'device_registered', 'device_revoked', \
         'emergency_stop_lifted', 'emergency_stopped', 'password_changed', 'policy_changed', 'portal_disabled', \
         'portal_enabled', 'portal_key_added', 'portal_key_revoked', 'portal_tested', 'provider_linked', \
         'second_factor_reset', 'rules_changed', 'second_factor_set_up', 'staff_added', 'staff_disabled', 'staff_enabled', 'staff_role_changed')"
    };
}

pub(super) use is_news;

const NEWS: &str = concat!(
    "SELECT a.id, a.received_at, a.kind, a.body, a.staff, a.portal, s.name AS staff_name, d.name AS device_name, \
     x.code AS session_code, x.customer_json FROM audit_events a LEFT JOIN staff s ON s.id = a.staff \
     LEFT JOIN devices d ON d.id = a.device LEFT JOIN sessions x ON x.id = a.session WHERE ",
    is_news!(),
    " AND a.writer LIKE 'server:%' AND a.received_at >= $1 AND ($2 = 1 OR a.kind LIKE 'break_glass_%') \
     ORDER BY a.position DESC LIMIT $3"
);

const LATEST: &str = concat!("SELECT COALESCE(MAX(a.position), 0) AS position FROM audit_events a WHERE ", is_news!());

impl Store {
    /// The newest since then; break-glass alone, or all of it.
    pub async fn news(&self, all: bool, since: UnixMillis, limit: u32) -> Result<Vec<NewsRow>, StoreError> {
        let question = sqlx::query(NEWS).bind(since.0).bind(i64::from(all)).bind(i64::from(limit));
        question.fetch_all(&self.readers).await?.iter().map(news).collect()
    }

    /// Place of the newest in the log; zero when there is none.
    pub async fn latest_news(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query(LATEST).fetch_one(&self.readers).await?.try_get("position")?)
    }
}

/// Who did it stands in most of these records, as nobody where it was the operator; the others are the subject's own acts, or the
/// operator's or a server's.
fn by(kind: &str, body: &str, subject: Option<String>) -> Option<StaffId> {
    match kind {
        "break_glass_used" | "device_registered" | "provider_linked" | "second_factor_set_up" => subject.map(StaffId),
        _ => {
            let body: serde_json::Value = serde_json::from_str(body).ok()?;
            body.pointer("/detail/by")?.as_str().map(StaffId::new)
        }
    }
}

/// A stop is about nobody: its subject is who ordered it.
fn is_about_its_subject(kind: &str) -> bool {
    !matches!(kind, "emergency_stopped" | "emergency_stop_lifted")
}

fn news(row: &AnyRow) -> Result<NewsRow, StoreError> {
    let text = |column| row.try_get::<Option<String>, _>(column);
    let body = row.try_get::<String, _>("body")?;
    let kind: String = row.try_get("kind")?;
    let customer = text("customer_json")?.and_then(|json| serde_json::from_str::<CustomerResponse>(&json).ok());
    Ok(NewsRow {
        id: EventId(row.try_get("id")?),
        at: UnixMillis(row.try_get("received_at")?),
        detail: serde_json::from_str::<EventBody>(&body).ok().map(|body| body.detail),
        staff_name: text("staff_name")?.filter(|_| is_about_its_subject(&kind)),
        device_name: text("device_name")?,
        portal: text("portal")?.map(PortalId),
        session_code: text("session_code")?,
        customer_name: customer.map(|customer| customer.name),
        by: by(&kind, &body, text("staff")?),
        kind,
    })
}

#[cfg(test)]
mod tests {
    use super::{super::chains::REGISTRATIONS, *};

    /// Else each snapshot and each look of the timer would read the whole log.
    #[tokio::test]
    async fn news_are_found_by_their_own_index() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}", dir.path().join("news.db").display()).into()).await.unwrap();
        let newest = NEWS.replace("$1", "0").replace("$2", "1").replace("$3", "50");
        let registrations = REGISTRATIONS.replace("$1", "0").replace("$2", "50");
        for question in [newest.as_str(), LATEST, registrations.as_str()] {
            let plan = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {question}"));
            let steps = sqlx::query(plan).fetch_all(&store.readers).await.unwrap();
            let steps: Vec<String> = steps.iter().map(|step| step.get("detail")).collect();
            assert!(steps.iter().any(|step| step.contains("INDEX audit_events_news")), "{steps:?}");
        }
        store.close().await;
    }
}

//! Erasure: which bodies are there, and their removal. The schema lets a body go with its salt, and nothing else. What the
//! tables of sessions and of requests say of people goes with it.

use amberglass_wire::{
    CustomerId, DeviceId, PortalId, RequestId, SessionId, StaffId, UnixMillis,
    audit::{EventSubject, RecordRange},
    customer::CustomerResponse,
    elevation::AskedWrite,
    export::ExportScope,
};
use sqlx::{
    Any, Row as _,
    any::{AnyArguments, AnyRow},
    query::Query,
};

use super::{Store, StoreError, Tx, chains::in_scope};

/// Whose records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodiesOf {
    Records(RecordRange),
    Session(SessionId),
    Customer(PortalId, CustomerId),
    Staff(StaffId),
}

/// A record that still says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBody {
    pub writer: String,
    pub seq: i64,
    pub kind: String,
}

impl BodiesOf {
    /// Of the record that says what was erased, so that whoever takes away what is recorded of one of them has it too.
    pub fn subject(&self) -> EventSubject {
        let mut subject = EventSubject::default();
        match self {
            Self::Records(range) if range.writer.starts_with("server:") => {}
            Self::Records(range) => {
                subject.device = Some(DeviceId::new(amberglass_domain::chain::device_of(&range.writer)));
            }
            Self::Session(session) => subject.session = Some(session.clone()),
            Self::Customer(portal, customer) => {
                (subject.portal, subject.customer) = (Some(portal.clone()), Some(customer.clone()));
            }
            Self::Staff(staff) => subject.staff = Some(staff.clone()),
        }
        subject
    }

    /// In the order of the places in [`held`].
    fn bound<'q>(&self, question: &'static str) -> Query<'q, Any, AnyArguments> {
        let EventSubject { session, portal, customer, staff, .. } = self.subject();
        let range = match self {
            Self::Records(range) => Some(range),
            Self::Session(_) | Self::Customer(..) | Self::Staff(_) => None,
        };
        sqlx::query(question)
            .bind(session.map(|id| id.0))
            .bind(portal.map(|id| id.0))
            .bind(customer.map(|id| id.0))
            .bind(staff.map(|id| id.0))
            .bind(range.map(|range| range.writer.clone()))
            .bind(range.map_or(1, |range| range.from))
            .bind(range.map_or(i64::MAX, |range| range.through))
    }
}

/// What [`BodiesOf::bound`] binds, as a condition.
macro_rules! held {
    () => {
        "a.body <> '' AND (CAST($1 AS TEXT) IS NULL OR a.session = $1) AND (CAST($2 AS TEXT) IS NULL OR a.portal = $2) \
         AND (CAST($3 AS TEXT) IS NULL OR a.customer = $3) AND (CAST($4 AS TEXT) IS NULL OR a.staff = $4) \
         AND (CAST($5 AS TEXT) IS NULL OR a.writer = $5) AND a.seq >= $6 AND a.seq <= $7"
    };
}

impl Tx {
    /// By writer and number, behind this one.
    pub async fn bodies(&mut self, of: &BodiesOf, after: (&str, i64), limit: u32) -> Result<Vec<HeldBody>, StoreError> {
        of.bound(concat!(
            "SELECT a.writer, a.seq, a.kind FROM audit_events a WHERE ",
            held!(),
            " AND (a.writer > $8 OR a.writer = $8 AND a.seq > $9) ORDER BY a.writer, a.seq LIMIT $10"
        ))
        .bind(after.0.to_owned())
        .bind(after.1)
        .bind(i64::from(limit))
        .fetch_all(&mut *self.inner)
        .await?
        .iter()
        .map(held_body)
        .collect()
    }

    /// Code of a session among them that has not ended.
    pub async fn running_among(&mut self, of: &BodiesOf) -> Result<Option<String>, StoreError> {
        let row = of
            .bound(concat!(
                "SELECT s.code FROM sessions s WHERE s.state <> 'ended' \
                 AND EXISTS (SELECT 1 FROM audit_events a WHERE a.session = s.id AND ",
                held!(),
                ") LIMIT 1"
            ))
            .fetch_optional(&mut *self.inner)
            .await?;
        Ok(row.map(|row| row.try_get("code")).transpose()?)
    }

    /// How many bodies went.
    pub async fn erase_bodies(&mut self, range: &RecordRange) -> Result<u64, StoreError> {
        let done = sqlx::query(
            "UPDATE audit_events SET salt = '', body = '' WHERE writer = $1 AND seq >= $2 AND seq <= $3 AND body <> ''",
        )
        .bind(range.writer.clone())
        .bind(range.from)
        .bind(range.through)
        .execute(&mut *self.inner)
        .await?;
        Ok(done.rows_affected())
    }
}

/// An ended session, or a closed request, whose row still says who the customer was, and why they were to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembering<Id> {
    pub id: Id,
    pub portal: PortalId,
    pub customer: CustomerId,
}

/// In place of a name.
const ERASED: &str = "(erased)";

impl<Id> Remembering<Id> {
    /// In place of the customer.
    fn nobody(&self) -> Result<String, StoreError> {
        let nobody = CustomerResponse {
            portal: self.portal.clone(),
            id: self.customer.clone(),
            name: ERASED.into(),
            email: String::new(),
            class: ERASED.into(),
            plan: None,
            since: None,
            active: false,
        };
        serde_json::to_string(&nobody).map_err(|_| StoreError::Unstorable)
    }
}

/// Which rows an erasure is about; of certain records none.
fn rows_of(of: &BodiesOf) -> [Option<String>; 4] {
    let EventSubject { session, portal, customer, staff, .. } = match of {
        BodiesOf::Records(_) => EventSubject::default(),
        BodiesOf::Session(_) | BodiesOf::Customer(..) | BodiesOf::Staff(_) => of.subject(),
    };
    [session.map(|id| id.0), portal.map(|id| id.0), customer.map(|id| id.0), staff.map(|id| id.0)]
}

/// An ended session that does: also by what was said of it after an erasure.
macro_rules! says_something {
    () => {
        "state = 'ended' AND (reason_text <> '' OR note IS NOT NULL OR EXISTS (SELECT 1 FROM break_glass g \
         WHERE g.session = sessions.id AND (g.emergency <> '' OR g.note IS NOT NULL)))"
    };
}

impl Tx {
    pub async fn remembering(&mut self, of: &BodiesOf) -> Result<Vec<Remembering<SessionId>>, StoreError> {
        let [session, portal, customer, staff] = rows_of(of);
        sqlx::query(concat!(
            "SELECT id, portal, customer FROM sessions WHERE ",
            says_something!(),
            " AND (id = $1 OR portal = $2 AND customer = $3 OR staff = $4)"
        ))
        .bind(session)
        .bind(portal)
        .bind(customer)
        .bind(staff)
        .fetch_all(&mut *self.inner)
        .await?
        .iter()
        .map(|row| remembering(row, SessionId))
        .collect()
    }

    pub async fn remembering_requests(&mut self, of: &BodiesOf) -> Result<Vec<Remembering<RequestId>>, StoreError> {
        let [session, portal, customer, staff] = rows_of(of);
        sqlx::query(
            "SELECT id, portal, customer FROM requests WHERE state NOT IN ('pending', 'approved') AND reason_text <> '' \
             AND (session = $1 OR portal = $2 AND customer = $3 OR staff = $4)",
        )
        .bind(session)
        .bind(portal)
        .bind(customer)
        .bind(staff)
        .fetch_all(&mut *self.inner)
        .await?
        .iter()
        .map(|row| remembering(row, RequestId))
        .collect()
    }

    /// Whether a request among them is still open.
    pub async fn open_among(&mut self, of: &BodiesOf) -> Result<bool, StoreError> {
        let [_, portal, customer, staff] = rows_of(of);
        let row = sqlx::query(
            "SELECT id FROM requests WHERE state IN ('pending', 'approved') \
             AND (portal = $1 AND customer = $2 OR staff = $3) LIMIT 1",
        )
        .bind(portal)
        .bind(customer)
        .bind(staff)
        .fetch_optional(&mut *self.inner)
        .await?;
        Ok(row.is_some())
    }

    /// Code of a session among them whose stated emergency nobody has reviewed yet: the review reads it.
    pub async fn unreviewed_among(&mut self, of: &BodiesOf) -> Result<Option<String>, StoreError> {
        let [session, portal, customer, staff] = rows_of(of);
        let row = sqlx::query(
            "SELECT s.code FROM break_glass g JOIN sessions s ON s.id = g.session WHERE g.reviewed_at IS NULL \
             AND (s.id = $1 OR s.portal = $2 AND s.customer = $3 OR s.staff = $4) LIMIT 1",
        )
        .bind(session)
        .bind(portal)
        .bind(customer)
        .bind(staff)
        .fetch_optional(&mut *self.inner)
        .await?;
        Ok(row.map(|row| row.try_get("code")).transpose()?)
    }

    /// Those that ended before then and of which nothing is recorded any more.
    pub async fn remembering_since_before(
        &mut self,
        before: UnixMillis,
        limit: u32,
    ) -> Result<Vec<Remembering<SessionId>>, StoreError> {
        sqlx::query(concat!(
            "SELECT id, portal, customer FROM sessions WHERE ",
            says_something!(),
            " AND ended_at < $1 AND NOT EXISTS (SELECT 1 FROM audit_events a WHERE a.session = sessions.id) LIMIT $2"
        ))
        .bind(before.0)
        .bind(i64::from(limit))
        .fetch_all(&mut *self.inner)
        .await?
        .iter()
        .map(|row| remembering(row, SessionId))
        .collect()
    }

    /// Those that were closed before then and whose question is not on record any more.
    pub async fn remembering_requests_since_before(
        &mut self,
        before: UnixMillis,
        limit: u32,
    ) -> Result<Vec<Remembering<RequestId>>, StoreError> {
        sqlx::query(
            "SELECT id, portal, customer FROM requests WHERE state NOT IN ('pending', 'approved') AND reason_text <> '' \
             AND closed_at < $1 AND NOT EXISTS (SELECT 1 FROM audit_events a WHERE a.kind = 'approval_requested' \
             AND a.staff = requests.staff AND a.portal = requests.portal AND a.customer = requests.customer \
             AND a.received_at <= requests.closed_at) LIMIT $2",
        )
        .bind(before.0)
        .bind(i64::from(limit))
        .fetch_all(&mut *self.inner)
        .await?
        .iter()
        .map(|row| remembering(row, RequestId))
        .collect()
    }

    /// Name, address, reason, stated emergency and notes go; ids, times, how it ended and how it was reviewed stay.
    pub async fn forget(&mut self, row: &Remembering<SessionId>) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE sessions SET customer_json = $1, reason_text = '', ticket = NULL, note = NULL, end_reason = NULL \
             WHERE id = $2 AND state = 'ended'",
        )
        .bind(row.nobody()?)
        .bind(row.id.0.clone())
        .execute(&mut *self.inner)
        .await?;
        sqlx::query("UPDATE break_glass SET emergency = '', note = NULL WHERE session = $1")
            .bind(row.id.0.clone())
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// Name, address, reason and comments go, and of a write where it went and what it called itself; ids, times, who decided
    /// what and what was granted stay.
    pub async fn forget_request(&mut self, row: &Remembering<RequestId>) -> Result<(), StoreError> {
        let write = match self.request(&row.id).await {
            Ok(request) => request.and_then(|request| request.write).map(|write| AskedWrite {
                path: ERASED.to_owned(),
                operation: None,
                ..write.asked
            }),
            // Whatever it says goes.
            Err(StoreError::UnknownValue { .. }) => None,
            Err(error) => return Err(error),
        };
        let write = write.map(|write| serde_json::to_string(&write)).transpose().map_err(|_| StoreError::Unstorable)?;
        sqlx::query(
            "UPDATE requests SET customer_json = $1, reason_text = '', ticket = NULL, write_json = $2, outcome_json = NULL \
             WHERE id = $3 AND state NOT IN ('pending', 'approved')",
        )
        .bind(row.nobody()?)
        .bind(write)
        .bind(row.id.0.clone())
        .execute(&mut *self.inner)
        .await?;
        sqlx::query("UPDATE decisions SET comment = '' WHERE request = $1 AND comment <> ''")
            .bind(row.id.0.clone())
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }
}

fn remembering<Id>(row: &AnyRow, id: impl Fn(String) -> Id) -> Result<Remembering<Id>, StoreError> {
    Ok(Remembering {
        id: id(row.try_get("id")?),
        portal: PortalId(row.try_get("portal")?),
        customer: CustomerId(row.try_get("customer")?),
    })
}

impl Store {
    /// Writer and number of each record in scope that says nothing any more.
    pub async fn erased_in_scope(&self, scope: &ExportScope) -> Result<Vec<(String, i64)>, StoreError> {
        super::chains::scoped(concat!("SELECT writer, seq FROM audit_events WHERE body = '' AND ", in_scope!()), scope)
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(|row| Ok((row.try_get("writer")?, row.try_get("seq")?)))
            .collect()
    }
}

fn held_body(row: &AnyRow) -> Result<HeldBody, StoreError> {
    Ok(HeldBody { writer: row.try_get("writer")?, seq: row.try_get("seq")?, kind: row.try_get("kind")? })
}

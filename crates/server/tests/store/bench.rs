//! An empty database with two stores on it, one staff member and one device.

use amberglass_domain::chain::{self, UnlinkedRecord};
use amberglass_server::store::{DeviceRow, NewSession, RecordRow, StaffRow, Store, Tx};
use amberglass_testkit::TestDatabase;
use amberglass_wire::{
    CustomerId, DeviceId, EventId, PortalId, SessionId, StaffId, UnixMillis,
    audit::{ChainedRecord, EventSubject},
    customer::CustomerResponse,
    event_stream::ChainHead,
    session::{Mode, Reason},
};

pub const NOW: UnixMillis = UnixMillis(1_767_603_600_000);

pub struct Bench {
    pub store: Store,
    /// As of another process.
    pub other: Store,
    pub staff: StaffId,
    pub device: DeviceId,
    pub database: TestDatabase,
    _dir: tempfile::TempDir,
}

impl Bench {
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let database = TestDatabase::new(dir.path());
        let store = open(&database).await;
        let other = open(&database).await;
        let (staff, device) = (StaffId::new("staff-1"), DeviceId::new("device-1"));
        let mut tx = store.begin().await.unwrap();
        assert!(tx.insert_staff(&staff_row(&staff, "amy@example.com")).await.unwrap());
        tx.insert_device(&device_row(&device, &staff)).await.unwrap();
        tx.commit().await.unwrap();
        Self { store, other, staff, device, database, _dir: dir }
    }

    /// Beside the stores, with all rights.
    pub async fn pool(&self) -> sqlx::AnyPool {
        sqlx::AnyPool::connect(self.database.url()).await.unwrap()
    }

    pub async fn insert_session(&self, tx: &mut Tx, id: &str, slot: u32) -> bool {
        let customer = CustomerResponse {
            portal: PortalId::new("barkside"),
            id: CustomerId::new("1042"),
            name: "Jane Doe".into(),
            email: "jane@example.com".into(),
            class: "standard".into(),
            plan: None,
            since: None,
            active: true,
        };
        let new = NewSession {
            id: &SessionId::new(id),
            code: id,
            slot,
            staff: &self.staff,
            device: &self.device,
            customer: &customer,
            customer_json: serde_json::to_string(&customer).unwrap(),
            reason: &Reason { code: "other".into(), text: "Cannot find the invoice".into(), ticket: None },
            mode: Mode::ReadOnly,
            policy_hash: "policy",
            started_at: NOW,
            expires_at: NOW.plus_seconds(1800),
            max_extensions: None,
        };
        tx.insert_session(&new).await.unwrap()
    }

    /// A running session.
    pub async fn session(&self, id: &str, slot: u32) -> SessionId {
        let mut tx = self.store.begin().await.unwrap();
        assert!(self.insert_session(&mut tx, id, slot).await);
        tx.commit().await.unwrap();
        SessionId::new(id)
    }
}

pub async fn open(database: &TestDatabase) -> Store {
    Store::open(&database.url().into()).await.unwrap()
}

pub fn staff_row(id: &StaffId, email: &str) -> StaffRow {
    StaffRow {
        id: id.clone(),
        email: email.into(),
        name: "Amy Agent".into(),
        role: "agent".into(),
        password_hash: "-".into(),
        active: true,
        created_at: NOW,
        totp_sealed: None,
        external_subject: None,
    }
}

pub fn device_row(id: &DeviceId, staff: &StaffId) -> DeviceRow {
    DeviceRow {
        id: id.clone(),
        public_key: format!("key of {id}"),
        name: "test".into(),
        registered_by: staff.clone(),
        registered_at: NOW,
        revoked_at: None,
    }
}

/// The next record of a writer.
pub fn record(writer: &str, head: &ChainHead) -> ChainedRecord {
    record_of("sign_in_failed", writer, head)
}

pub fn record_of(kind: &str, writer: &str, head: &ChainHead) -> ChainedRecord {
    let unlinked = UnlinkedRecord {
        id: EventId(format!("{writer}-{}", head.seq + 1)),
        session: None,
        occurred_at: NOW,
        monotonic_millis: 1,
        kind: kind.into(),
        salt: [7; 16],
        body: "{}".into(),
    };
    chain::link(writer, head, unlinked)
}

pub async fn insert(tx: &mut Tx, record: &ChainedRecord) -> Result<(), amberglass_server::store::StoreError> {
    let subject = EventSubject::default();
    tx.insert_record(&RecordRow { record, subject: &subject, is_page: false, received_at: NOW }).await
}

/// Appends one record to the writer's chain, as a server does.
pub async fn append(store: &Store, writer: &str) {
    let mut tx = store.begin().await.unwrap();
    let head = tx.chain_head_of(writer).await.unwrap();
    insert(&mut tx, &record(writer, &head)).await.unwrap();
    tx.commit().await.unwrap();
}

//! The connections as the rest of the store uses them: each answer is waited for so long and no longer, and a connection
//! that is not to be trusted any more is replaced.
//!
//! Over a network a connection can die without a word. What waited on it would wait for ever, and with it, on the one
//! connection that writes, everybody else.

use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use amberglass_system::Stopwatch;
use futures_util::{
    StreamExt as _, TryStreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use sqlx::{
    Any, AnyConnection, AnyPool, Connection as _, Describe, Either, Execute, Executor, SqlStr, Transaction,
    any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo},
    pool::PoolConnection,
};

use super::{
    StoreError,
    failure::{lost, silence},
};
use crate::metrics::DatabaseMetrics;

/// For a sign of life from a connection whose last question was dropped in the middle.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);

type Step = Either<AnyQueryResult, AnyRow>;

/// What is known of the connection that writes, for the pool that gets it back.
#[derive(Clone, Default)]
pub struct Condition(Arc<AtomicU8>);

const SOUND: u8 = 0;
/// A question was dropped before its answer was there.
const INTERRUPTED: u8 = 1;
const LOST: u8 = 2;

impl Condition {
    fn worsen(&self, to: u8) {
        self.0.fetch_max(to, Ordering::Relaxed);
    }

    /// Whether the pool may keep the connection. An error closes it at once; a farewell could take for ever.
    pub fn judge(self, connection: &mut AnyConnection) -> BoxFuture<'_, Result<bool, sqlx::Error>> {
        Box::pin(async move {
            match self.0.swap(SOUND, Ordering::Relaxed) {
                SOUND => Ok(true),
                INTERRUPTED => within(Some(SIGN_OF_LIFE), connection.ping()).await.map(|()| true),
                _ => Err(silence()),
            }
        })
    }
}

/// One transaction that writes.
pub struct Line {
    transaction: Transaction<'static, Any>,
    patience: Option<Duration>,
    condition: Condition,
    /// A statement failed. PostgreSQL keeps nothing of the transaction then, and calls its commit a success all the same.
    is_failed: bool,
}

impl Line {
    /// # Errors
    /// When the transaction could not begin; its connection is replaced then, because it may have begun in part.
    pub async fn begin(
        pool: &AnyPool,
        statement: &'static str,
        patience: Option<Duration>,
        condition: &Condition,
    ) -> Result<Self, sqlx::Error> {
        match within(patience, pool.begin_with(statement)).await {
            Ok(transaction) => Ok(Self { transaction, patience, condition: condition.clone(), is_failed: false }),
            Err(error @ (sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed)) => Err(error),
            Err(error) => {
                condition.worsen(LOST);
                Err(error)
            }
        }
    }

    /// # Errors
    /// When it is not known to have happened, or a statement before it failed.
    pub async fn commit(self) -> Result<(), StoreError> {
        let Self { transaction, patience, condition, mut is_failed } = self;
        if is_failed {
            return Err(StoreError::Undone);
        }
        let watch = Watch::new(&condition, &mut is_failed);
        Ok(watch.told(within(patience, transaction.commit()).await)?)
    }
}

/// Notes on the condition of a connection what becomes of one question. Dropped before the answer, that was interrupted.
struct Watch<'a> {
    condition: &'a Condition,
    is_failed: &'a mut bool,
    is_open: bool,
}

impl<'a> Watch<'a> {
    fn new(condition: &'a Condition, is_failed: &'a mut bool) -> Self {
        Self { condition, is_failed, is_open: true }
    }

    fn told<T>(mut self, outcome: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        self.note(&outcome);
        outcome
    }

    fn note<T>(&mut self, outcome: &Result<T, sqlx::Error>) {
        self.is_open = false;
        *self.is_failed = *self.is_failed || outcome.is_err();
        if outcome.as_ref().is_err_and(lost) {
            self.condition.worsen(LOST);
        }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if self.is_open {
            *self.is_failed = true;
            self.condition.worsen(INTERRUPTED);
        }
    }
}

async fn within<T>(
    patience: Option<Duration>,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match patience {
        None => answer.await,
        Some(patience) => tokio::time::timeout(patience, answer).await.unwrap_or_else(|_| Err(silence())),
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line(..)")
    }
}

impl<'c> Executor<'c> for &'c mut Line {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Step, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let Line { transaction, patience, condition, is_failed } = self;
        let patience = *patience;
        let steps = (&mut **transaction).fetch_many(query);
        let begun = (steps, Watch::new(condition, is_failed));
        Box::pin(stream::try_unfold(begun, move |(mut steps, mut watch)| async move {
            let next = within(patience, async { steps.next().await.transpose() }).await;
            match &next {
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => watch.note(&next),
            }
            Ok(next?.map(|step| (step, (steps, watch))))
        }))
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<AnyRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let Line { transaction, patience, condition, is_failed } = self;
        let answer = (&mut **transaction).fetch_optional(query);
        Box::pin(async move { Watch::new(condition, is_failed).told(within(*patience, answer).await) })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, Result<AnyStatement, sqlx::Error>>
    where
        'c: 'e,
    {
        let Line { transaction, patience, condition, is_failed } = self;
        let answer = (&mut **transaction).prepare_with(sql, parameters);
        Box::pin(async move { Watch::new(condition, is_failed).told(within(*patience, answer).await) })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Any>, sqlx::Error>>
    where
        'c: 'e,
    {
        (&mut *self.transaction).describe(sql)
    }
}

/// Connections that only read. What is asked of them is answered as a whole.
#[derive(Clone)]
pub struct Readers {
    pool: AnyPool,
    patience: Option<Duration>,
    metrics: DatabaseMetrics,
}

impl Readers {
    pub(super) fn new(pool: AnyPool, patience: Option<Duration>, metrics: DatabaseMetrics) -> Self {
        Self { pool, patience, metrics }
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn borrow(&self) -> Result<Borrowed, sqlx::Error> {
        let waiting = Stopwatch::start();
        let connection = self.pool.acquire().await;
        self.metrics.waited_to_read(waiting);
        Ok(Borrowed { connection: connection?, is_sound: self.patience.is_none() })
    }
}

/// Closed when it comes back without having answered.
struct Borrowed {
    connection: PoolConnection<Any>,
    is_sound: bool,
}

impl Borrowed {
    fn told<T>(&mut self, outcome: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        self.is_sound = self.is_sound || !outcome.as_ref().is_err_and(lost);
        outcome
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if !self.is_sound {
            self.connection.close_on_drop();
        }
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readers(..)")
    }
}

impl<'c> Executor<'c> for &'c Readers {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Step, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let answer = async move {
            let mut borrowed = self.borrow().await?;
            let steps: Result<Vec<Step>, _> =
                within(self.patience, (&mut *borrowed.connection).fetch_many(query).try_collect()).await;
            borrowed.told(steps)
        };
        Box::pin(stream::once(answer).map_ok(|steps| stream::iter(steps.into_iter().map(Ok))).try_flatten())
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<AnyRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        Box::pin(async move {
            let mut borrowed = self.borrow().await?;
            let row = within(self.patience, (&mut *borrowed.connection).fetch_optional(query)).await;
            borrowed.told(row)
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, Result<AnyStatement, sqlx::Error>>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let mut borrowed = self.borrow().await?;
            let statement = within(self.patience, (&mut *borrowed.connection).prepare_with(sql, parameters)).await;
            borrowed.told(statement)
        })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Any>, sqlx::Error>>
    where
        'c: 'e,
    {
        Box::pin(async move { self.borrow().await?.connection.describe(sql).await })
    }
}

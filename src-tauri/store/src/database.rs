//! One SQLite file: a single writer thread fed by a bounded channel, and a few read-only connections.
//!
//! Each piece of work handed to the writer is one IMMEDIATE transaction. It runs to its end even when the caller has gone
//! away, and a failure of any kind leaves the writer ready for the next piece.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use andon_domain::PortError;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::problem::Problem;

/// Pieces of work that may wait for the writer before callers have to.
const WAITING_WRITES: usize = 256;
/// Read-only connections per file.
const READERS: usize = 4;
/// Prepared statements the writer keeps.
const STATEMENTS: usize = 128;
/// How long a connection waits for a lock of another process, such as a check of the audit log.
const BUSY: Duration = Duration::from_secs(5);

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// What a crash of the machine may take.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Durability {
    /// Nothing that was answered: every commit reaches the disk.
    Full,
    /// The last moments; the file stays sound. For what can be fetched again.
    Rebuildable,
}

/// Opens a connection that may write, with the settings every writer needs.
pub(crate) fn open_writer(path: &Path, durability: Durability) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::Rebuildable => "NORMAL",
    };
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; PRAGMA foreign_keys = ON; \
         PRAGMA recursive_triggers = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; \
         PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864;"
    ))?;
    Ok(connection)
}

/// The thread that owns the writing connection.
pub(crate) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(mut connection: Connection, name: &str) -> std::io::Result<Self> {
        let (jobs, mut waiting) = mpsc::channel::<Job>(WAITING_WRITES);
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            while let Some(job) = waiting.blocking_recv() {
                job(&mut connection);
            }
        })?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Runs the work in a transaction of its own and waits until it is committed.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, PortError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, Problem> + Send + 'static,
    {
        let (job, answer) = job(work);
        self.jobs()?.send(job).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// [`Writer::write`] for a thread of our own.
    pub(crate) fn write_blocking<T, F>(&self, work: F) -> Result<T, PortError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, Problem> + Send + 'static,
    {
        let (job, answer) = job(work);
        self.jobs()?.blocking_send(job).map_err(|_| stopped())?;
        answer.blocking_recv().map_err(|_| stopped())?
    }

    /// Runs something that cannot be in a transaction; waits until it ran.
    pub(crate) async fn outside_transaction<F>(&self, work: F) -> Result<(), PortError>
    where
        F: FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let _caller_may_have_left = reply.send(work(connection).map_err(PortError::storage));
        });
        self.jobs()?.send(job).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    fn jobs(&self) -> Result<&mpsc::Sender<Job>, PortError> {
        self.jobs.as_ref().ok_or_else(stopped)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _panics_are_caught_inside = thread.join();
        }
    }
}

fn job<T, F>(work: F) -> (Job, oneshot::Receiver<Result<T, PortError>>)
where
    T: Send + 'static,
    F: FnOnce(&Transaction<'_>) -> Result<T, Problem> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let job: Job = Box::new(move |connection| {
        let result = catch_unwind(AssertUnwindSafe(|| in_transaction(connection, work)))
            .unwrap_or_else(|_| Err(PortError::storage("a write panicked and was rolled back")));
        // A caller that has left does not undo what is committed.
        let _caller_may_have_left = reply.send(result);
    });
    (job, answer)
}

fn in_transaction<T, F>(connection: &mut Connection, work: F) -> Result<T, PortError>
where
    F: FnOnce(&Transaction<'_>) -> Result<T, Problem>,
{
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(PortError::storage)?;
    let value = work(&transaction).map_err(Problem::on_write)?;
    transaction.commit().map_err(PortError::storage)?;
    Ok(value)
}

fn stopped() -> PortError {
    PortError::storage("the writer has stopped")
}

/// Read-only connections to one file, opened when needed.
pub(crate) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            idle: Arc::default(),
            permits: Arc::new(Semaphore::new(READERS)),
        }
    }

    /// Runs the work on one consistent view of the file.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, PortError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, Problem> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| Problem::from(crate::problem::invalid("the store is closed")).on_read())?;
        let (idle, path) = (Arc::clone(&self.idle), self.path.clone());
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let pooled = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = match pooled {
                Some(connection) => connection,
                None => open_reader(&path)?,
            };
            let value = {
                let view = connection.transaction()?;
                work(&view)?
            };
            idle.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
            Ok(value)
        });
        match task.await {
            Ok(result) => result.map_err(Problem::on_read),
            Err(error) => Err(PortError::storage(format!("a read did not finish: {error}"))),
        }
    }
}

/// Opens a connection that cannot write.
pub(crate) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF;")?;
    Ok(connection)
}

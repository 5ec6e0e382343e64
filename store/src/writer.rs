//! The one writer of SQLite: many use cases share one fsync.
//!
//! Whatever waits is run in one `BEGIN IMMEDIATE`, each unit in a savepoint of its own, so that a
//! unit that fails or panics takes nothing with it but itself. Nobody is answered before COMMIT.
//! The queue is bounded; when it is full the answer is [`Fault::Busy`], at once.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Mutex, Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::crash::crash_point;
use crate::database::Work;
use crate::sql::{Conn, Tx, sql};
use crate::{Fault, Result};

/// How many units may wait.
const QUEUE: usize = 2048;

/// How many units share one commit at most.
const BATCH: usize = 256;

/// The door to the writer.
pub(crate) struct Writer {
    queue: mpsc::Sender<Box<dyn Unit>>,
    end: Arc<Notify>,
    writing: Mutex<Option<JoinHandle<()>>>,
}

/// One use case that waits for its turn.
trait Unit: Send {
    /// Does the work, keeping the answer back. False: undo it.
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> Pin<Box<dyn Future<Output = bool> + Send + 't>>;

    /// Hands out the answer: the work's own when it was committed or undone alone, or `Err`.
    fn answer(self: Box<Self>, committed: std::result::Result<(), String>);
}

struct Waiting<T, F> {
    unit: Option<F>,
    outcome: Option<Result<T>>,
    asker: oneshot::Sender<Result<T>>,
}

impl Writer {
    /// Starts the writer on its own connection.
    pub(crate) fn start(connection: SqliteConnection) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let end = Arc::new(Notify::new());
        let task = write_all(Conn::SqliteWriter(connection).into(), waiting, Arc::clone(&end));
        Self { queue, end, writing: Mutex::new(Some(tokio::spawn(task))) }
    }

    /// Runs a unit of work and answers after its COMMIT.
    pub(crate) async fn write<T, F>(&self, unit: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, T> + Send + 'static,
    {
        let (asker, answer) = oneshot::channel();
        let waiting = Waiting { unit: Some(unit), outcome: None, asker };
        let stopped = || Fault::Unavailable("the writer has stopped".to_owned());
        self.queue.try_send(Box::new(waiting)).map_err(|error| match error {
            TrySendError::Full(_) => Fault::Busy,
            TrySendError::Closed(_) => stopped(),
        })?;
        answer.await.map_err(|_| stopped())?
    }

    /// Answers all that was queued, and closes the connection. The last one to the file takes the
    /// journal back into it.
    pub(crate) async fn close(&self) {
        self.end.notify_one();
        let task = self.writing.lock().await.take();
        if let Some(task) = task {
            let _ = task.await;
        }
    }
}

async fn write_all(mut tx: Tx, mut waiting: mpsc::Receiver<Box<dyn Unit>>, end: Arc<Notify>) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let count = tokio::select! {
            count = waiting.recv_many(&mut batch, BATCH) => count,
            () = end.notified() => {
                // What waits already is still written.
                waiting.close();
                continue;
            }
        };
        if count == 0 {
            break;
        }
        let committed = commit_together(&mut tx, &mut batch).await;
        if committed.is_err() {
            // Whatever is still open must not leak into the next batch.
            let _ = sql("ROLLBACK").execute(&mut tx).await;
            // Who came while the database kept us waiting must not wait as long once more.
            while let Ok(unit) = waiting.try_recv() {
                batch.push(unit);
            }
        }
        for unit in batch.drain(..) {
            unit.answer(committed.clone());
        }
    }
    if let Conn::SqliteWriter(connection) = tx.conn {
        let _ = connection.close().await;
    }
}

async fn commit_together(
    tx: &mut Tx,
    batch: &mut [Box<dyn Unit>],
) -> std::result::Result<(), String> {
    let told = |fault: Fault| fault.to_string();
    sql("BEGIN IMMEDIATE").execute(tx).await.map_err(told)?;
    for unit in batch {
        sql("SAVEPOINT unit").execute(tx).await.map_err(told)?;
        if !unit.run(tx).await {
            sql("ROLLBACK TO unit").execute(tx).await.map_err(told)?;
        }
        sql("RELEASE unit").execute(tx).await.map_err(told)?;
    }
    crash_point("committing");
    sql("COMMIT").execute(tx).await.map_err(told)?;
    crash_point("committed");
    Ok(())
}

impl<T, F> Unit for Waiting<T, F>
where
    T: Send,
    F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, T> + Send,
{
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> Pin<Box<dyn Future<Output = bool> + Send + 't>> {
        Box::pin(async move {
            let Some(unit) = self.unit.take() else { return false };
            let panicked = |_| Err(Fault::Unavailable("the unit of work panicked".to_owned()));
            let work = AssertUnwindSafe(async { unit(tx).await }).catch_unwind();
            let outcome = work.await.unwrap_or_else(panicked);
            let keep = outcome.is_ok();
            self.outcome = Some(outcome);
            keep
        })
    }

    fn answer(self: Box<Self>, committed: std::result::Result<(), String>) {
        let lost = || Err(Fault::Unavailable("the unit of work was not run".to_owned()));
        let answer = match committed {
            Ok(()) => self.outcome.unwrap_or_else(lost),
            Err(why) => Err(Fault::Unavailable(why)),
        };
        // An asker who has gone away does not need the answer.
        let _ = self.asker.send(answer);
    }
}

#[cfg(test)]
mod tests;

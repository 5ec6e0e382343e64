//! The two databases behind one pair of verbs: `write` a unit of work, or `read`.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use domain::SessionId;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, SqliteConnection};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::sql::{Conn, Tx, sql};
use crate::writer::Writer;
use crate::{Fault, Result, migrations, sessions};

/// The future of a unit of work, borrowing its transaction.
pub(crate) type Work<'t, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 't>>;

/// How long a statement may wait for a lock or run.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connections that only read, on SQLite.
const READERS: u32 = 4;

/// Connections on Postgres.
const CONNECTIONS: u32 = 16;

/// Rung on Postgres when something was written, for the other processes.
const CHANNEL: &str = "fluss_written";

/// The open database.
pub(crate) struct Database {
    kind: Arc<Kind>,
    bell: watch::Sender<()>,
    /// Writes only while this session holds.
    session: Option<SessionId>,
}

enum Kind {
    Sqlite {
        writer: Writer,
        readers: SqlitePool,
    },
    Postgres {
        pool: PgPool,
        /// Hears what other processes write; holds a connection of the pool.
        listening: AbortHandle,
    },
}

/// Makes a unit of work of a block: `in_transaction!(db, |tx| { … })`. Either all of it holds or
/// nothing; on SQLite many units share one fsync.
macro_rules! in_transaction {
    ($db:expr, |$tx:ident| $block:block) => {
        $db.write(move |$tx| Box::pin(async move { $block })).await
    };
}

/// The same for a block that only reads.
macro_rules! reading {
    ($db:expr, |$tx:ident| $block:block) => {
        $db.read(move |$tx| Box::pin(async move { $block })).await
    };
}
pub(crate) use {in_transaction, reading};

impl Database {
    /// Opens `sqlite:PATH` or `postgres://…` and brings its tables up to date.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let (bell, _) = watch::channel(());
        let kind = match url.strip_prefix("sqlite:") {
            Some(path) => open_sqlite(Path::new(path)).await?,
            None => open_postgres(url, bell.clone()).await?,
        };
        Ok(Self { kind: Arc::new(kind), bell, session: None })
    }

    /// The same database, written to only while the session holds.
    pub(crate) fn on_behalf_of(&self, session: SessionId) -> Self {
        let (kind, bell) = (Arc::clone(&self.kind), self.bell.clone());
        Self { kind, bell, session: Some(session) }
    }

    /// Runs a unit of work in one transaction and answers after its COMMIT.
    pub(crate) async fn write<T, F>(&self, unit: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, T> + Send + 'static,
    {
        let unit = while_held(self.session, unit);
        let written = match &*self.kind {
            Kind::Sqlite { writer, .. } => writer.write(unit).await?,
            Kind::Postgres { pool, .. } => {
                let mut tx = Tx::from(Conn::Postgres(pool.begin().await?));
                let answer = unit(&mut tx).await?;
                sql("SELECT pg_notify('fluss_written', '')").execute(&mut tx).await?;
                if let Conn::Postgres(tx) = tx.conn {
                    tx.commit().await?;
                }
                answer
            }
        };
        self.bell.send_replace(());
        Ok(written)
    }

    /// Runs statements that only read.
    pub(crate) async fn read<T, F>(&self, unit: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, T> + Send + 'static,
    {
        let conn = match &*self.kind {
            Kind::Sqlite { readers, .. } => Conn::SqliteReader(readers.acquire().await?),
            Kind::Postgres { pool, .. } => Conn::Postgres(pool.begin().await?),
        };
        unit(&mut conn.into()).await
    }

    /// Rings after each write; polling is the truth, this is the hurry.
    pub(crate) fn bell(&self) -> watch::Receiver<()> {
        self.bell.subscribe()
    }

    /// Ends all connections after what waits has been written.
    pub(crate) async fn close(&self) {
        match &*self.kind {
            Kind::Sqlite { writer, readers } => {
                // The writer last: it takes the journal back into the file.
                readers.close().await;
                writer.close().await;
            }
            Kind::Postgres { pool, listening } => {
                listening.abort();
                pool.close().await;
            }
        }
    }
}

/// Adds to a unit of work that the session, if any, still holds. That is the last of its locks, as
/// it is in a login: whoever has it first commits first, the one who acts or the one who displaces.
fn while_held<T, F>(
    session: Option<SessionId>,
    unit: F,
) -> impl for<'t> FnOnce(&'t mut Tx) -> Work<'t, T> + Send + 'static
where
    T: Send + 'static,
    F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, T> + Send + 'static,
{
    move |tx| {
        Box::pin(async move {
            let answer = unit(tx).await?;
            if let Some(session) = session {
                sessions::must_hold(tx, session).await?;
            }
            Ok(answer)
        })
    }
}

async fn open_sqlite(path: &Path) -> Result<Kind> {
    make_private(path).map_err(|error| Fault::Unavailable(error.to_string()))?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // FULL: what was answered survives a power cut. Group commit makes it affordable.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        // What is erased is overwritten.
        .pragma("secure_delete", "ON")
        .disable_statement_logging();
    let mut connection = options.connect().await.map_err(damaged)?;
    must_be_whole(&mut connection).await?;
    migrations::on_sqlite(&mut connection).await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(PATIENCE)
        .connect_with(options.read_only(true))
        .await?;
    Ok(Kind::Sqlite { writer: Writer::start(connection), readers })
}

/// Refuses a damaged file before anything is written to it; reads all of it, 1 s a gigabyte.
async fn must_be_whole(connection: &mut SqliteConnection) -> Result<()> {
    let check = sqlx::query_scalar("PRAGMA quick_check(1)");
    let found: String = check.fetch_one(connection).await.map_err(damaged)?;
    // The first line only names the database.
    let found = found.lines().next_back().unwrap_or_default();
    if found == "ok" { Ok(()) } else { Err(is_damaged(&found)) }
}

/// Tells damage from other faults, because only a backup helps against it.
fn damaged(error: sqlx::Error) -> Fault {
    const CORRUPT: u32 = 11;
    const NOT_A_DATABASE: u32 = 26;
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    match code.map(|code| code & 0xFF) {
        Some(CORRUPT | NOT_A_DATABASE) => is_damaged(&error),
        Some(_) | None => error.into(),
    }
}

fn is_damaged(found: &dyn std::fmt::Display) -> Fault {
    Fault::Unavailable(format!("the file is damaged, restore a backup: {found}"))
}

/// Makes the file, if there is none, for its owner alone; SQLite gives its journals the same mode.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

async fn open_postgres(url: &str, bell: watch::Sender<()>) -> Result<Kind> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| Fault::Unavailable("expected sqlite:PATH or postgres://…".to_owned()))?
        .options([("statement_timeout", "5000"), ("lock_timeout", "5000")])
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .connect_with(options)
        .await?;
    migrations::on_postgres(&pool).await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen(CHANNEL).await?;
    let listening = tokio::spawn(async move {
        loop {
            // An error is a lost connection: the listener reconnects by itself on the next call,
            // and polling covers what was missed.
            if listener.recv().await.is_err() {
                tokio::time::sleep(PATIENCE).await;
            }
            bell.send_replace(());
        }
    });
    Ok(Kind::Postgres { pool, listening: listening.abort_handle() })
}

//! One SQL text for both databases, on their native drivers.
//!
//! Both read `$1`, `$2` by number and `RETURNING`; a column here is an integer, a text, some
//! bytes, or NULL. That is all our statements need, so each is written once.

use domain::{
    ApiKeyId, AttemptId, CodeId, EventId, ExceptionId, GateId, IntercomId, PinId, SessionId,
    Timestamp, UserId, WebhookId,
};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{ColumnIndex, Decode, Postgres, Row as _, Sqlite, SqliteConnection, Transaction, Type};

use crate::{Fault, Result};

/// Where statements run, and what was told there.
pub(crate) struct Tx {
    pub(crate) conn: Conn,
    /// The moment that was last written down, and how many events of it there are.
    told: (Timestamp, u16),
}

/// One transaction, or one connection for reading.
pub(crate) enum Conn {
    /// The one connection that writes to SQLite; the writer owns its transaction.
    SqliteWriter(SqliteConnection),
    /// A connection that only reads.
    SqliteReader(PoolConnection<Sqlite>),
    /// A transaction on Postgres.
    Postgres(Transaction<'static, Postgres>),
}

impl From<Conn> for Tx {
    fn from(conn: Conn) -> Self {
        Self { conn, told: (Timestamp::from_millis(0), 0) }
    }
}

impl Tx {
    /// How many events of this moment were told before; the one that asks is one more.
    pub(crate) fn tells(&mut self, now: Timestamp) -> u16 {
        let (at, count) = self.told;
        let earlier = if at == now { count } else { 0 };
        self.told = (now, earlier.saturating_add(1));
        earlier
    }
}

/// One statement with its values.
pub(crate) struct Sql {
    text: &'static str,
    values: Vec<Value>,
}

/// Begins a statement.
pub(crate) fn sql(text: &'static str) -> Sql {
    Sql { text, values: Vec::new() }
}

/// What a statement is given.
pub(crate) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// One row of an answer.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Sql {
    /// Gives the next value.
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Runs it and tells how many rows it touched.
    pub(crate) async fn execute(self, tx: &mut Tx) -> Result<u64> {
        let (text, values) = (self.text, self.values);
        Ok(match &mut tx.conn {
            Conn::SqliteWriter(conn) => {
                on_sqlite(text, values).execute(conn).await?.rows_affected()
            }
            Conn::SqliteReader(conn) => {
                on_sqlite(text, values).execute(&mut **conn).await?.rows_affected()
            }
            Conn::Postgres(conn) => {
                on_postgres(text, values).execute(&mut **conn).await?.rows_affected()
            }
        })
    }

    /// Runs it and reads the first row, if there is one.
    pub(crate) async fn optional(self, tx: &mut Tx) -> Result<Option<Row>> {
        let (text, values) = (self.text, self.values);
        Ok(match &mut tx.conn {
            Conn::SqliteWriter(conn) => {
                on_sqlite(text, values).fetch_optional(conn).await?.map(Row::Sqlite)
            }
            Conn::SqliteReader(conn) => {
                on_sqlite(text, values).fetch_optional(&mut **conn).await?.map(Row::Sqlite)
            }
            Conn::Postgres(conn) => {
                on_postgres(text, values).fetch_optional(&mut **conn).await?.map(Row::Postgres)
            }
        })
    }

    /// Runs it and reads the one row it must answer.
    pub(crate) async fn one(self, tx: &mut Tx) -> Result<Row> {
        let text = self.text;
        let row = self.optional(tx).await?;
        row.ok_or_else(|| Fault::Unavailable(format!("no row from: {text}")))
    }

    /// Runs it and reads all rows.
    pub(crate) async fn all(self, tx: &mut Tx) -> Result<Vec<Row>> {
        let (text, values) = (self.text, self.values);
        Ok(match &mut tx.conn {
            Conn::SqliteWriter(conn) => {
                let rows = on_sqlite(text, values).fetch_all(conn).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Conn::SqliteReader(conn) => {
                let rows = on_sqlite(text, values).fetch_all(&mut **conn).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Conn::Postgres(conn) => {
                let rows = on_postgres(text, values).fetch_all(&mut **conn).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }
}

impl Row {
    /// Reads a column; what cannot be read as that is corrupt.
    pub(crate) fn take<T: Column>(&self, column: &'static str) -> Result<T> {
        let taken = match self {
            Self::Sqlite(row) => row.try_get::<T, _>(column),
            Self::Postgres(row) => row.try_get::<T, _>(column),
        };
        taken.map_err(|error| Fault::corrupt(column, "?", error))
    }

    /// Reads a moment.
    pub(crate) fn moment(&self, column: &'static str) -> Result<Timestamp> {
        self.take(column).map(Timestamp::from_millis)
    }

    /// Reads a moment that may not have come.
    pub(crate) fn moment_if_any(&self, column: &'static str) -> Result<Option<Timestamp>> {
        Ok(self.take::<Option<i64>>(column)?.map(Timestamp::from_millis))
    }

    /// Reads a text by its own parser; what it refuses is corrupt.
    pub(crate) fn parsed<T, E: std::fmt::Display>(
        &self,
        column: &'static str,
        parse: impl FnOnce(&str) -> std::result::Result<T, E>,
    ) -> Result<T> {
        let text: String = self.take(column)?;
        parse(&text).map_err(|error| Fault::corrupt(column, "?", &error))
    }

    /// The same for a text that may be NULL.
    pub(crate) fn parsed_if_any<T, E: std::fmt::Display>(
        &self,
        column: &'static str,
        parse: impl FnOnce(&str) -> std::result::Result<T, E>,
    ) -> Result<Option<T>> {
        let text: Option<String> = self.take(column)?;
        let parsed = text.map(|text| parse(&text)).transpose();
        parsed.map_err(|error| Fault::corrupt(column, "?", &error))
    }
}

/// What a column can be read as, on both drivers.
pub(crate) trait Column:
    for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
where
    for<'c> &'c str: ColumnIndex<SqliteRow> + ColumnIndex<PgRow>,
{
}

impl<T> Column for T where
    T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}

fn on_sqlite(
    text: &'static str,
    values: Vec<Value>,
) -> sqlx::query::Query<'static, Sqlite, SqliteArguments> {
    values.into_iter().fold(sqlx::query(text), |query, value| match value {
        Value::Int(int) => query.bind(int),
        Value::Text(text) => query.bind(text),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}

fn on_postgres(
    text: &'static str,
    values: Vec<Value>,
) -> sqlx::query::Query<'static, Postgres, PgArguments> {
    values.into_iter().fold(sqlx::query(text), |query, value| match value {
        Value::Int(int) => query.bind(int),
        Value::Text(text) => query.bind(text),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}

macro_rules! into_value {
    ($($kind:ty => $variant:ident, $into:expr;)*) => {$(
        impl From<$kind> for Value {
            fn from(value: $kind) -> Self {
                Self::$variant(Some($into(value)))
            }
        }

        impl From<Option<$kind>> for Value {
            fn from(value: Option<$kind>) -> Self {
                Self::$variant(value.map($into))
            }
        }
    )*};
}

into_value! {
    i64 => Int, std::convert::identity;
    u32 => Int, i64::from;
    Timestamp => Int, Timestamp::as_millis;
    String => Text, std::convert::identity;
    &str => Text, str::to_owned;
    UserId => Text, |id: UserId| id.to_string();
    SessionId => Text, |id: SessionId| id.to_string();
    GateId => Text, |id: GateId| id.to_string();
    IntercomId => Text, |id: IntercomId| id.to_string();
    CodeId => Text, |id: CodeId| id.to_string();
    AttemptId => Text, |id: AttemptId| id.to_string();
    ApiKeyId => Text, |id: ApiKeyId| id.to_string();
    WebhookId => Text, |id: WebhookId| id.to_string();
    EventId => Text, |id: EventId| id.to_string();
    PinId => Text, |id: PinId| id.to_string();
    ExceptionId => Text, |id: ExceptionId| id.to_string();
    Vec<u8> => Bytes, std::convert::identity;
    [u8; 32] => Bytes, |bytes: [u8; 32]| bytes.to_vec();
    [u8; 16] => Bytes, |bytes: [u8; 16]| bytes.to_vec();
}

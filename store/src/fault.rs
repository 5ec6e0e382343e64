//! Could not answer; nothing is half done.

use crate::SessionRefusal;

/// What every function here returns: the outer error is always a fault, never a refusal.
pub type Result<T> = std::result::Result<T, Fault>;

/// A correct answer inside a [`Result`]: yes, or a refusal of type `R`.
pub type Answer<T, R> = Result<std::result::Result<T, R>>;

/// The storage could not answer, or nobody may be answered.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Too much waits to be written already; try again in a moment.
    #[error("too many writes are waiting")]
    Busy,
    /// The database did not answer or refused (disk full, locked, gone).
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The session on whose behalf it was asked ended before the commit; nothing was written.
    #[error("the session has ended")]
    SessionEnded(SessionRefusal),
    /// The keys are not those of the database.
    #[error("the keys are not those that this database was made with")]
    WrongKeys,
    /// A row that no rule of ours could have written.
    #[error("corrupt row {id} in {table}: {what}")]
    Corrupt {
        /// The table, or the column where the row is not known.
        table: &'static str,
        /// The row's id.
        id: String,
        /// What is impossible about it.
        what: String,
    },
}

impl Fault {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers pass ids and words as they have them"
    )]
    pub(crate) fn corrupt(table: &'static str, id: impl ToString, what: impl ToString) -> Self {
        Self::Corrupt { table, id: id.to_string(), what: what.to_string() }
    }
}

/// The driver's message may hold SQL and names of columns, never values.
impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        let text = error.as_database_error().map(|error| error.message().to_owned());
        Self::Unavailable(text.unwrap_or_else(|| error.to_string()))
    }
}

//! Numbered, forward-only, the same names for both databases.

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Connection, PgPool, SqlSafeStr, SqliteConnection};

use crate::{Fault, Result};

/// Each migration: its number, its name, its text for SQLite and for Postgres.
const ALL: [(i64, &str, &str, &str); 20] = [
    (
        1,
        "one_time_access",
        include_str!("../../migrations/sqlite/0001_one_time_access.sql"),
        include_str!("../../migrations/postgres/0001_one_time_access.sql"),
    ),
    (
        2,
        "identity_of_gates",
        include_str!("../../migrations/sqlite/0002_identity_of_gates.sql"),
        include_str!("../../migrations/postgres/0002_identity_of_gates.sql"),
    ),
    (
        3,
        "story_of_attempts",
        include_str!("../../migrations/sqlite/0003_story_of_attempts.sql"),
        include_str!("../../migrations/postgres/0003_story_of_attempts.sql"),
    ),
    (
        4,
        "word_of_gates",
        include_str!("../../migrations/sqlite/0004_word_of_gates.sql"),
        include_str!("../../migrations/postgres/0004_word_of_gates.sql"),
    ),
    (
        5,
        "calls_to_hosts",
        include_str!("../../migrations/sqlite/0005_calls_to_hosts.sql"),
        include_str!("../../migrations/postgres/0005_calls_to_hosts.sql"),
    ),
    (
        6,
        "fate_of_pins",
        include_str!("../../migrations/sqlite/0006_fate_of_pins.sql"),
        include_str!("../../migrations/postgres/0006_fate_of_pins.sql"),
    ),
    (
        7,
        "cost_of_pins",
        include_str!("../../migrations/sqlite/0007_cost_of_pins.sql"),
        include_str!("../../migrations/postgres/0007_cost_of_pins.sql"),
    ),
    (
        8,
        "sessions",
        include_str!("../../migrations/sqlite/0008_sessions.sql"),
        include_str!("../../migrations/postgres/0008_sessions.sql"),
    ),
    (
        9,
        "feed_and_chains",
        include_str!("../../migrations/sqlite/0009_feed_and_chains.sql"),
        include_str!("../../migrations/postgres/0009_feed_and_chains.sql"),
    ),
    (
        10,
        "webhooks",
        include_str!("../../migrations/sqlite/0010_webhooks.sql"),
        include_str!("../../migrations/postgres/0010_webhooks.sql"),
    ),
    (
        11,
        "people",
        include_str!("../../migrations/sqlite/0011_people.sql"),
        include_str!("../../migrations/postgres/0011_people.sql"),
    ),
    (
        12,
        "opening",
        include_str!("../../migrations/sqlite/0012_opening.sql"),
        include_str!("../../migrations/postgres/0012_opening.sql"),
    ),
    (
        13,
        "visits",
        include_str!("../../migrations/sqlite/0013_visits.sql"),
        include_str!("../../migrations/postgres/0013_visits.sql"),
    ),
    (
        14,
        "privacy",
        include_str!("../../migrations/sqlite/0014_privacy.sql"),
        include_str!("../../migrations/postgres/0014_privacy.sql"),
    ),
    (
        15,
        "looking_people_up",
        include_str!("../../migrations/sqlite/0015_looking_people_up.sql"),
        include_str!("../../migrations/postgres/0015_looking_people_up.sql"),
    ),
    (
        16,
        "past_of_devices",
        include_str!("../../migrations/sqlite/0016_past_of_devices.sql"),
        include_str!("../../migrations/postgres/0016_past_of_devices.sql"),
    ),
    (
        17,
        "history_by_pages",
        include_str!("../../migrations/sqlite/0017_history_by_pages.sql"),
        include_str!("../../migrations/postgres/0017_history_by_pages.sql"),
    ),
    (
        18,
        "presses_and_hops",
        include_str!("../../migrations/sqlite/0018_presses_and_hops.sql"),
        include_str!("../../migrations/postgres/0018_presses_and_hops.sql"),
    ),
    (
        19,
        "webhooks_in_turn",
        include_str!("../../migrations/sqlite/0019_webhooks_in_turn.sql"),
        include_str!("../../migrations/postgres/0019_webhooks_in_turn.sql"),
    ),
    (
        20,
        "all_hops",
        include_str!("../../migrations/sqlite/0020_all_hops.sql"),
        include_str!("../../migrations/postgres/0020_all_hops.sql"),
    ),
];

pub(crate) async fn on_sqlite(connection: &mut SqliteConnection) -> Result<()> {
    let migrator = migrator(|(.., sqlite, _)| sqlite);
    migrator.run_direct(None, connection, false).await.map_err(|error| fault(&error))
}

pub(crate) async fn on_postgres(pool: &PgPool) -> Result<()> {
    let migrator = migrator(|(.., postgres)| postgres);
    // On a connection of its own: a large table takes longer than a request may.
    let mut own = pool.acquire().await?.detach();
    for patience in ["SET statement_timeout = 0", "SET lock_timeout = 0"] {
        sqlx::query(patience).execute(&mut own).await?;
    }
    let migrated = migrator.run_direct(None, &mut own, false).await.map_err(|error| fault(&error));
    own.close().await?;
    migrated
}

type Entry = (i64, &'static str, &'static str, &'static str);

fn migrator(text: impl Fn(Entry) -> &'static str) -> Migrator {
    let migration = |entry: Entry| {
        let (number, name, ..) = entry;
        let text = text(entry).into_sql_str();
        Migration::new(number, name.into(), MigrationType::Simple, text, false)
    };
    Migrator::with_migrations(ALL.into_iter().map(migration).collect())
}

fn fault(error: &sqlx::migrate::MigrateError) -> Fault {
    Fault::Unavailable(format!("bringing the tables up to date: {error}"))
}

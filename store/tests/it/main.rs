//! One conformance suite, run on both databases: every function, and rivals for each act that
//! must happen once.
//!
//! SQLite runs always. Postgres runs on a throw-away server from the installed binaries; where
//! there are none, the suite says so loudly, and fails when `CI` is set.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod api_keys;
mod behalf;
mod codes;
mod devices;
mod events;
mod identity;
mod logins;
mod openings;
mod overview;
mod past;
mod people;
mod people_import;
mod pins;
mod plans;
mod postgres;
mod presses;
mod privacy;
mod races;
mod readiness;
mod removals;
mod restore;
mod rivals;
mod second_factors;
mod secrets;
mod spending;
mod step_up;
mod story;
mod transfers;
mod visits;
mod vouching;
mod webhooks;
mod world;

/// Runs each case on SQLite and on Postgres.
macro_rules! on_both_databases {
    ($($case:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(crate::world::World::on_sqlite().await).await;
            })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                if let Some(world) = crate::world::World::on_postgres().await {
                    super::$case(world).await;
                }
            })*
        }
    };
}
pub(crate) use on_both_databases;

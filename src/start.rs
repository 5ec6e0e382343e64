//! Serving: every role with what it needs.

use domain::Clock;

use crate::config::Config;
use crate::data::Folder;
use crate::machine::{SystemClock, SystemDice};

/// Serves the configured roles until the process is asked to stop.
#[expect(clippy::unused_async, reason = "will wait for what it starts")]
pub(crate) async fn serve(config: Config) -> anyhow::Result<()> {
    let clock = SystemClock::start();
    let folder = Folder::open(&config.data, &config.names, &SystemDice, clock.now())?;
    let _ = (&config.roles, &config.broker, folder.path());
    let _ = (&folder.secrets.seal.0, &folder.secrets.pepper, &folder.secrets.signing);
    let _ = (&folder.secrets.ticket, &folder.authority, &folder.broker, &folder.bridge);
    anyhow::bail!("not wired yet")
}

/// Brings the database up to date.
#[expect(clippy::unused_async, reason = "will wait for what it starts")]
pub(crate) async fn migrate(config: Config) -> anyhow::Result<()> {
    let _ = config;
    anyhow::bail!("not wired yet")
}

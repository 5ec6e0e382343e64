//! Making devices from the command line.

use crate::args::Make;
use crate::config::Config;

/// Makes a gate or an intercom.
#[expect(clippy::unused_async, reason = "will wait for what it starts")]
pub(crate) async fn make(config: Config, what: Make) -> anyhow::Result<()> {
    let _ = config;
    match what {
        Make::Gate { name, out } => drop((name, out)),
        Make::Intercom { name, entry, exit } => drop((name, entry, exit)),
    }
    anyhow::bail!("not wired yet")
}

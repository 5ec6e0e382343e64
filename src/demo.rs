//! A gate opened in a minute: the whole service with a simulated gate.

use crate::config::Config;

/// Serves with a simulated gate; with `exit`, opens it once and ends.
#[expect(clippy::unused_async, reason = "will wait for what it starts")]
pub(crate) async fn run(config: Config, exit: bool) -> anyhow::Result<()> {
    let _ = (config, exit);
    anyhow::bail!("not wired yet")
}

//! What is told on stderr while running.

use std::io::{self, IsTerminal};

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// For people.
    #[default]
    Plain,
    /// For machines, one object a line.
    Json,
}

/// Starts logging what the filter lets through.
pub(crate) fn start(filter: &str, format: Format) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter)?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let started = match format {
        Format::Plain => log.with_ansi(io::stderr().is_terminal()).try_init(),
        Format::Json => log.json().try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("cannot start logging: {error}"))
}

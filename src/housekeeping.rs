//! What a process that runs for long does from time to time.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, Dice};
use store::Store;
use tokio::time::{Instant, interval, interval_at};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::data::Folder;
use crate::start::{admit_bridge, certificates_of_bridge, certificates_of_broker};

/// How often what has no use any more is forgotten.
const SWEEP_INTERVAL: Duration = Duration::from_hours(1);

/// How often certificates are looked at; they are replaced a month before they end.
const RENEWAL_INTERVAL: Duration = Duration::from_hours(24);

/// What is kept in order.
pub(crate) struct Housekeeping {
    pub(crate) data: PathBuf,
    pub(crate) names: Vec<String>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) dice: Arc<dyn Dice>,
    pub(crate) store: Store,
    pub(crate) broker_tls: Option<broker::Tls>,
    pub(crate) bridge_tls: Option<bridge::Tls>,
}

impl Housekeeping {
    /// Keeps order until cancelled; what fails is tried again the next time.
    pub(crate) async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let mut sweeps = interval(SWEEP_INTERVAL);
        let mut renewals = interval_at(Instant::now() + RENEWAL_INTERVAL, RENEWAL_INTERVAL);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = sweeps.tick() => {
                    if let Err(fault) = self.store.sweep(self.clock.now()).await {
                        error!(%fault, "could not sweep the database: {fault}");
                    }
                }
                _ = renewals.tick() => match self.renew_certificates().await {
                    Ok(()) => info!("looked after the certificates"),
                    Err(fault) => error!("could not look after the certificates: {fault:#}"),
                },
            }
        }
    }

    /// Replaces what soon ends, without dropping a connection.
    pub(crate) async fn renew_certificates(&self) -> anyhow::Result<()> {
        let now = self.clock.now();
        let folder = Folder::open(&self.data, &self.names, &*self.dice, now)?;
        if let Some(tls) = &self.broker_tls {
            tls.reload(&certificates_of_broker(&folder))?;
        }
        if let Some(tls) = &self.bridge_tls {
            admit_bridge(&folder, &self.store, now).await?;
            tls.reload(&certificates_of_bridge(&folder))?;
        }
        Ok(())
    }
}

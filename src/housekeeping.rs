//! What a process that runs for long does from time to time.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use api::server::Https;
use arc_swap::ArcSwap;
use authority::{Authorities, Revoked};
use domain::privacy::GuestsKept;
use domain::{Clock, Dice, Timestamp};
use store::Store;
use tokio::sync::Notify;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::data::Folder;
use crate::start::{admit_bridge, certificates_of_bridge, certificates_of_broker};

/// How often what has no use any more is forgotten.
const SWEEP_INTERVAL: Duration = Duration::from_hours(1);

/// How often certificates are looked at; our own are replaced a month before they end.
pub(crate) const CERTIFICATES_INTERVAL: Duration = Duration::from_hours(1);

/// How long a revocation list may be relied on: some brokers admit nobody by an older one.
const CRL_LIFETIME: Duration = Duration::from_hours(7 * 24);

/// When somebody should see to the next CA. The way to it takes a quarter of a year.
const CA_REMINDER: Duration = Duration::from_hours(365 * 24);

/// What is kept in order.
pub(crate) struct Housekeeping {
    pub(crate) data: PathBuf,
    pub(crate) names: Vec<String>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) dice: Arc<dyn Dice>,
    pub(crate) store: Store,
    pub(crate) guests_kept: GuestsKept,
    pub(crate) authorities: Arc<ArcSwap<Authorities>>,
    pub(crate) broker_tls: Option<broker::Tls>,
    pub(crate) bridge_tls: Option<bridge::Tls>,
    pub(crate) https: Option<Https>,
    /// Rings when the certificates are to be looked at now.
    pub(crate) reload: Arc<Notify>,
}

impl Housekeeping {
    /// Keeps order until cancelled; what fails is tried again the next time.
    pub(crate) async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let mut sweeps = interval(SWEEP_INTERVAL);
        let mut looks = interval(CERTIFICATES_INTERVAL);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = sweeps.tick() => {
                    if let Err(fault) = self.sweep().await {
                        error!(%fault, "could not sweep the database: {fault}");
                    }
                }
                _ = looks.tick() => self.look_after_certificates().await,
                () = self.reload.notified() => self.look_after_certificates().await,
            }
        }
    }

    async fn sweep(&self) -> store::Result<()> {
        let now = self.clock.now();
        self.store.sweep(now).await?;
        let forgotten = self.store.privacy().forget_guests(self.guests_kept, now).await?;
        if forgotten != 0 {
            info!("forgot the guests of {forgotten} codes");
        }
        Ok(())
    }

    /// Uses the newest of everything for new connections; what cannot be used stays as it was.
    async fn look_after_certificates(&self) {
        let mut reloaded = Vec::new();
        match self.renew_certificates().await {
            Ok(revoked) => {
                reloaded.push("the CAs".to_owned());
                reloaded.push(format!("revocation lists ({revoked} revoked)"));
                if self.broker_tls.is_some() {
                    reloaded.push("the broker's certificate".to_owned());
                }
                if self.bridge_tls.is_some() {
                    reloaded.push("the bridge's certificate".to_owned());
                }
            }
            Err(fault) => error!("could not look after the certificates: {fault:#}"),
        }
        match self.https.as_ref().map(Https::reload) {
            Some(Ok(())) => reloaded.push("the certificate of HTTPS".to_owned()),
            Some(Err(fault)) => error!("HTTPS keeps the certificate that it has: {fault}"),
            None => {}
        }
        if !reloaded.is_empty() {
            info!("reloaded {}", reloaded.join(", "));
        }
    }

    /// Replaces what soon ends, follows the steps of the CAs, and lists what is revoked, without
    /// dropping a connection; says how many are revoked.
    pub(crate) async fn renew_certificates(&self) -> anyhow::Result<usize> {
        let now = self.clock.now();
        let folder = Folder::open(&self.data, &self.names, &*self.dice, now)?;
        self.authorities.store(Arc::clone(&folder.authorities));
        let revoked = self.revoked(now).await?;
        let next_update = (now + CRL_LIFETIME).as_millis();
        let crls = folder.authorities.crls(&revoked, now.as_millis(), next_update)?;
        if let Some(tls) = &self.broker_tls {
            tls.reload(&certificates_of_broker(&folder, &crls))?;
        }
        if let Some(tls) = &self.bridge_tls {
            admit_bridge(&folder, &self.store, now).await?;
            tls.reload(&certificates_of_bridge(&folder))?;
        }
        folder.publish(&crls)?;
        let ca = &folder.authorities.signing;
        if Timestamp::from_millis(ca.not_after()) <= now + CA_REMINDER {
            warn!("the CA has less than a year left: see `flussd ca`");
        }
        Ok(revoked.len())
    }

    /// What must not come in though its time is not over.
    async fn revoked(&self, now: Timestamp) -> store::Result<Vec<Revoked>> {
        let revoked = self.store.registry().revoked(now).await?;
        let revoked = revoked.into_iter();
        Ok(revoked.map(|(serial, at)| Revoked { serial, at: at.as_millis() }).collect())
    }
}

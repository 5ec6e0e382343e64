//! Files what happened, and signs how far each intercom's story has come.

use std::sync::Arc;
use std::time::Duration;

use domain::Clock;
use protocol::SigningKey;
use store::{Checkpoint, Store};
use tokio::time::{interval, sleep};
use tokio_util::sync::CancellationToken;
use tracing::error;

/// Files at least this often: the bell is the hurry, reading is the truth.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What happens within this time is filed in one go.
const GATHERING: Duration = Duration::from_millis(20);

/// How often it is looked whether a chain is to be signed.
const SIGN_EVERY: Duration = Duration::from_mins(1);

/// Files and signs; as many processes as want to may have one.
pub(crate) struct Clerk {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) key: SigningKey,
}

impl Clerk {
    /// Works until cancelled; what fails is tried again.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut bell = self.store.bell();
        let mut signing = interval(SIGN_EVERY);
        loop {
            bell.mark_unchanged();
            self.file().await;
            tokio::select! {
                () = stop.cancelled() => return self.file().await,
                _ = bell.changed() => sleep(GATHERING).await,
                () = sleep(LOOK_EVERY) => {}
                _ = signing.tick() => self.sign().await,
            }
        }
    }

    async fn file(&self) {
        loop {
            match self.store.events().file(self.clock.now()).await {
                Ok(0) => return,
                Ok(_) => {}
                Err(fault) => return error!(%fault, "could not file what happened: {fault}"),
            }
        }
    }

    async fn sign(&self) {
        if let Err(fault) = sign(&self.store, &self.key, &*self.clock).await {
            error!(%fault, "could not sign the audit: {fault}");
        }
    }
}

async fn sign(store: &Store, key: &SigningKey, clock: &dyn Clock) -> store::Result<()> {
    for head in store.events().to_sign(clock.now()).await? {
        let (kid, sig) = (key.kid().to_owned(), key.sign(&head.to_sign()));
        store.events().keep(Checkpoint { head, kid, sig }).await?;
    }
    Ok(())
}

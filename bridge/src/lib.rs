//! Maps what happened to codes onto gate topics, and hears what the gates answer.
//!
//! The database is the truth; MQTT only carries it, and may lose it. So a command counts as sent
//! from its claim on, whatever becomes of the message, and only the gate's own word settles it.
//! Nothing here decides about a code or knows HTTP.
//!
//! In reading order: [`mapping`] says what goes out, [`relay`] sends what is due, [`inbox`] takes in
//! what gates say, and `connection` keeps the one MQTT connection under both. All but the last
//! are driven from outside: by the loops here, and by a simulation that has its own time.

mod config;
mod tls;

pub mod mapping;
pub mod office;
pub mod relay;

mod connection;
pub mod inbox;

use std::sync::Arc;
use std::time::Instant;

use domain::{Clock, Dice, roll};
use protocol::SigningKey;
use store::{Attempts, Gates};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use config::{Address, Config, InvalidAddress};
pub use tls::{Certificates, InvalidCertificates, Tls};

use connection::{Latest, Line};
use office::Office;

/// What the bridge may see of the storage.
pub struct Doors {
    /// Gates as they come and go.
    pub gates: Gates,
    /// Commands on their way.
    pub attempts: Attempts,
    /// Rings when something was written.
    pub bell: watch::Receiver<()>,
}

/// The way between the database and the gates, waiting to be run.
pub struct Bridge {
    line: Line,
    bell: watch::Receiver<()>,
}

impl Bridge {
    /// Makes the bridge to this broker; nothing happens before [`Self::run`].
    pub fn new(
        broker: Address,
        tls: Tls,
        doors: Doors,
        key: SigningKey,
        clock: Arc<dyn Clock>,
        dice: Arc<dyn Dice>,
    ) -> Self {
        let client_id = format!("service-bridge-{:016x}", u64::from_be_bytes(roll(&*dice)));
        let (latest, Doors { gates, attempts, bell }) = (Arc::<Latest>::default(), doors);
        let stopwatch = Arc::new(Instant::now());
        let outbox = Arc::clone(&latest);
        let office = Arc::new(Office::new(gates, attempts, key, outbox, clock, stopwatch));
        Self { line: Line { office, latest, broker, tls, client_id, dice }, bell }
    }

    /// Serves until cancelled; then sends what is claimed, takes in what was heard, and leaves no
    /// gate marked as ready.
    pub async fn run(self, stop: CancellationToken) {
        let hang_up = CancellationToken::new();
        let relay = async {
            relay::run(&self.line.office, self.bell, &stop).await;
            hang_up.cancel();
        };
        tokio::join!(relay, Box::pin(self.line.keep(&hang_up)));
    }
}

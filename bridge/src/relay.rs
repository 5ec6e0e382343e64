//! From the database to the gates: claim, then publish, and ask about what stays unanswered.

use std::time::Duration;

use domain::Attempt;
use futures_util::future::join_all;
use store::{Due, Errand};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::mapping;
use crate::office::{Office, REST};

/// How often to look without being rung: deadlines pass in silence, and a ring can be lost.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Sends what is due until told to stop; what was claimed by then has been sent.
pub(crate) async fn run(office: &Office, mut bell: watch::Receiver<()>, stop: &CancellationToken) {
    let mut ticks = interval(LOOK_AGAIN);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Ok(()) = bell.changed() => {}
            _ = ticks.tick() => {}
        }
        if let Err(fault) = send_all_due(office).await {
            error!(%fault, "could not send all that is due: {fault}");
            stop.run_until_cancelled(sleep(REST)).await;
        }
    }
}

/// Sends a command that was claimed, or asks about it.
pub(crate) async fn send(office: &Office, attempt: &Attempt, errand: Errand) {
    let (id, gate) = (attempt.id, attempt.gate);
    let what = match errand {
        Errand::Open => "open for",
        Errand::Cancel => "cancel",
        Errand::Query => "tell about",
    };
    let posted = office.post(mapping::command(attempt, errand, &office.key)).await;
    let waited_ms = attempt.reserved_at.until(office.now()).as_millis();
    match posted {
        Ok(()) => {
            info!(attempt.id = %id, gate.id = %gate, waited_ms, "asked {gate} to {what} {id}");
        }
        Err(why) => {
            warn!(attempt.id = %id, gate.id = %gate, waited_ms, "cannot ask {gate} to {what} {id}: {why}");
        }
    }
}

async fn send_all_due(office: &Office) -> store::Result<()> {
    let due = office.attempts.due(office.now()).await?;
    // All at once, so that their claims share one fsync.
    let errands = due.iter().map(|due| run_errand(office, due));
    join_all(errands).await.into_iter().collect()
}

/// Writes first, then sends: what may be on the wire is claimed.
async fn run_errand(office: &Office, due: &Due) -> store::Result<()> {
    let Due { attempt, errand } = due;
    match errand {
        Errand::Open => {
            if let Some(claimed) = office.attempts.claim(attempt.id, office.now()).await? {
                send(office, &claimed, Errand::Open).await;
            }
        }
        Errand::Cancel | Errand::Query => {
            office.attempts.asked(attempt.id, office.now()).await?;
            send(office, attempt, *errand).await;
        }
    }
    Ok(())
}

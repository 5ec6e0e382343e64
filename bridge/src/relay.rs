//! From the database to the gates: claim, then publish, and ask about what stays unanswered.

use std::time::Duration;

use domain::Attempt;
use futures_util::future::join_all;
use store::{Due, Errand, crash_point};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::mapping::{self, Letter};
use crate::office::{Office, REST, insist};

/// How often to look without being rung: deadlines pass in silence, and a ring can be lost.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Sends what is due until told to stop; what was claimed by then has been sent.
pub(crate) async fn run(office: &Office, mut bell: watch::Receiver<()>, stop: &CancellationToken) {
    let mut ticks = interval(LOOK_AGAIN);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let done = tokio::select! {
            () = stop.cancelled() => return,
            Ok(()) = bell.changed() => send_all_due(office).await,
            _ = ticks.tick() => look_after_all(office).await,
        };
        if let Err(fault) = done {
            error!(%fault, "could not send all that is due: {fault}");
            stop.run_until_cancelled(sleep(REST)).await;
        }
    }
}

/// Picks up what the last connection may have lost: commands still in time, and who is there.
pub async fn greet(office: &Office, enough: &CancellationToken) {
    let open = || office.attempts.to_resend(office.now());
    let open = insist("read what to send again", enough, open).await;
    for attempt in open.unwrap_or_default() {
        send_open(office, &attempt).await;
    }
    let forget = || office.gates.forget_who_is_ready(office.now());
    let gates = insist("forget who was ready", enough, forget).await;
    for gate in gates.unwrap_or_default() {
        let _ = office.post(mapping::hello_again(gate)).await;
    }
}

/// Sends an opening that was claimed. Without a hello of its epoch nobody here knows how long the
/// gate may act on it; then the gate's next ready settles it.
async fn send_open(office: &Office, attempt: &Attempt) {
    let Some(hello_age) = office.hello_age(attempt.gate, attempt.epoch) else {
        debug!(attempt.id = %attempt.id, "another process heard the hello for {}", attempt.id);
        return;
    };
    let letter = mapping::open(attempt, hello_age, office.now(), &office.key);
    send(office, attempt, "open for", letter).await;
}

/// Hands a letter to the connection, if there is one.
async fn send(office: &Office, attempt: &Attempt, what: &str, letter: Letter) {
    let (id, gate) = (attempt.id, attempt.gate);
    let posted = office.post(letter).await;
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

async fn look_after_all(office: &Office) -> store::Result<()> {
    send_all_due(office).await?;
    // A welcome tells a gate how it has to rest, so it learns of a change by a hello.
    for gate in office.gates.to_tell().await? {
        debug!(gate.id = %gate, "{gate} rests between pulses as it was told before");
        let _ = office.post(mapping::hello_again(gate)).await;
    }
    Ok(())
}

async fn send_all_due(office: &Office) -> store::Result<()> {
    let due = due(office).await?;
    // All at once, so that their claims share one fsync.
    let errands = due.iter().map(|due| run_errand(office, due));
    join_all(errands).await.into_iter().collect()
}

/// All that is to be done now.
pub async fn due(office: &Office) -> store::Result<Vec<Due>> {
    let due = office.attempts.due(office.now()).await?;
    for Due { attempt, .. } in &due {
        // Who reserved it may sit in another process. But what waited for a bridge to begin was
        // committed long before.
        if office.hello_age(attempt.gate, attempt.epoch).is_some() {
            office.attempts.was_seen(attempt, office.now());
        }
    }
    Ok(due)
}

/// Writes first, then sends: what may be on the wire is claimed.
pub async fn run_errand(office: &Office, due: &Due) -> store::Result<()> {
    let Due { attempt, errand } = due;
    match errand {
        Errand::Open => {
            let heard = office.hello_age(attempt.gate, attempt.epoch).is_some();
            if !heard && office.now() <= attempt.deadline {
                // Who heard the hello may send it; past its deadline anybody frees its leg.
                return Ok(());
            }
            if let Some(claimed) = office.attempts.claim(attempt.id, office.now()).await? {
                crash_point("claimed");
                send_open(office, &claimed).await;
                crash_point("published");
            }
        }
        Errand::Cancel => {
            office.attempts.asked(attempt.id, office.now()).await?;
            send(office, attempt, "cancel", mapping::cancel(attempt, &office.key)).await;
        }
        Errand::Query => {
            office.attempts.asked(attempt.id, office.now()).await?;
            send(office, attempt, "tell about", mapping::query(attempt, &office.key)).await;
        }
    }
    Ok(())
}

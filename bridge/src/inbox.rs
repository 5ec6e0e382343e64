//! What gates say, taken in by many lanes: each gate always has the same one, so that its words
//! keep their order, and different gates do not wait for each other's fsync.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use domain::attempt::Settlement;
use domain::{GateId, Timestamp};
use protocol::{Hello, Nonce, Presence, Ready, Report, Signed, Status, Topic, Up};
use store::{Hops, Raised, crash_point};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::mapping;
use crate::office::{Office, insist};

/// As many as the storage writes in one commit.
const LANES: usize = 256;

/// How many words may wait in one lane: 32,768 in all.
const LANE_LENGTH: usize = 128;

/// The longest firmware name that is kept.
const MAX_FIRMWARE_CHARS: usize = 64;

/// The inbox of one connection. What it cannot hold, or what ends with the connection, is asked
/// for again on the next one.
pub(crate) struct Inbox {
    office: Arc<Office>,
    lanes: Vec<mpsc::Sender<Said>>,
    spread: RandomState,
    tasks: JoinSet<()>,
    closing: CancellationToken,
}

/// The storage is too slow for what the gates say.
#[derive(Debug, thiserror::Error)]
#[error("the inbox is full")]
pub(crate) struct InboxFull;

/// What one gate said.
pub struct Said {
    /// Which gate.
    pub gate: GateId,
    word: Word,
    at: Timestamp,
    heard: Duration,
}

enum Word {
    Hello(Hello),
    Ready(Signed<Ready>),
    Status(Signed<Status>),
    Goodbye(Nonce),
}

impl Inbox {
    pub(crate) fn open(office: &Arc<Office>) -> Self {
        let (closing, mut tasks) = (CancellationToken::new(), JoinSet::new());
        let lanes = (0..LANES).map(|_| {
            let (office, closing) = (Arc::clone(office), closing.clone());
            let (lane, words) = mpsc::channel(LANE_LENGTH);
            tasks.spawn(Lane::new(office, closing).take_in(words));
            lane
        });
        let (office, lanes) = (Arc::clone(office), lanes.collect());
        Self { office, lanes, spread: RandomState::new(), tasks, closing }
    }

    /// Puts a message into its gate's lane; never waits.
    pub(crate) fn put(&self, topic: &str, body: &[u8]) -> Result<(), InboxFull> {
        let Some(said) = hear(&self.office, topic, body) else { return Ok(()) };
        let lane = self.spread.hash_one(said.gate) % self.lanes.len() as u64;
        let lane = self.lanes.get(usize::try_from(lane).unwrap_or(0)).ok_or(InboxFull)?;
        lane.try_send(said).map_err(|_| InboxFull)
    }

    /// Takes in what was put, as far as the storage answers.
    pub(crate) async fn close(mut self) {
        self.closing.cancel();
        self.lanes.clear();
        while let Some(ended) = self.tasks.join_next().await {
            // Whatever a panic left behind, this process must not go on with it.
            if let Err(Ok(panic)) = ended.map_err(tokio::task::JoinError::try_into_panic) {
                resume_unwind(panic);
            }
        }
    }
}

/// Reads a message, or counts it as said in vain.
pub fn hear(office: &Office, topic: &str, body: &[u8]) -> Option<Said> {
    let Ok(Topic::Up(gate, up)) = Topic::parse(topic) else {
        office.ignore(None, "a message on a strange topic");
        return None;
    };
    let Ok(gate) = GateId::parse(gate.as_str()) else {
        office.ignore(None, "a message from no gate of ours");
        return None;
    };
    let Some(word) = read(up, body) else {
        office.ignore(Some(gate), "an unreadable message");
        return None;
    };
    // The moment a hello arrived is what deadlines count from: waiting must not delay it.
    Some(Said { gate, word, at: office.now(), heard: office.elapsed() })
}

fn read(up: Up, body: &[u8]) -> Option<Word> {
    match up {
        Up::Hello => Hello::from_bytes(body).ok().map(Word::Hello),
        Up::Ready => Signed::from_bytes(body).ok().map(Word::Ready),
        Up::Status => Signed::from_bytes(body).ok().map(Word::Status),
        Up::Presence => {
            let goodbye = Presence::from_bytes(body).ok().filter(|presence| !presence.online);
            goodbye.map(|presence| Word::Goodbye(presence.nonce))
        }
    }
}

/// Takes in the words of some gates on one connection, one after the other.
pub struct Lane {
    office: Arc<Office>,
    closing: CancellationToken,
    /// Of each gate that said hello on this connection.
    last_hellos: HashMap<GateId, Nonce>,
}

impl Lane {
    /// A lane of a new connection; once it is `closing`, a fault of the storage is not insisted on.
    pub fn new(office: Arc<Office>, closing: CancellationToken) -> Self {
        Self { office, closing, last_hellos: HashMap::new() }
    }

    async fn take_in(mut self, mut words: mpsc::Receiver<Said>) {
        while let Some(said) = words.recv().await {
            self.take(said).await;
        }
    }

    /// Writes down what a gate said, and answers it.
    pub async fn take(&mut self, said: Said) {
        let Said { gate, word, at, heard } = said;
        match word {
            Word::Hello(hello) => self.hello(gate, &hello, at, heard).await,
            Word::Ready(ready) => self.ready(gate, &ready, at).await,
            Word::Status(status) => self.status(gate, &status, at).await,
            Word::Goodbye(nonce) => self.goodbye(gate, nonce, at).await,
        }
    }

    async fn hello(&mut self, gate: GateId, hello: &Hello, at: Timestamp, heard: Duration) {
        let Hello { nonce, firmware, .. } = hello;
        let legible = firmware.chars().filter(|letter| !letter.is_control());
        let firmware: String = legible.take(MAX_FIRMWARE_CHARS).collect();
        let raise = || self.office.gates.hello(gate, nonce.0, firmware.clone(), at);
        match insist("raise a gate's epoch", &self.closing, raise).await {
            // Another process heard it first, so nobody here knows how old it is; and what that one
            // has claimed must not go out again as if the epoch were young.
            Some(Some(Raised { epoch, is_news: false, .. }))
                if self.office.hello_age(gate, epoch).is_none() =>
            {
                let _ = self.office.post(mapping::hello_again(gate)).await;
                self.office.ignore(Some(gate), "a hello from before this process");
            }
            Some(Some(Raised { epoch, pulse_gap, .. })) => {
                crash_point("greeted");
                self.last_hellos.insert(gate, *nonce);
                self.office.heard(gate, epoch, heard);
                let key = &self.office.key;
                let welcome =
                    mapping::welcome(gate, *nonce, epoch, pulse_gap, key, self.office.now());
                // An unanswered hello is said again.
                let _ = self.office.post(welcome).await;
                debug!(gate.id = %gate, epoch, "welcomed {gate} in epoch {epoch}");
            }
            Some(None) => self.office.ignore(Some(gate), "the hello of an unknown gate"),
            None => {}
        }
    }

    /// Who carries a report is not who says it: only the gate's own key makes it its word.
    async fn believes<T: Report>(&self, gate: GateId, report: &Signed<T>, at: Timestamp) -> bool {
        let read = async || {
            let _turn = self.office.key_desk.acquire().await;
            self.office.gates.keys(gate, at).await
        };
        let keys = insist("read the keys of a gate", &self.closing, read).await;
        let Some(keys) = keys else { return false };
        let is_its_own = mapping::is_said_by(gate, report, &keys);
        if !is_its_own {
            self.office.ignore(Some(gate), "a report without the signature");
        }
        is_its_own
    }

    async fn ready(&self, gate: GateId, ready: &Signed<Ready>, at: Timestamp) {
        if !self.believes(gate, ready, at).await {
            return;
        }
        let Ready { nonce, epoch, ledger, .. } = &ready.said;
        let (nonce, epoch) = (*nonce, *epoch);
        let ledger = || ledger.iter().copied().map(mapping::attempt_id).collect();
        let adopt = || self.office.gates.ready(gate, nonce.0, epoch, ledger(), at);
        match insist("take a gate for ready", &self.closing, adopt).await {
            Some(true) => info!(gate.id = %gate, epoch, "{gate} is ready in epoch {epoch}"),
            Some(false) => self.office.ignore(Some(gate), "a ready that answers no last hello"),
            None => {}
        }
    }

    async fn status(&self, gate: GateId, status: &Signed<Status>, at: Timestamp) {
        if !self.believes(gate, status, at).await {
            return;
        }
        let status = status.said;
        let (id, evidence) = (mapping::attempt_id(status.id), mapping::evidence(status.outcome));
        crash_point("reported");
        // Counted from the hello's arrival, so a little late; but not later than this.
        let moment = |ms| Some(self.office.since_hello(gate, status.epoch, ms)?.min(at));
        let named = Hops {
            received_at: status.received_ms.and_then(moment),
            pulsed_at: status.pulsed_ms.and_then(moment),
            moved_at: status.moved_ms.and_then(moment),
            still_at: status.still_ms.and_then(moment),
            ..Hops::default()
        };
        let settle = || self.office.attempts.settle_told(gate, id, evidence, named, at);
        let settled = insist("settle an attempt", &self.closing, settle).await;
        crash_point("settled");
        match settled {
            Some(Some(Settlement::News)) => {
                info!(attempt.id = %id, gate.id = %gate, "{gate} settled {id}: {evidence:?}");
            }
            Some(Some(Settlement::Known)) => {
                debug!(attempt.id = %id, gate.id = %gate, "{gate} repeated itself on {id}");
            }
            Some(Some(Settlement::Contradiction)) => {
                warn!(attempt.id = %id, gate.id = %gate, "{gate} contradicts itself on {id}: {evidence:?}");
            }
            Some(Some(Settlement::Hearsay)) => {
                warn!(attempt.id = %id, gate.id = %gate, "{gate} denies {id}, sent to the hardware before it");
            }
            Some(None) => self.office.ignore(Some(gate), "a report on no command of its own"),
            None => {}
        }
    }

    /// A will is fixed at CONNECT, so a goodbye that names an older hello may still be of the
    /// connection in force, whose hello was renewed since. Whichever it names, the gate counts as
    /// gone: that is the safe side. And it is asked: if it is there after all, it says hello.
    async fn goodbye(&self, gate: GateId, nonce: Nonce, at: Timestamp) {
        let last = self.last_hellos.get(&gate).copied().unwrap_or(nonce);
        let leave = || self.office.gates.gone(gate, last.0, at);
        if insist("take a gate for gone", &self.closing, leave).await.is_some() {
            debug!(gate.id = %gate, "{gate} is gone");
        }
        if last != nonce {
            let _ = self.office.post(mapping::hello_again(gate)).await;
        }
    }
}

#[cfg(test)]
mod tests;

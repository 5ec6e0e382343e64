//! Who is connected: one seat for each client id, taken over by the newer connection.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::{GateId, Topic};
use store::Fingerprint;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::cause::Cause;
use crate::identity::Identity;
use crate::router::Message;

/// All seats.
#[derive(Debug, Default)]
pub(crate) struct Seats {
    taken: Mutex<Taken>,
    /// Ends all connections, seated or not.
    pub(crate) closing: CancellationToken,
}

#[derive(Debug, Default)]
struct Taken {
    gates: HashMap<String, Occupant>,
    services: HashMap<String, Occupant>,
    next: u64,
}

#[derive(Debug)]
struct Occupant {
    number: u64,
    certificate: Fingerprint,
    mailbox: mpsc::Sender<Message>,
    end: oneshot::Sender<Cause>,
}

impl Seats {
    /// Takes the seat of this client id; whoever had it is sent away. What comes for the client
    /// goes into its mailbox.
    pub(crate) fn take(
        self: &Arc<Self>,
        client_id: &str,
        identity: &Identity,
        certificate: Fingerprint,
        mailbox: mpsc::Sender<Message>,
    ) -> Seat {
        let (end, ended) = oneshot::channel();
        let mut taken = self.lock();
        taken.next += 1;
        let number = taken.next;
        let occupant = Occupant { number, certificate, mailbox, end };
        let seats = match identity {
            Identity::Gate(_) => &mut taken.gates,
            Identity::Service => &mut taken.services,
        };
        let older = seats.insert(client_id.to_owned(), occupant);
        drop(taken);
        if let Some(older) = older {
            let _ = older.end.send(Cause::TakenOver);
        }
        Seat { client_id: client_id.to_owned(), number, ended, seats: Arc::clone(self) }
    }

    /// Puts a message into the mailbox of its gate, or of all that serve. Whose mailbox is full is
    /// sent away: it does not read what it is sent.
    pub(crate) fn deliver(&self, message: Message) {
        let is_full = |occupant: &Occupant, message: Message| {
            let sent = occupant.mailbox.try_send(message);
            matches!(sent, Err(mpsc::error::TrySendError::Full(_)))
        };
        let mut taken = self.lock();
        let full: Vec<_> = match &message.topic {
            Topic::Down(gate, _) => {
                let Some(occupant) = taken.gates.get(gate.as_str()) else { return };
                let gate = gate.as_str().to_owned();
                let full = is_full(occupant, message);
                full.then(|| taken.gates.remove(&gate)).flatten().into_iter().collect()
            }
            Topic::Up(..) => {
                let services = &mut taken.services;
                let full = services.extract_if(|_, service| is_full(service, message.clone()));
                full.map(|(_, service)| service).collect()
            }
        };
        drop(taken);
        for occupant in full {
            let _ = occupant.end.send(Cause::SlowReader);
        }
    }

    /// Sends away whoever came with one of these certificates.
    pub(crate) fn end_certificates(&self, ended: Vec<Fingerprint>) {
        if ended.is_empty() {
            return;
        }
        let ended: HashSet<_> = ended.into_iter().collect();
        self.end_where(Cause::Revoked, |occupant| ended.contains(&occupant.certificate));
    }

    /// Sends this gate away.
    pub(crate) fn end(&self, gate: &GateId, cause: Cause) {
        let occupant = self.lock().gates.remove(gate.as_str());
        let _ = occupant.map(|occupant| occupant.end.send(cause));
    }

    /// Sends all clients away, and says how many they were.
    pub(crate) fn end_all(&self, cause: Cause) -> usize {
        self.end_where(cause, |_| true)
    }

    pub(crate) fn count(&self) -> usize {
        let taken = self.lock();
        taken.gates.len() + taken.services.len()
    }

    fn end_where(&self, cause: Cause, to_end: impl Fn(&Occupant) -> bool) -> usize {
        let mut taken = self.lock();
        let Taken { gates, services, .. } = &mut *taken;
        let ended: Vec<_> = [gates, services]
            .into_iter()
            .flat_map(|seats| seats.extract_if(|_, occupant| to_end(occupant)))
            .collect();
        drop(taken);
        let count = ended.len();
        for (_, occupant) in ended {
            let _ = occupant.end.send(cause);
        }
        count
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's seat, free again when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    client_id: String,
    number: u64,
    ended: oneshot::Receiver<Cause>,
    seats: Arc<Seats>,
}

impl Seat {
    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Waits until the connection must end, and says why.
    pub(crate) async fn ended(&mut self) -> Cause {
        tokio::select! {
            cause = &mut self.ended => cause.unwrap_or(Cause::TakenOver),
            () = self.seats.closing.cancelled() => Cause::Stopping,
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        let Taken { gates, services, .. } = &mut *taken;
        for seats in [gates, services] {
            if seats.get(&self.client_id).is_some_and(|seat| seat.number == self.number) {
                seats.remove(&self.client_id);
            }
        }
    }
}

//! Who is connected: one seat for each client id, taken over by the newer connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use store::Fingerprint;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::cause::Cause;
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
    by_client_id: HashMap<String, Occupant>,
    next: u64,
}

#[derive(Debug)]
struct Occupant {
    number: u64,
    certificate: Fingerprint,
    mailbox: Option<mpsc::Sender<Message>>,
    end: oneshot::Sender<Cause>,
}

impl Seats {
    /// Takes the seat of this client id; whoever had it is sent away. What comes for a gate goes
    /// into its mailbox.
    pub(crate) fn take(
        self: &Arc<Self>,
        client_id: &str,
        certificate: Fingerprint,
        mailbox: Option<mpsc::Sender<Message>>,
    ) -> Seat {
        let (end, ended) = oneshot::channel();
        let mut taken = self.lock();
        taken.next += 1;
        let number = taken.next;
        let occupant = Occupant { number, certificate, mailbox, end };
        let older = taken.by_client_id.insert(client_id.to_owned(), occupant);
        drop(taken);
        if let Some(older) = older {
            let _ = older.end.send(Cause::TakenOver);
        }
        Seat { client_id: client_id.to_owned(), number, ended, seats: Arc::clone(self) }
    }

    /// Puts a message into a gate's mailbox; a gate whose mailbox is full is sent away, for it
    /// does not read what it is sent.
    pub(crate) fn deliver(&self, message: Message) {
        let mut taken = self.lock();
        let client_id = message.topic.gate().as_str();
        let Some(occupant) = taken.by_client_id.get(client_id) else { return };
        let Some(mailbox) = &occupant.mailbox else { return };
        if let Err(mpsc::error::TrySendError::Full(message)) = mailbox.try_send(message) {
            let occupant = taken.by_client_id.remove(message.topic.gate().as_str());
            drop(taken);
            let _ = occupant.map(|occupant| occupant.end.send(Cause::SlowReader));
        }
    }

    /// Sends away whoever came with one of these certificates.
    pub(crate) fn end_certificates(&self, ended: &[Fingerprint]) {
        self.end_where(Cause::Revoked, |occupant| ended.contains(&occupant.certificate));
    }

    /// Sends this client away.
    pub(crate) fn end(&self, client_id: &str, cause: Cause) {
        let occupant = self.lock().by_client_id.remove(client_id);
        let _ = occupant.map(|occupant| occupant.end.send(cause));
    }

    /// Sends all clients away, and says how many they were.
    pub(crate) fn end_all(&self, cause: Cause) -> usize {
        self.end_where(cause, |_| true)
    }

    pub(crate) fn count(&self) -> usize {
        self.lock().by_client_id.len()
    }

    fn end_where(&self, cause: Cause, to_end: impl Fn(&Occupant) -> bool) -> usize {
        let ended: Vec<_> =
            self.lock().by_client_id.extract_if(|_, occupant| to_end(occupant)).collect();
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
        if taken.by_client_id.get(&self.client_id).is_some_and(|seat| seat.number == self.number) {
            taken.by_client_id.remove(&self.client_id);
        }
    }
}

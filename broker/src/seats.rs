//! Who is connected: one seat for each client id, taken over by the newer connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::cause::Cause;

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
    kicks: u64,
}

#[derive(Debug)]
struct Occupant {
    number: u64,
    end: oneshot::Sender<Cause>,
}

impl Seats {
    /// Takes the seat of this client id; whoever had it is sent away.
    pub(crate) fn take(self: &Arc<Self>, client_id: &str) -> Seat {
        let (end, ended) = oneshot::channel();
        let mut taken = self.lock();
        taken.next += 1;
        let number = taken.next;
        let older = taken.by_client_id.insert(client_id.to_owned(), Occupant { number, end });
        drop(taken);
        if let Some(older) = older {
            let _ = older.end.send(Cause::TakenOver);
        }
        Seat { client_id: client_id.to_owned(), number, ended, seats: Arc::clone(self) }
    }

    /// Sends this client away; false when it was not connected.
    pub(crate) fn kick(&self, client_id: &str) -> bool {
        let mut taken = self.lock();
        taken.kicks += 1;
        let occupant = taken.by_client_id.remove(client_id);
        drop(taken);
        occupant.is_some_and(|occupant| occupant.end.send(Cause::Kicked).is_ok())
    }

    /// How often somebody was kicked: what the registry said before the last kick may be old.
    pub(crate) fn kicks(&self) -> u64 {
        self.lock().kicks
    }

    pub(crate) fn count(&self) -> usize {
        self.lock().by_client_id.len()
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

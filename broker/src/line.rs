//! Where a client's messages go, where they come from, and how many they may be.

use std::future::pending;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::cause::Cause;
use crate::farewell::Farewell;
use crate::pace::Pace;
use crate::regulars::Regular;
use crate::router::{Message, RouterGone};
use crate::switch::Exchange;

/// One client's way to the others; when it is dropped, a gate's farewell is said.
pub(crate) struct Line {
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) mail: mpsc::Receiver<Message>,
    pub(crate) party: Party,
}

/// At whose end of the line we are.
pub(crate) enum Party {
    /// A gate, with what is remembered of it and what is said when it is gone.
    Gate { regular: Arc<Regular>, farewell: Option<Farewell> },
    /// A connection of the service.
    Service { pace: Pace },
}

impl Line {
    /// Hands a message over; waits while too much is on the way.
    pub(crate) async fn publish(&mut self, message: Message) -> Result<(), RouterGone> {
        if let Party::Gate { farewell: Some(farewell), .. } = &mut self.party {
            farewell.overhear(&message.topic, &message.payload);
        }
        self.exchange.say(message).await
    }

    /// Waits for the next message. Nothing is lost when the wait is given up.
    pub(crate) async fn next(&mut self) -> Message {
        match self.mail.recv().await {
            Some(message) => message,
            // The seat was taken away; it says why.
            None => pending().await,
        }
    }

    /// Spends one packet. A gate that sends too many is refused; the service is told from when on
    /// it may be read again.
    pub(crate) fn pay(&mut self, now: Instant) -> Result<Option<Instant>, Cause> {
        match &mut self.party {
            Party::Gate { regular, .. } if regular.may_spend(now) => Ok(None),
            Party::Gate { .. } => Err(Cause::TooFast),
            Party::Service { pace } => Ok(pace.spend(now)),
        }
    }

    /// Forgets the will: the client said goodbye itself.
    pub(crate) fn revoke_will(&mut self) {
        if let Party::Gate { farewell: Some(farewell), .. } = &mut self.party {
            farewell.revoke_will();
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Party::Gate { farewell, .. } = &mut self.party
            && let Some(farewell) = farewell.take()
        {
            self.exchange.say_farewell(farewell);
        }
    }
}

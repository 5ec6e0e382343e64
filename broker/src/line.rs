//! Where a client's messages go and come from: for a gate its mailbox and the trunk, for the
//! service a link of its own.

use std::future::pending;
use std::sync::Arc;

use protocol::Up;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::cause::Cause;
use crate::config::Config;
use crate::farewell::Farewell;
use crate::pace::Pace;
use crate::regulars::Regular;
use crate::router::{Channel, Link, Message, RouterGone, seal, unseal};
use crate::switch::Exchange;

/// One client's way to the others.
pub(crate) enum Line {
    Gate(GateLine),
    Service { link: Link, pace: Pace },
}

/// A gate's way; when it is dropped, the farewell is said.
pub(crate) struct GateLine {
    exchange: Arc<Exchange>,
    mail: mpsc::Receiver<Message>,
    pub(crate) regular: Arc<Regular>,
    farewell: Option<Farewell>,
}

/// Why nothing comes any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The Router is gone.
    Router,
    /// The client read so slowly that messages were lost before it.
    Gap,
}

impl From<RouterGone> for Broken {
    fn from(_: RouterGone) -> Self {
        Self::Router
    }
}

impl Line {
    pub(crate) fn of_service(link: Link, config: &Config) -> Self {
        Self::Service { link, pace: Pace::new(config.service_packets_per_second, Instant::now()) }
    }

    /// Hands a message over; waits while the Router has no room.
    pub(crate) async fn publish(&mut self, message: Message) -> Result<(), RouterGone> {
        match self {
            Self::Gate(gate) => {
                if let Some(farewell) = &mut gate.farewell {
                    farewell.overhear(&message.topic, &message.payload);
                }
                gate.exchange.say(message).await
            }
            Self::Service { link, .. } => {
                link.publish(message.channel(), seal(&message, 0)).await;
                Ok(())
            }
        }
    }

    /// Begins to hear all gates on this; a gate's mailbox needs no word.
    pub(crate) fn subscribe(&mut self, up: Up) -> Result<(), RouterGone> {
        match self {
            Self::Gate(_) => Ok(()),
            Self::Service { link, .. } => link.subscribe(Channel::Up(up)),
        }
    }

    /// Ends it.
    pub(crate) fn unsubscribe(&mut self, up: Up) -> Result<(), RouterGone> {
        match self {
            Self::Gate(_) => Ok(()),
            Self::Service { link, .. } => link.unsubscribe(Channel::Up(up)),
        }
    }

    /// Waits for the next message. Nothing is lost when the wait is given up.
    pub(crate) async fn next(&mut self) -> Result<Message, Broken> {
        match self {
            Self::Gate(gate) => match gate.mail.recv().await {
                Some(message) => Ok(message),
                // The seat was taken away; it says why.
                None => pending().await,
            },
            Self::Service { link, .. } => loop {
                let body = link.next().await?;
                let Some((message, number)) = unseal(body) else { continue };
                if !link.is_next(message.channel(), number) {
                    return Err(Broken::Gap);
                }
                return Ok(message);
            },
        }
    }

    /// Spends one packet. A gate that sends too many is refused; the service is told from when on
    /// it may be read again.
    pub(crate) fn pay(&mut self, now: Instant) -> Result<Option<Instant>, Cause> {
        match self {
            Self::Gate(gate) if gate.regular.may_spend(now) => Ok(None),
            Self::Gate(_) => Err(Cause::TooFast),
            Self::Service { pace, .. } => Ok(pace.spend(now)),
        }
    }

    /// Forgets the will: the client said goodbye itself.
    pub(crate) fn revoke_will(&mut self) {
        match self {
            Self::Gate(gate) => {
                if let Some(farewell) = &mut gate.farewell {
                    farewell.revoke_will();
                }
            }
            Self::Service { .. } => {}
        }
    }
}

impl GateLine {
    pub(crate) fn new(
        exchange: Arc<Exchange>,
        mail: mpsc::Receiver<Message>,
        regular: Arc<Regular>,
        farewell: Farewell,
    ) -> Self {
        Self { exchange, mail, regular, farewell: Some(farewell) }
    }
}

impl Drop for GateLine {
    fn drop(&mut self) {
        for message in self.farewell.take().into_iter().flat_map(Farewell::into_messages) {
            self.exchange.say_farewell(message);
        }
    }
}

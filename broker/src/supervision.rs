//! The broker listens to itself: its router can die while the process lives.

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tracing::error;

use crate::config::{ECHO_INTERVAL, MAX_MISSED_ECHOES};
use crate::router::{Link, Message};

/// No topic of the contract, so no client can hear or send it.
const ECHO_TOPIC: &str = "edge/echo";

/// Whether the broker moves messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It hears itself.
    Good,
    /// Its router is silent: the process should end and start anew.
    Bad,
}

/// The router moves no messages any more; only a new process helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the broker's router is silent")]
pub struct RouterSilent;

/// Sends an echo each second and returns when too many stayed out.
///
/// Missed ticks are counted rather than time: a process that was suspended was not silent.
pub(crate) async fn watch_router(mut link: Link, health: watch::Sender<Health>) -> RouterSilent {
    let echo = Message { topic: ECHO_TOPIC.to_owned(), payload: "echo".into(), qos: 0 };
    let mut gone = link.subscribe(ECHO_TOPIC).is_err();
    let mut ticks = interval(ECHO_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut missed = 0;
    while !gone && missed < MAX_MISSED_ECHOES {
        tokio::select! {
            _ = ticks.tick() => {
                // A full queue is a missed echo, not yet a death.
                let _ = link.try_publish(&echo);
                missed += 1;
            }
            heard = link.next() => match heard {
                Ok(_) => missed = 0,
                Err(_) => gone = true,
            },
        }
    }
    error!("the router is silent: missed {missed} echoes");
    health.send_replace(Health::Bad);
    RouterSilent
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router::Switch;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_dead_router_is_noticed() {
        let switch = Switch::start(2);
        let (sender, health) = watch::channel(Health::Good);
        let watching = tokio::spawn(watch_router(switch.open(None).await.unwrap(), sender));
        assert_eq!(*health.borrow(), Health::Good);
        let mut killer = switch.open(None).await.unwrap();
        let poison = Message { topic: "é".to_owned(), payload: "x".into(), qos: 0 };
        killer.publish(&poison).unwrap();
        assert_eq!(watching.await.unwrap(), RouterSilent);
        assert_eq!(*health.borrow(), Health::Bad);
    }
}

//! The Router is watched, and replaced when it is silent: it can die or hang while the process
//! lives, and then no gate could be reached.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tracing::error;

use crate::cause::Cause;
use crate::config::{MAX_REPLACEMENTS, ROUTER_WINDOW};
use crate::seats::Seats;
use crate::switch::{Exchange, Switch};

/// Whether the broker moves messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It hears itself.
    Good,
    /// Its router is silent and being replaced.
    Bad,
}

/// New routers fall silent again and again; only a new process can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the broker's router fell silent again and again")]
pub struct RouterSilent;

/// Keeps a Router at work, as long as that helps.
///
/// With a silent one all clients are sent away. They come back by themselves, and the service
/// calls the roll; nothing in a Router is worth keeping.
pub(crate) async fn keep_router(
    switch: &Switch,
    seats: &Seats,
    health: &watch::Sender<Health>,
    replaced: &AtomicU64,
) -> RouterSilent {
    let mut recent = VecDeque::new();
    loop {
        match Exchange::start().await {
            Ok((exchange, trunk)) => {
                switch.lead_to(Some(Arc::clone(&exchange)));
                trunk.carry(seats, health).await;
            }
            Err(gone) => error!("a new router does not answer: {gone}"),
        }
        health.send_replace(Health::Bad);
        // First the switch, then the clients: whoever takes a seat later looks at the switch.
        switch.lead_to(None);
        let clients = seats.end_all(Cause::Router);
        replaced.fetch_add(1, Ordering::Relaxed);
        if is_too_often(&mut recent, Instant::now()) {
            error!("the router is silent, and so were those before it: giving up");
            return RouterSilent;
        }
        error!(clients, "the router is silent: replacing it; {clients} clients have to come back");
    }
}

fn is_too_often(recent: &mut VecDeque<Instant>, now: Instant) -> bool {
    let window: Duration = ROUTER_WINDOW;
    while recent.front().is_some_and(|first| window < now - *first) {
        recent.pop_front();
    }
    recent.push_back(now);
    MAX_REPLACEMENTS < recent.len()
}

#[cfg(test)]
#[path = "supervision_tests.rs"]
mod tests;

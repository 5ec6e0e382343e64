//! What is remembered of a gate from one of its connections to the next: how fast it sends, and
//! how often somebody else came with its key.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use protocol::GateId;
use tokio::time::Instant;

use crate::config::{CONTEST_WINDOW, MAX_CONTESTS};
use crate::pace::Pace;

/// All gates that connected since the start; as many as the registry knows.
#[derive(Debug)]
pub(crate) struct Regulars {
    packets_per_second: u32,
    by_gate: Mutex<HashMap<GateId, Arc<Regular>>>,
}

/// One gate.
#[derive(Debug)]
pub(crate) struct Regular {
    pace: Mutex<Pace>,
    contests: Mutex<VecDeque<Instant>>,
}

impl Regulars {
    pub(crate) fn new(packets_per_second: u32) -> Self {
        Self { packets_per_second, by_gate: Mutex::default() }
    }

    /// What is remembered of this gate.
    pub(crate) fn recall(&self, gate: &GateId, now: Instant) -> Arc<Regular> {
        let mut by_gate = self.by_gate.lock().unwrap_or_else(PoisonError::into_inner);
        let regular = by_gate.entry(gate.clone()).or_insert_with(|| {
            let pace = Mutex::new(Pace::new(self.packets_per_second, now));
            Arc::new(Regular { pace, contests: Mutex::default() })
        });
        Arc::clone(regular)
    }
}

impl Regular {
    /// Spends one packet; false when that is too much for now.
    pub(crate) fn may_spend(&self, now: Instant) -> bool {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner).may_spend(now)
    }

    /// Notes that a connection was taken over while the other end was alive, so that two hold the
    /// key; true when that happens too often.
    ///
    /// A gate that lost its line or rebooted takes over its own old connection, too. That one
    /// answers no more, and does not count.
    pub(crate) fn is_contested(&self, now: Instant) -> bool {
        let mut contests = self.contests.lock().unwrap_or_else(PoisonError::into_inner);
        while contests.front().is_some_and(|first| CONTEST_WINDOW <= now - *first) {
            contests.pop_front();
        }
        contests.push_back(now);
        if contests.len() < MAX_CONTESTS {
            return false;
        }
        contests.clear();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_contests_in_a_minute_are_too_many_and_over_a_longer_time_they_are_not() {
        let start = Instant::now();
        let regulars = Regulars::new(20);
        let gate = regulars.recall(&GateId::parse("gate_7").unwrap(), start);
        assert!(!gate.is_contested(start));
        assert!(!gate.is_contested(start + CONTEST_WINDOW / 2));
        assert!(!gate.is_contested(start + CONTEST_WINDOW));
        assert!(gate.is_contested(start + CONTEST_WINDOW + CONTEST_WINDOW / 4));
    }

    #[test]
    fn a_gate_cannot_buy_more_packets_by_connecting_anew() {
        let now = Instant::now();
        let regulars = Regulars::new(20);
        let id = GateId::parse("gate_7").unwrap();
        assert!((0..20).all(|_| regulars.recall(&id, now).may_spend(now)));
        assert!(!regulars.recall(&id, now).may_spend(now));
        assert!(regulars.recall(&GateId::parse("gate_8").unwrap(), now).may_spend(now));
    }
}

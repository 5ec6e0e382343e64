//! What this process saw of the ways of commands that are not settled yet, in memory. Nothing
//! depends on it: it is written along when the gate's word is, or when the gate is asked or gone,
//! for who asks why a gate did not open.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::attempt::State;
use domain::{Attempt, AttemptId, Timestamp};

use crate::Attempts;
use crate::row::attempt::Hops;

/// How many commands are remembered. Those that are settled are not, so only a long outage at many
/// gates has more.
const KEPT: usize = 1024;

/// A moment on the way of a command that was claimed, seen by the service itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hop {
    /// It went to the broker.
    Published,
    /// The broker has taken it.
    Taken,
}

/// The ways of commands, the latest last.
#[derive(Default)]
pub(crate) struct Ways(Mutex<VecDeque<(AttemptId, Hops)>>);

impl Attempts {
    /// Remembers that this reservation could be read by now, so it is committed. The one who made
    /// it knows first, unless that is another process. Of what is claimed it says nothing new.
    pub fn was_seen(&self, attempt: &Attempt, at: Timestamp) {
        if attempt.state == State::Pending {
            let hops = Hops { committed_at: Some(at), ..Hops::default() };
            self.0.ways.add(attempt.id, hops);
        }
    }

    /// Remembers that a command is known to have passed a hop by now; whoever sees it first counts.
    pub fn passed(&self, id: AttemptId, hop: Hop, at: Timestamp) {
        let (at, none) = (Some(at), Hops::default());
        let hops = match hop {
            Hop::Published => Hops { published_at: at, ..none },
            Hop::Taken => Hops { taken_at: at, ..none },
        };
        self.0.ways.add(id, hops);
    }
}

impl Ways {
    /// Of two moments for one hop the earlier counts.
    fn add(&self, id: AttemptId, hops: Hops) {
        let mut ways = self.lock();
        if let Some((_, known)) = ways.iter_mut().rev().find(|(known, _)| *known == id) {
            let first = |known: Option<Timestamp>, new| known.into_iter().chain(new).min();
            known.committed_at = first(known.committed_at, hops.committed_at);
            known.published_at = first(known.published_at, hops.published_at);
            known.taken_at = first(known.taken_at, hops.taken_at);
            return;
        }
        if KEPT <= ways.len() {
            ways.pop_front();
        }
        ways.push_back((id, hops));
    }

    /// What is known of it is written.
    pub(crate) fn forget(&self, id: AttemptId) {
        self.lock().retain(|(known, _)| *known != id);
    }

    /// What is known of a command's way; nothing, if that is long ago or another process saw it.
    pub(crate) fn of(&self, id: AttemptId) -> Hops {
        let ways = self.lock();
        let known = ways.iter().rev().find(|(known, _)| *known == id);
        known.map(|(_, hops)| *hops).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(AttemptId, Hops)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(nth: usize) -> AttemptId {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&nth.to_be_bytes());
        AttemptId::from_bytes(id)
    }

    #[test]
    fn of_each_hop_the_first_who_saw_it_counts() {
        let (ways, at) = (Ways::default(), |ms| Some(Timestamp::from_millis(ms)));
        ways.add(command(1), Hops { taken_at: at(30), ..Hops::default() });
        ways.add(command(1), Hops { committed_at: at(9), published_at: at(20), ..Hops::default() });
        ways.add(command(1), Hops { committed_at: at(7), taken_at: at(90), ..Hops::default() });
        let seen =
            Hops { committed_at: at(7), published_at: at(20), taken_at: at(30), ..Hops::default() };
        assert_eq!((ways.of(command(1)), ways.of(command(2))), (seen, Hops::default()));
        ways.add(command(2), seen);
        ways.forget(command(1));
        assert_eq!((ways.of(command(1)), ways.of(command(2))), (Hops::default(), seen));
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let taken_at = Some(Timestamp::from_millis(1));
        let (ways, seen) = (Ways::default(), Hops { taken_at, ..Hops::default() });
        for nth in 0..=KEPT {
            ways.add(command(nth), seen);
        }
        assert_eq!((ways.of(command(0)), ways.of(command(1))), (Hops::default(), seen));
        assert_eq!(ways.of(command(KEPT)), seen);
    }
}

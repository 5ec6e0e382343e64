//! What the machine gives: the time and randomness. Nobody else asks it for either.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime};

use domain::{Clock, Dice, Ratchet, Timestamp};
use tracing::warn;

/// How far the machine's clock may step before somebody should look.
const ALARMING_STEP_MS: i64 = 60_000;

/// The service's clock: the machine's, but it never runs backwards while the process lives.
///
/// It counts on from its first reading with the monotonic clock, and follows the machine's clock
/// whenever that is ahead: after a suspension the machine is right, and if it is wrong, codes end
/// too early, which is the safe side. When the machine's clock steps back, it is not followed:
/// no code comes to life again and no deadline moves. A restart takes the machine's time anew.
pub(crate) struct SystemClock {
    started: Instant,
    time: Ratchet,
    left_behind: AtomicBool,
}

impl SystemClock {
    /// Starts at the machine's time.
    pub(crate) fn start() -> Self {
        let (started, time) = (Instant::now(), Ratchet::at(wall_clock()));
        Self { started, time, left_behind: AtomicBool::new(false) }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // The wall first: a pause between the two readings then only makes it look behind.
        let wall = wall_clock();
        let (time, step_ms) = self.time.read(wall, self.started.elapsed());
        if ALARMING_STEP_MS < step_ms {
            warn!(step_ms, "the machine's clock stepped ahead; followed it");
        }
        let behind = step_ms < -ALARMING_STEP_MS;
        if self.left_behind.swap(behind, Ordering::Relaxed) != behind && behind {
            warn!(step_ms, "the machine's clock stepped back; went on without it");
        }
        time
    }
}

/// The operating system's randomness.
pub(crate) struct SystemDice;

impl Dice for SystemDice {
    #[expect(clippy::disallowed_methods, reason = "the one place where randomness comes from")]
    fn roll(&self, into: &mut [u8]) {
        getrandom::fill(into).expect("the operating system has randomness");
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the time comes from")]
fn wall_clock() -> Timestamp {
    const EPOCH: Timestamp = Timestamp::from_millis(0);
    match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => EPOCH + since,
        Err(before) => EPOCH - before.duration(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_never_runs_backwards() {
        let clock = SystemClock::start();
        let mut last = clock.now();
        for _ in 0..10_000 {
            let now = clock.now();
            assert!(last <= now);
            last = now;
        }
    }

    #[test]
    fn the_dice_fall_differently() {
        let [first, second]: [[u8; 32]; 2] = [domain::roll(&SystemDice), domain::roll(&SystemDice)];
        assert_ne!(first, second);
    }
}

//! What the machine gives: the time and randomness. Nobody else asks it for either.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use domain::{Clock, Dice, Timestamp};
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
}

impl SystemClock {
    /// Starts at the machine's time.
    pub(crate) fn start() -> Self {
        Self { started: Instant::now(), time: Ratchet::at(wall_clock()) }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // The wall first: a pause between the two readings then only makes it look behind.
        let wall = wall_clock();
        let elapsed = millis(self.started.elapsed());
        Timestamp::from_millis(self.time.read(wall, elapsed))
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

/// How far the time is ahead of the monotonic count: it only grows.
struct Ratchet {
    ahead_ms: AtomicI64,
    left_behind: AtomicBool,
}

impl Ratchet {
    fn at(wall: i64) -> Self {
        Self { ahead_ms: AtomicI64::new(wall), left_behind: AtomicBool::new(false) }
    }

    fn read(&self, wall: i64, elapsed: i64) -> i64 {
        let seen = wall - elapsed;
        let before = self.ahead_ms.fetch_max(seen, Ordering::Relaxed);
        if before + ALARMING_STEP_MS < seen {
            warn!(step_ms = seen - before, "the machine's clock stepped ahead; followed it");
        }
        let behind = seen + ALARMING_STEP_MS < before;
        if self.left_behind.swap(behind, Ordering::Relaxed) != behind && behind {
            warn!(step_ms = seen - before, "the machine's clock stepped back; went on without it");
        }
        elapsed + before.max(seen)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the time comes from")]
fn wall_clock() -> i64 {
    match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => millis(since),
        Err(before) => -millis(before.duration()),
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_without_the_machines_clock() {
        let time = Ratchet::at(1_000_000);
        assert_eq!(time.read(1_000_000, 0), 1_000_000);
        assert_eq!(time.read(1_000_000, 250), 1_000_250);
    }

    #[test]
    fn a_clock_that_steps_back_is_not_followed() {
        let time = Ratchet::at(1_000_000);
        assert_eq!(time.read(1_000_500, 500), 1_000_500);
        assert_eq!(time.read(3_000, 600), 1_000_600);
        assert_eq!(time.read(-5_000_000, 700), 1_000_700);
    }

    #[test]
    fn a_clock_that_steps_ahead_is_followed_and_not_back_again() {
        let time = Ratchet::at(1_000_000);
        assert_eq!(time.read(9_000_100, 100), 9_000_100);
        assert_eq!(time.read(1_000_200, 200), 9_000_200);
        assert_eq!(time.read(9_000_300, 300), 9_000_300);
    }

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

//! Moments and randomness, as arguments: nothing in this crate reads a clock or rolls dice itself.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// A moment in milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment this many ms after 1970 (or before, when negative).
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// How long until `later`; nothing when it is not later.
    pub fn until(self, later: Self) -> Duration {
        let millis = later.0.saturating_sub(self.0);
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// Tells the time. The service has one clock, in `src/machine.rs`; tests set theirs by hand.
pub trait Clock: Send + Sync {
    /// The moment now.
    fn now(&self) -> Timestamp;
}

/// Makes a time that never runs backwards of a clock that somebody may set, and of a count that
/// nobody can: it counts on, and follows the clock only ahead.
#[derive(Debug)]
pub struct Ratchet {
    /// How far the time is ahead of the count: it only grows.
    ahead_ms: AtomicI64,
}

impl Ratchet {
    /// Starts at this time, with a count of nothing.
    pub fn at(wall: Timestamp) -> Self {
        Self { ahead_ms: AtomicI64::new(wall.as_millis()) }
    }

    /// The time, and how many ms the clock has stepped from it (back, when negative).
    pub fn read(&self, wall: Timestamp, elapsed: Duration) -> (Timestamp, i64) {
        let elapsed = millis(elapsed);
        let seen = wall.as_millis() - elapsed;
        let before = self.ahead_ms.fetch_max(seen, Ordering::Relaxed);
        (Timestamp(elapsed + before.max(seen)), seen - before)
    }
}

/// Where randomness comes from: the operating system in the service, a seed in tests.
pub trait Dice: Send + Sync {
    /// Fills all bytes with randomness.
    fn roll(&self, into: &mut [u8]);
}

/// Draws 16, 32, … random bytes.
pub fn roll<const N: usize>(dice: &dyn Dice) -> [u8; N] {
    let mut bytes = [0; N];
    dice.roll(&mut bytes);
    bytes
}

/// Draws a number below `bound`, each with the same chance.
pub fn roll_below(dice: &dyn Dice, bound: u32) -> u32 {
    // Values above the last whole multiple of `bound` would favour small results.
    let whole = u32::MAX - u32::MAX % bound;
    loop {
        let value = u32::from_be_bytes(roll(dice));
        if value < whole {
            return value % bound;
        }
    }
}

#[cfg(test)]
mod tests;

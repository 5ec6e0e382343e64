//! What a storm found out, in figures.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// How long something took, over many times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// Half of them took no longer.
    pub p50_ms: f64,
    /// Nine of ten took no longer.
    pub p90_ms: f64,
    /// All but one in a hundred took no longer.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Spread {
    /// Of these; all zero when there are none.
    pub fn of(mut took: Vec<Duration>) -> Self {
        took.sort_unstable();
        let at = |percent: usize| {
            let rank = (took.len() * percent).div_ceil(100).max(1) - 1;
            took.get(rank).map_or(0.0, |one| one.as_secs_f64() * 1e3)
        };
        Self { p50_ms: at(50), p90_ms: at(90), p99_ms: at(99), max_ms: at(100) }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { p50_ms, p90_ms, p99_ms, max_ms } = self;
        write!(f, "p50 {p50_ms:.2} ms, p90 {p90_ms:.2} ms, p99 {p99_ms:.2} ms, max {max_ms:.2} ms")
    }
}

/// How gates got in.
#[derive(Clone, Debug, Serialize)]
pub struct Rush {
    /// Those that connected and subscribed.
    pub connected: usize,
    /// Those that did not.
    pub refused: usize,
    /// Why the first of them did not.
    pub first_refusal: Option<String>,
    /// Until the last one was through.
    pub seconds: f64,
    /// Connected and subscribed, per second.
    pub per_second: f64,
    /// From TCP's connect to the SUBACK, each.
    pub each: Spread,
}

impl Rush {
    pub(crate) fn new(took: Vec<Duration>, refused: Vec<String>, span: Duration) -> Self {
        let seconds = span.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a count of gates")]
        let per_second = took.len() as f64 / seconds;
        Self {
            connected: took.len(),
            refused: refused.len(),
            first_refusal: refused.into_iter().next(),
            seconds,
            per_second,
            each: Spread::of(took),
        }
    }
}

/// What became of the messages to gates.
#[derive(Clone, Debug, Serialize)]
pub struct Traffic {
    /// Published.
    pub sent: usize,
    /// Acknowledged by the broker.
    pub acknowledged: usize,
    /// Arrived in time at their gate.
    pub arrived: usize,
    /// Arrived once more.
    pub again: usize,
    /// From the service's write to the gate's read.
    pub latency: Spread,
}

/// Messages on their way.
#[derive(Debug, Default)]
pub(crate) struct Flight {
    pub(crate) sent: usize,
    pub(crate) acknowledged: usize,
    underway: HashSet<u64>,
    took: Vec<Duration>,
    again: usize,
}

impl Flight {
    /// Takes note of a message that is about to be sent, and gives it a packet id.
    pub(crate) fn take_off(&mut self, stamp: u64) -> u16 {
        self.sent += 1;
        self.underway.insert(stamp);
        u16::try_from(self.sent % usize::from(u16::MAX)).unwrap_or(0) + 1
    }

    pub(crate) fn arrive(&mut self, stamp: u64, took: Duration) {
        if self.underway.remove(&stamp) {
            self.took.push(took);
        } else {
            self.again += 1;
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.underway.is_empty() && self.sent <= self.acknowledged
    }

    pub(crate) fn land(self) -> Traffic {
        let Self { sent, acknowledged, took, again, .. } = self;
        Traffic { sent, acknowledged, arrived: took.len(), again, latency: Spread::of(took) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_told_by_ranks() {
        let of = |count: u64| Spread::of((1..=count).rev().map(Duration::from_millis).collect());
        let told = |count| of(count).to_string();
        assert_eq!(told(200), "p50 100.00 ms, p90 180.00 ms, p99 198.00 ms, max 200.00 ms");
        assert_eq!(told(1), "p50 1.00 ms, p90 1.00 ms, p99 1.00 ms, max 1.00 ms");
        assert_eq!(of(0), Spread::default());
    }

    #[test]
    fn a_message_counts_once_however_often_it_arrives() {
        let mut flight = Flight::default();
        let ids = [7, 8, 9].map(|stamp| flight.take_off(stamp));
        flight.acknowledged = 3;
        for stamp in [7, 8, 7] {
            flight.arrive(stamp, Duration::from_millis(1));
        }
        assert!(!flight.is_over(), "one is still underway");
        let Traffic { sent, arrived, again, .. } = flight.land();
        assert_eq!((ids, sent, arrived, again), ([2, 3, 4], 3, 2, 1));
    }
}

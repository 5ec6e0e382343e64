//! What goes wrong on purpose at a simulated gate: lost, doubled and late messages, power cuts, a
//! clock that runs wrong, and what a sensor at the gate sees.
//!
//! Each decision is a pure function of the seed and of how many of its kind came before it, so the
//! same seed tells the same story, whatever the machine's pace. The simulation carries it out.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use crate::simulation::Moment;

const PPM: u32 = 1_000_000;

/// The longest that a message may be late.
pub const LONGEST_DELAY: Duration = Duration::from_mins(1);

/// All that goes wrong on purpose; nothing does by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Names the row of decisions.
    pub seed: u64,
    /// Of the messages, each way, how many get lost.
    pub loss: Share,
    /// Of the messages, each way, how many get through twice.
    pub dup: Share,
    /// How late a message is at most, each way. Nothing overtakes.
    pub delay: Duration,
    /// Of the openings, at how many the power fails.
    pub reboot: Share,
    /// How wrong the gate's clock runs.
    pub skew: Skew,
    /// What a sensor at the gate sees after a pulse; most gates have none.
    pub sensor: Option<Sensor>,
}

/// How many of all, from none to every one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    ppm: u32,
}

/// How many millionths a clock runs fast, or slow when it is negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skew {
    ppm: i32,
}

/// A sensor that tells whether the gate moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sensor {
    /// The gate moves within 0.2 to 1.5 s.
    Ok,
    /// It takes 5 to 10 s.
    Slow,
    /// It does not move; 10 s later that is certain.
    Stuck,
}

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the gate.
    Down,
    /// From the gate.
    Up,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// How often it gets through: not at all, once or twice.
    pub times: usize,
    /// How late.
    pub late: Duration,
}

/// What a sensor saw after a pulse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sensed {
    /// Whether the gate moved.
    pub moved: bool,
    /// How long after the pulse that was certain.
    pub after: Duration,
}

/// What is thrown for; each has a row of its own, so that no decision moves another.
#[derive(Clone, Copy)]
enum Throw {
    Loss(Way),
    Dup(Way),
    Delay(Way),
    Reboot,
    Moment,
    Sensor,
}

impl Faults {
    /// What becomes of the `nth` message that goes this way.
    pub fn of_message(&self, way: Way, nth: u64) -> Fate {
        let is_lost = self.falls(self.loss, Throw::Loss(way), nth);
        let is_doubled = self.falls(self.dup, Throw::Dup(way), nth);
        let times = match (is_lost, is_doubled) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => 2,
        };
        Fate { times, late: self.between(Duration::ZERO, self.delay, Throw::Delay(way), nth) }
    }

    /// When in the `nth` opening the power fails, if it does.
    pub fn of_opening(&self, nth: u64) -> Option<Moment> {
        let which = self.throw(Throw::Moment, nth) % Moment::ALL.len() as u64;
        let moment = Moment::ALL.into_iter().nth(usize::try_from(which).unwrap_or(0));
        moment.filter(|_| self.falls(self.reboot, Throw::Reboot, nth))
    }

    /// What the sensor sees after the `nth` opening, where there is one.
    pub fn sensed(&self, nth: u64) -> Option<Sensed> {
        let (moved, from_ms, to_ms) = match self.sensor? {
            Sensor::Ok => (true, 200, 1_500),
            Sensor::Slow => (true, 5_000, 10_000),
            Sensor::Stuck => (false, 10_000, 10_000),
        };
        let [from, to] = [from_ms, to_ms].map(Duration::from_millis);
        Some(Sensed { moved, after: self.between(from, to, Throw::Sensor, nth) })
    }

    fn falls(&self, share: Share, throw: Throw, nth: u64) -> bool {
        self.throw(throw, nth) % u64::from(PPM) < u64::from(share.ppm)
    }

    /// In whole milliseconds, so that it reads well.
    fn between(&self, from: Duration, to: Duration, throw: Throw, nth: u64) -> Duration {
        let width = u64::try_from(to.saturating_sub(from).as_millis()).unwrap_or(u64::MAX - 1);
        from + Duration::from_millis(self.throw(throw, nth) % (width + 1))
    }

    fn throw(&self, throw: Throw, nth: u64) -> u64 {
        let row = match throw {
            Throw::Loss(Way::Down) => 1,
            Throw::Loss(Way::Up) => 2,
            Throw::Dup(Way::Down) => 3,
            Throw::Dup(Way::Up) => 4,
            Throw::Delay(Way::Down) => 5,
            Throw::Delay(Way::Up) => 6,
            Throw::Reboot => 7,
            Throw::Moment => 8,
            Throw::Sensor => 9,
        };
        mix(mix(mix(self.seed) ^ row) ^ nth)
    }
}

/// One step of splitmix64: each bit of the answer hangs on each bit of the question.
fn mix(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, loss, dup, delay, reboot, skew, sensor } = self;
        let sensor = sensor.map_or("none", Sensor::as_str);
        write!(
            f,
            "seed {seed}: loss {loss}, dup {dup}, delay {} ms, reboot {reboot}, skew {} ppm, \
             sensor {sensor}",
            delay.as_millis(),
            skew.ppm
        )
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", f64::from(self.ppm) * 100.0 / f64::from(PPM))
    }
}

impl FromStr for Share {
    type Err = &'static str;

    /// Reads a percentage with at most four decimals.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "expected a percentage from 0 to 100, like 5 or 0.5";
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !are_digits(whole) || !are_digits(decimals) || 4 < decimals.len() {
            return Err(wrong);
        }
        let whole: u32 = whole.parse().map_err(|_| wrong)?;
        let decimals: u32 = format!("{decimals:0<4}").parse().map_err(|_| wrong)?;
        let ppm = whole.checked_mul(PPM / 100).and_then(|ppm| ppm.checked_add(decimals));
        ppm.filter(|ppm| *ppm <= PPM).map(|ppm| Self { ppm }).ok_or(wrong)
    }
}

impl Skew {
    /// From half the speed to one and a half.
    pub const RANGE: std::ops::RangeInclusive<i32> = -500_000..=500_000;

    /// A clock that runs so many millionths fast; nothing outside [`Self::RANGE`].
    pub fn new(ppm: i32) -> Option<Self> {
        Self::RANGE.contains(&ppm).then_some(Self { ppm })
    }

    /// What such a clock shows after a true time.
    pub fn shows(self, elapsed: Duration) -> Duration {
        scaled(elapsed, self.pace(), PPM)
    }

    /// The true time after which it shows so much; rather a moment later than too early.
    pub fn after(self, shown: Duration) -> Duration {
        scaled(shown, PPM, self.pace()) + Duration::from_nanos(2)
    }

    fn pace(self) -> u32 {
        PPM.saturating_add_signed(self.ppm)
    }
}

fn scaled(span: Duration, by: u32, of: u32) -> Duration {
    let nanos = span.as_nanos() * u128::from(by) / u128::from(of.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

impl Sensor {
    /// Its name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Slow => "slow",
            Self::Stuck => "stuck",
        }
    }
}

impl FromStr for Sensor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Ok, Self::Slow, Self::Stuck];
        let named = all.into_iter().find(|sensor| sensor.as_str() == text);
        named.ok_or("expected ok, slow or stuck")
    }
}

/// Things that come later, in the order in which they were put here.
#[derive(Debug)]
pub(crate) struct Later<T>(VecDeque<(Instant, T)>);

impl<T> Default for Later<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Later<T> {
    /// Puts it behind all that is here already; it comes no earlier than that.
    pub(crate) fn put(&mut self, what: T, due: Instant) {
        let last = self.0.back().map_or(due, |(last, _)| *last);
        self.0.push_back((due.max(last), what));
    }

    /// When the next comes.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.0.front().map(|(due, _)| *due)
    }

    /// The next, if it is due by now.
    pub(crate) fn take(&mut self, now: Instant) -> Option<T> {
        self.0.pop_front_if(|(due, _)| *due <= now).map(|(_, what)| what)
    }

    /// All of it, due or not.
    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = T> {
        self.0.drain(..).map(|(_, what)| what)
    }
}

#[cfg(test)]
mod tests;

//! Access that an owner gives to other people: of which type, when it holds, and what it allows.
//!
//! Whether access holds is a comparison with `now`, made each time that somebody asks; nothing
//! ends because a timer rang. Days and hours are those of the clock on the wall at the device, so
//! a night on which the clocks change is as long as that clock says.

use std::fmt;
use std::time::Duration;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

use crate::Timestamp;

/// How long it is still told who had access that has ended by itself.
pub const KEPT_AFTER_END: Duration = Duration::from_hours(30 * 24);

/// Which access somebody has, and when (F03).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Always; may invite anybody and administer the device, but for what is its owner's alone.
    Full,
    /// Always; may invite guests for short times, within the tenant settings (F06).
    Tenant,
    /// Always.
    Always,
    /// On some days of the week, at some hours.
    Repeat(Times),
    /// From one moment until another; then it has ended by itself.
    Temporary(Stay),
}

/// What one person was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Of which type.
    pub access: Access,
    /// The one grant beside the type (X4): may create, list and revoke one-time codes.
    pub one_time_access: bool,
    /// May open by way of the service, from wherever they are.
    pub wifi: bool,
}

impl Share {
    /// What somebody has with whom a device is just shared.
    pub const ALWAYS: Self = Self { access: Access::Always, one_time_access: false, wifi: true };
}

/// Whether access holds at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// It does.
    Now,
    /// Not now, but from this moment on, where it is known.
    From(Option<Timestamp>),
    /// Not any more.
    Ended,
}

impl Access {
    /// The word by which the database and the API know the type.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Tenant => "tenant",
            Self::Always => "always",
            Self::Repeat(_) => "repeat",
            Self::Temporary(_) => "temporary",
        }
    }

    /// Whether it holds. The zone is that of the device; without one no hour is known, and what
    /// goes by hours does not hold.
    pub fn holds(&self, zone: Option<&TimeZone>, now: Timestamp) -> Holds {
        match (self, zone) {
            (Self::Full | Self::Tenant | Self::Always, _) => Holds::Now,
            (Self::Repeat(times), Some(zone)) if times.hold(zone, now) => Holds::Now,
            (Self::Repeat(times), Some(zone)) => Holds::From(times.next(zone, now)),
            (Self::Repeat(_), None) => Holds::From(None),
            (Self::Temporary(stay), _) => stay.holds(now),
        }
    }
}

/// From one moment until another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay {
    from: Timestamp,
    until: Timestamp,
}

impl Stay {
    /// Takes two moments, the first before the second.
    pub fn new(from: Timestamp, until: Timestamp) -> Result<Self, InvalidStay> {
        if from < until { Ok(Self { from, until }) } else { Err(InvalidStay) }
    }

    /// The first moment.
    pub fn from(self) -> Timestamp {
        self.from
    }

    /// The first moment after it.
    pub fn until(self) -> Timestamp {
        self.until
    }

    /// How long it is.
    pub fn span(self) -> Duration {
        self.from.until(self.until)
    }

    fn holds(self, now: Timestamp) -> Holds {
        if now < self.from {
            Holds::From(Some(self.from))
        } else if now < self.until {
            Holds::Now
        } else {
            Holds::Ended
        }
    }
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are called what they are")]
pub enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Day {
    /// All days of a week.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// The word by which the API knows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Monday => "monday",
            Self::Tuesday => "tuesday",
            Self::Wednesday => "wednesday",
            Self::Thursday => "thursday",
            Self::Friday => "friday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }

    /// Reads the word back.
    pub fn parse(word: &str) -> Result<Self, InvalidTimes> {
        Self::ALL.into_iter().find(|day| day.as_str() == word).ok_or(InvalidTimes)
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// A minute on the clock on the wall, from `00:00` to `23:59`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minute(u16);

impl Minute {
    /// Takes a number of minutes since midnight.
    pub fn of_day(minutes: u16) -> Result<Self, InvalidTimes> {
        if minutes < DAY { Ok(Self(minutes)) } else { Err(InvalidTimes) }
    }

    /// Reads `08:30`.
    pub fn parse(text: &str) -> Result<Self, InvalidTimes> {
        let digits = |text: &str| match text.as_bytes() {
            [a @ b'0'..=b'9', b @ b'0'..=b'9'] => {
                Ok(u16::from(a - b'0') * 10 + u16::from(b - b'0'))
            }
            _ => Err(InvalidTimes),
        };
        let (hours, minutes) = text.split_once(':').ok_or(InvalidTimes)?;
        let minutes = Some(digits(minutes)?).filter(|minutes| *minutes < 60).ok_or(InvalidTimes)?;
        Self::of_day(digits(hours)? * 60 + minutes)
    }

    /// Minutes since midnight.
    pub fn as_number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// Days of the week with hours, by the clock on the wall. Hours that end when they begin or before
/// go on into the next day: from 22:00 until 06:00, or all round the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// A bit a day, Monday the lowest.
    days: u8,
    from: Minute,
    until: Minute,
}

impl Times {
    /// Takes at least one day, and from when to when.
    pub fn new(days: &[Day], from: Minute, until: Minute) -> Result<Self, InvalidTimes> {
        Self::of_bits(days.iter().fold(0, |bits, day| bits | day.bit()), from, until)
    }

    /// The same with the days as bits, Monday the lowest.
    pub fn of_bits(days: u8, from: Minute, until: Minute) -> Result<Self, InvalidTimes> {
        if (1..1 << 7).contains(&days) { Ok(Self { days, from, until }) } else { Err(InvalidTimes) }
    }

    /// The days on which the hours begin.
    pub fn days(self) -> impl Iterator<Item = Day> {
        Day::ALL.into_iter().filter(move |day| self.days & day.bit() != 0)
    }

    /// The days as bits, Monday the lowest.
    pub fn bits(self) -> u8 {
        self.days
    }

    /// When the hours begin.
    pub fn from(self) -> Minute {
        self.from
    }

    /// When they end, on that day or the next.
    pub fn until(self) -> Minute {
        self.until
    }

    fn hold(self, zone: &TimeZone, now: Timestamp) -> bool {
        let Some(now) = instant(now) else { return false };
        let wall = zone.to_datetime(now);
        let minute = u16::from(wall.hour().unsigned_abs()) * 60;
        let minute = minute + u16::from(wall.minute().unsigned_abs());
        let (from, length) = (self.from.0, self.length());
        let began_today = from <= minute && minute < from + length;
        let began_yesterday = minute + DAY < from + length;
        let (today, yesterday) = (wall.weekday(), wall.weekday().previous());
        (began_today && self.has(today)) || (began_yesterday && self.has(yesterday))
    }

    /// The next moment from which on they hold, if they do not hold now: the hours begin on some
    /// day, or the clocks change into the middle of them.
    fn next(self, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
        let (begin, week) = (instant(now)?, Span::new().days(8));
        let today = zone.to_datetime(begin).date();
        let mut moments = Vec::new();
        for days in 0..=8 {
            moments.extend(self.beginnings(zone, today.checked_add(days.days()).ok()?));
        }
        let end = zone.to_datetime(begin).checked_add(week).ok()?;
        let end = zone.to_timestamp(end).ok()?;
        let changes = zone.following(begin).map(|change| change.timestamp());
        moments.extend(changes.take_while(|change| *change < end));
        let moments = moments.into_iter().map(|at| Timestamp::from_millis(at.as_millisecond()));
        moments.filter(|at| now < *at && self.hold(zone, *at)).min()
    }

    /// When the hours of a day begin: twice, where the clock is set back over it.
    fn beginnings(self, zone: &TimeZone, day: Date) -> impl Iterator<Item = jiff::Timestamp> {
        let from = day.at(
            i8::try_from(self.from.0 / 60).unwrap_or_default(),
            i8::try_from(self.from.0 % 60).unwrap_or_default(),
            0,
            0,
        );
        let moment = zone.to_ambiguous_timestamp(from);
        [moment.earlier(), moment.later()].into_iter().filter_map(Result::ok)
    }

    fn length(self) -> u16 {
        (DAY + self.until.0 - self.from.0 - 1) % DAY + 1
    }

    fn has(self, day: Weekday) -> bool {
        self.days & (1 << day.to_monday_zero_offset().unsigned_abs()) != 0
    }
}

fn instant(at: Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_millisecond(at.as_millis()).ok()
}

/// How long a guest whom a tenant invites may come at most, and how many at once (F09). Both hold
/// for all tenants of a device, from the moment they are saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TenantSettings {
    /// How long.
    pub longest: LongestStay,
    /// How many.
    pub at_once: MaxInvitations,
}

impl Default for TenantSettings {
    /// Half a day and ten, as codes have it.
    fn default() -> Self {
        Self { longest: LongestStay { minutes: 12 * 60 }, at_once: MaxInvitations(10) }
    }
}

impl TenantSettings {
    /// Lets a tenant with so many invitations make one more, or says why not.
    pub fn admit(&self, stay: Stay, active: u32) -> Result<(), TooMuch> {
        if self.longest.span() < stay.span() {
            return Err(TooMuch::Time);
        }
        if self.at_once.count() <= active { Err(TooMuch::Invitations) } else { Ok(()) }
    }
}

/// What a tenant's invitation would be too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooMuch {
    /// It is longer than the owner allows.
    Time,
    /// As many as the owner allows are active.
    Invitations,
}

/// From 15 minutes to three days, in whole minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongestStay {
    minutes: u16,
}

impl LongestStay {
    /// The shortest on offer.
    pub const MIN_MINUTES: u16 = 15;
    /// The longest on offer.
    pub const MAX_MINUTES: u16 = 3 * 24 * 60;

    /// Takes whole minutes.
    pub fn from_minutes(minutes: u32) -> Result<Self, InvalidLongestStay> {
        match u16::try_from(minutes) {
            Ok(minutes) if (Self::MIN_MINUTES..=Self::MAX_MINUTES).contains(&minutes) => {
                Ok(Self { minutes })
            }
            Ok(_) | Err(_) => Err(InvalidLongestStay),
        }
    }

    /// The whole minutes.
    pub fn minutes(self) -> u16 {
        self.minutes
    }

    /// The same as a span of real time.
    pub fn span(self) -> Duration {
        Duration::from_secs(60 * u64::from(self.minutes))
    }
}

/// From 1 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxInvitations(u8);

impl MaxInvitations {
    /// The most on offer.
    pub const MOST: u8 = 100;

    /// Takes a number.
    pub fn new(count: u32) -> Result<Self, InvalidMaxInvitations> {
        match u8::try_from(count) {
            Ok(count) if (1..=Self::MOST).contains(&count) => Ok(Self(count)),
            Ok(_) | Err(_) => Err(InvalidMaxInvitations),
        }
    }

    /// The number.
    pub fn count(self) -> u32 {
        u32::from(self.0)
    }
}

/// Not from one moment until a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a moment after the one from which it holds")]
pub struct InvalidStay;

/// Not days of a week with hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected at least one day of the week, and times like 08:30")]
pub struct InvalidTimes;

/// Not a length on offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected whole minutes from 15 to 4320")]
pub struct InvalidLongestStay;

/// Not a number on offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a number from 1 to 100")]
pub struct InvalidMaxInvitations;

#[cfg(test)]
mod tests;

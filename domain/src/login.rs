//! Signing in by phone and one-time pin: how often, how long, and what a session is.
//!
//! What is *absent* here: how a pin is kept (an HMAC, in `store`) and how it is delivered
//! (`api/src/courier`).

use std::time::Duration;

use crate::Timestamp;

/// How long a pin holds (ASVS 6.5.5).
pub const OTP_LIFETIME: Duration = Duration::from_mins(10);

/// Wrong pins one login takes.
pub const MAX_TRIES: u32 = 5;

/// Pins sent to one number within [`SEND_WINDOW`], and within a day.
pub const MAX_SENDS: (usize, usize) = (3, 8);

/// The short window of [`MAX_SENDS`].
pub const SEND_WINDOW: Duration = Duration::from_mins(10);

/// The long window of [`MAX_SENDS`].
pub const SEND_DAY: Duration = Duration::from_hours(24);

/// The pause after the first and the second pin; after the third it is [`SEND_WINDOW`].
pub const RESEND_PAUSE: [Duration; 2] = [Duration::from_secs(30), Duration::from_mins(1)];

/// From this many wrong pins in a row on, a number waits: 30 s, doubling to an hour.
pub const FAILURES_BEFORE_WAIT: u32 = 10;

/// The longest of these waits.
pub const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// At this many wrong pins in a row no pin helps any more: the number must be bound anew (NIST
/// 800-63B).
pub const MAX_FAILURES: u32 = 100;

/// How long a fresh pin covers what an old sign-in does not.
pub const STEP_UP_LIFETIME: Duration = Duration::from_mins(5);

/// So long after a sign-in the number of an account that is not new stays what it is: whoever took
/// the number (a swapped SIM) cannot take the account away at once.
pub const NUMBER_HOLD: Duration = Duration::from_hours(24);

/// How long sessions live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLife {
    /// One that is not used this long ends.
    pub idle: Duration,
    /// It ends after this long in any case.
    pub total: Duration,
}

impl Default for SessionLife {
    fn default() -> Self {
        Self::USUAL
    }
}

/// How a pin reaches its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// The default (A03).
    Whatsapp,
    /// A text message.
    Sms,
}

/// What kind of client signs in; each displaces the other (A08).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// The phone app.
    App,
    /// The owner's console in a browser.
    Dashboard,
}

/// One login under way: a pin was sent, and whoever asked for it may try it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Login {
    /// The pin holds while `now < expires_at`.
    pub expires_at: Timestamp,
    /// Wrong pins and codes so far.
    pub tries: u32,
    /// Set when the pin was right and the second factor is to follow.
    pub proved_at: Option<Timestamp>,
    /// Set when it ended: by success, or because a newer login took its place.
    pub ended_at: Option<Timestamp>,
}

/// What is remembered of a number across logins, so that new pins refill nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// Wrong pins since the last right one.
    pub in_a_row: u32,
    /// No pin is looked at before this.
    pub wait_until: Option<Timestamp>,
}

/// Why a pin is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Wrong, used, or of a login that a newer one replaced.
    #[error("the pin is not valid")]
    Invalid,
    /// Right, but the account has a second factor: its code is to follow.
    #[error("the second factor is to follow")]
    SecondFactorNeeded,
    /// Its ten minutes are over.
    #[error("the pin has expired")]
    Expired,
    /// Five wrong pins: this login is over, a new one is needed.
    #[error("too many wrong pins")]
    TooMany,
    /// Too many wrong pins for this number: a pause.
    #[error("too many wrong pins for this number")]
    Wait {
        /// The end of the pause; none when the number must be bound anew.
        until: Option<Timestamp>,
    },
}

impl Login {
    /// A login whose pin goes out now.
    pub fn begin(now: Timestamp) -> Self {
        Self { expires_at: now + OTP_LIFETIME, tries: 0, proved_at: None, ended_at: None }
    }

    /// What a login is taken for that nobody knows: so that it takes as long to refuse as another.
    pub fn over(now: Timestamp) -> Self {
        Self { ended_at: Some(now), ..Self::begin(now) }
    }

    /// Takes a new pin; the old one is void, the tries are kept.
    pub fn renew(&mut self, now: Timestamp) -> Result<(), Refusal> {
        if self.ended_at.is_some() || self.proved_at.is_some() {
            return Err(Refusal::Invalid);
        }
        if MAX_TRIES <= self.tries {
            return Err(Refusal::TooMany);
        }
        self.expires_at = now + OTP_LIFETIME;
        Ok(())
    }

    /// Judges one pin. Save login and failures after a refusal too.
    pub fn submit(
        &mut self,
        right: bool,
        failures: &mut Failures,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.judge(right && self.proved_at.is_none(), failures, now)?;
        *failures = Failures::default();
        self.ended_at = Some(now);
        Ok(())
    }

    /// Judges one pin of an account with a second factor. The right one forgives no failures: they
    /// count until both factors were right.
    pub fn submit_first(
        &mut self,
        right: bool,
        failures: &mut Failures,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.judge(right && self.proved_at.is_none(), failures, now)?;
        self.proved_at = Some(now);
        self.expires_at = now + OTP_LIFETIME;
        Err(Refusal::SecondFactorNeeded)
    }

    /// Judges one code of the second factor, after the pin.
    pub fn submit_second(
        &mut self,
        right: bool,
        failures: &mut Failures,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.judge(right && self.proved_at.is_some(), failures, now)?;
        *failures = Failures::default();
        self.ended_at = Some(now);
        Ok(())
    }

    fn judge(
        &mut self,
        right: bool,
        failures: &mut Failures,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if self.ended_at.is_some() {
            return Err(Refusal::Invalid);
        }
        if MAX_TRIES <= self.tries {
            return Err(Refusal::TooMany);
        }
        if self.expires_at <= now {
            return Err(Refusal::Expired);
        }
        failures.may_try(now)?;
        if right {
            return Ok(());
        }
        self.tries += 1;
        failures.count_one(now);
        if self.tries == MAX_TRIES { Err(Refusal::TooMany) } else { Err(Refusal::Invalid) }
    }
}

impl Failures {
    /// Judges one try beside any login. Save the failures after a refusal too.
    pub fn submit(&mut self, right: bool, now: Timestamp) -> Result<(), Refusal> {
        self.may_try(now)?;
        if right {
            *self = Self::default();
            return Ok(());
        }
        self.count_one(now);
        Err(Refusal::Invalid)
    }

    fn may_try(&self, now: Timestamp) -> Result<(), Refusal> {
        if MAX_FAILURES <= self.in_a_row {
            return Err(Refusal::Wait { until: None });
        }
        match self.wait_until.filter(|until| now < *until) {
            Some(until) => Err(Refusal::Wait { until: Some(until) }),
            None => Ok(()),
        }
    }

    fn count_one(&mut self, now: Timestamp) {
        self.in_a_row += 1;
        if let Some(beyond) = self.in_a_row.checked_sub(FAILURES_BEFORE_WAIT) {
            let doublings = beyond.min(7);
            let pause = Duration::from_secs(30 << doublings).min(LONGEST_WAIT);
            self.wait_until = Some(now + pause);
        }
    }
}

/// When the next pin may go to a number that was sent pins at these moments: `now`, or later.
///
/// `unanswered` are those after the last successful login: somebody who signs in is no flood, so
/// only they are paused. The day's cap counts all. Both are newest first.
pub fn next_send(unanswered: &[Timestamp], in_a_day: &[Timestamp], now: Timestamp) -> Timestamp {
    let recent = unanswered.iter().filter(|at| now < **at + SEND_WINDOW).count();
    let paused = match (recent, unanswered.first()) {
        (1.., Some(last)) if recent < MAX_SENDS.0 => *last + RESEND_PAUSE[recent - 1],
        (1.., _) => unanswered[MAX_SENDS.0 - 1] + SEND_WINDOW,
        (0, _) => now,
    };
    let capped = in_a_day.get(MAX_SENDS.1 - 1).map_or(now, |eighth| *eighth + SEND_DAY);
    paused.max(capped).max(now)
}

/// A pin that counts, and the way it went, where that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// When it went out.
    pub at: Timestamp,
    /// Which way.
    pub by: Option<Channel>,
    /// Whether its provider did not say if it took it.
    pub is_silent: bool,
}

/// Whether a pin may go out without a pause, because nobody knows what became of the last one and
/// the user takes the other channel (A13). Once: of two that are silent the second waits. The caps
/// of [`MAX_SENDS`] count all. `unanswered` is newest first, as in [`next_send`].
pub fn may_switch(unanswered: &[Sent], in_a_day: usize, to: Channel, now: Timestamp) -> bool {
    let recent = unanswered.iter().filter(|pin| now < pin.at + SEND_WINDOW);
    let (silent, spoken): (Vec<&Sent>, Vec<_>) = recent.partition(|pin| pin.is_silent);
    let is_last = |pin: &Sent| spoken.iter().all(|other| other.at < pin.at);
    match silent.as_slice() {
        [last] => {
            last.by.is_some_and(|by| by != to)
                && is_last(last)
                && spoken.len() + 1 < MAX_SENDS.0
                && in_a_day < MAX_SENDS.1
        }
        _ => false,
    }
}

impl SessionLife {
    /// Ninety days and a year, unless it is set otherwise.
    pub const USUAL: Self =
        Self { idle: Duration::from_hours(90 * 24), total: Duration::from_hours(365 * 24) };

    /// Whether a session still holds, by its two clocks.
    pub fn holds(self, started_at: Timestamp, last_seen_at: Timestamp, now: Timestamp) -> bool {
        now < last_seen_at + self.idle && now < started_at + self.total
    }
}

/// Whether a session was proved by a fresh pin not long ago.
pub fn is_stepped_up(stepped_up_at: Option<Timestamp>, now: Timestamp) -> bool {
    stepped_up_at.is_some_and(|at| now < at + STEP_UP_LIFETIME)
}

/// From when on a session that started then may change the number of its account; at once in the
/// first session of all, which has taken nothing from anybody.
pub fn may_change_number_at(started_at: Timestamp, is_first: bool) -> Timestamp {
    if is_first { started_at } else { started_at + NUMBER_HOLD }
}

impl Channel {
    /// All channels, the usual one first.
    pub const ALL: [Self; 2] = [Self::Whatsapp, Self::Sms];

    /// The word in requests and rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whatsapp => "whatsapp",
            Self::Sms => "sms",
        }
    }
}

impl Client {
    /// The word in requests and rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Dashboard => "dashboard",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_millis(1_000_000_000);

    fn after(seconds: u64) -> Timestamp {
        NOON + Duration::from_secs(seconds)
    }

    #[test]
    fn a_pin_works_once_and_until_its_last_millisecond() {
        let mut failures = Failures::default();
        let last = Timestamp::from_millis(after(600).as_millis() - 1);
        let mut login = Login::begin(NOON);
        assert_eq!(login.submit(true, &mut failures, last), Ok(()));
        assert_eq!(login.submit(true, &mut failures, last), Err(Refusal::Invalid));
        let mut late = Login::begin(NOON);
        assert_eq!(late.submit(true, &mut failures, after(600)), Err(Refusal::Expired));
    }

    #[test]
    fn the_fifth_wrong_pin_ends_the_login_even_for_the_right_one() {
        let (mut login, mut failures) = (Login::begin(NOON), Failures::default());
        for _ in 0..4 {
            assert_eq!(login.submit(false, &mut failures, NOON), Err(Refusal::Invalid));
        }
        assert_eq!(login.submit(false, &mut failures, NOON), Err(Refusal::TooMany));
        assert_eq!(login.submit(true, &mut failures, NOON), Err(Refusal::TooMany));
        assert_eq!(login.renew(NOON), Err(Refusal::TooMany));
    }

    #[test]
    fn new_logins_do_not_refill_the_tries_of_a_number() {
        let mut failures = Failures::default();
        for _ in 0..2 {
            let mut login = Login::begin(NOON);
            for _ in 0..5 {
                let _ = login.submit(false, &mut failures, NOON);
            }
        }
        let until = Some(after(30));
        let mut next = Login::begin(NOON);
        assert_eq!(next.submit(true, &mut failures, NOON), Err(Refusal::Wait { until }));
        assert_eq!(next.submit(true, &mut failures, after(30)), Ok(()));
        assert_eq!(failures, Failures::default());
    }

    #[test]
    fn a_login_that_nobody_knows_takes_no_pin_and_sends_none() {
        let (mut over, mut failures) = (Login::over(NOON), Failures::default());
        assert_eq!(over.submit(true, &mut failures, NOON), Err(Refusal::Invalid));
        assert_eq!(over.renew(NOON), Err(Refusal::Invalid));
    }

    #[test]
    fn tries_beside_a_login_are_counted_with_those_of_logins() {
        let mut failures = Failures::default();
        for _ in 0..9 {
            assert_eq!(failures.submit(false, NOON), Err(Refusal::Invalid));
        }
        assert_eq!(failures.clone().submit(true, NOON), Ok(()));
        assert_eq!(failures.submit(false, NOON), Err(Refusal::Invalid));
        let wait = Err(Refusal::Wait { until: Some(after(30)) });
        assert_eq!(failures.submit(true, NOON), wait);
        assert_eq!(Login::begin(NOON).submit(true, &mut failures, NOON), wait);
        assert_eq!(failures.submit(true, after(30)), Ok(()));
        assert_eq!(failures, Failures::default());
    }

    #[test]
    fn a_right_pin_before_a_second_factor_signs_nobody_in_and_forgives_nothing() {
        let (mut login, mut failures) = (Login::begin(NOON), Failures::default());
        let wrong = Err(Refusal::Invalid);
        assert_eq!(login.submit_first(false, &mut failures, NOON), wrong);
        assert_eq!(login.submit_second(true, &mut failures, NOON), wrong, "the pin comes first");
        let needed = Err(Refusal::SecondFactorNeeded);
        assert_eq!(login.submit_first(true, &mut failures, NOON), needed);
        assert_eq!((login.ended_at, failures.in_a_row), (None, 2));
        assert_eq!(login.renew(NOON), wrong);
        assert_eq!(login.submit(true, &mut failures, NOON), wrong, "a pin works once");
        assert_eq!(login.submit_second(false, &mut failures, NOON), wrong);
        let mut last = login;
        assert_eq!(last.submit_second(false, &mut failures.clone(), NOON), Err(Refusal::TooMany));
        assert_eq!(last.submit_second(true, &mut failures.clone(), NOON), Err(Refusal::TooMany));
        assert_eq!(login.submit_second(true, &mut failures, NOON), Ok(()));
        assert_eq!((login.ended_at, failures), (Some(NOON), Failures::default()));
        assert_eq!(login.submit_second(true, &mut failures, NOON), wrong, "and so does a code");
    }

    #[test]
    fn the_second_factor_has_ten_minutes_after_the_pin() {
        let (mut login, mut failures) = (Login::begin(NOON), Failures::default());
        let _ = login.submit_first(true, &mut failures, after(599));
        assert_eq!(login.submit_second(true, &mut failures, after(1199)), Err(Refusal::Expired));
        assert_eq!(login.submit_second(true, &mut failures, after(1198)), Ok(()));
    }

    #[test]
    fn a_number_with_100_wrong_pins_in_a_row_must_be_bound_anew() {
        let (mut failures, mut now) = (Failures::default(), NOON);
        for _ in 0..100 {
            let mut login = Login::begin(now);
            assert_eq!(login.submit(false, &mut failures, now), Err(Refusal::Invalid));
            now = now + Duration::from_hours(1);
        }
        let mut login = Login::begin(now);
        assert_eq!(login.submit(true, &mut failures, now), Err(Refusal::Wait { until: None }));
    }

    #[test]
    fn a_new_pin_has_its_own_ten_minutes() {
        let (mut login, mut failures) = (Login::begin(NOON), Failures::default());
        assert_eq!(login.renew(after(300)), Ok(()));
        assert_eq!(login.clone().submit(true, &mut failures, after(899)), Ok(()));
        assert_eq!(login.submit(true, &mut failures, after(900)), Err(Refusal::Expired));
    }

    #[test]
    fn each_wrong_pin_after_the_tenth_doubles_the_wait_up_to_an_hour() {
        let mut failures = Failures { in_a_row: 9, wait_until: None };
        let mut waits = Vec::new();
        for _ in 0..10 {
            failures.count_one(NOON);
            waits.push(NOON.until(failures.wait_until.unwrap()).as_secs());
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
    }

    #[test]
    fn the_words_for_channels_and_clients_in_the_books_are_kept() {
        assert_eq!([Channel::Whatsapp, Channel::Sms].map(Channel::as_str), ["whatsapp", "sms"]);
        assert_eq!([Client::App, Client::Dashboard].map(Client::as_str), ["app", "dashboard"]);
    }

    #[test]
    fn pins_are_paced_by_30_and_60_seconds_and_stop_at_three() {
        let next = |sent: &[Timestamp], now| next_send(sent, sent, now);
        assert_eq!(next(&[], NOON), NOON);
        assert_eq!(next(&[NOON], after(29)), after(30));
        assert_eq!(next(&[NOON], after(30)), after(30));
        assert_eq!(next(&[after(30), NOON], after(60)), after(90));
        let three = [after(90), after(30), NOON];
        assert_eq!(next(&three, after(300)), after(600));
        assert_eq!(next(&three, after(600)), after(600));
    }

    #[test]
    fn eight_pins_a_day_are_enough() {
        let hourly: Vec<Timestamp> = (0..8).rev().map(|hour| after(hour * 3600)).collect();
        assert_eq!(next_send(&[], &hourly, after(8 * 3600)), after(24 * 3600));
        assert_eq!(next_send(&[], &hourly[1..], after(8 * 3600)), after(8 * 3600));
    }

    #[test]
    fn after_a_silent_pin_the_other_channel_may_be_taken_once_without_a_pause() {
        use Channel::{Sms, Whatsapp};
        let pin = |at, by, is_silent| Sent { at: after(at), by: Some(by), is_silent };
        let silent = pin(0, Whatsapp, true);
        assert!(may_switch(&[silent], 1, Sms, after(9)));
        assert!(!may_switch(&[silent], 1, Whatsapp, after(9)), "the same way waits");
        assert!(!may_switch(&[pin(0, Whatsapp, false)], 1, Sms, after(9)), "that one went out");
        assert!(!may_switch(&[Sent { by: None, ..silent }], 1, Sms, after(9)));
        for second in [pin(9, Sms, true), pin(9, Sms, false)] {
            let sent = [second, silent];
            assert!(!may_switch(&sent, 2, Sms, after(10)));
            assert!(!may_switch(&sent, 2, Whatsapp, after(10)), "once: {second:?}");
        }
        let third = [pin(100, Whatsapp, true), pin(40, Sms, false)];
        assert!(may_switch(&third, 2, Sms, after(101)));
        let capped = [third[0], third[1], pin(1, Sms, false)];
        assert!(!may_switch(&capped, 3, Sms, after(101)), "three in ten minutes are enough");
        assert!(!may_switch(&[silent], 8, Sms, after(9)), "and eight a day");
        assert!(may_switch(&[silent], 1, Sms, after(599)));
        assert!(!may_switch(&[silent], 1, Sms, after(600)), "there is no pause to pass over");
        let at_once = [pin(9, Whatsapp, true), pin(9, Sms, false)];
        assert!(!may_switch(&at_once, 2, Sms, after(10)), "nobody knows which was the last");
    }

    #[test]
    fn a_session_ends_when_unused_or_old() {
        let day = |n: u64| NOON + Duration::from_secs(n * 86_400);
        let usual = SessionLife::USUAL;
        assert!(usual.holds(NOON, day(60), day(149)));
        assert!(!usual.holds(NOON, day(60), day(150)));
        assert!(usual.holds(NOON, day(364), day(364)));
        assert!(!usual.holds(NOON, day(364), day(365)));
        let short = SessionLife { idle: Duration::from_hours(24), ..usual };
        assert!(short.holds(NOON, NOON, after(86_399)) && !short.holds(NOON, NOON, day(1)));
    }

    #[test]
    fn a_fresh_pin_covers_five_minutes() {
        assert!(!is_stepped_up(None, NOON));
        assert!(is_stepped_up(Some(NOON), after(299)) && !is_stepped_up(Some(NOON), after(300)));
    }

    #[test]
    fn a_number_stays_for_a_day_after_a_sign_in_that_is_not_the_first() {
        assert_eq!(may_change_number_at(NOON, true), NOON);
        assert_eq!(may_change_number_at(NOON, false), after(86_400));
    }
}

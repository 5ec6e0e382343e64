//! How well each way to a phone works, by what became of the pins that went that way, and which way
//! the next pin goes.
//!
//! A provider that refuses everybody, or does not answer, closes its channel. One that takes pins
//! which then do not arrive only loses its place: whoever asks for it is still served. So strangers
//! who have pins sent to dead numbers can change the order, and close nothing.
//! What is *absent* here: how often pins go to one number (`login`).

use std::collections::HashSet;
use std::time::Duration;

use crate::Timestamp;
use crate::login::Channel;

/// How far back pins are looked at.
pub const MEMORY: Duration = Duration::from_hours(1);

/// Trouble that is older than this is over, as far as anybody knows.
pub const RECENT: Duration = Duration::from_mins(10);

/// The least time between two pins that find out whether a channel works again.
pub const PROBE_PAUSE: Duration = Duration::from_secs(30);

/// After this a pin should have arrived, where the provider reports arrivals. An outage must be
/// seen within 60 s.
pub const OVERDUE: Duration = Duration::from_secs(45);

/// The same where only people tell, by typing the pin.
pub const OVERDUE_UNREPORTED: Duration = Duration::from_mins(3);

/// So many numbers in a row that a provider turns away make an outage; one may be odd by itself.
const REFUSALS: usize = 2;

/// So many numbers in a row at which nothing arrives make a doubt; one may be switched off.
const LOSSES: usize = 3;

/// A pin that went this way, or should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The digest of the number it is for.
    pub number: [u8; 32],
    /// When it was handed to the courier.
    pub at: Timestamp,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a pin, as far as anybody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The courier has it.
    UnderWay,
    /// The provider did not take it.
    NotSent(Cause),
    /// The provider did not say whether it took it.
    Silent,
    /// The provider took it.
    Accepted,
    /// The provider took it and could not deliver it.
    Lost(Cause),
    /// It was delivered, or typed.
    Arrived,
}

/// Whose trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Nobody can be reached this way.
    Channel,
    /// Others can, this number cannot.
    Number,
}

/// How a channel is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Nothing speaks against it.
    Up,
    /// Pins are taken and do not arrive: it is offered after the others.
    Doubtful {
        /// When the first of them went out.
        since: Timestamp,
    },
    /// Pins are not taken: nobody is sent this way, but for one now and then who finds out.
    Down {
        /// When the first of them was turned away.
        since: Timestamp,
        /// From when on the next one may find out.
        probe_at: Timestamp,
    },
}

/// Something of each channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EachChannel<T> {
    /// Of WhatsApp.
    pub whatsapp: T,
    /// Of SMS.
    pub sms: T,
}

/// Which way a pin should go: the one that was asked for, or else the best of those that are set
/// up, whose order is the usual preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// What the user asked for.
    pub asked: Option<Channel>,
    /// What there is.
    pub set_up: &'static [Channel],
}

/// Which way a pin goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// This way.
    pub channel: Channel,
    /// Whether it finds out if the channel works again: then no other may go there meanwhile.
    pub is_probe: bool,
}

/// No pin can go the way that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// The ways that are open, the best first.
    pub others: Vec<Channel>,
    /// When it makes sense to ask again, where no way is open.
    pub retry_at: Option<Timestamp>,
}

/// Judges a channel by its pins, the newest first. `is_reported` says whether its provider reports
/// what arrives.
pub fn health(pins: &[Trial], is_reported: bool, now: Timestamp) -> Health {
    let answers = pins.iter().filter_map(|pin| Some((pin, is_turned_away(pin.fate)?)));
    if let Some(run) = run_of(answers, REFUSALS, now) {
        return Health::Down { since: run.oldest, probe_at: run.newest + PROBE_PAUSE };
    }
    let overdue = if is_reported { OVERDUE } else { OVERDUE_UNREPORTED };
    let ends = pins.iter().filter_map(|pin| {
        let is_late = pin.at + overdue <= now;
        Some((pin, is_missed(pin.fate, is_late)?))
    });
    run_of(ends, LOSSES, now).map_or(Health::Up, |run| Health::Doubtful { since: run.oldest })
}

/// The channels that are set up, the recommended one first.
pub fn order(set_up: &[Channel], health: &EachChannel<Health>) -> Vec<Channel> {
    let mut order = set_up.to_vec();
    order.sort_by_key(|channel| health.of(*channel).rank());
    order
}

/// Decides which way a pin goes.
pub fn choose(
    wish: Wish,
    health: &EachChannel<Health>,
    now: Timestamp,
) -> Result<Choice, Unavailable> {
    let order = order(wish.set_up, health);
    for channel in wish.set_up.iter().copied() {
        let is_wanted = wish.asked.is_none_or(|asked| asked == channel);
        let is_best = wish.asked.is_some() || order.first() == Some(&channel);
        match *health.of(channel) {
            _ if !is_wanted => {}
            Health::Down { probe_at, .. } if probe_at <= now => {
                return Ok(Choice { channel, is_probe: true });
            }
            Health::Up | Health::Doubtful { .. } if is_best => {
                return Ok(Choice { channel, is_probe: false });
            }
            Health::Up | Health::Doubtful { .. } | Health::Down { .. } => {}
        }
    }
    let others: Vec<_> =
        order.into_iter().filter(|channel| health.of(*channel).is_open()).collect();
    let probes = wish.set_up.iter().filter_map(|channel| match health.of(*channel) {
        Health::Down { probe_at, .. } => Some(now.max(*probe_at)),
        Health::Up | Health::Doubtful { .. } => None,
    });
    let retry_at = if others.is_empty() { probes.min() } else { None };
    Err(Unavailable { others, retry_at })
}

impl Health {
    /// Whether pins are sent this way.
    pub fn is_open(self) -> bool {
        match self {
            Self::Up | Self::Doubtful { .. } => true,
            Self::Down { .. } => false,
        }
    }

    fn rank(self) -> u8 {
        match self {
            Self::Up => 0,
            Self::Doubtful { .. } => 1,
            Self::Down { .. } => 2,
        }
    }
}

impl<T> EachChannel<T> {
    /// That of one channel.
    pub fn of(&self, channel: Channel) -> &T {
        match channel {
            Channel::Whatsapp => &self.whatsapp,
            Channel::Sms => &self.sms,
        }
    }

    /// That of one channel, to be changed.
    pub fn of_mut(&mut self, channel: Channel) -> &mut T {
        match channel {
            Channel::Whatsapp => &mut self.whatsapp,
            Channel::Sms => &mut self.sms,
        }
    }
}

impl Fate {
    /// Whether the pin counts against the pace of its number: all do, but for those that surely
    /// did not go out. A provider that is slow to answer must not loosen what is capped.
    pub fn counts(self) -> bool {
        match self {
            Self::NotSent(_) => false,
            Self::UnderWay | Self::Silent | Self::Accepted | Self::Lost(_) | Self::Arrived => true,
        }
    }
}

impl Default for Wish {
    /// Any way, and all are set up.
    fn default() -> Self {
        Self { asked: None, set_up: &Channel::ALL }
    }
}

/// Whether a provider turned a pin away; nothing while it has not answered.
fn is_turned_away(fate: Fate) -> Option<bool> {
    match fate {
        Fate::UnderWay => None,
        Fate::NotSent(Cause::Channel) | Fate::Silent => Some(true),
        // Who says what is wrong with one number is there for the others.
        Fate::NotSent(Cause::Number) | Fate::Accepted | Fate::Lost(_) | Fate::Arrived => {
            Some(false)
        }
    }
}

/// Whether a pin that was taken did not arrive; nothing while that is open, or says nothing.
fn is_missed(fate: Fate, is_late: bool) -> Option<bool> {
    match fate {
        Fate::Arrived => Some(false),
        Fate::Lost(Cause::Channel) => Some(true),
        Fate::Accepted if is_late => Some(true),
        Fate::Accepted
        | Fate::UnderWay
        | Fate::NotSent(_)
        | Fate::Silent
        | Fate::Lost(Cause::Number) => None,
    }
}

struct Run {
    newest: Timestamp,
    oldest: Timestamp,
}

/// The bad ones that no good one followed, where they are of enough different numbers and recent.
fn run_of<'a>(
    pins: impl Iterator<Item = (&'a Trial, bool)>,
    enough: usize,
    now: Timestamp,
) -> Option<Run> {
    let bad: Vec<_> = pins.take_while(|(_, is_bad)| *is_bad).map(|(pin, _)| pin).collect();
    let numbers: HashSet<_> = bad.iter().map(|pin| pin.number).collect();
    let (newest, oldest) = (bad.first()?.at, bad.last()?.at);
    (enough <= numbers.len() && now < newest + RECENT).then_some(Run { newest, oldest })
}

#[cfg(test)]
mod tests {
    use super::Channel::{Sms, Whatsapp};
    use super::*;

    const NOON: Timestamp = Timestamp::from_millis(1_000_000_000);

    fn after(seconds: u64) -> Timestamp {
        NOON + Duration::from_secs(seconds)
    }

    /// Pins to these numbers at these seconds, told in the order in which they went out.
    fn pins(told: &[(u8, u64, Fate)]) -> Vec<Trial> {
        let newest_first = told.iter().rev();
        let pin = |(number, at, fate): &(u8, u64, Fate)| Trial {
            number: [*number; 32],
            at: after(*at),
            fate: *fate,
        };
        newest_first.map(pin).collect()
    }

    fn down(since: u64, probe_at: u64) -> Health {
        Health::Down { since: after(since), probe_at: after(probe_at) }
    }

    const REFUSED: Fate = Fate::NotSent(Cause::Channel);

    #[test]
    fn the_second_number_that_is_turned_away_closes_the_channel() {
        for bad in [REFUSED, Fate::Silent] {
            let one = pins(&[(1, 0, bad), (1, 20, bad)]);
            assert_eq!(health(&one, true, after(21)), Health::Up, "one number may be odd");
            let two = pins(&[(1, 0, bad), (2, 20, bad), (3, 21, Fate::UnderWay)]);
            assert_eq!(health(&two, true, after(22)), down(0, 50));
        }
    }

    #[test]
    fn a_pin_that_is_taken_opens_the_channel_and_so_does_a_word_about_one_number() {
        for good in [
            Fate::Accepted,
            Fate::Arrived,
            Fate::NotSent(Cause::Number),
            Fate::Lost(Cause::Channel),
        ] {
            let told = pins(&[(1, 0, REFUSED), (2, 1, REFUSED), (3, 31, good)]);
            assert_eq!(health(&told, true, after(32)), Health::Up, "{good:?}");
        }
    }

    #[test]
    fn a_refusal_is_forgotten_after_ten_minutes_and_remembered_until_then() {
        let told = pins(&[(1, 0, REFUSED), (2, 1, REFUSED)]);
        assert_eq!(health(&told, true, after(600)), down(0, 31));
        assert_eq!(health(&told, true, after(601)), Health::Up);
    }

    #[test]
    fn what_does_not_arrive_at_three_numbers_is_doubted_within_a_minute_and_never_closed() {
        let told = [(1, 0, Fate::Accepted), (2, 5, Fate::Accepted), (3, 10, Fate::Accepted)];
        let seen = |at| health(&pins(&told), true, after(at));
        assert_eq!((seen(54), seen(55)), (Health::Up, Health::Doubtful { since: NOON }));
        let unreported = |at| health(&pins(&told), false, after(at));
        assert_eq!(unreported(189), Health::Up, "people type slowly");
        assert_eq!(unreported(190), Health::Doubtful { since: NOON });
        let lost = Fate::Lost(Cause::Channel);
        let lost = pins(&[(1, 0, lost), (2, 1, lost), (3, 2, lost)]);
        assert_eq!(health(&lost, true, after(2)), Health::Doubtful { since: NOON });
    }

    #[test]
    fn numbers_that_nothing_reaches_do_not_cast_doubt_where_others_are_reached() {
        let lost = Fate::Lost(Cause::Channel);
        let arrived = pins(&[(1, 0, lost), (2, 1, lost), (3, 2, lost), (4, 3, Fate::Arrived)]);
        assert_eq!(health(&arrived, true, after(60)), Health::Up);
        let off = Fate::Lost(Cause::Number);
        let off = pins(&[(1, 0, off), (2, 1, off), (3, 2, off), (4, 3, off)]);
        assert_eq!(health(&off, true, after(60)), Health::Up);
        let one = pins(&[(1, 0, lost), (1, 40, lost), (1, 100, lost), (1, 200, lost)]);
        assert_eq!(health(&one, true, after(201)), Health::Up, "one phone that is off");
    }

    fn wish(asked: Option<Channel>) -> Wish {
        Wish { asked, ..Wish::default() }
    }

    fn chosen(
        wish: Wish,
        whatsapp: Health,
        sms: Health,
        now: Timestamp,
    ) -> Result<(Channel, bool), Unavailable> {
        let health = EachChannel { whatsapp, sms };
        choose(wish, &health, now).map(|choice| (choice.channel, choice.is_probe))
    }

    #[test]
    fn whatsapp_is_recommended_until_it_is_worse_than_sms() {
        let doubt = Health::Doubtful { since: NOON };
        for (whatsapp, sms, best) in [
            (Health::Up, Health::Up, Whatsapp),
            (doubt, Health::Up, Sms),
            (doubt, doubt, Whatsapp),
            (down(0, 30), Health::Up, Sms),
            (down(0, 30), doubt, Sms),
            (Health::Up, down(0, 30), Whatsapp),
        ] {
            let seen = chosen(wish(None), whatsapp, sms, after(29));
            assert_eq!(seen, Ok((best, false)), "{whatsapp:?} {sms:?}");
        }
        let only = Wish { asked: None, set_up: &[Sms] };
        assert_eq!(chosen(only, Health::Up, Health::Up, NOON), Ok((Sms, false)));
    }

    #[test]
    fn who_asks_for_a_channel_gets_it_unless_it_is_closed() {
        let doubt = Health::Doubtful { since: NOON };
        let seen = chosen(wish(Some(Sms)), Health::Up, doubt, NOON);
        assert_eq!(seen, Ok((Sms, false)));
        let closed = chosen(wish(Some(Sms)), Health::Up, down(0, 30), after(29));
        assert_eq!(closed, Err(Unavailable { others: vec![Whatsapp], retry_at: None }));
        let both = chosen(wish(Some(Sms)), down(0, 40), down(0, 30), after(29));
        assert_eq!(both, Err(Unavailable { others: vec![], retry_at: Some(after(30)) }));
        let missing = Wish { asked: Some(Sms), set_up: &[Whatsapp] };
        let missing = chosen(missing, Health::Up, Health::Up, NOON);
        assert_eq!(missing, Err(Unavailable { others: vec![Whatsapp], retry_at: None }));
    }

    #[test]
    fn a_closed_channel_is_tried_now_and_then_by_who_would_take_it() {
        assert_eq!(
            chosen(wish(None), down(0, 30), Health::Up, after(30)),
            Ok((Whatsapp, true)),
            "else it would never come back"
        );
        assert_eq!(
            chosen(wish(None), Health::Up, down(0, 30), after(30)),
            Ok((Whatsapp, false)),
            "nobody who would take WhatsApp finds out about SMS"
        );
        assert_eq!(chosen(wish(Some(Sms)), Health::Up, down(0, 30), after(30)), Ok((Sms, true)));
        assert_eq!(chosen(wish(None), down(0, 31), down(0, 30), after(30)), Ok((Sms, true)));
    }

    #[test]
    fn only_what_surely_did_not_go_out_does_not_count() {
        for cause in [Cause::Channel, Cause::Number] {
            assert!(!Fate::NotSent(cause).counts());
            assert!(Fate::Lost(cause).counts(), "it was paid for");
        }
        for fate in [Fate::UnderWay, Fate::Silent, Fate::Accepted, Fate::Arrived] {
            assert!(fate.counts(), "{fate:?}");
        }
    }
}
